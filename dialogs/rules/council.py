"""What the members of a council marked comes to: averages, stars by points and by gates, marks that stand out. Pure.

The law has the average total decide (26/2026/QĐ-TTg art. 3.3) and leaves how a council works to the regulation of its
province (art. 7.3). What it does not say is a named choice here, or a value of the ruleset.
"""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import count
from math import floor
from statistics import median
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from dialogs.rules.ruleset import PART_IDS, PartId, Ruleset, ruleset
from dialogs.rules.scoring import Gate, Marks, Score, gates, points_of, score, stars_of
from dialogs.rules.sheet import Knockout, Sheet

LEAST_BALLOTS = 3
"""Of fewer no average is made: of two nobody could say which of them stands out."""
OUTLYING_SHARE = Fraction(1, 2)
"""A mark stands out that is further from the middle one than this share of what the item can bring."""
OUTLYING_POINTS = 2
"""Nor is less than this far: one option more or less is an opinion, and many items bring no more than one point."""
_HUNDREDTHS = 100

Key = TypeVar("Key", bound=Hashable)


class Outlying(NamedTuple):
    """The mark of one `member` for an item, in points, and the middle one of all."""

    member: int
    code: str
    points: int
    middle: Decimal


class Unmet(NamedTuple):
    """A gate that most members do not see met; `met_by` so many do."""

    gate: Gate
    met_by: int


@dataclass(frozen=True, slots=True)
class Average:
    """What `ballots` complete sheets come to, to hundredths.

    Each item is rounded by itself, so that the same marks are the same average anywhere; parts and total come from the
    exact figures, and parts add up to the total.

    `stars_by_gates` counts a gate as met where more than half of the members see it so: it asks whether something is
    there, and one member who does not find it should not take a star away.
    """

    ballots: int
    items: Mapping[str, Decimal]
    parts: Mapping[PartId, Decimal]
    total: Decimal
    stars_by_points: int
    stars_by_gates: int
    unmet: tuple[Unmet, ...]
    knocked_out: tuple[Knockout, ...]

    @property
    def may_be(self) -> range:
        """Stars that the council may give: where points and gates disagree, it decides between the two (domain 5.2)."""
        return range(min(self.stars_by_gates, self.stars_by_points), self.stars_by_points + 1)


def enough(rules: Ruleset, members: int, ballots: int) -> bool:
    """Whether so many complete sheets of a council of so many members may be averaged."""
    return ballots >= least_ballots(rules, members)


def least_ballots(rules: Ruleset, members: int) -> int:
    """Of all members, also those who must not score: who stays away is missing for whatever reason."""
    part, whole = rules.council_quorum or (1, 1)
    return max(LEAST_BALLOTS, -(-members * part // whole))


def lacking(rules: Ruleset, members: int, possible: int) -> int:
    """How many more members it takes until enough ballots are possible, if `possible` are now; 0: enough are.

    Each further member raises what is needed as well, by the part of the quorum.
    """
    return next(more for more in count() if enough(rules, members + more, possible + more))


def average(sheet: Sheet, ballots: Collection[Marks]) -> Average:
    """Raises ValueError without a ballot or with an open item, and scoring.WrongMark, NotScorable.

    Points are whole numbers, so of fewer than a hundred members the exact average is further from a limit of the
    stars than the rounding is: none is crossed by it.
    """
    scores = [score(sheet, marks) for marks in ballots]
    if not scores or any(one.open for one in scores):
        raise ValueError("only complete ballots are averaged")
    given = [points_of(sheet, marks) for marks in ballots]
    exact = {c.code: Fraction(sum(points[c.code] for points in given), len(given)) for c in sheet.criteria}
    of_parts = {part: sum((exact[c.code] for c in sheet.criteria if c.part == part), Fraction(0)) for part in PART_IDS}
    total = _rounded(sum(of_parts.values(), Fraction(0)))
    parts = shared_out(of_parts, total)
    items = {code: _rounded(one) for code, one in exact.items()}
    unmet = tuple(_unmet(sheet, given))
    return Average(
        len(scores),
        MappingProxyType(items),
        MappingProxyType(parts),
        total,
        ruleset(sheet.ruleset).stars(total),
        stars_of([one.gate for one in unmet]),
        unmet,
        _knocked_out(sheet, scores),
    )


def _rounded(number: Fraction) -> Decimal:
    return Decimal(floor(number * _HUNDREDTHS + Fraction(1, 2))) / _HUNDREDTHS


def shared_out(exact: Mapping[Key, Fraction], total: Decimal) -> dict[Key, Decimal]:
    """Shares in hundredths that come to the rounded total: the largest remainders are rounded up, the others down."""
    down = {key: floor(share * _HUNDREDTHS) for key, share in exact.items()}
    left = int(total * _HUNDREDTHS) - sum(down.values())
    by_remainder = sorted(exact, key=lambda key: down[key] - exact[key] * _HUNDREDTHS)
    up = set(by_remainder[:left])
    return {key: Decimal(hundredths + (key in up)) / _HUNDREDTHS for key, hundredths in down.items()}


def _unmet(sheet: Sheet, given: Collection[Mapping[str, int]]) -> list[Unmet]:
    """Lowest stars first, then in the order of the sheet."""
    found = []
    for points, gate in gates(sheet):
        met = sum(one[gate.code] >= points for one in given)
        if 2 * met <= len(given):
            found.append(Unmet(gate, met))
    return sorted(found, key=lambda one: one.gate.stars)


def _knocked_out(sheet: Sheet, scores: Collection[Score]) -> tuple[Knockout, ...]:
    """Grounds that the marks of more than half of the members bring with them."""
    return tuple(k for k in sheet.knockouts if 2 * sum(k in one.knocked_out for one in scores) > len(scores))


def outlying(sheet: Sheet, ballots: Mapping[int, Marks]) -> tuple[Outlying, ...]:
    """Marks that stand out, in the order of the sheet; `ballots` by member, also incomplete ones."""
    found = []
    given = {member: points_of(sheet, marks) for member, marks in ballots.items()}
    for criterion in sheet.criteria:
        points = {m: given[m][criterion.code] for m, marks in ballots.items() if criterion.code in marks}
        if len(points) < LEAST_BALLOTS:
            continue
        middle = Fraction(median(map(Fraction, points.values())))
        found += [
            Outlying(member, criterion.code, one, Decimal(middle.numerator) / middle.denominator)
            for member, one in points.items()
            if abs(one - middle) >= OUTLYING_POINTS and abs(one - middle) > OUTLYING_SHARE * criterion.best
        ]
    return tuple(found)

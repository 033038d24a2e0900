"""What marks on a score sheet come to: points, stars, what is still open. Pure; nobody's official score.

A mark is the number of the option as printed, from 1. 0 means "none of these" and is for criteria whose sheet has no
option without points. A code that has no mark is open.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from dialogs.rules.ruleset import PART_IDS, PartId, ruleset
from dialogs.rules.sheet import GATES, Criterion, Knockout, Sheet

Marks = Mapping[str, int]
NONE = 0
"""The mark for "none of these"."""
STARS_WITHOUT_GATES = GATES[0] - 1
"""One and two stars ask for no option in particular."""


class WrongMark(Exception):
    """A mark that this sheet cannot have: a code or an option it does not know."""

    def __init__(self, sheet: Sheet, code: str, mark: int | None = None) -> None:
        super().__init__(f"set {sheet.number} of {sheet.ruleset}: {code}{'' if mark is None else f' = {mark}'}")
        self.code, self.mark = code, mark


class NotScorable(Exception):
    """The sheet is partial: nobody can be scored with it."""


class Gate(NamedTuple):
    """For `stars`, the criterion `code` must be marked with `option` or one worth as much."""

    stars: int
    code: str
    option: int


class Range(NamedTuple):
    """Between what is marked alone and what it comes to when every open item gets its best; both are possible."""

    lowest: Decimal
    highest: Decimal


@dataclass(frozen=True, slots=True)
class Score:
    """Open items have no points in `parts`, `total` and stars; `range` and the stars at best count what they may get.

    `stars_by_gates` is the highest level whose gates, and those of the levels below, are all met, whatever the points;
    at least 2. `missing_gates` are those not met, lowest stars first; whether one is merely open is in `open`.
    """

    parts: Mapping[PartId, Decimal]
    total: Decimal
    range: Range
    stars_by_points: int
    stars_by_gates: int
    best_stars_by_points: int
    best_stars_by_gates: int
    missing_gates: tuple[Gate, ...]
    knocked_out: tuple[Knockout, ...]
    open: tuple[str, ...]

    @property
    def held_back(self) -> bool:
        """Points and gates disagree: the points are there, a gate is not. The decree does not say which counts."""
        return self.stars_by_gates < self.stars_by_points

    @property
    def stars(self) -> int:
        """The cautious reading: what points and gates both allow, none for who is knocked out. The council decides."""
        return 0 if self.knocked_out else min(self.stars_by_points, self.stars_by_gates)

    @property
    def best_stars(self) -> int:
        """The same, with every open item at its best."""
        return 0 if self.knocked_out else min(self.best_stars_by_points, self.best_stars_by_gates)


def score(sheet: Sheet, marks: Marks, knockouts: Collection[str] = ()) -> Score:
    """`knockouts`: ids of the sheet's grounds that apply. Raises WrongMark, NotScorable, LookupError for such an id."""
    items = _items(sheet)
    if not marks.keys() <= items.keys():
        raise WrongMark(sheet, min(marks.keys() - items.keys()))
    sums, most = dict.fromkeys(PART_IDS, 0), 0
    missing: list[Gate] = []
    refused: list[Gate] = []
    still_open: list[str] = []
    for code, item in items.items():
        has, may = _points(sheet, item, marks.get(code))
        if item.needs:
            has, may = _with(items[item.needs], marks.get(item.needs), has, may)
        if code not in marks:
            still_open.append(code)
        sums[item.part] += has
        most += may
        for points, gate in item.gates:
            if has < points:
                missing.append(gate)
                if may < points:
                    refused.append(gate)
    rules, total, highest = ruleset(sheet.ruleset), Decimal(sum(sums.values())), Decimal(most)
    return Score(
        parts=MappingProxyType({part: Decimal(points) for part, points in sums.items()}),
        total=total,
        range=Range(total, highest),
        stars_by_points=rules.stars(total),
        stars_by_gates=stars_of(missing),
        best_stars_by_points=rules.stars(highest),
        best_stars_by_gates=stars_of(refused),
        missing_gates=tuple(sorted(missing, key=lambda gate: gate.stars)),  # codes stay in the order of the sheet
        knocked_out=_knocked_out(sheet, marks, knockouts),
        open=tuple(still_open),
    )


def points_of(sheet: Sheet, marks: Marks) -> dict[str, int]:
    """Points by code, in the order of the sheet; 0 for open items. Raises as `score`."""
    items = _items(sheet)
    if not marks.keys() <= items.keys():
        raise WrongMark(sheet, min(marks.keys() - items.keys()))
    found: dict[str, int] = {}
    for code, item in items.items():
        has, _ = _points(sheet, item, marks.get(code))
        found[code] = has if not item.needs or found[item.needs] else 0
    return found


def gates(sheet: Sheet) -> tuple[tuple[int, Gate], ...]:
    """Every gate of a sheet, in its order, with the points that open it."""
    return tuple(gate for item in _items(sheet).values() for gate in item.gates)


def choices(criterion: Criterion) -> tuple[int, ...]:
    """The marks it may get, in the order of the sheet; "none of these" last, where the sheet leaves room for it."""
    printed = tuple(range(1, len(criterion.options) + 1))
    return printed if criterion.has_zero else (*printed, NONE)


@dataclass(frozen=True, slots=True)
class _Item:
    """A criterion made ready: `points` by mark, None where there is no such mark."""

    code: str
    part: PartId
    points: tuple[int | None, ...]
    best: int
    needs: str
    gates: tuple[tuple[int, Gate], ...]


@cache
def _items(sheet: Sheet) -> dict[str, _Item]:
    if sheet.partial:
        raise NotScorable(f"the sheet of set {sheet.number} of {sheet.ruleset} is not known in full")
    return {criterion.code: _item(criterion) for criterion in sheet.criteria}


def _item(criterion: Criterion) -> _Item:
    return _Item(
        code=criterion.code,
        part=criterion.part,
        points=(None if criterion.has_zero else 0, *(option.points for option in criterion.options)),
        best=criterion.best,
        needs=criterion.needs,
        gates=tuple(
            (option.points, Gate(option.gate, criterion.code, number))
            for number, option in enumerate(criterion.options, start=1)
            if option.gate
        ),
    )


def _points(sheet: Sheet, item: _Item, mark: int | None) -> tuple[int, int]:
    """What it has now and what it may come to."""
    if mark is None:
        return 0, item.best
    points = item.points[mark] if 0 <= mark < len(item.points) else None
    if points is None:
        raise WrongMark(sheet, item.code, mark)
    return points, points


def _with(needed: _Item, mark: int | None, has: int, may: int) -> tuple[int, int]:
    """An item that counts only beside another, which comes before it: nothing while that one has nothing."""
    if mark is None:
        return 0, may
    return (has, may) if needed.points[mark] else (0, 0)


def stars_of(missing: Collection[Gate]) -> int:
    """Below the lowest gate that is missing."""
    return min((gate.stars - 1 for gate in missing), default=GATES[-1])


def _knocked_out(sheet: Sheet, marks: Marks, named: Collection[str]) -> tuple[Knockout, ...]:
    unknown = set(named) - {knockout.id for knockout in sheet.knockouts}
    if unknown:
        raise LookupError(f"set {sheet.number} of {sheet.ruleset} has no knock-out {min(unknown)!r}")
    return tuple(
        knockout
        for knockout in sheet.knockouts
        if knockout.id in named or any(_is_nought(sheet, code, marks) for code in knockout.zero_in)
    )


def _is_nought(sheet: Sheet, code: str, marks: Marks) -> bool:
    return code in marks and not _items(sheet)[code].points[marks[code]]

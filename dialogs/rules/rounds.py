"""The rounds in which a province rates: those of the law, and its own in between (26/2026/QĐ-TTg art. 5.1).

A round lasts from the day by which its dossiers must have come to the day by which its results must be out. Both
days are "before": the last good day is the one before.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from dialogs.rules.ruleset import Level, Ruleset

LONGEST = timedelta(days=183)
"""Of a province's own round: more is a slip of the year."""


@dataclass(frozen=True, slots=True, order=True)
class Round:
    """`number` counts within the year of `proposals_before`; `own`: set by the province, not by the law."""

    proposals_before: date
    results_before: date
    number: int
    own: bool = False

    @property
    def name(self) -> str:
        """ "2/2026", as people call it: đợt 2/2026."""
        return f"{self.number}/{self.proposals_before.year}"

    @property
    def last_day(self) -> date:
        """On which a commune may still send up a dossier."""
        return self.proposals_before - timedelta(days=1)

    def overlaps(self, other: "Round") -> bool:
        """Whether the council would have to rate for both at a time."""
        return self.proposals_before < other.results_before and other.proposals_before < self.results_before


class WrongRound(Exception):
    """A round that cannot be held; `other` is the one in its way, None where its own days are wrong."""

    def __init__(self, other: Round | None = None) -> None:
        super().__init__(other.name if other is not None else "days")
        self.other = other


def of_year(rules: Ruleset, year: int) -> tuple[Round, ...]:
    """The law's provincial rounds whose dossiers are due in this year."""
    provincial = (one for one in rules.rounds if one.level is Level.PROVINCE)
    return tuple(
        Round(due, _after(due, one.results_before.in_year(year), one.results_before.in_year(year + 1)), number)
        for number, one in enumerate(provincial, start=1)
        for due in (one.proposals_before.in_year(year),)
    )


def _after(day: date, this_year: date, next_year: date) -> date:
    return this_year if this_year > day else next_year


def next_round(rules: Ruleset, day: date, own: Iterable[Round]) -> Round | None:
    """Into which a dossier goes that is sent up on this day; None where the rules have no rounds.

    `own`: all that the province has set itself.
    """
    laws = (*of_year(rules, day.year), *of_year(rules, day.year + 1))
    return min((one for one in (*laws, *own) if day < one.proposals_before), default=None) if laws else None


def planned(rules: Ruleset, proposals_before: date, results_before: date, own: Iterable[Round]) -> Round:
    """A further round of the province, with the next number of its year; raises WrongRound."""
    if not proposals_before < results_before <= proposals_before + LONGEST:
        raise WrongRound
    known = (*own, *_laws_around(rules, proposals_before))
    taken = [one.number for one in known if one.proposals_before.year == proposals_before.year]
    new = Round(proposals_before, results_before, max(taken, default=0) + 1, own=True)
    for other in sorted(known):
        if new.overlaps(other):
            raise WrongRound(other)
    return new


def _laws_around(rules: Ruleset, day: date) -> Iterator[Round]:
    for year in (day.year - 1, day.year, day.year + 1):
        yield from of_year(rules, year)

"""What a certificate brings along: its product's code, when to stand again, and when to speak of its end.

Sources: Decision 26/2026/QĐ-TTg art. 4.3 (36 months), art. 7.6a (when to file for re-evaluation), headers of annex II
(the code). When people are reminded is ours.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from dialogs.rules.rating import months_after
from dialogs.rules.ruleset import Ruleset

MONTHS_BEFORE = (6, 3, 1)
"""When people are reminded of anything that ends."""
DAYS_BEFORE_CLOSING = 14
STARTS_MONTHS_BEFORE = MONTHS_BEFORE[0]
"""From when on a renewal may be begun where the rules have no window of their own."""


class Window(NamedTuple):
    """Days on which a dossier for re-evaluation may be filed, both included."""

    opens_on: date
    closes_on: date


class Moment(NamedTuple):
    """A day on which to speak of an end. `kind`: months (before it), opens, closes (soon)."""

    on: date
    kind: str


def window(until: date, rules: Ruleset) -> Window | None:
    """Of a certificate that is good until this day, under the rules by which it would be renewed."""
    if rules.renewal_window_days is None:
        return None
    earliest, latest = rules.renewal_window_days
    return Window(until - timedelta(days=earliest), until - timedelta(days=latest))


def renewable_from(until: date, rules: Ruleset) -> date:
    found = window(until, rules)
    return found.opens_on if found is not None else months_after(until, -STARTS_MONTHS_BEFORE)


def moments(until: date, rules: Ruleset | None = None) -> tuple[Moment, ...]:
    """When to speak of something that is good until this day, the first day first; `rules`: of a certificate's."""
    found = [Moment(months_after(until, -months), "months") for months in MONTHS_BEFORE]
    if rules is not None and (open_ := window(until, rules)) is not None:
        found.append(Moment(open_.opens_on, "opens"))
        found.append(Moment(open_.closes_on - timedelta(days=DAYS_BEFORE_CLOSING), "closes"))
    return tuple(sorted(found))


def due(all_moments: Sequence[Moment], looked_on: date, today: date) -> Moment | None:
    """The latest moment from the day on that was to be looked at until today: what was missed before it is not said."""
    return next((m for m in reversed(all_moments) if looked_on <= m.on <= today), None)


def next_look(all_moments: Sequence[Moment], today: date) -> date | None:
    return next((m.on for m in all_moments if m.on > today), None)


def first_look(until: date, rules: Ruleset | None = None) -> date:
    """When to look first at something that nobody has been told of."""
    return moments(until, rules)[0].on


def product_code(rules: Ruleset, province: str, commune: str, serial: int, year: int) -> str:
    """The official code, "" where the rules form one with parts that are not known here."""
    if rules.product_code is None:
        return ""
    return rules.product_code.format(province=province, commune=commune, serial=serial, year=year)

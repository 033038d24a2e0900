"""Working days of the Vietnamese state: Monday to Friday, less public holidays and days off in lieu.

The dates come from the `holidays` library (labour code art. 112, the lunar calendar to 2100, and the
working Saturdays the government swaps for a day between two holidays). What it cannot know, such as a
province's flood closure, arrives as `days_off`.
"""

from datetime import date, timedelta
from functools import cache

from holidays import HolidayBase, country_holidays

_ONE_DAY = timedelta(days=1)


@cache
def _official_calendar() -> HolidayBase:
    """Built at the first question and kept: it fills itself year by year, about 1 ms each."""
    return country_holidays("VN")


def is_working_day(day: date, days_off: frozenset[date] = frozenset()) -> bool:
    """A Saturday worked in exchange for another day counts; a day in `days_off` never does."""
    return day not in days_off and _official_calendar().is_working_day(day)


def add_working_days(start: date, n: int, days_off: frozenset[date] = frozenset()) -> date:
    """The n-th working day after `start`, which is not counted itself; n = 0 gives `start`, working day or not.

    Raises ValueError when n is negative: no rule of the programme counts backwards.
    """
    if n < 0:
        raise ValueError(f"{n} working days: a deadline lies ahead")
    day = start
    for _ in range(n):
        day = _next_working_day(day, days_off)
    return day


def working_days_between(start: date, end: date, days_off: frozenset[date] = frozenset()) -> int:
    """Working days used from `start` (not counted) to `end` (counted); 0 when `end` is not after `start`."""
    days = (start + timedelta(days=offset) for offset in range(1, (end - start).days + 1))
    return sum(is_working_day(day, days_off) for day in days)


def _next_working_day(day: date, days_off: frozenset[date]) -> date:
    day += _ONE_DAY
    while not is_working_day(day, days_off):
        day += _ONE_DAY
    return day

"""Working days of the Vietnamese state: Monday to Friday, less public holidays and days off in lieu.

The dates come from the `holidays` library (labour code art. 112, the lunar calendar to 2100, and the
working Saturdays the government swaps for a day between two holidays). What it cannot know, such as a
province's flood closure, arrives as `days_off`.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from holidays import HolidayBase, country_holidays

Sessions = tuple[tuple[int, int], ...]
"""Parts of a day in which an office is open: (from, to) in minutes of the day, in order."""
USUAL_SESSIONS: Sessions = ((450, 690), (810, 1020))
"""7:30-11:30 and 13:30-17:00: common practice of communes; an office that keeps other hours says so."""
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DaysOff:
    """Besides weekends and public holidays: those that everybody has, and those that one office has declared."""

    everywhere: frozenset[date] = frozenset()
    own: frozenset[date] = frozenset()

    @property
    def all(self) -> frozenset[date]:
        return self.everywhere | self.own


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


def last_day(start: date, n: int, off: DaysOff, *, calendar: bool) -> date:
    """Of a limit of `n` days that begins the day after `start`: working days, or plain days where `calendar`.

    A limit in plain days that would end on a weekend or a public holiday ends on the next working day (civil code
    91/2015/QH13 art. 147.2 and 148.5); that one office is closed makes it no longer.
    """
    if not calendar:
        return add_working_days(start, n, off.all)
    return add_working_days(start + timedelta(days=n - 1), 1, off.everywhere)


@lru_cache(maxsize=65_536)
def working_days_between(start: date, end: date, days_off: frozenset[date] = frozenset()) -> int:
    """Working days used from `start` (not counted) to `end` (counted); 0 when `end` is not after `start`.

    Kept, as most cases of a list share the few days on which cases are filed.
    """
    days = (start + timedelta(days=offset) for offset in range(1, (end - start).days + 1))
    return sum(is_working_day(day, days_off) for day in days)


def days_used(start: date, end: date, days_off: frozenset[date], *, calendar: bool) -> int:
    """Days of a limit that are used from `start` (not counted) to `end` (counted), in what the limit is counted in."""
    return max((end - start).days, 0) if calendar else working_days_between(start, end, days_off)


def _next_working_day(day: date, days_off: frozenset[date]) -> date:
    day += _ONE_DAY
    while not is_working_day(day, days_off):
        day += _ONE_DAY
    return day


# ---------------------------------------------------------------- working time


def minutes_per_day(sessions: Sessions = USUAL_SESSIONS) -> int:
    """Working minutes of a whole day, without lunch."""
    return sum(end - start for start, end in sessions)


def working_minutes_between(
    a: datetime, b: datetime, sessions: Sessions = USUAL_SESSIONS, days_off: frozenset[date] = frozenset()
) -> int:
    """Whole working minutes from `a` to `b` (aware); negative when `b` is the earlier one."""
    if b < a:
        return -working_minutes_between(b, a, sessions, days_off)
    (first, from_minute), (last, to_minute) = _day_and_minute(a), _day_and_minute(b)
    whole = working_days_between(first - _ONE_DAY, last - _ONE_DAY, days_off) * minutes_per_day(sessions)
    return (
        whole
        - (_worked_by(from_minute, sessions) if is_working_day(first, days_off) else 0)
        + (_worked_by(to_minute, sessions) if is_working_day(last, days_off) else 0)
    )


def working_minutes_left(
    now: datetime,
    due_on: date | None,
    sessions: Sessions = USUAL_SESSIONS,
    days_off: frozenset[date] = frozenset(),
) -> int | None:
    """Working minutes from `now` (aware) to the end of the last session of `due_on`; None: no limit.

    Negative once that day has passed, by the working minutes since then and by one at least: a weekend makes nothing
    more overdue, and what was due before it is not in time any more.
    """
    if due_on is None:
        return None
    left = working_minutes_between(now, closing_time(due_on, sessions), sessions, days_off)
    return min(left, -1) if _day_and_minute(now)[0] > due_on else left


def closing_time(day: date, sessions: Sessions = USUAL_SESSIONS) -> datetime:
    """The end of the last session of a day, in Vietnam's time."""
    return at_minute(day, sessions[-1][1])


def at_minute(day: date, minute: int) -> datetime:
    """A minute of a day in Vietnam's time; 1440 is the midnight after."""
    return datetime.combine(day, time(), _VIETNAM) + timedelta(minutes=minute)


def _day_and_minute(moment: datetime) -> tuple[date, int]:
    local = moment.astimezone(_VIETNAM)
    return local.date(), local.hour * 60 + local.minute


def _worked_by(minute: int, sessions: Sessions) -> int:
    """Working minutes of a day before this minute."""
    return sum(max(0, min(minute, end) - start) for start, end in sessions)


# ---------------------------------------------------------------- quiet hours

WAKING_MINUTE, SLEEPING_MINUTE = 6 * 60 + 30, 21 * 60
"""Between these minutes of a working day an officer may be told what they did not ask for: 6:30 to 21:00."""


def when_awake(
    now: datetime,
    days_off: frozenset[date] = frozenset(),
    waking_minute: int = WAKING_MINUTE,
    sleeping_minute: int = SLEEPING_MINUTE,
) -> datetime:
    """`now` (aware), or 6:30 of the next working day when it lies in the quiet hours or on a day off.

    The minutes are somebody's own hours in place of those that all officers have.
    """
    day, minute = _day_and_minute(now)
    if is_working_day(day, days_off) and waking_minute <= minute < sleeping_minute:
        return now
    if minute >= waking_minute or not is_working_day(day, days_off):
        day = _next_working_day(day, days_off)
    return at_minute(day, waking_minute)


# ---------------------------------------------------------------- hours as people type them

_NOON = 12 * 60
_EARLIEST_OPENING = 5 * 60
_LONGEST_DAY_MINUTES = 14 * 60
_MOST_SESSIONS = 3
_WEEKDAYS = re.compile(
    r"\b(?:thu|t)\s?[2-7](?:\s*(?:-|den|toi|,|va|&)\s*(?:(?:thu|t)\s?)?[2-7](?!\d|[:.]\d|\s?[hg]))*(?!\d|[:.]\d)"
)
_HOUR = re.compile(
    r"(?P<part>\b(?:sang|chieu)\b)"
    r"|(?P<hour>\d{1,2})\s?(?:(?::|h|gio|g|\.)\s?(?:(?P<minute>\d{2})(?!\d)|(?P<half>ruoi))?)?"
    r"(?:\s?(?P<half_of_day>[ap]m)\b)?"
)


def read_sessions(typed: str) -> Sessions | None:
    """Office hours as people type them, or None when they can't be understood without guessing.

    "7:30-11:30, 13:30-17:00", "7h30", "7g30", "sáng 7 giờ rưỡi đến 11h30, chiều 1h30 đến 5h", "1:30 pm". A part of
    the day that comes after another one and is written with a small number is in the afternoon; weekdays are passed
    over. Every number must belong to a pair of times, in order, that make at most fourteen hours.
    """
    plain = _WEEKDAYS.sub(" ", _plain(typed))
    if any(char.isdigit() for char in _HOUR.sub(" ", plain)):
        return None
    times = list(_times(plain))
    if len(times) % 2 or not 0 < len(times) <= 2 * _MOST_SESSIONS or any(a >= b for a, b in pairwise(times)):
        return None
    sessions = tuple(zip(times[::2], times[1::2], strict=True))
    possible = times[0] >= _EARLIEST_OPENING and times[-1] < 24 * 60
    return sessions if possible and minutes_per_day(sessions) <= _LONGEST_DAY_MINUTES else None


def _plain(typed: str) -> str:
    """Small letters without marks, one kind of dash."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", typed.casefold()) if not unicodedata.combining(c))
    return bare.replace("đ", "d").replace("–", "-").replace("—", "-")


def _times(plain: str) -> Iterator[int]:
    """Minutes of the day of each time that is named."""
    afternoon, before = False, -1
    for found in _HOUR.finditer(plain):
        if found["part"]:
            afternoon = found["part"] == "chieu"
            continue
        minute = _minute(found)
        if minute < _NOON and found["half_of_day"] != "am" and (afternoon or _is_later(minute, before)):
            minute += _NOON
        yield minute
        before = minute


def _minute(found: re.Match[str]) -> int:
    hour, minute = int(found["hour"]), 30 if found["half"] else int(found["minute"] or 0)
    if minute > 59:
        return 24 * 60
    return hour * 60 + minute + (_NOON if found["half_of_day"] == "pm" and hour < 12 else 0)


def _is_later(minute: int, before: int) -> bool:
    """Whether a small number behind a larger one is meant for the afternoon: 1:00 to 6:59 after the morning."""
    return minute <= before and 60 <= minute < 7 * 60

"""Days and periods as people type them: "mai", "thứ Sáu", "25/12", "từ 24 đến 28/11", "3 ngày từ thứ Hai tuần sau".

Marks are not needed. A day without a year is the next one of that name, so nothing here lies in the past.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from dialogs.matching import fold
from dialogs.rules.working_days import add_working_days, is_working_day

_NUMBERS = {"mot": 1, "hai": 2, "ba": 3, "bon": 4, "nam": 5, "sau": 6, "bay": 7, "muoi": 10}
_WEEKDAYS = {
    **{f"thu {word}": n for word, n in (("hai", 0), ("ba", 1), ("tu", 2), ("nam", 3), ("sau", 4), ("bay", 5))},
    **{f"thu {n + 2}": n for n in range(6)},
    **{f"t{n + 2}": n for n in range(6)},
    **dict.fromkeys(("chu nhat", "cn"), 6),
    **dict(zip(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), range(7), strict=True)),
}  # fmt: skip
_AHEAD = {
    **dict.fromkeys(("hom nay", "bua nay", "ngay hom nay", "today"), 0),
    **dict.fromkeys(("day after tomorrow", "ngay kia"), 2),
    **dict.fromkeys(("ngay mai", "sang mai", "mai", "tomorrow"), 1),
}
_NEXT_WEEK = r"(?:tuan sau|tuan toi|next week)"
_TOKEN = re.compile(
    r"(?<!\w)(?:"
    rf"(?P<next>next )?(?P<weekday>{'|'.join(map(re.escape, _WEEKDAYS))})(?P<week> {_NEXT_WEEK})?"
    rf"|(?P<ahead>{'|'.join(_AHEAD)})"
    r"|(?P<iso>\d{4}-\d{2}-\d{2})"
    r"|(?P<from>\d{1,2}) ?[-–] ?(?P<to>\d{1,2}) ?/ ?(?P<of>\d{1,2})"
    r"|(?P<d>\d{1,2})(?: ?[/.-] ?| thang )(?P<m>\d{1,2})(?:(?: ?[/.-] ?| nam )(?P<y>\d{4}|\d{2}(?! ?[/.-] ?\d)))?"
    rf"|(?P<many>\d{{1,2}}|{'|'.join(_NUMBERS)}) (?P<unit>ngay|tuan|days?|weeks?)(?! (?:sau|toi))"
    rf"|(?P<nextweek>{_NEXT_WEEK})"
    r"|(?:ngay |tu |den |het |from |until |to )(?P<alone>\d{1,2})(?!\d| ?[/.–-] ?\d| (?:thang|gio|ngay|tuan)\b)"
    r")(?!\w)"
)
_UNTIL = re.compile(r"(?:den|toi|het|until|till|to)(?: (?:het|ngay|hom|end|of|the))* ?$")
_WORKING_WEEK = 5
_CENTURY = 2000  # of a year in two figures


def period_in(typed: str, today: date) -> tuple[date | None, date | None]:
    """The first and the last day that a text names; None for what it does not say, (None, None) for none at all.

    "3 ngày" counts working days, as leave does. The last day is never before the first.
    """
    return _period(_plain(typed), today)


def _plain(typed: str) -> str:
    """Small letters without marks; figures and what stands between them as typed. "mốt" is not "một" here."""
    words = re.split(r"(\d[\d/.–-]*)", typed.lower().replace("ngày mốt", "mốt").replace("mốt", "ngày kia"))
    return " ".join(" ".join(part if part[:1].isdigit() else fold(part) for part in words).split())


def _period(plain: str, today: date) -> tuple[date | None, date | None]:
    first: date | None = None
    for found in _TOKEN.finditer(plain):
        if first is not None or _UNTIL.search(plain[: found.start()]):
            last = _last(found, first or today)
            if last is not None:
                return first, last
            continue
        first, last = _first(found, today)
        if last is not None:
            return first, last
        if first is None and found["many"]:  # "3 ngày từ thứ Hai": the day it begins comes behind
            begins, _ = _period(plain[found.end() :], today)
            return (begins, _lasting(found, begins)) if begins is not None else (None, None)
    return first, None


def day_in(typed: str, today: date) -> date | None:
    """The one day that a text names, from `today` on."""
    first, last = period_in(typed, today)
    return first or last


def one_day_in(typed: str, today: date) -> date | None:
    """The same where just one day is asked for: None for a period, too, and for a month of a year ("12/26").

    A weekday beside a date ("thứ Ba 15/12") has to be that of the date.
    """
    plain = _plain(typed)
    tokens = list(_TOKEN.finditer(plain))
    weekdays = [_WEEKDAYS[found["weekday"]] for found in tokens if found["weekday"]]
    days = [_day(found, today) for found in tokens if not found["weekday"]]
    if len(weekdays) == len(days) == 1:
        return days[0] if days[0] is not None and days[0].weekday() == weekdays[0] else None
    first, last = _period(plain, today)
    return None if first is not None and last not in (None, first) else first or last


def _first(found: re.Match[str], today: date) -> tuple[date | None, date | None]:
    """What a word says of the beginning: a day, or a period at once."""
    if found["nextweek"]:
        monday = today + timedelta(days=7 - today.weekday())
        return monday, monday + timedelta(days=_WORKING_WEEK - 1)
    if found["from"]:
        begins = _dated(found["from"], found["of"], "", today)
        return begins, _dated(found["to"], found["of"], "", begins) if begins is not None else None
    if found["many"]:
        return None, None
    if found["weekday"]:
        return _weekday(found, today, today + timedelta(days=1)), None
    return _day(found, today), None


def _last(found: re.Match[str], first: date) -> date | None:
    if found["many"]:
        return _lasting(found, first)
    if found["weekday"]:
        return _weekday(found, first, first)
    day = _day(found, first)
    return day if day is None or day >= first else None


def _lasting(found: re.Match[str], first: date) -> date:
    """The last of so many working days, the first one counted if it is one."""
    many = int(found["many"]) if found["many"].isdigit() else _NUMBERS[found["many"]]
    days = many * (_WORKING_WEEK if found["unit"][0] in "tw" else 1)
    return add_working_days(first, max(0, days - is_working_day(first)))


def _weekday(found: re.Match[str], week_of: date, earliest: date) -> date:
    wanted = _WEEKDAYS[found["weekday"]]
    if found["week"] or found["next"]:
        return week_of + timedelta(days=7 - week_of.weekday() + wanted)
    return earliest + timedelta(days=(wanted - earliest.weekday()) % 7)


def _day(found: re.Match[str], start: date) -> date | None:
    if found["ahead"]:
        return start + timedelta(days=_AHEAD[found["ahead"]])
    if found["iso"]:
        return _real(*map(int, found["iso"].split("-")))
    if found["alone"]:
        return _dated(found["alone"], "", "", start)
    return _dated(found["d"], found["m"], found["y"] or "", start) if found["d"] else None


def _dated(day: str, month: str, year: str, start: date) -> date | None:
    """The day of these numbers; without a year or a month the first one from `start` on. None where there is none."""
    if year:
        return _real(int(year) + (_CENTURY if int(year) < _CENTURY else 0), int(month), int(day))
    months: Sequence[tuple[int, int]] = [
        ((start.month - 1 + n) % 12 + 1, (start.month - 1 + n) // 12) for n in range(13)
    ]
    for number, years in months:
        if month and int(month) != number:
            continue
        found = _real(start.year + years, number, int(day))
        if found is not None and found >= start:
            return found
    return None


def _real(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None

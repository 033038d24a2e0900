from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.rules.working_days import DaysOff, add_working_days, is_working_day, last_day, working_days_between

MONDAY = date(2026, 3, 16)  # no holiday for weeks around it
DAYS = st.dates(date(2019, 8, 21), date(2035, 12, 31))


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 3, 18), True),
        (date(2026, 3, 21), False),  # Saturday
        (date(2026, 3, 22), False),  # Sunday
        (date(2026, 1, 1), False),  # New Year
        (date(2026, 2, 16), False),  # the eve of Tết
        (date(2026, 2, 17), False),  # Tết, by the lunar calendar
        (date(2026, 2, 23), True),  # the first Monday after Tết
        (date(2026, 4, 27), False),  # in lieu of the Hùng Kings' day, a Sunday
        (date(2026, 4, 30), False),
        (date(2026, 5, 1), False),
        (date(2026, 9, 2), False),  # National Day
        (date(2025, 5, 2), False),  # swapped by the government ...
        (date(2025, 4, 26), True),  # ... for this Saturday
    ],
)
def test_is_working_day(day: date, working: bool) -> None:
    assert is_working_day(day) is working


def test_days_off_of_a_province_do_not_count() -> None:
    assert not is_working_day(MONDAY, frozenset({MONDAY}))
    assert add_working_days(MONDAY, 1, frozenset({date(2026, 3, 17)})) == date(2026, 3, 18)
    assert working_days_between(MONDAY, date(2026, 3, 18), frozenset({date(2026, 3, 17)})) == 1


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        (MONDAY, 0, MONDAY),
        (date(2026, 3, 21), 0, date(2026, 3, 21)),  # nothing to count, not even on a Saturday
        (MONDAY, 1, date(2026, 3, 17)),
        (MONDAY, 5, date(2026, 3, 23)),  # over a weekend
        (date(2026, 3, 21), 1, date(2026, 3, 23)),  # received on a Saturday
        (date(2026, 2, 13), 1, date(2026, 2, 23)),  # over Tết
        (date(2026, 4, 20), 15, date(2026, 5, 14)),  # the commune's report, over three holidays
        (date(2025, 12, 31), 1, date(2026, 1, 2)),  # over the end of the year
    ],
)
def test_add_working_days(start: date, n: int, end: date) -> None:
    assert add_working_days(start, n) == end


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        (MONDAY, 45, date(2026, 4, 30) + timedelta(days=4)),  # 30/4, 1/5 and a weekend: the next Monday
        (MONDAY, 15, date(2026, 3, 31)),  # a Tuesday stays
        (MONDAY, 5, date(2026, 3, 23)),  # a Saturday
        (MONDAY, 6, date(2026, 3, 23)),  # a Sunday
        (date(2026, 1, 2), 45, date(2026, 2, 23)),  # the eve of Tết
        (date(2025, 4, 16), 10, date(2025, 4, 26)),  # a Saturday that is worked
    ],
)
def test_plain_days_that_end_on_a_day_off_end_on_the_next_working_day(start: date, n: int, end: date) -> None:
    assert last_day(start, n, DaysOff(), calendar=True) == end


def test_a_limit_is_of_one_kind_or_the_other() -> None:
    assert last_day(MONDAY, 15, DaysOff(), calendar=False) == add_working_days(MONDAY, 15) == date(2026, 4, 6)
    closed = frozenset({date(2026, 3, 31)})
    assert last_day(MONDAY, 15, DaysOff(everywhere=closed), calendar=True) == date(2026, 4, 1)


def test_one_offices_days_off_lengthen_what_is_counted_in_working_days_alone() -> None:
    closed = DaysOff(own=frozenset({date(2026, 3, 31), date(2026, 4, 6)}))
    assert last_day(MONDAY, 15, closed, calendar=True) == date(2026, 3, 31)
    assert last_day(MONDAY, 15, closed, calendar=False) == date(2026, 4, 8)


def test_a_deadline_lies_ahead() -> None:
    with pytest.raises(ValueError, match="-1 working days"):
        add_working_days(MONDAY, -1)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (MONDAY, MONDAY, 0),
        (MONDAY, date(2026, 3, 13), 0),  # the end comes first
        (MONDAY, date(2026, 3, 20), 4),
        (MONDAY, date(2026, 3, 22), 4),
        (date(2026, 2, 13), date(2026, 2, 22), 0),  # nothing but Tết and weekends
        (date(2026, 4, 20), date(2026, 5, 14), 15),
    ],
)
def test_working_days_between(start: date, end: date, days: int) -> None:
    assert working_days_between(start, end) == days


@given(DAYS, st.integers(1, 40), st.frozensets(DAYS, max_size=5))
def test_counting_there_and_back_agree(start: date, n: int, days_off: frozenset[date]) -> None:
    end = add_working_days(start, n, days_off)
    assert is_working_day(end, days_off)
    assert working_days_between(start, end, days_off) == n
    assert working_days_between(start, end - timedelta(days=1), days_off) == n - 1

"""Periods of leave as people type them. The Monday all are read on is 23 November 2026; the day after is a holiday."""

from datetime import date

import pytest

from dialogs.days import day_in, period_in

MONDAY = date(2026, 11, 23)


def day(month: int, number: int, year: int = 2026) -> date:
    return date(year, month, number)


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("mai tôi nghỉ phép đến thứ Sáu", day(11, 24), day(11, 27)),
        ("mai toi nghi phep den thu sau", day(11, 24), day(11, 27)),
        ("từ 24/11 đến 28/11", day(11, 24), day(11, 28)),
        ("từ 24 đến 28/11", day(11, 24), day(11, 28)),
        ("24-28/11", day(11, 24), day(11, 28)),
        ("nghỉ phép từ 1/12/2026 đến hết 5.12.2026", day(12, 1), day(12, 5)),
        ("từ thứ ba đến thứ năm", day(11, 24), day(11, 26)),
        ("ngày 30 đến ngày 2", day(11, 30), day(12, 2)),
        ("28/12 đến 3/1", day(12, 28), day(1, 3, 2027)),
        ("mai nghỉ đến hết thứ sáu tuần sau", day(11, 24), day(12, 4)),
        ("tuần sau tôi nghỉ phép", day(11, 30), day(12, 4)),
        ("nghỉ phép 3 ngày từ thứ Hai tuần sau", day(11, 30), day(12, 2)),
        ("hôm nay nghỉ 2 ngày", day(11, 23), day(11, 25)),  # the 24th is nobody's working day
        ("from tomorrow until Friday", day(11, 24), day(11, 27)),
        ("on leave from 2026-12-01 to 2026-12-04", day(12, 1), day(12, 4)),
    ],
)
def test_a_period(typed: str, first: date, last: date) -> None:
    assert period_in(typed, MONDAY) == (first, last)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("hôm nay", day(11, 23)),
        ("mốt", day(11, 25)),
        ("ngày kia", day(11, 25)),
        ("thứ 2", day(11, 30)),  # said on a Monday it is the next one
        ("chủ nhật", day(11, 29)),
        ("CN", day(11, 29)),
        ("25/12", day(12, 25)),
        ("25 tháng 12", day(12, 25)),
        ("ngày 20", day(12, 20)),
        ("5/1", day(1, 5, 2027)),
        ("next Friday", day(12, 4)),
        ("mai nghỉ", day(11, 24)),
    ],
)
def test_one_day_leaves_the_last_one_open(typed: str, found: date) -> None:
    assert period_in(typed, MONDAY) == (found, None)
    assert day_in(typed, MONDAY) == found


@pytest.mark.parametrize("typed", ["tôi xin nghỉ phép", "31/2", "một lúc", "12 giờ", "", "0/0", "99/99"])
def test_what_names_no_day(typed: str) -> None:
    assert period_in(typed, MONDAY) == (None, None)
    assert day_in(typed, MONDAY) is None


def test_a_last_day_alone() -> None:
    assert period_in("tôi nghỉ phép đến thứ sáu", MONDAY) == (None, day(11, 27))


def test_the_last_day_is_never_before_the_first() -> None:
    first, last = period_in("5/12 đến 1/12", MONDAY)
    assert first == day(12, 5)
    assert last == day(12, 1, 2027)  # too far off, which whoever asks for a leave notices

"""Periods of leave as people type them. The Monday all are read on is 23 November 2026; the day after is a holiday."""

from datetime import date

import pytest

from dialogs.days import day_in, one_day_in, period_in
from dialogs.model import InvalidAnswer, Reader, TextReceived
from dialogs.officer.office import closed_days
from dialogs.officer.staff import leave_day
from dialogs.paper_days import day as last_day
from tests.facts import desk_facts, world

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
        ("25/11-26/11", day(11, 25), day(11, 26)),
        ("nghi 25/11 - 27/11", day(11, 25), day(11, 27)),
        ("30/11-04/12", day(11, 30), day(12, 4)),
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


@pytest.mark.parametrize(
    ("reader", "typed", "reason"),
    [
        (leave_day(first=True), "1/1/2099", "Thursday 1 January 2099 is too far off. Please declare it later."),
        (leave_day(first=True), "1/1/2020", "Wednesday 1 January 2020 has passed. Leave is noted from today on."),
        (leave_day(first=True), "30/2/2027", "I see no day there. For example: tomorrow, Friday, 25/12."),
        (closed_days(), "31/12/9999", "Friday 31 December 9999 is too far off. Please declare it later."),
        (closed_days(), "0/0/0000", "I see no such day. For example: 25/12, or 25/12 to 27/12."),
        (last_day(), "31/12/9999", "I see no date there. For example: 31/12/2027."),
        (last_day(), "30/2/2027", "That month has only 28 days. For example: 31/12/2027."),
    ],
)
def test_a_day_that_cannot_be_is_refused_with_its_reason(reader: Reader, typed: str, reason: str) -> None:
    """The day of a decision, which is never still to come, is in test_ratings.py."""
    with pytest.raises(InvalidAnswer) as refused:
        reader.read(TextReceived(typed), {}, desk_facts(), "")
    assert world().catalog("en").say(refused.value.text) == reason


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("het thang 6 sang nam", date(2027, 6, 30)),
        ("hết tháng 6 năm sau", date(2027, 6, 30)),
        ("30/6 sang năm", date(2027, 6, 30)),
        ("ngày 15 tháng 6 năm tới", date(2027, 6, 15)),
        ("đến hết tháng 2 năm 2028", date(2028, 2, 29)),
        ("hết năm sau", date(2027, 12, 31)),
        ("cuoi nam nay", date(2026, 12, 31)),
    ],
)
def test_the_last_day_of_a_paper_as_people_say_it(typed: str, meant: date) -> None:
    known = desk_facts()
    assert known.today == MONDAY
    assert last_day().read(TextReceived(typed), {}, known, "").value == meant.isoformat()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("30/11", "2026-11-30"),
        ("1/11", "2027-11-01"),  # it was read as 31/1/2011
        ("mai", "2026-11-24"),
        ("ngay kia", "2026-11-25"),
        ("thứ 6", "2026-11-27"),
        ("thu sau tuan toi", "2026-12-04"),
        ("thứ sáu 27/11", "2026-11-27"),
        ("thu 3 ngay 15/12", "2026-12-15"),
        ("15/12/27", "2027-12-15"),
        ("hạn là 15/12/2026 nhé", "2026-12-15"),
        ("12/26", ""),  # it was read as 31/12/2026
        ("12/2026", ""),
        ("31/11", ""),
        ("tuần sau", ""),
        ("từ 24 đến 28/11", ""),
        ("25/11-26/11", ""),
        ("thứ sáu 30/11", ""),  # a Monday
        ("khi nào xong", ""),
    ],
)
def test_one_day_that_lies_ahead(typed: str, meant: str) -> None:
    found = one_day_in(typed, MONDAY)
    assert (found.isoformat() if found is not None else "") == meant

"""When an office works: minutes of work, hours as people type them, quiet hours, days off and what they move."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Update
from bot.effects import carry_out
from bot.turn import Turned
from dialogs.model import SetDayOff, SetHours, TextReceived
from dialogs.rules.working_days import (
    USUAL_SESSIONS,
    Sessions,
    add_working_days,
    at_minute,
    closing_time,
    is_working_day,
    minutes_per_day,
    read_sessions,
    when_awake,
    working_minutes_between,
    working_minutes_left,
)
from storage import cases, offices
from storage.calendar import closed_for, days_off_of, office_for, offices_at
from storage.models import audit, days_off
from storage.models import cases as case_table
from storage.models import offices as office_table
from storage.records import Wanted, facts_for
from tests.heart import NONE_OFF, TERRITORY, chat, officer, rows, submit, world_at
from tests.transcripts import Clock, Play

MONDAY = date(2026, 3, 16)  # no holiday for weeks around it
EVE_OF_TET = date(2026, 2, 13)  # a Friday; work goes on on Monday the 23rd


def at(day: date, clock_time: str) -> datetime:
    hour, minute = map(int, clock_time.split(":"))
    return at_minute(day, hour * 60 + minute)


# ---------------------------------------------------------------- minutes of work


@pytest.mark.parametrize(
    ("now", "due_on", "left"),
    [
        (at(MONDAY, "7:30"), MONDAY, 450),
        (at(MONDAY, "6:00"), MONDAY, 450),
        (at(MONDAY, "9:00"), MONDAY, 360),
        (at(MONDAY, "11:30"), MONDAY, 210),  # lunch takes nothing
        (at(MONDAY, "12:15"), MONDAY, 210),
        (at(MONDAY, "13:30"), MONDAY, 210),
        (at(MONDAY, "13:00"), MONDAY, 210),
        (at(MONDAY, "17:00"), MONDAY, 0),
        (at(MONDAY, "23:59"), MONDAY, 0),
        (at(MONDAY, "16:00"), date(2026, 3, 17), 60 + 450),
        (at(date(2026, 3, 17), "8:00"), MONDAY, -30),
        (at(date(2026, 3, 20), "17:00"), date(2026, 3, 23), 450),  # over a weekend
        (at(date(2026, 3, 22), "10:00"), date(2026, 3, 20), -1),  # a weekend makes nothing more overdue
        (at(date(2026, 3, 23), "6:00"), date(2026, 3, 20), -1),  # nor the morning before an office opens
        (at(EVE_OF_TET, "16:30"), date(2026, 2, 23), 30 + 450),  # over Tết
        (at(date(2026, 2, 23), "8:30"), EVE_OF_TET, -60),
        (at(date(2025, 4, 25), "16:00"), date(2025, 4, 28), 60 + 450 + 450),  # Saturday the 26th was worked
        (at(date(2025, 4, 30), "9:00"), date(2025, 5, 5), 450),  # holiday, holiday, swapped Friday, weekend
        (at(MONDAY, "9:00"), None, None),
    ],
)
def test_working_minutes_left(now: datetime, due_on: date | None, left: int | None) -> None:
    assert working_minutes_left(now, due_on) == left
    assert working_minutes_left(now.astimezone(UTC), due_on) == left


def test_own_hours_and_days_off_count() -> None:
    mornings: Sessions = ((480, 660),)
    assert minutes_per_day(mornings) == 180
    assert working_minutes_left(at(MONDAY, "10:00"), date(2026, 3, 18), mornings, frozenset({date(2026, 3, 17)})) == 240
    assert working_minutes_left(at(MONDAY, "14:00"), MONDAY, mornings) == 0


FIRST, LAST = date(2019, 8, 21), date(2035, 12, 1)
DAYS = st.dates(FIRST, LAST)
MOMENTS = st.builds(at_minute, DAYS, st.integers(0, 1439))


@st.composite
def session_lists(draw: st.DrawFn) -> Sessions:
    edges = sorted(draw(st.sets(st.integers(300, 1439), min_size=2, max_size=6)))
    edges = edges[: len(edges) // 2 * 2]
    return tuple(zip(edges[::2], edges[1::2], strict=True))


@given(st.lists(MOMENTS, min_size=3, max_size=3), session_lists(), st.frozensets(DAYS, max_size=5))
@settings(deadline=None, max_examples=60)
def test_minutes_add_up_and_never_run_backwards(
    moments: list[datetime], sessions: Sessions, closed: frozenset[date]
) -> None:
    first, second = moments[0], moments[0] + (moments[1] - moments[0]) % timedelta(days=40)
    third = second + (moments[2] - moments[1]) % timedelta(days=40)
    parts = [working_minutes_between(a, b, sessions, closed) for a, b in pairwise((first, second, third))]
    assert min(parts) >= 0
    assert working_minutes_between(first, third, sessions, closed) == sum(parts)
    assert working_minutes_between(third, first, sessions, closed) == -sum(parts)


@given(DAYS, st.integers(1, 25), session_lists(), st.frozensets(DAYS, max_size=5))
@settings(deadline=None, max_examples=60)
def test_a_deadline_in_days_is_as_many_days_of_minutes(
    start: date, n: int, sessions: Sessions, closed: frozenset[date]
) -> None:
    due_on = add_working_days(start, n, closed)
    left = working_minutes_left(closing_time(start, sessions), due_on, sessions, closed)
    assert left == n * minutes_per_day(sessions)


@given(DAYS, st.integers(0, 1439), session_lists())
@settings(deadline=None, max_examples=15)
def test_no_clock_is_ever_put_forward(start: date, minute: int, sessions: Sessions) -> None:
    """Viet Nam has no summer time: the same minute a week later is a week later, also in UTC, and a week of work."""
    begins, ends = at_minute(start, minute), at_minute(start + timedelta(days=7), minute)
    assert ends.astimezone(UTC) - begins.astimezone(UTC) == timedelta(days=7)
    by_minute = sum(
        is_working_day((moment := begins + timedelta(minutes=n)).date())
        and any(a <= moment.hour * 60 + moment.minute < b for a, b in sessions)
        for n in range(7 * 24 * 60)
    )
    assert working_minutes_between(begins, ends, sessions) == by_minute


# ---------------------------------------------------------------- hours as people type them


@pytest.mark.parametrize(
    "typed",
    [
        "7:30-11:30, 13:30-17:00",
        "7h30-11h30, 13h30-17h",
        "7g30 - 11g30; 1g30-5g",
        "sáng 7h30 đến 11h30 chiều 1h30 đến 5h",
        "SÁNG 7H30 ĐẾN 11H30, CHIỀU 13H30 ĐẾN 17H",
        "sang 7h30 toi 11h30 chieu 1h30 toi 5h",
        "Thứ 2 đến thứ 6, 7:30–11:30 và 13:30–17:00",
        "T2-T6: 7.30-11.30 13.30-17.00",
        "thứ hai đến thứ sáu sáng 7 giờ rưỡi đến 11 giờ 30, chiều 1 giờ rưỡi đến 5 giờ",
        "Monday to Friday, 7:30 am to 11:30 am and 1:30 pm to 5 pm",
    ],
)
def test_the_usual_hours_however_they_are_typed(typed: str) -> None:
    assert read_sessions(typed) == USUAL_SESSIONS


@pytest.mark.parametrize(
    ("typed", "sessions"),
    [
        ("thứ 2, 4, 6 8h-11h", ((480, 660),)),
        ("chiều 2h đến 5h", ((840, 1020),)),
        ("7-11, 1-5", ((420, 660), (780, 1020))),
        ("cả ngày", None),
        ("giờ hành chính", None),
        ("7h30", None),
        ("7h30 đến 11h30 rồi 13h30", None),
        ("17h-7h", None),
        ("7h kém 15 - 11h", None),
        ("0912345678", None),
        ("7:30-11:30 13:30-25:00", None),
        ("7:75-8:00", None),
        ("5:00-23:00", None),
        ("7h30-11h30, 13h30-17h, sáng thứ 7 7h30-11h30", None),  # a Saturday of its own is more than one day's hours
        ("", None),
    ],
)
def test_other_hours_and_what_is_none(typed: str, sessions: Sessions | None) -> None:
    assert read_sessions(typed) == sessions


@given(st.text(max_size=60))
def test_whatever_is_typed_gives_hours_or_nothing(typed: str) -> None:
    sessions = read_sessions(typed)
    if sessions is not None:
        assert all(a < b for a, b in pairwise([edge for pair in sessions for edge in pair]))
        assert 0 < minutes_per_day(sessions) <= 14 * 60


@given(session_lists())
def test_hours_that_were_read_back_are_read_alike(sessions: Sessions) -> None:
    words = ", ".join(f"{a // 60}:{a % 60:02}–{b // 60}:{b % 60:02}" for a, b in sessions)
    assert read_sessions(words) == (sessions if minutes_per_day(sessions) <= 14 * 60 else None)


# ---------------------------------------------------------------- quiet hours


@pytest.mark.parametrize(
    ("now", "awake"),
    [
        (at(MONDAY, "6:30"), at(MONDAY, "6:30")),
        (at(MONDAY, "12:00"), at(MONDAY, "12:00")),
        (at(MONDAY, "20:59"), at(MONDAY, "20:59")),
        (at(MONDAY, "21:00"), at(date(2026, 3, 17), "6:30")),
        (at(MONDAY, "0:10"), at(MONDAY, "6:30")),
        (at(MONDAY, "6:29"), at(MONDAY, "6:30")),
        (at(date(2026, 3, 20), "21:30"), at(date(2026, 3, 23), "6:30")),  # Friday night
        (at(date(2026, 3, 21), "10:00"), at(date(2026, 3, 23), "6:30")),  # Saturday
        (at(date(2025, 4, 26), "10:00"), at(date(2025, 4, 26), "10:00")),  # a Saturday that was worked
        (at(EVE_OF_TET, "22:00"), at(date(2026, 2, 23), "6:30")),
    ],
)
def test_when_awake(now: datetime, awake: datetime) -> None:
    assert when_awake(now) == awake


def test_a_day_off_is_quiet_too() -> None:
    assert when_awake(at(MONDAY, "10:00"), frozenset({MONDAY})) == at(date(2026, 3, 17), "6:30")


@given(MOMENTS, st.frozensets(DAYS, max_size=5))
@settings(deadline=None, max_examples=60)
def test_nobody_is_woken_and_nothing_is_early(now: datetime, closed: frozenset[date]) -> None:
    due = when_awake(now, closed)
    assert due >= now
    assert when_awake(due, closed) == due


# ---------------------------------------------------------------- an office's own calendar

FRIDAY, MONDAY_AFTER = date(2026, 11, 27), date(2026, 11, 30)
# The transcripts' clock begins on Monday 23 November 2026; the 24th is a holiday.


async def close(engine: AsyncEngine, clock: Clock, territory: str, *days: date) -> None:
    async with engine.begin() as connection:
        for day in days:
            row = {"territory": territory, "day": day, "reason": ""}
            await connection.execute(insert(days_off).values(row))


async def test_a_day_of_the_province_closes_its_communes(engine: AsyncEngine) -> None:
    await close(engine, Clock(), "15", FRIDAY)
    await close(engine, Clock(), TERRITORY, MONDAY_AFTER)
    await close(engine, Clock(), "11", MONDAY)
    async with engine.begin() as connection:
        found = await days_off_of(connection, [TERRITORY, "15", "15/04339", "22/00001"])
        assert found == {
            TERRITORY: {FRIDAY, MONDAY_AFTER},
            "15": {FRIDAY},
            "15/04339": {FRIDAY},
            "22/00001": frozenset(),
        }
        assert await days_off_of(connection, []) == {}
        everywhere = frozenset({date(2026, 12, 31)})
        assert (await closed_for(connection, TERRITORY, "commune", everywhere)).all == {
            FRIDAY,
            MONDAY_AFTER,
            *everywhere,
        }
        assert (await closed_for(connection, TERRITORY, "province", everywhere)).all == {FRIDAY, *everywhere}


async def test_an_office_has_its_own_hours(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await offices.set_hours(connection, TERRITORY, "sáng 8h-11h", ((480, 660),))
        await offices.set_hours(connection, "15", "lúc nào cũng được")
        found = await offices_at(connection, [TERRITORY, "15", "11"])
        assert found[TERRITORY].sessions == ((480, 660),)
        assert found["15"].sessions == found["11"].sessions == USUAL_SESSIONS
        assert (await office_for(connection, TERRITORY, "approver")).sessions == ((480, 660),)
        assert (await office_for(connection, TERRITORY, "province")).sessions == USUAL_SESSIONS
        await offices.set_hours(connection, TERRITORY, "như cũ")
        assert (await office_for(connection, TERRITORY, "commune")).sessions == USUAL_SESSIONS
    assert [(row.territory, row.hours) for row in await rows(engine, office_table)] == [
        ("15", "lúc nào cũng được"),
        (TERRITORY, "như cũ"),
    ]


async def test_damaged_hours_are_the_usual_ones(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(office_table).values(territory=TERRITORY, sessions=[["x"], 3]))
        assert (await offices_at(connection, [TERRITORY]))[TERRITORY].sessions == USUAL_SESSIONS


async def test_a_deadline_is_counted_by_the_days_of_its_office(engine: AsyncEngine) -> None:
    clock = Clock()
    producer = await chat(engine, clock, "producer")
    await submit(engine, producer, clock())
    await close(engine, clock, TERRITORY, date(2026, 11, 25), FRIDAY)
    await submit(engine, producer, clock())
    before, after = await rows(engine, case_table)
    assert after.due_on == add_working_days(before.due_on, 2)


async def deadlines(engine: AsyncEngine) -> list[Any]:
    return [row.due_on for row in await rows(engine, case_table)]


async def test_a_new_day_off_moves_open_deadlines_on_and_none_becomes_shorter(engine: AsyncEngine) -> None:
    clock = Clock()
    producer, hung = await chat(engine, clock, "producer"), await officer(engine, clock, "hung")
    for _ in range(2):
        await submit(engine, producer, clock())
    async with engine.begin() as connection:
        returned = await cases.locked(connection, "TL12-26-0002")
        actor = cases.Actor(hung.person_id, "telegram")
        await cases.move(connection, returned, actor, "return", clock(), NONE_OFF, "answer:product", "mờ")
    due_on, none = await deadlines(engine)
    assert none is None
    behind = add_working_days(due_on, 3)

    async def declare(territory: str, day: date) -> int | None:
        async with engine.begin() as connection:
            return await offices.set_day_off(connection, territory, day, "lũ", hung.person_id, NONE_OFF)

    assert await declare(TERRITORY, FRIDAY) == 1
    assert await deadlines(engine) == [add_working_days(due_on, 1), None]
    assert await declare(TERRITORY, FRIDAY) is None  # a colleague was quicker
    assert await declare("15", MONDAY_AFTER) == 1
    assert await declare(TERRITORY, behind) == 0  # lies behind the deadline
    assert await declare("11", date(2026, 11, 25)) == 0  # another province
    assert await deadlines(engine) == [add_working_days(due_on, 2), None]
    (open_case, _) = await rows(engine, case_table)
    assert open_case.urgent_on == open_case.due_on

    async with engine.begin() as connection:
        assert await offices.remove_day_off(connection, TERRITORY, FRIDAY, NONE_OFF) == 1
        assert await offices.remove_day_off(connection, TERRITORY, FRIDAY, NONE_OFF) is None
        assert await offices.remove_day_off(connection, "15", MONDAY_AFTER, NONE_OFF) == 1
    assert await deadlines(engine) == [due_on, None]


@pytest.mark.parametrize("said", [date(2026, 11, 28), date(2026, 12, 1)])
async def test_a_limit_in_plain_days_stays_as_it_was_said(sqlite_engine: AsyncEngine, said: date) -> None:
    clock = Clock()
    await submit(sqlite_engine, await chat(sqlite_engine, clock, "producer"), clock())
    hung = await officer(sqlite_engine, clock, "hung")
    sent_up = {"owner": "province", "status": "forwarded", "purpose": "renewal", "since": date(2026, 10, 14)}
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(case_table).values(**sent_up, due_on=said))
        assert await offices.set_day_off(connection, "15", FRIDAY, "", hung.person_id, NONE_OFF) == 0
        assert await offices.remove_day_off(connection, "15", FRIDAY, NONE_OFF) == 0
    assert await deadlines(sqlite_engine) == [said]


async def test_a_case_that_came_back_keeps_its_place_in_front(engine: AsyncEngine) -> None:
    clock = Clock()
    await submit(engine, await chat(engine, clock, "producer"), clock())
    hung = await officer(engine, clock, "hung")
    async with engine.begin() as connection:
        await connection.execute(update(case_table).values(urgent_on=cases.FIRST_OF_ALL, resubmitted=True))
        assert await offices.set_day_off(connection, TERRITORY, FRIDAY, "", hung.person_id, NONE_OFF) == 1
    (case,) = await rows(engine, case_table)
    assert case.urgent_on == cases.FIRST_OF_ALL


# ---------------------------------------------------------------- kept by whoever works there


async def typed(run: Play, *lines: str) -> list[str]:
    return [said for line in lines for said in await run.line(f"hung> {line}")]


def played(engine: AsyncEngine, clock: Clock) -> Play:
    return Play(engine, world_at(clock), clock, "telegram")


async def test_who_works_in_two_communes_closes_only_one(engine: AsyncEngine) -> None:
    clock = Clock()
    await officer(engine, clock, "hung")
    hung = (await officer(engine, clock, "hung", "15/04339")).person_id
    run = played(engine, clock)
    said = await typed(run, "việc của tôi", "giờ làm việc", "2", "ngày nghỉ", "26/11", "lũ", "cho nghỉ")
    assert "hung< Của cơ quan nào ạ?" in said
    (declared,) = await rows(engine, days_off)
    assert (declared.territory, declared.day, declared.reason) == ("15/04339", date(2026, 11, 26), "lũ")
    (entry,) = await rows(engine, audit)
    assert (entry.action, entry.actor_id, entry.details["territory"]) == ("close_day", hung, "15/04339")


async def test_hours_are_kept_after_a_yes_and_not_before(engine: AsyncEngine) -> None:
    clock = Clock()
    await officer(engine, clock, "hung")
    run = played(engine, clock)
    await typed(run, "việc của tôi", "giờ làm việc", "sáng 8h đến 11h")
    assert await rows(engine, office_table) == []
    await typed(run, "ghi giờ này")
    (kept,) = await rows(engine, office_table)
    assert (kept.territory, kept.hours, kept.sessions) == (TERRITORY, "sáng 8h đến 11h", [[480, 660]])


@pytest.mark.parametrize("effect", [SetHours("8h", "15/04339"), SetDayOff("15/04339", FRIDAY), SetDayOff("", FRIDAY)])
async def test_nobody_keeps_the_calendar_of_another_office(engine: AsyncEngine, effect: SetHours | SetDayOff) -> None:
    clock = Clock()
    hung = await officer(engine, clock, "hung")
    async with engine.begin() as connection:
        facts = (await facts_for(connection, [Wanted(hung)], world_at(clock).facts()))[hung.id]
        turn = Turned(
            connection, hung, Update("telegram", "x", "hung", TextReceived("")), facts, world_at(clock), clock()
        )
        await carry_out(turn, (effect,))
    assert await rows(engine, days_off) == await rows(engine, office_table) == await rows(engine, audit) == []
    assert "moved on" in turn.carried.said[0].texts[0].msgid  # type: ignore[union-attr]  # a message, not an article

"""Requests about personal data: settled at once, or answered in two working days, or passed up."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.desk.day import OfficeDay
from dialogs.model import Facts, ForgetMe, SendMyData, SendNote, SettleQuestion, State
from storage.database import reading, writing
from storage.models import days_off, notices, requests
from storage.records import Wanted, facts_for
from storage.requests import late
from tests.heart import chat, officer, rows, world_at
from tests.test_effects import ordered
from tests.transcripts import Clock

COMMUNE = "15/04336"


async def asked(engine: AsyncEngine, clock: Clock, kind: str = "complain") -> Any:
    anna = await chat(engine, clock, "anna")
    await ordered(engine, clock, anna, "", SendNote("", "Sai tên em rồi", to_officers=True, request=kind))
    return anna


@pytest.mark.parametrize(("effect", "kind"), [(SendMyData(), "see"), (ForgetMe(), "delete")])
async def test_what_the_program_does_itself_is_settled_at_once(
    sqlite_engine: AsyncEngine, effect: Any, kind: str
) -> None:
    clock = Clock()
    await ordered(sqlite_engine, clock, await chat(sqlite_engine, clock, "anna"), "", effect)
    (row,) = await rows(sqlite_engine, requests)
    assert (row.kind, row.made_at, row.settled_at, row.note_id) == (kind, clock(), clock(), None)


async def test_the_days_are_those_of_the_law_and_of_the_office(engine: AsyncEngine) -> None:
    clock = Clock()  # a Monday; Tuesday is Viet Nam Culture Day
    async with writing(engine) as connection:
        for day in (date(2026, 11, 25), date(2026, 12, 8)):  # the second takes nothing from plain days
            await connection.execute(insert(days_off).values(territory=COMMUNE, day=day, reason=""))
    await asked(engine, clock)
    (row,) = await rows(engine, requests)
    assert (row.answer_on, row.done_on) == (date(2026, 11, 27), date(2026, 12, 8))


async def test_what_has_to_be_done_by_a_sunday_has_to_be_done_by_monday(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    clock.now += timedelta(days=5)  # a Saturday; fifteen days later is a Sunday
    await asked(sqlite_engine, clock)
    (row,) = await rows(sqlite_engine, requests)
    assert row.done_on == date(2026, 12, 14)


async def test_the_officer_sees_the_days_left_and_an_answer_settles_it(engine: AsyncEngine) -> None:
    clock = Clock()
    hung = await officer(engine, clock, "hung")
    await asked(engine, clock)
    assert await left(engine, clock, hung) == [2]
    clock.now += timedelta(days=4)
    assert await left(engine, clock, hung) == [-1]
    (row,) = await rows(engine, requests)
    await ordered(engine, clock, hung, "", SettleQuestion(f"n{row.note_id}"))
    assert (await rows(engine, requests))[0].settled_at == clock()
    assert await left(engine, clock, hung) == []


async def left(engine: AsyncEngine, clock: Clock, who: Any) -> list[int | None]:
    here = replace(who, state=State(at="desk/list"))
    async with reading(engine) as connection:
        facts = (await facts_for(connection, [Wanted(here)], Facts(clock())))[who.id]
    return [line.days_left for line in facts.desk.lines]


async def test_what_nobody_answers_is_passed_up_once_for_each_duty(engine: AsyncEngine) -> None:
    clock = Clock()
    hung = await officer(engine, clock, "hung")
    above = await officer(engine, clock, "province", "15")
    await asked(engine, clock)
    day = OfficeDay(engine, world_at(clock))
    told: list[int] = []
    for _ in range(20):
        clock.now += timedelta(days=1)
        for _ in range(2):
            await day.look()
        told.append(sum("dữ liệu cá nhân từ" in row.words for row in await rows(engine, notices)))
    # due on Thursday, as Tuesday is a holiday; the fifteen days end on a Tuesday
    assert told == [0, 0, 0] + [2] * 12 + [4] * 5
    names = {row.person_id for row in await rows(engine, notices) if "dữ liệu cá nhân từ" in row.words}
    assert names == {hung.person_id, above.person_id}


async def test_who_has_everything_deleted_waits_for_nothing(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await asked(engine, clock)
    await ordered(engine, clock, anna, "", ForgetMe())
    async with reading(engine) as connection:
        assert await late(connection, date(2027, 1, 1)) == []

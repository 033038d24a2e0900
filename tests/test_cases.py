"""Cases: numbered, dated, moved only as the lifecycle allows, also when many act at once."""

import asyncio
import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dialogs import places
from dialogs.rules import lifecycle
from dialogs.rules.lifecycle import MOVES, STATUSES
from dialogs.rules.ruleset import ruleset
from dialogs.rules.working_days import DaysOff
from storage import cases as work
from storage.cases import Actor, NotPossible
from storage.models import case_events, cases, papers, people, returned_items, serials
from tests.heart import ANSWERS, NONE_OFF, beside, chat, count, keep_files, rows, submit
from tests.transcripts import Clock

ACTIONS = sorted({m.action for m in MOVES} | {"nonsense"})


async def move(
    engine: AsyncEngine, code: str, action: str, now: datetime, reason: str = "vì thế", by: int | None = None
) -> str:
    async with engine.begin() as connection:
        case = await work.locked(connection, code)
        actor = Actor(case.person_id if by is None else await _person(connection, by), "telegram")
        answers = ANSWERS if action == "resubmit" else None
        return await work.move(connection, case, actor, action, now, NONE_OFF, "all", reason, answers)


async def _person(connection: AsyncConnection, number: int) -> int:
    """Somebody new, so that nobody approves what they checked."""
    made = insert(people).values(name=f"{number}", created_at=MONDAY).returning(people.c.id)
    return int((await connection.execute(made)).scalar_one())


async def put_into(engine: AsyncEngine, status: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(status=status))


async def test_twenty_at_once_get_twenty_numbers_without_a_gap(engine: AsyncEngine) -> None:
    clock = Clock()
    producers = [await chat(engine, clock, f"p{n}") for n in range(20)]
    async with beside(engine) as other:
        engines = itertools.cycle((engine, other))
        codes = await asyncio.gather(*(submit(next(engines), who, clock()) for who in producers))
    assert sorted(codes) == [f"TL12-26-{n:04d}" for n in range(1, 21)]
    assert (await rows(engine, serials))[0].last == 20


async def test_one_that_fails_leaves_no_gap(engine: AsyncEngine) -> None:
    clock = Clock()
    producer = await chat(engine, clock, "anna")
    await submit(engine, producer, clock())
    with pytest.raises(KeyError):
        await submit(engine, producer, clock(), {})
    assert await submit(engine, producer, clock()) == "TL12-26-0002"


async def test_each_commune_and_each_year_begins_anew(engine: AsyncEngine) -> None:
    clock = Clock()
    producer = await chat(engine, clock, "anna")
    await submit(engine, producer, clock())
    last_of_the_year = datetime(2026, 12, 31, 16, 59, tzinfo=UTC)  # 23:59 in Viet Nam
    assert await submit(engine, producer, last_of_the_year) == "TL12-26-0002"
    assert await submit(engine, producer, datetime(2026, 12, 31, 17, 0, tzinfo=UTC)) == "TL12-27-0001"
    async with engine.begin() as connection:
        await connection.execute(update(people).values(commune="03253"))
    elsewhere = await chat(engine, clock, "bert")
    elsewhere.person = type(elsewhere.person)(commune="03253")
    code = await submit(engine, elsewhere, clock())
    assert code.endswith("-26-0001")
    assert not code.startswith("TL12-")


async def test_without_a_commune_nothing_can_be_handed_in(engine: AsyncEngine) -> None:
    clock = Clock()
    producer = await chat(engine, clock, "anna")
    producer.person = type(producer.person)(commune="99999")
    with pytest.raises(NotPossible):
        await submit(engine, producer, clock())
    assert await count(engine, serials) == 0


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (datetime(2026, 11, 23, 2, tzinfo=UTC), date(2026, 12, 1)),  # a Monday; the 24th is a public holiday
        (datetime(2026, 11, 28, 2, tzinfo=UTC), date(2026, 12, 4)),  # a Saturday: Monday is the first of them
        (datetime(2026, 11, 27, 17, 30, tzinfo=UTC), date(2026, 12, 4)),  # Saturday already, in Viet Nam
    ],
)
async def test_the_desk_has_working_days(sqlite_engine: AsyncEngine, received: datetime, due: date) -> None:
    producer = await chat(sqlite_engine, Clock(), "anna")
    await submit(sqlite_engine, producer, received)
    (case,) = await rows(sqlite_engine, cases)
    assert case.due_on == due


async def test_tet_is_no_working_time(sqlite_engine: AsyncEngine) -> None:
    producer = await chat(sqlite_engine, Clock(), "anna")
    await submit(sqlite_engine, producer, datetime(2027, 2, 3, 2, tzinfo=UTC))
    (case,) = await rows(sqlite_engine, cases)
    assert case.due_on > date(2027, 2, 13)  # the new year is on 6 February 2027


@pytest.mark.parametrize("status", STATUSES)
async def test_every_move_of_the_table_works_and_no_other(sqlite_engine: AsyncEngine, status: str) -> None:
    """Whoever asks; tests/test_lifecycle.py walks the table for every role."""
    clock = Clock()
    code = await submit(sqlite_engine, await chat(sqlite_engine, clock, "anna"), clock())
    await put_into(sqlite_engine, status)
    for action in ACTIONS:
        allowed = lifecycle.move(action, status, ruleset("ocop-2026").levels)
        if allowed is None:
            with pytest.raises(NotPossible):
                await move(sqlite_engine, code, action, clock())
            assert await count(sqlite_engine, case_events) == 1
            continue
        assert await move(sqlite_engine, code, action, clock()) == allowed.to_status
        (case,) = await rows(sqlite_engine, cases)
        assert (case.status, case.owner) == (allowed.to_status, STATUSES[allowed.to_status].owner)
        _, line = await rows(sqlite_engine, case_events)
        assert (line.action, line.from_status, line.to_status) == (action, status, allowed.to_status)
        await put_into(sqlite_engine, status)
        await forget_last(sqlite_engine)


async def forget_last(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(delete(case_events).where(case_events.c.action != "submit"))
        await connection.execute(delete(returned_items))


async def test_the_communes_days_go_on_from_desk_to_desk(engine: AsyncEngine) -> None:
    """Checking, approving and looking again share one limit: 15 working days (26/2026/QĐ-TTg art. 7.2).

    Also on its last day, and when it has passed: handing it on gives nobody a new day.
    """
    code = await submit(engine, await chat(engine, Clock(), "anna"), MONDAY)
    await put_into(engine, "plan_accepted")
    await move(engine, code, "send_dossier", MONDAY)
    (case,) = await rows(engine, cases)
    limit = case.due_on
    assert limit == date(2026, 12, 15)  # the 24th of November is a public holiday
    for days, action in ((3, "accept"), (4, "send_back"), (8, "accept"), (22, "send_back"), (25, "accept")):
        await move(engine, code, action, MONDAY + timedelta(days=days), by=days)
        (case,) = await rows(engine, cases)
        assert case.due_on == limit
    await move(engine, code, "forward", MONDAY + timedelta(days=26), by=10)
    (case,) = await rows(engine, cases)
    assert (case.due_on, case.days_used) == (None, 0)


MONDAY = datetime(2026, 11, 23, 2, tzinfo=UTC)


@pytest.mark.parametrize("action", ["return", "defer"])
async def test_a_return_needs_a_reason(engine: AsyncEngine, action: str) -> None:
    clock = Clock()
    code = await submit(engine, await chat(engine, clock, "anna"), clock())
    with pytest.raises(NotPossible):
        await move(engine, code, action, clock(), reason="")
    assert (await rows(engine, cases))[0].status == "idea_submitted"


async def test_only_what_is_answered_is_closed(engine: AsyncEngine) -> None:
    clock = Clock()
    code = await submit(engine, await chat(engine, clock, "anna"), clock())
    async with engine.begin() as connection:
        case = await work.locked(connection, code)
        for item in ("answer:product", "paper:plan"):
            row = {"case_id": case.id, "item": item, "reason": "x", "returned_on": clock().date()}
            await connection.execute(insert(returned_items).values(row))
        assert not await work.answer_returns(connection, case, {"paper:plan", "answer:phone"}, clock())
        assert await work.answer_returns(connection, case, {"answer:product"}, clock())


async def test_answers_are_corrected_only_while_the_case_is_returned(engine: AsyncEngine) -> None:
    clock = Clock()
    code = await submit(engine, await chat(engine, clock, "anna"), clock())
    async with engine.begin() as connection:
        case = await work.locked(connection, code)
        with pytest.raises(NotPossible):
            await work.correct(connection, case, Actor(1, "telegram"), ANSWERS, clock())


async def test_what_is_returned_as_a_whole_is_answered_by_anything(engine: AsyncEngine) -> None:
    clock = Clock()
    code = await submit(engine, await chat(engine, clock, "anna"), clock())
    await move(engine, code, "return", clock())
    assert (await rows(engine, returned_items))[0].answered_at is None
    async with engine.begin() as connection:
        case = await work.locked(connection, code)
        assert await work.answer_returns(connection, case, (), clock())  # it was the whole
    assert (await rows(engine, returned_items))[0].answered_at == clock()
    await move(engine, code, "resubmit", clock())
    await move(engine, code, "return", clock())
    assert len(await rows(engine, returned_items, returned_items.c.answered_at.is_(None))) == 1


async def test_of_two_who_decide_at_once_one_wins(engine: AsyncEngine) -> None:
    clock = Clock()
    code = await submit(engine, await chat(engine, clock, "anna"), clock())
    async with beside(engine) as other:
        done = await asyncio.gather(
            move(engine, code, "accept", clock()), move(other, code, "return", clock()), return_exceptions=True
        )
    assert len([d for d in done if isinstance(d, NotPossible)]) == 1
    assert (await rows(engine, cases))[0].status in done
    assert await count(engine, case_events) == 2


async def test_papers_have_versions_and_are_handed_in_once(engine: AsyncEngine) -> None:
    clock = Clock()
    producer = await chat(engine, clock, "anna")
    code = await submit(engine, producer, clock())
    await keep_files(engine, clock, producer, "f1", "f2")
    async with engine.begin() as connection:
        case = await work.locked(connection, code)
        assert await work.keep_paper(connection, case, "plan", [["f1", 0]], clock()) == 1
        assert await work.keep_paper(connection, case, "plan", [["f1", 0], ["f2", 90]], clock()) == 1  # not sent yet
        assert await work.send_papers(connection, case, clock(), photos=True) == set()
        assert await work.send_papers(connection, case, clock()) == {"plan"}
        assert await work.send_papers(connection, case, clock()) == set()
        assert await work.keep_paper(connection, case, "plan", [["f2", 0]], clock()) == 2
    found = await rows(engine, papers)
    assert [row.pages for row in found] == [[["f1", 0], ["f2", 90]], [["f2", 0]]]
    assert [row.sent_at for row in found] == [clock(), None]


async def test_a_forged_file_id_gets_into_no_paper(engine: AsyncEngine) -> None:
    clock = Clock()
    producer, stranger = await chat(engine, clock, "anna"), await chat(engine, clock, "bert")
    await keep_files(engine, clock, producer, "mine")
    await keep_files(engine, clock, stranger, "theirs")
    code = await submit(engine, producer, clock(), ANSWERS | {"photos": "theirs:90,mine:180,none"})
    async with engine.begin() as connection:
        case = await work.locked(connection, code)
        await work.keep_paper(connection, case, "plan", [["theirs", 0], ["mine", 0]], clock())
        with pytest.raises(NotPossible):
            await work.keep_paper(connection, case, "plan", [["theirs", 0]], clock())
    found = {row.paper: row.pages for row in await rows(engine, papers)}
    assert found == {"product": [["mine", 180]], "plan": [["mine", 0]]}
    await submit(engine, producer, clock(), ANSWERS | {"photos": "theirs:0"})
    assert await count(engine, papers) == 2


async def test_name_and_number_are_remembered(engine: AsyncEngine) -> None:
    clock = Clock()
    producer = await chat(engine, clock, "anna")
    await submit(engine, producer, clock())
    async with engine.begin() as connection:
        row: Any = (await connection.execute(select(people))).one()
    assert (row.name, row.phone, row.producer_name, row.case_count) == ("Mẩy", "+84912345678", "Lý Thị Mẩy", 1)


def test_codes_of_different_communes_differ() -> None:
    prefixes = [unit.prefix for p in places.provinces() for unit in places.communes_of(p.code)]
    assert len(prefixes) == len(set(prefixes)) == 3321


@pytest.mark.parametrize(
    ("sent_up_on", "due_on"),
    [
        (date(2026, 11, 23), date(2027, 1, 7)),
        (date(2026, 11, 25), date(2027, 1, 11)),  # 45 days are over on a Saturday
        (date(2026, 11, 17), date(2027, 1, 4)),  # on New Year's Day, a Friday
    ],
)
def test_days_of_a_renewal_that_end_on_a_day_off_end_on_the_next_working_day(sent_up_on: date, due_on: date) -> None:
    closed = DaysOff(own=frozenset({due_on}))  # which makes the law's days no more
    assert work.answer_by(ruleset("ocop-2026"), "forwarded", "renewal", sent_up_on, 0, closed) == due_on

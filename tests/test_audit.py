"""The audit: only added to, a chain without a gap, and the same silence about every case one may not see."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Update, pressed
from bot.effects import carry_out
from bot.handle import handle
from bot.turn import Turned
from dialogs.model import Effect, Event, Facts, ForgetMe, LinkFollowed, OptionChosen, RevealPhone, TextReceived
from storage import audit, cases
from storage.audit import FIRST, REFUSED, REFUSED_PER_HOUR, Entry, Verified, hash_of, record, verify
from storage.database import make_engine, reading, writing
from storage.models import audit as table
from storage.models import conversations, outbox
from storage.records import Wanted, facts_for
from tests.conftest import PostgreSQL
from tests.heart import beside, chat, count, idea, officer, rows, say, submit, taking, typed, watched, world_at
from tests.transcripts import Clock

NOW = datetime(2026, 11, 23, 2, 0, 0, 123456, tzinfo=UTC)


async def add(engine: AsyncEngine, *entries: Entry, now: datetime = NOW) -> None:
    async with writing(engine) as connection:
        await record(connection, entries, now)


def some(n: int) -> list[Entry]:
    return [
        Entry("accept", i, "telegram", f"TL12-26-{i:04d}", {"item": f"paper:{i}"}, "commune_officer") for i in range(n)
    ]


async def verified(engine: AsyncEngine, noted: tuple[int, str] | None = None) -> Verified:
    async with reading(engine) as connection:
        return await verify(connection, noted)


async def done(engine: AsyncEngine, *statements: str) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def spoil(engine: AsyncEngine, *statements: str) -> None:
    """As somebody would who may do anything in the database."""
    if engine.dialect.name == "postgresql":
        drop = ["DROP TRIGGER audit_only_added_to ON audit"]
    else:
        drop = [f"DROP TRIGGER audit_no_{change}" for change in ("update", "delete", "replace")]
    await done(engine, *drop, *statements)


# ---------------------------------------------------------------- only added to


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET action = 'return'",
        "UPDATE audit SET number = 7 WHERE number = 1",
        "UPDATE audit SET action = 'return' WHERE number = 99",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE number = 1",
    ],
)
async def test_the_database_refuses_to_change_or_delete(engine: AsyncEngine, change: str) -> None:
    await add(engine, *some(2))
    before = await rows(engine, table)
    if "99" in change and engine.dialect.name == "sqlite":  # where no row is met, nothing is changed
        return
    with pytest.raises(DBAPIError, match="only added to"):
        await done(engine, change)
    assert await rows(engine, table) == before


async def test_postgresql_refuses_to_truncate(postgresql_server: PostgreSQL) -> None:
    url = postgresql_server.create("current")
    engine = make_engine(url)
    await add(engine, *some(2))
    for statement in ("TRUNCATE audit", "TRUNCATE audit, settings CASCADE"):
        with pytest.raises(DBAPIError, match="only added to"):
            await done(engine, statement)
    with pytest.raises(DBAPIError, match="only added to"):  # a session that acts as a replica skips ordinary triggers
        await done(engine, "SET LOCAL session_replication_role = replica", "DELETE FROM audit")
    assert await count(engine, table) == 2
    await engine.dispose()
    postgresql_server.drop(url)


async def test_sqlite_refuses_to_replace(sqlite_engine: AsyncEngine) -> None:
    await add(sqlite_engine, *some(2))
    for change in (
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE number = 2",
        "REPLACE INTO audit SELECT * FROM audit",
    ):
        with pytest.raises(DBAPIError, match="only added to"):
            await done(sqlite_engine, change)
    assert (await verified(sqlite_engine)).count == 2


# ---------------------------------------------------------------- the chain


async def test_an_entry_says_who_when_where_and_what(engine: AsyncEngine) -> None:
    await add(engine, Entry("view_phone", 7, "web", "TL12-26-0001", {"b": 1, "a": "x"}, "commune_officer"))
    (row,) = await rows(engine, table)
    assert (row.number, row.happened_at, row.actor_id, row.role) == (1, NOW, 7, "commune_officer")
    assert (row.channel, row.action, row.case_code, row.details) == (
        "web",
        "view_phone",
        "TL12-26-0001",
        {"a": "x", "b": 1},
    )
    assert row.previous == FIRST


def test_the_hash_is_that_of_the_previous_one_and_the_entry() -> None:
    """Computed here by hand, so that an auditor can do it without this program."""
    row = {
        "number": 3, "happened_at": NOW, "actor_id": None, "role": "", "channel": "", "action": "expire",
        "case_code": "TL12-26-0001", "details": {"ngày": "hết hạn", "a": [1, True]}, "previous": "ab" * 32,
    }  # fmt: skip
    entry = '[3,"2026-11-23T02:00:00.123456+00:00",null,"","","expire","TL12-26-0001",{"a":[1,true],"ngày":"hết hạn"}]'
    assert hash_of(row) == hashlib.sha256(("ab" * 32 + entry).encode()).hexdigest()


async def test_a_chain_over_several_transactions_is_in_order(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_BATCH", 3)
    assert await verified(engine) == Verified(0, FIRST)
    for size in (1, 0, 5, 3):
        await add(engine, *some(size))
    entries = await rows(engine, table)
    assert [row.number for row in entries] == list(range(1, 10))
    assert await verified(engine) == Verified(9, entries[-1].hash)
    assert await verified(engine, (4, entries[3].hash)) == Verified(9, entries[-1].hash)


async def test_whatever_the_details_are_they_come_back_as_they_were_hashed(engine: AsyncEngine) -> None:
    details = {
        "z": 1, "a": {"y": None, "b": [1, 2.50, 1e-7, 1e22]}, "day": date(2026, 11, 23), "points": Decimal("27.50"),
        "words": "Chuối \"sấy\" 🍌 \u2028", "nul": "a\0b", "big": 2**53 + 1, "flag": False,
    }  # fmt: skip
    await add(engine, Entry("result", 1, "web", "", details))
    assert (await verified(engine)).broken is None
    (row,) = await rows(engine, table)
    assert row.details["points"] == "27.50"
    assert row.details["nul"] == "ab"


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE audit SET actor_id = 99 WHERE number = 4", 4),
        ("UPDATE audit SET happened_at = '2026-11-23 02:00:00.123457' WHERE number = 4", 4),
        ("UPDATE audit SET role = 'administrator' WHERE number = 1", 1),
        ("UPDATE audit SET channel = 'web' WHERE number = 6", 6),
        ("UPDATE audit SET action = 'return' WHERE number = 2", 2),
        ("UPDATE audit SET case_code = '' WHERE number = 3", 3),
        ("UPDATE audit SET details = '{}' WHERE number = 5", 5),
        ("UPDATE audit SET hash = previous WHERE number = 5", 5),
        ("DELETE FROM audit WHERE number = 3", 3),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("UPDATE audit SET number = 7 WHERE number = 3", 3),
        ("UPDATE audit SET number = 0 WHERE number = 1", 1),
    ],
)
async def test_verifying_names_the_first_entry_that_was_tampered_with(
    engine: AsyncEngine, change: str, broken: int
) -> None:
    await add(engine, *some(6))
    if engine.dialect.name == "postgresql":
        change = change.replace(".123457'", ".123457+00'")
    await spoil(engine, change)
    found = await verified(engine)
    assert (found.broken, found.count) == (broken, broken - 1)


async def test_an_end_that_was_cut_off_is_missed_by_who_noted_it(engine: AsyncEngine) -> None:
    await add(engine, *some(6))
    noted = (6, (await rows(engine, table))[-1].hash)
    await spoil(engine, "DELETE FROM audit WHERE number > 4")
    assert (await verified(engine)).broken is None
    assert (await verified(engine, noted)).broken == 5
    await add(engine, *some(3))  # and written anew
    assert (await verified(engine)).broken is None
    assert (await verified(engine, noted)).broken == 6


async def test_writers_side_by_side_make_one_chain_without_a_gap(engine: AsyncEngine) -> None:
    """Each in a transaction of its own and in two processes; every third one is rolled back at the end."""

    async def write(where: AsyncEngine, n: int) -> None:
        async with writing(where) as connection:
            await connection.execute(text("INSERT INTO settings (name, value) VALUES (:n, '')"), {"n": str(n)})
            await record(connection, some(1 + n % 3), NOW)
            await asyncio.sleep(0)
            if n % 3 == 2:
                raise LookupError

    async with beside(engine) as other:
        work = [write(other if n % 2 else engine, n) for n in range(24)]
        done = await asyncio.gather(*work, return_exceptions=True)
    assert [type(error) for error in done if error is not None] == [LookupError] * 8
    assert (await verified(engine)).broken is None
    assert await count(engine, table) == 8 * 1 + 8 * 2


# ---------------------------------------------------------------- what turns write


async def ordered(engine: AsyncEngine, clock: Clock, who: Any, code: str, *effects: Effect) -> Turned:
    async with writing(engine) as connection:
        facts = (await facts_for(connection, [Wanted(who, code)], Facts(clock())))[who.id]
        heard = Update(who.channel, "x", who.chat_id, TextReceived(""))
        turn = Turned(connection, who, heard, facts, world_at(clock), clock())
        await carry_out(turn, effects)
        await record(connection, turn.carried.audit, clock())
    return turn


async def test_an_effect_that_is_rolled_back_leaves_no_entry(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    member = await officer(engine, clock, "officer")
    code = await submit(engine, await chat(engine, clock, "anna"), clock())

    async def late(turn: Turned, code: str) -> None:
        turn.record("view_phone", code)
        raise cases.NotPossible(code)

    monkeypatch.setattr("bot.desk.decisions.reveal_phone", late)
    turn = await ordered(engine, clock, member, code, RevealPhone(code))
    assert turn.carried.audit == []
    assert await count(engine, table) == 0


async def test_who_is_forgotten_stays_a_number_in_the_audit(engine: AsyncEngine) -> None:
    """That it was done can be proved, and nothing says whose it was."""
    clock = Clock()
    me = await chat(engine, clock, "anna", name="Lý Thị Mẩy", phone="+84912345678")
    await ordered(engine, clock, me, "", ForgetMe())
    (entry,) = await rows(engine, table)
    assert (entry.action, entry.actor_id, entry.details) == ("forget", me.person_id, {})
    assert (await verified(engine)).count == 1


async def test_a_turn_that_is_rolled_back_leaves_no_entry(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    await chat(engine, clock, "anna")
    real = audit.record

    async def failing(*arguments: Any) -> None:
        await real(*arguments)
        raise LookupError

    monkeypatch.setattr("storage.audit.record", failing)
    with pytest.raises(LookupError):
        await say(engine, world_at(clock), "anna", "TL12-26-0001")
    assert await count(engine, table) == 0


@pytest.mark.parametrize(
    ("territories", "own", "role"),
    [
        (("15/04336",), False, "commune_officer"),
        (("15", "15/04336"), False, "commune_officer"),
        (("15/04337", "15"), False, "province_officer"),
        (("", "11"), False, "administrator"),
        (("15",), True, ""),
        ((), True, ""),
    ],
)
async def test_the_role_is_the_one_for_the_case(
    engine: AsyncEngine, territories: tuple[str, ...], own: bool, role: str
) -> None:
    clock = Clock()
    me = await chat(engine, clock, "me")
    for territory in territories:
        me = await officer(engine, clock, "me", territory)
    code = await submit(engine, me if own else await chat(engine, clock, "anna"), clock())
    me = await chat(engine, clock, "me", officer=bool(territories))
    async with engine.begin() as connection:
        facts = (await facts_for(connection, [Wanted(me, code)], Facts(clock())))[me.id]
        turn = Turned(connection, me, typed("me", "", "x"), facts, world_at(clock), clock())
        turn.record("view", code)
    assert turn.carried.audit[0].role == role


# ---------------------------------------------------------------- cases one may not see


FOREIGN, NOWHERE = "TL12-26-0001", "TL12-26-0002"


async def said_to(engine: AsyncEngine, who: str) -> list[dict[str, Any]]:
    (row,) = await rows(engine, conversations, conversations.c.chat_id == who)
    return [message.body for message in await rows(engine, outbox, outbox.c.conversation_id == row.id)]


def by_typing(code: str) -> Event:
    return TextReceived(code)


def by_typing_badly(code: str) -> Event:
    return TextReceived(f"mở hồ sơ {code.replace('-', ' ').lower()} giúp em")


def by_link(code: str) -> Event:
    return LinkFollowed(f"review.{code}")


def by_old_button(code: str) -> Event:
    return OptionChosen(f"review.{code}/next", "phone")


def by_list(code: str) -> Event:
    return OptionChosen("desk/case", code)


def by_taking(code: str) -> Event:
    return OptionChosen("desk./case", f"take-{code}")


def by_callback(code: str) -> Event:
    return pressed(f"g:case.{code}")


async def nobody(engine: AsyncEngine, clock: Clock) -> None:
    await chat(engine, clock, "me")


async def stranger(engine: AsyncEngine, clock: Clock) -> None:
    await officer(engine, clock, "me", "15/04337")


async def other_province(engine: AsyncEngine, clock: Clock) -> None:
    await officer(engine, clock, "me", "11")


async def producer(engine: AsyncEngine, clock: Clock) -> None:
    """With a case of their own elsewhere."""
    await submit(engine, await chat(engine, clock, "me"), clock())


@pytest.mark.parametrize("way", [by_typing, by_typing_badly, by_link, by_old_button, by_list, by_taking, by_callback])
@pytest.mark.parametrize("person", [nobody, stranger, other_province, producer])
async def test_a_foreign_case_is_answered_like_one_that_does_not_exist(
    engine: AsyncEngine, way: Callable[[str], Event], person: Callable[[AsyncEngine, Clock], Awaitable[None]]
) -> None:
    """The same reply, the same rows, the same statements one for one; and both attempts are recorded."""
    clock = Clock()
    await submit(engine, await chat(engine, clock, "anna"), clock())
    await person(engine, clock)
    nowhere = NOWHERE if person is not producer else "TL12-26-0003"
    await say(engine, world_at(clock), "me", "menu")
    done: list[tuple[list[str], Any, list[str]]] = []
    for n, code in enumerate((nowhere, FOREIGN, nowhere, FOREIGN, nowhere)):  # the first may lead to the list
        sent = len(await said_to(engine, "me"))
        with watched(engine, "before_cursor_execute") as statements:
            await handle(engine, world_at(clock), [Update("telegram", f"guess{n}", "me", way(code), "vi")])
        (mine,) = await rows(engine, conversations, conversations.c.chat_id == "me")
        state = json.loads(json.dumps(mine.state)) | {"t": 0}
        new = (await said_to(engine, "me"))[sent:]
        done.append(([json.dumps(body, ensure_ascii=False) for body in new], state, list(statements)))
    assert done[1] == done[2] == done[3] == done[4]
    assert done[0][:2] == done[1][:2]
    assert FOREIGN not in done[1][0][0]
    entries = await rows(engine, table)
    assert [(e.action, e.case_code) for e in entries] == [
        (REFUSED, nowhere),
        *[(REFUSED, FOREIGN), (REFUSED, nowhere)] * 2,
    ]
    (mine,) = await rows(engine, conversations, conversations.c.chat_id == "me")
    assert {e.actor_id for e in entries} == {mine.person_id}
    assert (await verified(engine)).broken is None


async def test_who_may_see_a_case_is_not_refused(engine: AsyncEngine) -> None:
    clock = Clock()
    await officer(engine, clock, "officer")
    await idea(engine, clock, "anna")
    await say(engine, world_at(clock), "officer", FOREIGN)
    await say(engine, world_at(clock), "anna", FOREIGN)
    assert [e for e in await rows(engine, table) if e.action == REFUSED] == []


async def test_guessing_on_does_not_fill_the_audit(engine: AsyncEngine) -> None:
    clock = Clock()
    await stranger(engine, clock)
    guesses = [f"TL12-26-{n:04d}" for n in range(REFUSED_PER_HOUR + 5)]
    await say(engine, world_at(clock), "me", *guesses)
    entries = await rows(engine, table)
    assert [e.case_code for e in entries] == guesses[:REFUSED_PER_HOUR]
    assert [e.details for e in entries[-2:]] == [{}, {"no_more": True}]
    replies = [body["text"] for body in await said_to(engine, "me")]
    assert len(set(replies)) == 1
    assert len(replies) == len(guesses)
    clock.now += timedelta(hours=1, seconds=1)
    await say(engine, world_at(clock), "me", "TL12-26-0999")
    assert await count(engine, table) == REFUSED_PER_HOUR + 1


async def test_the_guesses_of_one_group_are_all_recorded(engine: AsyncEngine) -> None:
    clock = Clock()
    for n in range(5):
        await chat(engine, clock, f"p{n}")
    async with taking(engine, world_at(clock)) as intake:
        await asyncio.gather(*(intake.submit(typed(f"p{n}", FOREIGN, f"{n}")) for n in range(5)))
    assert await count(engine, table) == 5
    assert (await verified(engine)).count == 5

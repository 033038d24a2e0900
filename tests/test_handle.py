"""One transaction per update: once, in order, together with others, and without them where one fails."""

import asyncio
import logging
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import handle as handling
from bot.channels.base import Update
from bot.handle import Closing, Outage, handle
from dialogs.model import TextReceived, TimerFired, UnsupportedReceived
from storage import database, migrate
from storage.database import make_engine
from storage.models import cases, conversations, outbox, people, updates
from storage.records import conversations_of, first_times
from tests import conftest
from tests.doubles.wire import Wire
from tests.heart import (
    REGISTRATION,
    beside,
    broken,
    chat,
    count,
    idea,
    many_chats,
    officer,
    rows,
    say,
    taking,
    typed,
    watched,
    world_at,
)
from tests.transcripts import Clock


async def turn_of(engine: AsyncEngine, who: str) -> int:
    (row,) = await rows(engine, conversations, conversations.c.chat_id == who)
    return int(row.state.get("t", 0))


# ---------------------------------------------------------------- once


async def test_the_same_update_three_times_is_handled_once(engine: AsyncEngine) -> None:
    world = world_at(Clock())
    await many_chats(engine, Clock(), ["anna"])
    for _ in range(3):
        await handle(engine, world, [typed("anna", "xin chào", "1")])
    assert await turn_of(engine, "anna") == 1
    assert await count(engine, outbox) == 1


async def test_the_same_update_in_two_processes_at_once_is_handled_once(engine: AsyncEngine) -> None:
    world = world_at(Clock())
    await many_chats(engine, Clock(), ["anna"])
    async with beside(engine) as other, taking(engine, world) as here, taking(other, world) as there:
        for n in range(10):
            update_ = typed("anna", "menu", f"{n}")
            await asyncio.gather(here.submit(update_), there.submit(update_), here.submit(update_))
    assert await turn_of(engine, "anna") == 10
    assert await count(engine, outbox) == 10


async def test_ten_new_chats_at_once(engine: AsyncEngine) -> None:
    world = world_at(Clock())
    async with taking(engine, world) as intake:
        await asyncio.gather(*(intake.submit(typed(f"new{n}", "xin chào", f"{n}")) for n in range(10)))
    assert await count(engine, conversations) == await count(engine, people) == 10


async def test_two_processes_that_meet_the_same_new_chats_leave_nobody_over(engine: AsyncEngine) -> None:
    world = world_at(Clock())
    async with beside(engine) as other, taking(engine, world) as here, taking(other, world) as there:
        for turn in range(5):
            new = [f"{turn}-{n}" for n in range(8)]
            await asyncio.gather(
                *(here.submit(typed(who, "xin chào", f"a{who}")) for who in new),
                *(there.submit(typed(who, "menu", f"b{who}")) for who in reversed(new)),
            )
    assert await count(engine, conversations) == await count(engine, people) == 40
    assert await count(engine, outbox) == 80


async def test_first_times_marks_each_key_once(engine: AsyncEngine) -> None:
    now = Clock()()
    async with engine.begin() as connection:
        assert await first_times(connection, {("a", "1"), ("b", "1")}, now) == {("a", "1"), ("b", "1")}
        assert await first_times(connection, {("a", "1"), ("a", "2")}, now) == {("a", "2")}


# ---------------------------------------------------------------- together


async def test_sixty_four_people_are_one_transaction(engine: AsyncEngine) -> None:
    world = world_at(Clock())
    people_ = [f"p{n}" for n in range(64)]
    await many_chats(engine, Clock(), people_)
    with watched(engine, "commit") as commits:
        async with taking(engine, world) as intake:
            await asyncio.gather(*(intake.submit(typed(who, "menu", who)) for who in people_))
    assert len(commits) == 1
    assert await count(engine, outbox) == 64


@pytest.mark.parametrize("new", [True, False])
async def test_statements_do_not_grow_with_the_number_of_people(engine: AsyncEngine, new: bool) -> None:
    world = world_at(Clock())
    numbers = {}
    for size in (1, 64):
        people_ = [f"{size}-{n}" for n in range(size)]
        if not new:
            await many_chats(engine, Clock(), people_)
        group = [typed(who, "menu", who) for who in people_]
        with watched(engine, "before_cursor_execute") as statements:
            await handle(engine, world, group)
        numbers[size] = len([sql for sql in statements if not sql.startswith("BEGIN")])
        assert not [sql for sql in statements if "FROM cases" in sql]
    assert numbers[1] == numbers[64] <= 9


async def test_chats_of_several_channels_are_read_at_once(engine: AsyncEngine) -> None:
    world = world_at(Clock())
    group = [typed("7", "menu", "1", "telegram"), typed("7", "menu", "1", "numbers")]
    with watched(engine, "before_cursor_execute") as statements:
        await handle(engine, world, group)
    assert len([sql for sql in statements if "JOIN people" in sql]) == 2  # before and after the new ones are begun
    assert await count(engine, conversations) == 2


async def test_one_that_breaks_leaves_the_others_handled(
    engine: AsyncEngine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handling, "RETRY_PAUSE_S", 0.001)
    ear = broken()
    world = world_at(Clock(), ear)
    people_ = [f"p{n}" for n in range(6)]
    await many_chats(engine, Clock(), people_)
    async with taking(engine, world) as intake:
        await asyncio.gather(
            *(intake.submit(typed(who, "poison Lý Thị Mẩy" if who == "p3" else "menu", who)) for who in people_)
        )
        assert ear.heard.count("poison Lý Thị Mẩy") == 1 + handling.TRIES
        await intake.submit(typed("p3", "menu", "next"))
        await intake.submit(typed("p3", "poison Lý Thị Mẩy", "p3"))  # delivered again: it has been seen
    assert ear.heard.count("poison Lý Thị Mẩy") == 1 + handling.TRIES
    for who in people_:
        assert await turn_of(engine, who) == 1
    (aside,) = await rows(engine, updates, updates.c.error != "")
    reference, _, place = aside.error.partition(" ")
    assert place.startswith("KeyError in Broken.recognise:")
    apologies = [row.body["text"] for row in await rows(engine, outbox) if reference in row.body["text"]]
    assert len(apologies) == 1
    assert reference in caplog.text
    assert "Lý" not in caplog.text + aside.error
    assert Counter(row.conversation_id for row in await rows(engine, outbox)).most_common(1)[0][1] == 2


async def test_a_timer_that_breaks_is_set_aside_in_silence(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handling, "RETRY_PAUSE_S", 0.001)

    async def bug(*_: object) -> None:
        raise LookupError("poison")

    world = world_at(Clock())
    await chat(engine, Clock(), "anna")
    monkeypatch.setattr(handling, "_take", bug)
    async with taking(engine, world) as intake:
        await intake.submit(Update("telegram", "timer-1-1", "anna", TimerFired("files", "menu", 0)))
    assert len(await rows(engine, updates, updates.c.error != "")) == 1
    assert await count(engine, outbox) == 0


async def test_who_hangs_up_does_not_stop_the_intake(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that goes away while its update is tried again."""
    monkeypatch.setattr(handling, "RETRY_PAUSE_S", 0.05)
    world = world_at(Clock(), broken())
    await many_chats(engine, Clock(), ("anna", "bert"))
    async with taking(engine, world) as intake:
        gone = asyncio.create_task(intake.submit(typed("anna", "poison", "1")))
        await asyncio.sleep(0.03)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        await intake.submit(typed("bert", "menu", "2"))
        await intake.submit(typed("anna", "menu", "3"))
    assert await turn_of(engine, "anna") == await turn_of(engine, "bert") == 1


async def test_a_closed_intake_finishes_and_takes_nothing_more(sqlite_engine: AsyncEngine) -> None:
    world = world_at(Clock())
    await many_chats(sqlite_engine, Clock(), ["anna"])
    async with taking(sqlite_engine, world) as intake:
        waiting = [asyncio.create_task(intake.submit(typed("anna", "menu", f"{n}"))) for n in range(5)]
        await asyncio.sleep(0)
        intake.close()
        with pytest.raises(Closing):
            await intake.submit(typed("anna", "menu", "late"))
        await asyncio.gather(*waiting)
    assert await turn_of(sqlite_engine, "anna") == 5


# ---------------------------------------------------------------- in order


async def test_fifty_messages_of_one_person_are_handled_in_order(engine: AsyncEngine) -> None:
    ear = broken()
    said = [f"câu {n}" for n in range(50)]
    await many_chats(engine, Clock(), ["anna"])
    async with taking(engine, world_at(Clock(), ear)) as intake:
        await asyncio.gather(*(intake.submit(typed("anna", words, words)) for words in said))
    assert ear.heard == said
    assert await turn_of(engine, "anna") == 50


async def test_a_flood_of_one_person_does_not_hold_up_the_others(sqlite_engine: AsyncEngine) -> None:
    async with taking(sqlite_engine, world_at(Clock())) as intake:
        flood = [asyncio.create_task(intake.submit(typed("anna", "menu", f"{n}"))) for n in range(30)]
        await asyncio.sleep(0)
        await intake.submit(typed("bert", "menu", "bert"))
        assert sum(task.done() for task in flood) < 5
        await asyncio.gather(*flood)


async def test_one_person_in_two_processes_is_handled_one_at_a_time(engine: AsyncEngine) -> None:
    here_ear, there_ear = broken(), broken()
    ours, theirs = [f"a{n}" for n in range(25)], [f"b{n}" for n in range(25)]
    await many_chats(engine, Clock(), ["anna"])
    async with (
        beside(engine) as other,
        taking(engine, world_at(Clock(), here_ear)) as here,
        taking(other, world_at(Clock(), there_ear)) as there,
    ):
        await asyncio.gather(
            *(here.submit(typed("anna", words, words)) for words in ours),
            *(there.submit(typed("anna", words, words)) for words in theirs),
        )
    assert (here_ear.heard, there_ear.heard) == (ours, theirs)
    assert await turn_of(engine, "anna") == 50  # each saw what the one before had left


async def test_who_waited_for_the_row_sees_the_person_as_they_are_now(engine: AsyncEngine) -> None:
    """PostgreSQL reads a locked row again after the wait; the joined one only if it is locked as well."""
    clock = Clock()
    await chat(engine, clock, "anna")
    key = ("telegram", "anna")

    async def read() -> str:
        async with other.begin() as connection:
            return (await conversations_of(connection, {key: "vi"}, clock()))[key].person.name

    async with beside(engine) as other:
        async with engine.begin() as connection:
            found = (await conversations_of(connection, {key: "vi"}, clock()))[key]
            waiting = asyncio.create_task(read())
            await asyncio.sleep(0.2)
            await connection.execute(update(people).where(people.c.id == found.person_id).values(name="Mẩy"))
            await connection.execute(update(conversations).where(conversations.c.id == found.id).values(locale="en"))
        assert await waiting == "Mẩy"


@pytest.mark.parametrize("_", range(3))
async def test_alerts_to_each_other_do_not_lock_two_processes(engine: AsyncEngine, _: int) -> None:
    """A producer's turn writes to the officer's chat while the officer's turn writes to the producer's."""
    clock = Clock()
    world = world_at(clock)
    await officer(engine, clock, "officer")
    await idea(engine, clock)
    (case,) = await rows(engine, cases)
    await say(engine, world, "officer", case.code, "chấp nhận")
    await say(engine, world, "producer", "nhắn cán bộ")
    with watched(engine, "rollback") as undone:
        async with beside(engine) as other, taking(engine, world) as here, taking(other, world) as there:
            await asyncio.gather(
                here.submit(typed("officer", "nhận luôn", "x")), there.submit(typed("producer", "em hỏi chút", "y"))
            )
    assert not undone


# ---------------------------------------------------------------- outages


async def test_a_locked_sqlite_gives_the_update_back_and_works_again(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SQLITE_BUSY_TIMEOUT_MS", 50)
    engine = make_engine(sqlite_url)
    world = world_at(Clock())
    async with beside(engine) as other, taking(engine, world) as intake:
        async with other.begin():
            with pytest.raises(Outage):
                await asyncio.gather(*(intake.submit(typed(f"p{n}", "menu", f"{n}")) for n in range(3)))
        assert await count(engine, updates) == await count(engine, people) == await count(engine, outbox) == 0
        await intake.submit(typed("p1", "menu", "1"))
        assert await count(engine, outbox) == 1
    await engine.dispose()


async def test_what_waits_behind_an_update_is_given_back_with_it(
    sqlite_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the later one, already waiting, would be taken before the earlier one comes again."""
    world = world_at(Clock(), ear := broken())
    await many_chats(sqlite_engine, Clock(), ["anna", "bert"])

    async def away_once(*arguments: Any) -> None:
        monkeypatch.setattr(handling, "handle", handle)
        raise ConnectionResetError

    monkeypatch.setattr(handling, "handle", away_once)
    async with taking(sqlite_engine, world) as intake:
        sent = [typed("anna", f"câu {n}", f"{n}") for n in range(3)]
        outcomes = await asyncio.gather(*map(intake.submit, sent), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [Outage] * 3
        await asyncio.gather(*map(intake.submit, sent))
    assert ear.heard == [f"câu {n}" for n in range(3)]


@pytest.mark.postgresql
async def test_a_stopped_postgresql_gives_the_update_back_and_works_again(
    postgresql_server: conftest.PostgreSQL,
) -> None:
    world = world_at(Clock())
    with conftest.postgresql("-F") as server:
        url = server.url("postgres")
        await asyncio.to_thread(migrate.upgrade, url)
        engine = make_engine(url)
        await many_chats(engine, Clock(), ["anna"])
        async with taking(engine, world) as intake:
            await intake.submit(typed("anna", "menu", "1"))
            _stop(server.folder)
            for key in ("2", "3"):
                with pytest.raises(Outage):
                    await intake.submit(typed("anna", "menu", key))
            process = _start(server)
            try:
                await _back(engine)
                await intake.submit(typed("anna", "menu", "2"))
                assert await turn_of(engine, "anna") == 2
                assert await count(engine, outbox) == 2
                with pytest.raises(Outage):
                    await _cut_off(engine, intake.submit(typed("anna", "menu", "4")))
                await intake.submit(typed("anna", "menu", "4"))
                assert await turn_of(engine, "anna") == 3
            finally:
                await engine.dispose()
                process.send_signal(signal.SIGINT)
                process.wait(30)


async def test_a_postgresql_that_falls_silent_is_not_waited_for(
    postgresql_server: conftest.PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A primary without power says nothing and hangs up on nobody; meanwhile another one takes its place."""
    monkeypatch.setattr(database, "CONNECT_S", 0.3)
    monkeypatch.setattr(database, "STATEMENT_S", 0.3)
    name = postgresql_server.create("current").split("@/")[1].split("?")[0]
    async with Wire(postgresql_server.folder / ".s.PGSQL.5432") as wire:
        engine = make_engine(wire.url(name))
        await many_chats(engine, Clock(), ["anna", "bert"])
        async with taking(engine, world_at(Clock())) as intake:
            await intake.submit(typed("anna", "menu", "1"))
            wire.cut()
            for key in ("2", "3"):
                with pytest.raises(Outage):
                    async with asyncio.timeout(5):
                        await asyncio.gather(
                            intake.submit(typed("anna", "menu", key)), intake.submit(typed("bert", "menu", key))
                        )
            wire.mend()
            await intake.submit(typed("anna", "menu", "2"))
            assert await turn_of(engine, "anna") == 2
        await engine.dispose()
    postgresql_server.drop(postgresql_server.url(name))


def _stop(folder: Path) -> None:
    pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGQUIT)  # at once, as when the machine goes down
    while (folder / "data" / "postmaster.pid").exists():
        pass


def _start(server: conftest.PostgreSQL) -> "subprocess.Popen[bytes]":
    user = server.folder.stat().st_uid if os.geteuid() == 0 else None
    command = [f"{server.programs}/postgres", "-D", "data", "-k", f"{server.folder}", "-h", "", "-F"]
    return subprocess.Popen(
        command, cwd=server.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **conftest._as(user)
    )


async def _back(engine: AsyncEngine) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await count(engine, people)
            except Exception as error:
                if not handling.is_outage(error):
                    raise
                await asyncio.sleep(0.02)
            else:
                return


async def _cut_off(engine: AsyncEngine, work: Coroutine[Any, Any, None]) -> None:
    """An administrator ends the connection in the middle of the transaction."""
    async with engine.begin() as connection:
        await connection.execute(select(conversations).with_for_update())
        waiting = asyncio.create_task(work)
        await asyncio.sleep(0.3)
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        await connection.execute(text(f"{others} AND backend_type = 'client backend'"))
    await waiting


async def test_a_wrong_statement_on_sqlite_is_no_outage_but_a_lock_or_a_full_disk_is(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SQLITE_BUSY_TIMEOUT_MS", 1)
    engine = make_engine(sqlite_url)
    nowhere = make_engine("sqlite+aiosqlite:////no/such/folder/ocop.db")
    assert not handling.is_outage(await _failure(engine, "SELECT no_such_column FROM people"))
    assert not handling.is_outage(await _failure(engine, "SELEC"))
    assert handling.is_outage(await _failure(nowhere, "SELECT 1"))
    assert handling.is_outage(await _failure(engine, "CREATE TABLE one (n)", "PRAGMA query_only = 1"))
    full = "PRAGMA max_page_count = 1"  # it goes down to the pages there are
    blob = "INSERT INTO settings (name, value) VALUES ('x', hex(zeroblob(1000000)))"
    assert handling.is_outage(await _failure(engine, blob, "PRAGMA query_only = 0", full))
    async with beside(engine) as other, other.begin():
        assert handling.is_outage(await _failure(engine, "SELECT 1"))
    await engine.dispose()


async def _failure(engine: AsyncEngine, statement: str, *before: str) -> OperationalError:
    with pytest.raises(OperationalError) as failure:
        await _execute(engine, *before, statement)
    return failure.value


async def _execute(engine: AsyncEngine, *statements: str) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def test_an_update_with_a_wrong_statement_is_set_aside(
    sqlite_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handling, "RETRY_PAUSE_S", 0.001)
    await many_chats(sqlite_engine, Clock(), ["anna"])

    async def bug(turn: Any) -> None:
        await turn.connection.execute(text("SELECT no_such_column FROM people"))

    monkeypatch.setattr(handling, "_take", bug)
    async with taking(sqlite_engine, world_at(Clock())) as intake:
        await intake.submit(typed("anna", "menu", "1"))
    assert len(await rows(sqlite_engine, updates, updates.c.error != "")) == 1


def test_what_an_outage_is() -> None:
    assert handling.is_outage(ConnectionRefusedError())
    assert handling.is_outage(OperationalError("", {}, Exception()))
    assert not handling.is_outage(DBAPIError("", {}, Exception()))
    assert not handling.is_outage(KeyError())


async def test_two_that_wait_for_one_another_are_no_outage_and_both_get_through(
    postgresql_server: conftest.PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anna's turn wants Bert's chat while somebody who holds that one wants Anna's: PostgreSQL gives one of them up."""
    url = postgresql_server.create("current")
    engine = make_engine(url)
    await many_chats(engine, Clock(), ["anna", "bert"])
    collided: list[BaseException] = []
    before, take = asyncio.Event(), handling._take

    async def crossing(turn: Any) -> None:
        before.set()
        await asyncio.sleep(0.2)
        try:
            await turn.connection.execute(_locking("bert"))
        except DBAPIError as error:
            collided.append(error)
            raise
        await take(turn)

    monkeypatch.setattr(handling, "_take", crossing)
    async with taking(engine, world_at(Clock())) as intake, engine.connect() as other:
        await other.execute(_locking("bert"))
        await other.execute(text("SET LOCAL deadlock_timeout = '10s'"))  # so that it is Anna's turn that is given up
        submitted = asyncio.create_task(intake.submit(typed("anna", "menu", "1")))
        await before.wait()
        await other.execute(_locking("anna"))
        await other.rollback()
        await submitted
    assert [(handling.is_collision(e), handling.is_outage(e)) for e in collided] == [(True, True)]
    assert [row.error for row in await rows(engine, updates, updates.c.key == "1")] == [""]
    await engine.dispose()
    postgresql_server.drop(url)


def _locking(chat_id: str) -> Any:
    return select(conversations.c.id).where(conversations.c.chat_id == chat_id).with_for_update()


# ---------------------------------------------------------------- blocked, hostile, discreet


async def test_who_writes_is_reachable_again_but_a_timer_says_nothing_about_that(engine: AsyncEngine) -> None:
    clock = Clock()
    world = world_at(clock)
    await chat(engine, clock, "anna")
    async with engine.begin() as connection:
        await connection.execute(update(conversations).values(status="blocked"))
    (before,) = await rows(engine, conversations)
    clock.now = clock.now.replace(hour=5)
    await handle(engine, world, [Update("telegram", "timer-1-1", "anna", TimerFired("reminder", "x.1", 0))])
    (after,) = await rows(engine, conversations)
    assert (after.status, after.updated_at) == ("blocked", before.updated_at)
    await say(engine, world, "anna", "menu")
    (after,) = await rows(engine, conversations)
    assert (after.status, after.updated_at) == ("open", clock.now)


@pytest.mark.parametrize("url", ["", "https://ocop.example"])
async def test_a_web_page_is_promised_only_where_people_can_open_one(engine: AsyncEngine, url: str) -> None:
    world = replace(world_at(Clock()), public_url=url)
    await handle(engine, world, [Update("zalo_bot", "1", "5001", TextReceived("chào"))])
    await handle(engine, world, [Update("zalo_bot", "2", "5001", UnsupportedReceived("hidden"))])
    *_, answer = await rows(engine, outbox)
    assert "chụp ảnh từng trang" in answer.body["text"]
    assert ("trang web" in answer.body["text"]) == bool(url)


@pytest.mark.parametrize(
    "words", ["a\x00b", "\x00", "\ud83d", "😀" * 3000, "'; DROP TABLE people; --", "%(name)s {} %s", "\u202e\u200b"]
)
async def test_hostile_words_are_handled(engine: AsyncEngine, words: str, caplog: pytest.LogCaptureFixture) -> None:
    world = world_at(Clock())
    await say(engine, world, "anna", "/start c-04336", "đồng ý", "không cần nhắc", "đúng rồi", "đăng ký")
    async with taking(engine, world) as intake:
        await intake.submit(typed("anna", words, "hostile"))
        await intake.submit(typed("anna", "menu", "after"))
    assert not await rows(engine, updates, updates.c.error != "")


async def test_no_log_has_a_word_of_a_person(
    engine: AsyncEngine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "aiosqlite")  # as __main__ has it
    monkeypatch.setattr(handling, "RETRY_PAUSE_S", 0.001)
    clock = Clock()
    world = world_at(clock, broken())
    await idea(engine, clock)
    (case,) = await rows(engine, cases)
    assert case.answers["phone"] == "+84912345678"
    async with taking(engine, world) as intake:
        await intake.submit(typed("producer", "poison Lý Thị Mẩy 0912345678", "x"))
    said = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert "set aside" in said
    for words in ("Mẩy", "912345678", "Chuối", "than củi", "Nà Hẩu", "poison"):
        assert words not in said


async def test_a_draft_survives_a_restart_between_any_two_lines(sqlite_url: str) -> None:
    clock = Clock()
    for n, words in enumerate(("/start c-04336", *REGISTRATION)):
        engine = make_engine(sqlite_url)
        await handle(engine, replace(world_at(clock)), [typed("anna", words, f"{n}")])
        await engine.dispose()
    engine = make_engine(sqlite_url)
    assert len(await rows(engine, cases)) == 1
    await engine.dispose()

"""Moments agreed on: once, not when stale, not lost."""

import asyncio
from datetime import timedelta

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.handle import Intake
from bot.timers import Timers
from dialogs.model import Role
from storage import people
from storage.models import conversations, invitations, outbox, timers, updates, upload_links
from tests.heart import beside, chat, count, once, rows, say, taking, typed, world_at
from tests.transcripts import Clock

IN_A_FORM = ("/start c-04336", "đồng ý", "không cần nhắc", "đúng rồi", "đăng ký", "Chuối sấy dẻo", "nghỉ")


async def paused(engine: AsyncEngine, clock: Clock, who: str) -> None:
    """A draft, and a reminder of it for tomorrow."""
    await say(engine, world_at(clock), who, *IN_A_FORM, "1")


async def sent_to(engine: AsyncEngine, who: str) -> list[str]:
    (row,) = await rows(engine, conversations, conversations.c.chat_id == who)
    return [r.kind for r in await rows(engine, outbox, outbox.c.conversation_id == row.id)]


async def test_a_reminder_fires_once_though_two_processes_look(engine: AsyncEngine) -> None:
    clock = Clock()
    for n in range(5):
        await paused(engine, clock, f"p{n}")
    assert await count(engine, timers) == 5
    clock.now += timedelta(days=8)
    world = world_at(clock)
    async with beside(engine) as other, taking(engine, world) as here, taking(other, world) as there:
        await asyncio.gather(Timers(engine, here, world)._fire(), Timers(other, there, world)._fire())
    assert await count(engine, timers) == 0
    for n in range(5):
        assert (await sent_to(engine, f"p{n}")).count("notice") == 1


async def test_what_is_not_due_does_not_fire(engine: AsyncEngine) -> None:
    clock = Clock()
    await paused(engine, clock, "anna")
    world = world_at(clock)
    async with taking(engine, world) as intake:
        await Timers(engine, intake, world)._fire()
    assert await count(engine, timers) == 1
    assert "notice" not in await sent_to(engine, "anna")


async def test_a_stale_reminder_does_nothing(engine: AsyncEngine) -> None:
    clock = Clock()
    await paused(engine, clock, "anna")
    await say(engine, world_at(clock), "anna", "làm tiếp")
    (conversation,) = await rows(engine, conversations)
    async with engine.begin() as connection:
        await connection.execute(update(timers).values(turn=timers.c.turn - 1, due_at=clock()))
    said = await sent_to(engine, "anna")
    world = world_at(clock)
    async with taking(engine, world) as intake:
        await Timers(engine, intake, world)._fire()
    assert await sent_to(engine, "anna") == said
    (after,) = await rows(engine, conversations)
    assert after.state == conversation.state
    assert await count(engine, timers) == 0


async def test_one_that_is_set_anew_while_it_fires_survives(engine: AsyncEngine) -> None:
    clock = Clock()
    conversation = await chat(engine, clock, "anna")
    row = {"conversation_id": conversation.id, "kind": "files", "subject": "x", "turn": 1, "due_at": clock()}
    async with engine.begin() as connection:
        await connection.execute(insert(timers).values(row))
    world = world_at(clock)
    intake = Intake(engine, world)
    later = clock() + timedelta(microseconds=1)

    async def set_anew() -> None:
        await intake._arrived.wait()
        async with engine.begin() as connection:
            await people.set_timers(connection, [row | {"due_at": later}])
        await asyncio.gather(work(), stop())

    async def work() -> None:
        await intake.run()

    async def stop() -> None:
        intake.close()

    await asyncio.gather(Timers(engine, intake, world)._fire(), set_anew())
    (left,) = await rows(engine, timers)
    assert left.due_at == later
    clock.now = later
    async with taking(engine, world) as again:
        await Timers(engine, again, world)._fire()
    assert await count(engine, timers) == 0
    assert len(await rows(engine, updates, updates.c.key.startswith("timer-"))) == 2


async def test_a_restart_loses_none(engine: AsyncEngine) -> None:
    """The process dies when the timer's update is committed, and the timer is still there."""
    clock = Clock()
    await paused(engine, clock, "anna")
    (kept,) = await rows(engine, timers)
    clock.now += timedelta(days=8)
    world = world_at(clock)
    async with taking(engine, world) as intake:
        await Timers(engine, intake, world)._fire()
        async with engine.begin() as connection:
            await connection.execute(insert(timers).values(kept._mapping))
        await Timers(engine, intake, world)._fire()
    assert (await sent_to(engine, "anna")).count("notice") == 1
    assert await count(engine, timers) == 0


async def test_the_newest_of_the_same_thing_replaces_the_others(engine: AsyncEngine) -> None:
    clock = Clock()
    conversation = await chat(engine, clock, "anna")
    row = {"conversation_id": conversation.id, "kind": "reminder", "subject": "x", "turn": 1, "due_at": clock()}
    async with engine.begin() as connection:
        await people.set_timers(connection, [])
        await people.set_timers(connection, [row | {"turn": turn} for turn in (1, 2, 3)])
        await people.set_timers(connection, [row | {"subject": "y"}])
    assert [(r.subject, r.turn) for r in await rows(engine, timers)] == [("x", 3), ("y", 1)]


async def nothing_waits(engine: AsyncEngine) -> bool:
    return not await count(engine, timers)


async def test_the_loop_stops_and_starts(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    await paused(sqlite_engine, clock, "anna")
    clock.now += timedelta(days=30)
    world = world_at(clock)
    async with taking(sqlite_engine, world) as intake:
        loop = Timers(sqlite_engine, intake, world)
        task = asyncio.create_task(loop.run())
        await once(lambda: nothing_waits(sqlite_engine))
        loop.close()
        await task
        await intake.submit(typed("anna", "menu", "still here"))


async def test_old_updates_and_messages_are_forgotten(engine: AsyncEngine) -> None:
    clock = Clock()
    world = world_at(clock)
    await say(engine, world, "anna", "menu")
    async with engine.begin() as connection:
        await connection.execute(update(outbox).values(status="sent", sent_at=clock()))
    clock.now += timedelta(days=31)
    await say(engine, world, "bert", "menu")
    await Timers(engine, Intake(engine, world), world)._prune()
    assert await count(engine, updates) == await count(engine, outbox) == 1


async def test_links_that_ran_out_or_were_used_are_forgotten(engine: AsyncEngine) -> None:
    clock = Clock()
    world = world_at(clock)
    anna = await chat(engine, clock, "anna")

    async def two_links() -> None:
        async with engine.begin() as connection:
            await people.upload_link(connection, anna.id, "TL12-26-0001", "plan", clock())
            await people.invite(connection, Role.COMMUNE_OFFICER, "15/04336", clock())

    await two_links()
    clock.now += timedelta(days=38)
    await two_links()
    await Timers(engine, Intake(engine, world), world)._prune()
    assert await count(engine, upload_links) == await count(engine, invitations) == 1

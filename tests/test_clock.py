"""A clock that is put back by an hour: what was to be done soon is done soon."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Throttled, Unavailable, Update
from bot.clock import MOST, Clock
from bot.deliver import Delivery
from bot.fetch import Fetcher
from bot.timers import Timers
from dialogs.model import FileReceived, FileRef
from storage.files import FileStore
from storage.models import files, outbox
from tests.doubles.people import photo
from tests.heart import REGISTRATION, Messenger, Working, rows, say, taking, typed, world_at

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FAST = 20
"""So much faster than in truth: the pauses are the real ones."""


class Machine:
    """Its clock, and the seconds that really pass."""

    def __init__(self) -> None:
        self.now, self.passed_s = NOON, 0.0

    def passes(self, time_passed: timedelta) -> None:
        self.now += time_passed
        self.passed_s += time_passed.total_seconds()

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, lambda: self.passed_s)


def test_it_is_the_machines_as_long_as_nobody_puts_that_back() -> None:
    machine = Machine()
    clock = machine.clock
    for step in (timedelta(0), timedelta(microseconds=1), HOUR, timedelta(days=30)):
        machine.passes(step)
        assert clock() == machine.now
    machine.now += HOUR  # put on
    assert clock() == machine.now


def test_put_back_it_goes_on_at_half_the_pace_until_they_meet(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    clock = machine.clock
    machine.now -= HOUR
    told = []
    for _ in range(13):
        told.append(clock())
        machine.passes(timedelta(minutes=10))
    assert told == [NOON + n * timedelta(minutes=5) for n in range(13)]
    assert clock() == machine.now
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2


def test_put_back_by_more_it_is_believed() -> None:
    machine = Machine()
    clock = machine.clock
    machine.now -= MOST + timedelta(seconds=1)
    assert clock() == machine.now


@pytest.mark.parametrize(("before", "expected"), [(HOUR, NOON + HOUR), (-HOUR, NOON), (MOST * 2, NOON)])
def test_a_new_process_goes_on_where_the_last_one_was(before: timedelta, expected: datetime) -> None:
    clock = Machine().clock
    clock.not_before(NOON + before)
    assert clock() == expected


async def test_an_hour_back_in_the_middle_of_everything(sqlite_engine: AsyncEngine) -> None:
    """An answer to be tried again, one that is throttled, a photo to be fetched again and an album to be counted."""
    began, put_back = time.monotonic(), list[timedelta]()

    def ticks() -> float:
        return (time.monotonic() - began) * FAST

    clock = Clock(lambda: NOON + timedelta(seconds=ticks()) - sum(put_back, timedelta(0)), ticks)
    world = world_at(clock)  # type: ignore[arg-type]  # a clock like the tests' own
    away = Unavailable("x")
    channel = Messenger(files={"f1": away})
    store = FileStore("memory:///")
    delivery = Delivery(sqlite_engine, {"telegram": channel}, store, world, asyncio.Event())
    fetcher = Fetcher(sqlite_engine, {"telegram": channel}, store, world, asyncio.Event())
    await say(sqlite_engine, world, "anna", "/start c-04336", *REGISTRATION[: REGISTRATION.index("bỏ qua")])
    await Working(delivery).until(lambda: sent(sqlite_engine))
    async with taking(sqlite_engine, world) as intake:
        timers = Timers(sqlite_engine, intake, world)
        firing = asyncio.create_task(timers.run())
        received = FileReceived(FileRef("AB12", "", 0, is_photo=True))
        await intake.submit(Update("telegram", "photo", "anna", received, "vi", source="f1"))
        channel.outcomes = [away, Throttled(3)]
        await intake.submit(typed("bert", "/start c-04336", "b1"))
        await intake.submit(typed("cham", "/start c-04336", "c1"))
        await Working(delivery, fetcher).until(lambda: tried(sqlite_engine))
        put_back.append(HOUR)
        channel.files["f1"] = photo()
        await Working(delivery, fetcher).until(lambda: all_done(sqlite_engine))
        timers.close()
        await firing
    assert "Em nhận được rồi" in channel.texts("anna")[-1] or "Đủ chưa" in channel.texts("anna")[-1]
    assert len(channel.texts("bert")) == len(channel.texts("cham")) == 1


async def sent(engine: AsyncEngine) -> bool:
    return {row.status for row in await rows(engine, outbox)} == {"sent"}


async def tried(engine: AsyncEngine) -> bool:
    messages = [row for row in await rows(engine, outbox) if row.attempts]
    return len(messages) == 2 and (await rows(engine, files))[0].attempts > 0


async def all_done(engine: AsyncEngine) -> bool:
    (file,) = await rows(engine, files)
    return await sent(engine) and file.status == "stored" and len(await rows(engine, outbox)) > 20

"""What the parts of a turn cost, each by itself: `python -m tests.bench_parts`.

The least of many repetitions, in microseconds of the clock: the only figure that a machine with other work on it gives
twice. A conversation is talked through `handle` (tests.bench_turns, one person); then each call of the dialogs, the
listener and the composer that it made is repeated, and each read and write of the middle of it, on SQLite.
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import uvloop
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot import handle as turns
from bot.channels.base import Update
from bot.render import Listener
from bot.turn import outbox_row
from bot.world import World
from dialogs.model import TextReceived
from dialogs.state import dump
from storage import outbox, records
from storage.database import make_engine, reading, writing
from storage.models import metadata
from storage.models import outbox as outbox_table
from tests.bench_turns import CONVERSATION
from tests.transcripts import CHANNELS

REPEATED = 100
HALF_WAY = 12
"""Updates, of 24: in the middle of the form."""
PURE = ("arrive", "step", "question", "with_held")

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


async def talk(engine: AsyncEngine, world: World, updates: int) -> dict[str, list[Call]]:
    """The calls of the pure parts, by name."""
    calls: dict[str, list[Call]] = defaultdict(list)

    def noted(name: str, part: Callable[..., Any]) -> Callable[..., Any]:
        def part_and_note(*args: Any, **named: Any) -> Any:
            calls[name].append((part, args, named))
            return part(*args, **named)

        return part_and_note

    patches = [mock.patch.object(turns, name, noted(name, getattr(turns, name))) for name in PURE]
    patches.append(mock.patch.object(Listener, "recognise", noted("recognise", Listener.recognise)))
    for patch in patches:
        patch.start()
    for number, words in enumerate(CONVERSATION[:updates]):
        await turns.handle(engine, world, [Update("telegram", f"{number}", "1", TextReceived(words))])
    mock.patch.stopall()
    return calls


def least(calls: Sequence[Call]) -> float:
    """Of each call, added up. All of them come in turn, so that nothing is remembered from the time before."""
    best = [float("inf")] * len(calls)
    for _ in range(REPEATED):
        for number, (part, args, named) in enumerate(calls):
            began = time.perf_counter()
            part(*args, **named)
            best[number] = min(best[number], time.perf_counter() - began)
    return sum(best)


async def show(name: str, part: Callable[[int], Awaitable[object]]) -> None:
    best = float("inf")
    for number in range(REPEATED):
        began = time.perf_counter()
        await part(number)
        best = min(best, time.perf_counter() - began)
    say(name, best)


def say(name: str, seconds: float) -> None:
    print(f"{name:24}{1e6 * seconds:6.0f} µs")  # noqa: T201  its only output


async def transactions(engine: AsyncEngine, world: World) -> None:
    async def nothing_written(_: int) -> None:
        async with writing(engine):
            pass

    async def waits(_: int) -> None:
        async with reading(engine) as connection:
            await outbox.waits(connection, world.clock())

    await show("write nothing", nothing_written)
    await show("look whether one waits", waits)


async def statements(connection: AsyncConnection, world: World) -> None:
    now, chat = world.clock(), ("telegram", "1")
    me = (await records.conversations_of(connection, {chat: "vi"}, now))[chat]
    reply = outbox_row(me.id, "reply", {"text": "x" * 200}, now)
    state = {"row_id": me.id, "new_state": dump(me.state), "new_list": [], "new_typed": 0, "at": now}
    await connection.execute(delete(outbox_table))
    await show("seen before?", lambda n: records.first_times(connection, {("telegram", f"again {n}")}, now))
    await show("conversation", lambda _: records.conversations_of(connection, {chat: "vi"}, now))
    await show("facts", lambda _: records.facts_for(connection, [records.Wanted(me)], world.facts()))
    await show("save", lambda _: connection.execute(turns._SAVE_HEARD, [state]))
    await show("reply", lambda _: outbox.post(connection, [reply]))


async def measure() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}")
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        world = replace(World.load(CHANNELS), public_url="https://ocop.example")
        await talk(engine, world, HALF_WAY)
        await transactions(engine, world)
        async with writing(engine) as connection:
            await statements(connection, world)
        await engine.dispose()
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}")
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        calls = await talk(engine, world, len(CONVERSATION))
        await engine.dispose()
    for name, made in calls.items():
        say(f"{name}, an update", least(made) / len(CONVERSATION))


if __name__ == "__main__":
    uvloop.run(measure())

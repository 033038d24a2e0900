"""What a webhook costs, Zalo's beside Telegram's: `python -m tests.bench_webhooks [--rounds 3] [--within 120]`.

Posts go into the real application (`Site`, `Intake`, SQLite with synchronous FULL) and are timed until its 200, which
comes after the commit. A 503, with which Zalo's routes ask for the post again after 1.8 s, is answered with the same
post, and counted. People go through consent, place and the whole registration of an idea, typed, each with one post
under way at a time; a run counts only if each of them ends with a case. In a round every channel has its turn, the
first one changing, since speed drifts. Beside that, posts that the platform did not sign: what an attacker costs.

Left out: sockets and HTTP parsing (posts are ASGI calls), and whatever happens after the 200, as sending the answers.
docs/benchmarks.md keeps the figures.
"""

import argparse
import asyncio
import gc
import hashlib
import json
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp, Message

from bot.channels.base import Suspended
from bot.channels.telegram import Telegram
from bot.channels.zalo import Zalo
from bot.channels.zalo_bot import ZaloBot
from bot.handle import Intake
from bot.web.app import MAX_WEBHOOK_BYTES, MAX_ZALO_BYTES, Site
from bot.web.mailbox import Mailbox
from bot.world import World
from storage.database import make_engine
from storage.files import FileStore
from storage.models import cases, metadata
from tests.bench_turns import CONVERSATION
from tests.transcripts import START, Clock

APP_ID, OA_SECRET, SECRET = "1234567890123456789", "oa-secret-key-for-tests", "webhook-secret-for-tests"
TELEGRAM_TOKEN = "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
IN_FLIGHT = (1, 32)
CONVERSATIONS = {1: 3, 32: 1}
"""How many each of those in flight has in one round, one after the other: a single one would be short to time."""
PAUSE = timedelta(seconds=3)
"""By the server's clock, between two posts: the same words within two seconds are taken for a finger that hit twice."""
FORGED_S = 0.5
"""How long unsigned posts of one kind are sent in one round."""

Json = dict[str, Any]
Headers = tuple[tuple[bytes, bytes], ...]
Figures = dict[tuple[Any, ...], "Measured"]


@dataclass(frozen=True)
class Post:
    path: str
    headers: Headers
    body: bytes


@dataclass
class Measured:
    """Of all rounds together."""

    seconds: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    wall_s: float = 0.0
    cpu_s: float = 0.0
    repeated: int = 0

    def line(self) -> str:
        ms = sorted(1000 * one for one in self.seconds)
        rates = f"{min(self.rates):.0f} to {max(self.rates):.0f}"
        return (
            f"| {len(ms)} | {len(ms) / self.wall_s:.0f} ({rates}) | {statistics.median(ms):.2f} "
            f"| {ms[int(len(ms) * 0.99)]:.2f} | {1e6 * self.cpu_s / len(ms):.0f} |"
        )


class NoTokens:
    """Nothing is sent here."""

    async def token(self) -> str:
        raise Suspended("no account")

    async def renewed(self, stale: str) -> str:
        raise Suspended("no account")


# ---------------------------------------------------------------- what the platforms post


def from_telegram(person: int, number: int, words: str) -> Post:
    sender: Json = {"id": person, "is_bot": False, "first_name": "Hoa", "language_code": "vi"}
    message: Json = {"message_id": number, "from": sender, "date": int(START.timestamp()), "text": words}
    message["chat"] = {"id": person, "first_name": "Hoa", "type": "private"}
    headers = ((b"x-telegram-bot-api-secret-token", SECRET.encode()),)
    return Post("/telegram", headers, _json({"update_id": person * 1000 + number, "message": message}))


def from_zalo(person: int, number: int, words: str) -> Post:
    stamp = str(int(START.timestamp() * 1000))
    event: Json = {"app_id": APP_ID, "user_id_by_app": str(person), "event_name": "user_send_text"}
    event |= {"sender": {"id": str(person)}, "recipient": {"id": "388"}, "timestamp": stamp}
    body = _json({**event, "message": {"msg_id": f"{person}-{number}", "text": words}})
    signature = hashlib.sha256(APP_ID.encode() + body + stamp.encode() + OA_SECRET.encode()).hexdigest()
    return Post("/zalo", ((b"x-zevent-signature", f"mac={signature}".encode()),), body)


def from_zalo_bot(person: int, number: int, words: str) -> Post:
    message: Json = {"from": {"id": str(person), "display_name": "Hoa", "is_bot": False}, "text": words}
    message |= {"chat": {"id": str(person), "chat_type": "PRIVATE"}, "message_id": f"{person}-{number}"}
    message |= {"message_type": "CHAT_MESSAGE", "date": int(START.timestamp() * 1000)}
    result = {"event_name": "message.text.received", "message": message}
    return Post("/zalo-bot", ((b"x-bot-api-secret-token", SECRET.encode()),), _json({"ok": True, "result": result}))


SOURCES: dict[str, Callable[[int, int, str], Post]] = {
    "Telegram": from_telegram,
    "Zalo OA": from_zalo,
    "Zalo Bot": from_zalo_bot,
}


def forged(post: Post) -> Post:
    return replace(post, headers=tuple((name, value[:-1] + b"?") for name, value in post.headers))


def large(post: Post) -> Post:
    """As long as our server reads, and slow to parse: nothing but empty lists."""
    room = (MAX_WEBHOOK_BYTES if post.path == "/telegram" else MAX_ZALO_BYTES) - len(post.body) - len(b',"x":[[]]')
    return replace(post, body=post.body[:-1] + b',"x":[[]' + b",[]" * (room // 3) + b"]}")


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


# ---------------------------------------------------------------- the application


@dataclass
class Served:
    app: ASGIApp
    engine: AsyncEngine
    clock: Clock


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Served]:
    clock, engine = Clock(), make_engine(f"sqlite+aiosqlite:///{folder / 'bench.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        assert await connection.scalar(text("PRAGMA synchronous")) == 2, "FULL"
    telegram = Telegram(TELEGRAM_TOKEN, secret_token=SECRET)
    zalo, zalo_bot = Zalo(APP_ID, OA_SECRET, NoTokens(), clock=clock), ZaloBot("1:a", secret_token=SECRET)
    channels = {one.name: one.capabilities for one in (telegram, zalo, zalo_bot)}
    world = replace(World.load(channels), public_url="https://ocop.example", clock=clock)
    intake, mailbox = Intake(engine, world), Mailbox(engine, FileStore("memory:///"), world)
    site = Site(engine, world, intake, mailbox, "k" * 40, telegram=telegram, zalo=zalo, zalo_bot=zalo_bot)
    at_work = asyncio.create_task(intake.run())
    try:
        yield Served(site.application(), engine, clock)
    finally:
        intake.close()
        await at_work
        for channel in (telegram, zalo, zalo_bot):
            await channel.close()
        await engine.dispose()


async def answer(app: ASGIApp, post: Post) -> int:
    """The status of one call."""
    scope: Json = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST"}
    scope |= {"path": post.path, "raw_path": post.path.encode(), "scheme": "https", "query_string": b""}
    scope |= {"root_path": "", "client": ("203.0.113.7", 40000), "server": ("127.0.0.1", 8000)}
    length = (b"content-length", str(len(post.body)).encode())
    scope["headers"] = [(b"host", b"ocop.example"), (b"content-type", b"application/json"), length, *post.headers]
    statuses: list[int] = []
    coming = iter((post.body,))

    async def receive() -> Message:
        return {"type": "http.request", "body": next(coming, b""), "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


# ---------------------------------------------------------------- measuring


async def talked(served: Served, people: Sequence[Sequence[Post]], into: Measured) -> None:
    """All people at once, each with one post under way at a time, which is repeated until it is taken."""

    async def one(posts: Sequence[Post]) -> None:
        for post in posts:
            served.clock.now += PAUSE
            began = time.perf_counter()
            while (status := await answer(served.app, post)) == 503:
                into.repeated += 1
            into.seconds.append(time.perf_counter() - began)
            assert status == 200, status

    wall, cpu, before = time.perf_counter(), time.process_time(), len(into.seconds)
    await asyncio.gather(*map(one, people))
    _add(into, wall, cpu, before)


async def refused(served: Served, post: Post, status: int, into: Measured) -> None:
    """The same unsigned post again and again, one at a time."""
    wall, cpu, before = time.perf_counter(), time.process_time(), len(into.seconds)
    while time.perf_counter() - wall < FORGED_S:
        began = time.perf_counter()
        assert await answer(served.app, post) == status
        into.seconds.append(time.perf_counter() - began)
    _add(into, wall, cpu, before)


def _add(into: Measured, wall: float, cpu: float, before: int) -> None:
    wall_s = time.perf_counter() - wall
    into.wall_s += wall_s
    into.cpu_s += time.process_time() - cpu
    into.rates.append((len(into.seconds) - before) / wall_s)


def conversations(name: str, persons: Iterator[int], people: int, each: int) -> list[list[Post]]:
    """The posts of so many people who are new to us, each several persons one after the other."""
    return [
        [SOURCES[name](person, n, words) for person in islice(persons, each) for n, words in enumerate(CONVERSATION)]
        for _ in range(people)
    ]


async def round_of(served: Served, number: int, persons: Iterator[int], signed: Figures, unsigned: Figures) -> None:
    names = list(SOURCES)
    turned = names[number % len(names) :] + names[: number % len(names)]
    for at_once in IN_FLIGHT:
        for name in turned:
            done = await _cases(served.engine)
            people = conversations(name, persons, at_once, CONVERSATIONS[at_once])
            await talked(served, people, signed[at_once, name])
            assert await _cases(served.engine) - done == at_once * CONVERSATIONS[at_once], "each ends with a case"
    for name in turned:
        post = forged(SOURCES[name](1, 1, "Em muốn bán măng khô"))
        status = 401 if name == "Telegram" else 200
        for one in (post, large(post)):
            await refused(served, one, status, unsigned[name, len(one.body)])


async def _cases(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(select(func.count()).select_from(cases)) or 0)


async def measure(rounds: int, within_s: float) -> None:
    began, persons = time.perf_counter(), iter(range(10_000, 10_000_000))
    signed: Figures = defaultdict(Measured)
    unsigned: Figures = defaultdict(Measured)
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder)) as served:
            for name in SOURCES:  # warms up
                await talked(served, conversations(name, persons, 1, 1), Measured())
            gc.collect()
            gc.freeze()  # as bot.app does after its start
            done = 0
            while done < rounds and time.perf_counter() - began < within_s:
                await round_of(served, done, persons, signed, unsigned)
                done += 1
    _show(signed, unsigned, done, time.perf_counter() - began)


def _show(signed: Figures, unsigned: Figures, rounds: int, took_s: float) -> None:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    packages = ", ".join(f"{name} {version(name)}" for name in ("starlette", "aiogram", "aiosqlite", "uvloop"))
    repeated = ", ".join(f"{name} {found.repeated}" for (_, name), found in signed.items() if found.repeated)
    lines = [
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {packages}",
        f"{os.cpu_count()} cores ({platform.machine()}), load {load}; {rounds} rounds in {took_s:.0f} s",
        f"Repeated after 503: {repeated or 'none'}",
        "",
        "| In flight | Channel | Updates | Updates/s (rounds) | Median, ms | 99 %, ms | CPU an update, µs |",
        "|---|---|---|---|---|---|---|",
        *(f"| {at_once} | {name} {found.line()}" for (at_once, name), found in sorted(signed.items())),
        "",
        "| Unsigned post | Bytes | Posts | Posts/s (rounds) | Median, ms | 99 %, ms | CPU a post, µs |",
        "|---|---|---|---|---|---|---|",
        *(f"| {name} | {size} {found.line()}" for (name, size), found in sorted(unsigned.items())),
    ]
    print("\n".join(lines))  # noqa: T201  its only output


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--within", type=float, default=120.0, help="seconds after which no further round begins")
    arguments = parser.parse_args()
    uvloop.run(measure(arguments.rounds, arguments.within))


if __name__ == "__main__":
    main()

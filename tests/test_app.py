"""The wiring: the first invitation, the key of the cookies, loops that are kept up, a graceful stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlalchemy import event, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import app
from bot.app import (
    Links,
    Running,
    _own_key,
    _server,
    first_invitation,
    kept_up,
    own_address,
    poll,
    set_up_telegram,
)
from bot.channels.base import Unavailable, Update
from bot.settings import Settings
from dialogs.model import Role, TextReceived
from storage.models import conversations, invitations, memberships, people
from tests.heart import REGISTRATION, rows, say, taking, typed, world_at
from tests.program import running
from tests.transcripts import Clock

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
STOP_S = 5.0


# ---------------------------------------------------------------- the first administrator


async def test_each_start_without_an_administrator_makes_one_invitation(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        first = await first_invitation(connection, NOW)
        second = await first_invitation(connection, NOW)
        assert first
        assert second not in (None, first)
        assert await connection.scalar(select(func.count()).select_from(invitations)) == 1


async def test_with_an_administrator_there_is_none(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        person = (await connection.execute(insert(people).values(created_at=NOW).returning(people.c.id))).scalar_one()
        row = {"person_id": person, "role": str(Role.ADMINISTRATOR), "territory": "", "since": NOW}
        await connection.execute(insert(memberships).values(row))
        assert await first_invitation(connection, NOW) is None
        await connection.execute(update(memberships).values(removed_at=NOW))
        assert await first_invitation(connection, NOW)


async def test_the_key_of_the_cookies_is_made_once(engine: AsyncEngine) -> None:
    keys = await asyncio.gather(*(_own_key(engine) for _ in range(3)))
    assert len({*keys}) == 1
    assert len(keys[0]) >= 48


# ---------------------------------------------------------------- loops


async def test_a_loop_that_breaks_starts_again(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    monkeypatch.setattr(app, "RESTART_PAUSE_S", 0.0)
    ran = []

    async def work() -> None:
        ran.append(1)
        if len(ran) < 3:
            raise ZeroDivisionError

    await kept_up(work)
    assert len(ran) == 3
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 2


async def test_a_loop_that_is_cancelled_stays_cancelled() -> None:
    task = asyncio.create_task(kept_up(asyncio.Event().wait))  # type: ignore[arg-type]  # its True is not looked at
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class Source:
    """A channel that yields two lists, and is slow to stop a spinner."""

    def __init__(self) -> None:
        self.confirmed: list[int] = []
        self.acknowledged: list[str] = []

    async def updates(self) -> AsyncIterator[list[Update]]:
        for number in (1, 2):
            yield [Update("telegram", f"{number}", "5001", TextReceived("x"), ack="press")]
            self.confirmed.append(number)

    async def acknowledge(self, update: Update) -> None:
        await asyncio.sleep(0.01)
        self.acknowledged.append(update.key)


class Taker:
    """An intake whose database is away at first."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.taken, self.arrivals = failures, list[str](), set[datetime | None]()
        self.world = SimpleNamespace(clock=Clock())

    async def submit(self, update: Update) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        self.world.clock.now += timedelta(minutes=1)
        self.taken.append(update.key)
        self.arrivals.add(update.arrived_at)


async def test_a_list_is_confirmed_when_all_of_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "RESTART_PAUSE_S", 0.0)
    source, intake = Source(), Taker(failures=2)
    await poll(source, intake)  # type: ignore[arg-type]  # as much of both as it uses
    assert intake.taken == ["1", "2"]
    assert source.confirmed == [1, 2]
    assert source.acknowledged == ["1", "2"]


class OneList:
    """A channel that yields one list."""

    def __init__(self, *updates: Update) -> None:
        self._updates = [*updates]

    async def updates(self) -> AsyncIterator[list[Update]]:
        yield self._updates


async def test_a_list_stays_in_order_when_the_database_is_away_once(
    sqlite_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "RESTART_PAUSE_S", 0.01)
    world = world_at(Clock())
    words = ("/start c-04336", *REGISTRATION)
    asked = words.index("Chuối sấy dẻo")
    await say(sqlite_engine, world, "anna", *words[:asked])
    source: Any = OneList(*(typed("anna", said, said) for said in words[asked : asked + 2]))
    failed: list[int] = []

    def fail_once(_: Any) -> None:
        if not failed:
            failed.append(1)
            raise OSError

    event.listen(sqlite_engine.sync_engine, "commit", fail_once)
    async with taking(sqlite_engine, world) as intake:
        await poll(source, intake)
    (anna,) = await rows(sqlite_engine, conversations)
    assert failed
    assert anna.state["drafts"]["register_idea.1"]["a"] == {"product": "Chuối sấy dẻo", "product_group": "food"}


async def test_a_person_who_waits_does_not_hold_up_the_others_of_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "RESTART_PAUSE_S", 0.01)
    intake: Any = Taker(failures=1)
    source: Any = OneList(typed("anna", "x", "a1"), typed("anna", "x", "a2"), typed("bert", "x", "b1"))
    await poll(source, intake)
    assert intake.taken == ["b1", "a1", "a2"]
    assert intake.arrivals == {Clock().now}, "a2 came before a1 was answered"


# ---------------------------------------------------------------- the web server


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "http://127.0.0.1:8125"),
        ("ocop.local", "http://ocop.local:8125"),
        ("::1", "http://[::1]:8125"),
        ("0.0.0.0", "http://127.0.0.1:8125"),  # noqa: S104  only read here
        ("::", "http://[::1]:8125"),  # listens to IPv6 only
    ],
)
async def test_the_address_that_is_printed_opens(host: str, shown: str) -> None:
    assert own_address(host, 8125) == shown
    config = Settings(_env_file=None, host=host, port=8125)  # type: ignore[call-arg]  # pydantic's own
    assert (await app.links_of(config, None))("") == (f"{shown}/start/",)


@pytest.mark.parametrize(
    ("url", "trusted", "seen"),
    [
        ("https://ocop.example", "127.0.0.1", "10.1.2.3"),
        ("https://ocop.example", "127.0.0.1,10.0.0.0/8", "203.0.113.7"),
        ("https://ocop.example", "*", "203.0.113.7"),
        ("", "*", "10.1.2.3"),
    ],
)
async def test_only_trusted_proxies_say_where_a_visitor_is(
    sqlite_engine: AsyncEngine, url: str, trusted: str, seen: str
) -> None:
    async def site(scope: Any, _receive: Any, _send: Any) -> None:
        met.append(scope["client"][0])

    met: list[str] = []
    config = Settings(_env_file=None, public_url=url, trusted_proxies=trusted)  # type: ignore[call-arg]  # pydantic's
    none = dict.fromkeys(("intake", "mailbox", "telegram", "zalo_bot", "consent"))
    world = world_at(Clock())
    parts: Any = SimpleNamespace(engine=sqlite_engine, world=world, channels={}, secret_key="k" * 32, **none)
    served: Any = _server(config, parts).config
    served.app = site
    served.load()
    headers = [(b"x-forwarded-for", b"203.0.113.7")]
    scope = {"type": "http", "client": ("10.1.2.3", 4711), "headers": headers, "scheme": "http"}
    await served.loaded_app(scope, None, None)
    assert met == [seen]


# ---------------------------------------------------------------- Telegram


class Bot:
    """A Telegram channel that can't be reached at first."""

    def __init__(self, failures: int) -> None:
        self.failures, self.done = failures, list[str]()

    async def set_up(self, url: str) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("away")
        self.done.append(url)

    async def set_commands(self, commands: Any) -> None:
        self.done.append(",".join(commands))

    async def username(self) -> str:
        return "ocop_test_bot"


async def test_telegram_is_set_up_as_soon_as_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "SET_UP_PAUSES_S", (0.0,))
    bot, links = Bot(failures=3), Links("https://ocop.example", web=True)
    assert links("c-04336") == ("https://ocop.example/start/c-04336",)

    class Parts:
        telegram, world = bot, None

    parts: Any = Parts()
    parts.links = links
    config = Settings(_env_file=None, public_url="https://ocop.example")  # type: ignore[call-arg]  # pydantic's own
    await set_up_telegram(config, parts, web=True, worker=False)
    assert bot.done == ["https://ocop.example/telegram", "vi,en"]
    assert links("c-04336")[1] == "https://t.me/ocop_test_bot?start=c-04336"


async def test_a_part_that_breaks_ends_the_process(sqlite_engine: AsyncEngine) -> None:
    intake: Any = Broken()
    running_parts = Running(intake)
    await running_parts.until(asyncio.Event())
    with pytest.raises(ZeroDivisionError):
        await running_parts.stop()


class Broken:
    async def run(self) -> None:
        raise ZeroDivisionError

    def close(self) -> None:
        """Already gone."""


# ---------------------------------------------------------------- stopping


@asynccontextmanager
async def chat(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        (await client.get("/")).raise_for_status()
        yield client


async def test_a_stop_with_a_page_waiting_takes_less_than_five_seconds(tmp_path: Path) -> None:
    async with running(tmp_path) as program, chat(program.url) as client:
        first = (await client.get("/chat/messages", params={"after": 0})).json()["messages"]
        newest = max(int(message["id"]) for message in first) if first else 0
        waiting = asyncio.create_task(client.get("/chat/messages", params={"after": newest, "wait": 25}))
        await asyncio.sleep(0.5)
        asked_at = asyncio.get_running_loop().time()
        assert await program.stop() == 0
        assert asyncio.get_running_loop().time() - asked_at < STOP_S
        await asyncio.gather(waiting, return_exceptions=True)
        assert "Traceback" not in program.logged
        assert "was destroyed" not in program.logged


def test_where_zalo_is_alone_the_payload_itself_is_sent() -> None:
    assert Links("https://ocop.example", web=False, pasted=True)("i-token") == ("i-token",)
    assert Links("https://ocop.example", web=True, pasted=True)("i-token") == ("https://ocop.example/start/i-token",)
    assert Links("https://ocop.example", web=False)("i-token") == ()

"""What Zalo posts to us, over real HTTP: 200 to everything within 2 s, and only what it signed is believed."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncEngine
from yarl import URL

from bot.app import Server, listening, poll, poll_alone
from bot.channels.base import Channel, Left, Receipt, Update
from bot.channels.zalo import Zalo
from bot.channels.zalo_bot import ZaloBot
from bot.channels.zalo_tokens import AccountTokens
from bot.handle import Intake
from bot.settings import Settings
from bot.web.app import MAX_ZALO_BYTES, Site
from bot.web.mailbox import Mailbox
from bot.zalo import Consent, consent_of
from dialogs.model import TextReceived
from storage import notices, outbox
from storage.database import make_engine, writing
from storage.files import FileStore
from storage.models import conversations, deliveries, updates
from storage.models import outbox as outbox_table
from tests.doubles import zalo_bot
from tests.doubles.zalo_oa import Follower, ZaloOA
from tests.heart import chat, rows, world_at
from tests.transcripts import Clock
from tests.warm import warmed

SECRET = "a-secret-of-the-bot"
KEY = "a key for tests of more than 32 characters"
AT_ONCE_S = 2.0
WORLD = world_at(Clock())
PACE = 0.001
"""The platform's pauses between its tries, of 30 s and more, in thousandths."""


class Now(Clock):
    """The real time: the platform dates its events with it, and old ones are refused."""

    def __init__(self, oa: ZaloOA) -> None:
        super().__init__()
        self._oa = oa

    def __call__(self) -> Any:
        return self._oa.now()


@dataclass
class Served:
    """Our server with both Zalo channels, on a port of its own."""

    url: str
    site: Site
    engine: AsyncEngine
    oa: ZaloOA
    consent: Consent

    async def post(self, body: bytes, path: str = "/zalo", **headers: str) -> tuple[int, float]:
        """Status, and how long it took, over a connection of its own."""
        async with httpx.AsyncClient(timeout=10) as client:
            began = time.monotonic()
            answer = await client.post(f"{self.url}{path}", content=body, headers=headers)
            return answer.status_code, time.monotonic() - began


@asynccontextmanager
async def serving(
    oa: ZaloOA, database: str, folder: Path, web_chat: bool = True, working: bool = True
) -> AsyncIterator[Served]:
    engine, clock = await warmed(make_engine(database)), Now(oa)
    listener = listening("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings: dict[str, Any] = {name.lower(): value for name, value in oa.environment().items()}
    settings |= {"encryption_key": KEY}
    config = Settings(_env_file=None, public_url=url, **settings)  # type: ignore[call-arg]  # its own
    consent = consent_of(config, engine)
    world = replace(world_at(clock), public_url=url)
    intake, mailbox = Intake(engine, world), Mailbox(engine, FileStore(str(folder)), world)
    site = Site(engine, world, intake, mailbox, "k" * 40, web_chat)
    site.zalo = Zalo(oa.app_id, oa.oa_secret, consent.tokens, oa.url, clock=clock)
    site.zalo_bot, site.consent = ZaloBot("1:a", oa.url, SECRET), consent
    server = Server(_config(site))
    tasks = [asyncio.create_task(server.serve([listener]))]
    if working:
        tasks.append(asyncio.create_task(intake.run()))
    oa.webhook = f"{url}/zalo"
    try:
        yield Served(url, site, engine, oa, consent)
    finally:
        server.leave()
        intake.close()
        await asyncio.gather(*tasks)
        for closing in (site.zalo, site.zalo_bot, consent.tokens):
            await closing.close()
        await engine.dispose()


def _config(site: Site) -> Any:
    import uvicorn

    return uvicorn.Config(site.application(), log_config=None, access_log=False, lifespan="off")


@pytest.fixture
async def oa() -> AsyncIterator[ZaloOA]:
    async with ZaloOA(pace=PACE, receipts=False, echoes=False) as platform:
        yield platform


@pytest.fixture
async def served(oa: ZaloOA, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(oa, sqlite_url, tmp_path) as found:
        yield found


@pytest.fixture
def follower(oa: ZaloOA) -> Follower:
    return Follower(oa)


def counted(outcome: str, channel: str = "zalo") -> float:
    found = REGISTRY.get_sample_value("ocop_updates_total", {"channel": channel, "outcome": outcome})
    return found or 0.0


@contextmanager
def counting(outcome: str, by: int = 1, channel: str = "zalo") -> Iterator[None]:
    before = counted(outcome, channel)
    yield
    assert counted(outcome, channel) - before == by


async def answered(oa: ZaloOA, number: int, *statuses: int) -> None:
    """Wait until this post was answered so often, and compare."""
    await oa.until(lambda: len(oa.answered_with(number)) >= len(statuses))
    assert oa.answered_with(number) == list(statuses)


# ---------------------------------------------------------------- what is believed


async def test_what_zalo_signed_is_committed_when_it_is_answered(served: Served, follower: Follower) -> None:
    with counting("handled"):
        await answered(served.oa, follower.types("xin chào"), 200)
    (row,) = await rows(served.engine, conversations)
    assert (row.channel, row.chat_id) == ("zalo", follower.id)
    assert len(await rows(served.engine, outbox_table)) == 1


async def test_the_same_event_twice_is_handled_once(served: Served, follower: Follower) -> None:
    number = follower.types("xin chào")
    await answered(served.oa, number, 200)
    served.oa.again(number)
    await answered(served.oa, number, 200, 200)
    assert len(await rows(served.engine, updates)) == 1
    assert len(await rows(served.engine, outbox_table)) == 1


async def test_the_probe_of_the_console_gets_its_200(served: Served) -> None:
    assert await served.oa.registers(f"{served.url}/zalo")
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{served.url}/zalo")).status_code == 200


FORGED: dict[str, Callable[[bytes, dict[str, str]], tuple[bytes, dict[str, str]]]] = {
    "no signature": lambda body, headers: (body, {}),
    "an empty one": lambda body, headers: (body, dict.fromkeys(headers, "")),
    "a wrong one": lambda body, headers: (body, dict.fromkeys(headers, "mac=" + "0" * 64)),
    "letters of another kind": lambda body, headers: (body, dict.fromkeys(headers, "mac=")),
    "a byte changed": lambda body, headers: (body.replace(b"ch\xc3\xa0o", b"ch\xc3\xa1o"), headers),
    "a byte more": lambda body, headers: (body + b" ", headers),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=[*FORGED])
async def test_what_zalo_did_not_sign_is_counted_and_gets_200(
    served: Served, follower: Follower, forge: Callable[[bytes, dict[str, str]], tuple[bytes, dict[str, str]]]
) -> None:
    served.oa.hold()
    post = served.oa.posts[follower.types("chào")]
    body, headers = forge(post.body, dict(post.headers))
    assert (body, headers) != (post.body, dict(post.headers))
    with counting("bad signature"), counting("handled", 0):
        assert (await served.post(body, **headers))[0] == 200
    assert await rows(served.engine, updates) == []


UNREADABLE = {
    "nothing": b"",
    "no JSON": b"<html>",
    "a list": b"[]",
    "half a letter": b'{"timestamp":"\xff"}',
    "2 MB": json.dumps({"event_name": "user_send_text", "message": {"text": "x" * 2_000_000}}).encode(),
    "deep": b'{"a":' * 200_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "a number without end": b'{"timestamp":' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize("path", ["/zalo", "/zalo-bot"])
@pytest.mark.parametrize("body", UNREADABLE.values(), ids=[*UNREADABLE])
async def test_what_nobody_can_read_gets_200(served: Served, body: bytes, path: str) -> None:
    channel = path[1:].replace("-", "_")
    before = counted("unreadable", channel) + counted("bad signature", channel)
    status, seconds = await served.post(body, path, **{"X-Bot-Api-Secret-Token": SECRET})
    assert status == 200
    assert seconds < AT_ONCE_S
    assert counted("unreadable", channel) + counted("bad signature", channel) == before + 1
    assert (await served.post(b"{}", path))[0] == 200  # and the server is well
    assert await rows(served.engine, updates) == []


async def test_what_is_too_long_counts_as_unreadable_also_when_signed(served: Served, follower: Follower) -> None:
    served.oa.hold()
    long, longer = (served.oa.posts[follower.types("x" * size)] for size in (MAX_ZALO_BYTES // 2, MAX_ZALO_BYTES))
    with counting("unreadable"), counting("handled"):
        for post in (long, longer):
            assert (await served.post(post.body, **post.headers))[0] == 200


async def test_a_body_that_does_not_come_is_not_waited_for(served: Served) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b'{"app_id":'
        await asyncio.sleep(1.9)
        yield b'"1"}'

    began = time.monotonic()
    with counting("unreadable"):
        async with httpx.AsyncClient() as client:
            assert (await client.post(f"{served.url}/zalo", content=slow())).status_code == 200
    assert time.monotonic() - began < 3


async def test_an_old_event_is_no_news(served: Served, follower: Follower) -> None:
    served.oa.hold()
    follower.types("chào")
    served.oa.passes(timedelta(days=8))
    with counting("unreadable"):
        served.oa.release()
        await served.oa.until(lambda: bool(served.oa.deliveries))
    assert served.oa.deliveries[-1][1] == 200
    assert await rows(served.engine, updates) == []


# ---------------------------------------------------------------- what could not be committed


async def test_without_the_database_what_is_signed_comes_again(
    oa: ZaloOA, follower: Follower, sqlite_url: str, tmp_path: Path
) -> None:
    """503 to what verifies, and 200 to what does not: once the database is back, everything is there once."""
    async with serving(oa, sqlite_url, tmp_path) as served:
        away = True

        def cut(connection: Any, *_: Any) -> None:
            if away:
                raise OSError("the disk is gone")

        event.listen(served.engine.sync_engine, "begin", cut)
        with counting("unavailable", 2):
            number = follower.types("xin chào")
            await oa.until(lambda: len(oa.answered_with(number)) >= 2, 20)
            away = False
        await oa.until(lambda: 200 in oa.answered_with(number), 20)
        assert oa.answered_with(number)[:2] == [503, 503]
        assert len(await rows(served.engine, updates)) == 1
        away = True
        assert (await served.post(b"{}"))[0] == 200


async def test_a_commit_that_takes_too_long_is_no_reason_to_lose_it(
    oa: ZaloOA, follower: Follower, sqlite_url: str, tmp_path: Path
) -> None:
    """503 before the platform hangs up; what was in hand goes on, and its next try finds it done."""
    async with serving(oa, sqlite_url, tmp_path, working=False) as served:
        oa.hold()
        post = oa.posts[follower.types("xin chào")]
        status, seconds = await served.post(post.body, **post.headers)
        assert status == 503
        assert 1.5 < seconds < AT_ONCE_S
        at_work = asyncio.create_task(served.site.intake.run())
        assert (await served.post(post.body, **post.headers))[0] == 200
        assert len(await rows(served.engine, updates)) == 1
        assert len(await rows(served.engine, outbox_table)) == 1
        served.site.intake.close()
        await at_work


async def test_a_bug_is_no_reason_to_be_asked_again(
    served: Served, follower: Follower, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """It is set aside with an apology, as on every channel."""

    async def broken(*_: Any) -> None:
        raise KeyError("a secret of somebody")

    monkeypatch.setattr("bot.handle.handle", broken)
    await answered(served.oa, follower.types("xin chào"), 200)
    assert [row.error != "" for row in await rows(served.engine, updates)] == [True]
    assert "a secret of somebody" not in caplog.text


# ---------------------------------------------------------------- what is no update


async def test_who_unfollows_is_not_written_to_until_they_write(served: Served, follower: Follower) -> None:
    await answered(served.oa, follower.types("xin chào"), 200)
    await answered(served.oa, follower.unfollows(), 200)
    assert [row.status for row in await rows(served.engine, conversations)] == ["blocked"]
    await answered(served.oa, follower.follows(), 200)
    assert [row.status for row in await rows(served.engine, conversations)] == ["open"]


async def test_an_unfollow_that_comes_again_after_a_newer_follow_closes_nothing(
    served: Served, follower: Follower
) -> None:
    await answered(served.oa, follower.types("xin chào"), 200)
    served.oa.passes(timedelta(minutes=1))
    left = follower.unfollows()
    await answered(served.oa, left, 200)
    served.oa.passes(timedelta(minutes=1))
    await answered(served.oa, follower.follows(), 200)
    served.oa.again(left)
    await answered(served.oa, left, 200, 200)
    assert [row.status for row in await rows(served.engine, conversations)] == ["open"]
    served.oa.passes(timedelta(minutes=1))
    await answered(served.oa, follower.unfollows(), 200)
    assert [row.status for row in await rows(served.engine, conversations)] == ["blocked"]


async def test_who_unfollows_and_was_never_heard_is_nobody(served: Served, follower: Follower) -> None:
    await answered(served.oa, follower.unfollows(), 200)
    assert await rows(served.engine, conversations) == []


async def _told(engine: AsyncEngine, clock: Clock, chat_id: str, message_id: str) -> None:
    """A notice to this chat that the platform has taken under this id."""
    found = await chat(engine, clock, chat_id, "zalo")
    body = {"text": "Hồ sơ đã đạt."}
    ladder = {"person_id": found.person_id, "channel": "zalo", "case_code": "", "territory": "", "alert": ""}
    ladder |= {"words": body["text"], "bodies": [[found.id, body]]}
    row = {"conversation_id": found.id, "kind": "notice", "body": body, "due_at": clock(), "created_at": clock()}
    async with writing(engine) as connection:
        await outbox.post(connection, [{**row, "ladder": ladder}])
        delivery = (await connection.execute(select(deliveries.c.id))).scalar_one()
        gone = notices.Gone(
            id=(await connection.execute(select(outbox_table.c.id))).scalar_one(),
            conversation_id=found.id,
            channel="zalo",
            at=clock(),
            delivery_ids=(delivery,),
            ids=(message_id,),
            patience=timedelta(hours=1),
        )
        await notices.note_sent(connection, [gone], clock())


async def _status(engine: AsyncEngine) -> list[str]:
    return [row.status for row in await rows(engine, deliveries)]


async def test_receipts_are_noted_and_are_no_words_of_anybody(served: Served, follower: Follower) -> None:
    await _told(served.engine, Now(served.oa), follower.id, "out-1")
    assert await _status(served.engine) == ["sent"]
    ends = {"sender": {"id": served.oa.oa_id}, "recipient": {"id": follower.id}}
    received = served.oa.event(follower.id, "user_received_message", {**ends, "message": {"msg_id": "out-1"}})
    await answered(served.oa, received, 200)
    assert await _status(served.engine) == ["delivered"]
    seen = served.oa.event(follower.id, "user_seen_message", {**ends, "message": {"msg_ids": ["out-1"]}})
    await answered(served.oa, seen, 200)
    assert await _status(served.engine) == ["seen"]
    assert await rows(served.engine, updates) == []


async def test_echoes_of_our_own_words_mean_nothing(served: Served, follower: Follower) -> None:
    ends = {"sender": {"id": served.oa.oa_id}, "recipient": {"id": follower.id}}
    number = served.oa.event(follower.id, "oa_send_text", {**ends, "message": {"msg_id": "o", "text": "Chào anh"}})
    await answered(served.oa, number, 200)
    assert await rows(served.engine, conversations) == []


class Source:
    """A channel that is polled and brings all three kinds."""

    name = "zalo_bot"

    async def updates(self) -> AsyncIterator[list[Update | Receipt | Left]]:
        yield [
            Update("zalo_bot", "1", "5001", TextReceived("chào")),
            Receipt("zalo_bot", "5001", ("out-1",), seen=True),
            Left("zalo_bot", "5001", Clock().now),
        ]
        yield [Update("zalo_bot", "2", "5002", TextReceived("chào"))]


async def test_polling_takes_all_that_a_channel_brings(sqlite_engine: AsyncEngine) -> None:
    intake = Intake(sqlite_engine, world_at(Clock()))
    at_work = asyncio.create_task(intake.run())
    source: Channel = Source()  # type: ignore[assignment]  # as much of one as is used
    await poll(source, intake)
    intake.close()
    await at_work
    found = {row.chat_id: row.status for row in await rows(sqlite_engine, conversations)}
    assert found == {"5001": "blocked", "5002": "open"}


class Endless:
    """A channel that is polled until somebody stops it."""

    def __init__(self, name: str) -> None:
        self.name, self.polled = name, 0

    async def updates(self) -> AsyncIterator[list[Update]]:
        self.polled += 1
        await asyncio.Event().wait()
        yield []


async def test_each_channel_is_polled_by_one_process_and_keeps_none_from_another(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.app.STAND_BY_S", 0.05)
    names, engines = ("telegram", "zalo_bot"), [make_engine(postgresql_url) for _ in range(2)]
    sources = {(name, number): Endless(name) for name in names for number in range(2)}
    tasks = {}
    for (name, number), source in sources.items():
        polled: Any = source
        tasks[name, number] = asyncio.create_task(poll_alone(engines[number], polled, Intake(engines[number], WORLD)))
    try:
        for name in names:
            await _until(lambda name=name: sum(sources[name, n].polled for n in range(2)) == 1)  # type: ignore[misc]
        await asyncio.sleep(0.3)
        holders = {name: next(n for n in range(2) if sources[name, n].polled) for name in names}
        assert [sources[name, 1 - holders[name]].polled for name in names] == [0, 0]
        tasks["zalo_bot", holders["zalo_bot"]].cancel()
        await _until(lambda: sources["zalo_bot", 1 - holders["zalo_bot"]].polled == 1)
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        for engine in engines:
            await engine.dispose()


async def _until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            if met():
                return
            await asyncio.sleep(0.02)


# ---------------------------------------------------------------- the Zalo Bot


def _bot_event(text: str = "chào") -> bytes:
    said: dict[str, Any] = {
        "from": {"id": "6ede9afa66b8", "display_name": "Lan", "is_bot": False},
        "chat": {"id": "6ede9afa66b8", "chat_type": "PRIVATE"},
        "text": text,
        "message_id": "2d758cb5e222",
        "date": 1750316131602,
    }
    return json.dumps({"event_name": "message.text.received", "message": said}).encode()


async def test_the_bots_events_need_its_secret(served: Served) -> None:
    for headers in ({}, {"X-Bot-Api-Secret-Token": "another"}, {"X-Bot-Api-Secret-Token": ""}):
        with counting("bad signature", channel="zalo_bot"):
            assert (await served.post(_bot_event(), "/zalo-bot", **headers))[0] == 200
    assert await rows(served.engine, conversations) == []
    with counting("handled", channel="zalo_bot"):
        assert (await served.post(_bot_event(), "/zalo-bot", **{"X-Bot-Api-Secret-Token": SECRET}))[0] == 200
    assert [row.channel for row in await rows(served.engine, conversations)] == ["zalo_bot"]


async def test_the_bots_platform_accepts_the_address(served: Served) -> None:
    async with zalo_bot.ZaloBot() as platform:
        bot = ZaloBot(platform.token, platform.url, SECRET)
        try:
            await bot.set_up(f"{served.url}/zalo-bot")
            friend = zalo_bot.Friend(platform)
            number = friend.types("xin chào")
            assert number is not None
            await platform.until(lambda: platform.answered_with(number) == [200])
        finally:
            await bot.close()
    assert [row.channel for row in await rows(served.engine, conversations)] == ["zalo_bot"]


async def test_channels_that_are_off_have_no_address(served: Served) -> None:
    site = Site(served.engine, served.site.world, served.site.intake, served.site.mailbox, "k" * 40)
    transport = httpx.ASGITransport(site.application())
    async with httpx.AsyncClient(transport=transport, base_url="http://ocop.test") as client:
        for path in ("/zalo", "/zalo-bot"):
            assert (await client.post(path, json={})).status_code == 404
        assert (await client.get("/zalo/connected")).status_code == 404


# ---------------------------------------------------------------- consent


async def _comes_back(served: Served, address: str, **headers: str) -> httpx.Response:
    """The administrator agrees on the permission page, and their browser is led back to us."""
    served.oa.redirect_uris.add(f"{served.url}/zalo/connected")
    async with httpx.AsyncClient(follow_redirects=True, headers=headers) as browser:
        return await browser.get(address)


async def test_consent_is_given_once(served: Served) -> None:
    address = await served.consent.address()
    page = await _comes_back(served, address)
    assert page.status_code == 200
    assert "Đã kết nối tài khoản Zalo" in page.text
    pair = await served.consent.keeping.read()
    assert pair is not None
    assert pair.access_token == served.oa.pairs[-1].access
    async with httpx.AsyncClient() as browser:
        again = await browser.get(str(page.url))
    assert again.status_code == 410
    assert await served.consent.keeping.read() == pair


async def test_the_address_has_all_that_the_page_wants(served: Served) -> None:
    query = URL(await served.consent.address()).query
    assert query["app_id"] == served.oa.app_id
    assert query["redirect_uri"] == f"{served.url}/zalo/connected"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", query["code_challenge"])
    assert len(query["state"]) == 32


async def test_a_state_that_we_never_made_is_refused_and_takes_nothing(served: Served) -> None:
    address = await served.consent.address()
    for query in ("", "?code=abc", "?code=abc&state=", "?code=abc&state=guessed"):
        async with httpx.AsyncClient() as browser:
            assert (await browser.get(f"{served.url}/zalo/connected{query}")).status_code == 410
    assert served.oa.made("access_token") == []
    assert (await _comes_back(served, address)).status_code == 200  # it waits all the same


async def test_after_ten_minutes_it_is_too_late(served: Served) -> None:
    address = await served.consent.address()
    served.consent.keeping.clock = served.oa.now
    served.oa.passes(timedelta(minutes=11))
    page = await _comes_back(served, address)
    assert page.status_code == 410
    assert "10 phút" in page.text
    assert await served.consent.keeping.read() is None


async def test_a_verifier_of_another_page_does_not_do(served: Served) -> None:
    """PKCE: a code that somebody else's page obtained is worth nothing here."""
    address = URL(await served.consent.address())
    stolen = str(address.update_query(code_challenge="x" * 43))
    page = await _comes_back(served, stolen)
    assert page.status_code == 502
    assert await served.consent.keeping.read() is None


async def test_what_zalo_refuses_is_said_in_words(served: Served, caplog: Any) -> None:
    served.oa.app_secret = "another"
    page = await _comes_back(served, await served.consent.address(), **{"Accept-Language": "en"})
    assert page.status_code == 502
    assert "Zalo did not agree" in page.text
    assert "error -14004" in caplog.text


async def test_without_a_chat_the_words_stand_alone(oa: ZaloOA, sqlite_url: str, tmp_path: Path) -> None:
    async with serving(oa, sqlite_url, tmp_path, web_chat=False) as served:
        page = await _comes_back(served, await served.consent.address())
    assert page.headers["content-type"].startswith("text/plain")
    assert "Đã kết nối tài khoản Zalo" in page.text


async def test_nothing_secret_is_on_the_page_or_in_the_log(served: Served, caplog: Any) -> None:
    caplog.set_level("DEBUG", logger="bot")
    page = await _comes_back(served, await served.consent.address())
    pair = served.oa.pairs[-1]
    for word in (pair.access, pair.refresh, served.oa.app_secret, URL(str(page.url)).query["code"]):
        assert word not in page.text
        assert word not in caplog.text


async def test_tokens_kept_by_the_page_are_those_the_channel_uses(served: Served) -> None:
    """The web process connects; a worker, which has tokens of its own, goes on with them."""
    worker = AccountTokens(served.oa.app_id, served.oa.app_secret, served.consent.keeping, served.oa.url)
    try:
        await _comes_back(served, await served.consent.address())
        assert await worker.token() == served.oa.pairs[-1].access
    finally:
        await worker.close()

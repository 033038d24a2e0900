"""Web Push end to end: a push service on this machine that takes, checks and decrypts as a browser would."""

import asyncio
import base64
import json
import os
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import http_ece  # type: ignore[import-untyped]
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PIL import Image
from py_vapid import Vapid02  # type: ignore[import-untyped]
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.addresses import Addresses
from bot.app import assembled
from bot.channels.base import (
    Attachment,
    Button,
    ChannelError,
    Outgoing,
    Proof,
    Receipt,
    Rejected,
    Throttled,
    Unavailable,
    Unreachable,
)
from bot.channels.email import Email
from bot.channels.push import LONGEST_PAUSE_S, Push, Subscription, new_key, subscription
from bot.settings import Settings
from storage import people, push
from storage.database import make_engine
from storage.models import conversations, deliveries, notices, push_subscriptions, secrets, sent_messages, settings
from storage.records import conversations_of
from storage.secrets import Vault, WrongKey
from tests.certificates import certificate, serving, trusting
from tests.doubles.listening import listening
from tests.facts import world
from tests.test_web_app import SECRET_KEY, Person, Served
from tests.test_web_app import serving as site
from tests.transcripts import Clock
from tests.warm import warmed

CHAT = "0123456789abcdef" * 2
NEWS = Outgoing(
    "71",
    "Hồ sơ TL12-26-0147 của chị Tẩn Mẩy (0912 345 678): xã chưa nhận kế hoạch vì thiếu phần đầu ra.",
    (Button("l:case", "Mở hồ sơ"),),
    unprompted=True,
)


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(data: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)))


@dataclass
class Browser:
    """What a browser makes when a page subscribes, and what it does with a message."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def p256dh(self) -> str:
        return text(self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def subscription(self, endpoint: str, locale: str = "vi") -> Subscription:
        return Subscription(endpoint, self.p256dh, text(self.secret), locale)

    def decrypt(self, body: bytes) -> dict[str, str]:
        read = http_ece.decrypt(body, private_key=self.key, auth_secret=self.secret, version="aes128gcm")
        found: dict[str, str] = json.loads(read)
        return found


@dataclass
class PushService:
    """Takes messages over TLS; `status` and `headers` are what it is told to answer."""

    port: int = 0
    status: int = 201
    headers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    silent: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def endpoint(self) -> str:
        return f"https://{self.host}/send/abc"

    async def take(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path}")
        self.taken.append((request.headers, await request.read()))
        if self.silent:
            await self.wake.wait()
        return web.Response(status=self.status, headers=self.headers, text="words of the service")


@asynccontextmanager
async def running(tls: ssl.SSLContext) -> AsyncIterator[PushService]:
    service = PushService()
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", service.take)
    async with listening(app, tls=tls) as url:
        service.port = int(url.rpartition(":")[2])
        try:
            yield service
        finally:
            service.wake.set()


@dataclass
class Setting:
    service: PushService
    browser: Browser
    channel: Push
    subscriptions: dict[str, Subscription]

    async def fails(self) -> ChannelError:
        with pytest.raises(ChannelError) as error:
            await self.channel.send(CHAT, NEWS)
        return error.value


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncIterator[Setting]:
    pem, browser = certificate(tmp_path), Browser()
    async with running(serving(pem)) as service:
        known = {CHAT: browser.subscription(service.endpoint)}

        async def find(chat_id: str) -> Subscription | None:
            return known.get(chat_id)

        catalogs = world().listener.catalogs
        channel = Push(find, new_key(), "https://ocop.example", catalogs, {service.host}, trusting(pem))
        yield Setting(service, browser, channel, known)
        await channel.close()


# ---------------------------------------------------------------- what goes out


async def test_a_browser_can_read_what_was_sent_and_nobody_else(setting: Setting) -> None:
    sent = await setting.channel.send(CHAT, NEWS)
    ((headers, body),) = setting.service.taken
    assert setting.service.asked == ["POST /send/abc"]
    shown = setting.browser.decrypt(body)
    assert shown == {
        "title": "Trợ lý OCOP",
        "body": "Có tin mới về hồ sơ TL12-26-0147.",
        "lang": "vi",
        "tag": "71",
        "id": sent.ids[0],
    }
    for private in ("Mẩy", "0912", "đầu ra", "kế hoạch"):
        assert private not in json.dumps(shown, ensure_ascii=False)
    with pytest.raises(Exception, match=r".*"):
        Browser().decrypt(body)
    with pytest.raises(Exception, match=r".*"):
        replace(setting.browser, secret=os.urandom(16)).decrypt(body)
    assert headers["Content-Encoding"] == "aes128gcm"
    assert headers["TTL"] == "86400"
    assert headers["Urgency"] == "high"
    assert "Topic" not in headers  # it would take back a message whose receipt is waited for
    assert "Cookie" not in headers


async def test_the_push_service_knows_that_it_is_us(setting: Setting) -> None:
    await setting.channel.send(CHAT, NEWS)
    signed = setting.service.taken[0][0]["Authorization"]
    assert Vapid02.verify(signed)
    parts = dict(part.split("=", 1) for part in signed.removeprefix("vapid ").split(","))
    assert parts["k"] == setting.channel.public_key
    claims = decoded(parts["t"].split(".")[1])
    assert (claims["aud"], claims["sub"]) == (f"https://{setting.service.host}", "https://ocop.example")
    assert time.time() < claims["exp"] < time.time() + 24 * 3600
    head, _, signature = parts["t"].rpartition(".")
    forged = f"vapid t={head[:-4]}AAAA.{signature},k={parts['k']}"
    assert not Vapid02.verify(forged)


async def test_each_try_has_its_own_receipt_and_stands_once_on_the_screen(setting: Setting) -> None:
    first, second = await setting.channel.send(CHAT, NEWS), await setting.channel.send(CHAT, NEWS)
    assert first.ids != second.ids
    shown = [setting.browser.decrypt(body) for _, body in setting.service.taken]
    assert shown[0]["tag"] == shown[1]["tag"]
    assert setting.service.taken[0][1] != setting.service.taken[1][1]  # a new salt and key each time


@pytest.mark.parametrize(
    ("words", "locale", "shown"),
    [
        ("File TL12-26-0147: sent back", "en", "There is news about file TL12-26-0147."),
        ("TL12-26-0147, TL12-26-0147", "vi", "Có tin mới về hồ sơ TL12-26-0147."),
        ("TL12-26-0147 và TL12-26-0148", "vi", "Có tin mới cho anh/chị."),
        ("Ngày mai họp lúc 8 giờ ở nhà chị Mẩy", "vi", "Có tin mới cho anh/chị."),
        ("Mã của anh/chị là 123456", "vi", "Có tin mới cho anh/chị."),
        ("", "fr", "Có tin mới cho anh/chị."),
        ("x" * 100_000, "vi", "Có tin mới cho anh/chị."),
    ],
)
async def test_what_a_locked_screen_shows(setting: Setting, words: str, locale: str, shown: str) -> None:
    setting.subscriptions[CHAT] = replace(setting.subscriptions[CHAT], locale=locale)
    await setting.channel.send(CHAT, Outgoing("1", words))
    ((_, body),) = setting.service.taken
    assert setting.browser.decrypt(body)["body"] == shown
    assert len(body) < 4096  # what a push service has to take: RFC 8030, 7.2


# ---------------------------------------------------------------- what a push service answers


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (404, Unreachable),
        (410, Unreachable),
        (413, Rejected),
        (429, Throttled),
        (400, Unavailable),
        (401, Unavailable),
        (403, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
async def test_refusals(setting: Setting, status: int, outcome: type[ChannelError]) -> None:
    setting.service.status = status
    error = await setting.fails()
    assert type(error) is outcome
    assert "words of the service" not in str(error)


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_successes(setting: Setting, status: int) -> None:
    setting.service.status = status
    assert len((await setting.channel.send(CHAT, NEWS)).ids) == 1


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("7", 7, 7),
        ("", 60, 60),
        ("soon", 60, 60),
        ("86400", LONGEST_PAUSE_S, LONGEST_PAUSE_S),
        (lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True), 95, 101),
        (lambda: format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True), 1, 1),
    ],
)
async def test_how_long_to_wait(setting: Setting, said: str | Callable[[], str], least: float, most: float) -> None:
    setting.service.status = 429
    setting.service.headers["Retry-After"] = said if isinstance(said, str) else said()
    error = await setting.fails()
    assert isinstance(error, Throttled)
    assert least <= error.retry_after_s <= most


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_no_redirect_is_followed(setting: Setting, status: int) -> None:
    setting.service.status = status
    setting.service.headers["Location"] = f"https://{setting.service.host}/elsewhere"
    assert isinstance(await setting.fails(), Unavailable)
    assert setting.service.asked == ["POST /send/abc"]


async def test_a_service_that_says_nothing(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.channels.push.WITHIN_S", 0.3)
    setting.service.silent = True
    assert isinstance(await setting.fails(), Unavailable)


async def test_a_service_that_is_gone(setting: Setting) -> None:
    setting.channel.hosts = {"127.0.0.1:9"}
    setting.subscriptions[CHAT] = setting.browser.subscription("https://127.0.0.1:9/x")  # discard: nobody listens
    assert isinstance(await setting.fails(), Unavailable)


async def test_a_certificate_nobody_vouches_for(setting: Setting) -> None:
    setting.channel.tls = None
    assert isinstance(await setting.fails(), Unavailable)
    assert not setting.service.taken


async def test_a_browser_that_was_switched_off(setting: Setting) -> None:
    setting.subscriptions.clear()
    assert isinstance(await setting.fails(), Unreachable)


async def test_a_host_that_is_no_push_service_any_more_gets_nothing(setting: Setting) -> None:
    setting.channel.hosts = {"fcm.googleapis.com"}
    assert isinstance(await setting.fails(), Unreachable)
    assert not setting.service.taken


# ---------------------------------------------------------------- what a page may say


BROWSER = Browser()


def sent(endpoint: str = "https://fcm.googleapis.com/fcm/send/abc", **keys: Any) -> dict[str, Any]:
    return {"endpoint": endpoint, "keys": {"p256dh": BROWSER.p256dh, "auth": text(BROWSER.secret)} | keys}


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:APA91b_x-y",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
        "https://web.push.apple.com/QGuQyavXutnMH",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAD%2b",
    ],
)
def test_push_services_of_the_browsers_there_are(endpoint: str) -> None:
    assert subscription(sent(endpoint)).endpoint == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/abc",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evil-fcm.googleapis.com/x",
        "https://user@web.push.apple.com/x",
        "https://user:word@fcm.googleapis.com/x",
        "https://evil.example/.push.apple.com",
        "https://evil.example\\.push.apple.com/x",
        "https://evil.example#.push.apple.com",
        "https://evil.example?.push.apple.com",
        "https://.push.apple.com/x",
        "https://push.apple.com/x",
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[::1.push.apple.com/x",
        "https://fcm.googleapis.com/a b",
        "https://fcm.googleapis.com/a\r\nX: y",
        "https://fcm.googleapis.com/ä",
        "https://fcm.googleapis.com/" + "x" * 1000,
        "file:///etc/passwd",
        "fcm.googleapis.com",
        "",
    ],
)
def test_everything_else_is_nobodys_browser(endpoint: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        subscription(sent(endpoint))


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"endpoint": 5, "keys": {}},
        {"endpoint": "https://fcm.googleapis.com/x"},
        {"endpoint": "https://fcm.googleapis.com/x", "keys": []},
        sent(p256dh=None),
        sent(p256dh=""),
        sent(p256dh="!!!!"),
        sent(p256dh=text(b"\x04" + bytes(64))),  # not on the curve
        sent(p256dh=text(b"\x04" + bytes(63))),
        sent(auth=None),
        sent(auth=text(bytes(15))),
        sent(auth="ä" * 16),
    ],
)
def test_keys_that_no_browser_makes(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        subscription(data)


# ---------------------------------------------------------------- what comes back


async def test_a_receipt_names_the_message(setting: Setting) -> None:
    (receipt_id,) = (await setting.channel.send(CHAT, NEWS)).ids
    body = json.dumps({"id": receipt_id, "seen": False}).encode()
    assert setting.channel.read({}, body) == [Receipt("push", CHAT, (receipt_id,), seen=False)]
    body = json.dumps({"id": receipt_id, "seen": True}).encode()
    assert setting.channel.read({}, body) == [Receipt("push", CHAT, (receipt_id,), seen=True)]


NO_RECEIPTS = [b"", b"{", b"[]", b"null", b"{}", b'{"id": 5}', b'{"id": "x"}', b'{"id": "' + b"a" * 99 + b'"}', b"\xff"]


@pytest.mark.parametrize("body", NO_RECEIPTS)
async def test_what_is_no_receipt(setting: Setting, body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        setting.channel.read({}, body)


async def test_it_only_tells_and_says_what_arrived(setting: Setting) -> None:
    can = setting.channel.capabilities
    assert (can.converses, can.proof, can.patience) == (False, Proof.RECEIPT, timedelta(minutes=30))
    assert not setting.channel.carries(Attachment("a.pdf", "application/pdf", b""))
    assert setting.channel.key not in repr(setting.channel)


# ---------------------------------------------------------------- subscriptions in the database


FIRST, SECOND = "https://fcm.googleapis.com/fcm/send/1", "https://fcm.googleapis.com/fcm/send/2"


async def web_chats(engine: AsyncEngine, *names: str) -> dict[str, Any]:
    async with engine.begin() as connection:
        found = await conversations_of(connection, {("web", name): "vi" for name in names}, Clock()())
    return {name: found["web", name] for name in names}


async def add(engine: AsyncEngine, name: str, endpoint: str, key: str = "p", after_s: float = 0) -> None:
    async with engine.begin() as connection:
        await push.subscribe(connection, name, endpoint, key, "a", Clock()() + timedelta(seconds=after_s))


async def told(engine: AsyncEngine) -> list[tuple[int, str, str]]:
    """Person, endpoint and key of every browser that may be told."""
    columns = (conversations.c.person_id, push_subscriptions.c.endpoint, push_subscriptions.c.p256dh)
    statement = select(*columns).join_from(push_subscriptions, conversations).where(conversations.c.status == "open")
    async with engine.begin() as connection:
        rows = (await connection.execute(statement.order_by(push_subscriptions.c.endpoint))).all()
    return [(row[0], row[1], row[2]) for row in rows]


async def test_a_browser_is_kept_once_and_its_keys_are_renewed(engine: AsyncEngine) -> None:
    anna = (await web_chats(engine, "anna"))["anna"]
    await add(engine, "anna", FIRST)
    await add(engine, "anna", FIRST, "q")
    await add(engine, "anna", SECOND)
    assert await told(engine) == [(anna.person_id, FIRST, "q"), (anna.person_id, SECOND, "p")]


async def test_a_browser_lent_to_somebody_tells_the_first_no_more(engine: AsyncEngine) -> None:
    """Also what is on its way to the first then reaches nobody."""
    chats = await web_chats(engine, "anna", "bình")
    await add(engine, "anna", FIRST)
    async with engine.begin() as connection:
        first = (await connection.execute(select(conversations).where(conversations.c.channel == "push"))).one()
    await add(engine, "bình", FIRST)
    assert await told(engine) == [(chats["bình"].person_id, FIRST, "p")]
    async with engine.begin() as connection:
        assert await push.subscription_of(connection, first.chat_id) is None


async def test_only_whose_browser_it_is_switches_it_off(engine: AsyncEngine) -> None:
    await web_chats(engine, "anna", "bình")
    await add(engine, "anna", FIRST)
    for name, left in (("bình", 1), ("nobody", 1), ("anna", 0)):
        async with engine.begin() as connection:
            await push.unsubscribe(connection, name, FIRST)
        assert len(await told(engine)) == left
    await add(engine, "anna", FIRST)
    assert len(await told(engine)) == 1


async def test_the_browsers_used_last_are_kept(engine: AsyncEngine) -> None:
    await web_chats(engine, "anna")
    for number in range(push.MOST_BROWSERS + 2):
        await add(engine, "anna", f"{FIRST}{number}", after_s=number)
    assert [endpoint for _, endpoint, _ in await told(engine)] == [f"{FIRST}{n}" for n in range(2, 7)]


async def test_a_stranger_is_no_chat(engine: AsyncEngine) -> None:
    with pytest.raises(LookupError):
        await add(engine, "nobody", FIRST)


async def test_two_pages_that_subscribe_in_one_instant(engine: AsyncEngine) -> None:
    await web_chats(engine, "anna")
    await asyncio.gather(*(add(engine, "anna", FIRST) for _ in range(4)))
    assert len(await told(engine)) == 1


async def test_forgetting_takes_the_browsers_too(engine: AsyncEngine) -> None:
    anna = (await web_chats(engine, "anna"))["anna"]
    await add(engine, "anna", FIRST)
    async with engine.begin() as connection:
        await people.forget(connection, anna, ())
        assert (await connection.execute(select(push_subscriptions))).all() == []
    assert await told(engine) == []


# ---------------------------------------------------------------- the key


async def key_of(engine: AsyncEngine, vault: Vault | None = None) -> str:
    return await push.own_key(engine, vault, new_key, Clock()())


async def test_the_key_is_made_once_also_by_two_processes_at_once(engine: AsyncEngine) -> None:
    assert len({*await asyncio.gather(*(key_of(engine) for _ in range(4)))}) == 1


async def test_the_key_is_encrypted_and_stays_when_encryption_comes(engine: AsyncEngine) -> None:
    vault = Vault(["k" * 32])
    before = await key_of(engine)
    assert {*await asyncio.gather(*(key_of(engine, vault) for _ in range(4)))} == {before}
    async with engine.begin() as connection:
        kept = [str(row) for table in (settings, secrets) for row in await connection.execute(select(table))]
    assert kept
    assert all(before not in row for row in kept)
    with pytest.raises(WrongKey):
        await key_of(engine, Vault(["x" * 32]))


# ---------------------------------------------------------------- the page's routes


@asynccontextmanager
async def at_the_page(setting: Setting, url: str, folder: Path) -> AsyncIterator[tuple[Served, Person]]:
    async with site(await warmed(make_engine(url)), folder) as served, served.browser() as client:
        setting.channel.find = Addresses(served.engine, SECRET_KEY, "").subscription
        served.site.push = setting.channel
        person = Person(client)
        await person.open()
        yield served, person


async def subscribes(person: Person, data: Any, method: str = "POST", **headers: str) -> int:
    answer = await person.client.request(method, "/chat/push", json=data, headers={"X-CSRF": person.csrf} | headers)
    return answer.status_code


async def test_from_the_switch_to_the_receipt(setting: Setting, sqlite_url: str, tmp_path: Path) -> None:
    """A page subscribes, a message goes out through the worker, the browser reads it and reports it."""
    named = setting.browser.subscription(setting.service.endpoint)
    data = {"endpoint": named.endpoint, "keys": {"p256dh": named.p256dh, "auth": named.auth}}
    async with at_the_page(setting, sqlite_url, tmp_path) as (served, person):
        await person.agrees()
        assert setting.channel.public_key in (await person.client.get("/")).text
        assert await subscribes(person, data) == 200
        (chat,) = await served.rows(conversations, conversations.c.channel == "push")
        sent = await setting.channel.send(chat.chat_id, NEWS)
        shown = setting.browser.decrypt(setting.service.taken[0][1])

        now = served.clock()
        async with served.engine.begin() as connection:
            row = {
                "person_id": chat.person_id,
                "bodies": [[chat.id, {}]],
                "words": "",
                "status": "waiting",
                "created_at": now,
            }
            notice = (await connection.execute(insert(notices).values(row).returning(notices.c.id))).scalar_one()
            rung = {"notice_id": notice, "rung": 0, "conversation_id": chat.id, "channel": "push", "status": "sent"}
            made = insert(deliveries).values(**rung, at=now, sent_at=now).returning(deliveries.c.id)
            delivery = (await connection.execute(made)).scalar_one()
            taken = {"channel": "push", "message_id": sent.ids[0], "delivery_id": delivery, "sent_at": now}
            await connection.execute(insert(sent_messages).values(taken))
        async with served.browser() as worker:  # it has no cookie
            for seen, status in ((False, "delivered"), (True, "seen")):
                answer = await worker.post("/push", json={"id": shown["id"], "seen": seen})
                assert answer.status_code == 204
                assert [row.status for row in await served.rows(deliveries)] == [status]
            forged = {"id": f"{chat.chat_id}.{'A' * 22}", "seen": True}
            assert (await worker.post("/push", json=forged)).status_code == 204  # whose it is nobody learns

        assert await subscribes(person, {"endpoint": named.endpoint}, "DELETE") == 200
        with pytest.raises(Unreachable):
            await setting.channel.send(chat.chat_id, NEWS)


async def test_what_the_page_may_not_say(setting: Setting, sqlite_url: str, tmp_path: Path) -> None:
    named = setting.browser.subscription(setting.service.endpoint)
    good = {"endpoint": named.endpoint, "keys": {"p256dh": named.p256dh, "auth": named.auth}}
    async with at_the_page(setting, sqlite_url, tmp_path) as (served, person):
        await person.hears("trợ lý OCOP")
        assert await subscribes(person, good) == 409  # nothing is kept of anybody who has not agreed
        await person.says("dong y", "nhắc")
        await person.says("co nhac em nhe")
        for bad in ({}, {**good, "endpoint": "https://169.254.169.254/"}, {**good, "keys": {}}):
            assert await subscribes(person, bad) == 400
        assert await subscribes(person, good, **{"X-CSRF": "wrong"}) == 403
        assert await subscribes(person, {"endpoint": 5}, "DELETE") == 400
        async with served.browser() as stranger:
            assert (await stranger.post("/chat/push", json=good)).status_code == 401
            for body in (b"", b"{", b"[]", b'{"id": "x"}', b"[" * 50_000):
                assert (await stranger.post("/push", content=body)).status_code == 400
            assert (await stranger.post("/push", content=b"x" * 100_000)).status_code == 413
        assert await served.rows(push_subscriptions) == []
        served.site.push = None
        assert await subscribes(person, good) == 404
        assert 'name="push" content=""' in (await person.client.get("/")).text


async def test_the_worker_and_the_manifest_are_beside_the_page(sqlite_url: str, tmp_path: Path) -> None:
    english = {"Accept-Language": "en"}
    async with site(await warmed(make_engine(sqlite_url)), tmp_path) as served, served.browser(**english) as client:
        worker = await client.get("/sw.js")
        assert worker.headers["content-type"].startswith("text/javascript")
        assert worker.headers["cache-control"] == "no-cache"
        assert "worker-src 'self'" in worker.headers["content-security-policy"]
        for lang, name in (("vi", "Trợ lý OCOP"), ("en", "OCOP assistant"), ("xx", "OCOP assistant")):
            manifest = await client.get("/manifest.webmanifest", params={"lang": lang})
            assert manifest.headers["content-type"].startswith("application/manifest+json")
            said = manifest.json()
            assert (said["name"], said["start_url"], said["scope"]) == (name, "./", "./")
        for icon in said["icons"]:
            picture = await client.get(f"/{icon['src']}")
            image = Image.open(BytesIO(picture.content))
            assert f"{image.width}x{image.height}" == icon["sizes"]
            corner = image.convert("RGBA").getpixel((0, 0))
            assert isinstance(corner, tuple)
            assert (corner[3] == 255) is (icon["purpose"] == "maskable")


# ---------------------------------------------------------------- put together


async def test_what_is_on_follows_the_settings(sqlite_url: str) -> None:
    def configured(**values: Any) -> Settings:
        return Settings(_env_file=None, database_url=sqlite_url, **values)  # type: ignore[call-arg]  # pydantic-settings' own

    keys = set()
    for values in ({}, {"public_url": "https://ocop.example"}, {"encryption_key": "e" * 32}):
        async with assembled(configured(**values)) as parts:
            here = parts.channels["push"]
            assert isinstance(here, Push)
            keys.add(here.public_key)
            assert "email" not in parts.channels
            assert not parts.world.can("push").converses
    assert len(keys) == 1  # a browser that has subscribed goes on with every one of them
    with pytest.raises(SystemExit, match="does not have it"):  # what the key has sealed can't be read without it
        async with assembled(configured()):
            pass
    smtp = {"smtp_url": "smtp://localhost:2525", "mail_from": "OCOP <ocop@xa.example.vn>"}
    async with assembled(configured(web_chat=False, encryption_key="e" * 32, **smtp)) as parts:
        mail = parts.channels["email"]
        assert isinstance(mail, Email)
        assert (mail.server.port, mail.server.tls, mail.chat) == (2525, "", "")
        assert "push" not in parts.channels
        assert not parts.world.can("email").converses

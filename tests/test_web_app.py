"""The HTTP application over ASGI, with a real database, a real intake and the workers beside it."""

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from limits import parse
from PIL import Image
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Attachment, Outgoing, Update
from bot.channels.web import CAPABILITIES, Web
from bot.deliver import Delivery
from bot.doctor import SAMPLE_ANSWERS
from bot.fetch import Fetcher
from bot.handle import Intake
from bot.timers import Timers
from bot.web.app import MAX_LINK_FILES, MAX_WEBHOOK_BYTES, Site
from bot.web.asked import MAX_JSON_BYTES
from bot.web.mailbox import HISTORY, WAITING_PER_CHAT, Mailbox
from bot.web.shell import HEADERS
from bot.world import PLAIN
from dialogs.model import LinkFollowed, Role, TextReceived
from storage import cases, links, people
from storage.database import make_engine
from storage.files import FileStore
from storage.models import (
    download_links,
    files,
    invitations,
    memberships,
    metadata,
    notes,
    outbox,
    updates,
    upload_links,
    web_messages,
)
from storage.models import papers as paper_table
from storage.models import people as people_table
from storage.records import conversations_of
from tests.facts import world
from tests.sounds import ogg
from tests.transcripts import Clock
from tests.warm import warmed

SECRET_KEY = "k" * 40
COMMUNE = "04336"  # Tân Lĩnh, Lào Cai
MIB = 1024 * 1024
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cf00000003010100c9fe92ef0000000049454e44ae426082"
)


def photo(number: int) -> bytes:
    """A PNG that differs from every other number's."""
    data = BytesIO()
    Image.new("RGB", (40, 40), (number, 0, 0)).save(data, "PNG")
    return data.getvalue()


NOT_CODE = '<script>alert("x")</script>{{7*7}}%CSRF%'


class Poor:
    """A messenger of words alone: what it is told is kept, nothing comes in."""

    name, capabilities = "numbers", PLAIN

    def __init__(self) -> None:
        self.sent: list[tuple[str, Outgoing]] = []

    def carries(self, attachment: Attachment) -> bool:
        return False

    async def send(self, chat_id: str, message: Outgoing) -> None:
        self.sent.append((chat_id, message))


@dataclass
class Served:
    """The running application and what stands behind it."""

    site: Site
    engine: AsyncEngine
    store: FileStore
    clock: Clock
    poor: Poor
    app: Any

    @property
    def intake(self) -> Intake:
        return self.site.intake

    def browser(self, address: str = "198.51.100.7", **headers: str) -> httpx.AsyncClient:
        """A browser without cookies; the caller closes it."""
        transport = httpx.ASGITransport(self.app, client=(address, 5000))
        return httpx.AsyncClient(transport=transport, base_url=self.site.world.public_url, headers=headers)

    async def rows(self, table: Any, *which: Any) -> list[Any]:
        async with self.engine.connect() as connection:
            found = (await connection.execute(select(table).where(*which))).all()
            await connection.rollback()
        return list(found)

    async def dump(self) -> str:
        """Every value of every table as one text."""
        tables = [await self.rows(table) for table in metadata.sorted_tables]
        return json.dumps([[[str(value) for value in row] for row in rows] for rows in tables], ensure_ascii=False)


class Person:
    """Somebody at a browser with the chat open."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client, self.csrf, self.after, self.count = client, "", 0, 0
        self.lang = ""
        self.unread: deque[dict[str, Any]] = deque()

    async def open(self) -> httpx.Response:
        page = await self.client.get("/")
        self.csrf = re.search(r'name="csrf" content="([^"]+)"', page.text)[1]  # type: ignore[index]
        return page

    async def new(self, wait_s: int = 5) -> list[dict[str, Any]]:
        answer = await self.client.get("/chat/messages", params={"after": self.after, "wait": wait_s})
        assert answer.status_code == 200, answer.text
        self.lang = answer.json()["lang"]
        found: list[dict[str, Any]] = answer.json()["messages"]
        self.after = max([self.after, *(message["id"] for message in found)])
        return found

    async def hears(self, words: str = "") -> dict[str, Any]:
        """The next message of the bot with these words in it; what came before it is passed over."""
        async with asyncio.timeout(10):
            while True:
                while not self.unread:
                    self.unread.extend(message for message in await self.new() if not message["mine"])
                if words in (message := self.unread.popleft())["text"]:
                    return message

    async def post(self, body: Any, **headers: str) -> httpx.Response:
        return await self.client.post("/chat/send", json=body, headers={"X-CSRF": self.csrf, **headers})

    async def says(self, words: str, hears: str = "") -> dict[str, Any]:
        self.count += 1
        answer = await self.post({"key": f"message-{self.count}", "text": words})
        assert answer.status_code == 200, answer.text
        return await self.hears(hears)

    async def uploads(self, name: str, data: bytes, media_type: str = "image/png", key: str = "upload-1") -> Any:
        sent = {"file": (name, data, media_type)}
        return await self.client.post("/chat/file", data={"key": key}, files=sent, headers={"X-CSRF": self.csrf})

    async def agrees(self) -> None:
        await self.hears("trợ lý OCOP")
        await self.says("dong y", "nhắc")
        await self.says("co nhac em nhe")


@asynccontextmanager
async def serving(
    engine: AsyncEngine, folder: Path, telegram: Any = None, public_url: str = "http://ocop.test"
) -> AsyncIterator[Served]:
    store, clock, poor = FileStore(str(folder / "files")), Clock(), Poor()
    channels = {"web": CAPABILITIES, "numbers": PLAIN}
    here = replace(world(), channels=channels, clock=clock, public_url=public_url)
    intake, mailbox = Intake(engine, here), Mailbox(engine, store, here)
    site = Site(engine, here, intake, mailbox, SECRET_KEY, telegram=telegram)
    carriers: Any = {"web": Web(mailbox), "numbers": poor}
    wakes = [asyncio.Event(), asyncio.Event()]
    intake.wakes.extend(wakes)
    delivery = Delivery(engine, carriers, store, here, wakes[0])
    fetcher = Fetcher(engine, carriers, store, here, wakes[1])
    timers = Timers(engine, intake, here, clock.now)  # nothing is old enough to be deleted
    tasks = [asyncio.create_task(work()) for work in (intake.run, delivery.run, fetcher.run, timers.run)]
    try:
        yield Served(site, engine, store, clock, poor, site.application())
    finally:
        mailbox.close()
        for part in (timers, fetcher, intake, delivery):
            part.close()
        await asyncio.gather(*tasks)
        await engine.dispose()


@pytest.fixture
async def served(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(await warmed(make_engine(sqlite_url)), tmp_path) as found:
        yield found


@pytest.fixture
async def someone(served: Served) -> AsyncIterator[Person]:
    """A newcomer whose page has just opened."""
    async with served.browser() as client:
        person = Person(client)
        await person.open()
        yield person


ALBUM = timedelta(seconds=3)
"""After this an album is over, and files nobody asked for get their one answer."""
NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"
"""A database that is away."""


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(500):
        if await condition():
            return
        await asyncio.sleep(0.02)
    raise TimeoutError


# ---------------------------------------------------------------- the page and its cookie


async def test_a_new_browser_gets_a_page_and_a_cookie_that_scripts_cannot_read(served: Served) -> None:
    async with served.browser() as client:
        page = await client.get("/")
        cookie = page.headers["set-cookie"].lower()
        assert page.status_code == 200
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "secure" not in cookie
        assert '<html lang="vi">' in page.text
        assert not re.search(r"%[A-Z]+%", page.text)


async def test_with_https_the_cookie_is_secure_and_stays_the_same_chat(sqlite_url: str, tmp_path: Path) -> None:
    async with (
        serving(await warmed(make_engine(sqlite_url)), tmp_path, public_url="https://ocop.test") as served,
        served.browser() as client,
    ):
        first, second = await client.get("/"), await client.get("/")
        assert "secure" in first.headers["set-cookie"].lower()
        assert "strict-transport-security" in first.headers
        assert first.headers["set-cookie"].split(";")[0] == second.headers["set-cookie"].split(";")[0]


async def test_the_greeting_comes_once_however_often_the_page_opens(served: Served, someone: Person) -> None:
    pages = await asyncio.gather(*(someone.client.get("/chat/messages?after=0&wait=0") for _ in range(5)))
    assert {page.status_code for page in pages} == {200}
    await someone.hears("Em là trợ lý OCOP")
    someone.after = 0
    assert len(await someone.new(0)) == 1


@pytest.mark.parametrize(
    ("language", "expected"), [("en-GB,en;q=0.9", "en"), ("vi-VN", "vi"), ("fr", "vi"), ("", "vi")]
)
async def test_the_browsers_language_is_the_chats_first_language(served: Served, language: str, expected: str) -> None:
    async with served.browser(**{"accept-language": language}) as client:
        person = Person(client)
        assert f'<html lang="{expected}">' in (await person.open()).text
        assert f'<html lang="{expected}">' in (await person.open()).text  # the cookie is there, the chat not yet
        await person.hears("OCOP")
        assert person.lang == expected


@pytest.mark.parametrize("cookie", ["", "x", "abc.def", '"abc".AAAA', "é" * 10, "a" * 5000])
async def test_without_a_cookie_of_ours_nothing_is_told_or_taken(served: Served, cookie: str) -> None:
    headers = {b"cookie": f"ocop={cookie}".encode()} if cookie else {}
    async with served.browser() as client:
        client.headers.update(headers)
        for answer in (
            await client.get("/chat/messages"),
            await client.post("/chat/send", json={"key": "k" * 8, "text": "x"}, headers={"X-CSRF": "x"}),
            await client.post("/chat/file", files={"file": b"x"}, headers={"X-CSRF": "x"}),
        ):
            assert answer.status_code == 401
        assert (await client.get("/chat/file/1/0")).status_code == 404


@pytest.mark.parametrize("token", [None, "", "wrong", "ü".encode("latin-1"), "other"])
async def test_a_request_of_another_site_changes_nothing(served: Served, someone: Person, token: Any) -> None:
    if token == "other":  # somebody else's token
        async with served.browser() as client:
            other = Person(client)
            await other.open()
            token = other.csrf
    headers = {} if token is None else {"X-CSRF": token}
    body = {"key": "message-1", "text": "xin chao"}
    assert (await someone.client.post("/chat/send", json=body, headers=headers)).status_code == 403
    assert (await someone.client.post("/chat/file", files={"file": b"x"}, headers=headers)).status_code == 403
    assert await served.rows(web_messages) == []


# ---------------------------------------------------------------- saying something


async def test_text_press_and_place_reach_the_bot(served: Served, someone: Person) -> None:
    greeting = await someone.hears("trợ lý OCOP")
    agree = greeting["buttons"][0]
    answer = await someone.post({"key": "press-001", "press": agree["data"], "label": agree["label"]})
    assert (answer.status_code, answer.json()) == (200, {})
    await someone.hears("nhắc")
    await someone.says("có")
    place = {"latitude": 21.9, "longitude": 104}
    assert (await someone.post({"key": "place-001", "location": place})).status_code == 200
    await someone.hears()
    mine = [row.body["text"] for row in await served.rows(web_messages, web_messages.c.mine)]
    assert mine == ["", "có", "📍 21.90000, 104.00000"]  # what came before the consent is not kept


async def test_the_same_key_twice_is_one_message(served: Served, someone: Person) -> None:
    await someone.agrees()
    body = {"key": "the-same-key", "text": "ocop la gi?"}
    answers = await asyncio.gather(*(someone.post(body) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    await someone.hears()
    assert [m for m in await someone.new(1) if not m["mine"]] == []
    assert len(await served.rows(web_messages, web_messages.c.key == "the-same-key")) == 1


async def test_a_waiting_page_is_answered_as_soon_as_something_comes(served: Served, someone: Person) -> None:
    await someone.hears("trợ lý OCOP")
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await someone.new(1) == []
    assert loop.time() - began >= 1
    waiting = [asyncio.create_task(someone.client.get(f"/chat/messages?after={someone.after}&wait=20")) for _ in "ab"]
    await asyncio.sleep(0.1)
    began = loop.time()
    await someone.post({"key": "message-9", "text": "dong y"})
    both = [answer.json()["messages"] for answer in await asyncio.gather(*waiting)]
    assert loop.time() - began < 2
    assert all(messages[0]["key"] == "message-9" for messages in both)


async def test_a_page_somebody_looks_at_says_so(
    served: Served, someone: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hidden one asks without it: what it has fetched nobody has seen."""
    seen: list[int] = []

    async def saw(chat_id: str, after: int) -> None:
        seen.append(after)

    await someone.hears("trợ lý OCOP")
    monkeypatch.setattr(served.site.mailbox, "saw", saw)
    for query in (f"after={someone.after}", "after=0&visible=1", f"after={someone.after}&visible=1"):
        assert (await someone.client.get(f"/chat/messages?{query}&wait=0")).status_code == 200
    assert seen == [someone.after]


async def test_more_windows_than_anybody_has_do_not_wait(served: Served, someone: Person) -> None:
    await someone.hears("trợ lý OCOP")
    path = f"/chat/messages?after={someone.after}&wait=20"
    waiting = [asyncio.create_task(someone.client.get(path)) for _ in range(WAITING_PER_CHAT)]
    await asyncio.sleep(0.2)
    async with asyncio.timeout(5):
        assert (await someone.client.get(path)).json()["messages"] == []
        served.site.mailbox.close()
        await asyncio.gather(*waiting)


async def test_a_page_that_opens_gets_the_newest_and_one_that_was_away_all(served: Served, someone: Person) -> None:
    await someone.hears("trợ lý OCOP")
    chat_id = (await served.rows(web_messages))[0].chat_id
    for number in range(HISTORY + 30):
        await served.site.mailbox.deliver(chat_id, Outgoing(f"x{number}", f"tin {number}"))
    opened = (await someone.client.get("/chat/messages?after=0")).json()["messages"]
    assert [m["text"] for m in opened] == [f"tin {n}" for n in range(30, HISTORY + 30)]
    away = [m["text"] for m in await someone.new(0)] + [m["text"] for m in await someone.new(0)]
    assert away == [f"tin {n}" for n in range(HISTORY + 30)]


@pytest.mark.parametrize("after", ["-1", "x", "1e9", "٣", "9" * 9, "9" * 20, "9" * 5000, "1;DROP TABLE people"])
async def test_a_strange_position_is_no_error(someone: Person, after: str) -> None:
    answer = await someone.client.get("/chat/messages", params={"after": after, "wait": "0"})
    assert answer.status_code == 200


BAD_BODIES: tuple[Any, ...] = (
    b"",
    b"not json",
    b"\xff\xfe\xfd",
    b"[" * 1000 + b"]" * 1000,
    b'{"a":' * 1000 + b"1" + b"}" * 1000,
    b'{"key":' + b"9" * 5000 + b"}",
    b"null",
    b"[]",
    b'"text"',
    {},
    {"key": "message-1"},
    {"key": "short", "text": "x"},
    {"key": "k" * 41, "text": "x"},
    {"key": "../../etc", "text": "x"},
    {"key": 12345678, "text": "x"},
    {"key": ["message-1"], "text": "x"},
    {"key": "message-1", "text": 7},
    {"key": "message-1", "text": None},
    {"key": "message-1", "text": "  \n "},
    {"key": "message-1", "text": "\ud800"},
    {"key": "message-1", "text": ["x"]},
    {"key": "message-1", "press": {"a": 1}, "label": "x"},
    {"key": "message-1", "press": "x"},
    {"key": "message-1", "press": "x", "label": 5},
    {"key": "message-1", "location": "here"},
    {"key": "message-1", "location": {"latitude": "21", "longitude": 104}},
    {"key": "message-1", "location": {"latitude": 91, "longitude": 104}},
    {"key": "message-1", "location": {"latitude": 10**400, "longitude": 104}},
    b'{"key": "message-1", "location": {"latitude": NaN, "longitude": Infinity}}',
)


async def test_a_body_that_says_nothing_is_refused_and_nothing_breaks(served: Served, someone: Person) -> None:
    for number, body in enumerate(BAD_BODIES):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await someone.client.post("/chat/send", content=data, headers={"X-CSRF": someone.csrf})
        assert answer.status_code == 400, (number, data[:80])
        assert set(answer.json()) == {"error"}
    assert await served.rows(web_messages) == []


async def test_a_body_is_read_no_further_than_its_limit(served: Served, someone: Person) -> None:
    for size in (MAX_JSON_BYTES + 1, 2 * MIB):
        body = b'{"key": "message-1", "text": "' + b"a" * size + b'"}'
        answer = await someone.client.post("/chat/send", content=body, headers={"X-CSRF": someone.csrf})
        assert answer.status_code == 413
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1024
            yield b" " * 1024

    answer = await someone.client.post("/chat/send", content=endless(), headers={"X-CSRF": someone.csrf})
    assert answer.status_code == 413


@pytest.mark.parametrize("words", ["a\0b", "ok \ud800\udfff", "\u202eabc", "‍", "x" * 60_000, "%s %(a)s {0}", "';--"])
async def test_words_no_database_likes_are_answered(served: Served, someone: Person, words: str) -> None:
    await someone.agrees()
    body = json.dumps({"key": "strange-1", "text": words}).encode()
    answer = await someone.client.post("/chat/send", content=body, headers={"X-CSRF": someone.csrf})
    assert answer.status_code == 200
    assert (await someone.hears())["text"]
    assert await served.rows(updates, updates.c.error != "") == []


NEVER_MADE = (
    "o l o: l: o:: x:y:z l:start l:review.TL-26-0001 l:upload.X/pages o:menu/:nowhere o:consent/agree:yes:yes "
    "l:delete_data l:join l:case. o:register_idea.1/phone:1 l:" + "a" * 198
).split()


@pytest.mark.parametrize("press", NEVER_MADE)
async def test_a_button_that_never_was_is_answered_and_does_nothing(
    served: Served, someone: Person, press: str
) -> None:
    await someone.agrees()
    assert (await someone.post({"key": "pressed-1", "press": press, "label": "x"})).status_code == 200
    assert (await someone.hears())["text"]
    assert await served.rows(updates, updates.c.error != "") == []
    assert await served.rows(people_table, people_table.c.consent != "yes") == []


# ---------------------------------------------------------------- limits


async def test_who_sends_too_fast_is_told_when_to_come_again(someone: Person) -> None:
    answers = [await someone.post({"key": f"message-{n}", "text": ""}) for n in range(65)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 5 or len(answers) > 60  # a new minute may begin in between
    for answer in refused:
        assert answer.json() == {"error": "Too Many Requests", "retry_after_s": int(answer.headers["retry-after"])}
        assert 1 <= answer.json()["retry_after_s"] <= 60


async def test_one_address_opens_so_many_chats_a_minute_and_others_still_can(served: Served) -> None:
    statuses = []
    for _ in range(125):  # two minutes' worth, in case a new one begins
        async with served.browser("203.0.113.9") as client:
            statuses.append((await client.get("/")).status_code)
    assert 429 in statuses
    async with served.browser("203.0.113.10") as client:
        assert (await client.get("/")).status_code == 200


async def test_what_is_counted_for_a_limit_is_forgotten_with_its_time(served: Served) -> None:
    limits = served.site._limits
    for number in range(50):
        await limits.hit(parse("5/second"), "someone", str(number))
    await asyncio.sleep(1.1)
    await limits.hit(parse("5/second"), "someone", "else")
    await asyncio.sleep(0.1)
    assert len(limits.storage.storage) == 1  # type: ignore[attr-defined]  # the memory's own dictionary


# ---------------------------------------------------------------- files in the chat


async def test_an_upload_is_shown_to_its_own_chat_only(served: Served, someone: Person) -> None:
    await asked_for_pages(served, someone)
    assert (await someone.uploads("ảnh 1.png", PNG)).json() == {}
    mine = next(message for message in await someone.new() if message["mine"] and message["attachments"])
    url = mine["attachments"][0]["url"]
    shown = await someone.client.get(f"/{url}")
    assert (shown.status_code, shown.content, shown.headers["content-type"]) == (200, PNG, "image/png")
    assert shown.headers["content-disposition"].startswith("inline; filename*=UTF-8''")
    async with served.browser() as client:
        assert (await client.get(f"/{url}")).status_code == 404
        await client.get("/")
        assert (await client.get(f"/{url}")).status_code == 404
    for path in ("999/0", "1/99", f"{mine['id']}/1", "9" * 30 + "/0", "1/" + "9" * 5000, "-1/0", "a/b", "٣/0"):
        assert (await someone.client.get(f"/chat/file/{path}")).status_code == 404


async def test_while_the_store_is_away_a_file_is_asked_for_again(
    served: Served, someone: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page then tries by itself (static/chat.js); nothing of the first try is left, and nothing comes twice."""
    await asked_for_pages(served, someone)
    for name, value in (("ENDPOINT_URL", "http://127.0.0.1:9"), ("REGION", "x"), ("ALLOW_HTTP", "true")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    there = served.store._store
    monkeypatch.setattr(served.store, "_store", FileStore("s3://ocop")._store)
    assert (await someone.uploads("a.png", PNG, key="upload-1")).status_code == 503
    monkeypatch.setattr(served.store, "_store", there)
    for _ in range(2):
        assert (await someone.uploads("a.png", PNG, key="upload-1")).status_code == 200
    assert sum(bool(message["attachments"]) for message in await someone.new() if message["mine"]) == 1


async def test_a_page_in_disguise_is_never_opened_on_our_address(served: Served, someone: Person) -> None:
    await asked_for_pages(served, someone)
    for kind in ("text/html", "image/svg+xml", "application/xhtml+xml", "text/html\0", "x" * 300):
        await someone.uploads("a.html", b"<script>alert(1)</script>", kind, key=f"upload-{len(kind)}")
    seen = [m for m in await someone.new() if m["mine"] and m["attachments"]]
    assert len(seen) >= 4
    for message in seen:
        answer = await someone.client.get("/" + message["attachments"][0]["url"])
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\tmp\\a.png", "a.png"),
        ("gpj.\u202eexe.png", "gpj.exe.png"),
        ("x" * 500 + ".png", None),
        (NOT_CODE, None),
        ("\r\nSet-Cookie: a=b.png", None),
    ],
)
async def test_a_files_name_is_only_something_to_look_at(
    served: Served, someone: Person, name: str, shown: str | None
) -> None:
    await asked_for_pages(served, someone)
    assert (await someone.uploads(name, PNG)).status_code == 200
    attachment = next(m for m in await someone.new() if m["mine"] and m["attachments"])["attachments"][0]
    assert shown is None or attachment["name"] == shown
    assert len(attachment["name"]) <= 120
    assert not set(attachment["name"]) & set("/\\\r\n\u202e")
    answer = await someone.client.get("/" + attachment["url"])
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-disposition"].isascii()


async def test_uploads_have_limits_and_forms_must_be_forms(served: Served, someone: Person) -> None:
    await someone.agrees()
    csrf = {"X-CSRF": someone.csrf}
    assert (await someone.uploads("big.png", b"a" * (20 * MIB + 1))).status_code == 413
    assert (await someone.uploads("huge.png", b"a" * (22 * MIB))).status_code == 413
    assert (await someone.uploads("a.png", PNG, key="k")).status_code == 400
    post = someone.client.post
    several = [("file", ("a.png", PNG)), ("file", ("b.png", PNG))]
    assert (await post("/chat/file", data={"key": "upload-5"}, files=several, headers=csrf)).status_code == 400
    assert (await post("/chat/file", data={"key": "upload-5", "file": "words"}, headers=csrf)).status_code == 400
    kind = {"Content-Type": "multipart/form-data"}
    assert (await post("/chat/file", content=b"no boundary", headers={**csrf, **kind})).status_code == 400
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert (await post("/chat/file", content=b"--y\r\nbroken", headers={**csrf, **kind})).status_code == 400

    async def chunked() -> AsyncIterator[bytes]:
        yield b"--x"

    assert (await post("/chat/file", content=chunked(), headers={**csrf, **kind})).status_code == 413
    assert await served.rows(files) == []


async def test_twenty_megabytes_and_none_at_all_are_taken(served: Served, someone: Person) -> None:
    await someone.agrees()
    assert (await someone.uploads("large.png", b"a" * (20 * MIB), key="upload-1")).status_code == 200
    assert (await someone.uploads("empty.png", b"", key="upload-2")).status_code == 200
    served.clock.now += ALBUM
    assert (await someone.hears())["text"]
    assert await served.rows(updates, updates.c.error != "") == []


async def test_a_file_nobody_asked_for_leaves_its_name_only(served: Served, someone: Person, tmp_path: Path) -> None:
    await someone.agrees()
    assert (await someone.uploads("vườn chè.png", PNG)).status_code == 200
    assert not any(path.is_file() for path in (tmp_path / "files").rglob("*"))
    row = (await served.rows(web_messages, web_messages.c.key == "upload-1"))[0]
    assert row.body == {"text": "📎 vườn chè.png", "attachments": []}


async def writes_to_the_officer(someone: Person) -> dict[str, Any]:
    await someone.agrees()
    await someone.says("can bo", "tỉnh nào")
    await someone.says("lao cai")
    await someone.says("tan linh")
    return await someone.says("dung roi", "muốn nhắn gì")


async def test_a_voice_note_is_kept_played_and_passed_on(served: Served, someone: Person) -> None:
    asked = await writes_to_the_officer(someone)
    assert asked["takes_voice"]
    sound = ogg(2.0)
    assert (await someone.uploads("Ghi âm.ogg", sound, "audio/ogg; codecs=opus")).status_code == 200
    mine = next(message for message in await someone.new(0) if message["mine"] and message["attachments"])
    assert mine["attachments"][0]["media_type"] == "audio/ogg"

    async def fetched() -> bool:
        return [row.kind for row in await served.rows(files) if row.status == "stored"] == ["ogg"]

    await until(fetched)
    await someone.says("gửi đi", "cán bộ")
    (note,) = await served.rows(notes)
    assert note.files == [row.id for row in await served.rows(files)]
    url = "/" + mine["attachments"][0]["url"]
    played = await someone.client.get(url)
    assert (played.content, played.headers["content-type"]) == (sound, "audio/ogg")
    assert played.headers["content-disposition"].startswith("inline")
    assert played.headers["accept-ranges"] == "bytes"


async def test_a_player_may_ask_for_a_part(someone: Person) -> None:
    await writes_to_the_officer(someone)
    sound = ogg(2.0)
    await someone.uploads("Ghi âm.ogg", sound, "audio/ogg")
    mine = next(message for message in await someone.new(0) if message["mine"] and message["attachments"])
    url, size = "/" + mine["attachments"][0]["url"], len(sound)
    for asked, part in (
        ("bytes=0-1", sound[:2]),
        ("bytes=0-", sound),
        (f"bytes=10-{size + 500}", sound[10:]),
        (f"bytes={size - 1}-", sound[-1:]),
    ):
        answer = await someone.client.get(url, headers={"Range": asked})
        first = size - len(part) if asked != "bytes=0-1" else 0
        assert (answer.status_code, answer.content) == (206, part)
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/{size}"
        assert answer.headers["content-length"] == str(len(part))
        assert answer.headers["content-type"] == "audio/ogg"
        assert answer.headers["x-content-type-options"] == "nosniff"
    for asked in (f"bytes={size}-", "bytes=5-2"):
        answer = await someone.client.get(url, headers={"Range": asked})
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")
    for asked in ("bytes=-5", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b", "bytes=" + "9" * 400 + "-"):
        answer = await someone.client.get(url, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, sound)


async def test_a_voice_note_nobody_asked_for_is_not_kept(served: Served, someone: Person, tmp_path: Path) -> None:
    await someone.agrees()
    assert (await someone.uploads("Ghi âm.ogg", ogg(), "audio/ogg")).status_code == 200
    assert "chưa nghe được" in (await someone.hears("thoại"))["text"]
    assert not await served.rows(files)
    assert not any(path.is_file() for path in (tmp_path / "files").rglob("*"))


async def test_bytes_another_chat_still_shows_stay(served: Served, someone: Person) -> None:
    await asked_for_pages(served, someone)
    await someone.uploads("a.png", PNG)
    async with served.browser() as client:
        other = Person(client)
        await other.open()
        await other.agrees()
        assert (await other.uploads("b.png", PNG)).status_code == 200
    mine = next(message for message in await someone.new() if message["mine"] and message["attachments"])
    assert (await someone.client.get(f"/{mine['attachments'][0]['url']}")).content == PNG


async def test_a_chat_sends_so_much_a_day(someone: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.app.UPLOADS", parse("3/day"))
    await someone.agrees()
    assert (await someone.uploads("a.png", b"a" * MIB * 2, key="upload-1")).status_code == 200
    refused = await someone.uploads("b.png", b"b" * (MIB + 1), key="upload-2")
    assert refused.status_code == 429
    assert 0 < refused.json()["retry_after_s"] <= 24 * 3600
    assert (await someone.uploads("c.png", b"c" * MIB * 4, key="upload-3")).status_code == 413
    assert (await someone.post({"key": "message-99", "text": "ocop la gi"})).status_code == 200


# ---------------------------------------------------------------- consent and forgetting


async def test_before_a_yes_nothing_of_a_person_is_kept(served: Served, someone: Person, tmp_path: Path) -> None:
    await someone.hears("trợ lý OCOP")
    for words in ("Sùng Planted Mỷ", "0987 654 321 Planted", "Planted?", "dang ky Planted", "/start Planted"):
        await someone.says(words)
    await someone.post({"key": "press-009", "press": "o:consent/agree:Planted", "label": "Planted"})
    await someone.post({"key": "place-009", "location": {"latitude": 12.34567, "longitude": 104.76543}})
    await someone.uploads("Planted.png", PNG)
    await someone.hears()
    kept = await served.dump()
    for trace in ("planted", "Mỷ", "987654321", "987 654", "12.34567", "104.76543"):
        assert trace.lower() not in kept.lower()
    assert not any(path.is_file() for path in (tmp_path / "files").rglob("*"))


async def test_what_a_person_takes_back_is_gone(served: Served, someone: Person) -> None:
    await someone.agrees()
    await someone.says("dang ky")
    for words in ("lao cai", "tan linh", "dung roi", "Măng Planted", "thuc pham"):
        await someone.says(words)
    await someone.uploads("Planted.png", PNG)
    served.clock.now += ALBUM
    await someone.hears()
    assert "Planted" in await served.dump()
    await someone.says("xoa du lieu", "Em đang lưu")
    await someone.says("xoa du lieu cua toi", "Em sẽ xoá")
    await someone.says("xoa het", "xoá")
    assert "Planted" not in await served.dump()
    await someone.says("Planted lan nua")
    assert "Planted" not in await served.dump()


# ---------------------------------------------------------------- every answer


async def test_every_answer_has_the_security_headers_errors_too(served: Served, someone: Person) -> None:
    asked: tuple[tuple[str, str, int], ...] = (
        ("GET", "/", 200),
        ("GET", "/static/chat.js", 200),
        ("GET", "/static/none.js", 404),
        ("GET", "/static/../app.py", 404),
        ("GET", "/static/%2e%2e/app.py", 404),
        ("GET", "/none", 404),
        ("POST", "/", 405),
        ("GET", "/start/i-abc", 200),
        ("GET", "/start/a b", 404),
        ("GET", "/u/abc", 410),
        ("POST", "/u/abc", 410),
        ("GET", "/d/abc", 410),
        ("POST", "/d/abc", 410),
        ("GET", "/d/abc/picture.jpg", 404),
        ("GET", "/d/abc/other.jpg", 404),
        ("POST", "/chat/send", 403),
        ("GET", "/chat/file/1/0", 404),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/metrics", 404),
        ("POST", "/telegram", 404),  # off
    )
    for method, path, status in asked:
        answer = await someone.client.request(method, path)
        assert answer.status_code == status, path
        cache = "no-cache" if path.startswith("/static/") and "/../" not in path else "no-store"
        referrer = "same-origin" if path == "/start/i-abc" else "no-referrer"
        for name, value in {**HEADERS, "Cache-Control": cache, "Referrer-Policy": referrer}.items():
            assert answer.headers[name] == value, (path, name)
        assert "server" not in answer.headers
    assert (await someone.client.post("/")).headers["allow"] in ("GET, HEAD", "HEAD, GET")


async def test_a_bug_is_a_short_answer_and_its_words_stay_out_of_the_log(
    served: Served, someone: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(chat_id: str) -> str:
        raise ValueError("Sùng Thị Mỷ 0987 654 321")

    monkeypatch.setattr(served.site.mailbox, "locale", broken)
    answer = await someone.client.get("/")
    assert answer.status_code == 500
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Mỷ" not in answer.text + caplog.text
    assert "ValueError" in caplog.text


@pytest.mark.parametrize("path", ["/start/a.b", "/nothing", "/a/b/c", "/chat/file/1/0", "/metrics"])
async def test_who_opens_a_wrong_address_gets_a_page_with_a_way_on(served: Served, path: str) -> None:
    async with served.browser(accept="text/html,*/*;q=0.8", **{"accept-language": "en"}) as client:
        page = await client.get(path)
        assert page.status_code == 404
        assert page.headers["content-type"].startswith("text/html")
        assert "This page is not here." in page.text
        assert not re.search(r"%[A-Z]+%", page.text)
        action = re.search(r'<form method="get" action="([^"]+)">', page.text)
        assert action
        assert page.url.join(action[1]).path == "/"
        style = re.search(r'stylesheet" href="([^"]+)"', page.text)
        assert style
        assert (await client.get(page.url.join(style[1]))).status_code == 200
    async with served.browser() as script:
        assert (await script.get(path)).json() == {"error": "Not Found"}


async def test_a_page_for_people_says_when_to_come_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.app.NEW_CHATS", parse("1/minute"))
    async with served.browser(accept="text/html") as first, served.browser(accept="text/html") as second:
        assert (await first.get("/")).status_code == 200
        busy = await second.get("/")
        assert (busy.status_code, busy.headers["content-type"]) == (429, "text/html; charset=utf-8")
        assert 0 < int(busy.headers["retry-after"]) <= 60


async def test_static_files_are_packed_and_asked_for_again_only_if_changed(served: Served) -> None:
    async with served.browser(**{"accept-encoding": "gzip"}) as client:
        first = await client.get("/static/chat.js")
        assert first.headers["content-encoding"] == "gzip"
        again = await client.get("/static/chat.js", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_nothing_about_persons_is_in_the_metrics(served: Served, someone: Person) -> None:
    await someone.agrees()
    await someone.says("Sùng Thị Mỷ 0987654321")
    chat_id = (await served.rows(web_messages))[0].chat_id
    async with served.browser("127.0.0.1") as here:
        shown = (await here.get("/metrics")).text
        assert (await here.get("/metrics", headers={"x-forwarded-for": "198.51.100.7"})).status_code == 404
    assert (await someone.client.get("/metrics")).status_code == 404
    assert 'ocop_updates_total{channel="web",outcome="handled"}' in shown
    for secret in ("Mỷ", "0987654321", chat_id):
        assert secret not in shown


async def test_while_the_database_is_away_everybody_is_asked_to_come_again(
    served: Served, someone: Person, tmp_path: Path
) -> None:
    await someone.agrees()
    async with serving(make_engine(NOWHERE), tmp_path / "dark") as dark, dark.browser() as client:
        client.cookies.update(someone.client.cookies)
        person = Person(client)
        person.csrf = someone.csrf
        assert (await client.get("/healthz")).status_code == 200
        for answer in (
            await client.get("/readyz"),
            await client.get("/"),
            await client.get("/chat/messages"),
            await person.post({"key": "message-77", "text": "xin chào"}),
            await person.uploads("a.png", PNG),
            await client.get("/u/abc"),
            await client.post("/u/abc"),
            await client.get("/d/abc"),
            await client.post("/d/abc"),
            await client.get("/d/abc/picture.jpg"),
            await client.post("/start/i-abc"),
        ):
            assert answer.status_code == 503, answer.request.url
    assert (await someone.post({"key": "message-77", "text": "xin chào"})).status_code == 200
    assert (await someone.client.get("/readyz")).status_code == 200


# ---------------------------------------------------------------- invitations


async def invitation(served: Served, role: Role = Role.COMMUNE_OFFICER, territory: str = f"15/{COMMUNE}") -> str:
    async with served.engine.begin() as connection:
        return await people.invite(connection, role, territory, served.clock())


async def test_looking_at_an_invitation_does_not_use_it_up(served: Served) -> None:
    path = f"/start/i-{await invitation(served)}"
    async with served.browser(**{"sec-fetch-site": "cross-site"}) as client:
        for _ in range(3):
            door = await client.get(path)
            assert door.status_code == 200
            assert "set-cookie" not in door.headers
            assert (await client.head(path)).status_code == 200
    assert [row.used_at for row in await served.rows(invitations)] == [None]
    async with served.browser(**{"sec-fetch-site": "same-origin"}) as client:
        entered = await client.post(path)
        assert (entered.status_code, entered.headers["location"]) == (303, "../")
        person = Person(client)
        await person.open()
        await person.hears("cán bộ xã: xã Tân Lĩnh, Lào Cai")
        assert await person.new(1) == []  # a welcome is enough, no greeting beside it
    assert [row.territory for row in await served.rows(memberships)] == [f"15/{COMMUNE}"]


async def test_an_invitation_works_once_in_time_and_only_a_real_one(served: Served) -> None:
    used, old = await invitation(served), await invitation(served)
    async with served.browser() as first:
        await first.post(f"/start/i-{used}")
    served.clock.now += timedelta(days=7, seconds=1)
    for payload in (f"i-{used}", f"i-{old}", "i-" + "A" * 24, "i-", "x", "c-99999", "0" * 64):
        async with served.browser() as client:
            assert (await client.post(f"/start/{payload}")).status_code == 303
            person = Person(client)
            await person.open()
            assert (await person.hears())["text"]
    assert len(await served.rows(memberships)) == 1
    assert await served.rows(updates, updates.c.error != "") == []


async def test_of_two_who_open_an_invitation_at_once_one_becomes_an_officer(served: Served) -> None:
    path = f"/start/i-{await invitation(served)}"
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(served.browser()) for _ in range(4)]
        await asyncio.gather(*(client.post(path) for client in clients))
    assert len(await served.rows(memberships)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
async def test_another_site_cannot_walk_somebody_through_the_door(served: Served, headers: dict[str, str]) -> None:
    async with served.browser(**headers) as client:
        answer = await client.post(f"/start/i-{await invitation(served)}")
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    assert await served.rows(memberships) == []


async def test_the_door_opens_from_its_own_page_in_browsers_of_any_age(served: Served) -> None:
    own: tuple[dict[str, str], ...] = (
        {},
        {"origin": "http://ocop.test"},
        {"origin": "null", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    )
    for headers in own:
        async with served.browser(**headers) as client:
            door = await client.get(f"/start/c-{COMMUNE}")
            assert door.headers["referrer-policy"] == "same-origin"
            assert f'<form method="post" action="c-{COMMUNE}">' in door.text
            assert (await client.post(f"/start/c-{COMMUNE}")).status_code == 303


# ---------------------------------------------------------------- one-time upload links


@dataclass
class Linked:
    """A producer on a messenger of words, whose case is waiting for a paper."""

    code: str
    token: str
    conversation_id: int


PAPER = "business_plan"


async def linked(served: Served, chat_id: str = "phone-1", locale: str = "vi", channel: str = "numbers") -> Linked:
    now = served.clock()
    async with served.engine.begin() as connection:
        chat = (channel, chat_id)
        conversation = (await conversations_of(connection, {chat: locale}, now))[chat]
        await people.record_consent(connection, conversation, "dossier", True, "test", now)
        await people.set_person(connection, conversation.person_id, commune=COMMUNE)
        conversation = (await conversations_of(connection, {chat: locale}, now))[chat]
        answers = {**SAMPLE_ANSWERS, "product_group": "food", "producer_kind": "household"}
        code = await cases.submit_idea(connection, conversation, answers, now, frozenset())
        token = await people.upload_link(connection, conversation.id, code, PAPER, now)
    return Linked(code, token, conversation.id)


async def asked_for_pages(served: Served, person: Person) -> None:
    """The person's own chat is where the pages of a paper are taken."""
    await person.agrees()
    chat_id = (await served.rows(web_messages))[0].chat_id
    link = await linked(served, chat_id, channel="web")
    target = LinkFollowed(f"upload.{link.code}/pages", {"_paper": PAPER})
    await served.intake.submit(Update("web", "pages", chat_id, target))


def form_of(*named: tuple[str, bytes]) -> list[Any]:
    return [("files", (name, data, "image/png")) for name, data in named]


async def kept_files(served: Served) -> list[Any]:
    return sorted(await served.rows(files), key=lambda row: row.name)


async def test_pages_sent_through_a_link_become_the_right_paper_of_the_right_case(served: Served) -> None:
    other, link = await linked(served, "phone-0"), await linked(served)
    async with served.browser() as client:
        page = await client.get(f"/u/{link.token}")
        assert page.status_code == 200
        assert 'content="open"' in page.text
        assert "Kế hoạch" in page.text or "Phương án" in page.text
        photos = form_of(*((f"trang {n}.png", photo(n)) for n in range(30)))
        answer = await client.post(f"/u/{link.token}", files=photos)
        assert (answer.status_code, answer.json()) == (200, {"received": MAX_LINK_FILES})
        assert (await client.post(f"/u/{link.token}", files=photos)).status_code == 410
        assert (await client.get(f"/u/{link.token}")).status_code == 410

    async def stored() -> bool:
        return {row.status for row in await served.rows(files)} == {"stored"}

    await until(stored)
    assert [row.conversation_id for row in await served.rows(files)] == [link.conversation_id] * 30
    await served.intake.submit(Update("numbers", "done", "phone-1", TextReceived("xong")))
    kept = await served.rows(paper_table)
    assert [(row.paper, len(row.pages)) for row in kept] == [(PAPER, 30)]
    names = {row.id: row.name for row in await served.rows(files)}
    assert [names[page[0]] for page in kept[0].pages] == [f"trang {n}.png" for n in range(30)]
    assert {chat for chat, _ in served.poor.sent} == {"phone-1"}
    assert other.code != link.code


async def test_an_upload_link_ends_after_a_day_and_cannot_be_guessed(served: Served) -> None:
    link = await linked(served)
    served.clock.now += timedelta(hours=24, seconds=1)
    async with served.browser() as client:
        for token in (
            link.token,
            "A" * 24,
            link.token[:-1],
            link.token + "A",
            "%00",
            "é",
            "a" * 5000,
            people.digest("x"),
        ):
            assert (await client.get(f"/u/{token}")).status_code == 410
            assert (await client.post(f"/u/{token}", files=form_of(("a.png", PNG)))).status_code == 410
    assert await served.rows(files) == []


async def test_what_is_wrong_with_a_form_does_not_spend_the_link(served: Served) -> None:
    link = await linked(served)
    path = f"/u/{link.token}"
    async with served.browser() as client:
        assert (await client.post(path, data={"a": "b"})).status_code == 400
        assert (await client.post(path, files=[("other", ("a", b"x"))])).status_code == 400
        assert (await client.post(path, files=form_of(("a", b"x" * (20 * MIB + 1))))).status_code == 413
        many = form_of(*((f"{n}", b"x") for n in range(MAX_LINK_FILES + 1)))
        assert (await client.post(path, files=many)).status_code == 400
        assert (await client.get(path)).status_code == 200
    assert [row.used_at for row in await served.rows(upload_links)] == [None]
    assert await served.rows(files) == []


async def test_a_failure_on_the_way_leaves_the_link_open_and_nothing_arrives_twice(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await linked(served)
    submit, submitted = served.intake.submit, 0

    async def halfway(update: Update) -> None:
        nonlocal submitted
        submitted += 1
        if submitted == 3:
            raise ConnectionError
        await submit(update)

    pages = form_of(("1.png", PNG), ("2.png", PNG + b"2"), ("2 again.png", PNG + b"2"))
    async with served.browser() as client:
        monkeypatch.setattr(served.intake, "submit", halfway)
        assert (await client.post(f"/u/{link.token}", files=pages)).status_code == 503
        monkeypatch.undo()
        assert (await client.post(f"/u/{link.token}", files=pages)).status_code == 200
    assert [row.name for row in await kept_files(served)] == ["1.png", "2.png"]


async def test_the_upload_page_speaks_the_chats_language_and_is_read_by_nobody_else(served: Served) -> None:
    link = await linked(served, locale="en")
    async with served.browser(**{"accept-language": "vi"}) as client:
        page = await client.get(f"/u/{link.token}")
        assert '<html lang="en">' in page.text
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert "set-cookie" not in page.headers


# ---------------------------------------------------------------- Telegram's webhook

TELEGRAM_SECRET = "s" * 40


def telegram_update(update_id: int, words: str) -> dict[str, Any]:
    user = {"id": 7, "is_bot": False, "first_name": "Mẩy", "language_code": "vi"}
    chat = {"id": 7, "type": "private", "first_name": "Mẩy"}
    message = {"message_id": update_id, "date": 1700000000, "chat": chat, "from": user, "text": words}
    return {"update_id": update_id, "message": message}


@pytest.fixture
async def with_telegram(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    from bot.channels.telegram import Telegram

    channel = Telegram("123456:TEST-token-that-opens-nothing", "http://127.0.0.1:1", TELEGRAM_SECRET)
    async with serving(await warmed(make_engine(sqlite_url)), tmp_path, telegram=channel) as found:
        yield found
    await channel.close()


async def test_an_update_is_committed_before_telegram_is_told_so(with_telegram: Served) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET}
    async with with_telegram.browser() as client:
        for _ in range(2):  # delivered twice, done once
            answer = await client.post("/telegram", json=telegram_update(1, "/start"), headers=headers)
            assert answer.status_code == 200
            assert [row.key for row in await with_telegram.rows(updates)] == ["1"]
            assert len(await with_telegram.rows(outbox)) == 1


@pytest.mark.parametrize("secret", [None, "", "wrong", "é", TELEGRAM_SECRET + "s"])
async def test_who_does_not_know_the_secret_is_not_telegram(with_telegram: Served, secret: str | None) -> None:
    headers = {} if secret is None else {b"X-Telegram-Bot-Api-Secret-Token": secret.encode()}
    async with with_telegram.browser() as client:
        answer = await client.post("/telegram", json=telegram_update(1, "/start"), headers=headers)
        assert answer.status_code == 401
    assert await with_telegram.rows(updates) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        b"[]",
        b"{}",
        b'{"update_id": "x"}',
        b"[" * 100_000,
        b'{"update_id":1,"message":' * 1000,
        b"\xff",
    ],
)
async def test_what_is_no_update_is_counted_and_not_asked_for_again(with_telegram: Served, body: bytes) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET}
    async with with_telegram.browser("127.0.0.1") as client:
        assert (await client.post("/telegram", content=body, headers=headers)).status_code == 200
        assert 'outcome="unreadable"' in (await client.get("/metrics")).text


async def test_a_body_no_update_can_have_is_not_read_to_its_end(with_telegram: Served) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET}
    async with with_telegram.browser() as client:
        answer = await client.post("/telegram", content=b" " * (MAX_WEBHOOK_BYTES + 1), headers=headers)
        assert answer.status_code == 413


async def test_an_update_that_could_not_be_committed_is_asked_for_again(with_telegram: Served, tmp_path: Path) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET}
    channel = with_telegram.site.telegram
    async with serving(make_engine(NOWHERE), tmp_path / "dark", telegram=channel) as dark, dark.browser() as client:
        answer = await client.post("/telegram", json=telegram_update(1, "/start"), headers=headers)
        assert answer.status_code == 503
    async with with_telegram.browser() as client:
        answer = await client.post("/telegram", json=telegram_update(1, "/start"), headers=headers)
        assert answer.status_code == 200
    assert len(await with_telegram.rows(updates)) == 1


# ---------------------------------------------------------------- download links

PLAN = b"%PDF-1.7 a plan"


async def download(served: Served, data: bytes = PLAN, name: str = "Kế hoạch <b>.pdf", *, direct: bool = False) -> str:
    """A link to these bytes, as a message to somebody on a messenger of words has it."""
    async with served.engine.begin() as connection:
        chat = ("numbers", "phone-1")
        conversation = (await conversations_of(connection, {chat: "vi"}, served.clock()))[chat]
        media_type = "image/jpeg" if direct else "application/pdf"
        kept = (name, media_type, await served.store.put(data))
        return await links.add(connection, conversation.id, kept, served.clock(), direct=direct)


async def test_looking_at_a_download_link_uses_nothing_up(served: Served) -> None:
    token = await download(served)
    async with served.browser() as client:
        for method in ("GET", "HEAD") * 10:
            page = await client.request(method, f"/d/{token}")
            assert page.status_code == 200
            assert PLAN not in page.content
        page = await client.get(f"/d/{token}")
        assert "Kế hoạch &lt;b&gt;.pdf" in page.text
        assert 'method="post"' in page.text
        assert "Mở tệp" in page.text
    assert [row.opens for row in await served.rows(download_links)] == [0]


async def test_the_button_gives_the_file_to_be_saved_five_times(served: Served) -> None:
    token = await download(served)
    async with served.browser() as client:
        for _ in range(5):
            answer = await client.post(f"/d/{token}")
            assert (answer.status_code, answer.content) == (200, PLAN)
            assert answer.headers["content-type"] == "application/pdf"
            assert unquote(answer.headers["content-disposition"]) == "attachment; filename*=UTF-8''Kế hoạch <b>.pdf"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"
        for answer in (await client.post(f"/d/{token}"), await client.get(f"/d/{token}")):
            assert answer.status_code == 410
            assert "hỏi lại trong cuộc trò chuyện" in answer.text
            assert PLAN not in answer.content


async def test_a_download_link_ends_after_a_day_and_cannot_be_guessed(served: Served) -> None:
    token = await download(served)
    async with served.browser() as client:
        served.clock.now += timedelta(hours=23, minutes=59)
        assert (await client.get(f"/d/{token}")).status_code == 200
        served.clock.now += timedelta(minutes=1)
        for wrong in (token, token[:-1], token.swapcase(), "x" * 24, "%00", "é"):
            assert (await client.get(f"/d/{wrong}")).status_code == 410
            assert (await client.post(f"/d/{wrong}")).status_code == 410


async def test_bytes_that_are_lost_count_for_nothing(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    token = await download(served)
    (row,) = await served.rows(download_links)
    await served.store.delete(row.sha256)
    async with served.browser() as client:
        assert (await client.post(f"/d/{token}")).status_code == 410
    assert [row.opens for row in await served.rows(download_links)] == [0]
    assert token not in caplog.text


async def test_a_picture_is_given_to_the_platform_for_an_hour(served: Served) -> None:
    token, page = await download(served, PNG, "Ảnh.jpg", direct=True), await download(served)
    async with served.browser() as client:
        served.clock.now += timedelta(minutes=59)
        for _ in range(7):
            answer = await client.get(f"/d/{token}/picture.jpg")
            assert (answer.status_code, answer.content) == (200, PNG)
            assert answer.headers["content-type"] == "image/jpeg"
        assert (await client.get(f"/d/{token}")).status_code == 410
        assert (await client.post(f"/d/{token}")).status_code == 410
        assert (await client.get(f"/d/{page}/picture.jpg")).status_code == 404
        served.clock.now += timedelta(minutes=1)
        assert (await client.get(f"/d/{token}/picture.jpg")).status_code == 404

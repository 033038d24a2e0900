"""Every way by which something comes in, with the payload that its platform would make of it.

`async with open_doors(engine) as doors` has the whole site in this process; each of `WAYS` brings a `Thing` to it as
the platform does: by a signed webhook, an answer to polling, or a request of the chat page.
"""

import asyncio
import hashlib
import itertools
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
from itsdangerous import URLSafeSerializer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Channel, FileUnavailable
from bot.channels.telegram import Telegram
from bot.channels.zalo import Zalo
from bot.channels.zalo_bot import ZaloBot
from bot.fetch import Fetcher
from bot.handle import Intake
from bot.incoming import take
from bot.papers import MAX_FILE_BYTES
from bot.timers import Timers
from bot.web.app import Site
from bot.web.mailbox import Mailbox
from storage.files import FileStore
from storage.models import conversations, outbox
from tests.doubles.bot_api import TOKEN
from tests.doubles.zalo_oa import APP_ID, OA_ID, OA_SECRET
from tests.heart import taking, world_at
from tests.transcripts import BESIDE, CHANNELS, PUBLIC_URL, Clock

SECRET, KEY = "a-secret-of-the-bot", "k" * 40
JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Thing:
    """What somebody sends. `kind`: text, start, press, photo, file, voice, sticker, poll, video, edited, forwarded,
    contact, location, group, bot, post; `words` are its text, caption, payload or number.
    """

    kind: str
    words: str = ""
    name: str = ""
    data: bytes = b""


class Nobody:
    """Nothing goes out, so nothing needs a token."""

    async def token(self) -> str:
        raise NotImplementedError

    async def renewed(self, stale: str) -> str:
        raise NotImplementedError


class EnoughError(Exception):
    """There is no second list."""


class PolledTelegram(Telegram):
    """getUpdates answers once, with what lies in `waiting`."""

    waiting: list[JSON]

    async def _poll(self, offset: int) -> list[JSON]:
        if offset:
            raise EnoughError
        return self.waiting


class PolledZaloBot(ZaloBot):
    waiting: Iterator[JSON]

    async def _call(self, method: str, content: Any, within_s: float = 0.0) -> Any:
        for event in self.waiting:
            return event
        raise EnoughError


@dataclass
class Doors:
    """The site and what works beside it; `given` is what each platform gives for the address of a file."""

    engine: AsyncEngine
    site: Site
    intake: Intake
    client: httpx.AsyncClient
    clock: Clock
    store: FileStore
    telegram: PolledTelegram
    zalo_bot: PolledZaloBot
    given: bytes = b""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def fetched(self) -> None:
        """Files are looked at, and who waits for an album to end is answered."""
        giving: Any = _Giving(self.given)
        channels = dict.fromkeys(CHANNELS | BESIDE, giving)
        fetcher = Fetcher(self.engine, channels, self.store, self.site.world, asyncio.Event())
        while found := await fetcher._claim(50):
            for row in found:
                await fetcher._fetch(row)
        self.clock.now += timedelta(seconds=5)
        await Timers(self.engine, self.intake, self.site.world)._fire()

    async def said(self, channel: str, chat_id: str) -> list[str]:
        """All that this chat was ever sent."""
        of_it = (conversations.c.channel == channel, conversations.c.chat_id == chat_id)
        statement = select(outbox.c.body).join(conversations).where(*of_it).order_by(outbox.c.id)
        async with self.engine.connect() as connection:
            found = list((await connection.execute(statement)).scalars())
            await connection.rollback()
        return [str(body["text"]) for body in found]

    async def post(self, path: str, body: bytes, **headers: str) -> int:
        answer = await self.client.post(path, content=body, headers=headers)
        return answer.status_code


@dataclass(frozen=True)
class _Giving:
    data: bytes

    async def fetch(self, source: str) -> bytes:
        if len(self.data) > MAX_FILE_BYTES or not source:
            raise FileUnavailable("larger than 20 MiB")
        return self.data


@asynccontextmanager
async def open_doors(engine: AsyncEngine) -> AsyncIterator[Doors]:
    clock = Clock()
    world = replace(world_at(clock), channels=CHANNELS | BESIDE, public_url=PUBLIC_URL)
    store = FileStore("memory:///")
    async with taking(engine, world) as intake:
        site = Site(engine, world, intake, Mailbox(engine, store, world), KEY)
        site.telegram = Telegram(TOKEN, secret_token=SECRET)
        site.zalo = Zalo(APP_ID, OA_SECRET, Nobody(), clock=clock)
        site.zalo_bot = ZaloBot("1:a", secret_token=SECRET)
        transport = httpx.ASGITransport(site.application(), client=("198.51.100.7", 5000))
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
            doors = Doors(engine, site, intake, client, clock, store, PolledTelegram(TOKEN), PolledZaloBot("1:a"))
            yield doors
        for channel in (site.telegram, site.zalo, site.zalo_bot, doors.telegram, doors.zalo_bot):
            await channel.close()


# ---------------------------------------------------------------- the ways


class Way:
    """`title` for people; `chat(n)` is the id of the n-th person's chat. `bring` returns the HTTP status, 0 without."""

    title: str
    channel: str
    first = 5000

    def chat(self, number: int) -> str:
        return str(self.first + number)

    def carries(self, thing: Thing) -> bool:
        raise NotImplementedError

    async def bring(self, doors: Doors, who: str, *things: Thing) -> int:
        raise NotImplementedError

    @property
    def beside(self) -> "Way":
        """Where the same person types."""
        return self


class ByTelegram(Way):
    title, channel = "Telegram", "telegram"

    def carries(self, thing: Thing) -> bool:
        return True

    async def bring(self, doors: Doors, who: str, *things: Thing) -> int:
        status = 0
        for thing in things:
            status = await self.deliver(doors, telegram_update(next(doors.numbers), who, thing))
        return status

    async def deliver(self, doors: Doors, update: JSON) -> int:
        return await doors.post("/telegram", packed(update), **{"X-Telegram-Bot-Api-Secret-Token": SECRET})


class ByTelegramPolling(ByTelegram):
    title, first = "Telegram (polling)", 7000

    async def deliver(self, doors: Doors, update: JSON) -> int:
        doors.telegram.waiting = [json.loads(packed(update))]
        await polled_once(doors, doors.telegram)
        return 0


class ByZalo(Way):
    title, channel = "Zalo OA", "zalo"

    def chat(self, number: int) -> str:
        return str(2468458835296190000 + number)

    def carries(self, thing: Thing) -> bool:
        return thing.kind not in ("press", "poll", "edited", "forwarded", "post", "bot")

    async def bring(self, doors: Doors, who: str, *things: Thing) -> int:
        status = 0
        for thing in things:
            body = packed(zalo_event(next(doors.numbers), who, thing, doors.clock()))
            status = await doors.post("/zalo", body, **zalo_signature(body))
        return status


class ByZaloBot(Way):
    title, channel = "Zalo Bot", "zalo_bot"

    def chat(self, number: int) -> str:
        return f"6ede9afa{self.first + number}"

    def carries(self, thing: Thing) -> bool:
        return thing.kind in ("text", "start", "photo", "voice", "sticker", "group", "bot", "video")

    async def bring(self, doors: Doors, who: str, *things: Thing) -> int:
        status = 0
        for thing in things:
            status = await self.deliver(doors, zalo_bot_event(next(doors.numbers), who, thing))
        return status

    async def deliver(self, doors: Doors, event: JSON) -> int:
        return await doors.post("/zalo-bot", packed(event), **{"X-Bot-Api-Secret-Token": SECRET})


class ByZaloBotPolling(ByZaloBot):
    title, first = "Zalo Bot (polling)", 7000

    async def deliver(self, doors: Doors, event: JSON) -> int:
        doors.zalo_bot.waiting = iter([json.loads(packed(event))])
        await polled_once(doors, doors.zalo_bot)
        return 0


class ByPage(Way):
    """The chat page in a browser: its cookie, its token, its own requests."""

    title, channel = "Web chat", "web"

    def chat(self, number: int) -> str:
        return f"{number:032x}"

    def carries(self, thing: Thing) -> bool:
        return thing.kind in ("text", "start", "press", "photo", "file", "voice", "location")

    async def bring(self, doors: Doors, who: str, *things: Thing) -> int:
        cookie = URLSafeSerializer(KEY, salt="chat").dumps(who)
        doors.client.cookies = httpx.Cookies({"ocop": cookie})
        page = (await doors.client.get("/")).text
        csrf = re.search(r'name="csrf" content="([^"]+)"', page)
        assert csrf is not None
        status = 0
        for thing in things:
            status = (await self._post(doors, thing, csrf[1])).status_code
        return status

    async def _post(self, doors: Doors, thing: Thing, csrf: str) -> httpx.Response:
        key, headers = f"message-{next(doors.numbers)}", {"X-CSRF": csrf}
        match thing.kind:
            case "start":
                return await doors.client.post(f"/start/{thing.words}")
            case "photo" | "file" | "voice":
                kind = {"photo": "image/jpeg", "voice": "audio/ogg"}.get(thing.kind, "application/pdf")
                form = {"file": (thing.name or "anh.jpg", thing.data, kind)}
                return await doors.client.post("/chat/file", data={"key": key}, files=form, headers=headers)
            case "press":
                body: JSON = {"press": thing.words, "label": "Nút cũ"}
            case "location":
                body = {"location": {"latitude": 22.1, "longitude": 104.7}}
            case _:
                body = {"text": thing.words}
        return await doors.client.post("/chat/send", content=packed({"key": key} | body), headers=headers)


class ByUploadPage(ByZaloBot):
    """The page to which a chat leads that carries no files: by the newest link in it."""

    title, first = "Upload page", 8000

    @property
    def beside(self) -> Way:
        return ByZaloBot()

    def carries(self, thing: Thing) -> bool:
        return thing.kind in ("file", "photo")

    async def bring(self, doors: Doors, who: str, *things: Thing) -> int:
        shown = (await doors.said(self.channel, who))[-1]
        link = re.search(r"/u/[\w-]{24}", shown)
        assert link is not None, shown
        forms = [("files", (thing.name or "anh.jpg", thing.data, "application/pdf")) for thing in things]
        return (await doors.client.post(link[0], files=forms)).status_code


WAYS: tuple[Way, ...] = (ByTelegram(), ByTelegramPolling(), ByZalo(), ByZaloBot(), ByZaloBotPolling(), ByPage())


def packed(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=True).encode()


async def polled_once(doors: Doors, channel: Channel) -> None:
    """As bot.app does; asking for another list confirms the one before."""
    with suppress(EnoughError):
        async for found in channel.updates():
            for one in found:
                await take(doors.intake, one)


# ---------------------------------------------------------------- their payloads


def telegram_update(number: int, who: str, thing: Thing) -> JSON:
    person = {"id": int(who), "is_bot": thing.kind == "bot", "first_name": "Hoa", "language_code": "vi"}
    chat: JSON = {"id": int(who), "type": "private", "first_name": "Hoa"}
    if thing.kind == "group":
        chat = {"id": -1001234567890, "title": "Tổ OCOP", "type": "supergroup"}
    if thing.kind == "post":
        chat = {"id": -1009, "title": "Tin OCOP", "type": "channel"}
        return {"update_id": number, "channel_post": {"message_id": number, "chat": chat, "date": 1, "text": "Hội chợ"}}
    message = {"message_id": number, "from": person, "chat": chat, "date": 1795305600}
    if thing.kind == "press":
        press = {"id": "1", "from": person, "message": message | {"date": 0}, "chat_instance": "1", "data": thing.words}
        return {"update_id": number, "callback_query": press}
    which = "edited_message" if thing.kind == "edited" else "message"
    return {"update_id": number, which: message | telegram_content(number, who, thing)}


def telegram_content(number: int, who: str, thing: Thing) -> JSON:
    file = {"file_id": f"file-{number}", "file_unique_id": f"u{number}", "file_size": len(thing.data)}
    match thing.kind:
        case "start":
            return {"text": f"/start {thing.words}"}
        case "photo":
            return {"photo": [file | {"width": 1240, "height": 1754}]}
        case "file":
            return {"document": file | {"file_name": thing.name}}
        case "voice":
            return {"voice": file | {"duration": 3, "mime_type": "audio/ogg"}}
        case "video":
            return {"video": file | {"width": 640, "height": 480, "duration": 3}}
        case "sticker":
            shape = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
            return {"sticker": file | shape}
        case "poll":
            options = [{"persistent_id": "0", "text": "Chợ", "voter_count": 0}]
            shape = dict.fromkeys(("is_closed", "allows_multiple_answers", "allows_revoting", "members_only"), False)
            poll = {"id": "5", "question": "Bán ở đâu?", "options": options, "total_voter_count": 0, "type": "regular"}
            return {"poll": poll | shape | {"is_anonymous": True}}
        case "contact":
            return {"contact": {"phone_number": thing.words, "first_name": "Dũng", "user_id": int(who) + 1}}
        case "location":
            return {"location": {"latitude": 22.1, "longitude": 104.7}}
        case "forwarded":
            origin = {"type": "hidden_user", "date": 1795305000, "sender_user_name": "Dũng"}
            return {"text": thing.words, "forward_origin": origin}
    return {"text": thing.words}


def zalo_event(number: int, who: str, thing: Thing, now: datetime) -> JSON:
    kinds = {
        "photo": "user_send_image", "file": "user_send_file", "voice": "user_send_audio", "video": "user_send_video",
        "sticker": "user_send_sticker", "contact": "user_send_business_card", "location": "user_send_location",
        "group": "user_send_group_text",
    }  # fmt: skip
    url = f"https://photo-stal-8.zdn.vn/{number}"
    payload: JSON = {"url": url}
    if thing.kind == "file":
        payload |= {"name": thing.name, "size": str(len(thing.data)), "type": thing.name.rpartition(".")[2]}
    if thing.kind == "location":
        payload = {"coordinates": {"latitude": "22.1", "longitude": "104.7"}}
    message: JSON = {"msg_id": f"m-{number}"}
    if thing.kind in ("text", "start", "group"):
        message |= {"text": thing.words}
    else:
        message |= {"attachments": [{"type": thing.kind, "payload": payload}]}
    return {
        "event_name": kinds.get(thing.kind, "user_send_text"),
        "app_id": APP_ID,
        "user_id_by_app": "5521772797175877301",
        "sender": {"id": who},
        "recipient": {"id": OA_ID},
        "message": message,
        "timestamp": str(int(now.timestamp() * 1000)),
    }


def zalo_signature(body: bytes) -> dict[str, str]:
    found = re.search(rb'"timestamp": "(\d+)"', body)
    moment = found[1] if found is not None else b""
    signed = hashlib.sha256(APP_ID.encode() + body + moment + OA_SECRET.encode()).hexdigest()
    return {"X-ZEvent-Signature": f"mac={signed}"}


def zalo_bot_event(number: int, who: str, thing: Thing) -> JSON:
    kind = {"photo": "image", "start": "text", "group": "text", "bot": "text"}.get(thing.kind, thing.kind)
    kind = kind if kind in ("text", "image", "voice", "sticker") else "unsupported"
    content = {"image": "photo_url", "voice": "voice_url"}.get(kind)
    message: JSON = {
        "from": {"id": who, "display_name": "Lan", "is_bot": thing.kind == "bot"},
        "chat": {"id": "g1", "chat_type": "GROUP"} if thing.kind == "group" else {"id": who, "chat_type": "PRIVATE"},
        "message_id": f"m-{number}",
        "date": 1750316131602,
    }
    message |= {content: f"https://f.zdn.vn/{number}"} if content else {"text": thing.words} if kind == "text" else {}
    return {"event_name": f"message.{kind}.received", "message": message}

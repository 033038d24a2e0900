"""The HTTP application: chat page and its routes, upload links, the Telegram webhook, health and metrics."""

import asyncio
import hmac
import logging
import math
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from http import HTTPStatus
from typing import Any

from itsdangerous import BadData, Signer, URLSafeSerializer
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, generate_latest
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from bot.addresses import stopped
from bot.catalogs import LOCALES, Catalog
from bot.channels.base import BadSignature, Channel, ChannelError, Incoming, Update
from bot.fetch import STORED
from bot.handle import Closing, Intake, is_outage
from bot.incoming import take
from bot.links import PICTURE
from bot.papers import MEDIA_TYPES, SOUNDS, safe_name
from bot.web import asked, pages
from bot.web.counts import SharedCounts
from bot.web.mailbox import Mailbox
from bot.web.shell import Posts, Shell
from bot.world import World
from dialogs.model import (
    N_,
    CommandReceived,
    Event,
    FileReceived,
    FileRef,
    LinkFollowed,
    Text,
)
from dialogs.producer.upload import papers_of
from storage import backlog, links, push, reach
from storage.database import reading, writing
from storage.people import link_target
from storage.records import Wanted, conversations_of, facts_for

log = logging.getLogger(__name__)

COOKIE = "ocop"
COOKIE_DAYS = 365
MAX_WEBHOOK_BYTES = 1024 * 1024
MAX_ZALO_BYTES = 128 * 1024
"""Less, since the moment that is signed stands inside: it is parsed before anybody knows who wrote it, and 1 MiB of
empty lists took a tenth of a second. An event is one message of some thousand characters, or some addresses."""
ZALO_WITHIN_S = 1.8
"""Zalo waits 2 s for its 200, body and all."""
MAX_LINK_FILES = 30
IN_MEMORY = 4
"""Uploads read into memory at the same time, 20 MiB each at most; until then a body waits in a temporary file."""
LONGEST_WAIT_S = 25.0
INLINE = frozenset({"image/jpeg", "image/png", *(MEDIA_TYPES[kind] for kind in SOUNDS)})
"""Media types that a browser may show or play by itself; anything else is only ever saved."""
POSTS = parse("60/minute")
"""Per chat: faster than anybody types, slower than a script that wants to fill the disk."""
NEW_CHATS = parse("60/minute")
"""Per address: a village shares one connection on market day, a script opens thousands of chats."""
UPLOADS = parse("300/day")
"""Megabytes per chat: a whole dossier of photos, and far from filling a disk. More at once is never taken."""
REQUESTS = Counter("ocop_updates_total", "Updates by channel and outcome", ["channel", "outcome"])
requests_of = cache(REQUESTS.labels)
WAITING = Gauge("ocop_waiting", "What is due and not done: replies, notices, files, timers; of all processes", ["what"])
OLDEST = Gauge("ocop_waiting_oldest_seconds", "How long the first of these has been due", ["what"])
GIVEN_UP = Gauge("ocop_given_up", "Messages that failed and updates set aside, as long as they are kept", ["what"])
DATABASE_UP = Gauge("ocop_database_up", "1 if the database answered this very request", ["process"])

_FRESH = {"Cache-Control": "no-cache"}
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass
class Site:
    """Everything the routes need.

    `telegram`, `zalo` and `zalo_bot` are the channels of platforms that call us, or None; `consent` (bot.zalo.Consent)
    goes with `zalo`.
    """

    engine: AsyncEngine
    world: World
    intake: Intake
    mailbox: Mailbox
    secret_key: str
    web_chat: bool = True
    telegram: Any = None
    zalo: Any = None
    zalo_bot: Any = None
    consent: Any = None
    push: Any = None

    def __post_init__(self) -> None:
        self._cookies = URLSafeSerializer(self.secret_key, salt="chat")
        self._csrf = Signer(self.secret_key, salt="csrf")
        alone = self.engine.dialect.name != "postgresql"
        kept = MemoryStorage() if alone else SharedCounts(self.engine, self.secret_key)
        self._limits = FixedWindowRateLimiter(kept)
        self._memory = asyncio.Semaphore(IN_MEMORY)
        self._secure = self.world.public_url.startswith("https://")

    def application(self) -> ASGIApp:
        chat = [
            Route("/", self.page),
            Route("/start/{payload}", self.door, methods=["GET"]),
            Route("/start/{payload}", self.enter, methods=["POST"]),
            Route("/chat/messages", self.messages),
            Route("/chat/send", self.send, methods=["POST"]),
            Route("/chat/file", self.upload, methods=["POST"]),
            Route("/chat/file/{message_id}/{index}", self.download),
            Route("/manifest.webmanifest", self.manifest),
            Route("/sw.js", self.service_worker),
            Route("/chat/push", self.subscribe, methods=["POST"]),
            Route("/chat/push", self.unsubscribe, methods=["DELETE"]),
            Route("/push", self.shown, methods=["POST"]),
        ]
        routes = [
            *self._webhooks(),  # first: each request is compared with one route after the other
            *(chat if self.web_chat else []),
            Route("/u/{token}", self.link_page, methods=["GET"]),
            Route("/u/{token}", self.link_upload, methods=["POST"]),
            Route("/d/{token}", self.download_page, methods=["GET"]),
            Route("/d/{token}", self.download_file, methods=["POST"]),
            Route(f"/d/{{token}}/{PICTURE}", self.picture, methods=["GET"]),
            Route("/e/{token}", self.stop_page, methods=["GET"]),
            Route("/e/{token}", self.stop_mail, methods=["POST"]),
            Route("/healthz", self.healthz),
            Route("/readyz", self.readyz),
            Route("/metrics", self.metrics),
            Mount("/static", GZipMiddleware(StaticFiles(directory=pages.STATIC))),
        ]
        handlers: dict[Any, Callable[[Request, Any], Awaitable[Response]]] = {
            HTTPException: self._refused,
            SQLAlchemyError: self._away,
            OSError: self._away,
        }
        posts = {"/telegram": self.telegram_webhook} if self.telegram is not None else {}
        return Shell(Posts(posts, self._refused, Starlette(routes=routes, exception_handlers=handlers)), self._secure)

    def _webhooks(self) -> list[Route]:
        """Of the platforms that are on."""
        routes = []
        if self.telegram is not None:
            routes.append(Route("/telegram", self.telegram_webhook, methods=["POST"]))  # says what else it refuses
        if self.zalo is not None:
            routes.append(Route("/zalo", self.zalo_webhook, methods=["GET", "POST"]))
            routes.append(Route("/zalo/connected", self.zalo_connected, methods=["GET"]))
        if self.zalo_bot is not None:
            routes.append(Route("/zalo-bot", self.zalo_bot_webhook, methods=["GET", "POST"]))
        return routes

    # ------------------------------------------------------------ sessions

    def _chat(self, request: Request) -> str:
        """The chat of a signed cookie, or ""."""
        try:
            chat_id = self._cookies.loads(request.cookies.get(COOKIE, ""))
        except BadData:
            return ""
        return chat_id if isinstance(chat_id, str) else ""

    async def _required(self, request: Request) -> str:
        """The chat of a request that changes something: cookie, CSRF token and rate are in order."""
        chat_id = self._chat(request)
        if not chat_id:
            raise HTTPException(HTTPStatus.UNAUTHORIZED)
        if not hmac.compare_digest(request.headers.get("x-csrf", "").encode(), self._token(chat_id).encode()):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        await self._hit(POSTS, "post", chat_id)
        return chat_id

    async def _hit(self, limit: RateLimitItem, *who: str, cost: int = 1) -> None:
        """Count a request; above the limit 429 that says when to come again."""
        if not await self._limits.hit(limit, *who, cost=cost):
            stats = await self._limits.get_window_stats(limit, *who)
            wait_s = max(1, math.ceil(stats.reset_time - time.time()))
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(wait_s)})

    async def _room(self, size_bytes: int, *chat: str) -> None:
        """Count bytes that are to be kept for a chat; 413 for more than a day's worth, 429 when the day is full."""
        megabytes = max(1, math.ceil(size_bytes / 2**20))
        if megabytes > UPLOADS.amount:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        await self._hit(UPLOADS, "upload", *chat, cost=megabytes)

    def _token(self, chat_id: str) -> str:
        return self._csrf.get_signature(chat_id).decode()

    async def _opened(self, request: Request) -> str:
        """The chat of this browser; a new one for a new browser."""
        if chat_id := self._chat(request):
            return chat_id
        address = request.client.host if request.client else ""
        await self._hit(NEW_CHATS, "new", address)
        return uuid.uuid4().hex

    def _with_cookie(self, response: Response, chat_id: str) -> Response:
        value = str(self._cookies.dumps(chat_id))
        age = COOKIE_DAYS * 24 * 3600
        response.set_cookie(COOKIE, value, max_age=age, httponly=True, samesite="lax", secure=self._secure)
        return response

    # ------------------------------------------------------------ the chat page

    async def page(self, request: Request) -> Response:
        chat_id = await self._opened(request)
        locale = await self._locale(request, chat_id)
        words = {"CSRF": self._token(chat_id), "LANG": locale, "NAME": pages.name(self.world.catalog(locale))}
        words["PUSH"] = self.push.public_key if self.push is not None else ""
        return self._with_cookie(pages.filled("chat.html", words), chat_id)

    async def _locale(self, request: Request, chat_id: str) -> str:
        known = await self.mailbox.locale(chat_id) if self._chat(request) else ""
        return known or asked.locale(request, self.world.default_locale)

    async def door(self, request: Request) -> Response:
        """A page with one button: a link preview that fetches an invitation must not use it up."""
        payload = request.path_params["payload"]
        if not _PAYLOAD.fullmatch(payload):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        catalog = self.world.catalog(asked.locale(request, self.world.default_locale))
        invited = catalog.say(Text(N_("Somebody invited you to the OCOP assistant.")))
        door = pages.filled("door.html", pages.door(catalog, invited, "../", "post", payload))
        door.headers["Referrer-Policy"] = "same-origin"  # without a referrer the button's Origin would be "null"
        return door

    async def enter(self, request: Request) -> Response:
        payload = request.path_params["payload"]
        if not _PAYLOAD.fullmatch(payload):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if not asked.is_from_here(request):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        chat_id = await self._opened(request)
        await self._hit(POSTS, "post", chat_id)
        await self._submit(chat_id, f"start-{uuid.uuid4().hex}", CommandReceived("start", payload), request)
        return self._with_cookie(RedirectResponse("../", HTTPStatus.SEE_OTHER), chat_id)

    async def messages(self, request: Request) -> Response:
        chat_id = self._chat(request)
        if not chat_id:
            raise HTTPException(HTTPStatus.UNAUTHORIZED)
        after, wait_s = asked.number(request, "after"), min(asked.number(request, "wait"), LONGEST_WAIT_S)
        if not after and not await self.mailbox.locale(chat_id):  # nothing was ever said here
            await self._submit(chat_id, "first", CommandReceived("start"), request)
        if after and "visible" in request.query_params:
            await self.mailbox.saw(chat_id, int(after))
        found = await self.mailbox.messages(chat_id, int(after), wait_s)
        return JSONResponse({"messages": found, "lang": await self._locale(request, chat_id)})

    async def send(self, request: Request) -> Response:
        chat_id = await self._required(request)
        data = await asked.json_in(request)
        key, event, shown = asked.spoken(data)
        await self.mailbox.echo(chat_id, key, shown)
        await self._submit(chat_id, key, event, request)
        return JSONResponse({})

    async def upload(self, request: Request) -> Response:
        """A file for the chat. Before there is consent the bot hears of it, and nothing of it is kept."""
        chat_id = await self._required(request)
        async with asked.form_in(request, files=1) as form:
            key, file = form.get("key"), form.get("file")
            if not isinstance(key, str) or not asked.KEY.fullmatch(key) or not isinstance(file, UploadFile):
                raise HTTPException(HTTPStatus.BAD_REQUEST)
            media_type = asked.media_type(file)
            is_photo, is_voice = media_type.startswith("image/"), media_type.startswith("audio/")
            ref = FileRef(asked.file_id(chat_id, key), "", asked.size_of(file), is_photo, is_voice)
            if not await self.mailbox.may_keep(chat_id):
                await self.mailbox.echo(chat_id, key, "")
                await self._submit(chat_id, key, FileReceived(ref), request)
                return JSONResponse({})
            await self._room(ref.size_bytes, "web", chat_id)
            sha256, name = await self._kept(file), safe_name(file.filename or "")
        await self.mailbox.echo(chat_id, key, "", {"sha256": sha256, "name": name, "media_type": media_type})
        await self._submit(chat_id, key, FileReceived(replace(ref, name=name)), request, f"{STORED}{sha256}")
        await self.mailbox.settle(chat_id, key, ref.id, sha256, name)
        return JSONResponse({})

    async def _kept(self, file: UploadFile) -> str:
        """The SHA-256 under which the bytes are kept now."""
        async with self._memory:
            return await self.mailbox.keep_upload(await file.read())

    async def download(self, request: Request) -> Response:
        """A file of one of this chat's own messages; never shown as a page of this site."""
        chat_id = self._chat(request)
        message_id, index = (asked.whole(request.path_params[name]) for name in ("message_id", "index"))
        found = await self.mailbox.attachment(chat_id, message_id, index) if chat_id else None
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        data, name, media_type = found
        inline = media_type in INLINE
        kind = media_type if inline or media_type == "application/pdf" else "application/octet-stream"
        headers = {
            "Content-Disposition": pages.disposition(name, inline=inline),
            "Cache-Control": "private, max-age=3600",
        }
        return pages.ranged(request, Response(data, media_type=kind, headers=headers | {"Accept-Ranges": "bytes"}))

    async def _submit(self, chat_id: str, key: str, event: Event, request: Request, source: str = "") -> None:
        locale = asked.locale(request, self.world.default_locale)
        update = Update("web", f"{chat_id}:{key}", chat_id, event, locale, source)
        await self._taken(update)

    async def _taken(self, update: Update) -> None:
        """Handled and committed, or 503 so that the sender tries again."""
        try:
            await self.intake.submit(update)
        except (Closing, SQLAlchemyError, OSError):
            requests_of(update.channel, "unavailable").inc()
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE) from None
        requests_of(update.channel, "handled").inc()

    # ------------------------------------------------------------ the chat page as an app, and its notices

    async def manifest(self, request: Request) -> Response:
        """What the chat is called and looks like on a phone's screen (W3C Web Application Manifest)."""
        lang = request.query_params.get("lang", "")
        catalog = self.world.catalog(lang if lang in LOCALES else asked.locale(request, self.world.default_locale))
        return JSONResponse(pages.manifest(catalog), media_type="application/manifest+json", headers=_FRESH)

    async def service_worker(self, request: Request) -> Response:
        """Beside the page and not under /static: that makes the page's folder its scope."""
        return Response((pages.STATIC / "sw.js").read_bytes(), media_type="text/javascript", headers=_FRESH)

    async def subscribe(self, request: Request) -> Response:
        """A browser that wants to be told; 409 before its person has agreed that anything is kept of them."""
        chat_id = await self._required(request)
        data = await asked.json_in(request)
        try:
            browser = self._pushing.accepts(data)
        except ValueError:
            raise HTTPException(HTTPStatus.BAD_REQUEST) from None
        if not await self.mailbox.may_keep(chat_id):
            raise HTTPException(HTTPStatus.CONFLICT)
        async with writing(self.engine) as connection:
            keys = (browser.endpoint, browser.p256dh, browser.auth)
            await push.subscribe(connection, chat_id, *keys, self.world.clock())
        return JSONResponse({})

    async def unsubscribe(self, request: Request) -> Response:
        chat_id = await self._required(request)
        endpoint = (await asked.json_in(request)).get("endpoint")
        if not isinstance(endpoint, str):
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        async with writing(self.engine) as connection:
            await push.unsubscribe(connection, chat_id, endpoint)
        return JSONResponse({})

    async def shown(self, request: Request) -> Response:
        """A service worker reports a notice; it has no token of a page, but an id that only it could read."""
        await self._hit(POSTS, "shown", request.client.host if request.client else "")
        try:
            receipts = self._pushing.read(request.headers, await asked.limited(request, asked.MAX_JSON_BYTES))
        except (ValueError, RecursionError):
            raise HTTPException(HTTPStatus.BAD_REQUEST) from None
        for receipt in receipts:
            await take(self.intake, receipt)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    @property
    def _pushing(self) -> Any:
        if self.push is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return self.push

    # ------------------------------------------------------------ the link that ends e-mails

    async def stop_page(self, request: Request) -> Response:
        """A page with one button: programs that look through a mailbox open every link."""
        if stopped(self.secret_key, token := request.path_params["token"]) is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        catalog = self.world.catalog(asked.locale(request, self.world.default_locale))
        words = pages.door(catalog, catalog.say(Text(N_("Shall I send no more e-mails to you?"))), "../", "post", token)
        return pages.filled("door.html", {**words, "OPEN": catalog.say(Text(N_("No more e-mails")))})

    async def stop_mail(self, request: Request) -> Response:
        """By that button, or by a mail program's own (RFC 8058), which has no cookie and asks nobody."""
        if (conversation_id := stopped(self.secret_key, request.path_params["token"])) is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        async with writing(self.engine) as connection:
            await reach.stop(connection, conversation_id)
        return self._told(request, MAIL_STOPPED, HTTPStatus.OK)

    # ------------------------------------------------------------ one-time upload links

    async def link_page(self, request: Request) -> Response:
        now = self.world.clock()
        async with reading(self.engine) as connection:
            link = await link_target(connection, request.path_params["token"], now, use=False)
        catalog = self.world.catalog(
            link.locale if link is not None else asked.locale(request, self.world.default_locale)
        )
        words = {
            "LANG": catalog.locale,
            "CSRF": "",
            "STATE": "open" if link is not None else "gone",
            "TITLE": pages.name(catalog),
            "PAPER": await self._paper_name(link, catalog) if link is not None else "",
        }
        return pages.filled("upload.html", words, HTTPStatus.OK if link is not None else HTTPStatus.GONE)

    async def _paper_name(self, link: Any, catalog: Catalog) -> str:
        async with writing(self.engine) as connection:
            chat = (link.channel, link.chat_id)
            conversation = (await conversations_of(connection, {chat: "vi"}, self.world.clock()))[chat]
            found = await facts_for(connection, [Wanted(conversation, link.case_code)], self.world.facts())
        case = found[conversation.id].case(link.case_code)
        paper = next((p for p in papers_of(case) if p.id == link.paper), None) if case is not None else None
        return catalog.say(paper.label) if paper is not None else link.case_code

    async def link_upload(self, request: Request) -> Response:
        """The files of one paper: they arrive in the chat as if they had been sent there.

        The link is spent last, so that a failure on the way leaves it open; what had arrived by then arrives once.
        """
        token, now = request.path_params["token"], self.world.clock()
        async with reading(self.engine) as connection:
            link = await link_target(connection, token, now, use=False)
        if link is None:
            raise HTTPException(HTTPStatus.GONE)
        async with asked.form_in(request, files=MAX_LINK_FILES) as form:
            files = [f for f in form.getlist("files") if isinstance(f, UploadFile)]
            if not files:
                raise HTTPException(HTTPStatus.BAD_REQUEST)
            sizes_bytes = [asked.size_of(file) for file in files]
            await self._room(sum(sizes_bytes), link.channel, link.chat_id)
            sources = [await self._kept(file) for file in files]
        refs: dict[str, FileRef] = {}
        for file, sha256, size_bytes in zip(files, sources, sizes_bytes, strict=True):
            name, file_id = safe_name(file.filename or ""), asked.file_id(link.token_sha256, sha256)
            refs.setdefault(sha256, FileRef(file_id, name, size_bytes, is_photo=False))
        await self._link_files(link, refs)
        for sha256 in refs:
            await self.mailbox.discard(sha256)
        async with writing(self.engine) as connection:
            await link_target(connection, token, now, use=True)
        return JSONResponse({"received": len(files)})

    async def _link_files(self, link: Any, refs: dict[str, FileRef]) -> None:
        """`refs` by SHA-256, in order. Submitted together, so that nothing comes in between."""
        start = f"link-{link.token_sha256[:24]}"
        target = LinkFollowed(f"upload.{link.case_code}/pages", {"_paper": link.paper})
        updates = [Update(link.channel, f"{start}-{uuid.uuid4().hex[:8]}", link.chat_id, target)]
        for sha256, ref in refs.items():
            key, source = f"{start}-{sha256[:24]}", f"{STORED}{sha256}"
            updates.append(Update(link.channel, key, link.chat_id, FileReceived(ref), source=source))
        await asyncio.gather(*(self._taken(update) for update in updates))

    # ------------------------------------------------------------ download links

    async def download_page(self, request: Request) -> Response:
        """A page with one button: a link preview that fetches the link must not use it up."""
        token = request.path_params["token"]
        async with reading(self.engine) as connection:
            link = await links.found(connection, token, self.world.clock())
        if link is None:
            return self._no_download(request)
        catalog = self.world.catalog(link.locale)
        hint = catalog.say(Text(N_("If nothing opens, open this page in the browser: the three dots in its corner.")))
        opening = catalog.say(Text(N_("Open it")))
        page = {"LANG": catalog.locale, "NAME": pages.name(catalog), "FILE": link.name, "HINT": hint, "OPEN": opening}
        return pages.filled("download.html", {**page, "ACTION": token, "STATE": ""})

    async def download_file(self, request: Request) -> Response:
        """The file, to be saved: never shown as a page of this site. Counted only once its bytes are there."""
        token, now = request.path_params["token"], self.world.clock()
        async with reading(self.engine) as connection:
            link = await links.found(connection, token, now)
        data = await self._linked_bytes(link)
        if link is None or data is None:
            return self._no_download(request)
        async with writing(self.engine) as connection:
            if not await links.opened(connection, token, now):
                return self._no_download(request)
        headers = {"Content-Disposition": pages.disposition(link.name, inline=False)}
        return Response(data, media_type=link.media_type, headers=headers)

    async def picture(self, request: Request) -> Response:
        """A picture for the messenger that fetches it to show it; its address is known to that messenger alone."""
        async with reading(self.engine) as connection:
            link = await links.found(connection, request.path_params["token"], self.world.clock(), direct=True)
        data = await self._linked_bytes(link)
        if link is None or data is None or link.media_type not in INLINE:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return Response(data, media_type=link.media_type)

    async def _linked_bytes(self, link: Any) -> bytes | None:
        try:
            return await self.mailbox.kept(link.sha256) if link is not None else None
        except (FileNotFoundError, ValueError):
            log.error("the bytes of a download link are lost")
            return None

    def _no_download(self, request: Request) -> Response:
        catalog = self.world.catalog(asked.locale(request, self.world.default_locale))
        gone = catalog.say(Text(N_("This link no longer works.")))
        again = catalog.say(Text(N_("Please ask for it again in the chat where you found it.")))
        page = {"LANG": catalog.locale, "NAME": pages.name(catalog), "FILE": gone, "HINT": again, "OPEN": ""}
        return pages.filled("download.html", {**page, "ACTION": "", "STATE": "hidden"}, HTTPStatus.GONE)

    # ------------------------------------------------------------ Telegram

    async def telegram_webhook(self, request: Request) -> Response:
        """200 after the commit, so Telegram's redelivery is the retry; the press is acknowledged in the answer."""
        body = await asked.limited(request, MAX_WEBHOOK_BYTES)
        try:
            updates = await self.telegram.received(request.headers, body)
        except BadSignature:
            requests_of("telegram", "bad signature").inc()
            raise HTTPException(HTTPStatus.UNAUTHORIZED) from None
        except (ValueError, RecursionError):
            requests_of("telegram", "unreadable").inc()
            return Response()  # it would come again for a day, and never be better
        for update in updates:
            await self._taken(update)
        answer = self.telegram.webhook_answer(updates[0]) if updates else None
        return JSONResponse(answer) if answer else Response()

    # ------------------------------------------------------------ Zalo

    async def zalo_webhook(self, request: Request) -> Response:
        return await self._posted(request, self.zalo)

    async def zalo_bot_webhook(self, request: Request) -> Response:
        return await self._posted(request, self.zalo_bot)

    async def _posted(self, request: Request, channel: Channel) -> Response:
        """200 to everything within 2 s, as Zalo switches off what answers anything else, probes included.

        Only what verifies is processed. What verifies and can't be committed gets 503: the platform's next try is then
        all that saves it, and its key makes that harmless.
        """
        incoming: Sequence[Incoming] = ()
        try:
            async with asyncio.timeout(ZALO_WITHIN_S):
                incoming = _believed(channel, request.headers, await asked.up_to(request, MAX_ZALO_BYTES))
                for one in incoming:
                    await take(self.intake, one)
                    requests_of(channel.name, "handled").inc()
        except (Closing, SQLAlchemyError, OSError) as error:  # a timeout is an OSError
            if not incoming:  # its body did not come in time
                requests_of(channel.name, "unreadable").inc()
                return Response()
            if not isinstance(error, Closing | TimeoutError) and not is_outage(error):
                raise
            requests_of(channel.name, "unavailable").inc()
            return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
        return Response()

    async def zalo_connected(self, request: Request) -> Response:
        """Where Zalo's permission page leads back to: an administrator of the account has agreed, or has not."""
        await self._hit(NEW_CHATS, "zalo", request.client.host if request.client else "")
        code, state = (request.query_params.get(name, "") for name in ("code", "state"))
        try:
            await self.consent.finish(code, state)
        except LookupError:
            return self._told(request, CONSENT_GONE, HTTPStatus.GONE)
        except ChannelError as error:
            log.error("the Official Account was not connected: %s", error)
            return self._told(request, CONSENT_REFUSED, HTTPStatus.BAD_GATEWAY)
        return self._told(request, CONSENT_GIVEN, HTTPStatus.OK)

    def _told(self, request: Request, words: Text, status: HTTPStatus) -> Response:
        """A page with a few words; where there is no chat that its button could open, the words alone."""
        catalog = self.world.catalog(asked.locale(request, self.world.default_locale))
        if not self.web_chat:
            return PlainTextResponse(f"{catalog.say(words)}\n", status)
        root = "../" * (request.url.path.count("/") - 1) or "./"
        return pages.filled("door.html", pages.door(catalog, catalog.say(words), root, "get", root), status)

    # ------------------------------------------------------------ operations

    async def healthz(self, request: Request) -> Response:
        """The process runs."""
        return PlainTextResponse("ok\n")

    async def readyz(self, request: Request) -> Response:
        """The process can do its work: the database answers."""
        try:
            async with reading(self.engine) as connection:
                await connection.execute(sql("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return PlainTextResponse("the database does not answer\n", HTTPStatus.SERVICE_UNAVAILABLE)
        return PlainTextResponse("ok\n")

    async def metrics(self, request: Request) -> Response:
        """For this machine alone: what came through the proxy names whom it came from."""
        host = request.client.host if request.client else ""
        if host not in ("127.0.0.1", "::1") or "x-forwarded-for" in request.headers:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        await self._look()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def _look(self) -> None:
        """Note what the database knows of all processes; what was known stays while it is away."""
        try:
            async with reading(self.engine) as connection:
                for one in await backlog.waiting(connection, self.world.clock()):
                    WAITING.labels(one.what).set(one.count)
                    OLDEST.labels(one.what).set(one.oldest_s)
                for what, count in (await backlog.given_up(connection)).items():
                    GIVEN_UP.labels(what).set(count)
        except (SQLAlchemyError, OSError):
            DATABASE_UP.labels("web").set(0)
        else:
            DATABASE_UP.labels("web").set(1)

    # ------------------------------------------------------------ errors

    async def _refused(self, request: Request, error: Any) -> Response:
        """Short answers without details; the page knows what each status means."""
        return self._error(request, HTTPStatus(error.status_code), error.headers or {})

    async def _away(self, request: Request, error: Exception) -> Response:
        """While the database is away, the sender is to try again; anything else of its errors is a bug."""
        if not is_outage(error):
            raise error
        log.error("the database is not there: %s", type(error).__name__)
        return self._error(request, HTTPStatus.SERVICE_UNAVAILABLE, {})

    def _error(self, request: Request, status: HTTPStatus, headers: Mapping[str, str]) -> Response:
        """A page with a way on for a person who opened an address; JSON for our scripts and everybody else's."""
        if self.web_chat and "text/html" in request.headers.get("accept", ""):
            page = self._told(request, pages.sorry(status), status)
            page.headers.update(headers)
            return page
        body: dict[str, Any] = {"error": status.phrase}
        if "Retry-After" in headers:
            body["retry_after_s"] = int(headers["Retry-After"])
        return JSONResponse(body, status, headers)


MAIL_STOPPED = Text(N_("I send no more e-mails to you. In the chat you can have them sent again."))
CONSENT_GIVEN = Text(N_("The Zalo account is connected. There is nothing more to do here."))
CONSENT_GONE = Text(
    N_("This page is older than 10 minutes, or was used. On the server, run python -m bot zalo connect again.")
)
CONSENT_REFUSED = Text(
    N_("Zalo did not agree. On the server, run python -m bot zalo check, then python -m bot zalo connect again.")
)


def _believed(channel: Channel, headers: Mapping[str, str], body: bytes | None) -> Sequence[Incoming]:
    """What a call says, nothing if the platform did not sign it or nobody can read it; that is counted."""
    try:
        if body is None:
            raise ValueError("a body that is too long")
        return channel.read(headers, body)
    except BadSignature:
        requests_of(channel.name, "bad signature").inc()
    except (ValueError, RecursionError):
        requests_of(channel.name, "unreadable").inc()
    return ()

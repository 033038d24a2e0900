"""The HTTP application: chat page and its routes, upload links, the Telegram webhook, health and metrics."""

import hmac
import json
import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Any

from itsdangerous import BadSignature as BadCookie
from itsdangerous import Signer, URLSafeSerializer
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from prometheus_client import CONTENT_TYPE_LATEST, Counter, generate_latest
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.catalogs import Catalog
from bot.channels.base import BadSignature, Update, pressed
from bot.fetch import STORED
from bot.handle import Closing, Intake
from bot.papers import MAX_FILE_BYTES, safe_name
from bot.web.mailbox import Mailbox
from bot.world import World
from dialogs.model import (
    N_,
    CommandReceived,
    Event,
    FileReceived,
    FileRef,
    LinkFollowed,
    LocationShared,
    Text,
    TextReceived,
)
from dialogs.producer.upload import papers_of
from storage.database import reading
from storage.people import link_target
from storage.records import Wanted, conversations_of, facts_for

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
COOKIE = "ocop"
COOKIE_DAYS = 365
MAX_JSON_BYTES = 64 * 1024
MAX_TEXT_CHARS = 8_000
MAX_WEBHOOK_BYTES = 1024 * 1024
MAX_UPLOAD_BYTES = MAX_FILE_BYTES + 1024 * 1024
MAX_LINK_FILES = 30
LONGEST_WAIT_S = 25.0
POSTS = parse("60/minute")
"""Per chat: faster than anybody types, slower than a script that wants to fill the disk."""
NEW_CHATS = parse("60/minute")
"""Per address: a village shares one connection on market day, a script opens thousands of chats."""
REQUESTS = Counter("ocop_updates_total", "Updates by channel and outcome", ["channel", "outcome"])

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "font-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=()",
    "Cache-Control": "no-store",
}
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Headers:
    """Adds the security headers to every answer; static files keep their own caching."""

    def __init__(self, app: Any, secure: bool) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        if secure:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(h for h in self._headers if h[0] not in present)]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


@dataclass
class Site:
    """Everything the routes need. `telegram` is the channel when Telegram calls us, else None."""

    engine: AsyncEngine
    world: World
    intake: Intake
    mailbox: Mailbox
    secret_key: str
    web_chat: bool = True
    telegram: Any = None

    def __post_init__(self) -> None:
        self._cookies = URLSafeSerializer(self.secret_key, salt="chat")
        self._csrf = Signer(self.secret_key, salt="csrf")
        self._limits = MovingWindowRateLimiter(MemoryStorage())
        self._secure = self.world.public_url.startswith("https://")

    def application(self) -> Starlette:
        chat = [
            Route("/", self.page),
            Route("/start/{payload}", self.door, methods=["GET"]),
            Route("/start/{payload}", self.enter, methods=["POST"]),
            Route("/chat/messages", self.messages),
            Route("/chat/send", self.send, methods=["POST"]),
            Route("/chat/file", self.upload, methods=["POST"]),
            Route("/chat/file/{message_id:int}/{index:int}", self.download),
        ]
        routes = [
            *(chat if self.web_chat else []),
            Route("/u/{token}", self.link_page, methods=["GET"]),
            Route("/u/{token}", self.link_upload, methods=["POST"]),
            Route("/healthz", self.healthz),
            Route("/readyz", self.readyz),
            Route("/metrics", self.metrics),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
        if self.telegram is not None:
            routes.append(Route("/telegram", self.telegram_webhook, methods=["POST"]))
        handlers: dict[Any, Callable[[Request, Any], Awaitable[Response]]] = {HTTPException: _refused}
        return Starlette(
            routes=routes, middleware=[Middleware(Headers, secure=self._secure)], exception_handlers=handlers
        )

    # ------------------------------------------------------------ sessions

    def _chat(self, request: Request) -> str:
        """The chat of a signed cookie, or ""."""
        try:
            chat_id = self._cookies.loads(request.cookies.get(COOKIE, ""))
        except BadCookie:
            return ""
        return chat_id if isinstance(chat_id, str) else ""

    async def _required(self, request: Request) -> str:
        """The chat of a request that changes something: cookie, CSRF token and rate are in order."""
        chat_id = self._chat(request)
        if not chat_id:
            raise HTTPException(HTTPStatus.UNAUTHORIZED)
        if not hmac.compare_digest(request.headers.get("x-csrf", ""), self._token(chat_id)):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        if not await self._limits.hit(POSTS, "post", chat_id):
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS)
        return chat_id

    def _token(self, chat_id: str) -> str:
        return self._csrf.get_signature(chat_id).decode()

    async def _opened(self, request: Request) -> str:
        """The chat of this browser; a new one for a new browser."""
        if chat_id := self._chat(request):
            return chat_id
        address = request.client.host if request.client else ""
        if not await self._limits.hit(NEW_CHATS, "new", address):
            raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS)
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
        words = {"CSRF": self._token(chat_id), "LANG": locale, "NAME": _name(self.world.catalog(locale))}
        return self._with_cookie(_filled("chat.html", words), chat_id)

    async def _locale(self, request: Request, chat_id: str) -> str:
        if self._chat(request):
            return await self.mailbox.locale(chat_id)
        return _asked_locale(request)

    async def door(self, request: Request) -> Response:
        """A page with one button: a link preview that fetches an invitation must not use it up."""
        payload = request.path_params["payload"]
        if not _PAYLOAD.fullmatch(payload):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        catalog = self.world.catalog(_asked_locale(request))
        return _filled(
            "door.html",
            {
                "LANG": catalog.locale,
                "NAME": _name(catalog),
                "WELCOME": catalog.say(Text(N_("Somebody invited you to the OCOP assistant."))),
                "OPEN": catalog.say(Text(N_("Open the chat"))),
            },
        )

    async def enter(self, request: Request) -> Response:
        payload = request.path_params["payload"]
        if not _PAYLOAD.fullmatch(payload):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        chat_id = await self._opened(request)
        await self._submit(chat_id, f"start-{uuid.uuid4().hex}", CommandReceived("start", payload), request)
        return self._with_cookie(RedirectResponse("../", HTTPStatus.SEE_OTHER), chat_id)

    async def messages(self, request: Request) -> Response:
        chat_id = self._chat(request)
        if not chat_id:
            raise HTTPException(HTTPStatus.UNAUTHORIZED)
        after, wait_s = _number(request, "after"), min(_number(request, "wait"), LONGEST_WAIT_S)
        if not after and await self.mailbox.is_new(chat_id):
            await self._submit(chat_id, "first", CommandReceived("start"), request)
        found = await self.mailbox.messages(chat_id, int(after), wait_s)
        return JSONResponse({"messages": found, "lang": await self.mailbox.locale(chat_id)})

    async def send(self, request: Request) -> Response:
        chat_id = await self._required(request)
        data = await _json(request)
        key, event, shown = _spoken(data)
        await self.mailbox.echo(chat_id, key, shown)
        await self._submit(chat_id, key, event, request)
        return JSONResponse({})

    async def upload(self, request: Request) -> Response:
        chat_id = await self._required(request)
        form = await _form(request, files=1)
        key, file = form.get("key"), form.get("file")
        if not isinstance(key, str) or not _KEY.fullmatch(key) or not isinstance(file, UploadFile):
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        data = await file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        name, media_type = safe_name(file.filename or ""), file.content_type or ""
        sha256 = await self.mailbox.keep_upload(data)
        shown = {"sha256": sha256, "name": name, "media_type": media_type}
        await self.mailbox.echo(chat_id, key, "", shown)
        ref = FileRef(_file_id(chat_id, key), name, len(data), media_type.startswith("image/"))
        await self._submit(chat_id, key, FileReceived(ref), request, f"{STORED}{sha256}")
        return JSONResponse({})

    async def download(self, request: Request) -> Response:
        """A file of one of this chat's own messages; never shown as a page of this site."""
        chat_id = self._chat(request)
        found = await self.mailbox.attachment(chat_id, **request.path_params) if chat_id else None
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        data, name, media_type = found
        inline = media_type in ("image/jpeg", "image/png")
        quoted = "".join(f"%{byte:02X}" for byte in name.encode())
        disposition = f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quoted}"
        kind = media_type if inline or media_type == "application/pdf" else "application/octet-stream"
        headers = {"Content-Disposition": disposition, "Cache-Control": "private, max-age=3600"}
        return Response(data, media_type=kind, headers=headers)

    async def _submit(self, chat_id: str, key: str, event: Event, request: Request, source: str = "") -> None:
        locale = _asked_locale(request)
        update = Update("web", f"{chat_id}:{key}"[:80], chat_id, event, locale, source)
        await self._taken(update)

    async def _taken(self, update: Update) -> None:
        """Handled and committed, or 503 so that the sender tries again."""
        try:
            await self.intake.submit(update)
        except (Closing, SQLAlchemyError, OSError):
            REQUESTS.labels(update.channel, "unavailable").inc()
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE) from None
        REQUESTS.labels(update.channel, "handled").inc()

    # ------------------------------------------------------------ one-time upload links

    async def link_page(self, request: Request) -> Response:
        now = self.world.clock()
        async with reading(self.engine) as connection:
            link = await link_target(connection, request.path_params["token"], now, use=False)
        catalog = self.world.catalog(link.locale if link is not None else _asked_locale(request))
        words = {
            "LANG": catalog.locale,
            "CSRF": "",
            "STATE": "open" if link is not None else "gone",
            "TITLE": _name(catalog),
            "PAPER": await self._paper_name(link, catalog) if link is not None else "",
        }
        return _filled("upload.html", words, HTTPStatus.OK if link is not None else HTTPStatus.GONE)

    async def _paper_name(self, link: Any, catalog: Catalog) -> str:
        async with self.engine.begin() as connection:
            chat = (link.channel, link.chat_id)
            conversation = (await conversations_of(connection, {chat: "vi"}, self.world.clock()))[chat]
            found = await facts_for(connection, [Wanted(conversation, link.case_code)], self.world.facts())
        case = found[conversation.id].named
        paper = next((p for p in papers_of(case) if p.id == link.paper), None) if case is not None else None
        return catalog.say(paper.label) if paper is not None else link.case_code

    async def link_upload(self, request: Request) -> Response:
        """The files of one paper: they arrive in the chat as if they had been sent there."""
        token, now = request.path_params["token"], self.world.clock()
        async with reading(self.engine) as connection:
            link = await link_target(connection, token, now, use=False)
        if link is None:
            raise HTTPException(HTTPStatus.GONE)
        form = await _form(request, files=MAX_LINK_FILES)
        files = [f for f in form.getlist("files") if isinstance(f, UploadFile)]
        datas = [await f.read(MAX_FILE_BYTES + 1) for f in files]
        if not files or any(len(data) > MAX_FILE_BYTES for data in datas):
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE if files else HTTPStatus.BAD_REQUEST)
        sources = [await self.mailbox.keep_upload(data) for data in datas]
        async with self.engine.begin() as connection:
            link = await link_target(connection, token, now, use=True)
        if link is None:
            raise HTTPException(HTTPStatus.GONE)
        await self._link_files(link, [safe_name(f.filename or "") for f in files], datas, sources)
        return JSONResponse({"received": len(files)})

    async def _link_files(self, link: Any, names: list[str], datas: list[bytes], sources: list[str]) -> None:
        start = link.token_sha256[:24]
        target = LinkFollowed(f"upload.{link.case_code}/pages", {"_paper": link.paper})
        await self._taken(Update(link.channel, f"link-{start}", link.chat_id, target))
        for n, (name, data, source) in enumerate(zip(names, datas, sources, strict=True)):
            ref = FileRef(_file_id(start, str(n)), name, len(data), is_photo=False)
            event = FileReceived(ref)
            await self._taken(
                Update(link.channel, f"link-{start}-{n}", link.chat_id, event, source=f"{STORED}{source}")
            )

    # ------------------------------------------------------------ Telegram

    async def telegram_webhook(self, request: Request) -> Response:
        """200 after the commit, so Telegram's redelivery is the retry; the press is acknowledged in the answer."""
        body = await _limited(request, MAX_WEBHOOK_BYTES)
        try:
            updates = self.telegram.read(request.headers, body)
        except BadSignature:
            REQUESTS.labels("telegram", "bad signature").inc()
            raise HTTPException(HTTPStatus.UNAUTHORIZED) from None
        except ValueError:
            REQUESTS.labels("telegram", "unreadable").inc()
            return Response()  # it would come again for a day, and never be better
        for update in updates:
            await self._taken(update)
        answer = self.telegram.webhook_answer(updates[0]) if updates else None
        return JSONResponse(answer) if answer else Response()

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
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


# ---------------------------------------------------------------- reading requests


def _asked_locale(request: Request) -> str:
    """The browser's language if it is English; everybody else gets Vietnamese."""
    return "en" if request.headers.get("accept-language", "").lower().startswith("en") else "vi"


def _name(catalog: Catalog) -> str:
    return catalog.say(Text(N_("OCOP assistant")))


def _filled(page: str, words: dict[str, str], status: HTTPStatus = HTTPStatus.OK) -> HTMLResponse:
    html = (STATIC / page).read_text("utf-8")
    for name, value in words.items():
        html = html.replace(f"%{name}%", escape(value))
    return HTMLResponse(html, status)


def _number(request: Request, name: str) -> float:
    value = request.query_params.get(name, "0")
    return float(value) if value.isascii() and value.isdigit() and len(value) < 16 else 0


async def _limited(request: Request, most: int) -> bytes:
    """The body, refused as soon as it is longer than allowed, whatever its header said."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return bytes(body)


async def _json(request: Request) -> dict[str, Any]:
    body = await _limited(request, MAX_JSON_BYTES)
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    if not isinstance(data, dict):
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    return data


async def _form(request: Request, files: int) -> Any:
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > MAX_UPLOAD_BYTES * files:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        return await request.form(max_files=files, max_fields=5)
    except (MultiPartException, HTTPException):
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None


def _spoken(data: dict[str, Any]) -> tuple[str, Event, str]:
    """Key, event and the words to show of what the page sent; 400 for anything else."""
    key, text, press, place = (data.get(name) for name in ("key", "text", "press", "location"))
    if isinstance(key, str) and _KEY.fullmatch(key):
        if isinstance(text, str) and text.strip():
            return key, TextReceived(text[:MAX_TEXT_CHARS]), text[:MAX_TEXT_CHARS]
        label = data.get("label")
        if isinstance(press, str) and isinstance(label, str) and len(press) <= 200:
            return key, pressed(press), label[:100]
        if isinstance(place, dict) and (spot := _spot(place)) is not None:
            return key, spot, f"📍 {spot.latitude:.5f}, {spot.longitude:.5f}"
    raise HTTPException(HTTPStatus.BAD_REQUEST)


def _spot(place: dict[str, Any]) -> LocationShared | None:
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return None
    return LocationShared(latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _file_id(chat_id: str, key: str) -> str:
    return "w" + uuid.uuid5(uuid.NAMESPACE_OID, f"{chat_id}/{key}").hex[:14]


async def _refused(request: Request, error: Any) -> Response:
    """Short answers without details; the page knows what each status means."""
    return JSONResponse({"error": HTTPStatus(error.status_code).phrase}, error.status_code)

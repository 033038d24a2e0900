"""A Zalo Official Account for tests and for chatting by hand: `python -m tests.doubles.zalo_oa --port 8082`.

It speaks HTTP as openapi.zalo.me and oauth.zaloapp.com do, and posts signed webhooks; `Follower` is a person's Zalo
app. No live account could be asked: what is checked and how it fails follows Zalo's own SDKs and what independent
users of the API published, read in November 2026. Where these disagree or say nothing, this double takes the stricter
way, and says so here; docs/zalo.md lists what is to be confirmed.

* A refresh ends the access token before it (`old_access_ends`).
* Following is no interaction, so it opens no window (`follow_opens`).
* Eight answers are free after each thing that a person does, for 48 hours; the ninth, and all that is sent later, is
  charged to the package (`credit`), and seven days after the last interaction nothing is taken.
* The length of a text is counted in UTF-16 code units, as Java does.
* Buttons on a consultation message are refused (`buttons`).
* A file is sent alone, without a text.
* Who has unfollowed is not written to until they follow again.
"""

import argparse
import asyncio
import base64
import hashlib
import io
import json
import secrets
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import Any, ClassVar

from aiohttp import web
from PIL import Image, UnidentifiedImageError
from yarl import URL

from tests.doubles.chat import Chat, show, start_with, typed_lines
from tests.doubles.server import JSON, Call, Double, Reader, RefusedError, Seen, read_call, spoilt
from tests.sounds import amr

APP_ID = "1234567890123456789"
APP_SECRET = "app-secret-that-opens-nothing"
OA_SECRET = "oa-secret-key-for-tests"
OA_ID = "3886132808788086451"

MAX_TEXT_UNITS = 2000
MAX_IMAGE_BYTES, MAX_FILE_BYTES = 1 << 20, 5 << 20
MAX_BUTTONS, MAX_TITLE_CHARS, MAX_PAYLOAD_CHARS = 5, 100, 1000
FREE_FOR, TAKEN_FOR = timedelta(hours=48), timedelta(days=7)
FREE_ANSWERS = 8
PACKAGE_MESSAGES = 500
CALLS_PER_MINUTE = 100
ACCESS_FOR, REFRESH_FOR = timedelta(hours=25), timedelta(days=90)
CODE_FOR = timedelta(minutes=10)
ATTACHMENT_FOR = timedelta(days=7)
BUTTON_TYPES = {"oa.open.url": "url", "oa.query.show": "", "oa.query.hide": "", "oa.open.phone": "phone_code"}

TRICKLE_BYTES = 16 << 10
"""What a slow or endless file host sends at a time."""


@dataclass(slots=True)
class Pair:
    """An access token with its refresh token, which works once."""

    access: str
    refresh: str
    access_until: datetime
    refresh_until: datetime
    used: bool = False


@dataclass(frozen=True, slots=True)
class Hosted:
    """A file that a person sent, and how its host behaves. `slow_s` lies before each piece."""

    data: bytes
    slow_s: float = 0.0
    endless: bool = False
    redirect: str = ""
    status: int = 200
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Uploaded:
    kind: str  # image, gif, file
    name: str
    data: bytes
    until: datetime


class ZaloOA(Double):
    """The platform and one Official Account on it; `async with ZaloOA() as oa:` runs it, `oa.url` serves all hosts.

    `receipts` and `echoes`: whether these events are ticked in the console.
    """

    RETRIES_S: ClassVar[Sequence[float]] = (30, 300, 900, 1800, 3600)
    WEBHOOK_S: ClassVar[float] = 2.0

    def __init__(
        self,
        app_id: str = APP_ID,
        app_secret: str = APP_SECRET,
        oa_secret: str = OA_SECRET,
        pace: float = 1.0,
        *,
        receipts: bool = True,
        echoes: bool = True,
    ) -> None:
        super().__init__(pace)
        self.app_id, self.app_secret, self.oa_secret, self.oa_id = app_id, app_secret, oa_secret, OA_ID
        self.people: dict[str, Follower] = {}
        self.pairs: list[Pair] = []
        self.uploads: dict[str, Uploaded] = {}
        self.hosted: dict[str, Hosted] = {}
        self.redirect_uris: set[str] = set()
        self.calls_per_minute = CALLS_PER_MINUTE
        self.credit = PACKAGE_MESSAGES
        self.access_for = ACCESS_FOR
        self.package = "Gói Tăng trưởng"
        self.receipts, self.echoes = receipts, echoes
        self.buttons = False
        self.old_access_ends = True
        self.follow_opens = False
        self.v2_is_off = False
        self._codes: dict[str, tuple[str, datetime]] = {}  # code -> (challenge, until)
        self._recent: deque[datetime] = deque()

    def environment(self) -> dict[str, str]:
        """What the assistant is started with to use this account."""
        return {
            "ZALO_APP_ID": self.app_id,
            "ZALO_APP_SECRET": self.app_secret,
            "ZALO_OA_SECRET_KEY": self.oa_secret,
            "ZALO_API_URL": self.url,
            "ZALO_OAUTH_URL": self.url,
            "ZALO_FILE_HOSTS": str(URL(self.url).host),
        }

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/v4/oa/access_token", self._token)
        app.router.add_get("/v4/oa/permission", self._permission)
        app.router.add_get("/dl/{key}/{name}", self._download)
        app.router.add_route("*", "/{path:v[0-9.]+/oa/.+}", self._answer)

    # ------------------------------------------------------------ the console

    def explorer(self) -> tuple[str, str]:
        """A new (access token, refresh token), as the API explorer of the console shows to the administrator."""
        now = self.now()
        pair = Pair(_secret(), _secret(), now + self.access_for, now + REFRESH_FOR)
        self.pairs.append(pair)
        return pair.access, pair.refresh

    def revoke(self) -> None:
        """The administrator takes the app's consent back: no token works any more."""
        for pair in self.pairs:
            pair.access_until = pair.refresh_until = self.now()

    async def registers(self, url: str) -> bool:
        """Enter the webhook in the console, which calls it once without a signature and wants a 200."""
        self.webhook = url
        return await self.forge(b"{}", {}) == 200

    # ------------------------------------------------------------ events

    def signed(self, body: bytes) -> Mapping[str, str]:
        return {"X-ZEvent-Signature": f"mac={self.signature(body)}"}

    def signature(self, body: bytes) -> str:
        """A plain hash, no HMAC, over app id, the body as it is, its timestamp and the account's secret."""
        moment = str(json.loads(body)["timestamp"])
        return hashlib.sha256(self.app_id.encode() + body + moment.encode() + self.oa_secret.encode()).hexdigest()

    def event(self, person_id: str, name: str, content: JSON) -> int:
        """Something happened: the envelope around it, signed and posted."""
        envelope = {"app_id": self.app_id, "event_name": name, "timestamp": str(int(self.now().timestamp() * 1000))}
        if person_id in self.people and not name.startswith(("oa_", "user_received", "user_seen")):
            envelope["user_id_by_app"] = self.people[person_id].id_by_app
        return self.push(_dumps({**envelope, **content}), person_id)

    def host(self, name: str, hosted: Hosted) -> str:
        """The URL of something that a person sent."""
        key = secrets.token_hex(8)
        self.hosted[key] = hosted
        return str(URL(self.url) / "dl" / key / name)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        hosted = self.hosted.get(request.match_info["key"])
        if failure := self.next_failure("download"):
            await asyncio.sleep(failure.delay_s)
            if answer := spoilt(failure, request):
                return answer
        if hosted is None or hosted.status != 200:
            return web.Response(status=404 if hosted is None else hosted.status)
        if hosted.redirect:
            raise web.HTTPFound(hosted.redirect)
        if not hosted.slow_s and not hosted.endless:
            return web.Response(body=hosted.data, content_type=hosted.media_type)
        return await _trickle(request, hosted)

    # ------------------------------------------------------------ tokens

    async def _permission(self, request: web.Request) -> web.StreamResponse:
        """The page on which the administrator agrees; here they always do, at once."""
        query = request.query
        if query.get("app_id") != self.app_id:
            return web.json_response({"error": -14002, "error_name": "Invalid app id"})
        back = query.get("redirect_uri", "")
        if back not in self.redirect_uris:
            return web.json_response({"error": -14003, "error_name": "Invalid redirect uri"})
        code = _secret()
        self._codes[code] = (query.get("code_challenge", ""), self.now() + CODE_FOR)
        state = {"state": query["state"]} if "state" in query else {}
        raise web.HTTPFound(URL(back).update_query(code=code, oa_id=self.oa_id, **state))

    async def _token(self, request: web.Request) -> web.StreamResponse:
        call = await read_call(request, "access_token", request.headers.get("secret_key", ""))
        self.calls.append(call)
        self.tell()
        failure = self.next_failure(call.name)
        if failure is not None and not failure.after:
            await asyncio.sleep(failure.delay_s)
            if answer := spoilt(failure, request):
                return answer
        try:
            if failure is not None and failure.code:
                raise RefusedError(failure.code, failure.message)
            result = self._new_pair(request, call)
        except RefusedError as refused:
            call.code = refused.code
            return web.json_response(
                {
                    "error": refused.code,
                    "error_name": refused.message,
                    "error_reason": refused.message,
                    "error_description": refused.message,
                    "ref_doc": "https://developers.zalo.me/docs/official-account",
                }
            )
        if failure is not None and failure.after:
            await asyncio.sleep(failure.delay_s)
            return spoilt(failure, request) or web.json_response(result)
        return web.json_response(result)

    def _new_pair(self, request: web.Request, call: Call) -> JSON:
        if request.content_type != "application/x-www-form-urlencoded" or request.query:
            raise RefusedError(-14001, "Invalid request")
        if call.params.get("app_id") != self.app_id:
            raise RefusedError(-14002, "Invalid app id")
        if call.token != self.app_secret:
            raise RefusedError(-14004, "Invalid secret key")
        match call.params.get("grant_type"):
            case "refresh_token":
                self._use_refresh_token(str(call.params.get("refresh_token", "")))
            case "authorization_code":
                self._use_code(str(call.params.get("code", "")), str(call.params.get("code_verifier", "")))
            case _:
                raise RefusedError(-14005, "Invalid grant type")
        access, refresh = self.explorer()
        return {
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": str(int(self.access_for.total_seconds())),
        }

    def _use_refresh_token(self, token: str) -> None:
        pair = next((pair for pair in self.pairs if secrets.compare_digest(pair.refresh, token)), None)
        if pair is None or self.now() >= pair.refresh_until:
            raise RefusedError(-14014, "Invalid refresh token")
        if pair.used:
            raise RefusedError(-14020, "Refresh token has been used")
        pair.used = True
        if self.old_access_ends:
            pair.access_until = self.now()

    def _use_code(self, code: str, verifier: str) -> None:
        challenge, until = self._codes.pop(code, ("", self.now()))
        if self.now() >= until:
            raise RefusedError(-14019, "Invalid authorization code")
        if challenge and challenge != _challenge(verifier):
            raise RefusedError(-14016, "Invalid code verifier")

    def _check_token(self, token: str) -> None:
        pair = next((pair for pair in self.pairs if pair.access == token), None)
        if pair is None:
            raise RefusedError(-216, "Access token is invalid")
        if self.now() >= pair.access_until:
            raise RefusedError(-216, "Access token has expired")

    # ------------------------------------------------------------ calls

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        name = path.split("/oa/", 1)[1]
        try:
            call = await read_call(request, name, request.headers.get("access_token", ""))
        except ValueError:
            return _failed(-201, "Body is not valid")
        self.calls.append(call)
        self.tell()
        failure = self.next_failure(name, call.chat_id)
        if failure is not None and not failure.after:
            await asyncio.sleep(failure.delay_s)
            if answer := spoilt(failure, request):
                return answer
        try:
            if failure is not None and failure.code and not failure.after:
                raise RefusedError(failure.code, failure.message or "Error")
            result = await self._run(request.method, path, request, call)
        except RefusedError as refused:
            call.code = refused.code
            return _failed(refused.code, refused.message)
        if failure is not None and failure.after:
            await asyncio.sleep(failure.delay_s)
            return spoilt(failure, request) or _failed(failure.code, failure.message)
        return web.json_response({"error": 0, "message": "Success", "data": result})

    async def _run(self, method: str, path: str, request: web.Request, call: Call) -> JSON:
        self._check_token(call.token)
        self._count()
        if path.startswith("v2.0/") and self.v2_is_off:
            raise RefusedError(-240, "This version of the API is switched off")
        match method, path:
            case "POST", "v3.0/oa/message/cs":
                if request.content_type != "application/json":
                    raise RefusedError(-201, "Body is not valid")
                return await self._send(call)
            case "POST", "v2.0/oa/upload/image" | "v2.0/oa/upload/gif" | "v2.0/oa/upload/file":
                return self._upload(call, path.rsplit("/", 1)[1])
            case "GET", "v3.0/oa/user/detail":
                return self._detail(call)
            case "GET", "v2.0/oa/getoa":
                return self._account()
        raise RefusedError(-212, "The API is not registered")

    def _count(self) -> None:
        """One limit for all calls of the account, over the last minute; a refused call counts as well."""
        now = self.now()
        while self._recent and self._recent[0] <= now - timedelta(minutes=1):
            self._recent.popleft()
        if len(self._recent) >= self.calls_per_minute:
            raise RefusedError(-32, "Your application reached limit call api")
        self._recent.append(now)

    def _account(self) -> JSON:
        return {
            "oa_id": self.oa_id,
            "name": "OCOP xã Tân Lĩnh",
            "description": "Kênh OCOP của xã",
            "oa_type": 4,
            "is_verified": True,
            "num_follower": sum(person.follows_now for person in self.people.values()),
            "package_name": self.package,
            "package_valid_through_date": (self.now() + timedelta(days=200)).strftime("%d/%m/%Y"),
            "package_auto_renew_date": "",
            "linked_ZCA": "",
        }

    def _detail(self, call: Call) -> JSON:
        try:
            person = self.people[str(json.loads(call.params["data"])["user_id"])]
        except (KeyError, TypeError, ValueError):
            raise RefusedError(-201, "user_id is invalid") from None
        if person.interacted_at is None and not person.follows_now:
            raise RefusedError(-213, "User has not followed OA")
        last = person.interacted_at or self.now()
        return {
            "user_id": person.id,
            "user_id_by_app": person.id_by_app,
            "display_name": person.name,
            "user_alias": person.name,
            "is_sensitive": False,
            "user_last_interaction_date": last.strftime("%d/%m/%Y"),
            "user_is_follower": person.follows_now,
            "avatar": "",
            "shared_info": {},
        }

    # ------------------------------------------------------------ sending

    async def _send(self, call: Call) -> JSON:
        recipient, message = call.params.get("recipient"), call.params.get("message")
        if not isinstance(recipient, dict) or not isinstance(message, dict):
            raise RefusedError(-201, "recipient and message are required")
        if not isinstance(recipient.get("user_id"), str):
            raise RefusedError(-201, "user_id is invalid")
        person = self._reachable(recipient["user_id"])
        seen = await self._as_seen(person, message)
        quota = self._charge(person)
        seen.paid = quota["quota_type"] != "reply"
        person.shows(seen)
        self._tell_of(person, seen)
        return {"message_id": seen.id, "user_id": person.id, "quota": quota}

    def _reachable(self, user_id: str) -> "Follower":
        person = self.people.get(user_id)
        if person is None or person.interacted_at is None:
            raise RefusedError(-201, "User has not interacted with the OA")
        if person.has_left:
            raise RefusedError(-213, "User has not followed OA")
        if person.inactive:
            raise RefusedError(-227, "User has been inactive for more than 45 days")
        if person.refuses:
            raise RefusedError(-244, "User has refused this kind of message")
        if self.now() - person.interacted_at >= TAKEN_FOR:
            raise RefusedError(-230, "User has not interacted with the OA in the past 7 days")
        return person

    def _charge(self, person: "Follower") -> JSON:
        assert person.interacted_at is not None
        owner: JSON = {"owner_type": "OA", "owner_id": self.oa_id}
        free_until = person.interacted_at + FREE_FOR
        if self.now() < free_until and person.answers_left:
            person.answers_left -= 1
            return _quota("reply", person.answers_left, FREE_ANSWERS, free_until) | owner
        if self.credit <= 0:
            raise RefusedError(-211, "Out of quota")
        self.credit -= 1
        return _quota("sub_quota", self.credit, PACKAGE_MESSAGES, self.now() + timedelta(days=30)) | owner

    async def _as_seen(self, person: "Follower", message: JSON) -> Seen:
        text = message.get("text", "")
        if not isinstance(text, str):
            raise RefusedError(-201, "text is invalid")
        if len(text.encode("utf-16-le")) // 2 > MAX_TEXT_UNITS:
            raise RefusedError(-210, "text is too long")
        quoted = message.get("quote_message_id")
        if quoted is not None and quoted not in person.message_ids:
            raise RefusedError(-201, "quote_message_id is invalid")
        seen = Seen(_id(), message, time.monotonic(), text)
        attachment = message.get("attachment")
        if attachment is not None:
            await self._attach(seen, attachment)
        elif not text.strip():
            raise RefusedError(-201, "message is empty")
        return seen

    async def _attach(self, seen: Seen, attachment: Any) -> None:
        match attachment:
            case {"type": "file", "payload": {"token": str(token)}} if not seen.text:
                self._show_upload(seen, token, "file")
            case {"type": "template", "payload": {"template_type": "media", "elements": [dict(element)]}}:
                await self._media(seen, element)
            case {"type": "template", "payload": {"template_type": "request_user_info", "elements": [dict(element)]}}:
                await self._check_form(element)
                seen.kind, seen.text = "request_user_info", seen.text or str(element["title"])
            case {"type": "template", "payload": {"buttons": [*buttons], **rest}} if self.buttons and not rest:
                seen.buttons = tuple(_button(button) for button in buttons)
                if not seen.text or len(buttons) > MAX_BUTTONS:
                    raise RefusedError(-201, "buttons are invalid")
            case {"type": "template"}:
                raise RefusedError(-233, "This kind of message is not supported")
            case _:
                raise RefusedError(-201, "attachment is invalid")

    async def _check_form(self, element: JSON) -> None:
        for key, limit in (("title", 100), ("subtitle", 500)):
            if not 1 <= len(str(element.get(key, ""))) <= limit:
                raise RefusedError(-201, f"{key} is invalid")
        try:
            _, data = await self.fetched(str(element.get("image_url", "")))
        except ValueError:
            raise RefusedError(-201, "image_url is invalid") from None
        _check_image(data)

    async def _media(self, seen: Seen, element: JSON) -> None:
        kind = element.get("media_type")
        if kind not in ("image", "gif", "sticker"):
            raise RefusedError(-201, "media_type is invalid")
        if "attachment_id" in element:
            self._show_upload(seen, str(element["attachment_id"]), "sticker" if kind == "sticker" else str(kind))
            return
        try:
            _, data = await self.fetched(str(element["url"]))
        except (KeyError, ValueError):
            raise RefusedError(-201, "url is invalid") from None
        _check_image(data)
        seen.kind, seen.data, seen.file_name = kind, data, PurePath(URL(str(element["url"])).path).name

    def _show_upload(self, seen: Seen, token: str, kind: str) -> None:
        uploaded = self.uploads.get(token)
        if uploaded is None or uploaded.kind != kind:
            raise RefusedError(-201, "attachment is invalid")
        if self.now() >= uploaded.until:
            raise RefusedError(-100, "attachment has expired")
        seen.kind, seen.file_name, seen.data = kind, uploaded.name, uploaded.data

    def _upload(self, call: Call, kind: str) -> JSON:
        if "file" not in call.files:
            raise RefusedError(-201, "file is required")
        name, data = call.files["file"]
        if not data or len(data) > (MAX_IMAGE_BYTES if kind == "image" else MAX_FILE_BYTES):
            raise RefusedError(-210, "file is too large" if data else "file is empty")
        if kind == "file":
            _check_document(name, data)
        else:
            _check_image(data, ("GIF",) if kind == "gif" else ("JPEG", "PNG"))
        token = _secret()
        self.uploads[token] = Uploaded(kind, name, data, self.now() + ATTACHMENT_FOR)
        return {"token" if kind == "file" else "attachment_id": token}

    def _tell_of(self, person: "Follower", seen: Seen) -> None:
        """What the platform reports of a message it took: its echo, and that it arrived where the phone is on."""
        ends = {"sender": {"id": self.oa_id}, "recipient": {"id": person.id}}
        if self.echoes:
            kind = seen.kind if seen.kind in ("text", "image", "gif", "file", "sticker") else "text"
            content: JSON = {"msg_id": seen.id, **({"text": seen.text} if seen.text else {})}
            self.event(person.id, f"oa_send_{kind}", {**ends, "message": content})
        if self.receipts and not person.phone_is_off:
            self.event(person.id, "user_received_message", {**ends, "message": {"msg_id": seen.id}})


# ---------------------------------------------------------------- the shapes of things


def _secret() -> str:
    return secrets.token_urlsafe(48)


def _id() -> str:
    return secrets.token_hex(10)


def _dumps(content: JSON) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _failed(code: int, message: str) -> web.Response:
    return web.json_response({"error": code, "message": message})


def _quota(kind: str, remain: int, total: int, until: datetime) -> JSON:
    return {
        "quota_type": kind,
        "remain": str(remain),
        "total": str(total),
        "expired_date": until.strftime("%d/%m/%Y"),
    }


def _check_image(data: bytes, formats: tuple[str, ...] = ("JPEG", "PNG", "GIF", "WEBP")) -> None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.format not in formats:
                raise RefusedError(-201, "file is invalid, only png/jpeg")
    except UnidentifiedImageError:
        raise RefusedError(-201, "file is invalid, only png/jpeg") from None


def _check_document(name: str, data: bytes) -> None:
    """The name's ending and the first bytes have to agree."""
    beginnings = {".pdf": b"%PDF", ".docx": b"PK\x03\x04", ".doc": b"\xd0\xcf\x11\xe0"}
    beginning = beginnings.get(PurePath(name).suffix.lower())
    if beginning is None or not data.startswith(beginning):
        raise RefusedError(-201, "file is invalid, only pdf/doc/docx")


def _button(button: Any) -> tuple[str, str]:
    """(its title, what a press types); a press of one that opens something types nothing."""
    match button:
        case {"title": str(title), "type": "oa.query.show" | "oa.query.hide", "payload": str(payload)}:
            pass
        case {"title": str(title), "type": "oa.open.url" | "oa.open.phone" as kind, "payload": dict(shape)}:
            if set(shape) != {BUTTON_TYPES[kind]}:
                raise RefusedError(-201, "button payload is invalid")
            payload = ""
        case _:
            raise RefusedError(-201, "button is invalid")
    if not 1 <= len(title) <= MAX_TITLE_CHARS or len(payload) > MAX_PAYLOAD_CHARS:
        raise RefusedError(-210, "button is too long")
    return title, payload


async def _trickle(request: web.Request, hosted: Hosted) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": hosted.media_type})
    await answer.prepare(request)
    at = 0
    while hosted.endless or at < len(hosted.data):
        await asyncio.sleep(hosted.slow_s)
        piece = hosted.data[at : at + TRICKLE_BYTES]
        try:
            await answer.write(piece or bytes(TRICKLE_BYTES))
        except ConnectionError:  # whoever fetched it has had enough
            break
        at += TRICKLE_BYTES
    return answer


# ---------------------------------------------------------------- the other end


class Follower(Reader):
    """A person's Zalo app. Every action returns the number of the post it caused (see `Double.push`)."""

    def __init__(self, oa: ZaloOA, user_id: str = "2468458835296197001", name: str = "Páo") -> None:
        super().__init__(oa, user_id, name)
        self.oa = oa
        self.id_by_app = str(int(hashlib.sha256(f"{oa.app_id} {user_id}".encode()).hexdigest()[:15], 16))
        self.follows_now = False
        self.has_left = False
        self.interacted_at: datetime | None = None
        self.answers_left = 0
        self.phone_is_off = False
        self.inactive = False
        self.refuses = False
        self._sent_ids: list[str] = []
        oa.people[user_id] = self

    @property
    def message_ids(self) -> set[str]:
        """Of all messages in this chat, both ways."""
        return {*self._sent_ids, *(seen.id for seen in self.seen)}

    def types(self, text: str) -> int:
        return self._sends("user_send_text", {"text": text})

    async def says(self, text: str) -> Seen:
        """Type, and read the first message that comes back."""
        self.types(text)
        return await self.answered()

    def presses(self, title: str) -> int:
        """Press the newest button with this title: it types its payload."""
        for seen in reversed(self.seen):
            for label, payload in seen.buttons:
                if label == title and payload:
                    return self.types(payload)
        raise AssertionError(f"no button {title!r}")

    def follows(self) -> int:
        self.follows_now, self.has_left = True, False
        if self.oa.follow_opens:
            self._interacts()
        return self.oa.event(self.id, "follow", {"oa_id": self.oa.oa_id, "follower": {"id": self.id}})

    def unfollows(self) -> int:
        self.follows_now, self.has_left = False, True
        return self.oa.event(self.id, "unfollow", {"oa_id": self.oa.oa_id, "follower": {"id": self.id}})

    def sends_photo(self, data: bytes, caption: str = "", host: Hosted | None = None) -> int:
        """`host`: a file host that does not behave; by default one that does."""
        url = self.oa.host("photo.jpg", host or Hosted(data, media_type="image/jpeg"))
        payload = {"url": url, "thumbnail": self.oa.host("thumb.jpg", Hosted(data[:200]))}
        return self._attaches("image", payload, **({"text": caption} if caption else {}))

    def sends_file(self, name: str, data: bytes, host: Hosted | None = None, size_bytes: int | None = None) -> int:
        """`size_bytes` may lie about its size."""
        payload = {
            "url": self.oa.host(name, host or Hosted(data)),
            "size": str(len(data) if size_bytes is None else size_bytes),
            "name": name,
            "checksum": hashlib.md5(data, usedforsecurity=False).hexdigest(),
            "type": PurePath(name).suffix.removeprefix("."),
        }
        return self._attaches("file", payload)

    def sends_url(self, kind: str, url: str, **more: str) -> int:
        """An attachment whose address is this one, wherever it points."""
        return self._attaches(kind, {"url": url, **more})

    def sends_location(self, latitude: float = 22.53, longitude: float = 103.89) -> int:
        where = {"coordinates": {"latitude": str(latitude), "longitude": str(longitude)}}
        return self._attaches("location", where)

    def sends_sticker(self) -> int:
        return self._attaches("sticker", {"id": "s1", "url": self.oa.host("s.png", Hosted(b"\x89PNG"))})

    def sends_voice(self, data: bytes = b"") -> int:
        """By default three seconds of silence."""
        return self._attaches("audio", {"url": self.oa.host("a.amr", Hosted(data or amr()))})

    def sends_video(self, data: bytes = b"ftyp") -> int:
        return self._attaches("video", {"url": self.oa.host("v.mp4", Hosted(data)), "description": ""})

    def sends_link(self, url: str = "https://example.com/") -> int:
        return self._attaches("link", {"title": url, "url": url, "description": ""}, text=url)

    def sends_card(self, phone: str = "84987654321") -> int:
        """Somebody's business card."""
        card = {"description": json.dumps({"phone": phone, "caption": ""}), "thumbnail": "", "title": "Lan"}
        return self._attaches("link", card, event="user_send_business_card")

    def shares_contact(self, phone: str = "84912345678", name: str = "") -> int:
        """Fill in the form of a request_user_info message."""
        if not any(seen.kind == "request_user_info" for seen in self.seen):
            raise AssertionError("nobody has asked for contact details")
        info = {"name": name or self.name, "phone": phone, "address": "Bản Pho", "ward": "", "district": "", "city": ""}
        return self._happens("user_submit_info", {"info": info})

    def reads_receipt(self, together: bool = True) -> list[int]:
        """Open the chat: what has come is reported as seen, in one event or in one each."""
        ids = [seen.id for seen in self.seen]
        ends = {"sender": {"id": self.oa.oa_id}, "recipient": {"id": self.id}}
        groups: list[JSON] = [{"msg_ids": ids}] if together else [{"msg_id": one} for one in ids]
        return [self.oa.event(self.id, "user_seen_message", {**ends, "message": group}) for group in groups]

    def turns_phone_on(self) -> None:
        """What came while it was off arrives now."""
        self.phone_is_off = False
        ends = {"sender": {"id": self.oa.oa_id}, "recipient": {"id": self.id}}
        for seen in self.seen:
            self.oa.event(self.id, "user_received_message", {**ends, "message": {"msg_id": seen.id}})

    def _attaches(self, kind: str, payload: JSON, event: str = "", **more: str) -> int:
        content = {**more, "attachments": [{"type": kind, "payload": payload}]}
        return self._sends(event or f"user_send_{kind}", content)

    def _sends(self, event: str, content: JSON) -> int:
        self._sent_ids.append(_id())
        return self._happens(event, {"message": {"msg_id": self._sent_ids[-1], **content}})

    def _happens(self, event: str, content: JSON) -> int:
        self._interacts()
        ends = {"sender": {"id": self.id}, "recipient": {"id": self.oa.oa_id}}
        return self.oa.event(self.id, event, {**ends, **content})

    def _interacts(self) -> None:
        self.interacted_at, self.answers_left = self.oa.now(), FREE_ANSWERS


# ---------------------------------------------------------------- by hand


def chat_of(person: Follower) -> Chat:
    return Chat(
        person.oa,
        person.types,
        {
            "photo": lambda path: person.sends_photo(Path(path).read_bytes()),
            "file": lambda path: person.sends_file(Path(path).name, Path(path).read_bytes()),
            "follow": lambda _: person.follows(),
            "unfollow": lambda _: person.unfollows(),
            "location": lambda where: person.sends_location(*map(float, where.split())),
            "contact": lambda phone: person.shares_contact(phone or "84912345678"),
            "card": lambda _: person.sends_card(),
            "sticker": lambda _: person.sends_sticker(),
            "voice": lambda _: person.sends_voice(),
            "seen": lambda _: person.reads_receipt(),
            "press": person.presses,
        },
    )


async def chat_by_hand(port: int, webhook: str) -> None:
    """A terminal is the phone; the assistant runs elsewhere with this server as Zalo."""
    oa = ZaloOA()
    oa.on_message = show
    oa.webhook = webhook
    await oa.start(port)
    _, refresh_token = oa.explorer()
    more = (
        f"export ENCRYPTION_KEY={secrets.token_urlsafe(32)} PUBLIC_URL={URL(webhook).origin()}\n",
        ".venv/bin/python -m bot migrate\n",
        f"echo {refresh_token} | .venv/bin/python -m bot zalo connect --refresh-token\n",
        ".venv/bin/python -m bot run\n",
    )
    sys.stdout.write(f"An Official Account that calls {webhook}. In another terminal:\n\n")
    sys.stdout.write(f"{start_with(oa.environment(), more)}\n")
    try:
        await chat_of(Follower(oa)).run(typed_lines())
    finally:
        await oa.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="A Zalo Official Account with a terminal for a phone.")
    parser.add_argument("--port", type=int, default=8082)
    parser.add_argument("--webhook", default="http://localhost:8000/zalo")
    args = parser.parse_args()
    asyncio.run(chat_by_hand(args.port, args.webhook))


if __name__ == "__main__":
    main()

"""The Zalo Bot Platform for tests and for chatting by hand: `python -m tests.doubles.zalo_bot --port 8083`.

It speaks HTTP as bot-api.zaloplatforms.com does; `Friend` is a person's Zalo app. No live bot could be asked: what is
checked follows the published clients and copies of the reference, read in November 2026. Where they say nothing this
double takes the stricter way: errors come with HTTP 200 (`status_of_errors`), an update that was handed out is gone,
the length of a text is counted in UTF-16 code units, and a webhook is not tried again (`RETRIES_S`).
"""

import argparse
import asyncio
import io
import json
import secrets
import sys
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from aiohttp import web
from PIL import Image, UnidentifiedImageError
from yarl import URL

from tests.doubles.chat import Chat, show, start_with, typed_lines
from tests.doubles.server import JSON, Call, Double, Reader, RefusedError, Seen, read_call, spoilt
from tests.sounds import aac

TOKEN = "1459232241454765289:TEST-token-that-opens-nothing"
MAX_TEXT_UNITS = 2000
SECRET_CHARS = range(8, 257)
MAX_POLL_S = 60.0
WEBHOOK_TESTS = 20
"""Calls of testWebhook a day; the real number is not published."""


def bad(description: str) -> RefusedError:
    return RefusedError(400, f"Bad Request: {description}")


class ZaloBot(Double):
    """The server; `async with ZaloBot() as api:` runs it, `api.url` is what the program is given.

    `wrapped`: a webhook's body is {"ok": true, "result": {...}}, else the result alone; `photo_key`: where an image
    event has its address. Both differ between sources. `quota`: messages that may still be sent, None for any number.
    """

    def __init__(
        self, token: str = TOKEN, pace: float = 1.0, *, wrapped: bool = True, photo_key: str = "photo"
    ) -> None:
        super().__init__(pace)
        self.token, self.wrapped, self.photo_key = token, wrapped, photo_key
        self.me: JSON = {
            "id": token.split(":")[0],
            "account_name": "bot.OCOPTest",
            "account_type": "BASIC",
            "can_join_groups": False,
        }
        self.people: dict[str, Friend] = {}
        self.hosted: dict[str, bytes] = {}
        self.pending: deque[JSON] = deque()
        self.quota: int | None = None
        self.webhook_tests_left = WEBHOOK_TESTS
        self.status_of_errors = 200  # 0: the same as the error's own code
        self._secret = ""
        self._updated_at = 0

    def environment(self) -> dict[str, str]:
        """What the assistant is started with to use this bot."""
        return {
            "ZALO_BOT_TOKEN": self.token,
            "ZALO_BOT_API_URL": self.url,
            "ZALO_FILE_HOSTS": str(URL(self.url).host),
        }

    def routes(self, app: web.Application) -> None:
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        app.router.add_get("/dl/{key}/{name}", self._download)

    def signed(self, body: bytes) -> Mapping[str, str]:
        return {"X-Bot-Api-Secret-Token": self._secret, "User-Agent": "Java/17"}

    # ------------------------------------------------------------ requests

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if request.match_info["token"] != self.token:
            return self._refused(RefusedError(401, "Unauthorized"))
        try:
            call = await read_call(request, method, "")
        except ValueError:
            return self._refused(bad("can't parse the request"))
        self.calls.append(call)
        self.tell()
        failure = self.next_failure(method, call.chat_id)
        if failure is not None and not failure.after:
            await asyncio.sleep(failure.delay_s)
            if answer := spoilt(failure, request):
                return answer
        try:
            if failure is not None and failure.code and not failure.after:
                raise RefusedError(failure.code, failure.message or "Error")
            result = await self._run(call)
        except RefusedError as refused:
            call.code = refused.code
            return self._refused(refused)
        if failure is not None and failure.after:
            await asyncio.sleep(failure.delay_s)
            return spoilt(failure, request) or self._refused(RefusedError(failure.code, failure.message))
        return web.json_response({"ok": True, "result": result})

    def _refused(self, refused: RefusedError) -> web.Response:
        body = {"ok": False, "error_code": refused.code, "description": refused.message}
        return web.json_response(body, status=self.status_of_errors or refused.code)

    async def _run(self, call: Call) -> Any:
        match call.name:
            case "getMe":
                return self.me
            case "getUpdates":
                return await self._update(call)
            case "setWebhook":
                return await self._set_webhook(call)
            case "deleteWebhook" | "getWebhookInfo":
                return self._webhook_info(call)
            case "testWebhook":
                return await self._test_webhook()
            case "sendMessage":
                return self._send(call, Seen("", call.params, 0.0, _text(call.params, "text")))
            case "sendPhoto":
                return await self._send_photo(call)
            case "sendSticker":
                if not call.params.get("sticker"):
                    raise bad("sticker is required")
                return self._send(call, Seen("", call.params, 0.0, kind="sticker"))
            case "sendChatAction":
                self._person(call)
                if call.params.get("action") not in ("typing", "upload_photo"):
                    raise bad("action is invalid")
                return {"ok": True}
        raise RefusedError(404, "Not Found")

    async def _update(self, call: Call) -> JSON:
        """One update, handed out once; there is nothing by which to confirm it."""
        if self.webhook:
            raise bad("getUpdates can't be used while a webhook is set")
        try:
            timeout_s = min(float(call.params.get("timeout", 0)), MAX_POLL_S)
        except (TypeError, ValueError):
            raise bad("timeout is invalid") from None
        try:
            await self.until(lambda: bool(self.pending), timeout_s)
        except TimeoutError:
            raise RefusedError(408, "Request timeout") from None
        return self.pending.popleft()

    # ------------------------------------------------------------ webhook

    async def _set_webhook(self, call: Call) -> JSON:
        url, secret = str(call.params.get("url", "")), str(call.params.get("secret_token", ""))
        if not url.startswith(("https://", "http://localhost:", "http://127.0.0.1:")):  # the latter for tests
            raise bad("url must begin with https://")
        if len(secret) not in SECRET_CHARS:
            raise bad("secret_token must have 8 to 256 characters")
        self.webhook, self._secret = url, secret
        self._updated_at = _milliseconds(self)
        return {**self._webhook_info(call), "verification": await self._verification()}

    def _webhook_info(self, call: Call) -> JSON:
        if call.name == "deleteWebhook":
            self.webhook, self._updated_at = "", _milliseconds(self)
        return {"url": self.webhook, "updated_at": self._updated_at}

    async def _test_webhook(self) -> JSON:
        if not self.webhook_tests_left:
            raise RefusedError(426, "Quota of webhook tests exceeded")
        self.webhook_tests_left -= 1
        return await self._verification()

    async def _verification(self) -> JSON:
        status = await self.forge(b"{}", self.signed(b"{}")) if self.webhook else 0
        outcome = "webhook.ok" if status == 200 else f"webhook.http.{status}" if status else "webhook.err.connect"
        return {"ok": status == 200, "outcome": outcome}

    def event(self, person_id: str, name: str, message: JSON) -> int | None:
        """Something happened; the number of the post, None where it waits for getUpdates."""
        result = {"event_name": name, "message": message}
        if not self.webhook:
            self.pending.append(result)
            self.tell()
            return None
        body = {"ok": True, "result": result} if self.wrapped else result
        return self.push(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), person_id)

    # ------------------------------------------------------------ messages

    def _person(self, call: Call) -> "Friend":
        person = self.people.get(call.chat_id)
        if person is None or not person.has_written:
            raise bad("chat not found")
        if person.blocked:
            raise RefusedError(403, "Forbidden: bot was blocked by the user")
        return person

    async def _send_photo(self, call: Call) -> JSON:
        """The picture is fetched by the platform, from wherever the address says."""
        self._person(call)
        url, caption = str(call.params.get("photo", "")), _text(call.params, "caption", at_least=0)
        if not url.startswith(("https://", "http://localhost:", "http://127.0.0.1:")):
            raise bad("photo must be a public URL")
        try:
            media_type, data = await self.fetched(url)
            _check_image(data)
        except ValueError as error:
            raise bad(f"wrong photo: {error}") from None
        name = PurePath(URL(url).path).name
        return self._send(call, Seen("", call.params | {"type": media_type}, 0.0, caption, "photo", name, data))

    def _send(self, call: Call, seen: Seen) -> JSON:
        person = self._person(call)
        if self.quota is not None:
            if self.quota <= 0:
                raise RefusedError(429, "Quota exceeded")
            self.quota -= 1
        seen.id, seen.at = secrets.token_hex(10), time.monotonic()
        person.shows(seen)
        return {"message_id": seen.id, "date": _milliseconds(self)}

    # ------------------------------------------------------------ files

    def host(self, name: str, data: bytes) -> str:
        """The URL of something that a person sent."""
        key = secrets.token_hex(8)
        self.hosted[key] = data
        return f"{self.url}/dl/{key}/{name}"

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if failure := self.next_failure("download"):
            await asyncio.sleep(failure.delay_s)
            if answer := spoilt(failure, request):
                return answer
        data = self.hosted.get(request.match_info["key"])
        return web.Response(body=data) if data is not None else web.Response(status=404)


def _milliseconds(api: ZaloBot) -> int:
    return int(api.now().timestamp() * 1000)


def _text(params: JSON, name: str, at_least: int = 1) -> str:
    text = str(params.get(name, ""))
    if not at_least <= len(text.encode("utf-16-le")) // 2 <= MAX_TEXT_UNITS or (at_least and not text.strip()):
        raise bad(f"{name} must have {at_least} to {MAX_TEXT_UNITS} characters")
    if params.get("parse_mode", "markdown") not in ("markdown", "html"):
        raise bad("parse_mode is invalid")
    return text


def _check_image(data: bytes) -> None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.verify()
    except (UnidentifiedImageError, OSError, SyntaxError):
        raise ValueError("no image") from None


# ---------------------------------------------------------------- the other end


class Friend(Reader):
    """A person's Zalo app. Actions return the number of the post they caused, None with long polling."""

    def __init__(self, api: ZaloBot, user_id: str = "6ede9afa66b8", name: str = "Páo") -> None:
        super().__init__(api, user_id, name)
        self.api = api
        self.has_written = False
        self.blocked = False
        api.people[user_id] = self

    def types(self, text: str) -> int | None:
        return self._sends("text", {"text": text, "message_type": "CHAT_MESSAGE"})

    async def says(self, text: str) -> Seen:
        """Type, and read the first message that comes back."""
        self.types(text)
        return await self.answered()

    def sends_photo(self, data: bytes, caption: str = "") -> int | None:
        content = {self.api.photo_key: self.api.host("photo.jpg", data), **({"caption": caption} if caption else {})}
        return self._sends("image", content)

    def sends_sticker(self) -> int | None:
        return self._sends("sticker", {"sticker": "0e078a2f", "url": self.api.host("s.png", b"\x89PNG")})

    def sends_voice(self, data: bytes = b"") -> int | None:
        """By default three seconds of silence."""
        return self._sends("voice", {"voice_url": self.api.host("v.aac", data or aac())})

    def sends_file(self) -> int | None:
        """The bot learns that there was something, and nothing else."""
        return self._sends("unsupported", {})

    def _sends(self, kind: str, content: JSON) -> int | None:
        self.has_written = True
        message = {
            "from": {"id": self.id, "display_name": self.name, "is_bot": False},
            "chat": {"id": self.id, "chat_type": "PRIVATE"},
            **content,
            "message_id": secrets.token_hex(6),
            "date": _milliseconds(self.api),
        }
        return self.api.event(self.id, f"message.{kind}.received", message)


# ---------------------------------------------------------------- by hand


def chat_of(person: Friend) -> Chat:
    return Chat(
        person.api,
        person.types,
        {
            "photo": lambda path: person.sends_photo(Path(path).read_bytes()),
            "file": lambda _: person.sends_file(),
            "sticker": lambda _: person.sends_sticker(),
            "voice": lambda _: person.sends_voice(),
        },
    )


async def chat_by_hand(port: int) -> None:
    """A terminal is the phone; the assistant runs elsewhere with this server as Zalo."""
    api = ZaloBot()
    api.on_message = show
    await api.start(port)
    sys.stdout.write("A Zalo Bot. In another terminal:\n\n")
    sys.stdout.write(f"{start_with(api.environment(), ('.venv/bin/python -m bot run', ''))}\n\n")
    try:
        await chat_of(Friend(api)).run(typed_lines())
    finally:
        await api.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="The Zalo Bot Platform with a terminal for a phone.")
    parser.add_argument("--port", type=int, default=8083)
    args = parser.parse_args()
    asyncio.run(chat_by_hand(args.port))


if __name__ == "__main__":
    main()

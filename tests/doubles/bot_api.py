"""A Bot API server for tests and for chatting by hand: `python -m tests.doubles.bot_api --port 8081`.

It speaks HTTP as api.telegram.org does, so any library can be pointed at it: long polling with offsets,
webhooks with the secret header and retries, files, keyboards, and the refusals a bot meets. `Phone` is a
person's app at the other end. What is checked and how it fails follows the Bot API server's own source
(github.com/tdlib/telegram-bot-api, commit 01a3679) and core.telegram.org/bots/api, read 2026-11-22.
"""

import argparse
import asyncio
import itertools
import json
import sys
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from aiolimiter import AsyncLimiter

from tests.doubles.listening import listening

JSON = dict[str, Any]

TOKEN = "123456:TEST-token-that-opens-nothing"
MAX_TEXT_CHARS = 4096
MAX_CALLBACK_BYTES = 64
MAX_BUTTONS, MAX_ROW_BUTTONS = 100, 8
MAX_DOWNLOAD_BYTES = 20 << 20
MAX_POLL_S = 50
MAX_PHOTO_BYTES, MAX_UPLOAD_BYTES = 10_000_000, 50_000_000
ALBUM = range(2, 11)
KINDS = {"sendPhoto": "photo", "sendDocument": "document", "sendVoice": "voice", "sendAudio": "audio"}
SENDING = frozenset({"sendMessage", "sendMediaGroup", *KINDS})
LAST_RETRY_S = 60
BY_DEFAULT = ("message", "edited_message", "callback_query", "my_chat_member")


class RefusedError(Exception):
    """An answer with ok: false."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters

    @property
    def answer(self) -> web.Response:
        body: JSON = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return web.json_response(body, status=self.code)


def bad(description: str) -> RefusedError:
    return RefusedError(400, f"Bad Request: {description}")


@dataclass(frozen=True, slots=True)
class Failure:
    """How one call goes wrong. `after`: the call takes effect, only its answer is spoilt (a lost answer).

    With no other field set it is only slow by `delay_s`. `chat_id`: only a call about this chat, 0 is any.
    """

    status: int = 0
    description: str = "Internal Server Error"
    retry_after: int = 0
    drop: bool = False  # the connection closes without an answer
    garbage: bool = False  # 200 with a page of HTML
    lie: str = ""  # this as the answer, with `status` or 200
    after: bool = False
    delay_s: float = 0.0
    chat_id: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the bot. `files`: form field -> (file name, bytes). `at` on the monotonic clock."""

    method: str
    params: Mapping[str, Any]
    files: Mapping[str, tuple[str, bytes]]
    at: float


@dataclass(slots=True)
class Seen:
    """A message of the bot as a person sees it. `at` is the moment it was taken in, on the monotonic clock.

    `kind` of a file: photo, document, voice, audio; `album` is the same for the pictures of one album.
    """

    message: JSON
    reply_markup: JSON
    at: float
    file_name: str = ""
    data: bytes = b""

    @property
    def kind(self) -> str:
        return next((kind for kind in KINDS.values() if kind in self.message), "")

    @property
    def album(self) -> str:
        return str(self.message.get("media_group_id", ""))

    @property
    def text(self) -> str:
        return str(self.message.get("text", ""))

    @property
    def buttons(self) -> list[list[str]]:
        return [[key["text"] for key in row] for row in self.reply_markup.get("inline_keyboard", [])]

    @property
    def keys(self) -> list[list[str]]:
        rows = self.reply_markup.get("keyboard", [])
        return [[key if isinstance(key, str) else key["text"] for key in row] for row in rows]

    def key(self, label: str) -> JSON | None:
        """The button or key with this label, in the shape of the Bot API."""
        rows = [*self.reply_markup.get("inline_keyboard", []), *self.reply_markup.get("keyboard", [])]
        keys = [{"text": key} if isinstance(key, str) else key for row in rows for key in row]
        return next((key for key in keys if key["text"] == label), None)


@dataclass(slots=True)
class Chat:
    """A private chat. `moved_to`: the new id that the server names instead of taking messages."""

    user: JSON
    seen: list[Seen] = field(default_factory=list)
    blocked: bool = False
    moved_to: int = 0
    no_voices: bool = False
    """Takes no voice messages from strangers: a setting of Telegram Premium."""

    @property
    def public(self) -> JSON:
        return {"id": self.user["id"], "type": "private", "first_name": self.user["first_name"]}


class Limits:
    """Takes messages as fast as is said (core.telegram.org/bots/faq): so many a second, and one a second in a chat.

    Both are leaky buckets that hold a second's worth. What is refused is counted.
    """

    def __init__(self, messages_per_s: float) -> None:
        self._all = AsyncLimiter(messages_per_s, 1)
        self._chats: defaultdict[int, AsyncLimiter] = defaultdict(lambda: AsyncLimiter(1, 1))
        self.refused = 0

    async def take(self, chat_id: int, messages: int) -> None:
        """Raises RefusedError."""
        if not (self._all.has_capacity(messages) and self._chats[chat_id].has_capacity()):
            self.refused += 1
            raise RefusedError(429, "Too Many Requests: retry after 1", retry_after=1)
        await self._all.acquire(messages)
        await self._chats[chat_id].acquire()


class BotApi:
    """The server; `async with BotApi() as api:` runs it, `api.url` is what the bot is given.

    `pace` scales every delay between tries of a webhook (1 is Telegram's own).
    """

    def __init__(self, token: str = TOKEN, username: str = "ocop_test_bot", pace: float = 1.0) -> None:
        self.token, self.username, self.pace = token, username, pace
        self.me: JSON = {"id": int(token.split(":")[0]), "is_bot": True, "first_name": "OCOP", "username": username}
        self.url = ""
        self.chats: dict[int, Chat] = {}
        self.calls: list[Call] = []
        self.pending: dict[int, JSON] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.sizes: dict[str, int] = {}
        self.answered: set[str] = set()
        self.presses: dict[int, int] = {}  # how many by each person
        self.commands: dict[str, list[JSON]] = {}
        self.webhook: JSON = {}
        self.allowed: tuple[str, ...] = BY_DEFAULT
        self.deliveries: list[tuple[int, int, float]] = []  # update id, status (0: none), moment
        self.on_message: Callable[[int, Seen], None] = lambda chat_id, seen: None
        self.limits: Limits | None = None  # how many messages it takes; None: any number
        self._changed = asyncio.Event()
        self._failures: defaultdict[str, deque[Failure]] = defaultdict(deque)
        self._queues: dict[str, deque[JSON]] = {}
        self._queue_of: dict[int, str] = {}
        self._pushed: dict[int, JSON] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._poller: asyncio.Future[None] | None = None
        self._numbers = {"update": 100, "message": 0, "file": 0}
        self._listening = AsyncExitStack()

    async def __aenter__(self) -> "BotApi":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one."""
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        self.url = await self._listening.enter_async_context(listening(app, port))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._listening.aclose()

    # ------------------------------------------------------------ for tests

    def fail(self, method: str, failure: Failure, times: int = 1) -> None:
        """The next calls of `method` ("download" for file bytes) go wrong in this way."""
        self._failures[method].extend([failure] * times)

    def forget_failures(self) -> None:
        self._failures.clear()

    def sent(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def number(self, kind: str) -> int:
        self._numbers[kind] += 1
        return self._numbers[kind]

    def keep_file(self, data: bytes, name: str, size_bytes: int | None = None) -> JSON:
        """Register a file; the shape every file has in an update. `size_bytes` may lie about its size."""
        number = self.number("file")
        file_id, size = f"file-{number}", len(data) if size_bytes is None else size_bytes
        self.files[file_id] = (f"documents/file_{number}_{name}", data)
        self.sizes[file_id] = size
        return {"file_id": file_id, "file_unique_id": f"unique-{number}", "file_size": size}

    def push(self, kind: str, content: JSON, queue: str) -> int:
        """A new update for the bot; `queue` names what Telegram delivers strictly one after the other."""
        number = self.number("update")
        if kind not in self.allowed:
            return number
        update = {"update_id": number, kind: content}
        self.pending[number], self._queue_of[number] = update, queue
        self._pushed[number] = update
        if self.webhook.get("url"):
            self._enqueue(queue, update)
        self.tell()
        return number

    def again(self, number: int) -> None:
        """Post an update to the webhook once more, as if its 200 had been lost."""
        self._enqueue(self._queue_of[number], self._pushed[number])

    async def until(self, met: Callable[[], bool], timeout_s: float = 5.0) -> None:
        """Wait for something to become true of this server; raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not met():
                await self._changed.wait()

    def tell(self) -> None:
        """Wake all who wait for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def pushed(self) -> list[int]:
        """The numbers of all updates that the bot has to see."""
        return list(self._pushed)

    # ------------------------------------------------------------ requests

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return RefusedError(401, "Unauthorized").answer
        call = await _read(request)
        self.calls.append(call)
        self.tell()
        failure = self._next_failure(call.method, _number(call.params.get("chat_id")))
        if failure is not None and not failure.after:
            await asyncio.sleep(failure.delay_s)
            if spoilt := _spoil(failure, request):
                return spoilt
        answer = await self._result(call)
        return (_spoil(failure, request) if failure is not None and failure.after else None) or answer

    async def _result(self, call: Call) -> web.Response:
        try:
            return web.json_response({"ok": True, "result": await self._run(call)})
        except RefusedError as refused:
            return refused.answer

    def _next_failure(self, method: str, chat_id: int = 0) -> Failure | None:
        waiting = self._failures[method]
        found = next((failure for failure in waiting if failure.chat_id in (0, chat_id)), None)
        if found is not None:
            waiting.remove(found)
        return found

    async def _run(self, call: Call) -> Any:
        if self.limits is not None and call.method in SENDING:
            await self.limits.take(_number(call.params.get("chat_id")), len(call.params.get("media", (None,))))
        match call.method:
            case "getMe":
                return self.me
            case "getUpdates":
                return await self._updates(call)
            case "setWebhook" | "deleteWebhook" | "getWebhookInfo":
                return self._webhook(call)
            case "sendMessage":
                return self._send_message(call)
            case "sendPhoto" | "sendDocument" | "sendVoice" | "sendAudio":
                return self._send_file(call, KINDS[call.method])
            case "sendMediaGroup":
                return self._send_album(call)
            case "editMessageText":
                return self._edit(call)
            case "answerCallbackQuery":
                return self._acknowledge(call)
            case "getFile":
                return self._file(call)
            case "setMyCommands":
                self.commands[call.params.get("language_code", "")] = call.params["commands"]
                return True
            case "sendChatAction":
                self._chat(call)
                return True
        raise RefusedError(404, "Not Found")

    def _webhook(self, call: Call) -> Any:
        if call.method == "getWebhookInfo":
            url = self.webhook.get("url", "")
            return {"url": url, "has_custom_certificate": False, "pending_update_count": len(self.pending)}
        self.webhook = dict(call.params) if call.method == "setWebhook" else {}
        self._allow(call)
        if call.params.get("drop_pending_updates"):
            self.pending.clear()
        if self.webhook.get("url"):
            self._enqueue_backlog()
        return True

    def _enqueue_backlog(self) -> None:
        queued = {update["update_id"] for queue in self._queues.values() for update in queue}
        for number, update in self.pending.items():
            if number not in queued:
                self._enqueue(self._queue_of[number], update)

    def _allow(self, call: Call) -> None:
        """The list holds until another is given; an empty one means the default."""
        if "allowed_updates" in call.params:
            self.allowed = tuple(call.params["allowed_updates"]) or BY_DEFAULT

    async def _updates(self, call: Call) -> list[JSON]:
        """Long polling: a higher offset confirms, a second poller ends the first."""
        if self.webhook.get("url"):
            text = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            raise RefusedError(409, f"Conflict: {text}")
        self._allow(call)
        self._confirm(int(call.params.get("offset", 0)))
        mine = self._take_over()
        loop = asyncio.get_running_loop()
        ends = loop.time() + min(float(call.params.get("timeout", 0)), MAX_POLL_S)
        while not self.pending and loop.time() < ends:
            changed = asyncio.ensure_future(self._changed.wait())
            either: set[asyncio.Future[Any]] = {changed, mine}
            await asyncio.wait(either, timeout=ends - loop.time(), return_when="FIRST_COMPLETED")
            changed.cancel()
            if mine.done():
                text = "terminated by other getUpdates request; make sure that only one bot instance is running"
                raise RefusedError(409, f"Conflict: {text}")
        return list(self.pending.values())[: int(call.params.get("limit", 100))]

    def _confirm(self, offset: int) -> None:
        """A negative offset counts from the end and forgets all before."""
        if offset < 0:
            offset = min(list(self.pending)[offset:], default=0)
        self.pending = {number: update for number, update in self.pending.items() if number >= offset}

    def _take_over(self) -> asyncio.Future[None]:
        if self._poller is not None and not self._poller.done():
            self._poller.set_result(None)
        self._poller = asyncio.get_running_loop().create_future()
        return self._poller

    # ------------------------------------------------------------ webhook

    def _enqueue(self, name: str, update: JSON) -> None:
        if name in self._queues:
            self._queues[name].append(update)
            return
        self._queues[name] = deque([update])
        task = asyncio.get_running_loop().create_task(self._deliver(name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, name: str) -> None:
        """One queue, strictly one update at a time: a refused one holds back those behind it."""
        queue = self._queues[name]
        async with ClientSession(timeout=ClientTimeout(total=LAST_RETRY_S)) as session:
            while queue:
                await self._insist(session, queue[0])
                queue.popleft()
            del self._queues[name]  # before the session closes: what is pushed meanwhile begins a new queue

    async def _insist(self, session: ClientSession, update: JSON) -> None:
        """Post until 2xx: again at once, then after 2, 4, 8 ... s, or as Retry-After says (at most 1 h)."""
        tries = 0
        while self.webhook.get("url"):
            status, wait_s = await self._post(session, update)
            self.deliveries.append((update["update_id"], status, time.monotonic()))
            self.tell()
            if 200 <= status < 300:
                self.pending.pop(update["update_id"], None)
                return
            delay_s = wait_s or (min(2**tries, LAST_RETRY_S) if tries else 0)
            await asyncio.sleep(delay_s * self.pace)
            tries += 1

    async def _post(self, session: ClientSession, update: JSON) -> tuple[int, int]:
        secret = self.webhook.get("secret_token", "")
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        try:
            async with session.post(self.webhook["url"], json=update, headers=headers) as answer:
                body = await answer.read()
                await self._answer_in_webhook(body if answer.ok else b"")
                return answer.status, min(int(answer.headers.get("Retry-After", 0)), 3600)
        except (ClientError, TimeoutError):
            return 0, 0

    async def _answer_in_webhook(self, body: bytes) -> None:
        """A method may come back as the answer to a webhook call; nobody learns how it went."""
        try:
            params = json.loads(body or b"null")
        except ValueError:
            return
        if isinstance(params, dict) and "method" in params:
            call = Call(params.pop("method"), params, {}, time.monotonic())
            self.calls.append(call)
            await self._result(call)
            self.tell()

    # ------------------------------------------------------------ messages

    def _chat(self, call: Call) -> Chat:
        chat = self.chats.get(_number(call.params.get("chat_id")))
        if chat is None:
            raise bad("chat not found")
        if chat.moved_to:
            text = "Bad Request: group chat was upgraded to a supergroup chat"
            raise RefusedError(400, text, migrate_to_chat_id=chat.moved_to)
        if chat.blocked:
            raise RefusedError(403, "Forbidden: bot was blocked by the user")
        return chat

    def _send_message(self, call: Call) -> JSON:
        chat, text = self._chat(call), call.params.get("text", "").strip()
        _check_text(text)
        return self._show(chat, call, {"text": text})

    def _send_file(self, call: Call, kind: str) -> JSON:
        chat = self._chat(call)
        name, data = _upload(call, kind)
        if len(data) > (MAX_PHOTO_BYTES if kind == "photo" else MAX_UPLOAD_BYTES):
            raise RefusedError(413, "Request Entity Too Large")
        if kind == "voice" and chat.no_voices:
            raise bad("VOICE_MESSAGES_FORBIDDEN")
        return self._show(chat, call, {kind: self._content(kind, name, data)}, name, data)

    def _content(self, kind: str, name: str, data: bytes) -> Any:
        """A kept file in the shape of its kind."""
        file = self.keep_file(data, name)
        if kind == "photo":
            return [{**file, "width": 90, "height": 90}]
        named = {} if kind == "voice" else {"file_name": name}
        return {**file, **named, **({} if kind == "document" else {"duration": 1})}

    def _send_album(self, call: Call) -> list[JSON]:
        """An album of uploaded pictures; it has no keyboard, and is taken whole or not at all."""
        chat, media = self._chat(call), call.params.get("media", [])
        if len(media) not in ALBUM:
            raise bad("there must be from 2 to 10 items in the media group" if media else "media is empty")
        uploads = [_upload(call, "", str(one.get("media", ""))) for one in media]
        if any(one.get("type") != "photo" for one in media) or any(len(data) > MAX_PHOTO_BYTES for _, data in uploads):
            raise bad("wrong file in the media group")
        album = {"media_group_id": f"album-{self.number('file')}"}
        return [
            self._show(chat, call, {"photo": self._content("photo", name, data), **album}, name, data)
            for name, data in uploads
        ]

    def _show(self, chat: Chat, call: Call, content: JSON, name: str = "", data: bytes = b"") -> JSON:
        markup = call.params.get("reply_markup", {})
        _check_markup(markup)
        message: JSON = {
            "message_id": self.number("message"),
            "from": self.me,
            "chat": chat.public,
            "date": int(time.time()),
            **content,
        }
        if "inline_keyboard" in markup:
            message["reply_markup"] = markup
        seen = Seen(message, markup, time.monotonic(), name, data)
        chat.seen.append(seen)
        self.on_message(chat.user["id"], seen)
        self.tell()
        return message

    def _edit(self, call: Call) -> JSON:
        chat, number = self._chat(call), _number(call.params.get("message_id"))
        seen = next((one for one in chat.seen if one.message["message_id"] == number), None)
        if seen is None or "text" not in seen.message:
            raise bad("message to edit not found")
        text, markup = call.params.get("text", "").strip(), call.params.get("reply_markup", {})
        _check_text(text)
        _check_markup(markup)
        if (text, markup) == (seen.text, seen.reply_markup):
            raise bad(
                "message is not modified: specified new message content and reply markup are exactly the same"
                " as a current content and reply markup of the message"
            )
        seen.message.pop("reply_markup", None)
        seen.message |= {"text": text, **({"reply_markup": markup} if markup else {})}
        seen.reply_markup = markup
        self.tell()
        return seen.message

    def _acknowledge(self, call: Call) -> bool:
        press = str(call.params.get("callback_query_id", ""))
        if not press.startswith("press-") or press in self.answered:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        self.answered.add(press)
        return True

    # ------------------------------------------------------------ files

    def _file(self, call: Call) -> JSON:
        file_id = str(call.params.get("file_id", ""))
        if file_id not in self.files:
            raise bad("invalid file_id")
        if self.sizes[file_id] > MAX_DOWNLOAD_BYTES:
            raise bad("file is too big")
        path, _ = self.files[file_id]
        return {
            "file_id": file_id,
            "file_unique_id": file_id.replace("file", "unique"),
            "file_size": self.sizes[file_id],
            "file_path": path,
        }

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if failure := self._next_failure("download"):
            await asyncio.sleep(failure.delay_s)
            if spoilt := _spoil(failure, request):
                return spoilt
        files = dict(self.files.values())
        data = files.get(request.match_info["path"])
        if data is None or request.match_info["token"] != self.token:
            return RefusedError(404, "Not Found").answer
        return web.Response(body=data, content_type="application/octet-stream")


# ---------------------------------------------------------------- requests


async def _read(request: web.Request) -> Call:
    """A call from any encoding the Bot API takes: JSON, form or multipart, also in the query."""
    params: JSON = dict(request.query)
    files: dict[str, tuple[str, bytes]] = {}
    if request.content_type == "application/json":
        params |= await request.json()
    else:
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                files[name] = (value.filename, value.file.read())
            else:
                params[name] = value
    decoded = {name: _decoded(name, value) for name, value in params.items()}
    return Call(request.match_info["method"], decoded, files, time.monotonic())


def _decoded(name: str, value: Any) -> Any:
    """Structures come as JSON text in forms; texts of people stay as they are."""
    structures = (
        "reply_markup", "allowed_updates", "commands", "link_preview_options", "drop_pending_updates", "media",
    )  # fmt: skip
    if name not in structures or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise web.HTTPBadRequest(text=f"can't parse {name}") from None


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _upload(call: Call, field_name: str, named: str = "") -> tuple[str, bytes]:
    """A file that came with the call in this field, or under the name that the field (or `named`) refers to."""
    named = str(named or call.params.get(field_name, "")).removeprefix("attach://")
    file = call.files.get(field_name) or call.files.get(named)
    if file is None:
        raise bad("there is no file in the request")
    if not file[1]:
        raise bad("file must be non-empty")
    return file


def _check_text(text: str) -> None:
    if not text:
        raise bad("message text is empty")
    if len(text) > MAX_TEXT_CHARS:
        raise bad("message is too long")


def _check_markup(markup: JSON) -> None:
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    for rows in (markup.get("inline_keyboard", []), markup.get("keyboard", [])):
        if sum(map(len, rows)) > MAX_BUTTONS or any(len(row) > MAX_ROW_BUTTONS for row in rows):
            raise bad("reply markup is too long")
    for row in markup.get("inline_keyboard", []):
        for button in row:
            _check_button(button)
    for row in markup.get("keyboard", []):
        if not all(key if isinstance(key, str) else key.get("text") for key in row):
            raise bad("keyboard button text must be non-empty")


def _check_button(button: JSON) -> None:
    if not button.get("text"):
        raise bad("inline keyboard button text must be non-empty")
    if "callback_data" not in button and "url" not in button:
        raise bad("text buttons are unallowed in the inline keyboard")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= MAX_CALLBACK_BYTES:
        raise bad("BUTTON_DATA_INVALID")


def _spoil(failure: Failure, request: web.Request) -> web.Response | None:
    if failure.drop:
        if request.transport is not None:
            request.transport.close()
        return web.Response(status=500)
    if failure.garbage:
        return web.Response(text="<html>it works</html>", content_type="text/html")
    if failure.lie:
        return web.Response(text=failure.lie, status=failure.status or 200, content_type="application/json")
    if not failure.status:
        return None
    if failure.retry_after:
        text = f"Too Many Requests: retry after {failure.retry_after}"
        return RefusedError(429, text, retry_after=failure.retry_after).answer
    return RefusedError(failure.status, failure.description).answer


# ---------------------------------------------------------------- the other end


class Phone:
    """One person's Telegram app. The chat exists for the bot from the first thing the person does."""

    def __init__(self, api: BotApi, user_id: int = 5001, name: str = "Hoa", language_code: str = "vi") -> None:
        self.api, self.user_id = api, user_id
        self.user: JSON = {
            "id": user_id,
            "is_bot": False,
            "first_name": name,
            "language_code": language_code,
        }
        self._read = 0

    @property
    def chat(self) -> Chat:
        return self.api.chats.setdefault(self.user_id, Chat(self.user))

    def starts(self, payload: str = "") -> int:
        """Open t.me/<bot>?start=<payload>."""
        return self.types(f"/start {payload}".strip())

    def types(self, text: str) -> int:
        """Every action returns the update_id it caused."""
        content: JSON = {"text": text}
        if text.startswith("/"):
            length = len(text.split()[0])
            content["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        return self._sends(content)

    def presses(self, label: str) -> int:
        """Press the newest button or key of this label; a key types its label or shares what it asks for."""
        seen, key = self._find(label)
        if "callback_data" in key:
            return self._press(seen, key["callback_data"])
        if key.get("request_contact"):
            return self.shares_contact()
        if key.get("request_location"):
            return self.shares_location()
        return self.types(label)

    def picks(self, value: str) -> int:
        """Press the newest button that stands for this option, or opens this dialog, whatever it is called."""
        for seen in reversed(self.chat.seen):
            for key in itertools.chain(*seen.reply_markup.get("inline_keyboard", [])):
                kind, _, rest = str(key["callback_data"]).partition(":")
                if (kind == "o" and rest.partition(":")[2] == value) or (kind == "l" and rest == value):
                    return self._press(seen, key["callback_data"])
        shown = [seen.reply_markup for seen in self.chat.seen[-3:]]
        raise AssertionError(f"no button stands for {value!r}; the last ones are {shown}")

    def press_data(self, data: str) -> int:
        """A press with this data under the newest message, whether it has such a button or not."""
        return self._press(self.chat.seen[-1], data)

    @property
    def spins(self) -> bool:
        """Whether a pressed button still shows its spinner."""
        return not self._presses <= self.api.answered

    def sends_photo(self, data: bytes, caption: str = "", album: str = "") -> int:
        sizes = [
            {**self.api.keep_file(data[:200], "small.jpg"), "width": 90, "height": 67},
            {**self.api.keep_file(data, "large.jpg"), "width": 1280, "height": 960},
        ]
        return self._sends({"photo": sizes, **_present(caption=caption, media_group_id=album)})

    def sends_album(self, photos: list[bytes], caption: str = "") -> list[int]:
        """Each photo is a message of its own; the caption stands under the first."""
        album = f"album-{self.api.number('file')}"
        return [self.sends_photo(one, caption if not at else "", album) for at, one in enumerate(photos)]

    def sends_document(
        self,
        name: str,
        data: bytes,
        caption: str = "",
        mime_type: str = "application/pdf",
        size_bytes: int | None = None,
    ) -> int:
        file = self.api.keep_file(data, name, size_bytes)
        content = {**file, "file_name": name, "mime_type": mime_type}
        return self._sends({"document": content, **_present(caption=caption)})

    def shares_contact(self, phone: str = "84912345678", own: bool = True) -> int:
        card = {"phone_number": phone, "first_name": self.user["first_name"]}
        return self._sends({"contact": {**card, "user_id": self.user_id} if own else card})

    def shares_location(self, latitude: float = 22.53, longitude: float = 103.89) -> int:
        return self._sends({"location": {"latitude": latitude, "longitude": longitude}})

    def sends_voice(self, data: bytes = b"OggS") -> int:
        voice = {**self.api.keep_file(data, "voice.oga"), "duration": 3, "mime_type": "audio/ogg"}
        return self._sends({"voice": voice})

    def sends_audio(self, name: str, data: bytes, mime_type: str = "audio/mpeg") -> int:
        audio = {**self.api.keep_file(data, name), "duration": 3, "file_name": name, "mime_type": mime_type}
        return self._sends({"audio": audio})

    def sends_poll(self) -> int:
        options = [{"text": text, "voter_count": 0, "persistent_id": text} for text in ("3", "4")]
        shape = {"is_closed": False, "is_anonymous": True, "type": "regular", "total_voter_count": 0}
        more = {"allows_multiple_answers": False, "allows_revoting": True, "members_only": False}
        return self._sends({"poll": {"id": "1", "question": "Mấy sao?", "options": options, **shape, **more}})

    def talks_in_group(self, text: str) -> int:
        """In a group that the bot is in."""
        group = {"id": -self.user_id, "type": "group", "title": "Chợ phiên", "all_members_are_administrators": True}
        return self.api.push("message", {**self._message({"text": text}), "chat": group}, f"chat {-self.user_id}")

    def sends_sticker(self) -> int:
        file = self.api.keep_file(b"RIFF", "sticker.webp")
        shape = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        return self._sends({"sticker": {**file, **shape}})

    def edits(self, text: str) -> int:
        """Change the last thing typed."""
        edited = {**self._message({"text": text}), "edit_date": int(time.time())}
        return self.api.push("edited_message", edited, f"chat {self.user_id}")

    def blocks(self) -> None:
        self.chat.blocked = True
        self._membership("member", "kicked")

    def unblocks(self) -> None:
        self.chat.blocked = False
        self._membership("kicked", "member")

    def sees(self) -> list[Seen]:
        """All messages of the bot so far, oldest first."""
        return self.chat.seen

    async def waits_for(self, fragment: str = "", timeout_s: float = 5.0) -> Seen:
        """The next message not yet waited for whose text or file name has this in it; AssertionError if none comes."""
        try:
            await self.api.until(lambda: self._at(fragment) is not None, timeout_s)
        except TimeoutError:
            unread = [seen.text or seen.file_name for seen in self.chat.seen[self._read :]]
            raise AssertionError(f"{fragment!r} has not come, only {unread}") from None
        at = self._at(fragment)
        assert at is not None
        self._read = at + 1
        return self.chat.seen[at]

    def _at(self, fragment: str) -> int | None:
        unread = enumerate(self.chat.seen[self._read :], self._read)
        return next((at for at, seen in unread if fragment in f"{seen.text}\n{seen.file_name}"), None)

    def _find(self, label: str) -> tuple[Seen, JSON]:
        for seen in reversed(self.chat.seen):
            if key := seen.key(label):
                return seen, key
        shown = [seen.buttons or seen.keys for seen in self.chat.seen[-3:]]
        raise AssertionError(f"no button {label!r}; the last ones are {shown}")

    @property
    def _presses(self) -> set[str]:
        return {f"press-{self.user_id}-{number}" for number in range(self.api.presses.get(self.user_id, 0))}

    def _press(self, seen: Seen, data: str) -> int:
        number = self.api.presses.get(self.user_id, 0)
        self.api.presses[self.user_id] = number + 1
        press = {
            "id": f"press-{self.user_id}-{number}",
            "from": self.user,
            "message": seen.message,
            "chat_instance": str(self.user_id),
            "data": data,
        }
        return self.api.push("callback_query", press, f"presses of {self.user_id}")

    def _sends(self, content: JSON) -> int:
        return self.api.push("message", self._message(content), f"chat {self.user_id}")

    def _message(self, content: JSON) -> JSON:
        return {
            "message_id": self.api.number("message"),
            "from": self.user,
            "chat": self.chat.public,
            "date": int(time.time()),
            **content,
        }

    def _membership(self, before: str, after: str) -> None:
        change: JSON = {"chat": self.chat.public, "from": self.user, "date": int(time.time())}
        for name, status in (("old_chat_member", before), ("new_chat_member", after)):
            change[name] = {"user": self.api.me, "status": status}
            if status == "kicked":
                change[name]["until_date"] = 0
        self.api.push("my_chat_member", change, f"members {self.user_id}")


def _present(**fields: str) -> JSON:
    return {name: value for name, value in fields.items() if value}


# ---------------------------------------------------------------- by hand

HELP = """Type to chat. [Label] presses a button, :photo PATH and :document PATH send files,
:contact and :location share, :sticker and :voice send those, :quit ends.
"""


def _do(phone: Phone, line: str) -> None:
    word, _, rest = line.partition(" ")
    match word:
        case ":photo":
            phone.sends_photo(Path(rest).read_bytes())
        case ":document":
            phone.sends_document(Path(rest).name, Path(rest).read_bytes())
        case ":contact":
            phone.shares_contact(rest or "84912345678")
        case ":location":
            phone.shares_location(*map(float, rest.split()))
        case ":sticker":
            phone.sends_sticker()
        case ":voice":
            phone.sends_voice()
        case _ if line.startswith("[") and line.endswith("]"):
            phone.presses(line[1:-1])
        case _:
            phone.types(line)


def _print(_: int, seen: Seen) -> None:
    rows = "".join("  " + " ".join(f"[{label}]" for label in row) + "\n" for row in seen.buttons or seen.keys)
    sys.stdout.write(f"< {seen.text or f'({seen.file_name}, {len(seen.data)} bytes)'}\n{rows}")


async def _typed_lines() -> AsyncIterator[str]:
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line.strip():
            yield line.strip()


async def chat_by_hand(port: int, token: str, language_code: str) -> None:
    """A terminal is the phone; the bot under test runs elsewhere with this server as its API."""
    api = BotApi(token)
    api.on_message = _print
    await api.start(port)
    phone = Phone(api, language_code=language_code)
    sys.stdout.write(f"Bot API on {api.url}, token {token}\n{HELP}")
    async for line in _typed_lines():
        if line == ":quit":
            break
        try:
            _do(phone, line)
        except (AssertionError, OSError, ValueError, TypeError) as error:
            sys.stdout.write(f"{error}\n")
    await api.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description="A Bot API server with a terminal for a phone.")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--language", default="vi")
    args = parser.parse_args()
    asyncio.run(chat_by_hand(args.port, args.token, args.language))


if __name__ == "__main__":
    main()

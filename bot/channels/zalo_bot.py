"""The Zalo Bot Platform: a bot with a fixed token. Words, photos, stickers and voice notes in; words and pictures out.

Its reference is at bot.zaloplatforms.com/docs; what is said here of it was read in November 2026, from published
clients and copies of that reference, and never tried with a live bot. The published Python package takes an error
that comes with HTTP 200 for success, so the client is our own. The token stands in every address: addresses and the
causes of network errors, whose texts hold them, go nowhere.
"""

import asyncio
import hmac
import json
import logging
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientResponse, ClientTimeout

from bot.channels.base import (
    MAX_ID_CHARS,
    Attachment,
    BadSignature,
    Capabilities,
    ChannelError,
    Outgoing,
    Rejected,
    Sent,
    Suspended,
    Throttled,
    Unavailable,
    Unreachable,
    Update,
)
from bot.channels.download import Downloader
from bot.channels.keys import file_code, short_key, storable
from bot.channels.pace import Budget, OwnBudget, Pace, Rate
from bot.channels.session import Session
from bot.channels.text import split_text
from dialogs.model import Event, FileReceived, FileRef, TextReceived, UnsupportedReceived

API_URL = "https://bot-api.zaloplatforms.com"
# Limits, read on 2026-11-22 in copies of the reference.
MAX_TEXT_CHARS = 2000  # sendMessage
SECRET_HEADER = "x-bot-api-secret-token"  # noqa: S105  a header's name
POLL_S = 30
REQUEST_S = 30
MAX_ANSWER_BYTES = 1024 * 1024
FIRST_BACKOFF_S, LAST_BACKOFF_S = 1.0, 30.0
SOON_S = 1.0
"""A poll that ends sooner with nothing is not asked again at once: a server that does not hold it would be flooded."""
RATE = Rate(30, burst=30)
"""Ours: quotas are not published. It is what Telegram names, whose API this one is made after."""
QUOTA_PAUSE_S = 60.0
"""After 429, which does not say how long."""
REMEMBERED_MESSAGES = 1000

NOTHING = 408  # getUpdates: nobody wrote meanwhile
NO_CHAT = re.compile(r"\b(block|(chat|user|recipient)\b.*\b(not found|not exist|invalid|deactivated|deleted))", re.I)
"""How a description says that this one chat is closed. Quoted nowhere for certain, so anything else is not taken so."""
OUTCOME = re.compile(r"[a-z0-9._]{1,40}")

CAPABILITIES = Capabilities(
    max_text_chars=MAX_TEXT_CHARS,
    max_buttons=0,
    max_button_chars=0,
    max_data_bytes=0,
    receives_files=False,
    asks_contact=False,
    asks_location=False,
    sends_files=False,
    receives_photos=True,
    sends=frozenset({"picture"}),
    by_address=True,
)

log = logging.getLogger(__name__)


class Refused(Exception):
    """The platform's own no; `description` is theirs and may quote a message."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(str(code))
        self.code, self.description = code, description


@dataclass(frozen=True, slots=True)
class Me:
    """What the platform says of the bot; "" for what it left out."""

    id: str
    account_name: str
    account_type: str


class ZaloBot:
    """One bot. `secret_token`: 8-256 characters; "" takes unsigned webhook calls (tests, polling only).

    `file_hosts`: endings of the host names from which photos and voice notes are fetched. If the bot's own server
    stands on this machine (a double), files may come from here as well. `budgeted` makes the budget of its rate, of
    this process or of all that have the token.
    """

    name = "zalo_bot"
    capabilities = CAPABILITIES

    def __init__(
        self,
        token: str,
        api_url: str = API_URL,
        secret_token: str = "",
        file_hosts: Sequence[str] = (),
        budgeted: Callable[[Rate], Budget] = OwnBudget,
    ) -> None:
        self._base, self._secret = f"{api_url.rstrip('/')}/bot{token}", secret_token
        self._files = Downloader(file_hosts, loopback=urlsplit(api_url).hostname in ("127.0.0.1", "localhost"))
        self._session = Session()
        self._pace = Pace(budgeted(RATE), RATE)
        self._untaken: list[Update] = []
        self._delivered: dict[tuple[str, str], list[str]] = {}

    # ------------------------------------------------------------ in

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Update]:
        """What one webhook call says: nothing (groups, other bots, probes), one update or two.

        Two for a photo with a caption: the photo, and the caption as a text of its own (key "...c"). Raises
        BadSignature, and ValueError for what is no JSON object.
        """
        sent = next((value for name, value in headers.items() if name.lower() == SECRET_HEADER), "")
        if self._secret and not hmac.compare_digest(sent.encode(), self._secret.encode()):
            raise BadSignature
        found = json.loads(body)
        if not isinstance(found, dict):
            raise ValueError("no object")
        return updates_of(found.get("result", found))

    async def updates(self) -> AsyncGenerator[list[Update], None]:
        """Long polling, for pilots: the webhook must be off (`set_up("")`). Never ends by itself.

        The platform gives one update at a time, once, with nothing to confirm it by. So what was yielded is kept
        here and yielded again, also by the next call, until somebody asks for what comes after it. Only what is in
        hand when this process is killed is lost; the webhook, which is answered after the commit, loses nothing.
        """
        backoff_s = FIRST_BACKOFF_S
        while True:
            if self._untaken:
                yield list(self._untaken)
                self._untaken = []
            try:
                self._untaken = await self._poll()
            except ChannelError as error:
                log.warning("polling failed, next try in %s s: %s", backoff_s, type(error).__name__)
                await asyncio.sleep(backoff_s)
                backoff_s = min(backoff_s * 2, LAST_BACKOFF_S)
            else:
                backoff_s = FIRST_BACKOFF_S

    async def _poll(self) -> list[Update]:
        """The updates of one event; none after `POLL_S` of silence."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        try:
            found = updates_of(await self._call("getUpdates", {"timeout": str(POLL_S)}, POLL_S + REQUEST_S))
        except Refused as refused:
            if refused.code != NOTHING:
                raise _outcome(refused) from None
            found = []
        if not found and clock() - begun < SOON_S:
            await asyncio.sleep(SOON_S)
        return found

    async def fetch(self, source: str) -> bytes:
        """Bytes behind the address of a photo or a voice note, at most 20 MiB; raises ChannelError."""
        return await self._files.fetch(source)

    # ------------------------------------------------------------ out

    def carries(self, attachment: Attachment) -> bool:
        """Pictures, which the platform fetches from us; there is no method for files, and voice must be AAC."""
        return attachment.show == "picture" and attachment.media_type == "image/jpeg"

    async def send(self, chat_id: str, message: Outgoing) -> Sent:
        """Pictures first, then the words, so that the question is last.

        A message of several parts that failed half way goes on where it stopped when it is tried again (same `key`,
        same process); after a restart it starts anew.
        """
        parts, key = parts_of(message), (chat_id, message.key)
        ids = self._delivered.get(key, [])
        for part in parts[len(ids) :]:
            ids = [*ids, await self._send(chat_id, part)]
            self._remember(key, ids)
        self._delivered.pop(key, None)
        return Sent(tuple(one for one in ids if one))

    async def _send(self, chat_id: str, part: "Part") -> str:
        """The id of the message. A picture that the platform doesn't take goes as its address, to be opened by hand."""
        try:
            return await self._sent(part.method, {"chat_id": chat_id, **part.content})
        except Rejected:
            if part.method != "sendPhoto":
                raise
            return await self._sent("sendMessage", {"chat_id": chat_id, "text": part.content["photo"]})

    async def _sent(self, method: str, content: Mapping[str, str]) -> str:
        await self._pace.turn()
        try:
            result = await self._call(method, content)
        except Refused as refused:
            error = _outcome(refused, to_chat=True)
            if isinstance(error, Throttled):
                await self._pace.pause(error.retry_after_s)
            raise error from None
        return _word(result, "message_id")[:MAX_ID_CHARS]

    def _remember(self, key: tuple[str, str], ids: list[str]) -> None:
        self._delivered[key] = ids
        if len(self._delivered) > REMEMBERED_MESSAGES:
            del self._delivered[next(iter(self._delivered))]

    async def acknowledge(self, update: Update) -> None:
        """There is nothing to press."""

    # ------------------------------------------------------------ life

    async def set_up(self, public_url: str) -> None:
        """Let the platform post updates to this full address (https); "" switches to polling.

        Raises ChannelError, also when the platform could not reach the address.
        """
        if not public_url:
            await self._asked("deleteWebhook")
            return
        result = await self._asked("setWebhook", {"url": public_url, "secret_token": self._secret})
        check = result.get("verification") if isinstance(result, dict) else None
        if isinstance(check, dict) and check.get("ok") is False:
            raise Unavailable(f"the webhook was not reached: {_known(OUTCOME, check.get('outcome'))}")

    async def me(self) -> Me:
        """Raises ChannelError; Suspended where the token is not valid."""
        result = await self._asked("getMe")
        return Me(_word(result, "id"), _word(result, "account_name"), _word(result, "account_type"))

    async def webhook(self) -> str:
        """The address the platform posts to, "" while it is to be polled. Raises ChannelError."""
        return _word(await self._asked("getWebhookInfo"), "url")

    async def _asked(self, method: str, content: Mapping[str, str] | None = None) -> Any:
        try:
            return await self._call(method, content or {})
        except Refused as refused:
            raise _outcome(refused) from None

    async def close(self) -> None:
        await self._files.close()
        await self._session.close()

    # ------------------------------------------------------------ requests

    async def _call(self, method: str, content: Mapping[str, str], within_s: float = REQUEST_S) -> Any:
        """The "result" of an answer. Raises Refused for the platform's no, Unavailable for everything else.

        No redirects: they would carry the token to wherever they point.
        """
        try:
            async with self._session.opened().post(
                f"{self._base}/{method}", json=content, allow_redirects=False, timeout=ClientTimeout(total=within_s)
            ) as response:
                return _result(response.status, await _body(response))
        except (ClientError, OSError, ValueError) as error:  # a timeout is an OSError
            raise Unavailable(type(error).__name__) from None


async def _body(response: ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        data += chunk
        if len(data) > MAX_ANSWER_BYTES:
            raise ValueError("a long answer")
    return bytes(data)


def _result(status: int, body: bytes) -> Any:
    """Raises ValueError for what is no answer of the platform (a proxy's page), Refused for its errors.

    Errors may come with HTTP 200; the code in the body is the one that counts.
    """
    found = json.loads(body)
    if not isinstance(found, dict) or not isinstance(found.get("ok"), bool):
        raise ValueError("no answer of the platform")
    if found["ok"]:
        if found.get("result") is None:
            raise ValueError("a yes without a result")
        return found["result"]
    code = str(found.get("error_code", status))
    raise Refused(
        int(code) if code.isascii() and code.isdigit() and len(code) < 5 else 0, str(found.get("description"))
    )


def _outcome(refused: Refused, *, to_chat: bool = False) -> ChannelError:
    """What an error means for a message.

    403 is documented as "internal error", and 404 as any address that is not there. Taken for a closed chat they
    would silence a person until they write again, so they count as one only where the words say so (and likewise 400,
    by which Telegram's API, whose shape this one has, reports unknown chats).
    """
    if to_chat and refused.code in (400, 403, 404) and NO_CHAT.search(refused.description):
        return Unreachable(str(refused.code))
    match refused.code:
        case 401:
            return Suspended("token")
        case 400:
            return Rejected("400")
        case 429:
            return Throttled(QUOTA_PAUSE_S)
    return Unavailable(str(refused.code))


def _known(shape: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and shape.fullmatch(value) else "?"


# ---------------------------------------------------------------- what an event means


def updates_of(event: object) -> list[Update]:
    """Only what a person did in a private chat with the bot; a list is taken as well, in case it ever comes."""
    if isinstance(event, list):
        return [update for one in event for update in updates_of(one)]
    if not isinstance(event, dict) or not isinstance(message := event.get("message"), dict):
        return []
    kind, chat_id, message_id = _word(event, "event_name"), _private_chat(message), _word(message, "message_id")
    if not kind.startswith("message.") or not chat_id or not message_id:
        return []
    key = short_key(f"{kind}:{message_id}")
    return [
        Update(ZaloBot.name, f"{key}{suffix}", chat_id, meant, source=source)
        for suffix, meant, source in _meant(kind, message, key)
    ]


def _private_chat(message: Mapping[str, Any]) -> str:
    """The chat's id; "" for groups and for what bots say. Where the chat's kind is left out, it is the person's own."""
    sender, chat = message.get("from"), message.get("chat")
    if not isinstance(sender, dict) or not isinstance(chat, dict) or sender.get("is_bot") is True:
        return ""
    chat_id, kind = _word(chat, "id"), _word(chat, "chat_type").upper()
    private = kind == "PRIVATE" or (not kind and chat_id == _word(sender, "id"))
    return chat_id if private and len(chat_id) <= MAX_ID_CHARS else ""


def _meant(kind: str, message: Mapping[str, Any], key: str) -> Iterator[tuple[str, Event, str]]:
    """Suffix of the key, event, and the source of its file."""
    match kind.split(".")[1]:
        case "text" if words := _word(message, "text"):
            yield "", TextReceived(words), ""
        case "image" if source := _address(message, "photo_url", "photo"):
            yield "", FileReceived(FileRef(file_code(f"zalo_bot {key}"), "", 0, is_photo=True)), source
        case "voice" if source := _address(message, "voice_url"):
            yield "", FileReceived(FileRef(file_code(f"zalo_bot {key}"), "", 0, is_photo=False, is_voice=True)), source
        case "sticker":
            yield "", UnsupportedReceived("sticker"), ""
        case _:  # a file, or anything from a person whose messages the platform protects: which, it does not say
            yield "", UnsupportedReceived("hidden"), ""
    if caption := _word(message, "caption"):
        yield "c", TextReceived(caption), ""


def _address(message: Mapping[str, Any], *names: str) -> str:
    """Which name a photo's address has differs between copies of the reference."""
    return next((found for name in names if (found := _word(message, name))), "")


def _word(found: object, name: str) -> str:
    """A field as text; ids may come as numbers."""
    value = found.get(name) if isinstance(found, dict) else None
    return storable(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else ""


# ---------------------------------------------------------------- what a message becomes


@dataclass(frozen=True, slots=True)
class Part:
    """One request."""

    method: str
    content: Mapping[str, str]


def parts_of(message: Outgoing) -> list[Part]:
    """The requests of one message, in order; raises Rejected for what can't be sent at all."""
    if any(not picture.url for picture in message.attachments):
        raise Rejected("an attachment without an address")
    pictures = [Part("sendPhoto", {"photo": picture.url}) for picture in message.attachments]
    texts = [Part("sendMessage", {"text": text}) for text in split_text(message.text, MAX_TEXT_CHARS)]
    if not pictures and not texts:
        raise Rejected("nothing to send")
    return [*pictures, *texts]

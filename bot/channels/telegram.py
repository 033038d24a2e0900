"""Telegram, by two libraries: aiogram knows its types and carries files, python-telegram-bot sends notices.

Nearly all that comes are typed words and presses, and nearly all that goes out are texts: these need no library, and
cost a fraction without one (telegram_words.py, telegram_calls.py; docs/adr/0014). The line between the libraries is
`Outgoing.unprompted`: notices (alerts, results, reminders) come in crowds and need pacing, which aiogram has not.
Each is imported when it is first needed, aiogram by `prepare` at the start, as that takes seconds.
Everything is plain text: no parse mode, so a person's own words can never break a message.
"""

import asyncio
import gc
import hmac
import json
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from aiohttp import ClientTimeout

from bot.channels.base import (
    Attachment,
    BadSignature,
    Capabilities,
    ChannelError,
    FileUnavailable,
    Outgoing,
    Rejected,
    Sent,
    Throttled,
    Unavailable,
    Update,
)
from bot.channels.pace import Budget, OwnBudget, Pace, Rate
from bot.channels.telegram_calls import Calls
from bot.channels.telegram_parts import MAX_TEXT_CHARS, MAX_UPLOAD_BYTES, SECONDS_PER_CHAT_MESSAGE, Part, parts_of
from bot.channels.telegram_words import NAME, words_in

if TYPE_CHECKING:
    from bot.channels import telegram_aiogram, telegram_notices

# Limits, all read on 2026-11-22. "API" is core.telegram.org/bots/api, "server" github.com/tdlib/telegram-bot-api.
MAX_BUTTONS = 100  # telegram.constants.InlineKeyboardMarkupLimit
MAX_BUTTON_CHARS = 40  # no stated limit; what one row of a small phone shows
MAX_DATA_BYTES = 64  # API, InlineKeyboardButton.callback_data
RATE = Rate(29)  # messages to all: core.telegram.org/bots/faq says "more than 30 messages per second or so"
ALLOWED_UPDATES = ["message", "edited_message", "callback_query"]

POLL_S = 30  # the server holds at most 50 (server, Client.h)
POLL = ClientTimeout(total=POLL_S + 30)
FIRST_BACKOFF_S, LAST_BACKOFF_S = 1.0, 30.0
REMEMBERED_MESSAGES = 1000

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105  a header's name
NO_VOICE = "voice_messages_forbidden"  # a person's own setting; github.com/openclaw/openclaw/pull/1725 quotes it
NO_PREVIEW = {"is_disabled": True}

log = logging.getLogger(__name__)


class Telegram:
    """One bot. `secret_token`: 1-256 of A-Za-z0-9_-; "" takes unsigned webhook calls (tests, polling only).

    `budgeted` makes the budget of its rate: that of this process, or one of all that have the token.
    """

    name = NAME
    capabilities = Capabilities(
        max_text_chars=MAX_TEXT_CHARS,
        max_buttons=MAX_BUTTONS,
        max_button_chars=MAX_BUTTON_CHARS,
        max_data_bytes=MAX_DATA_BYTES,
        receives_files=True,
        asks_contact=True,
        asks_location=True,
        sends_files=True,
        spacing=timedelta(seconds=SECONDS_PER_CHAT_MESSAGE),
    )

    def __init__(
        self,
        token: str,
        api_url: str = "https://api.telegram.org",
        secret_token: str = "",
        budgeted: Callable[[Rate], Budget] = OwnBudget,
    ) -> None:
        self._token, self._api_url, self._secret = token, api_url.rstrip("/"), secret_token
        self._call = Calls(token, self._api_url)
        self._pace = Pace(budgeted(RATE), RATE)
        self._files: telegram_aiogram.Files | None = None
        self._notices: telegram_notices.Notices | None = None
        self._delivered: dict[tuple[str, str], int] = {}
        self._username = ""

    # ------------------------------------------------------------ in

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Update]:
        """What one webhook call says: nothing (groups, other bots, notes of the app), one update or two.

        Raises BadSignature; ValueError when the body is not an update: the caller logs that and answers 2xx
        all the same, for Telegram repeats what is refused for a day and holds the chat's later messages back.
        """
        raw = self._posted(headers, body)
        return _words(raw) or _aiogram().updates_of(raw)

    async def received(self, headers: Mapping[str, str], body: bytes) -> list[Update]:
        """As `read`; a library that is not there yet is imported beside the event loop, as that takes seconds."""
        return await self._understood(self._posted(headers, body))

    def _posted(self, headers: Mapping[str, str], body: bytes) -> Any:
        if self._secret and not hmac.compare_digest(_secret_in(headers).encode(), self._secret.encode()):
            raise BadSignature
        return json.loads(body)

    async def _understood(self, raw: Any) -> list[Update]:
        return _words(raw) or (await _imported(_aiogram)).updates_of(raw)

    async def updates(self) -> AsyncGenerator[list[Update], None]:
        """Long polling. What was yielded is confirmed by asking for the next list, so commit in between.

        The webhook must be off (`set_up("")`). Never ends by itself: failures are logged and waited out.
        """
        offset, backoff_s = 0, FIRST_BACKOFF_S
        while True:
            try:
                batch = await self._poll(offset)
            except ChannelError as error:
                log.warning("polling failed, next try in %s s: %s", backoff_s, error)
                await asyncio.sleep(backoff_s)
                backoff_s = min(backoff_s * 2, LAST_BACKOFF_S)
                continue
            backoff_s = FIRST_BACKOFF_S
            if found := [update for raw in batch for update in await self._parsed(raw)]:
                yield found
            offset = max([offset, *(_update_id(raw) + 1 for raw in batch)])

    async def _poll(self, offset: int) -> list[dict[str, Any]]:
        params = {"offset": offset, "timeout": POLL_S, "allowed_updates": ALLOWED_UPDATES}
        batch = await self._call("getUpdates", params, list, POLL)
        if not all(isinstance(raw, dict) for raw in batch):
            raise Unavailable("no list of updates")
        return batch

    async def _parsed(self, raw: dict[str, Any]) -> list[Update]:
        """An update of a shape nobody knows is logged and left out, its neighbours are not."""
        try:
            return await self._understood(raw)
        except ValueError as error:
            log.error("update %s can't be read: %s", _update_id(raw), type(error).__name__)
            return []

    async def fetch(self, source: str) -> bytes:
        """Bytes behind a Telegram file_id, at most 20 MiB and 60 s.

        An empty source stands for a file whose update already said that it is larger.
        """
        if not source:
            raise FileUnavailable("larger than 20 MiB")
        return await (await self._with_files()).fetch(source)

    # ------------------------------------------------------------ out

    def carries(self, attachment: Attachment) -> bool:
        return len(attachment.data) <= MAX_UPLOAD_BYTES

    async def send(self, chat_id: str, message: Outgoing) -> Sent:
        """Albums first, then the text, then the other attachments; the keyboard stands under the last of them.

        What is asked about pictures so stands below them, as a keyboard may not stand under an album. A message of
        several parts that failed half way goes on where it stopped when it is tried again (same `key`, same process);
        after a restart it starts anew.
        """
        deliver = self._announce if message.unprompted else self._reply
        parts, key = parts_of(message), (chat_id, message.key)
        try:
            for number, part in enumerate(parts):
                if number >= self._delivered.get(key, 0):
                    await _or_as_file(deliver, _chat_number(chat_id), part)
                    self._remember(key, number + 1)
        except Throttled as error:
            await self._pace.pause(error.retry_after_s)
            raise
        self._delivered.pop(key, None)
        return Sent()

    def _remember(self, key: tuple[str, str], parts: int) -> None:
        self._delivered[key] = parts
        if len(self._delivered) > REMEMBERED_MESSAGES:
            del self._delivered[next(iter(self._delivered))]

    async def _reply(self, chat: int, part: Part) -> None:
        """At once: somebody is there and waits. The notices leave room for it."""
        self._pace.count()
        if part.how != "text":
            await (await self._with_files()).send(chat, part)
            return
        message: dict[str, Any] = {"chat_id": chat, "text": part.text, "link_preview_options": NO_PREVIEW}
        if part.keyboard is not None:
            message["reply_markup"] = part.keyboard
        await self._call("sendMessage", message, dict)

    async def _announce(self, chat: int, part: Part) -> None:
        await (await self._with_notices()).send(chat, part)

    # ------------------------------------------------------------ the libraries, once they are needed

    async def _with_files(self) -> "telegram_aiogram.Files":
        library = await _imported(_aiogram)
        self._files = self._files or library.Files(self._token, self._api_url)
        return self._files

    async def _with_notices(self) -> "telegram_notices.Notices":
        library = await _imported(_ptb)
        self._notices = self._notices or library.Notices(self._token, self._api_url, self._pace)
        return self._notices

    async def acknowledge(self, update: Update) -> None:
        """Stop the spinner on a pressed button; Telegram forgets presses after some minutes anyway."""
        if not update.ack:
            return
        try:
            await self._call("answerCallbackQuery", {"callback_query_id": update.ack}, bool)
        except ChannelError as error:
            log.info("press not acknowledged: %s", error)

    def webhook_answer(self, update: Update) -> dict[str, str] | None:
        """What the webhook's HTTP answer may carry instead of `acknowledge`: saves a request, tells no outcome."""
        if not update.ack:
            return None
        return {"method": "answerCallbackQuery", "callback_query_id": update.ack}

    # ------------------------------------------------------------ life

    async def set_up(self, public_url: str) -> None:
        """Let Telegram post updates to this full address (https); "" switches to polling. Raises ChannelError."""
        if public_url:
            secret = {"secret_token": self._secret} if self._secret else {}
            await self._call("setWebhook", {"url": public_url, **secret, "allowed_updates": ALLOWED_UPDATES}, bool)
        else:
            await self._call("deleteWebhook", {}, bool)

    async def set_commands(self, commands: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """Fill the app's command menu: locale -> (command, description); the first locale serves all others too."""
        menus = {
            locale: [{"command": command, "description": words} for command, words in lines]
            for locale, lines in commands.items()
        }
        for default in list(menus.values())[:1]:
            await self._call("setMyCommands", {"commands": default}, bool)
        for locale, menu in menus.items():
            await self._call("setMyCommands", {"commands": menu, "language_code": locale}, bool)

    async def username(self) -> str:
        """The bot's name without @, for links like t.me/<username>?start=<payload>. Raises ChannelError."""
        if not self._username:
            self._username = str((await self._call("getMe", {}, dict)).get("username", ""))
        return self._username

    def prepare(self) -> None:
        """Import what reads and fetches files, which takes seconds: for the start, so that no file waits for that."""
        _here.add(_aiogram)
        _aiogram()

    async def close(self) -> None:
        await self._call.close()
        for library in (self._files, self._notices):
            if library is not None:
                await library.close()
        self._files = self._notices = None


# ---------------------------------------------------------------- the libraries, imported when they are needed


@cache
def _aiogram() -> Any:
    from bot.channels import telegram_aiogram

    return telegram_aiogram


@cache
def _ptb() -> Any:
    from bot.channels import telegram_notices

    return telegram_notices


async def _imported(library: Callable[[], Any]) -> Any:
    """In a thread, where it was not before: the event loop goes on meanwhile, at half its speed.

    What stays to the end is of no use to the garbage collector, which would walk aiogram's 190,000 objects each time.
    """
    if library not in _here:
        await asyncio.to_thread(library)
        gc.freeze()
        _here.add(library)
    return library()


_here: set[Callable[[], Any]] = set()
"""The libraries that need no thread any more."""


def _secret_in(headers: Mapping[str, str]) -> str:
    if (sent := headers.get(SECRET_HEADER)) is not None:
        return sent
    return next((value for name, value in headers.items() if name.lower() == SECRET_HEADER), "")


def _words(raw: Any) -> list[Update]:
    words = words_in(raw)
    return [words] if words is not None else []


def _update_id(raw: dict[str, Any]) -> int:
    number = raw.get("update_id")
    return number if isinstance(number, int) else -1


async def _or_as_file(deliver: Callable[[int, Part], Coroutine[Any, Any, None]], chat: int, part: Part) -> None:
    """Who takes no voice messages from strangers gets the recording as a file."""
    try:
        await deliver(chat, part)
    except Rejected as error:
        if part.how != "voice" or NO_VOICE not in str(error).lower():
            raise
        await deliver(chat, replace(part, how="document"))


def _chat_number(chat_id: str) -> int:
    try:
        return int(chat_id)
    except ValueError:
        raise Rejected("a Telegram chat id is a number") from None

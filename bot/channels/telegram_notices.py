"""What nobody asked for just now (alerts, results, reminders), by python-telegram-bot.

Such messages come in crowds and need pacing, which aiogram has not; this library has a place for it.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import telegram as ptb
from aiolimiter import AsyncLimiter
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError
from telegram.ext import BaseRateLimiter, ExtBot
from telegram.request import HTTPXRequest

from bot.channels.base import ChannelError, Moved, Throttled, Unavailable, Unreachable
from bot.channels.pace import Pace
from bot.channels.telegram_calls import answer_in, refused
from bot.channels.telegram_parts import SECONDS_PER_CHAT_MESSAGE, Keyboard, Part

REQUEST_S = 30
MEDIA_S = 60
POOL_SIZE, POOL_S = 16, 30.0  # requests at once, and how long one may wait for its turn
REMEMBERED_CHATS = 512

# httpx writes the address of every request at INFO, and Telegram's addresses hold the bot's token.
logging.getLogger("httpx").setLevel(logging.WARNING)
# Without it python-telegram-bot 22 warns of its own future in the middle of raising RetryAfter.
os.environ.setdefault("PTB_TIMEDELTA", "true")


class Notices:
    """The library's bot. It has to be made inside the loop that uses it: it does not survive a change of loop."""

    def __init__(self, token: str, api_url: str, pace: Pace) -> None:
        self._bot = _announcer(token, api_url, pace)
        self._starting = asyncio.Lock()

    async def send(self, chat: int, part: Part) -> None:
        """Raises ChannelError."""
        keyboard = _for_ptb(part.keyboard)
        files = [ptb.InputFile(file.data, file.name, attach=part.how == "album") for file in part.attachments]
        with _ptb_errors():
            async with self._starting:
                await self._bot.initialize()
            match part.how:
                case "text":
                    quiet = ptb.LinkPreviewOptions(is_disabled=True)
                    await self._bot.send_message(chat, part.text, reply_markup=keyboard, link_preview_options=quiet)
                case "album":
                    await self._bot.send_media_group(chat, [ptb.InputMediaPhoto(file) for file in files])
                case "photo":
                    await self._bot.send_photo(chat, files[0], reply_markup=keyboard)
                case "voice":
                    await self._bot.send_voice(chat, files[0], reply_markup=keyboard)
                case "audio":
                    await self._bot.send_audio(chat, files[0], reply_markup=keyboard)
                case _:
                    await self._bot.send_document(chat, files[0], reply_markup=keyboard)

    async def close(self) -> None:
        await self._bot.shutdown()


def _for_ptb(
    keyboard: Keyboard | None,
) -> ptb.InlineKeyboardMarkup | ptb.ReplyKeyboardMarkup | ptb.ReplyKeyboardRemove | None:
    match keyboard:
        case None:
            return None
        case {"inline_keyboard": _}:
            return ptb.InlineKeyboardMarkup.de_json(keyboard, None)
        case {"keyboard": rows}:
            keys = [[ptb.KeyboardButton(**key) for key in row] for row in rows]
            return ptb.ReplyKeyboardMarkup(keys, one_time_keyboard=True, resize_keyboard=True)
    return ptb.ReplyKeyboardRemove()


# ---------------------------------------------------------------- pacing


def _announcer(token: str, api_url: str, pace: Pace) -> ExtBot[int]:
    request = Announcing(
        connection_pool_size=POOL_SIZE,
        pool_timeout=POOL_S,
        connect_timeout=10,
        read_timeout=REQUEST_S,
        write_timeout=REQUEST_S,
        media_write_timeout=MEDIA_S,
    )
    return ExtBot(
        token,
        base_url=f"{api_url}/bot",
        base_file_url=f"{api_url}/file/bot",
        request=request,
        rate_limiter=OutboxRateLimiter(pace, SECONDS_PER_CHAT_MESSAGE),
    )


class Announcing(HTTPXRequest):
    """Takes nothing for an answer that is none; the library would break over some and believe others.

    Its own reading of a proxy's "403" is that the person has blocked the bot. Whatever it asks for here is answered
    with the bot or with messages, never with a bare "true".
    """

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        status, body = await super().do_request(*args, **kwargs)
        try:
            answer = answer_in(body)
        except ValueError:
            raise TelegramError("no answer of the Bot API") from None
        if answer["ok"] != (200 <= status < 300) or answer.get("result") is True:
            raise TelegramError("an answer that contradicts itself")
        return status, body


Request = Callable[..., Coroutine[Any, Any, bool | dict[str, Any] | list[dict[str, Any]]]]


class OutboxRateLimiter(BaseRateLimiter[int]):
    """Each request in its turn, and each chat's a second apart; retries are the outbox's business.

    The library's own AIORateLimiter knows one process only, spaces no messages within one private chat, and ends its
    pause after a 429 as soon as any other request ends (python-telegram-bot issue 5338).
    """

    __slots__ = ("_chats", "_pace", "_spacing_s")

    def __init__(self, pace: Pace, spacing_s: float) -> None:
        self._pace, self._spacing_s = pace, spacing_s
        self._chats: dict[int, AsyncLimiter] = {}

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def process_request(
        self,
        callback: Request,
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> bool | dict[str, Any] | list[dict[str, Any]]:
        async with self._spaced(data.get("chat_id")):
            for _ in data.get("media", (None,)):  # an album is as many messages as it has pictures
                await self._pace.turn()
            return await callback(*args, **kwargs)

    def _spaced(self, chat: object) -> "AsyncLimiter | nullcontext[None]":
        if not isinstance(chat, int) or chat <= 0:
            return nullcontext()
        if len(self._chats) > REMEMBERED_CHATS:
            self._chats = {one: turn for one, turn in self._chats.items() if not turn.has_capacity()}
        return self._chats.setdefault(chat, AsyncLimiter(1, self._spacing_s))


# ---------------------------------------------------------------- errors
# Causes are cut off: their texts may hold the token.


@contextmanager
def _ptb_errors() -> Iterator[None]:
    try:
        yield
    except TelegramError as error:
        raise _from_ptb(error) from None
    except (TypeError, KeyError, AttributeError, ValueError):  # it reads what was sent out of any result it gets
        raise Unavailable("a result that is no message") from None


def _from_ptb(error: TelegramError) -> ChannelError:
    """As `refusal_in`. BadRequest is a NetworkError in this library, so it is looked at by itself."""
    match error:
        case RetryAfter():
            return Throttled(_seconds(error))
        case ChatMigrated():
            return Moved(str(error.new_chat_id))
        case Forbidden():
            return Unreachable(error.message)
        case BadRequest():
            return refused(error.message)
    return Unavailable(type(error).__name__)


def _seconds(error: RetryAfter) -> float:
    """The public attribute is int or timedelta, by release and environment; this one is always a timedelta."""
    return error._retry_after.total_seconds()

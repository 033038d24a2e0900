"""What needs Telegram's types, by aiogram: to read what is more than words and presses, and files in and out.

Importing it takes a second, so it is imported only where Telegram is on.
"""

import asyncio
import base64
import hashlib
import math
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import Any

import bot.channels.quick_aiogram  # noqa: F401  before aiogram: a third of the time, and of the memory

# isort: split
import aiogram.types as tg
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ChatType, ContentType
from aiogram.exceptions import (
    AiogramError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
)
from aiohttp import ClientError

from bot.channels.base import (
    ChannelError,
    FileUnavailable,
    Moved,
    Rejected,
    Throttled,
    Unavailable,
    Unreachable,
    Update,
    pressed,
)
from bot.channels.keys import storable
from bot.channels.telegram_calls import answer_in, refused
from bot.channels.telegram_parts import Keyboard, Part
from bot.channels.telegram_words import NAME, locale_of, said
from dialogs.model import (
    ContactShared,
    Event,
    FileReceived,
    FileRef,
    LocationShared,
    TextReceived,
    UnsupportedReceived,
)

MAX_DOWNLOAD_BYTES = 20 << 20  # github.com/tdlib/telegram-bot-api, Client.h MAX_DOWNLOAD_FILE_SIZE
REQUEST_S = 30
FETCH_S = 60
PASSING = "temporarily unavailable"

# What people send and we can't read. Types missing here are notes of the app itself ("pinned a message").
UNREADABLE = {
    ContentType.STICKER: "sticker",
    ContentType.VIDEO: "video",
    ContentType.VIDEO_NOTE: "video",
    ContentType.ANIMATION: "video",
    ContentType.POLL: "poll",
    ContentType.CHECKLIST: "other",
    ContentType.DICE: "other",
    ContentType.GAME: "other",
    ContentType.GIVEAWAY: "other",
    ContentType.LIVE_PHOTO: "other",
    ContentType.PAID_MEDIA: "other",
    ContentType.RICH_MESSAGE: "other",
    ContentType.STORY: "other",
    ContentType.UNKNOWN: "other",
}


class Files:
    """aiogram's bot, for what goes in and out as a file."""

    def __init__(self, token: str, api_url: str) -> None:
        self._token = token
        server = TelegramAPIServer.from_base(api_url)
        self._bot = Bot(token, session=AiohttpSession(api=server, timeout=REQUEST_S, json_loads=answer_in))

    async def send(self, chat: int, part: Part) -> None:
        """A part that is no text; raises ChannelError."""
        keyboard = _markup(part.keyboard)
        files = [tg.BufferedInputFile(file.data, file.name) for file in part.attachments]
        with _aiogram_errors():
            match part.how:
                case "album":
                    await self._bot.send_media_group(chat, [tg.InputMediaPhoto(media=file) for file in files])
                case "photo":
                    await self._bot.send_photo(chat, files[0], reply_markup=keyboard)
                case "voice":
                    await self._bot.send_voice(chat, files[0], reply_markup=keyboard)
                case "audio":
                    await self._bot.send_audio(chat, files[0], reply_markup=keyboard)
                case _:
                    await self._bot.send_document(chat, files[0], reply_markup=keyboard)

    async def fetch(self, source: str) -> bytes:
        """As Telegram.fetch."""
        with _aiogram_errors(bad_request=_no_file):
            async with asyncio.timeout(FETCH_S):
                file = await self._bot.get_file(source)
                data = await self._download(file.file_path or "")
        if file.file_size not in (None, len(data)):  # half of it, or a proxy's page instead
            raise Unavailable("not the file that was announced")
        return data

    async def _download(self, path: str) -> bytes:
        session, data = self._bot.session, bytearray()
        url = session.api.file_url(self._token, path)
        async with aclosing(session.stream_content(url, timeout=FETCH_S)) as chunks:
            async for chunk in chunks:
                data += chunk
                if len(data) > MAX_DOWNLOAD_BYTES:
                    raise FileUnavailable("larger than 20 MiB")
        return bytes(data)

    async def close(self) -> None:
        await self._bot.session.close()


def _markup(
    keyboard: Keyboard | None,
) -> tg.InlineKeyboardMarkup | tg.ReplyKeyboardMarkup | tg.ReplyKeyboardRemove | None:
    match keyboard:
        case None:
            return None
        case {"inline_keyboard": _}:
            return tg.InlineKeyboardMarkup.model_validate(keyboard)
        case {"keyboard": _}:
            return tg.ReplyKeyboardMarkup.model_validate(keyboard)
    return tg.ReplyKeyboardRemove(remove_keyboard=True)


# ---------------------------------------------------------------- what an update means


def updates_of(raw: Any) -> list[Update]:
    """Only what a person did in a private chat with the bot; ValueError for what is no update.

    Two for a captioned file: the file, and the caption as a text of its own (key "<update_id>c").
    """
    update = tg.Update.model_validate(raw)
    if update.callback_query:
        return _press(update.update_id, update.callback_query)
    if update.message:
        return _message(update.update_id, update.message)
    if update.edited_message:
        return _edit(update.update_id, update.edited_message)
    return []


def _press(update_id: int, press: tg.CallbackQuery) -> list[Update]:
    """A press under a message; `press.message` may be one too old for Telegram to show."""
    message = press.message
    if message is None or message.chat.type != ChatType.PRIVATE or press.data is None:
        return []
    return [
        Update(
            channel=NAME,
            key=str(update_id),
            chat_id=str(message.chat.id),
            event=pressed(storable(press.data)),
            locale=_locale(press.from_user),
            ack=press.id,
        )
    ]


def _message(update_id: int, message: tg.Message) -> list[Update]:
    content = _content(update_id, message)
    if not _by_person(message) or content is None:
        return []
    event, source = content
    update = replace(_update(update_id, message, event), source=source)
    if not message.caption:
        return [update]
    caption = _update(update_id, message, TextReceived(storable(message.caption)))
    return [update, replace(caption, key=f"{update_id}c")]


def _edit(update_id: int, message: tg.Message) -> list[Update]:
    """A shared live location is "edited" every few seconds: that is no edit to speak of."""
    if not _by_person(message) or message.location:
        return []
    return [_update(update_id, message, UnsupportedReceived("edited"))]


def _by_person(message: tg.Message) -> bool:
    sender = message.from_user
    return message.chat.type == ChatType.PRIVATE and sender is not None and not sender.is_bot


def _update(update_id: int, message: tg.Message, event: Event) -> Update:
    return Update(NAME, str(update_id), str(message.chat.id), event, _locale(message.from_user))


def _locale(person: tg.User | None) -> str:
    return locale_of(person.language_code if person else None)


def _content(update_id: int, message: tg.Message) -> tuple[Event, str] | None:
    """The event and the source of its file; None for notes of the app itself.

    Telegram gives a venue a location and an animation a document besides.
    """
    match message:
        case tg.Message(text=str(text)):
            return said(storable(text)), ""
        case tg.Message(contact=tg.Contact() as card):
            return _shared(card, message.from_user), ""
        case tg.Message(location=tg.Location() as place) if math.isfinite(place.latitude + place.longitude):
            return LocationShared(place.latitude, place.longitude), ""
        case tg.Message(photo=[*sizes]) if sizes:
            largest = max(sizes, key=lambda size: size.width * size.height)
            return _file(update_id, message, largest)
        case tg.Message(voice=tg.Voice() as voice):
            return _file(update_id, message, voice)
        case tg.Message(audio=tg.Audio() as audio):
            return _file(update_id, message, audio)
        case tg.Message(animation=None, document=tg.Document() as document):
            return _file(update_id, message, document)
    kind = UNREADABLE.get(ContentType(message.content_type))
    return (UnsupportedReceived(kind), "") if kind else None


def _shared(card: tg.Contact, sender: tg.User | None) -> ContactShared:
    """One's own number comes in international digits, with or without the plus; others' as they were saved."""
    own = sender is not None and card.user_id == sender.id
    phone = storable(card.phone_number)
    return ContactShared(f"+{phone.lstrip('+')}" if own else phone, own)


def _file(
    update_id: int, message: tg.Message, file: tg.PhotoSize | tg.Document | tg.Voice | tg.Audio
) -> tuple[FileReceived, str]:
    size, name = file.file_size or 0, file.file_name if isinstance(file, tg.Document | tg.Audio) else ""
    ref = FileRef(
        id=_file_code(f"{file.file_unique_id} {message.chat.id} {update_id}"),
        name=storable(name or ""),
        size_bytes=max(0, size),
        is_photo=isinstance(file, tg.PhotoSize),
        is_voice=_is_sound(file),
    )
    return FileReceived(ref), file.file_id if size <= MAX_DOWNLOAD_BYTES else ""


def _is_sound(file: tg.PhotoSize | tg.Document | tg.Voice | tg.Audio) -> bool:
    """A recording may also be sent as a document."""
    if isinstance(file, tg.Document):
        return (file.mime_type or "").startswith("audio/")
    return isinstance(file, tg.Voice | tg.Audio)


def _file_code(seed: str) -> str:
    """11 of [a-z2-7], short enough for button data; the same each time the update is delivered."""
    digest = base64.b32encode(hashlib.sha256(seed.encode()).digest()).decode()
    return f"t{digest[:10].lower()}"


# ---------------------------------------------------------------- errors
# Causes are cut off: their texts may hold the token.


@contextmanager
def _aiogram_errors(bad_request: Callable[[str], ChannelError] | None = None) -> Iterator[None]:
    try:
        yield
    except (AiogramError, ClientError, OSError, ValueError) as error:
        raise _from_aiogram(error, bad_request or refused) from None


def _from_aiogram(error: Exception, bad_request: Callable[[str], ChannelError]) -> ChannelError:
    """As `refusal_in`."""
    match error:
        case TelegramRetryAfter():
            return Throttled(error.retry_after)
        case TelegramMigrateToChat():
            return Moved(str(error.migrate_to_chat_id))
        case TelegramForbiddenError():
            return Unreachable(error.message)
        case TelegramBadRequest():
            return bad_request(error.message)
        case TelegramEntityTooLarge():
            return Rejected("too large")
    return Unavailable(type(error).__name__)


def _no_file(description: str) -> ChannelError:
    """getFile says "wrong file_id or the file is temporarily unavailable" of both: try again."""
    return Unavailable(description) if PASSING in description else FileUnavailable(description)

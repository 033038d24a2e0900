"""Telegram, by two libraries: aiogram reads and answers, python-telegram-bot sends what nobody asked for.

The line between them is `Outgoing.unprompted`. Notices (alerts, results, reminders) come in crowds and need
pacing, which aiogram has not; python-telegram-bot has a place for it, which `OutboxRateLimiter` fills.
Everything is plain text: no parse mode, so a person's own words can never break a message.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import math
import os
import re
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import bot.channels.quick_aiogram  # noqa: F401  before aiogram: it takes a sixth of the time then

# isort: split
import aiogram.types as tg
import telegram as ptb
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
from aiogram.methods import TelegramMethod
from aiohttp import ClientError
from aiolimiter import AsyncLimiter
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError
from telegram.ext import BaseRateLimiter, ExtBot
from telegram.request import HTTPXRequest

from bot.channels.base import (
    Attachment,
    BadSignature,
    Button,
    Capabilities,
    ChannelError,
    FileUnavailable,
    Moved,
    Outgoing,
    Rejected,
    Sent,
    Throttled,
    Unavailable,
    Unreachable,
    Update,
    pressed,
)
from bot.channels.keys import storable
from bot.channels.pace import Budget, OwnBudget, Pace, Rate
from bot.channels.text import split_text
from dialogs.model import (
    CommandReceived,
    ContactShared,
    Event,
    FileReceived,
    FileRef,
    LocationShared,
    TextReceived,
    UnsupportedReceived,
)

# Limits, all read on 2026-11-22. "API" is core.telegram.org/bots/api, "server" github.com/tdlib/telegram-bot-api.
MAX_TEXT_CHARS = 4096  # API, sendMessage
MAX_BUTTONS = 100  # telegram.constants.InlineKeyboardMarkupLimit
MAX_BUTTON_CHARS = 40  # no stated limit; what one row of a small phone shows
MAX_DATA_BYTES = 64  # API, InlineKeyboardButton.callback_data
MAX_DOWNLOAD_BYTES = 20 << 20  # server, Client.h MAX_DOWNLOAD_FILE_SIZE
MAX_UPLOAD_BYTES = 50_000_000  # API, sendDocument
MAX_PHOTO_BYTES = 10_000_000  # API, sendPhoto
MAX_ALBUM = 10  # API, sendMediaGroup: 2 to 10
RATE = Rate(29)  # messages to all: core.telegram.org/bots/faq says "more than 30 messages per second or so"
SECONDS_PER_CHAT_MESSAGE = 1.0  # core.telegram.org/bots/faq: avoid more than one a second in one chat
ALLOWED_UPDATES = ["message", "edited_message", "callback_query"]

WIDE_LABEL_CHARS = 20  # two longer labels in one row are cut off on a small phone
POLL_S = 30  # the server holds at most 50 (server, Client.h)
REQUEST_S = 30
FETCH_S = 60
FIRST_BACKOFF_S, LAST_BACKOFF_S = 1.0, 30.0
POOL_SIZE, POOL_S = 16, 30.0  # requests at once, and how long one may wait for its turn
REMEMBERED_MESSAGES = 1000
REMEMBERED_CHATS = 512

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105  a header's name
LOCALES = ("vi", "en")
COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@\w+)?(?:\s+(.*))?", re.DOTALL)
NO_CHAT = ("chat not found", "user not found", "peer_id_invalid")
NO_VOICE = "voice_messages_forbidden"  # a person's own setting; github.com/openclaw/openclaw/pull/1725 quotes it
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

Keyboard = tg.InlineKeyboardMarkup | tg.ReplyKeyboardMarkup | tg.ReplyKeyboardRemove

log = logging.getLogger(__name__)
# httpx writes the address of every request at INFO, and Telegram's addresses hold the bot's token.
logging.getLogger("httpx").setLevel(logging.WARNING)
# Without it python-telegram-bot 22 warns of its own future in the middle of raising RetryAfter.
os.environ.setdefault("PTB_TIMEDELTA", "true")


class Telegram:
    """One bot. `secret_token`: 1-256 of A-Za-z0-9_-; "" takes unsigned webhook calls (tests, polling only).

    `budgeted` makes the budget of its rate: that of this process, or one of all that have the token.
    Raises aiogram's TokenValidationError when the token has not the shape of one.
    """

    name = "telegram"
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
        server = TelegramAPIServer.from_base(self._api_url)
        self._bot = Bot(token, session=AiohttpSession(api=server, timeout=REQUEST_S, json_loads=answer_in))
        self._pace = Pace(budgeted(RATE), RATE)
        self._announcer: ExtBot[int] | None = None
        self._starting = asyncio.Lock()
        self._delivered: dict[tuple[str, str], int] = {}

    # ------------------------------------------------------------ in

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Update]:
        """What one webhook call says: nothing (groups, other bots, notes of the app), one update or two.

        Two for a captioned file: the file, and the caption as a text of its own (key "<update_id>c").
        Raises BadSignature; ValueError when the body is not an update: the caller logs that and answers 2xx
        all the same, for Telegram repeats what is refused for a day and holds the chat's later messages back.
        """
        self._check_secret(headers)
        return updates_of(tg.Update.model_validate_json(body))

    def _check_secret(self, headers: Mapping[str, str]) -> None:
        sent = next((value for name, value in headers.items() if name.lower() == SECRET_HEADER), "")
        if self._secret and not hmac.compare_digest(sent.encode(), self._secret.encode()):
            raise BadSignature

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
            if found := [update for raw in batch for update in _parsed(raw)]:
                yield found
            offset = max([offset, *(_update_id(raw) + 1 for raw in batch)])

    async def _poll(self, offset: int) -> list[dict[str, Any]]:
        method = RawGetUpdates(offset=offset, timeout=POLL_S, allowed_updates=ALLOWED_UPDATES)
        with _aiogram_errors():
            return await self._bot(method, request_timeout=POLL_S + REQUEST_S)

    async def fetch(self, source: str) -> bytes:
        """Bytes behind a Telegram file_id, at most 20 MiB and 60 s.

        An empty source stands for a file whose update already said that it is larger.
        """
        if not source:
            raise FileUnavailable("larger than 20 MiB")
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

    async def _reply(self, chat: int, part: "Part") -> None:
        """At once: somebody is there and waits. The notices leave room for it."""
        self._pace.count()
        keyboard = part.keyboard
        files = [tg.BufferedInputFile(file.data, file.name) for file in part.attachments]
        with _aiogram_errors():
            match part.how:
                case "text":
                    keys = keyboard.model_dump_json(exclude_none=True) if keyboard is not None else None
                    await self._bot(RawSendMessage(chat_id=chat, text=part.text, reply_markup=keys))
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

    async def _announce(self, chat: int, part: "Part") -> None:
        keyboard = _for_ptb(part.keyboard)
        files = [ptb.InputFile(file.data, file.name, attach=part.how == "album") for file in part.attachments]
        with _ptb_errors():
            bot = await self._started_announcer()
            match part.how:
                case "text":
                    quiet = ptb.LinkPreviewOptions(is_disabled=True)
                    await bot.send_message(chat, part.text, reply_markup=keyboard, link_preview_options=quiet)
                case "album":
                    await bot.send_media_group(chat, [ptb.InputMediaPhoto(file) for file in files])
                case "photo":
                    await bot.send_photo(chat, files[0], reply_markup=keyboard)
                case "voice":
                    await bot.send_voice(chat, files[0], reply_markup=keyboard)
                case "audio":
                    await bot.send_audio(chat, files[0], reply_markup=keyboard)
                case _:
                    await bot.send_document(chat, files[0], reply_markup=keyboard)

    async def _started_announcer(self) -> ExtBot[int]:
        """python-telegram-bot's bot, made inside the loop that uses it: it does not survive a change of loop."""
        async with self._starting:
            if self._announcer is None:
                self._announcer = _announcer(self._token, self._api_url, self._pace)
            await self._announcer.initialize()
            return self._announcer

    async def acknowledge(self, update: Update) -> None:
        """Stop the spinner on a pressed button; Telegram forgets presses after some minutes anyway."""
        if not update.ack:
            return
        try:
            with _aiogram_errors():
                await self._bot.answer_callback_query(update.ack)
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
        with _aiogram_errors():
            if public_url:
                await self._bot.set_webhook(
                    public_url, secret_token=self._secret or None, allowed_updates=ALLOWED_UPDATES
                )
            else:
                await self._bot.delete_webhook()

    async def set_commands(self, commands: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """Fill the app's command menu: locale -> (command, description); the first locale serves all others too."""
        menus = {
            locale: [tg.BotCommand(command=name, description=text) for name, text in lines]
            for locale, lines in commands.items()
        }
        with _aiogram_errors():
            for default in list(menus.values())[:1]:
                await self._bot.set_my_commands(default)
            for locale, menu in menus.items():
                await self._bot.set_my_commands(menu, language_code=locale)

    async def username(self) -> str:
        """The bot's name without @, for links like t.me/<username>?start=<payload>. Raises ChannelError."""
        with _aiogram_errors():
            return (await self._bot.me()).username or ""

    async def close(self) -> None:
        await self._bot.session.close()
        if self._announcer is not None:
            await self._announcer.shutdown()
            self._announcer = None


class RawGetUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates without types: aiogram's own fails the whole batch when one update has a shape it doesn't know."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int
    timeout: int
    allowed_updates: list[str]


class RawSendMessage(TelegramMethod[dict[str, Any]]):
    """sendMessage of a plain text, the keyboard in JSON: nothing is made of the message that Telegram answers with.

    aiogram's own makes some thirty objects of it, and of the keyboard, which is a third of what a reply costs to send.
    """

    __returning__ = dict[str, Any]
    __api_method__ = "sendMessage"

    chat_id: int
    text: str
    reply_markup: str | None
    link_preview_options: str = '{"is_disabled":true}'


# ---------------------------------------------------------------- what an update means


def updates_of(update: tg.Update) -> list[Update]:
    """Only what a person did in a private chat with the bot."""
    if update.callback_query:
        return _press(update.update_id, update.callback_query)
    if update.message:
        return _message(update.update_id, update.message)
    if update.edited_message:
        return _edit(update.update_id, update.edited_message)
    return []


def _parsed(raw: dict[str, Any]) -> list[Update]:
    """As `updates_of`; an update of a shape nobody knows is logged and left out, its neighbours are not."""
    try:
        return updates_of(tg.Update.model_validate(raw))
    except ValueError as error:
        log.error("update %s can't be read: %s", _update_id(raw), type(error).__name__)
        return []


def _update_id(raw: dict[str, Any]) -> int:
    number = raw.get("update_id")
    return number if isinstance(number, int) else -1


def _press(update_id: int, press: tg.CallbackQuery) -> list[Update]:
    """A press under a message; `press.message` may be one too old for Telegram to show."""
    message = press.message
    if message is None or message.chat.type != ChatType.PRIVATE or press.data is None:
        return []
    return [
        Update(
            channel=Telegram.name,
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
    return Update(Telegram.name, str(update_id), str(message.chat.id), event, _locale(message.from_user))


def _locale(person: tg.User | None) -> str:
    code = (person.language_code or "")[:2].lower() if person else ""
    return code if code in LOCALES else ""


def _content(update_id: int, message: tg.Message) -> tuple[Event, str] | None:
    """The event and the source of its file; None for notes of the app itself.

    Telegram gives a venue a location and an animation a document besides.
    """
    match message:
        case tg.Message(text=str(text)):
            return _said(storable(text)), ""
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


def _said(text: str) -> Event:
    command = COMMAND.fullmatch(text)
    if command is None:
        return TextReceived(text)
    return CommandReceived(command[1].lower(), (command[2] or "").strip())


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


# ---------------------------------------------------------------- what a message becomes


@dataclass(frozen=True, slots=True)
class Part:
    """One request: a text, an attachment, or an album. `how`: text, album, photo, voice, audio, document."""

    how: str
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    keyboard: Keyboard | None = None


def parts_of(message: Outgoing) -> list[Part]:
    """The Telegram messages of one message, in order; raises Rejected for what can't be sent at all."""
    if any(len(file.data) > MAX_UPLOAD_BYTES for file in message.attachments):
        raise Rejected("an attachment is larger than 50 MB")
    texts = [Part("text", text) for text in split_text(message.text, MAX_TEXT_CHARS)]
    pictures = [file for file in message.attachments if _how(file) == "photo"]
    others = [_single(file) for file in message.attachments if len(pictures) < 2 or _how(file) != "photo"]
    albums = _albums(pictures, lead=bool(texts or others)) if len(pictures) > 1 else []
    parts = [*albums, *texts, *others]
    if not parts:
        raise Rejected("nothing to send")
    return [*parts[:-1], replace(parts[-1], keyboard=keyboard_of(message))]


def _albums(pictures: Sequence[Attachment], *, lead: bool) -> list[Part]:
    """Pictures in albums; where they do not `lead` to something else, the last is alone and has the keyboard."""
    end = len(pictures) if lead else len(pictures) - 1
    groups = [tuple(pictures[at : min(at + MAX_ALBUM, end)]) for at in range(0, end, MAX_ALBUM)]
    alone = [_single(file) for file in pictures[end:]]
    return [*(_single(group[0]) if len(group) == 1 else Part("album", attachments=group) for group in groups), *alone]


def _single(file: Attachment) -> Part:
    return Part(_how(file), attachments=(file,))


def _how(file: Attachment) -> str:
    """What Telegram takes as a voice note is OGG with Opus; as music MP3 and M4A (API, sendVoice and sendAudio)."""
    if file.show == "picture" and file.media_type == "image/jpeg" and len(file.data) <= MAX_PHOTO_BYTES:
        return "photo"
    if file.show == "voice" and file.media_type == "audio/ogg":
        return "voice"
    return "audio" if file.show == "voice" and file.media_type in ("audio/mpeg", "audio/mp4") else "document"


async def _or_as_file(deliver: Callable[[int, Part], Coroutine[Any, Any, None]], chat: int, part: Part) -> None:
    """Who takes no voice messages from strangers gets the recording as a file."""
    try:
        await deliver(chat, part)
    except Rejected as error:
        if part.how != "voice" or NO_VOICE not in str(error).lower():
            raise
        await deliver(chat, replace(part, how="document"))


def keyboard_of(message: Outgoing) -> Keyboard | None:
    """Buttons under the message, or in place of the phone's keys where a contact or a place is asked for.

    Only keys can ask for those, so the options become keys too and come back as typed text. The keys hide
    after use, but a person who types instead keeps them; the next reply without buttons takes them away
    (Telegram allows one keyboard a message). A notice leaves them: the question may still be open.
    """
    if message.ask_contact or message.ask_location:
        return _keys(message)
    if message.buttons:
        return tg.InlineKeyboardMarkup(inline_keyboard=[[_button(one) for one in row] for row in _rows(message)])
    return None if message.unprompted else tg.ReplyKeyboardRemove(remove_keyboard=True)


def _button(button: Button) -> tg.InlineKeyboardButton:
    return tg.InlineKeyboardButton(text=button.label, callback_data=button.data)


def _keys(message: Outgoing) -> tg.ReplyKeyboardMarkup:
    rows = [[tg.KeyboardButton(text=one.label) for one in row] for row in _rows(message)]
    if message.ask_location:
        rows.insert(0, [tg.KeyboardButton(text=message.ask_location, request_location=True)])
    if message.ask_contact:
        rows.insert(0, [tg.KeyboardButton(text=message.ask_contact, request_contact=True)])
    return tg.ReplyKeyboardMarkup(keyboard=rows, one_time_keyboard=True, resize_keyboard=True)


def _rows(message: Outgoing) -> list[list[Button]]:
    """Two short labels share a row; a long one has its own."""
    rows: list[list[Button]] = []
    for button in message.buttons:
        if rows and len(rows[-1]) == 1 and _is_short(rows[-1][0]) and _is_short(button):
            rows[-1].append(button)
        else:
            rows.append([button])
    return rows


def _is_short(button: Button) -> bool:
    return len(button.label) <= WIDE_LABEL_CHARS


def _chat_number(chat_id: str) -> int:
    try:
        return int(chat_id)
    except ValueError:
        raise Rejected("a Telegram chat id is a number") from None


def _for_ptb(
    keyboard: Keyboard | None,
) -> ptb.InlineKeyboardMarkup | ptb.ReplyKeyboardMarkup | ptb.ReplyKeyboardRemove | None:
    match keyboard:
        case tg.InlineKeyboardMarkup():
            return ptb.InlineKeyboardMarkup.de_json(keyboard.model_dump(exclude_none=True), None)
        case tg.ReplyKeyboardMarkup():
            rows = [
                [ptb.KeyboardButton(**key.model_dump(exclude_none=True)) for key in row] for row in keyboard.keyboard
            ]
            return ptb.ReplyKeyboardMarkup(rows, one_time_keyboard=True, resize_keyboard=True)
        case tg.ReplyKeyboardRemove():
            return ptb.ReplyKeyboardRemove()
    return None


# ---------------------------------------------------------------- pacing


def _announcer(token: str, api_url: str, pace: Pace) -> ExtBot[int]:
    request = Announcing(
        connection_pool_size=POOL_SIZE,
        pool_timeout=POOL_S,
        connect_timeout=10,
        read_timeout=REQUEST_S,
        write_timeout=REQUEST_S,
        media_write_timeout=FETCH_S,
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
# Each library's errors become ours in one place. Causes are cut off: their texts may hold the bot's token.


def answer_in(body: str | bytes) -> dict[str, Any]:
    """The answer to a call; ValueError for what is none: a proxy's page, a yes without a result, a no without a reason.

    Nobody knows whether such a call took effect, so it is made again.
    Source: core.telegram.org/bots/api#making-requests
    """
    answer = json.loads(body)
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        raise ValueError("no answer of the Bot API")
    if answer.get("result") in (None, {}) if answer["ok"] else not isinstance(answer.get("description"), str):
        raise ValueError("half an answer")
    parameters = answer.get("parameters", {})
    if not isinstance(parameters, dict) or not _is_pause(parameters.get("retry_after", 1)):
        raise ValueError("a pause that is none")
    return answer


def _is_pause(value: object) -> bool:
    return isinstance(value, int) and value > 0


@contextmanager
def _aiogram_errors(bad_request: Callable[[str], ChannelError] | None = None) -> Iterator[None]:
    try:
        yield
    except (AiogramError, ClientError, OSError, ValueError) as error:
        raise _from_aiogram(error, bad_request or _refused) from None


def _from_aiogram(error: Exception, bad_request: Callable[[str], ChannelError]) -> ChannelError:
    """Everything unnamed is the network, the server, or the token (401, 404): worth another try later."""
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


@contextmanager
def _ptb_errors() -> Iterator[None]:
    try:
        yield
    except TelegramError as error:
        raise _from_ptb(error) from None
    except (TypeError, KeyError, AttributeError, ValueError):  # it reads what was sent out of any result it gets
        raise Unavailable("a result that is no message") from None


def _from_ptb(error: TelegramError) -> ChannelError:
    """As `_from_aiogram`. BadRequest is a NetworkError in this library, so it is looked at by itself."""
    match error:
        case RetryAfter():
            return Throttled(_seconds(error))
        case ChatMigrated():
            return Moved(str(error.new_chat_id))
        case Forbidden():
            return Unreachable(error.message)
        case BadRequest():
            return _refused(error.message)
    return Unavailable(type(error).__name__)


def _seconds(error: RetryAfter) -> float:
    """The public attribute is int or timedelta, by release and environment; this one is always a timedelta."""
    return error._retry_after.total_seconds()


def _refused(description: str) -> ChannelError:
    text = description.lower()
    return Unreachable(description) if any(words in text for words in NO_CHAT) else Rejected(description)


def _no_file(description: str) -> ChannelError:
    """getFile says "wrong file_id or the file is temporarily unavailable" of both: try again."""
    return Unavailable(description) if PASSING in description else FileUnavailable(description)

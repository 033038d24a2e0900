"""What one message becomes on Telegram: texts, albums and files in order, the keyboard under the last of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.channels.base import Attachment, Button, Outgoing, Rejected
from bot.channels.text import split_text

# Limits, all read on 2026-11-22. "API" is core.telegram.org/bots/api.
MAX_TEXT_CHARS = 4096  # API, sendMessage
MAX_UPLOAD_BYTES = 50_000_000  # API, sendDocument
MAX_PHOTO_BYTES = 10_000_000  # API, sendPhoto
MAX_ALBUM = 10  # API, sendMediaGroup: 2 to 10
SECONDS_PER_CHAT_MESSAGE = 1.0  # core.telegram.org/bots/faq: avoid more than one a second in one chat
WIDE_LABEL_CHARS = 20  # two longer labels in one row are cut off on a small phone

Keyboard = dict[str, Any]
"""As the API has it: InlineKeyboardMarkup, ReplyKeyboardMarkup or ReplyKeyboardRemove."""


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


def keyboard_of(message: Outgoing) -> Keyboard | None:
    """Buttons under the message, or in place of the phone's keys where a contact or a place is asked for.

    Only keys can ask for those, so the options become keys too and come back as typed text. The keys hide
    after use, but a person who types instead keeps them; the next reply without buttons takes them away
    (Telegram allows one keyboard a message). A notice leaves them: the question may still be open.
    """
    if message.ask_contact or message.ask_location:
        return _keys(message)
    if message.buttons:
        return {"inline_keyboard": [[_button(one) for one in row] for row in _rows(message)]}
    return None if message.unprompted else {"remove_keyboard": True}


def _button(button: Button) -> dict[str, str]:
    return {"text": button.label, "callback_data": button.data}


def _keys(message: Outgoing) -> Keyboard:
    rows: list[list[dict[str, Any]]] = [[{"text": one.label} for one in row] for row in _rows(message)]
    if message.ask_location:
        rows.insert(0, [{"text": message.ask_location, "request_location": True}])
    if message.ask_contact:
        rows.insert(0, [{"text": message.ask_contact, "request_contact": True}])
    return {"keyboard": rows, "one_time_keyboard": True, "resize_keyboard": True}


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

"""Typed words and pressed buttons, nearly all that comes over Telegram, read without a library.

What is more than that, or unusual in any way, is for aiogram (bot.channels.telegram_aiogram).
"""

import re
from typing import Any

from bot.channels.base import Update, pressed
from bot.channels.keys import storable
from dialogs.model import CommandReceived, Event, TextReceived

NAME = "telegram"
LOCALES = ("vi", "en")
COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@\w+)?(?:\s+(.*))?", re.DOTALL)


def words_in(raw: Any) -> Update | None:
    """An update of JSON with a text or a press in a private chat, and nothing besides; None for all others.

    Raises ValueError for a chat that our tables have no room for.
    """
    match raw:
        case {
            "update_id": int(number),
            "message": {
                "chat": {"id": int(chat), "type": "private"},
                "from": {"is_bot": False} as person,
                "text": str(text),
            } as message,
        } if len(raw) == 2 and "caption" not in message:
            return Update(NAME, str(number), str(chat), said(storable(text)), _locale(person))
        case {
            "update_id": int(number),
            "callback_query": {
                "id": str(ack),
                "from": dict(person),
                "message": {"chat": {"id": int(chat), "type": "private"}},
                "data": str(data),
            },
        } if len(raw) == 2:
            return Update(NAME, str(number), str(chat), pressed(storable(data)), _locale(person), ack=ack)
    return None


def said(text: str) -> Event:
    command = COMMAND.fullmatch(text)
    if command is None:
        return TextReceived(text)
    return CommandReceived(command[1].lower(), (command[2] or "").strip())


def _locale(person: dict[str, Any]) -> str:
    return locale_of(person.get("language_code"))


def locale_of(code: object) -> str:
    short = code[:2].lower() if isinstance(code, str) else ""
    return short if short in LOCALES else ""

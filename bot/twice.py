"""Words that were meant for another message. A button knows its question, so a finger that hits twice does no harm.

Where choices are typed back, a number answers the newest list, and where "1" was "accept" a moment ago it may be "send"
now; with words it is so everywhere ("chấp nhận"). And whoever gets no answer says it again, and it must not become the
answer to the next question as well. Whoever has had the answer to the first before them means the second.

A plain yes goes with anything, so it confirms only what is the last thing in the chat, and was there before the yes.
"""

import zlib
from datetime import timedelta

from bot.render import number_in, types_back
from bot.turn import Turned
from dialogs.matching import fold, same, without_call
from dialogs.model import N_, Event, OptionChosen, SendMessage, Text, TextReceived
from dialogs.words import YES
from storage.outbox import answered_at, last_said

AT_ONCE = timedelta(seconds=2)
"""Within it nobody has read the answer to the first."""
A_MOMENT_AGO = timedelta(minutes=1)
"""For so long the answer to the first may be on its way; later a number is meant for what is shown."""
UNANSWERED = timedelta(hours=1)
"""For so long somebody may say again what got no answer: we, or the messenger, were away."""


def checksum(turn: Turned) -> int:
    """Of what was typed, to know it again without keeping it; 0 where nothing was."""
    event = turn.update.event
    return zlib.crc32(fold(event.text).encode()) & 0x7FFF_FFFF if isinstance(event, TextReceived) else 0


def at_once(turn: Turned) -> bool:
    """Whether it is the last message once more, before its answer can have been read: then nothing is done, or said."""
    return _types_back(turn) and _same(turn, AT_ONCE)


async def said_again(turn: Turned, asked: SendMessage, event: Event) -> bool:
    """Whether an answer in somebody's own words is the one before, said again as long as nothing had come back.

    Then nothing is done, or said: what the first led to is on its way, or has just come. A bare number is no such
    answer: who enters figures has the same one twice.
    """
    if not (isinstance(event, TextReceived) and asked.takes and number_in(event.text) is None):
        return False
    return _same(turn, UNANSWERED) and await _not_read(turn)


async def swept_along(turn: Turned, asked: SendMessage, event: Event) -> SendMessage | None:
    """What to say where a number or a word for another message would do what can't simply be changed; None: do it.

    For the message before it was meant if the answer to that had not gone out yet, or only just; a plain yes also if
    anything came after the question, or if it was here before that was put.
    """
    if not (asked.confirms and isinstance(event, OptionChosen) and isinstance(turn.update.event, TextReceived)):
        return None
    typed = turn.update.event.text
    if same(without_call(typed), [YES]).exact is not None:
        kind, said_at = await last_said(turn.connection, turn.conversation.id)
        if kind == "notice":
            return SOMETHING_ELSE
        if said_at is not None and turn.update.arrived_at is not None and turn.update.arrived_at < said_at:
            return ONCE_MORE
    if number_in(typed) is not None and not _types_back(turn):
        return None
    return ONCE_MORE if _same(turn, A_MOMENT_AGO) and await _not_read(turn) else None


async def _not_read(turn: Turned) -> bool:
    """Whether the answer to what was said last has not gone out yet, or only just."""
    answered = await answered_at(turn.connection, turn.conversation.id)
    return answered is None or turn.now - answered <= AT_ONCE


def _types_back(turn: Turned) -> bool:
    return types_back(turn.world.can(turn.update.channel))


def _same(turn: Turned, within: timedelta) -> bool:
    who, typed = turn.conversation, checksum(turn)
    return typed != 0 and typed == who.typed and who.heard_at is not None and turn.now - who.heard_at <= within


SOMETHING_ELSE = SendMessage((Text(N_("Something else has come since I asked. Please read this again, then answer.")),))
ONCE_MORE = SendMessage(
    (Text(N_("You typed this just now, for the message before. Please read this, then type it again.")),)
)

"""One conversation in the middle of its turn: what its effects have to work with, and what comes of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Update
from bot.render import compose
from bot.world import World
from dialogs import places
from dialogs.model import N_, CaseFacts, Facts, Link, SendMessage, Text
from storage import cases, people
from storage.audit import Entry
from storage.records import Conversation, case_named

ALERT_WORDS_CHARS = 1500
"""A note is quoted in an alert up to here, so that the alert fits every channel."""


@dataclass(slots=True)
class Carried:
    """What came of a turn's effects: words and files for this person, messages of their own, timers.

    `notices` are for others, or go out to this person before the words.
    `changed` asks for the facts to be read again before the next question is put.
    """

    said: list[SendMessage | str] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    timers: list[dict[str, Any]] = field(default_factory=list)
    audit: list[Entry] = field(default_factory=list)
    changed: bool = False


@dataclass(slots=True)
class Turned:
    """One conversation in the middle of its turn."""

    connection: AsyncConnection
    conversation: Conversation
    update: Update
    facts: Facts
    world: World
    now: datetime
    carried: Carried = field(default_factory=Carried)
    quiet: bool = False

    def record(self, action: str, case_code: str = "", **details: Any) -> None:
        """Put something into the audit, which is written when the turn commits; details hold no personal data."""
        self.carried.audit.append(
            Entry(action, self.conversation.person_id, self.conversation.channel, case_code, details)
        )

    @property
    def actor(self) -> cases.Actor:
        return cases.Actor(self.conversation.person_id, self.conversation.channel)


def facts_of(turn: Turned, code: str) -> CaseFacts:
    case = turn.facts.case(code)
    if case is None:
        raise cases.NotPossible(code)
    return case


async def own_case(turn: Turned, code: str) -> Any:
    case = await cases.locked(turn.connection, code)
    if case is None or case.person_id != turn.conversation.person_id:
        raise cases.NotPossible(code)
    return case


async def visible_case(turn: Turned, code: str) -> Any:
    """The row of a case that the turn's facts let this person see."""
    facts_of(turn, code)
    case = await cases.locked(turn.connection, code)
    if case is None:
        raise cases.NotPossible(code)
    return case


async def fresh_case(turn: Turned, code: str) -> CaseFacts:
    """A case as the effects so far left it, seen without anybody's eyes."""
    case = await case_named(turn.connection, code, turn.now, turn.world.days_off)
    if case is None:
        raise cases.NotPossible(code)
    return case


async def alert_officers(turn: Turned, code: str, words: Any, producer: int = 0) -> None:
    """To every officer who answers for the case's commune, over the chat each used last.

    `producer` 0: it is the person of this turn.
    """
    case = await fresh_case(turn, code)
    me = turn.conversation.person_id
    officers = await people.officers_of(turn.connection, places.territory(case.commune), producer or me)
    for chat in await people.chats_of(turn.connection, [o for o in officers if o != me]):
        turn.carried.notices.append(notice_to(turn, chat, [words(case)]))


def notice_to(turn: Turned, chat: Any, said: Sequence[SendMessage | str]) -> dict[str, Any]:
    return notice(turn.world, chat, said, turn.now)


def notice(world: World, chat: Any, said: Sequence[SendMessage | str], now: datetime) -> dict[str, Any]:
    """An outbox row for a chat as people.chats_of gives it, in its language."""
    composed = compose(said, world.catalog(chat.locale), world.can(chat.channel))
    return outbox_row(chat.id, "notice", composed_body(composed, []), now)


def open_my_file(code: str) -> Link:
    return Link(f"case.{code}", Text(N_("Open my file")), code)


def composed_body(composed: Any, attachments: list[dict[str, Any]]) -> dict[str, Any]:
    """A message as the outbox keeps it; `attachments` say how to make the files when it goes out."""
    body: dict[str, Any] = {"text": composed.text}
    if composed.buttons:
        body["buttons"] = [[button.data, button.label] for button in composed.buttons]
    for name in ("ask_contact", "ask_location"):
        if value := getattr(composed, name):
            body[name] = value
    if attachments:
        body["attachments"] = attachments
    return body


def outbox_row(conversation_id: int, kind: str, body: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {"conversation_id": conversation_id, "kind": kind, "body": body, "due_at": now, "created_at": now}


async def tell_producer(turn: Turned, person_id: int, texts: tuple[Text, ...], code: str) -> None:
    for chat in await people.chats_of(turn.connection, [person_id]):
        turn.carried.notices.append(notice_to(turn, chat, [SendMessage(texts, links=(open_my_file(code),))]))

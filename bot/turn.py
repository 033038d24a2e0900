"""One conversation in the middle of its turn: what its effects have to work with, and what comes of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Update
from bot.render import compose
from bot.world import World
from dialogs import places
from dialogs.model import N_, CaseFacts, Facts, Link, SendMessage, Text
from dialogs.officer.alerts import open_link
from dialogs.rules.lifecycle import AUTHORITIES, STATUSES, Side
from storage import cases, outbox, people
from storage.assisted import without_chat
from storage.audit import Entry
from storage.calendar import days_off_of
from storage.on_behalf import acts_for
from storage.records import VIETNAM, Conversation, case_named
from storage.rights import covers

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
        who = self.conversation
        role = self._role(case_code)
        self.carried.audit.append(Entry(action, who.person_id, who.channel, case_code, details, role))

    def _role(self, case_code: str) -> str:
        """The role this person acts in: of those for the case's commune the most local one; "" for its producer."""
        members = self.conversation.person.memberships
        case = self.facts.case(case_code) if case_code else None
        if case is not None:
            territory = places.territory(case.commune)
            members = () if case.own else tuple(m for m in members if covers([m], territory))
        return str(max(members, key=lambda m: len(m.territory)).role) if members else ""

    @property
    def actor(self) -> cases.Actor:
        return cases.Actor(self.conversation.person_id, self.conversation.channel)


class Refused(cases.NotPossible):
    """What was ordered can't be done, and these words say why; nothing of it is kept."""

    def __init__(self, *texts: Text) -> None:
        super().__init__(texts[0].msgid)
        self.texts = texts


def facts_of(turn: Turned, code: str) -> CaseFacts:
    case = turn.facts.case(code)
    if case is None:
        raise cases.NotPossible(code)
    return case


async def own_case(turn: Turned, code: str) -> Any:
    """The row of a case whose producer this person is, or acts for."""
    case, me = await cases.locked(turn.connection, code), turn.conversation
    if case is None:
        raise cases.NotPossible(code)
    if case.person_id != me.person_id and not await acts_for(
        turn.connection, code, me.person_id, me.covers, me.person.memberships
    ):
        raise cases.NotPossible(code)
    return case


def producer_of(turn: Turned, case: Any) -> cases.Actor:
    """Whose move it is, also where an officer makes it for them: nobody becomes the producer of what they decide on."""
    return cases.Actor(case.person_id, turn.conversation.channel)


async def note_for(turn: Turned, case: Any, action: str) -> None:
    """After something of the producer's was done: if an officer did it for them, history and audit name both."""
    if case.person_id == turn.conversation.person_id:
        return
    as_it_is = await cases.locked(turn.connection, case.code)
    await cases.note_event(turn.connection, as_it_is, turn.actor, "send_for", turn.now)
    turn.record("send_for", case.code, producer=case.person_id, sent=action)


async def visible_case(turn: Turned, code: str) -> Any:
    """The row of a case that the turn's facts let this person see."""
    facts_of(turn, code)
    case = await cases.locked(turn.connection, code)
    if case is None:
        raise cases.NotPossible(code)
    return case


async def seen_case(turn: Turned, code: str) -> Any:
    """As visible_case, to look at only: whoever opens a case makes nobody wait."""
    facts_of(turn, code)
    case = await cases.row_of(turn.connection, code)
    if case is None:
        raise cases.NotPossible(code)
    return case


async def fresh_case(turn: Turned, code: str) -> CaseFacts:
    """A case as the effects so far left it, seen without anybody's eyes."""
    case = await case_named(turn.connection, code, turn.now, turn.world.days_off)
    if case is None:
        raise cases.NotPossible(code)
    return case


async def alert_officers(turn: Turned, code: str, words: Any, producer: int = 0, side: Side | None = None) -> None:
    """To every officer of a side, over the chat each used last: of the one that has the case, or of the given one.

    While the producer has it, to who answers for the commune. `producer` 0: it is the person of this turn.
    """
    case = await fresh_case(turn, code)
    me = turn.conversation.person_id
    owner = STATUSES[case.status].owner
    side = side or (owner if owner in AUTHORITIES else None)
    territory, today = places.territory(case.commune), turn.now.astimezone(VIETNAM).date()
    officers = await people.officers_of(turn.connection, territory, producer or me, side, today)
    await tell_officers(turn, territory, [o for o in officers if o != me], words(case))


async def tell_officers(turn: Turned, territory: str, person_ids: Collection[int], said: SendMessage) -> None:
    """What officers of a territory did not ask for: in the quiet hours and on a day off it waits for the morning.

    Nothing else is held. A reply was asked for just now; and a producer waits for an answer, at whatever hour it comes.
    """
    due_at = await awake_at(turn, territory)
    for chat in await people.chats_of(turn.connection, person_ids):
        turn.carried.notices.append(notice(turn.world, chat, [said], due_at))


async def awake_at(turn: Turned, territory: str) -> datetime:
    """From when on the officers of a territory may be told what they did not ask for."""
    return turn.world.awake_at(turn.now, (await days_off_of(turn.connection, [territory]))[territory])


def notice_to(turn: Turned, chat: Any, said: Sequence[SendMessage | str]) -> dict[str, Any]:
    return notice(turn.world, chat, said, turn.now)


def notice(world: World, chat: Any, said: Sequence[SendMessage | str], due_at: datetime) -> dict[str, Any]:
    """An outbox row for a chat as people.chats_of gives it, in its language.

    One that is due later counts as written then: from that moment on it is tried for a day.
    """
    composed = compose(said, world.catalog(chat.locale), world.can(chat.channel))
    return outbox_row(chat.id, "notice", composed_body(composed, []), due_at)


async def tell(
    connection: AsyncConnection, world: World, person_ids: Collection[int], said: SendMessage, now: datetime
) -> None:
    """A notice to people outside any turn, over the chat each used last."""
    chats = await people.chats_of(connection, person_ids)
    await outbox.post(connection, [notice(world, chat, [said], now) for chat in chats])


def open_my_file(code: str) -> Link:
    return Link(f"case.{code}", Text(N_("Open my file")), code)


def composed_body(composed: Any, attachments: list[dict[str, Any]]) -> dict[str, Any]:
    """A message as the outbox keeps it; `attachments` say how to make the files when it goes out."""
    body: dict[str, Any] = {"text": composed.text}
    if composed.buttons:
        body["buttons"] = [[button.data, button.label] for button in composed.buttons]
    for name in ("ask_contact", "ask_location", "takes_voice"):
        if value := getattr(composed, name):
            body[name] = value
    if attachments:
        body["attachments"] = attachments
    return body


def outbox_row(conversation_id: int, kind: str, body: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {"conversation_id": conversation_id, "kind": kind, "body": body, "due_at": now, "created_at": now}


async def tell_producer(
    turn: Turned,
    person_id: int,
    texts: tuple[Text, ...],
    code: str,
    links: tuple[Link, ...] = (),
    files: Sequence[str] = (),
) -> None:
    """`links` instead of the one to their file; `files`: ids of photos and voice notes that go with it."""
    for chat in await people.chats_of(turn.connection, [person_id]):
        row = notice_to(turn, chat, [SendMessage(texts, links=links or (open_my_file(code),))])
        if files and turn.world.can(chat.channel).sends_files:
            row["body"]["attachments"] = [{"file": file_id} for file_id in files]
        turn.carried.notices.append(row)
    if (filed := await without_chat(turn.connection, code)) is not None and filed.person_id == person_id:
        by = Text(N_("%(by)s has no chat here. Please pass this on:"), {"by": filed.name})
        await tell_filer(turn, code, SendMessage((by, *texts), links=(open_link(code),)))


async def tell_filer(turn: Turned, code: str, words: SendMessage) -> None:
    """To who filed a case for its producer, as long as they work there; else to whoever answers for the commune."""
    case = await cases.locked(turn.connection, code)
    if case is None or case.filed_by is None:
        return
    today = turn.now.astimezone(VIETNAM).date()
    officers = await people.officers_of(turn.connection, case.territory, case.person_id, today=today)
    await tell_officers(turn, case.territory, [case.filed_by] if case.filed_by in officers else officers, words)

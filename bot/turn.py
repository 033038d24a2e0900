"""One conversation in the middle of its turn: what its effects have to work with, and what comes of them."""

import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.channels.base import Update
from bot.render import compose
from bot.world import PLAIN, World
from dialogs import places
from dialogs.engine import dialog_name
from dialogs.model import N_, CaseFacts, Facts, Link, SendMessage, Text
from dialogs.officer.alerts import open_link
from dialogs.officer.told import Outlook, call_link, outlook_words
from dialogs.rules.lifecycle import AUTHORITIES, STATUSES, Side
from dialogs.tree import DIALOGS
from storage import cases, outbox, people
from storage.assisted import without_chat
from storage.audit import Entry
from storage.calendar import days_off_of
from storage.correspondence import listened_to
from storage.on_behalf import acts_for
from storage.people import Chat
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
    slip: bool = False
    held: frozenset[int] = frozenset()
    """Ids of all conversations that this transaction has locked."""

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


class NotHeld(Exception):
    """What was ordered concerns conversations (ids) that this transaction has not locked: it has to begin anew.

    Locking them now could make two processes wait for each other: all are locked at once, in one order.
    """

    def __init__(self, ids: Collection[int]) -> None:
        super().__init__(f"{len(ids)} conversations")
        self.ids = frozenset(ids)


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
    case = await cases.row_of(turn.connection, code)
    if case is None:
        raise cases.NotPossible(code)
    me = turn.conversation.person_id
    owner = STATUSES[case.status].owner
    side = side or (owner if owner in AUTHORITIES else None)
    territory, today = places.territory(case.commune), turn.now.astimezone(VIETNAM).date()
    officers = await people.officers_of(turn.connection, territory, producer or me, side, today)
    if told := [officer for officer in officers if officer != me]:
        await tell_officers(turn, territory, told, words(await fresh_case(turn, code)), code)


async def tell_officers(
    turn: Turned, territory: str, person_ids: Collection[int], said: SendMessage, code: str = ""
) -> None:
    """What officers of a territory did not ask for: in the quiet hours and on a day off it waits for the morning.

    Nothing else is held. A reply was asked for just now; and a producer waits for an answer, at whatever hour it comes.
    """
    due_at, about = await awake_at(turn, territory), About(code, territory, new_alert())
    for chat in await people.chats_of(turn.connection, person_ids, or_closed=True):
        turn.carried.notices.append(notice(turn.world, chat, [said], due_at, about))


async def awake_at(turn: Turned, territory: str) -> datetime:
    """From when on the officers of a territory may be told what they did not ask for."""
    return turn.world.awake_at(turn.now, (await days_off_of(turn.connection, [territory]))[territory])


@dataclass(frozen=True, slots=True)
class About:
    """What a notice is about, which says who hears of it if it can't be delivered.

    `territory`: of an officer's, where the next in charge is looked for; "" for a producer's, whose officer is told
    then if there is a `code` of a case. `alert` is shared by all who are told the same: one of them is enough. `words`
    are what it was about at first, if it is passed on. `until`: id of another notice; once that has come, this one is
    not true any more and goes out no more.
    """

    code: str = ""
    territory: str = ""
    alert: str = ""
    words: str = ""
    until: int = 0


NOTHING = About()


def new_alert() -> str:
    return secrets.token_hex(8)


def notice_to(turn: Turned, chat: Chat, said: Sequence[SendMessage | str], about: About = NOTHING) -> dict[str, Any]:
    return notice(turn.world, chat, said, turn.now, about)


def notice(
    world: World,
    chat: Chat,
    said: Sequence[SendMessage | str],
    due_at: datetime,
    about: About = NOTHING,
    files: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """An outbox row with a person's whole ladder, as people.chats_of gives it: composed for each of their chats.

    One that is due later counts as written then: from that moment on it is tried for a day. `files`: attachments.
    """
    rungs = rungs_of(world, chat)
    bodies = [_body(world, one, said, files) for one in rungs]
    if (paid := _template(world, rungs, about)) is not None:
        place = sum(world.can(one.channel).converses for one in rungs)
        rungs.insert(place, paid[0])
        bodies.insert(place, paid[1])
    return climbing(world, rungs, bodies, said, due_at, about)


def _template(world: World, rungs: Sequence[Chat], about: About) -> tuple[Chat, dict[str, Any]] | None:
    """A paid template in place of a Zalo message that has to be held: it says only that there is news, and of what.

    It goes to a phone number, so only to who gave theirs and wants to be reminded.
    """
    number = world.templates.get("notice", "")
    zalo = next((one for one in rungs if one.channel == "zalo"), None)
    if not number or zalo is None or not zalo.phone or not about.code:
        return None
    template = {"id": number, "phone": zalo.phone, "data": {"code": about.code}}
    return zalo, {"text": about.code, "template": template}


def rungs_of(world: World, chat: Chat) -> list[Chat]:
    """The chats of a ladder whose channels are on; if none is, the first: it waits until its channel is back."""
    return [one for one in (chat, *chat.others) if one.channel in world.channels] or [chat]


def climbing(
    world: World,
    rungs: Sequence[Chat],
    bodies: Sequence[dict[str, Any]],
    said: Sequence[SendMessage | str],
    due_at: datetime,
    about: About = NOTHING,
) -> dict[str, Any]:
    """A row that goes to the first of these chats, with what it takes to climb to the others."""
    first = rungs[0]
    if about.until:
        bodies = [body | {"until": about.until} for body in bodies]
    ladder = {
        "person_id": first.person_id,
        "channel": first.channel,
        "case_code": about.code,
        "territory": about.territory,
        "alert": about.alert,
        "words": about.words or compose(words_of(said), world.catalog(first.locale), PLAIN).text,
        "bodies": [[chat.id, body] for chat, body in zip(rungs, bodies, strict=True)],
    }
    return {**outbox_row(first.id, "notice", bodies[0], world.within(first.hours, due_at)), "ladder": ladder}


def _body(
    world: World, chat: Chat, said: Sequence[SendMessage | str], files: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    can = world.can(chat.channel)
    composed = compose(said, world.catalog(chat.locale), can, _still_asked(chat))
    return composed_body(composed, list(files) if can.converses else [])


def _still_asked(chat: Chat) -> int:
    """The last number of what a form asks in this chat: "1" stays its answer, whatever news comes in between."""
    dialog = DIALOGS.by_name.get(dialog_name(chat.at.partition("/")[0]))
    return chat.listed if dialog is not None and dialog.form else 0


def words_of(said: Sequence[SendMessage | str]) -> list[SendMessage | str]:
    """What is said, without what can be pressed or typed."""
    return [item if isinstance(item, str) else SendMessage(item.texts) for item in said]


async def tell(
    connection: AsyncConnection,
    world: World,
    person_ids: Collection[int],
    said: SendMessage,
    now: datetime,
    about: About = NOTHING,
) -> None:
    """A notice to people outside any turn, over the chat each used last."""
    chats = await people.chats_of(connection, person_ids, or_closed=True)
    await outbox.post(connection, [notice(world, chat, [said], now, about) for chat in chats])


def open_my_file(code: str) -> Link:
    return Link(f"case.{code}", Text(N_("Open my file")), code)


def composed_body(composed: Any, attachments: list[dict[str, Any]]) -> dict[str, Any]:
    """A message as the outbox keeps it; `attachments` say how to make the files when it goes out."""
    body: dict[str, Any] = {"text": composed.text}
    if composed.buttons:
        body["buttons"] = [[button.data, button.label] for button in composed.buttons]
    if composed.listed:
        body["listed"] = [list(line) for line in composed.listed]
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
) -> "Prospect":
    """`links` instead of the one to their file; `files`: ids of photos and voice notes that go with it."""
    specs = await specs_of_files(turn.connection, files)
    said = [SendMessage(texts, links=links or (open_my_file(code),))]
    chat = await people.chat_of(turn.connection, person_id)
    if chat is not None:
        turn.carried.notices.append(notice(turn.world, chat, said, turn.now, About(code), specs))
    if (filed := await without_chat(turn.connection, code)) is not None and filed.person_id == person_id:
        by = Text(N_("%(by)s has no chat here. Please pass this on:"), {"by": filed.name})
        await tell_filer(turn, code, SendMessage((by, *texts), links=(open_link(code),)))
    return prospect(turn, chat, code)


@dataclass(frozen=True, slots=True)
class Prospect:
    """What becomes of a message to the producer of a case, for who wrote it."""

    outlook: Outlook
    channel: str
    code: str

    def after(self, done: Text) -> SendMessage:
        """What was done, and whether they hear of it; where they do not, their number is a step away."""
        return self._said(Text("%(done)s %(told)s", {"done": done, "told": self._words}))

    def passed_on(self, told: Text) -> SendMessage:
        """`told`, or why they do not hear of it yet."""
        return self._said(told if self.outlook is Outlook.TOLD else self._words)

    @property
    def _words(self) -> Text:
        return outlook_words(self.outlook, self.channel)

    def _said(self, words: Text) -> SendMessage:
        calls = self.code and self.outlook is not Outlook.TOLD
        return SendMessage((words,), links=(call_link(self.code),) if calls else ())


def prospect(turn: Turned, chat: Chat | None, code: str = "") -> Prospect:
    """By what the platforms are known to take at this moment: whose chats are shut, or their windows, is not told.

    `chat` with the person's others; None if they have none.
    """
    if chat is None:
        return Prospect(Outlook.NOBODY, "", code)
    rungs = rungs_of(turn.world, chat)
    open_ones = [rung for rung in rungs if not rung.closed]
    if any(_takes(turn, rung) for rung in open_ones) or _template(turn.world, open_ones, About(code)) is not None:
        return Prospect(Outlook.TOLD, chat.channel, code)
    return Prospect(Outlook.HELD if open_ones else Outlook.CLOSED, (open_ones or rungs)[0].channel, code)


def _takes(turn: Turned, chat: Chat) -> bool:
    window = turn.world.can(chat.channel).window
    if window is None or chat.heard is None:
        return True
    return window.cost(turn.now - chat.heard, chat.quota_left, pays=turn.world.pays) is not None


async def specs_of_files(connection: AsyncConnection, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Photos and voice notes as attachments of a message, in order."""
    voices = await listened_to(connection, ids)
    return named_specs({file_id: file_id in voices for file_id in ids})


def named_specs(files_: Mapping[str, bool]) -> list[dict[str, Any]]:
    """Files by id (True: a voice note); of several of a kind each has its number."""
    counts = Counter(files_.values())
    numbers: Counter[bool] = Counter()
    specs = []
    for file_id, voice in files_.items():
        numbers[voice] += 1
        name = "Ghi âm" if voice else "Ảnh"
        name = f"{name} {numbers[voice]}" if counts[voice] > 1 else name
        specs.append({"file": file_id, "name": name, "show": "voice" if voice else "picture"})
    return specs


async def tell_filer(turn: Turned, code: str, words: SendMessage) -> None:
    """To who filed a case for its producer, as long as they work there; else to whoever answers for the commune."""
    case = await cases.locked(turn.connection, code)
    if case is None or case.filed_by is None:
        return
    today = turn.now.astimezone(VIETNAM).date()
    officers = await people.officers_of(turn.connection, case.territory, case.person_id, today=today)
    told = [case.filed_by] if case.filed_by in officers else officers
    await tell_officers(turn, case.territory, told, words, code)

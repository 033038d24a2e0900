"""Updates in, one transaction: duplicate check, state, case rows, alerts and replies commit together, or nothing did.

Updates of different people that wait at the same moment share one commit (group commit). If one of them fails, the
group is done again one by one, so it can't take the others with it; what fails three times alone is set aside with
its error, and the person gets one apology with a reference.
"""

import asyncio
import logging
import secrets
import sqlite3
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import bindparam, func, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot import twice
from bot.channels.base import Update
from bot.effects import carry_out
from bot.meanwhile import only_follows, reminder, with_held
from bot.render import Line, compose
from bot.turn import NotHeld, Turned, composed_body, outbox_row
from bot.world import World
from dialogs.codes import CODE
from dialogs.engine import arrive, question, step
from dialogs.model import (
    N_,
    CaseNamed,
    CommandReceived,
    Event,
    Facts,
    LinkFollowed,
    OptionChosen,
    SendMessage,
    Text,
    TextReceived,
    TimerFired,
    Unclear,
    UnsupportedReceived,
)
from dialogs.officer.desk import TAKE
from dialogs.state import dump
from dialogs.tree import DIALOGS
from storage import audit, undo
from storage.database import writing
from storage.models import conversations, updates
from storage.notices import Held, take_held
from storage.outbox import Due, Hand, hand_out, post
from storage.pages import files_in_hand
from storage.people import Chat, chats_of, set_timers, upload_link
from storage.records import (
    VIETNAM,
    Conversation,
    Wanted,
    conversations_of,
    facts_for,
    first_times,
    upsert,
)
from storage.search import only_one

log = logging.getLogger(__name__)

GROUP = 64
"""Updates in one transaction at most."""
NO_FILES = (TextReceived, OptionChosen, CommandReceived, TimerFired)
"""Events that bring none."""
NOTHING_ASKED = SendMessage(())
TRIES = 3
RETRY_PAUSE_S = 0.05
"""Long enough for two processes that got in each other's way; everybody waits meanwhile."""
COLLISION = "40"
"""PostgreSQL's SQLSTATEs for two transactions that were in each other's way (a deadlock): it gave this one up."""
OUTAGES = ("08", "25006", COLLISION, "53", "57", "58")
"""PostgreSQL's SQLSTATEs for what passes without anybody's mending a statement: no connection, a standby that only
reads, a collision, no room or too many connections, starting or stopping, the disk. Source: appendix A of its manual;
asyncpg has one class of error for them and for our mistakes.
"""
SQLITE_OUTAGES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)
"""Primary result codes. Its OperationalError is also "no such column", which no waiting mends."""


@dataclass(slots=True)
class Waiting:
    """An update and whoever waits for its commit."""

    update: Update
    done: asyncio.Future[None]


@dataclass
class Intake:
    """Where updates of every channel come together. One task works; per person, in order, one at a time.

    `submit` returns once the update is committed (or is a duplicate, or was set aside), and raises when the database
    is not there: the platform then delivers it again. What the same chat sent later is then given back as well, or
    it would be answered first.
    """

    engine: AsyncEngine
    world: World
    wakes: list[asyncio.Event] = field(default_factory=list)
    """Set after each commit: workers of this process that may have something to do now."""
    file_wakes: list[asyncio.Event] = field(default_factory=list)
    """Likewise, of those that fetch files."""
    outlet: "Outlet | None" = None
    """Who delivers in this process, if it does."""
    _lines: dict[tuple[str, str], deque[Waiting]] = field(default_factory=dict)
    """What waits, by chat; the chat that has waited longest is first."""
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _closing: bool = False

    async def submit(self, update: Update) -> None:
        """Raises Closing, and Outage."""
        if self._closing:
            raise Closing("no more updates are taken")
        arrived = replace(update, arrived_at=update.arrived_at or self.world.clock())
        waiting = Waiting(arrived, asyncio.get_running_loop().create_future())
        self._lines.setdefault((update.channel, update.chat_id), deque()).append(waiting)
        self._arrived.set()
        await waiting.done

    async def run(self) -> None:
        """Work until `close`; what has arrived by then is finished first."""
        while not (self._closing and not self._lines):
            if not self._lines:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            await self._work(self._next_group())

    def close(self) -> None:
        self._closing = True
        self._arrived.set()

    def _next_group(self) -> list[Waiting]:
        """The oldest update of each chat; a chat with more of them stands in line again, behind the others."""
        group: list[Waiting] = []
        for chat in list(islice(self._lines, GROUP)):
            line = self._lines.pop(chat)
            group.append(line.popleft())
            if line:
                self._lines[chat] = line
        return group

    async def _work(self, group: Sequence[Waiting]) -> None:
        try:
            await self._handle(group)
        except Exception as error:  # a bug or a broken database: find out whose
            await self._apart(group, error)
        else:
            self._taken(group)

    async def _handle(self, group: Sequence[Waiting]) -> None:
        written = await handle(self.engine, self.world, [waiting.update for waiting in group], self.outlet)
        if self.outlet is not None:
            self.outlet.take(written)

    async def _apart(self, group: Sequence[Waiting], error: Exception) -> None:
        """One by one, so that the update that fails stands alone."""
        if is_outage(error) and not is_collision(error):
            self._give_back(group, error)
        elif len(group) == 1:
            await self._again(group[0], error)
        else:
            log.warning("a group of %d updates failed (%s): one by one", len(group), type(error).__name__)
            for waiting in group:
                await self._work([waiting])

    async def _again(self, waiting: Waiting, error: Exception) -> None:
        """Try again, then set aside; an outage of the database is nobody's fault and is passed on."""
        for attempt in range(1, TRIES):
            await asyncio.sleep(RETRY_PAUSE_S * attempt)
            try:
                await self._handle([waiting])
            except Exception as failed:  # this loop is its bound; logged with the update's key when it is set aside
                error = failed
                if is_outage(error) and not is_collision(error):
                    break
            else:
                self._taken([waiting])
                return
        if is_outage(error):
            self._give_back([waiting], error)
        else:
            await self._set_aside(waiting, error)

    async def _set_aside(self, waiting: Waiting, error: Exception) -> None:
        update = waiting.update
        reference = secrets.token_hex(3)
        log.error("update %s of %s set aside, reference %s: %s", update.key, update.channel, reference, where(error))
        try:
            await set_aside(self.engine, self.world, update, f"{reference} {where(error)}")
        except Exception as failed:  # then the platform has to deliver it again
            self._give_back([waiting], failed)
        else:
            self._taken([waiting])

    def _taken(self, group: Sequence[Waiting]) -> None:
        file_came = any(not isinstance(waiting.update.event, NO_FILES) for waiting in group)
        for event in (*self.wakes, *(self.file_wakes if file_came else ())):
            event.set()
        for waiting in group:
            if not waiting.done.done():  # whoever submitted it may have hung up
                waiting.done.set_result(None)

    def _give_back(self, group: Sequence[Waiting], error: Exception) -> None:
        """With what waits behind each of them."""
        chats = [(waiting.update.channel, waiting.update.chat_id) for waiting in group]
        behind = [waiting for chat in chats for waiting in self._lines.pop(chat, ())]
        log.error("%d updates could not be committed: %s", len(group) + len(behind), type(error).__name__)
        for waiting in (*group, *behind):
            if not waiting.done.done():
                waiting.done.set_exception(Outage(type(error).__name__))


@dataclass(frozen=True, slots=True)
class Written:
    """What a group left in the outbox: messages in the hand of the outlet, and whether there are others."""

    in_hand: Sequence[Due] = ()
    others: bool = False


class Outlet(Protocol):
    """The worker that delivers, in the same process: replies need not wait until it finds them."""

    @property
    def hand(self) -> Hand: ...

    def take(self, written: Written) -> None:
        """After the commit."""


class Outage(OSError):
    """The update could not be committed, so it has to be delivered again; without the words of the cause."""


class Closing(Exception):
    """The update was not taken; the platform delivers it again to the next process."""


def is_outage(error: BaseException) -> bool:
    """Whether the database itself is away, rather than one statement being wrong."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError | PoolTimeout)
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", 0)  # its lowest byte is the primary one
        return error.connection_invalidated or code & 0xFF in SQLITE_OUTAGES
    return isinstance(error, OperationalError) or error.connection_invalidated or _sqlstate(error).startswith(OUTAGES)


def is_collision(error: BaseException) -> bool:
    """Whether the same transaction, begun anew, would pass: nothing of the database is away."""
    return isinstance(error, DBAPIError) and _sqlstate(error).startswith(COLLISION)


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "pgcode", None) or "")


def where(error: BaseException) -> str:
    """The error's name and place, never its words: they may hold what a person wrote."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} in {code.co_qualname}:{trace.tb_lineno}"


APOLOGY = N_("Something went wrong on my side; what you had written before is safe. Please try again. (%(reference)s)")


async def set_aside(engine: AsyncEngine, world: World, update: Update, error: str) -> None:
    """Mark an update as seen with its error, and apologise once to whoever sent it."""
    now = world.clock()
    async with writing(engine) as connection:
        row = {"channel": update.channel, "key": update.key, "received_at": now, "error": error[:200]}
        first = await connection.execute(upsert(connection, updates).values(row).on_conflict_do_nothing())
        if not first.rowcount:
            return
        if isinstance(update.event, TimerFired):
            return  # the person did nothing that could be apologised for
        chat = (update.channel, update.chat_id)
        conversation = (await conversations_of(connection, {chat: update.locale or world.default_locale}, now))[chat]
        apology = SendMessage((Text(APOLOGY, {"reference": error.partition(" ")[0]}),))
        composed = compose([apology], world.catalog(conversation.locale), world.can(update.channel))
        await post(connection, [outbox_row(conversation.id, "reply", composed_body(composed, []), now)])


# ---------------------------------------------------------------- one group, one transaction


async def handle(engine: AsyncEngine, world: World, group: Sequence[Update], outlet: Outlet | None = None) -> Written:
    """Updates of different chats, in one transaction; all of it happens, or nothing does.

    What concerns further conversations is begun anew with these locked as well; each time there are more of them.
    """
    beside: frozenset[int] = frozenset()
    while True:
        try:
            return await _handled(engine, world, group, beside, outlet)
        except NotHeld as missing:
            beside |= missing.ids


async def _handled(
    engine: AsyncEngine, world: World, group: Sequence[Update], beside: frozenset[int], outlet: Outlet | None
) -> Written:
    now = world.clock()
    async with writing(engine) as connection:
        new = await first_times(connection, {(u.channel, u.key) for u in group}, now)
        fresh = [u for u in group if (u.channel, u.key) in new]
        if not fresh:
            return Written()
        chats = {(u.channel, u.chat_id): u.locale or world.default_locale for u in fresh}
        known = await conversations_of(connection, chats, now, beside)
        turns = await _begun(connection, world, fresh, known, now)
        for turn in turns:
            await _take(turn)
        await _asked_again(connection, world, turns)
        return await _write(connection, turns, now, outlet.hand if outlet is not None else Hand())


async def _begun(
    connection: AsyncConnection,
    world: World,
    fresh: Sequence[Update],
    known: dict[tuple[str, str], Conversation],
    now: datetime,
) -> list[Turned]:
    """Each update with its conversation and the facts its dialog may know."""
    pairs = [(u, known[(u.channel, u.chat_id)]) for u in fresh]
    wanted = [_wanted(world, conversation, u.event) for u, conversation in pairs]
    facts = await facts_for(connection, wanted, world.facts(), world.days_off)
    held = frozenset(conversation.id for conversation in known.values())
    return [Turned(connection, c, u, facts[c.id], world, now, held=held) for u, c in pairs]


def _wanted(world: World, conversation: Conversation, event: Event) -> Wanted:
    state = conversation.state
    code = code_in(state.key) or _code_of(event)
    file_ids = files_in_hand(state.drafts.values())
    return Wanted(conversation, code, file_ids, world.of_channel(conversation.channel))


def code_in(key: str) -> str:
    """The case code a draft key is about ("review.TL-26-0147", "fix.TL-26-0147~3"), or ""."""
    subject = key.rpartition(".")[2].partition("~")[0]
    return subject if CODE.fullmatch(subject) else ""


def _code_of(event: Event) -> str:
    match event:
        case LinkFollowed(target):
            return code_in(target.partition("/")[0])
        case OptionChosen(at, value):
            return code_in(value.removeprefix(TAKE)) or code_in(at.partition("/")[0])
        case CaseNamed(code):
            return code
    return ""


async def _take(turn: Turned) -> None:
    """Arrive, understand, step, and carry out what the dialog ordered."""
    conversation, facts = turn.conversation, turn.facts
    if twice.at_once(turn):
        turn.quiet = True
        return
    state, told = arrive(DIALOGS, conversation.state, facts)
    typed = isinstance(turn.update.event, TextReceived)  # only what is typed is understood by what was asked
    asked = question(DIALOGS, state, facts) if typed else NOTHING_ASKED
    listed = [Line(*line) for line in conversation.listed] if typed else ()
    event = turn.world.listener.recognise(turn.update.event, asked, conversation.locale, listed)
    if not conversation.state.at and isinstance(event, TextReceived | OptionChosen | Unclear | UnsupportedReceived):
        conversation.state = state  # "hello": nothing has been asked yet that this could answer
        return
    if (once_more := await twice.swept_along(turn, asked, event)) is not None:
        conversation.state, conversation.typed = state, 0
        turn.carried.said.append(once_more)
        return
    if await twice.said_again(turn, asked, event):
        turn.quiet = True
        return
    event = await _looked_up(turn, event)
    if isinstance(event, CaseNamed | LinkFollowed | OptionChosen) and (code := _code_of(event)):
        turn.facts = facts = await _naming(turn, code)
        await _note_refusal(turn, code)
    moved = step(DIALOGS, state, event, facts)
    conversation.state = moved.state
    # a press in between that leads nowhere unsays nothing
    conversation.typed = twice.checksum(turn) or (conversation.typed if moved.state.at == state.at else 0)
    if told:
        turn.carried.said.append(SendMessage(told))
    await carry_out(turn, moved.effects)
    turn.quiet, turn.slip = turn.quiet or moved.quiet, moved.slip
    if code_in(conversation.state.key) != code_in(state.key):
        turn.carried.changed = True  # the next question is about another case


async def _looked_up(turn: Turned, event: Event) -> Event:
    """What an officer's word names: their last decision, or the only case with these last figures of its code."""
    who = turn.conversation
    if not isinstance(event, CommandReceived) or not who.person.memberships:
        return event
    if event.name == "undo" and (code := await undo.own_last(turn.connection, who.person_id, turn.now)):
        return LinkFollowed(f"undo.{code}")
    if event.name == "find" and event.argument.isdigit():
        today = turn.now.astimezone(VIETNAM).date()
        members = who.person.memberships
        if code := await only_one(turn.connection, members, who.person_id, event.argument, today):
            return CaseNamed(code)
    return event


async def _naming(turn: Turned, code: str) -> Facts:
    """The facts with a case that only the recognised text named, beside the one the conversation stands at.

    That one has to stay known: the way back, and what is half done there, are of it. A member of a council may name
    what they score; of an officer who is one as well the case itself is meant, if they may see it.
    """
    officer = bool(turn.conversation.person.memberships)
    if turn.facts.case(code) is not None or (turn.facts.ballot(code) is not None and not officer):
        return turn.facts
    wanted = Wanted(turn.conversation, code)
    found = (await facts_for(turn.connection, [wanted], turn.world.facts(), turn.world.days_off))[turn.conversation.id]
    return replace(turn.facts, named=(*found.named, *turn.facts.named), ballots=found.ballots or turn.facts.ballots)


def _is_known(turn: Turned, code: str) -> bool:
    return turn.facts.case(code) is not None or turn.facts.ballot(code) is not None


async def _note_refusal(turn: Turned, code: str) -> None:
    """Note that somebody named a case they may not see, or one that does not exist: the two are alike to them.

    The same is read and written for both, so that not even the time it takes tells them apart. After REFUSED_PER_HOUR
    of one person no more are written, and the last one says so.
    """
    if _is_known(turn, code):
        return
    before = await audit.lately(turn.connection, turn.conversation.person_id, audit.REFUSED, turn.now)
    if before < audit.REFUSED_PER_HOUR:
        turn.record(audit.REFUSED, code, **({"no_more": True} if before + 1 == audit.REFUSED_PER_HOUR else {}))


async def _asked_again(connection: AsyncConnection, world: World, turns: Sequence[Turned]) -> None:
    """The next question of each conversation, asked of the record as the effects left it."""
    changed = [turn for turn in turns if turn.carried.changed]
    if changed:
        wanted = [_wanted(world, turn.conversation, turn.update.event) for turn in changed]
        facts = await facts_for(connection, wanted, world.facts(), world.days_off)
        for turn in changed:
            turn.facts = facts[turn.conversation.id]
    for turn in turns:
        turn.conversation.state, told = arrive(DIALOGS, turn.conversation.state, turn.facts)
        if turn.quiet:
            continue
        if told:
            turn.carried.said.append(SendMessage(told))
        asked = question(DIALOGS, turn.conversation.state, turn.facts)
        if turn.slip and asked.desk and not asked.takes:
            asked = replace(asked, texts=())  # the card stands right above: the choices are enough
        turn.carried.said.append(await _with_link(turn, asked))


async def _with_link(turn: Turned, asked: SendMessage) -> SendMessage:
    """The question with a one-time web link where this messenger can't send the file that is asked for."""
    world = turn.world
    if asked.upload is None or not world.pages or world.can(turn.update.channel).receives_files:
        return asked
    code, paper = asked.upload
    token = await upload_link(turn.connection, turn.conversation.id, code, paper, turn.now)
    url = {"url": f"{world.pages}/u/{token}"}
    link = Text(N_("Or send it through this page, once, today: %(url)s"), url)
    if world.can(turn.update.channel).receives_photos:
        link = Text(N_("A file (PDF, Word, Excel) comes through this page, once, today: %(url)s"), url)
    return replace(asked, texts=(*asked.texts, link))


_SAVE = (
    update(conversations)
    .where(conversations.c.id == bindparam("row_id"))
    .values(state=bindparam("new_state"), listed=bindparam("new_list"), typed=bindparam("new_typed"))
)
_SAVE_HEARD = _SAVE.values(updated_at=bindparam("at"), status="open", quota_left=None)
_SAVE_FOLLOWS = _SAVE.values(
    updated_at=bindparam("at"),  # so that an older "left" that comes again closes nothing
    status="open",
    quota_left=func.coalesce(bindparam("quota"), conversations.c.quota_left),
)


async def _write(connection: AsyncConnection, turns: Sequence[Turned], now: datetime, hand: Hand) -> Written:
    """States, replies, notices and timers of the whole group, one statement a table; the audit last, see its `record`.

    Who writes can be written to again, and over this chat; a timer says nothing about that. Who only follows has
    opened the chat, but no window.
    """
    held = await _held(connection, turns)
    ladders = await _ladders(connection, turns)
    rows = [row for turn in turns for row in _rows(turn, held, ladders)]
    fired = [_state(turn) for turn in turns if isinstance(turn.update.event, TimerFired)]
    follows = [_state(turn) | {"at": now, "quota": _quota(turn)} for turn in turns if only_follows(turn)]
    heard = [_state(turn) | {"at": now} for turn in turns if _is_word(turn)]
    if heard:
        await connection.execute(_SAVE_HEARD, heard)
    if follows:
        await connection.execute(_SAVE_FOLLOWS, follows)
    if fired:
        await connection.execute(_SAVE, fired)
    words = {turn.conversation.id: (turn.update.channel, turn.update.chat_id) for turn in turns if _is_word(turn)}
    in_hand = await hand_out(connection, rows, words, now, hand)
    await set_timers(connection, [timer for turn in turns for timer in turn.carried.timers])
    await audit.record(connection, [entry for turn in turns for entry in turn.carried.audit], now)
    return Written(in_hand, len(rows) > len(in_hand))


def _state(turn: Turned) -> dict[str, Any]:
    conversation = turn.conversation
    return {
        "row_id": conversation.id,
        "new_state": dump(conversation.state),
        "new_list": list(conversation.listed),
        "new_typed": conversation.typed,
    }


def _is_word(turn: Turned) -> bool:
    """Whether somebody wrote or pressed something just now."""
    return not isinstance(turn.update.event, TimerFired) and not only_follows(turn)


def _quota(turn: Turned) -> int | None:
    """What may be sent to who only follows: nothing before their next word, or what it was (None) in an open window."""
    heard, window = turn.conversation.heard_at, turn.world.can(turn.update.channel).window
    if heard is None or heard >= turn.now or window is None:  # the chat has just begun
        return 0
    return 0 if turn.now - heard > window.free else None


async def _held(connection: AsyncConnection, turns: Sequence[Turned]) -> dict[int, list[Held]]:
    """What waited for these people to write, by conversation; only where there is something it costs a look."""
    waited = [turn.conversation.id for turn in turns if turn.conversation.held and _is_word(turn)]
    return await take_held(connection, waited, turns[0].now) if waited else {}


async def _ladders(connection: AsyncConnection, turns: Sequence[Turned]) -> dict[int, Chat]:
    """By person, where else those can be told who are reminded of something."""
    reminded = {turn.conversation.person_id for turn in turns if _is_reminder(turn)}
    return {chat.person_id: chat for chat in await chats_of(connection, reminded)}


def _is_reminder(turn: Turned) -> bool:
    return (
        isinstance(turn.update.event, TimerFired) and turn.update.event.kind == "reminder" and bool(turn.carried.said)
    )


def _rows(turn: Turned, held: Mapping[int, Sequence[Held]], ladders: Mapping[int, Chat]) -> list[Mapping[str, Any]]:
    """The reply of a turn and its notices to others, as outbox rows; the reply's list is the newest in the chat."""
    waited = held.get(turn.conversation.id, ())
    rows: list[Mapping[str, Any]] = list(turn.carried.notices)
    if _is_reminder(turn):
        rows.append(reminder(turn, ladders.get(turn.conversation.person_id)))
    elif turn.carried.said or turn.carried.attachments or waited:
        rows += with_held(turn, waited)
    return rows

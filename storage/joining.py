"""Two chats that become one person's, by a code of six digits; and one chat that becomes somebody's own again.

One chat is given a code, another one types it and agrees, and the first has the last word. A telephone number joins
no two chats: in a village several people share one. All that it finds are certificates of a province's list, whose
maker has no chat yet: where it is the number of one maker of the commune only, which its owner has looked at and said
yes to, and the commune hears of it (storage.listed_makers).

**What a guesser can do.** The code is one of a million. Who guesses one learns which channel it comes from, nothing
about whose it is, and then waits for a yes in the chat that asked for it. But that chat expects a question at just this
moment, so the guess itself must not succeed:

- A chat may type TRIES_PER_HOUR wrong codes, and nothing more in that hour, be it right or wrong.
- Chats cost nothing on the web page, so chats alone are no limit. All chats of a channel together may type
  WRONG_PER_HOUR wrong codes; then no code is taken over this channel until older tries are an hour past. With four
  channels and three codes in use at once a guesser who never rests hits one in about four months, and then still needs
  its owner's yes. The brake is of one channel, because a guesser can hold it: whoever is locked out on the web page
  gets the code there and types it in the messenger.
- The other way round, somebody could get codes in very many chats and wait for another person's slip of the finger:
  then the yes is the guesser's, and what is asked of the one who slipped is only whether they meant it. So a channel
  has at most LIVE_PER_CHANNEL codes in use, and a slip hits one of them in less than one of a thousand cases.
- A code is spent by whoever types it right, is good for CODE_MINUTES, and a new one takes the place of the old. Only
  its hash is kept, with this installation's key: who reads the database could try a million codes in a second.
- Who talks somebody into typing a code, or reading one out, is not stopped by numbers: the questions say on both sides
  who will see the files, and the audit keeps which cases came along, so that it can be told later what was whose.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.model import Joining, State
from dialogs.state import dump
from storage import council, notices, staff
from storage.database import upsert
from storage.models import (
    TELLING,
    absences,
    address_codes,
    case_events,
    cases,
    consents,
    conversations,
    deliveries,
    digests,
    join_codes,
    marks,
    memberships,
    metadata,
    outbox,
    people,
    push_subscriptions,
    timers,
    upload_links,
    wrong_codes,
)
from storage.reach import BLOCKED, keyed, six_digits
from storage.undo import WITHIN

if TYPE_CHECKING:
    from storage.records import Conversation

CODE_MINUTES = 10
ANSWER_MINUTES = 10
"""How long the first chat may think about it, from when the other has agreed."""
TRIES_PER_HOUR = 5
WRONG_PER_HOUR = 30
LIVE_PER_CHANNEL = 200
TIMER = "join"
"""Kind of the timers by which the other chat hears of it: a moment later, as a turn of its own."""
_HOUR = timedelta(hours=1)
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_DRAWS = 5


# ---------------------------------------------------------------- the code


@dataclass(frozen=True, slots=True)
class Pending:
    """A joining that somebody waits for: the chat whose code it is, and the one that has typed it."""

    conversation_id: int
    joining_id: int
    agreed: bool


async def stage_of(connection: AsyncConnection, conversation_id: int, now: datetime) -> Joining | None:
    """What a chat is asked or waits for; its word to another chat comes before what it wants itself."""
    mine = or_(join_codes.c.conversation_id == conversation_id, join_codes.c.joining_id == conversation_id)
    rows = (await connection.execute(select(join_codes).where(mine, join_codes.c.expires_at > now))).all()
    found = {_stage(row, conversation_id): row for row in rows}
    for stage in ("asked", "typed", "agreed", "made"):
        if (row := found.get(stage)) is not None:
            other = row.conversation_id if row.joining_id == conversation_id else row.joining_id
            channel = await _channel(connection, other) if stage != "made" else ""
            return Joining(stage, channel, row.joining_id or 0, row.expires_at.astimezone(_VIETNAM))
    return None


def _stage(row: Any, conversation_id: int) -> str:
    if row.joining_id == conversation_id:
        return "agreed" if row.agreed_at is not None else "typed"
    return "asked" if row.asked_at is not None else "made"


async def _channel(connection: AsyncConnection, conversation_id: int) -> str:
    which = conversations.c.id == conversation_id
    return str((await connection.execute(select(conversations.c.channel).where(which))).scalar_one())


async def make_code(connection: AsyncConnection, who: "Conversation", secret: str, now: datetime) -> str:
    """A new code for this chat, which has given up any before (`leave`); "" while its channel has too many in use."""
    await connection.execute(delete(join_codes).where(join_codes.c.expires_at < now - _HOUR))
    live = select(func.count()).join_from(join_codes, conversations, conversations.c.id == join_codes.c.conversation_id)
    live = live.where(join_codes.c.expires_at > now, conversations.c.channel == who.channel)
    if (await connection.execute(live)).scalar_one() >= LIVE_PER_CHANNEL:
        return ""
    for _ in range(_DRAWS):
        digits = six_digits()
        row = {
            "code_sha256": keyed(secret, "join", digits),
            "conversation_id": who.id,
            "expires_at": now + timedelta(minutes=CODE_MINUTES),
        }
        made = await connection.execute(upsert(connection, join_codes).values(row).on_conflict_do_nothing())
        if made.rowcount == 1:
            return digits
    return ""


class Outcome(StrEnum):
    """What a typed code came to. Wrong, too old, and typed by somebody else before are one to who types it."""

    RIGHT = "right"
    WRONG = "wrong"
    OWN = "own"  # of this very person: there is nothing to join
    TOO_OFTEN = "too_often"
    CLOSED = "closed"  # over this channel, for everybody


async def use_code(
    connection: AsyncConnection, who: "Conversation", digits: str, secret: str, now: datetime
) -> tuple[Outcome, Pending | None]:
    """With RIGHT the code is this chat's. Also what this chat had typed before, if that is given up by it."""
    await connection.execute(delete(wrong_codes).where(wrong_codes.c.typed_at <= now - _HOUR))
    if await _wrong(connection, wrong_codes.c.conversation_id == who.id) >= TRIES_PER_HOUR:
        return Outcome.TOO_OFTEN, None
    if await _wrong(connection, wrong_codes.c.channel == who.channel) >= WRONG_PER_HOUR:
        return Outcome.CLOSED, None
    code = keyed(secret, "join", digits)
    which = (join_codes.c.code_sha256 == code, join_codes.c.expires_at > now, join_codes.c.joining_id.is_(None))
    whose = select(conversations.c.person_id).join_from(
        join_codes, conversations, conversations.c.id == join_codes.c.conversation_id
    )
    person_id = (await connection.execute(whose.where(*which))).scalar_one_or_none()
    if person_id == who.person_id:
        return Outcome.OWN, None
    left = await leave(connection, who.id, giving=False) if person_id is not None else None
    taken = await connection.execute(update(join_codes).where(*which).values(joining_id=who.id))
    if taken.rowcount == 1:
        return Outcome.RIGHT, left
    row = {"conversation_id": who.id, "channel": who.channel, "typed_at": now}
    await connection.execute(insert(wrong_codes).values(row))
    return Outcome.WRONG, left


async def _wrong(connection: AsyncConnection, which: Any) -> int:
    return int((await connection.execute(select(func.count()).select_from(wrong_codes).where(which))).scalar_one())


async def agree(connection: AsyncConnection, conversation_id: int, now: datetime) -> list[dict[str, Any]]:
    """The chat that typed the code wants to. Timers that ask the other one, and end it; none if it is over already."""
    until = now + timedelta(minutes=ANSWER_MINUTES)
    which = (
        join_codes.c.joining_id == conversation_id,
        join_codes.c.expires_at > now,
        join_codes.c.agreed_at.is_(None),
    )
    agreed = update(join_codes).where(*which).values(agreed_at=now, expires_at=until)
    asked = (await connection.execute(agreed.returning(join_codes.c.conversation_id))).scalar_one_or_none()
    if asked is None:
        return []
    return [timer(asked, "asked", now), timer(conversation_id, "over", until)]


def timer(conversation_id: int, subject: str, due_at: datetime) -> dict[str, Any]:
    """A row for storage.people.set_timers."""
    row = {"conversation_id": conversation_id, "kind": TIMER, "subject": subject}
    return row | {"turn": 0, "due_at": due_at}


async def ask(connection: AsyncConnection, conversation_id: int, now: datetime) -> bool:
    """From here on this chat may answer: its next turn ends with the question. Whether there is anybody to answer."""
    which = (join_codes.c.conversation_id == conversation_id, join_codes.c.agreed_at.is_not(None))
    asked = update(join_codes).where(*which, join_codes.c.expires_at > now).values(asked_at=now)
    return (await connection.execute(asked)).rowcount == 1


async def asking(connection: AsyncConnection, conversation_id: int, number: int, now: datetime) -> bool:
    """Whether this chat was asked about the chat `number`, which waits for its word."""
    which = (
        join_codes.c.conversation_id == conversation_id,
        join_codes.c.joining_id == number,
        join_codes.c.asked_at.is_not(None),
        join_codes.c.expires_at > now,
    )
    return (await connection.execute(select(join_codes.c.conversation_id).where(*which))).first() is not None


async def leave(connection: AsyncConnection, conversation_id: int, *, giving: bool | None = None) -> Pending | None:
    """Give up what this chat has begun: its code (`giving`), what it has typed (not `giving`), or both (None).

    Returns the joining that was given up, if another chat has to do with it; of both the one that asks this chat.
    """
    mine = []
    if giving is not False:
        mine.append(join_codes.c.conversation_id == conversation_id)
    if giving is not True:
        mine.append(join_codes.c.joining_id == conversation_id)
    gone = await connection.execute(delete(join_codes).where(or_(*mine)).returning(*join_codes.c))
    rows = [row for row in gone if row.joining_id is not None]
    for row in rows:
        await _no_timers(connection, (row.conversation_id, row.joining_id))
    rows.sort(key=lambda row: row.conversation_id == conversation_id)
    return Pending(rows[-1].conversation_id, rows[-1].joining_id, rows[-1].agreed_at is not None) if rows else None


async def _no_timers(connection: AsyncConnection, ids: Collection[int]) -> None:
    """Nobody is asked any more, and nobody told that the time is over."""
    which = (timers.c.conversation_id.in_(ids), timers.c.kind == TIMER, timers.c.subject.in_(("asked", "over")))
    await connection.execute(delete(timers).where(*which))


async def over(connection: AsyncConnection, conversation_id: int, now: datetime) -> bool:
    """Whether what this chat has typed and agreed to has had no answer in time; it is gone then."""
    which = (join_codes.c.joining_id == conversation_id, join_codes.c.expires_at <= now)
    return (await connection.execute(delete(join_codes).where(*which))).rowcount == 1


# ---------------------------------------------------------------- one person


async def person_of(connection: AsyncConnection, conversation_id: int) -> int:
    which = conversations.c.id == conversation_id
    return int((await connection.execute(select(conversations.c.person_id).where(which))).scalar_one())


async def chats_of(connection: AsyncConnection, person_id: int) -> Sequence[int]:
    """Ids of all conversations of a person: chats, also those that are blocked, and addresses."""
    which = conversations.c.person_id == person_id
    found = await connection.execute(select(conversations.c.id).where(which).order_by(conversations.c.id))
    return found.scalars().all()


def references() -> list[Column[Any]]:
    """Every column that names a person, from the tables themselves, so that none can be forgotten."""
    return [
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if any(key.column is people.c.id for key in column.foreign_keys)
    ]


async def join(connection: AsyncConnection, into_id: int, from_id: int, now: datetime) -> list[str]:
    """All that is one person's becomes another's; codes of the cases that came along.

    All chats of both, and both people, must be locked by this transaction (storage.records.conversations_of). The
    audit keeps the old number, as it only grows. The row of people goes: were anything left that names it, the
    database would refuse.
    """
    both = {row.id: row for row in await connection.execute(select(people).where(people.c.id.in_((into_id, from_id))))}
    codes = await _lock_cases(connection, from_id)
    profile = await _profile(connection, both[into_id], both[from_id])
    had = select(digests.c.day).where(digests.c.person_id == into_id)
    await connection.execute(delete(digests).where(digests.c.person_id == from_id, digests.c.day.in_(had)))
    for column in references():
        moved = update(column.table).where(column == from_id).values({column.name: into_id})
        await connection.execute(moved)
    await _undoable_still(connection, into_id, from_id, now)
    await connection.execute(update(people).where(people.c.id == into_id).values(profile))
    await connection.execute(delete(people).where(people.c.id == from_id))
    await _one_role_once(connection, into_id, now)
    await council.one_seat_each(connection, into_id, now)
    await _nobody_decides_their_own(connection, into_id, now)
    return codes


async def _lock_cases(connection: AsyncConnection, person_id: int) -> list[str]:
    """In the order of their ids, as whoever locks several does; codes of those that are this person's own."""
    named = or_(cases.c.person_id == person_id, cases.c.holder_id == person_id, cases.c.filed_by == person_id)
    statement = select(cases.c.code, cases.c.person_id).where(named).order_by(cases.c.id)
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(key_share=True)
    return [row.code for row in await connection.execute(statement) if row.person_id == person_id]


_WRITTEN = ("name", "phone", "producer_kind", "producer_name", "commune", "reach")


async def _profile(connection: AsyncConnection, into: Any, other: Any) -> dict[str, Any]:
    """The first chat's where it is filled, else the other's.

    Both have agreed to what is kept of them, or are officers, who are not asked: so one yes is a yes. Whether to remind
    is what the first was asked; who never was, what the other was.
    """
    values = {name: getattr(into, name) or getattr(other, name) for name in _WRITTEN}
    asked = select(consents.c.id).where(consents.c.person_id == into.id, consents.c.purpose == "reminders")
    was_asked = (await connection.execute(asked.limit(1))).first() is not None
    agreed = "yes" in (into.consent, other.consent)
    return values | {
        "consent": "yes" if agreed else into.consent or other.consent,
        "reminders": into.reminders if was_asked else other.reminders,
        "case_count": into.case_count + other.case_count,
        "officer": into.officer or other.officer,
        "created_at": min(into.created_at, other.created_at),
    }


async def _undoable_still(connection: AsyncConnection, into_id: int, from_id: int, now: datetime) -> None:
    """What taking back a decision restores names people by number; a decision can be taken back for ten minutes."""
    recent = (case_events.c.happened_at >= now - WITHIN, case_events.c.before.is_not(None))
    for row in (await connection.execute(select(case_events.c.id, case_events.c.before).where(*recent))).all():
        before = _renamed(row.before, into_id, from_id)
        if before != row.before:
            await connection.execute(update(case_events).where(case_events.c.id == row.id).values(before=before))


def _renamed(kept: Any, into_id: int, from_id: int) -> Any:
    if isinstance(kept, dict):
        return {
            name: into_id if name in _NUMBERS and value == from_id else _renamed(value, into_id, from_id)
            for name, value in kept.items()
        }
    return [_renamed(value, into_id, from_id) for value in kept] if isinstance(kept, list) else kept


_NUMBERS = ("holder_id", "author_id", "entered_by")
"""What names a person in JSON: storage.undo.standing, storage.results."""


async def _one_role_once(connection: AsyncConnection, person_id: int, now: datetime) -> None:
    """Of the same role in the same place the older one stays; nobody covers for themselves."""
    older = memberships.alias("older")
    had = exists().where(
        older.c.person_id == memberships.c.person_id,
        older.c.role == memberships.c.role,
        older.c.territory == memberships.c.territory,
        older.c.removed_at.is_(None),
        older.c.id < memberships.c.id,
    )
    mine = (memberships.c.person_id == person_id, memberships.c.removed_at.is_(None))
    await connection.execute(update(memberships).where(*mine, had).values(removed_at=now))
    alone = (absences.c.person_id == person_id, absences.c.cover_id == person_id, absences.c.ended_at.is_(None))
    await connection.execute(update(absences).where(*alone).values(ended_at=now))


async def _nobody_decides_their_own(connection: AsyncConnection, person_id: int, now: datetime) -> None:
    """An officer's case that turns out to be their own is out of their hand, and their verdicts on it are void."""
    held = await staff.held_by(connection, person_id, cases.c.person_id == person_id)
    await staff.put_into_hand(connection, held, None, None, "", now)
    own = select(cases.c.id).where(cases.c.person_id == person_id)
    await connection.execute(delete(marks).where(marks.c.author_id == person_id, marks.c.case_id.in_(own)))


# ---------------------------------------------------------------- the way back


async def split(connection: AsyncConnection, who: "Conversation", now: datetime) -> None:
    """This chat becomes a new person's, of whom nothing is known; what was on its way here goes to the other chats.

    All chats of the person must be locked by this transaction, and one of the others be one in which they write. Push
    notices reach a browser, and no row says which web chat it belongs to: so where a web chat goes, they end.
    """
    made = await connection.execute(insert(people).values(created_at=now).returning(people.c.id))
    beside = (conversations.c.person_id == who.person_id, conversations.c.id != who.id)
    write = select(conversations.c.id).where(*beside, conversations.c.channel.not_in(TELLING))
    stays = (await connection.execute(write.order_by(conversations.c.updated_at.desc()).limit(1))).scalar_one()
    await _keep_the_office_running(connection, who.id, stays)
    await _to_the_others(connection, who.id, now)
    await leave(connection, who.id)
    for table in (timers, upload_links, address_codes):
        await connection.execute(delete(table).where(table.c.conversation_id == who.id))
    values = {"person_id": made.scalar_one(), "state": dump(State(at="menu/")), "held": 0}
    await connection.execute(update(conversations).where(conversations.c.id == who.id).values(values))
    if who.channel == "web":
        pushed = select(conversations.c.id).where(*beside, conversations.c.channel == "push")
        ids = list((await connection.execute(pushed)).scalars())
        await connection.execute(delete(push_subscriptions).where(push_subscriptions.c.conversation_id.in_(ids)))
        await connection.execute(update(conversations).where(conversations.c.id.in_(ids)).values(status=BLOCKED))


async def _to_the_others(connection: AsyncConnection, conversation_id: int, now: datetime) -> None:
    """What waits or is held here is about the person of the other chats: its notices climb on."""
    which = (deliveries.c.conversation_id == conversation_id, deliveries.c.status.in_((notices.WAITING, notices.HELD)))
    rungs = list((await connection.execute(select(deliveries.c.id).where(*which))).scalars())
    await notices.lock(connection, rungs)
    on_its_way = (outbox.c.conversation_id == conversation_id, outbox.c.status.in_((notices.WAITING, notices.HELD)))
    await connection.execute(delete(outbox).where(*on_its_way))
    await notices.note_failed(connection, rungs, "Split", now)


async def _keep_the_office_running(connection: AsyncConnection, gone: int, stays: int) -> None:
    """The end of an officer's leave is a timer of the chat in which it was taken."""
    leaves = select(timers).where(timers.c.kind == "leave", timers.c.conversation_id == gone)
    rows = [{**row._mapping, "conversation_id": stays} for row in (await connection.execute(leaves)).all()]
    for row in rows:
        del row["id"]
    if rows:
        await connection.execute(upsert(connection, timers).on_conflict_do_nothing(), rows)

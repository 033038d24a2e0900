"""Messages on their way: rows written with the turn that said them, taken by workers, marked when delivered."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import notices
from storage.models import conversations, outbox

LEASE = timedelta(seconds=90)
"""How long a worker may have a message in hand before another one takes it over."""
GIVE_UP_AFTER = timedelta(days=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Due:
    """A claimed message with the chat it goes to."""

    id: int
    conversation_id: int
    channel: str
    chat_id: str
    kind: str
    body: dict[str, Any]
    attempts: int
    created_at: datetime
    claimed_until: datetime
    """Whose it is: who let the lease run out has no say any more in what becomes of it."""
    heard: datetime
    """When the person last wrote in this chat."""
    delivery_id: int | None = None
    closed: bool = False
    """They left this chat: nothing goes there any more."""
    told: datetime | None = None
    """When something that they had not asked for last arrived there."""
    quota_left: int | None = None
    """Messages that the platform still takes there until they write again; None: it does not say."""

    @property
    def delivery_ids(self) -> tuple[int, ...]:
        """The rungs of notices that this message stands for: its own, or those joined into a reply."""
        return (self.delivery_id,) if self.delivery_id is not None else tuple(self.body.get("deliveries", ()))


async def post(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows of conversation_id, kind, body, due_at, created_at; order of the list is order of delivery.

    A row with a `ladder` (storage.notices.begin) stands on the first rung of a notice.
    """
    if not rows:
        return
    climbing = [row for row in rows if "ladder" in row]
    rungs = iter(await notices.begin(connection, climbing)) if climbing else iter(())
    made = [
        {name: value for name, value in row.items() if name != "ladder"}
        | {"delivery_id": next(rungs) if "ladder" in row else None}
        for row in rows
    ]
    await connection.execute(_POSTED, made)


_POSTED = insert(outbox)


@dataclass(frozen=True, slots=True)
class Hand:
    """What the worker of this process can take at once, without looking for it.

    `room`: how many messages; `gone`: ids of those that it has sent and not marked yet, for which nothing has to wait;
    `away`: channels of which it takes none at the moment.
    """

    room: int = 0
    gone: Collection[int] = ()
    away: Collection[str] = ()


async def hand_out(
    connection: AsyncConnection,
    rows: Sequence[Mapping[str, Any]],
    chats: Mapping[int, tuple[str, str]],
    now: datetime,
    hand: Hand,
) -> list[Due]:
    """As `post`, with the replies in the hand of this process's worker from the start, as many as it has room for.

    `chats`: channel and chat id of those who have just written, by conversation; they are locked. Where anything else
    waits in a chat, or several messages come, their order is for `claim`. Nobody may send them before the commit.
    """
    each = Counter(row["conversation_id"] for row in rows)
    alone = [row["conversation_id"] for row in rows if row["kind"] == "reply" and each[row["conversation_id"]] == 1]
    free = [known for known in alone if known in chats and chats[known][0] not in hand.away][: hand.room]
    if free:
        waiting = await connection.execute(_WAITING, {"conversations": free})
        behind = {row.conversation_id for row in waiting if row.id not in hand.gone}
        free = [conversation for conversation in free if conversation not in behind]
    at_once = [row for row in rows if row["conversation_id"] in free]
    await post(connection, [row for row in rows if row["conversation_id"] not in free])
    if not at_once:
        return []
    lease = now + LEASE
    ids = (await connection.execute(_IN_HAND, [{**row, "claimed_until": lease} for row in at_once])).scalars()
    return [
        Due(
            *(row_id, row["conversation_id"], *chats[row["conversation_id"]], row["kind"], row["body"], 0),
            *(row["created_at"], lease, now),
        )
        for row_id, row in zip(ids, at_once, strict=True)
    ]


def _waits(table: Any) -> ColumnElement[bool]:
    """Written out: of a partial index SQLite can tell only so that it holds all these rows."""
    return cast("ColumnElement[bool]", table.c.status == literal_column("'waiting'"))


@cache
def _ready(away: bool = False) -> Select[int]:
    """Ids of due messages nobody has in hand, at most one a chat and only the oldest; `now` is to be given.

    What is held for the morning lets the others of its chat pass; what was tried and is to be tried again lets only
    those of the other kind pass: an answer does not wait for a notice that the platform takes at six.
    `away`: none of the channels `but`.
    """
    now: BindParameter[datetime] = bindparam("now", type_=outbox.c.due_at.type)
    earlier = outbox.alias("earlier")
    blocked = exists().where(
        earlier.c.conversation_id == outbox.c.conversation_id,
        _waits(earlier),
        earlier.c.id < outbox.c.id,
        or_(earlier.c.due_at <= now, and_(earlier.c.attempts > 0, earlier.c.kind == outbox.c.kind)),
    )
    free = or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until < now)
    which = select(outbox.c.id).where(_waits(outbox), outbox.c.due_at <= now, free, ~blocked)
    if away:
        paused = select(conversations.c.id).where(conversations.c.channel.in_(bindparam("but", expanding=True)))
        which = which.where(outbox.c.conversation_id.not_in(paused))
    return which.order_by(outbox.c.id + 0)  # not the bare id: in its order SQLite would read through all that was sent


@cache
def _ready_of(kinds: str, away: bool, dialect: str) -> Select[int]:
    """As `_ready`, of "replies", "notices" or "all", at most `most`; skipping what others are just taking."""
    which = _ready(away)
    if kinds == "replies":
        which = which.where(outbox.c.kind != "notice")
    elif kinds == "notices":
        which = which.where(outbox.c.kind == "notice")
    which = which.limit(bindparam("most", type_=Integer))
    return which.with_for_update(skip_locked=True) if dialect == "postgresql" else which


_WAITING = select(outbox.c.conversation_id, outbox.c.id).where(
    _waits(outbox), outbox.c.conversation_id.in_(bindparam("conversations", expanding=True))
)
_IN_HAND = insert(outbox).returning(outbox.c.id, sort_by_parameter_order=True)


async def waits(connection: AsyncConnection, now: datetime, notices: int = 1, but: Collection[str] = ()) -> bool:
    """Whether there is anything to claim; asked before a transaction is begun that would hold up writers."""
    which = _ready_of("all" if notices > 0 else "replies", bool(but), "")
    return (await connection.execute(which, _given(now, 1, but))).first() is not None


def _given(now: datetime, most: int, but: Collection[str]) -> dict[str, Any]:
    return {"now": now, "most": most} | ({"but": list(but)} if but else {})


async def claim(
    connection: AsyncConnection, now: datetime, limit: int, notices: int | None = None, but: Collection[str] = ()
) -> list[Due]:
    """Take due messages so that none of a chat overtakes another, also not in another worker's hands.

    Who waits for a reply is served before the notices, of which at most `notices` (None: `limit`) are taken.
    A message in hand still stands as waiting before the next of its chat, until it is marked.
    """
    ids = await _some(connection, "replies", now, limit, but)
    places = limit - len(ids)
    ids += await _some(connection, "notices", now, min(places, limit if notices is None else notices), but)
    if not ids:
        return []
    lease = now + LEASE
    await connection.execute(_CLAIMED, {"ids": ids, "lease": lease})
    rows = await connection.execute(_DUE, {"ids": ids})
    return [
        Due(
            *(r.id, r.conversation_id, r.channel, r.chat_id, r.kind, r.body, r.attempts, r.created_at, lease),
            *(r.heard, r.delivery_id, r.closed, r.told, r.quota_left),
        )
        for r in rows
    ]


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_CLAIMED = update(outbox).where(outbox.c.id.in_(_IDS)).values(claimed_until=bindparam("lease"))
_DUE = (
    select(
        *(outbox, conversations.c.channel, conversations.c.chat_id, conversations.c.updated_at.label("heard")),
        *((conversations.c.status == "blocked").label("closed"), conversations.c.worked_at.label("told")),
        conversations.c.quota_left,
    )
    .join(conversations)
    .where(outbox.c.id.in_(_IDS))
    .order_by(outbox.c.kind == "notice", outbox.c.id)
)


async def _some(connection: AsyncConnection, kinds: str, now: datetime, limit: int, but: Collection[str]) -> list[int]:
    if limit <= 0:
        return []
    which = _ready_of(kinds, bool(but), connection.dialect.name)
    return list((await connection.execute(which, _given(now, limit, but))).scalars())


def _held(due: Due) -> Update:
    """The row, if it is still this worker's."""
    return update(outbox).where(*_mine(due))


def _mine(due: Due) -> tuple[ColumnElement[bool], ...]:
    return outbox.c.id == due.id, outbox.c.status == "waiting", outbox.c.claimed_until == due.claimed_until


_SENT = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"), outbox.c.status != "sent")  # also by who took it over: the first counts
    .values(status="sent", sent_at=bindparam("at"), claimed_until=None, error="")
)


_LISTED = update(conversations).where(conversations.c.id == bindparam("row_id")).values(listed=bindparam("new_list"))


async def mark_sent(
    connection: AsyncConnection, ids: Sequence[int], now: datetime, listed: Sequence[int] | None = None
) -> None:
    """`listed`: those of them with which a list may have come that nobody asked for; None: any."""
    if ids:
        await connection.execute(_SENT, [{"row_id": row_id, "at": now} for row_id in ids])
    if with_list := ids if listed is None else listed:
        await _note_lists(connection, with_list)


async def answered_at(connection: AsyncConnection, conversation_id: int) -> datetime | None:
    """When the newest reply of a chat went out; None while it has not."""
    which = (outbox.c.conversation_id == conversation_id, outbox.c.kind == "reply")
    newest = select(outbox.c.sent_at).where(*which).order_by(outbox.c.id.desc()).limit(1)
    found: datetime | None = (await connection.execute(newest)).scalar()
    return found


async def last_said(connection: AsyncConnection, conversation_id: int) -> tuple[str, datetime | None]:
    """Kind (reply or notice, "" for none) of a chat's newest message that is not held back and has not failed, and
    when it was written.
    """
    there = (outbox.c.conversation_id == conversation_id, outbox.c.status.in_(("waiting", "sent")))
    newest = select(outbox.c.kind, outbox.c.created_at).where(*there).order_by(outbox.c.id.desc()).limit(1)
    found = (await connection.execute(newest)).first()
    return (found.kind, found.created_at) if found is not None else ("", None)


async def _note_lists(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """The list under a notice is the newest in its chat now, unless its person has been answered since.

    Where its numbers go on from those of a question above it (bot.render.compose), these stay good.
    """
    newest: dict[int, list[Any]] = {}
    for row in await connection.execute(_NOTED_LISTS, {"ids": list(ids)}):
        if own := row.body.get("listed"):
            above = [line for line in newest.get(row.conversation_id, row.listed or ()) if line[0] > 0]
            newest[row.conversation_id] = _together(above, own)
    if newest:
        rows = [{"row_id": row_id, "new_list": listed} for row_id, listed in sorted(newest.items())]
        await connection.execute(_LISTED, rows)


_NOTED_LISTS = (
    select(outbox.c.conversation_id, outbox.c.body, conversations.c.listed)
    .join(conversations)
    .where(outbox.c.id.in_(_IDS), outbox.c.kind == "notice", conversations.c.updated_at < outbox.c.created_at)
    .order_by(outbox.c.id)
)


async def retry_later(
    connection: AsyncConnection, due: Due, now: datetime, error: str, pause_s: float | None, *, patient: bool = False
) -> bool:
    """Try again after `pause_s`, or after a doubling pause; after a day it has failed. True where it has, by us.

    `patient`: what stands in the way is not this message's, so its day begins anew.
    """
    if now - due.created_at > GIVE_UP_AFTER and not patient:
        return await mark_failed(connection, due, error)
    pause = min(FIRST_PAUSE * 2 ** min(due.attempts, 10), LONGEST_PAUSE)
    if pause_s is not None:
        pause = timedelta(seconds=pause_s)
    again = {"due_at": now + pause, "attempts": due.attempts + 1, "claimed_until": None, "error": error[:80]}
    await connection.execute(_held(due).values(again | ({"created_at": now} if patient else {})))
    return False


async def mark_failed(connection: AsyncConnection, due: Due, error: str) -> bool:
    """Whether it was still this worker's."""
    failed = _held(due).values(status="failed", claimed_until=None, error=error[:80])
    return (await connection.execute(failed)).rowcount == 1


def _together(above: Sequence[Any], own: Sequence[Any]) -> list[Any]:
    """Both lists where the second goes on from the first; its question may have got longer while the news waited."""
    if not own[0][0] > 1:
        return list(own)
    last = max((line[0] for line in above), default=0)
    return [*above, *(line for line in own if line[0] > last)]


async def heard_since(connection: AsyncConnection, due: Due) -> bool:
    """Whether its person has written since it was claimed; under the conversation's lock."""
    heard = select(conversations.c.updated_at).where(conversations.c.id == due.conversation_id)
    return bool((await connection.execute(heard)).scalar_one() > due.heard)


async def mark_held(connection: AsyncConnection, due: Due, error: str) -> bool:
    """Let it wait until its person writes; whether it was still this worker's."""
    held = _held(due).values(status="held", claimed_until=None, error=error[:80])
    return (await connection.execute(held)).rowcount == 1


async def drop(connection: AsyncConnection, due: Due) -> bool:
    """Never send it; whether it was still this worker's."""
    return (await connection.execute(delete(outbox).where(*_mine(due)))).rowcount == 1


async def release(connection: AsyncConnection) -> None:
    """Let go of what a process that died had in hand; only where no other process can be at work (SQLite)."""
    await connection.execute(update(outbox).where(outbox.c.claimed_until.is_not(None)).values(claimed_until=None))


async def prune(connection: AsyncConnection, before: datetime) -> int:
    """Forget what was delivered before, and what was given up and is as old: it holds what people wrote. How many."""
    delivered = and_(outbox.c.status == "sent", outbox.c.sent_at < before)
    given_up = and_(outbox.c.status == "failed", outbox.c.created_at < before)
    return (await connection.execute(delete(outbox).where(or_(delivered, given_up)))).rowcount

"""Messages on their way: rows written with the turn that said them, taken by workers, marked when delivered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Update, bindparam, delete, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

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


async def post(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of conversation_id, kind, body, due_at, created_at; order of the list is order of delivery."""
    if rows:
        await connection.execute(insert(outbox), list(rows))


def _ready(now: datetime) -> Select[int]:
    """Ids of due messages nobody has in hand, at most one a chat and only the oldest."""
    earlier = outbox.alias("earlier")
    blocked = exists().where(
        earlier.c.conversation_id == outbox.c.conversation_id,
        earlier.c.status == "waiting",
        earlier.c.id < outbox.c.id,
    )
    free = or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until < now)
    which = select(outbox.c.id).where(outbox.c.status == "waiting", outbox.c.due_at <= now, free, ~blocked)
    return which.order_by(outbox.c.id)


async def waits(connection: AsyncConnection, now: datetime) -> bool:
    """Whether there is anything to claim; asked before a transaction is begun that would hold up writers."""
    return (await connection.execute(_ready(now).limit(1))).first() is not None


async def claim(connection: AsyncConnection, now: datetime, limit: int) -> list[Due]:
    """Take due messages so that none of a chat overtakes another, also not in another worker's hands.

    A message in hand still stands as waiting before the next of its chat, until it is marked.
    """
    which = _ready(now).limit(limit)
    if connection.dialect.name == "postgresql":
        which = which.with_for_update(skip_locked=True)
    ids = list((await connection.execute(which)).scalars())
    if not ids:
        return []
    lease = now + LEASE
    await connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(claimed_until=lease))
    rows = await connection.execute(
        select(outbox, conversations.c.channel, conversations.c.chat_id)
        .join(conversations)
        .where(outbox.c.id.in_(ids))
        .order_by(outbox.c.id)
    )
    return [
        Due(r.id, r.conversation_id, r.channel, r.chat_id, r.kind, r.body, r.attempts, r.created_at, lease)
        for r in rows
    ]


def _held(due: Due) -> Update:
    """The row, if it is still this worker's."""
    return update(outbox).where(
        outbox.c.id == due.id, outbox.c.status == "waiting", outbox.c.claimed_until == due.claimed_until
    )


_SENT = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .values(status="sent", sent_at=bindparam("at"), claimed_until=None, error="")
)


async def mark_sent(connection: AsyncConnection, ids: Sequence[int], now: datetime) -> None:
    if ids:
        await connection.execute(_SENT, [{"row_id": row_id, "at": now} for row_id in ids])


async def retry_later(connection: AsyncConnection, due: Due, now: datetime, error: str, pause_s: float | None) -> None:
    """Try again after `pause_s`, or after a doubling pause; after a day it has failed and says so."""
    if now - due.created_at > GIVE_UP_AFTER:
        await mark_failed(connection, due, error)
        return
    pause = min(FIRST_PAUSE * 2 ** min(due.attempts, 10), LONGEST_PAUSE)
    if pause_s is not None:
        pause = timedelta(seconds=pause_s)
    again = {"due_at": now + pause, "attempts": due.attempts + 1, "claimed_until": None, "error": error[:80]}
    await connection.execute(_held(due).values(again))


async def mark_failed(connection: AsyncConnection, due: Due, error: str) -> None:
    await connection.execute(_held(due).values(status="failed", claimed_until=None, error=error[:80]))


async def release(connection: AsyncConnection) -> None:
    """Let go of what a process that died had in hand; only where no other process can be at work (SQLite)."""
    await connection.execute(update(outbox).where(outbox.c.claimed_until.is_not(None)).values(claimed_until=None))


async def prune(connection: AsyncConnection, before: datetime) -> None:
    """Forget what was delivered before: it is in the chat, and holds what people wrote."""
    await connection.execute(delete(outbox).where(outbox.c.status == "sent", outbox.c.sent_at < before))

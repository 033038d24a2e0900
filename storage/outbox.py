"""Messages on their way: rows written with the turn that said them, taken by workers, marked when delivered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, insert, or_, select, update
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


async def post(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of conversation_id, kind, body, due_at, created_at; order of the list is order of delivery."""
    if rows:
        await connection.execute(insert(outbox), list(rows))


async def claim(connection: AsyncConnection, now: datetime, limit: int) -> list[Due]:
    """Take due messages, at most one a chat and only the oldest, so that none overtakes another."""
    earlier = outbox.alias("earlier")
    blocked = exists().where(
        earlier.c.conversation_id == outbox.c.conversation_id,
        earlier.c.status == "waiting",
        earlier.c.id < outbox.c.id,
    )
    free = or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until < now)
    which = select(outbox.c.id).where(outbox.c.status == "waiting", outbox.c.due_at <= now, free, ~blocked)
    which = which.order_by(outbox.c.id).limit(limit)
    if connection.dialect.name == "postgresql":
        which = which.with_for_update(skip_locked=True)
    ids = list((await connection.execute(which)).scalars())
    if not ids:
        return []
    await connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(claimed_until=now + LEASE))
    rows = await connection.execute(
        select(outbox, conversations.c.channel, conversations.c.chat_id)
        .join(conversations)
        .where(outbox.c.id.in_(ids))
        .order_by(outbox.c.id)
    )
    return [Due(r.id, r.conversation_id, r.channel, r.chat_id, r.kind, r.body, r.attempts, r.created_at) for r in rows]


_SENT = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .values(status="sent", sent_at=bindparam("at"), claimed_until=None, error="")
)


async def mark_sent(connection: AsyncConnection, ids: Sequence[int], now: datetime) -> None:
    await connection.execute(_SENT, [{"row_id": row_id, "at": now} for row_id in ids])


async def retry_later(connection: AsyncConnection, due: Due, now: datetime, error: str, pause_s: float | None) -> None:
    """Try again after `pause_s`, or after a doubling pause; after a day it has failed and says so."""
    if now - due.created_at > GIVE_UP_AFTER:
        await mark_failed(connection, due, error)
        return
    pause = min(FIRST_PAUSE * 2 ** min(due.attempts, 10), LONGEST_PAUSE)
    if pause_s is not None:
        pause = timedelta(seconds=pause_s)
    statement = update(outbox).where(outbox.c.id == due.id)
    await connection.execute(
        statement.values(due_at=now + pause, attempts=outbox.c.attempts + 1, claimed_until=None, error=error[:80])
    )


async def mark_failed(connection: AsyncConnection, due: Due, error: str) -> None:
    statement = update(outbox).where(outbox.c.id == due.id)
    await connection.execute(statement.values(status="failed", claimed_until=None, error=error[:80]))


async def next_due(connection: AsyncConnection) -> datetime | None:
    """When the next waiting message may go out."""
    statement = select(outbox.c.due_at).where(outbox.c.status == "waiting").order_by(outbox.c.due_at).limit(1)
    found: datetime | None = (await connection.execute(statement)).scalar_one_or_none()
    return found

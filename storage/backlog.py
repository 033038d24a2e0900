"""What waits, and what was given up, as the monitoring asks every few seconds: each through an index of its own."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import files, outbox, timers, updates


@dataclass(frozen=True, slots=True)
class Waiting:
    """Of one kind: reply, notice, file, timer. `oldest_s`: how long the first of them has been due."""

    what: str
    count: int
    oldest_s: float


async def waiting(connection: AsyncConnection, now: datetime) -> list[Waiting]:
    """All kinds, those too of which nothing waits. A reply is due from the turn that gave it, however often tried."""
    replies = and_(outbox.c.status == "waiting", outbox.c.kind == "reply")
    due = and_(outbox.c.status == "waiting", outbox.c.kind == "notice", outbox.c.due_at <= now)
    asked = (
        ("reply", outbox, outbox.c.created_at, replies),
        ("notice", outbox, outbox.c.due_at, due),
        ("file", files, files.c.due_at, files.c.due_at <= now),
        ("timer", timers, timers.c.due_at, timers.c.due_at <= now),
    )
    found = []
    for what, table, moment, which in asked:
        row = (await connection.execute(select(func.count(), func.min(moment)).select_from(table).where(which))).one()
        oldest_s = (now - row[1]).total_seconds() if row[1] is not None else 0.0
        found.append(Waiting(what, row[0], max(0.0, oldest_s)))
    return found


async def given_up(connection: AsyncConnection) -> dict[str, int]:
    """How many messages and updates lie there that nobody tries any more."""
    failed = select(func.count()).select_from(outbox).where(outbox.c.status == "failed")
    set_aside = select(func.count()).select_from(updates).where(updates.c.error != "")
    return {
        "message": (await connection.execute(failed)).scalar_one(),
        "update": (await connection.execute(set_aside)).scalar_one(),
    }

"""The morning's overviews: who has had theirs, and who has put it off. A row for each officer and day."""

from datetime import date, datetime, timedelta

from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import digests, memberships
from storage.records import upsert
from storage.rights import REACHABLE

KEEP_PUT_OFF = timedelta(hours=4)
"""How late an overview that was put off may still come; later it would speak of a day that is over."""


async def without_one(connection: AsyncConnection, day: date, joined_before: datetime) -> list[int]:
    """Officers who have had none on this day and can be told; whoever joined since knows what there is."""
    had = exists().where(digests.c.person_id == memberships.c.person_id, digests.c.day == day)
    which = (memberships.c.removed_at.is_(None), memberships.c.since < joined_before, REACHABLE, ~had)
    statement = select(memberships.c.person_id).where(*which).distinct().order_by(memberships.c.person_id)
    return list((await connection.execute(statement)).scalars())


async def claim(connection: AsyncConnection, person_id: int, day: date, now: datetime) -> bool:
    """Whether this process makes the day's overview for this officer: of several the first one does."""
    row = {"person_id": person_id, "day": day, "due_at": now, "sent_at": now}
    made = await connection.execute(upsert(connection, digests).values(row).on_conflict_do_nothing())
    return made.rowcount == 1


async def put_off(connection: AsyncConnection, person_id: int, day: date, due_at: datetime) -> None:
    row = {"person_id": person_id, "day": day, "due_at": due_at, "sent_at": None}
    again = {"due_at": due_at, "sent_at": None}
    statement = upsert(connection, digests).values(row)
    await connection.execute(statement.on_conflict_do_update(index_elements=["person_id", "day"], set_=again))


async def put_off_until(connection: AsyncConnection, now: datetime) -> list[tuple[int, date]]:
    """Officer and day of each overview that was put off until now."""
    waiting = (digests.c.sent_at.is_(None), digests.c.due_at <= now, digests.c.due_at > now - KEEP_PUT_OFF)
    rows = await connection.execute(select(digests.c.person_id, digests.c.day).where(*waiting))
    return [(row.person_id, row.day) for row in rows]


async def claim_again(connection: AsyncConnection, person_id: int, day: date, now: datetime) -> bool:
    """As `claim`, of one that was put off until now."""
    which = (digests.c.person_id == person_id, digests.c.day == day, digests.c.sent_at.is_(None))
    taken = await connection.execute(update(digests).where(*which, digests.c.due_at <= now).values(sent_at=now))
    return taken.rowcount == 1


async def prune(connection: AsyncConnection, before: date) -> int:
    """Forget which overviews were made before, and say how many; a day that is over is made no overview of."""
    return (await connection.execute(delete(digests).where(digests.c.day < before))).rowcount

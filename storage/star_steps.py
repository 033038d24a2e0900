"""What producers have to do for a star: the list that was taken, what of it is done, and whom to remind."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.model import PlannedStep, StarStep
from storage.models import cases, people, results, star_steps

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_OPEN = star_steps.c.done_at.is_(None)


async def steps_of(connection: AsyncConnection, code: str) -> tuple[StarStep, ...]:
    """The list of a case, in the order it was made."""
    statement = select(star_steps).join(cases, cases.c.id == star_steps.c.case_id).where(cases.c.code == code)
    rows = await connection.execute(statement.order_by(star_steps.c.id))
    return tuple(StarStep(row.id, row.code, row.option, row.due_on, _day(row.done_at), row.mark_before) for row in rows)


def _day(moment: datetime | None) -> date | None:
    return moment.astimezone(_VIETNAM).date() if moment is not None else None


async def take(
    connection: AsyncConnection, case_id: int, stars: int, steps: Collection[PlannedStep], remind: bool, now: datetime
) -> None:
    """A list in place of what was still to do on the one before; what is done stays on it."""
    await _drop_open(connection, case_id)
    row = {"case_id": case_id, "stars": stars, "remind": remind, "made_at": now}
    new = [row | {"code": step.code, "option": step.option, "due_on": step.due_on} for step in steps]
    if new:
        await connection.execute(insert(star_steps), new)
    await connection.execute(update(cases).where(cases.c.id == case_id).values(star_goal=stars))


async def drop(connection: AsyncConnection, case_id: int) -> None:
    await _drop_open(connection, case_id)
    await connection.execute(update(cases).where(cases.c.id == case_id).values(star_goal=0))


async def _drop_open(connection: AsyncConnection, case_id: int) -> None:
    await connection.execute(delete(star_steps).where(star_steps.c.case_id == case_id, _OPEN))


async def step_of(connection: AsyncConnection, case_id: int, number: int) -> Any:
    """A row of the list of this case, or None."""
    which = star_steps.c.id == number, star_steps.c.case_id == case_id
    return (await connection.execute(select(star_steps).where(*which))).one_or_none()


async def still_open(connection: AsyncConnection, case_id: int) -> Sequence[Any]:
    """Rows of what is still to do."""
    which = star_steps.c.case_id == case_id, _OPEN
    return (await connection.execute(select(star_steps).where(*which).order_by(star_steps.c.id))).all()


async def tick(connection: AsyncConnection, number: int, done_at: datetime | None, mark_before: int | None) -> None:
    """Done at this moment, or (None) not after all."""
    ticked = update(star_steps).where(star_steps.c.id == number)
    await connection.execute(ticked.values(done_at=done_at, mark_before=mark_before))


async def move(connection: AsyncConnection, number: int, due_on: date) -> None:
    """Whoever was reminded of it before is reminded again."""
    moved = update(star_steps).where(star_steps.c.id == number)
    await connection.execute(moved.values(due_on=due_on, reminded_at=None))


# ---------------------------------------------------------------- reminders

_TO_REMIND = star_steps.c.remind, _OPEN, star_steps.c.reminded_at.is_(None)


def _due(until: date, ended: Collection[str]) -> Select[Any]:
    """`ended`: statuses of cases that lead to no star any more. Who has the star needs no list for it either."""
    return (
        select(cases.c.code)
        .join(star_steps, star_steps.c.case_id == cases.c.id)
        .join(people, people.c.id == cases.c.person_id)
        .join(results, (results.c.case_id == cases.c.id) & results.c.published_at.is_not(None), isouter=True)
        .where(*_TO_REMIND, star_steps.c.due_on <= until, people.c.reminders)
        .where(cases.c.status.not_in(ended), func.coalesce(results.c.stars, 0) < cases.c.star_goal)
        .distinct()
        .order_by(cases.c.code)
    )


async def due(connection: AsyncConnection, until: date, ended: Collection[str]) -> list[str]:
    """Codes of cases of which something has to be called to mind; not of who wants no reminders."""
    return list((await connection.execute(_due(until, ended))).scalars())


async def claim(connection: AsyncConnection, case_id: int, until: date, now: datetime) -> frozenset[int]:
    """Numbers of what is called to mind now, each once: of several processes the first one gets them."""
    which = *_TO_REMIND, star_steps.c.case_id == case_id, star_steps.c.due_on <= until
    claimed = update(star_steps).where(*which).values(reminded_at=now).returning(star_steps.c.id)
    return frozenset((await connection.execute(claimed)).scalars())

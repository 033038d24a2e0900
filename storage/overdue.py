"""Cases whose deadline has passed: who is told of it, who stands above them, and that each is told once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, and_, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from dialogs import places
from dialogs.model import Role
from dialogs.rules.lifecycle import AUTHORITIES, STATUSES, Side
from storage.models import Moment, cases, memberships
from storage.rights import who_acts
from storage.staff import acting, name_of


@dataclass(frozen=True, slots=True)
class Overdue:
    """A case as an officer is told of it; `producer_id` is told nothing, also when an officer."""

    id: int
    code: str
    product: str
    territory: str
    owner: str
    holder_id: int | None
    producer_id: int
    due_on: date
    escalation: str


@dataclass(frozen=True, slots=True)
class Answerable:
    """`told`: who has to act, themselves or their covers; `above`: whom to turn to when they don't, if anybody."""

    told: tuple[int, ...]
    above: int | None
    above_name: str = ""


async def overdue(connection: AsyncConnection, today: date, now: datetime) -> list[Overdue]:
    """Those of which nobody has been told yet, and those that were announced to be passed up until now."""
    found = await connection.execute(_OVERDUE, {"today": today, "now": now})
    return sorted((Overdue(*row) for row in found), key=lambda one: one.id)  # sorting in SQL, SQLite reads all cases


_PROVINCES = tuple(province.code for province in places.provinces())
_WITH_DEADLINE = tuple(name for name, status in STATUSES.items() if status.deadline and status.owner in AUTHORITIES)
_TODAY = bindparam("today", type_=Date)
_OVERDUE = select(
    cases.c.id,
    cases.c.code,
    cases.c.product,
    cases.c.territory,
    cases.c.owner,
    cases.c.holder_id,
    cases.c.person_id,
    cases.c.due_on,
    cases.c.escalation,
).where(
    # Province and status for the index; what came back stands in front there, so it is among these as well.
    cases.c.province.in_(_PROVINCES),
    cases.c.status.in_(_WITH_DEADLINE),
    cases.c.urgent_on < _TODAY,
    cases.c.due_on < _TODAY,
    or_(
        cases.c.escalation == "",
        and_(cases.c.escalation == "warned", cases.c.escalate_at <= bindparam("now", type_=Moment)),
    ),
)


async def warned(
    connection: AsyncConnection, some: Sequence[Overdue], today: date, escalate_at: datetime | None
) -> list[Overdue]:
    """Note that their officers are told; returns those for which no other process, and no decision, came before."""
    values = {"escalation": "warned", "escalate_at": escalate_at}
    return [one for one in some if await _changed(connection, one, today, values, cases.c.escalation == "")]


async def escalated(connection: AsyncConnection, some: Sequence[Overdue], today: date, now: datetime) -> list[Overdue]:
    """Note that somebody above is told; returns as `warned` does."""
    announced = and_(cases.c.escalation == "warned", cases.c.escalate_at <= now)
    return [one for one in some if await _changed(connection, one, today, {"escalation": "escalated"}, announced)]


async def nobody_above(connection: AsyncConnection, some: Sequence[Overdue], today: date, now: datetime) -> None:
    """Note that what was announced can't be done: these stay told of, and are not looked at for it again."""
    announced = and_(cases.c.escalation == "warned", cases.c.escalate_at <= now)
    for one in some:
        await _changed(connection, one, today, {"escalate_at": None}, announced)


async def _changed(
    connection: AsyncConnection, one: Overdue, today: date, values: dict[str, Any], still: ColumnElement[bool]
) -> bool:
    which = (cases.c.id == one.id, cases.c.owner == one.owner, cases.c.due_on < today, still)
    return (await connection.execute(update(cases).where(*which).values(values))).rowcount == 1


# ---------------------------------------------------------------- who


async def answerable(connection: AsyncConnection, one: Overdue, today: date) -> Answerable:
    """Who has the case in hand, else the nearest who act for its side; above them the next level that has anybody.

    Of several there it is the one who has been there longest: a named person, the same one each time.
    """
    levels = await _levels(connection, one, today)
    own, higher = _split(levels, await _holder(connection, one, today))
    above = next((person for level in higher for person in level if person not in own), None)
    return Answerable(tuple(own), above, await name_of(connection, above) if above is not None else "")


def _split(levels: Sequence[Sequence[int]], holder: int | None) -> tuple[Sequence[int], Sequence[Sequence[int]]]:
    """Whom to tell first, and the levels behind theirs."""
    if holder is not None:
        return [holder], levels[1:]
    first = next((n for n, level in enumerate(levels) if level), len(levels))
    return (levels[first], levels[first + 1 :]) if first < len(levels) else ([], [])


async def _levels(connection: AsyncConnection, one: Overdue, today: date) -> list[list[int]]:
    """For each place and role that may act, nearest first, who can be told, by how long they have been there."""
    asked = who_acts(one.territory, Side(one.owner))
    which = (memberships.c.territory.in_([place for place, _ in asked]), memberships.c.removed_at.is_(None))
    found = select(memberships.c.person_id, memberships.c.territory, memberships.c.role).where(*which)
    rows = (await connection.execute(found.order_by(memberships.c.since, memberships.c.id))).all()
    told = await acting(connection, {row.person_id for row in rows}, today)
    return [
        _once(
            told.get(row.person_id)
            for row in rows
            if row.territory == place and Role(row.role) in roles and row.person_id != one.producer_id
        )
        for place, roles in asked
    ]


def _once(people_: Iterable[int | None]) -> list[int]:
    return list(dict.fromkeys(person for person in people_ if person is not None))


async def _holder(connection: AsyncConnection, one: Overdue, today: date) -> int | None:
    if one.holder_id is None:
        return None
    return (await acting(connection, {one.holder_id}, today)).get(one.holder_id)

"""Writes to an office's calendar, and the deadlines that move with it."""

from datetime import date
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from dialogs.rules.lifecycle import AUTHORITIES, limit_of
from dialogs.rules.ruleset import ruleset
from dialogs.rules.working_days import USUAL_SESSIONS, DaysOff, Sessions
from storage.calendar import IN_COMMUNE, days_off_of, desk_of
from storage.cases import answer_by
from storage.models import cases, days_off, offices
from storage.records import upsert


async def set_hours(connection: AsyncConnection, territory: str, hours: str, sessions: Sessions = ()) -> None:
    """The officer's words, and the sessions they mean; without any, or with the usual ones, those are not kept."""
    known = [list(pair) for pair in sessions] if sessions and sessions != USUAL_SESSIONS else null()
    values = {"hours": hours, "sessions": known}
    statement = upsert(connection, offices).values(territory=territory, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["territory"], set_=values))


async def set_day_off(
    connection: AsyncConnection, territory: str, day: date, reason: str, author_id: int, everywhere: frozenset[date]
) -> int | None:
    """Close on a day; returns how many open deadlines moved on by it, None when it was closed already."""
    row = {"territory": territory, "day": day, "reason": reason, "author_id": author_id}
    statement = upsert(connection, days_off).values(row).on_conflict_do_nothing()
    if not (await connection.execute(statement)).rowcount:
        return None
    return await move_deadlines(connection, territory, day, everywhere)


async def remove_day_off(
    connection: AsyncConnection, territory: str, day: date, everywhere: frozenset[date]
) -> int | None:
    """Open again on a day; returns how many open deadlines came back by it, None when it was open already."""
    which = (days_off.c.territory == territory, days_off.c.day == day)
    if not (await connection.execute(delete(days_off).where(*which))).rowcount:
        return None
    return await move_deadlines(connection, territory, day, everywhere)


# ---------------------------------------------------------------- deadlines

_KEY = ("territory", "owner", "ruleset", "status", "purpose", "since", "days_used", "due_on")
"""Cases that agree in these have the same deadline, so one statement moves them all."""
_MOVED = (
    update(cases)
    .where(*(cases.c[name] == bindparam(f"old_{name}") for name in _KEY))
    .values(
        due_on=bindparam("new_due"),
        urgent_on=case((cases.c.urgent_on == cases.c.due_on, bindparam("new_due")), else_=cases.c.urgent_on),
    )
)


async def move_deadlines(connection: AsyncConnection, territory: str, day: date, everywhere: frozenset[date]) -> int:
    """Count the open deadlines that this day lies in anew, by the calendar as it stands; returns how many changed.

    A day that lies before a case came to its desk, or after its deadline, changes nothing: so a new day off never
    makes a deadline shorter, and one taken away never puts one into the past while the day itself lies ahead.
    """
    which = (_answered_in(territory), cases.c.since < day, cases.c.due_on >= day)
    alike = (await connection.execute(select(*(cases.c[name] for name in _KEY)).where(*which).distinct())).all()
    closed = await days_off_of(connection, {desk_of(row.territory, row.owner) for row in alike})
    changes = [change for row in alike if (change := _change(row, closed, everywhere)) is not None]
    return sum([(await connection.execute(_MOVED, change)).rowcount for change in changes])


def _answered_in(territory: str) -> ColumnElement[bool]:
    """Cases for whose deadline the calendar of this territory counts."""
    if "/" in territory:
        return and_(cases.c.territory == territory, cases.c.owner.in_(IN_COMMUNE))
    return and_(cases.c.province == territory, cases.c.owner.in_(AUTHORITIES))


def _change(row: Any, closed: dict[str, frozenset[date]], everywhere: frozenset[date]) -> dict[str, Any] | None:
    """Parameters of _MOVED, or None where the deadline stays."""
    rules = ruleset(row.ruleset)
    limit = limit_of(rules, row.status, row.purpose)
    if limit is None or limit.calendar_days is not None:
        return None  # an office's calendar has no part in plain days: what was said stays
    off = DaysOff(everywhere, closed[desk_of(row.territory, row.owner)])
    new = answer_by(rules, row.status, row.purpose, row.since, row.days_used, off)
    if new is None or new == row.due_on:
        return None
    return {"new_due": new} | {f"old_{name}": getattr(row, name) for name in _KEY}

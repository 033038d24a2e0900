"""When an office works: its hours, and the days off that itself or the province around it has declared."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.engine import dialog_name
from dialogs.model import OfficeFacts
from dialogs.rules.lifecycle import AUTHORITIES, STATUSES, Side, limit_of
from dialogs.rules.ruleset import ruleset
from dialogs.rules.working_days import USUAL_SESSIONS, DaysOff, Sessions, days_used
from storage.models import days_off, offices

if TYPE_CHECKING:
    from storage.records import Conversation

IN_COMMUNE = frozenset({Side.COMMUNE, Side.APPROVER})
"""Sides whose desk stands in the commune; the others' stands in the province."""


@dataclass(frozen=True, slots=True)
class Office:
    """`days_off`: besides weekends and public holidays, those that everybody has among them."""

    sessions: Sessions = USUAL_SESSIONS
    days_off: frozenset[date] = frozenset()


def desk_of(territory: str, side: Side | str) -> str:
    """The territory of the office that acts for a side on a commune's case."""
    return territory if side in IN_COMMUNE else territory.partition("/")[0]


def answering_side(from_status: str, to_status: str = "") -> Side:
    """Whose days count when a case goes from one status to another: the office that is to answer, else that did."""
    to = STATUSES[to_status or from_status].owner
    return to if to in AUTHORITIES else STATUSES[from_status].owner


async def days_off_of(connection: AsyncConnection, territories: Collection[str]) -> dict[str, frozenset[date]]:
    """By territory what it has declared itself, and what its province has; every territory asked for is there."""
    wanted = {level for territory in territories for level in _levels(territory)}
    found: dict[str, set[date]] = {}
    if wanted:
        for row in await connection.execute(_DAYS_OFF, {"territories": list(wanted)}):
            found.setdefault(row.territory, set()).add(row.day)
    return {t: frozenset().union(*(found.get(level, ()) for level in _levels(t))) for t in territories}


_DAYS_OFF = select(days_off.c.territory, days_off.c.day).where(
    days_off.c.territory.in_(bindparam("territories", expanding=True))
)


async def offices_at(
    connection: AsyncConnection, territories: Collection[str], everywhere: frozenset[date] = frozenset()
) -> dict[str, Office]:
    """Each territory's hours and days off; `everywhere` are days off of all of them."""
    closed = await days_off_of(connection, territories)
    kept = await connection.execute(_SESSIONS, {"territories": list(territories)})
    hours = {row.territory: sessions_from(row.sessions) for row in kept}
    return {t: Office(hours.get(t, USUAL_SESSIONS), closed[t] | everywhere) for t in territories}


_SESSIONS = select(offices.c.territory, offices.c.sessions).where(
    offices.c.territory.in_(bindparam("territories", expanding=True)), offices.c.sessions.is_not(None)
)


async def office_for(
    connection: AsyncConnection, territory: str, side: Side | str, everywhere: frozenset[date] = frozenset()
) -> Office:
    """The office that acts for a side on a commune's case."""
    desk = desk_of(territory, side)
    return (await offices_at(connection, [desk], everywhere))[desk]


async def closed_for(
    connection: AsyncConnection, territory: str, side: Side | str, everywhere: frozenset[date] = frozenset()
) -> DaysOff:
    """The days off by which a side's deadline on a commune's case is counted."""
    desk = desk_of(territory, side)
    return DaysOff(everywhere, (await days_off_of(connection, [desk]))[desk])


def used_of_limit(case: Any, today: date, closed: frozenset[date]) -> int:
    """Days used of a case's limit, by the days off of its office; 0 without a limit.

    Never more than the limit until its last day has passed: that may lie beyond a weekend, or be the day that a case
    has anew when it comes back.
    """
    limit = limit_of(ruleset(case.ruleset), case.status, case.purpose)
    if limit is None or limit.days is None:
        return 0
    used = int(case.days_used) + days_used(case.since, today, closed, calendar=limit.calendar_days is not None)
    return min(used, limit.days) if case.due_on is not None and today <= case.due_on else used


def sessions_from(kept: Any) -> Sessions:
    """Hours as the table keeps them, a JSON list of pairs; the usual ones where there are none that make sense.

    The hours of many offices are read at once, and one that is damaged must not stop the others.
    """
    try:
        sessions = tuple((int(start), int(end)) for start, end in kept or ())
    except (TypeError, ValueError):
        return USUAL_SESSIONS
    return sessions or USUAL_SESSIONS


def _levels(territory: str) -> Iterable[str]:
    """A commune and its province; a province alone."""
    return dict.fromkeys((territory, territory.partition("/")[0]))


# ---------------------------------------------------------------- for who keeps it

KEEPING = frozenset({"office_hours", "days_off"})
"""Dialogs that show an office's calendar; for the others it is not read."""


def shows_calendar(conversation: "Conversation") -> bool:
    return bool(conversation.person.memberships) and dialog_name(conversation.state.key) in KEEPING


async def kept_offices(
    connection: AsyncConnection, conversation: "Conversation", today: date
) -> tuple[OfficeFacts, ...]:
    """The offices in which this person works, with their days off from today on."""
    own = tuple(dict.fromkeys(m.territory for m in conversation.person.memberships if m.territory))
    levels = {level for territory in own for level in _levels(territory)}
    which = select(days_off).where(days_off.c.territory.in_(levels), days_off.c.day >= today).order_by(days_off.c.day)
    closed: dict[str, list[tuple[date, str]]] = {}
    for row in await connection.execute(which):
        closed.setdefault(row.territory, []).append((row.day, row.reason))
    kept = await connection.execute(select(offices).where(offices.c.territory.in_(own)))
    hours = {row.territory: (row.hours, sessions_from(row.sessions)) for row in kept}
    return tuple(
        OfficeFacts(
            territory,
            *hours.get(territory, ("", USUAL_SESSIONS)),
            days_off=tuple(closed.get(territory, ())),
            closed=tuple(closed.get(territory.partition("/")[0], ())) if "/" in territory else (),
        )
        for territory in own
    )

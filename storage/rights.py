"""Whose turn somebody may take with a case: by role and territory, and in place of who is missing below."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import BindParameter, bindparam, exists, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from dialogs.model import Membership, Role
from dialogs.rules.lifecycle import Side
from storage.models import conversations, memberships

IN_COMMUNE = (Role.COMMUNE_OFFICER, Role.COMMUNE_APPROVER)
_OWN_SIDES: Mapping[Role, frozenset[Side]] = {
    Role.COMMUNE_OFFICER: frozenset({Side.COMMUNE}),
    Role.COMMUNE_APPROVER: frozenset({Side.COMMUNE, Side.APPROVER}),
    Role.PROVINCE_OFFICER: frozenset({Side.DISTRICT, Side.PROVINCE, Side.CENTRE}),
    Role.ADMINISTRATOR: frozenset(),
}
Present = Mapping[str, Collection[Role]]
"""Roles that somebody holds, by territory."""
REACHABLE = exists().where(conversations.c.person_id == memberships.c.person_id, conversations.c.status == "open")
"""Whether an officer can be told anything: who has blocked the bot can't."""


def covers(members: Iterable[Membership], territory: str) -> bool:
    """Whether one of the memberships is for this territory or for one around it."""
    return any(not m.territory or f"{territory}/".startswith(f"{m.territory}/") for m in members)


def within(territory: ColumnElement[str], members: Iterable[Membership]) -> ColumnElement[bool]:
    """Whether a territory lies in one of the memberships' jurisdictions."""
    conditions = [
        literal(True) if not m.territory else or_(territory == m.territory, territory.like(f"{m.territory}/%"))
        for m in members
    ]
    return or_(*conditions)


async def present_at(connection: AsyncConnection, territories: Collection[str], but: int = 0) -> dict[str, set[Role]]:
    """Who is there in these communes and provinces; whoever has not been removed counts.

    But not the producer of the case it is about: nobody decides on their own, so for it their place is empty.
    """
    found: dict[str, set[Role]] = {}
    for row in await connection.execute(_PRESENT, {"places": list(territories), "but": but}):
        found.setdefault(row.territory, set()).add(Role(row.role))
    return found


_PLACES: BindParameter[Any] = bindparam("places", expanding=True)
_PRESENT = (
    select(memberships.c.territory, memberships.c.role)
    .where(
        memberships.c.territory.in_(_PLACES),
        memberships.c.removed_at.is_(None),
        memberships.c.person_id != bindparam("but"),
    )
    .distinct()
)


def vacant_sides(territory: str, present: Present) -> frozenset[Side]:
    """The commune's sides for which it has nobody, so that the next level has to act."""
    here = present.get(territory, ())
    sides = set()
    if not any(role in here for role in IN_COMMUNE):
        sides.add(Side.COMMUNE)
    if Role.COMMUNE_APPROVER not in here:
        sides.add(Side.APPROVER)
    return frozenset(sides)


def sides_at(members: Iterable[Membership], territory: str, present: Present) -> frozenset[Side]:
    """The sides this person may act for in a commune; `present` must know it and its province.

    A province stands in for a commune that has nobody, an administrator for a province that has nobody: a file must
    never wait for an office in which nobody is.
    """
    province = territory.partition("/")[0]
    above = vacant_sides(territory, present)
    sides: set[Side] = set()
    for member in members:
        if member.territory == territory:
            sides |= _OWN_SIDES[member.role]
        elif member.territory == province:
            sides |= _OWN_SIDES[member.role] | above
        elif not member.territory and Role.PROVINCE_OFFICER not in present.get(province, ()):
            sides |= _OWN_SIDES[Role.PROVINCE_OFFICER] | above
    return frozenset(sides)


def who_acts(territory: str, side: Side | None) -> tuple[tuple[str, frozenset[Role]], ...]:
    """Places and roles to ask for a commune's side, the nearest first; the next ones stand in where nobody is.

    An officer's work comes to the approver only where the commune has no officer: who signs need not read everything.
    """
    province = territory.partition("/")[0]
    above = ((province, frozenset({Role.PROVINCE_OFFICER})), ("", frozenset({Role.ADMINISTRATOR})))
    match side:
        case None:
            return ((territory, frozenset(IN_COMMUNE)), *above)
        case Side.COMMUNE:
            return (*((territory, frozenset({role})) for role in IN_COMMUNE), *above)
        case Side.APPROVER:
            return ((territory, frozenset({Role.COMMUNE_APPROVER})), *above)
    return above

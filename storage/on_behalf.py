"""A case that was filed for a producer without a chat: who filed it, and which officer acts in its producer's place."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.model import CaseFacts, Membership
from storage.models import case_events, cases, conversations, memberships, people
from storage.rights import IN_COMMUNE, REACHABLE


async def acts_for(
    connection: AsyncConnection, code: str, person_id: int, covered: Collection[int], members: Sequence[Membership]
) -> bool:
    """Whether this officer does what the producer of a case would do: no chat is linked to the producer yet.

    It is who filed it, or covers for them (`covered`); any officer of the commune once that one is no longer there.
    """
    chats = exists().where(conversations.c.person_id == cases.c.person_id)
    which = (cases.c.code == code, cases.c.filed_by.is_not(None), ~chats)
    case = (await connection.execute(select(cases.c.territory, cases.c.filed_by).where(*which))).one_or_none()
    if case is None or not any(m.territory == case.territory and m.role in IN_COMMUNE for m in members):
        return False
    return case.filed_by in {person_id, *covered} or not await _is_there(connection, case.filed_by, case.territory)


async def _is_there(connection: AsyncConnection, person_id: int, territory: str) -> bool:
    """Whether somebody is an officer of a commune and can be told anything."""
    which = (
        memberships.c.person_id == person_id,
        memberships.c.territory == territory,
        memberships.c.role.in_(IN_COMMUNE),
        memberships.c.removed_at.is_(None),
        REACHABLE,
    )
    return (await connection.execute(select(memberships.c.id).where(*which).limit(1))).first() is not None


async def filed_for_somebody(
    connection: AsyncConnection,
    case: CaseFacts,
    person_id: int,
    covered: Collection[int],
    members: Sequence[Membership],
) -> dict[str, Any]:
    """What an officer sees of a case that was filed for its producer, as fields of CaseFacts."""
    statement = select(cases.c.id, cases.c.filed_by, people.c.name).join(people, cases.c.filed_by == people.c.id)
    row = (await connection.execute(statement.where(cases.c.code == case.code))).one_or_none()
    if row is None:
        return {}
    by_me = case.assisted == "sheet" and row.filed_by == person_id
    return {
        "filed_by": row.name,
        "for_producer": await acts_for(connection, case.code, person_id, covered, members),
        "confirmed_alone": by_me and await _kept_the_sheet(connection, row.id, person_id),
    }


async def _kept_the_sheet(connection: AsyncConnection, case_id: int, person_id: int) -> bool:
    which = (case_events.c.case_id == case_id, case_events.c.action == "confirm_sheet")
    by = select(case_events.c.id).where(*which, case_events.c.actor_id == person_id)
    return (await connection.execute(by.limit(1))).first() is not None

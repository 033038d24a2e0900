"""In whose hand a case is: taken by one officer, given back, or passed on. Each within the turn that ordered it."""

from collections.abc import Collection
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.engine import dialog_name
from dialogs.model import Colleague, Membership, Role
from dialogs.officer.desk import NAMELESS
from storage.models import cases, memberships, people
from storage.rights import present_at, sides_at
from storage.staff import colleagues_of

if TYPE_CHECKING:
    from storage.records import Conversation


def may_work(case: Any, person_id: int, covered: Collection[int] = ()) -> bool:
    """Whether an officer may decide on a case, as far as its holder goes: it is free, or in their hand.

    `case`: its row, locked. `covered`: whom they cover for today.
    """
    return case.holder_id is None or case.holder_id == person_id or case.holder_id in covered


def holder_name(row: Any) -> str:
    """Of a row with `holder_id` and `holder`, the holder's name; "" for a free case."""
    return "" if row.holder_id is None else row.holder or NAMELESS


async def holder_of(connection: AsyncConnection, code: str) -> tuple[int | None, str]:
    """Who has a case, and that person's name; (None, "") for a free one."""
    statement = (
        select(cases.c.holder_id, people.c.name.label("holder"))
        .join(people, people.c.id == cases.c.holder_id)
        .where(cases.c.code == code)
    )
    row = (await connection.execute(statement)).one_or_none()
    return (row.holder_id, holder_name(row)) if row is not None else (None, "")


async def take(connection: AsyncConnection, case_id: int, person_id: int, now: datetime) -> bool:
    """Of all who try at the same instant one gets it; False when it is in somebody's hand already."""
    free = (cases.c.id == case_id, cases.c.holder_id.is_(None))
    taken = update(cases).where(*free).values(holder_id=person_id, held_at=now)
    return (await connection.execute(taken)).rowcount == 1


def shows_successors(conversation: "Conversation") -> bool:
    return bool(conversation.person.memberships) and dialog_name(conversation.state.key) == "pass"


async def successors_for(
    connection: AsyncConnection, conversation: "Conversation", code: str, today: date
) -> tuple[Colleague, ...]:
    """As `successors`, for a case named by its code; nobody for one that is not there."""
    columns = (cases.c.territory, cases.c.owner, cases.c.person_id)
    case = (await connection.execute(select(*columns).where(cases.c.code == code))).one_or_none()
    return await successors(connection, conversation, case, today) if case is not None else ()


async def successors(
    connection: AsyncConnection, conversation: "Conversation", case: Any, today: date
) -> tuple[Colleague, ...]:
    """The colleagues who could go on with a case now: who act for the side that owns it, and are there today.

    `case`: a row with territory, owner and person_id; its producer is never among them.
    """
    members = conversation.person.memberships
    found = await colleagues_of(connection, conversation.person_id, members, case.territory, today)
    levels = (case.territory, case.territory.partition("/")[0])
    present = await present_at(connection, levels, but=case.person_id)
    theirs = await _memberships_of(connection, [colleague.person_id for colleague in found])
    return tuple(
        colleague
        for colleague in found
        if colleague.person_id != case.person_id
        and case.owner in sides_at(theirs.get(colleague.person_id, ()), case.territory, present)
    )


async def _memberships_of(connection: AsyncConnection, person_ids: Collection[int]) -> dict[int, list[Membership]]:
    columns = (memberships.c.person_id, memberships.c.role, memberships.c.territory)
    which = (memberships.c.person_id.in_(person_ids), memberships.c.removed_at.is_(None))
    found: dict[int, list[Membership]] = {}
    for row in await connection.execute(select(*columns).where(*which)):
        found.setdefault(row.person_id, []).append(Membership(Role(row.role), row.territory))
    return found

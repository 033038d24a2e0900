"""In whose hand a case is: taken by one officer, given back, or passed on. Each within the turn that ordered it."""

from collections.abc import Collection
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.engine import dialog_name
from dialogs.model import Colleague
from dialogs.officer.desk import NAMELESS
from storage.models import cases, memberships, people
from storage.rights import present_at, sides_at
from storage.staff import HOLDER_STANDS, IN_HAND, colleagues_of, memberships_of, put_into_hand

if TYPE_CHECKING:
    from storage.records import Conversation


async def may_work(connection: AsyncConnection, case: Any, person_id: int, covered: Collection[int] = ()) -> bool:
    """Whether an officer may decide on a case, as far as its holder goes: it is free, or in their hand.

    `case`: its row, locked. `covered`: whom they cover for today.
    """
    return case.holder_id in {None, person_id, *covered} or await is_free(connection, case.id)


async def is_free(connection: AsyncConnection, case_id: int) -> bool:
    """In nobody's hand, or in that of somebody who has no role there any more."""
    return bool((await connection.execute(select(_FREE).where(cases.c.id == case_id))).scalar_one())


_FREE = or_(cases.c.holder_id.is_(None), ~HOLDER_STANDS)


def holder_name(row: Any) -> str:
    """Of a row with `holder_id` and `holder`, the holder's name; "" for a free case."""
    return "" if row.holder_id is None else row.holder or NAMELESS


async def holder_of(connection: AsyncConnection, code: str) -> tuple[int | None, str]:
    """Who has a case, and that person's name; (None, "") for a free one, as is_free says."""
    row = (await connection.execute(_HOLDER, {"named": code})).one_or_none()
    return (row.holder_id, holder_name(row)) if row is not None else (None, "")


_HOLDER = (
    select(cases.c.holder_id, people.c.name.label("holder"))
    .join(people, people.c.id == cases.c.holder_id)
    .where(cases.c.code == bindparam("named"), HOLDER_STANDS)
)


async def take(connection: AsyncConnection, case_id: int, person_id: int, now: datetime) -> bool:
    """Of all who try at the same instant one gets it; False when it is in somebody's hand already."""
    taken = update(cases).where(cases.c.id == case_id, _FREE).values(holder_id=person_id, held_at=now)
    return (await connection.execute(taken)).rowcount == 1


async def abandoned(connection: AsyncConnection) -> list[int]:
    """Ids of open cases in the hand of somebody whose role there was taken back, which should not be but is.

    The desk's lists go by holder_id alone, so such a case has to be set free before anybody finds it there.
    """
    return list((await connection.execute(_ABANDONED)).scalars())


_FORMER = select(memberships.c.person_id).where(memberships.c.removed_at.is_not(None))
_ABANDONED = select(cases.c.id).where(cases.c.holder_id.in_(_FORMER), IN_HAND, ~HOLDER_STANDS).order_by(cases.c.id)


async def set_free(connection: AsyncConnection, case_id: int, now: datetime) -> None:
    """An abandoned case, if it still is one."""
    statement = select(cases).where(cases.c.id == case_id)
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(key_share=True)
    case = (await connection.execute(statement)).one()
    if case.holder_id is not None and await is_free(connection, case_id):
        await put_into_hand(connection, [case], None, None, "", now)


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
    theirs = await memberships_of(connection, [colleague.person_id for colleague in found])
    return tuple(
        colleague
        for colleague in found
        if colleague.person_id != case.person_id
        and case.owner in sides_at(theirs.get(colleague.person_id, ()), case.territory, present)
    )

"""What the commune finds on the topics of a dossier; each is kept as it is said, so anybody can go on with it."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.engine import dialog_name
from dialogs.model import Assessed
from dialogs.rules.lifecycle import Side
from storage.database import upsert
from storage.models import assessments, cases, people

if TYPE_CHECKING:
    from storage.records import Conversation

DIALOG = "assess"
ITS_OWN = (Side.COMMUNE, Side.APPROVER)
"""Who works on the commune's part; the levels above see it once it is their turn."""


def shows_assessment(conversation: "Conversation") -> bool:
    """Whether the producer's own marks stand beside what the commune finds."""
    return bool(conversation.person.memberships) and dialog_name(conversation.state.key) == DIALOG


async def assess(connection: AsyncConnection, case_id: int, author_id: int, said: Assessed, now: datetime) -> None:
    """In place of what stood there, whoever said that."""
    values = {
        "product_set": said.product_set,
        "option": said.option,
        "remark": said.remark,
        "author_id": author_id,
        "assessed_at": now,
    }
    statement = upsert(connection, assessments).values(case_id=case_id, topic=said.topic, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["case_id", "topic"], set_=values))


async def assessment_of(connection: AsyncConnection, code: str, me: int = 0) -> tuple[Assessed, ...]:
    """All that is said on a case; `me`: whose own words bear no name."""
    return tuple(_assessed(row, me) for row in await connection.execute(_SAID, {"named": code}))


_SAID = (
    select(assessments, people.c.name)
    .join(cases, cases.c.id == assessments.c.case_id)
    .join(people, people.c.id == assessments.c.author_id)
    .where(cases.c.code == bindparam("named"))
)


def _assessed(row: Any, me: int) -> Assessed:
    by = "" if row.author_id == me else row.name
    return Assessed(row.topic, row.product_set, row.option, row.remark, by)


def assessed_by(person_id: int | BindParameter[int]) -> Any:
    """Whether this person has said something of what stands on a case of the statement."""
    return exists().where(assessments.c.case_id == cases.c.id, assessments.c.author_id == person_id)


def may_see(may: Collection[str], sides: Collection[Side]) -> bool:
    """Nobody but who decides on the case, now or in the commune before."""
    return bool(may) or any(side in sides for side in ITS_OWN)

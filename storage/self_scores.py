"""What producers think the council would mark, by case: kept apart from results, which are the council's."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.engine import dialog_name
from storage.database import upsert
from storage.models import cases, self_scores

if TYPE_CHECKING:
    from storage.records import Conversation

DIALOGS = frozenset({"self_score", "to_star", "todo", "points"})


def shows_self_score(conversation: "Conversation") -> bool:
    """Where the own marks, and what there is to do for a star, are part of the facts."""
    return dialog_name(conversation.state.key) in DIALOGS


async def keep_self_score(connection: AsyncConnection, case: Any, marks: Mapping[str, int], now: datetime) -> None:
    """All the marks of a case, in place of those before."""
    row = {"case_id": case.id, "marks": dict(marks), "marked_at": now}
    statement = upsert(connection, self_scores)
    changed = {name: statement.excluded[name] for name in ("marks", "marked_at")}
    await connection.execute(statement.on_conflict_do_update(index_elements=["case_id"], set_=changed), row)


async def self_marks_of(connection: AsyncConnection, code: str) -> Mapping[str, int]:
    """By code of the sheet; empty where the producer has not tried."""
    statement = select(self_scores.c.marks).join(cases, cases.c.id == self_scores.c.case_id).where(cases.c.code == code)
    return (await connection.execute(statement)).scalar_one_or_none() or {}

"""Cases that are deleted with everything in them: their time is over, or they were never handed in."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.council import forget_empty
from storage.models import (
    assessments,
    ballots,
    case_events,
    cases,
    confirmations,
    council_cases,
    deliveries,
    marks,
    notes,
    notices,
    papers,
    people,
    results,
    returned_items,
    self_scores,
    star_steps,
    stories,
)

_IN_A_CASE = (
    *(case_events, returned_items, marks, papers, results, notes, confirmations),
    *(self_scores, star_steps, stories, assessments, ballots, council_cases),
)


async def erase(connection: AsyncConnection, rows: Sequence[Any]) -> None:
    """Delete these cases (rows with id, code, person_id). Their files go with all that nothing refers to."""
    ids, codes = [row.id for row in rows], [row.code for row in rows]
    told = select(notices.c.id).where(notices.c.case_code.in_(codes))
    await connection.execute(delete(deliveries).where(deliveries.c.notice_id.in_(told)))
    await connection.execute(delete(notices).where(notices.c.case_code.in_(codes)))
    for table in _IN_A_CASE:
        await connection.execute(delete(table).where(table.c.case_id.in_(ids)))
    await connection.execute(delete(cases).where(cases.c.id.in_(ids)))
    await forget_empty(connection)
    for row in rows:
        fewer = update(people).where(people.c.id == row.person_id, people.c.case_count > 0)
        await connection.execute(fewer.values(case_count=people.c.case_count - 1))

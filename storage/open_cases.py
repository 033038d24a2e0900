"""Reads the cases that still have a way to go, with what their producers handed in."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.rules.lifecycle import STATUSES, Side
from storage.models import cases, papers

BATCH = 1000
"""Cases in memory at a time; a country may have a million."""
OPEN = tuple(status.name for status in STATUSES.values() if status.owner not in (Side.NOBODY, Side.CALENDAR))


@dataclass(frozen=True, slots=True)
class OpenCase:
    """`answers` of the idea; `papers`: ids of those that are there, whether sent to the commune or not."""

    code: str
    ruleset: str
    status: str
    answers: Mapping[str, str]
    papers: frozenset[str]


async def open_cases(connection: AsyncConnection) -> AsyncIterator[OpenCase]:
    """In the order they were filed."""
    last = 0
    while True:
        statement = (
            select(cases.c.id, cases.c.code, cases.c.ruleset, cases.c.status, cases.c.answers)
            .where(cases.c.id > last, cases.c.status.in_(OPEN))
            .order_by(cases.c.id)
            .limit(BATCH)
        )
        found = (await connection.execute(statement)).all()
        if not found:
            return
        last = found[-1].id
        held = select(papers.c.case_id, papers.c.paper).where(papers.c.case_id.in_([row.id for row in found]))
        kept: dict[int, set[str]] = {}
        for case_id, paper in await connection.execute(held):
            kept.setdefault(case_id, set()).add(paper)
        for row in found:
            yield OpenCase(row.code, row.ruleset, row.status, row.answers, frozenset(kept.get(row.id, ())))

"""Whom a case concerns by what the record says, whatever they say themselves."""

from collections.abc import Collection

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import assessments, cases, memberships


async def bound(
    connection: AsyncConnection, person_ids: Collection[int], case_ids: Collection[int]
) -> set[tuple[int, int]]:
    """Who is concerned by which case as the record has it, whatever they say: (person, case).

    Its producer, who filed it for them, who assessed it, and the commune's people since it was handed in.
    """
    those = cases.c.id.in_(case_ids)
    worked = or_(memberships.c.removed_at.is_(None), memberships.c.removed_at > cases.c.submitted_at)
    there = and_(memberships.c.territory == cases.c.territory, worked)
    found: set[tuple[int, int]] = set()
    for who, statement in (
        (cases.c.person_id, select(cases.c.person_id, cases.c.id)),
        (cases.c.filed_by, select(cases.c.filed_by, cases.c.id)),
        (memberships.c.person_id, select(memberships.c.person_id, cases.c.id).join(memberships, there)),
        (
            assessments.c.author_id,
            select(assessments.c.author_id, cases.c.id).join(assessments, assessments.c.case_id == cases.c.id),
        ),
    ):
        rows = await connection.execute(statement.where(those, who.in_(person_ids)))
        found |= {(person, case) for person, case in rows}
    return found

"""A case that continues another one: what is new since, and which papers it has from then, for its officers."""

from typing import Any

from sqlalchemy import FromClause, and_, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from dialogs.model import CaseFacts, Change, Former
from storage.models import cases, papers, results


def continues(later: FromClause, code: ColumnElement[str] | str) -> ColumnElement[bool]:
    """Whether a case, of `cases` or an alias of it, goes on with the one of this code.

    Few go on with any, and the index has only those: so the statement has to say that it is one of them, in words
    that are no parameter.
    """
    return and_(later.c.former == code, later.c.former != literal_column("''"))


async def former_of(connection: AsyncConnection, case: CaseFacts) -> Former | None:
    """The case before this one; None where there is none, or none any more (storage.retention)."""
    if not case.former:
        return None
    statement = (
        select(cases.c.id, cases.c.answers, results.c.stars, results.c.certificate_until)
        .outerjoin(results, (results.c.case_id == cases.c.id) & results.c.published_at.is_not(None))
        .where(cases.c.code == case.former)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    names = dict.fromkeys(name for name in (*row.answers, *case.answers) if not name.startswith("_"))
    changes = tuple(
        Change(f"answer:{name}", row.answers.get(name, ""), case.answers.get(name, ""))
        for name in names
        if row.answers.get(name, "") != case.answers.get(name, "")
    )
    carried = await _carried(connection, row.id, case.code)
    return Former(case.former, row.stars or 0, row.certificate_until, changes, carried)


async def _carried(connection: AsyncConnection, former_id: int, code: str) -> tuple[str, ...]:
    """Papers whose newest version has the very pages of one that was sent then; the product's photos are an answer."""
    old = select(papers.c.pages).where(papers.c.case_id == former_id, papers.c.sent_at.is_not(None))
    before = [_ids(pages) for pages in (await connection.execute(old)).scalars()]
    now = select(papers.c.paper, papers.c.pages).join(cases, cases.c.id == papers.c.case_id)
    rows = await connection.execute(
        now.where(cases.c.code == code, papers.c.sent_at.is_not(None)).order_by(papers.c.id)
    )
    newest = {row.paper: _ids(row.pages) for row in rows}
    return tuple(paper for paper, pages in newest.items() if paper != "product" and pages in before)


def _ids(pages: Any) -> list[str]:
    return [page[0] for page in pages]

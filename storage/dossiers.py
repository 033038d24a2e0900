"""The dossier: what the plan already brought is part of it, and who checked it is not who approves it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from dialogs.rules.ruleset import WITH_THE_PLAN
from storage.assessments import assessed_by
from storage.models import case_events, cases, files, own_papers, papers


async def take_over(connection: AsyncConnection, case_id: int, wanted: Collection[str], now: datetime) -> None:
    """The newest version that was sent with the plan, as a version of the dossier's own paper, where it has none.

    `wanted`: ids of the dossier's papers. What the plan called "plan_<id>" is the dossier's "<id>", so that nobody
    has to send a paper twice.
    """
    statement = select(papers).where(papers.c.case_id == case_id).order_by(papers.c.version)
    rows = (await connection.execute(statement)).all()
    there, sent = {row.paper for row in rows}, {row.paper: row for row in rows if row.sent_at is not None}
    with_the_plan = {name: sent.get(f"{WITH_THE_PLAN}{name}") for name in wanted if name not in there}
    new = [
        {
            "case_id": case_id,
            "paper": name,
            "version": 1,
            "pages": row.pages,
            "kept_at": row.kept_at,
            "sent_at": now,
            "valid_until": row.valid_until,
            "look_on": row.look_on,
        }
        for name, row in with_the_plan.items()
        if row is not None
    ]
    if new:
        await connection.execute(insert(papers), new)


async def carry_over(
    connection: AsyncConnection,
    former_id: int,
    case_id: int,
    brought: Sequence[tuple[str, str, int]],
    now: datetime,
) -> None:
    """Papers that are still good, as papers of a new dossier that are not sent yet.

    `brought`: the new dossier's id of each, with the former case's id of it, or the number of one's own paper.
    """
    statement = select(papers).where(papers.c.case_id == former_id, papers.c.sent_at.is_not(None))
    old = {row.paper: row for row in await connection.execute(statement.order_by(papers.c.version))}
    numbers = [own for _, _, own in brought if own]
    kept = {row.id: row for row in await connection.execute(select(own_papers).where(own_papers.c.id.in_(numbers)))}
    rows = [(name, kept.get(own) if own else old.get(former)) for name, former, own in brought]
    new = [
        {
            "case_id": case_id,
            "paper": name,
            "version": 1,
            "pages": row.pages,
            "kept_at": now,
            "valid_until": row.valid_until,
            "look_on": row.look_on,
        }
        for name, row in rows
        if row is not None
    ]
    if new:
        await connection.execute(insert(papers), new)


async def dossier_pages(
    connection: AsyncConnection, code: str, *, unsent: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Pages of the newest version of each paper, by its id, and the stored files among them.

    Of those that were sent; `unsent`: as their producer sees it, of all.
    """
    statement = select(papers).join(cases, cases.c.id == papers.c.case_id).where(cases.c.code == code)
    seen = statement if unsent else statement.where(papers.c.sent_at.is_not(None))
    pages = {row.paper: row.pages for row in await connection.execute(seen.order_by(papers.c.version))}
    ids = {page[0] for one in pages.values() for page in one}
    stored = await connection.execute(select(files).where(files.c.id.in_(ids), files.c.status == "stored"))
    return pages, {row.id: row for row in stored}


def made_by(person_id: int | BindParameter[int]) -> ColumnElement[bool]:
    """Whether this person brought a case of the statement to where it is, or stands behind a word of its assessment.

    A move that was taken back since left it where the one before had brought it, so "undo" is nobody's move.
    """
    last_mover = (
        select(case_events.c.actor_id)
        .where(
            case_events.c.case_id == cases.c.id,
            case_events.c.to_status == cases.c.status,
            case_events.c.from_status != case_events.c.to_status,
            case_events.c.action != "undo",
        )
        .order_by(case_events.c.id.desc())
        .limit(1)
        .correlate(cases)
        .scalar_subquery()
    )
    return or_(last_mover == person_id, assessed_by(person_id))


async def is_maker(connection: AsyncConnection, code: str, person_id: int) -> bool:
    """As `made_by`, of one case."""
    return bool((await connection.execute(_MAKER, {"named": code, "person": person_id})).scalar())


_MAKER = select(made_by(bindparam("person"))).where(cases.c.code == bindparam("named"))

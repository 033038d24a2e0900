"""What the machine notices about a case, for its officer; nothing here decides anything."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from rapidfuzz import fuzz
from sqlalchemy import BindParameter, Date, bindparam, case, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.model import CaseFacts, FileStatus, Finding
from dialogs.producer.upload import not_handed_in
from dialogs.rules.certificate import first_look
from dialogs.rules.lifecycle import AUTHORITIES, STATUSES, Side, waits_for_authority
from storage.models import cases, files, papers

SOON_DAYS = 30
"""A paper that runs out within these days is spoken of; a dossier takes about as long to reach the province."""
CLOSE = 90
"""rapidfuzz ratio (0-100) of two names without diacritics from which they count as the same.

"mat ong bac ha" and "mat ong bacha" have 96, "chuoi say" and "chuoi say deo" 82.
"""
_NAMES_LOOKED_AT = 1000
"""Of the open cases of a commune the newest ones; the busiest commune has far fewer in one cycle."""
_FILES_LOOKED_AT = 50
_MOST_NAMED = 3
_LOOKS = ("blurred", "dark", "tiny")
_IN_WORK = (*AUTHORITIES, Side.PRODUCER)
PLAN_STEP = 3
"""Step of the cycle from which papers are due."""

Row = Any


async def findings_of(
    connection: AsyncConnection, case: CaseFacts, may_see: Callable[[str], bool], today: date
) -> tuple[Finding, ...]:
    """Everything noticed, in the order an officer reads it. `may_see`: whether this officer sees a territory."""
    row = (await connection.execute(_CASE, {"named": case.code})).one_or_none()
    if row is None:
        return ()
    sent = await _sent_papers(connection, row.id)
    known = await _files(connection, sent)
    return (
        *_missing(case),
        *_bad_pages(sent, known),
        *_dates(sent, today),
        *await _same_name(connection, row),
        *await _same_file(connection, row, sent, known, may_see),
    )


_CASE = select(cases.c.id, cases.c.person_id, cases.c.territory, cases.c.product_folded).where(
    cases.c.code == bindparam("named")
)


async def _sent_papers(connection: AsyncConnection, case_id: int) -> list[Row]:
    """The newest version of each paper that was handed in."""
    found = await connection.execute(_SENT, {"of_case": case_id})
    return list({row.paper: row for row in found}.values())


_SENT = (
    select(papers)
    .where(papers.c.case_id == bindparam("of_case"), papers.c.sent_at.is_not(None))
    .order_by(papers.c.version)
)


async def _files(connection: AsyncConnection, sent: Sequence[Row]) -> dict[str, Row]:
    ids = {page[0] for row in sent for page in row.pages}
    if not ids:
        return {}
    return {row.id: row for row in await connection.execute(_STORED, {"ids": list(ids)})}


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_STORED = select(files.c.id, files.c.sha256, files.c.pages, files.c.findings).where(
    files.c.id.in_(_IDS), files.c.status == FileStatus.STORED
)


# ---------------------------------------------------------------- the case by itself


def _missing(case: CaseFacts) -> list[Finding]:
    """Required papers of the stage that were not handed in, once an office has to look at them."""
    if STATUSES[case.status].step < PLAN_STEP or not waits_for_authority(case.status):
        return []
    return [Finding("missing", f"paper:{p.id}") for p in not_handed_in(case)]


def _bad_pages(sent: Sequence[Row], known: Mapping[str, Row]) -> list[Finding]:
    return [
        Finding(kind, f"paper:{row.paper}", ", ".join(map(str, numbers)))
        for row in sent
        for kind in _LOOKS
        if (numbers := _numbers(row, known, kind))
    ]


def _numbers(row: Row, known: Mapping[str, Row], kind: str) -> list[int]:
    """Page numbers as the paper's PDF has them: a file of three pages counts three."""
    found, number = [], 1
    for page in row.pages:
        file = known.get(page[0])
        if file is None:
            continue
        if kind in file.findings.split(","):
            found.append(number)
        number += max(1, file.pages)
    return found


def _dates(sent: Sequence[Row], today: date) -> list[Finding]:
    soon = today + timedelta(days=SOON_DAYS)
    return [
        Finding("past_date" if row.valid_until < today else "ends_soon", f"paper:{row.paper}", f"{row.valid_until}")
        for row in sent
        if row.valid_until is not None and row.valid_until <= soon
    ]


# ---------------------------------------------------------------- the case among others


async def _same_name(connection: AsyncConnection, row: Row) -> list[Finding]:
    """Other open cases of the commune whose product has this name, or one that is spelt almost like it."""
    found = await connection.execute(_OTHERS, {"place": row.territory, "but": row.id})
    alike = [other.code for other in found if _alike(row.product_folded, other.product_folded)]
    return [Finding("same_name", "answer:product", code) for code in alike[:_MOST_NAMED]]


_OTHERS = (
    select(cases.c.code, cases.c.product_folded)
    .where(
        cases.c.territory == bindparam("place"),
        cases.c.owner.in_(_IN_WORK),
        cases.c.id != bindparam("but"),
    )
    .order_by(cases.c.id.desc())
    .limit(_NAMES_LOOKED_AT)
)


def _alike(name: str, other: str) -> bool:
    return bool(name) and fuzz.ratio(name, other, score_cutoff=CLOSE) > 0


async def _same_file(
    connection: AsyncConnection,
    row: Row,
    sent: Sequence[Row],
    known: Mapping[str, Row],
    may_see: Callable[[str], bool],
) -> list[Finding]:
    """Papers with a file that another producer's case has too; that case's code only where the officer may see it."""
    twins = await _twins(connection, row.person_id, {file.sha256 for file in known.values() if file.sha256})
    if not twins:
        return []
    theirs = await _cases_with(connection, twins)
    found: dict[Finding, None] = {}
    for paper in sent:
        bytes_of = {known[page[0]].sha256 for page in paper.pages if page[0] in known}
        for other in (other for sha256 in bytes_of for other in theirs.get(sha256, ())):
            found[Finding("same_file", f"paper:{paper.paper}", other.code if may_see(other.territory) else "")] = None
    return list(found)[:_MOST_NAMED]


async def _twins(connection: AsyncConnection, person_id: int, bytes_of: Collection[str]) -> dict[str, Row]:
    """Files of other people with these bytes, by id."""
    if not bytes_of:
        return {}
    which = (files.c.sha256.in_(bytes_of), files.c.person_id != person_id, files.c.status == FileStatus.STORED)
    statement = select(files.c.id, files.c.sha256, files.c.person_id).where(*which).limit(_FILES_LOOKED_AT)
    return {row.id: row for row in await connection.execute(statement)}


async def _cases_with(connection: AsyncConnection, twins: Mapping[str, Row]) -> dict[str, list[Row]]:
    """Cases in which such a file was handed in, by the file's SHA-256; newest first."""
    owners = {file.person_id for file in twins.values()}
    statement = (
        select(cases.c.code, cases.c.territory, papers.c.pages)
        .join(papers, papers.c.case_id == cases.c.id)
        .where(cases.c.person_id.in_(owners), papers.c.sent_at.is_not(None))
        .order_by(cases.c.id.desc())
    )
    found: dict[str, list[Row]] = {}
    for row in await connection.execute(statement.limit(_NAMES_LOOKED_AT)):
        for sha256 in {twins[page[0]].sha256 for page in row.pages if page[0] in twins}:
            found.setdefault(sha256, []).append(row)
    return found


# ---------------------------------------------------------------- a paper's own date


async def set_paper_date(connection: AsyncConnection, case_id: int, paper: str, day: date) -> bool:
    """Note the last day of a paper's newest version that was handed in; False where there is none.

    Of the day that stands there already nobody is told anew.
    """
    newest = (
        select(papers.c.id)
        .where(papers.c.case_id == case_id, papers.c.paper == paper, papers.c.sent_at.is_not(None))
        .order_by(papers.c.version.desc())
        .limit(1)
    )
    look_on = case((papers.c.valid_until == day, papers.c.look_on), else_=literal(first_look(day), Date))
    changed = await connection.execute(
        update(papers).where(papers.c.id == newest.scalar_subquery()).values(valid_until=day, look_on=look_on)
    )
    return changed.rowcount == 1

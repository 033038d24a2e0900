"""The files behind the pages of papers, and of unfinished answers."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BindParameter, bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from dialogs.engine import unfinished
from dialogs.model import Draft, FileFacts, FileStatus
from storage.models import files, papers

LISTENED_TO = ("voice", "ogg", "mp3", "m4a", "aac", "amr", "awb", "wav", "webm")
"""Kinds of files that are listened to; `voice` until one has been looked at."""
HERE = (FileStatus.STORED, FileStatus.PENDING)
"""Files that are a page of a paper; one that was refused or lost is none."""


async def lengths_of(connection: AsyncConnection, rows: Iterable[Any]) -> dict[str, int]:
    """Pages of each file of these papers that is here; one where it is not known (a photo, a Word file).

    What is listened to has none.
    """
    ids = {page[0] for row in rows for page in row.pages}
    if not ids:
        return {}
    found = await connection.execute(_LENGTHS, {"ids": list(ids)})
    return {row.id: 0 if row.kind in LISTENED_TO else max(1, row.pages) for row in found}


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_LENGTHS = select(files.c.id, files.c.pages, files.c.kind).where(files.c.id.in_(_IDS), files.c.status.in_(HERE))


def file_facts(row: Any) -> FileFacts:
    return FileFacts(
        row.id,
        FileStatus(row.status),
        row.kind,
        row.name,
        row.pages,
        tuple(f for f in row.findings.split(",") if f),
        tried=row.attempts > 0,
    )


def files_in_hand(drafts: Iterable[Draft]) -> tuple[str, ...]:
    """Ids of the files that unfinished answers hold ("<doing>|<id>:<rotation>,…"; "?…" is a choice, not files)."""
    partials = (partial for draft in drafts for partial in (unfinished(draft.partial), *draft.shelved.values()))
    partials = (partial.rpartition("|")[2] for partial in partials if not partial.startswith("?"))
    return tuple(part.partition(":")[0] for partial in partials for part in partial.split(",") if part)


def newest(*, handed_in: bool = False) -> ColumnElement[bool]:
    """Whether a row of papers is the last version of its paper; `handed_in`: of those that were sent."""
    newer = papers.alias("newer")
    beaten = exists().where(
        newer.c.case_id == papers.c.case_id, newer.c.paper == papers.c.paper, newer.c.version > papers.c.version
    )
    if handed_in:
        return papers.c.sent_at.is_not(None) & ~beaten.where(newer.c.sent_at.is_not(None))
    return ~beaten

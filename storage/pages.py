"""The files behind the pages of papers."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.model import FileStatus
from storage.models import files

HERE = (FileStatus.STORED, FileStatus.PENDING)
"""Files that are a page of a paper; one that was refused or lost is none."""


async def lengths_of(connection: AsyncConnection, papers: Iterable[Any]) -> dict[str, int]:
    """Pages of each file of these papers (rows) that is here; one where it is not known (a photo, a Word file)."""
    ids = {page[0] for row in papers for page in row.pages}
    if not ids:
        return {}
    which = (files.c.id.in_(ids), files.c.status.in_(HERE))
    found = await connection.execute(select(files.c.id, files.c.pages).where(*which))
    return {row.id: max(1, row.pages) for row in found}

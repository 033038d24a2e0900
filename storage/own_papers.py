"""Papers with a last day that a producer keeps here, beside those in the cases; no officer sees them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.engine import dialog_name
from dialogs.model import OwnPaper
from dialogs.rules.certificate import moments, next_look
from storage.models import own_papers

if TYPE_CHECKING:
    from storage.records import Conversation

MOST = 20
"""Far more than a producer has that end; what is over is shown until it is taken out."""
_DIALOGS = {"wallet", "own_paper", "drop_paper", "again", "renew", "upload", "needs"}


def shows_own_papers(conversation: "Conversation") -> bool:
    return dialog_name(conversation.state.key) in _DIALOGS


async def own_papers_of(connection: AsyncConnection, person_id: int) -> tuple[OwnPaper, ...]:
    """The one that ends first at the top."""
    statement = select(own_papers).where(own_papers.c.person_id == person_id)
    rows = await connection.execute(statement.order_by(own_papers.c.valid_until, own_papers.c.id))
    return tuple(OwnPaper(row.id, row.paper, row.valid_until, len(row.pages)) for row in rows)


async def keep(
    connection: AsyncConnection,
    person_id: int,
    paper: str,
    pages: Sequence[Any],
    until: date,
    now: datetime,
    today: date,
) -> bool:
    """What was due before today is not said to who has just written the day; False where there are too many."""
    if len(await own_papers_of(connection, person_id)) >= MOST:
        return False
    row = {"person_id": person_id, "paper": paper, "pages": [list(page) for page in pages], "valid_until": until}
    row |= {"look_on": next_look(moments(until), today), "kept_at": now}
    await connection.execute(insert(own_papers).values(row))
    return True


async def row_of(connection: AsyncConnection, person_id: int, number: int) -> Any:
    """None for one that is not theirs, or was taken out."""
    which = (own_papers.c.id == number, own_papers.c.person_id == person_id)
    return (await connection.execute(select(own_papers).where(*which))).one_or_none()


async def drop(connection: AsyncConnection, person_id: int, number: int) -> bool:
    """Its photos are erased with all that nothing refers to (storage.retention)."""
    which = (own_papers.c.id == number, own_papers.c.person_id == person_id)
    return (await connection.execute(delete(own_papers).where(*which))).rowcount == 1

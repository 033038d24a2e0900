"""Products' stories in their producers' words, by case; the file that is their paper is made of them by a worker."""

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, delete, exists, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.engine import dialog_name
from dialogs.model import Story
from storage.database import upsert
from storage.models import cases, files, papers, stories

if TYPE_CHECKING:
    from storage.records import Conversation

DIALOG = "story"
MADE = "made:story:"
"""Begins the source of a file that is made from what is kept here; the code of its case follows."""
PAPERS = ("story", "plan_story")


def shows_story(conversation: "Conversation") -> bool:
    return dialog_name(conversation.state.key) == DIALOG


async def keep_story(connection: AsyncConnection, case_id: int, story: Story, now: datetime) -> None:
    """In place of what was told before."""
    voices = {part: list(ids) for part, ids in story.voices.items()}
    row = {"case_id": case_id, "told": dict(story.told), "voices": voices, "told_at": now}
    statement = upsert(connection, stories)
    changed = {name: statement.excluded[name] for name in ("told", "voices", "told_at")}
    await connection.execute(statement.on_conflict_do_update(index_elements=["case_id"], set_=changed), row)


async def story_of(connection: AsyncConnection, code: str) -> Story | None:
    """None where nothing was told."""
    statement = select(stories).join(cases, cases.c.id == stories.c.case_id).where(cases.c.code == code)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Story(row.told, {part: tuple(ids) for part, ids in row.voices.items()})


async def to_be_made(connection: AsyncConnection, conversation: "Conversation", case: Any, now: datetime) -> str:
    """The id of a file of the producer's that a worker makes of the story."""
    row = {
        "id": secrets.token_hex(12),
        "person_id": case.person_id,
        "conversation_id": conversation.id,
        "channel": conversation.channel,
        "source": f"{MADE}{case.code}",
        "name": f"{case.code}-cau-chuyen.pdf",
        "due_at": now,
        "received_at": now,
    }
    await connection.execute(insert(files), row)
    return str(row["id"])


async def forget_unsent(connection: AsyncConnection, case_ids: Select[tuple[int]]) -> None:
    """What was told of these cases and never handed to an office, told anew as well; what was handed in stays."""
    theirs = exists().where(papers.c.case_id == stories.c.case_id, papers.c.paper.in_(PAPERS))
    sent, unsent = theirs.where(papers.c.sent_at.is_not(None)), theirs.where(papers.c.sent_at.is_(None))
    await connection.execute(delete(stories).where(stories.c.case_id.in_(case_ids), or_(~sent, unsent)))

"""What an officer's list shows: cases they can act on, most urgent first, and how many there are of each kind."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.engine import dialog_name
from dialogs.model import DeskFacts, DeskLine
from dialogs.rules.lifecycle import AUTHORITIES
from storage.models import cases, people

if TYPE_CHECKING:
    from storage.records import Conversation

SHOW_DESK = {"desk", "joined", "note", "office_hours"}
"""Dialogs that show an officer's desk, or end at it; for the others it is not read."""
PAGE = 7


def shows_desk(conversation: "Conversation") -> bool:
    return bool(conversation.person.memberships) and dialog_name(conversation.state.key) in SHOW_DESK


async def desk_facts(
    connection: AsyncConnection, conversation: "Conversation", now: datetime, days_off: frozenset[date]
) -> DeskFacts:
    inside = or_(*(cases.c.territory.startswith(m.territory) for m in conversation.person.memberships))
    which = (inside, cases.c.owner.in_(AUTHORITIES), cases.c.person_id != conversation.person_id)
    count = (await connection.execute(select(func.count()).select_from(cases).where(*which))).scalar_one()
    statement = select(cases, people.c.name).join(people, people.c.id == cases.c.person_id).where(*which)
    rows = await connection.execute(statement.order_by(cases.c.urgent_on, cases.c.id).limit(PAGE))
    lines = tuple(_line(row) for row in rows)
    return DeskFacts({"act": count}, lines, count)


def _line(row: Any) -> DeskLine:
    return DeskLine(row.code, row.product, row.answers.get("producer_name") or row.name, row.status)

"""Checked dossiers that a leader may send up, several at once before a round's last day."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.engine import dialog_name
from dialogs.model import Ready
from dialogs.rules.lifecycle import Side, owned_by
from dialogs.rules.rounds import Round
from storage.dossiers import made_by
from storage.holding import holder_name
from storage.models import cases, people
from storage.rights import present_at, sides_at, within
from storage.rounds import rounds_of
from storage.staff import HOLDER_STANDS

if TYPE_CHECKING:
    from storage.records import Conversation

DIALOG = "send_up"
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
MOST = 20
"""In one go: as many as a person looks through in a list; the rest come with the next."""


def shows_ready(conversation: "Conversation") -> bool:
    return bool(conversation.person.memberships) and dialog_name(conversation.state.key) == DIALOG


async def ready_for(connection: AsyncConnection, conversation: "Conversation", now: datetime) -> tuple[Ready, ...]:
    """Of all communes for which this person signs, but not their own: what they can send up first, most urgent first.

    What another has to do comes after that, so that it never takes the places of what can go.
    """
    me = conversation.person_id
    waiting = (cases.c.status.in_(owned_by(Side.APPROVER)), cases.c.person_id != me)
    signed = await _signed_by(connection, conversation, waiting)
    held = and_(cases.c.holder_id.not_in([me, *conversation.covers]), HOLDER_STANDS)
    hurdle = case((held, "held"), (made_by(me), "mine"), else_="").label("hurdle")
    statement = (
        select(cases, people.c.name.label("holder"), hurdle)
        .outerjoin(people, people.c.id == cases.c.holder_id)
        .where(*waiting, cases.c.territory.in_(signed))
        .order_by(hurdle, cases.c.urgent_on, cases.c.id)
        .limit(MOST)
    )
    rows = (await connection.execute(statement)).all()
    ups = await rounds_of(connection, rows, now.astimezone(VIETNAM).date())
    return tuple(_ready(row, ups.get(row.id)) for row in rows)


async def _signed_by(connection: AsyncConnection, conversation: "Conversation", waiting: Any) -> list[str]:
    """The communes in which something waits that this person signs."""
    members = conversation.person.memberships
    mine = within(cases.c.territory, members)
    territories = (await connection.execute(select(cases.c.territory).where(*waiting, mine).distinct())).scalars()
    found = list(territories)
    present = await present_at(connection, {*found, *(one.partition("/")[0] for one in found)})
    return [one for one in found if Side.APPROVER in sides_at(members, one, present)]


def _ready(row: Any, up: Round | None) -> Ready:
    name = holder_name(row) if row.hurdle == "held" else ""
    return Ready(row.code, row.product, row.answers.get("producer_name", ""), row.hurdle, name, up)

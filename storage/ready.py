"""Checked dossiers that a leader may send up, several at once before a round's last day."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.engine import dialog_name
from dialogs.model import Ready
from dialogs.rules.lifecycle import Side, owned_by
from dialogs.rules.rounds import Round
from storage.dossiers import is_maker
from storage.holding import holder_of
from storage.models import cases
from storage.rights import present_at, sides_at, within
from storage.rounds import rounds_of

if TYPE_CHECKING:
    from storage.records import Conversation

DIALOG = "send_up"
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
MOST = 20
"""In one go: as many as a person looks through in a list; the rest come with the next."""


def shows_ready(conversation: "Conversation") -> bool:
    return bool(conversation.person.memberships) and dialog_name(conversation.state.key) == DIALOG


async def ready_for(connection: AsyncConnection, conversation: "Conversation", now: datetime) -> tuple[Ready, ...]:
    """Most urgent first, of all communes for which this person signs; their own are somebody else's."""
    waiting = (cases.c.status.in_(owned_by(Side.APPROVER)), cases.c.person_id != conversation.person_id)
    signed = await _signed_by(connection, conversation, waiting)
    statement = select(cases).where(*waiting, cases.c.territory.in_(signed))
    rows = (await connection.execute(statement.order_by(cases.c.urgent_on, cases.c.id).limit(MOST))).all()
    ups = await rounds_of(connection, rows, now.astimezone(VIETNAM).date())
    return tuple([await _ready(connection, row, conversation, ups.get(row.id)) for row in rows])


async def _signed_by(connection: AsyncConnection, conversation: "Conversation", waiting: Any) -> list[str]:
    """The communes in which something waits that this person signs."""
    members = conversation.person.memberships
    mine = within(cases.c.territory, members)
    territories = (await connection.execute(select(cases.c.territory).where(*waiting, mine).distinct())).scalars()
    found = list(territories)
    present = await present_at(connection, {*found, *(one.partition("/")[0] for one in found)})
    return [one for one in found if Side.APPROVER in sides_at(members, one, present)]


async def _ready(connection: AsyncConnection, row: Any, conversation: "Conversation", up: Round | None) -> Ready:
    me = conversation.person_id
    holder_id, name = await holder_of(connection, row.code)
    held = holder_id is not None and holder_id not in {me, *conversation.covers}
    hurdle = "held" if held else "mine" if await is_maker(connection, row.code, me) else ""
    return Ready(row.code, row.product, row.answers.get("producer_name", ""), hurdle, name if held else "", up)

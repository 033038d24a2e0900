"""Whose the certificates of a province's lists are: makers without a chat, found by a number that is vouched for."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.engine import dialog_name
from dialogs.matching import fold
from dialogs.model import ListedMaker
from storage.models import cases, conversations, people, results

if TYPE_CHECKING:
    from storage.records import Conversation

FINDS = "find_certificate"


def number_in_hand(conversation: "Conversation") -> str:
    """The number with which this person looks for certificates just now; "" where they do not."""
    state = conversation.state
    draft = state.drafts.get(state.key) if dialog_name(state.key) == FINDS else None
    return draft.answers.get("phone", "") if draft is not None else ""


async def listed_makers(connection: AsyncConnection, commune: str, phone: str) -> tuple[ListedMaker, ...]:
    """Makers of a commune who were only ever in a list, with this number, and what they have a certificate for.

    In a village several share a number, and lists carry an agent's or a cooperative's for many: so there may be some.
    """
    found: dict[str, ListedMaker] = {}
    for row in await _listed(connection, commune, phone):
        which = (cases.c.person_id == row.id, results.c.case_id == cases.c.id, results.c.import_key.is_not(None))
        named = await connection.execute(select(cases.c.product).where(*which).order_by(cases.c.id))
        products = tuple(named.scalars())
        maker = found.get(fold(row.producer_name)) or ListedMaker(row.id, row.producer_name, ())
        found[fold(row.producer_name)] = replace(maker, products=maker.products + products)
    return tuple(found.values())


async def people_of(connection: AsyncConnection, commune: str, phone: str, maker: int) -> list[int]:
    """The people, locked, who are this maker (ListedMaker.id); none where anybody else there has the number too."""
    rows = await _listed(connection, commune, phone, lock=True)
    one = len({fold(row.producer_name) for row in rows}) == 1
    ids = [row.id for row in rows]
    return ids if one and maker in ids else []


async def _listed(connection: AsyncConnection, commune: str, phone: str, *, lock: bool = False) -> list[Any]:
    chats = exists().where(conversations.c.person_id == people.c.id)
    imported = exists().where(
        cases.c.person_id == people.c.id, results.c.case_id == cases.c.id, results.c.import_key.is_not(None)
    )
    columns = (people.c.id, people.c.phone, people.c.producer_name)
    statement = select(*columns).where(people.c.commune == commune, imported, ~chats).order_by(people.c.id)
    if lock and connection.dialect.name == "postgresql":
        statement = statement.with_for_update(key_share=True, of=people)
    return [row for row in await connection.execute(statement) if row.phone == phone]

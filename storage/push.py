"""Browsers that want to be told while the chat's page is closed (Web Push), and the key that signs what goes there."""

import hashlib
import secrets as random
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.database import writing
from storage.models import conversations, people, push_subscriptions, settings
from storage.reach import BLOCKED, OPEN, add_address
from storage.records import upsert
from storage.secrets import Vault, exclusive, read, save

CHANNEL = "push"
KEY_NAME = "vapid"
MOST_BROWSERS = 5
"""Of one person: whoever has opened the page in more is told in those used last."""


async def subscribe(
    connection: AsyncConnection, web_chat: str, endpoint: str, p256dh: str, auth: str, now: datetime
) -> None:
    """Tell whoever writes in this web chat through this browser, too; the same one again renews its keys.

    A browser that somebody else was told through is theirs no more. Raises LookupError without such a chat.
    """
    chat = (await connection.execute(_OWNER, {"chat": web_chat})).one_or_none()
    if chat is None:
        raise LookupError("no such chat")
    await connection.execute(select(people.c.id).where(people.c.id == chat.person_id).with_for_update())
    found = (await connection.execute(_KNOWN.where(_is(endpoint)))).one_or_none()
    if found is not None and found.person_id != chat.person_id:
        await _drop(connection, found.id)
        found = None
    chat_id = found.chat_id if found is not None else random.token_hex(16)
    conversation_id = await add_address(connection, chat.person_id, CHANNEL, chat_id, chat.locale, now)
    keys = {"p256dh": p256dh, "auth": auth, "kept_at": now}
    row = {"conversation_id": conversation_id, "endpoint": endpoint, "endpoint_sha256": _digest(endpoint), **keys}
    statement = upsert(connection, push_subscriptions).values(row)
    await connection.execute(statement.on_conflict_do_update(index_elements=["conversation_id"], set_=keys))
    await _keep_newest(connection, chat.person_id)


async def unsubscribe(connection: AsyncConnection, web_chat: str, endpoint: str) -> None:
    """Nothing more through this browser, if it is this chat's person's."""
    chat = (await connection.execute(_OWNER, {"chat": web_chat})).one_or_none()
    found = (await connection.execute(_KNOWN.where(_is(endpoint)))).one_or_none()
    if chat is not None and found is not None and found.person_id == chat.person_id:
        await _drop(connection, found.id)


async def subscription_of(connection: AsyncConnection, chat_id: str) -> Any:
    """Row (endpoint, p256dh, auth, locale) of a browser that may be told; None once it was switched off."""
    columns = (push_subscriptions.c.endpoint, push_subscriptions.c.p256dh, push_subscriptions.c.auth)
    which = (conversations.c.channel == CHANNEL, conversations.c.chat_id == chat_id, conversations.c.status == OPEN)
    statement = select(*columns, conversations.c.locale).join_from(push_subscriptions, conversations).where(*which)
    return (await connection.execute(statement)).one_or_none()


_OWNER = select(conversations.c.person_id, conversations.c.locale).where(
    conversations.c.channel == "web", conversations.c.chat_id == bindparam("chat")
)
_KNOWN = select(conversations.c.id, conversations.c.person_id, conversations.c.chat_id).join_from(
    push_subscriptions, conversations
)


def _digest(endpoint: str) -> str:
    return hashlib.sha256(endpoint.encode()).hexdigest()


def _is(endpoint: str) -> ColumnElement[bool]:
    return push_subscriptions.c.endpoint_sha256 == _digest(endpoint)


async def _keep_newest(connection: AsyncConnection, person_id: int) -> None:
    newest_first = _KNOWN.where(conversations.c.person_id == person_id).order_by(push_subscriptions.c.kept_at.desc())
    for row in (await connection.execute(newest_first.offset(MOST_BROWSERS))).all():
        await _drop(connection, row.id)


async def _drop(connection: AsyncConnection, conversation_id: int) -> None:
    """The conversation stays, for the ledger; what is still on its way there finds nobody."""
    which = push_subscriptions.c.conversation_id == conversation_id
    await connection.execute(delete(push_subscriptions).where(which))
    blocked = update(conversations).where(conversations.c.id == conversation_id).values(status=BLOCKED)
    await connection.execute(blocked)


# ---------------------------------------------------------------- the key


async def own_key(engine: AsyncEngine, vault: Vault | None, made: Callable[[], str], now: datetime) -> str:
    """The private key of this installation, `made` at its first start; encrypted where there is a key for that.

    One from the time before ENCRYPTION_KEY was set goes on: browsers that subscribed with it take no other.
    Raises WrongKey.
    """
    if vault is None:
        async with writing(engine) as connection:
            row = {"name": KEY_NAME, "value": made()}
            await connection.execute(upsert(connection, settings).values(row).on_conflict_do_nothing())
            return str(await connection.scalar(_OPENLY))
    async with exclusive(engine, KEY_NAME), writing(engine) as connection:
        kept = await read(connection, vault, KEY_NAME)
        if kept is None:
            kept = await connection.scalar(_OPENLY) or made()
            await save(connection, vault, KEY_NAME, kept, now)
            await connection.execute(delete(settings).where(settings.c.name == KEY_NAME))
        return kept


_OPENLY = select(settings.c.value).where(settings.c.name == KEY_NAME)

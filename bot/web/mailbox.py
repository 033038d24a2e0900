"""The web chat's mailbox: what the page shows, kept in the database so that a reload loses nothing."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Outgoing
from bot.world import World
from storage.database import reading
from storage.files import FileStore
from storage.models import conversations, people, web_messages
from storage.records import upsert

HISTORY = 100
"""Messages a page gets when it opens."""
LOOK_EVERY_S = 0.7
"""How often a waiting page's request looks for what another process delivered."""


class Mailbox:
    def __init__(self, engine: AsyncEngine, store: FileStore, world: World) -> None:
        self._engine, self._store, self._world = engine, store, world
        self._delivered: dict[str, asyncio.Event] = {}
        self._closing = False

    def close(self) -> None:
        """Answer every waiting page at once; it asks again when the server is back."""
        self._closing = True
        for event in self._delivered.values():
            event.set()

    # from the bot

    async def deliver(self, chat_id: str, message: Outgoing) -> None:
        """Put a message of the bot into a chat; the same one twice is one."""
        attachments = [
            {"sha256": await self._store.put(a.data), "name": a.name, "media_type": a.media_type}
            for a in message.attachments
        ]
        body = {
            "text": message.text,
            "buttons": [{"data": b.data, "label": b.label} for b in message.buttons],
            "attachments": attachments,
            "ask_contact": message.ask_contact,
            "ask_location": message.ask_location,
        }
        await self._put(chat_id, f"b{message.key}", body, mine=False)

    # from the page

    async def keep_upload(self, data: bytes) -> str:
        """Keep the bytes of an upload; returns their SHA-256."""
        return await self._store.put(data)

    async def echo(self, chat_id: str, key: str, text: str, attachment: Mapping[str, str] | None = None) -> None:
        """The person's own message, as every window of this chat shows it.

        Before there is consent its words are not kept: the page that wrote them shows them itself.
        """
        kept = text if await self._consented(chat_id) else ""
        body = {"text": kept, "attachments": [dict(attachment)] if attachment else []}
        await self._put(chat_id, key, body, mine=True)

    async def _consented(self, chat_id: str) -> bool:
        statement = (
            select(people.c.consent, people.c.officer)
            .join(conversations)
            .where(conversations.c.channel == "web", conversations.c.chat_id == chat_id)
        )
        async with reading(self._engine) as connection:
            row = (await connection.execute(statement)).one_or_none()
        return row is not None and (row.consent == "yes" or bool(row.officer))

    async def _put(self, chat_id: str, key: str, body: dict[str, Any], *, mine: bool) -> None:
        row = {"chat_id": chat_id, "key": key, "mine": mine, "body": body, "created_at": self._world.clock()}
        async with self._engine.begin() as connection:
            await connection.execute(upsert(connection, web_messages).values(row).on_conflict_do_nothing())
        if event := self._delivered.get(chat_id):
            event.set()

    async def messages(self, chat_id: str, after: int, wait_s: float) -> list[dict[str, Any]]:
        """Messages after an id, oldest first; waits up to `wait_s` for the first of them."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        event = self._delivered.setdefault(chat_id, asyncio.Event())
        while True:
            event.clear()
            found = await self._since(chat_id, after)
            left = 0.0 if self._closing else deadline - loop.time()
            if found or left <= 0:
                if not found and not event.is_set():
                    self._delivered.pop(chat_id, None)
                return found
            try:
                async with asyncio.timeout(min(left, LOOK_EVERY_S)):
                    await event.wait()
            except TimeoutError:
                continue

    async def _since(self, chat_id: str, after: int) -> list[dict[str, Any]]:
        newest = (
            select(web_messages)
            .where(web_messages.c.chat_id == chat_id, web_messages.c.id > after)
            .order_by(web_messages.c.id.desc())
            .limit(HISTORY)
        )
        async with reading(self._engine) as connection:
            rows = (await connection.execute(newest)).all()
        return [_shown(row.id, row.key, row.mine, row.body, row.created_at) for row in reversed(rows)]

    async def attachment(self, chat_id: str, message_id: int, index: int) -> tuple[bytes, str, str] | None:
        """Bytes, name and media type of a file of one of this chat's own messages; None when there is none."""
        statement = select(web_messages.c.body).where(
            web_messages.c.chat_id == chat_id, web_messages.c.id == message_id
        )
        async with reading(self._engine) as connection:
            body = (await connection.execute(statement)).scalar_one_or_none()
        files = (body or {}).get("attachments", [])
        if not 0 <= index < len(files):
            return None
        file = files[index]
        return await self._store.get(file["sha256"]), file["name"], file["media_type"]

    async def is_new(self, chat_id: str) -> bool:
        statement = select(web_messages.c.id).where(web_messages.c.chat_id == chat_id).limit(1)
        async with reading(self._engine) as connection:
            return (await connection.execute(statement)).first() is None

    async def locale(self, chat_id: str) -> str:
        statement = select(conversations.c.locale).where(
            conversations.c.channel == "web", conversations.c.chat_id == chat_id
        )
        async with reading(self._engine) as connection:
            return (await connection.execute(statement)).scalar_one_or_none() or "vi"


def _shown(message_id: int, key: str, mine: bool, body: dict[str, Any], at: datetime) -> dict[str, Any]:
    """A message as the page gets it."""
    files = [
        {"url": f"chat/file/{message_id}/{n}", "name": f["name"], "media_type": f["media_type"]}
        for n, f in enumerate(body.get("attachments", []))
    ]
    return {
        "id": message_id,
        "mine": mine,
        "key": key if mine else None,
        "text": body["text"],
        "at": at.isoformat(),
        "buttons": body.get("buttons", []),
        "attachments": files,
        "ask_contact": body.get("ask_contact", ""),
        "ask_location": body.get("ask_location", ""),
    }

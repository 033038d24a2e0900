"""The web chat's mailbox: what the page shows, kept in the database so that a reload loses nothing."""

import asyncio
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Outgoing
from bot.world import World
from storage import notices
from storage.database import reading, writing
from storage.files import FileStore
from storage.models import conversations, files, people, web_messages
from storage.people import still_used
from storage.records import upsert

HISTORY = 100
"""Messages a page gets when it opens."""
LOOK_EVERY_S = 0.7
"""How often a waiting page's request looks for what another process delivered; SQLite has no other process."""
REMEMBERED = 10_000
"""Chats of which it is known how far they were read; asking once more costs one look."""
WAITING_PER_CHAT = 8
"""Windows of one chat that may wait at the same time; more are answered at once."""


class Mailbox:
    def __init__(self, engine: AsyncEngine, store: FileStore, world: World) -> None:
        self._engine, self._store, self._world = engine, store, world
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._seen: dict[str, int] = {}
        self._look_every_s = math.inf if engine.dialect.name == "sqlite" else LOOK_EVERY_S
        self._closing = False

    def close(self) -> None:
        """Answer every waiting page at once; it asks again when the server is back."""
        self._closing = True
        for chat_id in self._waiting:
            self._wake(chat_id)

    def _wake(self, chat_id: str) -> None:
        for event in self._waiting.get(chat_id, ()):
            event.set()

    # from the bot

    async def deliver(self, chat_id: str, message: Outgoing) -> int:
        """Put a message of the bot into a chat; the same one twice is one. Returns its id."""
        attachments = [
            {"sha256": await self._store.put(a.data), "name": a.name, "media_type": a.media_type, "show": a.show}
            for a in message.attachments
        ]
        body = {
            "text": message.text,
            "buttons": [{"data": b.data, "label": b.label} for b in message.buttons],
            "attachments": attachments,
            "ask_contact": message.ask_contact,
            "ask_location": message.ask_location,
            "takes_voice": message.takes_voice,
        }
        return await self._put(chat_id, f"bot:{message.key}", body, mine=False)

    # from the page

    async def keep_upload(self, data: bytes) -> str:
        """Keep the bytes of an upload; returns their SHA-256."""
        return await self._store.put(data)

    async def kept(self, sha256: str) -> bytes:
        """Raises FileNotFoundError; ValueError when the bytes are no longer what they were."""
        return await self._store.get(sha256)

    async def echo(self, chat_id: str, key: str, text: str, attachment: Mapping[str, str] | None = None) -> None:
        """The person's own message, as every window of this chat shows it.

        Before there is consent its words are not kept: the page that wrote them shows them itself. A file waits
        for `settle` before the windows hear of it.
        """
        kept = text if await self.may_keep(chat_id) else ""
        body = {"text": kept, "attachments": [dict(attachment)] if attachment else []}
        await self._put(chat_id, key, body, mine=True, wake=attachment is None)

    async def settle(self, chat_id: str, key: str, file_id: str, sha256: str, name: str) -> None:
        """After the bot has decided: of a file that no answer took, the page keeps the name and nobody the bytes."""
        async with writing(self._engine) as connection:
            wanted = (await connection.execute(select(files.c.id).where(files.c.id == file_id))).first() is not None
            if not wanted:
                own = (web_messages.c.chat_id == chat_id, web_messages.c.key == key, web_messages.c.mine)
                body = {"text": f"📎 {name}".strip(), "attachments": []}
                await connection.execute(update(web_messages).where(*own).values(body=body))
        self._wake(chat_id)
        if not wanted:
            await self.discard(sha256)

    async def discard(self, sha256: str) -> None:
        """Erase bytes, unless somebody's file or a message on a page has them."""
        async with reading(self._engine) as connection:
            if await still_used(connection, sha256):
                return
        await self._store.delete(sha256)

    async def may_keep(self, chat_id: str) -> bool:
        """Whether the person behind a chat has agreed that what they send is kept; an officer's duty is consent."""
        statement = (
            select(people.c.consent, people.c.officer)
            .join(conversations)
            .where(conversations.c.channel == "web", conversations.c.chat_id == chat_id)
        )
        async with reading(self._engine) as connection:
            row = (await connection.execute(statement)).one_or_none()
        return row is not None and (row.consent == "yes" or bool(row.officer))

    async def _put(self, chat_id: str, key: str, body: dict[str, Any], *, mine: bool, wake: bool = True) -> int:
        row = {"chat_id": chat_id, "key": key, "mine": mine, "body": body, "created_at": self._world.clock()}
        async with writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":  # else a page may see a later id first, and never the earlier
                await connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(chat_id))))
            put = upsert(connection, web_messages).values(row).on_conflict_do_nothing()
            message_id = (await connection.execute(put.returning(web_messages.c.id))).scalar_one_or_none()
            if message_id is None:  # it is there already
                known = select(web_messages.c.id).where(web_messages.c.chat_id == chat_id, web_messages.c.key == key)
                message_id = (await connection.execute(known)).scalar_one()
        if wake:
            self._wake(chat_id)
        return int(message_id)

    async def saw(self, chat_id: str, after: int) -> None:
        """A page that somebody looks at has shown everything up to this message; looked up once for each of them.

        While a notice is on its way it is looked up each time: the page may be quicker than we note what was sent.
        """
        if after <= self._seen.get(chat_id, 0):
            return
        async with reading(self._engine) as connection:
            seen, coming = await notices.unseen(connection, chat_id, after)
        if seen:
            async with writing(self._engine) as connection:
                await notices.note_seen(connection, seen, self._world.clock())
        if not coming:
            if len(self._seen) >= REMEMBERED:
                self._seen.clear()
            self._seen[chat_id] = after

    async def messages(self, chat_id: str, after: int, wait_s: float) -> list[dict[str, Any]]:
        """Messages after an id, oldest first; waits up to `wait_s` for the first of them."""
        loop = asyncio.get_running_loop()
        with self._awake(chat_id) as event:
            deadline = loop.time() + (wait_s if len(self._waiting[chat_id]) <= WAITING_PER_CHAT else 0)
            while True:
                event.clear()
                found = await self._since(chat_id, after)
                left = 0.0 if self._closing else deadline - loop.time()
                if found or left <= 0:
                    return found
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, self._look_every_s)):
                        await event.wait()

    @contextmanager
    def _awake(self, chat_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when something new may be there; forgotten with the request that waits."""
        event = asyncio.Event()
        self._waiting.setdefault(chat_id, set()).add(event)
        try:
            yield event
        finally:
            self._waiting[chat_id].discard(event)
            if not self._waiting[chat_id]:
                del self._waiting[chat_id]

    async def _since(self, chat_id: str, after: int) -> list[dict[str, Any]]:
        """The newest ones for a page that opens; else the next ones, so that none is skipped."""
        order = web_messages.c.id if after else web_messages.c.id.desc()
        which = (web_messages.c.chat_id == chat_id, web_messages.c.id > after)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(select(web_messages).where(*which).order_by(order).limit(HISTORY))).all()
        return [_shown(row.id, row.key, row.mine, row.body, row.created_at) for row in sorted(rows, key=_age)]

    async def attachment(self, chat_id: str, message_id: int, index: int) -> tuple[bytes, str, str] | None:
        """Bytes, name and media type of a file of one of this chat's own messages; None when there is none."""
        statement = select(web_messages.c.body).where(
            web_messages.c.chat_id == chat_id, web_messages.c.id == message_id
        )
        async with reading(self._engine) as connection:
            body = (await connection.execute(statement)).scalar_one_or_none()
        attachments = (body or {}).get("attachments", [])
        if not 0 <= index < len(attachments):
            return None
        file = attachments[index]
        try:
            return await self._store.get(file["sha256"]), file["name"], file["media_type"]
        except FileNotFoundError:
            return None

    async def locale(self, chat_id: str) -> str:
        """The language of a chat, or "" before its first words."""
        statement = select(conversations.c.locale).where(
            conversations.c.channel == "web", conversations.c.chat_id == chat_id
        )
        async with reading(self._engine) as connection:
            return (await connection.execute(statement)).scalar_one_or_none() or ""


def _age(row: Any) -> int:
    return int(row.id)


def _shown(message_id: int, key: str, mine: bool, body: dict[str, Any], at: datetime) -> dict[str, Any]:
    """A message as the page gets it."""
    attachments = [
        {
            "url": f"chat/file/{message_id}/{n}",
            "name": f["name"],
            "media_type": f["media_type"],
            "show": f.get("show", "file"),
        }
        for n, f in enumerate(body.get("attachments", []))
    ]
    return {
        "id": message_id,
        "mine": mine,
        "key": key if mine else None,
        "text": body["text"],
        "at": at.isoformat(),
        "buttons": body.get("buttons", []),
        "attachments": attachments,
        "ask_contact": body.get("ask_contact", ""),
        "ask_location": body.get("ask_location", ""),
        "takes_voice": body.get("takes_voice", False),
    }

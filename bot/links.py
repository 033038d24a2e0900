"""What a channel can't carry goes as web links in the words; a picture that a platform fetches gets an address."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.catalogs import Catalog
from bot.channels.base import Attachment, Channel
from bot.world import World
from dialogs.model import N_, Text
from storage import links
from storage.database import reading, writing
from storage.files import FileStore
from storage.models import conversations
from storage.outbox import Due

REMEMBERED = 500
"""Messages that are being tried again, whose links are used again."""
TO_OPEN = Text(N_("To open within 24 hours:"))
LEFT_OUT = N_("This messenger can't show these: %(names)s. Please look on the web page, or ask at the commune office.")
HIDDEN = "…"
"""In place of a link's secret, where the words are only shown to somebody."""
PICTURE = "picture.jpg"
"""What a direct address ends with; some platforms go by the end of an address."""


@dataclass
class Linking:
    """Makes links for what is left over of messages that go out.

    A message that has to be sent again keeps its links, as the first try may have arrived; after a restart of the
    process it gets new ones.
    """

    engine: AsyncEngine
    store: FileStore
    world: World
    _made: dict[int, dict[str, str]] = field(default_factory=dict)
    """Tokens by message and bytes."""

    async def fitting(
        self, due: Due, channel: Channel, attachments: Sequence[Attachment]
    ) -> tuple[str, tuple[Attachment, ...]]:
        """The text of a message with its links, and the attachments that go as themselves."""
        by_address = channel.capabilities.by_address
        carried = [a for a in attachments if channel.carries(a) and (self.world.has_https or not by_address)]
        left = [a for a in attachments if a not in carried]
        if by_address:
            carried = [replace(a, url=f"{await self._link(due, a, direct=True)}/{PICTURE}") for a in carried]
        text = str(due.body["text"])
        if left:
            named = [(label(a), await self._link(due, a) if self.world.pages else "") for a in left]
            text = woven(due.kind, due.body, lines(self.world, await self._catalog(due), named))
        return text, tuple(carried)

    def done(self, due: Due) -> None:
        """The message went out, or never will."""
        self._made.pop(due.id, None)

    async def _catalog(self, due: Due) -> Catalog:
        locale = select(conversations.c.locale).where(conversations.c.id == due.conversation_id)
        async with reading(self.engine) as connection:
            return self.world.catalog((await connection.execute(locale)).scalar_one())

    async def _link(self, due: Due, attachment: Attachment, *, direct: bool = False) -> str:
        """The row comes before the bytes, so that nobody erases them in between as belonging to nobody."""
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(attachment.data).hexdigest())
        key, known = f"{direct} {attachment.name} {sha256}", self._of(due)
        kept = (attachment.name, attachment.media_type, sha256)
        async with writing(self.engine) as connection:
            now = self.world.clock()
            if key not in known or not await links.renew(connection, known[key], now):
                known[key] = await links.add(connection, due.conversation_id, kept, now, direct=direct)
        await self.store.put(attachment.data)
        return address(self.world, known[key])

    def _of(self, due: Due) -> dict[str, str]:
        while len(self._made) >= REMEMBERED and due.id not in self._made:
            del self._made[next(iter(self._made))]
        return self._made.setdefault(due.id, {})


def address(world: World, token: str) -> str:
    return f"{world.pages}/d/{token}"


def label(attachment: Attachment) -> str:
    """What a link is called: a file by its whole name, what is looked at or listened to without the ending."""
    return attachment.name if attachment.show == "file" else PurePath(attachment.name).stem


def lines(world: World, catalog: Catalog, named: Sequence[tuple[str, str]]) -> str:
    """Names and addresses, one a line; without addresses where else to look."""
    if not world.pages:
        return catalog.say(Text(LEFT_OUT, {"names": ", ".join(name for name, _ in named)}))
    return "\n".join([catalog.say(TO_OPEN), *(f"{name}: {url}" for name, url in named)])


def woven(kind: str, body: Mapping[str, Any], more: str) -> str:
    """A message's text with these lines before what is asked: the question is last, and its numbered choices."""
    said = str(body["text"]).split("\n")
    end = len(said) - len(body.get("listed", ()))
    head, choices = "\n".join(said[:end]), said[end:]
    before, gap, question = head.rpartition("\n\n") if kind == "reply" else (head, "", "")
    if not gap:
        return "\n".join([head, more, *choices])
    return "\n".join([f"{before}\n\n{more}\n\n{question}", *choices])


def linked_lines(world: World, channel: str, locale: str, specs: Iterable[Mapping[str, Any]]) -> str:
    """The lines as a message with these files will have them, without the secrets; "" where all go as themselves."""
    left = [spec for spec in specs if not world.shows(channel, str(spec["show"]))]
    if not left:
        return ""
    return lines(world, world.catalog(locale), [(str(spec["name"]), address(world, HIDDEN)) for spec in left])

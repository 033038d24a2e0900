"""Fetches files from the channels, looks what they are, and keeps them; a refused one says why.

What a person wants forgotten is erased here as well.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot import papers
from bot.channels.base import Channel, ChannelError, FileUnavailable, Throttled
from bot.handle import is_outage, where
from bot.hands import Hands
from bot.reading import words_on
from bot.turn import About, notice, open_my_file
from bot.world import World
from dialogs.model import N_, SendMessage, Text
from dialogs.producer.check_status import item_words
from dialogs.producer.sorting import LIKE, likeness
from storage.cases import PRODUCT_PHOTOS
from storage.database import reading, writing
from storage.files import FileStore
from storage.models import cases, files
from storage.models import papers as kept
from storage.outbox import GIVE_UP_AFTER, post
from storage.pages import HERE, newest
from storage.people import chats_of, still_used
from storage.records import FORGOTTEN, UNNAMED, VOICE, case_named

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Files in memory at the same time: 4 of 20 MB, and a decoded picture takes up to about 330 MB (papers.py)."""
READ_AT_ONCE = 2
"""Photos whose words are being read: each takes a processor for a second."""
TO_BE_READ = 12
"""Photos that were looked at and are or wait to be read, in memory as they came: nobody else's file waits for that."""
LEASE = timedelta(minutes=3)
FETCH_WITHIN_S = 150.0
"""Below the lease: a platform that hangs holds up one place, and not for ever."""
PAUSES_S = (2, 10, 60, 300, 1800)
"""Waits between tries, the last one again and again: as long as what is away may come back, for a day."""
UNREADABLE = N_("The file you sent for %(code)s could not be read: please send “%(paper)s” again.")
STORED = "stored:"
"""A source that is already in the file store, by its SHA-256: what came through our own pages."""


@dataclass
class Fetcher:
    engine: AsyncEngine
    channels: Mapping[str, Channel]
    store: FileStore
    world: World
    wake: asyncio.Event
    _places: set[str] = field(default_factory=set)
    """Ids of files in hand that are not looked at yet; others only wait to be read."""

    def __post_init__(self) -> None:
        self._hands = Hands(self._claim, self._fetch, AT_ONCE + TO_BE_READ, self.wake)
        self._reading = asyncio.Semaphore(READ_AT_ONCE)

    async def run(self) -> None:
        await self._hands.run()

    def close(self) -> None:
        self._hands.close()

    async def _claim(self, free: int) -> list[Any]:
        now, free = self.world.clock(), min(free, AT_ONCE - len(self._places))
        if not free:
            return []
        async with reading(self.engine) as connection:
            if not await _due(connection, now, 1):
                return []
        async with writing(self.engine) as connection:
            ids = await _due(connection, now, free)
            await connection.execute(update(files).where(files.c.id.in_(ids)).values(due_at=now + LEASE))
            claimed = list(await connection.execute(select(files).where(files.c.id.in_(ids))))
        self._places.update(row.id for row in claimed)
        return claimed

    async def _fetch(self, row: Any) -> None:
        try:
            async with asyncio.timeout(FETCH_WITHIN_S):
                await (self._erase(row) if row.status == FORGOTTEN else self._keep(row))
        except papers.Refused as refused:
            await self._lose(row, status="refused", findings=str(refused.reason), source="")
        except FileUnavailable:
            await self._lose(row, status="failed")
        except ChannelError as error:
            await self._again(row, error)
        except Exception as error:  # the object store may be down, or the file breaks a library: try again, then lost
            log.error("file %s: %s", row.id, where(error))
            await self._again(row, error)
        finally:
            self._places.discard(row.id)

    async def _keep(self, row: Any) -> None:
        data = await self._bytes(row)
        inspected = await asyncio.to_thread(papers.inspect, data, voice=row.kind == VOICE)
        self._places.discard(row.id)
        self.wake.set()
        like = await self._likeness(data) if row.kind == UNNAMED and inspected.kind in papers.IMAGES else ()
        sha256 = await self.store.put(data)
        kept = await self._note(
            row,
            status="stored",
            kind=str(inspected.kind),
            sha256=sha256,
            size_bytes=len(data),
            pages=inspected.pages,
            findings=",".join((*inspected.findings, *like)),
            due_at=None,
            source="",
        )
        if not kept:  # forgotten meanwhile
            await self._erase_bytes(sha256)

    async def _likeness(self, photo: bytes) -> tuple[str, ...]:
        """What the photo is by the words on it, as a finding; nothing where they can't be read.

        Nobody loses a photo because of that: it was looked at before, and is kept.
        """
        try:
            async with self._reading:
                words = await words_on(photo)
        except Exception as error:
            log.error("words on a photo: %s", where(error))
            return ()
        return (f"{LIKE}{likeness(words)}",) if words is not None else ()

    async def _erase(self, row: Any) -> None:
        waited = row.source.removeprefix(STORED) if row.source.startswith(STORED) else ""
        await self._erase_bytes(row.sha256 or waited)
        async with writing(self.engine) as connection:
            await connection.execute(delete(files).where(files.c.id == row.id))

    async def _erase_bytes(self, sha256: str) -> None:
        """Unless somebody else has sent the same bytes, or these were handed in as well."""
        async with reading(self.engine) as connection:
            if not sha256 or await still_used(connection, sha256):
                return
        await self.store.delete(sha256)

    async def _bytes(self, row: Any) -> bytes:
        if row.source.startswith(STORED):
            return await self.store.get(row.source.removeprefix(STORED))
        channel = self.channels.get(row.channel)
        if channel is None:
            raise FileUnavailable(f"channel {row.channel} is off")
        return await channel.fetch(row.source)

    async def _again(self, row: Any, error: Exception) -> None:
        last, now = len(PAUSES_S) - 1, self.world.clock()
        passing = isinstance(error, ChannelError) or is_outage(error)  # else the file breaks a library, each time
        lost = now - row.received_at > GIVE_UP_AFTER if passing else row.attempts > last
        if lost and row.status != FORGOTTEN:
            await self._lose(row, status="failed")
            return
        pause = error.retry_after_s if isinstance(error, Throttled) else PAUSES_S[min(row.attempts, last)]
        async with writing(self.engine) as connection:
            values = {"attempts": row.attempts + 1, "due_at": now + timedelta(seconds=pause)}
            await _noted(connection, row, values, *_in_hand(row))

    async def _note(self, row: Any, **values: Any) -> bool:
        """Whether the file still stood as it was when it was claimed."""
        async with writing(self.engine) as connection:
            return await _noted(connection, row, values)

    async def _lose(self, row: Any, **values: Any) -> None:
        """The file will not come. Whoever counts on it, as a page of a kept paper, is told with the same commit."""
        async with writing(self.engine) as connection:
            if await _noted(connection, row, values | {"due_at": None}, *_in_hand(row)):
                await post(
                    connection, [n for lost in await _lost(connection, row) for n in await self._told(connection, lost)]
                )

    async def _told(self, connection: AsyncConnection, lost: Any) -> list[dict[str, Any]]:
        now = self.world.clock()
        case = await case_named(connection, lost.code, now, self.world.days_off)
        if case is None:
            return []
        item = "answer:photos" if lost.paper == PRODUCT_PHOTOS else f"paper:{lost.paper}"
        words = Text(UNREADABLE, {"code": lost.code, "paper": item_words(case, item)})
        said = SendMessage((words,), links=(open_my_file(lost.code),))
        chats = await chats_of(connection, [lost.person_id], or_closed=True)
        return [notice(self.world, chat, [said], now, About(lost.code)) for chat in chats]


async def _noted(connection: AsyncConnection, row: Any, values: Mapping[str, Any], *where: ColumnElement[bool]) -> bool:
    same = (files.c.id == row.id, files.c.status == row.status, *where)
    return bool((await connection.execute(update(files).where(*same).values(**values))).rowcount)


def _in_hand(row: Any) -> tuple[ColumnElement[bool]]:
    """Whose lease ran out may still bring the bytes, but has no say any more in that there are none."""
    return (files.c.due_at == row.due_at,)


async def _lost(connection: AsyncConnection, row: Any) -> list[Any]:
    """Papers (code, person_id, paper) whose last version has this file as its first page to be lost."""
    statement = (
        select(cases.c.code, cases.c.person_id, kept.c.paper, kept.c.pages)
        .join(cases, cases.c.id == kept.c.case_id)
        .where(cases.c.person_id == row.person_id, newest())
    )
    of_it = [paper for paper in await connection.execute(statement) if row.id in _ids(paper)]
    others = {file_id for paper in of_it for file_id in _ids(paper)} - {row.id}
    gone = select(files.c.id).where(files.c.id.in_(others), files.c.status.not_in(HERE))
    told_of = set((await connection.execute(gone)).scalars())
    return [paper for paper in of_it if not told_of & _ids(paper)]


def _ids(paper: Any) -> set[str]:
    return {page[0] for page in paper.pages}


async def _due(connection: AsyncConnection, now: datetime, limit: int) -> list[str]:
    statement = select(files.c.id).where(files.c.due_at <= now).order_by(files.c.due_at).limit(limit)
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(skip_locked=True)
    return list((await connection.execute(statement)).scalars())

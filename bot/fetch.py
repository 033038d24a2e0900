"""Fetches files from the channels, looks what they are, and keeps them; a refused one says why."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot import papers
from bot.channels.base import Channel, ChannelError, FileUnavailable, Throttled
from bot.handle import is_outage, where
from bot.world import World
from storage.files import FileStore
from storage.models import files

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Files in memory at the same time: 4 of 20 MB and their decoded pictures stay far below a small server's memory."""
LEASE = timedelta(minutes=3)
PAUSES_S = (2, 10, 60, 300, 1800)
"""Waits between tries; after the last one the file counts as lost and the person is asked to send it again."""
IDLE_S = 1.0
STORED = "stored:"
"""A source that is already in the file store, by its SHA-256: what came through our own pages."""


@dataclass
class Fetcher:
    engine: AsyncEngine
    channels: Mapping[str, Channel]
    store: FileStore
    world: World
    wake: asyncio.Event
    _closing: bool = False

    async def run(self) -> None:
        while not self._closing:
            self.wake.clear()  # before looking: what is committed from here on wakes the loop again
            try:
                due = await self._claim()
                await asyncio.gather(*(self._fetch(row) for row in due))
            except (SQLAlchemyError, OSError) as error:
                if not is_outage(error):
                    raise
                log.error("the database is not there: %s", type(error).__name__)
                due = []
            if not due:
                await self._sleep()

    def close(self) -> None:
        self._closing = True
        self.wake.set()

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(IDLE_S):
                await self.wake.wait()
        except TimeoutError:
            return

    async def _claim(self) -> list[Any]:
        now = self.world.clock()
        async with self.engine.connect() as connection:
            if not await _due(connection, now):
                return []
        async with self.engine.begin() as connection:
            ids = await _due(connection, now)
            await connection.execute(update(files).where(files.c.id.in_(ids)).values(due_at=now + LEASE))
            return list(await connection.execute(select(files).where(files.c.id.in_(ids))))

    async def _fetch(self, row: Any) -> None:
        try:
            data = await self._bytes(row)
            inspected = await asyncio.to_thread(papers.inspect, data)
            sha256 = await self.store.put(data)
        except papers.Refused as refused:
            await self._note(row, status="refused", findings=str(refused.reason), due_at=None, source="")
        except FileUnavailable:
            await self._note(row, status="failed", due_at=None)
        except ChannelError as error:
            await self._again(row, error)
        except Exception as error:  # the object store may be down, or the file breaks a library: try again, then lost
            log.error("file %s: %s", row.id, where(error))
            await self._again(row, error)
        else:
            await self._note(
                row,
                status="stored",
                kind=str(inspected.kind),
                sha256=sha256,
                size_bytes=len(data),
                pages=inspected.pages,
                findings=",".join(inspected.findings),
                due_at=None,
                source="",
            )

    async def _bytes(self, row: Any) -> bytes:
        if row.source.startswith(STORED):
            return await self.store.get(row.source.removeprefix(STORED))
        channel = self.channels.get(row.channel)
        if channel is None:
            raise FileUnavailable(f"channel {row.channel} is off")
        return await channel.fetch(row.source)

    async def _again(self, row: Any, error: Exception) -> None:
        if row.attempts >= len(PAUSES_S):
            await self._note(row, status="failed", due_at=None)
            return
        pause = error.retry_after_s if isinstance(error, Throttled) else PAUSES_S[row.attempts]
        await self._note(row, attempts=row.attempts + 1, due_at=self.world.clock() + timedelta(seconds=pause))

    async def _note(self, row: Any, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(update(files).where(files.c.id == row.id).values(**values))


async def _due(connection: AsyncConnection, now: Any) -> list[str]:
    statement = select(files.c.id).where(files.c.due_at <= now).order_by(files.c.due_at).limit(AT_ONCE)
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(skip_locked=True)
    return list((await connection.execute(statement)).scalars())

"""Lists of certificates become cases: looked at first, written once the officer has said yes. The work of a worker.

A list is looked at and written by the same function on either way in, from a chat or from the command line
(`survey`, `written`). Nothing of a list is kept in memory longer than it takes, and between two parts of it everything
else goes on.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.desk.survey import Survey, survey
from bot.desk.workbook import Unreadable
from bot.looking import look_again
from bot.turn import notice
from bot.world import World
from dialogs.certificate_list import Certificate
from dialogs.model import N_, SendMessage, Text
from dialogs.officer.imports import looked_at, refused, written_words
from storage import audit, imports, outbox, people
from storage.audit import Entry
from storage.database import reading, writing
from storage.files import FileStore
from storage.records import VIETNAM

LOOK_EVERY_S = 2.0
BATCH = 200
"""Lines written in one transaction: some tenths of a second, in which others wait on SQLite."""
GONE = N_("The file is not here any more. Please send it again.")


async def surveyed(engine: AsyncEngine, data: bytes, province: str, today: date) -> Survey:
    async with reading(engine) as connection:
        known = await imports.known(connection, province)
    return await asyncio.to_thread(survey, data, province, today, known)


async def written(
    engine: AsyncEngine,
    province: str,
    certificates: Sequence[Certificate],
    author_id: int | None,
    channel: str,
    now: datetime,
) -> AsyncIterator[int]:
    """Writes part after part, each in a transaction of its own, and says how many lines each had.

    Who is stopped between two parts begins again: what is written by then is known.
    """
    today = now.astimezone(VIETNAM).date()
    for start in range(0, len(certificates), BATCH):
        part = certificates[start : start + BATCH]
        async with writing(engine, long=True) as connection:
            await imports.write(connection, province, part, author_id, channel, now, today)
            entry = Entry("import", author_id, channel, "", {"territory": province, "cases": len(part)})
            await audit.record(connection, [entry], now)
        yield len(part)


@dataclass
class Imports:
    engine: AsyncEngine
    store: FileStore
    world: World
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        await look_again(self.look, LOOK_EVERY_S, self._closing)

    def close(self) -> None:
        self._closing.set()

    async def look(self) -> None:
        async with reading(self.engine) as connection:
            waiting = await imports.to_do(connection, self.world.clock())
        for row in waiting:
            async with writing(self.engine) as connection:
                mine = await imports.hold(connection, row.id, row.status, self.world.clock())
            if mine:
                await self._do(row)

    async def _do(self, row: Any) -> None:
        now = self.world.clock()
        try:
            if row.sha256 is None or row.file_status != "stored":
                raise Unreadable(GONE)
            data = await self.store.get(row.sha256)
            found = await surveyed(self.engine, data, row.province, now.astimezone(VIETNAM).date())
        except FileNotFoundError:
            await self._settle(row, "refused", {}, refused(Text(GONE)))
        except Unreadable as why:
            await self._settle(row, "refused", {}, refused(why.text))
        else:
            if row.status == "asked":
                await self._settle(row, "looked_at", found.counts, looked_at(row.id, found.counts, found.reasons))
            else:
                await self._write(row, found, now)

    async def _write(self, row: Any, found: Survey, now: datetime) -> None:
        done = 0
        async for count in written(self.engine, row.province, found.new, row.author_id, "import", now):
            done += count
            async with writing(self.engine) as connection:
                await imports.keep_hold(connection, row.id, self.world.clock())
            if self._closing.is_set():  # the next worker goes on, once nobody is at it any more
                return
        before = max(row.found["new"] - len(found.new), 0)  # by a worker that was stopped
        counts = {**found.counts, "new": before + done, "known": found.known - before}
        await self._settle(row, "done", counts, written_words(counts))

    async def _settle(self, row: Any, status: str, counts: dict[str, int], said: SendMessage) -> None:
        """What came of it, and the word to the officer about it, together; nothing about a list that was replaced."""
        specs: list[dict[str, Any]] = []
        if counts.get("wrong") and status == "looked_at":
            specs = [{"made": "import errors", "import": row.id, "name": "dong-chua-dung.xlsx", "locale": "vi"}]
        async with writing(self.engine) as connection:
            if not await imports.settle(connection, row.id, row.status, status, counts):
                return
            chats = await people.chats_of(connection, [row.author_id], or_closed=True)
            now = self.world.clock()
            await outbox.post(connection, [notice(self.world, chat, [said], now, files=specs) for chat in chats])

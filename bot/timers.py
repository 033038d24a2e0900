"""Moments agreed on: reminders and the pause after an album. Rows in the database, so that a restart loses none."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Update
from bot.handle import Closing, Intake
from bot.looking import look_again
from bot.world import World
from dialogs.model import TimerFired
from storage import budgets, retention
from storage.database import reading, writing
from storage.models import timers
from storage.people import due_timers

LOOK_EVERY_S = 0.5
BATCH = 200
PRUNE_EVERY = timedelta(hours=6)


@dataclass
class Timers:
    engine: AsyncEngine
    intake: Intake
    world: World
    _pruned_at: datetime | None = None
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        with suppress(Closing):
            await look_again(self._look, LOOK_EVERY_S, self._closing)

    def close(self) -> None:
        self._closing.set()

    async def _look(self) -> None:
        await self._fire()
        await self._prune()

    async def _fire(self) -> None:
        """Each due timer becomes an update of its conversation; its key makes two processes do it once.

        A timer goes when it has fired, unless it was set anew by that very update.
        """
        async with reading(self.engine) as connection:
            due = await due_timers(connection, self.world.clock(), BATCH)
        if not due:
            return
        await asyncio.gather(*(self.intake.submit(_fired(timer)) for timer in due))
        async with writing(self.engine) as connection:
            await connection.execute(_DONE, [{"row_id": timer.id, "moment": timer.due_at} for timer in due])

    async def _prune(self) -> None:
        now = self.world.clock()
        if self._pruned_at is not None and now - self._pruned_at < PRUNE_EVERY:
            return
        self._pruned_at = now
        await retention.run(self.engine, self.world.retention, now)
        async with writing(self.engine) as connection:
            await budgets.prune(connection, now)


_DONE = delete(timers).where(timers.c.id == bindparam("row_id"), timers.c.due_at == bindparam("moment"))


def _fired(timer: Any) -> Update:
    moment = int(timer.due_at.timestamp() * 1_000_000)
    event = TimerFired(timer.kind, timer.subject, timer.turn)
    return Update(timer.channel, f"timer-{timer.id}-{moment}", timer.chat_id, event)

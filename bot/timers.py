"""Moments agreed on: reminders and the pause after an album. Rows in the database, so that a restart loses none."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Update
from bot.handle import Closing, Intake, is_outage
from bot.world import World
from dialogs.model import TimerFired
from storage import budgets, links, notices
from storage.database import reading, writing
from storage.digests import prune as prune_digests
from storage.models import timers, updates
from storage.outbox import prune
from storage.people import due_timers, prune_links
from storage.reach import prune_addresses

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
BATCH = 200
FORGET_UPDATES_AFTER = timedelta(days=8)
"""Platforms deliver an update again for a day at most, and Telegram restarts its numbers after a week of silence."""
FORGET_ADDRESSES_AFTER = timedelta(days=1)
"""E-mail addresses that were typed and not proved, or stopped."""
FORGET_SENT_AFTER = timedelta(days=30)
"""Long enough to find out what a person was told."""
PRUNE_EVERY = timedelta(hours=6)


@dataclass
class Timers:
    engine: AsyncEngine
    intake: Intake
    world: World
    _pruned_at: datetime | None = None
    _closing: bool = False

    async def run(self) -> None:
        while not self._closing:
            try:
                await self._fire()
                await self._prune()
            except Closing:
                return
            except (SQLAlchemyError, OSError) as error:
                if not is_outage(error):
                    raise
                log.error("the database is not there: %s", type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    def close(self) -> None:
        self._closing = True

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
        async with writing(self.engine, long=True) as connection:
            await connection.execute(delete(updates).where(updates.c.received_at < now - FORGET_UPDATES_AFTER))
            await prune(connection, now - FORGET_SENT_AFTER)
            await notices.prune(connection, now)
            await prune_links(connection, now - FORGET_SENT_AFTER)
            await links.prune(connection, now)
            await prune_addresses(connection, now - FORGET_ADDRESSES_AFTER)
            await budgets.prune(connection, now)
            await prune_digests(connection, (now - FORGET_SENT_AFTER).date())


_DONE = delete(timers).where(timers.c.id == bindparam("row_id"), timers.c.due_at == bindparam("moment"))


def _fired(timer: Any) -> Update:
    moment = int(timer.due_at.timestamp() * 1_000_000)
    event = TimerFired(timer.kind, timer.subject, timer.turn)
    return Update(timer.channel, f"timer-{timer.id}-{moment}", timer.chat_id, event)

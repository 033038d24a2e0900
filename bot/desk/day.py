"""What happens because of the hour: overviews, overdue cases, what ends or has ended, new rounds, reminders."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot import own_score
from bot.desk import digest, endings, expiry, holding, new_round, overdue, requests
from bot.desk.apart import Apart
from bot.handle import is_outage, where
from bot.looking import look_again
from bot.world import World
from storage.database import reading

log = logging.getLogger(__name__)

LOOK_EVERY_S = 20.0


@dataclass
class OfficeDay:
    """A worker's loop. Any number of processes may run it: what each has done stands in the database."""

    engine: AsyncEngine
    world: World
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _apart: Apart = field(init=False)

    def __post_init__(self) -> None:
        self._apart = Apart(self.engine, self.world.clock)

    async def run(self) -> None:
        await look_again(self.look, LOOK_EVERY_S, self._closing)

    def close(self) -> None:
        self._apart.leave = True
        self._closing.set()

    async def look(self) -> None:
        """Whatever is due at this moment; what has failed for one is tried again later, and stops nobody else."""
        world, now = self.world, self.world.clock()
        for stage in STAGES:
            due = {stage.key(thing): thing for thing in await self._due(stage, now)}
            await self._apart.each(stage.doing, due, partial(stage.work, world, now))

    async def _due(self, stage: "Stage", now: datetime) -> Sequence[Any]:
        """What a stage has to do; one that can't even be looked at is logged, and the others go on."""
        try:
            async with reading(self.engine) as connection:
                return await stage.due(connection, self.world, now)
        except Exception as error:
            if is_outage(error):
                raise
            log.error("%s: %s", stage.doing, where(error))
            return ()


@dataclass(frozen=True, slots=True)
class Stage:
    """`due` reads what is to be done, `work` does it for one, in a transaction of its own; `key` may be logged."""

    doing: str
    due: Callable[[AsyncConnection, World, datetime], Awaitable[Sequence[Any]]]
    work: Callable[[World, datetime, AsyncConnection, Any], Awaitable[None]]
    key: Callable[[Any], Hashable] = str


STAGES = (
    Stage("cases of who has gone", holding.abandoned, holding.set_free),
    Stage("overview", digest.officers_due, digest.tell),
    Stage("overview put off", digest.put_off_until, digest.tell_again),
    Stage("overdue cases", overdue.groups_due, overdue.follow_up, overdue.ids),
    Stage("data requests", requests.late, requests.pass_up, requests.key),
    Stage("certificate", expiry.codes_due, expiry.expire),
    Stage("reminder of an end", endings.due, endings.remind, endings.key),
    Stage("new round", new_round.due, new_round.ask, new_round.key),
    Stage("things to do for a star", own_score.due, own_score.remind),
)

"""One thing for each of many, each in a transaction of its own, so that one that fails never stops the others."""

import logging
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.handle import is_outage, where
from storage.database import writing

log = logging.getLogger(__name__)

REST = timedelta(minutes=10)
"""What has failed is left alone so long: its cause may pass, and the log stays readable."""
OUTAGES_IN_A_ROW = 3
"""Then it is the database that is away, not one territory that is broken."""


@dataclass
class Apart:
    """`leave` tells it to begin nothing more."""

    engine: AsyncEngine
    clock: Callable[[], datetime]
    leave: bool = False
    _resting: dict[tuple[str, Hashable], datetime] = field(default_factory=dict)

    async def each(
        self, doing: str, things: Mapping[Hashable, Any], work: Callable[[AsyncConnection, Any], Awaitable[None]]
    ) -> None:
        """`work` on each thing, by ids that may be logged; raises only what the database's being away raises."""
        outages = 0
        for key, thing in things.items():
            if self.leave:
                return
            if self._rests(doing, key):
                continue
            try:
                async with writing(self.engine) as connection:
                    await work(connection, thing)
            except Exception as error:
                log.error("%s of %s: %s", doing, key, where(error))
                self._resting[doing, key] = self.clock() + REST
                outages = outages + 1 if is_outage(error) else 0
                if outages == OUTAGES_IN_A_ROW:
                    raise
            else:
                outages = 0

    def _rests(self, doing: str, key: Hashable) -> bool:
        now = self.clock()
        self._resting = {one: until for one, until in self._resting.items() if until > now}
        return (doing, key) in self._resting

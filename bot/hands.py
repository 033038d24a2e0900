"""The loop of a worker: take what is due, do a few things at a time, each in its own task; sleep when none is due."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from bot.handle import is_outage, where

log = logging.getLogger(__name__)

NOTE_WITHIN_S = 0.02
"""After something was done: what else is done meanwhile is written down in the same transaction."""
IDLE_S = 1.0
"""How long to sleep when nothing is due: other processes' rows, and retries, are found by looking."""


class Numbered(Protocol):
    @property
    def id(self) -> Any: ...


Thing = TypeVar("Thing", bound=Numbered)


@dataclass
class Hands(Generic[Thing]):
    """`claim` takes at most so many due things under a lease; `work` does one and writes down what came of it.

    `wake` is set by whoever has just committed something. A thing whose outcome could not be written down stays
    claimed, and is done again after its lease.
    """

    claim: Callable[[int], Awaitable[Sequence[Thing]]]
    work: Callable[[Thing], Coroutine[Any, Any, None]]
    most: int
    wake: asyncio.Event
    _busy: set[asyncio.Task[None]] = field(default_factory=set)
    _noting: asyncio.TimerHandle | None = None
    _closing: bool = False

    async def run(self) -> None:
        while not self._closing:
            self.wake.clear()  # before looking: what is committed from here on wakes the loop again
            try:
                due = await self.claim(self.free)
            except (SQLAlchemyError, OSError) as error:
                if not is_outage(error):
                    raise
                log.error("the database is not there: %s", type(error).__name__)
                await asyncio.sleep(IDLE_S)
                continue
            self.take(due)
            if not due:
                await self._sleep()
        await asyncio.gather(*self._busy, return_exceptions=True)

    def close(self) -> None:
        """Finish what is in hand; the rest stays where it is."""
        self._closing = True
        self.wake.set()

    @property
    def free(self) -> int:
        """How many more there is room for."""
        return 0 if self._closing else max(0, self.most - len(self._busy))

    def take(self, things: Sequence[Thing]) -> None:
        """Begin with what was claimed."""
        for thing in things:
            task = asyncio.create_task(self.work(thing), name=f"{self.work.__qualname__} {thing.id}")
            self._busy.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._busy.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s: %s", task.get_name(), where(error))
        if self._noting is None:
            self._noting = asyncio.get_running_loop().call_later(NOTE_WITHIN_S, self._look)

    def _look(self) -> None:
        self._noting = None
        self.wake.set()

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(IDLE_S):
                await self.wake.wait()
        except TimeoutError:
            return

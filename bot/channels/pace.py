"""Turns at calls to a platform: no faster than it allows, in one line with whoever else has a part in the same budget.

A budget is one moment: when the next call is free. Who takes calls moves it on by a gap for each; it never falls
behind the present by more than a burst (the generic cell rate algorithm of ITU-T I.371). So no second has more calls
than the rate and the burst together, however many processes take them.
"""

import asyncio
import math
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from bot.channels.base import LONGEST_PAUSE_S, Throttled

WITHIN_S = 0.5
"""How far ahead calls are taken: a process that dies loses no more of the budget, who comes late waits no longer."""
SLACK_S = 0.25
"""A call this late still goes. One that is later gives its place up, lest what piled up goes out all at once."""
COUNTED = 3
"""Of what went out of turn, so much counts for one call in the line: a crowd of replies slows notices to a quarter of
the rate, and never stops them."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst`: calls that may go at once after a silence."""

    per_s: float
    burst: int = 1

    @property
    def gap_s(self) -> float:
        return 1 / self.per_s

    @property
    def credit_s(self) -> float:
        """How far the next free moment may lie in the past."""
        return (self.burst - 1) * self.gap_s


class Budget(Protocol):
    async def reserve(self, calls: int, within_s: float) -> float | None:
        """Seconds until the first of so many calls, below 0 if it could have gone already; the next ones follow a gap
        apart. None: whatever begins within `within_s` is taken.
        """
        ...

    async def hold(self, seconds: float) -> None:
        """No calls for so long, as the platform says."""
        ...


class OwnBudget:
    """Of a process that is the only one."""

    def __init__(self, rate: Rate) -> None:
        self._rate, self._free_at = rate, -math.inf

    async def reserve(self, calls: int, within_s: float) -> float | None:
        now = asyncio.get_running_loop().time()
        free_at = max(self._free_at, now - self._rate.credit_s)
        if free_at > now + within_s:
            return None
        self._free_at = free_at + calls * self._rate.gap_s
        return free_at - now

    async def hold(self, seconds: float) -> None:
        self._free_at = max(self._free_at, asyncio.get_running_loop().time() + seconds)


class Pace:
    """The line of one process at a budget. Those who wait at the same moment are served by one look at it."""

    def __init__(self, budget: Budget, rate: Rate) -> None:
        self._budget, self._rate = budget, rate
        self._most = max(1, int(WITHIN_S * rate.per_s))
        self._line: deque[asyncio.Future[None]] = deque()
        self._serving: asyncio.Task[None] | None = None
        self._out_of_turn = 0
        self._paused_until = -math.inf

    async def turn(self) -> None:
        """Wait until one call may be made. Raises Throttled in a pause, and what the budget raises."""
        if (pause_s := self._pause_s()) > 0:
            raise Throttled(pause_s)
        loop = asyncio.get_running_loop()
        mine = loop.create_future()
        self._line.append(mine)
        if self._serving is None or self._serving.done():
            self._serving = loop.create_task(self._serve())
        await mine

    def count(self) -> None:
        """Note a call that did not wait for its turn; those in the line leave room for it."""
        self._out_of_turn += 1

    async def pause(self, seconds: float) -> None:
        """The platform wants no calls for so long: who waits is told so, and has its hands free for others."""
        seconds = min(seconds, LONGEST_PAUSE_S)
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)
        self._refuse(Throttled(self._pause_s()))
        await self._budget.hold(seconds)

    def _refuse(self, error: Exception) -> None:
        for waiting in self._line:
            if not waiting.done():
                waiting.set_exception(error)
        self._line.clear()

    async def _serve(self) -> None:
        try:
            while self._anybody():
                await self._call()
        except Exception as error:  # theirs to handle: each has a message in hand
            self._refuse(error)

    async def _call(self) -> None:
        """Some of those who wait, each at its moment."""
        clock, gap_s = asyncio.get_running_loop().time, self._rate.gap_s
        calls = min(len(self._line), self._most)
        before = min(self._out_of_turn, COUNTED * calls)
        self._out_of_turn = 0
        first_s = await self._budget.reserve(before + calls, WITHIN_S)
        if first_s is None:
            await asyncio.sleep(WITHIN_S)
            return
        first_at = clock() + first_s + before * gap_s
        for number in range(calls):
            at = first_at + number * gap_s
            await asyncio.sleep(max(0.0, at - clock()))
            if self._anybody() and (number == 0 or clock() - at <= self._rate.credit_s + SLACK_S):
                self._line.popleft().set_result(None)

    def _anybody(self) -> bool:
        """Whether somebody waits; who had no time any more has left."""
        while self._line and self._line[0].done():
            self._line.popleft()
        return bool(self._line)

    def _pause_s(self) -> float:
        return self._paused_until - asyncio.get_running_loop().time()

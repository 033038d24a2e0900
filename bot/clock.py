"""The time, which never goes back.

Whatever is put off is a moment in a row: the next try of a message, the end of a lease, the count of an album. Were the
machine's clock put back by an hour and we with it, all of that would stand still for an hour.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

log = logging.getLogger(__name__)

MOST = timedelta(hours=2)
"""How far we stay ahead at most. What was put back by more is believed at once, lest deadlines be of another day."""
WORTH_A_WORD = timedelta(seconds=2)


class Clock:
    """The machine's time; while it is behind what we have told before, ours goes on at half the pace until they meet.

    `wall`: the machine's clock; `ticks`: seconds that pass, whatever anybody does to that clock.
    """

    def __init__(
        self, wall: Callable[[], datetime] = lambda: datetime.now(UTC), ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._ticks = wall, ticks
        self._told, self._tick = wall(), ticks()
        self._ahead = False

    def __call__(self) -> datetime:
        wall, tick = self._wall(), self._ticks()
        ours = self._told + timedelta(seconds=tick - self._tick) / 2
        told = ours if wall < ours <= wall + MOST else wall
        self._note(told - wall)
        self._told, self._tick = told, tick
        return self._told

    def _note(self, ahead: timedelta) -> None:
        if (ahead >= WORTH_A_WORD) != self._ahead:
            self._ahead = not self._ahead
            log.warning("the machine's clock was put back: ours is %s ahead, and waits for it", ahead)

    def not_before(self, moment: datetime) -> None:
        """Something was written down at this moment by a process before us."""
        self._told = max(self._told, moment)


system_clock = Clock()

"""Web processes tell the workers that something was committed, so that an answer does not wait for their next look.

By PostgreSQL's LISTEN and NOTIFY, on connections of their own. A nudge may get lost, where a connection breaks or a
pooler does not pass it on: workers look once a second anyway.
"""

import asyncio
import logging
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

log = logging.getLogger(__name__)

NAME = "ocop_committed"
CHECK_EVERY_S = 5.0
"""How often a connection on which nothing came is asked whether it is still there."""
PAUSE_S = 1.0


async def tell(engine: AsyncEngine, committed: asyncio.Event) -> None:
    """Each time `committed` is set; what is committed meanwhile goes with the next nudge. Runs until cancelled."""
    nudge = text(f"NOTIFY {NAME}")
    while True:
        await committed.wait()
        committed.clear()
        try:
            async with engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                await connection.execute(nudge)
        except (SQLAlchemyError, OSError) as error:
            log.warning("the workers were not told: %s", type(error).__name__)
            await asyncio.sleep(PAUSE_S)


async def hear(engine: AsyncEngine, wakes: Sequence[asyncio.Event]) -> None:
    """Set these events whenever a web process has committed something. Runs until cancelled."""

    def wake(*_: object) -> None:
        for event in wakes:
            event.set()

    while True:
        try:
            async with engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")  # in a transaction nothing is heard
                driver = (await connection.get_raw_connection()).driver_connection
                assert driver is not None  # noqa: S101  it has just connected
                await driver.add_listener(NAME, wake)
                try:
                    while True:
                        await asyncio.sleep(CHECK_EVERY_S)
                        await connection.execute(text("SELECT 1"))
                finally:
                    await connection.invalidate()  # it still listens, and must not come back into the pool
        except (SQLAlchemyError, OSError) as error:
            log.warning("nudges are not heard, the workers look once a second: %s", type(error).__name__)
            await asyncio.sleep(PAUSE_S)

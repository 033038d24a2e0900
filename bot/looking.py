"""A worker's loop that looks what is due, again and again, and lives through a database that is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from bot.handle import is_outage

log = logging.getLogger(__name__)


async def look_again(look: Callable[[], Awaitable[None]], every_s: float, closing: asyncio.Event) -> None:
    """`look`, then rest so many seconds, until it is closing; an outage is logged, anything else is raised."""
    while not closing.is_set():
        try:
            await look()
        except (SQLAlchemyError, OSError) as error:
            if not is_outage(error):
                raise
            log.error("the database is not there: %s", type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), every_s)

"""What web processes count together: requests of a chat or an address, for as long as their limit says."""

import re
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from limits import parse
from limits.aio.strategies import FixedWindowRateLimiter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.web.counts import SharedCounts
from storage import budgets
from storage.database import make_engine
from storage.models import counts
from tests.conftest import PostgreSQL
from tests.heart import beside, rows

FEW = parse("3/minute")
KEY = "k" * 40


@pytest.fixture
async def postgresql(postgresql_server: PostgreSQL) -> AsyncIterator[AsyncEngine]:
    url = postgresql_server.create("current")
    engine = make_engine(url)
    yield engine
    await engine.dispose()
    postgresql_server.drop(url)


async def a_minute_later(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE counts SET expires_at = expires_at - interval '1 minute'"))


async def test_two_processes_count_one_address_together_for_a_minute(postgresql: AsyncEngine) -> None:
    async with beside(postgresql) as other:
        one, two = (FixedWindowRateLimiter(SharedCounts(engine, KEY)) for engine in (postgresql, other))
        hits = [await limiter.hit(FEW, "new", "203.0.113.9") for limiter in (one, two, one, two)]
        assert hits == [True, True, True, False]
        assert await two.hit(FEW, "new", "203.0.113.10")
        reset_at = (await one.get_window_stats(FEW, "new", "203.0.113.9")).reset_time
        assert 50 < reset_at - time.time() <= 61
        await a_minute_later(postgresql)
        assert await two.hit(FEW, "new", "203.0.113.9")


async def test_no_address_is_kept_and_nothing_for_longer_than_it_counts(postgresql: AsyncEngine) -> None:
    limiter = FixedWindowRateLimiter(SharedCounts(postgresql, KEY))
    await limiter.hit(FEW, "new", "203.0.113.9")
    (row,) = await rows(postgresql, counts)
    assert re.fullmatch("[0-9a-f]{64}", row.key_sha256)
    async with postgresql.begin() as connection:
        await budgets.prune(connection, row.expires_at + timedelta(seconds=1))
    assert await rows(postgresql, counts) == []

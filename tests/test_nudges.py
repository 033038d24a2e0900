"""A web process that commits wakes the workers of other processes, also after the connection has broken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import nudges
from storage.database import make_engine
from tests.heart import beside


@pytest.fixture
async def postgresql(postgresql_url: str) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(postgresql_url)
    yield engine
    await engine.dispose()


@asynccontextmanager
async def both(web: AsyncEngine, worker: AsyncEngine) -> AsyncIterator[tuple[asyncio.Event, asyncio.Event]]:
    committed, wake = asyncio.Event(), asyncio.Event()
    tasks = [asyncio.create_task(nudges.tell(web, committed)), asyncio.create_task(nudges.hear(worker, [wake]))]
    yield committed, wake
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def wakes(committed: asyncio.Event, wake: asyncio.Event) -> None:
    """Told again and again, as it is not known when the other one has begun to listen."""
    wake.clear()
    async with asyncio.timeout(20):
        while not wake.is_set():
            committed.set()
            await asyncio.sleep(0.02)


async def test_the_worker_of_another_process_is_woken(postgresql: AsyncEngine) -> None:
    async with beside(postgresql) as other, both(postgresql, other) as (committed, wake):
        await wakes(committed, wake)


async def test_it_listens_again_after_its_connection_broke(
    postgresql: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudges, "CHECK_EVERY_S", 0.05)
    monkeypatch.setattr(nudges, "PAUSE_S", 0.01)
    async with beside(postgresql) as other, both(postgresql, other) as (committed, wake):
        await wakes(committed, wake)
        async with postgresql.connect() as connection:
            await connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT 1%'")
            )
        await asyncio.sleep(0.1)
        await wakes(committed, wake)

"""Engines: SQLite in one file for one process, PostgreSQL for many."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage import visits
from storage.models import dumps
from storage.sealing import Ring, seal

SQLITE_BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for one of another process, instead of failing with "database is locked"."""

CONNECT_S, STATEMENT_S = 5.0, 20.0
"""How long PostgreSQL may take to be reached, and for one statement with its waiting for locks.

A primary that dies without a word (power, network) never answers and never hangs up: without these the process would
wait for it for ever, and take no update meanwhile.
"""
STANDS_STILL_S = 60
"""How long PostgreSQL lets a transaction of ours do nothing: a process that hangs must not keep rows locked."""

_WRITERS: WeakKeyDictionary[Engine, asyncio.Lock] = WeakKeyDictionary()
"""SQLite engines with the line in which the writers of this process stand."""


def make_engine(url: str, ring: Ring | None = None, *, patient: bool = False) -> AsyncEngine:
    """An engine for `sqlite+aiosqlite://…` or `postgresql+asyncpg://…`; its errors hide what people wrote.

    `patient`: a transaction may take as long as it takes (migrations, backups).

    SQLite: WAL and synchronous FULL, so that an acknowledged update survives a power cut; foreign keys on;
    every transaction takes the write lock at once (BEGIN IMMEDIATE), so simultaneous ones wait, not fail.
    `ring`: with what it seals; without one it reads and writes sealed texts as they stand (storage.sealing).
    """
    engine = _postgresql(url, patient=patient) if make_url(url).get_backend_name() != "sqlite" else _sqlite(url)
    if ring is not None:
        seal(engine, ring)
    return engine


def _postgresql(url: str, *, patient: bool) -> AsyncEngine:
    within = {"timeout": CONNECT_S} | ({} if patient else _impatient())
    return create_async_engine(
        url, json_serializer=dumps, pool_pre_ping=True, hide_parameters=True, connect_args=within
    )


def _sqlite(url: str) -> AsyncEngine:
    engine = visits.make_engine(url, json_serializer=dumps, hide_parameters=True)
    event.listen(engine.sync_engine, "connect", _sqlite_connected)
    return engine


def _impatient() -> dict[str, Any]:
    idle = {"idle_in_transaction_session_timeout": f"{STANDS_STILL_S * 1000:.0f}"}
    return {"command_timeout": STATEMENT_S, "server_settings": idle}


def _sqlite_connected(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_TIMEOUT_MS}")
    _change_to_wal(cursor)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _change_to_wal(cursor: Any) -> None:
    """Wait for others here, as SQLite does not: two that change a new file at once are told "locked" without delay.

    Each would hold a lock that the other waits for, so SQLite leaves its busy timeout out. On a file that is
    in WAL already nothing is locked.
    """
    until = time.monotonic() + SQLITE_BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.01)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that only reads: on SQLite it does not wait for the writer."""
    async with engine.connect() as connection:
        await connection.execution_options(sqlite_begin=visits.Begin.READING)
        async with connection.begin():
            yield connection


@asynccontextmanager
async def writing(engine: AsyncEngine, *, long: bool = False) -> AsyncIterator[AsyncConnection]:
    """A transaction that writes: on SQLite in turn, on PostgreSQL side by side. Never one inside another.

    SQLite's own waiting is a poll without order: among many writers one can lose each time until it fails. `long`: a
    statement may take more than some milliseconds, so that on SQLite it must not run in the event loop's own thread.
    """
    if engine.dialect.name != "sqlite":
        async with engine.begin() as connection:
            yield connection
        return
    async with _WRITERS.setdefault(engine.sync_engine, asyncio.Lock()), engine.connect() as connection:
        if long:
            await connection.execution_options(sqlite_begin=visits.Begin.LONG)
        async with connection.begin():
            yield connection


def upsert(connection: AsyncConnection, table: Any) -> Any:
    """INSERT with ON CONFLICT, which both databases spell alike."""
    return inserting(connection.dialect.name, table)


def inserting(dialect: str, table: Any) -> Any:
    """As `upsert`, for a statement that is made once."""
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)


def sqlite_path(url: str) -> Path | None:
    """The database file, or None for PostgreSQL and for a database in memory."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database))

"""Engines that need not compile again what those of earlier tests have compiled: a third of a short test's time."""

from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.sealing import Ring, ring_of

_COMPILED: dict[tuple[str, Ring | None], tuple[Dialect, dict[Any, Any]]] = {}
"""For each kind of database and ring, a dialect that has spoken to one, and the statements compiled for it."""


async def warmed(made: AsyncEngine) -> AsyncEngine:
    """A new engine, given what is known: SQLAlchemy keeps what it has compiled by the engine's dialect."""
    kind, engine = (made.dialect.name, ring_of(made)), made.sync_engine
    if kind not in _COMPILED:
        async with made.connect():  # what a dialect knows of its server, it learns from its first connection
            _COMPILED[kind] = engine.dialect, {}
        await made.dispose()
    dialect, statements = _COMPILED[kind]
    engine.dialect = engine.pool._dialect = dialect
    engine.update_execution_options(compiled_cache=statements)
    return made

"""What processes on PostgreSQL share of a platform's rate, and of the limits of the web pages: unlogged tables.

Nothing here is worth a wait for the disk, and a database that crashed begins with a fresh budget. Moments are the
database's own, so that the clocks of machines need not agree. On SQLite there is one process, which counts in memory.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

LONGEST_HOLD_S = 60.0
"""Others hear for so long at a time that a platform wants no calls; after that one of them asks it again."""
NONSENSE_S = 120.0
"""A moment further ahead was written before the database's clock was set back."""

_RESERVE = text("""
    INSERT INTO budgets (name, free_at)
    VALUES (:name, clock_timestamp() + make_interval(secs => :first))
    ON CONFLICT (name) DO UPDATE SET free_at = make_interval(secs => :taken) + CASE
        WHEN budgets.free_at > clock_timestamp() + make_interval(secs => :nonsense) THEN clock_timestamp()
        ELSE greatest(budgets.free_at, clock_timestamp() - make_interval(secs => :credit))
    END
    WHERE budgets.free_at <= clock_timestamp() + make_interval(secs => :within)
       OR budgets.free_at > clock_timestamp() + make_interval(secs => :nonsense)
    RETURNING CAST(extract(epoch FROM free_at - clock_timestamp()) AS double precision)
""")
_HOLD = text("""
    INSERT INTO budgets (name, free_at) VALUES (:name, clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (name) DO UPDATE SET free_at = greatest(budgets.free_at, excluded.free_at)
""")


@dataclass(frozen=True)
class SharedBudget:
    """A `Budget` (bot.channels.pace) of all processes that name it alike: one statement, its own transaction."""

    engine: AsyncEngine
    name: str
    gap_s: float
    credit_s: float

    async def reserve(self, calls: int, within_s: float) -> float | None:
        taken_s = calls * self.gap_s
        asked = {"taken": taken_s, "credit": self.credit_s, "first": taken_s - self.credit_s}
        free_s: float | None = await self._do(_RESERVE, {**asked, "within": within_s, "nonsense": NONSENSE_S})
        return None if free_s is None else free_s - taken_s

    async def hold(self, seconds: float) -> None:
        await self._do(_HOLD, {"seconds": min(seconds, LONGEST_HOLD_S)})

    async def _do(self, statement: Any, values: dict[str, float]) -> Any:
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            found = await connection.execute(statement, {"name": self.name, **values})
            return found.scalar() if found.returns_rows else None

"""What processes on PostgreSQL share of a platform's rate, and of the limits of the web pages: unlogged tables.

Nothing here is worth a wait for the disk, and a database that crashed begins with a fresh budget. Moments are the
database's own, so that the clocks of machines need not agree. On SQLite there is one process, which counts in memory.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.models import counts

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
        bounds = {"within": within_s, "nonsense": NONSENSE_S}
        found = await _at_once(self.engine, _RESERVE, {"name": self.name, **asked, **bounds})
        return None if found is None else float(found[0]) - taken_s

    async def hold(self, seconds: float) -> None:
        await _at_once(self.engine, _HOLD, {"name": self.name, "seconds": min(seconds, LONGEST_HOLD_S)})


_COUNT = text("""
    INSERT INTO counts (key_sha256, count, expires_at)
    VALUES (:key, :amount, clock_timestamp() + make_interval(secs => :lasts))
    ON CONFLICT (key_sha256) DO UPDATE SET
        count = excluded.count + CASE WHEN counts.expires_at > clock_timestamp() THEN counts.count ELSE 0 END,
        expires_at = CASE WHEN counts.expires_at > clock_timestamp() THEN counts.expires_at ELSE excluded.expires_at END
    RETURNING count
""")
_COUNTED = text("""
    SELECT count, CAST(extract(epoch FROM expires_at - clock_timestamp()) AS double precision)
    FROM counts WHERE key_sha256 = :key AND expires_at > clock_timestamp()
""")


async def count(engine: AsyncEngine, key: str, lasts_s: float, amount: int) -> int:
    """Count on; how many there are since this count began, `lasts_s` ago at most."""
    found = await _at_once(engine, _COUNT, {"key": key, "lasts": float(lasts_s), "amount": amount})
    return int(found[0])


async def counted(engine: AsyncEngine, key: str) -> tuple[int, float]:
    """How many there are, and for how many seconds they count."""
    found = await _at_once(engine, _COUNTED, {"key": key})
    return (int(found[0]), float(found[1])) if found is not None else (0, 0.0)


async def forget(engine: AsyncEngine, key: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(delete(counts).where(counts.c.key_sha256 == key))


async def prune(connection: AsyncConnection, now: datetime) -> None:
    """Drop the counts that are over."""
    await connection.execute(delete(counts).where(counts.c.expires_at < now))


async def _at_once(engine: AsyncEngine, statement: Any, values: dict[str, Any]) -> Any:
    """A statement that is a transaction by itself; its first row, if there is one."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        found = await connection.execute(statement, values)
        return found.first() if found.returns_rows else None

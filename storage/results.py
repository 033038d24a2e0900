"""Results of ratings: written when they are published, taken back with the decision that published them."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.model import ResultFacts
from storage.models import cases, iso, results
from storage.records import upsert

_PLAIN = ("stars", "decision", "entered_by", "criteria")
_POINTS = ("points_a", "points_b", "points_c")
_DAYS = ("decided_on", "certificate_until")
_MOMENTS = ("entered_at", "published_at")


async def publish(
    connection: AsyncConnection, case_id: int, entered_by: int, result: ResultFacts, now: datetime
) -> None:
    """Everybody who may see the case sees its result from now on.

    One that was published before (the proposal of five stars) is kept inside it, for the case that this one is
    taken back.
    """
    row = {
        "case_id": case_id,
        "points_a": result.points_a,
        "points_b": result.points_b,
        "points_c": result.points_c,
        "stars": result.stars,
        "decision": result.decision,
        "decided_on": result.decided_on,
        "certificate_until": result.certificate_until,
        "criteria": {code: str(points) for code, points in result.criteria.items()},
        "entered_by": entered_by,
        "entered_at": now,
        "published_at": now,
    }
    row["before"] = await _kept(connection, case_id)
    statement = upsert(connection, results).values(row)
    await connection.execute(statement.on_conflict_do_update(index_elements=["case_id"], set_=row))


async def _kept(connection: AsyncConnection, case_id: int) -> dict[str, Any] | None:
    """A published result as JSON; None when there is none."""
    which = (results.c.case_id == case_id, results.c.published_at.is_not(None))
    row = (await connection.execute(select(results).where(*which))).one_or_none()
    if row is None:
        return None
    plain: dict[str, Any] = {name: row._mapping[name] for name in _PLAIN}
    plain |= {name: str(row._mapping[name]) for name in _POINTS}
    return plain | {name: iso(row._mapping[name]) for name in (*_DAYS, *_MOMENTS)}


async def withdraw(connection: AsyncConnection, case_id: int) -> None:
    """Take back the result last published: it is gone, or the one before it stands again."""
    before = (await connection.execute(select(results.c.before).where(results.c.case_id == case_id))).scalar()
    if before is None:
        await connection.execute(delete(results).where(results.c.case_id == case_id))
        return
    await connection.execute(update(results).where(results.c.case_id == case_id).values(**_row(before), before=None))


def _row(kept: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {name: kept.get(name, {}) for name in _PLAIN}  # those of before have no criteria
    row |= {name: Decimal(kept[name]) for name in _POINTS}
    row |= {name: date.fromisoformat(kept[name]) if kept[name] else None for name in _DAYS}
    return row | {name: datetime.fromisoformat(kept[name]) if kept[name] else None for name in _MOMENTS}


async def run_out(connection: AsyncConnection, today: date) -> list[str]:
    """Codes of certified cases whose certificate was good for the last time before today, the longest past first."""
    statement = (
        select(cases.c.code)
        .join(results, results.c.case_id == cases.c.id)
        .where(cases.c.status == "certified", results.c.published_at.is_not(None))
        .where(results.c.certificate_until < today)
        .order_by(results.c.certificate_until, cases.c.id)
    )
    return list((await connection.execute(statement)).scalars())

"""Results of ratings: written when they are published, taken back with the decision that published them.

Later what stands in them can be put right, and a certificate withdrawn.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.model import ResultFacts
from dialogs.rules.certificate import first_look, moments, next_look, product_code
from dialogs.rules.ruleset import ruleset, ruleset_on
from storage.models import cases, iso, product_serials, results
from storage.records import VIETNAM, upsert

_PLAIN = ("stars", "decision", "entered_by", "criteria", "product_code")
_POINTS = ("points_a", "points_b", "points_c")
_DAYS = ("decided_on", "certificate_until")
_MOMENTS = ("entered_at", "published_at")


async def publish(connection: AsyncConnection, case: Any, entered_by: int, result: ResultFacts, now: datetime) -> None:
    """Everybody who may see the case (its row) sees its result from now on.

    One that was published before (the proposal of five stars) is kept inside it, for the case that this one is
    taken back.
    """
    row = {
        "case_id": case.id,
        "entered_by": entered_by,
        "entered_at": now,
        "published_at": now,
        **_values(result, await _code_of(connection, case, result)),
        "look_on": _first_look(result.certificate_until, now),
    }
    row["before"] = await _kept(connection, case.id)
    statement = upsert(connection, results).values(row)
    await connection.execute(statement.on_conflict_do_update(index_elements=["case_id"], set_=row))


def _values(result: ResultFacts, code: str) -> dict[str, Any]:
    """What is printed."""
    return {
        "points_a": result.points_a,
        "points_b": result.points_b,
        "points_c": result.points_c,
        "stars": result.stars,
        "decision": result.decision,
        "decided_on": result.decided_on,
        "certificate_until": result.certificate_until,
        "criteria": {item: str(points) for item, points in result.criteria.items()},
        "product_code": code,
    }


def _first_look(until: date | None, now: datetime) -> date | None:
    """When to look first whether to speak of a certificate's end."""
    return first_look(until, ruleset_on(now.astimezone(VIETNAM).date())) if until is not None else None


def _look_again(before: date | None, until: date | None, now: datetime) -> dict[str, date | None]:
    """The column of a corrected result: what is due is not said again, unless it ends earlier than people know."""
    if before == until:
        return {}
    if before is None or until is None or until < before:
        return {"look_on": _first_look(until, now)}
    today = now.astimezone(VIETNAM).date()
    return {"look_on": next_look(moments(until, ruleset_on(today)), today)}


async def _code_of(connection: AsyncConnection, case: Any, result: ResultFacts) -> str:
    """The official code; only a certificate has one."""
    if result.certificate_until is None or result.decided_on is None:
        return ""
    return await _product_code(connection, case, result.decided_on)


async def _product_code(connection: AsyncConnection, case: Any, decided_on: date) -> str:
    """Formed as the case's rules say, "" where they form none here.

    The commune counts its products: each has its number from its first certificate on, whatever becomes of that.
    """
    rules = ruleset(case.ruleset)
    if rules.product_code is None:
        return ""
    serial = case.product_serial
    if serial is None:
        counted = upsert(connection, product_serials).values(commune=case.commune, last=1)
        counted = counted.on_conflict_do_update(
            index_elements=["commune"], set_={"last": product_serials.c.last + 1}
        ).returning(product_serials.c.last)
        serial = (await connection.execute(counted)).scalar_one()
        await connection.execute(update(cases).where(cases.c.id == case.id).values(product_serial=serial))
    return product_code(rules, case.province, case.commune, serial, decided_on.year)


async def amend(connection: AsyncConnection, case: Any, result: ResultFacts, now: datetime) -> dict[str, Any]:
    """Put the published result of a case right; returns it as it was ("before") and as it is, as JSON."""
    before = await _kept(connection, case.id)
    if before is None or result.decided_on is None:
        raise LookupError(case.code)
    same_year = before["decided_on"] and date.fromisoformat(before["decided_on"]).year == result.decided_on.year
    code = before["product_code"] if same_year else await _code_of(connection, case, result)
    known = date.fromisoformat(before["certificate_until"]) if before["certificate_until"] else None
    values = _values(result, code) | _look_again(known, result.certificate_until, now)
    await connection.execute(update(results).where(results.c.case_id == case.id).values(values))
    return {"before": before, "after": await _kept(connection, case.id)}


async def revoke(connection: AsyncConnection, case_id: int, on: date, ground: str) -> None:
    values = {"revoked_on": on, "revoked_for": ground}
    await connection.execute(update(results).where(results.c.case_id == case_id).values(values))


async def give_back(connection: AsyncConnection, case_id: int) -> None:
    """A certificate was not withdrawn after all."""
    values = {"revoked_on": None, "revoked_for": ""}
    await connection.execute(update(results).where(results.c.case_id == case_id).values(values))


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
    older = {"criteria": {}, "product_code": ""}  # what those kept by earlier releases do not have
    row: dict[str, Any] = {name: kept[name] if name in kept else older[name] for name in _PLAIN}
    row |= {name: Decimal(kept[name]) for name in _POINTS}
    row |= {name: date.fromisoformat(kept[name]) if kept[name] else None for name in _DAYS}
    row |= {name: datetime.fromisoformat(kept[name]) if kept[name] else None for name in _MOMENTS}
    return row | {"look_on": None}  # a proposal brings no certificate


async def run_out(connection: AsyncConnection, today: date) -> list[str]:
    """Codes of certified cases whose certificate was good for the last time before today, the longest past first."""
    return list((await connection.execute(_RUN_OUT, {"today": today})).scalars())


_RUN_OUT = (
    select(cases.c.code)
    .join(results, results.c.case_id == cases.c.id)
    .where(cases.c.status == "certified", results.c.published_at.is_not(None))
    .where(results.c.certificate_until < bindparam("today", type_=Date))
    .order_by(results.c.certificate_until, cases.c.id)
)

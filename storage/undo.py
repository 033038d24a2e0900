"""A decision taken back within ten minutes: the case stands as before, and who was told can be told of that."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.model import UndoFacts
from storage.models import case_events, cases, conversations, iso, marks, returned_items
from storage.notices import withdraw
from storage.staff import able_today

WITHIN = timedelta(minutes=10)
HARMLESS = ("view_phone",)
"""Lines of the history that leave a case as it is, so that the decision before them can still be taken back."""
_RECENT = 20
"""Events of one officer within ten minutes that are looked at for a decision; the others are telephone numbers seen."""
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_DAYS = ("since", "due_on", "urgent_on", "waits_since")
_MOMENTS = ("held_at", "escalate_at")
_PLAIN = ("status", "owner", "days_used", "resubmitted", "holder_id", "escalation", "round")


class TooLate(Exception):
    """The ten minutes are over."""


@dataclass(frozen=True, slots=True)
class Undone:
    """`told`: persons who have read of the decision, or may have; `action` and `status` as it was and is."""

    action: str
    status: str
    told: tuple[int, ...]


async def standing(connection: AsyncConnection, case: Any) -> dict[str, Any]:
    """How a case (its row) and the marks on it stand, as JSON."""
    row = case._mapping
    kept: dict[str, Any] = {name: row[name] for name in _PLAIN}
    kept |= {name: iso(row[name]) for name in (*_DAYS, *_MOMENTS)}
    found = await connection.execute(select(marks).where(marks.c.case_id == case.id).order_by(marks.c.item))
    return {"case": kept, "marks": [_mark(mark._mapping) for mark in found]}


def _mark(row: Any) -> dict[str, Any]:
    names = ("item", "verdict", "reason", "files", "author_id")
    return {name: row[name] for name in names} | {"marked_at": row["marked_at"].isoformat()}


async def last_decision(connection: AsyncConnection, case_id: int) -> Any:
    """The event of the last decision, if nothing has happened to the case since; else None."""
    event = (await connection.execute(_NEWEST, {"of_case": case_id})).one_or_none()
    if event is not None and event.before and "part_of" in event.before:
        own = select(case_events).where(case_events.c.id == event.before["part_of"])
        event = (await connection.execute(own)).one_or_none()
    return event if event is not None and event.before and "case" in event.before else None


async def undo_facts(connection: AsyncConnection, code: str, person_id: int, now: datetime) -> UndoFacts | None:
    """What this officer may still take back of a case."""
    case_id = (await connection.execute(_CASE_ID, {"named": code})).scalar_one()
    decision = await last_decision(connection, case_id)
    if decision is None or decision.actor_id != person_id or now - decision.happened_at > WITHIN:
        return None
    return UndoFacts(decision.action, decision.happened_at + WITHIN, decision.id, decision.from_status)


_NEWEST = (
    select(case_events)
    .where(case_events.c.case_id == bindparam("of_case"), case_events.c.action.not_in(HARMLESS))
    .order_by(case_events.c.id.desc())
    .limit(1)
)
_CASE_ID = select(cases.c.id).where(cases.c.code == bindparam("named"))


async def own_last(connection: AsyncConnection, person_id: int, now: datetime) -> str:
    """The code of the case on which this officer decided last, of what can still be taken back; "" for none."""
    mine = (case_events.c.actor_id == person_id, case_events.c.happened_at >= now - WITHIN)
    recent = select(case_events.c.case_id, cases.c.code).join(cases).where(*mine)
    rows = (await connection.execute(recent.order_by(case_events.c.id.desc()).limit(_RECENT))).all()
    for case_id, code in dict.fromkeys((row.case_id, row.code) for row in rows):
        decision = await last_decision(connection, case_id)
        if decision is not None and decision.actor_id == person_id and now - decision.happened_at <= WITHIN:
            return str(code)
    return ""


async def restore(connection: AsyncConnection, case: Any, decision: Any, now: datetime) -> Undone:
    """Put a locked case back to where it stood before a decision that last_decision gave."""
    before = decision.before
    kept: dict[str, Any] = dict(before["case"])
    kept |= {name: date.fromisoformat(kept[name]) if kept.get(name) else None for name in _DAYS}
    kept |= {name: datetime.fromisoformat(kept[name]) if kept[name] else None for name in _MOMENTS}
    await connection.execute(update(cases).where(cases.c.id == case.id).values(kept | {"updated_at": now}))
    await _free_if_nobody_there(connection, case.id, now.astimezone(_VIETNAM).date())
    await _marks_again(connection, case.id, before["marks"])
    await connection.execute(delete(returned_items).where(returned_items.c.id.in_(before.get("returned", ()))))
    told = await withdraw(connection, decision.id, before.get("told", ()))
    told |= await _people_of(connection, before.get("read", ()))
    await _forget_move(connection, case.id, decision.id)
    return Undone(decision.action, kept["status"], tuple(sorted(told)))


async def _free_if_nobody_there(connection: AsyncConnection, case_id: int, today: date) -> None:
    """Who had it may have lost the role meanwhile, or cover no more; then it is for whoever takes it."""
    case = (await connection.execute(select(cases).where(cases.c.id == case_id))).one()
    if case.holder_id is not None and not await able_today(connection, case.holder_id, [case], today):
        free = update(cases).where(cases.c.id == case_id).values(holder_id=None, held_at=None)
        await connection.execute(free)


async def _marks_again(connection: AsyncConnection, case_id: int, kept: Sequence[dict[str, Any]]) -> None:
    await connection.execute(delete(marks).where(marks.c.case_id == case_id))
    rows = [{**mark, "case_id": case_id, "marked_at": datetime.fromisoformat(mark["marked_at"])} for mark in kept]
    if rows:
        await connection.execute(insert(marks), rows)


async def _forget_move(connection: AsyncConnection, case_id: int, number: int) -> None:
    """The lines stay in the history, but count no more as the case's last move, and can't be taken back twice.

    A line that has a result twice keeps both: officers still read what was entered beside the council's points.
    """
    recent = select(case_events.c.id, case_events.c.before).where(
        case_events.c.case_id == case_id, case_events.c.id >= number
    )
    rows = (await connection.execute(recent)).all()
    for row in rows:
        before = row.before or {}
        if row.id == number or before.get("part_of") == number:
            both = {name: before[name] for name in ("before", "after") if name in before}
            forgotten = update(case_events).where(case_events.c.id == row.id)
            await connection.execute(forgotten.values(before={**both, "undone": True}))


async def _people_of(connection: AsyncConnection, conversation_ids: Collection[int]) -> set[int]:
    found = select(conversations.c.person_id).where(conversations.c.id.in_(conversation_ids))
    return set((await connection.execute(found)).scalars())


async def note_told(
    connection: AsyncConnection, number: int, conversation_ids: Collection[int], *, among_others: bool = False
) -> None:
    """Remember to whom a decision was told; `among_others`: in a message that stays when this one is taken back."""
    which, key = case_events.c.id == number, "read" if among_others else "told"
    before = (await connection.execute(select(case_events.c.before).where(which))).scalar_one()
    told = sorted({*before.get(key, ()), *conversation_ids})
    await connection.execute(update(case_events).where(which).values(before={**before, key: told}))

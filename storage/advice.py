"""The advisory group of a council's session: what it was given to read, who has read it, and what it remarks.

Its members have seats of the session as the council's have, and are concerned by a product as they are; a remark of
somebody whom the product concerns is shown to nobody, nor is that of a seat that is empty while the session is open:
whether the product concerns its author could not be found out.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.council.facts import BOUND, DECLARED, FREE
from dialogs.model import Ballot, HandedOver, Reading, Remark
from storage.assessments import assessment_of
from storage.concerned import bound
from storage.models import ballots, council_cases, council_seats, council_sessions

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


async def hand_over(
    connection: AsyncConnection, session_id: int, case_id: int, now: datetime, until: date | None
) -> None:
    """Of a case that is before this session."""
    which = (council_cases.c.session_id == session_id, council_cases.c.case_id == case_id)
    await connection.execute(update(council_cases).where(*which).values(handed_at=now, read_until=until))


def handed_over(
    row: Any, group: Iterable[Any], by_seat: Mapping[tuple[int, int], Any], tied: Collection[Any], *, closed: bool
) -> HandedOver | None:
    """Of a row of council_cases; None where the group was not given it. `by_seat`, `tied`: as storage.council reads.

    `closed`: the session is, so that each seat stays what it was then.
    """
    if row.handed_at is None:
        return None
    case_id = row.case_id
    said = {s.id: by_seat.get((s.id, case_id)) for s in group if closed or s.person_id is not None}
    readings = (_reading(s, said.get(s.id), tied=(s.person_id, case_id) in tied) for s in group)
    return HandedOver(row.handed_at.astimezone(_VIETNAM).date(), row.read_until, tuple(readings))


def _reading(seat: Any, row: Any, *, tied: bool) -> Reading:
    standing = BOUND if tied else row.standing if row is not None else ""
    if row is None or standing != FREE:
        return Reading(seat.number, standing)
    return Reading(seat.number, standing, row.submitted_at is not None, row.remark)


async def remarks_on(connection: AsyncConnection, rows: Sequence[Any]) -> dict[tuple[int, int], tuple[Remark, ...]]:
    """What the group remarks, by session and case; rows have `session_id` and `case_id`."""
    if not rows:
        return {}
    statement = (
        select(council_seats.c.session_id, council_seats.c.person_id, council_seats.c.name, ballots)
        .join(ballots, ballots.c.seat_id == council_seats.c.id)
        .join(council_sessions, council_sessions.c.id == council_seats.c.session_id)
        .where(council_seats.c.advisory, ballots.c.standing == FREE, ballots.c.remark != "")
        .where(or_(council_seats.c.person_id.is_not(None), council_sessions.c.closed_at.is_not(None)))
        .where(council_seats.c.session_id.in_({row.session_id for row in rows}))
        .where(ballots.c.case_id.in_({row.case_id for row in rows}))
        .order_by(council_seats.c.number)
    )
    said = (await connection.execute(statement)).all()
    if not said:
        return {}
    people = {one.person_id for one in said if one.person_id is not None}
    tied = await bound(connection, people, {one.case_id for one in said})
    found: dict[tuple[int, int], tuple[Remark, ...]] = {}
    for one in said:
        if (one.person_id, one.case_id) not in tied:
            key = (one.session_id, one.case_id)
            found[key] = (*found.get(key, ()), Remark(one.name, one.remark))
    return found


async def with_assessment(connection: AsyncConnection, mine: tuple[Ballot, ...], opened: str) -> tuple[Ballot, ...]:
    """One's ballots; that whose dialog is open with what the commune found, unless the product concerns one."""
    read = next((one for one in mine if one.advisory and one.key == opened and one.standing == FREE), None)
    if read is None:
        return mine
    found = await assessment_of(connection, read.code)
    return tuple(replace(one, assessment=found) if one is read else one for one in mine)


async def being_read(connection: AsyncConnection, case_ids: Collection[int]) -> frozenset[int]:
    """Those of these cases that an advisory group has in hand: not read by all who came in, and not scored yet."""
    of_session, of_it = (
        council_seats.c.session_id == council_sessions.c.id,
        ballots.c.case_id == council_cases.c.case_id,
    )
    theirs = ballots.c.seat_id == council_seats.c.id
    sheets = exists().where(of_session, theirs, of_it, ~council_seats.c.advisory, ballots.c.submitted_at.is_not(None))
    came = (of_session, council_seats.c.advisory, council_seats.c.person_id.is_not(None))
    through = or_(ballots.c.submitted_at.is_not(None), ballots.c.standing == DECLARED)
    done = exists().where(theirs, of_it, through).correlate(council_seats, council_cases)
    somebody = exists().where(*came).correlate(council_sessions)
    unread = exists().where(*came, ~done).correlate(council_cases, council_sessions)
    statement = (
        select(council_cases.c.case_id)
        .join(council_sessions, council_sessions.c.id == council_cases.c.session_id)
        .where(council_cases.c.case_id.in_(case_ids), council_cases.c.handed_at.is_not(None))
        .where(council_sessions.c.closed_at.is_(None))
        .where(~sheets.correlate(council_cases, council_sessions), or_(unread, ~somebody))
    )
    return frozenset((await connection.execute(statement)).scalars())

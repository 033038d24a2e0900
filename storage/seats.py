"""Seats in a council: who is invited by a link that works once, and who sits there."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.council import JOINED, LOOKED
from storage.links import digest
from storage.models import audit, ballots, council_seats, council_sessions

INVITATION_DAYS = 7


async def invite_member(
    connection: AsyncConnection, session_id: int, name: str, now: datetime, *, chair: bool, advisory: bool = False
) -> str:
    """A new seat; returns the token of its link. A new chair takes the place of the one before."""
    if chair:
        await connection.execute(
            update(council_seats).where(council_seats.c.session_id == session_id).values(chair=False)
        )
    last = select(func.max(council_seats.c.number)).where(council_seats.c.session_id == session_id)
    number = int((await connection.execute(last)).scalar() or 0) + 1
    token = secrets.token_urlsafe(18)
    row = {"session_id": session_id, "number": number, "name": name, "chair": chair, "advisory": advisory}
    await connection.execute(insert(council_seats).values(row | _link(token, now)))
    return token


async def renew_seat(connection: AsyncConnection, session_id: int, number: int, now: datetime) -> str:
    """A new token; whoever sat there with the old one sits there no more. "" where there is no such seat.

    What the seat says for the advisory group waits until whoever comes in says that the product does not concern them:
    of an empty seat nobody could tell.
    """
    token = secrets.token_urlsafe(18)
    which = (council_seats.c.session_id == session_id, council_seats.c.number == number)
    values = {**_link(token, now), "person_id": None, "taken_at": None}
    changed = await connection.execute(update(council_seats).where(*which).values(values))
    of_group = select(council_seats.c.id).where(*which, council_seats.c.advisory)
    unsaid = update(ballots).where(ballots.c.seat_id.in_(of_group))
    await connection.execute(unsaid.values(standing="", submitted_at=None))
    return token if changed.rowcount else ""


def _link(token: str, now: datetime) -> dict[str, Any]:
    return {"token_sha256": digest(token), "expires_at": now + timedelta(days=INVITATION_DAYS)}


async def drop_seat(connection: AsyncConnection, session_id: int, number: int) -> bool:
    """Whether the seat is gone: not one whose ballot counts, or has a remark."""
    which = (council_seats.c.session_id == session_id, council_seats.c.number == number)
    seats = select(council_seats.c.id).where(*which)
    done = or_(ballots.c.submitted_at.is_not(None), ballots.c.remark != "")
    counts = select(ballots.c.seat_id).where(ballots.c.seat_id.in_(seats), done)
    if (await connection.execute(counts.limit(1))).first() is not None:
        return False
    await connection.execute(delete(ballots).where(ballots.c.seat_id.in_(seats)))
    return bool((await connection.execute(delete(council_seats).where(*which))).rowcount)


# ---------------------------------------------------------------- taking one


async def seat_of(connection: AsyncConnection, token: str) -> Any:
    """The seat of a link with its session; None for an unknown link, or one that another has replaced."""
    statement = (
        select(council_seats, council_sessions.c.closed_at, council_sessions.c.province, council_sessions.c.opened_by)
        .join(council_sessions, council_sessions.c.id == council_seats.c.session_id)
        .where(council_seats.c.token_sha256 == digest(token))
    )
    return (await connection.execute(statement)).one_or_none()


async def take_seat(connection: AsyncConnection, seat: Any, person_id: int, now: datetime) -> bool:
    """Of two at once one gets it; a link that ran out, or a session that is over, gives nothing.

    Somebody else than sat there last finds the marks, but says and hands in for themselves; a remark is the words of
    who wrote it, so it goes with them.
    """
    still_open = select(council_sessions.c.id).where(council_sessions.c.closed_at.is_(None))
    free = (council_seats.c.id == seat.id, council_seats.c.token_sha256 == seat.token_sha256)
    open_ = (council_seats.c.person_id.is_(None), council_seats.c.expires_at > now)
    which = (*free, *open_, council_seats.c.session_id.in_(still_open))
    taken = await connection.execute(update(council_seats).where(*which).values(person_id=person_id, taken_at=now))
    if not taken.rowcount:
        return False
    if await _sat_last(connection, seat) != person_id:
        anew = update(ballots).where(ballots.c.seat_id == seat.id)
        await connection.execute(anew.values(standing="", submitted_at=None, remark=""))
    return True


async def _sat_last(connection: AsyncConnection, seat: Any) -> int | None:
    """The person who took this seat before it was freed; None for nobody."""
    joined = audit.c.action == JOINED
    session, number = audit.c.details["session"].as_integer(), audit.c.details["seat"].as_integer()
    here = (joined, session == seat.session_id, number == seat.number)
    statement = select(audit.c.actor_id).where(*here).order_by(audit.c.number.desc()).limit(1)
    return (await connection.execute(statement)).scalar_one_or_none()


async def sits_in(connection: AsyncConnection, session_id: int, person_id: int) -> bool:
    which = (council_seats.c.session_id == session_id, council_seats.c.person_id == person_id)
    return (await connection.execute(select(council_seats.c.id).where(*which).limit(1))).first() is not None


async def has_looked(connection: AsyncConnection, session_id: int, person_id: int) -> bool:
    """Whether this person has seen marks of this session: then they must not add their own."""
    seen = (audit.c.actor_id == person_id, audit.c.action == LOOKED)
    of_this = audit.c.details["session"].as_integer() == session_id
    return (await connection.execute(select(audit.c.number).where(*seen, of_this).limit(1))).first() is not None

"""Sessions of a province's council: who is their secretary, who sits there, what each scored, and what came of it.

A secretary is an officer of the province who has no seat in the session. Whoever has one sees their own ballot and
nobody else's; the marks of others are read for a secretary only, and only once a ballot is submitted.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, delete, exists, false, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.council.facts import BOUND, FREE, SCORING
from dialogs.engine import dialog_name
from dialogs.model import Agreed, Ballot, Cast, Council, EndedSeat, Membership, Remark, Role, Seat, Sitting, Tabled
from dialogs.producer.own_score import SCORED, set_of
from storage import advice
from storage.concerned import bound
from storage.database import upsert
from storage.models import (
    audit,
    ballots,
    case_events,
    cases,
    council_cases,
    council_seats,
    council_sessions,
    memberships,
    people,
)

if TYPE_CHECKING:
    from storage.records import Conversation

SHOW_COUNCIL = {"councils", "council", "to_group", "seat", "ballot", "advice"}
"""Dialogs that know sessions and ballots; in the others they are read for members only."""
SHOWN_FOR = timedelta(days=60)
"""How long a closed session stays in the lists: until its decisions are published."""
MOST_SHOWN = 20
MOST_READY = 50
JOINED = "council_join"
"""In the audit: somebody has taken a seat, with its session and number."""
LOOKED = "council_marks"
"""In the audit: a secretary has looked at the marks of others."""
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def shows_council(conversation: "Conversation") -> bool:
    """Whoever sits in a council may be led to their sheets from anywhere."""
    person = conversation.person
    return person.seated or person.sat or dialog_name(conversation.state.key) in SHOW_COUNCIL


def seated(person_id: Any) -> Any:
    """Whether the person of this column has a seat in a session that is still open."""
    theirs = (council_seats.c.person_id == person_id, council_sessions.c.id == council_seats.c.session_id)
    return exists().where(*theirs, council_sessions.c.closed_at.is_(None))


def sat(person: Any) -> Any:
    """Whether the person of this row took a seat once: of who is no officer, and has not agreed as a producer."""
    took = exists().where(audit.c.actor_id == person.c.id, audit.c.action == JOINED).correlate(person)
    return case((and_(person.c.consent != "yes", ~person.c.officer), took), else_=false())


SITTING = (seated(people.c.id).correlate(people).label("seated"), sat(people).label("sat"))
"""Columns of a statement about people."""


def provinces_of(members: Iterable[Membership]) -> tuple[str, ...]:
    return tuple(m.territory for m in members if m.role is Role.PROVINCE_OFFICER)


async def council_facts(connection: AsyncConnection, conversation: "Conversation", now: datetime) -> dict[str, Any]:
    """For the dialogs of councils: the sessions one is a secretary of, and one's own ballots."""
    mine = await advice.with_assessment(
        connection, await ballots_of(connection, conversation.person_id, now), conversation.state.key
    )
    if conversation.person.sat and not conversation.person.seated:
        return {"ballots": mine, "seat_ended": await _ended_seat(connection, conversation.person_id)}
    sheet, _, opened = conversation.state.key.partition(".")
    known: dict[str, Any] = {"ballots": mine}
    if sheet in ("ballot", "advice") and opened not in [ballot.code for ballot in mine]:
        known["seat_ended"] = await _ended_seat(connection, conversation.person_id, opened)
    provinces = provinces_of(conversation.person.memberships)
    if not provinces:
        return known
    of_whom = await _sessions_for(connection, provinces, conversation.person_id, now)
    found = [await council_of(connection, row, now, in_full=str(row.id) == opened) for row in of_whom]
    return known | {"councils": tuple(found)}


async def _ended_seat(connection: AsyncConnection, person_id: int, code: str = "") -> EndedSeat | None:
    """Of the session they came into last, as long as it is kept; the seat itself may be gone.

    `code`: of those that have this case before them; nothing where they sit there and it is still open.
    """
    into = audit.c.details["session"].as_integer()
    came = select(into).where(audit.c.actor_id == person_id, audit.c.action == JOINED)
    if code:
        before = select(council_cases.c.session_id).join(cases, cases.c.id == council_cases.c.case_id)
        came = came.where(into.in_(before.where(cases.c.code == code)))
    came = came.order_by(audit.c.number.desc()).limit(1)
    shown = (council_sessions.c.number, council_sessions.c.year, council_sessions.c.province)
    here = (council_seats.c.session_id == council_sessions.c.id, council_seats.c.person_id == person_id)
    columns = (*shown, council_sessions.c.closed_at, _SECRETARY.label("secretary"), exists().where(*here).label("kept"))
    statement = select(*columns).where(council_sessions.c.id == came.scalar_subquery())
    row = (await connection.execute(statement)).one_or_none()
    if row is None or (row.kept and row.closed_at is None):
        return None
    return EndedSeat(f"{row.number}/{row.year}", row.province, row.secretary or "", over=row.kept)


# ---------------------------------------------------------------- a member's own


_OF_A_CASE = (
    *(cases.c.code, cases.c.product, cases.c.commune, cases.c.answers, cases.c.ruleset, cases.c.status),
    *(people.c.name, people.c.producer_name),
)
_opener = people.alias("opener")
_SECRETARY = select(_opener.c.name).where(_opener.c.id == council_sessions.c.opened_by).scalar_subquery()
_OF_A_SEAT = (
    select(
        council_seats.c.id.label("seat_id"),
        council_seats.c.number,
        council_seats.c.name.label("seat_name"),
        council_sessions.c.id.label("session_id"),
        council_sessions.c.number.label("session_number"),
        council_sessions.c.year,
        council_sessions.c.closed_at,
        council_sessions.c.score_until,
        council_sessions.c.province,
        _SECRETARY.label("secretary"),
        cases.c.id.label("case_id"),
        *_OF_A_CASE,
        ballots.c.standing,
        ballots.c.product_set,
        ballots.c.marks,
        ballots.c.submitted_at,
        ballots.c.remark,
        council_seats.c.advisory,
        council_cases.c.read_until,
    )
    .join(council_sessions, council_sessions.c.id == council_seats.c.session_id)
    .join(council_cases, council_cases.c.session_id == council_sessions.c.id)
    .join(cases, cases.c.id == council_cases.c.case_id)
    .join(people, people.c.id == cases.c.person_id)
    .join(ballots, and_(ballots.c.seat_id == council_seats.c.id, ballots.c.case_id == cases.c.id), isouter=True)
    .where(or_(~council_seats.c.advisory, council_cases.c.handed_at.is_not(None)))
)


async def ballots_of(connection: AsyncConnection, person_id: int, now: datetime) -> tuple[Ballot, ...]:
    """Open sessions first, then those just closed; in each the products in the order in which they came."""
    shown = or_(council_sessions.c.closed_at.is_(None), council_sessions.c.closed_at > now - SHOWN_FOR)
    order = (council_sessions.c.closed_at.is_not(None), council_sessions.c.id.desc(), cases.c.id)
    statement = _OF_A_SEAT.where(council_seats.c.person_id == person_id, shown).order_by(*order)
    rows = (await connection.execute(statement)).all()
    tied = await bound(connection, {person_id}, {row.case_id for row in rows}) if rows else set()
    said = await advice.remarks_on(connection, [row for row in rows if not row.advisory])
    return tuple(
        _ballot(row, tied=(person_id, row.case_id) in tied, report=said.get((row.session_id, row.case_id), ()))
        for row in rows
    )


def _ballot(row: Any, *, tied: bool, report: tuple[Remark, ...]) -> Ballot:
    number = set_of(row.ruleset, row.answers)
    same = row.product_set == number or row.advisory
    return Ballot(
        session=f"{row.session_number}/{row.year}",
        code=row.code,
        product=row.product,
        by=_maker(row),
        ruleset=row.ruleset,
        product_set=number,
        status=row.status,
        standing=BOUND if tied and row.closed_at is None else row.standing or "",
        marks=row.marks if same and row.marks else {},
        submitted=same and row.submitted_at is not None,
        closed=row.closed_at is not None,
        until=row.read_until if row.advisory else row.score_until,
        report=report,
        advisory=row.advisory,
        remark=row.remark or "",
        secretary=row.secretary or "",
        seat=row.seat_id,
    )


def _maker(row: Any) -> str:
    return str(row.answers.get("producer_name") or row.producer_name or row.name)


async def own_ballot(connection: AsyncConnection, person_id: int, code: str) -> Any:
    """The member's row for a case, its session kept from being closed until this transaction ends; None without one.

    As _OF_A_SEAT has it. Of several sessions the one that is open, else the newest.
    """
    order = (council_sessions.c.closed_at.is_not(None), council_sessions.c.id.desc())
    statement = _OF_A_SEAT.where(council_seats.c.person_id == person_id, cases.c.code == code).order_by(*order)
    row = (await connection.execute(statement.limit(1))).one_or_none()
    if row is None:
        return None
    await locked_session(connection, row.session_id, share=True)
    of_this = (council_seats.c.id == row.seat_id, council_seats.c.person_id == person_id, cases.c.id == row.case_id)
    return (await connection.execute(_OF_A_SEAT.where(*of_this))).one_or_none()


async def keep_ballot(connection: AsyncConnection, row: Any, **values: Any) -> None:
    """Columns of the ballot of a row as `own_ballot` gives it."""
    statement = upsert(connection, ballots).values(seat_id=row.seat_id, case_id=row.case_id, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["seat_id", "case_id"], set_=values))


# ---------------------------------------------------------------- a session, as its secretary sees it


async def _sessions_for(
    connection: AsyncConnection, provinces: Collection[str], person_id: int, now: datetime
) -> Sequence[Any]:
    shown = or_(council_sessions.c.closed_at.is_(None), council_sessions.c.closed_at > now - SHOWN_FOR)
    statement = (
        select(council_sessions)
        .where(council_sessions.c.province.in_(provinces), shown, ~_sits(person_id))
        .order_by(council_sessions.c.closed_at.is_not(None), council_sessions.c.id.desc())
    )
    return (await connection.execute(statement.limit(MOST_SHOWN))).all()


async def secretaries_of(connection: AsyncConnection, session_id: int) -> list[int]:
    """Person ids of who hears as its secretary: who opened the session if they may still run it, else all who may."""
    statement = (
        select(memberships.c.person_id, council_sessions.c.opened_by)
        .join(council_sessions, council_sessions.c.province == memberships.c.territory)
        .where(council_sessions.c.id == session_id, ~_sits(memberships.c.person_id))
        .where(memberships.c.role == Role.PROVINCE_OFFICER, memberships.c.removed_at.is_(None))
        .distinct()
        .order_by(memberships.c.person_id)
    )
    rows = (await connection.execute(statement)).all()
    return [row.person_id for row in rows if row.person_id == row.opened_by] or [row.person_id for row in rows]


def _sits(person_id: Any) -> Any:
    """Whether this person has a seat in the session of the statement: those who score read what its group says."""
    here = (council_seats.c.session_id == council_sessions.c.id, council_seats.c.person_id == person_id)
    return exists().where(*here).correlate(council_sessions, memberships)


async def session_for(connection: AsyncConnection, session_id: int, conversation: "Conversation", *, lock: bool) -> Any:
    """The row of a session that this person is a secretary of; None for everybody else. `lock`: nobody scores now."""
    if lock:
        await locked_session(connection, session_id)
    which = (
        council_sessions.c.id == session_id,
        council_sessions.c.province.in_(provinces_of(conversation.person.memberships)),
        ~_sits(conversation.person_id),
    )
    return (await connection.execute(select(council_sessions).where(*which))).one_or_none()


async def session_row(connection: AsyncConnection, session_id: int) -> Any:
    return (await connection.execute(select(council_sessions).where(council_sessions.c.id == session_id))).one()


async def locked_session(connection: AsyncConnection, session_id: int, *, share: bool = False) -> None:
    """Until the transaction ends. `share`: others may score beside, but nobody may close it."""
    if connection.dialect.name == "postgresql":
        statement = select(council_sessions.c.id).where(council_sessions.c.id == session_id)
        await connection.execute(statement.with_for_update(read=share))


async def council_of(connection: AsyncConnection, session: Any, now: datetime, *, in_full: bool = True) -> Council:
    """`in_full`: with the marks of submitted ballots, and what could be put before it."""
    everybody = (await connection.execute(_seats(session.id))).all()
    rows = [row for row in everybody if not row.advisory]
    group = [row for row in everybody if row.advisory]
    tabled = (await connection.execute(_TABLED.where(council_cases.c.session_id == session.id))).all()
    statement = select(ballots).join(council_seats, council_seats.c.id == ballots.c.seat_id)
    cast = (await connection.execute(statement.where(council_seats.c.session_id == session.id))).all()
    tied: set[tuple[int, int]] = set()
    if session.closed_at is None:  # afterwards it is what it was then
        there = {row.person_id for row in everybody if row.person_id is not None}
        tied = await bound(connection, there, {row.case_id for row in tabled})
    by_seat = {(row.seat_id, row.case_id): row for row in cast}
    return Council(
        id=session.id,
        name=f"{session.number}/{session.year}",
        province=session.province,
        opened_on=session.opened_at.astimezone(_VIETNAM).date(),
        seats=tuple(_seat(row, now) for row in rows),
        products=tuple(
            replace(
                _tabled(row, rows, by_seat, tied, in_full=in_full),
                handed_over=advice.handed_over(row, group, by_seat, tied, closed=session.closed_at is not None),
            )
            for row in tabled
        ),
        closed_at=session.closed_at.astimezone(_VIETNAM) if session.closed_at is not None else None,
        ready=await _ready(connection, session.province) if in_full and session.closed_at is None else (),
        until=session.score_until,
        group=tuple(_seat(row, now) for row in group),
    )


def _seats(session_id: int) -> Any:
    return select(council_seats).where(council_seats.c.session_id == session_id).order_by(council_seats.c.number)


_TABLED = (
    select(
        council_cases,
        *_OF_A_CASE,
    )
    .join(cases, cases.c.id == council_cases.c.case_id)
    .join(people, people.c.id == cases.c.person_id)
    .order_by(cases.c.id)
)


def _seat(row: Any, now: datetime) -> Seat:
    waits = row.person_id is None and row.expires_at > now
    until = row.expires_at.astimezone(_VIETNAM).date() if waits else None
    return Seat(row.number, row.name, row.chair, row.person_id is not None, until, row.advisory)


def _tabled(
    row: Any, seats: Sequence[Any], by_seat: Mapping[tuple[int, int], Any], tied: Collection[Any], *, in_full: bool
) -> Tabled:
    closed = row.product_set is not None
    number = row.product_set if closed else set_of(row.ruleset, row.answers)
    found = (
        _cast(seat, by_seat.get((seat.id, row.case_id)), number, (seat.person_id, row.case_id) in tied, in_full=in_full)
        for seat in seats
    )
    return Tabled(
        code=row.code,
        product=row.product,
        by=_maker(row),
        commune=row.commune,
        ruleset=row.ruleset,
        product_set=number,
        status=row.status,
        ballots=tuple(found),
        agreed=_agreed(row) if closed else None,
    )


def _cast(seat: Any, row: Any, number: int, tied: bool, *, in_full: bool) -> Cast:
    standing = BOUND if tied else row.standing if row is not None else ""
    submitted = row is not None and row.submitted_at is not None and row.product_set == number and standing == FREE
    done = len(row.marks) if row is not None and row.product_set == number else 0
    return Cast(seat.number, standing, row.marks if in_full and submitted else {}, submitted, done)


def _agreed(row: Any) -> Agreed:
    points = (row.points_a, row.points_b, row.points_c)
    return Agreed({code: Decimal(given) for code, given in row.items.items()}, points, row.stars or 0)


async def _ready(connection: AsyncConnection, province: str) -> tuple[tuple[str, str], ...]:
    """Dossiers in evaluation that are before no open session, and whose score sheet is known."""
    which = (cases.c.province == province, cases.c.status == SCORING, cases.c.ruleset.in_(SCORED), ~IN_SESSION)
    statement = select(cases.c.code, cases.c.product, cases.c.ruleset, cases.c.answers).where(*which)
    rows = await connection.execute(statement.order_by(cases.c.id).limit(MOST_READY))
    return tuple((row.code, row.product) for row in rows if set_of(row.ruleset, row.answers))


IN_SESSION = (
    exists()
    .where(council_cases.c.case_id == cases.c.id, council_sessions.c.id == council_cases.c.session_id)
    .where(council_sessions.c.closed_at.is_(None))
    .correlate(cases)
)
"""Whether a case of the statement is before a session that is still open."""


async def in_session(connection: AsyncConnection, case_id: int) -> bool:
    statement = select(cases.c.id).where(cases.c.id == case_id, IN_SESSION)
    return (await connection.execute(statement)).first() is not None


async def council_on(connection: AsyncConnection, code: str) -> dict[str, Any]:
    """For whoever may enter the result of a case: the session that scores it, and what one came to that is over."""
    case_id = (await connection.execute(select(cases.c.id).where(cases.c.code == code))).scalar_one()
    return {"sitting": await sitting_of(connection, code), "agreed": await agreed_on(connection, case_id)}


async def sitting_of(connection: AsyncConnection, code: str) -> Sitting | None:
    """The session that scores a case now."""
    here = (cases.c.code == code, council_sessions.c.closed_at.is_(None))
    scores = (council_seats.c.session_id == council_sessions.c.id, ~council_seats.c.advisory)
    members = select(func.count()).where(*scores).scalar_subquery()
    cast = (
        ~council_seats.c.advisory,
        council_seats.c.session_id == council_sessions.c.id,
        ballots.c.seat_id == council_seats.c.id,
    )
    sheets = select(func.count()).where(*cast, ballots.c.case_id == cases.c.id, ballots.c.submitted_at.is_not(None))
    statement = (
        select(
            council_sessions.c.number,
            council_sessions.c.year,
            sheets.scalar_subquery().label("sheets"),
            members.label("members"),
        )
        .join(council_cases, council_cases.c.session_id == council_sessions.c.id)
        .join(cases, cases.c.id == council_cases.c.case_id)
    )
    row = (await connection.execute(statement.where(*here))).one_or_none()
    return Sitting(f"{row.number}/{row.year}", row.sheets, row.members) if row is not None else None


async def agreed_on(connection: AsyncConnection, case_id: int) -> Agreed | None:
    """What the newest session came to that has ended since the case last came to the council; None where there is none.

    A dossier that was returned is scored anew. A return that was taken back (storage.undo) is no coming back.
    """
    came = (case_events.c.case_id == case_id, case_events.c.to_status == SCORING)
    moved = (case_events.c.from_status != SCORING, case_events.c.action != "undo")
    since = select(func.max(case_events.c.happened_at)).where(*came, *moved).scalar_subquery()
    statement = (
        select(council_cases)
        .join(council_sessions, council_sessions.c.id == council_cases.c.session_id)
        .where(council_cases.c.case_id == case_id, council_cases.c.product_set.is_not(None))
        .where(or_(since.is_(None), council_sessions.c.closed_at >= since))
        .order_by(council_cases.c.session_id.desc())
    )
    row = (await connection.execute(statement.limit(1))).one_or_none()
    return _agreed(row) if row is not None else None


async def scored_anew(connection: AsyncConnection, case_id: int) -> tuple[list[int], list[int]]:
    """A case comes back to the council: what was handed in before in a session still open has to be handed in again.

    Returns the persons concerned: members of the council, and of its advisory group, who read it anew.
    """
    still_open = select(council_sessions.c.id).where(council_sessions.c.closed_at.is_(None))
    there = select(council_seats.c.id).where(council_seats.c.session_id.in_(still_open))
    of_it = (ballots.c.case_id == case_id, ballots.c.submitted_at.is_not(None), ballots.c.seat_id.in_(there))
    back = update(ballots).where(*of_it).values(submitted_at=None).returning(ballots.c.seat_id)
    ids = list((await connection.execute(back)).scalars())
    who = select(council_seats.c.person_id, council_seats.c.advisory)
    theirs = (council_seats.c.id.in_(ids), council_seats.c.person_id.is_not(None))
    rows = (await connection.execute(who.where(*theirs).order_by(council_seats.c.person_id))).all()
    return [row.person_id for row in rows if not row.advisory], [row.person_id for row in rows if row.advisory]


# ---------------------------------------------------------------- what a secretary writes


async def open_session(connection: AsyncConnection, province: str, person_id: int, now: datetime) -> None:
    """Of two at the same moment the second finds its number taken and fails: it is done again with the next one."""
    year = now.astimezone(_VIETNAM).year
    this_year = (council_sessions.c.province == province, council_sessions.c.year == year)
    last = (await connection.execute(select(func.max(council_sessions.c.number)).where(*this_year))).scalar()
    row = {"province": province, "year": year, "number": int(last or 0) + 1, "opened_by": person_id, "opened_at": now}
    await connection.execute(insert(council_sessions).values(row))


async def set_scoring_day(connection: AsyncConnection, session_id: int, until: date | None) -> None:
    await connection.execute(
        update(council_sessions).where(council_sessions.c.id == session_id).values(score_until=until)
    )


async def table_case(connection: AsyncConnection, session_id: int, case_id: int) -> None:
    await connection.execute(insert(council_cases).values(session_id=session_id, case_id=case_id))


async def untable_case(connection: AsyncConnection, session_id: int, case_id: int) -> None:
    """What was marked, handed in and remarked goes with it."""
    of_it = (
        ballots.c.case_id == case_id,
        ballots.c.seat_id.in_(select(council_seats.c.id).where(council_seats.c.session_id == session_id)),
    )
    await connection.execute(delete(ballots).where(*of_it))
    which = (council_cases.c.session_id == session_id, council_cases.c.case_id == case_id)
    await connection.execute(delete(council_cases).where(*which))


async def close_session(connection: AsyncConnection, council: Council, person_id: int, now: datetime) -> None:
    """Of a locked session. Who is concerned by the record is written down as it is now: roles may end later."""
    seats = {row.number: row.id for row in await connection.execute(_seats(council.id))}
    for product in council.products:
        case_id = (await connection.execute(select(cases.c.id).where(cases.c.code == product.code))).scalar_one()
        which = (council_cases.c.session_id == council.id, council_cases.c.case_id == case_id)
        if product.agreed is None:  # it has left the council meanwhile: what was begun stays, and comes to nothing
            continue
        await connection.execute(update(council_cases).where(*which).values(_columns(product, product.agreed)))
        tied = [one.seat for one in product.ballots if one.standing == BOUND]
        tied += [one.seat for one in product.readings if one.standing == BOUND]
        for number in tied:
            values = {"standing": BOUND, "submitted_at": None}
            row = upsert(connection, ballots).values(seat_id=seats[number], case_id=case_id, **values)
            await connection.execute(row.on_conflict_do_update(index_elements=["seat_id", "case_id"], set_=values))
    closed = update(council_sessions).where(council_sessions.c.id == council.id)
    await connection.execute(closed.values(closed_by=person_id, closed_at=now))


def _columns(product: Tabled, agreed: Agreed) -> dict[str, Any]:
    a, b, c = agreed.points
    return {
        "product_set": product.product_set,
        "items": {code: str(points) for code, points in agreed.items.items()},
        "points_a": a,
        "points_b": b,
        "points_c": c,
        "stars": agreed.stars or None,
    }


async def decide_stars(connection: AsyncConnection, session_id: int, code: str, stars: int) -> None:
    case_id = select(cases.c.id).where(cases.c.code == code).scalar_subquery()
    which = (council_cases.c.session_id == session_id, council_cases.c.case_id == case_id)
    await connection.execute(update(council_cases).where(*which).values(stars=stars))


async def members_to_remind(connection: AsyncConnection, session_id: int, numbers: Collection[int]) -> list[int]:
    """Person ids of those of these seats that somebody sits on."""
    which = (council_seats.c.session_id == session_id, council_seats.c.number.in_(numbers))
    statement = select(council_seats.c.person_id).where(*which, council_seats.c.person_id.is_not(None))
    return sorted((await connection.execute(statement)).scalars())


async def handed_in(connection: AsyncConnection, session_id: int) -> dict[tuple[int, str], datetime]:
    """When each ballot that counts was handed in, in Vietnamese time, by the member's number and the case's code."""
    statement = (
        select(council_seats.c.number, cases.c.code, ballots.c.submitted_at)
        .join(council_seats, council_seats.c.id == ballots.c.seat_id)
        .join(cases, cases.c.id == ballots.c.case_id)
        .where(council_seats.c.session_id == session_id, ballots.c.submitted_at.is_not(None))
    )
    rows = await connection.execute(statement)
    return {(row.number, row.code): row.submitted_at.astimezone(_VIETNAM) for row in rows}


async def name_of(connection: AsyncConnection, person_id: int | None) -> str:
    name = (await connection.execute(select(people.c.name).where(people.c.id == person_id))).scalar()
    return str(name or "")


# ---------------------------------------------------------------- one person, one seat


async def one_seat_each(connection: AsyncConnection, person_id: int, now: datetime) -> None:
    """Of a person who turns out to be two members of a session (storage.joining) the older seat stays taken.

    In sessions that are open; those that are over stay as they were. What the younger seat handed in counts no more,
    nor what it remarked, and its link, which may still be in a chat, works no more: nobody has two votes.
    """
    older = council_seats.alias("older")
    had = exists().where(
        older.c.session_id == council_seats.c.session_id,
        older.c.person_id == council_seats.c.person_id,
        older.c.id < council_seats.c.id,
    )
    still_open = select(council_sessions.c.id).where(council_sessions.c.closed_at.is_(None))
    which = (council_seats.c.person_id == person_id, council_seats.c.session_id.in_(still_open), had)
    doubles = list((await connection.execute(select(council_seats.c.id).where(*which))).scalars())
    await connection.execute(update(ballots).where(ballots.c.seat_id.in_(doubles)).values(submitted_at=None))
    of_group = select(council_seats.c.id).where(council_seats.c.id.in_(doubles), council_seats.c.advisory)
    await connection.execute(update(ballots).where(ballots.c.seat_id.in_(of_group)).values(standing=""))
    freed = update(council_seats).where(council_seats.c.id.in_(doubles))
    await connection.execute(freed.values(person_id=None, taken_at=None, expires_at=now))


# ---------------------------------------------------------------- the end of everything


async def forget_empty(connection: AsyncConnection) -> None:
    """Sessions that are over and of whose dossiers none is kept any more, with the names of their members."""
    left = exists().where(council_cases.c.session_id == council_sessions.c.id).correlate(council_sessions)
    empty = select(council_sessions.c.id).where(council_sessions.c.closed_at.is_not(None), ~left)
    ids = list((await connection.execute(empty)).scalars())
    await connection.execute(delete(council_seats).where(council_seats.c.session_id.in_(ids)))
    await connection.execute(delete(council_sessions).where(council_sessions.c.id.in_(ids)))

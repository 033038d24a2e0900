"""Who works where: colleagues, who is away and who covers for them, and what is in whose hand."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, Date, and_, bindparam, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.engine import dialog_name
from dialogs.model import Absence, Colleague, Membership, Role
from dialogs.rules.lifecycle import AUTHORITIES, STATUSES, Side, moves_from
from storage.models import absences, case_events, cases, memberships, people
from storage.rights import REACHABLE, covers, present_at, sides_at

if TYPE_CHECKING:
    from storage.records import Conversation

STANDS = memberships.c.removed_at.is_(None)
"""A membership that nobody has taken back."""
IN_HAND = cases.c.owner != str(Side.NOBODY)
"""A case that is not at its end; also one that its producer has at the moment is in its holder's hand."""
HOLDER_STANDS = (
    exists()
    .where(memberships.c.person_id == cases.c.holder_id, STANDS)
    .where(memberships.c.territory.in_(("", cases.c.province, cases.c.territory)))
    .correlate(cases)
)
"""Whether the one who has a case still has a role that its place belongs to; else the case counts as free."""
SHOW_STAFF = {"staff", "colleague", "hand_all", "dismiss", "leave"}
"""Dialogs that know the colleagues; for the others they are not read."""
_RANK = {role: n for n, role in enumerate(Role)}

# ---------------------------------------------------------------- who there is


_PEOPLE = (
    select(memberships.c.person_id, memberships.c.role, memberships.c.territory, people.c.name)
    .join(people, people.c.id == memberships.c.person_id)
    .where(STANDS)
)


async def colleagues_of(
    connection: AsyncConnection,
    person_id: int,
    members: Iterable[Membership],
    territory: str = "",
    today: date | None = None,
) -> tuple[Colleague, ...]:
    """The others of those of an officer's own offices that answer for a territory ("": for anything), each once.

    The office is the commune, the province or the administration of which `members` makes one. Who can't be told
    anything, or is away on `today`, is left out.
    """
    offices = {m.territory for m in members if not territory or covers([m], territory)}
    return await _at(connection, offices, person_id, today)


async def covers_for(
    connection: AsyncConnection, person_id: int, members: Collection[Membership], today: date | None = None
) -> tuple[Colleague, ...]:
    """Who can do an officer's work: the others of the same office; where there is nobody, the nearest above."""
    offices = {m.territory for m in members}
    while True:
        found = await _at(connection, offices, person_id, today)
        if found or not any(offices):
            return found
        offices = {office.rpartition("/")[0] for office in offices}


async def _at(
    connection: AsyncConnection, offices: Collection[str], but: int, today: date | None
) -> tuple[Colleague, ...]:
    which = (memberships.c.territory.in_(offices), memberships.c.person_id != but, REACHABLE)
    rows = (await connection.execute(_PEOPLE.where(*which))).all()
    away = await on_leave(connection, today) if today is not None else {}
    found: dict[int, Any] = {}
    for row in sorted(rows, key=lambda row: (row.name, row.person_id, -_RANK[Role(row.role)])):
        if row.person_id not in away:
            found.setdefault(row.person_id, row)
    return await _colleagues(connection, found.values(), {})


async def people_of(connection: AsyncConnection, territory: str, today: date) -> tuple[Colleague, ...]:
    """Everybody of a commune or a province, one for each role; of "" the administrators and the provinces' officers."""
    inside = or_(memberships.c.territory == territory, memberships.c.territory.like(f"{territory}/%"))
    which = inside if territory else func.length(memberships.c.territory) < len("15/")
    rows = (await connection.execute(_PEOPLE.where(which))).all()
    ordered = sorted(rows, key=lambda row: (row.territory, -_RANK[Role(row.role)], row.name, row.person_id))
    return await _colleagues(connection, ordered, await _last_days(connection, today))


async def roles_of(connection: AsyncConnection, person_id: int, today: date) -> tuple[Colleague, ...]:
    """One person, once for each role of their own."""
    rows = (await connection.execute(_PEOPLE.where(memberships.c.person_id == person_id))).all()
    return await _colleagues(connection, rows, await _last_days(connection, today))


async def memberships_of(
    connection: AsyncConnection,
    person_ids: Collection[int],
    covered: Mapping[int, frozenset[int]] = MappingProxyType({}),
) -> dict[int, tuple[Membership, ...]]:
    """Each once: their own, and those of whom they cover for; `covered` as covered_by gives it."""
    everybody = {*person_ids, *(absent for whom in covered.values() for absent in whom)}
    own: dict[int, list[Membership]] = {}
    for row in await connection.execute(_MEMBERSHIPS, {"persons": list(everybody)}):
        own.setdefault(row.person_id, []).append(Membership(Role(row.role), row.territory))
    return {
        person: tuple(dict.fromkeys(m for who in (person, *covered.get(person, ())) for m in own.get(who, ())))
        for person in person_ids
        if person in own
    }


_PERSONS: BindParameter[Any] = bindparam("persons", expanding=True)
_MEMBERSHIPS = (
    select(memberships.c.person_id, memberships.c.role, memberships.c.territory)
    .where(memberships.c.person_id.in_(_PERSONS), STANDS)
    .order_by(memberships.c.id)
)


async def own_memberships(connection: AsyncConnection, person_id: int) -> tuple[Membership, ...]:
    """Without those that come from covering for somebody."""
    return (await memberships_of(connection, [person_id])).get(person_id, ())


async def _colleagues(
    connection: AsyncConnection, rows: Iterable[Any], away: Mapping[int, date]
) -> tuple[Colleague, ...]:
    rows = list(rows)
    ids = {row.person_id for row in rows}
    held = (
        select(cases.c.holder_id, func.count().label("cases"))
        .where(cases.c.holder_id.in_(ids), IN_HAND)
        .group_by(cases.c.holder_id)
    )
    counts = {row.holder_id: row.cases for row in await connection.execute(held)} if ids else {}
    seen = dict.fromkeys((row.person_id, row.name, Role(row.role), row.territory) for row in rows)
    return tuple(Colleague(*key, counts.get(key[0], 0), away.get(key[0])) for key in seen)


def shows_staff(conversation: "Conversation") -> bool:
    return bool(conversation.person.memberships) and dialog_name(conversation.state.key) in SHOW_STAFF


async def staff_facts(
    connection: AsyncConnection, conversation: "Conversation", today: date
) -> tuple[tuple[Colleague, ...], Absence | None]:
    """The people whom the dialog is about, oneself as person 0, and one's own leave.

    "staff": all of the territory. "colleague", "hand_all", "dismiss": that person, for each role, then, for the
    latter two, who could have their cases. "leave": who could cover.
    """
    me, members = conversation.person_id, conversation.person.memberships
    name, _, subject = conversation.state.key.partition(".")
    if name == "leave":
        own = await own_memberships(connection, me)
        return await covers_for(connection, me, own, today), await absence_of(connection, me, today)
    if name == "staff":
        return _and_me(await _staff(connection, members, subject, today), me), await absence_of(connection, me, today)
    person = int(subject) if subject.isascii() and subject.isdigit() and len(subject) < _LONGEST_ID else 0
    roles = await roles_of(connection, person or me, today)
    seen = tuple(role for role in roles if not person or covers(members, role.territory))
    if name == "colleague" or not seen:
        return _and_me(seen, me), None
    offices = tuple(Membership(role.role, role.territory) for role in seen)
    others = await covers_for(connection, person or me, offices, today)
    if person and all(other.person_id != me for other in others):
        others = (*others, *(await roles_of(connection, me, today))[:1])
    return _and_me((*seen, *others), me), None


_LONGEST_ID = 16


def _and_me(found: Iterable[Colleague], me: int) -> tuple[Colleague, ...]:
    return tuple(replace(one, person_id=0) if one.person_id == me else one for one in found)


async def _staff(
    connection: AsyncConnection, members: Iterable[Membership], subject: str, today: date
) -> tuple[Colleague, ...]:
    """Everybody of a place that lies in one's territory; without one of the territories themselves."""
    wanted = [subject] if subject else sorted({member.territory for member in members})
    within = [place for place in wanted if covers(members, place)]
    found = [one for place in within for one in await people_of(connection, place, today)]
    return tuple(dict.fromkeys(found))


# ---------------------------------------------------------------- who is away


_TODAY: BindParameter[date] = bindparam("today", type_=Date)


def _on(today: Any) -> Any:
    return and_(absences.c.first_on <= today, absences.c.last_on >= today, absences.c.ended_at.is_(None))


async def on_leave(connection: AsyncConnection, today: date) -> dict[int, int]:
    """Who is away, and who does their work: where a cover is away too, the cover's cover."""
    rows = await connection.execute(_ON_LEAVE, {"today": today})
    direct = {row.person_id: row.cover_id for row in rows}
    return {person: cover for person in direct if (cover := _last_in_line(person, direct)) not in direct}


_ON_LEAVE = select(absences.c.person_id, absences.c.cover_id).where(_on(_TODAY))


async def acting(
    connection: AsyncConnection, person_ids: Collection[int], today: date | None, but: int = 0
) -> dict[int, int]:
    """For each of these officers who is told in their place, themselves or their cover; without those who can't be.

    `today` None: nobody is away. Nobody is told of their own case (`but`).
    """
    if not person_ids:
        return {}
    away = await on_leave(connection, today) if today is not None else {}
    stands_in = {person: away.get(person, person) for person in person_ids}
    can_be_told = await connection.execute(_CAN_BE_TOLD, {"people": list(set(stands_in.values()) - {but})})
    told = set(can_be_told.scalars())
    return {person: other for person, other in stands_in.items() if other in told and person != but}


_CAN_BE_TOLD = select(memberships.c.person_id).where(
    memberships.c.person_id.in_(bindparam("people", expanding=True)), STANDS, REACHABLE
)


def _last_in_line(person: int, direct: Mapping[int, int]) -> int:
    """The one at the end of the line; somebody of the line itself where it is a circle."""
    for _ in direct:
        if person not in direct:
            break
        person = direct[person]
    return person


async def covered_by(
    connection: AsyncConnection, person_ids: Collection[int], today: date
) -> dict[int, frozenset[int]]:
    """For each of these persons whom they cover for today, directly or because the one who does is away too."""
    found: dict[int, set[int]] = {}
    line = {person_id: {person_id} for person_id in person_ids}  # who is looked at: for whom of those asked about
    seen = {(person_id, person_id) for person_id in person_ids}
    while line:
        rows = await connection.execute(_COVERED, {"persons": list(line), "today": today})
        further: dict[int, set[int]] = {}
        for row in rows:
            new = {person for person in line[row.cover_id] if (person, row.person_id) not in seen}
            for person in new:
                seen.add((person, row.person_id))
                found.setdefault(person, set()).add(row.person_id)
                further.setdefault(row.person_id, set()).add(person)
        line = further
    return {person: frozenset(whom) for person, whom in found.items()}


_COVERED = select(absences.c.person_id, absences.c.cover_id).where(
    absences.c.cover_id.in_(_PERSONS), _on(bindparam("today", type_=Date))
)


async def _last_days(connection: AsyncConnection, today: date) -> dict[int, date]:
    rows = await connection.execute(select(absences.c.person_id, absences.c.last_on).where(_on(today)))
    return {row.person_id: row.last_on for row in rows}


def _not_over(today: date) -> Any:
    return and_(absences.c.last_on >= today, absences.c.ended_at.is_(None))


async def absence_of(connection: AsyncConnection, person_id: int, today: date) -> Absence | None:
    """The leave somebody is on, or the next one."""
    which = (absences.c.person_id == person_id, _not_over(today))
    statement = select(absences, people.c.name).join(people, people.c.id == absences.c.cover_id).where(*which)
    row = (await connection.execute(statement.order_by(absences.c.first_on).limit(1))).one_or_none()
    return Absence(row.first_on, row.last_on, row.name) if row is not None else None


async def is_away(connection: AsyncConnection, person_id: int, first_on: date, last_on: date) -> bool:
    """Whether somebody is away on any of these days."""
    which = (absences.c.person_id == person_id, absences.c.first_on <= last_on, _not_over(first_on))
    return (await connection.execute(select(absences.c.id).where(*which).limit(1))).first() is not None


async def take_leave(
    connection: AsyncConnection, person_id: int, cover_id: int, first_on: date, last_on: date, now: datetime
) -> list[int]:
    """A new leave takes the place of those it overlaps with; returns their covers."""
    overlapping = (absences.c.person_id == person_id, absences.c.first_on <= last_on, _not_over(first_on))
    ended = update(absences).where(*overlapping).values(ended_at=now).returning(absences.c.cover_id)
    covers = sorted(set((await connection.execute(ended)).scalars()))
    row = {"person_id": person_id, "cover_id": cover_id, "first_on": first_on, "last_on": last_on, "created_at": now}
    await connection.execute(insert(absences).values(row))
    return covers


async def end_leave(connection: AsyncConnection, person_id: int, today: date, now: datetime) -> list[int]:
    """End the leave somebody is on, or else the next one; returns its cover, or nobody."""
    which = (absences.c.person_id == person_id, _not_over(today))
    first = select(absences.c.id).where(*which).order_by(absences.c.first_on).limit(1).scalar_subquery()
    ended = update(absences).where(absences.c.id == first).values(ended_at=now).returning(absences.c.cover_id)
    return list((await connection.execute(ended)).scalars())


async def former_covers(connection: AsyncConnection, person_id: int, today: date) -> list[int]:
    """Who ever covered for somebody in a leave that went on to its last day, however long ago that was."""
    which = (absences.c.person_id == person_id, absences.c.last_on < today, absences.c.ended_at.is_(None))
    found = select(absences.c.cover_id).where(*which).distinct().order_by(absences.c.cover_id)
    return list((await connection.execute(found)).scalars())


async def end_leaves_covered_by(connection: AsyncConnection, cover_id: int, today: date, now: datetime) -> list[int]:
    """Nobody covers any more where this person did; returns who was to be covered."""
    which = (absences.c.cover_id == cover_id, _not_over(today))
    ended = update(absences).where(*which).values(ended_at=now).returning(absences.c.person_id)
    return sorted(set((await connection.execute(ended)).scalars()))


# ---------------------------------------------------------------- what is in whose hand


async def held_by(connection: AsyncConnection, person_id: int, *more: Any) -> list[Any]:
    """The open cases in somebody's hand, locked for this transaction, in the order of their ids."""
    statement = select(cases).where(cases.c.holder_id == person_id, IN_HAND, *more).order_by(cases.c.id)
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(key_share=True)
    return list(await connection.execute(statement))


async def able(connection: AsyncConnection, person_id: int, held: Iterable[Any]) -> list[Any]:
    """Those of these cases that somebody may go on with, now or when their producer has answered; never their own.

    A case in the hand of somebody who can do nothing with it would wait for nobody.
    """
    members = await own_memberships(connection, person_id)
    found = []
    sides: dict[tuple[str, int], frozenset[Side]] = {}
    for case in held:
        key = (case.territory, case.person_id)
        if key not in sides:
            present = await present_at(connection, (case.territory, case.province), case.person_id)
            sides[key] = sides_at(members, case.territory, present)
        if case.person_id != person_id and _next_side(case.status) in sides[key]:
            found.append(case)
    return found


async def able_today(connection: AsyncConnection, person_id: int, held: Collection[Any], today: date) -> list[Any]:
    """As `able`, also in place of those whom this person covers for today."""
    covered = (await covered_by(connection, [person_id], today)).get(person_id, frozenset())
    may = {case.id for one in (person_id, *covered) for case in await able(connection, one, held)}
    return [case for case in held if case.id in may and case.person_id != person_id]


def _next_side(status: str) -> Side:
    """The authority that has a case, or gets it from its producer."""
    owner = STATUSES[status].owner
    if owner in AUTHORITIES:
        return owner
    return next((STATUSES[m.to_status].owner for m in moves_from(status) if m.who is owner), owner)


async def put_into_hand(
    connection: AsyncConnection,
    held: Collection[Any],
    to_id: int | None,
    actor_id: int | None,
    channel: str,
    now: datetime,
) -> None:
    """Cases change hands, or are free (None); each has it in its history, with the name of who has it now."""
    if not held:
        return
    ids = [case.id for case in held]
    values = {"holder_id": to_id, "held_at": now if to_id is not None else None, "updated_at": now}
    await connection.execute(update(cases).where(cases.c.id.in_(ids)).values(values))
    name = await name_of(connection, to_id) if to_id is not None else ""
    rows = [
        {
            "case_id": case.id,
            "actor_id": actor_id,
            "action": "pass" if to_id is not None else "release",
            "from_status": case.status,
            "to_status": case.status,
            "reason": name,
            "channel": channel,
            "happened_at": now,
        }
        for case in held
    ]
    await connection.execute(insert(case_events), rows)


async def name_of(connection: AsyncConnection, person_id: int) -> str:
    """As the person wrote it; "" when not known."""
    return (await connection.execute(select(people.c.name).where(people.c.id == person_id))).scalar_one_or_none() or ""


# ---------------------------------------------------------------- taking a role back


async def locked_roles(connection: AsyncConnection, person_id: int, territory: str | None = None) -> list[Any]:
    """Somebody's memberships, of one territory or all, held until the transaction ends.

    With those of the whole country all administrators are held, so that two can't remove each other at once.
    """
    administrators = memberships.c.role == str(Role.ADMINISTRATOR)
    who = memberships.c.person_id == person_id
    statement = select(memberships).where(or_(who, administrators) if territory == "" else who, STANDS)
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(key_share=True)
    rows = (await connection.execute(statement.order_by(memberships.c.id))).all()
    return [row for row in rows if territory is None or row.territory == territory]


async def take_back(
    connection: AsyncConnection, membership_ids: Collection[int], person_id: int, now: datetime
) -> bool:
    """End memberships, which stay in the record; whether the person has no other one left."""
    ended = update(memberships).where(memberships.c.id.in_(membership_ids)).values(removed_at=now)
    await connection.execute(ended)
    left = await own_memberships(connection, person_id)
    if not left:
        await _mark_no_officer(connection, person_id)
    return not left


async def _mark_no_officer(connection: AsyncConnection, person_id: int) -> None:
    """Spares a query at each of their updates; so not worth waiting for somebody who is just being answered.

    Two who take each other's role back at once hold their own rows, and would wait for one another.
    """
    here = select(people.c.id).where(people.c.id == person_id)
    if connection.dialect.name == "postgresql":
        here = here.with_for_update(skip_locked=True)
    await connection.execute(update(people).where(people.c.id.in_(here)).values(officer=False))

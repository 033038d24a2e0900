"""The morning's overview of each officer: when it is due, what is in it, and having it again later."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import turn
from bot.world import World
from dialogs.model import Membership, Text
from dialogs.officer.digest import afternoon_of, digest, given_name
from dialogs.officer.office import place_first
from dialogs.rules.working_days import USUAL_SESSIONS, at_minute, is_working_day
from storage import desk, digests
from storage.calendar import Office, offices_at
from storage.records import VIETNAM
from storage.staff import covered_by, memberships_of, name_of, on_leave

DUE, TOO_LATE = 7 * 60, 11 * 60
"""Minutes of the day between which a morning's overview goes out; later the morning is over."""


async def postpone(turned: turn.Turned, due_at: datetime) -> None:
    """Only an officer has one; the dialog lets nobody else here."""
    day = turned.now.astimezone(VIETNAM).date()
    await digests.put_off(turned.connection, turned.conversation.person_id, day, due_at)


def is_morning(now: datetime) -> bool:
    day = now.astimezone(VIETNAM).date()
    return at_minute(day, DUE) <= now < at_minute(day, TOO_LATE)


async def officers_due(connection: AsyncConnection, world: World, now: datetime) -> list[int]:
    """Who is to have this morning's overview and has not: whoever works today and is not on leave."""
    if not is_morning(now):
        return []
    day = now.astimezone(VIETNAM).date()
    waiting = await digests.without_one(connection, day, at_minute(day, DUE))
    away = await on_leave(connection, day) if waiting else {}
    members = await memberships_of(connection, waiting) if waiting else {}
    places = {member.territory for own in members.values() for member in own}
    offices = await offices_at(connection, places, world.days_off) if places else {}
    return [person for person in waiting if person not in away and works_today(members.get(person, ()), offices, day)]


def works_today(members: Collection[Membership], offices: Mapping[str, Office], day: date) -> bool:
    """Whether one of the offices of these members is open."""
    return any(is_working_day(day, offices[member.territory].days_off) for member in members)


async def put_off_until(connection: AsyncConnection, world: World, now: datetime) -> list[tuple[int, date]]:
    return await digests.put_off_until(connection, now)


async def tell(world: World, now: datetime, connection: AsyncConnection, person_id: int) -> None:
    """This morning's overview to one officer, once; nothing when there is nothing to do."""
    if await digests.claim(connection, person_id, now.astimezone(VIETNAM).date(), now):
        await _post(connection, world, person_id, now)


async def tell_again(world: World, now: datetime, connection: AsyncConnection, put_off: tuple[int, date]) -> None:
    if await digests.claim_again(connection, *put_off, now):
        await _post(connection, world, put_off[0], now)


async def _post(connection: AsyncConnection, world: World, person_id: int, now: datetime) -> None:
    covered = await covered_by(connection, [person_id], now.astimezone(VIETNAM).date())
    members = (await memberships_of(connection, [person_id], covered)).get(person_id, ())
    if not members:
        return
    counts = await desk.counts_for(connection, person_id, members, now, world.days_off)
    place, sessions = await _office(connection, members)
    name = given_name(await name_of(connection, person_id))
    message = digest(name, place, counts, afternoon_of(sessions))
    if message is None:
        return
    await turn.tell(connection, world, [person_id], message, now)


async def _office(
    connection: AsyncConnection, members: Sequence[Membership]
) -> tuple[Text | str, tuple[tuple[int, int], ...]]:
    """The name and the hours of the one office somebody works in; "" and the usual ones of several, or of none."""
    territories = {member.territory for member in members}
    if len(territories) != 1 or territories == {""}:
        return "", USUAL_SESSIONS
    (territory,) = territories
    office = (await offices_at(connection, [territory]))[territory]
    return place_first(territory), office.sessions

"""Cases that are overdue: their officers are told first, and one person above them at the end of that working day."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.render import compose
from bot.turn import About, new_alert, tell, words_of
from bot.world import PLAIN, World
from dialogs.officer.digest import given_name
from dialogs.officer.office import clock_time, place_first
from dialogs.officer.overdue import Late, passed_up, passed_up_already, warning
from dialogs.rules.working_days import at_minute, closing_time, is_working_day, working_days_between
from storage import audit
from storage.calendar import Office, desk_of, offices_at
from storage.overdue import Overdue, answerable, escalated, nobody_above, overdue, warned
from storage.records import VIETNAM
from storage.staff import name_of

TIME_TO_ACT = timedelta(hours=1)
"""At least so long before it is passed up somebody is told; else they are told the next morning."""

Group = tuple[Overdue, ...]
"""Cases of one desk that are in the same hand and at the same point, so that one message tells of all of them."""


async def groups_due(connection: AsyncConnection, world: World, now: datetime) -> list[Group]:
    """The groups for which something is to be done now, by the hours of their own office."""
    day = now.astimezone(VIETNAM).date()
    found = await overdue(connection, day, now)
    offices = await offices_at(connection, {_desk(one) for one in found}, world.days_off) if found else {}
    return [group for group in _grouped(found) if _is_time(world, group[0], offices[_desk(group[0])], now)]


def ids(group: Group) -> tuple[int, ...]:
    return tuple(one.id for one in group)


def _desk(one: Overdue) -> str:
    return desk_of(one.territory, one.owner)


def _grouped(found: Iterable[Overdue]) -> list[Group]:
    def alike(one: Overdue) -> tuple[str, str, int, str]:
        return one.territory, one.owner, one.holder_id or 0, one.escalation

    return [tuple(group) for _, group in groupby(sorted(found, key=alike), alike)]


def _is_time(world: World, one: Overdue, office: Office, now: datetime) -> bool:
    """To tell: while the office is open, with time left to act. To pass up: as soon as nobody is woken by it.

    Not at 7:00: then there is one message, the overview, which counts these cases.
    """
    day = now.astimezone(VIETNAM).date()
    if one.escalation:
        return world.awake_at(now, office.days_off) == now
    opens, ends = at_minute(day, office.sessions[0][0]), closing_time(day, office.sessions)
    return is_working_day(day, office.days_off) and opens <= now <= ends - TIME_TO_ACT


async def follow_up(world: World, now: datetime, connection: AsyncConnection, group: Group) -> None:
    """Tell the group's officers, or whom they were told of; once, whoever else looks at the same moment."""
    first = group[0]
    office = (await offices_at(connection, [_desk(first)], world.days_off))[_desk(first)]
    if first.escalation:
        await _pass_up(connection, world, group, office, now)
    else:
        await _warn(connection, world, group, office, now)


async def _warn(connection: AsyncConnection, world: World, group: Group, office: Office, now: datetime) -> None:
    day = now.astimezone(VIETNAM).date()
    who = await answerable(connection, group[0], day)
    ends = closing_time(day, office.sessions) if who.above is not None else None
    mine = _late(await warned(connection, group, day, ends), day, office)
    if mine:
        said = warning(mine, clock_time(office.sessions[-1][1]), given_name(who.above_name))
        passed_on = compose(words_of([warning(mine)]), world.catalog(world.default_locale), PLAIN).text
        await tell(connection, world, who.told, said, now, replace(_about(group), words=passed_on))


async def _pass_up(connection: AsyncConnection, world: World, group: Group, office: Office, now: datetime) -> None:
    """To the one above, and to its officers that it was done; where nobody is there any more, to nobody."""
    day = now.astimezone(VIETNAM).date()
    who = await answerable(connection, group[0], day)
    if who.above is None:
        await nobody_above(connection, group, day, now)
        return
    done = await escalated(connection, group, day, now)
    if not done:
        return
    mine, above = _late(done, day, office), given_name(who.above_name)
    holder = given_name(await name_of(connection, who.told[0])) if group[0].holder_id and who.told else ""
    said = passed_up(mine, place_first(group[0].territory), holder)
    await tell(connection, world, [who.above], said, now, _about(group))
    await tell(connection, world, who.told, passed_up_already(mine, above), now)
    entries = [audit.Entry("escalate", None, "", one.code, {"to": who.above}) for one in done]
    await audit.record(connection, entries, now)


def _about(group: Group) -> About:
    return About(territory=group[0].territory, alert=new_alert())


def _late(cases: Sequence[Overdue], day: date, office: Office) -> list[Late]:
    """The longest overdue first."""
    ordered = sorted(cases, key=lambda one: (one.due_on, one.id))
    days = (max(1, working_days_between(one.due_on, day, office.days_off)) for one in ordered)
    return [Late(one.code, one.product, late) for one, late in zip(ordered, days, strict=True)]

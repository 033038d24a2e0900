"""An alert that cannot be delivered is not an alert: what nobody has seen is tried on the next rung.

A rung that failed, that has to wait for the person to write, or that brought no proof in time makes the next one.
When none is left, somebody else hears of it: of an officer's alert the next in charge, of a producer's message the
officer who can telephone.
"""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from prometheus_client import Counter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.desk.apart import Apart
from bot.looking import look_again
from bot.meanwhile import links_of
from bot.turn import About, new_alert, notice
from bot.world import World
from dialogs.model import SendMessage
from dialogs.officer.told import unreached_officers, unreached_producer
from dialogs.rules.working_days import add_working_days, at_minute
from storage import notices, people, staff
from storage.calendar import days_off_of
from storage.database import reading
from storage.holding import holder_of
from storage.models import cases
from storage.models import people as people_table
from storage.notices import Standing
from storage.outbox import post
from storage.records import VIETNAM

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
BATCH = 50
"""Notices at one look; each climbs in a transaction of its own."""
ONE_DAY = timedelta(days=1)
"""How long a producer's message may lie unseen where nothing else is left to try: a telephone is off overnight. Of an
officer's it is a working day.
"""
CLIMBED = Counter("ocop_climbs_total", "Notices that had to climb, by what came of it", ["outcome"])


@dataclass
class Ladder:
    """A worker's loop. Any number of processes may run it: each notice is locked, and looked at anew, before it climbs.

    After a start whatever waits is tried first: that it lay there for long says nothing about its channel.
    """

    engine: AsyncEngine
    world: World
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._apart = Apart(self.engine, self.world.clock)
        self._since = self.world.clock()

    async def run(self) -> None:
        await look_again(self.look, LOOK_EVERY_S, self._closing)

    def close(self) -> None:
        self._apart.leave = True
        self._closing.set()

    async def look(self) -> None:
        now = self.world.clock()
        async with reading(self.engine) as connection:
            stuck = now - self._since >= notices.STUCK_AFTER
            due = await notices.due(connection, now, BATCH, stuck=stuck)
        await self._apart.each("climb", {notice_id: notice_id for notice_id in due}, self._climb)

    async def _climb(self, connection: AsyncConnection, notice_id: int) -> None:
        await climb(connection, self.world, notice_id, self.world.clock())


async def climb(connection: AsyncConnection, world: World, notice_id: int, now: datetime) -> None:
    """One step up, if it is time for one."""
    standing = await notices.standing(connection, notice_id, now)
    if standing is None:
        return
    rung = standing.next_rung
    if rung is not None:
        CLIMBED.labels("higher").inc()
        await notices.climb(connection, standing, rung, await _due_at(connection, world, standing, rung, now))
        return
    last = await _last_call(connection, world, standing)
    if standing.pending and now < last:
        await notices.wait_for_last(connection, standing, last, now)
        return
    await _not_delivered(connection, world, standing, now)


async def _due_at(connection: AsyncConnection, world: World, standing: Standing, rung: int, now: datetime) -> datetime:
    """At once, but to an officer in the hours in which they want to be told."""
    reach = standing.chats[standing.notice.bodies[rung][0]].reach or {}
    hours = reach.get("hours")
    if hours:
        return world.within((int(hours[0]), int(hours[1])), now)
    return world.awake_at(now, await _days_off(connection, standing)) if standing.notice.territory else now


async def _days_off(connection: AsyncConnection, standing: Standing) -> frozenset[date]:
    territory = standing.notice.territory
    return (await days_off_of(connection, [territory]))[territory]


async def _last_call(connection: AsyncConnection, world: World, standing: Standing) -> datetime:
    """Until when what a platform has taken, or is still to take, may come."""
    begun: datetime = standing.notice.created_at
    if not standing.notice.territory:
        return begun + ONE_DAY
    local = begun.astimezone(VIETNAM)
    day = add_working_days(local.date(), 1, world.days_off | await _days_off(connection, standing))
    return at_minute(day, local.hour * 60 + local.minute)


# ---------------------------------------------------------------- nothing is left to try


async def _not_delivered(connection: AsyncConnection, world: World, standing: Standing, now: datetime) -> None:
    notice_, first = standing.notice, not standing.notice.passed_on
    status = await notices.give_up(connection, standing, now)
    CLIMBED.labels(status).inc()
    if not first or await notices.have_come(connection, {_until(standing)}):
        return
    if notice_.territory:
        await _pass_on(connection, world, standing, now)
    elif notice_.case_code:
        await _have_called(connection, world, standing, now)


def _until(standing: Standing) -> int:
    """As bot.turn.About has it."""
    return next((int(body.get("until", 0)) for _, body in standing.notice.bodies), 0)


async def _pass_on(connection: AsyncConnection, world: World, standing: Standing, now: datetime) -> None:
    """To the next in charge, unless one of those who were told the same has it, or may still get it."""
    notice_ = standing.notice
    told = await notices.of_alert(connection, notice_.alert)
    if any(row.status in (*notices.CAME, notices.WAITING) for row in told):
        return
    producer = await _producer_of(connection, notice_.case_code)
    today = now.astimezone(VIETNAM).date()
    but = {row.person_id for row in told} | {notice_.person_id, producer}
    next_ones = await people.next_in_charge(connection, notice_.territory, but, today)
    if not next_ones:
        log.error("a notice to officers of %s reached nobody, and nobody is left to tell", notice_.territory)
        return
    names = [await staff.name_of(connection, one) for one in sorted(but - {producer})]
    links = tuple(links_of(body for _, body in notice_.bodies[:1]))
    said = unreached_officers([name for name in names if name], notice_.words, links)
    about = About(notice_.case_code, notice_.territory, notice_.alert, notice_.words, _until(standing))
    await _tell(connection, world, next_ones, said, about, now)


async def _producer_of(connection: AsyncConnection, code: str) -> int:
    if not code:
        return 0
    return (await connection.execute(select(cases.c.person_id).where(cases.c.code == code))).scalar_one_or_none() or 0


async def _have_called(connection: AsyncConnection, world: World, standing: Standing, now: datetime) -> None:
    """To who has the case of a producer in hand, else to the commune's officers: they can telephone."""
    notice_ = standing.notice
    row = await _case_of(connection, notice_.case_code, notice_.person_id)
    if row is None:
        return
    holder, _ = await holder_of(connection, row.code)
    today = now.astimezone(VIETNAM).date()
    officers = await people.officers_of(connection, row.territory, row.person_id, today=today)
    if holder is not None:
        acting = await staff.acting(connection, [holder], today, row.person_id)
        officers = list(acting.values()) or officers
    by = row.maker or row.name or ""
    said = unreached_producer(row.code, row.product, by, _closed(world, standing), notice_.words, left=_left(standing))
    about = About(row.code, row.territory, new_alert(), until=notice_.id)
    await _tell(connection, world, officers, said, about, now)


async def _case_of(connection: AsyncConnection, code: str, person_id: int) -> Any:
    columns = (cases.c.code, cases.c.territory, cases.c.product, cases.c.person_id, people_table.c.name)
    statement = select(*columns, people_table.c.producer_name.label("maker")).join(
        people_table, people_table.c.id == cases.c.person_id
    )
    return (
        await connection.execute(statement.where(cases.c.code == code, cases.c.person_id == person_id))
    ).one_or_none()


def _closed(world: World, standing: Standing) -> tuple[str, int] | None:
    """The channel that waits for them to write, and for how many days it lets us."""
    shut = (rung for rung in standing.tried if rung.status == notices.HELD and rung.outcome == "WindowClosed")
    held = next((rung.channel for rung in shut), None)
    window = world.can(held).window if held is not None else None
    if held is None or window is None:
        return None
    return held, (window.paid if world.pays else window.free).days


def _left(standing: Standing) -> bool:
    """Whether they have closed every chat in which it was tried."""
    return all(rung.outcome == "Unreachable" for rung in standing.tried)


async def _tell(
    connection: AsyncConnection,
    world: World,
    person_ids: Collection[int],
    said: SendMessage,
    about: About,
    now: datetime,
) -> None:
    due_at = world.awake_at(now, (await days_off_of(connection, [about.territory]))[about.territory])
    chats = await people.chats_of(connection, person_ids, or_closed=True)
    await post(connection, [notice(world, chat, [said], due_at, about) for chat in chats])

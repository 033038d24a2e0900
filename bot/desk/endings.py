"""Reminders of certificates and papers that end: one message a morning for each producer, by the usual ladder."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.desk.digest import DUE
from bot.turn import About, tell
from bot.world import World
from dialogs.model import Facts
from dialogs.producer.endings import End, reminder
from dialogs.rules.working_days import at_minute
from storage.endings import Ending, endings, looked_at, of_people
from storage.records import VIETNAM, own_cases


async def due(connection: AsyncConnection, world: World, now: datetime) -> Sequence[tuple[Ending, ...]]:
    """From 7:00 on, on any day: the producer works on Sundays too."""
    day = now.astimezone(VIETNAM).date()
    return of_people(await endings(connection, day)) if now >= at_minute(day, DUE) else ()


def key(group: tuple[Ending, ...]) -> int:
    return group[0].person_id


async def remind(world: World, now: datetime, connection: AsyncConnection, group: tuple[Ending, ...]) -> None:
    """Of several processes the first one does: each row that it looks at is moved on with what it says."""
    day = now.astimezone(VIETNAM).date()
    ends = []
    for ending in group:
        moment = await looked_at(connection, ending, day)
        if moment is not None:
            ends.append(End(ending.code, ending.paper, ending.until, moment.kind))
    if not ends:
        return
    person = group[0].person_id
    mine = await own_cases(connection, person, now, world.days_off)
    said = reminder(ends, Facts(now.astimezone(VIETNAM), cases=mine))
    if said is not None:
        code = next((end.code for end in ends if end.code), "")
        await tell(connection, world, [person], said, now, About(code))

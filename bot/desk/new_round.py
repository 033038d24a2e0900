"""A new round has opened: who has something that waited for it is told once, and asked whether to go on."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.desk.digest import DUE
from bot.turn import About, tell
from bot.world import World
from dialogs.model import Facts
from dialogs.producer.endings import new_round
from dialogs.rules.working_days import at_minute
from storage.records import VIETNAM, own_cases
from storage.waiting import Waiting, asked, waiting


async def due(connection: AsyncConnection, world: World, now: datetime) -> Sequence[Waiting]:
    day = now.astimezone(VIETNAM).date()
    return await waiting(connection, day) if now >= at_minute(day, DUE) else ()


def key(one: Waiting) -> int:
    return one.person_id


async def ask(world: World, now: datetime, connection: AsyncConnection, one: Waiting) -> None:
    """Whether or not they answer, they are asked once; the way on stays open on the case."""
    codes = await asked(connection, one, now.astimezone(VIETNAM).date())
    mine = await own_cases(connection, one.person_id, now, world.days_off)
    said = new_round(Facts(now.astimezone(VIETNAM), cases=mine), codes) if codes else None
    if said is not None:
        await tell(connection, world, [one.person_id], said, now, About(codes[0]))

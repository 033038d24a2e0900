"""Certificates that have run out: the calendar moves their cases, and the producer is told once."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.desk.digest import DUE
from bot.turn import About, open_my_file, tell
from bot.world import World
from dialogs.model import SendMessage
from dialogs.officer.alerts import notice_of
from dialogs.producer.again import go_link
from dialogs.producer.standing import RENEWAL
from dialogs.rules.working_days import at_minute
from storage import audit, cases, results
from storage.records import VIETNAM, case_named

THE_CALENDAR = cases.Actor(None, "")


async def codes_due(connection: AsyncConnection, world: World, now: datetime) -> list[str]:
    """From 7:00 on, on any day: the producer works on Sundays too."""
    day = now.astimezone(VIETNAM).date()
    return await results.run_out(connection, day) if now >= at_minute(day, DUE) else []


async def expire(world: World, now: datetime, connection: AsyncConnection, code: str) -> None:
    """Move one case, if it still stands there: of several processes the first one does."""
    case = await cases.locked(connection, code)
    if case is None or case.status != "certified":
        return
    facts = await case_named(connection, code, now, world.days_off)
    if facts is None:
        raise cases.NotPossible(code)
    await cases.move(connection, case, THE_CALENDAR, "expire", now, world.days_off)
    after = await cases.follower(connection, code)
    if after is None or after.status != "certified":  # else a new certificate has taken its place
        again = () if after is not None else (go_link(facts, RENEWAL),)
        said = SendMessage(notice_of(facts, "expire"), links=(*again, open_my_file(code)))
        await tell(connection, world, [case.person_id], said, now, About(case.code))
    await audit.record(connection, [audit.Entry("expire", None, "", code)], now)

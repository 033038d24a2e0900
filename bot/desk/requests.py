"""Requests about personal data that nobody has answered in time: the next in charge is told, once for each duty."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.desk.digest import DUE
from bot.turn import About, new_alert, tell
from bot.world import World
from dialogs import places
from dialogs.model import N_, Link, SendMessage, Text
from dialogs.producer.place import place_name
from dialogs.rules.working_days import at_minute, is_working_day
from storage import requests
from storage.calendar import days_off_of
from storage.people import next_in_charge, officers_of
from storage.records import VIETNAM
from storage.requests import Late


async def late(connection: AsyncConnection, world: World, now: datetime) -> list[Late]:
    """From 7:00 of a working day on, by the office's own calendar."""
    day = now.astimezone(VIETNAM).date()
    if now < at_minute(day, DUE):
        return []
    found = await requests.late(connection, day)
    closed = await days_off_of(connection, {places.territory(one.commune) for one in found}) if found else {}
    return [one for one in found if is_working_day(day, closed[places.territory(one.commune)] | world.days_off)]


def key(one: Late) -> tuple[int, int]:
    return one.id, one.escalations


async def pass_up(world: World, now: datetime, connection: AsyncConnection, one: Late) -> None:
    """To who had to answer, and to the level above them."""
    if not await requests.escalated(connection, one):
        return
    territory, today = places.territory(one.commune), now.astimezone(VIETNAM).date()
    officers = await officers_of(connection, territory, one.person_id, today=today)
    above = await next_in_charge(connection, territory, {*officers, one.person_id}, today)
    law = N_("The law asks for an answer within 2 working days.")
    if one.escalations:
        law = N_("The law asks that it is done within 15 days.")
    waits = Text(N_("%(place)s: a request about personal data of %(day)s waits for an answer."),
                 {"place": place_name(one.commune), "day": one.made_at.astimezone(VIETNAM).date()})  # fmt: skip
    said = SendMessage((waits, Text(law)), links=(Link(f"note.n{one.note_id}", Text(N_("Answer"))),))
    await tell(connection, world, [*officers, *above], said, now, About(territory=territory, alert=new_alert()))

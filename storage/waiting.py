"""When a round has opened in which what was put off may stand again.

A cycle opens everywhere where the rules' year begins to take ideas, and in a province on the day after it has set a
round of its own: until then a slip can be put right before anybody is told. What has opened stays open: a dossier goes
into the round that is next when it is sent up.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, Date, and_, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs import places
from dialogs.rules.cycle import last_opening
from dialogs.rules.lifecycle import WAITS_FOR_ROUND
from dialogs.rules.ruleset import ruleset_on
from dialogs.rules.working_days import at_minute
from storage.models import Moment, cases, people, rounds

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


async def openings(
    connection: AsyncConnection, provinces: Collection[str], today: date, *, held: bool = False
) -> Mapping[str, date]:
    """The day on which the newest round of each province opened, today at the latest.

    `held`: no round that counts here can be dropped until this transaction is over.
    """
    asked = {"provinces": list(provinces), "before": at_minute(today, 0)}
    found = dict.fromkeys(provinces, last_opening(ruleset_on(today), today))
    for province, made_at in await connection.execute(_OWN_ROUNDS_HELD if held else _OWN_ROUNDS, asked):
        opened = made_at.astimezone(_VIETNAM).date() + timedelta(days=1)
        found[province] = max(found[province], opened)
    return found


_PROVINCES: BindParameter[Any] = bindparam("provinces", expanding=True)
_OWN_ROUNDS = select(rounds.c.province, rounds.c.made_at).where(
    rounds.c.province.in_(_PROVINCES), rounds.c.made_at < bindparam("before", type_=Moment)
)
_OWN_ROUNDS_HELD = _OWN_ROUNDS.with_for_update(read=True)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one producer has that waited for a round which is open now, by the ids of the cases."""

    person_id: int
    ids: tuple[int, ...]


async def waiting(connection: AsyncConnection, today: date) -> list[Waiting]:
    """Producers who have not been asked yet, and still agree that things are kept here."""
    opened = await openings(connection, [province.code for province in places.provinces()], today)
    found: dict[int, list[int]] = {}
    for row in await connection.execute(_WAITING, {"newest": max(opened.values())}):
        if row.waits_since < opened[row.province]:
            found.setdefault(row.person_id, []).append(row.id)
    return [Waiting(person_id, tuple(ids)) for person_id, ids in found.items()]


_WAITING = (
    select(cases.c.id, cases.c.person_id, cases.c.province, cases.c.waits_since)
    .join(people, people.c.id == cases.c.person_id)
    .where(cases.c.waits_since < bindparam("newest", type_=Date), people.c.consent == "yes")
    .order_by(cases.c.id)
)


async def asked(connection: AsyncConnection, one: Waiting, today: date) -> list[str]:
    """Note that their producer is asked about these now; codes of those that still wait for a round which is open.

    The round may have been dropped since they were found. Its province drops it before this, and it is seen no more, or
    after this, and the case waits again (`wait_again`).
    """
    provinces = (await connection.execute(select(cases.c.province).where(cases.c.id.in_(one.ids)).distinct())).scalars()
    opened = await openings(connection, list(provinces), today, held=True)
    is_open = or_(*(and_(cases.c.province == name, cases.c.waits_since < day) for name, day in opened.items()))
    told = update(cases).where(cases.c.id.in_(one.ids), is_open)
    return list((await connection.execute(told.values(waits_since=None).returning(cases.c.code))).scalars())


async def wait_again(connection: AsyncConnection, province: str, today: date) -> None:
    """For cases of this province for which no round is open any more: the next one asks their producers again."""
    opened = (await openings(connection, [province], today))[province]
    shut = (cases.c.province == province, cases.c.status.in_(WAITS_FOR_ROUND), cases.c.since >= opened)
    await connection.execute(update(cases).where(*shut).values(waits_since=cases.c.since))

"""What people ask about their personal data, and until when it has to be answered and done.

What the program does by itself (seeing, deleting, taking consent back) is a request that is settled at once. What needs
a person is a question on the officers' desk (storage.correspondence) with a row here; settling the one settles the
other. Source: law 91/2025/QH15, decree 356/2025/NĐ-CP: an answer within 2 working days, done within 15 days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Date, and_, bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs import places
from dialogs.rules.lifecycle import Side
from dialogs.rules.working_days import last_day
from storage.calendar import closed_for
from storage.models import requests

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
ANSWER_WORKING_DAYS, DONE_DAYS = 2, 15


async def at_once(connection: AsyncConnection, person_id: int, kind: str, now: datetime) -> None:
    """One that the program fulfils by itself, in this transaction."""
    today = now.astimezone(_VIETNAM).date()
    row = {"person_id": person_id, "kind": kind, "made_at": now, "answer_on": today, "done_on": today}
    await connection.execute(insert(requests).values(**row, settled_at=now))


async def for_officers(
    connection: AsyncConnection,
    person_id: int,
    kind: str,
    asked: tuple[int, str],
    now: datetime,
    days_off: frozenset[date],
) -> date:
    """One that is `asked` by a note (its id, the commune); returns the last day on which it is answered in time."""
    note_id, commune = asked
    today = now.astimezone(_VIETNAM).date()
    off = await closed_for(connection, places.territory(commune), Side.COMMUNE, days_off)
    answer_on = last_day(today, ANSWER_WORKING_DAYS, off, calendar=False)
    row = {"person_id": person_id, "kind": kind, "note_id": note_id, "commune": commune, "made_at": now}
    until = {"answer_on": answer_on, "done_on": last_day(today, DONE_DAYS, off, calendar=True)}
    await connection.execute(insert(requests).values(**row, **until))
    return answer_on


async def settle(connection: AsyncConnection, note_id: int, now: datetime) -> None:
    """Its question was answered, or needs no answer."""
    open_ = (requests.c.note_id == note_id, requests.c.settled_at.is_(None))
    await connection.execute(update(requests).where(*open_).values(settled_at=now))


async def settle_all(connection: AsyncConnection, person_id: int, now: datetime) -> None:
    """With everything else of the person the questions are gone."""
    open_ = (requests.c.person_id == person_id, requests.c.settled_at.is_(None))
    await connection.execute(update(requests).where(*open_).values(settled_at=now))


@dataclass(frozen=True, slots=True)
class Late:
    """A request whose day has passed; `escalations`: how often somebody above was told."""

    id: int
    person_id: int
    note_id: int
    commune: str
    made_at: datetime
    escalations: int


async def late(connection: AsyncConnection, today: date) -> Sequence[Late]:
    """Those of which somebody above has to be told: not answered in time, and later not done in time."""
    return [Late(*row) for row in await connection.execute(_LATE, {"today": today})]


_TODAY = bindparam("today", type_=Date)
_LATE = (
    select(*(requests.c[name] for name in Late.__slots__))
    .where(
        requests.c.settled_at.is_(None),
        or_(
            and_(requests.c.escalations == 0, requests.c.answer_on < _TODAY),
            and_(requests.c.escalations == 1, requests.c.done_on < _TODAY),
        ),
    )
    .order_by(requests.c.id)
)


async def escalated(connection: AsyncConnection, one: Late) -> bool:
    """Note that somebody above is told; False where another process, or an answer, came before."""
    still = (requests.c.id == one.id, requests.c.escalations == one.escalations, requests.c.settled_at.is_(None))
    done = await connection.execute(update(requests).where(*still).values(escalations=one.escalations + 1))
    return done.rowcount == 1

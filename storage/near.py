"""Which offices and officers are there for a person to turn to: of their commune, and of each case's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, Date, bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs import places
from dialogs.model import CaseFacts, Role
from storage.models import absences, memberships, offices, people
from storage.rights import IN_COMMUNE, REACHABLE

if TYPE_CHECKING:
    from storage.records import Wanted


async def add_offices(
    connection: AsyncConnection, found: Mapping[int, dict[str, Any]], wanted: Sequence["Wanted"], today: date
) -> None:
    """Office hours and officers of each person's commune, and the officers of each case's.

    They are counted by the rule that alerts follow (people.officers_of).
    """
    communes = {commune for more in found.values() for commune in _communes(more)}
    if not communes:
        return
    of = {commune: places.territory(commune) for commune in communes}
    territories = {*of.values(), *(territory.partition("/")[0] for territory in of.values())}
    officers: dict[str, set[int]] = {}
    readers: dict[tuple[str, str], dict[int, str]] = {}
    for row in await connection.execute(_OFFICERS, {"territories": list(territories), "today": today}):
        officers.setdefault(row.territory, set()).add(row.person_id)
        if row.role in IN_COMMUNE:
            names = readers.setdefault((row.territory, row.role), {})
            names[row.person_id] = "" if row.away else row.name

    def others(commune: str, me: int) -> tuple[int, int]:
        """In the commune, and in its province."""
        here = of.get(commune, "")
        return len(officers.get(here, set()) - {me}), len(officers.get(here.partition("/")[0], set()) - {me})

    def there(cases_: Iterable[CaseFacts], me: int) -> Iterator[CaseFacts]:
        for case in cases_:
            here, above = others(case.commune, me)
            checks, signs = (alone(case, role, me) for role in IN_COMMUNE)
            yield replace(case, officers=here, province_officers=above, officer=checks, approver=signs)

    def alone(case: CaseFacts, role: Role, me: int) -> str:
        names = [name for person, name in readers.get((of[case.commune], role), {}).items() if person != me]
        return names[0] if len(names) == 1 else ""

    open_at = await connection.execute(_HOURS, {"territories": list(territories)})
    hours = {row.territory: row.hours for row in open_at}
    for want in wanted:
        more, me, commune = found[want.conversation.id], want.conversation.person_id, want.conversation.person.commune
        more["officers"], more["province_officers"] = others(commune, me)
        more["hours"] = hours.get(of.get(commune, ""), "")
        for which in ("cases", "named"):
            more[which] = tuple(there(more.get(which, ()), me))


_HERE: BindParameter[Any] = bindparam("territories", expanding=True)
_AWAY = exists().where(
    absences.c.person_id == memberships.c.person_id,
    absences.c.first_on <= bindparam("today", type_=Date),
    absences.c.last_on >= bindparam("today", type_=Date),
    absences.c.ended_at.is_(None),
)
_OFFICERS = (
    select(memberships.c.territory, memberships.c.person_id, memberships.c.role, people.c.name, _AWAY.label("away"))
    .join(people, people.c.id == memberships.c.person_id)
    .where(memberships.c.territory.in_(_HERE), memberships.c.removed_at.is_(None), REACHABLE)
)
_HOURS = select(offices.c.territory, offices.c.hours).where(offices.c.territory.in_(_HERE))


def _communes(more: Mapping[str, Any]) -> set[str]:
    return {more["person"].commune, *(case.commune for case in (*more["cases"], *more.get("named", ())))} - {""}

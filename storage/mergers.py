"""Communes that were merged into others while this installation ran: what became of a code that is still about.

Kept in the table settings, one row "merged:<old code>" each, with the new code and what the old commune was called:
the tables of dialogs.places are of one day, and forget a commune with the next release.
"""

from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs import places
from storage.models import settings


@dataclass(frozen=True, slots=True)
class Merger:
    """`name` is the old commune's, `into` the code of the commune it belongs to today."""

    name: str
    into: str


async def merger_of(connection: AsyncConnection, code: str) -> Merger | None:
    """What became of a commune; None when it is still one, or never was. One merged twice leads to the last."""
    found = await _row(connection, code)
    first, seen = found, {code}
    while found is not None and found.into not in seen:
        seen.add(found.into)
        further = await _row(connection, found.into)
        if further is None:
            break
        found = further
    return Merger(first.name, found.into) if first is not None and found is not None else None


async def _row(connection: AsyncConnection, code: str) -> Merger | None:
    value = (await connection.execute(_VALUE, {"key": _key(code)})).scalar_one_or_none()
    if value is None:
        return None
    into, _, name = value.partition(" ")
    return Merger(name, into)


_VALUE = select(settings.c.value).where(settings.c.name == bindparam("key"))


def merger_row(code: str, into: str) -> dict[str, str]:
    unit = places.commune(code)
    return {"name": _key(code), "value": f"{into} {unit.full_name if unit is not None else code}"}


def _key(code: str) -> str:
    return f"merged:{code}"


async def today_of(connection: AsyncConnection, territory: str) -> str:
    """A territory as it is called today: that of the commune it was merged into, else itself."""
    merger = await merger_of(connection, territory.rpartition("/")[2]) if "/" in territory else None
    return places.territory(merger.into) if merger is not None and places.commune(merger.into) else territory

"""Finding a case by what people remember of it: a code, however sloppily typed, a product, a producer's name."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from dialogs import places
from dialogs.codes import read_code
from dialogs.matching import fold
from dialogs.model import Membership
from storage.models import cases

HITS = 7
"""Cases on one page of what was found (voice.md: at most 7 lines)."""
MOST_HITS = 100
"""So many are worth turning pages for; who finds more types another word."""
LOOKED_THROUGH = 40_000
"""So many of the newest cases are looked through for words anywhere in a name; all are for how a name begins.

The whole country had 10,322 OCOP products in 2023, and this much takes some 15 ms on either database.
"""
_YEARS = 10
"""A serial alone is looked for in so many years; where somebody has the whole country, only in this one."""
_ONE_PROVINCE = 200
"""More communes than any province has."""
_LAST = "\U0010ffff"  # behind every name that begins with the same letters


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of ids; `after` is where the next begins, "" where there is none; `total` at most MOST_HITS."""

    ids: tuple[int, ...] = ()
    total: int = 0
    after: str = ""


async def hits_of(
    connection: AsyncConnection, members: Sequence[Membership], me: int, words: str, today: date, start: int = 0
) -> Hits:
    """Cases of the members' territories, whatever their status, that the words mean; never one's own as a producer.

    A code says it all; else names that begin so come first, then those with all the words in them, newest first.
    """
    folded = fold(words)
    where = _places(members)
    if not folded or not where:
        return Hits()
    found = await _by_code(connection, where, me, folded, today) or await _by_name(connection, where, me, folded)
    page = found[start : start + HITS]
    return Hits(tuple(page), len(found), str(start + HITS) if start + HITS < len(found) else "")


async def only_one(connection: AsyncConnection, members: Sequence[Membership], me: int, words: str, today: date) -> str:
    """The code of the one case that the words mean; "" for none or several."""
    hits = await hits_of(connection, members, me, words, today)
    if len(hits.ids) != 1:
        return ""
    return str((await connection.execute(select(cases.c.code).where(cases.c.id == hits.ids[0]))).scalar_one())


Place = tuple[Any, str]
"""A column of `cases` and what it has to be: a commune or a province."""


def _places(members: Iterable[Membership]) -> list[Place]:
    """Each commune or province once, without communes in a province that is there as a whole."""
    named = {member.territory for member in members}
    provinces = {p.code for p in places.provinces()} if "" in named else {t for t in named if t and "/" not in t}
    communes = {t for t in named if "/" in t and t.partition("/")[0] not in provinces}
    found: list[Place] = [(cases.c.province, province) for province in sorted(provinces)]
    return [*found, *((cases.c.territory, territory) for territory in sorted(communes))]


# ---------------------------------------------------------------- by code


_YEAR_AND_SERIAL = re.compile(r"(\d{2}) (\d{1,6})")
_SERIAL = re.compile(r"\d{1,6}")


async def _by_code(connection: AsyncConnection, where: Sequence[Place], me: int, folded: str, today: date) -> list[int]:
    codes = _codes(where, folded, today)
    if not codes:
        return []
    columns = (cases.c.id, cases.c.territory, cases.c.province)
    statement = select(*columns).where(cases.c.code.in_(codes), cases.c.person_id != me).order_by(cases.c.id.desc())
    rows = await connection.execute(statement)
    inside = {value for _, value in where}  # looked at here: by it SQLite would read all cases of the territory
    return [row.id for row in rows if inside & {row.territory, row.province}][:MOST_HITS]


def _codes(where: Sequence[Place], folded: str, today: date) -> set[str]:
    """The codes that may be meant: "tl12 26 1" is one, "1" one of each commune and year."""
    if whole := read_code(folded):
        return {whole}
    prefixes = [*_prefixes(where)]
    years = [f"{today.year - back:04}"[2:] for back in range(_YEARS if len(prefixes) < _ONE_PROVINCE else 1)]
    if found := _YEAR_AND_SERIAL.fullmatch(folded):
        return {f"{prefix}-{found[1]}-{int(found[2]):04}" for prefix in prefixes}
    if found := _SERIAL.fullmatch(folded):
        return {f"{prefix}-{year}-{int(found[0]):04}" for prefix in prefixes for year in years}
    return set()


def _prefixes(where: Collection[Place]) -> Iterator[str]:
    for column, value in where:
        of_province = column is cases.c.province
        commune = None if of_province else places.commune(value.rpartition("/")[2])
        if of_province:
            yield from (unit.prefix for unit in places.communes_of(value))
        elif commune is not None:
            yield commune.prefix


# ---------------------------------------------------------------- by name


_NAMES = (cases.c.product_folded, cases.c.producer_folded)


async def _by_name(connection: AsyncConnection, where: Sequence[Place], me: int, folded: str) -> list[int]:
    begins = [_beginning(place, name, folded) for place in where for name in _NAMES]
    holds = [_holding(place, folded.split(), LOOKED_THROUGH // len(where)) for place in where]
    found = union_all(*(select(part.subquery()) for part in (*begins, *holds))).subquery()
    statement = (
        select(found.c.id, found.c.rank)
        .join(cases, cases.c.id == found.c.id)
        .where(cases.c.person_id != me)
        .order_by(found.c.rank, found.c.id.desc())
    )
    rows = (await connection.execute(statement)).all()
    return list(dict.fromkeys(row.id for row in rows))[:MOST_HITS]


def _beginning(place: Place, name: ColumnElement[str], folded: str) -> Any:
    column, value = place
    which = (column == value, name >= folded, name < folded + _LAST)
    return select(cases.c.id, literal(0).label("rank")).where(*which).order_by(name).limit(MOST_HITS)


def _holding(place: Place, words: Sequence[str], most: int) -> Any:
    column, value = place
    newest = (
        select(cases.c.id, *_NAMES).where(column == value).order_by(cases.c.id.desc()).limit(most).subquery("newest")
    )
    names = (newest.c.product_folded, newest.c.producer_folded)
    all_words = and_(*(or_(*(name.contains(word, autoescape=True) for name in names)) for word in words))
    return select(newest.c.id, literal(1).label("rank")).where(all_words).limit(MOST_HITS)

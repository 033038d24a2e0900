"""Bringing everything under the first key, in batches, while the program runs.

Each batch is a transaction that locks rows of one table in the order of their keys, so it holds nobody up for long and
nobody waits in a circle. The row `sealed_with` of `settings` says under which keys something may stand, oldest first;
"" is for what was never sealed.
"""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import Column, Table, bindparam, select, tuple_, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.database import reading, upsert, writing
from storage.models import Document, metadata, settings
from storage.sealing import NoKey, Ring, SealedIn, SealedText, ring_of

BATCH = 200
"""Rows that are locked at a time: some milliseconds."""
_NAME = "sealed_with"
UNSEALED = ""


def sealed_columns() -> dict[Table, tuple[Column[Any], ...]]:
    """Of all tables, what is sealed in them."""
    kinds = (SealedText, SealedIn)
    found = {table: tuple(c for c in table.columns if isinstance(c.type, kinds)) for table in metadata.sorted_tables}
    return {table: columns for table, columns in found.items() if columns}


async def kept_under(engine: AsyncEngine) -> tuple[str, ...]:
    """The keys under which something may stand; none as long as nothing was ever sealed here."""
    async with reading(engine) as connection:
        return await _kept_under(connection)


async def _kept_under(connection: AsyncConnection) -> tuple[str, ...]:
    value = await connection.scalar(select(settings.c.value).where(settings.c.name == _NAME))
    return tuple(json.loads(value)) if value else ()


async def agree(engine: AsyncEngine) -> None:
    """Before anything is read or sealed: every key in use has to be there, and the first is noted as used.

    Raises NoKey, so that no process begins that would show people what is sealed, or seal with a key nobody else has.
    """
    ring = ring_of(engine)
    async with writing(engine) as connection:
        known = await _kept_under(connection)
        if missing := set(known) - {UNSEALED} - set(ring.ids if ring is not None else ()):
            raise NoKey(f"this database has fields that were sealed with the key {' and '.join(sorted(missing))}")
        if ring is not None and ring.newest not in known:
            await _note(connection, (*(known or (UNSEALED,)), ring.newest))


async def _note(connection: AsyncConnection, ids: Sequence[str]) -> None:
    statement = upsert(connection, settings).values(name=_NAME, value=json.dumps(list(ids)))
    kept = {"value": statement.excluded.value}
    await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=kept))


async def reseal(engine: AsyncEngine) -> dict[str, int]:
    """Seal what was never sealed and what an older key has; how many rows of each table were changed.

    Every process has to know the first key by then. Raises NoKey, with everything before it done, or without any key.
    """
    ring = ring_of(engine)
    if ring is None:
        raise NoKey("there is no key to seal with")
    changed: dict[str, int] = {}
    for table, columns in sealed_columns().items():
        async for count in _each_batch(engine, ring, table, columns):
            changed[table.name] = changed.get(table.name, 0) + count
    async with writing(engine) as connection:
        await _note(connection, (ring.newest,))
    return {name: count for name, count in changed.items() if count}


async def _each_batch(
    engine: AsyncEngine, ring: Ring, table: Table, columns: Sequence[Column[Any]]
) -> AsyncIterator[int]:
    key = tuple(table.primary_key.columns)
    rows = select(*key, *(type_coerce(c, _as_it_stands(c)).label(f"raw_{c.name}") for c in columns))
    rows = rows.order_by(*key).limit(BATCH).with_for_update(key_share=True)
    this = [c == bindparam(f"key_{c.name}", type_=c.type) for c in key]
    last: tuple[Any, ...] | None = None
    while True:
        async with writing(engine) as connection:
            later = rows if last is None else rows.where(tuple_(*key) > last)
            found = (await connection.execute(later)).all()
            stale = set[Any]()
            for column in columns:
                values = [value for row in found if (value := _resealed(ring, row, key, column)) is not None]
                raw = {column.name: bindparam("raw", type_=_as_it_stands(column))}
                if values:
                    await connection.execute(update(table).where(*this).values(raw), values)
                stale |= {tuple(value.values())[1:] for value in values}
        yield len(stale)
        if len(found) < BATCH:
            return
        last = tuple(found[-1])[: len(key)]


def _as_it_stands(column: Column[Any]) -> Any:
    return Document if isinstance(column.type, SealedIn) else column.type.impl_instance  # type: ignore[attr-defined]


def _resealed(ring: Ring, row: Any, key: Sequence[Column[Any]], column: Column[Any]) -> dict[str, Any] | None:
    """What `update` is given for one field of a row; None where all of it is under the first key."""
    before = getattr(row, f"raw_{column.name}")
    after = column.type.changed(before, ring.resealed) if before is not None else None  # type: ignore[attr-defined]
    return {"raw": after} | {f"key_{c.name}": getattr(row, c.name) for c in key} if after != before else None

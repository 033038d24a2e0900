"""Backups: a folder that either database can be made from again.

    <root>/files/<ab>/<sha256>          the documents, each once for all backups of this root
    <root>/2026-11-22T180000Z/          one backup; it has this name only once it is whole
        manifest.json                   release, time, and of each table how many rows and the SHA-256 of its file
        tables/<table>.jsonl.gz         a row a line, as it was at one moment; times in UTC

What is secret in the database is secret in here, and is encrypted only where it is so there (storage.secrets,
storage.sealing): what is sealed opens with the keys of that time, which are in no backup.
"""

import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby, islice
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field
from sqlalchemy import JSON, Column, Date, Numeric, Table, column, func, insert, select, text
from sqlalchemy import table as sqlite_table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage import audit, migrate
from storage.database import reading, writing
from storage.files import FileStore
from storage.models import Moment, dumps, metadata
from storage.sealing import SealedIn

MANIFEST, TABLES, DOCUMENTS = "manifest.json", "tables", "files"
ROWS_AT_ONCE = 500


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class TableFile(BaseModel):
    rows: int
    sha256: Sha256


class Manifest(BaseModel):
    """`counters`: by table, the last number given out, where one was."""

    migration: str
    at: datetime
    tables: dict[str, TableFile]
    documents: list[Sha256]
    counters: dict[str, int]


class NotRestorable(Exception):
    """The backup, or the place where it is to go, is not fit for it; the message is for the operator."""


@dataclass
class Written:
    """`lost`: documents that the database names and the store no longer has as they were."""

    folder: Path
    rows: int = 0
    documents: int = 0
    lost: list[str] = field(default_factory=list)


async def write(engine: AsyncEngine, store: FileStore, root: Path, now: datetime) -> Written:
    """Make a backup, also while the assistant runs: what is committed meanwhile is not in it."""
    folder = root / f"{now:%Y-%m-%dT%H%M%SZ}"
    making = folder.with_name(f"{folder.name}.part")
    for one in (root, root / DOCUMENTS, making, making / TABLES):
        one.mkdir(mode=0o700, parents=True, exist_ok=True)
    written, named, tables = Written(folder), set[str](), {}
    async with _one_moment(engine) as connection:
        for table in metadata.sorted_tables:
            tables[table.name] = await _write_table(connection, table, making / TABLES, named)
        counters = {table.name: await _last_number(connection, table) for table in metadata.sorted_tables}
    kept = FileStore(str(root / DOCUMENTS))
    for sha256 in sorted(named):
        if not await _copied(store, sha256, kept):
            written.lost.append(sha256)
    written.rows, written.documents = sum(one.rows for one in tables.values()), len(named) - len(written.lost)
    manifest = Manifest(
        migration=migrate.newest(),
        at=now,
        tables=tables,
        documents=sorted(named),
        counters={name: number for name, number in counters.items() if number},
    )
    (making / MANIFEST).write_text(manifest.model_dump_json(indent=1))
    making.rename(folder)
    return written


@asynccontextmanager
async def _one_moment(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """All tables as they were when the first was read; on SQLite any transaction sees that."""
    if engine.dialect.name != "postgresql":
        async with reading(engine) as connection:
            yield connection
        return
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        async with connection.begin():
            yield connection


async def _write_table(connection: AsyncConnection, table: Table, folder: Path, named: set[str]) -> TableFile:
    path, rows = folder / f"{table.name}.jsonl.gz", 0
    statement = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=ROWS_AT_ONCE)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        async with connection.stream(statement) as found:
            async for row in found.mappings():
                file.write(f"{dumps({name: _plain(value) for name, value in row.items()})}\n")
                named.update(_documents_in(row))
                rows += 1
    return TableFile(rows=rows, sha256=_sha256(path))


def _documents_in(value: Any) -> Iterator[str]:
    """Whatever stands under "sha256", in a column of that name or inside a document."""
    if isinstance(value, Mapping):
        for name, inside in value.items():
            if name == "sha256" and isinstance(inside, str) and inside:
                yield inside
            else:
                yield from _documents_in(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _documents_in(inside)


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # and datetime
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _copied(source: FileStore, sha256: str, to: FileStore) -> bool:
    """Unless it is there as it was; False where `source` has lost it."""
    if await _has(to, sha256):
        return True
    try:
        await to.put(await source.get(sha256))
    except (FileNotFoundError, ValueError):
        return False
    return True


async def _has(store: FileStore, sha256: str) -> bool:
    try:
        await store.get(sha256)
    except (FileNotFoundError, ValueError):
        return False
    return True


# ---------------------------------------------------------------- and back


@dataclass(frozen=True)
class Restored:
    """`lost`: documents that the backup names and does not have."""

    rows: int
    documents: int
    lost: Sequence[str]


async def restore(engine: AsyncEngine, store: FileStore, folder: Path) -> Restored:
    """Fill an empty database of this release, of either kind, and its store. All rows, or none.

    Raises NotRestorable before anything is written: for what is no whole backup, for one of another release, for
    rows that are not as they were, and for a database that holds something.
    """
    manifest = _manifest(folder)
    await _refuse_a_full_database(engine)
    documents, kept = manifest.documents, FileStore(str(folder.parent / DOCUMENTS))
    lost = [sha256 for sha256 in documents if not await _copied(kept, sha256, store)]
    async with writing(engine) as connection:
        for table in metadata.sorted_tables:
            for rows in _chunks(_rows(folder, table)):
                await connection.execute(insert(table), rows)
            await _number_on(connection, table, manifest.counters.get(table.name, 0))
        verified = await audit.verify(connection)
        if verified.broken is not None:
            raise NotRestorable(f"the audit in it was changed, at entry {verified.broken}")
    restored = sum(one.rows for one in manifest.tables.values())
    return Restored(restored, len(documents) - len(lost), lost)


def _manifest(folder: Path) -> Manifest:
    """Raises NotRestorable."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        raise NotRestorable(f"{folder} is no whole backup: it has no {MANIFEST}, or none of ours") from None
    if manifest.migration != migrate.newest():
        made_by = f"made with migration {manifest.migration}, and this release has {migrate.newest()}"
        raise NotRestorable(f"{folder} was {made_by}: restore it with the release that made it, then migrate")
    if missing := metadata.tables.keys() - manifest.tables.keys():
        raise NotRestorable(f"{folder} is no whole backup: it has no {', '.join(sorted(missing))}")
    for name, one in manifest.tables.items():
        path = folder / TABLES / f"{name}.jsonl.gz"
        if not path.exists() or _sha256(path) != one.sha256:
            raise NotRestorable(f"{path} is not as it was written")
    return manifest


async def _refuse_a_full_database(engine: AsyncEngine) -> None:
    async with reading(engine) as connection:
        for table in metadata.sorted_tables:
            if (await connection.execute(select(text("1")).select_from(table).limit(1))).first() is not None:
                raise NotRestorable(f"the database is not empty: its table {table.name} has rows")


def _rows(folder: Path, table: Table) -> Iterator[dict[str, Any]]:
    """Without the empty ones among the documents: given as None, they would become JSON's null, which is a value."""
    with gzip.open(folder / TABLES / f"{table.name}.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            row = ((table.c[name], value) for name, value in json.loads(line).items())
            yield {
                column.name: _typed(column, value)
                for column, value in row
                if value is not None or not isinstance(column.type, JSON | SealedIn)
            }


def _typed(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, Moment):
        return datetime.fromisoformat(value)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    return Decimal(value) if isinstance(column.type, Numeric) else value


def _chunks(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Of rows that name the same columns, as one statement inserts them."""
    for _, alike in groupby(rows, key=lambda row: row.keys()):
        while chunk := list(islice(alike, ROWS_AT_ONCE)):
            yield chunk


# ---------------------------------------------------------------- numbers that may not come back

AHEAD = 100_000
"""Numbers may have been given out after the backup: an open page asks for what comes after the last it has seen."""
_SQLITE = sqlite_table("sqlite_sequence", column("name"), column("seq"))


async def _last_number(connection: AsyncConnection, table: Table) -> int:
    """The highest that was ever given out, also if its row is gone; 0 where nothing keeps it."""
    if connection.dialect.name == "postgresql":
        sequence = await _sequence(connection, table)
        return int(await connection.scalar(text(f"SELECT last_value FROM {sequence}")) or 0) if sequence else 0  # noqa: S608
    if not table.dialect_options["sqlite"]["autoincrement"]:
        return 0
    return int(await connection.scalar(select(_SQLITE.c.seq).where(_SQLITE.c.name == table.name)) or 0)


async def _sequence(connection: AsyncConnection, table: Table) -> str | None:
    number = table.autoincrement_column
    if number is None:
        return None
    found: str | None = await connection.scalar(select(func.pg_get_serial_sequence(table.name, number.name)))
    return found


async def _number_on(connection: AsyncConnection, table: Table, given_out: int) -> None:
    """Go on well behind what was given out, and on PostgreSQL behind the rows, of which a sequence knows nothing."""
    if table.autoincrement_column is None:
        return
    last = max(given_out + AHEAD if given_out else 0, await connection.scalar(_highest(table)) or 0)
    if connection.dialect.name == "postgresql":
        if last and (sequence := await _sequence(connection, table)):
            await connection.execute(select(func.setval(sequence, last)))
    elif given_out and table.dialect_options["sqlite"]["autoincrement"]:
        await connection.execute(_SQLITE.delete().where(_SQLITE.c.name == table.name))
        await connection.execute(_SQLITE.insert().values(name=table.name, seq=last))


def _highest(table: Table) -> Any:
    return select(func.max(table.autoincrement_column))

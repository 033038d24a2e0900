"""Bring a database to the present tables, and write the next migration.

For people who change `storage/models.py`:
    python -m storage.migrate new "Keep the commune's map"     writes the next file under migrations/versions
    python -m storage.migrate first                            writes 0001 anew, as long as nothing is released

Alembic is imported where it is used: an ordinary start, on a database that is current, does not pay for it.
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, column, event, inspect, select, table, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database import make_engine, reading, sqlite_path
from storage.models import metadata

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
VERSIONS = MIGRATIONS / "versions"


def _default_changed(
    _context: Any, _found: Any, _wanted: Any, found: str | None, _default: Any, wanted: str | None
) -> bool | None:
    """Whether a column's default differs; None leaves it to Alembic, which misreads one case.

    It compares SQLite's way to write an empty text, `('')`, with the bare empty text of the metadata.
    """
    return False if found == "('')" and wanted in ("", "''") else None


COMPARE: dict[str, Any] = {"compare_type": True, "compare_server_default": _default_changed}
"""What autogenerate looks at beside names; the same when a migration is written and when it is checked."""

TRIES = 20
IN_THE_WAY = ("40P01", "55P03")
"""PostgreSQL's SQLSTATEs for a deadlock, and for a lock that did not come in time."""
LOCK_WITHIN = "3s"
"""Whoever wants to read or write stands behind a migration that waits for its lock: so it does not wait long."""

_LOCK = 0x6F636F70  # "ocop": the advisory lock under which one process migrates while the others wait
_FORMATTER = {
    "hooks": "ruff",
    "ruff.type": "module",
    "ruff.module": "ruff",
    "ruff.options": "format --quiet REVISION_SCRIPT_FILENAME",
}
_USAGE = 'python -m storage.migrate new "What changes" | first'

Result = TypeVar("Result")


class BrokenReferences(Exception):
    """A migration left rows that refer to rows which do not exist; it was rolled back."""


class LaterRelease(Exception):
    """The database was migrated by a release after this one; the message is fit to be shown."""


def upgrade(url: str) -> None:
    """Create or change the tables up to the newest migration; nothing happens where they are current.

    All of it is one transaction, begun anew where it and a process that serves were in each other's way. Several
    processes may do it at once: one works, the others wait and find it done. Blocks, and runs an event loop of its own:
    inside another one, call it by `asyncio.to_thread`. Raises LaterRelease, and changes nothing, when this program is
    older than the database.
    """
    path = sqlite_path(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    for left in reversed(range(TRIES)):
        try:
            asyncio.run(_change(url, _upgrade))
        except DBAPIError as error:
            if not left or getattr(error.orig, "pgcode", None) not in IN_THE_WAY:
                raise
        else:
            return


async def is_current(url: str) -> bool:
    """Whether the newest migration has run. False as well for a SQLite file that does not exist, which stays so."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        return False
    engine = make_engine(url)
    try:
        async with reading(engine) as connection:
            return await connection.run_sync(_applied) == newest()
    finally:
        await engine.dispose()


def newest() -> str:
    """The number of the last migration: they form one line, and the name of each file begins with its number."""
    return max(path.name.split("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


def differences(connection: Connection) -> list[Any]:
    """What autogenerate would still change to make this database equal the metadata; empty when they are equal."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    return list(compare_metadata(MigrationContext.configure(connection, opts=COMPARE), metadata))


def write_next(message: str) -> Path:
    """Write the migration from the last one to the present metadata, to be read and completed by its author.

    It is found on an empty SQLite database, so it does not depend on anybody's own. Raises SystemExit when the
    metadata has not changed.
    """
    number = f"{int(newest()) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/empty.db"
        upgrade(url)
        return asyncio.run(_change(url, lambda connection: _write(connection, number, message)))


def write_first() -> Path:
    """Write 0001 anew. Only before the first release: later there are databases that have run it as it was."""
    if newest() != "0001":
        raise SystemExit("There are later migrations: write another with `new`.")
    for path in VERSIONS.glob("0001_*.py"):
        path.unlink()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/empty.db"
        return asyncio.run(_change(url, lambda connection: _write(connection, "0001", "First tables")))


async def _change(url: str, work: Callable[[Connection], Result]) -> Result:
    engine = _migrating_engine(url)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _migrating_engine(url: str) -> AsyncEngine:
    engine = make_engine(url, patient=True)
    if engine.dialect.name == "sqlite":
        # SQLite changes a column by a new table, a copy and a drop; with foreign keys on, the drop would empty the
        # tables that refer to it. The pragma does nothing inside a transaction, so it comes before.
        event.listen(
            engine.sync_engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=OFF").close()
        )
    return engine


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WITHIN}'"))
    applied = _applied(connection) or ""
    if applied > newest():
        raise LaterRelease(f"The database belongs to a later release (migration {applied}, here {newest()}).")
    if applied == newest():
        return
    from alembic import command

    command.upgrade(_config(connection), "head")
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise BrokenReferences("a migration left rows without the rows they refer to; nothing was changed")


def _applied(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(select(column("version_num")).select_from(table("alembic_version")))
    return version


def _write(connection: Connection, number: str, message: str) -> Path:
    from alembic import command

    def only_if_changed(_context: Any, _revision: Any, scripts: list[Any]) -> None:
        if scripts[0].upgrade_ops.is_empty():
            raise SystemExit("The tables have not changed: there is nothing to migrate.")

    script: Any = command.revision(
        _config(connection), message, autogenerate=True, rev_id=number, process_revision_directives=only_if_changed
    )
    path = Path(script.path)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.strip().startswith("# ###")), encoding="utf-8")
    return path


def _config(connection: Connection) -> "Config":
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    for name, value in _FORMATTER.items():
        config.set_section_option("post_write_hooks", name, value)
    return config


def main(arguments: list[str]) -> None:
    match arguments:
        case ["new", message]:
            path = write_next(message)
        case ["first"]:
            path = write_first()
        case _:
            raise SystemExit(_USAGE)
    sys.stdout.write(f"{path}: read it, and say what it locks\n")


if __name__ == "__main__":
    main(sys.argv[1:])

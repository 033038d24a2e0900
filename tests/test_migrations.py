import asyncio
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, MetaData, String, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.handle import Intake, Outage
from storage import migrate, models
from storage.database import make_engine
from tests.conftest import PostgreSQL
from tests.heart import count, many_chats, once, rows, taking, typed, world_at
from tests.transcripts import Clock

PEOPLE = 8


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/var/new.db"
    return str(request.getfixturevalue("postgresql_url"))


async def _inspect(url: str, work: Any) -> Any:
    engine = make_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def test_from_empty_to_exactly_the_tables_of_the_metadata(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    assert asyncio.run(_inspect(empty_url, migrate.differences)) == []
    tables = asyncio.run(_inspect(empty_url, lambda connection: inspect(connection).get_table_names()))
    assert set(tables) == {*models.metadata.tables, "alembic_version"}


def test_a_difference_would_be_seen(empty_url: str) -> None:
    def spoil(connection: Connection) -> list[Any]:
        connection.execute(text("ALTER TABLE offices ADD COLUMN extra INTEGER"))
        connection.execute(text("ALTER TABLE results DROP COLUMN decision"))
        connection.execute(text("ALTER TABLE results ADD COLUMN decision VARCHAR(80) NOT NULL DEFAULT 'none'"))
        connection.execute(text("DROP INDEX ix_outbox_waiting"))
        return migrate.differences(connection)

    migrate.upgrade(empty_url)
    found = [change[0] if isinstance(change, list) else change for change in asyncio.run(_inspect(empty_url, spoil))]
    assert sorted(change[0] for change in found) == ["add_index", "modify_default", "remove_column"]


def test_current_is_said_only_of_a_migrated_database(empty_url: str) -> None:
    assert not asyncio.run(migrate.is_current(empty_url))
    migrate.upgrade(empty_url)
    assert asyncio.run(migrate.is_current(empty_url))
    asyncio.run(_set_version(empty_url, "0000"))
    assert not asyncio.run(migrate.is_current(empty_url))


async def _set_version(url: str, version: str) -> None:
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    await engine.dispose()


def test_asking_creates_no_database(tmp_path: Path) -> None:
    assert not asyncio.run(migrate.is_current(f"sqlite+aiosqlite:///{tmp_path}/new.db"))
    assert list(tmp_path.iterdir()) == []


def test_upgrading_again_keeps_the_rows(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    asyncio.run(_add_office(empty_url))
    migrate.upgrade(empty_url)
    assert asyncio.run(_inspect(empty_url, lambda connection: connection.scalar(text("SELECT hours FROM offices"))))


async def _add_office(url: str) -> None:
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.execute(models.offices.insert(), {"territory": "15/04321", "hours": "thứ hai, 8–11 giờ"})
    await engine.dispose()


async def test_several_processes_may_upgrade_at_once(empty_url: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(migrate.upgrade, empty_url) for _ in range(3)))
    assert await migrate.is_current(empty_url)


def test_a_failing_upgrade_leaves_nothing(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(connection: Connection) -> None:
        upgrade(connection)
        raise migrate.BrokenReferences

    upgrade = migrate._upgrade
    monkeypatch.setattr(migrate, "_upgrade", broken)
    with pytest.raises(migrate.BrokenReferences):
        migrate.upgrade(empty_url)
    assert asyncio.run(_inspect(empty_url, lambda connection: inspect(connection).get_table_names())) == []


def test_an_older_program_leaves_the_database_alone(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    asyncio.run(_set_version(empty_url, "9999"))
    with pytest.raises(migrate.LaterRelease, match="migration 9999, here"):
        migrate.upgrade(empty_url)


def test_a_current_database_is_checked_without_alembic(sqlite_url: str) -> None:
    program = "import sys; from storage import migrate; migrate.upgrade(sys.argv[1]); print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program, sqlite_url], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_the_last_number_is_alembics_head() -> None:
    assert migrate.newest() == ScriptDirectory(str(migrate.MIGRATIONS)).get_current_head()


@pytest.mark.parametrize("path", sorted(migrate.VERSIONS.glob("*.py")), ids=lambda path: path.stem)
def test_a_migration_says_what_it_locks_and_imports_nothing_of_ours(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert re.search(r"^Locks: \w", source, re.MULTILINE)
    assert not re.search(r"^(from|import) (storage|bot|dialogs)", source, re.MULTILINE)


TAKES_AWAY = re.compile(r"drop_(column|table|constraint)\(|rename_table\(|new_column_name=|\bDROP (TABLE|COLUMN)\b")


@pytest.mark.parametrize("path", sorted(migrate.VERSIONS.glob("*.py")), ids=lambda path: path.stem)
def test_a_migration_that_takes_something_away_says_since_when_nobody_uses_it(path: Path) -> None:
    """The release before it still serves while it runs: what that one uses has to stay."""
    source = path.read_text(encoding="utf-8")
    assert not TAKES_AWAY.search(source) or re.search(r"^Unused since: \w", source, re.MULTILINE)


@pytest.mark.parametrize(
    "change",
    [
        'op.drop_column("people", "name")', 'op.drop_table("notes")', 'batch_op.drop_column("x")',
        'op.alter_column("people", "name", new_column_name="full_name")', 'op.execute("ALTER TABLE a DROP COLUMN b")',
    ],
)  # fmt: skip
def test_what_takes_something_away_is_seen(change: str) -> None:
    assert TAKES_AWAY.search(change)


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history of the test's own, to be written to: one migration that makes all tables of today."""
    shutil.copytree(migrate.MIGRATIONS, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path / "migrations")
    monkeypatch.setattr(migrate, "VERSIONS", tmp_path / "migrations" / "versions")
    for path in migrate.VERSIONS.glob("*.py"):
        if not path.name.startswith("0001_"):
            path.unlink()
    assert migrate.write_first() == migrate.VERSIONS / "0001_first_tables.py"
    return migrate.VERSIONS


def test_a_first_migration_written_anew_makes_all_tables(copied: Path, empty_url: str) -> None:
    migrate.upgrade(empty_url)
    assert asyncio.run(_inspect(empty_url, migrate.differences)) == []


def test_the_next_migration_adds_what_is_new(copied: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    changed = MetaData(naming_convention=models.metadata.naming_convention)
    for table in models.metadata.tables.values():
        table.to_metadata(changed)
    changed.tables["offices"].append_column(Column("phone", String(20), nullable=False, server_default=""))
    changed.tables["people"].c.name.type = String(200)
    monkeypatch.setattr(migrate, "metadata", changed)
    monkeypatch.setattr(models, "metadata", changed)

    path = migrate.write_next("Offices have a phone")

    assert path == copied / "0002_offices_have_a_phone.py"
    migrate.upgrade(f"sqlite+aiosqlite:///{tmp_path}/new.db")
    assert asyncio.run(_inspect(f"sqlite+aiosqlite:///{tmp_path}/new.db", migrate.differences)) == []
    with pytest.raises(SystemExit, match="later migrations"):
        migrate.write_first()


NEXT = '''"""What a release brings, to the tables that are busiest. Locks: each for a moment."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = {newest!r}


def upgrade() -> None:
    op.add_column("conversations", sa.Column("mood", sa.String(20), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("weight", sa.Integer))
    op.alter_column("people", "name", type_=sa.String(400))
    op.create_index("ix_updates_error", "updates", ["error"])
    op.execute("SELECT pg_sleep(0.5)")
'''


async def test_a_migration_runs_while_the_release_before_it_serves(
    postgresql_server: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People type all the time; each of their messages is answered once, none is lost, and nobody starts anew."""
    url = postgresql_server.create("current")
    engine, done, world = make_engine(url), asyncio.Event(), world_at(Clock())
    await many_chats(engine, Clock(), [f"p{n}" for n in range(PEOPLE)])
    next_ones = tmp_path / "migrations"
    shutil.copytree(migrate.MIGRATIONS, next_ones, ignore=shutil.ignore_patterns("__pycache__"))
    (next_ones / "versions" / "9999_next.py").write_text(NEXT.format(newest=migrate.newest()), encoding="utf-8")
    monkeypatch.setattr(migrate, "MIGRATIONS", next_ones)
    monkeypatch.setattr(migrate, "VERSIONS", next_ones / "versions")

    async def types(intake: Intake, who: str) -> int:
        """As the platform does: what was not taken is posted again."""
        said = 0
        while not done.is_set():
            with suppress(Outage):
                await intake.submit(typed(who, "menu", f"{who}-{said}"))
                said += 1
        return said

    async with taking(engine, world) as intake:
        talking = asyncio.gather(*(types(intake, f"p{n}") for n in range(PEOPLE)))
        await once(lambda: answered(engine, PEOPLE))
        await asyncio.to_thread(migrate.upgrade, url)
        before = await count(engine, models.outbox)
        await once(lambda: answered(engine, before + PEOPLE))
        done.set()
        said = await talking
    assert await migrate.is_current(url)
    assert await count(engine, models.outbox) == sum(said)
    assert [row.error for row in await rows(engine, models.updates) if row.error] == []
    await engine.dispose()
    postgresql_server.drop(url)


async def answered(engine: AsyncEngine, times: int) -> bool:
    return await count(engine, models.outbox) >= times


def test_nothing_is_written_when_nothing_changed(copied: Path) -> None:
    with pytest.raises(SystemExit, match="have not changed"):
        migrate.write_next("Nothing")
    assert [path.name[:4] for path in copied.glob("*.py")] == ["0001"]


def test_a_changed_sqlite_table_keeps_the_rows_that_refer_to_it(copied: Path, tmp_path: Path) -> None:
    path = tmp_path / "ocop.db"
    migrate.upgrade(f"sqlite+aiosqlite:///{path}")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO people (id, name, created_at) VALUES (1, 'Chị Sủi', '2026-11-22')")
        database.execute(
            "INSERT INTO consents (person_id, purpose, given, text_version, channel, recorded_at)"
            " VALUES (1, 'dossier', true, '1', 'web', '2026-11-22')"
        )
    (copied / "0002_longer_names.py").write_text(LONGER_NAMES, encoding="utf-8")

    migrate.upgrade(f"sqlite+aiosqlite:///{path}")

    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT name FROM people JOIN consents ON person_id = people.id").fetchall() == [
            ("Chị Sủi",)
        ]


def test_a_migration_that_breaks_references_is_rolled_back(copied: Path, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/ocop.db"
    (copied / "0002_orphan.py").write_text(ORPHAN, encoding="utf-8")
    with pytest.raises(migrate.BrokenReferences):
        migrate.upgrade(url)
    assert not asyncio.run(migrate.is_current(url))


LONGER_NAMES = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    with op.batch_alter_table("people") as people:
        people.alter_column("name", type_=sa.String(200))
"""

ORPHAN = """
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.execute(
        "INSERT INTO consents (person_id, purpose, given, text_version, channel, recorded_at)"
        " VALUES (1, 'dossier', true, '1', 'web', '2026-11-22')"
    )
"""

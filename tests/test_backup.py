"""A backup of everything that a long conversation leaves behind, and what is made from it."""

import gzip
import json
import re
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage import audit, backup, migrate
from storage.backup import NotRestorable, restore, write
from storage.database import make_engine, reading, writing
from storage.files import FileStore
from storage.models import cases, conversations, files, metadata, outbox
from tests.conftest import PostgreSQL
from tests.heart import chat, idea, rows, submit, world_at
from tests.program import finished
from tests.test_conversations import FOLDER, run_of
from tests.test_conversations import read as recorded
from tests.transcripts import Clock, inputs, play

STORY = "dossier"
BYTES = b"a document"

EngineOf = Callable[[str], AsyncEngine]


@pytest.fixture
async def engine_of(tmp_path: Path, postgresql_server: PostgreSQL) -> AsyncIterator[EngineOf]:
    """New databases with all tables and nothing in them."""
    made: list[AsyncEngine] = []
    urls: list[str] = []

    def new(kind: str) -> AsyncEngine:
        if kind == "sqlite":
            url = f"sqlite+aiosqlite:///{tmp_path / f'{len(made)}.db'}"
        else:
            urls.append(url := postgresql_server.create("current"))
        made.append(make_engine(url))
        return made[-1]

    yield new
    for engine in made:
        await engine.dispose()
    for url in urls:
        postgresql_server.drop(url)


async def filled(engine: AsyncEngine, store: FileStore) -> None:
    if engine.dialect.name == "sqlite":
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
    await play(run_of(engine, world_at(Clock()), "telegram"), inputs(recorded(FOLDER / f"{STORY}.txt")))
    sha256 = await store.put(BYTES)
    async with writing(engine) as connection:
        await connection.execute(files.update().values(sha256=sha256))


async def next_message(engine: AsyncEngine, clock: Clock) -> int:
    """The number that the next message gets; it stays in the outbox."""
    async with writing(engine) as connection:
        chat_id = (await connection.execute(select(conversations.c.id))).scalars().first()
        row = {
            "conversation_id": chat_id,
            "kind": "reply",
            "body": {"text": ""},
            "due_at": clock(),
            "created_at": clock(),
        }
        return int((await connection.execute(insert(outbox).values(row).returning(outbox.c.id))).scalar_one())


async def everything(engine: AsyncEngine) -> dict[str, list[Any]]:
    return {table.name: [tuple(row) for row in await rows(engine, table)] for table in metadata.sorted_tables}


async def empty(engine: AsyncEngine) -> AsyncEngine:
    if engine.dialect.name == "sqlite":
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
    return engine


@pytest.mark.postgresql
@pytest.mark.parametrize(("before", "after"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
async def test_a_backup_fits_the_other_database_and_the_work_goes_on(
    engine_of: EngineOf, tmp_path: Path, before: str, after: str
) -> None:
    old, store, clock = engine_of(before), FileStore(str(tmp_path / "old")), Clock()
    await filled(old, store)
    highest = await next_message(old, clock)
    async with writing(old) as connection:
        await connection.execute(outbox.delete().where(outbox.c.id == highest))
    written = await write(old, store, tmp_path / "kept", clock())
    assert (written.documents, written.lost) == (1, [])
    assert written.folder.name == f"{clock():%Y-%m-%dT%H%M%SZ}"
    new, others = await empty(engine_of(after)), FileStore(str(tmp_path / "new"))
    restored = await restore(new, others, written.folder)
    assert (restored.rows, restored.documents, list(restored.lost)) == (written.rows, 1, [])
    assert await everything(new) == await everything(old)
    (sha256,) = {row.sha256 for row in await rows(new, files)}
    assert await others.get(sha256) == BYTES
    await submit(new, await chat(new, clock, "somebody new"), clock())  # new rows get numbers of their own
    assert len(await rows(new, cases)) == len(await rows(old, cases)) + 1
    assert await next_message(new, clock) > highest  # also of what is gone
    async with reading(new) as connection:
        assert (await audit.verify(connection)).broken is None


async def test_nothing_committed_meanwhile_is_half_in_it(
    engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case and its events are in different tables: one that is handed in between the two is in neither."""
    clock, write_table, done = Clock(), backup._write_table, list[str]()

    async def and_somebody_hands_in(connection: AsyncConnection, table: Any, *others: Any) -> Any:
        found = await write_table(connection, table, *others)
        if not done:
            done.append(table.name)
            await submit(engine, await chat(engine, clock, "meanwhile"), clock())
        return found

    await idea(engine, clock, "before")
    monkeypatch.setattr(backup, "_write_table", and_somebody_hands_in)
    written = await write(engine, FileStore("memory:///"), tmp_path, clock())
    assert len(await rows(engine, cases)) == 2
    counts = {
        name: one["rows"] for name, one in json.loads((written.folder / "manifest.json").read_text())["tables"].items()
    }
    assert (counts["cases"], counts["case_events"]) == (1, 1)


async def test_what_is_copied_once_is_not_copied_again_and_what_is_lost_is_named(
    sqlite_engine: AsyncEngine, tmp_path: Path
) -> None:
    store, clock = FileStore(str(tmp_path / "files")), Clock()
    await filled(sqlite_engine, store)
    first = await write(sqlite_engine, store, tmp_path / "kept", clock())
    (document,) = (path for path in (tmp_path / "kept" / "files").rglob("*") if path.is_file())
    written_at = document.stat().st_mtime_ns
    clock.now = clock.now.replace(hour=clock.now.hour + 1)
    second = await write(sqlite_engine, store, tmp_path / "kept", clock())
    assert document.stat().st_mtime_ns == written_at
    assert {first.folder, second.folder} == {path for path in (tmp_path / "kept").iterdir() if path.name != "files"}
    document.write_bytes(b"changed")
    await store.delete(document.name)
    clock.now = clock.now.replace(hour=clock.now.hour + 1)
    third = await write(sqlite_engine, store, tmp_path / "kept", clock())
    assert third.lost == [document.name]


# ---------------------------------------------------------------- what is refused, before anything is written


async def test_what_is_no_whole_backup_is_refused(engine_of: EngineOf, tmp_path: Path) -> None:
    old, store = engine_of("sqlite"), FileStore("memory:///")
    await filled(old, store)
    folder = (await write(old, store, tmp_path, Clock()())).folder
    new = await empty(engine_of("sqlite"))
    with pytest.raises(NotRestorable, match="the database is not empty: its table"):
        await restore(old, store, folder)
    with pytest.raises(NotRestorable, match="no whole backup"):
        await restore(new, store, tmp_path)
    table = folder / "tables" / "people.jsonl.gz"
    whole = table.read_bytes()
    table.write_bytes(whole[:-9] + b"x" + whole[-8:])
    with pytest.raises(NotRestorable, match=r"people\.jsonl\.gz is not as it was written"):
        await restore(new, store, folder)
    table.write_bytes(whole)
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"{migrate.newest()}"', '"0001"'))
    with pytest.raises(NotRestorable, match="migration 0001, and this release has"):
        await restore(new, store, folder)
    assert not any((await everything(new)).values())


async def test_an_audit_that_was_changed_in_the_backup_is_refused(engine_of: EngineOf, tmp_path: Path) -> None:
    old, store = engine_of("sqlite"), FileStore("memory:///")
    await filled(old, store)
    folder = (await write(old, store, tmp_path, Clock()())).folder
    table, manifest = folder / "tables" / "audit.jsonl.gz", folder / "manifest.json"
    with gzip.open(table, "rt") as file:
        lines = file.read().splitlines()
    with gzip.open(table, "wt") as file:
        file.write("\n".join([lines[0].replace('"channel":"', '"channel":"x'), *lines[1:], ""]))
    known = json.loads(manifest.read_text())
    known["tables"]["audit"]["sha256"] = backup._sha256(table)
    manifest.write_text(json.dumps(known))
    new = await empty(engine_of("sqlite"))
    with pytest.raises(NotRestorable, match="the audit in it was changed, at entry 1"):
        await restore(new, store, folder)
    assert not any((await everything(new)).values())


# ---------------------------------------------------------------- the commands


async def test_a_night_s_backup_by_command_and_back_into_a_new_place(tmp_path: Path) -> None:
    code, said, logged = await finished(tmp_path / "old", "migrate")
    assert code == 0, logged
    code, said, logged = await finished(tmp_path / "old", "invite", "--administrator")
    assert code == 0, logged
    code, said, logged = await finished(tmp_path / "old", "backup", str(tmp_path / "kept"))
    assert (code, logged) == (0, "")
    assert re.fullmatch(rf"{tmp_path}/kept/\S+Z: \d+ rows, 0 documents\.\nThe key in var/ocop\.key opens it.+\n", said)
    folder = said.partition(":")[0]
    code, said, logged = await finished(tmp_path / "new", "restore", folder)
    assert code == 0, logged
    assert "the audit's chain is whole" in said
    code, said, logged = await finished(tmp_path / "new", "restore", folder)
    assert code == 1
    assert logged == "Nothing was restored: the database is not empty: its table audit has rows.\n"
    code, said, logged = await finished(tmp_path / "new", "invite", "--administrator")
    assert (code, "ENCRYPTION_KEY or var/ocop.key does not have it" in logged) == (1, True)
    shutil.copy(tmp_path / "old/var/ocop.key", tmp_path / "new/var/ocop.key")
    code, said, logged = await finished(tmp_path / "new", "invite", "--administrator")
    assert (code, "/start/i-" in said) == (0, True), logged
    code, _, logged = await finished(tmp_path / "none", "backup", str(tmp_path / "kept"))
    assert (code, "not up to date" in logged) == (1, True)

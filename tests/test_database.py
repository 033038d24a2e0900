import asyncio
import contextlib
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import String, cast, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage import database
from storage.database import SQLITE_BUSY_TIMEOUT_MS, make_engine, reading, sqlite_path, writing
from storage.models import consents, conversations, offices, people, serials, settings
from storage.visits import Begin
from tests.conftest import PostgreSQL

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL
        ("foreign_keys", 1),
        ("busy_timeout", SQLITE_BUSY_TIMEOUT_MS),
    ],
)
async def test_every_sqlite_connection_has_the_pragmas(sqlite_engine: AsyncEngine, pragma: str, value: object) -> None:
    async with sqlite_engine.connect() as first, sqlite_engine.connect() as second:
        for connection in (first, second):
            await connection.execution_options(sqlite_begin=Begin.READING)
            assert await connection.scalar(text(f"PRAGMA {pragma}")) == value


async def test_ten_simultaneous_writers_wait_and_none_fails(engine: AsyncEngine) -> None:
    async def count() -> None:
        async with engine.begin() as connection:
            row = select(serials.c.last).where(serials.c.commune == "04321").with_for_update()
            last = await connection.scalar(row)
            await asyncio.sleep(0.01)  # long enough for all others to be waiting
            await connection.execute(update(serials).values(last=(last or 0) + 1))

    async with engine.begin() as connection:
        await connection.execute(insert(serials).values(commune="04321", year=2026, last=0))
    await asyncio.gather(*(count() for _ in range(10)))
    async with reading(engine) as connection:
        assert await connection.scalar(select(serials.c.last)) == 10


async def test_writers_of_a_sqlite_process_take_turns_however_long_it_takes(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SQLITE_BUSY_TIMEOUT_MS", 1)
    engine = make_engine(sqlite_url)
    order = []

    async def write(number: int) -> None:
        async with writing(engine) as connection:
            await asyncio.sleep(0.02)
            await connection.execute(insert(settings).values(name=f"{number}", value=""))
            order.append(number)

    await asyncio.gather(*(write(number) for number in range(20)))
    assert order == [*range(20)]
    await engine.dispose()


async def test_a_writer_that_fails_lets_the_next_one_in(engine: AsyncEngine) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async with writing(engine):
            raise ZeroDivisionError
    async with asyncio.timeout(2), writing(engine) as connection:
        await connection.execute(insert(settings).values(name="key", value="value"))
    async with reading(engine) as connection:
        assert await connection.scalar(select(settings.c.value)) == "value"


@pytest.mark.postgresql
async def test_writers_on_postgresql_work_side_by_side(postgresql_url: str) -> None:
    engine = make_engine(postgresql_url)
    async with asyncio.timeout(5), writing(engine) as one, writing(engine) as other:
        assert await one.scalar(select(1)) == await other.scalar(select(1)) == 1
    await engine.dispose()


async def test_who_stands_still_in_a_transaction_does_not_keep_its_rows(
    postgresql_server: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that hangs: its locks end, and the others go on."""
    monkeypatch.setattr(database, "STANDS_STILL_S", 0.2)
    url = postgresql_server.create("current")
    hanging, other = make_engine(url), make_engine(url)
    async with other.begin() as connection:
        await connection.execute(insert(offices), {"territory": "15/04336", "hours": "x"})
    stuck = await hanging.connect()
    await stuck.execute(select(offices).with_for_update())
    async with asyncio.timeout(10), other.begin() as waiting:
        await waiting.execute(select(offices).with_for_update())
    with pytest.raises(DBAPIError):
        await stuck.execute(select(offices))
    await stuck.close()
    await hanging.dispose()
    await other.dispose()
    postgresql_server.drop(url)


async def test_a_reader_does_not_wait_for_the_writer(engine: AsyncEngine) -> None:
    async with engine.begin() as writer:
        await writer.execute(insert(settings).values(name="key", value="value"))
        async with asyncio.timeout(2), reading(engine) as reader:
            assert await reader.scalar(select(func.count()).select_from(settings)) == 0


async def test_a_failing_transaction_leaves_nothing(engine: AsyncEngine) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async with engine.begin() as connection:
            await connection.execute(insert(settings).values(name="key", value="value"))
            raise ZeroDivisionError
    async with reading(engine) as connection:
        assert await connection.scalar(select(func.count()).select_from(settings)) == 0


@pytest.mark.parametrize("given", [NOON, NOON.astimezone(timezone(timedelta(hours=7)))])
async def test_a_time_comes_back_aware_and_in_utc(engine: AsyncEngine, given: datetime) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(people).values(created_at=given))
        kept = await connection.scalar(select(people.c.created_at))
        found = await connection.scalar(select(people.c.id).where(people.c.created_at == given))
    assert kept == NOON
    assert kept is not None
    assert kept.utcoffset() == timedelta(0)
    assert found is not None


async def test_a_time_without_a_zone_is_refused(engine: AsyncEngine) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        async with engine.begin() as connection:
            await connection.execute(insert(people).values(created_at=NOON.replace(tzinfo=None)))


async def test_json_keeps_vietnamese_as_it_was_written(engine: AsyncEngine) -> None:
    state = {"at": "register_idea/phone", "drafts": {"Mắm tôm chua Gò Công": {"phone": "+84912345678"}}}
    async with engine.begin() as connection:
        person_id = await connection.scalar(insert(people).values(created_at=NOON).returning(people.c.id))
        row = {"person_id": person_id, "channel": "web", "chat_id": "1", "state": state, "updated_at": NOON}
        await connection.execute(insert(conversations).values(row))
        assert await connection.scalar(select(conversations.c.state)) == state
        stored = await connection.scalar(select(cast(conversations.c.state, String)))
    assert "Mắm tôm chua Gò Công" in str(stored)


async def test_foreign_keys_are_enforced(engine: AsyncEngine) -> None:
    consent = {"purpose": "dossier", "given": True, "text_version": "1", "channel": "web", "recorded_at": NOON}
    with pytest.raises(IntegrityError):
        async with engine.begin() as connection:
            await connection.execute(insert(consents).values(person_id=404, **consent))


async def test_rows_are_numbered_by_the_database(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        rows = [{"created_at": NOON}] * 3
        ids = await connection.scalars(insert(people).returning(people.c.id, sort_by_parameter_order=True), rows)
        assert ids.all() == [1, 2, 3]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite+aiosqlite:///var/ocop.db", Path("var/ocop.db")),
        ("sqlite+aiosqlite:////srv/ocop.db", Path("/srv/ocop.db")),
        ("sqlite+aiosqlite://", None),
        ("sqlite+aiosqlite:///:memory:", None),
        ("postgresql+asyncpg://ocop@localhost/ocop", None),
    ],
)
def test_the_file_of_a_database(url: str, path: Path | None) -> None:
    assert sqlite_path(url) == path


# ---------------------------------------------------------------- one visit a statement


async def test_a_statement_visits_its_thread_once_or_not_at_all(
    sqlite_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sqlite_engine.connect() as connection:
        await connection.execute(select(settings))
    visits = Counter[str]()
    execute: Any = aiosqlite.Connection._execute

    def counted(connection: aiosqlite.Connection, work: Any, *args: Any, **named: Any) -> Any:
        visits[work.__name__] += 1
        return execute(connection, work, *args, **named)

    async def written(connection: AsyncConnection, *names: str) -> None:
        await connection.execute(insert(settings), [{"name": name, "value": "1"} for name in names])

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    async with writing(sqlite_engine) as connection:  # it has the lock: only BEGIN and COMMIT may have to wait
        await written(connection, "a", "b")
        found = (await connection.execute(select(settings.c.name).where(settings.c.name < "c"))).scalars().all()
    assert (found, visits) == (["a", "b"], {"execute": 1, "commit": 1})
    visits.clear()
    async with writing(sqlite_engine, long=True) as connection:
        await written(connection, "c", "d")
        await connection.execute(delete(settings))
    assert visits == {"execute": 1, "executed": 1, "executed_many": 1, "commit": 1}
    visits.clear()
    async with reading(sqlite_engine) as connection:
        assert (await connection.execute(select(settings))).all() == []
    assert visits == {"execute": 1, "executed": 1, "commit": 1}


async def test_what_writes_needs_no_greenlet_and_no_listener(
    sqlite_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def spawned(*_: Any, **__: Any) -> None:
        raise AssertionError("SQLAlchemy prepares to wait")

    assert not sqlite_engine.sync_engine._has_events
    async with writing(sqlite_engine) as connection:
        with monkeypatch.context() as patched:
            patched.setattr("sqlalchemy.ext.asyncio.engine.greenlet_spawn", spawned)
            await connection.execute(insert(settings), [{"name": name, "value": "1"} for name in "ab"])
            assert await connection.scalar(select(func.count()).select_from(settings)) == 2
            assert (await connection.exec_driver_sql("SELECT 1")).scalar() == 1


async def test_a_visit_brings_what_the_dialects_own_cursor_brings(sqlite_url: str) -> None:
    plain = create_async_engine(sqlite_url)
    for engine in (plain, make_engine(sqlite_url)):
        async with engine.begin() as connection:
            named = {"name": "x", "value": "1"}
            made = await connection.execute(insert(settings).values(named).returning(settings.c.name))
            assert (made.scalars().all(), made.returns_rows) == (["x"], True)
            both = await connection.execute(insert(settings), [{"name": n, "value": n} for n in ("y", "z")])
            assert both.returns_rows is False
            changed = await connection.execute(update(settings).values(value="2").where(settings.c.name != "x"))
            assert changed.rowcount == 2
            gone = delete(settings).where(settings.c.name.in_(["x", "y", "z"])).returning(settings.c.value)
            assert sorted((await connection.execute(gone)).scalars()) == ["1", "2", "2"]
            assert (await connection.execute(text("SELECT 1 AS one, NULL AS none"))).mappings().one() == {
                "one": 1, "none": None
            }  # fmt: skip
            many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i FROM n"
            async with connection.stream(text(many)) as streamed:
                assert [row.i async for row in streamed] == list(range(1, 501))
        with pytest.raises(IntegrityError):
            async with engine.begin() as connection:
                await connection.execute(insert(settings), [named, named])
        with pytest.raises(OperationalError, match="no such table"):
            async with engine.begin() as connection:
                await connection.execute(text("SELECT * FROM nowhere"))
        await engine.dispose()

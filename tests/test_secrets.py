"""Secrets at rest: what a thief of the database has, keys that change, and sections that only one is in at a time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import secrets as kept
from storage.database import make_engine, reading, writing
from storage.models import secrets, settings
from storage.secrets import Vault, WrongKey, exclusive, prune, read, rekey, save, take

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OLD, NEW = "an old key of more than 32 characters", "a new key of more than 32 characters"
TOKEN = "hunter2-refresh-token"


async def _row(engine: AsyncEngine, name: str = "zalo") -> str:
    async with reading(engine) as connection:
        return str(await connection.scalar(select(secrets.c.value).where(secrets.c.name == name)))


async def _saved(engine: AsyncEngine, vault: Vault, value: str = TOKEN, name: str = "zalo") -> None:
    async with writing(engine) as connection:
        await save(connection, vault, name, value, NOW)


async def _read(engine: AsyncEngine, vault: Vault, name: str = "zalo") -> str | None:
    async with reading(engine) as connection:
        return await read(connection, vault, name)


async def test_what_is_kept_comes_back_and_is_not_there_in_plain(engine: AsyncEngine) -> None:
    vault = Vault([OLD])
    assert await _read(engine, vault) is None
    await _saved(engine, vault)
    await _saved(engine, vault, "Tờ khai số 2")
    assert await _read(engine, vault) == "Tờ khai số 2"
    await _saved(engine, vault)
    assert TOKEN not in await _row(engine)
    assert await _read(engine, Vault([OLD])) == TOKEN


async def test_the_same_secret_twice_looks_different(engine: AsyncEngine) -> None:
    vault = Vault([OLD])
    await _saved(engine, vault, name="a")
    await _saved(engine, vault, name="b")
    assert await _row(engine, "a") != await _row(engine, "b")


async def test_another_key_opens_nothing(engine: AsyncEngine) -> None:
    await _saved(engine, Vault([OLD]))
    with pytest.raises(WrongKey, match="ENCRYPTION_KEY does not open the secret “zalo”") as refused:
        await _read(engine, Vault([NEW]))
    for key in (OLD, NEW, TOKEN):
        assert key not in str(refused.value)


async def test_keys_are_changed_one_after_the_other(engine: AsyncEngine) -> None:
    await _saved(engine, Vault([OLD]))
    both = Vault([NEW, OLD])
    assert await _read(engine, both) == TOKEN  # the old one still decrypts
    await _saved(engine, both)
    assert await _read(engine, Vault([NEW])) == TOKEN  # the new one encrypted
    with pytest.raises(WrongKey):
        await _read(engine, Vault([OLD]))


async def test_a_new_first_key_takes_over_all_that_is_kept(engine: AsyncEngine) -> None:
    await _saved(engine, Vault([OLD]), name="zalo")
    await _saved(engine, Vault([OLD]), name="vapid")
    await _saved(engine, Vault(["a third key of more than 32 characters"]), name="lost")
    for _ in range(2):  # the second time there is nothing left to do
        before = await _row(engine), await _row(engine, "lost")
        async with writing(engine) as connection:
            assert await rekey(connection, Vault([NEW, OLD])) == 1
    assert await _read(engine, Vault([NEW])) == await _read(engine, Vault([NEW]), "vapid") == TOKEN
    assert (await _row(engine), await _row(engine, "lost")) == before


async def test_a_changed_row_is_noticed(engine: AsyncEngine) -> None:
    vault = Vault([OLD])
    await _saved(engine, vault)
    row = await _row(engine)
    changed = row[:40] + ("A" if row[40] != "A" else "B") + row[41:]
    async with writing(engine) as connection:
        await connection.execute(update(secrets).values(value=changed))
    with pytest.raises(WrongKey):
        await _read(engine, vault)


async def test_a_row_does_not_open_under_another_name(engine: AsyncEngine) -> None:
    vault = Vault([OLD])
    await _saved(engine, vault)
    async with writing(engine) as connection:
        row = {"name": "push", "value": await connection.scalar(select(secrets.c.value)), "updated_at": NOW}
        await connection.execute(insert(secrets).values(row))
    with pytest.raises(WrongKey):
        await _read(engine, vault, "push")


@pytest.mark.parametrize("keys", [[], ["short"], [OLD, "short"], [""]])
def test_a_key_that_is_too_short_is_refused(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="at least 32 characters"):
        Vault(keys)


def test_keys_do_not_show() -> None:
    assert OLD not in repr(Vault([OLD]))


async def test_of_two_that_take_a_secret_one_gets_it(engine: AsyncEngine) -> None:
    vault = Vault([OLD])
    await _saved(engine, vault)

    async def taken() -> str | None:
        async with writing(engine) as connection:
            return await take(connection, vault, "zalo")

    assert sorted(await asyncio.gather(taken(), taken()), key=str) == [None, TOKEN]


async def test_what_nobody_took_is_forgotten(engine: AsyncEngine) -> None:
    vault = Vault([OLD])
    await _saved(engine, vault, name="consent:1")
    await _saved(engine, vault, name="zalo")
    async with writing(engine) as connection:
        await prune(connection, "consent:", NOW)
    assert await _read(engine, vault, "consent:1") == TOKEN
    async with writing(engine) as connection:
        await prune(connection, "consent:", NOW + timedelta(seconds=1))
    assert await _read(engine, vault, "consent:1") is None
    assert await _read(engine, vault, "zalo") == TOKEN


# ---------------------------------------------------------------- one at a time


class Room:
    """Who is inside at the same time."""

    def __init__(self) -> None:
        self.inside = self.most = self.visits = 0

    async def visit(self, engine: AsyncEngine, name: str = "zalo", stay_s: float = 0.02) -> None:
        async with exclusive(engine, name):
            self.inside += 1
            self.most = max(self.most, self.inside)
            await asyncio.sleep(stay_s)
            self.inside -= 1
            self.visits += 1


async def test_one_task_at_a_time(engine: AsyncEngine) -> None:
    room = Room()
    await asyncio.gather(*(room.visit(engine) for _ in range(4)))
    assert (room.most, room.visits) == (1, 4)


async def test_names_do_not_wait_for_each_other(engine: AsyncEngine) -> None:
    room = Room()
    await asyncio.gather(room.visit(engine, "a", 0.2), room.visit(engine, "b", 0.2))
    assert room.most == 2


async def test_one_process_at_a_time_where_there_are_several(postgresql_url: str) -> None:
    room = Room()
    here, elsewhere = make_engine(postgresql_url), make_engine(postgresql_url)
    try:
        await asyncio.gather(*(room.visit(one) for one in (here, elsewhere) * 3))
    finally:
        await here.dispose()
        await elsewhere.dispose()
    assert (room.most, room.visits) == (1, 6)


async def test_many_that_wait_leave_connections_for_the_one_inside(engine: AsyncEngine) -> None:
    """The pool has 15; if each that waits held one, the one inside would find none."""

    async def visit() -> None:
        async with exclusive(engine, "zalo"), writing(engine) as connection:
            await connection.execute(select(1))

    async with asyncio.timeout(20):
        await asyncio.gather(*(visit() for _ in range(40)))


async def test_who_fails_inside_lets_the_next_one_in(engine: AsyncEngine) -> None:
    with pytest.raises(ZeroDivisionError):
        async with exclusive(engine, "zalo"):
            raise ZeroDivisionError
    async with asyncio.timeout(5), exclusive(engine, "zalo"):
        pass


async def test_writers_need_not_wait_for_who_is_inside(engine: AsyncEngine) -> None:
    async with asyncio.timeout(5), exclusive(engine, "zalo"), writing(engine) as connection:
        await connection.execute(insert(settings).values(name="x", value="y"))


def test_the_lock_has_a_number_of_its_own() -> None:
    """Beside "ocop" and "ocpo", which migrations and polling use."""
    numbers = {kept._number(name) for name in ("zalo", "vapid")}
    assert len(numbers) == 2
    assert all(abs(number) > 2**32 for number in numbers)

"""The machine itself fails under the real program: its disk is full, its database is locked by somebody else.

Nothing that people send meanwhile is lost, and as soon as there is room again they are answered, each once.
"""

import asyncio
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.doubles.bot_api import BotApi
from tests.doubles.people import Person
from tests.doubles.villagers import Villager
from tests.program import Program, begin, free_port
from tests.whole import nothing_is_missing, settled

START_S = 120.0
OUTAGE_S = 3.0
ANSWER_S = 60.0
COMMUNE = "04336"
DISK_MB, VILLAGERS = 32, 40


async def test_a_full_disk_and_a_locked_database_lose_nothing(tmp_path: Path) -> None:
    async with BotApi() as api:
        database = tmp_path / "ocop.db"
        url = f"sqlite+aiosqlite:///{database}"
        environment = {
            "DATABASE_URL": url, "FILES_URL": str(tmp_path / "files"),
            "TELEGRAM_BOT_TOKEN": api.token, "TELEGRAM_API_URL": api.url, "DAYS_OFF": "",
        }  # fmt: skip
        program = begin(tmp_path, **environment)
        try:
            await program.ready(START_S)
            people = [Person(api, 5001 + n) for n in range(4)]
            villagers = [Villager(api, n, COMMUNE) for n in range(6)]
            load = asyncio.gather(*(one.registers() for one in villagers))
            await asyncio.gather(*(person.consents() for person in people))
            await while_the_disk_is_full(program, people)
            await while_the_database_is_locked(database, people)
            await load
            await while_the_disk_is_full(program, people)
            await settled(url)
            assert await program.stop() == 0, program.logged
        finally:
            program.kill()
        assert "Traceback" not in program.logged
        await nothing_is_missing(url, tmp_path / "files", api, villagers, {})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "ocop-tests", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.by_hand
async def test_a_disk_on_which_there_is_really_no_room(tmp_path: Path, small_disk: Path) -> None:
    """Where the database and the files are; what SQLite has room for already it goes on writing."""
    url, port = f"sqlite+aiosqlite:///{small_disk}/ocop.db", free_port()
    environment = {
        "DATABASE_URL": url, "FILES_URL": str(small_disk / "files"), "DAYS_OFF": "",
        "PORT": str(port), "PUBLIC_URL": f"http://localhost:{port}",
    }  # fmt: skip
    async with BotApi(pace=0.05) as api:
        program = begin(tmp_path, **environment, TELEGRAM_BOT_TOKEN=api.token, TELEGRAM_API_URL=api.url)
        try:
            await program.ready(START_S)
            villagers = [Villager(api, n, COMMUNE) for n in range(VILLAGERS)]
            load = asyncio.gather(*(one.registers() for one in villagers))
            refused = 0
            for _ in range(4):
                await asyncio.sleep(OUTAGE_S)
                refused += await while_there_is_no_room(small_disk, program)
                assert not load.done(), "all have registered before the disk was full: more of them"
            await load
            await settled(url)
            assert await program.stop() == 0, program.logged
        finally:
            program.kill()
        assert "Traceback" not in program.logged
        assert refused
        await nothing_is_missing(url, small_disk / "files", api, villagers, {})
    again, longest = sum(one.again for one in villagers), max(one.alone_s for one in villagers)
    print(f"{refused} commits and files refused, {again} things done again, longest wait {longest:.1f} s")  # noqa: T201


async def while_there_is_no_room(folder: Path, program: Program) -> int:
    """How often the program has said that something could not be written."""
    before = refusals(program)
    ballast = folder / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for _ in range(20):  # what is freed meanwhile is taken again
            with suppress(OSError):
                while True:
                    file.write(b"x" * 4096)
            await asyncio.sleep(2 * OUTAGE_S / 20)
    ballast.unlink()
    return refusals(program) - before


def refusals(program: Program) -> int:
    return sum(program.logged.count(words) for words in ("could not be committed", "is not there", "StoreAway"))


async def while_the_disk_is_full(program: Program, people: list[Person]) -> None:
    """As far as it may write into a file: as many bytes as there are in its smallest one, which is none."""
    pid = program.pid
    most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most[1]))
    await nobody_is_answered(people)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, most)
    await everybody_is_answered_once(people)


async def while_the_database_is_locked(database: Path, people: list[Person]) -> None:
    """By a program of somebody else: a backup, an editor."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await nobody_is_answered(people)
        other.execute("ROLLBACK")
    await everybody_is_answered_once(people)


async def nobody_is_answered(people: list[Person]) -> None:
    for person in people:
        person.reads_all()
        person.types("/help")
    await asyncio.sleep(OUTAGE_S)
    assert [person.reads_all() for person in people] == [[]] * len(people)


async def everybody_is_answered_once(people: list[Person]) -> None:
    found = await asyncio.gather(*(person.answered(ANSWER_S) for person in people))
    assert len({seen.text for seen in found}) == 1
    await asyncio.gather(*(person.says("/menu") for person in people))
    assert [person.reads_all() for person in people] == [[]] * len(people)

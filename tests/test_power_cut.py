"""The power goes: what is on the disk at that moment has everything that was acknowledged.

The program's disk is a small file system in a file. What a loop device has not been told to write yet is not in that
file, so a copy of it, made while the program stands still, is what a machine without power finds when it starts again.
"""

import asyncio
import random
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from storage.files import FileStore
from storage.models import outbox
from tests.doubles.bot_api import BotApi
from tests.doubles.villagers import Villager
from tests.heart import rows
from tests.program import Program, begin, free_port
from tests.whole import engine_of

DISK_MB = 96
PEOPLE, CUTS = 12, 4
LIVES_S = (0.5, 1.5)
START_S = 120.0
IN_FLIGHT_S = 0.3
"""A write that the disk was just told to do is done when this has passed; what it was not told stays undone."""


@contextmanager
def mounted(image: Path, at: Path) -> Iterator[Path]:
    """Raises OSError where this may not be done. `commit`: ext4 does not write by itself while the test lasts."""
    at.mkdir()
    done = subprocess.run(["mount", "-o", "loop,commit=300", image, at], capture_output=True, text=True)
    if done.returncode:
        raise OSError(done.stderr)
    try:
        yield at
    finally:
        subprocess.run(["umount", at], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """An image, and where it is mounted."""
    image = tmp_path / "disk"
    image.touch()
    with image.open("r+b") as file:
        file.truncate(DISK_MB << 20)
    try:
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True, capture_output=True)
        with mounted(image, tmp_path / "mounted") as folder:
            yield image, folder
    except OSError as error:
        pytest.skip(f"no file system may be mounted here: {error}")


async def test_what_was_acknowledged_is_on_the_disk_when_the_power_goes(
    tmp_path: Path, disk: tuple[Path, Path]
) -> None:
    image, folder = disk
    port = free_port()
    environment = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/ocop.db",
        "FILES_URL": str(folder / "files"),
        "PORT": str(port),
        "PUBLIC_URL": f"http://localhost:{port}",
    }
    async with BotApi(pace=0.05) as api:
        environment |= {"TELEGRAM_BOT_TOKEN": api.token, "TELEGRAM_API_URL": api.url, "DAYS_OFF": ""}
        program = begin(tmp_path / "program", **environment)
        try:
            await program.ready(START_S)
            people = [Villager(api, n, "04336") for n in range(PEOPLE)]
            load = asyncio.gather(*(one.registers() for one in people))
            found = []
            for number in range(CUTS):
                await asyncio.sleep(random.uniform(*LIVES_S))
                acknowledged, read = await cut(program, api, image, tmp_path / f"copy{number}")
                found.append(await survived(tmp_path / f"copy{number}", acknowledged, read))
            await load
            await asyncio.sleep(IN_FLIGHT_S)
            acknowledged, read = await cut(program, api, image, tmp_path / "last")
            assert await survived(tmp_path / "last", acknowledged, read) >= max(found)
        finally:
            program.kill()


async def cut(program: Program, api: BotApi, image: Path, copy: Path) -> tuple[set[str], list[str]]:
    """Updates that had been answered with 200, and messages that people had read, at that moment."""
    program.send(signal.SIGSTOP)
    acknowledged = {str(number) for number, status, _ in api.deliveries if status == 200}
    read = [seen.text for chat in api.chats.values() for seen in chat.seen]
    await asyncio.sleep(IN_FLIGHT_S)
    await asyncio.to_thread(shutil.copyfile, image, copy)
    program.send(signal.SIGCONT)
    return acknowledged, read


async def survived(image: Path, acknowledged: set[str], read: list[str]) -> int:
    """How many files are kept; the machine starts again from this disk."""
    with mounted(image, image.with_suffix(".mounted")) as folder, closing(sqlite3.connect(folder / "ocop.db")) as base:
        assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert acknowledged <= {key for (key,) in base.execute("SELECT key FROM updates")}
        engine = engine_of(f"sqlite+aiosqlite:///{folder}/ocop.db")
        assert set(read) <= {row.body["text"] for row in await rows(engine, outbox)}
        await engine.dispose()
        store = FileStore(str(folder / "files"))
        kept = base.execute("SELECT sha256, size_bytes FROM files WHERE status = 'stored'").fetchall()
        for sha256, size_bytes in kept:
            assert len(await store.get(sha256)) == size_bytes
        return len(kept)

"""kill -9 at random moments while people register and send photos: nothing is lost, nothing is submitted twice.

pytest tests/test_kill.py --kills 20 --registrations 500 [--kill-on postgresql] [--kill-polling]
"""

import asyncio
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.clock import system_clock
from dialogs.model import Role
from dialogs.places import territory
from storage import people
from storage.database import make_engine, reading
from storage.files import FileStore
from storage.models import cases, conversations, files, outbox, papers, timers, updates
from tests.doubles.bot_api import BotApi
from tests.doubles.people import Person
from tests.doubles.villagers import Villager, told
from tests.heart import rows
from tests.program import Program, begin, finished, free_port

COMMUNES = ("04336", "15001", "15007", "15010", "15013", "00715", "01153", "01156")
AT_ONCE = 32
"""People in the middle of a registration at the same time."""
SERVES_S = (0.2, 3.0)
"""How long the program lives, once it serves."""
PACE = 0.05
ALL_S = 3000.0
START_S = 180.0
SETTLED_S = 300.0


async def test_killed_at_random_moments(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    kills, count = pytestconfig.getoption("--kills"), pytestconfig.getoption("--registrations")
    port = free_port()
    url = f"sqlite+aiosqlite:///{tmp_path}/ocop.db"
    environment = {"DATABASE_URL": url, "FILES_URL": str(tmp_path / "files"), "DAYS_OFF": ""}
    async with BotApi(pace=PACE) as api:
        environment |= {"TELEGRAM_BOT_TOKEN": api.token, "TELEGRAM_API_URL": api.url, "PORT": str(port)}
        if not pytestconfig.getoption("--kill-polling"):
            environment["PUBLIC_URL"] = f"http://localhost:{port}"
        assert (await finished(tmp_path, "migrate", **environment))[0] == 0
        officers = [Person(api, 7000 + n, f"Lan {n}") for n in range(len(COMMUNES))]
        villagers = [Villager(api, n, COMMUNES[n % len(COMMUNES)]) for n in range(count)]
        supervisor = Supervisor(tmp_path, environment)
        try:
            await supervisor.starts()
            for officer, payload in zip(officers, await invitations(url), strict=True):
                await officer.opens(payload)
            killing = asyncio.create_task(supervisor.kills(kills))
            async with asyncio.timeout(ALL_S):
                await everybody_registers(villagers)
            await killing
            await api.until(lambda: not api.pending, SETTLED_S)
            await settled(url)
            await nobody_is_stuck([*villagers, *officers])
            await settled(url)
            assert await supervisor.program.stop() == 0
        finally:
            supervisor.program.kill()
        sys.stdout.write(summary(supervisor, villagers))
        await nothing_is_missing(url, tmp_path / "files", api, villagers, officers)


def summary(supervisor: "Supervisor", villagers: list[Villager]) -> str:
    moments = " ".join(f"{after_s:.1f}" for after_s in supervisor.killed_after_s)
    again, longest = sum(one.again for one in villagers), max(one.alone_s for one in villagers)
    return f"killed after {moments} s; {again} things done again, longest wait {longest:.1f} s\n"


class Supervisor:
    """Starts the program anew as soon as it is dead, as systemd does."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder, self._environment = folder, environment
        self.program: Program
        self.killed_after_s: list[float] = []

    async def starts(self) -> None:
        self.program = begin(self._folder, "run", **self._environment)
        await self.program.ready(START_S)

    async def kills(self, times: int) -> None:
        """Each life ends at a moment of its own; every fifth before it serves."""
        for number in range(times):
            if number % 5 == 4:
                await asyncio.sleep(random.uniform(0, 3))
            else:
                await self.program.ready(START_S)
                await asyncio.sleep(random.uniform(*SERVES_S))
            assert self.program.process.poll() is None, self.program.logged
            self.program.kill()
            self.killed_after_s.append(time.monotonic() - self.program.started_at)
            self.program = begin(self._folder, "run", **self._environment)
        await self.program.ready(START_S)

    @property
    def logged(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self._folder.glob("*.log")))


async def invitations(url: str) -> list[str]:
    engine = make_engine(url)
    try:
        async with engine.begin() as connection:
            return [
                "i-" + await people.invite(connection, Role.COMMUNE_OFFICER, territory(commune), system_clock())
                for commune in COMMUNES
            ]
    finally:
        await engine.dispose()


async def everybody_registers(villagers: list[Villager]) -> None:
    """So many at once; the next begins when one has the receipt."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(villager: Villager) -> None:
        async with places:
            await villager.registers()

    await asyncio.gather(*map(one, villagers))


async def nobody_is_stuck(everybody: Sequence[Person]) -> None:
    for person in everybody:
        person.reads_all()
        person.types("/menu")
    await asyncio.gather(*(person.answered(SETTLED_S) for person in everybody))


async def settled(url: str) -> None:
    """Until no message, file or counted album is on its way any more."""
    engine = make_engine(url)
    try:
        async with asyncio.timeout(SETTLED_S):
            while await waiting(engine):  # noqa: ASYNC110  rows ring no bell
                await asyncio.sleep(0.2)
    finally:
        await engine.dispose()


async def waiting(engine: AsyncEngine) -> bool:
    async with reading(engine) as connection:
        for some in (
            exists().where(outbox.c.status == "waiting"),
            exists().where(files.c.due_at.is_not(None)),
            exists().where(timers.c.kind == "files"),
        ):
            if await connection.scalar(select(some)):
                return True
    return False


async def nothing_is_missing(
    url: str, store: Path, api: BotApi, villagers: list[Villager], officers: list[Person]
) -> None:
    engine = make_engine(url)
    try:
        found = await rows(engine, cases)
        every_submission_once(found, villagers)
        every_alert_at_least_once(found, officers)
        await every_file_is_there(engine, FileStore(str(store)), found, villagers)
        await every_reply_arrived(engine, api)
        taken = {row.key for row in await rows(engine, updates) if row.channel == "telegram"}
        assert {str(number) for number in api.pushed} <= taken
        assert [row.error for row in await rows(engine, updates) if row.error] == []
    finally:
        await engine.dispose()


def every_submission_once(found: list[Any], villagers: list[Villager]) -> None:
    """And in it what its person said, at the question to which they said it."""
    by_product = {row.product: row.answers for row in found}
    assert len(found) == len(by_product) == len(villagers)
    for villager in villagers:
        said = told(villager.n)
        answers = by_product[said["product"]]
        assert {name: answers[name] for name in said} == said


def every_alert_at_least_once(found: list[Any], officers: list[Person]) -> None:
    read = {
        commune: "\n".join(seen.text for seen in who.sees()) for commune, who in zip(COMMUNES, officers, strict=True)
    }
    assert [row.code for row in found if row.code not in read[row.commune]] == []


async def every_file_is_there(
    engine: AsyncEngine, store: FileStore, found: list[Any], villagers: list[Villager]
) -> None:
    """Bytes and checksum of each photo that is in a case; who sent the album again may have it there twice."""
    kept = {row.id: row for row in await rows(engine, files)}
    pages = {row.case_id: [page[0] for page in row.pages] for row in await rows(engine, papers)}
    photos = {told(one.n)["product"]: one for one in villagers}
    for case in found:
        of_it = [kept[file_id] for file_id in pages[case.id]]
        assert {row.status for row in of_it} == {"stored"}
        assert {row.sha256 for row in of_it} == photos[case.product].sha256
        for row in of_it:
            assert len(await store.get(row.sha256)) == row.size_bytes  # which looks at the checksum


async def every_reply_arrived(engine: AsyncEngine, api: BotApi) -> None:
    """What the database says was sent, was: as often, word for word; and nothing was given up."""
    chats = {row.id: int(row.chat_id) for row in await rows(engine, conversations)}
    sent: dict[int, Counter[str]] = defaultdict(Counter)
    for row in await rows(engine, outbox):
        assert row.status == "sent", (row.status, row.error)
        sent[chats[row.conversation_id]][row.body["text"]] += 1
    for chat_id, texts in sent.items():
        assert texts - Counter(seen.text for seen in api.chats[chat_id].seen) == Counter()

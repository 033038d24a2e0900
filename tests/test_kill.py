"""kill -9 at random moments while people register and send photos: nothing is lost, nothing is submitted twice.

The long run: `pytest -s tests/test_kill.py --kills 20 --registrations 500`, by polling with `--kill-polling`, on
PostgreSQL with `--kill-postgresql`.
"""

import asyncio
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.clock import system_clock
from dialogs.model import Role
from dialogs.places import territory
from storage import people
from storage.database import make_engine, sqlite_path
from tests.doubles.bot_api import BotApi
from tests.doubles.people import Person
from tests.doubles.villagers import Villager
from tests.program import Program, begin, finished, free_port
from tests.whole import KEY, SETTLED_S, nobody_is_stuck, nothing_is_missing, settled

COMMUNES = ("04336", "15001", "15007", "15010", "15013", "00715", "01153", "01156")
AT_ONCE = 32
"""People in the middle of a registration at the same time."""
SERVES_S = (0.2, 3.0)
"""How long the program lives, once it serves."""
PACE = 0.05
ALL_S = 3600.0
START_S = 180.0


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty one."""
    if request.config.getoption("--kill-postgresql"):
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite+aiosqlite:///{tmp_path}/ocop.db"


async def test_killed_at_random_moments(tmp_path: Path, database: str, pytestconfig: pytest.Config) -> None:
    kills, count = pytestconfig.getoption("--kills"), pytestconfig.getoption("--registrations")
    port = free_port()
    environment = {"DATABASE_URL": database, "FILES_URL": str(tmp_path / "files"), "DAYS_OFF": ""}
    if sqlite_path(database) is None:
        environment["ENCRYPTION_KEY"] = KEY
    async with BotApi(pace=PACE) as api:
        environment |= {"TELEGRAM_BOT_TOKEN": api.token, "TELEGRAM_API_URL": api.url, "PORT": str(port)}
        if not pytestconfig.getoption("--kill-polling"):
            environment["PUBLIC_URL"] = f"http://localhost:{port}"
        assert (await finished(tmp_path, "migrate", **environment))[0] == 0
        officers = {commune: Person(api, 7000 + n, f"Lan {n}") for n, commune in enumerate(COMMUNES)}
        villagers = [Villager(api, n, COMMUNES[n % len(COMMUNES)]) for n in range(count)]
        supervisor = Supervisor(tmp_path, environment)
        try:
            await supervisor.starts()
            for officer, payload in zip(officers.values(), await invitations(database), strict=True):
                await officer.opens(payload)
            async with asyncio.timeout(ALL_S):
                await asyncio.gather(supervisor.kills(kills), everybody_registers(villagers))
            await api.until(lambda: not api.pending, SETTLED_S)
            await settled(database)
            await nobody_is_stuck([*villagers, *officers.values()])
            await settled(database)
            assert await supervisor.program.stop() == 0
        finally:
            supervisor.program.kill()
        sys.stdout.write(summary(supervisor, villagers))
        await nothing_is_missing(database, tmp_path / "files", api, villagers, officers)


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
            assert self.program.runs, self.program.logged
            self.program.kill()
            self.killed_after_s.append(time.monotonic() - self.program.started_at)
            self.program = begin(self._folder, "run", **self._environment)
        await self.program.ready(START_S)

    @property
    def logged(self) -> str:
        return "".join(path.read_text(errors="replace") for path in sorted(self._folder.glob("*.log")))


async def invitations(url: str, communes: Sequence[str] = COMMUNES) -> list[str]:
    engine = make_engine(url)
    try:
        async with engine.begin() as connection:
            return [
                "i-" + await people.invite(connection, Role.COMMUNE_OFFICER, territory(commune), system_clock())
                for commune in communes
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

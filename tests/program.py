"""The real program in a process of its own: `async with running(tmp_path, PORT="8000") as program`.

Nothing of the tester's environment reaches it but the PATH, and it runs in a folder of its own, so that a
developer's `.env` is not read. A `Program` belongs to no event loop: a test without one may say
`asyncio.run(start(folder))` and `asyncio.run(program.stop())`.

Most of a start is importing, and the tests start it a hundred times: it is forked off a process that has imported its
modules and done nothing else with them. What measures a start adds `**COLD` and gets a new interpreter.
"""

import asyncio
import multiprocessing
import os
import runpy
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing.context import ForkServerProcess
from pathlib import Path

ROOT = Path(__file__).parent.parent
READY = "Ready."
"""What the program says once it serves."""
START_S, STOP_S = 30.0, 30.0
LOOK_EVERY_S = 0.02
COLD = {"PYTHONNOUSERSITE": "1"}
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["bot.app", "alembic.context", "uvloop", "uvicorn.protocols.http.httptools_impl", "bot.channels.telegram_aiogram"]
)


@dataclass
class Program:
    """A started process; what it says is kept in files, so that it never waits for a reader.

    `arguments`, `folder` and `environment` are what it was started with, for other commands beside it.
    """

    process: ForkServerProcess
    said_in: Path
    logged_in: Path
    port: int
    started_at: float
    arguments: tuple[str, ...]
    folder: Path
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        """Its standard output so far."""
        return self.said_in.read_text(encoding="utf-8", errors="replace")

    @property
    def logged(self) -> str:
        """Its standard error so far: the log."""
        return self.logged_in.read_text(encoding="utf-8", errors="replace")

    async def ready(self, within_s: float = START_S) -> None:
        """AssertionError, with what it said, when it ends or stays silent instead."""
        async with asyncio.timeout(within_s):
            while READY not in self.said:
                assert self.runs, f"it ended: {self.said}{self.logged}"
                await asyncio.sleep(LOOK_EVERY_S)

    @property
    def pid(self) -> int:
        assert self.process.pid is not None  # it was started
        return self.process.pid

    @property
    def runs(self) -> bool:
        return self.process.is_alive()

    def send(self, by: signal.Signals) -> None:
        """Does nothing to a process that has ended."""
        if self.runs:
            os.kill(self.pid, by)

    async def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, wait, and return its exit code."""
        self.send(by)
        return await self.ended()

    async def ended(self, within_s: float = STOP_S) -> int:
        """The exit code; the event loop goes on meanwhile, as the program may still talk to a test's server."""
        return await asyncio.to_thread(self.wait, within_s)

    def wait(self, within_s: float = STOP_S) -> int:
        """The exit code, or minus the signal that ended it; raises TimeoutError."""
        self.process.join(within_s)
        if self.process.exitcode is None:
            raise TimeoutError(f"it still runs after {within_s:.0f} s")
        return self.process.exitcode

    def kill(self) -> None:
        """kill -9, at once; does nothing to a process that has ended."""
        self.send(signal.SIGKILL)
        self.wait()


STARTED: list[Program] = []
"""Whose words are still to be looked through (tests.leaks)."""


def begin(folder: Path, *arguments: str, typed: str = "", **environment: str) -> Program:
    """Start `python -m bot <arguments>` (`run` if there are none) and don't wait. `PORT` is chosen if not given.

    Without DATABASE_URL and FILES_URL everything it keeps is under `folder`, so a second start finds it. `typed` is
    what it finds on its standard input. With a variable that is meant for Python itself it starts in a new interpreter.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = int(environment.get("PORT") or free_port())
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "PORT": str(port),
        "QUIET_HOURS": "false",  # a test on a Sunday night finds what one on a Monday morning does
        **environment,
    }
    number = sum(1 for _ in folder.glob("*.said"))
    said, logged, heard = (folder / f"{number}.{ending}" for ending in ("said", "log", "typed"))
    for stream, words in ((heard, typed), (said, ""), (logged, "")):
        stream.write_text(words, encoding="utf-8")
    _import_first()
    started_at = time.monotonic()
    arguments = arguments or ("run",)
    anew = any(name.startswith("PYTHON") for name in environment)
    process = _FORKS.Process(target=_become, args=(folder, arguments, variables, (heard, said, logged), anew))
    process.start()
    program = Program(process, said, logged, port, started_at, arguments, folder, environment)
    STARTED.append(program)
    return program


@cache
def _import_first() -> None:
    """Wait until the modules are imported, so that this is no part of the first start."""
    empty = _FORKS.Process()
    empty.start()
    empty.join()


def _become(
    folder: Path, arguments: tuple[str, ...], environment: dict[str, str], streams: tuple[Path, ...], anew: bool
) -> None:
    """What the new process does: all that `python -m bot` in that folder would find is as it would find it."""
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate(streams):
        opened = os.open(path, os.O_WRONLY if number else os.O_RDONLY)
        os.dup2(opened, number)
        os.close(opened)
    if anew:
        os.execve(sys.executable, [sys.executable, "-m", "bot", *arguments], environment)  # noqa: S606  # ours
    sys.stdin = os.fdopen(0)  # multiprocessing has closed it; the other two stand on their numbers
    sys.argv = ["bot", *arguments]
    runpy.run_module("bot", run_name="__main__", alter_sys=True)


async def start(folder: Path, *arguments: str, **environment: str) -> Program:
    """As `begin`; returns once it serves. The caller stops or kills it."""
    program = begin(folder, *arguments, **environment)
    try:
        await program.ready()
    except BaseException:
        program.kill()
        raise
    return program


@asynccontextmanager
async def running(folder: Path, *arguments: str, **environment: str) -> AsyncIterator[Program]:
    """Started, and at the end of the block certainly gone."""
    program = await start(folder, *arguments, **environment)
    try:
        yield program
    finally:
        program.kill()


async def finished(folder: Path, *arguments: str, typed: str = "", **environment: str) -> tuple[int, str, str]:
    """A command that is done at once: its exit code, standard output and standard error."""
    program = begin(folder, *arguments, typed=typed, **environment)
    try:
        code = await program.ended()
    finally:
        program.kill()
    return code, program.said, program.logged


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""The real program in a process of its own: `async with running(tmp_path, PORT="8000") as program`.

Nothing of the tester's environment reaches it but the PATH, and it runs in a folder of its own, so that a
developer's `.env` is not read. A `Program` belongs to no event loop: a test without one may say
`asyncio.run(start(folder))` and `asyncio.run(program.stop())`.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
READY = "Ready."
"""What the program says once it serves."""
START_S, STOP_S = 30.0, 30.0
LOOK_EVERY_S = 0.02


@dataclass
class Program:
    """A started process; what it says is kept in files, so that it never waits for a reader.

    `folder` and `environment` are what it was started with, for other commands beside it.
    """

    process: "subprocess.Popen[bytes]"
    said_in: Path
    logged_in: Path
    port: int
    started_at: float
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
                assert self.process.poll() is None, f"it ended: {self.said}{self.logged}"
                await asyncio.sleep(LOOK_EVERY_S)

    async def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, wait, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        return await self.ended()

    async def ended(self, within_s: float = STOP_S) -> int:
        """The exit code; the event loop goes on meanwhile, as the program may still talk to a test's server."""
        return await asyncio.to_thread(self.process.wait, within_s)

    def kill(self) -> None:
        """kill -9, at once; does nothing to a process that has ended."""
        self.process.kill()
        self.process.wait()


STARTED: list[Program] = []
"""Whose words are still to be looked through (tests.leaks)."""


def begin(folder: Path, *arguments: str, typed: str = "", **environment: str) -> Program:
    """Start `python -m bot <arguments>` (`run` if there are none) and don't wait. `PORT` is chosen if not given.

    Without DATABASE_URL and FILES_URL everything it keeps is under `folder`, so a second start finds it. `typed` is
    what it finds on its standard input.
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
    heard.write_text(typed, encoding="utf-8")
    command = [sys.executable, "-m", "bot", *(arguments or ("run",))]
    with said.open("wb") as out, logged.open("wb") as err, heard.open("rb") as inp:
        started_at = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env=variables, stdin=inp, stdout=out, stderr=err, start_new_session=True
        )
    program = Program(process, said, logged, port, started_at, folder, environment)
    STARTED.append(program)
    return program


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

"""One process per SQLite database.

Two would not corrupt it, but each would deliver the same outbox and answer the same Telegram updates.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunning(Exception):
    """Another process works with this database; the message is fit to be shown."""


@contextmanager
def single_process(database: Path) -> Iterator[None]:
    """Hold the lock `<database>.lock` until the end of the block; the system frees it if the process dies.

    Raises AlreadyRunning at once when another process, or this one, holds it. The empty lock file stays: removing
    it would let a third process lock a new file of the same name while a second still waits on the old one.
    """
    path = database.with_name(f"{database.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"Another process is working with {database} (it holds {path}). SQLite serves one process; "
                "stop the other one, or set DATABASE_URL to PostgreSQL: on PostgreSQL any number may run."
            ) from None
        yield

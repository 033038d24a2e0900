import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.single import AlreadyRunning, single_process

HOLD = """
import sys
from pathlib import Path
from storage.single import single_process

with single_process(Path(sys.argv[1])):
    print("holding", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(database: Path) -> Iterator["subprocess.Popen[str]"]:
    """A real second process that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLD, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        yield process


def test_the_second_process_is_refused_and_told_why(tmp_path: Path) -> None:
    database = tmp_path / "ocop.db"
    with another_process(database), pytest.raises(AlreadyRunning) as refused, single_process(database):
        pass
    assert f"{database}.lock" in str(refused.value)
    assert "on PostgreSQL any number may run" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_lock_dies_with_its_holder(tmp_path: Path) -> None:
    database = tmp_path / "ocop.db"
    with another_process(database) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    with single_process(database):
        pass


def test_the_same_process_cannot_take_it_twice(tmp_path: Path) -> None:
    with single_process(tmp_path / "ocop.db"), pytest.raises(AlreadyRunning), single_process(tmp_path / "ocop.db"):
        pass


def test_it_can_be_taken_again_after_the_block_even_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), single_process(tmp_path / "ocop.db"):
        _ = 1 / 0
    with single_process(tmp_path / "ocop.db"):
        pass


def test_other_databases_are_free_and_folders_are_made(tmp_path: Path) -> None:
    with single_process(tmp_path / "one.db"), single_process(tmp_path / "var" / "two.db"):
        assert (tmp_path / "var" / "two.db.lock").exists()

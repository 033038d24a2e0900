"""Looks for bytes that break a promise of tests/fuzz_targets.py, guided by the lines they reach (atheris, libFuzzer).

    python -m tests.fuzz                        every target for some seconds, as CI does
    python -m tests.fuzz talk --seconds 600     one of them for ten minutes
    python -m tests.fuzz --seconds 600 --keep   and keep in tests/corpus what reached further

What is found lies in var/fuzz/<target>, with the report beside it: mend what it broke, and move it to tests/corpus.
"""

import argparse
import ast
import hashlib
import importlib
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

OURS = ("bot", "dialogs", "storage")
WATCHED = (
    "bot.channels", "bot.papers", "bot.render", "bot.settings", "bot.sounds", "dialogs.answers", "dialogs.codes",
    "dialogs.days", "dialogs.engine", "dialogs.matching", "dialogs.places", "dialogs.state", "storage.backup",
)  # fmt: skip
"""Whose lines guide the search: what reads. With all our modules it takes twice as long to begin."""
Target = Callable[[bytes], None]
ROOT = Path(__file__).parent.parent
CORPUS, FOUND = ROOT / "tests" / "corpus", ROOT / "var" / "fuzz"
SECONDS = 2
WORDS_OF = ("dialogs/answers.py", "dialogs/matching.py", "dialogs/days.py", "dialogs/places.py", "dialogs/codes.py")
"""Whose own words the search puts together: by chance alone nobody types "mỗi tháng 2 tạ"."""
WORD_BYTES = 32
LIMITS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=8192", "-print_final_stats=1", "-verbosity=0")
"""Seconds for one input (code that is watched is slower than it will be), memory, and bytes of an input."""
TOLD_LINES = 40


def main() -> int:
    given = _arguments()
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        print("Nothing is fuzzed: atheris has no wheel for this machine.", file=sys.stderr)  # noqa: T201
        return 0
    with redirect_stderr(io.StringIO()), atheris.instrument_imports(include=[*WATCHED]):  # it tells of every module
        from tests.fuzz_targets import TARGETS, standing
    names = given.targets or [*TARGETS]
    standing()
    FOUND.mkdir(parents=True, exist_ok=True)
    (FOUND / "words").write_text("\n".join(words()), encoding="ascii")
    for name in names:  # what a process loads once is loaded before they part
        TARGETS[name](min((CORPUS / name).iterdir()).read_bytes())
    broken = [name for name, status in _side_by_side(names, given.jobs, given.seconds) if status]
    for name in broken:
        _tell(name)
    if given.keep:
        for name in names:
            _keep(name)
    return len(broken)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="for each target")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="targets at the same time")
    parser.add_argument("--keep", action="store_true", help="keep inputs that reach further in tests/corpus")
    return parser.parse_args()


def words() -> list[str]:
    """The words in the tables of what reads, as libFuzzer's dictionaries have them."""
    found: set[str] = set()
    for path in WORDS_OF:
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(node.value.split())
    short = sorted(data for data in map(str.encode, found) if len(data) <= WORD_BYTES)
    return ['"' + "".join(f"\\x{byte:02x}" for byte in data) + '"' for data in short]


def _side_by_side(names: Iterable[str], jobs: int, seconds: int) -> Iterator[tuple[str, int]]:
    """Each target in a process of its own, as libFuzzer ends the one it runs in; its name and exit status."""
    running: dict[int, str] = {}
    for name in names:
        if len(running) >= jobs:
            yield _ended(running)
        if child := os.fork():
            running[child] = name
        else:
            _fuzz(name, seconds)
    while running:
        yield _ended(running)


def _ended(running: dict[int, str]) -> tuple[str, int]:
    child, status = os.wait()
    return running.pop(child), status


def _fuzz(name: str, seconds: int) -> NoReturn:
    from tests.fuzz_targets import TARGETS

    atheris, folder = importlib.import_module("atheris"), FOUND / name
    (folder / "new").mkdir(parents=True, exist_ok=True)
    report = os.open(folder / "report", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(report, 1)
    os.dup2(report, 2)
    options = [*LIMITS, f"-dict={FOUND / 'words'}", f"-max_total_time={seconds}", f"-artifact_prefix={folder}/"]
    atheris.Setup([name, *options, str(folder / "new"), str(CORPUS / name)], _noted(TARGETS[name], folder))
    atheris.Fuzz()
    os._exit(0)


def _noted(target: Target, folder: Path) -> Target:
    """What breaks it is written down here: from a process that was parted from another, libFuzzer does not."""

    def noted(data: bytes) -> None:
        try:
            target(data)
        except BaseException:
            (folder / f"broke-{hashlib.sha256(data).hexdigest()[:12]}").write_bytes(data)
            raise

    return noted


def _tell(name: str) -> None:
    report = (FOUND / name / "report").read_text("utf-8", "replace").splitlines()
    print(f"{name} broke:", *report[-TOLD_LINES:], sep="\n", file=sys.stderr)  # noqa: T201


# ---------------------------------------------------------------- what is worth keeping


def _keep(name: str) -> None:
    """The smallest of the inputs that together reach every line which the corpus and the new ones reach."""
    from tests.fuzz_targets import TARGETS

    kept = {path.read_bytes(): path for path in sorted((CORPUS / name).iterdir())}
    new = {path.read_bytes(): path for path in sorted((FOUND / name / "new").iterdir())}
    reached: set[tuple[str, int]] = set()
    for data in (*sorted(kept, key=len), *sorted(new.keys() - kept.keys(), key=len)):
        lines = _lines(TARGETS[name], data)
        if not lines <= reached and data not in kept:
            shutil.copy(new[data], CORPUS / name)
        reached |= lines


def _lines(target: Any, data: bytes) -> set[tuple[str, int]]:
    reached: set[tuple[str, int]] = set()
    folders = tuple(f"{ROOT / folder}{os.sep}" for folder in OURS)

    def note(frame: FrameType, event: str, _: object) -> Any:
        if not frame.f_code.co_filename.startswith(folders):
            return None
        reached.add((frame.f_code.co_filename, frame.f_lineno))
        return note

    sys.settrace(note)
    try:
        target(data)
    finally:
        sys.settrace(None)
    return reached


if __name__ == "__main__":
    sys.exit(main())

"""Whether a name, number, product or address of the tests' people gets into a log, a metric, or what a process prints.

`tests/conftest.py` puts one `Watch` on the root logger for the whole session and asks it after every test; the files in
which started processes keep what they say (`tests/program.py`) are read then as well, and the metrics.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from prometheus_client import generate_latest

from tests.program import STARTED

WATCH = pytest.StashKey["Watch"]()
"""Where pytest's configuration has the one of the session."""
PLANTED = re.compile(
    r"9\s?12\s?34\s?5\s?6\s?78|Lý Thị Mẩy|Ly Thi May|Hà Văn Sùng"  # people
    r"|Chuối sấy dẻo|Măng khô|HTX Măng|phoi nang|mang rung"  # what they make, and what they say of it
    r"|(?<![\w.])(?!ocop@)[\w.]+@example\.(?:vn|com|org)",  # where they read letters
    re.IGNORECASE,
)
"""The people of the tests: their number in every way in which it is written, their names, goods and addresses."""


@dataclass
class Watch:
    """Finds are kept until somebody asks; a find says where it was made, and no more of the text than was planted."""

    finds: list[str] = field(default_factory=list)
    handler: logging.Handler = field(init=False)

    def __post_init__(self) -> None:
        self.handler = _Handler(self)

    def look(self, where: str, text: str) -> None:
        if found := PLANTED.search(text):
            self.finds.append(f"{where}: “{found[0]}”")

    def look_at_programs(self) -> None:
        """Those that have ended are not looked at again."""
        for program in list(STARTED):
            if not program.runs:
                STARTED.remove(program)
            for path in (program.said_in, program.logged_in):
                if path.exists():
                    self.look(
                        f"{path.suffix} of {' '.join(program.arguments)}",
                        path.read_text(encoding="utf-8", errors="replace"),
                    )

    def look_at_metrics(self) -> None:
        self.look("metrics", generate_latest().decode())

    def taken(self) -> list[str]:
        """What was found since the last time."""
        finds, self.finds = self.finds, []
        return finds


class _Handler(logging.Handler):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        """Of exceptions their own words: a traceback shows lines of the tests, with the names they plant."""
        where = f"{record.levelname} {record.name}, {record.filename}:{record.lineno}"
        self._watch.look(where, record.getMessage())
        for error in _chain(record.exc_info[1] if record.exc_info else None):
            self._watch.look(f"{where}, {type(error).__name__}", str(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__

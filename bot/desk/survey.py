"""A whole list of certificates, line by line: what is new, what is here already, and what is wrong."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from bot.desk.workbook import Line, lines
from dialogs.certificate_list import Certificate, read_line
from dialogs.model import N_, Text

Key = tuple[str, str, str]
TWICE = N_("the same as line %(number)s")


@dataclass
class Survey:
    """What is in a list: certificates to be written, how many are here already, and lines with what is wrong."""

    new: list[Certificate] = field(default_factory=list)
    known: int = 0
    wrong: list[tuple[Line, tuple[Text, ...]]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        return {"new": len(self.new), "known": self.known, "wrong": len(self.wrong)}

    @property
    def reasons(self) -> list[tuple[int, tuple[Text, ...]]]:
        """By the number of the line."""
        return [(line.number, texts) for line, texts in self.wrong]


def survey(data: bytes, province: str, today: date, known: Collection[Key]) -> Survey:
    """Reads the whole list, for seconds. Raises Unreadable."""
    found, seen = Survey(), dict[Key, int]()
    for line in lines(data):
        read = read_line(line.cells, province, today) if not line.refused else line.refused
        if isinstance(read, tuple):
            found.wrong.append((line, read))
        elif read.key in seen:
            found.wrong.append((line, (Text(TWICE, {"number": seen[read.key]}),)))
        else:
            seen[read.key] = line.number
            if read.key in known:
                found.known += 1
            else:
                found.new.append(read)
    return found

"""A list that somebody has filled in with Excel, line by line, within bounds: it comes from outside."""

import io
import re
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from bot import papers
from dialogs.certificate_list import COLUMNS, Cell
from dialogs.matching import fold
from dialogs.model import N_, Text, Value

MOST_LINES = 20_000
"""Twice as many as the whole country had certificates in 2023."""
MOST_COLUMNS = 40
MOST_CHARS = 500
"""Of a cell; what is longer is cut, and then too long for any column."""
HEADING_ROWS = 10
"""Titles and the name of the office may stand above the headings."""
MOST_WORDS_BYTES = 16 * 1024 * 1024
"""Of the texts of a workbook, which openpyxl keeps whole: more than MOST_LINES can have."""
MOST_SECONDS = 60
_READ_BYTES = 256 * 1024


class Unreadable(Exception):
    """The list as a whole can't be read; `text` says why."""

    def __init__(self, words: str, **values: Value) -> None:
        super().__init__(words)
        self.text = Text(words, values)


@dataclass(frozen=True, slots=True)
class Line:
    """`number` as Excel counts rows; `cells` by column of COLUMNS; `refused`: cells that hold no plain value."""

    number: int
    cells: Mapping[str, Cell]
    refused: tuple[Text, ...] = field(default=())


def lines(data: bytes) -> Iterator[Line]:
    """Every line below the headings that is not empty. Raises Unreadable, also midway; may take MOST_SECONDS.

    A formula says what Excel would make of it, not what somebody wrote down, and of merged cells nobody knows which
    line they belong to: both are refused with their place.
    """
    book = _opened(data)
    try:
        sheet = book.worksheets[0]
        merged = _merged(data, sheet._worksheet_path)
        yield from _lines(sheet, merged, time.monotonic() + MOST_SECONDS)
    except _BROKEN as error:
        raise Unreadable(N_("This file can't be read. Please save it again as xlsx in Excel.")) from error
    finally:
        book.close()


_BROKEN = (OSError, ValueError, LookupError, TypeError, AttributeError, SyntaxError, zipfile.BadZipFile, EOFError)
"""What a parser of broken XML in a broken package raises."""


def _opened(data: bytes) -> Any:
    from openpyxl import load_workbook  # type: ignore[import-untyped]  # for the first list, not for every start

    try:
        kind = papers.inspect(data).kind
    except papers.Refused as refused:
        raise Unreadable(N_("This file can't be read. Please save it again as xlsx in Excel.")) from refused
    if kind is not papers.Kind.XLSX:
        raise Unreadable(N_("This is no Excel file. Please send the list as xlsx."))
    _check_length(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
    except _BROKEN as error:
        raise Unreadable(N_("This file can't be read. Please save it again as xlsx in Excel.")) from error
    if not book.worksheets:
        raise Unreadable(N_("There is no sheet in this file."))
    return book


def _check_length(data: bytes) -> None:
    """Looked at before openpyxl takes in all texts of the workbook, which for 200,000 lines is half a minute's work."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for one in package.infolist():
            if one.filename == "xl/sharedStrings.xml" and one.file_size > MOST_WORDS_BYTES:
                raise _too_many()
            if not one.filename.startswith("xl/worksheets/"):
                continue
            count = 0
            with package.open(one) as part:
                while piece := part.read(_READ_BYTES):
                    count += piece.count(b"<row ")  # one cut in two by the pieces is none too few to matter
                    if count > MOST_LINES + HEADING_ROWS:
                        raise _too_many()


def _too_many() -> Unreadable:
    return Unreadable(N_("The list is longer than %(most)s lines. Please send it in several files."), most=MOST_LINES)


def _lines(sheet: Any, merged: Sequence[tuple[str, range, range]], ends_at: float) -> Iterator[Line]:
    places: dict[int, str] | None = None
    count = 0
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), start=1):
        if number > MOST_LINES + HEADING_ROWS:  # also of empty ones, of which a small file can have a million
            raise _too_many()
        if time.monotonic() > ends_at:
            raise Unreadable(N_("Reading this list takes too long. Please send it in several files."))
        if places is None:
            places = _headings(row)
            if places is None and number >= HEADING_ROWS:
                break
            continue
        cells = {name: _value(row[at]) for at, name in places.items() if at < len(row)}
        if all(cell in (None, "") for cell in cells.values()):
            continue
        count += 1
        if count > MOST_LINES:
            raise _too_many()
        yield Line(number, cells, tuple(_refused(row, places, number, merged)))
    if places is None:
        titles = Text("%(titles)s", {"titles": _titles()})
        raise Unreadable(N_("I find no line with the headings. There must be: %(titles)s"), titles=titles)


def _titles() -> Text:
    first, *rest = (Text(column.title) for column in COLUMNS.values() if not column.optional)
    joined = first
    for title in rest:
        joined = Text("%(first)s, %(rest)s", {"first": joined, "rest": title})
    return joined


def _headings(row: Sequence[Any]) -> dict[int, str] | None:
    """Columns by their place in the row; None where this is not the row of the headings."""
    found: dict[int, str] = {}
    for at, cell in enumerate(row):
        words = fold(str(cell.value or ""))[:60].strip(" *:")
        name = _NAMES.get(words)
        if name is not None and name not in found.values():
            found[at] = name
    needed = {name for name, column in COLUMNS.items() if not column.optional}
    return found if needed <= set(found.values()) else None


_NAMES = {fold(words): name for name, column in COLUMNS.items() for words in (column.title, *column.headings)}


def _value(cell: Any) -> Cell:
    value = cell.value
    if isinstance(value, str):
        return value[:MOST_CHARS]
    return value if isinstance(value, int | float | date | datetime) else None


def _refused(
    row: Sequence[Any], places: Mapping[int, str], number: int, merged: Sequence[tuple[str, range, range]]
) -> Iterator[Text]:
    for at in places:
        cell = row[at] if at < len(row) else None
        if cell is not None and cell.data_type in ("f", "e"):
            words = (
                N_("%(cell)s is a formula; write its value") if cell.data_type == "f" else N_("%(cell)s is an error")
            )
            yield Text(words, {"cell": f"{_letters(at)}{number}"})
    for name, rows, columns in merged:
        if number in rows and any(at in columns for at in places):
            yield Text(N_("%(cell)s is merged; each line needs its own cells"), {"cell": name})


def _letters(at: int) -> str:
    """0 as "A", 26 as "AA"."""
    high, low = divmod(at, 26)
    return f"{_letters(high - 1) if high else ''}{chr(ord('A') + low)}"


# ---------------------------------------------------------------- merged cells, of which openpyxl says nothing here

_MERGE = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]{0,80}?ref=\"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})\"")
_MOST_MERGED = 10_000


def _merged(data: bytes, sheet: str) -> list[tuple[str, range, range]]:
    """Name, rows and columns (from 0) of each merged range of a sheet, read in pieces."""
    with zipfile.ZipFile(io.BytesIO(data)) as package, package.open(sheet.lstrip("/")) as part:
        return list(_scanned(part))


def _scanned(part: Any) -> Iterator[tuple[str, range, range]]:
    rest, count = b"", 0
    while piece := part.read(_READ_BYTES):
        whole = rest + piece
        end = 0
        for hit in _MERGE.finditer(whole):
            end = hit.end()
            count += 1
            if count > _MOST_MERGED:
                raise Unreadable(N_("Too many cells of this list are merged. Each line needs its own cells."))
            first, top, last, bottom = (group.decode() for group in hit.groups())
            yield f"{first}{top}:{last}{bottom}", range(int(top), int(bottom) + 1), range(_at(first), _at(last) + 1)
        rest = whole[max(end, len(whole) - 200) :]


def _at(letters: str) -> int:
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - ord("A") + 1
    return at - 1

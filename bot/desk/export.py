"""Lists as files: the cases of a territory, or the audit of one case, as XLSX or CSV. No cell is ever a formula."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.catalogs import VIETNAM, Catalog
from dialogs import places
from dialogs.answers import phone
from dialogs.model import N_, Facts, Text
from dialogs.officer.join import ROLE_WORDS
from dialogs.producer.action_words import action_words
from dialogs.producer.check_status import STATUS_WORDS
from dialogs.producer.register_idea import KINDS
from dialogs.rules.lifecycle import Side
from dialogs.rules.ruleset import ruleset
from storage import audit, reports
from storage.models import dumps

Cell = str | int | Decimal | date | datetime | None
SUFFIXES = (".xlsx", ".csv")
MAX_ROWS = 1_048_575
"""Rows that Excel opens, less the heading."""
_RISKY = "=+-@\t\r\n＝＋－＠"
"""With one of these in front a program that opens a CSV takes a text for a formula (OWASP, "CSV Injection"); the wide
ones are the same to a program set to Japanese or Chinese.
"""


class TooLong(Exception):
    """More rows than the format holds."""


def harmless(words: str) -> str:
    """A text that no spreadsheet computes: one that begins like a formula gets an apostrophe, which stays visible."""
    return f"'{words}" if _risky(words) else words


def _risky(words: str) -> bool:
    return bool(words) and (words[0] in _RISKY or words.lstrip()[:1] in tuple(_RISKY))


# ---------------------------------------------------------------- formats


class Sheet(Protocol):
    """A table being written, in constant memory."""

    def add(self, rows: Iterable[Sequence[Cell]]) -> None: ...

    def close(self) -> None: ...


class Csv:
    """RFC 4180 in UTF-8 with a byte order mark, without which Excel reads it in the country's old encoding."""

    def __init__(self, file: IO[bytes], title: str, headings: Sequence[str]) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
        self._csv = csv.writer(self._text)
        self.add([headings])

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        self._csv.writerows([_plain(cell) for cell in row] for row in rows)

    def close(self) -> None:
        self._text.detach()  # which writes what is left, and leaves the file open


def _plain(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            return harmless(cell)
        case datetime():
            return cell.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M:%S")
    return str(cell)


class Xlsx:
    """Texts are written as texts, whatever they begin with; a risky one is marked as Excel marks a typed apostrophe.

    Without the mark it would become a formula once somebody edits the cell, or saves the sheet as CSV.
    """

    def __init__(self, file: IO[bytes], title: str, headings: Sequence[str]) -> None:
        import xlsxwriter  # type: ignore[import-untyped]  # for the first list, not for every start

        self._book = xlsxwriter.Workbook(file, {"constant_memory": True})
        self._sheet = self._book.add_worksheet(title[:31])
        self._risky = self._book.add_format({"quote_prefix": True})
        self._day = self._book.add_format({"num_format": "dd/mm/yyyy"})
        self._moment = self._book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        self._rows = 0
        bold = self._book.add_format({"bold": True, "bottom": 1})
        for column, words in enumerate(headings):
            self._sheet.set_column(column, column, max(11, min(32, len(words) + 3)))
            self._sheet.write_string(0, column, words, bold)
        self._sheet.freeze_panes(1, 1)
        self._columns = len(headings)

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Raises TooLong."""
        for row in rows:
            self._rows += 1
            if self._rows > MAX_ROWS:
                raise TooLong
            for column, cell in enumerate(row):
                self._write(column, cell)

    def _write(self, column: int, cell: Cell) -> None:
        at = (self._rows, column)
        match cell:
            case None | "":
                return
            case str():
                self._sheet.write_string(*at, cell, *([self._risky] if _risky(cell) else []))
            case datetime():
                self._sheet.write_datetime(*at, cell.astimezone(VIETNAM).replace(tzinfo=None), self._moment)
            case date():
                self._sheet.write_datetime(*at, cell, self._day)
            case _:
                self._sheet.write_number(*at, cell)

    def close(self) -> None:
        self._sheet.autofilter(0, 0, max(self._rows, 1), self._columns - 1)
        self._book.close()


FORMATS: Mapping[str, Callable[[IO[bytes], str, Sequence[str]], Sheet]] = {".xlsx": Xlsx, ".csv": Csv}


async def write(
    file: IO[bytes], suffix: str, title: str, headings: Sequence[str], parts: AsyncIterator[Iterable[Sequence[Cell]]]
) -> None:
    """Write a table as it is read. Each part is made and written beside the loop, which serves people meanwhile."""
    sheet = await asyncio.to_thread(FORMATS[suffix], file, title, headings)
    try:
        async for rows in parts:
            await asyncio.to_thread(sheet.add, rows)
    finally:
        await asyncio.to_thread(sheet.close)


# ---------------------------------------------------------------- the cases of a territory


TITLE = Text(N_("Cases"))
COLUMNS = (
    N_("Code"), N_("Product"), N_("Product group"), N_("Producer"), N_("Kind of producer"), N_("Commune"), N_("Status"),
    N_("Whose turn"), N_("Handed in"), N_("In this status since"), N_("Due on"), N_("Working days used"), N_("Stars"),
    N_("Part A"), N_("Part B"), N_("Part C"), N_("Points"), N_("Certificate until"), N_("Product code"),
)  # fmt: skip
CONTACTS = (N_("Contact"), N_("Telephone"))
SIDES = {
    Side.PRODUCER: Text(N_("the producer")),
    Side.COMMUNE: Text(N_("the commune")),
    Side.APPROVER: Text(N_("the commune's leadership")),
    Side.DISTRICT: Text(N_("the district")),
    Side.PROVINCE: Text(N_("the province")),
    Side.CENTRE: Text(N_("the ministry")),
    Side.CALENDAR: Text(N_("nobody")),
    Side.NOBODY: Text(N_("nobody")),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """How rows become cells, on a day and in a language."""

    catalog: Catalog
    closed: reports.Closed
    today: date

    def headings(self, *, contacts: bool) -> list[str]:
        return [self.catalog.say(Text(msgid)) for msgid in (*COLUMNS, *(CONTACTS if contacts else ()))]

    def cells(self, row: Any, *, contacts: bool) -> list[Cell]:
        points = (row.points_a, row.points_b, row.points_c) if row.import_key is None else (None, None, None)
        return [
            row.code, row.product, self.group(row.ruleset, row.product_group), row.producer or row.known_as,
            self.kind(row.producer_kind), commune_name(row.commune), self.status(row.status),
            self.catalog.say(SIDES[Side(row.owner)]), row.submitted_at.astimezone(VIETNAM).date(), row.since,
            row.due_on, reports.days_used(row, self.closed, self.today), row.stars, *points,
            None if points[0] is None else sum(points), row.certificate_until, row.product_code,
            *((row.contact_name, number(row.phone)) if contacts else ()),
        ]  # fmt: skip

    def group(self, rules: str, group: str) -> str:
        found = next((g for g in ruleset(rules).groups if g.id == group), None)
        return self.catalog.say(found.label) if found is not None else group

    def kind(self, kind: str) -> str:
        return next((self.catalog.say(option.label) for option in KINDS if option.value == kind), kind)

    def status(self, status: str) -> str:
        words = self.catalog.say(Text(STATUS_WORDS[status]))
        return words[:1].upper() + words[1:]


NOBODY = Facts(datetime.fromtimestamp(0, VIETNAM))
"""What readers know that only put a stored answer into words."""


def commune_name(code: str) -> str:
    unit = places.commune(code)
    return unit.full_name if unit is not None else code


def number(stored: str) -> str:
    """A telephone number as people say it, without the country's +84 in front."""
    return str(phone().show(stored, {}, NOBODY)) if stored else ""


async def write_cases(
    connection: AsyncConnection,
    file: IO[bytes],
    suffix: str,
    territory: str,
    catalog: Catalog,
    today: date,
    everywhere: frozenset[date] = frozenset(),
    *,
    contacts: bool = False,
) -> None:
    """A territory's cases ("15", "15/04336", "" for all); `suffix` is one of SUFFIXES. Raises TooLong."""
    words = Wording(catalog, await reports.closed_in(connection, territory, everywhere), today)
    found = reports.listed(connection, territory, contacts=contacts)
    rows = ((words.cells(row, contacts=contacts) for row in part) async for part in found)
    await write(file, suffix, catalog.say(TITLE), words.headings(contacts=contacts), rows)


# ---------------------------------------------------------------- the audit of a case


AUDIT = (
    N_("Number"), N_("When"), N_("Person"), N_("Name"), N_("Role"), N_("Channel"), N_("What was done"), N_("Details"),
    N_("Hash"),
)  # fmt: skip


DONE = {
    "assess": N_("part of the commune assessed"),
    "make_report": N_("report and dossier made"),
    "make_form": N_("form filled in from the file"),
    "council_add": N_("put before the council"),
    "council_cast": N_("score sheet handed in by a member of the council"),
    "council_close": N_("session of the council ended"),
    "council_declare": N_("said whether the product concerns them"),
    "council_marks": N_("marks of the council looked at"),
    "council_off": N_("taken off the council's session"),
    "council_read": N_("read through by somebody of the advisory group"),
    "council_read_on": N_("the advisory group reads on"),
    "council_remark": N_("remark of the advisory group"),
    "council_stars": N_("stars decided by the council"),
    "council_take_back": N_("score sheet taken back to change it"),
    "confirm_by_code": N_("confirmed with the code"),
    "confirm_by_sheet": N_("confirmed on a signed sheet"),
    "amend": N_("result corrected"),
    "decide": N_("decided"),
    "escalate": N_("told to the one above, as it was overdue"),
    "export_audit": N_("record of all this taken along"),
    "hand_over": N_("handed over"),
    "new_code": N_("new confirmation code made"),
    "note": N_("message written"),
    "paper_date": N_("last day of a paper noted"),
    "publish_result": N_("result published"),
    audit.REFUSED: N_("refused to somebody who may not see it"),
    "see_notes": N_("messages looked at"),
    "see_papers": N_("papers looked at"),
    "submit_for": N_("handed in for the producer"),
    "view_case": N_("file looked at"),
}
"""What stands in the audit of a case besides the actions of its history; what was decided is in the details."""


def audit_cells(row: Mapping[str, Any], catalog: Catalog) -> list[Cell]:
    return [
        row["number"], row["happened_at"], row["actor_id"], row["name"],
        catalog.say(Text(ROLE_WORDS[row["role"]])) if row["role"] in ROLE_WORDS else row["role"],
        row["channel"], done(row["action"], row["details"], catalog),
        dumps(row["details"]) if row["details"] else "", row["hash"],
    ]  # fmt: skip


def done(action: str, details: Mapping[str, Any], catalog: Catalog) -> str:
    """An entry's action in words; one that a later release wrote, as it is."""
    move = "" if action == "undo" else details.get("move", "")
    if not move and action in DONE:
        return catalog.say(Text(DONE[action]))
    return catalog.say(action_words(move or action, details.get("status", "")))


async def write_audit(connection: AsyncConnection, file: IO[bytes], suffix: str, code: str, catalog: Catalog) -> int:
    """All that is recorded of a case; returns how many entries. `suffix` as of `write_cases`, or ".json"."""
    entries = await audit.of_case(connection, code)
    if suffix == ".json":
        file.write(_json(entries))
        return len(entries)
    headings = [catalog.say(Text(msgid)) for msgid in AUDIT]

    async def parts() -> AsyncIterator[list[list[Cell]]]:
        yield [audit_cells(row, catalog) for row in entries]

    await write(file, suffix, code, headings, parts())
    return len(entries)


def _json(entries: Sequence[Mapping[str, Any]]) -> bytes:
    """One entry a line, all fields, so that the hashes can be computed again (storage.audit.hash_of)."""
    lines = [dumps({**row, "happened_at": row["happened_at"].isoformat(timespec="microseconds")}) for row in entries]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()

"""Files about lists of certificates: the empty form, and what is wrong in a list that was sent."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import IO

from bot.catalogs import Catalog
from bot.desk import export
from bot.desk.workbook import Line
from dialogs.certificate_list import COLUMNS, Cell
from dialogs.model import N_, Text

EXAMPLE: dict[str, Cell] = {
    "product": "Chuối sấy dẻo",
    "maker": "Hợp tác xã Tân Lĩnh",
    "kind": "Hợp tác xã",
    "phone": "0912 345 678",
    "commune": "04336",
    "set": 7,
    "stars": 3,
    "decision": "812/QĐ-UBND",
    "decided_on": "20/10/2025",
    "until": "",
}
"""What each column looks like; the line is to be written over."""

EXACT_DIGITS = 15
"""More of a number Excel does not keep."""


def write_form(file: IO[bytes], catalog: Catalog) -> None:
    sheet = export.Xlsx(file, catalog.say(Text(N_("Certificates"))), _titles(catalog))
    sheet.add([[_printed(EXAMPLE[name]) for name in COLUMNS]])
    sheet.close()


def write_wrong(file: IO[bytes], wrong: Sequence[tuple[Line, tuple[Text, ...]]], catalog: Catalog) -> None:
    """Each line as it was sent, with its number and reasons behind it: put right, it can be sent as it is."""
    beside = [catalog.say(Text(N_("Line"))), catalog.say(Text(N_("What is not right")))]
    sheet = export.Xlsx(file, catalog.say(Text(N_("Certificates"))), [*_titles(catalog), *beside])
    sheet.add(
        [
            *(_printed(line.cells.get(name)) for name in COLUMNS),
            line.number,
            "; ".join(catalog.say(reason) for reason in reasons),
        ]
        for line, reasons in wrong
    )
    sheet.close()


def _titles(catalog: Catalog) -> list[str]:
    return [catalog.say(Text(column.title)) for column in COLUMNS.values()]


def _printed(cell: Cell) -> export.Cell:
    """Days as days; the moment of a day means nothing here. A number that Excel can't hold exactly is text."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, int) and abs(cell) >= 10**EXACT_DIGITS:
        return str(cell)
    return str(cell) if isinstance(cell, bool | float) else cell if isinstance(cell, date | int | str) else None

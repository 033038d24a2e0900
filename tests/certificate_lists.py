"""Lists of certificates as offices fill them in with Excel."""

import io
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from bot.catalogs import load
from bot.world import LOCALES
from dialogs.certificate_list import COLUMNS

VI = load(LOCALES)["vi"]
TITLES = [VI.say(column.title) for column in COLUMNS.values()]
GOOD: dict[str, Any] = {
    "product": "Chuối sấy dẻo",
    "maker": "Hợp tác xã Tân Lĩnh",
    "kind": "Hợp tác xã",
    "phone": "0912 345 678",
    "commune": "Tân Lĩnh",
    "set": 7,
    "stars": 3,
    "decision": "812/QĐ-UBND",
    "decided_on": date(2025, 10, 20),
    "until": "",
}


def book(*lines_: Mapping[str, Any], titles: Iterable[str] = TITLES, above: Iterable[str] = ()) -> bytes:
    """A workbook as an office fills it in; a value that begins with "=" is a formula."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    day = made.add_format({"num_format": "dd/mm/yyyy"})
    sheet = made.add_worksheet()
    at = 0
    for words in above:
        sheet.write_string(at, 0, words)
        at += 1
    sheet.write_row(at, 0, list(titles))
    for number, line in enumerate(lines_, start=at + 1):
        for column, value in enumerate(line.values()):
            if isinstance(value, date):
                sheet.write_datetime(number, column, value, day)
            elif isinstance(value, str) and value.startswith("="):
                sheet.write_formula(number, column, value)
            else:
                sheet.write(number, column, value)
    made.close()
    return out.getvalue()

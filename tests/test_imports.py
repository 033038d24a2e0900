"""Lists of certificates from a province: what is right, what is refused and why, and that twice is once."""

import asyncio
import io
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.desk import import_files, workbook
from bot.desk.survey import survey
from bot.desk.workbook import Line, Unreadable, lines
from bot.imports import Imports, surveyed, written
from dialogs import places
from dialogs.certificate_list import Certificate, read_line
from dialogs.model import AskImport, ClaimCertificates, ConfirmImport, Effect, Facts, Person, Role, Text
from dialogs.producer.wallet import FIND_CERTIFICATE
from storage import imports as lists
from storage.database import writing
from storage.endings import to_call
from storage.files import FileStore
from storage.listed_makers import listed_makers
from storage.models import audit, case_events, cases, files, outbox, people, results
from storage.models import imports as imports_table
from storage.records import Conversation
from tests.certificate_lists import GOOD, TITLES, VI, book
from tests.heart import beside, chat, rows, world_at
from tests.test_documents import ordered, with_role
from tests.transcripts import Clock

TODAY = date(2026, 11, 23)


def reasons(data: bytes) -> list[str]:
    return [VI.say(text) for _, texts in survey(data, "15", TODAY, ()).wrong for text in texts]


# ---------------------------------------------------------------- one line


def test_a_line_is_read_as_offices_write_it() -> None:
    found = read_line(GOOD, "15", TODAY)
    assert isinstance(found, Certificate)
    assert (found.commune, found.group, found.phone, found.kind) == ("04336", "food", "+84912345678", "cooperative")
    assert (found.ruleset, found.until) == ("ocop-2023r2025", date(2028, 10, 20))


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("commune", "04336"),
        ("commune", 4336),
        ("commune", 4336.0),
        ("stars", "3 sao"),
        ("stars", 3.0),
        ("phone", 912345678),
        ("set", "7. Chế biến từ rau, củ, quả, hạt"),
        ("decided_on", "20/10/2025"),
        ("until", "20/10/2028"),
        ("kind", "HTX"),
    ],
)
def test_other_ways_to_write_the_same(column: str, cell: Any) -> None:
    assert read_line({**GOOD, column: cell}, "15", TODAY) == read_line(GOOD, "15", TODAY)


@pytest.mark.parametrize(
    ("column", "cell", "why"),
    [
        ("product", "", "Tên sản phẩm: chưa ghi gì"),
        ("product", "x" * 81, "Tên sản phẩm: dài hơn 80 ký tự"),
        ("maker", 12, "Tên cơ sở: chưa có chữ nào"),
        ("kind", "hội", "Loại hình cơ sở: ghi hộ gia đình"),
        ("phone", "09123", "Số điện thoại: chưa đúng số điện thoại"),
        ("commune", "Xã Không Có", "Xã, phường: tỉnh mình không có xã này"),
        ("commune", "00004", "thuộc tỉnh khác"),
        ("set", 27, "Bộ sản phẩm: không có bộ sản phẩm số này"),
        ("set", "chuối", "Bộ sản phẩm: ghi số"),
        ("stars", 2, "Sao: giấy chứng nhận chỉ có 3, 4 hoặc 5 sao"),
        ("stars", "ba", "Sao: giấy chứng nhận chỉ có 3, 4 hoặc 5 sao"),
        ("decision", "27,5", "Số quyết định: ghi số như trên giấy"),
        ("decided_on", "2026-11-24", "Ngày quyết định: thứ Ba 24/11/2026 chưa tới"),
        ("decided_on", "hôm qua", "Ngày quyết định: chưa đúng ngày"),
        ("decided_on", date(2019, 1, 1), "Ngày quyết định: giấy cấp trước 21/8/2019"),
        ("until", date(2027, 10, 20), "theo quy định hồi đó, giấy có giá trị đến thứ Sáu 20/10/2028"),
    ],
)
def test_what_can_not_stand_is_refused_with_its_reason(column: str, cell: Any, why: str) -> None:
    found = read_line({**GOOD, column: cell}, "15", TODAY)
    assert isinstance(found, tuple)
    (said,) = [VI.say(text) for text in found]
    assert why in said


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = read_line(dict.fromkeys(GOOD), "15", TODAY)
    assert isinstance(found, tuple)
    assert len(found) == 8  # there may be no number, and the last day follows from the day of the decision


def test_a_commune_merged_away_is_todays() -> None:
    old = next(one for one in places.find_communes("Khai Trung, Lục Yên", "15"))
    found = read_line({**GOOD, "commune": "xã Khai Trung (Lục Yên)"}, "15", TODAY)
    assert isinstance(found, Certificate)
    assert (old.former is not None, found.commune) == (True, old.commune.code)


# ---------------------------------------------------------------- the workbook


def test_titles_above_and_empty_lines_between_do_no_harm() -> None:
    data = book(GOOD, dict.fromkeys(GOOD, ""), {**GOOD, "product": "Miến đao"}, above=["ỦY BAN NHÂN DÂN TỈNH", ""])
    assert [line.number for line in lines(data)] == [4, 6]
    assert [one.product for one in survey(data, "15", TODAY, ()).new] == ["Chuối sấy dẻo", "Miến đao"]


def test_a_formula_is_refused_by_the_name_of_its_cell() -> None:
    assert reasons(book({**GOOD, "stars": "=1+2"})) == ["ô G2 là công thức; anh/chị ghi giá trị giúp em"]


def test_merged_cells_are_refused_in_every_line_they_touch() -> None:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out)
    sheet = made.add_worksheet()
    sheet.merge_range(0, 0, 0, 9, "DANH SÁCH")  # a title is no line
    sheet.write_row(1, 0, TITLES)
    for number in (2, 3, 4):
        sheet.write_row(number, 0, [*{**GOOD, "decided_on": "20/10/2025"}.values()])
    sheet.merge_range(2, 1, 3, 1, "Hợp tác xã Tân Lĩnh")
    made.close()
    assert [number for number, _ in survey(out.getvalue(), "15", TODAY, ()).reasons] == [3, 4]
    assert set(reasons(out.getvalue())) == {"ô B3:B4 bị gộp; mỗi dòng cần ô riêng"}


def test_the_same_line_twice_counts_once() -> None:
    found = survey(book(GOOD, GOOD), "15", TODAY, ())
    assert (len(found.new), [VI.say(t) for _, texts in found.wrong for t in texts]) == (1, ["trùng với dòng 2"])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "không đọc được"),
        (b"PK\x03\x04 nonsense", "không đọc được"),
        (book(GOOD)[:-200], "không đọc được"),
        (book(GOOD, titles=["Tên sản phẩm", "Sao"]), "không thấy dòng tên cột"),
        (book(titles=[]), "không thấy dòng tên cột"),
    ],
)
def test_what_is_no_list_says_so(data: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as wrong:
        list(lines(data))
    assert why in VI.say(wrong.value.text)


def test_another_file_of_office_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("word/document.xml", "<w/>")
    with pytest.raises(Unreadable) as wrong:
        list(lines(out.getvalue()))
    assert "không phải tệp Excel" in VI.say(wrong.value.text)


def _repacked(data: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.namelist():
            new.writestr(one, content if one == name else old.read(one))
    return out.getvalue()


def test_a_bomb_is_not_unpacked() -> None:
    data = _repacked(book(GOOD), "xl/worksheets/sheet1.xml", b" " * 60_000_000)
    assert len(data) < 100_000
    with pytest.raises(Unreadable):
        list(lines(data))


def test_broken_xml_says_so() -> None:
    with pytest.raises(Unreadable):
        list(lines(_repacked(book(GOOD), "xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row></sheetData>")))


def test_a_list_that_is_too_long_is_refused_before_it_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_LINES", 3)
    data = book(*({**GOOD, "product": f"Trà {n}a"} for n in range(4)))
    with pytest.raises(Unreadable) as wrong:
        list(lines(data))
    assert "dài hơn 3 dòng" in VI.say(wrong.value.text)
    monkeypatch.setattr(workbook, "HEADING_ROWS", 1)
    monkeypatch.setattr("openpyxl.load_workbook", None)  # it is not even called
    with pytest.raises(Unreadable):
        list(lines(data))


def test_a_million_empty_lines_are_not_walked() -> None:
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    sheet += b'<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData></worksheet>'
    with pytest.raises(Unreadable):
        list(lines(_repacked(book(GOOD), "xl/worksheets/sheet1.xml", sheet)))


def test_the_form_and_the_list_of_what_is_wrong_can_be_sent_again() -> None:
    """What comes out goes in: the headings are the same, and the example is a certificate."""
    out = io.BytesIO()
    import_files.write_form(out, VI)
    (line,) = lines(out.getvalue())
    assert isinstance(read_line(line.cells, "15", TODAY), Certificate)
    data = book({**GOOD, "stars": 1, "product": "=cmd|' /C calc'!A0"}, {**GOOD, "stars": 9})
    wrong = survey(data, "15", TODAY, ()).wrong
    out = io.BytesIO()
    import_files.write_wrong(out, wrong, VI)
    again: list[Line] = list(lines(out.getvalue()))
    assert [line.number for line in again] == [2, 3]
    assert again[1].cells["product"] == "Chuối sấy dẻo"
    assert b"<f>" not in zipfile.ZipFile(out).read("xl/worksheets/sheet1.xml")


def test_a_number_too_long_for_excel_comes_back_as_it_was() -> None:
    wrong = [(Line(2, {**GOOD, "phone": 10**400, "stars": 1234567890123456789}), (Text("x"),))]
    out = io.BytesIO()
    import_files.write_wrong(out, wrong, VI)
    (line,) = lines(out.getvalue())
    assert (line.cells["phone"], line.cells["stars"]) == (str(10**400), "1234567890123456789")


# ---------------------------------------------------------------- writing


async def take_over(engine: AsyncEngine, clock: Clock, data: bytes) -> dict[str, int]:
    found = await surveyed(engine, data, "15", TODAY)
    async for _ in written(engine, "15", found.new, None, "cli", clock()):
        pass
    return found.counts


async def test_a_list_becomes_certified_cases_once(engine: AsyncEngine) -> None:
    clock = Clock()
    data = book(
        GOOD,
        {**GOOD, "product": "Miến đao"},
        {**GOOD, "product": "Mật ong", "maker": "Hộ Lý Thị Mẩy", "kind": "hộ", "phone": ""},
        {**GOOD, "product": "Trà dây", "decided_on": date(2022, 5, 1), "set": 11},
        {**GOOD, "stars": 7},
    )
    assert await take_over(engine, clock, data) == {"new": 4, "known": 0, "wrong": 1}
    found = await rows(engine, cases)
    assert [case.status for case in found] == ["certified", "certified", "certified", "expired"]
    assert [case.code for case in found] == [f"TL12-26-000{n}" for n in (1, 2, 3, 4)]
    makers = await rows(engine, people)
    assert sorted(maker.case_count for maker in makers) == [1, 3]
    rated = await rows(engine, results)
    assert {(row.decision, row.stars) for row in rated} == {("812/QĐ-UBND", 3)}
    assert all(row.published_at and row.import_key for row in rated)
    assert {event.action for event in await rows(engine, case_events)} == {"import"}
    entries = [entry for entry in await rows(engine, audit) if entry.action == "import"]
    assert [entry.details for entry in entries] == [{"territory": "15", "cases": 4}]
    assert await take_over(engine, clock, data) == {"new": 0, "known": 4, "wrong": 1}
    written_otherwise = book({**GOOD, "product": "CHUỐI SẤY DẺO ", "decision": "812/qđ-ubnd"})
    assert await take_over(engine, clock, written_otherwise) == {"new": 0, "known": 1, "wrong": 0}
    assert len(await rows(engine, cases)) == 4


async def test_whose_certificate_ends_is_telephoned(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    await take_over(sqlite_engine, clock, book({**GOOD, "decided_on": TODAY - timedelta(days=900)}))
    (rated,) = await rows(sqlite_engine, results)
    six_months_before = date(rated.certificate_until.year, rated.certificate_until.month, 1) - timedelta(days=160)
    async with sqlite_engine.connect() as connection:
        days = [six_months_before + timedelta(days=n) for n in range(-30, 30)]
        named = [day for day in days if await to_call(connection, ["15/04336"], day)]
        await connection.rollback()
    assert named


# ---------------------------------------------------------------- from a chat


async def handed_in(
    engine: AsyncEngine, clock: Clock, store: FileStore, data: bytes, *effects: Effect, territory: str = "15"
) -> None:
    who = await with_role(engine, clock, "province", Role.PROVINCE_OFFICER, territory)
    sha256 = await store.put(data)
    row = {"id": "list1", "person_id": who.person_id, "conversation_id": who.id, "channel": "telegram", "source": ""}
    async with engine.begin() as connection:
        await connection.execute(files.insert().values(**row, status="stored", sha256=sha256, received_at=clock()))
    await ordered(engine, clock, who, AskImport("15", "list1"), *effects)


async def said(engine: AsyncEngine) -> list[str]:
    return [row.body["text"] for row in await rows(engine, outbox, outbox.c.kind == "notice")]


async def test_nothing_is_written_before_a_yes(engine: AsyncEngine, tmp_path: Path) -> None:
    clock, store = Clock(), FileStore(str(tmp_path))
    await handed_in(engine, clock, store, book(GOOD, {**GOOD, "stars": 8}))
    job = Imports(engine, store, world_at(clock))
    await job.look()
    (preview,) = await said(engine)
    assert "• mới: 1\n• chưa đúng: 1" in preview
    assert "• dòng 3: Sao:" in preview
    assert await rows(engine, cases) == []
    await job.look()
    assert len(await said(engine)) == 1
    (asked,) = await rows(engine, imports_table)
    who = await with_role(engine, clock, "province", Role.PROVINCE_OFFICER, "15")
    for _ in range(2):  # the second finger finds nothing to say yes to
        await ordered(engine, clock, who, ConfirmImport(asked.id))
    await asyncio.gather(job.look(), Imports(engine, store, world_at(clock)).look())
    assert len(await rows(engine, cases)) == 1
    assert "Em đã nhập 1 giấy chứng nhận" in (await said(engine))[-1]
    (done,) = await rows(engine, imports_table)
    assert (done.status, done.found) == ("done", {"new": 1, "known": 0, "wrong": 1})


@pytest.mark.parametrize("territory", ["01", "15/04336"])
async def test_a_list_is_for_the_officers_own_province(
    sqlite_engine: AsyncEngine, tmp_path: Path, territory: str
) -> None:
    await handed_in(sqlite_engine, Clock(), FileStore(str(tmp_path)), book(GOOD), territory=territory)
    assert await rows(sqlite_engine, imports_table) == []


async def test_a_list_that_is_none_is_refused_in_words(sqlite_engine: AsyncEngine, tmp_path: Path) -> None:
    clock, store = Clock(), FileStore(str(tmp_path))
    await handed_in(sqlite_engine, clock, store, b"no list")
    await Imports(sqlite_engine, store, world_at(clock)).look()
    (words,) = await said(sqlite_engine)
    assert "Em chưa nhập được danh sách này" in words


async def test_a_worker_that_died_is_followed_by_another(sqlite_engine: AsyncEngine, tmp_path: Path) -> None:
    clock, store = Clock(), FileStore(str(tmp_path))
    await handed_in(sqlite_engine, clock, store, book(GOOD))
    async with sqlite_engine.begin() as connection:
        (row,) = await lists.to_do(connection, clock())
        assert not await lists.hold(connection, row.id, "confirmed", clock())
        assert await lists.hold(connection, row.id, row.status, clock())
        assert not await lists.hold(connection, row.id, row.status, clock())
    job = Imports(sqlite_engine, store, world_at(clock))
    await job.look()
    assert await said(sqlite_engine) == []
    clock.now += lists.HOLD + timedelta(seconds=1)
    await job.look()
    assert len(await said(sqlite_engine)) == 1


async def test_a_list_replaced_while_it_is_read_stays_dropped(
    sqlite_engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, store = Clock(), FileStore(str(tmp_path))
    await handed_in(sqlite_engine, clock, store, book(GOOD))
    who = await with_role(sqlite_engine, clock, "province", Role.PROVINCE_OFFICER, "15")

    async def meanwhile(*read: Any) -> Any:
        await ordered(sqlite_engine, clock, who, AskImport("15", "list1"))
        return await surveyed(*read)

    monkeypatch.setattr("bot.imports.surveyed", meanwhile)
    await Imports(sqlite_engine, store, world_at(clock)).look()
    assert [row.status for row in await rows(sqlite_engine, imports_table)] == ["dropped", "asked"]
    assert await said(sqlite_engine) == []


async def test_an_officer_reads_how_many_came_over_in_all(
    sqlite_engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.imports.BATCH", 1)
    clock, store = Clock(), FileStore(str(tmp_path))
    await take_over(sqlite_engine, clock, book(GOOD))
    data = book(*({**GOOD, "product": f"Trà {word}"} for word in ["một", "hai", "ba"]), GOOD)
    await handed_in(sqlite_engine, clock, store, data)
    await Imports(sqlite_engine, store, world_at(clock)).look()
    (asked,) = await rows(sqlite_engine, imports_table)
    who = await with_role(sqlite_engine, clock, "province", Role.PROVINCE_OFFICER, "15")
    await ordered(sqlite_engine, clock, who, ConfirmImport(asked.id))
    stopped = Imports(sqlite_engine, store, world_at(clock))
    stopped.close()
    await stopped.look()
    assert len(await rows(sqlite_engine, cases)) == 2
    clock.now += lists.HOLD + timedelta(seconds=1)
    await Imports(sqlite_engine, store, world_at(clock)).look()
    assert "Em đã nhập 3 giấy chứng nhận" in (await said(sqlite_engine))[-1]
    (done,) = await rows(sqlite_engine, imports_table)
    assert done.found == {"new": 3, "known": 1, "wrong": 0}


async def test_a_file_that_is_gone_is_asked_for_again(sqlite_engine: AsyncEngine, tmp_path: Path) -> None:
    clock, store = Clock(), FileStore(str(tmp_path))
    await handed_in(sqlite_engine, clock, store, book(GOOD))
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(files).values(status="forgotten"))
    await Imports(sqlite_engine, store, world_at(clock)).look()
    assert "không còn giữ tệp này" in (await said(sqlite_engine))[0]


# ---------------------------------------------------------------- whose they are


async def producer_in(engine: AsyncEngine, clock: Clock, commune: str = "04336") -> Conversation:
    who = await chat(engine, clock, "producer")
    async with engine.begin() as connection:
        mine = update(people).where(people.c.id == who.person_id)
        await connection.execute(mine.values(commune=commune, consent="yes"))
    return await chat(engine, clock, "producer")


PHONE = "+84912345678"


@pytest.mark.parametrize(
    ("phone", "commune", "found"), [(PHONE, "04336", True), ("+84912345679", "04336", False), (PHONE, "04303", False)]
)
async def test_who_has_the_number_has_the_certificates(
    engine: AsyncEngine, phone: str, commune: str, found: bool
) -> None:
    clock = Clock()
    who = await producer_in(engine, clock, commune)
    await take_over(engine, clock, book(GOOD, {**GOOD, "product": "Miến đao"}))
    maker = (await rows(engine, cases))[0].person_id
    for _ in range(2):
        me = await chat(engine, clock, "producer")
        me.person = replace(me.person, commune=commune)
        await ordered(engine, clock, me, ClaimCertificates(phone, maker))
    held = [case.person_id == who.person_id for case in await rows(engine, cases)]
    assert held == [found, found]
    assert len(await rows(engine, people)) == (1 if found else 2)
    claims = await rows(engine, case_events, case_events.c.action == "claim")
    assert [event.actor_id for event in claims] == [who.person_id] * 2 * found
    me = await chat(engine, clock, "producer")
    assert me.case_count == (2 if found else 0)


async def test_a_number_that_several_makers_have_gives_nobody_anything(engine: AsyncEngine) -> None:
    clock = Clock()
    me = await producer_in(engine, clock)
    await take_over(engine, clock, book(GOOD, {**GOOD, "product": "Miến đao", "maker": "Hộ Lý Thị Mẩy"}))
    makers = [case.person_id for case in await rows(engine, cases)]
    async with engine.connect() as connection:
        found = await listed_makers(connection, "04336", PHONE)
    assert [(maker.name, maker.products) for maker in found] == [
        ("Hợp tác xã Tân Lĩnh", ("Chuối sấy dẻo",)),
        ("Hộ Lý Thị Mẩy", ("Miến đao",)),
    ]
    await ordered(engine, clock, me, ClaimCertificates(PHONE, makers[0]))
    assert [case.person_id for case in await rows(engine, cases)] == makers


async def test_a_yes_is_for_the_maker_that_was_shown(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    me = await producer_in(sqlite_engine, clock)
    await take_over(sqlite_engine, clock, book(GOOD))
    (case,) = await rows(sqlite_engine, cases)
    await ordered(sqlite_engine, clock, me, ClaimCertificates(PHONE, case.person_id + 1000))
    assert await rows(sqlite_engine, cases) == [case]


def test_the_place_is_asked_for_before_the_number() -> None:
    someone = Person(consent="yes", name="Mẩy")
    assert FIND_CERTIFICATE.before is not None
    assert FIND_CERTIFICATE.before(Facts(Clock().now, someone)) == "place"
    assert FIND_CERTIFICATE.before(Facts(Clock().now, replace(someone, commune="04336"))) == ""


async def test_officers_hear_of_a_claim(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    me = await producer_in(sqlite_engine, clock)
    officer = await with_role(sqlite_engine, clock, "officer", Role.COMMUNE_OFFICER, "15/04336")
    await take_over(sqlite_engine, clock, book(GOOD))
    (case,) = await rows(sqlite_engine, cases)
    turn = await ordered(sqlite_engine, clock, me, ClaimCertificates(PHONE, case.person_id))
    (alert,) = turn.carried.notices
    assert alert["conversation_id"] == officer.id
    assert "TL12-26-0001 Chuối sấy dẻo, Hợp tác xã Tân Lĩnh" in alert["body"]["text"]


async def test_who_is_stopped_between_two_parts_goes_on(
    sqlite_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.imports.BATCH", 2)
    clock, data = Clock(), book(*({**GOOD, "product": f"Trà {word}"} for word in ["một", "hai", "ba", "bốn", "năm"]))
    found = await surveyed(sqlite_engine, data, "15", TODAY)
    async for _ in written(sqlite_engine, "15", found.new, None, "cli", clock()):
        break
    assert len(await rows(sqlite_engine, cases)) == 2
    assert await take_over(sqlite_engine, clock, data) == {"new": 3, "known": 2, "wrong": 0}
    assert len({case.code for case in await rows(sqlite_engine, cases)}) == 5
    assert len(await rows(sqlite_engine, people)) == 1


async def test_of_two_lists_of_one_person_at_the_same_moment_one_waits(engine: AsyncEngine) -> None:
    """From two chats of theirs, by two processes."""
    clock = Clock()
    officer = await chat(engine, clock, "officer")

    async def asks(process: AsyncEngine, file_id: str) -> int:
        async with writing(process) as connection:
            return await lists.ask(connection, "15", file_id, officer.person_id, clock())

    async with beside(engine) as process:
        async with writing(engine) as connection:
            first = await lists.ask(connection, "15", "f1", officer.person_id, clock())
            other = asyncio.create_task(asks(process, "f2"))
            await asyncio.sleep(0.2)
        second = await asyncio.wait_for(other, 10)
    assert {row.id: row.status for row in await rows(engine, imports_table)} == {first: "dropped", second: "asked"}

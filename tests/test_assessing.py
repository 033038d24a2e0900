"""The commune's own part of a dossier: who says it, who sees it, what hangs on it, and the papers made of it."""

import io
import re
from dataclasses import replace
from datetime import date
from typing import Any

import docx
import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pytest
from fpdf import FPDF
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.desk import binder, documents, forms
from bot.desk.assessing import OTHER_SHEET
from bot.desk.decisions import BY_ANOTHER, NOT_ASSESSED
from bot.effects import TOO_LATE
from dialogs.model import (
    Assessed,
    AssessTopic,
    CaseNamed,
    CommandReceived,
    DecideCase,
    Effect,
    MakeReport,
    SendMessage,
)
from dialogs.officer.assess import items, open_items
from dialogs.rules.rounds import Round
from dialogs.rules.sheet import TOPICS, sheets
from storage import assessments, own_data
from storage.files import FileStore
from storage.models import assessments as kept_ones
from storage.models import cases, files, papers, results
from tests.facts import Chat, desk_facts, facts, sample_case, world
from tests.heart import rows, world_at
from tests.test_lifecycle import Attempt, Scene, scene
from tests.test_papers import FAULTY

GOOD = (
    Assessed("raw_material", 7, 3),
    Assessed("local_labour", 7, 2, "Ba người trong bản."),
    Assessed("idea", 7, 3),
    Assessed("identity", 7, 2),
)


async def dossier(engine: AsyncEngine, status: str = "dossier_submitted") -> Scene:
    """A dossier of product set 7 with all its papers, of which the commune has said nothing yet."""
    here = await scene(engine, status)
    await of_set(engine, "7")
    async with engine.begin() as connection:
        await connection.execute(kept_ones.delete())
    return here


async def of_set(engine: AsyncEngine, number: str) -> None:
    (case,) = await rows(engine, cases)
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(answers={**case.answers, "product_set": number}))


async def does(here: Scene, who: str, *effects: Effect, commit: bool = True) -> Attempt:
    here.facts.clear()
    async with here.attempt(who) as attempt:
        await attempt.does(*effects)
        if commit:
            await attempt.connection.commit()
    return attempt


def said(attempt: Attempt) -> list[str]:
    texts = (text for one in attempt.turn.carried.said if isinstance(one, SendMessage) for text in one.texts)
    return [text.msgid for text in texts]


async def all_said(here: Scene, who: str = "officer") -> None:
    await does(here, who, *(AssessTopic(here.code, one) for one in GOOD))


# ---------------------------------------------------------------- saying it


async def test_each_topic_is_kept_changed_and_audited(engine: AsyncEngine) -> None:
    here = await dossier(engine)
    await all_said(here)
    await does(here, "colleague", AssessTopic(here.code, Assessed("idea", 7, 4)))
    found = {row.topic: row for row in await rows(engine, kept_ones)}
    assert {topic: found[topic].option for topic in TOPICS} == {
        "raw_material": 3,
        "local_labour": 2,
        "idea": 4,
        "identity": 2,
    }
    assert found["idea"].author_id == here.people["colleague"].person_id
    attempt = await does(here, "officer", AssessTopic(here.code, GOOD[0]))
    (entry,) = attempt.turn.carried.audit
    assert (entry.action, entry.details) == ("assess", {"topic": "raw_material"})


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (Assessed("idea", 7, 9), TOO_LATE),
        (Assessed("idea", 7, -1), TOO_LATE),
        (Assessed("idea", 7, None), TOO_LATE),
        (Assessed("raw_material", 7, 0, ""), None),  # "none of these" is an answer where the sheet has no zero
        (Assessed("idea", 7, 0), TOO_LATE),  # and none where it has one
        (Assessed("idea", 8, 1), OTHER_SHEET),
        (Assessed("idea", 0, None, "Bằng lời"), OTHER_SHEET),
        (Assessed("weather", 7, 1), TOO_LATE),  # type: ignore[arg-type]  # what no dialog would send
    ],
)
async def test_what_this_sheet_can_not_have_is_refused(sqlite_engine: AsyncEngine, wrong: Assessed, why: Any) -> None:
    here = await dossier(sqlite_engine)
    attempt = await does(here, "officer", AssessTopic(here.code, wrong))
    assert bool(await rows(sqlite_engine, kept_ones)) == (why is None)
    assert why is None or said(attempt) == [why.msgid]


@pytest.mark.parametrize("who", ["producer", "province", "administrator", "stranger", "neighbour", "far"])
async def test_nobody_else_says_it(sqlite_engine: AsyncEngine, who: str) -> None:
    here = await dossier(sqlite_engine)
    attempt = await does(here, who, AssessTopic(here.code, GOOD[0]))
    assert not await rows(sqlite_engine, kept_ones)
    assert attempt.turn.carried.said
    assert not attempt.turn.carried.audit


@pytest.mark.parametrize("status", ["plan_submitted", "dossier_checked", "forwarded", "certified"])
async def test_it_is_said_while_the_officer_has_the_dossier(sqlite_engine: AsyncEngine, status: str) -> None:
    here = await dossier(sqlite_engine, status)
    await does(here, "officer", AssessTopic(here.code, GOOD[0]))
    assert not await rows(sqlite_engine, kept_ones)


async def test_what_was_said_of_another_product_set_is_open_again(sqlite_engine: AsyncEngine) -> None:
    here = await dossier(sqlite_engine)
    await all_said(here)
    await of_set(sqlite_engine, "26")
    here.facts.clear()
    async with here.attempt("officer") as attempt:
        case = attempt.turn.facts.case(here.code)
        assert case is not None
        assert [item.topic for item in open_items(case)] == [*TOPICS]
        assert [item.criterion is None for item in items(case)] == [True, False, False, False]


# ---------------------------------------------------------------- what hangs on it


async def test_a_dossier_is_passed_on_only_with_all_of_it(engine: AsyncEngine) -> None:
    here = await dossier(engine)
    await does(here, "officer", *(AssessTopic(here.code, one) for one in GOOD[:3]))
    attempt = await does(here, "officer", DecideCase(here.code, "accept"))
    assert said(attempt)[0] == NOT_ASSESSED.msgid
    assert len(said(attempt)) == 2  # the one that is open, by name
    assert (await rows(engine, cases))[0].status == "dossier_submitted"
    await does(here, "officer", AssessTopic(here.code, GOOD[3]), DecideCase(here.code, "accept"))
    assert (await rows(engine, cases))[0].status == "dossier_checked"


async def test_who_assessed_does_not_approve_whoever_passed_it_on(engine: AsyncEngine) -> None:
    here = await dossier(engine)
    await all_said(here)
    await does(here, "approver", AssessTopic(here.code, GOOD[0]))
    await does(here, "officer", DecideCase(here.code, "accept"))
    attempt = await does(here, "approver", DecideCase(here.code, "forward"))
    assert said(attempt) == [BY_ANOTHER.msgid]
    assert (await rows(engine, cases))[0].status == "dossier_checked"
    await does(here, "approver", DecideCase(here.code, "send_back", "all", "Cán bộ chấm lại mục đầu"))
    await does(here, "officer", AssessTopic(here.code, GOOD[0]), DecideCase(here.code, "accept"))
    await does(here, "approver", DecideCase(here.code, "forward"))
    assert (await rows(engine, cases))[0].status == "forwarded"


async def test_only_who_decides_sees_it(engine: AsyncEngine) -> None:
    here = await dossier(engine)
    await all_said(here)
    seen = {"dossier_submitted": {"officer", "colleague", "approver"}}
    seen["in_evaluation"] = {*seen["dossier_submitted"], "province"}
    for status, who_sees in seen.items():
        async with engine.begin() as connection:
            await connection.execute(update(cases).values(status=status))
        here.facts.clear()
        for who in here.people:
            async with here.attempt(who) as attempt:
                case = attempt.turn.facts.case(here.code)
                assert bool(case is not None and case.assessment) == (who in who_sees), (status, who)


def test_done_says_what_is_open() -> None:
    case = sample_case("TL-26-0001", "dossier_submitted", "food", "household", own=False)
    case = replace(case, answers={**case.answers, "product_set": "7"}, may=("accept", "return"), assessment=GOOD[:2])
    chat = Chat(facts(desk_facts().person, desk=[case])).does("TL-26-0001", "chấm phần của xã", "các mục", "xong")
    assert chat.at == "assess/list"
    assert "Still to be assessed:\n• Origin of the idea\n• What is our own" in chat.words


def test_the_producers_own_mark_stands_beside() -> None:
    case = sample_case("TL-26-0001", "dossier_submitted", "food", "household", own=False)
    answers = {**case.answers, "product_set": "7", "materials": "chuối nhà"}
    case = replace(case, answers=answers, may=("accept", "return"), self_marks={"1.1": 2, "3.3": 99}, assessment=())
    chat = Chat(facts(desk_facts().person, desk=[case])).does("TL-26-0001", "chấm phần của xã")
    assert "The producer wrote: “chuối nhà”" in chat.words
    assert f"The producer marked: {sheets('ocop-2026')[7].criterion('1.1').options[1].label.en}." in chat.words
    chat.does("các mục", "Lao động tại xã")
    assert "has not marked this" in chat.words  # a mark that this sheet does not have


# ---------------------------------------------------------------- its papers


CHATTY = re.compile(r"\b(em|anh/chị|mình|bà con|nhé|ạ|làm ăn|chỗ nào|thế nào|hay không)\b|[?!]", re.IGNORECASE)
"""Words of a talk: a form is signed by people and read by offices."""


def filled(template: str, kind: str = "household", **changes: Any) -> str:
    case = sample_case("TL12-26-0001", "dossier_checked", "food", kind, own=False)
    answers = {**case.answers, "product_set": "7", "location": "bản Nà Hẩu", "contact_name": "Mẩy"}
    round_ = Round(date(2027, 4, 30), date(2027, 6, 30), 1)
    case = replace(case, answers=answers, assessment=GOOD, round=round_, **changes)
    made = forms.filled(template, case, world().catalog("vi"), date(2026, 12, 2))
    document = docx.Document(io.BytesIO(made))
    cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def test_the_report_has_all_that_the_case_says() -> None:
    words = filled("report_03")
    for part in (
        "Mẫu số 03",
        "ỦY BAN NHÂN DÂN\nXÃ TÂN LĨNH",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc",
        "Bộ sản phẩm: Chế biến từ rau, củ, quả, hạt",
        "Về sử dụng lao động địa phương (tiêu chí 3.3): Từ một nửa đến ba phần tư.",
        "Người đại diện: Lý Thị Mẩy",
        "Nhận xét: Ba người trong bản.",
        "đợt 1/2027",
        "bản Nà Hẩu, xã Tân Lĩnh, tỉnh Lào Cai",
    ):
        assert part in words
    assert "{" not in words
    assert not CHATTY.search(words)


def test_who_speaks_for_a_company_is_left_open_beside_whom_to_call() -> None:
    assert f"Người đại diện: {forms.UNKNOWN} (người liên hệ: Mẩy)" in filled("report_03", kind="enterprise")


def test_the_letter_names_the_decision_and_the_round() -> None:
    words = filled("letter")
    assert "Quyết định số 26/2026/QĐ-TTg ngày 22 tháng 5 năm 2026" in words
    assert "Về việc đề nghị đánh giá, phân hạng sản phẩm OCOP, đợt 1/2027" in words
    assert "5 sản phẩm mẫu" in words
    assert "{" not in words


@pytest.mark.parametrize("evil", ["Mật <w:p> & “ong” ]]>", "{{ year }} {% raw %}", "Chuối\x0bsấy" * 3])
@pytest.mark.parametrize("template", ["report_03", "letter"])
def test_words_of_people_are_words(template: str, evil: str) -> None:
    shown = evil.replace("\x0b", "\n")
    assert shown.replace("\n", "") in filled(template, product=evil).replace("\n", "")


def test_the_templates_name_nothing_that_is_not_filled_in() -> None:
    from docxtpl import DocxTemplate  # type: ignore[import-untyped]

    case = sample_case("TL12-26-0001", "dossier_checked", "food", "household", own=False)
    known = forms.values(case, world().catalog("vi"), date(2026, 12, 2)).keys()
    for template in documents.FORMS:
        named = DocxTemplate(forms.FOLDER / f"{template}.docx").get_undeclared_template_variables()
        assert named <= known


def pdf(orientation: str = "P", pages: int = 1, rotation: int = 0) -> bytes:
    sheet = FPDF(format="A4", orientation=orientation)
    for n in range(pages):
        sheet.add_page()
        sheet.set_font("helvetica", size=20)
        sheet.text(20, 40, f"page {n + 1} of its own")
    document = pdfium.PdfDocument(bytes(sheet.output()))
    for n in range(pages):
        document[n].set_rotation(rotation)
    turned = io.BytesIO()
    document.save(turned)
    return turned.getvalue()


def words_of(data: bytes) -> list[str]:
    document = pdfium.PdfDocument(data)
    return [document[n].get_textpage().get_text_range() for n in range(len(document))]


def test_the_bound_dossier_has_contents_and_running_numbers() -> None:
    pieces = [
        binder.Piece("Phiếu đăng ký", pdf(pages=2)),
        binder.Piece("Bảng tính"),
        binder.Piece("Hỏng", b"%PDF-1.7 broken"),
        binder.Piece("Giấy ngang", pdf("L", rotation=90)),
        binder.Piece("Quá dài", pdf(pages=binder.MOST_PAGES + 1)),
        *(binder.Piece(name, sent) for name, sent in FAULTY.items()),
    ]
    cover = binder.Cover("TL12-26-0001", "Chuối sấy dẻo", (("Chủ thể", "Lý Thị Mẩy"),), "TL12-26-0001")
    pages = words_of(binder.bind(cover, pieces))
    assert len(pages) == 5
    assert "Chuối sấy dẻo" in pages[0]
    assert "Số trang: 5" in pages[0]
    lines = {line.split(" .")[0]: line.split()[-1] for line in pages[1].splitlines() if "..." in line}
    assert lines == {"Phiếu đăng ký": "3", "Bảng tính": "riêng", "Hỏng": "riêng", "Giấy ngang": "5", "Quá dài": "riêng",
                     **dict.fromkeys(FAULTY, "riêng")}  # fmt: skip
    assert [f"Trang {n}/5" in page for n, page in enumerate(pages, 1)] == [False, True, True, True, True]
    assert ["of its own" in page for page in pages] == [False, False, True, True, True]


def test_a_page_that_lies_on_its_side_stays_as_it_is_shown() -> None:
    document = pdfium.PdfDocument(binder.bind(binder.Cover("A", "B", (), "A"), [binder.Piece("x", pdf("P", 1, 90))]))
    width, height = document[2].get_size()
    assert width > height


async def test_report_letter_and_dossier_come_as_files(sqlite_engine: AsyncEngine) -> None:
    here = await dossier(sqlite_engine)
    refused = await does(here, "officer", MakeReport(here.code))
    assert not refused.turn.carried.attachments  # nothing said yet
    await all_said(here)
    store = FileStore("memory:///")
    sha256 = await store.put(pdf(pages=3))
    async with sqlite_engine.begin() as connection:
        row = {"person_id": here.people["producer"].person_id, "conversation_id": here.people["producer"].id}
        stored = {"status": "stored", "kind": "pdf", "sha256": sha256, "pages": 3, "received_at": here.clock()}
        await connection.execute(insert(files).values(id="f2", channel="telegram", source="", **row, **stored))
        await connection.execute(update(papers).where(papers.c.paper == "form_01").values(pages=[["f2", 0]]))
    attempt = await does(here, "officer", MakeReport(here.code))
    specs = attempt.turn.carried.attachments
    made = [await documents.made(sqlite_engine, store, world_at(here.clock), spec) for spec in specs]
    assert [one.name.split(" ")[1] for one in made] == ["bao-cao-mau-03.docx", "to-trinh.docx", "bo-ho-so.pdf"]
    assert len(words_of(bytes(made[2].data))) == 5  # cover, contents, three pages
    for who in ("producer", "neighbour", "province"):
        assert not (await does(here, who, MakeReport(here.code))).turn.carried.attachments


async def test_the_report_names_what_was_handed_in(sqlite_engine: AsyncEngine) -> None:
    """As the bound dossier has it, also while the producer keeps a newer version that is not sent yet."""
    here = await dossier(sqlite_engine)
    await all_said(here)

    async def report() -> str:
        spec = {"made": "report_03", "code": here.code, "name": "03.docx"}
        made = await documents.made(sqlite_engine, FileStore("memory:///"), world_at(here.clock), spec)
        tables = docx.Document(io.BytesIO(bytes(made.data))).tables
        return "\n".join(cell.text for table in tables for row in table.rows for cell in row.cells)

    before = await report()
    assert "Phiếu đăng ký" in before
    async with sqlite_engine.begin() as connection:
        newer = select(papers.c.case_id, papers.c.paper, papers.c.version + 1, papers.c.pages, papers.c.kept_at)
        columns = ("case_id", "paper", "version", "pages", "kept_at")
        await connection.execute(insert(papers).from_select(columns, newer))
    assert await report() == before
    (shown,) = (await does(here, "officer", MakeReport(here.code))).turn.facts.named
    assert shown.papers
    assert all(paper.sent for paper in shown.papers)


async def test_whose_words_they_are_is_said(sqlite_engine: AsyncEngine) -> None:
    here = await dossier(sqlite_engine)
    await all_said(here)
    async with sqlite_engine.connect() as connection:
        mine = await assessments.assessment_of(connection, here.code, here.people["officer"].person_id)
        theirs = await assessments.assessment_of(connection, here.code, 0)
    assert {one.by for one in mine} == {""}
    assert len(theirs) == len(TOPICS)


async def test_the_producer_reads_of_it_with_the_result(engine: AsyncEngine) -> None:
    """Neither what was found nor the audit of it says more before, also where one asks for all one's data."""
    here = await dossier(engine)
    await all_said(here)
    me = here.people["producer"].person_id
    async with engine.connect() as connection:
        before = await own_data.of(connection, me)
    assert "assessments" not in before
    (case,) = await rows(engine, cases)
    published = {"points_a": 27, "points_b": 15, "points_c": 21, "stars": 3, "published_at": here.clock()}
    async with engine.begin() as connection:
        await connection.execute(insert(results).values(case_id=case.id, **published))
        after = await own_data.of(connection, me)
    assert {row["topic"] for row in after["assessments"]} == {*TOPICS}


def test_the_code_on_the_cover_opens_the_case() -> None:
    """As the link of the QR code brings it; whoever may not see the case reads what a wrong code gets."""
    opened = world().listener.recognise(CommandReceived("start", "TL12-26-0001"), SendMessage(()), "vi")
    assert opened == CaseNamed("TL12-26-0001")

"""What is signed after a council's session: minutes, a sheet for each member, and all marks as a table."""

import io
import zipfile
from dataclasses import replace

import docx
import pytest
from docx.table import Table
from docx.text.paragraph import Paragraph
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.desk import council_papers, documents, forms
from bot.sample_council import sample_councils
from dialogs.council.facts import Council
from dialogs.model import CloseCouncil, DeclareInterest, MakeCouncilPapers, ReadDossier
from storage.files import FileStore
from tests.facts import NOW, world
from tests.heart import world_at
from tests.test_council import MEMBERS, SESSION, THREE, session_of

VI = world().catalog("vi")


def over(**changes: object) -> Council:
    """A session that has ended: one product with three stars agreed on, one where points and gates disagree."""
    council = sample_councils()[-1]
    return replace(council, **changes)  # type: ignore[arg-type]  # fields of the session


def words_of(data: bytes) -> str:
    """In the order in which it is read."""
    document = docx.Document(io.BytesIO(data))
    parts = []
    for element in document.element.body.iterchildren():
        if element.tag.endswith("}p"):
            parts.append(Paragraph(element, document).text)
        elif element.tag.endswith("}tbl"):
            parts += [" | ".join(cell.text for cell in row.cells) for row in Table(element, document).rows]
    return "\n".join(parts)


def minutes(council: Council) -> str:
    return words_of(forms.rendered("council_minutes", council_papers.minutes(council, "Lan", VI)))


def sheets(council: Council) -> str:
    handed_in = {(seat.number, product.code): NOW for seat in council.seats for product in council.products}
    return words_of(forms.rendered("council_ballots", council_papers.sheets(council, handed_in, VI)))


def test_the_minutes_say_who_scored_what_it_came_to_and_what_is_proposed() -> None:
    words = minutes(over())
    for part in (
        "HỘI ĐỒNG ĐÁNH GIÁ SẢN PHẨM OCOP",
        "1 | Nguyễn Thị Thu, Sở Nông nghiệp và Môi trường | Chủ tịch",
        "2 | Lê Văn Nam, Sở Công Thương | Ủy viên",
        "thư ký: Lan",
        "Số phiếu hợp lệ: 3/5; không chấm do có liên quan: Đỗ Văn Khánh, Vũ Thị Lan.",
        "đề nghị Ủy ban nhân dân tỉnh trình Bộ Nông nghiệp và Môi trường đánh giá, công nhận 5 sao",
        "Theo điểm: 5 sao. Theo yêu cầu tối thiểu của từng hạng sao: 2 sao.",
        "- 3 sao cần mục 2.2",
        "điểm từng phần và tổng tính từ số chưa làm tròn",
        f"Hội đồng kết luận: {forms.UNKNOWN} sao.",
        "Không chấm: hồ sơ không còn ở bước đánh giá",
    ):
        assert part in words
    assert "{" not in words
    assert "lệch" not in words  # what stands out is for the secretary while the council sits


def test_each_member_has_a_sheet_of_each_product() -> None:
    council = over()
    words = sheets(council)
    assert words.count("PHIẾU CHẤM ĐIỂM") == 6  # three ballots of two products
    assert words.count("Thành viên Hội đồng: Bùi Thị Hoa") == 2
    assert "2.2 | Đóng gói, bao bì sản phẩm | Gói thường, không có bao bì riêng | 0 | 3" in words
    assert "Đỗ Văn Khánh" not in words  # who is concerned has none
    assert "{" not in words


@pytest.mark.parametrize("evil", ["Mật <w:p> & “ong” ]]>", "{{ chair }} {% raw %}", '=HYPERLINK("http://x")'])
def test_words_of_people_are_words(evil: str) -> None:
    council = over()
    seats = tuple(replace(seat, name=evil) for seat in council.seats)
    products = tuple(replace(product, product=evil, by=evil) for product in council.products)
    hostile = replace(council, seats=seats, products=products)
    assert minutes(hostile).count(evil) >= 5
    assert sheets(hostile).count(evil) >= 6


def test_the_templates_name_nothing_that_is_not_filled_in() -> None:
    from docxtpl import DocxTemplate  # type: ignore[import-untyped]

    council = over()
    known = {
        "council_minutes": council_papers.minutes(council, "Lan", VI).keys(),
        "council_ballots": {*council_papers.sheets(replace(council, products=()), {}, VI), "secretary", "chair"},
    }
    for template, names in known.items():
        assert DocxTemplate(forms.FOLDER / f"{template}.docx").get_undeclared_template_variables() <= names


async def test_the_table_has_every_mark_and_computes_nothing() -> None:
    council = over()
    evil = '=HYPERLINK("http://x","Thu")'
    seats = (replace(council.seats[0], name=evil), *council.seats[1:])
    products = (replace(council.products[0], product="+Mật ong"), *council.products[1:])
    data = await council_papers.table(replace(council, seats=seats, products=products), VI)
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        page = book.read("xl/worksheets/sheet1.xml").decode()
        styles = book.read("xl/styles.xml").decode()
    assert "<f>" not in page  # no cell is a formula
    assert 'quotePrefix="1"' in styles  # nor becomes one when it is edited
    for words in ("HYPERLINK", "+Mật ong", "có liên quan", "Bùi Thị Hoa", "Trung bình", "Thành viên 5"):
        assert words in page
    assert page.count("<row ") == 2 + 2 * (32 + 3)  # headings, names; items and parts of two products


async def test_they_come_as_files_once_it_is_over(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine)
    await session.all_cast(*MEMBERS[:5], marks=THREE)
    await session.acts("minh", DeclareInterest(session.code, concerned=True))
    early = await session.acts("province", MakeCouncilPapers(SESSION))
    assert not early.turn.carried.attachments
    await session.acts("province", CloseCouncil(SESSION))
    attempt = await session.acts("province", MakeCouncilPapers(SESSION))
    assert [entry.action for entry in attempt.turn.carried.audit] == ["council_papers"]
    store, here = FileStore("memory:///"), world_at(session.here.clock)
    made = [await documents.made(sqlite_engine, store, here, spec) for spec in attempt.turn.carried.attachments]
    assert [one.name for one in made] == [
        f"hoi-dong-1-2026-{name}" for name in ("bien-ban.docx", "phieu-cham.docx", "bang-diem.xlsx")
    ]
    assert "không chấm do có liên quan: minh; không nộp phiếu: nga." in words_of(bytes(made[0].data))
    assert words_of(bytes(made[1].data)).count("PHIẾU CHẤM ĐIỂM") == 5
    assert bytes(made[2].data).startswith(b"PK")


async def test_a_member_reads_the_dossier_and_that_is_recorded(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu")
    await session.acts("thu", DeclareInterest(session.code, concerned=False))
    attempt = await session.acts("thu", ReadDossier(session.code))
    assert [spec["made"] for spec in attempt.turn.carried.attachments] == ["dossier"]
    assert [(entry.action, entry.case_code) for entry in attempt.turn.carried.audit] == [("see_papers", session.code)]

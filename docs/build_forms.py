"""Builds bot/forms/*.docx, the papers that a commune or a producer signs: `.venv/bin/python docs/build_forms.py`.

The layout is that of Decree 30/2020/NĐ-CP, annex I: Times New Roman, A4, margins of 20, 20, 30 and 15 mm, page numbers
in the middle of the head from the second page on. The files are templates of docxtpl: `{{ name }}` is filled in by
bot/desk/forms.py, which says what each name is; a producer's form is filled in by bot/paperwork/as_docx.py. They may as
well be edited in Word.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

FOLDER = Path(__file__).parent.parent / "bot" / "forms"
CENTRE, RIGHT, BOTH = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT, WD_ALIGN_PARAGRAPH.JUSTIFY
MADE = datetime(2026, 11, 22, tzinfo=UTC)


def paper() -> Any:
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(20), Mm(20)
    section.left_margin, section.right_margin = Mm(30), Mm(15)
    section.different_first_page_header_footer = True
    _page_number(section.header.paragraphs[0])
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Times New Roman", Pt(14)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), "Times New Roman")
    normal.paragraph_format.space_after = Pt(0)
    document.core_properties.author = ""
    document.core_properties.created = document.core_properties.modified = MADE
    return document


def _page_number(paragraph: Any) -> None:
    paragraph.alignment = CENTRE
    for kind, words in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = paragraph.add_run()
        run.font.size = Pt(13)
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        part.text = words or None
        run._r.append(part)


def say(place: Any, words: str, *, size: int = 14, bold: bool = False, italic: bool = False, align: Any = None) -> Any:
    """A paragraph of a head or a foot: a new one of a document, the first of a cell, or the one that is given."""
    if hasattr(place, "sections"):
        paragraph = place.add_paragraph()
    else:
        paragraph = place.paragraphs[0] if hasattr(place, "paragraphs") else place
    run = paragraph.add_run(words)
    run.bold, run.italic, run.font.size = bold, italic, Pt(size)
    paragraph.alignment = align
    return paragraph


def text(document: Any, words: str, *, bold: bool = False) -> None:
    """A paragraph of the body: first line in by 12.7 mm, both edges straight."""
    paragraph = document.add_paragraph()
    paragraph.add_run(words).bold = bold
    paragraph.alignment = BOTH
    paragraph.paragraph_format.first_line_indent = Mm(12.7)
    paragraph.paragraph_format.space_before = Pt(6)
    paragraph.paragraph_format.line_spacing = 1.15


def line_under(paragraph: Any, indent: float) -> None:
    """A thin line below, in from both sides by so many mm."""
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Mm(indent)
    borders = OxmlElement("w:pBdr")
    bottom = OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "000000")):
        bottom.set(qn(f"w:{name}"), value)
    borders.append(bottom)
    behind = ("w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:outlineLvl")  # the schema has an order
    paragraph._p.get_or_add_pPr().insert_element_before(borders, *behind)


def head(document: Any, kind: str) -> None:
    head_of(document, "ỦY BAN NHÂN DÂN", "{{ commune_capitals }}", f"Số:        /{kind}-UBND")


def head_of(document: Any, above: str, who: str, numbered: str) -> None:
    """State and motto on the right; who writes, and the paper's number, on the left."""
    table = document.add_table(rows=2, cols=2)
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for row in table.rows:
        row.cells[0].width, row.cells[1].width = Mm(68), Mm(102)
    left, right = table.rows[0].cells
    say(left, above, size=13, align=CENTRE)
    say(left.add_paragraph(), who, size=13, bold=True, align=CENTRE)
    line_under(left.paragraphs[-1], 22)
    say(right, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", size=12, bold=True, align=CENTRE)
    say(right.add_paragraph(), "Độc lập - Tự do - Hạnh phúc", size=13, bold=True, align=CENTRE)
    line_under(right.paragraphs[-1], 22)
    number, place = table.rows[1].cells
    say(number, numbered, size=13, align=CENTRE).paragraph_format.space_before = Pt(6)
    dated = say(place, "{{ place }}, ngày      tháng      năm {{ year }}", italic=True, align=CENTRE)
    dated.paragraph_format.space_before = Pt(6)


def title(document: Any, kind: str, about: str) -> None:
    say(document, kind, bold=True, align=CENTRE).paragraph_format.space_before = Pt(14)
    say(document, about, bold=True, align=CENTRE)


def foot(document: Any) -> None:
    """Whom it goes to, in small; who signs, by capitals."""
    table = document.add_table(rows=1, cols=2)
    table.autofit = False
    left, right = table.rows[0].cells
    left.width, right.width = Mm(80), Mm(90)
    say(left, "Nơi nhận:", size=12, bold=True, italic=True).paragraph_format.space_before = Pt(12)
    for line in ("- Như trên;", "- {{ producer }};", "- Lưu: VT."):
        left.add_paragraph().add_run(line).font.size = Pt(11)
    say(right, "TM. ỦY BAN NHÂN DÂN", bold=True, align=CENTRE).paragraph_format.space_before = Pt(12)
    for line in ("CHỦ TỊCH", "", "", ""):
        paragraph = right.add_paragraph()
        paragraph.add_run(line).bold = True
        paragraph.alignment = CENTRE
    paragraph = right.add_paragraph()
    paragraph.add_run("(Ký tên, đóng dấu)").italic = True
    paragraph.alignment = CENTRE


def papers_table(document: Any) -> None:
    table = document.add_table(rows=4, cols=3)
    table.style, table.autofit = "Table Grid", False
    rows = (
        ("STT", "Giấy tờ", "Số trang"),
        ("{%tr for paper in papers %}", "", ""),
        ("{{ loop.index }}", "{{ paper.name }}", "{{ paper.pages }}"),
        ("{%tr endfor %}", "", ""),
    )
    for row, cells in zip(table.rows, rows, strict=True):
        for cell, words, width in zip(row.cells, cells, (15, 120, 30), strict=True):
            cell.width = Mm(width)
            run = cell.paragraphs[0].add_run(words)
            run.font.size, run.bold = Pt(13), cells is rows[0]
            cell.paragraphs[0].alignment = None if width == 120 and cells is not rows[0] else CENTRE


def report() -> Any:
    document = paper()
    say(document, "Mẫu số 03", size=13, italic=True, align=RIGHT)
    head(document, "BC")
    title(document, "BÁO CÁO", "Kết quả kiểm tra, đánh giá hồ sơ sản phẩm OCOP của Ủy ban nhân dân {{ commune }}")
    say(document, "Kính gửi: {{ province_agency }}", align=CENTRE).paragraph_format.space_before = Pt(12)
    text(document, "I. THÔNG TIN CHUNG", bold=True)
    for line in (
        "1. Chủ thể: {{ producer }}",
        "2. Loại hình: {{ producer_kind }}",
        "3. Địa chỉ: {{ address }}",
        "4. Người đại diện: {{ representative }}",
        "5. Sản phẩm đăng ký đánh giá, phân hạng: {{ product }}",
        "6. Bộ sản phẩm: {{ product_set }}",
        "7. Mã hồ sơ: {{ code }}; ngày nhận hồ sơ: {{ received_on }}",
    ):
        text(document, line)
    text(document, "II. KẾT QUẢ KIỂM TRA THÀNH PHẦN HỒ SƠ", bold=True)
    text(document, "Hồ sơ gồm các giấy tờ sau:")
    papers_table(document)
    text(document, "III. KẾT QUẢ ĐÁNH GIÁ CỦA ỦY BAN NHÂN DÂN {{ kind_capitals }}", bold=True)
    text(document, "{%p for topic in topics %}")
    text(document, "{{ loop.index }}. {{ topic.name }}: {{ topic.finding }}")
    text(document, "{%p if topic.remark %}")
    text(document, "Nhận xét: {{ topic.remark }}")
    text(document, "{%p endif %}")
    text(document, "{%p endfor %}")
    text(document, "IV. ĐỀ XUẤT", bold=True)
    text(
        document,
        "Ủy ban nhân dân {{ commune }} đề nghị {{ province_agency }} tiếp nhận, xem xét, trình Hội đồng đánh giá, phân "
        "hạng sản phẩm “{{ product }}” của {{ producer }}{{ in_round }} theo quy định./.",
    )
    foot(document)
    return document


def letter() -> Any:
    document = paper()
    head(document, "TTr")
    title(document, "TỜ TRÌNH", "Về việc đề nghị đánh giá, phân hạng sản phẩm OCOP{{ in_round }}")
    say(document, "Kính gửi: Ủy ban nhân dân {{ province }}", align=CENTRE).paragraph_format.space_before = Pt(12)
    text(document, "Căn cứ {{ legal_basis }};")
    text(
        document,
        "Trên cơ sở kết quả kiểm tra, đánh giá hồ sơ sản phẩm, Ủy ban nhân dân {{ commune }} đề nghị Ủy ban nhân dân "
        "{{ province }} xem xét, đánh giá, phân hạng sản phẩm sau:",
    )
    for line in (
        "1. Sản phẩm: {{ product }} (bộ sản phẩm: {{ product_set }}).",
        "2. Chủ thể: {{ producer }}; địa chỉ: {{ address }}.",
        "3. Mã hồ sơ: {{ code }}.",
    ):
        text(document, line)
    text(document, "Hồ sơ gửi kèm gồm có:")
    text(document, "{%p for item in enclosed %}")
    text(document, "- {{ item }};")
    text(document, "{%p endfor %}")
    text(document, "Ủy ban nhân dân {{ commune }} kính trình Ủy ban nhân dân {{ province }} xem xét, quyết định./.")
    foot(document)
    return document


# ---------------------------------------------------------------- what a producer hands in


def field(paragraph: Any, instruction: str) -> None:
    """The beginning of a field that Word brings up to date when it opens the file; `field_end` ends it."""
    for kind, words in (("begin", ""), ("", instruction), ("separate", "")):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        if kind == "begin":
            part.set(qn("w:dirty"), "true")
        part.text = words or None
        paragraph.add_run()._r.append(part)


def field_end(paragraph: Any) -> None:
    part = OxmlElement("w:fldChar")
    part.set(qn("w:fldCharType"), "end")
    paragraph.add_run()._r.append(part)


def leader(paragraph: Any, to_mm: float) -> None:
    """Dots from where the words end to the right margin."""
    paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(to_mm), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)


def tag(document: Any, words: str) -> None:
    """A line of the template's own, of which nothing is left."""
    document.add_paragraph(f"{{%p {words} %}}")


def contents_page(document: Any) -> None:
    tag(document, "if form.contents")
    say(document, "MỤC LỤC", size=15, bold=True, align=CENTRE)
    say(document, "{{ form.title }}: {{ form.about }}", align=CENTRE)
    field(document.add_paragraph(), 'TOC \\o "1-1" \\h \\z \\u')
    tag(document, "for entry in contents")
    leader(say(document, "{{ entry.words }}\t{{ entry.page }}"), 165)
    tag(document, "endfor")
    field_end(document.add_paragraph())
    say(document, "{{ cover_code }}", align=CENTRE)
    say(document, "Quét mã để mở hồ sơ {{ form.code }}", size=10, align=CENTRE)
    document.add_page_break()
    tag(document, "endif")


def producer_form() -> Any:
    """One template for all forms: bot/paperwork/content.py says which blocks there are."""
    document = paper()
    contents_page(document)
    tag(document, "if form.number")
    say(document, "{{ form.number }}", size=13, italic=True, align=RIGHT)
    tag(document, "endif")
    tag(document, "if form.official")
    say(document, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", size=13, bold=True, align=CENTRE)
    line_under(say(document, "Độc lập - Tự do - Hạnh phúc", bold=True, align=CENTRE), 52)
    tag(document, "endif")
    title(document, "{{ form.title }}", "{{ form.about }}")
    tag(document, "if form.to")
    say(document, "Kính gửi: {{ form.to }}", align=CENTRE).paragraph_format.space_before = Pt(12)
    tag(document, "endif")
    say(document, "")
    tag(document, "for block in blocks")
    tag(document, 'if block.kind == "heading"')
    _outlined(say(document, "{{ block.words }}", bold=True))
    tag(document, 'elif block.kind == "prose"')
    text(document, "{{ block.words }}")
    tag(document, 'elif block.kind == "value"')
    _spaced(say(document, "{{ block.words }}"))
    tag(document, 'elif block.kind == "open"')
    open_line = _spaced(say(document, "{{ block.words }}\t"))
    leader(open_line, 165)
    tag(document, 'elif block.kind == "grid"')
    _grid(document)
    tag(document, "endif")
    tag(document, "endfor")
    _signature(document)
    return document


def _outlined(paragraph: Any) -> None:
    """What the list of contents finds; it stays with what follows it."""
    level = OxmlElement("w:outlineLvl")
    level.set(qn("w:val"), "0")
    paragraph.paragraph_format.space_before = Pt(12)
    paragraph.paragraph_format.keep_with_next = True
    paragraph._p.get_or_add_pPr().append(level)


def _spaced(paragraph: Any) -> Any:
    paragraph.paragraph_format.space_before = Pt(4)
    return paragraph


def _grid(document: Any) -> None:
    """Four columns, whose head stands on every page; their widths are the form's own."""
    table = document.add_table(rows=4, cols=4)
    table.style, table.autofit = "Table Grid", False
    cells = ("{{ block.head[%d] }}", "{%%tr for row in block.rows %%}", "{{ row[%d] }}", "{%%tr endfor %%}")
    for number, (row, words) in enumerate(zip(table.rows, cells, strict=True)):
        for column, cell in enumerate(row.cells):
            if number % 2 == 0:
                run = cell.paragraphs[0].add_run(words % column)
                run.font.size, run.bold = Pt(12), number == 0
                cell.paragraphs[0].alignment = CENTRE if number == 0 else None
            elif column == 0:
                cell.paragraphs[0].add_run(words.replace("%%", "%"))
    repeated = OxmlElement("w:tblHeader")
    repeated.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeated)


def _signature(document: Any) -> None:
    """The code that opens the case on the left; place, day and who signs on the right."""
    table = document.add_table(rows=1, cols=2)
    table.autofit = False
    left, right = table.rows[0].cells
    left.width, right.width = Mm(65), Mm(100)
    say(left, "{{ code }}").paragraph_format.space_before = Pt(12)
    left.add_paragraph().add_run("Mã hồ sơ: {{ form.code }}").font.size = Pt(10)
    say(right, "{{ form.dated }}", italic=True, align=CENTRE).paragraph_format.space_before = Pt(12)
    tag(right, "if form.official")
    say(right.add_paragraph(), "{{ form.signed }}", bold=True, align=CENTRE)
    say(right.add_paragraph(), "(Ký, ghi rõ họ tên, đóng dấu nếu có)", italic=True, align=CENTRE)
    tag(right, "endif")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    report().save(FOLDER / "report_03.docx")
    letter().save(FOLDER / "letter.docx")
    producer_form().save(FOLDER / "producer_form.docx")

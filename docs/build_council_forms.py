"""Builds the council's papers, bot/forms/council_*.docx: `.venv/bin/python docs/build_council_forms.py`.

Laid out as docs/build_forms.py says; filled in by bot/desk/council_papers.py.
"""

from typing import Any

from build_forms import BOTH, CENTRE, FOLDER, head_of, paper, say, text, title
from docx.shared import Mm, Pt


def table(document: Any, widths: tuple[int, ...], rows: tuple[tuple[str, ...], ...], size: int = 12) -> None:
    """The first row is the heading; texts of 60 mm and more stand at the left."""
    made = document.add_table(rows=len(rows), cols=len(widths))
    made.style, made.autofit = "Table Grid", False
    for row, cells in zip(made.rows, rows, strict=True):
        for cell, words, width in zip(row.cells, cells, widths, strict=True):
            cell.width = Mm(width)
            run = cell.paragraphs[0].add_run(words)
            run.font.size, run.bold = Pt(size), cells is rows[0]
            cell.paragraphs[0].alignment = None if width >= 60 and cells is not rows[0] else CENTRE


def signed(document: Any, left: str, right: str) -> None:
    made = document.add_table(rows=1, cols=2)
    made.autofit = False
    for cell, words, name in zip(made.rows[0].cells, (left, right), ("{{ secretary }}", "{{ chair }}"), strict=True):
        cell.width = Mm(82)
        say(cell, words, bold=True, align=CENTRE).paragraph_format.space_before = Pt(12)
        say(cell.add_paragraph(), "(Ký, ghi rõ họ tên)", italic=True, align=CENTRE)
        for line in ("", "", name):
            say(cell.add_paragraph(), line, align=CENTRE)


def minutes() -> Any:
    document = paper()
    head_of(document, "ỦY BAN NHÂN DÂN {{ province_capitals }}", "HỘI ĐỒNG ĐÁNH GIÁ SẢN PHẨM OCOP", "Số:        /BB-HĐ")
    title(document, "BIÊN BẢN", "Họp Hội đồng đánh giá, phân hạng sản phẩm OCOP {{ province }}, phiên {{ session }}")
    text(document, "Căn cứ {{ legal_basis }};")
    text(document, "I. THỜI GIAN, THÀNH PHẦN", bold=True)
    text(document, "1. Thời gian: mở ngày {{ opened }}, kết thúc lúc {{ closed }}.")
    text(document, "2. Chủ tịch Hội đồng: {{ chair }}; thư ký: {{ secretary }}.")
    text(document, "3. Thành viên Hội đồng: {{ members | length }} người.")
    table(
        document,
        (12, 113, 40),
        (
            ("STT", "Họ tên, đơn vị", "Vai trò"),
            ("{%tr for member in members %}", "", ""),
            ("{{ loop.index }}", "{{ member.name }}", "{{ member.role }}"),
            ("{%tr endfor %}", "", ""),
        ),
    )
    text(document, "{%p if group %}")
    text(document, "4. Tổ tư vấn: {{ group | length }} người.")
    text(document, "{%p for person in group %}")
    text(document, "- {{ person.name }}")
    text(document, "{%p endfor %}")
    text(document, "{%p endif %}")
    text(document, "II. KẾT QUẢ CHẤM ĐIỂM", bold=True)
    text(document, "{%p for product in products %}")
    text(document, "{{ loop.index }}. {{ product.product }} – {{ product.by }}, {{ product.place }}", bold=True)
    text(document, "Mã hồ sơ: {{ product.code }}; bộ sản phẩm: {{ product.product_set }}.")
    text(document, "{%p if product.scored %}")
    text(document, "Tổ tư vấn: {{ product.advice }}.")
    text(document, "{%p for remark in product.remarks %}")
    text(document, "- {{ remark.by }}: {{ remark.text }}")
    text(document, "{%p endfor %}")
    text(document, "Số phiếu hợp lệ: {{ product.ballots }}/{{ members | length }}{{ product.others }}.")
    text(document, "Điểm trung bình: {{ product.points }}; tổng {{ product.total }} điểm.")
    text(
        document,
        "Điểm trung bình từng mục làm tròn đến hai chữ số; điểm từng phần và tổng tính từ số chưa làm tròn.",
    )
    text(
        document,
        "Theo điểm: {{ product.by_points }} sao. Theo yêu cầu tối thiểu của từng hạng sao: {{ product.by_gates }} sao.",
    )
    text(document, "{%p for line in product.unmet %}")
    text(document, "- {{ line }}")
    text(document, "{%p endfor %}")
    text(document, "Hội đồng kết luận: {{ product.verdict }}.")
    text(document, "{%p else %}")
    text(document, "Không chấm: hồ sơ không còn ở bước đánh giá khi phiên họp kết thúc.")
    text(document, "{%p endif %}")
    text(document, "{%p endfor %}")
    text(document, "III. Ý KIẾN KHÁC", bold=True)
    text(document, "………………………………………………………………………………………………………")
    text(document, "Biên bản được thông qua cùng ngày, kèm phiếu chấm của từng thành viên./.")
    signed(document, "THƯ KÝ", "CHỦ TỊCH HỘI ĐỒNG")
    return document


def ballots() -> Any:
    """A member's sheet of a product begins on a page of its own, so that each can be signed."""
    document = paper()
    text(document, "{%p for ballot in ballots %}")
    top = say(document, "HỘI ĐỒNG ĐÁNH GIÁ, PHÂN HẠNG SẢN PHẨM OCOP {{ province_capitals }}", bold=True, align=CENTRE)
    top.paragraph_format.page_break_before = True
    say(document, "PHIẾU CHẤM ĐIỂM", bold=True, align=CENTRE).paragraph_format.space_before = Pt(6)
    say(document, "(phiên {{ session }}, {{ legal_basis }})", size=12, italic=True, align=CENTRE)
    for line in (
        "Sản phẩm: {{ ballot.product }} (mã hồ sơ {{ ballot.code }})",
        "Chủ thể: {{ ballot.by }}, {{ ballot.place }}",
        "Bộ sản phẩm: {{ ballot.product_set }}",
        "Thành viên Hội đồng: {{ ballot.member }}",
    ):
        say(document, line, size=13, align=BOTH).paragraph_format.space_before = Pt(3)
    table(
        document,
        (14, 60, 63, 14, 14),
        (
            ("Mục", "Tiêu chí", "Mức chấm", "Điểm", "Tối đa"),
            ("{%tr for row in ballot.rows %}", "", "", "", ""),
            ("{{ row.code }}", "{{ row.item }}", "{{ row.option }}", "{{ row.points }}", "{{ row.most }}"),
            ("{%tr endfor %}", "", "", "", ""),
        ),
        size=11,
    )
    say(document, "{{ ballot.sums }}", size=13, bold=True, align=BOTH).paragraph_format.space_before = Pt(6)
    say(document, "Nộp phiếu lúc {{ ballot.submitted }}. Người chấm ký, ghi rõ họ tên:", size=13, align=BOTH)
    say(document, "", size=13)
    text(document, "{%p endfor %}")
    return document


if __name__ == "__main__":
    minutes().save(FOLDER / "council_minutes.docx")
    ballots().save(FOLDER / "council_ballots.docx")

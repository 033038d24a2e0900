"""All papers of a dossier bound as one PDF: cover with a QR code to the case, contents, pages numbered throughout.

fpdf2 draws what is ours, PDFium puts it under the pages that people sent: those keep their text and their sharpness.
Every page comes out as A4, standing or lying like the page it shows. Vietnamese is written here, not translated: it
is an official paper. Pure functions over bytes, which can take seconds.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]
import segno
from fpdf import FPDF
from fpdf.enums import Align

from bot import papers
from bot.poster import FONT, INK, QUIET, add_fonts, close_fonts

A4_MM: Final = (210.0, 297.0)
A4_PT: Final = (595.28, 841.89)
MARGIN_MM: Final = 20.0
FOOT_MM: Final = 10.0
"""From the lower edge, where the running foot stands; what was sent is shrunk to leave it free."""
FOOT_ROOM_PT: Final = 48.0
LINES_PER_PAGE: Final = 26
LINE_MM: Final = 8.5
QR_MM: Final = 32.0
MOST_PAGES: Final = 300
"""Of one paper; what is longer goes beside, so that nobody's file makes the whole too large to open."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One paper. `pdf` is empty where it can't be bound: then the contents say that it is a file of its own."""

    title: str
    pdf: bytes = b""


@dataclass(frozen=True, slots=True)
class Cover:
    """`lines`: name and value, as "Chủ thể" and who it is; `link`: what the QR code says."""

    code: str
    product: str
    lines: tuple[tuple[str, str], ...]
    link: str


def bind(cover: Cover, pieces: Sequence[Piece]) -> bytes:
    """The whole as one PDF. A piece that PDFium can't bind, or that is very long, stays a file of its own."""
    sizes = [_sizes(piece.pdf) for piece in pieces]
    counts = [len(one) for one in sizes]
    front = 1 + max(1, -(-len(pieces) // LINES_PER_PAGE))
    firsts = [front + 1 + before for before in accumulate([0, *counts[:-1]])] if pieces else []
    total = front + sum(counts)
    rows = [(p.title, first if count else 0) for p, first, count in zip(pieces, firsts, counts, strict=True)]
    ours = _front(cover, rows, total)
    bound = [(piece.pdf, shown) for piece, shown in zip(pieces, sizes, strict=True) if shown]
    return _assembled(cover, ours, bound, total)


def _sizes(pdf: bytes) -> tuple[tuple[float, float], ...]:
    """A4 for each page, lying where the page is wider than high as it is shown; none where it can't be bound.

    Each page is handed over once to see: a file that opens may lack a page that it counts.
    """
    if not pdf:
        return ()
    try:
        with papers.open_pdf(pdf) as document:
            return _tried(document) if len(document) <= MOST_PAGES else ()
    except papers.Refused:
        return ()


def _tried(document: pdfium.PdfDocument) -> tuple[tuple[float, float], ...]:
    papers.check_pages(document)
    aside = pdfium.PdfDocument.new()
    try:
        for number in range(len(document)):
            document.page_as_xobject(number, aside).close()
    finally:
        aside.close()
    shown = (document[number].get_size() for number in range(len(document)))
    return tuple(A4_PT[::-1] if width > height else A4_PT for width, height in shown)


# ---------------------------------------------------------------- what is ours


class _Sheets(FPDF):
    def __init__(self) -> None:
        super().__init__(format="A4")
        self.set_auto_page_break(auto=False)
        add_fonts(self)

    def write_at(self, y: float, words: str, size_pt: float, *, bold: bool = False, align: Align = Align.L) -> float:
        """Returns where the next line may begin: long words are wrapped."""
        self.set_font(FONT, "B" if bold else "", size_pt)
        self.set_text_color(INK)
        self.set_xy(MARGIN_MM, y)
        self.multi_cell(self.w - 2 * MARGIN_MM, size_pt * 0.5, words, align=align)
        return self.get_y()

    def foot(self, code: str, page: int, total: int) -> None:
        self.set_font(FONT, "", 9)
        self.set_text_color(QUIET)
        for words, align in ((code, Align.L), (f"Trang {page}/{total}", Align.R)):
            self.set_xy(MARGIN_MM, self.h - FOOT_MM - 4)
            self.cell(self.w - 2 * MARGIN_MM, 4, words, align=align)


def _finished(sheets: _Sheets) -> bytes:
    try:
        return bytes(sheets.output())
    finally:
        close_fonts(sheets)


def _front(cover: Cover, rows: Sequence[tuple[str, int]], total: int) -> bytes:
    """Cover and contents; `rows`: title and first page, 0 for a file of its own."""
    sheets = _Sheets()
    sheets.set_title(f"{cover.code} {cover.product}")
    _cover(sheets, cover, total)
    pages = [rows[n : n + LINES_PER_PAGE] for n in range(0, len(rows), LINES_PER_PAGE)] or [[]]
    for number, page in enumerate(pages, start=2):
        sheets.add_page()
        y = sheets.write_at(25, "MỤC LỤC", 16, bold=True, align=Align.C) + 8
        for title, first in page:
            _row(sheets, y, title, first)
            y += LINE_MM
        sheets.foot(cover.code, number, total)
    return _finished(sheets)


def _cover(sheets: _Sheets, cover: Cover, total: int) -> None:
    sheets.add_page()
    y = sheets.write_at(60, "HỒ SƠ SẢN PHẨM OCOP", 24, bold=True, align=Align.C) + 6
    y = sheets.write_at(y, cover.product, 18, bold=True, align=Align.C) + 18
    for name, value in (*cover.lines, ("Số trang", str(total))):
        y = sheets.write_at(y, f"{name}: {value}", 13) + 3
    draw_qr(sheets, cover.link, (A4_MM[0] - QR_MM) / 2, 225, QR_MM)
    sheets.write_at(225 + QR_MM + 2, cover.code, 11, align=Align.C)


def draw_qr(sheet: FPDF, words: str, x: float, y: float, side: float) -> None:
    """As squares, which stay sharp."""
    matrix = segno.make_qr(words, error="m").matrix
    square = side / len(matrix)
    sheet.set_fill_color(INK)
    for row, line in enumerate(matrix):
        for column, dark in enumerate(line):
            if dark:
                sheet.rect(x + column * square, y + row * square, square, square, style="F")


def _row(sheets: _Sheets, y: float, title: str, first: int) -> None:
    page = str(first) if first else "tệp riêng"
    sheets.set_font(FONT, "", 12)
    sheets.set_text_color(INK)
    room = sheets.w - 2 * MARGIN_MM
    words = _shortened(sheets, title, room - sheets.get_string_width(page) - 10)
    dots = "." * int((room - sheets.get_string_width(words + page) - 4) / sheets.get_string_width("."))
    for text, align in ((f"{words} {dots}", Align.L), (page, Align.R)):
        sheets.set_xy(MARGIN_MM, y)
        sheets.cell(room, LINE_MM, text, align=align)


def _shortened(sheets: _Sheets, words: str, room: float) -> str:
    if sheets.get_string_width(words) <= room:
        return words
    while words and sheets.get_string_width(f"{words}…") > room:
        words = words[:-1]
    return f"{words.rstrip()}…"


def _feet(code: str, sizes: Sequence[tuple[float, float]], first: int, total: int) -> bytes:
    """A page with nothing but its foot for each size, in points."""
    sheets = _Sheets()
    for page, (width, height) in enumerate(sizes, start=first):
        sheets.add_page(orientation="L" if width > height else "P")
        sheets.foot(code, page, total)
    return _finished(sheets)


# ---------------------------------------------------------------- putting together


def _assembled(
    cover: Cover, ours: bytes, bound: Sequence[tuple[bytes, Sequence[tuple[float, float]]]], total: int
) -> bytes:
    """`bound`: what was sent, with the size of each of its pages here, in points."""
    sizes = [size for _, shown in bound for size in shown]
    feet = _feet(cover.code, sizes, total - len(sizes) + 1, total) if sizes else b""
    with papers.PDFIUM:
        whole = pdfium.PdfDocument.new()
        opened = [pdfium.PdfDocument(pdf) for pdf in (ours, *(sent for sent, _ in bound))]
        stamps = pdfium.PdfDocument(feet) if feet else None
        try:
            whole.import_pages(opened[0])
            pages = ((document, n) for document in opened[1:] for n in range(len(document)))
            for stamp, (document, n) in enumerate(pages):
                _place(whole, document, n, sizes[stamp], stamps, stamp)
            made = io.BytesIO()
            whole.save(made)
            return made.getvalue()
        finally:
            for document in (*opened, *((stamps,) if stamps is not None else ()), whole):
                document.close()


def _place(
    whole: pdfium.PdfDocument,
    document: pdfium.PdfDocument,
    number: int,
    size: tuple[float, float],
    stamps: pdfium.PdfDocument,
    stamp: int,
) -> None:
    """One page, as large as fits above the foot."""
    source = document[number]
    pdfium_c.FPDFPage_Flatten(source, pdfium_c.FLAT_PRINT)  # what was filled in or stamped on becomes part of it
    page = whole.new_page(*size)
    page.insert_obj(_shrunk(document.page_as_xobject(number, whole), source.get_size(), size))
    page.insert_obj(stamps.page_as_xobject(stamp, whole).as_pageobject())
    page.gen_content()


def _shrunk(shown: pdfium.PdfXObject, shown_size: tuple[float, float], size: tuple[float, float]) -> pdfium.PdfObject:
    """In the middle above the foot. PDFium hands a page over as it is shown: turned, and cut to its box."""
    (width, height), room = shown_size, (size[0], size[1] - FOOT_ROOM_PT)
    scale = min(room[0] / width, room[1] / height)
    left, below = (room[0] - width * scale) / 2, FOOT_ROOM_PT + (room[1] - height * scale) / 2
    placed = shown.as_pageobject()
    placed.set_matrix(pdfium.PdfMatrix().scale(scale, scale).translate(left, below))
    return placed

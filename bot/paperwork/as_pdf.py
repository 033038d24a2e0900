"""A form as PDF, drawn by fpdf2 with the project's own font: margins and page numbers as official papers have them.

Lengths are in mm on A4. A form with a list of contents is laid out twice: the first time to learn the pages.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue

from bot.desk.binder import draw_qr
from bot.paperwork.content import Block, Form, Grid, Heading, Line, Prose, Ticks
from bot.poster import FONT, INK, QUIET, add_fonts, close_fonts

LEFT: Final = 30.0
RIGHT: Final = 15.0
TOP: Final = 20.0
BOTTOM: Final = 20.0
"""Margins of decree 30/2020/NĐ-CP, annex I."""
WIDTH: Final = 210.0 - LEFT - RIGHT
SIZE_PT: Final = 12.5
ROW: Final = 6.6
SMALL_ROW: Final = 5.4
INDENT: Final = 10.0
BOX: Final = 3.4
GAP: Final = 6.0
QR: Final = 24.0
SIGNATURE: Final = 45.0


def pdf(form: Form, made_at: datetime) -> bytes:
    return _laid_out(form, made_at, pages(form, made_at))[0]


def pages(form: Form, made_at: datetime) -> Mapping[str, int]:
    """On which page each heading stands."""
    unknown = {block.words: 0 for block in form.blocks if isinstance(block, Heading)}
    return _laid_out(form, made_at, unknown)[1] if form.contents else unknown


def _laid_out(form: Form, made_at: datetime, contents: Mapping[str, int]) -> tuple[bytes, dict[str, int]]:
    sheets = _Sheets(form, made_at)
    try:
        if form.contents:
            sheets.contents(contents)
        sheets.head()
        for block in form.blocks:
            sheets.block(block)
        sheets.foot()
        return bytes(sheets.output()), sheets.found
    finally:
        close_fonts(sheets)


class _Sheets(FPDF):
    def __init__(self, form: Form, made_at: datetime) -> None:
        super().__init__(format="A4")
        self.form = form
        self.found: dict[str, int] = {}
        add_fonts(self)
        self.set_creation_date(made_at)
        self.set_title(f"{form.code} {form.title}")
        self.set_lang("vi")
        self.set_margins(LEFT, TOP, RIGHT)
        self.set_auto_page_break(auto=True, margin=BOTTOM)
        self.add_page()

    def header(self) -> None:
        """The page's number in the middle of the head, from the second page on."""
        if self.page_no() == 1:
            return
        self._font(SIZE_PT)
        self.set_xy(LEFT, 10)
        self.cell(WIDTH, 6, str(self.page_no()), align=Align.C)
        self.set_xy(LEFT, TOP)

    def footer(self) -> None:
        self._font(8.5, colour=QUIET)
        self.set_xy(LEFT, -14)
        self.cell(WIDTH, 4, f"{self.form.code} · {self.form.name}", align=Align.L)

    # what stands around the form

    def contents(self, pages: Mapping[str, int]) -> None:
        self.say("MỤC LỤC", 15, bold=True, align=Align.C)
        self.say(f"{self.form.title}: {self.form.about}", align=Align.C)
        self.ln(6)
        for words, page in pages.items():
            self._font(SIZE_PT)
            number = str(page)
            room = WIDTH - self.get_string_width(f"{words} {number}") - 3
            dots = "." * max(3, int(room / self.get_string_width(".")))
            self.cell(WIDTH - 10, 8, f"{words} {dots}")
            self.cell(10, 8, number, align=Align.R, new_x="LMARGIN", new_y="NEXT")
        self.ln(8)
        draw_qr(self, self.form.link, LEFT + (WIDTH - QR) / 2, self.get_y(), QR)
        self.set_y(self.get_y() + QR + 1)
        self.say(f"Quét mã để mở hồ sơ {self.form.code}", 10, align=Align.C)
        self.add_page()

    def head(self) -> None:
        form = self.form
        if form.number:
            self.say(form.number, align=Align.R)
        if form.official:
            self.say("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 12, bold=True, align=Align.C)
            self.say("Độc lập - Tự do - Hạnh phúc", 13, bold=True, align=Align.C)
            width = self.get_string_width("Độc lập - Tự do - Hạnh phúc")
            self.line(LEFT + (WIDTH - width) / 2, self.get_y() + 0.8, LEFT + (WIDTH + width) / 2, self.get_y() + 0.8)
            self.ln(7)
        self.say(form.title, 14.5, bold=True, align=Align.C)
        self.say(form.about, bold=True, align=Align.C)
        if form.to:
            self.ln(3)
            self.say(f"Kính gửi: {form.to}", align=Align.C)
        self.ln(4)

    def foot(self) -> None:
        """Place and day, who signs, and the code that opens the case; all of it on one page."""
        if self.get_y() + SIGNATURE > self.h - BOTTOM:
            self.add_page()
        self.ln(5)
        top, half = self.get_y(), WIDTH / 2
        draw_qr(self, self.form.link, LEFT, top + 4, QR)
        self._font(9, colour=QUIET)
        self.set_xy(LEFT, top + 4 + QR)
        self.cell(half, 5, f"Mã hồ sơ: {self.form.code}")
        lines = [(self.form.dated, False)]
        if self.form.official:
            lines += [(self.form.signed, True), ("(Ký, ghi rõ họ tên, đóng dấu nếu có)", False)]
        self.set_xy(LEFT + half - 8, top)
        for words, bold in lines:
            self._font(SIZE_PT - 0.5, bold=bold)
            self.set_x(LEFT + half - 8)
            self.multi_cell(half + 8, ROW, words, align=Align.C, new_x="LMARGIN", new_y="NEXT")

    # the blocks

    def block(self, block: Block) -> None:
        match block:
            case Heading(words):
                self.ln(2)
                self._room(5 * ROW)
                self.found[words] = self.page_no()
                self.say(words, bold=True)
            case Line():
                self._line(block)
            case Prose(words):
                self.ln(1)
                self.say(words, align=Align.J)
            case Ticks():
                self._ticks(block)
            case Grid():
                self._grid(block)

    def _line(self, line: Line) -> None:
        """The label, and behind it the value, or dots to write on as far as the margin."""
        if line.value:
            self.say(f"{line.label}: {line.value}", align=Align.L)
            return
        self._room(min(line.lines + 1, 3) * ROW)
        self._font(SIZE_PT)
        label = f"{line.label}: "
        if self.get_string_width(label) > WIDTH - 30:
            self.say(label.rstrip(), align=Align.L)
            label = ""
        beside = WIDTH - self.get_string_width(label) - 2
        self.set_x(LEFT)
        self.cell(0, ROW, label + self._dots(beside), new_x="LMARGIN", new_y="NEXT")
        for _ in range(line.lines - 1):
            self.cell(0, ROW, self._dots(WIDTH - 2), new_x="LMARGIN", new_y="NEXT")

    def _dots(self, room: float) -> str:
        return "." * int(room / self.get_string_width("."))

    def _ticks(self, ticks: Ticks) -> None:
        """Boxes beside each other, as many as a line takes."""
        self._font(SIZE_PT)
        self._room(ROW)
        x = LEFT + self.get_string_width(f"{ticks.label}:") + GAP
        self.cell(WIDTH, ROW, f"{ticks.label}:")
        for words, ticked in ticks.boxes:
            width = BOX + 2 + self.get_string_width(words) + GAP
            if x + width > LEFT + WIDTH + GAP:
                self.ln(ROW)
                self._room(ROW)
                x = LEFT + INDENT
            self._box(x, self.get_y() + (ROW - BOX) / 2, ticked)
            self.set_x(x + BOX + 1)
            self.cell(width - BOX - 1, ROW, words)
            x += width
        self.ln(ROW)

    def _box(self, x: float, y: float, ticked: bool) -> None:
        self.set_line_width(0.25)
        self.rect(x, y, BOX, BOX)
        if ticked:
            self.set_line_width(0.45)
            self.line(x + 0.6, y + BOX * 0.55, x + BOX * 0.42, y + BOX - 0.6)
            self.line(x + BOX * 0.42, y + BOX - 0.6, x + BOX - 0.4, y + 0.5)

    def _grid(self, grid: Grid) -> None:
        self.ln(1)
        self.set_line_width(0.2)
        self._row(grid.head, grid, bold=True)
        for row in grid.rows:
            self._row(row, grid)
        self.ln(2)

    def _row(self, cells: tuple[str, ...], grid: Grid, *, bold: bool = False) -> None:
        """As high as its longest cell; on a new page the head comes again."""
        self._font(10.5, bold=bold)
        counts = [self._lines(words, width - 2) for words, width in zip(cells, grid.widths, strict=True)]
        height = max(counts) * SMALL_ROW + 2
        if self.get_y() + height > self.h - BOTTOM:
            self.add_page()
            if not bold:
                self._row(grid.head, grid, bold=True)
                self._font(10.5)
        x, y = LEFT, self.get_y()
        for words, width in zip(cells, grid.widths, strict=True):
            self.rect(x, y, width, height)
            self.set_xy(x + 1, y + 1)
            self.multi_cell(width - 2, SMALL_ROW, words, align=Align.C if bold else Align.L)
            x += width
        self.set_xy(LEFT, y + height)

    def _lines(self, words: str, width: float) -> int:
        lines = self.multi_cell(width, SMALL_ROW, words or " ", dry_run=True, output=MethodReturnValue.LINES)
        return len(cast("list[str]", lines))

    # words

    def say(self, words: str, size_pt: float = SIZE_PT, *, bold: bool = False, align: Align = Align.L) -> None:
        self._font(size_pt, bold=bold)
        self.set_x(LEFT)
        self.multi_cell(WIDTH, size_pt * 0.53, words, align=align, new_x="LMARGIN", new_y="NEXT")

    def _font(self, size_pt: float, *, bold: bool = False, colour: str = INK) -> None:
        self.set_font(FONT, "B" if bold else "", size_pt)
        self.set_text_color(colour)

    def _room(self, height: float) -> None:
        if self.get_y() + height > self.h - BOTTOM:
            self.add_page()

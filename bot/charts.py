"""One's own score as a picture for a chat: a bar for all and for each part, drawn like the charts of the report.

fpdf2 draws it, PDFium makes it a picture; both are there anyway, for posters and papers. It is read at 360 px, a phone
held in one hand, so letters are large; what is sure is full and dark, what is open is striped, so that nobody needs
colours. Lengths are in millimetres, of which a phone shows four pixels each.
"""

import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from fpdf import FPDF

from bot.papers import PHOTO_QUALITY, render_page
from bot.poster import ACCENT, FONT, INK, PAPER, QUIET, add_fonts, close_fonts

WIDTH: Final = 90.0
MARGIN: Final = 5.0
ROOM: Final = WIDTH - 2 * MARGIN
PX_PER_MM: Final = 8
"""Two pixels for each that a small phone shows."""
_LONGEST: Final = 200.0
"""More than the longest names need."""
_BAR: Final = 6.5
_STRIPE: Final = 1.6
_GROUND: Final = "#e3e8e0"
_NO_DATE: Final = datetime(2026, 1, 1, tzinfo=UTC)


def score(spec: Mapping[str, Any]) -> bytes:
    """A JPEG of a spec as bot.showing.score_spec makes it. The same spec gives the same picture."""
    chart = _Chart(spec)
    height = chart.drawn()
    page = render_page(chart.pdf(), 0, max_side_px=round(_LONGEST * PX_PER_MM))
    buffer = io.BytesIO()
    page.crop((0, 0, page.width, round(height * PX_PER_MM))).save(buffer, "JPEG", quality=PHOTO_QUALITY)
    return buffer.getvalue()


class _Chart:
    """A sheet that is written from above; `_y` is how far it has come. What is below that is cut off."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._spec, self._y = spec, MARGIN
        self._sheet = FPDF(format=(WIDTH, _LONGEST))
        self._sheet.set_auto_page_break(auto=False)
        self._sheet.set_creation_date(_NO_DATE)
        add_fonts(self._sheet)
        self._sheet.add_page()
        self._fill(0, 0, WIDTH, _LONGEST, PAPER)

    def pdf(self) -> bytes:
        try:
            return bytes(self._sheet.output())
        finally:
            close_fonts(self._sheet)

    def drawn(self) -> float:
        """Draws all of it; how high that is."""
        self._paragraph(self._spec["title"], 15, bold=True)
        self._y += 1
        self._paragraph(self._spec["total"], 14, ACCENT, bold=True)
        for n, (name, low, high, most) in enumerate(self._spec["bars"]):
            self._y += 3
            self._bar(str(name), low, high, most)
            if n == 0:
                self._limits()
        self._y += 3
        self._legend()
        self._y += 2
        self._paragraph(self._spec["note"], 12.5, INK, bold=True)
        return min(self._y + MARGIN - 2, _LONGEST)

    def _bar(self, name: str, low: int, high: int, most: int) -> None:
        """The name, which may need two lines, with the points at its end, and the bar under it."""
        points = f"{low}/{most}" if low == high else f"{low}–{high}/{most}"
        self._font(13, bold=True)
        room = ROOM - self._sheet.get_string_width(points) - 4
        top = self._y
        self._paragraph(name, 13, room=room)
        self._write(WIDTH - MARGIN - self._sheet_width(points, 13), top + 4.6, points, 13, INK, bold=True)
        self._y += 0.8
        self._fill(MARGIN, self._y, ROOM, _BAR, _GROUND)
        self._stripes(MARGIN + ROOM * low / most, ROOM * (high - low) / most)
        self._fill(MARGIN, self._y, ROOM * low / most, _BAR, ACCENT)
        self._sheet.set_draw_color(QUIET)
        self._sheet.set_line_width(0.25)
        self._sheet.rect(MARGIN, self._y, ROOM, _BAR)
        self._y += _BAR

    def _stripes(self, left: float, width: float) -> None:
        """Slanting lines within a part of the bar."""
        if width <= 0:
            return
        with self._sheet.rect_clip(left, self._y, width, _BAR):
            self._fill(left, self._y, width, _BAR, "#ffffff")
            self._sheet.set_draw_color(ACCENT)
            self._sheet.set_line_width(0.55)
            for start in _steps(left - _BAR, left + width, _STRIPE):
                self._sheet.line(start, self._y + _BAR, start + _BAR, self._y)

    def _limits(self) -> None:
        """Where each star begins, under the bar of all points."""
        for words, points in self._spec["stars"]:
            x = MARGIN + ROOM * points / 100
            self._fill(x - 0.2, self._y - _BAR, 0.4, _BAR + 1.2, INK)
            half = self._sheet_width(words, 12, bold=False) / 2
            self._write(min(x - half, WIDTH - 1 - 2 * half), self._y + 5.4, words, 12, INK)
        self._y += 6

    def _legend(self) -> None:
        x = MARGIN
        for words, striped in ((self._spec["has"], False), (self._spec["open"], True)):
            if striped:
                bar, self._y = self._y, self._y - 1
                with self._sheet.rect_clip(x, self._y + 1, 6, 4):
                    self._stripes(x, 6)
                self._y = bar
            else:
                self._fill(x, self._y, 6, 4, ACCENT)
            self._sheet.rect(x, self._y, 6, 4)
            self._write(x + 7.5, self._y + 3.6, words, 12.5, INK)
            x += 11 + self._sheet_width(words, 12.5, bold=False)
        self._y += 4

    # letters and boxes

    def _paragraph(
        self, words: str, size_pt: float, colour: str = INK, *, bold: bool = False, room: float = ROOM
    ) -> None:
        self._font(size_pt, bold=bold)
        line_height = size_pt * 0.43
        for line in self._lines(words, room):
            self._write(MARGIN, self._y + line_height * 0.82, line, size_pt, colour, bold=bold)
            self._y += line_height

    def _lines(self, words: str, room: float) -> Iterator[str]:
        """Broken at spaces; a word that is longer than a line goes over its end."""
        line = ""
        for word in words.split():
            longer = f"{line} {word}".strip()
            if line and self._sheet.get_string_width(longer) > room:
                yield line
                line = word
            else:
                line = longer
        if line:
            yield line

    def _font(self, size_pt: float, *, bold: bool) -> None:
        self._sheet.set_font(FONT, "B" if bold else "", size_pt)

    def _sheet_width(self, words: str, size_pt: float, *, bold: bool = True) -> float:
        self._font(size_pt, bold=bold)
        return float(self._sheet.get_string_width(words))

    def _write(self, x: float, y: float, words: str, size_pt: float, colour: str, *, bold: bool = False) -> None:
        self._font(size_pt, bold=bold)
        self._sheet.set_text_color(colour)
        self._sheet.text(x, y, words)

    def _fill(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        self._sheet.set_fill_color(colour)
        self._sheet.rect(x, y, width, height, style="F")


def _steps(start: float, end: float, step: float) -> Iterator[float]:
    while start < end:
        yield start
        start += step

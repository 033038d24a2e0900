"""The poster for a village house: what it is for, one code to scan per channel, three steps.

Laid out once, in millimetres on A4, as a list of marks; drawn twice, by fpdf2 and as SVG text. The PNG is the
PDF seen by PDFium. Vietnamese is written here, not translated: the poster hangs in a Vietnamese commune and
carries its one English line itself.
"""

import io
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import as_file, files
from itertools import groupby
from typing import Final, Literal, assert_never
from xml.sax.saxutils import escape, quoteattr

import segno
from fpdf import FPDF
from fpdf.fonts import TTFFont

from bot.papers import render_page

Form = Literal["svg", "png", "pdf"]
Link = tuple[str, str]
"""What people call the channel, and the address the code leads to."""

PAGE_MM: Final = (210.0, 297.0)
MARGIN_MM: Final = 20.0
PNG_DPI: Final = 150
MAX_LINKS: Final = 4
ZALO: Final = "Zalo"
"""What the channel is called whose links open no commune by themselves."""

INK: Final = "#1f2a24"
QUIET: Final = "#5c6b62"
ACCENT: Final = "#0b6b43"
PAPER: Final = "#ffffff"

STEPS: Final = (
    ("Quét mã", "Mở điện thoại, đưa máy ảnh vào mã ở trên."),
    ("Bấm Bắt đầu", "Nút nằm ở cuối màn hình."),
    ("Trả lời từng câu", "Em hỏi, anh/chị trả lời. Mệt thì để mai làm tiếp."),
)
ON_ZALO: Final = ("Bấm Bắt đầu", "Nút ở cuối màn hình. Trên Zalo: bấm Quan tâm, rồi nhắn “chào”.")
"""The second step where a code leads to Zalo, whose codes can't say where they hang: the chat asks for the commune."""
HELP: Final = "Không quét được mã? Gõ dòng chữ nhỏ dưới mã vào điện thoại, hoặc hỏi cán bộ xã."
ENGLISH: Final = "Scan a code, press Start and answer one question at a time to register an OCOP product."

_PT_MM: Final = 25.4 / 72
_SMALL_PT: Final = 9.0
_UNIT_WORDS: Final = frozenset({"Xã", "Phường", "Đặc", "Thị", "Tỉnh", "Thành"})
FONT: Final = "poster"
_FONT_PACKAGE: Final = "font_source_sans_pro"
_FACES: Final = {False: "SourceSansPro-Regular.ttf", True: "SourceSansPro-Bold.ttf"}
_SVG_FONTS: Final = "'Source Sans Pro','Source Sans 3','Noto Sans',Roboto,Arial,sans-serif"
_NO_DATE: Final = datetime(2000, 1, 1, tzinfo=UTC)  # fpdf2 would write the time, and no two posters were equal


@dataclass(frozen=True)
class Words:
    """One line of text; `x` is its start or its middle, `y` its baseline, both in mm."""

    x: float
    y: float
    text: str
    size_pt: float
    colour: str = INK
    bold: bool = False
    middle: bool = False


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    colour: str
    round_mm: float = 0.0


@dataclass(frozen=True)
class Code:
    """A QR code of `side` mm, quiet zone included."""

    x: float
    y: float
    side: float
    url: str


Mark = Words | Box | Code


def poster(commune_name: str, province_name: str, links: Sequence[Link], form: Form) -> bytes:
    """An A4 poster. Names are full ones ("Xã Tân Lĩnh", "Tỉnh Lào Cai") or bare.

    Raises ValueError unless there are 1 to MAX_LINKS links. The same words give the same bytes.
    """
    if not 1 <= len(links) <= MAX_LINKS:
        raise ValueError(f"a poster holds 1 to {MAX_LINKS} codes, not {len(links)}")
    sheet = _sheet()
    try:
        return _drawn(
            sheet, list(_marks(sheet, _in_a_sentence(commune_name), _in_a_sentence(province_name), links)), form
        )
    finally:
        close_fonts(sheet)


def _drawn(sheet: FPDF, marks: Sequence[Mark], form: Form) -> bytes:
    match form:
        case "svg":
            return _svg(marks)
        case "pdf":
            return _pdf(sheet, marks)
        case "png":
            return _png(_pdf(sheet, marks))
        case _:
            assert_never(form)


# --- layout -----------------------------------------------------------------------------------------------


def _marks(sheet: FPDF, commune: str, province: str, links: Sequence[Link]) -> Iterator[Mark]:
    yield from _heading(sheet, commune, province)
    yield from _codes(sheet, links)
    yield from _steps(sheet, any(name == ZALO for name, _ in links))
    yield from _footer(sheet)


def _heading(sheet: FPDF, commune: str, province: str) -> Iterator[Mark]:
    yield Box(0, 0, PAGE_MM[0], 6, ACCENT)
    yield Words(MARGIN_MM, 31, "Mỗi xã một sản phẩm", 17, QUIET)
    yield Words(MARGIN_MM, 50, "Đăng ký sản phẩm OCOP", _fitting(sheet, "Đăng ký sản phẩm OCOP", 44), bold=True)
    yield Words(MARGIN_MM, 68, commune, _fitting(sheet, commune, 44), ACCENT, bold=True)
    yield Words(MARGIN_MM, 79, province, _fitting(sheet, province, 17), QUIET)


def _codes(sheet: FPDF, links: Sequence[Link]) -> Iterator[Mark]:
    room = PAGE_MM[0] - 2 * MARGIN_MM
    column = room / len(links)
    side = min(82.0, column - 4)
    top = 90.0 + (82.0 - side) / 2
    for number, (label, url) in enumerate(links):
        middle = MARGIN_MM + column * (number + 0.5)
        yield Code(middle - side / 2, top, side, url)
        yield Words(middle, top + side + 7, label, min(20, _fitting(sheet, label, 20, side)), bold=True, middle=True)
        for line, part in enumerate(_wrapped(sheet, _shown(url), column - 6)):
            yield Words(middle, top + side + 13 + line * 4, part, _SMALL_PT, QUIET, middle=True)


def _steps(sheet: FPDF, zalo: bool) -> Iterator[Mark]:
    room = PAGE_MM[0] - 2 * MARGIN_MM - 21
    for number, (doing, detail) in enumerate((STEPS[0], ON_ZALO, STEPS[2]) if zalo else STEPS):
        y = 203.0 + number * 21
        yield Box(MARGIN_MM, y, 14, 14, ACCENT, round_mm=7)
        yield Words(MARGIN_MM + 7, y + 9.4, str(number + 1), 21, PAPER, bold=True, middle=True)
        yield Words(MARGIN_MM + 21, y + 6, doing, 22, bold=True)
        yield Words(MARGIN_MM + 21, y + 13, detail, _fitting(sheet, detail, 14, room), QUIET)


def _footer(sheet: FPDF) -> Iterator[Mark]:
    yield Box(MARGIN_MM, 268, PAGE_MM[0] - 2 * MARGIN_MM, 0.3, "#cfd8d2")
    yield Words(MARGIN_MM, 276, HELP, _fitting(sheet, HELP, 12), INK)
    yield Words(MARGIN_MM, 283, ENGLISH, _fitting(sheet, ENGLISH, 11), QUIET)


def _in_a_sentence(name: str) -> str:
    """ "Xã Tân Lĩnh" inside a line is "xã Tân Lĩnh"; a bare name stays as it is."""
    first, _, rest = name.strip().partition(" ")
    return f"{first.lower()} {rest}" if first in _UNIT_WORDS and rest else name.strip()


def _shown(url: str) -> str:
    return url.removeprefix("https://").removesuffix("/")


def _fitting(sheet: FPDF, text: str, size_pt: float, room_mm: float = PAGE_MM[0] - 2 * MARGIN_MM) -> float:
    """`size_pt`, or as much smaller as the line needs; measured bold, which is the wider face."""
    return min(size_pt, size_pt * room_mm / max(_width(sheet, text, size_pt, bold=True), 0.1))


def _wrapped(sheet: FPDF, url: str, room_mm: float) -> list[str]:
    per_char = _width(sheet, url, _SMALL_PT, bold=False) / max(len(url), 1)
    return textwrap.wrap(url, max(8, int(room_mm / max(per_char, 0.1))), break_on_hyphens=False)


def _width(sheet: FPDF, text: str, size_pt: float, *, bold: bool) -> float:
    sheet.set_font(FONT, "B" if bold else "", size_pt)
    return float(sheet.get_string_width(text))


# --- codes ------------------------------------------------------------------------------------------------


@cache
def _modules(url: str) -> tuple[tuple[bool, ...], ...]:
    """Dark modules, row by row, with the quiet zone of four that ISO/IEC 18004 asks for."""
    code = segno.make_qr(url, error="m")
    return tuple(tuple(map(bool, row)) for row in code.matrix_iter(border=4))


def _runs(url: str) -> Iterator[tuple[int, int, int]]:
    """Row, first column and length of every run of dark modules."""
    for row, modules in enumerate(_modules(url)):
        column = 0
        for dark, run in groupby(modules):
            length = len(list(run))
            if dark:
                yield row, column, length
            column += length


# --- PDF and PNG ------------------------------------------------------------------------------------------


def _sheet() -> FPDF:
    sheet = FPDF(format="A4")
    sheet.set_auto_page_break(auto=False)
    sheet.set_creation_date(_NO_DATE)
    add_fonts(sheet)
    sheet.add_page()
    return sheet


def add_fonts(sheet: FPDF) -> None:
    """A family with all Vietnamese letters, regular and bold, under the name FONT."""
    for bold, face in _FACES.items():
        with as_file(files(_FONT_PACKAGE) / "files" / face) as path:
            sheet.add_font(FONT, "B" if bold else "", path)


def close_fonts(sheet: FPDF) -> None:
    """Once the sheet is finished: fpdf2 leaves the files open."""
    for font in sheet.fonts.values():
        if isinstance(font, TTFFont):
            font.ttfont.close()


def _pdf(sheet: FPDF, marks: Sequence[Mark]) -> bytes:
    for mark in marks:
        match mark:
            case Words():
                _write(sheet, mark)
            case Box():
                _fill(sheet, mark)
            case Code():
                _draw(sheet, mark)
            case _:
                assert_never(mark)
    return bytes(sheet.output())


def _write(sheet: FPDF, words: Words) -> None:
    width = _width(sheet, words.text, words.size_pt, bold=words.bold)
    sheet.set_text_color(words.colour)
    sheet.text(words.x - width / 2 if words.middle else words.x, words.y, words.text)


def _fill(sheet: FPDF, box: Box) -> None:
    sheet.set_fill_color(box.colour)
    corners = box.round_mm > 0
    sheet.rect(box.x, box.y, box.width, box.height, style="F", round_corners=corners, corner_radius=box.round_mm)


def _draw(sheet: FPDF, code: Code) -> None:
    """One path, not a box a module: between boxes some printers leave hairlines."""
    module = code.side / len(_modules(code.url))
    with sheet.new_path() as path:
        path.style.fill_color = INK
        path.style.stroke_color = None
        for row, column, length in _runs(code.url):
            path.rectangle(code.x + column * module, code.y + row * module, length * module, module)
    sheet.link(code.x, code.y, code.side, code.side, code.url)


def _png(pdf: bytes) -> bytes:
    buffer = io.BytesIO()
    picture = render_page(pdf, 0, max_side_px=round(PAGE_MM[1] / 25.4 * PNG_DPI))
    picture.save(buffer, "PNG", optimize=True, dpi=(PNG_DPI, PNG_DPI))
    return buffer.getvalue()


# --- SVG --------------------------------------------------------------------------------------------------


def _svg(marks: Sequence[Mark]) -> bytes:
    width, height = PAGE_MM
    body = "\n".join(map(_element, marks))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" '
        f'viewBox="0 0 {width:g} {height:g}" lang="vi" font-family="{_SVG_FONTS}">\n'
        f'<rect width="{width:g}" height="{height:g}" fill="{PAPER}"/>\n{body}\n</svg>\n'
    ).encode()


def _element(mark: Mark) -> str:
    match mark:
        case Words():
            return _svg_words(mark)
        case Box():
            return (
                f'<rect x="{mark.x:g}" y="{mark.y:g}" width="{mark.width:g}" height="{mark.height:g}" '
                f'rx="{mark.round_mm:g}" fill="{mark.colour}"/>'
            )
        case Code():
            return _svg_code(mark)
        case _:
            assert_never(mark)


def _svg_words(words: Words) -> str:
    anchor = ' text-anchor="middle"' if words.middle else ""
    weight = ' font-weight="700"' if words.bold else ""
    return (
        f'<text x="{words.x:g}" y="{words.y:g}" font-size="{words.size_pt * _PT_MM:.3f}" '
        f'fill="{words.colour}"{weight}{anchor}>{escape(words.text)}</text>'
    )


def _svg_code(code: Code) -> str:
    """Units of the path are modules, so that the code stays exact at any size."""
    scale = code.side / len(_modules(code.url))
    path = "".join(f"M{column} {row}h{length}v1h-{length}z" for row, column, length in _runs(code.url))
    return (
        f"<g><title>{escape(code.url)}</title>"
        f'<path transform="translate({code.x:g} {code.y:g}) scale({scale:.5f})" '
        f"data-url={quoteattr(code.url)} fill={quoteattr(INK)} d={quoteattr(path)}/></g>"
    )

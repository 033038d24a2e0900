"""Posters: the words are there with their marks, the codes are the ones of the links, in every form."""

import io
import re
from xml.etree import ElementTree as ET

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pytest
import segno
from PIL import Image

from bot.poster import MAX_LINKS, PNG_DPI, Form, poster

LINKS = [("Web", "https://ocop.example/start/c-04336"), ("Telegram", "https://t.me/ocop_bot?start=c-04336")]


def made(form: Form, name: str = "xã Tân Lĩnh") -> bytes:
    return poster(name, "Lào Cai", LINKS, form)


def page_text(pdf: bytes) -> str:
    document = pdfium.PdfDocument(pdf)
    try:
        assert len(document) == 1
        text_page = document[0].get_textpage()
        return str(text_page.get_text_bounded())
    finally:
        document.close()


def svg_text(svg: bytes) -> str:
    root = ET.fromstring(svg)  # noqa: S314  our own bytes
    return " ".join("".join(node.itertext()) for node in root.iter() if node.tag.endswith("text"))


@pytest.mark.parametrize("read", [lambda: page_text(made("pdf")), lambda: svg_text(made("svg"))], ids=["pdf", "svg"])
def test_the_words_keep_their_marks(read: object) -> None:
    words = re.sub(r"\s+", " ", read())  # type: ignore[operator]
    for part in ("Đăng ký sản phẩm OCOP", "xã Tân Lĩnh", "Lào Cai", "Quét mã", "Bấm Bắt đầu", "Trả lời từng câu"):
        assert part in words
    for _, link in LINKS:
        assert link.removeprefix("https://") in words.replace(" ", "")


def test_the_svg_holds_the_modules_of_the_code() -> None:
    dark = sum(sum(map(bool, row)) for _, url in LINKS for row in segno.make_qr(url, error="m").matrix_iter(border=4))
    runs = re.findall(r"h(\d+)", made("svg").decode())
    assert sum(map(int, runs)) == dark


def test_the_png_shows_the_modules_of_the_code() -> None:
    """The code is found by its dark pixels and read module by module at their middles."""
    one = poster("xã Tân Lĩnh", "Lào Cai", LINKS[:1], "png")
    with Image.open(io.BytesIO(one)) as image:
        assert image.width == pytest.approx(210 / 25.4 * PNG_DPI, abs=1)
        assert image.height == pytest.approx(297 / 25.4 * PNG_DPI, abs=1)
        grey = image.convert("L")
    expected = [[bool(m) for m in row] for row in segno.make_qr(LINKS[0][1], error="m").matrix_iter(border=0)]
    width, height = grey.size
    area = grey.crop((width // 4, int(height * 0.3), width * 3 // 4, int(height * 0.57)))
    box = area.point(lambda value: 255 if value < 128 else 0).getbbox()
    assert box is not None
    left, top, right, _ = box
    module = (right - left) / len(expected)
    seen = [
        [area.getpixel((int(left + (x + 0.5) * module), int(top + (y + 0.5) * module))) < 128 for x in range(len(row))]  # type: ignore[operator]
        for y, row in enumerate(expected)
    ]
    assert seen == expected


@pytest.mark.parametrize("form", ["svg", "pdf", "png"])
def test_the_same_words_give_the_same_bytes(form: Form) -> None:
    assert made(form) == made(form)


def test_names_are_escaped() -> None:
    svg = made("svg", 'xã <script>alert("1")</script> & Co')
    assert b"<script" not in svg
    assert 'xã <script>alert("1")</script> & Co' in svg_text(svg)


@pytest.mark.parametrize("count", [0, MAX_LINKS + 1])
def test_a_poster_holds_a_few_codes(count: int) -> None:
    with pytest.raises(ValueError, match="codes"):
        poster("xã Tân Lĩnh", "Lào Cai", [LINKS[0]] * count, "svg")

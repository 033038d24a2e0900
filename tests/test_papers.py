"""Every refusal and every finding, on files drawn and packed here."""

import io
import itertools
import random
import struct
import time
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.resources import files

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pytest
from fpdf import FPDF
from fpdf.enums import AccessPermission
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageFont
from pillow_heif.as_plugin import _save_heif

from bot.papers import (
    BLUR_DROP,
    BLUR_VARIANCE,
    MAX_FILE_BYTES,
    MEDIA_TYPES,
    PHOTO_SIDE_PX,
    SUFFIXES,
    Finding,
    Inspected,
    Kind,
    Refusal,
    Refused,
    inspect,
    normalise_photo,
    pages_to_pdf,
    render_page,
    safe_name,
    sharpness,
    thumbnail,
)

FONT = str(files("font_source_sans_pro") / "files" / "SourceSansPro-Regular.ttf")
ORIENTATION, GPS, MODEL = 0x0112, 0x8825, 0x0110
RED, BLUE = (200, 30, 30), (30, 30, 200)


# --- drawing and packing ----------------------------------------------------------------------------------


def page_of_text(width: int = 1240, height: int = 1754) -> Image.Image:
    """An A4 page in 11 point, at 150 dots an inch unless told."""
    image = Image.new("RGB", (width, height), (235, 232, 225))
    pen, size = ImageDraw.Draw(image), width // 52
    font, chance = ImageFont.truetype(FONT, size), random.Random(1)
    for y in range(size * 2, height - size * 2, size * 3 // 2):
        words = ("".join(chance.choices("aăâbcdđeêghiklmnoôơpqrstuưvxy", k=4)) for _ in range(18))
        pen.text((size * 2, y), " ".join(words), font=font, fill=(40, 40, 45))
    return image


def bottle(width: int = 1200, height: int = 1600, contrast: float = 1.0) -> Image.Image:
    """A smooth bottle with a plain label before a smooth wall: hardly any texture."""
    image = Image.linear_gradient("L").resize((width, height)).point(lambda v: 170 + v * 30 // 255)
    image = image.convert("RGB")
    pen = ImageDraw.Draw(image)
    pen.rectangle((width * 0.46, height * 0.2, width * 0.54, height * 0.3), fill=(140, 120, 100))
    pen.rectangle((width * 0.40, height * 0.3, width * 0.60, height * 0.85), fill=(120, 90, 60))
    pen.rectangle((width * 0.42, height * 0.5, width * 0.58, height * 0.7), fill=(210, 190, 150))
    return ImageEnhance.Contrast(image.filter(ImageFilter.GaussianBlur(1))).enhance(contrast)


Image.register_save("HEIF", _save_heif)  # only writing: photos are read by the library that runs


def encoded(image: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@cache
def written_page(form: str) -> bytes:
    """Of text; a HEIC takes its encoder seconds."""
    return encoded(page_of_text(), form)


def blurred(image: Image.Image, radius: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(radius))


def decoded(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image


def two_halves(orientation: int | None = None) -> bytes:
    """As it lies in the file: red left, blue right, 800 by 600; with a place and a phone in EXIF."""
    image = Image.new("RGB", (800, 600), RED)
    image.paste(BLUE, (400, 0, 800, 600))
    exif = Image.Exif()
    exif[MODEL] = "Telephone 9"
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (22.0, 5.0, 1.0)
    if orientation is not None:
        exif[ORIENTATION] = orientation
    return encoded(image, exif=exif)


def is_red(image: Image.Image, x: float, y: float) -> bool:
    pixel = image.convert("RGB").getpixel((int(image.width * x), int(image.height * y)))
    assert isinstance(pixel, tuple)
    return pixel[0] > pixel[2]


def png_header(width: int, height: int) -> bytes:
    """A PNG that declares a size and holds no such pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + rows + chunk(b"IEND", b"")


def pdf_of(*objects: bytes) -> bytes:
    """Objects 1, 2, ... as a file with a plain cross-reference table; the first is the catalogue."""
    body, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    body += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(body)


PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 300]/Contents 4 0 R>>"


def pages_as_said(kids: bytes, count: int, box: bytes = b"") -> bytes:
    """One page, 3, under a list of pages that says what it likes."""
    root, tree = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count)
    return pdf_of(root, tree, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 300]%s>>" % box)


FAULTY: Mapping[str, bytes] = {
    "Đếm thừa": pages_as_said(b"3 0 R", 5),
    "Thiếu trang": pages_as_said(b"3 0 R 9 0 R", 2),
    "Cắt ngoài trang": pages_as_said(b"3 0 R", 1, b"/CropBox[500 500 600 600]"),
}
"""They open, and PDFium can't show one of their pages."""


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(content), content)


def one_page(catalogue: bytes = b"", contents: bytes | None = None) -> bytes:
    root = b"<</Type/Catalog/Pages 2 0 R%s>>" % catalogue
    return pdf_of(root, PAGES, PAGE, stream(b"0 0 9 9 re f") if contents is None else contents)


def packed_pdf(action: bytes) -> bytes:
    """Catalogue and action inside a compressed object stream, reached by a cross-reference stream."""
    inner = (b"<</Type/Catalog/Pages 2 0 R/OpenAction 5 0 R>>", PAGES, PAGE, action)
    numbers, offsets = (1, 2, 3, 5), itertools.accumulate((len(part) + 1 for part in inner), initial=0)
    index = b" ".join(b"%d %d" % pair for pair in zip(numbers, offsets, strict=False)) + b" "
    packed = zlib.compress(index + b" ".join(inner))
    head = b"%PDF-1.7\n"
    contents = b"4 0 obj\n" + stream(b"0 0 9 9 re f") + b"\nendobj\n"
    entries = b"/Type/ObjStm/N 4/First %d/Filter/FlateDecode" % len(index)
    holder = b"6 0 obj\n" + stream(packed, entries) + b"\nendobj\n"
    at = (len(head), len(head) + len(contents), len(head) + len(contents) + len(holder))
    rows = [(0, 0, 255), (2, 6, 0), (2, 6, 1), (2, 6, 2), (1, at[0], 0), (2, 6, 3), (1, at[1], 0), (1, at[2], 0)]
    table = b"".join(struct.pack(">BIB", *row) for row in rows)
    cross = b"7 0 obj\n" + stream(table, b"/Type/XRef/Size 8/W[1 4 1]/Root 1 0 R") + b"\nendobj\n"
    return head + contents + holder + cross + b"startxref\n%d\n%%%%EOF" % at[2]


def locked_pdf(user_password: str) -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_encryption("owner", user_password or None, permissions=AccessPermission.PRINT_LOW_RES)
    return bytes(pdf.output())


DOCX_PARTS: dict[str, bytes] = {
    "[Content_Types].xml": b"<Types>wordprocessingml.document.main+xml</Types>",
    "word/document.xml": b"<w:document/>",
}
XLSX_PARTS: dict[str, bytes] = {
    "[Content_Types].xml": b"<Types>spreadsheetml.sheet.main+xml</Types>",
    "xl/workbook.xml": b"<workbook/>",
}


def zipped(parts: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return buffer.getvalue()


def reason(data: bytes) -> Refusal:
    with pytest.raises(Refused) as caught:
        inspect(data)
    return caught.value.reason


# --- kinds ------------------------------------------------------------------------------------------------


def test_every_kind_is_known_by_content() -> None:
    for form, kind in (("JPEG", Kind.JPEG), ("PNG", Kind.PNG), ("HEIF", Kind.HEIC)):
        assert inspect(written_page(form)) == Inspected(kind, 1, 1240, 1754)
    assert inspect(one_page()) == Inspected(Kind.PDF, 1)
    assert inspect(zipped(DOCX_PARTS)) == Inspected(Kind.DOCX, 0)
    assert inspect(zipped(XLSX_PARTS)) == Inspected(Kind.XLSX, 0)


def test_every_kind_has_a_media_type_and_a_suffix() -> None:
    assert set(MEDIA_TYPES) == set(SUFFIXES) == set(Kind)
    assert len(set(MEDIA_TYPES.values())) == len(set(SUFFIXES.values())) == len(Kind)


@pytest.mark.parametrize(
    "data",
    [
        b"MZ\x90\x00" + b"\0" * 200 + b"%PDF-1.7",
        b"\x7fELF" + b"\0" * 200,
        b"GIF89a" + b"\0" * 200,
        b"<html><script>alert(1)</script>",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000,
        zipped({"readme.txt": b"hello"}),
        zipped({"[Content_Types].xml": b"<Types/>", "ppt/presentation.xml": b""}),
        "chỉ là chữ".encode(),
    ],
    ids=["exe", "elf", "gif", "html", "old doc", "zip", "pptx", "text"],
)
def test_other_kinds_are_refused(data: bytes) -> None:
    assert reason(data) is Refusal.UNKNOWN_KIND


def test_empty_and_too_large() -> None:
    assert reason(b"") is Refusal.EMPTY
    assert reason(b"%PDF-1.7" + b"\0" * MAX_FILE_BYTES) is Refusal.TOO_LARGE


# --- images -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["JPEG", "PNG", "HEIF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_truncated_photo_is_broken(form: str, share: float) -> None:
    data = written_page(form)
    assert reason(data[: int(len(data) * share)]) is Refusal.BROKEN


@pytest.mark.parametrize(
    ("width", "height"), [(50_000, 50_000), (50_000, 10), (10, 50_000), (9_000, 9_000), (20_000, 6_000), (5_001, 5_000)]
)
def test_too_many_pixels_are_refused_before_decoding(width: int, height: int) -> None:
    assert reason(png_header(width, height)) is Refusal.TOO_MANY_PIXELS


def test_only_a_jpeg_that_is_decoded_small_may_be_very_large() -> None:
    large = Image.new("L", (6_000, 4_500), 200)
    assert inspect(encoded(large)).width_px == 6_000
    assert reason(encoded(large, progressive=True)) is Refusal.TOO_MANY_PIXELS
    assert reason(encoded(large, "PNG")) is Refusal.TOO_MANY_PIXELS


@pytest.mark.parametrize(("image", "radius"), [(page_of_text(), 4), (page_of_text(2480, 3508), 6), (bottle(), 4)])
def test_blur_is_found_and_only_where_it_is(image: Image.Image, radius: float) -> None:
    assert Finding.BLURRED not in inspect(encoded(image, quality=85)).findings
    assert inspect(encoded(blurred(image, radius), quality=85)).findings == (Finding.BLURRED,)


def test_a_plain_product_in_low_contrast_is_not_called_blurred() -> None:
    assert inspect(encoded(bottle(contrast=0.6), quality=85)).findings == ()


def test_sharp_and_blurred_are_far_apart() -> None:
    page = page_of_text(1000, 1414).convert("L")
    variance, drop = sharpness(page)
    assert variance > 20 * BLUR_VARIANCE
    assert drop > 5 * BLUR_DROP
    variance, drop = sharpness(blurred(page, 4))
    assert variance < BLUR_VARIANCE / 2
    assert drop < BLUR_DROP / 2


@pytest.mark.parametrize("quality", [30, 95])
def test_the_sender_s_compression_does_not_hide_blur(quality: int) -> None:
    assert Finding.BLURRED in inspect(encoded(blurred(page_of_text(), 4), quality=quality)).findings
    assert Finding.BLURRED not in inspect(encoded(bottle(), quality=quality)).findings


def test_a_dark_photo_is_named_and_not_called_blurred() -> None:
    assert inspect(encoded(ImageEnhance.Brightness(page_of_text()).enhance(0.2))).findings == (Finding.DARK,)


def test_a_tiny_photo_is_named() -> None:
    assert inspect(encoded(page_of_text(599, 900))).findings == (Finding.TINY,)
    assert inspect(encoded(page_of_text(600, 900))).findings == ()


def test_findings_add_up() -> None:
    poor = blurred(ImageEnhance.Brightness(page_of_text(500, 700)).enhance(0.2), 6)
    assert inspect(encoded(poor)).findings == (Finding.BLURRED, Finding.DARK, Finding.TINY)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (31, 31), (40, 40)])
def test_odd_sizes_pass(size: tuple[int, int]) -> None:
    data = encoded(Image.new("RGB", size, "white"), "PNG")
    assert Finding.TINY in inspect(data).findings
    assert decoded(thumbnail(data)).width >= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright_as_exif_says(orientation: int) -> None:
    data = two_halves(orientation)
    lying = orientation < 5
    inspected = inspect(data)
    assert (inspected.width_px, inspected.height_px) == ((800, 600) if lying else (600, 800))
    upright = decoded(normalise_photo(data))
    assert upright.size == ((800, 600) if lying else (600, 800))
    red_at = {1: (0.2, 0.5), 2: (0.8, 0.5), 3: (0.8, 0.5), 4: (0.2, 0.5)}
    red_at |= {5: (0.5, 0.2), 6: (0.5, 0.2), 7: (0.5, 0.8), 8: (0.5, 0.8)}
    assert is_red(upright, *red_at[orientation])
    assert is_red(decoded(thumbnail(data)), *red_at[orientation])


@pytest.mark.parametrize(
    ("degrees", "red_at"),
    [(0, (0.2, 0.5)), (90, (0.5, 0.2)), (180, (0.8, 0.5)), (270, (0.5, 0.8)), (-90, (0.5, 0.8)), (450, (0.5, 0.2))],
)
def test_a_page_turns_clockwise(degrees: int, red_at: tuple[float, float]) -> None:
    assert is_red(decoded(normalise_photo(two_halves(), degrees)), *red_at)


def test_a_page_turns_by_quarters_only() -> None:
    with pytest.raises(ValueError, match="45"):
        normalise_photo(two_halves(), 45)


def test_place_and_phone_stay_behind() -> None:
    sent = two_halves(6)
    assert b"Telephone 9" in sent
    kept = normalise_photo(sent)
    assert b"Telephone 9" not in kept
    assert b"Exif" not in kept
    assert not decoded(kept).getexif()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "HEIF"])
def test_normalised_photos_are_jpeg_and_not_larger_than_a_page_needs(form: str) -> None:
    kept = normalise_photo(encoded(bottle(2400, 3200), form))
    assert inspect(kept).kind is Kind.JPEG
    assert decoded(kept).size == (PHOTO_SIDE_PX * 3 // 4, PHOTO_SIDE_PX)


def test_heic_stands_upright() -> None:
    sent = decoded(two_halves(6))
    kept = decoded(normalise_photo(encoded(sent, "HEIF")))  # the encoder turns EXIF into HEIC's own turn
    assert kept.size == (600, 800)
    assert is_red(kept, 0.5, 0.2)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_mode_of_png_becomes_a_photo(mode: str) -> None:
    white = 65535 if mode == "I;16" else "white"
    grey = decoded(normalise_photo(encoded(Image.new(mode, (700, 700), white), "PNG"))).convert("L")
    assert grey.getpixel((350, 350)) == 255


def test_what_is_transparent_is_white() -> None:
    clear = encoded(Image.new("RGBA", (700, 700), (0, 0, 0, 0)), "PNG")
    assert decoded(normalise_photo(clear)).getpixel((350, 350)) == (255, 255, 255)


def test_only_images_are_normalised() -> None:
    with pytest.raises(Refused) as caught:
        normalise_photo(one_page())
    assert caught.value.reason is Refusal.UNKNOWN_KIND


# --- PDF --------------------------------------------------------------------------------------------------


def test_a_pdf_that_does_not_open_is_broken() -> None:
    assert reason(b"%PDF-1.7\n" + b"nothing that a reader could use " * 20) is Refusal.BROKEN
    assert reason(pdf_of(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>")) is Refusal.BROKEN


def test_a_page_cut_to_a_box_beside_it_is_broken_and_one_that_is_only_counted_is_not() -> None:
    assert reason(FAULTY["Cắt ngoài trang"]) is Refusal.BROKEN
    assert inspect(FAULTY["Đếm thừa"]) == Inspected(Kind.PDF, 5)
    assert inspect(FAULTY["Thiếu trang"]) == Inspected(Kind.PDF, 2)


def test_a_pdf_that_needs_a_password_is_locked() -> None:
    assert reason(locked_pdf("secret")) is Refusal.LOCKED


def test_a_pdf_that_only_guards_printing_is_taken() -> None:
    assert inspect(locked_pdf("")) == Inspected(Kind.PDF, 1)


ACTIVE = {
    "script on opening": b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>",
    "escaped name": b"/OpenAction<</S/J#61vaScript/JS(app.alert\\(1\\))>>",
    "named script": b"/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(1)>>]>>>>",
    "program": b"/OpenAction<</S/Launch/F(cmd.exe)>>",
    "file inside": b"/Names<</EmbeddedFiles<</Names[(a.exe)<</Type/Filespec>>]>>>>",
    "form of scripts": b"/AcroForm<</Fields[]/XFA[(template)4 0 R]>>",
}


@pytest.mark.parametrize("catalogue", ACTIVE.values(), ids=ACTIVE.keys())
def test_a_pdf_that_acts_is_refused(catalogue: bytes) -> None:
    assert reason(one_page(catalogue)) is Refusal.SCRIPTED


def test_an_action_in_a_packed_object_is_found() -> None:
    hidden = packed_pdf(b"<</S/J#61vaScript/JS(app.alert\\(1\\))>>")
    assert b"J#61" not in hidden
    assert reason(hidden) is Refusal.SCRIPTED
    assert inspect(packed_pdf(b"<</S/GoTo/D[3 0 R/Fit]>>")) == Inspected(Kind.PDF, 1)


def test_words_about_scripts_are_not_scripts() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica")
    pdf.cell(text="JavaScript, Launch, EmbeddedFile")
    assert inspect(bytes(pdf.output())).pages == 1


def test_a_pdf_bomb_is_refused() -> None:
    packed = zlib.compressobj(9)
    zeros = b"\0" * 10_000_000
    content = b"".join(packed.compress(zeros) for _ in range(22)) + packed.flush()
    assert len(content) < 1_000_000
    assert reason(one_page(contents=stream(content, b"/Filter/FlateDecode"))) is Refusal.BOMB
    twice = stream(zlib.compress(content), b"/Filter[/FlateDecode /FlateDecode]")
    assert reason(one_page(contents=twice)) is Refusal.BOMB


def seconds(data: bytes) -> float:
    """Processor time until the file is refused."""
    began = time.process_time()
    reason(data)
    return time.process_time() - began


HOSTILE = {
    "streams side by side": b"/Fl>>stream\n",
    "pictures": b"/Subtype/Image/Width 5>>stream\n",
    "open ends": b">> ",
    "objects": b"1 0 obj<<>>endobj\n",
}


@pytest.mark.parametrize("part", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_pdf_of_nothing_but_streams_is_judged_soon(part: bytes) -> None:
    assert seconds(b"%PDF-1.4\n" + part * (5_000_000 // len(part))) < 1.5


def test_streams_that_start_inside_one_another_are_not_all_unpacked() -> None:
    """Each skips the start of the next as a stored block; then all run over the same five megabytes of nothing."""
    start = b"/Fl>>stream\n\x78\x9c"
    skip = struct.pack("<BHH", 0, len(start), 0xFFFF ^ len(start))
    nothing = b"\0\0\0\xff\xff" * 1_000_000
    nested = b"%PDF-1.4\n" + (start + skip) * 15_000 + start + nothing
    assert reason(nested) is Refusal.BOMB
    assert seconds(nested) < 1.5


def test_a_picture_in_a_pdf_has_a_limit_too() -> None:
    entries = b"/Type/XObject/Subtype/Image/Width 50000/Height 50000/Filter/FlateDecode"
    assert reason(one_page(contents=stream(b"x", entries))) is Refusal.TOO_MANY_PIXELS


def test_thumbnails_of_pages() -> None:
    pages = [normalise_photo(two_halves(orientation)) for orientation in (1, 6)]
    pdf = pages_to_pdf(pages, "Giấy đăng ký")
    assert decoded(thumbnail(pdf)).size == (320, 227)
    assert decoded(thumbnail(pdf, page=1, side_px=100)).size == (71, 100)
    with pytest.raises(IndexError):
        thumbnail(pdf, page=2)


def test_an_endless_page_gives_a_small_picture() -> None:
    endless = one_page().replace(b"200 300", b"1 9e6")
    picture = render_page(endless, 0, max_side_px=320)
    assert max(picture.size) <= 320


# --- photos into one PDF ----------------------------------------------------------------------------------


def colours(pdf: bytes) -> list[bool]:
    """Page by page: is the middle red?"""
    pages = len(pdfium.PdfDocument(pdf))
    return [is_red(render_page(pdf, page, max_side_px=100), 0.5, 0.5) for page in range(pages)]


def test_pages_stay_in_order() -> None:
    red, blue = (encoded(Image.new("RGB", (600, 800), colour)) for colour in (RED, BLUE))
    pdf = pages_to_pdf([red, blue, blue, red], "Giấy khám sức khoẻ")
    assert colours(pdf) == [True, False, False, True]
    assert inspect(pdf) == Inspected(Kind.PDF, 4)


def test_wide_photos_lie_and_high_ones_stand() -> None:
    pdf = pages_to_pdf([normalise_photo(two_halves(1)), normalise_photo(two_halves(6))], "x")
    sizes = [tuple(round(side) for side in page.get_size()) for page in pdfium.PdfDocument(pdf)]
    assert sizes == [(842, 595), (595, 842)]


def test_photos_go_in_as_they_are() -> None:
    photo = normalise_photo(two_halves())
    assert photo in pages_to_pdf([photo], "x")


def test_the_same_photos_give_the_same_bytes() -> None:
    photos = [normalise_photo(two_halves(orientation)) for orientation in (1, 6)]
    assert pages_to_pdf(photos, "Hợp đồng") == pages_to_pdf(photos, "Hợp đồng")
    assert pages_to_pdf(photos, "Hợp đồng") != pages_to_pdf(photos[::-1], "Hợp đồng")


def test_the_title_is_kept() -> None:
    pdf = pages_to_pdf([normalise_photo(two_halves())], "Giấy xác nhận (bản 1)")
    assert pdfium.PdfDocument(pdf).get_metadata_value("Title") == "Giấy xác nhận (bản 1)"


def test_a_paper_has_a_page() -> None:
    with pytest.raises(ValueError, match="page"):
        pages_to_pdf([], "x")


# --- DOCX and XLSX ----------------------------------------------------------------------------------------


MACROS = {
    "word macro": DOCX_PARTS | {"word/vbaProject.bin": b"x"},
    "sheet macro": XLSX_PARTS | {"xl/VBAPROJECT.BIN": b"x"},
    "old sheet macro": XLSX_PARTS | {"xl/macrosheets/sheet1.xml": b"x"},
    "control": DOCX_PARTS | {"word/activeX/activeX1.bin": b"x"},
    "program inside": DOCX_PARTS | {"word/embeddings/oleObject1.bin": b"x"},
    "says so": DOCX_PARTS | {"[Content_Types].xml": b"<Types>ms-word.document.macroEnabled.main+xml</Types>"},
    "says so in UTF-16": DOCX_PARTS | {"[Content_Types].xml": "<Types>macroEnabled</Types>".encode("utf-16")},
    "template elsewhere": DOCX_PARTS
    | {
        "word/_rels/settings.xml.rels": b'<Relationship Type="http://x/attachedTemplate" Target="http://x/a.dotm" '
        b'TargetMode="External"/>'
    },
}


@pytest.mark.parametrize("parts", MACROS.values(), ids=MACROS.keys())
def test_macros_are_refused(parts: Mapping[str, bytes]) -> None:
    assert reason(zipped(parts)) is Refusal.SCRIPTED


def test_zip_bombs_are_refused() -> None:
    assert reason(zipped(DOCX_PARTS | {"word/media/a.xml": b"\0" * 20_000_000})) is Refusal.BOMB
    many = {f"word/media/{number}.xml": b"\0" * 10_000_000 for number in range(21)}
    assert reason(zipped(DOCX_PARTS | many)) is Refusal.BOMB


def test_a_zip_of_very_many_parts_is_refused() -> None:
    assert reason(zipped(DOCX_PARTS | {f"word/{number}": b"" for number in range(10_001)})) is Refusal.BOMB


def test_a_zip_that_understates_its_size_is_broken() -> None:
    honest = zipped(DOCX_PARTS | {"word/media/a.xml": b"\0" * 5_000_000})
    lying = honest.replace(struct.pack("<I", 5_000_000), struct.pack("<I", 1000))
    assert lying != honest
    assert reason(lying) is Refusal.BROKEN


def test_a_damaged_zip_is_broken() -> None:
    whole = zipped(DOCX_PARTS)
    assert reason(whole[:-30]) is Refusal.BROKEN
    assert reason(whole.replace(b"\x08\x00", b"\x63\x00")) is Refusal.BROKEN


def test_locked_office_files() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
    assert reason(ole + "EncryptedPackage".encode("utf-16-le") + b"\0" * 96) is Refusal.LOCKED
    flagged = bytearray(zipped(DOCX_PARTS))
    flagged[flagged.index(b"PK\x01\x02") + 8] |= 1
    assert reason(bytes(flagged)) is Refusal.LOCKED


# --- damage of every sort ---------------------------------------------------------------------------------


SAMPLES = {
    "jpeg": two_halves(6),
    "png": encoded(bottle(60, 80), "PNG"),
    "heic": encoded(bottle(64, 80), "HEIF"),
    "pdf": one_page(),
    "packed pdf": packed_pdf(b"<</S/GoTo/D[3 0 R/Fit]>>"),
    "docx": zipped(DOCX_PARTS),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's remark on damaged EXIF, which we can do without
@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
def test_damage_ends_in_a_refusal_or_not_at_all(sample: bytes) -> None:
    chance = random.Random(7)
    for _ in range(60):
        damaged = bytearray(sample)
        for _ in range(chance.randint(1, 12)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        data = bytes(damaged[: chance.choice((len(damaged), chance.randrange(len(damaged))))])
        with suppress(Refused):
            inspect(data)
            thumbnail(data)


# --- names ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Giấy phép kinh doanh.pdf", "Giấy phép kinh doanh.pdf"),
        ("Gia\u0302\u0301y.pdf", "Giấy.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\A\\ảnh 1.jpg", "ảnh 1.jpg"),
        ("hoá\u202egnp.exe", "hoágnp.exe"),
        ("a\x00b\r\nc\t d.png", "ab c d.png"),
        ("\ufeff\u200bzero\u2028width.pdf", "zerowidth.pdf"),
        ("\ud800.pdf", "pdf"),
        ("...", ""),
        ("", ""),
        ("/", ""),
        ("a" * 200 + ".docx", "a" * 74 + "….docx"),
        ("a." + "b" * 200, "a." + "b" * 78),
    ],
)
def test_names_are_safe_to_show(name: str, shown: str) -> None:
    assert safe_name(name) == shown
    assert len(shown) <= 80


def test_noise_is_a_known_blind_spot() -> None:
    """Kept as a measurement: grain looks sharp, so a grainy blurred photo passes unnamed."""
    soft = blurred(page_of_text(), 8)
    grainy = ImageChops.add(soft, Image.effect_noise(soft.size, 25).convert("RGB"), 1, -128)
    assert Finding.BLURRED not in inspect(encoded(grainy)).findings

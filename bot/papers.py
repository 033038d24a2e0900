"""What happens to the bytes a producer sends: looked into, refused or kept, turned, shown small, bound.

Pure functions over bytes: no disk, no network, no clock. The kind is decided by content, never by a name.
Everything here can take seconds of processor time; the server calls it from a worker thread.
"""

import io
import math
import re
import threading
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Final, Literal

import filetype  # type: ignore[import-untyped]
import pi_heif  # type: ignore[import-untyped]
import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]
from PIL import Image, ImageFilter, ImageOps, ImageStat

from bot.sounds import AWB_MAGIC, MAX_SECONDS, NotASound, Sound, seconds

if TYPE_CHECKING:
    from fpdf import FPDF

MAX_FILE_BYTES: Final = 20 * 1024 * 1024
"""Also the most a Telegram bot may download (core.telegram.org/bots/api#getfile)."""

MAX_PIXELS: Final = 60_000_000
"""Of a baseline JPEG, which is decoded at a fraction of its size; phones' photos have 12 to 50 megapixels."""
MAX_WHOLE_PIXELS: Final = 25_000_000
"""Of what has to be in memory whole. A phone that writes HEIC gives 12 or 24 megapixels unless told otherwise.

Memory that inspect() and normalise_photo() add at their peak, measured:

| baseline JPEG of 59 megapixels                  | 43 MB            |
| PNG of 25 megapixels: RGB, palette, RGBA        | 141, 164, 236 MB |
| the same: 16 bits of grey, grey with alpha      | 239, 331 MB      |
| progressive JPEG: 25 megapixels, 59 (refused)   | 172, 356 MB      |
"""
MAX_SIDE_PX: Final = 20_000
MAX_PDF_IMAGE_PIXELS: Final = 150_000_000
"""An A3 page scanned at 600 dots an inch has 70 million."""
MAX_PDF_STREAMS: Final = 20_000
"""A scan has a few hundred; each costs some 15 microseconds to judge."""
MAX_CHECKED_PAGES: Final = 2_000
"""A file of few bytes may count a million, which would take five seconds."""
MAX_UNPACKED_BYTES: Final = 200 * 1024 * 1024
MAX_ZIP_RATIO: Final = 200
MAX_ZIP_MEMBERS: Final = 10_000
FREE_UNPACKED_BYTES: Final = 10 * 1024 * 1024
"""A member this small may shrink by any ratio: an empty table packs very well."""

PHOTO_SIDE_PX: Final = 2000
"""On A4 that is 170 dots an inch: small print stays readable, a page weighs some 300 to 700 kB."""
PHOTO_QUALITY: Final = 80

TINY_SIDE_PX: Final = 600
DARK_LUMINANCE: Final = 50
"""Mean grey, 0 to 255. A sheet in a lit room has 130 to 220, the same in a dim kitchen 20 to 45."""
BLUR_SIDE_PX: Final = 1000
"""Sharpness is judged at this size: what counts is whether a page can be read, not each of 12 megapixels."""
BLUR_TILES: Final = 8
BLUR_VARIANCE: Final = 60
BLUR_DROP: Final = 6
"""Blurred is below both, measured by sharpness() on drawn pages and bottles (tests/test_papers.py has them):

| variance / drop                     | sharp       | blurred, radius in pixels                              |
| A4 page in 11 point, 150 dots/inch  | 5450 / 95   | 4: 13 / 1.8                                            |
| the same, 300 dots/inch             | 5240 / 113  | 4, still readable: 189 / 10; 6: 27 / 2.6               |
| the same, 12 megapixels             | 4920 / 93   | 4, still readable: 410 / 20; 6: 52 / 4; 8: 15 / 2      |
| the same, five times darker         | 645 / 190   | 8: 2 / 1.8                                             |
| smooth bottle before a smooth wall  | 75 / 12     | 4: 3 / 2.2                                             |
| the same at 0.6 of the contrast     | 27 / 12     | 4: 1 / 2                                               |

The variance alone would call the last one blurred, the drop alone a soft background with strong edges. Strong
noise hides blur (100 and more), so a grainy blurred photo passes unnamed.
"""

MARGIN_MM: Final = 8.0
SAFE_NAME_CHARS: Final = 80


class Kind(StrEnum):
    PDF = "pdf"
    DOCX = "docx"
    XLSX = "xlsx"
    JPEG = "jpeg"
    PNG = "png"
    HEIC = "heic"
    OGG = "ogg"
    MP3 = "mp3"
    M4A = "m4a"
    AAC = "aac"
    AMR = "amr"
    AWB = "awb"
    WAV = "wav"
    WEBM = "webm"


class Refusal(StrEnum):
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    UNKNOWN_KIND = "unknown_kind"
    BROKEN = "broken"
    LOCKED = "locked"
    SCRIPTED = "scripted"
    TOO_MANY_PIXELS = "too_many_pixels"
    BOMB = "bomb"
    TOO_LONG = "too_long"


class Finding(StrEnum):
    """Worth one sentence of advice; the photo is kept if the person insists."""

    BLURRED = "blurred"
    DARK = "dark"
    TINY = "tiny"


IMAGES: Final = frozenset({Kind.JPEG, Kind.PNG, Kind.HEIC})
SOUNDS: Final = frozenset(Kind(sound) for sound in Sound)

MEDIA_TYPES: Final[Mapping[Kind, str]] = {
    Kind.PDF: "application/pdf",
    Kind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Kind.JPEG: "image/jpeg",
    Kind.PNG: "image/png",
    Kind.HEIC: "image/heic",
    Kind.OGG: "audio/ogg",
    Kind.MP3: "audio/mpeg",
    Kind.M4A: "audio/mp4",
    Kind.AAC: "audio/aac",
    Kind.AMR: "audio/amr",
    Kind.AWB: "audio/amr-wb",
    Kind.WAV: "audio/wav",
    Kind.WEBM: "audio/webm",
}
SUFFIXES: Final[Mapping[Kind, str]] = {
    Kind.PDF: ".pdf",
    Kind.DOCX: ".docx",
    Kind.XLSX: ".xlsx",
    Kind.JPEG: ".jpg",
    Kind.PNG: ".png",
    Kind.HEIC: ".heic",
    **{kind: f".{kind}" for kind in SOUNDS},
}


class Refused(Exception):
    """The bytes cannot be taken; `reason` is for the person's answer, the wording lives elsewhere."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Inspected:
    """`pages`: of a PDF; 1 for an image; 0 for DOCX and XLSX, which only a layout program can count, and recordings.

    `width_px`, `height_px`: of an image standing upright, else 0.
    """

    kind: Kind
    pages: int
    width_px: int = 0
    height_px: int = 0
    findings: tuple[Finding, ...] = ()


def inspect(data: bytes, *, voice: bool = False) -> Inspected:
    """Look at a whole file before it is kept. Raises Refused; a recording only where it was sent as one (`voice`)."""
    if voice:
        return _inspect_sound(data)
    match _kind(data):
        case Kind.PDF:
            return Inspected(Kind.PDF, pages=_pdf_pages(data))
        case Kind.DOCX | Kind.XLSX as kind:
            _check_office(data)
            return Inspected(kind, pages=0)
        case kind:
            return _inspect_image(data, kind)


def normalise_photo(data: bytes, rotation_degrees: int = 0, side_px: int = PHOTO_SIDE_PX) -> bytes:
    """An upright JPEG of at most `side_px`, turned clockwise by a multiple of 90 degrees.

    Carries pixels only: place, time and phone model (EXIF) stay behind. Raises Refused when it is no image,
    ValueError for another angle.
    """
    turn = _TURNS.get(rotation_degrees % 360)
    if rotation_degrees % 90:
        raise ValueError(f"not a quarter turn: {rotation_degrees}")
    with _open_image(data, _image_kind(data)) as image:
        small = _upright(image, side_px)
    return _jpeg(small if turn is None else small.transpose(turn))


def thumbnail(data: bytes, page: int = 0, side_px: int = 320) -> bytes:
    """A JPEG of at most `side_px` of an image, or of one page of a PDF (first page: 0).

    Raises Refused for other kinds and IndexError for a page that is not there.
    """
    if _kind(data) is Kind.PDF:
        return _jpeg(render_page(data, page, max_side_px=side_px))
    with _open_image(data, _image_kind(data)) as image:
        return _jpeg(_upright(image, side_px))


def pages_to_pdf(pages: Sequence[bytes], title: str) -> bytes:
    """One A4 page a photo, in order, lying when the photo is wider than high.

    `pages` are JPEGs from normalise_photo; their bytes go in as they are. The same pages and title give the
    same bytes. Raises ValueError without pages.
    """
    if not pages:
        raise ValueError("a paper has at least one page")
    from fpdf import FPDF  # with its fonts a third of a second: for the first PDF, not for every start

    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(auto=False)
    pdf.set_title(title)
    pdf.set_creation_date(_NO_DATE)
    for page in pages:
        _add_page(pdf, page)
    return bytes(pdf.output())


def safe_name(name: str) -> str:
    """A name for the eye only: no folders, no control or direction characters, at most SAFE_NAME_CHARS.

    The suffix survives the cut. Empty when nothing can be shown. Never a path and never a proof of the kind.
    """
    last = re.split(r"[/\\]", name)[-1]
    # C: control, format (bidi among them), surrogate, private, unassigned; Zl, Zp: line and paragraph ends
    kept = "".join(" " if char.isspace() else char for char in last if not _unseen(char))
    tidy = " ".join(unicodedata.normalize("NFC", kept).split()).strip(". ")
    stem, dot, suffix = tidy.rpartition(".")
    if len(tidy) <= SAFE_NAME_CHARS or not dot or len(suffix) > 10:
        return tidy[:SAFE_NAME_CHARS].rstrip(". ")
    return f"{stem[: SAFE_NAME_CHARS - len(suffix) - 2].rstrip()}….{suffix}"[:SAFE_NAME_CHARS]


def _unseen(char: str) -> bool:
    category = unicodedata.category(char)
    return (category[0] == "C" and char not in "\t\n\r") or category in ("Zl", "Zp")


# --- which kind -------------------------------------------------------------------------------------------

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_BY_SUFFIX = {"pdf": Kind.PDF, "jpg": Kind.JPEG, "png": Kind.PNG, "heic": Kind.HEIC}
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1"})


def _kind(data: bytes) -> Kind:
    if not data:
        raise Refused(Refusal.EMPTY)
    if len(data) > MAX_FILE_BYTES:
        raise Refused(Refusal.TOO_LARGE)
    if data.startswith(b"PK"):
        return _office_kind(data)
    # A locked DOCX or XLSX is an OLE file holding this stream (MS-OFFCRYPTO 2.3); an old DOC or XLS has none.
    if data.startswith(_OLE) and _ENCRYPTED_PACKAGE in data:
        raise Refused(Refusal.LOCKED)
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return Kind.HEIC
    kind = _BY_SUFFIX.get(filetype.guess_extension(data[:8192]) or "")
    if kind is None:
        raise Refused(Refusal.UNKNOWN_KIND)
    return kind


_SOUND_SUFFIXES: Mapping[str, Sound] = {sound.value: sound for sound in Sound if sound is not Sound.M4A}


def _inspect_sound(data: bytes) -> Inspected:
    if not data:
        raise Refused(Refusal.EMPTY)
    if len(data) > MAX_FILE_BYTES:
        raise Refused(Refusal.TOO_LARGE)
    kind = _SOUND_SUFFIXES.get(filetype.guess_extension(data[:8192]) or "")
    if data[4:8] == b"ftyp":  # phones name their recordings mp4, m4a or 3gp
        kind = Sound.M4A
    if data.startswith(AWB_MAGIC):  # unknown to filetype 1.2
        kind = Sound.AWB
    if kind is None:
        raise Refused(Refusal.UNKNOWN_KIND)
    try:
        if seconds(kind, data) > MAX_SECONDS:
            raise Refused(Refusal.TOO_LONG)
    except NotASound as error:
        raise Refused(Refusal.BROKEN) from error
    return Inspected(Kind(kind), pages=0)


def _image_kind(data: bytes) -> Kind:
    kind = _kind(data)
    if kind not in IMAGES:
        raise Refused(Refusal.UNKNOWN_KIND)
    return kind


# --- images -----------------------------------------------------------------------------------------------

pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
# Pillow only warns between one and two times its limit: here the warning is the refusal.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

_FORMATS = {Kind.JPEG: ("JPEG",), Kind.PNG: ("PNG",), Kind.HEIC: ("HEIF",)}
_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, RuntimeError, IndexError, zlib.error)
"""What Pillow and libheif raise on damaged bytes; struct.error does not get out of Pillow's own readers."""
_SHRINKING = frozenset({"JPEG", "MPO"})
_LAPLACIAN = ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128)
_LIGHT_BLUR = ImageFilter.GaussianBlur(1.5)
_TURNS = {  # Pillow counts against the clock
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112
_LYING = frozenset({5, 6, 7, 8})


@contextmanager
def _open_image(data: bytes, kind: Kind) -> Iterator[Image.Image]:
    """Only the header is read before the size is judged; what goes wrong inside becomes BROKEN."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS[kind]) as image:
            _check_size(image.width, image.height, _max_pixels(image))
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused(Refusal.TOO_MANY_PIXELS) from error
    except _UNREADABLE as error:
        raise Refused(Refusal.BROKEN) from error


def _max_pixels(image: Image.Image) -> int:
    """A progressive JPEG is kept as coefficients until its last scan, six bytes and more a pixel."""
    shrinks = image.format in _SHRINKING and not image.info.get("progressive")
    return MAX_PIXELS if shrinks else MAX_WHOLE_PIXELS


def _check_size(width_px: int, height_px: int, max_pixels: int) -> None:
    if width_px * height_px > max_pixels or max(width_px, height_px) > MAX_SIDE_PX:
        raise Refused(Refusal.TOO_MANY_PIXELS)


def _inspect_image(data: bytes, kind: Kind) -> Inspected:
    with _open_image(data, kind) as image:
        width, height = image.size
        if image.getexif().get(_ORIENTATION) in _LYING:
            width, height = height, width
        return Inspected(kind, 1, width, height, tuple(_findings(image, min(width, height))))


def _findings(image: Image.Image, shorter_px: int) -> Iterator[Finding]:
    grey = _shrunk(image, BLUR_SIDE_PX).convert("L")
    variance, drop = sharpness(grey)
    if variance < BLUR_VARIANCE and drop < BLUR_DROP:
        yield Finding.BLURRED
    if ImageStat.Stat(grey).mean[0] < DARK_LUMINANCE:
        yield Finding.DARK
    if shorter_px < TINY_SIDE_PX:
        yield Finding.TINY


def sharpness(grey: Image.Image) -> tuple[float, float]:
    """Variance of the Laplacian in the sharpest of 8 by 8 tiles, and how many times a light blur lowers it.

    Tiles, since one sharp label on a plain wall is a sharp photo. The fall is taken where edges are strongest:
    sharp edges fall far, blurred ones have nothing left to lose. Infinite when too small to judge.
    """
    if min(grey.size) < 4 * BLUR_TILES:
        return math.inf, math.inf
    before, after = _tile_variances(grey), _tile_variances(grey.filter(_LIGHT_BLUR))
    edge, left = max(zip(before, after, strict=True), key=itemgetter(1))
    return max(before), edge / max(left, 0.5)


def _tile_variances(grey: Image.Image) -> list[float]:
    edges = ImageOps.crop(grey.filter(_LAPLACIAN), 1)  # Pillow copies the outermost pixels as they are
    return [ImageStat.Stat(edges.crop(tile)).var[0] for tile in _tiles(*edges.size)]


def _tiles(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    columns = [width * part // BLUR_TILES for part in range(BLUR_TILES + 1)]
    rows = [height * part // BLUR_TILES for part in range(BLUR_TILES + 1)]
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            yield left, top, right, bottom


def _shrunk(image: Image.Image, side_px: int) -> Image.Image:
    """RGB on white, within `side_px`, as the bytes lie. Decodes the whole image, so damage shows here."""
    if image.format in _SHRINKING:  # decodes at 1/2, 1/4 or 1/8; still reads to the end
        fit = min(side_px / max(image.size), 1)
        image.draft("RGB", (int(image.width * fit), int(image.height * fit)))
    small = _averageable(image)
    small.thumbnail((side_px, side_px), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return _on_white(small)


def _averageable(image: Image.Image) -> Image.Image:
    """Itself where neighbouring pixels can be averaged; palettes, 16 bits and CMYK become RGB or RGBA."""
    if image.mode in ("RGB", "RGBA", "L"):
        image.load()
        return image
    if image.mode.startswith("I"):  # 16 bits of grey; convert() would clip, not scale
        return image.convert("I").point(lambda value: value / 257).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")


def _upright(image: Image.Image, side_px: int) -> Image.Image:
    orientation = image.getexif().get(_ORIENTATION, 1)
    small = _shrunk(image, side_px)
    small.getexif()[_ORIENTATION] = orientation
    return ImageOps.exif_transpose(small)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    bare = Image.new("RGB", image.size)  # `info` and EXIF belong to the old image
    bare.paste(image)
    bare.save(buffer, "JPEG", quality=PHOTO_QUALITY)
    return buffer.getvalue()


# --- PDF --------------------------------------------------------------------------------------------------

PDFIUM = threading.Lock()
"""PDFium keeps global state and is not made for threads."""
_PDFIUM_PASSWORD: Final = pdfium_c.FPDF_ERR_PASSWORD
_ACTIVE = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|Rendition|RichMedia)(?![A-Za-z0-9])")
_XFA = frozenset({pdfium_c.FORMTYPE_XFA_FULL, pdfium_c.FORMTYPE_XFA_FOREGROUND})  # forms made of scripts
_STREAM = re.compile(rb">>\s*stream\r?\n")
_TWICE_PACKED = re.compile(rb"/Fl(?:ateDecode)?\s*/Fl(?:ateDecode)?[\s\]/]")
_DICTIONARY_BYTES: Final = 2048
_CHUNK: Final = 64 * 1024
_CHUNK_IN: Final = 1024
_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
"""fpdf2 would write the current time, and the same photos would give another file each time."""


def _pdf_pages(data: bytes) -> int:
    """Opens it, and looks for actions in the bytes as sent and as PDFium writes them anew.

    The second look is the one that counts: there objects are out of their packed streams and names are
    without #-escapes. What PDFium drops as damaged, and another reader might mend, is seen by the first only.
    """
    _check_streams(data)
    with open_pdf(data) as document:
        pages, form = len(document), document.get_formtype()
        check_pages(document)
        rewritten = io.BytesIO()
        document.save(rewritten, flags=pdfium_c.FPDF_REMOVE_SECURITY)
    if form in _XFA or _ACTIVE.search(data) or _ACTIVE.search(rewritten.getbuffer()):
        raise Refused(Refusal.SCRIPTED)
    return pages


def check_pages(document: pdfium.PdfDocument) -> None:
    """Raises Refused where nothing of a page is shown, as when it is cut to a box beside it.

    A page that is counted and not there passes: other readers show the rest.
    """
    for number in range(min(len(document), MAX_CHECKED_PAGES)):
        try:
            shown = document.get_page_size(number)
        except pdfium.PdfiumError:
            continue
        if min(shown) <= 0:
            raise Refused(Refusal.BROKEN)


@contextmanager
def open_pdf(data: bytes) -> Iterator[pdfium.PdfDocument]:
    """A password that only guards printing or copying does not stand in the way: everyone can open that."""
    with PDFIUM:
        try:
            document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            locked = getattr(error, "err_code", None) == _PDFIUM_PASSWORD
            raise Refused(Refusal.LOCKED if locked else Refusal.BROKEN) from error
        try:
            yield document
        except pdfium.PdfiumError as error:
            raise Refused(Refusal.BROKEN) from error
        finally:
            document.close()


def render_page(data: bytes, page: int, *, max_side_px: int) -> Image.Image:
    """One page of a PDF as RGB, its longer side `max_side_px`. Raises Refused, IndexError."""
    with open_pdf(data) as document:
        if not 0 <= page < len(document):
            raise IndexError(page)
        sheet = document[page]
        scale = max_side_px / max(*sheet.get_size(), 1.0)
        picture: Image.Image = sheet.render(scale=scale, limit_image_cache=True).to_pil()
        return picture.convert("RGB").copy()  # to_pil() may look into memory that goes with the document


def _check_streams(data: bytes) -> None:
    """Unpack what PDFium would unpack, with a limit on the sum; of pictures only the declared size is read.

    Blind to sizes given by reference and to encrypted streams; PDFium's own limit (1 GB a stream) is behind.
    """
    work = _Unpacking(data)
    for count, found in enumerate(_STREAM.finditer(data)):
        if count >= MAX_PDF_STREAMS:
            raise Refused(Refusal.BOMB)
        header = data[max(0, found.start() - _DICTIONARY_BYTES) : found.start()].rpartition(b" obj")[2]
        if _TWICE_PACKED.search(header):
            raise Refused(Refusal.BOMB)
        if re.search(rb"/Subtype\s*/Image", header):
            _check_size(_number(header, b"Width"), _number(header, b"Height"), MAX_PDF_IMAGE_PIXELS)
        elif b"/Fl" in header:
            work.unpack(found.end())


def _number(header: bytes, name: bytes) -> int:
    found = re.search(rb"/" + name + rb"\s+(\d{1,9})\b(?!\s+\d+\s+R)", header)
    return int(found[1]) if found else 0


class _Unpacking:
    """What unpacking may cost for the whole file, out of it and into it.

    Streams of an honest file lie side by side, so together they take in no more than the file. In a hostile one
    thousands start one inside the other, and each can run over megabytes of empty blocks and give nothing.
    """

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._out_left, self._in_left = MAX_UNPACKED_BYTES, 2 * len(data) + _CHUNK

    def unpack(self, start: int) -> None:
        """Raises Refused at a limit; what does not unpack counts as far as it got."""
        if int.from_bytes(self._data[start : start + 2]) % 31:  # the check of RFC 1950: encrypted, or no zlib at all
            return
        unpacker = zlib.decompressobj()
        while not unpacker.eof and (chunk := unpacker.unconsumed_tail or self._data[start : start + _CHUNK_IN]):
            fresh = 0 if unpacker.unconsumed_tail else len(chunk)
            start += fresh
            try:
                self._pay(fresh, len(unpacker.decompress(chunk, _CHUNK)))
            except zlib.error:
                self._pay(fresh, 0)
                return

    def _pay(self, bytes_in: int, bytes_out: int) -> None:
        self._in_left -= bytes_in
        self._out_left -= bytes_out
        if min(self._in_left, self._out_left) < 0:
            raise Refused(Refusal.BOMB)


def _add_page(pdf: "FPDF", photo: bytes) -> None:
    with Image.open(io.BytesIO(photo), formats=("JPEG",)) as image:
        width, height = image.size
    orientation: Literal["landscape", "portrait"] = "landscape" if width > height else "portrait"
    pdf.add_page(orientation=orientation)
    room = (pdf.w - 2 * MARGIN_MM, pdf.h - 2 * MARGIN_MM)
    pdf.image(io.BytesIO(photo), x=MARGIN_MM, y=MARGIN_MM, w=room[0], h=room[1], keep_aspect_ratio=True)


# --- DOCX and XLSX ----------------------------------------------------------------------------------------

_MAIN_FOLDERS = {"word/": Kind.DOCX, "xl/": Kind.XLSX}
_MACRO_PARTS = re.compile(r"vbaproject|vbadata|/activex/|/macrosheets/|/embeddings/.*\.(?:bin|exe)$", re.IGNORECASE)
_REMOTE_TEMPLATE = re.compile(rb"attachedTemplate[^>]*TargetMode\s*=\s*.External", re.IGNORECASE)
_CONTENT_TYPES = "[Content_Types].xml"
_TEMPLATE_LINK = "word/_rels/settings.xml.rels"
_BAD_ZIP = (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError, zlib.error)


@contextmanager
def _open_zip(data: bytes) -> Iterator[zipfile.ZipFile]:
    if data.count(b"PK\x01\x02") > MAX_ZIP_MEMBERS:  # before the directory is read into objects
        raise Refused(Refusal.BOMB)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            yield package
    except _BAD_ZIP as error:
        raise Refused(Refusal.BROKEN) from error


def _office_kind(data: bytes) -> Kind:
    with _open_zip(data) as package:
        names = package.namelist()
    if _CONTENT_TYPES in names:
        for folder, kind in _MAIN_FOLDERS.items():
            if any(name.startswith(folder) for name in names):
                return kind
    raise Refused(Refusal.UNKNOWN_KIND)


def _check_office(data: bytes) -> None:
    """Sizes are judged as declared, then every part is read: zipfile stops at the declared size."""
    with _open_zip(data) as package:
        members = package.infolist()
        _check_unpacked(members)
        if any(member.flag_bits & 1 for member in members):
            raise Refused(Refusal.LOCKED)
        if any(_MACRO_PARTS.search("/" + member.filename) for member in members) or _scripted(package):
            raise Refused(Refusal.SCRIPTED)
        if package.testzip() is not None:
            raise Refused(Refusal.BROKEN)


def _check_unpacked(members: Sequence[zipfile.ZipInfo]) -> None:
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise Refused(Refusal.BOMB)
    for member in members:
        ratio = member.file_size / max(member.compress_size, 1)
        if member.file_size > FREE_UNPACKED_BYTES and ratio > MAX_ZIP_RATIO:
            raise Refused(Refusal.BOMB)


def _scripted(package: zipfile.ZipFile) -> bool:
    """Says the package it holds macros, or fetches a template with macros from elsewhere when opened?"""
    if b"macroEnabled" in _plain(package, _CONTENT_TYPES):
        return True
    return _TEMPLATE_LINK in package.namelist() and bool(_REMOTE_TEMPLATE.search(_plain(package, _TEMPLATE_LINK)))


def _plain(package: zipfile.ZipFile, name: str) -> bytes:
    return package.read(name).replace(b"\0", b"")  # UTF-16 is allowed, and is then ASCII to the eye

"""Papers to look at in a chat: their pages as pictures, and all of a case's papers small on one sheet.

Pure functions over bytes, made when a message goes out and in a worker thread, like those of `bot.papers`.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Final

from PIL import Image, ImageDraw, ImageFont, ImageOps

from bot import papers

PICTURE_SIDE_PX: Final = 1600
"""What a phone shows when a page is enlarged; Telegram keeps 1280 of it, or 2560 where asked for."""
MOST_PAGES: Final = 10
"""Of one paper: an album of Telegram; the rest is in the file."""
MAX_RATIO: Final = 19
"""Telegram refuses a picture twenty times as high as wide (core.telegram.org/bots/api#sendphoto)."""
MOST_TILES: Final = 24

_COLUMNS: Final = 3
_TILE_PX: Final = 360
_THUMB_PX: Final = 320
_CAPTION_PX: Final = 34
_LINES: Final = 3
_PAPER, _FRAME, _INK, _QUIET, _ACCENT = "#f6f8f0", "#d5dfcb", "#1c2a1f", "#536158", "#1f6a38"


def pages(data: bytes, kind: papers.Kind, rotation_degrees: int, most: int) -> list[bytes]:
    """Upright JPEGs of an image, or of a PDF's first `most` pages; none of other kinds. Raises papers.Refused."""
    if kind in papers.IMAGES:
        return [_not_too_long(papers.normalise_photo(data, rotation_degrees, PICTURE_SIDE_PX))]
    return list(_pdf_pages(data, most)) if kind is papers.Kind.PDF else []


def _pdf_pages(data: bytes, most: int) -> Iterator[bytes]:
    for page in range(most):
        try:
            yield _not_too_long(papers.thumbnail(data, page, PICTURE_SIDE_PX))
        except IndexError:
            return


def _not_too_long(jpeg: bytes) -> bytes:
    """A picture that a phone can show: a strip gets white margins."""
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
        width, height = image.size
        if max(width, height) <= MAX_RATIO * min(width, height):
            return jpeg
        room = (max(width, -(-height // MAX_RATIO)), max(height, -(-width // MAX_RATIO)))
        return _jpeg(ImageOps.pad(image.convert("RGB"), room, color="white"))


# --- the contact sheet --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tile:
    """One paper: its name, and its first page as a small JPEG, or in its place a word ("docx")."""

    caption: str
    thumbnail: bytes = b""
    instead: str = ""


def contact_sheet(tiles: Sequence[Tile]) -> bytes:
    """A JPEG with numbered tiles, three in a row; what is more than MOST_TILES is left out. ValueError without any."""
    if not tiles:
        raise ValueError("a sheet has at least one paper")
    shown = tiles[:MOST_TILES]
    columns = min(_COLUMNS, max(2, len(shown)))
    tile_height = _TILE_PX + _LINES * (_CAPTION_PX + 6)
    rows = -(-len(shown) // columns)
    sheet = Image.new("RGB", (columns * _TILE_PX, rows * tile_height), _PAPER)
    for place, tile in enumerate(shown):
        row, column = divmod(place, columns)
        _draw(sheet, column * _TILE_PX, row * tile_height, place + 1, tile)
    return _jpeg(sheet)


def _draw(sheet: Image.Image, x: int, y: int, number: int, tile: Tile) -> None:
    pen, margin = ImageDraw.Draw(sheet), (_TILE_PX - _THUMB_PX) // 2
    box = (x + margin, y + margin, x + margin + _THUMB_PX, y + margin + _THUMB_PX)
    pen.rectangle(box, fill="white", outline=_FRAME, width=2)
    if tile.thumbnail:
        _paste(sheet, box, tile.thumbnail)
    else:
        middle = ((box[0] + box[2]) // 2, (box[1] + box[3]) // 2)
        pen.text(middle, tile.instead, font=_font(True, 48), fill=_QUIET, anchor="mm")
    pen.rectangle((box[0], box[1], box[0] + 58, box[1] + 52), fill=_ACCENT)
    pen.text((box[0] + 29, box[1] + 26), str(number), font=_font(True, 36), fill="white", anchor="mm")
    for line, words in enumerate(_lines(tile.caption)):
        pen.text((box[0], box[3] + 8 + line * (_CAPTION_PX + 4)), words, font=_font(False, _CAPTION_PX), fill=_INK)


def _paste(sheet: Image.Image, box: tuple[int, int, int, int], thumbnail: bytes) -> None:
    with Image.open(io.BytesIO(thumbnail), formats=("JPEG",)) as image:
        small = ImageOps.contain(image.convert("RGB"), (_THUMB_PX - 4, _THUMB_PX - 4))
    left = box[0] + (_THUMB_PX - small.width) // 2
    sheet.paste(small, (left, box[1] + (_THUMB_PX - small.height) // 2))


def _lines(caption: str) -> list[str]:
    """At most three lines that fit under a tile; the last one ends with "…" when words are left over."""
    font, lines = _font(False, _CAPTION_PX), [""]
    for word in caption.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= _THUMB_PX or not lines[-1]:
            lines[-1] = longer
        elif len(lines) < _LINES:
            lines.append(word)
        else:
            lines[-1] += "…"
            break
    return lines


@cache
def _font(bold: bool, size_px: int) -> ImageFont.FreeTypeFont:
    face = "SourceSansPro-Bold.ttf" if bold else "SourceSansPro-Regular.ttf"
    with as_file(files("font_source_sans_pro") / "files" / face) as path:
        return ImageFont.truetype(io.BytesIO(path.read_bytes()), size_px)


def thumbnail(data: bytes, kind: papers.Kind, rotation_degrees: int) -> bytes:
    """A small JPEG of a paper's first page; empty for what has none. Raises papers.Refused."""
    if kind in papers.IMAGES:
        return papers.normalise_photo(data, rotation_degrees, _THUMB_PX)
    return papers.thumbnail(data, 0, _THUMB_PX) if kind is papers.Kind.PDF else b""


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=papers.PHOTO_QUALITY)
    return buffer.getvalue()

"""Turns the specs of a message (bot/showing.py lists them) into attachments, when it goes out.

Bytes come one file at a time and are worked on in a thread; what is lost or can't be shown is left out, so that the
words still go.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from bot import papers, pictures
from bot.channels.base import Attachment
from storage.files import FileStore

log = logging.getLogger(__name__)

Rows = Mapping[str, Any]
"""Stored files by id."""
Spec = Mapping[str, Any]


def ids_of(spec: Spec) -> list[str]:
    """The files that a spec is made of; a report, for one, is made of none."""
    if "file" in spec:
        return [str(spec["file"])]
    return [str(page[0]) for part in spec.get("papers", [spec]) for page in part.get("pages", ())]


async def made(store: FileStore, spec: Spec, known: Rows) -> list[Attachment]:
    """`known` has the stored files among `ids_of(spec)`."""
    if "file" in spec:
        return await _received(store, spec, known)
    match spec.get("as"):
        case "sheet":
            return await _sheet(store, spec["papers"], known)
        case "score":
            return await _score(spec)
        case "pages":
            return await _pictures(store, _pages(spec, known), str(spec["name"]))
        case _:
            return await _one_file(store, _pages(spec, known), str(spec["name"]))


def _pages(spec: Spec, known: Rows) -> list[tuple[Any, int]]:
    """Files (rows) and rotations, in order."""
    pages = [(str(file_id), int(rotation)) for file_id, rotation in spec["pages"]]
    return [(known[file_id], rotation) for file_id, rotation in pages if file_id in known]


async def _bytes(store: FileStore, row: Any) -> bytes | None:
    try:
        return await store.get(row.sha256)
    except (FileNotFoundError, ValueError) as error:
        log.error("file %s is lost: %s", row.id, type(error).__name__)
        return None


async def _one_file(store: FileStore, pages: Sequence[tuple[Any, int]], name: str) -> list[Attachment]:
    """Photos in a row become one PDF; other files go as they were sent."""
    made: list[Attachment] = []
    photos: list[bytes] = []
    for row, rotation in pages:
        if (data := await _bytes(store, row)) is None:
            continue
        if papers.Kind(row.kind) in papers.IMAGES:
            photos.append(await asyncio.to_thread(papers.normalise_photo, data, rotation))
        else:
            made.append(_as_sent(row, data, name))
    if photos:
        pdf = await asyncio.to_thread(papers.pages_to_pdf, photos, name.removesuffix(".pdf"))
        made.insert(0, Attachment(name, papers.MEDIA_TYPES[papers.Kind.PDF], pdf))
    return made


def _as_sent(row: Any, data: bytes, name: str) -> Attachment:
    kind = papers.Kind(row.kind)
    shown = row.name or f"{name.removesuffix('.pdf')}{papers.SUFFIXES[kind]}"
    return Attachment(papers.safe_name(shown), papers.MEDIA_TYPES[kind], data)


async def _pictures(store: FileStore, pages: Sequence[tuple[Any, int]], name: str) -> list[Attachment]:
    """Each page as a picture, an album at most; what has no pages (Word, Excel) follows as it was sent."""
    shown: list[bytes] = []
    others: list[Attachment] = []
    for row, rotation in pages:
        kind, room = papers.Kind(row.kind), pictures.MOST_PAGES - len(shown)
        has_pages = kind in papers.IMAGES or kind is papers.Kind.PDF
        if (has_pages and not room) or (data := await _bytes(store, row)) is None:
            continue
        if has_pages:
            shown += await _looked_at(row, data, kind, rotation, room)
        else:
            others.append(_as_sent(row, data, name))
    stem = name.removesuffix(".pdf")
    return [*(_picture(f"{stem} {n}.jpg", page) for n, page in enumerate(shown, 1)), *others]


async def _looked_at(row: Any, data: bytes, kind: papers.Kind, rotation: int, most: int) -> list[bytes]:
    try:
        return await asyncio.to_thread(pictures.pages, data, kind, rotation, most)
    except papers.Refused as refused:  # it was let in by an older release
        log.error("file %s can't be shown: %s", row.id, refused)
        return []


def _picture(name: str, jpeg: bytes) -> Attachment:
    return Attachment(papers.safe_name(name), papers.MEDIA_TYPES[papers.Kind.JPEG], jpeg, show="picture")


async def _score(spec: Spec) -> list[Attachment]:
    return [_picture(f"{spec['name']}.jpg", await asyncio.to_thread(_chart, spec))]


def _chart(spec: Spec) -> bytes:
    from bot import charts  # with all it draws with: not for every start, and not while others wait

    return charts.score(spec)


async def _sheet(store: FileStore, parts: Sequence[Spec], known: Rows) -> list[Attachment]:
    """All papers small on one picture; one that can't be drawn keeps its place and its name."""
    tiles = [await _tile(store, part, _pages(part, known)) for part in parts]
    if not tiles:
        return []
    return [_picture("Giấy tờ.jpg", await asyncio.to_thread(pictures.contact_sheet, tiles))]


async def _tile(store: FileStore, part: Spec, pages: Sequence[tuple[Any, int]]) -> pictures.Tile:
    caption = str(part["name"]).removesuffix(".pdf")
    row, rotation = pages[0] if pages else (None, 0)
    data = await _bytes(store, row) if row is not None else None
    if row is None or data is None:
        return pictures.Tile(caption, instead="?")
    try:
        small = await asyncio.to_thread(pictures.thumbnail, data, papers.Kind(row.kind), rotation)
    except papers.Refused as refused:
        log.error("file %s can't be shown: %s", row.id, refused)
        small = b""
    return pictures.Tile(caption, small, instead=str(row.kind).upper())


async def _received(store: FileStore, spec: Spec, known: Rows) -> list[Attachment]:
    """One file as what it is. A photo loses what its camera wrote into it: the place, the moment, the phone."""
    row = known.get(str(spec["file"]))
    data = await _bytes(store, row) if row is not None else None
    if row is None or data is None:
        return []
    kind, name = papers.Kind(row.kind), str(spec.get("name", "")) or row.name or row.id
    if kind in papers.IMAGES:
        shown = await _looked_at(row, data, kind, 0, 1)
        return [_picture(f"{name}.jpg", jpeg) for jpeg in shown]
    if kind in papers.SOUNDS:
        sound = papers.safe_name(f"{name}{papers.SUFFIXES[kind]}")
        return [Attachment(sound, papers.MEDIA_TYPES[kind], data, show="voice")]
    return [_as_sent(row, data, name)]

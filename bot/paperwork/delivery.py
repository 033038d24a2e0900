"""Forms and stories as files, made when they go out or are fetched, from what the record says then."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot import attachments, papers
from bot.channels.base import Attachment
from bot.world import World
from dialogs.model import CaseFacts
from dialogs.producer.papers import papers_of
from dialogs.producer.prepare import WHOLE
from storage.database import reading
from storage.dossiers import dossier_pages
from storage.files import FileStore
from storage.records import case_named
from storage.self_scores import self_marks_of
from storage.stories import story_of

if TYPE_CHECKING:
    from bot.desk import binder


async def with_what_was_told(connection: AsyncConnection, case: CaseFacts) -> CaseFacts:
    """With the producer's own marks and story, which not every look at a case has."""
    marks, story = await self_marks_of(connection, case.code), await story_of(connection, case.code)
    return replace(case, self_marks=marks, story=story)


async def _told(engine: AsyncEngine, world: World, code: str) -> CaseFacts:
    async with reading(engine) as connection:
        case = await case_named(connection, code, world.clock(), world.days_off)
        if case is None:  # it is in no list by then, so nobody can have ordered it
            raise LookupError(code)
        return await with_what_was_told(connection, case)


async def made(engine: AsyncEngine, store: FileStore, world: World, spec: Mapping[str, Any]) -> Attachment:
    """The file that a spec with "made": "form" stands for."""
    case = await _told(engine, world, spec["code"])
    kind = papers.Kind(spec["as"])
    if spec["form"] == WHOLE:
        data = await _bound(engine, store, world, case)
    else:
        data = await asyncio.to_thread(_written, spec["form"], kind, case, world)
    return Attachment(spec["name"], papers.MEDIA_TYPES[kind], data)


def _written(name: str, kind: papers.Kind, case: CaseFacts, world: World) -> bytes:
    from bot.paperwork import as_docx, as_pdf, content  # with all they draw with: not for every start

    form = content.form(name, case, world.catalog("vi"), world.clock(), link_to(world, case.code))
    write = as_docx.docx if kind is papers.Kind.DOCX else as_pdf.pdf
    return write(form, world.clock())


def link_to(world: World, code: str) -> str:
    """What a QR code says: the bot at this case, else the code alone."""
    return next(iter(world.bot_link(code)), code)


async def story_pdf(engine: AsyncEngine, world: World, code: str) -> bytes:
    """The story as it was told last."""
    case = await _told(engine, world, code)
    return await asyncio.to_thread(_written, "story", papers.Kind.PDF, case, world)


async def _bound(engine: AsyncEngine, store: FileStore, world: World, case: CaseFacts) -> bytes:
    """All papers of the stage in order: as they are kept, else filled in as far as the record goes."""
    from bot.desk import binder, forms

    async with reading(engine) as connection:
        pages, known = await dossier_pages(connection, case.code, unsent=True)
    pieces: list[binder.Piece] = []
    for paper in papers_of(case):
        name = (paper.official or paper.label).vi
        if paper.id in pages:
            pieces += await bound_pieces(store, name, pages[paper.id], known)
        elif paper.form and (paper.form != "story" or case.story is not None):
            pdf = await asyncio.to_thread(_written, paper.form, papers.Kind.PDF, case, world)
            pieces.append(binder.Piece(name, pdf))
    cover = binder.Cover(
        case.code, case.product, forms.cover_lines(case, world.catalog("vi")), link_to(world, case.code)
    )
    return await asyncio.to_thread(binder.bind, cover, pieces)


async def bound_pieces(store: FileStore, name: str, pages: Any, known: attachments.Rows) -> "list[binder.Piece]":
    """Photos of a paper in a row are one PDF, other files one each; what is no PDF is only named."""
    from bot.desk.binder import Piece

    parts = await attachments.made(store, {"pages": pages, "name": f"{name}.pdf"}, known)
    pdf = papers.MEDIA_TYPES[papers.Kind.PDF]
    return [Piece(name, bytes(part.data) if part.media_type == pdf else b"") for part in parts]

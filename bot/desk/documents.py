"""Lists and reports for an officer's chat. They are made when they are delivered.

On Telegram nothing of them is kept here; on the web page they stand in the officer's chat like any other file, and
what goes as a link is kept until the link ends (storage.links).
Making one in the turn would hold up everybody: on SQLite there is one writer at a time.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import own_data, papers
from bot.catalogs import VIETNAM, Catalog
from bot.channels.base import Attachment
from bot.desk import council_papers, export, forms, import_files
from bot.desk.survey import survey
from bot.paperwork import delivery
from bot.turn import Turned, facts_of
from bot.world import World
from dialogs.model import N_, CaseFacts, ExportAudit, ExportCases, SendMessage, SendReport, Text
from dialogs.officer.reports import may_audit
from dialogs.producer.upload import papers_of
from storage import cases, imports, reports, requests
from storage import own_data as kept
from storage.assessments import assessment_of
from storage.database import reading
from storage.dossiers import dossier_pages
from storage.files import FileStore
from storage.models import conversations
from storage.records import case_named
from storage.rights import covers

FORMS = ("report_03", "letter")
"""Papers that a commune signs, made from bot/forms."""
MAX_CASES = 50_000
"""Of a list in a chat: 4 MB, made in ten seconds; `python -m bot export` makes longer ones."""
_IN_MEMORY_BYTES = 4 * 1024 * 1024
NO_FILE_HERE = Text(N_("This messenger carries no files. Please ask me for it on Telegram or on the web page."))
NO_FILES = Text(N_("This messenger carries no files. Please open your desk on Telegram or on the web page."))


async def export_audit(turn: Turned, effect: ExportAudit) -> None:
    """Raises NotPossible for whoever may not audit the case."""
    if not may_audit(facts_of(turn, effect.code), turn.conversation.person):
        raise cases.NotPossible(effect.code)
    if not carries_files(turn):
        return
    turn.record("export_audit", effect.code)
    words = Text(N_("All that is recorded of %(code)s, who did what and when."), {"code": effect.code})
    send(turn, words, {"made": "audit", "code": effect.code, "name": f"{effect.code}-nhat-ky.xlsx"})


async def export_cases(turn: Turned, effect: ExportCases) -> None:
    _check_territory(turn, effect.territory)
    if not carries_files(turn):
        return
    count = await reports.how_many(turn.connection, effect.territory)
    if not 0 < count <= MAX_CASES:
        turn.carried.said.append(SendMessage((_no_list(count),)))
        return
    turn.record("export", territory=effect.territory, cases=count)
    words = Text(
        N_("Here is the list, %(count)s case, without telephone numbers."),
        {"count": count},
        N_("Here is the list, %(count)s cases, without telephone numbers."),
    )
    send(turn, words, {"made": "cases", "territory": effect.territory, "name": _list_name(turn, effect.territory)})


def _no_list(count: int) -> Text:
    if not count:
        return Text(N_("There is no case here yet."))
    return Text(
        N_("%(count)s cases are too many for a chat. Your technician can make this list on the server."),
        {"count": count},
    )


def _list_name(turn: Turned, territory: str) -> str:
    return f"ocop-{territory.replace('/', '-') or 'vn'}-{turn.now.astimezone(VIETNAM):%Y-%m-%d}.xlsx"


async def send_report(turn: Turned, effect: SendReport) -> None:
    """Counts only, nobody's data; who asked for it is recorded like any export."""
    _check_territory(turn, effect.territory)
    if effect.first > turn.now.astimezone(VIETNAM).date() or effect.first.day != 1:
        raise cases.NotPossible(effect.territory)
    if not carries_files(turn):
        return
    month = f"{effect.first:%Y-%m}"
    turn.record("export", territory=effect.territory, report=month)
    words = Text(N_("Here is the report for %(month)s."), {"month": f"{effect.first.month}/{effect.first.year}"})
    name = report_name(effect.territory, effect.first)
    send(
        turn, words, {"made": "report", "territory": effect.territory, "month": effect.first.isoformat(), "name": name}
    )


def report_name(territory: str, first: date) -> str:
    """ "ocop-15-04336-2026-11.pdf": without marks, as not every messenger keeps them."""
    return f"ocop-{territory.replace('/', '-') or 'vn'}-{first:%Y-%m}.pdf"


async def send_own_data(turn: Turned) -> None:
    """To the person themselves; where no file gets through they are told where to ask for it."""
    conversation = turn.conversation
    if not carries_files(turn, NO_FILE_HERE):
        return
    turn.record("see_own_data")
    await requests.at_once(turn.connection, conversation.person_id, "see", turn.now)
    words = Text(N_("Here is all that I keep about you. The file opens in your browser."))
    name = "du-lieu-cua-toi.html"
    send(turn, words, {"made": "own data", "conversation": conversation.id, "name": name})


def _check_territory(turn: Turned, territory: str) -> None:
    """A membership for it, or for one around it."""
    if not covers(turn.conversation.person.memberships, territory):
        raise cases.NotPossible(territory)


def carries_files(turn: Turned, otherwise: Text = NO_FILES) -> bool:
    """As itself, or through a link to a page (bot.links); where neither works, `otherwise` is said."""
    carries = turn.world.can(turn.conversation.channel).sends_files or bool(turn.world.pages)
    if not carries:
        turn.carried.said.append(SendMessage((otherwise,)))
    return carries


def send(turn: Turned, words: Text, *specs: dict[str, Any]) -> None:
    turn.carried.said.append(SendMessage((words,)))
    turn.carried.attachments += [{**spec, "locale": turn.conversation.locale} for spec in specs]


# ---------------------------------------------------------------- at delivery


async def made(engine: AsyncEngine, store: FileStore, world: World, spec: Mapping[str, Any]) -> Attachment:
    """The file that a spec with "made" stands for, from what the database says now."""
    if spec["made"] == "form":
        return await delivery.made(engine, store, world, spec)
    if spec["made"] in council_papers.MADE:
        return await council_papers.made(engine, world, spec)
    if spec["made"] in FORMS:
        return Attachment(spec["name"], papers.MEDIA_TYPES[papers.Kind.DOCX], await _form(engine, world, spec))
    if spec["made"] == "dossier":
        return Attachment(spec["name"], papers.MEDIA_TYPES[papers.Kind.PDF], await _dossier(engine, store, world, spec))
    if spec["made"] == "own data":
        return Attachment(spec["name"], own_data.MEDIA_TYPE, await _own_data(engine, world, spec))
    if spec["made"] == "report":
        return Attachment(spec["name"], papers.MEDIA_TYPES[papers.Kind.PDF], await _report(engine, world, spec))
    if spec["made"] == "import errors":
        return Attachment(spec["name"], papers.MEDIA_TYPES[papers.Kind.XLSX], await _wrong(engine, store, world, spec))
    return Attachment(spec["name"], papers.MEDIA_TYPES[papers.Kind.XLSX], await _sheet(engine, world, spec))


async def _wrong(engine: AsyncEngine, store: FileStore, world: World, spec: Mapping[str, Any]) -> bytes:
    """The lines of a list that are not right; the list is read once more, as nothing of it is kept."""
    async with reading(engine) as connection:
        found = await imports.list_of(connection, spec["import"])
        if found is None or found.sha256 is None:  # erased before the message about it went out
            raise LookupError(spec["name"])
    data, today = await store.get(found.sha256), world.clock().astimezone(VIETNAM).date()
    return await asyncio.to_thread(_wrong_sheet, data, found.province, today, world.catalog(spec["locale"]))


def _wrong_sheet(data: bytes, province: str, today: date, catalog: Catalog) -> bytes:
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
        import_files.write_wrong(file, survey(data, province, today, ()).wrong, catalog)
        file.seek(0)
        return file.read()


async def _sheet(engine: AsyncEngine, world: World, spec: Mapping[str, Any]) -> bytes:
    catalog, today = world.catalog(spec["locale"]), world.clock().astimezone(VIETNAM).date()
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
        async with reading(engine) as connection:
            if spec["made"] == "import form":
                import_files.write_form(file, catalog)
            elif spec["made"] == "audit":
                await export.write_audit(connection, file, ".xlsx", spec["code"], catalog)
            else:
                await export.write_cases(connection, file, ".xlsx", spec["territory"], catalog, today, world.days_off)
        file.seek(0)
        return await asyncio.to_thread(file.read)


async def _assessed(engine: AsyncEngine, world: World, code: str) -> CaseFacts:
    async with reading(engine) as connection:
        case = await case_named(connection, code, world.clock(), world.days_off, handed_in=True)
        if case is None:  # it is in no list by then, so nobody can have ordered it
            raise LookupError(code)
        return replace(case, assessment=await assessment_of(connection, code))


async def _form(engine: AsyncEngine, world: World, spec: Mapping[str, Any]) -> bytes:
    case, today = await _assessed(engine, world, spec["code"]), world.clock().astimezone(VIETNAM).date()
    return await asyncio.to_thread(forms.filled, spec["made"], case, world.catalog("vi"), today)


async def _dossier(engine: AsyncEngine, store: FileStore, world: World, spec: Mapping[str, Any]) -> bytes:
    """The newest version of each paper that was sent, in the order of the list."""
    case = await _assessed(engine, world, spec["code"])
    async with reading(engine) as connection:
        pages, known = await dossier_pages(connection, spec["code"])
    names = [(p.id, (p.official or p.label).vi) for p in papers_of(case)]
    pieces = [
        piece
        for paper_id, name in names
        if paper_id in pages
        for piece in await delivery.bound_pieces(store, name, pages[paper_id], known)
    ]
    from bot.desk import binder  # with all it draws with

    lines, link = forms.cover_lines(case, world.catalog("vi")), delivery.link_to(world, case.code)
    cover = binder.Cover(case.code, case.product, lines, link)
    return await asyncio.to_thread(binder.bind, cover, pieces)


async def _own_data(engine: AsyncEngine, world: World, spec: Mapping[str, Any]) -> bytes:
    """Of whoever the chat belongs to by now: it may have been split off meanwhile."""
    owner = select(conversations.c.person_id).where(conversations.c.id == spec["conversation"])
    async with reading(engine) as connection:
        found = await kept.of(connection, (await connection.execute(owner)).scalar_one())
    return await asyncio.to_thread(own_data.page, found, world.catalog(spec["locale"]), world.clock())


async def _report(engine: AsyncEngine, world: World, spec: Mapping[str, Any]) -> bytes:
    now = world.clock()
    today, first = now.astimezone(VIETNAM).date(), date.fromisoformat(spec["month"])
    async with reading(engine) as connection:
        month = await reports.month(connection, spec["territory"], first, today, world.days_off)
    from bot.desk import report  # with all it draws with: not for every start

    return await asyncio.to_thread(report.pdf, month, world.catalog(spec["locale"]), now)

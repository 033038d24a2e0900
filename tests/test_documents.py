"""Lists and reports in an officer's chat: for their own area only, recorded, and made when they go out."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Outgoing, Update
from bot.deliver import Delivery
from bot.desk import documents
from bot.desk.documents import NO_FILES
from bot.effects import TOO_LATE, carry_out
from bot.handle import handle
from bot.turn import Turned
from dialogs.model import Effect, ExportAudit, ExportCases, Facts, Membership, Person, Role, SendReport, TextReceived
from dialogs.officer.reports import areas, kinds, may_audit, territory_of
from storage.database import writing
from storage.files import FileStore
from storage.models import audit, memberships, outbox
from storage.records import Conversation, Wanted, facts_for
from tests.facts import NOW, facts, sample_case
from tests.heart import Messenger, Working, chat, idea, officer, rows, say, submit, typed, world_at
from tests.test_export import from_xlsx
from tests.test_report import pages
from tests.transcripts import Clock

CODE = "TL12-26-0001"
NOVEMBER = date(2026, 11, 1)


async def ordered(engine: AsyncEngine, clock: Clock, who: Conversation, *effects: Effect) -> Turned:
    """As in a turn of this person, whatever the dialogs would have offered."""
    async with writing(engine) as connection:
        known = (await facts_for(connection, [Wanted(who, CODE)], Facts(clock())))[who.id]
        heard = Update(who.channel, "x", who.chat_id, TextReceived(""))
        turn = Turned(connection, who, heard, known, world_at(clock), clock())
        await carry_out(turn, effects)
    return turn


def refused(turn: Turned) -> bool:
    said = any(not isinstance(words, str) and words.texts == (TOO_LATE,) for words in turn.carried.said)
    return said and not turn.carried.attachments and not turn.carried.audit


async def with_role(engine: AsyncEngine, clock: Clock, who: str, role: Role, territory: str) -> Conversation:
    found = await chat(engine, clock, who, officer=True)
    async with writing(engine) as connection:
        row = {"person_id": found.person_id, "role": role, "territory": territory, "since": clock()}
        await connection.execute(insert(memberships).values(row))
    return await chat(engine, clock, who, officer=True)


# ---------------------------------------------------------------- for whom


@pytest.mark.parametrize(
    ("role", "territory", "may"),
    [
        (Role.COMMUNE_APPROVER, "15/04336", True),
        (Role.PROVINCE_OFFICER, "15", True),
        (Role.ADMINISTRATOR, "", True),
        (Role.COMMUNE_OFFICER, "15/04336", False),
        (Role.COMMUNE_APPROVER, "15/02647", False),
        (Role.PROVINCE_OFFICER, "11", False),
    ],
)
async def test_who_may_take_the_audit_of_a_case_along(
    sqlite_engine: AsyncEngine, role: Role, territory: str, may: bool
) -> None:
    clock = Clock()
    await idea(sqlite_engine, clock)
    who = await with_role(sqlite_engine, clock, "me", role, territory)
    turn = await ordered(sqlite_engine, clock, who, ExportAudit(CODE))
    assert refused(turn) == (not may)
    assert [(e.action, e.case_code, e.role) for e in turn.carried.audit] == [("export_audit", CODE, str(role))] * may
    assert len(turn.carried.attachments) == may


async def test_nobody_audits_their_own_case(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    await idea(sqlite_engine, clock, "me")
    who = await with_role(sqlite_engine, clock, "me", Role.PROVINCE_OFFICER, "15")
    assert refused(await ordered(sqlite_engine, clock, who, ExportAudit(CODE)))
    province = Person(memberships=(Membership(Role.PROVINCE_OFFICER, "15"),))
    assert not may_audit(sample_case(CODE, "rated", "food", "household", own=True), province)
    assert may_audit(sample_case(CODE, "rated", "food", "household", own=False), province)


@pytest.mark.parametrize("effect", [ExportCases, lambda where: SendReport(where, NOVEMBER)])
@pytest.mark.parametrize(
    ("own", "asked", "may"),
    [
        ("15/04336", "15/04336", True),
        ("15", "15/04336", True),
        ("15", "15", True),
        ("", "", True),
        ("15/04336", "15", False),
        ("15/04336", "15/02647", False),
        ("15", "", False),
        ("15", "1", False),
        ("15", "150", False),
    ],
)
async def test_lists_and_reports_are_for_one_s_own_area(
    sqlite_engine: AsyncEngine, effect: Any, own: str, asked: str, may: bool
) -> None:
    clock = Clock()
    await idea(sqlite_engine, clock)
    who = await officer(sqlite_engine, clock, "me", own)
    turn = await ordered(sqlite_engine, clock, who, effect(asked))
    assert refused(turn) == (not may)
    assert [entry.action for entry in turn.carried.audit] == ["export"] * may
    assert len(turn.carried.attachments) == may


async def test_a_producer_gets_neither(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    await idea(sqlite_engine, clock)
    me = await chat(sqlite_engine, clock, "producer")
    for effect in (ExportCases("15/04336"), ExportCases(""), SendReport("15", NOVEMBER), ExportAudit(CODE)):
        assert refused(await ordered(sqlite_engine, clock, me, effect))


@pytest.mark.parametrize("first", [date(2026, 12, 1), date(2026, 11, 2)])
async def test_a_month_that_has_not_begun_has_no_report(sqlite_engine: AsyncEngine, first: date) -> None:
    clock = Clock()
    who = await officer(sqlite_engine, clock, "me", "15")
    assert refused(await ordered(sqlite_engine, clock, who, SendReport("15", first)))


async def said_by(engine: AsyncEngine, effect: Effect, channel: str = "telegram") -> str:
    clock = Clock()
    who = replace(await officer(engine, clock, "me", "15"), channel=channel)
    turn = await ordered(engine, clock, who, effect)
    assert turn.carried.attachments == []
    assert turn.carried.audit == []
    (said,) = turn.carried.said
    assert not isinstance(said, str)
    return said.texts[0].msgid


async def test_an_area_without_a_case_has_no_list(sqlite_engine: AsyncEngine) -> None:
    assert await said_by(sqlite_engine, ExportCases("15")) == "There is no case here yet."


async def test_a_list_that_is_too_long_for_a_chat_is_not_made(
    sqlite_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "MAX_CASES", 1)
    await idea(sqlite_engine, Clock())
    await submit(sqlite_engine, await chat(sqlite_engine, Clock(), "second"), Clock()())
    assert "too many for a chat" in await said_by(sqlite_engine, ExportCases("15"))


@pytest.mark.parametrize("effect", [ExportCases("15"), SendReport("15", NOVEMBER), ExportAudit(CODE)])
async def test_a_messenger_without_files_gets_a_word_and_nothing_is_recorded(
    sqlite_engine: AsyncEngine, effect: Effect
) -> None:
    await idea(sqlite_engine, Clock())
    assert await said_by(sqlite_engine, effect, "numbers") == NO_FILES.msgid


# ---------------------------------------------------------------- what is asked


def test_an_officer_of_several_areas_is_asked_which() -> None:
    members = (
        Membership(Role.COMMUNE_OFFICER, "15/04336"),
        Membership(Role.COMMUNE_APPROVER, "15/04336"),
        Membership(Role.ADMINISTRATOR, ""),
    )
    two = facts(Person(memberships=members))
    assert [option.value for option in areas({}, two)] == ["15/04336", "all"]
    assert territory_of({"area": "all"}, two) == ""
    assert territory_of({}, facts(Person(memberships=members[:1]))) == "15/04336"


@pytest.mark.parametrize(("month", "offered"), [(1, ["2025-12", "2026-01"]), (11, ["2026-10", "2026-11"])])
def test_last_month_and_this_one_are_offered(month: int, offered: list[str]) -> None:
    known = replace(facts(), now=NOW.replace(month=month, day=1))
    assert [option.value for option in kinds({}, known)][1:3] == offered


# ---------------------------------------------------------------- what goes out


async def delivered(engine: AsyncEngine, clock: Clock, store: FileStore) -> Sequence[tuple[str, Outgoing]]:
    messenger = Messenger()
    worker = Delivery(engine, {"telegram": messenger}, store, world_at(clock), asyncio.Event())

    async def all_gone() -> bool:
        return not await rows(engine, outbox, outbox.c.status == "waiting")

    await Working(worker).until(all_gone)
    return messenger.sent


async def test_a_list_a_report_and_an_audit_are_delivered(engine: AsyncEngine, tmp_path: Any) -> None:
    clock = Clock()
    store = FileStore(f"{tmp_path}/files")
    await idea(engine, clock)
    await officer(engine, clock, "me", "15")
    await delivered(engine, clock, store)
    await say(engine, world_at(clock), "me", "bàn làm việc", "báo cáo", "danh sách")
    for n, words in enumerate(("báo cáo", "tháng 11", CODE, "việc khác", "nhật ký")):
        await handle(engine, world_at(clock), [typed("me", words, f"more{n}")])
    files = {a.name: a for _, message in await delivered(engine, clock, store) for a in message.attachments}
    assert list(files) == ["ocop-15-2026-11-23.xlsx", "ocop-15-2026-11.pdf", f"{CODE}-nhat-ky.xlsx"]
    listed, report, audited = files.values()
    assert [value for _, value, _ in from_xlsx(listed.data)[1]][:2] == [CODE, "Chuối sấy dẻo"]
    assert "Báo cáo OCOP tháng 11/2026" in " ".join(pages(report.data))
    assert report.media_type == "application/pdf"
    entries = from_xlsx(audited.data)
    assert "xuất nhật ký" in [value for _, value, _ in entries[-1]]
    kept = [(e.action, e.case_code, e.role) for e in await rows(engine, audit) if e.action.startswith("export")]
    assert kept == [("export", "", "province_officer")] * 2 + [("export_audit", CODE, "province_officer")]


async def test_what_is_made_later_says_what_is_so_then(engine: AsyncEngine) -> None:
    """A message may wait for a messenger that is away; nobody reads last week's list as today's."""
    clock = Clock()
    await idea(engine, clock)
    who = await officer(engine, clock, "me", "15")
    turn = await ordered(engine, clock, who, ExportCases("15"))
    await submit(engine, await chat(engine, clock, "second"), clock())
    (spec,) = turn.carried.attachments
    assert len(from_xlsx((await documents.made(engine, FileStore("memory:///"), world_at(clock), spec)).data)) == 3

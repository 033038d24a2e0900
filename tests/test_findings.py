"""What the machine notices about a case: each thing when it is so, and not when it is not; on both databases."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.catalogs import Catalog
from bot.channels.base import Update
from bot.doctor import sample_case
from bot.effects import carry_out
from bot.turn import Carried, Turned
from dialogs.model import CaseFacts, Finding, InvalidAnswer, LinkFollowed, SetPaperDate, TextReceived
from dialogs.officer.findings import finding_lines
from dialogs.paper_days import day_of
from storage.models import cases, files, papers
from storage.records import Conversation, Wanted, conversations_of, facts_for
from tests.facts import Chat, desk_facts
from tests.heart import ANSWERS, chat, keep_files, officer, rows, submit, world_at
from tests.transcripts import Clock

FULL = {**ANSWERS, "product_group": "food", "producer_kind": "household"}
TODAY = Clock()().date()


class Desk:
    """A producer's case in Tân Lĩnh, and an officer who looks at it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine, self.clock = engine, Clock()

    async def files(self, owner: Conversation, **sha256: str) -> None:
        await keep_files(self.engine, self.clock, owner, *sha256)
        for file_id, digest in sha256.items():
            await self.set(files, files.c.id == file_id, sha256=digest, pages=1)

    async def set(self, table: Any, which: Any, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(update(table).where(which).values(values))

    async def paper(self, code: str, paper: str, *ids: str, sent: bool = True, **more: Any) -> None:
        (case,) = await rows(self.engine, cases, cases.c.code == code)
        row = {"case_id": case.id, "paper": paper, "pages": [[i, 0] for i in ids], "kept_at": self.clock(), **more}
        async with self.engine.begin() as connection:
            await connection.execute(
                insert(papers).values({"version": 1, "sent_at": self.clock() if sent else None, **row})
            )

    async def producer(self, who: str, product: str = "Chuối sấy dẻo") -> tuple[Conversation, str]:
        person = await chat(self.engine, self.clock, who)
        return person, await submit(self.engine, person, self.clock(), {**FULL, "product": product})

    async def seen(self, code: str, who: str = "officer", territory: str = "15/04336") -> CaseFacts:
        person = await officer(self.engine, self.clock, who, territory)
        async with self.engine.begin() as connection:
            base = replace(world_at(self.clock).facts(), now=self.clock())
            found = await facts_for(connection, [Wanted(person, code)], base)
        case = found[person.id].case(code)
        assert case is not None
        return case

    async def noticed(self, code: str, **by: str) -> tuple[Finding, ...]:
        return (await self.seen(code, **by)).findings


@pytest.fixture
def desk(engine: AsyncEngine) -> Desk:
    return Desk(engine)


# ---------------------------------------------------------------- papers


async def test_required_papers_are_missed_once_an_office_looks_at_the_plan(desk: Desk) -> None:
    anna, code = await desk.producer("anna")
    assert await desk.noticed(code) == ()  # an idea needs no paper
    await desk.set(cases, cases.c.code == code, status="plan_submitted")
    assert await desk.noticed(code) == (
        Finding("missing", "paper:business_plan"),
        Finding("missing", "paper:plan_household_reg"),
    )
    await desk.files(anna, a="1", b="2")
    await desk.paper(code, "business_plan", "a")
    await desk.paper(code, "plan_household_reg", "b", sent=False)
    assert await desk.noticed(code) == (Finding("missing", "paper:plan_household_reg"),)
    await desk.set(cases, cases.c.code == code, status="plan_returned")
    assert await desk.noticed(code) == ()  # its producer is at it


async def test_bad_pages_are_named_by_their_number_in_the_paper(desk: Desk) -> None:
    anna, code = await desk.producer("anna")
    await desk.files(anna, pdf="1", good="2", bad="3", worse="4", lost="5")
    await desk.set(files, files.c.id == "pdf", pages=3)
    await desk.set(files, files.c.id == "bad", findings="blurred,dark")
    await desk.set(files, files.c.id == "worse", findings="blurred")
    await desk.set(files, files.c.id == "lost", status="refused", findings="tiny")
    await desk.paper(code, "business_plan", "pdf", "lost", "bad", "good", "worse")
    await desk.paper(code, "product", "good")
    assert await desk.noticed(code) == (
        Finding("blurred", "paper:business_plan", "4, 6"),
        Finding("dark", "paper:business_plan", "4"),
    )


async def test_only_the_newest_version_that_was_sent_counts(desk: Desk) -> None:
    anna, code = await desk.producer("anna")
    await desk.files(anna, bad="1", good="2", small="3")
    await desk.set(files, files.c.id == "bad", findings="blurred")
    await desk.set(files, files.c.id == "small", findings="tiny")
    await desk.paper(code, "product", "bad")
    assert [finding.kind for finding in await desk.noticed(code)] == ["blurred"]
    await desk.paper(code, "product", "good", version=2)
    await desk.paper(code, "product", "small", version=3, sent=False)
    assert await desk.noticed(code) == ()


@pytest.mark.parametrize(
    ("days", "kind"), [(-1, "past_date"), (0, "ends_soon"), (30, "ends_soon"), (31, ""), (None, "")]
)
async def test_a_paper_past_its_date_or_near_it(desk: Desk, days: int | None, kind: str) -> None:
    anna, code = await desk.producer("anna")
    await desk.files(anna, a="1")
    last = TODAY + timedelta(days=days) if days is not None else None
    await desk.paper(code, "business_plan", "a", valid_until=last)
    assert await desk.noticed(code) == ((Finding(kind, "paper:business_plan", f"{last}"),) if kind else ())


# ---------------------------------------------------------------- among others


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("chuoi say deo", True),
        ("CHUỐI SẤY DẺO ", True),
        ("Chuối sấy dẻoo", True),
        ("Chuối sấy", False),
        ("Miến", False),
    ],
)
async def test_the_same_product_in_another_open_case_of_the_commune(desk: Desk, other: str, same: bool) -> None:
    _, code = await desk.producer("anna")
    _, theirs = await desk.producer("bert", other)
    assert await desk.noticed(code) == ((Finding("same_name", "answer:product", theirs),) if same else ())


@pytest.mark.parametrize("column", [{"owner": "nobody"}, {"territory": "15/04321"}])
async def test_a_closed_case_or_one_elsewhere_is_no_rival(desk: Desk, column: Mapping[str, str]) -> None:
    _, code = await desk.producer("anna")
    _, theirs = await desk.producer("bert")
    assert len(await desk.noticed(code)) == 1
    await desk.set(cases, cases.c.code == theirs, **column)
    assert await desk.noticed(code) == ()


async def test_at_most_three_are_named(desk: Desk) -> None:
    codes = [(await desk.producer(f"p{n}"))[1] for n in range(6)]
    assert [finding.detail for finding in await desk.noticed(codes[0])] == [codes[5], codes[4], codes[3]]


async def test_the_same_file_in_another_producers_case(desk: Desk) -> None:
    anna, code = await desk.producer("anna")
    bert, theirs = await desk.producer("bert", "Miến dong")
    await desk.files(anna, a="same", a2="other", a3="")
    await desk.files(bert, b="same", b2="")
    await desk.paper(code, "business_plan", "a", "a2", "a3")
    await desk.paper(theirs, "plan_story", "b", "b2", sent=False)
    assert await desk.noticed(code) == ()  # not handed in: nobody else's business
    await desk.set(papers, papers.c.paper == "plan_story", sent_at=desk.clock())
    assert await desk.noticed(code) == (Finding("same_file", "paper:business_plan", theirs),)


async def test_a_case_one_may_not_see_is_not_named(desk: Desk) -> None:
    anna, code = await desk.producer("anna")
    bert, theirs = await desk.producer("bert", "Miến dong")
    await desk.files(anna, a="same")
    await desk.files(bert, b="same")
    await desk.paper(code, "product", "a")
    await desk.paper(theirs, "product", "b")
    await desk.set(cases, cases.c.code == theirs, territory="11/03253")
    assert await desk.noticed(code) == (Finding("same_file", "paper:product"),)
    seen = await desk.noticed(code, who="chief", territory="")
    assert seen == (Finding("same_file", "paper:product", theirs),)


async def test_ones_own_file_twice_is_nothing(desk: Desk) -> None:
    anna, code = await desk.producer("anna")
    second = await submit(desk.engine, anna, desk.clock(), {**FULL, "product": "Miến dong"})
    await desk.files(anna, a="same", b="same")
    await desk.paper(code, "product", "a")
    await desk.paper(second, "product", "b")
    assert await desk.noticed(code) == ()


async def test_a_producer_sees_no_findings(desk: Desk) -> None:
    anna, code = await desk.producer("anna")
    await desk.producer("bert")
    async with desk.engine.begin() as connection:
        base = replace(world_at(desk.clock).facts(), now=desk.clock())
        found = await facts_for(connection, [Wanted(anna, code)], base)
    case = found[anna.id].case(code)
    assert case is not None
    assert case.findings == ()


# ---------------------------------------------------------------- in words


def lines(*findings: Finding) -> str:
    case = replace(sample_case("TL12-26-0001", "plan_submitted", "food", "household", own=False), findings=findings)
    return "\n".join(Catalog("en").say(text) for text in finding_lines(case))


def test_in_words() -> None:
    assert lines() == "Noticed: no other product of this name in the commune."
    said = lines(
        Finding("missing", "paper:plan_test_report"),
        Finding("blurred", "paper:product", "6"),
        Finding("past_date", "paper:quality_system", "2026-03-18"),
        Finding("same_file", "paper:business_plan", ""),
        Finding("same_name", "answer:product", "TL12-26-0003"),
    )
    assert said == (
        "Noticed: test report is missing; photos of the product: page 6 is blurred; "
        "HACCP or ISO certificate ran out on Wednesday 18 March 2026; "
        "business plan has a page that is also in another producer's file; same name as TL12-26-0003."
    )


# ---------------------------------------------------------------- the date of a paper


@pytest.mark.parametrize(
    "typed",
    ["31/12/2027", "31-12-2027", "31.12.27", "31 tháng 12 năm 2027", "ngày 31/12/2027", "12/2027", "2027-12-31"],
)
def test_days_as_people_write_them(typed: str) -> None:
    assert day_of(typed) == date(2027, 12, 31)


@pytest.mark.parametrize(
    "typed", ["", "mai", "31/13/2027", "30/2/2027", "0/5/2027", "31/12", "31/12/1999", "2027", "1"]
)
def test_what_is_no_day(typed: str) -> None:
    with pytest.raises(InvalidAnswer):
        day_of(typed)


async def test_an_officer_notes_a_papers_last_day(desk: Desk) -> None:
    anna, code = await desk.producer("anna")
    await officer(desk.engine, desk.clock, "officer")
    await desk.files(anna, a="1")
    await desk.paper(code, "business_plan", "a")
    await desk.paper(code, "business_plan", "a", version=2)
    chat_ = Chat(desk_facts())
    chat_.facts = replace(chat_.facts, named=(await desk.seen(code),))
    chat_.does(LinkFollowed(f"review.{code}"))
    chat_.state = replace(chat_.state, at=f"paper_date.{code}/")
    chat_.does("1", "31/2/2027")
    assert "28 days" in chat_.words
    chat_.does("31/10/2026")
    assert chat_.effects == (SetPaperDate(code, "business_plan", date(2026, 10, 31)),)


async def carried(desk: Desk, who: str, effect: SetPaperDate) -> Carried:
    """The effect as the bot carries it out for this person; what came of it."""
    world = world_at(desk.clock)
    async with desk.engine.begin() as connection:
        person = (await conversations_of(connection, {("telegram", who): "vi"}, desk.clock()))["telegram", who]
        base = replace(world.facts(), now=desk.clock())
        facts = (await facts_for(connection, [Wanted(person, effect.code)], base))[person.id]
        update_ = Update("telegram", "k", who, TextReceived(""), "vi")
        turn = Turned(connection, person, update_, facts, world, desk.clock())
        await carry_out(turn, (effect,))
    return turn.carried


async def test_the_newest_version_gets_the_date_and_the_audit_has_it(desk: Desk) -> None:
    anna, code = await desk.producer("anna")
    who = await officer(desk.engine, desk.clock, "officer")
    await desk.files(anna, a="1")
    await desk.paper(code, "business_plan", "a")
    await desk.paper(code, "business_plan", "a", version=2)
    await desk.paper(code, "business_plan", "a", version=3, sent=False)
    last = date(2026, 10, 31)
    came = await carried(desk, "officer", SetPaperDate(code, "business_plan", last))
    assert [row.valid_until for row in await rows(desk.engine, papers)] == [None, last, None]
    (entry,) = [entry for entry in came.audit if entry.action == "paper_date"]
    assert (entry.actor_id, entry.case_code) == (who.person_id, code)
    assert entry.details == {"paper": "business_plan", "day": "2026-10-31"}
    assert Finding("past_date", "paper:business_plan", "2026-10-31") in await desk.noticed(code)


async def test_a_date_is_noted_only_by_officers_who_see_the_case_and_for_a_paper_that_is_there(desk: Desk) -> None:
    anna, code = await desk.producer("anna")
    await desk.files(anna, a="1")
    await desk.paper(code, "business_plan", "a")
    await officer(desk.engine, desk.clock, "officer")
    await officer(desk.engine, desk.clock, "stranger", "11/03253")
    last = date(2027, 1, 1)
    for who, paper in (("anna", "business_plan"), ("stranger", "business_plan"), ("officer", "plan_story")):
        came = await carried(desk, who, SetPaperDate(code, paper, last))
        assert not [entry for entry in came.audit if entry.action == "paper_date"]
        assert len(came.said) == 1
    assert [row.valid_until for row in await rows(desk.engine, papers)] == [None]

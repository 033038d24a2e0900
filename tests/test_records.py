"""What a conversation may know: its own, an officer's territory, and nothing of strangers."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogs.model import Facts, Role, State
from storage import people as folk
from storage.models import absences, cases, conversations, files, memberships, papers, people
from storage.records import Conversation, Wanted, case_named, facts_for
from tests.heart import chat, keep_files, officer, rows, submit, watched
from tests.transcripts import Clock


async def facts(engine: AsyncEngine, clock: Clock, *wanted: Wanted) -> dict[int, Facts]:
    async with engine.begin() as connection:
        return await facts_for(connection, wanted, Facts(clock()))


def at_the_desk(who: Conversation) -> Conversation:
    return replace(who, state=State(at="desk/"))


async def sees(engine: AsyncEngine, clock: Clock, who: Conversation, code: str) -> bool:
    found = await facts(engine, clock, Wanted(who, code))
    return found[who.id].case(code) is not None


@pytest.mark.parametrize(
    ("territory", "seen"),
    [
        ("15/04336", True),
        ("15", True),
        ("", True),
        ("15/04337", False),
        ("11", False),
        ("1", False),
        ("15/0433", False),
    ],
)
async def test_a_case_is_seen_within_its_territory_only(engine: AsyncEngine, territory: str, seen: bool) -> None:
    clock = Clock()
    code = await submit(engine, await chat(engine, clock, "anna"), clock())
    member = await officer(engine, clock, "officer", territory)
    found = (await facts(engine, clock, Wanted(at_the_desk(member), code)))[member.id]
    assert (found.case(code) is not None) == bool(found.named) == seen
    assert (found.desk.total, len(found.desk.lines)) == ((1, 1) if seen else (0, 0))


async def test_a_commune_is_no_prefix_of_another(engine: AsyncEngine) -> None:
    clock = Clock()
    code = await submit(engine, await chat(engine, clock, "anna"), clock())
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(territory="15/043360"))
    member = await officer(engine, clock, "officer")
    found = (await facts(engine, clock, Wanted(at_the_desk(member), code)))[member.id]
    assert found.case(code) is None
    assert found.desk.total == 0


async def test_a_stranger_s_case_is_like_one_that_does_not_exist(engine: AsyncEngine) -> None:
    clock = Clock()
    producer, stranger = await chat(engine, clock, "anna"), await chat(engine, clock, "bert")
    code = await submit(engine, producer, clock())
    assert await sees(engine, clock, producer, code)
    there = await facts(engine, clock, Wanted(stranger, code))
    nowhere = await facts(engine, clock, Wanted(stranger, "TL12-26-9999"))
    assert there == nowhere


async def test_one_s_own_case_is_own_and_not_on_one_s_desk(engine: AsyncEngine) -> None:
    clock = Clock()
    member = await officer(engine, clock, "officer")
    code = await submit(engine, member, clock())
    member = await chat(engine, clock, "officer")
    found = (await facts(engine, clock, Wanted(at_the_desk(member), code)))[member.id]
    assert [case.own for case in found.named] == [True]
    assert found.desk.total == 0


async def test_who_has_left_sees_nothing(engine: AsyncEngine) -> None:
    clock = Clock()
    code = await submit(engine, await chat(engine, clock, "anna"), clock())
    await officer(engine, clock, "officer")
    async with engine.begin() as connection:
        await connection.execute(update(memberships).values(removed_at=clock()))
    member = await chat(engine, clock, "officer")
    assert not await sees(engine, clock, member, code)


async def test_files_of_another_person_in_the_same_group_stay_theirs(engine: AsyncEngine) -> None:
    clock = Clock()
    anna, bert = await chat(engine, clock, "anna"), await chat(engine, clock, "bert")
    await keep_files(engine, clock, anna, "a")
    await keep_files(engine, clock, bert, "b")
    found = await facts(engine, clock, Wanted(anna, file_ids=("a", "b")), Wanted(bert, file_ids=("b", "none")))
    assert set(found[anna.id].files) == {"a"}
    assert set(found[bert.id].files) == {"b"}


async def test_what_is_being_erased_is_gone_at_once(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    await keep_files(engine, clock, anna, "a")
    async with engine.begin() as connection:
        await folk.forget(connection, anna, ())
    assert not (await facts(engine, clock, Wanted(anna, file_ids=("a",))))[anna.id].files


async def test_facts_of_many_cost_as_much_as_facts_of_one(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    everybody = []
    for n in range(12):
        who = await chat(sqlite_engine, clock, f"p{n}")
        await submit(sqlite_engine, who, clock())
        everybody.append(replace(who, case_count=1))
    costs = []
    for group in (everybody[:1], everybody):
        with watched(sqlite_engine, "before_cursor_execute") as statements:
            found = await facts(sqlite_engine, clock, *(Wanted(who, file_ids=("x",)) for who in group))
        assert all(len(found[who.id].cases) == 1 for who in group)
        costs.append(len(statements))
    assert costs[0] == costs[1]


async def test_who_has_no_case_costs_no_question_about_cases(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    who = await chat(sqlite_engine, clock, "anna")
    with watched(sqlite_engine, "before_cursor_execute") as statements:
        await facts(sqlite_engine, clock, Wanted(who))
    assert not [sql for sql in statements if "cases" in sql]


async def test_officers_are_counted_as_people(engine: AsyncEngine) -> None:
    clock = Clock()
    member = await officer(engine, clock, "officer")
    async with engine.begin() as connection:
        row = {"person_id": member.person_id, "role": Role.COMMUNE_OFFICER, "territory": "15/04336", "since": clock()}
        await connection.execute(insert(memberships).values(row))
    anna = await chat(engine, clock, "anna")
    assert (await facts(engine, clock, Wanted(anna)))[anna.id].officers == 1


async def test_a_case_by_its_code_whoever_asks(engine: AsyncEngine) -> None:
    clock = Clock()
    code = await submit(engine, await chat(engine, clock, "anna"), clock())
    async with engine.begin() as connection:
        found = await case_named(connection, code, clock(), frozenset())
        assert await case_named(connection, "TL12-26-9999", clock(), frozenset()) is None
    assert found is not None
    assert (found.code, found.own, found.by, found.due_on) == (code, False, "Lý Thị Mẩy", date(2026, 12, 1))
    assert (await rows(engine, cases))[0].ruleset == found.ruleset


async def test_the_desk_is_read_only_for_a_question_that_shows_it(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    await submit(sqlite_engine, await chat(sqlite_engine, clock, "anna"), clock())
    member = await officer(sqlite_engine, clock, "officer")
    with watched(sqlite_engine, "before_cursor_execute") as statements:
        found = (await facts(sqlite_engine, clock, Wanted(member)))[member.id]
    assert not found.desk.lines
    assert not [sql for sql in statements if "cases" in sql]
    assert (await facts(sqlite_engine, clock, Wanted(at_the_desk(member))))[member.id].desk.total == 1


async def test_officers_who_can_not_be_told_and_oneself_are_not_counted(engine: AsyncEngine) -> None:
    clock = Clock()
    member = await officer(engine, clock, "officer")
    province = await officer(engine, clock, "province", "15")
    anna = await chat(engine, clock, "anna")
    found = await facts(engine, clock, Wanted(anna), Wanted(member), Wanted(province))
    counted = {
        who.chat_id: (found[who.id].officers, found[who.id].province_officers) for who in (anna, member, province)
    }
    assert counted == {"anna": (1, 1), "officer": (0, 1), "province": (1, 0)}
    async with engine.begin() as connection:
        blocked = update(conversations).where(conversations.c.id == member.id).values(status="blocked")
        await connection.execute(blocked)
    assert (await facts(engine, clock, Wanted(anna)))[anna.id].officers == 0


async def test_the_only_officer_of_a_commune_is_named_unless_they_are_away(engine: AsyncEngine) -> None:
    clock = Clock()
    member = await officer(engine, clock, "officer")
    anna = replace(await chat(engine, clock, "anna"), case_count=1)
    await submit(engine, anna, clock())

    async def named() -> str:
        return (await facts(engine, clock, Wanted(anna)))[anna.id].cases[0].officer

    async with engine.begin() as connection:
        await connection.execute(update(people).where(people.c.id == member.person_id).values(name="Hùng"))
    assert await named() == "Hùng"
    today = clock().date()
    leave = {"person_id": member.person_id, "cover_id": anna.person_id, "first_on": today, "last_on": today}
    async with engine.begin() as connection:
        await connection.execute(insert(absences).values(leave | {"created_at": clock()}))
    assert await named() == ""
    async with engine.begin() as connection:
        await connection.execute(update(absences).values(ended_at=clock()))
    assert await named() == "Hùng"
    await officer(engine, clock, "colleague")
    assert await named() == ""


async def test_a_page_that_is_lost_does_not_count_and_a_paper_of_such_pages_is_not_there(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    code = await submit(engine, anna, clock())
    await keep_files(engine, clock, anna, "good", "pending", "lost")
    kept = {"plan": [["good", 0], ["lost", 0], ["pending", 0]], "registration": [["lost", 0]]}
    async with engine.begin() as connection:
        for file_id, status in (("lost", "refused"), ("pending", "pending")):
            await connection.execute(update(files).where(files.c.id == file_id).values(status=status))
        for paper, pages in kept.items():
            row = {"case_id": 1, "paper": paper, "version": 1, "pages": pages, "kept_at": clock()}
            await connection.execute(insert(papers).values(row))
        found = await case_named(connection, code, clock(), frozenset())
    assert found is not None
    assert [(paper.id, paper.pages, paper.files) for paper in found.papers] == [("plan", 2, 2)]

"""Communes that merge while work goes on: what moves, what stays, what is refused."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.doctor import SAMPLE_ANSWERS
from bot.merge import Moved, NotMergeable, merge, report
from dialogs.model import Role
from dialogs.rules.ruleset import ruleset_on
from storage import cases as work
from storage import people, staff
from storage.mergers import merger_of, today_of
from storage.models import audit as audit_table
from storage.models import (
    case_events,
    cases,
    conversations,
    days_off,
    invitations,
    memberships,
    metadata,
    notes,
    offices,
    outbox,
    settings,
)
from storage.models import people as people_table
from storage.records import conversations_of
from tests.heart import COMMUNE, TERRITORY, beside, chat, count, officer, rows, submit, world_at
from tests.transcripts import Clock, Play, hire

NEW, NEW_TERRITORY = "04303", "15/04303"  # Lục Yên, Lào Cai
ELSEWHERE, ELSEWHERE_TERRITORY = "03253", "11/03253"  # another province
IDEA = {**SAMPLE_ANSWERS, "product_group": ruleset_on(date(2026, 11, 23)).groups[0].id}


async def do(engine: AsyncEngine, *old: str, into: str = NEW, dry_run: bool = False) -> tuple[Moved, ...]:
    return await merge(engine, world_at(Clock()), old or (COMMUNE,), into, dry_run=dry_run)


async def everything(engine: AsyncEngine) -> dict[str, list[tuple[object, ...]]]:
    return {name: [tuple(row) for row in await rows(engine, table)] for name, table in metadata.tables.items()}


async def a_commune_at_work(engine: AsyncEngine) -> Play:
    """Two cases, an officer, a note, hours and a closed day; the new commune has an officer too."""
    clock = Clock()
    run = Play(engine, world_at(clock), clock, "telegram")
    await hire(run, "officer", Role.COMMUNE_OFFICER, TERRITORY)
    await hire(run, "neighbour", Role.COMMUNE_OFFICER, NEW_TERRITORY)
    producer = await chat(engine, clock, "producer")
    for _ in range(2):
        await submit(engine, producer, clock(), IDEA)
    async with engine.begin() as connection:
        asked = {"author_id": producer.person_id, "commune": COMMUNE, "text": "Khi nào chấm?", "to_officers": True}
        await connection.execute(insert(notes).values(asked | {"written_at": clock()}))
        await connection.execute(insert(offices).values(territory=TERRITORY, hours="sáng thứ Hai"))
        await connection.execute(insert(days_off).values(territory=TERRITORY, day=date(2026, 11, 30), reason="lũ"))
        await people.invite(connection, Role.COMMUNE_OFFICER, TERRITORY, clock())
    return run


async def test_all_that_is_the_communes_moves_and_case_codes_stay(engine: AsyncEngine) -> None:
    await a_commune_at_work(engine)
    before = [(row.code, row.due_on, row.status) for row in await rows(engine, cases)]
    (moved,) = await do(engine)
    assert moved == Moved(
        COMMUNE,
        "xã Tân Lĩnh",
        {"cases": 2, "officers": 1, "producers": 1, "notes": 1, "office hours": 1, "days off": 1},
    )
    found = await rows(engine, cases)
    assert {(row.commune, row.territory, row.province) for row in found} == {(NEW, NEW_TERRITORY, "15")}
    assert [(row.code, row.due_on, row.status) for row in found] == before
    assert {row.territory for row in await rows(engine, memberships)} == {NEW_TERRITORY}
    assert [row.commune for row in await rows(engine, people_table) if row.commune] == [NEW]
    assert [row.commune for row in await rows(engine, notes)] == [NEW]
    assert [(row.territory, row.hours) for row in await rows(engine, offices)] == [(NEW_TERRITORY, "sáng thứ Hai")]
    assert [(row.territory, row.reason) for row in await rows(engine, days_off)] == [(NEW_TERRITORY, "lũ")]
    (entry,) = [row for row in await rows(engine, audit_table) if row.action == "merge"]
    assert entry.details["into"] == NEW
    assert entry.details[COMMUNE]["cases"] == 2
    assert [row.reason for row in await rows(engine, case_events) if row.action == "move"] == [
        "xã Lục Yên, Lào Cai"
    ] * 2


async def test_officers_of_both_are_told_once(engine: AsyncEngine) -> None:
    run = await a_commune_at_work(engine)
    await do(engine)
    waiting = [row.body["text"] for row in await rows(engine, outbox) if row.status == "waiting"]
    assert len(waiting) == 2
    assert all("xã Tân Lĩnh nay thuộc xã Lục Yên" in text and "2 hồ sơ" in text for text in waiting)
    await run._replies()
    await do(engine)
    assert await run._replies() == []


async def test_a_second_run_moves_nothing_and_changes_nothing(engine: AsyncEngine) -> None:
    await a_commune_at_work(engine)
    await do(engine)
    before = await everything(engine)
    (moved,) = await do(engine)
    assert not any(moved.counts.values())
    assert await everything(engine) == before
    assert report((moved,), NEW, dry_run=False)[-1].startswith("There was nothing to move.")


async def test_a_trial_run_changes_nothing_and_counts_the_same(engine: AsyncEngine) -> None:
    await a_commune_at_work(engine)
    before = await everything(engine)
    tried = await do(engine, dry_run=True)
    assert await everything(engine) == before
    assert await do(engine) == tried
    line, meaning = report(tried, NEW, dry_run=True)
    assert line == (
        "04336 xã Tân Lĩnh -> 04303 xã Lục Yên, Lào Cai: "
        "2 cases, 1 officers, 1 producers, 1 notes, 1 office hours, 1 days off."
    )
    assert "nothing was changed" in meaning


async def test_what_came_in_between_moves_with_a_second_run(engine: AsyncEngine) -> None:
    run = await a_commune_at_work(engine)
    await do(engine)
    await submit(engine, await chat(engine, run.clock, "late"), run.clock(), IDEA)  # stood at its form meanwhile
    (moved,) = await do(engine)
    assert (moved.counts["cases"], moved.counts["producers"]) == (1, 1)
    assert {row.commune for row in await rows(engine, cases)} == {NEW}


async def test_what_is_being_handed_in_at_that_instant_is_waited_for(engine: AsyncEngine) -> None:
    clock = Clock()
    producer = await chat(engine, clock, "producer")
    async with beside(engine) as other:
        async with other.begin() as turn:
            known = await conversations_of(turn, {("telegram", "producer"): "vi"}, clock())
            moving = asyncio.create_task(do(engine))
            await asyncio.sleep(0.3)
            await work.submit_idea(turn, known["telegram", "producer"], IDEA, clock(), frozenset())
        (moved,) = await moving
    assert moved.counts["cases"] == 1
    assert [(row.person_id, row.commune) for row in await rows(engine, cases)] == [(producer.person_id, NEW)]


async def test_several_communes_go_into_one_in_another_province(engine: AsyncEngine) -> None:
    run = await a_commune_at_work(engine)
    province = await officer(engine, run.clock, "province", "15")
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(holder_id=province.person_id))
    moved = await do(engine, COMMUNE, NEW, into=ELSEWHERE)
    assert [(one.code, one.counts["cases"], one.counts["officers"]) for one in moved] == [
        (COMMUNE, 2, 1), (NEW, 0, 1)
    ]  # fmt: skip
    found = await rows(engine, cases)
    assert {(row.territory, row.province) for row in found} == {(ELSEWHERE_TERRITORY, "11")}
    assert {row.holder_id for row in found} == {None}  # the old province's officer could do nothing with them


async def test_an_officer_who_has_them_in_hand_keeps_them(engine: AsyncEngine) -> None:
    await a_commune_at_work(engine)
    async with engine.begin() as connection:
        hung = select(conversations.c.person_id).where(conversations.c.chat_id == "officer").scalar_subquery()
        await connection.execute(update(cases).values(holder_id=hung))
    await do(engine)
    assert None not in {row.holder_id for row in await rows(engine, cases)}


async def test_who_works_in_both_has_the_role_once(engine: AsyncEngine) -> None:
    clock = Clock()
    both = await officer(engine, clock, "both")
    await officer(engine, clock, "both", NEW_TERRITORY)
    await do(engine)
    async with engine.begin() as connection:
        (role,) = await staff.roles_of(connection, both.person_id, date(2026, 11, 23))
    assert role.territory == NEW_TERRITORY
    assert [row.removed_at is None for row in await rows(engine, memberships)] == [False, True]


async def test_the_new_communes_own_hours_and_days_hold(engine: AsyncEngine) -> None:
    await a_commune_at_work(engine)
    async with engine.begin() as connection:
        await connection.execute(insert(offices).values(territory=NEW_TERRITORY, hours="chiều thứ Tư"))
        await connection.execute(insert(days_off).values(territory=NEW_TERRITORY, day=date(2026, 11, 30), reason="hội"))
    await do(engine)
    assert [(row.territory, row.hours) for row in await rows(engine, offices)] == [(NEW_TERRITORY, "chiều thứ Tư")]
    assert [(row.territory, row.reason) for row in await rows(engine, days_off)] == [(NEW_TERRITORY, "hội")]


# ---------------------------------------------------------------- what points to the old commune afterwards


async def test_an_invitation_to_it_is_void(engine: AsyncEngine) -> None:
    run = await a_commune_at_work(engine)
    async with engine.begin() as connection:
        run.invitation = await people.invite(connection, Role.COMMUNE_OFFICER, TERRITORY, run.clock())
    await do(engine)
    held = await count(engine, memberships)
    said = "\n".join(await run.line("colleague> (invited)"))
    assert "xã Tân Lĩnh đã sáp nhập vào xã Lục Yên" in said
    assert await count(engine, memberships) == held
    (left,) = await rows(engine, invitations, invitations.c.token_sha256 == people.digest(run.invitation))
    assert left.used_at is None


async def test_its_poster_leads_to_the_new_one(engine: AsyncEngine) -> None:
    run = await a_commune_at_work(engine)
    await do(engine)
    await run._replies()
    for line in (f"/start c-{COMMUNE}", "đồng ý", "không cần nhắc"):
        await run.line(f"newcomer> {line}")
    assert "xã Tân Lĩnh nay thuộc xã Lục Yên" in "\n".join(await run.line("newcomer> đúng rồi"))
    assert [row.commune for row in await rows(engine, people_table) if row.commune] == [NEW, NEW]


async def test_who_stood_at_the_confirmation_lands_in_the_new_one(engine: AsyncEngine) -> None:
    run = await a_commune_at_work(engine)
    for line in (f"/start c-{COMMUNE}", "đồng ý", "không cần nhắc"):
        await run.line(f"newcomer> {line}")
    await do(engine)
    await run.line("newcomer> đúng rồi")
    assert [row.commune for row in await rows(engine, people_table) if row.commune] == [NEW, NEW]


async def test_an_officer_goes_on_at_the_case_the_chat_stands_at(engine: AsyncEngine) -> None:
    run = await a_commune_at_work(engine)
    await run.line("officer> TL12-26-0001")
    await do(engine)
    await run._replies()
    said = "\n".join(await run.line("officer> TL12-26-0001"))
    assert "xã Lục Yên" in said
    await run.line("officer> [Chấp nhận]")
    assert "TL12-26-0001" in "\n".join(await run.line("neighbour> TL12-26-0001"))


async def test_one_that_merges_again_leads_to_the_last(engine: AsyncEngine) -> None:
    await do(engine, COMMUNE, into=NEW)
    await do(engine, NEW, into=ELSEWHERE)
    async with engine.begin() as connection:
        found = await merger_of(connection, COMMUNE)
        assert found is not None
        assert (found.name, found.into) == ("xã Tân Lĩnh", ELSEWHERE)
        assert await today_of(connection, TERRITORY) == ELSEWHERE_TERRITORY
        assert await today_of(connection, "15/04309") == "15/04309"
        assert await today_of(connection, "15") == "15"


async def test_a_code_only_the_database_knows_can_still_be_moved(engine: AsyncEngine) -> None:
    """After a release without the old commune."""
    await a_commune_at_work(engine)
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(commune="99999", territory="15/99999"))
        await connection.execute(update(memberships).values(territory="15/99999"))
    (moved,) = await do(engine, "99999")
    assert (moved.name, moved.counts["cases"], moved.counts["officers"]) == ("99999", 2, 2)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ((COMMUNE,), "99999", "no commune 99999"),
        (("99999",), NEW, "no commune 99999"),
        ((COMMUNE, "99999"), NEW, "no commune 99999"),
        ((NEW,), NEW, "into itself"),
        ((COMMUNE, NEW), NEW, "into itself"),
    ],
)
async def test_what_can_not_merge_changes_nothing(
    engine: AsyncEngine, old: tuple[str, ...], new: str, why: str
) -> None:
    await a_commune_at_work(engine)
    before = await everything(engine)
    with pytest.raises(NotMergeable, match=why):
        await do(engine, *old, into=new)
    assert await everything(engine) == before


async def test_not_into_one_that_is_no_more_nor_out_of_it_elsewhere(engine: AsyncEngine) -> None:
    await do(engine, COMMUNE, into=NEW)
    with pytest.raises(NotMergeable, match="itself has merged into 04303"):
        await do(engine, "04309", into=COMMUNE)
    with pytest.raises(NotMergeable, match="has merged into 04303 already"):
        await do(engine, COMMUNE, into="04309")
    assert [row.name for row in await rows(engine, settings) if row.name.startswith("merged:")] == ["merged:04336"]


def test_every_column_that_names_a_place_is_thought_of() -> None:
    """A new one has to be moved by bot/merge.py, or to have a reason here."""
    moved = {"cases", "memberships", "people", "notes", "notices", "offices", "days_off", "requests"}
    left = {
        "invitations",
        "serials",
        "product_serials",
        "rounds",
        "council_sessions",
        "imports",
    }  # void; given away; a province's
    named = {
        table.name
        for table in metadata.tables.values()
        if {"commune", "territory", "province"} & {column.name for column in table.columns}
    }
    assert named == moved | left


async def test_a_case_is_moved_however_long_ago_it_was_handed_in(engine: AsyncEngine) -> None:
    clock = Clock()
    await submit(engine, await chat(engine, clock, "producer"), clock() - timedelta(days=400), IDEA)
    (moved,) = await do(engine)
    assert moved.counts["cases"] == 1

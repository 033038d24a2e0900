"""Consent, invitations, who is told, links, and forgetting."""

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.turn import outbox_row
from dialogs.model import Membership, Role
from storage import cases as work
from storage import people
from storage.correspondence import add_note
from storage.models import (
    cases,
    consents,
    conversations,
    files,
    invitations,
    memberships,
    metadata,
    notes,
    papers,
    timers,
    upload_links,
    web_messages,
)
from storage.models import outbox as outbox_table
from storage.models import people as people_table
from storage.outbox import post
from tests.heart import ANSWERS, COMMUNE, TERRITORY, beside, chat, count, keep_files, officer, rows, submit
from tests.transcripts import Clock


async def officers_of(engine: AsyncEngine, but: int = 0) -> set[int]:
    async with engine.begin() as connection:
        return set(await people.officers_of(connection, TERRITORY, but))


async def test_alerts_go_to_the_commune_else_the_province_else_administrators(engine: AsyncEngine) -> None:
    clock = Clock()
    assert await officers_of(engine) == set()
    await officer(engine, clock, "neighbour", "15/04337")
    await officer(engine, clock, "elsewhere", "11")
    assert await officers_of(engine) == set()
    administrator = await officer(engine, clock, "administrator", "")
    assert await officers_of(engine) == {administrator.person_id}
    province = await officer(engine, clock, "province", "15")
    assert await officers_of(engine) == {province.person_id}
    first, second = await officer(engine, clock, "first"), await officer(engine, clock, "second")
    assert await officers_of(engine) == {first.person_id, second.person_id}
    async with engine.begin() as connection:
        await connection.execute(
            update(memberships).where(memberships.c.person_id == first.person_id).values(removed_at=clock())
        )
    assert await officers_of(engine) == {second.person_id}


async def test_who_can_not_be_told_or_has_handed_it_in_is_passed_over(engine: AsyncEngine) -> None:
    clock = Clock()
    province = await officer(engine, clock, "province", "15")
    only = await officer(engine, clock, "officer")
    assert await officers_of(engine) == {only.person_id}
    assert await officers_of(engine, but=only.person_id) == {province.person_id}
    async with engine.begin() as connection:
        blocked = update(conversations).where(conversations.c.id == only.id).values(status="blocked")
        await connection.execute(blocked)
    assert await officers_of(engine) == {province.person_id}


async def test_a_person_is_told_over_the_chat_used_last(engine: AsyncEngine) -> None:
    clock = Clock()
    anna, other = await chat(engine, clock, "anna"), await chat(engine, clock, "anna", "numbers")
    async with engine.begin() as connection:
        moved = update(conversations).where(conversations.c.id == other.id)
        await connection.execute(moved.values(person_id=anna.person_id, updated_at=clock() + timedelta(seconds=1)))
        (found,) = await people.chats_of(connection, [anna.person_id])
        assert found.id == other.id
        await connection.execute(update(conversations).where(conversations.c.id == other.id).values(status="blocked"))
        (found,) = await people.chats_of(connection, [anna.person_id])
        assert found.id == anna.id
        assert await people.chats_of(connection, []) == []


async def test_consent_is_recorded_with_its_text_and_time(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    async with engine.begin() as connection:
        await people.record_consent(connection, anna, "dossier", False, "2026-11-22", clock())
        await people.record_consent(connection, anna, "dossier", True, "2026-11-22", clock())
        await people.record_consent(connection, anna, "reminders", True, "2026-11-22", clock())
    first, *_ = found = await rows(engine, consents)
    assert (first.text_version, first.channel, first.recorded_at) == ("2026-11-22", "telegram", clock())
    assert [(row.purpose, row.given) for row in found] == [
        ("dossier", False), ("dossier", True), ("reminders", True)
    ]  # fmt: skip
    (person,) = await rows(engine, people_table)
    assert (person.consent, person.reminders) == ("yes", True)


# ---------------------------------------------------------------- one-time links


async def use(engine: AsyncEngine, token: str, person_id: int, clock: Clock) -> Membership | None:
    async with engine.begin() as connection:
        return await people.use_invitation(connection, token, person_id, clock())


async def test_an_invitation_works_once_also_for_two_at_once(engine: AsyncEngine) -> None:
    clock = Clock()
    anna, bert = await chat(engine, clock, "anna"), await chat(engine, clock, "bert")
    async with engine.begin() as connection:
        token = await people.invite(connection, Role.COMMUNE_OFFICER, TERRITORY, clock())
    async with beside(engine) as other:
        both = await asyncio.gather(use(engine, token, anna.person_id, clock), use(other, token, bert.person_id, clock))
    assert sorted(both, key=bool) == [None, Membership(Role.COMMUNE_OFFICER, TERRITORY)]
    assert await count(engine, memberships) == 1
    assert await use(engine, token, anna.person_id, clock) is None
    (row,) = await rows(engine, invitations)
    assert token not in json.dumps(list(row), default=str)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1)])
async def test_an_invitation_expires(engine: AsyncEngine, late: timedelta) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    async with engine.begin() as connection:
        token = await people.invite(connection, Role.COMMUNE_OFFICER, TERRITORY, clock())
    clock.now += timedelta(days=people.INVITATION_DAYS) + late
    assert await use(engine, token, anna.person_id, clock) is None
    assert await use(engine, "nonsense", anna.person_id, clock) is None
    assert await count(engine, memberships) == 0


async def spend(engine: AsyncEngine, token: str, clock: Clock) -> bool:
    async with engine.begin() as connection:
        return await people.link_target(connection, token, clock(), use=True) is not None


async def test_an_upload_link_works_once_also_for_two_at_once_and_for_a_day(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    async with engine.begin() as connection:
        token = await people.upload_link(connection, anna.id, "TL12-26-0001", "plan", clock())
        late = await people.upload_link(connection, anna.id, "TL12-26-0001", "plan", clock())
        for _ in range(2):
            found = await people.link_target(connection, token, clock(), use=False)
            assert (found.case_code, found.paper, found.chat_id) == ("TL12-26-0001", "plan", "anna")
    async with beside(engine) as other:
        assert sorted(await asyncio.gather(spend(engine, token, clock), spend(other, token, clock))) == [False, True]
    assert not await spend(engine, token, clock)
    clock.now += timedelta(hours=people.UPLOAD_LINK_HOURS)
    assert not await spend(engine, late, clock)


# ---------------------------------------------------------------- forgetting


async def test_forgetting_deletes_what_it_promises_and_keeps_the_official_record(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna", "web", name="Mẩy", phone="+84912345678")
    await keep_files(engine, clock, anna, "loose", "handed-in")
    code = await submit(engine, anna, clock(), ANSWERS | {"photos": "handed-in:0"})
    namesake = await chat(engine, clock, "anna", "telegram", name="Another")
    await keep_files(engine, clock, namesake, "theirs")
    async with engine.begin() as connection:
        case = await work.locked(connection, code)
        for number, conversation in enumerate((anna, namesake)):
            reply = outbox_row(conversation.id, "reply", {"text": "Mẩy"}, clock())
            await post(connection, [reply, reply])
            await people.upload_link(connection, conversation.id, code, "plan", clock())
            timer = {"conversation_id": conversation.id, "kind": "files", "subject": "x", "turn": 1}
            await people.set_timers(connection, [timer | {"due_at": clock()}])
            await add_note(connection, conversation.person_id, None, COMMUNE, "riêng", True, clock())
            await add_note(connection, conversation.person_id, case.id, COMMUNE, "hồ sơ", True, clock())
            message = {"chat_id": ("anna", "b")[number], "key": "k", "mine": True, "created_at": clock()}
            await connection.execute(insert(web_messages).values(**message, body={"text": "Mẩy"}))
        await people.record_consent(connection, anna, "dossier", True, "2026-11-22", clock())
        await people.forget(connection, anna, {"handed-in"})

    person, other = await rows(engine, people_table)
    assert (person.name, person.phone, person.producer_name, person.commune, person.consent) == ("",) * 5
    assert not person.reminders
    assert other.name == "Another"
    for table in (outbox_table, upload_links, timers):
        assert {row.conversation_id for row in await rows(engine, table)} == {namesake.id}
    assert [row.chat_id for row in await rows(engine, web_messages)] == ["b"]
    status = {row.id: row.status for row in await rows(engine, files)}
    assert status == {"loose": "forgotten", "handed-in": "stored", "theirs": "stored"}
    assert [(row.author_id == anna.person_id, row.text) for row in await rows(engine, notes)] == [
        (True, "hồ sơ"), (False, "riêng"), (False, "hồ sơ")
    ]  # fmt: skip
    assert (await rows(engine, cases))[0].answers["phone"] == "+84912345678"
    assert await count(engine, papers) == await count(engine, consents) == 1


async def test_forgetting_on_telegram_leaves_a_page_of_the_same_number_alone(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "7", "telegram")
    async with engine.begin() as connection:
        message = {"chat_id": "7", "key": "k", "mine": True, "created_at": clock(), "body": {"text": "x"}}
        await connection.execute(insert(web_messages).values(message))
        await people.forget(connection, anna, ())
    assert await count(engine, web_messages) == 1


def test_every_table_with_personal_data_is_thought_of() -> None:
    """A new table that points to a person or a chat has to be put on one side here, and into forget() if need be."""
    kept = {"conversations", "consents", "memberships", "invitations", "cases", "case_events", "absences", "days_off"}
    kept |= {"requests"}  # what was asked about one's data, and that it was done: the proof of the duty
    kept |= {"digests", "marks", "reason_templates", "results"}  # an office's record, by number; the name is gone
    kept |= {
        "assessments",
        "rounds",
        "council_sessions",
        "council_seats",
        "imports",
    }  # the same, of offices and councils
    deleted = {
        "wrong_codes",
        "join_codes",
        "address_codes",
        "deliveries",
        "download_links",
        "notices",
        "files",
        "notes",
        "outbox",
        "own_papers",
        "push_subscriptions",
        "timers",
        "upload_links",
    }
    pointing = {
        table.name
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name in ("people", "conversations")
    }
    assert pointing == kept | deleted

"""Two chats that become one person's: the code, what a guesser can do, what moves, the locks, and the way back."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, UniqueConstraint, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Update, option_data, pressed
from bot.doctor import SAMPLE_ANSWERS
from bot.handle import handle
from bot.turn import outbox_row
from bot.world import World
from dialogs.model import Draft, Mark, Role, State, TextReceived, TimerFired
from dialogs.rules.ruleset import ruleset_on
from dialogs.state import dump
from storage import audit, joining, notices, people, reach, reviews, staff, undo
from storage import cases as work
from storage import models as m
from storage.database import writing
from storage.joining import Outcome
from storage.outbox import post
from storage.records import Conversation, conversations_of
from tests.heart import COMMUNE, TERRITORY, beside, chat, keep_files, officer, rows, submit, world_at
from tests.transcripts import BESIDE, CHANNELS, START, Clock, Play

SECRET = "a key of this installation, which nobody knows"


def world_of(clock: Clock) -> World:
    return replace(world_at(clock), channels={**CHANNELS, **BESIDE}, secret_key=SECRET)


def play(engine: AsyncEngine, clock: Clock) -> Play:
    return Play(engine, world_of(clock), clock, "telegram")


async def lines(run: Play, *said: str) -> list[str]:
    """What came back for the last line."""
    back: list[str] = []
    for line in said:
        back = await run.line(line)
    return back


ANSWERS = {**SAMPLE_ANSWERS, "product_group": ruleset_on(START.date()).groups[0].id}


async def filed(engine: AsyncEngine, clock: Clock, producer: Conversation) -> str:
    return await submit(engine, producer, clock(), ANSWERS)


async def joined(engine: AsyncEngine, clock: Clock, into: Conversation, other: Conversation) -> list[str]:
    async with writing(engine) as connection:
        both = {(one.channel, one.chat_id): "vi" for one in (into, other)}
        await conversations_of(connection, both, clock())
        return await joining.join(connection, into.person_id, other.person_id, clock())


async def person_of(engine: AsyncEngine, who: Conversation) -> int:
    async with engine.begin() as connection:
        return await joining.person_of(connection, who.id)


# ---------------------------------------------------------------- a conversation


async def test_the_code_joins_what_both_have_agreed_to(engine: AsyncEngine) -> None:
    clock = Clock()
    run = play(engine, clock)
    mine, page = await chat(engine, clock, "producer", name="Mẩy"), await chat(engine, clock, "web", "web")
    code = await filed(engine, clock, mine)
    await lines(run, "> noi zalo", "> lay ma", "web> noi (digits)", "web> noi")
    assert await person_of(engine, page) != mine.person_id  # one yes of two
    asked = await run.line("~ 1 seconds")
    assert "< Vừa có người ở trang web nhập mã của anh/chị." in asked
    assert "< ✅ Nối xong. Từ giờ hai bên dùng chung một bộ hồ sơ." in await run.line("> [Nối hai bên]")
    assert await person_of(engine, page) == mine.person_id
    assert any("Bên kia đã đồng ý" in line for line in await run.line("~ 1 seconds"))
    assert any(code in line for line in await run.line("web> hồ sơ của tôi đâu"))
    (entry,) = await rows(engine, m.audit, m.audit.c.action == "join_identity")
    assert entry.details["joined"] == page.person_id
    assert entry.actor_id == mine.person_id
    assert not await rows(engine, m.people, m.people.c.id == page.person_id)
    assert not await rows(engine, m.join_codes)


async def test_a_yes_that_was_said_before_the_question_joins_nobody(engine: AsyncEngine) -> None:
    """On a messenger of numbers "1" stood for "a new code" a moment ago."""
    clock = Clock()
    run = Play(engine, world_of(clock), clock, "zalo")
    for who, channel in (("producer", "zalo"), ("web", "web")):
        await chat(engine, clock, who, channel)
    await lines(run, "> noi telegram", "> lay ma", "web> noi (digits)", "web> noi", "> 1")
    assert len({row.person_id for row in await rows(engine, m.conversations)}) == 2
    assert (await rows(engine, m.join_codes))[0].joining_id is None  # "1" was "a new code"


async def test_a_button_says_yes_only_to_who_asked(engine: AsyncEngine) -> None:
    clock = Clock()
    run = play(engine, clock)
    mine = await chat(engine, clock, "producer")
    others = [await chat(engine, clock, who, channel) for who, channel in (("web", "web"), ("second", "telegram"))]
    await lines(run, "> noi zalo", "> lay ma", "web> noi (digits)", "web> noi", "~ 1 seconds", "> khong phai toi")
    await lines(run, "> noi zalo", "> lay ma", "second> noi (digits)", "second> noi", "~ 1 seconds")
    event = pressed(option_data("join/asked", f"yes-{others[0].id}"))
    await handle(engine, run.world, [Update("telegram", "an-old-button", "producer", event, "vi")])
    assert await person_of(engine, others[0]) != mine.person_id
    await run.line("> [Nối hai bên]")
    assert await person_of(engine, others[1]) == mine.person_id


async def test_one_telephone_number_joins_nobody(engine: AsyncEngine) -> None:
    clock = Clock()
    first = await chat(engine, clock, "first", name="Mẩy", phone="+84912345678")
    second = await chat(engine, clock, "second", name="Mẩy", phone="+84912345678")
    run = play(engine, clock)
    await filed(engine, clock, first)
    for who in ("first", "second"):
        await lines(run, f"{who}> (contact 0912345678)", f"{who}> menu", f"{who}> hồ sơ của tôi đâu")
    assert await person_of(engine, first) != await person_of(engine, second)
    assert not any("TL12" in line for line in await run.line("second> hồ sơ của tôi đâu"))


async def test_who_waits_is_told_that_a_new_code_took_the_place_of_the_old(engine: AsyncEngine) -> None:
    clock = Clock()
    run = play(engine, clock)
    await chat(engine, clock, "producer")
    await chat(engine, clock, "web", "web")
    await lines(run, "> noi zalo", "> lay ma", "web> noi (digits)", "web> noi", "~ 1 seconds", "> menu", "> noi zalo")
    # the question stands until it is answered; saying no and a new code are the ways on
    await lines(run, "> khong phai toi")
    assert any("Bên kia không nối" in line for line in await run.line("~ 1 seconds"))
    await lines(run, "> noi zalo", "> lay ma", "web> noi (digits)", "web> noi", "> lay ma moi")
    assert any("thôi không nối nữa" in line for line in await run.line("~ 1 seconds"))
    assert await run.line("~ 20 minutes") == []


# ---------------------------------------------------------------- the code


async def made(engine: AsyncEngine, clock: Clock, who: Conversation, secret: str = SECRET) -> str:
    async with writing(engine) as connection:
        await joining.leave(connection, who.id, giving=True)
        return await joining.make_code(connection, who, secret, clock())


async def used(engine: AsyncEngine, clock: Clock, who: Conversation, digits: str, secret: str = SECRET) -> Outcome:
    async with writing(engine) as connection:
        return (await joining.use_code(connection, who, digits, secret, clock()))[0]


def other_than(digits: str, n: int = 1) -> str:
    return f"{(int(digits) + n) % 1_000_000:06}"


async def test_a_code_is_good_once_and_for_ten_minutes(engine: AsyncEngine) -> None:
    clock = Clock()
    mine, b, c = [await chat(engine, clock, who) for who in "abc"]
    first = await made(engine, clock, mine)
    second = await made(engine, clock, mine)
    assert len(await rows(engine, m.join_codes)) == 1
    assert await used(engine, clock, b, first) is Outcome.WRONG
    assert await used(engine, clock, mine, second) is Outcome.OWN
    assert await used(engine, clock, b, second) is Outcome.RIGHT
    assert await used(engine, clock, c, second) is Outcome.WRONG
    third = await made(engine, clock, mine)
    clock.now += timedelta(minutes=10)
    assert await used(engine, clock, b, third) is Outcome.WRONG


async def test_what_is_kept_of_a_code_is_worth_nothing_without_the_key(engine: AsyncEngine) -> None:
    clock = Clock()
    mine, b = [await chat(engine, clock, who) for who in "ab"]
    digits = await made(engine, clock, mine)
    (row,) = await rows(engine, m.join_codes)
    assert digits not in str(tuple(row)).replace(row.code_sha256, "")
    assert row.code_sha256 != reach.keyed("", "join", digits)
    assert await used(engine, clock, b, digits, "another key") is Outcome.WRONG
    assert await used(engine, clock, b, digits) is Outcome.RIGHT


async def test_a_chat_has_five_tries_an_hour(engine: AsyncEngine) -> None:
    clock = Clock()
    mine, b, c = [await chat(engine, clock, who) for who in "abc"]
    digits = await made(engine, clock, mine)
    for n in range(joining.TRIES_PER_HOUR):
        assert await used(engine, clock, b, other_than(digits, n + 1)) is Outcome.WRONG
    assert await used(engine, clock, b, digits) is Outcome.TOO_OFTEN  # not even the right one
    assert (await rows(engine, m.join_codes))[0].joining_id is None
    assert await used(engine, clock, c, digits) is Outcome.RIGHT
    clock.now += timedelta(hours=1)
    again = await made(engine, clock, mine)
    assert await used(engine, clock, b, again) is Outcome.RIGHT
    assert not await rows(engine, m.wrong_codes)  # of older tries nothing is kept


async def test_many_chats_of_one_guesser_are_braked_together(engine: AsyncEngine) -> None:
    clock = Clock()
    mine = await chat(engine, clock, "mine")
    digits = await made(engine, clock, mine)
    guessers = [await chat(engine, clock, f"page-{n}", "web") for n in range(8)]
    outcomes = [await used(engine, clock, guessers[n // 5], other_than(digits, n + 1)) for n in range(40)]
    assert outcomes.count(Outcome.WRONG) == joining.WRONG_PER_HOUR
    assert set(outcomes[joining.WRONG_PER_HOUR :]) == {Outcome.CLOSED}
    newest = await chat(engine, clock, "another-page", "web")
    assert await used(engine, clock, newest, digits) is Outcome.CLOSED  # the guess that would have been right
    neighbour = await chat(engine, clock, "neighbour", "zalo")
    assert await used(engine, clock, neighbour, digits) is Outcome.RIGHT  # over a channel that is not under attack


async def test_codes_in_use_are_few_among_a_million(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "LIVE_PER_CHANNEL", 3)
    clock = Clock()
    pages = [await chat(engine, clock, f"page-{n}", "web") for n in range(4)]
    codes = [await made(engine, clock, page) for page in pages]
    assert len(set(codes[:3])) == 3
    assert codes[3] == ""
    assert await made(engine, clock, pages[0])  # who has one gets a new one in its place
    elsewhere = await chat(engine, clock, "elsewhere", "zalo")
    assert await made(engine, clock, elsewhere)
    clock.now += timedelta(minutes=10)
    assert await made(engine, clock, pages[3])


async def test_a_wrong_code_and_one_of_somebody_else_are_answered_alike(engine: AsyncEngine) -> None:
    clock = Clock()
    run = play(engine, clock)
    for who in ("producer", "guesser", "second"):
        await chat(engine, clock, who)
    await lines(run, "> noi zalo", "> lay ma")
    digits = run.digits
    spent = await lines(run, "second> noi (digits)", f"guesser> noi {digits}")
    wrong = await run.line(f"guesser> noi {other_than(digits)}")
    clock.now += timedelta(minutes=11)
    over = await run.line(f"guesser> noi {digits}")
    assert spent == wrong == over != []


# ---------------------------------------------------------------- what moves


def filled(person: int, other: int, case_id: int, chat_id: int, clock: Clock) -> dict[Table, dict[str, Any]]:
    """One row for each table that names a person, all of its columns naming this one."""
    now, day = clock(), clock().date()
    return {
        m.consents: {"purpose": "dossier", "given": True, "text_version": "1", "channel": "web", "recorded_at": now},
        m.memberships: {"role": "commune_officer", "territory": "15/04337", "since": now},
        m.invitations: {"token_sha256": "t", "role": "commune_officer", "territory": "15", "expires_at": now},
        m.days_off: {"territory": "15", "day": day},
        m.absences: {"first_on": day, "last_on": day, "created_at": now},
        m.case_events: {"case_id": case_id, "action": "take", "to_status": "idea_submitted", "happened_at": now},
        m.marks: {"case_id": case_id, "item": "answer:x", "verdict": "accept", "marked_at": now},
        m.reason_templates: {"item": "paper", "text": "stamp"},
        m.files: {"id": "f", "conversation_id": chat_id, "channel": "web", "source": "", "received_at": now},
        m.results: {"case_id": case_id, "points_a": 1, "points_b": 1, "points_c": 1, "stars": 3},
        m.notes: {"commune": COMMUNE, "to_officers": True, "text": "…", "written_at": now},
        m.notices: {"words": "", "bodies": [], "status": "waiting", "created_at": now},
        m.digests: {"day": day, "due_at": now},
        m.assessments: {"case_id": case_id, "topic": "idea", "product_set": 7, "option": 1, "assessed_at": now},
        m.rounds: {
            "province": "15",
            "year": 2027,
            "number": 3,
            "proposals_before": day,
            "results_before": day,
            "made_at": now,
        },
        m.own_papers: {"paper": "food_safety", "pages": [], "valid_until": day, "look_on": day, "kept_at": now},
        m.imports: {"province": "15", "file_id": "f", "status": "done", "asked_at": now},
        m.council_sessions: {"province": "15", "year": 2026, "number": 1, "opened_at": now},
        m.council_seats: {
            "session_id": 1,
            "number": 1,
            "name": "Thu",
            "chair": True,
            "token_sha256": "t",
            "expires_at": now,
        },
        m.requests: {"kind": "see", "made_at": now, "answer_on": day, "done_on": day},
    }


async def test_everything_that_names_a_person_moves(engine: AsyncEngine) -> None:
    """Fails when a new table or column names a person and this does not know it."""
    clock = Clock()
    into, other, third = [await chat(engine, clock, who) for who in "abc"]
    code = await filed(engine, clock, third)
    own = await filed(engine, clock, other)
    (case,) = await rows(engine, m.cases, m.cases.c.code == code)
    made_of = filled(other.person_id, into.person_id, case.id, other.id, clock)
    names = {column: column.name for column in joining.references()}
    assert {column.table for column in names} == {*made_of, m.cases, m.conversations}
    async with engine.begin() as connection:
        for table, row in made_of.items():
            mine = {name: other.person_id for column, name in names.items() if column.table is table}
            await connection.execute(insert(table).values({**row, **mine}))
        held = {"holder_id": other.person_id, "filed_by": other.person_id}
        await connection.execute(update(m.cases).where(m.cases.c.id == case.id).values(held))
        before = {c: await _count(connection, c, other.person_id) for c in names}
    assert all(before.values()), {str(c) for c, n in before.items() if not n}
    assert await joined(engine, clock, into, other) == [own]
    async with engine.begin() as connection:
        for column, count in before.items():
            assert await _count(connection, column, other.person_id) == 0, column
            assert await _count(connection, column, into.person_id) >= count, column
    assert not await rows(engine, m.people, m.people.c.id == other.person_id)


async def _count(connection: Any, column: Any, person_id: int) -> int:
    found = await connection.execute(select(func.count()).select_from(column.table).where(column == person_id))
    return int(found.scalar_one())


def test_what_a_join_has_to_know_of_the_tables() -> None:
    """A column beside these needs a decision in storage/joining.py: moved by itself, merged, or left as it is."""
    keys = {
        str(column)
        for column in joining.references()
        for rule in (column.table.primary_key, *column.table.constraints)
        if rule is column.table.primary_key or isinstance(rule, UniqueConstraint)
        if rule.columns.contains_column(column)
    }
    assert keys == {"digests.person_id"}  # may be there twice, so one of the two goes
    named = {column.name for column in joining.references()}
    unreferenced = {
        str(column)
        for table in m.metadata.tables.values()
        for column in table.columns
        if column.name in named and not column.foreign_keys
    }
    assert unreferenced == {"audit.actor_id"}  # which only grows, and keeps the old number
    merged = {"consent", "reminders", "case_count", "officer", "created_at", *joining._WRITTEN}
    assert {*m.people.c.keys()} == {"id", *merged}


async def test_what_is_known_of_the_first_stays_and_the_other_fills_the_gaps(engine: AsyncEngine) -> None:
    clock = Clock()
    into, other = await chat(engine, clock, "a"), await chat(engine, clock, "b")
    await filed(engine, clock, into)
    await filed(engine, clock, other)
    await chat(engine, clock, "a", name="Mẩy", phone="", producer_name="")
    await chat(engine, clock, "b", name="Lan", phone="+84912345678", producer_name="Hộ Lan", reminders=True)
    await joined(engine, clock, into, other)
    (person,) = await rows(engine, m.people)
    assert (person.name, person.phone, person.producer_name) == ("Mẩy", "+84912345678", "Hộ Lan")
    assert (person.consent, person.reminders, person.case_count) == ("yes", True, 2)


async def test_who_has_said_no_to_reminders_gets_none(engine: AsyncEngine) -> None:
    clock = Clock()
    into, other = await chat(engine, clock, "a"), await chat(engine, clock, "b", reminders=True)
    async with engine.begin() as connection:
        await people.record_consent(connection, into, "reminders", False, "1", clock())
    await joined(engine, clock, into, other)
    assert not (await rows(engine, m.people))[0].reminders
    assert len(await rows(engine, m.consents)) == 1


async def test_both_overviews_of_one_day_are_one(engine: AsyncEngine) -> None:
    clock = Clock()
    into, other = await officer(engine, clock, "a"), await officer(engine, clock, "b")
    day = clock().date()
    async with engine.begin() as connection:
        for who, on in ((into, day), (other, day), (other, day - timedelta(days=1))):
            row = {"person_id": who.person_id, "day": on, "due_at": clock()}
            await connection.execute(insert(m.digests).values(row))
    await joined(engine, clock, into, other)
    assert [row.day for row in await rows(engine, m.digests)] == [day - timedelta(days=1), day]


# ---------------------------------------------------------------- officers


async def test_an_officer_never_has_their_own_case_in_hand(engine: AsyncEngine) -> None:
    """The officer's chat and the producer's are one person's: nobody decides on their own."""
    clock = Clock()
    run = play(engine, clock)
    into, other = await officer(engine, clock, "officer"), await chat(engine, clock, "producer", name="Mẩy")
    colleague = await officer(engine, clock, "colleague")
    code = await filed(engine, clock, other)
    await lines(run, f"officer> {code}", "officer> nhan xu ly")
    (case,) = await rows(engine, m.cases)
    assert case.holder_id == into.person_id
    async with engine.begin() as connection:
        await reviews.set_mark(connection, case.id, into.person_id, Mark("answer:product", "accept"), clock())
    shown = await run.line(f"officer> {code}")
    await joined(engine, clock, into, other)
    (case,) = await rows(engine, m.cases)
    assert (case.person_id, case.holder_id) == (into.person_id, None)
    assert not await rows(engine, m.marks)
    assert (await rows(engine, m.case_events))[-1].action == "release"
    accept = next(data for data, label in run.seen["officer"][-1]["buttons"] if label == "Chấp nhận")
    assert shown
    await handle(engine, run.world, [Update("telegram", "accept", "officer", pressed(accept), "vi")])
    await lines(run, f"officer> {code}", "officer> chap nhan", "officer> nhan luon")
    assert (await rows(engine, m.cases))[0].status == "idea_submitted"
    async with engine.begin() as connection:
        assert await people.officers_of(connection, TERRITORY, into.person_id) == [colleague.person_id]
    await lines(run, f"colleague> {code}", "colleague> chap nhan", "colleague> nhan luon")
    assert (await rows(engine, m.cases))[0].status == "idea_accepted"


async def test_roles_are_united_and_nobody_covers_for_themselves(engine: AsyncEngine) -> None:
    clock = Clock()
    into, other = await officer(engine, clock, "a"), await officer(engine, clock, "b")
    day = clock().date()
    async with engine.begin() as connection:
        await connection.execute(
            insert(m.memberships).values(
                person_id=other.person_id, role=str(Role.PROVINCE_OFFICER), territory="15", since=clock()
            )
        )
        for who, cover in ((into, other), (other, into)):
            await staff.take_leave(connection, who.person_id, cover.person_id, day, day, clock())
    await joined(engine, clock, into, other)
    async with engine.begin() as connection:
        mine = await staff.own_memberships(connection, into.person_id)
        assert [(one.role, one.territory) for one in mine] == [
            (Role.COMMUNE_OFFICER, TERRITORY),
            (Role.PROVINCE_OFFICER, "15"),
        ]
        assert await staff.on_leave(connection, day) == {}
    standing = await rows(engine, m.memberships, m.memberships.c.removed_at.is_(None))
    assert len(standing) == 2


async def test_rights_come_along_with_the_officers_chat(engine: AsyncEngine) -> None:
    """The officer types the code of their own chat as a producer: that one has the desk from the same turn on."""
    clock = Clock()
    run = play(engine, clock)
    await chat(engine, clock, "producer", name="Mẩy")
    await officer(engine, clock, "officer")
    await lines(run, "> noi zalo", "> lay ma", "officer> noi (digits)", "officer> noi", "~ 1 seconds")
    shown = await run.line("> [Nối hai bên]")
    assert any("[Giờ báo tin]" in line for line in shown)
    assert any("Không có hồ sơ nào chờ xem" in line for line in await run.line("> việc của tôi"))


async def test_a_decision_of_before_can_be_taken_back_after_it(engine: AsyncEngine) -> None:
    clock = Clock()
    run = play(engine, clock)
    into, other = await officer(engine, clock, "a"), await officer(engine, clock, "officer")
    producer = await chat(engine, clock, "producer")
    code = await filed(engine, clock, producer)
    await lines(run, f"officer> {code}", "officer> nhan xu ly", "officer> chap nhan", "officer> nhan luon")
    assert (await rows(engine, m.cases))[0].status == "idea_accepted"
    await joined(engine, clock, into, other)
    async with writing(engine) as connection:
        case = await work.locked(connection, code)
        facts = await undo.undo_facts(connection, code, into.person_id, clock())
        assert facts is not None
        await work.take_back(connection, case, work.Actor(into.person_id, "telegram"), facts.number, clock())
    (case,) = await rows(engine, m.cases)
    assert (case.status, case.holder_id) == ("idea_submitted", into.person_id)


async def test_the_audit_keeps_the_old_number_and_still_has_the_name(engine: AsyncEngine) -> None:
    clock = Clock()
    run = play(engine, clock)
    producer = await chat(engine, clock, "producer")
    for who in ("one", "two", "three"):
        await officer(engine, clock, who)
    code = await filed(engine, clock, producer)
    (first,) = await rows(engine, m.conversations, m.conversations.c.chat_id == "one")
    await lines(run, f"one> {code}", "one> menu")
    for giver, taker in (("two", "one"), ("three", "two")):
        await lines(run, f"{giver}> noi zalo", f"{giver}> lay ma", f"{taker}> noi (digits)", f"{taker}> noi")
        await lines(run, "~ 1 seconds", f"{giver}> [Nối hai bên]")
    async with engine.begin() as connection:
        last = await joining.person_of(connection, first.id)
        await people.set_person(connection, last, name="Hùng")
        entries = await audit.of_case(connection, code)
        assert (await audit.verify(connection)).broken is None
    (entry,) = [entry for entry in entries if entry["action"] == "view_case"]
    assert (entry["actor_id"], entry["name"]) == (first.person_id, "Hùng")
    assert first.person_id != last


# ---------------------------------------------------------------- at once


async def asked(engine: AsyncEngine, clock: Clock, giver: Conversation, taker: Conversation) -> None:
    """The taker has typed the giver's code and agreed, and the giver stands before the question."""
    digits = await made(engine, clock, giver)
    assert await used(engine, clock, taker, digits) is Outcome.RIGHT
    async with writing(engine) as connection:
        assert await joining.agree(connection, taker.id, clock())
    await handle(engine, world_of(clock), [_fired(giver)])


def _fired(who: Conversation) -> Update:
    return Update(who.channel, f"timer-{who.id}", who.chat_id, TimerFired("join", "asked", 0))


def _yes(giver: Conversation, taker: Conversation) -> Update:
    event = pressed(option_data("join/asked", f"yes-{taker.id}"))
    return Update(giver.channel, f"yes-{giver.id}", giver.chat_id, event, "vi")


async def test_two_that_join_each_other_at_once_are_one_in_the_end(engine: AsyncEngine) -> None:
    """Neither waits for the other in a circle: both lock all that is concerned, in one order."""
    clock = Clock()
    a, b = await chat(engine, clock, "a"), await chat(engine, clock, "b")
    await filed(engine, clock, a)
    await filed(engine, clock, b)
    await asked(engine, clock, a, b)
    await asked(engine, clock, b, a)
    world = world_of(clock)
    async with beside(engine) as other, asyncio.timeout(20):
        await asyncio.gather(handle(engine, world, [_yes(a, b)]), handle(other, world, [_yes(b, a)]))
    chats = await rows(engine, m.conversations)
    assert len({row.person_id for row in chats}) == 1
    (person,) = await rows(engine, m.people)
    assert person.case_count == len(await rows(engine, m.cases)) == 2


async def test_joins_in_a_ring_and_messages_meanwhile_all_go_through(engine: AsyncEngine) -> None:
    """Six chats, each of which says yes to the next one, while all of them write."""
    clock = Clock()
    ring = [await chat(engine, clock, f"chat-{n}") for n in range(6)]
    for n, giver in enumerate(ring):
        await filed(engine, clock, giver)
        await asked(engine, clock, giver, ring[n - 1])
    world = world_of(clock)

    def wrote(who: Conversation, n: int) -> Update:
        return Update(who.channel, f"{who.id}-{n}", who.chat_id, TextReceived("hồ sơ của tôi đâu"), "vi")

    async with beside(engine) as other, asyncio.timeout(60):
        both = (engine, other)
        turns = [handle(both[n % 2], world, [_yes(giver, ring[n - 1])]) for n, giver in enumerate(ring)]
        turns += [handle(both[n % 2], world, [wrote(who, n) for who in ring[n % 3 :]]) for n in range(6)]
        failed = [end for end in await asyncio.gather(*turns, return_exceptions=True) if isinstance(end, BaseException)]
    assert failed == []
    people_left = await rows(engine, m.people)
    assert sum(person.case_count for person in people_left) == len(await rows(engine, m.cases)) == 6
    named = {row.person_id for row in await rows(engine, m.cases)}
    assert named <= {person.id for person in people_left}


async def test_two_processes_with_chats_of_the_same_two_people(engine: AsyncEngine) -> None:
    """Each person has two chats, so the order of the chats is not the order of the people.

    One process is held up in the middle of its chats, while the other one takes all of its own.
    """
    clock = Clock()
    a, b, a2, b2 = [await chat(engine, clock, who) for who in ("a", "b", "a2", "b2")]
    await joined(engine, clock, a, b2)  # a: chats 1 and 4
    await joined(engine, clock, b, a2)  # b: chats 2 and 3
    world = world_of(clock)

    def wrote(*chats: Conversation) -> list[Update]:
        return [Update(who.channel, f"{who.id}", who.chat_id, TextReceived("menu"), "vi") for who in chats]

    async with (
        beside(engine) as other,
        asyncio.timeout(30),
        asyncio.TaskGroup() as tasks,  # waits for them after the transaction has ended
        engine.begin() as connection,
    ):
        third = select(m.conversations.c.id).where(m.conversations.c.id == a2.id)
        await connection.execute(third.with_for_update())
        tasks.create_task(handle(engine, world, wrote(a, a2)))
        await asyncio.sleep(0.5)
        tasks.create_task(handle(other, world, wrote(b, b2)))
        await asyncio.sleep(0.5)


# ---------------------------------------------------------------- the way back


async def test_a_chat_that_is_split_off_takes_nothing_along(engine: AsyncEngine) -> None:
    clock = Clock()
    run = play(engine, clock)
    mine, page = await chat(engine, clock, "producer", name="Mẩy"), await chat(engine, clock, "web", "web")
    code = await filed(engine, clock, mine)
    await joined(engine, clock, mine, page)
    async with writing(engine) as connection:
        await people.upload_link(connection, page.id, code, "story", clock())
        timer = {"conversation_id": page.id, "kind": "reminder", "subject": "x", "turn": 1, "due_at": clock()}
        await people.set_timers(connection, [timer | {"due_at": clock() + timedelta(days=1)}])
        await post(connection, [outbox_row(page.id, "notice", {"text": "about the case"}, clock() + timedelta(days=1))])
        await reach.add_address(connection, mine.person_id, "push", "browser", "vi", clock())
    said = await lines(run, "web> tach kenh nay ra", "web> [Tách ra]")
    assert any("Đã tách trang web ra" in line for line in said if line.startswith("<"))
    alone = await person_of(engine, page)
    assert alone != mine.person_id
    (person,) = await rows(engine, m.people, m.people.c.id == alone)
    assert (person.name, person.consent, person.case_count) == ("", "", 0)
    assert [row.person_id for row in await rows(engine, m.cases)] == [mine.person_id]
    assert not await rows(engine, m.upload_links)
    assert not await rows(engine, m.timers, m.timers.c.conversation_id == page.id)
    left = await rows(engine, m.outbox, m.outbox.c.conversation_id == page.id)
    assert "about the case" not in {row.body["text"] for row in left}
    (browser,) = await rows(engine, m.conversations, m.conversations.c.channel == "push")
    assert browser.status == "blocked"
    assert not any(code in line for line in await run.line(f"web> {code}"))
    assert any(code in line for line in await run.line("> hồ sơ của tôi đâu"))
    (entry,) = await rows(engine, m.audit, m.audit.c.action == "split_identity")
    assert entry.actor_id == mine.person_id


async def test_what_waits_in_a_chat_that_is_split_off_climbs_on(engine: AsyncEngine) -> None:
    clock = Clock()
    mine, page = await chat(engine, clock, "producer"), await chat(engine, clock, "web", "web")
    await joined(engine, clock, mine, page)
    ladder = {
        "person_id": mine.person_id, "channel": "web", "case_code": "", "territory": "", "alert": "", "words": "…",
        "bodies": [[page.id, {"text": "1"}], [mine.id, {"text": "1"}]],
    }  # fmt: skip
    run = play(engine, clock)
    await run.line("web> tach kenh nay ra")
    async with writing(engine) as connection:
        row = outbox_row(page.id, "notice", {"text": "1"}, clock())
        await post(connection, [{**row, "ladder": ladder}])
    await run.line("web> tach ra")
    (rung,) = await rows(engine, m.deliveries, m.deliveries.c.conversation_id == page.id)
    assert (rung.status, rung.outcome) == ("failed", "Split")
    async with writing(engine) as connection:
        found = await notices.standing(connection, rung.notice_id, clock())
        assert found is not None
        assert found.next_rung == 1
        assert page.id not in found.chats


async def test_who_has_one_chat_has_nothing_to_split(engine: AsyncEngine) -> None:
    clock = Clock()
    run = play(engine, clock)
    mine = await chat(engine, clock, "producer")
    await run.line("> tách kênh này ra")
    assert await person_of(engine, mine) == mine.person_id
    assert len(await rows(engine, m.people)) == 1


async def test_an_officers_leave_ends_although_its_chat_was_split_off(engine: AsyncEngine) -> None:
    clock = Clock()
    mine, page = await officer(engine, clock, "officer"), await chat(engine, clock, "web", "web")
    await joined(engine, clock, mine, page)
    due = clock() + timedelta(days=3)
    row = {"conversation_id": page.id, "kind": "leave", "subject": "2026-11-25", "turn": 1, "due_at": due}
    async with writing(engine) as connection:
        await people.set_timers(connection, [row])
    await lines(play(engine, clock), "web> tach kenh nay ra", "web> tach ra")
    (timer,) = await rows(engine, m.timers, m.timers.c.kind == "leave")
    assert (timer.conversation_id, timer.due_at) == (mine.id, due)


# ---------------------------------------------------------------- forgetting


async def test_deleting_my_data_is_meant_for_all_my_chats(engine: AsyncEngine) -> None:
    clock = Clock()
    run = play(engine, clock)
    mine, page = await chat(engine, clock, "producer", name="Mẩy"), await chat(engine, clock, "web", "web")
    await joined(engine, clock, mine, page)
    await keep_files(engine, clock, mine, "loose")
    begun = State(at="menu/", drafts={"register_idea.1": Draft({"product": "Mật ong"}, turn=1)})
    async with writing(engine) as connection:
        state = update(m.conversations).where(m.conversations.c.id == page.id)
        await connection.execute(state.values(state=dump(begun)))
        await reach.add_address(connection, mine.person_id, "email", "lan@example.vn", "vi", clock())
        assert await reach.address_code(connection, page.id, "may@example.vn", SECRET, clock())
        assert await joining.make_code(connection, page, SECRET, clock())
        await joining.use_code(connection, page, "000000", SECRET, clock())
        await connection.execute(
            insert(m.web_messages).values(
                chat_id="web", key="1", mine=True, body={"text": "of Mẩy"}, created_at=clock()
            )
        )
    await lines(run, "> xoá dữ liệu", "> [Xoá dữ liệu của tôi]", "> [Xoá hết]")
    assert (await rows(engine, m.people))[0].name == ""
    for table in (m.web_messages, m.address_codes, m.join_codes, m.wrong_codes, m.push_subscriptions):
        assert not await rows(engine, table)
    chats = {row.channel: row for row in await rows(engine, m.conversations)}
    assert chats["web"].state == dump(State(at="menu/"))
    assert "@" not in chats["email"].chat_id
    assert (await rows(engine, m.files))[0].status == "forgotten"

"""What a dialog ordered becomes rows: decisions, alerts, notes, files, for the right people only."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Update
from bot.desk.decisions import OWN
from bot.effects import NOTHING_NEW, SENT, TOO_LATE, carry_out
from bot.handle import handle
from bot.turn import ALERT_WORDS_CHARS, Turned
from dialogs.model import (
    CorrectAnswers,
    DecideCase,
    Effect,
    Facts,
    FileReceived,
    FileRef,
    ForgetMe,
    Invite,
    KeepPaper,
    RevealPhone,
    Role,
    SendMessage,
    SendNote,
    SendPapers,
    SendToCommune,
    Text,
    TextReceived,
)
from storage import cases as work
from storage.models import (
    case_events,
    cases,
    conversations,
    files,
    invitations,
    memberships,
    notes,
    outbox,
    papers,
    returned_items,
)
from storage.outbox import post
from storage.records import Conversation, Wanted, facts_for
from tests.heart import (
    ANSWERS,
    beside,
    chat,
    count,
    idea,
    keep_files,
    officer,
    rows,
    say,
    submit,
    taking,
    typed,
    world_at,
)
from tests.transcripts import Clock


async def texts_to(engine: AsyncEngine, who: str) -> list[str]:
    (row,) = await rows(engine, conversations, conversations.c.chat_id == who, conversations.c.channel == "telegram")
    return [message.body["text"] for message in await rows(engine, outbox, outbox.c.conversation_id == row.id)]


async def ordered(engine: AsyncEngine, clock: Clock, who: Conversation, code: str, *effects: Effect) -> Turned:
    """Carry out effects in a turn of this person, whatever the dialogs would have offered."""
    world = world_at(clock)
    async with engine.begin() as connection:
        facts = (await facts_for(connection, [Wanted(who, code)], Facts(clock())))[who.id]
        update_ = Update(who.channel, "x", who.chat_id, TextReceived(""))
        turn = Turned(connection, who, update_, facts, world, clock())
        await carry_out(turn, effects)
    return turn


def refused(turn: Turned, *words: Text) -> bool:
    return any(not isinstance(said, str) and said.texts[:1] == (words or (TOO_LATE,)) for said in turn.carried.said)


# ---------------------------------------------------------------- decisions


async def at_the_last_question(engine: AsyncEngine, clock: Clock, *officers: str) -> str:
    for who in officers:
        await officer(engine, clock, who)
    await idea(engine, clock)
    (case,) = await rows(engine, cases)
    for who in officers:
        await say(engine, world_at(clock), who, case.code, "chấp nhận")
    return str(case.code)


async def test_of_two_officers_in_one_group_one_decides_and_the_other_is_told(engine: AsyncEngine) -> None:
    clock = Clock()
    world = world_at(clock)
    await at_the_last_question(engine, clock, "officer", "colleague")
    await handle(engine, world, [typed("officer", "nhận luôn", "a"), typed("colleague", "nhận luôn", "b")])
    assert (await rows(engine, cases))[0].status == "idea_accepted"
    assert "Em đã báo bà con." in (await texts_to(engine, "officer"))[-1]
    assert "vừa xử lý TL12-26-0001 (chấp nhận) nên em chưa gửi gì" in (await texts_to(engine, "colleague"))[-1]
    assert len(await rows(engine, case_events, case_events.c.action == "accept")) == 1


async def test_of_two_officers_in_two_processes_one_decides(engine: AsyncEngine) -> None:
    clock = Clock()
    world = world_at(clock)
    await at_the_last_question(engine, clock, "officer", "colleague")
    async with beside(engine) as other, taking(engine, world) as here, taking(other, world) as there:
        await asyncio.gather(
            here.submit(typed("officer", "nhận luôn", "a")), there.submit(typed("colleague", "nhận luôn", "b"))
        )
    assert len(await rows(engine, case_events, case_events.c.action == "accept")) == 1
    done = "Em đã báo bà con."
    last = [(await texts_to(engine, who))[-1] for who in ("officer", "colleague")]
    assert sorted(done in words for words in last) == [False, True]


async def test_an_accept_said_to_the_idea_does_not_accept_the_plan(engine: AsyncEngine) -> None:
    """The plan arrives between the officer's facts and the row's lock: in another process, or in the same group."""
    clock = Clock()
    member = await officer(engine, clock, "officer")
    code = await submit(engine, await chat(engine, clock, "anna"), clock())
    async with engine.begin() as connection:
        facts = (await facts_for(connection, [Wanted(member, code)], Facts(clock())))[member.id]
        await connection.execute(update(cases).values(status="plan_submitted"))
        turn = Turned(
            connection, member, Update("telegram", "x", "officer", TextReceived("")), facts, world_at(clock), clock()
        )
        await carry_out(turn, (DecideCase(code, "accept"),))
    assert refused(turn, Text("%(code)s has moved on meanwhile, so nothing was sent.", {"code": code}))
    assert (await rows(engine, cases))[0].status == "plan_submitted"


async def test_nobody_decides_their_own_case(engine: AsyncEngine) -> None:
    clock = Clock()
    await officer(engine, clock, "officer")
    code = await submit(engine, await chat(engine, clock, "officer"), clock())
    member = await chat(engine, clock, "officer")
    assert refused(await ordered(engine, clock, member, code, DecideCase(code, "accept")), OWN)
    assert (await rows(engine, cases))[0].status == "idea_submitted"


@pytest.mark.parametrize("territory", ["15/04337", "11", "1"])
@pytest.mark.parametrize(
    "effect",
    [
        DecideCase("TL12-26-0001", "accept"),
        RevealPhone("TL12-26-0001"),
        SendPapers("TL12-26-0001"),
        SendNote("TL12-26-0001", "chào", to_officers=False),
        SendToCommune("TL12-26-0001"),
    ],
)
async def test_another_commune_s_officer_can_do_nothing(
    sqlite_engine: AsyncEngine, territory: str, effect: Effect
) -> None:
    clock = Clock()
    code = await submit(sqlite_engine, await chat(sqlite_engine, clock, "anna"), clock())
    assert code == "TL12-26-0001"
    stranger = await officer(sqlite_engine, clock, "stranger", territory)
    turn = await ordered(sqlite_engine, clock, stranger, code, effect)
    assert refused(turn)
    assert not turn.carried.notices
    assert not turn.carried.attachments
    assert await count(sqlite_engine, case_events) == 1
    assert await count(sqlite_engine, notes) == 0


@pytest.mark.parametrize(
    "effect", [DecideCase("TL12-26-0001", "accept"), RevealPhone("TL12-26-0001"), SendPapers("TL12-26-0001")]
)
async def test_a_producer_can_do_nothing_to_a_stranger_s_case(sqlite_engine: AsyncEngine, effect: Effect) -> None:
    clock = Clock()
    code = await submit(sqlite_engine, await chat(sqlite_engine, clock, "anna"), clock())
    assert refused(await ordered(sqlite_engine, clock, await chat(sqlite_engine, clock, "bert"), code, effect))


async def test_a_paper_of_foreign_files_is_refused(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    anna, bert = await chat(sqlite_engine, clock, "anna"), await chat(sqlite_engine, clock, "bert")
    await keep_files(sqlite_engine, clock, bert, "theirs")
    code = await submit(sqlite_engine, anna, clock())
    anna = await chat(sqlite_engine, clock, "anna")
    assert refused(await ordered(sqlite_engine, clock, anna, code, KeepPaper(code, "plan", (("theirs", 0),))))
    assert await count(sqlite_engine, papers) == 0


async def test_looking_at_a_number_is_recorded(engine: AsyncEngine) -> None:
    clock = Clock()
    code = await submit(engine, await chat(engine, clock, "anna"), clock())
    member = await officer(engine, clock, "officer")
    await ordered(engine, clock, member, code, RevealPhone(code))
    *_, last = await rows(engine, case_events)
    assert (last.action, last.actor_id) == ("view_phone", member.person_id)


# ---------------------------------------------------------------- alerts


async def test_every_officer_of_the_commune_is_told_and_nobody_else(engine: AsyncEngine) -> None:
    clock = Clock()
    for who, territory in (("first", "15/04336"), ("second", "15/04336"), ("province", "15"), ("next", "15/04337")):
        await officer(engine, clock, who, territory)
    await idea(engine, clock)
    (case,) = await rows(engine, cases)
    told = {who: len(await texts_to(engine, who)) for who in ("first", "second", "province", "next")}
    assert told == {"first": 1, "second": 1, "province": 0, "next": 0}
    (alert,) = await texts_to(engine, "first")
    assert case.code in alert
    assert "Chuối sấy dẻo" in alert
    kinds = {row.kind for row in await rows(engine, outbox) if row.body["text"] == alert}
    assert kinds == {"notice"}


async def test_the_only_officer_s_own_idea_goes_to_the_province(engine: AsyncEngine) -> None:
    clock = Clock()
    await officer(engine, clock, "province", "15")
    await idea(engine, clock)
    before = len(await texts_to(engine, "province"))
    (producer,) = await rows(engine, conversations, conversations.c.chat_id == "producer")
    async with engine.begin() as connection:
        row = {"person_id": producer.person_id, "role": Role.COMMUNE_OFFICER, "territory": "15/04336", "since": clock()}
        await connection.execute(insert(memberships).values(row))
    code = (await rows(engine, cases))[0].code
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(status="idea_accepted"))
    await keep_files(engine, clock, await chat(engine, clock, "producer"), "f")
    async with engine.begin() as connection:
        paper = {"case_id": 1, "paper": "plan", "version": 1, "pages": [["f", 0]], "kept_at": clock()}
        await connection.execute(insert(papers).values(paper))
    await ordered_and_posted(engine, clock, "producer", code, SendToCommune(code))
    assert len(await texts_to(engine, "province")) == before + 1


async def ordered_and_posted(engine: AsyncEngine, clock: Clock, who: str, code: str, *effects: Effect) -> None:
    turn = await ordered(engine, clock, await chat(engine, clock, who), code, *effects)
    async with engine.begin() as connection:
        await post(connection, turn.carried.notices)


async def test_a_long_note_is_cut_in_the_alert_and_whole_in_the_record(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    await officer(sqlite_engine, clock, "officer")
    anna = await chat(sqlite_engine, clock, "anna")
    long = "a" * (ALERT_WORDS_CHARS + 500)
    turn = await ordered(sqlite_engine, clock, anna, "", SendNote("", long, to_officers=True))
    (alert,) = turn.carried.notices
    assert long[:ALERT_WORDS_CHARS] in alert["body"]["text"]
    assert long[: ALERT_WORDS_CHARS + 1] not in alert["body"]["text"]
    assert (await rows(sqlite_engine, notes))[0].text == long


@pytest.mark.parametrize(
    ("own", "asked", "made"),
    [
        ("15", (Role.COMMUNE_OFFICER, "15/04336"), True),
        ("15", (Role.COMMUNE_OFFICER, "11/03253"), False),
        ("15", (Role.PROVINCE_OFFICER, "15"), False),
        ("15", (Role.COMMUNE_OFFICER, "150/00001"), False),
        ("15/04336", (Role.COMMUNE_OFFICER, "15/04336"), False),
        ("", (Role.PROVINCE_OFFICER, "15"), True),
    ],
)
async def test_who_may_invite_whom(sqlite_engine: AsyncEngine, own: str, asked: tuple[Role, str], made: bool) -> None:
    clock = Clock()
    member = await officer(sqlite_engine, clock, "officer", own)
    await ordered(sqlite_engine, clock, member, "", Invite(*asked))
    assert await count(sqlite_engine, invitations) == made


# ---------------------------------------------------------------- files and forgetting


async def test_a_file_is_kept_as_one_to_be_fetched(engine: AsyncEngine) -> None:
    clock = Clock()
    world = world_at(clock)
    await idea(engine, clock)
    event = FileReceived(FileRef("f1", "x" * 200, 1000, is_photo=True))
    await handle(engine, world, [Update("telegram", "file", "producer", event, "vi", "somewhere")])
    (row,) = await rows(engine, files)
    assert (row.id, row.status, row.source, len(row.name), row.due_at) == ("f1", "pending", "somewhere", 80, clock())


async def test_the_id_of_a_stranger_s_file_takes_nothing_over(engine: AsyncEngine) -> None:
    clock = Clock()
    world = world_at(clock)
    owner = await chat(engine, clock, "owner")
    await keep_files(engine, clock, owner, "f1")
    await idea(engine, clock)
    event = FileReceived(FileRef("f1", "mine.jpg", 1000, is_photo=True))
    await handle(engine, world, [Update("telegram", "file", "producer", event, "vi", "elsewhere")])
    (row,) = await rows(engine, files)
    assert (row.person_id, row.source, row.status) == (owner.person_id, "", "stored")


async def test_forgetting_keeps_the_files_of_the_record_and_answers_once(engine: AsyncEngine) -> None:
    clock = Clock()
    await idea(engine, clock)
    producer = await chat(engine, clock, "producer")
    await keep_files(engine, clock, producer, "handed-in", "loose")
    async with engine.begin() as connection:
        paper = {"case_id": 1, "paper": "plan", "version": 1, "pages": [["handed-in", 0]], "kept_at": clock()}
        await connection.execute(insert(papers).values(paper | {"sent_at": clock()}))
    turn = await ordered(engine, clock, producer, "", ForgetMe())
    assert {row.id: row.status for row in await rows(engine, files)} == {"handed-in": "stored", "loose": "forgotten"}
    assert await count(engine, outbox) == 0
    assert await count(engine, cases) == 1
    assert not turn.conversation.state.drafts
    assert turn.conversation.person.consent == ""


async def test_a_case_that_is_gone_from_the_facts_is_refused_politely(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    anna: Any = await chat(sqlite_engine, clock, "anna")
    clock.now += timedelta(seconds=1)
    turn = await ordered(sqlite_engine, clock, replace(anna), "TL12-26-9999", SendPapers("TL12-26-9999"))
    assert refused(turn)
    assert turn.carried.changed


# ---------------------------------------------------------------- what was returned


def says(turn: Turned, text: Text) -> bool:
    return any(not isinstance(said, str) and said.texts == (text,) for said in turn.carried.said)


GROUPED = ANSWERS | {"product_group": "food", "producer_kind": "household"}


async def with_papers(
    engine: AsyncEngine, clock: Clock, status: str, items: tuple[str, ...] = (), kept: tuple[str, ...] = (), **sent: Any
) -> str:
    """Anna's case with returned items and kept papers of one stored file each."""
    await officer(engine, clock, "officer")
    anna = await chat(engine, clock, "anna")
    code = await submit(engine, anna, clock(), GROUPED)
    if kept:
        await keep_files(engine, clock, anna, *(f"f-{paper}" for paper in kept))
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(status=status))
        for item in items:
            row = {"case_id": 1, "item": item, "reason": "x", "returned_on": clock().date()}
            await connection.execute(insert(returned_items).values(row))
        for paper in kept:
            made = {"case_id": 1, "paper": paper, "version": 1, "pages": [[f"f-{paper}", 0]], "kept_at": clock()}
            await connection.execute(insert(papers).values(made | sent))
    return code


async def still_asked(engine: AsyncEngine) -> tuple[str, list[str]]:
    (case,) = await rows(engine, cases)
    left = await rows(engine, returned_items, returned_items.c.answered_at.is_(None))
    return case.status, [row.item for row in left]


@pytest.mark.parametrize(
    ("items", "after"),
    [
        (("paper:plan",), ("plan_submitted", [])),
        (("all",), ("plan_submitted", [])),
        (("paper:plan", "all"), ("plan_submitted", [])),
        (("paper:plan", "paper:registration"), ("plan_returned", ["paper:registration"])),
        (("paper:registration",), ("plan_returned", ["paper:registration"])),
        (("answer:product",), ("plan_returned", ["answer:product"])),
    ],
)
async def test_papers_close_only_what_they_answer(
    sqlite_engine: AsyncEngine, items: tuple[str, ...], after: tuple[str, list[str]]
) -> None:
    clock = Clock()
    code = await with_papers(sqlite_engine, clock, "plan_returned", items, ("plan",))
    turn = await ordered(sqlite_engine, clock, await chat(sqlite_engine, clock, "anna"), code, SendToCommune(code))
    assert await still_asked(sqlite_engine) == after
    assert says(turn, SENT) == (not after[1])  # what is not complete has not gone
    assert len(turn.carried.notices) == (0 if after[1] else 1)
    *_, last = await rows(sqlite_engine, case_events)
    assert last.action == ("add_papers" if after[1] else "resubmit")
    assert (await rows(sqlite_engine, papers))[0].sent_at == clock()


@pytest.mark.parametrize(
    ("items", "product", "after"),
    [
        (("answer:product",), "Chuối", ("idea_submitted", [])),
        (("all",), ANSWERS["product"], ("idea_submitted", [])),
        (("answer:product", "paper:plan"), "Chuối", ("idea_returned", ["paper:plan"])),
        (("answer:phone",), "Chuối", ("idea_returned", ["answer:phone"])),
    ],
)
async def test_answers_close_only_what_they_change(
    sqlite_engine: AsyncEngine, items: tuple[str, ...], product: str, after: tuple[str, list[str]]
) -> None:
    clock = Clock()
    code = await with_papers(sqlite_engine, clock, "idea_returned", items)
    new = CorrectAnswers(code, GROUPED | {"product": product})
    turn = await ordered(sqlite_engine, clock, await chat(sqlite_engine, clock, "anna"), code, new)
    assert await still_asked(sqlite_engine) == after
    assert (await rows(sqlite_engine, cases))[0].product == product
    assert says(turn, SENT) == (not after[1])


async def test_nothing_is_sent_when_no_answer_has_changed(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    code = await with_papers(sqlite_engine, clock, "idea_returned", ("answer:product",))
    anna = await chat(sqlite_engine, clock, "anna")
    turn = await ordered(sqlite_engine, clock, anna, code, CorrectAnswers(code, GROUPED))
    assert says(turn, NOTHING_NEW)
    assert not says(turn, SENT)
    assert not turn.carried.notices
    assert await count(sqlite_engine, case_events) == 1


async def test_what_is_refused_half_way_is_undone(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    code = await with_papers(engine, clock, "idea_accepted", (), ("plan",))

    async def too_late(*_: Any, **__: Any) -> str:
        raise work.NotPossible("send_plan")

    monkeypatch.setattr(work, "move", too_late)
    turn = await ordered(engine, clock, await chat(engine, clock, "anna"), code, SendToCommune(code))
    assert refused(turn)
    assert (await rows(engine, papers))[0].sent_at is None


async def test_several_papers_are_messages_of_their_own(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    code = await with_papers(sqlite_engine, clock, "plan_submitted", (), ("plan", "registration"), sent_at=clock())
    member = await chat(sqlite_engine, clock, "officer")
    here = SendMessage((Text("Here are the papers."),))
    turn = await ordered(sqlite_engine, clock, member, code, here, SendPapers(code))
    first, second = [row["body"] for row in turn.carried.notices]
    assert {row["conversation_id"] for row in turn.carried.notices} == {member.id}
    assert {row["kind"] for row in turn.carried.notices} == {"reply"}
    assert [len(body["attachments"]) for body in (first, second)] == [1, 1]
    assert first["attachments"][0]["pages"] == [["f-plan", 0]]
    assert second["text"].startswith(code)
    assert not turn.carried.said
    assert not turn.carried.attachments
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(files).where(files.c.id == "f-plan").values(status="refused"))
    turn = await ordered(sqlite_engine, clock, member, code, here, SendPapers(code))
    assert [spec["pages"] for spec in turn.carried.attachments] == [[["f-registration", 0]]]

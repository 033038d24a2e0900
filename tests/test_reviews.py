"""Reviews: item by item, sent as one message, answered item by item; decisions taken back within ten minutes."""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Update
from bot.desk.decisions import BY_ANOTHER, MARKS_CHANGED, MOVED_SINCE, NOT_YOURS, OWN, TOO_LATE_TO_UNDO
from bot.effects import TOO_LATE, carry_out
from bot.turn import Turned
from dialogs.model import (
    AnswerQuestion,
    Assessed,
    CorrectAnswers,
    DecideCase,
    Effect,
    Facts,
    Mark,
    MarkItem,
    RemoveTemplate,
    ResultFacts,
    ReturnedItem,
    RevealPhone,
    SendMessage,
    SendReview,
    SetTemplate,
    Text,
    TextReceived,
    UndoDecision,
)
from dialogs.officer.check import seen, to_send, with_marks
from dialogs.rules.sheet import TOPICS
from storage import cases as work
from storage import results as rated
from storage import reviews, staff, undo
from storage.assessments import assess
from storage.models import (
    audit,
    case_events,
    cases,
    marks,
    memberships,
    outbox,
    papers,
    reason_templates,
    results,
    returned_items,
)
from storage.outbox import post
from storage.records import Conversation, Wanted, facts_for
from tests.heart import NONE_OFF, beside, chat, count, keep_files, officer, rows, submit, world_at
from tests.transcripts import Clock, Play, play

CODE = "TL12-26-0001"
ANSWERS = {
    "product": "Chuối sấy dẻo",
    "product_group": "food",
    "producer_kind": "household",
    "producer_name": "Lý Thị Mẩy",
    "contact_name": "Mẩy",
    "phone": "+84912345678",
    "special": "sấy than củi",
    "materials": "chuối tây",
}


# ---------------------------------------------------------------- one who orders effects


async def ordered(engine: AsyncEngine, clock: Clock, who: Conversation, *effects: Effect) -> Turned:
    """Carry out effects in a turn of this person, whatever the dialogs would have offered; its notices are posted."""
    async with engine.begin() as connection:
        facts = (await facts_for(connection, [Wanted(who, CODE)], Facts(clock())))[who.id]
        turn = Turned(
            connection, who, Update(who.channel, "x", who.chat_id, TextReceived("")), facts, world_at(clock), clock()
        )
        await carry_out(turn, effects)
        await post(connection, turn.carried.notices)
    return turn


def said(turn: Turned) -> list[Text]:
    return [text for message in turn.carried.said if isinstance(message, SendMessage) for text in message.texts]


async def desk(engine: AsyncEngine, clock: Clock) -> tuple[Conversation, Conversation]:
    """A producer's idea, and the officer who looks at it."""
    producer = await chat(engine, clock, "anna")
    await submit(engine, producer, clock(), ANSWERS)
    member = await officer(engine, clock, "officer")
    await chat(engine, clock, "officer", name="Hùng")
    return await chat(engine, clock, "anna"), member


async def the_case(engine: AsyncEngine) -> Any:
    (case,) = await rows(engine, cases)
    return case


async def put_into(engine: AsyncEngine, status: str, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(status=status, **values))


async def told(engine: AsyncEngine, who: Conversation) -> list[Any]:
    return await rows(engine, outbox, outbox.c.conversation_id == who.id)


async def all_sent(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(outbox).values(status="sent"))


async def reviewed(
    engine: AsyncEngine,
    clock: Clock,
    member: Conversation,
    noted: Sequence[Mark] = (Mark("answer:materials", "return", "của ai"),),
) -> Turned:
    """Marks are noted and sent."""
    effects = [MarkItem(CODE, mark.item, mark.verdict, mark.reason, mark.files) for mark in noted]
    return await ordered(engine, clock, member, *effects, SendReview(CODE, seen(noted)))


async def decision(engine: AsyncEngine) -> Any:
    """The last event that can be taken back."""
    found = [event for event in await rows(engine, case_events) if "case" in (event.before or {})]
    return found[-1]


# ---------------------------------------------------------------- marks


def test_of_marks_the_last_one_counts() -> None:
    before = (Mark("answer:product", "accept"), Mark("paper:plan", "return", "mờ"))
    after = with_marks(before, Mark("paper:plan", ""), Mark("answer:product", "ask", "tên nào?"))
    assert [(mark.item, mark.verdict) for mark in after] == [("answer:product", "ask")]


def test_what_is_sent_begins_with_what_is_to_be_changed_and_the_papers() -> None:
    noted = [
        Mark("answer:product", "ask", "a"),
        Mark("answer:special", "return", "b"),
        Mark("paper:plan", "return", "c"),
    ]
    noted += [Mark("paper:registration", "ask", "d"), Mark("answer:labour", "accept")]
    items = [mark.item for mark in to_send(noted)]
    assert items == ["paper:plan", "answer:special", "paper:registration", "answer:product"]


def test_marks_are_the_same_whoever_made_them_and_in_whatever_order() -> None:
    one, two = Mark("a", "accept", by="Hùng"), Mark("b", "return", "x", ("f1",))
    assert seen([one, two]) == seen([two, Mark("a", "accept", by="Thảo")])
    assert seen([one, two]) != seen([one, Mark("b", "return", "x", ("f2",))])
    assert seen([one]) != seen([Mark("a", "return")])


async def test_nothing_moves_and_nobody_is_told_by_a_mark(engine: AsyncEngine) -> None:
    clock = Clock()
    producer, member = await desk(engine, clock)
    await ordered(engine, clock, member, MarkItem(CODE, "answer:materials", "return", "của ai"))
    assert (await the_case(engine)).status == "idea_submitted"
    assert await told(engine, producer) == []
    assert await count(engine, returned_items) == 0
    assert await count(engine, case_events) == 1
    (mark,) = await rows(engine, marks)
    assert (mark.item, mark.verdict, mark.reason, mark.author_id) == (
        "answer:materials", "return", "của ai", member.person_id,
    )  # fmt: skip


@pytest.mark.parametrize("verdict", ["return", "ask"])
async def test_a_verdict_that_needs_a_reason_is_none_without(sqlite_engine: AsyncEngine, verdict: str) -> None:
    clock = Clock()
    _, member = await desk(sqlite_engine, clock)
    turn = await ordered(sqlite_engine, clock, member, MarkItem(CODE, "answer:materials", verdict))
    assert said(turn) == [TOO_LATE]
    assert await count(sqlite_engine, marks) == 0


async def test_a_strangers_photo_gets_into_no_reason(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    producer, member = await desk(sqlite_engine, clock)
    await keep_files(sqlite_engine, clock, producer, "theirs")
    await keep_files(sqlite_engine, clock, member, "mine")
    await ordered(sqlite_engine, clock, member, MarkItem(CODE, "answer:materials", "ask", "?", ("theirs", "mine")))
    assert (await rows(sqlite_engine, marks))[0].files == ["mine"]


# ---------------------------------------------------------------- sending


async def test_all_items_go_out_as_one_message_with_a_button_for_each(engine: AsyncEngine) -> None:
    clock = Clock()
    producer, member = await desk(engine, clock)
    await keep_files(engine, clock, member, "circled", "spoken")
    noted = (
        Mark("answer:product", "accept"),
        Mark("answer:special", "ask", "", ("spoken",)),
        Mark("answer:materials", "return", "của ai", ("circled",)),
    )
    turn = await reviewed(engine, clock, member, noted)
    case = await the_case(engine)
    assert (case.status, case.owner, case.due_on) == ("idea_returned", "producer", None)
    (message,) = await told(engine, producer)
    opened = await rows(engine, returned_items)
    assert [(row.item, row.reason, row.question, row.files) for row in opened] == [
        ("answer:materials", "của ai", False, ["circled"]),
        ("answer:special", "", True, ["spoken"]),
    ]
    assert [data for data, _ in message.body["buttons"]] == [
        *(f"l:fix.{CODE}~{row.id}" for row in opened),
        f"l:case.{CODE}",
    ]
    assert [spec["file"] for spec in message.body["attachments"]] == ["circled", "spoken"]
    lines = [(event.action, event.item) for event in (await rows(engine, case_events))[1:]]
    assert lines == [("return", "answer:materials"), ("ask", "answer:special")]
    assert [row.item for row in await rows(engine, marks)] == ["answer:product"]
    assert [entry.action for entry in turn.carried.audit] == ["decide"]


async def test_marks_that_nobody_has_looked_at_are_not_sent(engine: AsyncEngine) -> None:
    clock = Clock()
    producer, member = await desk(engine, clock)
    looked_at = (Mark("answer:materials", "return", "của ai"),)
    await ordered(engine, clock, member, MarkItem(CODE, "answer:materials", "return", "của ai"))
    colleague = await officer(engine, clock, "colleague")
    await ordered(engine, clock, colleague, MarkItem(CODE, "answer:special", "return", "rõ hơn"))
    turn = await ordered(engine, clock, member, SendReview(CODE, seen(looked_at)))
    assert said(turn) == [MARKS_CHANGED]
    assert (await the_case(engine)).status == "idea_submitted"
    assert await told(engine, producer) == []


async def test_nothing_is_returned_where_everything_is_in_order(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    _, member = await desk(sqlite_engine, clock)
    turn = await reviewed(sqlite_engine, clock, member, (Mark("answer:product", "accept"),))
    assert said(turn)[-1] == MARKS_CHANGED
    assert (await the_case(sqlite_engine)).status == "idea_submitted"


@pytest.mark.parametrize("reason", [("", ()), ("vì thế", ()), ("", ("f1",))])
async def test_an_item_goes_back_with_words_or_with_what_was_shown(
    sqlite_engine: AsyncEngine, reason: tuple[str, tuple[str, ...]]
) -> None:
    clock = Clock()
    _, member = await desk(sqlite_engine, clock)
    words, files = reason
    item = ReturnedItem("answer:special", words, clock().date(), files=files)
    actor = work.Actor(member.person_id, "telegram")
    async with sqlite_engine.begin() as connection:
        case = await work.locked(connection, CODE)
        moving = work.move(connection, case, actor, "return", clock(), NONE_OFF, items=(item,))
        if words or files:
            assert await moving == "idea_returned"
            return
        with pytest.raises(work.NotPossible):
            await moving


@pytest.mark.parametrize("channel", ["telegram", "zalo", "zalo_bot"])
async def test_the_preview_is_word_for_word_what_the_producer_reads(sqlite_engine: AsyncEngine, channel: str) -> None:
    clock = Clock()
    run = Play(sqlite_engine, world_at(clock), clock, channel)
    await play(run, ["! officer joins", "! producer has sent an idea"])
    before = "officer> [Mở TL12-26-0001]", "officer> [Trả lại]", "officer> nguyên liệu", "officer> ghi rõ mua của ai"
    for line in before:
        await run.line(line)
    preview = run.seen["officer"][-1]["text"]
    await run.line("officer> gửi")
    received = run.seen["producer"][-1]["text"]
    assert "ghi rõ mua của ai" in received
    assert re.sub(r"^\d\. ", "• ", received, flags=re.MULTILINE) in preview  # the numbers are not the officer's
    assert ("Telegram" in preview) == (channel == "telegram")


async def test_a_second_tap_judges_no_second_item(engine: AsyncEngine) -> None:
    clock = Clock()
    run = Play(engine, world_at(clock), clock, "telegram")
    await play(run, ["! officer joins", "! producer has sent an idea", "officer> [Mở TL12-26-0001]"])
    await run.line("officer> [Xem từng mục]")
    await run.line("officer>> [Đạt]")
    assert [row.item for row in await rows(engine, marks)] == ["answer:product"]


async def test_who_comes_days_later_goes_on_where_it_stood(engine: AsyncEngine) -> None:
    clock = Clock()
    run = Play(engine, world_at(clock), clock, "telegram")
    await play(run, ["! officer joins", "! colleague joins", "! producer has sent an idea"])
    for line in ("[Mở TL12-26-0001]", "[Xem từng mục]", "[Đạt]", "[Đạt]", "menu"):
        await run.line(f"officer> {line}")
    clock.now += timedelta(days=3)
    for line in (CODE, "[Xem từng mục]"):
        shown = await run.line(f"colleague> {line}")
    assert "Mục 3/13" in "\n".join(shown)


# ---------------------------------------------------------------- what the producer answers


async def test_words_answer_a_question_and_the_case_comes_back(engine: AsyncEngine) -> None:
    clock = Clock()
    producer, member = await desk(engine, clock)
    await put_into(engine, "idea_submitted", holder_id=member.person_id)
    await reviewed(engine, clock, member, (Mark("answer:special", "ask", "có thật không?"),))
    (asked,) = await rows(engine, returned_items)
    turn = await ordered(engine, clock, producer, AnswerQuestion(CODE, asked.id, "thật ạ"))
    case = await the_case(engine)
    assert (case.status, case.owner, case.resubmitted, case.holder_id) == (
        "idea_submitted", "commune", True, member.person_id,
    )  # fmt: skip
    assert [row["conversation_id"] for row in turn.carried.notices] == [member.id]
    async with engine.begin() as connection:
        facts = (await facts_for(connection, [Wanted(member, CODE)], Facts(clock())))[member.id]
    (change,) = facts.named[0].changes
    assert (change.item, change.before, change.after) == ("reply:answer:special", "có thật không?", "thật ạ")


async def test_one_of_two_answers_leaves_the_case_with_its_producer(engine: AsyncEngine) -> None:
    clock = Clock()
    producer, member = await desk(engine, clock)
    noted = (Mark("answer:special", "ask", "1?"), Mark("answer:materials", "ask", "2?"))
    await reviewed(engine, clock, member, noted)
    first, second = await rows(engine, returned_items)
    turn = await ordered(engine, clock, producer, AnswerQuestion(CODE, first.id, "một"))
    assert (await the_case(engine)).status == "idea_returned"
    assert not turn.carried.notices
    again = await ordered(engine, clock, producer, AnswerQuestion(CODE, first.id, "một nữa"))
    assert said(again) == [TOO_LATE]
    await ordered(engine, clock, producer, AnswerQuestion(CODE, second.id, "hai"))
    assert (await the_case(engine)).status == "idea_submitted"


async def test_words_do_not_answer_a_return_nor_a_strangers_question(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    producer, member = await desk(sqlite_engine, clock)
    await reviewed(sqlite_engine, clock, member)
    (item,) = await rows(sqlite_engine, returned_items)
    assert said(await ordered(sqlite_engine, clock, producer, AnswerQuestion(CODE, item.id, "xong"))) == [TOO_LATE]
    stranger = await chat(sqlite_engine, clock, "bert")
    assert said(await ordered(sqlite_engine, clock, stranger, AnswerQuestion(CODE, item.id, "xong"))) == [TOO_LATE]
    assert (await the_case(sqlite_engine)).status == "idea_returned"


async def test_what_has_changed_stands_beside_what_was(engine: AsyncEngine) -> None:
    clock = Clock()
    producer, member = await desk(engine, clock)
    await ordered(engine, clock, member, MarkItem(CODE, "answer:special", "accept"))
    noted = (Mark("answer:special", "accept"), Mark("answer:materials", "return", "của ai"))
    await reviewed(engine, clock, member, noted)
    new = {**ANSWERS, "materials": "chuối tây của bà Sùng", "special": "sấy nắng"}
    await ordered(engine, clock, producer, CorrectAnswers(CODE, new))
    async with engine.begin() as connection:
        facts = (await facts_for(connection, [Wanted(member, CODE)], Facts(clock())))[member.id]
    changes = {change.item: (change.before, change.after) for change in facts.named[0].changes}
    assert changes == {
        "answer:special": ("sấy than củi", "sấy nắng"),
        "answer:materials": ("chuối tây", "chuối tây của bà Sùng"),
    }
    assert await count(engine, marks) == 0  # what was in order has changed since


async def test_the_holder_gets_the_case_again_unless_they_left(engine: AsyncEngine) -> None:
    clock = Clock()
    producer, member = await desk(engine, clock)
    await put_into(engine, "idea_submitted", holder_id=member.person_id)
    await reviewed(engine, clock, member, (Mark("answer:special", "ask", "?"),))
    async with engine.begin() as connection:
        await connection.execute(update(memberships).values(removed_at=clock()))
    (asked,) = await rows(engine, returned_items)
    await ordered(engine, clock, producer, AnswerQuestion(CODE, asked.id, "vâng"))
    assert (await the_case(engine)).holder_id is None


async def test_whoever_gets_the_case_next_finds_it_free(engine: AsyncEngine) -> None:
    clock = Clock()
    _, member = await desk(engine, clock)
    await put_into(engine, "idea_submitted", holder_id=member.person_id, escalation="warned")
    await ordered(engine, clock, member, DecideCase(CODE, "accept"))
    case = await the_case(engine)
    assert (case.status, case.holder_id, case.held_at, case.escalation) == ("idea_accepted", None, None, "")


# ---------------------------------------------------------------- who may not decide


async def test_a_colleague_has_decided_already(engine: AsyncEngine) -> None:
    clock = Clock()
    _, member = await desk(engine, clock)
    colleague = await officer(engine, clock, "colleague")
    await ordered(engine, clock, member, DecideCase(CODE, "accept", status="idea_submitted"))
    turn = await ordered(engine, clock, colleague, DecideCase(CODE, "defer", "all", "để sau", "idea_submitted"))
    who, stands = said(turn)
    assert (who.values["by"], who.values["action"]) == ("Hùng", Text("accepted"))
    assert stands.values["status"] == Text("the idea is accepted; next comes the plan")
    assert (await the_case(engine)).status == "idea_accepted"
    assert len([e for e in await rows(engine, case_events) if e.action == "defer"]) == 0


async def test_of_two_who_send_at_the_same_instant_one_does(engine: AsyncEngine) -> None:
    clock = Clock()
    _, member = await desk(engine, clock)
    colleague = await officer(engine, clock, "colleague")
    await ordered(engine, clock, member, MarkItem(CODE, "answer:materials", "return", "của ai"))
    ready = SendReview(CODE, seen((Mark("answer:materials", "return", "của ai"),)))
    async with beside(engine) as other:
        await asyncio.gather(ordered(engine, clock, member, ready), ordered(other, clock, colleague, ready))
    assert await count(engine, returned_items) == 1
    assert len([e for e in await rows(engine, case_events) if e.action == "return"]) == 1


async def test_an_officer_decides_nothing_about_their_own_case(engine: AsyncEngine) -> None:
    clock = Clock()
    await officer(engine, clock, "officer")
    await submit(engine, await chat(engine, clock, "officer"), clock(), ANSWERS)
    member = await chat(engine, clock, "officer")
    for effect in (
        DecideCase(CODE, "accept"),
        DecideCase(CODE, "defer", "all", "vì thế"),
        MarkItem(CODE, "answer:materials", "return", "của ai"),
        SendReview(CODE, ""),
    ):
        assert said(await ordered(engine, clock, member, effect)) == [OWN]
    assert (await the_case(engine)).status == "idea_submitted"
    assert await count(engine, marks) == 0


async def test_a_removed_officer_s_button_does_nothing(engine: AsyncEngine) -> None:
    clock = Clock()
    run = Play(engine, world_at(clock), clock, "telegram")
    await play(run, ["! officer joins", "! producer has sent an idea", "officer> [Mở TL12-26-0001]"])
    await run.line("officer> [Chấp nhận]")
    async with engine.begin() as connection:
        await connection.execute(update(memberships).values(removed_at=clock()))
    shown = "\n".join(await run.line("officer> [Chấp nhận luôn]"))
    assert "Em không tìm thấy" in shown
    assert CODE not in shown
    assert (await the_case(engine)).status == "idea_submitted"
    assert await count(engine, case_events) == 1


async def test_what_a_colleague_has_taken_is_theirs_to_decide(engine: AsyncEngine) -> None:
    clock = Clock()
    _, member = await desk(engine, clock)
    colleague = await officer(engine, clock, "colleague")
    await put_into(engine, "idea_submitted", holder_id=member.person_id)
    (words,) = said(await ordered(engine, clock, colleague, DecideCase(CODE, "accept")))
    assert words.values["name"] == "Hùng"
    assert (await the_case(engine)).status == "idea_submitted"
    await ordered(engine, clock, member, DecideCase(CODE, "accept"))
    assert (await the_case(engine)).status == "idea_accepted"


async def test_who_is_in_the_middle_of_it_is_told_that_a_colleague_has_taken_it(engine: AsyncEngine) -> None:
    clock = Clock()
    run = Play(engine, world_at(clock), clock, "telegram")
    await play(run, ["! officer joins", "! colleague joins", "! producer has sent an idea"])
    for line in ("officer> [Mở TL12-26-0001]", "officer> [Xem từng mục]", f"colleague> {CODE}"):
        await run.line(line)
    await run.line("colleague> [Nhận xử lý]")
    shown = "\n".join(await run.line("officer> [Đạt]"))
    assert "đang giữ TL12-26-0001" in shown
    assert "Đã ghi" not in shown
    assert await count(engine, marks) == 0


@pytest.mark.parametrize("status", ["dossier_checked", "forwarded", "in_evaluation", "idea_returned"])
async def test_a_commune_officer_makes_no_one_elses_move(sqlite_engine: AsyncEngine, status: str) -> None:
    clock = Clock()
    _, member = await desk(sqlite_engine, clock)
    await officer(sqlite_engine, clock, "province", "15")
    await put_into(sqlite_engine, status)
    for action in ("accept", "return", "forward", "rate", "defer", "resubmit", "nonsense"):
        if (status, action) == ("dossier_checked", "forward"):
            continue  # no leader has joined: whether the province acts in their place is tested with the rights
        turn = await ordered(sqlite_engine, clock, member, DecideCase(CODE, action, "all", "vì thế"))
        assert said(turn)[0] in (NOT_YOURS, TOO_LATE)
    assert (await the_case(sqlite_engine)).status == status
    assert await count(sqlite_engine, case_events) == 1


async def test_who_checked_does_not_approve_but_may_after_taking_it_back(engine: AsyncEngine) -> None:
    clock = Clock()
    _, member = await desk(engine, clock)
    async with engine.begin() as connection:
        await connection.execute(update(memberships).values(role="commune_approver"))
    member = await chat(engine, clock, "officer")
    leader = await officer(engine, clock, "leader")
    async with engine.begin() as connection:
        await connection.execute(update(memberships).values(role="commune_approver"))
    leader = await chat(engine, clock, "leader")
    await put_into(engine, "dossier_submitted")
    by_colleague = await officer(engine, clock, "colleague")
    async with engine.begin() as connection:
        case_id = (await connection.execute(select(cases.c.id).where(cases.c.code == CODE))).scalar_one()
        for topic in TOPICS:
            words = Assessed(topic, 0, None, "Đúng như khai.")
            await assess(connection, case_id, by_colleague.person_id, words, clock())
    await ordered(engine, clock, member, DecideCase(CODE, "accept"))
    assert said(await ordered(engine, clock, member, DecideCase(CODE, "forward"))) == [BY_ANOTHER]
    assert (await the_case(engine)).status == "dossier_checked"
    await ordered(engine, clock, leader, DecideCase(CODE, "forward"))
    assert (await the_case(engine)).status == "forwarded"
    await ordered(engine, clock, leader, UndoDecision(CODE, (await decision(engine)).id))
    assert (await the_case(engine)).status == "dossier_checked"
    assert said(await ordered(engine, clock, member, DecideCase(CODE, "forward"))) == [BY_ANOTHER]
    await ordered(engine, clock, leader, DecideCase(CODE, "forward"))
    assert (await the_case(engine)).status == "forwarded"


async def test_a_button_that_accepts_the_idea_does_not_accept_the_plan(engine: AsyncEngine) -> None:
    clock = Clock()
    run = Play(engine, world_at(clock), clock, "telegram")
    await play(run, ["! officer joins", "! colleague joins", "! producer has sent an idea"])
    for line in ("officer> [Mở TL12-26-0001]", "officer> [Chấp nhận]"):
        await run.line(line)
    for line in (CODE, "[Chấp nhận]", "[Chấp nhận luôn]"):
        await run.line(f"colleague> {line}")
    await play(run, ["! the plan is sent"])
    assert (await the_case(engine)).status == "plan_submitted"
    shown = "\n".join(await run.line("officer> [Chấp nhận luôn]"))
    assert "vừa xử lý" in shown or "vừa có thay đổi" in shown
    assert (await the_case(engine)).status == "plan_submitted"


# ---------------------------------------------------------------- taking back


COLUMNS = ("status", "owner", "since", "due_on", "urgent_on", "days_used", "resubmitted", "holder_id", "held_at")


async def standing(engine: AsyncEngine) -> tuple[Any, ...]:
    case = await the_case(engine)
    noted = [(row.item, row.verdict, row.reason, row.files, row.marked_at) for row in await rows(engine, marks)]
    return (*(getattr(case, name) for name in COLUMNS), case.escalation, noted)


@pytest.mark.parametrize("action", ["accept", "defer", "return"])
async def test_taking_back_restores_everything_and_the_waiting_notice_is_never_sent(
    engine: AsyncEngine, action: str
) -> None:
    clock = Clock()
    producer, member = await desk(engine, clock)
    held = {"holder_id": member.person_id, "held_at": clock(), "escalation": "warned", "days_used": 2}
    await put_into(engine, "idea_submitted", **held)
    noted = (Mark("answer:special", "accept"), Mark("answer:materials", "return", "của ai"))
    effects = [MarkItem(CODE, mark.item, mark.verdict, mark.reason) for mark in noted]
    await ordered(engine, clock, member, *effects)
    before = await standing(engine)
    clock.now += timedelta(days=1)
    last = SendReview(CODE, seen(noted)) if action == "return" else DecideCase(CODE, action, "all", "vì thế")
    await ordered(engine, clock, member, last)
    assert await standing(engine) != before
    assert len(await told(engine, producer)) == 1
    clock.now += timedelta(minutes=10)
    turn = await ordered(engine, clock, member, UndoDecision(CODE, (await decision(engine)).id))
    assert await standing(engine) == before
    assert await told(engine, producer) == []
    assert not turn.carried.notices
    assert await count(engine, returned_items) == 0
    assert [entry.action for entry in turn.carried.audit] == ["undo"]
    assert (await rows(engine, case_events))[-1].action == "undo"


@pytest.mark.parametrize("state", [{"status": "sent"}, {"attempts": 1}, {"claimed_until": Clock().now}])
async def test_who_has_read_it_reads_that_it_does_not_count(engine: AsyncEngine, state: dict[str, Any]) -> None:
    """Also who may have: a worker has the message in hand, or tried to send it."""
    clock = Clock()
    producer, member = await desk(engine, clock)
    await reviewed(engine, clock, member)
    async with engine.begin() as connection:
        await connection.execute(update(outbox).values(**state))
    await ordered(engine, clock, member, UndoDecision(CODE, (await decision(engine)).id))
    first, second = await told(engine, producer)
    assert "gửi nhầm, không tính" in second.body["text"]
    assert "gửi nhầm" not in first.body["text"]
    assert (await the_case(engine)).status == "idea_submitted"


async def test_after_ten_minutes_nothing_is_taken_back(engine: AsyncEngine) -> None:
    clock = Clock()
    _, member = await desk(engine, clock)
    await reviewed(engine, clock, member)
    number = (await decision(engine)).id
    clock.now += timedelta(minutes=10, seconds=1)
    assert said(await ordered(engine, clock, member, UndoDecision(CODE, number))) == [TOO_LATE_TO_UNDO]
    assert (await the_case(engine)).status == "idea_returned"
    assert await count(engine, returned_items) == 1
    async with engine.begin() as connection:
        assert await undo.undo_facts(connection, CODE, member.person_id, clock()) is None


async def test_once_the_producer_has_answered_nothing_is_taken_back(engine: AsyncEngine) -> None:
    clock = Clock()
    producer, member = await desk(engine, clock)
    await reviewed(engine, clock, member, (Mark("answer:special", "ask", "?"), Mark("answer:materials", "ask", "?")))
    number, asked = (await decision(engine)).id, (await rows(engine, returned_items))[0]
    await ordered(engine, clock, producer, AnswerQuestion(CODE, asked.id, "vâng"))
    assert said(await ordered(engine, clock, member, UndoDecision(CODE, number))) == [MOVED_SINCE]
    assert (await the_case(engine)).status == "idea_returned"


async def test_only_who_decided_takes_back_and_only_once(engine: AsyncEngine) -> None:
    clock = Clock()
    _, member = await desk(engine, clock)
    colleague = await officer(engine, clock, "colleague")
    await ordered(engine, clock, member, DecideCase(CODE, "accept"))
    number = (await decision(engine)).id
    assert said(await ordered(engine, clock, colleague, UndoDecision(CODE, number))) == [MOVED_SINCE]
    assert (await the_case(engine)).status == "idea_accepted"
    await ordered(engine, clock, member, UndoDecision(CODE, number))
    assert said(await ordered(engine, clock, member, UndoDecision(CODE, number))) == [MOVED_SINCE]
    assert (await the_case(engine)).status == "idea_submitted"
    await ordered(engine, clock, member, DecideCase(CODE, "defer", "all", "để sau"))
    assert said(await ordered(engine, clock, member, UndoDecision(CODE, number))) == [MOVED_SINCE]
    assert (await the_case(engine)).status == "idea_not_this_year"


@pytest.mark.parametrize("leaves", [True, False])
async def test_taking_back_gives_the_case_to_nobody_who_has_left(engine: AsyncEngine, *, leaves: bool) -> None:
    """The decision was made by who covers for the one who had it."""
    clock = Clock()
    _, member = await desk(engine, clock)
    cover = await officer(engine, clock, "colleague")
    await put_into(engine, "idea_submitted", holder_id=member.person_id, held_at=clock())
    today = clock().date()
    async with engine.begin() as connection:
        await staff.take_leave(connection, member.person_id, cover.person_id, today, today, clock())
    cover = await chat(engine, clock, "colleague")
    await ordered(engine, clock, cover, DecideCase(CODE, "accept"))
    assert (await the_case(engine)).status == "idea_accepted"
    if leaves:
        async with engine.begin() as connection:
            ended = update(memberships).where(memberships.c.person_id == member.person_id)
            await connection.execute(ended.values(removed_at=clock()))
    await ordered(engine, clock, cover, UndoDecision(CODE, (await decision(engine)).id))
    case = await the_case(engine)
    assert (case.status, case.holder_id) == ("idea_submitted", None if leaves else member.person_id)
    assert (case.held_at is None) is leaves


async def test_taking_back_leaves_it_with_the_cover_who_had_it(engine: AsyncEngine) -> None:
    """A province's officer, who has no say there but for the one who is away."""
    clock = Clock()
    _, member = await desk(engine, clock)
    lan = await officer(engine, clock, "lan", "15")
    today = clock().date()
    async with engine.begin() as connection:
        await staff.take_leave(connection, member.person_id, lan.person_id, today, today, clock())
    await put_into(engine, "idea_submitted", holder_id=lan.person_id, held_at=clock())
    lan = await chat(engine, clock, "lan")
    await ordered(engine, clock, lan, DecideCase(CODE, "accept"))
    await ordered(engine, clock, lan, UndoDecision(CODE, (await decision(engine)).id))
    case = await the_case(engine)
    assert (case.status, case.holder_id) == ("idea_submitted", lan.person_id)


async def test_an_idea_whose_plan_was_there_goes_back_to_the_idea(engine: AsyncEngine) -> None:
    """Accepting it has sent the plan as well: one decision, two moves."""
    clock = Clock()
    producer, member = await desk(engine, clock)
    await keep_files(engine, clock, producer, "f1", "f2")
    async with engine.begin() as connection:
        for n, paper in enumerate(("business_plan", "plan_household_reg"), 1):
            made = {"case_id": 1, "paper": paper, "version": 1, "pages": [[f"f{n}", 0]], "kept_at": clock()}
            await connection.execute(insert(papers).values(made | {"sent_at": clock()}))
    await ordered(engine, clock, member, DecideCase(CODE, "accept"))
    assert (await the_case(engine)).status == "plan_submitted"
    await ordered(engine, clock, member, UndoDecision(CODE, (await decision(engine)).id))
    assert (await the_case(engine)).status == "idea_submitted"
    assert await told(engine, producer) == []


async def test_a_published_result_goes_with_the_decision(engine: AsyncEngine) -> None:
    clock = Clock()
    _, member = await desk(engine, clock)
    await put_into(engine, "in_evaluation")
    actor = work.Actor(member.person_id, "telegram")
    result = ResultFacts(Decimal(27), Decimal(15), Decimal(21), 3, "812/QĐ-UBND", None, clock().date())
    async with engine.begin() as connection:
        case = await work.locked(connection, CODE)
        await rated.publish(connection, case, member.person_id, result, clock())
        await work.move(connection, case, actor, "certify", clock(), NONE_OFF)
    async with engine.begin() as connection:
        case = await work.locked(connection, CODE)
        last = await undo.last_decision(connection, case.id)
        await work.take_back(connection, case, actor, last.id, clock())
    assert (await the_case(engine)).status == "in_evaluation"
    assert await count(engine, results) == 0


async def test_looking_at_the_number_is_nothing_that_happened(engine: AsyncEngine) -> None:
    clock = Clock()
    _, member = await desk(engine, clock)
    await ordered(engine, clock, member, DecideCase(CODE, "accept"))
    number = (await decision(engine)).id
    await ordered(engine, clock, member, RevealPhone(CODE))
    await ordered(engine, clock, member, UndoDecision(CODE, number))
    assert (await the_case(engine)).status == "idea_submitted"


# ---------------------------------------------------------------- what is looked at


async def test_every_opening_of_a_file_is_recorded_once(engine: AsyncEngine) -> None:
    clock = Clock()
    run = Play(engine, world_at(clock), clock, "telegram")
    await play(run, ["! officer joins", "! producer has sent an idea"])
    for line in ("[Mở TL12-26-0001]", "xin chào", "[Việc khác]", "[Xem các bước đã qua]", CODE, "menu"):
        await run.line(f"officer> {line}")
    await run.line(f"> {CODE}")
    assert [entry.case_code for entry in await rows(engine, audit, audit.c.action == "view_case")] == [CODE, CODE]


# ---------------------------------------------------------------- ready reasons


async def texts(engine: AsyncEngine, item: str) -> list[str]:
    async with engine.begin() as connection:
        return [template.text for template in await reviews.templates_of(connection) if template.item == item]


async def test_an_administrator_adds_and_removes_ready_reasons(engine: AsyncEngine) -> None:
    clock = Clock()
    boss = await officer(engine, clock, "boss", "")
    assert await texts(engine, "paper") == ["unclear", "stamp", "expired", "name", "more"]
    assert await count(engine, reason_templates) == 0
    await ordered(engine, clock, boss, SetTemplate("paper:plan", "Thiếu phần đầu ra"), RemoveTemplate(-2))
    await ordered(engine, clock, boss, SetTemplate("paper:plan", "Thiếu phần đầu ra"))
    assert await texts(engine, "paper") == ["unclear", "expired", "name", "more"]
    assert await texts(engine, "paper:plan") == ["Thiếu phần đầu ra"]
    again = await ordered(engine, clock, boss, RemoveTemplate(-2))
    assert said(again) == [TOO_LATE]
    assert await texts(engine, "paper") == ["unclear", "expired", "name", "more"]


async def test_two_administrators_at_once_make_the_first_ones_once(engine: AsyncEngine) -> None:
    clock = Clock()
    one, two = await officer(engine, clock, "one", ""), await officer(engine, clock, "two", "")
    async with beside(engine) as other:
        await asyncio.gather(
            ordered(engine, clock, one, SetTemplate("all", "Gửi nhầm hồ sơ")),
            ordered(other, clock, two, SetTemplate("all", "Trùng hồ sơ")),
        )
    assert sorted(await texts(engine, "all")) == ["Gửi nhầm hồ sơ", "Trùng hồ sơ", "more", "name"]


async def test_a_list_that_is_too_long_takes_no_more(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    boss = await officer(sqlite_engine, clock, "boss", "")
    many = [SetTemplate("paper:plan", f"Lý do số {n}") for n in range(reviews.MOST_PER_ITEM + 1)]
    turn = await ordered(sqlite_engine, clock, boss, *many)
    assert len(await texts(sqlite_engine, "paper:plan")) == reviews.MOST_PER_ITEM
    assert said(turn)[-1].values == {"most": reviews.MOST_PER_ITEM}


@pytest.mark.parametrize("territory", ["15/04336", "15"])
async def test_nobody_else_edits_ready_reasons(sqlite_engine: AsyncEngine, territory: str) -> None:
    clock = Clock()
    member = await officer(sqlite_engine, clock, "officer", territory)
    turn = await ordered(sqlite_engine, clock, member, SetTemplate("paper", "Xấu"), RemoveTemplate(-1))
    assert said(turn) == [TOO_LATE]
    assert len(await texts(sqlite_engine, "paper")) == 5

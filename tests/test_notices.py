"""The rows of the ladder: written in bulk, seen on the web page, shown on the case, withdrawn, forgotten, pruned."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Outgoing
from bot.turn import About, new_alert, notice, tell
from bot.web.mailbox import Mailbox
from dialogs.model import CaseFacts, Facts, Rung, SendMessage, Text, Told
from dialogs.officer.told import all_told, told_lines, unreached_producer
from storage import notices as ledger
from storage.database import writing
from storage.files import FileStore
from storage.models import cases, conversations, deliveries, notices, outbox, sent_messages
from storage.outbox import post
from storage.people import chats_of, forget
from storage.records import VIETNAM
from tests.heart import ANSWERS, TERRITORY, chat, many_chats, officer, rows, say, submit, watched, world_at
from tests.test_ladder import NEWS, Village
from tests.transcripts import Clock


@pytest.fixture
async def village(engine: AsyncEngine) -> Village:
    return Village(engine)


async def test_telling_many_takes_as_many_statements_as_telling_few(engine: AsyncEngine) -> None:
    clock = Clock()
    world, numbers = world_at(clock), []
    for size in (3, 60):
        await many_chats(engine, clock, [f"p{size}-{n}" for n in range(size)])
        async with engine.connect() as connection:
            ids = (await connection.execute(select(conversations.c.person_id))).scalars().all()[-size:]
        with watched(engine, "before_cursor_execute") as statements:
            async with writing(engine) as connection:
                await tell(connection, world, ids, NEWS, clock())
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]
    told = {row.id: row for row in await rows(engine, notices)}
    rungs = {row.id: row for row in await rows(engine, deliveries)}
    people_of = {row.id: row.person_id for row in await rows(engine, conversations)}
    assert len(told) == len(rungs) == 63
    for row in await rows(engine, outbox):  # each stands on its own person's rung
        rung = rungs[row.delivery_id]
        assert rung.conversation_id == row.conversation_id
        assert told[rung.notice_id].person_id == people_of[row.conversation_id]


async def test_replies_and_notices_keep_their_order(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    async with engine.begin() as connection:
        (to,) = await chats_of(connection, [anna.person_id])
        world = world_at(clock)
        plain = {"conversation_id": anna.id, "kind": "reply", "body": {"text": "2"}}
        moments = {"due_at": clock(), "created_at": clock()}
        one, three = (notice(world, to, [SendMessage((Text(t),))], clock()) for t in "13")
        await post(connection, [one, plain | moments, three])
    found = await rows(engine, outbox)
    assert [row.body["text"] for row in found] == ["1", "2", "3"]
    assert [row.delivery_id is None for row in found] == [False, True, False]


async def test_what_was_noted_already_changes_nothing_when_it_is_noted_again(engine: AsyncEngine) -> None:
    """By a worker that stood still meanwhile, while another one took its messages over."""
    clock, kept = Clock(), (deliveries, notices, conversations)
    anna = await chat(engine, clock, "anna")
    async with engine.begin() as connection:
        await tell(connection, world_at(clock), [anna.person_id], NEWS, clock())
    (rung,) = await rows(engine, deliveries)
    gone = ledger.Gone(1, anna.id, "telegram", clock(), (rung.id,), ("7",), None, "", None, clock())
    async with writing(engine) as connection:
        await ledger.note_sent(connection, [gone], clock())
    before = [await rows(engine, table) for table in kept]
    clock.now += timedelta(minutes=5)
    async with writing(engine) as connection:
        await ledger.note_sent(connection, [gone], clock())
    assert [await rows(engine, table) for table in kept] == before


# ---------------------------------------------------------------- the web page


async def told_on_the_page(village: Village) -> Mailbox:
    mailbox = Mailbox(village.engine, FileStore("memory:///"), village.world)

    async def deliver(chat_id: str, message: Outgoing) -> None:
        number = await mailbox.deliver(chat_id, message)
        assert number == await mailbox.deliver(chat_id, message)
        ids[message.key] = str(number)

    ids: dict[str, str] = {}
    channel = village.channels["web"]
    channel.before_sending = deliver
    anna = await village.person("anna", "web", "telegram")
    await village.tell(anna)
    for due in await village.delivery._claim(32):
        await village.delivery._deliver(due)
    gone = village.delivery._sent
    village.delivery._sent = [replace(one, ids=(ids[str(one.id)],)) for one in gone]
    return mailbox


async def last_id(mailbox: Mailbox) -> int:
    return int((await mailbox.messages("anna", 0, 0))[-1]["id"])


async def test_a_page_that_shows_it_while_somebody_looks_has_brought_it(village: Village) -> None:
    mailbox = await told_on_the_page(village)
    await village.delivery._note_sent()
    await mailbox.saw("anna", await last_id(mailbox) - 1)
    await mailbox.saw("somebody else", await last_id(mailbox))
    assert await village.rungs() == [("web", "sent")]
    await mailbox.saw("anna", await last_id(mailbox))
    assert await village.rungs() == [("web", "seen")]
    await village.after(minutes=5)
    assert not village.texts("telegram", "anna")


async def test_a_page_may_be_quicker_than_the_note_of_what_was_sent(village: Village) -> None:
    mailbox = await told_on_the_page(village)
    await mailbox.saw("anna", await last_id(mailbox))
    await village.delivery._note_sent()
    await mailbox.saw("anna", await last_id(mailbox))  # it asks again within 25 seconds
    assert await village.rungs() == [("web", "seen")]


async def test_a_page_that_has_nothing_new_costs_nothing(village: Village) -> None:
    mailbox = await told_on_the_page(village)
    await village.delivery._note_sent()
    newest = await last_id(mailbox)
    await mailbox.saw("anna", newest)
    with watched(village.engine, "before_cursor_execute") as statements:
        await mailbox.saw("anna", newest)
    assert not statements


async def test_a_page_nobody_looks_at_makes_the_next_rung(village: Village) -> None:
    await told_on_the_page(village)
    await village.delivery._note_sent()
    await village.after(seconds=59)
    assert await village.rungs() == [("web", "sent")]
    await village.after(seconds=1)
    assert await village.rungs() == [("web", "sent"), ("telegram", "delivered")]


# ---------------------------------------------------------------- shown on the case


async def told(village: Village, code: str) -> tuple[Told, ...]:
    async with village.engine.connect() as connection:
        return await ledger.told_of(connection, code)


async def test_the_case_shows_what_its_producer_was_told(village: Village) -> None:
    anna = await village.person("anna", "zalo", "telegram")
    await village.person("hung", "telegram", officer_at=TERRITORY)
    code = await submit(village.engine, anna, village.clock())
    assert await told(village, code) == ()
    await village.tell(anna, about=About(code))
    (waiting,) = await told(village, code)
    assert (waiting.status, waiting.rungs) == ("waiting", (Rung("zalo", "waiting"),))
    village.clock.now += timedelta(days=3)
    await village.tell(anna, about=About(code))
    await village.climb()
    newest, _ = await told(village, code)
    at = village.clock().astimezone(VIETNAM)
    assert newest.status == "delivered"
    assert newest.rungs == (
        Rung("zalo", "dropped", outcome="WindowClosed"),
        Rung("telegram", "delivered", at),
    )


async def test_it_shows_no_notices_of_officers_and_of_other_cases(village: Village) -> None:
    anna = await village.person("anna", "telegram")
    hung = await village.person("hung", "telegram", officer_at=TERRITORY)
    code = await submit(village.engine, anna, village.clock())
    await village.tell(hung, about=About(code, TERRITORY, new_alert()))
    await village.tell(hung, about=About(code))  # no producer of this case
    await village.tell(anna, about=About("TL12-26-0099"))
    assert await told(village, code) == ()


IDEA = ANSWERS | {"product_group": "food", "producer_kind": "household"}
NOW = datetime(2026, 11, 30, 9, 0, tzinfo=VIETNAM)
SENT_AT, SEEN_AT = NOW.replace(hour=7, minute=26), NOW.replace(hour=7, minute=31)


def case_with(status: str, *rungs: Rung) -> CaseFacts:
    about: dict[str, Any] = {"commune": "04336", "ruleset": "ocop-2026", "since": NOW.date(), "answers": {}}
    told_ = (Told(SENT_AT, status, rungs),)
    case = CaseFacts("TL12-26-0001", status="idea_returned", product="Chuối sấy", own=False, by="Mẩy", **about)
    return replace(case, told=told_)


@pytest.mark.parametrize(
    ("status", "rungs", "line"),
    [
        ("seen", [Rung("zalo", "seen", SENT_AT, SEEN_AT)], "Đã báo Mẩy qua Zalo lúc 7:26, đã xem lúc 7:31."),
        ("delivered", [Rung("zalo", "delivered", SENT_AT)], "Đã báo Mẩy qua Zalo lúc 7:26, chưa xem."),
        ("delivered", [Rung("zalo", "seen", SENT_AT)], "Đã báo Mẩy qua Zalo lúc 7:26, đã xem."),
        ("waiting", [Rung("zalo", "sent", SENT_AT)], "Đã báo Mẩy qua Zalo lúc 7:26, chưa xem."),
        (
            "delivered",
            [Rung("zalo", "dropped"), Rung("telegram", "delivered", SENT_AT)],
            "Đã báo Mẩy qua Telegram lúc 7:26, không rõ đã xem chưa.",
        ),
        ("held", [Rung("zalo", "held")], "Chưa báo được cho Mẩy: tin đang chờ bà con nhắn lại. Nhờ anh/chị gọi điện."),
        ("failed", [Rung("zalo", "failed")], "Chưa báo được cho Mẩy. Nhờ anh/chị gọi điện."),
        ("failed", [Rung("web", "sent", SENT_AT)], "Chưa báo được cho Mẩy. Nhờ anh/chị gọi điện."),
        ("waiting", [Rung("zalo", "waiting")], "Đang gửi tin cho Mẩy."),
    ],
)
def test_one_line_for_the_newest(status: str, rungs: list[Rung], line: str) -> None:
    catalog = world_at(Clock()).catalog("vi")
    (text,) = told_lines(case_with(status, *rungs), Facts(NOW))
    assert catalog.say(text) == line


def test_all_of_them_with_what_they_cost() -> None:
    rungs = (
        Rung("zalo", "held", outcome="WindowClosed"),
        Rung("telegram", "failed", outcome="Unreachable"),
        Rung("zalo_bot", "failed", outcome="Rejected"),
        Rung("zalo", "sent", SENT_AT, cost="paid"),
        Rung("web", "seen", SENT_AT, SEEN_AT),
    )
    catalog = world_at(Clock()).catalog("vi")
    lines = [catalog.say(text) for text in all_told(case_with("seen", *rungs))]
    assert lines == [
        "Những tin đã báo cho Mẩy, mới nhất ở trên:",
        "• 7:26 thứ Hai 30/11/2026",
        "– Zalo: đang giữ lại (lâu rồi bà con chưa nhắn)",
        "– Telegram: không gửi được (bà con đã đóng cuộc trò chuyện)",
        "– Zalo Bot: không gửi được",
        "– Zalo: đã gửi, chưa xem, có tính phí",
        "– trang web: đã xem",
    ]


def test_a_long_message_is_quoted_in_part() -> None:
    said = unreached_producer("TL12-26-0001", "Chuối", "Mẩy", None, "chữ " * 100)
    assert len(str(said.texts[-1].values["words"])) <= 201


# ---------------------------------------------------------------- taking back, forgetting, pruning


async def decided(village: Village, *to: int) -> list[int]:
    """Notices of decision 7 to these people; their first conversations."""
    async with writing(village.engine) as connection:
        made = [notice(village.world, c, [NEWS], village.clock()) for c in await chats_of(connection, to)]
        for row in made:
            for _, body in row["ladder"]["bodies"]:
                body["decision"] = 7
        await post(connection, made)
    return [row["conversation_id"] for row in made]


async def withdrawn(village: Village, told_in: list[int]) -> set[int]:
    async with writing(village.engine) as connection:
        return await ledger.withdraw(connection, 7, told_in)


async def test_what_nobody_has_read_is_withdrawn_without_a_trace(village: Village) -> None:
    anna, bert = await village.person("anna", "zalo"), await village.person("bert", "telegram")
    village.clock.now += timedelta(days=3)
    told_in = await decided(village, anna.person_id, bert.person_id)
    await village.forced("telegram", *[None])
    for due in await village.delivery._claim(32):
        if due.channel == "zalo":
            await village.delivery._deliver(due)
    await village.delivery._note_sent()
    async with village.engine.begin() as connection:  # the other was never begun
        await connection.execute(update(outbox).values(claimed_until=None))
    assert await village.held() == {"zalo": 1, "telegram": 0}
    assert await withdrawn(village, told_in) == set()
    for table in (outbox, deliveries, notices):
        assert not await rows(village.engine, table)
    assert await village.held() == {"zalo": 0, "telegram": 0}


async def test_what_was_sent_on_a_higher_rung_may_have_been_read(village: Village) -> None:
    anna = await village.person("anna", "zalo", "web", "telegram")
    village.clock.now += timedelta(days=3)
    told_in = await decided(village, anna.person_id)
    await village.climb()
    assert await village.rungs() == [("zalo", "held"), ("web", "sent")]
    assert await withdrawn(village, told_in) == {anna.person_id}
    await village.after(hours=1)
    assert await village.rungs() == [("web", "sent")]  # it climbs no more
    assert await village.held() == {"zalo": 0, "web": 0, "telegram": 0}


async def test_forgetting_somebody_takes_their_notices_everywhere(village: Village) -> None:
    anna, bert = await village.person("anna", "zalo", "telegram"), await village.person("bert", "zalo", "telegram")
    village.clock.now += timedelta(days=3)
    await village.forced("telegram", *[None])
    await village.tell(anna, bert)
    await village.deliver()
    async with village.engine.begin() as connection:
        await forget(connection, anna, ())
    assert {row.person_id for row in await rows(village.engine, notices)} == {bert.person_id}
    assert len(await rows(village.engine, deliveries)) == len(await rows(village.engine, outbox)) == 1
    await village.climb()
    assert not village.texts("telegram", "anna")


@pytest.mark.parametrize(("days", "left"), [(29, 3), (31, 1), (91, 0)])
async def test_the_ledger_goes_back_as_far_as_the_messages_and_further_for_open_cases(
    village: Village, days: int, left: int
) -> None:
    anna = await village.person("anna", "zalo")
    await officer(village.engine, village.clock, "hung")
    going_on = await submit(village.engine, anna, village.clock())
    over = await submit(village.engine, anna, village.clock())
    async with village.engine.begin() as connection:
        await connection.execute(update(cases).where(cases.c.code == over).values(owner="nobody"))
    for code in (going_on, over, ""):
        await village.tell(anna, about=About(code))
    await village.climb()
    for number in (1, 2, 3):
        await village.receipt("zalo", "anna", f"m{number}")
    village.clock.now += timedelta(days=days)
    async with village.engine.begin() as connection:
        await ledger.prune(connection, village.clock() - timedelta(days=30))
    assert [row.case_code for row in await rows(village.engine, notices)] == [going_on, over, ""][:left]
    assert len(await rows(village.engine, deliveries)) == len(await rows(village.engine, sent_messages)) == left


async def test_what_nobody_came_back_for_goes_after_three_months(village: Village) -> None:
    anna = await village.person("anna", "zalo")
    village.clock.now += timedelta(days=3)
    await village.tell(anna)
    await village.climb()
    for days, left in ((60, 1), (31, 0)):
        village.clock.now += timedelta(days=days)
        async with village.engine.begin() as connection:
            await ledger.prune(connection, village.clock() - timedelta(days=30))
        assert len(await rows(village.engine, outbox)) == len(await rows(village.engine, notices)) == left
        assert await village.held() == {"zalo": left}


async def test_an_officer_asks_what_the_producer_was_told(village: Village) -> None:
    anna = await village.person("anna", "telegram")
    await village.person("hung", "telegram", officer_at=TERRITORY)
    code = await submit(village.engine, anna, village.clock(), IDEA)
    await village.tell(anna, about=About(code))
    await village.deliver()
    village.clock.now += timedelta(minutes=1)
    await say(village.engine, village.world, "hung", code, "việc khác", "xem tin nhắn", "tin đã báo")
    await village.deliver()
    card, _, _, all_of_them = village.texts("telegram", "hung")
    assert "Đã báo Lý Thị Mẩy qua Telegram lúc 9:00, không rõ đã xem chưa." in card
    assert "– Telegram: đã gửi" in all_of_them

"""An alert that cannot be delivered is not an alert: windows, climbs, what is held and joined, who hears of it then."""

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import (
    Capabilities,
    ChannelError,
    FileUnavailable,
    Outgoing,
    Proof,
    Receipt,
    Rejected,
    Sent,
    Suspended,
    Unavailable,
    Unreachable,
    Window,
    WindowClosed,
    pressed,
)
from bot.deliver import IN_HAND, Delivery
from bot.handle import handle
from bot.incoming import take
from bot.ladder import Ladder
from bot.turn import NOTHING, About, new_alert, tell
from bot.world import World
from dialogs.model import CommandReceived, Link, SendMessage, Text, TimerFired
from dialogs.officer.alerts import open_link
from storage import notices as ledger
from storage.database import reading, writing
from storage.files import FileStore
from storage.holding import take as take_case
from storage.models import cases, conversations, deliveries, memberships, notices, outbox, people, timers
from storage.people import close_chat
from storage.records import Conversation
from tests.heart import (
    ANSWERS,
    TERRITORY,
    Messenger,
    beside,
    chat,
    officer,
    rows,
    say,
    submit,
    taking,
    typed,
    world_at,
)
from tests.transcripts import START, TELEGRAM, Clock

PLAIN = Capabilities(2000, 0, 0, 0, True, False, False, True)
WINDOW = Window(timedelta(hours=48), timedelta(days=7))
ZALO = replace(PLAIN, window=WINDOW, proof=Proof.RECEIPT, patience=timedelta(hours=1))
WEB = replace(TELEGRAM, proof=Proof.FETCHED, patience=timedelta(seconds=60))
MAIL = replace(TELEGRAM, converses=False, sends_files=False)
CHANNELS = {"telegram": TELEGRAM, "zalo": ZALO, "web": WEB, "email": MAIL}
MORNING = START + timedelta(days=7)
"""Monday, 9:00 in Viet Nam, of a week without a holiday."""
NEWS = SendMessage((Text("Xã đã nhận ý tưởng."),), links=(Link("case.TL12-26-0001", Text("Mở hồ sơ"), "TL12-26-0001"),))


@dataclass
class Proving(Messenger):
    """A messenger that gives ids to what it takes."""

    paid: list[bool] = field(default_factory=list)
    quota_left: int | None = None

    async def send(self, chat_id: str, message: Outgoing) -> Sent:
        await Messenger.send(self, chat_id, message)
        self.paid.append(message.paid)
        return Sent((f"m{message.key}",), quota_left=self.quota_left)


class Village:
    """People with several chats, the workers, and a clock to turn."""

    def __init__(self, engine: AsyncEngine, **world: Any) -> None:
        self.engine, self.clock = engine, Clock(MORNING)
        self.world: World = replace(world_at(self.clock), channels=CHANNELS, **world)
        self.channels = {name: Proving(name, capabilities=can) for name, can in CHANNELS.items()}
        self.delivery = self.worker(engine)
        self.ladder = Ladder(engine, self.world)

    def worker(self, engine: AsyncEngine) -> Delivery:
        return Delivery(engine, self.channels, FileStore("memory:///"), self.world, asyncio.Event())

    async def person(self, who: str, *channels: str, officer_at: str | None = None) -> Conversation:
        """One person with these chats, who wrote in the first of them last."""
        known = [await chat(self.engine, self.clock, who, channel, name=who) for channel in reversed(channels)]
        first = known[-1]
        async with self.engine.begin() as connection:
            for age, conversation in enumerate(reversed(known)):
                here = update(conversations).where(conversations.c.id == conversation.id)
                heard = self.clock() - timedelta(seconds=age)
                await connection.execute(here.values(person_id=first.person_id, updated_at=heard))
            if officer_at is not None:
                role = {0: "province_officer", 1: "commune_officer"}[officer_at.count("/")] if officer_at else None
                row = {"person_id": first.person_id, "role": role or "administrator", "territory": officer_at}
                await connection.execute(insert(memberships).values(row | {"since": self.clock()}))
                await connection.execute(update(people).where(people.c.id == first.person_id).values(officer=True))
        return first

    async def tell(self, *to: Conversation, said: SendMessage = NEWS, about: About = NOTHING) -> None:
        async with writing(self.engine) as connection:
            await tell(connection, self.world, [one.person_id for one in to], said, self.clock(), about)

    async def deliver(self, delivery: Delivery | None = None) -> None:
        """Send all that is due now, and note it."""
        worker = delivery or self.delivery
        while due := await worker._claim(IN_HAND):
            for message in due:
                await worker._deliver(message)
        await worker._note_sent()

    async def climb(self) -> None:
        """What the two workers do at this moment, until nothing is left to do."""
        await self.deliver()
        await self.ladder.look()
        await self.deliver()
        await self.ladder.look()
        await self.deliver()

    async def after(self, **later: float) -> None:
        self.clock.now += timedelta(**later)
        await self.climb()

    def texts(self, channel: str, who: str) -> list[str]:
        return self.channels[channel].texts(who)

    async def rungs(self) -> list[tuple[str, str]]:
        return [(row.channel, row.status) for row in await rows(self.engine, deliveries)]

    async def statuses(self) -> list[str]:
        return [row.status for row in await rows(self.engine, notices)]

    async def held(self) -> dict[str, int]:
        return {row.channel: row.held for row in await rows(self.engine, conversations)}

    async def receipt(self, channel: str, who: str, *ids: str, seen: bool = False) -> None:
        async with taking(self.engine, self.world) as intake:
            await take(intake, Receipt(channel, who, ids, seen))

    async def forced(self, channel: str, *outcomes: Exception | None) -> None:
        self.channels[channel].outcomes.extend(outcomes)


@pytest.fixture
async def village(engine: AsyncEngine) -> Village:
    return Village(engine)


# ---------------------------------------------------------------- windows


@pytest.mark.parametrize(
    ("silent", "pays", "status", "cost", "paid"),
    [
        (timedelta(hours=48), False, "sent", "free", [False]),
        (timedelta(hours=48, seconds=1), False, "held", "", []),
        (timedelta(hours=48, seconds=1), True, "sent", "paid", [True]),
        (timedelta(days=7), True, "sent", "paid", [True]),
        (timedelta(days=7, seconds=1), True, "held", "", []),
    ],
)
async def test_a_window_is_free_then_paid_then_closed(
    engine: AsyncEngine, silent: timedelta, pays: bool, status: str, cost: str, paid: list[bool]
) -> None:
    village = Village(engine, pays=pays)
    anna = await village.person("anna", "zalo")
    village.clock.now += silent
    await village.tell(anna)
    await village.deliver()
    (rung,) = await rows(engine, deliveries)
    assert (rung.status, rung.cost) == (status, cost)
    assert village.channels["zalo"].paid == paid
    assert len(village.channels["zalo"].tries) == len(paid)  # the platform is not even asked
    assert await village.held() == {"zalo": int(status == "held")}
    assert (await rows(engine, outbox))[0].status == status


async def test_a_window_that_closes_between_commit_and_send_loses_nothing(village: Village) -> None:
    anna = await village.person("anna", "zalo", "telegram")
    await village.tell(anna)
    await village.forced("zalo", WindowClosed("-230"))
    await village.climb()
    assert village.texts("telegram", "anna") == ["Xã đã nhận ý tưởng."]
    assert await village.rungs() == [("zalo", "dropped"), ("telegram", "delivered")]


async def test_what_the_platform_says_is_left_of_a_quota_is_kept(village: Village) -> None:
    anna = await village.person("anna", "zalo")
    village.channels["zalo"].quota_left = 7
    await village.tell(anna)
    await village.deliver()
    assert (await rows(village.engine, conversations))[0].quota_left == 7


@pytest.mark.parametrize(("pays", "cost"), [(False, ""), (True, "paid")])
async def test_when_the_free_messages_are_used_up_one_is_held_or_paid_for(
    engine: AsyncEngine, pays: bool, cost: str
) -> None:
    village = Village(engine, pays=pays)
    anna = await village.person("anna", "zalo")
    village.channels["zalo"].quota_left = 0
    await village.tell(anna)
    await village.deliver()
    village.clock.now += timedelta(hours=1)
    await village.tell(anna)
    await village.deliver()
    first, second = await rows(engine, deliveries)
    assert (first.status, first.cost) == ("sent", "free")
    assert (second.status, second.cost) == ("sent" if pays else "held", cost)
    village.channels["zalo"].quota_left = 7
    await say(engine, village.world, "anna", "menu", channel="zalo")
    await village.tell(anna)
    await village.deliver()
    assert (await rows(engine, deliveries))[-1].cost == "free"


async def test_what_was_left_before_the_person_wrote_says_nothing_any_more(village: Village) -> None:
    anna = await village.person("anna", "zalo")
    village.channels["zalo"].quota_left = 0
    await village.tell(anna)
    for due in await village.delivery._claim(IN_HAND):
        await village.delivery._deliver(due)
    village.clock.now += timedelta(seconds=1)
    await say(village.engine, village.world, "anna", "menu", channel="zalo")
    await village.delivery._note_sent()
    assert (await rows(village.engine, conversations))[0].quota_left is None


# ---------------------------------------------------------------- climbing


@pytest.mark.parametrize("error", [Unreachable("x"), Rejected("x"), FileUnavailable("x"), WindowClosed("x")])
async def test_a_rung_that_leads_nowhere_makes_the_next_one_at_once(village: Village, error: ChannelError) -> None:
    anna = await village.person("anna", "telegram", "web")
    await village.tell(anna)
    await village.forced("telegram", error)
    await village.climb()
    assert village.texts("web", "anna") == ["Xã đã nhận ý tưởng."]
    first, second = await rows(village.engine, deliveries)
    assert (first.outcome, second.status) == (type(error).__name__, "sent")


@pytest.mark.parametrize("error", [Suspended("no money"), Unavailable("x")])
async def test_what_can_not_be_sent_for_a_quarter_of_an_hour_goes_another_way(
    village: Village, error: ChannelError
) -> None:
    anna = await village.person("anna", "telegram", "web")
    await village.tell(anna)
    await village.forced("telegram", *[error] * 60)
    await village.climb()
    await village.after(minutes=14, seconds=59)
    assert not village.texts("web", "anna")
    await village.after(seconds=1)
    assert village.texts("web", "anna") == ["Xã đã nhận ý tưởng."]
    assert await village.rungs() == [("telegram", "waiting"), ("web", "sent")]


async def test_without_a_receipt_in_time_the_next_rung_is_tried(village: Village) -> None:
    anna = await village.person("anna", "zalo", "telegram")
    await village.tell(anna)
    await village.climb()
    assert await village.rungs() == [("zalo", "sent")]
    await village.after(minutes=59)
    assert await village.rungs() == [("zalo", "sent")]
    await village.after(minutes=1)
    assert await village.rungs() == [("zalo", "sent"), ("telegram", "delivered")]
    assert await village.statuses() == ["delivered"]


@pytest.mark.parametrize(("seen", "status"), [(False, "delivered"), (True, "seen")])
async def test_a_receipt_settles_it(village: Village, seen: bool, status: str) -> None:
    anna = await village.person("anna", "zalo", "telegram")
    await village.tell(anna)
    await village.climb()
    await village.receipt("zalo", "anna", "m1", seen=seen)
    await village.after(hours=2)
    assert await village.rungs() == [("zalo", status)]
    (notice,) = await rows(village.engine, notices)
    assert (notice.status, notice.words, notice.bodies) == (status, "", [])
    worked = {row.channel: row.worked_at is not None for row in await rows(village.engine, conversations)}
    assert worked == {"zalo": True, "telegram": False}


async def test_receipts_of_strangers_and_of_replies_change_nothing(village: Village) -> None:
    anna, bert = await village.person("anna", "zalo"), await village.person("bert", "zalo")
    await village.tell(anna, bert)
    await village.climb()
    await village.receipt("zalo", "anna", "unknown", "", seen=True)
    await village.receipt("telegram", "anna", "m1", seen=True)
    assert await village.statuses() == ["waiting", "waiting"]
    await village.receipt("zalo", "anna", "m1", seen=True)
    await village.receipt("zalo", "anna", "m1")  # the platform delivers it late
    assert sorted(await village.statuses()) == ["seen", "waiting"]


async def test_who_writes_in_that_chat_has_seen_it(village: Village) -> None:
    anna = await village.person("anna", "zalo", "telegram")
    await village.tell(anna)
    await village.climb()
    village.clock.now += timedelta(minutes=5)
    await say(village.engine, village.world, "anna", "menu", channel="zalo")
    await village.after(hours=1)
    assert await village.rungs() == [("zalo", "seen")]


async def test_receipts_that_come_before_the_sending_is_noted(village: Village) -> None:
    anna = await village.person("anna", "zalo", "telegram")
    await village.tell(anna)
    for due in await village.delivery._claim(IN_HAND):
        await village.delivery._deliver(due)
    await village.receipt("zalo", "anna", "m1")
    await village.receipt("zalo", "anna", "m1", seen=True)
    await village.receipt("zalo", "anna", "m1")
    await village.receipt("zalo", "anna", "of-a-reply-before", seen=True)
    assert await village.rungs() == [("zalo", "waiting")]
    await village.delivery._note_sent()
    assert await village.rungs() == [("zalo", "seen")]


async def test_the_receipt_of_a_reply_says_nothing_of_a_notice_in_hand(village: Village) -> None:
    anna = await village.person("anna", "zalo")
    await village.tell(anna)
    for due in await village.delivery._claim(IN_HAND):
        await village.delivery._deliver(due)
    await village.receipt("zalo", "anna", "of-a-reply")
    await village.delivery._note_sent()
    await village.receipt("zalo", "anna", "of-a-reply", seen=True)
    assert await village.rungs() == [("zalo", "sent")]


async def test_a_producers_own_order_comes_first_and_what_only_tells_comes_last(village: Village) -> None:
    anna = await village.person("anna", "email", "telegram", "web")
    async with village.engine.begin() as connection:
        await connection.execute(update(people).where(people.c.id == anna.person_id).values(reach={"order": ["web"]}))
    await village.tell(anna)
    (notice,) = await rows(village.engine, notices)
    channels = {row.id: row.channel for row in await rows(village.engine, conversations)}
    assert [channels[chat_id] for chat_id, _ in notice.bodies] == ["web", "telegram", "email"]


async def test_an_officers_rung_waits_for_their_hours(village: Village) -> None:
    hung = await village.person("hung", "telegram", "web", officer_at=TERRITORY)
    async with village.engine.begin() as connection:
        hours = {"hours": [10 * 60, 16 * 60]}
        await connection.execute(update(people).where(people.c.id == hung.person_id).values(reach=hours))
    await village.tell(hung, about=About("", TERRITORY, new_alert()))  # at 9:00
    await village.climb()
    assert not village.texts("telegram", "hung")
    await village.forced("telegram", Unreachable("x"))
    await village.after(hours=1)
    assert village.texts("web", "hung") == ["Xã đã nhận ý tưởng."]
    village.clock.now += timedelta(hours=6)  # 16:00
    await village.tell(hung, about=About("", TERRITORY, new_alert()))
    await village.climb()
    assert len(village.texts("web", "hung")) == 1
    await village.after(hours=18)
    assert len(village.texts("web", "hung")) == 2


async def test_after_a_start_what_waits_is_tried_first(village: Village) -> None:
    anna = await village.person("anna", "telegram", "web")
    await village.tell(anna)
    village.clock.now += timedelta(hours=3)  # nothing ran
    village.ladder = Ladder(village.engine, village.world)
    await village.ladder.look()
    await village.climb()
    assert await village.rungs() == [("telegram", "delivered")]


async def test_two_workers_climb_once(engine: AsyncEngine) -> None:
    village = Village(engine)
    everybody = [await village.person(f"p{n}", "telegram", "web") for n in range(8)]
    await village.tell(*everybody)
    await village.forced("telegram", *[Unreachable("x")] * 8)
    await village.deliver()
    async with beside(engine) as other:
        await asyncio.gather(village.ladder.look(), Ladder(other, village.world).look())
    second = [row for row in await rows(engine, deliveries) if row.rung == 1]
    assert len(second) == len({row.notice_id for row in second}) == 8
    await village.deliver()
    assert all(len(village.texts("web", f"p{n}")) == 1 for n in range(8))


async def test_receipts_notes_and_climbs_side_by_side_settle_every_notice(engine: AsyncEngine) -> None:
    """Each locks conversations before notices, in one order: on PostgreSQL none waits for another in a circle."""
    village = Village(engine)
    everybody = [await village.person(f"p{n}", "zalo", "telegram") for n in range(12)]
    await village.tell(*everybody)
    await village.deliver()
    village.clock.now += timedelta(hours=1)
    numbers = {row.id: n for n, row in enumerate(await rows(engine, deliveries))}

    async def receipts() -> None:
        for number in numbers:
            async with writing(engine) as connection:
                who = f"p{numbers[number]}"
                receipt = Receipt("zalo", who, (f"m{number}",), seen=True)
                await ledger.note_receipt(connection, receipt, village.clock())

    async with beside(engine) as other:
        second = village.worker(other if engine.dialect.name == "postgresql" else engine)
        await asyncio.gather(receipts(), village.ladder.look(), village.deliver(second), receipts())
        await village.climb()
    assert set(await village.statuses()) <= {"seen", "delivered"}


# ---------------------------------------------------------------- a channel that is not in order


async def test_a_suspended_channel_alarms_once_waits_and_gives_nothing_up(
    village: Village, caplog: pytest.LogCaptureFixture
) -> None:
    anna = await village.person("anna", "telegram")
    await village.tell(anna)
    await say(village.engine, village.world, "anna", "menu", channel="telegram")
    await village.forced("telegram", *[Suspended("token revoked")] * 40)
    with caplog.at_level(logging.WARNING):
        for _ in range(30):
            await village.after(hours=2)
        assert [r.message for r in caplog.records if "token revoked" in r.message] == [
            "telegram takes nothing until somebody acts: token revoked"
        ]
        village.channels["telegram"].outcomes.clear()
        await village.after(minutes=1)
        await village.after(minutes=1)
    assert "telegram takes messages again" in caplog.text
    assert len(village.texts("telegram", "anna")) == 2
    assert {row.status for row in await rows(village.engine, outbox)} == {"sent"}
    assert await village.statuses() == ["delivered"]


async def test_half_an_hour_without_the_platform_loses_none_of_500(sqlite_engine: AsyncEngine) -> None:
    village = Village(sqlite_engine)
    first = await village.person("p", "telegram")
    async with sqlite_engine.begin() as connection:
        made = [{"created_at": village.clock(), "consent": "yes"} for _ in range(500)]
        ids = list((await connection.execute(insert(people).returning(people.c.id), made)).scalars())
        state = (await connection.execute(select(conversations.c.state))).scalar_one()
        chats = [
            {"person_id": i, "channel": "telegram", "chat_id": f"p{i}", "state": state, "updated_at": village.clock()}
            for i in ids
        ]
        await connection.execute(insert(conversations), chats)
        await tell(connection, village.world, [*ids, first.person_id], NEWS, village.clock())
    away = True

    async def refuse(_chat_id: str, _message: Outgoing) -> None:
        if away:
            raise Unavailable("x")

    village.channels["telegram"].before_sending = refuse
    for _ in range(6):
        await village.after(minutes=5)
    away = False
    await village.after(minutes=16)
    assert len(village.channels["telegram"].sent) == 501
    assert set(await village.statuses()) == {"delivered"}


# ---------------------------------------------------------------- held, joined, dropped


async def test_held_messages_come_with_the_next_reply(village: Village) -> None:
    anna = await village.person("anna", "zalo")
    village.clock.now += timedelta(days=3)
    for n in (1, 2, 3):
        link = Link(f"case.TL12-26-000{n}", Text("Mở hồ sơ"), f"TL12-26-000{n}")
        await village.tell(anna, said=SendMessage((Text(f"Tin {n}."),), links=(link,)))
    await village.climb()
    assert (await village.held(), await village.statuses()) == ({"zalo": 3}, ["held"] * 3)
    await say(village.engine, village.world, "anna", "menu", channel="zalo")
    assert await village.held() == {"zalo": 0}
    assert await village.rungs() == [("zalo", "waiting")] * 3
    await village.climb()
    (text,) = village.texts("zalo", "anna")
    head, one, two, three, *reply = text.split("\n\n")
    assert (head, one, two, three) == ("3 tin cho anh/chị trong lúc vắng:", "Tin 1.", "Tin 2.", "Tin 3.")
    assert "1. " in reply[-1]  # the menu's own first choice
    last = text.split("\n")[-3:]
    assert [line.partition(". ")[2] for line in last] == [f"Mở hồ sơ TL12-26-000{n}" for n in (1, 2, 3)]
    assert await village.rungs() == [("zalo", "delivered")] * 3
    assert await village.statuses() == ["delivered"] * 3
    await say(village.engine, village.world, "anna", "trợ giúp", channel="zalo")
    await village.climb()
    assert "trong lúc vắng" not in village.texts("zalo", "anna")[-1]


async def test_a_number_under_joined_messages_opens_what_stands_there(village: Village) -> None:
    anna = await village.person("anna", "zalo")
    village.clock.now += timedelta(days=3)
    link = Link("learn", Text("Đọc thêm"), "đọc thêm")
    await village.tell(anna, said=SendMessage((Text("Tin 1."),), links=(link,)))
    await village.climb()
    await say(village.engine, village.world, "anna", "menu", channel="zalo")
    await village.climb()
    number = next(
        line.partition(".")[0] for line in village.texts("zalo", "anna")[-1].split("\n") if "Đọc thêm" in line
    )
    village.clock.now += timedelta(seconds=30)
    await handle(village.engine, village.world, [typed("anna", number, "later", "zalo")])
    await village.climb()
    state = (await rows(village.engine, conversations))[0].state
    assert state["at"].startswith("learn/")


async def test_too_much_for_one_message_comes_in_several(village: Village) -> None:
    anna = await village.person("anna", "zalo")
    village.clock.now += timedelta(days=3)
    for n in range(5):
        await village.tell(anna, said=SendMessage((Text(f"Tin {n}: " + "chữ " * 200),)))
    await village.climb()
    await say(village.engine, village.world, "anna", "menu", channel="zalo")
    await village.climb()
    texts = village.texts("zalo", "anna")
    assert len(texts) == 4
    assert all(len(text) <= ZALO.max_text_chars for text in texts)
    assert [text.count("Tin ") for text in texts] == [2, 2, 1, 0]
    assert "trong lúc vắng" in texts[0]
    assert "1. " in texts[-1]
    assert await village.statuses() == ["delivered"] * 5


async def test_a_joined_reply_that_meets_a_closed_window_is_held_again(village: Village) -> None:
    anna = await village.person("anna", "zalo")
    village.clock.now += timedelta(days=3)
    await village.tell(anna)
    await village.climb()
    await say(village.engine, village.world, "anna", "menu", channel="zalo")
    await village.forced("zalo", WindowClosed("x"))
    await village.climb()
    assert (await village.held(), await village.rungs()) == ({"zalo": 1}, [("zalo", "held")])
    await say(village.engine, village.world, "anna", "trợ giúp", channel="zalo")
    await village.climb()
    assert "Xã đã nhận ý tưởng." in village.texts("zalo", "anna")[-1]
    assert await village.statuses() == ["delivered"]


async def test_what_comes_elsewhere_drops_its_held_twin(village: Village) -> None:
    anna = await village.person("anna", "zalo", "telegram")
    village.clock.now += timedelta(days=3)
    await village.tell(anna)
    await village.climb()
    assert await village.rungs() == [("zalo", "dropped"), ("telegram", "delivered")]
    assert await village.held() == {"zalo": 0, "telegram": 0}
    await say(village.engine, village.world, "anna", "menu", channel="zalo")
    await village.climb()
    assert not [text for text in village.texts("zalo", "anna") if "Xã đã nhận" in text]


async def test_an_email_says_only_that_there_is_news_so_the_message_still_waits(village: Village) -> None:
    anna = await village.person("anna", "zalo", "email")
    village.clock.now += timedelta(days=3)
    await village.tell(anna)
    await village.climb()
    assert await village.rungs() == [("zalo", "held"), ("email", "delivered")]
    assert await village.held() == {"zalo": 1, "email": 0}
    await say(village.engine, village.world, "anna", "menu", channel="zalo")
    await village.climb()
    assert "Xã đã nhận ý tưởng." in village.texts("zalo", "anna")[-1]


@dataclass
class WithTemplates(Proving):
    templates: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    async def send_template(self, phone: str, template_id: str, data: dict[str, str], key: str) -> Sent:
        self.templates.append((phone, template_id, data))
        return Sent((f"t{key}",), paid=True)


@pytest.mark.parametrize(("agreed", "silent"), [(True, 3), (False, 3), (True, 0)])
async def test_a_paid_template_goes_where_the_window_is_closed_and_its_person_agreed(
    engine: AsyncEngine, agreed: bool, silent: int
) -> None:
    village = Village(engine, templates={"notice": "4711"})
    zalo = village.channels["zalo"] = WithTemplates("zalo", capabilities=ZALO)
    anna = await village.person("anna", "zalo", "email")
    async with engine.begin() as connection:
        known = {"phone": "+84912345678", "reminders": agreed}
        await connection.execute(update(people).where(people.c.id == anna.person_id).values(known))
    village.clock.now += timedelta(days=silent)
    await village.tell(anna, about=About("TL12-26-0001"))
    await village.climb()
    await village.after(hours=1)
    if agreed and silent:
        assert zalo.templates == [("+84912345678", "4711", {"code": "TL12-26-0001"})]
        assert await village.rungs() == [("zalo", "held"), ("zbs", "delivered")]
        assert [row.cost for row in await rows(engine, deliveries)] == ["", "paid"]
        assert await village.held() == {"zalo": 1, "email": 0}  # it said only that there is news
    else:
        assert zalo.templates == []
        assert await village.rungs() == [("zalo", "sent" if not silent else "held"), ("email", "delivered")]


async def test_a_reminder_climbs_with_its_words_and_where_to_go_on(village: Village) -> None:
    anna = await village.person("anna", "zalo", "telegram")
    for words in ("đăng ký", "Chuối sấy dẻo", "nghỉ", "mai nhắc"):
        village.clock.now += timedelta(seconds=30)
        await handle(village.engine, village.world, [typed("anna", words, words, "zalo")])
    await village.climb()
    waiting = await rows(village.engine, timers)
    assert waiting, village.texts("zalo", "anna")
    village.clock.now += timedelta(days=3)
    fired = TimerFired(waiting[0].kind, waiting[0].subject, waiting[0].turn)
    await handle(village.engine, village.world, [replace(typed("anna", "", "timer", "zalo"), event=fired)])
    await village.climb()
    (text,) = village.texts("telegram", "anna")
    assert "Chuối sấy dẻo" in text
    assert text.endswith("trên Zalo nhé.")
    assert not village.channels["telegram"].sent[0][1].buttons
    assert await village.rungs() == [("zalo", "dropped"), ("telegram", "delivered")]
    assert anna.person_id == (await rows(village.engine, notices))[0].person_id


# ---------------------------------------------------------------- somebody else hears of it


async def alerted(village: Village, *officers: Conversation, code: str = "") -> None:
    said = SendMessage((Text("Ý tưởng mới."),))
    await village.tell(*officers, said=said, about=About(code, TERRITORY, new_alert()))


async def test_an_officers_alert_goes_to_the_next_in_charge_and_further_up(village: Village) -> None:
    hung = await village.person("hung", "telegram", officer_at=TERRITORY)
    await village.person("hanh", "telegram", officer_at=TERRITORY)
    await village.person("lan", "telegram", officer_at="15")
    await village.person("minh", "telegram", officer_at="")
    gone = ["hung", "hanh", "lan"]

    async def blocked(chat_id: str, _message: Outgoing) -> None:
        if chat_id in gone:
            raise Unreachable("x")

    village.channels["telegram"].before_sending = blocked
    await alerted(village, hung)
    for _ in range(4):
        await village.climb()
    (text,) = village.texts("telegram", "minh")
    assert text == "Em không báo được cho hung, hanh, lan, nên tin này chuyển tới anh/chị:\nÝ tưởng mới."
    assert await village.statuses() == ["held", "held", "held", "delivered"]
    for _ in range(3):
        await village.after(days=1)
    assert len(await rows(village.engine, notices)) == 4  # each was passed on once


async def test_what_it_led_to_is_passed_on_with_it(village: Village) -> None:
    hung = await village.person("hung", "telegram", officer_at=TERRITORY)
    await village.person("minh", "zalo", officer_at="")
    await village.forced("telegram", Unreachable("x"))
    links = (open_link("TL12-26-0001"), open_link("TL12-26-0002"))
    said = SendMessage((Text("Hai hồ sơ quá hạn."), Text("17:00 em báo Minh.")), links=links)
    about = About("", TERRITORY, new_alert(), words="Hai hồ sơ quá hạn.")
    await village.tell(hung, said=said, about=about)
    for _ in range(2):
        await village.climb()
    (text,) = village.texts("zalo", "minh")
    assert text == (
        "Em không báo được cho hung, nên tin này chuyển tới anh/chị:\nHai hồ sơ quá hạn.\n"
        "1. Mở TL12-26-0001\n2. Mở TL12-26-0002"
    )


async def test_one_officer_who_has_it_is_enough(village: Village) -> None:
    hung = await village.person("hung", "telegram", officer_at=TERRITORY)
    hanh = await village.person("hanh", "zalo", officer_at=TERRITORY)
    await village.person("lan", "telegram", officer_at="15")
    await village.forced("telegram", Unreachable("x"))
    await alerted(village, hung, hanh)
    await village.climb()
    await village.climb()
    assert not village.texts("telegram", "lan")  # the other may still get it
    await village.receipt("zalo", "hanh", "m2")
    await village.after(days=3)
    assert not village.texts("telegram", "lan")


async def test_of_several_the_last_that_fails_passes_it_on(village: Village) -> None:
    hung = await village.person("hung", "telegram", officer_at=TERRITORY)
    hanh = await village.person("hanh", "zalo", officer_at=TERRITORY)
    await village.person("lan", "telegram", officer_at="15")
    await village.forced("telegram", Unreachable("x"))
    await alerted(village, hung, hanh)
    await village.after(hours=2)
    assert not village.texts("telegram", "lan")  # on Zalo it may be read until the same hour of the next working day
    await village.after(hours=22)
    assert village.texts("telegram", "lan") == [
        "Em không báo được cho hung, hanh, nên tin này chuyển tới anh/chị:\nÝ tưởng mới."
    ]


async def test_a_producers_officer_is_asked_to_call_once(village: Village) -> None:
    may = await village.person("Mẩy", "zalo")
    await village.person("hung", "telegram", officer_at=TERRITORY)
    code = await submit(village.engine, may, village.clock())
    village.clock.now += timedelta(days=3)
    await village.tell(may, about=About(code))
    for _ in range(3):
        await village.climb()
        await village.after(hours=1)
    (text,) = village.texts("telegram", "hung")
    about = f"Lý Thị Mẩy ({code} “Chuối sấy dẻo”)"
    assert text.split("\n")[:3] == [
        f"Em chưa báo được cho {about}. Zalo chỉ cho nhắn trong 2 ngày kể từ tin cuối của bà con.",
        "Nhờ anh/chị gọi điện.",
        "Nội dung tin: “Xã đã nhận ý tưởng.”",
    ]
    assert [(n.status, n.passed_on) for n in await rows(village.engine, notices)] == [
        ("held", True), ("delivered", False)
    ]  # fmt: skip


async def test_who_has_closed_every_chat_is_called_and_the_case_says_so(village: Village) -> None:
    may = await village.person("Mẩy", "zalo", "telegram")
    await village.person("hung", "telegram", officer_at=TERRITORY)
    code = await submit(village.engine, may, village.clock())
    async with writing(village.engine) as connection:
        for channel in ("zalo", "telegram"):
            await close_chat(connection, channel, "Mẩy", village.clock())
    await village.tell(may, about=About(code))
    await village.climb()
    assert [who for channel in village.channels.values() for who, _ in channel.tries] == ["hung"]
    (text,) = village.texts("telegram", "hung")
    async with reading(village.engine) as connection:
        (told,) = await ledger.told_of(connection, code)
    assert (told.status, [(r.channel, r.status, r.outcome) for r in told.rungs]) == (
        "held", [("zalo", "held", "Unreachable")]
    )  # fmt: skip
    assert text.startswith(f"Chưa báo được cho Lý Thị Mẩy ({code} “Chuối sấy dẻo”): bà con đã đóng trò chuyện với em.")


async def test_who_comes_back_to_a_closed_chat_gets_what_could_not_be_sent(village: Village) -> None:
    """With their first word: following again opens no window, and a greeting is no news."""
    may = await village.person("Mẩy", "zalo")
    await village.person("hung", "telegram", officer_at=TERRITORY)
    code = await submit(village.engine, may, village.clock())
    async with writing(village.engine) as connection:
        await close_chat(connection, "zalo", "Mẩy", village.clock())
    await village.tell(may, about=About(code))
    await village.climb()
    village.clock.now += timedelta(days=1)
    await follow(village, "Mẩy")
    await village.forced("zalo", WindowClosed("-230"))
    await village.climb()
    assert await village.held() == {"zalo": 1, "telegram": 0}
    assert village.texts("zalo", "Mẩy") == []
    village.clock.now += timedelta(seconds=30)
    await say(village.engine, village.world, "Mẩy", "alo", channel="zalo")
    await village.climb()
    (text,) = village.texts("zalo", "Mẩy")
    assert text.startswith("1 tin cho anh/chị trong lúc vắng:\n\nXã đã nhận ý tưởng.")
    assert await village.held() == {"zalo": 0, "telegram": 0}
    async with reading(village.engine) as connection:
        (told,) = await ledger.told_of(connection, code)
    assert (told.status, [r.status for r in told.rungs]) == ("delivered", ["delivered"])


async def follow(village: Village, who: str) -> None:
    update_ = replace(typed(who, "", f"follow {village.clock()}", "zalo"), event=CommandReceived("start"))
    await handle(village.engine, village.world, [update_])


async def test_a_greeting_that_could_not_go_out_is_no_news(village: Village) -> None:
    await follow(village, "new")
    await village.forced("zalo", WindowClosed("-230"))
    await village.deliver()
    village.clock.now += timedelta(seconds=30)
    await say(village.engine, village.world, "new", "alo", channel="zalo")
    await village.deliver()
    (text,) = village.texts("zalo", "new")
    assert "trong lúc vắng" not in text


@pytest.mark.parametrize("closed", [False, True])
async def test_a_request_to_call_goes_no_more_once_its_producer_was_reached(village: Village, closed: bool) -> None:
    """Whether it waits for its officer to write (`closed`: their window), or for the morning."""
    may = await village.person("Mẩy", "zalo")
    await village.person("hung", "zalo", officer_at=TERRITORY)
    code = await submit(village.engine, may, village.clock())
    village.clock.now += timedelta(days=3, hours=0 if closed else 12)
    if not closed:
        await say(village.engine, village.world, "hung", "menu", channel="zalo")
    await village.tell(may, about=About(code))
    await village.climb()
    await say(village.engine, village.world, "Mẩy", "alo", channel="zalo")
    await village.deliver()
    await village.after(hours=12)
    await say(village.engine, village.world, "hung", "alo", channel="zalo")
    await village.climb()
    assert not [text for text in village.texts("zalo", "hung") if "Em chưa báo được" in text]
    assert await village.statuses() == ["delivered", "dropped"]


async def test_who_has_the_case_in_hand_is_asked_to_call(village: Village) -> None:
    may = await village.person("Mẩy", "telegram")
    hung = await village.person("hung", "telegram", officer_at=TERRITORY)
    await village.person("hanh", "telegram", officer_at=TERRITORY)
    code = await submit(village.engine, may, village.clock())
    async with village.engine.begin() as connection:
        case_id = (await connection.execute(select(cases.c.id))).scalar_one()
        await take_case(connection, case_id, hung.person_id, village.clock())
    await village.tell(may, about=About(code))
    await village.forced("telegram", Unreachable("x"))
    await village.climb()
    (text,) = village.texts("telegram", "hung")
    assert text.startswith(f"Chưa báo được cho Lý Thị Mẩy ({code} “Chuối sấy dẻo”): bà con đã đóng trò chuyện với em.")
    assert [button.label for button in village.channels["telegram"].sent[-1][1].buttons] == [
        "Xem số điện thoại", f"Mở {code}"
    ]  # fmt: skip
    assert not village.texts("telegram", "hanh")


async def test_what_nobody_is_left_to_hear_of_is_logged(village: Village, caplog: pytest.LogCaptureFixture) -> None:
    hung = await village.person("hung", "telegram", officer_at=TERRITORY)
    await village.forced("telegram", Unreachable("x"))
    await alerted(village, hung)
    await village.climb()
    assert "reached nobody" in caplog.text
    assert await village.statuses() == ["held"]


async def test_a_page_that_is_never_opened_counts_as_not_told_after_a_day(village: Village) -> None:
    may = await village.person("Mẩy", "web")
    await officer(village.engine, village.clock, "hung")
    code = await submit(village.engine, may, village.clock())
    await village.tell(may, about=About(code))
    await village.after(minutes=2)
    await village.after(hours=23)
    assert not village.texts("telegram", "hung")
    await village.after(hours=1)
    assert len(village.texts("telegram", "hung")) == 1
    await say(village.engine, village.world, "Mẩy", "menu", channel="web")
    assert await village.statuses() == ["failed", "delivered"]


@pytest.mark.parametrize(
    ("silent", "closed", "told"),
    [
        (1, False, "Em đã báo bà con."),
        (3, False, "Zalo đang không cho em nhắn bà con. Em giữ tin lại, nhờ anh/chị gọi giúp."),
        (1, True, "Bà con đã đóng trò chuyện với em. Em giữ tin lại, nhờ anh/chị gọi giúp."),
    ],
)
async def test_whoever_decides_is_told_at_once_whether_the_producer_hears_of_it(
    village: Village, silent: int, closed: bool, told: str
) -> None:
    may = await village.person("Mẩy", "zalo")
    await village.person("hung", "telegram", officer_at=TERRITORY)
    known = ANSWERS | {"product_group": "food", "producer_kind": "household"}
    code = await submit(village.engine, may, village.clock(), known)
    village.clock.now += timedelta(days=silent)
    if closed:
        async with writing(village.engine) as connection:
            await close_chat(connection, "zalo", "Mẩy", village.clock())
    await say(village.engine, village.world, "hung", code, "chấp nhận", "chấp nhận luôn")
    await village.deliver()
    last = village.channels["telegram"].sent[-1][1]
    assert last.text.startswith(f"{code} “Chuối sấy dẻo”: chấp nhận. {told}")
    number = [button for button in last.buttons if button.label == "Xem số điện thoại"]
    assert len(number) == int(silent > 1 or closed)
    if number:
        pressed_ = replace(typed("hung", "", "number"), event=pressed(number[0].data))
        await handle(village.engine, village.world, [pressed_])
        await village.deliver()
        assert village.texts("telegram", "hung")[-1].startswith("Mẩy: 0912 345 678 (em đã ghi lượt xem này)")
    await say(village.engine, village.world, "hung", "menu", code, "nhắn bà con")
    if not closed:  # of a closed chat it is said before anything is written
        await say(village.engine, village.world, "hung", "Chúc mừng chị", "gửi đi")
    await village.deliver()
    note = village.texts("telegram", "hung")[-1]
    assert note.startswith(
        "Em đang không nhắn được cho Lý Thị Mẩy." if closed else told if silent > 1 else "Đã gửi cho bà con."
    )

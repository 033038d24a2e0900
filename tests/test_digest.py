"""What the hour brings: overviews, overdue cases, certificates that run out; once each, and no failure stops others."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.desk import day as office_day
from bot.desk.day import OfficeDay
from bot.desk.overdue import groups_due
from bot.turn import notice
from dialogs.model import Role, SendMessage, Text
from dialogs.officer.digest import digest
from dialogs.rules.working_days import at_minute
from storage import cases, desk, digests, offices, outbox
from storage import results as rated
from storage.models import absences, audit, conversations, memberships, results
from storage.models import cases as case_table
from storage.models import digests as digest_table
from storage.models import outbox as outbox_table
from storage.people import chats_of
from tests.heart import NONE_OFF, REGISTRATION, TERRITORY, beside, chat, idea, once, rows, say, submit, world_at
from tests.transcripts import Clock

WEDNESDAY, THURSDAY = date(2026, 11, 25), date(2026, 11, 26)
DUE_ON = date(2026, 12, 1)
"""Of an idea that is handed in on Monday 23 November 2026; the 24th is a holiday."""
LATE = date(2026, 12, 2)
"""The day after, on which it is overdue."""


def at(day: date, clock_time: str) -> datetime:
    hour, minute = map(int, clock_time.split(":"))
    return at_minute(day, hour * 60 + minute)


async def hire(
    engine: AsyncEngine, clock: Clock, who: str, role: Role = Role.COMMUNE_OFFICER, territory: str = TERRITORY
) -> int:
    found = await chat(engine, clock, who, officer=True, name=f"Hoàng Văn {who.capitalize()}")
    async with engine.begin() as connection:
        row = {"person_id": found.person_id, "role": str(role), "territory": territory, "since": clock()}
        await connection.execute(insert(memberships).values(row))
    return found.person_id


async def look(engine: AsyncEngine, clock: Clock, moment: datetime | None = None) -> None:
    clock.now = moment or clock.now
    await OfficeDay(engine, world_at(clock)).look()


async def told(engine: AsyncEngine, who: str) -> list[str]:
    """What this chat was sent without having asked."""
    (conversation,) = await rows(engine, conversations, conversations.c.chat_id == who)
    kept = await rows(engine, outbox_table, outbox_table.c.conversation_id == conversation.id)
    return [row.body["text"] for row in kept if row.kind == "notice"]


async def buttons(engine: AsyncEngine, who: str) -> list[list[str]]:
    (conversation,) = await rows(engine, conversations, conversations.c.chat_id == who)
    kept = await rows(engine, outbox_table, outbox_table.c.conversation_id == conversation.id)
    return list(kept[-1].body["buttons"])


async def begun(engine: AsyncEngine, *officers: str) -> Clock:
    """Monday 9:00: officers of one commune, and one idea that waits for them."""
    clock = Clock()
    for who in officers:
        await hire(engine, clock, who)
    await submit(engine, await chat(engine, clock, "producer"), clock())
    return clock


# ---------------------------------------------------------------- the overview


async def test_one_overview_at_seven(engine: AsyncEngine) -> None:
    clock = await begun(engine, "hung")
    await look(engine, clock, at(WEDNESDAY, "6:59"))
    assert await told(engine, "hung") == []
    await look(engine, clock, at(WEDNESDAY, "7:00"))
    await look(engine, clock, at(WEDNESDAY, "7:20"))
    await look(engine, clock, at(WEDNESDAY, "13:30"))
    assert await told(engine, "hung") == ["Chào anh/chị Hung. Xã Tân Lĩnh hôm nay: 1 hồ sơ chưa gấp."]
    assert await buttons(engine, "hung") == [["l:desk", "Tất cả"], ["l:postpone.810", "Hoãn đến 13:30"]]
    await look(engine, clock, at(THURSDAY, "7:00"))
    assert len(await told(engine, "hung")) == 2


@pytest.mark.parametrize(
    ("moment", "comes"),
    [
        (at(WEDNESDAY, "10:59"), True),  # the process was down at seven
        (at(WEDNESDAY, "11:00"), False),
        (at(date(2026, 11, 24), "7:00"), False),  # a holiday
        (at(date(2026, 11, 28), "7:00"), False),  # Saturday
        (at(date(2026, 11, 27), "7:00"), False),  # the commune is closed
    ],
)
async def test_when_it_comes(engine: AsyncEngine, moment: datetime, comes: bool) -> None:
    clock = await begun(engine, "hung")
    (hung,) = await rows(engine, memberships)
    async with engine.begin() as connection:
        await offices.set_day_off(connection, TERRITORY, date(2026, 11, 27), "", hung.person_id, NONE_OFF)
    await look(engine, clock, moment)
    assert len(await told(engine, "hung")) == comes


async def test_who_joined_this_morning_knows_what_there_is(engine: AsyncEngine) -> None:
    clock = await begun(engine, "hung")
    clock.now = at(WEDNESDAY, "8:00")
    await hire(engine, clock, "hanh")
    await look(engine, clock)
    assert len(await told(engine, "hung")) == 1
    assert await told(engine, "hanh") == []


async def test_nothing_to_do_no_message(engine: AsyncEngine) -> None:
    clock = Clock()
    await hire(engine, clock, "hung")
    await look(engine, clock, at(WEDNESDAY, "7:00"))
    assert await told(engine, "hung") == []
    assert [row.day for row in await rows(engine, digest_table)] == [WEDNESDAY]  # looked at, once


async def test_on_leave_the_cover_has_it(engine: AsyncEngine) -> None:
    clock = await begun(engine, "hung")
    (hung,) = await rows(engine, memberships)
    hanh = await hire(engine, clock, "hanh", territory="15/04339")
    async with engine.begin() as connection:
        row = {"person_id": hung.person_id, "cover_id": hanh, "first_on": WEDNESDAY, "last_on": WEDNESDAY}
        await connection.execute(insert(absences).values(row | {"created_at": clock()}))
    await look(engine, clock, at(WEDNESDAY, "7:00"))
    assert await told(engine, "hung") == []
    assert await told(engine, "hanh") == ["Chào anh/chị Hanh. Hôm nay: 1 hồ sơ chưa gấp."]
    await look(engine, clock, at(THURSDAY, "7:00"))
    assert len(await told(engine, "hung")) == len(await told(engine, "hanh")) == 1


async def test_once_though_many_processes_look(engine: AsyncEngine) -> None:
    clock = await begun(engine, "hung", "hanh")
    clock.now = at(WEDNESDAY, "7:00")
    async with beside(engine) as other:
        days = [OfficeDay(one, world_at(clock)) for one in (engine, other, engine, other)]
        await asyncio.gather(*(one.look() for one in days))
    assert len(await told(engine, "hung")) == len(await told(engine, "hanh")) == 1


def broken_for(person_id: int, error: Exception) -> Any:
    counts_for = desk.counts_for

    async def counts(connection: Any, someone: int, *rest: Any) -> dict[str, int]:
        if someone == person_id:
            raise error
        return await counts_for(connection, someone, *rest)

    return counts


@pytest.mark.parametrize("error", [KeyError("Lý Thị Mẩy"), OperationalError("SELECT", {}, OSError("Lý Thị Mẩy"))])
async def test_one_that_fails_stops_nobody_and_is_tried_again(
    engine: AsyncEngine, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = await begun(engine, "an", "binh", "chi")
    (first, *_) = await rows(engine, memberships)
    whole = desk.counts_for
    monkeypatch.setattr(desk, "counts_for", broken_for(first.person_id, error))
    loop = OfficeDay(engine, world_at(clock))
    clock.now = at(WEDNESDAY, "7:00")
    with caplog.at_level(logging.ERROR):
        await loop.look()
        await loop.look()
    assert [len(await told(engine, who)) for who in ("an", "binh", "chi")] == [0, 1, 1]
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [f"overview of {first.person_id}"]
    assert "Mẩy" not in caplog.text
    monkeypatch.setattr(desk, "counts_for", whole)
    clock.now += timedelta(minutes=10)
    await loop.look()
    assert [len(await told(engine, who)) for who in ("an", "binh", "chi")] == [1, 1, 1]


async def test_a_stage_that_can_not_be_looked_at_stops_no_other(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: Any) -> list[int]:
        raise KeyError("Lý Thị Mẩy")

    clock = await begun(engine, "hung")
    stages = (replace(stage, due=fail) if stage.doing == "overview" else stage for stage in office_day.STAGES)
    monkeypatch.setattr(office_day, "STAGES", tuple(stages))
    await look(engine, clock, at(LATE, "7:30"))
    assert len(await told(engine, "hung")) == 1  # of the overdue case
    assert "overview: KeyError" in caplog.text
    assert "Mẩy" not in caplog.text


async def test_the_loop_stops_and_starts(sqlite_engine: AsyncEngine) -> None:
    clock = await begun(sqlite_engine, "hung")
    clock.now = at(WEDNESDAY, "7:00")
    loop = OfficeDay(sqlite_engine, world_at(clock))
    task = asyncio.create_task(loop.run())

    async def has_it() -> bool:
        return len(await told(sqlite_engine, "hung")) == 1

    await once(has_it)
    loop.close()
    await asyncio.wait_for(task, 5)


# ---------------------------------------------------------------- putting it off


async def test_put_off_to_the_afternoon(engine: AsyncEngine) -> None:
    clock = await begun(engine, "hung")
    (hung,) = await rows(engine, memberships)
    await look(engine, clock, at(WEDNESDAY, "7:00"))
    async with engine.begin() as connection:
        await digests.put_off(connection, hung.person_id, WEDNESDAY, at(WEDNESDAY, "13:30"))
    await look(engine, clock, at(WEDNESDAY, "13:29"))
    assert len(await told(engine, "hung")) == 1
    clock.now = at(WEDNESDAY, "13:30")
    async with beside(engine) as other:
        await asyncio.gather(*(OfficeDay(one, world_at(clock)).look() for one in (engine, other)))
    assert len(await told(engine, "hung")) == 2
    await look(engine, clock, at(WEDNESDAY, "14:00"))
    assert len(await told(engine, "hung")) == 2


async def test_put_off_too_long_it_does_not_come(engine: AsyncEngine) -> None:
    clock = await begun(engine, "hung")
    (hung,) = await rows(engine, memberships)
    async with engine.begin() as connection:
        await digests.put_off(connection, hung.person_id, WEDNESDAY, at(WEDNESDAY, "13:30"))
    await look(engine, clock, at(WEDNESDAY, "17:30"))
    assert await told(engine, "hung") == []


async def test_old_days_are_forgotten(engine: AsyncEngine) -> None:
    clock = await begun(engine, "hung")
    for day in (WEDNESDAY, THURSDAY):
        await look(engine, clock, at(day, "7:00"))
    async with engine.begin() as connection:
        await digests.prune(connection, THURSDAY)
    assert [row.day for row in await rows(engine, digest_table)] == [THURSDAY]


COUNTS = {"act": 5, "due": 2, "overdue": 1, "waiting": 3, "drafts": 4}


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (
            COUNTS,
            "2 hồ sơ đến hạn, 1 hồ sơ quá hạn, 2 hồ sơ chưa gấp, 3 đang chờ bà con bổ sung, 4 bản nháp im quá 10 ngày",
        ),
        ({"act": 1, "due": 1, "overdue": 0, "waiting": 0, "drafts": 0}, "1 hồ sơ đến hạn"),
        ({"act": 0, "waiting": 0, "drafts": 1}, "1 bản nháp im quá 10 ngày"),
        ({"act": 0, "due": 0, "waiting": 3, "drafts": 0}, ""),
        ({}, ""),
    ],
)
def test_only_what_is_not_zero_is_said(counts: Mapping[str, int], words: str) -> None:
    said = digest("Hùng", "Xã Tân Lĩnh", counts, 810)
    catalog = world_at(Clock()).catalog("vi")
    text = "\n".join(catalog.say(one) for one in said.texts) if said is not None else ""
    assert text == (f"Chào anh/chị Hùng. Xã Tân Lĩnh hôm nay: {words}." if words else "")


# ---------------------------------------------------------------- overdue


async def with_approver(engine: AsyncEngine) -> Clock:
    clock = await begun(engine, "hung")
    await hire(engine, clock, "thao", Role.COMMUNE_APPROVER)
    return clock


async def without_overviews(engine: AsyncEngine, who: str) -> list[str]:
    return [text for text in await told(engine, who) if "Chào" not in text]


async def escalation(engine: AsyncEngine) -> str:
    (case,) = await rows(engine, case_table)
    return str(case.escalation)


async def test_the_officer_is_told_first_and_then_a_named_person_once(engine: AsyncEngine) -> None:
    clock = await with_approver(engine)
    await look(engine, clock, at(DUE_ON, "16:00"))
    assert await escalation(engine) == ""
    for moment in ("6:00", "7:30", "12:00", "16:59"):
        await look(engine, clock, at(LATE, moment))
    (warning,) = await without_overviews(engine, "hung")
    assert warning == (
        "1 hồ sơ quá hạn:\n• TL12-26-0001 Chuối sấy dẻo: quá hạn 1 ngày\n17:00 hôm nay em sẽ báo anh/chị Thao."
    )
    assert await without_overviews(engine, "thao") == []
    for moment in ("17:00", "17:01"):
        await look(engine, clock, at(LATE, moment))
    assert (await without_overviews(engine, "hung"))[1:] == [
        "Em đã báo anh/chị Thao:\n• TL12-26-0001 Chuối sấy dẻo: quá hạn 1 ngày"
    ]
    (passed_up,) = await without_overviews(engine, "thao")
    assert passed_up.startswith("Xã Tân Lĩnh: 1 hồ sơ quá hạn:\n• TL12-26-0001")
    assert await buttons(engine, "thao") == [["l:review.TL12-26-0001", "Mở TL12-26-0001"]]
    (entry,) = await rows(engine, audit)
    assert (entry.action, entry.case_code, entry.actor_id) == ("escalate", "TL12-26-0001", None)
    await look(engine, clock, at(date(2026, 12, 3), "17:00"))
    assert len(await without_overviews(engine, "thao")) == 1
    assert await escalation(engine) == "escalated"


async def test_decided_in_time_nobody_above_is_told_and_it_comes_back(engine: AsyncEngine) -> None:
    clock = await with_approver(engine)
    await look(engine, clock, at(LATE, "7:30"))
    (hung, *_) = await rows(engine, memberships)
    async with engine.begin() as connection:
        case = await cases.locked(connection, "TL12-26-0001")
        await cases.move(connection, case, cases.Actor(hung.person_id, ""), "accept", clock(), NONE_OFF)
    await look(engine, clock, at(LATE, "17:00"))
    assert await without_overviews(engine, "thao") == []
    assert await escalation(engine) == ""


async def test_once_though_two_processes_look_at_what_is_overdue(engine: AsyncEngine) -> None:
    clock = await with_approver(engine)
    async with beside(engine) as other:
        for moment in ("7:30", "17:00"):
            clock.now = at(LATE, moment)
            await asyncio.gather(*(OfficeDay(one, world_at(clock)).look() for one in (engine, other) * 2))
    assert len(await without_overviews(engine, "hung")) == 2
    assert len(await without_overviews(engine, "thao")) == 1
    assert len(await rows(engine, audit)) == 1


async def test_several_are_one_message_and_only_the_holder_is_told(engine: AsyncEngine) -> None:
    clock = await begun(engine, "hung", "hanh")
    for n in range(8):
        await submit(engine, await chat(engine, clock, f"p{n}"), clock())
    (hung, _) = await rows(engine, memberships)
    async with engine.begin() as connection:
        held = update(case_table).where(case_table.c.id > 1)
        await connection.execute(held.values(holder_id=hung.person_id, held_at=clock()))
    await hire(engine, clock, "lan", Role.PROVINCE_OFFICER, "15")
    await look(engine, clock, at(LATE, "7:30"))
    assert [text.partition("\n")[0] for text in await without_overviews(engine, "hung")] == [
        "1 hồ sơ quá hạn:",
        "8 hồ sơ quá hạn:",
    ]
    assert "và 1 hồ sơ nữa\n17:00 hôm nay em sẽ báo anh/chị Lan." in (await without_overviews(engine, "hung"))[1]
    assert len(await without_overviews(engine, "hanh")) == 1
    await look(engine, clock, at(LATE, "17:00"))
    said = await without_overviews(engine, "lan")
    assert len(said) == 2
    assert "Chưa ai nhận xử lý" in said[0]
    assert "Anh/chị Hung đã được nhắc" in said[1]


async def test_told_too_late_in_the_day_is_told_in_the_morning(engine: AsyncEngine) -> None:
    """The process was down all day: an hour to act is the least."""
    clock = await with_approver(engine)
    await look(engine, clock, at(LATE, "16:01"))
    assert await escalation(engine) == ""
    await look(engine, clock, at(date(2026, 12, 3), "7:30"))
    assert await escalation(engine) == "warned"


async def test_announced_and_then_down_it_is_passed_up_when_nobody_sleeps(engine: AsyncEngine) -> None:
    clock = await with_approver(engine)
    await look(engine, clock, at(LATE, "7:30"))
    await look(engine, clock, at(LATE, "22:00"))
    assert await escalation(engine) == "warned"
    await look(engine, clock, at(date(2026, 12, 3), "6:30"))
    assert await escalation(engine) == "escalated"


async def test_when_the_one_above_is_gone_it_is_settled(engine: AsyncEngine) -> None:
    clock = await with_approver(engine)
    await look(engine, clock, at(LATE, "7:30"))
    async with engine.begin() as connection:
        gone = update(memberships).where(memberships.c.role == str(Role.COMMUNE_APPROVER))
        await connection.execute(gone.values(removed_at=clock()))
        assert await groups_due(connection, world_at(clock), at(LATE, "17:00"))
    await look(engine, clock, at(LATE, "17:00"))
    async with engine.begin() as connection:
        assert await groups_due(connection, world_at(clock), clock()) == []
    assert await escalation(engine) == "warned"
    assert not await rows(engine, audit)
    assert len(await without_overviews(engine, "hung")) == 1


async def test_an_officer_alone_in_the_land_is_told_and_nothing_is_announced(engine: AsyncEngine) -> None:
    clock = await begun(engine, "hung")
    await look(engine, clock, at(LATE, "7:30"))
    await look(engine, clock, at(LATE, "17:00"))
    (warning,) = await without_overviews(engine, "hung")
    assert "em sẽ báo" not in warning
    assert await escalation(engine) == "warned"
    assert not await rows(engine, audit)


async def test_who_is_away_is_passed_over_for_their_cover(engine: AsyncEngine) -> None:
    clock = await with_approver(engine)
    lan = await hire(engine, clock, "lan", Role.PROVINCE_OFFICER, "15")
    thao = (await rows(engine, memberships))[1].person_id
    async with engine.begin() as connection:
        row = {"person_id": thao, "cover_id": lan, "first_on": LATE, "last_on": LATE, "created_at": clock()}
        await connection.execute(insert(absences).values(row))
    await look(engine, clock, at(LATE, "7:30"))
    assert "em sẽ báo anh/chị Lan" in (await without_overviews(engine, "hung"))[0]
    await look(engine, clock, at(LATE, "17:00"))
    assert len(await without_overviews(engine, "lan")) == 1
    assert await without_overviews(engine, "thao") == []


async def test_a_producer_who_is_the_approver_is_not_told_of_their_own(engine: AsyncEngine) -> None:
    clock = await begun(engine, "hung")
    await hire(engine, clock, "producer", Role.COMMUNE_APPROVER)
    await look(engine, clock, at(LATE, "7:30"))
    assert "em sẽ báo" not in (await without_overviews(engine, "hung"))[0]
    await look(engine, clock, at(LATE, "17:00"))
    assert [text for text in await told(engine, "producer") if "quá hạn" in text] == []


# ---------------------------------------------------------------- certificates


async def test_a_certificate_runs_out_once_and_its_producer_is_told(engine: AsyncEngine) -> None:
    clock = await begun(engine, "hung")
    good_until = date(2029, 10, 20)
    row = {"case_id": 1, "points_a": 27, "points_b": 15, "points_c": 21, "stars": 3, "certificate_until": good_until}
    async with engine.begin() as connection:
        await connection.execute(insert(results).values(row | {"published_at": clock()}))
        certified = {"status": "certified", "owner": "nobody", "due_on": None, "urgent_on": cases.NOT_URGENT}
        await connection.execute(update(case_table).values(certified))
    await look(engine, clock, at(good_until, "23:59"))
    await look(engine, clock, at(good_until + timedelta(days=1), "6:00"))
    assert await told(engine, "producer") == []
    clock.now = at(good_until + timedelta(days=1), "7:00")
    async with beside(engine) as other:
        await asyncio.gather(*(OfficeDay(one, world_at(clock)).look() for one in (engine, other) * 2))
    (words,) = await told(engine, "producer")
    assert "thứ Bảy 20/10/2029" in words
    (case,) = await rows(engine, case_table)
    assert (case.status, case.owner) == ("expired", "nobody")
    assert [entry.action for entry in await rows(engine, audit)] == ["expire"]


async def test_what_has_run_out_is_found_without_reading_the_other_cases(sqlite_engine: AsyncEngine) -> None:
    """It is looked for every few seconds, all year."""
    asked: list[tuple[str, Any]] = []
    event.listen(sqlite_engine.sync_engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
    async with sqlite_engine.begin() as connection:
        await rated.run_out(connection, LATE)
        statement, values = asked[-1]
        plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)).all()
    assert "certificate_until" in plan[0].detail
    assert not [step.detail for step in plan if step.detail.startswith("SCAN")]


# ---------------------------------------------------------------- quiet hours


async def test_an_alert_at_night_waits_for_the_morning_and_lets_replies_pass(engine: AsyncEngine) -> None:
    clock = Clock()
    await hire(engine, clock, "hung")
    world = world_at(clock)
    clock.now = at(WEDNESDAY, "21:30")
    await idea(engine, clock, "producer")
    await say(engine, world, "hung", "menu")
    await sent_now(engine, clock)
    (alert,) = await rows(engine, outbox_table, outbox_table.c.status == "waiting")
    assert alert.due_at == alert.created_at == at(THURSDAY, "6:30")
    clock.now = at(THURSDAY, "6:30")
    assert await sent_now(engine, clock) == [alert.body["text"]]


async def test_an_installation_may_do_without_quiet_hours(engine: AsyncEngine) -> None:
    clock = Clock()
    await hire(engine, clock, "hung")
    clock.now = at(WEDNESDAY, "21:30")
    world = replace(world_at(clock), quiet_hours=False)
    await say(engine, world, "producer", "/start c-04336", *REGISTRATION)
    assert any("Ý tưởng OCOP mới" in text for text in await sent_now(engine, clock))


async def test_by_day_an_alert_goes_at_once(engine: AsyncEngine) -> None:
    clock = Clock()
    await hire(engine, clock, "hung")
    await idea(engine, clock, "producer")
    await sent_now(engine, clock)
    assert await rows(engine, outbox_table, outbox_table.c.status == "waiting") == []


async def sent_now(engine: AsyncEngine, clock: Clock) -> list[str]:
    """Send what is due, message by message; returns the words of it."""
    texts: list[str] = []
    while True:
        async with engine.begin() as connection:
            due = await outbox.claim(connection, clock(), 10)
            await outbox.mark_sent(connection, [one.id for one in due], clock())
        if not due:
            return texts
        texts += [one.body["text"] for one in due]


async def test_what_is_held_blocks_nobody_but_what_is_tried_again_does(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    world = world_at(clock)
    async with engine.begin() as connection:
        (to,) = await chats_of(connection, [anna.person_id])
        later = clock() + timedelta(hours=9)
        held = [notice(world, to, [named], later) for named in (words_of("held 1"), words_of("held 2"))]
        now = [notice(world, to, [named], clock()) for named in (words_of("first"), words_of("second"))]
        await outbox.post(connection, [held[0], now[0], held[1], now[1]])
    async with engine.begin() as connection:
        (first,) = await outbox.claim(connection, clock(), 10)
        assert first.body["text"] == "first"
        assert await outbox.claim(connection, clock(), 10) == []  # one of a chat at a time
        await outbox.retry_later(connection, first, clock(), "Throttled", 60)
        assert await outbox.claim(connection, clock(), 10) == []  # "second" must not overtake it
    clock.now += timedelta(seconds=60)
    assert await sent_now(engine, clock) == ["first", "second"]
    clock.now = later
    assert await sent_now(engine, clock) == ["held 1", "held 2"]


def words_of(words: str) -> SendMessage:
    return SendMessage((Text("%(words)s", {"words": words}),))


async def test_what_was_held_over_a_weekend_is_tried_for_a_day_all_the_same(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna")
    async with engine.begin() as connection:
        (to,) = await chats_of(connection, [anna.person_id])
        await outbox.post(connection, [notice(world_at(clock), to, [words_of("x")], clock() + timedelta(days=3))])
    clock.now += timedelta(days=3, minutes=1)
    async with engine.begin() as connection:
        (due,) = await outbox.claim(connection, clock(), 10)
        await outbox.retry_later(connection, due, clock(), "Unavailable", None)
    (row,) = await rows(engine, outbox_table)
    assert (row.status, row.attempts) == ("waiting", 1)

"""Roles, leave with a cover, handing over and removal, as the database and the people concerned see them."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.desk.day import OfficeDay
from bot.doctor import SAMPLE_ANSWERS
from dialogs import places
from dialogs.model import Draft, Membership, Role, State
from dialogs.officer.rights import answers_for
from dialogs.rules.lifecycle import Side
from dialogs.rules.ruleset import ruleset_on
from dialogs.state import dump
from storage import people, staff
from storage.mergers import merger_row
from storage.models import absences, case_events, cases, conversations, memberships, outbox, settings
from storage.models import audit as audit_table
from storage.models import people as people_table
from storage.records import conversations_of
from tests.heart import COMMUNE, TERRITORY, beside, chat, officer, rows, submit, world_at
from tests.transcripts import Clock, Play, hire

MONDAY, FRIDAY = date(2026, 11, 23), date(2026, 11, 27)


async def run_of(engine: AsyncEngine, clock: Clock | None = None) -> Play:
    clock = clock or Clock()
    world = replace(world_at(clock), bot_link=lambda payload: (f"https://t.me/ocop?start={payload}",))
    return Play(engine, world, clock, "telegram")


async def person_of(engine: AsyncEngine, who: str) -> int:
    async with engine.begin() as connection:
        found = select(conversations.c.person_id).where(conversations.c.chat_id == who)
        return int((await connection.execute(found)).scalar_one())


async def rights_of(engine: AsyncEngine, who: str, clock: Clock, channel: str = "telegram") -> tuple[Membership, ...]:
    async with engine.begin() as connection:
        found = await conversations_of(connection, {(channel, who): "vi"}, clock())
    return found[channel, who].person.memberships


async def told(engine: AsyncEngine, side: Side | None = None, today: date = MONDAY, but: int = 0) -> list[int]:
    async with engine.begin() as connection:
        return await people.officers_of(connection, TERRITORY, but, side, today)


async def away(engine: AsyncEngine, person: int, cover: int, first: date = MONDAY, last: date = FRIDAY) -> None:
    async with engine.begin() as connection:
        await staff.take_leave(connection, person, cover, first, last, Clock().now)


async def hold(engine: AsyncEngine, code: str, person: int | None) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(cases).where(cases.c.code == code).values(holder_id=person))


async def holders(engine: AsyncEngine) -> list[int | None]:
    return [row.holder_id for row in await rows(engine, cases)]


def words(lines: list[str]) -> str:
    return "\n".join(lines)


IDEA = {**SAMPLE_ANSWERS, "product_group": ruleset_on(MONDAY).groups[0].id}
OFFICER = Membership(Role.COMMUNE_OFFICER, TERRITORY)
APPROVER = Membership(Role.COMMUNE_APPROVER, TERRITORY)
PROVINCE = Membership(Role.PROVINCE_OFFICER, "15")
ADMINISTRATOR = Membership(Role.ADMINISTRATOR, "")

# ---------------------------------------------------------------- who answers for whom


@pytest.mark.parametrize(
    ("member", "other", "may"),
    [
        (OFFICER, OFFICER, False),
        (OFFICER, APPROVER, False),
        (APPROVER, OFFICER, True),
        (APPROVER, APPROVER, False),
        (APPROVER, Membership(Role.COMMUNE_OFFICER, "15/04337"), False),
        (APPROVER, PROVINCE, False),
        (PROVINCE, OFFICER, True),
        (PROVINCE, APPROVER, True),
        (PROVINCE, PROVINCE, False),
        (PROVINCE, Membership(Role.COMMUNE_OFFICER, "11/03253"), False),
        (Membership(Role.PROVINCE_OFFICER, "1"), OFFICER, False),
        (PROVINCE, ADMINISTRATOR, False),
        (ADMINISTRATOR, ADMINISTRATOR, True),
        (ADMINISTRATOR, OFFICER, True),
    ],
)
def test_who_answers_for_whom(member: Membership, other: Membership, *, may: bool) -> None:
    assert answers_for([member], other) is may


async def test_each_side_is_told_at_its_own_people_first(engine: AsyncEngine) -> None:
    clock = Clock()
    administrator = (await officer(engine, clock, "administrator", "")).person_id
    assert await told(engine, Side.COMMUNE) == await told(engine, Side.PROVINCE) == [administrator]
    province = (await officer(engine, clock, "province", "15")).person_id
    assert await told(engine, Side.COMMUNE) == await told(engine, Side.APPROVER) == [province]
    run = await run_of(engine, clock)
    await hire(run, "approver", Role.COMMUNE_APPROVER, TERRITORY)
    approver = await person_of(engine, "approver")
    assert await told(engine, Side.COMMUNE) == await told(engine, Side.APPROVER) == [approver]
    own = (await officer(engine, clock, "officer")).person_id
    assert await told(engine, Side.COMMUNE) == [own]
    assert await told(engine, Side.APPROVER) == [approver]
    for side in (Side.PROVINCE, Side.DISTRICT, Side.CENTRE):
        assert await told(engine, side) == [province]
    assert await told(engine, Side.COMMUNE, but=own) == [approver]
    assert await told(engine, Side.APPROVER, but=approver) == [province]


# ---------------------------------------------------------------- leave


async def test_a_cover_is_told_and_may_act_on_these_days_only(engine: AsyncEngine) -> None:
    clock = Clock()
    hung, lan = await officer(engine, clock, "hung"), await officer(engine, clock, "lan", "15")
    await away(engine, hung.person_id, lan.person_id, MONDAY + timedelta(days=1))
    assert await told(engine, Side.COMMUNE) == [hung.person_id]
    assert await rights_of(engine, "lan", clock) == (PROVINCE,)
    for day in range(1, 5):
        today = MONDAY + timedelta(days=day)
        assert await told(engine, Side.COMMUNE, today) == [lan.person_id]
        assert await told(engine, Side.APPROVER, today) == [lan.person_id]
        clock.now = Clock().now + timedelta(days=day)
        assert await rights_of(engine, "lan", clock) == (PROVINCE, OFFICER)
    clock.now += timedelta(days=1)
    assert await rights_of(engine, "lan", clock) == (PROVINCE,)
    assert await told(engine, Side.COMMUNE, FRIDAY + timedelta(days=1)) == [hung.person_id]
    assert await rights_of(engine, "hung", clock) == (OFFICER,)


async def test_days_begin_and_end_at_midnight_in_viet_nam(engine: AsyncEngine) -> None:
    clock = Clock()
    hung, lan = await officer(engine, clock, "hung"), await officer(engine, clock, "lan", "15")
    await away(engine, hung.person_id, lan.person_id, MONDAY, MONDAY)
    clock.now = Clock().now.replace(hour=16, minute=59)
    assert await rights_of(engine, "lan", clock) == (PROVINCE, OFFICER)
    clock.now += timedelta(minutes=1)
    assert await rights_of(engine, "lan", clock) == (PROVINCE,)


async def test_a_cover_who_is_away_is_covered_in_turn(engine: AsyncEngine) -> None:
    clock = Clock()
    first, second, third = [await officer(engine, clock, who) for who in ("first", "second", "third")]
    await away(engine, first.person_id, second.person_id)
    await away(engine, second.person_id, third.person_id)
    async with engine.begin() as connection:
        assert await staff.on_leave(connection, MONDAY) == dict.fromkeys(
            (first.person_id, second.person_id), third.person_id
        )
        ids = [first.person_id, second.person_id, third.person_id]
        covered = await staff.covered_by(connection, ids, MONDAY)
    assert covered[third.person_id] == {first.person_id, second.person_id}
    assert covered[second.person_id] == {first.person_id}
    assert await told(engine, Side.COMMUNE) == [third.person_id]


async def test_a_circle_of_covers_ends_and_loses_nothing(engine: AsyncEngine) -> None:
    clock = Clock()
    first, second = [await officer(engine, clock, who) for who in ("first", "second")]
    await away(engine, first.person_id, second.person_id)
    await away(engine, second.person_id, first.person_id)
    async with engine.begin() as connection:
        assert await staff.on_leave(connection, MONDAY) == {}
        covered = await staff.covered_by(connection, [first.person_id], MONDAY)
    assert covered == {first.person_id: {second.person_id}}
    assert await told(engine, Side.COMMUNE) == [first.person_id, second.person_id]


async def test_a_cover_who_has_blocked_the_bot_is_passed_over(engine: AsyncEngine) -> None:
    clock = Clock()
    hung, thao = await officer(engine, clock, "hung"), await officer(engine, clock, "thao")
    province = await officer(engine, clock, "province", "15")
    await away(engine, hung.person_id, thao.person_id)
    async with engine.begin() as connection:
        blocked = update(conversations).where(conversations.c.id == thao.id).values(status="blocked")
        await connection.execute(blocked)
    assert await told(engine, Side.COMMUNE) == [province.person_id]


async def test_leave_is_taken_in_the_officers_words_and_ended_early(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    await hire(run, "officer", Role.COMMUNE_OFFICER, TERRITORY)
    await hire(run, "approver", Role.COMMUNE_APPROVER, TERRITORY)
    await run.line("officer> mai tôi nghỉ phép đến thứ Sáu")
    assert "approver<" not in words(await run.line("officer> [Giao cho Thảo]"))
    assert await rows(engine, absences) == []
    said = words(await run.line("officer> [Giao luôn]"))
    assert "approver< Hùng nghỉ phép" in said
    (row,) = await rows(engine, absences)
    assert (row.first_on, row.last_on) == (MONDAY + timedelta(days=1), FRIDAY)
    assert row.cover_id == await person_of(engine, "approver")
    await run.line("officer> nghỉ phép")
    assert "approver< Hùng" in words(await run.line("officer> [Tôi không nghỉ nữa]"))
    assert [row.ended_at for row in await rows(engine, absences)] == [run.clock.now]
    actions = [row.action for row in await rows(engine, audit_table)]
    assert actions[-2:] == ["leave", "leave_end"]


async def test_in_the_quiet_hours_the_cover_is_told_in_the_morning(engine: AsyncEngine) -> None:
    run = await run_of(engine, Clock(Clock().now.replace(hour=15)))  # 22:00, the day before a holiday
    await hire(run, "officer", Role.COMMUNE_OFFICER, TERRITORY)
    await hire(run, "approver", Role.COMMUNE_APPROVER, TERRITORY)
    for line in ("mai tôi nghỉ phép đến thứ Sáu", "[Giao cho Thảo]", "[Giao luôn]"):
        await run.line(f"officer> {line}")
    (notice,) = [row for row in await rows(engine, outbox) if row.kind == "notice"]
    assert notice.due_at == Clock().now.replace(day=24, hour=23, minute=30)  # 6:30 on Wednesday


async def test_who_is_away_then_can_not_cover(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    await hire(run, "officer", Role.COMMUNE_OFFICER, TERRITORY)
    await hire(run, "colleague", Role.COMMUNE_OFFICER, TERRITORY)
    hung, hanh = await person_of(engine, "officer"), await person_of(engine, "colleague")
    await away(engine, hanh, hung, FRIDAY, FRIDAY)
    for line in ("mai tôi nghỉ phép đến thứ Sáu", "[Giao cho Hạnh]"):
        await run.line(f"officer> {line}")
    assert "colleague<" not in words(await run.line("officer> [Giao luôn]"))
    assert [row.person_id for row in await rows(engine, absences)] == [hanh]


async def test_a_new_leave_takes_the_place_of_what_it_overlaps(engine: AsyncEngine) -> None:
    clock = Clock()
    hung, thao = await officer(engine, clock, "hung"), await officer(engine, clock, "thao")
    await away(engine, hung.person_id, thao.person_id, MONDAY, FRIDAY)
    await away(engine, hung.person_id, thao.person_id, FRIDAY, FRIDAY + timedelta(days=3))
    await away(engine, hung.person_id, thao.person_id, FRIDAY + timedelta(days=30), FRIDAY + timedelta(days=31))
    assert [row.ended_at is None for row in await rows(engine, absences)] == [False, True, True]
    async with engine.begin() as connection:
        found = await staff.absence_of(connection, hung.person_id, MONDAY)
        assert found is not None
        assert found.first_on == FRIDAY
        assert await staff.end_leave(connection, hung.person_id, MONDAY, clock()) == [thao.person_id]
        assert await staff.absence_of(connection, hung.person_id, FRIDAY + timedelta(days=4)) is not None


async def test_what_a_province_took_as_a_cover_comes_back_the_day_after(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    await hire(run, "officer", Role.COMMUNE_OFFICER, TERRITORY)
    await hire(run, "province", Role.PROVINCE_OFFICER, "15")
    code = await submit(engine, await chat(engine, run.clock, "producer"), run.clock())
    for line in ("mai tôi nghỉ phép đến thứ Sáu", "[Giao cho Lan]", "[Giao luôn]"):
        await run.line(f"officer> {line}")
    hung, lan = await person_of(engine, "officer"), await person_of(engine, "province")
    await hold(engine, code, lan)
    await run.line("~ 4 days")
    assert await holders(engine) == [lan]
    assert await run.line("~ 1 day") == []  # in the middle of the night: nobody is told anything
    assert await holders(engine) == [hung]
    assert [row.reason for row in await rows(engine, case_events) if row.action == "pass"] == ["Hùng"]


async def test_it_comes_back_also_when_nothing_ran_on_that_day(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    await hire(run, "officer", Role.COMMUNE_OFFICER, TERRITORY)
    await hire(run, "province", Role.PROVINCE_OFFICER, "15")
    code = await submit(engine, await chat(engine, run.clock, "producer"), run.clock())
    for line in ("mai tôi nghỉ phép đến thứ Sáu", "[Giao cho Lan]", "[Giao luôn]"):
        await run.line(f"officer> {line}")
    await hold(engine, code, await person_of(engine, "province"))
    run.clock.now += timedelta(days=6)
    await run.line("~ 1 minute")
    assert await holders(engine) == [await person_of(engine, "officer")]


async def test_with_another_cover_the_first_one_gives_back_what_they_took(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    await hire(run, "officer", Role.COMMUNE_OFFICER, TERRITORY)
    for who in ("province", "stranger"):
        await hire(run, who, Role.PROVINCE_OFFICER, "15")
    code = await submit(engine, await chat(engine, run.clock, "producer"), run.clock(), IDEA)
    hung, lan = await person_of(engine, "officer"), await person_of(engine, "province")
    for line in ("hôm nay tôi nghỉ phép đến thứ Sáu", "[Giao cho Lan]", "[Giao luôn]"):
        await run.line(f"officer> {line}")
    await hold(engine, code, lan)
    for line in ("nghỉ phép", "[Đổi ngày nghỉ]", "hôm nay", "[Đến hết thứ Sáu 27/11/2026]", "[Giao cho Lan]"):
        await run.line(f"officer> {line}")
    assert "đổi ngày nghỉ" not in words(await run.line("officer> [Giao luôn]"))
    assert await holders(engine) == [lan]  # the same cover goes on with it
    for line in ("nghỉ phép", "[Đổi ngày nghỉ]", "hôm nay", "[Đến hết thứ Sáu 27/11/2026]", "[Giao cho Dũng]"):
        await run.line(f"officer> {line}")
    said = words(await run.line("officer> [Giao luôn]"))
    assert "province< Hùng đã đổi ngày nghỉ, nên anh/chị không phải làm thay nữa." in said
    assert "stranger< Hùng đã đổi" not in said
    assert await holders(engine) == [hung]
    await run.line(f"stranger> {code}")
    await run.line("stranger> chấp nhận")
    await run.line("stranger> [Chấp nhận luôn]")
    assert [row.status for row in await rows(engine, cases)] == ["idea_accepted"]


async def test_what_is_covered_for_another_stays_with_the_cover(engine: AsyncEngine) -> None:
    """One of two leaves that the same province officer covers is over."""
    run = await run_of(engine)
    for who in ("officer", "colleague"):
        await hire(run, who, Role.COMMUNE_OFFICER, TERRITORY)
    await hire(run, "province", Role.PROVINCE_OFFICER, "15")
    code = await submit(engine, await chat(engine, run.clock, "producer"), run.clock())
    lan = await person_of(engine, "province")
    await away(engine, await person_of(engine, "colleague"), lan, last=FRIDAY + timedelta(days=7))
    await away(engine, await person_of(engine, "officer"), lan)
    await hold(engine, code, lan)
    for line in ("nghỉ phép", "[Tôi đã đi làm lại]"):
        await run.line(f"officer> {line}")
    assert await holders(engine) == [lan]


# ---------------------------------------------------------------- a holder without a role


async def gone(engine: AsyncEngine, who: str, clock: Clock) -> int:
    """Their role ends without anything being given back."""
    person = await person_of(engine, who)
    async with engine.begin() as connection:
        ended = update(memberships).where(memberships.c.person_id == person)
        await connection.execute(ended.values(removed_at=clock()))
    return person


async def test_what_somebody_has_who_is_gone_is_free_to_take(engine: AsyncEngine) -> None:
    run = await held_desk(engine, 1)
    assert "Hùng" in words(await run.line("colleague> TL12-26-0001"))
    await gone(engine, "officer", run.clock)
    said = words(await run.line("colleague> TL12-26-0001"))
    assert "Hùng" not in said
    assert "[Nhận xử lý]" in said
    await run.line("colleague> nhận xử lý")
    assert await holders(engine) == [await person_of(engine, "colleague")]


async def test_what_somebody_has_who_is_gone_is_decided_without_taking_it(engine: AsyncEngine) -> None:
    run = await held_desk(engine, 1)
    await gone(engine, "officer", run.clock)
    for line in ("TL12-26-0001", "chấp nhận", "[Chấp nhận luôn]"):
        await run.line(f"colleague> {line}")
    assert [row.status for row in await rows(engine, cases)] == ["idea_accepted"]


async def test_a_look_frees_what_somebody_has_who_is_gone_and_nothing_else(engine: AsyncEngine) -> None:
    run = await held_desk(engine, 2)
    colleague = await person_of(engine, "colleague")
    await hold(engine, "TL12-26-0002", colleague)
    day = OfficeDay(engine, run.world)
    await day.look()
    assert None not in await holders(engine)
    await gone(engine, "officer", run.clock)
    await day.look()
    await day.look()
    assert await holders(engine) == [None, colleague]
    assert [row.action for row in await rows(engine, case_events)].count("release") == 1
    assert "TL12-26-0001" in words(await run.line("colleague> /desk"))


# ---------------------------------------------------------------- handing over


async def held_desk(engine: AsyncEngine, cases_: int = 2) -> Play:
    """An officer, a colleague and the approver of a commune; the officer has cases in hand."""
    run = await run_of(engine)
    for who, role in (
        ("officer", Role.COMMUNE_OFFICER), ("colleague", Role.COMMUNE_OFFICER), ("approver", Role.COMMUNE_APPROVER)
    ):  # fmt: skip
        await hire(run, who, role, TERRITORY)
    producer = await chat(engine, run.clock, "producer")
    for _ in range(cases_):
        code = await submit(engine, producer, run.clock(), IDEA)
        await hold(engine, code, await person_of(engine, "officer"))
    return run


async def on_page_of(run: Play, by: str, name: str) -> None:
    await run.line(f"{by}> menu")
    await run.line(f"{by}> đồng nghiệp")
    await run.line(f"{by}> {name}")


async def test_an_officer_hands_over_all_of_the_own(engine: AsyncEngine) -> None:
    run = await held_desk(engine)
    await on_page_of(run, "officer", "Hùng")
    await run.line("officer> [Giao hết hồ sơ]")
    await run.line("officer> [Giao cho Hạnh]")
    assert set(await holders(engine)) == {await person_of(engine, "officer")}
    said = words(await run.line("officer> [Giao luôn]"))
    assert "colleague< Anh/chị vừa nhận 2 hồ sơ từ Hùng." in said
    assert "colleague< [Việc của tôi]" in said
    assert set(await holders(engine)) == {await person_of(engine, "colleague")}
    assert [row.reason for row in await rows(engine, case_events) if row.action == "pass"] == ["Hạnh", "Hạnh"]


async def test_an_approver_hands_over_what_an_officer_has(engine: AsyncEngine) -> None:
    run = await held_desk(engine)
    await on_page_of(run, "approver", "Hùng")
    for line in ("[Giao hết hồ sơ]", "[Giao cho Hạnh]"):
        await run.line(f"approver> {line}")
    said = words(await run.line("approver> [Giao luôn]"))
    assert "officer< Hồ sơ anh/chị đang giữ đã giao cho Hạnh." in said
    assert set(await holders(engine)) == {await person_of(engine, "colleague")}


async def test_an_officer_hands_over_nobody_elses(engine: AsyncEngine) -> None:
    run = await held_desk(engine)
    await on_page_of(run, "colleague", "Hùng")
    shown = run.seen["colleague"][-1]["buttons"]
    assert [label for _, label in shown] == ["Xem mọi cán bộ", "Việc của tôi"]
    for forged in ("hand_all", "dismiss"):
        await run.line("colleague> menu")
        hung = await person_of(engine, "officer")
        async with engine.begin() as connection:
            state = dump(State(f"{forged}.{hung}/to", {f"{forged}.{hung}": Draft({}, at="to")}))
            which = conversations.c.chat_id == "colleague"
            await connection.execute(update(conversations).where(which).values(state=state))
        assert "Hùng" not in words(await run.line("colleague> 1"))
    assert set(await holders(engine)) == {await person_of(engine, "officer")}


async def test_nobody_gets_the_case_of_their_own_product(engine: AsyncEngine) -> None:
    run = await held_desk(engine, 1)
    own = await submit(engine, await chat(engine, run.clock, "colleague"), run.clock(), IDEA | {"contact_name": "Hạnh"})
    hung, hanh = await person_of(engine, "officer"), await person_of(engine, "colleague")
    await hold(engine, own, hung)
    await on_page_of(run, "officer", "Hùng")
    for line in ("[Giao hết hồ sơ]", "[Giao cho Hạnh]"):
        await run.line(f"officer> {line}")
    assert "1 hồ sơ để nguyên" in words(await run.line("officer> [Giao luôn]"))
    assert await holders(engine) == [hanh, hung]


# ---------------------------------------------------------------- removal


async def test_a_removed_officer_is_a_stranger_from_the_next_press_on(engine: AsyncEngine) -> None:
    run = await held_desk(engine)
    desk = words(await run.line("officer> /desk"))
    assert "TL12-26-0001" in desk
    await run.line("officer> TL12-26-0001")
    old = run.seen["officer"][-1]["buttons"]
    await on_page_of(run, "approver", "Hùng")
    await run.line("approver> [Cho thôi việc này]")
    await run.line("approver> [Để trống, ai nhận]")
    said = words(await run.line("approver> [Cho thôi luôn]"))
    assert "officer< Anh/chị không còn làm cán bộ OCOP" in said
    assert await rights_of(engine, "officer", run.clock) == ()
    assert await holders(engine) == [None, None]
    (gone,) = [row for row in await rows(engine, memberships) if row.removed_at is not None]
    assert gone.person_id == await person_of(engine, "officer")
    before = [tuple(row) for row in await rows(engine, cases)]
    history = len(await rows(engine, case_events))
    for _, label in old:
        answer = words(await run.line(f"officer> [{label}]"))
        assert "TL12-26" not in answer
    assert "TL12-26" not in words(await run.line("officer> TL12-26-0001")).replace("officer> TL12", "")
    assert [tuple(row) for row in await rows(engine, cases)] == before
    assert len(await rows(engine, case_events)) == history
    assert (await rows(engine, people_table, people_table.c.id == gone.person_id))[0].officer is False
    assert "remove" in [row.action for row in await rows(engine, audit_table)]


async def test_a_removed_officer_on_the_web_has_no_rights_at_the_next_turn(engine: AsyncEngine) -> None:
    run = await held_desk(engine, 1)
    hung = await person_of(engine, "officer")
    page = await chat(engine, run.clock, "page", "web")
    async with engine.begin() as connection:
        await connection.execute(update(conversations).where(conversations.c.id == page.id).values(person_id=hung))
    assert await rights_of(engine, "page", run.clock, "web") == (OFFICER,)
    async with engine.begin() as connection:
        (row,) = await staff.locked_roles(connection, hung, TERRITORY)
        assert await staff.take_back(connection, [row.id], hung, run.clock())
    assert await rights_of(engine, "page", run.clock, "web") == ()


async def test_what_a_removed_officer_had_goes_to_whom_is_named(engine: AsyncEngine) -> None:
    run = await held_desk(engine)
    await on_page_of(run, "approver", "Hùng")
    for line in ("[Cho thôi việc này]", "[Giao cho Hạnh]"):
        await run.line(f"approver> {line}")
    said = words(await run.line("approver> [Cho thôi luôn]"))
    assert "colleague< Anh/chị vừa nhận 2 hồ sơ từ Hùng." in said
    assert set(await holders(engine)) == {await person_of(engine, "colleague")}


async def test_an_officer_gives_the_role_up_alone(engine: AsyncEngine) -> None:
    run = await held_desk(engine, 0)
    await on_page_of(run, "officer", "Hùng")
    await run.line("officer> [Thôi làm việc này]")
    await run.line("officer> [Tôi thôi luôn]")
    assert await rights_of(engine, "officer", run.clock) == ()
    assert await told(engine, Side.COMMUNE) == [await person_of(engine, "colleague")]


async def test_the_last_administrator_stays(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    await hire(run, "administrator", Role.ADMINISTRATOR, "")
    for line in ("menu", "đồng nghiệp", "Minh", "[Thôi làm việc này]"):
        await run.line(f"administrator> {line}")
    assert "Chưa có quản trị nào khác" in words(await run.line("administrator> [Tôi thôi luôn]"))
    assert await rights_of(engine, "administrator", run.clock) == (ADMINISTRATOR,)


async def test_of_two_administrators_who_remove_each_other_at_once_one_stays(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    for who in ("one", "two"):
        await hire(run, who, Role.ADMINISTRATOR, "")
    one, two = await person_of(engine, "one"), await person_of(engine, "two")
    async with engine.begin() as connection:
        for person, name in ((one, "Vinh"), (two, "Quang")):
            await people.set_person(connection, person, name=name)
    async with beside(engine) as other:
        second = Play(other, run.world, run.clock, "telegram", seen=run.seen)
        second.count = 1000
        for play, who, name in ((run, "one", "Quang"), (second, "two", "Vinh")):
            await on_page_of(play, who, name)
            await play.line(f"{who}> [Cho thôi việc này]")
        await asyncio.gather(run._say("one", "[Cho thôi luôn]", ">"), second._say("two", "[Cho thôi luôn]", ">"))
    left = [row for row in await rows(engine, memberships) if row.removed_at is None]
    assert len(left) == 1


async def test_who_loses_the_cover_hears_it_and_works_again(engine: AsyncEngine) -> None:
    run = await held_desk(engine, 0)
    hung, hanh = await person_of(engine, "officer"), await person_of(engine, "colleague")
    await away(engine, hung, hanh)
    assert await told(engine, Side.COMMUNE) == [hanh]
    await on_page_of(run, "approver", "Hạnh")
    await run.line("approver> [Cho thôi việc này]")
    assert "officer< Hạnh không làm thay được nữa" in words(await run.line("approver> [Cho thôi luôn]"))
    assert await told(engine, Side.COMMUNE) == [hung]


# ---------------------------------------------------------------- invitations


async def invited(run: Play, who: str, role: Role, territory: str) -> str:
    async with run.engine.begin() as connection:
        run.invitation = await people.invite(connection, role, territory, run.clock())
    return words(await run.line(f"{who}> (invited)"))


async def test_an_invitation_for_a_commune_that_merged_is_refused_and_not_used_up(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    async with engine.begin() as connection:
        await connection.execute(insert(settings).values(merger_row(COMMUNE, "04342")))
    said = await invited(run, "officer", Role.COMMUNE_OFFICER, TERRITORY)
    unit = places.commune("04342")
    assert unit is not None
    assert f"xã Tân Lĩnh đã sáp nhập vào {unit.full_name}" in said
    assert await rows(engine, memberships) == []


async def test_an_invitation_for_a_code_that_is_no_more_is_refused(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    assert "không còn nữa" in await invited(run, "officer", Role.COMMUNE_OFFICER, "15/00001")
    assert await rows(engine, memberships) == []


async def test_each_refusal_of_an_invitation_says_why(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    await invited(run, "officer", Role.COMMUNE_APPROVER, TERRITORY)
    token = run.invitation
    assert "đã dùng lời mời này rồi" in words(await run.line("officer> (invited)"))
    assert "chỉ dùng một lần" in words(await run.line("colleague> (invited)"))
    run.invitation = "nonsense"
    assert "không tìm thấy" in words(await run.line("colleague> (invited)"))
    async with engine.begin() as connection:
        run.invitation = await people.invite(connection, Role.COMMUNE_OFFICER, TERRITORY, run.clock())
    run.clock.now += timedelta(days=people.INVITATION_DAYS)
    assert "đã hết hạn" in words(await run.line("colleague> (invited)"))
    assert token != run.invitation
    assert [(row.role, row.territory) for row in await rows(engine, memberships)] == [("commune_approver", TERRITORY)]


async def test_a_second_invitation_to_the_same_role_adds_none(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    for _ in range(2):
        await invited(run, "officer", Role.COMMUNE_OFFICER, TERRITORY)
    assert len(await rows(engine, memberships)) == 1


async def test_who_joins_is_asked_for_a_name_once(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    assert "tên là gì" in await invited(run, "officer", Role.COMMUNE_OFFICER, TERRITORY)
    await run.line("officer> Nguyễn Văn Hùng")
    assert (await rows(engine, people_table))[0].name == "Nguyễn Văn Hùng"
    assert "tên là gì" not in await invited(run, "officer", Role.COMMUNE_APPROVER, TERRITORY)


@pytest.mark.parametrize(
    ("who", "role", "territory", "labels"),
    [
        ("province", Role.PROVINCE_OFFICER, "15", ["Mời cán bộ xã", "Mời lãnh đạo xã"]),
        (
            "administrator",
            Role.ADMINISTRATOR,
            "",
            ["Mời cán bộ xã", "Mời lãnh đạo xã", "Mời cán bộ tỉnh", "Mời quản trị"],
        ),
    ],
)
async def test_whom_one_may_invite(
    engine: AsyncEngine, who: str, role: Role, territory: str, labels: list[str]
) -> None:
    run = await run_of(engine)
    await hire(run, who, role, territory)
    await run.line(f"{who}> menu")
    await run.line(f"{who}> đồng nghiệp")
    await run.line(f"{who}> mời cán bộ")
    assert [label for _, label in run.seen[who][-1]["buttons"]] == labels


async def test_an_approver_invites_an_officer_of_the_own_commune(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    await hire(run, "approver", Role.COMMUNE_APPROVER, TERRITORY)
    for line in ("menu", "đồng nghiệp", "mời cán bộ"):
        await run.line(f"approver> {line}")
    assert "i-" in words(await run.line("approver> [Tạo đường dẫn]"))
    await run.line("officer> (invited)")
    assert await rights_of(engine, "officer", run.clock) == (OFFICER,)


# ---------------------------------------------------------------- lists


async def test_colleagues_are_of_the_same_office_and_can_be_told(engine: AsyncEngine) -> None:
    clock = Clock()
    me = await officer(engine, clock, "me")
    other, gone = await officer(engine, clock, "other"), await officer(engine, clock, "gone")
    await officer(engine, clock, "neighbour", "15/04337")
    province = await officer(engine, clock, "province", "15")
    async with engine.begin() as connection:
        blocked = update(conversations).where(conversations.c.id == gone.id).values(status="blocked")
        await connection.execute(blocked)
        found = await staff.colleagues_of(connection, me.person_id, [OFFICER], TERRITORY)
        assert [one.person_id for one in found] == [other.person_id]
        assert await staff.colleagues_of(connection, province.person_id, [PROVINCE], TERRITORY) == ()
        alone = await staff.covers_for(connection, other.person_id, [Membership(Role.COMMUNE_OFFICER, "15/04337")])
        assert [one.territory for one in alone] == ["15/04337"]
    await away(engine, other.person_id, me.person_id)
    async with engine.begin() as connection:
        assert await staff.colleagues_of(connection, me.person_id, [OFFICER], TERRITORY, MONDAY) == ()
        above = await staff.covers_for(connection, me.person_id, [OFFICER], MONDAY)
        assert [one.person_id for one in above] == [province.person_id]


async def test_the_list_is_of_ones_own_territory(engine: AsyncEngine) -> None:
    run = await held_desk(engine, 1)
    await hire(run, "stranger", Role.COMMUNE_OFFICER, "11/03253")
    await hire(run, "province", Role.PROVINCE_OFFICER, "15")
    for who, names in (("officer", {"Hạnh", "Thảo"}), ("province", {"Hùng", "Hạnh", "Thảo", "Lan"})):
        await run.line(f"{who}> menu")
        said = words(await run.line(f"{who}> đồng nghiệp"))
        assert all(name in said for name in names)
        assert "Dũng" not in said
    stranger = await person_of(engine, "stranger")
    assert await rights_of(engine, "stranger", run.clock)
    async with engine.begin() as connection:
        state = dump(State(f"colleague.{stranger}/what", {f"colleague.{stranger}": Draft({}, at="what")}))
        await connection.execute(update(conversations).where(conversations.c.chat_id == "officer").values(state=state))
    assert "Dũng" not in words(await run.line("officer> 1"))


# ---------------------------------------------------------------- words


async def test_leave_in_a_producers_form_is_an_answer_like_any_other(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    for line in (
        f"/start c-{COMMUNE}",
        "đồng ý",
        "không cần nhắc",
        "đúng rồi",
        "đăng ký",
        "Chuối sấy dẻo",
        "Thực phẩm",
    ):
        await run.line(f"producer> {line}")
    for line in ("7", "Đang bán"):
        await run.line(f"producer> {line}")
    await run.line("producer> làm cả khi nghỉ phép")
    (row,) = await rows(engine, conversations)
    (draft,) = row.state["drafts"].values()
    assert draft["a"]["special"] == "làm cả khi nghỉ phép"


async def test_a_producer_who_speaks_of_leave_comes_to_the_menu(engine: AsyncEngine) -> None:
    run = await run_of(engine)
    await chat(engine, run.clock, "producer")
    await run.line("producer> mai tôi nghỉ phép đến thứ Sáu")
    assert [row.state["at"] for row in await rows(engine, conversations)] == ["menu/choice"]


@pytest.mark.parametrize("typed", ["30/11 đến 29/11", "5/12/2025", "1/9", "một hôm nào đó", "25/11 đến 25/8"])
async def test_days_that_make_no_leave_are_asked_for_again(engine: AsyncEngine, typed: str) -> None:
    run = await run_of(engine)
    await hire(run, "officer", Role.COMMUNE_OFFICER, TERRITORY)
    await hire(run, "approver", Role.COMMUNE_APPROVER, TERRITORY)
    await run.line(f"officer> nghỉ phép {typed}")
    assert [row.state["at"] for row in await rows(engine, conversations) if row.chat_id == "officer"] in (
        ["leave/first"],
        ["leave/last"],
    )
    assert await rows(engine, absences) == []

"""What follows a certificate: reminders of its end, the next dossier, a new round, corrections; and what is refused."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, event, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.desk.day import OfficeDay
from dialogs.model import (
    AmendResult,
    CaseFacts,
    DecideCase,
    DropRound,
    KeepOwnPaper,
    OwnPaper,
    PaperFacts,
    PublishResult,
    ResumeCase,
    SendMessage,
    SetRound,
    StandAgain,
    UndoDecision,
)
from dialogs.producer.standing import brought, carried_answers, ways
from dialogs.rules.certificate import due, moments, next_look, product_code, window
from dialogs.rules.cycle import last_opening
from dialogs.rules.ruleset import ruleset, same_kind
from storage import retention
from storage.cases import follower
from storage.database import reading, writing
from storage.endings import to_call
from storage.models import case_events, cases, files, outbox, own_papers, papers, people, results, rounds
from storage.records import VIETNAM
from storage.rounds import drop_round
from storage.waiting import asked, waiting
from tests.facts import sample_case
from tests.heart import beside, chat, rows, submit, world_at
from tests.test_lifecycle import IDEA, Scene, scene
from tests.transcripts import Clock

LAW = ruleset("ocop-2026")
UNTIL = date(2029, 11, 23)


# ---------------------------------------------------------------- the days themselves


def test_the_days_on_which_a_certificate_is_spoken_of() -> None:
    said = [(m.on, m.kind) for m in moments(UNTIL, LAW)]
    assert said == [
        (date(2029, 5, 23), "months"),
        (UNTIL - timedelta(days=180), "opens"),
        (UNTIL - timedelta(days=120 + 14), "closes"),
        (date(2029, 8, 23), "months"),
        (date(2029, 10, 23), "months"),
    ]


@pytest.mark.parametrize("older", ["ocop-2019", "ocop-2023", "ocop-2023r2025"])
def test_rules_without_a_window_have_no_days_of_one(older: str) -> None:
    assert window(UNTIL, ruleset(older)) is None
    assert {m.kind for m in moments(UNTIL, ruleset(older))} == {"months"}


def test_after_a_day_without_looking_only_the_latest_is_said() -> None:
    all_moments = moments(UNTIL, LAW)
    assert due(all_moments, date(2029, 5, 23), date(2029, 5, 28)) == all_moments[1]
    assert due(all_moments, date(2029, 5, 28), date(2029, 5, 28)) is None
    assert next_look(all_moments, date(2029, 5, 28)) == all_moments[2].on
    assert next_look(all_moments, UNTIL) is None


def test_a_cycle_opens_with_the_month_of_ideas() -> None:
    assert last_opening(LAW, date(2027, 2, 28)) == date(2026, 3, 1)
    assert last_opening(LAW, date(2027, 3, 1)) == date(2027, 3, 1)


def test_the_official_code_is_formed_as_the_rules_say() -> None:
    assert product_code(LAW, "15", "04336", 7, 2026) == "15-04336-7-2026"
    assert product_code(ruleset("ocop-2023"), "15", "04336", 7, 2024) == ""


# ---------------------------------------------------------------- what may follow


def held(status: str = "certified", days: int = 170, **changed: Any) -> CaseFacts:
    case = sample_case("TL12-26-0001", status, "food", "household", own=True)
    result = case.result
    assert result is not None
    return replace(case, result=replace(result, certificate_until=TODAY + timedelta(days=days)), **changed)


TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("case", "may"),
    [
        (held(days=181), ("upgrade",)),
        (held(days=180), ("renewal", "upgrade")),
        (held(days=3), ("renewal", "upgrade")),
        (held("expired", days=-1), ("renewal",)),
        (held("revoked"), ()),
        (held("rated", round_open=False), ()),
        (held("rated", round_open=True), ("again",)),
        (held(own=False), ()),
    ],
)
def test_what_a_producer_may_begin(case: CaseFacts, may: tuple[str, ...]) -> None:
    assert ways(case, (case,), TODAY) == may


def test_five_stars_have_none_above_and_one_dossier_at_a_time() -> None:
    five = held()
    assert five.result is not None
    five = replace(five, result=replace(five.result, stars=5))
    assert ways(five, (five,), TODAY) == ("renewal",)
    begun = replace(five, code="TL12-26-0002", former=five.code, status="forwarded")
    assert ways(five, (begun, five), TODAY) == ()
    assert ways(five, (replace(begun, status="rated"), five), TODAY) == ("renewal",)


def test_what_is_called_otherwise_today_is_asked_again() -> None:
    """Of 2019, set 23 was cloth; under today's rules it is flowers."""
    old = ruleset("ocop-2019")
    cloth = next(s for g in old.groups for s in g.sets if s.number == 23)
    assert not same_kind(old, LAW, {"product_group": cloth.group, "product_set": "23"})
    case = replace(held(), ruleset="ocop-2019")
    case = replace(case, answers={**case.answers, "product_group": cloth.group, "product_set": "23"})
    assert {"product_group", "product_set"}.isdisjoint(carried_answers(case, TODAY))
    assert same_kind(ruleset("ocop-2023"), LAW, {"product_group": "food", "product_set": "7"})


def test_papers_that_are_still_good_come_along() -> None:
    case = held()
    safety = next(p for p in case.papers if p.id == "food_safety")
    sent = [replace(p, sent=True) for p in case.papers if p.id != "food_safety"]

    def over(until: date | None, *own: OwnPaper) -> dict[str, tuple[str, int]]:
        dated = replace(case, papers=(*sent, replace(safety, sent=True, valid_until=until)))
        found = brought(dated, own, case.answers, LAW, TODAY)
        return {one.paper.id: (one.former, one.own) for one in found}

    assert over(TODAY)["food_safety"] == ("food_safety", 0)
    assert "food_safety" not in over(TODAY - timedelta(days=1))
    assert {"form_01", "form_02"}.isdisjoint(over(None))
    gone, soon, late = TODAY - timedelta(days=1), TODAY + timedelta(days=30), TODAY + timedelta(days=400)
    theirs, own = ("food_safety", 0), ("", 7)
    assert over(gone, OwnPaper(7, "food_safety", TODAY, 2))["food_safety"] == own
    assert over(soon, OwnPaper(7, "food_safety", late, 2))["food_safety"] == own
    assert over(None, OwnPaper(7, "food_safety", soon, 2))["food_safety"] == own
    assert over(late, OwnPaper(7, "food_safety", soon, 2))["food_safety"] == theirs
    assert over(soon, OwnPaper(7, "food_safety", soon, 2))["food_safety"] == theirs
    assert over(late, OwnPaper(7, "food_safety", gone, 2))["food_safety"] == theirs
    assert over(None, OwnPaper(7, "food_safety", gone, 2))["food_safety"] == theirs
    assert "food_safety" not in over(gone, OwnPaper(7, "food_safety", late, 0))  # a day alone is no paper
    assert over(soon, OwnPaper(7, "food_safety", late, 0))["food_safety"] == theirs


def test_a_report_of_one_product_is_not_that_of_another() -> None:
    case = held()
    report = PaperFacts("test_report", 1, 1, 1, sent=True, kept_on=TODAY, valid_until=TODAY)
    case, own = replace(case, papers=(report,)), OwnPaper(7, "test_report", TODAY + timedelta(days=400), 2)
    found = {one.paper.id: (one.former, one.own) for one in brought(case, (own,), case.answers, LAW, TODAY)}
    assert found == {"test_report": ("test_report", 0)}
    assert not brought(replace(case, papers=()), (own,), case.answers, LAW, TODAY)


# ---------------------------------------------------------------- reminders


async def certified(engine: AsyncEngine, until: date, status: str = "certified") -> Scene:
    here = await scene(engine, status)
    async with engine.begin() as connection:
        await connection.execute(update(results).values(certificate_until=until, look_on=date(2000, 1, 1)))
        await connection.execute(update(papers).values(valid_until=None, look_on=None))
    return here


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=VIETNAM)


async def told(engine: AsyncEngine) -> list[str]:
    return [row.body["text"] for row in await rows(engine, outbox, outbox.c.kind == "notice")]


async def look(engine: AsyncEngine, clock: Clock, moment: datetime) -> None:
    clock.now = moment
    await OfficeDay(engine, world_at(clock)).look()


async def test_each_reminder_comes_once_whoever_looks_and_however_often(engine: AsyncEngine) -> None:
    here = await certified(engine, UNTIL)
    all_moments = moments(UNTIL, LAW)
    for number, moment in enumerate(all_moments):
        await look(engine, here.clock, at(moment.on, 6))
        assert len(await told(engine)) == number  # nobody is woken
        here.clock.now = at(moment.on, 7)
        async with beside(engine) as other:
            await asyncio.gather(*(OfficeDay(one, world_at(here.clock)).look() for one in (engine, other)))
        await look(engine, here.clock, at(moment.on + timedelta(days=1), 9))
        assert len(await told(engine)) == number + 1
    first, opens, closes, *late = await told(engine)
    assert "nộp từ Chủ nhật 27/5/2029 đến thứ Năm 26/7/2029" in first
    assert "Nay nộp được hồ sơ chấm lại" in opens
    assert "Còn 14 ngày nữa" in closes
    assert all("đã hết từ thứ Năm 26/7/2029" in words for words in late)


async def test_what_an_outage_missed_is_made_up_for_by_the_latest_only(sqlite_engine: AsyncEngine) -> None:
    here = await certified(sqlite_engine, UNTIL)
    await look(sqlite_engine, here.clock, at(UNTIL - timedelta(days=125), 8))
    assert len(await told(sqlite_engine)) == 1
    await look(sqlite_engine, here.clock, at(UNTIL - timedelta(days=124), 8))
    assert len(await told(sqlite_engine)) == 1


@pytest.mark.parametrize("case", ["revoked", "no consent", "next dossier is with the commune"])
async def test_nobody_is_reminded_of_what_concerns_them_no_more(sqlite_engine: AsyncEngine, case: str) -> None:
    here = await certified(sqlite_engine, UNTIL, "revoked" if case == "revoked" else "certified")
    async with sqlite_engine.begin() as connection:
        if case == "no consent":
            await connection.execute(update(people).values(consent=""))
    if case == "next dossier is with the commune":
        producer = here.people["producer"]
        code = await submit(sqlite_engine, producer, here.clock(), IDEA)
        async with sqlite_engine.begin() as connection:
            follows = update(cases).where(cases.c.code == code)
            begun = {"former": here.code, "purpose": "renewal", "status": "dossier_submitted", "due_on": None}
            await connection.execute(follows.values(**begun, escalation="escalated"))
    await look(sqlite_engine, here.clock, at(UNTIL - timedelta(days=150), 8))
    assert [words for words in await told(sqlite_engine) if "Giấy chứng nhận" in words] == []


@pytest.mark.parametrize(("days", "named"), [(-1, False), (0, True), (17, True), (18, False)])
async def test_who_has_no_chat_is_named_to_their_officer(engine: AsyncEngine, days: int, named: bool) -> None:
    """For two weeks after each reminder: six months before, and four days later as the window opens."""
    here = await certified(engine, UNTIL)
    today = date(2029, 5, 23) + timedelta(days=days)
    somebody = insert(people).values(created_at=here.clock()).returning(people.c.id)
    async with engine.begin() as connection:
        assert await to_call(connection, ["15/04336"], today) == {}
        number = (await connection.execute(somebody)).scalar_one()
        await connection.execute(update(cases).values(person_id=number))
        found = await to_call(connection, ["15/04336"], today)
        assert list(found.values()) == ([("", UNTIL)] if named else [])
        assert await to_call(connection, ["15/04337"], today) == {}
        if not named:
            return
        row = {"case_id": next(iter(found)), "action": "view_phone", "to_status": "certified"}
        await connection.execute(insert(case_events).values(**row, happened_at=at(date(2029, 5, 15), 23)))
        assert await to_call(connection, ["15/04336"], today) == found
        await connection.execute(update(case_events).values(happened_at=at(today, 9)))
        assert await to_call(connection, ["15/04336"], today) == {}


async def test_the_desk_finds_them_by_place_and_does_not_read_all_cases(sqlite_engine: AsyncEngine) -> None:
    """It looks with each view: among 100,000 cases that was 25 s for a province."""
    asked: list[tuple[str, Any]] = []
    event.listen(sqlite_engine.sync_engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
    async with sqlite_engine.begin() as connection:
        await to_call(connection, ["15/04336", "15/02647"], TODAY)
        await follower(connection, "TL12-26-0001")
        plans = [
            [step.detail for step in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            for statement, values in asked[-2:]
        ]
    for plan, index in zip(plans, ("ix_cases_desk_of_commune (territory=?", "ix_cases_former"), strict=True):
        assert any(index in step for step in plan)
        assert any("ix_cases_former" in step for step in plan)
        assert not [step for step in plan if step.startswith(("SCAN cases", "SCAN next_one"))]


async def test_a_correction_says_nothing_twice(sqlite_engine: AsyncEngine) -> None:
    here = await certified(sqlite_engine, date(2027, 1, 31))
    await look(sqlite_engine, here.clock, at(TODAY, 9))
    before = len(await told(sqlite_engine))
    async with here.attempt("province") as attempt:
        await attempt.does(amend(here.code, on=date(2024, 2, 5)))
        await attempt.connection.commit()
    await look(sqlite_engine, here.clock, at(date(2026, 11, 24), 9))
    assert len(await told(sqlite_engine)) == before


async def test_papers_are_spoken_of_too(sqlite_engine: AsyncEngine) -> None:
    here = await certified(sqlite_engine, date(2036, 1, 1))
    ends = {"valid_until": date(2027, 3, 1), "look_on": date(2000, 1, 1)}
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(papers).where(papers.c.paper == "food_safety").values(ends))
        own = {
            "person_id": here.people["producer"].person_id,
            "paper": "trademark",
            "pages": [],
            "kept_at": here.clock(),
        }
        await connection.execute(insert(own_papers).values(**own, **ends))
        await connection.execute(update(people).values(reminders=True))
    await look(sqlite_engine, here.clock, at(date(2026, 12, 1), 8))
    (words,) = await told(sqlite_engine)  # one message for both
    assert "Giấy an toàn thực phẩm của “Chuối sấy dẻo”" in words
    assert "Nhãn hiệu có giá trị đến thứ Hai 1/3/2027" in words


# ---------------------------------------------------------------- the next dossier


def again(code: str, purpose: str = "upgrade") -> StandAgain:
    return StandAgain(code, purpose, {**IDEA, "quantity": "300"})


async def test_two_who_press_at_once_open_one_dossier(engine: AsyncEngine) -> None:
    here = await certified(engine, UNTIL)
    for _ in range(2):
        async with here.attempt("producer") as attempt:
            await attempt.does(again(here.code))
            await attempt.connection.commit()
    first, second = await rows(engine, cases)
    assert (second.former, second.purpose, second.status) == (first.code, "upgrade", "dossier_begun")
    assert second.ruleset == "ocop-2026"
    brought_along = await rows(engine, papers, papers.c.case_id == second.id)
    assert {row.paper for row in brought_along} == {"household_reg", "food_safety"}
    assert all(row.sent_at is None for row in brought_along)


@pytest.mark.parametrize(
    ("who", "status", "effect"),
    [
        ("stranger", "certified", again("TL12-26-0001")),
        ("officer", "certified", again("TL12-26-0001")),
        ("producer", "certified", again("TL12-26-0001", "renewal")),  # three years too early
        ("producer", "certified", again("TL12-26-0001", "again")),
        ("producer", "revoked", again("TL12-26-0001")),
        ("producer", "certified", ResumeCase("TL12-26-0001")),
        ("stranger", "plan_next_cycle", ResumeCase("TL12-26-0001")),
        ("producer", "certified", again("TL12-26-9999")),
    ],
)
async def test_nothing_else_is_begun(sqlite_engine: AsyncEngine, who: str, status: str, effect: Any) -> None:
    here = await scene(sqlite_engine, status)
    async with here.attempt(who) as attempt:
        before = await attempt.events()
        await attempt.does(effect)
        assert await attempt.events() == before
        assert attempt.turn.carried.said


async def test_a_paper_that_has_run_out_and_photos_of_others_are_not_kept(sqlite_engine: AsyncEngine) -> None:
    here = await certified(sqlite_engine, UNTIL)
    async with here.attempt("producer") as attempt:
        await attempt.does(KeepOwnPaper("trademark", (), date(2026, 11, 22)))
        assert attempt.turn.carried.said
        await attempt.does(KeepOwnPaper("trademark", (("f1", 0), ("f9", 0)), date(2027, 11, 22)))
        (row,) = await attempt.connection.execute(own_papers.select())
    assert row.pages == [["f1", 0]]


@pytest.mark.parametrize(
    ("until", "said"),
    [
        (date(2027, 11, 22), "6, 3 and 1 months before"),
        (date(2027, 5, 22), "I remind you 3 and 1 months before"),
        (date(2027, 1, 22), "I remind you 1 month before"),
        (date(2026, 12, 22), "That is soon"),
    ],
)
async def test_only_reminders_that_are_to_come_are_promised(sqlite_engine: AsyncEngine, until: date, said: str) -> None:
    here = await certified(sqlite_engine, UNTIL)
    async with here.attempt("producer") as attempt:
        known = attempt.turn.conversation
        attempt.turn.conversation = replace(known, person=replace(known.person, reminders=True))
        await attempt.does(KeepOwnPaper("trademark", (), until))
        message = attempt.turn.carried.said[-1]
        assert isinstance(message, SendMessage)
        assert said in message.texts[0].msgid


# ---------------------------------------------------------------- a new round


async def deferred(engine: AsyncEngine, since: date) -> Scene:
    here = await scene(engine, "plan_next_cycle")
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(since=since, waits_since=since))
    return here


async def test_who_waits_for_a_round_is_asked_once(engine: AsyncEngine) -> None:
    here = await deferred(engine, date(2026, 11, 23))
    await look(engine, here.clock, at(date(2027, 2, 28), 8))
    assert await told(engine) == []
    await look(engine, here.clock, at(date(2027, 3, 1), 6))
    assert await told(engine) == []
    for day in (date(2027, 3, 1), date(2027, 3, 2), date(2028, 3, 1)):
        await look(engine, here.clock, at(day, 8))
    assert len(await told(engine)) == 1


@pytest.mark.parametrize(("province", "asked"), [("15", 1), ("01", 0)])
async def test_a_round_of_the_province_opens_the_morning_after(engine: AsyncEngine, province: str, asked: int) -> None:
    here = await deferred(engine, date(2026, 11, 20))
    set_at = here.clock()
    async with engine.begin() as connection:
        days = {"proposals_before": date(2027, 2, 15), "results_before": date(2027, 3, 31)}
        await connection.execute(insert(rounds).values(province=province, year=2027, number=3, made_at=set_at, **days))
    await look(engine, here.clock, set_at)
    assert await told(engine) == []
    await look(engine, here.clock, at(date(2026, 11, 24), 8))
    assert len(await told(engine)) == asked


async def test_who_was_asked_for_a_round_that_is_dropped_is_asked_for_the_next(engine: AsyncEngine) -> None:
    """The way on that they were shown was shut again."""
    here = await deferred(engine, date(2026, 11, 20))
    async with here.attempt("province") as attempt:
        await attempt.does(SetRound("15", date(2027, 2, 15), date(2027, 3, 31)))
        await attempt.connection.commit()
    await look(engine, here.clock, at(date(2026, 11, 24), 8))
    async with here.attempt("province") as attempt:
        await attempt.does(DropRound("15", "3/2027"))
        await attempt.connection.commit()
    for day in (date(2026, 11, 25), date(2027, 2, 28)):
        await look(engine, here.clock, at(day, 8))
    assert len(await told(engine)) == 1
    await look(engine, here.clock, at(date(2027, 3, 1), 8))
    assert len(await told(engine)) == 2


@pytest.mark.parametrize("first", ["drop", "ask"])
async def test_nobody_is_asked_about_a_round_that_is_just_being_dropped(engine: AsyncEngine, first: str) -> None:
    """Two processes: whoever comes second sees what the first has done, and the case waits for the next round."""
    here = await deferred(engine, date(2026, 11, 20))
    async with here.attempt("province") as attempt:
        await attempt.does(SetRound("15", date(2027, 2, 15), date(2027, 3, 31)))
        await attempt.connection.commit()
    day = date(2026, 11, 24)
    async with reading(engine) as connection:
        (found,) = await waiting(connection, day)

    async def drops(connection: AsyncConnection) -> bool:
        return await drop_round(connection, "15", "3/2027", day)

    async def asks(connection: AsyncConnection) -> list[str]:
        return await asked(connection, found, day)

    one, other = (drops, asks) if first == "drop" else (asks, drops)
    async with beside(engine) as process:
        async with writing(engine) as connection:
            done = await one(connection)
            second = asyncio.create_task(_alone(process, other))
            await asyncio.sleep(0.2)
            assert not second.done()
        said = await asyncio.wait_for(second, 10)
    assert (done, said) == ((True, []) if first == "drop" else ([here.code], True))
    assert [row.waits_since for row in await rows(engine, cases)] == [date(2026, 11, 20)]


async def _alone(engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
    async with writing(engine) as connection:
        return await work(connection)


async def test_what_comes_back_follows_the_rules_of_its_new_day(sqlite_engine: AsyncEngine) -> None:
    here = await deferred(sqlite_engine, date(2025, 11, 23))
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(cases).values(ruleset="ocop-2023r2025"))
    async with here.attempt("producer") as attempt:
        await attempt.does(ResumeCase(here.code))
        case = await attempt.case()
    assert (case.status, case.ruleset, case.waits_since) == ("plan_submitted", "ocop-2026", None)


# ---------------------------------------------------------------- code, correction, withdrawal


async def publish(here: Scene, number: str = "812/QĐ-UBND") -> None:
    async with here.attempt("province") as attempt:
        points = (Decimal(27), Decimal(15), Decimal(21))
        await attempt.does(PublishResult(here.code, *points, number, date(2026, 11, 23)))
        await attempt.connection.commit()
    here.facts.clear()


async def test_a_number_that_was_told_is_not_given_again(engine: AsyncEngine) -> None:
    here = await scene(engine, "in_evaluation")
    await publish(here)
    (event,) = await rows(engine, case_events, case_events.c.action == "certify")
    async with here.attempt("province") as attempt:
        await attempt.does(UndoDecision(here.code, event.id))
        await attempt.connection.commit()
    here.facts.clear()
    await publish(here)
    (row,) = await rows(engine, results)
    assert row.product_code == "15-04336-1-2026"
    other = await submit(engine, await chat(engine, here.clock, "stranger"), here.clock(), IDEA)
    async with engine.begin() as connection:
        ready = {"status": "in_evaluation", "owner": "province"}
        await connection.execute(update(cases).where(cases.c.code == other).values(ready))
    here.code = other
    await publish(here, "813/QĐ-UBND")
    assert [row.product_code for row in await rows(engine, results)] == ["15-04336-1-2026", "15-04336-2-2026"]


def amend(
    code: str, a: int = 28, number: str = "821/QĐ-UBND", on: date = TODAY, reason: str = "gõ nhầm"
) -> AmendResult:
    return AmendResult(code, Decimal(a), Decimal(15), Decimal(21), number, on, reason)


async def test_both_versions_of_a_corrected_result_are_kept(engine: AsyncEngine) -> None:
    here = await certified(engine, UNTIL)
    async with here.attempt("province") as attempt:
        await attempt.does(amend(here.code, on=date(2026, 11, 20)))
        (words,) = attempt.told("producer")
        assert attempt.told("officer")
        attempt.turn.carried.audit.clear()
        await attempt.connection.commit()
    for part in ("28 (trước: 27)", "821/QĐ-UBND (trước: 812/QĐ-UBND)", "thứ Sáu 20/11/2026", "“gõ nhầm”"):
        assert part in words
    (row,) = await rows(engine, results)
    assert (row.points_a, row.decision, row.certificate_until) == (28, "821/QĐ-UBND", date(2029, 11, 20))
    assert row.look_on == date(2029, 5, 20)
    (event,) = await rows(engine, case_events, case_events.c.action == "amend")
    versions: Mapping[str, Any] = event.before
    assert (versions["before"]["decision"], versions["after"]["decision"]) == ("812/QĐ-UBND", "821/QĐ-UBND")


@pytest.mark.parametrize(("points", "kept"), [(27, {"1.1": "2"}), (28, {})])
async def test_points_by_item_stay_as_long_as_they_add_up(sqlite_engine: AsyncEngine, points: int, kept: Any) -> None:
    here = await certified(sqlite_engine, UNTIL)
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(results).values(criteria={"1.1": "2"}))
    async with here.attempt("province") as attempt:
        await attempt.does(amend(here.code, points))
        (row,) = await attempt.published()
    assert (row.points_a, row.criteria) == (points, kept)


@pytest.mark.parametrize(
    ("who", "effect"),
    [
        ("officer", amend("TL12-26-0001")),
        ("producer", amend("TL12-26-0001")),
        ("far", amend("TL12-26-0001")),
        ("province", amend("TL12-26-0001", on=date(2026, 11, 24))),  # a certificate dated in the future
        ("province", amend("TL12-26-0001", a=41)),
        ("province", amend("TL12-26-0001", a=1)),  # no certificate with so few
        ("province", amend("TL12-26-0001", number="")),
        ("province", amend("TL12-26-0001", number="27,5")),
        ("province", amend("TL12-26-0001", a=27, number="812/QĐ-UBND")),  # nothing differs
        ("province", amend("TL12-26-0001", reason=" ")),
        ("province", DecideCase("TL12-26-0001", "amend", "all", "gõ nhầm")),
        ("province", DecideCase("TL12-26-0001", "revoke", "all", "ngừng làm")),
        ("province", DecideCase("TL12-26-0001", "revoke", "all", "ngừng làm", ground="stopped", on=date(2026, 11, 24))),
        ("province", DecideCase("TL12-26-0001", "revoke", "all", "ngừng làm", ground="stopped", on=date(2026, 11, 22))),
        ("province", DecideCase("TL12-26-0001", "revoke", "all", "ngừng làm", ground="nonsense", on=TODAY)),
    ],
)
async def test_what_can_be_no_slip_and_no_withdrawal_is_refused(
    sqlite_engine: AsyncEngine, who: str, effect: Any
) -> None:
    here = await certified(sqlite_engine, UNTIL)
    async with here.attempt(who) as attempt:
        before, happened = await attempt.published(), await attempt.events()
        await attempt.does(effect)
        assert (await attempt.published(), await attempt.events()) == (before, happened)
        assert attempt.turn.carried.said
        assert not attempt.turn.carried.notices


async def test_a_withdrawal_that_is_taken_back_leaves_nothing(sqlite_engine: AsyncEngine) -> None:
    here = await certified(sqlite_engine, UNTIL)
    async with here.attempt("province") as attempt:
        await attempt.does(DecideCase(here.code, "revoke", "all", "ngừng làm", ground="stopped", on=TODAY))
        (row,) = await attempt.published()
        assert (row.revoked_on, row.revoked_for) == (TODAY, "stopped")
        (told_,) = attempt.told("producer")
        assert "Căn cứ: Đã ngừng làm sản phẩm." in told_
        await attempt.connection.commit()
    here.facts.clear()
    (event,) = await rows(sqlite_engine, case_events, case_events.c.action == "revoke")
    async with here.attempt("province") as attempt:
        await attempt.does(UndoDecision(here.code, event.id))
        (row,) = await attempt.published()
    assert (row.revoked_on, row.revoked_for) == (None, "")


async def test_a_photo_that_is_kept_for_the_next_dossier_is_not_loose(sqlite_engine: AsyncEngine) -> None:
    here = await certified(sqlite_engine, UNTIL)
    async with sqlite_engine.begin() as connection:
        await connection.execute(delete(papers))
        photo = "a name too long to stand in sealed text by chance"
        await connection.execute(update(files).values(id=photo))
        own = {"person_id": here.people["producer"].person_id, "paper": "trademark", "pages": [[photo, 0]]}
        await connection.execute(insert(own_papers).values(**own, valid_until=UNTIL, kept_at=here.clock()))
    await retention.run(sqlite_engine, {}, here.clock() + timedelta(days=90))
    assert [row.status for row in await rows(sqlite_engine, files)] == ["stored"]
    async with sqlite_engine.begin() as connection:
        await connection.execute(delete(own_papers))
    await retention.run(sqlite_engine, {}, here.clock() + timedelta(days=90))
    assert [row.status for row in await rows(sqlite_engine, files)] == ["forgotten"]

"""Results: known to everybody from the moment they are published, and to nobody before; taken back; run out."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.desk.export import done
from bot.world import World
from dialogs.model import Agreed, DecideCase, PublishResult, ResultFacts, SendMessage, State, UndoDecision
from dialogs.officer.alerts import alert_for, notice_of
from dialogs.officer.decide import options
from dialogs.officer.desk import overview
from dialogs.officer.result import as_printed
from dialogs.officer.review import card, undo_words
from dialogs.officer.words import who_and_when
from dialogs.producer.check_status import history
from dialogs.rules.lifecycle import MOVES, Side, sides_of
from storage import cases as work
from storage import reports, results
from storage.desk import desk_facts
from storage.dossiers import take_over
from storage.models import cases, outbox, papers
from storage.models import results as table
from tests.facts import sample_case
from tests.heart import NONE_OFF, chat, count, keep_files, rows, say, submit, world_at
from tests.test_lifecycle import IDEA, scene
from tests.transcripts import Clock

DAY = date(2026, 11, 23)
SECRET = ("63", "27/40", "3 sao", "812/QĐ-UBND")
"""What no one may read before it is published."""


def found(stars: int = 3, points: int = 63, until: date | None = None, decision: str = "812/QĐ-UBND") -> ResultFacts:
    return ResultFacts(Decimal(points - 36), Decimal(15), Decimal(21), stars, decision, until, DAY)


async def case_id(connection: AsyncConnection) -> int:
    return int((await connection.execute(select(cases.c.id))).scalar_one())


# ---------------------------------------------------------------- never before


async def test_a_result_that_is_being_entered_is_known_to_nobody_else(engine: AsyncEngine) -> None:
    """All five answers stand in the provincial officer's chat, one press before they are published."""
    here = await scene(engine, "in_evaluation")
    world = world_at(here.clock)
    await say(
        engine, world, "province", here.code, "nhập kết quả", "27", "15", "21", "812/QĐ-UBND", "hôm nay", "công bố"
    )
    assert await count(engine, table) == 0
    before = [row.id for row in await rows(engine, outbox)]
    for who in ("producer", "officer", "approver", "neighbour", "stranger"):
        await say(engine, world, who, here.code, "lịch sử", "được mấy sao rồi", "bàn làm việc", f"{here.code} ")
    said = [row.body["text"] for row in await rows(engine, outbox, outbox.c.id.not_in(before))]
    assert len(said) > 10
    assert not [text for text in said if any(secret in text for secret in SECRET)]
    assert not await exported(engine, world)


async def exported(engine: AsyncEngine, world: World) -> list[Any]:
    """Cells of the territory's list that give a result away."""
    async with engine.connect() as connection:
        cells = [value async for row in _listed(connection) for value in row]
        await connection.rollback()
    assert cells
    return [value for value in cells if value in (3, 27, 15, 21)]


async def _listed(connection: AsyncConnection) -> AsyncIterator[tuple[Any, ...]]:
    async for batch in reports.listed(connection, "15"):
        for row in batch:
            yield (row.stars, row.points_a, row.points_b, row.points_c, row.certificate_until, row.code)


async def test_a_row_that_is_not_published_is_shown_to_nobody(engine: AsyncEngine) -> None:
    here = await scene(engine, "in_evaluation")
    async with engine.begin() as connection:
        row = {"case_id": await case_id(connection), "stars": 3, "decision": "812/QĐ-UBND", "decided_on": DAY}
        points = {"points_a": 27, "points_b": 15, "points_c": 21}
        await connection.execute(insert(table).values(row | points))
    for who in ("producer", "officer", "approver", "province"):
        async with here.attempt(who) as attempt:
            case = attempt.turn.facts.case(here.code)
            assert case is not None
            assert case.result is None
    assert not await exported(engine, world_at(here.clock))


# ---------------------------------------------------------------- from then on


async def published(engine: AsyncEngine, here: Any, *numbers: int) -> None:
    a, b, c = map(Decimal, numbers)
    async with here.attempt("province") as attempt:
        await attempt.does(PublishResult(here.code, a, b, c, "812/QĐ-UBND", DAY))
        await attempt.connection.commit()
    here.facts.clear()


async def test_the_producer_reads_all_of_it_at_once_and_later(engine: AsyncEngine) -> None:
    here = await scene(engine, "in_evaluation")
    async with here.attempt("province") as attempt:
        await attempt.does(PublishResult(here.code, Decimal(27), Decimal(15), Decimal(21), "812/QĐ-UBND", DAY))
        (told,) = attempt.told("producer")
        assert attempt.told("colleague")
        assert not attempt.told("neighbour")
        (row,) = await attempt.published()
        await attempt.connection.commit()
    for part in ("63 điểm", "3 sao", "A 27/40, B 15/25, C 21/35", "812/QĐ-UBND", "23/11/2029"):
        assert part in told
    assert (row.entered_by, row.certificate_until) == (here.people["province"].person_id, date(2029, 11, 23))
    assert (row.entered_at, row.published_at) == (here.clock(), here.clock())
    here.facts.clear()
    async with here.attempt("producer") as attempt:
        (case,) = attempt.turn.facts.cases
        expected = ResultFacts(
            *(Decimal(27), Decimal(15), Decimal(21), 3, "812/QĐ-UBND", date(2029, 11, 23), DAY),
            product_code="15-04336-1-2026",
        )
        assert case.result == expected


async def test_what_is_taken_back_is_gone_and_its_readers_know(engine: AsyncEngine) -> None:
    here = await scene(engine, "in_evaluation")
    await published(engine, here, 27, 15, 21)
    async with engine.begin() as connection:
        await connection.execute(update(outbox).values(status="sent"))
    async with here.attempt("province") as attempt:
        undo = attempt.turn.facts.case(here.code).undo  # type: ignore[union-attr]  # the officer sees it
        assert undo is not None
        await attempt.does(UndoDecision(here.code, undo.number))
        assert not await attempt.published()
        assert (await attempt.case()).status == "in_evaluation"


async def test_after_ten_minutes_it_stands(engine: AsyncEngine) -> None:
    here = await scene(engine, "in_evaluation")
    await published(engine, here, 27, 15, 21)
    async with here.attempt("province") as attempt:
        undo = attempt.turn.facts.case(here.code).undo  # type: ignore[union-attr]  # the officer sees it
        assert undo is not None
        attempt.turn.now += timedelta(minutes=10, seconds=1)
        await attempt.does(UndoDecision(here.code, undo.number))
        assert len(await attempt.published()) == 1
        assert (await attempt.case()).status == "certified"


async def test_of_two_results_the_one_before_comes_back(engine: AsyncEngine) -> None:
    """The proposal of five stars stands again when the ministry's result is taken back."""
    clock = Clock()
    await submit(engine, await chat(engine, clock, "anna"), clock(), IDEA)
    proposed, decided = found(5, 92), found(4, 80, date(2029, 11, 23), "4321/QĐ-BNNMT")
    async with engine.begin() as connection:
        case = (await connection.execute(select(cases))).one()
        number = case.id
        await results.publish(connection, case, 1, proposed, clock())
        (first,) = (await connection.execute(select(table))).all()
        await results.publish(connection, case, 1, decided, clock() + timedelta(days=60))
        await results.withdraw(connection, number)
        (again,) = (await connection.execute(select(table))).all()
        assert again == first
        await results.withdraw(connection, number)
        assert not (await connection.execute(select(table))).all()


@pytest.mark.parametrize(("until", "out"), [(date(2026, 11, 22), True), (date(2026, 11, 23), False), (None, False)])
async def test_a_certificate_is_good_through_its_last_day(engine: AsyncEngine, until: date | None, out: bool) -> None:
    clock = Clock()
    code = await submit(engine, await chat(engine, clock, "anna"), clock(), IDEA)
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(status="certified"))
        await results.publish(
            connection, (await connection.execute(select(cases))).one(), 1, found(until=until), clock()
        )
        assert await results.run_out(connection, DAY) == ([code] if out else [])
        await connection.execute(update(cases).values(status="revoked"))
        assert await results.run_out(connection, DAY) == []


# ---------------------------------------------------------------- the dossier takes over what the plan brought


async def test_nobody_sends_a_paper_twice(engine: AsyncEngine) -> None:
    clock = Clock()
    producer = await chat(engine, clock, "anna")
    code = await submit(engine, producer, clock(), IDEA)
    await keep_files(engine, clock, producer, "old", "new", "unsent")
    async with engine.begin() as connection:
        case = await work.locked(connection, code)
        for page in ("old", "new"):
            await work.keep_paper(connection, case, "plan_household_reg", [[page, 0]], clock())
        await work.keep_paper(connection, case, "food_safety", [["new", 0]], clock())
        await work.keep_paper(connection, case, "plan_food_safety", [["old", 0]], clock())
        await work.send_papers(connection, case, clock())
        await work.keep_paper(connection, case, "plan_story", [["unsent", 0]], clock())
        wanted = {"household_reg", "food_safety", "story", "form_01"}
        await take_over(connection, case.id, wanted, clock())
        await take_over(connection, case.id, wanted, clock())  # handed in, returned and handed in again
    kept = {row.paper: (row.version, row.pages) for row in await rows(engine, papers) if row.paper in wanted}
    assert kept == {"household_reg": (1, [["new", 0]]), "food_safety": (1, [["new", 0]])}


# ---------------------------------------------------------------- what is said of each move


TOLD_BY_NOTICE = [m for m in MOVES if m.action != "amend"]
"""What was corrected is told with both versions (tests/test_standing.py)."""


@pytest.mark.parametrize("m", TOLD_BY_NOTICE, ids=lambda m: f"{m.action}-{m.from_status}-{m.to_status}")
def test_the_producer_reads_of_every_move_but_their_own(m: Any) -> None:
    case = sample_case("TL-26-0001", m.from_status, "food", "household", own=False)
    rules = "ocop-2023" if "district" in (m.at_level, m.from_status.removeprefix("at_")) else "ocop-2026"
    case = replace(case, ruleset=rules, result=found(), returned=())
    notice = notice_of(case, m.action, "Thiếu dấu")
    assert bool(notice) == (m.who is not Side.PRODUCER)
    said = "\n".join(world_at(Clock()).catalog("vi").say(text) for text in notice)
    assert not notice or "TL-26-0001" in said
    if m.needs_reason and m.action != "send_back":
        assert "Thiếu dấu" in said
    assert m.action != "send_back" or "Thiếu dấu" not in said  # what leaders write to officers is theirs


GATES_MISSING = "The points are enough for %(stars)s stars, but something that these stars ask for is missing."
DECIDED = "The council decided on %(stars)s stars."


@pytest.mark.parametrize(
    ("councils", "published", "read"),
    [
        (58, 82, DECIDED),  # other points were entered, and brought no more stars than the council gave
        (82, 82, GATES_MISSING),
        (82, 84, GATES_MISSING),
        (58, 63, "%(stars)s stars would take %(points)s more points."),
        (None, 82, DECIDED),
    ],
)
def test_gates_are_named_only_where_they_are_missing(councils: int | None, published: int, read: str) -> None:
    agreed = Agreed({}, (Decimal((councils or 0) - 36), Decimal(15), Decimal(21)), 3) if councils else None
    case = sample_case("TL-26-0001", "in_evaluation", "food", "household", own=False)
    notice = notice_of(replace(case, result=found(3, published), agreed=agreed, returned=()), "certify")
    said = [text.msgid for text in notice]
    assert read in said
    assert len({GATES_MISSING, DECIDED} & set(said)) == (published > 63)


BY_OFFICERS = [m for m in MOVES if m.who not in (Side.PRODUCER, Side.CALENDAR)]


@pytest.mark.parametrize("m", BY_OFFICERS, ids=lambda m: f"{m.action}-{m.from_status}-{m.to_status}")
def test_each_move_of_an_officer_is_offered_in_one_place(m: Any) -> None:
    """Results, simple moves, and what the review does itself: accepting ideas and plans, returning, putting off."""
    rules = "ocop-2023" if m.at_level == "district" else "ocop-2026"
    case = sample_case("TL-26-0001", m.from_status, "food", "household", own=False)
    offered = [option.value for option in options(replace(case, ruleset=rules, may=(m.action,)))]
    if m.with_result:
        assert offered == ["result"]
    elif m.action in ("return", "defer") or m.from_status in ("idea_submitted", "plan_submitted"):
        assert offered == []
    else:
        assert offered == [m.action]


@pytest.mark.parametrize(
    ("status", "who", "words"),
    [
        ("dossier_submitted", "officer", "kiểm tra xong, trình lãnh đạo"),
        ("forwarded", "province", "nhận hồ sơ để chấm sao"),
    ],
)
async def test_passing_on_and_taking_up_are_not_called_accepting(
    engine: AsyncEngine, status: str, who: str, words: str
) -> None:
    """In what the officer reads, in the question whether to take it back, and in both histories."""
    here = await scene(engine, status)
    catalog = world_at(here.clock).catalog("vi")
    async with here.attempt(who) as attempt:
        await attempt.does(DecideCase(here.code, "accept"))
        said = [t for m in attempt.turn.carried.said if isinstance(m, SendMessage) for t in m.texts]
        await attempt.connection.commit()
    here.facts.clear()
    async with here.attempt(who) as attempt:
        facts = attempt.turn.facts
        case = facts.case(here.code)
        assert case is not None
        last = {"done": said[0], "undo": undo_words({"subject": here.code}, facts)[0], "seen": who_and_when(case)[-1]}
        assert case.undo is not None
        before = len(attempt.turn.carried.said)
        await attempt.does(UndoDecision(here.code, case.undo.number))
        back = attempt.turn.carried.said[before]
        assert isinstance(back, SendMessage)
        last["back"] = back.texts[0]
    async with here.attempt("producer") as attempt:
        last["history"] = history(attempt.turn.facts.cases[0])[-1]
    for where, text in last.items():
        assert words in catalog.say(text), where
        assert "chấp nhận" not in catalog.say(text), where


def test_what_the_audit_calls_them() -> None:
    catalog = world_at(Clock()).catalog("en")
    assert done("decide", {"move": "accept", "status": "idea_submitted"}, catalog) == "accepted"
    assert done("decide", {"move": "accept", "status": "forwarded"}, catalog) == "taken up for rating"
    assert done("undo", {"move": "accept"}, catalog) == "decision taken back"
    assert done("view_case", {}, catalog) == "file looked at"
    assert done("of_a_later_release", {}, catalog) == "of_a_later_release"


@pytest.mark.parametrize(
    ("status", "since"),
    [
        ("forwarded", "ở tỉnh từ thứ Hai 23/11/2026"),
        ("in_evaluation", "tỉnh chấm sao từ thứ Hai 23/11/2026"),
        ("proposed_for_five", "ở bộ từ thứ Hai 23/11/2026"),
    ],
)
async def test_the_province_sees_since_when_a_file_waits(engine: AsyncEngine, status: str, since: str) -> None:
    here = await scene(engine, status)
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(due_on=None))  # as the move up leaves it
    catalog = world_at(here.clock).catalog("vi")
    async with here.attempt("province") as attempt:
        known = attempt.turn.facts
        assert since in "\n".join(catalog.say(text) for text in card({"subject": here.code}, known))
        at_desk = replace(here.people["province"], state=State("desk/case"))
        listed = await desk_facts(attempt.connection, at_desk, here.clock(), NONE_OFF)
    assert since in "\n".join(catalog.say(text) for text in overview({"subject": ""}, replace(known, desk=listed)))


@pytest.mark.parametrize(
    ("action", "status", "told"),
    [
        ("send_dossier", "dossier_submitted", True),
        ("accept", "dossier_checked", True),
        ("send_back", "dossier_submitted", True),
        ("forward", "forwarded", True),
        ("forward", "at_district", True),
        ("resubmit", "forwarded", True),
        ("accept", "in_evaluation", False),  # the same office goes on
        ("accept", "plan_accepted", False),  # the producer does
        ("defer", "plan_next_cycle", False),
    ],
)
def test_who_has_to_go_on_is_alerted(action: str, status: str, told: bool) -> None:
    case = sample_case("TL-26-0001", status, "food", "household", own=False)
    assert (alert_for(case, action) is not None) == told


@pytest.mark.parametrize(
    ("done", "sides"),
    [
        (("submit", "accept", "send_plan"), (Side.PRODUCER, Side.COMMUNE, Side.PRODUCER)),
        (("submit", "view_phone", "accept"), (Side.PRODUCER, None, Side.COMMUNE)),
        (("submit", "return", "return", "resubmit"), (Side.PRODUCER, Side.COMMUNE, Side.COMMUNE, Side.PRODUCER)),
        (("submit", "accept", "undo", "defer"), (Side.PRODUCER, *[Side.COMMUNE] * 3)),
    ],
)
def test_whose_move_it_was(done: tuple[str, ...], sides: tuple[Side | None, ...]) -> None:
    assert sides_of(done) == sides


def test_from_the_idea_to_the_certificate() -> None:
    done = (
        "submit",
        "accept",
        "send_plan",
        "accept",
        "send_dossier",
        "accept",
        "forward",
        "accept",
        "certify",
        "expire",
    )
    assert sides_of(done)[-5:] == (Side.COMMUNE, Side.APPROVER, Side.PROVINCE, Side.PROVINCE, Side.CALENDAR)


async def test_the_calendar_lets_a_certificate_run_out(engine: AsyncEngine) -> None:
    here = await scene(engine, "certified")
    async with engine.begin() as connection:
        case = await work.locked(connection, here.code)
        nobody = work.Actor(None, "")
        assert (
            await work.move(connection, case, nobody, "expire", datetime(2029, 11, 24, tzinfo=UTC), NONE_OFF)
            == "expired"
        )


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("812/qd-ubnd", "812/QĐ-UBND"),
        ("Số 15/TTr-UBND", "Số 15/TTr-UBND"),
        ("15/bb-hđ", "15/BB-HĐ"),
        ("15/ttr-ubnd", "15/TTr-UBND"),
    ],
)
def test_the_number_of_a_decision_is_written_as_it_is_printed(typed: str, printed: str) -> None:
    assert as_printed(typed) == printed

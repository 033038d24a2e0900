"""The own score and the list for a star: what is kept, refused, ticked, taken back and called to mind."""

import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import charts
from bot.desk.day import OfficeDay
from bot.effects import TOO_LATE
from bot.showing import score_spec
from dialogs.model import (
    CaseFacts,
    DropPlan,
    Effect,
    Effects,
    ForgetMe,
    Go,
    InvalidAnswer,
    KeepPaper,
    KeepSelfScore,
    MoveStep,
    PaperFacts,
    Person,
    PlannedStep,
    RecordReminders,
    ResultFacts,
    StarStep,
    TakePlan,
    TextReceived,
    TickStep,
)
from dialogs.officer.by_item import by_item, loaded
from dialogs.producer.own_score import (
    council_marks,
    has_tried,
    known_from,
    marks_of,
    may_score,
    needed_sheet,
    set_number,
)
from dialogs.producer.points import result_options
from dialogs.producer.score_words import picture
from dialogs.producer.self_score import SELF_SCORE
from dialogs.producer.star_plan import (
    after_taking,
    missing_points,
    plans_for,
    stars_ahead,
    step_chosen,
    taken,
    way_options,
)
from dialogs.producer.todo import steps_of
from dialogs.rules.planner import Plan, plans, raised
from dialogs.rules.rating import WrongItems, check_items
from dialogs.rules.scoring import NONE, choices, score
from dialogs.rules.work import works
from storage import star_steps as star_steps_of
from storage.models import cases, notices, people, results, self_scores, star_steps
from tests.facts import PEOPLE, facts, sample_cases, world
from tests.heart import ANSWERS, chat, keep_files, rows, submit, world_at
from tests.test_effects import ordered, refused
from tests.transcripts import Clock

FRUIT = {**ANSWERS, "product_group": "food", "product_set": "7", "producer_kind": "household"}
STORY, LABEL, MARK = "5.3", "2.3", "3.5"


class Household:
    """A producer of dried bananas with a case."""

    def __init__(self, engine: AsyncEngine, clock: Clock, who: Any, code: str) -> None:
        self.engine, self.clock, self.who, self.code = engine, clock, who, code

    async def orders(self, *effects: Effect) -> Any:
        return await ordered(self.engine, self.clock, self.who, self.code, *effects)

    async def marks(self) -> dict[str, int]:
        found = await rows(self.engine, self_scores)
        return dict(found[0].marks) if found else {}

    async def listed(self) -> dict[str, Any]:
        return {row.code: row for row in await rows(self.engine, star_steps)}

    def plan(self, **options: int) -> TakePlan:
        """A thing to do a week for each, the first in one week."""
        today = self.clock.now.date()
        named = {code.replace("_", "."): option for code, option in options.items()}
        steps = tuple(PlannedStep(c, o, today + timedelta(weeks=n)) for n, (c, o) in enumerate(named.items(), 1))
        return TakePlan(self.code, 3, steps, remind=True)


async def household(engine: AsyncEngine) -> Household:
    clock = Clock()
    who = await chat(engine, clock, "may", producer_kind="household", reminders=True)
    code = await submit(engine, who, clock(), FRUIT)
    who.case_count = 1
    return Household(engine, clock, who, code)


# ---------------------------------------------------------------- marks


@pytest.mark.parametrize(("item", "mark"), [("1.1", 9), ("1.1", -1), ("6.1.1", 1), ("1.2", 0), ("x", 1), ("x", None)])
async def test_marks_that_the_sheet_does_not_have_are_refused_and_nothing_is_lost(
    sqlite_engine: AsyncEngine, item: str, mark: int | None
) -> None:
    """Options beyond the printed ones, an item of the sheet of tea, "none" where the sheet prints a nought."""
    may = await household(sqlite_engine)
    await may.orders(KeepSelfScore(may.code, "1.1", 2))
    assert refused(await may.orders(KeepSelfScore(may.code, item, mark)), TOO_LATE)
    assert await may.marks() == {"1.1": 2}


async def test_an_answer_touches_no_other(sqlite_engine: AsyncEngine) -> None:
    may = await household(sqlite_engine)
    for item, mark in (("1.1", 2), (STORY, 3), ("1.1", None)):
        await may.orders(KeepSelfScore(may.code, item, mark))
    assert await may.marks() == {STORY: 3}


async def test_not_being_sure_of_what_is_known_is_remembered(sqlite_engine: AsyncEngine) -> None:
    """3.1, the kind of producer, is known from the registration."""
    may = await household(sqlite_engine)
    await may.orders(KeepSelfScore(may.code, "3.1", None))
    case = replace(fruit(), self_marks=await may.marks())
    assert "3.1" in known_from(case)
    assert "3.1" not in marks_of(case)
    assert not has_tried(case)


async def test_what_is_known_does_not_become_an_own_mark(sqlite_engine: AsyncEngine) -> None:
    """Else a correction of the registration would not count any more."""
    may = await household(sqlite_engine)
    await may.orders(KeepSelfScore(may.code, "1.1", 2))
    cooperative = {**fruit().answers, "producer_kind": "cooperative"}
    assert marks_of(replace(fruit(), self_marks=await may.marks()))["3.1"] == 1
    assert "3.1" not in marks_of(replace(fruit(), answers=cooperative, self_marks=await may.marks()))


def test_a_draft_of_before_does_not_hide_what_was_ticked_since() -> None:
    now = facts(cases=(replace(fruit(), self_marks={STORY: 3}),))
    code = fruit().code
    draft = {"subject": code, "_part": "B", "_ask": f"4.2 {STORY}"}
    asked = [ask.name for ask in SELF_SCORE.steps if ask.when is not None and ask.when(draft, now)]
    assert asked == ["4-2"], "it is marked meanwhile"
    story = SELF_SCORE.ask("4-2")
    assert story is not None
    assert story.then is not None
    assert story.then({**draft, "4-2": "2", "5-3": "1"}, now)[0] == KeepSelfScore(code, "4.2", 2)


def test_what_was_only_ticked_and_what_another_sheet_asks_is_no_own_score() -> None:
    assert not has_tried(replace(fruit(), self_marks={"9.9": 2}))
    ticked = StarStep(1, STORY, 2, date(2026, 12, 1), done_on=date(2026, 11, 24))
    assert not has_tried(replace(fruit(), self_marks={STORY: 2}, steps=(ticked,)))
    assert has_tried(replace(fruit(), self_marks={STORY: 2}))


async def test_a_case_without_a_sheet_keeps_no_marks(sqlite_engine: AsyncEngine) -> None:
    may = await household(sqlite_engine)
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(cases).values(ruleset="ocop-2023"))
    assert refused(await may.orders(KeepSelfScore(may.code, "1.1", 2)), TOO_LATE)


def fruit(**changed: Any) -> CaseFacts:
    case = sample_cases(own=True)[0]
    answers = {**case.answers, **FRUIT, "sales_channels": "home"}
    return replace(case, answers=answers, papers=(), self_marks={}, steps=(), result=None, **changed)


def test_what_the_record_says_is_known() -> None:
    assert known_from(fruit()) == {"3.1": 1, "4.1": 1}
    day = date(2026, 11, 23)
    brought = tuple(PaperFacts(name, 1, 1, 1, False, day) for name in ("plan_story", "plan_food_safety"))
    case = replace(fruit(), papers=brought)
    assert known_from(case) == {"3.1": 1, "4.1": 1, "5.1": 2, "9": 1}
    assert marks_of(replace(case, self_marks={"4.1": 3})) == {"3.1": 1, "4.1": 3, "5.1": 2, "9": 1}


def test_of_another_product_set_only_what_its_sheet_has_is_left() -> None:
    """Flowers have no item 6.4, and three options of 7 where fruit has three as well."""
    case = replace(fruit(), self_marks={"6.4": 2, "1.1": 3}, steps=(StarStep(1, "6.4", 3, date(2026, 12, 1)),))
    assert marks_of(case)["6.4"] == 2
    flowers = replace(case, answers={**case.answers, "product_group": "ornamental", "product_set": "23"})
    assert set_number(flowers) == 23
    assert "6.4" not in marks_of(flowers)
    assert steps_of(flowers) == ()


# ---------------------------------------------------------------- the list


async def test_a_list_is_refused_that_is_not_of_this_sheet_or_in_the_past(sqlite_engine: AsyncEngine) -> None:
    may = await household(sqlite_engine)
    yesterday = may.clock.now.date() - timedelta(days=1)
    for wrong in (may.plan(**{"6.1.1": 2}), may.plan(**{STORY: 0}), may.plan(**{STORY: 9})):
        assert refused(await may.orders(wrong), TOO_LATE)
    late = TakePlan(may.code, 3, (PlannedStep(STORY, 2, yesterday),), remind=True)
    assert refused(await may.orders(late), TOO_LATE)
    assert await may.listed() == {}


async def test_another_list_keeps_what_is_done(sqlite_engine: AsyncEngine) -> None:
    may = await household(sqlite_engine)
    await may.orders(may.plan(**{STORY: 2, LABEL: 1}))
    await may.orders(TickStep(may.code, (await may.listed())[STORY].id, True))
    await may.orders(may.plan(**{MARK: 1}))
    listed = await may.listed()
    assert set(listed) == {STORY, MARK}
    assert listed[STORY].done_at is not None
    await may.orders(DropPlan(may.code))
    assert set(await may.listed()) == {STORY}
    assert (await rows(sqlite_engine, cases))[0].star_goal == 0
    assert await may.marks() == {STORY: 2}


async def test_what_is_done_counts_and_not_after_all_is_as_before(sqlite_engine: AsyncEngine) -> None:
    may = await household(sqlite_engine)
    await may.orders(KeepSelfScore(may.code, STORY, 1))
    await may.orders(may.plan(**{STORY: 3}))
    number = (await may.listed())[STORY].id
    await may.orders(TickStep(may.code, number, True), TickStep(may.code, number, True))
    assert await may.marks() == {STORY: 3}
    await may.orders(TickStep(may.code, number, False))
    assert await may.marks() == {STORY: 1}
    await may.orders(TickStep(may.code, number, True), KeepSelfScore(may.code, STORY, 4))
    await may.orders(TickStep(may.code, number, False))
    assert await may.marks() == {STORY: 4}, "what was said since stays"


async def test_a_better_own_mark_is_not_lowered(sqlite_engine: AsyncEngine) -> None:
    may = await household(sqlite_engine)
    await may.orders(may.plan(**{STORY: 2}), KeepSelfScore(may.code, STORY, 4))
    await may.orders(TickStep(may.code, (await may.listed())[STORY].id, True))
    assert await may.marks() == {STORY: 4}


async def test_nobody_ticks_what_is_on_the_list_of_another_case(sqlite_engine: AsyncEngine) -> None:
    may = await household(sqlite_engine)
    await may.orders(may.plan(**{STORY: 2}))
    number = (await may.listed())[STORY].id
    other = await chat(sqlite_engine, may.clock, "lan", producer_kind="household")
    code = await submit(sqlite_engine, other, may.clock(), FRUIT)
    for effect in (TickStep(code, number, True), MoveStep(code, number, date(2027, 1, 1)), DropPlan(may.code)):
        assert refused(await ordered(sqlite_engine, may.clock, other, code, effect), TOO_LATE)
    assert (await may.listed())[STORY].done_at is None


@pytest.mark.parametrize(
    ("paper", "wanted", "ticked"),
    [
        ("plan_story", {"5_1": 2, STORY: 2}, {"5.1"}),
        ("plan_story", {"5_1": 3}, set()),
        ("quality_declaration", {"8": 1}, {"8"}),
        ("quality_declaration", {"8": 3}, set()),
        ("plan_distribution", {"11": 3}, set()),
        ("samples", {"6_4": 3, "2_2": 4}, set()),
    ],
)
async def test_a_paper_ticks_what_it_alone_makes_sure_of(
    sqlite_engine: AsyncEngine, paper: str, wanted: dict[str, int], ticked: set[str]
) -> None:
    may = await household(sqlite_engine)
    await may.orders(may.plan(**wanted))
    await keep_files(sqlite_engine, may.clock, may.who, "f1")
    await may.orders(KeepPaper(may.code, paper, (("f1", 0),)))
    listed = await may.listed()
    assert {code for code, row in listed.items() if row.done_at} == ticked
    assert await may.marks() == {code: listed[code].option for code in ticked}


async def test_a_thing_of_another_sheet_is_not_ticked(sqlite_engine: AsyncEngine) -> None:
    may = await household(sqlite_engine)
    await may.orders(may.plan(**{"6_4": 3}))
    async with sqlite_engine.begin() as connection:
        flowers = {**FRUIT, "product_group": "ornamental", "product_set": "23"}
        await connection.execute(update(cases).values(answers=flowers))
    assert refused(await may.orders(TickStep(may.code, (await may.listed())["6.4"].id, True)), TOO_LATE)


async def test_who_wants_to_be_forgotten_has_no_list_any_more(sqlite_engine: AsyncEngine) -> None:
    may = await household(sqlite_engine)
    await may.orders(may.plan(**{STORY: 2}))
    await may.orders(ForgetMe())
    assert await rows(sqlite_engine, star_steps) == []
    assert (await rows(sqlite_engine, cases))[0].star_goal == 0


def confirming(case: CaseFacts, listed: str, person: Person = PEOPLE) -> tuple[Effects, Go]:
    draft = {"subject": case.code, "_way": "fewest", "_stars": "3", "_list": listed, "confirm": "remind"}
    now = facts(person, cases=(case,))
    return taken(draft, now), after_taking("remind", draft, now)


def test_a_list_is_taken_as_it_was_seen_and_an_empty_one_takes_no_lists_place() -> None:
    case = replace(fruit(), self_marks=lowest())
    draft = {"subject": case.code, "_way": "fewest", "_stars": "3"}
    now = facts(cases=(case,))
    shown = step_chosen("take", draft, now).answers["_list"]
    effects, onwards = confirming(case, shown)
    assert isinstance(effects[0], TakePlan)
    assert onwards == Go(f"todo.{case.code}")
    better = replace(case, self_marks={**lowest(), STORY: 3})
    best = replace(case, self_marks={c.code: len(c.options) for c in needed_sheet(case).criteria})
    for changed, where in ((better, "/steps"), (best, "")):
        effects, onwards = confirming(changed, shown)
        assert not any(isinstance(effect, TakePlan) for effect in effects)
        assert onwards == Go(f"to_star.{case.code}{where}")


def test_who_has_reminders_is_not_asked_for_them_anew() -> None:
    case = replace(fruit(), self_marks=lowest())
    listed = step_chosen("take", {"subject": case.code, "_way": "fewest", "_stars": "3"}, facts(cases=(case,)))
    for wants in (False, True):
        effects, _ = confirming(case, listed.answers["_list"], replace(PEOPLE, reminders=wants))
        assert any(isinstance(effect, RecordReminders) for effect in effects) is not wants


def test_what_takes_no_time_is_not_due_today() -> None:
    flowers = {**fruit().answers, "product_group": "ornamental", "product_set": "23"}
    sheet = needed_sheet(replace(fruit(), answers=flowers))
    case = replace(
        fruit(),
        answers=flowers,
        self_marks={c.code: choices(c)[-1] if NONE in choices(c) else 1 for c in sheet.criteria},
    )
    assert any(step.weeks == 0 for plan in plans_for(case, 3) for step in plan.steps)
    for plan in plans_for(case, 3):
        draft = {"subject": case.code, "_way": plan.way, "_stars": "3"}
        now = facts(cases=(case,))
        listed = step_chosen("take", draft, now).answers["_list"]
        first = taken({**draft, "_list": listed, "confirm": "remind"}, now)[0]
        assert isinstance(first, TakePlan)
        assert min(step.due_on for step in first.steps) >= now.today + timedelta(weeks=1)


def test_nobody_scores_or_plans_for_somebody_else() -> None:
    case = replace(fruit(), own=False, for_producer=True)
    assert not may_score({"subject": case.code}, facts(cases=(case,)))
    assert [option.value for option in result_options(replace(case, result=rated()))] == ["points"]


# ---------------------------------------------------------------- reminders


async def told(may: Household) -> list[str]:
    await OfficeDay(may.engine, world_at(may.clock)).look()
    return [notice.words for notice in await rows(may.engine, notices)]


def evening(may: Household, days: int) -> None:
    """19:45 in Viet Nam, so many days after the first."""
    may.clock.now = may.clock.now.replace(hour=12, minute=45) + timedelta(days=days)


async def test_people_are_reminded_once_in_the_evening_three_days_before(engine: AsyncEngine) -> None:
    may = await household(engine)
    await may.orders(may.plan(**{STORY: 2, LABEL: 1}))  # in 7 and in 14 days
    evening(may, 3)
    assert await told(may) == []
    may.clock.now += timedelta(days=1, hours=-2)
    assert await told(may) == [], "before the evening"
    may.clock.now += timedelta(hours=5)
    assert await told(may) == [], "at night"
    may.clock.now += timedelta(hours=21)
    (words,) = await told(may)
    assert "Nét riêng của quê mình" in words
    assert "Nhãn hàng" not in words
    assert await told(may) == [words], "once"
    (notice,) = await rows(may.engine, notices)
    assert not notice.case_code, "nobody is asked to telephone about it, and nothing is paid for it"
    await may.orders(MoveStep(may.code, (await may.listed())[STORY].id, may.clock.now.date() + timedelta(days=2)))
    assert len(await told(may)) == 2, "put off, it is called to mind again"


async def test_nobody_is_reminded_who_does_not_want_it_or_of_what_is_done(sqlite_engine: AsyncEngine) -> None:
    may = await household(sqlite_engine)
    silent = replace(may.plan(**{STORY: 2}), remind=False)
    await may.orders(silent)
    evening(may, 6)
    assert await told(may) == []
    await may.orders(may.plan(**{STORY: 2}), TickStep(may.code, 2, True))
    assert await told(may) == []
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(people).values(reminders=False))
    await may.orders(may.plan(**{LABEL: 1}))
    evening(may, 6)
    assert await told(may) == []


@pytest.mark.parametrize("status", ["idea_not_this_year", "plan_next_cycle", "expired", "revoked"])
async def test_nobody_is_reminded_for_a_case_that_leads_nowhere_any_more(
    sqlite_engine: AsyncEngine, status: str
) -> None:
    may = await household(sqlite_engine)
    await may.orders(may.plan(**{STORY: 2}))
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(cases).values(status=status))
    evening(may, 6)
    assert await told(may) == []


async def test_nobody_is_reminded_for_a_star_that_is_there(sqlite_engine: AsyncEngine) -> None:
    may = await household(sqlite_engine)
    await may.orders(may.plan(**{STORY: 2}))
    points = {"points_a": 27, "points_b": 15, "points_c": 20, "stars": 3, "published_at": may.clock()}
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(cases).values(status="certified"))
        await connection.execute(insert(results).values(case_id=1, **points))
    evening(may, 6)
    assert await told(may) == []
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(results).values(stars=2))
    assert len(await told(may)) == 1


async def test_what_is_long_past_is_not_said_to_be_soon_due(sqlite_engine: AsyncEngine) -> None:
    may = await household(sqlite_engine)
    await may.orders(may.plan(**{STORY: 2}))
    evening(may, 60)
    (words,) = await told(may)
    assert "đã quá hạn" in words
    assert "sắp đến hạn" not in words


async def test_the_look_for_reminders_reads_an_index(sqlite_engine: AsyncEngine) -> None:
    statement = star_steps_of._due(date(2026, 12, 1), ["revoked"]).compile(
        sqlite_engine.sync_engine, compile_kwargs={"literal_binds": True}
    )
    async with sqlite_engine.connect() as connection:
        found = (await connection.execute(text(f"EXPLAIN QUERY PLAN {statement}"))).all()
    assert any("ix_star_steps_to_remind" in row.detail for row in found), found


# ---------------------------------------------------------------- after the result


def rated(criteria: dict[str, Decimal] | None = None) -> ResultFacts:
    return ResultFacts(
        Decimal(27), Decimal(15), Decimal("21.5"), 3, "812/QĐ-UBND", None, date(2026, 11, 23), criteria=criteria or {}
    )


def lowest() -> dict[str, int]:
    """Of every item the first option: 35 points."""
    return {c.code: 1 for c in needed_sheet(fruit()).criteria}


def all_done(case: CaseFacts, plan: Plan) -> CaseFacts:
    """The list of a plan, ticked the day after the result."""
    today = date(2026, 11, 24)
    steps = tuple(
        StarStep(n, s.code, s.option, today, done_on=today, before=case.self_marks.get(s.code))
        for n, s in enumerate(plan.steps)
    )
    return replace(case, steps=steps, self_marks=raised(case.self_marks, plan))


def test_the_way_on_begins_where_the_council_stood() -> None:
    case = replace(fruit(), result=rated(), self_marks={c.code: len(c.options) for c in needed_sheet(fruit()).criteria})
    assert stars_ahead(case) == 4
    assert score(needed_sheet(case), marks_of(case)).total > 90, "the producer thinks otherwise"
    assert plans_for(case, 4) == (), "with all at its best nothing is left to gain"
    modest = replace(case, self_marks={**case.self_marks, "1.1": 1, "4.3": 1, "5.1": 1, "2.2": 1})
    assert all(sum(step.points for step in plan.steps) >= 7 for plan in plans_for(modest, 4))


def test_after_a_councils_sums_only_what_it_found_missing_is_to_do_and_then_the_way_ends() -> None:
    case = replace(fruit(), result=rated(), self_marks=lowest())
    (*_, plan) = plans_for(case, 4)
    optional = [step for step in plan.steps if not step.gate]
    assert sum(step.points for step in optional) <= Decimal("6.5") + max(step.points for step in plan.steps)
    done = all_done(case, plan)
    assert missing_points(done, 4) == 0
    assert [one.steps for one in plans_for(done, 4)] == [()]


def test_after_a_councils_items_what_was_done_is_not_offered_again() -> None:
    sheet = needed_sheet(fruit())
    given = {c.code: Decimal(c.options[0].points) for c in sheet.criteria}
    case = replace(fruit(), result=rated(given))
    plan = plans_for(case, 4)[0]
    assert len(plan.steps) > 3
    done = all_done(case, plan)
    assert [one.steps for one in plans_for(done, 4)] == [()]
    before = replace(done, steps=tuple(replace(step, done_on=date(2026, 11, 1)) for step in done.steps))
    assert plans_for(before, 4)[0].steps == plan.steps, "what the council has seen it has marked"


def test_averages_are_not_rounded_away_item_by_item() -> None:
    """Sixteen items at half a point more: eight points that need not be gained."""
    sheet = needed_sheet(fruit())
    whole = {
        c.code: Decimal(max(o.points for o in c.options if o is c.options[0] or o.gate in (3, 4)))
        for c in sheet.criteria
    }
    halves = [c.code for c in sheet.criteria if c.best > whole[c.code]][:16]
    case = replace(fruit(), result=rated(whole | {code: whole[code] + Decimal("0.5") for code in halves}))
    assert council_marks(case) == council_marks(replace(fruit(), result=rated(whole)))
    floored = plans(sheet, council_marks(case), 4, works(sheet.ruleset))[0]
    found = plans_for(case, 4)[0]
    assert len(found.steps) < len(floored.steps)
    assert found.points >= 70


def test_where_most_is_open_beside_a_councils_sums_the_own_score_comes_first() -> None:
    few = replace(fruit(), result=rated(), self_marks={"1.1": 1, "4.3": 1})
    answers = {"subject": few.code}
    assert [option.value for option in way_options(answers, facts(cases=(few,)))] == ["self_score", "case"]
    most = replace(few, self_marks=lowest())
    assert any(option.value.startswith("way:") for option in way_options(answers, facts(cases=(most,))))


@pytest.mark.parametrize(("own", "expected"), [({}, 1), ({"8": 3}, 3)])
def test_of_two_ways_to_score_a_village_it_is_the_same_in_all_items(own: dict[str, int], expected: int) -> None:
    """8, 9 and 15 have options for a community and, with as many points, for one organisation."""
    village = {**fruit().answers, "product_group": "tourism", "product_set": "26"}
    sheet = needed_sheet(replace(fruit(), answers=village))
    given = {c.code: Decimal(c.options[0].points) for c in sheet.criteria}
    case = replace(fruit(), answers=village, result=rated(given), self_marks=own)
    marks = council_marks(case)
    assert {marks[code] for code in ("8", "9", "15")} == {expected}


def test_an_average_between_two_options_is_the_lower_one() -> None:
    sheet = needed_sheet(fruit())
    given = {c.code: Decimal(c.options[0].points) for c in sheet.criteria} | {"1.1": Decimal("2.5"), "5.1": Decimal(4)}
    marks = council_marks(replace(fruit(), result=rated(given)))
    assert (marks["1.1"], marks["5.1"], set(marks)) == (2, 4, set(given))


@pytest.mark.parametrize(
    ("changed", "why", "at"),
    [
        ({"9.9": Decimal(1)}, "unknown", "9.9"),
        ({"1.1": Decimal(4)}, "over", "1.1"),
        ({"1.1": Decimal(-1)}, "negative", "1.1"),
        ({"1.1": Decimal("1.555")}, "over", "1.1"),
        ({"1.1": Decimal(2)}, "sum", "A"),
    ],
)
def test_items_that_no_council_can_have_given(changed: dict[str, Decimal], why: str, at: str) -> None:
    sheet = needed_sheet(fruit())
    right = {c.code: Decimal(c.options[0].points) for c in sheet.criteria}
    parts = {part: sum((right[c.code] for c in sheet.criteria if c.part == part), Decimal(0)) for part in sheet.parts}
    check_items(sheet, right, parts)
    with pytest.raises(WrongItems) as wrong:
        check_items(sheet, right | changed, parts)
    assert (wrong.value.why, wrong.value.at) == (why, at)
    with pytest.raises(WrongItems, match="missing: 11"):
        check_items(sheet, {code: points for code, points in right.items() if code != "11"}, parts)


@pytest.mark.parametrize("pair", ["{}\t{}", "{}\u00a0{}", "{}. {}", "{}: {}", "{} = {}", "{}\n{}"])
@pytest.mark.parametrize("between", ["; ", "\n", "\u00a0\n", ", "])
def test_items_are_read_as_they_are_copied(pair: str, between: str) -> None:
    case, answers, right = rated_by_parts()
    typed = between.join(pair.format(code, points) for code, points in right.items())
    read = by_item().read(TextReceived(typed), answers, facts(desk=(case,)), "")
    assert loaded(read.value) == right


def test_less_than_nothing_is_called_that() -> None:
    case, answers, right = rated_by_parts()
    typed = "; ".join(f"{code} {points}" for code, points in right.items()).replace("1.1 ", "1.1 -", 1)
    with pytest.raises(InvalidAnswer) as refusal:
        by_item().read(TextReceived(typed), answers, facts(desk=(case,)), "")
    assert "less than 0" in refusal.value.text.msgid


def rated_by_parts() -> tuple[CaseFacts, dict[str, str], dict[str, Decimal]]:
    """A case, the points of its parts as answers, and those of its items."""
    case = replace(fruit(), own=False)
    right = {c.code: Decimal(c.options[0].points) for c in needed_sheet(case).criteria}
    parts = {"part_a": "A", "part_b": "B", "part_c": "C"}
    sums = {
        name: str(sum((right[c.code] for c in needed_sheet(case).criteria if c.part == part), Decimal(0)))
        for name, part in parts.items()
    }
    return case, {"subject": case.code, **sums}, right


# ---------------------------------------------------------------- the picture


def test_the_picture_is_for_a_small_phone_and_needs_no_colours() -> None:
    """Half is sure, a quarter is open: read off the grey picture, as somebody sees it who sees no colours."""
    case = replace(fruit(product="Chuối tây sấy dẻo vị gừng mật ong rừng Mẩy Lý, bản Nà Hẩu"), self_marks={"1.1": 3})
    spec = score_spec(picture(case, score(needed_sheet(case), marks_of(case))), world().catalog("vi"))
    spec["bars"][0][1:3] = 50, 75
    with Image.open(io.BytesIO(charts.score(spec))) as drawn:
        assert 700 < drawn.width < 740
        assert drawn.width < drawn.height < 2 * drawn.width
        grey = drawn.convert("L")
    data, width = grey.tobytes(), grey.width
    lines = [data[y * width : (y + 1) * width] for y in range(grey.height)]
    mm = charts.PX_PER_MM
    top = next(y for y, line in enumerate(lines) if max(line[6 * mm : 40 * mm]) < 110)  # its frame
    bar = lines[top + 3 * mm]
    assert max(bar[6 * mm : 40 * mm]) < 110
    assert min(bar[48 * mm : 60 * mm]) < 110 < 200 < max(bar[48 * mm : 60 * mm])
    assert min(bar[68 * mm : 75 * mm]) > 200
    assert charts.score(spec) == charts.score(spec)

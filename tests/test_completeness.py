"""How complete a case's papers are: never over the total, never less for having sent one, and asked where unknown."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.doctor import sample_case
from dialogs.model import CaseFacts, KeepCondition, PaperFacts, ReturnedItem
from dialogs.producer.papers import (
    BY_HAND,
    by_hand,
    completeness,
    conditions_of,
    kept_paper,
    missing,
    needed,
    not_handed_in,
    papers_of,
)
from dialogs.rules.lifecycle import STATUSES
from dialogs.rules.ruleset import PRODUCER_KINDS, RULESET_IDS, ruleset
from storage.models import cases
from tests.facts import NOW, Chat, facts
from tests.heart import rows
from tests.test_assessing import does
from tests.test_lifecycle import scene
from tests.test_standing import UNTIL, again, certified

TODAY = NOW.date()


@st.composite
def some_case(draw: st.DrawFn) -> CaseFacts:
    """Of any rules, status, product and maker, with any papers and whatever was said of conditions."""
    rules = ruleset(draw(st.sampled_from(RULESET_IDS)))
    product_set = draw(st.sampled_from([one for group in rules.groups for one in group.sets]))
    status = draw(st.sampled_from(sorted(STATUSES)))
    kind = draw(st.sampled_from(PRODUCER_KINDS))
    bare = sample_case("TL12-26-0001", status, "food", kind, own=True)
    answers = {**bare.answers, "product_group": product_set.group}
    answers["product_set"] = draw(st.sampled_from(["", str(product_set.number)]))
    answers["sales_channels"] = draw(st.sampled_from(["", "home", "market,shop", "online"]))
    said = draw(st.dictionaries(st.sampled_from([c.id for c in rules.conditions] or ["other"]), st.booleans()))
    bare = replace(bare, ruleset=rules.id, answers=answers, papers=(), returned=(), conditions=said)
    ids = [paper.id for paper in papers_of(bare)]
    kept = draw(st.lists(st.sampled_from(ids), unique=True))
    back = draw(st.lists(st.sampled_from(ids), unique=True, max_size=3))
    papers = tuple(PaperFacts(i, 1, 1, 1, draw(st.booleans()), TODAY) for i in kept)
    return replace(bare, papers=papers, returned=tuple(ReturnedItem(f"paper:{i}", "stamp", TODAY) for i in back))


@given(some_case())
def test_it_is_never_over_the_total_and_names_each_paper_once(case: CaseFacts) -> None:
    found = completeness(case)
    assert 0 <= len(found.here) <= found.total
    ids = [paper.id for paper in found.papers]
    assert len(ids) == len({*ids}) == found.total
    assert not BY_HAND & {*ids}
    assert {paper.id for paper in papers_of(case) if paper.required} - BY_HAND <= {*ids}
    handed_in = completeness(case, handed_in=True)
    assert {*handed_in.here} == {p for p in found.here if (kept := kept_paper(case, p.id)) is not None and kept.sent}
    assert handed_in.total == found.total


@given(some_case(), st.booleans())
def test_what_is_required_is_counted_once_for_all(case: CaseFacts, handed_in: bool) -> None:
    found = completeness(case, handed_in=handed_in)
    must, more = found.required, found.others
    assert (must.here + more.here, must.total + more.total) == (len(found.here), found.total)
    assert must.total == len(needed(case))
    if handed_in:
        assert must.lacking == not_handed_in(case)
    else:
        assert {*must.lacking} <= {*missing(case)}
        assert {paper for paper in missing(case) if paper.required} - {*by_hand(case)} == {*must.lacking}


@given(some_case(), st.integers(0, 40), st.booleans())
def test_sending_a_paper_never_lowers_it(case: CaseFacts, which: int, sent: bool) -> None:
    before = completeness(case)
    papers = papers_of(case)
    paper = papers[which % len(papers)]
    others = tuple(kept for kept in case.papers if kept.id != paper.id)
    newer = PaperFacts(paper.id, 2, 1, 1, sent, TODAY)
    answered = () if sent else case.returned  # what is handed in again is answered
    after = completeness(replace(case, papers=(*others, newer), returned=answered))
    assert {*before.here} <= {*after.here}
    assert after.total == before.total


@given(some_case(), st.data())
def test_an_answer_adds_papers_or_none_and_closes_its_question(case: CaseFacts, data: st.DataObject) -> None:
    before = completeness(case)
    if not before.open:
        return
    condition = data.draw(st.sampled_from(before.open))
    for holds in (True, False):
        after = completeness(replace(case, conditions={**case.conditions, condition.id: holds}))
        assert condition not in after.open
        added = {*after.papers} - {*before.papers}
        assert {paper.only_if for paper in added} <= {condition.id}
        assert bool(added) == holds
        assert {*before.papers} <= {*after.papers}


def of_set(number: str, **more: str) -> CaseFacts:
    bare = sample_case("TL12-26-0001", "plan_accepted", "food", "household", own=True)
    answers = {**bare.answers, "product_set": number, "product_state": "on_sale", "sales_channels": "market", **more}
    return replace(bare, answers=answers, papers=())


@pytest.mark.parametrize(
    ("case", "counted", "asked"),
    [
        (of_set("7"), True, False),  # dried fruit is processed
        (of_set("1"), False, False),  # fresh fruit is not
        (of_set(""), False, True),
    ],
)
def test_a_test_report_is_for_what_is_processed(case: CaseFacts, counted: bool, asked: bool) -> None:
    found = completeness(case)
    assert ("test_report" in [paper.id for paper in found.lacking]) == counted
    assert ("processed" in [condition.id for condition in found.open]) == asked


def test_the_registration_answers_where_it_can() -> None:
    sold = [paper.id for paper in completeness(of_set("7", sales_channels="market,shop")).lacking]
    assert "distribution" in sold
    assert "distribution" not in [paper.id for paper in completeness(of_set("7")).lacking]
    assert "quality_declaration" not in [p.id for p in completeness(of_set("7", product_state="idea")).lacking]


def test_who_says_otherwise_is_believed() -> None:
    other = replace(of_set("7"), conditions={"processed": False, "own_mark": True})
    lacking = [paper.id for paper in completeness(other).lacking]
    assert "test_report" not in lacking
    assert "trademark" in lacking


# ---------------------------------------------------------------- in the chat


def test_it_is_asked_one_by_one_and_passed_over() -> None:
    chat = Chat(facts(cases=[of_set("7")])).does("nộp giấy tờ", "cần giấy nào")
    asked = []
    while chat.at == "needs/answer":
        asked.append(chat.asked.texts[0].values["question"])
        chat.does("chưa biết")
    assert len(asked) == len({*map(str, asked)}) == len(completeness(of_set("7")).open) == 5
    assert chat.at == "needs/known"
    assert not [effect for effect in chat.effects if isinstance(effect, KeepCondition)]


def test_a_missing_paper_is_named_on_the_card_and_sent_from_there() -> None:
    chat = Chat(facts(cases=[of_set("7")])).does("hồ sơ của tôi")
    assert "• Test report: better to have" in chat.words
    assert chat.does("phiếu kiểm nghiệm").at == "upload/pages"
    assert chat.answers["_paper"] == "test_report"


def test_what_is_missing_is_named_before_the_questions_and_after_them() -> None:
    chat = Chat(facts(cases=[of_set("7")])).does("hồ sơ của tôi", "còn thiếu gì")
    assert chat.at == "needs/answer"
    assert "Required papers: 0/4" in chat.words
    assert "• Test report: better to have" in chat.words
    while chat.at == "needs/answer":
        chat.does("chưa biết")
        assert chat.words.count("• Test report: better to have") == (chat.at == "needs/known")


def test_of_a_plan_it_is_named_as_well() -> None:
    chat = Chat(facts(cases=[replace(of_set("7"), status="idea_accepted")])).does("giấy gì")
    assert chat.at == "needs/known"
    assert "• Business plan: needed" in chat.words


async def test_what_is_said_is_kept_with_the_case_by_its_producer_alone(engine: AsyncEngine) -> None:
    here = await scene(engine, "plan_accepted")
    for who, condition in (("stranger", "hires"), ("officer", "hires"), ("producer", "weather")):
        await does(here, who, KeepCondition(here.code, condition, True))
        assert (await rows(engine, cases))[0].conditions == {}
    await does(here, "producer", KeepCondition(here.code, "hires", True), KeepCondition(here.code, "coded", False))
    assert (await rows(engine, cases))[0].conditions == {"hires": True, "coded": False}
    here.facts.clear()
    async with here.attempt("producer") as attempt:
        case = attempt.turn.facts.case(here.code)
        assert case is not None
        assert "labour_list" in [paper.id for paper in completeness(case).lacking]
        assert {"hires", "coded"}.isdisjoint(condition.id for condition in completeness(case).open)


async def test_what_was_said_holds_for_the_product_when_it_stands_again(sqlite_engine: AsyncEngine) -> None:
    here = await certified(sqlite_engine, UNTIL)
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(cases).values(conditions={"hires": True}))
    await does(here, "producer", again(here.code))
    assert [row.conditions for row in await rows(sqlite_engine, cases)] == [{"hires": True}] * 2


def test_the_plan_asks_nothing_of_the_kind() -> None:
    case = replace(of_set("7"), status="idea_accepted")
    assert not conditions_of(case)
    assert [paper.id for paper in completeness(case).lacking] == ["business_plan", "plan_household_reg"]

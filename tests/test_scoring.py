"""Scoring: bounded, monotone, indifferent to order; the range holds whatever comes; points and stars apart."""

import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogs.rules.ruleset import PART_IDS, ruleset
from dialogs.rules.scoring import (
    NONE,
    Gate,
    Marks,
    NotScorable,
    Range,
    Score,
    WrongMark,
    choices,
    score,
)
from dialogs.rules.sheet import Criterion, Sheet, sheet, sheets
from tests.bench_scoring import measure

SHEETS = tuple(sheets("ocop-2026").values())
TEA = sheet("ocop-2026", 11)


def marked(one: Sheet) -> st.SearchStrategy[dict[str, int]]:
    """Marks for some of the items, all or none."""
    return st.fixed_dictionaries({}, optional={c.code: st.sampled_from(choices(c)) for c in one.criteria})


papers = st.sampled_from(SHEETS).flatmap(lambda one: st.tuples(st.just(one), marked(one)))


def best(criterion: Criterion) -> int:
    return max(choices(criterion), key=lambda mark: worth(criterion, mark))


def worth(criterion: Criterion, mark: int) -> int:
    return criterion.options[mark - 1].points if mark != NONE else 0


def at_best(one: Sheet) -> dict[str, int]:
    return {c.code: best(c) for c in one.criteria}


# --- What holds for all marks on all sheets ---


@given(papers)
def test_points_stay_within_the_parts(paper: tuple[Sheet, Marks]) -> None:
    one, marks = paper
    result = score(one, marks)
    assert all(0 <= result.parts[part] <= one.parts[part] for part in PART_IDS)
    assert result.total == sum(result.parts.values())
    assert 0 <= result.range.lowest == result.total <= result.range.highest <= 100
    assert 1 <= result.stars_by_points <= result.best_stars_by_points <= 5
    assert 2 <= result.stars_by_gates <= result.best_stars_by_gates <= 5
    assert all(isinstance(points, Decimal) for points in (*result.parts.values(), result.total, *result.range))


@given(papers, st.data())
def test_a_better_mark_never_costs_anything(paper: tuple[Sheet, Marks], data: st.DataObject) -> None:
    one, marks = paper
    criterion = data.draw(st.sampled_from(one.criteria))
    lower, higher = sorted(
        data.draw(st.tuples(*[st.sampled_from(choices(criterion))] * 2)), key=lambda mark: worth(criterion, mark)
    )
    before, after = (score(one, {**marks, criterion.code: mark}) for mark in (lower, higher))
    assert before.total <= after.total
    assert before.range.highest <= after.range.highest
    assert all(before.parts[part] <= after.parts[part] for part in PART_IDS)
    assert before.stars_by_points <= after.stars_by_points
    assert before.stars_by_gates <= after.stars_by_gates
    assert set(before.missing_gates) >= set(after.missing_gates)
    assert before.stars <= after.stars
    assert before.best_stars <= after.best_stars


@given(papers, st.randoms(use_true_random=False))
def test_the_order_of_the_marks_does_not_matter(paper: tuple[Sheet, Marks], source: random.Random) -> None:
    one, marks = paper
    shuffled = list(marks.items())
    source.shuffle(shuffled)
    assert score(one, dict(shuffled)) == score(one, marks)


@given(papers, st.data())
def test_the_range_holds_whatever_comes(paper: tuple[Sheet, Marks], data: st.DataObject) -> None:
    one, marks = paper
    early = score(one, marks)
    rest = {code: data.draw(st.sampled_from(choices(one.criterion(code)))) for code in early.open}
    final = score(one, {**marks, **rest})
    assert final.open == ()
    assert final.range == Range(final.total, final.total)
    assert early.range.lowest <= final.total <= early.range.highest
    assert early.stars_by_points <= final.stars_by_points <= early.best_stars_by_points
    assert early.stars_by_gates <= final.stars_by_gates <= early.best_stars_by_gates
    assert final.stars <= early.best_stars


@given(papers)
def test_both_ends_of_the_range_can_be_had(paper: tuple[Sheet, Marks]) -> None:
    one, marks = paper
    early = score(one, marks)
    worst = {c.code: min(choices(c), key=lambda mark, c=c: worth(c, mark)) for c in one.criteria}  # type: ignore[misc]
    assert score(one, {**worst, **marks}).total == early.range.lowest
    assert score(one, {**at_best(one), **marks}).total == early.range.highest


@given(st.decimals(0, 100, places=2))
def test_limits_are_half_open(total: Decimal) -> None:
    expected = next(stars for stars, start in ((5, 90), (4, 70), (3, 50), (2, 30), (1, 0)) if total >= start)
    assert ruleset("ocop-2026").stars(total) == expected


@pytest.mark.parametrize(("points", "stars"), [("89.5", 4), ("89.99", 4), ("90", 5), ("69.99", 3), ("49.5", 2)])
def test_a_council_s_average_just_below_a_limit_stays_below(points: str, stars: int) -> None:
    assert ruleset("ocop-2026").stars(Decimal(points)) == stars


# --- What the words mean ---


@pytest.mark.parametrize("one", SHEETS, ids=lambda one: str(one.number))
def test_the_best_of_everything_is_five_stars(one: Sheet) -> None:
    result = score(one, at_best(one))
    assert result.total == (98 if one.number == 7 else 100)  # set 7: an option without points, see there
    assert (result.stars_by_points, result.stars_by_gates, result.missing_gates) == (5, 5, ())
    assert not result.held_back


@pytest.mark.parametrize("one", SHEETS, ids=lambda one: str(one.number))
def test_an_empty_sheet_is_open_altogether(one: Sheet) -> None:
    result = score(one, {})
    assert result.total == 0
    assert (result.stars_by_points, result.best_stars) == (1, 5)
    assert result.open == tuple(c.code for c in one.criteria)
    assert {gate.stars for gate in result.missing_gates} <= {3, 4, 5}


def test_points_and_gates_may_disagree() -> None:
    """Tea with everything but a registered trademark: five stars by points, three by gates."""
    result = with_best(TEA, {"3.5": 1})
    assert result.total == 98
    assert (result.stars_by_points, result.stars_by_gates, result.stars) == (5, 3, 3)
    assert result.missing_gates == (Gate(4, "3.5", 2),)
    assert result.held_back


def test_gates_of_lower_stars_count_for_higher_ones() -> None:
    assert with_best(TEA, {"2.2": 2}).stars_by_gates == 2


def test_missing_gates_begin_with_the_lowest_stars() -> None:
    stars = [gate.stars for gate in score(TEA, {}).missing_gates]
    assert stars == sorted(stars)


def test_a_story_s_style_counts_only_with_a_story() -> None:
    assert with_best(TEA, {"5.1": 1, "5.2": 3}).parts["B"] == 25 - 5 - 2
    assert score(TEA, {"5.2": 3}).range == Range(Decimal(0), Decimal(100))
    assert score(TEA, {"5.1": 2, "5.2": 3}).total == 3


def test_none_of_these_is_worth_nothing() -> None:
    assert score(TEA, {"3.3": NONE}).total == 0
    assert choices(TEA.criterion("3.3")) == (1, 2, 3, NONE)
    assert choices(TEA.criterion("3.2")) == (1, 2)


def test_a_knock_out_leaves_the_points_and_takes_the_stars() -> None:
    result = score(TEA, at_best(TEA), ["copied"])
    assert result.total == 100
    assert (result.stars_by_points, result.stars, result.best_stars) == (5, 0, 0)
    assert [knockout.id for knockout in result.knocked_out] == ["copied"]


def test_water_that_smells_is_out() -> None:
    water = sheet("ocop-2026", 16)
    assert [knockout.id for knockout in with_best(water, {"6.3": 1}).knocked_out] == ["zero_in_senses"]
    assert with_best(water, {"6.3": 2}).knocked_out == ()
    assert score(water, {}).knocked_out == ()


def test_tourism_is_marked_for_one_of_two_cases() -> None:
    tourism = sheet("ocop-2026", 26)
    assert [score(tourism, {"8": mark}).total for mark in (1, 2, 3, 4)] == [1, 3, 1, 3]


def with_best(one: Sheet, marks: Marks) -> Score:
    return score(one, {**at_best(one), **marks})


# --- What is refused ---


@pytest.mark.parametrize(
    "marks", [{"9.9": 1}, {"3.5": 4}, {"3.5": -1}, {"3.2": NONE}, {"1.3": 5}, {"6.1": 1}, {"": 1}], ids=str
)
def test_a_mark_the_sheet_does_not_have(marks: Marks) -> None:
    with pytest.raises(WrongMark) as caught:
        score(TEA, {"1.1": 1, **marks})
    assert caught.value.code in marks


def test_marks_of_another_set_are_refused_where_it_differs() -> None:
    with pytest.raises(WrongMark, match=r"set 11 of ocop-2026: 6\.1"):
        score(TEA, at_best(sheet("ocop-2026", 5)))


def test_an_unknown_knock_out() -> None:
    with pytest.raises(LookupError, match="no knock-out 'infringing'"):
        score(TEA, {}, ["infringing"])


def test_a_partial_sheet_scores_nobody() -> None:
    with pytest.raises(NotScorable):
        score(sheet("ocop-2019", 12), {})


@pytest.mark.timed
def test_ten_thousand_products_are_scored_within_a_second() -> None:
    assert measure(10_000, filled=1.0) < 1

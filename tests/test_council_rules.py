"""What a council's marks come to: averages that add up, gates that most see, marks that stand out, enough ballots."""

from decimal import Decimal
from fractions import Fraction
from math import floor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dialogs.rules.ruleset as ruleset_module
from dialogs.rules.council import average, enough, lacking, least_ballots, outlying, shared_out
from dialogs.rules.rating import check_items, rating
from dialogs.rules.ruleset import PART_IDS, RulesetError, load, ruleset
from dialogs.rules.scoring import NONE, Marks, choices, points_of
from dialogs.rules.sheet import Sheet, sheet

RULES = ruleset("ocop-2026")
FORM = sheet("ocop-2026", 7)


def best(form: Sheet = FORM, **but: int) -> dict[str, int]:
    """The best mark of each item; of others ("c2_2") the one that is given."""
    marks = {c.code: max(range(1, len(c.options) + 1), key=lambda n: c.options[n - 1].points) for c in form.criteria}
    return marks | {name[1:].replace("_", "."): mark for name, mark in but.items()}


@st.composite
def councils(draw: st.DrawFn) -> tuple[Sheet, list[Marks]]:
    form = sheet("ocop-2026", draw(st.integers(1, 26)))
    one = st.fixed_dictionaries({c.code: st.sampled_from(choices(c)) for c in form.criteria})
    return form, draw(st.lists(one, min_size=1, max_size=9))


@given(councils())
@settings(max_examples=60, deadline=None)
def test_items_are_rounded_and_parts_add_up_to_the_total(council: tuple[Sheet, list[Marks]]) -> None:
    form, ballots = council
    found = average(form, ballots)
    check_items(form, found.items, found.parts)  # bounds, hundredths and sums, as a result is checked
    assert sum(found.parts.values()) == found.total
    points = [points_of(form, marks) for marks in ballots]
    for code, mean in found.items.items():  # half up, whatever the others are: 1,67 nowhere stands as 1,66
        hundredths = Fraction(sum(one[code] for one in points), len(points)) * 100
        assert mean * 100 == floor(hundredths + Fraction(1, 2))
    exact = Fraction(sum(sum(one.values()) for one in points), len(points))
    assert abs(Fraction(found.total) - exact) <= Fraction(1, 200)
    assert found.stars_by_points == RULES.stars(float(exact))  # rounding crosses no limit
    assert found.may_be[-1] == found.stars_by_points
    assert found.may_be[0] == min(found.stars_by_points, found.stars_by_gates)


@given(councils(), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_order_of_members_is_nothing(council: tuple[Sheet, list[Marks]], shuffle: object) -> None:
    form, ballots = council
    turned = list(ballots)
    shuffle.shuffle(turned)  # type: ignore[attr-defined]  # a Random
    assert average(form, turned) == average(form, ballots)


def test_thirds_are_shared_out() -> None:
    third = Fraction(10, 3)
    shares = shared_out({"a": third, "b": third, "c": third}, Decimal(10))
    assert sorted(shares.values()) == [Decimal("3.33"), Decimal("3.33"), Decimal("3.34")]


def test_a_gate_is_met_where_most_see_it_so() -> None:
    """Packaging, 2.2, opens three stars with its third option: one who does not see it takes no star away."""
    few = average(FORM, [best(), best(), best(c2_2=1)])
    assert few.stars_by_gates == 5
    most = average(FORM, [best(), best(c2_2=1), best(c2_2=1)])
    (unmet,) = most.unmet
    assert (unmet.gate.stars, unmet.gate.code, unmet.met_by) == (3, "2.2", 1)
    assert (most.stars_by_points, most.stars_by_gates, [*most.may_be]) == (5, 2, [2, 3, 4, 5])
    half = average(FORM, [best(), best(c2_2=1)])
    assert half.stars_by_gates == 2  # not more than half


def test_what_most_find_excludes_it() -> None:
    """Water without a point in one of the senses is not rated."""
    water = sheet("ocop-2026", 16)
    item = water.criterion("6.1")
    nought = next((n for n, option in enumerate(item.options, 1) if not option.points), NONE)
    spoilt = best(water) | {"6.1": nought}
    assert [k.id for k in average(water, [spoilt, spoilt, best(water)]).knocked_out] == ["zero_in_senses"]
    assert not average(water, [spoilt, best(water), best(water)]).knocked_out


@pytest.mark.parametrize("ballots", [[], [{"1.1": 1}]])
def test_only_complete_ballots_are_averaged(ballots: list[Marks]) -> None:
    with pytest.raises(ValueError, match="complete"):
        average(FORM, ballots)


def test_what_is_far_from_the_middle_stands_out() -> None:
    """Of 5 points, 0 among 5, 5 and 5; of one point nothing does; of three, one option less does not."""
    far = outlying(FORM, {1: best(), 2: best(), 3: best(c6_5=1), 4: best(c1_7=1, c1_3=2)})
    assert [(one.member, one.code, one.points, one.middle) for one in far] == [(3, "6.5", 0, Decimal(5))]


def test_of_two_nobody_can_say_which_stands_out() -> None:
    assert not outlying(FORM, {1: best(), 2: best(c6_5=1)})
    assert not outlying(FORM, {1: best(), 2: best(c6_5=1), 3: {"1.1": 3}})  # the third has not come so far


@pytest.mark.parametrize(("members", "least"), [(1, 3), (4, 3), (5, 4), (6, 4), (7, 5), (9, 6), (15, 10)])
def test_two_thirds_of_all_members_and_never_less_than_three(members: int, least: int) -> None:
    assert least_ballots(RULES, members) == least
    assert enough(RULES, members, least)
    assert not enough(RULES, members, least - 1)


@pytest.mark.parametrize("wrong", ["[3, 2]", "[0, 3]", "[2]", "[2, 3, 4]"])
def test_a_quorum_is_a_part_of_a_whole(wrong: str) -> None:
    text = Path(ruleset_module.__file__).with_name("ocop_2026.toml").read_text(encoding="utf-8")
    with pytest.raises(RulesetError, match="part, whole"):
        load(text.replace("council_quorum = [2, 3]", f"council_quorum = {wrong}"))


@pytest.mark.parametrize(("decided", "action", "stars"), [(0, "propose", 5), (4, "certify", 4), (2, "rate", 2)])
def test_the_councils_word_counts_where_it_gives_less(decided: int, action: str, stars: int) -> None:
    points = dict(zip(PART_IDS, (Decimal(38), Decimal(23), Decimal(30)), strict=True))
    found = rating(RULES, "in_evaluation", points, decided)
    assert (found.action, found.stars) == (action, stars)


def test_it_can_not_give_more_than_the_points() -> None:
    points = dict(zip(PART_IDS, (Decimal(27), Decimal(15), Decimal(21)), strict=True))
    assert rating(RULES, "in_evaluation", points, 5).stars == 3


@pytest.mark.parametrize(("members", "possible", "more"), [(7, 5, 0), (7, 4, 2), (5, 2, 4), (3, 2, 1), (3, 3, 0)])
def test_so_many_more_members_make_enough_ballots_possible(members: int, possible: int, more: int) -> None:
    assert lacking(RULES, members, possible) == more
    assert enough(RULES, members + more, possible + more)

"""The way to the next star: it leads there by `score`, and nothing in it is too many."""

import random
import re
from decimal import Decimal
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dialogs.rules.sheet as module
from dialogs.producer.own_score import read_rules
from dialogs.rules.planner import Plan, Way, next_stars, plans, raised
from dialogs.rules.ruleset import Label, RulesetError
from dialogs.rules.scoring import Marks, choices, score
from dialogs.rules.sheet import Criterion, Sheet, known_sheet, sheet, sheets
from dialogs.rules.tables import File, read
from dialogs.rules.work import load, works
from tests.bench_scoring import measure_plans

WORKS = works("ocop-2026")
FRUIT = sheet("ocop-2026", 7)


def marked(one: Sheet) -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries({}, optional={c.code: st.sampled_from(choices(c)) for c in one.criteria})


papers = st.sampled_from(tuple(sheets("ocop-2026").values())).flatmap(lambda one: st.tuples(st.just(one), marked(one)))
stars_wanted = st.sampled_from((3, 4, 5))
few = settings(max_examples=50, deadline=None)  # each is a plan of a whole sheet


def household(**changed: int) -> dict[str, int]:
    """Of dried bananas, without trademark, declaration, safety certificate or story."""
    low = {c.code: choices(c)[min(1, len(choices(c)) - 1)] for c in FRUIT.criteria}
    return {**low, "2.2": 2, "3.5": 0, "5.1": 1, "5.2": 1, "5.3": 1, "8": 0, "9": 0, **changed}


@few
@given(papers, stars_wanted)
def test_a_plan_reaches_its_star_and_nothing_in_it_is_too_many(paper: tuple[Sheet, Marks], stars: int) -> None:
    one, marks = paper
    for plan in plans(one, marks, stars, WORKS):
        there = score(one, raised(marks, plan))
        assert there.stars >= stars
        assert there.total == plan.points
        for step in plan.steps:
            without = {code: mark for code, mark in raised(marks, plan).items() if code != step.code}
            without |= {step.code: marks[step.code]} if step.code in marks else {}
            assert score(one, without).stars < stars


@few
@given(papers, stars_wanted, st.data())
def test_a_better_mark_never_makes_a_way_longer_or_dearer(
    paper: tuple[Sheet, Marks], stars: int, data: st.DataObject
) -> None:
    one, marks = paper
    before = {plan.way: plan for plan in plans(one, marks, stars, WORKS)}
    criterion = data.draw(st.sampled_from(one.criteria))
    better = data.draw(st.sampled_from(choices(criterion)))
    has = criterion.options[marks[criterion.code] - 1] if marks.get(criterion.code) else None
    gets = criterion.options[better - 1] if better else None
    if not before or gets is None or (has is not None and (gets.points < has.points or gets.case != has.case)):
        return
    if has is None and gets.case is not None:  # of two ways to score an item the other one is shut now
        return
    after = {plan.way: plan for plan in plans(one, {**marks, criterion.code: better}, stars, WORKS)}
    assert len(_of("fewest", after).steps) <= len(_of("fewest", before).steps)
    assert _of("cheapest", after).millions <= _of("cheapest", before).millions
    assert _of("soonest", after).weeks <= _of("soonest", before).weeks


def _of(way: Way, found: dict[Way, Plan]) -> Plan:
    """Of ways that are the same list only the first is named."""
    fewest = found["fewest"]
    cheapest = found.get("cheapest", fewest)
    return found.get(way) or min((fewest, cheapest), key=lambda p: p.weeks if way == "soonest" else p.millions)


@pytest.mark.parametrize("seed", range(12))
def test_no_list_is_shorter_or_cheaper_than_the_plan(seed: int) -> None:
    """Every way of answering four items, tried one after the other; all other items are at their best."""
    source = random.Random(seed)
    one, stars = source.choice(tuple(sheets("ocop-2026").values())), source.choice((4, 5))
    free = source.sample(one.criteria, 4)
    marks = {c.code: _best(c) for c in one.criteria} | {c.code: choices(c)[0] for c in free}
    tried = []
    for combination in product(*(choices(c) for c in free)):
        given = {**marks, **{c.code: mark for c, mark in zip(free, combination, strict=True)}}
        steps = [(c, mark) for c, mark in zip(free, combination, strict=True) if mark != marks[c.code]]
        if _advised(steps, marks) and score(one, given).stars >= stars:
            tried.append((len(steps), sum(_millions(c, mark, marks) for c, mark in steps)))
    found = plans(one, marks, stars, WORKS)
    assert bool(found) == bool(tried)
    if found:
        fewest, cheapest = found[0], min(found, key=lambda plan: plan.millions)
        assert (len(fewest.steps), fewest.millions) == min(tried)
        assert cheapest.millions == min(millions for _, millions in tried)


def _best(criterion: Criterion) -> int:
    return max(choices(criterion), key=lambda mark: criterion.options[mark - 1].points if mark else 0)


def _advised(steps: list[tuple[Criterion, int]], marks: Marks) -> bool:
    """Whether each is a better option that people are advised to go for, of the same way to score the item."""
    for criterion, mark in steps:
        before = criterion.options[marks[criterion.code] - 1] if marks[criterion.code] else None
        after = criterion.options[mark - 1] if mark else None
        if after is None or WORKS.of(criterion).efforts[mark - 1] is None:
            return False
        if before is not None and (after.case != before.case or after.points <= before.points):
            return False
    return True


def _millions(criterion: Criterion, mark: int, marks: Marks) -> int:
    efforts = WORKS.of(criterion).efforts
    here = efforts[marks[criterion.code] - 1] if marks[criterion.code] else None
    there = efforts[mark - 1]
    assert there is not None
    return max(there.millions - (here.millions if here else 0), 0)


@few
@given(papers, stars_wanted, st.randoms(use_true_random=False))
def test_the_same_marks_give_the_same_plans(paper: tuple[Sheet, Marks], stars: int, source: random.Random) -> None:
    one, marks = paper
    shuffled = list(marks.items())
    source.shuffle(shuffled)
    assert plans(one, dict(shuffled), stars, WORKS) == plans(one, marks, stars, WORKS)


def test_a_household_below_three_stars_is_told_the_gates_first_and_then_what_is_cheap() -> None:
    marks = household()
    now = score(FRUIT, marks)
    assert (now.stars, next_stars(now)) == (2, 3)
    fewest, *others = plans(FRUIT, marks, 3, WORKS)
    gates = [step.code for step in fewest.steps if step.gate]
    assert set(gates) == {"2.2", "3.5", "5.3", "8", "9"}
    assert [step.code for step in fewest.steps[: len(gates)]] == gates, "gates come first"
    assert len({plan.steps for plan in (fewest, *others)}) == 1 + len(others), "each way is another list"
    assert all(plan.millions <= fewest.millions or plan.weeks <= fewest.weeks for plan in others)


def test_what_is_there_needs_no_plan_and_five_stars_have_none_above() -> None:
    best = {c.code: _best(c) for c in FRUIT.criteria}
    assert [plan.steps for plan in plans(FRUIT, best, 5, WORKS)] == [()]
    assert next_stars(score(FRUIT, best)) is None


def test_points_that_a_council_did_not_give_have_to_be_gained_as_well() -> None:
    marks = household()
    there = raised(marks, plans(FRUIT, marks, 3, WORKS)[0])
    assert plans(FRUIT, there, 3, WORKS)[0].steps == ()
    seven_more = plans(FRUIT, there, 3, WORKS, to_gain=Decimal(7))[0]
    assert seven_more.points >= score(FRUIT, there).total + 7


@pytest.mark.parametrize("stars", [3, 4, 5])
def test_a_village_is_either_a_community_or_one_organisation(stars: int) -> None:
    village = sheet("ocop-2026", 26)
    for marks in ({}, {"8": 1}, {"9": 3}):
        for plan in plans(village, marks, stars, WORKS):
            done = raised(marks, plan)
            chosen = {village.criterion(code).options[mark - 1].case for code, mark in done.items()}
            assert len(chosen - {None}) <= 1


def test_an_item_that_knocks_a_product_out_is_raised() -> None:
    water = sheet("ocop-2026", 16)
    marks = {c.code: choices(c)[-1] for c in water.criteria} | {"6.3": 1}
    assert score(water, marks).stars == 0
    plan = plans(water, marks, 3, WORKS)[0]
    assert "6.3" in {step.code for step in plan.steps}


def test_nobody_is_told_to_be_somebody_else() -> None:
    """Who signs, where the village lies and which law one was founded under are not worked on for points."""
    for one in sheets("ocop-2026").values():
        steps = {
            (one.criterion(step.code).name, step.option)
            for stars in (3, 4, 5)
            for plan in plans(one, {}, stars, WORKS)
            for step in plan.steps
        }
        assert not {name for name, _ in steps} & {"representative", "new_rural", "location"}
        assert ("organisation", 3) not in steps


# --- The data ---


def test_of_every_item_it_is_known_what_can_be_done() -> None:
    used = set()
    for one in sheets("ocop-2026").values():
        for criterion in one.criteria:
            work = WORKS.of(criterion)
            used.add(criterion.name)
            assert len(work.efforts) >= len(criterion.options), criterion.name
            efforts = work.efforts[: len(criterion.options)]
            for mark in range(1, len(criterion.options) + 1):
                paper = work.proof(criterion, mark)
                assert not paper or paper in criterion.papers
            cases = {option.case for option in criterion.options}
            for case in cases:
                mine = [e for e, o in zip(efforts, criterion.options, strict=True) if o.case == case and e]
                assert mine == sorted(mine, key=lambda effort: (effort.weeks, effort.millions)), criterion.name
    assert used == set(WORKS.by_criterion), "of what no sheet asks nothing is written"


TEXT = """source = "estimate"
[money]
0 = { upto = 0, label = { vi = "không", en = "none" } }
1 = { upto = 2, label = { vi = "ít", en = "little" } }
[services.story]
label = { vi = "Giúp", en = "Help" }
where = { vi = "Xã", en = "Commune" }
[work.story]
of = ["story"]
example = { vi = "kể", en = "tell" }
do = { vi = "Viết", en = "Write" }
service = "story"
weeks = "0 1 2"
money = "0 0 1"
[work.telling]
of = ["telling"]
example = { vi = "đọc", en = "read" }
do = { vi = "Đọc", en = "Read" }
service = "story"
weeks = "0 4"
money = "0 1"
"""
WRONG = [
    ('service = "story"', 'service = "tale"', "12: service must be one of"),
    ('weeks = "0 1 2"', 'weeks = "0 x 2"', "13: 'x' are no weeks"),
    ('money = "0 0 1"', 'money = "0 0 9"', "14: there is no class of money '9'"),
    ('money = "0 0 1"', 'money = "0 0"', "14: 2 classes of money for 3 options"),
    (
        'weeks = "0 1 2"\nmoney = "0 0 1"',
        'weeks = "0 - 2"\nmoney = "0 - 1"',
        "13: an option that is advised stands after",
    ),
    ('money = "0 0 1"', 'money = "0 0 1"\nproof = "story"', "15: 1 proofs for 3 options"),
    ('of = ["telling"]', 'of = ["telling", "story"]', "16: story stands under two works"),
    ('{ vi = "kể", en = "tell" }', '{ vi = "kể" }', "10: missing key 'en'"),
    ('en = "tell"', f'en = "{"tell " * 30}"', "10: example is 150 characters, at most 120"),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG)
def test_wrong_work_is_refused_with_its_line(old: str, new: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "work.toml").write_text(TEXT, "utf-8")
    assert set(load(tmp_path / "work.toml").by_criterion) == {"story", "telling"}
    assert old in TEXT
    (tmp_path / "work.toml").write_text(TEXT.replace(old, new, 1), "utf-8")
    with pytest.raises(RulesetError, match=re.escape(f"work.toml:{said}")):
        load(tmp_path / "work.toml")


def test_for_one_sheet_no_other_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chat waits for it."""
    names = []

    def noted(path: Path) -> File:
        names.append(path.name)
        return read(path)

    monkeypatch.setattr(module, "read", noted)
    for name in ("_built", "_common"):
        monkeypatch.setattr(module, name, cache(getattr(module, name).__wrapped__))
    assert known_sheet.__wrapped__("ocop-2026", 7)
    assert sorted(names) == ["common.toml", "set_07.toml"]
    module._common.cache_clear()
    read_rules()
    names.clear()
    assert known_sheet.__wrapped__("ocop-2026", 8)
    assert names == ["set_08.toml"], "the rest was read at the start"


def test_one_sheet_is_one_object() -> None:
    assert known_sheet("ocop-2026", 7) is sheets("ocop-2026")[7]
    assert known_sheet("ocop-2019", 5) is sheets("ocop-2019")[5]
    assert known_sheet("ocop-2023", 5) is None
    with pytest.raises(LookupError):
        works("ocop-2023")
    assert WORKS.money[0].label == Label("không tốn tiền", "no money")


@pytest.mark.timed
def test_a_plan_takes_less_than_fifty_milliseconds() -> None:
    assert max(measure_plans(2)) < 0.05

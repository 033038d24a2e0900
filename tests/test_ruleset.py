import re
import unicodedata
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dialogs.rules.ruleset as module
from dialogs.rules.ruleset import (
    DEADLINE_IDS,
    PRODUCER_KINDS,
    RULESET_IDS,
    Deadline,
    Label,
    Level,
    MonthDay,
    Ruleset,
    RulesetError,
    Stage,
    load,
    ruleset,
    ruleset_on,
    rulesets,
)

FOLDER = Path(module.__file__).parent
GOOD = (FOLDER / "ocop_2026.toml").read_text(encoding="utf-8")
STAGES: tuple[Stage, ...] = ("plan", "dossier")

every_ruleset = pytest.mark.parametrize("ruleset_id", RULESET_IDS)


# --- What the law says ---


@every_ruleset
def test_every_ruleset_loads(ruleset_id: str) -> None:
    rules = ruleset(ruleset_id)
    assert rules.id == ruleset_id
    assert [one.number for group in rules.groups for one in group.sets] == list(range(1, 27))
    assert set(rules.deadlines) == set(DEADLINE_IDS)
    assert [step.number for step in rules.cycle] == [1, 2, 3, 4, 5, 6]
    assert rules.certificate_months == 36


def test_every_file_belongs_to_a_ruleset() -> None:
    names = {ruleset_id.replace("-", "_") + ".toml" for ruleset_id in RULESET_IDS}
    assert {path.name for path in FOLDER.glob("ocop_*.toml")} == names


@pytest.mark.parametrize(
    ("ruleset_id", "points", "certifies"),
    [
        ("ocop-2019", (35, 25, 40), ("province", "province", "centre")),
        ("ocop-2023", (40, 25, 35), ("district", "province", "centre")),
        ("ocop-2023r2025", (40, 25, 35), ("province", "province", "centre")),
        ("ocop-2026", (40, 25, 35), ("province", "province", "centre")),
    ],
)
def test_points_and_who_certifies(ruleset_id: str, points: tuple[int, ...], certifies: tuple[str, ...]) -> None:
    rules = ruleset(ruleset_id)
    assert tuple(part.max_points for part in rules.parts.values()) == points
    assert tuple(rules.certifies[stars] for stars in (1, 2, 3, 4, 5)) == (None, None, *certifies)


@pytest.mark.parametrize(
    ("day", "ruleset_id"),
    [
        (date(2019, 8, 21), "ocop-2019"),
        (date(2023, 2, 23), "ocop-2019"),
        (date(2023, 2, 24), "ocop-2023"),
        (date(2025, 7, 5), "ocop-2023"),
        (date(2025, 7, 6), "ocop-2023r2025"),
        (date(2026, 5, 21), "ocop-2023r2025"),  # filed the day before: old rules to the end of the case
        (date(2026, 5, 22), "ocop-2026"),
        (date(2040, 1, 1), "ocop-2026"),
    ],
)
def test_a_case_follows_the_rules_of_the_day_it_was_filed(day: date, ruleset_id: str) -> None:
    assert ruleset_on(day).id == ruleset_id


def test_before_the_first_ruleset_there_is_none() -> None:
    with pytest.raises(LookupError, match="2019-08-20"):
        ruleset_on(date(2019, 8, 20))


def test_one_ruleset_ends_the_day_the_next_begins() -> None:
    assert [rules.id for rules in rulesets()] == list(RULESET_IDS)
    ends = [rules.in_force_until for rules in rulesets()]
    assert ends == [*(rules.in_force_from for rules in rulesets()[1:]), None]


def test_the_district_is_gone_since_july_2025() -> None:
    with_district = [rules.id for rules in rulesets() if Level.DISTRICT in rules.levels]
    assert with_district == ["ocop-2019", "ocop-2023"]


def test_cases_under_lapsed_rules_have_a_last_day() -> None:
    transition = ruleset("ocop-2023r2025").transition
    assert transition is not None
    assert (transition.finish_by - date(2026, 5, 22)).days == 60
    assert (transition.finish_reevaluation_by - date(2026, 5, 22)).days == 30


@every_ruleset
@pytest.mark.parametrize(
    ("points", "stars"),
    [
        (0, 1),
        (29.99, 1),
        (30, 2),
        (49.9, 2),
        (50, 3),
        (69.5, 3),
        (Decimal("69.99"), 3),
        (70, 4),
        (89.5, 4),
        (Decimal("89.999"), 4),
        (90, 5),
        (100, 5),
    ],
)
def test_stars_are_half_open(ruleset_id: str, points: float | Decimal, stars: int) -> None:
    assert ruleset(ruleset_id).stars(points) == stars


@pytest.mark.parametrize("points", [-0.1, 100.1, float("nan")])
def test_there_are_no_stars_outside_the_scale(points: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        ruleset("ocop-2026").stars(points)


@given(st.floats(0, 100), st.floats(0, 100))
def test_more_points_are_never_fewer_stars(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert ruleset("ocop-2026").stars(low) <= ruleset("ocop-2026").stars(high)


def test_star_bands_meet() -> None:
    bands = ruleset("ocop-2026").thresholds
    assert [(band.stars, band.from_points, band.below_points) for band in bands] == [
        (5, 90, None),
        (4, 70, 90),
        (3, 50, 70),
        (2, 30, 50),
        (1, 0, 30),
    ]


def test_deadlines_of_2026() -> None:
    deadlines = ruleset("ocop-2026").deadlines
    assert deadlines["commune_report"] == Deadline(15, "26/2026/QĐ-TTg art. 7.2")
    assert deadlines["provincial_rating"].working_days is None
    assert deadlines["provincial_rating"].calendar_days is None
    assert (deadlines["reevaluation"].working_days, deadlines["reevaluation"].calendar_days) == (None, 45)
    assert ruleset("ocop-2026").renewal_window_days == (180, 120)


@every_ruleset
def test_our_own_promises_say_that_they_are_not_law(ruleset_id: str) -> None:
    practice = "practice, not law; a province may change it"
    deadlines = ruleset(ruleset_id).deadlines
    assert deadlines["idea_answer"] == Deadline(5, practice)
    assert deadlines["plan_answer"] == Deadline(15, practice)


def test_rounds_of_2026() -> None:
    rounds = ruleset("ocop-2026").rounds
    assert [(one.level, one.proposals_before, one.results_before) for one in rounds] == [
        (Level.PROVINCE, MonthDay(4, 30), MonthDay(6, 30)),
        (Level.PROVINCE, MonthDay(10, 30), MonthDay(12, 30)),
        (Level.CENTRE, MonthDay(7, 30), MonthDay(9, 30)),
        (Level.CENTRE, MonthDay(1, 30), MonthDay(3, 30)),
    ]
    assert rounds[0].proposals_before.in_year(2027) == date(2027, 4, 30)


def test_groups_and_sets_are_found() -> None:
    rules = ruleset("ocop-2026")
    assert rules.group("drinks").label == Label("Đồ uống", "Drinks")
    assert [one.number for one in rules.group("drinks").sets] == [14, 15, 16, 17]
    assert rules.product_set(9).label.vi == "Tương, nước mắm, gia vị dạng lỏng khác"
    assert (rules.product_set(9).group, rules.product_set(9).subgroup) == ("food", "I.4")
    assert ruleset("ocop-2019").product_set(9).label.vi == "Chế biến từ thủy, hải sản"


def test_what_does_not_exist_is_not_found() -> None:
    rules = ruleset("ocop-2026")
    with pytest.raises(LookupError, match="no product group 'herbs'"):
        rules.group("herbs")
    with pytest.raises(LookupError, match="no product set 27"):
        rules.product_set(27)
    with pytest.raises(LookupError, match="no ruleset 'ocop-2030'"):
        ruleset("ocop-2030")
    with pytest.raises(LookupError, match="no product group 'herbs'"):
        rules.papers_for("plan", "herbs", "household")
    with pytest.raises(LookupError, match="no kind of producer 'bank'"):
        rules.papers_for("plan", "food", "bank")


def test_a_ruleset_can_be_a_key() -> None:
    assert {rules: rules.id for rules in rulesets()}[load(FOLDER / "ocop_2026.toml")] == "ocop-2026"


# --- Papers ---


def test_papers_of_a_household_that_makes_food() -> None:
    papers = ruleset("ocop-2026").papers_for("plan", "food", "household")
    assert [paper.id for paper in papers if paper.required] == ["business_plan", "plan_household_reg"]
    papers = ruleset("ocop-2026").papers_for("dossier", "food", "household")
    required = [paper.id for paper in papers if paper.required]
    assert required == ["form_01", "form_02", "household_reg", "food_safety", "samples"]


def test_tourism_brings_no_samples() -> None:
    papers = ruleset("ocop-2026").papers_for("dossier", "tourism", "cooperative")
    assert [paper.id for paper in papers if paper.required] == ["form_01", "form_02", "business_reg"]


@every_ruleset
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("kind", PRODUCER_KINDS)
def test_papers_are_only_ones_own(ruleset_id: str, stage: Stage, kind: str) -> None:
    rules = ruleset(ruleset_id)
    for group in rules.groups:
        papers = rules.papers_for(stage, group.id, kind)
        assert all(paper.stage == stage for paper in papers)
        assert all(group.id in (paper.groups or (group.id,)) for paper in papers)
        assert all(kind in (paper.producer_kinds or (kind,)) for paper in papers)
        assert [paper.required for paper in papers] == sorted((p.required for p in papers), reverse=True)
        assert sum(paper.id.endswith(("household_reg", "business_reg")) for paper in papers) == 1


# --- Texts ---


def _labels(value: Any) -> Iterator[Label]:
    if isinstance(value, Label):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _labels(getattr(value, field.name))
    elif isinstance(value, tuple):
        for one in value:
            yield from _labels(one)


@every_ruleset
def test_texts_are_clean(ruleset_id: str) -> None:
    for text in (text for label in _labels(ruleset(ruleset_id)) for text in label):
        assert text == unicodedata.normalize("NFC", text).strip()
        assert "  " not in text


@every_ruleset
def test_where_to_get_a_paper_is_one_short_sentence(ruleset_id: str) -> None:
    for paper in ruleset(ruleset_id).papers:
        assert len(paper.where.vi.split()) <= 20, paper.id
        assert all(re.fullmatch(r"[^.]*(\.{3})?[^.]*\.", text) for text in paper.where), paper.id


# --- Files that are wrong: what changes in the good one, the text on the line to be named, the reason ---

WRONG = [
    # Syntax
    ('id = "ocop-2026"', "id = ocop-2026", "id = ocop", "Invalid value"),
    ("[groups.drinks]", "[groups.food]", "[groups.food]#2", "twice"),
    ("[plan_papers.plan_story]", "[plan_papers.plan_photos]", "[plan_papers.plan_photos]#2", "twice"),
    # Keys
    ("certificate_months", "certificate_month", "certificate_month", "unknown key 'certificate_month'"),
    ("[dossier_papers.form_01]", "[dossier_papers.form_01]\nsize = 4", "size = 4", "unknown key 'size'"),
    ('id = "ocop-2026"\n', "", "# The rules", "missing key 'id'"),
    ("working_days = 5\nsource", "working_days = 5\nsauce", "sauce = ", "unknown key 'sauce'"),
    ('3 = "province"\n', "", "[certifies]", "about 3 stars"),
    ("3 = 50\n", "", "[thresholds]", "missing key '3'"),
    ("\n7 = { group", "\n# 7 = { group", "[sets]", "missing key '7'"),
    ("\n26 = { group", "\n27 = { group", "27 = ", "unknown key '27'"),
    ("[deadlines.plan_answer]", "[deadlines.plan_reply]", "plan_reply", "unknown key 'plan_reply'"),
    ('only_if = "hires"', 'only_if = "hire"', 'only_if = "hire"', "no condition 'hire'"),
    ('form = "form_01"', 'form = "form_1"', 'form = "form_1"', "form must be one of idea, plan"),
    ('form = "form_01"', 'only_if = "hires"', 'only_if = "hires"', "what is required hangs on nothing"),
    ('values = ["on_sale"]\n', "", 'answer = "product_state"', "answer and values belong together"),
    ('answer = "product_state"', 'sets = [1]\nanswer = "product_state"', "sets = [1]", "sets or an answer"),
    ("sets = [14, 15, 16, 18, 19]", "sets = [14, 27]", "sets = [14, 27]", "some of 1 to 26"),
    # Types
    ("certificate_months = 36", 'certificate_months = "36"', "certificate_months", "a whole number, not '36'"),
    ("certificate_months = 36", "certificate_months = true", "certificate_months", "a whole number"),
    ("= 2026-05-22  # art", "= 2026-05-22T08:00:00  # art", "in_force_from", "must be a date"),
    ("required = true", 'required = "yes"', "required", "true or false, not 'yes'"),
    ('aliases = ["bonsai"]', "aliases = [1]", "24 =", "aliases must hold a text each, not 1"),
    ('aliases = ["bonsai"]', 'aliases = [""]', "24 =", "aliases must hold a text each, not ''"),
    # Texts
    ('vi = "Hoa", en = "Flowers"', 'vi = "Hoa", en = " "', "23 =", "en is empty"),
    ('vi = "Hoa", en = "Flowers"', 'vi = "Hoa"', "23 =", "missing key 'en'"),
    ('vi = "Thực phẩm", en = "Food"', f'vi = "{"Ăn" * 11}", en = "Food"', "Ăn", "22 characters, at most 20"),
    ('vi = "Phiếu kiểm nghiệm"', f'vi = "{"Phiếu" * 9}"', "PhiếuPhiếu", "45 characters, at most 40"),
    ("[dossier_papers.form_01]", "[dossier_papers.Form-01]", "Form-01", "must be a-z, 0-9 and _"),
    # Values
    ("max_points = 40", "max_points = 41", "[parts.A]", "parts add up to 101, not 100"),
    ("4 = 70", "4 = 95", "4 = 95", "4 stars must start below 90"),
    ("1 = 0", "1 = 5", "1 = 5", "1 star must start at 0"),
    ("5 = 90", "5 = 101", "5 = 101", "between 0 and 100"),
    ('4 = "province"', '4 = "district"', '4 = "district"', "one of commune, province, centre"),
    ('3 = "province"', '2 = "province"\n3 = "province"', "[certifies]", "about 2 stars"),
    ('"commune", "province", "centre"', '"commune", "town"', "levels", "not 'town'"),
    ('"commune", "province", "centre"', '"commune", "commune"', "levels", "'commune' twice"),
    ('["commune", "province", "centre"]', "[]", "levels", "missing key 'levels'"),
    ('group = "tourism", subgroup', 'group = "food", subgroup', "[groups.tourism]", "no product set belongs"),
    ('group = "tourism", subgroup', 'group = "trips", subgroup', "26 =", "not 'trips'"),
    ('groups = ["drinks", "medicinal"]', 'groups = ["beer"]', 'groups = ["beer"]', "not 'beer'"),
    ('producer_kinds = ["household"]', 'producer_kinds = ["bank"]', '["bank"]', "not 'bank'"),
    ("[dossier_papers.awards]", "[dossier_papers.business_plan]", "[dossier_papers.business_plan]", "plan already"),
    ("calendar_days = 45", "calendar_days = 45\nworking_days = 9", "calendar_days", "not both"),
    ("working_days = 5\n", "working_days = 0\n", "working_days = 0", "between 1 and 365, not 0"),
    ("day = 30, month = 4", "day = 31, month = 4", "day = 31", "day must lie between 1 and 30"),
    ("day = 30, month = 6", "day = 30, month = 2", "month = 2", "day must lie between 1 and 28"),
    ("day = 30, month = 6", "day = 30, month = 3", "results_before", "after proposals_before"),
    ('level = "centre"', 'level = "district"', 'level = "district"', "not 'district'"),
    ("months = [3]", "months = [13]", "months = [13]", "some of 1 to 12"),
    ("months = [3]", "months = []", "months = []", "some of 1 to 12"),
    ("[180, 120]", "[120, 180]", "renewal_window_days", "[earliest, latest]"),
    ("issued_on = 2025-12-11", "issued_on = 2025-06-01", "issued_on = 2025-06-01", "older than 19/2025"),
    (
        "levels =",
        "in_force_until = 2026-05-22\nlevels =",
        "in_force_until",
        "must be after in_force_from",
    ),
    (
        "[certifies]",
        '[transition]\nfinish_by = 2027-01-01\nfinish_reevaluation_by = 2027-01-01\nsource = "x"\n[certifies]',
        "[transition]",
        "ends after in_force_until",
    ),
    # What is the same as elsewhere
    ("[certifies]", '[same_as]\nsets = "ocop-2019"\n[certifies]', 'sets = "', "written out here too"),
    ("[certifies]", '[same_as]\nmap = "ocop-1990"\n[certifies]', "map =", "not 'ocop-1990'"),
    ("[certifies]", '[same_as]\nmap = "ocop-2019"\n[certifies]', "map =", "has no map of its own"),
    ("[certifies]", "[same_as]\nmap = 1\n[certifies]", "map =", "must be a text, not 1"),
]


def _line_of(text: str, marker: str) -> int:
    """The first line holding the marker; "marker#2" means the second."""
    marker, _, nth = marker.partition("#") if marker[-2:-1] == "#" else (marker, "", "1")
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if marker in line]
    return lines[int(nth) - 1]


@pytest.mark.parametrize(("old", "new", "at", "reason"), WRONG)
def test_a_wrong_file_is_refused_with_line_and_reason(old: str, new: str, at: str, reason: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    with pytest.raises(RulesetError) as caught:
        load(text, "draft.toml")
    assert reason in caught.value.reason
    assert caught.value.line == _line_of(text, at), str(caught.value)
    assert str(caught.value) == f"draft.toml:{caught.value.line}: {caught.value.reason}"


def test_a_group_id_is_a_slug() -> None:
    text = GOOD.replace("ornamental", "Ornamental")
    with pytest.raises(RulesetError, match="'Ornamental' must be a-z") as caught:
        load(text)
    assert caught.value.line == _line_of(text, "[groups.Ornamental]")


def test_a_file_cut_short_is_refused_at_its_end() -> None:
    text = GOOD[: GOOD.index('"ocop-2026"') + 5]
    with pytest.raises(RulesetError, match=rf"^text:{text.count(chr(10)) + 1}: "):
        load(text)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ocop_2030.toml"
    path.write_bytes('id = "ocop-2030"\ntitle = "Đồ uống"\n'.encode("utf-16-le"))
    with pytest.raises(RulesetError, match=r"^ocop_2030.toml:\d+: not UTF-8"):
        load(path)


def test_a_mistake_in_a_borrowed_table_names_the_other_file() -> None:
    text = re.sub(r"(?s)\n\[plan_papers\..*?(?=\n\[dossier_papers)", "\n", GOOD, count=1)
    text = text.replace("[groups.drinks]", "[groups.beverages]").replace('"drinks"', '"beverages"')
    text = text.replace("[certifies]", '[same_as]\nplan_papers = "ocop-2026"\n[certifies]', 1)
    with pytest.raises(RulesetError, match="not 'drinks'") as caught:
        load(text, "draft.toml")
    assert caught.value.name == "ocop_2026.toml"
    assert '"drinks"' in GOOD.splitlines()[caught.value.line - 1]


def test_a_ruleset_equals_itself_read_again() -> None:
    rules: Ruleset = load(GOOD)
    assert rules == ruleset("ocop-2026")

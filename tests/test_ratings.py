"""Points become stars, a move and a certificate, by the rules of the case; and the dialog in which they are entered."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from dialogs.model import CaseFacts, ContactShared, HistoryLine, PublishResult, State
from dialogs.rules.lifecycle import Side, actions
from dialogs.rules.rating import Rating, WrongPoints, certificate_until, months_after, rating
from dialogs.rules.ruleset import PartId, ruleset
from tests.facts import NOW, Chat, desk_facts, facts, sample_case

Points = tuple[str, str, str]


def rated(rules: str, status: str, points: Points) -> Rating:
    parts: tuple[PartId, ...] = ("A", "B", "C")
    return rating(ruleset(rules), status, {part: Decimal(p) for part, p in zip(parts, points, strict=True)})


@pytest.mark.parametrize(
    ("points", "total", "stars", "action"),
    [
        (("0", "0", "0"), "0", 1, "rate"),
        (("9.99", "10", "10"), "29.99", 1, "rate"),
        (("10", "10", "10"), "30", 2, "rate"),
        (("20", "14.99", "15"), "49.99", 2, "rate"),
        (("20", "15", "15"), "50", 3, "certify"),
        (("27", "15", "21"), "63", 3, "certify"),
        (("30", "20", "20"), "70", 4, "certify"),
        (("39.5", "20", "30"), "89.5", 4, "certify"),  # half-open: nothing is undefined between 89 and 90
        (("40", "20", "30"), "90", 5, "propose"),
        (("40", "25", "35"), "100", 5, "propose"),
    ],
)
def test_the_province_of_today(points: Points, total: str, stars: int, action: str) -> None:
    assert rated("ocop-2026", "in_evaluation", points) == Rating(action, Decimal(total), stars)


@pytest.mark.parametrize(
    ("rules", "status", "points", "action"),
    [
        ("ocop-2026", "proposed_for_five", ("40", "25", "30"), "certify"),
        ("ocop-2026", "proposed_for_five", ("40", "25", "20"), "certify"),  # art. 7.4g: four on the central result
        ("ocop-2026", "proposed_for_five", ("20", "10", "10"), "rate"),
        ("ocop-2023", "at_district", ("20", "10", "10"), "rate"),
        ("ocop-2023", "at_district", ("27", "15", "21"), "certify"),  # three stars were the district's
        ("ocop-2023", "at_district", ("30", "20", "20"), "forward"),
        ("ocop-2023", "in_evaluation", ("27", "15", "21"), "certify"),  # the province in the district's place
        ("ocop-2019", "at_district", ("27", "15", "21"), "forward"),  # in 2019 the district only scored
        ("ocop-2019", "in_evaluation", ("27", "15", "21"), "certify"),
    ],
)
def test_other_levels_and_older_rules(rules: str, status: str, points: Points, action: str) -> None:
    assert rated(rules, status, points).action == action


@pytest.mark.parametrize("points", [("40.01", "0", "0"), ("0", "26", "0"), ("0", "0", "-0.5"), ("1.234", "0", "0")])
def test_impossible_points(points: Points) -> None:
    with pytest.raises(WrongPoints):
        rated("ocop-2026", "in_evaluation", points)


def test_the_parts_weigh_as_the_rules_of_the_case_say() -> None:
    with pytest.raises(WrongPoints):
        rated("ocop-2019", "in_evaluation", ("36", "0", "0"))
    assert rated("ocop-2019", "in_evaluation", ("35", "25", "40")).total == 100


@pytest.mark.parametrize("points", [("NaN", "0", "0"), ("Infinity", "0", "0")])
def test_what_is_no_number_is_refused(points: Points) -> None:
    with pytest.raises(WrongPoints):
        rated("ocop-2026", "in_evaluation", points)


def test_nobody_rates_at_the_commune() -> None:
    with pytest.raises(LookupError):
        rated("ocop-2026", "dossier_checked", ("1", "1", "1"))


@pytest.mark.parametrize(
    ("day", "months", "end"),
    [
        (date(2026, 10, 20), 36, date(2029, 10, 20)),
        (date(2024, 2, 29), 36, date(2027, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
    ],
)
def test_months_are_counted_as_people_do(day: date, months: int, end: date) -> None:
    assert months_after(day, months) == end


def test_only_a_certificate_runs_out() -> None:
    day = date(2026, 10, 20)
    rules = ruleset("ocop-2026")
    ends = {action: certificate_until(rules, action, day) for action in ("rate", "propose", "certify")}
    assert ends == {"rate": None, "propose": None, "certify": date(2029, 10, 20)}


# ---------------------------------------------------------------- entering a result

CODE = "TL-26-0001"


def at_result(status: str = "in_evaluation", rules: str = "ocop-2026", may: tuple[str, ...] | None = None) -> Chat:
    """A provincial officer before a case that is theirs to decide, at the first question of its result."""
    case = replace(sample_case(CODE, status, "food", "household", own=False), ruleset=rules, result=None)
    mine = actions(status, Side.DISTRICT, Side.PROVINCE, Side.CENTRE) if may is None else may
    handed_in = HistoryLine("submit", NOW.replace(month=10, day=1), "Mẩy")
    case = replace(case, may=mine, history=(handed_in,))
    return Chat(facts(desk_facts().person, desk=[case]), State(f"result.{CODE}/"))


def entered(*typed: str) -> Chat:
    return at_result().does(*typed)


def the_result(chat: Chat) -> PublishResult:
    (found,) = (effect for effect in chat.effects if isinstance(effect, PublishResult))
    return found


ALL = ("27", "15", "21", "812/QĐ-UBND", "20/10/2026")


def test_a_result_takes_two_confirmations() -> None:
    chat = entered(*ALL)
    assert chat.at == "result/check"
    assert not chat.effects
    chat.does("công bố")
    assert chat.at == "publish/sure"
    assert not chat.effects
    chat.does("công bố luôn")
    assert the_result(chat) == PublishResult(
        CODE, Decimal(27), Decimal(15), Decimal(21), "812/QĐ-UBND", date(2026, 10, 20)
    )
    assert not [key for key in chat.state.drafts if key.startswith(("result", "publish"))]


@pytest.mark.parametrize("typed", ["công bố", "cong bo", "tiếp tục công bố", "tiếp tục", "publish", "go on"])
def test_typing_the_same_word_twice_publishes_nothing(typed: str) -> None:
    chat = entered(*ALL).does(typed, typed)
    assert chat.at == "publish/sure"
    assert not [effect for effect in chat.effects if isinstance(effect, PublishResult)]


@pytest.mark.parametrize("typed", ["công bố luôn", "publish now"])
def test_the_second_word_does_not_do_for_the_first(typed: str) -> None:
    assert entered(*ALL).does(typed).at == "result/check"


def test_the_second_confirmation_says_all_that_is_published() -> None:
    words = entered(*ALL).does("công bố").words
    for part in ("A 27, B 15, C 21", "63 points: 3 stars", "812/QĐ-UBND", "20 October 2026"):
        assert part in words


def test_pressing_the_same_place_twice_publishes_nothing() -> None:
    """The safe choice stands where the first confirmation stood."""
    chat = entered(*ALL).does("1").does("1")
    assert chat.at == "result/check"
    assert not chat.effects


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("27", "27"),
        ("27,5", "27.5"),
        ("27.50", "27.5"),
        ("27,25 điểm", "27.25"),
        ("２７", "27"),
        ("0", "0"),
        ("40", "40"),
    ],
)
def test_points_as_people_type_them(typed: str, kept: str) -> None:
    chat = entered(typed)
    assert chat.at == "result/part_b"
    assert chat.answers["part_a"] == kept


@pytest.mark.parametrize("typed", ["40,5", "41", "1000", "-3", "−3", "27,555", "hai bảy", "27/40", ""])
def test_points_that_can_not_be(typed: str) -> None:
    chat = entered(typed)
    assert chat.at == "result/part_a"
    assert "part_a" not in chat.answers


def test_more_than_the_part_has_is_said_clearly() -> None:
    assert "Part A has at most 40 points, so 41 is too many." in entered("41").words
    assert "at most 25" in entered("27", "25,5").words


@pytest.mark.parametrize(
    "typed", ["20/10/2026", "20.10.2026", "20-10-26", "ngày 20 tháng 10 năm 2026", "20/10", "2026-10-20"]
)
def test_days_as_people_type_them(typed: str) -> None:
    chat = entered(*ALL[:4], typed)
    assert chat.at == "result/check"
    assert chat.answers["decided_on"] == "2026-10-20"


@pytest.mark.parametrize(
    "typed", ["24/11/2026", "1/1/2027", "30/9/2026", "31/9/2026", "10/2026", "2026", "hôm nào", "12"]
)
def test_days_that_can_not_be(typed: str) -> None:
    assert entered(*ALL[:4], typed).at == "result/decided_on"


@pytest.mark.parametrize(("typed", "kept"), [("hôm nay", "2026-11-23"), ("hôm qua", "2026-11-22")])
def test_today_and_yesterday(typed: str, kept: str) -> None:
    assert entered(*ALL[:4], typed).answers["decided_on"] == kept


def test_total_and_stars_are_seen_before_the_decision_is_asked() -> None:
    assert "63 points: 3 stars" in entered("27", "15", "21").words


def test_who_comes_back_reads_what_is_kept() -> None:
    """Points meant for part A, typed after a pause, are no number of a decision."""
    chat = entered("27", "15", "21").does("menu")
    chat.state = replace(chat.state, at=f"result.{CODE}/")
    chat.does(ContactShared("84912345678", own=True))
    assert "Kept: A 27, B 15, C 21. 63 points: 3 stars" in chat.words
    chat.does("38")
    assert chat.at == "result/decision"
    assert "812/QĐ-UBND" in chat.words
    assert "decision" not in chat.answers


@pytest.mark.parametrize(
    "typed", ["38", "38,5", "38 điểm", "38đ", "hôm nay", "quyết định", "20/10/2026", "20.10.26", "１２", "-3"]
)
def test_what_is_no_number_of_a_decision(typed: str) -> None:
    assert entered("27", "15", "21", typed).at == "result/decision"
    assert entered("1", "15", "21", typed).at == "result/letter"


@pytest.mark.parametrize("typed", ["812/QĐ-UBND", "số 812/QĐ-UBND", "812/2026", "QĐ 812", "15a", "812／QĐ"])
def test_what_may_be_a_number_of_a_decision(typed: str) -> None:
    assert entered("27", "15", "21", typed).at == "result/decided_on"


def test_a_number_kept_from_before_is_asked_again() -> None:
    chat = entered("27", "15", "21", "812/QĐ-UBND")
    draft = chat.state.drafts[f"result.{CODE}"]
    wrong = replace(draft, answers={**draft.answers, "decision": "38"})
    chat.state = replace(chat.state, at=f"result.{CODE}/", drafts={f"result.{CODE}": wrong})
    assert chat.does(ContactShared("84912345678", own=True)).at == "result/decision"


@pytest.mark.parametrize("typed", [("27",), ("27", "15"), ("27", "15", "21"), ALL[:4]])
def test_the_word_for_changing_leads_to_the_answers(typed: tuple[str, ...]) -> None:
    chat = entered(*typed).does("sửa")
    assert chat.at == "result/edit"
    chat.does("Part A", "30")
    assert chat.answers["part_a"] == "30"
    assert chat.at.removeprefix("result/") == ("part_b", "part_c", "decision", "decided_on")[len(typed) - 1]


def test_with_nothing_to_change_the_question_stays() -> None:
    assert entered("sửa").at == "result/part_a"


def test_the_count_of_questions_stays_the_same() -> None:
    chat = at_result()
    for number, typed in enumerate(ALL, start=1):
        chat.does("?" if number == 1 else ALL[number - 2])
        assert f"Question {number}/5" in chat.words, typed


def test_one_answer_is_changed_and_the_rest_stays() -> None:
    chat = entered(*ALL).does("sửa", "Part A", "39,5")
    assert chat.at == "result/check"
    assert chat.answers["part_c"] == "21"
    chat.does("công bố", "công bố luôn")
    assert the_result(chat).points_a == Decimal("39.5")


def test_points_that_fall_below_three_stars_take_no_decision_number() -> None:
    chat = entered(*ALL).does("sửa", "Part A", "1")
    assert chat.at == "result/letter"
    chat.does("bỏ qua")
    assert "no certificate" in chat.words
    chat.does("công bố", "công bố luôn")
    assert the_result(chat).decision == ""


def test_the_preview_is_what_the_producer_reads() -> None:
    words = entered(*ALL).words
    for part in ("Result: 63 points, 3 stars", "Part A 27/40, B 15/25, C 21/35", "812/QĐ-UBND", "20 October 2029"):
        assert part in words


def test_a_draft_waits_while_the_officer_is_elsewhere() -> None:
    chat = entered("27", "15").does("menu")
    chat.state = replace(chat.state, at=f"result.{CODE}/")
    chat.does(ContactShared("84912345678", own=True))
    assert chat.at == "result/part_c"


def test_what_the_district_does_not_certify_goes_up() -> None:
    chat = at_result("at_district", "ocop-2023").does("30", "20", "20")
    assert chat.at == "result/upwards"
    chat.does("chuyển lên")
    assert chat.at == "decide/confirm"


def test_five_stars_are_proposed() -> None:
    words = entered("40", "25", "30", "15/TTr-UBND", "20/10/2026").words
    assert "proposed" in words
    assert "The ministry decides" in words


def test_of_a_case_that_was_rated_meanwhile_nothing_is_published() -> None:
    chat = entered(*ALL).does("công bố")
    done = replace(case_in(chat), status="certified", may=("revoke",))
    chat.facts = replace(chat.facts, named=(done,))
    chat.does("công bố")
    assert not [effect for effect in chat.effects if isinstance(effect, PublishResult)]
    assert chat.at == "publish/moved_on"


def case_in(chat: Chat) -> CaseFacts:
    found = chat.facts.case(CODE)
    assert found is not None
    return found


def test_who_may_not_rate_is_not_asked() -> None:
    assert at_result(may=()).at == "result/moved_on"

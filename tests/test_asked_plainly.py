"""What people ask for in their own words, answered from their own record before anything general."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from dialogs.model import CaseFacts, SendArticle
from dialogs.producer.score_words import gate_lines
from dialogs.rules.scoring import score
from dialogs.rules.sheet import sheet
from tests.facts import Chat, facts, world
from tests.test_story import CASE

WAITS = replace(
    CASE, status="idea_submitted", due_on=date(2026, 12, 11), limit_days=15, used_days=1, self_marks={}, steps=()
)
TRIED = replace(WAITS, self_marks={"1.1": 1, "2.3": 0})
VI = world().catalog("vi")


def asked(typed: str, *cases: CaseFacts) -> Chat:
    return Chat(facts(cases=cases)).does(typed)


def articles(chat: Chat) -> list[str]:
    return [effect.id for effect in chat.effects if isinstance(effect, SendArticle)]


# ---------------------------------------------------------------- when an answer comes


@pytest.mark.parametrize(
    "typed", ["bao gio xa tra loi", "bao gio co ket qua", "khi nào xã trả lời vậy em", "xã hẹn bao giờ trả lời?"]
)
def test_the_day_that_was_promised_is_the_answer(typed: str) -> None:
    chat = asked(typed, WAITS, replace(CASE, code="TL12-26-0002", status="plan_accepted"))
    assert "UBND xã Tân Lĩnh answers about “Sản phẩm 01” by Friday 11 December 2026 at the latest." in chat.words
    assert not articles(chat)


def test_what_is_usual_is_told_to_who_has_nothing_there() -> None:
    assert articles(asked("bao gio xa tra loi")) == ["faq-commune-days"]


@pytest.mark.parametrize("late", [replace(WAITS, due_on=date(2026, 11, 20)), replace(WAITS, due_on=None)])
def test_without_a_day_to_come_the_file_itself_says_how_it_stands(late: CaseFacts) -> None:
    assert asked("bao gio xa tra loi", late).at == "case/next"
    assert asked("bao gio xa tra loi", WAITS, replace(late, code="TL12-26-0002")).at == "check_status/case"


def test_a_limit_that_ends_after_a_weekend_is_kept_until_then() -> None:
    today = facts().today
    last = replace(WAITS, due_on=today, used_days=45, limit_days=45, calendar_days=True)
    passed = replace(last, due_on=today - timedelta(days=1))
    assert "answers about “Sản phẩm 01” by" in asked("bao gio xa tra loi", last).words
    assert "45 of 45 days are used" in asked("ho so cua toi den dau roi", last).words
    assert "and is late" in asked("ho so cua toi den dau roi", passed).words


# ---------------------------------------------------------------- one's own score


@pytest.mark.parametrize("typed", ["tu cham diem", "tu cham thu", "cham thu", "thu xem duoc may sao", "Tự chấm điểm"])
def test_whoever_wants_to_try_their_score_begins(typed: str) -> None:
    assert asked(typed, WAITS).at == "self_score/outcome"
    assert asked(typed, WAITS, replace(WAITS, code="TL12-26-0002")).at == "papers/case"
    assert asked(typed).at == "papers/none"
    assert articles(asked(typed, replace(WAITS, ruleset="ocop-2023"))) == ["faq-self-score"]


def test_as_many_questions_are_announced_as_the_parts_have_open() -> None:
    chat = asked("tu cham diem", WAITS)
    left = [option.label.values["count"] for option in chat.asked.options if option.value in "ABC"]  # type: ignore[union-attr]
    assert f"At most {sum(map(int, left))} short questions" in chat.words  # type: ignore[arg-type]


@pytest.mark.parametrize("typed", ["muon len 3 sao", "lam sao len 3 sao", "làm thế nào để lên 3 sao"])
def test_the_way_to_a_star_begins_at_ones_own_score(typed: str) -> None:
    assert asked(typed, TRIED).at == "to_star/way"
    untried = asked(typed, WAITS)
    assert (untried.at, untried.asked.options[0].value) == ("to_star/way", "self_score")
    assert articles(asked(typed)) == ["gates-three"]


def test_the_star_that_was_asked_for_is_the_one_shown() -> None:
    assert "How to get 5 stars" in asked("muốn lên 5 sao", TRIED).words


# ---------------------------------------------------------------- why it stays below a star


def test_what_keeps_it_down_however_many_points_come_is_said() -> None:
    """The label is missing: 94 points are still possible, and no third star."""
    seven = sheet("ocop-2026", 7)
    found = score(seven, {"2.3": 0})
    assert (found.best_stars, found.best_stars_by_points) == (2, 5)
    said = [VI.say(line) for line in gate_lines(seven, found)]
    assert said == [
        "Có thêm điểm vẫn dừng ở 2 sao, vì lên 3 sao bắt buộc phải có:",
        "• Nhãn hàng: Nhãn ghi đủ theo quy định",
    ]


def test_a_star_further_on_that_is_out_of_reach_is_named_as_well() -> None:
    """Three stars are only open; for four something is missing for sure."""
    seven = sheet("ocop-2026", 7)
    found = score(seven, {"2.3": 1})
    assert (found.stars_by_gates, found.best_stars) == (2, 3)
    assert VI.say(next(gate_lines(seven, found))) == "Có thêm điểm vẫn dừng ở 3 sao, vì lên 4 sao bắt buộc phải có:"

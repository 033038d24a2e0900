"""What is typed at an item of a score sheet: “không” is the one line that says so, a number a line or points."""

from dataclasses import replace

import pytest

from bot.sample_council import sample_ballots
from dialogs.council.ballot import LINES, POINTS, item_line, item_options
from dialogs.council.facts import FREE
from dialogs.model import Ballot, Facts, InvalidAnswer, OptionChosen, SendMessage, Text, TextReceived
from dialogs.producer.score_words import UNCLEAR, WHICH_LINE, mark_options, plain_no
from dialogs.rules.scoring import choices
from dialogs.rules.sheet import Criterion, sheet
from tests.facts import NOW, world

ITEM = "item"


def typed(words: str, criterion: Criterion) -> str:
    """The value that is meant at an item of one's own score; "" for none."""
    options = (*mark_options(criterion), *plain_no(criterion))
    shown = tuple(option for option in options if not option.hidden)
    hidden = tuple(option for option in options if option.hidden)
    asked = SendMessage((Text("?"),), shown, at=ITEM, further=hidden)
    event = world().listener.recognise(TextReceived(words), asked, "vi")
    return event.value if isinstance(event, OptionChosen) else ""


@pytest.mark.parametrize(
    ("number", "code", "mark"),
    [
        (7, "4.2", "1"),  # "Chưa có ai lo riêng"
        (7, "1.1", "0"),  # "Không có mục nào ở trên"
        (7, "1.2", "1"),  # "Vùng nguyên liệu chưa có chứng nhận"
        (7, "5.2", UNCLEAR),  # "Sơ sài", "Gọn, dễ hiểu": nothing is denied
        (7, "2.1", UNCLEAR),  # "Nhiều tỉnh cũng có, không khác gì" says no such thing
    ],
)
@pytest.mark.parametrize("words", ["không", "khong", "ko co", "chưa", "dạ chưa có ạ"])
def test_a_plain_no_is_the_line_that_says_so(number: int, code: str, mark: str, words: str) -> None:
    assert typed(words, sheet("ocop-2026", number).criterion(code)) == mark


@pytest.mark.parametrize("number", range(1, 27))
def test_a_plain_no_is_never_that_nobody_knows(number: int) -> None:
    for criterion in sheet("ocop-2026", number).criteria:
        assert typed("không", criterion) in {UNCLEAR, *map(str, choices(criterion))}, criterion.code


def test_a_plain_no_counts_only_alone() -> None:
    criterion = sheet("ocop-2026", 7).criterion("1.1")
    assert typed("không có cái nào trong tỉnh hết", criterion) != "0"


# ---------------------------------------------------------------- numbers


def ballot() -> Ballot:
    return replace(next(one for one in sample_ballots() if one.product_set == 7), marks={}, standing=FREE)


def read(event: OptionChosen | TextReceived, code: str, numbers: str = "") -> str:
    answers = {"subject": ballot().code, "_item": code, "_numbers": numbers}
    return item_line(item_options).read(event, answers, Facts(NOW, ballots=(ballot(),)), "").value


def line(number: int, code: str) -> OptionChosen:
    """As it comes from a typed number: the line that stands there."""
    shown = item_options({"subject": ballot().code, "_item": code}, Facts(NOW, ballots=(ballot(),)))
    return OptionChosen(ITEM, shown[number - 1].value, number=number)


def test_a_number_that_is_a_line_and_other_lines_points_is_asked_about_once() -> None:
    """1.2 has 0, 1 and 2 points on its three lines: "2" is the second, or the third."""
    assert read(line(2, "1.2"), "1.2") == "2/3 of 2"
    assert (read(line(2, "1.2"), "1.2", LINES), read(line(2, "1.2"), "1.2", POINTS)) == ("2", "3")


def test_a_number_that_is_only_one_of_both_is_taken() -> None:
    assert read(line(3, "1.2"), "1.2") == "3"  # nothing brings three points
    assert read(line(2, "1.1"), "1.1") == "2"  # two points, on the second line
    assert read(TextReceived("0"), "1.2") == "1"  # no line has this number
    assert read(OptionChosen(ITEM, "2"), "1.2") == "2"  # pressed, not typed


def heard(words: str, code: str, numbers: str = "") -> str:
    """What becomes of words typed at an item, from the chat to the mark."""
    shown = item_options({"subject": ballot().code, "_item": code}, Facts(NOW, ballots=(ballot(),)))
    options = tuple(option for option in shown if not option.hidden)
    hidden = tuple(option for option in shown if option.hidden)
    asked = SendMessage((Text("?"),), options, at=ITEM, further=hidden)
    event = world().listener.recognise(TextReceived(words), asked, "vi")
    assert isinstance(event, OptionChosen | TextReceived)
    return read(event, code, numbers)


@pytest.mark.parametrize("numbers", ["", LINES, POINTS])
@pytest.mark.parametrize("words", ["dòng 2", "dong 2", "Dòng hai ạ", "line 2"])
def test_what_is_called_a_line_is_one(words: str, numbers: str) -> None:
    assert heard(words, "1.2", numbers) == "2"
    with pytest.raises(InvalidAnswer):  # no such line, though one brings no points
        heard(words.replace("2", "0").replace("hai", "0"), "1.2", numbers)


@pytest.mark.parametrize("numbers", ["", LINES, POINTS])
@pytest.mark.parametrize("words", ["2 điểm", "2 diem", "hai điểm ạ", "2đ", "2điểm", "2 points", "2 điểm nhé"])
def test_what_is_called_points_is_the_line_that_brings_them(words: str, numbers: str) -> None:
    assert heard(words, "1.2", numbers) == "3"


@pytest.mark.parametrize(("words", "code", "why"), [("9 điểm", "1.2", "No line"), ("một điểm", "3.1", "Several lines")])
def test_points_that_no_one_line_brings_are_refused_as_points(words: str, code: str, why: str) -> None:
    with pytest.raises(InvalidAnswer) as found:
        heard(words, code)
    assert found.value.text.msgid.startswith(why)


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [("3", "1.2", "No line"), ("9", "1.2", "No line"), ("1", "3.1", "Several lines"), ("số 3", "1.2", "No line")],
)
def test_where_numbers_are_points_one_that_no_line_brings_marks_nothing(words: str, code: str, why: str) -> None:
    with pytest.raises(InvalidAnswer) as found:
        heard(words, code, POINTS)
    assert found.value.text.msgid.startswith(why)
    assert heard("4", "1.2", POINTS) == "see"  # a way on, which keeps nothing


def test_a_plain_no_at_an_item_without_one_is_asked() -> None:
    with pytest.raises(InvalidAnswer) as found:
        read(OptionChosen(ITEM, UNCLEAR), "5.2")
    assert found.value.text.msgid == WHICH_LINE

"""How a long text becomes several messages."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.text import split_text, units

ADVICE = "Bà con đọc kỹ rồi chọn giúp em nhé. " * 4
LIST = "Sản phẩm thuộc nhóm nào ạ?\n1. Thực phẩm\n2. Đồ uống\n3. Dược liệu"


def test_a_text_that_fits_is_one_piece() -> None:
    assert split_text("  a" + "b" * 4094 + "c\n", 4096) == ["a" + "b" * 4094 + "c"]
    assert split_text("", 4096) == []


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Một hai.\n\nBa bốn. Năm", ["Một hai.", "Ba bốn. Năm"]),
        ("Một hai\nba bốn năm", ["Một hai", "ba bốn năm"]),
        ("Một hai? Ba bốn năm", ["Một hai?", "Ba bốn năm"]),
        ("“Một hai.” Ba bốn", ["“Một hai.”", "Ba bốn"]),
        ("Một hai ba bốn năm sáu", ["Một hai ba", "bốn năm sáu"]),
        ("Mộthaibabốnnămsáu", ["Mộthaibabốn", "nămsáu"]),
        ("😀" * 8, ["😀" * 5, "😀" * 3]),
    ],
)
def test_a_long_text_is_cut_where_reading_pauses(text: str, pieces: list[str]) -> None:
    assert split_text(text, 11) == pieces


def test_nothing_is_lost_in_cutting() -> None:
    text = " ".join(f"Câu số {number} của bài." for number in range(2000))
    pieces = split_text(text, 2000)
    assert " ".join(pieces) == text
    assert max(map(len, pieces)) <= 2000


@pytest.mark.parametrize("limit", range(len(LIST), len(ADVICE) + len(LIST)))
def test_a_numbered_list_stays_with_its_question(limit: int) -> None:
    pieces = split_text(f"{ADVICE}\n\n{LIST}\nVề menu: gõ “menu”", limit)
    assert sum(LIST in piece for piece in pieces) == 1
    assert all(units(piece) <= limit for piece in pieces)


def test_a_list_leaves_a_line_that_is_too_long_behind() -> None:
    items = "\n".join(f"{number}. Hộ bà {number}" for number in range(1, 9))
    pieces = split_text(f"{ADVICE}\n{items}", 160)
    assert pieces[-1] == items


def test_a_list_too_long_for_one_message_is_cut_between_its_lines() -> None:
    lines = [f"{number}. Hợp tác xã số {number} ở bản trên" for number in range(1, 30)]
    pieces = split_text("\n".join(lines), 200)
    assert "\n".join(pieces).split("\n") == lines


def test_a_list_at_the_very_end_of_what_fits() -> None:
    items = "1. Một\n2. Hai"
    assert split_text(f"{items}\n\nCòn nữa ạ.", len(items)) == [items, "Còn nữa ạ."]


@pytest.mark.parametrize("number", ["1. ", "12. ", "1) "])
def test_a_number_is_not_parted_from_what_it_counts(number: str) -> None:
    line = f"{number}Mườihaiconvịt nhỏ"
    for limit in range(8, 30):
        pieces = split_text(f"Chào bà\n{line}", limit)
        assert not any(piece.endswith(number.strip()) for piece in pieces), limit


words = st.text(alphabet="aăâbcđeê .?!…", min_size=1, max_size=40).map(str.strip).filter(bool)
items = st.lists(words, min_size=2, max_size=9).map(lambda w: "\n".join(f"{n}. {one}" for n, one in enumerate(w, 1)))
blocks = st.lists(st.one_of(words, items, words.map("😀{}".format)), min_size=1, max_size=20)


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@given(blocks, st.integers(20, 200), st.sampled_from(["\n", "\n\n"]))
def test_whatever_is_said_arrives_whole_and_lists_unbroken(said: list[str], limit: int, between: str) -> None:
    text = between.join(said)
    pieces = split_text(text, limit)
    assert squeezed("".join(pieces)) == squeezed(text)
    assert all(0 < units(piece) <= limit for piece in pieces)
    if between == "\n\n":
        lists = [one for one in said if one.startswith("1. ") and units(one) <= limit]
        assert all(any(one in piece for piece in pieces) for one in lists)

"""Names as people give them: "tôi là Hùng" is Hùng, and no product."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dialogs.answers import text
from dialogs.matching import contradicts, fold, marked_words, same
from dialogs.model import N_, Answer, Answers, Event, Facts, InvalidAnswer, TextReceived
from dialogs.words import ANOTHER_NAME

_I = "(?:tôi|mình|em|tui|tớ)"
_ELDER = "(?:chị|anh|cô|bác|chú|bà|ông)"
_OWN_NAME = rf"(?:tên (?:của )?(?:{_I}|{_ELDER})(?: là)?+|(?:{_I}|{_ELDER}) tên(?: là)?+)"
_OPENING = rf"(?:(?:dạ|vâng|thưa|ạ) )?(?:{_OWN_NAME}|{_I} là|tên là|my name is|i am)"
_OF_ONES_OWN = rf"(?:(?:của )?(?:nhà )?(?:{_I}|{_ELDER})|này|nó)"
_PRODUCT_OPENING = (
    "(?:(?:dạ|vâng|thưa|ạ|à|không|thôi) )*"
    "(?:(?:đổi|sửa|đặt|gọi|lấy)(?: lại)? tên(?: sản phẩm)?(?: lại)?(?: là| thành)|gọi là|đặt là|đổi thành"
    f"|tên(?: của)? sản phẩm(?: {_OF_ONES_OWN})?(?: là)?|tên(?: mới| nó)? là|nó tên là"
    f"|(?:sản phẩm )?của (?:nhà )?{_I} là|sản phẩm(?: {_OF_ONES_OWN})?(?: tên)? là|(?:it is|the product is) called)"
)
"""How people lead to the name of a product, or to another one."""
_AFTER = frozenset({"nhé", "nhe", "ạ", "a", "nha"})
_MAY_BE_A_NAME = re.compile("(?:(?:da|vang|thua|a|khong|thoi) )*(?:goi la|dat la|san pham la)")
"""Without their marks these may begin a name: "gỏi lá Kon Tum", "sản phẩm lá xông"."""


def _as_typed(spelt: str) -> re.Pattern[str]:
    """Without marks, as it is folded."""
    return re.compile("".join(fold(char) or char for char in spelt) + " ")


_OPENINGS, _NAMES_A_PERSON = _as_typed(_OPENING), _as_typed(rf"(?:(?:dạ|vâng|thưa|ạ) )?{_OWN_NAME}")
_PRODUCT_OPENINGS = _as_typed(_PRODUCT_OPENING)
_SPELT = {fold(word): word for word in re.findall(r"\w+", f"{_PRODUCT_OPENING} {_OPENING}")}
_OFTEN_A_NAME = frozenset({"la", "ten"})
"""Words of an opening that are names themselves without their marks: "Em La Thị Hoa"."""


def _opening(words: Sequence[str], opening: re.Pattern[str], *, marked: bool) -> int:
    """How many of the words only lead to the name; 0 where none do, or their marks say otherwise ("Tốt Là").

    `marked`: whoever typed them types marks, so "là" and "tên" have theirs.
    """
    found = opening.match(" ".join(_folded(word, marked=marked) for word in words))
    return len(found[0].split()) if found is not None else 0


def _folded(word: str, *, marked: bool) -> str:
    """As the openings have it; "-" for what none of them has."""
    folded, bare = fold(word), word.lower().strip(",.:")
    meant = _SPELT.get(folded, "")
    return "-" if not meant or contradicts(bare, meant) or (marked and bare in _OFTEN_A_NAME) else folded


def _has_marks(typed: str) -> bool:
    return any(word != fold(word) for word in marked_words(typed))


@dataclass(frozen=True, slots=True)
class own_name(text):
    """What somebody is called, or their household or firm; the rest stays as it was typed."""

    name: bool = True

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        answer = text.read(self, event, answers, facts, partial)
        words, marked = answer.value.split(), _has_marks(answer.value)
        while size := _opening(words, _OPENINGS, marked=marked):
            words = words[size:]
        rest = " ".join(words)
        return text.read(self, TextReceived(rest), answers, facts, partial)


@dataclass(frozen=True, slots=True)
class product_name(text):
    """What a product is called, without the talk around it; the rest stays as it was typed.

    Who says their own name has taken the question for another; who says that it has another name, has not said which.
    """

    name: bool = True

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        answer = text.read(self, event, answers, facts, partial)
        words, marked = answer.value.split(), _has_marks(answer.value)
        if _opening(words, _NAMES_A_PERSON, marked=marked):
            raise InvalidAnswer(N_("I ask for your own name a little later. What is the product called?"))
        if same(answer.value, [ANOTHER_NAME]).matches:
            raise InvalidAnswer(N_("Please type what it is called, for example: Forest honey."))
        size = _opening(words, _PRODUCT_OPENINGS, marked=marked)
        if not size or (not marked and _MAY_BE_A_NAME.fullmatch(fold(" ".join(words[:size])))):
            return answer
        said = words[size:-1] if words[-1].lower().strip(".!") in _AFTER and len(words) > size + 1 else words[size:]
        return text.read(self, TextReceived(" ".join(said)), answers, facts, partial)

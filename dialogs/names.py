"""Names as people give them: "tôi là Hùng" is Hùng, and no product."""

import re
from dataclasses import dataclass

from dialogs.answers import text
from dialogs.matching import contradicts, fold
from dialogs.model import N_, Answer, Answers, Event, Facts, InvalidAnswer, TextReceived

_I = "(?:tôi|mình|em|tui|tớ)"
_ELDER = "(?:chị|anh|cô|bác|chú|bà|ông)"
_OWN_NAME = rf"(?:tên (?:của )?(?:{_I}|{_ELDER})(?: là)?+|(?:{_I}|{_ELDER}) tên(?: là)?+)"
_OPENING = rf"(?:(?:dạ|vâng|thưa|ạ) )?(?:{_OWN_NAME}|{_I} là|tên là|my name is|i am)"


def _as_typed(spelt: str) -> re.Pattern[str]:
    """Without marks, as it is folded."""
    return re.compile("".join(fold(char) or char for char in spelt) + " ")


_OPENINGS, _NAMES_A_PERSON = _as_typed(_OPENING), _as_typed(rf"(?:(?:dạ|vâng|thưa|ạ) )?{_OWN_NAME}")
_SPELT = {fold(word): word for word in re.findall(r"\w+", _OPENING)}


def _opening(typed: str, opening: re.Pattern[str]) -> int:
    """How many words of the text only lead to the name; 0 where none do, or its marks say otherwise ("Tốt Là")."""
    words = typed.split()
    found = opening.match(" ".join(fold(word) or "-" for word in words))
    size = len(found[0].split()) if found is not None else 0
    return 0 if any(contradicts(word.lower().strip(",.:"), _SPELT[fold(word)]) for word in words[:size]) else size


@dataclass(frozen=True, slots=True)
class own_name(text):
    """What somebody is called, or their household or firm; the rest stays as it was typed."""

    name: bool = True

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        answer = text.read(self, event, answers, facts, partial)
        size = _opening(answer.value, _OPENINGS)
        rest = " ".join(answer.value.split()[size:])
        return self.read(TextReceived(rest), answers, facts, partial) if size else answer


@dataclass(frozen=True, slots=True)
class product_name(text):
    """What a product is called. Who says their own name has taken the question for another."""

    name: bool = True

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        answer = text.read(self, event, answers, facts, partial)
        if _opening(answer.value, _NAMES_A_PERSON):
            raise InvalidAnswer(N_("I ask for your own name a little later. What is the product called?"))
        return answer

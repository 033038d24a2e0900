"""The council's points item by item, as an officer pastes them from its sheet: "1.1 3; 1.2 0,5; …"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from dialogs.answers import TYPE_IT
from dialogs.model import (
    N_,
    Answer,
    Answers,
    CaseFacts,
    Event,
    Facts,
    InvalidAnswer,
    Option,
    OptionChosen,
    Sayable,
    Text,
    TextReceived,
)
from dialogs.officer.rights import case_of
from dialogs.producer.own_score import sheet_of
from dialogs.rules.rating import WrongItems, check_items
from dialogs.rules.ruleset import PartId

_PAIR = re.compile(
    r"(?P<code>\d{1,2}(?:\.\d){0,2})\.?(?:\s*[=:]\s*|\s+)(?P<points>-?\d{1,2}(?:[.,]\d{1,2})?)(?=\s|;|,\s|$)"
)
"""As it stands in a table or a list: "1.1<tab>3", "1.1. 3", "1.1: 3", with whatever space a copy brings along."""
WITHOUT = Option("without", Text(N_("Leave the items out")), ("bỏ qua", "không thêm", "quay lại", "leave them out"))
_BETWEEN = re.compile(r"[\s;,]*")


@dataclass(frozen=True, slots=True)
class by_item:
    """All items of the sheet, each with its points; they come to the points of the parts. Stored as "1.1=3 1.2=0.5"."""

    takes: str = "text"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return (WITHOUT,)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen) and event.value == WITHOUT.value:
            return Answer("", leads="check")
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(TYPE_IT)
        found = _pairs(event.text)
        check(case_of(answers, facts), found, parts_of(answers))
        return Answer(stored(found))

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return Text(N_("%(count)s items"), {"count": len(value.split())})

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        try:
            check(case_of(answers, facts), loaded(value), parts_of(answers))
        except InvalidAnswer:
            return False
        return True


def parts_of(answers: Answers) -> dict[PartId, Decimal]:
    names: dict[PartId, str] = {"A": "part_a", "B": "part_b", "C": "part_c"}
    return {part: Decimal(answers[name]) for part, name in names.items() if answers.get(name)}


def check(case: CaseFacts, items: Mapping[str, Decimal], parts: Mapping[PartId, Decimal]) -> None:
    """Raises InvalidAnswer, which names the first thing that is wrong."""
    sheet = sheet_of(case)
    if sheet is None:
        raise InvalidAnswer(N_("The score sheet of this product is not known, so I can't take points item by item."))
    try:
        check_items(sheet, items, parts)
    except WrongItems as wrong:
        match wrong.why:
            case "unknown":
                raise InvalidAnswer(N_("The sheet of this product has no item %(code)s."), code=wrong.at) from None
            case "missing":
                raise InvalidAnswer(
                    N_("Item %(code)s has no points yet. Please send all items."), code=wrong.at
                ) from None
            case "negative":
                raise InvalidAnswer(N_("Item %(code)s can't have less than 0 points."), code=wrong.at) from None
            case "over":
                raise InvalidAnswer(N_("That is too many points for item %(code)s."), code=wrong.at) from None
            case _:
                differ = N_("The items of part %(part)s do not come to the points of the part.")
                raise InvalidAnswer(differ, part=wrong.at) from None


def _pairs(typed: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    at = 0
    for pair in _PAIR.finditer(typed):
        if not _BETWEEN.fullmatch(typed[at : pair.start()]) or pair["code"] in found:
            raise InvalidAnswer(HOW)
        found[pair["code"]] = Decimal(pair["points"].replace(",", "."))
        at = pair.end()
    if not found or not _BETWEEN.fullmatch(typed[at:]):
        raise InvalidAnswer(HOW)
    return found


HOW = N_("I need each item once, with its points. For example: 1.1 3; 1.2 0,5; and so on.")


def stored(items: Mapping[str, Decimal]) -> str:
    return " ".join(f"{code}={points}" for code, points in items.items())


def loaded(value: str) -> dict[str, Decimal]:
    pairs = (pair.partition("=") for pair in value.split())
    return {code: Decimal(points) for code, _, points in pairs}

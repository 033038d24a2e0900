"""An amount as people say it ("2 tạ mỗi tháng", "nửa tấn", "500 quả"): its number, its unit and its period."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from dialogs.answers import TYPE_IT, clean, label_of, named, one_of, one_of_in_words
from dialogs.engine import said
from dialogs.matching import fold, marked_words
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Event,
    Facts,
    InvalidAnswer,
    Option,
    Sayable,
    Text,
    TextReceived,
)

KG_PER = {
    "tấn": 1000, "tạ": 100, "yến": 10, "kg": 1, "kí": 1, "ký": 1, "ki": 1, "ky": 1, "cân": 1, "kilo": 1, "kilogam": 1,
    "ton": 1000, "tonne": 1000, "tons": 1000, "tonnes": 1000, "kilos": 1, "kilogram": 1, "kilograms": 1,
}  # fmt: skip
UNITS: Mapping[str, tuple[str, ...]] = {
    "kg": tuple(KG_PER),
    "litre": ("lít", "lit", "litre", "litres", "l"),
    "bottle": ("chai", "bottle", "bottles"),
    "box": ("hộp", "box", "boxes"),
    "bag": ("gói", "túi", "bag", "bags"),
    "jar": ("hũ", "lọ", "jar", "jars"),
    "piece": ("cái", "chiếc", "piece", "pieces"),
    "set": ("bộ", "set", "sets"),
    "fruit": ("quả", "trái", "fruit", "fruits"),
    "head": ("con", "head", "animals"),
    "plant": ("cây", "chậu", "plant", "plants"),
    "bunch": ("bó", "bunch", "bunches"),
    "metre": ("mét", "m", "metre", "metres"),
    "guest": ("khách", "guest", "guests"),
}
UNIT_OPTIONS = (
    Option("kg", Text(N_("kilograms"))),
    Option("litre", Text(N_("litres"))),
    Option("bottle", Text(N_("bottles"))),
    Option("box", Text(N_("boxes"))),
    Option("piece", Text(N_("pieces"))),
    Option("head", Text(N_("animals"))),
    Option("guest", Text(N_("guests"))),
)
_MORE_UNITS = (
    Option("bag", Text(N_("bags"))),
    Option("jar", Text(N_("jars"))),
    Option("set", Text(N_("sets"))),
    Option("fruit", Text(N_("fruits"))),
    Option("plant", Text(N_("plants"))),
    Option("bunch", Text(N_("bunches"))),
    Option("metre", Text(N_("metres"))),
)
PERIOD_OPTIONS = (
    Option("month", Text(N_("a month")), ("tháng", "mỗi tháng", "một tháng", "month", "per month")),
    Option("season", Text(N_("a season")), ("vụ", "mùa", "mỗi vụ", "một vụ", "season")),
    Option("year", Text(N_("a year")), ("năm", "mỗi năm", "một năm", "year", "per year")),
)
_PERIODS = {
    "tháng": "month", "vụ": "season", "mùa": "season", "năm": "year",
    "month": "month", "season": "season", "year": "year",
}  # fmt: skip
_EACH = dict.fromkeys(("mỗi", "một", "1", "trên", "trong", "cả", "hàng", "a", "per", "each"), True)
_UNIT_OF = {word: unit for unit, words in UNITS.items() for word in words}
_DIGITS = {
    "một": 1, "mốt": 1, "hai": 2, "ba": 3, "bốn": 4, "tư": 4, "năm": 5, "lăm": 5, "sáu": 6, "bảy": 7, "bẩy": 7,
    "tám": 8, "chín": 9,
}  # fmt: skip
_SCALES = {"chục": 10, "trăm": 100, "nghìn": 1000, "ngàn": 1000, "vạn": 10_000, "triệu": 1_000_000}
_LARGEST_QUANTITY = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class quantity:
    """How much is made: "2 tạ", "300 chai một tháng". A period or unit that is missing is asked, never guessed.

    Stored as a decimal number in the unit of `quantity_unit`; weights are in kg. `_quantity_typed` keeps the words.
    """

    takes: str = "number"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return ()

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(TYPE_IT)
        number, unit, period = _quantity(event.text)
        if not 0 < number < _LARGEST_QUANTITY:
            raise InvalidAnswer(IMPOSSIBLE)
        also = {"_quantity_typed": clean(event.text)[:80]}
        also |= {"quantity_unit": unit} if unit else {}
        also |= {"quantity_period": period} if period else {}
        return Answer(_plain(number), also=also)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        units = {option.value: option.label for option in (*UNIT_OPTIONS, *_MORE_UNITS)}
        periods = {option.value: option.label for option in PERIOD_OPTIONS}
        amount = Text("%(number)s", {"number": Decimal(value)})
        unit = units.get(answers.get("quantity_unit", ""), answers.get("quantity_unit", ""))
        if not unit:
            return amount
        counted = Text(N_("%(number)s %(unit)s"), {"number": Decimal(value), "unit": said(unit)})
        period = periods.get(answers.get("quantity_period", ""))
        if period is None:
            return counted
        return Text(N_("%(amount)s %(period)s"), {"amount": counted, "period": said(period)})

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return re.fullmatch(r"\d+(\.\d+)?", value) is not None


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


IMPOSSIBLE = N_("That amount can't be right. For example: 2 tạ, 300 bottles.")
ONE_NUMBER = N_("One number is enough here, as near as you can say. For example: 2 tạ, 300 bottles.")
_NEGATIVE_OR_POWER = re.compile(r"^\s*[-−–]\s*\d|\d\s*(?:\^|\*\*|[eE]\+?\d)")
_RANGE = re.compile(
    r"\d(?:\s*[^\W\d]{1,6})?\s*(?:[-−–—]|\s(?:đến|den|tới|toi|hoặc|hoac|hay|to|or)\s)\s*\d+(?:[.,]\d+)*(?!\d)"
    rf"(?!(?<=\b1)\s*(?:{'|'.join(sorted({*_PERIODS, *map(fold, _PERIODS)}))})\b)",
    re.IGNORECASE,
)
"""From one number to another: "2-3 tạ", "2 tạ đến 3 tạ"; but not "50 kg - 1 tháng"."""


def _quantity(typed: str) -> tuple[Decimal, str, str]:
    """Number (weights in kg), unit ("" if none), period ("" if none); raises InvalidAnswer without a number."""
    plain = unicodedata.normalize("NFKC", re.sub(r"(?<=\d)\s*½", ",5", typed).replace("½", "0,5"))
    if _NEGATIVE_OR_POWER.search(plain):
        raise InvalidAnswer(IMPOSSIBLE)
    if _RANGE.search(plain):
        raise InvalidAnswer(ONE_NUMBER)
    found = re.search(r"(?<![\d.,])(\d+(?:[.,]\d+)*)(?:\s*/\s*([1-9]\d?)(?!\d))?", plain)
    words = _Words.of((plain[found.end() :] if found else plain).replace("/", " per "))
    number = _decimal(found[1]) / int(found[2] or 1) * words.scale() if found else words.spoken()
    unit = next((_UNIT_OF[word] for word in words.known(_UNIT_OF)), "")
    factor = Decimal(next((KG_PER[word] for word in words.known(KG_PER)), 1)) if unit == "kg" else Decimal(1)
    number *= factor
    if unit and any(words.known({"rưỡi": 1})):
        number += factor / 2
    period = next((_PERIODS[word] for word in words.periods()), "")
    return round(number, 2 if number >= 1 else 3), unit, period  # "9,912" would be nine thousand


@dataclass(slots=True)
class _Words:
    """Words of an amount. Who types marks means them: "nấm" and "bò" are then neither a year nor a bunch."""

    words: list[str]
    marked: bool

    @classmethod
    def of(cls, typed: str) -> "_Words":
        words = marked_words(typed)
        return cls(words, any(word != fold(word) for word in words))

    def means(self, word: str, choices: Mapping[str, object]) -> str:
        """The choice that the word is; "" when it is none, or without marks could be two ("bo": bó, bộ)."""
        if word in choices or self.marked:
            return word if word in choices else ""
        meant = {value: choice for choice, value in choices.items() if word == fold(choice)}
        return next(iter(meant.values())) if len(meant) == 1 else ""

    def known(self, choices: Mapping[str, object]) -> Iterator[str]:
        # "20 can mật ong" are canisters, not twenty kilograms: "cân" counts only with its mark
        return (meant for word in self.words if word != "can" and (meant := self.means(word, choices)))

    def periods(self) -> Iterator[str]:
        """Without marks "nam" may be a mushroom too, so it takes a "mỗi" or "một" before it."""
        for before, word in pairwise(("", *self.words)):
            meant = self.means(word, _PERIODS)
            if meant and (meant == word or meant != "năm" or self.means(before, _EACH)):
                yield meant

    def scale(self) -> int:
        """100 for "3 trăm quả", 1 when no such word follows the digits; it is taken out."""
        scale = _SCALES.get(self.means(self.words[0], _SCALES), 1) if self.words else 1
        if scale > 1:
            self.words.pop(0)
        return scale

    def spoken(self) -> Decimal:
        """The number the text begins with, in words up to millions; raises InvalidAnswer when there is none."""
        if self.words and self.means(self.words[0], {"nửa": 1}):
            self.words.pop(0)
            return Decimal("0.5")
        total, part, count, units = 0, 0, 0, False
        for word in self.words:
            before, units = units, False
            if digit := _DIGITS.get(self.means(word, _DIGITS)):
                if before:  # "hai ba tạ" is two or three
                    raise InvalidAnswer(ONE_NUMBER)
                part, units = part + digit, True
            elif self.means(word, {"mười": 10, "mươi": 10}):
                part = part * 10 or 10
            elif scale := _SCALES.get(self.means(word, _SCALES)):
                total, part = (total + (part or 1) * scale, 0) if scale <= 100 else ((total + part or 1) * scale, 0)
            else:
                break
            count += 1
        self.words = self.words[count:]
        if not total + part or (len(self.words) > 1 and not any(self.known(_UNIT_OF))):
            raise InvalidAnswer(N_("I need a number here. For example: 2 tạ, 300 bottles."))
        return Decimal(total + part)


def _decimal(digits: str) -> Decimal:
    """A number as Vietnamese write it: "1.500" is fifteen hundred, "1,5" and "1.5" are one and a half."""
    if re.fullmatch(r"[1-9]\d{0,2}(?:[.,]\d{3})+", digits):
        return Decimal(re.sub(r"[.,]", "", digits)[:15])
    whole, _, rest = digits.replace(",", ".").rpartition(".") if re.search(r"[.,]", digits) else (digits, "", "")
    return Decimal(f"{whole.replace('.', '')[:15]}.{rest[:3] or 0}")


@dataclass(frozen=True, slots=True)
class unit_of_quantity(one_of):
    """What an amount is counted in, also in one's own words. Who begins with a number says the whole amount anew."""

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, TextReceived) and _begins_with_number(event.text):
            return Answer("", belongs="quantity")
        return one_of.read(self, event, answers, facts, partial)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return label_of((*UNIT_OPTIONS, *_MORE_UNITS), value)


@dataclass(frozen=True, slots=True)
class period_of_quantity(one_of_in_words):
    """How long an amount takes to make. Who types a number and a unit says the whole amount anew."""

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if not isinstance(event, TextReceived):
            return one_of.read(self, event, answers, facts, partial)
        if _begins_with_number(event.text) and any(_Words.of(event.text).known(_UNIT_OF)):
            return Answer("", belongs="quantity")
        return named(event.text, self.options(answers, facts, partial))


def _begins_with_number(typed: str) -> bool:
    """ "500 quả/tháng", "nửa tấn", "hai ba tạ"; but not "bao 50 kg"."""
    words = marked_words(typed)
    said = _Words.of(typed)
    return bool(words) and (words[0][0].isdigit() or bool(said.means(words[0], {**_DIGITS, "nửa": 1, "mười": 10})))

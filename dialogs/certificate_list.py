"""A line of a province's list of certificates: read as people fill it in, and refused with its reasons."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import TypeVar

from dialogs import places
from dialogs.answers import clean, e164
from dialogs.matching import fold
from dialogs.model import N_, InvalidAnswer, Text, Value
from dialogs.officer.result import as_printed, is_paper_number
from dialogs.paper_days import day_of
from dialogs.producer.register_idea import KINDS
from dialogs.rules.rating import months_after
from dialogs.rules.ruleset import ProductSet, Ruleset, ruleset, ruleset_on

T = TypeVar("T")
Cell = str | int | float | bool | date | datetime | None
PRODUCT_CHARS, MAKER_CHARS, DECISION_CHARS = 80, 160, 80
FEWEST_STARS, MOST_STARS = 3, 5
"""Of a certificate; art. 4.1."""


@dataclass(frozen=True, slots=True)
class Column:
    """`headings` are what may stand above it besides its title, as folded words; an optional one may be empty."""

    title: str
    headings: tuple[str, ...]
    optional: bool = False


COLUMNS: Mapping[str, Column] = {
    "product": Column(N_("Product"), ("ten san pham", "san pham", "product")),
    "maker": Column(
        N_("The maker of the product"), ("chu the", "ten chu the", "co so", "ten co so", "maker", "producer")
    ),
    "kind": Column(N_("Kind of maker"), ("loai hinh", "loai hinh chu the", "loai hinh co so", "kind")),
    "phone": Column(N_("Telephone"), ("so dien thoai", "dien thoai", "sdt", "phone"), optional=True),
    "commune": Column(N_("Commune"), ("xa", "xa phuong", "xa, phuong", "dia chi xa", "commune")),
    "set": Column(N_("Product set"), ("bo san pham", "phan nhom", "product set", "set")),
    "stars": Column(N_("Stars"), ("sao", "so sao", "hang sao", "xep hang", "stars")),
    "decision": Column(N_("Decision"), ("quyet dinh", "so quyet dinh", "so qd", "decision")),
    "decided_on": Column(N_("Day of the decision"), ("ngay quyet dinh", "ngay qd", "ngay ky", "date of the decision")),
    "until": Column(
        N_("Certificate until"), ("co gia tri den", "giay cong nhan den", "ngay het han", "valid until"), optional=True
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Certificate:
    """`phone` in E.164 or ""; `commune` a code of today; `kind` and `group` as the answers of a case have them."""

    product: str
    maker: str
    kind: str
    phone: str
    commune: str
    group: str
    product_set: int
    ruleset: str
    stars: int
    decision: str
    decided_on: date
    until: date

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same certificate wherever it stands: decision, product, maker."""
        return (fold(self.decision), fold(self.product), fold(self.maker))


class Wrong(Exception):
    """Why a cell can't stand."""

    def __init__(self, words: str, **values: Value) -> None:
        super().__init__(words)
        self.text = Text(words, values)


def read_line(cells: Mapping[str, Cell], province: str, today: date) -> Certificate | tuple[Text, ...]:
    """The certificate of a line (its cells by column), or all that is wrong with it, each with its column's title."""
    wrong: list[Text] = []

    def take(name: str, read: Callable[[Cell], T]) -> T | None:
        try:
            return read(cells.get(name))
        except Wrong as why:
            values: dict[str, Value] = {"column": Text(COLUMNS[name].title), "why": why.text}
            wrong.append(Text(N_("%(column)s: %(why)s"), values))
            return None

    product = take("product", lambda cell: _words(cell, PRODUCT_CHARS))
    maker = take("maker", lambda cell: _words(cell, MAKER_CHARS))
    kind, phone = take("kind", _kind), take("phone", _phone)
    commune = take("commune", lambda cell: _commune(cell, province))
    stars, decision = take("stars", _stars), take("decision", _decision)
    decided_on = take("decided_on", lambda cell: _decided_on(cell, today))
    rules = ruleset_on(decided_on or today)
    of_set = take("set", lambda cell: _set(cell, rules))
    until = take("until", lambda cell: _until(cell, rules, decided_on)) if decided_on is not None else None
    if product is None or maker is None or kind is None or phone is None or commune is None:
        return tuple(wrong)
    if of_set is None or stars is None or decision is None or decided_on is None or until is None:
        return tuple(wrong)
    of_maker = (product, maker, kind, phone, commune)
    return Certificate(*of_maker, of_set.group, of_set.number, rules.id, stars, decision, decided_on, until)


# ---------------------------------------------------------------- cells

EMPTY = N_("nothing stands here")


def _plain(cell: Cell) -> str:
    """A cell as words; a whole number without the ".0" that Excel gives it."""
    if cell is None or isinstance(cell, bool):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return clean(str(cell)).replace("\n", " ")


def _words(cell: Cell, most: int) -> str:
    words = _plain(cell)
    if not any(char.isalpha() for char in words):
        raise Wrong(EMPTY if not words else N_("there are no words here"))
    if len(words) > most:
        raise Wrong(N_("more than %(most)s characters"), most=most)
    return words


def _kind(cell: Cell) -> str:
    words = fold(_plain(cell))
    for option in KINDS:
        if words in {fold(typed) for typed in option.typed if isinstance(typed, str)}:
            return option.value
    raise Wrong(EMPTY if not words else N_("write household, co-operative group, co-operative, company or farm"))


def _phone(cell: Cell) -> str:
    """Excel drops the zero of a number that is kept as one."""
    words = _plain(cell)
    if not words:
        return ""
    if isinstance(cell, int | float) and not words.startswith("84"):
        words = f"0{words}"
    try:
        return e164(words)
    except InvalidAnswer as wrong:
        raise Wrong(N_("this is no telephone number")) from wrong


def _commune(cell: Cell, province: str) -> str:
    words = _plain(cell)
    if not words:
        raise Wrong(EMPTY)
    known = places.commune(words.zfill(5)) if words.isascii() and words.isdigit() else None
    if known is not None:
        return _in_province(known, province)
    hits = {hit.commune.code: hit.commune for hit in places.find_communes(words, province)}
    if len(hits) > 1:
        names = ", ".join(f"{one.full_name} ({one.code})" for one in list(hits.values())[:3])
        raise Wrong(N_("it can be %(names)s; write the code"), names=names)
    if not hits:
        raise Wrong(N_("there is no such commune in this province"))
    return _in_province(next(iter(hits.values())), province)


def _in_province(commune: places.Commune, province: str) -> str:
    if commune.province_code != province:
        raise Wrong(N_("%(name)s lies in another province"), name=commune.full_name)
    return commune.code


def _set(cell: Cell, rules: Ruleset) -> ProductSet:
    words = _plain(cell)
    number = re.match(r"(\d{1,2})(?!\d)", words)
    if number is not None:
        try:
            return rules.product_set(int(number[1]))
        except LookupError:
            raise Wrong(N_("there are no product sets with this number")) from None
    found = _sets(rules.id).get(fold(words))
    if found is None:
        raise Wrong(EMPTY if not words else N_("write the number of the product set, for example 7"))
    return found


@cache
def _sets(rules: str) -> Mapping[str, ProductSet]:
    """By each name; a name of several is none."""
    named: dict[str, list[ProductSet]] = {}
    for group in ruleset(rules).groups:
        for one in group.sets:
            for name in {fold(name) for name in (one.label.vi, one.label.en, *one.aliases)}:
                named.setdefault(name, []).append(one)
    return {name: ones[0] for name, ones in named.items() if len(ones) == 1}


def _stars(cell: Cell) -> int:
    words = _plain(cell)
    number = re.fullmatch(r"([0-9])\s*(?:sao|stars?|\*)?", words.lower())
    if number is None or not FEWEST_STARS <= int(number[1]) <= MOST_STARS:
        raise Wrong(EMPTY if not words else N_("a certificate has 3, 4 or 5 stars"))
    return int(number[1])


def _decision(cell: Cell) -> str:
    words = _plain(cell)
    if not words or len(words) > DECISION_CHARS or not is_paper_number(words):
        raise Wrong(EMPTY if not words else N_("write the number as printed, for example 812/QĐ-UBND"))
    return as_printed(words)


def _day(cell: Cell) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if not _plain(cell):
        raise Wrong(EMPTY)
    try:
        return day_of(_plain(cell))
    except InvalidAnswer as wrong:
        raise Wrong(N_("this is no day, for example 20/10/2026")) from wrong


def _decided_on(cell: Cell, today: date) -> date:
    day = _day(cell)
    if day > today:
        raise Wrong(N_("%(day)s has not come yet"), day=day)
    try:
        ruleset_on(day)
    except LookupError:
        raise Wrong(N_("certificates from before 21/8/2019 have run out long ago")) from None
    return day


def _until(cell: Cell, rules: Ruleset, decided_on: date) -> date:
    """What the rules of that day say; another day in the list is a slip that somebody has to look at."""
    until = months_after(decided_on, rules.certificate_months)
    if _plain(cell) and _day(cell) != until:
        raise Wrong(N_("by the rules of that day it is good until %(day)s"), day=until)
    return until

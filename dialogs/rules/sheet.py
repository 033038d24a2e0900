"""The score sheets as data: what the council scores for each product set, in the folders under `sheets`.

A folder belongs to a ruleset. Its `common.toml` has each criterion once; `set_07.toml` is the sheet of set 7 and writes
only what it has differently. A sheet is read at the first question about it, and a wrong one is refused with its line.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple, get_args

from dialogs.rules.ruleset import PART_IDS, RULESET_IDS, SET_NUMBERS, Label, PartId, Ruleset, ruleset
from dialogs.rules.tables import Document, File, Table, read

Topic = Literal["raw_material", "local_labour", "idea", "identity"]
"""What the commune assesses itself before it forwards a dossier: 26/2026/QĐ-TTg art. 7.2, form 03."""
TOPICS: tuple[Topic, ...] = get_args(Topic)
GATES = (3, 4, 5)
"""Stars for which an option may be the least that must be reached."""
OTHERS = "set_others.toml"
"""One sheet for all sets that have no file of their own name, set_07.toml."""
MAX_LABEL_CHARS = 60
MAX_OPTION_CHARS = 130  # an option is a numbered line in a chat


@dataclass(frozen=True, slots=True)
class Option:
    """`gate`: stars for which this is the least, or None. `case`: of two ways to score an item, the one it is for."""

    label: Label
    points: int
    gate: int | None
    case: Label | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is scored with one mark. `code` is as printed: "6.1.1"; `name` the same in other sheets and rulesets.

    Options are in the order of the source; a partial sheet may not know them. `max_points` is as printed and, where
    the transcript is in doubt, above the best option. `needs`: the code without whose points this one has none, or "".
    `papers`: ids of the ruleset's papers that prove it. `source`: where the rule stands. `official`: its name on
    papers that are signed, after the decree's; "" where that is not known.
    """

    code: str
    name: str
    part: PartId
    label: Label
    hint: Label | None
    options: tuple[Option, ...]
    max_points: int
    topic: Topic | None
    papers: tuple[str, ...]
    needs: str
    source: str
    official: str = ""

    @property
    def best(self) -> int:
        """What can be had at most: of the options, where they are known."""
        return max((option.points for option in self.options), default=self.max_points)

    @property
    def has_zero(self) -> bool:
        """Whether the sheet has an option for nothing. Where it has not, "none of these" is worth nothing, too."""
        return any(option.points == 0 for option in self.options)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with points of its own, the sum of what stands under it: "6" over "6.1", "6.1" over "6.1.1"."""

    code: str
    part: PartId
    label: Label
    max_points: int


@dataclass(frozen=True, slots=True)
class Knockout:
    """A ground on which a product is not rated at all. `zero_in`: no points in one of these criteria is it already."""

    id: str
    label: Label
    source: str
    zero_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """A doubt about the transcript, at the code of a criterion or part.

    `fixed`: the sheet says something else than the transcript; else it is as printed, and open. `printed`: what the
    transcript has, "<maximum>: <points>", where that is not what the sheet has.
    """

    code: str
    fixed: bool
    printed: str
    reason: Label


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One score sheet; there is one object for each, so it is compared by identity.

    `partial`: not all of it is known, so nobody is scored with it.
    """

    ruleset: str
    number: int
    source: str
    partial: bool
    parts: Mapping[PartId, int]
    sections: tuple[Section, ...]
    criteria: tuple[Criterion, ...]
    knockouts: tuple[Knockout, ...]
    remarks: tuple[Remark, ...]

    def criterion(self, code: str) -> Criterion:
        """Raises LookupError for a code this sheet does not have."""
        for criterion in self.criteria:
            if criterion.code == code:
                return criterion
        raise LookupError(f"set {self.number} of {self.ruleset} has no criterion {code!r}")


def sheet(ruleset_id: str, number: int) -> Sheet:
    """Raises LookupError where there is none: the sheets of 2023 are not known."""
    found = known_sheet(ruleset_id, number)
    if found is None:
        raise LookupError(f"{ruleset_id} has no score sheet for set {number}")
    return found


@cache
def known_sheet(ruleset_id: str, number: int) -> Sheet | None:
    """The sheet of one set; None where it is not known. Of the others nothing is read, lest a chat waits for them."""
    folder = folder_of(ruleset_id)
    path = next(filter(Path.is_file, (folder / f"set_{number:02}.toml", folder / OTHERS)), None)
    return _built(path, ruleset_id).get(number) if path is not None else None


def read_shared(ruleset_id: str) -> None:
    """What all sheets of a ruleset have in common, and takes the longest: read before anybody waits for one."""
    _common(folder_of(ruleset_id))


def folder_of(ruleset_id: str) -> Path:
    """Where a ruleset's sheets are, if it has any. Raises LookupError for an unknown ruleset."""
    if ruleset_id not in RULESET_IDS:
        raise LookupError(f"no ruleset {ruleset_id!r}")
    return Path(__file__).with_name("sheets") / ruleset_id.replace("-", "_")


@cache
def sheets(ruleset_id: str) -> Mapping[int, Sheet]:
    """All of a ruleset by number of the product set; empty where none is known."""
    found = {number: known_sheet(ruleset_id, number) for number in SET_NUMBERS}
    return MappingProxyType({number: one for number, one in found.items() if one is not None})


@cache
def _built(path: Path, ruleset_id: str) -> Mapping[int, Sheet]:
    return {one.number: one for one in build(_common(path.parent), read(path), ruleset(ruleset_id))}


@cache
def _common(folder: Path) -> File:
    return read(folder / "common.toml")


def load(folder: Path, rules: Ruleset) -> dict[int, Sheet]:
    """The sheets of a folder. Raises RulesetError at the first thing that is wrong; two sheets for a set are."""
    common = read(folder / "common.toml")
    found: dict[int, Sheet] = {}
    for path in sorted(folder.glob("set_*.toml")):
        own = read(path)
        for one in build(common, own, rules):
            if one.number in found:
                raise _top(own).wrong(f"set {one.number} has a sheet already", "sets")
            if path.name not in (f"set_{one.number:02}.toml", OTHERS):
                raise _top(own).wrong(f"the sheet of set {one.number} stands in set_{one.number:02}.toml", "sets")
            found[one.number] = one
    return found


def build(common: File, own: File, rules: Ruleset) -> tuple[Sheet, ...]:
    """What one file says, once for each of its `sets`. Raises RulesetError."""
    book = _Book(_top(own), _top(common))
    book.own.only(
        "sets", "source", "partial", "common", "without", "knocked_out_by", "sections", "cases", "remarks", *_NAMED
    )
    numbers = book.own.list_of("sets", int)
    if not numbers or not set(numbers) <= set(SET_NUMBERS):
        raise book.own.wrong(f"sets must be some of 1 to {SET_NUMBERS[-1]}, not {list(numbers)}", "sets")
    return tuple(_sheet(book, number, rules) for number in numbers)


def order_of(code: str) -> tuple[int, ...]:
    """Sorts "9" before "10" and "6.1.2" after "6.1"."""
    return tuple(map(int, code.split(".")))


def part_of(code: str) -> PartId:
    """Every sheet so far has headings 1 to 3 in part A, 4 and 5 in part B, the rest in part C."""
    first = order_of(code)[0]
    return "A" if first <= 3 else "B" if first <= 5 else "C"


# --- Building: tables to a sheet ---

_NAMED = ("criteria", "scales", "headings", "knockouts", *PART_IDS)
_CODE = re.compile(r"[1-9]\d?(\.[1-9]){0,2}")
_POINTS = re.compile(r"(\d+)(\**)")


def _top(file: File) -> Table:
    return Table(Document(file, {}), (), file.values)


def _under(table: Table, key: str) -> Table:
    """A table that may be absent: then it is empty."""
    return table.table(key) if key in table.values else Table(table.document, (*table.path, key), {})


class _Book(NamedTuple):
    """A sheet's own file and the common one: what the own one does not have is looked up in the other."""

    own: Table
    common: Table

    def holder(self, kind: str, name: str, asked: Table, key: str) -> Table:
        """The table of this kind that has `name`; wrong at the place that asks for it, if neither has."""
        for file in self:
            held = _under(file, kind)
            if name in held.values:
                return held
        raise asked.wrong(f"there is no {name!r} in [{kind}]", key)

    def shared(self, key: str) -> Table:
        """What sets have in common under this key; a sheet with `common = false` has nothing of it."""
        wanted = self.own.maybe("common", bool)
        return _under(_under(self.common, "common") if wanted is not False else _top(_EMPTY), key)

    def placed(self, key: str) -> Iterator[tuple[str, Table]]:
        """The codes in both tables of this name, each with the table that counts, without what is left out."""
        own, shared = _under(self.own, key), self.shared(key)
        without = self.own.list_of("without", str)
        for code in sorted({*own.values, *(shared.values.keys() - set(without))}, key=_sortable):
            yield code, own if code in own.values else shared


_EMPTY = File("", {}, {})


def _sortable(code: str) -> tuple[int, ...]:
    return order_of(code) if _CODE.fullmatch(code) else ()  # a wrong one comes first, and is refused


def _sheet(book: _Book, number: int, rules: Ruleset) -> Sheet:
    own = book.own
    one = Sheet(
        ruleset=rules.id,
        number=number,
        source=own.text("source"),
        partial=own.maybe("partial", bool) or False,
        parts=MappingProxyType({part: rules.parts[part].max_points for part in PART_IDS}),
        sections=tuple(_section(book, code, table) for code, table in book.placed("sections")),
        criteria=tuple(_criteria(book, number, rules)),
        knockouts=tuple(_knockouts(book)),
        remarks=tuple(_remark(table) for table in own.tables("remarks")),
    )
    _check(one, own)
    return one


def _section(book: _Book, code: str, table: Table) -> Section:
    place = table.table(code)
    place.only("is", "max")
    _check_code(table, code)
    name = place.text("is")
    label = book.holder("headings", name, place, "is").label(name, MAX_LABEL_CHARS)
    return Section(code, part_of(code), label, place.number("max", range(1, 101)))


def _criteria(book: _Book, number: int, rules: Ruleset) -> Iterator[Criterion]:
    group = rules.product_set(number).group
    usable = {p.id for p in rules.papers if p.stage == "dossier" and (not p.groups or group in p.groups)}
    known = [paper.id for paper in rules.papers if paper.stage == "dossier"]
    for part in PART_IDS:
        for code, table in book.placed(part):
            _check_code(table, code)
            if part_of(code) != part:
                raise table.wrong(f"{code} belongs to part {part_of(code)}", code)
            yield _criterion(book, code, table, known, usable)


def _check_code(table: Table, code: str) -> None:
    if not _CODE.fullmatch(code):
        raise table.wrong(f"{code!r} is no code like 6.1.1", code)


def _criterion(book: _Book, code: str, table: Table, known: list[str], usable: set[str]) -> Criterion:
    """`table` says what stands under this code: a name, or a table with the name under `is` and what differs."""
    if isinstance(table.values[code], str):
        name, differs = table.text(code), Table(table.document, (*table.path, code), {})
    else:
        differs = table.table(code)
        differs.only("is", "points", "max")
        name = differs.text("is")
    said = book.holder("criteria", name, table, code).table(name)
    said.only("label", "official", "hint", "options", "scale", "points", "max", "topic", "papers", "needs")
    options = tuple(_options(book, said, differs if "points" in differs.values else said))
    highest = max((option.points for option in options), default=0)
    of_max = differs if "max" in differs.values else said
    return Criterion(
        code=code,
        name=name,
        part=part_of(code),
        label=said.label("label", MAX_LABEL_CHARS),
        hint=said.label("hint") if "hint" in said.values else None,
        options=options,
        max_points=of_max.number("max", range(1, 101)) if "max" in of_max.values or not options else highest,
        topic=next((topic for topic in TOPICS if topic == said.choice("topic", TOPICS)), None)
        if "topic" in said.values
        else None,
        papers=tuple(paper for paper in said.choices("papers", known) if paper in usable),
        needs=said.maybe("needs", str) or "",
        source=f"{book.own.text('source')}, {code}",
        official=said.maybe("official", str) or "",
    )


def _options(book: _Book, said: Table, priced: Table) -> Iterator[Option]:
    """The words of `said` with the points of `priced`. A sheet that is partial may have neither."""
    if "points" not in priced.values:
        if "options" in said.values or "scale" in said.values:
            raise said.wrong("missing key 'points'")
        return
    if "scale" in said.values:
        scale = said.text("scale")
        words = book.holder("scales", scale, said, "scale").tables(scale)
    else:
        words = said.tables("options")
    prices = priced.text("points").split()
    if len(prices) != len(words):
        raise priced.wrong(f"{len(prices)} points for {len(words)} options", "points")
    for word, price in zip(words, prices, strict=True):
        yield _option(book, word, priced, price)


def _option(book: _Book, word: Table, priced: Table, price: str) -> Option:
    word.only("vi", "en", "case")
    read_price = _POINTS.fullmatch(price)
    if read_price is None:
        raise priced.wrong(f"{price!r} must be points and stars, like 2****", "points")
    stars = len(read_price[2])
    if stars and stars not in GATES:
        raise priced.wrong(f"{price!r}: there is no gate for {stars} stars", "points")
    label = Label(word.text("vi"), word.text("en"))
    for text in label:
        if len(text) > MAX_OPTION_CHARS:
            raise word.wrong(f"an option is {len(text)} characters, at most {MAX_OPTION_CHARS}: {text!r}")
    case = word.text("case") if "case" in word.values else ""
    return Option(
        label, int(read_price[1]), stars or None, book.holder("cases", case, word, "case").label(case) if case else None
    )


def _knockouts(book: _Book) -> Iterator[Knockout]:
    shared = _under(book.common, "common") if book.own.maybe("common", bool) is not False else _top(_EMPTY)
    for table in (shared, book.own):
        for name in table.list_of("knocked_out_by", str):
            said = book.holder("knockouts", name, table, "knocked_out_by").table(name)
            said.only("label", "source", "zero_in")
            yield Knockout(name, said.label("label"), said.text("source"), said.list_of("zero_in", str))


def _remark(table: Table) -> Remark:
    table.only("code", "fixed", "printed", "reason")
    return Remark(
        table.text("code"), table.take("fixed", bool), table.maybe("printed", str) or "", table.label("reason")
    )


# --- Checking: what one table cannot see alone ---


def _check(one: Sheet, own: Table) -> None:
    codes = [criterion.code for criterion in one.criteria]
    open_codes = {remark.code for remark in one.remarks if not remark.fixed}
    for criterion in one.criteria:
        _check_options(one, own, criterion, in_doubt=criterion.code in open_codes)
        if criterion.needs and criterion.needs not in codes[: codes.index(criterion.code)]:
            raise own.wrong(f"{criterion.code} needs {criterion.needs}, which is not before it", criterion.part)
    for remark in one.remarks:
        if remark.code not in (*codes, *PART_IDS):
            raise own.wrong(f"there is no {remark.code!r} to remark on", "remarks")
    for knockout in one.knockouts:
        if not set(knockout.zero_in) <= set(codes):
            raise own.wrong(f"{knockout.id} looks at codes that are not there", "knocked_out_by")
    topics = [criterion.topic for criterion in one.criteria if criterion.topic]
    if len(topics) != len(set(topics)):
        raise own.wrong("two criteria have the same topic of the commune")
    _check_sums(one, own)


def _check_options(one: Sheet, own: Table, criterion: Criterion, *, in_doubt: bool) -> None:
    """Points and stars rise from option to option; only where the transcript is in doubt two may be equal."""

    def wrong(reason: str) -> Exception:
        return own.wrong(f"{criterion.code}: {reason}", criterion.part, criterion.code)

    if not criterion.options:
        if not one.partial:
            raise wrong("a criterion without options")
        return
    if criterion.best > criterion.max_points:
        raise wrong(f"an option has {criterion.best} points, more than {criterion.max_points}")
    if criterion.best < criterion.max_points and not in_doubt:
        raise wrong(f"no option has the {criterion.max_points} points of the item")
    for before, after in pairwise(criterion.options):
        least = before.points if in_doubt else before.points + 1
        if before.case == after.case and after.points < least:
            raise wrong(f"{after.points} points after {before.points}: not in the order of the source")
    gates = [option.gate for option in criterion.options if option.gate]
    if any(after <= before for before, after in pairwise(gates)):
        raise wrong("the stars do not rise with the options")


def _check_sums(one: Sheet, own: Table) -> None:
    """What stands under a heading adds up to its points, and all together to those of the ruleset's parts."""
    headings = {section.code for section in one.sections}
    for criterion in one.criteria:
        if criterion.code in headings:
            raise own.wrong(f"{criterion.code} is a heading and a criterion", criterion.part, criterion.code)
        if "." in criterion.code and not any(_is_under(criterion.code, code) for code in headings):
            raise own.wrong(f"{criterion.code} has no heading", criterion.part, criterion.code)
    for section in one.sections:
        under = [criterion.max_points for criterion in one.criteria if _is_under(criterion.code, section.code)]
        if not under and not one.partial:
            raise own.wrong(f"nothing stands under heading {section.code}", "sections", section.code)
        if under and sum(under) != section.max_points:
            raise own.wrong(
                f"heading {section.code} has {section.max_points} points, its items {sum(under)}",
                "sections", section.code,
            )  # fmt: skip
    for part, points in one.parts.items():
        total = sum(_totals(one, part))
        if total != points:
            raise own.wrong(f"part {part} adds up to {total}, not {points}", part)


def _totals(one: Sheet, part: PartId) -> Iterable[int]:
    """Of all items of a part; a heading of which nothing else is known stands for its own."""
    yield from (criterion.max_points for criterion in one.criteria if criterion.part == part)
    for section in one.sections:
        if section.part == part and not any(_is_under(c.code, section.code) for c in one.criteria):
            yield section.max_points


def _is_under(code: str, heading: str) -> bool:
    return code.startswith(f"{heading}.")

"""The law as data: one ruleset for each decision, kept in the TOML files beside this module.

A case follows the ruleset of the day it was filed, to its end; ruleset_on() says which. The files are read
once, at the first question, and a wrong one is refused with its line.
"""

import re
from calendar import monthrange
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

from dialogs.rules.tables import Document, File, Table, parse, read
from dialogs.rules.tables import Label as Label  # whoever wants rules wants these two as well
from dialogs.rules.tables import RulesetError as RulesetError

RULESET_IDS = ("ocop-2019", "ocop-2023", "ocop-2023r2025", "ocop-2026")
DEADLINE_IDS = ("idea_answer", "plan_answer", "commune_report", "provincial_rating", "reevaluation", "revocation")
FORM_IDS = ("idea", "plan", "form_01", "form_02", "story")
"""What the assistant fills in from a case; bot/paperwork says with what."""
PRODUCER_KINDS = ("household", "cooperative_group", "cooperative", "enterprise", "farm")
SET_NUMBERS = range(1, 27)  # every annex so far, 2019 to 2026, has 26 product sets
STARS = range(1, 6)
MAX_POINTS = 100
CYCLE_STEPS = 6
CODE_PARTS = ("province", "commune", "serial", "year")
MAX_GROUP_CHARS = 20  # a group is a button
MAX_PAPER_CHARS = 40  # a paper is one line of a list on a small screen

PartId = Literal["A", "B", "C"]
Stage = Literal["plan", "dossier"]
PART_IDS: tuple[PartId, ...] = ("A", "B", "C")


WITH_THE_PLAN = "plan_"
"""Begins the id of a plan's paper that the dossier has again under the rest of the id."""


class Level(StrEnum):
    COMMUNE = "commune"
    DISTRICT = "district"  # until 5 July 2025
    PROVINCE = "province"
    CENTRE = "centre"


class MonthDay(NamedTuple):
    """A day that returns every year; never 29 February."""

    month: int
    day: int

    def in_year(self, year: int) -> date:
        return date(year, self.month, self.day)


@dataclass(frozen=True, slots=True)
class LegalAct:
    """`number` as printed, such as "26/2026/QĐ-TTg"; `does` says what it changed."""

    number: str
    issued_on: date
    does: Label


@dataclass(frozen=True, slots=True)
class Part:
    max_points: int
    label: Label


@dataclass(frozen=True, slots=True)
class StarBand:
    """From `from_points` (counted) up to `below_points` (not counted); None means up to 100, counted."""

    stars: int
    from_points: int
    below_points: int | None


@dataclass(frozen=True, slots=True)
class ProductSet:
    """One line of the annex.

    `group` is a ProductGroup.id; `subgroup` the number as printed ("I.3"), where known. `aliases` are spellings
    the same decree uses elsewhere and everyday names, for reading answers.
    """

    number: int
    group: str
    label: Label
    aliases: tuple[str, ...]
    subgroup: str | None


@dataclass(frozen=True, slots=True)
class ProductGroup:
    """`label` fits a button; `official` is the name in the annex."""

    id: str
    label: Label
    official: Label
    sets: tuple[ProductSet, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """Something the producer hands in with a plan or a dossier.

    `official` is the name printed on the paper, when it differs from ours; `where` tells in one sentence how to
    get it. Empty `groups` or `producer_kinds` mean everybody. `anew`: a product that stands again hands in a new one,
    however good the old one is. `source` says where the rule stands, and how sure we are of it. `only_if`: the id of a
    Condition without which it is not asked for, or "". `three_stars`: not required, but three stars ask for what it
    proves. `form`: which form the assistant fills in for it, or "".
    """

    id: str
    stage: Stage
    label: Label
    official: Label | None
    where: Label
    required: bool
    groups: tuple[str, ...]
    producer_kinds: tuple[str, ...]
    source: str
    anew: bool = False
    only_if: str = ""
    three_stars: bool = False
    form: str = ""

    @property
    def counts(self) -> bool:
        """Whether a file that lacks it is not complete; under `only_if`, where that holds."""
        return self.required or self.three_stars or bool(self.only_if)

    def concerns(self, product_group: str, producer_kind: str) -> bool:
        return (not self.groups or product_group in self.groups) and (
            not self.producer_kinds or producer_kind in self.producer_kinds
        )


@dataclass(frozen=True, slots=True)
class Condition:
    """What a paper may hang on, and the question about it. `label` names it in a line of its own.

    It holds for the product sets of `sets`, or where the registration's `answer` has one of `values`; where neither
    is given, or that is not known of a case, its producer is asked.
    """

    id: str
    label: Label
    question: Label
    sets: frozenset[int]
    answer: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Deadline:
    """Days an authority has, counted from receipt (for a revocation: from the finding).

    The law counts some in working and some in calendar days: at most one is set. With neither there is no limit.
    """

    working_days: int | None
    source: str
    calendar_days: int | None = None

    @property
    def days(self) -> int | None:
        """Of either kind."""
        return self.working_days or self.calendar_days


@dataclass(frozen=True, slots=True)
class EvaluationRound:
    """A round of scoring at `level`. Both days are "before": the last good day is the one before."""

    level: Level
    label: Label
    proposals_before: MonthDay
    results_before: MonthDay
    source: str


@dataclass(frozen=True, slots=True)
class RevocationGround:
    """Why a certificate may be withdrawn, in our words, and what its producer can do then (`remedy`)."""

    id: str
    label: Label
    remedy: Label


@dataclass(frozen=True, slots=True)
class CycleStep:
    """One of the six steps of the year; `months` (1 to 12) are typical, for provinces differ."""

    number: int
    label: Label
    months: tuple[int, ...]
    who: Label


@dataclass(frozen=True, slots=True)
class Transition:
    """Until when cases filed under a lapsed ruleset must be finished (that day included)."""

    finish_by: date
    finish_reevaluation_by: date
    source: str


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything one decision says that the assistant needs.

    `in_force_until` is the first day on which new cases follow the next ruleset; None while it is the law.
    `commune_assesses`: the commune says what it finds on the four topics before a dossier goes up.
    `certifies` has all of 1 to 5 stars; None means that no certificate is issued for them.
    `council_quorum`: (2, 3) if two thirds of a council's members have to score; None where no council meets here.
    `renewal_window_days` is when to file for re-evaluation, as days before expiry: (180, 120) is from 180 to 120.
    `product_code` is how the official code is formed, of CODE_PARTS in braces; None where it has a part that nobody
    here knows (the district's, until 2025). `revocation_grounds` is empty where the decision's list is not known.
    """

    id: str
    title: Label
    legal_basis: tuple[LegalAct, ...]
    in_force_from: date
    in_force_until: date | None
    levels: tuple[Level, ...]
    commune_assesses: bool
    council_quorum: tuple[int, int] | None
    certifies: Mapping[int, Level | None]
    parts: Mapping[PartId, Part]
    thresholds: tuple[StarBand, ...]
    groups: tuple[ProductGroup, ...]
    papers: tuple[Paper, ...]
    conditions: tuple[Condition, ...]
    deadlines: Mapping[str, Deadline]
    rounds: tuple[EvaluationRound, ...]
    cycle: tuple[CycleStep, ...]
    certificate_months: int
    min_stars_for_certificate: int
    renewal_window_days: tuple[int, int] | None
    transition: Transition | None
    product_code: str | None
    revocation_grounds: tuple[RevocationGround, ...]

    def __hash__(self) -> int:  # the mappings cannot be hashed, and the id says it all
        return hash(self.id)

    def in_force(self, day: date) -> bool:
        return self.in_force_from <= day and (self.in_force_until is None or day < self.in_force_until)

    def stars(self, points: float | Decimal) -> int:
        """Stars for an average total, unrounded: 89.5 is four stars. Gates are not looked at.

        Raises ValueError outside 0 to 100.
        """
        if not 0 <= points <= 100:
            raise ValueError(f"{points} points: a total lies between 0 and 100")
        return next(band.stars for band in self.thresholds if points >= band.from_points)

    def points_for(self, stars: int) -> int:
        """From how many points on it is so many stars."""
        return next(band.from_points for band in self.thresholds if band.stars == stars)

    def group(self, group_id: str) -> ProductGroup:
        """Raises LookupError for a group these rules do not have."""
        for group in self.groups:
            if group.id == group_id:
                return group
        raise LookupError(f"{self.id} has no product group {group_id!r}")

    def product_set(self, number: int) -> ProductSet:
        """Raises LookupError for a number outside 1 to 26."""
        for group in self.groups:
            for product_set in group.sets:
                if product_set.number == number:
                    return product_set
        raise LookupError(f"{self.id} has no product set {number}")

    def ground(self, ground_id: str) -> RevocationGround | None:
        return next((ground for ground in self.revocation_grounds if ground.id == ground_id), None)

    def papers_for(self, stage: Stage, product_group: str, producer_kind: str) -> tuple[Paper, ...]:
        """The papers this producer hands in at this stage, required ones first, else in the order of the file.

        Raises LookupError for a group or a kind of producer unknown to these rules.
        """
        self.group(product_group)
        if producer_kind not in PRODUCER_KINDS:
            raise LookupError(f"no kind of producer {producer_kind!r}")
        papers = [p for p in self.papers if p.stage == stage and p.concerns(product_group, producer_kind)]
        return tuple(sorted(papers, key=lambda paper: not paper.required))


@lru_cache(maxsize=64)
def ruleset_on(day: date) -> Ruleset:
    """The rules a case filed on `day` follows to its end. Raises LookupError before 21 August 2019."""
    for rules in rulesets():
        if rules.in_force(day):
            return rules
    raise LookupError(f"no ruleset was in force on {day}")


@cache
def ruleset(ruleset_id: str) -> Ruleset:
    """Raises LookupError for an id outside RULESET_IDS."""
    for rules in rulesets():
        if rules.id == ruleset_id:
            return rules
    raise LookupError(f"no ruleset {ruleset_id!r}")


def same_kind(old: Ruleset, new: Ruleset, answers: Mapping[str, str]) -> bool:
    """Whether a product's group and set, by their numbers in the old rules, are called the same in the new ones."""
    if old is new:
        return True
    group_id, number = answers.get("product_group", ""), answers.get("product_set", "")
    if group_id not in {group.id for group in new.groups} & {group.id for group in old.groups}:
        return False
    return not number or old.product_set(int(number)).label == new.product_set(int(number)).label


@cache
def rulesets() -> tuple[Ruleset, ...]:
    """All of them, oldest first."""
    return tuple(_from(_file(ruleset_id)) for ruleset_id in RULESET_IDS)


def load(source: str | Path, name: str = "text") -> Ruleset:
    """A ruleset from a file, or from TOML text whose errors shall carry `name`.

    Raises RulesetError at the first thing that is wrong: syntax, an unknown, missing, mistyped or empty value, or
    values that contradict each other. What [same_as] names is taken from the ruleset named there.
    """
    return _from(read(source) if isinstance(source, Path) else parse(source, name))


# --- Where the tables come from: a file, and those it borrows from ---

_SLUG = re.compile(r"[a-z][a-z0-9_]{0,19}")  # part of a Telegram button's 64 bytes


@cache
def _file(ruleset_id: str) -> File:
    """Read once, as the others borrow from it: a start would spend a tenth of its time reading them again."""
    return read(Path(__file__).with_name(ruleset_id.replace("-", "_") + ".toml"))


def _from(file: File) -> Ruleset:
    document = Document(file, _borrowed(file))
    return _ruleset(Table(document, (), document.values()))


def _borrowed(file: File) -> dict[str, File]:
    """Which top-level keys of `file` are the same as in which other file, from its [same_as] table.

    Only what the other file writes out itself can be borrowed: no chains to follow, no circles.
    """
    top = Table(Document(file, {}), (), file.values)
    same_as = top.table("same_as") if "same_as" in file.values else Table(top.document, (), {})
    return {key: _lender(same_as, key) for key in same_as.values}


def _lender(same_as: Table, key: str) -> File:
    if key in same_as.document.main.values:
        raise same_as.wrong(f"{key} is written out here too", key)
    other = _file(same_as.choice(key, RULESET_IDS))
    if key not in other.values:
        raise same_as.wrong(f"{other.name} has no {key} of its own", key)
    return other


# --- Building: tables to a ruleset, each function one table ---

_TOP_KEYS = (Ruleset.__dataclass_fields__.keys() - {"papers"}) | {"sets", "plan_papers", "dossier_papers"}


def _ruleset(top: Table) -> Ruleset:
    top.only(*_TOP_KEYS)
    levels = _levels(top)
    groups = _groups(top)
    rules = Ruleset(
        id=top.text("id"),
        title=top.label("title"),
        legal_basis=_legal_basis(top),
        in_force_from=top.take("in_force_from", date),
        in_force_until=top.maybe("in_force_until", date),
        levels=levels,
        commune_assesses=top.maybe("commune_assesses", bool) or False,
        council_quorum=_council_quorum(top),
        certifies=_certifies(top, levels),
        parts=_parts(top),
        thresholds=_thresholds(top),
        groups=groups,
        papers=_papers(top, [group.id for group in groups]),
        conditions=_conditions(top),
        deadlines=_deadlines(top),
        rounds=tuple(_round(table, levels) for table in top.tables("rounds")),
        cycle=_cycle(top),
        certificate_months=top.number("certificate_months", range(1, 121)),
        min_stars_for_certificate=top.number("min_stars_for_certificate", STARS),
        renewal_window_days=_renewal_window(top),
        transition=_transition(top),
        product_code=_product_code(top),
        revocation_grounds=_grounds(top),
    )
    _check(rules, top)
    return rules


def _check(rules: Ruleset, top: Table) -> None:
    """What one table cannot see alone."""
    until, transition = rules.in_force_until, rules.transition
    if until is not None and until <= rules.in_force_from:
        raise top.wrong("in_force_until must be after in_force_from", "in_force_until")
    if transition and (until is None or min(transition.finish_by, transition.finish_reevaluation_by) < until):
        raise top.wrong("a transition ends after in_force_until", "transition")
    named = {condition.id for condition in rules.conditions}
    for paper in rules.papers:
        if paper.only_if and paper.only_if not in named:
            raise top.wrong(f"no condition {paper.only_if!r}", f"{paper.stage}_papers", paper.id, "only_if")
    for stars, level in rules.certifies.items():
        if (level is not None) != (stars >= rules.min_stars_for_certificate):
            raise top.wrong(f"at odds with min_stars_for_certificate about {stars} stars", "certifies")


def _levels(top: Table) -> tuple[Level, ...]:
    levels = top.choices("levels", tuple(Level))
    if not levels:
        raise top.wrong("missing key 'levels'", "levels")
    return tuple(map(Level, levels))


def _legal_basis(top: Table) -> tuple[LegalAct, ...]:
    tables = top.tables("legal_basis")
    if not tables:
        raise top.wrong("missing key 'legal_basis'")
    acts = tuple(_legal_act(table) for table in tables)
    for table, act, before in zip(tables[1:], acts[1:], acts, strict=False):
        if act.issued_on < before.issued_on:
            raise table.wrong(f"{act.number} is older than {before.number} above it", "issued_on")
    return acts


def _legal_act(table: Table) -> LegalAct:
    table.only("number", "issued_on", "does")
    return LegalAct(table.text("number"), table.take("issued_on", date), table.label("does"))


def _certifies(top: Table, levels: tuple[Level, ...]) -> Mapping[int, Level | None]:
    table = top.table("certifies")
    table.only(*map(str, STARS))
    named = {key: Level(table.choice(key, levels)) for key in table.values}
    return MappingProxyType({stars: named.get(str(stars)) for stars in STARS})


def _parts(top: Table) -> Mapping[PartId, Part]:
    table = top.table("parts")
    table.only(*PART_IDS)
    parts = {part_id: _part(table.table(part_id)) for part_id in PART_IDS}
    total = sum(part.max_points for part in parts.values())
    if total != MAX_POINTS:
        raise table.wrong(f"parts add up to {total}, not {MAX_POINTS}", "A")
    return MappingProxyType(parts)


def _part(table: Table) -> Part:
    table.only("max_points", "label")
    return Part(table.number("max_points", range(MAX_POINTS + 1)), table.label("label"))


def _thresholds(top: Table) -> tuple[StarBand, ...]:
    """Five stars first. The file gives where each band starts; it ends where the next begins."""
    table = top.table("thresholds")
    table.only(*map(str, STARS))
    bands: list[StarBand] = []
    below: int | None = None
    for stars in reversed(STARS):
        start = table.number(str(stars), range(MAX_POINTS + 1))
        if below is not None and start >= below:
            raise table.wrong(f"{stars} stars must start below {below} points", str(stars))
        bands.append(StarBand(stars, start, below))
        below = start
    if below != 0:
        raise table.wrong("1 star must start at 0 points", "1")
    return tuple(bands)


def _groups(top: Table) -> tuple[ProductGroup, ...]:
    tables = top.named("groups")
    sets = _sets(top, tuple(tables))
    return tuple(_group(group_id, table, sets) for group_id, table in tables.items())


def _group(group_id: str, table: Table, sets: tuple[ProductSet, ...]) -> ProductGroup:
    table.only("label", "official")
    _check_slug(table, group_id)
    own = tuple(one for one in sets if one.group == group_id)
    if not own:
        raise table.wrong(f"no product set belongs to {group_id}")
    return ProductGroup(group_id, table.label("label", MAX_GROUP_CHARS), table.label("official"), own)


def _sets(top: Table, group_ids: tuple[str, ...]) -> tuple[ProductSet, ...]:
    table = top.table("sets")
    numbers = [str(number) for number in SET_NUMBERS]
    table.only(*numbers)
    return tuple(_set(number, table.table(number), group_ids) for number in numbers)


def _set(number: str, table: Table, group_ids: tuple[str, ...]) -> ProductSet:
    table.only("group", "subgroup", "label", "aliases")
    return ProductSet(
        number=int(number),
        group=table.choice("group", group_ids),
        label=table.label("label"),
        aliases=table.list_of("aliases", str),
        subgroup=table.maybe("subgroup", str),
    )


def _papers(top: Table, group_ids: Collection[str]) -> tuple[Paper, ...]:
    plan, dossier = top.named("plan_papers"), top.named("dossier_papers")
    for paper_id in plan.keys() & dossier.keys():
        raise dossier[paper_id].wrong(f"{paper_id} is a paper of the plan already")
    return (
        *(_paper(paper_id, "plan", table, group_ids) for paper_id, table in plan.items()),
        *(_paper(paper_id, "dossier", table, group_ids) for paper_id, table in dossier.items()),
    )


def _paper(paper_id: str, stage: Stage, table: Table, group_ids: Collection[str]) -> Paper:
    keys = ("label", "official", "where", "required", "groups", "producer_kinds", "source", "anew")
    table.only(*keys, "only_if", "three_stars", "form")
    _check_slug(table, paper_id)
    only_if, required = table.maybe("only_if", str) or "", table.take("required", bool)
    if required and only_if:
        raise table.wrong("what is required hangs on nothing", "only_if")
    return Paper(
        id=paper_id,
        stage=stage,
        label=table.label("label", MAX_PAPER_CHARS),
        official=table.label("official") if "official" in table.values else None,
        where=table.label("where"),
        required=required,
        groups=table.choices("groups", group_ids),
        producer_kinds=table.choices("producer_kinds", PRODUCER_KINDS),
        source=table.text("source"),
        only_if=only_if,
        three_stars=table.maybe("three_stars", bool) or False,
        form=table.choice("form", FORM_IDS) if "form" in table.values else "",
        anew=table.maybe("anew", bool) or False,
    )


def _conditions(top: Table) -> tuple[Condition, ...]:
    """In the order in which they are asked; a ruleset may have none."""
    if "conditions" not in top.values:
        return ()
    return tuple(_condition(condition_id, table) for condition_id, table in top.named("conditions").items())


def _condition(condition_id: str, table: Table) -> Condition:
    table.only("label", "question", "sets", "answer", "values")
    _check_slug(table, condition_id)
    sets, values = table.list_of("sets", int), table.list_of("values", str)
    if not {*sets} <= {*SET_NUMBERS}:
        raise table.wrong(f"sets must be some of 1 to {SET_NUMBERS[-1]}", "sets")
    answer = table.maybe("answer", str) or ""
    if bool(answer) != bool(values):
        raise table.wrong("answer and values belong together", "answer" if answer else "values")
    if sets and answer:
        raise table.wrong("sets or an answer, not both", "sets")
    label = table.label("label", MAX_PAPER_CHARS)
    return Condition(condition_id, label, table.label("question"), frozenset(sets), answer, frozenset(values))


def _check_slug(table: Table, slug: str) -> None:
    if not _SLUG.fullmatch(slug):
        raise table.wrong(f"{slug!r} must be a-z, 0-9 and _, at most 20 characters")


def _deadlines(top: Table) -> Mapping[str, Deadline]:
    table = top.table("deadlines")
    table.only(*DEADLINE_IDS)
    return MappingProxyType({key: _deadline(table.table(key)) for key in DEADLINE_IDS})


def _deadline(table: Table) -> Deadline:
    table.only("working_days", "calendar_days", "source")
    working_days, calendar_days = _days(table, "working_days"), _days(table, "calendar_days")
    if working_days and calendar_days:
        raise table.wrong("working_days or calendar_days, not both", "calendar_days")
    return Deadline(working_days, table.text("source"), calendar_days)


def _days(table: Table, key: str) -> int | None:
    return table.number(key, range(1, 366)) if key in table.values else None


def _round(table: Table, levels: tuple[Level, ...]) -> EvaluationRound:
    table.only("level", "label", "proposals_before", "results_before", "source")
    proposals = _month_day(table.table("proposals_before"))
    results = _month_day(table.table("results_before"))
    if results <= proposals:
        raise table.wrong("results_before must be after proposals_before", "results_before")
    return EvaluationRound(
        level=Level(table.choice("level", levels)),
        label=table.label("label"),
        proposals_before=proposals,
        results_before=results,
        source=table.text("source"),
    )


def _month_day(table: Table) -> MonthDay:
    table.only("month", "day")
    month = table.number("month", range(1, 13))
    return MonthDay(month, table.number("day", range(1, monthrange(2001, month)[1] + 1)))


def _cycle(top: Table) -> tuple[CycleStep, ...]:
    """The six steps, which the file lists in order."""
    tables = top.tables("cycle")
    if len(tables) != CYCLE_STEPS:
        raise top.wrong(f"the cycle has {CYCLE_STEPS} steps, not {len(tables)}", "cycle", 0)
    return tuple(_cycle_step(number, table) for number, table in enumerate(tables, start=1))


def _cycle_step(number: int, table: Table) -> CycleStep:
    table.only("label", "months", "who")
    months = table.list_of("months", int)
    if not months or not set(months) <= set(range(1, 13)):
        raise table.wrong(f"months must be some of 1 to 12, not {list(months)}", "months")
    return CycleStep(number, table.label("label"), months, table.label("who"))


def _council_quorum(top: Table) -> tuple[int, int] | None:
    if "council_quorum" not in top.values:
        return None
    match top.list_of("council_quorum", int):
        case (part, whole) if 0 < part <= whole:
            return part, whole
        case _:
            raise top.wrong("must be [part, whole], such as [2, 3]", "council_quorum")


def _renewal_window(top: Table) -> tuple[int, int] | None:
    if "renewal_window_days" not in top.values:
        return None
    match top.list_of("renewal_window_days", int):
        case (earliest, latest) if earliest > latest > 0:
            return earliest, latest
        case _:
            raise top.wrong("must be [earliest, latest] in days before expiry", "renewal_window_days")


def _product_code(top: Table) -> str | None:
    if "product_code" not in top.values:
        return None
    pattern = top.text("product_code")
    named = sorted(_BRACED.findall(pattern))
    if named != sorted(CODE_PARTS) or set(_BRACED.sub("", pattern)) & {"{", "}"}:
        raise top.wrong(f"must name each of {', '.join(CODE_PARTS)} once", "product_code")
    return pattern


_BRACED = re.compile(r"\{(\w+)\}")


def _grounds(top: Table) -> tuple[RevocationGround, ...]:
    tables = top.named("revocation_grounds") if "revocation_grounds" in top.values else {}
    return tuple(_ground(ground_id, table) for ground_id, table in tables.items())


def _ground(ground_id: str, table: Table) -> RevocationGround:
    table.only("label", "remedy")
    _check_slug(table, ground_id)
    return RevocationGround(ground_id, table.label("label"), table.label("remedy"))


def _transition(top: Table) -> Transition | None:
    if "transition" not in top.values:
        return None
    table = top.table("transition")
    table.only("finish_by", "finish_reevaluation_by", "source")
    return Transition(
        finish_by=table.take("finish_by", date),
        finish_reevaluation_by=table.take("finish_reevaluation_by", date),
        source=table.text("source"),
    )

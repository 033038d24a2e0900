"""`rules` on the command line: a score sheet to compare with the decree, what new rules change, whom they catch out."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.catalogs import Catalog
from bot.catalogs import load as load_catalogs
from bot.settings import Settings
from bot.world import LOCALES
from dialogs.model import N_, Sayable, Text
from dialogs.rules.lifecycle import STATUSES, is_dossier
from dialogs.rules.ruleset import (
    DEADLINE_IDS,
    PART_IDS,
    STARS,
    Deadline,
    Level,
    Paper,
    ProductSet,
    Ruleset,
    RulesetError,
    load,
    ruleset,
)
from dialogs.rules.sheet import GATES, Criterion, Option, Section, Sheet, order_of, sheets
from dialogs.rules.sheet import load as load_sheets
from storage.database import make_engine, reading
from storage.open_cases import OpenCase, open_cases

Say = Callable[[str], None]

LEVELS = {
    Level.COMMUNE: N_("the commune"),
    Level.DISTRICT: N_("the district"),
    Level.PROVINCE: N_("the province"),
    Level.CENTRE: N_("the centre"),
}
TOPICS = {
    "raw_material": N_("the commune assesses it: local material"),
    "local_labour": N_("the commune assesses it: local labour"),
    "idea": N_("the commune assesses it: origin of the idea"),
    "identity": N_("the commune assesses it: local identity"),
}
DEADLINES = dict(
    zip(
        DEADLINE_IDS,
        (
            N_("Answer to an idea"),
            N_("Answer to a business plan"),
            N_("The commune's report on a dossier"),
            N_("The province's rating"),
            N_("Rating again before the certificate ends"),
            N_("Taking a certificate away"),
        ),
        strict=True,
    )
)


@dataclass(frozen=True, slots=True)
class Rules:
    """A ruleset with its sheets by number of the product set."""

    ruleset: Ruleset
    sheets: Mapping[int, Sheet]


def opened(name: str) -> Rules:
    """By id, or a draft by the path of its file, with its sheets in sheets/<the file's name> beside it.

    Raises SystemExit in one line for whoever runs the command.
    """
    try:
        if not name.endswith(".toml"):
            return Rules(ruleset(name), sheets(name))
        path = Path(name)
        rules, folder = load(path), path.parent / "sheets" / path.stem
        return Rules(rules, load_sheets(folder, rules) if folder.is_dir() else {})
    except LookupError:
        raise SystemExit(f"There are no rules {name}. Write ocop-2026 or the path of a .toml file.") from None
    except RulesetError as error:
        raise SystemExit(str(error)) from None
    except OSError as error:
        raise SystemExit(f"{name}: {error.strerror}") from None


def catalog(locale: str) -> Catalog:
    return load_catalogs(LOCALES)[locale]


# ---------------------------------------------------------------- one sheet


def show(rules: Rules, number: int, catalog: Catalog, say: Say) -> None:
    """Print the sheet of a product set. SystemExit where it is not known."""
    sheet = rules.sheets.get(number)
    if sheet is None:
        raise SystemExit(f"{rules.ruleset.id} has no score sheet for set {number}.")
    for line in _sheet(rules.ruleset, sheet, catalog):
        say(line)


def _sheet(rules: Ruleset, sheet: Sheet, catalog: Catalog) -> Iterator[str]:
    words = catalog.say
    yield f"{rules.id} · {sheet.number}. {words(rules.product_set(sheet.number).label)}"
    yield sheet.source
    if sheet.partial:
        yield words(Text(N_("Not all of this sheet is known: nobody is scored with it.")))
    items: list[Section | Criterion] = [*sheet.sections, *sheet.criteria]
    items.sort(key=lambda item: order_of(item.code))
    for part in PART_IDS:
        label, points = rules.parts[part].label, sheet.parts[part]
        yield ""
        yield f"{part}. {words(label)} [{points}]"
        for item in items:
            if item.part == part:
                yield from _item(rules, item, words)
    yield ""
    yield words(Text(N_("Not rated at all:")))
    for knockout in sheet.knockouts:
        yield f"  - {words(knockout.label)} ({knockout.source})"
    for remark in sheet.remarks:
        doubt = N_("corrected") if remark.fixed else N_("open, as printed")
        yield f"  ! {remark.code} ({words(Text(doubt))}): {words(remark.reason)}"


def _item(rules: Ruleset, item: Section | Criterion, words: Callable[[Sayable], str]) -> Iterator[str]:
    indent = "  " * (item.code.count(".") + 1)
    yield f"{indent}{item.code} {words(item.label)} [{item.max_points}]"
    if isinstance(item, Section):
        return
    case = None
    for option in item.options:
        if option.case and option.case != case:
            yield f"{indent}  ({words(option.case)})"
        case = option.case
        yield f"{indent}  {_price(option):<7} {words(option.label)}"
    yield from (f"{indent}  = {words(note)}" for note in _notes(rules, item))


def _price(option: Option) -> str:
    return f"{option.points}{'*' * (option.gate or 0)}"


def _notes(rules: Ruleset, item: Criterion) -> Iterator[Sayable]:
    if item.hint:
        yield item.hint
    if item.needs:
        yield Text(N_("counts only with points at %(code)s"), {"code": item.needs})
    if item.topic:
        yield Text(TOPICS[item.topic])
    labels = {paper.id: paper.label for paper in rules.papers if paper.stage == "dossier"}
    yield from (Text(N_("paper: %(paper)s"), {"paper": labels[paper]}) for paper in item.papers)


# ---------------------------------------------------------------- what new rules change


def diff(old: Rules, new: Rules, catalog: Catalog, say: Say) -> None:
    found = list(changes(old, new))
    for change in found:
        say(f"- {catalog.say(change)}")
    if not found:
        say(catalog.say(Text(N_("Nothing changes for producers."))))


def changes(old: Rules, new: Rules) -> Iterator[Text]:
    """What is different for a producer, in whole sentences."""
    before, after = old.ruleset, new.ruleset
    yield from _points(before, after)
    yield from _authorities(before, after)
    yield from _papers(before, after)
    yield from _days(before, after)
    yield from _product_sets(before, after)
    yield from _sheets(old, new)


def _points(before: Ruleset, after: Ruleset) -> Iterator[Text]:
    for part in PART_IDS:
        was, now = before.parts[part].max_points, after.parts[part].max_points
        if was != now:
            yield Text(
                N_("Part %(part)s, %(label)s: %(old)s points before, now %(new)s."),
                {"part": part, "label": after.parts[part].label, "old": was, "new": now},
            )
    for was_band, band in zip(before.thresholds, after.thresholds, strict=True):
        if was_band.from_points != band.from_points:
            yield Text(
                N_("%(stars)s stars begin at %(new)s points, before at %(old)s."),
                {"stars": band.stars, "old": was_band.from_points, "new": band.from_points},
            )


def _authorities(before: Ruleset, after: Ruleset) -> Iterator[Text]:
    for level in Level:
        if (level in before.levels) != (level in after.levels):
            msgid = N_("Dossiers no longer go through %(level)s.")
            if level in after.levels:
                msgid = N_("Dossiers now go through %(level)s as well.")
            yield Text(msgid, {"level": Text(LEVELS[level])})
    for stars in STARS:
        was, now = before.certifies[stars], after.certifies[stars]
        if was == now:
            continue
        if now is None:
            yield Text(N_("%(stars)s stars no longer bring a certificate."), {"stars": stars})
        else:
            yield Text(
                N_("The certificate for %(stars)s stars now comes from %(level)s."),
                {"stars": stars, "level": Text(LEVELS[now])},
            )


def _papers(before: Ruleset, after: Ruleset) -> Iterator[Text]:
    """Papers keep their id from ruleset to ruleset as long as they are the same thing."""
    old, new = ({paper.id: paper for paper in rules.papers} for rules in (before, after))
    for id_, paper in new.items():
        if id_ not in old:
            msgid = N_("New, required with the %(stage)s: %(paper)s.")
            if not paper.required:
                msgid = N_("New, for those who have it, with the %(stage)s: %(paper)s.")
            yield _of(msgid, paper)
        elif paper.required and not old[id_].required:
            yield _of(N_("Now required with the %(stage)s: %(paper)s."), paper)
        elif old[id_].required and not paper.required:
            yield _of(N_("No longer required with the %(stage)s: %(paper)s."), paper)
    for id_, paper in old.items():
        if id_ not in new:
            yield _of(N_("No longer asked for with the %(stage)s: %(paper)s."), paper)


def _of(msgid: str, paper: Paper) -> Text:
    stage = N_("business plan") if paper.stage == "plan" else N_("dossier")
    return Text(msgid, {"stage": Text(stage), "paper": paper.label})


def _days(before: Ruleset, after: Ruleset) -> Iterator[Text]:
    for id_ in DEADLINE_IDS:
        was, now = _limit(before.deadlines[id_]), _limit(after.deadlines[id_])
        if was != now:
            yield Text(N_("%(what)s: %(new)s, before %(old)s."), {"what": Text(DEADLINES[id_]), "old": was, "new": now})
    if before.certificate_months != after.certificate_months:
        yield Text(
            N_("A certificate is good for %(new)s months, before %(old)s."),
            {"old": before.certificate_months, "new": after.certificate_months},
        )
    window = after.renewal_window_days
    if window and window != before.renewal_window_days:
        yield Text(
            N_("To keep the stars, file again between %(first)s and %(last)s days before the certificate ends."),
            {"first": window[0], "last": window[1]},
        )
    for one in after.rounds:
        if one not in before.rounds:
            yield Text(
                N_("%(round)s: dossiers from the commune before %(first)s, results before %(last)s."),
                {
                    "round": one.label,
                    "first": f"{one.proposals_before.day}/{one.proposals_before.month}",
                    "last": f"{one.results_before.day}/{one.results_before.month}",
                },
            )


def _limit(deadline: Deadline) -> Text:
    if deadline.working_days:
        return Text(N_("%(count)s working days"), {"count": deadline.working_days})
    if deadline.calendar_days:
        return Text(N_("%(count)s days"), {"count": deadline.calendar_days})
    return Text(N_("no limit of days"))


def _product_sets(before: Ruleset, after: Ruleset) -> Iterator[Text]:
    for one in _all_sets(before):
        if _same_set(after, one) is None:
            yield Text(N_("No longer a kind of its own: %(kind)s."), {"kind": one.label})
    for one in _all_sets(after):
        if _same_set(before, one) is None:
            yield Text(N_("A new kind of product: %(kind)s."), {"kind": one.label})


def _all_sets(rules: Ruleset) -> list[ProductSet]:
    return [one for group in rules.groups for one in group.sets]


def _same_set(rules: Ruleset, wanted: ProductSet) -> ProductSet | None:
    """The set that bears the same name, in the annex or else in everyday words: the numbers changed in 2023."""
    named = [one for one in _all_sets(rules) if one.label.vi.casefold() == wanted.label.vi.casefold()]
    called = [one for one in _all_sets(rules) if _names(one) & _names(wanted)]
    return max(named or called, key=lambda one: len(_names(one) & _names(wanted)), default=None)


def _names(one: ProductSet) -> set[str]:
    return {name.casefold() for name in (one.label.vi, *one.aliases)}


def _sheets(old: Rules, new: Rules) -> Iterator[Text]:
    """Changes of the score sheets, each once with the sets it concerns, by their new numbers."""
    for rules in (old, new):
        if not rules.sheets:
            yield Text(N_("The score sheets of %(rules)s are not known, so items are not compared."),
                       {"rules": rules.ruleset.title})  # fmt: skip
            return
    found: dict[str, tuple[Text, list[int]]] = {}
    for number, after in sorted(new.sheets.items()):
        same = _same_set(old.ruleset, new.ruleset.product_set(number))
        before = old.sheets.get(same.number) if same else None
        for said in _items(before, after) if before else ():
            found.setdefault(repr(said), (said, []))[1].append(number)
    if any(sheet.partial for sheet in old.sheets.values()):
        yield Text(N_("Of %(rules)s only parts of the score sheets are known, so not all changes are listed."),
                   {"rules": old.ruleset.title})  # fmt: skip
    for said, numbers in found.values():
        yield Text(N_("%(change)s Sets: %(sets)s."), {"change": said, "sets": _spans(numbers)})


def _items(before: Sheet, after: Sheet) -> Iterator[Text]:
    unknown = {s.part for s in before.sections if not any(c.code.startswith(f"{s.code}.") for c in before.criteria)}
    gone = list(before.criteria)
    for item in after.criteria:
        same = _same_item(before, item)
        if same in gone:
            gone.remove(same)
        if same is None and item.part not in unknown:
            yield Text(N_("New item “%(item)s”, worth up to %(points)s."), _about(item, points=item.max_points))
        elif same is not None and same.max_points != item.max_points:
            yield Text(
                N_("“%(item)s” is worth up to %(points)s, before %(old)s."),
                _about(item, points=item.max_points, old=same.max_points),
            )
        yield from _gates(same, item)
    for item in gone:
        yield Text(N_("No longer scored: “%(item)s”, worth up to %(points)s."), _about(item, points=item.max_points))


def _same_item(sheet: Sheet, wanted: Criterion) -> Criterion | None:
    """The item of that name, else of that label, in the same part: codes move when one is added."""
    part = [item for item in sheet.criteria if item.part == wanted.part]
    named = (item for item in part if item.name == wanted.name)
    return next(named, next((item for item in part if item.label == wanted.label), None))


def _gates(before: Criterion | None, item: Criterion) -> Iterator[Text]:
    was = {option.gate: option.label for option in before.options if option.gate} if before else {}
    now = {option.gate: option.label for option in item.options if option.gate}
    for stars in GATES:
        if stars in now and now[stars] != was.get(stars):
            yield Text(
                N_("For %(stars)s stars, “%(item)s” must now be at least: %(option)s."),
                _about(item, stars=stars, option=now[stars]),
            )
        elif stars in was and stars not in now:
            yield Text(N_("“%(item)s” no longer decides about %(stars)s stars."), _about(item, stars=stars))


def _about(item: Criterion, **values: int | Sayable) -> dict[str, int | Sayable]:
    return {"item": item.label, **values}


def _spans(numbers: Iterable[int]) -> str:
    """ "1-4, 7": runs of three or more are drawn together."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{r[0]}-{r[-1]}" if len(r) > 2 else ", ".join(map(str, r)) for r in runs)


# ---------------------------------------------------------------- whom new rules would catch out


@dataclass(frozen=True, slots=True)
class Lack:
    """What a case would not have. `new`: its own rules do not ask for these; `homeless`: it has no group any more."""

    code: str
    papers: tuple[Paper, ...]
    new: frozenset[str]
    homeless: bool


def lack(case: OpenCase, rules: Ruleset) -> Lack:
    """What this case would lack where it stands if it had to follow `rules`; ideas hand in no papers yet."""
    own = ruleset(case.ruleset)
    group = _group_in(rules, own, case)
    mine = _required(own, case.answers.get("product_group", ""), case)
    papers = [paper for paper in _required(rules, group, case) if paper.id not in case.papers]
    return Lack(case.code, tuple(papers), frozenset({p.id for p in papers} - {p.id for p in mine}), group == "")


def _required(rules: Ruleset, group: str, case: OpenCase) -> tuple[Paper, ...]:
    kind = case.answers.get("producer_kind", "")
    if STATUSES[case.status].step < 3 or not group or not kind:
        return ()
    stage = "dossier" if is_dossier(case.status) else "plan"
    return tuple(p for p in rules.papers if p.stage == stage and p.required and p.concerns(group, kind))


def _group_in(rules: Ruleset, own: Ruleset, case: OpenCase) -> str:
    """The group its product falls into under `rules`: that of the set of the same name, else of the same id, or ""."""
    id_, number = case.answers.get("product_group", ""), case.answers.get("product_set", "")
    same = None
    if number.isdigit():
        same = _same_set(rules, own.product_set(int(number)))
    if same is not None:
        return same.group
    return id_ if any(group.id == id_ for group in rules.groups) else ""


async def tried(config: Settings, rules: Ruleset, catalog: Catalog, say: Say) -> None:
    """`dry_run` on the configured database."""
    from bot.app import check  # it brings the web server along, which nothing else here needs

    await check(config)
    engine = make_engine(config.database_url)
    try:
        await dry_run(engine, rules, catalog, say)
    finally:
        await engine.dispose()


async def dry_run(engine: AsyncEngine, rules: Ruleset, catalog: Catalog, say: Say) -> None:
    """Print a line for each open case that would lack something, and how many lack what. Changes nothing."""
    counts: Counter[Paper] = Counter()
    seen = caught = homeless = 0
    words = catalog.say
    async with reading(engine) as connection:
        async for case in open_cases(connection):
            seen += 1
            found = lack(case, rules)
            if not found.papers and not found.homeless:
                continue
            caught, homeless = caught + 1, homeless + found.homeless
            counts.update(found.papers)
            say(f"{found.code}: {', '.join(map(words, _lacks(found)))}")
    for paper, count in counts.most_common():
        say(f"{count:6} {words(paper.label)}")
    if homeless:
        say(f"{homeless:6} {words(Text(N_('product group to be chosen again')))}")
    say(words(Text(N_("%(caught)s of %(seen)s open cases would lack something under %(rules)s."),
                   {"caught": caught, "seen": seen, "rules": rules.title})))  # fmt: skip


def _lacks(found: Lack) -> Iterator[Sayable]:
    if found.homeless:
        yield Text(N_("product group to be chosen again"))
    for paper in found.papers:
        yield Text(N_("%(paper)s (new)"), {"paper": paper.label}) if paper.id in found.new else paper.label

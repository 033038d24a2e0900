"""The monthly report of a territory as PDF: totals, charts and tables, in Vietnamese or English.

Charts are drawn as rectangles and words by fpdf2, which the posters need anyway: sharp at any size, small, and
written with the same font. Lengths are in millimetres on A4.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from fpdf import FPDF
from fpdf.enums import Align

from bot.catalogs import Catalog
from bot.desk.export import SIDES, commune_name
from bot.poster import ACCENT, FONT, INK, QUIET, add_fonts, close_fonts
from dialogs import places
from dialogs.model import N_, Sayable, Text, Value
from dialogs.rules.lifecycle import STATUSES
from dialogs.rules.ruleset import Ruleset, ruleset_on, rulesets
from storage.reports import STAGES, STEPS, Month, groups_in_order, month_after

MARGIN: Final = 18.0
WIDTH: Final = 210.0 - 2 * MARGIN
BOTTOM: Final = 297.0 - 20.0
CHART_COMMUNES: Final = 12
"""Communes in the chart; the table has all that anything happened in."""
ROW: Final = 7.0
STEP: Final = 8.0
BAR: Final = 3.4

CAME, DONE = "#a8d3bd", ACCENT
SERIES: Final = ("#c4e0d2", "#6fb592", ACCENT, "#e0a526")
"""Ideas, plans, dossiers, results: from light to dark, so that they stay apart without colour."""
LATE: Final = "#b3261e"
GRID: Final = "#d8dfda"

STAGE_WORDS: Mapping[str, str] = {
    "idea_in": N_("Ideas received"),
    "idea_ok": N_("Ideas accepted"),
    "plan_in": N_("Plans received"),
    "plan_ok": N_("Plans accepted"),
    "dossier_in": N_("Dossiers received"),
    "dossier_up": N_("Dossiers sent up"),
    "result": N_("Results"),
}
STEP_WORDS: Mapping[str, str] = {
    "idea_submitted": N_("Commune: the idea"),
    "plan_submitted": N_("Commune: the plan"),
    "dossier_submitted": N_("Commune: the dossier"),
    "dossier_checked": N_("Commune's leadership"),
    "at_district": N_("District"),
    "forwarded": N_("Province: receiving"),
    "in_evaluation": N_("Province: rating"),
    "proposed_for_five": N_("Ministry: five stars"),
}
BARS = ("idea_in", "plan_in", "dossier_in", "result")
"""What the charts by group and by commune show, in the colours of SERIES."""
BAR_WORDS = (N_("Ideas"), N_("Plans"), N_("Dossiers"), N_("Results"))


class _Paper(FPDF):
    """A4 pages with a running foot."""

    def __init__(self, foot: str, made_at: datetime) -> None:
        super().__init__(format="A4")
        self._foot = foot
        self.set_auto_page_break(auto=False)
        self.set_creation_date(made_at)
        add_fonts(self)
        self.add_page()

    def footer(self) -> None:
        self.write_at(MARGIN, 287, self._foot, 8.5, QUIET)
        self.write_at(MARGIN + WIDTH, 287, str(self.page_no()), 8.5, QUIET, align=Align.R)

    def write_at(
        self,
        x: float,
        y: float,
        words: str,
        size_pt: float,
        colour: str = INK,
        *,
        bold: bool = False,
        align: Align = Align.L,
    ) -> None:
        """One line with its baseline at `y`; `x` is its start, its middle or its end."""
        self.set_font(FONT, "B" if bold else "", size_pt)
        self.set_text_color(colour)
        width = self.get_string_width(words)
        self.text({Align.L: x, Align.C: x - width / 2}.get(align, x - width), y, words)

    def fill(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        self.set_fill_color(colour)
        self.rect(x, y, width, height, style="F")

    def shortened(self, words: str, room: float, size_pt: float) -> str:
        """As much of a line as there is room for."""
        self.set_font(FONT, "", size_pt)
        if self.get_string_width(words) <= room:
            return words
        while words and self.get_string_width(f"{words}…") > room:
            words = words[:-1]
        return f"{words.rstrip()}…"


@dataclass(frozen=True, slots=True)
class _Draft:
    """A report being drawn: what it says, in which language, on which paper."""

    month: Month
    catalog: Catalog
    paper: _Paper

    def say(self, msgid: str, **values: Value) -> str:
        return self.catalog.say(Text(msgid, values))

    def number(self, value: float) -> str:
        """ "2,5" in Vietnamese, "2.5" in English."""
        return self.say("%(n)s", n=Decimal(str(value)))


@dataclass(frozen=True, slots=True)
class _Bars:
    """A line of a chart: its name and a value for each colour."""

    name: str
    values: Sequence[int]


def pdf(month: Month, catalog: Catalog, now: datetime) -> bytes:
    """The report as a PDF; `now` (aware) is when it is made."""
    foot = catalog.say(
        Text(N_("OCOP, %(place)s, %(month)s"), {"place": place(month.territory, catalog), "month": _short(month)})
    )
    paper = _Paper(foot, now)
    draft = _Draft(month, catalog, paper)
    try:
        y = _overview(draft, now)
        y = _charts(draft, y)
        _tables(draft, y)
        return bytes(paper.output())
    finally:
        close_fonts(paper)


def title(month: Month, catalog: Catalog) -> str:
    return catalog.say(Text(N_("OCOP report, %(month)s"), {"month": _short(month)}))


def _short(month: Month) -> str:
    return f"{month.first.month}/{month.first.year}"


def place(territory: str, catalog: Catalog) -> str:
    """ "Xã Tân Lĩnh, tỉnh Lào Cai", "Tỉnh Lào Cai", or the whole country."""
    found = places.parse_territory(territory)
    if found is None:
        return catalog.say(Text(N_("The whole country")))
    province, commune = found
    words = f"{commune.full_name}, {province.full_name}" if commune is not None else province.full_name
    return words[:1].upper() + words[1:]


# ---------------------------------------------------------------- pages


def _overview(draft: _Draft, now: datetime) -> float:
    paper = draft.paper
    paper.fill(0, 0, 210, 6, ACCENT)
    paper.write_at(MARGIN, 27, title(draft.month, draft.catalog), 26, bold=True)
    paper.write_at(MARGIN, 37, place(draft.month.territory, draft.catalog), 15, ACCENT, bold=True)
    paper.write_at(MARGIN, 44, draft.say(N_("Made at %(moment)s."), moment=now), 10, QUIET)
    y = _tiles(draft, 52)
    y = _returned(draft, y + 8)
    y = _heading(draft, y + 10, N_("From idea to result"))
    y = _road(draft, y)
    y = _heading(draft, y + 8, N_("Waiting for an office, on the day of this report"))
    return _waiting(draft, y)


def _charts(draft: _Draft, y: float) -> float:
    y = _section(draft, y, N_("Working days at each step (median)"), 4 + STEP * len(draft.month.days))
    y = _steps(draft, y)
    groups = [_Bars(name, _values(counts)) for name, counts in _groups(draft)]
    y = _section(draft, y, N_("By product group"), 6 + sum(map(_bars_height, groups)))
    y = _chart(draft, y, groups)
    y = _section(draft, y, N_("Stars of the results"), 7 * len(draft.month.stars))
    return _stars(draft, y)


def _tables(draft: _Draft, y: float) -> None:
    groups, communes = list(_groups(draft)), list(_communes(draft))
    y = _section(draft, y, N_("By product group"), 11 + ROW * (len(groups) + 1))
    y = _table(draft, y, draft.say(N_("Product group")), groups)
    if "/" in draft.month.territory:
        return
    most = [_Bars(name, _values(counts)) for name, counts in communes[:CHART_COMMUNES]]
    y = _section(draft, y, N_("By commune"), 6 + sum(map(_bars_height, most)))
    if len(communes) > 1:
        y = _chart(draft, y, most) + 4
    _table(draft, y, draft.say(N_("Commune")), communes)


def _heading(draft: _Draft, y: float, msgid: str) -> float:
    draft.paper.write_at(MARGIN, y, draft.say(msgid), 14, bold=True)
    draft.paper.fill(MARGIN, y + 2.2, WIDTH, 0.3, GRID)
    return y + 7


def _section(draft: _Draft, y: float, msgid: str, height: float) -> float:
    """The heading of something so high, on a new page if it would be torn; what fills more than a page may be."""
    return _heading(draft, _room(draft, y + 9, 7 + min(height, BOTTOM - 40)), msgid)


def _room(draft: _Draft, y: float, needed: float) -> float:
    """`y`, or the head of a new page where less than `needed` is left."""
    if y + needed <= BOTTOM:
        return y
    draft.paper.add_page()
    return 24


# ---------------------------------------------------------------- what it counts


def _values(counts: Counter[str]) -> list[int]:
    return [counts[name] for name in BARS]


def _groups(draft: _Draft) -> Iterator[tuple[str, Counter[str]]]:
    labels = _labels()
    known = [group.id for group in _rules(draft.month).groups]
    for group in groups_in_order(draft.month.by_group, known):
        label = labels.get(group)
        yield (
            (draft.catalog.say(label) if label is not None else group or draft.say(N_("not said"))),
            draft.month.by_group[group],
        )


def _labels() -> Mapping[str, Sayable]:
    """Of all rules, the newest ones' last: a case of older rules is counted under today's name of its group."""
    return {group.id: group.label for rules in rulesets() for group in rules.groups}


def _rules(month: Month) -> Ruleset:
    return ruleset_on(month_after(month.first) - timedelta(days=1))


def _communes(draft: _Draft) -> Iterator[tuple[str, Counter[str]]]:
    """Where most happened comes first."""
    by_commune = draft.month.by_commune
    for code in sorted(by_commune, key=lambda code: (-by_commune[code].total(), code)):
        name = commune_name(code)
        yield name[:1].upper() + name[1:], by_commune[code]


# ---------------------------------------------------------------- totals


def _tiles(draft: _Draft, y: float) -> float:
    """What came in, large, and what became of it, below."""
    total = draft.month.totals
    tiles = (
        (BAR_WORDS[0], total["idea_in"], draft.say(N_("%(n)s accepted"), n=total["idea_ok"])),
        (BAR_WORDS[1], total["plan_in"], draft.say(N_("%(n)s accepted"), n=total["plan_ok"])),
        (BAR_WORDS[2], total["dossier_in"], draft.say(N_("%(n)s sent up"), n=total["dossier_up"])),
        (BAR_WORDS[3], total["result"], draft.say(N_("%(n)s of 3 stars or more"), n=_starred(draft.month))),
    )
    gap = 4.0
    width = (WIDTH - 3 * gap) / 4
    for n, (name, count, below) in enumerate(tiles):
        x = MARGIN + n * (width + gap)
        draft.paper.fill(x, y, width, 30, "#eef5f1")
        draft.paper.fill(x, y, 1.2, 30, ACCENT)
        draft.paper.write_at(x + 5, y + 7, draft.say(name), 10.5, QUIET)
        draft.paper.write_at(x + 5, y + 19, draft.number(count), 27, bold=True)
        draft.paper.write_at(x + 5, y + 26, draft.paper.shortened(below, width - 6, 9.5), 9.5, INK)
    return y + 30


def _starred(month: Month) -> int:
    return sum(count for stars, count in month.stars.items() if stars >= 3)


def _returned(draft: _Draft, y: float) -> float:
    total = draft.month.totals
    back = draft.say(
        N_("Returned for a change: %(ideas)s ideas, %(plans)s plans, %(dossiers)s dossiers."),
        ideas=total["idea_back"], plans=total["plan_back"], dossiers=total["dossier_back"],
    )  # fmt: skip
    later = draft.say(
        N_("Put off: %(ideas)s ideas, %(plans)s plans."), ideas=total["idea_later"], plans=total["plan_later"]
    )
    draft.paper.write_at(MARGIN, y, back, 10.5)
    draft.paper.write_at(MARGIN, y + 5.5, later, 10.5)
    return y + 5.5


def _waiting(draft: _Draft, y: float) -> float:
    if not draft.month.waiting:
        draft.paper.write_at(MARGIN, y + 2, draft.say(N_("Nothing waits.")), 10.5)
        return y + 6
    for side in (side for side in SIDES if side in draft.month.waiting):
        count, overdue = draft.month.waiting[side]
        name = draft.catalog.say(SIDES[side])
        draft.paper.write_at(MARGIN, y + 2, name[:1].upper() + name[1:], 10.5)
        draft.paper.write_at(MARGIN + 70, y + 2, draft.number(count), 10.5, bold=True, align=Align.R)
        late = draft.say(N_("%(n)s of them overdue"), n=overdue) if overdue else draft.say(N_("none overdue"))
        draft.paper.write_at(MARGIN + 76, y + 2, late, 10.5, LATE if overdue else QUIET)
        y += 6
    return y


# ---------------------------------------------------------------- charts


def _road(draft: _Draft, y: float) -> float:
    """Pairs of columns: what came in, and what was accepted, sent up, rated."""
    total = draft.month.totals
    pairs = (("idea_in", "idea_ok"), ("plan_in", "plan_ok"), ("dossier_in", "dossier_up"))
    height, most = 42.0, max([total[name] for name in STAGES], default=0) or 1
    y = _legend(draft, y, (N_("received"), N_("accepted or sent up")), (CAME, DONE)) + 4
    base, room = y + height, WIDTH / 4
    for n, (came, done) in enumerate((*pairs, ("", "result"))):
        middle = MARGIN + room * (n + 0.5)
        for side, name, colour in ((-1, came, CAME), (1, done, DONE)):
            if name:
                _column(
                    draft, middle + (side * 7 if came else 0), base, total[name], height * total[name] / most, colour
                )
        draft.paper.write_at(middle, base + 5, draft.say(BAR_WORDS[n]), 10, QUIET, align=Align.C)
    draft.paper.fill(MARGIN, base, WIDTH, 0.3, QUIET)
    return base + 7


def _column(draft: _Draft, middle: float, base: float, value: int, height: float, colour: str) -> None:
    draft.paper.fill(middle - 6, base - height, 12, height, colour)
    draft.paper.write_at(middle, base - height - 1.5, draft.number(value), 10, bold=True, align=Align.C)


def _legend(draft: _Draft, y: float, msgids: Sequence[str], colours: Sequence[str]) -> float:
    x = MARGIN
    for msgid, colour in zip(msgids, colours, strict=True):
        words = draft.say(msgid)
        draft.paper.fill(x, y - 1.2, 3.2, 3.2, colour)
        draft.paper.write_at(x + 4.8, y + 1.5, words, 9.5, QUIET)
        x += 12 + draft.paper.get_string_width(words)
    return y + 5


def _steps(draft: _Draft, y: float) -> float:
    """Bars with the limit of the rules as a line; only steps at which something was done this month."""
    steps = [step for step in STEPS if draft.month.days.get(step)]
    if not steps:
        return _nothing(draft, y)
    limits = {step: limit for step in steps if (limit := _limit(draft.month, step)) is not None}
    longest = max([*(draft.month.median_days(step) or 0 for step in steps), *limits.values(), 1])
    room, start = WIDTH - 95, MARGIN + 58
    for step in steps:
        days = draft.month.median_days(step) or 0
        limit = limits.get(step)
        late = limit is not None and days > limit
        draft.paper.write_at(MARGIN, y + 4, draft.say(STEP_WORDS[step]), 10)
        draft.paper.fill(start, y, max(room * days / longest, 0.4), 5.4, LATE if late else DONE)
        if limit is not None:
            draft.paper.fill(start + room * limit / longest, y - 0.9, 0.5, 7.2, INK)
        draft.paper.write_at(start + room + 3, y + 4, draft.number(days), 10, bold=True)
        cases = draft.say(N_("%(n)s cases"), n=len(draft.month.days[step]))
        draft.paper.write_at(MARGIN + WIDTH, y + 4, cases, 9.5, QUIET, align=Align.R)
        y += STEP
    if limits:
        draft.paper.write_at(start, y + 2.5, draft.say(N_("The dark line is the limit of the rules.")), 8.5, QUIET)
        y += 4
    return y


def _limit(month: Month, step: str) -> int | None:
    deadline = STATUSES[step].deadline
    return _rules(month).deadlines[deadline].working_days if deadline else None


def _nothing(draft: _Draft, y: float) -> float:
    draft.paper.write_at(MARGIN, y + 2, draft.say(N_("Nothing this month.")), 10.5, QUIET)
    return y + 4


def _chart(draft: _Draft, y: float, lines: Sequence[_Bars]) -> float:
    """Horizontal bars, a colour for each of BARS; goes on over the page where there are many."""
    lines = [line for line in lines if any(line.values)]
    if not lines:
        return _nothing(draft, y)
    y = _legend(draft, y, BAR_WORDS, SERIES) + 1
    most = max(max(line.values) for line in lines)
    for line in lines:
        y = _bars(draft, _room(draft, y, len(SERIES) * BAR + 3), line, most)
    return y


def _bars_height(line: _Bars) -> float:
    return len([value for value in line.values if value]) * BAR + 2.6


def _bars(draft: _Draft, y: float, line: _Bars, most: int) -> float:
    """Of one name; colours without a value take no room."""
    start, room = MARGIN + 58, WIDTH - 74
    shown = [(value, colour) for value, colour in zip(line.values, SERIES, strict=True) if value]
    middle = y + len(shown) * BAR / 2
    draft.paper.write_at(MARGIN, middle + 1.3, draft.paper.shortened(line.name, 55, 10), 10)
    for value, colour in shown:
        draft.paper.fill(start, y, room * value / most, BAR - 0.4, colour)
        draft.paper.write_at(start + room * value / most + 1.5, y + BAR - 0.8, draft.number(value), 8, QUIET)
        y += BAR
    return y + 2.6


def _stars(draft: _Draft, y: float) -> float:
    stars = draft.month.stars
    if not stars:
        return _nothing(draft, y)
    for row, star in enumerate(sorted(stars, reverse=True)):
        at = y + row * 7
        draft.paper.write_at(MARGIN, at + 4, draft.say(N_("%(n)s stars"), n=star), 10)
        draft.paper.fill(MARGIN + 58, at, (WIDTH - 74) * stars[star] / max(stars.values()), 5, SERIES[3])
        draft.paper.write_at(MARGIN + WIDTH, at + 4, draft.number(stars[star]), 10, bold=True, align=Align.R)
    return y + 7 * len(stars)


# ---------------------------------------------------------------- tables

_NAME_WIDTH = 55.0
_LONGEST_IN_ONE = 8
"""Letters of a column's name that stand in one line."""
_CELL_WIDTH = (WIDTH - _NAME_WIDTH) / len(STAGES)


def _table(draft: _Draft, y: float, name: str, lines: Sequence[tuple[str, Counter[str]]]) -> float:
    """A line for each name, the sum last; the head again on every page."""
    if not lines:
        return _nothing(draft, y)
    whole: Counter[str] = sum((counts for _, counts in lines), Counter())
    y = _head(draft, _room(draft, y, 40), name)
    for label, counts in (*lines, (draft.say(N_("Together")), whole)):
        if y + ROW > BOTTOM:
            draft.paper.add_page()
            y = _head(draft, 20, name)
        y = _line(draft, y, label, counts, bold=counts is whole)
    return y


def _head(draft: _Draft, y: float, name: str) -> float:
    draft.paper.fill(MARGIN, y - 2, WIDTH, 12, "#eef5f1")
    draft.paper.write_at(MARGIN + 1.5, y + 5, name, 9.5, bold=True)
    for n, stage in enumerate(STAGES):
        right = MARGIN + _NAME_WIDTH + (n + 1) * _CELL_WIDTH - 1.5
        lines = _two_lines(draft.say(STAGE_WORDS[stage]))
        for row, words in enumerate(lines):
            draft.paper.write_at(right, y + 7 - len(lines) * 2 + row * 4, words, 8.5, bold=True, align=Align.R)
    return y + 11


def _two_lines(words: str) -> tuple[str, ...]:
    """A longer one broken at the space that leaves the shorter longest line."""
    parts = words.split() if len(words) > _LONGEST_IN_ONE else []
    ways = [(" ".join(parts[:n]), " ".join(parts[n:])) for n in range(1, len(parts))]
    return min(ways, key=lambda way: max(map(len, way))) if ways else (words,)


def _line(draft: _Draft, y: float, name: str, counts: Counter[str], *, bold: bool = False) -> float:
    draft.paper.write_at(MARGIN + 1.5, y + 4.6, draft.paper.shortened(name, _NAME_WIDTH - 4, 9.5), 9.5, bold=bold)
    for n, stage in enumerate(STAGES):
        right = MARGIN + _NAME_WIDTH + (n + 1) * _CELL_WIDTH - 1.5
        words, colour = (draft.number(counts[stage]), INK) if counts[stage] else ("–", QUIET)
        draft.paper.write_at(right, y + 4.6, words, 9.5, colour, bold=bold, align=Align.R)
    draft.paper.fill(MARGIN, y + ROW - 0.3, WIDTH, 0.2, GRID)
    return y + ROW

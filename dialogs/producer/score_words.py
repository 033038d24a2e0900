"""A score in words: points, a bar for each part, stars, and what stars ask for at least."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from dialogs.model import N_, CaseFacts, Option, ScorePicture, Text, Value
from dialogs.producer.own_score import needed_sheet
from dialogs.rules.planner import next_stars
from dialogs.rules.ruleset import PART_IDS, Label, PartId, ruleset
from dialogs.rules.scoring import NONE, Gate, Score, choices
from dialogs.rules.sheet import Criterion, Sheet
from dialogs.rules.sheet import Option as SheetOption

BAR_SQUARES = 10
MOST_GATES = 4
"""How many gates one message names; the way to the next star has them all."""
UNOFFICIAL = Text(N_("This is not an official score: the council decides."))


def option_words(option: SheetOption) -> Text | Label:
    """Of two ways to score an item, which one it is for."""
    if option.case is None:
        return option.label
    return Text(N_("%(case)s: %(option)s"), {"case": option.case, "option": option.label})


def mark_words(criterion: Criterion, mark: int) -> Text | Label:
    return Text(N_("None of these")) if mark == NONE else option_words(criterion.options[mark - 1])


Worded = Callable[[Criterion, int], Text | Label]


def mark_options(criterion: Criterion, words: Worded = mark_words) -> tuple[Option, ...]:
    """Every mark it may get, as a choice; a plain “không” is the one line that says there is nothing."""
    nothing = _denying(criterion)
    alone = {nothing[0]: _NO} if len(nothing) == 1 else {}
    return tuple(Option(str(n), words(criterion, n), alone=alone.get(n, ())) for n in choices(criterion))


def plain_no(criterion: Criterion) -> tuple[Option, ...]:
    """Where no line or several deny something: what a plain “không” is then, of which nobody can say what it means."""
    return () if len(_denying(criterion)) == 1 else (Option(UNCLEAR, Text(N_("A plain no")), hidden=True, alone=_NO),)


UNCLEAR = "no"
WHICH_LINE = N_("I am not sure which line “no” means here. Please choose the one that fits.")
_NO = ("không", "không có", "không có gì", "không có cái nào", "chưa", "chưa có", "chưa có gì", "no", "none", "not yet")


def _denying(criterion: Criterion) -> list[int]:
    """Marks whose words say that something is not there, in the words of the sheet: “Chưa có ai lo riêng”."""
    return [n for n in choices(criterion) if n == NONE or _DENIES.search(criterion.options[n - 1].label.vi)]


_DENIES = re.compile(r"^(?:không|chưa)\b|\b(?:không|chưa) có\b", re.IGNORECASE)


def asked_lines(criterion: Criterion) -> tuple[Text, ...]:
    """What an item of the sheet asks, in our words."""
    words = (criterion.label, criterion.hint)
    return tuple(Text("%(words)s", {"words": one}) for one in words if one is not None)


def total_lines(result: Score) -> Iterator[Text]:
    if result.knocked_out:
        yield Text(
            N_("As it stands it would not be scored at all: %(reason)s."), {"reason": result.knocked_out[0].label}
        )
    else:
        yield total_line(result)
    if result.held_back:
        yield Text(
            N_("The points are enough for %(stars)s stars, but something that these stars ask for is missing."),
            {"stars": result.stars_by_points},
        )


def total_line(result: Score) -> Text:
    low, high = result.range
    values: dict[str, Value] = {"low": low, "high": high, "stars": result.stars, "best": result.best_stars}
    if not result.open:
        return Text(N_("%(low)s points of 100: %(stars)s stars."), values)
    if result.stars == result.best_stars:
        return Text(N_("About %(low)s to %(high)s points of 100: %(stars)s stars."), values)
    return Text(N_("About %(low)s to %(high)s points of 100: %(stars)s to %(best)s stars."), values)


def points_missing(sheet: Sheet, result: Score) -> Iterator[Text]:
    """How far the points that are sure are from the star to aim at; nothing where only a gate is in the way."""
    stars = next_stars(result)
    missing = ruleset(sheet.ruleset).points_for(stars) - result.range[0] if stars else 0
    if missing > 0:
        one = N_("%(count)s point is missing to be sure of enough for %(stars)s stars.")
        many = N_("%(count)s points are missing to be sure of enough for %(stars)s stars.")
        yield Text(one, {"count": missing, "stars": stars or 0}, many)


def part_range(sheet: Sheet, result: Score, part: PartId) -> tuple[int, int]:
    """What a part has, and what it comes to with every open item at its best."""
    low = int(result.parts[part])
    return low, low + sum(c.best for c in sheet.criteria if c.part == part and c.code in result.open)


def part_lines(sheet: Sheet, result: Score) -> Iterator[Text]:
    for part in PART_IDS:
        low, high = part_range(sheet, result, part)
        values: dict[str, Value] = {
            "part": part,
            "name": ruleset(sheet.ruleset).parts[part].label,
            "points": str(low) if low == high else f"{low}–{high}",
            "most": sheet.parts[part],
            "bar": bar(low, sheet.parts[part]),
        }
        yield Text(N_("%(bar)s %(part)s. %(name)s: %(points)s/%(most)s"), values)


def bar(points: int | Decimal, most: int) -> str:
    """Ten squares for a chat, as many full as the points fill."""
    full = round(points * BAR_SQUARES / most)
    return "■" * full + "□" * (BAR_SQUARES - full)


def gate_lines(sheet: Sheet, result: Score) -> Iterator[Text]:
    """What keeps it below the next star, however many points are still to come; what is open may be there already."""
    stars = result.best_stars_by_gates + 1
    lacking = [gate for gate in result.missing_gates if gate.stars == stars and gate.code not in result.open]
    if lacking:
        values: dict[str, Value] = {"stars": stars, "best": result.best_stars}
        stays = N_("Even with more points it stays at %(best)s stars, as %(stars)s stars must have:")
        held = result.best_stars < result.best_stars_by_points
        yield Text(stays if held else N_("%(stars)s stars also need:"), values)
        yield from (_gate(sheet, gate) for gate in lacking[:MOST_GATES])
    if len(lacking) > MOST_GATES:
        yield Text(N_("• and %(count)s more"), {"count": len(lacking) - MOST_GATES})


def _gate(sheet: Sheet, gate: Gate) -> Text:
    criterion = sheet.criterion(gate.code)
    values: dict[str, Value] = {"item": criterion.label, "option": option_words(criterion.options[gate.option - 1])}
    return Text(N_("• %(item)s: %(option)s"), values)


def picture(case: CaseFacts, result: Score) -> ScorePicture:
    """The same as a picture: its words, and the bars as numbers."""
    rules = ruleset(case.ruleset)
    low, high = map(int, result.range)
    return ScorePicture(
        title=Text(N_("My own score: %(product)s"), {"product": case.product}),
        total=next(total_lines(result)),
        bars=((Text(N_("All together")), low, high, 100), *_bars(case, result)),
        stars=tuple((band.stars, band.from_points) for band in rules.thresholds if band.stars > 1),
        note=UNOFFICIAL,
    )


def _bars(case: CaseFacts, result: Score) -> Iterator[tuple[Text, int, int, int]]:
    sheet, parts = needed_sheet(case), ruleset(case.ruleset).parts
    for part in PART_IDS:
        low, high = part_range(sheet, result, part)
        yield Text(N_("%(part)s. %(name)s"), {"part": part, "name": parts[part].label}), low, high, sheet.parts[part]

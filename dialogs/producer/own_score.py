"""A producer's own marks: on which sheet, what the record answers already, and what has been answered since."""

from collections.abc import Mapping
from decimal import Decimal

from dialogs.model import Answers, CaseFacts, Facts, StarStep
from dialogs.model import case_of as case_of
from dialogs.rules.planner import case_marked
from dialogs.rules.ruleset import WITH_THE_PLAN, ruleset
from dialogs.rules.scoring import NONE, Score, choices, score
from dialogs.rules.sheet import Criterion, Sheet, known_sheet, read_shared
from dialogs.rules.work import works

SCORED = frozenset({"ocop-2026"})
"""Rules whose sheets are all known in full. Said here: reading them takes a moment that a list of choices has not."""
_KINDS = {"household": 1, "farm": 1, "cooperative_group": 1}
"""Registering has answered the item about it for these. Companies and co-operatives differ in what was not asked."""
_SOLD = {"home": 1, "none": NONE}
"""Of where it is sold only this says enough; how many dealers there are was not asked."""
LEFT_OPEN = -1
"""Kept instead of a mark for what the record would know, and whose producer is not sure of it."""


def read_rules() -> None:
    """What a first question about a score would have to read, some hundredths of a second of it."""
    for ruleset_id in SCORED:
        read_shared(ruleset_id)
        works(ruleset_id)


def set_number(case: CaseFacts) -> int:
    """0: not known."""
    return set_of(case.ruleset, case.answers)


def set_of(ruleset_id: str, answers: Answers) -> int:
    """A group that has one set only is not asked for it. 0: not known."""
    if chosen := answers.get("product_set"):
        return int(chosen)
    group = next((g for g in ruleset(ruleset_id).groups if g.id == answers.get("product_group")), None)
    return group.sets[0].number if group is not None and len(group.sets) == 1 else 0


def can_score(case: CaseFacts) -> bool:
    return case.ruleset in SCORED and set_number(case) > 0


def sheet_of(case: CaseFacts) -> Sheet | None:
    """The score sheet of a case; None where it is not known in full."""
    number = set_number(case) if case.ruleset in SCORED else 0
    found = known_sheet(case.ruleset, number) if number > 0 else None
    return found if found is not None and not found.partial else None


def needed_sheet(case: CaseFacts) -> Sheet:
    found = sheet_of(case)
    if found is None:
        raise LookupError(f"{case.ruleset} has no sheet for {case.code}")
    return found


def may_score(answers: Answers, facts: Facts) -> bool:
    """Only of one's own: an officer who does the rest for a producer does not mark their product, nor promise work."""
    case = facts.case(answers["subject"])
    return case is not None and case.own and sheet_of(case) is not None


# ---------------------------------------------------------------- marks


def known_from(case: CaseFacts) -> Mapping[str, int]:
    """Marks that the registration and the papers have answered already."""
    sheet = sheet_of(case)
    if sheet is None:
        return {}
    known = ((c.code, _known(c, case)) for c in sheet.criteria)
    return {code: mark for code, mark in known if mark is not None}


def _known(criterion: Criterion, case: CaseFacts) -> int | None:
    mark = _shown(criterion, case)
    return mark if mark is not None and mark in choices(criterion) else None


def _shown(criterion: Criterion, case: CaseFacts) -> int | None:
    match criterion.name:
        case "organisation":
            return _KINDS.get(case.answers.get("producer_kind", ""))
        case "market" | "market_by_distance":
            return _SOLD.get(case.answers.get("sales_channels", ""))
    if not (shown := works(case.ruleset).of(criterion).shows):
        return None
    here = {paper.id.removeprefix(WITH_THE_PLAN) for paper in case.papers}
    return max((option for paper, option in shown.items() if paper in here), default=None)


def marks_of(case: CaseFacts) -> dict[str, int]:
    """All marks of an own score, by code."""
    marks = ((c.code, mark_of(case, c)) for c in needed_sheet(case).criteria)
    return {code: mark for code, mark in marks if mark is not None}


def mark_of(case: CaseFacts, criterion: Criterion) -> int | None:
    """What was answered, or else is known; a mark of before the product set was changed may be none here."""
    own = case.self_marks.get(criterion.code)
    if own == LEFT_OPEN:
        return None
    return own if own is not None and own in choices(criterion) else _known(criterion, case)


def answered(case: CaseFacts, code: str, mark: int | None) -> dict[str, int]:
    """The own marks with one answer more; None: not known. What the record knows stays with the record."""
    others = {c: m for c, m in case.self_marks.items() if c != code}
    if mark is not None:
        return {**others, code: mark}
    return {**others, code: LEFT_OPEN} if code in known_from(case) else others


def holds(sheet: Sheet, code: str, mark: int) -> bool:
    return any(c.code == code and mark in choices(c) for c in sheet.criteria)


def has_tried(case: CaseFacts) -> bool:
    """Whether anything was answered; what only got its mark by being ticked on a list was not."""
    sheet, ticked = needed_sheet(case), {(step.code, step.option) for step in case.steps if step.done}
    return any(holds(sheet, *mark) for mark in case.self_marks.items() if mark not in ticked)


# ---------------------------------------------------------------- where a council stood, and what was done since


def done_since(case: CaseFacts) -> tuple[StarStep, ...]:
    """What was done on the list after the council had decided: it can't have seen it."""
    sheet, decided = needed_sheet(case), case.result.decided_on if case.result is not None else None
    return tuple(
        step
        for step in case.steps
        if step.done_on is not None
        and (decided is None or step.done_on >= decided)
        and holds(sheet, step.code, step.option)
    )


def council_points(case: CaseFacts) -> dict[str, Decimal]:
    """The council's points of each item, raised by what was done since; empty where it gave only sums."""
    points = dict(case.result.criteria) if case.result is not None else {}
    for step in done_since(case):
        if step.code in points:
            reached = needed_sheet(case).criterion(step.code).options[step.option - 1].points
            points[step.code] = max(points[step.code], Decimal(reached))
    return points


def council_marks(case: CaseFacts) -> dict[str, int]:
    """The best options that these points cover; an average between two is the lower one.

    Of two ways to score items it is the same in all of them: the one of the own marks, else the first that is printed.
    """
    sheet, points = needed_sheet(case), council_points(case)
    printed = (option.case for criterion in sheet.criteria for option in criterion.options)
    way = case_marked(sheet, marks_of(case)) or next(filter(None, printed), None)
    marks = {}
    for criterion in sheet.criteria:
        if criterion.code in points:
            covered = (
                (option.points, -number)
                for number, option in enumerate(criterion.options, 1)
                if option.points <= points[criterion.code] and option.case in (None, way)
            )
            marks[criterion.code] = -max(covered, default=(0, NONE))[1]
    return marks


def gained_since(case: CaseFacts) -> int:
    """Points of what was done since, by one's own marks."""
    sheet = needed_sheet(case)
    return sum(
        max(_points(sheet, step.code, step.option) - _points(sheet, step.code, step.before), 0)
        for step in done_since(case)
    )


def _points(sheet: Sheet, code: str, mark: int | None) -> int:
    options = sheet.criterion(code).options
    return options[mark - 1].points if mark is not None and 0 < mark <= len(options) else 0


# ---------------------------------------------------------------- what the own marks come to


def own_score(case: CaseFacts) -> Score:
    return score(needed_sheet(case), marks_of(case))

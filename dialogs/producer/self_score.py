"""Trying out one's own score before the council does: item by item, in any order of the parts, "I don't know" allowed.

The sheet is that of the case's rules and product set. What comes out is a range, never an official score.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dialogs.answers import CHOOSE, one_of
from dialogs.engine import said
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    CaseFacts,
    Dialog,
    Effects,
    Event,
    Facts,
    Go,
    InvalidAnswer,
    KeepSelfScore,
    Option,
    OptionChosen,
    Sayable,
    Text,
    Value,
)
from dialogs.producer.consent import consent_first
from dialogs.rules.ruleset import PART_IDS, Label, PartId, ruleset
from dialogs.rules.scoring import NONE, Gate, Score, choices, score
from dialogs.rules.sheet import Criterion, Sheet, sheets
from dialogs.rules.sheet import Option as SheetOption

TRY_IT = Option(
    "self_score", Text(N_("Try my score")), ("tự chấm", "tự chấm điểm", "chấm thử", "được mấy điểm", "my score")
)
UNKNOWN = "?"
BAR_SQUARES = 10
MOST_GATES = 4
"""How many gates one message names; who has more to do reads on with “Show more”."""
_KINDS = {"household": 1, "farm": 1, "cooperative_group": 1}
"""Registering has answered the item about it for these. Companies and co-operatives differ in what was not asked."""


def sheet_of(case: CaseFacts) -> Sheet | None:
    """The score sheet of a case; None where it is not known in full."""
    found = sheets(case.ruleset).get(set_number(case))
    return found if found is not None and not found.partial else None


def set_number(case: CaseFacts) -> int:
    """A group that has one set only is not asked for it. 0: not known."""
    if chosen := case.answers.get("product_set"):
        return int(chosen)
    group = next((g for g in ruleset(case.ruleset).groups if g.id == case.answers.get("product_group")), None)
    return group.sets[0].number if group is not None and len(group.sets) == 1 else 0


SCORED = frozenset({"ocop-2026"})
"""Rules whose sheets are all known in full. Said here: reading them takes a moment that a list of choices has not."""


def can_score(case: CaseFacts) -> bool:
    return case.ruleset in SCORED and set_number(case) > 0


def known_from(case: CaseFacts) -> Mapping[str, int]:
    """Marks that the registration has answered already."""
    sheet, option = sheet_of(case), _KINDS.get(case.answers.get("producer_kind", ""))
    if sheet is None or option is None:
        return {}
    return {criterion.code: option for criterion in sheet.criteria if criterion.name == "organisation"}


# ---------------------------------------------------------------- answers and marks


def _name(code: str) -> str:
    return code.replace(".", "-")


CODES = (
    *("1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "2.1", "2.2", "2.3", "2.4", "3.1", "3.2", "3.3", "3.4", "3.5"),
    *("4.1", "4.2", "4.3", "4.4", "4.5", "5.1", "5.2", "5.3"),
    *("6", "6.1", "6.1.1", "6.1.2", "6.1.3", "6.1.4", "6.1.5", "6.2", "6.2.1", "6.2.2", "6.2.3", "6.3", "6.4", "6.5"),
    *("7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17"),
)
"""Codes of all sheets, in order: each is a question of the dialog. Written out, as sheets are read when needed."""


def given_marks(answers: Answers, case: CaseFacts) -> dict[str, int]:
    """What was answered here and before, by code; what is not known has none."""
    sheet = _sheet(case)
    here = {c.code: answers[_name(c.code)] for c in sheet.criteria if _name(c.code) in answers}
    marks = {**known_from(case), **case.self_marks}
    marks |= {code: int(value) for code, value in here.items() if value}
    unknown = {code for code, value in here.items() if not value}
    return {code: mark for code, mark in marks.items() if code not in unknown and _holds(sheet, code, mark)}


def _holds(sheet: Sheet, code: str, mark: int) -> bool:
    """A mark of before the product set was changed may be none of this sheet."""
    return any(c.code == code and mark in choices(c) for c in sheet.criteria)


def as_answers(marks: Mapping[str, int]) -> Answers:
    return {_name(code): str(mark) for code, mark in marks.items()}


def _case(answers: Answers, facts: Facts) -> CaseFacts:
    case = facts.case(answers["subject"])
    if case is None:  # `allowed` has let nobody through without one
        raise LookupError(answers["subject"])
    return case


def _sheet(case: CaseFacts) -> Sheet:
    found = sheet_of(case)
    if found is None:
        raise LookupError(f"{case.ruleset} has no sheet for {case.code}")
    return found


def allowed(answers: Answers, facts: Facts) -> bool:
    case = facts.case(answers["subject"])
    return case is not None and case.as_producer and can_score(case) and sheet_of(case) is not None


# ---------------------------------------------------------------- one item


@dataclass(frozen=True, slots=True)
class mark:
    """One of the options of a criterion, in the words of its sheet, or that it is not known. Stored as its number."""

    code: str
    takes: str = ""

    def _criterion(self, answers: Answers, facts: Facts) -> Criterion:
        return _sheet(_case(answers, facts)).criterion(self.code)

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        criterion = self._criterion(answers, facts)
        printed = tuple(Option(str(n), _words(criterion.options[n - 1])) for n in choices(criterion) if n != NONE)
        none = (Option(str(NONE), Text(N_("None of these"))),) if NONE in choices(criterion) else ()
        words = ("chưa biết", "không biết", "chưa rõ", "không rõ", "i don't know")
        return (*printed, *none, Option(UNKNOWN, Text(N_("I don't know yet")), words))

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen):
            if event.value == UNKNOWN:
                return Answer("")
            if any(option.value == event.value for option in self.options(answers, facts, partial)):
                return Answer(event.value)
        raise InvalidAnswer(CHOOSE)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return next((o.label for o in self.options(answers, facts, "") if o.value == (value or UNKNOWN)), "")

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        case = facts.case(answers["subject"])
        sheet = sheet_of(case) if case is not None else None
        return sheet is not None and value.isascii() and value.isdigit() and _holds(sheet, self.code, int(value))


def _words(option: SheetOption) -> Text | Label:
    """Of two ways to score an item, which one it is for."""
    if option.case is None:
        return option.label
    return Text(N_("%(case)s: %(option)s"), {"case": option.case, "option": option.label})


def _asked_now(code: str, answers: Answers, facts: Facts) -> bool:
    """An item of this sheet, in the part that is being answered, that counts: 5.2 counts only with a story (5.1)."""
    case = facts.case(answers["subject"])
    sheet = sheet_of(case) if case is not None else None
    criterion = next((c for c in sheet.criteria if c.code == code), None) if sheet is not None else None
    if case is None or sheet is None or criterion is None or criterion.part != answers.get("_part"):
        return False
    return not criterion.needs or bool(_points(sheet, criterion.needs, given_marks(answers, case)))


def _points(sheet: Sheet, code: str, marks: Mapping[str, int]) -> int:
    """Of one item; an open one counts as something, so that what hangs on it is asked."""
    if code not in marks:
        return 1
    chosen = marks[code]
    return sheet.criterion(code).options[chosen - 1].points if chosen else 0


def _prompt(code: str, answers: Answers, facts: Facts) -> tuple[Text, ...]:
    criterion = _sheet(_case(answers, facts)).criterion(code)
    hint = (said(criterion.hint),) if criterion.hint is not None else ()
    texts = (said(criterion.label), *hint)
    return tuple(text if isinstance(text, Text) else Text("%(words)s", {"words": text}) for text in texts)


def _item(code: str) -> Ask:
    return Ask(
        _name(code),
        lambda answers, facts: _prompt(code, answers, facts),
        mark(code),
        when=lambda answers, facts: _asked_now(code, answers, facts),
        then=_kept,
    )


def _kept(answers: Answers, facts: Facts) -> Effects:
    case = _case(answers, facts)
    return (KeepSelfScore(case.code, given_marks(answers, case)),)


# ---------------------------------------------------------------- what it comes to


def outcome(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = _case(answers, facts)
    sheet, marks = _sheet(case), given_marks(answers, case)
    name = ruleset(case.ruleset).product_set(sheet.number).label
    head = Text(
        N_("Your own score for “%(product)s”, as on the sheet “%(sheet)s”"), {"product": case.product, "sheet": name}
    )
    unofficial = Text(N_("This is not an official score: the council decides."))
    if not case.self_marks and marks.keys() <= known_from(case).keys():
        about = Text(
            N_("%(count)s short questions. Stop whenever you like; what you do not know stays open."),
            {"count": len(sheet.criteria)},
        )
        return (head, unofficial, about, Text(N_("Which part first?")))
    result = score(sheet, marks)
    return (head, *_total(result), *_parts(sheet, case, result), *_gates(sheet, result), unofficial)


def _total(result: Score) -> Iterator[Text]:
    low, high = result.range
    values: dict[str, Value] = {"low": low, "high": high, "stars": result.stars, "best": result.best_stars}
    if result.knocked_out:
        yield Text(
            N_("As it stands it would not be scored at all: %(reason)s."), {"reason": result.knocked_out[0].label}
        )
    elif not result.open:
        yield Text(N_("%(low)s points of 100: %(stars)s stars."), values)
    elif result.stars == result.best_stars:
        yield Text(N_("About %(low)s to %(high)s points of 100: %(stars)s stars."), values)
    else:
        yield Text(N_("About %(low)s to %(high)s points of 100: %(stars)s to %(best)s stars."), values)
    if result.held_back:
        yield Text(
            N_("The points are enough for %(stars)s stars, but something that these stars ask for is missing."),
            {"stars": result.stars_by_points},
        )


def _parts(sheet: Sheet, case: CaseFacts, result: Score) -> Iterator[Text]:
    for part in PART_IDS:
        codes = [c.code for c in sheet.criteria if c.part == part]
        low = int(result.parts[part])
        high = low + sum(sheet.criterion(code).best for code in codes if code in result.open)
        values: dict[str, Value] = {
            "part": part,
            "name": ruleset(case.ruleset).parts[part].label,
            "points": str(low) if low == high else f"{low}–{high}",
            "most": sheet.parts[part],
            "bar": _bar(low, sheet.parts[part]),
        }
        yield Text(N_("%(bar)s %(part)s. %(name)s: %(points)s/%(most)s"), values)


def _bar(points: int, most: int) -> str:
    full = round(points * BAR_SQUARES / most)
    return "■" * full + "□" * (BAR_SQUARES - full)


def _gates(sheet: Sheet, result: Score) -> Iterator[Text]:
    """What the next star asks for at least and does not have, with the open ones apart: they may be there already."""
    stars = max(result.stars_by_gates + 1, 3)
    missing = [gate for gate in result.missing_gates if gate.stars == stars]
    lacking = [gate for gate in missing if gate.code not in result.open]
    if lacking:
        yield Text(N_("%(stars)s stars also need:"), {"stars": stars})
        yield from (_gate(sheet, gate) for gate in lacking[:MOST_GATES])
    if len(lacking) > MOST_GATES:
        yield Text(N_("• and %(count)s more"), {"count": len(lacking) - MOST_GATES})


def _gate(sheet: Sheet, gate: Gate) -> Text:
    criterion = sheet.criterion(gate.code)
    values: dict[str, Value] = {"item": criterion.label, "option": _words(criterion.options[gate.option - 1])}
    return Text(N_("• %(item)s: %(option)s"), values)


def _open_in(part: PartId, answers: Answers, facts: Facts) -> int:
    case = _case(answers, facts)
    marks = given_marks(answers, case)
    inside = {**answers, "_part": part}
    return sum(c.code not in marks and _asked_now(c.code, inside, facts) for c in _sheet(case).criteria)


def outcome_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case = _case(answers, facts)
    labels = ruleset(case.ruleset).parts
    waiting = {part: _open_in(part, answers, facts) for part in PART_IDS}
    parts = tuple(
        Option(
            part,
            Text(N_("Part %(part)s (%(count)s open)"), {"part": part, "count": waiting[part]}),
            (f"phần {part}", f"part {part}", labels[part].label.vi, labels[part].label.en),
        )
        for part in PART_IDS
        if waiting[part]
    )
    change = Option("change", Text(N_("Change an answer")), ("sửa", "sửa câu", "edit"))
    answered = (change,) if given_marks(answers, case) else ()
    return (*parts, *answered, Option("case", Text(N_("Open my file")), ("hồ sơ", "mở hồ sơ", "open")), MENU)


def _which(case: CaseFacts) -> Answers:
    return {"_rules": case.ruleset, "_set": str(set_number(case))}


def unfinished(answers: Answers) -> str:
    """What a draft is called while a part is being answered; between the parts there is nothing to go on with."""
    if not answers.get("_part") or "_set" not in answers:
        return ""
    sheet = sheets(answers["_rules"])[int(answers["_set"])]
    names = [_name(c.code) for c in sheet.criteria if c.part == answers["_part"]]
    return answers["_product"] if any(name not in answers for name in names) else ""


BACK = Option("back", Text(N_("Back")), ("quay lại", "lui", "back"))
MENU = Option("menu", Text(N_("Main menu")), ("menu",))


def onward(value: str, answers: Answers, facts: Facts) -> Go:
    key = f"self_score.{answers['subject']}"
    if value in PART_IDS:
        case = _case(answers, facts)
        known = as_answers(given_marks(answers, case))
        # What was left open is asked again: these empty answers stay behind with the old draft.
        return Go(key, {**known, "_part": value, "_product": case.product, **_which(case)}, drop=key)
    return Go({"change": f"{key}/change", "case": f"case.{answers['subject']}"}.get(value, "menu"))


def items(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """Every item that is answered, to answer it anew, and the way back."""
    case = _case(answers, facts)
    marks, sheet = given_marks(answers, case), _sheet(case)
    answered = tuple(
        Option(_name(c.code), Text(N_("%(code)s %(item)s"), {"code": c.code, "item": c.label}), (c.code, c.label.vi))
        for c in sheet.criteria
        if c.code in marks
    )
    return (*answered, BACK)


def to_item(value: str, answers: Answers, facts: Facts) -> Go:
    case = _case(answers, facts)
    if value == BACK.value:
        return Go(f"self_score.{case.code}", {"_part": ""})
    part = _sheet(case).criterion(value.replace("-", ".")).part
    known = as_answers(given_marks(answers, case))
    return Go(f"self_score.{case.code}/{value}", {**known, "_part": part, "_product": case.product, **_which(case)})


def out_of(answers: Answers) -> Go:
    """From the first question of a part to what it has come to so far, from there to the case."""
    if answers.get("_part"):
        return Go(f"self_score.{answers['subject']}", {"_part": ""})
    return Go(f"case.{answers['subject']}")


SELF_SCORE = Dialog(
    "self_score",
    form=True,
    before=consent_first,
    allowed=allowed,
    linked=True,
    named=unfinished,
    up=out_of,
    steps=(
        *map(_item, CODES),
        Ask("outcome", outcome, one_of(outcome_options), goto=onward, counted=False),
        Ask("change", N_("Which answer shall we change?"), one_of(items), aside=True, goto=to_item, counted=False),
    ),
)

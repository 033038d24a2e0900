"""Trying out one's own score before the council does: item by item, in any order of the parts, "I don't know" allowed.

The sheet is that of the case's rules and product set. What comes out is a range, never an official score.
"""

from dataclasses import dataclass, replace

from dialogs.answers import CHOOSE, one_of
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
    SendScore,
    Text,
)
from dialogs.producer.consent import consent_first
from dialogs.producer.own_score import (
    answered,
    case_of,
    has_tried,
    holds,
    mark_of,
    marks_of,
    may_score,
    needed_sheet,
    set_number,
    sheet_of,
)
from dialogs.producer.score_words import (
    UNCLEAR,
    UNOFFICIAL,
    WHICH_LINE,
    asked_lines,
    gate_lines,
    mark_options,
    part_lines,
    picture,
    plain_no,
    points_missing,
    total_lines,
)
from dialogs.rules.planner import next_stars
from dialogs.rules.ruleset import PART_IDS, PartId, ruleset
from dialogs.rules.scoring import NONE, score
from dialogs.rules.sheet import Criterion, sheet
from dialogs.rules.work import works

TRY_IT = Option(
    "self_score", Text(N_("Try my score")), ("tự chấm", "tự chấm điểm", "chấm thử", "được mấy điểm", "my score")
)
UNKNOWN = "?"
CODES = (
    *("1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "2.1", "2.2", "2.3", "2.4", "3.1", "3.2", "3.3", "3.4", "3.5"),
    *("4.1", "4.2", "4.3", "4.4", "4.5", "5.1", "5.2", "5.3"),
    *("6", "6.1", "6.1.1", "6.1.2", "6.1.3", "6.1.4", "6.1.5", "6.2", "6.2.1", "6.2.2", "6.2.3", "6.3", "6.4", "6.5"),
    *("7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17"),
)
"""Codes of all sheets, in order: each is a question of the dialog. Written out, as sheets are read when needed."""


# ---------------------------------------------------------------- answers and marks


def _name(code: str) -> str:
    return code.replace(".", "-")


# ---------------------------------------------------------------- one item


@dataclass(frozen=True, slots=True)
class mark:
    """One of the options of a criterion, in the words of its sheet, or that it is not known. Stored as its number."""

    code: str
    takes: str = ""

    def _criterion(self, answers: Answers, facts: Facts) -> Criterion:
        return needed_sheet(case_of(answers, facts)).criterion(self.code)

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        words = ("chưa biết", "không biết", "chưa rõ", "không rõ", "i don't know")
        criterion = self._criterion(answers, facts)
        return (*mark_options(criterion), Option(UNKNOWN, Text(N_("I don't know yet")), words), *plain_no(criterion))

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen):
            if event.value == UNKNOWN:
                return Answer("")
            if event.value == UNCLEAR:
                raise InvalidAnswer(WHICH_LINE)
            if any(option.value == event.value for option in self.options(answers, facts, partial)):
                return Answer(event.value)
        raise InvalidAnswer(CHOOSE)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return next((o.label for o in self.options(answers, facts, "") if o.value == (value or UNKNOWN)), "")

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        case = facts.case(answers["subject"])
        sheet = sheet_of(case) if case is not None else None
        return sheet is not None and value.isascii() and value.isdigit() and holds(sheet, self.code, int(value))


def _asked_now(code: str, answers: Answers, facts: Facts) -> bool:
    """An item of the part that is being answered, where it was open at the beginning, or the one to change."""
    if code not in answers.get("_ask", "").split() and code != answers.get("_only"):
        return False
    case = facts.case(answers["subject"])
    return case is not None and sheet_of(case) is not None and _asks(code, answers, case)


def _asks(code: str, answers: Answers, case: CaseFacts) -> bool:
    """Not what has been marked meanwhile, in another chat or on the list of things to do."""
    criterion = next((c for c in needed_sheet(case).criteria if c.code == code), None)
    if criterion is None or not _counts(criterion, case):
        return False
    return _name(code) in answers or code == answers.get("_only") or mark_of(case, criterion) is None


def _counts(criterion: Criterion, case: CaseFacts) -> bool:
    """5.2 only with a story, 5.1; where that is open, 5.2 is asked."""
    if not criterion.needs:
        return True
    needed = needed_sheet(case).criterion(criterion.needs)
    mark = mark_of(case, needed)
    return mark is None or (mark != NONE and needed.options[mark - 1].points > 0)


def _prompt(code: str, answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    criterion = needed_sheet(case).criterion(code)
    example = works(case.ruleset).of(criterion).example
    return (*asked_lines(criterion), Text(N_("For example: %(example)s"), {"example": example}))


def _item(code: str) -> Ask:
    return Ask(
        _name(code),
        lambda answers, facts: _prompt(code, answers, facts),
        mark(code),
        when=lambda answers, facts: _asked_now(code, answers, facts),
        then=lambda answers, facts: _kept(code, answers, facts),
    )


def _kept(code: str, answers: Answers, facts: Facts) -> Effects:
    """This mark; at the end of a part what all of them come to, as a picture as well."""
    case = case_of(answers, facts)
    mark = int(answers[_name(code)]) if answers[_name(code)] else None
    keep = KeepSelfScore(case.code, code, mark)
    after = replace(case, self_marks=answered(case, code, mark))
    left = (c for c in answers.get("_ask", "").split() if _name(c) not in answers and _asks(c, answers, after))
    if not answers.get("_part") or any(left):
        return (keep,)
    return (keep, SendScore(picture(case, score(needed_sheet(case), marks_of(after)))))


# ---------------------------------------------------------------- what it comes to


def outcome(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    sheet, marks = needed_sheet(case), marks_of(case)
    name = ruleset(case.ruleset).product_set(sheet.number).label
    head = Text(
        N_("Your own score for “%(product)s”, as on the sheet “%(sheet)s”"), {"product": case.product, "sheet": name}
    )
    if not has_tried(case):
        about = Text(
            N_("At most %(count)s short questions. Stop whenever you like; what you do not know stays open."),
            {"count": sum(len(_open_in(part, case)) for part in PART_IDS)},
        )
        return (head, UNOFFICIAL, about, Text(N_("Which part first?")))
    result = score(sheet, marks)
    short = points_missing(sheet, result)
    return (head, *total_lines(result), *short, *gate_lines(sheet, result), *part_lines(sheet, result), UNOFFICIAL)


def _open_in(part: PartId, case: CaseFacts) -> tuple[str, ...]:
    """Codes of what is not answered yet and counts."""
    criteria = (c for c in needed_sheet(case).criteria if c.part == part)
    return tuple(c.code for c in criteria if mark_of(case, c) is None and _counts(c, case))


def outcome_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case = case_of(answers, facts)
    labels = ruleset(case.ruleset).parts
    waiting = {part: len(_open_in(part, case)) for part in PART_IDS}
    parts = tuple(
        Option(
            part,
            Text(N_("Part %(part)s (%(count)s open)"), {"part": part, "count": waiting[part]}),
            (f"phần {part}", f"part {part}", labels[part].label.vi, labels[part].label.en),
        )
        for part in PART_IDS
        if waiting[part]
    )
    file = Option("case", Text(N_("Open my file")), ("hồ sơ", "mở hồ sơ", "open"))
    marks = marks_of(case)
    if not marks:
        return (*parts, file, MENU)
    stars = next_stars(score(needed_sheet(case), marks)) if has_tried(case) else None
    onwards = (to_star(stars),) if stars else ()
    return (
        *parts,
        *onwards,
        Option("change", Text(N_("Change an answer")), ("sửa", "sửa câu", "edit")),
        file,
        MENU,
        SEE,
    )


def to_star(stars: int) -> Option:
    return Option(
        "to_star",
        Text(N_("How to get %(stars)s stars"), {"stars": stars}),
        ("cách lên sao", "lên sao", "lên mấy sao", "xem cách", f"cách lên {stars} sao", f"lên {stars} sao"),
    )


def _which(case: CaseFacts) -> Answers:
    return {"_rules": case.ruleset, "_set": str(set_number(case))}


def unfinished(answers: Answers) -> str:
    """What a draft is called while a part is being answered; between the parts there is nothing to go on with."""
    if not answers.get("_part") or "_set" not in answers:
        return ""
    one, asked = sheet(answers["_rules"], int(answers["_set"])), answers.get("_ask", "").split()
    names = [_name(c.code) for c in one.criteria if c.code in asked and not c.needs]
    return answers["_product"] if any(name not in answers for name in names) else ""


SEE = Option(
    "see", Text(N_("See it as a picture")), ("xem hình", "hình", "biểu đồ", "xem biểu đồ", "picture"), hidden=True
)
BACK = Option("back", Text(N_("Back")), ("quay lại", "lui", "back"))
MENU = Option("menu", Text(N_("Main menu")), ("menu",))


def onward(value: str, answers: Answers, facts: Facts) -> Go:
    key, case = f"self_score.{answers['subject']}", case_of(answers, facts)
    part = next((part for part in PART_IDS if part == value), None)
    if part is not None:
        # What was left open is asked again: these empty answers stay behind with the old draft.
        begun = {"_part": part, "_ask": " ".join(_open_in(part, case)), "_only": "", "_product": case.product}
        return Go(key, {**begun, **_which(case)}, drop=key)
    if value == SEE.value:
        return Go(key, effects=(SendScore(picture(case, score(needed_sheet(case), marks_of(case)))),))
    targets = {"change": f"{key}/change", "case": f"case.{case.code}", "to_star": f"to_star.{case.code}"}
    return Go(targets.get(value, "menu"))


def items(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """Every item that is answered, to answer it anew, and the way back."""
    case = case_of(answers, facts)
    marks, sheet = marks_of(case), needed_sheet(case)
    answered = tuple(
        Option(_name(c.code), Text(N_("%(code)s %(item)s"), {"code": c.code, "item": c.label}), (c.code, c.label.vi))
        for c in sheet.criteria
        if c.code in marks
    )
    return (*answered, BACK)


def to_item(value: str, answers: Answers, facts: Facts) -> Go:
    """One answer anew, and back to what it comes to then: nothing else is asked."""
    case = case_of(answers, facts)
    key = f"self_score.{case.code}"
    if value == BACK.value:
        return Go(key, BETWEEN)
    code = value.replace("-", ".")
    return Go(f"{key}/{value}", {**BETWEEN, value: str(marks_of(case)[code]), "_only": code})


BETWEEN: Answers = {"_part": "", "_ask": "", "_only": ""}
"""No part is being answered: what it comes to so far is shown."""


def out_of(answers: Answers) -> Go:
    """From the first question of a part to what it has come to so far, from there to the case."""
    if answers.get("_part") or answers.get("_only"):
        return Go(f"self_score.{answers['subject']}", BETWEEN)
    return Go(f"case.{answers['subject']}")


SELF_SCORE = Dialog(
    "self_score",
    form=True,
    before=consent_first,
    allowed=may_score,
    linked=True,
    named=unfinished,
    sent=False,
    up=out_of,
    steps=(
        *map(_item, CODES),
        Ask("outcome", outcome, one_of(outcome_options), goto=onward, counted=False),
        Ask("change", N_("Which answer shall we change?"), one_of(items), aside=True, goto=to_item, counted=False),
    ),
)

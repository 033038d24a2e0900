"""A member of the council: which products they score, whether one concerns them, and their sheet item by item.

Each mark is kept at once, so a member goes on where they stopped, on whatever telephone. Nothing here knows a ballot
but one's own. Which of the questions below stands is `_do` of the draft, and `_item` what it is about.
"""

from collections.abc import Iterator
from dataclasses import replace

from dialogs.answers import one_of
from dialogs.council.concern import CONCERNED, MINE, SURE, asks, ballot_of, is_open, named, standing_at, to
from dialogs.council.facts import FREE
from dialogs.engine import said
from dialogs.model import (
    N_,
    Answers,
    Ask,
    Ballot,
    CastBallot,
    Condition,
    Dialog,
    Effects,
    Facts,
    Go,
    Option,
    ReadDossier,
    ScoreItem,
    Text,
    Value,
)
from dialogs.producer.score_words import asked_lines, mark_words, part_lines, total_lines
from dialogs.rules.scoring import NONE, choices, score
from dialogs.rules.sheet import Criterion, Sheet, sheet

# ---------------------------------------------------------------- ways

_ON = Option("on", Text(N_("Go on scoring")), ("chấm tiếp", "go on"))
_WHICH = Option("which", Text(N_("Change an item")), ("sửa mục", "sửa điểm", "change an item"))
_EACH = Option("each", Text(N_("See each item")), ("xem từng mục", "từng mục", "xem phiếu", "see each item"))
_FURTHER = Option("further", Text(N_("See more items")), ("xem tiếp", "tiếp", "see more items"))
_WHOLE = Option("whole", Text(N_("The whole sheet")), ("cả phiếu", "tổng điểm", "the whole sheet"))
_SEE = Option("see", Text(N_("See my sheet")), ("xem phiếu", "see my sheet"))
_READ = Option("read", Text(N_("Read the dossier")), ("đọc hồ sơ", "read the dossier"))
_CAST = Option("cast", Text(N_("Hand the sheet in")), ("nộp phiếu", "hand in"))
_BACK = Option("back", Text(N_("Take the sheet back")), ("lấy lại phiếu", "take back"))


def sheet_for(ballot: Ballot) -> Sheet:
    return sheet(ballot.ruleset, ballot.product_set)


def _left(ballot: Ballot) -> tuple[Criterion, ...]:
    return tuple(c for c in sheet_for(ballot).criteria if c.code not in ballot.marks)


def _onward(ballot: Ballot, but: str = "") -> Go:
    """At the first item that is open; with all of them marked, at the sheet."""
    left = next((c for c in _left(ballot) if c.code != but), None)
    return to(ballot, "item", left.code, but) if left is not None else to(ballot, marked=but)


def _at(do: str) -> Condition:
    def so(answers: Answers, facts: Facts) -> bool:
        ballot = ballot_of(answers, facts)
        scores = is_open(ballot) and ballot.standing == FREE
        return scores and (not do or (not ballot.submitted and answers.get("_do", "") == do))

    return so


def _is_read_back(answers: Answers, facts: Facts) -> bool:
    """Also of a sheet that is handed in."""
    ballot = ballot_of(answers, facts)
    return _at("")(answers, facts) and answers.get("_do") == _EACH.value and bool(ballot.marks)


# ---------------------------------------------------------------- one item


def _item(answers: Answers, facts: Facts) -> Criterion:
    """The item that is asked about; an old button may name one that another sheet had."""
    criteria = sheet_for(ballot_of(answers, facts)).criteria
    return next((c for c in criteria if c.code == answers.get("_item")), criteria[0])


def item_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    ballot, item = ballot_of(answers, facts), _item(answers, facts)
    codes = [c.code for c in sheet_for(ballot).criteria]
    values: dict[str, Value] = {
        "product": ballot.product,
        "number": codes.index(item.code) + 1,
        "total": len(codes),
        "code": item.code,
    }
    given = ballot.marks.get(item.code)
    so_far = (Text(N_("So far: %(finding)s"), {"finding": _with_points(item, given)}),) if given is not None else ()
    head = Text(N_("“%(product)s”, %(number)s/%(total)s – item %(code)s"), values)
    report = report_lines(ballot) if not ballot.marks else ()  # before the first mark it is read once
    return (*_just_marked(answers, facts), *report, head, *asked_lines(item), *so_far)


def _just_marked(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """What was kept of the item before: a number chooses a line, and may have been meant for points."""
    ballot, code = ballot_of(answers, facts), answers.get("_marked", "")
    item = next((c for c in sheet_for(ballot).criteria if c.code == code), None)
    mark = ballot.marks.get(code)
    if item is None or mark is None:
        return ()
    return (Text(N_("✓ %(code)s: %(finding)s"), {"code": code, "finding": _with_points(item, mark)}),)


def item_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    item = _item(answers, facts)
    marks = (Option(str(mark), _with_points(item, mark)) for mark in choices(item))
    return (*marks, _SEE, _READ, *_report(ballot_of(answers, facts)), replace(MINE, hidden=True))


def _with_points(item: Criterion, mark: int) -> Text:
    """ "Có, đủ giấy (2 điểm)"."""
    count = 0 if mark == NONE else item.options[mark - 1].points
    values: dict[str, Value] = {"option": said(mark_words(item, mark)), "count": count}
    return Text(N_("%(option)s (%(count)s point)"), values, N_("%(option)s (%(count)s points)"))


def item_marked(answers: Answers, facts: Facts) -> Effects:
    ballot, item, value = ballot_of(answers, facts), _item(answers, facts), answers["item"]
    if value == _READ.value:
        return (ReadDossier(ballot.code),)
    return (ScoreItem(ballot.code, ballot.product_set, item.code, int(value)),) if value.isdigit() else ()


def after_item(value: str, answers: Answers, facts: Facts) -> Go:
    ballot, item = ballot_of(answers, facts), _item(answers, facts)
    if value == MINE.value:
        return Go("seat")
    if value == _REPORT.value:
        return to(ballot, value, item.code)
    if value == _READ.value:
        return to(ballot, "item", item.code)
    if value == _SEE.value:
        return to(ballot, _EACH.value) if ballot.marks else to(ballot)
    return _onward(ballot, item.code)


def which_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (*_marked_items(ballot_of(answers, facts)), _SEE, replace(MINE, hidden=True))


def _hidden(ballot: Ballot) -> tuple[Option, ...]:
    """Items to change, for who types one."""
    return tuple(replace(item, hidden=True) for item in _marked_items(ballot))


def _marked_items(ballot: Ballot) -> Iterator[Option]:
    """Typed with a dot a code is an item; "7" alone is the seventh line, and "mục 7" the item."""
    for c in sheet_for(ballot).criteria:
        if c.code in ballot.marks:
            alone = (c.code,) if "." in c.code else ()
            typed = (c.label.vi, *alone, f"mục {c.code}", f"sửa {c.code}", f"sửa mục {c.code}", f"item {c.code}")
            yield Option(c.code, Text(N_("%(code)s %(item)s"), {"code": c.code, "item": c.label}), typed)


def after_which(value: str, answers: Answers, facts: Facts) -> Go:
    ballot = ballot_of(answers, facts)
    if value == MINE.value:
        return Go("seat")
    return to(ballot) if value == _SEE.value else to(ballot, "item", value)


# ---------------------------------------------------------------- what the advisory group says

_REPORT = Option(
    "report", Text(N_("What the group says")), ("ý kiến tổ tư vấn", "tổ tư vấn nói gì", "what the group says")
)


def _report(ballot: Ballot) -> tuple[Option, ...]:
    return (_REPORT,) if ballot.report else ()


def report_lines(ballot: Ballot) -> tuple[Text, ...]:
    """The group's report on the product, beside which it is scored."""
    lines = (Text(N_("• %(name)s: “%(words)s”"), {"name": one.by, "words": one.text}) for one in ballot.report)
    return (Text(N_("The advisory group says:")), *lines) if ballot.report else ()


def _is_reported(answers: Answers, facts: Facts) -> bool:
    return _at("")(answers, facts) and answers.get("_do") == _REPORT.value and bool(ballot_of(answers, facts).report)


def report_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    ballot = ballot_of(answers, facts)
    on = (_ON,) if _left(ballot) and not ballot.submitted else ()
    return (*on, _WHOLE, replace(MINE, hidden=True))


# ---------------------------------------------------------------- the whole sheet


def sheet_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    ballot = ballot_of(answers, facts)
    form = sheet_for(ballot)
    head = Text(N_("Your sheet for “%(product)s” (%(code)s)"), named(ballot))
    marked = _just_marked(answers, facts)
    if _left(ballot):
        return (*marked, head, _how_far(ballot))
    result = score(form, ballot.marks)
    state = Text(N_("Handed in. Until the session is over you can take it back and change it."))
    if not ballot.submitted:
        state = Text(N_("It counts once you hand it in. Nobody but the secretary sees it then."))
    return (*marked, head, *total_lines(result), *part_lines(form, result), state)


def _how_far(ballot: Ballot) -> Text:
    done: dict[str, Value] = {"done": len(ballot.marks), "total": len(sheet_for(ballot).criteria)}
    return Text(N_("%(done)s of %(total)s items are marked."), done)


def sheet_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    ballot = ballot_of(answers, facts)
    if ballot.submitted:
        return (_BACK, _EACH, _READ, *_report(ballot), MINE)
    which = (_EACH, _WHICH) if ballot.marks else ()
    onwards = (
        (_ON, *which) if _left(ballot) else (*which, _CAST)
    )  # never first: the number of the last mark may come again
    return (*onwards, _READ, *_report(ballot), CONCERNED, MINE, *_hidden(ballot))


def sheet_done(answers: Answers, facts: Facts) -> Effects:
    code = answers["subject"]
    match answers["sheet"]:
        case "cast" | "back" as value:
            return (CastBallot(code, back=value == "back"),)
        case "read":
            return (ReadDossier(code),)
    return ()


def after_sheet(value: str, answers: Answers, facts: Facts) -> Go:
    ballot = ballot_of(answers, facts)
    match value:
        case "on":
            return _onward(ballot)
        case "which" | "each" | "report":
            return to(ballot, value)
        case "concerned":
            return to(ballot, SURE)
        case "back" | "read":
            return to(ballot)
        case "cast" | "mine":
            return Go("seat")
    return to(ballot, "item", value)


# ---------------------------------------------------------------- what is marked


SHOWN = 8
"""Items that are read back at once; more of them make a message that nobody reads on a telephone."""
_EXAMPLE = "1.3"


def _marked(answers: Answers, facts: Facts) -> tuple[Criterion, ...]:
    """From the item on that the page begins with."""
    ballot = ballot_of(answers, facts)
    found = [c for c in sheet_for(ballot).criteria if c.code in ballot.marks]
    first = next((n for n, c in enumerate(found) if c.code == answers.get("_item")), 0)
    return tuple(found[first:])


def each_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """Every choice made, with its points."""
    ballot = ballot_of(answers, facts)
    lines = (_given(item, ballot.marks[item.code]) for item in _marked(answers, facts)[:SHOWN])
    change = Text(N_("To change an item, type its number, for example %(code)s."), {"code": _EXAMPLE})
    return (_how_far(ballot), *lines, *(() if ballot.submitted else (change,)))


def _given(item: Criterion, mark: int) -> Text:
    values: dict[str, Value] = {"code": item.code, "item": item.label, "finding": _with_points(item, mark)}
    return Text(N_("• %(code)s %(item)s: %(finding)s"), values)


def each_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    ballot = ballot_of(answers, facts)
    more = (_FURTHER,) if len(_marked(answers, facts)) > SHOWN else ()
    on = (_ON,) if _left(ballot) else ()
    return (*more, *on, _WHOLE, *(() if ballot.submitted else _hidden(ballot)), replace(MINE, hidden=True))


def after_each(value: str, answers: Answers, facts: Facts) -> Go:
    ballot = ballot_of(answers, facts)
    match value:
        case "further":
            return to(ballot, _EACH.value, _marked(answers, facts)[SHOWN].code)
        case "on":
            return _onward(ballot)
        case "whole":
            return to(ballot)
        case "mine":
            return Go("seat")
    return to(ballot, "item", value)


def up(answers: Answers) -> Go:
    """From an item to the sheet, from there to all of them."""
    return Go(f"ballot.{answers['subject']}", standing_at()) if answers.get("_do") else Go("seat")


BALLOT = Dialog(
    "ballot",
    allowed=lambda answers, facts: (mine := facts.ballot(answers["subject"])) is not None and not mine.advisory,
    up=up,
    steps=(
        *asks(_onward),
        Ask(
            "item",
            item_prompt,
            one_of(item_options),
            when=_at("item"),
            then=item_marked,
            goto=after_item,
            confirms=True,
            at_once=True,
        ),
        Ask("each", each_prompt, one_of(each_options), when=_is_read_back, goto=after_each, at_once=True),
        Ask(
            "report",
            lambda answers, facts: report_lines(ballot_of(answers, facts)),
            one_of(report_options),
            when=_is_reported,
            goto=after_each,
            at_once=True,
        ),
        Ask("which", N_("Which item shall we change?"), one_of(which_options), when=_at("which"), goto=after_which),
        Ask(
            "sheet",
            sheet_prompt,
            one_of(sheet_options),
            when=_at(""),
            then=sheet_done,
            goto=after_sheet,
            confirms=True,
            at_once=True,
        ),
    ),
)

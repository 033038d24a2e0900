"""A member of the council: which products they score, whether one concerns them, and their sheet item by item.

Each mark is kept at once, so a member goes on where they stopped, on whatever telephone. Nothing here knows a ballot
but one's own. Which of the questions below stands is `_do` of the draft, and `_item` what it is about.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from dialogs.answers import one_of
from dialogs.council.concern import (
    CONCERNED,
    EACH,
    MINE,
    SURE,
    asks,
    ballot_of,
    is_mine,
    named,
    reads_back,
    standing,
    standing_at,
    to,
)
from dialogs.council.facts import FREE
from dialogs.engine import said
from dialogs.matching import names_line, number
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    Ballot,
    CastBallot,
    Condition,
    Dialog,
    Effects,
    Event,
    Facts,
    Go,
    InvalidAnswer,
    Option,
    OptionChosen,
    ReadDossier,
    ScoreItem,
    Text,
    TextReceived,
    Value,
)
from dialogs.producer.score_words import (
    UNCLEAR,
    WHICH_LINE,
    asked_lines,
    mark_options,
    mark_words,
    part_lines,
    plain_no,
    total_lines,
)
from dialogs.rules.scoring import NONE, choices, score
from dialogs.rules.sheet import Criterion, Sheet, sheet

# ---------------------------------------------------------------- ways

_ON = Option("on", Text(N_("Go on scoring")), ("chấm tiếp", "go on"))
_WHICH = Option("which", Text(N_("Change an item")), ("sửa mục", "sửa điểm", "change an item"))
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
        if standing(answers, facts) != FREE:
            return False
        return not do or (not ballot_of(answers, facts).submitted and answers.get("_do", "") == do)

    return so


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
    return (*_just_marked(answers, facts), *report, head, *_official(item), *asked_lines(item), *so_far)


def _official(item: Criterion) -> tuple[Text, ...]:
    """Its name in the decree, which members have before them on paper; our words for it come below."""
    return (Text("%(name)s", {"name": item.official}),) if item.official not in ("", item.label.vi) else ()


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
    ways = (_SEE, _READ, *_report(ballot_of(answers, facts)), replace(MINE, hidden=True))
    return (*mark_options(item, _with_points), *ways, *plain_no(item))


def _with_points(item: Criterion, mark: int) -> Text:
    """ "Có, đủ giấy (2 điểm)"."""
    values: dict[str, Value] = {"option": said(mark_words(item, mark)), "count": _points(item, mark)}
    return Text(N_("%(option)s (%(count)s point)"), values, N_("%(option)s (%(count)s points)"))


def _points(item: Criterion, mark: int) -> int:
    return 0 if mark == NONE else item.options[mark - 1].points


def _worth(item: Criterion, points: int | None) -> str:
    """The only line that brings so many points; "" where there is none, or several."""
    found = _with_so_many(item, points)
    return found[0] if len(found) == 1 else ""


def _with_so_many(item: Criterion, points: int | None) -> list[str]:
    return [str(mark) for mark in choices(item) if _points(item, mark) == points]


def _no_one_line(item: Criterion, points: int) -> InvalidAnswer:
    """Points that no line brings, or several, are kept for none of them."""
    several = N_("Several lines here bring that many points (%(number)s). Which one do you mean?")
    none = N_("No line here brings that many points (%(number)s). Please choose one of these.")
    return InvalidAnswer(several if _with_so_many(item, points) else none, number=points)


def _called_points(typed: str) -> int | None:
    """ "2 điểm", "hai điểm ạ", "2đ": what is called points is no line's number."""
    return number(_POINTS_WORD.sub(" ", typed)) if _POINTS_WORD.search(typed) else None


_POINTS_WORD = re.compile(r"(?<=[\d\s])(?:điểm|diem|points?|đ|d)(?!\w)", re.IGNORECASE)


def _bare(typed: str) -> int | None:
    """A number that may be points: what is called a line is none."""
    return None if names_line(typed) else number(typed)


class item_line(one_of):
    """A line of the item. A number that was typed may be its number or its points.

    "dòng 2" is always the line, "2 điểm" always the points. Where it is one line's number and another's points,
    `LINES` or `POINTS` says which of them is meant, once it has been asked; until then the answer is both: "2/3 of 2",
    as `_either` reads it.
    """

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        item = _item(answers, facts)
        meant = answers.get("_numbers")
        if isinstance(event, TextReceived):  # no line has that number
            called = _called_points(event.text)
            count = _bare(event.text) if called is None else called
            if points := _worth(item, count):
                return Answer(points)
            if count is not None and (called is not None or meant == POINTS):
                raise _no_one_line(item, count)
        answer = one_of.read(self, event, answers, facts, partial)
        if answer.value == UNCLEAR:
            raise InvalidAnswer(WHICH_LINE)
        typed = event.number if isinstance(event, OptionChosen) else 0
        points = _worth(item, typed) if typed else ""
        if typed and not points and meant == POINTS and answer.value.isdigit():  # else it is a way on, and no mark
            raise _no_one_line(item, typed)
        if points in ("", answer.value) or meant == LINES:
            return answer
        return Answer(points if meant == POINTS else f"{answer.value}/{points} of {typed}")


LINES, POINTS = "lines", "points"
"""What a typed number is, in `_numbers` of the draft: until the sheet is left it is not asked again."""
_EITHER = re.compile(r"(?P<line>\w+)/(?P<worth>\d+) of (?P<number>\d+)")


def _either(answers: Answers, facts: Facts) -> tuple[Option, Option, int] | None:
    """The line with the number that was typed, that with as many points, and the number; None: nothing to ask."""
    found = _EITHER.fullmatch(answers.get("_either", ""))
    if found is None:
        return None
    lines = {option.value: option for option in item_options(answers, facts)}
    line, worth = lines.get(found["line"]), lines.get(found["worth"])
    return (line, worth, int(found["number"])) if line is not None and worth is not None else None


def number_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if (either := _either(answers, facts)) is None:
        return ()
    line, worth, typed = either
    ask = N_("You typed %(number)s: is that line %(number)s or %(number)s points?")
    values: dict[str, Value] = {"number": typed}
    return (
        Text(ask, values),
        Text(N_("• Line %(number)s: %(finding)s"), values | {"finding": said(line.label)}),
        Text(N_("• %(number)s points: %(finding)s"), values | {"finding": said(worth.label)}),
        Text(N_("I take it so for the next items, too, until you leave this sheet.")),
    )


def number_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    either = _either(answers, facts)
    values: dict[str, Value] = {"count": either[2] if either is not None else 0}
    points = Text(N_("%(count)s point"), values, N_("%(count)s points"))
    return (Option(LINES, Text(N_("Line %(count)s"), values)), Option(POINTS, points))


class line_or_points(one_of):
    """In words: what a number alone means is the question."""

    @property
    def takes(self) -> str:
        return "number"

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, TextReceived):
            number = (_either(answers, facts) or (None, None, 0))[2]
            raise InvalidAnswer(N_("Please say it in words: “line %(number)s” or “%(number)s points”."), number=number)
        return one_of.read(self, event, answers, facts, partial)


def number_marked(answers: Answers, facts: Facts) -> Effects:
    return item_marked({**answers, "item": _meant(answers, facts)}, facts)


def _meant(answers: Answers, facts: Facts) -> str:
    either = _either(answers, facts)
    if either is None:
        return ""
    return either[0].value if answers["number"] == LINES else either[1].value


def after_number(value: str, answers: Answers, facts: Facts) -> Go:
    go = after_item(_meant(answers, facts), answers, facts)
    return replace(go, answers={**go.answers, "_numbers": value}) if go.target.startswith("ballot.") else go


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
        return to(ballot, EACH.value) if ballot.marks else to(ballot)
    if _EITHER.fullmatch(value):
        asked = to(ballot, "number", item.code)
        return replace(asked, answers={**asked.answers, "_either": value})
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
        return (_BACK, EACH, _READ, *_report(ballot), MINE)
    which = (EACH, _WHICH) if ballot.marks else ()
    onwards = (
        (_ON, *which) if _left(ballot) else (*which, _CAST)
    )  # never first: the number of the last mark may come again
    return (*onwards, _READ, *_report(ballot), CONCERNED, MINE, *_hidden(ballot))


def sheet_done(answers: Answers, facts: Facts) -> Effects:
    code = answers["subject"]
    match answers["sheet"]:
        case "back":
            return (CastBallot(code, back=True),)
        case "read":
            return (ReadDossier(code),)
    return ()


def after_sheet(value: str, answers: Answers, facts: Facts) -> Go:
    ballot = ballot_of(answers, facts)
    match value:
        case "on":
            return _onward(ballot)
        case "which" | "each" | "report" | "cast":
            return to(ballot, value)
        case "concerned":
            return to(ballot, SURE)
        case "back" | "read":
            return to(ballot)
        case "mine":
            return Go("seat")
    return to(ballot, "item", value)


# ---------------------------------------------------------------- handing it in

_NOT_YET = Option("no", Text(N_("Don't hand it in yet")), ("chưa", "chưa nộp", "không", "not yet"))
_NOW = Option("now", Text(N_("Hand it in now")), ("nộp luôn", "nộp", "hand it in now"))


def cast_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """What would be handed in, and what is still open."""
    ballot = ballot_of(answers, facts)
    result = score(sheet_for(ballot), ballot.marks)
    head = Text(N_("Your sheet for “%(product)s” (%(code)s)"), named(ballot))
    ask = Text(N_("Until the session is over you can take it back. Hand it in?"))
    return (head, _how_far(ballot), *total_lines(result), ask)


def cast_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (_NOT_YET,) if _left(ballot_of(answers, facts)) else (_NOT_YET, _NOW)


def cast_done(answers: Answers, facts: Facts) -> Effects:
    return (CastBallot(answers["subject"]),) if answers["cast"] == _NOW.value else ()


def after_cast(value: str, answers: Answers, facts: Facts) -> Go:
    return Go("seat") if value == _NOW.value else to(ballot_of(answers, facts))


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
    if ballot.closed:
        return (*_as_it_was(ballot), *lines)
    change = Text(N_("To change an item, type its number, for example %(code)s."), {"code": _EXAMPLE})
    return (_how_far(ballot), *lines, *(() if ballot.submitted else (change,)))


def _as_it_was(ballot: Ballot) -> tuple[Text, ...]:
    """Of a session that is over: what the sheet came to, and whether it counted."""
    state = Text(N_("You handed it in.") if ballot.submitted else N_("It was not handed in, so it did not count."))
    return (state, _how_far(ballot), *total_lines(score(sheet_for(ballot), ballot.marks)))


def _given(item: Criterion, mark: int) -> Text:
    values: dict[str, Value] = {"code": item.code, "item": item.label, "finding": _with_points(item, mark)}
    return Text(N_("• %(code)s %(item)s: %(finding)s"), values)


def each_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    ballot = ballot_of(answers, facts)
    more = (_FURTHER,) if len(_marked(answers, facts)) > SHOWN else ()
    if ballot.closed:
        return (*more, MINE)
    on = (_ON,) if _left(ballot) else ()
    return (*more, *on, _WHOLE, *(() if ballot.submitted else _hidden(ballot)), replace(MINE, hidden=True))


def after_each(value: str, answers: Answers, facts: Facts) -> Go:
    ballot = ballot_of(answers, facts)
    match value:
        case "further":
            return to(ballot, EACH.value, _marked(answers, facts)[SHOWN].code)
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


def _is_advisory(answers: Answers, facts: Facts) -> bool:
    ballot = facts.ballot(answers["subject"])
    return ballot is not None and ballot.advisory


BALLOT = Dialog(
    "ballot",
    allowed=lambda answers, facts: is_mine(answers, facts) and not _is_advisory(answers, facts),
    up=up,
    steps=(
        *asks(_onward),
        Ask(
            "item",
            item_prompt,
            item_line(item_options),
            when=_at("item"),
            then=item_marked,
            goto=after_item,
            confirms=True,
            at_once=True,
        ),
        Ask(
            "number",
            number_prompt,
            line_or_points(number_options),
            when=lambda answers, facts: _at("number")(answers, facts) and _either(answers, facts) is not None,
            then=number_marked,
            goto=after_number,
            confirms=True,
            at_once=True,
        ),
        Ask("each", each_prompt, one_of(each_options), when=reads_back, goto=after_each, at_once=True),
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
            "cast",
            cast_prompt,
            one_of(cast_options),
            when=_at("cast"),
            then=cast_done,
            goto=after_cast,
            confirms=True,
            at_once=True,
        ),
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

"""A member of the council: which products they score, whether one concerns them, and their sheet item by item.

Each mark is kept at once, so a member goes on where they stopped, on whatever telephone. Nothing here knows a ballot
but one's own. Which of the questions below stands is `_do` of the draft, and `_item` what it is about.
"""

from dialogs.answers import one_of
from dialogs.council.facts import BOUND, FREE, SCORING
from dialogs.model import (
    N_,
    Answers,
    Ask,
    Ballot,
    CastBallot,
    Condition,
    DeclareInterest,
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
from dialogs.officer.desk import short_codes
from dialogs.producer.score_words import asked_lines, mark_options, mark_words, part_lines, total_lines
from dialogs.rules.scoring import score
from dialogs.rules.sheet import Criterion, Sheet, sheet

# ---------------------------------------------------------------- what there is to score


def ballot_of(answers: Answers, facts: Facts) -> Ballot:
    ballot = facts.ballot(answers["subject"])
    if ballot is None:  # `allowed` has let nobody through without one
        raise LookupError(answers["subject"])
    return ballot


def is_open(ballot: Ballot) -> bool:
    """Whether it can be scored at all, by whomever."""
    return not ballot.closed and ballot.status == SCORING and bool(ballot.product_set)


def sheet_for(ballot: Ballot) -> Sheet:
    return sheet(ballot.ruleset, ballot.product_set)


def _left(ballot: Ballot) -> tuple[Criterion, ...]:
    return tuple(c for c in sheet_for(ballot).criteria if c.code not in ballot.marks)


# ---------------------------------------------------------------- all of a member's ballots

NO_SEAT = (
    Text(N_("You are in no council that is scoring now.")),
    Text(N_("If you were invited: open the link from the secretary, or ask them for a new one.")),
)


def overview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if not facts.ballots:
        return NO_SEAT
    return (Text(N_("What you score in the council:")), *map(_line, facts.ballots))


def _line(ballot: Ballot) -> Text:
    values: dict[str, Value] = {"code": ballot.code, "product": ballot.product, "state": _state(ballot)}
    return Text(N_("• %(code)s “%(product)s”: %(state)s"), values)


def _state(ballot: Ballot) -> Text:
    if ballot.closed:
        return Text(N_("the session is over"))
    if not is_open(ballot):
        return Text(N_("not with the council any more"))
    if ballot.concerned:
        return Text(N_("you are concerned, so you do not score it"))
    if ballot.submitted:
        return Text(N_("handed in"))
    values: dict[str, Value] = {"done": len(ballot.marks), "total": len(sheet_for(ballot).criteria)}
    return Text(N_("%(done)s of %(total)s items"), values) if ballot.marks else Text(N_("not begun"))


_MENU = Option("menu", Text(N_("Main menu")), ("menu",))


def overview_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    open_ones = {ballot.code: ballot for ballot in facts.ballots if is_open(ballot)}
    shorts = short_codes(open_ones)
    listed = (
        Option(code, Text(_ways_in(ballot), {"code": shorts[code]}), (ballot.product,))
        for code, ballot in open_ones.items()
    )
    return (*listed, _MENU)


def _ways_in(ballot: Ballot) -> str:
    return N_("Open %(code)s") if ballot.concerned or ballot.submitted else N_("Score %(code)s")


SEAT = Dialog(
    "seat",
    linked=True,
    steps=(
        Ask(
            "which",
            overview,
            one_of(overview_options),
            goto=lambda value, answers, facts: Go("menu" if value == _MENU.value else f"ballot.{value}"),
        ),
    ),
)


# ---------------------------------------------------------------- ways

_MINE = Option("mine", Text(N_("All I score")), ("các phiếu", "phiếu của tôi", "all i score"))
_ON = Option("on", Text(N_("Go on scoring")), ("chấm tiếp", "go on"))
_WHICH = Option("which", Text(N_("Change an item")), ("sửa mục", "sửa điểm", "change an item"))
_SEE = Option("see", Text(N_("See my sheet")), ("xem phiếu", "see my sheet"))
_READ = Option("read", Text(N_("Read the dossier")), ("đọc hồ sơ", "read the dossier"))
_CAST = Option("cast", Text(N_("Hand the sheet in")), ("nộp phiếu", "hand in"))
_BACK = Option("back", Text(N_("Take the sheet back")), ("lấy lại phiếu", "take back"))
_CONCERNED = Option("concerned", Text(N_("I am concerned")), ("có liên quan", "tôi có liên quan", "concerned"))
_FREE = Option(FREE, Text(N_("I am not concerned")), ("không liên quan", "not concerned"))


def _to(ballot: Ballot, do: str = "", item: str = "") -> Go:
    return Go(f"ballot.{ballot.code}", {"_do": do, "_item": item})


def _onward(ballot: Ballot, but: str = "") -> Go:
    """At the first item that is open; with all of them marked, at the sheet."""
    left = next((c for c in _left(ballot) if c.code != but), None)
    return _to(ballot, "item", left.code) if left is not None else _to(ballot)


def _at(do: str) -> Condition:
    def so(answers: Answers, facts: Facts) -> bool:
        ballot = ballot_of(answers, facts)
        scores = is_open(ballot) and ballot.standing == FREE
        return scores and (not do or (not ballot.submitted and answers.get("_do", "") == do))

    return so


# ---------------------------------------------------------------- nothing to score


def over_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    ballot = ballot_of(answers, facts)
    named: dict[str, Value] = {"code": ballot.code, "product": ballot.product}
    if ballot.closed:
        return (Text(N_("The session is over, so %(code)s “%(product)s” can't be scored any more."), named),)
    return (Text(N_("%(code)s “%(product)s” is not with the council any more, so it can't be scored."), named),)


def concerned_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    ballot = ballot_of(answers, facts)
    named: dict[str, Value] = {"code": ballot.code, "product": ballot.product}
    if ballot.standing == BOUND:
        why = N_("By the record you make “%(product)s” (%(code)s), or work for its commune, so you do not score it.")
        return (Text(why, named), Text(N_("The secretary sees that by itself. You need not do anything.")))
    return (Text(N_("You have said that “%(product)s” (%(code)s) concerns you, so you do not score it."), named),)


def concerned_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (_MINE,) if ballot_of(answers, facts).standing == BOUND else (_FREE, _MINE)


def interest_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    ballot = ballot_of(answers, facts)
    named: dict[str, Value] = {"code": ballot.code, "product": ballot.product, "by": ballot.by}
    return (
        Text(N_("%(code)s “%(product)s”, made by %(by)s."), named),
        Text(N_("Does it concern you, a relative or your firm? Whoever is concerned does not score.")),
    )


def declared(answers: Answers, facts: Facts) -> Effects:
    said = answers.get("interest") or answers.get("concerned", "")
    return (DeclareInterest(answers["subject"], said == _CONCERNED.value),) if said != _MINE.value else ()


def after_interest(value: str, answers: Answers, facts: Facts) -> Go:
    ballot = ballot_of(answers, facts)
    return Go("seat") if value in (_MINE.value, _CONCERNED.value) else _onward(ballot)


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
    so_far = (Text(N_("So far: %(finding)s"), {"finding": mark_words(item, given)}),) if given is not None else ()
    head = Text(N_("“%(product)s”, %(number)s/%(total)s – item %(code)s"), values)
    return (head, *asked_lines(item), *so_far)


def item_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (*mark_options(_item(answers, facts)), _SEE, _READ)


def item_marked(answers: Answers, facts: Facts) -> Effects:
    ballot, item, value = ballot_of(answers, facts), _item(answers, facts), answers["item"]
    if value == _READ.value:
        return (ReadDossier(ballot.code),)
    return (ScoreItem(ballot.code, ballot.product_set, item.code, int(value)),) if value.isdigit() else ()


def after_item(value: str, answers: Answers, facts: Facts) -> Go:
    ballot, item = ballot_of(answers, facts), _item(answers, facts)
    if value == _READ.value:
        return _to(ballot, "item", item.code)
    return _to(ballot) if value == _SEE.value else _onward(ballot, item.code)


def which_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """Typed with a dot a code is an item; "7" alone is the seventh line."""
    ballot = ballot_of(answers, facts)
    items = (
        Option(
            c.code,
            Text(N_("%(code)s %(item)s"), {"code": c.code, "item": c.label}),
            (c.label.vi, *((c.code,) if "." in c.code else ())),
        )
        for c in sheet_for(ballot).criteria
        if c.code in ballot.marks
    )
    return (*items, _SEE)


def after_which(value: str, answers: Answers, facts: Facts) -> Go:
    ballot = ballot_of(answers, facts)
    return _to(ballot) if value == _SEE.value else _to(ballot, "item", value)


# ---------------------------------------------------------------- the whole sheet


def sheet_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    ballot = ballot_of(answers, facts)
    form = sheet_for(ballot)
    named: dict[str, Value] = {"code": ballot.code, "product": ballot.product}
    head = Text(N_("Your sheet for “%(product)s” (%(code)s)"), named)
    done: dict[str, Value] = {"done": len(ballot.marks), "total": len(form.criteria)}
    if len(ballot.marks) < len(form.criteria):
        return (head, Text(N_("%(done)s of %(total)s items are marked."), done))
    result = score(form, ballot.marks)
    state = Text(N_("Handed in. Until the session is over you can take it back and change it."))
    if not ballot.submitted:
        state = Text(N_("It counts once you hand it in. Nobody but the secretary sees it then."))
    return (head, *total_lines(result), *part_lines(form, result), state)


def sheet_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    ballot = ballot_of(answers, facts)
    if ballot.submitted:
        return (_BACK, _READ, _MINE)
    which = (_WHICH,) if ballot.marks else ()
    onwards = (
        (_ON, *which) if _left(ballot) else (*which, _CAST)
    )  # never first: the number of the last mark may come again
    return (*onwards, _READ, _CONCERNED, _MINE)


def sheet_done(answers: Answers, facts: Facts) -> Effects:
    code = answers["subject"]
    match answers["sheet"]:
        case "cast" | "back" as value:
            return (CastBallot(code, back=value == "back"),)
        case "concerned":
            return (DeclareInterest(code, concerned=True),)
        case "read":
            return (ReadDossier(code),)
    return ()


def after_sheet(value: str, answers: Answers, facts: Facts) -> Go:
    ballot = ballot_of(answers, facts)
    match value:
        case "on":
            return _onward(ballot)
        case "which":
            return _to(ballot, "which")
        case "back" | "read":
            return _to(ballot)
    return Go("seat")


def up(answers: Answers) -> Go:
    """From an item to the sheet, from there to all of them."""
    return Go(f"ballot.{answers['subject']}", {"_do": "", "_item": ""}) if answers.get("_do") else Go("seat")


def _standing(answers: Answers, facts: Facts) -> str:
    """Of a ballot that can be scored; None of these questions stands for another."""
    ballot = ballot_of(answers, facts)
    return ("concerned" if ballot.concerned else ballot.standing or "unsaid") if is_open(ballot) else "over"


BALLOT = Dialog(
    "ballot",
    allowed=lambda answers, facts: facts.ballot(answers["subject"]) is not None,
    up=up,
    steps=(
        Ask(
            "over",
            over_prompt,
            one_of((_MINE, _MENU)),
            when=lambda answers, facts: _standing(answers, facts) == "over",
            goto=lambda value, answers, facts: Go("menu" if value == _MENU.value else "seat"),
        ),
        Ask(
            "concerned",
            concerned_prompt,
            one_of(concerned_options),
            when=lambda answers, facts: _standing(answers, facts) == "concerned",
            then=declared,
            goto=after_interest,
        ),
        Ask(
            "interest",
            interest_prompt,
            one_of((_CONCERNED, _FREE, _MINE)),
            when=lambda answers, facts: _standing(answers, facts) == "unsaid",
            then=declared,
            goto=after_interest,
            confirms=True,
        ),
        Ask(
            "item",
            item_prompt,
            one_of(item_options),
            when=_at("item"),
            then=item_marked,
            goto=after_item,
            confirms=True,
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
        ),
    ),
)

"""The home of who sits in a council: which products are left to score or to read, of which session, until when."""

from collections.abc import Iterator
from itertools import groupby

from dialogs.answers import one_of
from dialogs.council.concern import ended_lines, is_open, may_be_read
from dialogs.council.facts import Ballot
from dialogs.model import N_, Answers, Ask, Dialog, Facts, Go, Option, Text, Value
from dialogs.officer.desk import short_codes
from dialogs.rules.sheet import sheet

NO_SEAT = (
    Text(N_("You are in no council that is scoring now.")),
    Text(N_("If you were invited: open the link from the secretary, or ask them for a new one.")),
)
NOTHING_YET = Text(N_("There is nothing to score in your session yet. I tell you once there is."))


def overview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if not facts.ballots:
        return (NOTHING_YET,) if facts.person.seated else (ended_lines(facts) or NO_SEAT)
    sessions = groupby(facts.ballots, lambda ballot: ballot.seat)
    return tuple(text for _, those in sessions for text in _session(tuple(those)))


def _session(ballots: tuple[Ballot, ...]) -> Iterator[Text]:
    yield _head(ballots)
    yield from map(_line, ballots)


def _head(ballots: tuple[Ballot, ...]) -> Text:
    left = sum(is_open(one) and not one.concerned and not one.submitted for one in ballots)
    values: dict[str, Value] = {"session": ballots[0].session, "count": left}
    if ballots[0].advisory and not ballots[0].closed:
        return _group_head(values) if left else Text(N_("Advisory group: nothing is left for you to read."))
    if ballots[0].closed:
        return Text(N_("Council, session %(session)s, is over:"), values)
    if not left:
        return Text(N_("Council, session %(session)s: nothing is left for you to score. Thank you."), values)
    if ballots[0].until is None:
        one = N_("Council, session %(session)s: %(count)s product left to score, until the secretary ends it.")
        many = N_("Council, session %(session)s: %(count)s products left to score, until the secretary ends it.")
        return Text(one, values, many)
    one = N_("Council, session %(session)s: %(count)s product left to score, by %(day)s.")
    many = N_("Council, session %(session)s: %(count)s products left to score, by %(day)s.")
    return Text(one, values | {"day": ballots[0].until}, many)


def _group_head(values: dict[str, Value]) -> Text:
    one = N_("Advisory group, session %(session)s: %(count)s dossier left to read.")
    many = N_("Advisory group, session %(session)s: %(count)s dossiers left to read.")
    return Text(one, values, many)


def _line(ballot: Ballot) -> Text:
    values: dict[str, Value] = {"code": ballot.code, "product": ballot.product, "state": _state(ballot)}
    return Text(N_("• %(code)s “%(product)s”: %(state)s"), values)


def _state(ballot: Ballot) -> Text:
    if ballot.closed:
        return Text(N_("the session is over"))
    if not is_open(ballot):
        return Text(N_("not with the council any more"))
    if ballot.advisory:
        return _read_state(ballot)
    if ballot.concerned:
        return Text(N_("you are concerned, so you do not score it"))
    if ballot.submitted:
        return Text(N_("handed in"))
    values: dict[str, Value] = {
        "done": len(ballot.marks),
        "total": len(sheet(ballot.ruleset, ballot.product_set).criteria),
    }
    return Text(N_("%(done)s of %(total)s items"), values) if ballot.marks else Text(N_("not begun"))


def _read_state(ballot: Ballot) -> Text:
    if ballot.concerned:
        return Text(N_("you are concerned, so you do not read it"))
    if ballot.submitted:
        return Text(N_("read through"))
    if ballot.until is not None:
        return Text(N_("to be read by %(day)s"), {"day": ballot.until})
    return Text(N_("to be read"))


_MENU = Option("menu", Text(N_("Main menu")), ("menu",))
_AS_PRODUCER = Option("own_menu", Text(N_("I make a product, too")), ("đăng ký sản phẩm", "i make a product, too"))


def overview_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    there: dict[str, Ballot] = {}
    for ballot in facts.ballots:  # of one product before two sessions the first, as of Facts.ballot
        if is_open(ballot) or may_be_read(ballot):
            there.setdefault(ballot.code, ballot)
    shorts = short_codes(there)
    listed = (
        Option(code, Text(_ways_in(ballot), {"code": shorts[code]}), (ballot.product,))
        for code, ballot in there.items()
    )
    return (*listed, _AS_PRODUCER if facts.sits_only else _MENU)


def _ways_in(ballot: Ballot) -> str:
    if ballot.concerned or ballot.submitted or ballot.closed:
        return N_("Open %(code)s")
    return N_("Read %(code)s") if ballot.advisory else N_("Score %(code)s")


def onward(value: str, answers: Answers, facts: Facts) -> Go:
    ballot = facts.ballot(value)
    return Go(ballot.key if ballot is not None else value)


# ---------------------------------------------------------------- help


def help_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if not facts.ballots:
        return overview(answers, facts)
    secretaries = dict.fromkeys(ballot.secretary for ballot in facts.ballots if ballot.secretary)
    asked = ", ".join(secretaries) or Text(N_("the secretary of the council"))
    return (
        Text(N_("“What I score” shows your sheets; each mark is kept at once, so stop and go on when you like.")),
        Text(N_("To change an item, type its number; what is handed in can be taken back until the session is over.")),
        Text(N_("For all else, please ask the secretary: %(secretary)s."), {"secretary": asked}),
    )


_SHEETS = Option("seat", Text(N_("What I score")), ("phiếu của tôi", "hội đồng", "what i score"))
_LANGUAGE = Option("language", Text(N_("Tiếng Việt / English")), ("ngôn ngữ", "language"))

SEAT_HELP = Dialog(
    "seat_help",
    steps=(
        Ask(
            "choice",
            help_prompt,
            one_of((_SHEETS, _LANGUAGE, _AS_PRODUCER)),
            goto=lambda value, answers, facts: Go(value),
            lasting=lambda value: True,
        ),
    ),
)

SEAT = Dialog(
    "seat",
    linked=True,
    steps=(Ask("which", overview, one_of(overview_options), goto=onward, lasting=lambda value: True),),
)

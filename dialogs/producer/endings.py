"""What a producer is told, unasked, of what ends soon, and of a new round for what was put off."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from dialogs.model import N_, CaseFacts, Facts, Link, SendMessage, Text, Value
from dialogs.producer.again import go_link
from dialogs.producer.check_status import status_words
from dialogs.producer.standing import AGAIN, RENEWAL, RESUME, follower, ways
from dialogs.producer.upload import paper_named
from dialogs.producer.wallet import paper_name, renewal_line
from dialogs.rules.certificate import window
from dialogs.rules.lifecycle import STATUSES, Side
from dialogs.rules.ruleset import WITH_THE_PLAN, ruleset_on

MOST = 5
"""Things named in one message; the others are in the wallet."""


@dataclass(frozen=True, slots=True)
class End:
    """`code` "" of a paper of one's own, `paper` "" of a certificate; `kind` as dialogs.rules.certificate.Moment."""

    code: str
    paper: str
    until: date
    kind: str


def reminder(ends: Sequence[End], facts: Facts) -> SendMessage | None:
    """One message for all; None where nothing is left to be said."""
    told = [(end, lines) for end in _once(ends, facts) if (lines := tuple(_lines(end, facts)))]
    if not told:
        return None
    named = [line for _, lines in told[:MOST] for line in lines]
    links = tuple(_renew(end, facts) for end, _ in told[:MOST])
    wallet = Link("wallet", Text(N_("My certificates")), "giấy của tôi")
    return SendMessage((*named, *_more(len(told))), links=(*(link for link in links if link is not None), wallet))


def _once(ends: Sequence[End], facts: Facts) -> tuple[End, ...]:
    """A paper that came along from case to case is one, and one's own is the one in a case that ends that day."""
    in_cases = {_paper_and_day(end) for end in ends if end.code}
    found: dict[tuple[str, date, str], End] = {}
    for end in ends:
        case = facts.case(end.code) if end.paper else None
        if end.code or _paper_and_day(end) not in in_cases:
            found.setdefault((*_paper_and_day(end), case.product if case is not None else end.code), end)
    return tuple(found.values())


def _paper_and_day(end: End) -> tuple[str, date]:
    """That of the plan is the dossier's."""
    return end.paper.removeprefix(WITH_THE_PLAN), end.until


def _lines(end: End, facts: Facts) -> Iterator[Text]:
    case = facts.case(end.code) if end.code else None
    if end.paper:
        yield _paper(end, case)
    elif case is not None:
        yield from _certificate(end, case, facts)


def _renew(end: End, facts: Facts) -> Link | None:
    case = facts.case(end.code) if not end.paper else None
    able = case is not None and RENEWAL in ways(case, facts.cases, facts.today)
    return go_link(case, RENEWAL) if case is not None and able else None


def _more(count: int) -> list[Text]:
    """Of what is not named."""
    return [Text(N_("• and %(count)s more"), {"count": count - MOST})] if count > MOST else []


def _certificate(end: End, case: CaseFacts, facts: Facts) -> Iterator[Text]:
    """Nothing once its renewal is with an office, or another certificate has taken its place."""
    begun = follower(case, facts.cases)
    with_producer = begun is not None and STATUSES[begun.status].owner is Side.PRODUCER
    if begun is not None and not with_producer and (begun.purpose == RENEWAL or begun.status == "certified"):
        return
    values: dict[str, Value] = {"product": case.product, "day": end.until}
    yield Text(N_("⏰ The certificate of “%(product)s” is good until %(day)s."), values)
    if begun is not None:
        words: dict[str, Value] = {"code": begun.code, "status": status_words(begun)}
        not_yet = N_("The next file %(code)s is not handed in yet: %(status)s.")
        yield Text(not_yet if with_producer else N_("The file for more stars %(code)s: %(status)s."), words)
    if end.kind == "closes" and (days := _days_to_file(end.until, facts.today)) > 0:
        yield Text(N_("In %(days)s days the time to file for renewal is over."), {"days": days})
    if (line := renewal_line(end.until, facts.today)) is not None:
        yield line


def _days_to_file(until: date, today: date) -> int:
    """0 or less once it is over, or where no rules say."""
    found = window(until, ruleset_on(today))
    return (found.closes_on - today).days if found is not None else 0


def _paper(end: End, case: CaseFacts | None) -> Text:
    paper = paper_named(case, end.paper) if case is not None else None
    values: dict[str, Value] = {"paper": paper.label if paper is not None else paper_name(end.paper), "day": end.until}
    if case is None:
        return Text(N_("⏰ %(paper)s is good until %(day)s. Once you have the new one, add it here."), values)
    of = N_("⏰ %(paper)s of “%(product)s” is good until %(day)s. Once you have the new one, add it here.")
    return Text(of, {**values, "product": case.product})


# ---------------------------------------------------------------- a new round

_WAITING = {
    "idea_not_this_year": N_("• “%(product)s” (%(code)s): the idea was put off"),
    "plan_next_cycle": N_("• “%(product)s” (%(code)s): the plan was put off"),
    "rated": N_("• “%(product)s” (%(code)s): %(stars)s stars so far, it may stand again"),
}


def new_round(facts: Facts, codes: Sequence[str]) -> SendMessage | None:
    """A new round is open for these; None where none of them may go on."""
    able = [case for case in facts.cases if case.code in codes and _way(case, facts)]
    if not able:
        return None
    lines = tuple(
        Text(
            _WAITING[case.status],
            {"product": case.product, "code": case.code, "stars": case.result.stars if case.result else 0},
        )
        for case in able[:MOST]
    )
    head = Text(N_("A new OCOP round is open. What waited for it is still here, with all you sent:"))
    ask = Text(N_("Shall we go on? If not, it simply stays as it is."))
    links = tuple(go_link(case, _way(case, facts)) for case in able[:MOST])
    return SendMessage((head, *lines, *_more(len(able)), ask), links=links)


def _way(case: CaseFacts, facts: Facts) -> str:
    return next((way for way in ways(case, facts.cases, facts.today) if way in (RESUME, AGAIN)), "")

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
from dialogs.rules.certificate import DAYS_BEFORE_CLOSING
from dialogs.rules.lifecycle import STATUSES, Side

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
    lines: list[Text] = []
    links: list[Link] = []
    for end in ends[:MOST]:
        case = facts.case(end.code) if end.code else None
        if end.paper:
            lines.append(_paper(end, case))
        elif case is not None and (said := tuple(_certificate(end, case, facts))):
            lines += said
            links += [go_link(case, RENEWAL)] if RENEWAL in ways(case, facts.cases, facts.today) else []
    if not lines:
        return None
    lines += _more(len(ends))
    wallet = Link("wallet", Text(N_("My certificates")), "giấy của tôi")
    return SendMessage(tuple(lines), links=(*links, wallet))


def _more(count: int) -> list[Text]:
    """Of what is not named."""
    return [Text(N_("• and %(count)s more"), {"count": count - MOST})] if count > MOST else []


def _certificate(end: End, case: CaseFacts, facts: Facts) -> Iterator[Text]:
    """Nothing once the next dossier is with an office, or has brought a new certificate."""
    begun = follower(case, facts.cases)
    if begun is not None and STATUSES[begun.status].owner is not Side.PRODUCER:
        return
    values: dict[str, Value] = {"product": case.product, "day": end.until}
    yield Text(N_("⏰ The certificate of “%(product)s” is good until %(day)s."), values)
    if begun is not None:
        words: dict[str, Value] = {"code": begun.code, "status": status_words(begun)}
        yield Text(N_("The next file %(code)s is not handed in yet: %(status)s."), words)
    if end.kind == "closes":
        yield Text(N_("In %(days)s days the time to file for renewal is over."), {"days": DAYS_BEFORE_CLOSING})
    if (line := renewal_line(end.until, facts.today)) is not None:
        yield line


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

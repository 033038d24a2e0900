"""What may follow a case that has come to its end: stand again, or go on in a new round; and what it brings along.

Source: Decision 26/2026/QĐ-TTg art. 6.1b, 6.1c, 7.5, 7.6: an upgrade and a re-evaluation show what has changed since.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from dialogs.model import Answers, CaseFacts, OwnPaper, PaperFacts
from dialogs.rules.certificate import renewable_from
from dialogs.rules.lifecycle import BEGUN, OVER
from dialogs.rules.ruleset import WITH_THE_PLAN, Paper, Ruleset, ruleset, ruleset_on, same_kind

RENEWAL, UPGRADE, AGAIN, RESUME = "renewal", "upgrade", "again", "resume"
_MOST_STARS = 5
OF_THE_PRODUCER = frozenset({"food_safety"})
"""What one keeps here that is of the place, not of one product: only that goes into a file by itself."""


def follower(case: CaseFacts, cases: Iterable[CaseFacts]) -> CaseFacts | None:
    """The case that continues this one, as long as it may still lead to something."""
    return next((one for one in cases if one.former == case.code and one.status not in OVER), None)


def ways(case: CaseFacts, cases: Iterable[CaseFacts], today: date) -> tuple[str, ...]:
    """What its producer may begin with this case today; `cases` are all of theirs.

    What is begun and not handed in yet is in the way of nothing else: it goes on for the other purpose.
    """
    begun = follower(case, cases)
    if not case.own or (begun is not None and begun.status != BEGUN):
        return ()
    return tuple(way for way in _ways(case, today) if begun is None or way != begun.purpose)


def _ways(case: CaseFacts, today: date) -> tuple[str, ...]:
    """As if nothing had been begun."""
    if case.status in ("idea_not_this_year", "plan_next_cycle"):
        return (RESUME,) if case.round_open else ()
    if case.status == "rated":
        return (AGAIN,) if case.round_open else ()
    result = case.result
    if result is None or result.certificate_until is None:
        return ()
    if case.status == "expired":
        return (RENEWAL,)
    if case.status != "certified":
        return ()
    renewal = (RENEWAL,) if today >= renewable_from(result.certificate_until, ruleset_on(today)) else ()
    return (*renewal, *((UPGRADE,) if result.stars < _MOST_STARS else ()))


def carried_answers(case: CaseFacts, today: date) -> dict[str, str]:
    """The answers of a case as far as they mean the same under today's rules."""
    kept = {name: value for name, value in case.answers.items() if not name.startswith("_")}
    if not same_kind(ruleset(case.ruleset), ruleset_on(today), case.answers):
        kept = {name: value for name, value in kept.items() if name not in ("product_group", "product_set")}
    return kept


@dataclass(frozen=True, slots=True)
class Brought:
    """A paper that is taken over: `paper` of the new dossier, from the former case's `former` or one's own `own`.

    `former` "" and `own` 0: none of either.
    """

    paper: Paper
    former: str = ""
    own: int = 0


def brought(
    case: CaseFacts, own_papers: Sequence[OwnPaper], answers: Answers, rules: Ruleset, today: date
) -> tuple[Brought, ...]:
    """Papers of the last dossier that are still good today, under the rules of the new one.

    What a producer keeps under the same name takes its place if it has photos and is good for longer; a case's paper of
    which no day is known gives way.
    """
    found = (_brought(case, own_papers, paper, today) for paper in dossier_papers(answers, rules))
    return tuple(one for one in found if one is not None)


def dossier_papers(answers: Answers, rules: Ruleset) -> tuple[Paper, ...]:
    return rules.papers_for("dossier", answers["product_group"], answers["producer_kind"])


def _brought(case: CaseFacts, own_papers: Sequence[OwnPaper], paper: Paper, today: date) -> Brought | None:
    if paper.anew:
        return None
    kept, own = _kept(case, paper), _own(own_papers, paper)
    until = kept.valid_until if kept is not None else None
    if own is not None and own.valid_until >= today and (until is None or own.valid_until > until):
        return Brought(paper, own=own.id)
    if kept is None or (until is not None and until < today):
        return None
    return Brought(paper, former=kept.id)


def _kept(case: CaseFacts, paper: Paper) -> PaperFacts | None:
    """What the case knows of it; what came with the plan is the dossier's."""
    sent = _sent(case)
    return sent.get(paper.id) or sent.get(f"{WITH_THE_PLAN}{paper.id}")


def _own(own_papers: Sequence[OwnPaper], paper: Paper) -> OwnPaper | None:
    """The one that is good longest of those that may stand for it: what has no photo is a day to remember."""
    able = [one for one in own_papers if one.paper == paper.id and one.paper in OF_THE_PRODUCER and one.pages]
    return max(able, key=lambda one: one.valid_until, default=None)


def _sent(case: CaseFacts) -> Mapping[str, PaperFacts]:
    return {paper.id: paper for paper in case.papers if paper.sent}


def ran_out(case: CaseFacts, own_papers: Sequence[OwnPaper], paper: Paper, today: date) -> date | None:
    """The last day of what there is of a paper, if that has gone by."""
    found = (_kept(case, paper), _own(own_papers, paper))
    last = max((one.valid_until for one in found if one is not None and one.valid_until is not None), default=None)
    return last if last is not None and last < today else None

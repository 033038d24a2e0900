"""Which papers a case needs, which of them are here, and what has to be known to say so."""

from collections.abc import Mapping
from dataclasses import dataclass

from dialogs.model import CaseFacts, Facts, OwnPaper, PaperFacts
from dialogs.producer.own_score import set_number
from dialogs.rules.lifecycle import is_dossier
from dialogs.rules.ruleset import WITH_THE_PLAN, Condition, Paper, Stage, ruleset

BY_HAND = {"samples"}
"""What is brought to the commune, not sent: a photo of it is welcome, and nothing waits for one."""


def papers_of(case: CaseFacts) -> tuple[Paper, ...]:
    """The papers of the present stage, the plan or the dossier, required ones first, by the rules of the case."""
    return _papers_for(case, "dossier" if is_dossier(case.status) else "plan")


def all_papers_of(case: CaseFacts) -> tuple[Paper, ...]:
    """Of both stages, for the names of papers that were handed in, or returned, earlier."""
    return (*_papers_for(case, "plan"), *_papers_for(case, "dossier"))


def _papers_for(case: CaseFacts, stage: Stage) -> tuple[Paper, ...]:
    return ruleset(case.ruleset).papers_for(stage, case.answers["product_group"], case.answers["producer_kind"])


def paper_named(case: CaseFacts, paper_id: str) -> Paper | None:
    """A paper of either stage."""
    return next((paper for paper in all_papers_of(case) if paper.id == paper_id), None)


def kept_paper(case: CaseFacts, paper_id: str) -> PaperFacts | None:
    """The paper as it was kept; what was handed in with the plan counts for the dossier as well."""
    kept = {paper.id: paper for paper in case.papers}
    return kept.get(paper_id) or (kept.get(f"{WITH_THE_PLAN}{paper_id}") if is_dossier(case.status) else None)


STORY = "story"
"""The form of the paper that a product's story is (ruleset.FORM_IDS)."""


def story_paper(case: CaseFacts) -> Paper | None:
    """The paper of this stage that a story is."""
    return next((paper for paper in papers_of(case) if paper.form == STORY), None)


def needed(case: CaseFacts) -> tuple[Paper, ...]:
    """The required papers that are sent through here."""
    return tuple(p for p in papers_of(case) if p.required and p.id not in BY_HAND)


def by_hand(case: CaseFacts) -> tuple[Paper, ...]:
    """What the producer brings to the commune beside the papers."""
    return tuple(p for p in papers_of(case) if p.required and p.id in BY_HAND)


def missing(case: CaseFacts) -> tuple[Paper, ...]:
    """Required papers that are not there, and those returned and not sent again."""
    lacking = completeness(case).required.lacking
    return tuple(p for p in papers_of(case) if p in lacking or returned(case, p.id))


def not_handed_in(case: CaseFacts) -> tuple[Paper, ...]:
    """Required papers of the stage that no officer has before them."""
    return completeness(case, handed_in=True).required.lacking


def plan_is_here(case: CaseFacts) -> bool:
    """Whether all that the plan needs has been handed over already, with the idea."""
    return bool(needed(case)) and not not_handed_in(case) and not missing(case)


def returned(case: CaseFacts, paper_id: str) -> bool:
    """Whether this paper came back and no newer version of it has been kept since."""
    paper = kept_paper(case, paper_id)
    items = (r for r in case.returned if r.item == f"paper:{paper_id}" and not r.question)
    return any(paper is None or paper.sent for _ in items)


def in_wallet(case: CaseFacts, facts: Facts) -> Mapping[str, OwnPaper]:
    """By id of a paper of this stage what the producer keeps for themselves that may stand for it: it has photos and
    is still good, and the case has none, or one that came back or ran out.
    """
    good = [own for own in facts.own_papers if case.own and own.pages and own.valid_until >= facts.today]
    longest = {own.paper: own for own in sorted(good, key=lambda own: own.valid_until)}
    named = ((paper.id, longest.get(paper.id.removeprefix(WITH_THE_PLAN))) for paper in papers_of(case))
    return {name: own for name, own in named if own is not None and _is_better(case, name, own, facts)}


def _is_better(case: CaseFacts, paper_id: str, own: OwnPaper, facts: Facts) -> bool:
    kept = kept_paper(case, paper_id)
    if kept is None:
        return True
    useless = returned(case, paper_id) or (kept.valid_until is not None and kept.valid_until < facts.today)
    return useless and kept.valid_until != own.valid_until


# ---------------------------------------------------------------- how complete it is


@dataclass(frozen=True, slots=True)
class Count:
    """Some papers that count: how many of how many are here, and which are not."""

    here: int
    lacking: tuple[Paper, ...]

    @property
    def total(self) -> int:
        return self.here + len(self.lacking)


@dataclass(frozen=True, slots=True)
class Completeness:
    """The papers that count for a case at its stage: those that are here, and those that are not.

    `open`: what decides about further ones and is not known yet. `total` is of what is known. `required` are those
    without which the file is not taken, `others` those that its stars hang on.
    """

    here: tuple[Paper, ...]
    lacking: tuple[Paper, ...]
    open: tuple[Condition, ...]

    @property
    def total(self) -> int:
        return len(self.here) + len(self.lacking)

    @property
    def papers(self) -> tuple[Paper, ...]:
        return (*self.here, *self.lacking)

    @property
    def required(self) -> Count:
        return self._of(required=True)

    @property
    def others(self) -> Count:
        return self._of(required=False)

    def _of(self, *, required: bool) -> Count:
        here = sum(paper.required is required for paper in self.here)
        return Count(here, tuple(paper for paper in self.lacking if paper.required is required))


def completeness(case: CaseFacts, *, handed_in: bool = False) -> Completeness:
    """What is needed always, and what is needed only under a condition, where that holds; none brought by hand.

    What came back and was not sent again is not here. `handed_in`: as an officer counts, only what was sent.
    """
    counted = [p for p in papers_of(case) if p.counts and p.id not in BY_HAND]
    known = {condition.id: applies(condition, case) for condition in conditions_of(case)}
    wanted = [p for p in counted if not p.only_if or known[p.only_if]]
    here = tuple(p for p in wanted if _is_here(case, p, handed_in))
    open_ones = tuple(condition for condition in conditions_of(case) if known[condition.id] is None)
    return Completeness(here, tuple(p for p in wanted if p not in here), open_ones)


def _is_here(case: CaseFacts, paper: Paper, handed_in: bool) -> bool:
    kept = kept_paper(case, paper.id)
    return kept is not None and not returned(case, paper.id) and (kept.sent or not handed_in)


def conditions_of(case: CaseFacts) -> tuple[Condition, ...]:
    """Those on which a paper of this stage hangs, for this product and this maker."""
    wanted = {paper.only_if for paper in papers_of(case)}
    return tuple(condition for condition in ruleset(case.ruleset).conditions if condition.id in wanted)


def applies(condition: Condition, case: CaseFacts) -> bool | None:
    """What the producer has said, else what the registration says; None: neither."""
    if condition.id in case.conditions:
        return case.conditions[condition.id]
    if condition.sets and (number := set_number(case)):
        return number in condition.sets
    given = case.answers.get(condition.answer, "")
    return not condition.values.isdisjoint(given.split(",")) if given else None

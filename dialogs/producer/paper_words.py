"""How complete a file is, in words: the same count wherever it is said, and what it counts."""

from collections.abc import Collection

from dialogs.model import N_, CaseFacts, Option, Text, Value
from dialogs.producer.papers import Completeness, kept_paper, returned
from dialogs.rules.ruleset import Paper

WALLET = Option(
    "wallet",
    Text(N_("My certificates")),
    ("giấy chứng nhận", "giấy chứng nhận của tôi", "giấy của tôi", "my certificates"),
)


def meter(complete: Completeness) -> Text:
    """ "Required papers: 2/4. Better to have: 0/5": what has to be there, and what else counts for this product."""
    must, more = complete.required, complete.others
    values: dict[str, Value] = {"here": must.here, "total": must.total, "more": more.here, "others": more.total}
    if not more.total:
        return Text(N_("Required papers: %(here)s/%(total)s are here."), values)
    return Text(N_("Required papers: %(here)s/%(total)s are here. Better to have: %(more)s/%(others)s."), values)


def meter_lines(complete: Completeness, kept: Collection[str] = ()) -> tuple[Text, ...]:
    """The meter, and by name what is missing; `kept`: ids of papers that are among one's own (papers.in_wallet)."""
    return (meter(complete), *(lacking_line(paper, kept) for paper in complete.lacking))


def lacking_line(paper: Paper, kept: Collection[str]) -> Text:
    if paper.id in kept:
        return Text(N_("• %(paper)s: it is among your certificates, I can take it from there"), {"paper": paper.label})
    return not_here(paper)


def not_here(paper: Paper) -> Text:
    if paper.required:
        return Text(N_("• %(paper)s: needed"), {"paper": paper.label})
    return Text(N_("• %(paper)s: better to have"), {"paper": paper.label})


def paper_line(case: CaseFacts, paper: Paper, in_wallet: Collection[str] = ()) -> Text:
    kept = kept_paper(case, paper.id)
    if paper.id in in_wallet:
        return lacking_line(paper, in_wallet)
    if returned(case, paper.id):
        return Text(N_("• %(paper)s: please send it again"), {"paper": paper.label})
    if kept is not None:
        values: dict[str, Value] = {"paper": paper.label, "count": kept.pages}
        return Text(N_("• %(paper)s: here (%(count)s page)"), values, N_("• %(paper)s: here (%(count)s pages)"))
    return not_here(paper)


def unknown(questions: int) -> Text:
    """Further papers may be needed: a few short questions tell which."""
    one, many = N_("%(count)s short question tells which others."), N_("%(count)s short questions tell which others.")
    return Text(one, {"count": questions}, many)

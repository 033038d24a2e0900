"""What the machine noticed about a case, in words; and the last day of a paper, which only an eye can read."""

from collections.abc import Sequence
from datetime import date

from dialogs.answers import one_of
from dialogs.model import (
    N_,
    Answers,
    Ask,
    CaseFacts,
    Dialog,
    Effects,
    Facts,
    Finding,
    Option,
    PaperFacts,
    SetPaperDate,
    Text,
    Value,
)
from dialogs.officer.rights import case_of, visible
from dialogs.paper_days import day
from dialogs.rules.lifecycle import STATUSES, Side
from dialogs.rules.ruleset import Label, ruleset

# ---------------------------------------------------------------- what was noticed

_OWN_PAPERS = {"product": N_("photos of the product"), "signed_sheet": N_("the signed sheet")}
"""Kept like papers, but in no ruleset."""
_SENTENCES = {
    "missing": N_("%(paper)s is missing"),
    "blurred": N_("%(paper)s: page %(detail)s is blurred"),
    "dark": N_("%(paper)s: page %(detail)s is too dark"),
    "tiny": N_("%(paper)s: page %(detail)s is very small"),
    "past_date": N_("%(paper)s ran out on %(day)s"),
    "ends_soon": N_("%(paper)s runs out on %(day)s"),
    "same_name": N_("same name as %(detail)s"),
    "same_file": N_("%(paper)s has a page that is also in %(detail)s"),
}


def finding_lines(case: CaseFacts) -> tuple[Text, ...]:
    """For an officer's card: one sentence on what the machine noticed.

    That nothing has the same name is worth saying too, as long as something is to be decided.
    """
    if not case.findings and STATUSES[case.status].owner is Side.NOBODY:
        return ()
    parts = [_words(case, finding) for finding in case.findings]
    if not any(finding.kind == "same_name" for finding in case.findings):
        parts.append(Text(N_("no other product of this name in the commune")))
    return (Text(N_("Noticed: %(findings)s."), {"findings": _joined(parts)}),)


def _joined(parts: Sequence[Text]) -> Text:
    """Sentences with semicolons between them, each translated on its own."""
    if len(parts) == 1:
        return parts[0]
    return Text("%(first)s; %(rest)s", {"first": parts[0], "rest": _joined(parts[1:])})


def _words(case: CaseFacts, finding: Finding) -> Text:
    paper = paper_words(case, finding.item.removeprefix("paper:"))
    values: dict[str, Value] = {"paper": _small(paper), "detail": finding.detail}
    if finding.kind == "same_file" and not finding.detail:
        values["detail"] = Text(N_("another producer's file"))
    if finding.kind in ("past_date", "ends_soon"):
        values["day"] = date.fromisoformat(finding.detail)
    return Text(_SENTENCES[finding.kind], values)


def paper_words(case: CaseFacts, paper_id: str) -> Text | Label | str:
    """The name of anything that is kept like a paper, of whichever stage."""
    if paper_id in _OWN_PAPERS:
        return Text(_OWN_PAPERS[paper_id])
    return next((paper.label for paper in ruleset(case.ruleset).papers if paper.id == paper_id), paper_id)


def _small(words: Text | Label | str) -> Text | Label | str:
    """A name in the middle of a sentence."""
    return Label(_lowered(words.vi), _lowered(words.en)) if isinstance(words, Label) else words


def _lowered(words: str) -> str:
    """ "Phiếu kiểm nghiệm" becomes "phiếu kiểm nghiệm", but "HACCP" stays."""
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


# ---------------------------------------------------------------- the last day of a paper


def dated(answers: Answers, facts: Facts) -> tuple[PaperFacts, ...]:
    """Papers that can have a last day: those handed in, without what is not a document."""
    return tuple(p for p in case_of(answers, facts).papers if p.sent and p.id not in _OWN_PAPERS)


def _paper_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case = case_of(answers, facts)
    return tuple(Option(paper.id, paper_words(case, paper.id)) for paper in dated(answers, facts))


def _which_day(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    paper = {"paper": paper_words(case_of(answers, facts), answers["paper"])}
    ask = Text(N_("%(paper)s: what is its last day? For example: 31/12/2027."), paper)
    noted = next((p.valid_until for p in dated(answers, facts) if p.id == answers["paper"]), None)
    return (ask, *((Text(N_("Noted so far: %(day)s."), {"day": noted}),) if noted is not None else ()))


def _noted(answers: Answers, facts: Facts) -> Effects:
    return (SetPaperDate(answers["subject"], answers["paper"], date.fromisoformat(answers["day"])),)


PAPER_DATE = Dialog(
    "paper_date",
    allowed=visible,
    up="review.{subject}",
    steps=(
        Ask(
            "paper",
            N_("Which paper has a last day?"),
            one_of(_paper_options),
            when=lambda answers, facts: bool(dated(answers, facts)),
        ),
        Ask(
            "day",
            _which_day,
            day(),
            when=lambda answers, facts: bool(dated(answers, facts)),
            needs=("paper",),
            then=_noted,
        ),
        Ask(
            "none",
            N_("No paper has been handed in yet, so there is no date to note."),
            one_of((Option("back", Text(N_("Back to the file")), ("quay lại", "back")),)),
            when=lambda answers, facts: not dated(answers, facts),
        ),
    ),
    end=lambda answers, facts: f"review.{answers['subject']}",
)

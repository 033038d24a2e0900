"""Papers that the assistant fills in from a case: the producer gets them as files, completes and signs them."""

from collections.abc import Mapping

from dialogs.answers import one_of
from dialogs.model import N_, Answers, Ask, CaseFacts, Dialog, Effects, Facts, Go, Option, SendForm, Text
from dialogs.producer.consent import consent_first
from dialogs.producer.papers import all_papers_of
from dialogs.producer.upload import takes_papers
from dialogs.rules.lifecycle import STATUSES, Side
from dialogs.rules.ruleset import FORM_IDS

PREPARE = Option(
    "prepare",
    Text(N_("Fill in papers for me")),
    ("soạn giấy tờ", "soạn giấy", "điền mẫu", "mẫu đơn", "điền giúp", "fill in papers"),
)
WHOLE = "all"
"""The bound dossier, as it stands."""
FORM_WORDS: Mapping[str, str] = {
    "idea": N_("Idea form"),
    "plan": N_("Business plan"),
    "form_01": N_("Form 01"),
    "form_02": N_("Form 02"),
    "story": N_("Product story"),
    WHOLE: N_("The whole dossier"),
}
_TYPED = {
    "idea": ("phiếu ý tưởng", "ý tưởng"),
    "plan": ("kế hoạch", "phương án"),
    "form_01": ("mẫu 01", "mẫu 1", "phiếu đăng ký"),
    "form_02": ("mẫu 02", "mẫu 2", "báo cáo tự đánh giá"),
    "story": ("câu chuyện", "kể chuyện"),
    WHOLE: ("cả bộ", "bộ hồ sơ"),
}


def forms_of(case: CaseFacts) -> tuple[str, ...]:
    """By the rules of the case. The idea form belongs to no paper any more since 2026, and is still asked for."""
    known = {paper.form for paper in all_papers_of(case)}
    return tuple(name for name in FORM_IDS if name == "idea" or name in known)


def offered(case: CaseFacts) -> bool:
    """Where the producer is to hand in papers next; elsewhere it is understood when typed."""
    return STATUSES[case.status].owner is Side.PRODUCER and takes_papers(case) and case.status != "idea_returned"


def is_mine(answers: Answers, facts: Facts) -> bool:
    case = facts.case(answers["subject"])
    return case is not None and case.as_producer


def choices(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case = facts.case(answers["subject"])
    names = [name for name in forms_of(case) if name != "story" or takes_papers(case)] if case is not None else []
    forms = tuple(Option(name, Text(FORM_WORDS[name]), _TYPED[name]) for name in (*names, WHOLE))
    return (*forms, Option("case", Text(N_("Open my file")), ("mở hồ sơ", "open")))


def ordered(answers: Answers, facts: Facts) -> Effects:
    name = answers["which"]
    return () if name in ("case", "story") else (SendForm(answers["subject"], name),)


def onward(value: str, answers: Answers, facts: Facts) -> Go:
    code, case = answers["subject"], facts.case(answers["subject"])
    if value == "story" and case is not None:
        return Go(f"story.{code}", given={"_product": case.product})
    return Go(f"case.{code}" if value == "case" else f"prepare.{code}")


PREPARE_DIALOG = Dialog(
    "prepare",
    before=consent_first,
    allowed=is_mine,
    linked=True,
    up="case.{subject}",
    steps=(
        Ask(
            "which",
            N_("I fill in what you have told me and leave lines for the rest. Which paper shall it be?"),
            one_of(choices),
            then=ordered,
            goto=onward,
        ),
    ),
)

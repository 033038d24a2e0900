"""Handing over what is kept, after a last look; and for which product something is meant."""

from dialogs.answers import one_of
from dialogs.model import N_, Answers, Ask, CaseFacts, Dialog, Effects, Facts, Go, Option, SendToCommune, Text, Value
from dialogs.producer.consent import consent_first
from dialogs.producer.paper_words import paper_line
from dialogs.producer.papers import all_papers_of, by_hand, missing
from dialogs.producer.upload import case_of, goes_to_province, may_send, mine, unsent
from dialogs.words import YES


def look_it_over(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    new = {paper.id for paper in unsent(case)}
    lines = tuple(paper_line(case, paper) for paper in all_papers_of(case) if paper.id in new)
    lacking = tuple(Text(N_("• %(paper)s"), {"paper": p.label}) for p in missing(case))
    warning = (Text(N_("These are still missing, so the commune may send it back:")), *lacking) if lacking else ()
    if goes_to_province(case):
        return (Text(N_("I send this to the province:")), *lines, *warning)
    brought = tuple(
        Text(N_("Please bring to the commune office: %(paper)s."), {"paper": p.label}) for p in by_hand(case)
    )
    return (Text(N_("I send this to the commune:")), *lines, *warning, *brought)


def hand_over(answers: Answers, facts: Facts) -> Effects:
    return (SendToCommune(answers["subject"]),) if answers["confirm"] == "send" else ()


def after_hand_over(value: str, answers: Answers, facts: Facts) -> Go:
    return Go(f"case.{answers['subject']}" if value == "send" else f"upload.{answers['subject']}")


HAND_OVER = Dialog(
    "hand_over",
    allowed=lambda answers, facts: (case := mine(answers, facts)) is not None and may_send(case),
    steps=(
        Ask(
            "confirm",
            look_it_over,
            one_of(
                (
                    Option("send", Text(N_("Send it now")), ("gửi luôn", "gửi", "send", *YES)),
                    Option("back", Text(N_("Don't send yet")), ("chưa gửi", "chưa", "not yet")),
                )
            ),
            confirms=True,
            then=hand_over,
            goto=after_hand_over,
        ),
    ),
)


# ---------------------------------------------------------------- which case


def case_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return tuple(Option(c.code, Text(N_("%(code)s %(product)s"), _names(c)), (c.code, c.product)) for c in facts.cases)


def _names(case: CaseFacts) -> dict[str, Value]:
    return {"code": case.code, "product": case.product[:40]}


# Its subject is the dialog that the case is wanted for; by itself its papers.
PAPERS = Dialog(
    "papers",
    before=consent_first,
    steps=(
        Ask(
            "case",
            N_("For which product?"),
            one_of(case_options),
            when=lambda answers, facts: bool(facts.cases),
            goto=lambda value, answers, facts: Go(f"{answers['subject'] or 'upload'}.{value}"),
        ),
        Ask(
            "none",
            N_("You have no file with the commune yet. Shall we register a product first?"),
            one_of(
                (
                    Option("register", Text(N_("Register a product")), ("đăng ký", "register"), takes_rest=True),
                    Option("menu", Text(N_("Main menu")), ("menu",)),
                )
            ),
            goto={"register": "register_idea.new", "menu": "menu"},
        ),
    ),
)

"""What further papers a product needs: short questions about what the papers hang on, one after the other."""

from dialogs.answers import one_of
from dialogs.model import N_, Answers, Ask, CaseFacts, Dialog, Effects, Facts, Go, KeepCondition, Option, Text, Value
from dialogs.producer.consent import consent_first
from dialogs.producer.own_score import case_of
from dialogs.producer.paper_words import meter_lines, unknown
from dialogs.producer.papers import applies, completeness, conditions_of, in_wallet
from dialogs.rules.ruleset import Condition
from dialogs.words import INTENTS, NO, YES

LACKING = Option("lacking", Text(N_("What is missing?")), INTENTS["papers_needed"], hidden=True)
"""Asked of the file that is open; elsewhere it is a command (dialogs.tree)."""


def may_say(answers: Answers, facts: Facts) -> bool:
    case = facts.case(answers["subject"])
    return case is not None and case.as_producer


def _asked(answers: Answers, facts: Facts) -> Condition | None:
    """The one that was chosen to be answered anew, else the first that is open and was not passed over."""
    case, passed = case_of(answers, facts), answers.get("_passed", "").split(",")
    if chosen := answers.get("_about"):
        return next((condition for condition in conditions_of(case) if condition.id == chosen), None)
    return next((condition for condition in completeness(case).open if condition.id not in passed), None)


def question(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """Who asks what is missing is told so first, as far as it is known, and then asked for the rest."""
    condition = _asked(answers, facts)
    ask = Text("%(question)s", {"question": condition.question if condition is not None else ""})
    if answers.get(TOLD):
        return (ask,)
    case = case_of(answers, facts)
    complete = completeness(case)
    return (*meter_lines(complete, in_wallet(case, facts)), unknown(len(complete.open)), ask)


TOLD = "_told"
"""Whether what is missing has just been named."""
UNSURE = "unsure"


def choices(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """Each names what it answers: a second tap on the same button answers nothing else."""
    condition = _asked(answers, facts)
    about = condition.id if condition is not None else ""
    return (
        Option(f"{about}:yes", Text(N_("Yes, it is so")), YES),
        Option(f"{about}:no", Text(N_("No, it is not")), NO),
        Option(f"{about}:{UNSURE}", Text(N_("I don't know yet")), ("chưa biết", "không biết", "chưa rõ")),
    )


def noted(answers: Answers, facts: Facts) -> Effects:
    condition, _, said = answers["answer"].partition(":")
    return () if said == UNSURE else (KeepCondition(answers["subject"], condition, said == "yes"),)


def onward(value: str, answers: Answers, facts: Facts) -> Go:
    condition, _, said = value.partition(":")
    passed = f"{answers.get('_passed', '')},{condition}" if said == UNSURE else answers.get("_passed", "")
    return Go(f"needs.{answers['subject']}", {"_passed": passed, "_about": "", TOLD: "1"})


# ---------------------------------------------------------------- what was said


def summary(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    known = tuple(_line(condition, case) for condition in conditions_of(case))
    go_by = (Text(N_("This is what I go by:")), *known) if known else ()
    return (*meter_lines(completeness(case), in_wallet(case, facts)), *go_by, Text(N_("What would you like to do?")))


def _line(condition: Condition, case: CaseFacts) -> Text:
    words = {True: Text(N_("yes")), False: Text(N_("no")), None: Text(N_("not known yet"))}
    values: dict[str, Value] = {"what": condition.label, "answer": words[applies(condition, case)]}
    return Text(N_("• %(what)s: %(answer)s"), values)


def to_change(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case = case_of(answers, facts)
    papers = Option("papers", Text(N_("Send papers")), ("nộp giấy tờ", "papers"))
    change = tuple(
        Option(f"about:{c.id}", Text(N_("Change: %(what)s"), {"what": c.label}), (c.label,))
        for c in conditions_of(case)
    )
    return (papers, *change, Option("case", Text(N_("Open my file")), ("mở hồ sơ", "open")))


def changed(value: str, answers: Answers, facts: Facts) -> Go:
    code = answers["subject"]
    if value.startswith("about:"):
        return Go(f"needs.{code}", {"_about": value.removeprefix("about:"), TOLD: "1"})
    return Go(f"upload.{code}" if value == "papers" else f"case.{code}")


NEEDS = Dialog(
    "needs",
    before=consent_first,
    allowed=may_say,
    linked=True,
    up="upload.{subject}",
    steps=(
        Ask(
            "answer",
            question,
            one_of(choices),
            when=lambda answers, facts: _asked(answers, facts) is not None,
            then=noted,
            goto=onward,
        ),
        Ask("known", summary, one_of(to_change), goto=changed),
    ),
)

"""Change what the commune asked to have changed, and nothing else; then send it back."""

from dataclasses import replace

from dialogs.answers import one_of
from dialogs.model import N_, Answers, Ask, CorrectAnswers, Dialog, Effects, Facts, Go, Option, Text
from dialogs.producer.check_status import is_mine
from dialogs.producer.consent import consent_first
from dialogs.producer.register_idea import IDEA_ASKS, answer_lines, editable
from dialogs.rules.lifecycle import Side, actions


def open_to_change(answers: Answers, facts: Facts) -> bool:
    case = facts.case(answers["subject"])
    return is_mine(answers, facts) and case is not None and "resubmit" in actions(case.status, Side.PRODUCER)


def look_it_over(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (Text(N_("This is how it goes back to the commune:")), *answer_lines(answers, facts))


def sent(answers: Answers, facts: Facts) -> Effects:
    if answers["send"] != "send":
        return ()
    given = {ask.name: answers[ask.name] for ask in IDEA_ASKS if ask.name in answers}
    return (CorrectAnswers(answers["subject"], given),)


def onward(value: str, answers: Answers, facts: Facts) -> Go | None:
    code = answers["subject"]
    if value == "send":
        return Go(f"case.{code}", drop=f"correct.{code}")
    return Go(f"correct.{code}/edit") if value == "edit" else Go(f"case.{code}")


CORRECT = Dialog(
    "correct",
    form=True,
    before=consent_first,
    allowed=open_to_change,
    up="check_status",
    steps=(
        *(replace(ask, counted=False, prefill=None) for ask in IDEA_ASKS),
        Ask(
            "send",
            look_it_over,
            one_of(
                (
                    Option("send", Text(N_("Send it back")), ("gửi lại", "gửi", "send")),
                    Option("edit", Text(N_("Change an answer")), ("sửa", "edit")),
                    Option("later", Text(N_("Don't send yet")), ("chưa gửi", "later")),
                )
            ),
            then=sent,
            confirms=True,
            goto=onward,
            counted=False,
        ),
        Ask(
            "edit",
            N_("Which answer shall we change?"),
            one_of(editable),
            aside=True,
            goto=lambda value, answers, facts: Go(f"correct.{answers['subject']}/{value}"),
            counted=False,
        ),
    ),
)

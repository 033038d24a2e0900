"""Change what the commune asked to have changed, answer what it asked, and nothing else; then send it back."""

from dataclasses import replace

from dialogs.answers import one_of
from dialogs.model import (
    N_,
    AnswerQuestion,
    Answers,
    Ask,
    CaseFacts,
    CorrectAnswers,
    Dialog,
    Effects,
    Facts,
    Go,
    Option,
    ReturnedItem,
    Text,
)
from dialogs.producer.check_status import AS_WRITTEN, fix, is_mine, reason_line
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
                    Option("edit", Text(N_("Change an answer")), ("sửa", "edit"), takes_rest=True),
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


# ---------------------------------------------------------------- one thing that came back


def _named(answers: Answers) -> tuple[str, int]:
    """Case code and number of the return, from "<code>~<number>"."""
    code, _, number = answers["subject"].partition("~")
    return code, int(number) if number.isascii() and number.isdigit() else 0


def _fixed_case(answers: Answers, facts: Facts) -> CaseFacts | None:
    case = facts.case(_named(answers)[0])
    return case if case is not None and case.as_producer else None


def _open_item(answers: Answers, facts: Facts) -> ReturnedItem | None:
    """What came back, as long as it waits for the producer."""
    case, (_, number) = _fixed_case(answers, facts), _named(answers)
    return next((item for item in case.returned if item.number == number), None) if case is not None else None


def _is_question(answers: Answers, facts: Facts) -> bool:
    item = _open_item(answers, facts)
    return item is not None and item.question


def reply_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case, item = _fixed_case(answers, facts), _open_item(answers, facts)
    if case is None or item is None:  # `when` has let nobody through without one
        raise LookupError(answers["subject"])
    return (Text(N_("The commune asks:")), reason_line(case, item), Text(N_("Please type the answer, or choose.")))


def reply_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    item = _open_item(answers, facts)
    if item is not None and item.item.startswith("paper:"):
        return (Option("again", Text(N_("Send the paper again")), ("gửi lại", "send again")),)
    return (
        Option(AS_WRITTEN, Text(N_("It is right as it is")), ("đúng rồi", "đúng như đã ghi", "it is right")),
        Option("again", Text(N_("Change the answer")), ("sửa", "sửa câu này", "change")),
    )


def replied(answers: Answers, facts: Facts) -> Effects:
    """A button's answer is clear; one's own words go out when they have been read once more."""
    chosen = answers["reply"] == AS_WRITTEN
    return (AnswerQuestion(*_named(answers), AS_WRITTEN),) if chosen else ()


def after_reply(value: str, answers: Answers, facts: Facts) -> Go | None:
    case, item = _fixed_case(answers, facts), _open_item(answers, facts)
    if value == "again" and case is not None and item is not None:
        return fix(case, item.item)
    return Go(f"case.{_named(answers)[0]}") if value == AS_WRITTEN else None


def reply_read_back(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (Text(N_("The officer will read: “%(words)s”"), {"words": answers["reply"]}), Text(N_("Shall I send it?")))


def reply_sent(answers: Answers, facts: Facts) -> Effects:
    return (AnswerQuestion(*_named(answers), answers["reply"]),) if answers["sure"] == "send" else ()


def after_sure(value: str, answers: Answers, facts: Facts) -> Go:
    targets = {"edit": f"fix.{answers['subject']}/reply"}
    return Go(targets.get(value, f"case.{_named(answers)[0]}"))


def straight_there(answers: Answers, facts: Facts) -> Go:
    case, item = _fixed_case(answers, facts), _open_item(answers, facts)
    return fix(case, item.item) if case is not None and item is not None else Go("check_status")


FIX = Dialog(
    "fix",
    before=consent_first,
    allowed=lambda answers, facts: _fixed_case(answers, facts) is not None,
    linked=True,
    end=straight_there,
    steps=(
        Ask(
            "gone",
            N_("There is nothing to change here any more."),
            one_of(
                (
                    Option("case", Text(N_("Open my file")), ("mở hồ sơ", "open")),
                    Option("menu", Text(N_("Main menu")), ("menu",)),
                )
            ),
            when=lambda answers, facts: _open_item(answers, facts) is None,
            goto=lambda value, answers, facts: Go("menu" if value == "menu" else f"case.{_named(answers)[0]}"),
        ),
        Ask(
            "reply",
            reply_prompt,
            one_of(reply_options, other=600),
            when=_is_question,
            verbatim=True,
            then=replied,
            goto=after_reply,
        ),
        Ask(
            "sure",
            reply_read_back,
            one_of(
                (
                    Option("send", Text(N_("Send")), ("gửi", "gửi đi", "đúng", "đúng rồi", "send")),
                    Option("edit", Text(N_("Write it anew")), ("sửa", "viết lại", "write it anew")),
                    Option("later", Text(N_("Don't send yet")), ("chưa gửi", "not yet")),
                )
            ),
            when=_is_question,
            then=reply_sent,
            goto=after_sure,
            confirms=True,
        ),
    ),
)
"""The button under a return leads here, also weeks later: subject "<code>~<number of the return>"."""

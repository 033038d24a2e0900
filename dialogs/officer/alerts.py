"""What officers and producers are told without having asked."""

from dialogs.engine import said
from dialogs.model import (
    N_,
    CaseFacts,
    Link,
    SendMessage,
    Text,
)
from dialogs.producer.check_status import (
    KEEP_PROOFS,
)
from dialogs.producer.register_idea import KINDS
from dialogs.producer.upload import plan_is_here


def kind_words(case: CaseFacts) -> Text | str:
    option = next((o for o in KINDS if o.value == case.answers.get("producer_kind")), None)
    return said(option.label) if option is not None else ""


def due_line(case: CaseFacts) -> tuple[Text, ...]:
    if case.due_on is None:
        return ()
    return (Text(N_("Due: %(day)s."), {"day": case.due_on}),)


def accepted_notice(case: CaseFacts) -> tuple[Text, ...]:
    """What the producer reads when the idea or the plan is accepted."""
    if case.status.startswith("idea"):
        news = Text(
            N_("Good news: the commune has accepted your idea “%(product)s” (%(code)s)."),
            {"product": case.product, "code": case.code},
        )
        if plan_is_here(case):
            return (news, Text(N_("The plan and its papers are here already; the commune looks at them next.")))
        return (news, Text(N_("Next comes the plan with its papers. Send them here, one by one.")))
    news = Text(
        N_("Good news: the commune has accepted your plan for “%(product)s” (%(code)s)."),
        {"product": case.product, "code": case.code},
    )
    return (news, KEEP_PROOFS)


def deferred_notice(case: CaseFacts, reason: str) -> tuple[Text, ...]:
    return (
        Text(
            N_("The commune can't take “%(product)s” (%(code)s) this time."),
            {"product": case.product, "code": case.code},
        ),
        Text(N_("The reason: “%(reason)s”"), {"reason": reason}),
        Text(N_("Your file is kept for the next cycle. You may ask the officer what would help.")),
    )


def about_no_case(subject: str) -> bool:
    """ "n12": a producer's question that names no case; who may answer it is looked up when it is sent."""
    return subject[:1] == "n" and subject[1:].isdigit()


def open_link(code: str) -> Link:
    return Link(f"review.{code}", Text(N_("Open %(code)s"), {"code": code}), code)


def alert_new(case: CaseFacts) -> SendMessage:
    """To every officer of the commune, within seconds of a submission."""
    return SendMessage(
        (
            Text(N_("New OCOP idea: %(product)s"), {"product": case.product}),
            Text(N_("%(code)s · %(by)s · %(kind)s"), {"code": case.code, "by": case.by, "kind": kind_words(case)}),
            *due_line(case),
        ),
        links=(open_link(case.code),),
    )


def alert_again(case: CaseFacts, action: str) -> SendMessage:
    """Something came back or was added: `action` is resubmit, send_plan or add_papers."""
    words = {
        "resubmit": N_("Sent again after your return: %(product)s"),
        "send_plan": N_("Plan handed in: %(product)s"),
        "add_papers": N_("Papers added: %(product)s"),
    }[action]
    return SendMessage(
        (
            Text(words, {"product": case.product}),
            Text(N_("%(code)s · %(by)s · %(kind)s"), {"code": case.code, "by": case.by, "kind": kind_words(case)}),
            *due_line(case),
        ),
        links=(open_link(case.code),),
    )


def alert_note(code: str, by: str, place: Text | str, words: str) -> SendMessage:
    """A producer's words to the officers; `code` is a case's, or "n<note>" for a question about none."""
    who = by or Text(N_("A producer"))
    head = Text(N_("%(by)s asks: “%(words)s”"), {"by": who, "words": words})
    if about_no_case(code):
        link = Link(f"note.{code}", Text(N_("Answer")))
        return SendMessage((head, Text("%(place)s", {"place": place})), links=(link,))
    link = Link(f"note.{code}", Text(N_("Answer %(code)s"), {"code": code}), code)
    return SendMessage((head, Text("%(code)s", {"code": code})), links=(link, open_link(code)))

"""Before anything is kept: what, why, who sees it, how to delete it. Silence is not a yes.

Source: Law 91/2025/QH15 and Decree 356/2025/NĐ-CP (voluntary, informed, recorded, each purpose apart).
"""

from dialogs.answers import one_of
from dialogs.model import (
    N_,
    Answers,
    Ask,
    Dialog,
    Effects,
    Facts,
    Go,
    Option,
    RecordConsent,
    RecordReminders,
    SendMessage,
    Text,
)
from dialogs.words import NO, YES

TEXT_VERSION = "2026-11-22"
"""Date of the wording below; kept with every consent, so that it is known what was agreed to."""

AGREE = Option("yes", Text(N_("I agree")), (*YES, "thì đồng ý", "agree"))
MORE = Option("more", Text(N_("Tell me more")), ("xem kỹ hơn", "more"))
REFUSE = Option("no", Text(N_("I do not agree yet")), ("không", "không đồng ý", "no"))


AGREED = Text(N_("You can delete it at any time. Do you agree?"))


def greeting(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """The whole text at the first meeting; who said no before and wants something kept now is only asked again."""
    if facts.person.consent == "no":
        return (Text(N_("For this I have to keep what you send me, for your file only.")), AGREED)
    return (
        Text(N_("Hello! I am the OCOP assistant. I help you register a product, and I tell you where your file is.")),
        Text(N_("I keep only what you send me for your file. The officers of your commune and province see it.")),
        AGREED,
    )


def details(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (
        Text(N_("What I keep: your name, telephone number, commune, your answers, photos and papers.")),
        Text(N_("What for: your OCOP file, and nothing else.")),
        Text(N_("Who sees it: the OCOP officers of your commune and your province.")),
        Text(N_("Type “my data” to see or delete it. What you have handed in stays with the commune as a record.")),
        Text(N_("Please do not send photos of your identity card. May I keep these things?")),
    )


def recorded(answers: Answers, facts: Facts) -> Effects:
    answer = answers.get("details", answers.get("agree", ""))
    if answer == "no":
        return (RecordConsent(False, TEXT_VERSION), SendMessage((NOTHING_KEPT,)))
    return (RecordConsent(True, TEXT_VERSION),) if answer == "yes" else ()


NOTHING_KEPT = Text(N_("All right, I keep nothing about you. You can still read and ask questions here."))


def after_details(value: str, answers: Answers, facts: Facts) -> Go:
    return Go("consent", {"agree": "yes"}) if value == "yes" else Go("menu")


def reminders(answers: Answers, facts: Facts) -> Effects:
    return (RecordReminders(answers["reminders"] == "yes", TEXT_VERSION),)


CONSENT = Dialog(
    "consent",
    steps=(
        Ask(
            "agree",
            greeting,
            one_of((AGREE, MORE, REFUSE)),
            then=recorded,
            goto={"more": "consent/details", "no": "menu"},
        ),
        Ask("details", details, one_of((AGREE, REFUSE)), aside=True, then=recorded, goto=after_details),
        Ask(
            "reminders",
            N_("Thank you. May I also remind you of forms you have begun?"),
            one_of(
                (
                    Option("yes", Text(N_("Yes, remind me")), (*YES, "nhắc", "nhắc em nhé", "remind me")),
                    Option("no", Text(N_("No reminders")), (*NO, "thôi")),
                )
            ),
            then=reminders,
        ),
    ),
)


def consent_first(facts: Facts) -> str:
    """For dialogs that keep something: consent has to be given, not only asked for."""
    return "" if facts.person.consent == "yes" or facts.person.memberships else "consent"


def consent_asked(facts: Facts) -> str:
    return "" if facts.person.consent or facts.person.memberships else "consent"

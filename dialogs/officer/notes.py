"""An officer writes to a producer about a case, or answers a question about none."""

from dialogs.answers import text
from dialogs.model import (
    N_,
    Answers,
    Ask,
    Dialog,
    Effects,
    Facts,
    SendMessage,
    SendNote,
    Text,
)
from dialogs.officer.alerts import about_no_case
from dialogs.officer.rights import is_officer, visible


def answerable(answers: Answers, facts: Facts) -> bool:
    return (is_officer(answers, facts) and about_no_case(answers["subject"])) or visible(answers, facts)


def after_note(answers: Answers, facts: Facts) -> str:
    return "desk" if about_no_case(answers["subject"]) else f"review_on.{answers['subject']}"


def note(answers: Answers, facts: Facts) -> Effects:
    if about_no_case(answers["subject"]):
        return (SendNote(answers["subject"], answers["text"], to_officers=False),)
    return (
        SendNote(answers["subject"], answers["text"], to_officers=False),
        SendMessage((Text(N_("Sent to the producer.")),)),
    )


NOTE = Dialog(
    "note",
    allowed=answerable,
    linked=True,
    up="desk",
    end=after_note,
    steps=(
        Ask(
            "text",
            lambda answers, facts: (Text(N_("What shall I tell the producer?")),),
            text(max_chars=1000),
            verbatim=True,
            then=note,
        ),
    ),
)

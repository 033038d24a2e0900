"""The office: when people may come."""

from dialogs.answers import text
from dialogs.model import (
    N_,
    Ask,
    Dialog,
    SendMessage,
    SetHours,
    Text,
)
from dialogs.officer.rights import keeps_hours

OFFICE_HOURS = Dialog(
    "office_hours",
    allowed=keeps_hours,
    up="desk",
    end="desk",
    steps=(
        Ask(
            "hours",
            N_("When may people come? For example: Monday to Friday, 7:30–11:30 and 13:30–17:00."),
            text(max_chars=200, min_chars=3),
            verbatim=True,
            then=lambda answers, facts: (
                SetHours(answers["hours"]),
                SendMessage((Text(N_("Noted. Producers who ask for help see it.")),)),
            ),
        ),
    ),
)

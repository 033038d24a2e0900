"""What several screens of an officer say about a case alike."""

from dialogs.model import N_, CaseFacts, HistoryLine, Text, Value
from dialogs.producer.check_status import ACTION_WORDS, BY_PRODUCER, item_words, reason_words, status_words

LOOKING = {"view_phone", "take", "release", "pass"}
"""Lines of the history that decide nothing."""


def title(case: CaseFacts) -> Text:
    return Text(N_("%(code)s “%(product)s”"), {"code": case.code, "product": case.product})


def last_decision(case: CaseFacts) -> HistoryLine | None:
    """The newest line that an officer has decided something in."""
    return next((line for line in reversed(case.history) if line.action not in BY_PRODUCER | LOOKING), None)


def decided_meanwhile(case: CaseFacts) -> tuple[Text, ...]:
    """Whoever comes second is told who has dealt with the case, how, and how it stands."""
    line = last_decision(case)
    moved = Text(N_("%(code)s has moved on meanwhile, so nothing was sent."), {"code": case.code})
    if line is not None:
        values: dict[str, Value] = {
            "by": line.by or Text(N_("A colleague")),
            "code": case.code,
            "action": Text(ACTION_WORDS.get(line.action, line.action)),
        }
        moved = Text(N_("%(by)s has dealt with %(code)s meanwhile (%(action)s), so nothing was sent."), values)
    return (moved, Text(N_("Status: %(status)s"), {"status": status_words(case)}))


def who_and_when(case: CaseFacts) -> tuple[Text, ...]:
    """The history as officers read it: to the minute, with names."""
    return tuple(_line(case, line) for line in case.history)


def _line(case: CaseFacts, line: HistoryLine) -> Text:
    values: dict[str, Value] = {
        "moment": line.happened_at,
        "action": Text(ACTION_WORDS.get(line.action, line.action)),
        "by": line.by or Text(N_("the commune")),
    }
    if not (line.reason or line.item):
        return Text(N_("• %(moment)s: %(action)s by %(by)s"), values)
    values |= {"item": item_words(case, line.item), "reason": reason_words(line.reason)}
    return Text(N_("• %(moment)s: %(action)s by %(by)s. %(item)s: “%(reason)s”"), values)

"""What several screens of an officer say about a case alike."""

from collections.abc import Iterator

from dialogs.corrections import correction_lines
from dialogs.model import N_, CaseFacts, HistoryLine, Text, Value
from dialogs.officer.desk import holder_words
from dialogs.producer.action_words import action_words
from dialogs.producer.check_status import BY_PRODUCER, item_words, reason_words, status_words

LOOKING = {
    "view_phone",
    "take",
    "release",
    "pass",
    "submit_for",
    "send_for",
    "confirm",
    "confirm_sheet",
    "council_give",
    "otherwise",
}
"""Lines of the history that decide nothing."""


def title(case: CaseFacts) -> Text:
    return Text(N_("%(code)s “%(product)s”"), {"code": case.code, "product": case.product})


def last_decision(case: CaseFacts) -> HistoryLine | None:
    """The newest line that an officer has decided something in."""
    return next((line for line in reversed(case.history) if line.action not in BY_PRODUCER | LOOKING), None)


HELD = N_("%(name)s has taken %(code)s, so nothing was changed. Ask them to pass it on to you.")


def in_other_hands(case: CaseFacts) -> bool:
    """Whether a colleague has taken the case, so that it is theirs to decide on."""
    return bool(case.holder) and not case.held_by_me


def decided_meanwhile(case: CaseFacts) -> tuple[Text, ...]:
    """Whoever comes second is told who has dealt with the case, or has it in hand, and how it stands."""
    if in_other_hands(case):
        return (Text(HELD, {"name": holder_words(case.holder), "code": case.code}),)
    line = last_decision(case)
    moved = Text(N_("%(code)s has moved on meanwhile, so nothing was sent."), {"code": case.code})
    if line is not None:
        values: dict[str, Value] = {
            "by": line.by or Text(N_("A colleague")),
            "code": case.code,
            "action": action_words(line.action, line.from_status),
        }
        moved = Text(N_("%(by)s has dealt with %(code)s meanwhile (%(action)s), so nothing was sent."), values)
    return (moved, Text(N_("Status: %(status)s"), {"status": status_words(case)}))


MOST_LINES = 20
"""Of a history: what fits a screen or two; all of it is in the record that auditors export."""


def who_and_when(case: CaseFacts) -> tuple[Text, ...]:
    """The history as officers read it: to the minute, with names; of a long one the last lines."""
    left = len(case.history) - MOST_LINES
    values: dict[str, Value] = {"count": left}
    older = Text(N_("(%(count)s older line is left out.)"), values, N_("(%(count)s older lines are left out.)"))
    return (*((older,) if left > 0 else ()), *_lines(case))


def _lines(case: CaseFacts) -> Iterator[Text]:
    for line in case.history[-MOST_LINES:]:
        yield _line(case, line)
        yield from correction_lines(line.changes)


def _line(case: CaseFacts, line: HistoryLine) -> Text:
    values: dict[str, Value] = {
        "moment": line.happened_at,
        "action": action_words(line.action, line.from_status),
        "by": line.by or (Text(N_("the producer")) if line.action in BY_PRODUCER else Text(N_("the commune"))),
    }
    if line.action == "send_for":
        return Text(N_("• %(moment)s: %(by)s sent it for %(producer)s"), values | {"producer": case.by})
    if not (line.reason or line.item):
        return Text(N_("• %(moment)s: %(action)s by %(by)s"), values)
    values |= {"item": item_words(case, line.item), "reason": reason_words(line.reason)}
    return Text(N_("• %(moment)s: %(action)s by %(by)s. %(item)s: “%(reason)s”"), values)

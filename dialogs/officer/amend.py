"""A slip in a published result is put right: what, to what, and why; both versions stay in the history and the audit.

Only what was mistyped: the same kind of result stays. Points that would lead to another one (no certificate, or five
stars) are no slip; then the certificate is withdrawn, and the product rated again.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from dialogs.answers import one_of
from dialogs.corrections import NAMES, correction_lines, shown
from dialogs.model import (
    N_,
    AmendResult,
    Answers,
    Ask,
    CaseFacts,
    Change,
    Dialog,
    Effects,
    Facts,
    Go,
    Option,
    Prompt,
    ResultFacts,
    Text,
    Value,
)
from dialogs.officer.alerts import named
from dialogs.officer.decide import DESK, OPEN_FILE
from dialogs.officer.own_words import EDIT, own_words, to_file
from dialogs.officer.result import BEFORE_IT_WAS_FILED, filed_on, paper_number, points
from dialogs.officer.rights import case_of, visible
from dialogs.paper_days import past_day
from dialogs.producer.check_status import status_words
from dialogs.rules.rating import WrongPoints, certificate_until, check_points
from dialogs.rules.ruleset import PART_IDS, PartId, ruleset

_REASON_CHARS = 300
_PARTS: dict[str, PartId] = {"points_a": "A", "points_b": "B", "points_c": "C"}
_FIELDS = (*_PARTS, "decision", "decided_on")
_CHANGED = Option("done", Text(N_("Nothing else")), ("hết rồi", "xong", "nothing else"))


def _open(answers: Answers, facts: Facts) -> bool:
    case = case_of(answers, facts)
    return (
        "amend" in case.may
        and case.result is not None
        and case.result.decided_on is not None
        and case.result.points_known
    )


def _result(answers: Answers, facts: Facts) -> ResultFacts:
    result = case_of(answers, facts).result
    if result is None:  # `when` has let nobody through without one
        raise LookupError(answers["subject"])
    return result


def _now(name: str, result: ResultFacts) -> str:
    value = getattr(result, name)
    return "" if value is None else f"{value.normalize() + 0:f}" if isinstance(value, Decimal) else f"{value}"


def _given(answers: Answers, facts: Facts) -> dict[str, str]:
    """Every field as it will stand."""
    result = _result(answers, facts)
    return {name: answers.get(name) or _now(name, result) for name in _FIELDS}


def amended(case: CaseFacts, result: ResultFacts, effect: AmendResult) -> ResultFacts | None:
    """The result as it would be published now; None where nothing differs, or where it would be another kind of one.

    Points by item go where those of a part change: they would not add up any more.
    """
    rules = ruleset(case.ruleset)
    numbers = (effect.points_a, effect.points_b, effect.points_c)
    try:
        for part, number in zip(PART_IDS, numbers, strict=True):
            check_points(rules, part, number)
    except WrongPoints:
        return None
    stars = rules.stars(sum(numbers, Decimal(0)))
    kind = [(rules.certifies[n], n >= rules.min_stars_for_certificate) for n in (result.stars, stars)]
    until = certificate_until(rules, "certify", effect.decided_on) if result.certificate_until is not None else None
    a, b, c = numbers
    new = replace(result, points_a=a, points_b=b, points_c=c, stars=stars, decision=effect.decision)
    new = replace(new, decided_on=effect.decided_on, certificate_until=until)
    if numbers != (result.points_a, result.points_b, result.points_c):
        new = replace(new, criteria={})
    return None if new == result or kind[0] != kind[1] else new


def _effect(answers: Answers, facts: Facts) -> AmendResult:
    given = _given(answers, facts)
    a, b, c = (Decimal(given[name]) for name in _PARTS)
    day = date.fromisoformat(given["decided_on"])
    return AmendResult(answers["subject"], a, b, c, given["decision"], day, answers.get("reason", ""))


# ---------------------------------------------------------------- in words


def differences(before: ResultFacts, after: ResultFacts) -> tuple[Change, ...]:
    """What is put right, in the order in which it is said."""
    values = [(name, _now(name, before), _now(name, after)) for name in NAMES if name != "product_code"]
    return tuple(Change(f"result:{name}", old, new) for name, old, new in values if old != new)


def corrected_notice(case: CaseFacts, changes: Sequence[Change], reason: str) -> tuple[Text, ...]:
    """What the producer reads."""
    return (
        Text(N_("The province has corrected the result of “%(product)s” (%(code)s)."), named(case)),
        *correction_lines(changes),
        Text(N_("The reason: “%(reason)s”"), {"reason": reason}),
        Text(N_("You need not do anything. Both versions are kept.")),
    )


# ---------------------------------------------------------------- questions


def _what(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    changes = _differences(answers, facts)
    head = Text(N_("What is wrong in the published result of %(code)s “%(product)s”?"), named(case_of(answers, facts)))
    so_far = (Text(N_("Corrected so far:")), *correction_lines(changes), Text(N_("Is anything else wrong?")))
    return so_far if changes else (head,)


def _differences(answers: Answers, facts: Facts) -> tuple[Change, ...]:
    result = _result(answers, facts)
    new = amended(case_of(answers, facts), result, _effect(answers, facts))
    return differences(result, new) if new is not None else ()


def _fields(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    given = _given(answers, facts)
    fields = tuple(
        Option(name, Text(N_("%(title)s: %(answer)s"), {"title": Text(NAMES[name]), "answer": shown(name, value)}))
        for name, value in given.items()
        if name != "decision" or value
    )
    done = (_CHANGED,) if _differences(answers, facts) else ()
    return (*done, *fields, OPEN_FILE)


def _to_field(value: str, answers: Answers, facts: Facts) -> Go | None:
    if value == _CHANGED.value:
        return None
    if value == OPEN_FILE.value:
        return Go(f"review.{answers['subject']}")
    return Go(f"amend.{answers['subject']}/{value}")


def _another_kind(answers: Answers, facts: Facts) -> bool:
    """Something was typed that differs, and can't be a slip."""
    result, given = _result(answers, facts), _given(answers, facts)
    differs = any(given[name] != _now(name, result) for name in _FIELDS)
    return differs and amended(case_of(answers, facts), result, _effect(answers, facts)) is None


def _refused(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (
        Text(N_("With these points it would be another kind of result, not a slip of the pen.")),
        Text(N_("Withdraw the certificate instead, or have the product rated again. Nothing was changed.")),
    )


def _elsewhere(value: str, answers: Answers, facts: Facts) -> Go:
    code = answers["subject"]
    return Go(f"amend.{code}", drop=f"amend.{code}") if value == _AGAIN.value else Go(f"review.{code}")


def _preview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case, result = case_of(answers, facts), _result(answers, facts)
    new = amended(case, result, _effect(answers, facts))
    dropped = result.criteria and new is not None and not new.criteria
    lost = (Text(N_("The points by item no longer add up and are dropped.")),) if dropped else ()
    notice = corrected_notice(case, _differences(answers, facts), answers.get("reason", ""))
    return (Text(N_("Nothing is changed yet.")), *lost, Text(N_("The producer reads:")), *notice)


def _sent(answers: Answers, facts: Facts) -> Effects:
    return (_effect(answers, facts),) if answers["confirm"] == "send" else ()


def _after(value: str, answers: Answers, facts: Facts) -> Go:
    targets = {"send": "desk", "edit": f"amend.{answers['subject']}/what"}
    return Go(targets.get(value, f"review.{answers['subject']}"))


def _moved_on(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    return (
        Text(N_("There is nothing for you to decide on %(code)s now."), {"code": case.code}),
        Text(N_("Status: %(status)s"), {"status": status_words(case)}),
    )


def _parts_ask(name: str, part: PartId) -> Ask:
    return Ask(name, _part_prompt(part), points(part), aside=True, title=NAMES[name])


def _part_prompt(part: PartId) -> Prompt:
    def prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
        found = ruleset(case_of(answers, facts).ruleset).parts[part]
        values: dict[str, Value] = {"part": part, "label": found.label, "most": found.max_points}
        return (Text(N_("Part %(part)s, %(label)s: how many points, of %(most)s?"), values),)

    return prompt


_SEND = Option("send", Text(N_("Correct it now")), ("đính chính luôn", "sửa luôn", "correct it now"))
_NOT_YET = Option("back", Text(N_("Don't send yet")), ("chưa", "chưa gửi", "not yet"))
_AGAIN = Option("again", Text(N_("Enter it again")), ("nhập lại", "enter it again"))

AMEND_RESULT = Dialog(
    "amend",
    allowed=visible,
    up="review.{subject}",
    steps=(
        Ask(
            "moved_on",
            _moved_on,
            one_of((OPEN_FILE, DESK)),
            when=lambda answers, facts: not _open(answers, facts),
            goto=lambda value, answers, facts: Go("desk" if value == "desk" else f"review.{answers['subject']}"),
        ),
        Ask(
            "refused",
            _refused,
            one_of((_AGAIN, OPEN_FILE)),
            when=lambda answers, facts: _open(answers, facts) and _another_kind(answers, facts),
            goto=_elsewhere,
        ),
        Ask("what", _what, one_of(_fields), when=_open, goto=_to_field),
        *(_parts_ask(name, part) for name, part in _PARTS.items()),
        Ask(
            "decision",
            N_("What is the number of the decision? For example: 812/QĐ-UBND."),
            paper_number(),
            aside=True,
            title=NAMES["decision"],
            verbatim=True,
        ),
        Ask(
            "decided_on",
            N_("Which day stands on it? For example: 20/10/2026."),
            past_day(first=filed_on, too_early=BEFORE_IT_WAS_FILED),
            aside=True,
            title=NAMES["decided_on"],
        ),
        Ask(
            "reason",
            N_("Why is it corrected? The producer reads your words."),
            own_words(max_chars=_REASON_CHARS, min_chars=5),
            when=_open,
            verbatim=True,
            goto=to_file,
        ),
        Ask("confirm", _preview, one_of((_SEND, EDIT, _NOT_YET)), when=_open, then=_sent, goto=_after, confirms=True),
    ),
)

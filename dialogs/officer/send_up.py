"""A leader approves several checked dossiers and sends them up together, before the round's last day."""

from collections.abc import Iterable
from dataclasses import dataclass

from dialogs.answers import one_of, some_of
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    Dialog,
    Effects,
    Event,
    Facts,
    Go,
    Option,
    Ready,
    Sayable,
    SendUpAll,
    Text,
    Value,
)
from dialogs.officer.decide import DESK
from dialogs.officer.desk import holder_words
from dialogs.officer.rights import is_officer
from dialogs.rules.rounds import Round
from dialogs.words import YES

MOST = 20
"""In one go; storage.ready.MOST."""
ALL = "all"


def sendable(facts: Facts) -> tuple[Ready, ...]:
    return tuple(one for one in facts.ready if not one.hurdle)


def in_round(round_: Round | None) -> tuple[Text, ...]:
    return (Text(N_("Round %(round)s."), {"round": round_.name}),) if round_ is not None else ()


def _line(one: Ready) -> Text:
    values: dict[str, Value] = {"code": one.code, "product": one.product, "by": one.by}
    match one.hurdle:
        case "mine":
            mine = N_("• %(code)s %(product)s, %(by)s: you checked it, so another leader has to approve it")
            return Text(mine, values)
        case "held":
            held = N_("• %(code)s %(product)s, %(by)s: %(name)s has taken it")
            return Text(held, values | {"name": holder_words(one.holder)})
    return Text(N_("• %(code)s %(product)s, %(by)s"), values)


def which_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (
        Text(N_("Checked and waiting for your approval:")),
        *(_line(one) for one in facts.ready),
        Text(N_("Which ones go up? Several are fine, for example: 1, 3.")),
    )


def _options(facts: Facts) -> tuple[Option, ...]:
    every = sendable(facts)
    all_ = Option(ALL, Text(N_("All %(count)s"), {"count": len(every)}), ("tất cả", "hết", "all"))
    each = tuple(Option(one.code, Text("%(code)s", {"code": one.code})) for one in every)
    return (all_, *each) if len(every) > 1 else each


@dataclass(frozen=True, slots=True)
class ready_ones:
    """Some of the dossiers that may go, or all of them. Stored as codes with commas between them."""

    takes: str = "several"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return some_of(_options(facts)).options(answers, facts, partial)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        found = some_of(_options(facts)).read(event, answers, facts, partial)
        if ALL in found.value.split(","):
            return Answer(",".join(one.code for one in sendable(facts)))
        return found

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return value.replace(",", ", ")

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return bool(value) and {*value.split(",")} <= {one.code for one in sendable(facts)}


def nothing(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if not facts.ready:
        return (Text(N_("No dossier waits for your approval.")),)
    return (Text(N_("Of these none can go up by your hand:")), *(_line(one) for one in facts.ready))


def _chosen(answers: Answers, facts: Facts) -> list[Ready]:
    codes = answers.get("which", "").split(",")
    return [one for one in sendable(facts) if one.code in codes]


def confirm_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    chosen = _chosen(answers, facts)
    values: dict[str, Value] = {"count": len(chosen)}
    several = N_("Approve these %(count)s dossiers and send them up?")
    head = Text(N_("Approve this dossier and send it up?"), values, several)
    return (head, *(_line(one) for one in chosen), *_rounds(chosen), Text(N_("Each producer reads it at once.")))


def _rounds(chosen: Iterable[Ready]) -> tuple[Text, ...]:
    found = {one.round for one in chosen if one.round is not None}
    return tuple(
        Text(
            N_("It goes into round %(round)s; the province takes dossiers until %(day)s."),
            {"round": one.name, "day": one.last_day},
        )
        for one in sorted(found)
    )


def confirmed(answers: Answers, facts: Facts) -> Effects:
    if answers["confirm"] != "send":
        return ()
    return (SendUpAll(tuple(one.code for one in _chosen(answers, facts))),)


_SEND = Option("send", Text(N_("Send them up")), ("chuyển lên", "chuyển luôn", "ký", "send", *YES))
_NOT_YET = Option("back", Text(N_("Don't send yet")), ("chưa", "chưa gửi", "not yet"))

SEND_UP = Dialog(
    "send_up",
    allowed=is_officer,
    up="desk",
    steps=(
        Ask(
            "nothing",
            nothing,
            one_of((DESK,)),
            when=lambda answers, facts: not sendable(facts),
            goto=lambda value, answers, facts: Go("desk"),
        ),
        Ask("which", which_prompt, ready_ones()),
        Ask(
            "confirm",
            confirm_prompt,
            one_of((_SEND, _NOT_YET)),
            then=confirmed,
            goto=lambda value, answers, facts: Go("desk"),
            confirms=True,
        ),
    ),
)

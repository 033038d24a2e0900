"""Somebody of the advisory group: a dossier to read, what to survey or test on site, and that they are through.

They give no marks. What they remark is the group's report to the council, so it is read by all who score the product.
"""

from dialogs.answers import one_of
from dialogs.council.concern import (
    ALL_I_READ,
    CONCERNED,
    SURE,
    asks,
    ballot_of,
    is_mine,
    named,
    standing,
    standing_at,
    to,
)
from dialogs.council.facts import FREE
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    Dialog,
    Effects,
    Event,
    Facts,
    FinishReading,
    Go,
    KeepRemark,
    Option,
    OptionChosen,
    ReadDossier,
    Text,
    Value,
)
from dialogs.officer.assess import found_lines
from dialogs.officer.own_words import before, own_words
from dialogs.rules.sheet import sheet

REMARK_CHARS = 500
_READ = Option("read", Text(N_("Read the dossier")), ("đọc hồ sơ", "đọc", "read the dossier"))
_REMARK = Option("remark", Text(N_("Leave a remark")), ("ghi góp ý", "góp ý", "leave a remark"))
_OUT = Option("out", Text(N_("Take the remark out")), ("bỏ góp ý", "take the remark out"))
_DONE = Option("done", Text(N_("I have read it")), ("đọc xong", "đã đọc xong", "xong", "i have read it"))
_AGAIN = Option("again", Text(N_("Read on")), ("đọc tiếp", "đọc lại", "read on"))
_BACK = Option("<", Text(N_("Never mind, go back")), ("thôi quay lại", "về hồ sơ", "go back"))


def file_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    ballot = ballot_of(answers, facts)
    by = (Text(N_("To be read by %(day)s."), {"day": ballot.until}),) if ballot.until is not None else ()
    said = (Text(N_("Your remark: “%(words)s”"), {"words": ballot.remark}),) if ballot.remark else ()
    state = (Text(N_("You have read it through.")),) if ballot.submitted else by
    found = found_lines(sheet(ballot.ruleset, ballot.product_set), ballot.assessment) if ballot.assessment else ()
    return (Text(N_("%(code)s “%(product)s”, made by %(by)s."), named(ballot)), *state, *found, *said)


def file_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    ballot = ballot_of(answers, facts)
    out = (_OUT,) if ballot.remark else ()
    if ballot.submitted:
        return (_READ, _REMARK, *out, _AGAIN, ALL_I_READ)
    return (_READ, _REMARK, *out, _DONE, CONCERNED, ALL_I_READ)


def file_done(answers: Answers, facts: Facts) -> Effects:
    code = answers["subject"]
    match answers["file"]:
        case "read":
            return (ReadDossier(code),)
        case "done" | "again" as value:
            return (FinishReading(code, back=value == _AGAIN.value),)
    return ()


def after_file(value: str, answers: Answers, facts: Facts) -> Go:
    ballot = ballot_of(answers, facts)
    if value in (_DONE.value, ALL_I_READ.value):
        return Go("seat")
    if value == CONCERNED.value:
        return to(ballot, SURE)
    return to(ballot, value if value in (_REMARK.value, _OUT.value) else "")


class remark_words(own_words):
    """What they remark, or back to the dossier."""

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return (_BACK,)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen) and event.value == _BACK.value:
            return Answer(_BACK.value)
        return own_words.read(self, event, answers, facts, partial)


def remark_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    ballot = ballot_of(answers, facts)
    values: dict[str, Value] = {"product": ballot.product}
    ask = Text(N_("What should the council know about “%(product)s”?"), values)
    instead = (Text(N_("What you write now takes its place.")),) if ballot.remark else ()
    example = Text(N_("For example: what to look at on site, what to have tested."))
    return (*before(ballot.remark), *instead, ask, example)


def remarked(answers: Answers, facts: Facts) -> Effects:
    words = answers["remark"]
    return (KeepRemark(answers["subject"], words),) if words != _BACK.value else ()


_STAYS = Option("no", Text(N_("Keep the remark")), ("giữ", "giữ góp ý", "không", "chưa", "keep it"))
_OUT_NOW = Option("yes", Text(N_("Take it out now")), ("bỏ luôn", "bỏ", "take it out"))


def out_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    said = Text(N_("Your remark: “%(words)s”"), {"words": ballot_of(answers, facts).remark})
    return (said, Text(N_("Once it is out, neither the council nor the secretary reads it. Take it out?")))


def taken_out(answers: Answers, facts: Facts) -> Effects:
    return (KeepRemark(answers["subject"], ""),) if answers["out"] == _OUT_NOW.value else ()


def _takes_out(answers: Answers, facts: Facts) -> bool:
    return _reads(answers, facts) and answers.get("_do") == _OUT.value and bool(ballot_of(answers, facts).remark)


def _reads(answers: Answers, facts: Facts) -> bool:
    return standing(answers, facts) == FREE


def _is_advisory(answers: Answers, facts: Facts) -> bool:
    """Also where nothing is left of it."""
    ballot = facts.ballot(answers["subject"])
    return ballot is None or ballot.advisory


ADVICE = Dialog(
    "advice",
    allowed=lambda answers, facts: is_mine(answers, facts) and _is_advisory(answers, facts),
    up=lambda answers: Go(f"advice.{answers['subject']}", standing_at()) if answers.get("_do") else Go("seat"),
    steps=(
        *asks(to),
        Ask(
            "remark",
            remark_prompt,
            remark_words(REMARK_CHARS, min_chars=3),
            when=lambda answers, facts: answers.get("_do") == _REMARK.value and _reads(answers, facts),
            then=remarked,
            goto=lambda value, answers, facts: to(ballot_of(answers, facts)),
            verbatim=True,
        ),
        Ask(
            "out",
            out_prompt,
            one_of((_STAYS, _OUT_NOW)),
            when=_takes_out,
            then=taken_out,
            goto=lambda value, answers, facts: to(ballot_of(answers, facts)),
            confirms=True,
            at_once=True,
        ),
        Ask(
            "file",
            file_prompt,
            one_of(file_options),
            when=_reads,
            then=file_done,
            goto=after_file,
            confirms=True,
            at_once=True,
        ),
    ),
)

"""The secretary gives dossiers to the advisory group to read: one, or all at once, by a day if they like."""

from datetime import date

from dialogs.answers import one_of
from dialogs.council.outcome import is_scored
from dialogs.council.session import BACK, council_of
from dialogs.model import (
    N_,
    Answers,
    Ask,
    Council,
    Dialog,
    Effects,
    Facts,
    GiveToRead,
    Go,
    Option,
    Text,
    Value,
)
from dialogs.officer.desk import short_codes
from dialogs.officer.rounds import coming_day

_ALL = "all"
_NO_DAY = Option("none", Text(N_("No day")), ("không hẹn ngày", "không", "no day"))


def to_give(council: Council) -> dict[str, str]:
    """Products by code: those of the session that the group was not given, then those that could come before it."""
    here = {p.code: p.product for p in council.products if p.handed_over is None and is_scored(p)}
    return here | dict(council.ready)


def which_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    council = council_of(answers, facts)
    if not to_give(council):
        return (Text(N_("The advisory group has all dossiers of this session.")),)
    nobody = () if council.group else (Text(N_("Nobody is invited to the advisory group yet; you can do that later.")),)
    return (*nobody, Text(N_("Which dossier is the advisory group to read?")))


def which_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    found = to_give(council_of(answers, facts))
    shorts = short_codes(found)
    values: dict[str, dict[str, Value]] = {c: {"code": shorts[c], "product": product} for c, product in found.items()}
    every = Option(_ALL, Text(N_("All %(count)s dossiers"), {"count": len(found)}), ("tất cả", "cả đợt", "all"))
    return (
        *((every,) if len(found) > 1 else ()),
        *(Option(c, Text(N_("%(code)s “%(product)s”"), of), (found[c],)) for c, of in values.items()),
        BACK,
    )


def chosen(value: str, answers: Answers, facts: Facts) -> Go:
    """On with the dossiers as they were offered: what comes up later was not meant by "all"."""
    if value == BACK.value:
        return _session(answers)
    codes = " ".join(to_give(council_of(answers, facts))) if value == _ALL else value
    return Go(f"to_group.{answers['subject']}", {"which": value, "_codes": codes})


def _codes(answers: Answers, facts: Facts) -> tuple[str, ...]:
    """Those of the chosen ones that can still be given."""
    found = to_give(council_of(answers, facts))
    return tuple(code for code in answers.get("_codes", "").split() if code in found)


def _until(answers: Answers) -> date | None:
    return None if answers["until"] == _NO_DAY.value else date.fromisoformat(answers["until"])


def sure_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    codes = _codes(answers, facts)
    values: dict[str, Value] = {"count": len(codes)}
    added = sum(council_of(answers, facts).product(code) is None for code in codes)
    comes = N_("%(count)s dossier is before no session yet; it joins this one with it.")
    come = N_("%(count)s dossiers are before no session yet; they join this one with it.")
    also = (Text(comes, {"count": added}, come),) if added else ()
    if (until := _until(answers)) is None:
        one = N_("Give %(count)s dossier to the advisory group?")
        return (*also, Text(one, values, N_("Give %(count)s dossiers to the advisory group?")))
    one = N_("Give %(count)s dossier to the advisory group, to be read by %(day)s?")
    many = N_("Give %(count)s dossiers to the advisory group, to be read by %(day)s?")
    return (*also, Text(one, values | {"day": until}, many))


_NOT_YET = Option("no", Text(N_("Don't give it yet")), ("chưa", "chưa giao", "không", "not yet"))
_GIVE = Option("yes", Text(N_("Give it now")), ("giao luôn", "giao", "give it now"))


def given(answers: Answers, facts: Facts) -> Effects:
    if answers["sure"] != _GIVE.value:
        return ()
    return (GiveToRead(council_of(answers, facts).id, _codes(answers, facts), _until(answers)),)


def _session(answers: Answers) -> Go:
    return Go(f"council.{answers['subject']}", drop=f"to_group.{answers['subject']}")


def back(value: str, answers: Answers, facts: Facts) -> Go | None:
    return _session(answers) if value == BACK.value else None


TO_GROUP = Dialog(
    "to_group",
    allowed=lambda answers, facts: (council := facts.council(answers["subject"])) is not None and not council.closed,
    up="council.{subject}",
    steps=(
        Ask("which", which_prompt, one_of(which_options), goto=chosen),
        Ask(
            "until",
            N_("By which day should the group have read it? For example: 10/12/2026."),
            coming_day((_NO_DAY, BACK)),
            goto=back,
        ),
        Ask(
            "sure",
            sure_prompt,
            one_of((_NOT_YET, _GIVE)),
            then=given,
            goto=lambda value, answers, facts: _session(answers),
            confirms=True,
        ),
    ),
)

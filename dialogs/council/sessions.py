"""All sessions of a province's council, for its secretary; a new one is opened after a second question."""

from dialogs.answers import one_of
from dialogs.council.outcome import session_words
from dialogs.model import N_, Answers, Ask, Council, Dialog, Effects, Facts, Go, OpenCouncil, Option, Text, Value
from dialogs.officer.decide import DESK
from dialogs.officer.rounds import plans_rounds, province_of
from dialogs.producer.place import place_name

SESSION = "c"
"""Begins the value of a button that stands for a session."""


def sessions_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if not facts.councils:
        return (Text(N_("No session of the council is open.")),)
    return (Text(N_("Sessions of the council:")), *map(_session_line, facts.councils))


def _session_line(council: Council) -> Text:
    values: dict[str, Value] = {"session": session_words(council), "count": len(council.products)}
    if council.closed_at is not None:
        values["day"] = council.closed_at.date()
        return Text(N_("• %(session)s, over since %(day)s"), values)
    return Text(N_("• %(session)s, %(count)s product"), values, N_("• %(session)s, %(count)s products"))


_OPEN = Option("open", Text(N_("Open a session")), ("mở phiên", "mở phiên mới", "open a session"))
_MINE = Option("mine", Text(N_("What I score")), ("phiếu của tôi", "what i score"))


def sessions_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    listed = (
        Option(f"{SESSION}{one.id}", Text(N_("Session %(session)s"), {"session": one.name}), (one.name,))
        for one in facts.councils
    )
    empty = any(not one.closed and not one.products for one in facts.councils)
    return (*listed, *(() if empty else (_OPEN,)), *((_MINE,) if facts.ballots else ()), DESK)


def after_sessions(value: str, answers: Answers, facts: Facts) -> Go | None:
    if value.startswith(SESSION) and value[1:].isdigit():
        return Go(f"council.{value[1:]}")
    return None if value == _OPEN.value else Go("seat" if value == _MINE.value else "desk")


_NOT_YET = Option("back", Text(N_("Don't open it yet")), ("chưa", "chưa mở", "không", "not yet"))
_OPEN_IT = Option("open", Text(N_("Open it now")), ("mở luôn", "mở", "open it now"))


def sure_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    still_open = sum(not one.closed for one in facts.councils)
    values: dict[str, Value] = {"province": place_name(province_of(facts)), "count": still_open}
    beside = N_("%(count)s session is still open; a product is scored in one of them only.")
    many = N_("%(count)s sessions are still open; a product is scored in one of them only.")
    return (
        *((Text(beside, values, many),) if still_open else ()),
        Text(N_("Shall I open a new session of the council of %(province)s?"), values),
    )


def opened(answers: Answers, facts: Facts) -> Effects:
    return (OpenCouncil(province_of(facts)),) if answers["sure"] == _OPEN_IT.value else ()


COUNCILS = Dialog(
    "councils",
    allowed=plans_rounds,
    up="desk",
    steps=(
        Ask("which", sessions_prompt, one_of(sessions_options), goto=after_sessions),
        Ask(
            "sure",
            sure_prompt,
            one_of((_NOT_YET, _OPEN_IT)),
            then=opened,
            goto=lambda value, answers, facts: Go("councils", drop="councils"),
            confirms=True,
        ),
    ),
)

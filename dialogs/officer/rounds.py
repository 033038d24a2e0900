"""The province's rounds: those of the law, and its own beside them, which it may set and drop."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from dialogs.answers import CHOOSE, TYPE_IT, one_of
from dialogs.days import one_day_in
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    Dialog,
    DropRound,
    Effects,
    Event,
    Facts,
    Go,
    InvalidAnswer,
    Option,
    OptionChosen,
    Role,
    Sayable,
    SetRound,
    Text,
    TextReceived,
    Value,
)
from dialogs.officer.decide import DESK
from dialogs.rules.rounds import LONGEST, Round, WrongRound, of_year, planned
from dialogs.rules.ruleset import Ruleset, ruleset_on

DROP = "drop-"


def plans_rounds(answers: Answers, facts: Facts) -> bool:
    """A provincial officer; whoever works for several provinces does it for the first."""
    return bool(province_of(facts))


def province_of(facts: Facts) -> str:
    return next((m.territory for m in facts.person.memberships if m.role is Role.PROVINCE_OFFICER), "")


def _rules(facts: Facts) -> Ruleset:
    return ruleset_on(facts.today)


def ahead(facts: Facts) -> tuple[Round, ...]:
    """This year's and the next year's rounds that are not over yet."""
    laws = (one for year in range(facts.today.year - 1, facts.today.year + 2) for one in of_year(_rules(facts), year))
    return tuple(sorted(one for one in (*laws, *facts.rounds) if one.results_before > facts.today))


def round_words(one: Round) -> Text:
    values: dict[str, Value] = {"round": one.name, "due": one.proposals_before, "results": one.results_before}
    return Text(N_("round %(round)s: dossiers before %(due)s, results before %(results)s"), values)


def in_the_way(wrong: WrongRound) -> tuple[Text, ...]:
    if wrong.other is None:
        return (
            Text(
                N_("Results come after the dossiers, and within %(count)s days. Please give both days again."),
                {"count": LONGEST.days},
            ),
        )
    return (
        Text(N_("That overlaps with %(round)s."), {"round": round_words(wrong.other)}),
        Text(N_("One round has to be over before the next begins. Nothing was noted.")),
    )


def overview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (Text(N_("Rounds of the province:")), *_lines(ahead(facts)))


def _lines(found: Iterable[Round]) -> tuple[Text, ...]:
    own = N_("• %(round)s (set by the province)")
    return tuple(Text(own if one.own else N_("• %(round)s"), {"round": round_words(one)}) for one in found)


_ADD = Option("add", Text(N_("Add a round")), ("thêm đợt", "add"))


def overview_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    drops = (one for one in ahead(facts) if one.own)
    droppable = (Option(f"{DROP}{one.name}", Text(N_("Drop round %(round)s"), {"round": one.name})) for one in drops)
    return (_ADD, *droppable, DESK)


def overview_done(answers: Answers, facts: Facts) -> Effects:
    value = answers["what"]
    return (DropRound(province_of(facts), value.removeprefix(DROP)),) if value.startswith(DROP) else ()


def overview_way(value: str, answers: Answers, facts: Facts) -> Go | None:
    if value == DESK.value:
        return Go("desk")
    return None if value == _ADD.value else Go("rounds")


_NEVER_MIND = Option("leave", Text(N_("Leave it as it is")), ("để nguyên", "leave"))


@dataclass(frozen=True, slots=True)
class coming_day:
    """A day after today, or one of the choices. Stored as ISO, or as the choice's value.

    As people say it ("mai", "thứ Sáu tuần sau"); without a year it is the next one of that name.
    `ends`: the question whose day begins what this one ends; then it is the first one of that name after that day.
    """

    choices: tuple[Option, ...] = (_NEVER_MIND,)
    ends: str = ""
    takes: str = "text"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return self.choices

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen):
            if event.value in [option.value for option in self.choices]:
                return Answer(event.value)
            raise InvalidAnswer(CHOOSE)
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(TYPE_IT)
        begins = date.fromisoformat(answers[self.ends]) if self.ends else facts.today
        day = _day_after(event.text, begins, facts.today)
        if day is None:
            raise InvalidAnswer(N_("I need one day. For example: 30/11, or Friday next week."))
        if day <= facts.today:
            raise InvalidAnswer(N_("%(day)s is not ahead of us. Which day do you mean?"), day=day)
        if self.ends and not begins < day <= begins + LONGEST:
            raise InvalidAnswer(_TOO_FAR, day=day, begins=begins, count=LONGEST.days)
        return Answer(day.isoformat())

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return Text("%(day)s", {"day": date.fromisoformat(value)})

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return True


_TOO_FAR = N_("%(day)s is not within the %(count)s days after %(begins)s. Which day do you mean?")


def _day_after(typed: str, begins: date, today: date) -> date | None:
    """Read from today, as "mai" and "thứ Sáu tuần sau" are; a date that would lie too early is that of a later year."""
    soon, later = one_day_in(typed, today), one_day_in(typed, begins + timedelta(days=1))
    if soon is None or later is None or soon > begins:
        return soon or later
    return later if (later.day, later.month) == (soon.day, soon.month) else soon


def _left(value: str, answers: Answers, facts: Facts) -> Go | None:
    return Go("rounds", drop="rounds") if value == _NEVER_MIND.value else None


def _planned(answers: Answers, facts: Facts) -> Round:
    """Raises WrongRound."""
    due, results = (date.fromisoformat(answers[name]) for name in ("due", "results"))
    return planned(_rules(facts), due, results, facts.rounds)


def sure_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    try:
        return (Text(N_("Shall I note %(round)s?"), {"round": round_words(_planned(answers, facts))}),)
    except WrongRound as wrong:
        return in_the_way(wrong)


def sure_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    try:
        _planned(answers, facts)
    except WrongRound:
        return (_AGAIN, _NEVER_MIND)
    return (Option("yes", Text(N_("Note it")), ("ghi", "ghi lại", "note it")), _AGAIN, _NEVER_MIND)


_AGAIN = Option("again", Text(N_("Other days")), ("ngày khác", "sửa", "other days"))


def noted(answers: Answers, facts: Facts) -> Effects:
    if answers["sure"] != "yes":
        return ()
    due, results = (date.fromisoformat(answers[name]) for name in ("due", "results"))
    return (SetRound(province_of(facts), due, results),)


def after_sure(value: str, answers: Answers, facts: Facts) -> Go:
    """Where only the second day stood in the way, the first one stays."""
    if value != _AGAIN.value:
        return Go("rounds", drop="rounds")
    kept = {"due": answers["due"]} if _begins_well(answers, facts) else {}
    return Go("rounds", {"what": _ADD.value, **kept}, drop="rounds")


def _begins_well(answers: Answers, facts: Facts) -> bool:
    """Whether the days are refused, and not for the first of them: it lies within no other round."""
    try:
        _planned(answers, facts)
    except WrongRound as wrong:
        other, due = wrong.other, date.fromisoformat(answers["due"])
        return other is None or not other.proposals_before <= due < other.results_before
    return False


ROUNDS = Dialog(
    "rounds",
    allowed=plans_rounds,
    up="desk",
    steps=(
        Ask("what", overview, one_of(overview_options), then=overview_done, goto=overview_way),
        Ask(
            "due",
            N_("Before which day must the communes send their dossiers? For example: 15/8/2027."),
            coming_day(),
            goto=_left,
        ),
        Ask(
            "results",
            N_("Before which day are the results out? For example: 30/9/2027."),
            coming_day(ends="due"),
            goto=_left,
        ),
        Ask("sure", sure_prompt, one_of(sure_options), then=noted, goto=after_sure, confirms=True),
    ),
)

"""The way to the next star: which lists of things to do lead there, what each asks for, and taking one of them."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache

from dialogs.answers import one_of
from dialogs.model import (
    N_,
    Answers,
    Ask,
    CaseFacts,
    Dialog,
    Effects,
    Facts,
    Go,
    Option,
    PlannedStep,
    RecordReminders,
    Sayable,
    SendMessage,
    TakePlan,
    Text,
    Value,
)
from dialogs.producer.consent import TEXT_VERSION, consent_first
from dialogs.producer.own_score import (
    case_of,
    council_marks,
    council_points,
    gained_since,
    has_tried,
    marks_of,
    may_score,
    needed_sheet,
    own_score,
)
from dialogs.producer.score_words import UNOFFICIAL, option_words
from dialogs.producer.self_score import BACK, TRY_IT
from dialogs.rules.planner import Plan, Step, Way, next_stars, plans
from dialogs.rules.ruleset import Label, Paper, ruleset
from dialogs.rules.scoring import score
from dialogs.rules.sheet import GATES, Criterion, Sheet
from dialogs.rules.sheet import Option as SheetOption
from dialogs.rules.work import Effort, Work, works

FEW_OPEN = 4
"""Not more than one item of so many."""
REMIND_DAYS = 3
"""Before its day a thing to do is called to mind, in the evening."""
WAYS: Mapping[Way, str] = {
    "fewest": N_("Fewest things"),
    "cheapest": N_("Least money"),
    "soonest": N_("Soonest"),
}
_TYPED: Mapping[Way, tuple[str, ...]] = {
    "fewest": ("ít việc", "ít việc nhất", "fewest"),
    "cheapest": ("đỡ tốn", "đỡ tốn nhất", "rẻ nhất", "ít tiền", "cheapest"),
    "soonest": ("nhanh nhất", "nhanh", "soonest", "fastest"),
}


# ---------------------------------------------------------------- what leads there


@lru_cache(maxsize=128)
def _planned(
    sheet: Sheet,
    marks: frozenset[tuple[str, int]],
    stars: int,
    given: frozenset[tuple[str, Decimal]],
    to_gain: Decimal | None,
) -> tuple[Plan, ...]:
    """One turn asks for the same plans several times."""
    return plans(sheet, dict(marks), stars, works(sheet.ruleset), dict(given), to_gain)


def plans_for(case: CaseFacts, stars: int) -> tuple[Plan, ...]:
    """From the council's items if they are known; from its sums the points that it found missing are to be gained."""
    given = frozenset(council_points(case).items())
    to_gain = None if given else missing_points(case, stars)
    return _planned(needed_sheet(case), frozenset(_marks(case).items()), stars, given, to_gain)


def _marks(case: CaseFacts) -> dict[str, int]:
    """What a plan starts from: the council's items where they are known, else one's own."""
    return council_marks(case) or marks_of(case)


def _knows_enough(case: CaseFacts) -> bool:
    """A council's sums say nothing about an item: where many are open, a list of them all would help nobody."""
    if council_marks(case):
        return True
    sheet = needed_sheet(case)
    still_open = len(score(sheet, marks_of(case)).open)
    return has_tried(case) and (case.result is None or still_open * FEW_OPEN <= len(sheet.criteria))


def council_total(case: CaseFacts) -> Decimal | None:
    """What a council has given, as far as it is published."""
    result = case.result
    if result is None or not result.points_known:
        return None
    return result.points_a + result.points_b + result.points_c


def missing_points(case: CaseFacts, stars: int) -> Decimal | None:
    """Of the council's points up to this star, less what was done since; None where there are none yet."""
    given = council_total(case)
    return max(begins_at(case, stars) - given - gained_since(case), Decimal(0)) if given is not None else None


def begins_at(case: CaseFacts, stars: int) -> int:
    return next(band.from_points for band in ruleset(case.ruleset).thresholds if band.stars == stars)


def stars_ahead(case: CaseFacts) -> int | None:
    """The star to aim at: the one above what a council has given, else above one's own score. None above five."""
    if case.result is None:
        return next_stars(own_score(case))
    return max(case.result.stars + 1, GATES[0]) if case.result.stars < GATES[-1] else None


def _stars(answers: Answers, facts: Facts) -> int:
    """The star that was chosen or asked for, if it is not reached already."""
    return max(int(answers.get("_stars") or 0), stars_ahead(case_of(answers, facts)) or GATES[-1])


def _plan(answers: Answers, facts: Facts) -> Plan | None:
    """The chosen way; the first one where marks have changed meanwhile and it is no way of its own any more."""
    found = plans_for(case_of(answers, facts), _stars(answers, facts))
    return next((plan for plan in found if plan.way == answers.get("_way")), found[0] if found else None)


def _named(plan: Plan | None) -> str:
    """What is to do on a list, as one word: whoever confirms it has seen this one."""
    return ",".join(f"{step.code}:{step.option}" for step in plan.steps) if plan is not None else ""


# ---------------------------------------------------------------- choosing a way


def which_way(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case, stars = case_of(answers, facts), _stars(answers, facts)
    head = Text(N_("How to get %(stars)s stars for “%(product)s”"), {"stars": stars, "product": case.product})
    if not _knows_enough(case):
        return (head, Text(N_("First try your own score: then I see what is missing.")))
    found = plans_for(case, stars)
    if not found:
        cannot = N_(
            "With what can be done about it, %(stars)s stars can't be reached yet. Please ask the commune officer."
        )
        return (head, *_where_it_stands(case, stars), Text(cannot, {"stars": stars}))
    if not found[0].steps and case.result is not None:
        enough = N_("What you have done since the council's result should be enough for %(stars)s stars.")
        return (head, *_where_it_stands(case, stars), Text(enough, {"stars": stars}), UNOFFICIAL)
    if not found[0].steps:
        there = Text(N_("By your own score it has all that %(stars)s stars ask for."), {"stars": stars})
        return (head, there, UNOFFICIAL)
    return (head, *_where_it_stands(case, stars), *_what_counts(case, found[0]), Text(N_("Which way suits you?")))


def _where_it_stands(case: CaseFacts, stars: int) -> Iterator[Text]:
    given, needed = council_total(case), begins_at(case, stars)
    if given is not None:
        values: dict[str, Value] = {"points": int(given), "stars": stars, "needed": needed}
        yield Text(N_("The council gave %(points)s points. %(stars)s stars begin at %(needed)s."), values)
    else:
        values = {"points": own_score(case).total, "stars": stars, "needed": needed}
        yield Text(N_("By your own score it has %(points)s points. %(stars)s stars begin at %(needed)s."), values)


def _what_counts(case: CaseFacts, plan: Plan) -> Iterator[Text]:
    if gates := sum(step.gate > 0 for step in plan.steps):
        must = N_("%(count)s thing is a must for these stars; it comes first.")
        yield Text(must, {"count": gates}, N_("%(count)s things are a must for these stars; they come first."))
    if left := len(score(needed_sheet(case), _marks(case)).open):
        one = N_("%(count)s question is not answered yet; I count it as nothing. Answered, the list may be shorter.")
        many = N_(
            "%(count)s questions are not answered yet; I count them as nothing. Answered, the list may be shorter."
        )
        yield Text(one, {"count": left}, many)


def way_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case, stars = case_of(answers, facts), _stars(answers, facts)
    score = Option("score", Text(N_("Back to my own score")), ("tự chấm", "quay lại", "my own score"))
    if not _knows_enough(case):
        return (TRY_IT, Option("case", Text(N_("Open my file")), ("hồ sơ", "mở hồ sơ", "open")))
    found = tuple(plan for plan in plans_for(case, stars) if plan.steps)
    ways = tuple(_way_option(plan, found) for plan in found)
    others = tuple(
        Option(f"stars:{n}", Text(N_("Aim at %(stars)s stars"), {"stars": n}), (f"{n} sao", f"lên {n} sao"))
        for n in range(stars_ahead(case) or GATES[-1], GATES[-1] + 1)
        if n != stars
    )
    return (*ways, *others, score)


def _way_option(plan: Plan, found: tuple[Plan, ...]) -> Option:
    """A way that is the same list as another is understood as that one when it is typed."""
    named = {other.way for other in found}
    best = {
        "fewest": min(found, key=lambda p: len(p.steps)),
        "cheapest": min(found, key=lambda p: p.millions),
        "soonest": min(found, key=lambda p: p.weeks),
    }
    typed = tuple(w for way in WAYS if way == plan.way or (way not in named and best[way] is plan) for w in _TYPED[way])
    values: dict[str, Value] = {"way": Text(WAYS[plan.way]), "count": len(plan.steps), "weeks": plan.weeks}
    return Option(f"way:{plan.way}", Text(N_("%(way)s: %(count)s to do, %(weeks)s weeks"), values), typed)


def way_chosen(value: str, answers: Answers, facts: Facts) -> Go:
    kind, _, what = value.partition(":")
    key = f"to_star.{answers['subject']}"
    if kind == "way":
        return Go(f"{key}/steps", {"_way": what, "_stars": str(_stars(answers, facts))})
    if kind == "stars":
        return Go(key, {"_stars": what})
    return Go(f"case.{answers['subject']}" if kind == "case" else f"self_score.{answers['subject']}")


# ---------------------------------------------------------------- the list, and one thing of it

TAKE = Option("take", Text(N_("Write down this list")), ("lập danh sách", "ghi danh sách", "lấy cách này", "take"))


def what_to_do(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    plan = _plan(answers, facts)
    if plan is None:
        return which_way(answers, facts)
    values: dict[str, Value] = {"way": Text(WAYS[plan.way]), "stars": plan.stars, "weeks": plan.weeks}
    values["money"] = Text(N_("no money"))
    if plan.millions:
        values["money"] = Text(N_("at most about %(count)s million đồng"), {"count": plan.millions})
    return (
        Text(
            N_("%(way)s to %(stars)s stars: %(count)s to do, about %(weeks)s weeks, %(money)s."),
            values | {"count": len(plan.steps)},
        ),
        Text(N_("Weeks and money are our estimate, no official figures.")),
        Text(N_("Choose one to see how it is done.")),
    )


def step_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    plan, sheet = _plan(answers, facts), needed_sheet(case_of(answers, facts))
    steps = plan.steps if plan is not None else ()
    listed = tuple(Option(step.code, _step_label(sheet, step)) for step in steps)
    return (*((TAKE,) if listed else ()), *listed, BACK)


def _step_label(sheet: Sheet, step: Step) -> Text:
    values: dict[str, Value] = {"item": sheet.criterion(step.code).label, "points": step.points}
    return Text(N_("%(item)s (a must, +%(points)s)") if step.gate else N_("%(item)s (+%(points)s)"), values)


def step_chosen(value: str, answers: Answers, facts: Facts) -> Go:
    key = f"to_star.{answers['subject']}"
    if value == BACK.value:
        return Go(key)
    return _to_confirm(answers, facts) if value == TAKE.value else Go(f"{key}/step", {"_step": value})


def _to_confirm(answers: Answers, facts: Facts) -> Go:
    return Go(f"to_star.{answers['subject']}/confirm", {"_list": _named(_plan(answers, facts))})


def one_step(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    plan, case = _plan(answers, facts), case_of(answers, facts)
    step = next((step for step in plan.steps if step.code == answers.get("_step")), None) if plan else None
    if step is None:
        return what_to_do(answers, facts)
    perhaps = (Text(N_("You have not answered this yet: perhaps you have it already.")),) if step.open else ()
    effort = Effort(step.weeks, step.millions)
    return (*how_to(case, step.code, step.option), *perhaps, effort_words(case, effort))


def how_to(case: CaseFacts, code: str, option: int) -> tuple[Text, ...]:
    """What has to be reached, how, where, which paper shows it and who helps."""
    criterion, work = _criterion(case, code)
    paper = paper_for(case, code, option)
    show = N_("To show: %(paper)s. %(where)s")
    shown = (Text(show, {"paper": paper.label, "where": paper.where}),) if paper is not None else ()
    return (
        Text("%(item)s", {"item": criterion.label}),
        *_to_reach(criterion, _marks(case).get(code) or 0, option),
        Text(N_("What to do: %(do)s"), {"do": work.do}),
        *shown,
        Text(
            N_("Where to get help: %(where)s (%(service)s)"),
            {"where": work.service.where, "service": work.service.label},
        ),
    )


def _to_reach(criterion: Criterion, mark: int, option: int) -> tuple[Text, ...]:
    """The options on the way there, as one says "the same, and..." of the one before; with those that are a must."""
    wanted = criterion.options[option - 1]
    way = [o for o in criterion.options[mark:option] if o.points and o.case == wanted.case] or [wanted]
    head = Text(N_("To reach: %(option)s"), {"option": _rung(way[0])})
    return (head, *(Text(N_("• then: %(option)s"), {"option": _rung(rung)}) for rung in way[1:]))


def _rung(option: SheetOption) -> Text | Label:
    if not option.gate:
        return option_words(option)
    return Text(N_("%(option)s (a must for %(stars)s stars)"), {"option": option_words(option), "stars": option.gate})


def _criterion(case: CaseFacts, code: str) -> tuple[Criterion, Work]:
    criterion = needed_sheet(case).criterion(code)
    return criterion, works(case.ruleset).of(criterion)


def paper_for(case: CaseFacts, code: str, option: int) -> Paper | None:
    """The dossier's paper that shows an option, for the kind of producer that this one is."""
    criterion, work = _criterion(case, code)
    proof = work.proof(criterion, option)
    papers = ruleset(case.ruleset).papers_for("dossier", case.answers["product_group"], case.answers["producer_kind"])
    return next((paper for paper in papers if paper.id == proof), None)


def effort_words(case: CaseFacts, effort: Effort) -> Text:
    money: Sayable = works(case.ruleset).money_class(effort.millions).label
    values: dict[str, Value] = {"weeks": effort.weeks, "money": Text("%(money)s", {"money": money})}
    return Text(N_("About %(weeks)s weeks, %(money)s (our estimate)."), values)


def after_step(value: str, answers: Answers, facts: Facts) -> Go:
    return _to_confirm(answers, facts) if value == TAKE.value else Go(f"to_star.{answers['subject']}/steps")


# ---------------------------------------------------------------- taking one

REMIND, SILENT, NOT_YET = "remind", "silent", "no"
_TAKING = (
    Option(REMIND, Text(N_("Write it, remind me")), ("ghi và nhắc", "nhắc tôi", "được", "đồng ý", "yes")),
    Option(SILENT, Text(N_("Write it, no reminders")), ("không nhắc", "ghi không nhắc", "no reminders")),
    Option(NOT_YET, Text(N_("Not yet")), ("chưa", "chưa ghi", "để sau", "not yet")),
)


def _weeks(step: Step) -> int:
    """What takes no time has a week all the same: due today, it would be late tomorrow."""
    return max(step.weeks, 1)


def _last_week(plan: Plan) -> int:
    return max(map(_weeks, plan.steps), default=1)


def shall_i(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    plan, case = _plan(answers, facts), case_of(answers, facts)
    if plan is None:
        return which_way(answers, facts)
    values: dict[str, Value] = {"count": len(plan.steps), "day": facts.today + timedelta(weeks=_last_week(plan))}
    instead = (Text(N_("It takes the place of your present list. What is done stays done.")),) if case.aims_at else ()
    return (
        Text(N_("I write down what there is to do: %(count)s in all, the last by %(day)s."), values),
        *instead,
        Text(N_("Shall I remind you of each in the evening, three days before its day?")),
    )


def taken(answers: Answers, facts: Facts) -> Effects:
    plan = _plan(answers, facts)
    if answers["confirm"] == NOT_YET:
        return ()
    if plan is None or not _confirmed(plan, answers):
        return (SendMessage((Text(N_("The list is another one by now. Please look at it once more.")),)),)
    steps = tuple(PlannedStep(s.code, s.option, facts.today + timedelta(weeks=_weeks(s))) for s in plan.steps)
    written = SendMessage((Text(N_("✅ Your list is written down.")),))
    wanted = answers["confirm"] == REMIND and not facts.person.reminders
    remind = (RecordReminders(True, TEXT_VERSION),) if wanted else ()
    return (TakePlan(answers["subject"], plan.stars, steps, answers["confirm"] == REMIND), *remind, written)


def _confirmed(plan: Plan, answers: Answers) -> bool:
    return bool(plan.steps) and _named(plan) == answers.get("_list")


def after_taking(value: str, answers: Answers, facts: Facts) -> Go:
    subject, plan = answers["subject"], _plan(answers, facts)
    if plan is None or not plan.steps:
        return Go(f"to_star.{subject}")
    if value == NOT_YET or not _confirmed(plan, answers):
        return Go(f"to_star.{subject}/steps")
    return Go(f"todo.{subject}")


def back_to_score(answers: Answers) -> Go:
    return Go(f"self_score.{answers['subject']}")


TO_STAR = Dialog(
    "to_star",
    before=consent_first,
    allowed=may_score,
    linked=True,
    up=back_to_score,
    steps=(
        Ask("way", which_way, one_of(way_options), goto=way_chosen),
        Ask("steps", what_to_do, one_of(step_options), aside=True, goto=step_chosen),
        Ask("step", one_step, one_of((TAKE, BACK)), aside=True, goto=after_step),
        Ask("confirm", shall_i, one_of(_TAKING), aside=True, confirms=True, then=taken, goto=after_taking),
    ),
)

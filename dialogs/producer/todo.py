"""The list of things to do for a star: what is next and by when, what is done, moved or dropped."""

from collections.abc import Iterator
from datetime import date, timedelta

from dialogs.answers import one_of
from dialogs.model import (
    N_,
    Answers,
    Ask,
    CaseFacts,
    Dialog,
    DropPlan,
    Effects,
    Facts,
    Go,
    Link,
    MoveStep,
    Option,
    SendMessage,
    StarStep,
    Text,
    TickStep,
    Value,
)
from dialogs.producer.consent import consent_first
from dialogs.producer.own_score import case_of, council_marks, has_tried, holds, may_score, needed_sheet, own_score
from dialogs.producer.score_words import UNOFFICIAL, total_line
from dialogs.producer.self_score import BACK
from dialogs.producer.star_plan import how_to, paper_for
from dialogs.producer.upload import BY_HAND, papers_of, takes_papers
from dialogs.rules.ruleset import WITH_THE_PLAN

MOVE_WEEKS = 2
TYPED = ("việc cần làm", "việc lên sao", "xem việc", "danh sách việc", "to-do list", "to do")


def newest_list(facts: Facts) -> CaseFacts | None:
    """The newest of the cases that have a list."""
    return next((case for case in facts.cases if case.aims_at), None)


def todo_option(case: CaseFacts) -> tuple[Option, ...]:
    """The way to the list, where there is one."""
    if not case.aims_at:
        return ()
    return (Option("todo", Text(N_("To do for %(stars)s stars"), {"stars": case.aims_at}), TYPED),)


def steps_of(case: CaseFacts) -> tuple[StarStep, ...]:
    """What is still to do by its day, then what is done; what another product set does not ask is left out."""
    sheet = needed_sheet(case)
    here = [step for step in case.steps if holds(sheet, step.code, step.option)]
    return tuple(sorted(here, key=lambda step: (step.done, step.due_on, step.number)))


def _step(answers: Answers, facts: Facts) -> StarStep | None:
    case = case_of(answers, facts)
    return next((step for step in steps_of(case) if str(step.number) == answers.get("_step")), None)


# ---------------------------------------------------------------- the list


def overview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    steps = steps_of(case)
    if not case.aims_at or not steps:
        return (Text(N_("There is no list of things to do for “%(product)s” yet."), {"product": case.product}),)
    done = sum(step.done for step in steps)
    values: dict[str, Value] = {"stars": case.aims_at, "product": case.product, "done": done, "count": len(steps)}
    return (
        Text(N_("To do for %(stars)s stars, “%(product)s”: %(done)s of %(count)s done."), values),
        *_own_total(case),
        *((Text(N_("✅ Everything on the list is done.")),) if done == len(steps) else ()),
        Text(N_("Which one shall we look at?")),
    )


def _own_total(case: CaseFacts) -> Iterator[Text]:
    """Ticks alone are no score, and beside a council's items the own one would only confuse."""
    if has_tried(case) and not council_marks(case):
        yield Text(N_("Your own score so far: %(total)s"), {"total": total_line(own_score(case))})
        yield UNOFFICIAL


def list_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case = case_of(answers, facts)
    file = Option("case", Text(N_("Open my file")), ("hồ sơ", "mở hồ sơ", "open"))
    other = Option("other", Text(N_("Choose another way")), ("đổi cách", "cách khác", "another way"))
    steps = steps_of(case)
    if not case.aims_at or not steps:
        return (Option("other", Text(N_("See how to get more stars")), ("cách lên sao", "lên sao")), file)
    listed = tuple(Option(str(step.number), _label(case, step, facts.today)) for step in steps)
    drop = Option("drop", Text(N_("Drop this list")), ("bỏ danh sách", "drop"))
    return (*listed, other, drop, file)


def _label(case: CaseFacts, step: StarStep, today: date) -> Text:
    values: dict[str, Value] = {"item": needed_sheet(case).criterion(step.code).label, "day": _short(step.due_on)}
    if step.done:
        return Text(N_("✅ %(item)s"), values)
    return Text(N_("%(item)s (was due %(day)s)") if step.due_on < today else N_("%(item)s (by %(day)s)"), values)


def _short(day: date) -> str:
    return f"{day.day}/{day.month}"


def chosen(value: str, answers: Answers, facts: Facts) -> Go:
    subject = answers["subject"]
    targets = {"other": f"to_star.{subject}", "case": f"case.{subject}", "drop": f"todo.{subject}/drop"}
    if value in targets:
        return Go(targets[value])
    return Go(f"todo.{subject}/step", {"_step": value})


# ---------------------------------------------------------------- one thing

DONE = Option("done", Text(N_("It is done")), ("xong", "xong rồi", "đã xong", "làm rồi", "done"))
UNDONE = Option("undone", Text(N_("Not done after all")), ("chưa xong", "chưa", "not done"))
SEND = Option("send", Text(N_("Send the paper")), ("gửi giấy", "gửi giấy này", "gửi giấy tờ", "nộp giấy", "send"))
LATER = Option(
    "later", Text(N_("Put off %(weeks)s weeks"), {"weeks": MOVE_WEEKS}), ("dời", "dời hạn", "dời 2 tuần", "put off")
)


def one_thing(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case, step = case_of(answers, facts), _step(answers, facts)
    if step is None:
        return overview(answers, facts)
    if step.done:
        return (*how_to(case, step.code, step.option), Text(N_("✅ This is done.")))
    when = N_("It was due on %(day)s.") if step.due_on < facts.today else N_("To be done by %(day)s.")
    return (*how_to(case, step.code, step.option), Text(when, {"day": step.due_on}))


def thing_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case, step = case_of(answers, facts), _step(answers, facts)
    if step is None:
        return (BACK,)
    if step.done:
        return (UNDONE, BACK)
    send = (SEND,) if _paper_asked(case, step) else ()
    return (DONE, *send, LATER, BACK)


def _paper_asked(case: CaseFacts, step: StarStep) -> str:
    """The id under which the paper that shows it can be sent at this stage, "" where it can't."""
    paper = paper_for(case, step.code, step.option)
    if paper is None or paper.id in BY_HAND or not takes_papers(case):
        return ""
    here = {p.id for p in papers_of(case)}
    return next((id_ for id_ in (paper.id, f"{WITH_THE_PLAN}{paper.id}") if id_ in here), "")


def acted(answers: Answers, facts: Facts) -> Effects:
    step, code = _step(answers, facts), answers["subject"]
    if step is None:
        return ()
    match answers["step"]:
        case DONE.value | UNDONE.value as value:
            return (TickStep(code, step.number, value == DONE.value),)
        case LATER.value:
            day = max(step.due_on, facts.today) + timedelta(weeks=MOVE_WEEKS)
            moved = SendMessage((Text(N_("Put off to %(day)s."), {"day": day}),))
            return (MoveStep(code, step.number, day), moved)
    return ()


def after_thing(value: str, answers: Answers, facts: Facts) -> Go:
    case, step = case_of(answers, facts), _step(answers, facts)
    if value == SEND.value and step is not None and (paper := _paper_asked(case, step)):
        return Go(f"upload.{case.code}/pages", {"_paper": paper})
    return Go(f"todo.{case.code}")


# ---------------------------------------------------------------- dropping it

_DROPPING = (
    Option("drop", Text(N_("Drop the list")), ("bỏ", "bỏ luôn", "bỏ danh sách", "drop")),
    Option("keep", Text(N_("Keep the list")), ("giữ", "giữ lại", "không bỏ", "keep")),
)


def dropped(answers: Answers, facts: Facts) -> Effects:
    if answers["drop"] != "drop":
        return ()
    gone = SendMessage((Text(N_("The list is dropped. What you have done still counts in your own score.")),))
    return (DropPlan(answers["subject"]), gone)


def after_drop(value: str, answers: Answers, facts: Facts) -> Go:
    return Go(f"case.{answers['subject']}" if value == "drop" else f"todo.{answers['subject']}")


TODO = Dialog(
    "todo",
    before=consent_first,
    allowed=may_score,
    linked=True,
    up="case.{subject}",
    steps=(
        Ask("list", overview, one_of(list_options), goto=chosen),
        Ask("step", one_thing, one_of(thing_options), aside=True, then=acted, goto=after_thing),
        Ask(
            "drop",
            N_("Without the list I remind you of nothing any more. Shall I drop it?"),
            one_of(_DROPPING),
            aside=True,
            confirms=True,
            then=dropped,
            goto=after_drop,
        ),
    ),
)


# ---------------------------------------------------------------- what is said unasked


def reminder(case: CaseFacts, due: tuple[StarStep, ...], today: date) -> SendMessage:
    """Of what has its day soon, or had it before one wanted to be reminded; one message for all of it."""
    lines = (
        Text(
            N_("• %(item)s, was due on %(day)s") if step.due_on < today else N_("• %(item)s, by %(day)s"),
            {"item": needed_sheet(case).criterion(step.code).label, "day": step.due_on},
        )
        for step in due
    )
    late = all(step.due_on < today for step in due)
    head = N_("⏰ Past its day for “%(product)s”; put it off if you need more time:")
    said = Text(head if late else N_("⏰ Soon due for “%(product)s”:"), {"product": case.product})
    return SendMessage((said, *lines), links=(Link(f"todo.{case.code}", Text(N_("See what to do")), TYPED[0]),))

"""An officer's desk: what waits for a decision, one case after the other, accept or return with a reason."""

from dialogs.answers import one_of
from dialogs.model import N_, Answers, Ask, DeskLine, Dialog, Facts, Go, Option, Text, Value
from dialogs.officer.rights import is_officer, keeps_hours
from dialogs.producer.check_status import STATUS_WORDS

# ---------------------------------------------------------------- the desk


def overview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if not facts.desk.lines:
        return (Text(N_("Nothing waits for you.")),)
    return (*how_many(facts), *(_line(line) for line in facts.desk.lines))


def how_many(facts: Facts) -> tuple[Text, ...]:
    count = facts.desk.counts.get("act", 0)
    values: dict[str, Value] = {"count": count}
    waiting = Text(N_("%(count)s case waits for you."), values, N_("%(count)s cases wait for you."))
    return (waiting,) if count else ()


def _line(line: DeskLine) -> Text:
    status = Text(STATUS_WORDS[line.status])
    values: dict[str, Value] = {"code": line.code, "product": line.product, "status": status}
    return Text(N_("• %(code)s %(product)s: %(status)s"), values)


def desk_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    cases = tuple(
        Option(
            c.code,
            Text(N_("%(code)s %(product)s"), {"code": c.code, "product": c.product[:40]}),
            (c.code, c.product),
        )
        for c in facts.desk.lines
    )
    hours = (Option("hours", Text(N_("Office hours")), ("giờ làm việc", "hours")),)
    return (
        *cases,
        *(hours if keeps_hours(answers, facts) else ()),
        Option("menu", Text(N_("Main menu")), ("menu",)),
    )


def opened(value: str, answers: Answers, facts: Facts) -> Go:
    return Go({"hours": "office_hours", "menu": "menu"}.get(value, f"review.{value}"))


DESK = Dialog(
    "desk", allowed=is_officer, linked=True, steps=(Ask("case", overview, one_of(desk_options), goto=opened),)
)

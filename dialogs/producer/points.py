"""A published result explained: the points of each part and, where the council has entered them, of each item."""

from collections.abc import Iterator
from decimal import Decimal

from dialogs import places
from dialogs.answers import one_of
from dialogs.model import N_, Answers, Ask, CaseFacts, Dialog, Effects, Facts, Go, Option, SendMessage, Text, Value
from dialogs.producer.consent import consent_first
from dialogs.producer.own_score import can_score, case_of, has_tried, needed_sheet, own_score, sheet_of
from dialogs.producer.score_words import bar, part_range
from dialogs.producer.self_score import to_star
from dialogs.producer.star_plan import stars_ahead
from dialogs.rules.rewards import Kind, rewards_of
from dialogs.rules.ruleset import PART_IDS, PartId, ruleset

POINTS = Option(
    "points", Text(N_("The points explained")), ("xem điểm", "điểm từng phần", "vì sao được", "the points explained")
)


def result_options(case: CaseFacts) -> tuple[Option, ...]:
    """What a published result leads to: its explanation, and the way to the next star."""
    if case.result is None or not case.result.points_known:
        return ()
    stars = stars_ahead(case) if can_score(case) and not case.for_producer else None
    return (POINTS, *((to_star(stars),) if stars else ()))


def _allowed(answers: Answers, facts: Facts) -> bool:
    case = facts.case(answers["subject"])
    return case is not None and case.as_producer and case.result is not None and case.result.points_known


def explained(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    result = case.result
    if result is None:
        return ()
    given: dict[PartId, Decimal] = {"A": result.points_a, "B": result.points_b, "C": result.points_c}
    head = Text(N_("The council's points for “%(product)s”"), {"product": case.product})
    lines = []
    for part in PART_IDS:
        rules = ruleset(case.ruleset).parts[part]
        points = given[part]
        values: dict[str, Value] = {
            "bar": bar(points, rules.max_points),
            "part": part,
            "name": rules.label,
            "points": points,
            "most": rules.max_points,
        }
        lines.append(Text(N_("%(bar)s %(part)s. %(name)s: %(points)s/%(most)s"), values))
    return (head, *lines, *_own(case), *_rewards(case, result.stars))


def _own(case: CaseFacts) -> Iterator[Text]:
    """What the producer had thought, beside it."""
    sheet = sheet_of(case)
    if sheet is None or not has_tried(case):
        return
    mine = own_score(case)
    ranges = (part_range(sheet, mine, part) for part in PART_IDS)
    a, b, c = (str(low) if low == high else f"{low}–{high}" for low, high in ranges)
    yield Text(N_("Your own score was: A %(a)s, B %(b)s, C %(c)s."), {"a": a, "b": b, "c": c})


_PAID: dict[Kind, str] = {
    "bonus": N_("In %(year)s %(place)s gave %(millions)s million đồng for %(stars)s stars (%(source)s)."),
    "support": N_("In %(year)s %(place)s supported %(stars)s stars with %(millions)s million đồng (%(source)s)."),
    "packaging": N_(
        "In %(year)s %(place)s helped with packaging, %(millions)s million đồng for %(stars)s stars (%(source)s)."
    ),
}


def _rewards(case: CaseFacts, stars: int) -> Iterator[Text]:
    """What their province has paid for as many stars, once one can have them; no promise for today."""
    here = places.commune(case.commune)
    known = rewards_of(here.province_code, stars) if here is not None and case.status == "certified" else ()
    for one in known:
        values: dict[str, Value] = {
            "year": str(one.year),
            "place": one.place,
            "millions": one.millions[stars],
            "stars": stars,
            "source": one.source,
        }
        yield Text(_PAID[one.kind], values)
    if known:
        yield Text(N_("That was then. What is paid now, your officer knows."))


def options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case = case_of(answers, facts)
    items = case.result.criteria if case.result is not None and sheet_of(case) is not None else {}
    parts = tuple(
        Option(part, Text(N_("Part %(part)s item by item"), {"part": part}), (f"phần {part}", f"part {part}"))
        for part in PART_IDS
        if items
    )
    further = tuple(option for option in result_options(case) if option is not POINTS)
    return (*parts, *further, Option("case", Text(N_("Open my file")), ("hồ sơ", "mở hồ sơ", "open")))


def shown(answers: Answers, facts: Facts) -> Effects:
    """The items of a part, a line each."""
    case = case_of(answers, facts)
    if answers["next"] not in PART_IDS or case.result is None:
        return ()
    given = case.result.criteria
    lines = (
        Text(
            N_("• %(code)s %(item)s: %(points)s/%(most)s"),
            {"code": c.code, "item": c.label, "points": given[c.code], "most": c.max_points},
        )
        for c in needed_sheet(case).criteria
        if c.part == answers["next"] and c.code in given
    )
    return (SendMessage(tuple(lines)),)


def onward(value: str, answers: Answers, facts: Facts) -> Go:
    code = answers["subject"]
    targets = {"to_star": f"to_star.{code}", "case": f"case.{code}"}
    return Go(targets.get(value, f"points.{code}"))


RESULT_POINTS = Dialog(
    "points",
    before=consent_first,
    allowed=_allowed,
    linked=True,
    up="case.{subject}",
    steps=(Ask("next", explained, one_of(options), then=shown, goto=onward),),
)

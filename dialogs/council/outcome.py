"""What the ballots of a session come to, in figures and in words for its secretary: average, gates, who is missing."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from dialogs.council.facts import BOUND, DECLARED, SCORING
from dialogs.engine import said
from dialogs.model import N_, Agreed, Cast, Council, Reading, Seat, Tabled, Text, Value
from dialogs.officer.digest import joined
from dialogs.producer.score_words import option_words
from dialogs.rules.council import Average, Outlying, Unmet, average, enough, lacking, outlying
from dialogs.rules.ruleset import PART_IDS, Ruleset, ruleset
from dialogs.rules.sheet import Sheet, sheet

MOST_OUTLYING = 6
MOST_GATES = 4
"""Lines of one message; all marks together are a file."""


def sheet_for(product: Tabled) -> Sheet:
    return sheet(product.ruleset, product.product_set)


def counted(product: Tabled) -> dict[int, Mapping[str, int]]:
    """Marks of the ballots that count, by member."""
    return {cast.seat: cast.marks for cast in product.ballots if cast.submitted}


def begun(product: Tabled) -> int:
    """How many sheets have marks and are not handed in."""
    return sum(cast.done > 0 and not cast.submitted for cast in product.ballots)


def missing(product: Tabled) -> tuple[int, ...]:
    """Members who could still hand in a ballot."""
    return tuple(c.seat for c in product.ballots if not c.submitted and c.standing not in (DECLARED, BOUND))


def reading(product: Tabled) -> tuple[int, ...]:
    """Whoever of the advisory group has still to read it."""
    return tuple(one.seat for one in product.readings if not one.read and one.standing not in (DECLARED, BOUND))


def advised(product: Tabled) -> tuple[int, ...]:
    """Whoever of the advisory group has read it through, or remarked on it."""
    return tuple(one.seat for one in product.readings if one.read or one.remark)


def is_scored(product: Tabled) -> bool:
    """Whether it is still the council's to score."""
    return product.status == SCORING and bool(product.product_set)


def closable(council: Council, product: Tabled) -> bool:
    return enough(ruleset(product.ruleset), len(council.seats), len(counted(product)))


def too_few(council: Council, product: Tabled) -> int:
    """How many more members it takes, where too many are concerned for enough sheets to come in; 0: it can still be.

    While fewer are invited than have to score, concerned or not, nothing is wrong.
    """
    rules, members = ruleset(product.ruleset), len(council.seats)
    concerned = any(cast.standing in (DECLARED, BOUND) for cast in product.ballots)
    if not (concerned and is_scored(product) and enough(rules, members, members)):
        return 0
    return lacking(rules, members, len(counted(product)) + len(missing(product)))


def too_few_lines(council: Council, product: Tabled) -> tuple[Text, ...]:
    """That a product can't get enough sheets any more, and what helps."""
    if not (more := too_few(council, product)):
        return ()
    values: dict[str, Value] = {"product": product.product, "code": product.code, "count": more}
    never = Text(N_("“%(product)s” (%(code)s) can't get enough sheets any more: too many are concerned."), values)
    invite = N_("Invite %(count)s more member, or take it off the session.")
    return (never, Text(invite, values, N_("Invite %(count)s more members, or take it off the session.")))


def result_of(product: Tabled) -> Average | None:
    """What its ballots come to; None without any."""
    ballots = counted(product)
    return average(sheet_for(product), tuple(ballots.values())) if ballots else None


def agreed_by(result: Average) -> Agreed:
    """As it is written down when the session ends; where points and gates disagree the stars stay open."""
    a, b, c = (result.parts[part] for part in PART_IDS)
    return Agreed(result.items, (a, b, c), result.may_be[0] if len(result.may_be) == 1 else 0)


# ---------------------------------------------------------------- words


def session_words(council: Council) -> Text:
    return Text(N_("session %(session)s"), {"session": council.name})


def names(council: Council, numbers: Iterable[int]) -> str:
    return ", ".join(seat.short for n in numbers if (seat := council.seat(n)) is not None)


def points_words(rules: Ruleset, points: Iterable[Decimal]) -> Text:
    """ "A 27,33/40, B 15/25, C 21/35"."""
    return joined(
        [
            Text("%(part)s %(points)s/%(most)s", {"part": p, "points": given, "most": rules.parts[p].max_points})
            for p, given in zip(PART_IDS, points, strict=True)
        ]
    )


def average_lines(product: Tabled, result: Average) -> tuple[Text, ...]:
    """Points, and the stars by points and by gates: both, as the decree does not say which counts."""
    rules = ruleset(product.ruleset)
    values: dict[str, Value] = {
        "total": result.total,
        "count": result.ballots,
        "points": points_words(rules, (result.parts[part] for part in PART_IDS)),
        "stars": result.stars_by_points,
        "gates": result.stars_by_gates,
    }
    mean = Text(
        N_("Average of %(count)s sheet: %(total)s points (%(points)s)."),
        values,
        N_("Average of %(count)s sheets: %(total)s points (%(points)s)."),
    )
    both = N_("By points %(stars)s stars ⭐, by what stars ask for at least %(gates)s.")
    out = (
        Text(N_("Most members see a ground to exclude it: %(reason)s."), {"reason": k.label})
        for k in result.knocked_out
    )
    return (mean, Text(both, values), *out)


def gate_lines(form: Sheet, result: Average) -> tuple[Text, ...]:
    """What the stars that the points would bring ask for, and most members do not see."""
    unmet = [one for one in result.unmet if one.gate.stars <= result.stars_by_points]
    return _shown([_gate_line(form, one, result) for one in unmet], MOST_GATES)


def _gate_line(form: Sheet, unmet: Unmet, result: Average) -> Text:
    item = form.criterion(unmet.gate.code)
    values: dict[str, Value] = {
        "stars": unmet.gate.stars,
        "code": unmet.gate.code,
        "option": said(option_words(item.options[unmet.gate.option - 1])),
        "met": unmet.met_by,
        "total": result.ballots,
    }
    return Text(N_("• %(stars)s stars need %(code)s “%(option)s”: %(met)s of %(total)s see it"), values)


def outlying_lines(council: Council, product: Tabled) -> tuple[Text, ...]:
    form = sheet_for(product)
    out = [_outlying_line(council, form, one) for one in outlying(form, counted(product))]
    head = Text(N_("Marks that stand out:") if out else N_("No mark stands out."))
    return (head, *_shown(out, MOST_OUTLYING))


def _outlying_line(council: Council, form: Sheet, one: Outlying) -> Text:
    values: dict[str, Value] = {
        "name": names(council, [one.member]),
        "code": one.code,
        "item": form.criterion(one.code).label,
        "points": one.points,
        "middle": one.middle,
    }
    return Text(N_("• %(code)s %(item)s: %(name)s gave %(points)s, the middle is %(middle)s"), values)


def _shown(lines: list[Text], most: int) -> tuple[Text, ...]:
    more = (Text(N_("• and %(count)s more"), {"count": len(lines) - most}),) if len(lines) > most else ()
    return (*lines[:most], *more)


def progress_lines(council: Council, product: Tabled) -> tuple[Text, ...]:
    """How far each member is, and never a mark."""
    return tuple(
        Text(N_("• %(name)s: %(state)s"), {"name": seat.short, "state": _how_far(seat, cast, product)})
        for cast in product.ballots
        if (seat := council.seat(cast.seat)) is not None
    )


def _takes_no_part(seat: Seat, standing: str) -> Text | None:
    """Why nothing comes from them: the product concerns them, or they are not there yet."""
    if standing == BOUND:
        return Text(N_("concerned by the record"))
    if standing == DECLARED:
        return Text(N_("concerned by their own word"))
    return None if seat.taken else Text(N_("not come in yet"))


def _how_far(seat: Seat, cast: Cast, product: Tabled) -> Text:
    if (why := _takes_no_part(seat, cast.standing)) is not None:
        return why
    if cast.submitted:
        return Text(N_("handed in"))
    if not cast.done:
        return Text(N_("not begun"))
    return Text(N_("%(done)s of %(total)s items"), {"done": cast.done, "total": len(sheet_for(product).criteria)})


def reading_lines(council: Council, product: Tabled) -> tuple[Text, ...]:
    """Since when the advisory group has it, and who of it is how far; or that it was not given it."""
    if product.handed_over is None:
        return (Text(N_("The advisory group was not given it.")),)
    values: dict[str, Value] = {"day": product.handed_over.on}
    head = Text(N_("With the advisory group since %(day)s:"), values)
    if product.handed_over.until is not None:
        until = N_("With the advisory group since %(day)s, to be read by %(until)s:")
        head = Text(until, values | {"until": product.handed_over.until})
    lines = (
        Text(N_("• %(name)s: %(state)s"), {"name": seat.short, "state": _reading_state(seat, one)})
        for one in product.handed_over.readings
        if (seat := council.seat(one.seat)) is not None
    )
    return (head, *lines)


def _reading_state(seat: Seat, one: Reading) -> Text:
    if (why := _takes_no_part(seat, one.standing)) is not None:
        return why
    if not one.read:
        return Text(N_("still reading"))
    return Text(N_("read through, with a remark") if one.remark else N_("read through"))


def who_lines(council: Council, product: Tabled) -> tuple[Text, ...]:
    """Who is missing, and who is concerned and how that is known."""
    lines = []
    if not council.closed and (open_ones := missing(product)):
        lines.append(Text(N_("Not handed in: %(names)s."), {"names": names(council, open_ones)}))
    for standing, words in (
        (DECLARED, N_("Concerned by their own word: %(names)s.")),
        (BOUND, N_("Concerned by the record: %(names)s.")),
    ):
        if concerned := [cast.seat for cast in product.ballots if cast.standing == standing]:
            lines.append(Text(words, {"names": names(council, concerned)}))
    return tuple(lines)

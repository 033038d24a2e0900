"""What the questions about one session have in common: its ways, its products, and how far each of them is.

Which of the questions stands is `_do` of the draft, and `_of` which member or product it is about.
"""

from collections.abc import Iterable

from dialogs.council.outcome import counted, is_scored, missing, reading
from dialogs.model import N_, Answers, Condition, Council, Facts, Go, Option, Tabled, Text, Value
from dialogs.officer.desk import short_codes
from dialogs.rules.council import least_ballots
from dialogs.rules.ruleset import ruleset


def council_of(answers: Answers, facts: Facts) -> Council:
    council = facts.council(answers["subject"])
    if council is None:  # `allowed` has let nobody through without one
        raise LookupError(answers["subject"])
    return council


def to(answers: Answers, do: str = "", of: str = "") -> Go:
    key = f"council.{answers['subject']}"
    return Go(key, {"_do": do, "_of": of}, drop=key)


def to_session(value: str, answers: Answers, facts: Facts) -> Go:
    """Back to the session, whatever was chosen."""
    return to(answers)


def at(do: str, *also: Condition, closed: bool = False) -> Condition:
    """Whether this question stands, of a session that is `closed` or not, and whatever else has to be so."""

    def so(answers: Answers, facts: Facts) -> bool:
        here = answers.get("_do", "") == do and council_of(answers, facts).closed is closed
        return here and all(one(answers, facts) for one in also)

    return so


def product_of(answers: Answers, facts: Facts) -> Tabled | None:
    return council_of(answers, facts).product(answers.get("_of", ""))


def not_given(council: Council) -> tuple[Text, ...]:
    """What is scored without the advisory group having been given it: possible, and said."""
    lacking = [p.code for p in council.products if p.handed_over is None and is_scored(p)]
    codes = short_codes(p.code for p in council.products)
    named = ", ".join(codes[code] for code in lacking)
    return (Text(N_("Not given to the advisory group: %(codes)s."), {"codes": named}),) if lacking else ()


def progress(council: Council, product: Tabled) -> Text:
    """How far the ballots are; what the marks are is another screen."""
    least = least_ballots(ruleset(product.ruleset), len(council.seats))
    values: dict[str, Value] = {
        "code": product.code,
        "product": product.product,
        "done": len(counted(product)),
        "total": len(counted(product)) + len(missing(product)),
        "least": least,
    }
    if not is_scored(product):
        return Text(N_("• %(code)s “%(product)s”: not with the council any more"), values)
    return Text(N_("• %(code)s “%(product)s”: %(done)s of %(total)s sheets in, at least %(least)s needed"), values)


def waited_for(product: Tabled) -> bool:
    return bool(missing(product) or reading(product))


def choices(products: Iterable[tuple[str, str]]) -> tuple[Option, ...]:
    """Products by code, and the way back."""
    named = dict(products)
    shorts = short_codes(named)
    values = {code: {"code": shorts[code], "product": product} for code, product in named.items()}
    return (
        *(Option(code, Text(N_("%(code)s “%(product)s”"), of), (of["product"],)) for code, of in values.items()),
        BACK,
    )


REMIND = Option("remind", Text(N_("Remind who is missing")), ("nhắc", "nhắc người chưa nộp", "remind"))
GROUP = Option("group", Text(N_("To the advisory group")), ("giao tổ tư vấn", "tổ tư vấn", "to the advisory group"))
UNTIL = Option("until", Text(N_("Set the last day")), ("hẹn ngày", "hẹn ngày chấm xong", "set the last day"))
BACK = Option("back", Text(N_("Back to the session")), ("về phiên họp", "back to the session"))

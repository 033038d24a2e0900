"""The end of a session, and the stars that its council decides on where points and gates disagree."""

from dialogs.answers import one_of
from dialogs.council.outcome import (
    average_lines,
    closable,
    gate_lines,
    is_scored,
    result_of,
    sheet_for,
    too_few_lines,
    who_lines,
)
from dialogs.council.session import (
    BACK,
    REMIND,
    at,
    council_of,
    not_given,
    product_of,
    progress,
    to,
    to_session,
    waited_for,
)
from dialogs.model import (
    N_,
    Answers,
    Ask,
    CloseCouncil,
    Council,
    DecideStars,
    Effects,
    Facts,
    Go,
    Option,
    RemindMembers,
    Tabled,
    Text,
    Value,
)
from dialogs.words import NO, YES


def close_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    council = council_of(answers, facts)
    lines = [*(line for product in council.products for line in _end_of(council, product)), *not_given(council)]
    if not _may_close(council):
        return (Text(N_("The session can't end yet.")), *lines)
    if not any(map(is_scored, council.products)):
        return (*lines, Text(N_("Nothing is scored in this session, so it ends without results. End it?")))
    sure = N_("Once it is over nobody can score any more. End it?")
    return (*lines, Text(sure))


def _end_of(council: Council, product: Tabled) -> tuple[Text, ...]:
    head = progress(council, product)
    result = result_of(product) if is_scored(product) else None
    mean = average_lines(product, result) if result is not None and closable(council, product) else ()
    return (head, *too_few_lines(council, product), *mean, *who_lines(council, product))


def _may_close(council: Council) -> bool:
    """Every product that is still there has enough ballots."""
    return all(closable(council, product) for product in council.products if is_scored(product))


_END = Option("end", Text(N_("End it now")), ("kết thúc luôn", "end it now"))


def close_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    council = council_of(answers, facts)
    remind = (REMIND,) if any(map(waited_for, filter(is_scored, council.products))) else ()
    return (BACK, *remind, *((_END,) if _may_close(council) else ()))


def closed(answers: Answers, facts: Facts) -> Effects:
    council, value = council_of(answers, facts), answers["close"]
    if value == REMIND.value:
        return (RemindMembers(council.id),)
    return (CloseCouncil(council.id),) if value == _END.value else ()


def stars_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    product = product_of(answers, facts)
    result = result_of(product) if product is not None else None
    if product is None or result is None:
        return ()
    form = sheet_for(product)
    head = Text(N_("%(code)s “%(product)s”"), {"code": product.code, "product": product.product})
    ask = Text(N_("Points and what stars ask for disagree, so the council decides. How many stars?"))
    return (head, *average_lines(product, result), *gate_lines(form, result), ask)


def stars_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    product = product_of(answers, facts)
    result = result_of(product) if product is not None else None
    may = reversed(result.may_be) if result is not None else ()
    return (*(Option(f"{n}", Text(N_("%(stars)s stars ⭐"), {"stars": n})) for n in may), BACK)


def after_stars(value: str, answers: Answers, facts: Facts) -> Go:
    return to(answers, f"{_DECIDED}{value}", answers["_of"]) if value.isdigit() else to(answers)


_DECIDED = "decided:"
"""`_do` of a draft in which so many stars have been chosen: by a number the wrong line is soon chosen, so it asks."""
_RIGHT = Option("yes", Text(N_("That is right")), YES)
_OTHER = Option("no", Text(N_("Other stars")), (*NO, "số sao khác", "other stars"))


def _decided_stars(answers: Answers, facts: Facts) -> int:
    """0: none are chosen, or the council may not give them."""
    product, chosen = product_of(answers, facts), answers.get("_do", "").removeprefix(_DECIDED)
    result = result_of(product) if product is not None else None
    return int(chosen) if result is not None and chosen in map(str, result.may_be) else 0


def is_decided(answers: Answers, facts: Facts) -> bool:
    return council_of(answers, facts).closed and result_here(answers, facts) and _decided_stars(answers, facts) > 0


def decided_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    product, stars = product_of(answers, facts), _decided_stars(answers, facts)
    values: dict[str, Value] = {"stars": stars, "product": product.product if product is not None else ""}
    return (Text(N_("The council gives “%(product)s” %(stars)s stars ⭐. Is that right?"), values),)


def decided(answers: Answers, facts: Facts) -> Effects:
    product, stars = product_of(answers, facts), _decided_stars(answers, facts)
    if product is None or answers["decided"] != _RIGHT.value:
        return ()
    return (DecideStars(council_of(answers, facts).id, product.code, stars),)


def result_here(answers: Answers, facts: Facts) -> bool:
    product = product_of(answers, facts)
    return product is not None and product.agreed is not None and result_of(product) is not None


ASKS = (
    Ask(
        "close",
        close_prompt,
        one_of(close_options),
        when=at("close"),
        then=closed,
        goto=to_session,
        confirms=True,
    ),
    Ask(
        "stars",
        stars_prompt,
        one_of(stars_options),
        when=at("stars", result_here, closed=True),
        goto=after_stars,
        confirms=True,
    ),
    Ask(
        "decided",
        decided_prompt,
        one_of((_RIGHT, _OTHER)),
        when=is_decided,
        then=decided,
        goto=lambda value, answers, facts: to(answers, "" if value == _RIGHT.value else "stars", answers["_of"]),
        confirms=True,
    ),
)

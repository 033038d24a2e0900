"""The products of a session: put before it, how far each is, its marks, and taken off again.

What the members marked is shown here only, to an officer of the province who is no member.
"""

from dialogs.answers import one_of
from dialogs.council.outcome import (
    advised,
    average_lines,
    begun,
    counted,
    gate_lines,
    names,
    outlying_lines,
    progress_lines,
    reading_lines,
    result_of,
    sheet_for,
    who_lines,
)
from dialogs.council.session import BACK, GROUP, at, choices, council_of, product_of, progress, to, to_session
from dialogs.council.to_group import to_give
from dialogs.model import (
    N_,
    Answers,
    Ask,
    Effects,
    Facts,
    Go,
    LookAtMarks,
    Option,
    Reading,
    Tabled,
    TableProduct,
    Text,
    Value,
)


def ready_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return choices(council_of(answers, facts).ready)


def added(answers: Answers, facts: Facts) -> Effects:
    council, code = council_of(answers, facts), answers["add"]
    return (TableProduct(council.id, code),) if code != BACK.value else ()


def product_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    council = council_of(answers, facts)
    *products, back = choices((product.code, product.product) for product in council.products)
    return (*products, *((GROUP,) if to_give(council) else ()), back)


def after_products(value: str, answers: Answers, facts: Facts) -> Go:
    if value == GROUP.value:
        return Go(f"to_group.{answers['subject']}")
    return to(answers) if value == BACK.value else to(answers, "product", value)


def product_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """How far it is, without a mark: who only looks here may still take a seat."""
    council, product = council_of(answers, facts), product_of(answers, facts)
    if product is None:
        return ()
    return (progress(council, product), *progress_lines(council, product), *reading_lines(council, product))


_SAID = Option("said", Text(N_("What the group says")), ("ý kiến tổ tư vấn", "góp ý", "what the group says"))


def remarks_of(product: Tabled) -> tuple[Reading, ...]:
    return tuple(one for one in product.readings if one.remark)


def has_remarks(answers: Answers, facts: Facts) -> bool:
    product = product_of(answers, facts)
    return product is not None and bool(remarks_of(product))


def product_buttons(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (BACK, *((_SAID,) if has_remarks(answers, facts) else ()), _OFF)


def said_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    council, product = council_of(answers, facts), product_of(answers, facts)
    if product is None:
        return ()
    lines = (
        Text(N_("• %(name)s: “%(words)s”"), {"name": names(council, [one.seat]), "words": one.remark})
        for one in remarks_of(product)
    )
    head = Text(N_("%(code)s “%(product)s”"), {"code": product.code, "product": product.product})
    return (head, Text(N_("The advisory group says:")), *lines)


_OFF = Option("off", Text(N_("Take it off")), ("bỏ khỏi phiên", "take it off"))


def is_handed_in(answers: Answers, facts: Facts) -> bool:
    product = product_of(answers, facts)
    return product is not None and bool(counted(product))


def has_work(answers: Answers, facts: Facts) -> bool:
    """Whether somebody's work is lost when it comes off."""
    product = product_of(answers, facts)
    return product is not None and bool(counted(product) or begun(product) or advised(product))


def product_done(answers: Answers, facts: Facts) -> Effects:
    if answers["product"] != _OFF.value or has_work(answers, facts):
        return ()
    return (TableProduct(council_of(answers, facts).id, answers["_of"], off=True),)


def after_product(value: str, answers: Answers, facts: Facts) -> Go:
    if value == _SAID.value:
        return to(answers, "said", answers["_of"])
    sure = value == _OFF.value and has_work(answers, facts)
    return to(answers, "off", answers["_of"]) if sure else to(answers)


def off_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    council, product = council_of(answers, facts), product_of(answers, facts)
    if product is None:
        return ()
    values: dict[str, Value] = {"count": len(counted(product)), "product": product.product}
    void = N_("%(count)s sheet of “%(product)s” is handed in. Off the session it is lost, also if it comes back later.")
    many = N_("%(count)s sheets of “%(product)s” are handed in. Off the session they are lost, also if it comes back.")
    sheets = (Text(void, values, many),) if values["count"] else ()
    if open_sheets := begun(product):
        one, more = (
            N_("%(count)s sheet is begun, and lost as well."),
            N_("%(count)s sheets are begun, and lost as well."),
        )
        sheets = (*sheets, Text(one, {"count": open_sheets}, more))
    by = {"names": names(council, advised(product)), "product": product.product}
    read = N_("%(names)s of the advisory group read “%(product)s”. Off the session their remarks are lost with it.")
    return (*sheets, *((Text(read, by),) if by["names"] else ()), Text(N_("Take it off all the same?")))


_VOID = Option("void", Text(N_("Take it off anyway")), ("vẫn bỏ", "vẫn bỏ khỏi phiên", "take it off anyway"))


def taken_off(answers: Answers, facts: Facts) -> Effects:
    if answers["off"] != _VOID.value:
        return ()
    return (TableProduct(council_of(answers, facts).id, answers["_of"], off=True, void=True),)


# ---------------------------------------------------------------- its marks


def scored_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return choices((one.code, one.product) for one in council_of(answers, facts).products if counted(one))


def looked_at(answers: Answers, facts: Facts) -> Effects:
    council, code = council_of(answers, facts), answers["marks"]
    return (LookAtMarks(council.id, code),) if code != BACK.value else ()


def marks_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    council, product = council_of(answers, facts), product_of(answers, facts)
    if product is None:
        return ()
    head = Text(N_("%(code)s “%(product)s”"), {"code": product.code, "product": product.product})
    result = result_of(product) if product.product_set else None
    if result is None:
        return (head, Text(N_("No sheet is handed in yet.")), *who_lines(council, product))
    form = sheet_for(product)
    return (
        head,
        *average_lines(product, result),
        *gate_lines(form, result),
        *outlying_lines(council, product),
        *who_lines(council, product),
    )


ASKS = (
    Ask(
        "add",
        N_("Which product comes before the council?"),
        one_of(ready_options),
        when=at("add"),
        then=added,
        goto=to_session,
    ),
    Ask(
        "marks",
        N_("Of which product?"),
        one_of(scored_options),
        when=lambda answers, facts: answers.get("_do") == "marks",
        then=looked_at,
        goto=lambda value, answers, facts: to(answers) if value == BACK.value else to(answers, "marked", value),
    ),
    Ask(
        "marked",
        marks_prompt,
        one_of((BACK,)),
        when=lambda answers, facts: answers.get("_do") == "marked" and is_handed_in(answers, facts),
        goto=to_session,
    ),
    Ask(
        "products",
        N_("Which product of the session?"),
        one_of(product_options),
        when=at("products"),
        goto=after_products,
    ),
    Ask(
        "product",
        product_prompt,
        one_of(product_buttons),
        when=at("product", lambda answers, facts: product_of(answers, facts) is not None),
        then=product_done,
        goto=after_product,
    ),
    Ask(
        "said",
        said_prompt,
        one_of((BACK,)),
        when=at("said", has_remarks),
        goto=lambda value, answers, facts: to(answers, "product", answers["_of"]),
    ),
    Ask(
        "off",
        off_prompt,
        one_of((BACK, _VOID)),
        when=at("off", has_work),
        then=taken_off,
        goto=to_session,
        confirms=True,
    ),
)

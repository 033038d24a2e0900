"""The secretary of a council's session: how far it is, and the ways to products, members, its end and results."""

from dataclasses import replace
from decimal import Decimal

from dialogs.answers import one_of
from dialogs.council import ending, members, tabled
from dialogs.council.outcome import counted, is_scored, too_few_lines
from dialogs.council.session import GROUP, REMIND, UNTIL, council_of, not_given, progress, to, waited_for
from dialogs.model import (
    N_,
    Agreed,
    Answers,
    Ask,
    Council,
    Dialog,
    Effects,
    Facts,
    Go,
    LookAtMarks,
    MakeCouncilPapers,
    Option,
    RemindMembers,
    Tabled,
    Text,
    Value,
)
from dialogs.officer.decide import DESK
from dialogs.officer.desk import short_codes
from dialogs.officer.result import as_agreed
from dialogs.producer.place import place_name


def overview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    council = council_of(answers, facts)
    values: dict[str, Value] = {"session": council.name, "province": place_name(council.province)}
    head = Text(N_("Council of %(province)s, session %(session)s"), values)
    if council.closed_at is not None:
        over = Text(N_("Over since %(day)s."), {"day": council.closed_at.date()})
        return (head, over, *(_agreed_line(product) for product in council.products))
    lacking = not_given(council)
    until = (Text(N_("Sheets are due by %(day)s."), {"day": council.until}),) if council.until is not None else ()
    products = (
        line for product in council.products for line in (progress(council, product), *too_few_lines(council, product))
    )
    return (head, _members_line(council), *_group_line(council), *until, *products, *lacking)


def _members_line(council: Council) -> Text:
    if not council.seats:
        return Text(N_("Nobody is invited yet."))
    values: dict[str, Value] = {"count": len(council.seats), "here": sum(seat.taken for seat in council.seats)}
    return Text(
        N_("%(count)s member invited, %(here)s there."), values, N_("%(count)s members invited, %(here)s there.")
    )


def _group_line(council: Council) -> tuple[Text, ...]:
    if not council.group:
        return ()
    values: dict[str, Value] = {"count": len(council.group), "here": sum(seat.taken for seat in council.group)}
    one = N_("Advisory group: %(count)s person, %(here)s there.")
    return (Text(one, values, N_("Advisory group: %(count)s people, %(here)s there.")),)


def _agreed_line(product: Tabled) -> Text:
    values: dict[str, Value] = {"code": product.code, "product": product.product}
    if product.agreed is None:
        return Text(N_("• %(code)s “%(product)s”: not scored"), values)
    values |= {"total": sum(product.agreed.points, Decimal(0)), "stars": product.agreed.stars}
    if not product.agreed.stars:
        return Text(N_("• %(code)s “%(product)s”: %(total)s points, the council has to decide on the stars"), values)
    return Text(N_("• %(code)s “%(product)s”: %(total)s points, %(stars)s stars ⭐"), values)


_ADD = Option("add", Text(N_("Add a product")), ("thêm sản phẩm", "add a product"))
_INVITE = Option("invite", Text(N_("Invite a member")), ("mời thành viên", "mời", "invite a member"))
_MEMBERS = Option("members", Text(N_("Members")), ("thành viên", "members"))
_PRODUCTS = Option("products", Text(N_("Products")), ("các sản phẩm", "sản phẩm", "products"))
_MARKS = Option("marks", Text(N_("See the marks")), ("xem điểm", "see the marks"))
_CLOSE = Option("close", Text(N_("End the session")), ("kết thúc phiên", "end the session"))
_PAPERS = Option("papers", Text(N_("Minutes and sheets")), ("biên bản", "biên bản và phiếu", "minutes"))
_ALL = Option("all", Text(N_("All sessions")), ("các phiên", "all sessions"))
RESULT = "result-"
"""Begins the value of a button that leads to a product's result."""


def options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    council = council_of(answers, facts)
    scored = any(counted(product) for product in council.products)
    if council.closed:
        done = [product for product in council.products if product.agreed is not None]
        shorts = short_codes(product.code for product in done)
        results = (
            Option(f"{RESULT}{p.code}", Text(N_("Result of %(code)s"), {"code": shorts[p.code]}), (p.product,))
            for p in done
            if is_scored(p)
        )
        return (*results, *((_PAPERS,) if done else ()), *((_MARKS,) if scored else ()), _ALL, DESK)
    return (
        *((_ADD,) if council.ready else ()),
        *((_PRODUCTS,) if council.products or council.ready else ()),
        _INVITE,
        *((_MEMBERS,) if council.seats or council.group else ()),
        *((REMIND,) if any(map(waited_for, filter(is_scored, council.products))) else ()),
        *((_MARKS,) if scored else ()),
        *((_CLOSE,) if scored or not any(map(is_scored, council.products)) else ()),
        _ALL,
        DESK,
        *(replace(way, hidden=True) for way in (GROUP, UNTIL)),
    )


def done(answers: Answers, facts: Facts) -> Effects:
    council = council_of(answers, facts)
    match answers["next"]:
        case "remind":
            return (RemindMembers(council.id),)
        case "papers":
            return (MakeCouncilPapers(council.id),)
        case "close":  # the averages are shown, and who has seen them scores no more
            return tuple(LookAtMarks(council.id, product.code) for product in council.products if counted(product))
    return ()


def onward(value: str, answers: Answers, facts: Facts) -> Go:
    council = council_of(answers, facts)
    product = council.product(value.removeprefix(RESULT)) if value.startswith(RESULT) else None
    if product is not None and product.agreed is not None:
        return to_result(product, product.agreed) if product.agreed.stars else to(answers, "stars", product.code)
    if value in ("all", "desk"):
        return Go("councils" if value == "all" else "desk")
    if value == GROUP.value:
        return Go(f"to_group.{council.id}")
    return to(answers, "" if value in ("remind", "papers") else value)


def to_result(product: Tabled, agreed: Agreed) -> Go:
    """The points of the council stand in the form; number and day of the paper are asked there."""
    return Go(f"result.{product.code}", as_agreed(agreed), drop=f"result.{product.code}")


COUNCIL = Dialog(
    "council",
    linked=True,
    allowed=lambda answers, facts: facts.council(answers["subject"]) is not None,
    up=lambda answers: to(answers) if answers.get("_do") else Go("councils"),
    steps=(
        *tabled.ASKS,
        *members.ASKS,
        *ending.ASKS,
        Ask("next", overview, one_of(options), then=done, goto=onward),
    ),
)

"""The secretary of a council's session: products, members, who is missing, what stands out, the end, the results.

Which of the questions below stands is `_do` of the draft, and `_of` which member or product it is about. What the
members marked is shown here only, to an officer of the province who is no member.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from dialogs.answers import one_of, text
from dialogs.council.outcome import (
    advised,
    average_lines,
    begun,
    closable,
    counted,
    gate_lines,
    is_scored,
    missing,
    names,
    outlying_lines,
    progress_lines,
    reading,
    reading_lines,
    result_of,
    sheet_for,
    who_lines,
)
from dialogs.council.to_group import council_of, to_give
from dialogs.model import (
    N_,
    Agreed,
    Answers,
    Ask,
    CloseCouncil,
    Condition,
    Council,
    DecideStars,
    Dialog,
    DropSeat,
    Effects,
    Facts,
    Go,
    InviteMember,
    LookAtMarks,
    MakeCouncilPapers,
    Option,
    Reading,
    RemindMembers,
    RenewSeat,
    Seat,
    SetScoringDay,
    Tabled,
    TableProduct,
    Text,
    Value,
)
from dialogs.officer.by_item import stored
from dialogs.officer.decide import DESK
from dialogs.officer.desk import short_codes
from dialogs.officer.join import NAME_CHARS
from dialogs.officer.rounds import coming_day
from dialogs.producer.place import place_name
from dialogs.rules.council import least_ballots
from dialogs.rules.ruleset import ruleset
from dialogs.words import NO, YES

SEAT = "s"
"""Begins the value of a button that stands for a member."""

# ---------------------------------------------------------------- one session


def _to(answers: Answers, do: str = "", of: str = "") -> Go:
    key = f"council.{answers['subject']}"
    return Go(key, {"_do": do, "_of": of}, drop=key)


def _at(do: str, *, closed: bool = False) -> Condition:
    def so(answers: Answers, facts: Facts) -> bool:
        return answers.get("_do", "") == do and council_of(answers, facts).closed is closed

    return so


def overview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    council = council_of(answers, facts)
    values: dict[str, Value] = {"session": council.name, "province": place_name(council.province)}
    head = Text(N_("Council of %(province)s, session %(session)s"), values)
    if council.closed_at is not None:
        over = Text(N_("Over since %(day)s."), {"day": council.closed_at.date()})
        return (head, over, *(_agreed_line(product) for product in council.products))
    lacking = _not_given(council)
    until = (Text(N_("Sheets are due by %(day)s."), {"day": council.until}),) if council.until is not None else ()
    products = (_progress(council, product) for product in council.products)
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


def _not_given(council: Council) -> tuple[Text, ...]:
    """What is scored without the advisory group having been given it: possible, and said."""
    lacking = [p.code for p in council.products if p.handed_over is None and is_scored(p)]
    codes = short_codes(p.code for p in council.products)
    named = ", ".join(codes[code] for code in lacking)
    return (Text(N_("Not given to the advisory group: %(codes)s."), {"codes": named}),) if lacking else ()


def _progress(council: Council, product: Tabled) -> Text:
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
_REMIND = Option("remind", Text(N_("Remind who is missing")), ("nhắc", "nhắc người chưa nộp", "remind"))
_PRODUCTS = Option("products", Text(N_("Products")), ("các sản phẩm", "sản phẩm", "products"))
_MARKS = Option("marks", Text(N_("See the marks")), ("xem điểm", "see the marks"))
_GROUP = Option("group", Text(N_("To the advisory group")), ("giao tổ tư vấn", "tổ tư vấn", "to the advisory group"))
_UNTIL = Option("until", Text(N_("Set the last day")), ("hẹn ngày", "hẹn ngày chấm xong", "set the last day"))
_CLOSE = Option("close", Text(N_("End the session")), ("kết thúc phiên", "end the session"))
_PAPERS = Option("papers", Text(N_("Minutes and sheets")), ("biên bản", "biên bản và phiếu", "minutes"))
_ALL = Option("all", Text(N_("All sessions")), ("các phiên", "all sessions"))
_BACK = Option("back", Text(N_("Back to the session")), ("về phiên họp", "back to the session"))
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
        *((_REMIND,) if any(map(_waited_for, filter(is_scored, council.products))) else ()),
        *((_MARKS,) if scored else ()),
        *((_CLOSE,) if scored or not any(map(is_scored, council.products)) else ()),
        _ALL,
        DESK,
        *(replace(way, hidden=True) for way in (_GROUP, _UNTIL)),
    )


def _waited_for(product: Tabled) -> bool:
    return bool(missing(product) or reading(product))


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
        return to_result(product, product.agreed) if product.agreed.stars else _to(answers, "stars", product.code)
    if value in ("all", "desk"):
        return Go("councils" if value == "all" else "desk")
    if value == _GROUP.value:
        return Go(f"to_group.{council.id}")
    return _to(answers, "" if value in ("remind", "papers") else value)


def to_result(product: Tabled, agreed: Agreed) -> Go:
    """The points of the council stand in the form; number and day of the paper are asked there."""
    parts = zip(("part_a", "part_b", "part_c"), agreed.points, strict=True)
    given = {name: f"{points:f}" for name, points in parts}
    given |= {"items": stored(agreed.items), "_stars": str(agreed.stars)}
    return Go(f"result.{product.code}", given, drop=f"result.{product.code}")


# ---------------------------------------------------------------- by when

_NO_DAY = Option("none", Text(N_("No day")), ("không hẹn ngày", "bỏ ngày", "no day"))


def until_set(answers: Answers, facts: Facts) -> Effects:
    council, value = council_of(answers, facts), answers["until"]
    if value == _BACK.value:
        return ()
    return (SetScoringDay(council.id, None if value == _NO_DAY.value else date.fromisoformat(value)),)


# ---------------------------------------------------------------- its products


def _choices(products: Iterable[tuple[str, str]]) -> tuple[Option, ...]:
    """Products by code, and the way back."""
    named = dict(products)
    shorts = short_codes(named)
    values = {code: {"code": shorts[code], "product": product} for code, product in named.items()}
    return (
        *(Option(code, Text(N_("%(code)s “%(product)s”"), of), (of["product"],)) for code, of in values.items()),
        _BACK,
    )


def ready_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return _choices(council_of(answers, facts).ready)


def added(answers: Answers, facts: Facts) -> Effects:
    council, code = council_of(answers, facts), answers["add"]
    return (TableProduct(council.id, code),) if code != _BACK.value else ()


def product_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    council = council_of(answers, facts)
    *products, back = _choices((product.code, product.product) for product in council.products)
    return (*products, *((_GROUP,) if to_give(council) else ()), back)


def after_products(value: str, answers: Answers, facts: Facts) -> Go:
    if value == _GROUP.value:
        return Go(f"to_group.{answers['subject']}")
    return _to(answers) if value == _BACK.value else _to(answers, "product", value)


def _product(answers: Answers, facts: Facts) -> Tabled | None:
    return council_of(answers, facts).product(answers.get("_of", ""))


def product_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """How far it is, without a mark: who only looks here may still take a seat."""
    council, product = council_of(answers, facts), _product(answers, facts)
    if product is None:
        return ()
    return (_progress(council, product), *progress_lines(council, product), *reading_lines(council, product))


_SAID = Option("said", Text(N_("What the group says")), ("ý kiến tổ tư vấn", "góp ý", "what the group says"))


def remarks_of(product: Tabled) -> tuple[Reading, ...]:
    return tuple(one for one in product.readings if one.remark)


def has_remarks(answers: Answers, facts: Facts) -> bool:
    product = _product(answers, facts)
    return product is not None and bool(remarks_of(product))


def product_buttons(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (_BACK, *((_SAID,) if has_remarks(answers, facts) else ()), _OFF)


def said_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    council, product = council_of(answers, facts), _product(answers, facts)
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
    product = _product(answers, facts)
    return product is not None and bool(counted(product))


def has_work(answers: Answers, facts: Facts) -> bool:
    """Whether somebody's work is lost when it comes off."""
    product = _product(answers, facts)
    return product is not None and bool(counted(product) or begun(product) or advised(product))


def product_done(answers: Answers, facts: Facts) -> Effects:
    if answers["product"] != _OFF.value or has_work(answers, facts):
        return ()
    return (TableProduct(council_of(answers, facts).id, answers["_of"], off=True),)


def after_product(value: str, answers: Answers, facts: Facts) -> Go:
    if value == _SAID.value:
        return _to(answers, "said", answers["_of"])
    sure = value == _OFF.value and has_work(answers, facts)
    return _to(answers, "off", answers["_of"]) if sure else _to(answers)


def off_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    council, product = council_of(answers, facts), _product(answers, facts)
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
    return _choices((one.code, one.product) for one in council_of(answers, facts).products if counted(one))


def looked_at(answers: Answers, facts: Facts) -> Effects:
    council, code = council_of(answers, facts), answers["marks"]
    return (LookAtMarks(council.id, code),) if code != _BACK.value else ()


def marks_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    council, product = council_of(answers, facts), _product(answers, facts)
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


# ---------------------------------------------------------------- its members


_ONE_MORE = Option("invite", Text(N_("Invite one more")), ("mời thêm", "mời thêm người", "invite one more"))
_CHAIR = Option("chair", Text(N_("Chair")), ("chủ tịch", "chair"))
_MEMBER = Option("member", Text(N_("Member")), ("ủy viên", "thành viên", "member"))
_ADVISER = Option("adviser", Text(N_("Advisory group")), ("tổ tư vấn", "tư vấn", "advisory group"))


def invited(answers: Answers, facts: Facts) -> Effects:
    council, value = council_of(answers, facts), answers["as"]
    if value == _BACK.value:
        return ()
    return (InviteMember(council.id, answers["name"], value == _CHAIR.value, value == _ADVISER.value),)


def after_link(value: str, answers: Answers, facts: Facts) -> Go:
    """The link stands alone: whatever stood below it would be copied with it."""
    return _to(answers, "" if value in (_BACK.value, _DROP.value) else "invited")


def members_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    council = council_of(answers, facts)
    return (Text(N_("Members of the council:")), *map(_seat_line, (*council.seats, *council.group)))


def _seat_line(seat: Seat) -> Text:
    values: dict[str, Value] = {"name": seat.name, "state": _seat_state(seat)}
    if seat.advisory:
        return Text(N_("• %(name)s (advisory group): %(state)s"), values)
    if seat.chair:
        return Text(N_("• %(name)s (chair): %(state)s"), values)
    return Text(N_("• %(name)s: %(state)s"), values)


def _seat_state(seat: Seat) -> Text:
    if seat.taken:
        return Text(N_("there"))
    if seat.until is None:
        return Text(N_("the invitation ran out"))
    return Text(N_("invited until %(day)s"), {"day": seat.until})


def members_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    council = council_of(answers, facts)
    seats = (*council.seats, *council.group)
    return (
        *(Option(f"{SEAT}{s.number}", Text("%(name)s", {"name": s.short}), (s.short,)) for s in seats),
        _UNTIL,
        _BACK,
    )


def after_members(value: str, answers: Answers, facts: Facts) -> Go:
    if value == _UNTIL.value:
        return _to(answers, value)
    return _to(answers) if value == _BACK.value else _to(answers, "seat", value.removeprefix(SEAT))


def _seat(answers: Answers, facts: Facts) -> Seat | None:
    number = answers.get("_of", "")
    return council_of(answers, facts).seat(int(number)) if number.isdigit() else None


_RENEW = Option("renew", Text(N_("Make a new link")), ("đường dẫn mới", "đổi máy", "mất máy", "new link"))
_DROP = Option("drop", Text(N_("Remove the member")), ("bỏ thành viên", "remove the member"))


def seat_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    seat = _seat(answers, facts)
    if seat is None:
        return (Text(N_("There is no such member any more.")),)
    if seat.advisory:
        lost = N_("A new link is for a new or lost telephone: the old one is locked out at once.")
        hidden = N_("Their remarks are shown again once they open it and say that the product does not concern them.")
        anew = N_("If somebody else opens it, the remarks are gone.")
        return (_seat_line(seat), Text(lost), Text(hidden), Text(anew))
    new = N_("A new link is for a new or lost telephone: the old one is locked out at once, and what is marked stays.")
    other = N_(
        "Somebody else who opens it says for themselves whether a product concerns them, and hands in themselves."
    )
    return (_seat_line(seat), Text(new), Text(other))


def seat_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (_BACK, _RENEW, _DROP) if _seat(answers, facts) is not None else (_BACK,)


def seat_done(answers: Answers, facts: Facts) -> Effects:
    council, seat = council_of(answers, facts), _seat(answers, facts)
    if seat is None or answers["seat"] == _BACK.value:
        return ()
    order = RenewSeat if answers["seat"] == _RENEW.value else DropSeat
    return (order(council.id, seat.number),)


# ---------------------------------------------------------------- its end


def close_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    council = council_of(answers, facts)
    lines = [*(line for product in council.products for line in _end_of(council, product)), *_not_given(council)]
    if not _may_close(council):
        return (Text(N_("The session can't end yet.")), *lines)
    if not any(map(is_scored, council.products)):
        return (*lines, Text(N_("Nothing is scored in this session, so it ends without results. End it?")))
    sure = N_("Once it is over nobody can score any more. End it?")
    return (*lines, Text(sure))


def _end_of(council: Council, product: Tabled) -> tuple[Text, ...]:
    head = _progress(council, product)
    result = result_of(product) if is_scored(product) else None
    mean = average_lines(product, result) if result is not None and closable(council, product) else ()
    return (head, *mean, *who_lines(council, product))


def _may_close(council: Council) -> bool:
    """Every product that is still there has enough ballots."""
    return all(closable(council, product) for product in council.products if is_scored(product))


_END = Option("end", Text(N_("End it now")), ("kết thúc luôn", "end it now"))


def close_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    council = council_of(answers, facts)
    remind = (_REMIND,) if any(map(_waited_for, filter(is_scored, council.products))) else ()
    return (_BACK, *remind, *((_END,) if _may_close(council) else ()))


def closed(answers: Answers, facts: Facts) -> Effects:
    council, value = council_of(answers, facts), answers["close"]
    if value == _REMIND.value:
        return (RemindMembers(council.id),)
    return (CloseCouncil(council.id),) if value == _END.value else ()


def stars_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    product = _product(answers, facts)
    result = result_of(product) if product is not None else None
    if product is None or result is None:
        return ()
    form = sheet_for(product)
    head = Text(N_("%(code)s “%(product)s”"), {"code": product.code, "product": product.product})
    ask = Text(N_("Points and what stars ask for disagree, so the council decides. How many stars?"))
    return (head, *average_lines(product, result), *gate_lines(form, result), ask)


def stars_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    product = _product(answers, facts)
    result = result_of(product) if product is not None else None
    may = reversed(result.may_be) if result is not None else ()
    return (*(Option(f"{n}", Text(N_("%(stars)s stars ⭐"), {"stars": n})) for n in may), _BACK)


def after_stars(value: str, answers: Answers, facts: Facts) -> Go:
    return _to(answers, f"{_DECIDED}{value}", answers["_of"]) if value.isdigit() else _to(answers)


_DECIDED = "decided:"
"""`_do` of a draft in which so many stars have been chosen: by a number the wrong line is soon chosen, so it asks."""
_RIGHT = Option("yes", Text(N_("That is right")), YES)
_OTHER = Option("no", Text(N_("Other stars")), (*NO, "số sao khác", "other stars"))


def _decided_stars(answers: Answers, facts: Facts) -> int:
    """0: none are chosen, or the council may not give them."""
    product, chosen = _product(answers, facts), answers.get("_do", "").removeprefix(_DECIDED)
    result = result_of(product) if product is not None else None
    return int(chosen) if result is not None and chosen in map(str, result.may_be) else 0


def is_decided(answers: Answers, facts: Facts) -> bool:
    return council_of(answers, facts).closed and result_here(answers, facts) and _decided_stars(answers, facts) > 0


def decided_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    product, stars = _product(answers, facts), _decided_stars(answers, facts)
    values: dict[str, Value] = {"stars": stars, "product": product.product if product is not None else ""}
    return (Text(N_("The council gives “%(product)s” %(stars)s stars ⭐. Is that right?"), values),)


def decided(answers: Answers, facts: Facts) -> Effects:
    product, stars = _product(answers, facts), _decided_stars(answers, facts)
    if product is None or answers["decided"] != _RIGHT.value:
        return ()
    return (DecideStars(council_of(answers, facts).id, product.code, stars),)


COUNCIL = Dialog(
    "council",
    linked=True,
    allowed=lambda answers, facts: facts.council(answers["subject"]) is not None,
    up=lambda answers: _to(answers) if answers.get("_do") else Go("councils"),
    steps=(
        Ask(
            "add",
            N_("Which product comes before the council?"),
            one_of(ready_options),
            when=_at("add"),
            then=added,
            goto=lambda value, answers, facts: _to(answers),
        ),
        Ask(
            "until",
            N_("By which day are members to hand in their sheets? For example: 15/12/2026."),
            coming_day((_NO_DAY, _BACK)),
            when=_at("until"),
            then=until_set,
            goto=lambda value, answers, facts: _to(answers),
        ),
        Ask(
            "name",
            N_("What is the member's name, and where do they work? For example: Lê Văn Nam, Sở Công Thương."),
            text(NAME_CHARS, name=True),
            when=_at("invite"),
            verbatim=True,
        ),
        Ask(
            "as",
            lambda answers, facts: (Text(N_("What is %(name)s in the council?"), {"name": answers["name"]}),),
            one_of((_CHAIR, _MEMBER, _ADVISER, _BACK)),
            when=lambda answers, facts: _at("invite")(answers, facts) and "name" in answers,
            then=invited,
            goto=after_link,
        ),
        Ask(
            "invited",
            N_("What would you like to do?"),
            one_of((_ONE_MORE, _BACK)),
            when=_at("invited"),
            goto=lambda value, answers, facts: _to(answers, "" if value == _BACK.value else value),
        ),
        Ask(
            "members",
            members_prompt,
            one_of(members_options),
            when=_at("members"),
            goto=after_members,
        ),
        Ask(
            "seat",
            seat_prompt,
            one_of(seat_options),
            when=_at("seat"),
            then=seat_done,
            goto=after_link,
            confirms=True,
        ),
        Ask(
            "marks",
            N_("Of which product?"),
            one_of(scored_options),
            when=lambda answers, facts: answers.get("_do") == "marks",
            then=looked_at,
            goto=lambda value, answers, facts: _to(answers) if value == _BACK.value else _to(answers, "marked", value),
        ),
        Ask(
            "marked",
            marks_prompt,
            one_of((_BACK,)),
            when=lambda answers, facts: answers.get("_do") == "marked" and is_handed_in(answers, facts),
            goto=lambda value, answers, facts: _to(answers),
        ),
        Ask(
            "products",
            N_("Which product of the session?"),
            one_of(product_options),
            when=_at("products"),
            goto=after_products,
        ),
        Ask(
            "product",
            product_prompt,
            one_of(product_buttons),
            when=lambda answers, facts: _at("product")(answers, facts) and _product(answers, facts) is not None,
            then=product_done,
            goto=after_product,
        ),
        Ask(
            "said",
            said_prompt,
            one_of((_BACK,)),
            when=lambda answers, facts: _at("said")(answers, facts) and has_remarks(answers, facts),
            goto=lambda value, answers, facts: _to(answers, "product", answers["_of"]),
        ),
        Ask(
            "off",
            off_prompt,
            one_of((_BACK, _VOID)),
            when=lambda answers, facts: _at("off")(answers, facts) and has_work(answers, facts),
            then=taken_off,
            goto=lambda value, answers, facts: _to(answers),
            confirms=True,
        ),
        Ask(
            "close",
            close_prompt,
            one_of(close_options),
            when=_at("close"),
            then=closed,
            goto=lambda value, answers, facts: _to(answers),
            confirms=True,
        ),
        Ask(
            "stars",
            stars_prompt,
            one_of(stars_options),
            when=lambda answers, facts: _at("stars", closed=True)(answers, facts) and result_here(answers, facts),
            goto=after_stars,
            confirms=True,
        ),
        Ask(
            "decided",
            decided_prompt,
            one_of((_RIGHT, _OTHER)),
            when=is_decided,
            then=decided,
            goto=lambda value, answers, facts: _to(answers, "" if value == _RIGHT.value else "stars", answers["_of"]),
            confirms=True,
        ),
        Ask("next", overview, one_of(options), then=done, goto=onward),
    ),
)


def result_here(answers: Answers, facts: Facts) -> bool:
    product = _product(answers, facts)
    return product is not None and product.agreed is not None and result_of(product) is not None

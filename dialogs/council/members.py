"""The members of a session: who is invited as what, a new link, who is no member after all, and by when they score."""

from dataclasses import replace
from datetime import date

from dialogs.answers import one_of, text
from dialogs.council.session import BACK, UNTIL, at, council_of, to, to_session
from dialogs.model import (
    N_,
    Answers,
    Ask,
    Council,
    DropSeat,
    Effects,
    Facts,
    Go,
    InviteMember,
    Option,
    RenewSeat,
    Seat,
    SetScoringDay,
    Text,
    Value,
)
from dialogs.officer.join import NAME_CHARS
from dialogs.officer.rounds import coming_day

SEAT = "s"
"""Begins the value of a button that stands for a member."""

# ---------------------------------------------------------------- by when

_NO_DAY = Option("none", Text(N_("No day")), ("không hẹn ngày", "bỏ ngày", "no day"))


def until_set(answers: Answers, facts: Facts) -> Effects:
    council, value = council_of(answers, facts), answers["until"]
    if value == BACK.value:
        return ()
    return (SetScoringDay(council.id, None if value == _NO_DAY.value else date.fromisoformat(value)),)


# ---------------------------------------------------------------- its members


_ONE_MORE = Option("invite", Text(N_("Invite one more")), ("mời thêm", "mời thêm người", "invite one more"))
_CHAIR = Option("chair", Text(N_("Chair")), ("chủ tịch", "chair"))
_MEMBER = Option("member", Text(N_("Member")), ("ủy viên", "thành viên", "member"))
_ADVISER = Option("adviser", Text(N_("Advisory group")), ("tổ tư vấn", "tư vấn", "advisory group"))


def chair_of(council: Council) -> Seat | None:
    return next((seat for seat in council.seats if seat.chair), None)


def invited(answers: Answers, facts: Facts) -> Effects:
    council, value = council_of(answers, facts), answers["as"]
    if value == BACK.value or (value == _CHAIR.value and chair_of(council) is not None):
        return ()
    return (InviteMember(council.id, answers["name"], value == _CHAIR.value, value == _ADVISER.value),)


def after_invited(value: str, answers: Answers, facts: Facts) -> Go:
    if value == _CHAIR.value and chair_of(council_of(answers, facts)) is not None:
        asked = to(answers, "chair")
        return replace(asked, answers={**asked.answers, "_name": answers["name"]})
    return after_link(value, answers, facts)


def after_link(value: str, answers: Answers, facts: Facts) -> Go:
    """The link stands alone: whatever stood below it would be copied with it."""
    return to(answers, "" if value == BACK.value else "invited")


_INSTEAD = Option("chair", Text(N_("Change the chair")), ("đổi chủ tịch", "đổi", "change the chair"))
_AS_MEMBER = Option("member", Text(N_("Invite as a member")), ("mời làm ủy viên", "ủy viên", "as a member"))


def chair_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    chair = chair_of(council_of(answers, facts))
    values: dict[str, Value] = {"name": _short(answers), "chair": chair.short if chair is not None else ""}
    there = N_("%(chair)s is the chair of this session. With %(name)s as the chair, they go on as a member.")
    return (Text(there, values), Text(N_("Do you change the chair?")))


def _short(answers: Answers) -> str:
    """Without where they work, as Seat.short."""
    return answers.get("_name", "").partition(",")[0]


def _has_chair(answers: Answers, facts: Facts) -> bool:
    return bool(answers.get("_name")) and chair_of(council_of(answers, facts)) is not None


def chair_chosen(answers: Answers, facts: Facts) -> Effects:
    value = answers["chair"]
    if value == BACK.value:
        return ()
    return (InviteMember(council_of(answers, facts).id, answers["_name"], chair=value == _INSTEAD.value),)


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
        UNTIL,
        BACK,
    )


def after_members(value: str, answers: Answers, facts: Facts) -> Go:
    if value == UNTIL.value:
        return to(answers, value)
    return to(answers) if value == BACK.value else to(answers, "seat", value.removeprefix(SEAT))


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
    return (BACK, _RENEW, _DROP) if _seat(answers, facts) is not None else (BACK,)


def after_seat(value: str, answers: Answers, facts: Facts) -> Go:
    return to(answers) if value == BACK.value else to(answers, value, answers["_of"])


_RENEW_NOW = Option("renew", Text(N_("Make it now")), ("tạo luôn", "tạo", "make it now"))
_DROP_NOW = Option("drop", Text(N_("Remove them now")), ("bỏ luôn", "remove them now"))


def renew_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    stops = N_("Once %(name)s has a new link, the old one and the telephone it was opened on have no access any more.")
    return _about(answers, facts, stops, N_("Make a new link?"))


def drop_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    lost = N_("Once %(name)s is removed, their link works no more, and what they have begun to mark is lost.")
    of_group = N_("Once %(name)s is removed, their link works no more.")
    seat = _seat(answers, facts)
    return _about(answers, facts, of_group if seat is not None and seat.advisory else lost, N_("Remove them?"))


def _about(answers: Answers, facts: Facts, what: str, ask: str) -> tuple[Text, ...]:
    seat = _seat(answers, facts)
    return (Text(what, {"name": seat.short}), Text(ask)) if seat is not None else ()


def _is_there(answers: Answers, facts: Facts) -> bool:
    """Whether the member in question is still one."""
    return _seat(answers, facts) is not None


def seat_done(answers: Answers, facts: Facts) -> Effects:
    council, seat = council_of(answers, facts), _seat(answers, facts)
    if seat is None:
        return ()
    if answers.get("renew") == _RENEW_NOW.value:
        return (RenewSeat(council.id, seat.number),)
    return (DropSeat(council.id, seat.number),) if answers.get("drop") == _DROP_NOW.value else ()


ASKS = (
    Ask(
        "until",
        N_("By which day are members to hand in their sheets? For example: 15/12/2026."),
        coming_day((_NO_DAY, BACK)),
        when=at("until"),
        then=until_set,
        goto=to_session,
    ),
    Ask(
        "name",
        N_("What is the member's name, and where do they work? For example: Lê Văn Nam, Sở Công Thương."),
        text(NAME_CHARS, name=True),
        when=at("invite"),
        verbatim=True,
    ),
    Ask(
        "as",
        lambda answers, facts: (Text(N_("What is %(name)s in the council?"), {"name": answers["name"]}),),
        one_of((_CHAIR, _MEMBER, _ADVISER, BACK)),
        when=at("invite", lambda answers, facts: "name" in answers),
        then=invited,
        goto=after_invited,
    ),
    Ask(
        "invited",
        N_("What would you like to do?"),
        one_of((_ONE_MORE, BACK)),
        when=at("invited"),
        goto=lambda value, answers, facts: to(answers, "" if value == BACK.value else value),
    ),
    Ask(
        "members",
        members_prompt,
        one_of(members_options),
        when=at("members"),
        goto=after_members,
    ),
    Ask(
        "seat",
        seat_prompt,
        one_of(seat_options),
        when=at("seat"),
        goto=after_seat,
    ),
    Ask(
        "renew",
        renew_prompt,
        one_of((BACK, _RENEW_NOW)),
        when=at("renew", _is_there),
        then=seat_done,
        goto=after_link,
        confirms=True,
    ),
    Ask(
        "drop",
        drop_prompt,
        one_of((BACK, _DROP_NOW)),
        when=at("drop", _is_there),
        then=seat_done,
        goto=to_session,
        confirms=True,
    ),
    Ask(
        "chair",
        chair_prompt,
        one_of((BACK, _AS_MEMBER, _INSTEAD)),
        when=at("chair", _has_chair),
        then=chair_chosen,
        goto=after_link,
        confirms=True,
    ),
)

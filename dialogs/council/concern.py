"""Whether a product concerns who sits in the council: asked first, and twice before it counts; and what is over.

By the numbers the harmless answer is the first one, and the other never stands where it stood a message ago.
"""

from collections.abc import Callable
from dataclasses import replace

from dialogs.answers import one_of
from dialogs.council.facts import BOUND, FREE, SCORING
from dialogs.model import N_, Answers, Ask, Ballot, DeclareInterest, Effects, Facts, Go, Option, Text, Value
from dialogs.producer.place import place_name

SURE = "sure"
"""`_do` of a draft in which somebody has said that the product concerns them, and is asked once more."""
MINE = Option("mine", Text(N_("All I score")), ("các phiếu", "phiếu của tôi", "phiếu", "all i score"))
ALL_I_READ = replace(MINE, label=Text(N_("All I read")), typed=(*MINE.typed, "các hồ sơ", "all i read"))
CONCERNED = Option("concerned", Text(N_("I am concerned")), ("có liên quan", "tôi có liên quan", "concerned"))
_MENU = Option("menu", Text(N_("Main menu")), ("menu",))
_FREE = Option(
    FREE,
    Text(N_("I am not concerned")),
    ("không", "không có", "không liên quan", "không có liên quan", "not concerned", "no"),
)
_YES = replace(CONCERNED, typed=("có", *CONCERNED.typed, "yes"))
_BACK = Option("back", Text(N_("No, go back")), ("không", "không liên quan", "quay lại", "nhầm", "no"))
_REALLY = Option(
    CONCERNED.value,
    Text(N_("Yes, it concerns me")),
    ("có", "đúng", "đúng vậy", "chắc chắn", "có liên quan", "tôi có liên quan", "yes"),
)


def ballot_of(answers: Answers, facts: Facts) -> Ballot:
    ballot = facts.ballot(answers["subject"])
    if ballot is None:  # `allowed` has let nobody through without one
        raise LookupError(answers["subject"])
    return ballot


def is_open(ballot: Ballot) -> bool:
    """Whether it can be scored, or read for the council, by whomever."""
    return not ballot.closed and ballot.status == SCORING and bool(ballot.product_set)


def mine(ballot: Ballot) -> Option:
    """The way to all of them."""
    return ALL_I_READ if ballot.advisory else MINE


def standing(answers: Answers, facts: Facts) -> str:
    """ "gone", "over", "concerned", "unsaid" or FREE."""
    ballot = facts.ballot(answers["subject"])
    if ballot is None:
        return "gone"
    return ("concerned" if ballot.concerned else ballot.standing or "unsaid") if is_open(ballot) else "over"


def to(ballot: Ballot, do: str = "", item: str = "", marked: str = "") -> Go:
    return Go(ballot.key, standing_at(do, item, marked))


def standing_at(do: str = "", item: str = "", marked: str = "") -> Answers:
    """Which question of a ballot stands. `marked`: the item that has just got its mark, which is read back."""
    return {"_do": do, "_item": item, "_marked": marked}


def named(ballot: Ballot) -> dict[str, Value]:
    return {
        "code": ballot.code,
        "product": ballot.product,
        "by": ballot.by,
        "secretary": ballot.secretary,
        "session": ballot.session,
    }


def ended_lines(facts: Facts) -> tuple[Text, ...]:
    """That there was a seat, and whom to ask if it was taken from them; nothing of who never had one."""
    seat = facts.seat_ended
    if seat is None:
        return ()
    values: dict[str, Value] = {
        "province": place_name(seat.province),
        "session": seat.session,
        "secretary": seat.secretary or Text(N_("the secretary of the council")),
    }
    if seat.over:
        return (Text(N_("Session %(session)s of the council of %(province)s has ended. Thank you."), values),)
    ended = N_("You have no seat in the council of %(province)s, session %(session)s, any more.")
    ask = N_("Your old link does not work there now. If that is a mistake, please ask %(secretary)s.")
    return (Text(ended, values), Text(ask, values))


def is_mine(answers: Answers, facts: Facts) -> bool:
    """Also of what is gone: it came off the session, or they have no seat there any more; they stood at it."""
    return facts.person.seated or facts.person.sat or facts.ballot(answers["subject"]) is not None


def gone_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if ended := ended_lines(facts):
        return ended
    off = N_("%(code)s was taken off the council's session, which goes on; there is nothing to do about it for you.")
    return (Text(off, {"code": answers["subject"]}),)


def over_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    ballot = ballot_of(answers, facts)
    if ballot.closed:
        over = N_("Session %(session)s is over, so %(code)s “%(product)s” can't be scored in it any more.")
        read = N_("Session %(session)s is over, so %(code)s “%(product)s” need not be read for it any more.")
        return (Text(read if ballot.advisory else over, named(ballot)),)
    gone = N_("%(code)s “%(product)s” is not with the council any more, so it can't be scored.")
    read = N_("%(code)s “%(product)s” is not with the council any more, so it need not be read.")
    return (Text(read if ballot.advisory else gone, named(ballot)),)


EACH = Option("each", Text(N_("See each item")), ("xem từng mục", "từng mục", "xem phiếu", "see each item"))


def over_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    ballot = ballot_of(answers, facts)
    return (*((EACH,) if may_be_read(ballot) else ()), mine(ballot), _MENU)


def may_be_read(ballot: Ballot) -> bool:
    """Whether a member may look at what they marked: also once the session is over, when nothing can be changed."""
    return (is_open(ballot) or ballot.closed) and not ballot.advisory and ballot.standing == FREE and bool(ballot.marks)


def reads_back(answers: Answers, facts: Facts) -> bool:
    ballot = facts.ballot(answers["subject"])
    return ballot is not None and answers.get("_do") == EACH.value and may_be_read(ballot)


def concerned_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    ballot = ballot_of(answers, facts)
    if ballot.standing == BOUND:
        score = N_("By the record you make “%(product)s” (%(code)s), or work for its commune, so you do not score it.")
        read = N_("By the record you make “%(product)s” (%(code)s), or work for its commune, so you do not read it.")
        why = read if ballot.advisory else score
        wrong = N_("The secretary sees that by itself. If the record is wrong, tell the secretary: %(secretary)s.")
        return (Text(why, named(ballot)), Text(wrong, named(ballot)))
    score = N_("You have said that “%(product)s” (%(code)s) concerns you, so you do not score it.")
    read = N_("You have said that “%(product)s” (%(code)s) concerns you, so you do not read it.")
    said = read if ballot.advisory else score
    slip = N_("If that was a slip, say that you are not concerned; the secretary is told of it.")
    return (Text(said, named(ballot)), Text(slip))


def concerned_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    ballot = ballot_of(answers, facts)
    return (mine(ballot),) if ballot.standing == BOUND else (mine(ballot), _FREE)


def interest_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    ballot = ballot_of(answers, facts)
    score = N_("Does it concern you, a relative or your firm? Whoever is concerned does not score.")
    read = N_("Does it concern you, a relative or your firm? Whoever is concerned does not read it for the group.")
    return (
        Text(N_("%(code)s “%(product)s”, made by %(by)s."), named(ballot)),
        Text(read if ballot.advisory else score),
    )


def sure_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    ballot = ballot_of(answers, facts)
    score = N_("If it concerns you, you do not score “%(product)s”, and the secretary reads your name.")
    read = N_("If it concerns you, you do not read “%(product)s”, and the secretary reads your name.")
    return (Text(read if ballot.advisory else score, named(ballot)), Text(N_("Does it really concern you?")))


def declared_free(answers: Answers, facts: Facts) -> Effects:
    said = answers.get("interest") or answers.get("concerned", "")
    return (DeclareInterest(answers["subject"], concerned=False),) if said == FREE else ()


def declared_concerned(answers: Answers, facts: Facts) -> Effects:
    return (DeclareInterest(answers["subject"], concerned=True),) if answers[SURE] == _REALLY.value else ()


def asks(onward: Callable[[Ballot], Go]) -> tuple[Ask, ...]:
    """The questions that come before all others of a ballot; `onward` is where whoever is free goes."""

    def after(value: str, answers: Answers, facts: Facts) -> Go:
        ballot = ballot_of(answers, facts)
        if value == _YES.value:
            return to(ballot, SURE)
        return Go("seat") if value == MINE.value else onward(ballot)

    def after_sure(value: str, answers: Answers, facts: Facts) -> Go:
        return to(ballot_of(answers, facts)) if value == _BACK.value else Go("seat")

    def is_asked_again(answers: Answers, facts: Facts) -> bool:
        return answers.get("_do") == SURE and standing(answers, facts) in (FREE, "unsaid")

    def after_over(value: str, answers: Answers, facts: Facts) -> Go:
        if value == EACH.value:
            return to(ballot_of(answers, facts), value)
        return Go("menu" if value == _MENU.value else "seat")

    return (
        Ask(
            "gone",
            gone_prompt,
            one_of((MINE,)),
            when=lambda answers, facts: standing(answers, facts) == "gone",
            goto=lambda value, answers, facts: Go("seat"),
        ),
        Ask(
            "over",
            over_prompt,
            one_of(over_options),
            when=lambda answers, facts: standing(answers, facts) == "over" and not reads_back(answers, facts),
            goto=after_over,
        ),
        Ask(
            "concerned",
            concerned_prompt,
            one_of(concerned_options),
            when=lambda answers, facts: standing(answers, facts) == "concerned",
            then=declared_free,
            goto=after,
        ),
        Ask(
            SURE,
            sure_prompt,
            one_of(lambda answers, facts: (_BACK, mine(ballot_of(answers, facts)), _REALLY)),
            when=is_asked_again,
            then=declared_concerned,
            goto=after_sure,
            confirms=True,
            at_once=True,
        ),
        Ask(
            "interest",
            interest_prompt,
            one_of(lambda answers, facts: (_FREE, _YES, mine(ballot_of(answers, facts)))),
            when=lambda answers, facts: standing(answers, facts) == "unsaid",
            then=declared_free,
            goto=after,
            confirms=True,
            at_once=True,
        ),
    )

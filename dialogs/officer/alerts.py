"""What officers and producers are told without having asked."""

from decimal import Decimal

from dialogs.engine import said
from dialogs.model import N_, CaseFacts, Link, ReturnedItem, SendMessage, Text, Value
from dialogs.producer.check_status import KEEP_PROOFS, result_lines, returned_notice
from dialogs.producer.place import place_name
from dialogs.producer.register_idea import KINDS
from dialogs.producer.upload import plan_is_here
from dialogs.rules.lifecycle import STATUSES, Side, is_dossier, move, sides_of
from dialogs.rules.ruleset import ruleset, ruleset_on


def kind_words(case: CaseFacts) -> Text | str:
    option = next((o for o in KINDS if o.value == case.answers.get("producer_kind")), None)
    return said(option.label) if option is not None else ""


def due_line(case: CaseFacts) -> tuple[Text, ...]:
    if case.due_on is None:
        return ()
    return (Text(N_("Due: %(day)s."), {"day": case.due_on}),)


PURPOSES = {
    "renewal": N_("Renewal of %(code)s"),
    "upgrade": N_("For more stars than %(code)s"),
    "again": N_("Stands again after %(code)s"),
}


def continues_line(case: CaseFacts) -> tuple[Text, ...]:
    """Of which case this one is the renewal or the upgrade."""
    return (Text(PURPOSES[case.purpose], {"code": case.former}),) if case.former else ()


def accepted_notice(case: CaseFacts) -> tuple[Text, ...]:
    """What the producer reads when the idea or the plan is accepted."""
    if case.status.startswith("idea"):
        news = Text(
            N_("Good news: the commune has accepted your idea “%(product)s” (%(code)s)."),
            {"product": case.product, "code": case.code},
        )
        if plan_is_here(case):
            return (news, Text(N_("The plan and its papers are here already; the commune looks at them next.")))
        return (news, Text(N_("Next comes the plan with its papers. Send them here, one by one.")))
    news = Text(
        N_("Good news: the commune has accepted your plan for “%(product)s” (%(code)s)."),
        {"product": case.product, "code": case.code},
    )
    return (news, KEEP_PROOFS)


def deferred_notice(case: CaseFacts, reason: str) -> tuple[Text, ...]:
    return (
        Text(
            N_("The commune can't take “%(product)s” (%(code)s) this time."),
            {"product": case.product, "code": case.code},
        ),
        Text(N_("The reason: “%(reason)s”"), {"reason": reason}),
        Text(N_("Your file is kept for the next cycle. You may ask the officer what would help.")),
    )


def named(case: CaseFacts) -> dict[str, Value]:
    """Product and code as the notices name a case."""
    return {"product": case.product, "code": case.code}


def notice_of(case: CaseFacts, action: str, reason: str = "") -> tuple[Text, ...]:
    """What the producer reads of a move; `case` as it was before. Nothing of the producer's own moves.

    Of a result, `case.result` is the one that is published by this move. A return with marks on several items is
    told by the review in its own words.
    """
    found = move(action, case.status, ruleset(case.ruleset).levels)
    if found is None or found.who is Side.PRODUCER:
        return ()
    match action:
        case "accept":
            return _accepted(case)
        case "return":
            return returned_notice(case, ReturnedItem("all", reason, case.since))
        case "defer":
            return deferred_notice(case, reason)
        case "reopen":
            return (Text(N_("The commune takes up “%(product)s” (%(code)s) again."), named(case)), _NOTHING_TO_DO)
        case "send_back":
            again = N_("The commune looks at the dossier of “%(product)s” (%(code)s) once more before it goes up.")
            return (Text(again, named(case)), _NOTHING_TO_DO)
        case "forward":
            return (_sent_up(case, found.to_status), _NOTHING_TO_DO)
        case "revoke":
            return _revoked_notice(case, reason)
        case "expire":
            return _expired_notice(case)
    return result_notice(case, action)


_NOTHING_TO_DO = Text(N_("You need not do anything now. I tell you as soon as there is an answer."))
_SENT_UP = {
    "forwarded": N_("The dossier of “%(product)s” (%(code)s) has gone up to the province."),
    "at_district": N_(
        "The commune has sent up the dossier of “%(product)s” (%(code)s). The province looks at it for the district."
    ),
}


def _sent_up(case: CaseFacts, status: str) -> Text:
    if case.round is None:
        return Text(_SENT_UP[status], named(case))
    words = N_("The dossier of “%(product)s” (%(code)s) has gone up to the province, for round %(round)s.")
    return Text(words, {**named(case), "round": case.round.name})


def _accepted(case: CaseFacts) -> tuple[Text, ...]:
    if not is_dossier(case.status):
        return accepted_notice(case)
    if case.status == "dossier_submitted":
        checked = N_("Good news: the commune has checked the dossier of “%(product)s” (%(code)s), and it is complete.")
        return (Text(checked, named(case)), Text(N_("Next the commune's leadership looks at it.")))
    taken_up = N_("The province has received the dossier of “%(product)s” (%(code)s) and rates the product now.")
    return (Text(taken_up, named(case)), _NOTHING_TO_DO)


def _revoked_notice(case: CaseFacts, reason: str) -> tuple[Text, ...]:
    """The day and the ground are the result's, as they are written with this move."""
    result = case.result
    on = result.revoked_on if result is not None else None
    ground = ruleset_on(on).ground(result.revoked_for) if result is not None and on is not None else None
    head = Text(N_("The certificate of “%(product)s” (%(code)s) has been withdrawn."), named(case))
    if on is not None:
        words = N_("The certificate of “%(product)s” (%(code)s) has been withdrawn, as of %(day)s.")
        head = Text(words, {**named(case), "day": on})
    return (
        head,
        *((Text(N_("The ground: %(ground)s."), {"ground": ground.label}),) if ground is not None else ()),
        Text(N_("The reason: “%(reason)s”"), {"reason": reason}),
        Text(N_("From now on the OCOP mark must not be used on this product.")),
        *((Text("%(remedy)s", {"remedy": ground.remedy}),) if ground is not None else ()),
        Text(N_("If you think this is not right, write to the officer or go to the commune office.")),
    )


def _expired_notice(case: CaseFacts) -> tuple[Text, ...]:
    last = case.result.certificate_until if case.result is not None else None
    day = (Text(N_("Its last day was %(day)s."), {"day": last}),) if last is not None else ()
    return (
        Text(N_("The certificate of “%(product)s” (%(code)s) has run out."), named(case)),
        *day,
        Text(N_("From now on the OCOP mark must not be used on this product.")),
        Text(N_("To be rated again you need not begin anew: I take over what your last file says.")),
    )


def result_notice(case: CaseFacts, action: str) -> tuple[Text, ...]:
    """The published result in full: rate, certify or propose."""
    head = {
        "rate": N_("“%(product)s” (%(code)s) has been rated."),
        "certify": N_("Good news: “%(product)s” (%(code)s) has been certified as an OCOP product."),
        "propose": N_("Good news: the province has proposed “%(product)s” (%(code)s) for five stars."),
    }[action]
    after = {
        "rate": N_(
            "There is no certificate for one or two stars. Improve the product and stand again in a later round."
        ),
        "certify": N_("Now you may use the OCOP mark on this product."),
        "propose": N_("The ministry decides on it; until then there is no certificate."),
    }[action]
    return (Text(head, named(case)), *result_lines(case), *_next_star(case), Text(after))


def _next_star(case: CaseFacts) -> tuple[Text, ...]:
    """How many points one star more would have taken, or that it was not for want of points.

    Gates are missing where the council's own points would bring that star and it gave fewer; other points, entered
    beside them, say nothing about gates.
    """
    result, agreed, rules = case.result, case.agreed, ruleset(case.ruleset)
    above = [b for b in rules.thresholds if result is not None and b.stars == result.stars + 1]
    if result is None or not above:
        return ()
    lacking = above[0].from_points - (result.points_a + result.points_b + result.points_c)
    values: dict[str, Value] = {"stars": above[0].stars, "points": lacking}
    if lacking <= 0:
        if agreed is None or rules.stars(sum(agreed.points, Decimal(0))) < above[0].stars:
            return (Text(N_("The council decided on %(stars)s stars."), {"stars": result.stars}),)
        enough = N_("The points are enough for %(stars)s stars, but something that these stars ask for is missing.")
        return (Text(enough, values),)
    return (Text(N_("%(stars)s stars would take %(points)s more points."), values),)


def withdrawn_result_notice(case: CaseFacts) -> tuple[Text, ...]:
    """A result that was published is taken back within ten minutes."""
    return (
        Text(N_("The result of “%(product)s” (%(code)s) was sent by mistake and has been taken back."), named(case)),
        Text(N_("It does not count. I tell you as soon as the right one is there.")),
    )


def about_no_case(subject: str) -> bool:
    """ "n12": a producer's question that names no case; who may answer it is looked up when it is sent."""
    return subject[:1] == "n" and subject[1:].isdigit()


def open_link(code: str) -> Link:
    return Link(f"review.{code}", Text(N_("Open %(code)s"), {"code": code}), code)


def alert_new(case: CaseFacts) -> SendMessage:
    """To every officer of the commune, within seconds of a submission."""
    return SendMessage(
        (
            Text(N_("New OCOP idea: %(product)s"), {"product": case.product}),
            Text(N_("%(code)s · %(by)s · %(kind)s"), {"code": case.code, "by": case.by, "kind": kind_words(case)}),
            *due_line(case),
        ),
        links=(open_link(case.code),),
    )


def alert_again(case: CaseFacts, action: str) -> SendMessage:
    """Something came back or was added: `action` is resubmit, resume, send_plan, send_dossier or add_papers."""
    words = {
        "resubmit": N_("Sent again after your return: %(product)s"),
        "send_plan": N_("Plan handed in: %(product)s"),
        "send_dossier": N_("Dossier handed in: %(product)s"),
        "add_papers": N_("Papers added: %(product)s"),
        "resume": N_("Back for the new round: %(product)s"),
    }[action]
    return SendMessage(
        (
            Text(words, {"product": case.product}),
            Text(N_("%(code)s · %(by)s · %(kind)s"), {"code": case.code, "by": case.by, "kind": kind_words(case)}),
            *continues_line(case),
            *due_line(case),
        ),
        links=(open_link(case.code),),
    )


def alert_for(case: CaseFacts, action: str) -> SendMessage | None:
    """To the officers of the side that owns the case after a move; None where nobody new has to act."""
    if action in ("resubmit", "send_plan", "send_dossier"):
        return alert_again(case, action)
    owner = STATUSES[case.status].owner
    if action == "accept" and owner is Side.APPROVER:
        return _alert(case, N_("Waits for your approval: %(product)s"))
    if action == "send_back":
        by_leaders, by_province = (
            N_("Sent back by the leadership: %(product)s"),
            N_("Sent back by the province: %(product)s"),
        )
        above = any(line.from_status == "forwarded" for line in case.history[-1:])
        return _alert(case, by_province if above else by_leaders, _last_reason(case))
    if action == "forward":
        place = Text(N_("From %(place)s."), {"place": place_name(case.commune)})
        return _alert(case, _UP[owner], place, *_for_round(case))
    return None


_UP = {
    Side.PROVINCE: N_("Dossier sent up to the province: %(product)s"),
    Side.DISTRICT: N_("Dossier sent up, to be decided for the district: %(product)s"),
}


def _for_round(case: CaseFacts) -> tuple[Text, ...]:
    return (Text(N_("Round %(round)s."), {"round": case.round.name}),) if case.round is not None else ()


def alert_batch(case: CaseFacts, *more: CaseFacts) -> SendMessage:
    """To the office above: dossiers of a commune that went up together, for one round."""
    values: dict[str, Value] = {"place": place_name(case.commune), "count": 1 + len(more)}
    head = Text(
        N_("%(count)s dossier sent up from %(place)s:"), values, N_("%(count)s dossiers sent up from %(place)s:")
    )
    return _batch(head, case, *more)


def approved_batch(case: CaseFacts, *more: CaseFacts) -> SendMessage:
    """To the officers of the commune: their leadership has signed these."""
    return _batch(Text(N_("Approved and sent up:")), case, *more)


def _batch(head: Text, *batch: CaseFacts) -> SendMessage:
    lines = (Text(N_("• %(code)s %(product)s, %(by)s"), {**named(case), "by": case.by}) for case in batch)
    return SendMessage((head, *_for_round(batch[0]), *lines), links=(Link("desk", Text(N_("My desk"))),))


def alert_claimed(case: CaseFacts, *more: CaseFacts) -> SendMessage:
    """To the commune, which knows its makers: certificates of a list belong to somebody's chat from now on."""
    head = Text(N_("Found by the telephone number in the province's list, and taken as their own:"))
    lines = (Text(N_("• %(code)s %(product)s, %(by)s"), {**named(one), "by": one.by}) for one in (case, *more))
    look = Text(N_("Is this not theirs? Then please call them."))
    return SendMessage((head, *lines, look), links=(open_link(case.code),))


def _last_reason(case: CaseFacts) -> Text:
    reason = case.history[-1].reason if case.history else ""
    return Text(N_("The reason: “%(reason)s”"), {"reason": reason})


def _alert(case: CaseFacts, head: str, *more: Text) -> SendMessage:
    who = Text(N_("%(code)s · %(by)s · %(kind)s"), {"code": case.code, "by": case.by, "kind": kind_words(case)})
    texts = (Text(head, {"product": case.product}), who, *more, *due_line(case))
    return SendMessage(texts, links=(open_link(case.code),))


def alert_commune(case: CaseFacts, action: str) -> SendMessage | None:
    """To the officers of the commune: what became of a dossier that they have passed on; None where they did it."""
    levels = ruleset(case.ruleset).levels
    by = next(reversed(sides_of((line.action for line in case.history), levels)), None)
    if action == "forward":
        words = (
            N_("Approved and sent up: %(product)s")
            if by is Side.APPROVER
            else N_("Sent on to the province: %(product)s")
        )
        return _alert(case, words, *_for_round(case))
    if action == "return" and by in (Side.DISTRICT, Side.PROVINCE):
        return _alert(case, N_("Returned by the province to the producer: %(product)s"))
    if action == "revoke":
        return _alert(case, N_("Certificate withdrawn: %(product)s"), _last_reason(case))
    return None


def alert_result(case: CaseFacts) -> SendMessage | None:
    """To the commune, which gets every result in writing (26/2026/QĐ-TTg art. 7.3)."""
    if case.result is None:
        return None
    stars: dict[str, Value] = {"product": case.product, "stars": case.result.stars}
    proposed = case.status == "proposed_for_five"
    head = (
        N_("Proposed for %(stars)s stars: %(product)s")
        if proposed
        else N_("Result of %(product)s: %(stars)s stars ⭐.")
    )
    texts = (
        Text(head, stars),
        Text(N_("%(code)s · %(by)s · %(kind)s"), {"code": case.code, "by": case.by, "kind": kind_words(case)}),
    )
    return SendMessage(texts, links=(open_link(case.code),))


def alert_note(code: str, by: str, place: Text | str, words: str) -> SendMessage:
    """A producer's words to the officers; `code` is a case's, or "n<note>" for a question about none."""
    who = by or Text(N_("A producer"))
    head = Text(N_("%(by)s asks: “%(words)s”"), {"by": who, "words": words})
    if about_no_case(code):
        link = Link(f"note.{code}", Text(N_("Answer")))
        return SendMessage((head, Text("%(place)s", {"place": place})), links=(link,))
    link = Link(f"note.{code}", Text(N_("Answer %(code)s"), {"code": code}), code)
    return SendMessage((head, Text("%(code)s", {"code": code})), links=(link, open_link(code)))

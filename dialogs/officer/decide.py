"""Moves of a case that need no look at its single items: pass on, send up, give back, take up again, withdraw.

Accepting, returning and putting off an idea or a plan, and every return, belong to the review; results to `result`.
Another dialog leads here by `way`, or with the move not yet chosen by "decide.<code>".
"""

from dataclasses import replace
from datetime import date

from dialogs.answers import one_of
from dialogs.model import (
    N_,
    Answers,
    Ask,
    CaseFacts,
    DecideCase,
    Dialog,
    Effects,
    Facts,
    Go,
    Option,
    Role,
    Text,
    Value,
)
from dialogs.officer import assess
from dialogs.officer.alerts import named, notice_of
from dialogs.officer.assisted import alone_lines
from dialogs.officer.own_words import EDIT, before, own_words, to_file
from dialogs.officer.rights import case_of, may_invite, visible
from dialogs.paper_days import past_day
from dialogs.producer.check_status import status_words
from dialogs.producer.upload import by_hand, not_handed_in
from dialogs.rules.lifecycle import Move, is_dossier, moves_from
from dialogs.rules.ruleset import ruleset, ruleset_on
from dialogs.words import YES

_LEFT_TO_REVIEW = {"return", "defer"}
_REASON_CHARS = 600


def simple_moves(case: CaseFacts) -> tuple[Move, ...]:
    """Of what this officer may do with the case now, what is decided here."""
    return tuple(
        m for m in moves_from(case.status, ruleset(case.ruleset).levels) if m.action in case.may and _simple(m)
    )


def _simple(m: Move) -> bool:
    if m.action == "accept":
        return is_dossier(m.from_status)
    return not m.with_result and m.action not in _LEFT_TO_REVIEW and m.action != AMEND.value


def may_enter_result(case: CaseFacts) -> bool:
    return any(m.with_result and m.action in case.may for m in moves_from(case.status, ruleset(case.ruleset).levels))


_ACCEPT = {
    "dossier_submitted": Option(
        "accept", Text(N_("Complete: pass it on")), ("trình lãnh đạo", "trình", "duyệt", "submit")
    ),
    "forwarded": Option("accept", Text(N_("Take it up")), ("nhận hồ sơ", "take up")),
}
_LABELS = {
    "forward": Option(
        "forward",
        Text(N_("Send it up")),
        ("chuyển lên", "chuyển lên tỉnh", "ký", "ký duyệt", "ký chuyển lên", "duyệt", "phê duyệt", "send up"),
    ),
    "reopen": Option("reopen", Text(N_("Take it up again")), ("xem lại", "take up again")),
    "revoke": Option("revoke", Text(N_("Withdraw certificate")), ("thu hồi giấy", "thu hồi", "withdraw")),
}
_SEND_BACK = {
    "dossier_checked": Option(
        "send_back", Text(N_("Back to the officer")), ("trả cán bộ", "trả lại", "back to officer")
    ),
    "forwarded": Option("send_back", Text(N_("Back to the commune")), ("trả xã", "trả về xã", "back to commune")),
}
AMEND = Option("amend", Text(N_("Correct the result")), ("sửa kết quả", "đính chính", "correct the result"))
RESULT = Option("result", Text(N_("Enter the result")), ("nhập kết quả", "kết quả", "enter result"))


def _label(m: Move) -> Option:
    by_status = {"accept": _ACCEPT, "send_back": _SEND_BACK}.get(m.action)
    return by_status[m.from_status] if by_status is not None else _LABELS[m.action]


def options(case: CaseFacts) -> tuple[Option, ...]:
    """What an officer's screen of a case offers of these moves, the result among them; `way` follows them."""
    result = (RESULT,) if may_enter_result(case) else ()
    known = case.result is None or case.result.points_known
    amend = (AMEND,) if AMEND.value in case.may and known else ()
    return (*result, *map(_label, simple_moves(case)), *amend)


def way(case: CaseFacts, value: str) -> Go | None:
    """Where one of `options` leads; None for any other."""
    if value == RESULT.value and may_enter_result(case):
        return Go(f"result.{case.code}")
    if value == AMEND.value and value in case.may:
        return Go(f"amend.{case.code}")
    if any(m.action == value for m in simple_moves(case)):
        return Go(f"decide.{case.code}", {"_action": value, "_status": case.status})
    return None


# ---------------------------------------------------------------- what stands in the way


def _chosen(answers: Answers, facts: Facts) -> Move | None:
    """The move, as long as the case is where it was when that was chosen."""
    case = case_of(answers, facts)
    here = answers.get("_status", case.status) == case.status
    return next((m for m in simple_moves(case) if here and m.action == answers.get("_action")), None)


def _too_late(answers: Answers, facts: Facts) -> bool:
    """Nothing of this kind can be done, or no longer what was chosen."""
    return not simple_moves(case_of(answers, facts)) or ("_action" in answers and _chosen(answers, facts) is None)


def _moved_on(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    return (
        Text(N_("There is nothing for you to decide on %(code)s now."), {"code": case.code}),
        Text(N_("Status: %(status)s"), {"status": status_words(case)}),
    )


def _incomplete(answers: Answers, facts: Facts) -> bool:
    """A dossier is checked only when nothing required is missing (26/2026/QĐ-TTg art. 7.2: the components)."""
    case = case_of(answers, facts)
    return case.status == "dossier_submitted" and answers["_action"] == "accept" and bool(not_handed_in(case))


def _unassessed(answers: Answers, facts: Facts) -> bool:
    """What the commune itself has to find out is still open (art. 7.2)."""
    found = _chosen(answers, facts)
    case = case_of(answers, facts)
    return found is not None and found.assessed and assess.is_asked(case) and bool(assess.open_items(case))


def _to_assess(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    return (
        Text(N_("%(code)s can't be passed on yet: the commune's part is not done."), {"code": case.code}),
        Text(N_("Still to be assessed:")),
        *assess.missing_words(assess.open_items(case)),
    )


def _lacking(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    return (
        Text(N_("%(code)s can't be passed on yet. Still missing:"), {"code": case.code}),
        *(Text("• %(paper)s", {"paper": paper.label}) for paper in not_handed_in(case)),
        Text(N_("Return the dossier for these, or write to the producer.")),
    )


def _same_person(answers: Answers, facts: Facts) -> bool:
    found = _chosen(answers, facts)
    return found is not None and found.by_another and case_of(answers, facts).moved_by_me


def _another_must(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (
        Text(N_("You checked %(code)s yourself, so you can't approve it as well."), {"code": answers["subject"]}),
        Text(N_("Whoever checks a dossier must not approve it: another leader of the commune has to.")),
        Text(N_("If there is no other leader, ask the province to invite one.")),
        *(_TO_OFFICER if "send_back" in case_of(answers, facts).may else ()),
        *((_ANEW,) if any(not said.by for said in case_of(answers, facts).assessment) else ()),
    )


_TO_OFFICER = (
    Text(N_("Or have an officer check it: give it back to the officer, and approve it once the officer passed it on.")),
    Text(N_("If the commune has no officer, invite one first.")),
)


_ANEW = Text(N_("What you assessed yourself the officer then has to assess anew."))


def _ways_out(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    back = (_SEND_BACK["dossier_checked"],) if "send_back" in case_of(answers, facts).may else ()
    return (*back, *((_INVITE,) if may_invite(facts) else ()), OPEN_FILE, DESK)


_INVITE = Option("invite", Text(N_("Invite an officer")), ("mời cán bộ", "invite"))


def _out(value: str, answers: Answers, facts: Facts) -> Go:
    if value == _INVITE.value:
        return Go("invite")
    return way(case_of(answers, facts), value) or _elsewhere(value, answers, facts)


def _leads_nowhere(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """To a leader who is about to check a dossier: then this leader can't approve it."""
    case = case_of(answers, facts)
    approves = any(m.role is Role.COMMUNE_APPROVER for m in facts.person.memberships)
    if not (approves and case.status == "dossier_submitted"):
        return ()
    return (Text(N_("If you check it, another leader has to approve it. If there is none, let an officer check it.")),)


def _open(answers: Answers, facts: Facts) -> bool:
    hurdles = (_too_late, _incomplete, _unassessed, _same_person)
    return not any(hurdle(answers, facts) for hurdle in hurdles)


OPEN_FILE = Option("open", Text(N_("Open the file")), ("mở hồ sơ", "open"))
DESK = Option("desk", Text(N_("My desk")), ("bàn làm việc", "desk"))


def _elsewhere(value: str, answers: Answers, facts: Facts) -> Go:
    if value == assess.ASSESS_IT.value:
        return assess.begin(case_of(answers, facts))
    return Go({"desk": "desk", "note": f"note.{answers['subject']}"}.get(value, f"review.{answers['subject']}"))


# ---------------------------------------------------------------- reason and confirmation


def _why(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    anew = before(answers.get("reason", ""))
    if answers["_action"] == "send_back":
        again = N_("What should the officer look at again in “%(product)s”?")
        by_commune = N_("What should the commune look at again in “%(product)s”? Its officers read your words.")
        return (*anew, Text(by_commune if case.status == "forwarded" else again, named(case)))
    why = Text(N_("What was found about “%(product)s”? The producer reads your words."), named(case))
    return (*anew, why)


_HEADS = {
    ("accept", "dossier_checked"): N_("Pass %(code)s “%(product)s” on to the commune's leadership?"),
    ("accept", "in_evaluation"): N_("Take up %(code)s “%(product)s” for rating?"),
    ("forward", "forwarded"): N_("Send %(code)s “%(product)s” up to the province?"),
    ("forward", "at_district"): N_("Send up %(code)s “%(product)s”? The province looks at it for the district."),
    ("send_back", "forwarded"): N_("Give %(code)s “%(product)s” back to the commune?"),
    ("send_back", "dossier_submitted"): N_("Give %(code)s “%(product)s” back to the officer?"),
    ("reopen", "idea_submitted"): N_("Take up the idea %(code)s “%(product)s” again?"),
    ("reopen", "plan_submitted"): N_("Take up the plan %(code)s “%(product)s” again?"),
    ("revoke", "revoked"): N_("Withdraw the certificate of %(code)s “%(product)s”?"),
}


def _preview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """What happens, and word for word what the producer reads."""
    case, found = case_of(answers, facts), _chosen(answers, facts)
    if found is None:
        return ()
    action, reason = found.action, answers.get("reason", "")
    head = Text(_HEADS.get((action, found.from_status)) or _HEADS[action, found.to_status], named(case))
    brought = by_hand(case) if case.status == "dossier_submitted" else ()
    check = tuple(Text(N_("Please make sure these are with you: %(paper)s."), {"paper": p.label}) for p in brought)
    officer = (Text(N_("The officer reads: “%(reason)s”"), {"reason": reason}),) if action == "send_back" else ()
    alone = alone_lines(case) if action == "accept" else ()
    another = _leads_nowhere(answers, facts) if action == "accept" else ()
    signed = (*assess.lines(case), *_in_time(case)) if action == "forward" else ()
    told = (Text(N_("The producer reads:")), *notice_of(_as_withdrawn(case, answers), action, reason))
    return (*alone, *another, head, *check, *signed, *officer, *told)


def _as_withdrawn(case: CaseFacts, answers: Answers) -> CaseFacts:
    """With the day and the ground that the result will have, if a certificate is withdrawn."""
    if case.result is None or "on" not in answers:
        return case
    on = date.fromisoformat(answers["on"])
    return replace(case, result=replace(case.result, revoked_on=on, revoked_for=answers.get("ground", "")))


def _in_time(case: CaseFacts) -> tuple[Text, ...]:
    """Which round it makes, and until when that was open."""
    if case.round is None:
        return ()
    values: dict[str, Value] = {"round": case.round.name, "day": case.round.last_day}
    return (Text(N_("It goes into round %(round)s; the province takes dossiers until %(day)s."), values),)


def _decided(answers: Answers, facts: Facts) -> Effects:
    if answers["confirm"] != "send":
        return ()
    reason = answers.get("reason", "")
    status = case_of(answers, facts).status
    item = "all" if reason else ""
    ground, on = answers.get("ground", ""), date.fromisoformat(answers["on"]) if "on" in answers else None
    return (DecideCase(answers["subject"], answers["_action"], item, reason, status, ground, on),)


def _confirm(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """A plain yes, or what was chosen said again ("trình luôn"), only where no reason goes with it."""
    if _needs_reason(answers, facts):
        return (_SEND, EDIT, _NOT_YET)
    found = _chosen(answers, facts)
    own = _label(found).typed if found is not None else ()
    return (replace(_SEND, typed=tuple(dict.fromkeys((*_SEND.typed, *own, *YES)))), _NOT_YET)


_SEND = Option("send", Text(N_("Send")), ("gửi", "send"))
_NOT_YET = Option("back", Text(N_("Don't send yet")), ("chưa", "chưa gửi", "not yet"))


def _after(value: str, answers: Answers, facts: Facts) -> Go:
    if value == EDIT.value:
        return Go(f"decide.{answers['subject']}/reason")
    return Go("desk" if value == "send" else f"review.{answers['subject']}")


def _needs_reason(answers: Answers, facts: Facts) -> bool:
    found = _chosen(answers, facts)
    return found is not None and found.needs_reason and _open(answers, facts)


def _withdraws(answers: Answers, facts: Facts) -> bool:
    return answers.get("_action") == "revoke" and _open(answers, facts)


def _issued_on(answers: Answers, facts: Facts) -> date | None:
    result = case_of(answers, facts).result
    return result.decided_on if result is not None else None


_BEFORE_IT_WAS_ISSUED = N_("The day %(day)s is before the certificate was issued (%(first)s). Which day stands on it?")


def _grounds(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """Of the rules in force on the day of the decision."""
    found = ruleset_on(date.fromisoformat(answers["on"])).revocation_grounds if "on" in answers else ()
    return tuple(Option(ground.id, ground.label) for ground in found)


DECIDE = Dialog(
    "decide",
    allowed=visible,
    up="review.{subject}",
    steps=(
        Ask("moved_on", _moved_on, one_of((OPEN_FILE, DESK)), when=_too_late, goto=_elsewhere),
        Ask(
            "_action",
            N_("What would you like to do?"),
            one_of(lambda answers, facts: tuple(map(_label, simple_moves(case_of(answers, facts))))),
            when=lambda answers, facts: bool(simple_moves(case_of(answers, facts))),
        ),
        Ask(
            "lacking",
            _lacking,
            one_of((OPEN_FILE, Option("note", Text(N_("Write to the producer")), ("nhắn bà con", "note")), DESK)),
            when=lambda answers, facts: "_action" in answers and _incomplete(answers, facts),
            goto=_elsewhere,
        ),
        Ask(
            "unassessed",
            _to_assess,
            one_of((assess.ASSESS_IT, OPEN_FILE, DESK)),
            when=lambda answers, facts: "_action" in answers and _unassessed(answers, facts),
            goto=_elsewhere,
        ),
        Ask("another", _another_must, one_of(_ways_out), when=_same_person, goto=_out),
        Ask(
            "on",
            N_("Which day stands on the decision to withdraw it? For example: 20/10/2026."),
            past_day(first=_issued_on, too_early=_BEFORE_IT_WAS_ISSUED),
            when=_withdraws,
        ),
        Ask(
            "ground",
            N_("Which ground of the rules is it?"),
            one_of(_grounds),
            when=lambda answers, facts: _withdraws(answers, facts) and bool(_grounds(answers, facts)),
            needs=("on",),
        ),
        Ask(
            "reason",
            _why,
            own_words(max_chars=_REASON_CHARS, min_chars=5),
            when=_needs_reason,
            verbatim=True,
            goto=to_file,
        ),
        Ask(
            "confirm",
            _preview,
            one_of(_confirm),
            when=lambda answers, facts: "_action" in answers and _open(answers, facts),
            then=_decided,
            goto=_after,
            confirms=True,
        ),
    ),
)

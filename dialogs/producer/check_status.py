"""Where is my file: every case with its step, its desk, its days, and what to do next."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from dialogs.answers import ALBUM_PAUSE_S, one_of
from dialogs.corrections import correction_lines
from dialogs.engine import said
from dialogs.model import (
    N_,
    Answers,
    Ask,
    CaseFacts,
    Dialog,
    DraftFacts,
    Effects,
    Facts,
    FileRef,
    Go,
    HistoryLine,
    KeepFile,
    Link,
    Option,
    ResultFacts,
    ReturnedItem,
    SendMessage,
    SendPapers,
    StartTimer,
    Text,
    Value,
)
from dialogs.producer.action_words import action_words
from dialogs.producer.consent import consent_first
from dialogs.producer.needs import LACKING
from dialogs.producer.own_score import can_score
from dialogs.producer.paper_words import WALLET, meter, meter_lines
from dialogs.producer.papers import completeness
from dialogs.producer.points import result_options
from dialogs.producer.prepare import PREPARE, offered
from dialogs.producer.reach import elsewhere
from dialogs.producer.register_idea import IDEA_ASKS, answer_lines, as_filed, who_has_it
from dialogs.producer.self_score import TRY_IT
from dialogs.producer.standing import ways
from dialogs.producer.todo import todo_option
from dialogs.producer.upload import kept_paper, may_send, missing, paper_named, send_label, takes_papers, unsent
from dialogs.rules.lifecycle import BEGUN, STATUSES, Side, is_dossier, sides_of, waits_for_authority
from dialogs.rules.ruleset import Paper, Ruleset, ruleset

STATUS_WORDS = {
    "idea_submitted": N_("the commune is looking at the idea"),
    "idea_returned": N_("the commune has asked for a change in the idea"),
    "idea_not_this_year": N_("the idea is not taken this year"),
    "idea_accepted": N_("the idea is accepted; next comes the plan"),
    "plan_submitted": N_("the commune is looking at the plan"),
    "plan_returned": N_("the commune has asked for a change in the plan"),
    "plan_next_cycle": N_("the plan waits for the next cycle"),
    "plan_accepted": N_("the plan is accepted and being carried out"),
    "dossier_begun": N_("the new dossier is being prepared"),
    "dossier_submitted": N_("the commune is checking the dossier"),
    "dossier_returned": N_("the dossier has come back with something to change"),
    "dossier_checked": N_("the commune's leadership is looking at the dossier"),
    "at_district": N_("the dossier is with the district council"),
    "forwarded": N_("the dossier has gone up to the province"),
    "returned_by_province": N_("the province has asked for a change in the dossier"),
    "in_evaluation": N_("the province is rating the product"),
    "proposed_for_five": N_("the province has proposed five stars; the ministry decides"),
    "rated": N_("the product is rated"),
    "certified": N_("the product has its OCOP certificate"),
    "expired": N_("the certificate has run out"),
    "revoked": N_("the certificate was withdrawn"),
}

REASONS = (
    Option("unclear", Text(N_("The photo is not clear. Please take it again by daylight.")), ("mờ", "ảnh mờ")),
    Option("stamp", Text(N_("The seal or signature is missing.")), ("thiếu dấu", "thiếu chữ ký")),
    Option("expired", Text(N_("The paper is past its date.")), ("hết hạn",)),
    Option("name", Text(N_("The name differs from the registration.")), ("sai tên",)),
    Option("more", Text(N_("Please describe it in more detail.")), ("ghi rõ hơn", "thiếu")),
)
"""Why something is sent back: a template is kept by its value, so that each side reads it in its own language."""


AS_WRITTEN = "as_written"
"""A producer's answer to a question: what is written is right."""


def reason_words(reason: str) -> Text | str:
    """A reason as it is kept: a template's value, or words; "" where only a photo or a voice note says it."""
    if reason == AS_WRITTEN:
        return Text(N_("It is right as it is written."))
    option = next((o for o in REASONS if o.value == reason), None)
    return said(option.label) if option is not None else reason or Text(N_("see what follows"))


def status_words(case: CaseFacts) -> Text:
    """Within the province's rating, whether its advisory group is reading the dossier is a fact beside the status."""
    return WITH_GROUP if case.with_group else Text(STATUS_WORDS[case.status])


WITH_GROUP = Text(N_("the province's advisory group is reading the dossier, before the council rates the product"))


# ---------------------------------------------------------------- all my cases


def all_cases(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (*map(case_line, facts.cases), *elsewhere(facts), Text(N_("Which one shall I open?")))


def case_line(case: CaseFacts) -> Text:
    values: dict[str, Value] = {"code": case.code, "product": case.product, "status": status_words(case)}
    return Text(N_("• %(code)s %(product)s: %(status)s"), values)


def case_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return tuple(
        Option(
            case.code,
            Text(N_("%(code)s %(product)s"), {"code": case.code, "product": case.product[:40]}),
            (case.code, case.product),
        )
        for case in facts.cases
    )


def nothing_sent(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """No case yet; but a form that is not sent yet may be what was meant."""
    if begun := to_send(facts):
        return (not_sent_yet(begun[0]), Text(N_("Shall we go on with it?")))
    return (*elsewhere(facts), Text(N_("You have no file with the commune yet. Shall we register a product?")))


def not_sent_yet(draft: DraftFacts) -> Text:
    return Text(N_("Your form “%(title)s” has not been sent to the commune yet."), {"title": draft.title})


def instead(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    register = Option("register", Text(N_("Register a product")), ("đăng ký", "register"), takes_rest=True)
    return (*(resume(to_send(facts)[:2]) or (register,)), Option("menu", Text(N_("Main menu")), ("menu",)))


DRAFT = "draft:"
"""Begins the value of a button that goes on with a form; its draft's key follows."""


def to_send(facts: Facts) -> tuple[DraftFacts, ...]:
    return tuple(draft for draft in facts.drafts if draft.sent)


def resume(drafts: Sequence[DraftFacts]) -> tuple[Option, ...]:
    """ "Go on: dried banana", for each form begun."""
    return tuple(
        Option(f"{DRAFT}{d.key}", Text(N_("Go on: %(title)s"), {"title": d.short}), ("làm tiếp", "tiếp", "go on"))
        for d in drafts
    )


def begun(value: str, answers: Answers, facts: Facts) -> Go:
    if value.startswith(DRAFT):
        return Go(value.removeprefix(DRAFT))
    return Go("register_idea.new" if value == "register" else "menu")


CHECK_STATUS = Dialog(
    "check_status",
    before=consent_first,
    linked=True,
    end=lambda answers, facts: f"case.{facts.cases[0].code}",
    steps=(
        Ask("none", nothing_sent, one_of(instead), when=lambda answers, facts: not facts.cases, goto=begun),
        Ask(
            "case",
            all_cases,
            one_of(case_options),
            when=lambda answers, facts: len(facts.cases) > 1,
            goto=lambda value, answers, facts: Go(f"case.{value}"),
        ),
    ),
)


# ---------------------------------------------------------------- one case


def _case(answers: Answers, facts: Facts) -> CaseFacts:
    case = facts.case(answers["subject"])
    if case is None:  # `allowed` has let nobody through without one
        raise LookupError(answers["subject"])
    return case


def is_mine(answers: Answers, facts: Facts) -> bool:
    case = facts.case(answers["subject"])
    return case is not None and case.as_producer


def one_case(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = _case(answers, facts)
    return (
        _title(case),
        _step(case),
        *_whose(case, facts.today),
        *_returned_lines(case),
        *_continues(case),
        *deferred_lines(case),
        *result_lines(case),
        *_meter(case),
        *(elsewhere(facts) if len(facts.cases) == 1 else ()),  # of several the list names them
        *_next(case, facts.today),
    )


def _title(case: CaseFacts) -> Text:
    return Text(N_("%(code)s “%(product)s”"), {"code": case.code, "product": case.product})


def _step(case: CaseFacts) -> Text:
    number = STATUSES[case.status].step
    values: dict[str, Value] = {"number": number, "status": status_words(case)}
    return Text(N_("Step %(number)s of 6: %(status)s."), values)


def _whose(case: CaseFacts, today: date) -> tuple[Text, ...]:
    """Whose desk, since when, working days used of the limit and the last day; no promise where nobody reads."""
    status = STATUSES[case.status]
    if status.owner is Side.PRODUCER:
        return (Text(N_("It has been with you since %(day)s."), {"day": case.since}),)
    if status.owner is Side.NOBODY:
        return (Text(N_("It has stood so since %(day)s."), {"day": case.since}),)
    where = Text(N_("It has been with %(desk)s since %(day)s."), {"desk": case.desk, "day": case.since})
    if nobody_there := _nobody_there(case):
        return (where, *nobody_there)
    if case.due_on is None or case.limit_days is None:
        return (where,)
    if is_late(case, today):
        late = Text(
            N_("The answer was due by %(due)s and is late. You may write to the officer and ask."), {"due": case.due_on}
        )
        return (where, late)
    counted = N_("%(used)s of %(limit)s working days are used; the answer is due by %(due)s.")
    used = Text(
        N_("%(used)s of %(limit)s days are used; the answer is due by %(due)s.") if case.calendar_days else counted,
        {"used": case.used_days, "limit": case.limit_days, "due": case.due_on},
    )
    return (where, used)


def _nobody_there(case: CaseFacts) -> tuple[Text, ...]:
    """That the commune's desk is empty, while it is the commune's turn. Who acts for a producer is an officer there."""
    if case.for_producer:
        return ()
    return who_has_it(case) if STATUSES[case.status].owner in (Side.COMMUNE, Side.APPROVER) else ()


def is_late(case: CaseFacts, today: date) -> bool:
    """As the desk and the reports have it: a limit may end some days after it is used up, and until then it is kept."""
    return case.due_on is not None and case.due_on < today


def item_words(case: CaseFacts, item: str) -> Text | str:
    """An item of a return in words: a question's title, a paper's name, or the whole."""
    kind, _, name = item.partition(":")
    if kind == "paper":
        paper = paper_named(case, name)
        return Text("%(paper)s", {"paper": paper.label}) if paper is not None else name
    ask = next((ask for ask in IDEA_ASKS if ask.name == name), None)
    return Text(ask.title) if ask is not None else Text(N_("The whole file"))


def _returned_lines(case: CaseFacts) -> tuple[Text, ...]:
    """What is to be changed, and apart from it what is only asked."""
    back = tuple(reason_line(case, r) for r in case.returned if not r.question)
    asked = tuple(reason_line(case, r) for r in case.returned if r.question)
    head = (Text(N_("There is a question:")),) if asked else ()
    return (*back, *head, *asked)


def reason_line(case: CaseFacts, item: ReturnedItem) -> Text:
    values: dict[str, Value] = {"item": item_words(case, item.item), "reason": reason_words(item.reason)}
    return Text(N_("• %(item)s: “%(reason)s”") if item.reason else N_("• %(item)s: %(reason)s"), values)


CONTINUES = {
    "renewal": N_("It renews the certificate of %(code)s."),
    "upgrade": N_("It is for more stars than %(code)s has."),
    "again": N_("It stands again after %(code)s."),
}


def _continues(case: CaseFacts) -> tuple[Text, ...]:
    return (Text(CONTINUES[case.purpose], {"code": case.former}),) if case.former else ()


_STOPPED_BY = {"idea_not_this_year": "defer", "plan_next_cycle": "defer", "revoked": "revoke"}


def deferred_lines(case: CaseFacts) -> tuple[Text, ...]:
    """Why the case has to wait for the next cycle, or why its certificate was withdrawn."""
    why = _STOPPED_BY.get(case.status)
    last = next((line for line in reversed(case.history) if line.action == why), None)
    return (Text(N_("The reason: “%(reason)s”"), {"reason": last.reason}),) if last is not None else ()


def _parts_line(result: ResultFacts, rules: Ruleset) -> Text:
    return Text(
        N_("Part A %(a)s/%(most_a)s, B %(b)s/%(most_b)s, C %(c)s/%(most_c)s."),
        {
            "a": result.points_a, "b": result.points_b, "c": result.points_c,
            "most_a": rules.parts["A"].max_points, "most_b": rules.parts["B"].max_points,
            "most_c": rules.parts["C"].max_points,
        },
    )  # fmt: skip


def result_lines(case: CaseFacts) -> tuple[Text, ...]:
    """Total, stars, parts, decision and how long the certificate is good; nothing before there is a result."""
    result = case.result
    if result is None:
        return ()
    total = result.points_a + result.points_b + result.points_c
    proposed = result.certificate_until is None and result.stars >= ruleset(case.ruleset).min_stars_for_certificate
    head = N_("Result: %(total)s points, %(stars)s stars ⭐.")
    if proposed:  # what nobody has certified is no star yet
        head = N_("The province's points: %(total)s, and it proposes %(stars)s stars.")
    texts = [Text(head, {"total": total, "stars": result.stars}), _parts_line(result, ruleset(case.ruleset))]
    if not result.points_known:
        texts = [Text(N_("Result: %(stars)s stars ⭐."), {"stars": result.stars})]
    if result.decision:
        paper = N_("Document: %(decision)s.") if result.certificate_until is None else N_("Decision: %(decision)s.")
        texts.append(Text(paper, {"decision": result.decision}))
    if result.product_code:
        texts.append(Text(N_("Product code: %(code)s."), {"code": result.product_code}))
    if result.certificate_until is not None and case.status != "revoked":
        texts.append(Text(N_("The certificate is good until %(day)s."), {"day": result.certificate_until}))
    if result.revoked_on is not None:
        texts.append(Text(N_("Withdrawn on %(day)s."), {"day": result.revoked_on}))
    if case.status in ("revoked", "expired"):
        texts.append(Text(N_("It is not valid any more: the stars may not be used on labels or in advertising.")))
    return tuple(texts)


def _meter(case: CaseFacts) -> tuple[Text, ...]:
    """How complete the dossier is, as long as its producer sends papers for it; what came back goes before that."""
    if case.returned or not is_dossier(case.status) or not takes_papers(case):
        return ()
    complete = completeness(case)
    if STATUSES[case.status].owner is Side.PRODUCER or not complete.lacking:
        return meter_lines(complete)
    return (meter(complete), Text(N_("What is missing may still be added: choose “Send papers”.")))


KEEP_PROOFS = Text(N_("Now carry it out and keep invoices, contracts and photos for the rating."))
DOSSIER_NEXT = Text(N_("When you are ready to be rated, choose “Send papers” to send the dossier."))


def _next(case: CaseFacts, today: date) -> tuple[Text, ...]:
    """What the producer has to do next, in one sentence; nothing when there is nothing."""
    waiting = _not_sent(case)
    if case.returned and all(item.question for item in case.returned):
        return waiting
    if case.returned:
        return (ONLY_THAT, *waiting)
    lacking = missing(case)
    if case.status == "plan_accepted" and not may_send(case):
        return (KEEP_PROOFS, DOSSIER_NEXT)
    if _nobody_there(case):
        return waiting  # there is something else to do, and it has been said
    if case.status == "idea_submitted" and lacking:
        if is_late(case, today) or waiting:
            return waiting
        return (Text(N_("You need not do anything now. Meanwhile you can prepare the papers of the plan.")),)
    if case.status in ("idea_submitted", "idea_accepted", "plan_returned", "plan_accepted", "dossier_begun"):
        if may_send(case) and not lacking:
            return (Text(N_("All needed papers are here: choose “Send papers” to hand them to the commune.")),)
        if lacking:
            return (
                *waiting,
                Text(
                    N_("Next: %(count)s required paper is still missing."),
                    {"count": len(lacking)},
                    N_("Next: %(count)s required papers are still missing."),
                ),
            )
    if waiting:
        return waiting
    if waits_for_authority(case.status) and not is_late(case, today):
        return (Text(N_("You need not do anything now. I tell you as soon as there is an answer.")),)
    return ()


def _not_sent(case: CaseFacts) -> tuple[Text, ...]:
    """Pages that are here and that nobody has been given, with the way to send them."""
    if not may_send(case):
        return ()
    pages = sum(paper.pages for paper in unsent(case))
    values: dict[str, Value] = {"count": pages, "send": send_label(case)}
    one = N_("%(count)s page is not sent yet: choose “Send papers”, then “%(send)s”.")
    return (Text(one, values, N_("%(count)s pages are not sent yet: choose “Send papers”, then “%(send)s”.")),)


WHY = Option(
    "why",
    Text(N_("Why did it come back?")),
    (
        "là sao",
        "là sao phải làm gì",
        "phải làm gì",
        "phải làm sao",
        "giờ phải làm gì",
        "giờ làm gì",
        "sao lại trả",
        "sao bị trả lại",
        "vì sao bị trả lại",
        "sửa gì",
        "sửa chỗ nào",
        "what do i have to do",
    ),
    hidden=True,
)
"""Asked of a case that came back, it is answered by its reasons, not by the handbook."""


WAYS = {
    "renewal": N_("Renew the certificate"),
    "upgrade": N_("Stand for more stars"),
    "again": N_("Stand again"),
    "resume": N_("Go on this round"),
}
"""What may follow a case (dialogs.producer.standing), as a button on it."""

BEFORE_THE_COUNCIL = frozenset(STATUS_WORDS) - {"in_evaluation", "rated", "certified", "proposed_for_five", "revoked"}
"""Where what one thinks oneself still helps; after that the council's points count."""


def came_back(facts: Facts) -> CaseFacts | None:
    return next((case for case in facts.cases if case.returned), None)


_PAPER = "paper:"


def _lacking(case: CaseFacts) -> tuple[Paper, ...]:
    """Papers that are sent straight from the file when they are named."""
    return completeness(case).lacking if is_dossier(case.status) and takes_papers(case) else ()


def case_choices(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case = _case(answers, facts)
    why = (WHY,) if case.returned else ()
    named = tuple(Option(f"{_PAPER}{p.id}", p.label, hidden=True) for p in _lacking(case))
    fixes = tuple(Option(f"fix:{r.number}", fix_label(case, r)) for r in case.returned)
    send = Option("papers", Text(N_("Send papers")), ("nộp giấy tờ", "papers"))
    papers = (send, LACKING) if takes_papers(case) else ()
    prepare = replace(PREPARE, hidden=not offered(case))
    seen = (
        Option("answers", Text(N_("What I sent")), ("câu trả lời", "answers")),
        Option("history", Text(N_("What happened so far")), ("lịch sử", "history")),
    )
    if case.for_producer:  # the officer has other ways to the rest
        return (
            *fixes,
            *papers,
            prepare,
            *seen,
            Option("review", Text(N_("Back to the file")), ("quay lại", "back")),
            *why,
        )
    tried = (TRY_IT,) if can_score(case) and case.status in BEFORE_THE_COUNCIL else ()
    held = (WALLET,) if case.result is not None and case.result.certificate_until is not None else ()
    next_ = tuple(Option(f"again:{way}", Text(WAYS[way])) for way in ways(case, facts.cases, facts.today))
    drop = (Option("drop", Text(N_("Drop the new file")), ("bỏ hồ sơ", "drop the new file")),)
    others = (Option("all", Text(N_("My other files")), ("hồ sơ khác", "others")),) if len(facts.cases) > 1 else ()
    return (
        *fixes,
        *papers,
        prepare,
        *next_,
        *tried,
        *held,
        *result_options(case),
        *todo_option(case),
        *seen,
        Option("note", Text(N_("Write to the officer")), ("nhắn cán bộ", "note")),
        *resume(facts.drafts[:1]),
        *(drop if case.status == BEGUN else ()),
        *others,
        Option("menu", Text(N_("Main menu")), ("menu",)),
        *why,
        *named,
    )


BY_PRODUCER = {
    "submit", "stand_again", "resume", "rework", "resubmit", "send_plan", "send_dossier", "add_papers", "answer",
    "claim",
}  # fmt: skip
"""Lines of the history that the producer has written; of the others a producer reads the office, not the person."""


def history(case: CaseFacts) -> tuple[Text, ...]:
    """What happened so far, a line each; what was returned with its reason."""
    sides = sides_of((line.action for line in case.history), ruleset(case.ruleset).levels)
    told = ((line, side) for line, side in zip(case.history, sides, strict=True) if _is_theirs(case, line))
    lines = ((_history_line(case, line, side), *correction_lines(line.changes)) for line, side in told)
    return tuple(text for texts in lines for text in texts)


def _is_theirs(case: CaseFacts, line: HistoryLine) -> bool:
    """A council's points are read with the result that was published beside them: not before, nor once taken back."""
    return line.action != "otherwise" or (case.result is not None and case.result.published and not line.undone)


_OFFICES = {
    Side.APPROVER: N_("the commune's leadership"),
    **dict.fromkeys((Side.DISTRICT, Side.PROVINCE, Side.CENTRE), N_("the province")),
}
"""Who did it, as its producer calls them; officers' names are theirs."""


_BESIDE = {"council_give": Side.PROVINCE, "otherwise": Side.PROVINCE}
"""Whose lines of the history are that move nothing."""


def _history_line(case: CaseFacts, line: HistoryLine, side: Side | None) -> Text:
    values: dict[str, Value] = {
        "day": line.happened_at.date(),
        "action": action_words(line.action, line.from_status),
        "by": line.by or Text(N_("the producer"))
        if line.action in BY_PRODUCER
        else Text(_OFFICES.get(side or _BESIDE.get(line.action, Side.COMMUNE), N_("the commune"))),
    }
    if side is Side.CALENDAR:
        return Text(N_("• %(day)s: %(action)s"), values)
    if line.reason and side is not Side.APPROVER:  # what the leadership writes to its officer is theirs
        values |= {"item": item_words(case, line.item), "reason": reason_words(line.reason)}
        return Text(N_("• %(day)s: %(action)s by %(by)s. %(item)s: “%(reason)s”"), values)
    return Text(N_("• %(day)s: %(action)s by %(by)s"), values)


def told(answers: Answers, facts: Facts) -> Effects:
    case = _case(answers, facts)
    if answers["next"] == "history":
        return (SendMessage(history(case)),)
    if answers["next"] == "answers":
        photos = (SendPapers(case.code, "product"),) if kept_paper(case, "product") else ()
        return (SendMessage(answer_lines(as_filed(case), facts)), *photos)
    return ()


def onward(value: str, answers: Answers, facts: Facts) -> Go:
    code = answers["subject"]
    if value.startswith(DRAFT):
        return begun(value, answers, facts)
    if value.startswith(_PAPER):
        return Go(f"upload.{code}/pages", {"_paper": value.removeprefix(_PAPER)})
    if value.startswith("again:"):
        return Go(f"again.{code}~{value.removeprefix('again:')}")
    if value.startswith("fix:"):
        return Go(f"fix.{code}~{value.removeprefix('fix:')}")
    targets = {
        "papers": f"upload.{code}",
        LACKING.value: f"needs.{code}",
        TRY_IT.value: f"self_score.{code}",
        PREPARE.value: f"prepare.{code}",
        "todo": f"todo.{code}",
        "points": f"points.{code}",
        "to_star": f"to_star.{code}",
        "note": f"ask_officer.{code}",
        "drop": f"drop_begun.{code}",
        "review": f"review.{code}",
        "why": f"case.{code}",
        "all": "check_status",
        "wallet": "wallet",
        "menu": "menu",
    }
    return Go(targets.get(value, f"case_on.{code}"))


def fix(case: CaseFacts, item: str) -> Go:
    """Straight to the one thing that came back."""
    kind, _, name = item.partition(":")
    if kind == "paper":
        return Go(f"upload.{case.code}/pages", {"_paper": name})
    if kind == "answer":
        return Go(f"correct.{case.code}/{name}", given=as_filed(case))
    return Go(f"correct.{case.code}/edit", given=as_filed(case))


def loose_file(file: FileRef, facts: Facts) -> Go | None:
    """A file that no question asked for: it is the one thing that came back, if there is one of which it can be.

    Else it waits with the newest case until it is said what it is.
    """
    if not facts.cases:
        return None
    back = [(case, item.item) for case in facts.cases for item in case.returned if not item.question]
    go = Go(f"upload.{facts.cases[0].code}/paper")
    if len(back) == 1 and (back[0][1] == "answer:photos" or back[0][1].startswith("paper:")):
        go = fix(*back[0])
    keep = KeepFile(file, unnamed=go.target.endswith("/paper"))
    effects = (keep, StartTimer("files", go.target.partition("/")[0], ALBUM_PAUSE_S))
    return replace(go, partial=file.id, effects=effects)


CASE = Dialog(
    "case",
    before=consent_first,
    allowed=is_mine,
    linked=True,
    steps=(Ask("next", one_case, one_of(case_choices), then=told, goto=onward),),
)


CASE_ON = Dialog(
    "case_on",
    before=consent_first,
    allowed=is_mine,
    steps=(
        Ask(
            "next",
            lambda answers, facts: (_title(_case(answers, facts)), Text(N_("What would you like to do?"))),
            one_of(case_choices),
            then=told,
            goto=onward,
        ),
    ),
)
"""The same choices after something of the case was shown, without telling all of it again."""


# ---------------------------------------------------------------- what came back


ONLY_THAT = Text(N_("Please send only what has to be changed; the rest stays as it is."))


def fix_label(case: CaseFacts, item: ReturnedItem) -> Text:
    words: dict[str, Value] = {"item": item_words(case, item.item)}
    return Text(N_("Answer: %(item)s") if item.question else N_("Send again: %(item)s"), words)


def fix_links(case: CaseFacts, items: Sequence[ReturnedItem]) -> tuple[Link, ...]:
    """A button for each item that came back, which leads to just that one; on a poor channel the code is typed."""
    to_file = Link(f"case.{case.code}", Text(N_("Open my file")), case.code)
    return (*(Link(f"fix.{case.code}~{item.number}", fix_label(case, item)) for item in items), to_file)


def returned_notice(case: CaseFacts, *items: ReturnedItem) -> tuple[Text, ...]:
    """What a producer reads when something comes back; officers see the same words before they send it."""
    if [item.item for item in items] == ["all"] and items[0].reason:
        return (
            Text(
                N_("The commune asks for changes in “%(product)s” (%(code)s): “%(reason)s”"),
                {"product": case.product, "code": case.code, "reason": reason_words(items[0].reason)},
            ),
            Text(N_("Please look it over, change what is needed and send it again.")),
        )
    back = [item for item in items if not item.question]
    asked = [item for item in items if item.question]
    return (*_to_change(case, back), *_to_answer(case, asked, beside=bool(back)), *((ONLY_THAT,) if back else ()))


def _to_change(case: CaseFacts, items: Sequence[ReturnedItem]) -> tuple[Text, ...]:
    if not items:
        return ()
    values: dict[str, Value] = {"count": len(items), "product": case.product, "code": case.code}
    head = Text(
        N_("The commune asks for one change in “%(product)s” (%(code)s)."),
        values,
        N_("The commune asks for %(count)s changes in “%(product)s” (%(code)s)."),
    )
    return (head, *(reason_line(case, item) for item in items))


def _to_answer(case: CaseFacts, items: Sequence[ReturnedItem], *, beside: bool) -> tuple[Text, ...]:
    """Questions, also `beside` what is to be changed."""
    if not items:
        return ()
    about: dict[str, Value] = {"product": case.product, "code": case.code}
    head = Text(N_("The commune has a question about “%(product)s” (%(code)s)."), about)
    return (Text(N_("There is a question:")) if beside else head, *(reason_line(case, item) for item in items))

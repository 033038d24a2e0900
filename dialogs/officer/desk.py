"""An officer's desk: what waits for a decision, one case after the other, accept or return with a reason."""

from dataclasses import replace

from dialogs.answers import one_of, text
from dialogs.engine import said
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
    Link,
    Option,
    ReturnedItem,
    RevealPhone,
    Role,
    SendMessage,
    SendNote,
    SendPapers,
    SetHours,
    Text,
    Value,
)
from dialogs.producer.check_status import (
    ABOUT_ANSWERS,
    KEEP_PROOFS,
    REASONS,
    history,
    item_words,
    returned_notice,
    status_words,
)
from dialogs.producer.place import place_name
from dialogs.producer.register_idea import IDEA_ASKS, KINDS, answer_lines, as_filed
from dialogs.producer.upload import kept_paper, papers_of, plan_is_here
from dialogs.rules.lifecycle import Side, actions
from dialogs.rules.ruleset import Paper

HIDDEN = {"phone", "contact_name", "product", "producer_kind", "producer_name"}
"""Left out of a case's answers: what is shown only when asked for, and what its first lines say already."""


def is_officer(answers: Answers, facts: Facts) -> bool:
    return bool(facts.person.memberships)


def keeps_hours(answers: Answers, facts: Facts) -> bool:
    """Office hours are a commune's."""
    return any(member.role is Role.COMMUNE_OFFICER for member in facts.person.memberships)


def visible(answers: Answers, facts: Facts) -> bool:
    """A case of this officer's territory; one's own case is decided by somebody else."""
    return is_officer(answers, facts) and _seen(answers, facts) is not None


def _seen(answers: Answers, facts: Facts) -> CaseFacts | None:
    case = facts.case(answers["subject"])
    return case if case is not None and not case.own else None


def _case(answers: Answers, facts: Facts) -> CaseFacts:
    case = _seen(answers, facts)
    if case is None:  # `allowed` has let nobody through without one
        raise LookupError(answers["subject"])
    return case


def decidable(answers: Answers, facts: Facts) -> bool:
    case = _seen(answers, facts)
    return is_officer(answers, facts) and case is not None and bool(actions(case.status, Side.DESK))


def kind_words(case: CaseFacts) -> Text | str:
    option = next((o for o in KINDS if o.value == case.answers.get("producer_kind")), None)
    return said(option.label) if option is not None else ""


# ---------------------------------------------------------------- the desk


def overview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if not facts.desk:
        return (Text(N_("Nothing waits for you.")),)
    return (*how_many(facts), *(_line(case) for case in facts.desk[:7]))


def how_many(facts: Facts) -> tuple[Text, ...]:
    values: dict[str, Value] = {"count": facts.desk_count}
    waiting = Text(N_("%(count)s case waits for you."), values, N_("%(count)s cases wait for you."))
    return (waiting,) if facts.desk_count else ()


def _line(case: CaseFacts) -> Text:
    values: dict[str, Value] = {"code": case.code, "product": case.product, "status": status_words(case)}
    if case.due_on is None:
        return Text(N_("• %(code)s %(product)s: %(status)s"), values)
    return Text(N_("• %(code)s %(product)s: %(status)s, due %(due)s"), {**values, "due": case.due_on})


def desk_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    cases = tuple(
        Option(
            c.code,
            Text(N_("%(code)s %(product)s"), {"code": c.code, "product": c.product[:40]}),
            (c.code, c.product),
        )
        for c in facts.desk
    )
    hours = (Option("hours", Text(N_("Office hours")), ("giờ làm việc", "hours")),)
    return (
        *cases,
        *(hours if keeps_hours(answers, facts) else ()),
        Option("menu", Text(N_("Main menu")), ("menu",)),
    )


def opened(value: str, answers: Answers, facts: Facts) -> Go:
    return Go({"hours": "office_hours", "menu": "menu"}.get(value, f"review.{value}"))


DESK = Dialog(
    "desk", allowed=is_officer, linked=True, steps=(Ask("case", overview, one_of(desk_options), goto=opened),)
)


# ---------------------------------------------------------------- one case


def card(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = _case(answers, facts)
    return (
        _title(case),
        Text(N_("Status: %(status)s"), {"status": status_words(case)}),
        Text(N_("%(by)s · %(kind)s · %(place)s"), {
            "by": case.by, "kind": kind_words(case), "place": place_name(case.commune),
        }),
        *_due(case),
        *answer_lines({k: v for k, v in as_filed(case).items() if k not in HIDDEN}, facts),
        *_papers(case),
    )  # fmt: skip


def _title(case: CaseFacts) -> Text:
    return Text(N_("%(code)s “%(product)s”"), {"code": case.code, "product": case.product})


def _due(case: CaseFacts) -> tuple[Text, ...]:
    if case.due_on is None:
        return ()
    return (Text(N_("Due: %(day)s."), {"day": case.due_on}),)


def _lacking(case: CaseFacts) -> tuple[Paper, ...]:
    """Required papers that were not handed in, once the plan is what is decided on."""
    if not case.status.startswith("plan"):
        return ()
    sent = {paper.id for paper in case.papers if paper.sent}
    return tuple(paper for paper in papers_of(case) if paper.required and paper.id not in sent)


def _papers(case: CaseFacts) -> tuple[Text, ...]:
    papers = papers_of(case)
    sent = [p for p in papers if (kept := kept_paper(case, p.id)) is not None and kept.sent]
    required = [p for p in papers if p.required]
    there = sum(paper in sent for paper in required)
    head = Text(N_("Papers: %(there)s of %(all)s required ones are here."), {"there": there, "all": len(required)})
    here = tuple(Text(N_("• %(paper)s: here"), {"paper": p.label}) for p in sent)
    lacking = tuple(Text(N_("• %(paper)s: needed"), {"paper": p.label}) for p in _lacking(case))
    if not here and not case.status.startswith("plan"):
        return ()  # papers are due with the plan
    return (head, *here, *lacking)


LABELS = {
    "accept": Option("accept", Text(N_("Accept")), ("nhận", "đồng ý", "accept")),
    "return": Option("return", Text(N_("Return")), ("trả lại", "return")),
    "defer": Option("defer", Text(N_("Not this year")), ("để năm sau", "not this year")),
}


def card_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case = _case(answers, facts)
    papers = (Option("papers", Text(N_("See the papers")), ("xem giấy tờ", "papers")),) if _has_files(case) else ()
    decide = tuple(LABELS[action] for action in actions(case.status, Side.DESK))
    return (
        *papers,
        *decide,
        Option("note", Text(N_("Write to the producer")), ("nhắn bà con", "note")),
        Option("phone", Text(N_("Show the number")), ("số điện thoại", "phone")),
        Option("history", Text(N_("What happened so far")), ("lịch sử", "history")),
        Option("desk", Text(N_("My desk")), ("bàn làm việc", "desk")),
    )


def _has_files(case: CaseFacts) -> bool:
    return any(paper.sent for paper in case.papers)


def shown(answers: Answers, facts: Facts) -> Effects:
    case = _case(answers, facts)
    match answers["next"]:
        case "papers":
            return (SendMessage((Text(N_("Here are the papers.")),)), SendPapers(case.code))
        case "phone":
            return (RevealPhone(case.code),)
        case "history":
            return (SendMessage(history(case)),)
    return ()


def onward(value: str, answers: Answers, facts: Facts) -> Go:
    code = answers["subject"]
    targets = {
        "accept": f"accept.{code}",
        "return": f"return.{code}",
        "defer": f"defer.{code}",
        "note": f"note.{code}",
        "desk": "desk",
    }
    return Go(targets.get(value, f"review_on.{code}"))


REVIEW = Dialog(
    "review",
    allowed=visible,
    linked=True,
    up="desk",
    steps=(Ask("next", card, one_of(card_options), then=shown, goto=onward),),
)

REVIEW_ON = Dialog(
    "review_on",
    allowed=visible,
    up="desk",
    steps=(
        Ask(
            "next",
            lambda answers, facts: (_title(_case(answers, facts)), Text(N_("What would you like to do?"))),
            one_of(card_options),
            then=shown,
            goto=onward,
        ),
    ),
)
"""The same choices after something of the case was shown, without the whole card again."""


# ---------------------------------------------------------------- decisions


def accept_words(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = _case(answers, facts)
    head = Text(N_("Accept %(code)s “%(product)s”? The producer reads:"), {"code": case.code, "product": case.product})
    lacking = tuple(Text(N_("• %(paper)s: needed"), {"paper": p.label}) for p in _lacking(case))
    warning = (Text(N_("These required papers are still missing:")), *lacking) if lacking else ()
    return (*warning, head, *accepted_notice(case))


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


def accepted(answers: Answers, facts: Facts) -> Effects:
    return (DecideCase(answers["subject"], "accept"),) if answers["confirm"] == "accept" else ()


def after_decision(value: str, answers: Answers, facts: Facts) -> Go:
    return Go("desk" if value in ("accept", "send") else f"review.{answers['subject']}")


NOT_YET = Option("back", Text(N_("Don't accept yet")), ("chưa", "not yet"))
DONT_SEND = Option("back", Text(N_("Don't send yet")), ("chưa", "chưa gửi", "not yet"))


def decided_already(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = _case(answers, facts)
    return (
        Text(N_("Somebody has dealt with %(code)s meanwhile, so nothing was sent."), {"code": case.code}),
        Text(N_("Status: %(status)s"), {"status": status_words(case)}),
    )


def decision(name: str, *asks: Ask) -> Dialog:
    """Questions that stand as long as the case waits; whoever comes second is told how it was decided."""
    moved_on = Ask(
        "moved_on",
        decided_already,
        one_of(
            (
                Option("open", Text(N_("Open the file")), ("mở hồ sơ", "open")),
                Option("desk", Text(N_("My desk")), ("bàn làm việc", "desk")),
            )
        ),
        when=lambda answers, facts: not decidable(answers, facts),
        goto=lambda value, answers, facts: Go("desk" if value == "desk" else f"review.{answers['subject']}"),
    )
    return Dialog(
        name, allowed=visible, up="review.{subject}", steps=(moved_on, *(replace(ask, when=decidable) for ask in asks))
    )


ACCEPT = decision(
    "accept",
    Ask(
        "confirm",
        accept_words,
        one_of((Option("accept", Text(N_("Accept it")), ("nhận", "accept")), NOT_YET)),
        then=accepted,
        confirms=True,
        goto=after_decision,
    ),
)


def items(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """What can be returned: papers that are here first, then answers, then the whole."""
    case = _case(answers, facts)
    sent = tuple(
        Option(f"paper:{p.id}", p.label)
        for p in papers_of(case)
        if (kept := kept_paper(case, p.id)) is not None and kept.sent
    )
    given = tuple(
        Option(f"answer:{ask.name}", Text(ask.title))
        for ask in IDEA_ASKS
        if ask.title and (ask.when is None or ask.when(as_filed(case), facts))
    )
    whole = Option("all", Text(N_("The whole file")), ("tất cả", "toàn bộ", "all"))
    return (*sent, whole, *given) if case.status.startswith("plan") else (whole, *given, *sent)


NAMES = {"answer:producer_name", "answer:contact_name", "answer:product", "all"}
ABOUT_NAMES = {"name", "more"}


def reasons(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """Templates that fit the item: a seal can't be missing from an answer."""
    item = answers.get("item", "")
    if item.startswith("paper:"):
        return REASONS
    about = ABOUT_NAMES if item in NAMES else ABOUT_ANSWERS
    return tuple(option for option in REASONS if option.value in about)


def reason_words(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = _case(answers, facts)
    return (
        Text(N_("%(item)s: what is wrong? Choose, or type it yourself."), {"item": item_words(case, answers["item"])}),
    )


def preview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = _case(answers, facts)
    item = ReturnedItem(answers["item"], answers["reason"], facts.today)
    return (Text(N_("The producer reads this:")), *returned_notice(case, item))


def sent_back(answers: Answers, facts: Facts) -> Effects:
    if answers["confirm"] != "send":
        return ()
    return (DecideCase(answers["subject"], "return", answers["item"], answers["reason"]),)


SEND = Option("send", Text(N_("Send")), ("gửi", "send"))

RETURN = decision(
    "return",
    Ask("item", N_("What has to be changed?"), one_of(items)),
    Ask("reason", reason_words, one_of(reasons, other=600), verbatim=True),
    Ask("confirm", preview, one_of((SEND, DONT_SEND)), then=sent_back, goto=after_decision, confirms=True),
)


def defer_words(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = _case(answers, facts)
    return (Text(N_("Why does “%(product)s” have to wait? The producer reads your words."), {"product": case.product}),)


def deferred(answers: Answers, facts: Facts) -> Effects:
    if answers["confirm"] != "send":
        return ()
    return (DecideCase(answers["subject"], "defer", "all", answers["reason"]),)


def deferred_notice(case: CaseFacts, reason: str) -> tuple[Text, ...]:
    return (
        Text(
            N_("The commune can't take “%(product)s” (%(code)s) this time."),
            {"product": case.product, "code": case.code},
        ),
        Text(N_("The reason: “%(reason)s”"), {"reason": reason}),
        Text(N_("Your file is kept for the next cycle. You may ask the officer what would help.")),
    )


def defer_preview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (Text(N_("The producer reads this:")), *deferred_notice(_case(answers, facts), answers["reason"]))


DEFER = decision(
    "defer",
    Ask("reason", defer_words, text(max_chars=600, min_chars=5), verbatim=True),
    Ask("confirm", defer_preview, one_of((SEND, DONT_SEND)), then=deferred, goto=after_decision, confirms=True),
)


# ---------------------------------------------------------------- words to the producer, office hours


def about_no_case(subject: str) -> bool:
    """ "n12": a producer's question that names no case; who may answer it is looked up when it is sent."""
    return subject[:1] == "n" and subject[1:].isdigit()


def answerable(answers: Answers, facts: Facts) -> bool:
    return (is_officer(answers, facts) and about_no_case(answers["subject"])) or visible(answers, facts)


def after_note(answers: Answers, facts: Facts) -> str:
    return "desk" if about_no_case(answers["subject"]) else f"review_on.{answers['subject']}"


def note(answers: Answers, facts: Facts) -> Effects:
    if about_no_case(answers["subject"]):
        return (SendNote(answers["subject"], answers["text"], to_officers=False),)
    return (
        SendNote(answers["subject"], answers["text"], to_officers=False),
        SendMessage((Text(N_("Sent to the producer.")),)),
    )


NOTE = Dialog(
    "note",
    allowed=answerable,
    linked=True,
    up="desk",
    end=after_note,
    steps=(
        Ask(
            "text",
            lambda answers, facts: (Text(N_("What shall I tell the producer?")),),
            text(max_chars=1000),
            verbatim=True,
            then=note,
        ),
    ),
)

OFFICE_HOURS = Dialog(
    "office_hours",
    allowed=keeps_hours,
    up="desk",
    end="desk",
    steps=(
        Ask(
            "hours",
            N_("When may people come? For example: Monday to Friday, 7:30–11:30 and 13:30–17:00."),
            text(max_chars=200, min_chars=3),
            verbatim=True,
            then=lambda answers, facts: (
                SetHours(answers["hours"]),
                SendMessage((Text(N_("Noted. Producers who ask for help see it.")),)),
            ),
        ),
    ),
)


# ---------------------------------------------------------------- alerts


def open_link(code: str) -> Link:
    return Link(f"review.{code}", Text(N_("Open %(code)s"), {"code": code}), code)


def alert_new(case: CaseFacts) -> SendMessage:
    """To every officer of the commune, within seconds of a submission."""
    return SendMessage(
        (
            Text(N_("New OCOP idea: %(product)s"), {"product": case.product}),
            Text(N_("%(code)s · %(by)s · %(kind)s"), {"code": case.code, "by": case.by, "kind": kind_words(case)}),
            *_due(case),
        ),
        links=(open_link(case.code),),
    )


def alert_again(case: CaseFacts, action: str) -> SendMessage:
    """Something came back or was added: `action` is resubmit, send_plan or add_papers."""
    words = {
        "resubmit": N_("Sent again after your return: %(product)s"),
        "send_plan": N_("Plan handed in: %(product)s"),
        "add_papers": N_("Papers added: %(product)s"),
    }[action]
    return SendMessage(
        (
            Text(words, {"product": case.product}),
            Text(N_("%(code)s · %(by)s · %(kind)s"), {"code": case.code, "by": case.by, "kind": kind_words(case)}),
            *_due(case),
        ),
        links=(open_link(case.code),),
    )


def alert_note(code: str, by: str, place: Text | str, words: str) -> SendMessage:
    """A producer's words to the officers; `code` is a case's, or "n<note>" for a question about none."""
    who = by or Text(N_("A producer"))
    head = Text(N_("%(by)s asks: “%(words)s”"), {"by": who, "words": words})
    if about_no_case(code):
        link = Link(f"note.{code}", Text(N_("Answer")))
        return SendMessage((head, Text("%(place)s", {"place": place})), links=(link,))
    link = Link(f"note.{code}", Text(N_("Answer %(code)s"), {"code": code}), code)
    return SendMessage((head, Text("%(code)s", {"code": code})), links=(link, open_link(code)))

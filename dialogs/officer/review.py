"""One case on an officer's screen, and what can be done with it."""

from dataclasses import replace

from dialogs.answers import one_of, text
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
    ReturnedItem,
    RevealPhone,
    SendMessage,
    SendPapers,
    Text,
)
from dialogs.officer.alerts import accepted_notice, deferred_notice, due_line, kind_words
from dialogs.officer.rights import case_of, decidable, visible
from dialogs.producer.check_status import (
    ABOUT_ANSWERS,
    REASONS,
    history,
    item_words,
    returned_notice,
    status_words,
)
from dialogs.producer.place import place_name
from dialogs.producer.register_idea import IDEA_ASKS, answer_lines, as_filed
from dialogs.producer.upload import kept_paper, papers_of
from dialogs.rules.ruleset import Paper

HIDDEN = {"phone", "contact_name", "product", "producer_kind", "producer_name"}
"""Left out of a case's answers: what is shown only when asked for, and what its first lines say already."""


# ---------------------------------------------------------------- one case


def card(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    return (
        _title(case),
        Text(N_("Status: %(status)s"), {"status": status_words(case)}),
        Text(N_("%(by)s · %(kind)s · %(place)s"), {
            "by": case.by, "kind": kind_words(case), "place": place_name(case.commune),
        }),
        *due_line(case),
        *answer_lines({k: v for k, v in as_filed(case).items() if k not in HIDDEN}, facts),
        *_papers(case),
    )  # fmt: skip


def _title(case: CaseFacts) -> Text:
    return Text(N_("%(code)s “%(product)s”"), {"code": case.code, "product": case.product})


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
    case = case_of(answers, facts)
    papers = (Option("papers", Text(N_("See the papers")), ("xem giấy tờ", "papers")),) if _has_files(case) else ()
    decide = tuple(LABELS[action] for action in case.may)
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
    case = case_of(answers, facts)
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
            lambda answers, facts: (_title(case_of(answers, facts)), Text(N_("What would you like to do?"))),
            one_of(card_options),
            then=shown,
            goto=onward,
        ),
    ),
)
"""The same choices after something of the case was shown, without the whole card again."""


# ---------------------------------------------------------------- decisions


def accept_words(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    head = Text(N_("Accept %(code)s “%(product)s”? The producer reads:"), {"code": case.code, "product": case.product})
    lacking = tuple(Text(N_("• %(paper)s: needed"), {"paper": p.label}) for p in _lacking(case))
    warning = (Text(N_("These required papers are still missing:")), *lacking) if lacking else ()
    return (*warning, head, *accepted_notice(case))


def accepted(answers: Answers, facts: Facts) -> Effects:
    return (DecideCase(answers["subject"], "accept"),) if answers["confirm"] == "accept" else ()


def after_decision(value: str, answers: Answers, facts: Facts) -> Go:
    return Go("desk" if value in ("accept", "send") else f"review.{answers['subject']}")


NOT_YET = Option("back", Text(N_("Don't accept yet")), ("chưa", "not yet"))
DONT_SEND = Option("back", Text(N_("Don't send yet")), ("chưa", "chưa gửi", "not yet"))


def decided_already(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
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
    case = case_of(answers, facts)
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
    case = case_of(answers, facts)
    return (
        Text(N_("%(item)s: what is wrong? Choose, or type it yourself."), {"item": item_words(case, answers["item"])}),
    )


def preview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
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
    case = case_of(answers, facts)
    return (Text(N_("Why does “%(product)s” have to wait? The producer reads your words."), {"product": case.product}),)


def deferred(answers: Answers, facts: Facts) -> Effects:
    if answers["confirm"] != "send":
        return ()
    return (DecideCase(answers["subject"], "defer", "all", answers["reason"]),)


def defer_preview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (Text(N_("The producer reads this:")), *deferred_notice(case_of(answers, facts), answers["reason"]))


DEFER = decision(
    "defer",
    Ask("reason", defer_words, text(max_chars=600, min_chars=5), verbatim=True),
    Ask("confirm", defer_preview, one_of((SEND, DONT_SEND)), then=deferred, goto=after_decision, confirms=True),
)

"""One case on an officer's screen, and what can be done with it; accepting it and putting it off."""

from collections.abc import Sequence
from dataclasses import replace

from dialogs.answers import one_of
from dialogs.matching import fold
from dialogs.model import (
    N_,
    Answers,
    Ask,
    CaseFacts,
    Change,
    DecideCase,
    Dialog,
    Effects,
    ExportAudit,
    Facts,
    Go,
    MakeReport,
    Mark,
    Option,
    RevealPhone,
    SendMessage,
    SendPapers,
    Text,
    UndoDecision,
    Value,
)
from dialogs.officer import assess, check, decide
from dialogs.officer.alerts import continues_line, deferred_notice, due_line, kind_words, notice_of
from dialogs.officer.assisted import alone_lines, assisted_lines, may_confirm
from dialogs.officer.desk import (
    holder_words,
    holding_effects,
    holding_options,
    holding_way,
    left_words,
    take_back,
    waits_above,
)
from dialogs.officer.digest import joined
from dialogs.officer.findings import finding_lines, paper_words
from dialogs.officer.own_words import EDIT, before, own_words, to_file
from dialogs.officer.reports import AUDIT, may_audit
from dialogs.officer.rights import case_of, decidable, is_officer, visible
from dialogs.officer.told import told_lines
from dialogs.officer.words import decided_meanwhile, in_other_hands, last_decision, title, who_and_when
from dialogs.producer.action_words import action_words
from dialogs.producer.check_status import (
    item_words,
    reason_line,
    reason_words,
    result_lines,
    status_words,
)
from dialogs.producer.paper_words import meter
from dialogs.producer.papers import completeness
from dialogs.producer.place import place_name
from dialogs.producer.register_idea import IDEA_ASKS, answer_lines, as_filed
from dialogs.producer.upload import kept_paper, not_handed_in, papers_of
from dialogs.rules.lifecycle import is_dossier
from dialogs.rules.ruleset import Paper
from dialogs.words import YES

HIDDEN = {"phone", "contact_name", "product", "producer_kind", "producer_name", "location"}
"""Left out of a case's answers: what is shown only when asked for, and what its first lines say already."""
UNDO_MINUTES = 10


# ---------------------------------------------------------------- one case


def card(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    return (
        title(case),
        _who(case),
        _where(case),
        Text(N_("Status: %(status)s"), {"status": status_words(case)}),
        _how_much(case, facts),
        *_time_left(case),
        *_holder(case),
        *assisted_lines(case),
        *_continues(case, facts),
        *told_lines(case, facts),
        *_changes(case, facts),
        *_waiting_for(case),
        *check.half_done(case),
        *finding_lines(case),
        *answer_lines({k: v for k, v in as_filed(case).items() if k not in HIDDEN}, facts),
        *_papers(case),
        *assess.how_far(case),
        *result_lines(case),
    )


def _who(case: CaseFacts) -> Text:
    return Text(N_("%(by)s · %(kind)s"), {"by": case.by, "kind": kind_words(case)})


def _where(case: CaseFacts) -> Text:
    village = case.answers.get("location", "")
    place = place_name(case.commune)
    if not village:
        return Text("%(place)s", {"place": place})
    return Text(N_("📍 %(village)s, %(place)s"), {"village": village, "place": place})


def _how_much(case: CaseFacts, facts: Facts) -> Text:
    """ "9/9 answers, 4/5 required papers": those asked of this product and this maker."""
    filed = as_filed(case)
    asked = [a for a in IDEA_ASKS if a.title and not a.optional and (a.when is None or a.when(filed, facts))]
    required = completeness(case, handed_in=True).required
    return Text(
        N_("%(given)s/%(asked)s answers, %(there)s/%(required)s required papers"),
        {
            "given": sum(bool(filed.get(a.name)) for a in asked),
            "asked": len(asked),
            "there": required.here,
            "required": required.total,
        },
    )


def _time_left(case: CaseFacts) -> tuple[Text, ...]:
    """The last day, and the working time that is left of it or gone since; without one since when it waits."""
    if (above := waits_above(case.status, case.since)) is not None and case.due_on is None:
        return (Text(N_("⏰ It waits: %(above)s."), {"above": above}),)
    if case.minutes_left is None or case.due_on is None:
        return due_line(case)
    values: dict[str, Value] = {"day": case.due_on, "left": left_words(case.minutes_left)}
    return (Text(N_("⏰ Due: %(day)s, %(left)s."), values),)


def _holder(case: CaseFacts) -> tuple[Text, ...]:
    if case.held_by_me:
        return (Text(N_("You have taken it.")),)
    return (Text(N_("%(name)s has taken it."), {"name": holder_words(case.holder)}),) if case.holder else ()


def _changes(case: CaseFacts, facts: Facts) -> tuple[Text, ...]:
    """What came anew, beside what was."""
    lines = tuple(_change(case, change, facts) for change in case.changes if not _private(change))
    if not case.resubmitted:
        return (Text(N_("Answered so far:")), *lines) if lines else ()
    return (Text(N_("Sent again. What is new:")), *lines) if lines else (Text(N_("Sent again.")),)


def _continues(case: CaseFacts, facts: Facts) -> tuple[Text, ...]:
    """Which case this one renews, what is new since, and which of its papers are the old ones."""
    former = case.continues
    if former is None:
        return ()
    head = continues_line(case)
    until = former.certificate_until
    if until is not None:
        values: dict[str, Value] = {"line": head[0], "stars": former.stars, "day": until}
        head = (Text(N_("%(line)s (%(stars)s stars, certificate until %(day)s)."), values),)
    lines = tuple(_change(case, change, facts) for change in former.changes if not _private(change))
    new = (Text(N_("New since then:")), *lines) if lines else (Text(N_("The answers are the same as then.")),)
    names = [Text("%(paper)s", {"paper": paper_words(case, paper)}) for paper in former.carried]
    old = (Text(N_("Papers taken over from then: %(papers)s."), {"papers": joined(names)}),) if names else ()
    return (*head, *new, *old)


def _private(change: Change) -> bool:
    return change.item.partition(":")[2] in check.PRIVATE


def _change(case: CaseFacts, change: Change, facts: Facts) -> Text:
    kind, _, item = change.item.partition(":")
    if kind == "reply":
        words: dict[str, Value] = {
            "item": item_words(case, item),
            "question": reason_words(change.before),
            "answer": reason_words(change.after),
        }
        return Text(N_("• %(item)s, asked: “%(question)s”, answered: “%(answer)s”"), words)
    values: dict[str, Value] = {"item": item_words(case, change.item)}
    if kind == "paper":
        values["item"] = paper_words(case, item)  # the signed sheet as well, which is in no ruleset
        values |= {"before": _version(change.before), "after": _version(change.after)}
    else:
        values |= {
            "before": check.shown(change.item, change.before, case, facts),
            "after": check.shown(change.item, change.after, case, facts),
        }
    return Text(N_("• %(item)s: %(after)s (before: %(before)s)"), values)


def _version(described: str) -> Text:
    """ "2/3": version 2 with 3 pages."""
    version, _, pages = described.partition("/")
    if not version:
        return Text(N_("nothing"))
    values: dict[str, Value] = {"version": int(version), "count": int(pages)}
    return Text(N_("version %(version)s, %(count)s page"), values, N_("version %(version)s, %(count)s pages"))


def _waiting_for(case: CaseFacts) -> tuple[Text, ...]:
    """What the producer still has to answer."""
    if not case.returned:
        return ()
    return (Text(N_("The producer still has to answer:")), *(reason_line(case, item) for item in case.returned))


def _lacking(case: CaseFacts) -> tuple[Paper, ...]:
    """Required papers that were not handed in, once they are what is decided on."""
    return () if case.status.startswith("idea") else not_handed_in(case)


def _papers(case: CaseFacts) -> tuple[Text, ...]:
    """What was handed in and what is required; of a dossier, which has many, how many count and which are missing."""
    sent = [p for p in papers_of(case) if (kept := kept_paper(case, p.id)) is not None and kept.sent]
    lacking = _lacking(case)
    if not is_dossier(case.status) or case.result is not None:
        here = tuple(Text(N_("• %(paper)s: here"), {"paper": p.label}) for p in sent)
        needed_ones = tuple(Text(N_("• %(paper)s: needed"), {"paper": p.label}) for p in lacking)
        return (Text(N_("Papers:")), *here, *needed_ones) if here or needed_ones else ()
    complete = completeness(case, handed_in=True)
    return (
        meter(complete),
        *_named(N_("• Needed: %(papers)s"), lacking),
        *_named(N_("• Better to have: %(papers)s"), [p for p in complete.lacking if p not in lacking]),
        *_named(N_("• Also here: %(papers)s"), [p for p in sent if p not in complete.papers]),
    )


def _named(words: str, papers: Sequence[Paper]) -> tuple[Text, ...]:
    if not papers:
        return ()
    return (Text(words, {"papers": joined([Text("%(paper)s", {"paper": p.label}) for p in papers])}),)


# ---------------------------------------------------------------- what can be done

_CHECK = Option("check", Text(N_("Item by item")), ("xem từng mục", "từng mục", "item by item"))
_LABELS = {
    "accept": check.ACCEPT,
    "return": Option("return", Text(N_("Return")), ("trả lại", "return")),
    "defer": Option("defer", Text(N_("Not this year")), ("để năm sau", "not this year")),
}
_PAPERS = Option("papers", Text(N_("See the papers")), ("xem giấy tờ", "papers"))
_NOTE = Option("note", Text(N_("Write to the producer")), ("nhắn bà con", "note"))
_FOR_PRODUCER = Option("for_producer", Text(N_("Act for the producer")), ("làm hộ", "act for the producer"))
"""In the place of `_NOTE`, where the producer has no chat that a note could come to."""
_MORE = Option("other", Text(N_("Other things")), ("việc khác", "other"))
_DESK = Option("desk", Text(N_("My desk")), ("bàn làm việc", "desk"))


def card_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """The likely things, at most nine: a longer list would be shown in parts.

    The others are behind `_MORE`, and understood here as well.
    """
    case = case_of(answers, facts)
    undo = (take_back(case.code, "undo"),) if _undoable(case, facts) else ()
    likely = (
        *(() if in_other_hands(case) else _decisions(case)),
        *((_PAPERS,) if _has_files(case) else ()),
        *((_REPORT,) if "forward" in case.may and assess.has_report(case) else ()),
        *(option for option in holding_options(case) if option.value == "take"),
        _FOR_PRODUCER if case.for_producer else _NOTE,
    )
    shown = (*likely[: _MOST_LIKELY - len(undo)], _MORE, _DESK, *undo)
    values = {option.value for option in shown}
    return (*shown, *(replace(o, hidden=True) for o in more_options(answers, facts) if o.value not in values))


_MOST_LIKELY = 7


_ACCEPTING = frozenset(map(fold, ("chấp nhận", "chấp nhận luôn", "nhận", "nhận luôn", "đồng ý", "accept")))
NOT_CONFIRMED = Text(
    N_("The producer has not confirmed it yet, so it can't be accepted. How to confirm is under “Other things”.")
)


def not_yet(words: str, answers: Answers, facts: Facts) -> Text | None:
    """To who wants to accept what its producer has not confirmed: there is no such button."""
    return NOT_CONFIRMED if fold(words) in _ACCEPTING and _only_unconfirmed(answers, facts) else None


def _only_unconfirmed(answers: Answers, facts: Facts) -> bool:
    """Whether it could be accepted here but for the producer's confirmation."""
    case = case_of(answers, facts)
    return case.assisted == "waiting" and "return" in case.may and not in_other_hands(case)


def _decisions(case: CaseFacts) -> tuple[Option, ...]:
    own = decide.options(case)
    mine = (_LABELS[action] for action in case.may if action in _LABELS and action not in {o.value for o in own})
    part = (assess.ASSESS_IT,) if assess.may_assess(case) else ()
    return (*((_CHECK,) if "return" in case.may else ()), *part, *own, *mine)


def _undoable(case: CaseFacts, facts: Facts) -> bool:
    return case.undo is not None and facts.now <= case.undo.until


def _has_files(case: CaseFacts) -> bool:
    return any(paper.sent for paper in case.papers)


def onward(value: str, answers: Answers, facts: Facts) -> Go:
    case = case_of(answers, facts)
    if (way := decide.way(case, value)) is not None:
        return way
    match value:
        case "undo":
            return Go(f"undo.{case.code}")
        case "other":
            return Go(f"review_more.{case.code}")
        case "check":
            return check.begin(case, facts)
        case "return":
            return check.choose(case)
        case "assess":
            return assess.begin(case)
        case "accept":
            return check.accept(case)
        case "defer":
            return Go(f"defer.{case.code}", {"_status": case.status})
        case "desk":
            return Go("desk")
    return more_onward(value, answers, facts)


def shown(answers: Answers, facts: Facts) -> Effects:
    case = case_of(answers, facts)
    if answers["next"] != "papers":
        return more_shown(answers, facts)
    return (SendMessage((Text(N_("Here are the papers.")),)), SendPapers(case.code, look="sheet"))


def _own(answers: Answers, facts: Facts) -> bool:
    case = facts.case(answers["subject"])
    return case is not None and case.own


def not_own(answers: Answers, facts: Facts) -> bool:
    return not _own(answers, facts)


REVIEW = Dialog(
    "review",
    allowed=lambda answers, facts: visible(answers, facts) or (is_officer(answers, facts) and _own(answers, facts)),
    linked=True,
    up="desk",
    steps=(
        Ask(
            "own",
            N_("This file is your own, so somebody else decides on it."),
            one_of((Option("open", Text(N_("Open my file")), ("mở hồ sơ", "open")), _DESK)),
            when=_own,
            goto=lambda value, answers, facts: Go("desk" if value == "desk" else f"case.{answers['subject']}"),
        ),
        Ask("next", card, one_of(card_options), when=not_own, then=shown, goto=onward, not_now=not_yet),
    ),
)

REVIEW_ON = Dialog(
    "review_on",
    allowed=visible,
    up="desk",
    steps=(
        Ask(
            "next",
            lambda answers, facts: (title(case_of(answers, facts)), Text(N_("What would you like to do?"))),
            one_of(card_options),
            then=shown,
            goto=onward,
            not_now=not_yet,
        ),
    ),
)
"""The same choices after something of the case was shown, without the whole card again."""


# ---------------------------------------------------------------- what is rarely wanted


def more_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case = case_of(answers, facts)
    return (
        *holding_options(case),
        *((_CONFIRMATION,) if may_confirm(answers, facts) else ()),
        *((_FOR_PRODUCER,) if case.for_producer else ()),
        _NOTE,
        *_ON_CASE,
        *((AUDIT,) if may_audit(case, facts.person) else ()),
        *((_PART,) if case.assessment else ()),
        *((_REPORT,) if assess.has_report(case) else ()),
        *(_OF_FILES if _has_files(case) else ()),
        Option("file", Text(N_("Back to the file")), ("về hồ sơ", "back to the file")),
    )


_PART = Option("part", Text(N_("What the commune found")), ("xã chấm gì", "commune's findings"))
_REPORT = Option(
    "report", Text(N_("Report and dossier")), ("báo cáo của xã", "lập báo cáo", "mẫu 03", "bộ hồ sơ", "report")
)
_CONFIRMATION = Option("assisted", Text(N_("The confirmation")), ("xác nhận", "phiếu xác nhận", "confirmation"))
_ON_CASE = (
    Option("phone", Text(N_("Show the number")), ("số điện thoại", "xin số điện thoại", "phone")),
    Option("history", Text(N_("What happened so far")), ("lịch sử", "history")),
    Option("thread", Text(N_("Messages so far")), ("tin nhắn", "messages")),
)
_OF_FILES = (
    Option("pdf", Text(N_("Papers as files")), ("tải pdf", "tải giấy tờ", "files")),
    Option("paper_date", Text(N_("Last day of a paper")), ("ghi ngày hết hạn", "last day")),
)


def more_shown(answers: Answers, facts: Facts) -> Effects:
    case = case_of(answers, facts)
    match answers["next"]:
        case "phone":
            return (RevealPhone(case.code),)
        case "history":
            return (SendMessage(who_and_when(case)),)
        case "audit":
            return (ExportAudit(case.code),)
        case "part":
            return (SendMessage(assess.lines(case)),)
        case "report":
            return (MakeReport(case.code),)
        case "pdf":
            return (SendMessage((Text(N_("Here are the papers.")),)), SendPapers(case.code))
    return holding_effects(answers["next"], case.code)


def more_onward(value: str, answers: Answers, facts: Facts) -> Go:
    targets = {
        "note": "note",
        "assisted": "assisted",
        "for_producer": "case",
        "thread": "thread",
        "paper_date": "paper_date",
        "file": "review",
    }
    way = holding_way(value, answers["subject"])
    return way or Go(f"{targets.get(value, 'review_on')}.{answers['subject']}")


MORE = Dialog(
    "review_more",
    allowed=visible,
    up="review.{subject}",
    steps=(
        Ask(
            "next",
            lambda answers, facts: (title(case_of(answers, facts)), Text(N_("What would you like to do?"))),
            one_of(more_options),
            then=more_shown,
            goto=more_onward,
        ),
    ),
)


# ---------------------------------------------------------------- accept, put off


def accept_words(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    head = Text(N_("Accept %(code)s “%(product)s”? The producer reads:"), {"code": case.code, "product": case.product})
    lacking = tuple(Text(N_("• %(paper)s: needed"), {"paper": p.label}) for p in _lacking(case))
    warning = (Text(N_("These required papers are still missing:")), *lacking) if lacking else ()
    return (*warning, *_open_marks(case), *alone_lines(case), head, *notice_of(case, "accept"))


def _open_marks(case: CaseFacts) -> tuple[Text, ...]:
    """What was noted for the producer is not sent when the case is accepted."""
    if not check.to_send(case.marks):
        return ()
    lines = tuple(_noted(case, mark) for mark in check.to_send(case.marks))
    return (Text(N_("Something is noted to return or to ask; it is not sent:")), *lines)


def _noted(case: CaseFacts, mark: Mark) -> Text:
    item = item_words(case, mark.item)
    if not mark.by:
        return Text("• %(item)s", {"item": item})
    return Text(N_("• %(item)s, noted by %(by)s"), {"item": item, "by": holder_words(mark.by)})


def accepted(answers: Answers, facts: Facts) -> Effects:
    if answers["confirm"] != "accept":
        return ()
    return (DecideCase(answers["subject"], "accept", status=answers.get("_status", "")),)


def after_decision(value: str, answers: Answers, facts: Facts) -> Go:
    return Go("desk" if value in ("accept", "send") else f"review.{answers['subject']}")


NOT_YET = Option("back", Text(N_("Don't accept yet")), ("chưa", "not yet"))
DONT_SEND = Option("back", Text(N_("Don't send yet")), ("chưa", "chưa gửi", "not yet"))


def as_asked(action: str, answers: Answers, facts: Facts) -> bool:
    """Whether the case is still what was asked about: an old button must not decide on a later status."""
    case = case_of(answers, facts)
    same = answers.get("_status", case.status) == case.status
    return decidable(answers, facts) and action in case.may and same and not in_other_hands(case)


def decision(name: str, *asks: Ask) -> Dialog:
    """Questions that stand as long as the case waits; whoever comes second is told how it was decided."""
    moved_on = Ask(
        "moved_on",
        lambda answers, facts: decided_meanwhile(case_of(answers, facts)),
        one_of((Option("open", Text(N_("Open the file")), ("mở hồ sơ", "open")), _DESK)),
        when=lambda answers, facts: not as_asked(name, answers, facts),
        goto=lambda value, answers, facts: Go("desk" if value == "desk" else f"review.{answers['subject']}"),
    )
    still = tuple(replace(ask, when=lambda answers, facts: as_asked(name, answers, facts)) for ask in asks)
    return Dialog(name, allowed=visible, up="review.{subject}", steps=(moved_on, *still))


ACCEPT = decision(
    "accept",
    Ask(
        "confirm",
        accept_words,
        one_of((Option("accept", Text(N_("Accept it")), ("nhận", "accept", *YES)), NOT_YET)),
        then=accepted,
        confirms=True,
        goto=after_decision,
    ),
)


def defer_words(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    why = Text(N_("Why does “%(product)s” have to wait? The producer reads your words."), {"product": case.product})
    return (*before(answers.get("reason", "")), why)


def deferred(answers: Answers, facts: Facts) -> Effects:
    if answers["confirm"] != "send":
        return ()
    return (DecideCase(answers["subject"], "defer", "all", answers["reason"], answers.get("_status", "")),)


def defer_preview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (Text(N_("The producer reads this:")), *deferred_notice(case_of(answers, facts), answers["reason"]))


def after_deferral(value: str, answers: Answers, facts: Facts) -> Go:
    if value == EDIT.value:
        return Go(f"defer.{answers['subject']}/reason")
    return after_decision(value, answers, facts)


SEND = Option("send", Text(N_("Send")), ("gửi", "send"))

DEFER = decision(
    "defer",
    Ask("reason", defer_words, own_words(max_chars=600, min_chars=5), verbatim=True, goto=to_file),
    Ask("confirm", defer_preview, one_of((SEND, EDIT, DONT_SEND)), then=deferred, goto=after_deferral, confirms=True),
)


# ---------------------------------------------------------------- take a decision back


def undo_words(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    words = action_words(case.undo.action, case.undo.from_status) if case.undo is not None else ""
    return (
        Text(
            N_("Take back “%(action)s” of %(code)s “%(product)s”?"),
            {"action": words, "code": case.code, "product": case.product},
        ),
        Text(N_("Whoever has read of it already is told that it does not count.")),
    )


def undo_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """The decision's number is part of the button: an old one takes back no later decision."""
    case = case_of(answers, facts)
    number = case.undo.number if case.undo is not None else 0
    return (
        Option(f"undo{number}", Text(N_("Take it back now")), ("rút lại luôn", "rút lại", "hoàn tác", "take it back")),
        _LEAVE,
    )


_LEAVE = Option("leave", Text(N_("Leave it as it is")), ("để nguyên", "leave it"))


def taken_back(answers: Answers, facts: Facts) -> Effects:
    number = answers["confirm"].removeprefix("undo")
    return (UndoDecision(answers["subject"], int(number)),) if number.isdigit() else ()


def too_late(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """Why nothing is taken back any more, and how the case stands."""
    case = case_of(answers, facts)
    line = last_decision(case)
    minutes = (facts.now - line.happened_at).total_seconds() / 60 if line is not None else 0
    why = Text(N_("Something has happened to this file since, so I can't take that back any more."))
    if line is not None and line.action != "undo" and minutes > UNDO_MINUTES:
        why = Text(N_("That is more than ten minutes ago, so I can't take it back any more."))
    return (why, Text(N_("Status: %(status)s"), {"status": status_words(case)}))


UNDO = Dialog(
    "undo",
    allowed=visible,
    linked=True,
    up="review.{subject}",
    steps=(
        Ask(
            "confirm",
            undo_words,
            one_of(undo_options),
            when=lambda answers, facts: _undoable(case_of(answers, facts), facts),
            then=taken_back,
            confirms=True,
            goto=lambda value, answers, facts: Go(f"review.{answers['subject']}"),
        ),
        Ask(
            "too_late",
            too_late,
            one_of((Option("open", Text(N_("Open the file")), ("mở hồ sơ", "open")), _DESK)),
            when=lambda answers, facts: not _undoable(case_of(answers, facts), facts),
            goto=lambda value, answers, facts: Go("desk" if value == "desk" else f"review.{answers['subject']}"),
        ),
    ),
)

UNDO_OVER = Dialog(
    "undo_over",
    allowed=is_officer,
    up="desk",
    steps=(
        Ask(
            "next",
            N_("There is nothing I can take back now: that works for ten minutes, while nothing else has happened."),
            one_of((_DESK,)),
            goto={"desk": "desk"},
        ),
    ),
)

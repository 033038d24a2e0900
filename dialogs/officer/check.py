"""Item by item: each paper and each answer is accepted, returned or asked about; then all of it goes out at once.

Nothing goes out before the summary is confirmed. The verdicts are kept with the case, so whoever opens it next goes
on where this officer stopped. Which of the questions below stands is `_do` of the draft; `_status` is what the case
was when this began.
"""

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dialogs.answers import ALBUM_PAUSE_S, CHOOSE, DONE, one_of, text
from dialogs.engine import said
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    CaseFacts,
    Condition,
    Dialog,
    Effects,
    Event,
    Facts,
    FileReceived,
    Go,
    InvalidAnswer,
    KeepFile,
    Mark,
    MarkItem,
    Option,
    OptionChosen,
    PreviewReview,
    Sayable,
    SendMessage,
    SendPapers,
    SendReview,
    StartTimer,
    Text,
    TextReceived,
    Value,
)
from dialogs.officer import decide
from dialogs.officer.desk import holder_words
from dialogs.officer.own_words import EXIT, TO_FILE, to_file
from dialogs.officer.rights import case_of, visible
from dialogs.officer.words import decided_meanwhile, in_other_hands
from dialogs.producer.check_status import REASONS, item_words, reason_words
from dialogs.producer.register_idea import IDEA_ASKS, as_filed
from dialogs.producer.upload import kept_paper, papers_of
from dialogs.rules.ruleset import WITH_THE_PLAN

MOST_FILES = 3
PRIVATE = {"phone", "contact_name"}
"""Answers that are shown only when asked for; they can be returned all the same."""
PHOTOS = "answer:photos"


# ---------------------------------------------------------------- items


def sent_papers(case: CaseFacts) -> tuple[str, ...]:
    """Papers of the stage that were handed in."""
    found = ((p.id, kept_paper(case, p.id)) for p in papers_of(case))
    return tuple(f"paper:{paper_id}" for paper_id, kept in found if kept is not None and kept.sent)


def given_answers(case: CaseFacts, facts: Facts) -> tuple[str, ...]:
    """Answers that say something, in the order of the questions."""
    answers = as_filed(case)
    return tuple(
        f"answer:{ask.name}"
        for ask in IDEA_ASKS
        if ask.title and answers.get(ask.name) and (ask.when is None or ask.when(answers, facts))
    )


def items(case: CaseFacts, facts: Facts) -> tuple[str, ...]:
    """What is gone through: the papers that were sent, then the answers.

    Answers were accepted with the idea; later only those are looked at again that have changed or are marked.
    """
    answers = tuple(i for i in given_answers(case, facts) if i.removeprefix("answer:") not in PRIVATE)
    if not case.status.startswith("idea"):
        touched = {change.item for change in case.changes} | {mark.item for mark in case.marks}
        answers = tuple(item for item in answers if item in touched)
    return (*sent_papers(case), *answers)


def returnable(case: CaseFacts, facts: Facts) -> tuple[str, ...]:
    """What one may return without going through all: every item, and the whole."""
    answers = given_answers(case, facts)
    if case.status.startswith("idea"):
        return ("all", *answers, *sent_papers(case))
    return (*sent_papers(case), "all", *answers)


def lacking(case: CaseFacts) -> tuple[str, ...]:
    """What could have been given and was not: answers that were left out, and past the idea papers of the stage."""
    here = {*sent_papers(case), *(f"answer:{name}" for name, value in case.answers.items() if value)}
    papers = [] if case.status.startswith("idea") else [f"paper:{paper.id}" for paper in papers_of(case)]
    answers = (f"answer:{ask.name}" for ask in IDEA_ASKS if ask.title and ask.optional)
    return tuple(item for item in (*papers, *answers) if item not in here)


def marked(marks: Iterable[Mark]) -> Mapping[str, Mark]:
    return {mark.item: mark for mark in marks}


def with_marks(marks: Sequence[Mark], *new: Mark) -> tuple[Mark, ...]:
    """Marks as they are once these are noted; one without a verdict takes the mark away."""
    items_ = {mark.item for mark in new}
    return (*(mark for mark in marks if mark.item not in items_), *(mark for mark in new if mark.verdict))


def seen(marks: Iterable[Mark]) -> str:
    """A short name of exactly these marks, whoever made them."""
    parts = sorted((mark.item, mark.verdict, mark.reason, mark.files) for mark in marks)
    return f"{zlib.crc32(repr(parts).encode()):x}"


def half_done(case: CaseFacts) -> tuple[Text, ...]:
    """On the card, as long as somebody may go on with it."""
    if not case.marks or "return" not in case.may:
        return ()
    return (Text(N_("The review is begun and not sent yet: %(parts)s."), {"parts": _counted(case.marks)}),)


def to_send(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """What the producer has to do something about: first what is returned, then what is asked."""
    wanted = [mark for mark in marks if mark.verdict in ("return", "ask")]
    return tuple(sorted(wanted, key=lambda mark: (mark.verdict != "return", mark.item.startswith("answer:"))))


# ---------------------------------------------------------------- ways


ACCEPT = Option("accept", Text(N_("Accept")), ("đồng ý", "duyệt", "accept"))


def accepting(case: CaseFacts) -> Option:
    """What accepting means where the case stands: a dossier is passed on, or taken up."""
    return next((option for option in decide.options(case) if option.value == ACCEPT.value), ACCEPT)


def accept(case: CaseFacts) -> Go:
    """To the question whether to; what its answer does, and what the producer reads, stand there."""
    return decide.way(case, ACCEPT.value) or Go(f"accept.{case.code}", {"_status": case.status})


def begin(case: CaseFacts, facts: Facts) -> Go:
    """At the first item without a verdict; with all of them judged, at the summary."""
    draft = {"_status": case.status, "_way": "walk", "_last": "", "_single": ""}
    return _told(case, _onward(case, facts, case.marks, "", draft))


def choose(case: CaseFacts) -> Go:
    """To the items that may be returned, without going through all."""
    draft = {"_status": case.status, "_way": "pick", "_last": "", "_single": "", "_do": "list", "_verdict": "return"}
    return _told(case, Go(f"check.{case.code}", draft))


def _told(case: CaseFacts, go: Go) -> Go:
    """Whoever begins reads first what colleagues have noted; the summary says it by itself."""
    lines = by_others(case)
    if not lines or go.answers.get("_do") == "summary":
        return go
    return replace(go, effects=(SendMessage(lines), *go.effects))


def by_others(case: CaseFacts) -> tuple[Text, ...]:
    """A line for each colleague: what goes back or is asked by name, what is in order by number."""
    names = dict.fromkeys(mark.by for mark in case.marks if mark.by)
    return tuple(_by_one(case, name, [mark for mark in case.marks if mark.by == name]) for name in names)


def _by_one(case: CaseFacts, name: str, marks: Sequence[Mark]) -> Text:
    named = [_named_mark(case, mark) for mark in to_send(marks)]
    accepted = len(marks) - len(named)
    parts = [*named, *((Text(_COUNTS["accept"], {"count": accepted}),) if accepted else ())]
    return Text(N_("%(by)s has noted: %(marks)s"), {"by": holder_words(name), "marks": _joined(parts)})


def _named_mark(case: CaseFacts, mark: Mark) -> Text:
    values: dict[str, Value] = {"item": item_words(case, mark.item), "mark": Text(_MARK_WORDS[mark.verdict])}
    return Text(N_("%(item)s (%(mark)s)"), values)


def _to(case: CaseFacts, do: str, **draft: str) -> Go:
    return Go(f"check.{case.code}", {"_do": do, **draft})


def _look_at(case: CaseFacts, item: str, draft: Mapping[str, str]) -> Go:
    """An item with its pages as pictures."""
    return Go(f"check.{case.code}", {**draft, "_do": "item", "_item": item}, effects=_pictures(case, item))


def _pictures(case: CaseFacts, item: str) -> Effects:
    kind, _, name = item.partition(":")
    paper = "product" if item == PHOTOS else name if kind == "paper" else ""
    return (SendPapers(case.code, paper, look="pages"),) if paper and kept_paper(case, paper) is not None else ()


def _onward(case: CaseFacts, facts: Facts, marks: Sequence[Mark], after: str, draft: Mapping[str, str]) -> Go:
    """The next item without a verdict, behind `after` and then from the beginning; the summary when there is none."""
    known, all_items = marked(marks), items(case, facts)
    place = all_items.index(after) + 1 if after in all_items else 0
    left = next((item for item in (*all_items[place:], *all_items) if item not in known), "")
    return _look_at(case, left, draft) if left else _to_summary(case, marks, draft)


def _judged(
    case: CaseFacts, facts: Facts, answers: Answers, marks: Sequence[Mark], item: str, last: str | None = None
) -> Go:
    """After a verdict: on to the next item, or to the summary where one item was picked out."""
    draft = {"_last": item if last is None else last, "_single": ""}
    if answers.get("_way") == "pick" or answers.get("_single"):
        return _to_summary(case, marks, draft)
    return _onward(case, facts, marks, item, draft)


def _to_summary(case: CaseFacts, marks: Sequence[Mark], draft: Mapping[str, str]) -> Go:
    preview = (PreviewReview(case.code),) if to_send(marks) else ()
    return Go(f"check.{case.code}", {**draft, "_do": "summary", "_seen": seen(marks)}, effects=preview)


def _open(answers: Answers, facts: Facts) -> bool:
    """Whether this officer may still return the case, and it stands where it stood when this began."""
    case = case_of(answers, facts)
    same = answers.get("_status", case.status) == case.status
    return "return" in case.may and same and not in_other_hands(case)


def _at(do: str, *more: Condition) -> Condition:
    return lambda answers, facts: (
        _open(answers, facts) and answers.get("_do") == do and all(condition(answers, facts) for condition in more)
    )


def _here(answers: Answers, facts: Facts) -> tuple[CaseFacts, str]:
    """The case and the item that is looked at."""
    return case_of(answers, facts), answers.get("_item", "")


# ---------------------------------------------------------------- one item


def item_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case, item = _here(answers, facts)
    all_items = items(case, facts)
    number = all_items.index(item) + 1 if item in all_items else 0
    values: dict[str, Value] = {"number": number, "total": len(all_items), "item": _with_pages(case, item)}
    head = Text(N_("Item %(number)s/%(total)s – %(item)s"), values) if number else Text("%(item)s", values)
    return (head, *_answer(case, item, facts), *_noted(case, item))


def _with_pages(case: CaseFacts, item: str) -> Text | str:
    paper = kept_paper(case, item.removeprefix("paper:")) if item.startswith("paper:") else None
    words = item_words(case, item)
    if paper is None:
        return words
    values: dict[str, Value] = {"item": words, "count": paper.pages}
    return Text(N_("%(item)s (%(count)s page)"), values, N_("%(item)s (%(count)s pages)"))


def shown(item: str, value: str, case: CaseFacts, facts: Facts) -> Text | str:
    """A stored answer in words; "" as "nothing"."""
    name = item.removeprefix("answer:")
    ask = next((ask for ask in IDEA_ASKS if ask.name == name), None)
    if ask is None or not value:
        return value or Text(N_("nothing"))
    return said(ask.accept.show(value, {**as_filed(case), name: value}, facts))


def _answer(case: CaseFacts, item: str, facts: Facts) -> tuple[Text, ...]:
    if not item.startswith("answer:"):
        return ()
    words = shown(item, case.answers.get(item.removeprefix("answer:"), ""), case, facts)
    before = next((change.before for change in case.changes if change.item == item), None)
    old = (Text(N_("Before: “%(answer)s”"), {"answer": shown(item, before, case, facts)}),) if before else ()
    return (Text("“%(answer)s”", {"answer": words}), *old)


def _noted(case: CaseFacts, item: str) -> tuple[Text, ...]:
    mark = marked(case.marks).get(item)
    if mark is None:
        return ()
    if mark.by:
        return (Text(N_("Noted so far by %(by)s: %(mark)s"), {"by": holder_words(mark.by), "mark": mark_words(mark)}),)
    return (Text(N_("Noted so far: %(mark)s"), {"mark": mark_words(mark)}),)


_MARK_WORDS = {"accept": N_("in order"), "return": N_("return"), "ask": N_("ask")}


def mark_words(mark: Mark) -> Text:
    verdict = Text(_MARK_WORDS[mark.verdict])
    if mark.verdict == "accept":
        return verdict
    return Text(N_("%(verdict)s: “%(reason)s”"), {"verdict": verdict, "reason": reason_words(mark.reason)})


_ACCEPT = Option("accept", Text(N_("In order")), ("đạt", "in order", "ok"))
_RETURN = Option("return", Text(N_("Return")), ("trả lại", "return"))
_ASK = Option("ask", Text(N_("Ask")), ("hỏi thêm", "hỏi", "ask"))
_EARLIER = Option("earlier", Text(N_("The one before")), ("mục trước", "the one before"))
_REST = Option("rest", Text(N_("All the rest in order")), ("đạt hết", "đạt hết phần còn lại", "all the rest"))
_UNDO = Option("undo", Text(N_("Undo")), ("hoàn tác", "undo"))
_SUMMARY = Option("summary", Text(N_("Summary")), ("tóm tắt", "summary"))
_FILE = Option("file", Text(N_("Back to the file")), ("về hồ sơ", "back to the file"))


def item_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case, item = _here(answers, facts)
    all_items, known = items(case, facts), marked(case.marks)
    left = [other for other in all_items if other not in known]
    return (
        _ACCEPT,
        _RETURN,
        _ASK,
        *((_REST,) if len(left) > 1 else ()),
        *((_UNDO,) if answers.get("_last") else ()),
        *((_EARLIER,) if item in all_items[1:] else ()),
        *((_SUMMARY,) if case.marks else ()),
        _FILE,
    )


def item_judged(answers: Answers, facts: Facts) -> Effects:
    case, item = _here(answers, facts)
    match answers["item"]:
        case "accept":
            return (MarkItem(case.code, item, "accept"),)
        case "rest":
            return tuple(MarkItem(case.code, other, "accept") for other in _unjudged(case, facts))
        case "undo":
            return tuple(MarkItem(case.code, other, "") for other in _last(answers))
    return ()


def _unjudged(case: CaseFacts, facts: Facts) -> list[str]:
    known = marked(case.marks)
    return [item for item in items(case, facts) if item not in known]


def _last(answers: Answers) -> list[str]:
    return [item for item in answers.get("_last", "").split(",") if item]


def after_item(value: str, answers: Answers, facts: Facts) -> Go:
    case, item = _here(answers, facts)
    match value:
        case "accept":
            return _judged(case, facts, answers, with_marks(case.marks, Mark(item, "accept")), item)
        case "rest":
            rest = _unjudged(case, facts)
            marks = with_marks(case.marks, *(Mark(other, "accept") for other in rest))
            return _judged(case, facts, answers, marks, item, ",".join(rest))
        case "undo":
            return _look_at(case, _last(answers)[0], {"_last": ""})
        case "earlier":
            all_items = items(case, facts)
            return _look_at(case, all_items[all_items.index(item) - 1], {"_last": ""})
        case "summary":
            return _to_summary(case, case.marks, {})
        case "file":
            return Go(f"review.{case.code}")
    return _to(case, "reason", _verdict=value)


# ---------------------------------------------------------------- the reason


def templates(item: str, facts: Facts) -> tuple[Option, ...]:
    """Ready words for an item: its own, then those for its kind; each once. A plan's paper has the dossier's words."""
    item = item.replace(f"paper:{WITH_THE_PLAN}", "paper:")
    kind = item.partition(":")[0]
    fitting = [t for t in facts.templates if t.item == item] + [t for t in facts.templates if t.item == kind != item]
    words = {template.text: template for template in reversed(fitting)}
    typed = {option.value: option.typed for option in REASONS}
    return tuple(Option(f"t{t.id}", reason_words(t.text), typed.get(t.text, ())) for t in reversed(words.values()))


@dataclass(frozen=True, slots=True)
class why:
    """A reason: ready words, own words, a marked photo or a voice note. Stored as "<file ids>|<words>"."""

    takes: str = "text"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        done = (Option(DONE, Text(N_("That is all")), ("xong", "đủ rồi", "done")),) if partial else ()
        ready = templates(answers.get("_item", ""), facts) if answers.get("_verdict") == "return" else ()
        return (*done, *ready, TO_FILE)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, FileReceived):
            return self._with_file(event, partial)
        if isinstance(event, TextReceived):
            return Answer(f"{partial}|{self._in_words(event, answers, facts)}")
        if isinstance(event, OptionChosen) and event.value == EXIT:
            return Answer(EXIT)
        if isinstance(event, OptionChosen) and event.value == DONE and partial:
            return Answer(f"{partial}|")
        chosen = event.value if isinstance(event, OptionChosen) else ""
        template = next((t for t in facts.templates if f"t{t.id}" == chosen), None)
        if template is None:
            raise InvalidAnswer(CHOOSE)
        return Answer(f"{partial}|{template.text}")

    def _in_words(self, event: TextReceived, answers: Answers, facts: Facts) -> str:
        """Numbers that no line of the list has are no reason either ("2, 3")."""
        words = text(600).read(event, answers, facts, "").value
        if not any(char.isalpha() for char in words):
            raise InvalidAnswer(N_("A number alone says too little to the producer. Choose one, or write it out."))
        return words

    def _with_file(self, event: FileReceived, partial: str) -> Answer:
        ids = [part for part in partial.split(",") if part]
        if len(ids) >= MOST_FILES:
            raise InvalidAnswer(N_("%(most)s is the most I can take here. Choose “That is all”."), most=MOST_FILES)
        kept = ",".join(dict.fromkeys([*ids, event.file.id]))
        effects = (KeepFile(event.file), StartTimer("files", "", ALBUM_PAUSE_S))
        return Answer(kept, complete=False, effects=effects, quiet=True)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return reason_words(value.partition("|")[2])

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return "|" in value


def reason_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case, item = _here(answers, facts)
    words: dict[str, Value] = {"item": item_words(case, item)}
    if count := len([part for part in answers["~"].split(",") if part]):
        got = Text(N_("I have the one you sent."), {"count": count}, N_("I have all %(count)s."))
        return (got, Text(N_("Add some words, or choose “That is all”.")))
    if answers.get("_verdict") == "ask":
        head = Text(N_("%(item)s: what would you like to ask?"), words)
        return (head, Text(N_("Type it, record it, or send a photo with the place marked.")))
    head = Text(N_("%(item)s: why does it go back? Choose, or type it yourself."), words)
    return (head, Text(N_("You may also send a photo with the place marked, or record it.")))


def _given(answers: Answers) -> Mark:
    ids, _, words = answers["reason"].partition("|")
    return Mark(answers["_item"], answers["_verdict"], words, tuple(part for part in ids.split(",") if part))


def reason_noted(answers: Answers, facts: Facts) -> Effects:
    if answers["reason"] == EXIT:
        return ()
    mark = _given(answers)
    return (MarkItem(answers["subject"], mark.item, mark.verdict, mark.reason, mark.files),)


def after_reason(value: str, answers: Answers, facts: Facts) -> Go:
    if way := to_file(value, answers, facts):
        return way
    case, item = _here(answers, facts)
    return _judged(case, facts, answers, with_marks(case.marks, _given(answers)), item)


# ---------------------------------------------------------------- the list


def list_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if answers.get("_single"):
        return (Text(N_("Which item shall we look at again?")),)
    return (Text(N_("What has to be changed?")),)


def list_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case = case_of(answers, facts)
    known = marked(case.marks)
    again = tuple(dict.fromkeys((*items(case, facts), *known)))
    listed = again if answers.get("_single") else returnable(case, facts)
    summary = (_SUMMARY,) if case.marks else ()  # the last: the items have their own numbers
    absent = () if answers.get("_single") else tuple(_absent(case, item) for item in lacking(case) if item not in known)
    return (*(_listed(case, item, known.get(item)) for item in listed), *summary, *absent)


_MISSING = "missing:"


def _absent(case: CaseFacts, item: str) -> Option:
    """ "thiếu ảnh": what was never sent can be asked for as well."""
    return Option(f"{_MISSING}{item}", Text(N_("missing: %(item)s"), {"item": item_words(case, item)}), hidden=True)


def _listed(case: CaseFacts, item: str, mark: Mark | None) -> Option:
    words = item_words(case, item)
    typed = ("tất cả", "toàn bộ", "all") if item == "all" else ()
    if mark is None:
        return Option(item, words, typed)
    return Option(item, _named_mark(case, mark), typed)


def after_list(value: str, answers: Answers, facts: Facts) -> Go:
    case = case_of(answers, facts)
    if value == "summary":
        return _to_summary(case, case.marks, {})
    if answers.get("_single"):
        return _look_at(case, value, {"_last": ""})
    return _to(case, "reason", _item=value.removeprefix(_MISSING), _verdict="return")


# ---------------------------------------------------------------- the summary


def summary_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    left = len(_unjudged(case, facts)) if answers.get("_way") != "pick" else 0
    values: dict[str, Value] = {"count": left}
    unseen = (Text(N_("%(count)s item is not looked at yet."), values, N_("%(count)s items are not looked at yet.")),)
    return (counted(case.marks), *by_others(case), *(unseen if left else ()), _what_next(case))


def counted(marks: Iterable[Mark]) -> Text:
    """ "Summary: 3 in order, 1 to return, 1 to ask." """
    return Text(N_("Summary: %(parts)s."), {"parts": _counted(marks)})


def _counted(marks: Iterable[Mark]) -> Text | str:
    number = Counter(mark.verdict for mark in marks)
    return _joined([Text(words, {"count": number[verdict]}) for verdict, words in _COUNTS.items() if number[verdict]])


_COUNTS = {"accept": N_("%(count)s in order"), "return": N_("%(count)s to return"), "ask": N_("%(count)s to ask")}


def _joined(parts: Sequence[Text]) -> Text | str:
    if len(parts) < 2:
        return parts[0] if parts else Text(N_("nothing"))
    return Text("%(first)s, %(rest)s", {"first": parts[0], "rest": _joined(parts[1:])})


def _what_next(case: CaseFacts) -> Text:
    if to_send(case.marks):
        return Text(N_("Shall I send this to the producer?"))
    return Text(N_("What would you like to do?"))


def summary_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case = case_of(answers, facts)
    send = (_SEND,) if to_send(case.marks) else ()
    picked = answers.get("_way") == "pick"
    left = _unjudged(case, facts) and not picked
    return (
        *send,
        *((accepting(case),) if not send and not left and "accept" in case.may else ()),
        *((_GO_ON,) if left else ()),
        *((_ANOTHER,) if picked else ()),
        _EDIT,
        _NOT_YET if send else _FILE,
    )


_SEND = Option("send", Text(N_("Send")), ("gửi", "send"))
_GO_ON = Option("more", Text(N_("Go on looking")), ("xem tiếp", "go on"))
_ANOTHER = Option("another", Text(N_("One more item")), ("thêm mục", "one more"))
_EDIT = Option("edit", Text(N_("Change")), ("sửa", "change"))
_NOT_YET = Option("file", Text(N_("Don't send yet")), ("chưa gửi", "chưa", "not yet"))


def sent(answers: Answers, facts: Facts) -> Effects:
    if answers["summary"] != "send":
        return ()
    return (SendReview(answers["subject"], answers["_seen"]),)


def after_summary(value: str, answers: Answers, facts: Facts) -> Go:
    case = case_of(answers, facts)
    match value:
        case "send":
            return Go("desk")
        case "accept":
            return accept(case)
        case "more":
            return _onward(case, facts, case.marks, "", {"_last": ""})
        case "another":
            return _to(case, "list", _last="", _single="")
        case "edit":
            return _to(case, "list", _last="", _single="yes")
    return Go(f"review.{case.code}")


def _as_seen(answers: Answers, facts: Facts) -> bool:
    """Whether the marks are those that the summary was made of: a colleague may have added one."""
    return answers.get("_seen") == seen(case_of(answers, facts).marks)


def meanwhile(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return decided_meanwhile(case_of(answers, facts))


def up(answers: Answers) -> Go:
    """From the reason back to what it is about, else to the file."""
    code = answers["subject"]
    if answers.get("_do") != "reason":
        return Go(f"review.{code}")
    return Go(f"check.{code}", {"_do": "list" if answers.get("_way") == "pick" else "item"})


CHECK = Dialog(
    "check",
    allowed=visible,
    up=up,
    steps=(
        Ask(
            "moved_on",
            meanwhile,
            one_of(
                (
                    Option("open", Text(N_("Open the file")), ("mở hồ sơ", "open")),
                    Option("desk", Text(N_("My desk")), ("bàn làm việc", "desk")),
                )
            ),
            when=lambda answers, facts: not _open(answers, facts),
            goto=lambda value, answers, facts: Go("desk" if value == "desk" else f"review.{answers['subject']}"),
        ),
        Ask(
            "item",
            item_prompt,
            one_of(item_options),
            when=_at("item"),
            then=item_judged,
            goto=after_item,
            confirms=True,
        ),
        Ask(
            "reason",
            reason_prompt,
            why(),
            when=_at("reason"),
            takes_files=True,
            takes_voice=True,
            verbatim=True,
            then=reason_noted,
            goto=after_reason,
        ),
        Ask("list", list_prompt, one_of(list_options), when=_at("list"), goto=after_list),
        Ask(
            "summary",
            summary_prompt,
            one_of(summary_options),
            when=_at("summary", _as_seen),
            then=sent,
            goto=after_summary,
            confirms=True,
        ),
        Ask(
            "changed",
            N_("Somebody has noted something on this file meanwhile. Please look at the summary again."),
            one_of((Option("summary", Text(N_("Summary")), ("tóm tắt", "summary")), _FILE)),
            when=_at("summary"),
            goto=lambda value, answers, facts: (
                _to_summary(case_of(answers, facts), case_of(answers, facts).marks, {})
                if value == "summary"
                else Go(f"review.{answers['subject']}")
            ),
        ),
        Ask(
            "begin",
            N_("Shall we go through the items of this file?"),
            one_of((Option("begin", Text(N_("Item by item")), ("xem từng mục", "item by item")), _FILE)),
            when=_open,
            goto=lambda value, answers, facts: (
                begin(case_of(answers, facts), facts) if value == "begin" else Go(f"review.{answers['subject']}")
            ),
        ),
    ),
)

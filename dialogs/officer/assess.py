"""The commune's part of a dossier: on each topic the option that fits, beside what the producer marked and sent.

Each answer is kept with the case at once, so whoever opens it next goes on where this officer stopped. Which of the
questions below stands is `_do` of the draft, and `_topic` what it is about.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dialogs.answers import one_of
from dialogs.model import (
    N_,
    Answers,
    Ask,
    Assessed,
    AssessTopic,
    CaseFacts,
    Condition,
    Dialog,
    Effects,
    Facts,
    Go,
    MakeReport,
    Option,
    SendMessage,
    SendPapers,
    Text,
    Value,
)
from dialogs.officer.own_words import EXIT, before, own_words
from dialogs.officer.rights import case_of, visible
from dialogs.officer.words import decided_meanwhile, in_other_hands, title
from dialogs.producer.own_score import sheet_of
from dialogs.producer.score_words import asked_lines, mark_options, mark_words
from dialogs.producer.upload import kept_paper
from dialogs.rules.lifecycle import moves_from
from dialogs.rules.ruleset import Label, ruleset
from dialogs.rules.scoring import choices
from dialogs.rules.sheet import TOPICS, Criterion, Sheet, Topic

TOPIC_WORDS: dict[Topic, str] = {
    "raw_material": N_("Material from here"),
    "local_labour": N_("Workers from here"),
    "idea": N_("Origin of the idea"),
    "identity": N_("What is our own"),
}
WRITTEN_THEN: dict[Topic, str] = {"raw_material": "materials", "local_labour": "labour", "idea": "special"}
"""What the producer wrote about a topic when the idea was registered: name of the answer."""
REMARK_CHARS = 600

# ---------------------------------------------------------------- what there is to assess


@dataclass(frozen=True, slots=True)
class Item:
    """One topic of a case. `criterion`: what its sheet asks about it; without one the commune says it in words."""

    topic: Topic
    criterion: Criterion | None
    said: Assessed | None

    @property
    def done(self) -> bool:
        return self.said is not None and (self.criterion is None or self.said.option is not None)


def is_asked(case: CaseFacts) -> bool:
    """Whether the case can't be passed on without this."""
    rules = ruleset(case.ruleset)
    return rules.commune_assesses and any(m.assessed for m in moves_from(case.status, rules.levels))


def may_assess(case: CaseFacts) -> bool:
    """Whoever may pass it on, as long as nobody else has it in hand."""
    rules = ruleset(case.ruleset)
    passes = any(m.assessed and m.action in case.may for m in moves_from(case.status, rules.levels))
    return rules.commune_assesses and passes and not in_other_hands(case)


def items(case: CaseFacts) -> tuple[Item, ...]:
    """All topics, with what is said of them and still fits: not what was said for another product set."""
    return _items(sheet_of(case), case.assessment)


def _items(sheet: Sheet | None, assessment: Iterable[Assessed]) -> tuple[Item, ...]:
    by_topic = {one.topic: one for one in assessment}
    return tuple(_item(sheet, topic, by_topic.get(topic)) for topic in TOPICS)


def _item(sheet: Sheet | None, topic: Topic, said_: Assessed | None) -> Item:
    criterion = next((c for c in sheet.criteria if c.topic == topic), None) if sheet is not None else None
    return Item(topic, criterion, said_ if said_ is not None and fits(said_, sheet, criterion) else None)


def fits(said_: Assessed, sheet: Sheet | None, criterion: Criterion | None) -> bool:
    """Whether these words are about this sheet, and the option is one of its own."""
    if said_.product_set != number_of(sheet):
        return False
    if criterion is None:
        return said_.option is None and bool(said_.remark)
    return said_.option in choices(criterion) or (said_.option is None and bool(said_.remark))


def number_of(sheet: Sheet | None) -> int:
    return sheet.number if sheet is not None else 0


def open_items(case: CaseFacts) -> tuple[Item, ...]:
    """What is missing before the case may be passed on."""
    return tuple(item for item in items(case) if not item.done)


# ---------------------------------------------------------------- words


def topic_words(topic: Topic) -> Text:
    return Text(TOPIC_WORDS[topic])


def _value(words: Text | Label) -> Value:
    return words


def finding(item: Item) -> Text:
    """What the commune says of a topic, in one line without its name."""
    if item.said is None:
        return Text(N_("not assessed yet"))
    option = item.said.option
    if item.criterion is None or option is None:
        return Text("“%(remark)s”", {"remark": item.said.remark})
    words = mark_words(item.criterion, option)
    if not item.said.remark:
        return Text("%(option)s", {"option": _value(words)})
    return Text("%(option)s; “%(remark)s”", {"option": _value(words), "remark": item.said.remark})


def has_report(case: CaseFacts) -> bool:
    """Whether the commune's part is done, so that its papers can be made, by who may see it."""
    return ruleset(case.ruleset).commune_assesses and bool(case.assessment) and not open_items(case)


def how_far(case: CaseFacts) -> tuple[Text, ...]:
    """One line on the card of who may see it."""
    if not ruleset(case.ruleset).commune_assesses or not case.assessment:
        return ()
    values: dict[str, Value] = {"done": len(TOPICS) - len(open_items(case)), "total": len(TOPICS)}
    return (Text(N_("Commune's part: %(done)s of %(total)s topics."), values),)


def lines(case: CaseFacts) -> tuple[Text, ...]:
    """For who may see it: the commune's part as far as it is there."""
    if not ruleset(case.ruleset).commune_assesses or not case.assessment:
        return ()
    return found_lines(sheet_of(case), case.assessment)


def found_lines(sheet: Sheet | None, assessment: Iterable[Assessed]) -> tuple[Text, ...]:
    """What the commune has said about a product with this sheet."""
    return (Text(N_("The commune finds:")), *_lines(_items(sheet, assessment)))


def _lines(found: Iterable[Item]) -> tuple[Text, ...]:
    return tuple(
        Text(N_("• %(topic)s: %(finding)s"), {"topic": topic_words(item.topic), "finding": finding(item)})
        for item in found
    )


def missing_words(found: Iterable[Item]) -> tuple[Text, ...]:
    return tuple(Text("• %(topic)s", {"topic": topic_words(item.topic)}) for item in found)


# ---------------------------------------------------------------- ways


ASSESS_IT = Option("assess", Text(N_("Commune's part")), ("chấm phần của xã", "chấm phần xã", "phần của xã", "assess"))


def begin(case: CaseFacts) -> Go:
    """At the first topic that is open; with all of them done, at the list."""
    return _onward(case, {item.topic for item in items(case) if item.done})


def _onward(case: CaseFacts, done: set[Topic]) -> Go:
    left = next((topic for topic in TOPICS if topic not in done), None)
    return _to(case, "topic", left) if left is not None else _to(case, "list")


def _to(case: CaseFacts, do: str, topic: Topic | str = "") -> Go:
    return Go(f"assess.{case.code}", {"_do": do, "_topic": topic})


def _open(answers: Answers, facts: Facts) -> bool:
    return may_assess(case_of(answers, facts))


def _at(do: str) -> Condition:
    return lambda answers, facts: _open(answers, facts) and answers.get("_do") == do


def _here(answers: Answers, facts: Facts) -> tuple[CaseFacts, Item]:
    """The case and the topic that is looked at."""
    case = case_of(answers, facts)
    found = items(case)
    return case, next((item for item in found if item.topic == answers.get("_topic")), found[0])


# ---------------------------------------------------------------- one topic


def topic_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case, item = _here(answers, facts)
    values: dict[str, Value] = {
        "number": TOPICS.index(item.topic) + 1,
        "total": len(TOPICS),
        "topic": topic_words(item.topic),
    }
    return (
        Text(N_("Commune's part %(number)s/%(total)s – %(topic)s"), values),
        *_asked(item),
        *_written(case, item, facts),
        *_own_mark(case, item),
        *_papers(case, item),
        *_so_far(item),
    )


def _asked(item: Item) -> tuple[Text, ...]:
    if item.criterion is None:
        return (Text(N_("The score sheet of this product has no item for it, so please say it in words.")),)
    return asked_lines(item.criterion)


def _written(case: CaseFacts, item: Item, facts: Facts) -> tuple[Text, ...]:
    words = case.answers.get(WRITTEN_THEN.get(item.topic, ""), "")
    return (Text(N_("The producer wrote: “%(words)s”"), {"words": words}),) if words else ()


def _own_mark(case: CaseFacts, item: Item) -> tuple[Text, ...]:
    """What the producer thinks; a mark of before the product set was changed may be none of this sheet."""
    if item.criterion is None:
        return ()
    mark = case.self_marks.get(item.criterion.code)
    if mark is None or mark not in choices(item.criterion):
        return (Text(N_("The producer has not marked this.")),)
    return (Text(N_("The producer marked: %(option)s."), {"option": _value(mark_words(item.criterion, mark))}),)


def _papers(case: CaseFacts, item: Item) -> tuple[Text, ...]:
    """Which papers prove it, and whether they are here."""
    if item.criterion is None or not item.criterion.papers:
        return (Text(N_("There is no paper of its own for this.")),)
    labels = {paper.id: paper.label for paper in ruleset(case.ruleset).papers}
    return tuple(_paper(case, paper, labels[paper]) for paper in item.criterion.papers)


def _paper(case: CaseFacts, paper_id: str, label: Label) -> Text:
    kept = kept_paper(case, paper_id)
    if kept is None or not kept.sent:
        return Text(N_("Paper: %(paper)s, not sent."), {"paper": label})
    values: dict[str, Value] = {"paper": label, "count": kept.pages}
    return Text(N_("Paper: %(paper)s, %(count)s page."), values, N_("Paper: %(paper)s, %(count)s pages."))


def _so_far(item: Item) -> tuple[Text, ...]:
    if item.said is None:
        return ()
    values: dict[str, Value] = {"finding": finding(item)}
    if item.said.by:
        return (Text(N_("%(by)s said: %(finding)s"), values | {"by": item.said.by}),)
    return (Text(N_("So far: %(finding)s"), values),)


_PAPERS = Option("papers", Text(N_("See the papers")), ("xem giấy tờ", "papers"))
_REMARK = Option("remark", Text(N_("Write a remark")), ("ghi nhận xét", "nhận xét", "remark"))
_LIST = Option("list", Text(N_("All topics")), ("các mục", "tất cả mục", "xong", "all topics"))
_FILE = Option("file", Text(N_("Back to the file")), ("về hồ sơ", "back to the file"))


def topic_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case, item = _here(answers, facts)
    to_choose = mark_options(item.criterion) if item.criterion is not None else ()
    return (*to_choose, *((_PAPERS,) if _proofs(case, item) else ()), _REMARK, _LIST, _FILE)


def _proofs(case: CaseFacts, item: Item) -> tuple[str, ...]:
    """Papers that were sent and prove this."""
    wanted = item.criterion.papers if item.criterion is not None else ()
    return tuple(p for p in wanted if (kept := kept_paper(case, p)) is not None and kept.sent)


def topic_judged(answers: Answers, facts: Facts) -> Effects:
    case, item = _here(answers, facts)
    value = answers["topic"]
    if value == _PAPERS.value:
        return tuple(SendPapers(case.code, paper, look="pages") for paper in _proofs(case, item))
    if not value.isdigit():
        return ()
    remark = item.said.remark if item.said is not None else ""
    return (AssessTopic(case.code, Assessed(item.topic, number_of(sheet_of(case)), int(value), remark)),)


def after_topic(value: str, answers: Answers, facts: Facts) -> Go:
    case, item = _here(answers, facts)
    match value:
        case "file":
            return Go(f"review.{case.code}")
        case "list":
            return _to(case, "list")
        case "remark" | "papers":
            return _to(case, "remark" if value == "remark" else "topic", item.topic)
    return _onward(case, {one.topic for one in items(case) if one.done} | {item.topic})


# ---------------------------------------------------------------- a remark


def remark_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    _, item = _here(answers, facts)
    ask = Text(N_("%(topic)s: what should the report say? One or two sentences."), {"topic": topic_words(item.topic)})
    return (*before(item.said.remark if item.said is not None else ""), ask)


def remarked(answers: Answers, facts: Facts) -> Effects:
    case, item = _here(answers, facts)
    if answers["remark"] == EXIT:
        return ()
    option = item.said.option if item.said is not None else None
    return (AssessTopic(case.code, Assessed(item.topic, number_of(sheet_of(case)), option, answers["remark"])),)


def after_remark(value: str, answers: Answers, facts: Facts) -> Go:
    case, item = _here(answers, facts)
    if value == EXIT:
        return Go(f"review.{case.code}")
    if item.criterion is not None and (item.said is None or item.said.option is None):
        return _to(case, "topic", item.topic)
    return _onward(case, {one.topic for one in items(case) if one.done} | {item.topic})


# ---------------------------------------------------------------- all of them


def list_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    return (title(case), Text(N_("The commune finds:")), *_lines(items(case)))


_DONE = Option("done", Text(N_("All done")), ("xong", "xong rồi", "done"))
_MAKE = Option("make", Text(N_("Make the report")), ("lập báo cáo", "báo cáo", "make the report"))
_PASS_ON = Option("pass_on", Text(N_("Complete: pass it on")), ("trình lãnh đạo", "trình", "submit"))


def list_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    changes = tuple(Option(topic, topic_words(topic)) for topic in TOPICS)
    return (*changes, _DONE, _FILE)


def list_done(answers: Answers, facts: Facts) -> Effects:
    """Refused while a topic is open, by name."""
    case = case_of(answers, facts)
    left = open_items(case)
    if answers["list"] != _DONE.value or not left:
        return ()
    return (SendMessage((Text(N_("Not done yet. Still to be assessed:")), *missing_words(left))),)


def after_list(value: str, answers: Answers, facts: Facts) -> Go:
    case = case_of(answers, facts)
    if value == _FILE.value:
        return Go(f"review.{case.code}")
    if value == _DONE.value:
        return _to(case, "list" if open_items(case) else "report")
    return _to(case, "topic", value)


def report_prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    signs = (Text(N_("Who approves it: %(name)s."), {"name": case.approver}),) if case.approver else ()
    if answers["_do"] == "made":
        return (*signs, Text(N_("Read it through. If all is right, pass it on.")))
    return (
        Text(N_("The commune's part of %(code)s is done."), {"code": case.code}),
        *signs,
        Text(N_("Shall I make report form 03, the proposal letter and the bound dossier?")),
    )


def report_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    first = (_PASS_ON, _MAKE) if answers.get("_do") == "made" else (_MAKE, _PASS_ON)
    return (*first, _LIST, _FILE)


def report_made(answers: Answers, facts: Facts) -> Effects:
    case = case_of(answers, facts)
    return (MakeReport(case.code),) if answers["report"] == _MAKE.value else ()


def after_report(value: str, answers: Answers, facts: Facts) -> Go:
    case = case_of(answers, facts)
    match value:
        case "make":
            return _to(case, "made")
        case "pass_on":
            return Go(f"decide.{case.code}", {"_action": "accept", "_status": case.status})
        case "list":
            return _to(case, "list")
    return Go(f"review.{case.code}")


def up(answers: Answers) -> Go:
    """From a topic to all of them, from there to the file."""
    code = answers["subject"]
    if answers.get("_do") == "list":
        return Go(f"review.{code}")
    return Go(f"assess.{code}", {"_do": "list", "_topic": ""})


ASSESS = Dialog(
    "assess",
    allowed=visible,
    up=up,
    steps=(
        Ask(
            "moved_on",
            lambda answers, facts: decided_meanwhile(case_of(answers, facts)),
            one_of((_FILE,)),
            when=lambda answers, facts: not _open(answers, facts),
            goto=lambda value, answers, facts: Go(f"review.{answers['subject']}"),
        ),
        Ask(
            "topic",
            topic_prompt,
            one_of(topic_options),
            when=_at("topic"),
            then=topic_judged,
            goto=after_topic,
            confirms=True,
        ),
        Ask(
            "remark",
            remark_prompt,
            own_words(max_chars=REMARK_CHARS, min_chars=5),
            when=_at("remark"),
            verbatim=True,
            then=remarked,
            goto=after_remark,
        ),
        Ask(
            "report",
            report_prompt,
            one_of(report_options),
            when=lambda answers, facts: _open(answers, facts) and answers.get("_do") in ("report", "made"),
            then=report_made,
            goto=after_report,
            confirms=True,
        ),
        Ask("list", list_prompt, one_of(list_options), when=_open, then=list_done, goto=after_list),
    ),
)

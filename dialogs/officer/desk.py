"""An officer's desk: what waits for a decision, most urgent first; taking a case, passing it on, finding one."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from dialogs.answers import CHOOSE, clean, one_of
from dialogs.codes import CODE
from dialogs.matching import fold
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    CaseFacts,
    Colleague,
    DeskLine,
    Dialog,
    Effects,
    Event,
    Facts,
    Go,
    InvalidAnswer,
    Option,
    OptionChosen,
    PassCase,
    ReleaseCase,
    RevealPhone,
    Role,
    Sayable,
    TakeCase,
    Text,
    TextReceived,
    Value,
)
from dialogs.officer.digest import joined
from dialogs.officer.own_words import EXIT, own_words, to_file
from dialogs.officer.rights import case_of, is_officer, keeps_hours, visible
from dialogs.producer.check_status import STATUS_WORDS
from dialogs.producer.wallet import paper_name
from dialogs.rules.lifecycle import Side, owned_by
from dialogs.rules.working_days import minutes_per_day

FILTERS: Mapping[str, str] = {
    "act": N_("All"),
    "urgent": N_("Urgent"),
    "overdue": N_("Overdue"),
    "due": N_("Due"),
    "resubmitted": N_("Sent again"),
    "new": N_("New"),
    "mine": N_("In my hands"),
    "waiting": N_("With the producer"),
    "asked": N_("Questions"),
    "drafts": N_("Silent drafts"),
    "ends": N_("To telephone"),
}
"""Names of the filters, the most urgent first; "urgent" is what is due or overdue, for which there is no button."""
PRODUCT_CHARS = 40
QUESTION_CHARS = 80
SEARCH_CHARS = 80
MANY = 100
"""As many as a search finds at most; storage.search.MOST_HITS."""
NAMELESS = "?"
"""Stands for the name of an officer who never gave one."""

# ---------------------------------------------------------------- words


def how_many(facts: Facts) -> tuple[Text, ...]:
    count = facts.desk.counts.get("act", 0)
    values: dict[str, Value] = {"count": count}
    waiting = Text(N_("%(count)s case waits for you."), values, N_("%(count)s cases wait for you."))
    return ((waiting,) if count else ()) + _how_many_asked(facts)


def _how_many_asked(facts: Facts) -> tuple[Text, ...]:
    count = {"count": facts.desk.counts.get("asked", 0)}
    asked = Text(N_("%(count)s question is not answered yet."), count, N_("%(count)s questions are not answered yet."))
    return (asked,) if count["count"] else ()


def left_words(minutes: int) -> Text:
    """Working time until a deadline, whole hours or days of it; behind it the days begun since."""
    day = minutes_per_day()
    if minutes < 0:
        late = {"count": -(minutes // day)}
        return Text(N_("%(count)s working day overdue"), late, N_("%(count)s working days overdue"))
    if minutes < 60:
        return Text(N_("less than one working hour left"))
    if minutes < day:
        hours = {"count": minutes // 60}
        return Text(N_("%(count)s working hour left"), hours, N_("%(count)s working hours left"))
    days = {"count": minutes // day}
    return Text(N_("%(count)s working day left"), days, N_("%(count)s working days left"))


_ABOVE = {
    "at_district": N_("with the province since %(day)s"),
    "forwarded": N_("with the province since %(day)s"),
    "in_evaluation": N_("being rated since %(day)s"),
    "proposed_for_five": N_("with the ministry since %(day)s"),
}
"""Above the commune no working days are counted (dialogs.rules.lifecycle), so what is said is since when it waits."""


def waits_above(status: str, since: date | None) -> Text | None:
    return Text(_ABOVE[status], {"day": since}) if since is not None and status in _ABOVE else None


def holder_words(name: str) -> Text | str:
    return Text(N_("a colleague")) if name in ("", NAMELESS) else name


def serial(code: str) -> str:
    """The last figures of a code."""
    return code.rpartition("-")[2]


def short_codes(codes: Iterable[str]) -> dict[str, str]:
    """Each code as briefly as it is still the only one of these: "0001", else "TL12-0001", else in full."""
    codes = tuple(codes)
    serials = Counter(map(serial, codes))
    places = Counter(_without_year(code) for code in codes)
    return {code: _short(code, serials, places) for code in codes}


def _short(code: str, serials: Counter[str], places: Counter[str]) -> str:
    figures, place = serial(code), _without_year(code)
    return figures if serials[figures] == 1 else place if places[place] == 1 else code


def _without_year(code: str) -> str:
    return f"{code.partition('-')[0]}-{serial(code)}"


_STEPS = {"idea": N_("idea"), "plan": N_("plan")}


def _step(status: str) -> Text:
    return Text(_STEPS.get(status.partition("_")[0], N_("dossier")))


def _line(line: DeskLine) -> Text:
    """A case that somebody has to act on, or that its producer has: what is due, one line."""
    if line.code.startswith("p"):
        return _draft_line(line)
    if line.code.startswith("n"):
        return _question_line(line)
    if line.ends_on is not None:
        return _ending_line(line, line.ends_on)
    values: dict[str, Value] = {"code": line.code, "product": line.product[:PRODUCT_CHARS], "step": _step(line.status)}
    if parts := tuple(_what_is_due(line)):
        return Text(N_("• %(code)s %(product)s (%(step)s): %(due)s"), {**values, "due": joined(parts)})
    return Text(N_("• %(code)s %(product)s (%(step)s)"), values)


def _what_is_due(line: DeskLine) -> Iterable[Text]:
    if line.resubmitted:
        yield Text(N_("sent again"))
    if line.minutes_left is not None:
        yield left_words(line.minutes_left)
    elif (above := waits_above(line.status, line.since)) is not None:
        yield above
    if line.silent_days:
        days = {"count": line.silent_days}
        yield Text(N_("with the producer for %(count)s day"), days, N_("with the producer for %(count)s days"))
    if line.held_by_me:
        yield Text(N_("in your hands"))


def _ending_line(line: DeskLine, last_day: date) -> Text:
    values: dict[str, Value] = {"product": line.product[:PRODUCT_CHARS], "by": line.by, "day": last_day}
    if not line.paper:
        return Text(N_("• %(product)s (%(by)s): the certificate is good until %(day)s"), values)
    paper = {**values, "paper": paper_name(line.paper)}
    return Text(N_("• %(product)s (%(by)s): %(paper)s is good until %(day)s"), paper)


def _draft_line(line: DeskLine) -> Text:
    values: dict[str, Value] = {
        "product": line.product[:PRODUCT_CHARS] or Text(N_("no name yet")),
        "by": line.by or Text(N_("a producer")),
        "count": line.silent_days,
    }
    return Text(
        N_("• %(product)s (%(by)s): not touched for %(count)s day"),
        values,
        N_("• %(product)s (%(by)s): not touched for %(count)s days"),
    )


def _question_line(line: DeskLine) -> Text:
    values: dict[str, Value] = {
        "by": line.by or Text(N_("A producer")),
        "words": line.product[:QUESTION_CHARS] or "…",
        "count": line.silent_days,
    }
    if line.days_left is not None:
        return _request_line(values, line.days_left)
    if not line.silent_days:
        return Text(N_("• %(by)s asks: “%(words)s”"), values)
    return Text(
        N_("• %(by)s asked %(count)s day ago: “%(words)s”"),
        values,
        N_("• %(by)s asked %(count)s days ago: “%(words)s”"),
    )


def _request_line(values: dict[str, Value], days_left: int) -> Text:
    """What the law gives two working days for."""
    if days_left < 0:
        return Text(N_("• ⏰ %(by)s, about personal data, overdue: “%(words)s”"), values)
    values = {**values, "count": days_left}
    if not days_left:
        return Text(N_("• ⏰ %(by)s, about personal data, due today: “%(words)s”"), values)
    return Text(
        N_("• %(by)s, about personal data, %(count)s working day left: “%(words)s”"),
        values,
        N_("• %(by)s, about personal data, %(count)s working days left: “%(words)s”"),
    )


# ---------------------------------------------------------------- the desk

TAKE = "take-"
"""Begins the value of a button that takes a case; with one dash more than a code it is not read as one."""
UNDO = "undo-"
"""Begins the value of a button that takes back the last decision."""
CALL = "call-"
"""Begins the value of a button that shows the number of a case's producer."""
_VALUE = re.compile(
    rf"(?:{TAKE}|{UNDO}|{CALL})?{CODE.pattern}|[np]\d{{1,12}}|{'|'.join(FILTERS)}|next|first|find|hours|reports|menu|desk|send_up|rounds|councils"
)
_LETTER = re.compile(r"[np]\d{1,12}")
"""Whom to write to where there is no case (dialogs.model.Addressed)."""


GREETINGS = ("hi", "hello", "alo", "chào", "chào em", "xin chào", "em ơi")
"""Words to look for in no case."""
_SAID = {
    fold(words): value
    for value, said in {
        "act": ("bàn làm việc", "việc của tôi", "hồ sơ cần xem", "tất cả", "desk", "inbox", "all", *GREETINGS),
        "overdue": ("quá hạn", "overdue"),
        "urgent": ("việc gấp", "gấp", "urgent"),
        "due": ("đến hạn", "due"),
        "resubmitted": ("đã bổ sung", "bổ sung", "sent again"),
        "new": ("mới", "new"),
        "mine": ("đang giữ", "tôi giữ", "in my hands"),
        "waiting": ("chờ bà con", "with the producer"),
        "asked": ("câu hỏi", "bà con hỏi", "trả lời", "questions", "answer"),
        "drafts": ("nháp bỏ dở", "bản nháp", "silent drafts", "drafts"),
        "ends": ("cần gọi điện", "gọi bà con", "giấy sắp hết hạn", "to telephone"),
        "find": ("tìm hồ sơ", "tìm", "find"),
    }.items()
    for words in said
}
"""What an officer may type where the list stands, also for what has no button because there is nothing of it."""


def overview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    shown, lines = _shown(answers), tuple(_line(line) for line in facts.desk.lines)
    if shown != "act":
        head = Text("%(filter)s: %(count)s", {"filter": Text(FILTERS[shown]), "count": facts.desk.total})
        return (head, *lines)
    return (*how_many(facts), *lines) if lines else (Text(N_("Nothing waits for you.")),)


_FRESH = "fresh"
"""Subject of the filter "new": a target that ends in ".new" begins a draft (dialogs.engine)."""


def filter_of(subject: str) -> str:
    """The filter that "desk.<subject>" shows."""
    shown = "new" if subject == _FRESH else subject
    return shown if shown in FILTERS else "act"


def desk_of(name: str) -> str:
    """Where a filter is shown."""
    return f"desk.{_FRESH if name == 'new' else name}"


def _shown(answers: Answers) -> str:
    return filter_of(answers["subject"])


def desk_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    shorts = short_codes(line.code for line in facts.desk.lines)
    buttons = tuple(_button(line, shorts[line.code]) for line in facts.desk.lines)
    return (
        *(_only(buttons[0]) if len(buttons) == 1 else buttons),
        *_pages(answers, facts),
        *_filters(answers, facts),
        _FIND,
        *_several_up(answers, facts),
        *((_HOURS,) if keeps_hours(answers, facts) else ()),
        *((_COUNCILS, _ROUNDS) if any(m.role is Role.PROVINCE_OFFICER for m in facts.person.memberships) else ()),
        _REPORTS,
        _MENU,
        *((take_back(facts.desk.undoable, f"{UNDO}{facts.desk.undoable}"),) if facts.desk.undoable else ()),
    )


def _several_up(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """Where more than one dossier waits for a signature; it may be typed by anybody who sees the desk."""
    waiting = [line for line in facts.desk.lines if line.status in owned_by(Side.APPROVER)]
    return (replace(_SEND_UP, hidden=len(waiting) < _SEVERAL),)


_SEVERAL = 2
_SEND_UP = Option("send_up", Text(N_("Send several up")), ("chuyển cả đợt", "chuyển nhiều hồ sơ", "send several up"))
_ROUNDS = Option("rounds", Text(N_("Rating rounds")), ("đợt chấm", "đợt đánh giá", "rounds"))
_COUNCILS = Option("councils", Text(N_("The council")), ("hội đồng", "phiên họp", "council"))
_FIND = Option("find", Text(N_("Find a case")), ("tìm hồ sơ", "tìm", "find"))
_HOURS = Option("hours", Text(N_("Office hours")), ("giờ làm việc", "hours"))
_REPORTS = Option("reports", Text(N_("Lists and reports")), ("báo cáo", "xuất danh sách", "reports"))
_MENU = Option("menu", Text(N_("Main menu")), ("menu",))


def take_back(code: str, value: str) -> Option:
    """The last of a list, which keeps the numbers that people know; it says of which case, of which one has many."""
    return Option(value, take_back_words(code), ("hoàn tác", "rút lại", "undo", "take it back"))


def take_back_words(code: str) -> Text:
    return Text(N_("Take back %(code)s"), {"code": serial(code)})


def _button(line: DeskLine, short: str) -> Option:
    """Take what is free, open what is not; a draft's producer may get a kind word. A code that is typed opens it."""
    if line.code.startswith("n"):
        return Option(line.code, Text(N_("Answer %(name)s"), {"name": _called(line.by)}), (line.by,))
    if line.code.startswith("p"):
        return Option(line.code, Text(N_("Write to %(name)s"), {"name": _called(line.by)}), (line.by, line.product))
    if line.ends_on is not None:
        return Option(
            f"{CALL}{line.code}", Text(N_("Call %(name)s"), {"name": _called(line.by)}), (line.by, line.product)
        )
    if line.holder or line.silent_days or not line.status:
        return Option(line.code, Text(N_("Open %(code)s"), {"code": short}))
    return Option(f"{TAKE}{line.code}", Text(N_("Take %(code)s"), {"code": short}))


def _only(button: Option) -> tuple[Option, ...]:
    """Of one case the bare verb says enough."""
    if button.value.startswith(CALL):
        return (replace(button, typed=(*button.typed, "gọi", "gọi điện", "call")),)
    code = button.value.removeprefix(TAKE)
    opening = Option(code, Text(N_("Open %(code)s"), {"code": serial(code)}), _OPENING, hidden=True)
    if button.value == code:
        return (replace(button, typed=(*button.typed, *_OPENING)) if code[0] not in "np" else button,)
    return (replace(button, typed=("nhận", "nhận hồ sơ", "take")), opening)


_OPENING = ("mở", "mở hồ sơ", "xem", "open")


def _called(name: str) -> Text | str:
    """The name by which a Vietnamese person is called: the last word."""
    return name.split()[-1][:20] if name.split() else Text(N_("the producer"))


def of_no_page(value: str) -> bool:
    return value not in (_NEXT.value, _FIRST.value)


def _pages(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (*((_NEXT,) if facts.desk.after else ()), *((_FIRST,) if answers.get("_after") else ()))


_NEXT = Option("next", Text(N_("Next ones")), ("tiếp", "trang sau", "next"))
_FIRST = Option("first", Text(N_("From the top")), ("về đầu danh sách", "first"))


def _filters(answers: Answers, facts: Facts) -> Iterable[Option]:
    """Only what there is, and not what is shown."""
    for name, words in FILTERS.items():
        count = facts.desk.counts.get(name, 0)
        if count and name not in (_shown(answers), "urgent"):
            label = Text("%(filter)s (%(count)s)", {"filter": Text(words), "count": count})
            yield Option(name, label, (Text(words),))


@dataclass(frozen=True, slots=True)
class case_list:
    """One of the cases listed, a way on, or words to look for ("?<words>").

    A button of an older page is as good as one of this page: who may see the case is found out when it is opened.
    """

    choices: Callable[[Answers, Facts], tuple[Option, ...]]
    takes: str = "text"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return self.choices(answers, facts)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen) and _VALUE.fullmatch(event.value):
            return Answer(event.value)
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(CHOOSE)
        words = clean(event.text)[:SEARCH_CHARS]
        return Answer(_SAID.get(fold(words)) or _meant(words, facts.desk.lines) or f"?{words}")

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return value

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return True


def _meant(words: str, lines: Iterable[DeskLine]) -> str:
    """The code of the one case listed that has this serial, product or producer; "" for none or several."""
    typed = fold(words)
    found = {line.code for line in lines if typed in (serial(line.code), fold(line.product), fold(line.by))}
    return found.pop() if typed and len(found) == 1 else ""


def onward(value: str, answers: Answers, facts: Facts) -> Go:
    here = f"desk.{answers['subject']}".removesuffix(".")
    if value.startswith(TAKE):
        return Go(here, effects=(TakeCase(value.removeprefix(TAKE)),))
    if value.startswith(UNDO):
        return Go(f"undo.{value.removeprefix(UNDO)}")
    if value.startswith(CALL):
        code = value.removeprefix(CALL)
        return Go(f"call.{code}", effects=(RevealPhone(code),))
    if value in ("next", "first"):
        return Go(here, {"_after": facts.desk.after if value == "next" else ""})
    if value in FILTERS:
        return Go(desk_of(value), {"_after": ""})
    return _opened(value)


_WAYS = ("hours", "reports", "menu", "desk", "send_up", "rounds", "councils")


def _opened(value: str) -> Go:
    if value.startswith("?"):
        return Go("find", {"_words": value[1:], "_after": ""})
    if value == "find":
        return Go("find", {"_words": "", "_after": ""})
    if _LETTER.fullmatch(value):
        return Go(f"note.{value}")
    return Go({"hours": "office_hours"}.get(value, value) if value in _WAYS else f"review.{value}")


DESK = Dialog(
    "desk",
    allowed=is_officer,
    linked=True,
    steps=(Ask("case", overview, case_list(desk_options), goto=onward, lasting=of_no_page),),
)


# ---------------------------------------------------------------- finding one


def found(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    words = answers.get("_words", "")
    if not words:
        return (
            Text(N_("Which case? Type its code, the product or the producer's name.")),
            Text(N_("The last figures of the code are enough, and letters without marks.")),
        )
    if not facts.desk.total:
        nothing = Text(N_("There is nothing with “%(words)s” in your territory."), {"words": words})
        return (nothing, Text(N_("Type another word, or fewer letters of it.")))
    return (_how_many_found(words, facts.desk.total), *(_found_line(line) for line in facts.desk.lines))


def _how_many_found(words: str, count: int) -> Text:
    if count >= MANY:
        return Text(
            N_("More than %(count)s cases with “%(words)s”; here are the first."), {"count": MANY, "words": words}
        )
    values: dict[str, Value] = {"count": count, "words": words}
    return Text(N_("%(count)s case with “%(words)s”:"), values, N_("%(count)s cases with “%(words)s”:"))


def _found_line(line: DeskLine) -> Text:
    values: dict[str, Value] = {
        "code": line.code,
        "product": line.product[:PRODUCT_CHARS],
        "by": line.by,
        "status": joined((Text(STATUS_WORDS[line.status]), *_who_has_it(line))),
    }
    return Text(N_("• %(code)s %(product)s, %(by)s: %(status)s"), values)


def _who_has_it(line: DeskLine) -> Iterable[Text]:
    if line.held_by_me:
        yield Text(N_("in your hands"))
    elif line.holder:
        yield Text(N_("%(name)s has taken it"), {"name": holder_words(line.holder)})


def found_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    shorts = short_codes(line.code for line in facts.desk.lines)
    listed = (Option(c, Text(N_("Open %(code)s"), {"code": short})) for c, short in shorts.items())
    desk = Option("desk", Text(N_("My desk")), ("bàn làm việc", "desk"))
    return (*listed, *_pages(answers, facts), desk)


def found_onward(value: str, answers: Answers, facts: Facts) -> Go:
    if value in ("next", "first"):
        return Go("find", {"_after": facts.desk.after if value == "next" else ""})
    return Go("desk") if value in FILTERS else _opened(value.removeprefix(TAKE))


FIND = Dialog(
    "find",
    allowed=is_officer,
    linked=True,
    up="desk",
    steps=(Ask("words", found, case_list(found_options), goto=found_onward, lasting=of_no_page),),
)


# ---------------------------------------------------------------- in whose hand a case is

_TAKE = Option("take", Text(N_("Take it")), ("nhận xử lý", "nhận việc", "take"))
_RELEASE = Option("release", Text(N_("Put it back")), ("thôi giữ", "để lại", "put back"))
_PASS = Option("pass", Text(N_("Pass it on")), ("chuyển đồng nghiệp", "chuyển người khác", "pass on"))


def holding_options(case: CaseFacts) -> tuple[Option, ...]:
    """What can be done about whose hand a case is in; the values are those that the two below know."""
    passing = (_PASS,) if case.may else ()  # while its producer has it, nobody could go on with it
    if case.held_by_me:
        return (*passing, _RELEASE)
    return (_TAKE, *passing) if passing and not case.holder else ()


def holding_effects(value: str, code: str) -> Effects:
    if value == "take":
        return (TakeCase(code),)
    return (ReleaseCase(code),) if value == "release" else ()


def holding_way(value: str, code: str) -> Go | None:
    return Go(f"pass.{code}") if value == "pass" else None


def may_pass(answers: Answers, facts: Facts) -> bool:
    """Also of a case that nobody has taken yet; not of one in a colleague's hand."""
    if not visible(answers, facts):
        return False
    case = case_of(answers, facts)
    return case.held_by_me or bool(case.may)


def colleagues(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (
        *(_colleague(one) for one in facts.colleagues),
        Option("back", Text(N_("Don't pass it on")), ("chưa", "giữ lại")),
    )


def _colleague(one: Colleague) -> Option:
    name = holder_words(one.name)
    if not one.cases:
        return Option(str(one.person_id), Text("%(name)s", {"name": name}))
    values: dict[str, Value] = {"name": name, "count": one.cases}
    label = Text(N_("%(name)s (has %(count)s case)"), values, N_("%(name)s (has %(count)s cases)"))
    return Option(str(one.person_id), label, (name,) if isinstance(name, str) else ())


def to_whom(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    named: dict[str, Value] = {"code": case.code, "product": case.product}
    if not case.may:
        status = Text(STATUS_WORDS[case.status])
        return (Text(N_("%(code)s “%(product)s” can't be passed on now: %(status)s."), named | {"status": status}),)
    if not facts.colleagues:
        return (Text(N_("Nobody else can take %(code)s “%(product)s” at present."), named),)
    return (Text(N_("Who takes over %(code)s “%(product)s”?"), named),)


def kept(value: str, answers: Answers, facts: Facts) -> Go | None:
    return Go(f"review.{answers['subject']}") if value == "back" else None


def passed(answers: Answers, facts: Facts) -> Effects:
    if answers["note"] == EXIT:
        return ()
    return (PassCase(answers["subject"], int(answers["to"]), answers["note"]),)


PASS = Dialog(
    "pass",
    allowed=may_pass,
    up="review.{subject}",
    steps=(
        Ask("to", to_whom, one_of(colleagues), goto=kept),
        Ask(
            "note",
            N_("What should they know? They read your words right away."),
            own_words(max_chars=500),
            optional=True,
            verbatim=True,
            then=passed,
            goto=lambda value, answers, facts: to_file(value, answers, facts) or Go("desk"),
        ),
    ),
)

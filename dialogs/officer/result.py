"""The council's result: points of the three parts, the decision and its day, looked over, then published.

Until it is published nothing of it is written to the record: it is the officer's own draft. Which move it makes and
how many stars it means is for the case's rules (dialogs.rules.rating), not for the officer. A wrong number or day
that was published can be taken back for ten minutes, like every decision; later it takes a decision on paper.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from dialogs.answers import TYPE_IT, one_of, text
from dialogs.council.outcome import points_words
from dialogs.engine import said
from dialogs.matching import fold
from dialogs.model import (
    N_,
    Agreed,
    Answer,
    Answers,
    Ask,
    CaseFacts,
    Condition,
    Dialog,
    Effects,
    Event,
    Facts,
    Go,
    InvalidAnswer,
    Option,
    Prompt,
    PublishResult,
    Reader,
    ResultFacts,
    Sayable,
    Text,
    TextReceived,
    Value,
)
from dialogs.officer import decide
from dialogs.officer.alerts import named, notice_of
from dialogs.officer.by_item import by_item, loaded, stored
from dialogs.officer.decide import DESK, OPEN_FILE, may_enter_result
from dialogs.officer.digest import joined
from dialogs.officer.rights import case_of, seen, visible
from dialogs.paper_days import past_day
from dialogs.producer.check_status import status_words
from dialogs.producer.own_score import can_score
from dialogs.rules.rating import Rating, WrongPoints, certificate_until, check_points, rating
from dialogs.rules.ruleset import PartId, ruleset

DECISION_CHARS = 80
PARTS: Mapping[str, PartId] = MappingProxyType({"part_a": "A", "part_b": "B", "part_c": "C"})
"""Question by question, the part whose points it asks for."""

# ---------------------------------------------------------------- how points and days are read

_POINTS = re.compile(r"(?P<minus>[-−–])?\s*(?P<whole>\d{1,4})(?:[.,](?P<rest>\d+))?(?:\s*(?:điểm|points?|đ))?")


@dataclass(frozen=True, slots=True)
class points:
    """Points of one part, at most what the case's rules give it. Stored as a decimal number: "27.5"."""

    part: PartId
    takes: str = "number"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return ()

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(TYPE_IT)
        number = _number(event.text)
        rules = ruleset(case_of(answers, facts).ruleset)
        most = rules.parts[self.part].max_points
        if number > most:
            over = N_("Part %(part)s has at most %(most)s points, so %(points)s is too many.")
            raise InvalidAnswer(over, part=self.part, most=most, points=number)
        try:
            check_points(rules, self.part, number)
        except WrongPoints:
            raise InvalidAnswer(N_("At most two decimals, please. For example: 27,25.")) from None
        return Answer(f"{number:f}")

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return Text("%(points)s", {"points": Decimal(value)})

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return re.fullmatch(r"\d+(\.\d{1,2})?", value) is not None


def _number(typed: str) -> Decimal:
    """ "27,5", "27.5", "27,5 điểm"; raises InvalidAnswer for anything else."""
    found = _POINTS.fullmatch(unicodedata.normalize("NFKC", typed).strip().lower())
    if found is None:
        raise InvalidAnswer(N_("I need the points as a number. For example: 27,5."))
    if found["minus"]:
        raise InvalidAnswer(N_("Points can't be less than 0."))
    return Decimal(f"{found['whole']}.{found['rest'] or 0}").normalize() + 0


BEFORE_IT_WAS_FILED = N_("The day %(day)s is before the file was handed in (%(first)s). Which day stands on it?")


def filed_on(answers: Answers, facts: Facts) -> date | None:
    history = case_of(answers, facts).history
    return history[0].happened_at.date() if history else None


_POINTS_OR_DAY = re.compile(rf"{_POINTS.pattern}|\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}")


def is_paper_number(words: str) -> bool:
    """Whether it can be what is printed on a decision: figures with letters or a "/", neither points nor a day."""
    plain = unicodedata.normalize("NFKC", words).strip().lower()
    figures = any(char.isdigit() for char in plain)
    return figures and any(char.isalpha() or char == "/" for char in plain) and not _POINTS_OR_DAY.fullmatch(plain)


def as_printed(words: str) -> str:
    """ "812/qd-ubnd" as "812/QĐ-UBND"; what has a capital of its own stays, and so do words around the number."""
    return re.sub(r"\S*[/\d]\S*", lambda found: _in_capitals(found[0]), words)


def _in_capitals(number: str) -> str:
    """Decree 30/2020/NĐ-CP, annex III: kinds of papers in capitals, but a submission is a TTr."""
    if number != number.lower():
        return number
    return re.sub(r"\bQD\b", "QĐ", re.sub(r"\bTTR\b", "TTr", number.upper()))


_NO_PAPER_NUMBER = N_(
    "“%(words)s” is no number of a paper: that has figures with letters, like 812/QĐ-UBND. "
    "To change the points, type edit."
)


@dataclass(frozen=True, slots=True)
class paper_number:
    """The number of a decision, of minutes or of a letter."""

    takes: str = "text"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return ()

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        found = text(max_chars=DECISION_CHARS, min_chars=1).read(event, answers, facts, partial)
        if not is_paper_number(found.value):
            raise InvalidAnswer(_NO_PAPER_NUMBER, words=found.value)
        return replace(found, value=as_printed(found.value))

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return value

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return len(value) <= DECISION_CHARS and is_paper_number(value)


@dataclass(frozen=True, slots=True)
class or_change:
    """An answer as `reader` takes it; "sửa" alone leads to the answers given so far."""

    reader: Reader

    @property
    def takes(self) -> str:
        return self.reader.takes

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return self.reader.options(answers, facts, partial)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, TextReceived) and fold(event.text) in _CHANGE and _editable(answers, facts):
            return Answer("", leads="edit")
        return self.reader.read(event, answers, facts, partial)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return self.reader.show(value, answers, facts)

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return self.reader.holds(value, answers, facts)


_CHANGE = frozenset(map(fold, ("sửa", "sửa câu khác", "sửa lại", "edit", "change an answer")))

# ---------------------------------------------------------------- what the answers come to


def rated(answers: Answers, facts: Facts) -> Rating | None:
    """Total, stars and move, once all three parts are answered."""
    case = seen(answers, facts)
    if case is None or not may_enter_result(case) or not {*PARTS} <= {*answers}:
        return None
    given = {part: Decimal(answers[name]) for name, part in PARTS.items()}
    try:
        return rating(ruleset(case.ruleset), case.status, given, _councils_stars(case))
    except WrongPoints:
        return None


def _councils_stars(case: CaseFacts) -> int:
    """What the council gave: no entry by hand brings more. 0: no session has scored it, or its stars are open."""
    return case.agreed.stars if case.agreed is not None else 0


def differs(answers: Answers, facts: Facts) -> bool:
    """Whether the points are other ones than a council's that has scored it."""
    agreed = case_of(answers, facts).agreed
    return agreed is not None and rated(answers, facts) is not None and _points(answers) != agreed.points


def _points(answers: Answers) -> tuple[Decimal, ...]:
    return tuple(Decimal(answers[name]) for name in PARTS)


def _number_of(found: Rating, answers: Answers) -> str:
    """What is printed on the paper; only a certificate takes a decision, so another paper's number may be ""."""
    return answers.get("decision" if found.action == "certify" else "letter", "")


def result_of(case: CaseFacts, found: Rating, answers: Answers) -> ResultFacts:
    """The result as it is published."""
    decided_on = date.fromisoformat(answers["decided_on"])
    return ResultFacts(
        Decimal(answers["part_a"]),
        Decimal(answers["part_b"]),
        Decimal(answers["part_c"]),
        found.stars,
        _number_of(found, answers),
        certificate_until(ruleset(case.ruleset), found.action, decided_on),
        decided_on,
        published=False,
        criteria=loaded(answers.get("items", "")),
    )


def _when(*actions: str, expected: bool = False) -> Condition:
    """Where the points come to one of these moves; `expected`: also while points are missing, to be counted."""

    def so(answers: Answers, facts: Facts) -> bool:
        found = rated(answers, facts)
        if found is None:
            return expected and _open(answers, facts) and not {*PARTS} <= {*answers}
        return found.action in actions

    return so


def _open(answers: Answers, facts: Facts) -> bool:
    return may_enter_result(case_of(answers, facts))


def _kept(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """ "Kept: A 27, B 15, C 21. 63 points: 3 stars.": who comes back to the form later sees what is in it."""
    given = [
        Text("%(part)s %(points)s", {"part": part, "points": Decimal(answers[name])})
        for name, part in PARTS.items()
        if name in answers
    ]
    if not given:
        return ()
    values: dict[str, Value] = {"points": joined(given)}
    found = rated(answers, facts)
    if found is None:
        return (Text(N_("Kept: %(points)s."), values),)
    values |= {"total": found.total, "stars": found.stars}
    return (Text(N_("Kept: %(points)s. %(total)s points: %(stars)s stars ⭐."), values),)


def _paper_and_day(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """What the paper says, as far as it is known: its number, if it has one, and its day."""
    found = rated(answers, facts)
    number = _number_of(found, answers) if found is not None and found.action != "forward" else ""
    return (
        *((Text(N_("Number on the paper: %(number)s."), {"number": number}),) if number else ()),
        *((_day_line(answers),) if "decided_on" in answers else ()),
    )


def _day_line(answers: Answers) -> Text:
    return Text(N_("Day of the decision: %(day)s."), {"day": date.fromisoformat(answers["decided_on"])})


# ---------------------------------------------------------------- questions


def _part_prompt(name: str, part: PartId) -> Prompt:
    def prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
        case = case_of(answers, facts)
        found = ruleset(case.ruleset).parts[part]
        values: dict[str, Value] = {"part": part, "label": found.label, "most": found.max_points}
        ask = Text(N_("Part %(part)s, %(label)s: how many points, of %(most)s?"), values)
        ministrys = case.status == "proposed_for_five"
        result = N_("Result of %(code)s “%(product)s”.")
        head = Text(N_("Result of %(code)s “%(product)s” from the ministry.") if ministrys else result, named(case))
        others = {k: v for k, v in answers.items() if k != name}  # this one's own points stand below
        return (head, ask) if name == "part_a" else (*_kept(others, facts), ask)

    return prompt


def _decision(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (*_kept(answers, facts), Text(N_("What is the number of the decision? For example: 812/QĐ-UBND.")))


def _letter(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    ask = Text(N_("Which number does the council's minutes or letter have? You may skip this."))
    return (*_kept(answers, facts), ask)


def _day(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    others = {k: v for k, v in answers.items() if k != "decided_on"}
    ask = Text(N_("Which day stands on it? For example: 20/10/2026."))
    return (*_kept(answers, facts), *_paper_and_day(others, facts), ask)


def _upwards(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    up = Text(N_("By the rules of this case the district does not certify that: it goes up to the province."))
    return (*_kept(answers, facts), up)


def _after_upwards(value: str, answers: Answers, facts: Facts) -> Go:
    code = answers["subject"]
    if value == "forward":
        up = decide.way(case_of(answers, facts), "forward")
        return replace(up, drop=f"result.{code}") if up is not None else Go(f"review.{code}")
    return Go(f"result.{code}/edit" if value == "edit" else f"review.{code}")


def _moved_on(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = case_of(answers, facts)
    return (
        Text(N_("There is no result to enter for %(code)s now."), {"code": case.code}),
        Text(N_("Status: %(status)s"), {"status": status_words(case)}),
    )


def _sitting(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """What is entered by hand can't be published while the council scores (bot.desk.results)."""
    case = case_of(answers, facts)
    if case.sitting is None:
        return ()
    values: dict[str, Value] = {
        "session": case.sitting.session,
        "count": case.sitting.sheets,
        "members": case.sitting.members,
    }
    still = N_("The council is still scoring %(code)s “%(product)s” in session %(session)s.")
    sheets = N_("%(count)s of %(members)s score sheets is in. Its end gives the result by itself.")
    many = N_("%(count)s of %(members)s score sheets are in. Its end gives the result by itself.")
    hand = Text(N_("Until it is over, nothing entered by hand can be published. Enter it all the same?"))
    return (Text(still, named(case) | values), Text(sheets, values, many), hand)


_TO_COUNCIL = Option("councils", Text(N_("To the council")), ("hội đồng", "phiên họp", "to the council"))
_ALL_THE_SAME = Option("hand", Text(N_("Enter it anyway")), ("vẫn nhập", "nhập tay", "enter it anyway"))


def _away_from_hand(value: str, answers: Answers, facts: Facts) -> Go | None:
    if value == _ALL_THE_SAME.value:
        return None
    return Go("councils") if value == _TO_COUNCIL.value else _elsewhere(value, answers, facts)


def _elsewhere(value: str, answers: Answers, facts: Facts) -> Go:
    code = answers["subject"]
    return Go("desk" if value == "desk" else f"review.{code}", drop=f"result.{code}")


# ---------------------------------------------------------------- beside the council's points


def _beside_the_councils(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """ "Hội đồng chấm 58 điểm; anh/chị nhập 60 điểm", and what that means for the stars; nothing where they agree."""
    case = case_of(answers, facts)
    agreed, found = case.agreed, rated(answers, facts)
    if agreed is None or found is None or not differs(answers, facts):
        return ()
    rules = ruleset(case.ruleset)
    by_points = rules.stars(found.total)
    values: dict[str, Value] = {
        "council": sum(agreed.points, Decimal(0)),
        "theirs": points_words(rules, agreed.points),
        "total": found.total,
        "points": points_words(rules, _points(answers)),
        "given": agreed.stars,
        "stars": by_points,
    }
    both = N_("The council came to %(council)s points (%(theirs)s); you enter %(total)s (%(points)s).")
    more = N_("These points would bring %(stars)s stars; the council gave %(given)s, so %(given)s stand ⭐.")
    fewer = N_("The council gave %(given)s stars; these points bring only %(stars)s stars ⭐.")
    same = N_("The stars stay as the council gave them: %(given)s ⭐.")
    if not agreed.stars:
        return (Text(both, values),)
    stars = same if by_points == agreed.stars else more if by_points > agreed.stars else fewer
    return (Text(both, values), Text(stars, values))


def _otherwise(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    lost = Text(N_("The council's points of each item do not add up to these, so they are not published with them."))
    noted = Text(N_("Both are noted in the history, with your name. Which points shall it be?"))
    return (*_beside_the_councils(answers, facts), lost, noted)


THE_COUNCILS = Option("council", Text(N_("The council's points")), ("điểm hội đồng", "lấy điểm hội đồng"))
OWN_POINTS = Option("own", Text(N_("The points I entered")), ("điểm tôi nhập", "giữ điểm tôi nhập"))


def _after_otherwise(value: str, answers: Answers, facts: Facts) -> Go:
    """Back to what the council came to, with its items; or on with what was entered, which is kept as said."""
    key = f"result.{answers['subject']}"
    agreed = case_of(answers, facts).agreed
    if value == OWN_POINTS.value or agreed is None:
        return Go(key, {"otherwise": value})
    return Go(key, as_agreed(agreed))


def as_agreed(agreed: Agreed) -> Answers:
    """The answers of the form that a session has given already; number and day of the paper are asked there."""
    parts = zip(PARTS, agreed.points, strict=True)
    return {**{name: f"{points:f}" for name, points in parts}, "items": stored(agreed.items)}


# ---------------------------------------------------------------- looking it over


def _look_it_over(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case, found = case_of(answers, facts), rated(answers, facts)
    if found is None:
        return ()
    result = result_of(case, found, answers)
    notice = notice_of(replace(case, result=result), found.action)
    read = Text(N_("The producer will read:"))
    nothing = Text(N_("Nothing is published yet."))
    return (nothing, *_beside_the_councils(answers, facts), _day_line(answers), *_items_line(answers), read, *notice)


def _items_line(answers: Answers) -> tuple[Text, ...]:
    count = len(loaded(answers.get("items", "")))
    return (Text(N_("Points of %(count)s items are added."), {"count": count}),) if count else ()


EDIT = Option("edit", Text(N_("Change an answer")), ("sửa", "edit"))


def _after_look(value: str, answers: Answers, facts: Facts) -> Go:
    code = answers["subject"]
    if value == "publish":
        return Go(f"publish.{code}", {name: answers[name] for name in _ANSWERS if name in answers})
    return Go(f"result.{code}/{value}" if value in ("edit", "items") else f"review.{code}")


def _look_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """Points item by item are asked for only by who has them, and only where the score sheet is known."""
    items = (ITEMS,) if can_score(case_of(answers, facts)) and not answers.get("items") else ()
    go_on = Option("publish", Text(N_("Go on to publish")), ("tiếp tục", "go on"))
    return (go_on, EDIT, *items, Option("later", Text(N_("Not now")), ("để sau", "not now")))


ITEMS = Option("items", Text(N_("Add points by item")), ("thêm điểm từng mục", "điểm từng mục", "add points by item"))


_ANSWERS = (*PARTS, "decision", "letter", "decided_on", "items", "otherwise")


def _editable(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """The answers so far, each with what was written."""
    given = [ask for ask in _ASKS if ask.name in answers and (ask.when is None or ask.when(answers, facts))]
    return tuple(Option(ask.name, _answer_line(ask, answers, facts)) for ask in given)


def _answer_line(ask: Ask, answers: Answers, facts: Facts) -> Text:
    if not answers[ask.name]:
        return Text(ask.title)
    shown = said(ask.accept.show(answers[ask.name], answers, facts))
    return Text(N_("%(title)s: %(answer)s"), {"title": Text(ask.title), "answer": shown})


_ASKS = (
    Ask("part_a", _part_prompt("part_a", "A"), or_change(points("A")), when=_open, title=N_("Part A")),
    Ask("part_b", _part_prompt("part_b", "B"), or_change(points("B")), when=_open, title=N_("Part B")),
    Ask("part_c", _part_prompt("part_c", "C"), or_change(points("C")), when=_open, title=N_("Part C")),
    Ask(
        "decision",
        _decision,
        or_change(paper_number()),
        when=_when("certify", expected=True),
        title=N_("Decision"),
        verbatim=True,
    ),
    Ask(
        "letter",
        _letter,
        or_change(paper_number()),
        when=_when("rate", "propose"),
        optional=True,
        title=N_("Minutes or letter"),
        verbatim=True,
    ),
    Ask(
        "decided_on",
        _day,
        or_change(past_day(first=filed_on, too_early=BEFORE_IT_WAS_FILED)),
        when=_when("certify", "rate", "propose", expected=True),
        title=N_("Day"),
    ),
    Ask(
        "items",
        N_("Please paste all items with their points. For example: 1.1 3; 1.2 0,5; and so on."),
        by_item(),
        aside=True,
        needs=(*PARTS,),
        title=N_("Points by item"),
        verbatim=True,
        counted=False,
    ),
)

RESULT = Dialog(
    "result",
    form=True,
    allowed=visible,
    up="review.{subject}",
    steps=(
        Ask(
            "moved_on",
            _moved_on,
            one_of((OPEN_FILE, DESK)),
            when=lambda answers, facts: not _open(answers, facts),
            goto=_elsewhere,
            counted=False,
        ),
        Ask(
            "sitting",
            _sitting,
            one_of((OPEN_FILE, _TO_COUNCIL, _ALL_THE_SAME)),
            when=lambda answers, facts: _open(answers, facts) and case_of(answers, facts).sitting is not None,
            goto=_away_from_hand,
            counted=False,
        ),
        *_ASKS[:3],
        Ask(
            "upwards",
            _upwards,
            one_of((Option("forward", Text(N_("Send it up")), ("chuyển lên", "send up")), EDIT, OPEN_FILE)),
            when=_when("forward"),
            goto=_after_upwards,
            counted=False,
        ),
        *_ASKS[3:],
        Ask(
            "otherwise",
            _otherwise,
            one_of((THE_COUNCILS, OWN_POINTS)),
            when=differs,
            goto=_after_otherwise,
            needs=(*PARTS,),
            confirms=True,
            counted=False,
        ),
        Ask(
            "check",
            _look_it_over,
            one_of(_look_options),
            when=_when("certify", "rate", "propose"),
            goto=_after_look,
            confirms=True,
            counted=False,
        ),
        Ask(
            "edit",
            N_("Which answer shall we change?"),
            one_of(_editable),
            aside=True,
            goto=lambda value, answers, facts: Go(f"result.{answers['subject']}/{value}"),
            counted=False,
        ),
    ),
)


# ---------------------------------------------------------------- the second confirmation


def _sure(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """All that can't be changed later, once more; its word is not the first one's, which may be typed twice."""
    ask = Text(N_("Once it is published, the producer reads it at once. Publish it?"))
    head = Text(N_("%(code)s “%(product)s”"), named(case_of(answers, facts)))
    beside = _beside_the_councils(answers, facts)
    return (head, *_kept(answers, facts), *beside, *_paper_and_day(answers, facts), ask)


def _published(answers: Answers, facts: Facts) -> Effects:
    found = rated(answers, facts)
    if answers["sure"] != "publish" or found is None:
        return ()
    a, b, c = _points(answers)
    day = date.fromisoformat(answers["decided_on"])
    items, stars = loaded(answers.get("items", "")), _councils_stars(case_of(answers, facts))
    otherwise = answers.get("otherwise") == OWN_POINTS.value
    return (PublishResult(answers["subject"], a, b, c, _number_of(found, answers), day, items, stars, otherwise),)


def _after_publishing(value: str, answers: Answers, facts: Facts) -> Go:
    draft = f"result.{answers['subject']}"
    return Go("desk", drop=draft) if value == "publish" else Go(draft)


def _complete(answers: Answers, facts: Facts) -> bool:
    """Whether all that a result needs is there; a button of long ago may come without it."""
    found = rated(answers, facts)
    if found is None or found.action == "forward" or "decided_on" not in answers:
        return False
    if differs(answers, facts) and answers.get("otherwise") != OWN_POINTS.value:
        return False
    return found.action != "certify" or is_paper_number(answers.get("decision", ""))


PUBLISH = Dialog(
    "publish",
    allowed=visible,
    up="result.{subject}",
    steps=(
        Ask(
            "moved_on",
            _moved_on,
            one_of((OPEN_FILE, DESK)),
            when=lambda answers, facts: not _complete(answers, facts),
            goto=_elsewhere,
        ),
        Ask(
            "sure",
            _sure,
            one_of(
                (
                    Option("back", Text(N_("Don't publish yet")), ("chưa công bố", "chưa", "not yet")),
                    Option("publish", Text(N_("Publish now")), ("công bố luôn", "publish now")),
                )
            ),
            when=_complete,
            then=_published,
            goto=_after_publishing,
            confirms=True,
        ),
    ),
)

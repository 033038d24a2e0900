"""The days that stand on papers, as people type them: any day, and one that cannot lie ahead."""

import calendar
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from dialogs.answers import TYPE_IT
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Event,
    Facts,
    InvalidAnswer,
    Option,
    OptionChosen,
    Sayable,
    Text,
    TextReceived,
)

_WRITTEN = re.compile(r"(?:(?P<d>\d{1,2})\D{1,9})?(?P<m>\d{1,2})\D{1,7}(?P<y>\d{4}|\d{2})")
_ISO = re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})")
_YEARS = range(2000, 2100)
NO_DAY = N_("I see no date there. For example: 31/12/2027.")


def day_of(typed: str, today: date | None = None) -> date:
    """The day that is meant: "31/12/2027", "31.12.27", "31 tháng 12 năm 2027"; of "12/2027" its last day.

    With `today` also "hết tháng 6 sang năm". Raises InvalidAnswer when it is none, or lies outside 2000 to 2099.
    """
    plain = unicodedata.normalize("NFKC", typed).strip().lower().removeprefix("ngày").strip()
    plain = _with_year(plain, today) if today is not None else plain
    found = _ISO.fullmatch(plain) or _WRITTEN.fullmatch(plain)
    if found is None:
        raise InvalidAnswer(NO_DAY)
    year = int(found["y"]) + (2000 if len(found["y"]) == 2 else 0)
    month = int(found["m"])
    if year not in _YEARS or not 1 <= month <= 12:
        raise InvalidAnswer(NO_DAY)
    last = calendar.monthrange(year, month)[1]
    number = int(found["d"] or last)
    if not 1 <= number <= last:
        raise InvalidAnswer(N_("That month has only %(days)s days. For example: 31/12/2027."), days=last)
    return date(year, month, number)


_NEXT_YEAR = re.compile(r"\b(?:sang n[ăa]m|n[ăa]m (?:sau|t[ớo]i)|next year)\b")
_THIS_YEAR = re.compile(r"\b(?:n[ăa]m nay|this year)\b")
_END_OF = re.compile(r"(?:(?:đến|den|tới|toi) )?(?:hết|het|cuối|cuoi|end of) ")
_MONTH = re.compile(r"(?:tháng|thang) ")


def _with_year(plain: str, today: date) -> str:
    """ "30/6 sang năm" with that year in figures; "hết năm sau" is the end of its December."""
    dated = _THIS_YEAR.sub(str(today.year), _NEXT_YEAR.sub(str(today.year + 1), plain))
    end = _END_OF.match(dated)
    rest = dated[end.end() :] if end is not None else dated
    rest = rest[found.end() :] if (found := _MONTH.match(rest)) is not None else rest
    return f"12/{rest}" if end is not None and re.fullmatch(r"\d{4}", rest) else rest


@dataclass(frozen=True, slots=True)
class day:
    """A day, typed; stored as ISO."""

    takes: str = "number"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return ()

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(TYPE_IT)
        return Answer(day_of(event.text, facts.today).isoformat())

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return Text("%(day)s", {"day": date.fromisoformat(value)})

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None


_DAY_AND_MONTH = re.compile(r"(\d{1,2})\s*(?:[./-]|tháng)\s*(\d{1,2})")
_THREE_NUMBERS = re.compile(r"\D*\d+\D+\d+\D+\d+\D*")
TODAY = Option("today", Text(N_("Today")), ("hôm nay", "today"))


@dataclass(frozen=True, slots=True)
class past_day(day):
    """A day that stands on a paper: not after today, nor before `first`, which `too_early` names. Stored as ISO."""

    first: Callable[[Answers, Facts], date | None] = lambda answers, facts: None
    too_early: str = ""

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return (TODAY,)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        meant = self._day(event, facts.today)
        if meant > facts.today:
            raise InvalidAnswer(N_("The day %(day)s is still to come. Which day stands on the decision?"), day=meant)
        first = self.first(answers, facts)
        if first is not None and meant < first:
            raise InvalidAnswer(self.too_early, day=meant, first=first)
        return Answer(meant.isoformat())

    def _day(self, event: Event, today: date) -> date:
        if isinstance(event, OptionChosen) and event.value == TODAY.value:
            return today
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(TYPE_IT)
        plain = unicodedata.normalize("NFKC", event.text).strip().lower().removeprefix("ngày").strip()
        if plain in ("hôm qua", "hom qua", "yesterday"):
            return today - timedelta(days=1)
        if short := _DAY_AND_MONTH.fullmatch(plain):
            return day_of(f"{short[1]}/{short[2]}/{today.year}")
        if not _THREE_NUMBERS.fullmatch(plain):
            raise InvalidAnswer(N_("I need day, month and year. For example: 20/10/2026."))
        return day_of(plain)

"""The office's calendar: when people may come, and the days on which it is closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dialogs import places
from dialogs.answers import CHOOSE, one_of, text
from dialogs.days import period_in
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    Dialog,
    Effects,
    Event,
    Facts,
    Go,
    InvalidAnswer,
    OfficeFacts,
    Option,
    OptionChosen,
    Sayable,
    SendMessage,
    SetDayOff,
    SetHours,
    Text,
    TextReceived,
    Value,
)
from dialogs.rules.working_days import (
    USUAL_SESSIONS,
    Sessions,
    is_working_day,
    minutes_per_day,
    read_sessions,
)
from dialogs.words import YES

HOURS_CHARS = 200
"""What storage keeps of the words."""


def has_office(answers: Answers, facts: Facts) -> bool:
    """Whoever works in a commune or in a province; an administrator has no office of their own."""
    return any(member.territory for member in facts.person.memberships)


def office_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return tuple(Option(office.territory, place_of(office.territory)) for office in facts.offices)


def place_of(territory: str) -> str:
    """ "xã Tân Lĩnh", "tỉnh Lào Cai"."""
    found = places.parse_territory(territory)
    if found is None:
        return territory
    province, commune = found
    return commune.full_name if commune is not None else province.full_name


def place_first(territory: str) -> str:
    """As a sentence begins with it."""
    place = place_of(territory)
    return place[:1].upper() + place[1:]


def has_several(answers: Answers, facts: Facts) -> bool:
    return len(facts.offices) > 1


def office_of(answers: Answers, facts: Facts) -> OfficeFacts:
    """The office that was chosen, or the only one; an empty one while the record is not read yet."""
    chosen = [office for office in facts.offices if office.territory == answers.get("office")]
    return next(iter((*chosen, *facts.offices)), OfficeFacts("", "", USUAL_SESSIONS))


WHICH_OFFICE = Ask("office", N_("Which office?"), one_of(office_options), when=has_several)
BACK_TO_DESK = Option("desk", Text(N_("My desk")), ("bàn làm việc", "desk"))


# ---------------------------------------------------------------- hours


def clock_time(minute: int) -> str:
    """ "7:30", as it stands on an office's door in every language we speak."""
    return f"{minute // 60}:{minute % 60:02}"


def sessions_words(sessions: Sessions) -> str:
    """ "7:30–11:30, 13:30–17:00"."""
    return ", ".join(f"{clock_time(start)}–{clock_time(end)}" for start, end in sessions)


def present_hours(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    office = office_of(answers, facts)
    now = Text(N_("Deadlines are counted by these hours: %(hours)s."), {"hours": sessions_words(office.sessions)})
    said = (Text(N_("Producers read: “%(words)s”."), {"words": office.hours}),) if office.hours else ()
    ask = Text(N_("When may people come? For example: Monday to Friday, 7:30–11:30 and 13:30–17:00."))
    return (*said, now, ask)


def hours_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (Option("days_off", Text(N_("Days off")), ("ngày nghỉ", "days off")), BACK_TO_DESK)


def hours_way(value: str, answers: Answers, facts: Facts) -> Go | None:
    if value == "days_off":
        return Go("days_off", {"office": office_of(answers, facts).territory})
    return Go("desk") if value == "desk" else None


def read_back(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """What was understood, with the time between as lunch; nothing is kept before a yes."""
    sessions = read_sessions(answers["hours"])
    words = Text(N_("Producers will read: “%(words)s”."), {"words": answers["hours"]})
    if sessions is None:
        usual = {"hours": sessions_words(USUAL_SESSIONS)}
        return (Text(N_("I can't read the times in this, so I would count deadlines by %(hours)s."), usual), words)
    understood = Text(N_("I understand: %(hours)s."), {"hours": sessions_words(sessions)})
    return (understood, _day_of_work(minutes_per_day(sessions)), words)


def _day_of_work(minutes: int) -> Text:
    values: dict[str, Value] = {"whole": minutes // 60, "minutes": minutes % 60}
    if not values["minutes"]:
        return Text(N_("That is %(whole)s hours of work a day; breaks do not count."), values)
    return Text(N_("That is %(whole)s hours and %(minutes)s minutes of work a day; breaks do not count."), values)


def hours_kept(answers: Answers, facts: Facts) -> Effects:
    if answers["sure"] != "yes":
        return ()
    kept = SetHours(answers["hours"], office_of(answers, facts).territory, read_sessions(answers["hours"]) or ())
    return (kept, SendMessage((Text(N_("Noted. Producers who ask for help see it.")),)))


def hours_again(value: str, answers: Answers, facts: Facts) -> Go | None:
    if value == "yes":
        return None
    return Go("office_hours", {"office": office_of(answers, facts).territory}, drop="office_hours")


OFFICE_HOURS = Dialog(
    "office_hours",
    allowed=has_office,
    linked=True,
    up="desk",
    end="desk",
    steps=(
        WHICH_OFFICE,
        Ask("hours", present_hours, one_of(hours_options, other=HOURS_CHARS), goto=hours_way, verbatim=True),
        Ask(
            "sure",
            read_back,
            one_of(
                (
                    Option("yes", Text(N_("Keep these hours")), ("ghi", "ghi lại", "keep", *YES)),
                    Option("no", Text(N_("Type them again")), ("gõ lại", "sửa", "again")),
                )
            ),
            then=hours_kept,
            goto=hours_again,
            confirms=True,
        ),
    ),
)


# ---------------------------------------------------------------- days off

MOST_DAYS_AHEAD = 300
"""Whatever is further off is a day without a year that has just passed."""
LONGEST_SPAN_DAYS = 31
REASON_CHARS = 120
OPEN = "open-"


@dataclass(frozen=True, slots=True)
class closed_days:
    """Days to close on, typed, or one of those declared to open again.

    Stored as ISO days with commas between them (only those that would be worked), or "open-<ISO day>".
    """

    takes: str = "text"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        declared = tuple(
            Option(f"{OPEN}{day}", Text(N_("Open on %(day)s"), {"day": day}))
            for day, _ in office_of(answers, facts).days_off[:7]
        )
        return (*declared, Option("hours", Text(N_("Office hours")), ("giờ làm việc", "hours")), BACK_TO_DESK)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen):
            if any(event.value == option.value for option in self.options(answers, facts, partial)):
                return Answer(event.value)
            raise InvalidAnswer(CHOOSE)
        first, last = period_in(event.text, facts.today) if isinstance(event, TextReceived) else (None, None)
        if first is None:
            raise InvalidAnswer(N_("I see no such day. For example: 25/12, or 25/12 to 27/12."))
        return Answer(",".join(map(str, _to_close(first, last or first, answers, facts))))

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return value

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return True


def _to_close(first: date, last: date, answers: Answers, facts: Facts) -> Sequence[date]:
    """The days of a span that would be worked; raises InvalidAnswer when there are none, or none that lie ahead."""
    if first < facts.today:
        raise InvalidAnswer(N_("%(day)s has passed. A day off is declared before it begins."), day=first)
    if (last - facts.today).days > MOST_DAYS_AHEAD:
        raise InvalidAnswer(N_("%(day)s is too far off. Please declare it later."), day=last)
    if (last - first).days >= LONGEST_SPAN_DAYS:
        raise InvalidAnswer(N_("That is over a month. Please declare it in parts."))
    office = office_of(answers, facts)
    closed = frozenset(day for day, _ in (*office.days_off, *office.closed))
    span = (first + timedelta(days=n) for n in range((last - first).days + 1))
    working = [day for day in span if is_working_day(day, closed)]
    if not working:
        raise InvalidAnswer(N_("%(day)s is no working day anyway, so nothing needs to be declared."), day=first)
    return working


def declared_days(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    office = office_of(answers, facts)
    head = Text(N_("Days off of %(place)s:"), {"place": place_of(office.territory)})
    own = tuple(map(_day_line, office.days_off))
    above = tuple(Text(N_("%(line)s (the whole province)"), {"line": _day_line(one)}) for one in office.closed)
    none = Text(N_("No day off is declared besides weekends and public holidays."))
    ask = Text(N_("Which day shall I add? For example: 25/12, or 25/12 to 27/12."))
    return (*((head, *own, *above) if own or above else (none,)), ask)


def _day_line(declared: tuple[date, str]) -> Text:
    day, reason = declared
    if not reason:
        return Text(N_("• %(day)s"), {"day": day})
    return Text(N_("• %(day)s: %(reason)s"), {"day": day, "reason": reason})


def day_way(value: str, answers: Answers, facts: Facts) -> Go | None:
    if value == "hours":
        return Go("office_hours", {"office": office_of(answers, facts).territory})
    return Go("desk") if value == "desk" else None


def day_read_back(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    place: dict[str, Value] = {"place": place_first(office_of(answers, facts).territory)}
    if not closes(answers, facts):
        day = date.fromisoformat(answers["day"].removeprefix(OPEN))
        return (
            Text(N_("%(place)s works again on %(day)s."), {**place, "day": day}),
            Text(N_("Deadlines that this day had moved come back to where they were.")),
        )
    days = days_of(answers)
    closed = Text(N_("%(place)s is closed on these days:"), place)
    lines = tuple(_day_line((day, answers.get("reason", ""))) for day in days)
    return (closed, *lines, Text(N_("Open deadlines move on by as many days; none becomes shorter.")))


def closes(answers: Answers, facts: Facts) -> bool:
    return not answers.get("day", OPEN).startswith(OPEN)


def days_of(answers: Answers) -> tuple[date, ...]:
    return tuple(date.fromisoformat(day) for day in answers["day"].removeprefix(OPEN).split(","))


def day_kept(answers: Answers, facts: Facts) -> Effects:
    if answers["sure"] != "yes":
        return ()
    territory, closed = office_of(answers, facts).territory, closes(answers, facts)
    return tuple(SetDayOff(territory, day, answers.get("reason", ""), closed) for day in days_of(answers))


def days_again(value: str, answers: Answers, facts: Facts) -> Go:
    """To the list as it stands then."""
    return Go("days_off", {"office": office_of(answers, facts).territory}, drop="days_off")


def day_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    opens = not closes(answers, facts)
    yes = Text(N_("Open it again")) if opens else Text(N_("Close the office"))
    typed = ("mở lại", "open") if opens else ("cho nghỉ", "close")
    return (Option("yes", yes, (*typed, *YES)), Option("no", Text(N_("Leave it as it is")), ("để nguyên", "leave")))


DAYS_OFF = Dialog(
    "days_off",
    allowed=has_office,
    linked=True,
    up="office_hours",
    end="desk",
    steps=(
        WHICH_OFFICE,
        Ask("day", declared_days, closed_days(), goto=day_way, verbatim=True),
        Ask(
            "reason",
            N_("Why? For example: flood. You may skip this."),
            text(REASON_CHARS),
            when=closes,
            optional=True,
            verbatim=True,
        ),
        Ask("sure", day_read_back, one_of(day_options), then=day_kept, goto=days_again, confirms=True),
    ),
)

"""The people of one's territory: who they are, leave with a cover, handing cases over, and leaving for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dialogs.answers import TYPE_IT, one_of
from dialogs.days import day_in, period_in
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    Colleague,
    Dialog,
    Effects,
    EndLeave,
    Event,
    Facts,
    Go,
    HandOver,
    InvalidAnswer,
    Membership,
    Option,
    OptionChosen,
    RemoveOfficer,
    Role,
    Sayable,
    SendMessage,
    TakeLeave,
    Text,
    TextReceived,
    Value,
)
from dialogs.officer.join import ASK_NAME, ROLE_WORDS, membership_words, territory_words
from dialogs.officer.rights import answers_for, is_officer, may_invite
from dialogs.producer.place import province
from dialogs.words import YES

FREE = "free"
"""In place of a colleague: nobody gets the cases, whoever likes takes them."""
_DESK = Option("desk", Text(N_("My desk")), ("bàn làm việc", "hồ sơ", "desk"))
_NOT_NOW = Option("no", Text(N_("Not now")), ("để sau", "chưa giao", "not now"))


def name_words(name: str) -> Text | str:
    return name or Text(N_("(no name yet)"))


def _member(colleague: Colleague) -> Membership:
    return Membership(colleague.role, colleague.territory)


def _subject(answers: Answers) -> int:
    """The person a dialog is about; -1 is nobody."""
    subject = answers["subject"]
    return int(subject) if subject.isascii() and subject.isdigit() else -1


def _roles(answers: Answers, facts: Facts) -> tuple[Colleague, ...]:
    """The person the dialog is about, once for each role."""
    return tuple(one for one in facts.colleagues if one.person_id == _subject(answers))


def _others(answers: Answers, facts: Facts) -> tuple[Colleague, ...]:
    """Everybody else, each once."""
    return tuple({one.person_id: one for one in facts.colleagues if one.person_id != _subject(answers)}.values())


def _removable(answers: Answers, facts: Facts) -> tuple[str, ...]:
    """Territories in which this officer may take that person's role back, in order, each once."""
    mine = _subject(answers) == 0
    roles = (one for one in _roles(answers, facts) if mine or answers_for(facts.person.memberships, _member(one)))
    return tuple(dict.fromkeys(one.territory for one in roles))


def _cases(answers: Answers, facts: Facts) -> int:
    return next((one.cases for one in _roles(answers, facts)), 0)


def _name(person: int, facts: Facts) -> Text | str:
    if person == 0:
        return Text(N_("you"))
    return name_words(next((one.name for one in facts.colleagues if one.person_id == person), ""))


# ---------------------------------------------------------------- the list


def listed(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    place = territory_words(answers["subject"])
    if answers["subject"]:
        head = Text(N_("Officers of %(place)s:"), {"place": place})
    else:
        head = Text(N_("Officers of your territory:"))
    return (head, *(_absence_line(facts)))


def _absence_line(facts: Facts) -> tuple[Text, ...]:
    away = facts.absence
    if away is None:
        return ()
    values: dict[str, Value] = {"days": days_words(away.first_on, away.last_on), "cover": name_words(away.cover)}
    return (Text(N_("You are on leave %(days)s. %(cover)s covers for you."), values),)


def days_words(first: date, last: date) -> Text:
    if first == last:
        return Text(N_("on %(day)s"), {"day": first})
    return Text(N_("from %(first)s until the end of %(last)s"), {"first": first, "last": last})


def listed_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    actions = [Option("leave", Text(N_("Leave")), ("nghỉ phép", "leave"))]
    if may_invite(facts):
        actions.append(Option("invite", Text(N_("Invite an officer")), ("mời cán bộ", "mời", "invite")))
    if any(member.role is Role.ADMINISTRATOR for member in facts.person.memberships):
        actions.append(Option("province", Text(N_("Another province")), ("tỉnh khác", "xem tỉnh", "province")))
    return (*actions, *_people(facts), _DESK)


def _people(facts: Facts) -> tuple[Option, ...]:
    """One line a person; who has several roles is there with the first."""
    first: dict[int, Colleague] = {}
    for one in facts.colleagues:
        first.setdefault(one.person_id, one)
    return tuple(Option(f"p{one.person_id}", _line(one), (one.name,) if one.name else ()) for one in first.values())


def _line(one: Colleague) -> Text:
    who = name_words(one.name) if one.person_id else Text(N_("%(name)s (you)"), {"name": name_words(one.name)})
    place = territory_words(one.territory)
    values: dict[str, Value] = {"name": who, "role": Text(ROLE_WORDS[one.role]), "place": place, "count": one.cases}
    if one.away_until is not None:
        return Text(
            N_("%(name)s, %(role)s, %(place)s: %(count)s case in hand, on leave until %(day)s"),
            {**values, "day": one.away_until},
            N_("%(name)s, %(role)s, %(place)s: %(count)s cases in hand, on leave until %(day)s"),
        )
    return Text(
        N_("%(name)s, %(role)s, %(place)s: %(count)s case in hand"),
        values,
        N_("%(name)s, %(role)s, %(place)s: %(count)s cases in hand"),
    )


def opened(value: str, answers: Answers, facts: Facts) -> Go:
    if value.startswith("p") and value[1:].isdigit():
        return Go(f"colleague.{value[1:]}")
    return Go({"province": "staff_province"}.get(value, value))


STAFF = Dialog(
    "staff",
    allowed=is_officer,
    linked=True,
    steps=(Ask("who", listed, one_of(listed_options), goto=opened),),
)
STAFF_PROVINCE = Dialog(
    "staff_province",
    allowed=lambda answers, facts: any(m.role is Role.ADMINISTRATOR for m in facts.person.memberships),
    up="staff",
    steps=(Ask("province", N_("Of which province?"), province(), goto=lambda value, a, f: Go(f"staff.{value}")),),
)


# ---------------------------------------------------------------- one person


def known(answers: Answers, facts: Facts) -> bool:
    return is_officer(answers, facts) and bool(_roles(answers, facts))


def about(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    roles = _roles(answers, facts)
    one = roles[0]
    held = Text(N_("%(count)s case in hand."), {"count": one.cases}, N_("%(count)s cases in hand."))
    away = (Text(N_("On leave until %(day)s."), {"day": one.away_until}),) if one.away_until is not None else ()
    return (
        Text("%(name)s", {"name": name_words(one.name)}),
        *(membership_words(_member(role)) for role in roles),
        held,
        *away,
    )


def person_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    may = _removable(answers, facts)
    mine = _subject(answers) == 0
    options = []
    if may and _cases(answers, facts):
        options.append(Option("hand", Text(N_("Hand over all cases")), ("giao hết", "bàn giao", "hand over")))
    if mine:
        options.append(Option("name", Text(N_("Change my name")), ("đổi tên", "sửa tên", "name")))
    if may:
        label = N_("Leave this work") if mine else N_("Take the role back")
        options.append(Option("dismiss", Text(label), ("thôi việc", "cho thôi", "thôi làm cán bộ", "remove")))
    return (*options, Option("staff", Text(N_("All officers")), ("danh sách", "mọi cán bộ", "list")), _DESK)


def on_person(value: str, answers: Answers, facts: Facts) -> Go:
    subject = answers["subject"]
    targets = {"hand": f"hand_all.{subject}", "dismiss": f"dismiss.{subject}", "name": "my_name"}
    return Go(targets.get(value, value))


COLLEAGUE = Dialog(
    "colleague",
    allowed=known,
    up="staff",
    steps=(Ask("what", about, one_of(person_options), goto=on_person),),
)
MY_NAME = Dialog(
    "my_name",
    allowed=is_officer,
    up="staff",
    steps=(Ask("name", ASK_NAME.prompt, ASK_NAME.accept, then=ASK_NAME.then, goto=lambda v, a, f: Go("staff")),),
)


# ---------------------------------------------------------------- handing cases over


def receivers(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return _names(_others(answers, facts), N_("Give to %(name)s"))


def _names(colleagues: Sequence[Colleague], msgid: str) -> tuple[Option, ...]:
    return tuple(
        Option(
            str(one.person_id),
            Text(msgid, {"name": name_words(one.name)}) if one.person_id else Text(N_("I take them")),
            (one.name,) if one.name else (),
        )
        for one in colleagues
    )


def may_hand_over(answers: Answers, facts: Facts) -> bool:
    return known(answers, facts) and bool(_removable(answers, facts))


def whose_are_they(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if not _others(answers, facts):
        return (Text(N_("There is no colleague here yet who could take them. Please invite one first.")),)
    values: dict[str, Value] = {"name": _name(_subject(answers), facts), "count": _cases(answers, facts)}
    if _subject(answers) == 0:
        return (
            Text(
                N_("You have %(count)s case in hand. Who gets it?"),
                values,
                N_("You have %(count)s cases in hand. Who gets them?"),
            ),
        )
    return (
        Text(
            N_("%(name)s has %(count)s case in hand. Who gets it?"),
            values,
            N_("%(name)s has %(count)s cases in hand. Who gets them?"),
        ),
    )


def receivers_or_back(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (*receivers(answers, facts), _NOT_NOW)


def sure(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    values: dict[str, Value] = {
        "count": _cases(answers, facts),
        "name": _name(_subject(answers), facts),
        "to": _name(int(answers["to"]), facts),
    }
    if _subject(answers) == 0:
        return (Text(N_("Give your %(count)s case to %(to)s?"), values, N_("Give your %(count)s cases to %(to)s?")),)
    return (
        Text(
            N_("Give %(count)s case of %(name)s to %(to)s?"),
            values,
            N_("Give %(count)s cases of %(name)s to %(to)s?"),
        ),
    )


def handed(answers: Answers, facts: Facts) -> Effects:
    if answers["confirm"] != "yes":
        return ()
    return (HandOver(_subject(answers), int(answers["to"])),)


_GIVE = (Option("yes", Text(N_("Give them now")), ("giao", "giao luôn", "give", *YES)), _NOT_NOW)
HAND_ALL = Dialog(
    "hand_all",
    allowed=may_hand_over,
    up="staff",
    steps=(
        Ask("to", whose_are_they, one_of(receivers_or_back), goto=lambda v, a, f: Go("staff") if v == "no" else None),
        Ask("confirm", sure, one_of(_GIVE), then=handed, confirms=True, goto=lambda v, a, f: Go("staff")),
    ),
)


# ---------------------------------------------------------------- taking a role back


def territories(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return tuple(Option(path or "all", territory_words(path)) for path in _removable(answers, facts))


def several(answers: Answers, facts: Facts) -> bool:
    return len(_removable(answers, facts)) > 1


def has_cases(answers: Answers, facts: Facts) -> bool:
    return _cases(answers, facts) > 0


def receivers_or_free(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    free = Option(FREE, Text(N_("Whoever takes them")), ("để trống", "ai nhận cũng được", "free"))
    return (*receivers(answers, facts), free)


def _place(answers: Answers, facts: Facts) -> str:
    chosen = answers.get("where", "")
    if chosen:
        return "" if chosen == "all" else chosen
    return next(iter(_removable(answers, facts)), "")


def sure_to_remove(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    place = territory_words(_place(answers, facts))
    if _subject(answers) == 0:
        head = Text(N_("You give up your role in %(place)s. You can't see its cases any more then."), {"place": place})
    else:
        values: dict[str, Value] = {"name": _name(_subject(answers), facts), "place": place}
        head = Text(N_("%(name)s loses the role in %(place)s, can't see its cases any more, and is told so."), values)
    given = answers.get("to", FREE)
    if given == FREE:
        return (head,)
    return (head, Text(N_("%(name)s gets the cases in hand."), {"name": _name(int(given), facts)}))


def removed(answers: Answers, facts: Facts) -> Effects:
    if answers["confirm"] != "yes":
        return ()
    given = answers.get("to", FREE)
    to = None if given == FREE else int(given)
    return (RemoveOfficer(_subject(answers), _place(answers, facts), to),)


def after_removal(value: str, answers: Answers, facts: Facts) -> Go:
    return Go("menu" if value == "yes" and _subject(answers) == 0 else "staff")


def sure_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """The safe one first: it stands where the dangerous one would be tapped by habit."""
    if _subject(answers) == 0:
        return (_NOT_NOW, Option("yes", Text(N_("Yes, I leave it")), ("thôi luôn", "đồng ý", "leave it")))
    return (_NOT_NOW, Option("yes", Text(N_("Yes, take it back")), ("cho thôi", "đồng ý", "take it back")))


DISMISS = Dialog(
    "dismiss",
    allowed=may_hand_over,
    up="staff",
    steps=(
        Ask("where", N_("Which role?"), one_of(territories), when=several),
        Ask("to", whose_are_they, one_of(receivers_or_free), when=has_cases),
        Ask("confirm", sure_to_remove, one_of(sure_options), then=removed, confirms=True, goto=after_removal),
    ),
)


# ---------------------------------------------------------------- leave

LONGEST_LEAVE_DAYS = 200
"""Longer than maternity leave (six months, labour code art. 139); a period beyond it is a slip of the finger."""
FROM_WHEN = N_("From which day are you on leave? For example: tomorrow, Friday, from 24/11 to 28/11.")
NO_DAY = N_("I see no day there. For example: tomorrow, Friday, 25/12.")


@dataclass(frozen=True, slots=True)
class leave_day:
    """A day from today on, stored as ISO; as the first one, "từ 24/11 đến 28/11" answers both questions."""

    first: bool
    takes: str = "text"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        if self.first:
            tomorrow = _iso(facts.today + timedelta(days=1))
            return (
                Option(_iso(facts.today), Text(N_("From today")), ("hôm nay", "today")),
                Option(tomorrow, Text(N_("From tomorrow")), ("mai", "ngày mai", "tomorrow")),
            )
        begins = date.fromisoformat(answers["first"])
        friday = begins + timedelta(days=(4 - begins.weekday()) % 7)
        only = Option(_iso(begins), Text(N_("Only that day")), ("một ngày", "chỉ ngày đó", "that day"))
        until = Option(_iso(friday), Text(N_("Until %(day)s"), {"day": friday}))
        return (only,) if friday == begins else (only, until)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen):
            offered = [option.value for option in self.options(answers, facts, partial)]
            if event.value in offered:
                return Answer(event.value)
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(TYPE_IT)
        return self._first(event.text, facts) if self.first else self._last(event.text, answers)

    def _first(self, typed: str, facts: Facts) -> Answer:
        given = leave_in(typed, facts.today)
        if "first" not in given:
            raise _no_leave(period_in(typed, facts.today)[0], facts.today)
        return Answer(given["first"], also={"last": given["last"]} if "last" in given else {})

    def _last(self, typed: str, answers: Answers) -> Answer:
        begins = date.fromisoformat(answers["first"])
        first, last = period_in(f"đến {typed}", begins)
        day = last or first or day_in(typed, begins)
        if day is None:
            raise InvalidAnswer(NO_DAY)
        if not 0 <= (day - begins).days <= LONGEST_LEAVE_DAYS:
            raise InvalidAnswer(N_("The last day has to follow the first, %(day)s."), day=begins)
        return Answer(_iso(day))

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return Text("%(day)s", {"day": date.fromisoformat(value)})

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return date.fromisoformat(value) >= facts.today


def _iso(day: date) -> str:
    return day.isoformat()


def _no_leave(first: date | None, today: date) -> InvalidAnswer:
    if first is None:
        return InvalidAnswer(NO_DAY)
    if first < today:
        return InvalidAnswer(N_("%(day)s has passed. Leave is noted from today on."), day=first)
    return InvalidAnswer(N_("%(day)s is too far off. Please declare it later."), day=first)


def leave_in(typed: str, today: date) -> dict[str, str]:
    """What a text says of a leave: first and last day as ISO, as far as they are there and make one."""
    first, last = period_in(typed, today)
    if first is None or not 0 <= (first - today).days <= LONGEST_LEAVE_DAYS:
        return {}
    if last is None or (last - first).days > LONGEST_LEAVE_DAYS:
        return {"first": _iso(first)}
    return {"first": _iso(first), "last": _iso(last)}


def leave(argument: str, facts: Facts) -> Go:
    """ "mai tôi nghỉ phép đến thứ Sáu", typed anywhere by an officer; to others it means nothing."""
    return Go("leave", leave_in(argument, facts.today)) if facts.person.memberships else Go("menu")


def on_leave(answers: Answers, facts: Facts) -> bool:
    return facts.absence is not None and "first" not in answers


def now_away(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return _absence_line(facts)


def about_leave(value: str, answers: Answers, facts: Facts) -> Go | None:
    if value == "back":
        return Go("desk", effects=(EndLeave(),))
    return Go("desk") if value == "desk" else None


def away_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    begun = facts.absence is not None and facts.absence.first_on <= facts.today
    label = N_("I am back at work") if begun else N_("Cancel the leave")
    return (
        Option("back", Text(label), ("đi làm lại", "em đã đi làm lại", "tôi đã đi làm lại", "không nghỉ nữa", "back")),
        Option("change", Text(N_("Change the days")), ("đổi ngày", "change")),
        _DESK,
    )


def period(answers: Answers) -> dict[str, Value]:
    return {"days": days_words(date.fromisoformat(answers["first"]), date.fromisoformat(answers["last"]))}


def who_covers(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    head = Text(N_("You are on leave %(days)s."), period(answers))
    if not _candidates(facts):
        return (head, Text(N_("There is no colleague here yet who could cover for you. Please invite one first.")))
    return (head, Text(N_("Who gets your open and new cases meanwhile?")))


def _candidates(facts: Facts) -> tuple[Colleague, ...]:
    return tuple({one.person_id: one for one in facts.colleagues if one.person_id}.values())


def cover_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (*_names(_candidates(facts), N_("Give to %(name)s")), _NOT_NOW)


def sure_to_leave(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    values = period(answers) | {"name": _name(int(answers["cover"]), facts)}
    return (
        Text(N_("%(name)s gets your open and new cases %(days)s."), values),
        Text(N_("I tell %(name)s now. After that everything is as before, by itself."), values),
    )


def left(answers: Answers, facts: Facts) -> Effects:
    if answers["confirm"] != "yes":
        return (SendMessage((Text(N_("All right, nothing has changed.")),)),)
    first, last = (date.fromisoformat(answers[name]) for name in ("first", "last"))
    return (TakeLeave(first, last, int(answers["cover"])),)


LEAVE = Dialog(
    "leave",
    allowed=is_officer,
    linked=True,
    up="staff",
    steps=(
        Ask("now", now_away, one_of(away_options), when=on_leave, goto=about_leave),
        Ask("first", FROM_WHEN, leave_day(first=True)),
        Ask("last", N_("Until the end of which day?"), leave_day(first=False), needs=("first",)),
        Ask("cover", who_covers, one_of(cover_options), goto=lambda v, a, f: Go("desk") if v == "no" else None),
        Ask("confirm", sure_to_leave, one_of(_GIVE), then=left, confirms=True, goto=lambda v, a, f: Go("desk")),
    ),
)
DIALOGS = (STAFF, STAFF_PROVINCE, COLLEAGUE, MY_NAME, HAND_ALL, DISMISS, LEAVE)

"""How a person is told, and several chats that are one person's: order, hours, e-mail, joining, and the way back.

Two chats become one person's by a code of six digits: one chat is given it, the other types it and agrees, and the
first has the last word. What a guesser could do, and what stands against it, is in storage/joining.py.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from dialogs.answers import TYPE_IT, one_of
from dialogs.matching import fold
from dialogs.model import (
    N_,
    AgreeToJoin,
    Answer,
    AnswerJoin,
    Answers,
    Ask,
    Dialog,
    DropAddress,
    Effects,
    Event,
    Facts,
    GiveAddress,
    Go,
    InvalidAnswer,
    Joining,
    LeaveJoin,
    MakeJoinCode,
    Option,
    OptionChosen,
    ProveAddress,
    Sayable,
    SplitOff,
    TellBetween,
    TellFirst,
    Text,
    TextReceived,
    UseJoinCode,
    Value,
    Way,
)
from dialogs.officer.office import clock_time
from dialogs.producer.consent import consent_first
from dialogs.rules.working_days import SLEEPING_MINUTE, WAKING_MINUTE, read_sessions

MAX_ADDRESS_CHARS = 80
"""What storage keeps of one."""
SHORTEST_MINUTES = 60
"""Of the hours in which an officer is told something: less is a slip of the finger."""
CHANNEL_WORDS = {
    "telegram": Text("Telegram"),
    "zalo": Text("Zalo"),
    "zalo_bot": Text("Zalo Bot"),
    "web": Text(N_("the web page")),
    "push": Text(N_("notices on the telephone")),
    "email": Text(N_("e-mail")),
}
_MENU = Option("menu", Text(N_("Main menu")), ("menu",))
_NOT_NOW = Option("later", Text(N_("Not now")), ("để sau", "not now"))


def channel_words(channel: str) -> Text:
    return CHANNEL_WORDS.get(channel, Text("%(channel)s", {"channel": channel}))


def elsewhere(facts: Facts) -> tuple[Text, ...]:
    """The forms that were begun in other chats of this person: they stay there."""
    return tuple(
        Text(
            N_("Your form “%(title)s” is not sent yet; it waits on %(channel)s."),
            {"title": title, "channel": channel_words(way.channel)},
        )
        for way in facts.reach.ways
        if not way.here
        for title in way.drafts
    )


# ---------------------------------------------------------------- how I am told


def is_officer(facts: Facts) -> bool:
    return bool(facts.person.memberships)


def _open(facts: Facts) -> tuple[Way, ...]:
    return tuple(way for way in facts.reach.ways if not way.blocked)


def _has(facts: Facts, channel: str) -> bool:
    return any(way.channel == channel for way in facts.reach.ways)


def how(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    ways = facts.reach.ways
    head = Text(N_("When there is news, I try these one after the other:"))
    alone = Text(N_("When there is news, I tell you here."))
    lines = (head, *map(_line, ways)) if len(ways) > 1 else (alone,)
    return (*lines, *_hours(facts), *_push(facts), Text(N_("What shall I change?")))


def _line(way: Way) -> Text:
    values: dict[str, Value] = {"channel": channel_words(way.channel)}
    if way.address:
        values["channel"] = way.address
    if way.blocked:
        return Text(N_("• %(channel)s: blocked at the moment"), values)
    if way.here:
        return Text(N_("• %(channel)s: you are writing here"), values)
    if way.used_on is None:
        return Text(N_("• %(channel)s"), values)
    return Text(N_("• %(channel)s: last used on %(day)s"), {**values, "day": way.used_on})


def _hours(facts: Facts) -> tuple[Text, ...]:
    if not is_officer(facts):
        return ()
    first, last = facts.reach.hours or (WAKING_MINUTE, SLEEPING_MINUTE)
    values: dict[str, Value] = {"first": clock_time(first), "last": clock_time(last)}
    return (Text(N_("On working days, from %(first)s to %(last)s; what comes later waits for the morning."), values),)


def _push(facts: Facts) -> tuple[Text, ...]:
    if "push" not in facts.channels or _has(facts, "push") or not _has(facts, "web"):
        return ()
    return (Text(N_("The telephone can ring even when the web page is closed: switch it on there.")),)


def ways_to_change(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    options = []
    if len({way.channel for way in _open(facts)}) > 1:
        options.append(Option("first", Text(N_("Where to tell first")), ("báo ở đâu trước", "thứ tự", "order")))
    options.append(Option("join", Text(N_("Join another account")), ("nối", "nối zalo", "nối tài khoản", "join")))
    if "email" in facts.channels:
        options.append(_email_option(facts))
    if is_officer(facts):
        options.append(Option("hours", Text(N_("Hours for news")), ("giờ báo tin", "giờ", "hours")))
    if facts.person.chats > 1:
        options.append(Option("split", Text(N_("Split this one off")), ("tách", "tách ra", "split")))
    return (*options, _MENU)


def _email_option(facts: Facts) -> Option:
    if _has(facts, "email"):
        return Option("no_email", Text(N_("Remove my e-mail")), ("bỏ email", "remove e-mail"))
    return Option("email", Text(N_("Add my e-mail")), ("thêm email", "add e-mail"))


def changed(value: str, answers: Answers, facts: Facts) -> Go:
    return Go({"first": "reach_first", "hours": "reach_hours", "no_email": "email_off"}.get(value, value))


REACH = Dialog(
    "reach",
    before=consent_first,
    linked=True,
    up="help",
    steps=(Ask("choice", how, one_of(ways_to_change), goto=changed),),
)


def reach_command(argument: str, facts: Facts) -> Go:
    """ "báo tin qua zalo" says which comes first; without a channel it shows how one is told."""
    named = fold(argument)
    for channel, words in CHANNEL_WORDS.items():
        if named and named in (fold(channel), fold(words.msgid), *map(fold, _TYPED.get(channel, ()))):
            return Go("reach", effects=(TellFirst(channel),))
    return Go("reach")


# ---------------------------------------------------------------- what comes first


_TYPED = {"web": ("web", "trang web"), "push": ("điện thoại", "push"), "email": ("email", "mail", "thư điện tử")}


def channels_to_choose(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    channels = dict.fromkeys(way.channel for way in _open(facts))
    ways = (Option(c, Text(N_("First %(channel)s"), {"channel": channel_words(c)}), _typed(c)) for c in channels)
    return (*ways, _NOT_NOW)


def _typed(channel: str) -> tuple[str, ...]:
    return (channel.replace("_", " "), *_TYPED.get(channel, ()))


def told_first(value: str, answers: Answers, facts: Facts) -> Go:
    return Go("reach", effects=() if value == "later" else (TellFirst(value),))


REACH_FIRST = Dialog(
    "reach_first",
    before=consent_first,
    up="reach",
    steps=(
        Ask(
            "channel",
            N_("Where shall I tell you first when there is news?"),
            one_of(channels_to_choose),
            goto=told_first,
        ),
    ),
)


# ---------------------------------------------------------------- an officer's hours


@dataclass(frozen=True, slots=True)
class part_of_day:
    """ "7 giờ đến 17 giờ", stored as minutes of the day, "420-1020"; "usual" for the usual ones."""

    takes: str = "number"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return (Option("usual", Text(N_("As usual")), ("như thường", "như cũ", "as usual")), _NOT_NOW)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen) and event.value in ("usual", "later"):
            return Answer(event.value)
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(TYPE_IT)
        sessions = read_sessions(event.text)
        if sessions is None or sessions[-1][1] - sessions[0][0] < SHORTEST_MINUTES:
            raise InvalidAnswer(N_("I see no hours there. For example: from 7 am to 5 pm."))
        return Answer(f"{sessions[0][0]}-{sessions[-1][1]}")

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return value

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return True


def told_between(value: str, answers: Answers, facts: Facts) -> Go:
    if value == "later":
        return Go("reach")
    first, _, last = value.partition("-")
    return Go("reach", effects=(TellBetween(None if value == "usual" else (int(first), int(last))),))


REACH_HOURS = Dialog(
    "reach_hours",
    allowed=lambda answers, facts: is_officer(facts),
    up="reach",
    steps=(
        Ask(
            "hours",
            N_("Between which hours may I tell you of new work? For example: from 7 am to 5 pm."),
            part_of_day(),
            goto=told_between,
        ),
    ),
)


def hours_command(argument: str, facts: Facts) -> Go:
    """ "chỉ báo từ 7 giờ đến 17 giờ"; a producer is told at any hour."""
    if not is_officer(facts):
        return Go("reach")
    try:
        answer = part_of_day().read(TextReceived(argument), {}, facts, "")
    except InvalidAnswer:
        return Go("reach_hours")
    return told_between(answer.value, {}, facts)


# ---------------------------------------------------------------- e-mail

_SIX_DIGITS = re.compile(r"\D*(\d)\D?(\d)\D?(\d)\D?(\d)\D?(\d)\D?(\d)\D*")


@dataclass(frozen=True, slots=True)
class six_digits:
    """A code, with or without spaces, or one of the choices beside it."""

    choices: tuple[Option, ...]
    takes: str = "number"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return self.choices

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen) and any(event.value == option.value for option in self.choices):
            return Answer(event.value)
        found = _SIX_DIGITS.fullmatch(event.text) if isinstance(event, TextReceived) else None
        if found is None:
            raise InvalidAnswer(N_("The code has 6 digits, for example 482 913."))
        return Answer("".join(found.groups()))

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return value

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class email_address:
    """Stored with its host in small letters. No network is asked: the code that is sent there is the proof."""

    takes: str = "number"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return (_NOT_NOW,)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, OptionChosen) and event.value == _NOT_NOW.value:
            return Answer(event.value)
        typed = event.text.strip() if isinstance(event, TextReceived) else ""
        try:
            address = validate_email(typed, check_deliverability=False, allow_smtputf8=False).ascii_email or ""
        except EmailNotValidError:
            raise InvalidAnswer(N_("That is not an e-mail address yet, for example lan@example.vn.")) from None
        if len(address) > MAX_ADDRESS_CHARS:
            raise InvalidAnswer(N_("This address is too long for me. Is there a shorter one?"))
        return Answer(address)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return value

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return True


def address_given(value: str, answers: Answers, facts: Facts) -> Go:
    return Go("reach") if value == "later" else Go("email", effects=(GiveAddress(value),))


def which_code(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    sent = Text(N_("I have sent a code of 6 digits to %(address)s."), {"address": facts.reach.unproved})
    return (sent, Text(N_("Please type it here within 10 minutes.")))


def code_given(value: str, answers: Answers, facts: Facts) -> Go:
    ways: dict[str, Effects] = {
        "again": (GiveAddress(facts.reach.unproved),),
        "other": (DropAddress(),),
        "later": (),
    }
    return Go("reach" if value == "later" else "email", effects=ways.get(value, (ProveAddress(value),)))


EMAIL = Dialog(
    "email",
    before=consent_first,
    allowed=lambda answers, facts: "email" in facts.channels,
    up="reach",
    end="reach",
    steps=(
        Ask(
            "code",
            which_code,
            six_digits(
                (
                    Option("again", Text(N_("Send it again")), ("gửi lại", "again")),
                    Option("other", Text(N_("Another address")), ("địa chỉ khác", "email khác", "other")),
                    _NOT_NOW,
                )
            ),
            when=lambda answers, facts: bool(facts.reach.unproved),
            goto=code_given,
        ),
        Ask(
            "address",
            N_("What is your e-mail address? I send a code there, to see that it is yours."),
            email_address(),
            when=lambda answers, facts: not facts.reach.unproved and not _has(facts, "email"),
            goto=address_given,
        ),
    ),
)


def take_away(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    address = next(way.address for way in facts.reach.ways if way.channel == "email")
    return (Text(N_("I erase %(address)s and send no e-mail any more. Shall I?"), {"address": address}),)


def taken_away(value: str, answers: Answers, facts: Facts) -> Go:
    return Go("reach", effects=(DropAddress(),) if value == "yes" else ())


EMAIL_OFF = Dialog(
    "email_off",
    before=consent_first,
    up="reach",
    steps=(
        Ask(
            "sure",
            take_away,
            one_of(
                (
                    Option("no", Text(N_("Leave it as it is")), ("để nguyên", "không", "leave")),
                    Option("yes", Text(N_("Remove my e-mail")), ("bỏ email", "bỏ", "remove e-mail")),
                )
            ),
            when=lambda answers, facts: _has(facts, "email"),
            goto=taken_away,
            confirms=True,
        ),
        Ask(
            "none",
            N_("I have no e-mail address of yours."),
            one_of((Option("reach", Text(N_("How I am told")), ("cách báo tin", "how I am told")), _MENU)),
            goto={"reach": "reach", "menu": "menu"},
        ),
    ),
)


def email_command(argument: str, facts: Facts) -> Go:
    """Where no mail can be sent from here there is nothing to add."""
    return Go("email" if "email" in facts.channels else "reach")


# ---------------------------------------------------------------- joining


def _stage(stage: str) -> Callable[[Answers, Facts], bool]:
    return lambda answers, facts: facts.joining is not None and facts.joining.stage == stage


def _joining(facts: Facts) -> Joining:
    if facts.joining is None:
        raise LookupError("joining")
    return facts.joining


def somebody_typed(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    other = channel_words(_joining(facts).channel)
    return (
        Text(N_("Somebody on %(channel)s has just typed your code."), {"channel": other}),
        SHARED,
        Text(N_("Is that you? Shall I join the two?")),
    )


SHARED = Text(N_("Whoever holds that telephone will see your files, and can send papers for you."))


def word_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    """The number of the asking chat is in the value: an older button says yes to nobody else."""
    number = _joining(facts).number
    return (
        Option(f"yes-{number}", Text(N_("Join them")), ("nối", "nối đi", "join")),
        Option(f"no-{number}", Text(N_("It was not me")), ("không phải tôi", "không phải", "không", "not me")),
    )


def word_given(value: str, answers: Answers, facts: Facts) -> Go:
    yes, _, number = value.partition("-")
    return Go("reach" if yes == "yes" else "menu", effects=(AnswerJoin(int(number), yes == "yes"),))


def shall_they(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    other = channel_words(_joining(facts).channel)
    return (
        Text(N_("The code is right. It comes from %(channel)s."), {"channel": other}),
        Text(N_("Joined, both have one set of files: yours here go there as well.")),
        SHARED,
        Text(N_("Only join when that one is yours too. Shall I?")),
    )


def agreed(value: str, answers: Answers, facts: Facts) -> Go:
    return Go("join", effects=(AgreeToJoin(),)) if value == "yes" else Go("menu", effects=(LeaveJoin(),))


def wait(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    joining = _joining(facts)
    values: dict[str, Value] = {"channel": channel_words(joining.channel), "time": clock_time(_minute(joining))}
    return (Text(N_("I have asked on %(channel)s. Please answer there before %(time)s."), values),)


def _minute(joining: Joining) -> int:
    return joining.until.hour * 60 + joining.until.minute


def waited(value: str, answers: Answers, facts: Facts) -> Go:
    return Go("menu", effects=(LeaveJoin(),) if value == "no" else ())


def what_it_is(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (
        Text(N_("You can write to me from two places, say Zalo and Telegram, and have one set of files in both.")),
        Text(N_("Whoever holds either telephone sees your files then.")),
        Text(N_("Get a code in one place, and type it in the other. Which is it here?")),
    )


def begun(value: str, answers: Answers, facts: Facts) -> Go:
    ways = {"get": Go("join", effects=(MakeJoinCode(),)), "stop": Go("menu", effects=(LeaveJoin(),))}
    return ways.get(value, Go("join_code" if value == "type" else "menu"))


def code_made(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    until = {"time": clock_time(_minute(_joining(facts)))}
    return (
        Text(N_("Once the other side has typed the code, I ask you here. It is good until %(time)s."), until),
        Text(N_("Nothing is joined before you have said yes.")),
    )


def typed(value: str, answers: Answers, facts: Facts) -> Go:
    return Go("menu") if value == "later" else Go("join_code", effects=(UseJoinCode(value),))


_TYPE = Option("type", Text(N_("Type a code")), ("nhập mã", "gõ mã", "type code"))
JOIN = Dialog(
    "join",
    before=consent_first,
    linked=True,
    up="reach",
    steps=(
        Ask("asked", somebody_typed, one_of(word_options), when=_stage("asked"), goto=word_given, confirms=True),
        Ask(
            "agree",
            shall_they,
            one_of(
                (
                    Option("yes", Text(N_("Join them")), ("nối", "nối đi", "join")),
                    Option("no", Text(N_("Don't join")), ("thôi", "không nối", "không", "don't")),
                )
            ),
            when=_stage("typed"),
            goto=agreed,
            confirms=True,
        ),
        Ask(
            "wait",
            wait,
            one_of((Option("no", Text(N_("Don't join after all")), ("thôi", "không nối nữa", "don't join")), _MENU)),
            when=_stage("agreed"),
            goto=waited,
        ),
        Ask(
            "made",
            code_made,
            one_of(
                (
                    Option("get", Text(N_("Get a new code")), ("mã mới", "lấy mã mới", "new code")),
                    _TYPE,
                    Option("stop", Text(N_("Don't join")), ("thôi", "không nối", "không", "don't")),
                )
            ),
            when=_stage("made"),
            goto=begun,
        ),
        Ask(
            "what",
            what_it_is,
            one_of((Option("get", Text(N_("Get a code")), ("lấy mã", "get code")), _TYPE, _NOT_NOW)),
            goto=begun,
        ),
    ),
)
JOIN_CODE = Dialog(
    "join_code",
    before=consent_first,
    up="join",
    end="join",
    steps=(
        Ask(
            "code",
            N_("What is the code that the other side shows? For example: 482 913."),
            six_digits((_NOT_NOW,)),
            when=lambda answers, facts: not _stage("typed")(answers, facts),
            goto=typed,
        ),
    ),
)


def join_command(argument: str, facts: Facts) -> Go:
    """ "nối 482 913" types a code at once; without one it is explained."""
    found = _SIX_DIGITS.fullmatch(argument)
    return Go("join_code", effects=(UseJoinCode("".join(found.groups())),)) if found else Go("join")


# ---------------------------------------------------------------- the way back


def really(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    here = {"channel": channel_words(facts.channel)}
    return (
        Text(N_("Split off, %(channel)s begins anew and knows nothing of your files."), here),
        Text(N_("All files stay with your other accounts. Forms begun here and not sent are thrown away.")),
        Text(N_("Shall I split it off?")),
    )


def split(value: str, answers: Answers, facts: Facts) -> Go:
    return Go("menu", effects=(SplitOff(),)) if value == "yes" else Go("reach")


SPLIT = Dialog(
    "split",
    before=consent_first,
    allowed=lambda answers, facts: facts.person.chats > 1,
    up="reach",
    steps=(
        Ask(
            "sure",
            really,
            one_of(
                (
                    Option("no", Text(N_("Leave it as it is")), ("để nguyên", "không", "không tách", "leave")),
                    Option("yes", Text(N_("Split it off")), ("tách", "tách ra", "split")),
                )
            ),
            goto=split,
            confirms=True,
        ),
    ),
)


def split_command(argument: str, facts: Facts) -> Go:
    return Go("split" if facts.person.chats > 1 else "reach")


DIALOGS = (REACH, REACH_FIRST, REACH_HOURS, EMAIL, EMAIL_OFF, JOIN, JOIN_CODE, SPLIT)

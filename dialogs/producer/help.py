"""Help: a person to ask, the language, and one's own data."""

from dialogs.answers import one_of, phone
from dialogs.engine import said
from dialogs.messages import counted, may_attach, message, parts_of, so_far, usable, what_next, with_it
from dialogs.model import (
    N_,
    Answers,
    Ask,
    Dialog,
    Effects,
    Facts,
    ForgetMe,
    Option,
    RecordReminders,
    SendMessage,
    SendMyData,
    SendNote,
    SetLocale,
    Text,
)
from dialogs.producer.consent import TEXT_VERSION, consent_asked, consent_first
from dialogs.producer.place import place_first, place_name

MENU = Option("menu", Text(N_("Main menu")), ("menu",))
REACH = Option("reach", Text(N_("How I am told")), ("cách báo tin", "báo tin", "how I am told"))


FOR_OFFICERS = (
    Text(N_("Type the code of a case to open it, anywhere; its last four figures are enough.")),
    Text(N_("To look for a product or a producer, type for example: find banana.")),
    Text(N_("Where and when news comes to you is under “How I am told”.")),
)


def who_helps(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    tips = Text(N_("You may type your question at any time. “back” goes one question back, “menu” to the start."))
    if facts.person.memberships:
        return (*FOR_OFFICERS, tips, Text(N_("What do you need?")))
    if not facts.person.commune:
        return (tips, Text(N_("What do you need?")))
    return (tips, *office_hours(facts), Text(N_("What do you need?")))


def office_hours(facts: Facts) -> tuple[Text, ...]:
    return (Text(N_("The commune office is open: %(hours)s."), {"hours": facts.hours}),) if facts.hours else ()


HELP = Dialog(
    "help",
    before=consent_asked,
    linked=True,
    steps=(
        Ask(
            "choice",
            who_helps,
            one_of(
                (
                    Option("officer", Text(N_("Write to the officer")), ("nhắn cán bộ", "hỏi cán bộ", "officer")),
                    Option("learn", Text(N_("Common questions")), ("câu hỏi", "faq")),
                    Option("language", Text(N_("Tiếng Việt / English")), ("ngôn ngữ", "language")),
                    Option("place", Text(N_("Change my commune")), ("đổi xã", "place")),
                    Option("my_data", Text(N_("My data")), ("dữ liệu của tôi", "my data")),
                    REACH,
                    MENU,
                )
            ),
            goto={
                "officer": "ask_officer",
                "learn": "section.faq",
                "language": "language",
                "place": "place",
                "my_data": "my_data",
                "reach": "reach",
                "menu": "menu",
            },
        ),
    ),
)

LANGUAGE = Dialog(
    "language",
    steps=(
        Ask(
            "locale",
            N_("Which language shall I speak?"),
            one_of(
                (
                    Option("vi", "Tiếng Việt", ("việt", "vietnamese")),
                    Option("en", "English", ("anh", "tiếng anh")),
                )
            ),
            then=lambda answers, facts: (SetLocale(answers["locale"]),),
        ),
    ),
)


# ---------------------------------------------------------------- a note to the officer


def about(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    words, parts = so_far(answers["~"])
    if not parts and not words:
        return (*_answered(answers, facts), *_to_officer(answers, facts), *may_attach(facts))
    good = usable(parts, facts)
    head = Text(N_("I pass this on: “%(words)s”"), {"words": words}) if words else Text(N_("I pass this on:"))
    shown = (head, *with_it(*counted(good))) if good or words else ()
    return (*shown, *what_next(words, parts, facts))


def _answered(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """The officer's words that nobody has answered yet."""
    case = facts.case(answers["subject"])
    last = case.notes[-1] if case is not None and case.notes else None
    if last is None or last.to_officers or not last.text:
        return ()
    return (Text(N_("The officer wrote: “%(words)s”"), {"words": last.text}),)


def _to_officer(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    subject = answers["subject"]
    article = next((a for a in facts.articles if a.id == subject), None)
    if article is not None:
        return (
            Text(N_("I ask your officer about “%(topic)s”. What would you like to say?"), {"topic": article.title}),
        )
    if facts.case(subject) is not None:
        return (*office_hours(facts), Text(N_("What shall I tell the officer about %(code)s?"), {"code": subject}))
    if facts.person.name:
        return (
            *office_hours(facts),
            Text(N_("What shall I tell the officer? I add your name; the answer comes here.")),
        )
    return (*office_hours(facts), Text(N_("What shall I tell the officer? Please write your name as well.")))


def known_topic(answers: Answers, facts: Facts) -> bool:
    """Nothing in particular, an article, or a case this person may see."""
    subject = answers["subject"]
    return not subject or facts.case(subject) is not None or any(a.id == subject for a in facts.articles)


def note(answers: Answers, facts: Facts) -> Effects:
    subject = answers["subject"]
    case = facts.case(subject)
    article = next((a for a in facts.articles if a.id == subject), None)
    words = f"{article.title.vi}: {answers['text']}" if article is not None else answers["text"]
    files = tuple(part.id for part in parts_of(answers.get("_files", "")))
    sent = Text(N_("I have passed it on. The answer comes here."))
    province = Text(N_("Your commune has no officer here yet, so I have told the province."))
    nobody = Text(N_("No officer is here yet to read it. I keep it; please ask at the commune office as well."))
    there = case or facts
    reply = sent if there.officers else province if there.province_officers else nobody
    return (SendNote(case.code if case else "", words, to_officers=True, files=files), SendMessage((reply,)))


def placed(facts: Facts) -> str:
    """A case is of a commune already; who has had their data deleted is in none, and may still ask about theirs."""
    return consent_first(facts) if facts.named else place_first(facts)


ASK_OFFICER = Dialog(
    "ask_officer",
    before=placed,
    linked=True,
    up="help",
    allowed=known_topic,
    steps=(Ask("text", about, message(1000), then=note, verbatim=True, takes_files=True, takes_voice=True),),
)


# ---------------------------------------------------------------- my data


def what_is_kept(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    person = facts.person
    lines = (
        (N_("• Name: %(value)s"), person.name),
        (N_("• Telephone: %(value)s"), phone().show(person.phone, answers, facts) if person.phone else ""),
        (N_("• Commune: %(value)s"), place_name(person.commune) if person.commune else ""),
    )
    kept = tuple(Text(msgid, {"value": said(value)}) for msgid, value in lines if value)
    counts = Text(
        N_("• Drafts: %(drafts)s, files with the commune: %(cases)s"),
        {"drafts": len(facts.drafts), "cases": len(facts.cases)},
    )
    return (Text(N_("This is what I keep about you:")), *kept, counts)


def data_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    off = Option("quiet", Text(N_("No more reminders")), ("thôi nhắc", "no reminders"))
    on = Option("remind", Text(N_("Switch on reminders")), ("nhắc em", "remind"))
    return (
        Option(
            "file", Text(N_("Send me all of it")), ("gửi tôi tất cả", "gửi hết cho tôi", "tải dữ liệu", "file", "all")
        ),
        off if facts.person.reminders else on,
        REACH,
        Option(
            "ask",
            Text(N_("Correct, withdraw, complain")),
            ("sửa hồ sơ đã gửi", "rút hồ sơ", "khiếu nại", "correct", "withdraw", "complain"),
        ),
        Option("delete", Text(N_("Delete my data")), ("xoá dữ liệu", "rút đồng ý", "delete")),
        MENU,
    )


WHERE_TO = {
    "file": "my_data",
    "ask": "data_request",
    "delete": "delete_data",
    "reach": "reach",
    "quiet": "my_data",
    "remind": "my_data",
    "menu": "menu",
}


QUIET = N_(
    "All right, no more reminders. When a certificate or a paper in a file ends, or a round opens, I still say so."
)


def ordered(answers: Answers, facts: Facts) -> Effects:
    choice = answers["choice"]
    if choice == "file":
        return (SendMyData(),)
    if choice not in ("quiet", "remind"):
        return ()
    on = Text(N_("All right, I remind you when a paper or a date is due."))
    said_so = on if choice == "remind" else Text(QUIET)
    return (RecordReminders(choice == "remind", TEXT_VERSION), SendMessage((said_so,)))


MY_DATA = Dialog(
    "my_data",
    up="help",
    steps=(
        Ask(
            "choice",
            what_is_kept,
            one_of(data_options),
            then=ordered,
            goto=WHERE_TO,
        ),
    ),
)


def really(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    gone = Text(N_("I delete your drafts, your name, your number and this conversation's data at once."))
    if not facts.cases:
        return (gone, Text(N_("This can't be undone. Shall I?")))
    stays = Text(N_("What you have handed in stays with the commune as an official record."))
    return (gone, stays, Text(N_("This can't be undone. Shall I?")))


def forget(answers: Answers, facts: Facts) -> Effects:
    if answers["sure"] != "delete":
        return ()
    gone = Text(N_("It is deleted. Thank you for your trust."))
    stays = Text(N_("What you have handed in the commune still keeps, as an official record."))
    return (ForgetMe(), SendMessage((gone, stays) if facts.cases else (gone,)))


def asked_of_officers(answers: Answers, facts: Facts) -> Effects:
    """What the program can't do by itself: an official record is changed by who keeps it."""
    heard = Text(N_("I have noted it and passed it on. The officers answer within 2 working days, here in this chat."))
    nobody = Text(N_("No officer is here yet to read it. I keep it; please ask at the commune office as well."))
    there = facts.officers or facts.province_officers
    return (
        SendNote("", answers["text"], to_officers=True, request=answers["kind"]),
        SendMessage((heard if there else nobody,)),
    )


DATA_REQUEST = Dialog(
    "data_request",
    before=place_first,
    up="my_data",
    steps=(
        Ask(
            "kind",
            N_("What shall the officers do about what you have handed in?"),
            one_of(
                (
                    Option("correct", Text(N_("Correct something")), ("sửa", "sửa hồ sơ", "correct")),
                    Option("withdraw", Text(N_("Withdraw my file")), ("rút", "rút hồ sơ", "withdraw")),
                    Option("complain", Text(N_("I have a complaint")), ("khiếu nại", "complain")),
                )
            ),
        ),
        Ask(
            "text",
            N_("Please write what it is about, and which file it concerns."),
            message(1000),
            then=asked_of_officers,
            verbatim=True,
        ),
    ),
)


DELETE_DATA = Dialog(
    "delete_data",
    steps=(
        Ask(
            "sure",
            really,
            one_of(
                (
                    Option(
                        "keep", Text(N_("Keep it")), ("giữ lại", "không", "thôi", "đừng xoá", "không xoá", "keep", "no")
                    ),
                    Option(
                        "delete",
                        Text(N_("Delete it all")),
                        ("xoá hết", "xoá", "xoá đi", "có", "đồng ý", "delete", "yes"),
                    ),
                )
            ),
            then=forget,
        ),
    ),
)

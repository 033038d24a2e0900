"""The main menu, the drafts that wait, and the small dialogs around a draft: pause, cancel, reminder."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from dialogs.answers import named, one_of, one_of_in_words
from dialogs.matching import fold, number
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
    Option,
    RecordReminders,
    RemindAt,
    SendMessage,
    Text,
    TextReceived,
)
from dialogs.officer.assisted import may_assist
from dialogs.producer.check_status import DRAFT, WHY, came_back, resume, to_send
from dialogs.producer.consent import TEXT_VERSION, consent_asked
from dialogs.producer.paper_words import WALLET
from dialogs.producer.todo import newest_list, todo_option
from dialogs.producer.wallet import holds_certificate
from dialogs.words import THROW_AWAY

LEARN = Option("learn", Text(N_("Learn about OCOP")), ("tìm hiểu", "learn"))
REGISTER = Option(
    "register",
    Text(N_("Register a product")),
    (
        "đăng ký",
        "đăng ký ý tưởng",
        "đăng ký ý tưởng sản phẩm",
        "đăng ký sản phẩm",
        "tôi muốn đăng ký",
        "muốn đăng ký",
        "cho tôi đăng ký",
        "register",
        "register an idea",
    ),
    takes_rest=True,
)
PAPERS = Option("papers", Text(N_("Send papers")), ("nộp giấy tờ", "gửi giấy tờ", "nộp kế hoạch", "papers", "upload"))
STATUS = Option(
    "status",
    Text(N_("Where is my file?")),
    ("hồ sơ của tôi đâu", "hồ sơ đang ở đâu", "hỏi hồ sơ", "xem hồ sơ", "status"),
)
OFFICER = Option(
    "officer", Text(N_("Ask an officer")), ("cán bộ", "gặp cán bộ", "nhắn cán bộ", "hỏi cán bộ", "officer")
)
HELP = Option("help", Text(N_("Help")), ("trợ giúp", "giúp", "help"))
DESK = Option("desk", Text(N_("My desk")), ("bàn làm việc", "việc của tôi", "hồ sơ cần xem", "desk", "inbox"))
ASSIST = Option("assist", Text(N_("File for a producer")), ("đăng ký hộ", "đăng ký hộ bà con", "nộp hộ", "assist"))
SHEETS = Option("seat", Text(N_("What I score")), ("phiếu của tôi", "hội đồng", "what i score"))
FOR_ALL = (LEARN, REGISTER, PAPERS, STATUS, WALLET, OFFICER, HELP)
"""What anybody may find on the menu, by the command that does the same."""
STAFF = Option(
    "staff",
    Text(N_("Officers and leave")),
    ("danh sách cán bộ", "đồng nghiệp", "staff"),
)


def choices(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    begun = resume(facts.drafts[:2])
    desk = (DESK,) if facts.person.memberships else ()
    ask = () if facts.person.memberships else (OFFICER,)
    status = replace(STATUS, typed=(*STATUS.typed, *(case.product for case in facts.cases)))
    staff = (STAFF,) if facts.person.memberships else ()
    sheets = (SHEETS,) if facts.person.seated else ()
    assist = (ASSIST,) if may_assist(answers, facts) else ()
    why = (WHY,) if came_back(facts) is not None else ()
    aimed = newest_list(facts)
    todo = todo_option(aimed) if aimed is not None else ()
    held = (WALLET,) if holds_certificate(facts) else ()
    return (*desk, *assist, *begun, *sheets, *todo, LEARN, REGISTER, PAPERS, status, *held, *ask, HELP, *staff, *why)


def chosen(value: str, answers: Answers, facts: Facts) -> Go:
    if value.startswith(DRAFT):
        return Go(value.removeprefix(DRAFT))
    if value == "register":
        return Go("drafts" if to_send(facts) else "register_idea.new")
    if value == "assist":
        return Go("assist.new")
    if value == "why" and (case := came_back(facts)) is not None:
        return Go(f"case.{case.code}")
    if value == "todo" and (aimed := newest_list(facts)) is not None:
        return Go(f"todo.{aimed.code}")
    if value == "papers":
        return Go(f"upload.{facts.cases[0].code}" if len(facts.cases) == 1 else "papers")
    if value in ("help", "desk", "staff", "wallet", "seat"):
        return Go(value)
    return Go({"status": "check_status", "officer": "ask_officer"}.get(value, "learn"))


def of_no_case(value: str) -> bool:
    """“Why?” and the list for a star are about whichever case is the latest when they are pressed."""
    return value not in ("why", "todo")


def welcome(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    if facts.person.name:
        return (Text(N_("Hello %(name)s. What would you like to do?"), {"name": facts.person.name}),)
    return (Text(N_("What would you like to do?")),)


def home(facts: Facts) -> str:
    """Whoever is here for a council only is at home with their score sheets."""
    return "seat" if facts.sits_only else consent_asked(facts)


_CHOICE = Ask("choice", welcome, one_of(choices), goto=chosen, lasting=of_no_case)
MENU = Dialog("menu", before=home, linked=True, steps=(_CHOICE,))
OWN_MENU = Dialog("own_menu", before=consent_asked, steps=(_CHOICE,))
"""The same for a member of a council who asks for it."""


# ---------------------------------------------------------------- drafts


def draft_choices(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    return (
        *resume(facts.drafts),
        Option("new", Text(N_("A new product")), ("sản phẩm mới", "mới", "new")),
    )


def draft_chosen(value: str, answers: Answers, facts: Facts) -> Go:
    if value == "new":
        return Go("register_idea.new", suggested=answers["~said"])
    return Go(value.removeprefix(DRAFT))


DRAFTS = Dialog(
    "drafts",
    steps=(
        Ask(
            "which",
            N_("You have begun something already. Shall we go on with it, or is this a new product?"),
            one_of(draft_choices),
            goto=draft_chosen,
        ),
    ),
)


# ---------------------------------------------------------------- pause and reminder

EVENING = time(19, 30)
"""When people are home from the field and before they sleep; outside the quiet hours of voice and law."""


def evening_in(days: int, now: datetime) -> datetime:
    return datetime.combine(now.date() + timedelta(days=days), EVENING, now.tzinfo)


WHEN = (
    Option("1", Text(N_("Tomorrow evening")), ("mai", "để mai", "tối mai", "tomorrow")),
    Option("3", Text(N_("In three days")), ("ba ngày nữa", "3 ngày", "in 3 days")),
    Option("7", Text(N_("Next week")), ("tuần sau", "next week")),
    Option("0", Text(N_("No reminder")), ("không cần nhắc", "thôi nhắc", "không", "no")),
)


_DAYS_NAMED = re.compile(r"(\w+) (ngay|hom|bua|tuan|days?|weeks?)\b")
_LONGEST_WAIT_DAYS = 60


@dataclass(frozen=True, slots=True)
class in_days(one_of_in_words):
    """When to remind: one of the choices, or so many days or weeks from now ("hai hôm nữa nhé")."""

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if not isinstance(event, TextReceived):
            return one_of.read(self, event, answers, facts, partial)
        found = _DAYS_NAMED.search(fold(event.text))
        many = number(found[1]) if found is not None else None
        days = (many or 0) * (7 if found is not None and found[2][0] in "tw" else 1)
        return Answer(str(days)) if 0 < days <= _LONGEST_WAIT_DAYS else named(event.text, WHEN)


def remind(answers: Answers, facts: Facts) -> Effects:
    days = int(answers["when"])
    if not days:
        return ()
    consent = () if facts.person.reminders else (RecordReminders(True, TEXT_VERSION),)
    return (*consent, *remind_in(days, answers, facts))


def remind_in(days: int, answers: Answers, facts: Facts) -> Effects:
    moment = evening_in(days, facts.now)
    said = Text(N_("⏰ I remind you at %(moment)s."), {"moment": moment})
    return (RemindAt(answers["subject"], moment), SendMessage((said,)))


def kept(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (Text(N_("Everything so far is kept. When shall I remind you?")),)


PAUSE = Dialog("pause", steps=(Ask("when", kept, in_days(WHEN), then=remind, goto=lambda v, a, f: Go("paused")),))
PAUSED = Dialog(
    "paused",
    before=consent_asked,
    steps=(
        Ask(
            "choice",
            N_("All right. Write to me whenever you like; you will find it under “Go on”."),
            one_of(choices),
            goto=chosen,
        ),
    ),
)


SECONDS_A_QUESTION = 30
"""What most questions take on a telephone; an estimate, said as one."""


def reminded(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    draft = next((d for d in facts.drafts if d.key == answers["subject"]), None)
    if draft is None:
        return (Text(N_("Shall we go on where you stopped?")),)
    if not draft.left:
        filled_in = N_("Your form “%(title)s” is filled in and not sent yet. Shall we go on?")
        return (Text(filled_in, {"title": draft.title}),)
    return (
        Text(
            N_("Your form “%(title)s” still has %(count)s question, about a minute. Shall we go on?"),
            {"title": draft.title, "count": draft.left, "minutes": -(-draft.left * SECONDS_A_QUESTION // 60)},
            N_("Your form “%(title)s” still has %(count)s questions, about %(minutes)s min. Shall we go on?"),
        ),
    )


def after_reminder(value: str, answers: Answers, facts: Facts) -> Go:
    subject = answers["subject"]
    if value == "go":
        return Go(subject)
    return Go("paused", effects=remind_in(1, answers, facts) if value == "later" else STOPPED)


STOPPED = (SendMessage((Text(N_("I do not remind you of this form any more.")),)),)


REMINDER = Dialog(
    "reminder",
    steps=(
        Ask(
            "choice",
            reminded,
            one_of(
                (
                    Option("go", Text(N_("Go on")), ("làm tiếp", "tiếp", "continue")),
                    Option("later", Text(N_("Tomorrow")), ("để mai", "mai", "tomorrow")),
                    Option("never", Text(N_("Stop reminding")), ("thôi nhắc", "đừng nhắc", "thôi", "stop")),
                )
            ),
            goto=after_reminder,
        ),
    ),
)


# ---------------------------------------------------------------- cancel


def after_cancel(value: str, answers: Answers, facts: Facts) -> Go:
    if value == "drop":
        gone = SendMessage((Text(N_("It is thrown away.")),))
        return Go("menu", drop=answers["subject"], effects=(gone,))
    return Go(answers["subject"] if value == "on" else "paused")


CANCEL = Dialog(
    "cancel",
    steps=(
        Ask(
            "choice",
            N_("Shall I keep this for later, or throw it away?"),
            one_of(
                (
                    Option("keep", Text(N_("Keep it for later")), ("để đó", "để mai", "nghỉ", "giữ lại", "keep")),
                    Option("on", Text(N_("Go on now")), ("làm tiếp", "continue")),
                    Option("drop", Text(N_("Throw it away")), ("bỏ", "bỏ luôn", "bỏ hết", "xoá", "drop", *THROW_AWAY)),
                )
            ),
            goto=after_cancel,
            confirms=True,
        ),
    ),
)

"""A provincial officer hands in the list of certificates the province has given already: looked at, then taken over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialogs.answers import CHOOSE, one_of
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Ask,
    AskImport,
    ConfirmImport,
    Dialog,
    Effects,
    Event,
    Facts,
    FileReceived,
    Go,
    InvalidAnswer,
    KeepFile,
    Link,
    Option,
    OptionChosen,
    Role,
    Sayable,
    SendImportForm,
    SendMessage,
    Text,
    Value,
)

FIRST_WRONG = 5
"""Lines named in the chat; all of them are in the file."""


def province_of(facts: Facts) -> str:
    """Where this officer may take a list over; "" nowhere."""
    return next((m.territory for m in facts.person.memberships if m.role is Role.PROVINCE_OFFICER), "")


def may_import(answers: Answers, facts: Facts) -> bool:
    return bool(province_of(facts))


# ---------------------------------------------------------------- what came of a list


def looked_at(number: int, counts: Mapping[str, int], wrong: Sequence[tuple[int, tuple[Text, ...]]]) -> SendMessage:
    """The preview: nothing is written yet."""
    texts = [Text(N_("I have read the list. Nothing is taken over yet.")), *_counted(counts)]
    for line, reasons in wrong[:FIRST_WRONG]:
        values: dict[str, Value] = {"number": line, "why": reasons[0]}
        texts.append(Text(N_("• line %(number)s: %(why)s"), values))
    if wrong:
        texts.append(Text(N_("All lines that are not right are in the file, each with its reasons.")))
    take = Link(f"import_sure.{number}~{counts['new']}", Text(N_("Take %(count)s over"), {"count": counts["new"]}), "")
    return SendMessage(tuple(texts), links=(take,) if counts["new"] else ())


def _counted(counts: Mapping[str, int]) -> list[Text]:
    said = {
        "new": N_("• new: %(count)s"),
        "known": N_("• here already: %(count)s"),
        "wrong": N_("• not right: %(count)s"),
    }
    return [Text(words, {"count": counts[name]}) for name, words in said.items() if counts[name]]


def written_words(counts: Mapping[str, int]) -> SendMessage:
    head = Text(N_("✅ %(count)s certificates are taken over."), {"count": counts["new"]})
    rest = Text(N_("%(count)s lines were not right and are not here."), {"count": counts["wrong"]})
    return SendMessage((head, rest) if counts["wrong"] else (head,))


def refused(why: Text) -> SendMessage:
    return SendMessage((Text(N_("I can't take this list over.")), why, Text(N_("Nothing was changed."))))


# ---------------------------------------------------------------- handing it in


_FORM = Option("form", Text(N_("Send me the form")), ("mẫu", "gửi mẫu", "xin mẫu", "the form"))
_DESK = Option("desk", Text(N_("My desk")), ("việc của tôi", "bàn làm việc", "my desk"))


@dataclass(frozen=True, slots=True)
class excel_list:
    """A file, or one of the ways beside it."""

    takes: str = ""

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return (_FORM, _DESK)

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, FileReceived):
            return Answer(f"file {event.file.id}", effects=(KeepFile(event.file),))
        if isinstance(event, OptionChosen) and event.value in (_FORM.value, _DESK.value):
            return Answer(event.value)
        raise InvalidAnswer(CHOOSE)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return ""

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return True


def _prompt(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return (
        Text(N_("Please send the list of certificates as an Excel file (.xlsx), one line for each product.")),
        Text(N_("I look at it first and tell you what I found; nothing is taken over before you choose to.")),
        Text(N_("Where your messenger takes no Excel file, send it on Telegram or on the web page.")),
    )


def _ordered(answers: Answers, facts: Facts) -> Effects:
    given = answers["list"]
    if given == _FORM.value:
        return (SendImportForm(),)
    if not given.startswith("file "):
        return ()
    said = SendMessage((Text(N_("I am reading the list. I write as soon as I am through.")),))
    return (AskImport(province_of(facts), given.removeprefix("file ")), said)


IMPORT = Dialog(
    "import",
    allowed=may_import,
    linked=True,
    up="desk",
    steps=(
        Ask(
            "list",
            _prompt,
            excel_list(),
            then=_ordered,
            takes_files=True,
            goto=lambda value, answers, facts: Go("import" if value == "form" else "desk"),
        ),
    ),
)


def _sure(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """Of older lists the question may stand above: how many lines says which one is meant."""
    count = answers["subject"].partition("~")[2]
    sure = N_("Shall I take over the %(count)s certificates of this list that are new? This can't be taken back.")
    return (Text(sure, {"count": count}),)


def _confirmed(answers: Answers, facts: Facts) -> Effects:
    number = answers["subject"].partition("~")[0]
    sure = answers["sure"] == "yes" and number.isascii() and number.isdigit() and len(number) < 12
    return (ConfirmImport(int(number)),) if sure else ()


IMPORT_SURE = Dialog(
    "import_sure",
    allowed=may_import,
    linked=True,
    up="desk",
    steps=(
        Ask(
            "sure",
            _sure,
            one_of(
                (
                    Option("yes", Text(N_("Take them over")), ("nhập", "nhập luôn", "nhận", "take them over")),
                    Option("no", Text(N_("Don't take over")), ("chưa", "chưa nhập", "don't")),
                )
            ),
            then=_confirmed,
            goto=lambda value, answers, facts: Go("desk"),
            confirms=True,
        ),
    ),
)

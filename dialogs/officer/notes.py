"""An officer writes to a producer: about a case, in answer to a question about none, or about a form begun.

What goes out was seen before, word for word. Both sides can read again what was written about a case.
"""

from dialogs.answers import one_of
from dialogs.messages import (
    counted,
    may_attach,
    message,
    note_texts,
    parts_of,
    so_far,
    usable,
    what_next,
    with_it,
)
from dialogs.model import (
    N_,
    Answers,
    Ask,
    CaseFacts,
    Dialog,
    Effects,
    Facts,
    Go,
    NoteLine,
    Option,
    RevealPhone,
    SendMessage,
    SendNote,
    SendNoteFiles,
    SettleQuestion,
    Text,
    Value,
)
from dialogs.officer.alerts import about_no_case
from dialogs.officer.own_words import EXIT, TO_FILE
from dialogs.officer.rights import is_officer, seen, visible
from dialogs.officer.told import all_told

MAX_CHARS = 1000


def answerable(answers: Answers, facts: Facts) -> bool:
    return visible(answers, facts) or (is_officer(answers, facts) and _addressed(answers, facts))


def _addressed(answers: Answers, facts: Facts) -> bool:
    return facts.addressed is not None and facts.addressed.key == answers["subject"]


def after_note(answers: Answers, facts: Facts) -> str:
    return "desk" if _addressed(answers, facts) else f"review_on.{answers['subject']}"


# ---------------------------------------------------------------- nobody is there to read it


def out_of_reach(answers: Answers, facts: Facts) -> bool:
    case = seen(answers, facts)
    if case is None:
        return facts.addressed is not None and not facts.addressed.reachable
    return not case.reachable


def call_instead(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    case = seen(answers, facts)
    by = (case.by if case is not None else facts.addressed.name if facts.addressed is not None else "") or A_PRODUCER
    if _without_number(case):
        none = N_("I can't reach %(by)s here, and the file has no telephone number. Please tell them when you meet.")
        return (Text(none, {"by": by}),)
    return (Text(N_("I can't reach %(by)s here at the moment. Please call."), {"by": by}),)


def _without_number(case: CaseFacts | None) -> bool:
    return case is not None and not case.answers.get("phone")


def call_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    number = Option("phone", Text(N_("Show the number")), ("số điện thoại", "phone"))
    back = Option("back", Text(N_("Back")), ("lui", "back"))
    case = seen(answers, facts)
    return (back,) if case is None or _without_number(case) else (number, back)


def show_number(answers: Answers, facts: Facts) -> Effects:
    return (RevealPhone(answers["subject"]),) if answers["call"] == "phone" else ()


CALL = Dialog(
    "call",
    allowed=visible,
    linked=True,
    followed=lambda answers, facts: (RevealPhone(answers["subject"]),),
    steps=(
        Ask(
            "next",
            N_("What would you like to do?"),
            one_of(
                (
                    Option("open", Text(N_("Open the file")), ("mở hồ sơ", "open")),
                    Option("desk", Text(N_("My desk")), ("việc của tôi", "my desk")),
                )
            ),
            goto=lambda value, answers, facts: Go("desk" if value == "desk" else f"review.{answers['subject']}"),
        ),
    ),
)
"""The button under “please call them”: the number at once."""


# ---------------------------------------------------------------- writing


A_PRODUCER = Text(N_("The producer"))
SETTLE = Option("<<", Text(N_("No answer needed")), ("không cần trả lời", "đã trả lời rồi", "no answer needed"))
"""A thank-you is a message as well; and some are answered by telephone."""
TO_DESK = Option(EXIT, Text(N_("Never mind, back to my desk")), ("về việc của tôi", "back to my desk"))


def exits(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    if not _addressed(answers, facts):
        return (TO_FILE,)
    return (SETTLE, TO_DESK) if about_no_case(answers["subject"]) else (TO_DESK,)


def after_text(value: str, answers: Answers, facts: Facts) -> Go | None:
    return Go(after_note(answers, facts)) if value in (EXIT, SETTLE.value) else None


def to_whom(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """The question that is answered, then what is written so far, as the producer reads it, or a plain prompt."""
    words, parts = so_far(answers["~"])
    if not parts and not words:
        before = answers.get("_before", "")
        anew = (Text(N_("Before, it was: “%(words)s”"), {"words": before}),) if before else ()
        return (*_question(answers, facts), *anew, Text(N_("What shall I tell the producer?")), *may_attach(facts))
    good = usable(parts, facts)
    shown = _reads(answers, words, *counted(good)) if good or words else ()
    return (*shown, *what_next(words, parts, facts))


def _question(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    """The producer's words that nobody has answered yet."""
    case = seen(answers, facts)
    if case is None:
        to = facts.addressed
        if to is None or not to.words:
            return ()
        return (Text(N_("%(by)s asked: “%(words)s”"), {"by": to.name or A_PRODUCER, "words": to.words}),)
    last = case.notes[-1] if case.notes else None
    if last is None or not last.to_officers:
        return ()
    words: dict[str, Value] = {"by": last.by or case.by or A_PRODUCER, "words": last.text}
    asked = (Text(N_("%(by)s asked: “%(words)s”"), words),) if last.text else ()
    return (*asked, *with_it(last.photos, last.voices))


def _reads(answers: Answers, words: str, photos: int, voices: int) -> tuple[Text, ...]:
    return (Text(N_("The producer reads this:")), *note_texts(answers["subject"], words, photos, voices))


def preview(answers: Answers, facts: Facts) -> tuple[Text, ...]:
    return _reads(answers, answers["text"], 0, 0)


def words_alone(answers: Answers, facts: Facts) -> bool:
    """With a photo or a voice note the whole was shown already, above the button that sends it."""
    return not answers.get("_files")


def sent_at_once(answers: Answers, facts: Facts) -> Effects:
    if answers["text"] == SETTLE.value:
        return (SettleQuestion(answers["subject"]),)
    return () if words_alone(answers, facts) or answers["text"] == EXIT else _note(answers)


def sent(answers: Answers, facts: Facts) -> Effects:
    return _note(answers) if answers["confirm"] == "send" else ()


def _note(answers: Answers) -> Effects:
    files = tuple(part.id for part in parts_of(answers.get("_files", "")))
    return (SendNote(answers["subject"], answers["text"], to_officers=False, files=files),)


def after_confirm(value: str, answers: Answers, facts: Facts) -> Go | None:
    key = f"note.{answers['subject']}"
    match value:
        case "edit":
            return Go(f"{key}/text", {"_before": answers["text"]}, drop=key)
        case "drop":
            return Go(after_note(answers, facts), drop=key)
    return None


NOTE = Dialog(
    "note",
    allowed=answerable,
    linked=True,
    up="desk",
    end=after_note,
    steps=(
        Ask(
            "call",
            call_instead,
            one_of(call_options),
            when=out_of_reach,
            then=show_number,
            goto=lambda value, answers, facts: Go(after_note(answers, facts)),
        ),
        Ask(
            "text",
            to_whom,
            message(MAX_CHARS, exits),
            verbatim=True,
            takes_files=True,
            takes_voice=True,
            then=sent_at_once,
            goto=after_text,
        ),
        Ask(
            "confirm",
            preview,
            one_of(
                (
                    Option("send", Text(N_("Send")), ("gửi", "gửi luôn", "send")),
                    Option("edit", Text(N_("Write it anew")), ("sửa", "viết lại", "edit")),
                    Option("drop", Text(N_("Don't send")), ("không gửi", "chưa gửi", "don't send")),
                )
            ),
            when=words_alone,
            then=sent,
            goto=after_confirm,
            confirms=True,
        ),
    ),
)


# ---------------------------------------------------------------- what was written


def of_both(answers: Answers, facts: Facts) -> bool:
    """Both sides of a case may read it."""
    case = facts.case(answers["subject"])
    return case is not None and (case.own or visible(answers, facts))


def _case(answers: Answers, facts: Facts) -> CaseFacts:
    case = facts.case(answers["subject"])
    if case is None:  # `allowed` has let nobody through without one
        raise LookupError(answers["subject"])
    return case


def thread(case: CaseFacts) -> tuple[Text, ...]:
    """The last notes of a case, oldest first: who, when, the words, and what came with them."""
    if not case.notes:
        return (Text(N_("Nothing has been written about %(code)s yet."), {"code": case.code}),)
    head = Text(N_("Messages about %(code)s, the newest last:"), {"code": case.code})
    return (head, *(line for note in case.notes for line in _lines(case, note)))


def _lines(case: CaseFacts, note: NoteLine) -> tuple[Text, ...]:
    values: dict[str, Value] = {"when": note.written_at, "by": _by(case, note), "words": note.text}
    line = N_("• %(when)s, %(by)s: “%(words)s”") if note.text else N_("• %(when)s, %(by)s:")
    return (Text(line, values), *with_it(note.photos, note.voices))


def _by(case: CaseFacts, note: NoteLine) -> Text | str:
    """To the producer every officer is the office; colleagues have names."""
    if case.own:
        return Text(N_("you")) if note.to_officers else Text(N_("the officer"))
    return note.by or (Text(N_("the producer")) if note.to_officers else Text(N_("an officer")))


def thread_options(answers: Answers, facts: Facts) -> tuple[Option, ...]:
    case = _case(answers, facts)
    write = Text(N_("Write to the officer")) if case.own else Text(N_("Write to the producer"))
    return (
        Option("write", write, ("nhắn", "trả lời", "write")),
        *((_FILES,) if any(note.photos or note.voices for note in case.notes) else ()),
        *((_TOLD,) if case.told else ()),
        _CASE,
    )


_FILES = Option("files", Text(N_("Photos, voice notes")), ("xem ảnh", "nghe ghi âm", "photos"))
_TOLD = Option("told", Text(N_("What they were told")), ("đã báo gì", "tin đã báo", "told"))
_CASE = Option("case", Text(N_("Back to the file")), ("hồ sơ", "file"))


def thread_files(answers: Answers, facts: Facts) -> Effects:
    match answers["next"]:
        case "files":
            return (SendNoteFiles(answers["subject"]),)
        case "told":
            return (SendMessage(all_told(_case(answers, facts))),)
    return ()


def from_thread(value: str, answers: Answers, facts: Facts) -> Go:
    code, own = answers["subject"], _case(answers, facts).own
    targets = {
        "write": f"ask_officer.{code}" if own else f"note.{code}",
        "case": f"case.{code}" if own else f"review.{code}",
    }
    return Go(targets.get(value, f"thread_on.{code}"))


def _next(prompt: str) -> Ask:
    texts = {
        "thread": lambda answers, facts: thread(_case(answers, facts)),
        "thread_on": lambda answers, facts: (Text(N_("What would you like to do?")),),
    }
    return Ask("next", texts[prompt], one_of(thread_options), then=thread_files, goto=from_thread)


THREAD = Dialog("thread", allowed=of_both, linked=True, steps=(_next("thread"),))
THREAD_ON = Dialog("thread_on", allowed=of_both, steps=(_next("thread_on"),))
"""The same choices after the photos were shown, without all the words again."""

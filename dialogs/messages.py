"""A message to somebody: typed words, photos and voice notes, one after the other, and how its reader gets it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dialogs.answers import ALBUM_PAUSE_S, DONE, TYPE_IT, text
from dialogs.engine import said
from dialogs.model import (
    N_,
    Answer,
    Answers,
    Event,
    Facts,
    FileReceived,
    FileRef,
    FileStatus,
    InvalidAnswer,
    KeepFile,
    Link,
    Option,
    OptionChosen,
    Sayable,
    StartTimer,
    Text,
    TextReceived,
    Value,
)
from dialogs.officer.alerts import about_no_case
from dialogs.producer.register_idea import REFUSALS

MAX_FILES = 5
SEND_IT = Option(DONE, Text(N_("Send")), ("gửi", "gửi luôn", "xong", "đủ rồi", "hết rồi", "send"))
START_OVER = Option("over", Text(N_("Start over")), ("viết lại", "làm lại", "bỏ hết", "start over"))
_LOST = (FileStatus.REFUSED, FileStatus.FAILED)


class Part(NamedTuple):
    """A photo or a voice note of a message."""

    id: str
    voice: bool


@dataclass(frozen=True, slots=True)
class message:
    """Words alone are the answer at once; with photos or voice notes it is complete when they say "send".

    The answer is the words, maybe none; `beside` it the parts: "<id>" of a photo, "<id>:v" of a voice note, with
    commas between. The unfinished answer is ">" and the words so far, "|", and the parts. `done`: what completes it.
    """

    max_chars: int
    exits: Callable[[Answers, Facts], tuple[Option, ...]] = lambda answers, facts: ()
    takes: str = "text"
    beside: str = "_files"
    done: Option = SEND_IT

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        words, parts = so_far(partial)
        ready = (self.done, START_OVER) if words or usable(parts, facts) else ()
        return (*ready, *self.exits(answers, facts))

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        words, parts = so_far(partial)
        match event:
            case FileReceived(file):
                told = partial.endswith(",")
                return self._added(words, usable(parts, facts) if told else parts, file, facts)
            case OptionChosen(value="over"):
                return Answer("", complete=False)
            case OptionChosen(value=value) if value in [option.value for option in self.exits(answers, facts)]:
                return Answer(value)
            case OptionChosen(value=value) if value == DONE and partial:
                return self._complete(words, parts, facts)
            case TextReceived():
                typed = text(self.max_chars).read(event, answers, facts, "").value
                if not parts:
                    return Answer(typed, also={self.beside: ""})
                whole = text(self.max_chars).read(TextReceived(f"{words}\n{typed}"), answers, facts, "").value
                return Answer(_stored(whole, parts), complete=False)
        raise InvalidAnswer(TYPE_IT)

    def _added(self, words: str, parts: tuple[Part, ...], file: FileRef, facts: Facts) -> Answer:
        """What there is to say is said once no further one has come."""
        if len(usable(parts, facts)) >= MAX_FILES:
            raise InvalidAnswer(
                N_("%(most)s is the most I can take at once. Choose “%(done)s”."),
                most=MAX_FILES,
                done=said(self.done.label),
            )
        known = file.id in [part.id for part in parts]
        kept = parts if known else (*parts, Part(file.id, file.is_voice))  # a refused one stays until told
        effects = (KeepFile(file), StartTimer("files", "", ALBUM_PAUSE_S))
        return Answer(_stored(words, kept), complete=False, effects=effects, quiet=True)

    def _complete(self, words: str, parts: Sequence[Part], facts: Facts) -> Answer:
        if any(_awaited(part, facts) for part in parts):
            raise InvalidAnswer(
                N_("Some are still on their way. Please wait a little, then choose “%(done)s”."),
                done=said(self.done.label),
            )
        good = usable(parts, facts)
        if not good and not words:
            raise InvalidAnswer(N_("None of these could be used. Please write a few words, or send another one."))
        return Answer(words, also={self.beside: _listed(good)})

    def told(self, partial: str) -> str:
        """A comma at the end says that every part has been spoken of: the next takes the place of a refused one."""
        return f"{partial.removesuffix(',')},"

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return value

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return len(value) <= self.max_chars


def so_far(partial: str) -> tuple[str, tuple[Part, ...]]:
    """Words and parts of an unfinished message."""
    words, _, ids = partial.removeprefix(">").rpartition("|")
    return words, parts_of(ids)


def parts_of(stored: str) -> tuple[Part, ...]:
    pairs = (part.partition(":") for part in stored.split(",") if part)
    return tuple(Part(file_id, mark == "v") for file_id, _, mark in pairs)


def _listed(parts: Sequence[Part]) -> str:
    return ",".join(f"{part.id}:v" if part.voice else part.id for part in parts)


def _stored(words: str, parts: Sequence[Part]) -> str:
    return f">{words}|{_listed(parts)}"


def usable(parts: Sequence[Part], facts: Facts) -> tuple[Part, ...]:
    """Without those that were refused or could not be fetched."""
    return tuple(part for part in parts if part.id not in facts.files or facts.files[part.id].status not in _LOST)


def _awaited(part: Part, facts: Facts) -> bool:
    """On its way, and nothing speaks against its arriving soon."""
    file = facts.files.get(part.id)
    return file is not None and file.status is FileStatus.PENDING and not file.tried


# ---------------------------------------------------------------- while it is written


_TOO_LONG = N_("Voice note %(number)s is over ten minutes. Please record a shorter one.")
_NO_VOICE = N_("Voice note %(number)s does not open. Please record it again, or type it.")
_SOUND_REFUSALS = {"too_long": _TOO_LONG, "unknown_kind": _NO_VOICE, "broken": _NO_VOICE}


def refusals(parts: Sequence[Part], facts: Facts) -> tuple[Text, ...]:
    """A line for each part that can't go out, by its number among all."""
    lost = [(n, part) for n, part in enumerate(parts, 1) if part not in usable(parts, facts)]
    return tuple(_refusal(number, part, facts) for number, part in lost)


def _refusal(number: int, part: Part, facts: Facts) -> Text:
    findings = facts.files[part.id].findings
    reason = findings[0] if findings else "lost"
    words = _SOUND_REFUSALS.get(reason) if part.voice else None
    return Text(words or REFUSALS.get(reason, REFUSALS["lost"]), {"number": number})


def may_attach(facts: Facts) -> tuple[Text, ...]:
    """Said where it is true: not every messenger carries files."""
    return (Text(N_("A photo or a voice note may come with it.")),) if facts.receives_photos else ()


def what_next(words: str, parts: Sequence[Part], facts: Facts) -> tuple[Text, ...]:
    """Closes the question while something is in hand: what can't go out, and how to go on."""
    if words or usable(parts, facts):
        return (*refusals(parts, facts), Text(N_("Send it now, or is there more to come?")))
    return (*refusals(parts, facts), Text(N_("Please write a few words, or send another one.")))


# ---------------------------------------------------------------- as its reader gets it


def with_it(photos: int, voices: int) -> tuple[Text, ...]:
    """A line that says what came with the words: a messenger may not show it, and a file may get lost."""
    if photos and voices:
        both: dict[str, Value] = {"photos": _photos(photos), "voices": _voices(voices)}
        return (Text(N_("With it: %(photos)s, %(voices)s."), both),)
    if not photos and not voices:
        return ()
    return (Text(N_("With it: %(what)s."), {"what": _photos(photos) if photos else _voices(voices)}),)


def _photos(count: int) -> Text:
    return Text(N_("%(count)s photo"), {"count": count}, N_("%(count)s photos"))


def _voices(count: int) -> Text:
    return Text(N_("%(count)s voice note"), {"count": count}, N_("%(count)s voice notes"))


def counted(parts: Sequence[Part]) -> tuple[int, int]:
    """How many photos and how many voice notes."""
    voices = sum(part.voice for part in parts)
    return len(parts) - voices, voices


def note_texts(code: str, words: str, photos: int, voices: int) -> tuple[Text, ...]:
    """What a producer reads of an officer's note; the officer sees just this before it goes out."""
    also = with_it(photos, voices)
    if code[:1] == "p" and code[1:].isdigit():
        return (
            _quoted(N_("The commune officer writes: “%(words)s”"), N_("A message of the commune officer."), words),
            *also,
        )
    if about_no_case(code):
        return (_quoted(N_("The officer answers: “%(words)s”"), N_("The officer has answered you."), words), *also)
    about = N_("The officer writes about %(code)s: “%(words)s”")
    return (_quoted(about, N_("A message of the officer about %(code)s."), words, code=code), *also)


def _quoted(quoting: str, bare: str, words: str, **values: Value) -> Text:
    """The sentence with the words in it; where there are none, the one that does without."""
    return Text(quoting, {"words": words, **values}) if words else Text(bare, values)


def answer_link(code: str) -> Link:
    """What a producer answers an officer's note with."""
    if code.count("-") == _DASHES:
        return Link(f"ask_officer.{code}", Text(N_("Answer the officer")), "cán bộ")
    return Link("ask_officer", Text(N_("Answer the officer")), "cán bộ")


_DASHES = 2  # in the code of a case

"""How answers are read: each reader takes one kind, says what is wrong with others, and shows what it kept."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import phonenumbers

from dialogs.matching import match
from dialogs.model import (
    N_,
    Answer,
    Answers,
    ContactShared,
    Event,
    Facts,
    FileReceived,
    FileRef,
    FileStatus,
    InvalidAnswer,
    KeepFile,
    LocationShared,
    Option,
    OptionChosen,
    Sayable,
    SendPages,
    StartTimer,
    Text,
    TextReceived,
)

CHOOSE = N_("Please choose one of these, or type its number.")
TYPE_IT = N_("Please type the answer.")
TOO_MANY = N_("%(most)s is the most I can take here, and these are %(count)s. Please take some out.")
DONE = "done"
ALBUM_PAUSE_S = 2
"""Photos of one album come as separate messages without an end mark; so long silence means they are all here."""
Options = tuple[Option, ...] | Callable[[Answers, Facts], tuple[Option, ...]]


def label_of(options: Sequence[Option], value: str) -> Sayable:
    return next((option.label for option in options if option.value == value), value)


# ---------------------------------------------------------------- words


@dataclass(frozen=True, slots=True)
class text:
    """A person's own words, stored as typed (NFC, one space between words, lines kept)."""

    max_chars: int
    min_chars: int = 2
    name: bool = False
    takes: str = "text"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return ()

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(TYPE_IT)
        words = clean(event.text)
        if sum(char.isalnum() for char in words) < self.min_chars:
            raise InvalidAnswer(N_("That is too short for me to understand. A few words are enough."))
        if self.name and sum(char.isalpha() for char in words) < _LETTERS_OF_A_NAME:
            raise InvalidAnswer(N_("That looks like a number. What is the name?"))
        if len(words) > self.max_chars:
            raise InvalidAnswer(
                N_("That is %(length)s characters; at most %(most)s fit here. Please say it more briefly."),
                length=len(words),
                most=self.max_chars,
            )
        return Answer(words)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return value

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return len(value) <= self.max_chars


_LETTERS_OF_A_NAME = 2


def clean(words: str) -> str:
    """Typed words without what can't be seen: control, zero-width and direction characters; NFC."""
    seen = "".join(char if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf") else " " for char in words)
    lines = (" ".join(line.split()) for line in unicodedata.normalize("NFC", seen).split("\n"))
    return "\n".join(line for line in lines if line)


# ---------------------------------------------------------------- choices


@dataclass(frozen=True, slots=True)
class one_of:
    """Exactly one option. `other`: the person may also write something that is not on the list."""

    choices: Options
    other: int = 0

    @property
    def takes(self) -> str:
        return "text" if self.other else ""

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return self.choices(answers, facts) if callable(self.choices) else self.choices

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        values = [option.value for option in self.options(answers, facts, partial)]
        if isinstance(event, OptionChosen) and event.value in values:
            return Answer(event.value)
        if isinstance(event, TextReceived) and self.other:
            return text(self.other).read(event, answers, facts, partial)
        raise InvalidAnswer(CHOOSE)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return label_of(self.options(answers, facts, ""), value)

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return bool(self.other) or value in [option.value for option in self.options(answers, facts, "")]


@dataclass(frozen=True, slots=True)
class one_of_in_words(one_of):
    """One option; what is typed is read before it is compared with them, as it may say more than one of them does."""

    @property
    def takes(self) -> str:
        return "text"


@dataclass(frozen=True, slots=True)
class some_of:
    """Any number of options, at least one: tapped one after the other, or typed at once ("1, 3").

    Stored as values with commas between them, in the order of the options.
    """

    choices: tuple[Option, ...]
    takes: str = "several"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        chosen = _ids(partial)
        if not chosen:
            return self.choices
        marked = tuple(
            replace(o, label=Text(N_("✓ %(label)s"), {"label": _said(o.label)})) if o.value in chosen else o
            for o in self.choices
        )
        return (*marked, Option(DONE, Text(N_("Done"))))

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        chosen = _ids(partial)
        if isinstance(event, OptionChosen):
            if event.value == DONE and chosen:
                return Answer(",".join(chosen))
            if any(option.value == event.value for option in self.choices):
                return Answer(self._ordered(set(chosen) ^ {event.value}), complete=False)
        if isinstance(event, TextReceived) and (named := self._named(event.text)):
            return Answer(self._ordered(set(chosen) | named))
        raise InvalidAnswer(N_("Please choose from the list. Several are fine, for example: 1, 3."))

    def _ordered(self, values: set[str]) -> str:
        return ",".join(option.value for option in self.choices if option.value in values)

    def _named(self, typed: str) -> set[str]:
        """Values of what was typed, by number or by label; empty when any part is neither."""
        parts = [part for part in _AND.split(typed) if part.strip()]
        if len(parts) == 1 and re.fullmatch(r"[\d\s]+", typed):
            parts = typed.split()
        named = [self._one(part) for part in parts]
        return {value for value in named if value} if all(named) else set()

    def _one(self, part: str) -> str:
        digits = part.strip().rstrip(".")
        if digits.isascii() and digits.isdigit() and len(digits) < 3:
            number = int(digits)
            return self.choices[number - 1].value if 0 < number <= len(self.choices) else ""
        found = match(part, [phrases(option) for option in self.choices])
        return self.choices[found.close[0]].value if len(found.close) == 1 else ""

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        labels = [_said(label_of(self.choices, v)) for v in _ids(value)]
        return _joined(labels) if labels else ""

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return {*_ids(value)} <= {option.value for option in self.choices}


_AND = re.compile(r"[,;+&\n]|\b(?:và|va|với|voi|cùng với|cung voi|lẫn|and)\b")


def _said(words: Sayable) -> Text | str:
    return words if isinstance(words, Text | str) else Text("%(words)s", {"words": words})


def _joined(labels: Sequence[Text | str]) -> Text | str:
    """Words with commas between them, each translated on its own."""
    if len(labels) == 1:
        return labels[0]
    return Text("%(first)s, %(rest)s", {"first": labels[0], "rest": _joined(labels[1:])})


def phrases(option: Option) -> tuple[str, ...]:
    """What may be typed for an option, in every language that is known without a catalogue."""
    return tuple(phrase for words in (option.label, *option.typed) for phrase in _phrases(words))


def _phrases(words: Sayable) -> tuple[str, ...]:
    if isinstance(words, Text):
        return (words.msgid,)
    return (words,) if isinstance(words, str) else (words.vi, words.en)


def named(typed: str, options: Sequence[Option]) -> Answer:
    """The one option that the words name; raises InvalidAnswer."""
    meant = match(typed, [phrases(option) for option in options]).close
    if len(meant) != 1:
        raise InvalidAnswer(CHOOSE)
    return Answer(options[meant[0]].value)


# ---------------------------------------------------------------- telephone


@dataclass(frozen=True, slots=True)
class phone:
    """A telephone number that rings; Vietnamese unless it begins with "+". Stored as E.164."""

    takes: str = "number"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return ()

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, ContactShared):
            if not event.own:
                raise InvalidAnswer(N_("That is somebody else's card. Please share your own number, or type it."))
            return Answer(e164(event.phone if event.phone.startswith(("+", "0")) else f"+{event.phone}"))
        if isinstance(event, TextReceived):
            return Answer(e164(event.text))
        raise InvalidAnswer(N_("Please type the telephone number, for example 0912 345 678."))

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        parsed = phonenumbers.parse(value, "VN")
        national = parsed.country_code == 84
        how = phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
        return phonenumbers.format_number(parsed, how)

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return value.startswith("+")


_MOBILE_DIGITS = 10
NO_NUMBER = N_(
    "I see no telephone number there. One of somebody in the family will do, for example 0912 345 678. "
    "If there is none, type “officer”."
)


def e164(typed: str) -> str:
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", typed))
    try:
        number = phonenumbers.parse(unicodedata.normalize("NFKC", typed)[:40], "VN")
    except phonenumbers.NumberParseException:
        number = None
    if number is not None and phonenumbers.is_valid_number(number):
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if (within := next(iter(phonenumbers.PhoneNumberMatcher(typed[:400], "VN")), None)) is not None:
        return phonenumbers.format_number(within.number, phonenumbers.PhoneNumberFormat.E164)
    if not digits:
        raise InvalidAnswer(NO_NUMBER)
    if re.match(r"0[35789]", digits) and (missing := _MOBILE_DIGITS - len(digits)):
        msgid = (
            N_("This number still lacks %(count)s digits. For example: 0912 345 678.")
            if missing > 0
            else N_("This number has %(count)s digits too many. For example: 0912 345 678.")
        )
        raise InvalidAnswer(msgid, count=abs(missing))
    raise InvalidAnswer(N_("This number is not right yet. For example: 0912 345 678."))


# ---------------------------------------------------------------- place on the map


@dataclass(frozen=True, slots=True)
class location:
    """A pin, or a few words that say where. Stored as "latitude,longitude" or as the words."""

    takes: str = "text"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return ()

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, LocationShared):
            return Answer(f"{event.latitude:.5f},{event.longitude:.5f}")
        return text(160).read(event, answers, facts, partial)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        return Text(N_("📍 %(place)s"), {"place": value})

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return len(value) <= 160


# ---------------------------------------------------------------- photos and files


def _ids(value: str) -> list[str]:
    return [part for part in value.split(",") if part]


def pages_of(value: str) -> tuple[tuple[str, int], ...]:
    """Pages of a stored answer "<file id>[:<rotation in degrees>],…", in order."""
    parts = (part.partition(":") for part in _ids(value.rpartition("|")[2]))
    return tuple((file_id, int(rotation or 0)) for file_id, _, rotation in parts)


def answer_of(pages: Iterable[tuple[str, int]]) -> str:
    """The reverse of `pages_of`."""
    return ",".join(f"{file_id}:{rotation}" if rotation else file_id for file_id, rotation in pages)


def usable(pages: Sequence[tuple[str, int]], facts: Facts) -> tuple[tuple[str, int], ...]:
    """Pages without the files that were refused or could not be fetched."""
    lost = {FileStatus.REFUSED, FileStatus.FAILED}
    return tuple((i, r) for i, r in pages if i not in facts.files or facts.files[i].status not in lost)


def awaited(file_id: str, facts: Facts) -> bool:
    """On its way, and nothing speaks against its arriving soon; one that failed before may take its time."""
    file = facts.files.get(file_id)
    return file is not None and file.status is FileStatus.PENDING and not file.tried


def _good(pages: Sequence[tuple[str, int]], facts: Facts) -> tuple[tuple[str, int], ...]:
    good = usable(pages, facts)
    if not good:
        raise InvalidAnswer(N_("None of these could be used, so I still need a photo or a file."))
    return good


_DOCUMENTS = (".pdf", ".doc", ".docx", ".xls", ".xlsx")
EDITS = frozenset({"turn", "again", "first", "drop"})
"""What is done to one page, which is then chosen: turned, replaced, put first, taken out."""
PAGE, PHOTO = N_("Page %(number)s"), N_("Photo %(number)s")
LOOK = Option("look", Text(N_("Show me")), ("xem thử", "preview"))
LEAVE_IT = Option("never", Text(N_("Leave it")))
TO_FRONT = Option("first", Text(N_("Change the order")), ("đổi thứ tự", "thứ tự", "order"))


def numbered(name: str, count: int) -> tuple[Option, ...]:
    """One of so many pages or photos, from 1."""
    return tuple(Option(str(n), Text(name, {"number": n})) for n in range(1, count + 1))


@dataclass(frozen=True, slots=True)
class photos:
    """Photos, one after the other or as an album, until "done".

    With `pages` they are photos or files, the pages of one paper: each can be turned, taken again or left out, and all
    shown as the PDF they become. The unfinished answer is "<what is being done>|<pages>"; with nothing before them,
    some of the pages have not been spoken of yet.
    """

    most: int
    pages: bool = False
    takes: str = ""

    def told(self, partial: str) -> str:
        """The same, once its question has spoken of every file in hand."""
        return partial if "|" in partial else f"told|{partial}"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        doing, _, _ = partial.rpartition("|")
        kept = pages_of(partial)
        if doing in EDITS:
            return (*numbered(PAGE if self.pages else PHOTO, len(kept)), LEAVE_IT)
        if not kept:
            return ()
        done = Option(DONE, Text(N_("That is all")), ("xong", "đủ rồi", "hết rồi", "done"))
        if not self.pages:
            return (done, Option("drop", Text(N_("Take one out")), ("bỏ ảnh", "xoá ảnh")))
        return (
            done,
            LOOK,
            Option("turn", Text(N_("Turn a page")), ("xoay", "rotate")),
            Option("again", Text(N_("Replace a page")), ("chụp lại", "thay", "replace")),
            *((TO_FRONT,) if len(kept) > 1 else ()),
            Option("drop", Text(N_("Take one out")), ("bỏ trang", "xoá trang")),
        )

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, FileReceived):
            return self._added(event.file, facts, partial)
        if isinstance(event, OptionChosen):
            return self._chosen(event.value, facts, partial)
        raise InvalidAnswer(
            N_("Please send photos here.")
            if not pages_of(partial)
            else N_("Send more photos, or choose “That is all”.")
        )

    def _added(self, file: FileRef, facts: Facts, partial: str) -> Answer:
        if not self.pages and file.name.lower().endswith(_DOCUMENTS):
            raise InvalidAnswer(N_("Here I need photos of the product. Papers come later, through “Send papers”."))
        kept = list(pages_of(partial))
        doing, _, _ = partial.rpartition("|")
        if doing.startswith("at") and (place := int(doing[2:])) < len(kept):
            kept[place] = (file.id, 0)
            return added(answer_of(kept), file)
        if doing:  # the question has been put since: a refused one has been spoken of, the next takes its place
            kept = list(usable(kept, facts))
        if len(usable(kept, facts)) >= self.most:
            raise InvalidAnswer(N_("%(most)s is the most I can take here. Choose “That is all”."), most=self.most)
        if file.id not in [file_id for file_id, _ in kept]:
            kept.append((file.id, 0))
        return added(answer_of(kept), file)

    def _chosen(self, value: str, facts: Facts, partial: str) -> Answer:
        doing, _, _ = partial.rpartition("|")
        kept = pages_of(partial)
        if value == DONE and kept:
            if any(awaited(file_id, facts) for file_id, _ in kept):
                raise InvalidAnswer(N_("Some are still on their way. Please wait a little, then choose “That is all”."))
            if len(good := _good(kept, facts)) > self.most:  # they came in two ways and were put together
                raise InvalidAnswer(TOO_MANY, most=self.most, count=len(good))
            return Answer(answer_of(good))
        if value == LOOK.value and kept:
            return Answer(answer_of(kept), complete=False, effects=(SendPages(_good(kept, facts)),))
        if value in EDITS and kept:
            return Answer(f"{value}|{answer_of(kept)}", complete=False)
        if value.isascii() and value.isdigit() and doing and 0 < int(value) <= len(kept):
            return Answer(_changed(doing, int(value) - 1, kept), complete=False)
        return Answer(answer_of(kept), complete=False)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        count = len(_ids(value))
        return Text(N_("📷 %(count)s photo"), {"count": count}, N_("📷 %(count)s photos")) if count else ""

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return True


def added(partial: str, file: FileRef) -> Answer:
    """An unfinished answer with a new file in it; what there is to say is said once no further one has come."""
    effects = (KeepFile(file), StartTimer("files", "", ALBUM_PAUSE_S))
    return Answer(partial, complete=False, effects=effects, quiet=True)


def _changed(doing: str, place: int, pages: Sequence[tuple[str, int]]) -> str:
    """The pages after one of them was turned by 90 degrees, put first or dropped, or is waiting to be replaced."""
    kept = list(pages)
    if doing == "again":
        return f"at{place}|{answer_of(kept)}"
    if doing == "drop":
        del kept[place]
    elif doing == "first":
        kept.insert(0, kept.pop(place))
    elif doing == "turn":
        kept[place] = (kept[place][0], (kept[place][1] + 90) % 360)
    return answer_of(kept)

"""How answers are read: each reader takes one kind, says what is wrong with others, and shows what it kept."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import phonenumbers

from dialogs.matching import fold, match
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
DONE = "done"
ALBUM_PAUSE_S = 2
"""Photos of one album come as separate messages without an end mark; so long silence means they are all here."""
Options = tuple[Option, ...] | Callable[[Answers, Facts], tuple[Option, ...]]


def _label(options: Sequence[Option], value: str) -> Sayable:
    return next((option.label for option in options if option.value == value), value)


# ---------------------------------------------------------------- words


@dataclass(frozen=True, slots=True)
class text:
    """A person's own words, stored as typed (NFC, one space between words, lines kept)."""

    max_chars: int
    min_chars: int = 2
    takes: str = "text"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return ()

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(TYPE_IT)
        words = clean(event.text)
        if sum(char.isalnum() for char in words) < self.min_chars:
            raise InvalidAnswer(N_("That is too short for me to understand. A few words are enough."))
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
        return _label(self.options(answers, facts, ""), value)

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return bool(self.other) or any(option.value == value for option in self.options(answers, facts, ""))


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
        parts = [part for part in re.split(r"[,;+&\n]|\bvà\b|\bva\b|\band\b", typed) if part.strip()]
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
        labels = [_said(_label(self.choices, v)) for v in _ids(value)]
        return _joined(labels) if labels else ""

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return {*_ids(value)} <= {option.value for option in self.choices}


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
            return Answer(_e164(event.phone if event.phone.startswith("+") else f"+{event.phone}"))
        if isinstance(event, TextReceived):
            return Answer(_e164(event.text))
        raise InvalidAnswer(N_("Please type the telephone number, for example 0912 345 678."))

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        parsed = phonenumbers.parse(value, "VN")
        national = parsed.country_code == 84
        how = phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
        return phonenumbers.format_number(parsed, how)

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return value.startswith("+")


_MOBILE_DIGITS = 10


def _e164(typed: str) -> str:
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", typed))
    try:
        number = phonenumbers.parse(unicodedata.normalize("NFKC", typed)[:40], "VN")
    except phonenumbers.NumberParseException:
        raise InvalidAnswer(N_("I see no telephone number there. For example: 0912 345 678.")) from None
    if phonenumbers.is_valid_number(number):
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if re.match(r"0[35789]", digits) and (missing := _MOBILE_DIGITS - len(digits)):
        msgid = (
            N_("This number still lacks %(count)s digits. For example: 0912 345 678.")
            if missing > 0
            else N_("This number has %(count)s digits too many. For example: 0912 345 678.")
        )
        raise InvalidAnswer(msgid, count=abs(missing))
    raise InvalidAnswer(N_("This number is not right yet. For example: 0912 345 678."))


# ---------------------------------------------------------------- quantity

KG_PER = {"tan": 1000, "ta": 100, "yen": 10, "kg": 1, "ki": 1, "ky": 1, "can": 1, "kilo": 1, "kilogam": 1}
UNITS: Mapping[str, tuple[str, ...]] = {
    "kg": ("kg", "tạ", "yến", "tấn"),
    "litre": ("lít", "lit", "litre", "l"),
    "bottle": ("chai", "bottle"),
    "box": ("hộp", "box"),
    "bag": ("gói", "túi", "bag"),
    "jar": ("hũ", "lọ", "jar"),
    "piece": ("cái", "chiếc", "piece"),
    "set": ("bộ", "set"),
    "fruit": ("quả", "trái"),
    "head": ("con", "head"),
    "plant": ("cây", "chậu", "plant"),
    "bunch": ("bó", "bunch"),
    "metre": ("mét", "m", "metre"),
    "guest": ("khách", "lượt khách", "guest"),
}
UNIT_OPTIONS = (
    Option("kg", Text(N_("kilograms"))),
    Option("litre", Text(N_("litres"))),
    Option("bottle", Text(N_("bottles"))),
    Option("box", Text(N_("boxes"))),
    Option("piece", Text(N_("pieces"))),
    Option("head", Text(N_("animals"))),
    Option("guest", Text(N_("guests"))),
)
_MORE_UNITS = (
    Option("bag", Text(N_("bags"))),
    Option("jar", Text(N_("jars"))),
    Option("set", Text(N_("sets"))),
    Option("fruit", Text(N_("fruits"))),
    Option("plant", Text(N_("plants"))),
    Option("bunch", Text(N_("bunches"))),
    Option("metre", Text(N_("metres"))),
)
PERIOD_OPTIONS = (
    Option("month", Text(N_("a month")), ("tháng", "mỗi tháng", "một tháng", "month", "per month")),
    Option("season", Text(N_("a season")), ("vụ", "mùa", "mỗi vụ", "một vụ", "season")),
    Option("year", Text(N_("a year")), ("năm", "mỗi năm", "một năm", "year", "per year")),
)
_PERIODS = {"thang": "month", "vu": "season", "mua": "season", "nam": "year", "month": "month", "year": "year"}
_UNIT_BY_WORD = {fold(word): unit for unit, words in UNITS.items() for word in words} | dict.fromkeys(KG_PER, "kg")
_NUMBER_WORDS = {
    "mot": "1", "hai": "2", "ba": "3", "bon": "4", "nam": "5", "sau": "6", "bay": "7", "tam": "8", "chin": "9",
    "muoi": "10", "nua": "0.5",
}  # fmt: skip
_LARGEST_QUANTITY = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class quantity:
    """How much is made: "2 tạ", "300 chai một tháng". A period or unit that is missing is asked, never guessed.

    Stored as a decimal number in the unit of `quantity_unit`; weights are in kg. `_quantity_typed` keeps the words.
    """

    takes: str = "number"

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        return ()

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if not isinstance(event, TextReceived):
            raise InvalidAnswer(TYPE_IT)
        number, unit, period = _quantity(event.text)
        if not 0 < number < _LARGEST_QUANTITY:
            raise InvalidAnswer(N_("That amount can't be right. For example: 2 tạ, 300 bottles."))
        also = {"_quantity_typed": clean(event.text)[:80]}
        also |= {"quantity_unit": unit} if unit else {}
        also |= {"quantity_period": period} if period else {}
        return Answer(_plain(number), also=also)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        units = {option.value: option.label for option in (*UNIT_OPTIONS, *_MORE_UNITS)}
        periods = {option.value: option.label for option in PERIOD_OPTIONS}
        amount = Text("%(number)s", {"number": Decimal(value)})
        unit = units.get(answers.get("quantity_unit", ""), answers.get("quantity_unit", ""))
        if not unit:
            return amount
        said = Text(N_("%(number)s %(unit)s"), {"number": Decimal(value), "unit": _said(unit)})
        period = periods.get(answers.get("quantity_period", ""))
        if period is None:
            return said
        return Text(N_("%(amount)s %(period)s"), {"amount": said, "period": _said(period)})

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return re.fullmatch(r"\d+(\.\d+)?", value) is not None


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _quantity(typed: str) -> tuple[Decimal, str, str]:
    """Number (weights in kg), unit ("" if none), period ("" if none); raises InvalidAnswer without a number."""
    folded = unicodedata.normalize("NFKC", typed).replace("/", " ")
    found = re.search(r"(?<![\d.,])(\d+(?:[.,]\d+)*)", folded)
    words = fold(folded[found.end() :] if found else folded).split()
    if found:
        number = _decimal(found.group(1))
    elif words and words[0] in _NUMBER_WORDS:
        number = Decimal(_NUMBER_WORDS[words.pop(0)])
    else:
        raise InvalidAnswer(N_("I need a number here. For example: 2 tạ, 300 bottles."))
    unit = next((_UNIT_BY_WORD[word] for word in words if word in _UNIT_BY_WORD), "")
    weight = next((word for word in words if word in KG_PER), "")
    if weight and unit == "kg":
        number *= KG_PER[weight]
    if weight and "ruoi" in words:
        number += Decimal(KG_PER[weight]) / 2
    period = next((_PERIODS[word] for word in words if word in _PERIODS), "")
    return number, unit, period


def _decimal(digits: str) -> Decimal:
    """A number as Vietnamese write it: "1.500" is fifteen hundred, "1,5" and "1.5" are one and a half."""
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits):
        return Decimal(re.sub(r"[.,]", "", digits)[:15])
    whole, *rest = re.split(r"[.,]", digits)
    return Decimal(f"{whole[:15]}.{''.join(rest)[:3] or 0}")


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


def _stored(pages: Sequence[tuple[str, int]]) -> str:
    return ",".join(f"{file_id}:{rotation}" if rotation else file_id for file_id, rotation in pages)


def usable(pages: Sequence[tuple[str, int]], facts: Facts) -> tuple[tuple[str, int], ...]:
    """Pages without the files that were refused or could not be fetched."""
    lost = {FileStatus.REFUSED, FileStatus.FAILED}
    return tuple((i, r) for i, r in pages if i not in facts.files or facts.files[i].status not in lost)


@dataclass(frozen=True, slots=True)
class photos:
    """Photos or files, one after the other or as an album, until "done".

    With `pages` they are the pages of one paper: each can be turned, taken again or left out, and all shown as
    the PDF they become. The unfinished answer is "<what is being done>|<pages>".
    """

    most: int
    pages: bool = False
    takes: str = ""

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]:
        doing, _, _ = partial.rpartition("|")
        kept = pages_of(partial)
        if doing in ("turn", "drop", "again"):
            numbers = tuple(Option(str(n), Text(N_("Page %(number)s"), {"number": n})) for n in range(1, len(kept) + 1))
            return (*numbers, Option("never", Text(N_("Leave it"))))
        if not kept:
            return ()
        done = Option(DONE, Text(N_("That is all")), ("xong", "đủ rồi", "hết rồi", "done"))
        if not self.pages:
            return (done, Option("drop", Text(N_("Take one out")), ("bỏ ảnh", "xoá ảnh")))
        return (
            done,
            Option("look", Text(N_("Show me")), ("xem thử", "preview")),
            Option("turn", Text(N_("Turn a page")), ("xoay", "rotate")),
            Option("again", Text(N_("Replace a page")), ("chụp lại", "thay", "replace")),
            Option("drop", Text(N_("Take one out")), ("bỏ trang", "xoá trang")),
        )

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        if isinstance(event, FileReceived):
            return self._added(event.file, facts, partial)
        if isinstance(event, OptionChosen):
            return self._chosen(event.value, facts, partial)
        raise InvalidAnswer(
            N_("Please send photos or files here, then press “That is all”.")
            if not pages_of(partial)
            else N_("Send more photos, or press “That is all”.")
        )

    def _added(self, file: FileRef, facts: Facts, partial: str) -> Answer:
        kept = list(pages_of(partial))
        doing, _, _ = partial.rpartition("|")
        if doing.startswith("at") and (place := int(doing[2:])) < len(kept):
            kept[place] = (file.id, 0)
        elif len(kept) >= self.most:
            raise InvalidAnswer(N_("%(most)s is the most I can take here. Press “That is all”."), most=self.most)
        elif file.id not in [file_id for file_id, _ in kept]:
            kept.append((file.id, 0))
        effects = (KeepFile(file), StartTimer("files", "", ALBUM_PAUSE_S))
        return Answer(_stored(kept), complete=False, effects=effects, quiet=True)

    def _chosen(self, value: str, facts: Facts, partial: str) -> Answer:
        doing, _, _ = partial.rpartition("|")
        kept = pages_of(partial)
        if value == DONE and kept:
            good = usable(kept, facts)
            if not good:
                raise InvalidAnswer(N_("None of these could be used, so I still need a photo or a file."))
            return Answer(_stored(good))
        if value == "look" and kept:
            return Answer(_stored(kept), complete=False, effects=(SendPages(usable(kept, facts)),))
        if value in ("turn", "drop", "again") and kept:
            return Answer(f"{value}|{_stored(kept)}", complete=False)
        if value.isdigit() and doing and 0 < int(value) <= len(kept):
            return Answer(_changed(doing, int(value) - 1, kept), complete=False)
        return Answer(_stored(kept), complete=False)

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        count = len(_ids(value))
        return Text(N_("📷 %(count)s photo"), {"count": count}, N_("📷 %(count)s photos")) if count else ""

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        return True


def _changed(doing: str, place: int, pages: Sequence[tuple[str, int]]) -> str:
    """The pages after one of them was turned by 90 degrees or dropped, or is waiting to be replaced."""
    kept = list(pages)
    if doing == "again":
        return f"at{place}|{_stored(kept)}"
    if doing == "drop":
        del kept[place]
    elif doing == "turn":
        kept[place] = (kept[place][0], (kept[place][1] + 90) % 360)
    return _stored(kept)

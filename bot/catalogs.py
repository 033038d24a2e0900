"""Translations, read from the .po files at start-up. English is the source, so it needs no catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from dialogs.model import Sayable, Text, Value
from dialogs.rules.ruleset import Label

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
LOCALES = ("vi", "en")
_DATE = {"vi": "EEEE d/M/y", "en": "EEEE d MMMM y"}


@dataclass(frozen=True, slots=True)
class Catalog:
    """One language: `texts` by msgid."""

    locale: str
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)

    def say(self, words: Sayable) -> str:
        """Words in this language; a person's own words come back as they are."""
        if isinstance(words, Text):
            return self._text(words)
        return words if isinstance(words, str) else getattr(words, self.locale, words.vi)

    def _text(self, text: Text) -> str:
        template = self._template(text)
        if not text.values:
            return template
        return template % {name: self._value(value) for name, value in text.values.items()}

    def _template(self, text: Text) -> str:
        """The translation of the msgid, or of its plural: both are entries of the catalogue."""
        msgid = text.plural if text.plural and text.values.get("count") != 1 else text.msgid
        return self.texts.get(msgid, msgid)

    def _value(self, value: Value) -> str:
        match value:
            case str() | Text() | Label():
                return self.say(value)
            case datetime():
                local = value.astimezone(VIETNAM)
                return f"{format_time(local, 'H:mm', tzinfo=VIETNAM, locale=self.locale)} {self._day(local.date())}"
            case date():
                return self._day(value)
            case int() if 0 <= value < 1000:  # written alike everywhere, and most are
                return str(value)
            case _:
                return format_decimal(value, locale=self.locale)

    def _day(self, day: date) -> str:
        """ "thứ Tư 18/3/2026": the weekday is what people remember."""
        words = format_date(day, _DATE[self.locale], locale=self.locale)
        return words.replace("Thứ", "thứ", 1).replace("Chủ Nhật", "Chủ nhật", 1) if self.locale == "vi" else words


def load(root: Path) -> dict[str, Catalog]:
    """Catalogues by locale from "<root>/<locale>/LC_MESSAGES/messages.po"; raises OSError without Vietnamese."""
    return {"vi": _read(root, "vi"), "en": Catalog("en")}


def _read(root: Path, locale: str) -> Catalog:
    with (root / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        po = read_po(file, locale=locale)
    texts = {str(message.id): str(message.string) for message in po if message.id and message.string}
    return Catalog(locale, texts)

"""What is said, before it has a language: texts, choices and links."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from dialogs.rules.ruleset import Label

Answers = Mapping[str, str]
"""Answers in stored form by question name. `subject` holds what the dialog is about: a case code, a serial."""


def N_(msgid: str) -> str:
    """Mark a text for extraction; `bot.render` translates it."""
    return msgid


@dataclass(frozen=True, slots=True)
class Text:
    """A whole sentence or paragraph: English msgid, named values; with `plural`, `values["count"]` decides."""

    msgid: str
    values: "Mapping[str, Value]" = field(default_factory=dict)
    plural: str = ""


Value = str | int | Decimal | date | datetime | Label | Text
Sayable = Text | Label | str
"""What a label may be: to be translated, in both languages already, or a person's own words."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to answer. `typed` are further words for it; `takes_rest`: what is typed after them comes along.

    `hidden`: not shown, only understood when typed, and after what is shown. `alone`: words for it that count where
    nothing else is typed, before all others; “không” stands in many a label.
    """

    value: str
    label: Sayable
    typed: tuple[Sayable, ...] = ()
    takes_rest: bool = False
    hidden: bool = False
    alone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A button that works at any time, under any message: it goes to a dialog. `typed` is what to type for it."""

    target: str
    label: Sayable
    typed: str = ""

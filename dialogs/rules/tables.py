"""Reading the law's TOML: text to tables whose every value is taken by key and type, or refused with its line."""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, TypeVar


class RulesetError(Exception):
    """A ruleset file is wrong; reads "ocop_2026.toml:12: reason"."""

    def __init__(self, name: str, line: int, reason: str) -> None:
        super().__init__(f"{name}:{line}: {reason}")
        self.name, self.line, self.reason = name, line, reason


class Label(NamedTuple):
    """A text in both languages; neither is ever empty."""

    vi: str
    en: str


KeyPath = tuple[str | int, ...]
_T = TypeVar("_T")

_SYNTAX_LINE = re.compile(r"at line (\d+)")
_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]")
_KEY_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
_KEY = re.compile(r"""\s*([\w."'-]+)\s*=""")
_TYPE_NAMES = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    date: "a date",
    list: "a list",
    dict: "a table",
}


@dataclass(frozen=True, slots=True)
class File:
    """`lines` gives the line of each table and key; of a value inside braces or brackets only its key's."""

    name: str
    values: dict[str, Any]
    lines: Mapping[KeyPath, int]

    def line_of(self, path: KeyPath) -> int:
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(path: Path) -> File:
    data = path.read_bytes()
    try:
        return parse(data.decode(), path.name)
    except UnicodeDecodeError as error:
        raise RulesetError(path.name, data.count(b"\n", 0, error.start) + 1, "not UTF-8") from error


def parse(text: str, name: str) -> File:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _SYNTAX_LINE.search(str(error))  # absent when the text ends too early
        line = int(found[1]) if found else text.count("\n") + 1
        raise RulesetError(name, line, str(error)) from error
    return File(name, values, dict(_lines(text)))


def _lines(text: str) -> Iterator[tuple[KeyPath, int]]:
    """Where each table and key stands. Reads line by line, so only for our style: no multi-line strings."""
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    for line, content in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(content):
            table = _dotted(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            yield table, line
        elif key := _KEY.match(content):
            yield (*table, *_dotted(key[1])), line


def _dotted(key: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in _KEY_PART.findall(key))


@dataclass(frozen=True, slots=True)
class Document:
    """A file together with the files some of its top-level keys are borrowed from."""

    main: File
    borrowed: Mapping[str, File]

    def values(self) -> dict[str, Any]:
        own = {key: value for key, value in self.main.values.items() if key != "same_as"}
        return own | {key: file.values[key] for key, file in self.borrowed.items()}

    def wrong(self, path: KeyPath, reason: str) -> RulesetError:
        file = self.borrowed.get(str(path[0]), self.main) if path else self.main
        return RulesetError(file.name, file.line_of(path), reason)


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a document; its methods take a value by key and type, or raise RulesetError at its line."""

    document: Document
    path: KeyPath
    values: dict[str, Any]

    def wrong(self, reason: str, *below: str | int) -> RulesetError:
        """The error to raise about this table, or about what stands `below` it."""
        return self.document.wrong((*self.path, *below), reason)

    def only(self, *keys: str) -> None:
        for key in self.values:
            if key not in keys:
                raise self.wrong(f"unknown key {key!r}", key)

    def take(self, key: str, kind: type[_T]) -> _T:
        if key not in self.values:
            raise self.wrong(f"missing key {key!r}")
        value = self.values[key]
        if isinstance(value, kind) and type(value) is kind:  # True is no number here, a time of day no date
            return value
        raise self.wrong(f"{key} must be {_TYPE_NAMES[kind]}, not {value!r}", key)

    def maybe(self, key: str, kind: type[_T]) -> _T | None:
        return self.take(key, kind) if key in self.values else None

    def text(self, key: str) -> str:
        text = self.take(key, str)
        if not text.strip():
            raise self.wrong(f"{key} is empty", key)
        return text

    def number(self, key: str, allowed: range) -> int:
        number = self.take(key, int)
        if number not in allowed:
            raise self.wrong(f"{key} must lie between {allowed[0]} and {allowed[-1]}, not {number}", key)
        return number

    def choice(self, key: str, allowed: Collection[str]) -> str:
        text = self.take(key, str)
        if text not in allowed:
            raise self.wrong(f"{key} must be one of {', '.join(allowed)}, not {text!r}", key)
        return text

    def list_of(self, key: str, kind: type[_T]) -> tuple[_T, ...]:
        """Absent means empty; nothing stands in it twice."""
        values = self.maybe(key, list) or []
        for index, value in enumerate(values):
            if type(value) is not kind or value == "":
                raise self.wrong(f"{key} must hold {_TYPE_NAMES[kind]} each, not {value!r}", key)
            if value in values[:index]:
                raise self.wrong(f"{key} has {value!r} twice", key)
        return tuple(values)

    def choices(self, key: str, allowed: Collection[str]) -> tuple[str, ...]:
        texts = self.list_of(key, str)
        for text in texts:
            if text not in allowed:
                raise self.wrong(f"{key} must be among {', '.join(allowed)}, not {text!r}", key)
        return texts

    def label(self, key: str, max_chars: int | None = None) -> Label:
        table = self.table(key)
        table.only("vi", "en")
        label = Label(table.text("vi"), table.text("en"))
        for text in label:
            if max_chars is not None and len(text) > max_chars:
                raise self.wrong(f"{key} is {len(text)} characters, at most {max_chars}: {text!r}", key)
        return label

    def table(self, key: str) -> "Table":
        return Table(self.document, (*self.path, key), self.take(key, dict))

    def tables(self, key: str) -> tuple["Table", ...]:
        """[[key]] repeated; absent means none."""
        values = self.list_of(key, dict)
        return tuple(Table(self.document, (*self.path, key, i), value) for i, value in enumerate(values))

    def named(self, key: str) -> dict[str, "Table"]:
        """[key.name] tables."""
        table = self.table(key)
        return {name: table.table(name) for name in table.values}

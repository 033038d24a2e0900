"""What may be wrong with the dialogs: where they lead, what a channel shows, words that clash, translations."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from bot.catalogs import Catalog
from bot.channels.base import Capabilities, option_data, pressed
from bot.doctor.samples import NOW
from bot.doctor.walk import CHANNELS, Finding, Visit, Walked, unknown
from bot.render import Composed, Listener, compose
from dialogs.engine import dialog_name
from dialogs.matching import fold, forms
from dialogs.model import (
    Dialog,
    Dialogs,
    Facts,
    Option,
    OptionChosen,
    SendMessage,
    Text,
    TextReceived,
)
from dialogs.words import COMMANDS, INTENTS

# ---------------------------------------------------------------- the tree


def unknown_targets(dialogs: Dialogs) -> Iterator[Finding]:
    """Written targets of gotos, ends and ways up; those that functions make are met on the walk."""
    for dialog in dialogs.by_name.values():
        for place, target in _written_targets(dialog):
            if unknown(dialogs, target) is not None and not target.endswith(".new"):
                yield f"{place}: leads to {target}, which there is not"


def _written_targets(dialog: Dialog) -> Iterator[tuple[str, str]]:
    if isinstance(dialog.up, str):
        yield f"{dialog.name}/", dialog.up
    if isinstance(dialog.end, str):
        yield f"{dialog.name}/", dialog.end
    for ask in dialog.steps:
        if isinstance(ask.goto, Mapping):
            yield from ((f"{dialog.name}/{ask.name}", target) for target in ask.goto.values())


def unreachable(dialogs: Dialogs, walked: Walked) -> Iterator[Finding]:
    for dialog in dialogs.by_name.values():
        missed = [ask.name for ask in dialog.steps if f"{dialog.name}/{ask.name}" not in walked.met]
        if len(missed) == len(dialog.steps):
            yield f"{dialog.name}/: nothing leads to this dialog"
        else:
            yield from (f"{dialog.name}/{name}: nothing leads to this question" for name in missed)


def dead_ends(walked: Walked) -> Iterator[Finding]:
    for visit in walked.visits:
        if not visit.changes:
            yield f"{visit.where}: no answer leads on for {visit.situation}"
    left = {start for start, _, end in walked.ways if start != end}
    yield from (f"{where}: no answer leads to another question" for where in walked.met - left)


# ---------------------------------------------------------------- limits


def over_limits(walked: Walked, catalogs: Mapping[str, Catalog]) -> Iterator[Finding]:
    for visit in _distinct(walked.visits):
        for value in _values(visit.asked):
            if pressed(option_data(visit.asked.at, value)) != OptionChosen(visit.asked.at, value):
                yield f"{visit.where}: the button of “{value}” does not come back as it went out"
        for catalog in catalogs.values():
            for name, can in CHANNELS.items():
                composed = compose([visit.asked], catalog, can)
                yield from (f"{visit.where}: {what} ({name}, {catalog.locale})" for what in _too_much(composed, can))


def _distinct(visits: Iterable[Visit]) -> list[Visit]:
    """One visit for each question and set of words: the same list need not be looked at for every person."""
    return list({(v.where, v.asked.texts and v.asked.texts[0].msgid, _values(v.asked)): v for v in visits}.values())


def _values(asked: SendMessage) -> tuple[str, ...]:
    return tuple(option.value for option in (*asked.options, *asked.further))


def _too_much(composed: Composed, can: Capabilities) -> Iterator[str]:
    if not composed.text.strip():
        yield "asks nothing"
    if len(composed.text) > can.max_text_chars:
        yield f"{len(composed.text)} characters, at most {can.max_text_chars} fit"
    if len(composed.buttons) > can.max_buttons:
        yield f"{len(composed.buttons)} buttons, at most {can.max_buttons} fit"
    for button in composed.buttons:
        if len(button.label) > can.max_button_chars:
            yield f"the button “{button.label}” is longer than {can.max_button_chars} characters"
        if len(button.data.encode()) > can.max_data_bytes:
            yield f"the button data {button.data} is longer than {can.max_data_bytes} bytes"


# ---------------------------------------------------------------- words


def clashes(dialogs: Dialogs, walked: Walked, listener: Listener) -> Iterator[Finding]:
    """Words of options that are understood as something else where the options stand."""
    for visit in _distinct(walked.visits):
        yield from (f"{visit.where}: {what}" for what in _ambiguous(visit.asked, listener.catalogs.values()))
        yield from (f"{visit.where}: {what}" for what in _misread(visit.asked, listener))
        yield from (f"{visit.where}: {what}" for what in _global_words(dialogs, walked, visit, listener))


def _phrases(option: Option, catalogs: Iterable[Catalog]) -> tuple[str, ...]:
    said = (catalog.say(words) for catalog in catalogs for words in (option.label, *option.typed))
    return tuple(dict.fromkeys(said))


def _fixed(option: Option) -> bool:
    """Whether the words are ours: a product's name may be anything, and is offered by number too."""
    return not isinstance(option.label, str) and not (isinstance(option.label, Text) and option.label.values)


def _ambiguous(asked: SendMessage, catalogs: Iterable[Catalog]) -> Iterator[str]:
    owners: dict[str, str] = {}
    for option in filter(_fixed, (*asked.options, *asked.further)):
        for phrase in {fold(phrase) for phrase in _phrases(option, catalogs)}:
            other = owners.setdefault(phrase, option.value)
            if other != option.value:
                yield f"“{phrase}” stands for “{other}” and for “{option.value}”"


def _misread(asked: SendMessage, listener: Listener) -> Iterator[str]:
    """Phrases that, typed at the question, are not taken for their option."""
    if asked.takes == "several":  # a typed list is read by its reader, not as a press
        return
    for option in filter(_fixed, (*asked.options, *asked.further)):
        for phrase in _phrases(option, listener.catalogs.values()):
            meant = listener.recognise(TextReceived(phrase), asked, "vi")
            if not isinstance(meant, OptionChosen) or meant.value != option.value:
                yield f"“{phrase}” typed is not understood as “{option.value}”"


MEANT_HERE: Mapping[tuple[str, str], str] = {
    ("consent/reminders", "no"): "“thôi” declines the reminders; nothing is there to be cancelled",
    ("correct/send", "later"): "the case itself is where a correction waits",
    ("menu/choice", "help"): "the page leads with writing to the officer, and adds the office hours",
    ("paused/choice", "help"): "as in the menu",
    ("my_data/choice", "delete"): "whoever is shown the data and says “delete” means just that",
    ("receipt/choice", "status"): "the file is the one just sent, not the list of files",
    ("reminder/choice", "never"): "“thôi” to a reminder ends the reminding, the draft stays",
}
"""(question, option): why an option takes a global word for itself and leads elsewhere."""


def _global_words(dialogs: Dialogs, walked: Walked, visit: Visit, listener: Listener) -> Iterator[str]:
    """Options that take a global word for themselves and lead elsewhere than it does."""
    words = _command_forms()
    for option in filter(_fixed, (*visit.asked.options, *visit.asked.further)):
        here = walked.leads.get((visit.asked.at, option.value))
        for phrase in _phrases(option, listener.catalogs.values()):
            command = words.get(fold(phrase))
            if command is None or here is None or (visit.where, option.value) in MEANT_HERE:
                continue
            there = _command_leads(dialogs, command)
            if there and here not in there:
                yield f"“{phrase}” is “{option.value}” here and leads to {here}, elsewhere it is /{command}"


def _command_forms() -> dict[str, str]:
    return {form: name for name, words in COMMANDS.items() for word in words for form in forms(word)}


def _command_leads(dialogs: Dialogs, command: str) -> set[str]:
    """Names of the dialogs a global word leads to; empty for those that depend on the question."""
    named = {"pause": {"pause", "paused"}, "cancel": {"cancel", "menu"}}
    if command in named:
        return named[command]
    go = dialogs.commands.get(command)
    if go is None:
        return set()
    return {dialog_name(go("", Facts(NOW)).target.partition("/")[0])}


ENGINE_COMMANDS = {"back", "skip", "unsure", "pause", "cancel"}
"""Global words that the engine itself answers."""


def word_clashes(dialogs: Dialogs) -> Iterator[Finding]:
    """Global words that mean two things, or nothing."""
    owners: dict[str, str] = {}
    for name, words in (*COMMANDS.items(), *INTENTS.items()):
        if name not in dialogs.commands and name not in ENGINE_COMMANDS:
            yield f"dialogs/words.py: nothing answers to /{name}"
        for form in {form for word in words for form in forms(word)}:
            other = owners.setdefault(form, name)
            if other != name:
                yield f"dialogs/words.py: “{form}” is both /{other} and /{name}"


# ---------------------------------------------------------------- translations

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|(.?))")


def translations(root: Path) -> Iterator[Finding]:
    """Texts of the source against the catalogues that are shipped."""
    used = _extracted(root)
    for path in sorted((root / "locales").glob("*/LC_MESSAGES/messages.po")):
        name = path.relative_to(root).as_posix()
        with path.open("rb") as file:
            catalog = read_po(file)
        translated = {str(m.id): str(m.string) for m in catalog if m.id and m.string and not m.fuzzy}
        lacking = (msgid for msgid in used if msgid not in translated)
        yield from (f"{used[msgid]}: no translation of “{msgid}” in {name}" for msgid in lacking)
        known = {str(m.id) for m in catalog if m.id}
        yield from (f"{name}: “{msgid}” is no longer used" for msgid in known - used.keys())
        yield from (f"{name}: “{m.id!s}” is no longer used" for m in catalog.obsolete.values())
        for msgid, said in translated.items():
            yield from (f"{name}: “{msgid}”: {what}" for what in placeholder_faults(msgid, said))


def _extracted(root: Path) -> dict[str, str]:
    """msgid -> "<file>:<line>" where it stands first."""
    with (root / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file, "babel.cfg")  # type: ignore[no-untyped-call]
    found = extract_from_dir(root, methods, options, keywords={"N_": None})
    places: dict[str, str] = {}
    for file_name, line, msgid, _, _ in found:
        places.setdefault(str(msgid), f"{file_name}:{line}")
    return places


def placeholder_faults(msgid: str, said: str) -> Iterator[str]:
    if _names(msgid) != _names(said):
        yield f"placeholders {sorted(_names(msgid))} became {sorted(_names(said))}"
    for text in (msgid, said):
        yield from (f"“%{bad}” is no placeholder" for _, bad in _PLACEHOLDER.findall(text) if bad and bad != "%")


def _names(text: str) -> set[str]:
    return {name for name, _ in _PLACEHOLDER.findall(text) if name}

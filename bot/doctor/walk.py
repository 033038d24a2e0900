"""The dialogs, walked as those people would: from every way in each option is taken, and what is met is kept."""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from bot.channels import web
from bot.channels.base import Capabilities
from bot.doctor.samples import COMMUNE, SAMPLES, Situation, situations
from bot.world import LOCALES, PLAIN, World
from dialogs.engine import arrive, dialog_name, question, step
from dialogs.model import (
    CaseNamed,
    CommandReceived,
    ContactShared,
    Dialogs,
    Effect,
    Event,
    Facts,
    FileReceived,
    FileRef,
    LinkFollowed,
    LocationShared,
    Option,
    OptionChosen,
    RecordConsent,
    SendMessage,
    SetPlace,
    State,
    Text,
    TextReceived,
    TimerFired,
    Unclear,
)
from dialogs.tree import DIALOGS

ROOT = LOCALES.parent
TELEGRAM = Capabilities(4096, 100, 40, 64, True, True, True, True, spacing=timedelta(seconds=1))
"""bot.channels.telegram says the same, but brings an HTTP client along; a test compares them."""
CHANNELS: Mapping[str, Capabilities] = {"web": web.CAPABILITIES, "telegram": TELEGRAM, "plain": PLAIN}

Finding = str
"""One plain line that begins with "<dialog>/<question>: " or with the file it is about."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A question as one of the people met it. `changes`: whether any answer moved something."""

    situation: str
    where: str
    asked: SendMessage
    changes: bool


@dataclass(slots=True)
class Walked:
    """`ways`: for each question, option label ("" for anything typed) and the question it led to, in order met.

    `leads`: where an option ("<question address>", value) led, as a dialog's name, and where a global word did.
    """

    findings: list[Finding] = field(default_factory=list)
    read: Counter[object] = field(default_factory=Counter)
    """How often what is the same for everybody (an article, a section, a form begun anew) was looked at."""
    visits: list[Visit] = field(default_factory=list)
    ways: dict[tuple[str, str, str], None] = field(default_factory=dict)
    leads: dict[tuple[str, str], str] = field(default_factory=dict)

    met: set[str] = field(default_factory=set)
    """Where somebody was."""

    def note(self, visit: Visit) -> None:
        self.visits.append(visit)
        self.met.add(visit.where)


@dataclass(frozen=True, slots=True)
class _Stand:
    """A conversation in the middle of the walk, at a question."""

    situation: Situation
    facts: Facts
    state: State
    meant: str = ""  # the dialog that was wanted, even where a detour comes first

    @property
    def where(self) -> str:
        return f"{dialog_name(self.state.key)}/{self.state.question}"

    @property
    def signature(self) -> tuple[object, ...]:
        """What two stands have in common that need not both be walked on from."""
        draft = self.state.drafts[self.state.key]
        subject = re.sub(r"\d+$", "#", self.state.key)
        partial = draft.partial.rpartition("|")[0] or bool(draft.partial)
        if draft.partial.startswith(">"):  # a message: one's own words are all alike
            partial = ">"
        person = self.facts.person
        then = dialog_name(self.state.then)
        return (
            *(subject, self.state.question, partial, bool(draft.suggested), person.consent, person.commune, then),
            self._moves,
        )

    @property
    def _moves(self) -> tuple[object, ...]:
        """Of what is looked at, what can be done with it: cases, ballots and sessions that differ in it go on apart."""
        subject = self.state.key.partition(".")[2].partition("~")[0]
        if (case := self.facts.case(subject)) is not None:
            return (case.may, case.undo is not None)
        if (ballot := self.facts.ballot(subject)) is not None:
            return (ballot.standing, ballot.submitted, ballot.closed, ballot.status, len(ballot.marks), ballot.key[:6])
        return (subject,) if self.facts.council(subject) is not None else ()


def everywhere(dialogs: Dialogs = DIALOGS, root: Path = ROOT) -> Walked:
    """Every sample person's walk through every dialog."""
    return walk(dialogs, situations(World.load(CHANNELS, root / "locales").facts()))


def walk(dialogs: Dialogs, people: Iterable[Situation]) -> Walked:
    walked = Walked()
    people = tuple(people)
    for situation in people:
        _walk(dialogs, situation, walked)
    for situation in people:
        _meanwhile(dialogs, situation, walked)
    return walked


def _meanwhile(dialogs: Dialogs, situation: Situation, walked: Walked) -> None:
    """Stand where people stand who were asked about a case before somebody else moved it on."""
    names = sorted({where.partition("/")[0] for where in walked.met})
    for key in (f"{name}.{code}" for name in names for code in situation.codes):
        begun = replace(situation.begun, at=f"{key}/")
        stand = _arrived(dialogs, _Stand(situation, situation.facts, begun), walked, "a case that has moved on")
        if stand is not None and stand.where not in walked.met:
            list(_explored(dialogs, stand, walked))


def _walk(dialogs: Dialogs, situation: Situation, walked: Walked) -> None:
    facts = situation.facts
    home = _arrived(dialogs, _Stand(situation, facts, situation.begun), walked, "the beginning")
    if home is None:
        return
    queue = deque([home])
    for event in _ways_in(dialogs, situation):
        stand = _taken(dialogs, home, event, walked)
        queue.extend([stand] if stand is not None else [])
    seen = set()
    while queue:
        stand = queue.popleft()
        if stand.signature not in seen and not _read_enough(dialogs, stand, walked):
            seen.add(stand.signature)
            queue.extend(_explored(dialogs, stand, walked))


_READINGS = 3
"""Times that what is the same for everybody is walked on from: there are many pages, and few kinds of reader."""


def _read_enough(dialogs: Dialogs, stand: _Stand, walked: Walked) -> bool:
    subject = stand.state.key.partition(".")[2]
    what: object = stand.state.key
    if subject.isdigit() and _is_form(dialogs, stand.state.key):  # the same for people of whom the same is known
        what = stand.signature, stand.facts.person
    elif not subject or re.search(r"\d{4}", subject):  # a case code: somebody's own
        return False
    walked.read[what] += 1
    return walked.read[what] > _READINGS


def _ways_in(dialogs: Dialogs, situation: Situation) -> Iterator[Event]:
    """Commands, deep links, case codes, links under notices and a file out of the blue."""
    yield from (CommandReceived(name) for name in dialogs.commands)
    yield from (CommandReceived("start", payload) for payload in (f"c-{COMMUNE}", "i-token", "h-token"))
    yield from (CaseNamed(code) for code in situation.codes)
    for dialog in dialogs.by_name.values():
        if dialog.linked:
            yield from (LinkFollowed(f"{dialog.name}.{code}") for code in situation.codes[:3])
    if situation.facts.addressed is not None:
        yield LinkFollowed(f"note.{situation.facts.addressed.key}")
    yield FileReceived(_FILE)


_FILE = FileRef("f1", "photo.jpg", 1000, is_photo=True)


def _explored(dialogs: Dialogs, stand: _Stand, walked: Walked) -> Iterator[_Stand]:
    """Where every answer leads; notes the visit."""
    try:
        asked = question(dialogs, stand.state, stand.facts)
    except Exception as error:  # whatever a declaration does wrong is named instead of ending the examination
        walked.findings.append(_fault(stand.where, stand, "can't be asked", error))
        return
    changes = False
    for event in _answers(asked, stand):
        after = _taken(dialogs, stand, event, walked)
        if after is None:
            continue
        if replace(after.state, turn=stand.state.turn) != stand.state:
            changes = changes or not isinstance(event, CommandReceived | TimerFired | Unclear)
            _note_way(walked, stand, asked, event, after)
            yield after
    walked.note(Visit(stand.situation.name, stand.where, asked, changes))


def _answers(asked: SendMessage, stand: _Stand) -> Iterator[Event]:
    options = (*asked.options, *asked.further)
    yield from (OptionChosen(asked.at, option.value) for option in options)
    if len(options) > 1:  # as if its number had been typed
        yield OptionChosen(asked.at, options[1].value, number=2)
    if any(option.takes_rest for option in options):
        yield from (OptionChosen(asked.at, option.value, "Chuối sấy") for option in options if option.takes_rest)
    yield from map(TextReceived, SAMPLES)
    yield FileReceived(_FILE)
    yield ContactShared("84912345678", own=True)
    yield LocationShared(22.1, 104.7)
    if len(options) > 1 and not asked.takes:
        yield Unclear((options[0].value, options[1].value))
    yield from (CommandReceived(name) for name in ("back", "skip", "pause", "cancel"))
    yield TimerFired("reminder", stand.state.key, stand.state.drafts[stand.state.key].turn)


def _note_way(walked: Walked, stand: _Stand, asked: SendMessage, event: Event, after: _Stand) -> None:
    end = after.where
    if after.meant not in (dialog_name(stand.state.key), dialog_name(after.state.key)):
        end = f"{after.meant}/"
    if isinstance(event, OptionChosen):
        option = next(o for o in (*asked.options, *asked.further) if o.value == event.value)
        walked.ways[stand.where, _way_label(option), end] = None
        walked.leads[asked.at, event.value] = end.partition("/")[0]
    elif not isinstance(event, CommandReceived | TimerFired | Unclear):
        walked.ways[stand.where, "", end] = None


def _way_label(option: Option) -> str:
    """The option's words; "…" for one that stands for many (cases, articles, provinces)."""
    label = option.label
    return label.msgid if isinstance(label, Text) and not label.values else "…"


def _taken(dialogs: Dialogs, stand: _Stand, event: Event, walked: Walked) -> _Stand | None:
    """The stand after an event; None when it went wrong, which is noted."""
    if isinstance(event, CommandReceived) and event.name in ("pause", "cancel"):
        dialog = dialogs.by_name[dialog_name(stand.state.key)]
        if not dialog.form:
            return None
    if isinstance(event, TimerFired) and not _is_form(dialogs, event.subject):
        return None
    what = _said(event)
    try:
        moved = step(dialogs, stand.state, event, stand.facts)
    except Exception as error:  # as above
        walked.findings.append(_fault(stand.where, stand, f"{what} fails", error))
        return None
    if (target := unknown(dialogs, moved.state.at)) is not None:
        walked.findings.append(f"{stand.where}: {what} leads to {target}, which there is not")
        return None
    facts = _as_left(stand.facts, moved.effects)
    meant = dialog_name(moved.state.key)
    after = _arrived(dialogs, _Stand(stand.situation, facts, moved.state, meant), walked, f"{stand.where}, {what}")
    if after is not None and isinstance(event, OptionChosen) and _refused(dialogs, moved.state, facts):
        walked.findings.append(
            f"{stand.where}: {what} leads to {moved.state.at}, which {stand.situation.name} may not see"
        )
    return after


def _is_form(dialogs: Dialogs, key: str) -> bool:
    dialog = dialogs.by_name.get(dialog_name(key))
    return dialog is not None and dialog.form


def _arrived(dialogs: Dialogs, stand: _Stand, walked: Walked, way: str) -> _Stand | None:
    try:
        state, _ = arrive(dialogs, stand.state, stand.facts)
    except RecursionError:
        walked.findings.append(f"{stand.state.at}: a circle without a question (from {way})")
        return None
    except Exception as error:  # as above
        walked.findings.append(_fault(stand.state.at, stand, f"can't be reached (from {way})", error))
        return None
    return replace(stand, state=state)


def _refused(dialogs: Dialogs, state: State, facts: Facts) -> bool:
    """Whether an option led to a dialog that does not let this person in: options promise, so they must hold."""
    dialog = dialogs.by_name[dialog_name(state.key)]
    if dialog.allowed is None or (dialog.before is not None and dialog.before(facts)):
        return False
    draft = state.drafts.get(state.key)
    answers = {**(draft.answers if draft is not None else {}), "subject": state.key.partition(".")[2], "~": ""}
    return not dialog.allowed(answers, facts)


def unknown(dialogs: Dialogs, at: str) -> str | None:
    """The address if it names a dialog or a question that there is not."""
    key, _, name = at.partition("/")
    dialog = dialogs.by_name.get(dialog_name(key))
    return at if dialog is None or (name and dialog.ask(name) is None) else None


def _as_left(facts: Facts, effects: Sequence[Effect]) -> Facts:
    """Facts as a turn's effects leave them, as far as the way depends on them."""
    person = facts.person
    for effect in effects:
        if isinstance(effect, RecordConsent):
            person = replace(person, consent="yes" if effect.given else "no")
        elif isinstance(effect, SetPlace):
            person = replace(person, commune=effect.commune)
    return facts if person is facts.person else replace(facts, person=person)


def _said(event: Event) -> str:
    match event:
        case OptionChosen(_, value):
            return f"“{value}”"
        case TextReceived(text):
            return f"typing “{text}”"
        case CommandReceived(name):
            return f"/{name}"
    return type(event).__name__


def _fault(where: str, stand: _Stand, what: str, error: Exception) -> Finding:
    return f"{where}: {what} for {stand.situation.name}: {type(error).__name__}: {error}"

"""Facts for tests, and one person's chat in memory: effects are carried out on the facts, as the record would."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from bot.doctor import CHANNELS, COMMUNE, NOW, PEOPLE, SAMPLE_LEAVE, listed, sample_case, sample_cases, sample_staff
from bot.world import World
from dialogs.engine import arrive, question, step
from dialogs.model import (
    CaseFacts,
    CorrectAnswers,
    DecideCase,
    Dialogs,
    Effect,
    Event,
    Facts,
    FileFacts,
    FileStatus,
    ForgetMe,
    KeepFile,
    KeepPaper,
    Membership,
    PaperFacts,
    Person,
    RecordConsent,
    RecordReminders,
    RemindAt,
    Role,
    SendMessage,
    SendToCommune,
    SetLocale,
    SetPlace,
    StartTimer,
    State,
    SubmitIdea,
    Text,
    TextReceived,
    TimerFired,
    UseInvitation,
)
from dialogs.producer.upload import SENDING
from dialogs.rules.lifecycle import AUTHORITIES, Side, actions, move
from dialogs.rules.ruleset import ruleset_on
from dialogs.state import dump, load
from dialogs.tree import DIALOGS

__all__ = ["COMMUNE", "NOW", "PEOPLE", "Chat", "desk_facts", "facts", "sample_case", "sample_cases", "world"]


@cache
def world() -> World:
    return World.load(CHANNELS)


def facts(person: Person = PEOPLE, cases: Sequence[CaseFacts] = (), desk: Sequence[CaseFacts] = ()) -> Facts:
    """What is known of somebody who has consented and named a commune, unless another person is given."""
    return replace(
        world().facts(),
        now=NOW,
        person=person,
        cases=tuple(cases),
        named=tuple(desk),
        desk=listed(desk),
        officers=1,
        hours="7:30–11:30",
    )


def desk_facts(role: Role = Role.COMMUNE_OFFICER) -> Facts:
    """An officer with a case in every status on the desk."""
    office = f"15/{COMMUNE}"
    local = {Role.COMMUNE_OFFICER: office, Role.COMMUNE_APPROVER: office, Role.PROVINCE_OFFICER: "15"}
    territory = local.get(role, "")
    known = facts(Person("vi", memberships=(Membership(role, territory),)), desk=sample_cases(own=False))
    return replace(known, colleagues=sample_staff("15"), absence=SAMPLE_LEAVE)


@dataclass
class Chat:
    """One person's conversation. State goes through JSON between any two turns."""

    facts: Facts
    state: State = field(default_factory=State)
    dialogs: Dialogs = field(default=DIALOGS)
    files: Callable[[str], FileFacts] = field(default=lambda file_id: FileFacts(file_id, FileStatus.STORED, pages=1))
    """What the fetching worker makes of a file."""
    said: list[SendMessage] = field(default_factory=list)
    effects: tuple[Effect, ...] = ()
    timers: list[TimerFired] = field(default_factory=list)
    quiet: bool = False

    def __post_init__(self) -> None:
        self.state, _ = arrive(self.dialogs, self.state, self.facts)

    @property
    def asked(self) -> SendMessage:
        return question(self.dialogs, self.state, self.facts)

    @property
    def at(self) -> str:
        """ "<dialog>/<question>", without the subject."""
        return f"{self.state.key.partition('.')[0]}/{self.state.question}"

    @property
    def answers(self) -> dict[str, str]:
        return dict(self.state.drafts[self.state.key].answers)

    def does(self, *events: Event | str) -> "Chat":
        """Each event as it is, a text as what it means where it is typed."""
        for event in events:
            self.turn(TextReceived(event) if isinstance(event, str) else event)
        return self

    def turn(self, event: Event) -> None:
        state, told = arrive(self.dialogs, load(json.loads(json.dumps(dump(self.state)))), self.facts)
        asked = question(self.dialogs, state, self.facts)
        event = world().listener.recognise(event, asked, self.facts.person.locale)
        moved = step(self.dialogs, state, event, self.facts)
        self.said = [SendMessage(told)] if told else []
        self.state, self.effects, self.quiet = moved.state, moved.effects, moved.quiet
        for effect in moved.effects:
            self._carry_out(effect)
        self.state, told = arrive(self.dialogs, self.state, self.facts)
        self.said += [SendMessage(told)] if told else []
        if not moved.quiet:
            self.said.append(self.asked)

    @property
    def words(self) -> str:
        """All that was said in the last turn, in English."""
        return "\n".join(world().catalog("en").say(text) for message in self.said for text in message.texts)

    # ------------------------------------------------------------ what effects do

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case SendMessage():
                self.said.append(effect)
            case StartTimer(kind, subject, _):
                self.timers.append(TimerFired(kind, subject, self.state.turn))
            case RemindAt(subject, _):
                draft = self.state.drafts.get(subject)
                self.timers.append(TimerFired("reminder", subject, draft.turn if draft else 0))
            case KeepFile(file):
                self.facts = replace(self.facts, files={**self.facts.files, file.id: self.files(file.id)})
            case ForgetMe():
                self.facts = replace(self.facts, person=Person(self.facts.person.locale), files={})
                self.state = State(at="menu/", turn=self.state.turn)
            case RecordConsent() | RecordReminders() | SetLocale() | SetPlace() | UseInvitation():
                self.facts = replace(self.facts, person=_person(self.facts.person, effect))
            case SubmitIdea() | CorrectAnswers() | KeepPaper() | SendToCommune() | DecideCase():
                self.facts = _with_cases(self.facts, effect)
            case _:
                self.said.append(SendMessage((Text("%(effect)s", {"effect": type(effect).__name__}),)))


def _person(person: Person, effect: Effect) -> Person:
    match effect:
        case RecordConsent(given):
            return replace(person, consent="yes" if given else "no")
        case RecordReminders(wanted):
            return replace(person, reminders=wanted)
        case SetLocale(locale):
            return replace(person, locale=locale)
        case SetPlace(commune):
            return replace(person, commune=commune)
    return replace(person, memberships=(Membership(Role.COMMUNE_OFFICER, f"15/{COMMUNE}"),))


def _with_cases(known: Facts, effect: Effect) -> Facts:
    match effect:
        case SubmitIdea(answers):
            return replace(known, cases=(_filed(known, answers), *known.cases))
        case CorrectAnswers(code, answers):
            return _changed(known, code, lambda case: replace(_moved(case, "resubmit"), answers=answers))
        case KeepPaper(code, paper, pages):
            kept = PaperFacts(paper, 1, len(pages), len(pages), False, known.today)
            return _changed(known, code, lambda case: replace(case, papers=(*_others(case, paper), kept)))
        case SendToCommune(code):
            return _changed(known, code, _handed_over)
        case DecideCase(code, action):
            return _changed(known, code, lambda case: _moved(case, action))
    return known


def _filed(known: Facts, answers: object) -> CaseFacts:
    given = dict(answers) if isinstance(answers, dict) else {}
    code = f"TL-26-{len(known.cases) + 1:04}"
    status, rules = "idea_submitted", ruleset_on(known.today).id
    return CaseFacts(
        *(code, COMMUNE, rules, status, known.today, given["product"], given), own=True, desk="UBND xã", officers=1
    )


def _changed(known: Facts, code: str, change: Callable[[CaseFacts], CaseFacts]) -> Facts:
    def all_of(cases: tuple[CaseFacts, ...]) -> tuple[CaseFacts, ...]:
        return tuple(change(case) if case.code == code else case for case in cases)

    named = all_of(known.named)
    return replace(known, cases=all_of(known.cases), named=named, desk=listed(named))


def _moved(case: CaseFacts, action: str) -> CaseFacts:
    found = move(action, case.status)
    return replace(case, status=found.to_status, returned=(), may=_may(found.to_status, case)) if found else case


def _may(status: str, case: CaseFacts) -> tuple[str, ...]:
    return () if case.own else actions(status, *AUTHORITIES)


def _others(case: CaseFacts, paper: str) -> tuple[PaperFacts, ...]:
    return tuple(kept for kept in case.papers if kept.id != paper)


def _handed_over(case: CaseFacts) -> CaseFacts:
    sent = replace(case, papers=tuple(replace(paper, sent=True) for paper in case.papers))
    action = next((a for a in SENDING if a in actions(case.status, Side.PRODUCER)), "")
    return _moved(sent, action) if action else sent

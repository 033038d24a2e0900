"""What a dialog is made of: questions, how their answers are read, and where they lead."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from dialogs.model.effects import Effects
from dialogs.model.events import Event, FileRef
from dialogs.model.facts import Facts
from dialogs.model.texts import Answers, Option, Sayable, Text, Value


class InvalidAnswer(Exception):
    """Why an answer can't be taken, in words for the person who gave it."""

    def __init__(self, msgid: str, **values: Value) -> None:
        super().__init__(msgid)
        self.text = Text(msgid, values)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader made of an event. Not `complete`: kept, and the question stays open.

    `also` are answers to other questions that came with it ("2 tạ một tháng"); `effects` belong to the event;
    `quiet`: say nothing now (a further photo of an album follows); `leads`: it is no answer, but leads to this
    question of the same draft; `belongs`: it answers that one instead, and is read there.
    """

    value: str
    complete: bool = True
    also: Answers = field(default_factory=dict)
    effects: Effects = ()
    quiet: bool = False
    leads: str = ""
    belongs: str = ""


class Reader(Protocol):
    """How one kind of answer is offered, read, shown and checked again. `partial` is the unfinished answer.

    `takes` says what typed text is to it: "text" its own words, "number" a figure, "several" a list of
    choices, "" only one choice.
    """

    @property
    def takes(self) -> str: ...

    def options(self, answers: Answers, facts: Facts, partial: str) -> tuple[Option, ...]: ...

    def read(self, event: Event, answers: Answers, facts: Facts, partial: str) -> Answer:
        """The stored form of the answer; raises InvalidAnswer."""
        ...

    def show(self, value: str, answers: Answers, facts: Facts) -> Sayable:
        """A stored answer in words."""
        ...

    def holds(self, value: str, answers: Answers, facts: Facts) -> bool:
        """Whether a stored answer is still one (a list may have changed since)."""
        ...


@dataclass(frozen=True, slots=True)
class Go:
    """Where an answer leads: "<dialog>", "<dialog>.<subject>", either with "/<question>".

    "<form>.new" begins a draft. `answers` are given to the draft there, `given` only where it has none yet,
    `suggested` to its first question;
    `partial` waits there unfinished; `drop` is a draft to throw away; after a `detour` it goes on from here.
    """

    target: str
    answers: Answers = field(default_factory=dict)
    suggested: str = ""
    partial: str = ""
    drop: str = ""
    effects: Effects = ()
    given: Answers = field(default_factory=dict)
    detour: bool = False


Prompt = str | Callable[[Answers, Facts], tuple[Text, ...]]
Condition = Callable[[Answers, Facts], bool]
Then = Callable[[Answers, Facts], Effects]
Goto = Mapping[str, str] | Callable[[str, Answers, Facts], Go | None]


@dataclass(frozen=True, slots=True)
class Ask:
    """One question.

    `when` it applies; `then` what follows from its answer; `goto` where an answer leads instead of being
    stored (the draft's answers stay); `optional` lets it be skipped; `needs` names the questions whose change
    makes the answer void; `since` is the dialog's version in which its meaning last changed; `title` names it
    in reviews; `confirm` asks about a suggested answer ("%(answer)s"); `prefill` answers it from the record;
    `takes_files`: photos and files are answers here; `takes_voice`: a voice note is;
    `verbatim`: what is typed is passed on as it is, questions in it are meant for somebody else;
    `confirms`: it asks whether to do something with the answers so far, so its buttons are void once these
    change, and nothing but an option's own words is taken for it;
    `at_once`: what is answered is in the record with the answer, so an older message's lasting button may lead away
    although it `confirms`;
    `lasting`: which of its buttons name all that they do (a case, a way), so that an older message's work too;
    `not_now`: why what an officer typed, a button of another moment, can't be done here yet;
    `aside` opens only when something leads to it by name; `counted` puts it into "Câu 2/9";
    `begins`: the unfinished answer that is there already when something leads to it, which files then join.
    """

    name: str
    prompt: Prompt
    accept: Reader
    when: Condition | None = None
    then: Then | None = None
    goto: Goto | None = None
    optional: bool = False
    needs: tuple[str, ...] = ()
    since: int = 1
    title: str = ""
    confirm: str = ""
    aside: bool = False
    prefill: Callable[[Facts], str] | None = None
    counted: bool = True
    hint: str = ""
    takes_files: bool = False
    takes_voice: bool = False
    verbatim: bool = False
    confirms: bool = False
    at_once: bool = False
    lasting: Callable[[str], bool] | None = None
    ask_contact: bool = False
    ask_location: bool = False
    upload: Callable[[Answers, Facts], tuple[str, str] | None] | None = None
    not_now: Callable[[str, Answers, Facts], Text | None] | None = None
    begins: Callable[[Answers, Facts], str] | None = None


@dataclass(frozen=True, slots=True)
class Dialog:
    """Questions in order. A `form` keeps its drafts; others forget when left, but for those `kept` until they are done.

    `end` is where it leads when no question is open, `up` where "back" leads from its first question (a function
    where that depends on how far one is);
    `named` titles its drafts ("" hides one), and an office gets what they come to if it is `sent`;
    `allowed` guards it: who fails it is answered as if nothing were there; `before` names the dialog that has to be
    gone through first, or ""; a Link leads to a dialog only if it is `linked`, and `followed` is what it does at once;
    `lists_drafts`: a form whose questions speak of what else was begun.
    """

    name: str
    steps: tuple[Ask, ...]
    form: bool = False
    version: int = 1
    end: str | Callable[[Answers, Facts], str | Go] = "menu"
    up: str | Callable[[Answers], Go] = "menu"
    named: Callable[[Answers], Text | str] | None = None
    sent: bool = True
    allowed: Condition | None = None
    before: Callable[[Facts], str] | None = None
    linked: bool = False
    followed: Then | None = None
    lists_drafts: bool = False
    kept: bool = False

    _asks: Mapping[str, Ask] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_asks", {ask.name: ask for ask in reversed(self.steps)})

    def ask(self, name: str) -> Ask | None:
        return self._asks.get(name)


Command = Callable[[str, Facts], Go]
"""What a global word or slash command does: the rest of the line in, where it leads out."""


@dataclass(frozen=True, slots=True)
class InBetween:
    """What a command is answered where something is being filled in, which then goes on.

    `leads`: out of a form it leads to where there is more of it, for from there a button goes on with the form.
    """

    tells: Callable[[Facts], Effects]
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Dialogs:
    """The whole tree. Its home is the dialog "menu". `desk`: names of the officers' dialogs; `buttons`: of these.

    `ways`: what the menu offers everybody; each value is the command that does the same. `in_between`: by command.
    """

    by_name: Mapping[str, Dialog]
    commands: Mapping[str, Command]
    on_file: Callable[[FileRef, Facts], Go | None]
    on_case: Callable[[str, Facts], Go | None]
    desk: frozenset[str] = frozenset()
    buttons: tuple[Option, ...] = ()
    ways: tuple[Option, ...] = ()
    in_between: Mapping[str, InBetween] = field(default_factory=dict)

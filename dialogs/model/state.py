"""What is kept of a conversation between two events."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dialogs.model.texts import Answers


@dataclass(frozen=True, slots=True)
class Draft:
    """Answers so far. `partial` is the unfinished answer to the present question; `suggested` awaits a yes.

    `version` is the dialog's at the time of the answers; `at` the question to come back to; `page` of a long
    list; `turn` the last one that changed it; `shelved` are unfinished answers of questions left by "back":
    photos that were sent wait there.
    """

    answers: Answers
    version: int = 1
    at: str = ""
    partial: str = ""
    suggested: str = ""
    page: int = 0
    turn: int = 0
    shelved: Answers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """Where a conversation stands. `at` is "<draft key>/<question>"; a draft key is "<dialog>.<subject>".

    `then` is where a detour (consent, place) leads back to; `serial` numbers the drafts begun; `turn` counts
    the events.
    """

    at: str = ""
    drafts: Mapping[str, Draft] = field(default_factory=dict)
    then: str = ""
    serial: int = 0
    turn: int = 0

    @property
    def key(self) -> str:
        return self.at.partition("/")[0]

    @property
    def question(self) -> str:
        return self.at.partition("/")[2]

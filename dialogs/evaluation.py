"""The commune's part of an evaluation and the rounds: what the record says of them, and what is ordered about them.

A part of dialogs.model, which has all facts and effects.
"""

from dataclasses import dataclass
from datetime import date

from dialogs.rules.rounds import Round
from dialogs.rules.sheet import Topic


@dataclass(frozen=True, slots=True)
class Assessed:
    """What the commune has said on one topic. `option`: its mark on the sheet of `product_set`, if that has one for it.

    `by`: who said it, "" if it was this person.
    """

    topic: Topic
    product_set: int
    option: int | None
    remark: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """A checked dossier that a leader may send up. `hurdle`: "" none, "mine" (it has to be another), "held".

    `round`: into which it goes today, if its rules have rounds.
    """

    code: str
    product: str
    by: str
    hurdle: str = ""
    holder: str = ""
    round: Round | None = None


# ---------------------------------------------------------------- orders


@dataclass(frozen=True, slots=True)
class AssessTopic:
    """Keep what the commune finds on a topic of a case, in place of what was kept before."""

    code: str
    assessed: Assessed


@dataclass(frozen=True, slots=True)
class MakeReport:
    """Report form 03, the proposal letter and the bound dossier of a case, as files."""

    code: str


@dataclass(frozen=True, slots=True)
class SendUpAll:
    """Approve these checked dossiers and send them up; one that can't go does not keep the others."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetRound:
    """Hold a further round in a province."""

    province: str
    proposals_before: date
    results_before: date


@dataclass(frozen=True, slots=True)
class DropRound:
    """Hold it no more, as long as no dossier is in it. `name` like "3/2026"."""

    province: str
    name: str

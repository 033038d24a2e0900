"""What officers order: decisions, results, lists and the keeping of their office. A part of dialogs.model.effects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from dialogs.model.facts import Role
from dialogs.model.texts import Answers


@dataclass(frozen=True, slots=True)
class SetHours:
    """When people may come to an office: its officer's words, and the sessions in them (none: the usual ones)."""

    text: str
    territory: str
    sessions: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class DecideCase:
    """An officer's decision; `action` is a move of dialogs.rules.lifecycle.

    `status` is the one that was decided on: a case that has another one by now is not moved. "": as the turn saw it.
    `ground` and `on`: of a certificate that is withdrawn, as ResultFacts has them.
    """

    code: str
    action: str
    item: str = ""
    reason: str = ""
    status: str = ""
    ground: str = ""
    on: date | None = None


@dataclass(frozen=True, slots=True)
class TakeCase:
    """Take a case in hand: one officer has it; taking one's own again changes nothing."""

    code: str


@dataclass(frozen=True, slots=True)
class ReleaseCase:
    code: str


@dataclass(frozen=True, slots=True)
class PassCase:
    """Give a case to a colleague, who is told with the note."""

    code: str
    person_id: int
    note: str


@dataclass(frozen=True, slots=True)
class MarkItem:
    """Note a verdict on one item of a case; nobody is told. Verdict "" takes a mark away."""

    code: str
    item: str
    verdict: str
    reason: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SendReview:
    """Return a case with all that is marked "return" or "ask"; the producer is told in one message.

    `seen` says which marks were looked at (dialogs.officer.check.seen): with others nothing is sent.
    """

    code: str
    seen: str


@dataclass(frozen=True, slots=True)
class PreviewReview:
    """Show the message that SendReview would send, as the producer's own chat shows it."""

    code: str


@dataclass(frozen=True, slots=True)
class UndoDecision:
    """Take back a decision on a case, within ten minutes; who was told is told of that as well.

    `number` as in UndoFacts: with another decision since, nothing is taken back.
    """

    code: str
    number: int


@dataclass(frozen=True, slots=True)
class SetPaperDate:
    """A paper's own last day, as an officer read it."""

    code: str
    paper: str
    day: date


@dataclass(frozen=True, slots=True)
class PublishResult:
    """Points of the three parts and the decision; the producer is told. `criteria`: of each item, or none of any.

    `stars`: what a council gave, of whose session it is the result; 0: those of the points. `otherwise`: these are not
    the council's points, and whoever enters them has been told and has said so twice.
    """

    code: str
    points_a: Decimal
    points_b: Decimal
    points_c: Decimal
    decision: str
    decided_on: date
    criteria: Mapping[str, Decimal] = field(default_factory=dict)
    stars: int = 0
    otherwise: bool = False


@dataclass(frozen=True, slots=True)
class AmendResult:
    """What stands in a published result is put right: all of it anew, and why. Both versions are kept."""

    code: str
    points_a: Decimal
    points_b: Decimal
    points_c: Decimal
    decision: str
    decided_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class SetTemplate:
    """A new reason template for an item ("paper:<id>", "answer:<question>", or "paper", "answer" for all of them)."""

    item: str
    text: str


@dataclass(frozen=True, slots=True)
class RemoveTemplate:
    id: int


@dataclass(frozen=True, slots=True)
class TakeLeave:
    """Be away from the first to the last day; what comes meanwhile goes to the cover."""

    first_on: date
    last_on: date
    cover_id: int


@dataclass(frozen=True, slots=True)
class EndLeave:
    """Be back now."""


@dataclass(frozen=True, slots=True)
class LeaveOver:
    """A leave ended yesterday: what its cover has in hand and may not go on with comes back."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """Give all open cases of one officer to another, who is told; 0 is oneself."""

    from_id: int
    to_id: int


@dataclass(frozen=True, slots=True)
class RemoveOfficer:
    """End an officer's roles in a territory; 0 is oneself.

    What is in their hand goes to `to_id`, or is free again (None).
    """

    person_id: int
    territory: str
    to_id: int | None = None


@dataclass(frozen=True, slots=True)
class SetDayOff:
    """Close an office on a day, and all that lies in its territory; `closed` False opens it again."""

    territory: str
    day: date
    reason: str = ""
    closed: bool = True


@dataclass(frozen=True, slots=True)
class PostponeDigest:
    """Send this morning's overview again at another moment (aware)."""

    due_at: datetime


@dataclass(frozen=True, slots=True)
class SubmitAssisted:
    """Hand in an idea for a producer without a phone; the answers have the producer's name and number."""

    answers: Answers


@dataclass(frozen=True, slots=True)
class ExportAudit:
    """All that is recorded of one case, as a file for this officer."""

    code: str


@dataclass(frozen=True, slots=True)
class ExportCases:
    """The cases of a territory ("" for all) as a list for this officer."""

    territory: str


@dataclass(frozen=True, slots=True)
class SendImportForm:
    """An empty list with the headings, for the certificates that a province has given already."""


@dataclass(frozen=True, slots=True)
class AskImport:
    """A file of this officer's, just sent, is a list of a province's certificates: look at it, write nothing."""

    province: str
    file_id: str


@dataclass(frozen=True, slots=True)
class ConfirmImport:
    """Take over what is new and right in a list that was looked at."""

    number: int


@dataclass(frozen=True, slots=True)
class SendReport:
    """A month of a territory as a report for this officer; `first` is the month's first day."""

    territory: str
    first: date


@dataclass(frozen=True, slots=True)
class RevealPhone:
    """Say the producer's telephone number to an officer; every time is recorded."""

    code: str


@dataclass(frozen=True, slots=True)
class SettleQuestion:
    """A producer's question about no case ("n<note>") needs no answer: it waits on nobody's desk any more."""

    key: str


@dataclass(frozen=True, slots=True)
class Invite:
    """Make a one-time link for a new officer and say it to the person of this conversation."""

    role: Role
    territory: str

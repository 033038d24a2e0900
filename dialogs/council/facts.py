"""A council's session: what the record says of it, to its secretary and to a member, and what is ordered about it.

A part of dialogs.model, which has all facts and effects. A secretary is an officer of the province who has no seat in
the session; whoever has one sees only their own ballot. The advisory group of a session reads its dossiers and remarks
on them; it gives no marks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from dialogs.evaluation import Assessed

SCORING = "in_evaluation"
"""The status of a case that a council scores."""
FREE, DECLARED, BOUND = "free", "declared", "bound"
"""How a member stands to a product: nothing in the way; concerned by their own word; concerned by what the record says.

"" as long as they have not said.
"""


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody of the advisory group says of a dossier."""

    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Ballot:
    """A member's own score sheet of one product. `session` as it is called ("1/2026"); `marks` by code of the sheet.

    `product_set` 0: its sheet is not known. `status`: of the case; `closed`: the session is. `until`: the last day for
    sheets, if one is set; `secretary`: the name of who opened the session. `report`: what the advisory group remarks.

    For somebody of that group (`advisory`) it is a dossier to read, by `until`: `submitted` once they are through, with
    a `remark` of their own.
    """

    session: str
    code: str
    product: str
    by: str
    ruleset: str
    product_set: int
    status: str
    standing: str = ""
    marks: Mapping[str, int] = field(default_factory=dict)
    submitted: bool = False
    closed: bool = False
    until: date | None = None
    secretary: str = ""
    report: tuple[Remark, ...] = ()
    advisory: bool = False
    remark: str = ""
    assessment: tuple[Assessed, ...] = ()  # the commune's, where a dossier is read
    seat: int = 0  # in the database: one's ballots of one session have the same

    @property
    def key(self) -> str:
        """Of the dialog that is about it."""
        return f"{'advice' if self.advisory else 'ballot'}.{self.code}"

    @property
    def concerned(self) -> bool:
        """Whether the member must not score this product."""
        return self.standing in (DECLARED, BOUND)


@dataclass(frozen=True, slots=True)
class Seat:
    """A member as the secretary has named them. `number` is their place; `until`: last day of an open invitation.

    `taken`: somebody sits there, and hears what they are told. `advisory`: in the advisory group, without marks.
    """

    number: int
    name: str
    chair: bool = False
    taken: bool = False
    until: date | None = None
    advisory: bool = False

    @property
    def short(self) -> str:
        """Without where they work."""
        return self.name.partition(",")[0]


@dataclass(frozen=True, slots=True)
class EndedSeat:
    """The newest seat of somebody who sits there no more: in which session, and whom to ask, "" for nobody known.

    `over`: nobody took it from them, the session has ended.
    """

    session: str
    province: str
    secretary: str = ""
    over: bool = False


@dataclass(frozen=True, slots=True)
class Cast:
    """A ballot as the secretary sees it; `seat` is the member's number. Without its marks until it is submitted.

    `done`: how many items are marked.
    """

    seat: int
    standing: str = ""
    marks: Mapping[str, int] = field(default_factory=dict)
    submitted: bool = False
    done: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """How far somebody of the advisory group is with a dossier; `seat` is their number."""

    seat: int
    standing: str = ""
    read: bool = False
    remark: str = ""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A dossier in the hands of the advisory group: since when, by when it should have read it, and who is how far."""

    on: date
    until: date | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a closed session came to for a product. `stars` 0: points and gates disagree, and nobody has decided yet."""

    items: Mapping[str, Decimal]
    points: tuple[Decimal, Decimal, Decimal]
    stars: int


@dataclass(frozen=True, slots=True)
class Tabled:
    """A product before the council. `ballots`: of every seat that is concerned or has cast one.

    `handed_over` None: the advisory group was not given it.
    """

    code: str
    product: str
    by: str
    commune: str
    ruleset: str
    product_set: int
    status: str
    ballots: tuple[Cast, ...] = ()
    agreed: Agreed | None = None
    handed_over: HandedOver | None = None

    @property
    def readings(self) -> tuple[Reading, ...]:
        return self.handed_over.readings if self.handed_over is not None else ()


@dataclass(frozen=True, slots=True)
class Council:
    """A session. `ready`: code and product of dossiers that could be put before it; `until`: last day for sheets.

    `seats` are the council's, `group` the advisory group's.
    """

    id: int
    name: str
    province: str
    opened_on: date
    seats: tuple[Seat, ...] = ()
    products: tuple[Tabled, ...] = ()
    closed_at: datetime | None = None
    ready: tuple[tuple[str, str], ...] = ()
    until: date | None = None
    group: tuple[Seat, ...] = ()

    @property
    def closed(self) -> bool:
        return self.closed_at is not None

    def product(self, code: str) -> Tabled | None:
        return next((one for one in self.products if one.code == code), None)

    def seat(self, number: int) -> Seat | None:
        return next((one for one in (*self.seats, *self.group) if one.number == number), None)


@dataclass(frozen=True, slots=True)
class Sitting:
    """The open session that scores a case, as whoever may enter its result sees it: how many sheets are in."""

    session: str
    sheets: int
    members: int


# ---------------------------------------------------------------- what a secretary orders


@dataclass(frozen=True, slots=True)
class OpenCouncil:
    """Begin a session of a province's council."""

    province: str


@dataclass(frozen=True, slots=True)
class SetScoringDay:
    """By when members are to hand in their sheets; None takes the day back. Nothing ends by itself on it."""

    session: int
    until: date | None


@dataclass(frozen=True, slots=True)
class TableProduct:
    """Put a dossier before a session, or take it off again (`off`).

    `void`: also where somebody has handed in a sheet, or read it for the advisory group; that goes with it.
    """

    session: int
    code: str
    off: bool = False
    void: bool = False


@dataclass(frozen=True, slots=True)
class InviteMember:
    """Make a seat, and say the one-time link for it to the person of this conversation."""

    session: int
    name: str
    chair: bool
    advisory: bool = False


@dataclass(frozen=True, slots=True)
class GiveToRead:
    """Give the advisory group of a session these dossiers to read, by a day if one is named.

    What is before no session yet comes before this one with it.
    """

    session: int
    codes: tuple[str, ...]
    until: date | None = None


@dataclass(frozen=True, slots=True)
class RenewSeat:
    """A new link for a seat; the old one, and whoever sat there with it, has no access any more. Marks stay.

    A remark is shown again once its author has come in anew; of anybody else it is not.
    """

    session: int
    seat: int


@dataclass(frozen=True, slots=True)
class DropSeat:
    """No such member after all; only while they have submitted and remarked nothing."""

    session: int
    seat: int


@dataclass(frozen=True, slots=True)
class RemindMembers:
    """Tell every member who still has something to score."""

    session: int


@dataclass(frozen=True, slots=True)
class LookAtMarks:
    """Note that the secretary looks at the marks of a product."""

    session: int
    code: str


@dataclass(frozen=True, slots=True)
class CloseCouncil:
    """End a session: what was submitted is averaged, and nobody scores any more."""

    session: int


@dataclass(frozen=True, slots=True)
class DecideStars:
    """The council's word where points and gates disagree."""

    session: int
    code: str
    stars: int


@dataclass(frozen=True, slots=True)
class MakeCouncilPapers:
    """Minutes, score sheets and all marks of a closed session, as files."""

    session: int


# ---------------------------------------------------------------- what a member does


@dataclass(frozen=True, slots=True)
class TakeSeat:
    token: str


@dataclass(frozen=True, slots=True)
class DeclareInterest:
    """Whether a member is concerned by a product."""

    code: str
    concerned: bool


@dataclass(frozen=True, slots=True)
class ScoreItem:
    """A member's mark for one item of the sheet of `product_set`."""

    code: str
    product_set: int
    item: str
    mark: int


@dataclass(frozen=True, slots=True)
class CastBallot:
    """Hand in one's score sheet, or take it back to change it (`back`), until the session is closed."""

    code: str
    back: bool = False


@dataclass(frozen=True, slots=True)
class KeepRemark:
    """What somebody of the advisory group says of a dossier, in place of what they said before; "" for nothing."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class FinishReading:
    """Somebody of the advisory group has read a dossier through, or wants to read on (`back`)."""

    code: str
    back: bool = False


@dataclass(frozen=True, slots=True)
class ReadDossier:
    """The bound dossier and the commune's report of a product that one scores or reads, as files."""

    code: str

"""The tables of a province's council: its sessions, who sits there, and what they scored. As in storage.models."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Integer, Numeric, String, Table, UniqueConstraint, text

from storage.columns import Document, Identity, Moment, metadata
from storage.columns import id_column as _id
from storage.columns import person_column as _person
from storage.sealing import SealedText

council_sessions = Table(
    "council_sessions",
    metadata,
    _id(),
    Column("province", String(2), nullable=False),
    Column("year", Integer, nullable=False),
    Column("number", Integer, nullable=False, comment="counted within the province and the year"),
    _person("opened_by", nullable=True),
    Column("opened_at", Moment, nullable=False),
    _person("closed_by", nullable=True),
    Column("closed_at", Moment, comment="NULL: still scoring"),
    Column("score_until", Date, comment="the last day for score sheets, as members are told; NULL: none is set"),
    UniqueConstraint("province", "year", "number"),
)
"""Sessions of provincial councils; storage.council."""

council_cases = Table(
    "council_cases",
    metadata,
    Column("session_id", Identity, ForeignKey("council_sessions.id"), primary_key=True),
    Column("case_id", Identity, ForeignKey("cases.id"), primary_key=True, index=True),
    Column("product_set", Integer, comment="whose sheet was averaged; NULL: not closed yet"),
    Column("items", Document, comment="{code: points}, the average of each item"),
    Column("points_a", Numeric(5, 2)),
    Column("points_b", Numeric(5, 2)),
    Column("points_c", Numeric(5, 2)),
    Column("stars", Integer, comment="NULL: points and gates disagree, and the council has not decided yet"),
    Column("handed_at", Moment, comment="when the advisory group was given it; NULL: it was not"),
    Column("read_until", Date, comment="by when the group should have read it; NULL: no day was named"),
)
"""Which dossiers a session scores, which of them its advisory group reads, and what the average came to."""

council_seats = Table(
    "council_seats",
    metadata,
    _id(),
    Column("session_id", Identity, ForeignKey("council_sessions.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("name", SealedText("name"), nullable=False, comment="as the secretary wrote it"),
    Column("chair", Boolean, nullable=False),
    Column("token_sha256", String(64), nullable=False, unique=True, comment="of the newest link"),
    Column("expires_at", Moment, nullable=False),
    _person("person_id", nullable=True),
    Column("taken_at", Moment, comment="NULL: the link has not been used"),
    Column(
        "advisory",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="of the advisory group",
    ),
    UniqueConstraint("session_id", "number"),
)
"""Members of the council and of its advisory group; one person has one seat in a session."""

ballots = Table(
    "ballots",
    metadata,
    Column("seat_id", Identity, ForeignKey("council_seats.id"), primary_key=True),
    Column("case_id", Identity, ForeignKey("cases.id"), primary_key=True, index=True),
    Column("standing", String(8), nullable=False, server_default="", comment="'', free, declared, bound: concerned"),
    Column("product_set", Integer, nullable=False, server_default=text("0"), comment="whose sheet the marks are of"),
    Column("marks", Document, nullable=False, server_default="{}", comment="{code on the sheet: number of the option}"),
    Column("submitted_at", Moment, comment="NULL: not handed in"),
    Column("remark", SealedText("remark"), nullable=False, server_default="", comment="of the advisory group"),
)
"""A member's score sheet of one dossier. Nobody but who sits there sees the marks, and the secretary once submitted.

Of the advisory group: when they had read it through (`submitted_at`), and what they remark, which council and secretary
read.
"""

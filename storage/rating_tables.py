"""The tables of scores, rounds and ratings, and of what certificates bring along; the others are in storage.models."""

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, Numeric, String, Table, text

from storage.columns import (
    Document,
    Identity,
    Moment,
    case_column,
    id_column,
    look_on_column,
    look_on_index,
    metadata,
    person_column,
)
from storage.sealing import SealedText

product_serials = Table(
    "product_serials",
    metadata,
    Column("commune", String(5), primary_key=True),
    Column("last", Integer, nullable=False),
)
"""Numbers of official product codes; one that was told is not given again, also when its result is taken back."""

assessments = Table(
    "assessments",
    metadata,
    Column("case_id", Identity, ForeignKey("cases.id"), primary_key=True),
    Column("topic", String(16), primary_key=True, comment="a Topic of dialogs.rules.sheet"),
    Column("product_set", Integer, nullable=False, comment="whose sheet the option is of; 0: no sheet was known"),
    Column("option", Integer, comment="a mark of dialogs.rules.scoring; NULL: the sheet has no criterion for it"),
    Column("remark", SealedText("remark"), nullable=False, server_default="", comment="for the report, in own words"),
    person_column("author_id"),
    Column("assessed_at", Moment, nullable=False),
)
"""What the commune says of a dossier's four topics before it goes up; storage.assessments."""

rounds = Table(
    "rounds",
    metadata,
    Column("province", String(2), primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("number", Integer, primary_key=True, comment="counted on from the law's own rounds of that year"),
    Column("proposals_before", Date, nullable=False, comment="the first day that is too late for a commune"),
    Column("results_before", Date, nullable=False),
    person_column("author_id", nullable=True),
    Column("made_at", Moment, nullable=False),
)
"""Rounds that a province holds beside those of the law; storage.rounds."""

self_scores = Table(
    "self_scores",
    metadata,
    Column("case_id", Identity, ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    Column("marks", Document, nullable=False, comment="{code on the sheet: number of the option}"),
    Column("marked_at", Moment, nullable=False),
)

star_steps = Table(
    "star_steps",
    metadata,
    id_column(),
    case_column(),
    Column("stars", Integer, nullable=False, comment="what the list was made for"),
    Column("code", String(8), nullable=False, comment="of the item on the score sheet"),
    Column("option", Integer, nullable=False, comment="number of the option to reach, from 1"),
    Column("due_on", Date, nullable=False),
    Column("done_at", Moment),
    Column("mark_before", Integer, comment="the own mark before it was done; NULL: there was none"),
    Column("remind", Boolean, nullable=False),
    Column("reminded_at", Moment, comment="NULL again once it is put off"),
    Column("made_at", Moment, nullable=False),
    Index(
        "ix_star_steps_to_remind",
        "due_on",
        sqlite_where=text("remind = 1 AND done_at IS NULL AND reminded_at IS NULL"),
        postgresql_where=text("remind AND done_at IS NULL AND reminded_at IS NULL"),
    ),
)
"""What producers have to do for a star, and what of it they have done."""

own_papers = Table(
    "own_papers",
    metadata,
    id_column(),
    person_column(),
    Column("paper", String(20), nullable=False, comment="id in the rulesets, or 'other'"),
    Column("pages", Document, nullable=False, comment="as in papers; may be none"),
    Column("valid_until", Date, nullable=False),
    look_on_column(),
    Column("kept_at", Moment, nullable=False),
    look_on_index("own_papers"),
)
"""Papers with a last day that a producer keeps here, for reminders and for the next dossier; no officer sees them."""

results = Table(
    "results",
    metadata,
    Column("case_id", Identity, ForeignKey("cases.id"), primary_key=True),
    Column("points_a", Numeric(5, 2), nullable=False),
    Column("points_b", Numeric(5, 2), nullable=False),
    Column("points_c", Numeric(5, 2), nullable=False),
    Column("stars", Integer, nullable=False),
    Column("criteria", Document, nullable=False, server_default="{}", comment="{code: points}, where entered"),
    Column("decision", String(80), nullable=False, server_default=""),
    Column("decided_on", Date),
    Column("certificate_until", Date, index=True),
    person_column("entered_by", nullable=True),
    Column("entered_at", Moment),
    Column("published_at", Moment, comment="NULL: nobody outside the desk may see it"),
    Column("before", Document, comment="the published result that this one took the place of; storage.results"),
    Column("product_code", String(40), nullable=False, server_default="", comment="the official one, as printed"),
    Column("revoked_on", Date, comment="of a certificate that was withdrawn: the day on the decision"),
    Column("revoked_for", String(20), nullable=False, server_default="", comment="ground in the rules of that day"),
    Column("import_key", String(64), unique=True, comment="of one imported: its list has no points; storage.imports"),
    look_on_column(),
    look_on_index("results"),
)

imports = Table(
    "imports",
    metadata,
    id_column(),
    Column("province", String(2), nullable=False),
    Column("file_id", String(24), nullable=False, comment="in files; erased there once nothing needs it"),
    person_column("author_id"),
    Column("status", String(10), nullable=False, comment="asked, looked_at, confirmed, done, refused, dropped"),
    Column("found", Document, nullable=False, server_default="{}", comment="{new, known, wrong: how many lines}"),
    Column("held_until", Moment, comment="a worker is at it until then, if it lives"),
    Column("asked_at", Moment, nullable=False),
)
"""Lists of certificates that provinces send; what becomes of a list is in storage.imports."""

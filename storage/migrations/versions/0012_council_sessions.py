"""Sessions of provincial councils: their dossiers, seats and ballots.

Locks: nothing that is in use. The four tables are new; they refer to `cases` and `people`, which PostgreSQL locks
against changes of their shape for as long.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "council_sessions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("province", sa.String(length=2), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="counted within the province and the year"),
        sa.Column("opened_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True, comment="NULL: still scoring"),
        sa.ForeignKeyConstraint(["closed_by"], ["people.id"], name=op.f("fk_council_sessions_closed_by")),
        sa.ForeignKeyConstraint(["opened_by"], ["people.id"], name=op.f("fk_council_sessions_opened_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_council_sessions")),
        sa.UniqueConstraint("province", "year", "number", name=op.f("uq_council_sessions_province_year_number")),
    )
    with op.batch_alter_table("council_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_council_sessions_closed_by"), ["closed_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_council_sessions_opened_by"), ["opened_by"], unique=False)

    op.create_table(
        "council_cases",
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_set", sa.Integer(), nullable=True, comment="whose sheet was averaged; NULL: not closed yet"),
        sa.Column(
            "items",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=True,
            comment="{code: points}, the average of each item",
        ),
        sa.Column("points_a", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("points_b", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("points_c", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column(
            "stars",
            sa.Integer(),
            nullable=True,
            comment="NULL: points and gates disagree, and the council has not decided yet",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_council_cases_case_id")),
        sa.ForeignKeyConstraint(["session_id"], ["council_sessions.id"], name=op.f("fk_council_cases_session_id")),
        sa.PrimaryKeyConstraint("session_id", "case_id", name=op.f("pk_council_cases")),
    )
    with op.batch_alter_table("council_cases", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_council_cases_case_id"), ["case_id"], unique=False)

    op.create_table(
        "council_seats",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="as the secretary wrote it"),
        sa.Column("chair", sa.Boolean(), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False, comment="of the newest link"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True, comment="NULL: the link has not been used"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_council_seats_person_id")),
        sa.ForeignKeyConstraint(["session_id"], ["council_sessions.id"], name=op.f("fk_council_seats_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_council_seats")),
        sa.UniqueConstraint("session_id", "number", name=op.f("uq_council_seats_session_id_number")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_council_seats_token_sha256")),
    )
    with op.batch_alter_table("council_seats", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_council_seats_person_id"), ["person_id"], unique=False)

    op.create_table(
        "ballots",
        sa.Column("seat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "standing",
            sa.String(length=8),
            server_default="",
            nullable=False,
            comment="'', free, declared, bound: concerned",
        ),
        sa.Column(
            "product_set",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="whose sheet the marks are of",
        ),
        sa.Column(
            "marks",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            server_default="{}",
            nullable=False,
            comment="{code on the sheet: number of the option}",
        ),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True, comment="NULL: not handed in"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_ballots_case_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["council_seats.id"], name=op.f("fk_ballots_seat_id")),
        sa.PrimaryKeyConstraint("seat_id", "case_id", name=op.f("pk_ballots")),
    )
    with op.batch_alter_table("ballots", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ballots_case_id"), ["case_id"], unique=False)


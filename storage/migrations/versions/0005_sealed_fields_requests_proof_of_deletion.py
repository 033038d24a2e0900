"""Names and numbers have room for what they are sealed into; requests about personal data; the proof of deletions.

What stands in names and numbers is sealed by the program (storage.resealing), which has the keys.

Locks: on PostgreSQL `people` for a moment, as VARCHAR becomes TEXT without a change of its rows; on SQLite the
database, as every write does, while `people` is copied.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "deletions",
        sa.Column("day", sa.Date(), nullable=False, comment="in UTC"),
        sa.Column("rule", sa.String(length=20), nullable=False, comment="a name in storage.retention"),
        sa.Column("days", sa.Integer(), nullable=False, comment="the setting it ran under"),
        sa.Column("before", sa.DateTime(timezone=True), nullable=False, comment="what was older was deleted"),
        sa.Column("count", sa.Integer(), nullable=False, comment="rows deleted on this day"),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False, comment="the last time"),
        sa.PrimaryKeyConstraint("day", "rule", name=op.f("pk_deletions")),
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False, comment="see, delete; correct, withdraw, complain"),
        sa.Column(
            "note_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="notes.id of what officers have to answer; NULL: done at once",
        ),
        sa.Column("commune", sa.String(length=5), server_default="", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_on", sa.Date(), nullable=False, comment="the last day in time: 2 working days"),
        sa.Column("done_on", sa.Date(), nullable=False, comment="15 days"),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "escalations",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="how often the level above was told",
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_requests_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
    )
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_requests_note_id"), ["note_id"], unique=False)
        batch_op.create_index(
            "ix_requests_open",
            ["answer_on"],
            unique=False,
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_requests_person_id"), ["person_id"], unique=False)

    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.alter_column(
            "name",
            existing_type=sa.VARCHAR(length=120),
            type_=sa.Text(),
            existing_nullable=False,
            existing_server_default=sa.text("('')"),
        )
        batch_op.alter_column(
            "phone",
            existing_type=sa.VARCHAR(length=20),
            type_=sa.Text(),
            existing_nullable=False,
            existing_server_default=sa.text("('')"),
        )


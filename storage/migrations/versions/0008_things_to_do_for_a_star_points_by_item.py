"""Things to do for a star, points by item.

Locks: the tables of cases and of results for a moment each: columns with constant defaults are added without rewriting them. The rest is new.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "star_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False, comment="what the list was made for"),
        sa.Column("code", sa.String(length=8), nullable=False, comment="of the item on the score sheet"),
        sa.Column("option", sa.Integer(), nullable=False, comment="number of the option to reach, from 1"),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "mark_before", sa.Integer(), nullable=True, comment="the own mark before it was done; NULL: there was none"
        ),
        sa.Column("remind", sa.Boolean(), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True, comment="NULL again once it is put off"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_star_steps_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_star_steps")),
    )
    with op.batch_alter_table("star_steps", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_star_steps_case_id"), ["case_id"], unique=False)
        batch_op.create_index(
            "ix_star_steps_to_remind",
            ["due_on"],
            unique=False,
            sqlite_where=sa.text("remind = 1 AND done_at IS NULL AND reminded_at IS NULL"),
            postgresql_where=sa.text("remind AND done_at IS NULL AND reminded_at IS NULL"),
        )

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "star_goal",
                sa.Integer(),
                server_default=sa.text("0"),
                nullable=False,
                comment="has a list in star_steps for it",
            )
        )

    with op.batch_alter_table("results", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "criteria",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                server_default="{}",
                nullable=False,
                comment="{code: points}, where entered",
            )
        )


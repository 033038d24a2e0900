"""Seats of an advisory group, what it was given to read and what it remarks; by when members are to score.

Locks: on PostgreSQL each of the four tables for a moment, one after the other: a column with a constant default writes
no row. Only council sessions use them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    with op.batch_alter_table("ballots", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "remark", sa.Text(), server_default="", nullable=False, comment="of the advisory group"
            )
        )

    with op.batch_alter_table("council_cases", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "handed_at",
                sa.DateTime(timezone=True),
                nullable=True,
                comment="when the advisory group was given it; NULL: it was not",
            )
        )
        batch_op.add_column(
            sa.Column(
                "read_until",
                sa.Date(),
                nullable=True,
                comment="by when the group should have read it; NULL: no day was named",
            )
        )

    with op.batch_alter_table("council_seats", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "advisory",
                sa.Boolean(),
                server_default=sa.text("false"),
                nullable=False,
                comment="of the advisory group",
            )
        )

    with op.batch_alter_table("council_sessions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "score_until",
                sa.Date(),
                nullable=True,
                comment="the last day for score sheets, as members are told; NULL: none is set",
            )
        )


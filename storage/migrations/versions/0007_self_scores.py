"""What producers think the council would mark.

Locks: nothing for long; a new table. It refers to `cases`, which PostgreSQL locks against changes of its shape for a moment.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "self_scores",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column(
            "marks",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=False,
            comment="{code on the sheet: number of the option}",
        ),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_self_scores_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_self_scores")),
    )

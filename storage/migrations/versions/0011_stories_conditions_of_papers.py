"""Products' stories, and what their producers say of what papers hang on.

Locks: for a moment `cases`, on both databases: the column has a default, so no row is rewritten. The table is new; it
refers to `cases`, which PostgreSQL locks against changes of its shape for as long.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "stories",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column(
            "told",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=False,
            comment="{part: words}; dialogs.paperwork",
        ),
        sa.Column(
            "voices",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=False,
            comment="{part: [file id, ...]}",
        ),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_stories_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_stories")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "conditions",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                server_default="{}",
                nullable=False,
                comment="{id in the ruleset: whether it holds}",
            )
        )

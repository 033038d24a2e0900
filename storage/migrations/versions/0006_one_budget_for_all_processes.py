"""One budget for all processes, and indexes for what the monitoring asks.

Locks: on PostgreSQL `outbox` and then `updates` against writing while an index of each is built, which reads the whole
table and keeps next to nothing of it; on SQLite the database, as every write does.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("name", sa.String(length=40), nullable=False, comment="channel and a hash of its token"),
        sa.Column(
            "free_at", sa.DateTime(timezone=True), nullable=False, comment="when the next call to the platform is free"
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_budgets")),
    )
    op.create_table(
        "counts",
        sa.Column(
            "key_sha256",
            sa.String(length=64),
            nullable=False,
            comment="of the limit and whom it concerns, with our key",
        ),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_sha256", name=op.f("pk_counts")),
    )
    with op.batch_alter_table("counts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_counts_expires_at"), ["expires_at"], unique=False)

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_failed",
            ["created_at"],
            unique=False,
            sqlite_where=sa.text("status = 'failed'"),
            postgresql_where=sa.text("status = 'failed'"),
        )

    with op.batch_alter_table("updates", schema=None) as batch_op:
        batch_op.create_index(
            "ix_updates_set_aside",
            ["received_at"],
            unique=False,
            sqlite_where=sa.text("error <> ''"),
            postgresql_where=sa.text("error <> ''"),
        )

    if op.get_bind().dialect.name == "postgresql":  # without the log: no wait for the disk, and empty after a crash
        op.execute("ALTER TABLE budgets SET UNLOGGED")
        op.execute("ALTER TABLE counts SET UNLOGGED")

"""Producers' questions about no case that wait for an answer.

Of those asked before nobody knows which were answered, so they count as settled.

Locks: on PostgreSQL `notes` for a moment, and while the index of it is built; on SQLite the database, as every write
does.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

UNANSWERED = "case_id IS NULL AND settled_at IS NULL"


def upgrade() -> None:
    with op.batch_alter_table("notes", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "settled_at",
                sa.DateTime(timezone=True),
                nullable=True,
                comment="a producer's question about no case: answered, or needs no answer",
            )
        )
    op.execute("UPDATE notes SET settled_at = written_at WHERE case_id IS NULL AND to_officers")
    with op.batch_alter_table("notes", schema=None) as batch_op:
        batch_op.create_index(
            "ix_notes_unanswered",
            ["commune", "id"],
            unique=False,
            sqlite_where=sa.text(UNANSWERED),
            postgresql_where=sa.text(UNANSWERED),
        )
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column(
            "notices", "status", comment="waiting, held, delivered, seen, failed, dropped",
            existing_comment="waiting, held, delivered, seen, failed",
        )

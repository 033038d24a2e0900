"""Finding the case that goes on with another one, without reading all.

Locks: on PostgreSQL `cases` against writing while the index is built, which reads the whole table and holds only the few
that go on with another; on SQLite the database, as every write does.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index(
            "ix_cases_former",
            ["former"],
            unique=False,
            sqlite_where=sa.text("former != ''"),
            postgresql_where=sa.text("former != ''"),
        )


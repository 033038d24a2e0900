"""Names and numbers have room for what they are sealed into.

What stands there is sealed by the program (storage.resealing), which has the keys.

Locks: on PostgreSQL `people` for a moment, as VARCHAR becomes TEXT without a change of its rows; on SQLite the
database, as every write does, while `people` is copied.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
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


"""Imported certificates.

Locks: on PostgreSQL `results` while its new column's empty index is built, which reads the table once; no row is
written. SQLite writes `results` anew, so it is closed meanwhile.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("province", sa.String(length=2), nullable=False),
        sa.Column(
            "file_id", sa.String(length=24), nullable=False, comment="in files; erased there once nothing needs it"
        ),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "status",
            sa.String(length=10),
            nullable=False,
            comment="asked, looked_at, confirmed, done, refused, dropped",
        ),
        sa.Column(
            "found",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            server_default="{}",
            nullable=False,
            comment="{new, known, wrong: how many lines}",
        ),
        sa.Column(
            "held_until", sa.DateTime(timezone=True), nullable=True, comment="a worker is at it until then, if it lives"
        ),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["people.id"], name=op.f("fk_imports_author_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_imports_author_id"), ["author_id"], unique=False)

    with op.batch_alter_table("results", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "import_key",
                sa.String(length=64),
                nullable=True,
                comment="of one imported: its list has no points; storage.imports",
            )
        )
        batch_op.create_unique_constraint(batch_op.f("uq_results_import_key"), ["import_key"])


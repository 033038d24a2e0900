"""What a commune finds on a dossier's topics, a province's own rounds, and the round a case is in.

Locks: for a moment `cases`, on both databases: the column has a default, so no row is rewritten. The two tables are new;
they refer to `cases` and `people`, which PostgreSQL locks against changes of their shape for as long.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "rounds",
        sa.Column("province", sa.String(length=2), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="counted on from the law's own rounds of that year"),
        sa.Column(
            "proposals_before", sa.Date(), nullable=False, comment="the first day that is too late for a commune"
        ),
        sa.Column("results_before", sa.Date(), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["people.id"], name=op.f("fk_rounds_author_id")),
        sa.PrimaryKeyConstraint("province", "year", "number", name=op.f("pk_rounds")),
    )
    with op.batch_alter_table("rounds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rounds_author_id"), ["author_id"], unique=False)

    op.create_table(
        "assessments",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic", sa.String(length=16), nullable=False, comment="a Topic of dialogs.rules.sheet"),
        sa.Column(
            "product_set", sa.Integer(), nullable=False, comment="whose sheet the option is of; 0: no sheet was known"
        ),
        sa.Column(
            "option",
            sa.Integer(),
            nullable=True,
            comment="a mark of dialogs.rules.scoring; NULL: the sheet has no criterion for it",
        ),
        sa.Column("remark", sa.Text(), server_default="", nullable=False, comment="for the report, in own words"),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["people.id"], name=op.f("fk_assessments_author_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_assessments_case_id")),
        sa.PrimaryKeyConstraint("case_id", "topic", name=op.f("pk_assessments")),
    )
    with op.batch_alter_table("assessments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assessments_author_id"), ["author_id"], unique=False)

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "round",
                sa.String(length=8),
                server_default="",
                nullable=False,
                comment="of the province, once sent up: 2/2026",
            )
        )


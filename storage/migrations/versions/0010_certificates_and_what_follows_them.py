"""Certificates and what follows them.

What is there already is looked at from the first day on: of each end only the latest reminder that is due is sent, and
what waits for a round has waited since it came to its status.

Locks: on PostgreSQL `cases`, `papers` and `results` each for a moment, as no default has to be written into rows, and
their rows with an end or in a status that waits while these are written; reading goes on. SQLite is closed meanwhile.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "product_serials",
        sa.Column("commune", sa.String(length=5), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("commune", name=op.f("pk_product_serials")),
    )
    op.create_table(
        "own_papers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paper", sa.String(length=20), nullable=False, comment="id in the rulesets, or 'other'"),
        sa.Column(
            "pages",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=False,
            comment="as in papers; may be none",
        ),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("look_on", sa.Date(), nullable=True, comment="NULL: there is nothing to be reminded of any more"),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_own_papers_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_papers")),
    )
    with op.batch_alter_table("own_papers", schema=None) as batch_op:
        batch_op.create_index(
            "ix_own_papers_look_on",
            ["look_on"],
            unique=False,
            sqlite_where=sa.text("look_on IS NOT NULL"),
            postgresql_where=sa.text("look_on IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_own_papers_person_id"), ["person_id"], unique=False)

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "former",
                sa.String(length=20),
                server_default="",
                nullable=False,
                comment="code of the case it continues",
            )
        )
        batch_op.add_column(
            sa.Column(
                "purpose",
                sa.String(length=8),
                server_default="",
                nullable=False,
                comment="of one with a former: storage.again",
            )
        )
        batch_op.add_column(
            sa.Column(
                "product_serial",
                sa.Integer(),
                nullable=True,
                comment="in its commune, from the first certificate on; storage.results",
            )
        )
        batch_op.add_column(
            sa.Column(
                "waits_since",
                sa.Date(),
                nullable=True,
                comment="for a round; NULL: it waits for none, or its producer has been asked",
            )
        )
        batch_op.create_index(
            "ix_cases_waits_since",
            ["waits_since"],
            unique=False,
            sqlite_where=sa.text("waits_since IS NOT NULL"),
            postgresql_where=sa.text("waits_since IS NOT NULL"),
        )

    with op.batch_alter_table("papers", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("look_on", sa.Date(), nullable=True, comment="NULL: there is nothing to be reminded of any more")
        )
        batch_op.create_index(
            "ix_papers_look_on",
            ["look_on"],
            unique=False,
            sqlite_where=sa.text("look_on IS NOT NULL"),
            postgresql_where=sa.text("look_on IS NOT NULL"),
        )

    with op.batch_alter_table("results", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "product_code",
                sa.String(length=40),
                server_default="",
                nullable=False,
                comment="the official one, as printed",
            )
        )
        batch_op.add_column(
            sa.Column(
                "revoked_on",
                sa.Date(),
                nullable=True,
                comment="of a certificate that was withdrawn: the day on the decision",
            )
        )
        batch_op.add_column(
            sa.Column(
                "revoked_for",
                sa.String(length=20),
                server_default="",
                nullable=False,
                comment="ground in the rules of that day",
            )
        )
        batch_op.add_column(
            sa.Column("look_on", sa.Date(), nullable=True, comment="NULL: there is nothing to be reminded of any more")
        )
        batch_op.create_index(
            "ix_results_look_on",
            ["look_on"],
            unique=False,
            sqlite_where=sa.text("look_on IS NOT NULL"),
            postgresql_where=sa.text("look_on IS NOT NULL"),
        )

    old = "'2000-01-01'"  # before all that can be due
    op.execute(f"UPDATE results SET look_on = {old} WHERE certificate_until IS NOT NULL")
    op.execute(f"UPDATE papers SET look_on = {old} WHERE valid_until IS NOT NULL")
    waiting = "('idea_not_this_year', 'plan_next_cycle', 'rated')"
    op.execute(f"UPDATE cases SET waits_since = since WHERE status IN {waiting}")
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column(
            "case_events", "before", comment="what undoing a decision restores (storage.undo); of amend, both results",
            existing_comment="of a decision: what undoing it restores; storage.undo",
        )  # fmt: skip

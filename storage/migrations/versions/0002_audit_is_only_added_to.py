"""The audit is only added to.

Triggers, not rights: on SQLite there are none, and on PostgreSQL the program owns its tables. Whoever may drop a
trigger can still change a row, and `python -m bot audit verify` then names it. A later migration that alters this
table must make the triggers again on SQLite, which alters by copying; tests/test_audit.py would tell.

Locks: on PostgreSQL the table `audit` for a moment; on SQLite the database, as every write does.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

REFUSAL = "the audit is only added to"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
        )
        # Also in a session that acts as a replica, which skips ordinary triggers.
        op.execute("ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_only_added_to")
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
    # INSERT OR REPLACE deletes the old row without a word to the triggers for deletes.
    op.execute(
        "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit"
        " WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number)"
        f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_only_added_to ON audit")
        op.execute("DROP FUNCTION refuse_audit_change()")
        return
    for name in ("audit_no_update", "audit_no_delete", "audit_no_replace"):
        op.execute(f"DROP TRIGGER {name}")

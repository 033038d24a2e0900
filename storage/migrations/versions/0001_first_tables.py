"""First tables.

Locks: nothing, all tables are new.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
            comment="1, 2, 3, ... without a gap",
        ),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "actor_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="people.id, without a reference: it outlives the person",
        ),
        sa.Column("role", sa.String(length=20), server_default="", nullable=False),
        sa.Column("channel", sa.String(length=20), server_default="", nullable=False),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("case_code", sa.String(length=20), server_default="", nullable=False),
        sa.Column("details", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False, comment="hash of the entry before"),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_actor_id"), "audit", ["actor_id"], unique=False)
    op.create_index(op.f("ix_audit_case_code"), "audit", ["case_code"], unique=False)
    op.create_table(
        "offices",
        sa.Column("territory", sa.String(length=12), nullable=False),
        sa.Column(
            "hours", sa.String(length=200), server_default="", nullable=False, comment="as an officer wrote them"
        ),
        sa.Column(
            "sessions",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=True,
            comment="[[from, until], ...] in minutes of the day; NULL: the usual ones",
        ),
        sa.PrimaryKeyConstraint("territory", name=op.f("pk_offices")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column(
            "name", sa.String(length=120), server_default="", nullable=False, comment="as the person wrote it, NFC"
        ),
        sa.Column("phone", sa.String(length=20), server_default="", nullable=False, comment="E.164, or empty"),
        sa.Column("producer_kind", sa.String(length=20), server_default="", nullable=False),
        sa.Column("producer_name", sa.String(length=160), server_default="", nullable=False),
        sa.Column("commune", sa.String(length=5), server_default="", nullable=False, comment="official unit code"),
        sa.Column("consent", sa.String(length=3), server_default="", nullable=False, comment="'' not asked, yes, no"),
        sa.Column("reminders", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "case_count", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="spares a query per update"
        ),
        sa.Column("officer", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="has a membership"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_index(op.f("ix_people_commune"), "people", ["commune"], unique=False)
    op.create_table(
        "serials",
        sa.Column("commune", sa.String(length=5), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("commune", "year", name=op.f("pk_serials")),
    )
    op.create_table(
        "settings",
        sa.Column(
            "name",
            sa.String(length=40),
            nullable=False,
            comment="what this installation made for itself: keys, first start",
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
    )
    op.create_table(
        "updates",
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False, comment="the platform's id of the update"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "error",
            sa.String(length=200),
            server_default="",
            nullable=False,
            comment="set aside: the error's name and place",
        ),
        sa.PrimaryKeyConstraint("channel", "key", name=op.f("pk_updates")),
    )
    op.create_index(op.f("ix_updates_received_at"), "updates", ["received_at"], unique=False)
    op.create_table(
        "web_messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("chat_id", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False, comment="the sender's; twice the same is once"),
        sa.Column("mine", sa.Boolean(), nullable=False),
        sa.Column("body", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_messages")),
        sa.UniqueConstraint("chat_id", "key", name=op.f("uq_web_messages_chat_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_web_messages_chat_id_id", "web_messages", ["chat_id", "id"], unique=False)
    op.create_table(
        "absences",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cover_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True, comment="back before the last day"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["cover_id"], ["people.id"], name=op.f("fk_absences_cover_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_absences_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    op.create_index(op.f("ix_absences_cover_id"), "absences", ["cover_id"], unique=False)
    op.create_index(op.f("ix_absences_person_id"), "absences", ["person_id"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("commune", sa.String(length=5), nullable=False),
        sa.Column("territory", sa.String(length=12), nullable=False),
        sa.Column("province", sa.String(length=2), nullable=False),
        sa.Column("ruleset", sa.String(length=20), nullable=False, comment="the one in force on the day it was filed"),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("product", sa.String(length=120), nullable=False),
        sa.Column(
            "product_folded",
            sa.String(length=120).with_variant(sa.String(length=120, collation="C"), "postgresql"),
            nullable=False,
            comment="without diacritics, for search",
        ),
        sa.Column("answers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column(
            "producer_folded",
            sa.String(length=160).with_variant(sa.String(length=160, collation="C"), "postgresql"),
            server_default="",
            nullable=False,
            comment="as product_folded",
        ),
        sa.Column(
            "owner", sa.String(length=10), nullable=False, comment="whose turn it is: a Side of dialogs.rules.lifecycle"
        ),
        sa.Column("since", sa.Date(), nullable=False, comment="the day it came to its present status"),
        sa.Column("due_on", sa.Date(), nullable=True, comment="NULL: no limit"),
        sa.Column(
            "urgent_on",
            sa.Date(),
            nullable=False,
            comment="order of the inbox: due_on, far off without one; storage.cases",
        ),
        sa.Column(
            "days_used",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="of the limit, before a return",
        ),
        sa.Column(
            "resubmitted",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="came back, not decided yet",
        ),
        sa.Column("holder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "escalation", sa.String(length=10), server_default="", nullable=False, comment="'', warned, escalated"
        ),
        sa.Column(
            "escalate_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="of one warned: when somebody above is told; NULL: there is nobody",
        ),
        sa.Column("filed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "confirmed",
            sa.String(length=10),
            server_default="",
            nullable=False,
            comment="of assisted ones: '', code, sheet",
        ),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["filed_by"], ["people.id"], name=op.f("fk_cases_filed_by")),
        sa.ForeignKeyConstraint(["holder_id"], ["people.id"], name=op.f("fk_cases_holder_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_cases_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("code", name=op.f("uq_cases_code")),
    )
    op.create_index(
        "ix_cases_desk_of_commune",
        "cases",
        ["territory", "status", "urgent_on", "id", "holder_id", "person_id", "due_on", "resubmitted"],
        unique=False,
    )
    op.create_index(
        "ix_cases_desk_of_province",
        "cases",
        ["province", "status", "urgent_on", "id", "holder_id", "person_id", "due_on", "resubmitted"],
        unique=False,
    )
    op.create_index(op.f("ix_cases_filed_by"), "cases", ["filed_by"], unique=False)
    op.create_index(op.f("ix_cases_holder_id"), "cases", ["holder_id"], unique=False)
    op.create_index(
        "ix_cases_names_in_commune", "cases", ["territory", "id", "product_folded", "producer_folded"], unique=False
    )
    op.create_index(
        "ix_cases_names_in_province", "cases", ["province", "id", "product_folded", "producer_folded"], unique=False
    )
    op.create_index(op.f("ix_cases_person_id"), "cases", ["person_id"], unique=False)
    op.create_index("ix_cases_province_producer", "cases", ["province", "producer_folded"], unique=False)
    op.create_index("ix_cases_province_product", "cases", ["province", "product_folded"], unique=False)
    op.create_index("ix_cases_territory_producer", "cases", ["territory", "producer_folded"], unique=False)
    op.create_index("ix_cases_territory_product", "cases", ["territory", "product_folded"], unique=False)
    op.create_table(
        "consents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False, comment="dossier, reminders"),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("text_version", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_consents_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_person_id"), "consents", ["person_id"], unique=False)
    op.create_table(
        "conversations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("chat_id", sa.String(length=80), nullable=False),
        sa.Column("locale", sa.String(length=5), server_default="vi", nullable=False),
        sa.Column("state", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("status", sa.String(length=12), server_default="open", nullable=False, comment="open, blocked"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_conversations_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("channel", "chat_id", name=op.f("uq_conversations_channel_chat_id")),
    )
    op.create_index(op.f("ix_conversations_person_id"), "conversations", ["person_id"], unique=False)
    op.create_table(
        "days_off",
        sa.Column(
            "territory",
            sa.String(length=12),
            nullable=False,
            comment="a province or a commune; whatever lies in it is closed",
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=120), server_default="", nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["people.id"], name=op.f("fk_days_off_author_id")),
        sa.PrimaryKeyConstraint("territory", "day", name=op.f("pk_days_off")),
    )
    op.create_index(op.f("ix_days_off_author_id"), "days_off", ["author_id"], unique=False)
    op.create_table(
        "digests",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), nullable=False, comment="when to make it: put off by its reader"
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_digests_person_id")),
        sa.PrimaryKeyConstraint("person_id", "day", name=op.f("pk_digests")),
    )
    op.create_table(
        "invitations",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("territory", sa.String(length=12), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["used_by"], ["people.id"], name=op.f("fk_invitations_used_by")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_invitations")),
    )
    op.create_index(op.f("ix_invitations_used_by"), "invitations", ["used_by"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("territory", sa.String(length=12), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_memberships_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_person_id"), "memberships", ["person_id"], unique=False)
    op.create_index(op.f("ix_memberships_territory"), "memberships", ["territory"], unique=False)
    op.create_table(
        "reason_templates",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("item", sa.String(length=60), nullable=False, comment="paper:<id>, answer:<question>, paper, answer"),
        sa.Column("text", sa.String(length=300), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["people.id"], name=op.f("fk_reason_templates_author_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reason_templates")),
    )
    op.create_index(op.f("ix_reason_templates_author_id"), "reason_templates", ["author_id"], unique=False)
    op.create_index(op.f("ix_reason_templates_item"), "reason_templates", ["item"], unique=False)
    op.create_table(
        "case_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("from_status", sa.String(length=24), server_default="", nullable=False),
        sa.Column("to_status", sa.String(length=24), nullable=False),
        sa.Column("item", sa.String(length=60), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "answers",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=True,
            comment="what the producer sent, at this version",
        ),
        sa.Column(
            "before",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=True,
            comment="of a decision: what undoing it restores; storage.undo",
        ),
        sa.Column("channel", sa.String(length=20), server_default="", nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_case_events_actor_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_events_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_events")),
    )
    op.create_index(op.f("ix_case_events_actor_id"), "case_events", ["actor_id"], unique=False)
    op.create_index(op.f("ix_case_events_case_id"), "case_events", ["case_id"], unique=False)
    op.create_table(
        "confirmations",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code_sha256", sa.String(length=64), nullable=False, comment="of the 6 digits, with the case's code"),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_confirmations_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_confirmations")),
    )
    op.create_table(
        "files",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="what the channel needs to fetch it; empty once stored"),
        sa.Column("name", sa.String(length=80), server_default="", nullable=False, comment="for display only"),
        sa.Column("status", sa.String(length=10), server_default="pending", nullable=False),
        sa.Column("kind", sa.String(length=8), server_default="", nullable=False),
        sa.Column("sha256", sa.String(length=64), server_default="", nullable=False),
        sa.Column("size_bytes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("pages", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("findings", sa.String(length=60), server_default="", nullable=False, comment="comma-separated"),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True, comment="when to fetch; NULL: done"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_files_conversation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_files_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )
    op.create_index(op.f("ix_files_conversation_id"), "files", ["conversation_id"], unique=False)
    op.create_index(
        "ix_files_due",
        "files",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_files_person_id"), "files", ["person_id"], unique=False)
    op.create_index(op.f("ix_files_sha256"), "files", ["sha256"], unique=False)
    op.create_table(
        "marks",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item", sa.String(length=60), nullable=False, comment="paper:<id>, answer:<question>"),
        sa.Column("verdict", sa.String(length=8), nullable=False, comment="accept, return, ask"),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "files", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), server_default="[]", nullable=False
        ),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["people.id"], name=op.f("fk_marks_author_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_marks_case_id")),
        sa.PrimaryKeyConstraint("case_id", "item", name=op.f("pk_marks")),
    )
    op.create_index(op.f("ix_marks_author_id"), "marks", ["author_id"], unique=False)
    op.create_table(
        "notes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("commune", sa.String(length=5), nullable=False),
        sa.Column("to_officers", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "files",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            server_default="[]",
            nullable=False,
            comment="ids of photos and voice notes",
        ),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["people.id"], name=op.f("fk_notes_author_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_notes_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_author_id"), "notes", ["author_id"], unique=False)
    op.create_index(op.f("ix_notes_case_id"), "notes", ["case_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="reply: asked for just now; notice: not"),
        sa.Column("body", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column(
            "status", sa.String(length=10), server_default="waiting", nullable=False, comment="waiting, sent, failed"
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "claimed_until", sa.DateTime(timezone=True), nullable=True, comment="a worker has it in hand until then"
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.String(length=80), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_outbox_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["conversation_id", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_table(
        "papers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "paper", sa.String(length=20), nullable=False, comment="id in the ruleset; 'product' for the idea's photos"
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "pages",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=False,
            comment="[[file id, rotation in degrees], ...] in order",
        ),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True, comment="NULL: not handed to the commune yet"),
        sa.Column("valid_until", sa.Date(), nullable=True, comment="the paper's own last day, as an officer read it"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_papers_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_papers")),
        sa.UniqueConstraint("case_id", "paper", "version", name=op.f("uq_papers_case_id_paper_version")),
    )
    op.create_table(
        "results",
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("points_a", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("points_b", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("points_c", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(length=80), server_default="", nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("certificate_until", sa.Date(), nullable=True),
        sa.Column("entered_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="NULL: nobody outside the desk may see it",
        ),
        sa.Column(
            "before",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=True,
            comment="the published result that this one took the place of; storage.results",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_results_case_id")),
        sa.ForeignKeyConstraint(["entered_by"], ["people.id"], name=op.f("fk_results_entered_by")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_results")),
    )
    op.create_index(op.f("ix_results_certificate_until"), "results", ["certificate_until"], unique=False)
    op.create_index(op.f("ix_results_entered_by"), "results", ["entered_by"], unique=False)
    op.create_table(
        "returned_items",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "question", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="asked, not refused"
        ),
        sa.Column(
            "files",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            server_default="[]",
            nullable=False,
            comment="ids: a marked photo, a voice note",
        ),
        sa.Column("returned_on", sa.Date(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True, comment="NULL: still to be sent"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_returned_items_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returned_items")),
    )
    op.create_index(op.f("ix_returned_items_case_id"), "returned_items", ["case_id"], unique=False)
    op.create_table(
        "timers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_timers_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
        sa.UniqueConstraint("conversation_id", "kind", "subject", name=op.f("uq_timers_conversation_id_kind_subject")),
    )
    op.create_index(op.f("ix_timers_due_at"), "timers", ["due_at"], unique=False)
    op.create_table(
        "upload_links",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_code", sa.String(length=20), nullable=False),
        sa.Column("paper", sa.String(length=20), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_upload_links_conversation_id")
        ),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_upload_links")),
    )
    op.create_index(op.f("ix_upload_links_conversation_id"), "upload_links", ["conversation_id"], unique=False)

"""Channels that have windows: notices and their rungs, links out, joined chats, push, secrets.

Locks: on PostgreSQL `conversations`, `outbox` and `people` for a moment, as columns without a computed default are
added, and `outbox` while the index of a column that is still empty is built; on SQLite the database, as every write
does.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False, comment="encrypted with ENCRYPTION_KEY; storage.secrets"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secrets")),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_code", sa.String(length=20), server_default="", nullable=False),
        sa.Column(
            "territory", sa.String(length=12), server_default="", nullable=False, comment="of an officer's: where"
        ),
        sa.Column(
            "alert", sa.String(length=16), server_default="", nullable=False, comment="shared by all who are told it"
        ),
        sa.Column(
            "words",
            sa.Text(),
            nullable=False,
            comment="without its buttons, for who is told instead; empty once it came",
        ),
        sa.Column(
            "bodies",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            nullable=False,
            comment="[[conversation id, message], ...]: the ladder, from below",
        ),
        sa.Column("status", sa.String(length=10), nullable=False, comment="waiting, held, delivered, seen, failed"),
        sa.Column(
            "passed_on",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="the next in charge was told",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notices_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notices_alert"), ["alert"], unique=False)
        batch_op.create_index(batch_op.f("ix_notices_case_code"), ["case_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_notices_person_id"), ["person_id"], unique=False)

    op.create_table(
        "address_codes",
        sa.Column(
            "conversation_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="who gave it",
        ),
        sa.Column("address", sa.String(length=80), nullable=False),
        sa.Column(
            "code_sha256", sa.String(length=64), nullable=False, comment="of the 6 digits, with this installation's key"
        ),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False, comment="codes since first_at"),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_address_codes_conversation_id")
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_address_codes")),
    )
    with op.batch_alter_table("address_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_address_codes_first_at"), ["first_at"], unique=False)

    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False, comment="0, 1, ...: its place in notices.bodies"),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column(
            "status",
            sa.String(length=10),
            nullable=False,
            comment="waiting, held, sent, delivered, seen, failed, dropped",
        ),
        sa.Column(
            "cost", sa.String(length=5), server_default="", nullable=False, comment="free or paid, if it has a window"
        ),
        sa.Column("outcome", sa.String(length=40), server_default="", nullable=False, comment="the error's class"),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True, comment="when the platform took it"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="of the status"),
        sa.Column(
            "check_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when to climb without a proof by then; NULL: nothing to wait for",
        ),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_deliveries_conversation_id")),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_deliveries_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(
            "ix_deliveries_check",
            ["check_at"],
            unique=False,
            sqlite_where=sa.text("check_at IS NOT NULL"),
            postgresql_where=sa.text("check_at IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_deliveries_conversation_id"), ["conversation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deliveries_notice_id"), ["notice_id"], unique=False)

    op.create_table(
        "download_links",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False, comment="as it is saved"),
        sa.Column("media_type", sa.String(length=80), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False, comment="of the kept bytes"),
        sa.Column(
            "direct", sa.Boolean(), nullable=False, comment="an address from which a platform takes it, without a page"
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opens", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="how often it was taken"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_download_links_conversation_id")
        ),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_download_links")),
    )
    with op.batch_alter_table("download_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_download_links_conversation_id"), ["conversation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_download_links_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_download_links_sha256"), ["sha256"], unique=False)

    op.create_table(
        "join_codes",
        sa.Column(
            "code_sha256", sa.String(length=64), nullable=False, comment="of the 6 digits, with this installation's key"
        ),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "joining_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="the chat that typed it in",
        ),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True, comment="that chat has said yes"),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the other one has been asked: what it said before is no answer",
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_join_codes_conversation_id")),
        sa.ForeignKeyConstraint(["joining_id"], ["conversations.id"], name=op.f("fk_join_codes_joining_id")),
        sa.PrimaryKeyConstraint("code_sha256", name=op.f("pk_join_codes")),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_join_codes_conversation_id")),
        sa.UniqueConstraint("joining_id", name=op.f("uq_join_codes_joining_id")),
    )
    with op.batch_alter_table("join_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_join_codes_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "push_subscriptions",
        sa.Column(
            "conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "endpoint", sa.Text(), nullable=False, comment="an address of the browser's push service, secret to the two"
        ),
        sa.Column("endpoint_sha256", sa.String(length=64), nullable=False),
        sa.Column("p256dh", sa.String(length=120), nullable=False, comment="the browser's public key, base64url"),
        sa.Column("auth", sa.String(length=60), nullable=False, comment="what the two share, base64url"),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_push_subscriptions_conversation_id")
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_push_subscriptions")),
        sa.UniqueConstraint("endpoint_sha256", name=op.f("uq_push_subscriptions_endpoint_sha256")),
    )
    op.create_table(
        "wrong_codes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("typed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_wrong_codes_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wrong_codes")),
    )
    with op.batch_alter_table("wrong_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_wrong_codes_conversation_id"), ["conversation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_wrong_codes_typed_at"), ["typed_at"], unique=False)

    op.create_table(
        "sent_messages",
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column(
            "message_id",
            sa.String(length=80),
            nullable=False,
            comment="the platform's, by which its receipts come back",
        ),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "receipt", sa.String(length=10), server_default="", nullable=False, comment="delivered, seen: it came early"
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_sent_messages_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel", "message_id", name=op.f("pk_sent_messages")),
    )
    with op.batch_alter_table("sent_messages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sent_messages_delivery_id"), ["delivery_id"], unique=False)

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "worked_at",
                sa.DateTime(timezone=True),
                nullable=True,
                comment="when something that nobody had asked for last arrived here",
            )
        )
        batch_op.add_column(
            sa.Column(
                "held",
                sa.Integer(),
                server_default=sa.text("0"),
                nullable=False,
                comment="notices that wait for them to write",
            )
        )
        batch_op.add_column(
            sa.Column(
                "listed",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                nullable=True,
                comment="the newest list shown here: [[number, button data, label], ...]",
            )
        )
        batch_op.add_column(
            sa.Column(
                "typed",
                sa.Integer(),
                server_default=sa.text("0"),
                nullable=False,
                comment="checksum of what was last typed",
            )
        )
        batch_op.add_column(
            sa.Column(
                "quota_left",
                sa.Integer(),
                nullable=True,
                comment="messages the platform still lets us send, where it says so",
            )
        )

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "delivery_id",
                sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
                nullable=True,
                comment="deliveries.id: the rung on which a notice stands",
            )
        )
        batch_op.create_index(batch_op.f("ix_outbox_delivery_id"), ["delivery_id"], unique=False)

    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "reach",
                sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
                nullable=True,
                comment="as they want to be told: {order: [channel, ...], hours: [from, until]}",
            )
        )

    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column("conversations", "updated_at", comment="when the person was last heard here")
        op.alter_column(
            "outbox", "status", comment="waiting, held, sent, failed", existing_comment="waiting, sent, failed"
        )

"""The tables. Core, not ORM: the path of an update runs through them.

Times are aware and in UTC; territories are paths ("15", "15/04321") so that a prefix is a jurisdiction.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    insert_sentinel,
    text,
)

from dialogs.paperwork import STORY_PARTS
from storage.columns import Document as Document
from storage.columns import Identity as Identity
from storage.columns import Moment as Moment
from storage.columns import case_column as _case
from storage.columns import dumps as dumps
from storage.columns import folded as _folded
from storage.columns import id_column as _id
from storage.columns import iso as iso
from storage.columns import look_on_column as _look_on
from storage.columns import look_on_index as _looks
from storage.columns import metadata as metadata
from storage.columns import person_column as _person
from storage.council_tables import ballots as ballots
from storage.council_tables import council_cases as council_cases
from storage.council_tables import council_seats as council_seats
from storage.council_tables import council_sessions as council_sessions
from storage.rating_tables import assessments as assessments
from storage.rating_tables import imports as imports
from storage.rating_tables import own_papers as own_papers
from storage.rating_tables import product_serials as product_serials
from storage.rating_tables import results as results
from storage.rating_tables import rounds as rounds
from storage.rating_tables import self_scores as self_scores
from storage.rating_tables import star_steps as star_steps
from storage.sealing import SealedIn, SealedText

CONTACTS = ("phone", "contact_name")
"""Answers that are sealed; what officers search by (product, maker) is not."""
SAID = ("text", "phone")
"""Of messages: their words, and the number that a template goes to."""


people = Table(
    "people",
    metadata,
    _id(),
    Column("name", SealedText("name"), nullable=False, server_default="", comment="as the person wrote it, NFC"),
    Column("phone", SealedText("phone"), nullable=False, server_default="", comment="E.164, or empty"),
    Column("producer_kind", String(20), nullable=False, server_default=""),
    Column("producer_name", String(160), nullable=False, server_default=""),
    Column("commune", String(5), nullable=False, server_default="", comment="official unit code", index=True),
    Column("consent", String(3), nullable=False, server_default="", comment="'' not asked, yes, no"),
    Column("reminders", Boolean, nullable=False, server_default=text("false")),
    Column("case_count", Integer, nullable=False, server_default=text("0"), comment="spares a query per update"),
    Column("officer", Boolean, nullable=False, server_default=text("false"), comment="has a membership"),
    Column(
        "reach",
        Document,
        comment="as they want to be told: {order: [channel, ...], hours: [from, until]}",
    ),
    Column("created_at", Moment, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    _id(),
    _person(),
    Column("channel", String(20), nullable=False),
    Column("chat_id", String(80), nullable=False),
    Column("locale", String(5), nullable=False, server_default="vi"),
    Column("state", SealedIn(*CONTACTS, "address", "name", "s", "p"), nullable=False),
    Column("status", String(12), nullable=False, server_default="open", comment="open, blocked"),
    Column("updated_at", Moment, nullable=False, comment="when the person was last heard here"),
    Column("worked_at", Moment, comment="when something that nobody had asked for last arrived here"),
    Column("held", Integer, nullable=False, server_default=text("0"), comment="notices that wait for them to write"),
    Column("listed", Document, comment="the newest list shown here: [[number, button data, label], ...]"),
    Column("typed", Integer, nullable=False, server_default=text("0"), comment="checksum of what was last typed"),
    Column("quota_left", Integer, comment="messages the platform still lets us send, where it says so"),
    UniqueConstraint("channel", "chat_id"),
)

TELLING = ("push", "email")
"""Channels over which people are only told: nobody writes there."""

updates = Table(
    "updates",
    metadata,
    Column("channel", String(20), primary_key=True),
    Column("key", String(80), primary_key=True, comment="the platform's id of the update"),
    Column("received_at", Moment, nullable=False, index=True),
    Column("error", String(200), nullable=False, server_default="", comment="set aside: the error's name and place"),
    Index(
        "ix_updates_set_aside",
        "received_at",
        sqlite_where=text("error <> ''"),
        postgresql_where=text("error <> ''"),
    ),
)

consents = Table(
    "consents",
    metadata,
    _id(),
    _person(),
    Column("purpose", String(20), nullable=False, comment="dossier, reminders"),
    Column("given", Boolean, nullable=False),
    Column("text_version", String(20), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("recorded_at", Moment, nullable=False),
)

memberships = Table(
    "memberships",
    metadata,
    _id(),
    _person(),
    Column("role", String(20), nullable=False),
    Column("territory", String(12), nullable=False, index=True),
    Column("since", Moment, nullable=False),
    Column("removed_at", Moment),
)

invitations = Table(
    "invitations",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("territory", String(12), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    _person("used_by", nullable=True),
)

offices = Table(
    "offices",
    metadata,
    Column("territory", String(12), primary_key=True),
    Column("hours", String(200), nullable=False, server_default="", comment="as an officer wrote them"),
    Column("sessions", Document, comment="[[from, until], ...] in minutes of the day; NULL: the usual ones"),
)

days_off = Table(
    "days_off",
    metadata,
    Column("territory", String(12), primary_key=True, comment="a province or a commune; whatever lies in it is closed"),
    Column("day", Date, primary_key=True),
    Column("reason", String(120), nullable=False, server_default=""),
    _person("author_id", nullable=True),
)

absences = Table(
    "absences",
    metadata,
    _id(),
    _person(),
    _person("cover_id"),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("ended_at", Moment, comment="back before the last day"),
    Column("created_at", Moment, nullable=False),
)

serials = Table(
    "serials",
    metadata,
    Column("commune", String(5), primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
)

_COUNTED = ("holder_id", "person_id", "due_on", "resubmitted")
"""What the desk's counts ask of a case beside its place in the line."""

cases = Table(
    "cases",
    metadata,
    _id(),
    Column("code", String(20), nullable=False, unique=True),
    _person(),
    Column("commune", String(5), nullable=False),
    Column("territory", String(12), nullable=False),
    Column("province", String(2), nullable=False),
    Column("ruleset", String(20), nullable=False, comment="the one in force on the day it was filed"),
    Column("status", String(24), nullable=False),
    Column("product", String(120), nullable=False),
    Column("product_folded", _folded(120), nullable=False, comment="without diacritics, for search"),
    Column("answers", SealedIn(*CONTACTS), nullable=False),
    Column("producer_folded", _folded(160), nullable=False, server_default="", comment="as product_folded"),
    Column("owner", String(10), nullable=False, comment="whose turn it is: a Side of dialogs.rules.lifecycle"),
    Column("since", Date, nullable=False, comment="the day it came to its present status"),
    Column("due_on", Date, comment="NULL: no limit"),
    Column("urgent_on", Date, nullable=False, comment="order of the inbox: due_on, far off without one; storage.cases"),
    Column("days_used", Integer, nullable=False, server_default=text("0"), comment="of the limit, before a return"),
    Column("resubmitted", Boolean, nullable=False, server_default=text("false"), comment="came back, not decided yet"),
    _person("holder_id", nullable=True),
    Column("held_at", Moment),
    Column("escalation", String(10), nullable=False, server_default="", comment="'', warned, escalated"),
    Column("escalate_at", Moment, comment="of one warned: when somebody above is told; NULL: there is nobody"),
    _person("filed_by", nullable=True),
    Column("confirmed", String(10), nullable=False, server_default="", comment="of assisted ones: '', code, sheet"),
    Column("star_goal", Integer, nullable=False, server_default=text("0"), comment="has a list in star_steps for it"),
    Column("round", String(8), nullable=False, server_default="", comment="of the province, once sent up: 2/2026"),
    Column(
        "conditions", Document, nullable=False, server_default="{}", comment="{id in the ruleset: whether it holds}"
    ),
    Column("former", String(20), nullable=False, server_default="", comment="code of the case it continues"),
    Column("purpose", String(8), nullable=False, server_default="", comment="of one with a former: storage.again"),
    Column("product_serial", Integer, comment="in its commune, from the first certificate on; storage.results"),
    Column("waits_since", Date, comment="for a round; NULL: it waits for none, or its producer has been asked"),
    Column("submitted_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index(
        "ix_cases_waits_since",
        "waits_since",
        sqlite_where=text("waits_since IS NOT NULL"),
        postgresql_where=text("waits_since IS NOT NULL"),
    ),
    Index("ix_cases_former", "former", sqlite_where=text("former != ''"), postgresql_where=text("former != ''")),
    # an officer's desk: lists end after a page, and what is counted is read from the index alone; storage.desk
    Index("ix_cases_desk_of_commune", "territory", "status", "urgent_on", "id", *_COUNTED),
    Index("ix_cases_desk_of_province", "province", "status", "urgent_on", "id", *_COUNTED),
    # storage.search: the newest of a territory, and names that begin alike
    Index("ix_cases_names_in_commune", "territory", "id", "product_folded", "producer_folded"),
    Index("ix_cases_names_in_province", "province", "id", "product_folded", "producer_folded"),
    Index("ix_cases_territory_product", "territory", "product_folded"),
    Index("ix_cases_territory_producer", "territory", "producer_folded"),
    Index("ix_cases_province_product", "province", "product_folded"),
    Index("ix_cases_province_producer", "province", "producer_folded"),
)

case_events = Table(
    "case_events",
    metadata,
    _id(),
    _case(),
    _person("actor_id", nullable=True),
    Column("action", String(24), nullable=False),
    Column("from_status", String(24), nullable=False, server_default=""),
    Column("to_status", String(24), nullable=False),
    Column("item", String(60), nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Column("answers", SealedIn(*CONTACTS), comment="what the producer sent, at this version"),
    Column("before", Document, comment="what undoing a decision restores (storage.undo); of amend, both results"),
    Column("channel", String(20), nullable=False, server_default=""),
    Column("happened_at", Moment, nullable=False),
)

returned_items = Table(
    "returned_items",
    metadata,
    _id(),
    _case(),
    Column("item", String(60), nullable=False),
    Column("reason", Text, nullable=False),
    Column("question", Boolean, nullable=False, server_default=text("false"), comment="asked, not refused"),
    Column("files", Document, nullable=False, server_default="[]", comment="ids: a marked photo, a voice note"),
    Column("returned_on", Date, nullable=False),
    Column("answered_at", Moment, comment="NULL: still to be sent"),
)

marks = Table(
    "marks",
    metadata,
    Column("case_id", Identity, ForeignKey("cases.id"), primary_key=True),
    Column("item", String(60), primary_key=True, comment="paper:<id>, answer:<question>"),
    Column("verdict", String(8), nullable=False, comment="accept, return, ask"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("files", Document, nullable=False, server_default="[]"),
    _person("author_id"),
    Column("marked_at", Moment, nullable=False),
)

reason_templates = Table(
    "reason_templates",
    metadata,
    _id(),
    Column("item", String(60), nullable=False, index=True, comment="paper:<id>, answer:<question>, paper, answer"),
    Column("text", String(300), nullable=False),
    _person("author_id", nullable=True),
    Column("removed_at", Moment),
)

files = Table(
    "files",
    metadata,
    Column("id", String(24), primary_key=True),
    _person(),
    Column("conversation_id", Identity, ForeignKey("conversations.id"), nullable=False, index=True),
    Column("channel", String(20), nullable=False),
    Column("source", Text, nullable=False, comment="what the channel needs to fetch it; empty once stored"),
    Column("name", String(80), nullable=False, server_default="", comment="for display only"),
    Column("status", String(10), nullable=False, server_default="pending"),
    Column("kind", String(8), nullable=False, server_default=""),
    Column("sha256", String(64), nullable=False, server_default="", index=True),
    Column("size_bytes", Integer, nullable=False, server_default=text("0")),
    Column("pages", Integer, nullable=False, server_default=text("0")),
    Column("findings", String(60), nullable=False, server_default="", comment="comma-separated"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("due_at", Moment, comment="when to fetch; NULL: done"),
    Column("received_at", Moment, nullable=False),
    Index(
        "ix_files_due", "due_at", sqlite_where=text("due_at IS NOT NULL"), postgresql_where=text("due_at IS NOT NULL")
    ),
)

stories = Table(
    "stories",
    metadata,
    Column("case_id", Identity, ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    Column("told", SealedIn(*STORY_PARTS), nullable=False, comment="{part: words}; dialogs.paperwork"),
    Column("voices", Document, nullable=False, comment="{part: [file id, ...]}"),
    Column("told_at", Moment, nullable=False),
)
"""Products' stories as they were told; the paper made of one is among `papers`. storage.stories."""

papers = Table(
    "papers",
    metadata,
    _id(),
    Column("case_id", Identity, ForeignKey("cases.id"), nullable=False),
    Column("paper", String(20), nullable=False, comment="id in the ruleset; 'product' for the idea's photos"),
    Column("version", Integer, nullable=False),
    Column("pages", Document, nullable=False, comment="[[file id, rotation in degrees], ...] in order"),
    Column("kept_at", Moment, nullable=False),
    Column("sent_at", Moment, comment="NULL: not handed to the commune yet"),
    Column("valid_until", Date, comment="the paper's own last day, as an officer read it"),
    _look_on(),
    UniqueConstraint("case_id", "paper", "version"),
    _looks("papers"),
)

notes = Table(
    "notes",
    metadata,
    _id(),
    Column("case_id", Identity, ForeignKey("cases.id"), index=True),
    _person("author_id"),
    Column("commune", String(5), nullable=False),
    Column("to_officers", Boolean, nullable=False),
    Column("text", SealedText("note"), nullable=False),
    Column("files", Document, nullable=False, server_default="[]", comment="ids of photos and voice notes"),
    Column("written_at", Moment, nullable=False),
    Column("settled_at", Moment, comment="a producer's question about no case: answered, or needs no answer"),
    Index(
        "ix_notes_unanswered",
        "commune",
        "id",
        sqlite_where=text("case_id IS NULL AND settled_at IS NULL"),
        postgresql_where=text("case_id IS NULL AND settled_at IS NULL"),
    ),
)

notices = Table(
    "notices",
    metadata,
    _id(),
    _person(),
    Column("case_code", String(20), nullable=False, server_default="", index=True),
    Column("territory", String(12), nullable=False, server_default="", comment="of an officer's: where"),
    Column("alert", String(16), nullable=False, server_default="", index=True, comment="shared by all who are told it"),
    Column(
        "words",
        SealedText("words"),
        nullable=False,
        comment="without its buttons, for who is told instead; empty once it came",
    ),
    Column(
        "bodies", SealedIn(*SAID), nullable=False, comment="[[conversation id, message], ...]: the ladder, from below"
    ),
    Column("status", String(10), nullable=False, comment="waiting, held, delivered, seen, failed, dropped"),
    Column("passed_on", Boolean, nullable=False, server_default=text("false"), comment="the next in charge was told"),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    insert_sentinel("place"),  # of the ids that come back from one statement which is whose; SQLite does not say
)
"""What one person is to be told; it climbs its ladder until one rung is delivered or seen."""

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    Column("notice_id", Identity, ForeignKey("notices.id"), nullable=False, index=True),
    Column("rung", Integer, nullable=False, comment="0, 1, ...: its place in notices.bodies"),
    Column("conversation_id", Identity, ForeignKey("conversations.id"), nullable=False, index=True),
    Column("channel", String(20), nullable=False),
    Column("status", String(10), nullable=False, comment="waiting, held, sent, delivered, seen, failed, dropped"),
    Column("cost", String(5), nullable=False, server_default="", comment="free or paid, if it has a window"),
    Column("outcome", String(40), nullable=False, server_default="", comment="the error's class"),
    Column("sent_at", Moment, comment="when the platform took it"),
    Column("at", Moment, nullable=False, comment="of the status"),
    Column("check_at", Moment, comment="when to climb without a proof by then; NULL: nothing to wait for"),
    Index(
        "ix_deliveries_check",
        "check_at",
        sqlite_where=text("check_at IS NOT NULL"),
        postgresql_where=text("check_at IS NOT NULL"),
    ),
)
"""The rungs that were tried, which is the ledger of what was held, sent, paid and refused."""

sent_messages = Table(
    "sent_messages",
    metadata,
    Column("channel", String(20), primary_key=True),
    Column("message_id", String(80), primary_key=True, comment="the platform's, by which its receipts come back"),
    Column("delivery_id", Identity, ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("receipt", String(10), nullable=False, server_default="", comment="delivered, seen: it came early"),
    Column("sent_at", Moment, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("conversation_id", Identity, ForeignKey("conversations.id"), nullable=False),
    Column("kind", String(8), nullable=False, comment="reply: asked for just now; notice: not"),
    Column("delivery_id", Identity, index=True, comment="deliveries.id: the rung on which a notice stands"),
    Column("body", SealedIn(*SAID), nullable=False),
    Column("status", String(10), nullable=False, server_default="waiting", comment="waiting, held, sent, failed"),
    Column("due_at", Moment, nullable=False),
    Column("claimed_until", Moment, comment="a worker has it in hand until then"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("error", String(80), nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Index(
        "ix_outbox_waiting",
        "conversation_id",
        "id",
        sqlite_where=text("status = 'waiting'"),
        postgresql_where=text("status = 'waiting'"),
    ),
    Index(
        "ix_outbox_failed",
        "created_at",
        sqlite_where=text("status = 'failed'"),
        postgresql_where=text("status = 'failed'"),
    ),
    sqlite_autoincrement=True,  # ids are message keys, and rows of a forgotten person go
)

timers = Table(
    "timers",
    metadata,
    _id(),
    Column("conversation_id", Identity, ForeignKey("conversations.id"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("subject", String(60), nullable=False),
    Column("turn", Integer, nullable=False),
    Column("due_at", Moment, nullable=False, index=True),
    UniqueConstraint("conversation_id", "kind", "subject"),
)

web_messages = Table(
    "web_messages",
    metadata,
    _id(),
    Column("chat_id", String(80), nullable=False),
    Column("key", String(80), nullable=False, comment="the sender's; twice the same is once"),
    Column("mine", Boolean, nullable=False),
    Column("body", SealedIn(*SAID), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("chat_id", "key"),
    Index("ix_web_messages_chat_id_id", "chat_id", "id"),
    sqlite_autoincrement=True,  # a page asks for what came after an id, so none may come back
)

upload_links = Table(
    "upload_links",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("conversation_id", Identity, ForeignKey("conversations.id"), nullable=False, index=True),
    Column("case_code", String(20), nullable=False),
    Column("paper", String(20), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

download_links = Table(
    "download_links",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("conversation_id", Identity, ForeignKey("conversations.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False, comment="as it is saved"),
    Column("media_type", String(80), nullable=False),
    Column("sha256", String(64), nullable=False, index=True, comment="of the kept bytes"),
    Column("direct", Boolean, nullable=False, comment="an address from which a platform takes it, without a page"),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("opens", Integer, nullable=False, server_default=text("0"), comment="how often it was taken"),
)
"""What a channel could not carry, for those who have the link; storage.links."""

digests = Table(
    "digests",
    metadata,
    Column("person_id", Identity, ForeignKey("people.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("due_at", Moment, nullable=False, comment="when to make it: put off by its reader"),
    Column("sent_at", Moment),
)

confirmations = Table(
    "confirmations",
    metadata,
    Column("case_id", Identity, ForeignKey("cases.id"), primary_key=True),
    Column("code_sha256", String(64), nullable=False, comment="of the 6 digits, with the case's code"),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Identity, primary_key=True, autoincrement=False, comment="1, 2, 3, ... without a gap"),
    Column("happened_at", Moment, nullable=False),
    Column("actor_id", Identity, index=True, comment="people.id, without a reference: it outlives the person"),
    Column("role", String(20), nullable=False, server_default=""),
    Column("channel", String(20), nullable=False, server_default=""),
    Column("action", String(24), nullable=False),
    Column("case_code", String(20), nullable=False, server_default="", index=True),
    Column("details", Document, nullable=False),
    Column("previous", String(64), nullable=False, comment="hash of the entry before"),
    Column("hash", String(64), nullable=False),
)

join_codes = Table(
    "join_codes",
    metadata,
    Column("code_sha256", String(64), primary_key=True, comment="of the 6 digits, with this installation's key"),
    Column("conversation_id", Identity, ForeignKey("conversations.id"), nullable=False, unique=True),
    Column("joining_id", Identity, ForeignKey("conversations.id"), unique=True, comment="the chat that typed it in"),
    Column("agreed_at", Moment, comment="that chat has said yes"),
    Column("asked_at", Moment, comment="the other one has been asked: what it said before is no answer"),
    Column("expires_at", Moment, nullable=False, index=True),
)
"""Codes that make two chats one person's; each chat has one at most, and has typed in one at most."""

wrong_codes = Table(
    "wrong_codes",
    metadata,
    _id(),
    Column("conversation_id", Identity, ForeignKey("conversations.id"), nullable=False, index=True),
    Column("channel", String(20), nullable=False),
    Column("typed_at", Moment, nullable=False, index=True),
)
"""Tries of the last hour at codes that join; storage.joining says how many are too many."""

address_codes = Table(
    "address_codes",
    metadata,
    Column("conversation_id", Identity, ForeignKey("conversations.id"), primary_key=True, comment="who gave it"),
    Column("address", String(80), nullable=False),
    Column("code_sha256", String(64), nullable=False, comment="of the 6 digits, with this installation's key"),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("expires_at", Moment, nullable=False),
    Column("sent", Integer, nullable=False, comment="codes since first_at"),
    Column("first_at", Moment, nullable=False, index=True),
)
"""E-mail addresses that wait for the code that was sent there."""

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False, comment="encrypted with ENCRYPTION_KEY; storage.secrets"),
    Column("updated_at", Moment, nullable=False),
)

push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    Column("conversation_id", Identity, ForeignKey("conversations.id"), primary_key=True, autoincrement=False),
    Column("endpoint", Text, nullable=False, comment="an address of the browser's push service, secret to the two"),
    Column("endpoint_sha256", String(64), nullable=False, unique=True),
    Column("p256dh", String(120), nullable=False, comment="the browser's public key, base64url"),
    Column("auth", String(60), nullable=False, comment="what the two share, base64url"),
    Column("kept_at", Moment, nullable=False),
)
"""Browsers that are told while the page of the web chat is closed; RFC 8291."""

requests = Table(
    "requests",
    metadata,
    _id(),
    _person(),
    Column("kind", String(10), nullable=False, comment="see, delete; correct, withdraw, complain"),
    Column("note_id", Identity, index=True, comment="notes.id of what officers have to answer; NULL: done at once"),
    Column("commune", String(5), nullable=False, server_default=""),
    Column("made_at", Moment, nullable=False),
    Column("answer_on", Date, nullable=False, comment="the last day in time: 2 working days"),
    Column("done_on", Date, nullable=False, comment="15 days"),
    Column("settled_at", Moment),
    Column(
        "escalations", Integer, nullable=False, server_default=text("0"), comment="how often the level above was told"
    ),
    Index(
        "ix_requests_open",
        "answer_on",
        sqlite_where=text("settled_at IS NULL"),
        postgresql_where=text("settled_at IS NULL"),
    ),
)
"""What people have asked about their personal data; storage.requests."""

deletions = Table(
    "deletions",
    metadata,
    Column("day", Date, primary_key=True, comment="in UTC"),
    Column("rule", String(20), primary_key=True, comment="a name in storage.retention"),
    Column("days", Integer, nullable=False, comment="the setting it ran under"),
    Column("before", Moment, nullable=False, comment="what was older was deleted"),
    Column("count", Integer, nullable=False, comment="rows deleted on this day"),
    Column("runs", Integer, nullable=False),
    Column("ran_at", Moment, nullable=False, comment="the last time"),
)
"""The proof that retention periods are kept; it names nobody."""

settings = Table(
    "settings",
    metadata,
    Column("name", String(40), primary_key=True, comment="what this installation made for itself: keys, first start"),
    Column("value", Text, nullable=False),
)

budgets = Table(
    "budgets",
    metadata,
    Column("name", String(40), primary_key=True, comment="channel and a hash of its token"),
    Column("free_at", Moment, nullable=False, comment="when the next call to the platform is free"),
)
"""What all workers together may still ask of a platform, unlogged; storage.budgets."""

counts = Table(
    "counts",
    metadata,
    Column("key_sha256", String(64), primary_key=True, comment="of the limit and whom it concerns, with our key"),
    Column("count", Integer, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)
"""Requests that the limits of the web pages count, unlogged; storage.budgets."""

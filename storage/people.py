"""Writes about people: consent, place, language, roles, notes, reminders, and forgetting."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Text, and_, cast, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.model import Membership, Role
from dialogs.rules.lifecycle import Side
from storage.models import (
    consents,
    conversations,
    files,
    invitations,
    memberships,
    notes,
    outbox,
    people,
    timers,
    upload_links,
    web_messages,
)
from storage.records import FORGOTTEN, Conversation, upsert
from storage.rights import who_acts
from storage.staff import acting, own_memberships

INVITATION_DAYS = 7
UPLOAD_LINK_HOURS = 24


def digest(token: str) -> str:
    """What is kept of a secret link: enough to recognise it, too little to use it."""
    return hashlib.sha256(token.encode()).hexdigest()


async def record_consent(
    connection: AsyncConnection,
    conversation: Conversation,
    purpose: str,
    given: bool,
    text_version: str,
    now: datetime,
) -> None:
    """The proof (law 91/2025: a recorded act) and the state it leads to."""
    await connection.execute(
        insert(consents).values(
            person_id=conversation.person_id,
            purpose=purpose,
            given=given,
            text_version=text_version,
            channel=conversation.channel,
            recorded_at=now,
        )
    )
    values = {"consent": "yes" if given else "no"} if purpose == "dossier" else {"reminders": given}
    await connection.execute(update(people).where(people.c.id == conversation.person_id).values(values))


async def set_person(connection: AsyncConnection, person_id: int, **values: Any) -> None:
    await connection.execute(update(people).where(people.c.id == person_id).values(**values))


async def set_locale(connection: AsyncConnection, conversation_id: int, locale: str) -> None:
    await connection.execute(update(conversations).where(conversations.c.id == conversation_id).values(locale=locale))


# ---------------------------------------------------------------- invitations


async def invite(connection: AsyncConnection, role: Role, territory: str, now: datetime) -> str:
    """A one-time token for a new officer; only its hash is kept."""
    token = secrets.token_urlsafe(18)
    await connection.execute(
        insert(invitations).values(
            token_sha256=digest(token),
            role=str(role),
            territory=territory,
            expires_at=now + timedelta(days=INVITATION_DAYS),
        )
    )
    return token


async def invitation_of(connection: AsyncConnection, token: str) -> Any:
    """The row of an invitation, used or not; None for an unknown one, or one that was forgotten long after."""
    statement = select(invitations).where(invitations.c.token_sha256 == digest(token))
    return (await connection.execute(statement)).one_or_none()


async def use_invitation(connection: AsyncConnection, token: str, person_id: int, now: datetime) -> Membership | None:
    """The membership it gives; None when it is unknown, used or too old. Of two at once one gets it."""
    statement = (
        update(invitations)
        .where(
            invitations.c.token_sha256 == digest(token),
            invitations.c.used_at.is_(None),
            invitations.c.expires_at > now,
        )
        .values(used_at=now, used_by=person_id)
        .returning(invitations.c.role, invitations.c.territory)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    member = Membership(Role(row.role), row.territory)
    if member not in await own_memberships(connection, person_id):
        values = {"person_id": person_id, "role": row.role, "territory": row.territory, "since": now}
        await connection.execute(insert(memberships).values(values))
    await set_person(connection, person_id, officer=True)
    return member


async def officers_of(
    connection: AsyncConnection, territory: str, but: int = 0, side: Side | None = None, today: date | None = None
) -> list[int]:
    """Person ids of who acts for this side of a commune: the nearest who can be told, as storage.rights.sides_at.

    Without a side it is whoever answers for the commune: its own people, else the province's, else administrators.
    Who has blocked the bot can't be told anything, and nobody (`but`) is an officer of their own case. Who is away
    on `today` is told nothing: their cover is.
    """
    province = territory.partition("/")[0]
    statement = select(memberships.c.territory, memberships.c.role, memberships.c.person_id).where(
        memberships.c.territory.in_((territory, province, "")), memberships.c.removed_at.is_(None)
    )
    rows = (await connection.execute(statement.distinct().order_by(memberships.c.person_id))).all()
    told = await acting(connection, {row.person_id for row in rows}, today, but)
    for place, roles in who_acts(territory, side):
        here = (told.get(row.person_id) for row in rows if row.territory == place and Role(row.role) in roles)
        if found := {person_id for person_id in here if person_id is not None}:
            return sorted(found)
    return []


async def chats_of(connection: AsyncConnection, person_ids: Collection[int]) -> list[Any]:
    """For each person the chat used last that still takes messages: id, person_id, channel, chat_id, locale."""
    if not person_ids:
        return []
    statement = (
        select(
            conversations.c.id,
            conversations.c.person_id,
            conversations.c.channel,
            conversations.c.chat_id,
            conversations.c.locale,
        )
        .where(conversations.c.person_id.in_(person_ids), conversations.c.status == "open")
        .order_by(conversations.c.updated_at)
    )
    newest = {row.person_id: row for row in await connection.execute(statement)}
    return list(newest.values())


# ---------------------------------------------------------------- notes, timers, links


async def set_timers(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of conversation_id, kind, subject, turn, due_at; a newer one for the same thing replaces the older."""
    statement = upsert(connection, timers)
    statement = statement.on_conflict_do_update(
        index_elements=["conversation_id", "kind", "subject"],
        set_={"turn": statement.excluded.turn, "due_at": statement.excluded.due_at},
    )
    if rows:
        await connection.execute(statement, list(rows))


async def due_timers(connection: AsyncConnection, now: datetime, limit: int) -> list[Any]:
    """Timers whose moment has come, with the chat they belong to."""
    statement = (
        select(timers, conversations.c.channel, conversations.c.chat_id)
        .join(conversations)
        .where(timers.c.due_at <= now)
        .order_by(timers.c.due_at)
        .limit(limit)
    )
    return list(await connection.execute(statement))


async def upload_link(
    connection: AsyncConnection, conversation_id: int, case_code: str, paper: str, now: datetime
) -> str:
    """A one-time token for sending one paper of one case through a web page."""
    token = secrets.token_urlsafe(18)
    await connection.execute(
        insert(upload_links).values(
            token_sha256=digest(token),
            conversation_id=conversation_id,
            case_code=case_code,
            paper=paper,
            expires_at=now + timedelta(hours=UPLOAD_LINK_HOURS),
        )
    )
    return token


async def link_target(connection: AsyncConnection, token: str, now: datetime, *, use: bool) -> Any:
    """The chat, case and paper of an upload link that is still good, else None. `use` spends it."""
    good = and_(
        upload_links.c.token_sha256 == digest(token),
        upload_links.c.used_at.is_(None),
        upload_links.c.expires_at > now,
    )
    statement = (
        select(upload_links, conversations.c.channel, conversations.c.chat_id, conversations.c.locale)
        .join(conversations)
        .where(good)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is not None and use:
        spent = await connection.execute(update(upload_links).where(good).values(used_at=now))
        return row if spent.rowcount == 1 else None
    return row


async def prune_links(connection: AsyncConnection, before: datetime) -> None:
    """Forget one-time links that were spent or ran out before; what an invitation gave stands in memberships."""
    for table in (upload_links, invitations):
        await connection.execute(delete(table).where(or_(table.c.expires_at < before, table.c.used_at < before)))


# ---------------------------------------------------------------- forgetting


async def forget(connection: AsyncConnection, conversation: Conversation, kept_files: Collection[str]) -> None:
    """Delete what is personal at once. What was handed in stays: its case, papers and their files.

    The bytes of other files are erased by the worker that fetches files, as no store takes part in a transaction.

    Source: law 91/2025/QH15, deletion on withdrawal; official records follow the authority's archive rules.
    """
    person_id = conversation.person_id
    await set_person(
        connection,
        person_id,
        name="",
        phone="",
        producer_kind="",
        producer_name="",
        commune="",
        consent="",
        reminders=False,
    )
    await connection.execute(delete(timers).where(timers.c.conversation_id == conversation.id))
    await connection.execute(delete(upload_links).where(upload_links.c.conversation_id == conversation.id))
    await connection.execute(delete(outbox).where(outbox.c.conversation_id == conversation.id))
    if conversation.channel == "web":
        await _forget_page(connection, conversation)
    loose = and_(files.c.person_id == person_id, files.c.id.not_in(list(kept_files)))
    await connection.execute(update(files).where(loose).values(_ERASE))
    await connection.execute(delete(notes).where(notes.c.author_id == person_id, notes.c.case_id.is_(None)))


_ERASE: dict[str, Any] = {"status": FORGOTTEN, "name": "", "attempts": 0, "due_at": files.c.received_at}


async def _forget_page(connection: AsyncConnection, conversation: Conversation) -> None:
    """The messages of a web chat, and the files that were made for it alone."""
    statement = delete(web_messages).where(web_messages.c.chat_id == conversation.chat_id)
    gone = await connection.execute(statement.returning(web_messages.c.body, web_messages.c.created_at))
    rows = [
        {
            "id": secrets.token_hex(12),
            "person_id": conversation.person_id,
            "conversation_id": conversation.id,
            "channel": conversation.channel,
            "source": "",
            "status": FORGOTTEN,
            "sha256": file["sha256"],
            "due_at": message.created_at,
            "received_at": message.created_at,
        }
        for message in gone
        for file in message.body.get("attachments", ())
        if "sha256" in file
    ]
    if rows:
        await connection.execute(insert(files), rows)


async def still_used(connection: AsyncConnection, sha256: str) -> bool:
    """Whether anybody's file, or a message on anybody's page, has these bytes."""
    held = files.c.status != FORGOTTEN
    file = select(files.c.id).where(held, or_(files.c.sha256 == sha256, files.c.source.endswith(f":{sha256}")))
    message = select(web_messages.c.id).where(cast(web_messages.c.body, Text).contains(sha256))
    for statement in (file, message):
        if (await connection.execute(statement.limit(1))).first() is not None:
            return True
    return False

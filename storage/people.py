"""Writes about people: consent, place, language, roles, notes, reminders, and forgetting."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, Text, and_, bindparam, cast, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.model import Membership, Role, State
from dialogs.rules.lifecycle import Side
from dialogs.state import dump
from storage import links, notices
from storage.database import inserting
from storage.joining import leave
from storage.links import digest as digest
from storage.models import (
    TELLING,
    address_codes,
    cases,
    consents,
    conversations,
    download_links,
    files,
    invitations,
    memberships,
    notes,
    outbox,
    own_papers,
    people,
    self_scores,
    star_steps,
    timers,
    upload_links,
    web_messages,
    wrong_codes,
)
from storage.reach import forget_addresses, in_order
from storage.records import FORGOTTEN, Conversation
from storage.rights import who_acts
from storage.staff import acting, own_memberships

INVITATION_DAYS = 7
UPLOAD_LINK_HOURS = 24


async def record_consent(
    connection: AsyncConnection,
    conversation: Conversation,
    purpose: str,
    given: bool,
    text_version: str,
    now: datetime,
) -> None:
    """The proof (law 91/2025: a recorded act) and the state it leads to."""
    row = {
        "person_id": conversation.person_id,
        "purpose": purpose,
        "given": given,
        "text_version": text_version,
        "channel": conversation.channel,
        "recorded_at": now,
    }
    await connection.execute(_CONSENT, row)
    values = {"consent": "yes" if given else "no"} if purpose == "dossier" else {"reminders": given}
    await set_person(connection, conversation.person_id, **values)


_CONSENT = insert(consents)


async def set_person(connection: AsyncConnection, person_id: int, **values: Any) -> None:
    await connection.execute(_PERSON, {"row_id": person_id, **values})


_PERSON = update(people).where(people.c.id == bindparam("row_id"))


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
    rows = await _members_around(connection, territory)
    told = await acting(connection, {row.person_id for row in rows}, today, but)
    for place, roles in who_acts(territory, side):
        here = (told.get(row.person_id) for row in rows if row.territory == place and Role(row.role) in roles)
        if found := {person_id for person_id in here if person_id is not None}:
            return sorted(found)
    return []


async def _members_around(connection: AsyncConnection, territory: str) -> Sequence[Any]:
    """Roles in a commune, in its province and for all of the country."""
    places = (territory, territory.partition("/")[0], "")
    return (await connection.execute(_AROUND, {"places": places})).all()


_AROUND = (
    select(memberships.c.territory, memberships.c.role, memberships.c.person_id)
    .where(memberships.c.territory.in_(bindparam("places", expanding=True)), memberships.c.removed_at.is_(None))
    .distinct()
    .order_by(memberships.c.person_id)
)


async def next_in_charge(connection: AsyncConnection, territory: str, but: Collection[int], today: date) -> list[int]:
    """Who is told where those (`but`) could not be: others who answer for the territory, else the level above."""
    rows = await _members_around(connection, territory)
    told = await acting(connection, {row.person_id for row in rows} - set(but), today)
    for place, roles in who_acts(territory, None):
        here = {told.get(row.person_id) for row in rows if row.territory == place and Role(row.role) in roles}
        if found := here - {None, *but}:
            return sorted(person for person in found if person is not None)
    return []


@dataclass(frozen=True, slots=True)
class Chat:
    """Where a person is told: here first, then, where that does not work, in the `others`, in order.

    `hours`: the minutes of the day between which they want to be told; None: they have said nothing. `phone`: theirs,
    if they have agreed to be reminded, else "". `heard`: when they last wrote here; `quota_left`: what the platform
    still takes until they write again, None where it does not say; `closed`: they have left this chat. `at`: where they
    stand there (State.at); `listed`: the last number of the newest list there.
    """

    id: int
    person_id: int
    channel: str
    chat_id: str
    locale: str
    hours: tuple[int, int] | None = None
    phone: str = ""
    others: tuple["Chat", ...] = ()
    heard: datetime | None = None
    quota_left: int | None = None
    closed: bool = False
    at: str = ""
    listed: int = 0


async def chats_of(connection: AsyncConnection, person_ids: Collection[int], *, or_closed: bool = False) -> list[Chat]:
    """For each person the chat to use first, with their others; without those who have none that takes messages.

    `or_closed`: who has closed every chat is given those as well. A notice there fails without a word to the platform,
    and then whoever can telephone hears of it (bot.ladder).

    In the order of channels that a person has chosen, else the one that last worked: where they wrote, or were told.
    What only tells comes last, the browser before the e-mail, which few look at.
    """
    if not person_ids:
        return []
    statement = (
        select(
            conversations.c.id,
            conversations.c.person_id,
            conversations.c.channel,
            conversations.c.chat_id,
            conversations.c.locale,
            conversations.c.updated_at,
            conversations.c.worked_at,
            conversations.c.quota_left,
            conversations.c.status,
            conversations.c.state["at"].as_string().label("at"),
            conversations.c.listed,
            people.c.reach,
            people.c.phone,
            people.c.reminders,
        )
        .join(people)
        .where(conversations.c.person_id.in_(person_ids))
        .order_by(conversations.c.updated_at, conversations.c.id)
    )
    found = await _by_person(connection, statement.where(conversations.c.status == "open"))
    closed = set(person_ids) - set(found) if or_closed else set()
    if closed:
        left = conversations.c.person_id.in_(closed), conversations.c.channel.not_in(TELLING)
        found |= await _by_person(connection, statement.where(*left))
    return [_ladder(rows) for rows in found.values()]


async def chat_of(connection: AsyncConnection, person_id: int) -> Chat | None:
    """Where one person is told, also if they have closed it; None where they have no chat at all."""
    return next(iter(await chats_of(connection, [person_id], or_closed=True)), None)


async def _by_person(connection: AsyncConnection, chats: Select[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in await connection.execute(chats):
        found.setdefault(row.person_id, []).append(row)
    return found


def _ladder(rows: Sequence[Any]) -> Chat:
    """All chats of one person as a ladder."""
    reach = rows[0].reach or {}
    hours = (int(reach["hours"][0]), int(reach["hours"][1])) if reach.get("hours") else None
    phone = rows[0].phone if rows[0].reminders else ""
    first, *others = (
        Chat(
            *(row.id, row.person_id, row.channel, row.chat_id, row.locale, hours, phone),
            heard=row.updated_at,
            quota_left=row.quota_left,
            closed=row.status != "open",
            at=row.at or "",
            listed=max((number for number, _, _ in row.listed or ()), default=0),
        )
        for row in in_order(rows, reach.get("order") or ())
    )
    return replace(first, others=tuple(others))


async def close_chat(connection: AsyncConnection, channel: str, chat_id: str, at: datetime) -> None:
    """Nothing may be sent there until the person writes again; a chat that nobody knows is none to close.

    Unless they were heard after they had left (`at`): platforms repeat what they think did not arrive.
    """
    here = (conversations.c.channel == channel, conversations.c.chat_id == chat_id)
    left = update(conversations).where(*here, conversations.c.updated_at <= at)
    await connection.execute(left.values(status="blocked"))


# ---------------------------------------------------------------- notes, timers, links


async def set_timers(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of conversation_id, kind, subject, turn, due_at; a newer one for the same thing replaces the older."""
    if rows:
        await connection.execute(_timers(connection.dialect.name), list(rows))


@cache
def _timers(dialect: str) -> Any:
    statement = inserting(dialect, timers)
    return statement.on_conflict_do_update(
        index_elements=["conversation_id", "kind", "subject"],
        set_={"turn": statement.excluded.turn, "due_at": statement.excluded.due_at},
    )


async def due_timers(connection: AsyncConnection, now: datetime, limit: int) -> list[Any]:
    """Timers whose moment has come, with the chat they belong to."""
    return list(await connection.execute(_DUE_TIMERS, {"now": now, "most": limit}))


_DUE_TIMERS = (
    select(timers, conversations.c.channel, conversations.c.chat_id)
    .join(conversations)
    .where(timers.c.due_at <= bindparam("now"))
    .order_by(timers.c.due_at)
    .limit(bindparam("most"))
)


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


# ---------------------------------------------------------------- forgetting


async def forget(connection: AsyncConnection, conversation: Conversation, kept_files: Collection[str]) -> None:
    """Delete what is personal at once. What was handed in stays: its case, papers and their files.

    In all chats of the person, which are locked by this transaction. The bytes of other files are erased by the worker
    that fetches files, as no store takes part in a transaction.

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
        reach=None,
    )
    chats = (await connection.execute(select(conversations).where(conversations.c.person_id == person_id))).all()
    ids = [chat.id for chat in chats]
    for table in (timers, upload_links, outbox, address_codes, wrong_codes):
        await connection.execute(delete(table).where(table.c.conversation_id.in_(ids)))
    for chat in chats:
        await leave(connection, chat.id)
        await links.forget(connection, chat.id)
        if chat.channel == "web":
            await _forget_page(connection, chat)
    begun_elsewhere = (conversations.c.person_id == person_id, conversations.c.id != conversation.id)
    empty = {"state": dump(State(at="menu/")), "listed": None}
    await connection.execute(update(conversations).where(*begun_elsewhere).values(empty))
    await notices.forget(connection, person_id)
    await forget_addresses(connection, person_id)
    own = select(cases.c.id).where(cases.c.person_id == person_id)
    for table in (self_scores, star_steps):  # no council's papers
        await connection.execute(delete(table).where(table.c.case_id.in_(own)))
    await connection.execute(update(cases).where(cases.c.person_id == person_id).values(star_goal=0))
    loose = and_(files.c.person_id == person_id, files.c.id.not_in(list(kept_files)))
    await connection.execute(update(files).where(loose).values(_ERASE))
    await connection.execute(delete(notes).where(notes.c.author_id == person_id, notes.c.case_id.is_(None)))
    await connection.execute(delete(own_papers).where(own_papers.c.person_id == person_id))


_ERASE: dict[str, Any] = {"status": FORGOTTEN, "name": "", "attempts": 0, "due_at": files.c.received_at}


async def _forget_page(connection: AsyncConnection, conversation: Any) -> None:
    """The messages of a web chat (its row), and the files that were made for it alone."""
    statement = delete(web_messages).where(web_messages.c.chat_id == conversation.chat_id)
    gone = await connection.execute(statement.returning(web_messages.c.body, web_messages.c.created_at))
    made = [
        (conversation.person_id, conversation.id, conversation.channel, file["sha256"], message.created_at)
        for message in gone
        for file in message.body.get("attachments", ())
        if "sha256" in file
    ]
    await links.to_be_erased(connection, made)


async def still_used(connection: AsyncConnection, sha256: str) -> bool:
    """Whether anybody's file, a message on anybody's page, or a link has these bytes."""
    held = files.c.status != FORGOTTEN
    file = select(files.c.id).where(held, or_(files.c.sha256 == sha256, files.c.source.endswith(f":{sha256}")))
    message = select(web_messages.c.id).where(cast(web_messages.c.body, Text).contains(sha256))
    link = select(download_links.c.token_sha256).where(download_links.c.sha256 == sha256)
    for statement in (file, message, link):
        if (await connection.execute(statement.limit(1))).first() is not None:
            return True
    return False

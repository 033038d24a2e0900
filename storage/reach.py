"""Addresses where a person is only told, and nobody answers: each is a conversation of channel "email" or "push".

Such a row belongs to one person for ever. Whoever proves an address that was somebody else's gets a row of their own,
and the old one loses the address: what was on its way to the one never reaches the other.
"""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.engine import dialog_name, drafts_in
from dialogs.model import Facts, Reach, State, Way
from dialogs.state import dump, load
from dialogs.tree import DIALOGS
from storage.database import upsert
from storage.models import TELLING, address_codes, conversations, outbox, people, push_subscriptions

if TYPE_CHECKING:
    from storage.records import Conversation

OPEN, BLOCKED, UNPROVED = "open", "blocked", "unproved"
MAX_ADDRESS_CHARS = 80  # of conversations.chat_id


async def add_address(
    connection: AsyncConnection, person_id: int, channel: str, chat_id: str, locale: str, now: datetime
) -> int:
    """The conversation of an address that this person has just proved to be theirs.

    Raises ValueError for one longer than MAX_ADDRESS_CHARS, which no column would take.
    """
    row = _row(person_id, channel, chat_id, locale, now) | {"status": OPEN}
    await _retire(connection, _at(channel, chat_id) & (conversations.c.person_id != person_id))
    statement = upsert(connection, conversations).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=["channel", "chat_id"],
        set_={"status": OPEN, "locale": locale, "updated_at": now},
        where=conversations.c.person_id == person_id,  # of two who prove it in one instant, the second does it again
    )
    return int((await connection.execute(statement.returning(conversations.c.id))).scalar_one())


async def unproved_address(
    connection: AsyncConnection, person_id: int, channel: str, chat_id: str, locale: str, now: datetime
) -> int:
    """The conversation to which a code goes that is to prove the address; whoever has it already keeps it till then.

    One that was stopped takes the code, and nothing else. Raises ValueError as add_address does.
    """
    row = _row(person_id, channel, chat_id, locale, now) | {"status": UNPROVED}
    statement = upsert(connection, conversations).values(row)
    again = {"status": UNPROVED, "updated_at": now}
    statement = statement.on_conflict_do_update(
        index_elements=["channel", "chat_id"], set_=again, where=conversations.c.status == BLOCKED
    )
    await connection.execute(statement)
    return int((await connection.execute(select(conversations.c.id).where(_at(channel, chat_id)))).scalar_one())


def _row(person_id: int, channel: str, chat_id: str, locale: str, now: datetime) -> dict[str, Any]:
    if len(chat_id) > MAX_ADDRESS_CHARS:
        raise ValueError("the address is too long")
    row = {"person_id": person_id, "channel": channel, "chat_id": chat_id, "locale": locale}
    return row | {"state": dump(State()), "updated_at": now}


def _at(channel: str, chat_id: str) -> ColumnElement[bool]:
    return (conversations.c.channel == channel) & (conversations.c.chat_id == chat_id)


async def address(connection: AsyncConnection, channel: str, chat_id: str) -> Any:
    """Row (id, locale) of an address that may be written to; None once it was stopped or belongs to nobody."""
    which = (_at(channel, chat_id), conversations.c.status != BLOCKED)
    return (await connection.execute(select(conversations.c.id, conversations.c.locale).where(*which))).one_or_none()


async def stop(connection: AsyncConnection, conversation_id: int) -> None:
    """Nothing goes to this address any more, until somebody proves it again."""
    which = (conversations.c.id == conversation_id, conversations.c.channel.in_(TELLING))
    await connection.execute(update(conversations).where(*which).values(status=BLOCKED))


async def forget_addresses(connection: AsyncConnection, person_id: int) -> None:
    """Everything about where a person was told; what was on its way there goes as well."""
    await _retire(connection, conversations.c.channel.in_(TELLING) & (conversations.c.person_id == person_id))


async def prune_addresses(connection: AsyncConnection, before: datetime) -> int:
    """Forget e-mail addresses that were typed and never proved, or stopped, and not touched since `before`."""
    idle = conversations.c.status.in_((UNPROVED, BLOCKED)) & (conversations.c.updated_at < before)
    named = conversations.c.chat_id.contains("@")  # not retired yet
    return await _retire(connection, (conversations.c.channel == "email") & idle & named)


async def _retire(connection: AsyncConnection, which: ColumnElement[bool]) -> int:
    """The row stays for the ledger of deliveries; the address, and what was to go there, is erased. How many."""
    gone = literal("gone-").concat(conversations.c.id.cast(conversations.c.chat_id.type))
    retired = update(conversations).where(which).values(chat_id=gone, status=BLOCKED).returning(conversations.c.id)
    ids = list((await connection.execute(retired)).scalars())
    if ids:
        await connection.execute(delete(push_subscriptions).where(push_subscriptions.c.conversation_id.in_(ids)))
        await connection.execute(delete(outbox).where(outbox.c.conversation_id.in_(ids)))
    return len(ids)


# ---------------------------------------------------------------- how a person is told

SHOW_REACH = {"reach", "reach_first", "reach_hours", "email", "email_off", "join", "join_code", "split"}
"""Dialogs about the ways themselves; for the others they are not read."""
SHOW_DRAFTS = {"check_status", "case"}
"""Dialogs that name the forms begun in other chats, where there are others."""
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def shows_reach(conversation: "Conversation") -> bool:
    """Also where consent is asked for first."""
    here, then = dialog_name(conversation.state.key), dialog_name(conversation.state.then)
    return bool({here, then} & SHOW_REACH) or (here in SHOW_DRAFTS and conversation.person.chats > 1)


def in_order(rows: Sequence[Any], order: Sequence[str], here: int = 0) -> list[Any]:
    """Chats and addresses of one person (rows of id, channel, updated_at, worked_at) as they are tried.

    In the order of channels that the person has chosen, else the one that last worked: where they wrote, or were told;
    `here`: the conversation in which they are writing. What only tells comes last, the browser before the e-mail,
    which few look at.
    """
    usual = len(order)

    def place(row: Any) -> int:
        if row.channel in order:
            return order.index(row.channel)
        return usual + (1 + TELLING.index(row.channel) if row.channel in TELLING else 0)

    newest_first = sorted(rows, key=lambda row: (row.id == here, _last_worked(row)), reverse=True)
    return sorted(newest_first, key=place)


def _last_worked(row: Any) -> datetime:
    worked: datetime = max(row.updated_at, row.worked_at or row.updated_at)
    return worked


async def reach_of(connection: AsyncConnection, conversation_id: int, person_id: int, base: Facts) -> Reach:
    """How a person is told, as this chat of theirs shows it; browsers count as one."""
    wanted = (await connection.execute(select(people.c.reach).where(people.c.id == person_id))).scalar() or {}
    which = (conversations.c.person_id == person_id, conversations.c.status != UNPROVED)
    found = (await connection.execute(select(conversations).where(*which).order_by(conversations.c.id))).all()
    rows = [row for row in found if row.status != BLOCKED or row.channel not in TELLING]
    ways = dict.fromkeys(
        _way(row, conversation_id, base) for row in in_order(rows, wanted.get("order") or (), conversation_id)
    )
    hours = tuple(wanted.get("hours") or ()) or None
    return Reach(
        tuple(sorted(ways, key=lambda way: way.blocked)), hours, await _unproved(connection, conversation_id, base)
    )


def _way(row: Any, conversation_id: int, base: Facts) -> Way:
    if row.channel in TELLING:
        return Way(row.channel, address=row.chat_id if row.channel == "email" else "")
    here = row.id == conversation_id
    return Way(
        row.channel,
        _last_worked(row).astimezone(_VIETNAM).date(),
        blocked=row.status == BLOCKED,
        here=here,
        drafts=() if here else tuple(d.title for d in drafts_in(DIALOGS, load(row.state), base) if d.sent),
    )


async def _unproved(connection: AsyncConnection, conversation_id: int, base: Facts) -> str:
    which = (address_codes.c.conversation_id == conversation_id, address_codes.c.expires_at > base.now)
    return (await connection.execute(select(address_codes.c.address).where(*which))).scalar() or ""


async def set_reach(connection: AsyncConnection, person_id: int, **chosen: Any) -> None:
    """Keep an `order` of channels, or `hours` (None: as usual), beside what was chosen before. The person is locked."""
    before: Mapping[str, Any] = (
        await connection.execute(select(people.c.reach).where(people.c.id == person_id))
    ).scalar() or {}
    kept = {name: value for name, value in {**before, **chosen}.items() if value}
    await connection.execute(update(people).where(people.c.id == person_id).values(reach=kept or None))


async def channels_of(connection: AsyncConnection, person_id: int) -> list[str]:
    """Over which channels a person is told, in the order in which they are tried."""
    wanted = (await connection.execute(select(people.c.reach).where(people.c.id == person_id))).scalar() or {}
    which = (conversations.c.person_id == person_id, conversations.c.status == OPEN)
    rows = (await connection.execute(select(conversations).where(*which).order_by(conversations.c.id))).all()
    return list(dict.fromkeys(row.channel for row in in_order(rows, wanted.get("order") or ())))


# ---------------------------------------------------------------- a code that proves an e-mail address

CODE_MINUTES = 10
CODE_TRIES = 5
CODES_PER_HOUR = 3
"""To one address, and from one chat: whoever else owns it must not be bothered by what strangers type."""
MAILS_PER_HOUR = 60
"""Such codes from all chats together: chats cost nothing, and nobody shall send mail to the world through us."""
_HOUR = timedelta(hours=1)


def keyed(secret: str, purpose: str, digits: str) -> str:
    """What is kept of six digits: nothing that can be tried out without this installation's key."""
    return hmac.new(secret.encode(), f"{purpose} {digits}".encode(), sha256).hexdigest()


def six_digits() -> str:
    return f"{secrets.randbelow(1_000_000):06}"


async def address_code(
    connection: AsyncConnection, conversation_id: int, address: str, secret: str, now: datetime
) -> str:
    """Digits for an address that was typed in this chat, in place of any before; "" when there were too many."""
    stale = (address_codes.c.first_at <= now - _HOUR, address_codes.c.expires_at <= now)
    await connection.execute(delete(address_codes).where(*stale))
    recent = select(address_codes).where(address_codes.c.first_at > now - _HOUR)
    mine = (await connection.execute(recent.where(address_codes.c.conversation_id == conversation_id))).one_or_none()
    sums = select(func.coalesce(func.sum(address_codes.c.sent), 0)).where(address_codes.c.first_at > now - _HOUR)
    there = (await connection.execute(sums.where(func.lower(address_codes.c.address) == address.lower()))).scalar_one()
    everywhere = (await connection.execute(sums)).scalar_one()
    sent = mine.sent if mine is not None else 0
    if sent >= CODES_PER_HOUR or there >= CODES_PER_HOUR or everywhere >= MAILS_PER_HOUR:
        return ""
    digits = six_digits()
    values = {
        "address": address,
        "code_sha256": keyed(secret, f"e-mail {address}", digits),
        "tries": 0,
        "expires_at": now + timedelta(minutes=CODE_MINUTES),
        "sent": sent + 1,
        "first_at": mine.first_at if mine is not None else now,
    }
    statement = upsert(connection, address_codes).values(conversation_id=conversation_id, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["conversation_id"], set_=values))
    return digits


class Proof(StrEnum):
    """What a typed code came to."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"  # too late, or wrong too often: a new code is needed


async def prove(
    connection: AsyncConnection, conversation_id: int, digits: str, secret: str, now: datetime
) -> tuple[Proof, str]:
    """What became of it, and the address."""
    which = address_codes.c.conversation_id == conversation_id
    row = (await connection.execute(select(address_codes).where(which))).one_or_none()
    if row is None or row.expires_at <= now:
        return Proof.OVER, ""
    if hmac.compare_digest(row.code_sha256, keyed(secret, f"e-mail {row.address}", digits)):
        await connection.execute(update(address_codes).where(which).values(expires_at=now))  # its count goes on
        return Proof.RIGHT, row.address
    over = row.tries + 1 >= CODE_TRIES
    values = {"tries": row.tries + 1, **({"expires_at": now} if over else {})}
    await connection.execute(update(address_codes).where(which).values(values))
    return (Proof.OVER if over else Proof.WRONG), row.address


async def drop_email(connection: AsyncConnection, person_id: int, conversation_id: int, now: datetime) -> None:
    """Erase the e-mail addresses of a person, and stop waiting for a code."""
    waits = (address_codes.c.conversation_id == conversation_id, address_codes.c.expires_at > now)
    await connection.execute(update(address_codes).where(*waits).values(expires_at=now))
    mine = (conversations.c.channel == "email") & (conversations.c.person_id == person_id)
    await _retire(connection, mine & conversations.c.chat_id.contains("@"))

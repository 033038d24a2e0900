"""Web links to what a channel could not carry. A link is a secret: only its hash is kept."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import conversations, download_links, files
from storage.records import FORGOTTEN

OPEN_FOR = timedelta(hours=24)
MOST_OPENS = 5
"""A phone that lost its network half way tries again; a link that went around in a group ends."""
SHOWN_FOR = timedelta(hours=1)
"""How long a platform may take a picture from its address; none says how soon it does, nor how often."""
NAME_CHARS = 200


def digest(token: str) -> str:
    """What is kept of a secret link: enough to recognise it, too little to use it."""
    return hashlib.sha256(token.encode()).hexdigest()


async def add(
    connection: AsyncConnection,
    conversation_id: int,
    kept: tuple[str, str, str],
    now: datetime,
    *,
    direct: bool = False,
) -> str:
    """The token of a new link. `kept`: name, media type and SHA-256 of the bytes; `direct`: without a page."""
    token, (name, media_type, sha256) = secrets.token_urlsafe(18), kept
    await connection.execute(
        insert(download_links).values(
            token_sha256=digest(token),
            conversation_id=conversation_id,
            name=name[-NAME_CHARS:],
            media_type=media_type,
            sha256=sha256,
            direct=direct,
            expires_at=now + (SHOWN_FOR if direct else OPEN_FOR),
        )
    )
    return token


async def renew(connection: AsyncConnection, token: str, now: datetime) -> bool:
    """Let a link whose message has to be sent again count from now; False when it is gone."""
    this = download_links.c.token_sha256 == digest(token)
    direct = (await connection.execute(select(download_links.c.direct).where(this))).scalar_one_or_none()
    if direct is None:
        return False
    later = now + (SHOWN_FOR if direct else OPEN_FOR)
    await connection.execute(update(download_links).where(this).values(expires_at=later))
    return True


async def found(connection: AsyncConnection, token: str, now: datetime, *, direct: bool = False) -> Row[Any] | None:
    """The link with its chat's locale, if it is still good; looking uses nothing up."""
    statement = select(download_links, conversations.c.locale).join(conversations).where(_good(token, now, direct))
    return (await connection.execute(statement)).one_or_none()


async def opened(connection: AsyncConnection, token: str, now: datetime) -> bool:
    """Count one opening; False when there were enough."""
    counted = update(download_links).where(_good(token, now, direct=False)).values(opens=download_links.c.opens + 1)
    return (await connection.execute(counted)).rowcount == 1


def _good(token: str, now: datetime, direct: bool) -> ColumnElement[bool]:
    good = and_(
        download_links.c.token_sha256 == digest(token),
        download_links.c.direct.is_(direct),
        download_links.c.expires_at > now,
    )
    return good if direct else and_(good, download_links.c.opens < MOST_OPENS)


async def prune(connection: AsyncConnection, now: datetime) -> int:
    """Forget links that ran out, and say how many. Their bytes are erased, unless somebody else has them."""
    return await _end(connection, download_links.c.expires_at <= now)


async def forget(connection: AsyncConnection, conversation_id: int) -> None:
    """As `prune`, for everything that was ever offered in a chat."""
    await _end(connection, download_links.c.conversation_id == conversation_id)


async def _end(connection: AsyncConnection, which: ColumnElement[bool]) -> int:
    statement = (
        select(download_links, conversations.c.person_id, conversations.c.channel).join(conversations).where(which)
    )
    rows = (await connection.execute(statement)).all()
    ended = download_links.c.token_sha256.in_([row.token_sha256 for row in rows])
    await connection.execute(delete(download_links).where(ended))
    past = [row.expires_at - OPEN_FOR for row in rows]  # at once
    ids = [(row.person_id, row.conversation_id, row.channel, row.sha256) for row in rows]
    await to_be_erased(connection, [(*one, due) for one, due in zip(ids, past, strict=True)])
    return len(rows)


async def to_be_erased(connection: AsyncConnection, bytes_: Sequence[tuple[int, int, str, str, datetime]]) -> None:
    """Bytes (person, conversation, channel, SHA-256, a moment that is over) that may belong to nobody any more.

    No store takes part in a transaction, so they become rows, and the worker that fetches files erases them, unless
    somebody else has the same.
    """
    rows = [
        {
            "id": secrets.token_hex(12),
            "person_id": person_id,
            "conversation_id": conversation_id,
            "channel": channel,
            "source": "",
            "status": FORGOTTEN,
            "sha256": sha256,
            "due_at": over,
            "received_at": over,
        }
        for person_id, conversation_id, channel, sha256, over in bytes_
    ]
    if rows:
        await connection.execute(insert(files), rows)

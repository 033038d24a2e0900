"""What was decided and what personal data was looked at: who, when, over which channel. Entries are only added.

Each entry carries the hash of the one before, so none can be changed, left out or put in between without every later
hash being wrong; triggers of the database refuse to change or delete one (migration 0002). What a chain can't show is
that its end was cut off: note its last number and hash elsewhere from time to time, and give them to `verify`.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import audit, dumps, people

FIRST = "0" * 64
"""Stands for the hash before the first entry."""
REFUSED = "refused_case"
"""Somebody named a case that they may not see, or that does not exist."""
REFUSED_PER_HOUR = 20
"""Of these from one person; guessing on must not fill the audit."""
JOINED = "join_identity"
"""Two chats have become one person's: the actor is who they are now, `joined` the number that is no more."""
_BATCH = 1000
_LOCK = 0x6F636175  # "ocau", beside the locks of storage/migrate.py and bot/app.py


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing for the audit; `details` hold no personal data beyond ids. `role`: the one they acted in."""

    action: str
    actor_id: int | None
    channel: str
    case_code: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    role: str = ""


async def record(connection: AsyncConnection, entries: Sequence[Entry], now: datetime) -> None:
    """Add entries to the chain. Must be the last statements of the transaction.

    PostgreSQL: numbers without a gap mean that one transaction after the other writes here, each until its commit.
    Whoever has this lock asks for no other (the table refers to no other), so nobody can wait for them in a circle;
    that would not be so if a transaction went on to lock a case, or if a sequence of statements took it earlier.
    A rolled-back transaction gives its numbers back. SQLite has one writer at a time anyway.
    """
    if not entries:
        return
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    number, previous = await _end(connection)
    rows = []
    for entry in entries:
        number += 1
        row = _row(entry, number, previous, now)
        previous = row["hash"]
        rows.append(row)
    await connection.execute(insert(audit), rows)


async def _end(connection: AsyncConnection) -> tuple[int, str]:
    """Number and hash of the last entry."""
    last = select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)
    row = (await connection.execute(last)).one_or_none()
    return (row.number, row.hash) if row is not None else (0, FIRST)


def _row(entry: Entry, number: int, previous: str, now: datetime) -> dict[str, Any]:
    row: dict[str, Any] = {
        "number": number,
        "happened_at": now,
        "actor_id": entry.actor_id,
        "role": entry.role,
        "channel": entry.channel,
        "action": entry.action,
        "case_code": entry.case_code,
        "details": _plain(entry.details),
        "previous": previous,
    }
    return row | {"hash": hash_of(row)}


def _plain(value: Any) -> Any:
    """What JSON gives back as it was put in, from both databases: dates and fractions become texts."""
    match value:
        case None | bool() | int():
            return value
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
    return str(value).replace("\0", "")  # which PostgreSQL refuses


def hash_of(row: Mapping[str, Any]) -> str:
    """SHA-256 in hex over the hash before and the entry as canonical JSON: a list in this order, keys sorted, UTF-8."""
    entry = [
        row["number"],
        row["happened_at"].astimezone(UTC).isoformat(timespec="microseconds"),
        row["actor_id"],
        row["role"],
        row["channel"],
        row["action"],
        row["case_code"],
        _sorted(row["details"]),
    ]
    return hashlib.sha256(f"{row['previous']}{dumps(entry)}".encode()).hexdigest()


def _sorted(value: Any) -> Any:
    """PostgreSQL keeps an object's keys in an order of its own."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(inner) for inner in value] if isinstance(value, list) else value


async def lately(connection: AsyncConnection, person_id: int, action: str, now: datetime) -> int:
    """How often this person did something in the last hour, as far as it was recorded."""
    recent = (audit.c.actor_id == person_id, audit.c.action == action, audit.c.happened_at > now - timedelta(hours=1))
    return int((await connection.execute(select(func.count()).select_from(audit).where(*recent))).scalar_one())


# ---------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Verified:
    """`count` entries are in order, the last with hash `last`; `broken` is the number of the first that is not."""

    count: int
    last: str
    broken: int | None = None


async def verify(connection: AsyncConnection, noted: tuple[int, str] | None = None) -> Verified:
    """Walk the whole chain. `noted` is a number and hash of before, which must still be in it."""
    count, last = 0, FIRST
    async for row in _all(connection):
        fits = row["number"] == count + 1 and row["previous"] == last and row["hash"] == hash_of(row)
        if not fits or (noted is not None and noted[0] == row["number"] and noted[1] != row["hash"]):
            return Verified(count, last, count + 1)
        count, last = count + 1, row["hash"]
    if noted is not None and noted[0] > count:  # its end is gone
        return Verified(count, last, count + 1)
    return Verified(count, last)


async def _all(connection: AsyncConnection) -> AsyncIterator[Mapping[str, Any]]:
    """All entries in order, a batch in memory at a time."""
    after: int | None = None
    while True:
        batch = select(audit).order_by(audit.c.number).limit(_BATCH)
        rows = (await connection.execute(batch if after is None else batch.where(audit.c.number > after))).all()
        for row in rows:
            yield row._asdict()
        if len(rows) < _BATCH:
            return
        after = rows[-1].number


async def of_case(connection: AsyncConnection, code: str) -> list[Mapping[str, Any]]:
    """All that is recorded of a case, oldest first, with the person's present `name` ("" when forgotten).

    Of somebody who has joined their chats since, it is the name of the person they are now.
    """
    statement = select(audit, people.c.name).join(people, people.c.id == audit.c.actor_id, isouter=True)
    found = (await connection.execute(statement.where(audit.c.case_code == code).order_by(audit.c.number))).all()
    gone = {row.actor_id for row in found if row.actor_id is not None and row.name is None}
    names = await _names_now(connection) if gone else {}
    return [row._asdict() | {"name": row.name or names.get(row.actor_id, "")} for row in found]


async def _names_now(connection: AsyncConnection) -> dict[int, str]:
    """Names by the former numbers of all who have joined their chats (storage.joining), in whatever number of steps."""
    joined = select(audit.c.actor_id, audit.c.details).where(audit.c.action == JOINED).order_by(audit.c.number.desc())
    now: dict[int, int] = {}
    for row in await connection.execute(joined):
        now[row.details["joined"]] = now.get(row.actor_id, row.actor_id)
    statement = select(people.c.id, people.c.name).where(people.c.id.in_(set(now.values())))
    names = {row.id: row.name for row in await connection.execute(statement)}
    return {former: names.get(person_id, "") for former, person_id in now.items()}

"""Certificates that a province has given before it used this: lists it sends, and their lines as cases.

A line becomes a certified case of a producer without a chat. `results.import_key` makes it the same however often its
list is sent; a certificate that was published here is found by decision, product and maker.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs import places
from dialogs.certificate_list import Certificate
from dialogs.matching import fold
from dialogs.rules.certificate import moments, next_look
from dialogs.rules.ruleset import ruleset, ruleset_on
from dialogs.rules.working_days import DaysOff
from storage.cases import place_in_line
from storage.database import inserting
from storage.models import case_events, cases, conversations, files, imports, people, results, serials

HOLD = timedelta(minutes=5)
"""So long a worker that has not been heard of may still be at a list."""
Key = tuple[str, str, str]
"""Decision, product, maker, folded (dialogs.certificate_list.Certificate.key)."""


# ---------------------------------------------------------------- lists


async def ask(connection: AsyncConnection, province: str, file_id: str, author_id: int, now: datetime) -> int:
    """A list to be looked at; one of the same author that waits for a yes is dropped, so that only one can be meant.

    Its author is locked first: of two at the same moment the second sees the list of the first.
    """
    await connection.execute(select(people.c.id).where(people.c.id == author_id).with_for_update(key_share=True))
    waiting = (imports.c.author_id == author_id, imports.c.status.in_(("asked", "looked_at")))
    await connection.execute(update(imports).where(*waiting).values(status="dropped"))
    row = {"province": province, "file_id": file_id, "author_id": author_id, "status": "asked", "asked_at": now}
    return int((await connection.execute(insert(imports).values(row).returning(imports.c.id))).scalar_one())


async def confirm(connection: AsyncConnection, number: int, author_id: int) -> bool:
    """Whether there was a list of theirs that waits for a yes."""
    which = (imports.c.id == number, imports.c.author_id == author_id, imports.c.status == "looked_at")
    return (await connection.execute(update(imports).where(*which).values(status="confirmed"))).rowcount == 1


async def to_do(connection: AsyncConnection, now: datetime) -> Sequence[Any]:
    """Lists that are here and that nobody is at, with their file, the oldest first; the file None once it is erased."""
    free = or_(imports.c.held_until.is_(None), imports.c.held_until < now)
    which = (imports.c.status.in_(("asked", "confirmed")), free, func.coalesce(files.c.status, "") != "pending")
    statement = select(imports, files.c.sha256, files.c.status.label("file_status"))
    joined = statement.join(files, files.c.id == imports.c.file_id, isouter=True)
    return (await connection.execute(joined.where(*which).order_by(imports.c.id).limit(10))).all()


async def hold(connection: AsyncConnection, number: int, status: str, now: datetime) -> bool:
    """Whether this worker has it now, as it was when it was found; who has it says so again from time to time."""
    free = or_(imports.c.held_until.is_(None), imports.c.held_until < now)
    held = update(imports).where(imports.c.id == number, imports.c.status == status, free)
    return (await connection.execute(held.values(held_until=now + HOLD))).rowcount == 1


async def keep_hold(connection: AsyncConnection, number: int, now: datetime) -> None:
    await connection.execute(update(imports).where(imports.c.id == number).values(held_until=now + HOLD))


async def settle(connection: AsyncConnection, number: int, before: str, status: str, found: dict[str, int]) -> bool:
    """False where it stands otherwise than `before`: its author has sent another list while this one was read."""
    which = (imports.c.id == number, imports.c.status == before)
    values = {"status": status, "found": found, "held_until": None}
    return (await connection.execute(update(imports).where(*which).values(values))).rowcount == 1


async def list_of(connection: AsyncConnection, number: int) -> Any:
    statement = select(imports, files.c.sha256).join(files, files.c.id == imports.c.file_id, isouter=True)
    return (await connection.execute(statement.where(imports.c.id == number))).one_or_none()


# ---------------------------------------------------------------- lines


async def known(connection: AsyncConnection, province: str) -> set[Key]:
    """All certificates of a province that are here already."""
    columns = (results.c.decision, cases.c.product_folded, cases.c.producer_folded)
    statement = select(*columns).join(cases, cases.c.id == results.c.case_id)
    which = (cases.c.province == province, results.c.certificate_until.is_not(None))
    rows = await connection.execute(statement.where(*which))
    return {(fold(row.decision), row.product_folded, row.producer_folded) for row in rows}


def _sha256(province: str, key: Key) -> str:
    return hashlib.sha256("\n".join((province, *key)).encode()).hexdigest()


async def write(
    connection: AsyncConnection,
    province: str,
    certificates: Sequence[Certificate],
    author_id: int | None,
    channel: str,
    now: datetime,
    today: date,
) -> None:
    """These as cases, results and producers, in a few statements. The database refuses what is here already."""
    makers = await _makers(connection, certificates, now)
    codes = await _codes(connection, certificates, today)
    rows = [_case(one, code, makers[_maker(one)], now, today) for one, code in zip(certificates, codes, strict=True)]
    await connection.execute(insert(cases), rows)
    numbered = await connection.execute(select(cases.c.code, cases.c.id).where(cases.c.code.in_(codes)))
    ids = {row.code: row.id for row in numbered}
    rated = [
        {
            "case_id": ids[code],
            "import_key": _sha256(province, one.key),
            "points_a": 0,
            "points_b": 0,
            "points_c": 0,
            "stars": one.stars,
            "decision": one.decision,
            "decided_on": one.decided_on,
            "certificate_until": one.until,
            "entered_by": author_id,
            "entered_at": now,
            "published_at": now,
            "look_on": next_look(moments(one.until, ruleset_on(today)), today),
        }
        for one, code in zip(certificates, codes, strict=True)
    ]
    await connection.execute(insert(results), rated)
    events = [
        {
            "case_id": ids[row["code"]],
            "actor_id": author_id,
            "action": "import",
            "to_status": row["status"],
            "channel": channel,
            "happened_at": now,
        }
        for row in rows
    ]
    await connection.execute(insert(case_events), events)


Maker = tuple[str, str, str]


def _maker(one: Certificate) -> Maker:
    return (one.commune, fold(one.maker), one.phone)


async def _makers(connection: AsyncConnection, certificates: Sequence[Certificate], now: datetime) -> dict[Maker, int]:
    """A person for each maker of a commune: one of an earlier list, as long as they have no chat, or a new one."""
    communes = {one.commune for one in certificates}
    chats = exists().where(conversations.c.person_id == people.c.id)
    imported = exists().where(
        cases.c.person_id == people.c.id, results.c.case_id == cases.c.id, results.c.import_key.is_not(None)
    )
    here = select(people.c.id, people.c.commune, people.c.producer_name, people.c.phone)
    named = people.c.producer_name.in_({one.maker for one in certificates})
    rows = await connection.execute(here.where(people.c.commune.in_(communes), named, imported, ~chats))
    found = {(row.commune, fold(row.producer_name), row.phone): row.id for row in rows}
    more = Counter(map(_maker, certificates))
    for one in certificates:
        if _maker(one) not in found:
            row = {"phone": one.phone, "producer_kind": one.kind, "producer_name": one.maker, "commune": one.commune}
            made = insert(people).values(**row, created_at=now).returning(people.c.id)
            found[_maker(one)] = (await connection.execute(made)).scalar_one()
    for maker, count in more.items():
        counted = update(people).where(people.c.id == found[maker])
        await connection.execute(counted.values(case_count=people.c.case_count + count))
    return found


async def _codes(connection: AsyncConnection, certificates: Sequence[Certificate], today: date) -> list[str]:
    """The next codes of each commune, in the order of the list."""
    last: dict[str, int] = {}
    for commune, count in Counter(one.commune for one in certificates).items():
        more = inserting(connection.dialect.name, serials).values(commune=commune, year=today.year, last=count)
        grown = {"last": serials.c.last + count}
        statement = more.on_conflict_do_update(index_elements=["commune", "year"], set_=grown)
        last[commune] = (await connection.execute(statement.returning(serials.c.last))).scalar_one() - count
    codes = []
    for one in certificates:
        last[one.commune] += 1
        unit = places.commune(one.commune)
        codes.append(f"{unit.prefix if unit is not None else one.commune}-{today:%y}-{last[one.commune]:04d}")
    return codes


def _case(one: Certificate, code: str, person_id: int, now: datetime, today: date) -> dict[str, Any]:
    territory = places.territory(one.commune)
    answers = {
        "product": one.product,
        "product_group": one.group,
        "product_set": str(one.product_set),
        "producer_kind": one.kind,
        "producer_name": one.maker,
        "phone": one.phone,
    }
    status = "certified" if one.until >= today else "expired"
    return {
        "code": code,
        "person_id": person_id,
        "commune": one.commune,
        "territory": territory,
        "province": territory.partition("/")[0],
        "ruleset": one.ruleset,
        "product": one.product,
        "product_folded": one.key[1][:120],
        "producer_folded": one.key[2][:160],
        "answers": {name: value for name, value in answers.items() if value},
        **place_in_line(ruleset(one.ruleset), status, "", today, 0, DaysOff()),
        "submitted_at": now,
        "updated_at": now,
    }

"""Cases that an officer files for a producer without a phone, and how the producer confirms them."""

import hmac
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.answers import pages_of
from dialogs.model import Person
from dialogs.officer.assisted import CODE_DAYS, CODE_TRIES
from storage import cases as work
from storage.models import cases, confirmations, consents, conversations, files, papers, people
from storage.people import digest
from storage.records import Conversation, upsert
from storage.rights import covers

SIGNED_SHEET = "signed_sheet"
"""The sheet is kept like a paper, under this id."""


class Filed(NamedTuple):
    """A case filed for somebody: its code, the producer, and the digits that confirm it."""

    code: str
    producer_id: int
    digits: str


class Outcome(StrEnum):
    """What a typed code came to. Only whoever has the right digits learns more than that they are wrong."""

    CONFIRMED = "confirmed"
    LINKED = "linked"  # confirmed on a sheet before, and now a chat follows it
    WRONG = "wrong"
    LAST_WRONG = "last_wrong"  # the try that locks it
    LOCKED = "locked"
    EXPIRED = "expired"
    USED = "used"
    NOT_YOURSELF = "not_yourself"
    OFFICER = "officer"  # of the case's territory, who decides and does not confirm


# ---------------------------------------------------------------- filing


async def file_for(
    connection: AsyncConnection,
    officer: Conversation,
    commune: str,
    answers: Mapping[str, str],
    now: datetime,
    days_off: frozenset[date],
) -> Filed:
    """A new case whose producer is a new person without a chat; the history names both."""
    made = await connection.execute(insert(people).values(created_at=now, commune=commune).returning(people.c.id))
    producer_id = int(made.scalar_one())
    await hand_files(connection, officer.person_id, producer_id, [page[0] for page in pages_of(answers["photos"])])
    producer = replace(officer, person_id=producer_id, person=Person(commune=commune), case_count=0)
    code = await work.submit_idea(connection, producer, answers, now, days_off)
    await connection.execute(update(cases).where(cases.c.code == code).values(filed_by=officer.person_id))
    case = await work.locked(connection, code)
    actor = work.Actor(officer.person_id, officer.channel)
    await work.note_event(connection, case, actor, "submit_for", now)
    return Filed(code, producer_id, await new_digits(connection, case, now))


async def hand_files(connection: AsyncConnection, from_id: int, to_id: int, ids: Collection[str]) -> None:
    """Files that one person sent for another become the other's: a case holds only its producer's own."""
    if ids and from_id != to_id:
        which = (files.c.person_id == from_id, files.c.id.in_(ids))
        await connection.execute(update(files).where(*which).values(person_id=to_id))


async def new_digits(connection: AsyncConnection, case: Any, now: datetime) -> str:
    """Six digits that confirm a locked case, in place of any before; only their hash is kept."""
    digits = f"{secrets.randbelow(900_000) + 100_000}"
    values = {
        "code_sha256": _hash(case.code, digits),
        "tries": 0,
        "expires_at": now + timedelta(days=CODE_DAYS),
        "used_at": None,
    }
    statement = upsert(connection, confirmations).values(case_id=case.id, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["case_id"], set_=values))
    return digits


def _hash(code: str, digits: str) -> str:
    return digest(f"{digits} {code}")


# ---------------------------------------------------------------- confirming


async def confirm_by_digits(
    connection: AsyncConnection, code: str, digits: str, who: Conversation, now: datetime
) -> Outcome:
    """Confirm a case from a chat, which it follows from then on.

    Wrong digits are counted, whoever types them; but not of those who could not confirm with the right ones either,
    and who see the case anyway.
    """
    await hold_producer(connection, code)
    case = await work.locked(connection, code)
    statement = select(confirmations).join(cases).where(cases.c.code == code)
    row = (await connection.execute(statement)).one_or_none()
    if case is None or row is None:
        return Outcome.WRONG
    if covers(who.person.memberships, case.territory):
        return Outcome.NOT_YOURSELF if case.filed_by == who.person_id else Outcome.OFFICER
    if not hmac.compare_digest(row.code_sha256, _hash(code, digits)):
        return await _count(connection, row)
    if (refused := _refused(case, row, who.person_id, now)) is not None:
        return refused
    await _link(connection, case, who, now)
    used = update(confirmations).where(confirmations.c.case_id == case.id).values(used_at=now)
    await connection.execute(used)
    return Outcome.LINKED if case.confirmed == "sheet" else Outcome.CONFIRMED


async def hold_producer(connection: AsyncConnection, code: str) -> None:
    """Lock the person of a case, before the case itself: in the same order as communes are merged (bot.merge)."""
    if connection.dialect.name == "postgresql":
        producer = select(cases.c.person_id).where(cases.c.code == code).scalar_subquery()
        await connection.execute(select(people.c.id).where(people.c.id == producer).with_for_update(key_share=True))


async def _count(connection: AsyncConnection, row: Any) -> Outcome:
    tries = row.tries + 1
    if row.tries < CODE_TRIES:
        which = confirmations.c.case_id == row.case_id
        await connection.execute(update(confirmations).where(which).values(tries=tries))
    open_until_now = tries == CODE_TRIES and row.used_at is None
    return Outcome.LAST_WRONG if open_until_now else Outcome.WRONG


def _refused(case: Any, row: Any, person_id: int, now: datetime) -> Outcome | None:
    """Why the right digits do not confirm; None when they do."""
    if row.used_at is not None:
        return Outcome.USED
    if row.tries >= CODE_TRIES:
        return Outcome.LOCKED
    if row.expires_at <= now:
        return Outcome.EXPIRED
    return Outcome.NOT_YOURSELF if case.filed_by == person_id else None


async def _link(connection: AsyncConnection, case: Any, who: Conversation, now: datetime) -> None:
    """The case, its papers and what is said about it go to the person of this chat.

    Of the person without a chat only the name stays, for the history; the rest stands in the case itself.
    """
    before = case.person_id
    values = {"person_id": who.person_id, "confirmed": "code", "updated_at": now}
    await connection.execute(update(cases).where(cases.c.id == case.id).values(values))
    kept = (await connection.execute(select(papers.c.pages).where(papers.c.case_id == case.id))).scalars()
    await hand_files(connection, before, who.person_id, [page[0] for pages in kept for page in pages])
    mine: dict[str, Any] = {"case_count": people.c.case_count + 1}
    mine |= {} if who.person.commune else {"commune": case.commune}
    await connection.execute(update(people).where(people.c.id == who.person_id).values(mine))
    theirs = {"case_count": people.c.case_count - 1, "phone": "", "producer_kind": "", "producer_name": ""}
    await connection.execute(update(people).where(people.c.id == before).values(theirs))
    await work.note_event(connection, case, work.Actor(who.person_id, who.channel), "confirm", now)


async def confirm_by_sheet(
    connection: AsyncConnection,
    case: Any,
    officer: Conversation,
    pages: Sequence[tuple[str, int]],
    text_version: str,
    now: datetime,
) -> None:
    """Keep the signed sheet with a locked case, as its producer's consent; raises NotPossible without a page of it."""
    if case.filed_by is None or case.confirmed:
        raise work.NotPossible(case.code)
    await hand_files(connection, officer.person_id, case.person_id, [page[0] for page in pages])
    await work.keep_paper(connection, case, SIGNED_SHEET, [list(page) for page in pages], now)
    handed_in = (papers.c.case_id == case.id, papers.c.paper == SIGNED_SHEET, papers.c.sent_at.is_(None))
    await connection.execute(update(papers).where(*handed_in).values(sent_at=now))
    await connection.execute(update(cases).where(cases.c.id == case.id).values(confirmed="sheet", updated_at=now))
    await connection.execute(
        insert(consents).values(
            person_id=case.person_id,
            purpose="dossier",
            given=True,
            text_version=text_version,
            channel="sheet",
            recorded_at=now,
        )
    )
    await connection.execute(update(people).where(people.c.id == case.person_id).values(consent="yes"))
    actor = work.Actor(officer.person_id, officer.channel)
    await work.note_event(connection, case, actor, "confirm_sheet", now)


# ---------------------------------------------------------------- who is told instead


async def without_chat(connection: AsyncConnection, code: str) -> Any:
    """Person_id and name of the producer of a case, if it was filed for somebody who has no chat; else None."""
    chats = exists().where(conversations.c.person_id == cases.c.person_id)
    statement = select(cases.c.person_id, people.c.name).join(people, people.c.id == cases.c.person_id)
    which = (cases.c.code == code, cases.c.filed_by.is_not(None), ~chats)
    return (await connection.execute(statement.where(*which))).one_or_none()

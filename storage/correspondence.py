"""Notes between producers and officers: who wrote what, with which files, and to whom the answer goes."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, Text, bindparam, cast, exists, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs import places
from dialogs.model import Addressed, Membership, NoteLine
from storage import requests
from storage.models import cases, conversations, files, marks, memberships, notes, people, returned_items
from storage.models import requests as requests_table
from storage.rights import covers
from storage.staff import own_memberships

LAST = 10
"""Notes of a case that are shown."""
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_SENT_AS_VOICE = ("voice", "ogg", "mp3", "m4a", "aac", "amr", "awb", "wav", "webm")
"""Kinds of files that are listened to; `voice` until one has been looked at."""


async def add_note(
    connection: AsyncConnection,
    author_id: int,
    case_id: int | None,
    commune: str,
    text: str,
    to_officers: bool,
    now: datetime,
    file_ids: Sequence[str] = (),
) -> int:
    """Returns the note's id, by which it can be answered. `file_ids` as `own_files` has let them through."""
    row = {
        "author_id": author_id,
        "case_id": case_id,
        "commune": commune,
        "text": text,
        "to_officers": to_officers,
        "files": list(file_ids),
        "written_at": now,
    }
    return int((await connection.execute(insert(notes).values(row).returning(notes.c.id))).scalar_one())


async def own_files(connection: AsyncConnection, person_id: int, ids: Collection[str]) -> dict[str, bool]:
    """Of these files the ones this person sent and that were not refused or lost; whether each is listened to.

    They are passed on to somebody else, so a foreign id must not get among them.
    """
    which = (files.c.id.in_(ids), files.c.person_id == person_id, files.c.status.in_(("stored", "pending")))
    found = {row.id: row.kind for row in await connection.execute(select(files.c.id, files.c.kind).where(*which))}
    return {i: found[i] in _SENT_AS_VOICE for i in ids if i in found}


async def notes_of(connection: AsyncConnection, code: str) -> tuple[NoteLine, ...]:
    """The last notes of a case, oldest first, in Vietnamese time."""
    rows = await last_notes(connection, code)
    voices = await voices_of(connection, rows)
    return tuple(
        NoteLine(
            row.text,
            row.written_at.astimezone(_VIETNAM),
            row.name,
            row.to_officers,
            photos=sum(i not in voices for i in row.files),
            voices=sum(i in voices for i in row.files),
        )
        for row in rows
    )


async def last_notes(connection: AsyncConnection, code: str) -> list[Any]:
    """Rows of the last notes of a case with their authors' names, oldest first."""
    return list(reversed((await connection.execute(_LAST_NOTES, {"named": code})).all()))


_LAST_NOTES = (
    select(notes, people.c.name)
    .join(cases, cases.c.id == notes.c.case_id)
    .join(people, people.c.id == notes.c.author_id)
    .where(cases.c.code == bindparam("named"))
    .order_by(notes.c.id.desc())
    .limit(LAST)
)


async def voices_of(connection: AsyncConnection, rows: Iterable[Any]) -> set[str]:
    return await listened_to(connection, [i for row in rows for i in row.files])


async def listened_to(connection: AsyncConnection, ids: Collection[str]) -> set[str]:
    """Of these files the voice notes."""
    if not ids:
        return set()
    which = (files.c.id.in_(ids), files.c.kind.in_(_SENT_AS_VOICE))
    return set((await connection.execute(select(files.c.id).where(*which))).scalars())


async def last_writer(connection: AsyncConnection, case_id: int) -> int:
    """The officer who wrote last about a case, 0 if none has: a producer's answer is for them too."""
    which = (notes.c.case_id == case_id, notes.c.to_officers.is_(False))
    statement = select(notes.c.author_id).where(*which).order_by(notes.c.id.desc()).limit(1)
    return int((await connection.execute(statement)).scalar() or 0)


async def reachable(connection: AsyncConnection, code: str) -> bool:
    """Whether the producer of a case has a chat that takes messages."""
    return (await connection.execute(_OPEN_CHAT, {"named": code})).first() is not None


_OPEN_CHAT = (
    select(conversations.c.id)
    .join(cases, cases.c.person_id == conversations.c.person_id)
    .where(cases.c.code == bindparam("named"), conversations.c.status == "open")
    .limit(1)
)


def letter_key(draft_key: str) -> str:
    """Whom a conversation writes to where there is no case: "n12" of "note.n12", else ""."""
    dialog, _, subject = draft_key.partition(".")
    return subject if dialog == "note" and subject[:1] in ("n", "p") and subject[1:].isdigit() else ""


@dataclass(frozen=True, slots=True)
class Behind:
    """The person behind "n<note>" or "p<person>", and what they had asked. `open`: has a chat that takes messages."""

    person_id: int
    commune: str
    name: str
    words: str
    open: bool


async def addressed(connection: AsyncConnection, key: str, members: Collection[Membership]) -> Addressed | None:
    """What an officer may know of whom they write to where there is no case; None where `person_behind` has none."""
    found = await person_behind(connection, key, members)
    return Addressed(key, found.name, found.words, found.open) if found is not None else None


async def person_behind(connection: AsyncConnection, key: str, members: Collection[Membership]) -> Behind | None:
    """Who is behind "n<note>" or "p<person>", if their commune lies in one of the memberships' jurisdictions.

    Who has had everything deleted is in no commune. The commune of a question is the one it was asked in.
    """
    number = key[1:]
    if key[:1] not in ("n", "p") or not (number.isascii() and number.isdigit()) or len(number) > _DIGITS:
        return None
    statement = _ASKER.where(notes.c.id == int(number)) if key[0] == "n" else _PERSON.where(people.c.id == int(number))
    row = (await connection.execute(statement)).one_or_none()
    if row is None or not row.commune or not covers(members, places.territory(row.commune)):
        return None
    return Behind(row.id, row.commune, row.name or row.producer_name, row.text, bool(row.open))


_DIGITS = 9
_OPEN = exists().where(conversations.c.person_id == people.c.id, conversations.c.status == "open").label("open")
_WHO = (people.c.id, people.c.name, people.c.producer_name, _OPEN)
_PERSON = select(*_WHO, people.c.commune, literal("").label("text"))
_ASKER = (
    select(*_WHO, notes.c.commune, notes.c.text)
    .join(people, people.c.id == notes.c.author_id)
    .where(notes.c.to_officers.is_(True), notes.c.case_id.is_(None))
)


async def unanswered(connection: AsyncConnection, communes: Collection[str], me: int) -> Sequence[Any]:
    """Questions about no case that were asked in these communes and that nobody has settled, the oldest first.

    Only of who still has a chat that an answer could come to. `answer_on`: by when, if it is about personal data.
    """
    return (await connection.execute(_UNANSWERED, {"communes": list(communes), "me": me})).all()


_COMMUNES: BindParameter[Any] = bindparam("communes", expanding=True)
_UNANSWERED = (
    _ASKER.outerjoin(requests_table, requests_table.c.note_id == notes.c.id)
    .add_columns(notes.c.id.label("note_id"), notes.c.written_at, requests_table.c.answer_on)
    .where(notes.c.commune.in_(_COMMUNES), notes.c.settled_at.is_(None), people.c.id != bindparam("me"), _OPEN)
    .order_by(notes.c.id)
)


async def settle(connection: AsyncConnection, key: str, now: datetime) -> None:
    """The question "n<note>" needs no further answer."""
    which = (notes.c.id == int(key[1:]), notes.c.settled_at.is_(None))
    await connection.execute(update(notes).where(*which).values(settled_at=now))
    await requests.settle(connection, int(key[1:]), now)


async def answers_for(connection: AsyncConnection, person_id: int, territory: str) -> bool:
    """Whether somebody is still an officer for a territory or one around it."""
    return covers(await own_memberships(connection, person_id), territory)


async def kept_files(connection: AsyncConnection, person_id: int) -> set[str]:
    """Files of a person that stand in a case outside its papers: with a note, a return, or a mark.

    They stay when the person has everything deleted, as papers do. Ids of other people may be among them.
    """
    of_note = select(notes.c.files).where(notes.c.author_id == person_id, notes.c.case_id.is_not(None))
    of_mark = select(marks.c.files).where(marks.c.author_id == person_id)
    kept = [found for statement in (of_note, of_mark) for found in (await connection.execute(statement)).scalars()]
    was_officer = select(memberships.c.id).where(memberships.c.person_id == person_id).limit(1)
    if (await connection.execute(was_officer)).first() is not None:  # no column says who marked what was returned
        returned = select(returned_items.c.files).where(cast(returned_items.c.files, Text) != "[]")
        kept += (await connection.execute(returned)).scalars()
    return {file_id for found in kept for file_id in found}

"""How long things are kept, and the proof of what was deleted when its time was over.

Each rule is a name in the setting RETENTION_DAYS; the worker that fires timers runs all of them every few hours, each
in transactions of its own. What a run has deleted is added up in a row of `deletions` for each rule and day, which
names nobody.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Text, and_, cast, delete, exists, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dialogs.rules.lifecycle import Side
from dialogs.state import dump, load
from storage import digests, links, notices, outbox
from storage.database import reading, upsert, writing
from storage.erasing import erase
from storage.models import (
    address_codes,
    case_events,
    cases,
    conversations,
    deletions,
    dumps,
    files,
    imports,
    invitations,
    join_codes,
    marks,
    notes,
    own_papers,
    papers,
    results,
    returned_items,
    stories,
    updates,
    upload_links,
    web_messages,
    wrong_codes,
)
from storage.models import outbox as outbox_table
from storage.reach import prune_addresses
from storage.records import FORGOTTEN

BATCH = 100
"""Rows that are looked at one by one in a transaction."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`days`: how long what this is about is kept unless the setting says otherwise; 0: for ever.

    `run` deletes what is older than a moment and returns how much that was; less than `batch`: there is no more.
    `ends`: it ends by itself, so 0 days are no more than that.
    """

    name: str
    days: int
    what: str
    run: Callable[[AsyncConnection, datetime], Awaitable[int]]
    batch: int = 0
    ends: bool = False


async def _updates(connection: AsyncConnection, before: datetime) -> int:
    return (await connection.execute(delete(updates).where(updates.c.received_at < before))).rowcount


async def _one_time_links(connection: AsyncConnection, before: datetime) -> int:
    """What an invitation gave stands in memberships."""
    gone = 0
    for table in (upload_links, invitations):
        old = or_(table.c.expires_at < before, table.c.used_at < before)
        gone += (await connection.execute(delete(table).where(old))).rowcount
    return gone


async def _codes(connection: AsyncConnection, before: datetime) -> int:
    gone = 0
    for when in (join_codes.c.expires_at, address_codes.c.expires_at, wrong_codes.c.typed_at):
        gone += (await connection.execute(delete(when.table).where(when < before))).rowcount
    return gone


async def _imports(connection: AsyncConnection, before: datetime) -> int:
    """What became of a list stands in the cases and in the audit. One that is being written stays."""
    free = or_(imports.c.held_until.is_(None), imports.c.held_until < before)
    old = (imports.c.asked_at < before, imports.c.status != "confirmed", free)
    return (await connection.execute(delete(imports).where(*old))).rowcount


async def _overviews(connection: AsyncConnection, before: datetime) -> int:
    return await digests.prune(connection, before.date())


async def _web_messages(connection: AsyncConnection, before: datetime) -> int:
    """Bytes that stand in no other message are erased by the worker that fetches files."""
    chats = select(conversations).where(conversations.c.channel == "web").subquery()
    old = select(web_messages.c.id, web_messages.c.body, web_messages.c.created_at, chats.c.id, chats.c.person_id)
    old = old.join(chats, chats.c.chat_id == web_messages.c.chat_id).where(web_messages.c.created_at < before)
    rows = (await connection.execute(old.order_by(web_messages.c.id).limit(BATCH))).all()
    await connection.execute(delete(web_messages).where(web_messages.c.id.in_([row[0] for row in rows])))
    made = [
        (row.person_id, row[3], "web", file["sha256"], row.created_at)
        for row in rows
        for file in row.body.get("attachments", ())
        if "sha256" in file
    ]
    await links.to_be_erased(connection, made)
    return len(rows)


async def _drafts(connection: AsyncConnection, before: datetime) -> int:
    """Forms begun in chats in which nobody has written since; the files in them go by the rule for those."""
    begun = and_(
        conversations.c.updated_at < before, conversations.c.state["drafts"].as_string().not_in(("{}", "")),
    )  # fmt: skip
    statement = select(conversations.c.id, conversations.c.state).where(begun).order_by(conversations.c.id).limit(BATCH)
    rows = (await connection.execute(statement.with_for_update(key_share=True))).all()
    for row in rows:
        state = replace(load(row.state), at="menu/", drafts={}, then="")
        await connection.execute(update(conversations).where(conversations.c.id == row.id).values(state=dump(state)))
    return len(rows)


async def _loose_files(connection: AsyncConnection, before: datetime) -> int:
    """Documents that nothing refers to: no paper, note, return or mark, no answer, no form begun, no message."""
    own = or_(cases.c.person_id == files.c.person_id, cases.c.filed_by == files.c.person_id)
    kept_here = exists().where(
        own_papers.c.person_id == files.c.person_id, cast(own_papers.c.pages, Text).contains(files.c.id)
    )
    of_a_paper = exists().where(papers.c.case_id == cases.c.id, own, cast(papers.c.pages, Text).contains(files.c.id))
    of_a_note = exists().where(notes.c.author_id == files.c.person_id, cast(notes.c.files, Text).contains(files.c.id))
    old = (files.c.received_at < before, files.c.status != FORGOTTEN, files.c.due_at.is_(None))
    statement = (
        select(files.c.id, files.c.person_id)
        .where(*old, ~of_a_paper, ~of_a_note, ~kept_here)
        .order_by(files.c.received_at)
    )
    loose = [row.id for row in await connection.execute(statement) if not await _referred_to(connection, row)]
    erased = {"status": FORGOTTEN, "name": "", "attempts": 0, "due_at": files.c.received_at}
    await connection.execute(update(files).where(files.c.id.in_(loose[:BATCH])).values(erased))
    return len(loose[:BATCH])


_REFERRING = (
    papers.c.pages, own_papers.c.pages, stories.c.voices, notes.c.files, marks.c.files, returned_items.c.files,
    cases.c.answers, case_events.c.answers, outbox_table.c.body,
)  # fmt: skip


async def _referred_to(connection: AsyncConnection, file: Any) -> bool:
    """Anywhere: who loses a document that is needed gets no second one."""
    theirs = select(conversations.c.state).where(conversations.c.person_id == file.person_id)
    if any(file.id in dumps(state) for state in (await connection.execute(theirs)).scalars()):
        return True
    for column in _REFERRING:
        named = select(literal(1)).select_from(column.table).where(cast(column, Text).contains(file.id)).limit(1)
        if (await connection.execute(named)).first() is not None:
            return True
    return False


async def _closed_cases(connection: AsyncConnection, before: datetime) -> int:
    """Cases on which nobody has to act any more, with everything in them; a certificate counts from its last day."""
    good = exists().where(results.c.case_id == cases.c.id, results.c.certificate_until >= before.date())
    over = (cases.c.owner == Side.NOBODY, cases.c.updated_at < before, ~good)
    statement = select(cases.c.id, cases.c.code, cases.c.person_id).where(*over).order_by(cases.c.id).limit(BATCH)
    rows = (await connection.execute(statement.with_for_update(key_share=True))).all()
    await erase(connection, rows)
    return len(rows)


RULES: Sequence[Rule] = (
    Rule("updates", 8, "numbers of updates that were handled; platforms repeat one for a day at most", _updates),
    Rule("sent", 30, "messages that went out, or never will", outbox.prune),
    Rule("notices", 30, "news that people had, and how it reached them; of open cases for 60 days more", notices.prune),
    Rule("web_messages", 365, "the chat on the web page", _web_messages, BATCH),
    Rule("drafts", 365, "forms begun in chats in which nobody has written since", _drafts, BATCH),
    Rule("files", 30, "photos and documents that nothing refers to", _loose_files, BATCH),
    Rule("links", 30, "invitations and links for sending papers that were used or ran out", _one_time_links),
    Rule("downloads", 0, "links for opening files; each ends after a day by itself", links.prune, ends=True),
    Rule("codes", 1, "codes that join chats or prove an address, and wrong ones", _codes),
    Rule("addresses", 1, "e-mail addresses that were never proved, or stopped", prune_addresses),
    Rule("overviews", 30, "which morning overviews were made", _overviews),
    Rule("imports", 90, "lists of certificates that were taken over, refused or never confirmed", _imports),
    Rule("closed_cases", 0, "cases that are over, with all that is in them: official records", _closed_cases),
)  # fmt: skip
DAYS: Mapping[str, int] = {rule.name: rule.days for rule in RULES}


async def run(engine: AsyncEngine, days: Mapping[str, int], now: datetime) -> None:
    """Delete what has been kept long enough by `days` (or, where it says nothing, by the rule), and note it."""
    for rule in RULES:
        kept = days.get(rule.name, rule.days)
        if not kept and not rule.ends:
            continue
        before = now - timedelta(days=kept)
        while True:
            async with writing(engine, long=True) as connection:
                gone = await rule.run(connection, before)
                await _note(connection, rule, kept, before, gone, now)
            if not rule.batch or gone < rule.batch:
                break


async def _note(connection: AsyncConnection, rule: Rule, kept: int, before: datetime, gone: int, now: datetime) -> None:
    row = {"day": now.astimezone(UTC).date(), "rule": rule.name, "days": kept, "before": before}
    statement = upsert(connection, deletions).values(**row, count=gone, runs=1, ran_at=now)
    newer = statement.excluded
    added = {"count": deletions.c.count + newer.count, "runs": deletions.c.runs + 1}
    added |= {"days": newer.days, "before": newer.before, "ran_at": newer.ran_at}
    await connection.execute(statement.on_conflict_do_update(index_elements=["day", "rule"], set_=added))


async def proof(engine: AsyncEngine, since: date) -> Sequence[Any]:
    """What was deleted from a day on, the newest first; rows of `deletions`."""
    statement = select(deletions).where(deletions.c.day >= since).order_by(deletions.c.day.desc(), deletions.c.rule)
    async with reading(engine) as connection:
        return (await connection.execute(statement)).all()

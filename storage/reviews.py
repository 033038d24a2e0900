"""What an officer has noted on the items of a case, what a producer changed since, and ready words for reasons."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.model import CaseFacts, Change, FileStatus, Mark, Template
from dialogs.officer.desk import NAMELESS
from storage.models import case_events, cases, files, marks, papers, people, reason_templates, returned_items, settings
from storage.pages import lengths_of

# ---------------------------------------------------------------- marks


async def marks_of(connection: AsyncConnection, code: str, me: int = 0) -> tuple[Mark, ...]:
    """Verdicts on a case that are not sent yet, in the order in which they were given; of `me` without a name."""
    rows = await connection.execute(_MARKS, {"named": code})
    return tuple(
        Mark(row.item, row.verdict, row.reason, tuple(row.files), "" if row.author_id == me else row.name or NAMELESS)
        for row in rows
    )


_MARKS = (
    select(marks, people.c.name)
    .join(cases, cases.c.id == marks.c.case_id)
    .join(people, people.c.id == marks.c.author_id)
    .where(cases.c.code == bindparam("named"))
    .order_by(marks.c.marked_at, marks.c.item)
)


async def set_mark(connection: AsyncConnection, case_id: int, author_id: int, mark: Mark, now: datetime) -> None:
    """Note a verdict in the place of the one before; "" takes it away. Only the author's own files are kept."""
    await connection.execute(delete(marks).where(marks.c.case_id == case_id, marks.c.item == mark.item))
    if not mark.verdict:
        return
    row = {
        "case_id": case_id,
        "item": mark.item,
        "verdict": mark.verdict,
        "reason": mark.reason,
        "files": await _own_files(connection, author_id, mark.files),
        "author_id": author_id,
        "marked_at": now,
    }
    await connection.execute(insert(marks).values(row))


async def _own_files(connection: AsyncConnection, person_id: int, ids: Sequence[str]) -> list[str]:
    lost = (FileStatus.REFUSED, FileStatus.FAILED)
    which = (files.c.id.in_(ids), files.c.person_id == person_id, files.c.status.not_in([*lost, "forgotten"]))
    own = set((await connection.execute(select(files.c.id).where(*which))).scalars())
    return [file_id for file_id in ids if file_id in own]


async def drop_marks(
    connection: AsyncConnection, case_id: int, items: Collection[str] | None = None, *, but_accepted: bool = False
) -> None:
    """Forget verdicts: on what has changed since (`items`), or all once the case is decided."""
    if items is not None and not items:
        return
    which = [marks.c.case_id == case_id]
    which += [marks.c.item.in_(items)] if items is not None else []
    which += [marks.c.verdict != "accept"] if but_accepted else []
    await connection.execute(delete(marks).where(*which))


# ---------------------------------------------------------------- what a producer changed


async def changes_of(connection: AsyncConnection, case: CaseFacts) -> tuple[Change, ...]:
    """What a resubmitted case has anew since its last return; of one still out what was answered so far."""
    if not (case.resubmitted or case.returned):
        return ()
    case_id = (await connection.execute(select(cases.c.id).where(cases.c.code == case.code))).scalar_one()
    events = (
        await connection.execute(select(case_events).where(case_events.c.case_id == case_id).order_by(case_events.c.id))
    ).all()
    returned = next((e for e in reversed(events) if "returned" in (e.before or {})), None)
    if returned is None:
        return ()
    replies = await _replies(connection, case_id, [e for e in events if e.id > returned.id and e.action == "answer"])
    if not case.resubmitted:
        return tuple(replies)
    before: Mapping[str, str] = next((e.answers for e in reversed(events) if e.id < returned.id and e.answers), {})
    return (
        *_changed_answers(before, case.answers),
        *await _changed_papers(connection, case_id, returned.happened_at),
        *replies,
    )


def _changed_answers(before: Mapping[str, str], now: Mapping[str, str]) -> list[Change]:
    names = dict.fromkeys([*before, *now])
    return [
        Change(f"answer:{name}", before.get(name, ""), now.get(name, ""))
        for name in names
        if before and not name.startswith("_") and before.get(name, "") != now.get(name, "")
    ]


async def _changed_papers(connection: AsyncConnection, case_id: int, since: datetime) -> list[Change]:
    """Papers sent since, with version and pages of what was there and of what is."""
    which = (papers.c.case_id == case_id, papers.c.sent_at.is_not(None))
    rows = (await connection.execute(select(papers).where(*which).order_by(papers.c.version))).all()
    lengths = await lengths_of(connection, rows)
    old: dict[str, str] = {}
    new: dict[str, str] = {}
    for row in rows:
        pages = sum(lengths.get(page[0], 0) for page in row.pages)
        (old if row.sent_at <= since else new)[row.paper] = f"{row.version}/{pages}"
    return [Change(f"paper:{paper}", old.get(paper, ""), now) for paper, now in new.items()]


async def _replies(connection: AsyncConnection, case_id: int, events: Collection[Any]) -> list[Change]:
    """What the producer answered in words, beside what had been asked."""
    if not events:
        return []
    which = (returned_items.c.case_id == case_id, returned_items.c.question.is_(True))
    asked = await connection.execute(select(returned_items).where(*which).order_by(returned_items.c.id))
    questions = {row.item: row.reason for row in asked}
    return [Change(f"reply:{event.item}", questions.get(event.item, ""), event.reason) for event in events]


# ---------------------------------------------------------------- ready words

SEEDS = (
    ("paper", "unclear"),
    ("paper", "stamp"),
    ("paper", "expired"),
    ("paper", "name"),
    ("paper", "more"),
    ("answer", "more"),
    ("answer:product", "name"),
    ("answer:producer_name", "name"),
    ("answer:contact_name", "name"),
    ("all", "name"),
    ("all", "more"),
)
"""(item, value of check_status.REASONS): what there is before an administrator has changed anything."""
_FIRST = "reason_templates"  # name of the setting that says that the seeds are rows now
MOST_PER_ITEM = 12
"""A longer list is not read on a telephone."""


async def templates_of(connection: AsyncConnection) -> tuple[Template, ...]:
    """All ready words. Seeds that are no rows yet have the numbers -1, -2, … in their order."""
    if not await _edited(connection):
        return tuple(Template(-n, item, text) for n, (item, text) in enumerate(SEEDS, 1))
    standing = select(reason_templates).where(reason_templates.c.removed_at.is_(None))
    rows = await connection.execute(standing.order_by(reason_templates.c.id))
    return tuple(Template(row.id, row.item, row.text) for row in rows)


async def _edited(connection: AsyncConnection) -> bool:
    return (await connection.execute(select(settings.c.value).where(settings.c.name == _FIRST))).first() is not None


async def add_template(connection: AsyncConnection, item: str, text: str, author_id: int) -> bool:
    """Whether there was room for it; the same words twice are kept once."""
    await _seeded(connection)
    there = [template for template in await templates_of(connection) if template.item == item]
    if any(template.text == text for template in there):
        return True
    if len(there) >= MOST_PER_ITEM:
        return False
    await connection.execute(insert(reason_templates).values(item=item, text=text, author_id=author_id))
    return True


async def remove_template(connection: AsyncConnection, number: int, now: datetime) -> bool:
    """Whether it was there; its words stay in what has been sent."""
    numbers = await _seeded(connection)
    if number < 0:
        number = numbers[-number - 1] if -number <= len(numbers) else 0
    which = (reason_templates.c.id == number, reason_templates.c.removed_at.is_(None))
    gone = await connection.execute(update(reason_templates).where(*which).values(removed_at=now))
    return bool(gone.rowcount)


async def _seeded(connection: AsyncConnection) -> list[int]:
    """Make the seeds rows, once; their numbers in order. Of two at once the second waits for the first."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    first = dialect.insert(settings).values(name=_FIRST, value="[]").on_conflict_do_nothing()
    if (await connection.execute(first)).rowcount:
        numbers = [await _plant(connection, item, text) for item, text in SEEDS]
        noted = update(settings).where(settings.c.name == _FIRST).values(value=json.dumps(numbers))
        await connection.execute(noted)
    value = await connection.execute(select(settings.c.value).where(settings.c.name == _FIRST))
    return [int(number) for number in json.loads(value.scalar_one())]


async def _plant(connection: AsyncConnection, item: str, text: str) -> int:
    made = insert(reason_templates).values(item=item, text=text).returning(reason_templates.c.id)
    return int((await connection.execute(made)).scalar_one())

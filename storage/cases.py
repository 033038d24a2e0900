"""Writes to a case: handing in, papers, decisions. Each within the transaction of the turn that ordered it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs import places
from dialogs.answers import pages_of
from dialogs.matching import fold
from dialogs.rules import lifecycle
from dialogs.rules.ruleset import Ruleset, ruleset, ruleset_on
from dialogs.rules.working_days import add_working_days
from storage.models import case_events, cases, files, papers, people, returned_items, serials
from storage.records import FORGOTTEN, VIETNAM, Conversation, upsert

PRODUCT_PHOTOS = "product"
"""The idea's photos are kept like a paper, under this id."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something to a case, and over which channel."""

    person_id: int
    channel: str


class NotPossible(Exception):
    """The case has moved on meanwhile, or never was in a state that allows this."""


def _answer_by(rules: Ruleset, status: str, day: date, days_off: frozenset[date]) -> date | None:
    """Last day for the desk's answer, or None where the rules set no limit or nobody's answer is awaited."""
    deadline = lifecycle.STATUSES[status].deadline
    limit = rules.deadlines[deadline].working_days if deadline else None
    return add_working_days(day, limit, days_off) if limit is not None else None


async def _next_serial(connection: AsyncConnection, commune: str, year: int) -> int:
    statement = upsert(connection, serials).values(commune=commune, year=year, last=1)
    statement = statement.on_conflict_do_update(
        index_elements=["commune", "year"], set_={"last": serials.c.last + 1}
    ).returning(serials.c.last)
    return int((await connection.execute(statement)).scalar_one())


async def submit_idea(
    connection: AsyncConnection,
    conversation: Conversation,
    answers: Mapping[str, str],
    now: datetime,
    days_off: frozenset[date],
) -> str:
    """A new case from the answers of the idea form; returns its code, "<commune>-<year>-<serial>"."""
    today = now.astimezone(VIETNAM).date()
    unit = places.commune(conversation.person.commune)
    if unit is None:
        raise NotPossible("no commune")
    serial = await _next_serial(connection, unit.code, today.year)
    code = f"{unit.prefix}-{today:%y}-{serial:04d}"
    rules = ruleset_on(today)
    status = "idea_submitted"
    photos = answers.get("photos", "")
    row = {
        "code": code,
        "person_id": conversation.person_id,
        "commune": unit.code,
        "territory": places.territory(unit.code),
        "ruleset": rules.id,
        "status": status,
        "product": answers["product"],
        "product_folded": fold(answers["product"])[:120],
        "answers": dict(answers),
        "since": today,
        "due_on": _answer_by(rules, status, today, days_off),
        "submitted_at": now,
        "updated_at": now,
    }
    case_id = (await connection.execute(insert(cases).values(row).returning(cases.c.id))).scalar_one()
    actor = Actor(conversation.person_id, conversation.channel)
    await _record(connection, case_id, actor, "submit", "", status, now, answers=dict(answers))
    if photos:
        pages = [list(page) for page in pages_of(photos)]
        if own := await _owned(connection, conversation.person_id, pages):
            await _keep(connection, case_id, PRODUCT_PHOTOS, own, now, sent=True)
    await _remember_person(connection, conversation, answers)
    return code


async def _remember_person(connection: AsyncConnection, conversation: Conversation, answers: Mapping[str, str]) -> None:
    """Name, number and maker are asked once; the next product has them filled in."""
    fields = {
        "name": "contact_name",
        "phone": "phone",
        "producer_kind": "producer_kind",
        "producer_name": "producer_name",
    }
    given: dict[str, Any] = {column: answers[name] for column, name in fields.items() if answers.get(name)}
    statement = update(people).where(people.c.id == conversation.person_id)
    await connection.execute(statement.values(case_count=people.c.case_count + 1, **given))


async def _record(
    connection: AsyncConnection,
    case_id: int,
    actor: Actor,
    action: str,
    from_status: str,
    to_status: str,
    now: datetime,
    item: str = "",
    reason: str = "",
    answers: Mapping[str, str] | None = None,
) -> None:
    await connection.execute(
        insert(case_events).values(
            case_id=case_id,
            actor_id=actor.person_id,
            action=action,
            from_status=from_status,
            to_status=to_status,
            item=item,
            reason=reason,
            answers=answers,
            channel=actor.channel,
            happened_at=now,
        )
    )


async def locked(connection: AsyncConnection, code: str) -> Any:
    """The row of a case, held until the transaction ends; None if there is none."""
    statement = select(cases).where(cases.c.code == code)
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(key_share=True)
    return (await connection.execute(statement)).one_or_none()


async def move(
    connection: AsyncConnection,
    case: Any,
    actor: Actor,
    action: str,
    now: datetime,
    days_off: frozenset[date],
    item: str = "",
    reason: str = "",
    answers: Mapping[str, str] | None = None,
) -> str:
    """Move a locked case as the lifecycle table allows; returns the new status, raises NotPossible.

    Source of the table: dialogs/rules/lifecycle.py. A return opens its item; a resubmission closes them all.
    """
    step = lifecycle.move(action, case.status)
    if step is None or (step.needs_reason and not reason):
        raise NotPossible(action)
    today = now.astimezone(VIETNAM).date()
    values: dict[str, Any] = {
        "status": step.to_status,
        "since": today,
        "due_on": _answer_by(ruleset(case.ruleset), step.to_status, today, days_off),
        "updated_at": now,
    }
    if answers is not None:
        values |= {
            "answers": dict(answers),
            "product": answers["product"],
            "product_folded": fold(answers["product"])[:120],
        }
    await connection.execute(update(cases).where(cases.c.id == case.id).values(values))
    await _record(connection, case.id, actor, action, case.status, step.to_status, now, item, reason, answers)
    if action == "return":
        await connection.execute(
            insert(returned_items).values(case_id=case.id, item=item, reason=reason, returned_on=today)
        )
    if action == "resubmit":
        await _close_returns(connection, case.id, now)
    return step.to_status


async def _close_returns(connection: AsyncConnection, case_id: int, now: datetime) -> None:
    open_ones = (returned_items.c.case_id == case_id, returned_items.c.answered_at.is_(None))
    await connection.execute(update(returned_items).where(*open_ones).values(answered_at=now))


async def note_event(connection: AsyncConnection, case: Any, actor: Actor, action: str, now: datetime) -> None:
    """Something worth the history that moves nothing (papers added, a number looked up)."""
    await _record(connection, case.id, actor, action, case.status, case.status, now)


# ---------------------------------------------------------------- papers


async def keep_paper(connection: AsyncConnection, case: Any, paper: str, pages: list[list[Any]], now: datetime) -> int:
    """A new version of a paper; older ones stay. Returns the version; NotPossible without a page of the producer's."""
    own = await _owned(connection, case.person_id, pages)
    if not own:
        raise NotPossible(paper)
    return await _keep(connection, case.id, paper, own, now, sent=False)


async def _owned(connection: AsyncConnection, person_id: int, pages: Sequence[list[Any]]) -> list[list[Any]]:
    """Pages whose files this person sent: a paper is read by officers, so a foreign id must not get into one."""
    which = (files.c.id.in_([page[0] for page in pages]), files.c.person_id == person_id, files.c.status != FORGOTTEN)
    known = set((await connection.execute(select(files.c.id).where(*which))).scalars())
    return [page for page in pages if page[0] in known]


async def _keep(
    connection: AsyncConnection, case_id: int, paper: str, pages: list[list[Any]], now: datetime, *, sent: bool
) -> int:
    which = (papers.c.case_id == case_id, papers.c.paper == paper)
    last = (await connection.execute(select(func.max(papers.c.version)).where(*which))).scalar_one()
    version = int(last or 0) + 1
    row = {"case_id": case_id, "paper": paper, "version": version, "pages": pages, "kept_at": now}
    await connection.execute(insert(papers).values(row | ({"sent_at": now} if sent else {})))
    return version


async def send_papers(connection: AsyncConnection, case: Any, now: datetime) -> int:
    """Mark what is kept as handed to the commune; returns how many papers that were."""
    unsent = (papers.c.case_id == case.id, papers.c.sent_at.is_(None))
    result = await connection.execute(update(papers).where(*unsent).values(sent_at=now))
    return int(result.rowcount)

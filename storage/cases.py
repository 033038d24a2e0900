"""Writes to a case: handing in, papers, decisions. Each within the transaction of the turn that ordered it."""

from collections.abc import Collection, Mapping, Sequence
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
from dialogs.rules.working_days import add_working_days, working_days_between
from storage.models import case_events, cases, files, papers, people, returned_items, serials
from storage.records import HERE, VIETNAM, Conversation, upsert

PRODUCT_PHOTOS = "product"
"""The idea's photos are kept like a paper, under this id."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something to a case, and over which channel."""

    person_id: int
    channel: str


class NotPossible(Exception):
    """The case has moved on meanwhile, or never was in a state that allows this."""


NOT_URGENT = date(9999, 12, 31)
"""Place in the inbox of a case without a deadline: behind all that have one."""
FIRST_OF_ALL = date(1, 1, 1)
"""Place in the inbox of a case that came back: its producer has waited once already."""


def _answer_by(rules: Ruleset, status: str, day: date, used: int, days_off: frozenset[date]) -> date | None:
    """Last day for the owner's answer, or None where the rules set no limit or nobody's answer is awaited.

    `used` days of the limit had gone by before the producer had the case; a case that comes back has a day at least.
    """
    deadline = lifecycle.STATUSES[status].deadline
    limit = rules.deadlines[deadline].working_days if deadline else None
    return add_working_days(day, max(limit - used, 1), days_off) if limit is not None else None


def _place_in_line(
    rules: Ruleset, status: str, today: date, used: int, days_off: frozenset[date], *, again: bool = False
) -> dict[str, Any]:
    """The columns of a case that say whose turn it is, since when and until when."""
    due_on = _answer_by(rules, status, today, used, days_off)
    return {
        "status": status,
        "owner": str(lifecycle.STATUSES[status].owner),
        "since": today,
        "due_on": due_on,
        "urgent_on": FIRST_OF_ALL if again else due_on or NOT_URGENT,
        "days_used": used,
        "resubmitted": again,
    }


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
        "province": unit.province_code,
        "ruleset": rules.id,
        "product": answers["product"],
        "product_folded": fold(answers["product"])[:120],
        "producer_folded": fold(answers.get("producer_name", ""))[:160],
        "answers": dict(answers),
        **_place_in_line(rules, status, today, 0, days_off),
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

    Source of the table: dialogs/rules/lifecycle.py. A return opens its item; `answer_returns` closes it.
    """
    rules = ruleset(case.ruleset)
    step = lifecycle.move(action, case.status, rules.levels)
    if step is None or (step.needs_reason and not reason):
        raise NotPossible(action)
    today = now.astimezone(VIETNAM).date()
    used = _used(case, step, today, days_off)
    again = action == "resubmit"
    values = _place_in_line(rules, step.to_status, today, used, days_off, again=again) | {"updated_at": now}
    if answers is not None:
        values |= _answer_values(answers)
    await connection.execute(update(cases).where(cases.c.id == case.id).values(values))
    await _record(connection, case.id, actor, action, case.status, step.to_status, now, item, reason, answers)
    if action == "return":
        await connection.execute(
            insert(returned_items).values(case_id=case.id, item=item, reason=reason, returned_on=today)
        )
    return step.to_status


def _used(case: Any, step: lifecycle.Move, today: date, days_off: frozenset[date]) -> int:
    """Working days used of the limit so far: the clock stops while the producer has the case, and then goes on."""
    if lifecycle.STATUSES[step.to_status].owner is lifecycle.Side.PRODUCER and case.due_on is not None:
        return int(case.days_used) + working_days_between(case.since, today, days_off)
    return int(case.days_used) if step.action == "resubmit" else 0


def _answer_values(answers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "answers": dict(answers),
        "product": answers["product"],
        "product_folded": fold(answers["product"])[:120],
        "producer_folded": fold(answers.get("producer_name", ""))[:160],
    }


async def correct(
    connection: AsyncConnection, case: Any, actor: Actor, answers: Mapping[str, str], now: datetime
) -> None:
    """New answers of a returned case that stays with its producer; raises NotPossible for any other case."""
    if lifecycle.move("resubmit", case.status) is None:
        raise NotPossible("correct")
    values = _answer_values(answers) | {"updated_at": now}
    await connection.execute(update(cases).where(cases.c.id == case.id).values(values))
    await _record(connection, case.id, actor, "resubmit", case.status, case.status, now, answers=answers)


async def answer_returns(connection: AsyncConnection, case: Any, answered: Collection[str], now: datetime) -> bool:
    """Close what was returned and is answered now ("paper:<id>", "answer:<question>"); whether nothing is left open.

    What was returned as a whole ("all") is answered by anything.
    """
    open_ones = (returned_items.c.case_id == case.id, returned_items.c.answered_at.is_(None))
    closed = update(returned_items).where(*open_ones, returned_items.c.item.in_([*answered, "all"]))
    await connection.execute(closed.values(answered_at=now))
    return (await connection.execute(select(returned_items.c.id).where(*open_ones).limit(1))).first() is None


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
    """Pages whose files this person sent: a paper is read by officers, so a foreign id must not get into one.

    Nor one that was refused or lost. Who fetches them waits for this transaction, and then finds the paper.
    """
    which = (files.c.id.in_([page[0] for page in pages]), files.c.person_id == person_id, files.c.status.in_(HERE))
    statement = select(files.c.id).where(*which).order_by(files.c.id)
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(read=True)
    known = set((await connection.execute(statement)).scalars())
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


async def send_papers(connection: AsyncConnection, case: Any, now: datetime) -> set[str]:
    """Mark what is kept as handed to the commune; returns the ids of these papers."""
    unsent = (papers.c.case_id == case.id, papers.c.sent_at.is_(None))
    sent = update(papers).where(*unsent).values(sent_at=now).returning(papers.c.paper)
    return set((await connection.execute(sent)).scalars())

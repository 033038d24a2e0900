"""Writes to a case: handing in, papers, decisions. Each within the transaction of the turn that ordered it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs import places
from dialogs.answers import pages_of
from dialogs.matching import fold
from dialogs.model import ReturnedItem
from dialogs.rules import lifecycle
from dialogs.rules.rounds import Round
from dialogs.rules.ruleset import Ruleset, ruleset, ruleset_on, same_kind
from dialogs.rules.working_days import DaysOff, last_day
from storage import undo
from storage.again import continues
from storage.calendar import answering_side, closed_for, used_of_limit
from storage.database import inserting
from storage.dossiers import is_maker
from storage.erasing import erase
from storage.models import case_events, cases, files, notes, papers, people, returned_items, serials
from storage.pages import HERE
from storage.records import VIETNAM, Conversation
from storage.results import give_back, withdraw
from storage.reviews import drop_marks
from storage.rights import covers
from storage.rounds import outside_rounds, round_now, rounds_of
from storage.staff import own_memberships

PRODUCT_PHOTOS = "product"
"""The idea's photos are kept like a paper, under this id."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something to a case, and over which channel; nobody where the calendar moves it."""

    person_id: int | None
    channel: str


class NotPossible(Exception):
    """The case has moved on meanwhile, or never was in a state that allows this."""


PUBLISHED = ("rate", "certify", "propose")
"""Moves that publish a result."""
NOT_URGENT = date(9999, 12, 31)
"""Place in the inbox of a case without a deadline: behind all that have one."""
FIRST_OF_ALL = date(1, 1, 1)
"""Place in the inbox of a case that came back: its producer has waited once already."""


def answer_by(rules: Ruleset, status: str, purpose: str, day: date, used: int, off: DaysOff) -> date | None:
    """Last day for the owner's answer, or None where the rules set no limit or nobody's answer is awaited.

    `used` days of the limit had gone by before the producer had the case; a case that comes back has a day at least.
    """
    deadline = lifecycle.limit_of(rules, status, purpose)
    if deadline is None or deadline.days is None:
        return None
    left = max(deadline.days - used, 1)
    return last_day(day, left, off, calendar=deadline.calendar_days is not None)


def place_in_line(
    rules: Ruleset, status: str, purpose: str, today: date, used: int, off: DaysOff, *, again: bool = False
) -> dict[str, Any]:
    """The columns of a case that say whose turn it is, since when and until when."""
    due_on = answer_by(rules, status, purpose, today, used, off)
    return {
        "status": status,
        "owner": str(lifecycle.STATUSES[status].owner),
        "since": today,
        "due_on": due_on,
        "urgent_on": FIRST_OF_ALL if again else due_on or NOT_URGENT,
        "days_used": used,
        "resubmitted": again,
        "escalation": "",
        "escalate_at": None,
        "waits_since": today if status in lifecycle.WAITS_FOR_ROUND else None,
    }


async def _next_serial(connection: AsyncConnection, commune: str, year: int) -> int:
    first = {"commune": commune, "year": year, "last": 1}
    return int((await connection.execute(_serial(connection.dialect.name), first)).scalar_one())


@cache
def _serial(dialect: str) -> Any:
    one_more = {"last": serials.c.last + 1}
    statement = inserting(dialect, serials).on_conflict_do_update(index_elements=["commune", "year"], set_=one_more)
    return statement.returning(serials.c.last)


async def submit_idea(
    connection: AsyncConnection,
    conversation: Conversation,
    answers: Mapping[str, str],
    now: datetime,
    days_off: frozenset[date],
) -> str:
    """A new case from the answers of the idea form; returns its code, "<commune>-<year>-<serial>"."""
    actor = Actor(conversation.person_id, conversation.channel)
    return await _open(
        connection, actor, conversation.person.commune, "submit", "idea_submitted", answers, now, days_off
    )


async def stand_again(
    connection: AsyncConnection,
    former: Any,
    actor: Actor,
    purpose: str,
    answers: Mapping[str, str],
    now: datetime,
    days_off: frozenset[date],
) -> str:
    """A new case that continues a locked one under the rules of its own day; returns its code.

    It is the same product, so it keeps the number in the official code, and what was said of it. One that is begun for
    another purpose goes on for this one, with all that was sent for it. Raises NotPossible where one is under way.
    """
    begun = await follower(connection, former.code)
    if begun is not None:
        await _begin_anew(connection, begun, actor, purpose, answers, now)
        return str(begun.code)
    more = {"former": former.code, "purpose": purpose, "product_serial": former.product_serial}
    more |= {"conditions": former.conditions}
    return await _open(
        connection, actor, former.commune, "stand_again", "dossier_begun", answers, now, days_off, more
    )  # fmt: skip


async def _begin_anew(
    connection: AsyncConnection, begun: Any, actor: Actor, purpose: str, answers: Mapping[str, str], now: datetime
) -> None:
    """What nobody was given yet is of the rules of the day on which it is begun for something else.

    Papers in it that have run out meanwhile are to be sent anew, as those of the former case.
    """
    if begun.status != lifecycle.BEGUN or begun.purpose == purpose:
        raise NotPossible("under way already")
    today = now.astimezone(VIETNAM).date()
    values = {"purpose": purpose, "ruleset": ruleset_on(today).id, "since": today, "updated_at": now}
    await connection.execute(update(cases).where(cases.c.id == begun.id).values(_answer_values(answers) | values))
    await _record(
        connection, begun.id, actor, "stand_again", begun.status, begun.status, now, answers=dict(answers)
    )  # fmt: skip
    gone = (papers.c.case_id == begun.id, papers.c.sent_at.is_(None), papers.c.valid_until < today)
    await connection.execute(delete(papers).where(*gone))
    await _keep_photos(connection, begun.id, actor, answers, now)


async def drop_begun(connection: AsyncConnection, case: Any) -> None:
    """Delete a locked case that nobody was given; what was written about it stays with the one it continues.

    Raises NotPossible for any other.
    """
    if case.status != lifecycle.BEGUN:
        raise NotPossible("drop")
    former = select(cases.c.id).where(cases.c.code == case.former).scalar_subquery()
    await connection.execute(update(notes).where(notes.c.case_id == case.id).values(case_id=former))
    await erase(connection, [case])


async def forget_begun(connection: AsyncConnection, person_id: int) -> int:
    """Delete all that a person has begun and handed to nobody; returns how many that were."""
    begun = select(cases).where(cases.c.person_id == person_id, cases.c.status == lifecycle.BEGUN)
    rows = (await connection.execute(begun)).all()
    await erase(connection, rows)
    return len(rows)


async def follower(connection: AsyncConnection, code: str) -> Any:
    """The row of the case that continues this one, as long as it may still lead to something; None without one."""
    statement = (
        select(cases).where(continues(cases, code), cases.c.status.not_in(lifecycle.OVER)).order_by(cases.c.id.desc())
    )
    return (await connection.execute(statement.limit(1))).one_or_none()


async def _open(
    connection: AsyncConnection,
    actor: Actor,
    commune: str,
    action: str,
    status: str,
    answers: Mapping[str, str],
    now: datetime,
    days_off: frozenset[date],
    more: Mapping[str, Any] | None = None,
) -> str:
    """A new case of this producer; `more` are further columns."""
    today = now.astimezone(VIETNAM).date()
    unit = places.commune(commune)
    if unit is None or actor.person_id is None:
        raise NotPossible("no commune")
    serial = await _next_serial(connection, unit.code, today.year)
    code = f"{unit.prefix}-{today:%y}-{serial:04d}"
    rules = ruleset_on(today)
    off = await closed_for(connection, places.territory(unit.code), answering_side(status), days_off)
    row = {
        **(more or {}),
        "code": code,
        "person_id": actor.person_id,
        "commune": unit.code,
        "territory": places.territory(unit.code),
        "province": unit.province_code,
        "ruleset": rules.id,
        "product": answers["product"],
        "product_folded": fold(answers["product"])[:120],
        "producer_folded": fold(answers.get("producer_name", ""))[:160],
        "answers": dict(answers),
        **place_in_line(rules, status, "", today, 0, off),
        "submitted_at": now,
        "updated_at": now,
    }
    case_id = (await connection.execute(_CASE, row)).scalar_one()
    await _record(connection, case_id, actor, action, "", status, now, answers=dict(answers))
    await _keep_photos(connection, case_id, actor, answers, now)
    await _remember_person(connection, actor.person_id, answers)
    return code


_CASE = insert(cases).returning(cases.c.id)


async def _keep_photos(
    connection: AsyncConnection, case_id: int, actor: Actor, answers: Mapping[str, str], now: datetime
) -> None:
    """The product's, which are among the answers."""
    pages = [list(page) for page in pages_of(answers.get("photos", ""))]
    if actor.person_id is not None and pages and (own := await owned(connection, actor.person_id, pages)):
        await _keep(connection, case_id, PRODUCT_PHOTOS, own, now, sent=True)


async def _remember_person(connection: AsyncConnection, person_id: int, answers: Mapping[str, str]) -> None:
    """Name, number and maker are asked once; the next product has them filled in."""
    fields = {
        "name": "contact_name",
        "phone": "phone",
        "producer_kind": "producer_kind",
        "producer_name": "producer_name",
    }
    given: dict[str, Any] = {column: answers[name] for column, name in fields.items() if answers.get(name)}
    await connection.execute(_ONE_CASE_MORE, {"row_id": person_id, **given})


_ONE_CASE_MORE = update(people).where(people.c.id == bindparam("row_id")).values(case_count=people.c.case_count + 1)


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
    before: Mapping[str, Any] | None = None,
) -> int:
    """Returns the number of the event."""
    values = {
        "case_id": case_id,
        "actor_id": actor.person_id,
        "action": action,
        "from_status": from_status,
        "to_status": to_status,
        "item": item,
        "reason": reason,
        "answers": answers,
        "before": before,
        "channel": actor.channel,
        "happened_at": now,
    }
    return int((await connection.execute(_EVENT, values)).scalar_one())


_EVENT = insert(case_events).returning(case_events.c.id)


async def row_of(connection: AsyncConnection, code: str) -> Any:
    """The row of a case to look at only, so that nobody waits for who reads; None if there is none."""
    return (await connection.execute(_BY_CODE, {"of": code})).one_or_none()


_BY_CODE = select(cases).where(cases.c.code == bindparam("of"))
_LOCKED = _BY_CODE.with_for_update(key_share=True)


async def locked(connection: AsyncConnection, code: str) -> Any:
    """The row of a case, held until the transaction ends; None if there is none."""
    statement = _LOCKED if connection.dialect.name == "postgresql" else _BY_CODE
    return (await connection.execute(statement, {"of": code})).one_or_none()


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
    *,
    items: Sequence[ReturnedItem] = (),
    part_of: int = 0,
) -> str:
    """Move a locked case as the lifecycle table allows; returns the new status, raises NotPossible.

    Source of the table: dialogs/rules/lifecycle.py. A return opens its items (`items`, or the one of `item` and
    `reason`); `answer_returns` closes them. What an officer moves can be taken back (storage.undo); `part_of` is the
    number of the decision that this move belongs to.
    """
    rules = ruleset(case.ruleset)
    step = lifecycle.move(action, case.status, rules.levels)
    back = tuple(items) or ((ReturnedItem(item, reason, case.since),) if action == "return" else ())
    if step is None or (step.needs_reason and not (all(map(_has_reason, back)) if back else reason)):
        raise NotPossible(action)
    if step.by_another and actor.person_id and await is_maker(connection, case.code, actor.person_id):
        raise NotPossible("by another")
    today = now.astimezone(VIETNAM).date()
    side = answering_side(case.status, step.to_status)
    off = await closed_for(connection, case.territory, side, days_off)
    used = _used(case, step, today, off.all)
    again = action == "resubmit"
    place = place_in_line(rules, step.to_status, case.purpose, today, used, off, again=again)
    values = place | {"updated_at": now}
    if _limit_goes_on(step) and case.due_on and values["due_on"]:  # handing it on within an office is no new day
        values |= {"due_on": case.due_on, "urgent_on": case.due_on}
    values |= await _hand(connection, case, step, now)
    if action == "forward" and (up := await _round(connection, case, step, rules, today)):
        values["round"] = up.name
    if answers is not None:
        values |= _answer_values(answers)
    before = await _before(connection, case, step, part_of)
    await connection.execute(update(cases).where(cases.c.id == case.id).values(values))
    if back:
        await _send_back(connection, case, actor, step, back, before, now)
    else:
        await _record(
            connection, case.id, actor, action, case.status, step.to_status, now, item, reason, answers, before
        )
    if step.who is not lifecycle.Side.PRODUCER:
        await drop_marks(connection, case.id, but_accepted=action == "return")
    return step.to_status


async def _round(
    connection: AsyncConnection, case: Any, step: lifecycle.Move, rules: Ruleset, today: date
) -> Round | None:
    """The round a dossier is sent up for; what comes back to the province later stays in it, as long as it lasts."""
    if lifecycle.STATUSES[step.to_status].owner is not lifecycle.Side.PROVINCE or outside_rounds(case):
        return None
    before = (await rounds_of(connection, [case], today)).get(case.id) if case.round else None
    if before is not None and today < before.results_before:
        return before
    return await round_now(connection, case.province, rules, today)


def _has_reason(item: ReturnedItem) -> bool:
    """In words, or shown: a marked photo, a voice note."""
    return bool(item.item and (item.reason or item.files))


async def _before(connection: AsyncConnection, case: Any, step: lifecycle.Move, part_of: int) -> dict[str, Any] | None:
    """What taking this move back restores; None for what only its producer or the calendar does."""
    if part_of:
        return {"part_of": part_of}
    if step.who in (lifecycle.Side.PRODUCER, lifecycle.Side.CALENDAR):
        return None
    return await undo.standing(connection, case)


async def _hand(connection: AsyncConnection, case: Any, step: lifecycle.Move, now: datetime) -> dict[str, Any]:
    """The columns that say in whose hand the case is: free where another side goes on with it.

    Who returned it has it again when it comes back, if they still work there.
    """
    owners = (lifecycle.STATUSES[step.from_status].owner, lifecycle.STATUSES[step.to_status].owner)
    stays = step.action == "return" or owners[0] is owners[1]
    if case.holder_id is None or stays:
        return {}
    if step.action == "resubmit" and await _works_there(connection, case.holder_id, case.territory):
        return {"held_at": now}
    return {"holder_id": None, "held_at": None}


async def _works_there(connection: AsyncConnection, person_id: int, territory: str) -> bool:
    return covers(await own_memberships(connection, person_id), territory)


async def _send_back(
    connection: AsyncConnection,
    case: Any,
    actor: Actor,
    step: lifecycle.Move,
    items: Sequence[ReturnedItem],
    before: Mapping[str, Any] | None,
    now: datetime,
) -> None:
    """Open the items, each with a line in the history; the first line is the move itself."""
    today = now.astimezone(VIETNAM).date()
    rows = [
        {
            "case_id": case.id,
            "item": item.item,
            "reason": item.reason,
            "question": item.question,
            "files": list(item.files),
            "returned_on": today,
        }
        for item in items
    ]
    made = [
        (await connection.execute(insert(returned_items).values(row).returning(returned_items.c.id))).scalar_one()
        for row in rows
    ]
    first, *others = items
    opening = "ask" if all(item.question for item in items) else step.action
    before = {**before, "returned": made} if before is not None else None
    number = await _record(
        connection, case.id, actor, opening, case.status, step.to_status, now, first.item, first.reason,
        before=before,
    )  # fmt: skip
    for item in others:
        action = "ask" if item.question else step.action
        await _record(
            connection, case.id, actor, action, step.to_status, step.to_status, now, item.item, item.reason,
            before={"part_of": number},
        )  # fmt: skip


def _used(case: Any, step: lifecycle.Move, today: date, days_off: frozenset[date]) -> int:
    """Days used of the limit so far: the clock stops while the producer has the case, and then goes on."""
    stops = lifecycle.STATUSES[step.to_status].owner is lifecycle.Side.PRODUCER
    if (stops or _limit_goes_on(step)) and case.due_on is not None:
        return used_of_limit(case, today, days_off)
    return int(case.days_used) if step.action == "resubmit" else 0


def _limit_goes_on(step: lifecycle.Move) -> bool:
    """Whether who has it next answers within the same limit."""
    left, entered = lifecycle.STATUSES[step.from_status], lifecycle.STATUSES[step.to_status]
    return left.deadline == entered.deadline != ""


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
    await drop_marks(connection, case.id, items=answered)
    return await nothing_open(connection, case.id)


async def nothing_open(connection: AsyncConnection, case_id: int) -> bool:
    """Whether the producer has answered all that was returned."""
    open_ones = (returned_items.c.case_id == case_id, returned_items.c.answered_at.is_(None))
    return (await connection.execute(select(returned_items.c.id).where(*open_ones).limit(1))).first() is None


async def answer_question(
    connection: AsyncConnection, case: Any, actor: Actor, number: int, words: str, now: datetime
) -> bool:
    """Close an officer's question with the producer's words; whether nothing is left open.

    Raises NotPossible for a return, which words do not answer, and for what is closed already.
    """
    which = (
        returned_items.c.id == number,
        returned_items.c.case_id == case.id,
        returned_items.c.question.is_(True),
        returned_items.c.answered_at.is_(None),
    )
    closed = update(returned_items).where(*which).values(answered_at=now).returning(returned_items.c.item)
    item = (await connection.execute(closed)).scalar_one_or_none()
    if item is None or lifecycle.move("resubmit", case.status) is None:
        raise NotPossible(f"return {number}")
    await _record(connection, case.id, actor, "answer", case.status, case.status, now, item, words)
    return await nothing_open(connection, case.id)


async def amend(
    connection: AsyncConnection, case: Any, actor: Actor, reason: str, kept: Mapping[str, Any], now: datetime
) -> None:
    """A published result was put right: `kept` has both versions (storage.results.amend)."""
    await _record(connection, case.id, actor, "amend", case.status, case.status, now, reason=reason, before=kept)
    await connection.execute(update(cases).where(cases.c.id == case.id).values(updated_at=now))


async def note_otherwise(
    connection: AsyncConnection, code: str, actor: Actor, kept: Mapping[str, Any], now: datetime
) -> None:
    """What was just published is not what the council came to: `kept` has both, by columns of `results`.

    The line belongs to the decision that published it, so that it is taken back with it.
    """
    case = await locked(connection, code)
    decision = await undo.last_decision(connection, case.id)
    before = {**kept, "part_of": decision.id if decision is not None else 0}
    await _record(connection, case.id, actor, "otherwise", case.status, case.status, now, before=before)


async def follow_todays_rules(connection: AsyncConnection, case: Any, now: datetime) -> Any:
    """What was put off and comes back is of the cycle of its new day; returns the row as it is then."""
    rules = ruleset_on(now.astimezone(VIETNAM).date())
    if case.ruleset != rules.id and same_kind(ruleset(case.ruleset), rules, case.answers):
        await connection.execute(update(cases).where(cases.c.id == case.id).values(ruleset=rules.id))
    return await locked(connection, case.code)


async def note_event(connection: AsyncConnection, case: Any, actor: Actor, action: str, now: datetime) -> None:
    """Something worth the history that moves nothing (papers added, a number looked up)."""
    await _record(connection, case.id, actor, action, case.status, case.status, now)


def is_by_another(case: Any, action: str) -> bool:
    """Whether this move must not be made by who made the one before."""
    step = lifecycle.move(action, case.status, ruleset(case.ruleset).levels)
    return step is not None and step.by_another


async def take_back(connection: AsyncConnection, case: Any, actor: Actor, number: int, now: datetime) -> undo.Undone:
    """Undo a decision of this officer; raises undo.TooLate, and NotPossible when the case has moved on since."""
    decision = await undo.last_decision(connection, case.id)
    if decision is None or decision.id != number or decision.actor_id != actor.person_id:
        raise NotPossible("undo")
    if now - decision.happened_at > undo.WITHIN:
        raise undo.TooLate(decision.action)
    undone = await undo.restore(connection, case, decision, now)
    if decision.action in PUBLISHED:
        await withdraw(connection, case.id)
    if decision.action == "revoke":
        await give_back(connection, case.id)
    await _record(connection, case.id, actor, "undo", case.status, undone.status, now)
    return undone


# ---------------------------------------------------------------- papers


async def note_condition(connection: AsyncConnection, case: Any, condition: str, holds: bool, now: datetime) -> None:
    """What the producer says of something that papers hang on; `case` is locked."""
    values = {"conditions": {**case.conditions, condition: holds}, "updated_at": now}
    await connection.execute(update(cases).where(cases.c.id == case.id).values(values))


async def keep_paper(
    connection: AsyncConnection,
    case: Any,
    paper: str,
    pages: list[list[Any]],
    now: datetime,
    days: Mapping[str, date | None] | None = None,
) -> int:
    """A new version of a paper; those that were sent stay, one that was not is replaced.

    `days`: its `valid_until` and `look_on`, where they are known. Returns the version; NotPossible without a page of
    the producer's.
    """
    own = await owned(connection, case.person_id, pages)
    if not own:
        raise NotPossible(paper)
    return await _keep(connection, case.id, paper, own, now, sent=False, days=days)


async def owned(connection: AsyncConnection, person_id: int, pages: Sequence[list[Any]]) -> list[list[Any]]:
    """Pages whose files this person sent: a paper is read by officers, so a foreign id must not get into one.

    Nor one that was refused or lost. Who fetches them waits for this transaction, and then finds the paper.
    """
    which = (files.c.id.in_([page[0] for page in pages]), files.c.person_id == person_id, files.c.status.in_(HERE))
    statement = select(files.c.id).where(*which).order_by(files.c.id)
    if connection.dialect.name == "postgresql":
        statement = statement.with_for_update(read=True)
    known = set((await connection.execute(statement)).scalars())
    return [page for page in pages if page[0] in known]


async def drop_unsent(connection: AsyncConnection, case_id: int, paper: str) -> None:
    """Take out what was kept of a paper and not sent; does nothing where there is none."""
    which = (papers.c.case_id == case_id, papers.c.paper == paper, papers.c.sent_at.is_(None))
    await connection.execute(delete(papers).where(*which))


async def _keep(
    connection: AsyncConnection,
    case_id: int,
    paper: str,
    pages: list[list[Any]],
    now: datetime,
    *,
    sent: bool,
    days: Mapping[str, date | None] | None = None,
) -> int:
    await drop_unsent(connection, case_id, paper)
    which = (papers.c.case_id == case_id, papers.c.paper == paper)
    last = (await connection.execute(select(func.max(papers.c.version)).where(*which))).scalar_one()
    version = int(last or 0) + 1
    row = {"case_id": case_id, "paper": paper, "version": version, "pages": pages, "kept_at": now, **(days or {})}
    await connection.execute(insert(papers).values(row | ({"sent_at": now} if sent else {})))
    return version


async def send_papers(connection: AsyncConnection, case: Any, now: datetime, *, photos: bool = False) -> set[str]:
    """Mark what is kept as handed to the commune: the product's photos or all the papers, never one for the other.

    Returns the ids of these papers.
    """
    which = papers.c.paper == PRODUCT_PHOTOS if photos else papers.c.paper != PRODUCT_PHOTOS
    unsent = (papers.c.case_id == case.id, papers.c.sent_at.is_(None), which)
    statement = update(papers).where(*unsent).values(sent_at=now).returning(papers.c.paper)
    sent = set((await connection.execute(statement)).scalars())
    await drop_marks(connection, case.id, items={f"paper:{paper}" for paper in sent})  # of the version before
    return sent

"""What ends and when to speak of it: certificates, papers in cases, papers that producers keep here.

Each row says on which day to look at it next (`look_on`). Whoever looks says the latest reminder that has come due
since then, and moves the day on in the same transaction: so it is said once, also after a restart or a day's outage.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.rules.certificate import Moment, due, moments, next_look
from dialogs.rules.lifecycle import AUTHORITIES, STATUSES, Side
from dialogs.rules.ruleset import ruleset_on
from storage.models import cases, own_papers, papers, people, results
from storage.records import newest

_AT_WORK = (*AUTHORITIES, Side.PRODUCER)
IN_WORK = frozenset(s.name for s in STATUSES.values() if s.owner in _AT_WORK) | {"certified"}
"""Cases of which the papers matter."""


@dataclass(frozen=True, slots=True)
class Ending:
    """`code` is the case's, "" of a paper of one's own; `paper` is "" of a certificate; `number` its row's."""

    person_id: int
    number: int
    code: str
    paper: str
    until: date
    look_on: date


async def endings(connection: AsyncConnection, today: date, person_id: int | None = None) -> list[Ending]:
    """What is to be looked at today, of everybody or of one; of a paper that has a newer version nothing."""
    named = (cases.c.person_id, cases.c.code)
    certificates = (
        select(*named, results.c.case_id.label("number"), results.c.certificate_until.label("until"), results.c.look_on)
        .join(cases, cases.c.id == results.c.case_id)
        .where(results.c.look_on <= today)
    )
    in_cases = (
        select(*named, papers.c.id.label("number"), papers.c.paper, papers.c.valid_until.label("until"))
        .add_columns(papers.c.look_on)
        .join(cases, cases.c.id == papers.c.case_id)
        .where(papers.c.look_on <= today)
    )
    own = select(
        own_papers.c.person_id, own_papers.c.id.label("number"), own_papers.c.paper,
        own_papers.c.valid_until.label("until"), own_papers.c.look_on,
    ).where(own_papers.c.look_on <= today)  # fmt: skip
    if person_id is not None:
        certificates = certificates.where(cases.c.person_id == person_id)
        in_cases = in_cases.where(cases.c.person_id == person_id)
        own = own.where(own_papers.c.person_id == person_id)
    found = []
    for statement in (certificates.order_by(results.c.case_id), in_cases.order_by(papers.c.id), own):
        for row in (await connection.execute(statement)).mappings():
            code, paper = row.get("code", ""), row.get("paper", "")
            found.append(Ending(row["person_id"], row["number"], code, paper, row["until"], row["look_on"]))
    return found


async def looked_at(connection: AsyncConnection, ending: Ending, today: date) -> Moment | None:
    """Move the day of the next look on; returns what has come due and still concerns somebody."""
    rules = ruleset_on(today) if not ending.paper else None
    all_moments = moments(ending.until, rules)
    table, key = _row(ending)
    moved = update(table).where(key == ending.number, table.c.look_on == ending.look_on)
    done = await connection.execute(moved.values(look_on=next_look(all_moments, today)))
    if done.rowcount != 1 or ending.until < today or not await _concerns(connection, ending):
        return None
    return due(all_moments, ending.look_on, today)


def _row(ending: Ending) -> tuple[Any, Any]:
    if not ending.paper:
        return results, results.c.case_id
    return (papers, papers.c.id) if ending.code else (own_papers, own_papers.c.id)


async def _concerns(connection: AsyncConnection, ending: Ending) -> bool:
    """The producer agrees that things are kept here; a certificate is good; a paper is the newest of a case at work."""
    agreed = select(people.c.id).where(people.c.id == ending.person_id, people.c.consent == "yes")
    if (await connection.execute(agreed)).first() is None:
        return False
    if not ending.code:
        return True
    statement = select(cases.c.id).where(cases.c.code == ending.code)
    if not ending.paper:
        statement = statement.where(cases.c.status == "certified")
    else:
        statement = statement.join(papers, papers.c.case_id == cases.c.id).where(
            papers.c.id == ending.number, newest(), cases.c.status.in_(IN_WORK)
        )
    return (await connection.execute(statement)).first() is not None


def of_people(found: Sequence[Ending]) -> list[tuple[Ending, ...]]:
    """One group for each person: they get one message."""
    groups: dict[int, list[Ending]] = {}
    for ending in found:
        groups.setdefault(ending.person_id, []).append(ending)
    return [tuple(group) for group in groups.values()]

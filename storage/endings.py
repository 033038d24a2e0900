"""What ends and when to speak of it: certificates, papers in cases, papers that producers keep here.

Each row says on which day to look at it next (`look_on`). Whoever looks says the latest reminder that has come due
since then, and moves the day on in the same transaction: so it is said once, also after a restart or a day's outage.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Date,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.rules.certificate import MONTHS_BEFORE, Moment, due, moments, next_look
from dialogs.rules.lifecycle import AUTHORITIES, BEGUN, OVER, STATUSES, Side
from dialogs.rules.rating import months_after
from dialogs.rules.ruleset import WITH_THE_PLAN, ruleset_on
from dialogs.rules.working_days import at_minute
from storage.again import continues
from storage.models import case_events, cases, conversations, own_papers, papers, people, results
from storage.pages import newest

_AT_WORK = (*AUTHORITIES, Side.PRODUCER)
IN_WORK = frozenset(s.name for s in STATUSES.values() if s.owner in _AT_WORK) | {"certified"}
"""Cases of which the papers matter."""
TOLD_DAYS = 14
"""For so long officers find in their overview whom to telephone, unless somebody has looked at the number."""
ONE_CALL = timedelta(days=7)
"""Who has been telephoned in the week before has heard of it: six months and 180 days before are days apart."""
MOST_TO_CALL = 200


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
    found = []
    for statement in _ENDINGS if person_id is None else _ENDINGS_OF_ONE:
        for row in (await connection.execute(statement, {"today": today, "person": person_id})).mappings():
            code, paper = row.get("code", ""), row.get("paper", "")
            found.append(Ending(row["person_id"], row["number"], code, paper, row["until"], row["look_on"]))
    return found


_TODAY = bindparam("today", type_=Date)
_NAMED = (cases.c.person_id, cases.c.code)
_CERTIFICATES = (
    select(*_NAMED, results.c.case_id.label("number"), results.c.certificate_until.label("until"), results.c.look_on)
    .join(cases, cases.c.id == results.c.case_id)
    .where(results.c.look_on <= _TODAY)
    .order_by(results.c.case_id)
)
_IN_CASES = (
    select(*_NAMED, papers.c.id.label("number"), papers.c.paper, papers.c.valid_until.label("until"))
    .add_columns(papers.c.look_on)
    .join(cases, cases.c.id == papers.c.case_id)
    .where(papers.c.look_on <= _TODAY)
    .order_by(papers.c.id)
)
_OWN = select(
    own_papers.c.person_id, own_papers.c.id.label("number"), own_papers.c.paper,
    own_papers.c.valid_until.label("until"), own_papers.c.look_on,
).where(own_papers.c.look_on <= _TODAY)  # fmt: skip
_ENDINGS = (_CERTIFICATES, _IN_CASES, _OWN)
_ENDINGS_OF_ONE = (
    _CERTIFICATES.where(cases.c.person_id == bindparam("person")),
    _IN_CASES.where(cases.c.person_id == bindparam("person")),
    _OWN.where(own_papers.c.person_id == bindparam("person")),
)


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
    """The producer agrees that things are kept here; a certificate is good; a paper is the newest of a case at work.

    Of papers that are kept here for oneself nobody hears who wants no more reminders.
    """
    agreed = select(people.c.id).where(people.c.id == ending.person_id, people.c.consent == "yes")
    if not ending.code:
        agreed = agreed.where(people.c.reminders)
    if (await connection.execute(agreed)).first() is None:
        return False
    if not ending.code:
        return True
    statement = select(cases.c.id).where(cases.c.code == ending.code)
    if not ending.paper:
        statement = statement.where(cases.c.status == "certified")
    else:
        statement = statement.join(papers, papers.c.case_id == cases.c.id).where(
            papers.c.id == ending.number, _counts(), cases.c.status.in_(IN_WORK)
        )
    return (await connection.execute(statement)).first() is not None


def _counts() -> ColumnElement[bool]:
    """Whether a row of papers is the newest of its paper; of the plan's only where the dossier has none of its own."""
    own = papers.alias("own")
    the_dossiers = exists().where(
        own.c.case_id == papers.c.case_id, papers.c.paper == literal(WITH_THE_PLAN).concat(own.c.paper)
    )
    return and_(newest(), ~the_dossiers)


def of_people(found: Sequence[Ending]) -> list[tuple[Ending, ...]]:
    """One group for each person: they get one message."""
    groups: dict[int, list[Ending]] = {}
    for ending in found:
        groups.setdefault(ending.person_id, []).append(ending)
    return [tuple(group) for group in groups.values()]


# ---------------------------------------------------------------- producers without a chat


async def to_call(
    connection: AsyncConnection, territories: Collection[str], today: date
) -> dict[int, tuple[str, date]]:
    """What somebody has to be told of by telephone, by id of the case: the paper ("": the certificate), its last day.

    Of producers whose reminder has come due in these days and who have no chat to be reminded in, as long as nobody has
    asked for their number since; what ends first stands first. A certificate is left out once its renewal is handed in,
    or another one has taken its place.
    """
    rules = ruleset_on(today)
    first_day = today - timedelta(days=TOLD_DAYS - 1)
    last_end = months_after(today, MONTHS_BEFORE[0] + 1)
    what = {"territories": list(territories), "today": today, "last_end": last_end}
    found: dict[int, tuple[str, date]] = {}
    for row in await connection.execute(_TO_CALL, what):
        moment = due(moments(row.until, None if row.paper else rules), first_day, today)
        if moment is not None and (row.called_at is None or row.called_at < at_minute(moment.on - ONE_CALL, 0)):
            found.setdefault(row.id, (row.paper, row.until))
    return dict(islice(found.items(), MOST_TO_CALL))


def _to_call() -> Select[Any]:
    within = (_TODAY, bindparam("last_end", type_=Date))
    territories: BindParameter[Any] = bindparam("territories", expanding=True)
    chats = exists().where(conversations.c.person_id == cases.c.person_id)
    here = (cases.c.territory.in_(territories), ~chats)
    next_one = cases.alias("next_one")
    handed_in = and_(next_one.c.purpose == "renewal", next_one.c.status.not_in((*OVER, BEGUN)))
    followed = exists().where(continues(next_one, cases.c.code), or_(handed_in, next_one.c.status == "certified"))
    certificates = (
        select(cases.c.id, literal("").label("paper"), results.c.certificate_until.label("until"))
        .join(cases, cases.c.id == results.c.case_id)
        .where(results.c.certificate_until.between(*within), cases.c.status == "certified", *here, ~followed)
    )
    ending = papers.c.valid_until
    in_cases = (
        select(cases.c.id, papers.c.paper, ending.label("until"))
        .join(cases, cases.c.id == papers.c.case_id)
        .where(ending.between(*within), _counts(), cases.c.filed_by.is_not(None))
        .where(cases.c.status.in_(IN_WORK), *here)
    )
    both = union_all(certificates, in_cases).subquery()
    looked_up = select(func.max(case_events.c.happened_at)).where(
        case_events.c.case_id == both.c.id, case_events.c.action == "view_phone"
    )
    return select(both, looked_up.scalar_subquery().label("called_at")).order_by(both.c.until, both.c.id)


_TO_CALL = _to_call()

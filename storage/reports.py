"""Reads for lists and reports: a territory's cases row by row, and what a month has brought."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import groupby, pairwise
from statistics import median
from typing import Any

from sqlalchemy import Select, and_, case, func, literal, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from dialogs import places
from dialogs.rules.lifecycle import AUTHORITIES, STATUSES, Side
from dialogs.rules.working_days import working_days_between
from storage.calendar import days_off_of, desk_of, used_of_limit
from storage.models import CONTACTS, case_events, cases, people, results
from storage.records import VIETNAM
from storage.sealing import SealedText

BATCH = 1000
"""Rows in memory at a time; a province may have a million cases."""
Row = Any
Closed = Mapping[str, frozenset[date]]
"""Days off by the territory of an office."""


def inside(territory: str) -> ColumnElement[bool]:
    """Whether a case lies in "15/04336", "15" or, for "", anywhere; as the indexes of the cases want it asked."""
    if "/" in territory:
        return cases.c.territory == territory
    return cases.c.province == territory if territory else literal(True)


async def closed_in(connection: AsyncConnection, territory: str, everywhere: frozenset[date]) -> Closed:
    """Days off of every office in a territory, and of the province's that acts above it."""
    province = territory.partition("/")[0]
    units = (
        places.communes_of(province)
        if province
        else [c for p in places.provinces() for c in places.communes_of(p.code)]
    )
    offices = {"", province, territory, *(places.territory(unit.code) for unit in units)}
    offices |= {office.partition("/")[0] for office in offices}
    found = await days_off_of(connection, offices - {""})
    return {office: found.get(office, frozenset()) | everywhere for office in offices}


def closed_at(closed: Closed, territory: str, side: Side | str) -> frozenset[date]:
    """Of the office that acts for a side; a commune that was merged away has no days off of its own any more."""
    return closed.get(desk_of(territory, side), closed[""])


# ---------------------------------------------------------------- a list of cases


def _answer(name: str) -> ColumnElement[str]:
    """One of a case's answers; the others, and with them what is personal, stay in the database."""
    return func.coalesce(cases.c.answers[name].as_string(), "")


_PUBLISHED = and_(results.c.case_id == cases.c.id, results.c.published_at.is_not(None))
"""Until then a result is the province's own."""


def _list(territory: str, contacts: bool) -> Select[Any]:
    columns = [
        cases.c.code, cases.c.product, cases.c.commune, cases.c.territory, cases.c.ruleset, cases.c.status,
        cases.c.owner, cases.c.purpose, cases.c.submitted_at, cases.c.since, cases.c.due_on, cases.c.days_used,
        _answer("product_group").label("product_group"), _answer("producer_kind").label("producer_kind"),
        _answer("producer_name").label("producer"), people.c.producer_name.label("known_as"),
        results.c.stars, results.c.import_key, results.c.points_a, results.c.points_b, results.c.points_c,
        results.c.certificate_until, results.c.product_code,
    ]  # fmt: skip
    if contacts:
        columns += [type_coerce(_answer(name), SealedText(name)).label(name) for name in CONTACTS]
    joined = cases.join(people, people.c.id == cases.c.person_id).outerjoin(results, _PUBLISHED)
    return select(*columns).select_from(joined).where(inside(territory)).order_by(cases.c.id)


async def listed(
    connection: AsyncConnection, territory: str, *, contacts: bool = False
) -> AsyncIterator[Sequence[Row]]:
    """The cases of a territory in the order they were filed, in parts of BATCH; columns as in `_list`.

    Points and stars only of published results; `contact_name` and `phone` only with `contacts`.
    """
    statement = _list(territory, contacts).execution_options(yield_per=BATCH)
    found = await connection.stream(statement)
    async for part in found.partitions():
        yield part


async def how_many(connection: AsyncConnection, territory: str) -> int:
    counted = select(func.count()).select_from(cases).where(inside(territory))
    return int((await connection.execute(counted)).scalar_one())


def days_used(row: Row, closed: Closed, today: date) -> int | None:
    """Days used of the limit, as the inbox counts them; None where nobody's clock runs."""
    if row.due_on is None or row.owner not in AUTHORITIES:
        return None
    return used_of_limit(row, today, closed_at(closed, row.territory, row.owner))


# ---------------------------------------------------------------- a month


STAGES = (
    "idea_in", "idea_ok", "plan_in", "plan_ok", "dossier_in", "dossier_up", "result",
)  # fmt: skip
"""What a month's tables count, in the order of the road: what came in and what was accepted, sent up, rated."""
BACK = ("idea_back", "plan_back", "dossier_back", "idea_later", "plan_later")
"""What else happened: returned for a change; put off to the next cycle."""
STEPS = tuple(status.name for status in STATUSES.values() if status.owner in AUTHORITIES)
"""Statuses in which an office has to act: the steps whose time is measured."""

_ARRIVED: Mapping[tuple[str, str], str] = {
    ("", "idea_submitted"): "idea_in",
    ("idea_accepted", "plan_submitted"): "plan_in",
    ("plan_accepted", "dossier_submitted"): "dossier_in",
    ("dossier_begun", "dossier_submitted"): "dossier_in",
    ("dossier_checked", "forwarded"): "dossier_up",
    ("at_district", "forwarded"): "dossier_up",
}
_BECAME: Mapping[str, str] = {
    "idea_accepted": "idea_ok",
    "plan_accepted": "plan_ok",
    "rated": "result",
    "certified": "result",
    "idea_returned": "idea_back",
    "plan_returned": "plan_back",
    "dossier_returned": "dossier_back",
    "returned_by_province": "dossier_back",
    "idea_not_this_year": "idea_later",
    "plan_next_cycle": "plan_later",
}


@dataclass(slots=True)
class Month:
    """What happened in a territory in the month that begins on `first`.

    Counts by the names of STAGES and BACK; `stars` of the results; `days` that each stay at a step took, by status;
    `waiting` by side: open cases and, of these, overdue ones, on the day of the report.
    """

    territory: str
    first: date
    totals: Counter[str] = field(default_factory=Counter)
    by_commune: dict[str, Counter[str]] = field(default_factory=dict)
    by_group: dict[str, Counter[str]] = field(default_factory=dict)
    stars: Counter[int] = field(default_factory=Counter)
    days: dict[str, list[int]] = field(default_factory=dict)
    waiting: dict[Side, tuple[int, int]] = field(default_factory=dict)

    def median_days(self, step: str) -> float | None:
        return median(self.days[step]) if self.days.get(step) else None


def month_after(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


async def month(
    connection: AsyncConnection, territory: str, first: date, today: date, everywhere: frozenset[date] = frozenset()
) -> Month:
    """A month's report; `first` is the first day of the month."""
    made = Month(territory, first, waiting=await _waiting(connection, territory, today))
    closed = await closed_in(connection, territory, everywhere)
    async for moves in _moves(connection, territory, first):
        _add(made, moves, closed)
    return made


def _span(first: date) -> tuple[datetime, datetime]:
    return datetime.combine(first, time(), VIETNAM), datetime.combine(month_after(first), time(), VIETNAM)


async def _moves(connection: AsyncConnection, territory: str, first: date) -> AsyncIterator[list[Row]]:
    """Case by case all its moves, of the cases that moved in the month; what was taken back is left out."""
    start, end = _span(first)
    moved = case_events.c.from_status != case_events.c.to_status
    touched = (
        select(case_events.c.case_id)
        .join(cases)
        .where(inside(territory), moved, case_events.c.happened_at >= start, case_events.c.happened_at < end)
    )
    statement = (
        select(
            case_events.c.case_id, case_events.c.action, case_events.c.from_status, case_events.c.to_status,
            case_events.c.happened_at, cases.c.commune, cases.c.territory,
            _answer("product_group").label("product_group"), results.c.stars,
        )
        .select_from(case_events.join(cases).outerjoin(results, _PUBLISHED))
        .where(case_events.c.case_id.in_(touched), moved)
        .order_by(case_events.c.case_id, case_events.c.id)
    )  # fmt: skip
    found = await connection.stream(statement.execution_options(yield_per=BATCH))
    rest: list[Row] = []
    async for part in found.partitions():
        *whole, rest = [list(rows) for _, rows in groupby([*rest, *part], key=lambda row: row.case_id)]
        for rows in whole:
            yield standing(rows)
    if rest:
        yield standing(rest)


def standing(moves: Iterable[Row]) -> list[Row]:
    """The moves of a case that were not taken back: an undo goes back to where the case last stood so."""
    kept: list[Row] = []
    for move in moves:
        back = next((n for n in reversed(range(len(kept))) if kept[n].to_status == move.to_status), None)
        if move.action == "undo" and back is not None:
            del kept[back + 1 :]
        else:
            kept.append(move)
    return kept


def _add(made: Month, moves: Sequence[Row], closed: Closed) -> None:
    start, end = _span(made.first)
    for before, move in pairwise([None, *moves]):
        if move is None or not start <= move.happened_at < end:
            continue
        _count(made, move)
        if before is not None:
            _time(made, before, move, closed)


def _count(made: Month, move: Row) -> None:
    name = _ARRIVED.get((move.from_status, move.to_status)) or _BECAME.get(move.to_status)
    if name is None:
        return
    made.totals[name] += 1
    made.by_commune.setdefault(move.commune, Counter())[name] += 1
    made.by_group.setdefault(move.product_group, Counter())[name] += 1
    if name == "result" and move.stars is not None:
        made.stars[move.stars] += 1


def _time(made: Month, before: Row, move: Row, closed: Closed) -> None:
    """Working days from the day a case came to a step (not counted) to the day it left it."""
    status = STATUSES.get(move.from_status)
    if status is None or status.owner not in AUTHORITIES:
        return
    came, went = (moment.astimezone(VIETNAM).date() for moment in (before.happened_at, move.happened_at))
    days = working_days_between(came, went, closed_at(closed, move.territory, status.owner))
    made.days.setdefault(status.name, []).append(days)


async def _waiting(connection: AsyncConnection, territory: str, today: date) -> dict[Side, tuple[int, int]]:
    overdue = func.sum(case((cases.c.due_on < today, 1), else_=0))
    statement = select(cases.c.owner, func.count().label("open"), overdue.label("overdue"))
    statement = statement.where(inside(territory), cases.c.owner.in_([str(side) for side in AUTHORITIES]))
    found = await connection.execute(statement.group_by(cases.c.owner))
    return {Side(row.owner): (int(row.open), int(row.overdue)) for row in found}


def groups_in_order(by_group: Mapping[str, Counter[str]], known: Sequence[str]) -> Iterator[str]:
    """Product groups in the order of the rules; those of older rules behind them."""
    yield from (group for group in known if group in by_group)
    yield from sorted(set(by_group) - set(known))

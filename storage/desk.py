"""What an officer's list shows: cases they can act on, most urgent first, and how many there are of each kind.

Every list is read from the two long indexes of `cases` and ends after one page; only what is counted is read whole, in
one of these indexes. tests/bench_inbox.py measures it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, and_, bindparam, case, func, literal_column, or_, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from dialogs import places
from dialogs.engine import dialog_name
from dialogs.model import DeskFacts, DeskLine, Draft, Membership, Role
from dialogs.officer.desk import filter_of
from dialogs.rules import lifecycle
from dialogs.rules.lifecycle import AUTHORITIES, Side, owned_by
from dialogs.rules.working_days import add_working_days, working_days_between, working_minutes_left
from dialogs.state import load
from storage.calendar import days_off_of, desk_of, offices_at
from storage.correspondence import unanswered
from storage.endings import to_call
from storage.holding import holder_name
from storage.models import cases, conversations, memberships, people
from storage.rights import IN_COMMUNE, sides_at
from storage.search import hits_of
from storage.staff import covered_by
from storage.undo import own_last

if TYPE_CHECKING:
    from storage.records import Conversation

SHOW_DESK = {"desk", "find", "joined", "note", "office_hours", "days_off"}
"""Dialogs that show an officer's desk, or end at it; for the others it is not read."""
LINES = 5
"""Cases on one page of the desk: with the buttons below them they fill a telephone."""
ASKED = 2
"""Questions that stand above the cases of the first page; all of them are behind their own filter."""
SILENT_DAYS = 10
"""After so many days without a word somebody may need a kind one."""
MOST_DRAFTS = 500
"""Silent drafts that are read at once, far more than a commune has people who register."""
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
Row = Any


def shows_desk(conversation: "Conversation") -> bool:
    return bool(conversation.person.memberships) and dialog_name(conversation.state.key) in SHOW_DESK


async def desk_facts(
    connection: AsyncConnection, conversation: "Conversation", now: datetime, days_off: frozenset[date]
) -> DeskFacts:
    """The list that the conversation stands at: a filter's page, or what was searched for."""
    state = conversation.state
    draft = state.drafts.get(state.key) or Draft({})
    after = draft.answers.get("_after", "")
    members, covers = conversation.person.memberships, conversation.covers
    desk = await desk_for(connection, conversation.person_id, members, covers, now, days_off)
    if dialog_name(state.key) == "find":
        return await _found(connection, desk, draft.answers.get("_words", ""), after)
    listed = await _listed(connection, desk, filter_of(state.key.partition(".")[2]), after)
    if dialog_name(state.key) != "desk":
        return listed
    return replace(listed, undoable=await own_last(connection, conversation.person_id, now))


# ---------------------------------------------------------------- where somebody may act


@dataclass(frozen=True, slots=True)
class Scope:
    """Cases on which an officer may act for some sides: of a province, of some communes, or single ones by id."""

    sides: frozenset[Side]
    province: str = ""
    territories: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()

    @property
    def kind(self) -> str:
        return "ids" if self.ids else "province" if self.province else "communes" if self.territories[1:] else "commune"

    @property
    def place(self) -> Any:
        """What a statement for this kind of scope has to be told."""
        return list(self.ids) or self.province or (self.territories if self.territories[1:] else self.territories[0])


Shape = tuple[str, frozenset[Side]]
"""Kind and sides of a scope: scopes of the same shape are asked for by the same statement."""


def _within(kind: str, n: int) -> ColumnElement[bool]:
    """Whether a case lies in the n-th scope, which is of this kind."""
    place: Any = bindparam(f"place{n}")
    places_: Any = bindparam(f"place{n}", expanding=True)
    within: dict[str, ColumnElement[bool]] = {
        "ids": cases.c.id.in_(places_),
        "province": cases.c.province == place,
        "commune": cases.c.territory == place,  # not IN: then the order of the index is the order of the list
        "communes": cases.c.territory.in_(places_),
    }
    return within[kind]


@dataclass(frozen=True, slots=True)
class Desk:
    """An officer at a moment. `hands`: in whose hand a case is theirs, their own and those they cover for.

    `soon` is the next working day after today; `everywhere` the days off that all offices have.
    """

    person_id: int
    members: tuple[Membership, ...]
    hands: frozenset[int]
    scopes: tuple[Scope, ...]
    now: datetime
    today: date
    soon: date
    everywhere: frozenset[date]


async def desk_for(
    connection: AsyncConnection,
    person_id: int,
    members: Sequence[Membership],
    covers: frozenset[int],
    now: datetime,
    everywhere: frozenset[date],
) -> Desk:
    """All that is the same for every list of an officer's."""
    today = now.astimezone(_VIETNAM).date()
    closed = await days_off_of(connection, {member.territory for member in members})
    soon = add_working_days(today, 1, everywhere.union(*closed.values()))
    scopes = await scopes_of(connection, members, person_id)
    return Desk(person_id, tuple(members), covers | {person_id}, scopes, now, today, soon, everywhere)


async def counts_for(
    connection: AsyncConnection,
    person_id: int,
    members: Sequence[Membership],
    now: datetime,
    everywhere: frozenset[date],
) -> dict[str, int]:
    """Counts of all filters, as the desk shows them, for an officer who is not in a conversation now."""
    covered = await covered_by(connection, [person_id], now.astimezone(_VIETNAM).date())
    covers = covered.get(person_id, frozenset())
    desk = await desk_for(connection, person_id, members, covers, now, everywhere)
    return await counts_of(connection, desk) | {
        name: len(lines) for name, lines in (await beside(connection, desk)).items()
    }


Officers = Mapping[str, Mapping[int, set[Role]]]
"""Roles by person, by territory."""


async def scopes_of(connection: AsyncConnection, members: Sequence[Membership], me: int) -> tuple[Scope, ...]:
    """Where and for whom this officer acts; who is missing below is found out for all communes at once.

    The rule is rights.sides_at. A case whose producer is an officer there is looked at as if that one were not: such
    cases are few, and named one by one.
    """
    reach = _reach(members)
    if not reach or all("/" in member.territory for member in members):
        return tuple(_grouped({t: sides_at(members, t, {}) for t in reach}))
    officers = await _officers(connection, {territory.partition("/")[0] for territory in reach})
    present = {territory: set().union(*roles.values()) for territory, roles in officers.items()}
    sides = {territory: sides_at(members, territory, present) for territory in reach}
    alone = await _cases_of_officers(connection, members, officers, sides, me)
    return (*_grouped(sides), *alone)


def _reach(members: Iterable[Membership]) -> tuple[str, ...]:
    """The communes in which these memberships may count."""
    found: dict[str, None] = {}
    for member in members:
        if "/" in member.territory:
            found[member.territory] = None
        else:
            of = (member.territory,) if member.territory else tuple(p.code for p in places.provinces())
            found |= dict.fromkeys(territory for province in of for territory in _communes(province))
    return tuple(found)


@cache
def _communes(province: str) -> tuple[str, ...]:
    return tuple(f"{province}/{commune.code}" for commune in places.communes_of(province))


async def _officers(connection: AsyncConnection, provinces: Collection[str]) -> Officers:
    """Everybody in these provinces and their communes."""
    which = [
        or_(memberships.c.territory == province, memberships.c.territory.like(f"{province}/%"))
        for province in provinces
    ]
    columns = (memberships.c.territory, memberships.c.person_id, memberships.c.role)
    statement = select(*columns).where(memberships.c.removed_at.is_(None))
    found: dict[str, dict[int, set[Role]]] = {}
    everywhere = len(provinces) == len(places.provinces())
    for row in await connection.execute(statement if everywhere else statement.where(or_(*which))):
        found.setdefault(row.territory, {}).setdefault(row.person_id, set()).add(Role(row.role))
    return found


def _grouped(sides: Mapping[str, frozenset[Side]]) -> Iterable[Scope]:
    """As few scopes as possible: what holds in a whole province first, then communes that are alike."""
    rest: dict[frozenset[Side], list[str]] = {}
    for province, group in groupby(sorted(sides), key=lambda territory: territory.partition("/")[0]):
        communes = tuple(group)
        whole = len(communes) == len(_communes(province)) > 1
        common = frozenset.intersection(*(sides[territory] for territory in communes)) if whole else frozenset()
        if common:
            yield Scope(common, province=province)
        for territory in communes:
            rest.setdefault(sides[territory] - common, []).append(territory)
    for more, territories in rest.items():
        if more:
            yield Scope(more, territories=tuple(territories))


async def _cases_of_officers(
    connection: AsyncConnection,
    members: Sequence[Membership],
    officers: Officers,
    sides: Mapping[str, frozenset[Side]],
    me: int,
) -> tuple[Scope, ...]:
    """Open cases that somebody handed in who is an officer there, where this officer stands in only for that."""
    producers = {person for here in officers.values() for person in here} - {me}
    columns = (cases.c.id, cases.c.person_id, cases.c.territory, cases.c.owner)
    which = (cases.c.person_id.in_(producers), cases.c.owner.in_(AUTHORITIES))
    rows = await connection.execute(select(*columns).where(*which)) if producers else ()
    ids = [
        row.id
        for row in rows
        if row.owner not in sides.get(row.territory, ())
        and row.owner in sides_at(members, row.territory, _without(officers, row.territory, row.person_id))
    ]
    return (Scope(AUTHORITIES, ids=tuple(ids)),) if ids else ()


def _without(officers: Officers, territory: str, person_id: int) -> dict[str, set[Role]]:
    """Who is present for a case of this person's."""
    levels = (territory, territory.partition("/")[0])
    others = {level: [roles for p, roles in officers.get(level, {}).items() if p != person_id] for level in levels}
    return {level: set().union(*roles) for level, roles in others.items() if roles}


# ---------------------------------------------------------------- filters


_NOT_OWN = cases.c.person_id != bindparam("me")
_HOLDER = func.coalesce(cases.c.holder_id, 0)
"""0 for a free case. Not the bare column: SQLite would look for what is free in its index, which is nearly all."""
_IN_HAND = _HOLDER.in_(bindparam("hands", expanding=True))
_MINE_OR_FREE = and_(_NOT_OWN, or_(_HOLDER == 0, _IN_HAND))
_TODAY, _SOON = bindparam("today", type_=Date), bindparam("soon", type_=Date)
_FILTERS: Mapping[str, ColumnElement[bool]] = {
    "urgent": cases.c.due_on <= _SOON,
    "overdue": cases.c.due_on < _TODAY,
    "due": cases.c.due_on.between(_TODAY, _SOON),
    "resubmitted": cases.c.resubmitted.is_(True),
    "new": and_(_HOLDER == 0, cases.c.resubmitted.is_(False)),
    "mine": _IN_HAND,
}
"""The filters among the cases that an officer can act on."""


@cache
def _open_statuses(sides: frozenset[Side]) -> tuple[str, ...]:
    return owned_by(*sides)


@cache
def _waiting_statuses(sides: frozenset[Side]) -> tuple[str, ...]:
    """Where a producer has something to send again to one of these sides."""
    again = (move for move in lifecycle.MOVES if move.action == "resubmit")
    return tuple(move.from_status for move in again if lifecycle.STATUSES[move.to_status].owner in sides)


def _told(desk: Desk) -> dict[str, Any]:
    """What the statements of a desk are told; they are made once for all desks of the same shapes."""
    where = {f"place{n}": scope.place for n, scope in enumerate(desk.scopes)}
    return {"me": desk.person_id, "hands": list(desk.hands), "today": desk.today, "soon": desk.soon, **where}


def _shapes(desk: Desk) -> tuple[Shape, ...]:
    return tuple((scope.kind, scope.sides) for scope in desk.scopes)


async def counts_of(connection: AsyncConnection, desk: Desk) -> dict[str, int]:
    """How many cases of each filter this officer can act on; without the drafts."""
    counts = dict.fromkeys(_COUNTED, 0)
    for row in await connection.execute(_counting(_shapes(desk)), _told(desk)) if desk.scopes else ():
        for name in counts:
            counts[name] += getattr(row, name)
    return counts


_COUNTED = ("act", *_FILTERS, "waiting")


@lru_cache(maxsize=256)
def _counting(shapes: tuple[Shape, ...]) -> Any:
    """A row for each scope with what can be acted on, and one with what its producers have."""
    # "count(CASE …)" rather than FILTER: both databases read it from the index alone
    acted = {"act": func.count()} | {name: func.count(case((which, 1))) for name, which in _FILTERS.items()}
    waiting = {"waiting": func.count()}
    parts = []
    for n, (kind, sides) in enumerate(shapes):
        here = _within(kind, n)
        parts.append(_counts(acted).where(here, cases.c.status.in_(_open_statuses(sides)), _MINE_OR_FREE))
        if again := _waiting_statuses(sides):
            parts.append(_counts(waiting).where(here, cases.c.status.in_(again), _NOT_OWN))
    return union_all(*parts)


def _counts(counted: Mapping[str, ColumnElement[int]]) -> Any:
    columns = [counted.get(name, literal_column("0")).label(name) for name in _COUNTED]
    return select(*columns).select_from(cases)


# ---------------------------------------------------------------- one page


async def _listed(connection: AsyncConnection, desk: Desk, shown: str, after: str) -> DeskFacts:
    counts = await counts_of(connection, desk)
    others = await beside(connection, desk)
    counts |= {name: len(lines) for name, lines in others.items()}
    if (lines := others.get(shown)) is not None:
        start = int(after) if after.isdigit() else 0
        further = str(start + LINES) if start + LINES < len(lines) else ""
        return DeskFacts(counts, tuple(lines[start : start + LINES]), len(lines), further)
    ids, further = await _page(connection, desk, shown, after)
    first = others["asked"][:ASKED] if shown == "act" and not after else ()
    listed = (*first, *await lines_of(connection, desk, ids))
    return DeskFacts(counts, listed, counts.get(shown, counts["act"]), further)


async def _page(connection: AsyncConnection, desk: Desk, shown: str, after: str) -> tuple[list[int], str]:
    """Ids of one page, and where the next one begins ("<day>/<id>", behind which it lies)."""
    behind = _behind(after)
    statement = _paging(_shapes(desk), shown, bool(behind))
    if statement is None:
        return [], ""
    rows = (await connection.execute(statement, _told(desk) | behind)).all()
    last = rows[LINES - 1] if len(rows) > LINES else None
    return [row.id for row in rows[:LINES]], f"{last.place.isoformat()}/{last.id}" if last is not None else ""


def _behind(after: str) -> dict[str, Any]:
    """Nothing where it is no place in a list, which means from the beginning."""
    day, _, last = after.partition("/")
    try:
        return {"day": date.fromisoformat(day), "last": int(last)}
    except ValueError:
        return {}


@lru_cache(maxsize=1024)
def _paging(shapes: tuple[Shape, ...], shown: str, behind: bool) -> Any:
    """The first ones of a filter, one more than a page; None where there can be none.

    Each status of each scope is in order in an index, so of each at most a page is read.
    """
    waiting = shown == "waiting"
    which = [_NOT_OWN] if waiting else [_MINE_OR_FREE, *([_FILTERS[shown]] if shown in _FILTERS else [])]
    place = cases.c.urgent_on  # of what a producer has, the oldest case is first: it is as urgent as the others
    if behind:
        which.append(tuple_(place, cases.c.id) > tuple_(bindparam("day", type_=Date), bindparam("last")))
    parts = []
    for n, (kind, sides) in enumerate(shapes):
        for status in _waiting_statuses(sides) if waiting else _open_statuses(sides):
            part = select(place.label("place"), cases.c.id).where(_within(kind, n), cases.c.status == status, *which)
            parts.append(select(part.order_by(place, cases.c.id).limit(LINES + 1).subquery()))
    if not parts:
        return None
    together = union_all(*parts).subquery()
    return select(together).order_by(together.c.place, together.c.id).limit(LINES + 1)


_HOLDERS = people.alias("holders")
_LINE = (
    select(cases, people.c.name, people.c.producer_name.label("maker"), _HOLDERS.c.name.label("holder"))
    .join(people, people.c.id == cases.c.person_id)
    .join(_HOLDERS, _HOLDERS.c.id == cases.c.holder_id, isouter=True)
)


async def lines_of(connection: AsyncConnection, desk: Desk, ids: Sequence[int]) -> tuple[DeskLine, ...]:
    """Cases as a list shows them, in the order of the ids."""
    if not ids:
        return ()
    rows = {row.id: row for row in await connection.execute(_LINE.where(cases.c.id.in_(ids)))}
    desks = {row.id: desk_of(row.territory, row.owner) for row in rows.values()}
    offices = await offices_at(connection, set(desks.values()), desk.everywhere)

    def left(row: Row) -> int | None:
        office = offices[desks[row.id]]
        return working_minutes_left(desk.now, row.due_on, office.sessions, office.days_off)

    return tuple(_line(rows[i], desk, left(rows[i])) for i in ids if i in rows)


def _line(row: Row, desk: Desk, minutes_left: int | None) -> DeskLine:
    with_producer = row.owner == Side.PRODUCER
    return DeskLine(
        row.code,
        row.product,
        row.answers.get("producer_name") or row.maker or row.name,
        row.status,
        minutes_left,
        row.resubmitted,
        holder=holder_name(row),
        held_by_me=row.holder_id in desk.hands,
        silent_days=(desk.today - row.since).days if with_producer else 0,
        since=row.since,
    )


# ---------------------------------------------------------------- search


async def _found(connection: AsyncConnection, desk: Desk, words: str, after: str) -> DeskFacts:
    """What was searched for, whatever its status, in the officer's territories only."""
    start = int(after) if after.isdigit() else 0
    hits = await hits_of(connection, desk.members, desk.person_id, words, desk.today, start)
    return DeskFacts({}, await lines_of(connection, desk, hits.ids), hits.total, hits.after)


# ---------------------------------------------------------------- beside the cases that wait for a decision


async def beside(connection: AsyncConnection, desk: Desk) -> dict[str, Sequence[DeskLine]]:
    """Filters of what is no decision, whole: each is short."""
    return {
        "drafts": await silent_drafts(connection, desk),
        "asked": await questions(connection, desk),
        "ends": await ends(connection, desk),
    }


def _answered_for(desk: Desk) -> set[str]:
    """Territories of the communes that this officer answers for, their own and those where nobody is who would."""
    territories = {m.territory for m in desk.members if m.role in IN_COMMUNE}
    for scope in desk.scopes:
        if Side.COMMUNE in scope.sides:
            territories |= {*(_communes(scope.province) if scope.province else scope.territories)}
    return territories


async def ends(connection: AsyncConnection, desk: Desk) -> list[DeskLine]:
    """Whom to telephone about a certificate or paper that ends, as they have no chat."""
    territories = _answered_for(desk)
    found = await to_call(connection, territories, desk.today) if territories else {}
    lines = await lines_of(connection, desk, list(found))
    return [
        replace(line, ends_on=until, paper=paper) for (paper, until), line in zip(found.values(), lines, strict=True)
    ]


async def questions(connection: AsyncConnection, desk: Desk) -> list[DeskLine]:
    """What producers have asked about no case and nobody has answered, of the communes this officer answers for."""
    communes = {territory.rpartition("/")[2] for territory in _answered_for(desk)}
    rows = await unanswered(connection, communes, desk.person_id) if communes else ()
    return [_question_line(row, desk) for row in rows]


def _question_line(row: Row, desk: Desk) -> DeskLine:
    days = (desk.today - row.written_at.astimezone(_VIETNAM).date()).days
    left = _days_left(row.answer_on, desk.today) if row.answer_on is not None else None
    return DeskLine(f"n{row.note_id}", row.text, row.name or row.producer_name, silent_days=days, days_left=left)


def _days_left(answer_on: date, today: date) -> int:
    """Working days; less than 0 once it is late."""
    if today > answer_on:
        return -max(1, working_days_between(answer_on, today))
    return working_days_between(today, answer_on)


# ---------------------------------------------------------------- silent drafts


async def silent_drafts(connection: AsyncConnection, desk: Desk) -> list[DeskLine]:
    """Forms that people of the officer's communes have begun and not touched for SILENT_DAYS, longest silence first.

    Only of who has agreed that the record is kept, and only for the communes' own officers.
    """
    communes = {m.territory.rpartition("/")[2] for m in desk.members if m.role in IN_COMMUNE}
    if not communes:
        return []
    silent_since = desk.now - timedelta(days=SILENT_DAYS)
    told = {"communes": list(communes), "me": desk.person_id, "silent_since": silent_since}
    who = {row.chat: row for row in await connection.execute(_SILENT, told)}
    if not who:
        return []
    chats = select(conversations.c.id, conversations.c.state, conversations.c.updated_at)
    rows = await connection.execute(chats.where(conversations.c.id.in_(who)).order_by(conversations.c.updated_at))
    begun = ((row, _begun(load(row.state).drafts)) for row in rows)
    return [_draft_line(who[row.id], row.updated_at, draft, desk) for row, draft in begun if draft is not None]


def _silent() -> Any:
    """People of some communes who seem to have begun a form, each with the chat in which they did.

    One person after the other, by an index: however many there are elsewhere, nobody else's chats are looked at.
    """
    chat, later = conversations.alias("chat"), conversations.alias("later")
    since = bindparam("silent_since", type_=conversations.c.updated_at.type)
    drafts = chat.c.state["drafts"].as_string()
    may_be_begun = or_(*(drafts.contains(sign, autoescape=True) for sign in _SIGNS))
    found = select(chat.c.id).where(chat.c.person_id == people.c.id, chat.c.updated_at <= since, may_be_begun)
    first = found.order_by(chat.c.updated_at).limit(1).correlate(people).scalar_subquery().label("chat")
    spoke = select(later.c.id).where(later.c.person_id == people.c.id, later.c.updated_at > since).exists()
    here = people.c.commune.in_(bindparam("communes", expanding=True))
    whose = (here, people.c.consent == "yes", people.c.id != bindparam("me"), ~spoke)
    each = select(people.c.id, people.c.name, people.c.producer_name, first).where(*whose).subquery()
    return select(each).where(each.c.chat.is_not(None)).limit(MOST_DRAFTS)


_SIGNS = ('"register_idea.', '"p":')
"""What the JSON of a form begun has in it; only what has one of these is read as a whole (dialogs.state)."""
_SILENT = _silent()
_FORMS: Mapping[str, Callable[[Draft], bool]] = {
    "register_idea": lambda draft: bool(draft.turn or draft.partial),
    "upload": lambda draft: bool(draft.partial),  # it stays when all is sent; what is open are pages in hand
}


def _begun(drafts: Mapping[str, Draft]) -> Draft | None:
    """The newest of the forms that somebody has begun."""
    begun = [draft for key, draft in drafts.items() if (form := _FORMS.get(dialog_name(key))) and form(draft)]
    return max(begun, key=lambda draft: draft.turn, default=None)


def _draft_line(who: Row, touched_at: datetime, draft: Draft, desk: Desk) -> DeskLine:
    days = (desk.today - touched_at.astimezone(_VIETNAM).date()).days
    by = draft.answers.get("producer_name") or who.producer_name or who.name
    return DeskLine(f"p{who.id}", draft.answers.get("product", ""), by, silent_days=days)

"""Reads for many conversations at once: who they are, and what their dialogs may know."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, and_, bindparam, delete, func, insert, or_, select
from sqlalchemy import case as sql_case
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs import places
from dialogs.answers import answer_of, pages_of
from dialogs.corrections import NAMES, TWO_VERSIONS
from dialogs.council.facts import SCORING
from dialogs.engine import dialog_name
from dialogs.model import (
    CaseFacts,
    Change,
    Facts,
    FileFacts,
    HistoryLine,
    Membership,
    PaperFacts,
    Person,
    ResultFacts,
    ReturnedItem,
    State,
)
from dialogs.rules.lifecycle import STATUSES, WAITS_FOR_ROUND, Side, actions, limit_of
from dialogs.rules.ruleset import ruleset
from dialogs.rules.working_days import working_minutes_left
from dialogs.state import dump, load
from storage.advice import being_read
from storage.again import former_of
from storage.assessments import assessment_of, may_see, shows_assessment
from storage.calendar import days_off_of, desk_of, kept_offices, office_for, shows_calendar, used_of_limit
from storage.correspondence import addressed, letter_key, notes_of, reachable
from storage.council import SITTING, council_facts, council_on, shows_council
from storage.database import inserting
from storage.database import upsert as upsert
from storage.desk import desk_facts, shows_desk
from storage.dossiers import is_maker
from storage.findings import findings_of
from storage.holding import holder_of, shows_successors, successors_for
from storage.joining import stage_of
from storage.listed_makers import listed_makers, number_in_hand
from storage.models import (
    TELLING,
    case_events,
    cases,
    conversations,
    files,
    papers,
    people,
    results,
    returned_items,
    updates,
)
from storage.near import add_offices
from storage.notices import told_of
from storage.on_behalf import filed_for_somebody
from storage.own_papers import own_papers_of, shows_own_papers
from storage.pages import file_facts, lengths_of, newest
from storage.reach import reach_of, shows_reach
from storage.ready import ready_for, shows_ready
from storage.reviews import changes_of, marks_of, templates_of
from storage.rights import covers, present_at, sides_at
from storage.rounds import rounds_at, rounds_of, shows_rounds
from storage.self_scores import self_marks_of, shows_self_score
from storage.staff import covered_by, memberships_of, shows_staff, staff_facts
from storage.star_steps import steps_of
from storage.stories import shows_story, story_of
from storage.undo import undo_facts
from storage.waiting import openings

SHOW_TEMPLATES = {"check", "templates"}
"""Dialogs in which ready words for reasons are chosen or edited."""
FORGOTTEN = "forgotten"
"""Status of a file whose bytes are still to be erased; nobody sees it any more."""
VOICE = "voice"
"""Kind of a file that was sent as a voice note, until it has been looked at; nothing else may be a recording."""
UNNAMED = "unnamed"
"""Kind of a file of which nobody has said what it is, until it has been looked at."""
Row = Any
"""A row by column name; SQLAlchemy's own type would list every column again."""
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
MINISTRY = "Bộ Nông nghiệp và Môi trường"
"""Certifies five stars (26/2026/QĐ-TTg art. 7.4); before 2025 under another name."""


@dataclass(slots=True)
class Conversation:
    """One chat and the person behind it, as the database has them at the start of a turn."""

    id: int
    person_id: int
    channel: str
    chat_id: str
    locale: str
    state: State
    person: Person
    case_count: int
    covers: frozenset[int] = frozenset()
    """Persons whose work this one does today: what is in their hand is in this one's too."""
    listed: tuple[tuple[int, str, str], ...] = ()
    """The newest list shown in this chat, where lists are typed back: number (0: only words), button data, label."""
    typed: int = 0
    """A checksum of what was typed last, where lists are typed back; 0: something else was done, or nothing yet."""
    heard_at: datetime | None = None
    """When the person last did something here."""
    held: int = 0
    """Messages that wait for this person to write here."""


# ---------------------------------------------------------------- updates and conversations


async def first_times(
    connection: AsyncConnection, keys: Collection[tuple[str, str]], now: datetime
) -> set[tuple[str, str]]:
    """Those (channel, update key) that were never handled; they are marked as handled by this transaction.

    In order, so that two processes that were given the same updates wait for each other in one direction.
    """
    rows = [{"channel": channel, "key": key, "received_at": now} for channel, key in sorted(keys)]
    result = await connection.execute(_first_times(connection.dialect.name), rows)
    return {(channel, key) for channel, key in result}


# Statements of every turn are made once: making one takes longer than SQLite takes to carry it out.


@cache
def _first_times(dialect: str) -> Any:
    return inserting(dialect, updates).on_conflict_do_nothing().returning(updates.c.channel, updates.c.key)


_beside = conversations.alias("beside")
_CHATS = select(func.count()).where(_beside.c.person_id == people.c.id, _beside.c.channel.not_in(TELLING))
_SELECT = select(
    conversations.c.id,
    conversations.c.person_id,
    conversations.c.channel,
    conversations.c.chat_id,
    conversations.c.locale,
    conversations.c.state,
    conversations.c.listed,
    conversations.c.typed,
    conversations.c.updated_at,
    conversations.c.held,
    people.c.name,
    people.c.phone,
    people.c.producer_kind,
    people.c.producer_name,
    people.c.commune,
    people.c.consent,
    people.c.reminders,
    people.c.case_count,
    people.c.officer,
    _CHATS.scalar_subquery().label("chats"),
    *SITTING,
).join(people)


async def conversations_of(
    connection: AsyncConnection,
    chats: Mapping[tuple[str, str], str],
    now: datetime,
    beside: Collection[int] = (),
) -> dict[tuple[str, str], Conversation]:
    """Conversations by (channel, chat id), locked for this transaction; unknown chats begin one.

    `chats` gives each the locale to begin with; `beside`: ids of further ones that have to be locked with them.
    """
    today = now.astimezone(VIETNAM).date()
    found = await _read(connection, chats, today, beside)
    if strange := [chat for chat in chats if chat not in found]:
        await _begin(connection, {chat: chats[chat] for chat in strange}, now)
        found |= await _read(connection, strange, today)
    return found


async def _read(
    connection: AsyncConnection, chats: Collection[tuple[str, str]], today: date, beside: Collection[int] = ()
) -> dict[tuple[str, str], Conversation]:
    """All the conversations, then all the people, each in the order of their ids: so that nobody waits in a circle.

    One person may have several conversations, so in the order of the conversations the people would not be in one.
    The person is locked as well: of a row that is only joined, PostgreSQL would show what it was before the wait.
    "Key share" lets others meanwhile put a notice for this chat into the outbox.
    """
    by_channel: dict[str, list[str]] = {}
    for channel, chat_id in chats:
        by_channel.setdefault(channel, []).append(chat_id)
    lock, statement = _reading(connection.dialect.name, tuple(sorted(by_channel)), bool(beside))
    given: dict[str, Any] = {f"in_{channel}": ids for channel, ids in by_channel.items()}
    given |= {"beside": list(beside)} if beside else {}
    if lock is not None:
        await connection.execute(lock, given)
    rows = (await connection.execute(statement, given)).all()
    officers = [row.person_id for row in rows if row.officer]
    covered = await covered_by(connection, officers, today) if officers else {}
    members = await memberships_of(connection, officers, covered) if officers else {}
    return {(row.channel, row.chat_id): _conversation(row, members, covered) for row in rows}


@cache
def _reading(dialect: str, channels: tuple[str, ...], beside: bool) -> tuple[Any, Any]:
    """What locks the conversations (None on SQLite, where all is locked), and what reads them with their people.

    Chat ids of each channel as "in_<channel>", further ids as "beside".
    """
    which = or_(
        *(
            and_(
                conversations.c.channel == channel,
                conversations.c.chat_id.in_(bindparam(f"in_{channel}", expanding=True)),
            )
            for channel in channels
        ),
        *((conversations.c.id.in_(bindparam("beside", expanding=True)),) if beside else ()),
    )
    statement = _SELECT.where(which)
    if dialect != "postgresql":
        return None, statement
    lock = select(conversations.c.id).where(which).order_by(conversations.c.id).with_for_update(key_share=True)
    return lock, statement.order_by(people.c.id).with_for_update(of=people, key_share=True)


def _conversation(
    row: Row, members: Mapping[int, tuple[Membership, ...]], covered: Mapping[int, frozenset[int]]
) -> Conversation:
    person = Person(
        locale=row.locale,
        name=row.name,
        phone=row.phone,
        producer_kind=row.producer_kind,
        producer_name=row.producer_name,
        commune=row.commune,
        consent=row.consent,
        reminders=row.reminders,
        memberships=members.get(row.person_id, ()),
        chats=row.chats,
        seated=row.seated,
        sat=row.sat,
    )
    state = load(row.state)
    return Conversation(
        row.id,
        row.person_id,
        row.channel,
        row.chat_id,
        row.locale,
        state,
        person,
        row.case_count,
        covered.get(row.person_id, frozenset()),
        tuple((number, data, label) for number, data, label in row.listed or ()),
        row.typed,
        row.updated_at,
        row.held,
    )


async def _begin(connection: AsyncConnection, chats: Mapping[tuple[str, str], str], now: datetime) -> None:
    """Two processes may meet a new chat at the same instant: the unique key lets one of them begin it.

    The other takes its people away again.
    """
    strangers = await connection.execute(insert(people).returning(people.c.id), [{"created_at": now} for _ in chats])
    made = list(strangers.scalars())
    rows = [
        {
            "person_id": person_id,
            "channel": channel,
            "chat_id": chat_id,
            "locale": chats[channel, chat_id],
            "state": dump(State()),
            "updated_at": now,
        }
        for person_id, (channel, chat_id) in zip(made, sorted(chats), strict=True)
    ]
    statement = upsert(connection, conversations).on_conflict_do_nothing().returning(conversations.c.person_id)
    begun = set((await connection.execute(statement, rows)).scalars())
    if too_many := set(made) - begun:
        await connection.execute(delete(people).where(people.c.id.in_(too_many)))


# ---------------------------------------------------------------- facts


@dataclass(frozen=True, slots=True)
class Wanted:
    """A conversation whose facts are asked for. `code`: a case that its state or event names, or "".

    `also`: facts by name that whoever asks has already.
    """

    conversation: Conversation
    code: str = ""
    file_ids: tuple[str, ...] = ()
    also: Mapping[str, Any] = field(default_factory=dict)


async def facts_for(
    connection: AsyncConnection, wanted: Sequence[Wanted], base: Facts, days_off: frozenset[date] = frozenset()
) -> dict[int, Facts]:
    """Facts by conversation id. `base` holds what is the same for all: the moment, the handbook."""
    by_code, own = await _cases(connection, wanted, base.now, days_off)
    of_papers = {want.conversation.id: _of_open_papers(want, by_code, own) for want in wanted}
    known_files = await _files(connection, wanted, {pair for pairs in of_papers.values() for pair in pairs})
    found = {}
    for want in wanted:
        conversation = want.conversation
        person = conversation.person
        more: dict[str, Any] = {"person": person, "cases": tuple(own.get(conversation.person_id, ())), **want.also}
        if want.code and (case := _visible(by_code.get(want.code), conversation)) is not None:
            case = replace(case, notes=await notes_of(connection, case.code))
            if shows_self_score(conversation) or shows_assessment(conversation):
                marks = await self_marks_of(connection, case.code)
                case = replace(case, self_marks=marks, steps=await steps_of(connection, case.code))
            if shows_story(conversation):
                case = replace(case, story=await story_of(connection, case.code))
            case = await _for_officer(connection, case, want, by_code[want.code][1], base.now, days_off)
            more["named"] = (case,)
        mine = {*((conversation.person_id, i) for i in want.file_ids), *of_papers[conversation.id]}
        if mine:
            more["files"] = {key[1]: known_files[key] for key in mine if key in known_files}
        if person.memberships:
            more |= await _for_desk(connection, want, base.now, days_off, sees_case="named" in more)
        if shows_council(conversation) or (want.code and "named" not in more):
            more |= await council_facts(connection, conversation, base.now)
        if shows_own_papers(conversation):
            more["own_papers"] = await own_papers_of(connection, conversation.person_id)
        if number := number_in_hand(conversation):
            more["listed_makers"] = await listed_makers(connection, person.commune, number)
        if shows_reach(conversation):
            more["reach"] = await reach_of(connection, conversation.id, conversation.person_id, base)
            more["joining"] = await stage_of(connection, conversation.id, base.now)
        found[conversation.id] = more
    await add_offices(connection, found, wanted, base.now.astimezone(VIETNAM).date())
    return {conversation_id: replace(base, **more) for conversation_id, more in found.items()}


async def _for_desk(
    connection: AsyncConnection, want: Wanted, now: datetime, days_off: frozenset[date], *, sees_case: bool
) -> dict[str, Any]:
    """What only the dialogs of officers show, each where it does."""
    conversation, members = want.conversation, want.conversation.person.memberships
    today = now.astimezone(VIETNAM).date()
    more: dict[str, Any] = {}
    if shows_rounds(conversation):
        more["rounds"] = await rounds_at(connection, members)
    if shows_ready(conversation):
        more["ready"] = await ready_for(connection, conversation, now)
    if dialog_name(conversation.state.key) in SHOW_TEMPLATES:
        more["templates"] = await templates_of(connection)
    if key := letter_key(conversation.state.key):
        more["addressed"] = await addressed(connection, key, members)
    if shows_desk(conversation):
        more["desk"] = await desk_facts(connection, conversation, now, days_off)
    if shows_calendar(conversation):
        more["offices"] = await kept_offices(connection, conversation, today)
    if shows_successors(conversation) and sees_case:
        more["colleagues"] = await successors_for(connection, conversation, want.code, today)
    if shows_staff(conversation):
        more["colleagues"], more["absence"] = await staff_facts(connection, conversation, today)
    return more


async def _for_officer(
    connection: AsyncConnection,
    case: CaseFacts,
    want: Wanted,
    producer_id: int,
    now: datetime,
    days_off: frozenset[date],
) -> CaseFacts:
    """The case with what only an officer of its territory sees, and what this one may do with it."""
    person = want.conversation.person
    if case.own or not person.memberships:
        return case
    territory = places.territory(case.commune)
    present = await present_at(connection, (territory, territory.partition("/")[0]), producer_id)
    sides = sides_at(person.memberships, territory, present)
    may = actions(case.status, *sides)
    case = replace(case, moved_by_me=await is_maker(connection, case.code, want.conversation.person_id))
    if may_see(may, sides):
        case = replace(case, assessment=await assessment_of(connection, case.code, want.conversation.person_id))
    case = await _as_handed_in(connection, case, now, days_off)
    noticed = await findings_of(
        connection, case, lambda other: covers(person.memberships, other), now.astimezone(VIETNAM).date()
    )
    left = await _minutes_left(connection, case, now, days_off)
    if case.assisted:
        me = want.conversation
        filed = await filed_for_somebody(connection, case, me.person_id, me.covers, person.memberships)
        case = replace(case, **filed)
    if case.assisted == "waiting":  # its producer has agreed to nothing yet
        may = tuple(action for action in may if action != "accept")
    council = await council_on(connection, case.code) if may and case.status == SCORING else {}
    case = replace(case, may=may, findings=noticed, minutes_left=left, **council)
    return replace(
        case,
        marks=await marks_of(connection, case.code, want.conversation.person_id),
        changes=await changes_of(connection, case),
        continues=await former_of(connection, case),
        reachable=await reachable(connection, case.code),
        undo=await undo_facts(connection, case.code, want.conversation.person_id, now),
        told=await told_of(connection, case.code),
        **await _holder(connection, case.code, want.conversation, may),
    )


async def _as_handed_in(
    connection: AsyncConnection, case: CaseFacts, now: datetime, days_off: frozenset[date]
) -> CaseFacts:
    """With the papers that the office has, where its producer prepares newer ones; who files for them sees theirs."""
    if case.assisted or all(paper.sent or paper.version == 1 for paper in case.papers):
        return case
    had = await case_named(connection, case.code, now, days_off, handed_in=True)
    return replace(case, papers=had.papers) if had is not None else case


async def _holder(
    connection: AsyncConnection, code: str, conversation: Conversation, may: tuple[str, ...]
) -> dict[str, Any]:
    """In whose hand the case is; while it is in a colleague's, nobody else moves it."""
    holder_id, name = await holder_of(connection, code)
    mine = holder_id in {conversation.person_id, *conversation.covers}
    return {"holder": name, "held_by_me": mine, "may": may if mine or holder_id is None else ()}


async def _minutes_left(
    connection: AsyncConnection, case: CaseFacts, now: datetime, days_off: frozenset[date]
) -> int | None:
    """Of the office whose turn it is; None without a deadline."""
    if case.due_on is None:
        return None
    office = await office_for(connection, places.territory(case.commune), STATUSES[case.status].owner, days_off)
    return working_minutes_left(now, case.due_on, office.sessions, office.days_off)


def _visible(found: tuple[CaseFacts, int, str] | None, conversation: Conversation) -> CaseFacts | None:
    """The case if this person may see it; a stranger's case is as if it did not exist."""
    if found is None:
        return None
    case, person_id, territory = found
    if not _may_see(person_id, territory, conversation):
        return None
    return replace(case, own=True) if person_id == conversation.person_id else case


def _may_see(producer_id: int, territory: str, conversation: Conversation) -> bool:
    return producer_id == conversation.person_id or covers(conversation.person.memberships, territory)


_CASE = select(cases, people.c.name, people.c.producer_name.label("maker")).join(
    people, people.c.id == cases.c.person_id
)

_CASES = _CASE.where(
    or_(
        cases.c.person_id.in_(bindparam("owners", expanding=True)),
        cases.c.code.in_(bindparam("codes", expanding=True)),
    )
).order_by(cases.c.id.desc())
_CASE_NAMED = _CASE.where(cases.c.code == bindparam("named"))


async def _cases(
    connection: AsyncConnection, wanted: Sequence[Wanted], now: datetime, days_off: frozenset[date]
) -> tuple[dict[str, tuple[CaseFacts, int, str]], dict[int, list[CaseFacts]]]:
    """Named cases by code (with owner and territory), and own cases by person, newest first."""
    owners = [want.conversation.person_id for want in wanted if want.conversation.case_count]
    codes = [want.code for want in wanted if want.code]
    if not owners and not codes:
        return {}, {}
    found = (await connection.execute(_CASES, {"owners": owners, "codes": codes})).all()
    # Of a case that nobody here may see nothing more is read: it must not even take longer than one that isn't there.
    rows = [row for row in found if any(_may_see(row.person_id, row.territory, want.conversation) for want in wanted)]
    full = await case_facts(connection, rows, now, days_off)
    by_code = {row.code: (case, row.person_id, row.territory) for row, case in zip(rows, full, strict=True)}
    own: dict[int, list[CaseFacts]] = {}
    for row, case in zip(rows, full, strict=True):
        if row.person_id in owners:
            own.setdefault(row.person_id, []).append(replace(case, own=True))
    return by_code, own


async def case_named(
    connection: AsyncConnection, code: str, now: datetime, days_off: frozenset[date], *, handed_in: bool = False
) -> CaseFacts | None:
    """A case as it stands, whoever asks: for what is said about it to others."""
    rows = (await connection.execute(_CASE_NAMED, {"named": code})).all()
    return next(iter(await case_facts(connection, rows, now, days_off, handed_in=handed_in)), None)


async def own_cases(
    connection: AsyncConnection, person_id: int, now: datetime, days_off: frozenset[date]
) -> tuple[CaseFacts, ...]:
    """All of a producer's cases as they see them, newest first: for what they are told outside any turn."""
    statement = _CASE.where(cases.c.person_id == person_id).order_by(cases.c.id.desc())
    rows = (await connection.execute(statement)).all()
    return tuple(replace(case, own=True) for case in await case_facts(connection, rows, now, days_off))


async def case_facts(
    connection: AsyncConnection,
    rows: Sequence[Row],
    now: datetime,
    days_off: frozenset[date],
    *,
    handed_in: bool = False,
) -> list[CaseFacts]:
    """Cases with their papers, returns, history and published result; rows as `_CASE` selects them.

    `handed_in`: of each paper the version that the office has, whatever its producer is preparing.
    """
    ids = [row.id for row in rows]
    if not ids:
        return []
    kept = _grouped(await connection.execute(_HANDED_IN if handed_in else _NEWEST_PAPERS, {"ids": ids}))
    lengths = await lengths_of(connection, [row for rows in kept.values() for row in rows])
    back = _grouped(await connection.execute(_RETURNED, {"ids": ids}))
    happened = _grouped(await connection.execute(_HISTORY, {"ids": ids}))
    rated = _grouped(await connection.execute(_RATED, {"ids": ids}))
    ups = await rounds_of(connection, rows, now.astimezone(VIETNAM).date())
    closed = await days_off_of(connection, {_desk(row) for row in rows})
    today = now.astimezone(VIETNAM).date()
    scoring = [row.id for row in rows if row.status == SCORING]
    read = await being_read(connection, scoring) if scoring else frozenset()
    waiting = {row.province for row in rows if row.status in WAITS_FOR_ROUND}
    opened = await openings(connection, waiting, today) if waiting else {}
    return [
        _case_facts(
            row,
            today,
            days_off | closed[_desk(row)],
            papers=tuple(
                p
                for p in (_paper(paper, lengths, came_back=row.id in back) for paper in kept.get(row.id, ()))
                if p.files
            ),
            returned=tuple(_returned(r) for r in back.get(row.id, ())),
            history=tuple(map(_line, happened.get(row.id, ()))),
            result=next(map(_result, rated.get(row.id, ())), None),
            round=ups.get(row.id),
            with_group=row.id in read,
            round_open=row.status in WAITS_FOR_ROUND and row.since < opened[row.province],
        )
        for row in rows
    ]


def _grouped(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row.case_id, []).append(row)
    return found


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_NEWEST_PAPERS = select(papers).where(papers.c.case_id.in_(_IDS), newest()).order_by(papers.c.id)
_HANDED_IN = select(papers).where(papers.c.case_id.in_(_IDS), newest(handed_in=True)).order_by(papers.c.id)
_RETURNED = select(returned_items).where(returned_items.c.case_id.in_(_IDS), returned_items.c.answered_at.is_(None))
_RATED = select(results).where(results.c.case_id.in_(_IDS), results.c.published_at.is_not(None))
_HISTORY = (
    select(
        case_events.c.case_id,
        case_events.c.action,
        case_events.c.happened_at,
        case_events.c.reason,
        case_events.c.item,
        case_events.c.from_status,
        sql_case((case_events.c.action.in_(TWO_VERSIONS), case_events.c.before)).label("amended"),
        people.c.name,
    )
    .join(people, people.c.id == case_events.c.actor_id, isouter=True)
    .where(case_events.c.case_id.in_(_IDS))
    .order_by(case_events.c.id)
)


def _desk(row: Row) -> str:
    return desk_of(row.territory, row.owner)


def _desk_name(row: Row) -> str:
    """The office that has the case, or to which its producer turns."""
    owner = STATUSES[row.status].owner
    unit, province = places.commune(row.commune), places.province(row.province)
    if owner is Side.CENTRE:
        return MINISTRY
    if owner in (Side.DISTRICT, Side.PROVINCE) and province is not None:
        return province.full_name
    return unit.full_name if unit is not None else row.commune


def _case_facts(row: Row, today: date, days_off: frozenset[date], **parts: Any) -> CaseFacts:
    limit = limit_of(ruleset(row.ruleset), row.status, row.purpose)
    return CaseFacts(
        code=row.code,
        commune=row.commune,
        ruleset=row.ruleset,
        status=row.status,
        since=row.since,
        product=row.product,
        answers=row.answers,
        own=False,
        desk=_desk_name(row),
        due_on=row.due_on,
        used_days=used_of_limit(row, today, days_off),
        limit_days=limit.days if limit is not None else None,
        calendar_days=limit is not None and limit.calendar_days is not None,
        by=row.answers.get("producer_name") or row.maker or row.name,
        resubmitted=row.resubmitted,
        conditions=row.conditions,
        aims_at=row.star_goal,
        assisted="" if row.filed_by is None else row.confirmed or "waiting",
        former=row.former,
        purpose=row.purpose,
        **parts,
    )


def _paper(row: Row, lengths: Mapping[str, int], *, came_back: bool) -> PaperFacts:
    """Counts the pages that are here; a paper without any is not there. `came_back`: something of its case did."""
    here = [(file_id, rotation) for file_id, rotation in row.pages if file_id in lengths]
    return PaperFacts(
        row.paper,
        row.version,
        pages=sum(lengths[file_id] for file_id, _ in here),
        files=len(here),
        kept=answer_of(here) if row.sent_at is None or came_back else "",
        sent=row.sent_at is not None,
        kept_on=row.kept_at.astimezone(VIETNAM).date(),
        valid_until=row.valid_until,
    )


def _returned(row: Row) -> ReturnedItem:
    return ReturnedItem(row.item, row.reason, row.returned_on, row.question, tuple(row.files), row.id)


def _line(row: Row) -> HistoryLine:
    happened_at = row.happened_at.astimezone(VIETNAM)
    changes = corrections(row.amended["before"], row.amended["after"]) if row.amended else ()
    undone = bool(row.amended and row.amended.get("undone"))
    return HistoryLine(row.action, happened_at, row.name or "", row.reason, row.item, row.from_status, changes, undone)


def corrections(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """What differs between two versions of a result, as storage.results.amend keeps them."""
    values = [(name, *(str(one.get(name) or "") for one in (before, after))) for name in NAMES]
    return tuple(Change(f"result:{name}", old, new) for name, old, new in values if old != new)


def _result(row: Row) -> ResultFacts:
    points = (row.points_a, row.points_b, row.points_c)
    more = {
        "criteria": {code: Decimal(given) for code, given in row.criteria.items()},
        "product_code": row.product_code,
        "points_known": row.import_key is None,
        "revoked_on": row.revoked_on,
        "revoked_for": row.revoked_for,
    }
    return ResultFacts(*points, row.stars, row.decision, row.certificate_until, row.decided_on, **more)


# ---------------------------------------------------------------- files


def _of_open_papers(
    want: Wanted, by_code: Mapping[str, tuple[CaseFacts, int, str]], own: Mapping[int, Sequence[CaseFacts]]
) -> set[tuple[int, str]]:
    """Files, with their owners, of papers that are still worked on: of one's own cases, and of the one named."""
    me = want.conversation.person_id
    cases_ = [(me, case) for case in own.get(me, ())]
    if want.code and _visible(by_code.get(want.code), want.conversation) is not None:
        cases_.append((by_code[want.code][1], by_code[want.code][0]))
    return {(who, page[0]) for who, case in cases_ for paper in case.papers for page in pages_of(paper.kept)}


async def _files(
    connection: AsyncConnection, wanted: Sequence[Wanted], further: Collection[tuple[int, str]]
) -> dict[tuple[int, str], FileFacts]:
    """By owner and id: in a group of many people, each sees only what is their own."""
    ids = {*(file_id for want in wanted for file_id in want.file_ids), *(file_id for _, file_id in further)}
    if not ids:
        return {}
    owners = {*(want.conversation.person_id for want in wanted), *(owner for owner, _ in further)}
    found = await connection.execute(_FILES, {"ids": list(ids), "owners": list(owners)})
    return {(row.person_id, row.id): file_facts(row) for row in found}


_FILE_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_OWNERS: BindParameter[Any] = bindparam("owners", expanding=True)
_FILES = select(files).where(files.c.id.in_(_FILE_IDS), files.c.person_id.in_(_OWNERS), files.c.status != FORGOTTEN)

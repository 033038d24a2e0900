"""The lifecycle walked as a table: each status, action and role. What is allowed works, the rest is refused."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.channels.base import Update
from bot.doctor import sample_assessment
from bot.effects import carry_out
from bot.turn import Turned
from dialogs.model import (
    AmendResult,
    Assessed,
    DecideCase,
    Effect,
    Facts,
    PaperFacts,
    PublishResult,
    ResumeCase,
    Role,
    SendToCommune,
    State,
    TextReceived,
    UndoDecision,
)
from dialogs.producer.upload import needed
from dialogs.rules.lifecycle import AUTHORITIES, FIRST, MOVES, STATUSES, WAITS_FOR_ROUND, Side, move, moves_from
from dialogs.rules.rating import rating
from dialogs.rules.ruleset import PartId, ruleset
from dialogs.rules.sheet import TOPICS
from storage.assessments import assess
from storage.models import case_events, cases, files, memberships, metadata, papers, results
from storage.records import VIETNAM, Conversation, Wanted, facts_for
from tests.facts import NOW, Chat, desk_facts, facts, sample_case
from tests.heart import ANSWERS, TERRITORY, chat, submit, world_at
from tests.transcripts import Clock

IDEA = ANSWERS | {"product_group": "food", "producer_kind": "household"}
ACTIONS = sorted({m.action for m in MOVES} | {"nonsense"})
WITH_DISTRICT, TODAYS = "ocop-2023", "ocop-2026"
SIDES: Mapping[str, frozenset[Side]] = {
    "producer": frozenset({Side.PRODUCER}),
    "officer": frozenset({Side.COMMUNE}),
    "approver": frozenset({Side.COMMUNE, Side.APPROVER}),
    "province": frozenset({Side.DISTRICT, Side.PROVINCE, Side.CENTRE}),
    "administrator": frozenset(),  # there is somebody in every office below
    "stranger": frozenset(),
    "neighbour": frozenset(),
    "far": frozenset(),
}
"""Whose turns each of these people may take, in the words of the brief and not of storage/rights.py."""
OFFICES = {
    "officer": (Role.COMMUNE_OFFICER, TERRITORY),
    "colleague": (Role.COMMUNE_OFFICER, TERRITORY),
    "approver": (Role.COMMUNE_APPROVER, TERRITORY),
    "province": (Role.PROVINCE_OFFICER, "15"),
    "administrator": (Role.ADMINISTRATOR, ""),
    "neighbour": (Role.COMMUNE_APPROVER, "15/04339"),
    "far": (Role.PROVINCE_OFFICER, "11"),
}


# ---------------------------------------------------------------- the table itself


def test_at_any_time_exactly_one_side_owns_a_case() -> None:
    assert {status.owner for status in STATUSES.values()} <= {*Side}
    for m in MOVES:
        waits_for = STATUSES[m.from_status].owner
        if m.action in ("reopen", "resume", "rework", "amend", "revoke", "expire"):
            assert waits_for is Side.NOBODY  # nobody has to; the producer, an office or the calendar may
        else:
            assert m.who is waits_for


def test_whoever_has_to_act_can() -> None:
    for status in STATUSES.values():
        can = {m.who for m in MOVES if m.from_status == status.name}
        assert status.owner is Side.NOBODY or status.owner in can


def test_no_status_is_a_trap_or_an_island() -> None:
    onward = {status: {m.to_status for m in moves_from(status, ("district",))} - {status} for status in STATUSES}
    assert {status for status, targets in onward.items() if not targets} == {"rated", "expired", "revoked"}
    assert {m.to_status for m in MOVES} | {*FIRST} == {*STATUSES}


@pytest.mark.parametrize("levels", [(), ("district",)])
def test_an_action_leads_to_one_place(levels: tuple[str, ...]) -> None:
    for status in STATUSES:
        named = [m.action for m in moves_from(status, levels)]
        assert len(named) == len(set(named))


def test_what_hurts_the_producer_has_a_reason() -> None:
    assert {m.action for m in MOVES if m.needs_reason} == {"return", "defer", "send_back", "amend", "revoke"}


def test_the_district_is_passed_only_where_there_was_one() -> None:
    up = {rules: move("forward", "dossier_checked", ruleset(rules).levels) for rules in (WITH_DISTRICT, TODAYS)}
    assert {rules: found.to_status if found else "" for rules, found in up.items()} == {
        WITH_DISTRICT: "at_district",
        TODAYS: "forwarded",
    }


def test_no_limit_is_none() -> None:
    """Only where the rules count days is there a last day; the province has rounds instead (art. 5)."""
    for status in STATUSES.values():
        limit = ruleset(TODAYS).deadlines[status.deadline].working_days if status.deadline else None
        assert (limit is not None) == (status.owner in (Side.COMMUNE, Side.APPROVER))


# ---------------------------------------------------------------- everybody tries everything


@dataclass
class Scene:
    """One case and all who could touch it. Every try is rolled back."""

    engine: AsyncEngine
    clock: Clock
    people: dict[str, Conversation]
    code: str
    facts: dict[str, Facts] = field(default_factory=dict)

    @asynccontextmanager
    async def attempt(self, who: str) -> AsyncIterator["Attempt"]:
        async with self.engine.connect() as connection:
            person = replace(self.people[who])
            if who not in self.facts:
                now = Facts(self.clock().astimezone(VIETNAM))
                self.facts[who] = (await facts_for(connection, [Wanted(person, self.code)], now))[person.id]
            source = Update("telegram", "x", who, TextReceived(""))
            turn = Turned(connection, person, source, self.facts[who], world_at(self.clock), self.clock())
            yield Attempt(self, connection, turn, list(await connection.execute(select(results))))
            await connection.rollback()


@dataclass
class Attempt:
    scene: Scene
    connection: AsyncConnection
    turn: Turned
    rated: list[Any]  # before anything was tried

    async def does(self, *effects: Effect) -> None:
        await carry_out(self.turn, effects)

    async def case(self) -> Any:
        return (await self.connection.execute(select(cases).where(cases.c.code == self.scene.code))).one()

    async def events(self) -> list[Any]:
        return list(await self.connection.execute(select(case_events).order_by(case_events.c.id)))

    async def published(self) -> list[Any]:
        return list(await self.connection.execute(select(results)))

    def told(self, who: str) -> list[str]:
        chat_id = self.scene.people[who].id
        return [n["body"]["text"] for n in self.turn.carried.notices if n["conversation_id"] == chat_id]


async def scene(engine: AsyncEngine, status: str, rules: str = TODAYS) -> Scene:
    """A case in this status, checked by a colleague, with a paper of the producer's that is not sent yet."""
    clock = Clock()
    people = {"producer": await chat(engine, clock, "producer"), "stranger": await chat(engine, clock, "stranger")}
    code = await submit(engine, people["producer"], clock(), IDEA)
    people["producer"] = await chat(engine, clock, "producer", case_count=1)
    for who, (role, territory) in OFFICES.items():
        people[who] = await hired(engine, clock, who, role, territory)
    async with engine.begin() as connection:
        values: dict[str, Any] = {"status": status, "owner": str(STATUSES[status].owner), "ruleset": rules}
        values |= {"since": LAST_YEAR} if status in WAITS_FOR_ROUND else {}
        values |= {"due_on": None} if STATUSES[status].owner is Side.NOBODY else {}
        await connection.execute(update(cases).values(values))
        if status in RATED:
            await connection.execute(insert(results).values(RATED[status]))
        await _papers(connection, people["producer"], status, clock())
        checked = {"action": "accept", "from_status": "dossier_submitted", "to_status": status, "channel": "telegram"}
        colleague = people["colleague"].person_id
        (case_id,) = (await connection.execute(select(cases.c.id))).scalars()
        row = checked | {"case_id": case_id, "actor_id": colleague, "happened_at": clock()}
        await connection.execute(insert(case_events).values(row))
        if status == "dossier_submitted":
            for topic in TOPICS:
                await assess(connection, case_id, colleague, Assessed(topic, 0, None, "Đúng như khai."), clock())
    return Scene(engine, clock, people, code)


LAST_YEAR = date(2025, 11, 23)
"""A round has opened since."""
_POINTS = {"case_id": 1, "points_a": 27, "points_b": 15, "points_c": 21, "stars": 3, "published_at": NOW}
_CERTIFIED = {**_POINTS, "decision": "812/QĐ-UBND", "decided_on": NOW.date(), "certificate_until": date(2029, 11, 23)}
RATED: Mapping[str, Mapping[str, Any]] = {
    "rated": {**_POINTS, "points_a": 7, "stars": 2, "decided_on": NOW.date()},
    "certified": _CERTIFIED,
    "expired": _CERTIFIED,
    "revoked": _CERTIFIED,
}
"""The results of cases that have one."""


async def hired(engine: AsyncEngine, clock: Clock, who: str, role: Role, territory: str) -> Conversation:
    person = await chat(engine, clock, who, officer=True)
    async with engine.begin() as connection:
        row = {"person_id": person.person_id, "role": role, "territory": territory, "since": clock()}
        await connection.execute(insert(memberships).values(row))
    return await chat(engine, clock, who)


async def _papers(connection: AsyncConnection, producer: Conversation, status: str, now: datetime) -> None:
    """All required ones are handed in from the plan on, and a story on top is kept for later."""
    row = {"id": "f1", "person_id": producer.person_id, "conversation_id": producer.id, "channel": "telegram"}
    await connection.execute(insert(files).values(**row, source="", status="stored", received_at=now))
    (case,) = (await connection.execute(select(cases))).all()
    stage = "dossier" if STATUSES[status].step > 3 else "plan"
    needed = ruleset(case.ruleset).papers_for(stage, "food", "household")  # type: ignore[arg-type]  # one of the two
    sent: list[dict[str, Any]] = [
        {"paper": p.id, "sent_at": now} for p in needed if p.required and not status.startswith("idea")
    ]
    kept = [*sent, {"paper": "plan_story" if stage == "plan" else "story", "sent_at": None}]
    rows_ = [{"case_id": case.id, "version": 1, "pages": [["f1", 0]], "kept_at": now, **paper} for paper in kept]
    await connection.execute(insert(papers), rows_)


POINTS = ((20, 10, 10), (27, 15, 21), (38, 23, 30))
"""40, 63 and 91 points: two, three and five stars."""
RESULTS = {m.action for m in MOVES if m.with_result}


def order(code: str, action: str, status: str, rules: str) -> Effect:
    """What the dialogs would order for this action, whoever asks and wherever the case is."""
    if action in ("send_plan", "send_dossier", "resubmit"):
        return SendToCommune(code)
    if action in ("resume", "rework"):
        return ResumeCase(code, rework=action == "rework")
    if action == "amend":
        low = status == "rated"
        a, number = Decimal(8 if low else 28), "" if low else "812/QĐ-UBND"
        return AmendResult(code, a, Decimal(15), Decimal(21), number, NOW.date(), "gõ nhầm")
    if action == "revoke":
        return DecideCase(code, action, "all", "Đã ngừng sản xuất", ground="stopped", on=NOW.date())
    for points in POINTS:
        a, b, c = map(Decimal, points)
        if action in RESULTS and _comes_to(action, status, rules, {"A": a, "B": b, "C": c}):
            return PublishResult(code, a, b, c, "812/QĐ-UBND", date(2026, 11, 23))
    reasoned = any(m.needs_reason for m in MOVES if (m.action, m.from_status) == (action, status))
    return DecideCase(code, action, "all" if reasoned else "", "Thiếu dấu ở trang 2" if reasoned else "")


def _comes_to(action: str, status: str, rules: str, points: Mapping[PartId, Decimal]) -> bool:
    try:
        return rating(ruleset(rules), status, points).action == action
    except LookupError:
        return False


def expected(action: str, status: str, rules: str, who: str) -> Any:
    """The move this person may make, or None."""
    found = move(action, status, ruleset(rules).levels)
    if found is None or found.who not in SIDES[who]:
        return None
    return found


TABLE = [(TODAYS, status) for status in STATUSES if status != "at_district"] + [
    (WITH_DISTRICT, status) for status in ("dossier_checked", "at_district", "forwarded", "in_evaluation")
]


@pytest.mark.parametrize(("rules", "status"), TABLE)
async def test_every_action_of_every_role(sqlite_engine: AsyncEngine, rules: str, status: str) -> None:
    here = await scene(sqlite_engine, status, rules)
    for who in SIDES:
        for action in ACTIONS:
            async with here.attempt(who) as attempt:
                before, happened = await attempt.case(), await attempt.events()
                await attempt.does(order(here.code, action, status, rules))
                allowed = expected(action, status, rules, who)
                if allowed is not None:
                    await _is_done(attempt, allowed, before, len(happened))
                elif not _is_another_move(attempt, action, before):
                    await _is_refused(attempt, before, len(happened), (who, action))


def _is_another_move(attempt: Attempt, action: str, before: Any) -> bool:
    """A producer hands over what is kept, whatever that is called in this status; it has its own row of the table."""
    mine = before.person_id == attempt.turn.conversation.person_id
    return mine and action in ("send_plan", "send_dossier", "resubmit")


async def _is_done(attempt: Attempt, m: Any, before: Any, events: int) -> None:
    case, happened = await attempt.case(), await attempt.events()
    assert (case.status, case.owner) == (m.to_status, STATUSES[m.to_status].owner)
    limit = STATUSES[m.to_status].deadline
    days = ruleset(case.ruleset).deadlines[limit].working_days if limit else None
    assert (case.due_on is not None) == (days is not None)
    moved = happened[events:]
    (line,) = moved
    assert (line.action, line.from_status, line.to_status) == (m.action, before.status, m.to_status)
    assert line.actor_id == attempt.turn.conversation.person_id
    told = attempt.told("producer")
    assert bool(told) == (m.who is not Side.PRODUCER)
    assert all(attempt.scene.code in words for words in told)
    assert (await attempt.published() != attempt.rated) == (m.with_result or m.action in ("amend", "revoke"))
    _next_side_is_told(attempt, m)


def _next_side_is_told(attempt: Attempt, m: Any) -> None:
    """Whoever has to act next hears of it, unless it is the same office."""
    owner = STATUSES[m.to_status].owner
    office = {
        Side.COMMUNE: "colleague",
        Side.APPROVER: "approver",
        Side.DISTRICT: "province",
        Side.PROVINCE: "province",
    }
    new = owner in AUTHORITIES and owner is not STATUSES[m.from_status].owner and m.action != "reopen"
    if new and owner in office and attempt.turn.conversation.chat_id != office[owner]:
        assert attempt.told(office[owner])


async def _is_refused(attempt: Attempt, before: Any, events: int, tried: object) -> None:
    assert await attempt.case() == before, tried
    assert len(await attempt.events()) == events, tried
    assert await attempt.published() == attempt.rated, tried
    assert not attempt.turn.carried.notices, tried
    assert attempt.turn.carried.said, tried


@pytest.mark.parametrize(("rules", "status"), [row for row in TABLE if STATUSES[row[1]].owner in AUTHORITIES])
async def test_a_result_is_never_a_mere_decision(sqlite_engine: AsyncEngine, rules: str, status: str) -> None:
    here = await scene(sqlite_engine, status, rules)
    for action in RESULTS:
        async with here.attempt("province") as attempt:
            before, happened = await attempt.case(), await attempt.events()
            await attempt.does(DecideCase(here.code, action))
            await _is_refused(attempt, before, len(happened), action)


@pytest.mark.parametrize("action", ["return", "send_back", "defer", "revoke"])
async def test_without_a_reason_nothing_that_needs_one_happens(sqlite_engine: AsyncEngine, action: str) -> None:
    for m in (m for m in MOVES if m.action == action):
        who = {Side.COMMUNE: "officer", Side.APPROVER: "approver"}.get(m.who, "province")
        rules = WITH_DISTRICT if m.from_status == "at_district" else TODAYS
        here = await scene(sqlite_engine, m.from_status, rules)
        async with here.attempt(who) as attempt:
            before, happened = await attempt.case(), await attempt.events()
            await attempt.does(DecideCase(here.code, action))
            await _is_refused(attempt, before, len(happened), m)
        await _forget(sqlite_engine)


async def _forget(engine: AsyncEngine) -> None:
    """An empty database again, for the next scene."""
    async with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name != "audit":
                await connection.execute(table.delete())


@pytest.mark.parametrize(
    "wrong",
    [
        {"points_a": Decimal("40.5")},
        {"points_b": Decimal(-1)},
        {"points_c": Decimal("1.001")},
        {"decision": ""},
        {"decision": "38"},
        {"decided_on": date(2026, 11, 24)},
    ],
)
async def test_a_result_that_can_not_be_is_refused(sqlite_engine: AsyncEngine, wrong: dict[str, Any]) -> None:
    """Also when it comes past the dialog, which has asked for it before."""
    here = await scene(sqlite_engine, "in_evaluation")
    async with here.attempt("province") as attempt:
        before, happened = await attempt.case(), await attempt.events()
        good = PublishResult(here.code, Decimal(27), Decimal(15), Decimal(21), "812/QĐ-UBND", date(2026, 11, 23))
        await attempt.does(replace(good, **wrong))
        await _is_refused(attempt, before, len(happened), wrong)


async def test_whoever_checked_a_dossier_does_not_approve_it(engine: AsyncEngine) -> None:
    here = await scene(engine, "dossier_submitted")
    async with here.attempt("approver") as attempt:
        await attempt.does(DecideCase(here.code, "accept"))
        assert (await attempt.case()).status == "dossier_checked"
        attempt.turn.facts = await _fresh(attempt, "approver")
        assert attempt.turn.facts.case(here.code).moved_by_me  # type: ignore[union-attr]  # just seen
        said = len(attempt.turn.carried.said)
        await attempt.does(DecideCase(here.code, "forward"))
        assert (await attempt.case()).status == "dossier_checked"
        assert len(attempt.turn.carried.said) > said


def test_a_leader_is_told_before_checking_what_it_leads_to() -> None:
    case = sample_case("TL-26-0001", "dossier_submitted", "food", "household", own=False)
    papers = tuple(PaperFacts(p.id, 1, 1, 1, True, NOW.date()) for p in needed(case))
    said = sample_assessment(replace(case, status="dossier_checked"))
    case = replace(case, papers=papers, may=("accept", "return"), assessment=said)
    warning = "another leader has to approve it"
    for role, warned in ((Role.COMMUNE_APPROVER, True), (Role.COMMUNE_OFFICER, False)):
        chat = Chat(facts(desk_facts(role).person, desk=[case]), State("decide.TL-26-0001/"))
        assert chat.does("trình lãnh đạo").at == "decide/confirm"
        assert (warning in chat.words) == warned


def test_who_may_not_approve_is_shown_the_ways_out() -> None:
    """A commune with one leader and no officer: give it back, invite an officer, or have another leader invited."""
    case = sample_case("TL-26-0001", "dossier_checked", "food", "household", own=False)
    case = replace(case, may=("forward", "send_back"), moved_by_me=True)
    known = facts(desk_facts(Role.COMMUNE_APPROVER).person, desk=[case])
    for typed, at in (("trả cán bộ", "decide/reason"), ("mời cán bộ", "invite/confirm")):
        chat = Chat(known, State("decide.TL-26-0001/")).does("chuyển lên")
        assert chat.at == "decide/another"
        for part in ("ask the province to invite one", "give it back to the officer", "invite one first"):
            assert part in chat.words
        assert chat.does(typed).at == at


async def test_a_lone_leader_gets_out_by_a_new_officer(engine: AsyncEngine) -> None:
    """What the refusal says works: given back, checked by the officer, approved by the leader."""
    here = await scene(engine, "dossier_submitted")
    async with here.attempt("approver") as attempt:
        await attempt.does(DecideCase(here.code, "accept"))
        attempt.turn.facts = await _fresh(attempt, "approver")
        await attempt.does(DecideCase(here.code, "send_back", "all", "Cán bộ kiểm tra lại"))
        await attempt.connection.commit()
    here.facts.clear()
    for who, action, status in (("officer", "accept", "dossier_checked"), ("approver", "forward", "forwarded")):
        async with here.attempt(who) as attempt:
            await attempt.does(DecideCase(here.code, action))
            assert (await attempt.case()).status == status
            await attempt.connection.commit()
        here.facts.clear()


async def test_taking_back_an_approval_makes_nobody_its_checker(engine: AsyncEngine) -> None:
    here = await scene(engine, "dossier_checked")
    async with here.attempt("approver") as attempt:
        await attempt.does(DecideCase(here.code, "forward"))
        attempt.turn.facts = await _fresh(attempt, "approver")
        undo = attempt.turn.facts.case(here.code).undo  # type: ignore[union-attr]  # just seen
        assert undo is not None
        await attempt.does(UndoDecision(here.code, undo.number))
        assert (await attempt.case()).status == "dossier_checked"
        attempt.turn.facts = await _fresh(attempt, "approver")
        await attempt.does(DecideCase(here.code, "forward"))
        assert (await attempt.case()).status == "forwarded"


async def _fresh(attempt: Attempt, who: str) -> Facts:
    wanted = Wanted(attempt.scene.people[who], attempt.scene.code)
    now = Facts(attempt.scene.clock().astimezone(VIETNAM))
    return (await facts_for(attempt.connection, [wanted], now))[wanted.conversation.id]

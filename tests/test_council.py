"""A council's session: who may do what, what stays secret, what is refused and why, and what its end comes to."""

import asyncio
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Update
from bot.desk import council as desk
from bot.desk.results import OTHERWISE, STILL_SCORING, UNDECIDED
from bot.effects import TOO_LATE, carry_out
from bot.sample_council import sample_councils
from bot.turn import Turned
from dialogs.council import secretary
from dialogs.council.facts import BOUND, DECLARED, FREE
from dialogs.model import (
    CastBallot,
    CloseCouncil,
    DecideStars,
    DeclareInterest,
    DropSeat,
    Effect,
    Facts,
    InviteMember,
    LookAtMarks,
    MakeCouncilPapers,
    OpenCouncil,
    PublishResult,
    ReadDossier,
    RemindMembers,
    RenewSeat,
    Role,
    ScoreItem,
    SendMessage,
    State,
    TableProduct,
    TakeSeat,
    TextReceived,
    UndoDecision,
)
from storage import audit, own_data, retention, seats
from storage import council as kept
from storage.database import writing
from storage.models import (
    ballots,
    cases,
    council_cases,
    council_seats,
    council_sessions,
    memberships,
    outbox,
    results,
)
from storage.records import VIETNAM, Conversation, Wanted, facts_for
from tests.facts import NOW
from tests.heart import chat, count, rows, say, world_at
from tests.test_assessing import does, of_set, said
from tests.test_council_rules import best
from tests.test_lifecycle import Scene, hired, scene

SESSION = 1
MEMBERS = ("thu", "nam", "hoa", "khanh", "lan", "minh", "nga")
WHOLE = best()
THREE = best() | {"2.1": 1, "5.1": 1, "4.1": 2, "4.3": 1, "6.5": 3, "7": 2, "8": 1, "9": 1, "11": 1, "1.5": 1, "3.5": 1}
"""Three stars by points and by gates."""


@dataclass
class Session:
    """A session with one product and its members, who have come in; `here` is everybody else."""

    here: Scene
    members: dict[str, Conversation]

    @property
    def code(self) -> str:
        return self.here.code

    async def acts(self, who: str, *effects: Effect) -> Any:
        self.here.people.update(self.members)
        return await does(self.here, who, *effects)

    async def marks(self, who: str, marks: dict[str, int] = WHOLE) -> None:
        await self.acts(who, DeclareInterest(self.code, concerned=False))
        await self.acts(who, *(ScoreItem(self.code, 7, code, mark) for code, mark in marks.items()))

    async def all_cast(self, *who: str, marks: dict[str, int] = WHOLE) -> None:
        """Into the record at once: a member's own way there is tested by itself."""
        engine = self.here.engine
        (case,) = await rows(engine, cases)
        numbers = {row.person_id: row.id for row in await rows(engine, council_seats)}
        made = [
            {
                "seat_id": numbers[self.members[one].person_id],
                "case_id": case.id,
                "standing": FREE,
                "product_set": 7,
                "marks": marks,
                "submitted_at": self.here.clock(),
            }
            for one in who
        ]
        async with engine.begin() as connection:
            await connection.execute(insert(ballots), made)


async def session_of(engine: AsyncEngine, *names: str) -> Session:
    here = await scene(engine, "in_evaluation")
    await of_set(engine, "7")
    await does(here, "province", OpenCouncil("15"), TableProduct(SESSION, here.code))
    members = {}
    for name in names or MEMBERS:
        members[name] = await seated(here, name)
    return Session(here, members)


async def seated(here: Scene, name: str, person: Conversation | None = None) -> Conversation:
    person = person or await chat(here.engine, here.clock, name)
    here.people[name] = person
    async with here.engine.begin() as connection:
        token = await seats.invite_member(connection, SESSION, f"{name}, Sở Công Thương", here.clock(), chair=False)
    attempt = await does(here, name, TakeSeat(token))
    assert "Welcome" in said(attempt)[0]
    return person


async def known_to(session: Session, who: str, at: str) -> Facts:
    """What a conversation that stands at a dialog is shown."""
    person = replace(session.here.people[who], state=State(at=f"{at}/"))
    now = Facts(session.here.clock().astimezone(VIETNAM))
    async with session.here.engine.connect() as connection:
        found = await facts_for(connection, [Wanted(person, session.code)], now)
        await connection.rollback()
    return found[person.id]


# ---------------------------------------------------------------- scoring


async def test_a_member_marks_hands_in_and_takes_back(engine: AsyncEngine) -> None:
    session = await session_of(engine, "thu")
    early = await session.acts("thu", ScoreItem(session.code, 7, "1.1", 1))
    assert said(early) == [desk.UNSAID.msgid]
    await session.marks("thu", {"1.1": 1})
    incomplete = await session.acts("thu", CastBallot(session.code))
    assert said(incomplete) == [desk.NOT_COMPLETE]
    await session.marks("thu")
    cast = await session.acts("thu", CastBallot(session.code))
    assert [(e.action, e.details) for e in cast.turn.carried.audit] == [("council_cast", {"session": SESSION})]
    late = await session.acts("thu", ScoreItem(session.code, 7, "1.1", 1))
    assert said(late) == [desk.HANDED_IN.msgid]
    (ballot,) = await rows(engine, ballots)
    assert (ballot.marks, ballot.standing) == (WHOLE, FREE)
    await session.acts("thu", CastBallot(session.code, back=True), ScoreItem(session.code, 7, "1.1", 1))
    (ballot,) = await rows(engine, ballots)
    assert (ballot.marks["1.1"], ballot.submitted_at) == (1, None)


async def test_what_this_sheet_can_not_have_is_refused(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu")
    await session.marks("thu", {"1.3": 2})
    for code, mark, number, why in (
        ("1.1", 9, 7, desk.NO_SUCH_MARK),
        ("1.1", -1, 7, desk.NO_SUCH_MARK),
        ("1.2", 0, 7, desk.NO_SUCH_MARK),  # "none of these", where the sheet has an option for nothing
        ("99", 1, 7, desk.NO_SUCH_MARK),
        ("1.1", 1, 8, desk.OTHER_SHEET),
        ("1.1", 1, 0, desk.OTHER_SHEET),
    ):
        attempt = await session.acts("thu", ScoreItem(session.code, number, code, mark))
        assert said(attempt) == [why.msgid], (code, mark, number)
    (ballot,) = await rows(sqlite_engine, ballots)
    assert ballot.marks == {"1.3": 2}  # nothing lost


async def test_another_product_set_has_another_sheet(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu")
    await session.marks("thu")
    await session.acts("thu", CastBallot(session.code))
    await of_set(sqlite_engine, "8")
    known = await known_to(session, "thu", f"ballot.{session.code}")
    assert [(b.marks, b.submitted, b.product_set) for b in known.ballots] == [({}, False, 8)]
    secretary = await known_to(session, "province", f"council.{SESSION}")
    assert [cast.submitted for cast in secretary.councils[0].products[0].ballots] == [False]
    await session.acts("thu", CastBallot(session.code, back=True))
    assert said(await session.acts("thu", CastBallot(session.code))) == [desk.OTHER_SHEET.msgid]


async def test_without_an_invitation_nobody_scores(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu")
    orders = (DeclareInterest(session.code, concerned=False), ScoreItem(session.code, 7, "1.1", 1))
    for who in ("stranger", "producer", "officer", "far", "province"):
        for order in (*orders, CastBallot(session.code), ReadDossier(session.code)):
            attempt = await session.acts(who, order)
            assert said(attempt) == [TOO_LATE.msgid], who
            assert not attempt.turn.carried.attachments
    assert not await rows(sqlite_engine, ballots)


async def test_a_code_that_one_does_not_score_is_as_one_that_is_not_there(sqlite_engine: AsyncEngine) -> None:
    """For a stranger and for a member of another session alike, and each try is noted."""
    session = await session_of(sqlite_engine, "thu")
    world = world_at(session.here.clock)
    for who in ("stranger", "guest"):
        await chat(sqlite_engine, session.here.clock, who)
        await say(sqlite_engine, world, who, session.code, "TL12-26-9999")
    words = [row.body["text"] for row in await rows(sqlite_engine, outbox, outbox.c.kind == "reply")]
    assert len(words) == 4
    assert len(set(words)) == 1
    async with sqlite_engine.connect() as connection:
        entries = await audit.of_case(connection, session.code)
        await connection.rollback()
    assert [entry["action"] for entry in entries].count(audit.REFUSED) == 2
    before = await count(sqlite_engine, outbox)
    await say(sqlite_engine, world, "thu", session.code)
    (mine,) = (await rows(sqlite_engine, outbox, outbox.c.kind == "reply"))[before:] or [None]
    assert mine is not None
    assert "liên quan" in mine.body["text"]  # a member's own is opened, and that is no guess
    async with sqlite_engine.connect() as connection:
        entries = await audit.of_case(connection, session.code)
        await connection.rollback()
    assert [entry["action"] for entry in entries].count(audit.REFUSED) == 2


# ---------------------------------------------------------------- whom it concerns


async def test_whoever_is_concerned_does_not_score(engine: AsyncEngine) -> None:
    session = await session_of(engine, "thu")
    await session.marks("thu")
    await session.acts("thu", CastBallot(session.code))
    declared = await session.acts("thu", DeclareInterest(session.code, concerned=True))
    (entry,) = declared.turn.carried.audit
    assert (entry.action, entry.details["concerned"]) == ("council_declare", True)
    for order in (ScoreItem(session.code, 7, "1.1", 1), CastBallot(session.code), ReadDossier(session.code)):
        assert said(await session.acts("thu", order)) == [desk.CONCERNED.msgid]
    (ballot,) = await rows(engine, ballots)
    assert (ballot.standing, ballot.submitted_at) == (DECLARED, None)
    await session.acts("thu", DeclareInterest(session.code, concerned=False), CastBallot(session.code))
    (ballot,) = await rows(engine, ballots)
    assert (ballot.standing, ballot.submitted_at is not None) == (FREE, True)


async def test_the_record_knows_whom_it_concerns(sqlite_engine: AsyncEngine) -> None:
    """The producer, the commune's people; a neighbouring commune's are not."""
    session = await session_of(sqlite_engine, "thu")
    here, tied = session.here, ("producer", "officer", "approver", "colleague")
    for who in (*tied, "neighbour"):
        await seated(here, who, here.people[who])
    for who in tied:
        for order in (DeclareInterest(session.code, concerned=False), ScoreItem(session.code, 7, "1.1", 1)):
            assert said(await session.acts(who, order)) == [desk.CONCERNED.msgid]
        own = await known_to(session, who, "seat")
        assert [ballot.standing for ballot in own.ballots] == [BOUND]
    assert not await rows(sqlite_engine, ballots)
    secretary = await known_to(session, "province", f"council.{SESSION}")
    standings = [cast.standing for cast in secretary.councils[0].products[0].ballots]
    assert standings == ["", *[BOUND] * len(tied), ""]


async def test_who_has_left_the_commune_since_is_still_concerned(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu")
    here = session.here
    await seated(here, "officer", here.people["officer"])
    async with sqlite_engine.begin() as connection:
        gone = update(memberships).where(memberships.c.person_id == here.people["officer"].person_id)
        await connection.execute(gone.values(removed_at=here.clock() + timedelta(days=1)))
    assert said(await session.acts("officer", DeclareInterest(session.code, concerned=False))) == [desk.CONCERNED.msgid]
    async with sqlite_engine.begin() as connection:
        await connection.execute(gone.values(removed_at=here.clock() - timedelta(days=400)))
    assert said(await session.acts("officer", DeclareInterest(session.code, concerned=False))) == []


async def test_what_turns_out_later_takes_the_ballot_out(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine)
    await session.all_cast(*MEMBERS[:6])
    await hired(sqlite_engine, session.here.clock, "thu", Role.COMMUNE_OFFICER, "15/04336")
    secretary = await known_to(session, "province", f"council.{SESSION}")
    (product,) = secretary.councils[0].products
    assert [cast.submitted for cast in product.ballots] == [False, *[True] * 5, False]
    await session.acts("province", CloseCouncil(SESSION))
    thu = next(row for row in await rows(sqlite_engine, ballots) if row.standing == BOUND)
    assert thu.submitted_at is None
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(memberships).values(removed_at=session.here.clock() - timedelta(days=999)))
        row = (await connection.execute(select(council_sessions))).one()
        over = await kept.council_of(connection, row, session.here.clock())
    assert over.products[0].ballots[0].standing == BOUND  # as it was then


# ---------------------------------------------------------------- who sees what


async def test_nobody_sees_anothers_marks_but_the_secretary(engine: AsyncEngine) -> None:
    session = await session_of(engine, "thu", "nam")
    await session.marks("thu")
    await session.marks("nam", {"1.1": 1})
    unsent = await known_to(session, "province", f"council.{SESSION}")
    assert [cast.marks for cast in unsent.councils[0].products[0].ballots] == [{}, {}]  # not handed in
    await session.acts("thu", CastBallot(session.code))
    seen = await known_to(session, "province", f"council.{SESSION}")
    assert [cast.marks for cast in seen.councils[0].products[0].ballots] == [WHOLE, {}]
    listed = await known_to(session, "province", "councils")
    assert [cast.marks for cast in listed.councils[0].products[0].ballots] == [{}, {}]  # a list needs none
    own = await known_to(session, "nam", f"ballot.{session.code}")
    assert [ballot.marks for ballot in own.ballots] == [{"1.1": 1}]
    for who in ("nam", "thu", "producer", "officer", "approver", "administrator", "far", "stranger"):
        for at in (f"council.{SESSION}", "councils", "seat", f"ballot.{session.code}"):
            known = await known_to(session, who, at)
            assert not known.councils
            assert who in session.members or not known.ballots
    assert not (await known_to(session, "province", "desk")).councils


async def test_who_has_a_seat_is_no_secretary(engine: AsyncEngine) -> None:
    session = await session_of(engine, "thu")
    here = session.here
    here.people["second"] = await hired(engine, here.clock, "second", Role.PROVINCE_OFFICER, "15")
    assert (await known_to(session, "second", f"council.{SESSION}")).councils
    await seated(here, "second", here.people["second"])
    assert not (await known_to(session, "second", f"council.{SESSION}")).councils
    for order in (
        CloseCouncil(SESSION),
        RemindMembers(SESSION),
        LookAtMarks(SESSION, session.code),
        DropSeat(SESSION, 1),
    ):
        attempt = await session.acts("second", order)
        assert said(attempt) == [TOO_LATE.msgid]
        assert not attempt.turn.carried.audit


async def test_only_a_secretary_runs_it(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu")
    before = [await rows(sqlite_engine, table) for table in (council_sessions, council_cases, council_seats)]
    for who in ("officer", "approver", "far", "administrator", "producer", "thu", "stranger"):
        for order in (
            *(OpenCouncil("15"), TableProduct(SESSION, session.code, off=True), InviteMember(SESSION, "Ai đó", False)),
            *(RenewSeat(SESSION, 1), DropSeat(SESSION, 1), RemindMembers(SESSION), CloseCouncil(SESSION)),
            *(LookAtMarks(SESSION, session.code), DecideStars(SESSION, session.code, 4), MakeCouncilPapers(SESSION)),
        ):
            attempt = await session.acts(who, order)
            assert said(attempt) == [TOO_LATE.msgid], (who, order)
            assert not attempt.turn.carried.audit
            assert not attempt.turn.carried.attachments
    assert before == [await rows(sqlite_engine, table) for table in (council_sessions, council_cases, council_seats)]


async def test_the_producer_reads_nothing_of_it(engine: AsyncEngine) -> None:
    session = await session_of(engine)
    await session.all_cast(*MEMBERS[:5], marks=THREE)
    said_so = await session.acts("nga", DeclareInterest(session.code, concerned=True))
    ended = await session.acts("province", LookAtMarks(SESSION, session.code), CloseCouncil(SESSION))
    noted = [*said_so.turn.carried.audit, *ended.turn.carried.audit]
    async with engine.begin() as connection:
        await audit.record(connection, noted, session.here.clock())
        theirs = await own_data.of(connection, session.here.people["producer"].person_id)
        mine = await own_data.of(connection, session.members["thu"].person_id)
        seen = await own_data.of(connection, session.here.people["province"].person_id)
    assert not [name for name in theirs if name.startswith(("council", "ballots", "results"))]
    assert not [row for row in theirs.get("audit", []) if row["action"].startswith("council")]
    assert [row["action"] for row in seen["audit"]] == ["council_marks", "council_close"]
    assert [row["marks"] for row in mine["ballots"]] == [THREE]
    assert [row["name"] for row in mine["council_seats"]] == ["thu, Sở Công Thương"]
    assert [row["number"] for row in seen["council_sessions"]] == [1]
    assert "ballots" not in seen


# ---------------------------------------------------------------- seats


async def invited(session: Session, name: str = "Dũng") -> str:
    async with session.here.engine.begin() as connection:
        return await seats.invite_member(connection, SESSION, name, session.here.clock(), chair=False)


async def test_a_link_works_once_for_a_week(engine: AsyncEngine) -> None:
    session = await session_of(engine, "thu")
    here = session.here
    for who in ("dung", "other"):
        here.people[who] = await chat(engine, here.clock, who)
    token = await invited(session)
    await session.acts("dung", TakeSeat(token))
    assert said(await session.acts("dung", TakeSeat(token))) == ["You have used this invitation already."]
    assert said(await session.acts("other", TakeSeat(token))) == [desk.USED.msgid]
    assert "I don't know" in said(await session.acts("other", TakeSeat("A" * 24)))[0]
    late = await invited(session, "Muộn")
    here.clock.now += timedelta(days=8)
    assert "run out" in said(await session.acts("other", TakeSeat(late)))[0]
    assert sum(row.person_id is None for row in await rows(engine, council_seats)) == 1


async def test_one_person_has_one_seat_and_a_secretary_none(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu")
    here = session.here
    here.people["second"] = await hired(sqlite_engine, here.clock, "second", Role.PROVINCE_OFFICER, "15")
    token = await invited(session)
    assert "seat in this session already" in said(await session.acts("thu", TakeSeat(token)))[0]
    assert "secretary" in said(await session.acts("province", TakeSeat(token)))[0]
    await session.acts("second", LookAtMarks(SESSION, session.code))
    async with sqlite_engine.begin() as connection:
        looked = audit.Entry(
            kept.LOOKED, here.people["second"].person_id, "telegram", session.code, {"session": SESSION}
        )
        await audit.record(connection, [looked], here.clock())
    assert "secretary" in said(await session.acts("second", TakeSeat(token)))[0]
    assert [row.person_id for row in await rows(sqlite_engine, council_seats)][1:] == [None]


def test_whoever_is_about_to_end_it_has_seen_the_averages() -> None:
    """So that is noted as looking at the marks is; of a session without ballots there is nothing to see."""
    _, few, enough, *_ = sample_councils()
    for council, codes in ((enough, [enough.products[0].code]), (few, [few.products[0].code])):
        known = Facts(NOW, councils=(council,))
        orders = secretary.done({"subject": str(council.id), "next": "close"}, known)
        assert orders == tuple(LookAtMarks(council.id, code) for code in codes)


async def test_a_lost_telephone_is_locked_out_and_nothing_is_lost(engine: AsyncEngine) -> None:
    session = await session_of(engine, "thu")
    await session.marks("thu", {"1.1": 2, "1.3": 1})
    renewed = await session.acts("province", RenewSeat(SESSION, 1))
    assert [entry.action for entry in renewed.turn.carried.audit] == ["council_renew"]
    assert said(await session.acts("thu", ScoreItem(session.code, 7, "1.1", 1))) == [TOO_LATE.msgid]
    assert not (await known_to(session, "thu", "seat")).ballots
    async with engine.begin() as connection:
        token = await seats.renew_seat(connection, SESSION, 1, session.here.clock())
    session.here.people["new"] = await chat(engine, session.here.clock, "new")
    await session.acts("new", TakeSeat(token))
    await session.acts("new", DeclareInterest(session.code, concerned=False), ScoreItem(session.code, 7, "1.4", 1))
    (ballot,) = await rows(engine, ballots)
    assert ballot.marks == {"1.1": 2, "1.3": 1, "1.4": 1}


# ---------------------------------------------------------------- its end


async def test_too_few_ballots_keep_it_open_and_name_who_is_missing(engine: AsyncEngine) -> None:
    session = await session_of(engine)
    await session.all_cast(*MEMBERS[:4])
    await session.acts("minh", DeclareInterest(session.code, concerned=True))
    refused = await session.acts("province", CloseCouncil(SESSION))
    (text,) = [text for one in refused.turn.carried.said if isinstance(one, SendMessage) for text in one.texts]
    assert (text.msgid, text.values["names"]) == (desk.TOO_FEW, "lan, nga")
    told = await session.acts("province", RemindMembers(SESSION))
    assert {n["conversation_id"] for n in told.turn.carried.notices} == {session.members[n].id for n in ("lan", "nga")}
    await session.all_cast("lan")
    await session.acts("province", CloseCouncil(SESSION))  # 5 of 7: nga is missing, and it may end
    assert (await rows(engine, council_sessions))[0].closed_at is not None


async def test_reminding_nobody_says_so(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu")
    await session.all_cast("thu")
    await invited(session)
    assert said(await session.acts("province", RemindMembers(SESSION))) == [desk.NOBODY_TO_REMIND.msgid]


async def test_after_the_end_nobody_scores(engine: AsyncEngine) -> None:
    session = await session_of(engine)
    await session.all_cast(*MEMBERS[:6])
    await session.marks("nga", {"1.1": 1})
    token = await invited(session)
    await session.acts("province", CloseCouncil(SESSION))
    before = await rows(engine, ballots)
    for who, order in (
        ("nga", ScoreItem(session.code, 7, "1.3", 1)),
        ("nga", CastBallot(session.code)),
        ("thu", CastBallot(session.code, back=True)),
        ("nga", DeclareInterest(session.code, concerned=True)),
        ("nga", ReadDossier(session.code)),
    ):
        assert said(await session.acts(who, order)) == [desk.OVER]
    for late in (
        *(InviteMember(SESSION, "Ai đó", False), RenewSeat(SESSION, 1), DropSeat(SESSION, 1)),
        *(TableProduct(SESSION, session.code), RemindMembers(SESSION), CloseCouncil(SESSION)),
    ):
        assert said(await session.acts("province", late)) == [desk.OVER_ALREADY]
    assert said(await session.acts("stranger", TakeSeat(token))) == ["The session of this invitation is over."]
    assert await rows(engine, ballots) == before
    known = await known_to(session, "nga", "seat")
    assert [(b.closed, b.marks) for b in known.ballots] == [(True, {"1.1": 1})]


async def beside(session: Session, who: str, order: Effect) -> Turned:
    """In a transaction of its own, which takes a moment."""
    here = session.here
    here.people.update(session.members)
    async with writing(here.engine) as connection:
        source, known = Update("telegram", who, who, TextReceived("")), Facts(here.clock().astimezone(VIETNAM))
        turn = Turned(connection, replace(here.people[who]), source, known, world_at(here.clock), here.clock())
        await carry_out(turn, [order])
        await asyncio.sleep(0.05)
        return turn


async def test_of_two_who_end_it_at_once_one_does(engine: AsyncEngine) -> None:
    """Each in a transaction of their own: the second waits for the first, and reads who was first."""
    session = await session_of(engine)
    await session.all_cast(*MEMBERS[:5], marks=THREE)
    here = session.here
    here.people["second"] = await hired(engine, here.clock, "second", Role.PROVINCE_OFFICER, "15")

    turns = await asyncio.gather(*(beside(session, who, CloseCouncil(SESSION)) for who in ("province", "second")))
    ended = [bool(turn.carried.audit) for turn in turns]
    assert sorted(ended) == [False, True]
    loser = turns[ended.index(False)]
    assert [text.msgid for one in loser.carried.said for text in one.texts] == [desk.OVER_ALREADY]  # type: ignore[union-attr]
    (row,) = await rows(engine, council_sessions)
    assert row.closed_by == here.people["province" if ended[0] else "second"].person_id


async def test_a_member_who_scores_as_it_ends_is_in_it_or_told(engine: AsyncEngine) -> None:
    session = await session_of(engine)
    await session.all_cast(*MEMBERS[:5])
    await session.marks("nga")
    cast, _ = await asyncio.gather(
        beside(session, "nga", CastBallot(session.code)), beside(session, "province", CloseCouncil(SESSION))
    )
    (product,) = await rows(engine, council_cases)
    handed_in = [row for row in await rows(engine, ballots) if row.submitted_at is not None]
    assert product.points_a is not None
    assert (len(handed_in) == 6) == bool(cast.carried.audit)


async def test_the_averages_are_the_result(engine: AsyncEngine) -> None:
    session = await session_of(engine)
    await session.all_cast(*MEMBERS[:4], marks=THREE)
    await session.all_cast("lan", marks=THREE | {"6.5": 1})
    still = await session.acts("province", PublishResult(session.code, *points(27, 15, 21), "812/QĐ-UBND", DAY))
    assert said(still) == [STILL_SCORING.msgid]
    closed = await session.acts("province", CloseCouncil(SESSION))
    assert [entry.action for entry in closed.turn.carried.audit] == ["council_close"]
    (found,) = await rows(engine, council_cases)
    other = await session.acts("province", PublishResult(session.code, *points(27, 15, 21), "812/QĐ-UBND", DAY))
    assert said(other) == [OTHERWISE]
    agreed = (found.points_a, found.points_b, found.points_c)
    assert found.stars == 3
    done = await session.acts("province", PublishResult(session.code, *agreed, "812/QĐ-UBND", DAY, stars=3))
    assert any("3 sao" in words for words in done.told("producer"))
    (result,) = await rows(engine, results)
    assert {code: Decimal(p) for code, p in result.criteria.items()} == {c: Decimal(p) for c, p in found.items.items()}
    assert sum(map(Decimal, result.criteria.values())) == sum(agreed)
    assert (await rows(engine, cases))[0].status == "certified"
    session.here.facts.clear()
    async with session.here.attempt("province") as attempt:
        undo = attempt.turn.facts.case(session.code).undo  # type: ignore[union-attr]  # just published
        assert undo is not None
        await attempt.does(UndoDecision(session.code, undo.number))
        assert (await attempt.case()).status == "in_evaluation"
        assert not await attempt.published()


DAY = date(2026, 11, 23)


def points(*parts: int) -> tuple[Decimal, Decimal, Decimal]:
    a, b, c = map(Decimal, parts)
    return a, b, c


async def test_points_and_gates_disagree_and_the_council_decides(sqlite_engine: AsyncEngine) -> None:
    """Five stars by points; most see no packaging, without which there are no three."""
    session = await session_of(sqlite_engine)
    await session.all_cast(*MEMBERS[:5], marks=WHOLE | {"2.2": 1})
    await session.acts("province", CloseCouncil(SESSION))
    (found,) = await rows(sqlite_engine, council_cases)
    assert found.stars is None
    agreed = (found.points_a, found.points_b, found.points_c)
    early = await session.acts("province", PublishResult(session.code, *agreed, "812/QĐ-UBND", DAY))
    assert said(early) == [UNDECIDED.msgid]
    for stars in (0, 1, 6):
        assert said(await session.acts("province", DecideStars(SESSION, session.code, stars))) == [TOO_LATE.msgid]
    decided = await session.acts("province", DecideStars(SESSION, session.code, 4))
    assert [(e.action, e.details["stars"]) for e in decided.turn.carried.audit] == [("council_stars", 4)]
    five = await session.acts("province", PublishResult(session.code, *agreed, "812/QĐ-UBND", DAY))
    assert said(five) == [OTHERWISE]
    await session.acts("province", PublishResult(session.code, *agreed, "812/QĐ-UBND", DAY, stars=4))
    assert ((await rows(sqlite_engine, results))[0].stars, (await rows(sqlite_engine, cases))[0].status) == (
        4,
        "certified",
    )


async def test_ninety_points_are_proposed_to_the_centre(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine)
    await session.all_cast(*MEMBERS[:5])
    await session.acts("province", CloseCouncil(SESSION))
    (found,) = await rows(sqlite_engine, council_cases)
    agreed = (found.points_a, found.points_b, found.points_c)
    assert found.stars == 5
    await session.acts("province", PublishResult(session.code, *agreed, "15/TTr-UBND", DAY, stars=5))
    assert (await rows(sqlite_engine, cases))[0].status == "proposed_for_five"
    await session.acts("province", PublishResult(session.code, *points(36, 22, 30), "4321/QĐ-BNNMT", DAY))
    assert (await rows(sqlite_engine, results))[0].stars == 4  # what the ministry decides is its own


async def test_stars_are_not_given_away_without_a_council(sqlite_engine: AsyncEngine) -> None:
    here = await scene(sqlite_engine, "in_evaluation")
    attempt = await does(here, "province", PublishResult(here.code, *points(38, 23, 30), "812/QĐ-UBND", DAY, stars=3))
    assert said(attempt) == [TOO_LATE.msgid]
    assert not await rows(sqlite_engine, results)


async def test_what_has_left_the_council_is_not_scored(sqlite_engine: AsyncEngine) -> None:
    """Returned to its producer while the council sat: that does not keep the others, and what was begun stays."""
    session = await session_of(sqlite_engine)
    await session.all_cast(*MEMBERS[:5])
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(cases).values(status="returned_by_province"))
    assert said(await session.acts("nga", DeclareInterest(session.code, concerned=False))) == [desk.NOT_HERE.msgid]
    assert said(await session.acts("province", CloseCouncil(SESSION))) == [desk.NO_RESULTS.msgid]
    assert len(await rows(sqlite_engine, ballots)) == 5


async def test_a_product_is_before_one_session_at_a_time(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu")
    await session.acts("province", OpenCouncil("15"))
    twice = await session.acts("province", TableProduct(2, session.code))
    assert said(twice) == [desk.ELSEWHERE.msgid]
    await session.acts("province", TableProduct(SESSION, session.code, off=True), TableProduct(2, session.code))
    assert [(row.session_id) for row in await rows(sqlite_engine, council_cases)] == [2]
    session_row = (await rows(sqlite_engine, council_sessions))[1]
    assert (session_row.number, session_row.year) == (2, 2026)


async def test_what_somebody_has_handed_in_stays(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu", "nam")
    await session.all_cast("thu")
    for order in (TableProduct(SESSION, session.code, off=True), DropSeat(SESSION, 1)):
        assert said(await session.acts("province", order)) == [desk.HAS_BALLOTS.msgid]
    await session.acts("nam", DeclareInterest(session.code, concerned=False))
    await session.acts("province", DropSeat(SESSION, 2))
    assert [row.number for row in await rows(sqlite_engine, council_seats)] == [1]
    assert len(await rows(sqlite_engine, ballots)) == 1


async def test_it_all_goes_with_its_cases(engine: AsyncEngine) -> None:
    session = await session_of(engine)
    await session.all_cast(*MEMBERS[:5])
    await session.acts("province", CloseCouncil(SESSION))
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(status="rated", owner="nobody"))
    await retention.run(engine, {"closed_cases": 1}, session.here.clock() + timedelta(days=2))
    for table in (cases, council_sessions, council_cases, council_seats, ballots):
        assert not await rows(engine, table), table.name

"""A session that changes while it scores: a product comes off, a seat changes hands, a dossier is returned."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.desk import council as desk
from bot.desk.results import OTHERWISE
from bot.effects import TOO_LATE
from bot.sample_council import sample_councils
from dialogs.council import secretary, tabled
from dialogs.council.facts import FREE
from dialogs.model import (
    CloseCouncil,
    DecideCase,
    DecideStars,
    Facts,
    OpenCouncil,
    PublishResult,
    RenewSeat,
    TableProduct,
    TakeSeat,
    UndoDecision,
)
from dialogs.officer.words import who_and_when
from dialogs.producer.check_status import history
from storage import audit, council, joining, seats
from storage.models import ballots, case_events, cases, council_cases, council_seats, council_sessions, results
from tests.facts import NOW
from tests.heart import chat, rows
from tests.test_assessing import said
from tests.test_council import MEMBERS, SESSION, THREE, WHOLE, Session, known_to, session_of

# ---------------------------------------------------------------- a way out


def test_a_product_nobody_has_scored_can_be_taken_off() -> None:
    """From the session itself, without looking at marks: there are none. With sheets, it is asked first."""
    _, council, *_ = sample_councils()
    known, here = Facts(NOW, councils=(council,)), {"subject": str(council.id)}
    assert "products" in [option.value for option in secretary.options(here, known)]
    scored, unscored, _gone = council.products
    assert {option.value for option in tabled.product_options(here, known)} >= {scored.code, unscored.code}
    off = {code: {**here, "_of": code, "product": "off"} for code in (scored.code, unscored.code)}
    assert tabled.product_done(off[unscored.code], known) == (TableProduct(council.id, unscored.code, off=True),)
    assert not tabled.product_done(off[scored.code], known)
    assert tabled.after_product("off", off[scored.code], known).answers == {"_do": "off", "_of": scored.code}
    surely = tabled.taken_off({**here, "_of": scored.code, "off": "void"}, known)
    assert surely == (TableProduct(council.id, scored.code, off=True, void=True),)


def test_only_marks_that_count_are_looked_at() -> None:
    _, council, *_ = sample_councils()
    listed = tabled.scored_options({"subject": str(council.id)}, Facts(NOW, councils=(council,)))
    assert [option.value for option in listed] == [council.products[0].code, "back"]


async def test_a_product_comes_off_with_its_sheets_and_their_members_are_told(engine: AsyncEngine) -> None:
    session = await session_of(engine, "thu", "nam", "hoa")
    await session.all_cast("thu", "nam")
    off = TableProduct(SESSION, session.code, off=True)
    assert said(await session.acts("province", off)) == [desk.HAS_BALLOTS.msgid]
    done = await session.acts("province", TableProduct(SESSION, session.code, off=True, void=True))
    assert said(done)[1].startswith("%(count)s sheet")
    told = {one["conversation_id"] for one in done.turn.carried.notices}
    assert told == {session.members[who].id for who in ("thu", "nam")}
    assert not await rows(engine, council_cases)
    assert not await rows(engine, ballots)
    assert said(await session.acts("province", off)) == [TOO_LATE.msgid]


async def test_what_came_off_is_put_before_another_session(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu")
    await session.all_cast("thu")
    await session.acts("province", TableProduct(SESSION, session.code, off=True, void=True), CloseCouncil(SESSION))
    assert (await rows(sqlite_engine, council_sessions))[0].closed_at is not None
    await session.acts("province", OpenCouncil("15"), TableProduct(2, session.code))
    assert [row.session_id for row in await rows(sqlite_engine, council_cases)] == [2]


async def test_a_session_with_nothing_to_score_can_be_ended(sqlite_engine: AsyncEngine) -> None:
    council, *_ = sample_councils()
    known = Facts(NOW, councils=(council,))
    assert "close" in [option.value for option in secretary.options({"subject": str(council.id)}, known)]
    session = await session_of(sqlite_engine, "thu")
    await session.acts("province", TableProduct(SESSION, session.code, off=True))
    ended = await session.acts("province", CloseCouncil(SESSION))
    assert said(ended) == [desk.NO_RESULTS.msgid]
    assert [one["conversation_id"] for one in ended.turn.carried.notices] == [session.members["thu"].id]


# ---------------------------------------------------------------- what is decided


async def test_stars_are_decided_once_and_while_the_product_is_there(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine)
    await session.all_cast(*MEMBERS[:5], marks=WHOLE | {"2.2": 1})
    await session.acts("province", CloseCouncil(SESSION))
    await moved(sqlite_engine, "returned_by_province")
    assert said(await session.acts("province", DecideStars(SESSION, session.code, 4))) == [desk.NOT_HERE.msgid]
    await moved(sqlite_engine, "in_evaluation")
    await session.acts("province", DecideStars(SESSION, session.code, 4))
    assert said(await session.acts("province", DecideStars(SESSION, session.code, 3))) == [desk.DECIDED]
    assert (await rows(sqlite_engine, council_cases))[0].stars == 4


async def test_other_points_than_the_councils_are_noted_beside_them(sqlite_engine: AsyncEngine) -> None:
    """Only on a second word, and with no more stars than the council gave; its items do not go with other points."""
    session = await session_of(sqlite_engine)
    await session.all_cast(*MEMBERS[:5], marks=THREE)
    await session.acts("province", CloseCouncil(SESSION))
    agreed = (await rows(sqlite_engine, council_cases))[0]
    entered = (agreed.points_a + 4, agreed.points_b, agreed.points_c)
    once = PublishResult(session.code, *entered, "812/QĐ-UBND", NOW.date(), stars=agreed.stars)
    assert said(await session.acts("province", once)) == [OTHERWISE]
    more = replace(once, stars=agreed.stars + 1, otherwise=True)
    assert said(await session.acts("province", more)) == [OTHERWISE]
    done = await session.acts("province", replace(once, otherwise=True))
    (audited,) = [e for e in done.turn.carried.audit if e.action == "publish_result"]
    assert Decimal(audited.details["council"]) == sum((agreed.points_a, agreed.points_b, agreed.points_c))
    (result,) = await rows(sqlite_engine, results)
    assert (result.points_a, result.stars, result.criteria) == (entered[0], agreed.stars, {})
    case = (await known_to(session, "province", "review")).case(session.code)
    (noted,) = [line for line in case.history if line.changes]  # type: ignore[union-attr]  # just published
    assert [(c.item, Decimal(c.before), Decimal(c.after)) for c in noted.changes] == [
        ("result:points_a", agreed.points_a, entered[0])
    ]


@pytest.mark.parametrize("marks", [THREE, WHOLE | {"2.2": 1}], ids=["all-gates", "a-gate-missing"])
async def test_fewer_stars_than_points_are_explained(sqlite_engine: AsyncEngine, marks: dict[str, int]) -> None:
    """Of gates the producer reads only where the council found one missing; not for points entered beside its own."""
    session = await session_of(sqlite_engine)
    await session.all_cast(*MEMBERS[:5], marks=marks)
    await session.acts("province", CloseCouncil(SESSION))
    own = marks == THREE
    if not own:
        await session.acts("province", DecideStars(SESSION, session.code, 4))
    agreed = (await rows(sqlite_engine, council_cases))[0]
    result = PublishResult(
        session.code, agreed.points_a, agreed.points_b, agreed.points_c, "812/QĐ-UBND", NOW.date(), stars=agreed.stars
    )
    if own:
        result = replace(result, points_a=Decimal(40), points_b=Decimal(25), points_c=Decimal("17.4"), otherwise=True)
    done = await session.acts("province", result)
    told = "\n".join(done.told("producer"))
    assert ("mức tối thiểu" in told) != own
    assert ("hội đồng quyết định: 3 sao" in told) == own


async def test_what_was_entered_beside_the_council_goes_with_the_result(engine: AsyncEngine) -> None:
    """A producer reads a council's points with the result; officers also after it was taken back."""
    session = await session_of(engine)
    await session.all_cast(*MEMBERS[:5], marks=THREE)
    await session.acts("province", CloseCouncil(SESSION))
    agreed = (await rows(engine, council_cases))[0]
    a, b, c = agreed.points_a + 4, agreed.points_b, agreed.points_c
    entered = PublishResult(session.code, a, b, c, "812/QĐ-UBND", NOW.date(), stars=agreed.stars, otherwise=True)
    await session.acts("province", entered)
    assert len(await _beside(session, "producer")) == 1
    publishing = max(row.id for row in await rows(engine, case_events) if row.action == "certify")
    await session.acts("province", UndoDecision(session.code, publishing))
    assert not any(row.published_at for row in await rows(engine, results))
    assert await _beside(session, "producer") == []
    (kept,) = [row.before for row in await rows(engine, case_events) if row.action == "otherwise"]
    assert kept["undone"]
    case = (await known_to(session, "province", "review")).case(session.code)
    assert case is not None
    assert any(text.msgid.startswith("• %(item)s") for text in who_and_when(case))
    again = replace(entered, points_a=agreed.points_a, otherwise=False)
    await session.acts("province", again)
    assert await _beside(session, "producer") == []  # published is now what the council came to
    twice = max(row.id for row in await rows(engine, case_events) if row.action == "certify")
    assert twice != publishing


async def _beside(session: Session, who: str) -> list[str]:
    """The lines with two versions of the points, as somebody reads them in the history of their file."""
    case = (await known_to(session, who, "case")).case(session.code)
    assert case is not None
    return [text.msgid for text in history(case) if text.msgid.startswith("• %(item)s")]


async def moved(engine: AsyncEngine, status: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(status=status))


# ---------------------------------------------------------------- a seat that changes hands


async def test_two_members_who_are_one_person_have_one_seat_and_one_vote(engine: AsyncEngine) -> None:
    session = await session_of(engine, "thu", "nam")
    await session.all_cast("thu", "nam")
    await one_person(session)
    older, younger = await rows(engine, council_seats)
    assert (older.person_id, younger.person_id) == (session.members["thu"].person_id, None)
    assert younger.expires_at <= session.here.clock() < older.expires_at
    cast = {row.seat_id: row.submitted_at is not None for row in await rows(engine, ballots)}
    assert cast == {older.id: True, younger.id: False}


async def test_a_session_that_is_over_stays_as_it_was(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine)
    await session.all_cast(*MEMBERS)
    await session.acts("province", CloseCouncil(SESSION))
    before = await rows(sqlite_engine, ballots)
    await one_person(session)
    assert await rows(sqlite_engine, ballots) == before
    assert [row.person_id for row in await rows(sqlite_engine, council_seats)].count(None) == 0


async def one_person(session: Session) -> None:
    into, other = session.members["thu"].person_id, session.members["nam"].person_id
    async with session.here.engine.begin() as connection:
        await joining.join(connection, into, other, session.here.clock())


async def test_who_had_the_seat_is_told_of_its_new_link(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu", "nam")
    renewed = await session.acts("province", RenewSeat(SESSION, 1))
    assert [one["conversation_id"] for one in renewed.turn.carried.notices] == [session.members["thu"].id]
    again = await session.acts("province", RenewSeat(SESSION, 1))
    assert not again.turn.carried.notices


@pytest.mark.parametrize(("who", "stays"), [("thu", True), ("new", False)])
async def test_another_person_declares_and_hands_in_anew(engine: AsyncEngine, who: str, stays: bool) -> None:
    session = await session_of(engine, "thu")
    session.here.people["new"] = await chat(engine, session.here.clock, "new")
    await session.all_cast("thu")
    joined = audit.Entry(
        council.JOINED, session.members["thu"].person_id, "telegram", "", {"session": SESSION, "seat": 1}
    )
    async with engine.begin() as connection:
        await audit.record(connection, [joined], session.here.clock())
        token = await seats.renew_seat(connection, SESSION, 1, session.here.clock())
    await session.acts(who, TakeSeat(token))
    (ballot,) = await rows(engine, ballots)
    assert (ballot.standing, ballot.submitted_at is not None) == (FREE if stays else "", stays)
    assert ballot.marks == WHOLE


# ---------------------------------------------------------------- a dossier that is returned


async def test_what_comes_back_is_handed_in_again(engine: AsyncEngine) -> None:
    session = await session_of(engine, "thu", "nam")
    await session.all_cast("thu")
    await session.acts("province", DecideCase(session.code, "return", "other", "Thiếu giấy"))
    await moved(engine, "forwarded")
    taken_up = await session.acts("province", DecideCase(session.code, "accept"))
    assert (await rows(engine, cases))[0].status == "in_evaluation"
    (ballot,) = await rows(engine, ballots)
    assert (ballot.standing, ballot.marks, ballot.submitted_at) == (FREE, WHOLE, None)
    assert session.members["thu"].id in {one["conversation_id"] for one in taken_up.turn.carried.notices}
    assert session.members["nam"].id not in {one["conversation_id"] for one in taken_up.turn.carried.notices}


async def test_what_was_agreed_before_a_return_is_not_published(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine)
    await session.all_cast(*MEMBERS)
    await session.acts("province", CloseCouncil(SESSION))
    (case,) = await rows(sqlite_engine, cases)
    assert await agreed(sqlite_engine, case.id)
    session.here.clock.now += timedelta(hours=1)
    await session.acts("province", DecideCase(session.code, "return", "other", "Thiếu giấy"))
    (event, *_) = sorted(await rows(sqlite_engine, case_events), key=lambda row: -row.id)
    await session.acts("province", UndoDecision(session.code, event.id))
    assert await agreed(sqlite_engine, case.id)  # as if it had not been returned
    await moved(sqlite_engine, "forwarded")
    await session.acts("province", DecideCase(session.code, "accept"))
    assert not await agreed(sqlite_engine, case.id)


async def agreed(engine: AsyncEngine, case_id: int) -> bool:
    async with engine.connect() as connection:
        return await council.agreed_on(connection, case_id) is not None

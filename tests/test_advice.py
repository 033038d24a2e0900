"""The advisory group of a council: who may read and remark, who reads that, and what it never does: give marks."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.desk import advice as desk_advice
from bot.desk import council as desk
from bot.desk import council_papers, forms
from bot.desk.export import done
from bot.effects import TOO_LATE
from bot.sample_council import sample_councils
from dialogs.council import tabled, to_group
from dialogs.council.facts import BOUND, FREE, SCORING
from dialogs.model import (
    CastBallot,
    CloseCouncil,
    DeclareInterest,
    DropSeat,
    Effect,
    Facts,
    FinishReading,
    GiveToRead,
    KeepRemark,
    LookAtMarks,
    ReadDossier,
    Reading,
    Remark,
    RenewSeat,
    Role,
    ScoreItem,
    TableProduct,
    TakeSeat,
)
from dialogs.producer.check_status import WITH_GROUP, status_words
from dialogs.rules.council import LEAST_BALLOTS
from dialogs.rules.sheet import TOPICS
from storage import audit, council, records, seats
from storage.models import assessments, ballots, case_events, cases, council_cases
from tests.facts import NOW, world
from tests.heart import chat, rows
from tests.test_assessing import said
from tests.test_council import MEMBERS, SESSION, THREE, Session, known_to, session_of
from tests.test_council_papers import words_of
from tests.test_lifecycle import hired

REMARK = "Nên xem chỗ sấy."


async def given(engine: AsyncEngine, *members: str) -> Session:
    """A session whose product an adviser was given to read; the product concerns them in nothing."""
    session = await session_of(engine, *members or ("thu",))
    await adviser_in(session, "long")
    await session.acts("province", GiveToRead(SESSION, (session.code,), NOW.date()))
    await session.acts("long", DeclareInterest(session.code, concerned=False))
    return session


async def adviser_in(session: Session, name: str) -> None:
    here = session.here
    if name not in here.people:
        here.people[name] = await chat(here.engine, here.clock, name)
    async with here.engine.begin() as connection:
        token = await seats.invite_member(
            connection, SESSION, f"{name}, Chi cục", here.clock(), chair=False, advisory=True
        )
    attempt = await session.acts(name, TakeSeat(token))
    assert "advisory group" in said(attempt)[0]


async def test_what_was_not_given_is_not_read(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu")
    await adviser_in(session, "long")
    assert not (await known_to(session, "long", "seat")).ballots
    for order in (DeclareInterest(session.code, concerned=False), ReadDossier(session.code)):
        assert said(await session.acts("long", order)) == [TOO_LATE.msgid]
    done = await session.acts("province", GiveToRead(SESSION, (session.code,)))
    assert len(done.told("long")) == 1
    (ballot,) = (await known_to(session, "long", "seat")).ballots
    assert (ballot.advisory, ballot.key) == (True, f"advice.{session.code}")


async def test_the_history_says_who_gave_it_and_when_and_once(engine: AsyncEngine) -> None:
    session = await session_of(engine, "thu")
    order = GiveToRead(SESSION, (session.code,))
    first = await session.acts("province", order)
    assert [entry.action for entry in first.turn.carried.audit] == ["council_give"]
    assert done("council_give", {}, world().catalog("en")) == "given to the province's advisory group"
    assert done("hand_over", {}, world().catalog("en")) == "handed over"  # of cases, by who leaves them
    again = await session.acts("province", order)
    assert (said(again), again.turn.carried.audit) == ([desk_advice.HAS_IT.msgid], [])
    (event,) = [row for row in await rows(engine, case_events) if row.action == "council_give"]
    assert event.actor_id == session.here.people["province"].person_id
    assert (event.from_status, event.to_status, event.happened_at) == (
        *("in_evaluation", "in_evaluation"),
        session.here.clock(),
    )


async def test_what_is_before_no_session_comes_before_this_one(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu")
    async with sqlite_engine.begin() as connection:
        await connection.execute(delete(council_cases))
    assert (await known_to(session, "province", f"to_group.{SESSION}")).councils[0].ready
    done = await session.acts("province", GiveToRead(SESSION, (session.code,)))
    (row,) = await rows(sqlite_engine, council_cases)
    assert (row.session_id, row.handed_at) == (SESSION, session.here.clock())
    assert len(done.told("thu")) == 1  # who scores hears that there is one more


def test_all_is_what_was_offered_and_no_more() -> None:
    """What comes up before the yes is not given, nor what has gone meanwhile; what joins the session is said."""
    product = replace(sample_councils()[1].products[0], handed_over=None, status=SCORING)
    council = replace(sample_councils()[1], products=(product,), ready=(("TL-1", "Chè"), ("TL-2", "Gạo")))
    known = Facts(NOW, councils=(council,))
    at = {"subject": str(council.id)}
    go = to_group.chosen("all", at, known)
    assert go.target == f"to_group.{council.id}"
    answers = {**at, **go.answers, "until": "none", "sure": "yes"}
    later = replace(council, ready=(("TL-2", "Gạo"), ("TL-3", "Mật ong")))
    known = Facts(NOW, councils=(later,))
    assert to_group.given(answers, known) == (GiveToRead(council.id, (product.code, "TL-2")),)
    assert [text.values["count"] for text in to_group.sure_prompt(answers, known)] == [1, 2]


async def test_only_a_secretary_gives_and_only_what_is_taken_up(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu")
    for who in ("officer", "approver", "far", "administrator", "producer", "thu", "stranger"):
        attempt = await session.acts(who, GiveToRead(SESSION, (session.code,)))
        assert said(attempt) == [TOO_LATE.msgid]
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(cases).values(status="forwarded"))
    assert said(await session.acts("province", GiveToRead(SESSION, (session.code,)))) == [desk.ELSEWHERE.msgid]
    assert [row.handed_at for row in await rows(sqlite_engine, council_cases)] == [None]


async def test_what_the_group_did_is_lost_only_where_that_was_said(engine: AsyncEngine) -> None:
    session = await given(engine)
    await adviser_in(session, "mai")
    await session.acts("long", KeepRemark(session.code, REMARK))
    known = await known_to(session, "province", f"council.{SESSION}")
    at = {"subject": str(SESSION), "_of": session.code, "product": "off"}
    assert not tabled.product_done(at, known)
    assert tabled.after_product("off", at, known).answers == {"_do": "off", "_of": session.code}
    assert [text.values.get("names") for text in tabled.off_prompt(at, known)] == ["long", None]
    for order in (TableProduct(SESSION, session.code, off=True), DropSeat(SESSION, 2)):
        assert said(await session.acts("province", order)) == [desk.HAS_ADVICE.msgid]
    (ballot,) = await rows(engine, ballots)
    assert ballot.remark == REMARK
    done = await session.acts("province", TableProduct(SESSION, session.code, off=True, void=True))
    assert not await rows(engine, ballots)
    assert ["góp ý" in words for who in ("long", "mai") for words in done.told(who)] == [True, False]


async def test_a_remark_waits_while_nobody_sits_there(engine: AsyncEngine) -> None:
    """By a new link the same person is heard again once they have said so, and whom it concerns since then is not."""
    session = await given(engine)
    await session.acts("long", KeepRemark(session.code, REMARK), FinishReading(session.code))
    await session.acts("province", RenewSeat(SESSION, 2))
    assert await heard(session) == ((), (Reading(2),))
    who = session.here.people["long"].person_id
    joined = audit.Entry(council.JOINED, who, "telegram", "", {"session": SESSION, "seat": 2})
    async with engine.begin() as connection:
        await audit.record(connection, [joined], session.here.clock())
    await session.acts("long", TakeSeat(await renewed(session)), DeclareInterest(session.code, concerned=False))
    assert await heard(session) == ((Remark("long, Chi cục", REMARK),), (Reading(2, FREE, False, REMARK),))
    await hired(engine, session.here.clock, "long", Role.COMMUNE_OFFICER, "15/04336")
    await renewed(session)
    assert await heard(session) == ((), (Reading(2),))
    async with engine.begin() as connection:  # as somebody's seat that is freed in another way
        await connection.execute(update(ballots).values(standing=FREE))
    assert await heard(session) == ((), (Reading(2),))


async def test_a_remark_goes_with_who_wrote_it(engine: AsyncEngine) -> None:
    session = await given(engine)
    await session.acts("long", KeepRemark(session.code, REMARK))
    session.here.people["new"] = await chat(engine, session.here.clock, "new")
    await session.acts("new", TakeSeat(await renewed(session)), DeclareInterest(session.code, concerned=False))
    assert await heard(session) == ((), (Reading(2, FREE),))


async def renewed(session: Session) -> str:
    async with session.here.engine.begin() as connection:
        return await seats.renew_seat(connection, SESSION, 2, session.here.clock())


async def heard(session: Session) -> tuple[tuple[Remark, ...], tuple[Reading, ...]]:
    """Of the group, by who scores and by the secretary."""
    (scored,) = (await known_to(session, "thu", "seat")).ballots
    (product,) = (await known_to(session, "province", f"council.{SESSION}")).councils[0].products
    assert product.handed_over is not None
    return scored.report, product.handed_over.readings


async def test_the_group_gives_no_marks_and_members_no_remarks(engine: AsyncEngine) -> None:
    session = await given(engine)
    await session.acts("thu", DeclareInterest(session.code, concerned=False))
    refused: tuple[tuple[str, Effect], ...] = (
        ("long", ScoreItem(session.code, 7, "1.1", 1)),
        ("long", CastBallot(session.code)),
        *((who, KeepRemark(session.code, REMARK)) for who in ("thu", "province", "officer", "stranger")),
        *((who, FinishReading(session.code)) for who in ("thu", "province", "officer", "stranger")),
    )
    for who, order in refused:
        assert said(await session.acts(who, order)) == [TOO_LATE.msgid]
    assert {(row.marks == {}, row.remark, row.submitted_at) for row in await rows(engine, ballots)} == {
        (True, "", None)
    }


async def test_a_remark_is_read_by_the_council_and_its_secretary(engine: AsyncEngine) -> None:
    session = await given(engine)
    await session.acts("long", KeepRemark(session.code, REMARK), FinishReading(session.code))
    (mine,) = (await known_to(session, "long", "seat")).ballots
    assert (mine.remark, mine.submitted) == (REMARK, True)
    (scored,) = (await known_to(session, "thu", "seat")).ballots
    assert [(one.by, one.text) for one in scored.report] == [("long, Chi cục", REMARK)]
    (product,) = (await known_to(session, "province", f"council.{SESSION}")).councils[0].products
    assert product.handed_over is not None
    assert [(one.read, one.remark) for one in product.handed_over.readings] == [(True, REMARK)]
    for who in ("officer", "producer", "far", "stranger"):
        known = await known_to(session, who, f"advice.{session.code}")
        assert not known.ballots
        assert not known.councils


async def test_whom_it_concerns_reads_nothing_and_is_not_read(engine: AsyncEngine) -> None:
    session = await given(engine)
    await session.acts("long", KeepRemark(session.code, REMARK))
    await adviser_in(session, "officer")
    orders = (KeepRemark(session.code, REMARK), FinishReading(session.code), ReadDossier(session.code))
    for order in (DeclareInterest(session.code, concerned=False), *orders):
        assert said(await session.acts("officer", order)) == [desk.CONCERNED.msgid]
    await session.acts("long", DeclareInterest(session.code, concerned=True))
    for order in orders:
        assert said(await session.acts("long", order)) == [desk.CONCERNED.msgid]
    (scored,) = (await known_to(session, "thu", "seat")).ballots
    assert not scored.report
    await session.acts("long", DeclareInterest(session.code, concerned=False))
    assert (await known_to(session, "thu", "seat")).ballots[0].report
    await hired(engine, session.here.clock, "long", Role.COMMUNE_OFFICER, "15/04336")
    assert not (await known_to(session, "thu", "seat")).ballots[0].report
    (product,) = (await known_to(session, "province", f"council.{SESSION}")).councils[0].products
    assert product.handed_over is not None
    assert {(one.standing, one.remark) for one in product.handed_over.readings} == {(BOUND, "")}


async def test_what_the_commune_found_is_read_by_whom_it_does_not_concern(sqlite_engine: AsyncEngine) -> None:
    session = await given(sqlite_engine)
    (case,) = await rows(sqlite_engine, cases)
    found = {"case_id": case.id, "topic": TOPICS[0], "product_set": 7, "option": 1, "assessed_at": NOW}
    author = {"author_id": session.here.people["colleague"].person_id}
    async with sqlite_engine.begin() as connection:
        await connection.execute(insert(assessments).values(found | author))
    (read,) = (await known_to(session, "long", f"advice.{session.code}")).ballots
    assert [(one.topic, one.option) for one in read.assessment] == [(TOPICS[0], 1)]
    await session.acts("long", DeclareInterest(session.code, concerned=True))
    (concerned,) = (await known_to(session, "long", f"advice.{session.code}")).ballots
    assert not concerned.assessment


async def test_the_group_counts_in_no_quorum(sqlite_engine: AsyncEngine) -> None:
    session = await given(sqlite_engine, *MEMBERS[:LEAST_BALLOTS])
    for name in ("mai", "tu"):
        await adviser_in(session, name)
    await session.all_cast(*MEMBERS[:LEAST_BALLOTS], marks=THREE)
    await session.acts("province", CloseCouncil(SESSION))
    (found,) = await rows(sqlite_engine, council_cases)
    assert found.stars == 3


@pytest.mark.parametrize("opened_it", [True, False])
async def test_who_may_see_marks_does_not_speak_to_who_scores(sqlite_engine: AsyncEngine, opened_it: bool) -> None:
    """Neither who has opened the session, nor who has looked; and who reads for the group does not look later."""
    session = await given(sqlite_engine)
    people, clock = session.here.people, session.here.clock
    for name in ("second", "third"):
        people[name] = await hired(sqlite_engine, clock, name, Role.PROVINCE_OFFICER, "15")
    look = LookAtMarks(SESSION, session.code)
    if not opened_it:
        seen = await session.acts("second", look)
        async with sqlite_engine.begin() as connection:
            await audit.record(connection, seen.turn.carried.audit, clock())
    async with sqlite_engine.begin() as connection:
        token = await seats.invite_member(connection, SESSION, "Ai đó", clock(), chair=False, advisory=True)
    attempt = await session.acts("province" if opened_it else "second", TakeSeat(token))
    assert said(attempt) == [desk.NOT_IN_GROUP.msgid]
    await adviser_in(session, "third")
    assert not (await known_to(session, "third", f"council.{SESSION}")).councils
    assert said(await session.acts("third", look)) == [TOO_LATE.msgid]


async def status(session: Session) -> str:
    async with session.here.engine.connect() as connection:
        case = await records.case_named(connection, session.code, NOW, frozenset())
    assert case is not None
    return status_words(case).msgid


async def test_the_producer_reads_that_the_group_has_it_until_it_is_through(engine: AsyncEngine) -> None:
    session = await session_of(engine, "thu")
    plain = await status(session)
    await session.acts("province", GiveToRead(SESSION, (session.code,)))
    assert await status(session) == WITH_GROUP.msgid != plain  # nobody has come in to read it yet
    await adviser_in(session, "long")
    await adviser_in(session, "mai")
    await session.acts("long", DeclareInterest(session.code, concerned=False), FinishReading(session.code))
    assert await status(session) == WITH_GROUP.msgid
    await session.acts("mai", DeclareInterest(session.code, concerned=True))
    assert await status(session) == plain
    await session.acts("long", FinishReading(session.code, back=True))
    assert await status(session) == WITH_GROUP.msgid
    await session.all_cast("thu")  # the council did not wait
    assert await status(session) == plain


async def test_what_comes_back_is_read_anew(engine: AsyncEngine) -> None:
    session = await given(engine)
    await session.acts("long", KeepRemark(session.code, REMARK), FinishReading(session.code))
    async with engine.begin() as connection:
        (case,) = (await connection.execute(cases.select())).all()
        _, group = await council.scored_anew(connection, case.id)
    assert group == [session.here.people["long"].person_id]
    (ballot,) = (await known_to(session, "long", "seat")).ballots
    assert (ballot.submitted, ballot.remark) == (False, REMARK)


@pytest.mark.parametrize("handed_over", [True, False])
async def test_the_minutes_have_its_remarks_or_say_that_it_was_not_asked(
    sqlite_engine: AsyncEngine, handed_over: bool
) -> None:
    session = await session_of(sqlite_engine, *MEMBERS[:LEAST_BALLOTS])
    await adviser_in(session, "long")
    if handed_over:
        await session.acts("province", GiveToRead(SESSION, (session.code,)))
        words = (KeepRemark(session.code, "{{ chair }} Xem chỗ sấy <b>"), FinishReading(session.code))
        await session.acts("long", DeclareInterest(session.code, concerned=False), *words)
    await session.all_cast(*MEMBERS[:LEAST_BALLOTS], marks=THREE)
    await session.acts("province", CloseCouncil(SESSION))
    known = (await known_to(session, "province", f"council.{SESSION}")).councils[0]
    catalog = world().catalog("vi")
    minutes = words_of(forms.rendered("council_minutes", council_papers.minutes(known, "Lan", catalog)))
    assert "- long, Chi cục" in minutes
    assert ("- long: {{ chair }} Xem chỗ sấy <b>" in minutes) is handed_over
    assert ("đã đọc xong: long." in minutes) is handed_over
    assert ("Tổ tư vấn: không giao đọc hồ sơ này." in minutes) is not handed_over

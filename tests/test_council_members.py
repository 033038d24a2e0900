"""What a council's member reads and may slip on: their home, their choices read back, whom a product concerns."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.desk import council as desk
from bot.sample_council import sample_ballots
from dialogs.council import secretary
from dialogs.council.ballot import SHOWN, after_each, each_options, each_prompt
from dialogs.council.concern import gone_prompt
from dialogs.council.seat import overview
from dialogs.engine import arrive
from dialogs.model import (
    CloseCouncil,
    DeclareInterest,
    DropSeat,
    Effect,
    Facts,
    GiveToRead,
    Membership,
    Person,
    RenewSeat,
    Role,
    State,
    TableProduct,
    TakeSeat,
)
from dialogs.rules.council import LEAST_BALLOTS
from dialogs.state import dump
from dialogs.tree import DIALOGS
from storage import audit, council, seats
from storage.models import audit as trail
from storage.models import conversations, council_seats, memberships
from tests.facts import NOW, facts, sample_cases, world
from tests.heart import chat, rows, say, world_at
from tests.test_assessing import said
from tests.test_council import SESSION, Session, known_to, seated, session_of
from tests.test_council_rules import FORM, best
from tests.test_lifecycle import hired

CODE = "TL12-26-0001"
LONGEST_CHARS = 1000
"""Of a page of the sheet, on a telephone."""


@pytest.mark.parametrize("locale", ["vi", "en"])
def test_every_choice_is_read_back_once_in_pages_that_can_be_read(locale: str) -> None:
    ballot = next(b for b in sample_ballots() if len(b.marks) > SHOWN and not b.submitted)
    known, answers = Facts(NOW, ballots=(ballot,)), {"subject": ballot.code, "_item": ""}
    codes: list[object] = []
    for _ in ballot.marks:
        texts = each_prompt(answers, known)
        codes += [text.values["code"] for text in texts if "finding" in text.values]
        assert len("\n".join(world().catalog(locale).say(text) for text in texts)) < LONGEST_CHARS
        if "further" not in [option.value for option in each_options(answers, known)]:
            break
        answers |= after_each("further", answers, known).answers
    assert codes == [c.code for c in FORM.criteria]


@pytest.mark.parametrize(
    ("person", "cases", "home"),
    [
        (Person(seated=True), 0, "seat"),
        (Person(seated=True, consent="yes"), 0, "seat"),
        (Person(seated=True, consent="yes"), 1, "menu"),
        (Person(seated=True, memberships=(Membership(Role.COMMUNE_OFFICER, "15/04336"),)), 0, "menu"),
        (Person(consent="yes"), 0, "menu"),
        (Person(), 0, "consent"),
    ],
)
def test_whoever_is_here_for_a_council_only_is_at_home_there(person: Person, cases: int, home: str) -> None:
    known = facts(person, sample_cases(own=True)[:cases])
    state, told = arrive(DIALOGS, State(at="menu/"), known)
    assert (state.key, told) == (home, ())


@pytest.mark.parametrize(("who", "leads_to"), [("officer", "review"), ("far", "ballot")])
async def test_an_officer_with_a_seat_opens_the_case_by_its_code(
    sqlite_engine: AsyncEngine, who: str, leads_to: str
) -> None:
    """And their sheet where they may not see the case, which is no guess at one."""
    session = await session_of(sqlite_engine, "thu")
    await seated(session.here, who, session.here.people[who])
    async with sqlite_engine.begin() as connection:
        chat = conversations.c.chat_id == who
        await connection.execute(update(conversations).where(chat).values(state=dump(State(at="desk/"))))
    await say(sqlite_engine, world_at(session.here.clock), who, session.code)
    (talk,) = await rows(sqlite_engine, conversations, conversations.c.chat_id == who)
    assert talk.state["at"].startswith(f"{leads_to}.{session.code}/")
    assert not await rows(sqlite_engine, trail, trail.c.action == audit.REFUSED)


async def test_the_secretary_hears_that_a_declaration_was_taken_back(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu")
    plain = await session.acts("thu", DeclareInterest(session.code, concerned=False))
    assert not plain.turn.carried.notices
    await session.acts("thu", DeclareInterest(session.code, concerned=True))
    back = await session.acts("thu", DeclareInterest(session.code, concerned=False))
    (told,) = back.told("province")
    assert "thu, Sở Công Thương" in told


@pytest.mark.parametrize("why", ["left", "seated"])
async def test_who_is_no_secretary_any_more_hears_of_no_declaration(engine: AsyncEngine, why: str) -> None:
    """The province's officers do, but for those who have a seat."""
    session = await session_of(engine, "thu")
    people, clock = session.here.people, session.here.clock
    for name in ("second", "third"):
        people[name] = await hired(engine, clock, name, Role.PROVINCE_OFFICER, "15")
    await seated(session.here, "third", people["third"])
    opener = people["province"].person_id
    async with engine.begin() as connection:
        if why == "left":
            gone = update(memberships).where(memberships.c.person_id == opener)
            await connection.execute(gone.values(removed_at=clock()))
        else:
            sits = {
                "session_id": 1,
                "number": 9,
                "name": "Ai đó",
                "chair": False,
                "token_sha256": "",
                "person_id": opener,
            }
            await connection.execute(insert(council_seats).values(sits | {"expires_at": clock()}))
    await session.acts("thu", DeclareInterest(session.code, concerned=True))
    back = await session.acts("thu", DeclareInterest(session.code, concerned=False))
    assert [len(back.told(who)) for who in ("province", "second", "third", "far")] == [0, 1, 0, 0]
    assert said(back)[-1] == desk.SECRETARY_KNOWS.msgid
    async with engine.begin() as connection:
        await connection.execute(update(memberships).values(removed_at=clock()))
    await session.acts("thu", DeclareInterest(session.code, concerned=True))
    back = await session.acts("thu", DeclareInterest(session.code, concerned=False))
    assert said(back)[-1] == desk.NOT_CONCERNED.msgid


async def test_the_secretary_reads_how_far_each_is_and_no_mark(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu", "nam")
    await session.marks("thu", dict(list(best().items())[:LEAST_BALLOTS]))
    (product,) = (await known_to(session, "province", "council.1")).councils[0].products
    assert [(cast.done, cast.marks) for cast in product.ballots] == [(LEAST_BALLOTS, {}), (0, {})]


async def test_whose_seat_ends_is_told(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu", "nam")
    dropped = await session.acts("province", DropSeat(1, 1))
    assert len(dropped.told("thu")) == 1
    assert not dropped.told("nam")


@pytest.mark.parametrize(
    ("orders", "words"),
    [
        ((TableProduct(1, CODE, off=True), CloseCouncil(1)), ["Phiên 1/2026 của hội đồng Lào Cai đã kết thúc"]),
        ((DropSeat(1, 1),), ["không còn trong hội đồng Lào Cai, phiên 1/2026", "Nếu có nhầm lẫn"]),
        ((RenewSeat(1, 1),), ["không còn trong hội đồng Lào Cai, phiên 1/2026", "Nếu có nhầm lẫn"]),
    ],
)
async def test_only_whose_seat_was_taken_away_reads_so(
    sqlite_engine: AsyncEngine, orders: tuple[Effect, ...], words: list[str]
) -> None:
    session = await session_of(sqlite_engine, "thu")
    assert session.code == CODE
    for order in orders:
        await session.acts("province", order)
    for part, line in zip(words, await reads(session, "thu", "seat"), strict=True):
        assert part in line


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (DropSeat(1, 1), "không còn trong hội đồng Lào Cai, phiên 1/2026"),
        (RenewSeat(1, 1), "không còn trong hội đồng Lào Cai, phiên 1/2026"),
        (TableProduct(1, CODE, off=True), "không còn trong phiên họp, phiên vẫn tiếp tục"),
    ],
)
async def test_who_sits_elsewhere_too_reads_at_a_sheet_which_of_both_is_gone(
    sqlite_engine: AsyncEngine, order: Effect, words: str
) -> None:
    session = await session_of(sqlite_engine, "thu")
    await session.acts("province", order)
    assert words in (await reads(session, "thu", f"ballot.{CODE}", seated_elsewhere=True))[0]


async def reads(session: Session, who: str, at: str, *, seated_elsewhere: bool = False) -> list[str]:
    """What a member's home or sheet says first."""
    there = session.here.people[who]
    came = audit.Entry(council.JOINED, there.person_id, "telegram", "", {"session": SESSION, "seat": 1})
    async with session.here.engine.begin() as connection:
        await audit.record(connection, [came], session.here.clock())
    person = replace(there.person, sat=True, seated=seated_elsewhere)
    session.here.people[who] = replace(there, person=person)
    known = await known_to(session, who, at)
    prompt = overview if at == "seat" else gone_prompt
    return [world().catalog("vi").say(text) for text in prompt({"subject": session.code}, known)]


async def test_the_secretary_hears_that_too_few_can_score_it(sqlite_engine: AsyncEngine) -> None:
    """Of three members one is concerned: two sheets are never enough, and with one more member they are."""
    session = await session_of(sqlite_engine, "thu", "nam", "hoa")
    await session.acts("thu", DeclareInterest(session.code, concerned=False))
    first = await session.acts("nam", DeclareInterest(session.code, concerned=True))
    (told,) = first.told("province")
    assert "không thể đủ phiếu" in told
    assert "mời thêm 1 thành viên" in told
    assert "nam" not in told.split("“")[0]
    known = await known_to(session, "province", f"council.{SESSION}")
    words = [world().catalog("vi").say(text) for text in secretary.overview({"subject": str(SESSION)}, known)]
    assert any("mời thêm 1 thành viên" in line for line in words)


async def test_while_too_few_are_invited_nobody_is_said_to_be_missing(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu", "nam")
    declared = await session.acts("thu", DeclareInterest(session.code, concerned=True))
    assert not declared.turn.carried.notices


async def test_who_only_reads_is_no_sheet_less(sqlite_engine: AsyncEngine) -> None:
    session = await session_of(sqlite_engine, "thu", "nam", "hoa")
    await session.acts("nam", DeclareInterest(session.code, concerned=True))
    session.here.people["khanh"] = await chat(sqlite_engine, session.here.clock, "khanh")
    async with sqlite_engine.begin() as connection:
        clock = session.here.clock
        token = await seats.invite_member(connection, SESSION, "khanh", clock(), chair=False, advisory=True)
    await session.acts("khanh", TakeSeat(token))
    await session.acts("province", GiveToRead(SESSION, (session.code,)))
    declared = await session.acts("khanh", DeclareInterest(session.code, concerned=True))
    assert said(declared)[-1] == desk.NOT_TO_READ.msgid
    assert not declared.turn.carried.notices

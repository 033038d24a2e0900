"""What a producer keeps here for themselves: shown once, and of use in the dossier that is under way."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.doctor import sample_case
from dialogs.model import CaseFacts, OwnPaper, PaperFacts, ReturnedItem, UseOwnPaper
from dialogs.producer.upload import in_wallet
from dialogs.producer.wallet import dated
from storage.dossiers import take_over
from storage.models import cases, own_papers, papers
from tests.facts import NOW, Chat, facts
from tests.heart import rows
from tests.test_lifecycle import Scene, scene

TODAY = NOW.date()
LATE = date(2027, 12, 31)
SOON, GONE = TODAY + timedelta(days=30), TODAY - timedelta(days=1)


def case_with(*kept: PaperFacts, code: str = "TL12-26-0001", **changed: Any) -> CaseFacts:
    bare = sample_case(code, "plan_accepted", "food", "household", own=True)
    return replace(bare, papers=kept, returned=(), **changed)


def paper(name: str, until: date | None = None, *, sent: bool = True) -> PaperFacts:
    return PaperFacts(name, 1, 1, 1, sent, TODAY, until)


def usable(case: CaseFacts, *own: OwnPaper) -> dict[str, int]:
    found = in_wallet(case, replace(facts(cases=[case]), own_papers=own))
    return {name: one.id for name, one in found.items()}


# ---------------------------------------------------------------- each paper once


@pytest.mark.parametrize(
    ("kept", "own", "days"),
    [
        ((paper("plan_test_report", SOON), paper("test_report", LATE)), (), [LATE]),
        ((paper("plan_test_report", LATE), paper("test_report", SOON)), (), [LATE]),
        ((paper("test_report", LATE),), (OwnPaper(1, "test_report", LATE, 1),), [LATE]),
        ((paper("test_report", LATE),), (OwnPaper(1, "test_report", SOON, 1),), [SOON, LATE]),  # of another product
        ((paper("food_safety", SOON),), (OwnPaper(1, "food_safety", LATE, 1),), [LATE]),
        ((), (OwnPaper(1, "trademark", SOON, 1), OwnPaper(2, "trademark", LATE, 1)), [SOON, LATE]),
        ((paper("food_safety", SOON), paper("trademark", SOON)), (), [SOON, SOON]),
    ],
)
def test_each_paper_is_one_line(kept: tuple[PaperFacts, ...], own: tuple[OwnPaper, ...], days: list[date]) -> None:
    shown = dated(replace(facts(cases=[case_with(*kept)]), own_papers=own))
    assert [one.until for one in shown] == days


def test_a_paper_of_the_place_is_one_for_all_products() -> None:
    both = [case_with(paper("food_safety", LATE)), case_with(paper("food_safety", SOON), code="TL12-26-0002")]
    assert [one.until for one in dated(facts(cases=both))] == [LATE]


# ---------------------------------------------------------------- in the dossier under way


def test_what_may_stand_for_a_paper_of_the_file() -> None:
    own = OwnPaper(7, "food_safety", LATE, 1)
    assert usable(case_with(), own) == {"food_safety": 7}
    assert usable(case_with(), OwnPaper(8, "food_safety", SOON, 1), own) == {"food_safety": 7}
    assert usable(case_with(), replace(own, pages=0)) == {}  # a day to remember
    assert usable(case_with(), replace(own, valid_until=GONE)) == {}
    assert usable(case_with(paper("food_safety")), own) == {}
    assert usable(case_with(paper("food_safety", GONE)), own) == {"food_safety": 7}
    assert usable(case_with(paper("food_safety", SOON)), own) == {}
    came_back = replace(
        case_with(paper("food_safety", SOON)), returned=(ReturnedItem("paper:food_safety", "stamp", TODAY),)
    )
    assert usable(came_back, own) == {"food_safety": 7}
    assert usable(came_back, replace(own, valid_until=SOON)) == {}  # the very one that came back
    assert usable(case_with(own=False, for_producer=True), own) == {}  # an officer's own is not the producer's
    assert usable(case_with(), OwnPaper(9, "other", LATE, 1)) == {}


def test_it_is_offered_where_the_paper_is_asked_for_and_taken_with_a_yes() -> None:
    known = replace(facts(cases=[case_with()]), own_papers=(OwnPaper(7, "food_safety", LATE, 1),))
    chat = Chat(known).does("nộp giấy tờ", "giấy an toàn thực phẩm")
    assert chat.at == "upload/own"
    assert chat.does("vâng").at == "upload/paper"
    assert [effect for effect in chat.effects if isinstance(effect, UseOwnPaper)] == [
        UseOwnPaper("TL12-26-0001", "food_safety", 7)
    ]


async def owner(engine: AsyncEngine, who: str = "producer", until: date = LATE) -> tuple[Scene, int]:
    """A dossier that is to be put together, and a food safety paper that somebody keeps; its id."""
    here = await scene(engine, "plan_accepted")
    row = {"person_id": here.people[who].person_id, "paper": "food_safety", "pages": [["f1", 0]]}
    async with engine.begin() as connection:
        await connection.execute(update(papers).where(papers.c.paper.like("%safety")).values(paper="awards"))
        made = insert(own_papers).values(**row, valid_until=until, look_on=until, kept_at=here.clock())
        number = (await connection.execute(made.returning(own_papers.c.id))).scalar_one()
    return here, number


async def test_its_day_comes_along(engine: AsyncEngine) -> None:
    here, number = await owner(engine)
    use = UseOwnPaper(here.code, "food_safety", number)
    for _ in range(2):
        async with here.attempt("producer") as attempt:
            await attempt.does(use)
            await attempt.connection.commit()
    (row,) = await rows(engine, papers, papers.c.paper == "food_safety")
    assert (row.pages, row.valid_until, row.look_on, row.sent_at) == ([["f1", 0]], LATE, LATE, None)
    assert len(await rows(engine, own_papers)) == 1  # for the next dossier


@pytest.mark.parametrize(
    ("who", "owned_by", "until", "named"),
    [
        ("stranger", "stranger", LATE, "food_safety"),
        ("officer", "officer", LATE, "food_safety"),
        ("producer", "stranger", LATE, "food_safety"),
        ("producer", "producer", GONE, "food_safety"),
        ("producer", "producer", LATE, "trademark"),
    ],
)
async def test_nothing_else_goes_in(
    sqlite_engine: AsyncEngine, who: str, owned_by: str, until: date, named: str
) -> None:
    here, number = await owner(sqlite_engine, owned_by, until)
    async with here.attempt(who) as attempt:
        await attempt.does(UseOwnPaper(here.code, named, number))
        assert attempt.turn.carried.said
        found = select(papers).where(papers.c.paper.in_(("food_safety", "trademark")))
        assert not (await attempt.connection.execute(found)).all()


async def test_the_dossier_gets_what_the_plan_had_sent_though_a_newer_photo_waits(engine: AsyncEngine) -> None:
    here = await scene(engine, "plan_accepted")
    async with engine.begin() as connection:
        (case,) = await connection.execute(select(cases))
        await connection.execute(delete(papers))
        row = {"case_id": case.id, "paper": "plan_household_reg", "kept_at": here.clock()}
        sent = {**row, "version": 1, "pages": [["f1", 0]], "sent_at": here.clock()}
        await connection.execute(insert(papers), [sent, {**row, "version": 2, "pages": [["f2", 0]], "sent_at": None}])
        await take_over(connection, case.id, {"household_reg", "form_01"}, here.clock())
        found = await connection.execute(select(papers).where(papers.c.paper == "household_reg"))
        assert [(one.pages, one.version) for one in found] == [([["f1", 0]], 1)]

"""What is said of what ends, and what is left unsaid: nothing that matters is swallowed, and nothing said twice."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogs.model import CaseFacts, Facts
from dialogs.producer.endings import MOST, End, reminder
from storage.dossiers import take_over
from storage.findings import set_paper_date
from storage.models import cases, own_papers, papers, people, results
from tests.facts import facts, world
from tests.test_lifecycle import Scene
from tests.test_standing import TODAY, amend, at, certified, held, look, told


def words(ends: list[End], *mine: CaseFacts) -> list[str]:
    """The lines of the one message, in English."""
    known: Facts = facts(cases=mine)
    said = reminder(ends, replace(known, now=at(TODAY, 8)))
    return [world().catalog("en").say(text) for text in said.texts] if said is not None else []


def ending(case: CaseFacts, kind: str = "opens", paper: str = "") -> End:
    assert case.result is not None
    assert case.result.certificate_until is not None
    return End(case.code, paper, case.result.certificate_until, kind)


def following(case: CaseFacts, status: str, purpose: str) -> CaseFacts:
    return replace(case, code=f"{case.code[:-4]}9{case.code[-3:]}", former=case.code, status=status, purpose=purpose)


# ---------------------------------------------------------------- certificates


def test_what_is_silent_takes_nobodys_place() -> None:
    mine = [held(code=f"TL12-26-{number:04d}", product=f"Chuối {number}") for number in range(1, MOST + 2)]
    renewed = [following(case, "dossier_submitted", "renewal") for case in mine[:MOST]]
    said = words([ending(case) for case in mine], *mine, *renewed)
    assert f"Chuối {MOST + 1}" in said[0]
    assert not any("more" in line for line in said)
    assert words([ending(case) for case in mine], *mine)[-1] == "• and 1 more"


@pytest.mark.parametrize(
    ("status", "purpose", "spoken_of"),
    [
        ("in_evaluation", "upgrade", True),
        ("in_evaluation", "renewal", False),
        ("certified", "upgrade", False),
        ("dossier_begun", "renewal", True),
    ],
)
def test_an_upgrade_at_the_province_renews_nothing(status: str, purpose: str, spoken_of: bool) -> None:
    case = held()
    said = words([ending(case)], case, following(case, status, purpose))
    assert bool(said) is spoken_of
    assert any("not handed in yet" in line for line in said) is (status == "dossier_begun")


@pytest.mark.parametrize(("days", "left"), [(130, ["In 10 days"]), (120, []), (100, [])])
def test_the_days_that_are_left_are_counted_from_today(days: int, left: list[str]) -> None:
    """The day itself may have gone by unseen: the time to file ends 120 days before the certificate."""
    case = held(days=days)
    said = words([ending(case, "closes")], case)
    assert [line[: len("In 10 days")] for line in said if line.startswith("In ")] == left


async def test_a_certificate_that_ends_earlier_than_was_said_is_spoken_of_anew(sqlite_engine: AsyncEngine) -> None:
    here = await certified(sqlite_engine, date(2029, 11, 23))
    async with sqlite_engine.begin() as connection:
        await connection.execute(update(results).values(look_on=date(2029, 5, 23)))
    async with here.attempt("province") as attempt:
        await attempt.does(amend(here.code, on=date(2024, 2, 20)))
        await attempt.connection.commit()
    before = len(await told(sqlite_engine))
    await look(sqlite_engine, here.clock, at(date(2026, 11, 24), 9))
    (said,) = (await told(sqlite_engine))[before:]
    assert "có giá trị đến thứ Bảy 20/2/2027" in said


# ---------------------------------------------------------------- papers


def test_a_paper_is_spoken_of_once_wherever_it_is_kept() -> None:
    case = held()
    other = replace(case, code="TL12-26-0003", product="Mật ong")
    day = TODAY + timedelta(days=30)
    where = [case.code, following(case, "dossier_begun", "renewal").code, other.code, ""]
    ends = [End(code, "food_safety", day, "months") for code in where]
    ends += [End(case.code, "plan_food_safety", day, "months"), End("", "trademark", day, "months")]
    said = words(ends, case, following(case, "dossier_begun", "renewal"), other)
    assert len(said) == 3
    assert [product for line in said for product in (case.product, "Mật ong") if product in line] == [
        case.product,
        "Mật ong",
    ]


async def with_the_plan(here: Scene, engine: AsyncEngine) -> None:
    """The food safety paper came with the plan, ends on 1 March 2027, and is the dossier's as well."""
    ends = {"paper": "plan_food_safety", "valid_until": date(2027, 3, 1), "look_on": date(2000, 1, 1)}
    async with engine.begin() as connection:
        await connection.execute(update(papers).where(papers.c.paper == "food_safety").values(ends))
        number = (await connection.execute(select(cases.c.id))).scalar_one()
        await take_over(connection, number, {"food_safety"}, here.clock())
        newer = update(papers).where(papers.c.paper == "food_safety")
        await connection.execute(newer.values(valid_until=date(2029, 9, 1), look_on=date(2029, 3, 1)))


async def test_the_plans_copy_is_silent_where_the_dossier_has_the_paper(engine: AsyncEngine) -> None:
    here = await certified(engine, date(2036, 1, 1))
    await with_the_plan(here, engine)
    await look(engine, here.clock, at(date(2026, 12, 1), 8))
    assert await told(engine) == []
    async with engine.begin() as connection:
        await connection.execute(delete(papers).where(papers.c.paper == "food_safety"))
        await connection.execute(update(papers).where(papers.c.valid_until.is_not(None)).values(look_on=TODAY))
    await look(engine, here.clock, at(date(2026, 12, 2), 8))
    assert len(await told(engine)) == 1


async def test_a_day_that_is_noted_once_more_is_told_once(engine: AsyncEngine) -> None:
    here = await certified(engine, date(2036, 1, 1))
    for day, until, messages in (
        (date(2026, 12, 1), date(2027, 4, 1), 1),
        (date(2026, 12, 3), date(2027, 4, 1), 1),
        (date(2026, 12, 4), date(2027, 4, 2), 2),
    ):
        async with engine.begin() as connection:
            number = (await connection.execute(select(cases.c.id))).scalar_one()
            assert await set_paper_date(connection, number, "food_safety", until)
        await look(engine, here.clock, at(day, 9))
        assert len(await told(engine)) == messages


@pytest.mark.parametrize("wanted", [True, False])
async def test_who_wants_no_reminders_hears_nothing_of_papers_of_their_own(
    sqlite_engine: AsyncEngine, wanted: bool
) -> None:
    """Of the certificate they do: that is an office's."""
    here = await certified(sqlite_engine, TODAY + timedelta(days=179))
    own: dict[str, Any] = {"person_id": here.people["producer"].person_id, "paper": "trademark", "pages": []}
    own |= {"kept_at": here.clock(), "valid_until": date(2027, 3, 1), "look_on": date(2000, 1, 1)}
    async with sqlite_engine.begin() as connection:
        await connection.execute(insert(own_papers).values(own))
        await connection.execute(update(people).values(reminders=wanted))
    await look(sqlite_engine, here.clock, at(date(2026, 12, 1), 8))
    (said,) = await told(sqlite_engine)
    assert "Giấy chứng nhận" in said
    assert ("Nhãn hiệu" in said) is wanted

"""A dossier that is begun and handed to nobody: it is in nobody's way, and its producer's to drop."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogs.model import DropBegun, Effect, ForgetMe
from dialogs.producer.standing import ways
from storage.endings import to_call
from storage.models import case_events, cases, notes, papers, people, results
from tests.heart import rows
from tests.test_lifecycle import Scene
from tests.test_standing import TODAY, UNTIL, again, at, certified, held


async def does(here: Scene, effect: Effect, who: str = "producer") -> bool:
    """Whether it was done and not refused."""
    here.facts.clear()
    async with here.attempt(who) as attempt:
        await attempt.does(effect)
        await attempt.connection.commit()
        return not attempt.turn.carried.said


async def test_an_upgrade_that_was_left_goes_on_as_a_renewal(engine: AsyncEngine) -> None:
    here = await certified(engine, TODAY + timedelta(days=170))
    assert await does(here, again(here.code))
    async with engine.begin() as connection:
        await connection.execute(update(cases).where(cases.c.former != "").values(ruleset="ocop-2023r2025"))
        sent_for_it = update(papers).where(papers.c.case_id == 2)
        turned = {"pages": [["f1", 90]], "valid_until": TODAY}
        await connection.execute(sent_for_it.where(papers.c.paper == "household_reg").values(turned))
        run_out = {"pages": [["f1", 180]], "valid_until": TODAY - timedelta(days=1)}
        await connection.execute(sent_for_it.where(papers.c.paper == "food_safety").values(run_out))
    assert await does(here, again(here.code, "renewal"))
    _, begun = await rows(engine, cases)
    assert (begun.purpose, begun.status, begun.ruleset) == ("renewal", "dossier_begun", "ocop-2026")
    kept = {row.paper: row.pages for row in await rows(engine, papers, papers.c.case_id == begun.id)}
    assert kept == {"household_reg": [["f1", 90]], "food_safety": [["f1", 0]]}
    assert [row.case_count for row in await rows(engine, people, people.c.id == begun.person_id)] == [2]
    assert not await does(here, again(here.code, "renewal"))


@pytest.mark.parametrize(
    ("status", "purpose", "may"),
    [
        ("dossier_begun", "upgrade", ("renewal",)),
        ("dossier_begun", "renewal", ("upgrade",)),
        ("dossier_returned", "upgrade", ()),
    ],
)
def test_what_is_only_begun_is_in_the_way_of_nothing_else(status: str, purpose: str, may: tuple[str, ...]) -> None:
    case = held()
    begun = replace(case, code="TL12-26-0002", former=case.code, status=status, purpose=purpose)
    assert ways(case, (begun, case), TODAY) == may


async def test_its_producer_drops_it(engine: AsyncEngine) -> None:
    here = await certified(engine, UNTIL)
    assert await does(here, again(here.code))
    former, begun = await rows(engine, cases)
    async with engine.begin() as connection:
        said = {"author_id": former.person_id, "case_id": begun.id, "text": "Bao giờ nộp ạ?"}
        said |= {"commune": "04336", "to_officers": True, "written_at": here.clock()}
        await connection.execute(insert(notes).values(said))
    assert not await does(here, DropBegun(former.code))
    assert not await does(here, DropBegun(begun.code), "stranger")
    assert await does(here, DropBegun(begun.code))
    assert [row.code for row in await rows(engine, cases)] == [former.code]
    assert not await rows(engine, case_events, case_events.c.case_id == begun.id)
    assert [row.case_id for row in await rows(engine, notes)] == [former.id]
    assert [row.case_count for row in await rows(engine, people, people.c.id == former.person_id)] == [1]
    assert await does(here, again(here.code))


async def test_it_goes_with_the_data_of_its_producer(engine: AsyncEngine) -> None:
    here = await certified(engine, UNTIL)
    assert await does(here, again(here.code))
    await does(here, ForgetMe())
    assert [row.status for row in await rows(engine, cases)] == ["certified"]
    assert {row.case_id for row in await rows(engine, papers)} == {1}


@pytest.mark.parametrize(
    ("values", "called"),
    [
        ({}, True),
        ({"status": "dossier_submitted"}, True),  # an upgrade renews nothing until it is granted
        ({"status": "certified"}, False),
        ({"status": "dossier_submitted", "purpose": "renewal"}, False),
        ({"purpose": "renewal"}, True),
    ],
)
async def test_what_is_only_begun_spares_nobody_a_call(
    sqlite_engine: AsyncEngine, values: dict[str, Any], called: bool
) -> None:
    here = await certified(sqlite_engine, TODAY + timedelta(days=170))
    assert await does(here, again(here.code))
    async with sqlite_engine.begin() as connection:
        somebody = insert(people).values(created_at=at(TODAY, 9)).returning(people.c.id)
        number = (await connection.execute(somebody)).scalar_one()
        await connection.execute(update(cases).values(person_id=number))
        if values:
            await connection.execute(update(cases).where(cases.c.former != "").values(values))
        await connection.execute(update(results).values(certificate_until=TODAY + timedelta(days=178)))
        assert bool(await to_call(connection, ["15/04336"], TODAY)) is called

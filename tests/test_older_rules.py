"""A whole case under the rules of 2019 and of 2023, through every level they had, the district among them."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from dialogs.model import DecideCase, Effect, PublishResult, SendToCommune
from dialogs.rules.ruleset import ruleset
from storage.models import cases, papers, results
from tests.heart import rows
from tests.test_assessing import does, said
from tests.test_lifecycle import Scene, scene

TO_THE_DISTRICT = (
    ("officer", "accept", "idea_accepted"),
    ("producer", "send", "plan_submitted"),
    ("officer", "accept", "plan_accepted"),
    ("producer", "send", "dossier_submitted"),
    ("officer", "accept", "dossier_checked"),  # these rules asked the commune for no findings of its own
    ("approver", "forward", "at_district"),
)
UP_TO_THE_COUNCIL = (("province", "forward", "forwarded"), ("province", "accept", "in_evaluation"))
Road = Sequence[tuple[str, str, str]]
ROADS: dict[str, tuple[str, Road, int]] = {
    "2019: under 50 points it ends at the district": ("ocop-2019", (("province", "40", "rated"),), 2),
    "2019: the province certifies three stars": ("ocop-2019", (*UP_TO_THE_COUNCIL, ("province", "63", "certified")), 3),
    "2019: and four": ("ocop-2019", (*UP_TO_THE_COUNCIL, ("province", "75", "certified")), 4),
    "2019: five are the ministry's": (
        "ocop-2019",
        (*UP_TO_THE_COUNCIL, ("province", "91", "proposed_for_five"), ("province", "91", "certified")),
        5,
    ),
    "2023: the district certifies three stars": ("ocop-2023", (("province", "63", "certified"),), 3),
    "2023: under 50 points it ends there": ("ocop-2023", (("province", "40", "rated"),), 2),
    "2023: four are the province's": ("ocop-2023", (*UP_TO_THE_COUNCIL, ("province", "75", "certified")), 4),
    "2023: five are the ministry's": (
        "ocop-2023",
        (*UP_TO_THE_COUNCIL, ("province", "91", "proposed_for_five"), ("province", "91", "certified")),
        5,
    ),
}


@pytest.mark.parametrize("name", ROADS)
async def test_a_whole_case(engine: AsyncEngine, name: str) -> None:
    rules, road, stars = ROADS[name]
    here = await scene(engine, "idea_submitted", rules)
    for who, step, status in (*TO_THE_DISTRICT, *road):
        if step == "send":
            await _keep_a_paper(engine, here, status)
        done = await does(here, who, _order(here, rules, step))
        (case,) = await rows(engine, cases)
        assert (case.status, case.ruleset, case.round) == (status, rules, ""), said(done)
        assert bool(done.told("producer")) == (who != "producer")
    (result,) = await rows(engine, results)
    assert result.stars == stars
    assert (result.certificate_until is not None) == (case.status == "certified")


def _order(here: Scene, rules: str, step: str) -> Effect:
    if step == "send":
        return SendToCommune(here.code)
    if not step.isdigit():
        return DecideCase(here.code, step)
    a, b, c = _in_parts(rules, int(step))
    return PublishResult(here.code, a, b, c, "812/QĐ-UBND", here.clock().date())


def _in_parts(rules: str, points: int) -> list[Decimal]:
    """So many points, each part as full as it goes."""
    given: list[Decimal] = []
    for part in ruleset(rules).parts.values():
        given.append(Decimal(min(points, part.max_points)))
        points -= int(given[-1])
    return given


async def _keep_a_paper(engine: AsyncEngine, here: Scene, leads_to: str) -> None:
    """What the next handing over takes along: the required papers of the stage."""
    stage = "plan" if leads_to == "plan_submitted" else "dossier"
    (case,) = await rows(engine, cases)
    wanted = ruleset(case.ruleset).papers_for(stage, "food", "household")  # type: ignore[arg-type]  # one of the two
    kept = {"case_id": case.id, "version": 1, "pages": [["f1", 0]], "kept_at": here.clock()}
    async with engine.begin() as connection:
        await connection.execute(insert(papers), [{**kept, "paper": paper.id} for paper in wanted if paper.required])
        await connection.execute(update(papers).where(papers.c.paper == "plan_story").values(sent_at=here.clock()))


async def test_a_district_can_not_certify_what_was_the_provinces(sqlite_engine: AsyncEngine) -> None:
    """Four stars under the rules of 2023 went on to the province: such points are no result of the district's."""
    here = await scene(sqlite_engine, "at_district", "ocop-2023")
    attempt = await does(here, "province", _order(here, "ocop-2023", "75"))
    assert (await rows(sqlite_engine, cases))[0].status == "at_district"
    assert not await rows(sqlite_engine, results)
    assert attempt.turn.carried.said

"""Several checked dossiers go up together: each a decision of its own, told to the officers in one message."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.desk.decisions import BY_ANOTHER
from dialogs.model import SendUpAll, UndoDecision
from storage import ready
from storage.models import case_events, cases
from storage.ready import ready_for
from tests.heart import chat, rows, submit
from tests.test_assessing import does, said
from tests.test_lifecycle import IDEA, Scene, scene


async def several(engine: AsyncEngine, count: int = 3) -> tuple[Scene, list[str]]:
    """Checked by the colleague, of which the approver checked the last one themselves."""
    here = await scene(engine, "dossier_checked")
    codes = [here.code]
    for n in range(1, count):
        producer = await chat(engine, here.clock, f"producer{n}")
        codes.append(await submit(engine, producer, here.clock(), IDEA))
    async with engine.begin() as connection:
        await connection.execute(update(cases).values(status="dossier_checked", owner="approver"))
        ids = list((await connection.execute(select(cases.c.id).order_by(cases.c.id))).scalars())
        for n, case_id in enumerate(ids):
            who = here.people["approver" if n == count - 1 else "colleague"].person_id
            row: dict[str, Any] = {
                "action": "accept",
                "from_status": "dossier_submitted",
                "to_status": "dossier_checked",
            }
            row |= {"channel": "telegram", "case_id": case_id, "actor_id": who, "happened_at": here.clock()}
            await connection.execute(insert(case_events).values(row))
    return here, codes


async def test_what_can_go_goes_and_the_rest_says_why(engine: AsyncEngine) -> None:
    here, codes = await several(engine)
    attempt = await does(here, "approver", SendUpAll((*codes, codes[0], "TL12-26-0999")))
    assert [row.status for row in await rows(engine, cases)] == ["forwarded", "forwarded", "dossier_checked"]
    assert {row.round for row in await rows(engine, cases)} == {"1/2027", ""}
    kept = [
        text.values["why"]
        for one in attempt.turn.carried.said
        if not isinstance(one, str)
        for text in one.texts
        if text.msgid.startswith("%(code)s stays")
    ]
    assert len(kept) == 2
    assert BY_ANOTHER in kept
    assert [entry.case_code for entry in attempt.turn.carried.audit if entry.action == "decide"] == codes[:2]


async def test_the_province_reads_once_of_all_with_the_round(engine: AsyncEngine) -> None:
    here, codes = await several(engine)
    attempt = await does(here, "approver", SendUpAll(tuple(codes[:2])))
    (words,) = attempt.told("province")
    assert "2 hồ sơ từ xã Tân Lĩnh, Lào Cai chuyển lên:\nĐợt 1/2027." in words
    assert all(code in words for code in codes[:2])
    assert len(attempt.told("officer")) == 1
    assert len(attempt.told("producer")) == 1
    assert "đợt 1/2027" in attempt.told("producer")[0]


async def test_one_of_them_is_taken_back_alone(engine: AsyncEngine) -> None:
    here, codes = await several(engine)
    await does(here, "approver", SendUpAll(tuple(codes[:2])))
    here.facts.clear()
    async with here.attempt("approver") as attempt:
        undo = attempt.turn.facts.case(here.code).undo  # type: ignore[union-attr]  # just seen
        assert undo is not None
        await attempt.does(UndoDecision(here.code, undo.number))
        assert attempt.told("province")  # who had read of it among others hears that it does not count
        await attempt.connection.commit()
    assert [row.status for row in await rows(engine, cases)] == ["dossier_checked", "forwarded", "dossier_checked"]


@pytest.mark.parametrize("who", ["officer", "producer", "province", "administrator", "neighbour", "far"])
async def test_nobody_else_sends_up(sqlite_engine: AsyncEngine, who: str) -> None:
    here, codes = await several(sqlite_engine)
    attempt = await does(here, who, SendUpAll(tuple(codes)))
    assert {row.status for row in await rows(sqlite_engine, cases)} == {"dossier_checked"}
    assert not attempt.turn.carried.notices
    assert "Nothing was sent up." in said(attempt)


@pytest.mark.parametrize("hurdle", ["mine", "held"])
async def test_what_another_has_to_do_takes_no_place_of_what_can_go(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, hurdle: str
) -> None:
    """However urgent it is: who has checked as many as the list takes would see nothing else."""
    monkeypatch.setattr(ready, "MOST", 2)
    here, codes = await several(engine, 4)
    approver, colleague = (here.people[who].person_id for who in ("approver", "colleague"))
    async with engine.begin() as connection:
        urgent = cases.c.code.in_(codes[:2])
        await connection.execute(update(cases).where(urgent).values(urgent_on=date(2026, 1, 1)))
        ids = select(cases.c.id).where(urgent).scalar_subquery()
        if hurdle == "mine":
            await connection.execute(
                update(case_events).where(case_events.c.case_id.in_(ids)).values(actor_id=approver)
            )
        else:
            await connection.execute(update(cases).where(urgent).values(holder_id=colleague))
        found = await ready_for(connection, here.people["approver"], here.clock())
        monkeypatch.setattr(ready, "MOST", 9)
        all_of_them = await ready_for(connection, here.people["approver"], here.clock())
    assert (found[0].code, found[0].hurdle) == (codes[2], "")
    assert [(one.code, one.hurdle) for one in all_of_them if one.code in codes[:2]] == [(c, hurdle) for c in codes[:2]]


async def test_the_list_is_what_this_person_signs(sqlite_engine: AsyncEngine) -> None:
    here, codes = await several(sqlite_engine)
    async with sqlite_engine.connect() as connection:
        officers = {who: person for who, person in here.people.items() if person.person.memberships}
        found = {who: await ready_for(connection, person, here.clock()) for who, person in officers.items()}
    assert {who: [one.code for one in ready] for who, ready in found.items() if ready} == {"approver": codes}
    assert [one.hurdle for one in found["approver"]] == ["", "", "mine"]
    assert {one.round.name for one in found["approver"] if one.round} == {"1/2027"}

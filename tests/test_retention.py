"""What has been kept long enough goes, what is needed stays, and a row says what went."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.settings import Settings
from dialogs.state import load
from storage import retention
from storage.database import writing
from storage.models import (
    assessments,
    cases,
    conversations,
    deletions,
    files,
    imports,
    metadata,
    notes,
    papers,
    results,
    self_scores,
    star_steps,
    web_messages,
)
from tests.heart import chat, idea, keep_files, rows, say, world_at
from tests.transcripts import Clock

YEAR = timedelta(days=366)


async def proved(engine: AsyncEngine) -> dict[str, int]:
    return {row.rule: row.count for row in await rows(engine, deletions) if row.count}


def test_every_rule_has_its_own_name_and_official_records_stay_unless_somebody_says_so() -> None:
    assert len(retention.DAYS) == len(retention.RULES)
    assert retention.DAYS["closed_cases"] == 0


async def test_forms_that_were_left_go_and_those_of_who_still_writes_stay(engine: AsyncEngine) -> None:
    clock = Clock()
    world = world_at(clock)
    for who in ("anna", "bert"):
        await chat(engine, clock, who)
        await say(engine, world, who, "đăng ký", "Trà hoa vàng")
    clock.now += YEAR
    await say(engine, world, "bert", "Thực phẩm")
    await retention.run(engine, {}, clock())
    drafts = {row.chat_id: load(row.state).drafts for row in await rows(engine, conversations)}
    assert (drafts["anna"], bool(drafts["bert"])) == ({}, True)
    assert (await proved(engine))["drafts"] == 1
    await retention.run(engine, {}, clock())
    assert (await proved(engine))["drafts"] == 1, "nothing is deleted or counted twice"


async def test_documents_go_only_where_nothing_refers_to_them(engine: AsyncEngine) -> None:
    clock = Clock()
    await idea(engine, clock)
    producer = await chat(engine, clock, "producer")
    await keep_files(engine, clock, producer, "paper", "note", "form", "answer", "loose")
    async with writing(engine) as connection:
        paper = {"case_id": 1, "paper": "plan", "version": 1, "pages": [["paper", 0]], "kept_at": clock()}
        await connection.execute(insert(papers).values(paper))
        note = {"case_id": 1, "author_id": producer.person_id, "commune": "04336", "to_officers": True, "text": "x"}
        await connection.execute(insert(notes).values(files=["note"], written_at=clock(), **note))
        state: dict[str, Any] = {"v": 1, "at": "", "drafts": {"upload.1": {"a": {}, "v": 1, "p": "form:0"}}}
        here = update(conversations).where(conversations.c.id == producer.id)
        await connection.execute(here.values(state=state))
        await connection.execute(update(cases).values(answers={"photos": "answer:0"}))
    clock.now += timedelta(days=31)
    await retention.run(engine, {}, clock())
    assert {row.id for row in await rows(engine, files) if row.status == "forgotten"} == {"loose"}
    assert (await proved(engine))["files"] == 1


async def test_the_web_chat_goes_with_the_files_in_it(engine: AsyncEngine) -> None:
    clock = Clock()
    anna = await chat(engine, clock, "anna", "web")
    async with writing(engine) as connection:
        for key in ("old", "new"):
            body = {"text": key, "attachments": [{"sha256": key, "name": key}]}
            message = {"chat_id": anna.chat_id, "key": key, "mine": True, "body": body, "created_at": clock()}
            await connection.execute(insert(web_messages).values(message))
            clock.now += timedelta(days=200)
    await retention.run(engine, {}, clock())
    assert [row.key for row in await rows(engine, web_messages)] == ["new"]
    assert [(row.sha256, row.status) for row in await rows(engine, files)] == [("old", "forgotten")]


@pytest.mark.parametrize(
    ("days", "good_for", "left"), [({}, 0, 1), ({"closed_cases": 365}, 0, 0), ({"closed_cases": 365}, 400, 1)]
)
async def test_a_case_that_is_over_goes_only_where_the_setting_says_so(
    engine: AsyncEngine, days: dict[str, int], good_for: int, left: int
) -> None:
    clock = Clock()
    await idea(engine, clock)
    async with writing(engine) as connection:
        await connection.execute(update(cases).values(owner="nobody", status="certified"))
        marked = {"case_id": 1, "points_a": 1, "points_b": 1, "points_c": 1, "stars": 3}
        until = (clock() + timedelta(days=good_for)).date()
        await connection.execute(insert(results).values(certificate_until=until, **marked))
        await connection.execute(insert(self_scores).values(case_id=1, marks={"1.1": 1}, marked_at=clock()))
        step = {"case_id": 1, "stars": 3, "code": "1.1", "option": 2, "due_on": until, "remind": True}
        await connection.execute(insert(star_steps).values(made_at=clock(), **step))
        said = {"case_id": 1, "topic": "idea", "product_set": 7, "option": 1, "author_id": 1, "assessed_at": clock()}
        await connection.execute(insert(assessments).values(said))
    clock.now += YEAR
    await retention.run(engine, days, clock())
    for table in (cases, results, self_scores, star_steps):
        assert len(await rows(engine, table)) == left
    assert (await proved(engine)).get("closed_cases", 0) == 1 - left


async def test_the_proof_says_when_and_under_which_setting_and_names_nobody(engine: AsyncEngine) -> None:
    clock = Clock()
    await say(engine, world_at(clock), "anna", "menu")
    clock.now += timedelta(days=5)
    for _ in range(2):
        await retention.run(engine, {"updates": 3}, clock())
    (row,) = [row for row in await retention.proof(engine, clock().date()) if row.rule == "updates"]
    assert (row.count, row.days, row.runs, row.before) == (1, 3, 2, clock() - timedelta(days=3))
    assert {column.name for column in metadata.tables["deletions"].columns} == {
        "day", "rule", "days", "before", "count", "runs", "ran_at",
    }  # fmt: skip


async def test_what_is_kept_for_ever_is_not_looked_at(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    await say(sqlite_engine, world_at(clock), "anna", "menu")
    clock.now += YEAR
    await retention.run(sqlite_engine, {"updates": 0}, clock())
    assert "updates" not in {row.rule for row in await rows(sqlite_engine, deletions)}


@pytest.mark.parametrize(("value", "kept"), [("drafts=180, updates=9", {"drafts": 180, "updates": 9}), ("", {})])
def test_the_setting_is_read(value: str, kept: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETENTION_DAYS", value)
    assert Settings(_env_file=None).retention_days == kept  # type: ignore[call-arg]  # pydantic-settings' own


async def test_lists_of_certificates_go_unless_one_is_being_written(engine: AsyncEngine) -> None:
    clock = Clock()
    officer = await chat(engine, clock, "officer")
    row = {"province": "15", "file_id": "gone", "author_id": officer.person_id, "asked_at": clock()}
    stopped = {**row, "held_until": clock()}  # its worker died
    over = ("asked", "looked_at", "done", "refused", "dropped", "confirmed")
    async with writing(engine) as connection:
        await connection.execute(insert(imports), [{**one, "status": s} for one in (row, stopped) for s in over])
    await retention.run(engine, {}, clock() + timedelta(days=89))
    assert len(await rows(engine, imports)) == 2 * len(over)
    clock.now += timedelta(days=91)
    async with writing(engine) as connection:
        await connection.execute(insert(imports).values({**row, "asked_at": clock(), "status": "looked_at"}))
    await retention.run(engine, {}, clock())
    assert sorted(row.status for row in await rows(engine, imports)) == ["confirmed", "confirmed", "looked_at"]
    assert (await proved(engine))["imports"] == 2 * len(over) - 2


async def test_how_long_they_are_kept_is_a_setting(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    officer = await chat(sqlite_engine, clock, "officer")
    row = {"province": "15", "file_id": "gone", "author_id": officer.person_id, "asked_at": clock(), "status": "done"}
    async with writing(sqlite_engine) as connection:
        await connection.execute(insert(imports).values(row))
    await retention.run(sqlite_engine, {"imports": 0}, clock() + YEAR)
    assert len(await rows(sqlite_engine, imports)) == 1
    await retention.run(sqlite_engine, {"imports": 7}, clock() + timedelta(days=8))
    assert await rows(sqlite_engine, imports) == []

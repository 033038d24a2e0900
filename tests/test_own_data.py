"""Everything that is kept about a person is in their file, and nothing of anybody else."""

import json
from html import unescape
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.catalogs import load
from bot.desk import documents
from bot.own_data import TITLES, page
from bot.world import LOCALES
from dialogs.model import ForgetMe, SendMyData
from storage import own_data
from storage.database import reading, writing
from storage.files import FileStore
from storage.models import consents, metadata, notes, papers
from tests.heart import chat, idea, keep_files, rows, world_at
from tests.test_conversations import FOLDER, run_of
from tests.test_conversations import read as recorded
from tests.test_effects import ordered
from tests.transcripts import Clock, inputs, play


def test_every_table_is_shown_or_left_out_for_a_reason() -> None:
    """A new table has to be thought about: in storage/own_data.py."""
    shown, left_out = set(own_data.SHOWN), set(own_data.LEFT_OUT)
    assert shown | left_out == set(metadata.tables)
    assert not shown & left_out
    assert set(TITLES) == shown
    assert all(own_data.LEFT_OUT.values())


def test_a_table_that_names_a_person_is_left_out_only_where_it_says_where_else_it_is() -> None:
    references = {
        name
        for name in own_data.LEFT_OUT
        for key in metadata.tables[name].foreign_keys
        if key.column.table.name == "people"
    }
    assert references == {"marks"}


def test_hidden_columns_exist() -> None:
    named = {column.name for name in own_data.SHOWN for column in metadata.tables[name].columns}
    assert named >= own_data.HIDDEN


async def of(engine: AsyncEngine, person_id: int) -> own_data.Rows:
    async with reading(engine) as connection:
        return await own_data.of(connection, person_id)


async def test_a_whole_story_is_in_the_file_and_the_officer_is_not(engine: AsyncEngine) -> None:
    clock = Clock()
    world = world_at(clock)
    await play(run_of(engine, world, "telegram"), inputs(recorded(FOLDER / "storyboard_a.txt")))
    anna = await chat(engine, clock, "producer")
    officer = await chat(engine, clock, "officer")
    found = await of(engine, anna.person_id)
    for name in ("people", "conversations", "consents", "cases", "case_events", "outbox", "notices", "audit"):
        assert found[name], name
    assert found["cases"][0]["answers"]["phone"] == "+84912345678"
    assert [row["id"] for row in found["people"]] == [anna.person_id]
    assert "memberships" not in found
    theirs = await of(engine, officer.person_id)
    assert theirs["memberships"]
    assert "cases" not in theirs
    assert "912345678" not in json.dumps(theirs, default=str)


async def test_the_page_has_every_row_twice_and_runs_nothing(engine: AsyncEngine) -> None:
    clock = Clock()
    await idea(engine, clock)
    producer = await chat(engine, clock, "producer")
    evil = "</pre><script>alert(1)</script> {title} %s"
    async with writing(engine) as connection:
        note = {"case_id": 1, "author_id": producer.person_id, "commune": "04336", "to_officers": True}
        await connection.execute(insert(notes).values(text=evil, written_at=clock(), **note))
    found = await of(engine, producer.person_id)
    for locale in ("vi", "en"):
        made = page(found, load(LOCALES)[locale], clock()).decode()
        assert "<script" not in made
        upper, _, lower = made.partition('<pre id="data">')
        assert unescape(upper).count(evil) == 1
        kept = json.loads(unescape(lower.partition("</pre>")[0]))
        assert {name: len(rows) for name, rows in kept.items()} == {name: len(rows) for name, rows in found.items()}
        assert kept["notes"][0]["text"] == evil


async def test_the_file_goes_to_the_chat_that_asked(engine: AsyncEngine) -> None:
    clock = Clock()
    await idea(engine, clock)
    producer = await chat(engine, clock, "producer")
    turn = await ordered(engine, clock, producer, "", SendMyData())
    (spec,) = turn.carried.attachments
    made = await documents.made(engine, FileStore("memory:///"), turn.world, spec)
    assert (made.name, made.media_type) == ("du-lieu-cua-toi.html", "text/html")
    assert "Lý Thị Mẩy" in made.data.decode()
    assert [entry.action for entry in turn.carried.audit] == ["see_own_data"]


@pytest.mark.parametrize("sent", [False, True])
async def test_papers_that_were_not_handed_in_go_with_everything_else(sqlite_engine: AsyncEngine, sent: bool) -> None:
    clock = Clock()
    await idea(sqlite_engine, clock)
    producer = await chat(sqlite_engine, clock, "producer")
    await keep_files(sqlite_engine, clock, producer, "page")
    async with writing(sqlite_engine) as connection:
        paper: dict[str, Any] = {
            "case_id": 1,
            "paper": "plan",
            "version": 1,
            "pages": [["page", 0]],
            "kept_at": clock(),
        }
        await connection.execute(insert(papers).values(**paper, sent_at=clock() if sent else None))
    await ordered(sqlite_engine, clock, producer, "", ForgetMe())
    files = (await of(sqlite_engine, producer.person_id))["files"]
    assert [row["status"] for row in files] == ["stored" if sent else "forgotten"]
    assert len(await rows(sqlite_engine, papers)) == sent


async def test_the_proof_that_consent_was_taken_back_is_kept(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    producer = await chat(sqlite_engine, clock, "producer")
    await ordered(sqlite_engine, clock, producer, "", ForgetMe())
    kept = {(row.purpose, row.given) for row in await rows(sqlite_engine, consents)}
    assert kept == {("dossier", False), ("reminders", False)}

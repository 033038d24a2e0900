"""Names, numbers and messages are in no file of the database as they are, and keys can be changed while it is used."""

import asyncio
import base64
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import keys
from bot.settings import Settings
from storage import resealing
from storage.database import make_engine, reading, writing
from storage.models import case_events, cases, conversations, metadata, outbox, people
from storage.sealing import MARK, NoKey, Ring
from tests.conftest import RING
from tests.heart import rows, world_at
from tests.test_conversations import FOLDER, run_of
from tests.test_conversations import read as recorded
from tests.transcripts import Clock, inputs, play

OLD, NEW = "an old key of thirty-two letters", "a new key that is as long as that"
NUMBER, NAME = "+84912345678", "Lý Thị Mẩy"


def settings(url: str, **more: Any) -> Settings:
    return Settings(_env_file=None, database_url=url, **more)  # type: ignore[call-arg]  # pydantic-settings' own


@pytest.fixture
async def plain(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """The same database as whoever has its file sees it."""
    made = make_engine(engine.url.render_as_string(hide_password=False))
    yield made
    await made.dispose()


def test_what_is_sealed_opens_with_its_key_as_what_it_is_and_not_when_it_was_changed() -> None:
    ring = Ring([OLD])
    sealed = ring.sealed("phone", NUMBER)
    assert NUMBER[3:] not in sealed
    assert sealed != ring.sealed("phone", NUMBER), "two that are the same must not look the same"
    assert ring.opened("phone", sealed) == NUMBER
    assert Ring([NEW, OLD]).opened("phone", sealed) == NUMBER
    with pytest.raises(NoKey, match=f"key {ring.newest}"):
        Ring([NEW]).opened("phone", sealed)
    with pytest.raises(NoKey):
        ring.opened("name", sealed)
    secret = bytearray(base64.b64decode(sealed[9:]))
    secret[-1] ^= 1
    with pytest.raises(NoKey):
        ring.opened("phone", sealed[:9] + base64.b64encode(secret).decode())


def test_an_empty_text_and_one_from_before_stay_as_they_are() -> None:
    ring = Ring([OLD])
    assert ring.sealed("phone", "") == ring.opened("phone", "") == ""
    assert ring.opened("phone", NUMBER) == NUMBER


async def test_a_whole_registration_leaves_no_number_in_the_database(engine: AsyncEngine, plain: AsyncEngine) -> None:
    await play(run_of(engine, world_at(Clock()), "telegram"), inputs(recorded(FOLDER / "storyboard_a.txt")))
    (person,) = [row for row in await rows(engine, people) if row.phone]
    answers = (await rows(engine, cases))[0].answers
    assert (person.phone, answers["phone"]) == (NUMBER, NUMBER)
    assert person.name == answers["contact_name"]
    kept = {table.name: [str(tuple(row)) for row in await rows(plain, table)] for table in metadata.sorted_tables}
    digits = [(name, row) for name, found in kept.items() for row in found if "912345678" in row or "345 678" in row]
    assert digits == []
    assert all(row.name.startswith(MARK) for row in await rows(plain, people) if row.id == person.id)
    assert all(row.body["text"].startswith(MARK) for row in await rows(plain, outbox))


async def filled(engine: AsyncEngine) -> None:
    """More people than fit into a batch, a case with and without answers in its history, and a chat."""
    moment = Clock()()
    async with writing(engine) as connection:
        some = [{"name": f"{NAME} {n}", "phone": NUMBER, "created_at": moment} for n in range(resealing.BATCH + 1)]
        await connection.execute(insert(people), some)
        state = {"v": 1, "at": "", "drafts": {"register_idea.1": {"a": {"phone": NUMBER, "product": "Trà"}, "v": 1}}}
        chat = {"person_id": 1, "channel": "web", "chat_id": "1", "state": state, "updated_at": moment}
        await connection.execute(insert(conversations).values(chat))


async def as_it_stands(engine: AsyncEngine) -> list[str]:
    found = [*await rows(engine, people), *await rows(engine, conversations)]
    return [str(tuple(row)) for row in found]


async def test_what_was_kept_before_is_sealed_and_then_goes_under_a_new_key(plain: AsyncEngine) -> None:
    await filled(plain)
    before = await as_it_stands(plain)
    url = plain.url.render_as_string(hide_password=False)
    for ring in (Ring([OLD]), Ring([NEW, OLD]), Ring([NEW])):
        one = make_engine(url, ring)
        await resealing.agree(one)
        changed = await resealing.reseal(one)
        fresh = ring.ids != (Ring([NEW]).newest,)
        assert changed == ({"people": resealing.BATCH + 1, "conversations": 1} if fresh else {})
        assert await as_it_stands(one) == before
        assert await resealing.kept_under(one) == (ring.newest,)
        await one.dispose()
        assert not any("912345678" in row or NAME in row for row in await as_it_stands(plain))
    raw = (await rows(plain, conversations))[0].state["drafts"]["register_idea.1"]["a"]
    assert raw["product"] == "Trà"


async def test_what_is_written_meanwhile_is_not_lost(engine: AsyncEngine, plain: AsyncEngine) -> None:
    await filled(plain)

    async def renamed() -> None:
        for n in range(1, resealing.BATCH, 10):
            async with writing(engine) as connection:
                await connection.execute(update(people).where(people.c.id == n).values(name=f"new {n}"))

    await asyncio.gather(resealing.reseal(engine), renamed())
    names = {row.id: row.name for row in await rows(engine, people)}
    assert all(names[n] == f"new {n}" for n in range(1, resealing.BATCH, 10))
    assert all(row.name.startswith(MARK) for row in await rows(plain, people))


async def test_nothing_in_a_document_stays_nothing(engine: AsyncEngine, plain: AsyncEngine) -> None:
    await play(run_of(plain, world_at(Clock()), "telegram"), inputs(recorded(FOLDER / "forgotten.txt")))
    empty = select(case_events.c.id).where(case_events.c.answers.is_(None))
    async with reading(plain) as connection:
        before = (await connection.execute(empty)).all()
    await resealing.reseal(engine)
    async with reading(plain) as connection:
        assert (await connection.execute(empty)).all() == before


async def test_without_a_key_that_is_in_use_nothing_begins(engine: AsyncEngine, plain: AsyncEngine) -> None:
    await resealing.agree(plain)
    await resealing.agree(engine)
    with pytest.raises(NoKey, match=RING.newest):
        await resealing.agree(plain)
    url = plain.url.render_as_string(hide_password=False)
    other = make_engine(url, Ring([NEW]))
    with pytest.raises(NoKey, match=RING.newest):
        await resealing.agree(other)
    await other.dispose()


# ---------------------------------------------------------------- where the keys come from


async def test_a_first_start_makes_a_key_that_only_its_user_reads_and_keeps_it(sqlite_url: str, tmp_path: Path) -> None:
    config = settings(sqlite_url)
    first = await keys.opened(config)
    path = tmp_path / "ocop.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    async with writing(first) as connection:
        await connection.execute(insert(people).values(name=NAME, phone=NUMBER, created_at=Clock()()))
    await first.dispose()
    second = await keys.opened(config)
    assert [row.name for row in await rows(second, people)] == [NAME]
    await second.dispose()
    path.unlink()
    with pytest.raises(SystemExit, match=r"ENCRYPTION_KEY or .*ocop\.key does not have it"):
        await keys.opened(config)
    assert not path.exists(), "a new key would open nothing"


async def test_the_key_of_the_file_is_changed_for_one_of_the_environment(sqlite_url: str, tmp_path: Path) -> None:
    first = await keys.opened(settings(sqlite_url))
    async with writing(first) as connection:
        await connection.execute(insert(people).values(name=NAME, phone=NUMBER, created_at=Clock()()))
    await first.dispose()
    said: list[str] = []
    await keys.rotate(settings(sqlite_url, encryption_key=NEW), said.append)
    assert said == ["       1 people", "Everything is sealed with the first key now: others may go."]
    (tmp_path / "ocop.key").unlink()
    alone = await keys.opened(settings(sqlite_url, encryption_key=NEW))
    assert [row.phone for row in await rows(alone, people)] == [NUMBER]
    await alone.dispose()


async def test_a_start_seals_what_was_kept_before(sqlite_url: str, caplog: pytest.LogCaptureFixture) -> None:
    plain = make_engine(sqlite_url)
    await filled(plain)
    engine = await keys.opened(settings(sqlite_url))
    await keys.keep_sealed(engine)
    assert all(row.name.startswith(MARK) for row in await rows(plain, people))
    await keys.keep_sealed(plain)
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "ENCRYPTION_KEY is empty: names, telephone numbers and messages are kept as they are"
    ]
    for one in (plain, engine):
        await one.dispose()


def fields() -> dict[str, Any]:
    return {table.name: [column.name for column in columns] for table, columns in resealing.sealed_columns().items()}


def test_these_fields_are_sealed() -> None:
    assert fields() == {
        "people": ["name", "phone"],
        "conversations": ["state"],
        "cases": ["answers"],
        "council_seats": ["name"],
        "ballots": ["remark"],
        "stories": ["told"],
        "assessments": ["remark"],
        "case_events": ["answers"],
        "notes": ["text"],
        "notices": ["words", "bodies"],
        "outbox": ["body"],
        "web_messages": ["body"],
    }

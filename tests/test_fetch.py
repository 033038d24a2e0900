"""Files: fetched once, looked at, kept or refused, tried again, erased when forgotten."""

import asyncio
import hashlib
import io
import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import fetch, papers, reading
from bot.channels.base import FileUnavailable, Throttled, Unavailable
from bot.fetch import Fetcher
from storage.database import writing
from storage.files import FileStore, StoreAway
from storage.models import files, outbox, web_messages
from storage.models import papers as kept_papers
from storage.people import forget
from storage.records import UNNAMED
from tests.heart import ANSWERS, Messenger, Working, beside, chat, count, rows, submit, watched, world_at
from tests.test_papers import locked_pdf, packed_pdf, png_header
from tests.transcripts import Clock

PHOTO = io.BytesIO()
Image.effect_noise((1000, 1300), 80).save(PHOTO, "JPEG")
GROUPED = ANSWERS | {"product_group": "food", "producer_kind": "household"}
PAPER = "business_plan"
PAPER = "business_plan"


def worker(engine: AsyncEngine, channel: Messenger, clock: Clock, store: FileStore | None = None) -> Fetcher:
    kept = store or FileStore("memory:///")
    return Fetcher(engine, {channel.name: channel}, kept, world_at(clock), asyncio.Event())


async def received(
    engine: AsyncEngine, clock: Clock, *ids: str, who: str = "anna", channel: str = "telegram", **values: Any
) -> None:
    conversation = await chat(engine, clock, who, channel)
    async with engine.begin() as connection:
        for file_id in ids:
            row = {
                "id": file_id,
                "person_id": conversation.person_id,
                "conversation_id": conversation.id,
                "channel": channel,
                "source": file_id,
                "due_at": clock(),
                "received_at": clock(),
            }
            await connection.execute(insert(files).values(row | values))


async def looked_at(engine: AsyncEngine) -> bool:
    return all(row.due_at is None for row in await rows(engine, files))


async def tried(engine: AsyncEngine, fetcher: Fetcher) -> Any:
    (before,) = await rows(engine, files)

    async def changed() -> bool:
        (row,) = await rows(engine, files)
        return bool((row.attempts, row.status) != (before.attempts, before.status))

    await Working(fetcher).until(changed)
    return (await rows(engine, files))[0]


async def test_a_photo_is_kept_with_what_was_seen_of_it(engine: AsyncEngine) -> None:
    clock, channel, store = Clock(), Messenger(files={"f1": PHOTO.getvalue()}), FileStore("memory:///")
    await received(engine, clock, "f1")
    await Working(worker(engine, channel, clock, store)).until(lambda: looked_at(engine))
    (row,) = await rows(engine, files)
    assert (row.status, row.kind, row.pages, row.source) == ("stored", "jpeg", 1, "")
    assert row.size_bytes == len(PHOTO.getvalue())
    assert await store.get(row.sha256) == PHOTO.getvalue()


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        (b"", "empty"),
        (b"%PDF-" + b" " * papers.MAX_FILE_BYTES, "too_large"),
        (b"just words", "unknown_kind"),
        (PHOTO.getvalue()[:2000], "broken"),
        (locked_pdf("secret"), "locked"),
        (packed_pdf(b"<< /S /JavaScript /JS (app.alert(1)) >>"), "scripted"),
        (png_header(30_000, 30_000), "too_many_pixels"),
    ],
)
async def test_every_refusal_becomes_a_finding(sqlite_engine: AsyncEngine, data: bytes, finding: str) -> None:
    clock, channel = Clock(), Messenger(files={"f1": data})
    await received(sqlite_engine, clock, "f1")
    await Working(worker(sqlite_engine, channel, clock)).until(lambda: looked_at(sqlite_engine))
    (row,) = await rows(sqlite_engine, files)
    assert (row.status, row.findings, row.sha256) == ("refused", finding, "")


async def test_what_the_platform_will_not_give_has_failed(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(files={"f1": FileUnavailable("larger than 20 MiB")})
    await received(engine, clock, "f1")
    row = await tried(engine, worker(engine, channel, clock))
    assert (row.status, row.attempts, row.due_at) == ("failed", 0, None)


async def test_what_is_away_is_waited_for_a_day_and_then_the_file_is_lost(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(files={"f1": Unavailable("x")})
    await received(engine, clock, "f1")
    fetcher = worker(engine, channel, clock)
    for n, pause in enumerate((*fetch.PAUSES_S, fetch.PAUSES_S[-1]), 1):
        row = await tried(engine, fetcher)
        assert (row.status, row.attempts) == ("pending", n)
        assert row.due_at == clock.now + timedelta(seconds=pause)
        clock.now = row.due_at
    clock.now = row.received_at + timedelta(days=1, seconds=1)
    row = await tried(engine, fetcher)
    assert (row.status, row.due_at) == ("failed", None)


async def test_a_file_that_breaks_a_library_each_time_is_lost_within_the_hour(
    sqlite_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def inspect(data: bytes, *, voice: bool) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(papers, "inspect", inspect)
    clock, channel = Clock(), Messenger(files={"f1": PHOTO.getvalue()})
    await received(sqlite_engine, clock, "f1")
    fetcher = worker(sqlite_engine, channel, clock)
    while (row := await tried(sqlite_engine, fetcher)).status == "pending":
        clock.now = row.due_at
    assert row.status == "failed"
    assert clock.now - row.received_at < timedelta(hours=1)


async def test_throttled_waits_as_long_as_it_is_told(sqlite_engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(files={"f1": Throttled(41)})
    await received(sqlite_engine, clock, "f1")
    row = await tried(sqlite_engine, worker(sqlite_engine, channel, clock))
    assert row.due_at == clock.now + timedelta(seconds=41)


async def test_a_platform_that_hangs_is_let_go(sqlite_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "FETCH_WITHIN_S", 0.05)
    clock, channel = Clock(), Messenger(files={})

    async def hang(source: str) -> bytes:
        await asyncio.sleep(60)
        return b""

    channel.fetch = hang  # type: ignore[method-assign]
    await received(sqlite_engine, clock, "f1")
    row = await tried(sqlite_engine, worker(sqlite_engine, channel, clock))
    assert (row.status, row.attempts) == ("pending", 1)


class Away(FileStore):
    def __init__(self) -> None:
        super().__init__("memory:///")
        self.away = True

    async def put(self, data: bytes) -> str:
        if self.away:
            raise StoreAway("GenericError")
        return await super().put(data)

    async def delete(self, sha256: str) -> None:
        if self.away:
            raise StoreAway("GenericError")
        await super().delete(sha256)


async def test_a_store_that_is_away_is_tried_again(engine: AsyncEngine) -> None:
    clock, channel, store = Clock(), Messenger(files={"f1": PHOTO.getvalue()}), Away()
    await received(engine, clock, "f1")
    fetcher = worker(engine, channel, clock, store)
    row = await tried(engine, fetcher)
    assert (row.status, row.attempts) == ("pending", 1)
    clock.now, store.away = row.due_at, False
    assert (await tried(engine, fetcher)).status == "stored"


async def test_a_slow_file_holds_up_no_other_and_few_are_in_memory(sqlite_engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(files={f"f{n}": PHOTO.getvalue() for n in range(12)})
    in_memory, most = 0, 0
    slow_is_done = asyncio.Event()

    async def give(source: str) -> bytes:
        nonlocal in_memory, most
        in_memory += 1
        most = max(most, in_memory)
        await (slow_is_done.wait() if source == "f0" else asyncio.sleep(0.002))
        in_memory -= 1
        return PHOTO.getvalue()

    channel.fetch = give  # type: ignore[method-assign]
    await received(sqlite_engine, clock, *(f"f{n}" for n in range(12)))

    async def others_are_here() -> bool:
        found = await rows(sqlite_engine, files, files.c.status == "stored")
        if len(found) == 11:
            slow_is_done.set()
        return len(found) == 12

    await Working(worker(sqlite_engine, channel, clock)).until(others_are_here)
    assert most == fetch.AT_ONCE


async def test_a_photo_that_is_being_read_holds_up_no_file(
    sqlite_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as are fetched at a time take as long as a page may take to be read."""
    read = asyncio.Event()

    async def slowly(photo: bytes) -> str:
        await asyncio.wait_for(read.wait(), 20)
        return ""

    monkeypatch.setattr(fetch, "words_on", slowly)
    photos = [f"photo{n}" for n in range(fetch.AT_ONCE)]
    clock, channel = Clock(), Messenger(files={name: PHOTO.getvalue() for name in (*photos, "plan")})
    await received(sqlite_engine, clock, *photos, kind=UNNAMED)
    await received(sqlite_engine, clock, "plan", who="binh", due_at=clock() + timedelta(seconds=1))
    clock.now += timedelta(seconds=2)

    async def here() -> bool:
        if [row.id for row in await rows(sqlite_engine, files, files.c.status == "stored")] == ["plan"]:
            read.set()
        return read.is_set()

    await Working(worker(sqlite_engine, channel, clock)).until(here)
    assert {row.status for row in await rows(sqlite_engine, files)} == {"stored"}


async def test_two_workers_fetch_a_file_once(engine: AsyncEngine) -> None:
    clock, channel, store = Clock(), Messenger(), FileStore("memory:///")
    asked: list[str] = []

    async def give(source: str) -> bytes:
        asked.append(source)
        await asyncio.sleep(0.005)
        return PHOTO.getvalue()

    channel.fetch = give  # type: ignore[method-assign]
    await received(engine, clock, *(f"f{n}" for n in range(12)))
    async with beside(engine) as other:
        pair = (worker(engine, channel, clock, store), worker(other, channel, clock, store))
        await Working(*pair).until(lambda: looked_at(engine))
    assert len(asked) == len(set(asked)) == 12


async def test_a_worker_that_died_is_followed_by_another_after_the_lease(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(files={"f1": PHOTO.getvalue()})
    await received(engine, clock, "f1")
    assert len(await worker(engine, channel, clock)._claim(fetch.AT_ONCE)) == 1
    assert await worker(engine, channel, clock)._claim(fetch.AT_ONCE) == []
    clock.now += fetch.LEASE
    await Working(worker(engine, channel, clock)).until(lambda: looked_at(engine))


async def test_a_worker_that_stood_still_past_its_lease_gives_no_file_up(engine: AsyncEngine) -> None:
    """Its platform's "no" comes when another worker has the file in hand, and gets it."""
    clock, store = Clock(), FileStore("memory:///")
    await received(engine, clock, "f1")
    stopped = worker(engine, Messenger(files={"f1": FileUnavailable("x")}), clock, store)
    other = worker(engine, Messenger(files={"f1": PHOTO.getvalue()}), clock, store)
    (late,) = await stopped._claim(fetch.AT_ONCE)
    clock.now += fetch.LEASE + timedelta(seconds=1)
    (taken,) = await other._claim(fetch.AT_ONCE)
    await stopped._fetch(late)
    await other._fetch(taken)
    (row,) = await rows(engine, files)
    assert row.status == "stored"
    assert await store.get(row.sha256) == PHOTO.getvalue()


async def test_what_came_through_our_pages_is_looked_at_as_well(sqlite_engine: AsyncEngine) -> None:
    clock, store = Clock(), FileStore("memory:///")
    sha256 = await store.put(PHOTO.getvalue())
    await received(sqlite_engine, clock, "f1", channel="web", source=f"{fetch.STORED}{sha256}")
    await Working(worker(sqlite_engine, Messenger(), clock, store)).until(lambda: looked_at(sqlite_engine))
    (row,) = await rows(sqlite_engine, files)
    assert (row.status, row.sha256) == ("stored", sha256)


async def test_a_photo_whose_words_cannot_be_looked_for_is_kept(
    sqlite_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program may be taken away while we run, or there may be no process left for it."""
    monkeypatch.setattr(reading, "program", lambda: "/nowhere/tesseract")
    clock, channel = Clock(), Messenger(files={"f1": PHOTO.getvalue()})
    await received(sqlite_engine, clock, "f1")
    async with writing(sqlite_engine) as connection:
        await connection.execute(update(files).values(kind=UNNAMED))
    await Working(worker(sqlite_engine, channel, clock)).until(lambda: looked_at(sqlite_engine))
    (row,) = await rows(sqlite_engine, files)
    assert (row.status, row.attempts) == ("stored", 0)


async def test_nothing_to_fetch_begins_no_writing_transaction(sqlite_engine: AsyncEngine) -> None:
    with watched(sqlite_engine, "before_cursor_execute") as statements:
        assert await worker(sqlite_engine, Messenger(), Clock())._claim(fetch.AT_ONCE) == []
    assert "BEGIN IMMEDIATE" not in statements


async def test_a_file_that_breaks_a_library_is_logged_without_its_words(
    sqlite_engine: AsyncEngine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(data: bytes, *, voice: bool) -> None:
        raise KeyError("Mẩy")

    monkeypatch.setattr(papers, "inspect", bug)
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "aiosqlite")
    clock, channel = Clock(), Messenger(files={"f1": PHOTO.getvalue()})
    await received(sqlite_engine, clock, "f1", name="Mẩy.jpg")
    assert (await tried(sqlite_engine, worker(sqlite_engine, channel, clock))).attempts == 1
    assert "KeyError in " in caplog.text
    assert "Mẩy" not in caplog.text


# ---------------------------------------------------------------- forgetting


async def forgotten(engine: AsyncEngine, clock: Clock, who: str = "anna", channel: str = "telegram") -> None:
    conversation = await chat(engine, clock, who, channel)
    async with engine.begin() as connection:
        await forget(connection, conversation, ())


async def nothing_left(engine: AsyncEngine) -> bool:
    return not await rows(engine, files, files.c.status == "forgotten")


async def test_what_is_forgotten_is_erased(engine: AsyncEngine, tmp_path: Path) -> None:
    clock, store = Clock(), FileStore(str(tmp_path / "files"))
    channel = Messenger(files={"f1": PHOTO.getvalue()})
    await received(engine, clock, "f1")
    fetcher = worker(engine, channel, clock, store)
    await Working(fetcher).until(lambda: looked_at(engine))
    await forgotten(engine, clock)
    await Working(fetcher).until(lambda: nothing_left(engine))
    assert await count(engine, files) == 0
    assert not await asyncio.to_thread(lambda: [path for path in tmp_path.rglob("files/*/*") if path.is_file()])


async def test_the_same_bytes_of_somebody_else_stay(engine: AsyncEngine) -> None:
    clock, store = Clock(), FileStore("memory:///")
    channel = Messenger(files={"f1": PHOTO.getvalue(), "f2": PHOTO.getvalue()})
    await received(engine, clock, "f1")
    await received(engine, clock, "f2", who="bert")
    fetcher = worker(engine, channel, clock, store)
    await Working(fetcher).until(lambda: looked_at(engine))
    await forgotten(engine, clock)
    await Working(fetcher).until(lambda: nothing_left(engine))
    (row,) = await rows(engine, files)
    assert row.id == "f2"
    assert await store.get(row.sha256) == PHOTO.getvalue()


async def test_a_file_that_is_forgotten_while_it_is_fetched_does_not_come_back(engine: AsyncEngine) -> None:
    clock, channel, store = Clock(), Messenger(), FileStore("memory:///")

    async def give(source: str) -> bytes:
        await forgotten(engine, clock)
        return PHOTO.getvalue()

    channel.fetch = give  # type: ignore[method-assign]
    await received(engine, clock, "f1")
    fetcher = worker(engine, channel, clock, store)
    (row,) = await fetcher._claim(fetch.AT_ONCE)
    await fetcher._fetch(row)
    assert (await rows(engine, files))[0].status == "forgotten"
    await Working(fetcher).until(lambda: nothing_left(engine))
    sha256 = await store.put(b"x")
    assert await store.get(sha256) == b"x"
    with pytest.raises(FileNotFoundError):
        await store.get(hashlib.sha256(PHOTO.getvalue()).hexdigest())


async def test_erasing_waits_for_a_store_that_is_away_however_long(sqlite_engine: AsyncEngine) -> None:
    clock, store = Clock(), Away()
    await received(sqlite_engine, clock, "f1", status="stored", sha256="0" * 64, due_at=None, source="")
    await forgotten(sqlite_engine, clock)
    fetcher = worker(sqlite_engine, Messenger(), clock, store)
    for _ in range(len(fetch.PAUSES_S) + 3):
        row = await tried(sqlite_engine, fetcher)
        assert row.status == "forgotten"
        clock.now = row.due_at
    store.away = False
    await Working(fetcher).until(lambda: nothing_left(sqlite_engine))


async def test_a_page_is_forgotten_with_the_files_made_for_it(engine: AsyncEngine) -> None:
    clock, store = Clock(), FileStore("memory:///")
    await chat(engine, clock, "page", "web")
    made, shared = await store.put(b"a preview"), await store.put(b"on another page too")
    bodies = [("page", made), ("page", shared), ("other", shared)]
    async with engine.begin() as connection:
        for n, (chat_id, sha256) in enumerate(bodies):
            body = {"text": "Đây ạ", "attachments": [{"sha256": sha256, "name": "x.pdf", "media_type": "x"}]}
            row = {"chat_id": chat_id, "key": f"b{n}", "mine": False, "body": body, "created_at": clock()}
            await connection.execute(insert(web_messages).values(row))
    await forgotten(engine, clock, "page", "web")
    await Working(worker(engine, Messenger(), clock, store)).until(lambda: nothing_left(engine))
    assert [row.chat_id for row in await rows(engine, web_messages)] == ["other"]
    assert await store.get(shared) == b"on another page too"
    with pytest.raises(FileNotFoundError):
        await store.get(made)


# ---------------------------------------------------------------- pages of papers


async def told(engine: AsyncEngine) -> list[Any]:
    return [row.body for row in await rows(engine, outbox, outbox.c.kind == "notice")]


async def kept(engine: AsyncEngine, clock: Clock, version: int, *ids: str) -> None:
    async with engine.begin() as connection:
        pages = [[file_id, 0] for file_id in ids]
        row = {"case_id": 1, "paper": PAPER, "version": version, "pages": pages, "kept_at": clock()}
        await connection.execute(insert(kept_papers).values(row))


async def test_who_counts_on_a_file_that_is_refused_is_told_once(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(files={"f1": b"just words", "f2": b"just words", "f3": PHOTO.getvalue()})
    code = await submit(engine, await chat(engine, clock, "anna"), clock(), GROUPED)
    await received(engine, clock, "f1", "f2", "f3")
    await kept(engine, clock, 1, "f1", "f2", "f3")
    fetcher = worker(engine, channel, clock)
    for row in await fetcher._claim(fetch.AT_ONCE):
        await fetcher._fetch(row)
    (notice,) = await told(engine)
    assert code in notice["text"]
    assert "Kế hoạch" in notice["text"]
    assert code in json.dumps(notice["buttons"])


async def test_a_file_that_is_lost_is_told_of_and_an_older_version_is_not(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(files={name: FileUnavailable("x") for name in ("f1", "f2", "f3")})
    await submit(engine, await chat(engine, clock, "anna"), clock(), GROUPED)
    await received(engine, clock, "f1", "f2", "f3")
    await kept(engine, clock, 1, "f1")
    await kept(engine, clock, 2, "f2")
    await Working(worker(engine, channel, clock)).until(lambda: looked_at(engine))
    assert len(await told(engine)) == 1

"""Download links: what they allow and for how long, how they stand in the words, and that nothing of them stays."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Attachment, Capabilities, Outgoing, Unavailable, Update
from bot.deliver import Delivery
from bot.desk.decisions import FILES_STAY
from bot.effects import carry_out
from bot.fetch import Fetcher
from bot.handle import Intake
from bot.links import REMEMBERED, Linking, address, label, lines, linked_lines, woven
from bot.timers import Timers
from bot.turn import Carried, Turned, named_specs, outbox_row
from bot.world import World
from dialogs.model import Effect, Facts, MarkItem, PreviewReview, SendMessage, SendReview, TextReceived
from dialogs.officer.check import seen
from storage import links, people, reviews
from storage import outbox as box
from storage.database import writing
from storage.files import FileStore
from storage.models import download_links, files, outbox
from storage.records import Wanted, facts_for
from tests.doubles.people import photo
from tests.heart import Messenger, Working, chat, keep_files, officer, rows, submit, world_at
from tests.sounds import ogg
from tests.transcripts import Clock

WORDS = Capabilities(2000, 0, 0, 0, False, False, False, False)
PICTURES = replace(WORDS, sends=frozenset({"picture"}), by_address=True)
CHANNEL = "wordy"
PDF = Attachment("Kế hoạch.pdf", "application/pdf", b"%PDF-1.7 plan")
PHOTO = Attachment("Ảnh 1.jpg", "image/jpeg", b"\xff\xd8 photo", "picture")
VOICE = Attachment("Ghi âm.ogg", "audio/ogg", b"OggS voice", "voice")


def here(clock: Clock, can: Capabilities = WORDS, public_url: str = "https://ocop.test", **more: Any) -> World:
    return replace(world_at(clock), channels={CHANNEL: can}, public_url=public_url, **more)


# ---------------------------------------------------------------- how they stand in the words


def test_links_stand_before_what_is_asked() -> None:
    body = {
        "text": "Đây ạ.\n\nHai đoạn.\n\nXong chưa?\n1. Xong\n2. Chưa",
        "listed": [[1, "x", "Xong"], [2, "y", "Chưa"]],
    }
    assert woven("reply", body, "A: b") == "Đây ạ.\n\nHai đoạn.\n\nA: b\n\nXong chưa?\n1. Xong\n2. Chưa"


def test_links_of_a_notice_do_not_part_what_somebody_wrote() -> None:
    body = {"text": "Cán bộ nhắn: “Một.\n\nHai.”\n1. Mở hồ sơ", "listed": [[1, "x", "Mở hồ sơ"]]}
    assert woven("notice", body, "A: b") == "Cán bộ nhắn: “Một.\n\nHai.”\nA: b\n1. Mở hồ sơ"


def test_a_single_paragraph_has_them_at_its_end() -> None:
    assert woven("reply", {"text": "Đây ạ."}, "A: b") == "Đây ạ.\nA: b"


def test_without_pages_the_words_say_where_else_to_look() -> None:
    world = here(Clock(), reachable=False)
    assert lines(world, world.catalog("en"), [("Ảnh", ""), ("Ghi âm", "")]) == (
        "This messenger can't show these: Ảnh, Ghi âm. Please look on the web page, or ask at the commune office."
    )


def test_a_link_is_called_as_what_it_leads_to() -> None:
    assert [label(one) for one in (PDF, PHOTO, VOICE)] == ["Kế hoạch.pdf", "Ảnh 1", "Ghi âm"]


def test_of_several_of_a_kind_each_has_its_number() -> None:
    specs = named_specs({"a": False, "b": True, "c": False})
    assert [(spec["name"], spec["show"]) for spec in specs] == [
        ("Ảnh 1", "picture"),
        ("Ghi âm", "voice"),
        ("Ảnh 2", "picture"),
    ]


@pytest.mark.parametrize(
    ("can", "public_url", "left"),
    [
        (WORDS, "https://ocop.test", ["Ảnh", "Ghi âm"]),
        (PICTURES, "https://ocop.test", ["Ghi âm"]),
        (PICTURES, "http://localhost:8000", ["Ảnh", "Ghi âm"]),
        (replace(WORDS, sends_files=True), "https://ocop.test", []),
    ],
)
def test_who_looks_beforehand_sees_what_becomes_a_link(can: Capabilities, public_url: str, left: list[str]) -> None:
    world = here(Clock(), can, public_url)
    shown = linked_lines(world, CHANNEL, "en", named_specs({"a": False, "b": True}))
    named = [f"{name}: {public_url}/d/…" for name in left]
    assert shown == ("\n".join(["To open within 24 hours:", *named]) if left else "")


# ---------------------------------------------------------------- what they allow


async def added(engine: AsyncEngine, clock: Clock, sha256: str = "0" * 64, **how: bool) -> str:
    owner = await chat(engine, clock, "anna")
    async with engine.begin() as connection:
        return await links.add(connection, owner.id, ("a.pdf", "application/pdf", sha256), clock(), **how)


async def good(engine: AsyncEngine, clock: Clock, token: str, **how: bool) -> bool:
    async with engine.begin() as connection:
        return await links.found(connection, token, clock(), **how) is not None


async def open_once(engine: AsyncEngine, clock: Clock, token: str) -> bool:
    async with engine.begin() as connection:
        return await links.opened(connection, token, clock())


async def test_a_link_can_be_opened_five_times_within_a_day(engine: AsyncEngine) -> None:
    clock = Clock()
    token = await added(engine, clock)
    for _ in range(20):
        assert await good(engine, clock, token)  # looking uses nothing up
    assert [await open_once(engine, clock, token) for _ in range(6)] == [True] * 5 + [False]
    assert not await good(engine, clock, token)
    token = await added(engine, clock)
    clock.now += timedelta(hours=24) - timedelta(seconds=1)
    assert await good(engine, clock, token)
    clock.now += timedelta(seconds=1)
    assert not await good(engine, clock, token)
    assert not await open_once(engine, clock, token)


async def test_openings_at_the_same_time_are_counted_one_by_one(engine: AsyncEngine) -> None:
    clock = Clock()
    token = await added(engine, clock)
    assert (
        sorted(await asyncio.gather(*(open_once(engine, clock, token) for _ in range(9)))) == [False] * 4 + [True] * 5
    )


async def test_an_address_for_a_platform_ends_after_an_hour_and_is_no_page(sqlite_engine: AsyncEngine) -> None:
    clock = Clock()
    token, page = await added(sqlite_engine, clock, direct=True), await added(sqlite_engine, clock)
    assert not await good(sqlite_engine, clock, page, direct=True)
    assert not await good(sqlite_engine, clock, token)
    assert not await open_once(sqlite_engine, clock, token)
    clock.now += timedelta(minutes=59)
    assert await good(sqlite_engine, clock, token, direct=True)
    clock.now += timedelta(minutes=1)
    assert not await good(sqlite_engine, clock, token, direct=True)


async def test_only_a_hash_of_the_secret_is_kept(sqlite_engine: AsyncEngine) -> None:
    token = await added(sqlite_engine, Clock())
    assert token not in str(await rows(sqlite_engine, download_links))


# ---------------------------------------------------------------- nothing of them stays


async def kept(store: FileStore, sha256: str) -> bool:
    try:
        return bool(await store.get(sha256))
    except FileNotFoundError:
        return False


async def erased(engine: AsyncEngine, world: World, store: FileStore) -> None:
    """The fetcher has done all that waits."""

    async def done() -> bool:
        return not await rows(engine, files, files.c.due_at.is_not(None))

    await Working(Fetcher(engine, {}, store, world, asyncio.Event())).until(done)


async def test_when_a_link_ends_its_bytes_go(sqlite_engine: AsyncEngine) -> None:
    clock, store = Clock(), FileStore("memory:///")
    alone, shared = await store.put(b"alone"), await store.put(b"shared")
    for sha256 in (alone, shared):
        await added(sqlite_engine, clock, sha256)
    clock.now += timedelta(hours=12)
    await added(sqlite_engine, clock, shared)
    clock.now += timedelta(hours=12)
    world = here(clock)
    await Timers(sqlite_engine, Intake(sqlite_engine, world), world)._prune()
    await erased(sqlite_engine, world, store)
    assert (await kept(store, alone), await kept(store, shared)) == (False, True)
    assert len(await rows(sqlite_engine, download_links)) == 1
    assert await rows(sqlite_engine, files) == []


async def test_bytes_that_a_paper_has_as_well_stay(sqlite_engine: AsyncEngine) -> None:
    clock, store = Clock(), FileStore("memory:///")
    sha256 = await store.put(b"a page")
    await added(sqlite_engine, clock, sha256)
    async with sqlite_engine.begin() as connection:
        await links.prune(connection, clock() + timedelta(days=2))
        assert not await people.still_used(connection, sha256)
        await connection.execute(
            files.update().where(files.c.sha256 == sha256).values(status="stored", due_at=None)
        )  # as if somebody had sent it
        assert await people.still_used(connection, sha256)


async def test_who_is_forgotten_leaves_no_link(sqlite_engine: AsyncEngine) -> None:
    clock, store = Clock(), FileStore("memory:///")
    sha256 = await store.put(b"private")
    token = await added(sqlite_engine, clock, sha256)
    anna = await chat(sqlite_engine, clock, "anna")
    async with sqlite_engine.begin() as connection:
        await people.forget(connection, anna, ())
    assert not await good(sqlite_engine, clock, token)
    await erased(sqlite_engine, here(clock), store)
    assert not await kept(store, sha256)


# ---------------------------------------------------------------- a message goes out


class Wordy(Messenger):
    """A messenger whose capabilities say what it carries."""

    def __init__(self, can: Capabilities, outcomes: Sequence[Exception | None] = ()) -> None:
        super().__init__(CHANNEL, can, list(outcomes))

    @property
    def last(self) -> Outgoing:
        return self.sent[-1][1]


@pytest.fixture
async def due(sqlite_engine: AsyncEngine) -> box.Due:
    """A reply in the outbox, in hand."""
    clock = Clock()
    owner = await chat(sqlite_engine, clock, "anna", CHANNEL)
    async with sqlite_engine.begin() as connection:
        await box.post(connection, [outbox_row(owner.id, "reply", {"text": "Đây ạ.\n\nXong chưa?"}, clock())])
        (found,) = await box.claim(connection, clock(), 1)
    return found


async def test_what_is_not_carried_becomes_links(sqlite_engine: AsyncEngine, due: box.Due) -> None:
    clock, store = Clock(), FileStore("memory:///")
    linking = Linking(sqlite_engine, store, here(clock))
    text, carried = await linking.fitting(due, Wordy(WORDS), [PDF, PHOTO, VOICE])
    before, block, after = text.split("\n\n")
    assert (before, after, carried) == ("Đây ạ.", "Xong chưa?", ())
    head, *named = block.split("\n")
    assert head == "Chạm vào để mở, trong 24 giờ:"
    assert [line.partition(": ")[0] for line in named] == ["Kế hoạch.pdf", "Ảnh 1", "Ghi âm"]
    for line, attachment in zip(named, (PDF, PHOTO, VOICE), strict=True):
        address_, token = line.partition(": ")[2].rsplit("/", 1)
        assert address_ == "https://ocop.test/d"
        async with sqlite_engine.begin() as connection:
            found = await links.found(connection, token, clock())
        assert found is not None
        assert (found.name, found.media_type) == (attachment.name, attachment.media_type)
        assert await store.get(found.sha256) == attachment.data


async def test_a_picture_gets_an_address_where_the_platform_fetches_it(
    sqlite_engine: AsyncEngine, due: box.Due
) -> None:
    linking = Linking(sqlite_engine, FileStore("memory:///"), here(Clock(), PICTURES))
    text, (shown,) = await linking.fitting(due, Wordy(PICTURES), [PHOTO])
    assert text == "Đây ạ.\n\nXong chưa?"
    assert shown.url.startswith("https://ocop.test/d/")
    assert shown.url.endswith("/picture.jpg")
    assert [row.direct for row in await rows(sqlite_engine, download_links)] == [True]


@pytest.mark.parametrize("public_url", ["http://localhost:8000", "https://ocop.test"])
async def test_a_platform_is_given_no_address_that_it_can_not_reach(
    sqlite_engine: AsyncEngine, due: box.Due, public_url: str
) -> None:
    reachable = public_url.startswith("http://")
    world = here(Clock(), PICTURES, public_url, reachable=reachable)
    text, carried = await Linking(sqlite_engine, FileStore("memory:///"), world).fitting(due, Wordy(PICTURES), [PHOTO])
    assert carried == ()
    assert (f"Ảnh 1: {public_url}/d/" in text) == reachable
    assert ("/d/" in text) == reachable
    assert "Ảnh 1" in text


async def test_a_message_without_attachments_is_as_it_was_written(sqlite_engine: AsyncEngine, due: box.Due) -> None:
    linking = Linking(sqlite_engine, FileStore("memory:///"), here(Clock()))
    assert await linking.fitting(due, Wordy(WORDS), []) == (due.body["text"], ())


async def test_a_message_that_is_tried_again_keeps_its_links(sqlite_engine: AsyncEngine, due: box.Due) -> None:
    clock = Clock()
    linking = Linking(sqlite_engine, FileStore("memory:///"), here(clock))
    first, _ = await linking.fitting(due, Wordy(WORDS), [PDF, PHOTO])
    clock.now += timedelta(hours=20)
    again, _ = await linking.fitting(due, Wordy(WORDS), [PDF, PHOTO])
    assert again == first
    assert {row.expires_at for row in await rows(sqlite_engine, download_links)} == {clock.now + links.OPEN_FOR}
    async with sqlite_engine.begin() as connection:
        await links.prune(connection, clock.now + timedelta(days=2))
    later, _ = await linking.fitting(due, Wordy(WORDS), [PDF, PHOTO])
    assert later != first


async def test_what_is_remembered_of_tries_does_not_grow_for_ever(sqlite_engine: AsyncEngine, due: box.Due) -> None:
    linking = Linking(sqlite_engine, FileStore("memory:///"), here(Clock()))
    linking._made |= {-n: {} for n in range(1, REMEMBERED + 1)}
    await linking.fitting(due, Wordy(WORDS), [PDF])
    assert len(linking._made) == REMEMBERED
    linking.done(due)
    assert len(linking._made) == REMEMBERED - 1


async def test_the_worker_sends_the_same_links_after_a_failure(sqlite_engine: AsyncEngine) -> None:
    clock, store = Clock(), FileStore("memory:///")
    owner = await chat(sqlite_engine, clock, "anna", CHANNEL)
    channel = Wordy(WORDS, [Unavailable("x")])
    spec = {"made": "report", "territory": "15/04336", "month": "2026-11-01", "name": "bao-cao.pdf", "locale": "vi"}
    async with sqlite_engine.begin() as connection:
        body = {"text": "Báo cáo đây ạ.", "attachments": [spec]}
        await box.post(connection, [outbox_row(owner.id, "reply", body, clock())])
    worker = Delivery(sqlite_engine, {CHANNEL: channel}, store, here(clock), asyncio.Event())

    async def tried() -> bool:
        (row,) = await rows(sqlite_engine, outbox)
        return bool(row.attempts) and row.claimed_until is None

    async def sent() -> bool:
        return all(row.status == "sent" for row in await rows(sqlite_engine, outbox))

    await Working(worker).until(tried)
    clock.now += timedelta(minutes=1)
    await Working(worker).until(sent)
    assert channel.last.attachments == ()
    assert channel.last.text.startswith(
        "Báo cáo đây ạ.\nChạm vào để mở, trong 24 giờ:\nbao-cao.pdf: https://ocop.test/d/"
    )
    assert worker._linking._made == {}


@pytest.mark.parametrize("can", [WORDS, PICTURES, replace(WORDS, sends_files=True)])
@pytest.mark.parametrize("reachable", [True, False])
async def test_an_officer_sees_beforehand_what_the_producer_reads(
    sqlite_engine: AsyncEngine, can: Capabilities, reachable: bool
) -> None:
    clock, store = Clock(), FileStore("memory:///")
    world = here(clock, can, reachable=reachable)
    producer = await chat(sqlite_engine, clock, "producer", CHANNEL)
    code = await submit(sqlite_engine, producer, clock())
    who = await officer(sqlite_engine, clock, "officer")
    await keep_files(sqlite_engine, clock, who, "f1", "f2")
    for file_id, kind, data in (("f1", "ogg", ogg()), ("f2", "jpeg", photo())):
        async with sqlite_engine.begin() as connection:
            stored = {"kind": kind, "sha256": await store.put(data)}
            await connection.execute(files.update().where(files.c.id == file_id).values(stored))

    async def ordered(*effects: Effect) -> Carried:
        async with writing(sqlite_engine) as connection:
            facts = (await facts_for(connection, [Wanted(who, code)], Facts(clock())))[who.id]
            turn = Turned(connection, who, Update(who.channel, "x", "officer", TextReceived("")), facts, world, clock())
            turn.held = frozenset({producer.id, who.id})
            await carry_out(turn, effects)
            await box.post(connection, turn.carried.notices)
        return turn.carried

    mark = MarkItem(code, "answer:ingredients", "return", "ghi rõ mua của ai", ("f1", "f2"))
    previewed = await ordered(mark, PreviewReview(code))
    async with sqlite_engine.begin() as connection:
        marked = await reviews.marks_of(connection, code)
    await ordered(SendReview(code, seen(marked)))
    channel = Wordy(can)
    worker = Delivery(sqlite_engine, {CHANNEL: channel, "telegram": Messenger()}, store, world, asyncio.Event())

    async def sent() -> bool:
        return bool(channel.sent)

    await Working(worker).until(sent)
    (preview,) = (words for words in previewed.said if isinstance(words, str))
    read = re.sub(r"(?<=/d/)[\w-]{24}", "…", channel.last.text)
    assert "ghi rõ mua của ai" in read
    assert re.sub(r"^\d\. ", "• ", read, flags=re.MULTILINE) in preview  # the numbers are not the officer's
    assert len(channel.last.attachments) == (2 if can.sends_files else 1 if can.by_address and reachable else 0)
    assert [spec["file"] for spec in previewed.attachments] == ["f1", "f2"]
    assert any(isinstance(words, SendMessage) and words.texts == (FILES_STAY,) for words in previewed.said) == (
        not reachable and not can.sends_files
    )


def test_an_address_is_a_path_of_our_own() -> None:
    assert address(here(Clock()), "abc") == "https://ocop.test/d/abc"

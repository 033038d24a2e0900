"""What becomes of a message: each outcome a channel may have, crashes, attachments, two workers."""

import asyncio
import io
import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pytest
from PIL import Image
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import attachments, deliver, papers
from bot.channels.base import (
    Attachment,
    FileUnavailable,
    Moved,
    Outgoing,
    Rejected,
    Throttled,
    Unavailable,
    Unreachable,
    WindowClosed,
)
from bot.clock import system_clock
from bot.deliver import IN_HAND, Delivery
from bot.handle import handle
from bot.papers import pages_to_pdf
from bot.turn import notice, outbox_row
from bot.world import PLAIN
from storage import outbox as box
from storage.files import FileStore, StoreAway
from storage.models import conversations, download_links, files, outbox
from storage.people import chats_of
from tests.heart import Messenger, Working, beside, chat, once, rows, say, taking, typed, watched, world_at
from tests.sounds import aac, amr, ogg, webm
from tests.transcripts import CHANNELS, Clock


def worker(engine: AsyncEngine, channel: Messenger, clock: Clock, store: FileStore | None = None) -> Delivery:
    kept = store or FileStore("memory:///")
    return Delivery(engine, {channel.name: channel}, kept, world_at(clock), asyncio.Event())


async def put(engine: AsyncEngine, clock: Clock, who: str, *texts: str, **body: Any) -> None:
    conversation = await chat(engine, clock, who)
    async with engine.begin() as connection:
        made = [outbox_row(conversation.id, "reply", {"text": t, **body}, clock()) for t in texts]
        await box.post(connection, made)


async def tried(engine: AsyncEngine, channel: Messenger, clock: Clock, times: int = 1) -> Any:
    """Let the worker try so often, and see what became of the first message."""
    before = len(channel.tries)

    async def enough() -> bool:
        row = (await rows(engine, outbox))[0]
        return len(channel.tries) >= before + times and row.claimed_until is None

    await Working(worker(engine, channel, clock)).until(enough)
    return (await rows(engine, outbox))[0]


async def done(engine: AsyncEngine) -> bool:
    return all(row.status != "waiting" for row in await rows(engine, outbox))


async def test_thirty_chats_get_their_messages_in_order(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger()
    for n in range(30):
        await put(engine, clock, f"p{n}", "1", "2", "3")
    await Working(worker(engine, channel, clock)).until(lambda: done(engine))
    assert all(channel.texts(f"p{n}") == ["1", "2", "3"] for n in range(30))
    assert len({message.key for _, message in channel.sent}) == 90


async def test_two_workers_send_each_message_once_and_in_order(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger()
    in_hand: Counter[str] = Counter()

    async def slowly(chat_id: str, message: Outgoing) -> None:
        in_hand[chat_id] += 1
        assert in_hand[chat_id] == 1
        await asyncio.sleep(0.003)
        in_hand[chat_id] -= 1

    channel.before_sending = slowly
    for n in range(10):
        await put(engine, clock, f"p{n}", *map(str, range(6)))
    async with beside(engine) as other:
        if engine.dialect.name == "sqlite":  # where a second process is refused at its start
            await Working(worker(engine, channel, clock)).until(lambda: done(engine))
        else:
            pair = (worker(engine, channel, clock), worker(other, channel, clock))
            await Working(*pair).until(lambda: done(engine))
    assert all(channel.texts(f"p{n}") == list("012345") for n in range(10))


async def test_notices_in_one_chat_keep_apart_whichever_worker_has_them(engine: AsyncEngine) -> None:
    apart = timedelta(seconds=0.3)
    channel = Messenger(capabilities=replace(CHANNELS["telegram"], spacing=apart))
    moments = list[float]()

    async def note(*_: Any) -> None:
        moments.append(time.monotonic())

    channel.before_sending = note
    conversation = await chat(engine, Clock(), "anna")
    world = replace(world_at(Clock()), clock=system_clock)
    async with engine.begin() as connection:
        (anna,) = await chats_of(connection, [conversation.person_id])
        await box.post(connection, [notice(world, anna, ["Có kết quả rồi ạ."], system_clock()) for _ in range(2)])
    for sent in (1, 2):  # each time by another worker
        delivery = Delivery(engine, {"telegram": channel}, FileStore("memory:///"), world, asyncio.Event())
        await Working(delivery).until(partial(so_many, moments, sent))
    assert moments[1] - moments[0] >= apart.total_seconds()


async def so_many(found: Sequence[Any], count: int) -> bool:
    return len(found) == count


async def test_throttled_waits_as_long_as_it_is_told(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(outcomes=[Throttled(37)])
    await put(engine, clock, "anna", "a1", "a2")
    row = await tried(engine, channel, clock)
    assert row.due_at == clock.now + timedelta(seconds=37)
    clock.now += timedelta(seconds=36.9)
    await Working(worker(engine, channel, clock)).until(lambda: asyncio.sleep(0.3, True))
    assert not channel.sent
    clock.now += timedelta(seconds=0.1)
    await Working(worker(engine, channel, clock)).until(lambda: done(engine))
    assert channel.texts("anna") == ["a1", "a2"]


@pytest.mark.parametrize("error", [Unavailable("x"), ConnectionResetError("x")])
async def test_what_passes_is_tried_again_after_doubling_pauses(engine: AsyncEngine, error: Exception) -> None:
    clock, channel = Clock(), Messenger(outcomes=[error] * 5)
    await put(engine, clock, "anna", "a1", "a2")
    for pause in (2, 4, 8, 16, 32):
        row = await tried(engine, channel, clock)
        assert (row.due_at - clock.now).total_seconds() == pause
        clock.now = row.due_at
    await Working(worker(engine, channel, clock)).until(lambda: done(engine))
    assert channel.texts("anna") == ["a1", "a2"]


async def test_a_closed_window_holds_even_a_reply_until_the_person_writes(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(outcomes=[WindowClosed("x")])
    await put(engine, clock, "anna", "a1", "a2")
    await Working(worker(engine, channel, clock)).until(lambda: done(engine))
    assert channel.texts("anna") == ["a2"]
    assert [(row.status, row.error) for row in await rows(engine, outbox)] == [("held", "WindowClosed"), ("sent", "")]
    assert (await rows(engine, conversations))[0].held == 1


async def test_unreachable_blocks_the_chat_until_the_person_writes(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(outcomes=[Unreachable("bot was blocked by the user")])
    await put(engine, clock, "anna", "a1")
    row = await tried(engine, channel, clock)
    assert (row.status, row.error) == ("failed", "Unreachable")
    assert (await rows(engine, conversations))[0].status == "blocked"
    await say(engine, world_at(clock), "anna", "menu")
    assert (await rows(engine, conversations))[0].status == "open"


async def test_moved_is_sent_to_the_new_chat(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(outcomes=[Moved("-100")])
    await put(engine, clock, "anna", "a1", "a2")
    await Working(worker(engine, channel, clock)).until(lambda: done(engine))
    assert channel.texts("-100") == ["a1", "a2"]
    assert (await rows(engine, conversations))[0].chat_id == "-100"


async def test_moved_to_a_chat_that_is_known_already_fails(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(outcomes=[Moved("bert")])
    await chat(engine, clock, "bert")
    await put(engine, clock, "anna", "a1")
    row = await tried(engine, channel, clock)
    assert (row.status, row.error) == ("failed", "Moved")


@pytest.mark.parametrize("error", [Rejected("Bad Request: Mẩy 0912345678"), FileUnavailable("Mẩy")])
async def test_rejected_has_failed_and_is_logged_without_its_text(
    engine: AsyncEngine, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    clock, channel = Clock(), Messenger(outcomes=[error])
    await put(engine, clock, "anna", "Mẩy", "a2")
    row = await tried(engine, channel, clock)
    assert (row.status, row.error) == ("failed", type(error).__name__)
    assert "Mẩy" not in caplog.text
    await Working(worker(engine, channel, clock)).until(lambda: done(engine))
    assert channel.texts("anna") == ["a2"]


async def test_a_bug_does_not_hold_up_the_chat_for_a_day(engine: AsyncEngine, caplog: pytest.LogCaptureFixture) -> None:
    clock, channel = Clock(), Messenger()
    await put(engine, clock, "anna", "Mẩy", attachments=[{"pages": "nonsense"}])
    await put(engine, clock, "anna", "a2")
    for _ in range(deliver.TRIES_OF_A_BUG):
        await Working(worker(engine, channel, clock)).until(lambda: asyncio.sleep(0.2, True))
        clock.now += timedelta(minutes=1)
    await Working(worker(engine, channel, clock)).until(lambda: done(engine))
    assert [row.status for row in await rows(engine, outbox)] == ["failed", "sent"]
    assert "Mẩy" not in caplog.text


async def test_after_a_day_it_has_failed(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(outcomes=[Unavailable("x")])
    await put(engine, clock, "anna", "a1")
    clock.now += timedelta(days=1, seconds=1)
    row = await tried(engine, channel, clock)
    assert (row.status, row.error) == ("failed", "Unavailable")


async def test_a_channel_that_is_off_keeps_its_messages(sqlite_engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(name="other")
    await put(sqlite_engine, clock, "anna", "a1")
    await Working(worker(sqlite_engine, channel, clock)).until(lambda: asyncio.sleep(0.2, True))
    (row,) = await rows(sqlite_engine, outbox)
    assert (row.status, row.error, row.due_at) == ("waiting", "channel off", clock.now + timedelta(minutes=5))


async def test_a_crash_between_sending_and_marking_sends_again(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger()
    await put(engine, clock, "anna", "a1", "a2")
    crashed = worker(engine, channel, clock)
    for due in await crashed._claim(IN_HAND):
        await crashed._deliver(due)
    assert channel.texts("anna") == ["a1"]
    if engine.dialect.name == "postgresql":
        await Working(worker(engine, channel, clock)).until(lambda: asyncio.sleep(0.2, True))
        assert channel.texts("anna") == ["a1"]  # it might still be alive
        clock.now += box.LEASE + timedelta(seconds=1)
    await Working(worker(engine, channel, clock)).until(lambda: done(engine))
    assert channel.texts("anna") == ["a1", "a1", "a2"]


async def test_a_worker_that_stood_still_past_its_lease_sends_nothing(engine: AsyncEngine) -> None:
    """Stopped between taking a message and sending it, while another one took it over."""
    clock, channel = Clock(), Messenger()
    await put(engine, clock, "anna", "a1")
    stopped = worker(engine, channel, clock)
    (due,) = await stopped._claim(IN_HAND)
    clock.now += box.LEASE + timedelta(seconds=1)
    async with beside(engine) as other:
        await Working(worker(other, channel, clock)).until(lambda: done(engine))
    (before,) = await rows(engine, outbox)
    clock.now += timedelta(minutes=5)
    await stopped._deliver(due)
    await stopped._claim(IN_HAND)
    assert channel.texts("anna") == ["a1"]
    assert await rows(engine, outbox) == [before]


async def test_a_worker_that_stood_still_while_sending_changes_nothing_of_what_came_of_it(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger()
    await put(engine, clock, "anna", "a1")
    stopped = worker(engine, channel, clock)
    (due,) = await stopped._claim(IN_HAND)
    await stopped._deliver(due)  # taken by the platform, not noted yet
    clock.now += box.LEASE + timedelta(seconds=1)
    async with beside(engine) as other:
        await Working(worker(other, channel, clock)).until(lambda: done(engine))
    (before,) = await rows(engine, outbox)
    clock.now += timedelta(minutes=5)
    await stopped._claim(IN_HAND)
    assert channel.texts("anna") == ["a1", "a1"]  # nobody could know
    assert await rows(engine, outbox) == [before]


async def test_a_channel_that_hangs_is_let_go(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "SEND_WITHIN_S", 0.05)
    clock, channel = Clock(), Messenger()

    async def hang(chat_id: str, message: Outgoing) -> None:
        await asyncio.sleep(60)

    channel.before_sending = hang
    await put(engine, clock, "anna", "a1")
    row = await tried(engine, channel, clock)
    assert (row.status, row.error) == ("waiting", "TimeoutError")
    assert row.due_at == clock.now + timedelta(seconds=2)


async def test_closing_finishes_what_is_in_hand_and_marks_it(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger()
    started = asyncio.Event()

    async def slowly(chat_id: str, message: Outgoing) -> None:
        started.set()
        await asyncio.sleep(0.1)

    channel.before_sending = slowly
    await put(engine, clock, "anna", "a1", "a2")
    delivery = worker(engine, channel, clock)
    task = asyncio.create_task(delivery.run())
    await started.wait()
    delivery.close()
    await task
    assert [row.status for row in await rows(engine, outbox)] == ["sent", "waiting"]


async def test_an_outcome_that_could_not_be_written_down_comes_again(
    sqlite_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock, channel = Clock(), Messenger(outcomes=[Unavailable("x")])
    await put(sqlite_engine, clock, "anna", "a1")
    away = [ConnectionRefusedError()]

    async def retry_later(*_: Any, **__: Any) -> None:
        raise away.pop()

    monkeypatch.setattr(box, "retry_later", retry_later)
    delivery = worker(sqlite_engine, channel, clock)
    await Working(delivery).until(lambda: asyncio.sleep(0.2, not away))
    assert "ConnectionRefusedError" in caplog.text
    clock.now += box.LEASE + timedelta(seconds=1)
    await Working(delivery).until(lambda: done(sqlite_engine))


async def test_nothing_to_do_begins_no_writing_transaction(sqlite_engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger()
    await put(sqlite_engine, clock, "anna", "a1")
    delivery = worker(sqlite_engine, channel, clock)
    await Working(delivery).until(lambda: done(sqlite_engine))
    with watched(sqlite_engine, "before_cursor_execute") as statements:
        for _ in range(3):
            assert await delivery._claim(IN_HAND) == []
    assert "BEGIN DEFERRED" in statements
    assert "BEGIN IMMEDIATE" not in statements


async def test_noting_a_reply_asks_only_whether_more_waits(sqlite_engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger()
    await put(sqlite_engine, clock, "anna", "a1")
    delivery = worker(sqlite_engine, channel, clock)
    (due,) = await delivery._claim(IN_HAND)
    await delivery._deliver(due)
    with watched(sqlite_engine, "before_cursor_execute") as statements:
        assert await delivery._claim(IN_HAND) == []
    assert [sql.split()[0] for sql in statements] == ["BEGIN", "UPDATE", "SELECT"]


async def test_a_notice_that_is_out_has_the_newest_list_of_its_chat(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger()
    conversation = await chat(engine, clock, "anna")
    clock.now += timedelta(seconds=1)
    body = {"text": "1. Menu", "listed": [[1, "l:menu", "Menu"]]}
    async with engine.begin() as connection:
        await box.post(connection, [outbox_row(conversation.id, "notice", body, clock())])
    await Working(worker(engine, channel, clock)).until(lambda: done(engine))
    assert (await chat(engine, clock, "anna")).listed == ((1, "l:menu", "Menu"),)


async def test_reading_leaves_nothing_behind_on_the_connection(sqlite_engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger()
    delivery = worker(sqlite_engine, channel, clock)
    delivery._released = True
    with watched(sqlite_engine, "before_cursor_execute") as statements:
        await delivery._claim(IN_HAND)
        await rows(sqlite_engine, outbox)
    assert [sql for sql in statements if sql.startswith("BEGIN")] == ["BEGIN DEFERRED", "BEGIN IMMEDIATE"]


# ---------------------------------------------------------------- attachments


async def test_a_messenger_without_files_gets_links_in_place_of_them(sqlite_engine: AsyncEngine) -> None:
    clock, store = Clock(), FileStore("memory:///")
    channel = Messenger(capabilities=replace(PLAIN, sends=frozenset({"picture"})))
    await with_files(sqlite_engine, clock, store, [("f1", "jpeg", photo("red"))])
    await put(sqlite_engine, clock, "bert", "Cán bộ nhắn", attachments=[{"file": "f1", "name": "Ảnh"}])
    delivery = worker(sqlite_engine, channel, clock, store)
    delivery.world = delivery._linking.world = replace(delivery.world, public_url="https://ocop.test")
    await Working(delivery).until(lambda: done(sqlite_engine))
    sent = dict(channel.sent)
    assert sent["anna"].attachments == ()
    assert sent["anna"].text.startswith(
        "Đây ạ\nChạm vào để mở, trong 24 giờ:\nTL12-26-0001 Kế hoạch.pdf: https://ocop.test/d/"
    )
    assert sent["bert"].text == "Cán bộ nhắn"
    assert [a.name for a in sent["bert"].attachments] == ["Ảnh.jpg"]
    (link,) = await rows(sqlite_engine, download_links)
    assert len(pdfium.PdfDocument(await store.get(link.sha256))) == 1


def photo(colour: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (800, 1000), colour).save(made, "JPEG")
    return made.getvalue()


async def with_files(
    engine: AsyncEngine, clock: Clock, store: FileStore, contents: Sequence[tuple[str, str, bytes]]
) -> None:
    """A message with files (id, kind, bytes) as one attachment spec."""
    await put(engine, clock, "anna", "Đây ạ", attachments=[
        {"pages": [[file_id, 0] for file_id, _, _ in contents], "name": "TL12-26-0001 Kế hoạch.pdf"}
    ])  # fmt: skip
    conversation = await chat(engine, clock, "anna")
    async with engine.begin() as connection:
        for file_id, kind, data in contents:
            row = {
                "id": file_id,
                "person_id": conversation.person_id,
                "conversation_id": conversation.id,
                "channel": "telegram",
                "source": "",
                "name": f"{file_id}.{kind}" if kind == "docx" else "",
                "status": "stored",
                "kind": kind,
                "sha256": await store.put(data),
                "received_at": clock(),
            }
            await connection.execute(insert(files).values(row))


async def test_photos_in_a_row_become_one_pdf_and_a_word_file_stays(sqlite_engine: AsyncEngine, tmp_path: Path) -> None:
    clock, channel, store = Clock(), Messenger(), FileStore(str(tmp_path / "files"))
    word = b"PK not looked into again"
    made = [("f1", "jpeg", photo("red")), ("f2", "jpeg", photo("blue")), ("f3", "docx", word)]
    await with_files(sqlite_engine, clock, store, made)
    await Working(worker(sqlite_engine, channel, clock, store)).until(lambda: done(sqlite_engine))
    pdf, document = channel.sent[0][1].attachments
    assert (pdf.name, pdf.media_type) == ("TL12-26-0001 Kế hoạch.pdf", "application/pdf")
    assert len(pdfium.PdfDocument(pdf.data)) == 2
    assert (document.name, document.data) == ("f3.docx", word)


@pytest.mark.parametrize("damage", ["lost", "changed", "not stored"])
async def test_a_lost_file_is_left_out_and_the_text_still_goes(
    sqlite_engine: AsyncEngine, tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock, channel, store = Clock(), Messenger(), FileStore(str(tmp_path / "files"))
    await with_files(sqlite_engine, clock, store, [("f1", "jpeg", photo("red")), ("f2", "jpeg", photo("blue"))])
    (row,) = await rows(sqlite_engine, files, files.c.id == "f1")
    path = tmp_path / "files" / row.sha256[:2] / row.sha256
    if damage == "lost":
        path.unlink()
    elif damage == "changed":
        path.write_bytes(photo("green"))
    else:
        async with sqlite_engine.begin() as connection:
            await connection.execute(update(files).where(files.c.id == "f1").values(status="failed"))
    await Working(worker(sqlite_engine, channel, clock, store)).until(lambda: done(sqlite_engine))
    message = channel.sent[0][1]
    assert message.text == "Đây ạ"
    assert len(pdfium.PdfDocument(message.attachments[0].data)) == 1
    assert ("file f1 is lost" in caplog.text) == (damage != "not stored")


async def delivered(
    engine: AsyncEngine,
    store: FileStore,
    contents: Sequence[tuple[str, str, bytes]],
    *specs: dict[str, Any],
    **values: Any,
) -> tuple[Attachment, ...]:
    """The attachments that specs over files (id, kind, bytes) become."""
    clock, channel = Clock(), Messenger()
    await with_files(engine, clock, store, contents)
    async with engine.begin() as connection:
        await connection.execute(update(outbox).values(body={"text": "Đây ạ", "attachments": list(specs)}))
        if values:
            await connection.execute(update(files).values(**values))
    await Working(worker(engine, channel, clock, store)).until(lambda: done(engine))
    return channel.sent[0][1].attachments


def shown(attachments: Sequence[Attachment]) -> list[tuple[str, str, str]]:
    return [(one.name, one.media_type, one.show) for one in attachments]


def pdf(pages: int) -> bytes:
    return pages_to_pdf([photo("white")] * pages, "Kế hoạch")


async def test_pages_become_pictures_to_look_at(sqlite_engine: AsyncEngine) -> None:
    made = [("f1", "jpeg", photo("red")), ("f2", "pdf", pdf(2)), ("f3", "docx", b"PK")]
    spec = {"pages": [["f1", 90], ["f2", 0], ["f3", 0]], "name": "TL12-26-0001 Kế hoạch.pdf", "as": "pages"}
    attachments = await delivered(sqlite_engine, FileStore("memory:///"), made, spec)
    pictures = [(f"TL12-26-0001 Kế hoạch {n}.jpg", "image/jpeg", "picture") for n in (1, 2, 3)]
    assert shown(attachments)[:3] == pictures
    assert (attachments[3].name, attachments[3].show) == ("f3.docx", "file")
    assert Image.open(io.BytesIO(attachments[0].data)).size == (1000, 800)
    assert max(Image.open(io.BytesIO(attachments[1].data)).size) == 1600


async def test_no_more_pictures_than_an_album_holds(sqlite_engine: AsyncEngine) -> None:
    made = [("f1", "jpeg", photo("red")), ("f2", "pdf", pdf(12)), ("f3", "jpeg", photo("blue"))]
    spec = {"pages": [[file_id, 0] for file_id, _, _ in made], "name": "a.pdf", "as": "pages"}
    attachments = await delivered(sqlite_engine, FileStore("memory:///"), made, spec)
    assert len(attachments) == 10
    assert all(one.show == "picture" for one in attachments)


async def test_a_sheet_is_one_picture_whatever_is_in_it(sqlite_engine: AsyncEngine) -> None:
    made = [("f1", "jpeg", photo("red")), ("f2", "pdf", pdf(2)), ("f3", "docx", b"PK")]
    parts = [{"pages": [[file_id, 0]], "name": f"Giấy {file_id}.pdf"} for file_id in ("f1", "f2", "f3", "lost")]
    (sheet,) = await delivered(sqlite_engine, FileStore("memory:///"), made, {"papers": parts, "as": "sheet"})
    assert shown([sheet]) == [("Giấy tờ.jpg", "image/jpeg", "picture")]
    image = Image.open(io.BytesIO(sheet.data))
    assert image.size == (1080, 960)
    red, green, blue = image.convert("RGB").getpixel((180, 200))  # type: ignore[misc]
    assert red > 200 > 60 > max(green, blue)


async def test_a_received_file_is_passed_on_as_what_it_is(sqlite_engine: AsyncEngine) -> None:
    made = [("f1", "jpeg", photo("red")), ("f2", "ogg", ogg()), ("f3", "docx", b"PK"), ("f4", "webm", webm())]
    made += [("f5", "amr", amr()), ("f6", "aac", aac())]
    specs = [{"file": "f1", "name": "Ảnh"}, {"file": "f2", "name": "Ghi âm"}, {"file": "f3"}, {"file": "f4"}]
    specs += [{"file": "f5", "name": "Ghi âm"}, {"file": "f6", "name": "Ghi âm"}]
    attachments = await delivered(sqlite_engine, FileStore("memory:///"), made, *specs)
    assert shown(attachments) == [
        ("Ảnh.jpg", "image/jpeg", "picture"),
        ("Ghi âm.ogg", "audio/ogg", "voice"),
        ("f3.docx", papers.MEDIA_TYPES[papers.Kind.DOCX], "file"),
        ("f4.webm", "audio/webm", "voice"),
        ("Ghi âm.amr", "audio/amr", "voice"),
        ("Ghi âm.aac", "audio/aac", "voice"),
    ]
    assert attachments[1].data == ogg()


async def test_a_photo_that_is_passed_on_tells_no_place(sqlite_engine: AsyncEngine) -> None:
    made = io.BytesIO()
    exif = Image.Exif()
    exif[0x0110] = "PLANTED PHONE"
    exif.get_ifd(0x8825)[2] = (21.0, 30.0, 0.0)
    Image.new("RGB", (800, 1000), "red").save(made, "JPEG", exif=exif)
    assert b"PLANTED" in made.getvalue()
    (attachment,) = await delivered(
        sqlite_engine, FileStore("memory:///"), [("f1", "jpeg", made.getvalue())], {"file": "f1"}
    )
    with Image.open(io.BytesIO(attachment.data)) as image:
        assert not image.getexif()
    assert b"PLANTED" not in attachment.data


async def test_a_file_of_somebody_else_is_handed_on(sqlite_engine: AsyncEngine) -> None:
    """A photo that an officer marked goes to the producer: whose it is was looked at when the note was written."""
    clock, channel, store = Clock(), Messenger(), FileStore("memory:///")
    await with_files(sqlite_engine, clock, store, [("f1", "jpeg", photo("red"))])
    await put(sqlite_engine, clock, "bert", "Cán bộ nhắn", attachments=[{"file": "f1", "name": "Ảnh"}])
    await Working(worker(sqlite_engine, channel, clock, store)).until(lambda: done(sqlite_engine))
    (message,) = [message for to, message in channel.sent if to == "bert"]
    assert shown(message.attachments) == [("Ảnh.jpg", "image/jpeg", "picture")]


async def test_a_note_waits_for_its_photo_and_not_for_ever(engine: AsyncEngine) -> None:
    clock, channel, store = Clock(), Messenger(), FileStore("memory:///")
    await with_files(engine, clock, store, [("f1", "jpeg", photo("red"))])
    async with engine.begin() as connection:
        await connection.execute(update(files).values(status="pending"))
        await connection.execute(update(outbox).values(body={"text": "Đây ạ", "attachments": [{"file": "f1"}]}))
    delivery = worker(engine, channel, clock, store)

    async def put_off() -> bool:
        return bool((await rows(engine, outbox))[0].attempts)

    await Working(delivery).until(put_off)
    (row,) = await rows(engine, outbox)
    assert (row.status, row.due_at) == ("waiting", clock.now + timedelta(seconds=deliver.FILE_PAUSE_S))
    assert not channel.tries
    clock.now += deliver.WAIT_FOR_FILES
    await Working(delivery).until(lambda: done(engine))
    assert [(message.text, message.attachments) for _, message in channel.sent] == [("Đây ạ", ())]


async def test_few_messages_have_their_pictures_made_at_once(
    sqlite_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, channel, store = Clock(), Messenger(), FileStore("memory:///")
    await with_files(sqlite_engine, clock, store, [("f1", "jpeg", photo("red"))])
    for n in range(6):
        await put(sqlite_engine, clock, f"p{n}", "Đây ạ", attachments=[{"file": "f1"}])
    making = Counter[str]()

    async def counted(*_: Any) -> list[Attachment]:
        making["now"] += 1
        making["most"] = max(making["most"], making["now"])
        await asyncio.sleep(0.02)
        making["now"] -= 1
        return []

    monkeypatch.setattr(attachments, "made", counted)
    await Working(worker(sqlite_engine, channel, clock, store)).until(lambda: done(sqlite_engine))
    assert len(channel.sent) == 7
    assert making["most"] == deliver.MAKING


class Away(FileStore):
    """A store that is down for the first tries."""

    def __init__(self, times: int) -> None:
        super().__init__("memory:///")
        self.times = times

    async def get(self, sha256: str) -> bytes:
        self.times -= 1
        if self.times >= 0:
            raise StoreAway("GenericError")
        return await super().get(sha256)


async def test_a_store_that_is_away_delays_the_message_and_no_more(sqlite_engine: AsyncEngine) -> None:
    clock, channel, store = Clock(), Messenger(), Away(deliver.TRIES_OF_A_BUG + 2)
    await with_files(sqlite_engine, clock, store, [("f1", "jpeg", photo("red"))])
    for _ in range(deliver.TRIES_OF_A_BUG + 3):
        await Working(worker(sqlite_engine, channel, clock, store)).until(lambda: asyncio.sleep(0.1, True))
        clock.now += timedelta(minutes=16)
    await Working(worker(sqlite_engine, channel, clock, store)).until(lambda: done(sqlite_engine))
    assert len(channel.sent[0][1].attachments) == 1


async def test_no_log_of_delivery_has_a_word(sqlite_engine: AsyncEngine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "aiosqlite")
    clock = Clock()
    channel = Messenger(outcomes=[Unavailable("Mẩy"), KeyError("Mẩy"), Unreachable("Mẩy")])
    await put(sqlite_engine, clock, "anna", "Mẩy")
    for _ in range(3):
        await tried(sqlite_engine, channel, clock)
        clock.now += timedelta(minutes=1)
    assert "Mẩy" not in caplog.text + "".join(str(record.__dict__) for record in caplog.records)


async def all_sent(engine: AsyncEngine, number: int) -> bool:
    return len(await rows(engine, outbox, outbox.c.status == "sent")) == number


async def test_a_crowd_of_notices_leaves_places_for_replies(sqlite_engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger()
    everybody = [await chat(sqlite_engine, clock, f"p{n}") for n in range(IN_HAND)]
    go = asyncio.Event()

    async def hang(chat_id: str, message: Outgoing) -> None:
        if message.unprompted:
            await go.wait()

    channel.before_sending = hang
    async with sqlite_engine.begin() as connection:
        await box.post(connection, [outbox_row(c.id, "notice", {"text": "x"}, clock()) for c in everybody])
    delivery = worker(sqlite_engine, channel, clock)

    async def notices_hang() -> bool:
        return len(channel.tries) == deliver.NOTICES_IN_HAND

    async def answered() -> bool:
        return bool(channel.texts("anna"))

    async def afterwards() -> None:
        await once(notices_hang)
        await put(sqlite_engine, clock, "anna", "a1")
        await once(answered)
        go.set()

    await asyncio.gather(Working(delivery).until(lambda: all_sent(sqlite_engine, IN_HAND + 1)), afterwards())
    assert channel.sent[0][0] == "anna"
    assert len(channel.sent) == IN_HAND + 1


async def test_while_a_channel_is_throttled_nothing_of_it_is_taken(sqlite_engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(outcomes=[Throttled(37)])
    await put(sqlite_engine, clock, "anna", "a1")
    delivery = worker(sqlite_engine, channel, clock)
    (first,) = await delivery._claim(IN_HAND)
    await delivery._deliver(first)
    await put(sqlite_engine, clock, "bert", "b1")
    assert await delivery._claim(IN_HAND) == []
    clock.now += timedelta(seconds=37)
    assert [due.body["text"] for due in await delivery._claim(IN_HAND)] == ["a1", "b1"]


async def test_a_message_that_waits_alone_holds_up_nobody_else(sqlite_engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger(outcomes=[Throttled(37, alone=True)])
    await put(sqlite_engine, clock, "anna", "a1")
    delivery = worker(sqlite_engine, channel, clock)
    (first,) = await delivery._claim(IN_HAND)
    await delivery._deliver(first)
    await put(sqlite_engine, clock, "bert", "b1")
    assert [due.body["text"] for due in await delivery._claim(IN_HAND)] == ["b1"]
    clock.now += timedelta(seconds=37)
    assert [due.body["text"] for due in await delivery._claim(IN_HAND)] == ["a1"]


# ---------------------------------------------------------------- straight from the intake


async def test_a_reply_goes_out_without_being_looked_for(engine: AsyncEngine) -> None:
    clock, channel = Clock(), Messenger()
    delivery = worker(engine, channel, clock)
    world = delivery.world
    assert delivery.hand.room == (0 if engine.dialect.name == "sqlite" else IN_HAND)  # not before the first look
    assert await delivery._claim(IN_HAND) == []
    for n in range(3):  # what was sent and is not marked yet holds nothing up
        delivery.take(await handle(engine, world, [typed("anna", "menu", f"{n}")], delivery))
        await asyncio.gather(*delivery._hands._busy)
    assert len(channel.sent) == 3
    assert {row.status for row in await rows(engine, outbox)} == {"waiting"}
    assert await delivery._claim(IN_HAND) == []
    assert [row.status for row in await rows(engine, outbox)] == ["sent"] * 3
    assert not delivery.hand.gone


async def test_a_reply_waits_for_the_one_before(engine: AsyncEngine) -> None:
    clock, channel, go = Clock(), Messenger(), asyncio.Event()

    async def slowly(chat_id: str, message: Outgoing) -> None:
        await go.wait()

    channel.before_sending = slowly
    delivery = worker(engine, channel, clock)
    assert await delivery._claim(IN_HAND) == []
    async with taking(engine, delivery.world) as intake:
        intake.outlet = delivery
        for words in ("menu", "giúp"):
            await intake.submit(typed("anna", words, words))
    assert len(delivery._hands._busy) == 1
    go.set()
    await Working(delivery).until(lambda: done(engine))
    assert [message.key for _, message in channel.sent] == [str(row.id) for row in await rows(engine, outbox)]
    assert len(channel.sent) == 2

"""The mailbox alone, on both databases."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Attachment, Button, FileUnavailable, Outgoing
from bot.channels.web import Web
from bot.web.mailbox import Mailbox
from storage import people
from storage.files import FileStore
from storage.models import people as people_table
from storage.records import conversations_of
from tests.facts import NOW, world

CHAT = "c" * 32


@pytest.fixture
def mailbox(engine: AsyncEngine, tmp_path: Path) -> Mailbox:
    return Mailbox(engine, FileStore(str(tmp_path / "files")), world())


async def agreed(engine: AsyncEngine, consent: str = "yes", *, officer: bool = False) -> None:
    async with engine.begin() as connection:
        found = await conversations_of(connection, {("web", CHAT): "en"}, NOW)
        who = people_table.c.id == found["web", CHAT].person_id
        await connection.execute(update(people_table).where(who).values(consent=consent, officer=officer))


async def test_a_message_keeps_its_buttons_and_files(mailbox: Mailbox) -> None:
    attachment = Attachment("Kế hoạch.pdf", "application/pdf", b"%PDF")
    message = Outgoing("1", "Chào chị", (Button("o:a:b", "Đồng ý"),), (attachment,), ask_location="Ở đâu")
    channel = Web(mailbox)
    for _ in range(2):  # sent again after a time-out
        await channel.send(CHAT, message)
    (shown,) = await mailbox.messages(CHAT, 0, 0)
    assert (shown["text"], shown["mine"], shown["key"]) == ("Chào chị", False, None)
    assert shown["buttons"] == [{"data": "o:a:b", "label": "Đồng ý"}]
    assert shown["ask_location"] == "Ở đâu"
    (file,) = shown["attachments"]
    named = {"name": "Kế hoạch.pdf", "media_type": "application/pdf", "show": "file"}
    assert file == {"url": f"chat/file/{shown['id']}/0", **named}
    assert await mailbox.attachment(CHAT, shown["id"], 0) == (b"%PDF", "Kế hoạch.pdf", "application/pdf")
    for chat_id, message_id, index in ((CHAT, shown["id"], 1), (CHAT, shown["id"], -1), ("d" * 32, shown["id"], 0)):
        assert await mailbox.attachment(chat_id, message_id, index) is None


async def test_the_page_knows_what_is_to_look_at_and_whether_a_voice_is_awaited(mailbox: Mailbox) -> None:
    files = (Attachment("a.jpg", "image/jpeg", b"1", "picture"), Attachment("b.ogg", "audio/ogg", b"2", "voice"))
    await mailbox.deliver(CHAT, Outgoing("1", "Chào", (), files, takes_voice=True))
    await mailbox.deliver(CHAT, Outgoing("2", "Chào"))
    first, second = await mailbox.messages(CHAT, 0, 0)
    assert [file["show"] for file in first["attachments"]] == ["picture", "voice"]
    assert (first["takes_voice"], second["takes_voice"]) == (True, False)


async def test_a_file_that_the_store_has_lost_is_none(mailbox: Mailbox, tmp_path: Path) -> None:
    await mailbox.deliver(CHAT, Outgoing("1", "", (), (Attachment("a.pdf", "application/pdf", b"x"),)))
    for kept in [path for path in (tmp_path / "files").rglob("*") if path.is_file()]:
        kept.unlink()
    (shown,) = await mailbox.messages(CHAT, 0, 0)
    assert await mailbox.attachment(CHAT, shown["id"], 0) is None


@pytest.mark.parametrize(("consent", "officer", "kept"), [("", False, ""), ("no", False, ""), ("yes", False, "words")])
async def test_words_are_kept_after_a_yes_only(
    mailbox: Mailbox, engine: AsyncEngine, consent: str, officer: bool, kept: str
) -> None:
    await agreed(engine, consent, officer=officer)
    await mailbox.echo(CHAT, "key-00001", "words")
    assert [message["text"] for message in await mailbox.messages(CHAT, 0, 0)] == [kept]


async def test_an_officers_duty_is_consent_enough(mailbox: Mailbox, engine: AsyncEngine) -> None:
    assert not await mailbox.may_keep(CHAT)
    await agreed(engine, "", officer=True)
    assert await mailbox.may_keep(CHAT)
    assert await mailbox.locale(CHAT) == "en"
    assert await mailbox.locale("d" * 32) == ""


async def test_a_person_cannot_take_the_place_of_a_message_of_the_bot(mailbox: Mailbox, engine: AsyncEngine) -> None:
    await agreed(engine)
    await mailbox.echo(CHAT, "b12345678", "mine")
    await mailbox.deliver(CHAT, Outgoing("12345678", "the bot's"))
    assert [message["text"] for message in await mailbox.messages(CHAT, 0, 0)] == ["mine", "the bot's"]


async def test_every_waiting_page_wakes_and_leaves_nothing_behind(mailbox: Mailbox) -> None:
    waiting = [asyncio.create_task(mailbox.messages(CHAT, 0, 20)) for _ in range(3)]
    other = asyncio.create_task(mailbox.messages("d" * 32, 0, 20))
    await asyncio.sleep(0.2)
    async with asyncio.timeout(5):
        await mailbox.deliver(CHAT, Outgoing("1", "Chào"))
        assert [len(found) for found in await asyncio.gather(*waiting)] == [1, 1, 1]
        assert not other.done()
        other.cancel()
        await asyncio.gather(other, return_exceptions=True)
    assert mailbox._waiting == {}


async def test_messages_of_another_process_arrive_too(mailbox: Mailbox, engine: AsyncEngine, tmp_path: Path) -> None:
    """On SQLite one process does everything; on PostgreSQL the worker writes what the web process shows."""
    waiting = asyncio.create_task(mailbox.messages(CHAT, 0, 4))
    await asyncio.sleep(0.1)
    worker = Mailbox(engine, FileStore(str(tmp_path / "files")), world())
    await worker.deliver(CHAT, Outgoing("1", "Chào"))
    assert len(await waiting) == 1


async def test_ids_of_one_chat_grow_in_the_order_they_are_seen(mailbox: Mailbox) -> None:
    seen: list[int] = []

    async def reader() -> None:
        while len(seen) < 40:
            found = await mailbox.messages(CHAT, seen[-1] if seen else 0, 2)
            seen.extend(message["id"] for message in found)

    reading = asyncio.create_task(reader())
    writers = (mailbox.deliver(CHAT, Outgoing(str(n), "x")) for n in range(40))
    async with asyncio.timeout(20):
        await asyncio.gather(*writers)
        await reading
    assert seen == sorted(set(seen))


async def test_closing_answers_everybody_at_once(mailbox: Mailbox) -> None:
    waiting = [asyncio.create_task(mailbox.messages(chat, 0, 20)) for chat in ("a", "b", "b")]
    await asyncio.sleep(0.2)
    async with asyncio.timeout(2):
        mailbox.close()
        assert await asyncio.gather(*waiting) == [[], [], []]
        assert await mailbox.messages("a", 0, 20) == []


async def test_the_page_needs_no_webhook_and_has_nothing_to_fetch(mailbox: Mailbox) -> None:
    channel = Web(mailbox)
    assert [updates async for updates in channel.updates()] == []
    with pytest.raises(ValueError, match="no webhook"):
        channel.read({}, b"")
    with pytest.raises(FileUnavailable):
        await channel.fetch("anything")
    await channel.close()


async def test_the_words_of_a_chat_are_forgotten_with_the_person(mailbox: Mailbox, engine: AsyncEngine) -> None:
    await agreed(engine)
    await mailbox.echo(CHAT, "key-00001", "Mẩy")
    newest = (await mailbox.messages(CHAT, 0, 0))[-1]["id"]
    async with engine.begin() as connection:
        found = await conversations_of(connection, {("web", CHAT): "en"}, NOW)
        await people.forget(connection, found["web", CHAT], ())
    assert await mailbox.messages(CHAT, 0, 0) == []
    await mailbox.deliver(CHAT, Outgoing("9", "Đã xoá"))
    assert [message["text"] for message in await mailbox.messages(CHAT, newest, 0)] == ["Đã xoá"]

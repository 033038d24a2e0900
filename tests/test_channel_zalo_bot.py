"""The Zalo Bot channel: events of every shape in, messages and each error out, polling that loses nothing it read."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from sqlalchemy import String

from bot.channels import zalo_bot
from bot.channels.base import (
    Attachment,
    BadSignature,
    Channel,
    ChannelError,
    FileUnavailable,
    Outgoing,
    Rejected,
    Suspended,
    Throttled,
    Unavailable,
    Unreachable,
    Update,
)
from bot.channels.zalo_bot import ZaloBot, updates_of
from dialogs.model import Event, FileReceived, TextReceived, UnsupportedReceived
from storage.models import updates as updates_table
from tests.doubles.people import photo
from tests.doubles.server import Failure
from tests.doubles.zalo_bot import TOKEN, Friend
from tests.doubles.zalo_bot import ZaloBot as Platform

SECRET = "a-secret-of-the-webhook"
PERSON, CHAT = {"id": "6ede9afa66b8", "display_name": "Lan", "is_bot": False}, {"id": "6ede9afa66b8"}
PRIVATE = CHAT | {"chat_type": "PRIVATE"}


def event(kind: str = "text", /, **message: Any) -> dict[str, Any]:
    """As platforms.md has them; a field that is None is left out."""
    whole = {"from": PERSON, "chat": PRIVATE, "message_id": "2d758cb5e222", "date": 1750316131602} | message
    return {
        "event_name": f"message.{kind}.received",
        "message": {name: value for name, value in whole.items() if value is not None},
    }


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with Platform() as api:
        yield api


@pytest.fixture
async def channel(platform: Platform) -> AsyncIterator[ZaloBot]:
    made = ZaloBot(platform.token, platform.url, SECRET, ["127.0.0.1"])
    yield made
    await made.close()


# ---------------------------------------------------------------- in


def test_it_is_a_channel() -> None:
    channel: Channel = ZaloBot("1:x")
    assert not channel.capabilities.receives_files
    assert channel.capabilities.receives_photos


def read(body: object, secret: str = SECRET) -> list[Update]:
    return ZaloBot("1:x", secret_token=SECRET).read({"X-Bot-Api-Secret-Token": secret}, json.dumps(body).encode())


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_body_comes_wrapped_or_bare(wrapped: bool) -> None:
    said = event(text="đăng ký")
    (update,) = read({"ok": True, "result": said} if wrapped else said)
    assert update == Update(
        "zalo_bot", "message.text.received:2d758cb5e222", "6ede9afa66b8", TextReceived("đăng ký"), ""
    )


@pytest.mark.parametrize("secret", ["", SECRET[:-1], f"{SECRET}x", SECRET.upper(), "mật khẩu"])
def test_a_wrong_secret_is_refused(secret: str) -> None:
    with pytest.raises(BadSignature):
        read(event(text="1"), secret)
    with pytest.raises(BadSignature):
        ZaloBot("1:x", secret_token=SECRET).read({}, json.dumps(event(text="1")).encode())


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"\xff", b"<html>"])
def test_what_is_no_event_at_all_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        ZaloBot("1:x").read({}, body)


@pytest.mark.parametrize("key", ["photo", "photo_url"])
def test_a_photo_and_its_caption_are_two_updates(key: str) -> None:
    picture, caption = read(event("image", **{key: "https://f.zdn.vn/p.jpg", "caption": "ruộng"}))
    assert isinstance(picture.event, FileReceived)
    assert picture.event.file.is_photo
    assert picture.source == "https://f.zdn.vn/p.jpg"
    assert (caption.event, caption.key) == (TextReceived("ruộng"), f"{picture.key}c")
    again, _ = read(event("image", **{key: "https://other.zdn.vn/q.jpg", "caption": "ruộng"}))
    assert again.event == picture.event  # the address may be another when it is delivered again


def test_a_voice_note_is_a_file_that_is_listened_to() -> None:
    (update,) = read(event("voice", voice_url="https://f.zdn.vn/v.aac"))
    assert isinstance(update.event, FileReceived)
    assert update.event.file.is_voice
    assert not update.event.file.is_photo


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (event("sticker", sticker="0e07", url="https://x/s.png"), UnsupportedReceived("sticker")),
        (event("unsupported"), UnsupportedReceived("hidden")),
        (event("image"), UnsupportedReceived("hidden")),
        (event("voice"), UnsupportedReceived("hidden")),
        (event("text", text=""), UnsupportedReceived("hidden")),
        (event("hologram"), UnsupportedReceived("hidden")),
        (event(text="a\0b\ud800c"), TextReceived("abc")),
        (event(text="1", chat=CHAT), TextReceived("1")),  # its kind left out, and the person's own
        (event(text="1", message_id=77), TextReceived("1")),
        (event(text="1", **{"from": {"id": "6ede9afa66b8", "first_name": "Lan"}}), TextReceived("1")),
    ],
)
def test_what_else_people_send(body: dict[str, Any], meant: Event) -> None:
    (update,) = updates_of(body)
    assert update.event == meant


@pytest.mark.parametrize(
    "body",
    [
        event(text="1", chat={"id": "g1", "chat_type": "GROUP"}),
        event(text="1", chat={"id": "g1"}),
        event(text="1", chat={"id": "x" * 81, "chat_type": "PRIVATE"}),
        event(text="1", **{"from": PERSON | {"is_bot": True}}),
        event(text="1", **{"from": None}),
        event(text="1", chat=None),
        event(text="1", message_id=None),
        {"event_name": "message.text.received", "message": "1"},
        {"event_name": "user.follow", "message": event(text="1")["message"]},
        {"message": {}},
        {},
        {"ok": True},
        None,
    ],
)
def test_groups_bots_and_what_is_incomplete_are_left_out(body: Any) -> None:
    assert updates_of(body) == []


def test_a_long_id_still_fits_the_table() -> None:
    room = cast("String", updates_table.c.key.type).length or 0
    for length in (20, 57, 58, 59, 200):
        found = updates_of(event("image", photo="https://x/p.jpg", caption="x", message_id="m" * length))
        assert all(len(update.key) <= room for update in found)
        assert len({update.key for update in found}) == 2


# ---------------------------------------------------------------- polling


async def test_polling_gives_one_event_at_a_time(platform: Platform, channel: ZaloBot) -> None:
    lan = Friend(platform)
    lan.types("một")
    lan.sends_photo(photo(), "hai")
    found = channel.updates()
    assert [update.event for update in await anext(found)] == [TextReceived("một")]
    picture, caption = await anext(found)
    assert caption.event == TextReceived("hai")
    assert await channel.fetch(picture.source) == photo()
    assert platform.made("getUpdates")[0].params == {"timeout": "30"}


async def test_what_was_read_and_not_taken_is_given_again(platform: Platform, channel: ZaloBot) -> None:
    Friend(platform).types("một")
    for _ in range(3):  # whoever took it broke before asking for the next, and the loop starts again
        (update,) = await anext(channel.updates())
        assert update.event == TextReceived("một")
    found = channel.updates()
    await anext(found)
    Friend(platform).types("hai")
    (update,) = await anext(found)
    assert update.event == TextReceived("hai")
    assert len(platform.made("getUpdates")) == 2


async def test_silence_is_no_trouble(
    platform: Platform, channel: ZaloBot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(zalo_bot, "POLL_S", 0.1)
    monkeypatch.setattr(zalo_bot, "SOON_S", 0.2)
    task = asyncio.ensure_future(anext(channel.updates()))
    await platform.until(lambda: len(platform.made("getUpdates")) == 3)
    Friend(platform).types("một")
    assert [update.event for update in await task] == [TextReceived("một")]
    begun, _, last = (call.at for call in platform.made("getUpdates")[:3])
    assert last - begun >= 0.4  # a server that does not hold the poll is not flooded
    assert not caplog.records


@pytest.mark.parametrize("failure", [Failure(drop=True), Failure(garbage=True), Failure(status=502), Failure(code=429)])
async def test_polling_waits_out_trouble_and_names_no_address(
    platform: Platform, channel: ZaloBot, failure: Failure, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr(zalo_bot, "FIRST_BACKOFF_S", 0.05)
    platform.fail("getUpdates", failure, times=3)
    Friend(platform).types("một")
    (update,) = await asyncio.wait_for(anext(channel.updates()), 10)
    assert update.event == TextReceived("một")
    first, *_, last = (call.at for call in platform.made("getUpdates"))
    assert last - first >= 0.05 + 0.1 + 0.2
    assert len(caplog.records) == 3
    assert TOKEN not in caplog.text
    assert "127.0.0.1" not in caplog.text


async def test_polling_while_the_webhook_is_set_says_so(
    platform: Platform, channel: ZaloBot, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr(zalo_bot, "FIRST_BACKOFF_S", 0.05)
    platform.webhook = "https://elsewhere.example/hook"
    task = asyncio.ensure_future(anext(channel.updates()))
    await platform.until(lambda: len(platform.made("getUpdates")) == 2)
    task.cancel()
    assert "Rejected" in caplog.text


# ---------------------------------------------------------------- out


@pytest.fixture
def lan(platform: Platform) -> Friend:
    """Somebody who has written to the bot."""
    friend = Friend(platform)
    friend.types("xin chào")
    platform.pending.clear()
    return friend


def words(text: str, *attachments: Attachment, key: str = "1") -> Outgoing:
    return Outgoing(key, text, attachments=attachments)


async def test_a_message_goes_out_as_plain_text(platform: Platform, channel: ZaloBot, lan: Friend) -> None:
    sent = await channel.send(lan.id, words("*Không* in <b>đậm</b>\n1. Có\n2. Không"))
    (seen,) = lan.seen
    assert seen.text == "*Không* in <b>đậm</b>\n1. Có\n2. Không"
    assert sent.ids == (seen.id,)
    assert set(platform.made("sendMessage")[0].params) == {"chat_id", "text"}


async def test_a_long_message_is_split_and_its_list_stays_whole(channel: ZaloBot, lan: Friend) -> None:
    choices = "\n".join(f"{n}. Lựa chọn thứ {n} {'a' * 60}" for n in range(1, 12))
    sent = await channel.send(lan.id, words("Một câu dài. " * 140 + "\n\nChọn gì ạ?\n" + choices))
    assert len(sent.ids) == len(lan.seen) > 1
    assert all(len(seen.text) <= 2000 for seen in lan.seen)
    assert lan.seen[-1].text.endswith(f"Chọn gì ạ?\n{choices}")


def picture(address: str) -> Attachment:
    return Attachment("Ảnh.jpg", "image/jpeg", b"", "picture", address)


async def test_pictures_go_by_their_address_before_the_words(platform: Platform, channel: ZaloBot, lan: Friend) -> None:
    address = platform.host("picture.jpg", photo())
    sent = await channel.send(lan.id, words("Ảnh của anh chị", picture(address)))
    shown, said = lan.seen
    assert (shown.kind, shown.data) == ("photo", photo())
    assert said.text == "Ảnh của anh chị"
    assert sent.ids == (shown.id, said.id)


async def test_a_picture_that_is_not_taken_goes_as_a_link(platform: Platform, channel: ZaloBot, lan: Friend) -> None:
    address = platform.host("picture.jpg", b"no picture")
    await channel.send(lan.id, words("Ảnh", picture(address)))
    assert [seen.text for seen in lan.seen] == [address, "Ảnh"]


async def test_after_a_failure_it_goes_on_where_it_stopped(platform: Platform, channel: ZaloBot, lan: Friend) -> None:
    message = words("a" * 1990 + "\n\n" + "b" * 1990)
    platform.fail("sendMessage", Failure(delay_s=0))
    platform.fail("sendMessage", Failure(status=502))
    with pytest.raises(Unavailable):
        await channel.send(lan.id, message)
    sent = await channel.send(lan.id, message)
    assert [seen.text[0] for seen in lan.seen] == ["a", "b"]
    assert sent.ids == tuple(seen.id for seen in lan.seen)


@pytest.mark.parametrize("status_of_errors", [200, 0])
@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (Failure(code=400, message="Bad Request: text is empty"), Rejected),
        (Failure(code=400, message="Bad Request: chat not found"), Unreachable),
        (Failure(code=401, message="Unauthorized"), Suspended),
        (Failure(code=403, message="Forbidden: bot was blocked by the user"), Unreachable),
        (Failure(code=403, message="Internal error"), Unavailable),
        (Failure(code=404, message="Not Found"), Unavailable),
        (Failure(code=404, message="User does not exist"), Unreachable),
        (Failure(code=408, message="Request timeout"), Unavailable),
        (Failure(code=429, message="Quota exceeded"), Throttled),
        (Failure(code=500, message="chat is invalid"), Unavailable),
        (Failure(status=401, message="a proxy's own"), Unavailable),
        (Failure(status=302, message=""), Unavailable),
        (Failure(garbage=True), Unavailable),
        (Failure(drop=True), Unavailable),
    ],
)
async def test_what_becomes_of_each_error(
    platform: Platform,
    channel: ZaloBot,
    lan: Friend,
    failure: Failure,
    outcome: type[ChannelError],
    status_of_errors: int,
) -> None:
    platform.status_of_errors = status_of_errors
    platform.fail("sendMessage", failure)
    with pytest.raises(ChannelError) as raised:
        await channel.send(lan.id, words("Mẩy 0912345678"))
    assert type(raised.value) is outcome
    assert raised.value.__suppress_context__
    assert TOKEN not in f"{raised.value!r} {raised.value}"
    assert not lan.seen


async def test_a_server_that_never_answers_is_let_go(
    platform: Platform, channel: ZaloBot, lan: Friend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zalo_bot.ZaloBot._call, "__defaults__", (0.2,))
    platform.fail("sendMessage", Failure(delay_s=5))
    with pytest.raises(Unavailable, match="TimeoutError"):
        await channel.send(lan.id, words("a"))


async def test_an_answer_without_end_is_not_read(
    platform: Platform, channel: ZaloBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zalo_bot, "MAX_ANSWER_BYTES", 20)
    with pytest.raises(Unavailable, match="ValueError"):
        await channel.me()


@pytest.mark.parametrize("message", [words(" \n "), words("Ảnh", picture(""))])
async def test_what_can_not_be_sent_at_all(channel: ZaloBot, lan: Friend, message: Outgoing) -> None:
    with pytest.raises(Rejected):
        await channel.send(lan.id, message)
    assert not lan.seen


def test_only_pictures_go_as_themselves() -> None:
    channel = ZaloBot("1:x")
    assert channel.carries(picture(""))
    assert not channel.carries(Attachment("Ảnh.png", "image/png", b"", "picture"))
    assert not channel.carries(Attachment("Ghi âm.ogg", "audio/ogg", b"", "voice"))
    assert not channel.carries(Attachment("Kế hoạch.pdf", "application/pdf", b""))


async def test_files_come_from_the_platforms_own_hosts_only(platform: Platform) -> None:
    channel = ZaloBot(platform.token, "https://bot-api.zaloplatforms.com", SECRET, ["zdn.vn"])
    for address in (
        f"{platform.url}/dl/x/p.jpg",
        "https://zdn.vn.example/p.jpg",
        "file:///etc/passwd",
        "",
        "https://[",
    ):
        with pytest.raises(FileUnavailable):
            await channel.fetch(address)
    await channel.close()


# ---------------------------------------------------------------- life


async def test_the_webhook_is_set_and_the_platform_posts_with_the_secret(platform: Platform, channel: ZaloBot) -> None:
    taken: list[Update] = []

    async def forge(body: bytes, headers: Any) -> int:
        taken.extend(channel.read(headers, body))
        return 200

    platform.forge = forge  # type: ignore[method-assign]  # its one probe, without a server of ours
    await channel.set_up("https://ocop.example/zalo-bot")
    assert await channel.webhook() == "https://ocop.example/zalo-bot"
    assert taken == []
    await channel.set_up("")
    assert await channel.webhook() == ""


async def test_a_webhook_that_is_not_reached_is_trouble(platform: Platform, channel: ZaloBot) -> None:
    with pytest.raises(Unavailable, match=r"webhook\.err\.connect|webhook\.http\."):
        await channel.set_up("http://127.0.0.1:9/zalo-bot")


async def test_the_bot_says_who_it_is(platform: Platform, channel: ZaloBot) -> None:
    assert await channel.me() == zalo_bot.Me("1459232241454765289", "bot.OCOPTest", "BASIC")


async def test_a_wrong_token_suspends_the_channel(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(logging.getLogger("aiohttp.access"), "disabled", True)  # the double's own
    channel = ZaloBot("1:wrong-token", platform.url)
    with pytest.raises(Suspended) as raised:
        await channel.me()
    await channel.close()
    assert raised.value.why == "token"
    assert "wrong-token" not in caplog.text

"""The Telegram channel against recorded payloads and a Bot API server of our own, over real HTTP."""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import bot.channels.quick_aiogram  # noqa: F401  before aiogram

# isort: split
import aiogram.types as tg
import pytest
import telegram as ptb
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import DeleteStory
from pydantic import ValidationError

from bot.channels import telegram, telegram_aiogram, telegram_notices
from bot.channels.base import (
    Attachment,
    BadSignature,
    Button,
    Channel,
    ChannelError,
    FileUnavailable,
    Moved,
    Outgoing,
    Rejected,
    Throttled,
    Unavailable,
    Unreachable,
    Update,
)
from bot.channels.pace import OwnBudget, Pace, Rate
from bot.channels.telegram import RATE, Telegram
from bot.channels.telegram_notices import OutboxRateLimiter
from bot.channels.telegram_parts import MAX_UPLOAD_BYTES, parts_of
from bot.channels.telegram_words import words_in
from dialogs.model import (
    CommandReceived,
    ContactShared,
    Event,
    FileReceived,
    FileRef,
    LinkFollowed,
    LocationShared,
    OptionChosen,
    TextReceived,
    UnsupportedReceived,
)
from tests.doubles.bot_api import TOKEN, BotApi, Chat, Failure, Phone
from tests.sounds import amr

PAYLOADS = Path(__file__).parent / "payloads" / "telegram"
UPDATES = sorted(path.stem for path in PAYLOADS.glob("*.json") if not path.stem.startswith("sent_"))
READER = Telegram(TOKEN)  # making one takes 50 ms, for the certificates
JPEG = b"\xff\xd8\xff\xe0 a small photo"

EVENTS: dict[str, list[Event]] = {
    "text": [TextReceived("Em muốn bán măng khô")],
    "start": [CommandReceived("start")],
    "start_payload": [CommandReceived("start", "c-02683-hoicho")],
    "command_named_bot": [CommandReceived("huy", "đi thôi")],
    "slash_text": [TextReceived("/đăng ký")],
    "press_option": [OptionChosen("register_idea/confirm", "yes")],
    "press_link": [LinkFollowed("menu")],
    "press_on_old_message": [OptionChosen("", "")],
    "photo": [FileReceived(FileRef("tgjpo6q72fw", "", 184211, True))],
    "photo_caption": [
        FileReceived(FileRef("", "", 184211, True)),
        TextReceived("Giấy chứng nhận an toàn thực phẩm"),
    ],
    "album_1": [FileReceived(FileRef("", "", 184211, True)), TextReceived("Hai trang")],
    "album_2": [FileReceived(FileRef("", "", 190000, True))],
    "document": [FileReceived(FileRef("", "phương án.pdf", 482113, False))],
    "document_too_large": [FileReceived(FileRef("", "video.zip", 52428800, False))],
    "document_bare": [FileReceived(FileRef("", "", 0, False))],
    "contact_own": [ContactShared("+84912345678", own=True)],
    "contact_other": [ContactShared("0987 654 321", own=False)],
    "location": [LocationShared(22.532112, 103.891433)],
    "venue": [LocationShared(22.5, 103.9)],
    "location_live_moves": [],
    "sticker": [UnsupportedReceived("sticker")],
    "voice": [FileReceived(FileRef("", "", 16000, False, is_voice=True))],
    "audio": [FileReceived(FileRef("", "Ghi âm 12.m4a", 48211, False, is_voice=True))],
    "audio_document": [FileReceived(FileRef("", "loi-dan.mp3", 90113, False, is_voice=True))],
    "video_caption": [UnsupportedReceived("video"), TextReceived("Vườn nhà em")],
    "animation": [UnsupportedReceived("video")],
    "video_note": [UnsupportedReceived("video")],
    "poll": [UnsupportedReceived("poll")],
    "dice": [UnsupportedReceived("other")],
    "pinned": [],
    "edited": [UnsupportedReceived("edited")],
    "group": [],
    "group_press": [],
    "channel_post": [],
    "other_bot": [],
    "blocked": [],
    "english": [TextReceived("Hello")],
    "thai": [TextReceived("สวัสดี")],
    "new_fields": [TextReceived("Chào em")],
    "new_content": [UnsupportedReceived("other")],
    "new_kind": [],
}


def body(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def payload(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(body(name))
    return content


def read(name: str) -> list[Update]:
    return READER.read({}, body(name))


def without_id(event: Event) -> Event:
    if not isinstance(event, FileReceived):
        return event
    return FileReceived(replace(event.file, id=""))


# ---------------------------------------------------------------- in: payloads


def test_is_a_channel() -> None:
    channel: Channel = READER
    assert channel.capabilities.max_data_bytes == 64


@pytest.mark.parametrize("name", UPDATES)
def test_reads(name: str) -> None:
    updates = read(name)
    assert [without_id(update.event) for update in updates] == [without_id(event) for event in EVENTS[name]]
    keys = [str(payload(name)["update_id"]), f"{payload(name)['update_id']}c"]
    assert [update.key for update in updates] == keys[: len(updates)]
    assert {update.chat_id for update in updates} <= {"5001"}
    assert read(name) == updates


@pytest.mark.parametrize("name", UPDATES)
def test_the_other_library_reads_the_same(name: str) -> None:
    update = ptb.Update.de_json(payload(name), None)
    ours = tg.Update.model_validate_json(body(name))
    assert update.update_id == ours.update_id
    theirs = update.message or update.edited_message
    message = ours.message or ours.edited_message
    if theirs is None or message is None:
        assert (theirs, message) == (None, None)
        return
    assert (theirs.text, theirs.caption, theirs.chat.id) == (message.text, message.caption, message.chat.id)
    assert theirs.from_user is not None
    assert message.from_user is not None
    assert theirs.from_user.language_code == message.from_user.language_code
    file, same = theirs.document, message.document
    assert (file and file.file_id) == (same and same.file_id)


def test_every_fixture_is_expected() -> None:
    assert set(UPDATES) == set(EVENTS)


def test_a_press_can_be_acknowledged_either_way() -> None:
    (press,) = read("press_option")
    assert press.ack == "4382bfdwdsb323b2d9"
    assert READER.webhook_answer(press) == {
        "method": "answerCallbackQuery",
        "callback_query_id": press.ack,
    }
    assert READER.webhook_answer(read("text")[0]) is None


def test_the_largest_size_of_a_photo_is_the_source() -> None:
    assert [update.source for update in read("photo_caption")] == ["BQACAgUAAxkBAAIBx", ""]


def test_a_file_too_large_to_download_has_no_source() -> None:
    assert [update.source for update in read("document_too_large")] == [""]
    assert [update.source for update in read("document_bare")] == ["BQACAgUAAxkBAAIBg"]


def test_file_codes_are_short_and_differ_by_update() -> None:
    files = [update.event for name in ("photo", "photo_caption", "album_1") for update in read(name)]
    codes = [event.file.id for event in files if isinstance(event, FileReceived)]
    assert len(set(codes)) == 3
    assert all(len(code) == 11 and code.isalnum() and code.islower() for code in codes)


@pytest.mark.parametrize(("name", "locale"), [("text", "vi"), ("english", "en"), ("thai", "")])
def test_locale_is_one_of_ours(name: str, locale: str) -> None:
    assert read(name)[0].locale == locale


@pytest.mark.parametrize("wrong", [b"", b"{", b"[]", b"\xff\xfe", b'{"message": {}}', b'{"update_id": "x"}'])
def test_what_is_no_update_is_a_value_error(wrong: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the parser's own words are no interface
        READER.read({}, wrong)


def test_only_telegram_knows_the_secret() -> None:
    channel = Telegram(TOKEN, secret_token="s3cret")
    for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "S3cret"}, {"x-telegram-bot-api-secret-token": "ơ"}):
        with pytest.raises(BadSignature):
            channel.read(headers, body("text"))
    assert channel.read({"X-Telegram-Bot-Api-Secret-Token": "s3cret"}, body("text"))
    assert channel.read({"x-telegram-bot-api-secret-token": "s3cret"}, body("text"))


def test_what_nobody_uses_is_not_built_and_what_somebody_uses_is() -> None:
    """All of aiogram's models take five seconds of a processor."""
    assert not tg.Story.__pydantic_complete__
    assert not DeleteStory.__pydantic_complete__
    story = tg.Story.model_validate({"id": 1, "chat": {"id": 2, "type": "private"}})
    assert isinstance(story.chat, tg.Chat)
    assert DeleteStory(business_connection_id="3", story_id=story.id).story_id == 1
    with pytest.raises(ValidationError):
        tg.Story.model_validate({"id": 1})


async def test_neither_library_is_there_before_it_is_needed(api: BotApi, phone: Phone) -> None:
    """They cost seconds and more than a hundred MiB; words need none of them."""
    code = (
        "import asyncio, sys\n"
        "from bot.channels.base import Outgoing\n"
        "from bot.channels.telegram import Telegram\n"
        "async def main():\n"
        f"    channel = Telegram({TOKEN!r}, {api.url!r})\n"
        f"    for body in ({body('text')!r}, {body('press_option')!r}):\n"
        "        assert len(await channel.received({}, body)) == 1\n"
        "    await channel.send('5001', Outgoing('k', 'Chào bác'))\n"
        "    await channel.close()\n"
        "    assert not {'aiogram', 'telegram'} & {*sys.modules}\n"
        f"    assert await channel.received({{}}, {body('photo')!r})\n"
        "    assert 'aiogram' in sys.modules and 'telegram' not in sys.modules\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0
    assert [seen.text for seen in phone.sees()] == ["Chào bác"]


@pytest.mark.parametrize("name", ["text", "start", "start_payload", "press_option", "press_link", "english", "thai"])
def test_words_mean_the_same_to_aiogram(name: str) -> None:
    assert read(name) == telegram_aiogram.updates_of(payload(name))
    assert words_in(payload(name)) is not None


# ---------------------------------------------------------------- out: shapes

QUESTION = Outgoing(
    key="q1",
    text="Sản phẩm thuộc nhóm nào?",
    buttons=(
        Button("o:register_idea/product_group:food", "Thực phẩm"),
        Button("o:register_idea/product_group:drink", "Đồ uống"),
        Button("o:register_idea/product_group:craft", "Thủ công mỹ nghệ, trang trí"),
        Button("l:menu", "Về menu"),
    ),
)
CONTACT_QUESTION = Outgoing(
    key="q2",
    text="Cho em xin số điện thoại.",
    buttons=(Button("o:register_idea/phone:skip", "Bỏ qua"),),
    ask_contact="📱 Gửi số của tôi",
)
PLAIN = Outgoing(key="q3", text="Em đã nhận hồ sơ.")
PAPERS = (Attachment("don.pdf", "application/pdf", b"%PDF-1.7"), Attachment("anh.jpg", "image/jpeg", JPEG, "picture"))
PICTURES = tuple(Attachment(f"{n}.jpg", "image/jpeg", JPEG + bytes([n]), "picture") for n in range(23))
VOICE = Attachment("Ghi âm.ogg", "audio/ogg", b"OggS with Opus in it", "voice")


def test_keyboards_of_one_library_are_keyboards_of_the_other() -> None:
    markup = payload("sent_question")["reply_markup"]
    theirs = ptb.InlineKeyboardMarkup.de_json(markup, None)
    assert theirs.to_dict() == markup
    keyboard = parts_of(QUESTION)[-1].keyboard
    assert keyboard == markup
    assert tg.InlineKeyboardMarkup.model_validate(keyboard).model_dump(exclude_none=True) == markup


@pytest.mark.parametrize("name", ["press_option", "press_link"])
def test_buttons_of_recorded_messages_are_buttons_to_both(name: str) -> None:
    markup = payload(name)["callback_query"]["message"]["reply_markup"]
    theirs = ptb.InlineKeyboardMarkup.de_json(markup, None)
    assert tg.InlineKeyboardMarkup.model_validate(markup).model_dump(exclude_none=True) == theirs.to_dict()


def test_what_can_never_be_sent_is_rejected_before_anything_is() -> None:
    huge = Attachment("a.pdf", "application/pdf", bytes(MAX_UPLOAD_BYTES + 1))
    for message in (Outgoing("k", "a", attachments=(huge,)), Outgoing("k", " ")):
        with pytest.raises(Rejected):
            parts_of(message)


# ---------------------------------------------------------------- the network


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi(pace=0.01) as api:
        yield api


@pytest.fixture
def phone(api: BotApi) -> Phone:
    phone = Phone(api)
    api.chats[phone.user_id] = Chat(phone.user)
    return phone


async def close_at_once(session: AiohttpSession) -> None:
    """As aiogram's own, without the quarter of a second it then sleeps for the sake of old TLS connections."""
    if session._session is not None:
        await session._session.close()


@pytest.fixture
async def channel(api: BotApi, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Telegram]:
    monkeypatch.setattr(telegram, "FIRST_BACKOFF_S", 0.01)
    monkeypatch.setattr(telegram_notices, "SECONDS_PER_CHAT_MESSAGE", 0.01)
    monkeypatch.setattr(AiohttpSession, "close", close_at_once)
    channel = Telegram(TOKEN, api.url, secret_token="s3cret")
    yield channel
    await channel.close()


@pytest.mark.parametrize("unprompted", [False, True])
@pytest.mark.parametrize(
    ("message", "recorded"),
    [(QUESTION, "sent_question"), (CONTACT_QUESTION, "sent_contact_question"), (PLAIN, "sent_plain")],
)
async def test_sends_as_recorded(
    api: BotApi, phone: Phone, channel: Telegram, message: Outgoing, recorded: str, unprompted: bool
) -> None:
    await channel.send("5001", Outgoing(**{**fields(message), "unprompted": unprompted}))
    expected = payload(recorded)
    if unprompted and message is PLAIN:
        del expected["reply_markup"]
    sent = dict(api.sent("sendMessage")[0].params)
    assert sent | {"chat_id": str(sent["chat_id"])} == expected


def fields(message: Outgoing) -> dict[str, Any]:
    return {name: getattr(message, name) for name in Outgoing.__slots__}


@pytest.mark.parametrize("unprompted", [False, True])
async def test_attachments_follow_the_text(api: BotApi, phone: Phone, channel: Telegram, unprompted: bool) -> None:
    button = Button("l:menu", "Về menu")
    text = "Giấy tờ của xã.\n\n" + "Một dòng dài. " * 400
    message = Outgoing("k", text, (button,), PAPERS, unprompted=unprompted)
    await channel.send("5001", message)
    seen = phone.sees()
    assert [bool(one.text) for one in seen] == [True, True, False, False]
    assert [(one.file_name, one.data) for one in seen[2:]] == [(file.name, file.data) for file in PAPERS]
    assert [one.buttons for one in seen] == [[], [], [], [["Về menu"]]]
    assert [call.method for call in api.calls if call.method.startswith("send")][2:] == ["sendDocument", "sendPhoto"]


async def test_a_message_half_sent_goes_on_where_it_stopped(api: BotApi, phone: Phone, channel: Telegram) -> None:
    api.fail("sendPhoto", Failure(status=502))
    message = Outgoing("k", "Giấy tờ", attachments=PAPERS)
    with pytest.raises(Unavailable):
        await channel.send("5001", message)
    await channel.send("5001", message)
    assert [one.text or one.file_name for one in phone.sees()] == ["Giấy tờ", "don.pdf", "anh.jpg"]
    await channel.send("5001", message)
    assert len(phone.sees()) == 6


def kinds_of(message: Outgoing) -> list[tuple[str, int, bool]]:
    """How each part goes out, how many files it has, and whether the keyboard stands under it."""
    return [(part.how, len(part.attachments), part.keyboard is not None) for part in parts_of(message)]


ASKED = (Button("l:menu", "Về menu"),)


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        (Outgoing("k", "a", ASKED, PICTURES[:1]), [("text", 0, False), ("photo", 1, True)]),
        (Outgoing("k", "a", ASKED, PICTURES[:2]), [("album", 2, False), ("text", 0, True)]),
        (Outgoing("k", "a", ASKED, PICTURES[:11]), [("album", 10, False), ("photo", 1, False), ("text", 0, True)]),
        (
            Outgoing("k", "a", ASKED, PICTURES),
            [("album", 10, False), ("album", 10, False), ("album", 3, False), ("text", 0, True)],
        ),
        (Outgoing("k", "", ASKED, PICTURES[:3]), [("album", 2, False), ("photo", 1, True)]),
        (Outgoing("k", "", ASKED, PICTURES[:2]), [("photo", 1, False), ("photo", 1, True)]),
        (
            Outgoing("k", "a", ASKED, (*PICTURES[:2], VOICE, PAPERS[0])),
            [("album", 2, False), ("text", 0, False), ("voice", 1, False), ("document", 1, True)],
        ),
        (Outgoing("k", "", (), (replace(VOICE, media_type="audio/mpeg"),)), [("audio", 1, True)]),
        (Outgoing("k", "", (), (replace(VOICE, media_type="audio/webm"),)), [("document", 1, True)]),
        (Outgoing("k", "", (), (replace(VOICE, show="file"),)), [("document", 1, True)]),
        (
            Outgoing("k", "", (), (Attachment("a.jpg", "image/jpeg", bytes(10_000_001), "picture"),)),
            [("document", 1, True)],
        ),
    ],
)
def test_pictures_stand_above_what_is_asked_about_them(message: Outgoing, parts: list[tuple[str, int, bool]]) -> None:
    assert kinds_of(message) == parts


@pytest.mark.parametrize("unprompted", [False, True])
async def test_pictures_and_voices_are_seen_as_such(
    api: BotApi, phone: Phone, channel: Telegram, unprompted: bool
) -> None:
    message = Outgoing("k", "Đây ạ", ASKED, (*PICTURES[:3], VOICE, PAPERS[0]), unprompted=unprompted)
    await channel.send("5001", message)
    assert [seen.kind or seen.text for seen in phone.sees()] == ["photo"] * 3 + ["Đây ạ", "voice", "document"]
    assert [seen.data for seen in phone.sees() if seen.data] == [a.data for a in message.attachments]
    assert len({seen.album for seen in phone.sees()[:3]}) == 1
    assert all(seen.album for seen in phone.sees()[:3])
    assert [bool(seen.buttons) for seen in phone.sees()] == [False] * 5 + [True]
    music = replace(VOICE, name="a.mp3", media_type="audio/mpeg")
    await channel.send("5001", Outgoing("k2", "", ASKED, (music,), unprompted=unprompted))
    assert (phone.sees()[-1].kind, phone.sees()[-1].file_name) == ("audio", "a.mp3")
    from_zalo = replace(VOICE, name="Ghi âm.amr", media_type="audio/amr", data=amr())
    await channel.send("5001", Outgoing("k3", "", ASKED, (from_zalo,), unprompted=unprompted))
    assert (phone.sees()[-1].kind, phone.sees()[-1].file_name) == ("document", "Ghi âm.amr")


@pytest.mark.parametrize("unprompted", [False, True])
async def test_who_takes_no_voice_messages_gets_a_file(
    api: BotApi, phone: Phone, channel: Telegram, unprompted: bool
) -> None:
    phone.chat.no_voices = True
    await channel.send("5001", Outgoing("k", "Cán bộ nhắn", ASKED, (VOICE,), unprompted=unprompted))
    assert [seen.kind for seen in phone.sees()] == ["", "document"]
    assert phone.sees()[-1].data == VOICE.data
    assert phone.sees()[-1].buttons == [["Về menu"]]


@pytest.mark.parametrize("unprompted", [False, True])
async def test_an_album_that_was_sent_is_not_sent_again(
    api: BotApi, phone: Phone, channel: Telegram, unprompted: bool
) -> None:
    api.fail("sendMessage", Failure(status=502))
    message = Outgoing("k", "Đây ạ", attachments=PICTURES[:2], unprompted=unprompted)
    with pytest.raises(Unavailable):
        await channel.send("5001", message)
    await channel.send("5001", message)
    assert [seen.file_name or seen.text for seen in phone.sees()] == ["0.jpg", "1.jpg", "Đây ạ"]


async def test_an_album_can_be_refused_as_any_message(api: BotApi, phone: Phone, channel: Telegram) -> None:
    phone.blocks()
    for unprompted in (False, True):
        with pytest.raises(Unreachable):
            await channel.send("5001", Outgoing("k", "", (), PICTURES[:4], unprompted=unprompted))


async def test_a_voice_note_can_be_fetched(api: BotApi, phone: Phone, channel: Telegram) -> None:
    phone.sends_voice(b"OggS and what follows")
    phone.sends_audio("a.mp3", b"ID3 and what follows")
    async with aclosing(channel.updates()) as batches:
        updates = await anext(batches)
    assert [await channel.fetch(update.source) for update in updates] == [
        b"OggS and what follows",
        b"ID3 and what follows",
    ]


REFUSALS: list[tuple[Failure, type[ChannelError]]] = [
    (Failure(status=429, retry_after=7), Throttled),
    (Failure(status=403, description="Forbidden: user is deactivated"), Unreachable),
    (Failure(status=400, description="Bad Request: chat not found"), Unreachable),
    (Failure(status=400, description="Bad Request: message is too long"), Rejected),
    (Failure(status=401, description="Unauthorized"), Unavailable),
    (Failure(status=404, description="Not Found"), Unavailable),
    (Failure(status=500), Unavailable),
    (Failure(status=502, description="Bad Gateway"), Unavailable),
    (Failure(drop=True), Unavailable),
    (Failure(garbage=True), Unavailable),
]


@pytest.mark.parametrize("unprompted", [False, True])
async def test_refusals_say_what_to_do(
    api: BotApi, phone: Phone, channel: Telegram, unprompted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    message = Outgoing("k", "Chào bác", unprompted=unprompted)
    for failure, error in REFUSALS:
        api.fail("sendMessage", failure)
        channel._pace._budget, channel._pace._paused_until = OwnBudget(RATE), 0  # the pause after 429 is over
        with pytest.raises(error) as caught:
            await channel.send("5001", message)
        assert type(caught.value) is error
        assert TOKEN not in repr(caught.value)
        assert not isinstance(caught.value, Throttled) or caught.value.retry_after_s == 7
    assert TOKEN not in caplog.text


LIES = (
    "", "null", "[]", "1", "<html>", '{"ok":false}', '{"ok":true}', '{"ok":true,"result":null}', '{"ok":1,"result":{}}',
    '{"ok":true,"result":"x"}', '{"ok":true,"result":[1,2]}', '{"ok":true,"result":{}}', '{"ok":true,"result":true}',
)  # fmt: skip
PARAMETERS = '{"ok":false,"description":"x","parameters":'
REFUSALS_THAT_LIE = (
    *((400, lie) for lie in LIES), *((403, lie) for lie in LIES), *((500, lie) for lie in LIES),
    (400, '{"ok":false,"description":null}'), (429, PARAMETERS + '{"retry_after":-5}}'),
    (429, PARAMETERS + '{"retry_after":"soon"}}'), (429, PARAMETERS + "[1]}"),
)  # fmt: skip


@pytest.mark.parametrize("unprompted", [False, True])
@pytest.mark.parametrize("method", ["getMe", "sendMessage"])
async def test_a_lie_is_an_outage_and_never_a_message_sent_or_a_chat_closed(
    api: BotApi, phone: Phone, channel: Telegram, unprompted: bool, method: str
) -> None:
    """A proxy's 403 closes nobody's chat, and an alert is not given up because an answer could not be read."""
    for status, lie in (*((200, lie) for lie in LIES), *REFUSALS_THAT_LIE):
        if method == "getMe" and (not unprompted or lie in ('{"ok":true,"result":{}}', '{"ok":true,"result":true}')):
            continue  # who answers asks for no name
        api.fail(method, Failure(lie=lie or " ", status=status))
        with pytest.raises(Unavailable):
            await channel.send("5001", Outgoing("k", "Chào bác", unprompted=unprompted))
        assert not api._failures[method], lie
    await channel.send("5001", Outgoing("k", "Chào bác", unprompted=unprompted))
    assert [seen.text for seen in phone.sees()] == ["Chào bác"]


async def test_lies_when_asked_for_files_names_and_updates(api: BotApi, phone: Phone, channel: Telegram) -> None:
    phone.sends_document("a.pdf", b"%PDF-1.7")
    calls: dict[str, Callable[[], Any]] = {
        "getFile": lambda: channel.fetch("file-1"),
        "getUpdates": lambda: channel._poll(0),
        "setWebhook": lambda: channel.set_up("https://ocop.example"),
    }
    for method, call in calls.items():
        for lie in LIES[:-1]:
            api.fail(method, Failure(lie=lie or " "))
            with pytest.raises(Unavailable):
                await call()
    for failure in (Failure(garbage=True), Failure(lie="%PDF")):
        api.fail("download", failure)
        with pytest.raises(Unavailable):
            await channel.fetch("file-1")
    assert await channel.fetch("file-1") == b"%PDF-1.7"


@pytest.mark.parametrize("unprompted", [False, True])
async def test_whoever_asks_for_a_pause_of_years_is_asked_tomorrow(
    api: BotApi, phone: Phone, channel: Telegram, unprompted: bool
) -> None:
    api.fail("sendMessage", Failure(status=429, retry_after=10**12))
    with pytest.raises(Throttled) as caught:
        await channel.send("5001", Outgoing("k", "Chào bác", unprompted=unprompted))
    assert caught.value.retry_after_s == 86_400


@pytest.mark.parametrize("unprompted", [False, True])
async def test_chats_that_are_not_there(api: BotApi, phone: Phone, channel: Telegram, unprompted: bool) -> None:
    message = Outgoing("k", "Chào bác", unprompted=unprompted)
    with pytest.raises(Unreachable):
        await channel.send("404", message)
    with pytest.raises(Rejected):
        await channel.send("@name", message)
    phone.blocks()
    with pytest.raises(Unreachable):
        await channel.send("5001", message)
    phone.unblocks()
    phone.chat.moved_to = -1009
    with pytest.raises(Moved) as moved:
        await channel.send("5001", message)
    assert moved.value.chat_id == "-1009"


async def test_nobody_listens_at_all() -> None:
    channel = Telegram(TOKEN, "http://127.0.0.1:9")
    try:
        for unprompted in (False, True):
            with pytest.raises(Unavailable):
                await channel.send("5001", Outgoing("k", "Chào bác", unprompted=unprompted))
        await channel.acknowledge(read("press_option")[0])
    finally:
        await channel.close()


async def test_acknowledging_stops_the_spinner_and_never_fails(api: BotApi, phone: Phone, channel: Telegram) -> None:
    await channel.send("5001", QUESTION)
    phone.presses("Đồ uống")
    (press,) = await first_batch(channel)
    spins = [phone.spins]
    await channel.acknowledge(press)
    assert [*spins, phone.spins] == [True, False]
    await channel.acknowledge(press)
    await channel.acknowledge(read("text")[0])
    assert len(api.sent("answerCallbackQuery")) == 2


async def first_batch(channel: Telegram) -> list[Update]:
    async with aclosing(channel.updates()) as updates:
        return await anext(updates)


# ---------------------------------------------------------------- polling


async def test_polling_confirms_only_by_asking_again(api: BotApi, phone: Phone, channel: Telegram) -> None:
    first = phone.types("một")
    phone.types("hai")
    updates = channel.updates()
    batch = await anext(updates)
    assert [update.event for update in batch] == [TextReceived("một"), TextReceived("hai")]
    assert first in api.pending
    await updates.aclose()

    restarted = channel.updates()
    assert await anext(restarted) == batch
    following = asyncio.ensure_future(anext(restarted))
    await api.until(lambda: not api.pending)
    phone.types("ba")
    assert [update.event for update in await following] == [TextReceived("ba")]
    await restarted.aclose()


async def test_polling_outlives_failures(
    api: BotApi, phone: Phone, channel: Telegram, caplog: pytest.LogCaptureFixture
) -> None:
    for failure in (
        Failure(status=500),
        Failure(drop=True),
        Failure(garbage=True),
        Failure(status=409, description="Conflict: terminated by other getUpdates request"),
        Failure(status=401, description="Unauthorized"),
        Failure(status=429, retry_after=1),
    ):
        api.fail("getUpdates", failure)
    phone.types("vẫn nghe")
    updates = channel.updates()
    (update,) = await anext(updates)
    await updates.aclose()
    assert update.event == TextReceived("vẫn nghe")
    assert [record.levelno for record in caplog.records].count(logging.WARNING) >= 6
    assert TOKEN not in caplog.text


async def test_one_unreadable_update_costs_only_itself(
    api: BotApi, phone: Phone, channel: Telegram, caplog: pytest.LogCaptureFixture
) -> None:
    phone.types("trước")
    broken = api.push("message", {"message_id": "no number", "chat": 1}, "chat 5001")
    phone.types("sau")
    updates = channel.updates()
    batch = await anext(updates)
    assert [update.event for update in batch] == [TextReceived("trước"), TextReceived("sau")]
    await updates.aclose()
    assert f"update {broken} can't be read" in caplog.text


async def test_polling_skips_what_is_for_nobody(api: BotApi, phone: Phone, channel: Telegram) -> None:
    await channel.set_up("")
    updates = channel.updates()
    following = asyncio.ensure_future(anext(updates))
    await api.until(lambda: bool(api.sent("getUpdates")))
    phone.blocks()
    api.push("message", payload("group")["message"], "group")
    await api.until(lambda: len(api.sent("getUpdates")) > 1)
    phone.types("em đây")
    assert [update.event for update in await following] == [TextReceived("em đây")]
    await updates.aclose()


# ---------------------------------------------------------------- files


async def test_fetches_what_was_sent(api: BotApi, phone: Phone, channel: Telegram) -> None:
    phone.sends_document("phương án.pdf", b"%PDF-1.7 plan", caption="Đây ạ")
    phone.sends_album([JPEG, JPEG + b"2"])
    batch = await first_batch(channel)
    assert [update.key[-1] == "c" for update in batch] == [False, True, False, False]
    sources = [update.source for update in batch if update.source]
    assert [await channel.fetch(source) for source in sources] == [b"%PDF-1.7 plan", JPEG, JPEG + b"2"]


async def test_files_too_large_are_final(api: BotApi, channel: Telegram, monkeypatch: pytest.MonkeyPatch) -> None:
    said = api.keep_file(b"x", "large.pdf", size_bytes=telegram_aiogram.MAX_DOWNLOAD_BYTES + 1)["file_id"]
    unsaid = api.keep_file(b"x" * 3000, "liar.pdf", size_bytes=10)["file_id"]
    monkeypatch.setattr(telegram_aiogram, "MAX_DOWNLOAD_BYTES", 2000)
    for source in (said, unsaid, "", "never heard of"):
        with pytest.raises(FileUnavailable):
            await channel.fetch(source)


async def test_files_that_may_come_later(api: BotApi, channel: Telegram, monkeypatch: pytest.MonkeyPatch) -> None:
    source = api.keep_file(b"bytes", "a.pdf")["file_id"]
    passing = "Bad Request: wrong file_id or the file is temporarily unavailable"
    api.fail("getFile", Failure(status=400, description=passing))
    for failure in (Failure(status=404), Failure(status=500)):
        api.fail("download", failure)
    api.fail("download", Failure(drop=True), times=2)  # aiohttp tries a dropped GET once more by itself
    for _ in range(4):
        with pytest.raises(Unavailable):
            await channel.fetch(source)
    api.fail("getFile", Failure(status=429, retry_after=3))
    with pytest.raises(Throttled):
        await channel.fetch(source)
    api.fail("download", Failure(delay_s=0.5))
    monkeypatch.setattr(telegram_aiogram, "FETCH_S", 0.1)
    with pytest.raises(Unavailable):
        await channel.fetch(source)


# ---------------------------------------------------------------- pacing


async def ok(*_: Any, **__: Any) -> bool:
    return True


async def test_an_album_is_as_many_messages_as_it_has_pictures() -> None:
    turns = Turns(Rate(1))
    limiter = OutboxRateLimiter(turns, 0.001)
    for data in ({"chat_id": 1}, {"chat_id": 2, "media": ["a", "b", "c"]}, {}):
        await limiter.process_request(ok, (), {}, "sendMessage", data, None)
    assert turns.taken == 1 + 3 + 1


class Turns(Pace):
    """A line in which nobody waits."""

    def __init__(self, rate: Rate) -> None:
        super().__init__(OwnBudget(rate), rate)
        self.taken = 0

    async def turn(self) -> None:
        self.taken += 1


@pytest.mark.parametrize("unprompted", [False, True])
async def test_after_a_429_no_notice_is_tried_before_its_time(
    api: BotApi, phone: Phone, channel: Telegram, unprompted: bool
) -> None:
    """Whoever heard it, an answer or a notice; a notice is refused here, so that it keeps no hand busy."""
    api.fail("sendMessage", Failure(status=429, retry_after=7))
    with pytest.raises(Throttled):
        await channel.send("5001", Outgoing("1", "Chào bác", unprompted=unprompted))
    with pytest.raises(Throttled) as caught:
        await channel.send("5001", Outgoing("2", "Chào bác", unprompted=True))
    assert 6 < caught.value.retry_after_s <= 7
    assert len(api.sent("sendMessage")) == 1


async def test_the_table_of_chats_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram_notices, "REMEMBERED_CHATS", 10)
    limiter = OutboxRateLimiter(Turns(Rate(1)), spacing_s=0.001)
    for chat in range(1, 200):
        await limiter.process_request(ok, (), {}, "sendMessage", {"chat_id": chat}, None)
        await asyncio.sleep(0.001)
    assert len(limiter._chats) <= 20


async def test_notices_are_paced_and_replies_are_not(
    api: BotApi, phone: Phone, channel: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telegram_notices, "SECONDS_PER_CHAT_MESSAGE", 0.3)
    for unprompted in (False, True):
        for number in range(3):
            await channel.send("5001", Outgoing(str(number), "Chào bác", unprompted=unprompted))
    moments = [seen.at for seen in phone.sees()]
    assert moments[2] - moments[0] < 0.5
    assert moments[5] - moments[3] >= 0.5  # twice 0.3, less what the first took to arrive


# ---------------------------------------------------------------- set-up


async def test_webhook_is_set_and_taken_away(api: BotApi, channel: Telegram) -> None:
    await channel.set_up("https://ocop.example/telegram")
    assert api.webhook == {
        "url": "https://ocop.example/telegram",
        "secret_token": "s3cret",
        "allowed_updates": ["message", "edited_message", "callback_query"],
    }
    await channel.set_up("")
    assert api.webhook == {}


async def test_commands_in_both_languages(api: BotApi, channel: Telegram) -> None:
    await channel.set_commands({"vi": [("menu", "Về menu")], "en": [("menu", "Menu")]})
    in_vi, in_en = [{"command": "menu", "description": text} for text in ("Về menu", "Menu")]
    assert api.commands == {"": [in_vi], "vi": [in_vi], "en": [in_en]}


async def test_the_bots_name(api: BotApi, channel: Telegram) -> None:
    assert await channel.username() == "ocop_test_bot"
    assert len(api.sent("getMe")) == 1


# ---------------------------------------------------------------- the server of our own


async def test_a_second_poller_ends_the_first(api: BotApi, phone: Phone, channel: Telegram) -> None:
    first = asyncio.ensure_future(channel._poll(0))
    await api.until(lambda: len(api.sent("getUpdates")) == 1)
    second = asyncio.ensure_future(channel._poll(0))
    with pytest.raises(Unavailable):
        await first
    phone.types("chào")
    assert len(await second) == 1


async def test_no_polling_beside_a_webhook(api: BotApi, channel: Telegram) -> None:
    await channel.set_up("https://ocop.example/telegram")
    with pytest.raises(Unavailable, match="409"):
        await channel._poll(0)


async def test_the_server_refuses_what_telegram_refuses(api: BotApi, phone: Phone, channel: Telegram) -> None:
    bot = (await channel._with_files())._bot
    wide = [[tg.InlineKeyboardButton(text=str(number), callback_data="x") for number in range(9)]]
    long = [[tg.InlineKeyboardButton(text="Gửi", callback_data="ợ" * 22)]]
    for keyboard in (wide, long):
        markup = tg.InlineKeyboardMarkup(inline_keyboard=keyboard)
        with pytest.raises(TelegramBadRequest):
            await bot.send_message(5001, "Chào", reply_markup=markup)
    for text in ("", "a" * 4097):
        with pytest.raises(TelegramBadRequest):
            await bot.send_message(5001, text)


async def test_edits_that_change_nothing_are_refused(api: BotApi, phone: Phone, channel: Telegram) -> None:
    bot = (await channel._with_files())._bot
    sent = await bot.send_message(5001, "Câu 1")
    await bot.edit_message_text("Câu 2", chat_id=5001, message_id=sent.message_id)
    with pytest.raises(TelegramBadRequest, match="not modified"):
        await bot.edit_message_text("Câu 2", chat_id=5001, message_id=sent.message_id)
    assert [seen.text for seen in phone.sees()] == ["Câu 2"]


async def test_webhooks_are_signed_tried_again_and_kept_in_order(api: BotApi, phone: Phone, channel: Telegram) -> None:
    statuses, got = [500, 500, 200, 200, 200], list[Update]()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[1:]
        headers = dict(line.split(": ", 1) for line in head if line)
        content = await reader.readexactly(int(headers["Content-Length"]))
        status = statuses.pop(0)
        updates = channel.read(headers, content)
        got.extend(updates if status == 200 else [])
        answer = json.dumps(channel.webhook_answer(updates[0])).encode()
        head_line = f"HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {len(answer)}\r\n\r\n"
        writer.write(head_line.encode() + answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        await channel.send("5001", QUESTION)
        await channel.set_up(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/telegram")
        phone.types("một")
        phone.types("hai")
        await api.until(lambda: len(got) == 2)
        phone.presses("Đồ uống")
        await api.until(lambda: not phone.spins and not api.pending)
    assert [update.event for update in got] == [
        TextReceived("một"),
        TextReceived("hai"),
        OptionChosen("register_idea/product_group", "drink"),
    ]
    assert [status for _, status, _ in api.deliveries] == [500, 500, 200, 200, 200]


async def test_a_phone_waits_and_presses(api: BotApi, phone: Phone, channel: Telegram) -> None:
    for message in (QUESTION, CONTACT_QUESTION):
        await channel.send("5001", message)
    assert (await phone.waits_for("nhóm nào")).buttons[0] == ["Thực phẩm", "Đồ uống"]
    assert (await phone.waits_for("số điện thoại")).keys == [["📱 Gửi số của tôi"], ["Bỏ qua"]]
    with pytest.raises(AssertionError):
        await phone.waits_for("nhóm nào", timeout_s=0.01)
    phone.presses("📱 Gửi số của tôi")
    phone.presses("Bỏ qua")
    phone.presses("Về menu")
    phone.edits("sửa lại")
    with pytest.raises(AssertionError):
        phone.presses("Không có")
    batch = await first_batch(channel)
    assert [update.event for update in batch] == [
        ContactShared("+84912345678", own=True),
        TextReceived("Bỏ qua"),
        LinkFollowed("menu"),
        UnsupportedReceived("edited"),
    ]

"""The Official Account channel against recorded payloads and a platform of our own, over real HTTP."""

import asyncio
import hashlib
import io
import itertools
import json
import logging
import random
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image

from bot.channels import zalo
from bot.channels.base import (
    Attachment,
    BadSignature,
    Button,
    Channel,
    ChannelError,
    FileUnavailable,
    Incoming,
    Left,
    Outgoing,
    Proof,
    Receipt,
    Rejected,
    Suspended,
    Throttled,
    Unavailable,
    Unreachable,
    Update,
    WindowClosed,
)
from bot.channels.pace import OwnBudget
from bot.channels.zalo import TROUBLES, Tokens, Zalo, rate_of
from bot.web.pages import STATIC
from dialogs.model import (
    CommandReceived,
    ContactShared,
    Event,
    FileReceived,
    FileRef,
    LocationShared,
    TextReceived,
    UnsupportedReceived,
)
from tests.doubles.listening import listening
from tests.doubles.server import Failure
from tests.doubles.zalo_oa import APP_ID, OA_ID, OA_SECRET, Follower, Hosted, ZaloOA

PAYLOADS = Path(__file__).parent / "payloads" / "zalo"
EVENTS = sorted(path.stem for path in PAYLOADS.glob("*.json"))
THEN = datetime.fromtimestamp(1766600000, UTC)
"""The moment of all recorded events."""
PERSON = "2468458835296197001"
IMAGE_URL, FILE_URL = "https://photo-stal-8.zdn.vn/ruong/full.jpg", "https://f20-zpc.zdn.vn/ke-hoach.docx"

VECTOR = (
    b'{"app_id":"1234567890123456789","user_id_by_app":"5521772797175877301","event_name":"user_send_text",'
    b'"sender":{"id":"2468458835296197001"},"recipient":{"id":"3886132808788086451"},'
    b'"message":{"text":"1","msg_id":"96d3cdf3af150460909a"},"timestamp":"1766600000000"}'
)
VECTOR_MAC = "12a8aa9e47bea264a1492faa3ba168a803aa935aa701d32ebfdf0c2eec71181e"


class OneToken:
    """Tokens that never change, for what goes nowhere."""

    async def token(self) -> str:
        return "token"

    async def renewed(self, stale: str) -> str:
        return "token"


def reader(**more: Any) -> Zalo:
    return Zalo(APP_ID, OA_SECRET, OneToken(), **{"clock": lambda: THEN, **more})


def photo(name: str = "", size_bytes: int = 0) -> FileReceived:
    return FileReceived(FileRef("", name, size_bytes, is_photo=True))


def document(name: str, size_bytes: int, *, is_voice: bool = False) -> FileReceived:
    return FileReceived(FileRef("", name, size_bytes, is_photo=False, is_voice=is_voice))


OWN_NUMBER = ContactShared("+84912345678", own=True)
HERE = LocationShared(22.532112, 103.891433)
MEANINGS: dict[str, list[Event | Receipt | Left]] = {
    "follow": [CommandReceived("start")],
    "unfollow": [Left("zalo", PERSON, THEN)],
    "text": [TextReceived("Em muốn bán măng khô")],
    "text_empty": [UnsupportedReceived("other")],
    "text_numbers": [TextReceived("1")],
    "text_long_id": [TextReceived("Chào em")],
    "image": [photo()],
    "image_caption": [photo(), TextReceived("Ảnh ruộng măng")],
    "images": [photo(), photo(), TextReceived("Hai trang")],
    "image_top_level": [photo()],
    "image_bare": [UnsupportedReceived("other")],
    "file": [document("kế hoạch.docx", 233947)],
    "file_size_number": [document("kế hoạch.docx", 233947)],
    "file_too_large": [document("phim.zip", 52428800)],
    "file_sound": [document("Ghi âm 12.M4A", 48211, is_voice=True)],
    "audio": [document("", 0, is_voice=True)],
    "video_caption": [UnsupportedReceived("video"), TextReceived("Vườn nhà em")],
    "gif": [UnsupportedReceived("video")],
    "sticker": [UnsupportedReceived("sticker")],
    "link": [TextReceived("Xem giúp em https://example.com/mang")],
    "link_bare": [UnsupportedReceived("other")],
    "business_card": [UnsupportedReceived("other")],
    "location": [HERE],
    "location_lat_long": [HERE],
    "location_in_message": [HERE],
    "location_impossible": [UnsupportedReceived("other")],
    "contact": [OWN_NUMBER],
    "contact_number": [OWN_NUMBER],
    "contact_national": [ContactShared("0912345678", own=True)],
    "contact_in_text": [OWN_NUMBER],
    "received": [Receipt("zalo", PERSON, ("out-1",), seen=False)],
    "received_other_way": [Receipt("zalo", PERSON, ("out-1",), seen=False)],
    "seen": [Receipt("zalo", PERSON, ("out-1", "out-2"), seen=True)],
    "seen_one": [Receipt("zalo", PERSON, ("out-1",), seen=True)],
    "seen_nothing": [],
    "received_template": [Receipt("zalo", "84912345678", ("a4d0243feee163bd3af2",), seen=False)],
    "echo": [],
    "echo_new": [],
    "anonymous": [],
    "click_link": [],
    "tag": [],
    "group": [],
    "new_kind": [],
}


def body(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def signed(content: bytes) -> dict[str, str]:
    """By the formula, written once more."""
    timestamp = str(json.loads(content).get("timestamp", ""))
    return {
        "X-ZEvent-Signature": "mac="
        + hashlib.sha256(f"{APP_ID}{content.decode()}{timestamp}{OA_SECRET}".encode()).hexdigest()
    }


def read(content: bytes, channel: Zalo | None = None) -> list[Incoming]:
    return (channel or reader()).read(signed(content), content)


def made(**fields: Any) -> bytes:
    """An event like the vector's, with other fields."""
    return json.dumps({**json.loads(VECTOR), **fields}, ensure_ascii=False).encode()


def updates(incoming: list[Incoming]) -> list[Update]:
    return [one for one in incoming if isinstance(one, Update)]


def plain(one: Incoming) -> Event | Receipt | Left:
    """Without the file's code, which is a hash."""
    if not isinstance(one, Update):
        return one
    return FileReceived(replace(one.event.file, id="")) if isinstance(one.event, FileReceived) else one.event


# ---------------------------------------------------------------- in: signatures


def test_is_a_channel() -> None:
    channel: Channel = reader()
    tokens: Tokens = OneToken()
    assert tokens is not None
    can = channel.capabilities
    assert (can.max_text_chars, can.max_buttons, can.proof) == (2000, 0, Proof.RECEIPT)
    assert can.window is not None
    assert can.window.free < can.window.paid
    assert not can.asks_contact


@pytest.mark.parametrize("header", [f"mac={VECTOR_MAC}", VECTOR_MAC, f"mac={VECTOR_MAC.upper()}"])
@pytest.mark.parametrize("name", ["X-ZEvent-Signature", "x-zevent-signature"])
def test_the_test_vector_verifies(name: str, header: str) -> None:
    (update,) = updates(reader().read({name: header}, VECTOR))
    assert update == Update("zalo", "user_send_text:96d3cdf3af150460909a", PERSON, TextReceived("1"))


def test_every_byte_is_signed() -> None:
    channel = reader()
    for at in range(len(VECTOR)):
        changed = VECTOR[:at] + bytes([VECTOR[at] ^ 1]) + VECTOR[at + 1 :]
        with pytest.raises(BadSignature):
            channel.read({"X-ZEvent-Signature": f"mac={VECTOR_MAC}"}, changed)
    for changed in (VECTOR + b"\n", b" " + VECTOR, VECTOR.replace(b":", b": ")):
        with pytest.raises(BadSignature):
            channel.read({"X-ZEvent-Signature": f"mac={VECTOR_MAC}"}, changed)


@pytest.mark.parametrize("header", ["", "mac=", "mac=ơ", f"mac={VECTOR_MAC[:-1]}", f"mac=0{VECTOR_MAC[1:]}"])
def test_unsigned_calls_are_refused(header: str) -> None:
    for headers in ({"X-ZEvent-Signature": header}, {"X-Other": f"mac={VECTOR_MAC}"}):
        with pytest.raises(BadSignature):
            reader().read(headers, VECTOR)


@pytest.mark.parametrize(("app_id", "secret"), [("1234567890123456780", OA_SECRET), (APP_ID, "another secret")])
def test_another_secret_or_app_signs_nothing(app_id: str, secret: str) -> None:
    with pytest.raises(BadSignature):
        Zalo(app_id, secret, OneToken(), clock=lambda: THEN).read(signed(VECTOR), VECTOR)


def test_nothing_is_verified_without_secrets() -> None:
    for app_id, secret in (("", OA_SECRET), (APP_ID, "")):
        with pytest.raises(ValueError, match="verified"):
            Zalo(app_id, secret, OneToken())


@pytest.mark.parametrize(
    "garbage", [b"", b"{}", b"{", b"null", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 10_000]
)
def test_garbage_is_unsigned(garbage: bytes) -> None:
    with pytest.raises(BadSignature):
        reader().read({"X-ZEvent-Signature": f"mac={VECTOR_MAC}"}, garbage)


@pytest.mark.parametrize(
    "content",
    [
        made(app_id="999"),
        made(timestamp="then"),
        made(timestamp=""),
        made(timestamp="9" * 30),
        made(timestamp=None),
        made(sender={}),
        made(sender=None),
        b"{}",
    ],
)
def test_what_is_signed_and_no_event_of_ours_is_a_value_error(content: bytes) -> None:
    timestamp = json.loads(content).get("timestamp") or ""
    mac = hashlib.sha256(APP_ID.encode() + content + timestamp.encode() + OA_SECRET.encode()).hexdigest()
    with pytest.raises(ValueError):  # noqa: PT011  the parser's own words are no interface
        reader().read({"X-ZEvent-Signature": mac}, content)


def test_what_is_too_old_to_be_known_by_its_key_is_refused() -> None:
    late = reader(clock=lambda: THEN + timedelta(days=6, hours=23))
    assert updates(read(VECTOR, late))
    with pytest.raises(ValueError, match="old"):
        read(VECTOR, reader(clock=lambda: THEN + timedelta(days=7, seconds=1)))
    assert updates(read(VECTOR, reader(clock=lambda: THEN - timedelta(days=30))))


# ---------------------------------------------------------------- in: meanings


@pytest.mark.parametrize("name", EVENTS)
def test_reads(name: str) -> None:
    channel = reader()
    read(body("text"), channel)  # by which it learns the account's id
    incoming = read(body(name), channel)
    assert [plain(one) for one in incoming] == MEANINGS[name]
    assert {one.chat_id for one in incoming} <= {PERSON, "84912345678"}
    keys = [update.key for update in updates(incoming)]
    assert len(set(keys)) == len(keys)
    assert all(0 < len(key) <= 80 for key in keys)
    assert read(body(name), channel) == incoming


def test_every_fixture_is_expected() -> None:
    assert set(EVENTS) == set(MEANINGS)


def test_keys_tell_parts_apart() -> None:
    key = "user_send_image:m-04"
    assert [update.key for update in updates(read(body("images")))] == [key, f"{key}:1", f"{key}c"]
    (follow,) = updates(read(body("follow")))
    assert follow.key == f"follow:{PERSON}:1766600000000"
    (long,) = updates(read(body("text_long_id")))
    assert len(long.key) == 64


def test_files_have_their_addresses_and_short_codes() -> None:
    images = updates(read(body("images")))
    assert [update.source for update in images] == [IMAGE_URL.replace("ruong", page) for page in ("mot", "hai")] + [""]
    codes = {update.event.file.id for update in images if isinstance(update.event, FileReceived)}
    assert len(codes) == 2
    assert all(len(code) == 11 and code.isalnum() and code.islower() for code in codes)
    assert [update.source for update in updates(read(body("file")))] == [FILE_URL]
    assert [update.source for update in updates(read(body("file_too_large")))] == [""]


def test_a_receipt_before_any_event_is_taken_to_be_of_the_recipient() -> None:
    assert [one.chat_id for one in read(body("received"))] == [PERSON]


@pytest.mark.parametrize("name", sorted(name for name, meaning in MEANINGS.items() if not meaning))
def test_what_means_nothing_is_counted_and_only_its_kind_logged(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    read(body(name))
    assert PERSON not in caplog.text
    assert "Chào" not in caplog.text
    if name != "seen_nothing":
        assert json.loads(body(name))["event_name"] in caplog.text


@pytest.mark.parametrize("strange", [None, [], "x", 7, {"id": []}, [None], {"payload": []}, {"coordinates": 1}])
@pytest.mark.parametrize("kind", sorted({json.loads(body(name))["event_name"] for name in EVENTS}))
def test_strange_shapes_break_nothing(kind: str, strange: Any) -> None:
    for content in (
        {"message": strange},
        {"message": {"text": strange, "msg_id": strange, "msg_ids": strange, "attachments": strange}},
        {"message": {"attachments": [{"payload": strange}, strange]}, "info": strange},
        {"message": {"attachments": [{"payload": {"coordinates": strange, "url": strange, "size": strange}}]}},
        {"info": {"phone": strange}, "follower": strange, "oa_id": strange, "recipient": strange},
    ):
        event = made(event_name=kind, **content)
        assert all(one.chat_id for one in read(event))


async def test_nothing_to_poll_or_acknowledge() -> None:
    channel = reader()
    assert [batch async for batch in channel.updates()] == []
    (update,) = updates(read(VECTOR))
    await channel.acknowledge(update)


# ---------------------------------------------------------------- out


class AccountTokens:
    """Tokens of the double; a refused one is exchanged for a new one, unless consent is gone."""

    def __init__(self, oa: ZaloOA) -> None:
        self._oa = oa
        self.current, _ = oa.explorer()
        self.renewals: list[str] = []
        self.useless = False

    async def token(self) -> str:
        return self.current

    async def renewed(self, stale: str) -> str:
        self.renewals.append(stale)
        if not self.useless:
            self.current, _ = self._oa.explorer()
        return self.current


SITE = "https://ocop.example"


@pytest.fixture
async def oa() -> AsyncIterator[ZaloOA]:
    """With our site behind it, from which it fetches the form's picture."""
    site = web.Application()
    site.router.add_static("/static", STATIC)
    async with TestServer(site) as server, ZaloOA(pace=0.01) as oa:
        oa.proxies[SITE] = str(server.make_url("")).rstrip("/")
        yield oa


@pytest.fixture
def tokens(oa: ZaloOA) -> AccountTokens:
    return AccountTokens(oa)


@pytest.fixture
def person(oa: ZaloOA) -> Follower:
    person = Follower(oa, PERSON)
    person.follows()
    person.types("chào")
    return person


def channel_of(oa: ZaloOA, tokens: Tokens, **more: Any) -> Zalo:
    settings = {"calls_per_minute": 6000, "form_picture_url": f"{SITE}/static/icon-512.png", **more}
    return Zalo(oa.app_id, oa.oa_secret, tokens, oa.url, ["127.0.0.1"], **settings)


@pytest.fixture
async def channel(oa: ZaloOA, tokens: AccountTokens) -> AsyncIterator[Zalo]:
    channel = channel_of(oa, tokens)
    yield channel
    await channel.close()


CHOICES = "Sản phẩm thuộc nhóm nào ạ?\n1. Thực phẩm\n2. Đồ uống\n3. Về menu"
PDF = Attachment("phương án “măng”.pdf", "application/pdf", b"%PDF-1.7 plan")
DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def jpeg(side_px: int = 40, *, noise: bool = False, kind: str = "JPEG") -> bytes:
    image = Image.new("RGB", (side_px, side_px), "green")
    if noise:
        image = Image.frombytes("RGB", (side_px, side_px), random.Random(4).randbytes(3 * side_px**2))
    out = io.BytesIO()
    image.save(out, kind, quality=95)
    return out.getvalue()


PICTURE = Attachment("măng.jpg", "image/jpeg", jpeg(), "picture")


async def test_a_text_goes_out_and_says_what_is_left(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    sent = await channel.send(PERSON, Outgoing("k", CHOICES))
    (seen,) = person.seen
    assert (seen.text, sent.ids, sent.paid, sent.quota_left) == (CHOICES, (seen.id,), False, 7)
    (call,) = oa.made("message/cs")
    assert call.params == {"recipient": {"user_id": PERSON}, "message": {"text": CHOICES}}


async def test_what_is_charged_says_so(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    oa.passes(timedelta(hours=49))
    sent = await channel.send(PERSON, Outgoing("k", "Kết quả đã có ạ.", unprompted=True, paid=True))
    assert (sent.paid, sent.quota_left) == (True, None)
    oa.passes(timedelta(days=6))
    with pytest.raises(WindowClosed):
        await channel.send(PERSON, Outgoing("k2", "Kết quả đã có ạ.", unprompted=True, paid=True))


async def test_a_long_text_is_several_messages_and_its_choices_stay_together(
    oa: ZaloOA, person: Follower, channel: Zalo
) -> None:
    advice = "Bà con phơi măng nơi thoáng gió, tránh mưa. " * 90
    sent = await channel.send(PERSON, Outgoing("k", f"{advice}\n\n{CHOICES}"))
    assert [seen.id for seen in person.seen] == list(sent.ids)
    assert len(sent.ids) == 3
    assert all(len(seen.text) <= 2000 and seen.text.endswith(("mưa.", "menu")) for seen in person.seen)
    assert CHOICES in person.seen[-1].text
    assert sent.quota_left == 5


async def test_pictures_stand_above_what_is_asked_about_them(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    docx = Attachment("đơn.docx", DOCX_TYPE, b"PK\x03\x04 form")
    png = Attachment("bản đồ.png", "image/png", jpeg(kind="PNG"))
    sent = await channel.send(PERSON, Outgoing("k", CHOICES, attachments=(PDF, PICTURE, docx, png)))
    assert [seen.kind for seen in person.seen] == ["image", "image", "text", "file", "file"]
    assert [seen.data for seen in person.seen if seen.data] == [PICTURE.data, png.data, PDF.data, docx.data]
    assert [seen.file_name for seen in person.seen if seen.file_name] == [
        "măng.jpg",
        "bản đồ.png",
        "phương án “măng”.pdf",
        "đơn.docx",
    ]
    assert len(sent.ids) == 5


@pytest.mark.parametrize(
    ("attachment", "carried"),
    [
        (PICTURE, True),
        (replace(PICTURE, show="file"), True),
        (PDF, True),
        (Attachment("a.doc", "application/msword", b"\xd0\xcf\x11\xe0"), True),
        (replace(PDF, data=bytes(5_000_000)), True),
        (replace(PDF, data=bytes(5_000_001)), False),
        (replace(PICTURE, data=bytes(3_000_000)), True),
        (replace(PICTURE, data=bytes(3_000_000), show="file"), False),
        (Attachment("a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"), False),
        (Attachment("a.ogg", "audio/ogg", b"OggS", "voice"), False),
    ],
)
def test_what_the_account_carries(attachment: Attachment, carried: bool) -> None:
    assert reader().carries(attachment) is carried


async def test_what_it_cannot_carry_is_left_out(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    voice = Attachment("Ghi âm.ogg", "audio/ogg", b"OggS", "voice")
    await channel.send(PERSON, Outgoing("k", "Lời nhắn của xã", attachments=(voice, PDF)))
    assert [seen.kind for seen in person.seen] == ["text", "file"]
    with pytest.raises(Rejected):
        await channel.send(PERSON, Outgoing("k2", " ", attachments=(voice,)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
async def test_a_large_picture_is_made_smaller(oa: ZaloOA, person: Follower, channel: Zalo, kind: str) -> None:
    data = jpeg(1500, noise=True, kind=kind)
    assert len(data) > 1_000_000
    name, media_type = f"ruộng.{kind.lower()}", f"image/{kind.lower()}"
    await channel.send(PERSON, Outgoing("k", "Ruộng", attachments=(Attachment(name, media_type, data, "picture"),)))
    seen = person.seen[0]
    with Image.open(io.BytesIO(seen.data)) as image:
        assert image.format == "JPEG"
        assert image.size[0] >= 800
    assert len(seen.data) <= 1_000_000
    assert seen.file_name == "ruộng.jpg"


async def test_a_picture_that_is_none_is_rejected(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    for data in (b"no picture", bytes(2_000_000)):
        with pytest.raises(Rejected):
            await channel.send(PERSON, Outgoing("k", "a", attachments=(replace(PICTURE, data=data),)))


async def test_one_upload_serves_many(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    other = Follower(oa, "77")
    other.types("chào")
    for chat_id in (PERSON, "77"):
        await channel.send(chat_id, Outgoing("k", "Mã QR của xã", attachments=(PICTURE,)))
    assert len(oa.made("upload/image")) == 1
    assert other.seen[0].data == PICTURE.data


async def test_an_upload_that_has_expired_is_made_anew_once(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    await channel.send(PERSON, Outgoing("k", "a", attachments=(PDF,)))
    oa.passes(timedelta(days=8))
    person.types("còn đây ạ")
    token = await channel._tokens.renewed("")
    assert token
    await channel.send(PERSON, Outgoing("k2", "b", attachments=(PDF,)))
    assert [seen.text or seen.file_name for seen in person.seen] == ["a", PDF.name, "b", PDF.name]
    assert len(oa.made("upload/file")) == 2
    oa.fail("message/cs", Failure(code=-100), times=2)
    with pytest.raises(Rejected):
        await channel.send(PERSON, Outgoing("k3", "", attachments=(PDF,)))
    assert len(oa.made("upload/file")) == 3


async def test_a_message_half_sent_goes_on_where_it_stopped(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    message = Outgoing("k", "Giấy tờ", attachments=(PDF, PICTURE))
    oa.fail("upload/file", Failure(status=502))
    with pytest.raises(Unavailable):
        await channel.send(PERSON, message)
    assert [seen.kind for seen in person.seen] == ["image", "text"]
    sent = await channel.send(PERSON, message)
    assert [seen.kind for seen in person.seen] == ["image", "text", "file"]
    assert sent.ids == tuple(seen.id for seen in person.seen)
    await channel.send(PERSON, message)
    assert len(person.seen) == 6


async def test_a_message_cut_off_goes_on_where_it_stopped(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    oa.fail("upload/file", Failure(delay_s=5))
    message = Outgoing("k", "Giấy tờ", attachments=(PDF,))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(channel.send(PERSON, message), 0.3)
    await channel.send(PERSON, message)
    assert [seen.kind for seen in person.seen] == ["text", "file"]


async def test_the_table_of_messages_under_way_does_not_grow_for_ever(
    oa: ZaloOA, person: Follower, channel: Zalo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zalo, "REMEMBERED", 5)
    oa.outage = Failure(status=503)
    for number in range(20):
        with pytest.raises(Unavailable):
            await channel.send(PERSON, Outgoing(str(number), "a"))
    assert len(channel._sent) <= 5


async def test_asks_for_the_number_by_a_form(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    text = "Em ghi tên chị là Lan.\n\nCho em xin số điện thoại để cán bộ xã gọi lại ạ.\n1. Bỏ qua"
    await channel.send(PERSON, Outgoing("k", text, ask_contact="Gửi số của tôi"))
    assert [seen.kind for seen in person.seen] == ["text", "request_user_info"]
    element = person.seen[1].message["attachment"]["payload"]["elements"][0]
    assert element == {
        "title": "Gửi số của tôi",
        "subtitle": "Cho em xin số điện thoại để cán bộ xã gọi lại ạ.",
        "image_url": f"{SITE}/static/icon-512.png",
    }
    post = oa.posts[person.shares_contact("84912345678")]
    (update,) = updates(channel.read(post.headers, post.body))
    assert update.event == OWN_NUMBER


async def test_a_form_that_is_not_taken_costs_nothing(oa: ZaloOA, person: Follower, tokens: AccountTokens) -> None:
    channel = channel_of(oa, tokens, form_picture_url="no address")
    sent = await channel.send(PERSON, Outgoing("k", "Cho em xin số ạ.", ask_contact="Gửi số của tôi"))
    await channel.close()
    assert [seen.text for seen in person.seen] == ["Cho em xin số ạ."]
    assert len(sent.ids) == 1
    bare = channel_of(oa, tokens, form_picture_url="")
    assert not bare.capabilities.asks_contact
    await bare.send(PERSON, Outgoing("k", "Cho em xin số ạ.", ask_contact="Gửi số của tôi"))
    await bare.close()
    assert len(person.seen) == 2


# ---------------------------------------------------------------- out: buttons

BUTTONS = (Button("Thực phẩm", "Thực phẩm"), Button("Về menu", "Về menu"))


async def test_buttons_only_behind_the_setting(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    await channel.send(PERSON, Outgoing("k", CHOICES, BUTTONS))
    assert person.seen[0].buttons == ()
    assert [call.code for call in oa.made("message/cs")] == [0]


async def test_buttons_type_their_words(oa: ZaloOA, person: Follower, tokens: AccountTokens) -> None:
    oa.buttons = True
    channel = channel_of(oa, tokens, buttons=True)
    assert (channel.capabilities.max_buttons, channel.capabilities.numbered) == (5, True)
    long = "Một câu dài của xã. " * 150
    await channel.send(PERSON, Outgoing("k", f"{long}\n\n{CHOICES}", BUTTONS * 4, (PDF,)))
    await channel.close()
    assert [len(seen.buttons) for seen in person.seen] == [0, 5, 0]
    post = oa.posts[person.presses("Về menu")]
    (update,) = updates(channel.read(post.headers, post.body))
    assert update.event == TextReceived("Về menu")


async def test_buttons_that_are_refused_are_left_out_from_then_on(
    oa: ZaloOA, person: Follower, tokens: AccountTokens, caplog: pytest.LogCaptureFixture
) -> None:
    channel = channel_of(oa, tokens, buttons=True)
    for number in range(3):
        await channel.send(PERSON, Outgoing(str(number), CHOICES, BUTTONS))
    await channel.close()
    assert [seen.text for seen in person.seen] == [CHOICES] * 3
    assert [call.code for call in oa.made("message/cs")] == [-233, 0, 0, 0]
    assert caplog.text.count("no buttons") == 1


# ---------------------------------------------------------------- out: what goes wrong

OUTCOMES: dict[int, type[ChannelError]] = {
    **dict.fromkeys((-32, -234, -133), Throttled),
    **dict.fromkeys((-211, -218, -230, -231, -232), WindowClosed),
    **dict.fromkeys((-213, -217, -227, -244, -108, -110, -118, -139), Unreachable),
    **dict.fromkeys((-209, -212, -221, -224, -240, -320, -321, -14003, -14020), Suspended),
    **dict.fromkeys((-204, -205, -219, -223, -235, -242), Suspended),
    **dict.fromkeys((-105, -115, -117, -120, -126, -127, -131, -135, -138), Suspended),
    **dict.fromkeys((-216, -220, -124), Suspended),  # when the renewed token is refused, too
    **dict.fromkeys((-201, -210, -233, -248, -9999, 1), Rejected),
    -100: Rejected,
    -200: Unavailable,
}


@pytest.mark.parametrize(("code", "outcome"), OUTCOMES.items())
async def test_each_error_has_its_outcome(
    oa: ZaloOA, person: Follower, channel: Zalo, code: int, outcome: type[ChannelError]
) -> None:
    oa.fail("message/cs", Failure(code=code, message=f"Chị Lan 0912345678 {PERSON}"), times=2)
    with pytest.raises(ChannelError) as caught:
        await channel.send(PERSON, Outgoing("k", "Chào chị"))
    assert issubclass(type(caught.value), outcome)
    assert "Lan" not in str(caught.value)
    oa.forget_failures()
    channel._pace._budget, channel._pace._paused_until = OwnBudget(rate_of(100)), 0  # the minute is over
    await channel.send(PERSON, Outgoing("k", "Chào chị"))
    assert [seen.text for seen in person.seen] == ["Chào chị"]


@pytest.mark.parametrize("code", [-320, -321])
async def test_without_money_only_what_is_charged_waits(
    oa: ZaloOA, person: Follower, channel: Zalo, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    charged = Outgoing("k", "Kết quả đã có ạ.", unprompted=True, paid=True)
    oa.fail("message/cs", Failure(code=code, message="No money"))
    with pytest.raises(WindowClosed):
        await channel.send(PERSON, charged)
    assert f"error {code}" in caplog.text
    oa.fail("message/cs", Failure(code=code, message="No money"))
    with pytest.raises(Suspended):
        await channel.send(PERSON, replace(charged, key="k2", paid=False))
    await channel.send(PERSON, Outgoing("k3", "Chào chị"))
    assert [seen.text for seen in person.seen] == ["Chào chị"]
    await channel.send(PERSON, charged)
    assert [seen.text for seen in person.seen] == ["Chào chị", charged.text]


def test_every_error_of_the_table_is_tested() -> None:
    assert set(TROUBLES) <= set(OUTCOMES)


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ("User has not interacted with the OA", WindowClosed),
        ("Người dùng chưa từng tương tác với OA", WindowClosed),
        ("user_id is invalid", Rejected),
    ],
)
async def test_a_wrong_parameter_may_be_a_stranger(
    oa: ZaloOA, person: Follower, channel: Zalo, message: str, outcome: type[ChannelError]
) -> None:
    oa.fail("message/cs", Failure(code=-201, message=message))
    with pytest.raises(outcome):
        await channel.send(PERSON, Outgoing("k", "a"))


@pytest.mark.parametrize(
    "failure",
    [
        Failure(status=500),
        Failure(status=503, message='{"error":0,"message":"Success","data":{}}'),
        Failure(status=404),
        Failure(status=302, message='{"error":0}'),
        Failure(drop=True),
        Failure(garbage=True),
        Failure(status=200, message="[]"),
        Failure(status=200, message='{"data":{}}'),
        Failure(status=200, message='{"error":"none"}'),
        Failure(status=200, message="[" * 100_000),
    ],
)
async def test_outages_pass(oa: ZaloOA, person: Follower, channel: Zalo, failure: Failure) -> None:
    oa.fail("message/cs", failure)
    with pytest.raises(Unavailable):
        await channel.send(PERSON, Outgoing("k", "a"))


async def test_a_slow_answer_is_given_up(
    oa: ZaloOA, person: Follower, channel: Zalo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zalo, "REQUEST_S", 0.1)
    oa.fail("message/cs", Failure(delay_s=1))
    with pytest.raises(Unavailable):
        await channel.send(PERSON, Outgoing("k", "a"))


async def test_too_large_for_the_platforms_door_is_final(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    oa.fail("upload/file", Failure(status=413))
    with pytest.raises(Rejected):
        await channel.send(PERSON, Outgoing("k", "", attachments=(PDF,)))


async def test_an_upload_without_an_id_passes(
    oa: ZaloOA, person: Follower, channel: Zalo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oa, "_upload", lambda *_: {})
    with pytest.raises(Unavailable):
        await channel.send(PERSON, Outgoing("k", "", attachments=(PDF,)))


async def test_a_dead_token_is_renewed_and_the_message_goes_once(
    oa: ZaloOA, person: Follower, channel: Zalo, tokens: AccountTokens
) -> None:
    stale = tokens.current
    oa.revoke()
    await channel.send(PERSON, Outgoing("k", "a", attachments=(PDF,)))
    assert tokens.renewals == [stale]
    assert [seen.kind for seen in person.seen] == ["text", "file"]
    assert [call.token for call in oa.made("message/cs")] == [stale, tokens.current, tokens.current]


async def test_a_token_that_dies_during_an_upload(
    oa: ZaloOA, person: Follower, channel: Zalo, tokens: AccountTokens
) -> None:
    oa.fail("upload/file", Failure(code=-220))
    await channel.send(PERSON, Outgoing("k", "", attachments=(PDF,)))
    assert person.seen[0].data == PDF.data
    assert len(tokens.renewals) == 1


async def test_without_consent_the_channel_is_suspended(
    oa: ZaloOA, person: Follower, channel: Zalo, tokens: AccountTokens, caplog: pytest.LogCaptureFixture
) -> None:
    oa.revoke()
    tokens.useless = True
    with pytest.raises(Suspended) as caught:
        await channel.send(PERSON, Outgoing("k", "a"))
    assert len(tokens.renewals) == 1
    assert tokens.current not in f"{caught.value.why} {caplog.text}"


@pytest.mark.parametrize(
    ("here", "wait_s"),
    [("2026-11-22 23:30:00", 6.5 * 3600), ("2026-11-22 05:59:00", 60), ("2026-11-22 06:00:00", 24 * 3600)],
)
async def test_at_night_it_waits_for_six_in_viet_nam(
    oa: ZaloOA, person: Follower, tokens: AccountTokens, here: str, wait_s: float
) -> None:
    now = datetime.fromisoformat(f"{here}+07:00").astimezone(UTC)
    channel = channel_of(oa, tokens, clock=lambda: now)
    oa.fail("message/cs", Failure(code=-234))
    with pytest.raises(Throttled) as caught:
        await channel.send(PERSON, Outgoing("k", "a"))
    await channel.close()
    assert (caught.value.retry_after_s, caught.value.alone) == (wait_s, True)


async def test_too_many_calls_wait_for_the_next_minute(oa: ZaloOA, person: Follower, tokens: AccountTokens) -> None:
    now = datetime(2026, 11, 22, 9, 0, 48, tzinfo=UTC)
    channel = channel_of(oa, tokens, clock=lambda: now)
    oa.calls_per_minute = 0
    with pytest.raises(Throttled) as caught:
        await channel.send(PERSON, Outgoing("k", "a"))
    await channel.close()
    assert (caught.value.retry_after_s, caught.value.alone) == (12, False)


# ---------------------------------------------------------------- pace


async def test_calls_are_spread_over_the_minute(oa: ZaloOA, person: Follower, tokens: AccountTokens) -> None:
    """600 a minute: 60 at once, then one every ninth of a second."""
    channel = channel_of(oa, tokens, calls_per_minute=600)
    start = time.monotonic()
    await asyncio.gather(*(channel.send(PERSON, Outgoing(str(number), "a")) for number in range(75)))
    await channel.close()
    moments = sorted(call.at - start for call in oa.made("message/cs"))
    assert sum(moment < 0.1 for moment in moments) <= 62
    assert 1.4 <= moments[-1] < 4
    paced = moments[62:]
    assert max(after - before for before, after in itertools.pairwise(paced)) < 1


@pytest.mark.parametrize("per_minute", [1, 2, 100, 2000])
def test_no_minute_has_more_calls_than_the_package_allows(per_minute: int) -> None:
    rate = rate_of(per_minute)
    assert per_minute - 1e-6 <= rate.burst + 60 * rate.per_s <= max(per_minute, 2) + 1e-6


# ---------------------------------------------------------------- files


async def test_fetches_what_was_sent(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    for number, data in ((person.sends_photo(jpeg()), jpeg()), (person.sends_file("ảnh.pdf", b"%PDF"), b"%PDF")):
        post = oa.posts[number]
        (update,) = updates(channel.read(post.headers, post.body))
        assert await channel.fetch(update.source) == data


async def test_fetches_from_nowhere_else(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    number = person.sends_url("image", "http://169.254.169.254/latest/meta-data")
    (update,) = updates(channel.read(oa.posts[number].headers, oa.posts[number].body))
    for source in (update.source, "", "https://example.com/a.jpg"):
        with pytest.raises(FileUnavailable):
            await channel.fetch(source)


async def test_in_production_no_file_comes_from_this_machine(oa: ZaloOA) -> None:
    channel = reader(file_hosts=["127.0.0.1", "localhost"])
    address = oa.host("a.jpg", Hosted(b"bytes"))
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(FileUnavailable):
            await channel.fetch(address.replace("127.0.0.1", host))
    await channel.close()


# ---------------------------------------------------------------- receipts, end to end


async def test_receipts_and_echoes_are_never_input(oa: ZaloOA, person: Follower, channel: Zalo) -> None:
    sent = await channel.send(PERSON, Outgoing("k", "1"))
    person.reads_receipt()
    left = oa.posts[person.unfollows()]
    incoming = [one for post in oa.posts for one in channel.read(post.headers, post.body)]
    assert incoming[2:] == [
        Receipt("zalo", PERSON, sent.ids, seen=False),
        Receipt("zalo", PERSON, sent.ids, seen=True),
        Left("zalo", PERSON, datetime.fromtimestamp(int(json.loads(left.body)["timestamp"]) / 1000, UTC)),
    ]
    assert [update.event for update in updates(incoming)] == [CommandReceived("start"), TextReceived("chào")]
    assert channel._account_id == OA_ID


# ---------------------------------------------------------------- paid templates


class Templates:
    """The other door of the platform, for messages to a phone number."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.headers["access_token"], await request.json()))
        return web.json_response(self.answers.pop(0))


@pytest.fixture
async def templates() -> AsyncIterator[tuple[Templates, Zalo]]:
    double, app = Templates(), web.Application()
    app.router.add_post("/message/template", double.answer)
    async with listening(app) as url:
        channel = reader(template_url=f"{url}/message/template")
        yield double, channel
        await channel.close()


@pytest.mark.parametrize("phone", ["+84912345678", "84912345678", "0912 345 678"])
async def test_sends_a_paid_template(templates: tuple[Templates, Zalo], phone: str) -> None:
    double, channel = templates
    quota = {"dailyQuota": "500", "remainingQuota": "499"}
    double.answers = [{"error": 0, "message": "Success", "data": {"msg_id": "t-1", "quota": quota}}]
    sent = await channel.send_template(phone, "7895", {"case": "26-0042"}, "d-7")
    assert (sent.ids, sent.paid) == (("t-1",), True)
    wanted = {
        "phone": "84912345678",
        "template_id": "7895",
        "template_data": {"case": "26-0042"},
        "tracking_id": "d-7",
    }
    assert double.asked == [("token", wanted)]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (-100, Unavailable),
        (-32, Throttled),
        (-115, Rejected),  # the template's own trouble, number or hour: what is free goes on
        (-118, Rejected),
        (-133, Rejected),
        (-209, Suspended),
        (-321, Rejected),
        (-1122, Rejected),
    ],
)
async def test_a_paid_template_is_refused(
    templates: tuple[Templates, Zalo], code: int, outcome: type[ChannelError]
) -> None:
    double, channel = templates
    double.answers = [{"error": code, "message": "no"}]
    with pytest.raises(ChannelError) as caught:
        await channel.send_template("+84912345678", "7895", {}, "d-7")
    assert type(caught.value) is outcome

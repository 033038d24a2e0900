"""The doubles of both Zalo platforms refuse what the platforms refuse, and their people's events look like theirs."""

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout, FormData, ServerDisconnectedError, web
from PIL import Image

from tests.doubles import zalo_bot, zalo_oa
from tests.doubles.chat import Chat
from tests.doubles.listening import listening
from tests.doubles.server import Failure
from tests.doubles.zalo_bot import Friend, ZaloBot
from tests.doubles.zalo_oa import ACCESS_FOR, FREE_ANSWERS, REFRESH_FOR, Follower, Hosted, ZaloOA

JSON = dict[str, Any]


class Program:
    """What the assistant's part is played by here: it keeps each webhook call, and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, dict[str, str]]] = []
        self.status = 200
        self.delay_s = 0.0
        self.url = ""

    @property
    def events(self) -> list[JSON]:
        return [json.loads(body) for body, _ in self.got]

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((await request.read(), dict(request.headers)))
        await asyncio.sleep(self.delay_s)
        return web.Response(status=self.status)


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    taker = Program()
    app = web.Application()
    app.router.add_post("/hook", taker.take)
    async with listening(app) as url:
        taker.url = f"{url}/hook"
        yield taker


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession(timeout=ClientTimeout(total=10)) as session:
        yield session


@pytest.fixture
async def oa() -> AsyncIterator[ZaloOA]:
    async with ZaloOA(pace=0.001) as running:
        yield running


@pytest.fixture
async def api() -> AsyncIterator[ZaloBot]:
    async with ZaloBot(pace=0.001) as running:
        yield running


def jpeg(size: tuple[int, int] = (20, 20)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (90, 120, 40)).save(buffer, "JPEG")
    return buffer.getvalue()


class Account:
    """A plain client of the account: no retries, no mapping."""

    def __init__(self, oa: ZaloOA, http: ClientSession) -> None:
        self.oa, self.http = oa, http
        self.token, self.refresh_token = oa.explorer()

    async def send(self, message: JSON, user_id: str = "2468458835296197001") -> JSON:
        return await self.post("v3.0/oa/message/cs", json={"recipient": {"user_id": user_id}, "message": message})

    async def post(self, path: str, **body: Any) -> JSON:
        headers = {"access_token": self.token}
        async with self.http.post(f"{self.oa.url}/{path}", headers=headers, **body) as answer:
            assert answer.status == 200
            return dict(await answer.json())

    async def get(self, path: str, **query: str) -> JSON:
        headers = {"access_token": self.token}
        async with self.http.get(f"{self.oa.url}/{path}", headers=headers, params=query) as answer:
            return dict(await answer.json())

    async def upload(self, kind: str, name: str, data: bytes) -> JSON:
        form = FormData(quote_fields=False)  # or a name with diacritics would arrive in percent signs
        form.add_field("file", io.BytesIO(data), filename=name)
        return await self.post(f"v2.0/oa/upload/{kind}", data=form)

    async def asks_token(self, secret: str | None = None, **form: str) -> JSON:
        headers = {"secret_key": self.oa.app_secret if secret is None else secret}
        body = {"app_id": self.oa.app_id, "grant_type": "refresh_token", **form}
        async with self.http.post(f"{self.oa.url}/v4/oa/access_token", headers=headers, data=body) as answer:
            assert answer.status == 200
            return dict(await answer.json())


@pytest.fixture
def account(oa: ZaloOA, http: ClientSession) -> Account:
    return Account(oa, http)


@pytest.fixture
def person(oa: ZaloOA) -> Follower:
    return Follower(oa)


# ---------------------------------------------------------------- Official Account: tokens


async def test_a_refresh_token_works_once(account: Account) -> None:
    first = await account.asks_token(refresh_token=account.refresh_token)
    assert first["expires_in"] == "90000"
    assert (await account.asks_token(refresh_token=account.refresh_token))["error"] == -14020
    second = await account.asks_token(refresh_token=first["refresh_token"])
    assert second["access_token"] not in (first["access_token"], account.token)


async def test_a_refresh_ends_the_access_token_before(account: Account, person: Follower) -> None:
    person.types("chào")
    renewed = await account.asks_token(refresh_token=account.refresh_token)
    assert (await account.send({"text": "a"}))["error"] == -216
    account.token = renewed["access_token"]
    assert (await account.send({"text": "a"}))["error"] == 0


@pytest.mark.parametrize(
    ("secret", "form"),
    [
        ("wrong", {}),
        (None, {"app_id": "1"}),
        (None, {"grant_type": "password"}),
        (None, {"refresh_token": "nobody's"}),
        (None, {"grant_type": "authorization_code", "code": "nobody's"}),
    ],
)
async def test_tokens_refused(account: Account, secret: str | None, form: dict[str, str]) -> None:
    answer = await account.asks_token(secret, **{"refresh_token": account.refresh_token, **form})
    assert answer["error"] < 0
    assert "access_token" not in answer
    assert "access_token" in await account.asks_token(refresh_token=account.refresh_token)


async def test_tokens_expire(oa: ZaloOA, account: Account, person: Follower) -> None:
    oa.passes(ACCESS_FOR)
    person.types("chào")
    assert (await account.send({"text": "a"}))["error"] == -216
    oa.passes(REFRESH_FOR)
    assert (await account.asks_token(refresh_token=account.refresh_token))["error"] == -14014


async def test_a_revoked_consent(oa: ZaloOA, account: Account, person: Follower) -> None:
    person.types("chào")
    oa.revoke()
    assert (await account.send({"text": "a"}))["error"] == -216
    assert (await account.asks_token(refresh_token=account.refresh_token))["error"] == -14014
    account.token, _ = oa.explorer()
    assert (await account.send({"text": "a"}))["error"] == 0


async def test_consent_with_proof_of_possession(oa: ZaloOA, account: Account, http: ClientSession) -> None:
    oa.redirect_uris.add("https://ocop.example/zalo/consent")
    verifier = "v" * 43
    query = {
        "app_id": oa.app_id,
        "redirect_uri": "https://ocop.example/zalo/consent",
        "code_challenge": zalo_oa._challenge(verifier),
        "state": "s1",
    }
    codes = []
    for _ in range(2):
        async with http.get(f"{oa.url}/v4/oa/permission", params=query, allow_redirects=False) as answer:
            back = answer.headers["Location"]
        assert "state=s1" in back
        assert f"oa_id={oa.oa_id}" in back
        codes.append(back.split("code=")[1].split("&")[0])
    async with http.get(f"{oa.url}/v4/oa/permission", params=query | {"redirect_uri": "https://evil.example"}) as no:
        assert (await no.json())["error"] == -14003
    given = {"grant_type": "authorization_code", "code": codes[0]}
    assert (await account.asks_token(**given, code_verifier="w" * 43))["error"] < 0
    assert (await account.asks_token(**given, code_verifier=verifier))["error"] < 0  # a code is tried once
    assert (await account.asks_token(**given | {"code": codes[1]}, code_verifier=verifier))["access_token"]


# ---------------------------------------------------------------- Official Account: who may be written to


async def test_windows_and_what_they_cost(oa: ZaloOA, account: Account, person: Follower) -> None:
    assert (await account.send({"text": "a"}))["error"] == -201
    assert (await account.send({"text": "a"}, "99"))["error"] == -201
    person.types("chào")
    answer = (await account.send({"text": "a"}))["data"]
    assert answer["user_id"] == person.id
    assert answer["quota"] | {"expired_date": ""} == {
        "quota_type": "reply",
        "remain": "7",
        "total": "8",
        "expired_date": "",
        "owner_type": "OA",
        "owner_id": oa.oa_id,
    }
    oa.passes(timedelta(hours=48))
    account.token, _ = oa.explorer()
    assert (await account.send({"text": "b"}))["data"]["quota"]["quota_type"] == "sub_quota"
    assert [seen.paid for seen in person.seen] == [False, True]
    oa.passes(timedelta(days=5))
    account.token, _ = oa.explorer()
    assert (await account.send({"text": "c"}))["error"] == -230
    person.types("em ơi")
    assert (await account.send({"text": "d"}))["data"]["quota"]["remain"] == "7"


async def test_the_ninth_answer_is_charged_and_an_empty_package_refuses(
    oa: ZaloOA, account: Account, person: Follower
) -> None:
    person.types("chào")
    oa.credit = 1
    kinds = [(await account.send({"text": "a"}))["data"]["quota"]["quota_type"] for _ in range(FREE_ANSWERS + 1)]
    assert kinds == ["reply"] * FREE_ANSWERS + ["sub_quota"]
    assert (await account.send({"text": "a"}))["error"] == -211


async def test_who_can_not_be_written_to(oa: ZaloOA, account: Account, person: Follower) -> None:
    person.follows()
    assert (await account.send({"text": "a"}))["error"] == -201  # following alone opens nothing
    oa.follow_opens = True
    person.follows()
    assert (await account.send({"text": "a"}))["error"] == 0
    person.unfollows()
    assert (await account.send({"text": "a"}))["error"] == -213
    person.types("chào")
    assert (await account.send({"text": "a"}))["error"] == -213
    person.follows()
    for name, code in (("inactive", -227), ("refuses", -244)):
        setattr(person, name, True)
        assert (await account.send({"text": "a"}))["error"] == code
        setattr(person, name, False)
    assert len(person.seen) == 1


async def test_calls_per_minute(oa: ZaloOA, account: Account, person: Follower) -> None:
    person.types("chào")
    oa.calls_per_minute = 2
    assert [(await account.send({"text": "a"}))["error"] for _ in range(3)] == [0, 0, -32]
    oa.passes(timedelta(minutes=1))
    assert (await account.send({"text": "a"}))["error"] == 0


# ---------------------------------------------------------------- Official Account: what a message may be


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"text": "ư" * 2000}, 0),
        ({"text": "ư" * 2001}, -210),
        ({"text": "😀" * 1001}, -210),
        ({"text": "  "}, -201),
        ({"text": 7}, -201),
        ({}, -201),
        ({"text": "a", "quote_message_id": "nobody's"}, -201),
        ({"attachment": {"type": "file", "payload": {"token": "nobody's"}}}, -201),
        ({"text": "a", "attachment": {"type": "template", "payload": {"template_type": "list"}}}, -233),
        ({"text": "a", "attachment": {"type": "template", "payload": {"buttons": []}}}, -233),
    ],
)
async def test_messages(account: Account, person: Follower, message: JSON, error: int) -> None:
    person.types("chào")
    assert (await account.send(message))["error"] == error
    assert len(person.seen) == (1 if error == 0 else 0)


async def test_a_body_that_is_no_json_and_calls_that_do_not_exist(account: Account) -> None:
    assert (await account.post("v3.0/oa/message/cs", data={"text": "a"}))["error"] == -201
    assert (await account.post("v3.0/oa/message/cs", json=["a"]))["error"] == -201
    assert (await account.post("v3.0/oa/message/broadcast", json={}))["error"] == -212
    account.token = "nobody's"
    assert (await account.post("v3.0/oa/message/cs", json={}))["error"] == -216


async def test_uploads(oa: ZaloOA, account: Account, person: Follower) -> None:
    person.types("chào")
    image = (await account.upload("image", "a.jpg", jpeg()))["data"]["attachment_id"]
    paper = (await account.upload("file", "Kế hoạch.pdf", b"%PDF-1.7"))["data"]["token"]
    media = {"template_type": "media", "elements": [{"media_type": "image", "attachment_id": image}]}
    of_file = {"attachment": {"type": "file", "payload": {"token": paper}}}
    of_image = {"text": "Ảnh", "attachment": {"type": "template", "payload": media}}
    assert (await account.send(of_image))["error"] == 0
    assert (await account.send(of_file))["error"] == 0
    assert (await account.send({"text": "Đây ạ", **of_file}))["error"] == -201
    assert [(seen.kind, seen.file_name, seen.data) for seen in person.seen] == [
        ("image", "a.jpg", jpeg()),
        ("file", "Kế hoạch.pdf", b"%PDF-1.7"),
    ]
    oa.passes(timedelta(days=7))
    person.types("chào")
    account.token, _ = oa.explorer()
    assert (await account.send(of_file))["error"] == -100


@pytest.mark.parametrize(
    ("kind", "name", "data", "error"),
    [
        ("image", "a.jpg", b"%PDF", -201),
        ("image", "a.png", jpeg() + bytes(1 << 20), -210),
        ("gif", "a.gif", jpeg(), -201),
        ("file", "a.xlsx", b"PK\x03\x04", -201),
        ("file", "a.pdf", jpeg(), -201),
        ("file", "a.pdf", b"%PDF" + bytes(5 << 20), -210),
        ("file", "a.pdf", b"", -210),
    ],
)
async def test_uploads_refused(account: Account, kind: str, name: str, data: bytes, error: int) -> None:
    assert (await account.upload(kind, name, data))["error"] == error


async def test_images_by_address_are_really_fetched(oa: ZaloOA, account: Account, person: Follower) -> None:
    person.types("chào")
    answers = []
    for url in (oa.host("a.jpg", Hosted(jpeg())), oa.host("a.jpg", Hosted(b"no image")), f"{oa.url}/dl/x/a.jpg"):
        element = {"media_type": "image", "url": url}
        payload = {"template_type": "media", "elements": [element]}
        answers.append((await account.send({"attachment": {"type": "template", "payload": payload}}))["error"])
    assert answers == [0, -201, -201]


async def test_the_form_for_contact_details(oa: ZaloOA, account: Account, person: Follower) -> None:
    person.types("chào")
    with pytest.raises(AssertionError):
        person.shares_contact()
    element = {
        "title": "Số điện thoại",
        "subtitle": "Để cán bộ xã gọi lại",
        "image_url": oa.host("i.jpg", Hosted(jpeg())),
    }
    payload = {"template_type": "request_user_info", "elements": [element]}
    message = {"attachment": {"type": "template", "payload": payload}}
    assert (await account.send(message))["error"] == 0
    element["image_url"] = "i.png"
    assert (await account.send(message))["error"] == -201
    person.shares_contact("84900000000")
    assert json.loads(oa.posts[-1].body)["info"]["phone"] == "84900000000"


async def test_buttons_where_they_are_allowed(oa: ZaloOA, account: Account, person: Follower) -> None:
    person.types("chào")
    button = {"title": "Đăng ký", "type": "oa.query.show", "payload": "1"}
    message = {"text": "1. Đăng ký", "attachment": {"type": "template", "payload": {"buttons": [button]}}}
    assert (await account.send(message))["error"] == -233
    oa.buttons = True
    assert (await account.send(message))["error"] == 0
    person.presses("Đăng ký")
    pressed = json.loads(oa.posts[-1].body)
    assert (pressed["event_name"], pressed["message"]["text"]) == ("user_send_text", "1")
    button["payload"] = "p" * 1001
    assert (await account.send(message))["error"] == -210


async def test_the_account_and_its_people(oa: ZaloOA, account: Account, person: Follower) -> None:
    assert (await account.get("v2.0/oa/getoa"))["data"]["oa_id"] == oa.oa_id
    who = json.dumps({"user_id": person.id})
    assert (await account.get("v3.0/oa/user/detail", data=who))["error"] == -213
    person.follows()
    assert (await account.get("v3.0/oa/user/detail", data=who))["data"]["display_name"] == "Páo"
    assert (await account.get("v3.0/oa/user/detail", data="{}"))["error"] == -201
    oa.v2_is_off = True
    assert (await account.get("v2.0/oa/getoa"))["error"] == -240


# ---------------------------------------------------------------- Official Account: webhooks


async def test_signatures_are_plain_hashes_over_the_body(oa: ZaloOA) -> None:
    """The vector that two independent implementations agree on."""
    body = (
        b'{"app_id":"1234567890123456789","user_id_by_app":"5521772797175877301","event_name":"user_send_text",'
        b'"sender":{"id":"2468458835296197001"},"recipient":{"id":"3886132808788086451"},'
        b'"message":{"text":"1","msg_id":"96d3cdf3af150460909a"},"timestamp":"1766600000000"}'
    )
    assert oa.signed(body) == {
        "X-ZEvent-Signature": "mac=12a8aa9e47bea264a1492faa3ba168a803aa935aa701d32ebfdf0c2eec71181e"
    }


async def test_what_people_do_is_posted_signed_and_in_order(oa: ZaloOA, person: Follower, program: Program) -> None:
    assert await oa.registers(program.url)
    assert program.got.pop()[0] == b"{}"
    actions: list[Callable[[], Any]] = [
        person.follows,
        lambda: person.types("chào"),
        lambda: person.sends_photo(jpeg(), "Ruộng"),
        lambda: person.sends_file("Kế hoạch.docx", b"PK"),
        person.sends_location,
        person.sends_sticker,
        person.sends_voice,
        person.sends_video,
        person.sends_link,
        person.sends_card,
        person.unfollows,
    ]
    for act in actions:
        act()
    await oa.until(lambda: len(oa.deliveries) == len(actions))
    names = [
        "follow",
        "text",
        "image",
        "file",
        "location",
        "sticker",
        "audio",
        "video",
        "link",
        "business_card",
        "unfollow",
    ]
    assert [event["event_name"].removeprefix("user_send_") for event in program.events] == names
    for body, headers in program.got:
        event = json.loads(body)
        told = oa.app_id.encode() + body + event["timestamp"].encode() + oa.oa_secret.encode()
        assert headers["X-ZEvent-Signature"] == "mac=" + hashlib.sha256(told).hexdigest()
        assert event["user_id_by_app"] == person.id_by_app
    ids = [event["message"]["msg_id"] for event in program.events if "message" in event]
    assert len(set(ids)) == len(ids) == 9
    shown = program.events[3]["message"]["attachments"][0]["payload"]
    assert (shown["name"], shown["size"], shown["type"]) == ("Kế hoạch.docx", "2", "docx")


async def test_late_out_of_order_and_repeated(oa: ZaloOA, person: Follower, program: Program) -> None:
    oa.webhook = program.url
    oa.hold()
    first, second = person.types("một"), person.types("hai")
    await asyncio.sleep(0.05)
    assert program.got == []
    oa.release(backwards=True)
    oa.again(first)
    await oa.until(lambda: len(oa.deliveries) == 3)
    assert [event["message"]["text"] for event in program.events] == ["hai", "một", "một"]
    assert oa.answered_with(second) == [200]
    assert oa.answered_with(first) == [200, 200]


async def test_what_is_not_taken_is_posted_again(oa: ZaloOA, person: Follower, program: Program) -> None:
    oa.webhook = program.url
    program.status = 503
    number = person.types("một")
    await oa.until(lambda: len(oa.deliveries) == 2)
    program.status = 200
    await oa.until(lambda: 200 in oa.answered_with(number))
    assert oa.answered_with(number)[:2] == [503, 503]
    with pytest.raises(AssertionError):  # taken in the end, but refused before
        await oa.all_taken()


async def test_two_seconds_are_enough_for_an_answer(oa: ZaloOA, person: Follower, program: Program) -> None:
    oa.webhook = program.url
    program.delay_s = 2.3
    number = person.types("một")
    await oa.until(lambda: bool(oa.deliveries))
    assert oa.answered_with(number) == [0]
    with pytest.raises(TimeoutError):
        await oa.all_taken(0.05)
    program.delay_s = 0
    await oa.all_taken()
    assert oa.answered_with(number)[-1] == 200


async def test_receipts_and_echoes(oa: ZaloOA, account: Account, person: Follower) -> None:
    person.types("chào")
    person.phone_is_off = True
    sent = (await account.send({"text": "Dạ"}))["data"]["message_id"]
    person.turns_phone_on()
    person.reads_receipt()
    person.reads_receipt(together=False)
    told = [json.loads(post.body) for post in oa.posts[1:]]
    names = ["oa_send_text", "user_received_message", "user_seen_message", "user_seen_message"]
    assert [event["event_name"] for event in told] == names
    for event, message in zip(
        told,
        [{"msg_id": sent, "text": "Dạ"}, {"msg_id": sent}, {"msg_ids": [sent]}, {"msg_id": sent}],
        strict=True,
    ):
        assert event["message"] == message
        assert (event["sender"]["id"], event["recipient"]["id"]) == (oa.oa_id, person.id)


# ---------------------------------------------------------------- Official Account: trouble


async def test_scripted_trouble(oa: ZaloOA, account: Account, person: Follower, http: ClientSession) -> None:
    person.types("chào")
    oa.fail("message/cs", Failure(code=-32))
    assert (await account.send({"text": "a"}))["error"] == -32
    url, headers = f"{oa.url}/v3.0/oa/message/cs", {"access_token": account.token}
    body = {"recipient": {"user_id": person.id}, "message": {"text": "a"}}
    oa.fail("message/cs", Failure(garbage=True, chat_id=person.id))
    async with http.post(url, headers=headers, json=body) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/html"
    oa.outage = Failure(status=500)
    async with http.post(url, headers=headers, json=body) as answer:
        assert answer.status == 500
    oa.outage = Failure(delay_s=5)
    with pytest.raises(TimeoutError):
        await http.post(url, headers=headers, json=body, timeout=ClientTimeout(total=0.1))
    oa.forget_failures()
    await asyncio.sleep(0.1)
    seen = len(person.seen)
    oa.fail("message/cs", Failure(drop=True, after=True))
    with pytest.raises((ServerDisconnectedError, ClientError)):
        await account.send({"text": "a"})
    assert len(person.seen) == seen + 1
    assert (await account.send({"text": "a"}))["error"] == 0


async def test_a_lost_answer_of_the_token_endpoint_spends_the_token(oa: ZaloOA, account: Account) -> None:
    oa.fail("access_token", Failure(drop=True, after=True))
    with pytest.raises(ClientError):
        await account.asks_token(refresh_token=account.refresh_token)
    assert (await account.asks_token(refresh_token=account.refresh_token))["error"] == -14020


async def test_file_hosts(oa: ZaloOA, http: ClientSession) -> None:
    urls = {
        "plain": oa.host("a.bin", Hosted(b"abc")),
        "slow": oa.host("a.bin", Hosted(bytes(40_000), slow_s=0.01)),
        "gone": oa.host("a.bin", Hosted(b"", status=410)),
        "elsewhere": oa.host("a.bin", Hosted(b"", redirect="http://10.0.0.1/secret")),
    }
    found = {}
    for name, url in urls.items():
        async with http.get(url, allow_redirects=False) as answer:
            found[name] = (answer.status, len(await answer.read()))
    assert found["plain"] == (200, 3)
    assert found["slow"] == (200, 40_000)
    assert found["gone"] == (410, 0)
    assert found["elsewhere"][0] == 302
    async with http.get(oa.host("a.bin", Hosted(b"", endless=True))) as answer:
        assert len(await answer.content.readexactly(1_000_000)) == 1_000_000


# ---------------------------------------------------------------- Zalo Bot


Method = Callable[..., Awaitable[JSON]]


@pytest.fixture
def bot(api: ZaloBot, http: ClientSession) -> Method:
    async def call(method: str, **params: Any) -> JSON:
        async with http.post(f"{api.url}/bot{api.token}/{method}", json=params) as answer:
            assert answer.status == 200
            return dict(await answer.json())

    return call


@pytest.fixture
def friend(api: ZaloBot) -> Friend:
    return Friend(api)


async def test_bot_says_who_it_is_and_refuses_strangers(api: ZaloBot, bot: Method, http: ClientSession) -> None:
    assert (await bot("getMe"))["result"]["account_name"] == "bot.OCOPTest"
    assert (await bot("getme"))["error_code"] == 404
    async with http.post(f"{api.url}/botwrong/getMe") as answer:
        assert (await answer.json())["error_code"] == 401
    api.status_of_errors = 0
    async with http.post(f"{api.url}/botwrong/getMe") as answer:
        assert answer.status == 401


async def test_bot_polling_gives_one_update_at_a_time_and_never_again(bot: Method, friend: Friend) -> None:
    assert (await bot("getUpdates", timeout="0"))["error_code"] == 408
    waiting = asyncio.ensure_future(bot("getUpdates", timeout="5"))
    await asyncio.sleep(0.05)
    friend.types("một")
    friend.types("hai")
    assert (await waiting)["result"]["message"]["text"] == "một"
    assert (await bot("getUpdates", timeout="5"))["result"]["message"]["text"] == "hai"
    assert (await bot("getUpdates", timeout="0.05"))["error_code"] == 408


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"text": "ư" * 2000}, 0),
        ({"text": "ư" * 2001}, 400),
        ({"text": "😀" * 1001}, 400),
        ({"text": ""}, 400),
        ({"text": "a", "parse_mode": "HTML"}, 400),
        ({"text": "a", "chat_id": "nobody"}, 400),
    ],
)
async def test_bot_messages(bot: Method, friend: Friend, params: JSON, code: int) -> None:
    assert (await bot("sendMessage", chat_id=friend.id, text="a"))["error_code"] == 400  # has not written
    friend.types("chào")
    answer = await bot("sendMessage", **{"chat_id": friend.id, **params})
    assert answer.get("error_code", 0) == code
    assert len(friend.seen) == (1 if code == 0 else 0)


async def test_bot_pictures_are_really_fetched(api: ZaloBot, bot: Method, friend: Friend) -> None:
    friend.types("chào")
    urls = (api.host("a.jpg", jpeg()), api.host("a.jpg", b"%PDF"), f"{api.url}/dl/x/a.jpg", "a.jpg")
    answers = [await bot("sendPhoto", chat_id=friend.id, photo=url, caption="Ảnh") for url in urls]
    assert [answer.get("error_code", 0) for answer in answers] == [0, 400, 400, 400]
    assert friend.seen[0].data == jpeg()
    assert (await bot("sendPhoto", chat_id=friend.id, photo="a", caption="c" * 2001))["error_code"] == 400


async def test_bot_refusals(api: ZaloBot, bot: Method, friend: Friend) -> None:
    friend.types("chào")
    assert (await bot("sendSticker", chat_id=friend.id, sticker="0e078a2f"))["ok"]
    assert (await bot("sendChatAction", chat_id=friend.id, action="typing"))["result"] == {"ok": True}
    assert (await bot("sendDocument", chat_id=friend.id))["error_code"] == 404
    api.quota = 0
    assert (await bot("sendMessage", chat_id=friend.id, text="a"))["error_code"] == 429
    friend.blocked = True
    assert (await bot("sendMessage", chat_id=friend.id, text="a"))["error_code"] == 403


async def test_bot_webhook(api: ZaloBot, bot: Method, friend: Friend, program: Program) -> None:
    assert (await bot("setWebhook", url=program.url, secret_token="short"))["error_code"] == 400
    assert (await bot("setWebhook", url="http://example.com", secret_token="12345678"))["error_code"] == 400
    answer = (await bot("setWebhook", url=program.url, secret_token="12345678"))["result"]
    assert answer["verification"] == {"ok": True, "outcome": "webhook.ok"}
    assert (await bot("getUpdates", timeout="0"))["error_code"] == 400
    program.got.clear()
    friend.types("chào")
    friend.sends_photo(jpeg(), "Ruộng")
    api.wrapped, api.photo_key = False, "photo_url"
    friend.sends_photo(jpeg())
    friend.sends_sticker()
    friend.sends_voice()
    friend.sends_file()
    await api.until(lambda: len(api.deliveries) == 6)
    assert all(headers["X-Bot-Api-Secret-Token"] == "12345678" for _, headers in program.got)
    wrapped, bare = program.events[:2], program.events[2:]
    assert all(event["ok"] for event in wrapped)
    names = [event["event_name"] for event in (*(one["result"] for one in wrapped), *bare)]
    assert [name.split(".")[1] for name in names] == ["text", "image", "image", "sticker", "voice", "unsupported"]
    assert "photo" in wrapped[1]["result"]["message"]
    assert "photo_url" in bare[0]["message"]
    assert (await bot("getWebhookInfo"))["result"]["url"] == program.url
    assert (await bot("deleteWebhook"))["result"]["url"] == ""


async def test_bot_webhook_tests(api: ZaloBot, bot: Method, program: Program) -> None:
    program.status = 403
    await bot("setWebhook", url=program.url, secret_token="12345678")
    assert (await bot("testWebhook"))["result"]["outcome"] == "webhook.http.403"
    api.webhook_tests_left = 0
    assert (await bot("testWebhook"))["error_code"] == 426


# ---------------------------------------------------------------- by hand


async def test_chatting_by_hand(oa: ZaloOA, api: ZaloBot, person: Follower, friend: Friend) -> None:
    chat: Chat = zalo_oa.chat_of(person)
    for line in ("chào em", "/follow", "/location 22.5 103.9", "/card", "/sticker", "/voice", "/unfollow"):
        chat.do(line)
    names = [json.loads(post.body)["event_name"] for post in oa.posts]
    assert names == [
        "user_send_text", "follow", "user_send_location", "user_send_business_card",
        "user_send_sticker", "user_send_audio", "unfollow",
    ]  # fmt: skip
    before = oa.now()
    chat.do("/days 3")
    assert oa.now() - before > timedelta(days=2.9)
    with pytest.raises(OSError, match="nowhere"):
        chat.do("/photo nowhere.jpg")
    zalo_bot.chat_of(friend).do("/file plan.docx")
    assert api.pending[-1]["event_name"] == "message.unsupported.received"

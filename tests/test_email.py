"""The e-mail channel against a real SMTP server on this machine: what arrives, and what its refusals mean."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.addresses import Addresses, stop_link, stopped
from bot.channels.base import (
    Attachment,
    Button,
    ChannelError,
    Outgoing,
    Rejected,
    Suspended,
    Throttled,
    Unavailable,
    Unreachable,
)
from bot.channels.email import Email, Recipient, Server
from bot.turn import outbox_row
from storage import people, reach
from storage.database import make_engine
from storage.models import conversations, outbox
from storage.outbox import post
from storage.records import Conversation, conversations_of
from tests.certificates import certificate, serving, trusting
from tests.facts import world
from tests.test_web_app import SECRET_KEY
from tests.test_web_app import serving as site
from tests.transcripts import Clock
from tests.warm import warmed

WHO = "lan.tran@example.vn"
STOP = "https://ocop.example/e/1.token"
LONG = "Xã chưa nhận kế hoạch vì thiếu phần đầu ra. " * 60
NEWS = Outgoing(
    "71",
    "Hồ sơ TL12-26-0147: xã cần sửa 2 chỗ.\n\n.Chấm đầu dòng, và chị Tẩn Mẩy – 0912 345 678.\n" + LONG,
    (Button("l:case", "Mở hồ sơ"),),
    unprompted=True,
)


@dataclass
class Postbox:
    """What the server is told to answer, and what it took."""

    letters: list[Envelope] = field(default_factory=list)
    hello: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    to_sender: str = "250 OK"
    to_recipient: str = "250 OK"
    to_letter: str = "250 OK"
    password: bytes = b"p@ss/word"

    async def handle_MAIL(  # the server's names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_sender.startswith("2"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.to_sender

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.to_recipient.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.hello.append(str(session.host_name))
        assert server.transport is not None
        self.encrypted.append(session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None)
        if self.to_letter.startswith("2"):
            self.letters.append(envelope)
        return self.to_letter

    def checked(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        known = isinstance(given, LoginPassword) and (given.login, given.password) == (b"ocop", self.password)
        return AuthResult(success=known, handled=False)

    def letter(self) -> EmailMessage:
        """The only one, as a mail program reads it."""
        (envelope,) = self.letters
        assert isinstance(envelope.content, bytes)
        found = message_from_bytes(envelope.content, policy=default)
        assert isinstance(found, EmailMessage)
        return found


@asynccontextmanager
async def listening(box: Postbox, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    """The port of a server; `tls` from the first byte, `tls_context=…` after STARTTLS."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="mail.example", **options), "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def recipients(locale: str = "vi", stop: str = STOP) -> Callable[[str], Awaitable[Recipient | None]]:
    async def find(address: str) -> Recipient | None:
        return Recipient(locale, stop) if address == WHO else None

    return find


def channel(url: str, locale: str = "vi", tls: ssl.SSLContext | None = None, **more: Any) -> Email:
    values: dict[str, Any] = {
        "sender": "OCOP xã Tân Lĩnh <ocop@xa.example.vn>",
        "find": recipients(locale),
        "catalogs": world().listener.catalogs,
        "chat": "https://ocop.example/",
        "tls": tls,
    }
    return Email(Server.of(url), **values | more)


async def test_a_letter_arrives_as_it_was_written() -> None:
    box = Postbox()
    async with listening(box) as port:
        await channel(f"smtp://127.0.0.1:{port}").send(WHO, NEWS)
    (envelope,) = box.letters
    letter = box.letter()
    assert (envelope.mail_from, envelope.rcpt_tos) == ("ocop@xa.example.vn", [WHO])
    assert letter["From"] == "OCOP xã Tân Lĩnh <ocop@xa.example.vn>"
    assert letter["To"] == WHO
    assert letter["Subject"] == "Trợ lý OCOP: Có tin mới về hồ sơ TL12-26-0147."
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Unsubscribe"] == f"<{STOP}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["Content-Language"] == "vi"
    assert letter["Date"].datetime.tzinfo is not None
    assert letter.get_content_type() == "text/plain"
    assert letter.get_content_charset() == "utf-8"
    text = letter.get_content().replace("\r\n", "\n")
    assert text.startswith(NEWS.text.strip() + "\n\n")
    assert text.split(NEWS.text.strip())[1].strip().split("\n") == [
        "Anh/chị xem thêm và trả lời em ở đây: https://ocop.example/",
        "",
        "-- ",
        "Thư này do máy tự gửi. Anh/chị trả lời thư thì không ai đọc được ạ.",
        f"Không muốn nhận thư nữa: {STOP}",
    ]
    assert "Mở hồ sơ" not in text  # a button nobody can press
    assert isinstance(envelope.content, bytes)
    assert all(len(line) <= 998 for line in envelope.content.split(b"\r\n"))  # RFC 5321, 4.5.3.1.6
    assert envelope.content.isascii()


async def test_in_english_and_without_a_public_address() -> None:
    box = Postbox()
    async with listening(box) as port:
        mail = channel(f"smtp://127.0.0.1:{port}", find=recipients("en", ""), chat="", sender="ocop@xa.example.vn")
        await mail.send(WHO, Outgoing("1", "Two files wait: TL12-26-0147, TL12-26-0148."))
    letter = box.letter()
    assert letter["From"] == "OCOP assistant <ocop@xa.example.vn>"
    assert letter["Subject"] == "OCOP assistant: There is news for you."
    assert letter["List-Unsubscribe"] is letter["List-Unsubscribe-Post"] is None
    assert letter["Content-Language"] == "en"
    assert "http" not in letter.get_content()


async def test_a_link_without_https_is_no_one_click_link() -> None:
    box = Postbox()
    async with listening(box) as port:
        await channel(f"smtp://127.0.0.1:{port}", find=recipients(stop="http://localhost:8000/e/1.t")).send(WHO, NEWS)
    assert box.letter()["List-Unsubscribe"] == "<http://localhost:8000/e/1.t>"
    assert box.letter()["List-Unsubscribe-Post"] is None  # RFC 8058, section 3.1


async def test_a_letter_sent_again_is_recognised() -> None:
    box = Postbox()
    async with listening(box) as port:
        for key in ("71", "71", "72"):
            await channel(f"smtp://127.0.0.1:{port}").send(WHO, replace(NEWS, key=key))
    first, again, other = (message_from_bytes(bytes(e.content or b""))["Message-ID"] for e in box.letters)  # type: ignore[arg-type]
    assert first == again != other
    assert first.endswith("@xa.example.vn>")


@pytest.mark.parametrize(
    "address",
    [
        f"{WHO}\r\nBcc: all@example.vn",
        f"{WHO}>\r\nRCPT TO:<x@example.vn",
        "a@b",
        "ä@example.vn",
        "lan@ví-dụ.vn",
        "",
        f"x, {WHO}",
    ],
)
async def test_what_is_no_address_gets_no_letter(address: str) -> None:
    async def anybody(address: str) -> Recipient | None:
        return Recipient("vi", STOP)

    box = Postbox()
    async with listening(box) as port:
        with pytest.raises(Unreachable):
            await channel(f"smtp://127.0.0.1:{port}", find=anybody).send(address, NEWS)
    assert not box.letters


async def test_a_text_can_add_no_header() -> None:
    box = Postbox()
    text = "TL12-26-0147\r\nBcc: all@example.vn\r\n\r\n.\r\nMAIL FROM:<x@example.vn>"
    async with listening(box) as port:
        await channel(f"smtp://127.0.0.1:{port}").send(WHO, Outgoing("1", text))
    letter = box.letter()
    assert letter["Bcc"] is None
    assert "Bcc: all@example.vn" in letter.get_content()
    assert "MAIL FROM:<x@example.vn>" in letter.get_content()


async def test_a_stopped_address_gets_no_letter() -> None:
    box = Postbox()
    async with listening(box) as port:
        with pytest.raises(Unreachable):
            await channel(f"smtp://127.0.0.1:{port}").send("other@example.vn", NEWS)
    assert not box.letters


# ---------------------------------------------------------------- what a server refuses


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({"to_recipient": "550 5.1.1 no such user"}, Unreachable),
        ({"to_recipient": "553 5.1.3 bad address"}, Unreachable),
        ({"to_recipient": "554 5.7.1 relay access denied"}, Throttled),
        ({"to_recipient": "550 5.4.5 daily limit exceeded"}, Throttled),
        ({"to_recipient": "451 4.7.1 greylisted, come again"}, Unavailable),
        ({"to_recipient": "452 4.2.2 mailbox full"}, Unavailable),
        ({"to_sender": "421 4.7.0 too many letters"}, Throttled),
        ({"to_sender": "550 5.7.1 not your address"}, Suspended),
        ({"to_letter": "450 4.3.2 busy"}, Throttled),
        ({"to_letter": "550 5.1.1 no such user, found late"}, Unreachable),
        ({"to_letter": "554 5.7.1 looks like advertising"}, Rejected),
        ({"to_letter": "552 5.3.4 too large"}, Rejected),
    ],
)
async def test_refusals(answers: dict[str, str], outcome: type[ChannelError]) -> None:
    box = Postbox(**answers)  # type: ignore[arg-type]
    async with listening(box) as port:
        with pytest.raises(ChannelError) as refused:
            await channel(f"smtp://127.0.0.1:{port}").send(WHO, NEWS)
    assert type(refused.value) is outcome
    assert not box.letters
    assert "user" not in str(refused.value)  # a server's own words may quote the letter


async def test_a_greylisted_letter_goes_out_at_the_second_try() -> None:
    box = Postbox(to_recipient="451 4.7.1 come again")
    async with listening(box) as port:
        mail = channel(f"smtp://127.0.0.1:{port}")
        with pytest.raises(Unavailable):
            await mail.send(WHO, NEWS)
        box.to_recipient = "250 OK"
        await mail.send(WHO, NEWS)
    assert len(box.letters) == 1


async def test_a_server_that_is_gone() -> None:
    async with listening(Postbox()) as port:
        pass
    with pytest.raises(Unavailable):
        await channel(f"smtp://127.0.0.1:{port}").send(WHO, NEWS)


async def test_a_server_that_hangs_up_in_the_middle() -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example\r\n")
        await reader.readline()
        writer.close()

    server = await asyncio.start_server(rude, "127.0.0.1", 0)
    async with server:
        with pytest.raises(Unavailable):
            await channel(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}").send(WHO, NEWS)


async def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    release = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    monkeypatch.setattr("bot.channels.email.WITHIN_S", 0.2)
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        with pytest.raises(Unavailable):
            await channel(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}").send(WHO, NEWS)
        release.set()


# ---------------------------------------------------------------- logins and TLS


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # the server's, of what is tested here
@pytest.mark.parametrize(("password", "welcome"), [("p%40ss%2Fword", True), ("not-the-word", False)])
async def test_the_login(password: str, welcome: bool) -> None:
    box = Postbox()
    options: dict[str, Any] = {"authenticator": box.checked, "auth_required": True, "auth_require_tls": False}
    async with listening(box, **options) as port:
        mail = channel(f"smtp://ocop:{password}@127.0.0.1:{port}")
        if welcome:
            await mail.send(WHO, NEWS)
        else:
            with pytest.raises(Suspended, match="login") as refused:
                await mail.send(WHO, NEWS)
            assert password not in str(refused.value)
    assert bool(box.letters) is welcome
    assert password not in repr(mail)


async def test_a_server_without_logins_is_told_as_such() -> None:
    async with listening(Postbox()) as port:
        with pytest.raises(Suspended):
            await channel(f"smtp://ocop:word@127.0.0.1:{port}").send(WHO, NEWS)


async def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    box, pem = Postbox(), certificate(tmp_path)
    async with listening(box, serving(pem)) as port:
        await channel(f"smtps://localhost:{port}", tls=trusting(pem)).send(WHO, NEWS)
    assert box.encrypted == [True]


async def test_tls_after_starttls_covers_login_and_letter(tmp_path: Path) -> None:
    box, pem = Postbox(), certificate(tmp_path)
    options: dict[str, Any] = {
        "authenticator": box.checked,
        "auth_required": True,
        "tls_context": serving(pem),
        "require_starttls": True,
    }
    async with listening(box, **options) as port:
        mail = channel(f"smtp://ocop:p%40ss%2Fword@localhost:{port}", tls=trusting(pem))
        mail.server = replace(mail.server, tls="starttls")
        await mail.send(WHO, NEWS)
    assert box.encrypted == [True]


@pytest.mark.parametrize("tls", ["smtps", "starttls"])
async def test_a_certificate_nobody_vouches_for_stops_the_channel(tmp_path: Path, tls: str) -> None:
    box, pem = Postbox(), certificate(tmp_path)
    served: dict[str, Any] = {"tls": serving(pem)} if tls == "smtps" else {"tls_context": serving(pem)}
    async with listening(box, **served) as port:
        mail = channel(f"smtp://localhost:{port}")
        mail.server = replace(mail.server, tls=tls)
        with pytest.raises(Suspended, match="certificate"):
            await mail.send(WHO, NEWS)
    assert not box.letters


async def test_elsewhere_nothing_goes_out_in_the_open() -> None:
    """The server offers no STARTTLS, as one does behind somebody who listens in."""
    box = Postbox()
    async with listening(box) as port:
        mail = channel(f"smtp://localhost:{port}")
        mail.server = replace(mail.server, tls="starttls")
        with pytest.raises(Suspended):
            await mail.send(WHO, NEWS)
    assert not box.letters


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.vn", Server("mail.example.vn", 587, None, None, "starttls")),
        ("smtps://u%40x:p%3A@mail.example.vn", Server("mail.example.vn", 465, "u@x", "p:", "smtps")),
        ("smtp://127.0.0.1:25", Server("127.0.0.1", 25, None, None, "")),
        ("smtp://[::1]:25", Server("::1", 25, None, None, "")),
        ("smtp://localhost", Server("localhost", 587, None, None, "")),
        ("smtp://127.0.0.1.example.vn", Server("127.0.0.1.example.vn", 587, None, None, "starttls")),
    ],
)
def test_how_a_server_is_named(url: str, server: Server) -> None:
    assert Server.of(url) == server


def test_it_only_tells() -> None:
    mail = channel("smtp://localhost")
    assert not mail.capabilities.converses
    assert not mail.carries(Attachment("a.pdf", "application/pdf", b""))
    with pytest.raises(ValueError, match="nobody"):
        mail.read({}, b"{}")


# ---------------------------------------------------------------- addresses in the database


OTHER = "binh@example.vn"


async def chats(engine: AsyncEngine, *names: str) -> dict[str, Conversation]:
    async with engine.begin() as connection:
        found = await conversations_of(connection, {("telegram", name): "vi" for name in names}, Clock()())
    return {name: found["telegram", name] for name in names}


async def proved(engine: AsyncEngine, who: Conversation, address: str = WHO, now: Any = None) -> int:
    async with engine.begin() as connection:
        return await reach.add_address(connection, who.person_id, "email", address, who.locale, now or Clock()())


async def rows(engine: AsyncEngine) -> list[tuple[int, str, str]]:
    """Person, address and status of every e-mail row."""
    columns = (conversations.c.person_id, conversations.c.chat_id, conversations.c.status)
    statement = select(*columns).where(conversations.c.channel == "email").order_by(conversations.c.id)
    async with engine.begin() as connection:
        return [(row[0], row[1], row[2]) for row in await connection.execute(statement)]


async def letters(engine: AsyncEngine, conversation_id: int) -> None:
    async with engine.begin() as connection:
        await post(connection, [outbox_row(conversation_id, "notice", {"text": "Mẩy"}, Clock()())])


async def test_a_proved_address_is_written_to_in_its_persons_language(engine: AsyncEngine) -> None:
    anna = (await chats(engine, "anna"))["anna"]
    number = await proved(engine, anna)
    assert await proved(engine, anna) == number
    assert await rows(engine) == [(anna.person_id, WHO, "open")]
    recipient = await Addresses(engine, "k" * 32, "https://ocop.example").recipient(WHO)
    assert recipient is not None
    assert recipient.locale == "vi"
    assert stopped("k" * 32, recipient.stop.rpartition("/")[2]) == number
    assert WHO.partition("@")[0] not in recipient.stop
    assert await Addresses(engine, "k" * 32, "").recipient(WHO) == Recipient("vi", "")
    assert await Addresses(engine, "k" * 32, "").recipient(OTHER) is None


async def test_an_address_that_changes_hands_takes_nothing_along(engine: AsyncEngine) -> None:
    found = await chats(engine, "anna", "bình")
    first = await proved(engine, found["anna"])
    await letters(engine, first)
    second = await proved(engine, found["bình"])
    assert first != second
    assert await rows(engine) == [
        (found["anna"].person_id, f"gone-{first}", "blocked"),
        (found["bình"].person_id, WHO, "open"),
    ]
    async with engine.begin() as connection:
        assert (await connection.execute(select(outbox))).all() == []


async def test_an_unproved_address_takes_a_code_and_takes_nothing_from_its_owner(engine: AsyncEngine) -> None:
    found = await chats(engine, "anna", "bình")
    number = await proved(engine, found["anna"])
    async with engine.begin() as connection:
        person = found["bình"].person_id
        assert await reach.unproved_address(connection, person, "email", WHO, "vi", Clock()()) == number
        await reach.unproved_address(connection, person, "email", OTHER, "vi", Clock()())
    assert await rows(engine) == [(found["anna"].person_id, WHO, "open"), (person, OTHER, "unproved")]
    assert await Addresses(engine, "k" * 32, "").recipient(OTHER) is not None  # the code goes there
    async with engine.begin() as connection:
        assert [row.channel for row in await people.chats_of(connection, [person])] == ["telegram"]


async def test_a_stopped_address_can_be_proved_again(engine: AsyncEngine) -> None:
    anna = (await chats(engine, "anna"))["anna"]
    number = await proved(engine, anna)
    async with engine.begin() as connection:
        await reach.stop(connection, number)
        await reach.stop(connection, anna.id)  # a number of a chat: links end e-mails only
    assert await rows(engine) == [(anna.person_id, WHO, "blocked")]
    assert await Addresses(engine, "k" * 32, "").recipient(WHO) is None
    async with engine.begin() as connection:
        status = select(conversations.c.status).where(conversations.c.id == anna.id)
        assert await connection.scalar(status) == "open"
        await reach.unproved_address(connection, anna.person_id, "email", WHO, "vi", Clock()())
    assert await Addresses(engine, "k" * 32, "").recipient(WHO) is not None
    assert await proved(engine, anna) == number
    assert await rows(engine) == [(anna.person_id, WHO, "open")]


async def test_forgetting_erases_the_address_and_what_was_on_its_way(engine: AsyncEngine) -> None:
    anna = (await chats(engine, "anna"))["anna"]
    number = await proved(engine, anna)
    await letters(engine, number)
    async with engine.begin() as connection:
        await people.forget(connection, anna, ())
        assert (await connection.execute(select(outbox))).all() == []
    assert await rows(engine) == [(anna.person_id, f"gone-{number}", "blocked")]


async def test_what_was_never_proved_is_forgotten_after_a_day(engine: AsyncEngine) -> None:
    found = await chats(engine, "anna", "bình")
    clock = Clock()
    await proved(engine, found["anna"])
    async with engine.begin() as connection:
        await reach.unproved_address(connection, found["bình"].person_id, "email", OTHER, "vi", clock())
        await reach.prune_addresses(connection, clock())
        assert (await connection.scalar(select(conversations.c.id).where(conversations.c.chat_id == OTHER))) is not None
        for _ in range(2):
            await reach.prune_addresses(connection, clock() + timedelta(seconds=1))
    (_, kept, status), (_, gone, _) = await rows(engine)
    assert (kept, status) == (WHO, "open")
    assert gone.startswith("gone-")


async def test_an_address_too_long_for_the_table_is_refused(engine: AsyncEngine) -> None:
    anna = (await chats(engine, "anna"))["anna"]
    with pytest.raises(ValueError, match="long"):
        await proved(engine, anna, "x" * 70 + "@example.vn")


# ---------------------------------------------------------------- the link that ends them


async def test_the_link_asks_first_and_a_mail_program_need_not(sqlite_url: str, tmp_path: Path) -> None:
    async with site(await warmed(make_engine(sqlite_url)), tmp_path) as served, served.browser() as client:
        anna = (await chats(served.engine, "anna"))["anna"]
        link = stop_link("", SECRET_KEY, await proved(served.engine, anna))
        assert link == ""
        link = stop_link("http://ocop.test", SECRET_KEY, await proved(served.engine, anna))
        page = await client.get(link)
        assert page.status_code == 200
        assert "Thôi gửi thư" in page.text
        assert f'method="post" action="{link.rpartition("/")[2]}"' in page.text
        assert await rows(served.engine) == [(anna.person_id, WHO, "open")]  # a look at it ends nothing
        for _ in range(2):  # RFC 8058: no cookie, no Origin, a form of its own
            answer = await client.post(link, data={"List-Unsubscribe": "One-Click"})
            assert answer.status_code == 200
            assert "Em không gửi thư điện tử cho anh/chị nữa." in answer.text
        assert await rows(served.engine) == [(anna.person_id, WHO, "blocked")]
        served.site.web_chat = False
        assert "Em không gửi thư" in (await client.post(link)).text


@pytest.mark.parametrize("token", ["x", "1", "MQ.forged", "%00", "a" * 500])
async def test_a_link_we_never_made_ends_nothing(sqlite_url: str, tmp_path: Path, token: str) -> None:
    async with site(await warmed(make_engine(sqlite_url)), tmp_path) as served, served.browser() as client:
        await proved(served.engine, (await chats(served.engine, "anna"))["anna"])
        for method in ("GET", "POST"):
            assert (await client.request(method, f"/e/{token}")).status_code == 404
        assert [row[2] for row in await rows(served.engine)] == ["open"]
    assert stopped("another key", stop_link("http://ocop.test", "a key", 1).rpartition("/")[2]) is None

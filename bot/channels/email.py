"""E-mail as a channel: plain text to a confirmed address, over any SMTP server. Nobody answers there.

Taken by the server counts as delivered: what comes back later (a bounce) goes to MAIL_FROM, for a person to read.
"""

import asyncio
import hashlib
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_LINES
from email.utils import format_datetime, localtime, parseaddr
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from bot.catalogs import Catalog
from bot.channels.base import (
    Attachment,
    Capabilities,
    ChannelError,
    FileUnavailable,
    Outgoing,
    Rejected,
    Sent,
    Suspended,
    Throttled,
    Unavailable,
    Unreachable,
    Update,
)
from bot.channels.headline import NAME, headline
from dialogs.model import N_, Text

MAX_TEXT_CHARS = 20_000  # ours: a mailbox takes far more
MAX_BUTTONS, MAX_BUTTON_CHARS, MAX_DATA_BYTES = 30, 60, 200  # ours, so that no choice is numbered in the text
WITHIN_S = 30.0
"""For each step of a delivery; RFC 5321, 4.5.3.2 would wait for minutes, but a worker's hand is not free meanwhile."""
AT_ONCE = 4
"""Connections; providers of mailboxes allow few from one account."""
BUSY_PAUSE_S = 60.0
PORTS = {"smtp": 587, "smtps": 465}  # RFC 6409, RFC 8314

CAPABILITIES = Capabilities(
    max_text_chars=MAX_TEXT_CHARS,
    max_buttons=MAX_BUTTONS,
    max_button_chars=MAX_BUTTON_CHARS,
    max_data_bytes=MAX_DATA_BYTES,
    receives_files=False,
    asks_contact=False,
    asks_location=False,
    sends_files=False,
    receives_photos=False,
    converses=False,
)
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
MORE = N_("See more and answer here: %(link)s")
AUTOMATIC = Text(N_("This e-mail was sent automatically. Nobody reads what is answered to it."))
NO_MORE = N_("To get no more e-mails: %(link)s")


@dataclass(frozen=True, slots=True)
class Server:
    """An SMTP server. `tls`: "smtps" from the first byte, "starttls", or "" on this machine."""

    host: str
    port: int
    username: str | None
    password: str | None = field(repr=False)
    tls: str

    @classmethod
    def of(cls, url: str) -> "Server":
        """From smtp://user:password@host:port or smtps://…; raises ValueError for anything else.

        Without TLS only to a server on this machine: elsewhere the password and the news would lie open on the way.
        """
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError("no address of an SMTP server")
        user, password = (unquote(said) if said is not None else None for said in (parts.username, parts.password))
        tls = "smtps" if parts.scheme == "smtps" else "" if _is_here(parts.hostname) else "starttls"
        return cls(parts.hostname, parts.port or PORTS[parts.scheme], user, password, tls)


def _is_here(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address as we may write to it. `stop`: a link that ends it, "" where nobody could open one."""

    locale: str
    stop: str


@dataclass
class Email:
    """`find` says of an address that it may be written to, or None; `chat` is where one can answer, "" for nowhere.

    `tls` is a test's.
    """

    server: Server
    sender: str
    find: Callable[[str], Awaitable[Recipient | None]]
    catalogs: Mapping[str, Catalog] = field(repr=False)
    chat: str = ""
    tls: ssl.SSLContext | None = None
    name: str = field(init=False, default="email")
    capabilities: Capabilities = field(init=False, default=CAPABILITIES)

    def __post_init__(self) -> None:
        self._name, self._address = parseaddr(self.sender)
        self._at_once = asyncio.Semaphore(AT_ONCE)

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Update]:
        raise ValueError("nobody answers by e-mail")

    async def updates(self) -> AsyncIterator[list[Update]]:
        """Nothing to poll: nobody answers here."""
        nothing: tuple[list[Update], ...] = ()
        for updates in nothing:
            yield updates

    def carries(self, attachment: Attachment) -> bool:
        """Papers stay here: a mailbox is no place for them, and theirs is often shared or full."""
        return False

    async def send(self, chat_id: str, message: Outgoing) -> Sent:
        """A second try has the Message-ID of the first, so that a mailbox shows it once."""
        plain = chat_id.isascii() and _ADDRESS.fullmatch(chat_id)  # few servers take others (RFC 6531)
        recipient = await self.find(chat_id) if plain else None
        if recipient is None:
            raise Unreachable
        letter = self._letter(chat_id, recipient, message)
        async with self._at_once:
            await self._hand_over(letter, chat_id)
        return Sent()

    def _letter(self, address: str, recipient: Recipient, message: Outgoing) -> EmailMessage:
        catalog = self.catalogs.get(recipient.locale, self.catalogs["vi"])
        letter = EmailMessage(SMTP_LINES)
        letter["From"] = Address(self._name or catalog.say(NAME), addr_spec=self._address)
        letter["To"] = Address(addr_spec=address)
        letter["Subject"] = f"{catalog.say(NAME)}: {headline(catalog, message.text)}"
        letter["Date"] = format_datetime(localtime())
        letter["Message-ID"] = self._id(address, message.key)
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no "I am on leave" comes back
        if recipient.stop:
            letter["List-Unsubscribe"] = f"<{recipient.stop}>"
        if recipient.stop.startswith("https://"):
            letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
        letter.set_content(self._body(catalog, recipient, message), charset="utf-8", cte="quoted-printable")
        letter["Content-Language"] = catalog.locale  # set_content takes away what begins like this
        return letter

    def _body(self, catalog: Catalog, recipient: Recipient, message: Outgoing) -> str:
        """What a button would do is done in the chat."""
        more = [catalog.say(Text(MORE, {"link": self.chat}))] if self.chat else []
        stop = [catalog.say(Text(NO_MORE, {"link": recipient.stop}))] if recipient.stop else []
        return "\n\n".join([message.text.strip(), *more, "\n".join(["-- ", catalog.say(AUTOMATIC), *stop])])

    def _id(self, address: str, key: str) -> str:
        domain = self._address.rpartition("@")[2]
        digest = hashlib.sha256(f"{key} {address}".encode()).hexdigest()
        return f"<{digest[:24]}@{domain}>"

    async def _hand_over(self, letter: EmailMessage, address: str) -> None:
        """Raises ChannelError. What a server said may quote the letter or the password, so it goes no further."""
        server = self.server
        try:
            await aiosmtplib.send(
                letter,
                sender=self._address,
                recipients=[address],
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=server.password,
                use_tls=server.tls == "smtps",
                start_tls=server.tls == "starttls",
                tls_context=self.tls if server.tls else None,
                local_hostname=self._address.rpartition("@")[2],
                timeout=WITHIN_S,
            )
        except (SMTPException, OSError) as error:  # TimeoutError and ssl.SSLError among them
            raise outcome(error) from None

    async def acknowledge(self, update: Update) -> None:
        """There are no presses."""

    async def fetch(self, source: str) -> bytes:
        raise FileUnavailable(source)

    async def close(self) -> None:
        """Each letter has a connection of its own."""


def outcome(error: Exception) -> ChannelError:
    """What an error of the SMTP client means for the letter (RFC 5321, 4.2.1: 4xx is for now, 5xx for good)."""
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in (error, error.__cause__)):
        return Suspended("the SMTP server's certificate is not in order")
    match error:
        case SMTPRecipientsRefused():
            return _of_recipient(error.recipients[0].code, error.recipients[0].message)
        case SMTPAuthenticationError():
            return Suspended("the SMTP server refuses the login") if error.code >= 500 else Throttled(BUSY_PAUSE_S)
        case SMTPResponseException():
            return _of_letter(error)
        case OSError():
            return Unavailable(type(error).__name__)
        case _:
            return Suspended("the SMTP server lacks TLS or a login")


def _of_recipient(code: int, words: str) -> ChannelError:
    """4xx is greylisting or a full mailbox: of this address only, so the others go on.

    Of 5xx only what is about the mailbox ends it (RFC 3463: 5.1 address, 5.2 mailbox, or no such figure): a relay says
    here too that it takes nothing from us (5.7 policy) or not today (5.4 routing, 5.3 and 5.5 itself).
    """
    if code < 500:
        return Unavailable(str(code))
    figure = re.match(r"5\.(\d)\.\d", words)
    return Unreachable(str(code)) if figure is None or figure[1] in "12" else Throttled(BUSY_PAUSE_S)


def _of_letter(error: Any) -> ChannelError:
    """At any other step: 4xx is a server that wants no more just now; 5xx is about our letter, or about us."""
    if error.code < 500:
        return Throttled(BUSY_PAUSE_S)
    if isinstance(error, aiosmtplib.SMTPDataError):
        no_mailbox = re.match(r"5\.1\.[0-9]", error.message)  # RFC 3463: some servers look for it only now
        return Unreachable(str(error.code)) if no_mailbox else Rejected(str(error.code))
    return Suspended("the SMTP server takes no letters from us")

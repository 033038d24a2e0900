"""Web Push as a channel: a short notification in a browser whose page is closed. Nobody answers there.

The message is encrypted for the browser (RFC 8291, pywebpush), signed with this installation's key (RFC 8292) and
handed to the browser's push service (RFC 8030), whose address the browser told us. The service worker reports back
what it has shown and what was pressed: that is the proof.
"""

import asyncio
import base64
import binascii
import json
import re
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bot.catalogs import Catalog
from bot.channels.base import (
    Attachment,
    Capabilities,
    FileUnavailable,
    Outgoing,
    Proof,
    Receipt,
    Rejected,
    Sent,
    Throttled,
    Unavailable,
    Unreachable,
    Update,
)
from bot.channels.headline import NAME, headline

# Limits as read on 2026-11-22.
MAX_TEXT_CHARS = 20_000  # ours: only one sentence of it goes out
MAX_BUTTONS, MAX_BUTTON_CHARS, MAX_DATA_BYTES = 30, 60, 200  # ours, so that no choice is numbered in the text
KEPT_FOR = timedelta(days=1)
"""TTL: how long a push service keeps it for a phone that is off. Later it is no news; the chat has it all the same."""
PATIENCE = timedelta(minutes=30)
SIGNED_FOR = timedelta(hours=12)  # 24 hours at most: RFC 8292, section 2
WITHIN_S = 20.0
MAX_ENDPOINT_CHARS = 1000
LONGEST_PAUSE_S, USUAL_PAUSE_S = 300.0, 60.0
"""A push service limits one browser; the others of this channel need not wait with it for hours."""

HOSTS = (
    "fcm.googleapis.com",  # Chrome, Edge on Android, Samsung, Opera
    "*.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",  # Edge
)
"""The push services of the browsers there are. What a page names beside them is nobody's browser."""

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
    proof=Proof.RECEIPT,
    patience=PATIENCE,
)
_NETLOC = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")
_RECEIPT_ID = re.compile(r"([0-9a-f]{32})\.[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a browser is reached, and its keys in base64url, as PushSubscription.toJSON() gives them."""

    endpoint: str
    p256dh: str
    auth: str
    locale: str = "vi"


def subscription(data: Mapping[str, Any], hosts: Collection[str] = HOSTS) -> Subscription:
    """What a page sent about its browser; raises ValueError for what no browser makes."""
    endpoint, keys = data.get("endpoint"), data.get("keys")
    if not isinstance(endpoint, str) or not isinstance(keys, dict) or not _known(endpoint, hosts):
        raise ValueError("no push service we know")
    p256dh, auth = keys.get("p256dh"), keys.get("auth")
    if not isinstance(p256dh, str) or not isinstance(auth, str) or len(_bytes(auth)) != 16:
        raise ValueError("no keys of a browser")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(p256dh))  # raises for a point off the curve
    except UnsupportedAlgorithm:
        raise ValueError("no key of a browser") from None
    return Subscription(endpoint, p256dh, auth)


def _known(endpoint: str, hosts: Collection[str]) -> bool:
    """Whether we would send there: anything else would let a stranger aim this server at a host of their choice."""
    parts = urlsplit(endpoint)
    if len(endpoint) > MAX_ENDPOINT_CHARS or not endpoint.isascii() or re.search(r"[\s\\]", endpoint):
        return False
    named = _NETLOC.fullmatch(parts.netloc) is not None  # no user, no port of its own but a test's
    return parts.scheme == "https" and named and any(_fits(parts.netloc, host) for host in hosts)


def _fits(netloc: str, host: str) -> bool:
    return netloc.endswith(host[1:]) if host.startswith("*.") else netloc == host


def _bytes(text: str) -> bytes:
    """Raises ValueError."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no base64url") from error


def new_key() -> str:
    """A private key for signing: 32 bytes in base64url."""
    return _text(ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(32))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Push:
    """`find` gives the browser behind a chat id, None for one that was switched off; `subject` is whom a push service
    may write to about us: "mailto:…", or "https://" with a host. `hosts` and `tls` are a test's.
    """

    find: Callable[[str], Awaitable[Subscription | None]]
    key: str = field(repr=False)
    subject: str
    catalogs: Mapping[str, Catalog] = field(repr=False)
    hosts: Collection[str] = HOSTS
    tls: ssl.SSLContext | None = None
    _session: Any = field(init=False, repr=False, default=None)
    name: str = field(init=False, default="push")
    capabilities: Capabilities = field(init=False, default=CAPABILITIES)

    @property
    def public_key(self) -> str:
        """What a page hands to its browser, so that nobody but us can send to it."""
        private = ec.derive_private_key(int.from_bytes(_bytes(self.key)), ec.SECP256R1())
        return _text(private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def accepts(self, data: Mapping[str, Any]) -> Subscription:
        """Raises ValueError."""
        return subscription(data, self.hosts)

    def read(self, headers: Mapping[str, str], body: bytes) -> list[Receipt]:
        """What a service worker reports. The id is the proof that it could read the message: only the browser can."""
        report = json.loads(body)
        found = _RECEIPT_ID.fullmatch(report["id"]) if isinstance(report, dict) and _is_text(report, "id") else None
        if found is None:
            raise ValueError("no receipt")
        return [Receipt(self.name, found[1], (found[0],), seen=report.get("seen") is True)]

    async def updates(self) -> AsyncIterator[list[Update]]:
        """Nothing to poll: nobody answers here."""
        nothing: tuple[list[Update], ...] = ()
        for updates in nothing:
            yield updates

    def carries(self, attachment: Attachment) -> bool:
        """A notification has one sentence."""
        return False

    async def send(self, chat_id: str, message: Outgoing) -> Sent:
        """Shown twice, when it was sent twice, it stands once: the tag is the message's."""
        browser = await self.find(chat_id)
        if browser is None or not _known(browser.endpoint, self.hosts):
            raise Unreachable
        if self._session is None:
            await asyncio.to_thread(_load)  # a second, in which others want to be served
        receipt_id = f"{chat_id}.{secrets.token_urlsafe(16)}"
        await self._post(browser, json.dumps(self._notification(browser, message, receipt_id), ensure_ascii=False))
        return Sent((receipt_id,))

    def _notification(self, browser: Subscription, message: Outgoing, receipt_id: str) -> dict[str, str]:
        """As static/sw.js shows it."""
        catalog = self.catalogs.get(browser.locale, self.catalogs["vi"])
        words = {"title": catalog.say(NAME), "body": headline(catalog, message.text), "lang": catalog.locale}
        return words | {"tag": message.key, "id": receipt_id}

    async def _post(self, browser: Subscription, words: str) -> None:
        """Raises ChannelError. The answer's own words are not read: they tell nothing that its status does not."""
        from aiohttp import ClientError, ClientTimeout

        headers = self._signed(browser.endpoint) | {
            "Content-Encoding": "aes128gcm",
            "TTL": str(int(KEPT_FOR.total_seconds())),
            "Urgency": "high",  # a sleeping phone gets nothing else; RFC 8030, section 5.3
        }
        try:
            async with self._open().post(
                browser.endpoint,
                data=_encrypted(browser, words.encode()),
                headers=headers,
                allow_redirects=False,
                timeout=ClientTimeout(total=WITHIN_S),
            ) as answer:
                status, pause = answer.status, answer.headers.get("Retry-After", "")
        except (ClientError, OSError) as error:  # TimeoutError among them
            raise Unavailable(type(error).__name__) from None
        _check(status, pause)

    def _open(self) -> Any:
        """Connections are opened with the first message, in the loop that sends it."""
        if self._session is None:
            from aiohttp import ClientSession, DummyCookieJar, TCPConnector

            connector = TCPConnector(ssl=self.tls or True, limit=16)
            self._session = ClientSession(connector=connector, cookie_jar=DummyCookieJar())
        return self._session

    def _signed(self, endpoint: str) -> dict[str, str]:
        """The Authorization header: this push service may take this message from us, until then."""
        from py_vapid import Vapid02  # type: ignore[import-untyped]  # it has no types of its own

        until = int(time.time() + SIGNED_FOR.total_seconds())
        claims = {"aud": f"https://{urlsplit(endpoint).netloc}", "exp": until, "sub": self.subject}
        signed: dict[str, str] = Vapid02.from_raw(self.key.encode()).sign(claims)
        return signed

    async def acknowledge(self, update: Update) -> None:
        """There are no presses."""

    async def fetch(self, source: str) -> bytes:
        raise FileUnavailable(source)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _load() -> None:
    """The libraries that only sending needs: where nobody has subscribed, their memory is saved."""
    for name in ("aiohttp", "py_vapid", "pywebpush"):
        import_module(name)


def _is_text(report: Mapping[str, Any], name: str) -> bool:
    return isinstance(report.get(name), str)


def _encrypted(browser: Subscription, data: bytes) -> bytes:
    """pywebpush's own sending follows redirects, so only its encryption is used."""
    from pywebpush import WebPusher  # type: ignore[import-untyped]  # it has no types of its own

    keys = {"endpoint": browser.endpoint, "keys": {"p256dh": browser.p256dh, "auth": browser.auth}}
    body: bytes = WebPusher(keys).encode(data, "aes128gcm")["body"]
    return body


def _check(status: int, retry_after: str) -> None:
    """Raises the ChannelError that a push service's status stands for; RFC 8030, sections 5 and 7.3."""
    match status:
        case HTTPStatus.OK | HTTPStatus.CREATED | HTTPStatus.ACCEPTED:
            return
        case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
            raise Unreachable
        case HTTPStatus.TOO_MANY_REQUESTS:
            raise Throttled(min(_pause_s(retry_after), LONGEST_PAUSE_S))
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise Rejected(f"HTTP {status}")
        case _:
            raise Unavailable(f"HTTP {status}")


def _pause_s(retry_after: str) -> float:
    """Seconds of a Retry-After header, which gives them or a date."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        return max(1.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return USUAL_PAUSE_S

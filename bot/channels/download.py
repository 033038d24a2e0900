"""Fetches what an event's address names, and that address came from outside: only from the platform's own hosts,
never from inside our network, never more than there is room for, never for ever.
"""

import asyncio
import logging
import re
from collections.abc import Sequence
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp import ClientError, ClientResponse, ClientSession, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from bot.channels.base import FileUnavailable, Unavailable
from bot.channels.session import Session

MAX_BYTES = 20 << 20
WITHIN_S = 60.0
MAX_REDIRECTS = 3
CHUNK_BYTES = 64 * 1024
HTTPS_PORT = 443
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
PRINTABLE = re.compile(r"[!-~]+")
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last 32 bits

log = logging.getLogger(__name__)


class Downloader:
    """`hosts`: names whose own and whose sub-domains' files may be fetched, over https and port 443.

    `loopback` lets a server on this machine stand for them: 127.0.0.1 and localhost may then be among `hosts`, with
    plain http and any port. It is for tests and doubles only.
    """

    def __init__(self, hosts: Sequence[str], *, loopback: bool = False) -> None:
        self._hosts = tuple(host.lower().strip(".") for host in hosts if host.strip("."))
        self._loopback = loopback
        self._session = Session(self._made)

    async def fetch(self, address: str) -> bytes:
        """The bytes, at most 20 MiB and within 60 s in all.

        Raises FileUnavailable for what will never be fetched (the address, its size, the host says no) and
        Unavailable for what may pass. Neither names the address, which is as good as the file.
        """
        try:
            async with asyncio.timeout(WITHIN_S):
                return await self._follow(_parsed(address))
        except (ClientError, OSError, ValueError) as error:  # a timeout is an OSError
            raise Unavailable(type(error).__name__) from None

    async def _follow(self, url: URL) -> bytes:
        for _ in range(1 + MAX_REDIRECTS):
            self._check(url)
            async with self._session.opened().get(url, allow_redirects=False) as response:
                if response.status not in REDIRECTS:
                    return await _body(response)
                url = _next(url, response.headers.get("Location", ""))
        raise FileUnavailable("too many redirects")

    def _check(self, url: URL) -> None:
        """The address itself; what its name resolves to is checked when it is connected to."""
        host = (url.raw_host or "").lower()
        if not any(host == ours or host.endswith(f".{ours}") for ours in self._hosts):
            log.warning("nothing is fetched from %.100r, which is not among the platform's hosts", host)
            raise FileUnavailable("not a host of the platform")
        if url.user is not None or url.password is not None:
            raise FileUnavailable("an address with a password")
        if self._loopback and _is_loopback(host):
            return
        if url.scheme != "https" or url.port != HTTPS_PORT:
            raise FileUnavailable("not https on port 443")
        if _literal(host) is not None:  # aiohttp asks no resolver about these
            raise FileUnavailable("an address without a name")

    def _made(self) -> ClientSession:
        """Environment variables name no proxy and no password here."""
        return ClientSession(
            connector=TCPConnector(resolver=PublicResolver(self._loopback), use_dns_cache=False, force_close=True),
            cookie_jar=DummyCookieJar(),
            headers={"Accept-Encoding": "identity", "User-Agent": "ocop"},
            trust_env=False,
        )

    async def close(self) -> None:
        await self._session.close()


class PublicResolver(AbstractResolver):
    """Asked at the moment of connecting, and its answer is what is connected to: nothing can change in between.

    One address inside our network among the answers is enough to refuse them all.
    """

    def __init__(self, loopback: bool = False) -> None:
        self._system, self._loopback = ThreadedResolver(), loopback

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        found = await self._system.resolve(host, port, family)  # type: ignore[arg-type]  # 0 asks for both families
        if not all(self._may(result["host"]) for result in found):
            raise FileUnavailable("a host inside a private network")
        return found

    def _may(self, address: str) -> bool:
        return is_public(address) or (self._loopback and _is_loopback(address))

    async def close(self) -> None:
        await self._system.close()


def is_public(address: str) -> bool:
    """Whether an IP address lies in the Internet, and an IPv4 address wrapped into an IPv6 one does, too."""
    ip = _literal(address.partition("%")[0])
    if ip is None:
        return False
    if isinstance(ip, IPv6Address) and (inner := _wrapped(ip)) is not None:
        return is_public(str(inner))
    strange = ip.is_multicast or ip.is_reserved or (isinstance(ip, IPv6Address) and ip.is_site_local)
    return ip.is_global and not strange


def _wrapped(ip: IPv6Address) -> IPv4Address | None:
    if ip in NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    ip = _literal(host)
    return host == "localhost" or (ip is not None and ip.is_loopback)


def _parsed(address: str) -> URL:
    """As it is written: quoting it in another way would break a signature in it."""
    try:
        return URL(address, encoded=PRINTABLE.fullmatch(address) is not None)
    except ValueError:
        raise FileUnavailable("not an address") from None


def _next(url: URL, location: str) -> URL:
    if not location:
        raise FileUnavailable("a redirect to nowhere")
    return url.join(_parsed(location))


async def _body(response: ClientResponse) -> bytes:
    """Counted while it comes: what the header says of the length is only believed when it is too much."""
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status in PASSING:
        raise Unavailable(f"HTTP {response.status}")
    if response.status != HTTPStatus.OK:
        raise FileUnavailable(f"HTTP {response.status}")
    if (response.content_length or 0) > MAX_BYTES:
        raise FileUnavailable("larger than 20 MiB")
    data = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        data += chunk
        if len(data) > MAX_BYTES:
            raise FileUnavailable("larger than 20 MiB")
    return bytes(data)

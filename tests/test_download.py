"""Fetching what a stranger's address names, over real HTTP; names resolve as each test says."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from bot.channels import download
from bot.channels.base import ChannelError, FileUnavailable, Unavailable
from bot.channels.download import Downloader, is_public
from tests.doubles.listening import listening

PHOTO = b"\xff\xd8\xff\xe0 a small photo"


class Host:
    """A file host; what it was asked, with which headers."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.hops: list[str] = []
        self.app = web.Application()
        self.app.router.add_get("/{name:.*}", self._answer)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        match request.path:
            case "/hop":
                return web.Response(status=302, headers={"Location": self.hops.pop(0), "Set-Cookie": "who=me"})
            case "/nowhere":
                return web.Response(status=302)
            case "/large":
                return web.Response(body=bytes(3000))
            case "/liar" | "/endless":
                return await self._stream(request, for_ever=request.path == "/endless")
            case "/cut":
                return await self._begin(request, 1000)
            case "/huge":
                return await self._begin(request, download.MAX_BYTES + 1, then_wait=True)
        status = request.path.strip("/")
        return web.Response(status=int(status), body=PHOTO) if status.isdigit() else web.Response(body=PHOTO)

    async def _stream(self, request: web.Request, *, for_ever: bool) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(10**6 if for_ever else 30):
            await answer.write(b"x" * (1 if for_ever else 100))
            await asyncio.sleep(0.01 if for_ever else 0)
        return answer

    async def _begin(self, request: web.Request, size_bytes: int, *, then_wait: bool = False) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": str(size_bytes)})
        await answer.prepare(request)
        await answer.write(b"some")
        await asyncio.sleep(30 if then_wait else 0)
        assert request.transport is not None
        request.transport.close()
        return answer


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
async def url(host: Host) -> AsyncIterator[str]:
    async with listening(host.app) as url:
        yield url


@pytest.fixture
async def downloads() -> AsyncIterator[Downloader]:
    downloads = Downloader(["127.0.0.1"], loopback=True)
    yield downloads
    await downloads.close()


@asynccontextmanager
async def strict(*hosts: str) -> AsyncIterator[Downloader]:
    """As in production."""
    downloads = Downloader(hosts)
    try:
        yield downloads
    finally:
        await downloads.close()


async def test_fetches_from_an_allowed_host(host: Host, url: str, downloads: Downloader) -> None:
    assert await downloads.fetch(f"{url}/photo.jpg?sig=a%2Fb") == PHOTO
    assert host.asked[0].raw_path == "/photo.jpg?sig=a%2Fb"
    assert await downloads.fetch(f"{url}/ảnh ruộng.jpg") == PHOTO
    assert host.asked[1].path == "/ảnh ruộng.jpg"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "photo.jpg",
        "//zdn.vn/a",
        "ftp://zdn.vn/a",
        "file:///etc/passwd",
        "http://zdn.vn/a",
        "https://zdn.vn:8443/a",
        "https://evilzdn.vn/a",
        "https://zdn.vn.evil.example/a",
        "https://evil.example/zdn.vn",
        "https://evil.example#.zdn.vn",
        "https://evil.example?.zdn.vn",
        "https://evil.example\\.zdn.vn/a",
        "https://zdn.vn@evil.example/a",
        "https://user:word@zdn.vn/a",
        "https://zdn.vn./a",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "https://2130706433/a",
        "https://localhost/a",
        "https://ｚdn.evil/a",
        "https://[zdn.vn/a",
    ],
)
async def test_no_other_address_is_even_tried(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(*_: object) -> None:
        raise AssertionError("it was tried")

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    async with strict("zdn.vn", "10.0.0.7", "") as downloads:
        with pytest.raises(FileUnavailable):
            await downloads.fetch(address)


async def test_a_host_that_is_not_among_ours_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with strict("zdn.vn") as downloads:
        with pytest.raises(FileUnavailable):
            await downloads.fetch("https://photo.new.example/secret-path?sig=1")
    assert "'photo.new.example'" in caplog.text
    assert "secret-path" not in caplog.text


async def test_an_address_without_a_name_is_refused_though_it_is_allowed() -> None:
    async with strict("10.0.0.7", "127.0.0.1") as downloads:
        for address in ("https://10.0.0.7/a", "https://127.0.0.1/a"):
            with pytest.raises(FileUnavailable, match="without a name"):
                await downloads.fetch(address)


@pytest.mark.parametrize("address", ["https://zdn.vn/a", "https://ZDN.vn/a", "https://f20-zpc.zdn.vn/a?b#c"])
@pytest.mark.parametrize(
    "answers",
    [["127.0.0.1"], ["10.1.2.3"], ["169.254.169.254"], ["8.8.8.8", "192.168.1.1"], ["::ffff:10.0.0.1"], ["fd00::1"]],
)
async def test_a_name_that_points_inside_is_refused(
    address: str, answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = names_resolve(monkeypatch, answers)
    async with strict("zdn.vn") as downloads:
        with pytest.raises(FileUnavailable, match="private"):
            await downloads.fetch(address)
    assert [name.lower() for name in asked] == [URL(address).host]


def names_resolve(monkeypatch: pytest.MonkeyPatch, *turns: list[str]) -> list[str]:
    """Each lookup takes the next turn, the last one stays; the names that were asked for."""
    asked, waiting = list[str](), list(turns)

    async def resolve(self: ThreadedResolver, host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
        asked.append(host)
        answers = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return [
            {"hostname": host, "host": one, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for one in answers
        ]

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    return asked


async def test_what_a_name_resolves_to_is_looked_at_each_time(
    host: Host, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that first points to the host, and then inside: each connection stands on an answer of its own."""
    asked = names_resolve(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
    downloads = Downloader(["localhost"], loopback=True)
    port = URL(url).port
    assert await downloads.fetch(f"http://localhost:{port}/a") == PHOTO
    with pytest.raises(FileUnavailable, match="private"):
        await downloads.fetch(f"http://localhost:{port}/b")
    await downloads.close()
    assert asked == ["localhost", "localhost"]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("10.0.0.1", False),
        ("172.31.255.255", False),
        ("192.168.0.1", False),
        ("127.8.8.8", False),
        ("0.0.0.0", False),  # noqa: S104  nothing is bound to it
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("fd12::1", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::10.0.0.1", False),
        ("2002:a00:1::1", False),
        ("2001:0:a00:1::f5ff:fffe", False),
        ("not an address", False),
    ],
)
def test_what_lies_in_the_internet(address: str, public: bool) -> None:
    assert is_public(address) is public


async def test_follows_a_few_redirects_without_cookies_or_secrets(host: Host, url: str) -> None:
    here = url.replace("127.0.0.1", "localhost")  # cookies are kept for names only
    host.hops = ["/hop", f"{here}/hop", "photo.jpg"]
    downloads = Downloader(["localhost"], loopback=True)
    assert await downloads.fetch(f"{here}/hop") == PHOTO
    await downloads.close()
    assert [request.path for request in host.asked] == ["/hop", "/hop", "/hop", "/photo.jpg"]
    for request in host.asked:
        assert not {"Cookie", "Authorization", "Referer", "access_token"} & set(request.headers)


@pytest.mark.parametrize(
    "target",
    [
        "http://localhost/photo.jpg",
        "https://evil.example/photo.jpg",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "http://a:b@127.0.0.1/a",
        "http://[",
    ],
)
async def test_a_redirect_leads_nowhere_else(host: Host, url: str, downloads: Downloader, target: str) -> None:
    host.hops = [target]
    with pytest.raises(FileUnavailable):
        await downloads.fetch(f"{url}/hop")
    assert len(host.asked) == 1


async def test_redirects_end(host: Host, url: str, downloads: Downloader) -> None:
    host.hops = ["/hop"] * 10
    with pytest.raises(FileUnavailable, match="redirects"):
        await downloads.fetch(f"{url}/hop")
    assert len(host.asked) == 4
    with pytest.raises(FileUnavailable):
        await downloads.fetch(f"{url}/nowhere")


@pytest.mark.parametrize("path", ["large", "liar"])
async def test_too_much_is_refused_whether_or_not_it_is_said(
    url: str, downloads: Downloader, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(download, "MAX_BYTES", 3000)
    assert len(await downloads.fetch(f"{url}/{path}")) == 3000
    monkeypatch.setattr(download, "MAX_BYTES", 2999)
    with pytest.raises(FileUnavailable, match="20 MiB"):
        await downloads.fetch(f"{url}/{path}")


async def test_what_is_said_to_be_too_much_is_not_waited_for(
    url: str, downloads: Downloader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "WITHIN_S", 2)
    with pytest.raises(FileUnavailable, match="20 MiB"):
        await downloads.fetch(f"{url}/huge")


async def test_what_never_ends_is_given_up(url: str, downloads: Downloader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "WITHIN_S", 0.3)
    start = time.monotonic()
    with pytest.raises(Unavailable, match="TimeoutError"):
        await downloads.fetch(f"{url}/endless")
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((status, FileUnavailable) for status in (204, 206, 400, 401, 403, 404, 410)),
        *((status, Unavailable) for status in (408, 425, 429, 500, 502, 503)),
    ],
)
async def test_a_host_says_no(url: str, downloads: Downloader, status: int, outcome: type[ChannelError]) -> None:
    with pytest.raises(ChannelError) as caught:
        await downloads.fetch(f"{url}/{status}")
    assert type(caught.value) is outcome


async def test_what_may_pass(url: str, downloads: Downloader, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable):
        await downloads.fetch(f"{url}/cut")
    with pytest.raises(Unavailable):
        await downloads.fetch("http://127.0.0.1:1/nobody")

    async def unknown(*_: object) -> None:
        raise OSError("no such name")

    monkeypatch.setattr(ThreadedResolver, "resolve", unknown)
    async with strict("zdn.vn") as other:
        with pytest.raises(Unavailable):
            await other.fetch("https://zdn.vn/a")


async def test_no_error_names_the_address(url: str, downloads: Downloader) -> None:
    for address in (f"{url}/404?sig=s3cret", f"{url}/500?sig=s3cret", "https://evil.example/s3cret", "http://[s3cret"):
        with pytest.raises(ChannelError) as caught:
            await downloads.fetch(address)
        assert "s3cret" not in repr(caught.value)

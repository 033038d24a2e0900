"""The bytes of documents."""

import asyncio
import hashlib
import os
import re
import resource
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from storage.files import FileStore, StoreAway
from tests.doubles.listening import listening

SOON_S = 20.0
"""While somebody looks at a page that loads."""


async def test_bytes_come_back_as_they_were(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path / "made" / "when missing"))
    sha256 = await store.put(b"a plan")
    assert sha256 == hashlib.sha256(b"a plan").hexdigest()
    assert await store.get(sha256) == b"a plan"


async def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path))
    assert await store.put(b"a plan") == await store.put(b"a plan")
    assert len(list(_files(tmp_path))) == 1


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_what_has_changed_on_disk_is_noticed(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path))
    sha256 = await store.put(b"a plan")
    (tmp_path / sha256[:2] / sha256).write_bytes(b"another plan")
    with pytest.raises(ValueError, match="changed"):
        await store.get(sha256)


@pytest.mark.parametrize("url", ["folder", "memory:///"])
async def test_what_is_not_there_is_said_so_and_can_be_deleted(tmp_path: Path, url: str) -> None:
    store = FileStore(url if "://" in url else str(tmp_path))
    with pytest.raises(FileNotFoundError):
        await store.get("0" * 64)
    await store.delete("0" * 64)
    sha256 = await store.put(b"a plan")
    await store.delete(sha256)
    with pytest.raises(FileNotFoundError):
        await store.get(sha256)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 63, "0" * 63 + "G", "A" * 64])
async def test_only_a_sha256_names_a_file(tmp_path: Path, name: str) -> None:
    store = FileStore(str(tmp_path))
    for ask in (store.get, store.delete):
        with pytest.raises(ValueError, match="SHA-256"):
            await ask(name)


# ---------------------------------------------------------------- a bucket


class Bucket:
    """As much of S3 as is used, at `url`; `away`: how it does not answer. What is not signed by its key it refuses.

    Whether a server of others answers alike is tried by hand: `test_a_real_bucket`.
    """

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.away = ""
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        match self.away:
            case "500":
                return web.Response(status=500)
            case "drops":
                assert request.transport is not None
                request.transport.close()
                return web.Response()
        if not request.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=id/"):
            return web.Response(status=403)
        path = request.path
        match request.method:
            case "PUT":
                self.kept[path] = await request.read()
                return web.Response(headers={"ETag": '"1"'})
            case "POST":  # several are deleted at once
                keys = re.findall("<Key>(.*?)</Key>", await request.text())
                for key in keys:
                    self.kept.pop(f"{path.rstrip('/')}/{key}", None)
                told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
                return web.Response(text=f"<DeleteResult>{told}</DeleteResult>", content_type="application/xml")
        if path not in self.kept:
            return web.Response(status=404)
        return web.Response(
            body=self.kept[path], headers={"ETag": '"1"', "Last-Modified": "Mon, 23 Nov 2026 02:00:00 GMT"}
        )


@pytest.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bucket]:
    """Found as docs/operations.md says."""
    served, app = Bucket(), web.Application(client_max_size=32 << 20)
    app.router.add_route("*", "/{path:.*}", served.answer)
    async with listening(app) as served.url:
        for name, value in (
            ("ACCESS_KEY_ID", "id"), ("SECRET_ACCESS_KEY", "key"), ("REGION", "us-east-1"), ("ALLOW_HTTP", "true"),
            ("ENDPOINT", served.url),
        ):  # fmt: skip
            monkeypatch.setenv(f"AWS_{name}", value)
        yield served


async def test_a_bucket_keeps_gives_and_forgets(bucket: Bucket) -> None:
    store = FileStore("s3://ocop/papers")
    sha256 = await store.put(b"a plan")
    assert bucket.kept == {f"/ocop/papers/{sha256[:2]}/{sha256}": b"a plan"}
    assert await store.get(sha256) == b"a plan"
    await store.delete(sha256)
    with pytest.raises(FileNotFoundError):
        await store.get(sha256)


@pytest.mark.parametrize("how", ["500", "drops"])
async def test_a_bucket_that_is_away_says_so_soon_and_works_again(bucket: Bucket, how: str) -> None:
    store = FileStore("s3://ocop")
    sha256 = await store.put(b"a plan")
    bucket.away = how
    for call in (store.put(b"another"), store.get(sha256), store.delete(sha256)):
        began = time.monotonic()
        with pytest.raises(StoreAway):
            await call
        assert time.monotonic() - began < SOON_S
    bucket.away = ""
    assert await store.get(sha256) == b"a plan"


async def test_nobody_listens_at_all(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(StoreAway):
        await FileStore("s3://ocop").put(b"a plan")


@pytest.mark.by_hand
async def test_a_real_bucket(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--bucket s3://name/prefix`, with what docs/operations.md asks for in the environment; it is left as it was."""
    url = pytestconfig.getoption("--bucket")
    if not url:
        pytest.skip("no --bucket")
    store, scan = FileStore(url), os.urandom(20 << 20)
    for data in (b"", b"a plan", scan):
        sha256 = await store.put(data)
        assert sha256 == await store.put(data)
        assert await FileStore(url).get(sha256) == data
        await store.delete(sha256)
        await store.delete(sha256)
        with pytest.raises(FileNotFoundError):
            await store.get(sha256)
    hundred = [os.urandom(1000) for _ in range(100)]
    names = await asyncio.gather(*map(store.put, hundred))
    assert await asyncio.gather(*map(store.get, names)) == hundred
    await asyncio.gather(*map(store.delete, names))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(StoreAway):
        await FileStore(url).put(b"a plan")


# ---------------------------------------------------------------- a full disk


async def test_on_a_full_disk_nothing_is_kept_and_nothing_is_half_kept(tmp_path: Path) -> None:
    """As far as a process may write into one file: the same refusal, and no disk has to be filled for it."""
    store = FileStore(str(tmp_path))
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most[1]))
    try:
        with pytest.raises(StoreAway):
            await store.put(b"x" * 2000)
        left = [path for path in _files(tmp_path) if len(path.name) == 64]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
    assert left == []
    sha256 = await store.put(b"x" * 2000)
    assert await store.get(sha256) == b"x" * 2000
    assert list(_files(tmp_path)) == [tmp_path / sha256[:2] / sha256]

"""The bytes of documents."""

import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from storage.files import FileStore


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


@pytest.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, bytes]]:
    """A server that speaks as much of S3 as is needed, found as docs/operations.md says; yields what it keeps."""
    kept: dict[str, bytes] = {}

    async def answer(request: web.Request) -> web.Response:
        assert request.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=ocop/")
        match request.method:
            case "PUT":
                kept[request.path] = await request.read()
                return web.Response(headers={"ETag": '"1"'})
            case "POST":  # the deletion of several
                keys = re.findall("<Key>(.+?)</Key>", await request.text())
                gone = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys if kept.pop(f"/ocop/{key}", b""))
                return web.Response(text=f"<DeleteResult>{gone}</DeleteResult>", content_type="application/xml")
        if request.path not in kept:
            return web.Response(status=404, text="<Error><Code>NoSuchKey</Code></Error>")
        headers = {"ETag": '"1"', "Last-Modified": "Sun, 22 Nov 2026 18:00:00 GMT"}
        return web.Response(body=kept[request.path], headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    variables = {
        "ACCESS_KEY_ID": "ocop",
        "SECRET_ACCESS_KEY": "secret",
        "REGION": "ap-southeast-1",
        "ALLOW_HTTP": "true",
    }
    for name, value in {**variables, "ENDPOINT": f"http://127.0.0.1:{runner.addresses[0][1]}"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    yield kept
    await runner.cleanup()


async def test_a_bucket_is_found_by_the_environment(bucket: dict[str, bytes]) -> None:
    store = FileStore("s3://ocop/province/15")
    sha256 = await store.put(b"a plan")
    assert bucket == {f"/ocop/province/15/{sha256[:2]}/{sha256}": b"a plan"}
    assert await store.get(sha256) == b"a plan"
    await store.delete(sha256)
    assert bucket == {}
    with pytest.raises(FileNotFoundError):
        await store.get(sha256)

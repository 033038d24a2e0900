"""The bytes of documents."""

import hashlib
from pathlib import Path

import pytest

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

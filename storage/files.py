"""The bytes of documents, named by their SHA-256, in a local folder or an S3 bucket."""

import asyncio
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

RETRIES: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=15)}
"""A bucket that is away is told of soon: whoever waits for it tries again, or somebody looks at a page meanwhile."""


class StoreAway(OSError):
    """The disk is full, or the bucket does not answer: try again later. Without the words of the cause."""


class FileStore:
    """`url`: "s3://bucket/prefix" (credentials from the environment), or a folder, made when missing.

    Everything raises StoreAway while the store is not there.
    """

    def __init__(self, url: str) -> None:
        self._folder = None if "://" in url else Path(url)
        self._store: ObjectStore = _local(self._folder) if self._folder is not None else _opened(url)

    async def put(self, data: bytes) -> str:
        """Keep the bytes, also over a power cut; the same bytes are kept once. Returns their SHA-256 in hex."""
        sha256 = hashlib.sha256(data).hexdigest()
        with _reaching():
            await obstore.put_async(self._store, _path(sha256), data)
            if self._folder is not None:
                await asyncio.to_thread(_to_disk, self._folder / _path(sha256))
        return sha256

    async def get(self, sha256: str) -> bytes:
        """Raises FileNotFoundError; ValueError when the bytes are no longer what they were."""
        with _reaching():
            try:
                result = await obstore.get_async(self._store, _path(sha256))
            except (NotFoundError, FileNotFoundError):
                raise FileNotFoundError(sha256) from None
            data = bytes(await result.bytes_async())
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError(f"{sha256}: the stored bytes have changed")
        return data

    async def delete(self, sha256: str) -> None:
        """Deleting what is not there is fine."""
        with _reaching():
            try:
                await obstore.delete_async(self._store, _path(sha256))
            except (NotFoundError, FileNotFoundError):
                return


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except BaseError as error:
        raise StoreAway(type(error).__name__) from None


def _opened(url: str) -> ObjectStore:
    return from_url(url, retry_config=RETRIES) if url.startswith("s3:") else from_url(url)


def _to_disk(path: Path) -> None:
    """The file and its name: the row that counts on it is on the disk before the system would write either."""
    for one in (path, path.parent, path.parent.parent):
        descriptor = os.open(one, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _local(folder: Path) -> LocalStore:
    folder.mkdir(parents=True, exist_ok=True)
    return LocalStore(prefix=folder)


def _path(sha256: str) -> str:
    """Two levels, so that no folder grows beyond what a file system lists quickly."""
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ValueError("not a SHA-256")
    return f"{sha256[:2]}/{sha256}"

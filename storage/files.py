"""The bytes of documents, named by their SHA-256, in a local folder or an S3 bucket."""

import hashlib
from pathlib import Path

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url


class FileStore:
    """`url`: "s3://bucket/prefix" (credentials from the environment), or a folder, made when missing."""

    def __init__(self, url: str) -> None:
        self._store: ObjectStore = from_url(url) if "://" in url else _local(Path(url))

    async def put(self, data: bytes) -> str:
        """Keep the bytes; the same bytes are kept once. Returns their SHA-256 in hex."""
        sha256 = hashlib.sha256(data).hexdigest()
        await obstore.put_async(self._store, _path(sha256), data)
        return sha256

    async def get(self, sha256: str) -> bytes:
        """Raises FileNotFoundError; ValueError when the bytes are no longer what they were."""
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
        try:
            await obstore.delete_async(self._store, _path(sha256))
        except (NotFoundError, FileNotFoundError):
            return


def _local(folder: Path) -> LocalStore:
    folder.mkdir(parents=True, exist_ok=True)
    return LocalStore(prefix=folder)


def _path(sha256: str) -> str:
    """Two levels, so that no folder grows beyond what a file system lists quickly."""
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ValueError("not a SHA-256")
    return f"{sha256[:2]}/{sha256}"

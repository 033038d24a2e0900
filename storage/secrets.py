"""Secrets at rest: rows of `secrets`, encrypted with keys that only the environment holds.

The keys come from ENCRYPTION_KEY: several, separated by commas, of which the first encrypts and all decrypt. To change
it, put the new one in front and start every process anew, which writes all rows anew (`rekey`); then drop the old one.
"""

import asyncio
import base64
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from weakref import WeakKeyDictionary

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.database import upsert
from storage.models import secrets

KEY_MIN_CHARS = 32
KEY_BYTES = 32  # of a Fernet key: 16 that sign, 16 that encrypt; github.com/fernet/spec

_LINES: WeakKeyDictionary[Engine, defaultdict[str, asyncio.Lock]] = WeakKeyDictionary()
"""Engines with the lines in which the sections of this process wait, by name."""


class WrongKey(Exception):
    """A secret that none of the keys opens; the message is fit to be shown."""

    def __init__(self, name: str) -> None:
        super().__init__(f"ENCRYPTION_KEY does not open the secret “{name}”: add the key it was kept with")


class Vault:
    """Encrypts and decrypts. A value opens under its own name only, so rows can't be exchanged for one another.

    Raises ValueError without keys, or for one that is shorter than KEY_MIN_CHARS.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or any(len(key) < KEY_MIN_CHARS for key in keys):
            raise ValueError(f"each key must have at least {KEY_MIN_CHARS} characters")
        self._keys = tuple(keys)

    def locked(self, name: str, value: str) -> str:
        return self._fernet(name).encrypt(value.encode()).decode()

    def opened(self, name: str, value: str) -> str:
        """Raises WrongKey, also when somebody has changed the row."""
        try:
            return self._fernet(name).decrypt(value).decode()
        except InvalidToken:
            raise WrongKey(name) from None

    def rekeyed(self, name: str, value: str) -> str:
        """The same secret under the first key; unchanged if it is so already. Raises WrongKey."""
        try:
            Fernet(_derived(self._keys[0], name)).decrypt(value)
        except InvalidToken:
            return self.locked(name, self.opened(name, value))
        return value

    def _fernet(self, name: str) -> MultiFernet:
        return MultiFernet([Fernet(_derived(key, name)) for key in self._keys])


def _derived(key: str, name: str) -> bytes:
    """A Fernet key from a passphrase of any length: HKDF with SHA-256, RFC 5869."""
    derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=f"ocop secrets {name}".encode()).derive(key.encode())
    return base64.urlsafe_b64encode(derived)


async def read(connection: AsyncConnection, vault: Vault, name: str) -> str | None:
    """Raises WrongKey."""
    value = await connection.scalar(select(secrets.c.value).where(secrets.c.name == name))
    return vault.opened(name, value) if value is not None else None


async def save(connection: AsyncConnection, vault: Vault, name: str, value: str, now: datetime) -> None:
    """The newest value takes the place of the one before."""
    statement = upsert(connection, secrets).values(name=name, value=vault.locked(name, value), updated_at=now)
    kept = {"value": statement.excluded.value, "updated_at": statement.excluded.updated_at}
    await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=kept))


async def take(connection: AsyncConnection, vault: Vault, name: str) -> str | None:
    """The value, which is gone from now on: of two that take it at once one gets it. Raises WrongKey."""
    gone = await connection.execute(delete(secrets).where(secrets.c.name == name).returning(secrets.c.value))
    value = gone.scalar_one_or_none()
    return vault.opened(name, value) if value is not None else None


async def rekey(connection: AsyncConnection, vault: Vault) -> int:
    """Write what an older key has encrypted anew with the first one; how many rows no key opens, which stay.

    A row that somebody saves meanwhile is theirs.
    """
    unopened = 0
    for row in (await connection.execute(select(secrets.c.name, secrets.c.value))).all():
        try:
            value = vault.rekeyed(row.name, row.value)
        except WrongKey:
            unopened += 1
            continue
        if value != row.value:
            as_read = (secrets.c.name == row.name, secrets.c.value == row.value)
            await connection.execute(update(secrets).where(*as_read).values(value=value))
    return unopened


async def prune(connection: AsyncConnection, start: str, before: datetime) -> None:
    """Forget what nobody took: secrets whose name begins so, saved before."""
    await connection.execute(delete(secrets).where(secrets.c.name.startswith(start), secrets.c.updated_at < before))


@asynccontextmanager
async def exclusive(engine: AsyncEngine, name: str) -> AsyncIterator[None]:
    """A section that one task of one process is in at a time, which may take as long as a call over the network.

    On PostgreSQL the lock is that of a transaction on a connection of its own, so it is free as soon as the process or
    its connection is gone; only one task of a process waits there, or the waiting would use up the pool that the
    holder needs. On SQLite there is one process, and no transaction: it would hold up every writer meanwhile.
    """
    async with _LINES.setdefault(engine.sync_engine, defaultdict(asyncio.Lock))[name]:
        if engine.dialect.name != "postgresql":
            yield
            return
        async with engine.begin() as connection:
            await connection.execute(select(func.pg_advisory_xact_lock(_number(name))))
            yield


def _number(name: str) -> int:
    """The lock's name as PostgreSQL wants it: 64 bits with a sign."""
    return int.from_bytes(hashlib.sha256(f"ocop {name}".encode()).digest()[:8], signed=True)

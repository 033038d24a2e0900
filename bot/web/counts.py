"""Where web processes on PostgreSQL count together what the limits of the pages are about: a storage for `limits`."""

import hashlib
import hmac
import time

from limits.aio.storage import Storage
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import budgets


class SharedCounts(Storage):
    """`secret_key` hides whom a count concerns: an address is personal data."""

    STORAGE_SCHEME = None

    def __init__(self, engine: AsyncEngine, secret_key: str) -> None:
        super().__init__()
        self._engine, self._secret = engine, secret_key.encode()

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        return SQLAlchemyError, OSError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        return await budgets.count(self._engine, self._hidden(key), expiry, amount)

    async def get(self, key: str) -> int:
        return (await budgets.counted(self._engine, self._hidden(key)))[0]

    async def get_expiry(self, key: str) -> float:
        """On the clock of this machine."""
        return time.time() + (await budgets.counted(self._engine, self._hidden(key)))[1]

    async def check(self) -> bool:
        return True

    async def reset(self) -> int | None:
        raise NotImplementedError

    async def clear(self, key: str) -> None:
        await budgets.forget(self._engine, self._hidden(key))

    def _hidden(self, key: str) -> str:
        return hmac.new(self._secret, key.encode(), hashlib.sha256).hexdigest()

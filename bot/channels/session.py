"""An HTTP session that is made where it is first used: inside the loop, and not at all where nothing is sent."""

from collections.abc import Callable

from aiohttp import ClientSession, DummyCookieJar


def plain() -> ClientSession:
    """Nothing that a server sets is sent back to it."""
    return ClientSession(cookie_jar=DummyCookieJar())


class Session:
    def __init__(self, make: Callable[[], ClientSession] = plain) -> None:
        self._make = make
        self._made: ClientSession | None = None

    def opened(self) -> ClientSession:
        if self._made is None:
            self._made = self._make()
        return self._made

    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()
            self._made = None

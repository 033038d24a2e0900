"""The network between the program and a PostgreSQL server, which can go silent: nothing comes, nobody hangs up."""

import asyncio
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self


class Wire:
    """Listens on 127.0.0.1 and carries to the server's socket. `cut`: takes calls and bytes, and passes nothing on."""

    def __init__(self, socket: Path) -> None:
        self._socket, self._through = socket, asyncio.Event()
        self._through.set()
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.drop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{name}?ssl=disable"

    def cut(self) -> None:
        self._through.clear()

    def mend(self) -> None:
        """Another server answers now: what was open stays dead."""
        self.drop()
        self._through.set()

    def drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            self._tasks.add(task)
        self._writers.append(writer)
        with closing(writer), suppress(OSError):
            await self._through.wait()
            there, back = await asyncio.open_unix_connection(str(self._socket))
            self._writers.append(back)
            await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with closing(sink), suppress(OSError):
            while data := await source.read(65536):
                await self._through.wait()
                sink.write(data)
                await sink.drain()

"""How the stand-ins listen, and leave without anything open behind them."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


@asynccontextmanager
async def listening(app: web.Application, port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The address on 127.0.0.1 at which `app` answers meanwhile; port 0 takes a free one.

    A connection whose answer nobody reads to its end is not closed by aiohttp: it still waits to be sent when the
    loop is gone, and much later fails whichever test is running when it is collected. Hence it is cut here.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        server = runner.server
        transports = [one.transport for one in server.connections] if server else []
        await runner.cleanup()
        for transport in filter(None, transports):
            transport.abort()
        await asyncio.sleep(0)

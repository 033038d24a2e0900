import asyncio

from aiohttp import web

from tests.doubles.listening import listening

FAR_TOO_LONG = 50_000_000


async def test_whoever_does_not_read_is_hung_up_on() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=bytes(FAR_TOO_LONG))

    app = web.Application()
    app.router.add_get("/", answer)
    async with listening(app) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
    assert len(await reader.read()) < FAR_TOO_LONG
    writer.close()

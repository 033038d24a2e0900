"""Two web and two worker processes on one PostgreSQL database, behind one address to which Telegram posts."""

import asyncio
import itertools
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import httpx
from aiohttp import ClientSession
from sqlalchemy import select, text

from bot.clock import system_clock
from bot.turn import notice
from storage.database import make_engine
from storage.models import conversations
from storage.outbox import post
from storage.people import chats_of
from tests.doubles.bot_api import BotApi, Failure, Limits, Phone
from tests.doubles.people import ANSWER_S, Person, photo
from tests.heart import many_chats, world_at
from tests.program import Program, begin, finished, free_port
from tests.transcripts import Clock

PACE = 0.2
COMMANDS = ("/help", "/menu", "/language", "/menu", "/help")
PEOPLE, WITH_PHOTOS = 10, 2
TOLD = 100
NOTED_S = 1.5
"""What was sent is noted when the outbox is next looked at; a kill before that holds the chat up to the lease's end."""
START_S = 60.0
"""Four processes that import aiogram at the same time, on two cores."""
CROWD_S = 6 * ANSWER_S


async def all_of(url: str, query: str) -> list[Any]:
    engine = make_engine(url)
    try:
        async with engine.begin() as connection:
            found = await connection.execute(text(query))
            return list(found) if found.returns_rows else []
    finally:
        await engine.dispose()


@asynccontextmanager
async def one_address(ports: Sequence[int]) -> AsyncIterator[str]:
    """The address of a proxy that gives each connection to the next of these ports, as balancers do."""
    turns = itertools.cycle(ports)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(OSError):  # nobody may be at that port any more
            there, back = await asyncio.open_connection("127.0.0.1", next(turns))
            await asyncio.gather(pump(reader, back), pump(there, writer), return_exceptions=True)

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        finally:
            sink.close()

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    async with server:
        yield f"http://localhost:{server.sockets[0].getsockname()[1]}"


async def test_a_database_that_is_not_migrated_is_refused(tmp_path: Path, postgresql_url: str) -> None:
    for command in ("web", "worker"):
        code, said, logged = await finished(tmp_path, command, DATABASE_URL=postgresql_url)
        assert (code, said) == (1, "")
        assert logged == "The database is not up to date: run `python -m bot migrate` first.\n"


async def test_two_of_each_side_by_side(tmp_path: Path, postgresql_url: str) -> None:
    ports, figures = [free_port(), free_port()], [free_port(), free_port()]
    async with BotApi(pace=PACE) as api, AsyncExitStack() as stack:
        environment = {
            "DATABASE_URL": postgresql_url,
            "FILES_URL": str(tmp_path / "files"),
            "TELEGRAM_BOT_TOKEN": api.token,
            "TELEGRAM_API_URL": api.url,
            "PUBLIC_URL": await stack.enter_async_context(one_address(ports)),
        }
        code, said, logged = await finished(tmp_path, "migrate", **environment)
        assert (code, said.count("up to date")) == (0, 1), logged
        webs = [started(stack, tmp_path, "web", **environment, PORT=str(port)) for port in ports]
        workers = [started(stack, tmp_path, "worker", **environment, METRICS_PORT=str(port)) for port in figures]
        await asyncio.gather(*(one.ready(START_S) for one in (*webs, *workers)))
        assert not any("/start/i-" in one.said for one in (*webs, *workers))
        await api.until(lambda: bool(api.webhook.get("url")), ANSWER_S)

        people = [Person(api, 5001 + number) for number in range(PEOPLE)]
        officer = Person(api, 7001, "Lan")
        code, said, logged = await finished(tmp_path, "invite", "--commune", "04336", DATABASE_URL=postgresql_url)
        assert code == 0, logged
        await officer.opens(said.split("/start/")[1].strip())
        await asyncio.gather(*(person.consents() for person in people))

        await everybody_in_order(people)
        await one_submission_each(api, people, officer, postgresql_url)
        await each_reminder_once(people, postgresql_url)
        assert all([await taken_by(web.url) > PEOPLE for web in webs])
        await only_webs_ask_the_database(webs, figures)
        await one_budget(api, figures, postgresql_url)
        await one_update_to_both_at_once(api, webs, people[0])
        await one_worker_leaves(api, people[:4], workers)
        for one in (*webs, workers[1]):
            assert await one.stop() == 0, one.logged
            assert "Traceback" not in one.logged


def started(stack: AsyncExitStack, folder: Path, *arguments: str, **environment: str) -> Program:
    program = begin(folder, *arguments, **environment)
    stack.callback(program.kill)
    return program


async def figures_of(url: str) -> dict[str, float]:
    """What a process shows at /metrics, by name with labels."""
    async with httpx.AsyncClient() as client:
        lines = (await client.get(f"{url}/metrics")).text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}


async def only_webs_ask_the_database(webs: list[Program], figures: list[int]) -> None:
    """What a worker showed of it would be a false alarm: nothing asks there."""
    asked, nobody = 'ocop_database_up{process="web"}', 'ocop_waiting{what="reply"}'
    assert [(await figures_of(web.url))[name] for web in webs for name in (asked, nobody)] == [1, 0] * len(webs)
    for port in figures:
        shown = await figures_of(f"http://127.0.0.1:{port}")
        assert not any(name.startswith(("ocop_database_up", "ocop_waiting", "ocop_given_up")) for name in shown)


async def taken_by(url: str) -> float:
    return (await figures_of(url))['ocop_updates_total{channel="telegram",outcome="handled"}']


async def everybody_in_order(people: list[Person]) -> None:
    """Commands typed without waiting: each person gets each answer once, in the order of the questions."""
    expected = [(await people[0].says(command)).text for command in COMMANDS]
    for person in people:
        for command in COMMANDS:
            person.types(command)
    for person in people:
        assert [(await person.answered(CROWD_S)).text for _ in COMMANDS] == expected
    assert [person.reads_all() for person in people] == [[]] * len(people)


async def one_submission_each(api: BotApi, people: list[Person], officer: Person, url: str) -> None:
    """Some with photos: each is fetched once, each album counted back once, each case told once."""
    photos = [[photo(), photo()]] * WITH_PHOTOS + [[]] * (len(people) - WITH_PHOTOS)
    await asyncio.gather(*(person.fills_in(photos=some) for person, some in zip(people, photos, strict=True)))
    fetched = [call.params["file_id"] for call in api.sent("getFile")]
    assert len(fetched) == len(set(fetched)) == 2 * WITH_PHOTOS
    for person in people:
        person.picks("send")
        person.picks("send")
    for person in people:
        await person.waits_for("TL12-", CROWD_S)
        await person.answered(CROWD_S)
    codes = [row.code for row in await all_of(url, "SELECT code FROM cases")]
    assert len(codes) == len(people)
    await api.until(lambda: all(any(code in seen.text for seen in officer.sees()) for code in codes), CROWD_S)
    told = [seen.text for seen in officer.sees()]
    assert all(sum(code in words for words in told) == 1 for code in codes)
    assert [person.reads_all() for person in people] == [[]] * len(people)
    assert await all_of(url, "SELECT 1 FROM timers WHERE kind = 'files'") == []


async def each_reminder_once(people: list[Person], url: str) -> None:
    """Everybody leaves a draft, and all reminders of it are due at the same moment, in both workers."""
    await asyncio.gather(*(leaves_a_draft(person) for person in people))
    assert len(await all_of(url, "SELECT 1 FROM timers WHERE kind = 'reminder'")) == len(people)
    await all_of(url, "UPDATE timers SET due_at = now() WHERE kind = 'reminder'")
    for person in people:
        await person.waits_for("Rượu ngô", CROWD_S)
    await asyncio.sleep(NOTED_S)
    assert [person.reads_all() for person in people] == [[]] * len(people)
    assert await all_of(url, "SELECT 1 FROM timers WHERE kind = 'reminder'") == []


async def leaves_a_draft(person: Person) -> None:
    for words in ("dang ky sp", "Rượu ngô", "nghi", "1"):
        await person.says(words)


async def one_budget(api: BotApi, figures: list[int], url: str) -> None:
    """Both workers send, and together no more than Telegram takes."""
    names = [str(9001 + number) for number in range(TOLD)]
    for name in names:
        api.chats[int(name)] = Phone(api, int(name)).chat
    before = [await sent_by(port) for port in figures]
    api.limits = Limits(30)
    engine = make_engine(url)
    await many_chats(engine, Clock(), names)
    async with engine.begin() as connection:
        found = await connection.execute(select(conversations.c.person_id).where(conversations.c.chat_id.in_(names)))
        told = await chats_of(connection, list(found.scalars()))
        world = world_at(Clock())
        await post(connection, [notice(world, one, ["Có kết quả rồi ạ."], system_clock()) for one in told])
    await engine.dispose()
    await api.until(lambda: all(api.chats[int(name)].seen for name in names), CROWD_S)
    assert [len(api.chats[int(name)].seen) for name in names] == [1] * TOLD
    assert api.limits.refused == 0
    assert all(now - then >= TOLD / 10 for now, then in zip([await sent_by(p) for p in figures], before, strict=True))
    api.limits = None


async def sent_by(port: int) -> float:
    return (await figures_of(f"http://127.0.0.1:{port}"))['ocop_messages_total{channel="telegram",outcome="sent"}']


async def one_update_to_both_at_once(api: BotApi, webs: list[Program], person: Person) -> None:
    """Three times to each web process, in the same instant: one answer."""
    update = {"update_id": api.number("update"), "message": person._message({"text": "/help"})}
    headers = {"X-Telegram-Bot-Api-Secret-Token": api.webhook["secret_token"]}

    async def post(session: ClientSession, url: str) -> int:
        async with session.post(f"{url}/telegram", json=update, headers=headers) as answer:
            return answer.status

    async with ClientSession() as session:
        statuses = await asyncio.gather(*(post(session, web.url) for web in (*webs, *webs, *webs)))
    assert statuses == [200] * 6
    await person.answered()
    await person.says("/menu")
    assert person.reads_all() == []


async def one_worker_leaves(api: BotApi, people: list[Person], workers: list[Program]) -> None:
    """It finishes what it has in hand; the other one sends the rest. Nothing twice, nothing lost."""
    api.fail("sendMessage", Failure(delay_s=0.2), times=3 * len(people))
    for person in people:
        for command in ("/help", "/menu", "/help"):
            person.types(command)
    before = len(api.sent("sendMessage"))
    await api.until(lambda: len(api.sent("sendMessage")) >= before + 2, ANSWER_S)
    assert await workers[0].stop(signal.SIGTERM) == 0, workers[0].logged
    for person in people:
        for _ in range(3):
            await person.answered()
    assert [person.reads_all() for person in people] == [[]] * len(people)


async def test_only_one_of_two_workers_polls(tmp_path: Path, postgresql_url: str) -> None:
    """Without a public address; when the one that polls is killed, the other takes over."""
    async with BotApi() as api, AsyncExitStack() as stack:
        environment = {"DATABASE_URL": postgresql_url, "TELEGRAM_BOT_TOKEN": api.token, "TELEGRAM_API_URL": api.url}
        assert (await finished(tmp_path, "migrate", **environment))[0] == 0
        first = started(stack, tmp_path, "worker", **environment)
        await api.until(lambda: bool(api.sent("getUpdates")), START_S)
        second = started(stack, tmp_path, "worker", **environment)
        await second.ready(START_S)
        person = Person(api)
        await person.says("/start")
        await asyncio.sleep(NOTED_S)
        first.kill()
        assert (await person.says("/start")).text
        assert await second.stop() == 0
        assert "polling failed" not in first.logged + second.logged

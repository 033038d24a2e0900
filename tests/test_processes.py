"""Two web and two worker processes on one PostgreSQL database, and Telegram posting to both webs in turn."""

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from sqlalchemy import text

from storage.database import make_engine
from tests.doubles.bot_api import BotApi, Failure
from tests.doubles.people import ANSWER_S, Person, photo
from tests.program import Program, begin, finished, free_port

PACE = 0.2
COMMANDS = ("/help", "/menu", "/language", "/menu", "/help")
NOTED_S = 1.5
"""What was sent is noted when the outbox is next looked at; a kill before that holds the chat up to the lease's end."""
START_S = 60.0
"""Four processes that import aiogram at the same time, on two cores."""


async def all_of(url: str, query: str) -> list[Any]:
    engine = make_engine(url)
    try:
        async with engine.connect() as connection:
            return list(await connection.execute(text(query)))
    finally:
        await engine.dispose()


async def test_a_database_that_is_not_migrated_is_refused(tmp_path: Path, postgresql_url: str) -> None:
    for command in ("web", "worker"):
        code, said, logged = await finished(tmp_path, command, DATABASE_URL=postgresql_url)
        assert (code, said) == (1, "")
        assert logged == "The database is not up to date: run `python -m bot migrate` first.\n"


async def test_two_of_each_side_by_side(tmp_path: Path, postgresql_url: str) -> None:
    async with BotApi(pace=PACE) as api, AsyncExitStack() as stack:
        environment = {
            "DATABASE_URL": postgresql_url,
            "FILES_URL": str(tmp_path / "files"),
            "TELEGRAM_BOT_TOKEN": api.token,
            "TELEGRAM_API_URL": api.url,
            "PUBLIC_URL": f"http://localhost:{free_port()}",
        }
        code, said, logged = await finished(tmp_path, "migrate", **environment)
        assert (code, said.count("up to date")) == (0, 1), logged
        webs = [started(stack, tmp_path, "web", **environment) for _ in range(2)]
        workers = [started(stack, tmp_path, "worker", **environment) for _ in range(2)]
        await asyncio.gather(*(one.ready(START_S) for one in (*webs, *workers)))
        assert not any("/start/i-" in one.said for one in (*webs, *workers))
        api.fronts = [web.url for web in webs]
        await api.until(lambda: bool(api.webhook.get("url")), ANSWER_S)

        people = [Person(api, 5001 + number) for number in range(4)]
        officer = Person(api, 7001, "Lan")
        code, said, logged = await finished(tmp_path, "invite", "--commune", "04336", DATABASE_URL=postgresql_url)
        assert code == 0, logged
        await officer.opens(said.split("/start/")[1].strip())
        await asyncio.gather(*(person.consents() for person in people))

        await everybody_in_order(people)
        await one_submission_each(api, people, officer, postgresql_url)
        await one_update_to_both_at_once(api, webs, people[0])
        await one_worker_leaves(api, people, workers)
        for one in (*webs, workers[1]):
            assert await one.stop() == 0, one.logged
            assert "Traceback" not in one.logged


def started(stack: AsyncExitStack, folder: Path, *arguments: str, **environment: str) -> Program:
    program = begin(folder, *arguments, **environment)
    stack.callback(program.kill)
    return program


async def everybody_in_order(people: list[Person]) -> None:
    """Commands typed without waiting: each person gets each answer once, in the order of the questions."""
    expected = [(await people[0].says(command)).text for command in COMMANDS]
    for person in people:
        for command in COMMANDS:
            person.types(command)
    for person in people:
        assert [(await person.answered()).text for _ in COMMANDS] == expected
    assert [person.reads_all() for person in people] == [[]] * len(people)


async def one_submission_each(api: BotApi, people: list[Person], officer: Person, url: str) -> None:
    """With photos: each is fetched once, each album counted back once, each case told once."""
    await asyncio.gather(*(person.fills_in(photos=[photo(), photo()]) for person in people))
    fetched = [call.params["file_id"] for call in api.sent("getFile")]
    assert len(fetched) == len(set(fetched)) == 2 * len(people)
    for person in people:
        person.picks("send")
        person.picks("send")
    for person in people:
        await person.waits_for("TL12-", ANSWER_S)
        await person.answered()
    codes = [row.code for row in await all_of(url, "SELECT code FROM cases")]
    assert len(codes) == len(people)
    for code in sorted(codes):
        await officer.waits_for(code[:5], 2 * ANSWER_S)
    told = [seen.text for seen in officer.sees()]
    assert all(sum(code in words for words in told) == 1 for code in codes)
    assert [person.reads_all() for person in people] == [[]] * len(people)
    assert await all_of(url, "SELECT 1 FROM timers WHERE kind = 'files'") == []


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

"""A worker that really stands still (SIGSTOP) with messages and files in hand, for longer than its leases.

By hand (`pytest -s -n0 tests/test_hang.py --by-hand`), as the leases are as long as they are: four minutes. What each
loop does then is tried in tests/test_deliver.py and tests/test_fetch.py every time.
"""

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot import fetch
from bot.clock import system_clock
from bot.turn import notice
from storage import outbox
from storage.models import conversations, deliveries, files, notices, sent_messages
from storage.models import outbox as messages
from storage.people import chats_of
from tests.doubles.bot_api import BotApi, Failure, Limits, Phone
from tests.doubles.people import IDEA, Person, photo
from tests.heart import count, many_chats, once, rows, world_at
from tests.program import finished, free_port
from tests.test_processes import START_S, sent_by, started
from tests.transcripts import Clock
from tests.whole import KEY, engine_of

pytestmark = pytest.mark.by_hand
TOLD, PAGES = 300, 4
IN_FLIGHT_S = 1.0
"""What the worker had given to the system is with the platform when this has passed."""
CHANGED = (messages, files, notices, deliveries, sent_messages, conversations)


async def test_who_wakes_after_its_leases_sends_nothing_and_changes_nothing(
    tmp_path: Path, postgresql_url: str
) -> None:
    figures = free_port(), free_port()
    async with BotApi(pace=0.1) as api, AsyncExitStack() as stack:
        port = free_port()
        environment = {
            "DATABASE_URL": postgresql_url, "FILES_URL": str(tmp_path / "files"), "ENCRYPTION_KEY": KEY, "DAYS_OFF": "",
            "TELEGRAM_BOT_TOKEN": api.token, "TELEGRAM_API_URL": api.url, "PUBLIC_URL": f"http://localhost:{port}",
        }  # fmt: skip
        assert (await finished(tmp_path, "migrate", **environment))[0] == 0
        web = started(stack, tmp_path, "web", **environment, PORT=str(port))
        first = started(stack, tmp_path, "worker", **environment, METRICS_PORT=str(figures[0]))
        await asyncio.gather(web.ready(START_S), first.ready(START_S))
        await api.until(lambda: bool(api.webhook.get("url")), START_S)
        engine = engine_of(postgresql_url)
        stack.push_async_callback(engine.dispose)
        person = Person(api)
        await person.consents()
        for words in ("dang ky sp", *IDEA):
            await person.says(words)
        person.shares_contact()
        await person.answered()

        api.limits = Limits(30)
        await tell(api, engine, [str(9001 + n) for n in range(TOLD)])
        api.fail("getFile", Failure(delay_s=2 * IN_FLIGHT_S), times=PAGES)
        person.sends_album([photo()] * PAGES)
        await api.until(lambda: len(api.sent("getFile")) == PAGES, START_S)
        first.send(signal.SIGSTOP)
        await asyncio.sleep(IN_FLIGHT_S)
        in_hand = await rows(engine, messages, messages.c.claimed_until.is_not(None))
        of_files = await rows(engine, files, files.c.due_at > system_clock())
        before = len(told(api))
        assert len(in_hand) > 10, "nothing was in its hand"
        assert len(of_files) == PAGES
        print(f"it stands still: {before} of {TOLD} told, {len(in_hand)} messages and {PAGES} files in its hand")  # noqa: T201

        second = started(stack, tmp_path, "worker", **environment, METRICS_PORT=str(figures[1]))
        await second.ready(START_S)
        await api.until(lambda: len({chat for chat, _ in told(api)}) == TOLD, (2 * outbox.LEASE).total_seconds())
        await once(lambda: all_stored(engine), (2 * fetch.LEASE).total_seconds())
        await asyncio.sleep(3 * IN_FLIGHT_S)
        found, seen = await everything(engine), told(api)
        calls = len(api.calls)
        twice = len(seen) - TOLD
        print(f"taken over; {twice} twice, which the platform had but nobody had noted")  # noqa: T201
        assert twice <= len(in_hand)

        first.send(signal.SIGCONT)
        await asyncio.sleep(10 * IN_FLIGHT_S)
        assert [call.method for call in api.calls[calls:]] == []
        assert await everything(engine) == found
        was = await sent_by(figures[0])
        await tell(api, engine, [str(19_001 + n) for n in range(60)])
        await api.until(lambda: len(told(api)) == len(seen) + 60, START_S)
        assert await sent_by(figures[0]) > was, "it does not work any more"
        for one in (first, second, web):
            assert await one.stop() == 0, one.logged
            assert "Traceback" not in one.logged, one.logged
        print(first.logged)  # noqa: T201


def told(api: BotApi) -> list[tuple[int, str]]:
    return [(chat_id, seen.text) for chat_id, chat in api.chats.items() if chat_id > 9000 for seen in chat.seen]


async def tell(api: BotApi, engine: Any, names: list[str]) -> None:
    for name in names:
        api.chats[int(name)] = Phone(api, int(name)).chat
    await many_chats(engine, Clock(), names)
    async with engine.begin() as connection:
        found = await connection.execute(select(conversations.c.person_id).where(conversations.c.chat_id.in_(names)))
        chats = await chats_of(connection, list(found.scalars()))
        world = world_at(Clock())
        await outbox.post(connection, [notice(world, one, ["Có kết quả rồi ạ."], system_clock()) for one in chats])


async def all_stored(engine: Any) -> bool:
    return len(await rows(engine, files, files.c.status == "stored")) == PAGES


async def everything(engine: Any) -> list[list[Any]]:
    """All rows that a worker writes."""
    assert await count(engine, messages)
    return [await rows(engine, table) for table in CHANGED]

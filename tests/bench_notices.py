"""How fast many people are told: `python -m tests.bench_notices [--people 10000]`, six minutes for ten thousand.

The real program, on SQLite with synchronous FULL, finds one notice for each of so many people and sends them to a fake
Bot API that takes 30 messages a second and refuses more with 429. Shown: the rate from the first to the last arrival,
as a share of the one that the program allows itself; refusals; people told twice or not at all.
"""

import argparse
import asyncio
import resource
import tempfile
from collections import Counter
from pathlib import Path

from sqlalchemy import select

from bot.channels.telegram import RATE
from bot.turn import About, notice
from bot.world import World
from dialogs.model import SendMessage, Text
from storage import migrate
from storage.database import make_engine
from storage.models import people
from storage.outbox import post
from storage.people import chats_of
from tests.doubles.bot_api import TOKEN, BotApi, Chat, Limits, Phone
from tests.heart import many_chats
from tests.program import running
from tests.transcripts import CHANNELS, Clock

TAKES_PER_S = 30.0
FIRST_CHAT = 5001
LONGEST_S = 30
"""Beyond what the rate asks for."""


async def fill(url: str, count: int) -> None:
    """People who stand at the menu, and a notice for each."""
    engine, clock, world = make_engine(url), Clock(), World.load(CHANNELS)
    await many_chats(engine, clock, [str(FIRST_CHAT + number) for number in range(count)])
    said = [SendMessage((Text("Sản phẩm Mật ong hoa tràm U Minh được 4 sao, quyết định số 1/QĐ-UBND."),))]
    async with engine.begin() as connection:
        ids = (await connection.execute(select(people.c.id))).scalars().all()
        for begin in range(0, count, 500):
            chats = await chats_of(connection, ids[begin : begin + 500])
            await post(connection, [notice(world, chat, said, clock(), About()) for chat in chats])
    await engine.dispose()


async def measure(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite+aiosqlite:///{folder / 'ocop.db'}"
        await asyncio.to_thread(migrate.upgrade, url)
        await fill(url, count)
        async with BotApi() as api:
            api.limits = Limits(TAKES_PER_S)
            for number in range(count):
                api.chats[FIRST_CHAT + number] = Chat(Phone(api, FIRST_CHAT + number).user)
            told: list[int] = []
            arrived: list[float] = []
            done = asyncio.Event()

            def on_message(chat_id: int, seen: object) -> None:
                told.append(chat_id)
                arrived.append(asyncio.get_running_loop().time())
                if len(told) >= count:
                    done.set()

            api.on_message = on_message
            settings = {"DATABASE_URL": url, "TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": api.url}
            async with running(folder, **settings) as program:
                async with asyncio.timeout(count / RATE.per_s + LONGEST_S):
                    await done.wait()
                await asyncio.sleep(2)  # what comes twice comes soon
                await program.stop()
            cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
            rate = (count - 1) / (arrived[count - 1] - arrived[0])
            most = max(sum(1 for at in arrived[i : i + 40] if at < begin + 1) for i, begin in enumerate(arrived))
            twice = sum(many > 1 for many in Counter(told).values())
            say(f"{count} notices, {rate:.2f} a second: {rate / RATE.per_s:.1%} of {RATE.per_s:g}")
            say(f"most in one second {most}, refused with 429: {api.limits.refused}")
            say(
                f"told {len(set(told))}, of these twice {twice}; {cpu.ru_utime + cpu.ru_stime:.1f} s CPU, start and all"
            )


def say(line: str) -> None:
    print(line)  # noqa: T201  its only output


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000)
    asyncio.run(measure(parser.parse_args().people))

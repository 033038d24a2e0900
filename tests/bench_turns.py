"""How many updates a second go through the real `handle`: `python -m tests.bench_turns [--people 32] [--rounds 5]`.

Simulated people go through consent, place and the whole registration of an idea, typed without diacritics, in groups
of so many, each group one transaction; SQLite with synchronous FULL. No HTTP and no Telegram: what is measured is
understanding, the dialogs, and the database. docs/benchmarks.md keeps the figures.
"""

import argparse
import platform
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import uvloop

from bot.channels.base import Update
from bot.handle import handle
from bot.world import World
from dialogs.model import TextReceived
from storage.database import make_engine
from storage.models import metadata
from tests.transcripts import CHANNELS

CONVERSATION = (
    "/start", "dong y", "1", "dang ky", "lao cai", "tan linh", "1", "Mật ong hoa tràm U Minh", "thuc pham", "4",
    "dang ban", "Ngọt dịu, thơm hoa tràm, không pha", "Mật từ rừng tràm trong xã", "3 người trong nhà",
    "300 chai một tháng", "1,2", "1", "ho gia dinh", "Nguyễn Văn A", "Nguyễn Văn A", "0912 345 678", "bo qua", "bo qua",
    "1",
)  # fmt: skip


async def measure(people: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}")
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        world = replace(World.load(CHANNELS), public_url="https://ocop.example")
        for warm in range(rounds + 1):
            if warm == 1:
                wall, cpu = time.perf_counter(), time.process_time()
            for turn, words in enumerate(CONVERSATION):
                group = [
                    Update("telegram", f"{warm}-{turn}-{n}", f"{warm}-{n}", TextReceived(words)) for n in range(people)
                ]
                await handle(engine, world, group)
        count = people * rounds * len(CONVERSATION)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"{people:4} people at once: {count / wall:7.0f} updates/s, {1e6 * cpu / count:6.0f} µs CPU each")  # noqa: T201  its only output
        await engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[1, 32, 64])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}")  # noqa: T201  likewise
    for people in arguments.people:
        uvloop.run(measure(people, arguments.rounds))


if __name__ == "__main__":
    main()

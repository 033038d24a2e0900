"""The whole program beside other bots, over HTTP: `make bench` (tests.bench_whole --help for parts of it).

People register an idea with `python -m bot run`, all 24 updates of it, from /start to the case code; each writes again
once answered. Load, fake Bot API and peers are those of the folder that BENCH names, and its RESULTS.md says how they
measure: the bot alone on one core; on the other the generator, the fake Bot API, and what serves a bot (redis,
PostgreSQL). The peers' registration is shorter (9 updates) and understands no typed words. Every run checks that
nobody is left without an answer or asked something unexpected, and that who came to the end has exactly one case.

What is ours here are the words that people say, and the tables that go into docs/benchmarks.md.
"""

import argparse
import asyncio
import hashlib
import http.cookiejar
import math
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.conftest import PostgreSQL, postgresql
from tests.program import ROOT

OURS = {"this bot, SQLite": "sqlite", "this bot, PostgreSQL": "postgresql"}
PEERS = ("ptb", "aiogram-redis")
ALL_PEERS = (*PEERS, "aiogram-sql", "aiogram-dialog", "ceiling-stack")
IN_FLIGHT = (1, 32, 256)
FAR = {"latency": 0.04, "jitter": 0.02}
"""Seconds to the Bot API in life, and at most so much more."""
OPEN_STEP = 12
"""How far a conversation is that stays open: within the form, a third of it answered."""
WARM_S, SECONDS, ALONE_S, DRAIN_S, START_S, SILENCE_S = 1.0, 3.0, 2.0, 6.0, 180.0, 30.0
WARM_USERS = 300
BEGIN, END = "<!-- make bench writes from here -->\n", "<!-- to here -->\n"
DOCUMENT = ROOT / "docs" / "benchmarks.md"
PACKAGES = ("aiogram", "aiogram-dialog", "python-telegram-bot", "SQLAlchemy", "aiosqlite", "asyncpg", "uvloop", "redis")

Json = dict[str, Any]
Row = dict[str, Any]

WORDS: tuple[tuple[str, str | int], ...] = (
    ("", "/start"),
    ("đồng ý", 0),
    ("nhắc", 0),
    ("muốn làm gì", 1),
    ("tỉnh nào", "lào cai"),
    ("xã, phường nào", "tân lĩnh"),
    ("đúng không", 0),
    ("Câu 1/16", "Mật ong hoa tràm U Minh"),
    ("Câu 2/16", 0),
    ("Câu 3/16", 3),
    ("Câu 4/16", 2),
    ("Câu 5/16", "Ngọt dịu, thơm hoa tràm, không pha"),
    ("Câu 6/16", "Mật từ rừng tràm trong xã"),
    ("Câu 7/16", "3 người trong nhà"),
    ("Câu 8/16", "300 chai một tháng"),
    ("Câu 9/16", "1,2"),
    ("Câu 10/16", "1"),
    ("Câu 11/16", 0),
    ("Câu 12/16", "Nguyễn Văn A"),
    ("Câu 13/16", 0),
    ("Câu 14/16", "0912 345 678"),
    ("Câu 15/16", 0),
    ("Câu 16/16", "bỏ qua"),
    ("xem lại", 0),
    ("✅", "DONE"),
)
"""What the bot's message holds, and what is said to it; a number is a button, counted from 0."""
PHONE = next(step for step, (asked, _) in enumerate(WORDS) if asked == "Câu 14/16")
strange: list[str] = []
"""What the bot asked where something else was expected."""


def says(user: Any, message: Json | None, hold_at: int = -1) -> Any:
    """One person's side; every fifth mistypes the telephone number first. For the load's `script`."""
    step = user.step
    asked, said = WORDS[step]
    text = (message or {}).get("text", "")
    if asked not in text:
        strange.append(f"step {step} ({asked!r}): {text!r}")
        return None
    if step == hold_at:
        return "HOLD"
    if step == len(WORDS) - 1:
        return "DONE"
    if step == PHONE and user.id % 5 == 0 and "tried" not in user.data:
        user.data["tried"] = True
        return "text", "12"
    user.step += 1
    if isinstance(said, str):
        return "text", said
    keys = [key for row in (message or {})["reply_markup"]["inline_keyboard"] for key in row]
    return "press", keys[said]["callback_data"]


def says_half(user: Any, message: Json | None) -> Any:
    return says(user, message, hold_at=OPEN_STEP)


# ---------------------------------------------------------------- the bots


class Bench:
    """The modules of the bench, from where they are; the peers' environment has what they import beside ours."""

    def __init__(self, folder: Path, peers: Path, results: Path) -> None:
        results.mkdir(parents=True, exist_ok=True)
        os.environ |= {"BENCH_TMP": str(results), "BENCH_PYTHON": str(peers / "bin" / "python")}
        sys.path.insert(0, str(folder))
        sys.path += map(str, peers.glob("lib/python*/site-packages"))
        import fake_bot_api  # type: ignore[import-not-found]
        import harness  # type: ignore[import-not-found]
        import scripts  # type: ignore[import-not-found]

        self.api, self.harness, self.scripts = fake_bot_api, harness, scripts

    def peer(self, name: str, mode: str) -> Any:
        bot = self.harness.Bot(name, mode)
        bot.script = self.scripts.ocop
        bot.double = lambda: 0
        return bot


class Ours:
    """`python -m bot run` as the harness drives a bot, on a database that is up to date."""

    def __init__(self, bench: Bench, name: str, mode: str, server: PostgreSQL | None) -> None:
        self._harness, self.name, self.server, self.script = bench.harness, name, server, says
        folder = Path(bench.harness.fresh_dir("ours"))
        token, self.port = bench.harness.TOKEN, bench.harness.BOT_PORT
        self.database = server.create() if server is not None else f"sqlite:///{folder / 'ocop.db'}"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            "PORT": str(self.port),
            "DATABASE_URL": self.database,
            "FILES_URL": str(folder / "files"),
            "QUIET_HOURS": "false",
        }
        if mode:
            api = f"http://127.0.0.1:{bench.harness.API_PORT}"
            self.env |= {"TELEGRAM_BOT_TOKEN": token, "TELEGRAM_API_URL": api}
        if mode == "webhook":
            self.env["PUBLIC_URL"] = f"http://127.0.0.1:{self.port}"
        secret = hashlib.sha256(f"webhook {token}".encode()).hexdigest()
        self.webhook = ("127.0.0.1", self.port, "/telegram", secret) if mode == "webhook" else None
        self.folder, self._log = folder, (folder / "log").open("wb")
        self._run("migrate").wait()

    def _run(self, command: str) -> "subprocess.Popen[bytes]":
        on = ["taskset", "-c", str(self._harness.BOT_CORE), sys.executable, "-m", "bot", command]
        return subprocess.Popen(on, cwd=self.folder, env=self.env, stdout=self._log, stderr=self._log)

    def start(self) -> None:
        self.spawned = time.perf_counter()
        self.process = self._run("run")
        self.pid = self.process.pid

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()
        if self.server is not None:
            self.server.drop(self.database)

    def sample(self) -> dict[str, float]:
        found = {"bot_cpu": self._harness.cpu(self.pid), "gen_cpu": self._harness.cpu(os.getpid())}
        if self.server is not None:
            found["server_cpu"] = sum(map(self._harness.cpu, _processes(self.server)))
        return found

    def double(self) -> int:
        """Cases beyond one for each person."""
        counts = "select count(*), count(distinct person_id) from cases"
        if self.server is not None:
            name = self.database.split("@/")[1].split("?")[0]
            psql = [f"{self.server.programs}/psql", "-XtA", "-h", f"{self.server.folder}", "-U", "postgres", name]
            answer = subprocess.run([*psql, "-c", counts], check=True, capture_output=True, text=True, timeout=60)
            cases, people = map(int, answer.stdout.split("|"))
        else:
            with sqlite3.connect(self.folder / "ocop.db") as connection:
                cases, people = connection.execute(counts).fetchone()
        return cases - people


def _processes(server: PostgreSQL) -> Iterator[int]:
    """The postmaster and its backends."""
    postmaster = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    yield postmaster
    yield from map(int, Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split())


@asynccontextmanager
async def started(bench: Bench, bot: Any, **faults: float) -> AsyncIterator[tuple[Any, float]]:
    """The fake Bot API and the bot, which has answered one conversation; seconds to its first reply."""
    api = await bench.harness.new_api(bench.api.Faults(**faults))
    try:
        yield api, await asyncio.wait_for(bench.harness.first_reply(api, bot, bot.script), START_S)
    finally:
        bot.stop()
        await api.stop()
    if strange:
        raise AssertionError(f"{bot.name} asked something else: {strange[0]}")


# ---------------------------------------------------------------- measuring


async def session(bench: Bench, bot: Any, mode: str, levels: Sequence[int], **faults: float) -> list[Row]:
    """One life of a bot: its start, its memory, and a load of each number of people in flight."""
    rows = []
    async with started(bench, bot, **faults) as (api, cold):
        idle = bench.harness.rss(bot.pid)
        for place, level in enumerate(levels, 1):
            load = bench.api.Load(api, bot.script, level, bot.webhook, first_user=1_000_000 * place)
            row = await load.run(WARM_S, SECONDS if level > 1 else ALONE_S, bot.sample)
            stuck = await load.drain(DRAIN_S)
            known: Row = {"bot": bot.name, "mode": mode, "in_flight": level, "cold": cold, "idle": idle}
            rows.append(known | row | {"stuck": stuck, "far": bool(faults)})
        await asyncio.sleep(0.3)
        rows[-1]["double"] = bot.double()
    for row in rows:
        _show(row)
    return rows


def _show(row: Row) -> None:
    shown = {key: round(value, 2) if isinstance(value, float) else value for key, value in row.items()}
    print(shown, flush=True)  # noqa: T201  somebody waits for minutes


async def memory(bench: Bench, bot: Any, people: int) -> Row:
    """MiB that conversations left open in the middle take, for 10,000 of them."""
    async with started(bench, bot) as (api, _):
        idle = bench.harness.rss(bot.pid)
        for script, first, users in ((bot.script, 2_000_000, WARM_USERS), (says_half, 5_000_000, people)):
            warm = bench.harness.rss(bot.pid)
            load = bench.api.Load(api, script, 256, bot.webhook, first_user=first, users=users)
            load.start()
            await _all_through(load)
        await asyncio.sleep(1)
        grown = (bench.harness.rss(bot.pid) - warm) * 10_000 / len(load.held)
    row = {"bot": bot.name, "idle": idle, "warm": warm, "grown": grown, "open": len(load.held)}
    _show(row)
    return row


async def _all_through(load: Any) -> None:
    """However long a slow machine takes; TimeoutError where nobody is answered any more."""
    answered = -1
    while not load.idle.is_set():
        if len(load.latency) == answered:
            asked = f", who were asked something else: {strange[0]}" if strange else ""
            raise TimeoutError(f"{len(load.users)} people wait, {answered} updates were answered{asked}")
        answered = len(load.latency)
        with suppress(TimeoutError):
            await asyncio.wait_for(load.idle.wait(), SILENCE_S)


def without_telegram(bench: Bench) -> Row:
    """Start and memory with the web chat alone: from the command to the greeting in a browser."""
    bot = Ours(bench, "web chat alone", "", None)
    bot.start()
    try:
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        browser = urllib.request.build_opener(jar)
        _page(browser, f"http://127.0.0.1:{bot.port}/")
        greeted = _page(browser, f"http://127.0.0.1:{bot.port}/chat/messages?after=0&wait=20")
        cold = time.perf_counter() - bot.spawned
        assert "OCOP" in greeted, greeted
        row = {"bot": bot.name, "cold": cold, "idle": bench.harness.rss(bot.pid)}
    finally:
        bot.stop()
    _show(row)
    return row


def _page(browser: urllib.request.OpenerDirector, url: str) -> str:
    for _ in range(int(START_S / 0.01)):
        try:
            with browser.open(url, timeout=30) as answer:
                return str(answer.read().decode())
        except OSError:  # not yet
            time.sleep(0.01)
    raise TimeoutError(url)


# ---------------------------------------------------------------- what comes of it


def table(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows) + "\n"


def speeds(rows: Sequence[Row]) -> str:
    """A line for each bot; ratios to the fastest peer, round by round."""
    by_bot = {name: found for (name,), found in _grouped(rows, "bot").items()}
    rates = {name: [row["updates_s"] for row in found] for name, found in by_bot.items()}
    peers = [name for name in by_bot if name not in OURS]
    best = max(peers, key=lambda name: statistics.median(rates[name]), default=None)
    lines = []
    for name, found in by_bot.items():
        found = [row | {"updates": row["updates"] or math.nan} for row in found]  # a bot may answer nobody in time
        server = median(found, lambda row: 1e6 * (row.get("server_cpu", 0) + row.get("redis_cpu", 0)) / row["updates"])
        pairs = zip(rates[name], rates[best], strict=False) if best else ()
        ratio = statistics.median([a / b if b else math.inf for a, b in pairs]) if best else None
        lines.append(
            (
                name,
                f"{statistics.median(rates[name]):.0f} ({min(rates[name]):.0f} to {max(rates[name]):.0f})",
                f"{ratio:.1f}" if ratio is not None else "",
                f"{median(found, lambda row: row['p50_ms']):.1f}",
                f"{median(found, lambda row: row['p99_ms']):.1f}",
                f"{median(found, lambda row: 1e6 * row['bot_cpu'] / row['updates']):.0f}"
                + (f" + {server:.0f}" if server else ""),
                f"{median(found, lambda row: row['gen_cpu'] / row['seconds']):.0%}",
                sum(row["stuck"] for row in found),
                sum(row.get("double", 0) for row in found),
            )
        )
    head = ("Bot", "Updates/s (slowest to fastest round)", "× fastest peer", "Median, ms", "99 %, ms")
    return table((*head, "CPU an update, µs (+ its server's)", "Generator busy", "Stuck", "Double"), lines)


def median(rows: Sequence[Row], of: Callable[[Row], float]) -> float:
    return statistics.median(map(of, rows))


def _grouped(rows: Iterable[Row], *keys: str) -> dict[tuple[Any, ...], list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[key] for key in keys)].append(row)
    return found


def _webhook_first(cell: tuple[tuple[Any, ...], list[Row]]) -> tuple[bool, int]:
    (mode, level), _ = cell
    return mode != "webhook", level


def report(rows: Sequence[Row], memories: Sequence[Row], alone: Sequence[Row], rounds: int) -> str:
    today, load = f"{datetime.now(UTC):%Y-%m-%d}", f"load {os.getloadavg()[2]:.1f}"
    parts = [f"{today}, rounds: {rounds}, medians. {_machine()}, {load}. {_versions()}.\n"]
    near, far = ([row for row in rows if row["far"] is is_far] for is_far in (False, True))
    for (mode, level), found in sorted(_grouped(near, "mode", "in_flight").items(), key=_webhook_first):
        parts.append(f"### {mode.capitalize()}, {level} in flight\n\n{speeds(found)}")
    if far:
        parts.append(f"### Bot API 40 to 60 ms away, webhook, {IN_FLIGHT[-1]} in flight\n\n{speeds(far)}")
    grown = {row["bot"]: row for row in memories}
    lines: list[Sequence[object]] = []
    for (name,), found in _grouped([row for row in near if row["in_flight"] == 1], "bot").items():
        more = f"{grown[name]['grown']:.1f}" if name in grown else ""
        lines.append((name, *_start(found), more))
    lines += [(name, *_start(found), "") for (name,), found in _grouped(alone, "bot").items()]
    head = ("Bot", "Start to the first reply, s", "Memory idle, MiB", "More for 10,000 open conversations, MiB")
    return "\n".join([*parts, f"### Start and memory\n\n{table(head, lines)}"])


def _start(rows: Sequence[Row]) -> tuple[str, str]:
    return f"{median(rows, lambda row: row['cold']):.2f}", f"{median(rows, lambda row: row['idle']):.0f}"


def _machine() -> str:
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    return f"{os.cpu_count()} cores ({model.partition(':')[2].strip() or platform.machine()})"


def _versions() -> str:
    named = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {named}"


def written(tables: str) -> None:
    """Put the tables between their marks in docs/benchmarks.md."""
    before, begin, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{begin}\n{tables}\n{END}{after}", encoding="utf-8")


# ---------------------------------------------------------------- the command


async def measure(arguments: argparse.Namespace, bench: Bench, server: PostgreSQL | None) -> str:
    rows: list[Row] = []
    memories: list[Row] = []
    alone: list[Row] = []
    names = [name for name in (*OURS, *(ALL_PEERS if arguments.all else PEERS)) if _is_wanted(name, arguments.bots)]

    def bot(name: str, mode: str) -> Any:
        if name in OURS:
            return Ours(bench, name, mode, server if OURS[name] == "postgresql" else None)
        return bench.peer(name, mode)

    for number in range(arguments.rounds):
        for mode in arguments.modes:
            for name in names:
                rows += await session(bench, bot(name, mode), mode, arguments.in_flight)
        if number < arguments.far:
            for name in names:
                rows += await session(bench, bot(name, "webhook"), "webhook", IN_FLIGHT[-1:], **FAR)
        if arguments.open:
            alone.append(without_telegram(bench))
    if arguments.open:
        memories = [await memory(bench, bot(name, "webhook"), arguments.open) for name in names if name in OURS]
    return report(rows, memories, alone, arguments.rounds)


def _is_wanted(name: str, wanted: Sequence[str]) -> bool:
    return not wanted or any(part in name for part in wanted)


@contextmanager
def _with_postgresql(wanted: bool) -> Iterator[PostgreSQL | None]:
    """On the generator's core, and writing through to the disk."""
    with postgresql("-c", "max_connections=100") if wanted else nullcontext() as server:
        yield server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, default=ROOT.parent / "shared" / "bench", help="the folder of the bench")
    parser.add_argument("--peers", type=Path, default=ROOT / "var" / "bench" / "venv", help="what its bots run in")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--far", type=int, default=1, help="rounds with the Bot API 40 to 60 ms away")
    parser.add_argument("--open", type=int, default=10_000, help="conversations left open, for their memory")
    parser.add_argument("--all", action="store_true", help=f"all peers: {', '.join(ALL_PEERS)}")
    parser.add_argument("--bots", nargs="*", default=(), help="only bots whose names hold one of these")
    parser.add_argument("--modes", nargs="*", default=("webhook", "polling"))
    parser.add_argument("--in-flight", type=int, nargs="*", default=IN_FLIGHT)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    arguments = parser.parse_args()
    bench = Bench(arguments.bench.resolve(), arguments.peers.resolve(), ROOT / "var" / "bench")

    async def work() -> str:
        with _with_postgresql(_is_wanted("this bot, PostgreSQL", arguments.bots)) as server:
            return await measure(arguments, bench, server)

    tables = bench.harness.main(work())
    print(tables)  # noqa: T201  what it is for
    if arguments.write:
        written(tables)


if __name__ == "__main__":
    main()

"""How long a page of an officer's inbox takes in a province with a million cases: `python -m tests.bench_inbox`.

    [--cases 1000000] [--runs 200] [--open-everywhere] [--databases sqlite postgresql]

The cases lie in the communes of one province as a busy programme would leave them after years: 13 of 100 wait for an
officer, 25 for their producer, the rest is done. `--open-everywhere`: all of them wait for their commune. Most communes
have an officer, every second one also an approver, every twentieth nobody, so that the province stands in for it.
Certificates and papers end within three years, and every tenth producer has no chat to be reminded in.
Measured is `facts_for`, all that one turn reads for one officer, in a transaction of its own. docs/benchmarks.md keeps
the figures.
"""

import argparse
import asyncio
import json
import platform
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.catalogs import VIETNAM
from dialogs import places
from dialogs.matching import fold
from dialogs.model import Draft, Facts, Role, State
from dialogs.rules.lifecycle import STATUSES
from dialogs.state import dump
from storage import migrate
from storage.cases import FIRST_OF_ALL, NOT_URGENT
from storage.database import make_engine
from storage.models import cases, conversations, memberships, papers, people, results
from storage.records import Conversation, Wanted, conversations_of, facts_for
from tests.conftest import postgresql

PROVINCE = "15"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TODAY = NOW.astimezone(VIETNAM).date()
OPEN = {"idea_submitted": 6, "plan_submitted": 3, "dossier_submitted": 2, "dossier_checked": 1, "forwarded": 0.5,
        "in_evaluation": 0.5}  # fmt: skip
WITH_PRODUCER = {"idea_returned": 6, "plan_returned": 3, "dossier_returned": 1, "idea_accepted": 8, "plan_accepted": 7}
DONE = {"certified": 40, "rated": 10, "expired": 8, "idea_not_this_year": 4}
PRODUCTS = ("Chuối sấy dẻo", "Miến dong", "Mật ong rừng", "Chè Shan tuyết", "Gạo nếp", "Rượu ngô", "Thịt trâu gác bếp",
            "Măng khô", "Cam sành", "Táo mèo")  # fmt: skip
FAMILIES = ("Lý", "Nguyễn", "Trần", "Hoàng", "Lò", "Vàng", "Sùng", "Triệu")
MIDDLES = ("Thị", "Văn", "A", "Đức")
GIVEN = ("Mẩy", "Hùng", "Hoa", "Lan", "Páo", "Sềnh", "Dung", "Minh")
CASES_EACH = 4
"""Products of one producer."""
BATCH = 20_000
Row = dict[str, Any]


# ---------------------------------------------------------------- a province


def has_chat(n: int) -> bool:
    return n % 10 != 3


def producers(count: int) -> Iterator[tuple[Row, Row | None]]:
    """People with their chats, if any; one in a hundred has begun a form and been silent for a month."""
    units = places.communes_of(PROVINCE)
    for n in range(1, count + 1):
        name = _name(n)
        silent = n % 100 == 0
        state = State("register_idea.1/special", {"register_idea.1": Draft({"product": "Trà"}, turn=3)}, turn=3)
        person = {"id": n, "name": name, "producer_name": name, "commune": units[n % len(units)].code, "consent": "yes",
                  "case_count": CASES_EACH, "created_at": NOW}  # fmt: skip
        chat = {"id": n, "person_id": n, "channel": "telegram", "chat_id": f"p{n}",
                "state": dump(state if silent else State("menu/choice")),
                "updated_at": NOW - timedelta(days=30)}  # fmt: skip
        yield person, chat if has_chat(n) else None


def _name(n: int) -> str:
    pick = random.Random(n)
    return f"{pick.choice(FAMILIES)} {pick.choice(MIDDLES)} {pick.choice(GIVEN)}"


def filed(count: int, people_count: int, officers: Sequence[int], weights: dict[str, float]) -> Iterator[Row]:
    units, pick = places.communes_of(PROVINCE), random.Random(1)
    statuses = pick.choices(list(weights), list(weights.values()), k=count)
    for n, status in enumerate(statuses, 1):
        person = n % people_count + 1
        unit = units[person % len(units)]
        owner = str(STATUSES[status].owner)
        waits = status in OPEN
        again = waits and pick.random() < 0.1
        due_on = TODAY + timedelta(days=pick.randint(-5, 30)) if waits and pick.random() < 0.9 else None
        product, maker = f"{pick.choice(PRODUCTS)} {unit.name} {pick.randint(1, 999)}", _name(person)
        yield {
            "id": n, "code": f"{unit.prefix}-{20 + n % 7}-{n // 7:06}", "person_id": person, "commune": unit.code,
            "territory": f"{PROVINCE}/{unit.code}", "province": PROVINCE, "ruleset": "ocop_2026", "status": status,
            "product": product, "product_folded": fold(product), "producer_folded": fold(maker),
            "answers": {"product": product, "producer_name": maker}, "owner": owner,
            "since": TODAY - timedelta(days=pick.randint(0, 400)), "due_on": due_on,
            "urgent_on": FIRST_OF_ALL if again else due_on or NOT_URGENT, "resubmitted": again,
            "holder_id": pick.choice(officers) if waits and pick.random() < 0.3 else None,
            "filed_by": None if has_chat(person) else pick.choice(officers),
            "submitted_at": NOW, "updated_at": NOW,
        }  # fmt: skip


def certificates(batch: Sequence[Row]) -> list[Row]:
    """Of those that have one."""
    return [
        {"case_id": row["id"], "points_a": 30, "points_b": 20, "points_c": 20, "stars": 4, "published_at": NOW,
         "certificate_until": _ends(row["id"])}
        for row in batch if row["status"] == "certified"
    ]  # fmt: skip


def handed_in(batch: Sequence[Row]) -> list[Row]:
    """One paper with a last day and one without, of those that are past the idea."""
    return [
        {"case_id": row["id"], "paper": paper, "version": 1, "pages": [], "kept_at": NOW, "sent_at": NOW,
         "valid_until": until}
        for row in batch if not row["status"].startswith("idea")
        for paper, until in (("food_safety", _ends(row["id"])), ("form_01", None))
    ]  # fmt: skip


def _ends(n: int) -> date:
    return TODAY + timedelta(days=n * 7919 % 1096)


@dataclass(frozen=True, slots=True)
class Staff:
    """Person ids: an officer of the first commune, one who is its approver, one of the province, and all of them."""

    officer: int
    approver: int
    province: int
    everybody: tuple[int, ...]


async def hire(engine: AsyncEngine, first_id: int) -> Staff:
    units = places.communes_of(PROVINCE)
    posts = [(Role.PROVINCE_OFFICER, PROVINCE)]
    for n, unit in enumerate(units):
        if n % 20 != 19:
            posts.append((Role.COMMUNE_OFFICER, f"{PROVINCE}/{unit.code}"))
        if n % 2 == 0:
            posts.append((Role.COMMUNE_APPROVER, f"{PROVINCE}/{unit.code}"))
    ids = range(first_id, first_id + len(posts))
    async with engine.begin() as connection:
        await connection.execute(insert(people), [{"id": i, "created_at": NOW, "officer": True} for i in ids])
        chats = [{"id": i, "person_id": i, "channel": "telegram", "chat_id": f"o{i}", "state": dump(State("menu/")),
                  "updated_at": NOW} for i in ids]  # fmt: skip
        await connection.execute(insert(conversations), chats)
        rows = [
            {"person_id": i, "role": role, "territory": at, "since": NOW}
            for i, (role, at) in zip(ids, posts, strict=True)
        ]
        await connection.execute(insert(memberships), rows)
    return Staff(first_id + 1, first_id + 2, first_id, tuple(ids))


async def fill(engine: AsyncEngine, count: int, weights: dict[str, float]) -> Staff:
    people_count = count // CASES_EACH
    async with engine.begin() as connection:
        rows = producers(people_count)
        while batch := list(islice(rows, BATCH)):
            await connection.execute(insert(people), [person for person, _ in batch])
            await connection.execute(insert(conversations), [chat for _, chat in batch if chat is not None])
    staff = await hire(engine, people_count + 1)
    made = filed(count, people_count, staff.everybody, weights)
    while some := list(islice(made, BATCH)):
        async with engine.begin() as connection:
            for table, filed_rows in ((cases, some), (results, certificates(some)), (papers, handed_in(some))):
                await _put(connection, table, filed_rows)
    if engine.dialect.name == "postgresql":  # as its own housekeeping does after a while
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("VACUUM ANALYZE"))
    return staff


async def _put(connection: Any, table: Table, batch: Sequence[Row]) -> None:
    """On PostgreSQL by COPY, which takes a tenth of the time."""
    if connection.dialect.name == "sqlite":
        await connection.execute(insert(table), batch)
        return
    raw = (await connection.get_raw_connection()).driver_connection
    columns = list(batch[0])
    await raw.copy_records_to_table(
        table.name, columns=columns, records=[[_plain(row[name]) for name in columns] for row in batch]
    )


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (dict, list)) else value


# ---------------------------------------------------------------- measuring


def at(who: Conversation, key: str, **answers: str) -> Conversation:
    return replace(who, state=State(f"{key}/", {key: Draft(answers)}))


PAGES: dict[str, Callable[[Conversation], Conversation]] = {
    "everything": lambda who: at(who, "desk"),
    "overdue": lambda who: at(who, "desk.overdue"),
    "new": lambda who: at(who, "desk.fresh"),
    "with producer": lambda who: at(who, "desk.waiting"),
    "find a product": lambda who: at(who, "find", _words="mien dong"),
    "find a person": lambda who: at(who, "find", _words="Sềnh"),
    "find nothing": lambda who: at(who, "find", _words="không có đâu"),
    "find a serial": lambda who: at(who, "find", _words="0142"),
}


async def measure(engine: AsyncEngine, staff: Staff, runs: int) -> None:
    officers = {"commune officer": staff.officer, "approver": staff.approver, "province officer": staff.province}
    for role, person_id in officers.items():
        async with engine.begin() as connection:
            key = ("telegram", f"o{person_id}")
            who = (await conversations_of(connection, {key: "vi"}, NOW))[key]
        for page, standing in PAGES.items():
            took, cpu, facts = await _timed(engine, standing(who), runs)
            desk = facts.desk
            counted = desk.counts.get("act", 0) if page == "everything" else desk.total
            times = (statistics.median(took), _p95(took), max(took), statistics.median(cpu))
            _say(f"  {role:16} {page:14} {counted:7}{''.join(map(_ms, times))}")
            if page == "everything":
                _say(f"  {role:16} counts: {dict(desk.counts)}")


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201  its only output


def _ms(value: float) -> str:
    return f"{value:8.1f}"


async def _timed(engine: AsyncEngine, who: Conversation, runs: int) -> tuple[list[float], list[float], Facts]:
    """Milliseconds by the clock and of this process's processor time, which other programs do not lengthen.

    On SQLite the latter is all the work there is; PostgreSQL does its own part in another process.
    """
    took, cpu = [], []
    for _ in range(runs):
        async with engine.connect() as connection:
            await connection.begin()
            start, worked = time.perf_counter(), time.process_time()
            found = await facts_for(connection, [Wanted(who)], Facts(NOW.astimezone(VIETNAM)))
            took.append((time.perf_counter() - start) * 1000)
            cpu.append((time.process_time() - worked) * 1000)
            await connection.rollback()
    return took, cpu, found[who.id]


def _p95(took: Sequence[float]) -> float:
    return statistics.quantiles(took, n=20)[-1]


@asynccontextmanager
async def database(kind: str) -> AsyncIterator[AsyncEngine]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if kind == "sqlite":
            url = f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}"
            await asyncio.to_thread(migrate.upgrade, url)
            engine = make_engine(url)
            yield engine
            await engine.dispose()
            return
        with postgresql("-F") as server:
            url = server.create()
            await asyncio.to_thread(migrate.upgrade, url)
            engine = make_engine(url)
            yield engine
            await engine.dispose()


async def run(kind: str, count: int, runs: int, weights: dict[str, float]) -> None:
    async with database(kind) as engine:
        start = time.perf_counter()
        staff = await fill(engine, count, weights)
        _say(
            f"{kind}: {count} cases filed in {time.perf_counter() - start:.0f} s; ms: median, 95 %, longest, processor"
        )
        await measure(engine, staff, runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--open-everywhere", action="store_true")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    arguments = parser.parse_args()
    weights = {"idea_submitted": 1.0} if arguments.open_everywhere else {**OPEN, **WITH_PRODUCER, **DONE}
    _say(f"Python {platform.python_version()}, {platform.machine()}")
    for kind in arguments.databases:
        asyncio.run(run(kind, arguments.cases, arguments.runs, weights))


if __name__ == "__main__":
    main()

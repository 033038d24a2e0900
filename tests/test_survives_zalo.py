"""What the Zalo channels have to survive, each really done to the real program or its real worker: nothing is lost.

Where time has to pass, a clock is moved: the double's, which in this process is the program's as well; a program in a
process of its own finds the times of its rows moved back.
"""

import asyncio
import hashlib
import hmac
import random
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels import download
from bot.channels.base import Update
from bot.channels.zalo import Zalo
from bot.channels.zalo_tokens import AccountTokens
from bot.deliver import Delivery
from bot.fetch import Fetcher
from bot.handle import handle
from bot.ladder import Ladder
from bot.turn import notice
from bot.world import World
from bot.zalo import Kept
from dialogs.model import State
from dialogs.state import dump
from storage import outbox as box
from storage import people
from storage.files import FileStore
from storage.models import conversations, deliveries, files, notices, outbox
from storage.models import people as people_table
from storage.secrets import Vault
from tests.account import KEY, account_running, connected, environment
from tests.conftest import PostgreSQL
from tests.doubles.people import photo
from tests.doubles.server import Failure
from tests.doubles.zalo_oa import Follower, Hosted, ZaloOA
from tests.heart import Working, rows, say, world_at
from tests.program import Program, begin, free_port, start
from tests.transcripts import Clock

WAIT_S = 30.0
QUIET_S = 1.0
"""How long nothing may happen after something that must have no effect."""
ANSWER_WITHIN_S = 2.0
MANY_CALLS = 60_000
NIGHT = timedelta(hours=8)
GREETING = "Em là trợ lý OCOP"

TO_THE_PHOTOS = (
    ("chao em", GREETING), ("dong y", "nhắc"), ("khong can", "muốn làm gì"), ("dang ky", "tỉnh nào"),
    ("lao cai", "xã, phường"), ("tan linh", "đúng không"), ("1", "Câu 1/"), ("Măng khô", "nhóm nào"),
    ("thuc pham", "loại nào"), ("7", "làm đến đâu"), ("dang ban", "đặc biệt"), ("phoi nang", "nguyên liệu"),
    ("mang rung cua xa", "cùng làm"), ("3 nguoi", "bao nhiêu"), ("300 kg moi nam", "bán ở đâu"),
    ("cho", "giúp việc gì"), ("1", "Ai làm ra"), ("ho gia dinh", "chủ hộ"), ("Giàng A Páo", "tên là gì"),
    ("Páo", "số nào"), ("0912345678", "ảnh sản phẩm"),
)  # fmt: skip
"""What a producer types up to the question for photos, and what is in each answer."""


def followers(oa: ZaloOA, count: int) -> list[Follower]:
    return [Follower(oa, f"24684588352961{n:05}", f"Páo {n}") for n in range(count)]


# ---------------------------------------------------------------- calls that are not what they seem


@pytest.mark.timed
async def test_calls_that_zalo_did_not_make_are_answered_and_change_nothing(tmp_path: Path) -> None:
    """Signatures that are missing, wrong or another body's; one byte changed; the same again; two megabytes."""
    async with ZaloOA() as oa, account_running(tmp_path, oa) as program:
        person = Follower(oa)
        assert GREETING in (await person.says("chao em")).text
        number = person.types("dong y")
        assert "nhắc" in (await person.waits_for(timeout_s=WAIT_S)).text
        await oa.until(lambda: bool(oa.answered_with(number)))
        await forged(oa, oa.posts[number].body)
        await asyncio.sleep(QUIET_S)
        assert person.reads_all() == []
        assert "muốn làm gì" in (await person.says("khong can")).text
        assert await metrics(program) == {"bad signature": 50, "unreadable": 2}
        assert await program.stop() == 0
        assert "Traceback" not in program.logged


async def forged(oa: ZaloOA, body: bytes) -> None:
    """Each is answered 200, as Zalo would switch the webhook off otherwise, and soon."""
    true = dict(oa.signed(body))
    (name,) = true
    other = hmac.new(oa.oa_secret.encode(), body, hashlib.sha256).hexdigest()
    calls = [
        (body, {}),
        (body, {name: ""}),
        (body, {name: "mac="}),
        (body, {name: "mac=" + "0" * 64}),
        (body, {name: f"mac={other}"}),
        (body, {name: true[name][:-1]}),
        (body, {"X-Bot-Api-Secret-Token": true[name]}),
        (b"", true),
        (b"[]", true),
        (b"{", true),
        *((changed, true) for changed in one_byte_changed(body)),
        *[(body, true)] * 3,  # replayed
        (huge(body), {}),
        (huge(body), oa.signed(huge(body))),
    ]
    for content, headers in calls:
        began = time.monotonic()
        assert await oa.forge(content, headers) == 200
        assert time.monotonic() - began < ANSWER_WITHIN_S


def one_byte_changed(body: bytes) -> list[bytes]:
    places = random.Random(4).sample(range(len(body)), 40)
    return [body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :] for at in places]


def huge(body: bytes) -> bytes:
    """A true event with 2 MB of blanks in it: JSON allows them anywhere between its parts."""
    return body[:-1] + b" " * (2 << 20) + b"}"


async def metrics(program: Program) -> dict[str, float]:
    """How many calls of the account were not taken, by outcome."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{program.url}/metrics")).text
    lines = [line for line in text.splitlines() if line.startswith('ocop_updates_total{channel="zalo"')]
    found = {line.split('outcome="')[1].split('"')[0]: float(line.rsplit(" ", 1)[1]) for line in lines}
    return {outcome: count for outcome, count in found.items() if outcome != "handled"}


async def test_what_was_not_answered_comes_again_over_a_kill(tmp_path: Path) -> None:
    """Killed while several people write: what was not committed is posted again, what was is not done twice."""
    async with ZaloOA(pace=0.02) as oa:
        everybody = followers(oa, 8)
        async with account_running(tmp_path, oa) as program:
            await asyncio.gather(*(person.says("chao em") for person in everybody))
            sent = len(oa.made("message/cs"))
            oa.fail("message/cs", Failure(delay_s=0.1), times=20)
            for person in everybody:
                person.types("dong y")
            await oa.until(lambda: len(oa.made("message/cs")) > sent + 2, WAIT_S)
            program.kill()
            oa.forget_failures()
            for person in everybody:
                person.types("khong can")  # nobody is there
            again = await start(tmp_path, **program.environment)
            try:
                await asyncio.gather(*(person.waits_for("muốn làm gì", 3 * WAIT_S) for person in everybody))
                assert await again.stop() == 0
            finally:
                again.kill()


# ---------------------------------------------------------------- tokens


async def test_two_processes_renew_once_and_both_go_on(tmp_path: Path, postgresql_server: PostgreSQL) -> None:
    url = postgresql_server.create("current")
    async with ZaloOA() as oa, AsyncExitStack() as stack:
        stack.callback(postgresql_server.drop, url)
        oa.calls_per_minute = MANY_CALLS
        variables = environment(oa, free_port(), DATABASE_URL=url, FILES_URL=str(tmp_path / "files"))
        oa.access_for = timedelta(seconds=QUIET_S)
        await connected(tmp_path, oa, **variables)
        await asyncio.sleep(QUIET_S)  # it is dead when the workers start
        oa.access_for = timedelta(hours=25)
        oa.calls.clear()
        oa.fail("access_token", Failure(delay_s=2.0, after=True))
        programs = [begin(tmp_path, *role, **variables) for role in (["web"], ["worker"], ["worker"])]
        for program in programs:
            stack.callback(program.kill)
        await asyncio.gather(*(program.ready(2 * WAIT_S) for program in programs))
        web, *workers = programs
        await asyncio.sleep(3 * QUIET_S)
        assert [call.code for call in oa.made("access_token")] == [0]
        everybody = followers(oa, 12)
        await everybody_is_answered(everybody, "chao em")
        for one, words in zip(workers, ("em oi", "ai do"), strict=True):
            one.send(signal.SIGSTOP)  # so it is the other one that answers
            await everybody_is_answered(everybody, words)
            one.send(signal.SIGCONT)
        await refused_at_the_same_time(oa, everybody)
        for program in (web, *workers):
            assert await program.stop() == 0, program.logged
            assert "Traceback" not in program.logged


async def everybody_is_answered(everybody: list[Follower], words: str) -> None:
    for person in everybody:
        person.reads_all()
        person.types(words)
    await asyncio.gather(*(person.answered(WAIT_S) for person in everybody))
    await asyncio.sleep(2 * QUIET_S)  # what was sent is noted, and nobody has anything in hand


async def refused_at_the_same_time(oa: ZaloOA, everybody: list[Follower]) -> None:
    """The API refuses the token that both workers hold, before its time."""
    oa.calls.clear()
    oa.pairs[-1].access_until = oa.now()
    oa.fail("access_token", Failure(delay_s=1.0, after=True))
    await everybody_is_answered(everybody, "co ai khong")
    assert [call.code for call in oa.made("access_token")] == [0]
    assert -216 in {call.code for call in oa.made("message/cs")}


async def test_killed_between_the_renewal_and_its_saving(tmp_path: Path) -> None:
    """Zalo has given a new pair and spent the old one; the process that got it is dead. A person has to see to it."""
    async with ZaloOA(pace=0.02) as oa:
        async with account_running(tmp_path, oa) as program:
            person = Follower(oa)
            await person.says("chao em")
            oa.pairs[-1].access_until = oa.now()
            oa.fail("access_token", Failure(delay_s=WAIT_S, after=True))
            person.types("dong y")
            await oa.until(lambda: any(pair.used for pair in oa.pairs[1:]), WAIT_S)
            program.kill()
        spent = oa.pairs[-1]
        await waits_for_consent(tmp_path, oa, program, person)
        assert not spent.used, "nobody ever had it"


async def test_a_token_that_is_revoked_at_night(tmp_path: Path) -> None:
    async with ZaloOA(pace=0.02) as oa:
        async with account_running(tmp_path, oa) as program:
            person = Follower(oa)
            await person.says("chao em")
            oa.passes(NIGHT)
            oa.revoke()
            person.types("dong y")
            await logged(program, "consent has to be given anew")
            await stopped(program)
        await waits_for_consent(tmp_path, oa, program, person)


async def waits_for_consent(folder: Path, oa: ZaloOA, program: Program, person: Follower) -> None:
    """The next process says what is missing, keeps what is to be sent, and sends it once consent is there."""
    moved_back(folder, timedelta(minutes=5))
    async with again(folder, program) as next_one:
        await logged(next_one, "consent has to be given anew")
        person.types("khong can")
        await asyncio.sleep(3 * QUIET_S)
        assert person.reads_all() == []
        async with httpx.AsyncClient() as client:
            assert "ocop_zalo_consent_needed 1.0" in (await client.get(f"{next_one.url}/metrics")).text
        await stopped(next_one)
    await connected(folder, oa, **program.environment)
    moved_back(folder, timedelta(minutes=5))
    async with again(folder, program) as last:
        await person.waits_for("nhắc", WAIT_S)
        await person.waits_for("muốn làm gì", WAIT_S)
        await asyncio.sleep(QUIET_S)
        assert person.reads_all() == []
        await stopped(last)


async def stopped(program: Program) -> None:
    assert await program.stop() == 0, program.logged
    assert "Traceback" not in program.logged


@asynccontextmanager
async def again(folder: Path, program: Program) -> AsyncIterator[Program]:
    """Started once more, on the same database and port."""
    next_one = await start(folder, **program.environment)
    try:
        yield next_one
    finally:
        next_one.kill()


async def logged(program: Program, words: str) -> None:
    async with asyncio.timeout(WAIT_S):
        while words not in program.logged:  # noqa: ASYNC110  a file rings no bell
            await asyncio.sleep(0.1)


def moved_back(folder: Path, by: timedelta) -> None:
    """As if so much time had passed since: what a stopped program has to do later is due sooner."""
    connection = sqlite3.connect(folder / "var" / "ocop.db")
    with connection:
        for row_id, due_at in connection.execute("SELECT id, due_at FROM outbox WHERE status = 'waiting'").fetchall():
            earlier = connection.execute("SELECT datetime(?, ?)", (due_at, f"-{by.total_seconds():.0f} seconds"))
            connection.execute("UPDATE outbox SET due_at = ? WHERE id = ?", (f"{earlier.fetchone()[0]}.000000", row_id))
    connection.close()


# ---------------------------------------------------------------- files


async def test_file_hosts_that_mean_harm(tmp_path: Path) -> None:
    """Addresses inside, by themselves and by a redirect, and a file without an end: nobody goes there, nobody waits."""
    called: list[str] = []

    async def inside(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.append("called")
        writer.close()

    server = await asyncio.start_server(inside, "127.0.0.2", 0)
    private = f"http://127.0.0.2:{server.sockets[0].getsockname()[1]}/secret.jpg"
    async with server, ZaloOA() as oa:
        oa.calls_per_minute = MANY_CALLS
        variables = {"ZALO_CALLS_PER_MINUTE": "2000", "LOG_LEVEL": "DEBUG"}
        async with account_running(tmp_path, oa, **variables) as program:
            person, other = followers(oa, 2)
            await to_the_photos(person)
            redirecting, endless = Hosted(b"", redirect=private), Hosted(b"", endless=True)
            for url in (
                private,
                oa.host("photo.jpg", redirecting),
                oa.host("photo.jpg", endless),
                "http://169.254.169.254/latest/meta-data",
            ):
                person.sends_url("image", url)
                assert "gửi lại" in (await person.waits_for("chưa tới được em", WAIT_S)).text
            assert GREETING in (await other.says("chao em")).text
            person.sends_photo(photo())
            await person.waits_for("Em nhận được rồi", WAIT_S)
            assert called == []
            assert private not in program.logged
            await stopped(program)


async def to_the_photos(person: Follower) -> None:
    for words, answer in TO_THE_PHOTOS:
        person.reads_all()
        person.types(words)
        await person.waits_for(answer, WAIT_S)


# ---------------------------------------------------------------- the worker in this process, and its clock


@dataclass
class Account:
    """The real worker on the real channel, whose time is the platform's."""

    engine: AsyncEngine
    oa: ZaloOA
    world: World
    zalo: Zalo
    store: FileStore

    def delivery(self) -> Delivery:
        return Delivery(self.engine, {"zalo": self.zalo}, self.store, self.world, asyncio.Event())

    async def told(self, person_ids: list[int], words: str) -> None:
        """Each is told something of their own that nobody asked for."""
        async with self.engine.begin() as connection:
            chats = await people.chats_of(connection, person_ids)
            now = self.oa.now()
            await box.post(connection, [notice(self.world, one, [f"{words} {one.chat_id}"], now) for one in chats])

    async def writes(self, person: Follower, words: str) -> None:
        """What the person types comes in as the platform posts it."""
        post = self.oa.posts[person.types(words)]
        found = self.zalo.read(post.headers, post.body)
        await handle(self.engine, self.world, [one for one in found if isinstance(one, Update)])

    async def statuses(self) -> dict[str, int]:
        found = [row.status for row in await rows(self.engine, outbox)]
        return {status: found.count(status) for status in set(found)}

    async def nothing_waits(self) -> bool:
        return await self.number(outbox.c.status == "waiting") == 0

    async def number(self, *where: Any) -> int:
        """Of messages in the outbox; a short question, as it is asked all the time while a worker is busy."""
        await asyncio.sleep(0.05)
        async with self.engine.connect() as connection:
            found = await connection.scalar(select(func.count()).select_from(outbox).where(*where))
            await connection.rollback()
        return int(found or 0)


@pytest.fixture
async def oa() -> AsyncIterator[ZaloOA]:
    async with ZaloOA() as running:
        running.calls_per_minute = MANY_CALLS
        yield running


@pytest.fixture
async def account(oa: ZaloOA, sqlite_engine: AsyncEngine) -> AsyncIterator[Account]:
    tokens = AccountTokens(oa.app_id, oa.app_secret, Kept(sqlite_engine, Vault([KEY]), oa.now), oa.url, oa.now)
    await tokens.adopt(oa.explorer()[1])
    options: dict[str, Any] = {"file_hosts": ["127.0.0.1"], "calls_per_minute": MANY_CALLS, "clock": oa.now}
    zalo = Zalo(oa.app_id, oa.oa_secret, tokens, oa.url, **options)
    world = replace(world_at(Clock()), clock=oa.now)
    yield Account(sqlite_engine, oa, world, zalo, FileStore("memory:///"))
    await zalo.close()
    await tokens.close()


async def heard(account: Account, everybody: list[Follower]) -> list[int]:
    """They have all just written; their chats stand at the menu. The ids of the people."""
    now = account.oa.now()
    for person in everybody:
        person.types("chào")
    async with account.engine.begin() as connection:
        new = [{"created_at": now, "consent": "yes", "commune": "04336"} for _ in everybody]
        made = await connection.execute(insert(people_table).returning(people_table.c.id), new)
        ids = list(made.scalars())
        chats = [
            {"person_id": i, "channel": "zalo", "chat_id": who.id, "state": dump(State(at="menu/")), "updated_at": now}
            for i, who in zip(ids, everybody, strict=True)
        ]
        await connection.execute(insert(conversations), chats)
    return ids


async def test_half_an_hour_of_outage_with_500_notices(account: Account) -> None:
    """Errors, dropped connections and pages of HTML for 30 minutes; then each has what is theirs, once."""
    oa, everybody = account.oa, followers(account.oa, 500)
    ids = await heard(account, everybody)
    await account.told(ids, "Tin")
    delivery, ladder = account.delivery(), Ladder(account.engine, account.world)
    for tries, failure in enumerate((Failure(status=500), Failure(drop=True), Failure(garbage=True)), 1):
        oa.outage = failure
        await Working(delivery).until(lambda n=tries: tried(account, n), 120)  # type: ignore[misc]
        oa.passes(timedelta(minutes=10))
        await ladder.look()
    await account.writes(everybody[0], "menu")
    oa.forget_failures()
    oa.passes(timedelta(minutes=15))
    await Working(delivery).until(account.nothing_waits, 120)
    assert await account.statuses() == {"sent": 501}
    for person in everybody:
        assert [seen.text for seen in person.seen if seen.text.startswith("Tin")] == [f"Tin {person.id}"]
    assert "muốn làm gì" in everybody[0].seen[-1].text
    assert {call.code for call in oa.made("message/cs")} == {0}


async def tried(account: Account, times: int) -> bool:
    under_way = or_(outbox.c.attempts < times, outbox.c.claimed_until.is_not(None))
    return await account.number(outbox.c.kind == "notice", under_way) == 0


async def test_a_window_that_closes_between_commit_and_send(account: Account) -> None:
    """By our clock: not even asked. By the platform's word: held as well. Then the person writes, and has it all."""
    oa = account.oa
    ours, theirs = followers(account.oa, 2)
    ids = await heard(account, [ours, theirs])
    oa.passes(timedelta(hours=47))
    await account.told(ids[:1], "Tin")
    oa.passes(timedelta(hours=2))
    await Working(account.delivery()).until(account.nothing_waits)
    assert await account.statuses() == {"held": 1}
    assert oa.made("message/cs") == []
    await heard_again(account, theirs)
    theirs.interacted_at = oa.now() - timedelta(days=8)
    await account.told(ids[1:], "Tin")
    await Working(account.delivery()).until(account.nothing_waits)
    assert [call.code for call in oa.made("message/cs")] == [-230]
    assert await account.statuses() == {"held": 2}
    for person in (ours, theirs):
        await account.writes(person, "menu")
        await Working(account.delivery()).until(account.nothing_waits)
        assert f"Tin {person.id}" in "\n".join(seen.text for seen in person.seen)
        assert "muốn làm gì" in person.seen[-1].text
    assert {row.status for row in await rows(account.engine, notices)} <= {"waiting", "delivered", "seen"}
    assert "held" not in {row.status for row in await rows(account.engine, deliveries)}


async def heard_again(account: Account, person: Follower) -> None:
    async with account.engine.begin() as connection:
        mine = conversations.c.chat_id == person.id
        await connection.execute(conversations.update().where(mine).values(updated_at=account.oa.now()))


async def test_a_file_that_never_ends_is_given_up_and_the_person_is_told(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow enough to stay below any size for hours: the time limit ends each try, the last of them for good."""
    monkeypatch.setattr(download, "WITHIN_S", 0.3)
    (person,) = followers(account.oa, 1)
    await say(account.engine, account.world, person.id, *(words for words, _ in TO_THE_PHOTOS), channel="zalo")
    post = account.oa.posts[person.sends_photo(b"", host=Hosted(b"", slow_s=0.1, endless=True))]
    found = account.zalo.read(post.headers, post.body)
    await handle(account.engine, account.world, [one for one in found if isinstance(one, Update)])
    fetcher = Fetcher(account.engine, {"zalo": account.zalo}, account.store, account.world, asyncio.Event())
    for tries in range(1, 10):
        await Working(fetcher).until(lambda n=tries: fetched(account, n))  # type: ignore[misc]
        account.oa.passes(timedelta(hours=4))
        if (await rows(account.engine, files))[0].status != "pending":
            break
    assert (await rows(account.engine, files))[0].status == "failed"


async def fetched(account: Account, times: int) -> bool:
    async with account.engine.connect() as connection:
        row = (await connection.execute(select(files.c.status, files.c.attempts))).one()
        await connection.rollback()
    return bool(row.status != "pending" or row.attempts >= times)

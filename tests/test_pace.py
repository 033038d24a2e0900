"""The budget of a platform, of one process and of all that share a database; and the line that stands at it."""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import app
from bot.channels import pace
from bot.channels.base import Throttled
from bot.channels.pace import Budget, OwnBudget, Pace, Rate
from bot.channels.telegram import Telegram
from bot.clock import system_clock
from bot.deliver import Delivery
from bot.settings import Settings
from bot.turn import notice, outbox_row
from storage.budgets import SharedBudget
from storage.database import make_engine
from storage.files import FileStore
from storage.models import conversations
from storage.outbox import post
from storage.people import chats_of
from tests.conftest import PostgreSQL
from tests.doubles.bot_api import BotApi, Limits, Phone
from tests.heart import Working, beside, many_chats, world_at
from tests.transcripts import Clock

Made = Callable[[Rate], Budget]


@pytest.fixture
def shared_url(postgresql_server: PostgreSQL) -> Iterator[str]:
    url = postgresql_server.create("current")
    yield url
    postgresql_server.drop(url)


@pytest.fixture
async def postgresql(shared_url: str) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(shared_url)
    yield engine
    await engine.dispose()


def shared(engine: AsyncEngine, name: str = "telegram") -> Made:
    return lambda rate: SharedBudget(engine, name, rate.gap_s, rate.credit_s)


@pytest.fixture(params=["own", pytest.param("shared", marks=pytest.mark.postgresql)])
def budgeted(request: pytest.FixtureRequest) -> Made:
    return OwnBudget if request.param == "own" else shared(request.getfixturevalue("postgresql"))


def about(seconds: float) -> object:
    return pytest.approx(seconds, abs=0.4)  # a gap is 10 s, so nothing hangs on how busy the machine is


async def test_calls_are_a_gap_apart_whoever_takes_them(budgeted: Made) -> None:
    budget = budgeted(Rate(0.1))
    assert [await budget.reserve(calls, 60) for calls in (1, 2, 1)] == [about(0), about(10), about(30)]


async def test_no_more_is_taken_than_begins_soon(budgeted: Made) -> None:
    budget = budgeted(Rate(0.1))
    assert [await budget.reserve(calls, 15) for calls in (1, 3, 1)] == [about(0), about(10), None]


async def test_after_a_silence_a_burst_goes_at_once(budgeted: Made) -> None:
    """The first three could have gone already; the fourth waits for its gap."""
    budget = budgeted(Rate(0.1, burst=3))
    assert [await budget.reserve(calls, 60) for calls in (3, 1)] == [about(-20), about(10)]


async def test_a_pause_is_kept_to(budgeted: Made) -> None:
    budget = budgeted(Rate(0.1))
    await budget.hold(30)
    assert await budget.reserve(1, 5) is None
    assert await budget.reserve(1, 60) == about(30)
    await budget.hold(20)  # a shorter one takes nothing back
    assert await budget.reserve(1, 60) == about(40)


async def test_two_processes_have_one_budget_of_a_token_and_another_token_its_own(postgresql: AsyncEngine) -> None:
    rate = Rate(0.1)
    ours, theirs = shared(postgresql)(rate), shared(postgresql)(rate)
    assert [await one.reserve(1, 60) for one in (ours, theirs, ours)] == [about(0), about(10), about(20)]
    assert await shared(postgresql, "zalo")(rate).reserve(1, 60) == about(0)


async def test_those_who_take_at_the_same_moment_take_one_after_the_other(postgresql: AsyncEngine) -> None:
    budget = shared(postgresql)(Rate(0.1))
    found = await asyncio.gather(*(budget.reserve(1, 200) for _ in range(10)))
    assert sorted(one for one in found if one is not None) == [about(10 * n) for n in range(10)]


async def test_a_clock_of_the_database_that_was_set_back_stops_nobody_for_an_hour(postgresql: AsyncEngine) -> None:
    budget = shared(postgresql)(Rate(0.1))
    await budget.reserve(1, 60)
    async with postgresql.begin() as connection:
        await connection.execute(text("UPDATE budgets SET free_at = free_at + interval '1 hour'"))
    assert [await budget.reserve(1, 60), await budget.reserve(1, 60)] == [about(0), about(10)]


# ---------------------------------------------------------------- the line


class Noted:
    """A budget that gives what it is told to, and notes what is asked of it."""

    def __init__(self, *answers: float | None) -> None:
        self.answers, self.asked = deque(answers), list[int]()
        self.held = list[float]()

    async def reserve(self, calls: int, within_s: float) -> float | None:
        self.asked.append(calls)
        await asyncio.sleep(0)
        return self.answers.popleft() if self.answers else 0.0

    async def hold(self, seconds: float) -> None:
        self.held.append(seconds)


FAST = Rate(10_000)


async def test_those_who_wait_together_take_one_look() -> None:
    budget = Noted()
    line = Pace(budget, FAST)
    await asyncio.gather(*(line.turn() for _ in range(40)))
    assert budget.asked == [40]


async def test_what_went_out_of_turn_counts_but_not_for_more_than_three_quarters() -> None:
    budget = Noted()
    line = Pace(budget, FAST)
    for out_of_turn in (0, 2, 50, 0):
        for _ in range(out_of_turn):
            line.count()
        await asyncio.gather(line.turn(), line.turn())
    assert budget.asked == [2, 2 + 2, 2 + 6, 2]


async def test_a_budget_that_is_taken_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "WITHIN_S", 0.01)
    budget = Noted(None, None, 0.0)
    await Pace(budget, FAST).turn()
    assert budget.asked == [1, 1, 1]


async def test_who_waits_is_told_of_a_pause_and_who_comes_in_it_as_well() -> None:
    budget = Noted(30.0)
    line = Pace(budget, FAST)
    waiting = [asyncio.create_task(line.turn()) for _ in range(3)]
    await asyncio.sleep(0.01)
    await line.pause(0.05)
    refused = await asyncio.gather(*waiting, line.turn(), return_exceptions=True)
    assert [type(one) for one in refused] == [Throttled] * 4
    assert budget.held == [0.05]


async def test_after_a_pause_the_line_goes_on() -> None:
    line = Pace(Noted(), FAST)
    await line.pause(0.02)
    await asyncio.sleep(0.03)
    async with asyncio.timeout(5):
        await line.turn()


async def test_who_has_no_time_any_more_takes_nobodys_turn() -> None:
    line = Pace(Noted(0.05), FAST)
    gone, stays = asyncio.create_task(line.turn()), asyncio.create_task(line.turn())
    await asyncio.sleep(0.01)
    gone.cancel()
    async with asyncio.timeout(5):
        await stays


async def test_a_database_that_is_away_is_everybodys_trouble_and_passes() -> None:
    class Away(Noted):
        async def reserve(self, calls: int, within_s: float) -> float | None:
            if not self.asked:
                self.asked.append(calls)
                raise SQLAlchemyError
            return await super().reserve(calls, within_s)

    line = Pace(Away(), FAST)
    told = await asyncio.gather(line.turn(), line.turn(), return_exceptions=True)
    assert [type(one) for one in told] == [SQLAlchemyError] * 2
    await line.turn()


async def test_what_piled_up_while_the_process_stood_still_does_not_go_out_at_once() -> None:
    """After half a second in which nothing ran, what was to go then has lost its place."""
    line, moments = Pace(OwnBudget(rate := Rate(50)), rate), list[float]()

    async def goes() -> None:
        await line.turn()
        moments.append(time.monotonic())

    going = [asyncio.create_task(goes()) for _ in range(40)]
    await asyncio.sleep(0.05)
    time.sleep(0.4)  # noqa: ASYNC251  the point of the test
    await asyncio.gather(*going)
    crowds = [later - first for first, later in itertools.pairwise(moments[::10])]
    assert min(crowds) >= 10 * rate.gap_s - pace.SLACK_S - rate.gap_s


# ---------------------------------------------------------------- two workers


TOLD, ANSWERED = 110, 20
BUDGET_PER_S = 30.0


@pytest.mark.timed
async def test_two_workers_use_one_budget_up_and_no_more(postgresql: AsyncEngine) -> None:
    """Two workers that count each for itself have sent too much after little more than a second."""
    names = [str(number) for number in range(7001, 7001 + TOLD + ANSWERED)]
    world = replace(world_at(Clock()), clock=system_clock)
    await many_chats(postgresql, Clock(), names)
    async with BotApi() as api, beside(postgresql) as other, AsyncExitStack() as stack:
        api.limits = Limits(BUDGET_PER_S)
        for name in names:
            Phone(api, int(name)).chat  # noqa: B018  it exists once it is looked at
        workers = []
        for engine in (postgresql, other):
            channel = Telegram(api.token, api.url, budgeted=shared(engine))
            stack.push_async_callback(channel.close)
            workers.append(Delivery(engine, {"telegram": channel}, FileStore("memory:///"), world, asyncio.Event()))
        async with postgresql.begin() as connection:
            chats = list(await connection.execute(select(conversations).order_by(conversations.c.id)))
            told = await chats_of(connection, [one.person_id for one in chats[:TOLD]])
            made = [notice(world, one, ["Có kết quả rồi ạ."], system_clock()) for one in told]
            replies = [outbox_row(one.id, "reply", {"text": "Vâng ạ."}, system_clock()) for one in chats[TOLD:]]
            await post(connection, [*made, *replies])

        async def done() -> bool:
            return sum(len(phone.seen) for phone in api.chats.values()) == TOLD + ANSWERED

        await Working(*workers).until(done, 60)
    seen = sorted(one.at for phone in api.chats.values() for one in phone.seen)
    assert api.limits.refused == 0
    assert len(seen) / (seen[-1] - seen[0]) >= 0.9 * BUDGET_PER_S


async def test_every_messenger_has_the_budget_of_its_token(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "NAME_WITHIN_S", 0.0)  # Telegram is not asked for the bot's name
    values: dict[str, Any] = {
        "database_url": database_url,
        "files_url": str(tmp_path),
        "telegram_bot_token": "123456:TEST",
        "zalo_app_id": "7",
        "zalo_app_secret": "a",
        "zalo_oa_secret_key": "b",
        "encryption_key": "k" * 40,
        "zalo_bot_token": "c",
    }
    config = Settings(_env_file=None, **values)  # type: ignore[call-arg]  # pydantic-settings' own
    async with app.assembled(config) as parts:
        messengers: list[Any] = [parts.channels[name] for name in ("telegram", "zalo", "zalo_bot")]
        budgets = [one._pace._budget for one in messengers]
    if database_url.startswith("sqlite"):
        assert {type(one) for one in budgets} == {OwnBudget}
        return
    assert {type(one) for one in budgets} == {SharedBudget}
    assert len({one.name for one in budgets}) == len(budgets)
    assert not any("123456" in one.name for one in budgets)

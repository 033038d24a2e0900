"""The Official Account's tokens against a server whose refresh tokens work once, as Zalo's do."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels import zalo_tokens
from bot.channels.base import Suspended, Unavailable
from bot.channels.zalo_tokens import AccountTokens, Pair, Refused
from bot.settings import Settings
from bot.zalo import CONNECT_ANEW, Consent, Kept, consent_of
from storage.database import make_engine, reading, writing
from storage.models import conversations, outbox, secrets
from storage.secrets import Vault
from tests.conftest import PostgreSQL
from tests.doubles.server import Failure
from tests.doubles.zalo_oa import ZaloOA
from tests.heart import chat, officer, rows, world_at
from tests.transcripts import Clock

ROOT = Path(__file__).parent.parent
KEY = "a key for tests of more than 32 characters"
ASKED = "access_token"


@pytest.fixture
async def oa() -> AsyncIterator[ZaloOA]:
    async with ZaloOA() as platform:
        yield platform


class Ahead:
    """A clock that goes as the platform's does, when a test moves that on."""

    def __init__(self, oa: ZaloOA) -> None:
        self._oa = oa

    def __call__(self) -> datetime:
        return self._oa.now()


@asynccontextmanager
async def process(oa: ZaloOA, url: str) -> AsyncIterator[Consent]:
    """What one process of ours has, on an engine of its own."""
    own = make_engine(url)
    settings: dict[str, Any] = {**{k.lower(): v for k, v in oa.environment().items()}, "encryption_key": KEY}
    consent = consent_of(Settings(_env_file=None, **settings), own)  # type: ignore[call-arg]  # pydantic-settings' own
    consent.keeping.clock = Ahead(oa)
    consent.tokens = AccountTokens(oa.app_id, oa.app_secret, consent.keeping, oa.url, Ahead(oa))
    try:
        yield consent
    finally:
        await consent.tokens.close()
        await own.dispose()


@asynccontextmanager
async def connected(oa: ZaloOA, url: str) -> AsyncIterator[Consent]:
    """A process that has adopted a refresh token. Calls made so far are forgotten."""
    async with process(oa, url) as consent:
        await consent.tokens.adopt(oa.explorer()[1])
        oa.calls.clear()
        yield consent


@pytest.fixture
async def ours(oa: ZaloOA, sqlite_url: str) -> AsyncIterator[Consent]:
    """What is not about processes side by side is tried on one database; storage.secrets on both."""
    async with connected(oa, sqlite_url) as consent:
        yield consent


@pytest.fixture
def shared(postgresql_server: PostgreSQL) -> Iterator[str]:
    """A database that any number of processes may use."""
    url = postgresql_server.create("current")
    yield url
    postgresql_server.drop(url)


def works(oa: ZaloOA, token: str) -> bool:
    pair = next((pair for pair in oa.pairs if pair.access == token), None)
    return pair is not None and oa.now() < pair.access_until


def gauge() -> float | None:
    return REGISTRY.get_sample_value("ocop_zalo_consent_needed")


async def kept(consent: Consent) -> Pair:
    pair = await consent.keeping.read()
    assert pair is not None
    return pair


# ---------------------------------------------------------------- the ordinary course


async def test_the_token_is_read_once_and_used_as_long_as_it_lives(oa: ZaloOA, ours: Consent) -> None:
    token = await ours.tokens.token()
    assert works(oa, token)
    assert {await ours.tokens.token() for _ in range(3)} == {token}
    assert oa.made(ASKED) == []


async def test_another_process_finds_the_pair(oa: ZaloOA, ours: Consent, sqlite_url: str) -> None:
    async with process(oa, sqlite_url) as other:
        assert await other.tokens.token() == await ours.tokens.token()
    assert oa.made(ASKED) == []


async def test_the_call_is_made_as_the_platform_wants_it(oa: ZaloOA, ours: Consent) -> None:
    used = (await kept(ours)).refresh_token
    await ours.tokens.renewed(await ours.tokens.token())
    (call,) = oa.made(ASKED)
    assert call.token == oa.app_secret
    assert call.params == {"app_id": oa.app_id, "grant_type": "refresh_token", "refresh_token": used}


async def test_the_new_pair_is_kept_before_it_is_used(oa: ZaloOA, ours: Consent) -> None:
    before = await kept(ours)
    token = await ours.tokens.renewed(before.access_token)
    after = await kept(ours)
    assert token == after.access_token != before.access_token
    assert after.refresh_token != before.refresh_token
    assert after.refreshing_since is None
    assert works(oa, token)


async def test_it_is_renewed_at_four_fifths_of_its_life(oa: ZaloOA, ours: Consent) -> None:
    first = await kept(ours)
    life = first.expires_at - first.issued_at
    assert life == timedelta(hours=25)
    oa.passes(0.79 * life)
    assert await ours.tokens.fresh() == first
    oa.passes(0.02 * life)
    second = await ours.tokens.fresh()
    assert second is not None
    assert second.access_token != first.access_token
    assert len(oa.made(ASKED)) == 1
    assert await ours.tokens.token() == second.access_token


async def test_a_token_that_ran_out_is_renewed_before_it_is_used(oa: ZaloOA, ours: Consent) -> None:
    await ours.tokens.token()
    oa.passes(timedelta(hours=25))
    assert works(oa, await ours.tokens.token())
    assert len(oa.made(ASKED)) == 1


@pytest.mark.parametrize(
    ("said", "life_s"),
    [(90000, 90000), ("90000", 90000), ("3600", 3600), (None, 3600), ("soon", 3600), (-1, 3600), (True, 1), ([], 3600)],
)
def test_what_the_platform_says_of_its_life_is_believed(said: object, life_s: float) -> None:
    assert zalo_tokens._seconds(said) == life_s


def test_a_pair_survives_being_written_down() -> None:
    at = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    for since in (None, at):
        pair = Pair("a", "r", at, at + timedelta(hours=25), since, since is not None)
        assert Pair.load(pair.dump()) == pair


def test_the_end_of_a_life_is_not_used() -> None:
    at = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    long, short = (Pair("a", "r", at, at + timedelta(seconds=life_s)) for life_s in (90000, 100))
    assert long.is_alive(at + timedelta(seconds=89_939))
    assert not long.is_alive(at + timedelta(seconds=89_940))
    assert short.is_alive(at + timedelta(seconds=94))
    assert not short.is_alive(at + timedelta(seconds=95))


# ---------------------------------------------------------------- many at once


async def test_however_many_find_it_dead_one_renews_it(oa: ZaloOA, ours: Consent) -> None:
    stale = await ours.tokens.token()
    oa.fail(ASKED, Failure(delay_s=0.2))
    tokens = await asyncio.gather(*(ours.tokens.renewed(stale) for _ in range(30)))
    assert len({*tokens}) == 1
    assert works(oa, tokens[0])
    assert len(oa.made(ASKED)) == 1


async def test_who_comes_late_with_the_old_one_gets_the_new_one(oa: ZaloOA, ours: Consent) -> None:
    stale = await ours.tokens.token()
    new = await ours.tokens.renewed(stale)
    assert await ours.tokens.renewed(stale) == new
    assert await ours.tokens.token() == new
    assert len(oa.made(ASKED)) == 1


async def test_of_two_processes_one_renews_and_both_go_on(oa: ZaloOA, shared: str) -> None:
    async with connected(oa, shared) as ours, process(oa, shared) as other:
        stale = await ours.tokens.token()
        assert await other.tokens.token() == stale
        oa.fail(ASKED, Failure(delay_s=0.3))
        mine, theirs = await asyncio.gather(ours.tokens.renewed(stale), other.tokens.renewed(stale))
        assert mine == theirs != stale
        assert works(oa, mine)
        assert len(oa.made(ASKED)) == 1
        oa.passes(timedelta(hours=21))  # and when both look whether it is time
        await asyncio.gather(ours.tokens.fresh(), other.tokens.fresh())
        assert len(oa.made(ASKED)) == 2


# ---------------------------------------------------------------- what goes wrong on the way


@pytest.mark.parametrize(
    "failure", [Failure(status=503), Failure(garbage=True), Failure(drop=True)], ids=["503", "html", "no answer"]
)
async def test_an_outage_passes(oa: ZaloOA, ours: Consent, failure: Failure) -> None:
    stale = await ours.tokens.token()
    oa.fail(ASKED, failure)
    with pytest.raises(Unavailable):
        await ours.tokens.renewed(stale)
    assert not (await kept(ours)).refused
    assert works(oa, await ours.tokens.token())


async def test_a_server_that_does_not_answer_is_not_waited_for(
    oa: ZaloOA, ours: Consent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zalo_tokens, "CALL_S", 0.2)
    await ours.tokens.close()  # its session has the longer time
    oa.fail(ASKED, Failure(delay_s=2.0))
    with pytest.raises(Unavailable, match="TimeoutError"):
        await ours.tokens.renewed((await kept(ours)).access_token)


async def test_an_early_renewal_that_fails_leaves_the_token_in_use(oa: ZaloOA, ours: Consent) -> None:
    first = await ours.tokens.token()
    oa.passes(timedelta(hours=21))
    oa.outage = Failure(status=503)
    with pytest.raises(Unavailable):
        await ours.tokens.fresh()
    assert await ours.tokens.token() == first
    oa.outage = None
    pair = await ours.tokens.fresh()
    assert pair is not None
    assert works(oa, pair.access_token)


async def test_a_wrong_app_secret_is_named_and_spends_nothing(oa: ZaloOA, ours: Consent) -> None:
    stale = await ours.tokens.token()
    oa.app_secret = "another"
    with pytest.raises(Refused, match=r"error -14004") as refused:
        await ours.tokens.renewed(stale)
    assert not refused.value.for_good
    assert not (await kept(ours)).refused
    oa.app_secret = "app-secret-that-opens-nothing"
    assert works(oa, await ours.tokens.token())


async def test_who_is_cancelled_meanwhile_does_not_lose_the_pair(oa: ZaloOA, ours: Consent) -> None:
    stale = await ours.tokens.token()
    oa.fail(ASKED, Failure(delay_s=0.3))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await ours.tokens.renewed(stale)
    await ours.tokens.close()  # as at the end of the process
    assert works(oa, (await kept(ours)).access_token)


class Forgetful:
    """A place to keep the pair whose database is away for some writes."""

    def __init__(self, keeping: Kept, failures: int) -> None:
        self._keeping, self.failures = keeping, failures
        self.read, self.alarm = keeping.read, keeping.alarm

    def exclusive(self) -> AbstractAsyncContextManager[None]:
        return self._keeping.exclusive()

    async def save(self, pair: Pair) -> None:
        if pair.refreshing_since is None and self.failures:
            self.failures -= 1
            raise Unavailable("the database is not there")
        await self._keeping.save(pair)


@pytest.mark.parametrize("failures", [1, 6])
async def test_a_pair_that_can_not_be_saved_is_not_used_and_not_lost(
    oa: ZaloOA, ours: Consent, failures: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zalo_tokens, "SAVE_PAUSES_S", (0.0, 0.0))
    tokens = AccountTokens(oa.app_id, oa.app_secret, Forgetful(ours.keeping, failures), oa.url, Ahead(oa))
    try:
        stale = await tokens.token()
        answers = [await asyncio.gather(tokens.renewed(stale), return_exceptions=True) for _ in range(3)]
        failed = [isinstance(answer, Unavailable) for (answer,) in answers]
        assert failed == ([False] * 3 if failures == 1 else [True, True, False])
        assert [*answers[-1]] == [(await kept(ours)).access_token]
        assert works(oa, str(answers[-1][0]))
        assert len(oa.made(ASKED)) == 1
    finally:
        await tokens.close()


async def test_what_was_not_saved_is_saved_at_the_next_look(
    oa: ZaloOA, ours: Consent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zalo_tokens, "SAVE_PAUSES_S", ())
    tokens = AccountTokens(oa.app_id, oa.app_secret, Forgetful(ours.keeping, 1), oa.url, Ahead(oa))
    try:
        with pytest.raises(Unavailable):
            await tokens.renewed(await tokens.token())
        pair = await tokens.fresh()
        assert pair == await kept(ours)
        assert works(oa, (await kept(ours)).access_token)
    finally:
        await tokens.close()


async def test_tokens_that_are_refused_as_soon_as_issued_are_not_renewed_each_time(oa: ZaloOA, ours: Consent) -> None:
    first = await ours.tokens.token()
    second = await ours.tokens.renewed(first)
    for _ in range(5):
        with pytest.raises(Suspended, match="just issued"):
            await ours.tokens.renewed(second)
    assert len(oa.made(ASKED)) == 1
    oa.passes(timedelta(minutes=10))
    assert works(oa, await ours.tokens.renewed(second))
    assert len(oa.made(ASKED)) == 2


# ---------------------------------------------------------------- consent has to be given anew


async def test_without_an_account_a_person_is_asked_for(oa: ZaloOA, sqlite_url: str, caplog: Any) -> None:
    async with process(oa, sqlite_url) as consent:
        with pytest.raises(Suspended, match="python -m bot zalo connect"):
            await consent.tokens.token()
        assert gauge() == 1
        await consent.tokens._look(first=True)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_a_refused_renewal_raises_the_alarm_once(
    oa: ZaloOA, ours: Consent, sqlite_engine: AsyncEngine, caplog: Any
) -> None:
    clock = Clock()
    administrator = await officer(sqlite_engine, clock, "boss", territory="")
    async with writing(sqlite_engine) as connection:  # the same person writes on Zalo, later
        row = (await connection.execute(select(conversations))).one()._asdict()
        row.pop("id")
        later = {"channel": "zalo", "chat_id": "2468", "updated_at": clock() + timedelta(hours=1)}
        await connection.execute(conversations.insert().values(row | later))
    await chat(sqlite_engine, clock, "somebody else")
    ours.keeping.alarms(world_at(clock))

    stale = await ours.tokens.token()
    assert gauge() == 0
    oa.revoke()
    for _ in range(3):
        with pytest.raises(Suspended, match="python -m bot zalo connect"):
            await ours.tokens.renewed(stale)
    assert len(oa.made(ASKED)) == 1
    assert gauge() == 1
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        zalo_tokens.CONSENT_NEEDED
    ]
    (told,) = await rows(sqlite_engine, outbox)
    assert told.conversation_id == administrator.id  # on Telegram
    assert "python -m bot zalo connect" in told.body["text"]
    assert CONNECT_ANEW.msgid not in told.body["text"]  # it is said in Vietnamese


async def test_another_process_does_not_try_again(oa: ZaloOA, ours: Consent, sqlite_url: str) -> None:
    oa.revoke()
    with pytest.raises(Suspended):
        await ours.tokens.renewed(await ours.tokens.token())
    async with process(oa, sqlite_url) as other:
        with pytest.raises(Suspended, match="python -m bot zalo connect"):
            await other.tokens.renewed(await other.tokens.token())
    assert len(oa.made(ASKED)) == 1


async def test_a_renewal_refused_early_leaves_the_token_in_use(oa: ZaloOA, ours: Consent) -> None:
    first = await ours.tokens.token()
    oa.passes(timedelta(hours=21))
    oa.pairs[-1].refresh_until = oa.now()
    with pytest.raises(Refused):
        await ours.tokens.fresh()
    assert gauge() == 1
    assert await ours.tokens.token() == first
    assert works(oa, first)
    assert len(oa.made(ASKED)) == 1


async def test_after_a_new_consent_every_process_goes_on(oa: ZaloOA, ours: Consent, sqlite_url: str) -> None:
    oa.revoke()
    with pytest.raises(Suspended):
        await ours.tokens.renewed(await ours.tokens.token())
    async with process(oa, sqlite_url) as command:
        await command.tokens.adopt(oa.explorer()[1])
    assert works(oa, await ours.tokens.token())
    assert gauge() == 0


async def test_a_consent_that_is_refused_changes_nothing(oa: ZaloOA, ours: Consent) -> None:
    before = await kept(ours)
    with pytest.raises(Refused) as refused:
        await ours.tokens.adopt("spent")
    assert refused.value.code == -14014
    assert await kept(ours) == before
    assert works(oa, await ours.tokens.token())


@pytest.mark.parametrize(
    ("answer", "code", "for_good"),
    [
        ({"error": -14020, "error_name": "used"}, -14020, True),
        ({"error": "-14020"}, -14020, True),
        ({"error_name": "Invalid refresh_token."}, 0, True),
        ({"error": -14014, "error_description": "Refresh token is invalid"}, -14014, True),
        ({"error": -14002, "message": "Invalid app id"}, -14002, False),
        ({"error": None}, 0, False),
        ({"error": [1]}, 0, False),
        ({}, 0, False),
    ],
)
def test_what_a_refusal_means(answer: dict[str, Any], code: int, for_good: bool) -> None:
    refused = zalo_tokens._refusal(answer)
    assert (refused.code, refused.for_good) == (code, for_good)


# ---------------------------------------------------------------- killed in the middle

KILLED = """
import asyncio, os, sys
from bot.channels.zalo_tokens import AccountTokens
from bot.zalo import Kept
from storage.database import make_engine
from storage.secrets import Vault

class Dies(Kept):
    async def save(self, pair):
        if pair.refreshing_since is None:
            os._exit(9)  # between the answer and the commit
        await super().save(pair)

async def main(url, key, app_id, secret, api):
    tokens = AccountTokens(app_id, secret, Dies(make_engine(url), Vault([key])), api)
    await tokens.renewed(await tokens.token())

asyncio.run(main(*sys.argv[1:]))
"""


async def _killed_while_it_renews(oa: ZaloOA, url: str) -> None:
    arguments = (sys.executable, "-c", KILLED, url, KEY, oa.app_id, oa.app_secret, oa.url)
    process = await asyncio.create_subprocess_exec(*arguments, cwd=ROOT)
    async with asyncio.timeout(30):
        assert await process.wait() == 9


async def test_killed_before_the_pair_was_saved_asks_for_consent(
    oa: ZaloOA, database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """The pair is gone; the old refresh token is tried once, and then a person is asked for. Nothing else is lost."""
    monkeypatch.setattr(zalo_tokens, "CALL_S", 1.0)
    async with connected(oa, database_url) as ours:
        before = await kept(ours)
        await _killed_while_it_renews(oa, database_url)
        left = await kept(ours)
    assert left == replace(before, refreshing_since=left.refreshing_since)
    assert left.refreshing_since is not None
    async with process(oa, database_url) as next_one:
        with pytest.raises(Suspended, match="python -m bot zalo connect"):
            await next_one.tokens.renewed(before.access_token)
        assert [call.params["refresh_token"] for call in oa.made(ASKED)] == [before.refresh_token] * 2
        assert (await kept(next_one)).refused
        assert [r.levelname for r in caplog.records] == ["WARNING", "ERROR"]
        await next_one.tokens.adopt(oa.explorer()[1])
        assert works(oa, await next_one.tokens.token())


async def test_killed_before_the_platform_heard_of_it_goes_on(
    oa: ZaloOA, ours: Consent, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zalo_tokens, "CALL_S", 1.0)
    pair = await kept(ours)
    await ours.keeping.save(replace(pair, refreshing_since=oa.now()))
    async with process(oa, sqlite_url) as next_one:
        assert works(oa, await next_one.tokens.renewed(pair.access_token))
    assert (await kept(ours)).refreshing_since is None


async def test_who_lost_the_lock_is_given_time_to_end(
    oa: ZaloOA, ours: Consent, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other's database connection broke in the middle of its call, so its lock is free; its call goes on."""
    monkeypatch.setattr(zalo_tokens, "CALL_S", 1.0)
    stale = await kept(ours)
    await ours.keeping.save(replace(stale, refreshing_since=oa.now()))

    async def ends() -> None:
        await asyncio.sleep(0.3)
        issued = await ours.tokens._issued(
            {"grant_type": "refresh_token", "refresh_token": stale.refresh_token}, stale.refresh_token
        )
        await ours.keeping.save(issued)

    async with process(oa, sqlite_url) as other:
        token, _ = await asyncio.gather(other.tokens.renewed(stale.access_token), ends())
    assert token == (await kept(ours)).access_token
    assert works(oa, token)
    assert len(oa.made(ASKED)) == 1


async def test_an_answer_that_is_lost_ends_in_the_alarm(oa: ZaloOA, ours: Consent) -> None:
    stale = await ours.tokens.token()
    oa.fail(ASKED, Failure(drop=True, after=True))
    with pytest.raises(Unavailable):
        await ours.tokens.renewed(stale)
    with pytest.raises(Suspended, match="python -m bot zalo connect"):
        await ours.tokens.token()
    assert [call.code for call in oa.made(ASKED)] == [0, -14020]


# ---------------------------------------------------------------- nothing of it shows


async def test_no_token_stands_anywhere_in_plain(
    oa: ZaloOA, ours: Consent, sqlite_engine: AsyncEngine, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    stale = await ours.tokens.token()
    await ours.tokens.renewed(stale)
    oa.fail(ASKED, Failure(status=503))
    errors = [await asyncio.gather(ours.tokens.renewed(await ours.tokens.token()), return_exceptions=True)]
    oa.revoke()
    errors.append(await asyncio.gather(ours.tokens.token(), return_exceptions=True))
    assert [type(error) for (error,) in errors] == [Suspended, Suspended]
    pair = await kept(ours)
    async with reading(sqlite_engine) as connection:
        values = (await connection.execute(select(secrets.c.name, secrets.c.value))).all()
    shown = [caplog.text, repr(pair), repr(ours), *map(repr, errors), repr(values)]
    hidden = [oa.app_secret, KEY, *(word for one in oa.pairs for word in (one.access, one.refresh))]
    assert len(hidden) >= 6
    assert [word for word in hidden if any(word in words for words in shown)] == []


async def test_with_another_key_the_channel_waits(oa: ZaloOA, ours: Consent) -> None:
    ours.keeping.vault = Vault(["another key of more than 32 characters"])
    with pytest.raises(Suspended, match="ENCRYPTION_KEY does not open"):
        await AccountTokens(oa.app_id, oa.app_secret, ours.keeping, oa.url).token()


async def test_a_database_that_is_away_is_waited_for(oa: ZaloOA) -> None:
    nowhere = make_engine("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    try:
        with pytest.raises(Unavailable, match="the database is not there"):
            await AccountTokens(oa.app_id, oa.app_secret, Kept(nowhere, Vault([KEY])), oa.url).token()
    finally:
        await nowhere.dispose()

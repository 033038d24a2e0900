"""`python -m bot zalo`: from an empty installation to a connected account, and what it says is missing."""

import asyncio
import getpass
import io
import re
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import commands, zalo
from bot.clock import system_clock
from bot.settings import Settings
from tests.doubles.server import Failure
from tests.doubles.zalo_bot import ZaloBot
from tests.doubles.zalo_oa import Follower, ZaloOA
from tests.program import finished, free_port, running

KEY = "a key for tests of more than 32 characters"


@pytest.fixture
async def oa() -> AsyncIterator[ZaloOA]:
    async with ZaloOA() as platform:
        yield platform


@pytest.fixture
async def platform() -> AsyncIterator[ZaloBot]:
    async with ZaloBot() as found:
        yield found


def settings(database: str, environment: dict[str, str], **more: Any) -> Settings:
    values: dict[str, Any] = {name.lower(): value for name, value in environment.items()}
    return Settings(_env_file=None, **{"database_url": database, **values, **more})  # type: ignore[call-arg]  # its own


@pytest.fixture
def account(oa: ZaloOA, sqlite_url: str) -> Settings:
    return settings(sqlite_url, oa.environment(), encryption_key=KEY)


async def connected(config: Settings, oa: ZaloOA) -> None:
    async with zalo.consenting(config) as consent:
        await consent.tokens.adopt(oa.explorer()[1])


async def checked(config: Settings) -> tuple[list[str], bool]:
    """What is said, and whether the command ends well."""
    said: list[str] = []
    try:
        await zalo.alone(config, zalo.check, said.append)
    except SystemExit as end:
        return said, not end.code
    return said, True


def missing(said: list[str]) -> list[str]:
    return [line.removeprefix("missing: ") for line in said if not line.startswith("ok: ")]


# ---------------------------------------------------------------- the whole way, in processes of its own


async def test_from_an_empty_installation_to_the_first_message(oa: ZaloOA, platform: ZaloBot, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **oa.environment(),
        **platform.environment(),
        "ENCRYPTION_KEY": KEY,
        "PUBLIC_URL": url,
        "PORT": str(port),
        "DATABASE_URL": f"sqlite:///{tmp_path}/ocop.db",
    }
    oa.redirect_uris.add(f"{url}/zalo/connected")
    async with running(tmp_path / "server", **environment) as program:
        assert await oa.registers(f"{url}/zalo")
        code, said, _ = await finished(tmp_path / "command", "zalo", "check", **environment)
        assert code == 1
        assert missing(said.splitlines()) == [
            "token: no account is connected yet; run `python -m bot zalo connect`",
            "the API was not asked: that takes a token",
        ]
        code, said, _ = await finished(tmp_path / "command", "zalo", "connect", **environment)
        assert code == 0
        (address,) = re.findall(r"http\S+/permission\S+", said)
        async with httpx.AsyncClient(follow_redirects=True) as browser:
            assert (await browser.get(address)).status_code == 200
        code, said, logged = await finished(tmp_path / "command", "zalo", "check", **environment)
        assert (code, missing(said.splitlines())) == (0, [])
        assert "OCOP xã Tân Lĩnh" in said
        assert "trợ lý OCOP" in (await Follower(oa).says("xin chào")).text
        for word in (oa.app_secret, oa.oa_secret, KEY, *(w for one in oa.pairs for w in (one.access, one.refresh))):
            assert word not in said + logged + program.said + program.logged
        assert "run `python -m bot zalo connect`" in program.logged  # at its start, when there was no account yet


async def test_nothing_is_on(tmp_path: Path) -> None:
    code, said, _ = await finished(tmp_path, "zalo", "check")
    assert code == 1
    assert said == "missing: neither Zalo channel is on: set ZALO_APP_ID or ZALO_BOT_TOKEN, see .env.example\n"


# ---------------------------------------------------------------- connect


async def test_a_refresh_token_is_read_from_a_pipe(
    account: Settings, oa: ZaloOA, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = oa.explorer()[1]
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{token}\n"))
    said: list[str] = []
    await zalo.alone(account, zalo.adopt, said.append)
    assert said[0].startswith("Connected. The token is good until ")
    assert token not in "".join(said)
    assert (await checked(account))[0][1].startswith("ok: token: good until ")


async def test_a_refresh_token_is_typed_without_showing(
    account: Settings, oa: ZaloOA, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("never read"))
    monkeypatch.setattr(getpass, "getpass", lambda prompt: f" {oa.explorer()[1]} ")
    said: list[str] = []
    await zalo.alone(account, zalo.adopt, said.append)
    assert said[0].startswith("Connected.")


@pytest.mark.parametrize(
    ("typed", "words"),
    [("", "There was no refresh token."), ("spent-token", "Zalo did not take it (error -14014): it works once")],
)
async def test_a_refresh_token_that_is_none_is_refused(
    account: Settings, monkeypatch: pytest.MonkeyPatch, typed: str, words: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    with pytest.raises(SystemExit) as end:
        await zalo.alone(account, zalo.adopt, print)
    assert str(end.value).startswith(words)
    assert "spent-token" not in str(end.value)


async def test_connecting_takes_the_settings_and_an_address(account: Settings, sqlite_url: str) -> None:
    with pytest.raises(SystemExit, match="Set PUBLIC_URL first, or use --refresh-token"):
        await zalo.alone(account, zalo.connect, print)
    with pytest.raises(SystemExit, match="Set ZALO_APP_ID, ZALO_APP_SECRET"):
        await zalo.alone(settings(sqlite_url, {}, public_url="https://ocop.example.vn"), zalo.connect, print)


async def test_a_database_of_another_release_is_refused(oa: ZaloOA, tmp_path: Path) -> None:
    config = settings(f"sqlite:///{tmp_path}/empty.db", oa.environment(), encryption_key=KEY)
    for command in (zalo.check, zalo.connect, zalo.adopt):
        with pytest.raises(SystemExit, match="The database is not up to date"):
            await zalo.alone(config, command, print)


# ---------------------------------------------------------------- check: the Official Account


async def test_an_account_without_an_address_lacks_only_that(account: Settings, oa: ZaloOA) -> None:
    await connected(account, oa)
    said, fine = await checked(account)
    assert not fine
    assert missing(said) == ["webhook: set PUBLIC_URL, the address under which Zalo reaches this server"]
    assert "API: it answers for “OCOP xã Tân Lĩnh”, Gói Tăng trưởng" in "\n".join(said)
    assert said[-1] == "ok: Zalo Bot: off, as ZALO_BOT_TOKEN is empty"


async def test_checking_spends_no_refresh_token(account: Settings, oa: ZaloOA, monkeypatch: pytest.MonkeyPatch) -> None:
    await connected(account, oa)
    oa.passes(timedelta(hours=26))
    monkeypatch.setattr(zalo, "system_clock", lambda: system_clock() + timedelta(hours=26))
    oa.calls.clear()
    said, _ = await checked(account)
    assert "missing: token: it ran out" in "\n".join(said)
    assert "start the worker, which renews it" in "\n".join(said)
    assert oa.calls == []


async def test_a_token_that_is_refused_is_named(account: Settings, oa: ZaloOA) -> None:
    await connected(account, oa)
    oa.revoke()
    said, _ = await checked(account)
    assert "API: the token does not work: run `python -m bot zalo connect`" in missing(said)


async def test_a_renewal_that_was_refused_is_named(account: Settings, oa: ZaloOA) -> None:
    async with zalo.consenting(account) as consent:
        pair = await consent.tokens.adopt(oa.explorer()[1])
        oa.pairs[-1].refresh_until = oa.now()
        with pytest.raises(Exception, match="consent has to be given anew"):
            await consent.tokens.renewed(pair.access_token)
    said, _ = await checked(account)
    assert re.search(
        r"token: good until \S+ \S+, but no more: run `python -m bot zalo connect`", "\n".join(missing(said))
    )


async def test_another_encryption_key_is_named(account: Settings, oa: ZaloOA, sqlite_url: str) -> None:
    await connected(account, oa)
    said, _ = await checked(settings(sqlite_url, oa.environment(), encryption_key="n" * 32))
    assert "token: ENCRYPTION_KEY does not open the secret “zalo_tokens”" in missing(said)[0]
    both = settings(sqlite_url, oa.environment(), encryption_key=f"{'n' * 32},{KEY}")
    assert "ok: token: good until" in "\n".join((await checked(both))[0])


@pytest.mark.parametrize("code", [*zalo.SAID, -219, -9999])
async def test_what_zalo_refuses_is_said_in_plain_words(account: Settings, oa: ZaloOA, code: int) -> None:
    await connected(account, oa)
    oa.fail("getoa", Failure(code=code, message="words of theirs"))
    said, fine = await checked(account)
    (line,) = [line for line in missing(said) if line.startswith("API: ")]
    assert not fine
    assert "words of theirs" not in line
    assert zalo.SAID.get(code, f"error {code}") in line
    assert len(line) > 30


@pytest.mark.parametrize("failure", [Failure(status=503), Failure(garbage=True), Failure(drop=True)])
async def test_an_api_that_is_away_is_said(account: Settings, oa: ZaloOA, failure: Failure) -> None:
    await connected(account, oa)
    oa.fail("getoa", failure, times=3)  # what only reads is asked again by the library
    assert "API: it does not answer" in "\n".join(missing((await checked(account))[0]))


async def test_a_webhook_that_is_not_there_is_said(oa: ZaloOA, sqlite_url: str) -> None:
    """Nothing listens; and something else does, which knows no such address."""
    closed, other = f"http://127.0.0.1:{free_port()}", oa.url
    said, _ = await checked(settings(sqlite_url, oa.environment(), encryption_key=KEY, public_url=closed))
    assert f"webhook: {closed}/zalo is not reached (ClientConnectorError): is the server running?" in missing(said)
    said, _ = await checked(settings(sqlite_url, oa.environment(), encryption_key=KEY, public_url=other))
    assert f"webhook: {other}/zalo answers 404 instead of 200: does the proxy pass it on?" in missing(said)


# ---------------------------------------------------------------- check: the Zalo Bot


async def test_a_bot_that_is_polled_is_in_order(platform: ZaloBot) -> None:
    said, fine = await checked(settings("sqlite:///nowhere/ocop.db", platform.environment()))
    assert fine
    assert said == [
        "ok: Official Account: off, as ZALO_APP_ID is empty",
        "ok: Zalo Bot: it answers as bot.OCOPTest",
        "ok: Zalo Bot: is asked for news, as PUBLIC_URL is empty",
    ]


async def test_a_bot_that_calls_somebody_else_is_said(platform: ZaloBot) -> None:
    platform.webhook = "https://elsewhere.example.vn/hook"
    said, fine = await checked(settings("sqlite:///nowhere/ocop.db", platform.environment()))
    assert not fine
    assert missing(said) == [
        "Zalo Bot: calls https://elsewhere.example.vn/hook instead of nobody: start the server, it sets that"
    ]


async def test_a_wrong_token_of_the_bot_is_said_and_not_shown(platform: ZaloBot) -> None:
    environment = platform.environment() | {"ZALO_BOT_TOKEN": "12:hunter2"}
    said, fine = await checked(settings("sqlite:///nowhere/ocop.db", environment))
    assert not fine
    assert missing(said) == ["Zalo Bot: ZALO_BOT_TOKEN is not valid; copy it again from bot.zaloplatforms.com"]
    assert "hunter2" not in "".join(said)


async def test_a_bot_platform_that_is_away_is_said_without_the_token(platform: ZaloBot) -> None:
    environment = platform.environment() | {"ZALO_BOT_API_URL": f"http://127.0.0.1:{free_port()}"}
    said, fine = await checked(settings("sqlite:///nowhere/ocop.db", environment))
    assert not fine
    assert "does not answer" in "".join(missing(said))
    assert platform.token not in "".join(said)


# ---------------------------------------------------------------- the poster


async def _poster(config: Settings, output: Path) -> tuple[list[str], str]:
    said: list[str] = []
    await commands.make_poster(config, "04336", output, said.append)
    return said, await asyncio.to_thread(output.read_text, encoding="utf-8")


async def test_the_poster_leads_to_the_account_and_says_how(account: Settings, oa: ZaloOA, tmp_path: Path) -> None:
    await connected(account, oa)
    said, poster = await _poster(account, tmp_path / "poster.svg")
    assert f"https://zalo.me/{oa.oa_id}" in said[0]
    assert f'data-url="https://zalo.me/{oa.oa_id}"' in poster
    assert "bấm Quan tâm" in poster


async def test_without_its_number_the_poster_has_no_code_for_zalo(account: Settings, tmp_path: Path) -> None:
    said, poster = await _poster(account, tmp_path / "poster.svg")
    assert "no code for Zalo" in said[0]
    assert "zalo.me" not in poster
    assert "Quan tâm" not in poster


async def test_the_account_alone_makes_a_poster(oa: ZaloOA, sqlite_url: str, tmp_path: Path) -> None:
    alone = settings(sqlite_url, oa.environment(), encryption_key=KEY, web_chat=False)
    with pytest.raises(SystemExit, match="No channel is on"):
        await _poster(alone, tmp_path / "poster.svg")
    await connected(alone, oa)
    assert (await _poster(alone, tmp_path / "poster.svg"))[1].count("data-url") == 1

"""What the installation does for its Zalo channels: it keeps the tokens, obtains consent, and checks what is missing.

Imported only where Zalo is on, or was asked for on the command line.
"""

import base64
import getpass
import hashlib
import json
import logging
import secrets as random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot import app as application
from bot import turn
from bot.catalogs import VIETNAM
from bot.channels.base import ChannelError, Suspended, Unavailable
from bot.channels.zalo import CONFIG
from bot.channels.zalo_bot import ZaloBot
from bot.channels.zalo_tokens import AccountTokens, Pair
from bot.clock import system_clock
from bot.handle import is_outage, where
from bot.settings import Settings
from bot.world import World
from dialogs.model import N_, SendMessage, Text
from storage import outbox, people, secrets
from storage.database import make_engine, reading, writing

TOKENS = "zalo_tokens"
CONSENT = "zalo_consent:"
"""What the names of secrets that wait for the permission page begin with."""
CONSENT_WITHIN = timedelta(minutes=10)
"""How long Zalo's code lives, and so how long the page may be open."""
PAGE = "/zalo/connected"
WITHIN_S = 10.0
CHANNEL = "zalo"

CONNECT_ANEW = Text(
    N_(
        "The Zalo account no longer lets us write. Whoever looks after the server: please run "
        "python -m bot zalo connect. Messages on Zalo wait until then; none is lost."
    )
)
SAID = {
    -32: "too many calls in a minute: wait one, then try again",
    -209: "the app is not active: switch it on at developers.zalo.me",
    -211: "the package's quota is used up: buy more at oa.zalo.me, or wait for the next month",
    -212: "the app may not use this API: ask for the permission at developers.zalo.me",
    -216: "the token does not work: run `python -m bot zalo connect`",
    -220: "the token does not work any more: run `python -m bot zalo connect`",
    -221: "the Official Account is not verified: do that at oa.zalo.me",
    -224: "the package has no OpenAPI: it takes “Tăng trưởng” or “Toàn diện”, at oa.zalo.me",
    -240: "Zalo has switched this version of its API off: this release is too old",
    -320: "there is no Zalo Cloud Account behind it: link one at account.zalo.cloud",
    -321: "the Zalo Cloud Account has no money left: pay in at account.zalo.cloud",
}
"""What an operator does about Zalo's error codes; sources as in bot/channels/zalo.py."""

Say = Callable[[str], None]

log = logging.getLogger(__name__)


# ---------------------------------------------------------------- the tokens


@dataclass
class Kept:
    """The pair of tokens as an encrypted row, for every process; what the database says becomes a ChannelError."""

    engine: AsyncEngine
    vault: secrets.Vault
    clock: Callable[[], datetime] = system_clock
    _world: World | None = None

    def alarms(self, world: World) -> None:
        """From now on administrators are told when consent is needed; before, there is only the log."""
        self._world = world

    async def read(self) -> Pair | None:
        with _as_channel_errors():
            async with reading(self.engine) as connection:
                text = await secrets.read(connection, self.vault, TOKENS)
        return Pair.load(text) if text is not None else None

    async def save(self, pair: Pair) -> None:
        with _as_channel_errors():
            async with writing(self.engine) as connection:
                await self._save(connection, pair)

    async def alarm(self, pair: Pair) -> None:
        with _as_channel_errors():
            try:
                async with writing(self.engine) as connection:
                    await self._save(connection, pair)
                    if self._world is not None:
                        await tell_administrators(connection, self._world, self.clock())
            except Exception as error:  # nobody must try the token again and again because a message can't be made
                if is_outage(error):
                    raise
                log.error("the administrators were not told: %s", where(error))
                await self.save(pair)

    async def _save(self, connection: AsyncConnection, pair: Pair) -> None:
        await secrets.save(connection, self.vault, TOKENS, pair.dump(), self.clock())

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        with _as_channel_errors():
            async with secrets.exclusive(self.engine, TOKENS):
                yield


@contextmanager
def _as_channel_errors() -> Iterator[None]:
    try:
        yield
    except secrets.WrongKey as error:
        raise Suspended(str(error)) from None
    except (SQLAlchemyError, OSError) as error:
        if not is_outage(error):
            raise
        raise Unavailable(f"the database is not there: {type(error).__name__}") from None


async def tell_administrators(connection: AsyncConnection, world: World, now: datetime) -> None:
    """Once for each alarm, over another channel than this account's."""
    told = await people.chats_of(connection, await people.officers_of(connection, ""))
    chats = [chat for chat in map(_elsewhere, told) if chat is not None]
    await outbox.post(connection, [turn.notice(world, chat, [SendMessage((CONNECT_ANEW,))], now) for chat in chats])


def _elsewhere(chat: people.Chat) -> people.Chat | None:
    """The same person's chats without those of the account."""
    others = [other for other in (chat, *chat.others) if other.channel != CHANNEL]
    return replace(others[0], others=tuple(others[1:])) if others else None


# ---------------------------------------------------------------- consent


@dataclass
class Consent:
    """An administrator of the account allows our app to act for it, on a page of Zalo's (OAuth 2 with PKCE).

    The page's address and its parameters are those that many public programs use, as read on 2026-11-22; to be
    confirmed with a live account.
    """

    config: Settings
    engine: AsyncEngine
    keeping: Kept
    tokens: AccountTokens

    async def address(self) -> str:
        """Of the permission page, good for one consent within CONSENT_WITHIN."""
        state, verifier = random.token_urlsafe(24), random.token_urlsafe(32)
        now = self.keeping.clock()
        async with writing(self.engine) as connection:
            await secrets.prune(connection, CONSENT, now - CONSENT_WITHIN)
            waiting = json.dumps({"verifier": verifier, "until": (now + CONSENT_WITHIN).isoformat()})
            await secrets.save(connection, self.keeping.vault, _name_of(state), waiting, now)
        query = {
            "app_id": self.config.zalo_app_id,
            "redirect_uri": f"{self.config.public_url}{PAGE}",
            "code_challenge": challenge_of(verifier),
            "state": state,
        }
        return f"{self.config.zalo_oauth_url}/v4/oa/permission?{urlencode(query)}"

    async def finish(self, code: str, state: str) -> Pair:
        """Exchange the code.

        Raises LookupError for a state that we never made, or that is spent or too old; ChannelError.
        """
        try:
            async with writing(self.engine) as connection:
                waiting = await secrets.take(connection, self.keeping.vault, _name_of(state))
        except secrets.WrongKey:
            waiting = None
        found = json.loads(waiting) if waiting is not None else None
        if found is None or datetime.fromisoformat(found["until"]) < self.keeping.clock():
            raise LookupError("no consent is waited for")
        return await self.tokens.connect(code, found["verifier"])


def consent_of(config: Settings, engine: AsyncEngine) -> Consent:
    keeping = Kept(engine, secrets.Vault(config.encryption_keys))
    secret = config.zalo_app_secret.get_secret_value()
    tokens = AccountTokens(config.zalo_app_id, secret, keeping, config.zalo_oauth_url, keeping.clock)
    return Consent(config, engine, keeping, tokens)


def _name_of(state: str) -> str:
    """A secret per state: whoever guesses finds nothing, and takes nothing from whoever waits."""
    return CONSENT + hashlib.sha256(state.encode()).hexdigest()[:24]


def challenge_of(verifier: str) -> str:
    """S256 of RFC 7636, section 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@asynccontextmanager
async def consenting(config: Settings) -> AsyncIterator[Consent]:
    """For one command: connected to the database, and closed again."""
    if not config.zalo_is_on:
        raise SystemExit("Set ZALO_APP_ID, ZALO_APP_SECRET, ZALO_OA_SECRET_KEY and ENCRYPTION_KEY first.")
    engine = make_engine(config.database_url)
    consent = consent_of(config, engine)
    try:
        yield consent
    finally:
        await consent.tokens.close()
        await engine.dispose()


async def alone(config: Settings, command: Callable[[Settings, Say], Awaitable[None]], say: Say) -> None:
    """A command beside a server that may be running: on a database of this release."""
    if config.zalo_is_on:
        await application.check(config)
    await command(config, say)


async def connect(config: Settings, say: Say) -> None:
    """Print where an administrator of the account gives consent; the web server does the rest."""
    if not config.public_url:
        raise SystemExit("Set PUBLIC_URL first, or use --refresh-token: Zalo leads back to this server's address.")
    async with consenting(config) as consent:
        address = await consent.address()
    say("Open this within 10 minutes, as an administrator of the Official Account, while the server runs:")
    say(f"  {address}")
    say(f"The app's console must name {config.public_url}{PAGE} as its callback, or Zalo says -14003.")


async def adopt(config: Settings, say: Say) -> None:
    """Begin with a refresh token from Zalo's API Explorer."""
    async with consenting(config) as consent:
        token = typed_secret("Refresh token (it does not show): ")
        if not token:
            raise SystemExit("There was no refresh token.")
        try:
            pair = await consent.tokens.adopt(token)
        except ChannelError as error:
            code = getattr(error, "code", 0)
            why = f"Zalo did not take it (error {code}): it works once, get a new one." if code else str(error)
            raise SystemExit(why) from None
    say(f"Connected. The token is good until {_local(pair.expires_at)}; the worker renews it before.")
    say("Now: python -m bot zalo check")


def typed_secret(prompt: str) -> str:
    """One line from the terminal without showing it, or from whatever is piped in."""
    return (getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline()).strip()


# ---------------------------------------------------------------- checking


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that has to be in order; `words` say how it is, or what to do."""

    fine: bool
    words: str

    def __str__(self) -> str:
        return f"{'ok' if self.fine else 'missing'}: {self.words}"


async def check(config: Settings, say: Say) -> None:
    """One line for each point; ends with 1 if anything is missing. Reads only: it renews and changes nothing."""
    missing = 0
    async for point in points(config):
        say(str(point))
        missing += not point.fine
    if missing:
        raise SystemExit(1)


async def points(config: Settings) -> AsyncIterator[Point]:
    if not config.zalo_is_on and not config.zalo_bot_is_on:
        yield Point(False, "neither Zalo channel is on: set ZALO_APP_ID or ZALO_BOT_TOKEN, see .env.example")
        return
    async with ClientSession(timeout=ClientTimeout(total=WITHIN_S)) as session:
        if config.zalo_is_on:
            async for point in _account_points(config, session):
                yield point
        else:
            yield Point(True, "Official Account: off, as ZALO_APP_ID is empty")
        if config.zalo_bot_is_on:
            async for point in _bot_points(config, session):
                yield point
        else:
            yield Point(True, "Zalo Bot: off, as ZALO_BOT_TOKEN is empty")


async def _account_points(config: Settings, session: ClientSession) -> AsyncIterator[Point]:
    yield Point(True, f"settings: app {config.zalo_app_id}, its secrets and ENCRYPTION_KEY are set")
    pair, point = await _kept_pair(config)
    yield point
    yield await webhook_point(config, session, "/zalo", "the webhook's address at developers.zalo.me")
    if pair is None or not pair.is_alive(system_clock()):
        yield Point(False, "the API was not asked: that takes a token")
        return
    yield await _api_point(config, session, pair)


async def _kept_pair(config: Settings) -> tuple[Pair | None, Point]:
    try:
        async with consenting(config) as consent:
            pair = await consent.keeping.read()
    except ChannelError as error:
        return None, Point(False, f"token: {error}")
    return pair, token_point(pair, system_clock())


def token_point(pair: Pair | None, now: datetime) -> Point:
    if pair is None:
        return Point(False, "token: no account is connected yet; run `python -m bot zalo connect`")
    until = _local(pair.expires_at)
    if pair.refused:
        return Point(False, f"token: good until {until}, but no more: run `python -m bot zalo connect`")
    if not pair.is_alive(now):
        return Point(False, f"token: it ran out {until}; start the worker, which renews it")
    return Point(True, f"token: good until {until}, will be renewed {_local(pair.due_at)}")


async def webhook_point(config: Settings, session: ClientSession, path: str, where: str) -> Point:
    """Whether our own address answers 200 to a call that nobody signed, as the console makes one."""
    if not config.public_url:
        return Point(False, "webhook: set PUBLIC_URL, the address under which Zalo reaches this server")
    url = f"{config.public_url}{path}"
    try:
        async with session.post(url, json={}, allow_redirects=False) as response:
            status = response.status
    except (ClientError, TimeoutError, OSError) as error:
        return Point(False, f"webhook: {url} is not reached ({type(error).__name__}): is the server running?")
    if status != 200:
        return Point(False, f"webhook: {url} answers {status} instead of 200: does the proxy pass it on?")
    return Point(True, f"webhook: {url} answers; it must stand as {where}")


async def _api_point(config: Settings, session: ClientSession, pair: Pair) -> Point:
    try:
        account = await account_of(session, config.zalo_api_url, pair.access_token)
    except Suspended as error:
        return Point(False, f"API: {error}")
    except Unavailable as error:
        return Point(False, f"API: it does not answer ({error}); try again later")
    package = account.get("package_name") or "of a package that it does not name"
    return Point(True, f"API: it answers for “{account.get('name', '')}”, {package}")


async def account_of(session: ClientSession, api_url: str, token: str) -> Mapping[str, Any]:
    """The account itself: `oa_id`, `name`, `package_name` and more. Raises Suspended in words, Unavailable.

    GET /v2.0/oa/getoa is the harmless read of Zalo's own SDKs; to be confirmed with a live account.
    """
    answer = await _asked(session, "GET", f"{api_url}/v2.0/oa/getoa", headers={"access_token": token})
    data, code = answer.get("data"), answer.get("error", 0)
    if code or not isinstance(data, dict):
        means = CONFIG.get(code, "look it up on developers.zalo.me") if isinstance(code, int) else "no number"
        raise Suspended(SAID.get(code, f"Zalo refuses with error {code}: {means}"))
    return data


async def _bot_points(config: Settings, session: ClientSession) -> AsyncIterator[Point]:
    bot = ZaloBot(config.zalo_bot_token.get_secret_value(), config.zalo_bot_api_url)
    try:
        me = await bot.me()
        yield Point(True, f"Zalo Bot: it answers as {me.account_name}")
        if config.public_url:
            yield await webhook_point(
                config, session, "/zalo-bot", "the bot's webhook, which the server sets by itself"
            )
        yield _way_point(config, await bot.webhook())
    except Suspended:
        yield Point(False, "Zalo Bot: ZALO_BOT_TOKEN is not valid; copy it again from bot.zaloplatforms.com")
    except ChannelError as error:
        kind = type(error).__name__
        yield Point(False, f"Zalo Bot: {config.zalo_bot_api_url} does not answer ({kind}: {error}); try again later")
    finally:
        await bot.close()


def _way_point(config: Settings, url: str) -> Point:
    wanted = f"{config.public_url}/zalo-bot" if config.public_url else ""
    if url == wanted:
        return Point(True, f"Zalo Bot: calls {url}" if url else "Zalo Bot: is asked for news, as PUBLIC_URL is empty")
    return Point(
        False, f"Zalo Bot: calls {url or 'nobody'} instead of {wanted or 'nobody'}: start the server, it sets that"
    )


async def _asked(session: ClientSession, method: str, url: str, **sent: Any) -> Mapping[str, Any]:
    """Raises Unavailable, without the address: it may hold a token."""
    try:
        async with session.request(method, url, allow_redirects=False, **sent) as response:
            answer = await response.json(content_type=None)
    except (ClientError, TimeoutError, OSError) as error:
        raise Unavailable(type(error).__name__) from None
    except (ValueError, RecursionError):
        raise Unavailable("no JSON") from None
    if not isinstance(answer, dict):
        raise Unavailable("no JSON")
    return answer


def _local(moment: datetime) -> str:
    return moment.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y")


async def account_id(config: Settings) -> str:
    """The account's number, for its address zalo.me/<number>; "" while it can't be known. Reads only."""
    try:
        async with consenting(config) as consent, ClientSession(timeout=ClientTimeout(total=WITHIN_S)) as session:
            pair = await consent.keeping.read()
            if pair is None or not pair.is_alive(datetime.now(UTC)):
                return ""
            account = await account_of(session, config.zalo_api_url, pair.access_token)
    except ChannelError:
        return ""
    number = str(account.get("oa_id", ""))
    return number if number.isascii() and number.isdigit() else ""

"""The wiring: which parts run in a process, how they start, and how they stop without losing anything."""

import asyncio
import gc
import hashlib
import logging
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from email.utils import parseaddr
from functools import partial
from ipaddress import ip_address
from itertools import chain, repeat
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from prometheus_client import start_http_server
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot import keys, nudges
from bot.addresses import Addresses
from bot.channels.base import Channel, ChannelError, Incoming, Update
from bot.channels.email import Email
from bot.channels.email import Server as MailServer
from bot.channels.pace import Budget, OwnBudget, Rate
from bot.channels.push import Push, new_key
from bot.channels.web import CAPABILITIES as WEB_CAPABILITIES
from bot.channels.web import Web
from bot.clock import system_clock
from bot.deliver import Delivery
from bot.desk.day import OfficeDay
from bot.fetch import Fetcher
from bot.handle import Closing, Intake
from bot.imports import Imports
from bot.incoming import take
from bot.ladder import Ladder
from bot.settings import Settings
from bot.timers import Timers
from bot.web.app import Site
from bot.web.mailbox import Mailbox
from bot.world import World
from dialogs.model import Role
from dialogs.producer.own_score import read_rules
from dialogs.words import COMMANDS
from storage import migrate, push
from storage.budgets import SharedBudget
from storage.database import reading, sqlite_path, writing
from storage.files import FileStore
from storage.models import files, invitations, memberships, outbox, settings
from storage.people import invite
from storage.records import upsert
from storage.secrets import Vault, WrongKey, rekey
from storage.single import single_process

log = logging.getLogger(__name__)

STOP_WITHIN_S = 20
RESTART_PAUSE_S = 1.0
NAME_WITHIN_S = 5.0
"""How long a start waits to learn the bot's name from Telegram; the web chat need not wait for Telegram's outage."""
SET_UP_PAUSES_S = (1.0, 5.0, 30.0)
"""Between tries to set a channel up; the last one again and again: without its webhook the bot is deaf."""
STAND_BY_S = 5.0
_POLLING_LOCKS = {"telegram": 0x6F63706F, "zalo_bot": 0x6F637071}  # next to "ocop", the lock of storage/migrate.py


@dataclass
class Links:
    """Links that open the bot with a start payload, in each channel that is on. `username`: "" while not known.

    Zalo's own links carry no payload. Where it is alone (`pasted`), the payload itself is sent to it as a message.
    """

    base: str
    web: bool
    username: str = ""
    pasted: bool = False

    def __call__(self, payload: str) -> tuple[str, ...]:
        web = (f"{self.base}/start/{payload}",) if self.web else ()
        found = (*web, *((f"https://t.me/{self.username}?start={payload}",) if self.username else ()))
        return found or ((payload,) if self.pasted and payload else ())


@dataclass
class Parts:
    """What the application is made of, once it is put together."""

    engine: AsyncEngine
    store: FileStore
    world: World
    channels: dict[str, Channel]
    mailbox: Mailbox
    intake: Intake
    telegram: Any
    zalo_bot: Any
    consent: Any
    """Of the Official Account (bot.zalo.Consent), with its tokens; None where it is off."""
    links: Links
    secret_key: str


@asynccontextmanager
async def assembled(config: Settings) -> AsyncIterator[Parts]:
    """All parts, connected; closed again at the end."""
    engine = await keys.opened(config)
    store = FileStore(config.files_url)
    shared = partial(_budgeted, engine)
    telegram, zalo_bot = await telegram_of(config, shared), _zalo_bot(config, shared)
    consent = _consent(config, engine)
    zalo = _zalo(config, consent, shared)
    messengers: dict[str, Channel] = {one.name: one for one in (telegram, zalo, zalo_bot) if one is not None}
    capabilities = {"web": WEB_CAPABILITIES} | {name: one.capabilities for name, one in messengers.items()}
    links = await links_of(config, telegram)
    world = replace(
        World.load(capabilities),
        days_off=config.days_off,
        quiet_hours=config.quiet_hours,
        pays=config.zalo_paid,
        templates=config.zalo_templates,
        retention=config.retention_days,
        public_url=links.base,
        reachable=bool(config.public_url),
        default_locale=str(config.default_locale),
        bot_link=links,
    )
    mailbox = Mailbox(engine, store, world)
    channels: dict[str, Channel] = {"web": Web(mailbox)} | messengers
    try:
        key = config.secret_key.get_secret_value() or await _own_key(engine)
        telling = await _telling(config, engine, world, key)
        channels |= telling
        known = {**world.channels, **{name: one.capabilities for name, one in telling.items()}}
        world = replace(world, secret_key=key, channels=known)
        if consent is not None:
            consent.keeping.alarms(world)
        intake = Intake(engine, world)
        yield Parts(engine, store, world, channels, mailbox, intake, telegram, zalo_bot, consent, links, key)
    finally:
        for channel in channels.values():
            await channel.close()
        if consent is not None:
            await consent.tokens.close()
        await engine.dispose()


Budgeted = Callable[[Rate], Budget]


def _budgeted(engine: AsyncEngine, channel: str, token: str) -> Budgeted:
    """How the budget of a token is made: on PostgreSQL one of all processes, elsewhere this process is the only one."""
    if engine.dialect.name != "postgresql":
        return OwnBudget
    name = f"{channel} {hashlib.sha256(token.encode()).hexdigest()[:24]}"
    return lambda rate: SharedBudget(engine, name, rate.gap_s, rate.credit_s)


async def telegram_of(config: Settings, shared: Callable[[str, str], Budgeted]) -> Any:
    """The Telegram channel; aiogram costs three seconds and 120 MiB, so only where it is on."""
    if not config.telegram_is_on:
        return None
    from bot.channels.telegram import Telegram

    token = config.telegram_bot_token.get_secret_value()
    telegram = Telegram(token, config.telegram_api_url, _webhook_secret(token), shared(Telegram.name, token))
    telegram.prepare()
    return telegram


def _consent(config: Settings, engine: AsyncEngine) -> Any:
    """The Official Account's tokens and how they are obtained; None where it is off."""
    if not config.zalo_is_on:
        return None
    from bot.zalo import consent_of

    return consent_of(config, engine)


def _zalo(config: Settings, consent: Any, shared: Callable[[str, str], Budgeted]) -> Any:
    """The Official Account as a channel."""
    if consent is None:
        return None
    from bot.channels.zalo import Zalo

    return Zalo(
        config.zalo_app_id,
        config.zalo_oa_secret_key.get_secret_value(),
        consent.tokens,
        api_url=config.zalo_api_url,
        file_hosts=config.zalo_file_hosts,
        buttons=config.zalo_buttons,
        calls_per_minute=config.zalo_calls_per_minute,
        form_picture_url=f"{config.public_url}/static/icon-512.png" if config.public_url else "",
        budgeted=shared(Zalo.name, config.zalo_app_id),
    )


async def _telling(config: Settings, engine: AsyncEngine, world: World, key: str) -> dict[str, Channel]:
    """The channels that only tell, each where it is on: notices of the web chat, and e-mail."""
    addresses = Addresses(engine, key, world.pages)
    found: dict[str, Channel] = {}
    if config.web_chat and (signing := await _push_key(config, engine)):
        found["push"] = Push(addresses.subscription, signing, _contact(config), world.listener.catalogs)
    if config.mail_is_on:
        server = MailServer.of(config.smtp_url.get_secret_value())
        chat = f"{world.pages}/" if config.web_chat and world.pages else ""
        found["email"] = Email(server, config.mail_from, addresses.recipient, world.listener.catalogs, chat)
    return found


async def _push_key(config: Settings, engine: AsyncEngine) -> str:
    """The key that signs notices, made at the first start; "" where it is kept under an ENCRYPTION_KEY that is gone."""
    vault = Vault(config.encryption_keys) if config.encryption_keys else None
    try:
        return await push.own_key(engine, vault, new_key, system_clock())
    except WrongKey as error:
        log.error("no notices of the web chat: %s", error)
        return ""


def _contact(config: Settings) -> str:
    """Whom a push service may write to about what we send: RFC 8292, section 2.1. Apple's takes no "localhost"."""
    if config.mail_from:
        return f"mailto:{parseaddr(config.mail_from)[1]}"
    return f"https://{(config.public_url and urlsplit(config.public_url).hostname) or 'localhost'}"


def _zalo_bot(config: Settings, shared: Callable[[str, str], Budgeted]) -> Any:
    if not config.zalo_bot_is_on:
        return None
    from bot.channels.zalo_bot import ZaloBot

    token = config.zalo_bot_token.get_secret_value()
    budgeted = shared(ZaloBot.name, token)
    return ZaloBot(token, config.zalo_bot_api_url, _webhook_secret(token), config.zalo_file_hosts, budgeted)


def _webhook_secret(token: str) -> str:
    """The webhook's secret follows from the token, so that every process knows it and nobody has to set it."""
    return hashlib.sha256(f"webhook {token}".encode()).hexdigest()


async def links_of(config: Settings, telegram: Any) -> Links:
    base = config.public_url or own_address(config.host, config.port)
    links = Links(base, config.web_chat, pasted=config.zalo_is_on or config.zalo_bot_is_on)
    if telegram is not None:
        with suppress(ChannelError, TimeoutError):  # set_up_telegram asks again
            async with asyncio.timeout(NAME_WITHIN_S):
                links.username = await telegram.username()
    return links


def own_address(host: str, port: int) -> str:
    """Where a browser on this machine finds the web server."""
    with suppress(ValueError):  # a host name
        address = ip_address(host)
        if address.is_unspecified:
            host = "127.0.0.1" if address.version == 4 else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _own_key(engine: AsyncEngine) -> str:
    """The key that signs cookies, made once for this installation and kept in its database."""
    async with writing(engine) as connection:
        row = {"name": "secret_key", "value": secrets.token_urlsafe(48)}
        await connection.execute(upsert(connection, settings).values(row).on_conflict_do_nothing())
        found = await connection.execute(select(settings.c.value).where(settings.c.name == "secret_key"))
        return str(found.scalar_one())


async def first_invitation(connection: AsyncConnection, now: Any) -> str | None:
    """A one-time token for the first administrator; None once there is one. Older ones stop working."""
    present = (memberships.c.role == str(Role.ADMINISTRATOR), memberships.c.removed_at.is_(None))
    if await connection.scalar(select(func.count()).select_from(memberships).where(*present)):
        return None
    unused = (invitations.c.role == str(Role.ADMINISTRATOR), invitations.c.used_at.is_(None))
    await connection.execute(delete(invitations).where(*unused))
    return await invite(connection, Role.ADMINISTRATOR, "", now)


# ---------------------------------------------------------------- running


def alone(config: Settings) -> AbstractContextManager[None]:
    """On SQLite this process has the database to itself, migrations included; on PostgreSQL it shares."""
    path = sqlite_path(config.database_url)
    return single_process(path) if path is not None else nullcontext()


async def run(config: Settings, *, web: bool, worker: bool, migrating: bool, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; then finish the updates and messages in hand."""
    if not (web and worker) and sqlite_path(config.database_url) is not None:
        raise SystemExit("On SQLite one process does everything: use `python -m bot run`, or set DATABASE_URL.")
    with alone(config):
        if migrating:
            await prepare(config)
        else:
            await check(config)
        async with assembled(config) as parts:
            await _not_before_the_last(parts.engine)
            await _take_over(parts)
            await _rekey(config, parts.engine)
            await _serve(config, parts, web=web, worker=worker, say=say)


async def _not_before_the_last(engine: AsyncEngine) -> None:
    """Let the clock go on where the process before this one stopped, should it have been put back meanwhile."""
    newest = select(outbox.c.created_at).order_by(outbox.c.id.desc()).limit(1)
    async with reading(engine) as connection:
        if last := await connection.scalar(newest):
            system_clock.not_before(last)


async def _take_over(parts: Parts) -> None:
    """What a killed process had in hand is free at once on SQLite: nobody else can be at it. Elsewhere leases end."""
    if parts.engine.dialect.name != "sqlite":
        return
    async with writing(parts.engine) as connection:
        await connection.execute(update(outbox).where(outbox.c.claimed_until.is_not(None)).values(claimed_until=None))
        waiting = update(files).where(files.c.due_at.is_not(None))
        await connection.execute(waiting.values(due_at=parts.world.clock()))


async def _rekey(config: Settings, engine: AsyncEngine) -> None:
    """After ENCRYPTION_KEY has got a new first key, no secret needs the old ones any more (fields: bot.keys)."""
    if len(config.encryption_keys) < 2:
        return
    async with writing(engine) as connection:
        unopened = await rekey(connection, Vault(config.encryption_keys))
    if unopened:
        log.error("ENCRYPTION_KEY does not open %d secrets: add the key they were kept with", unopened)
    else:
        log.info("all secrets of other services are under the first ENCRYPTION_KEY now")


async def _serve(config: Settings, parts: Parts, *, web: bool, worker: bool, say: Callable[[str], None]) -> None:
    listener = listening(config.host, config.port) if web else None  # a taken port ends the start here
    if not web and config.metrics_port:
        start_http_server(config.metrics_port, addr="127.0.0.1")  # a thread that ends with the process
    stop = _stop_signal()
    running = Running(parts.intake)
    if listener is not None:
        running.serve(_server(config, parts), parts.mailbox, listener)
    if worker:
        running.work(parts)
    if parts.engine.dialect.name == "postgresql" and web != worker:
        running.aside(_nudges(parts, worker=worker))
        running.aside(kept_up(partial(keys.keep_sealed, parts.engine)))
    if parts.telegram is not None:
        running.aside(set_up_telegram(config, parts, web=web, worker=worker))
    if parts.zalo_bot is not None:
        running.aside(set_up_zalo_bot(config, parts, web=web, worker=worker))
    for channel in (parts.telegram, parts.zalo_bot):
        if channel is not None and worker and not config.public_url:
            running.aside(kept_up(partial(poll_alone, parts.engine, channel, parts.intake)))
    if parts.consent is not None and worker:
        running.aside(kept_up(parts.consent.tokens.keep_fresh))
    if parts.consent is not None and web and not config.public_url:
        log.warning("PUBLIC_URL is empty: Zalo can't post to this server, and its Official Account hears nobody")
    await asyncio.to_thread(read_rules)  # chats are served meanwhile
    await _greet(config, parts, web=web, worker=worker, say=say)
    # What the imports and the start have made stays to the end: a hundred thousand objects and more, and
    # walking them in each full collection was most of the slowest answers' time.
    gc.freeze()
    gc.enable()
    await running.until(stop)
    say("Stopping: finishing what is in hand.")
    await running.stop()


def _nudges(parts: Parts, *, worker: bool) -> Coroutine[Any, Any, None]:
    """What makes workers look at once, though it was another process that committed."""
    if worker:
        return nudges.hear(parts.engine, parts.intake.wakes)
    committed = asyncio.Event()
    parts.intake.wakes.append(committed)
    return nudges.tell(parts.engine, committed)


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop


class Running:
    """The tasks of a process that serves, and the order in which they end."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._taking = asyncio.create_task(intake.run(), name="intake")
        self._tasks = [self._taking]
        self._asides: list[asyncio.Task[None]] = []
        self._sources: list[Callable[[], None]] = [intake.close]
        self._sinks: list[Callable[[], None]] = []

    def serve(self, server: "Server", mailbox: Mailbox, listener: socket.socket) -> None:
        self._tasks.append(asyncio.create_task(server.serve([listener]), name="web"))
        self._sources += [server.leave, mailbox.close]

    def work(self, parts: Parts) -> None:
        """Deliver, fetch files, fire timers, and do what the hour brings."""
        delivery = Delivery(parts.engine, parts.channels, parts.store, parts.world, asyncio.Event())
        fetcher = Fetcher(parts.engine, parts.channels, parts.store, parts.world, asyncio.Event())
        timers = Timers(parts.engine, parts.intake, parts.world)
        day, ladder = OfficeDay(parts.engine, parts.world), Ladder(parts.engine, parts.world)
        parts.intake.outlet = delivery
        parts.intake.file_wakes.append(fetcher.wake)
        lists = Imports(parts.engine, parts.store, parts.world)
        for part in (delivery, ladder, fetcher, timers, day, lists):
            self._tasks.append(asyncio.create_task(kept_up(part.run), name=type(part).__name__))
        self._sources += [timers.close, fetcher.close, day.close, ladder.close, lists.close]
        self._sinks.append(delivery.close)

    def aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Work that may be dropped at any moment."""
        self._asides.append(asyncio.create_task(work))

    async def until(self, stop: asyncio.Event) -> None:
        """Wait for the signal, or for a part that ends although it should not."""
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([stopping, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()

    async def stop(self) -> None:
        """Take nothing more, finish what was taken, then the messages being sent; what is left waits as rows.

        Raises the error of a part that ended by one, so that whoever supervises this process starts it anew.
        """
        await _dropped(self._asides)
        for close in self._sources:
            close()
        await asyncio.wait([self._taking], timeout=STOP_WITHIN_S / 2)
        for close in self._sinks:
            close()
        await asyncio.wait(self._tasks, timeout=STOP_WITHIN_S / 2)
        await _dropped(self._tasks)
        for task in self._tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error


async def _dropped(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def kept_up(work: Callable[[], Awaitable[None]]) -> None:
    """Run a worker's loop; a bug in it is logged and the loop goes on, for the other messages' sake."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("a worker's loop broke and starts again")
            await asyncio.sleep(RESTART_PAUSE_S)
        else:
            return


async def poll_alone(engine: AsyncEngine, channel: Channel, intake: Intake) -> None:
    """Poll as the only process of this bot: Telegram ends the poll of one when another begins, Zalo shares them out.

    On PostgreSQL the holder of a lock polls and the others stand by. The lock is the transaction's, so it is free
    as soon as the holder or its connection is gone; the holder finds that out by asking.
    """
    if engine.dialect.name != "postgresql":
        await poll(channel, intake)
        return
    mine = select(func.pg_try_advisory_xact_lock(_POLLING_LOCKS[channel.name]))
    while True:
        async with engine.begin() as connection:
            if await connection.scalar(mine):
                await _while_connected(connection, poll(channel, intake))
                return
        await asyncio.sleep(STAND_BY_S)


async def _while_connected(connection: AsyncConnection, work: Coroutine[Any, Any, None]) -> None:
    """Raises what `work` or the lost connection raises."""
    task = asyncio.create_task(work)
    try:
        while not (await asyncio.wait([task], timeout=STAND_BY_S))[0]:
            await connection.execute(select(1))
        await task
    finally:
        await _dropped([task])


async def poll(channel: Channel, intake: Intake) -> None:
    """Long polling: the next list is asked for, which confirms this one, only after all of it is committed."""
    async with asyncio.TaskGroup() as spinners:
        async for incoming in channel.updates():
            await _all_taken(intake, incoming)
            for one in incoming:
                if isinstance(one, Update) and one.ack:  # aside: while Telegram is slow, the others need not wait
                    spinners.create_task(channel.acknowledge(one))


async def _all_taken(intake: Intake, incoming: Sequence[Incoming]) -> None:
    """Chats side by side; in a chat one after the other, or one that is tried again would come after the next.

    All of them are here from now on, whichever has its turn first.
    """
    now, lines = intake.world.clock(), dict[str, list[Incoming]]()
    for one in incoming:
        here = replace(one, arrived_at=now) if isinstance(one, Update) else one
        lines.setdefault(one.chat_id, []).append(here)
    await asyncio.gather(*(_in_turn(intake, line) for line in lines.values()))


async def _in_turn(intake: Intake, line: Sequence[Incoming]) -> None:
    for one in line:
        await _until_taken(intake, one)


async def _until_taken(intake: Intake, taken: Incoming) -> None:
    while True:
        try:
            await take(intake, taken)
        except Closing:
            raise asyncio.CancelledError from None
        except Exception as error:  # an outage of the database; the update waits here, unconfirmed
            log.warning("an update of %s waits: %s", taken.channel, type(error).__name__)
            await asyncio.sleep(RESTART_PAUSE_S)
        else:
            return


async def set_up_telegram(config: Settings, parts: Parts, *, web: bool, worker: bool) -> None:
    """Webhook or polling, the command menu, the bot's name."""

    async def set_up() -> None:
        await _connect(config, parts.telegram, "/telegram", web=web, worker=worker)
        await parts.telegram.set_commands(_command_list(parts.world))
        parts.links.username = await parts.telegram.username()

    await _until_set_up("Telegram", set_up)


async def set_up_zalo_bot(config: Settings, parts: Parts, *, web: bool, worker: bool) -> None:
    """Webhook or polling."""
    await _until_set_up("Zalo Bot", partial(_connect, config, parts.zalo_bot, "/zalo-bot", web=web, worker=worker))


async def _connect(config: Settings, channel: Any, path: str, *, web: bool, worker: bool) -> None:
    """Webhook where there is a public address, else polling, by the process that has to do with it."""
    if config.public_url and web:
        await channel.set_up(f"{config.public_url}{path}")
    elif not config.public_url and worker:
        await channel.set_up("")


async def _until_set_up(name: str, set_up: Callable[[], Awaitable[None]]) -> None:
    """Again until the platform has taken it."""
    for pause_s in chain(SET_UP_PAUSES_S, repeat(SET_UP_PAUSES_S[-1])):
        try:
            await set_up()
        except ChannelError as error:
            log.warning("%s could not be set up, next try in %s s: %s", name, pause_s, error)
            await asyncio.sleep(pause_s)
        else:
            return


COMMAND_WORDS = {
    "vi": {"menu": "Về đầu", "status": "Hồ sơ đang ở đâu", "help": "Trợ giúp", "language": "Tiếng Việt / English"},
    "en": {"menu": "Main menu", "status": "Where is my file", "help": "Help", "language": "Tiếng Việt / English"},
}


def _command_list(world: World) -> dict[str, list[tuple[str, str]]]:
    return {locale: [(n, w) for n, w in words.items() if n in COMMANDS] for locale, words in COMMAND_WORDS.items()}


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: this process has one place for signals."""

    def leave(self) -> None:
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listening(host: str, port: int) -> socket.socket:
    """The socket of the web server; raises OSError when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)


def _server(config: Settings, parts: Parts) -> Server:
    telegram, zalo_bot = (parts.telegram, parts.zalo_bot) if config.public_url else (None, None)
    site = Site(parts.engine, parts.world, parts.intake, parts.mailbox, parts.secret_key, config.web_chat, telegram)
    site.zalo, site.zalo_bot, site.consent = parts.channels.get("zalo"), zalo_bot, parts.consent
    site.push = parts.channels.get("push")
    return Server(
        uvicorn.Config(
            site.application(),
            host=config.host,
            port=config.port,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=3,
            proxy_headers=bool(config.public_url),
            forwarded_allow_ips=config.trusted_proxies,
            server_header=False,
        )
    )


async def _greet(config: Settings, parts: Parts, *, web: bool, worker: bool, say: Callable[[str], None]) -> None:
    if web and config.web_chat:
        say(f"The chat is at {parts.world.public_url}/")
    if web and worker:  # processes side by side would take back each other's invitation
        await _invite_first(parts, say)
    say("Ready. Ctrl-C stops it.")


async def _invite_first(parts: Parts, say: Callable[[str], None]) -> None:
    async with writing(parts.engine) as connection:
        token = await first_invitation(connection, parts.world.clock())
    if token is not None:
        say("Open this once, within 7 days, to become the first administrator:")
        for link in parts.links(f"i-{token}"):
            say(f"  {link}")


@asynccontextmanager
async def reaching(config: Settings) -> AsyncIterator[None]:
    """A database that can't be opened is told in one line; its own words may hold the address with the password."""
    try:
        yield
    except (OSError, SQLAlchemyError) as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        reason = getattr(cause, "strerror", None) or type(cause.__cause__ or cause).__name__
        raise SystemExit(f"The database {config.database_url_shown} can't be used: {reason}.") from None


async def prepare(config: Settings) -> None:
    """Bring the database to this release's shape."""
    async with reaching(config):
        await asyncio.to_thread(migrate.upgrade, config.database_url)


async def migrate_alone(config: Settings) -> None:
    with alone(config):
        await prepare(config)


async def check(config: Settings) -> None:
    """Refuse to serve a database of another release: web and worker never migrate by themselves."""
    async with reaching(config):
        current = await migrate.is_current(config.database_url)
    if not current:
        raise SystemExit("The database is not up to date: run `python -m bot migrate` first.")

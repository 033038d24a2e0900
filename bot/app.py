"""The wiring: which parts run in a process, how they start, and how they stop without losing anything."""

import asyncio
import hashlib
import logging
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.channels.base import Channel, Update
from bot.channels.web import CAPABILITIES as WEB_CAPABILITIES
from bot.channels.web import Web
from bot.deliver import Delivery
from bot.fetch import Fetcher
from bot.handle import Closing, Intake
from bot.poster import Form, poster
from bot.settings import Settings
from bot.timers import Timers
from bot.web.app import Site
from bot.web.mailbox import Mailbox
from bot.world import World
from dialogs import places
from dialogs.model import Role
from dialogs.words import COMMANDS
from storage import migrate
from storage.database import make_engine, sqlite_path
from storage.files import FileStore
from storage.models import invitations, memberships, settings
from storage.people import invite
from storage.records import upsert
from storage.single import single_process

log = logging.getLogger(__name__)

STOP_WITHIN_S = 20
RESTART_PAUSE_S = 1.0


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
    secret_key: str


@asynccontextmanager
async def assembled(config: Settings) -> AsyncIterator[Parts]:
    """All parts, connected; closed again at the end."""
    engine = make_engine(config.database_url)
    store = FileStore(config.files_url)
    telegram = await _telegram(config)
    capabilities = {"web": WEB_CAPABILITIES} | ({"telegram": telegram.capabilities} if telegram else {})
    world = replace(
        World.load(capabilities),
        days_off=config.days_off,
        public_url=config.public_url or f"http://{config.host}:{config.port}",
        bot_link=await _links(config, telegram),
    )
    mailbox = Mailbox(engine, store, world)
    channels: dict[str, Channel] = {"web": Web(mailbox)} | ({"telegram": telegram} if telegram else {})
    try:
        key = config.secret_key.get_secret_value() or await _own_key(engine)
        yield Parts(engine, store, world, channels, mailbox, Intake(engine, world), telegram, key)
    finally:
        for channel in channels.values():
            await channel.close()
        await engine.dispose()


async def _telegram(config: Settings) -> Any:
    """The Telegram channel; its libraries cost three seconds and 130 MiB, so only where it is on."""
    if not config.telegram_is_on:
        return None
    from bot.channels.telegram import Telegram

    token = config.telegram_bot_token.get_secret_value()
    return Telegram(token, config.telegram_api_url, _webhook_secret(token))


def _webhook_secret(token: str) -> str:
    """The webhook's secret follows from the token, so that every process knows it and nobody has to set it."""
    return hashlib.sha256(f"webhook {token}".encode()).hexdigest()


async def _links(config: Settings, telegram: Any) -> Callable[[str], tuple[str, ...]]:
    """Links that open the bot with a start payload, in each channel that is on."""
    base = config.public_url or f"http://{config.host}:{config.port}"
    name = ""
    if telegram is not None:
        with suppress(Exception):  # the name is a convenience; polling reports what is wrong
            name = await telegram.username()

    def links(payload: str) -> tuple[str, ...]:
        web = (f"{base}/start/{payload}",) if config.web_chat else ()
        return (*web, *((f"https://t.me/{name}?start={payload}",) if name else ()))

    return links


async def _own_key(engine: AsyncEngine) -> str:
    """The key that signs cookies, made once for this installation and kept in its database."""
    async with engine.begin() as connection:
        row = {"name": "secret_key", "value": secrets.token_urlsafe(48)}
        await connection.execute(upsert(connection, settings).values(row).on_conflict_do_nothing())
        found = await connection.execute(select(settings.c.value).where(settings.c.name == "secret_key"))
        return str(found.scalar_one())


async def first_invitation(connection: AsyncConnection, now: Any) -> str | None:
    """A one-time token for the first administrator; None once there is one. Older ones stop working."""
    admins = select(func.count()).select_from(memberships).where(memberships.c.role == Role.ADMINISTRATOR)
    if (await connection.execute(admins)).scalar_one():
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
    with alone(config):
        if migrating:
            await prepare(config)
        else:
            await check(config)
        async with assembled(config) as parts:
            await _serve(config, parts, web=web, worker=worker, say=say)


async def _serve(config: Settings, parts: Parts, *, web: bool, worker: bool, say: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    await _set_up_telegram(config, parts, web=web, worker=worker)
    delivery = Delivery(parts.engine, parts.channels, parts.store, parts.world, parts.intake.committed)
    fetcher = Fetcher(parts.engine, parts.channels, parts.store, parts.world, asyncio.Event())
    timers = Timers(parts.engine, parts.intake, parts.world)
    polls = worker and parts.telegram is not None and not config.public_url
    server = _server(config, parts) if web else None
    tasks = [asyncio.create_task(parts.intake.run(), name="intake")]
    if server is not None:
        listener = listening(config.host, config.port)
        tasks.append(asyncio.create_task(server.serve([listener]), name="web"))
    if worker:
        tasks += [
            asyncio.create_task(kept_up(delivery.run), name="delivery"),
            asyncio.create_task(kept_up(fetcher.run), name="fetcher"),
            asyncio.create_task(kept_up(timers.run), name="timers"),
        ]
    polling = asyncio.create_task(poll(parts.telegram, parts.intake), name="polling") if polls else None
    await _greet(config, parts, web=web, say=say)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    say("Stopping: finishing what is in hand.")
    if polling is not None:
        polling.cancel()
    if server is not None:
        server.should_exit = True
        parts.mailbox.close()
    timers.close()
    parts.intake.close()
    fetcher.close()
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_WITHIN_S):
            await tasks[0]
            delivery.close()
            await _ended([*tasks, *([polling] if polling is not None else [])])
    for task in tasks:
        task.cancel()
    _raise_first(tasks)


async def _ended(tasks: Iterable[asyncio.Task[None]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


def _raise_first(tasks: Iterable[asyncio.Task[None]]) -> None:
    """A part that ended by an error ends the process with it, so that whoever supervises it starts it anew."""
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def kept_up(work: Callable[[], Any]) -> None:
    """Run a worker's loop; a bug in it is logged and the loop goes on, for the other messages' sake."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("a worker's loop broke and starts again")
            await asyncio.sleep(RESTART_PAUSE_S)
        else:
            return


async def poll(telegram: Channel, intake: Intake) -> None:
    """Long polling: the next list is asked for, which confirms this one, only after all of it is committed."""
    async for updates in telegram.updates():
        await asyncio.gather(*(_until_taken(intake, update, telegram) for update in updates))


async def _until_taken(intake: Intake, update: Update, telegram: Channel) -> None:
    while True:
        try:
            await intake.submit(update)
        except Closing:
            raise asyncio.CancelledError from None
        except Exception as error:  # an outage of the database; the update waits here, unconfirmed
            log.warning("update %s waits: %s", update.key, type(error).__name__)
            await asyncio.sleep(RESTART_PAUSE_S)
        else:
            break
    if update.ack:
        await telegram.acknowledge(update)


async def _set_up_telegram(config: Settings, parts: Parts, *, web: bool, worker: bool) -> None:
    if parts.telegram is None:
        return
    try:
        if config.public_url and web:
            await parts.telegram.set_up(f"{config.public_url}/telegram")
        elif not config.public_url and worker:
            await parts.telegram.set_up("")
        await parts.telegram.set_commands(_command_list(parts.world))
    except Exception as error:  # Telegram may be away at this moment; polling and sending try again by themselves
        log.warning("Telegram could not be set up now: %s", type(error).__name__)


COMMAND_WORDS = {
    "vi": {"menu": "Về đầu", "status": "Hồ sơ đang ở đâu", "help": "Trợ giúp", "language": "Tiếng Việt / English"},
    "en": {"menu": "Main menu", "status": "Where is my file", "help": "Help", "language": "Tiếng Việt / English"},
}


def _command_list(world: World) -> dict[str, list[tuple[str, str]]]:
    return {locale: [(n, w) for n, w in words.items() if n in COMMANDS] for locale, words in COMMAND_WORDS.items()}


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: this process has one place for signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listening(host: str, port: int) -> socket.socket:
    """The socket of the web server; raises OSError when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)


def _server(config: Settings, parts: Parts) -> Server:
    telegram = parts.telegram if config.public_url else None
    site = Site(parts.engine, parts.world, parts.intake, parts.mailbox, parts.secret_key, config.web_chat, telegram)
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
            forwarded_allow_ips="127.0.0.1",
            server_header=False,
        )
    )


async def _greet(config: Settings, parts: Parts, *, web: bool, say: Callable[[str], None]) -> None:
    if web and config.web_chat:
        say(f"The chat is at {parts.world.public_url}/")
    async with parts.engine.begin() as connection:
        token = await first_invitation(connection, parts.world.clock())
    if token is not None:
        say("Open this once, within 7 days, to become the first administrator:")
        for link in parts.world.bot_link(f"i-{token}"):
            say(f"  {link}")


async def prepare(config: Settings) -> None:
    """Bring the database to this release's shape."""
    await asyncio.to_thread(migrate.upgrade, config.database_url)


async def migrate_alone(config: Settings) -> None:
    with alone(config):
        await prepare(config)


async def check(config: Settings) -> None:
    """Refuse to serve a database of another release: web and worker never migrate by themselves."""
    if not await migrate.is_current(config.database_url):
        raise SystemExit("The database is not up to date: run `python -m bot migrate` first.")


# ---------------------------------------------------------------- commands that are done at once


async def invite_officer(config: Settings, role: Role, territory: str, say: Callable[[str], None]) -> None:
    await check(config)
    async with assembled(config) as parts:
        async with parts.engine.begin() as connection:
            token = await invite(connection, role, territory, parts.world.clock())
        for link in parts.world.bot_link(f"i-{token}"):
            say(link)


async def make_poster(config: Settings, commune: str, output: Path, say: Callable[[str], None]) -> None:
    """A poster with a QR code for each channel that is on."""
    unit = places.commune(commune)
    province = places.province(unit.province_code) if unit is not None else None
    if unit is None or province is None:
        raise SystemExit(f"There is no commune {commune}. Codes are in dialogs/rules/communes.tsv.")
    forms: dict[str, Form] = {".svg": "svg", ".png": "png", ".pdf": "pdf"}
    if output.suffix not in forms:
        raise SystemExit("The poster's name must end in .svg, .png or .pdf.")
    telegram = await _telegram(config)
    links = await _links(config, telegram)
    if telegram is not None:
        await telegram.close()
    named = [(_channel_of(link), link) for link in links(f"c-{commune}")]
    made = poster(unit.full_name, province.name, named, forms[output.suffix])
    await asyncio.to_thread(output.write_bytes, made)
    say(f"{output} opens {', '.join(link for _, link in named)}")


def _channel_of(link: str) -> str:
    return "Telegram" if link.startswith("https://t.me/") else "Web"

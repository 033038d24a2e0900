"""Which keys seal names, numbers and messages (storage.sealing), and how they are changed.

They come from ENCRYPTION_KEY. Without it a start on SQLite makes a key of its own, in a file beside the database that
only this user may read, and which goes on opening once there is an ENCRYPTION_KEY; on PostgreSQL, whose processes may
be on several machines, nothing is sealed then.
"""

import logging
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.settings import Settings
from storage import resealing
from storage.database import make_engine, sqlite_path, writing
from storage.sealing import NoKey, Ring, ring_of
from storage.secrets import Vault, rekey

log = logging.getLogger(__name__)


async def opened(config: Settings) -> AsyncEngine:
    """An engine that seals and opens with this installation's keys.

    Raises SystemExit where one that is in use is missing: nothing may be shown, or sealed, without it.
    """
    keys, path = config.encryption_keys, key_path(config)
    if path is not None:
        keys += _read(path)
        if not keys and await _unsealed(config):
            keys = _made(path)
    engine = make_engine(config.database_url, Ring(keys) if keys else None)
    try:
        await resealing.agree(engine)
    except NoKey as error:
        await engine.dispose()
        where = f"ENCRYPTION_KEY or {path}" if path is not None else "ENCRYPTION_KEY"
        raise SystemExit(f"Not possible: {error}, and {where} does not have it. Add that key.") from None
    except BaseException:
        await engine.dispose()
        raise
    return engine


def key_path(config: Settings) -> Path | None:
    """Where the key of an installation without ENCRYPTION_KEY is: var/ocop.key beside var/ocop.db."""
    database = sqlite_path(config.database_url)
    return database.with_suffix(".key") if database is not None else None


def _read(path: Path) -> tuple[str, ...]:
    """The keys in a file, the first of which seals; none where there is no file."""
    if not path.exists():
        return ()
    return tuple(key.strip() for key in path.read_text(encoding="ascii").split(","))


async def _unsealed(config: Settings) -> bool:
    """Whether nothing was ever sealed: else the key that is gone has to come back, and a new one would be no help."""
    engine = make_engine(config.database_url)
    try:
        return not await resealing.kept_under(engine)
    finally:
        await engine.dispose()


def _made(path: Path) -> tuple[str, ...]:
    """A new key in its file, which is whole or not there; of two that begin at once both get the first one's."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.touch(mode=0o600)
    part.write_text(f"{secrets.token_urlsafe(48)}\n", encoding="ascii")
    with suppress(FileExistsError):
        path.hardlink_to(part)
    part.unlink()
    return _read(path)


async def keep_sealed(engine: AsyncEngine) -> None:
    """After the start: bring what older keys have, or none has, under the first one, while everything else runs."""
    ring = ring_of(engine)
    if ring is None:
        log.warning("ENCRYPTION_KEY is empty: names, telephone numbers and messages are kept as they are")
        return
    if await resealing.kept_under(engine) == (ring.newest,):
        return
    try:
        await resealing.reseal(engine)
    except NoKey as error:
        log.error("not everything is under the first key: %s", error)
    else:
        log.info("everything is sealed with the first key now: others may go")


async def rotate(config: Settings, say: Callable[[str], None]) -> None:
    """Seal everything with the first key, also while the program runs."""
    engine = await opened(config)
    try:
        if config.encryption_keys:
            async with writing(engine) as connection:
                unopened = await rekey(connection, Vault(config.encryption_keys))
            if unopened:
                raise SystemExit(f"ENCRYPTION_KEY does not open {unopened} secrets: add the key they were kept with.")
        changed = await resealing.reseal(engine)
    except NoKey as error:
        raise SystemExit(f"Not everything was done: {error}. Add it to ENCRYPTION_KEY.") from None
    finally:
        await engine.dispose()
    for table, count in changed.items():
        say(f"{count:8} {table}")
    say("Everything is sealed with the first key now: others may go.")

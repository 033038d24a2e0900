"""Whether anything is missing once everything has come to rest: submissions, files, alerts, replies."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database import make_engine, reading, sqlite_path
from storage.files import FileStore
from storage.models import cases, conversations, files, outbox, papers, timers, updates
from storage.sealing import Ring
from tests.doubles.bot_api import BotApi
from tests.doubles.people import Person
from tests.doubles.villagers import Villager, told
from tests.heart import rows

SETTLED_S = 300.0
KEY = "a key for tests of more than 32 characters"
"""ENCRYPTION_KEY of a program on PostgreSQL."""


async def nobody_is_stuck(everybody: Sequence[Person]) -> None:
    for person in everybody:
        person.reads_all()
        person.types("/menu")
    await asyncio.gather(*(person.answered(SETTLED_S) for person in everybody))


def engine_of(url: str) -> AsyncEngine:
    """Opens what the program has sealed: by the key that it has made beside its SQLite database, else by `KEY`."""
    path = sqlite_path(url)
    key = path.with_suffix(".key").read_text(encoding="ascii").strip() if path is not None else KEY
    return make_engine(url, Ring([key]))


async def settled(url: str) -> None:
    """Until no message, file or counted album is on its way any more."""
    engine = engine_of(url)
    try:
        async with asyncio.timeout(SETTLED_S):
            while await waiting(engine):  # noqa: ASYNC110  rows ring no bell
                await asyncio.sleep(0.2)
    finally:
        await engine.dispose()


async def waiting(engine: AsyncEngine) -> bool:
    async with reading(engine) as connection:
        for some in (
            exists().where(outbox.c.status == "waiting"),
            exists().where(files.c.due_at.is_not(None)),
            exists().where(timers.c.kind == "files"),
        ):
            if await connection.scalar(select(some)):
                return True
    return False


async def nothing_is_missing(
    url: str, store: Path, api: BotApi, villagers: Sequence[Villager], officers: Mapping[str, Person]
) -> None:
    engine = engine_of(url)
    try:
        found = await rows(engine, cases)
        every_submission_once(found, villagers)
        every_alert_at_least_once(found, officers)
        await every_file_is_there(engine, FileStore(str(store)), found, villagers)
        await every_reply_arrived(engine, api)
        taken = {row.key for row in await rows(engine, updates) if row.channel == "telegram"}
        assert {str(number) for number in api.pushed} <= taken
        assert [row.error for row in await rows(engine, updates) if row.error] == []
    finally:
        await engine.dispose()


def every_submission_once(found: list[Any], villagers: Sequence[Villager]) -> None:
    assert sorted(row.product for row in found) == sorted(told(one.n)["product"] for one in villagers)


def every_alert_at_least_once(found: list[Any], officers: Mapping[str, Person]) -> None:
    """`officers` by commune."""
    read = {commune: "\n".join(seen.text for seen in officer.sees()) for commune, officer in officers.items()}
    assert [row.code for row in found if row.code not in read.get(row.commune, row.code)] == []


async def every_file_is_there(
    engine: AsyncEngine, store: FileStore, found: list[Any], villagers: Sequence[Villager]
) -> None:
    """Bytes and checksum of each photo that is in a case; who sent the album again may have it there twice."""
    kept = {row.id: row for row in await rows(engine, files)}
    pages = {row.case_id: [page[0] for page in row.pages] for row in await rows(engine, papers)}
    photos = {told(one.n)["product"]: one for one in villagers}
    for case in found:
        of_it = [kept[file_id] for file_id in pages[case.id]]
        assert {row.status for row in of_it} == {"stored"}
        assert {row.sha256 for row in of_it} == photos[case.product].sha256
        for row in of_it:
            assert len(await store.get(row.sha256)) == row.size_bytes  # which looks at the checksum


async def every_reply_arrived(engine: AsyncEngine, api: BotApi) -> None:
    """What the database says was sent, was: as often, word for word; and nothing was given up."""
    chats = {row.id: int(row.chat_id) for row in await rows(engine, conversations)}
    sent: dict[int, Counter[str]] = defaultdict(Counter)
    for row in await rows(engine, outbox):
        assert row.status == "sent", (row.status, row.error)
        sent[chats[row.conversation_id]][row.body["text"]] += 1
    for chat_id, texts in sent.items():
        assert texts - Counter(seen.text for seen in api.chats[chat_id].seen) == Counter()

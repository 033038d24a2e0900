"""What the tests of the heart stand on: a world with a clock to turn, people who type, a messenger that can fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from typing import Any
from unittest import mock

from sqlalchemy import Table, event, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Attachment, Capabilities, Outgoing, Sent, Update
from bot.handle import Intake, handle
from bot.render import Listener
from bot.world import World
from dialogs.model import Event, Role, State, TextReceived
from dialogs.state import dump
from storage import cases, people, visits
from storage.database import make_engine
from storage.models import conversations, files, memberships
from storage.models import people as people_table
from storage.records import Conversation, conversations_of
from storage.sealing import ring_of
from tests.transcripts import CHANNELS, Clock, Play
from tests.warm import warmed

COMMUNE, TERRITORY = "04336", "15/04336"  # Tân Lĩnh, Lào Cai


@cache
def _world() -> World:
    return World.load(CHANNELS)


def world_at(clock: Clock, listener: Listener | None = None) -> World:
    return replace(_world(), clock=clock, listener=listener or _world().listener)


@dataclass(frozen=True, slots=True)
class Broken(Listener):
    """Breaks at texts with "poison" in them, as a bug in understanding would; notes what it heard."""

    heard: list[str] = field(default_factory=list)

    def recognise(self, event: Event, asked: Any, locale: str, listed: Any = ()) -> Event:
        if isinstance(event, TextReceived):
            self.heard.append(event.text)
            if "poison" in event.text:
                raise KeyError(event.text)
        return Listener.recognise(self, event, asked, locale, listed)


def broken() -> Broken:
    return Broken(_world().listener.catalogs, _world().listener.handbook)


def typed(who: str, words: str, key: str, channel: str = "telegram") -> Update:
    return Update(channel, key, who, TextReceived(words), "vi")


async def say(engine: AsyncEngine, world: World, who: str, *lines: str, channel: str = "telegram") -> None:
    for n, words in enumerate(lines):
        await handle(engine, world, [typed(who, words, f"{who}-{n}-{words[:20]}", channel)])


async def idea(engine: AsyncEngine, clock: Clock, who: str = "producer") -> None:
    """The person goes through the whole registration."""
    run = Play(engine, world_at(clock), clock, "telegram")
    await run.line(f"{who}> /start c-{COMMUNE}")
    for line in REGISTRATION:
        await run.line(f"{who}> {line}")


REGISTRATION = (
    "đồng ý", "không cần nhắc", "đúng rồi",
    "đăng ký", "Chuối sấy dẻo", "Thực phẩm", "7", "Đang bán", "sấy than củi", "chuối tây nhà trồng",
    "3 người trong nhà", "200 kg một tháng", "Chợ", "Nhãn và bao bì", "Hộ gia đình", "Lý Thị Mẩy", "Mẩy",
    "0912345678", "bỏ qua", "bản Nà Hẩu", "gửi cho xã",
)  # fmt: skip


async def rows(engine: AsyncEngine, table: Table, *where: Any) -> list[Any]:
    async with engine.begin() as connection:
        found = await connection.execute(select(table).where(*where).order_by(*table.primary_key.columns))
        return list(found.all())


async def count(engine: AsyncEngine, table: Table) -> int:
    async with engine.begin() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def chat(engine: AsyncEngine, clock: Clock, who: str, channel: str = "telegram", **person: Any) -> Conversation:
    """A chat that stands at the menu, with what is known of its person."""
    async with engine.begin() as connection:
        key = (channel, who)
        found = (await conversations_of(connection, {key: "vi"}, clock()))[key]
        await people.set_person(connection, found.person_id, commune=COMMUNE, consent="yes", **person)
        if not found.state.at:
            begun = update(conversations).where(conversations.c.id == found.id).values(state=dump(State(at="menu/")))
            await connection.execute(begun)
        return (await conversations_of(connection, {key: "vi"}, clock()))[key]


async def officer(
    engine: AsyncEngine, clock: Clock, who: str, territory: str = TERRITORY, channel: str = "telegram"
) -> Conversation:
    found = await chat(engine, clock, who, channel, officer=True)
    role = {0: Role.PROVINCE_OFFICER, 1: Role.COMMUNE_OFFICER}[territory.count("/")] if territory else None
    async with engine.begin() as connection:
        row = {"person_id": found.person_id, "role": role or Role.ADMINISTRATOR, "territory": territory}
        await connection.execute(insert(memberships).values(**row, since=clock()))
    return await chat(engine, clock, who, channel, officer=True)


async def many_chats(engine: AsyncEngine, clock: Clock, names: Sequence[str]) -> None:
    """Chats of people who have agreed and stand at the menu, in a few statements."""
    async with engine.begin() as connection:
        made = await connection.execute(
            insert(people_table).returning(people_table.c.id),
            [{"created_at": clock(), "consent": "yes", "commune": COMMUNE} for _ in names],
        )
        state = dump(State(at="menu/"))
        new = [
            {"person_id": i, "channel": "telegram", "chat_id": who, "state": state, "updated_at": clock()}
            for i, who in zip(made.scalars(), names, strict=True)
        ]
        await connection.execute(insert(conversations), new)


NONE_OFF: frozenset[date] = frozenset()
ANSWERS = {"product": "Chuối sấy dẻo", "contact_name": "Mẩy", "phone": "+84912345678", "producer_name": "Lý Thị Mẩy"}


async def submit(
    engine: AsyncEngine, producer: Conversation, now: datetime, answers: Mapping[str, str] = ANSWERS
) -> str:
    async with engine.begin() as connection:
        return await cases.submit_idea(connection, producer, answers, now, NONE_OFF)


async def keep_files(engine: AsyncEngine, clock: Clock, owner: Conversation, *ids: str) -> None:
    made = [
        {
            "id": file_id,
            "person_id": owner.person_id,
            "conversation_id": owner.id,
            "channel": owner.channel,
            "source": "",
            "status": "stored",
            "received_at": clock(),
        }
        for file_id in ids
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(files), made)


@asynccontextmanager
async def beside(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """The same database as another process sees it."""
    other = await warmed(make_engine(engine.url.render_as_string(hide_password=False), ring_of(engine)))
    yield other
    await other.dispose()


@asynccontextmanager
async def taking(engine: AsyncEngine, world: World) -> AsyncIterator[Intake]:
    """An intake at work. Should it die, who waits for it does not wait for ever."""
    intake = Intake(engine, world)
    task = asyncio.create_task(intake.run())
    async with asyncio.timeout(60):
        yield intake
        intake.close()
        await task


@contextmanager
def watched(engine: AsyncEngine, name: str) -> Iterator[list[str]]:
    """What happens on an engine meanwhile: SQL for "before_cursor_execute", "" for "commit"."""
    seen: list[str] = []

    def note(*happened: Any) -> None:
        seen.append(str(happened[2]) if len(happened) > 2 else "")

    def begin(adapted: visits.Adapted) -> None:
        if name == "before_cursor_execute":  # SQLite's BEGIN is our dialect's, which has no events
            seen.append(adapted.begins.sql)
        begun(adapted)

    begun = visits.Adapted.begin
    event.listen(engine.sync_engine, name, note)
    with mock.patch.object(visits.Adapted, "begin", begin):
        yield seen
    event.remove(engine.sync_engine, name, note)


async def once(so: Callable[[], Awaitable[bool]], within_s: float = 15) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(within_s):
        while not await so():  # noqa: ASYNC110  what is waited for is in the database, and rings no bell
            await asyncio.sleep(0.01)


class Working:
    """A worker's loop (Delivery, Fetcher), run until something is so."""

    def __init__(self, *workers: Any) -> None:
        self._workers = workers

    async def until(self, so: Callable[[], Awaitable[bool]], within_s: float = 15) -> None:
        tasks = [asyncio.create_task(worker.run()) for worker in self._workers]
        try:
            await once(so, within_s)
        finally:
            for worker in self._workers:
                worker.close()
            await asyncio.gather(*tasks)
            for worker in self._workers:
                worker._hands._closing = False


@dataclass
class Messenger:
    """A channel that delivers into a list, or fails as it is told: one outcome for each try."""

    name: str = "telegram"
    capabilities: Capabilities = field(default_factory=lambda: CHANNELS["telegram"])
    outcomes: list[Exception | None] = field(default_factory=list)
    sent: list[tuple[str, Outgoing]] = field(default_factory=list)
    tries: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, bytes | Exception] = field(default_factory=dict)
    before_sending: Callable[[str, Outgoing], Awaitable[None]] | None = None

    def carries(self, attachment: Attachment) -> bool:
        return self.capabilities.shows(attachment.show)

    async def send(self, chat_id: str, message: Outgoing) -> Sent:
        self.tries.append((chat_id, message.text))
        if self.before_sending is not None:
            await self.before_sending(chat_id, message)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome
        self.sent.append((chat_id, message))
        return Sent()

    async def fetch(self, source: str) -> bytes:
        found = self.files[source]
        if isinstance(found, Exception):
            raise found
        return found

    def texts(self, chat_id: str) -> list[str]:
        return [message.text for to, message in self.sent if to == chat_id]

    def read(self, headers: Any, body: bytes) -> list[Update]:
        raise NotImplementedError

    def updates(self) -> AsyncIterator[list[Update]]:
        raise NotImplementedError

    async def acknowledge(self, update: Update) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError

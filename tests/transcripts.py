"""Plays a conversation, written down as text, through the real `handle` and a real database.

A line of a transcript is one of
    # a remark, kept as it is
    > words                 the producer types           officer> words     another person does
    > [Label]               presses the newest button of that label; on a channel without buttons types its number
    > (photo) (photo blurred) (album 6) (contact 0912…) (location) (sticker) (file name.pdf)
    ~ 3 days                time passes, timers fire     ~ 5 seconds
    < words                 what the bot says to the producer; officer< to the other person
Everything after "<" lines is what came back; `play` writes it anew, and the test compares.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Capabilities, Update, pressed
from bot.handle import handle
from bot.world import World
from dialogs.model import (
    ContactShared,
    Event,
    FileReceived,
    FileRef,
    LocationShared,
    Role,
    TextReceived,
    TimerFired,
    UnsupportedReceived,
)
from storage import people
from storage.models import conversations, files, outbox, results
from storage.models import cases as case_table
from storage.people import due_timers

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""Monday, 9:00 in Viet Nam."""

TELEGRAM = Capabilities(4096, 100, 40, 64, True, True, True, True)
NUMBERS = Capabilities(2000, 0, 0, 0, False, False, False, False)
"""The poorest messenger: 2,000 characters, no buttons, no files."""
CHANNELS = {"telegram": TELEGRAM, "numbers": NUMBERS}
OFFICERS_COMMUNE = "04336"  # Tân Lĩnh, Lào Cai

_LINE = re.compile(r"(?P<who>\w*)(?P<sign>[<>])(?: (?P<words>.*))?$")


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Play:
    """One run of a transcript. `channel` is the producer's; officers are on Telegram unless it is theirs too."""

    engine: AsyncEngine
    world: World
    clock: Clock
    channel: str
    locale: str = "vi"
    seen: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    count: int = 0
    sent: int = 0

    async def line(self, line: str) -> list[str]:
        """What came back for one line of input."""
        if line.startswith("~"):
            return await self._wait(line[1:].strip())
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"not a line of a transcript: {line!r}")
        who = match["who"] or "producer"
        for event in self._events(who, (match["words"] or "").strip()):
            await self._do(who, event)
        return await self._replies()

    async def _do(self, who: str, event: Event) -> None:
        self.count += 1
        source = "somewhere" if isinstance(event, FileReceived) else ""
        update_ = Update(self._channel(who), f"u{self.count}", who, event, self.locale, source)
        await handle(self.engine, self.world, [update_])
        if isinstance(event, FileReceived):
            await self._fetched(event.file.id, event.file.name)

    def _channel(self, who: str) -> str:
        return self.channel if who.startswith("producer") else "telegram"

    def _events(self, who: str, words: str) -> Iterator[Event]:
        if found := re.fullmatch(r"\[(.+)\]", words):
            yield self._press(who, found[1])
        elif found := re.fullmatch(r"\((\w+)\s*(.*)\)", words):
            yield from self._special(found[1], found[2])
        else:
            yield TextReceived(words)

    def _press(self, who: str, label: str) -> Event:
        for body in reversed(self.seen.get(who, [])):
            for data, shown in body.get("buttons", []):
                if shown == label:
                    return pressed(data)
            if found := re.search(rf"^(\d+)\. {re.escape(label)}$", body["text"], re.MULTILINE):
                return self._numbered(body, found[1])
            if found := re.search(rf"^{re.escape(label)}: (?:gõ|type) (\S+)$", body["text"], re.MULTILINE):
                return TextReceived(found[1])
        raise LookupError(f"{who} sees no button {label!r}")

    def _numbered(self, body: dict[str, Any], number: str) -> Event:
        for data, shown in body.get("buttons", []):
            if shown == number:
                return pressed(data)
        return TextReceived(number)

    def _special(self, kind: str, rest: str) -> Iterator[Event]:
        match kind:
            case "photo":
                yield self._file(f"{rest or 'good'}.jpg", is_photo=True)
            case "album":
                for _ in range(int(rest)):
                    yield self._file("good.jpg", is_photo=True)
            case "file":
                yield self._file(rest, is_photo=False)
            case "contact":
                yield ContactShared(rest, own=True)
            case "stranger":
                yield ContactShared(rest, own=False)
            case "location":
                yield LocationShared(22.1, 104.7)
            case _:
                yield UnsupportedReceived(kind)

    def _file(self, name: str, *, is_photo: bool) -> Event:
        self.sent += 1
        return FileReceived(FileRef(f"f{self.sent}", name, 1000, is_photo))

    async def _fetched(self, file_id: str, name: str) -> None:
        """What the fetching worker would have found; the name says it: "blurred.jpg", "empty.pdf"."""
        finding = name.partition(".")[0]
        refused = finding in ("empty", "locked", "broken", "scripted", "unknown_kind")
        values = {
            "status": "refused" if refused else "stored",
            "findings": finding if refused or finding in ("blurred", "dark", "tiny") else "",
            "pages": 1,
            "kind": "jpeg",
            "due_at": None,
        }
        async with self.engine.begin() as connection:
            await connection.execute(update(files).where(files.c.id == file_id).values(values))

    async def _wait(self, words: str) -> list[str]:
        amount, unit = words.split()
        target = self.clock.now + timedelta(**{unit if unit.endswith("s") else f"{unit}s": int(amount)})
        while self.clock.now < target:
            self.clock.now = min(target, self.clock.now + timedelta(seconds=1 if "second" in unit else 600))
            await self.timers()
        return await self._replies()

    async def timers(self) -> None:
        async with self.engine.connect() as connection:
            due = await due_timers(connection, self.clock.now, 100)
            await connection.rollback()
        for timer in due:
            event = TimerFired(timer.kind, timer.subject, timer.turn)
            key = f"timer-{timer.id}-{timer.turn}-{timer.due_at.timestamp()}"
            await handle(self.engine, self.world, [Update(timer.channel, key, timer.chat_id, event)])

    async def _replies(self) -> list[str]:
        async with self.engine.begin() as connection:
            statement = (
                select(outbox.c.id, outbox.c.body, conversations.c.chat_id)
                .join(conversations)
                .where(outbox.c.status == "waiting")
                .order_by(outbox.c.id)
            )
            rows = (await connection.execute(statement)).all()
            await connection.execute(update(outbox).values(status="sent"))
        return [line for row in rows for line in self._shown(row.chat_id, row.body)]

    def _shown(self, who: str, body: dict[str, Any]) -> list[str]:
        self.seen.setdefault(who, []).append(body)
        sign = "<" if who == "producer" else f"{who}<"
        lines = [f"{sign} {line}".rstrip() for line in body["text"].split("\n")]
        if labels := [f"[{label}]" for _, label in body.get("buttons", [])]:
            lines.append(f"{sign} {' '.join(labels)}")
        if body.get("ask_contact"):
            lines.append(f"{sign} (☎ {body['ask_contact']})")
        if body.get("ask_location"):
            lines.append(f"{sign} (📍 {body['ask_location']})")
        lines += [f"{sign} 📎 {file['name']} ({len(file['pages'])})" for file in body.get("attachments", [])]
        return lines


async def hire(engine: AsyncEngine, world: World, who: str, role: Role, territory: str, now: datetime) -> None:
    """An officer who has joined by an invitation, in silence."""
    async with engine.begin() as connection:
        token = await people.invite(connection, role, territory, now)
    event = TextReceived(f"/start i-{token}")
    await handle(engine, world, [Update("telegram", f"hire-{who}", who, event, "vi")])
    async with engine.begin() as connection:
        await connection.execute(update(outbox).values(status="sent"))


async def publish(engine: AsyncEngine, now: datetime) -> None:
    """A rating as the province would publish it for the only case."""
    async with engine.begin() as connection:
        case_id = (await connection.execute(select(case_table.c.id))).scalar_one()
        row = {
            "case_id": case_id,
            "points_a": 27,
            "points_b": 15,
            "points_c": 21,
            "stars": 3,
            "decision": "812/QĐ-UBND",
            "certificate_until": datetime(2029, 10, 20, tzinfo=UTC).date(),
            "published_at": now,
        }
        await connection.execute(insert(results).values(row))
        await connection.execute(update(case_table).values(status="rated", due_on=None))


def inputs(transcript: str) -> list[str]:
    """The lines a transcript was played from: without what came back."""
    return [line for line in transcript.splitlines() if not re.match(r"\w*<", line)]


async def play(run: Play, lines: list[str]) -> str:
    written: list[str] = []
    for line in lines:
        written.append(line)
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith("!"):
            await _stage(run, line[1:].strip())
            continue
        written += await run.line(line)
    return "\n".join(written).rstrip() + "\n"


async def _stage(run: Play, words: str) -> None:
    """ "! officer joins": something that happens behind the scenes."""
    match words:
        case "officer joins":
            territory = f"15/{OFFICERS_COMMUNE}"
            await hire(run.engine, run.world, "officer", Role.COMMUNE_OFFICER, territory, run.clock.now)
        case "province joins":
            await hire(run.engine, run.world, "province", Role.PROVINCE_OFFICER, "15", run.clock.now)
        case "stranger joins":
            await hire(run.engine, run.world, "stranger", Role.COMMUNE_OFFICER, "11/03253", run.clock.now)
        case "the result is published":
            await publish(run.engine, run.clock.now)
        case _:
            raise ValueError(words)


def transcripts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.txt"))

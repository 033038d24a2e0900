"""Plays a conversation, written down as text, through the real `handle` and a real database.

A line of a transcript is one of
    # a remark, kept as it is
    > words                 the producer types           officer> words     another person does
    > [Label]               presses the newest button of that label; on a channel without buttons types its number
    >> [Label]              a finger that hits twice: two updates      >= words      one update, delivered twice
    > words || others       where the messenger has neither buttons nor files, `others` instead ("" = nothing)
    > (photo) (photo blurred) (album 4 blurred 1) (file locked.pdf) (contact 0912…) (stranger 0912…) (location)
    > (sticker) (voice) (edited) (invited)     the last: follows the newest invitation
    ~ 3 days                time passes, timers fire     ~ 5 seconds
    ! officer joins         something behind the scenes, see `_stage`
    < words                 what the bot says to the producer; officer< to the other person
Everything after "<" lines is what came back; `play` writes it anew, and the test compares. A photo where no
messenger carries it goes through the page that the bot gave a link to, as far as it gave one.
"""

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Capabilities, Update, pressed
from bot.handle import handle
from bot.world import World
from dialogs.model import (
    ContactShared,
    Event,
    FileReceived,
    FileRef,
    LinkFollowed,
    LocationShared,
    Role,
    TextReceived,
    TimerFired,
    UnsupportedReceived,
)
from storage import people
from storage.models import cases as case_table
from storage.models import conversations, files, outbox, results, timers, upload_links

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""Monday, 9:00 in Viet Nam."""

TELEGRAM = Capabilities(4096, 100, 40, 64, True, True, True, True)
NUMBERS = Capabilities(2000, 0, 0, 0, False, False, False, False)
"""The poorest messenger: 2,000 characters, no buttons, no files."""
CHANNELS = {"telegram": TELEGRAM, "numbers": NUMBERS}
OFFICERS_COMMUNE = "04336"  # Tân Lĩnh, Lào Cai
PUBLIC_URL = "https://ocop.example"

_LINE = re.compile(r"(?P<who>\w*)(?P<sign>>>|>=|>)(?: (?P<words>.*))?$")
_TOKEN = re.compile(r"(?<=/u/)[\w-]{24}|(?<=i-)[\w-]{24}")
"""Secrets of links: new at each run, so a transcript shows "…"."""
_CARRIED = {"photo", "album", "file", "contact", "stranger", "location"}
"""What a messenger of words alone does not carry."""


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Play:
    """One run of a transcript. `channel` is the producers'; officers are on Telegram.

    `met` collects the dialogs that were stood in; `seen` what each person was sent.
    """

    engine: AsyncEngine
    world: World
    clock: Clock
    channel: str
    locale: str = "vi"
    seen: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)
    count: int = 0
    sent: int = 0
    invitation: str = ""

    async def line(self, line: str) -> list[str]:
        """What came back for one line of input."""
        if line.startswith("~"):
            return await self._wait(line[1:].strip())
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"not a line of a transcript: {line!r}")
        who = match["who"] or "producer"
        words, given, others = (match["words"] or "").partition("||")
        if given and self._poor(who):
            words = others
            if not words.strip():
                return []
        await self._say(who, words.strip(), match["sign"])
        return await self._replies()

    async def _say(self, who: str, words: str, sign: str) -> None:
        kind = words.strip("()").partition(" ")[0]
        if words.startswith("(") and kind in _CARRIED and self._poor(who):
            await self._through_the_page(who, words)
            return
        events = list(self._events(who, words))
        for event in events:
            await self._do(who, event)
            if sign != ">":
                await self._do(who, event, again=sign == ">=")

    async def _do(self, who: str, event: Event, *, again: bool = False) -> None:
        """`again`: the platform delivers the update before once more."""
        self.count += not again
        source = "somewhere" if isinstance(event, FileReceived) else ""
        update_ = Update(self._channel(who), f"u{self.count}", who, event, self.locale, source)
        await handle(self.engine, self.world, [update_])
        if isinstance(event, FileReceived):
            await self._fetched(event.file.id, event.file.name)

    def _channel(self, who: str) -> str:
        return self.channel if who.startswith("producer") else "telegram"

    def _poor(self, who: str) -> bool:
        return not CHANNELS[self._channel(who)].receives_files

    # what a line means

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
                return self._numbered(who, body, found[1], label)
            if found := re.search(rf"^{re.escape(label)}: .*“(.+)”$", body["text"], re.MULTILINE):
                return TextReceived(found[1])
        raise LookupError(f"{who} sees no button {label!r}")

    def _numbered(self, who: str, body: dict[str, Any], number: str, label: str) -> Event:
        """The number of a line; without buttons, of an older message's line the words."""
        for data, shown in body.get("buttons", []):
            if shown == number:
                return pressed(data)
        newest = next(b for b in reversed(self.seen[who]) if re.search(r"^1\. ", b["text"], re.MULTILINE))
        return TextReceived(number if newest is body else label)

    def _special(self, kind: str, rest: str) -> Iterator[Event]:
        match kind:
            case "photo" | "album" | "file":
                yield from self._files(kind, rest)
            case "contact":
                yield ContactShared(rest, own=True)
            case "stranger":
                yield ContactShared(rest, own=False)
            case "location":
                yield LocationShared(22.1, 104.7)
            case "invited":
                yield TextReceived(f"/start i-{self.invitation}")
            case _:
                yield UnsupportedReceived(kind)

    def _files(self, kind: str, rest: str) -> Iterator[Event]:
        """ "(album 4 blurred 1)" is four good ones, then a blurred and a good one."""
        if kind == "file":
            yield self._file(rest, is_photo=False)
            return
        for word in (rest or "1").split():
            for name in ["good"] * int(word) if word.isdigit() else [word]:
                yield self._file(f"{name}.jpg", is_photo=True)

    def _file(self, name: str, *, is_photo: bool) -> Event:
        self.sent += 1
        return FileReceived(FileRef(f"f{self.sent}", name, 1000, is_photo))

    async def _through_the_page(self, who: str, words: str) -> None:
        """As bot.web.app does with a one-time upload link; without one the messenger drops what it can't carry."""
        files_ = [event for event in self._events(who, words) if isinstance(event, FileReceived)]
        shown = self.seen[who][-1]["text"]
        if not files_ or "/u/" not in shown:
            await self._do(who, UnsupportedReceived("other"))
            return
        async with self.engine.connect() as connection:
            newest = select(upload_links).order_by(upload_links.c.expires_at.desc(), upload_links.c.token_sha256)
            found = (await connection.execute(newest)).all()
            await connection.rollback()
        token = shown.rpartition("/u/")[2][:24]
        link = next(row for row in found if row.token_sha256 == people.digest(token))
        await self._do(who, LinkFollowed(f"upload.{link.case_code}/pages", {"_paper": link.paper}))
        for file in files_:
            await self._do(who, file)

    async def _fetched(self, file_id: str, name: str) -> None:
        """What the fetching worker would have found; the name says it: "blurred.jpg", "empty.pdf"."""
        finding = name.partition(".")[0]
        refused = finding in ("empty", "locked", "broken", "scripted", "unknown_kind")
        values = {
            "status": "refused" if refused else "stored",
            "findings": finding if refused or finding in ("blurred", "dark", "tiny") else "",
            "pages": 3 if name.endswith(".pdf") else 1,
            "kind": "jpeg",
            "due_at": None,
        }
        async with self.engine.begin() as connection:
            await connection.execute(update(files).where(files.c.id == file_id).values(values))

    # time

    async def _wait(self, words: str) -> list[str]:
        amount, unit = words.split()
        target = self.clock.now + timedelta(**{unit if unit.endswith("s") else f"{unit}s": int(amount)})
        while (moment := await self._next_timer()) is not None and moment <= target:
            self.clock.now = max(self.clock.now, moment)
            await self._fire()
        self.clock.now = target
        return await self._replies()

    async def _next_timer(self) -> datetime | None:
        async with self.engine.connect() as connection:
            moment = (await connection.execute(select(timers.c.due_at).order_by(timers.c.due_at).limit(1))).scalar()
            await connection.rollback()
        return moment

    async def _fire(self) -> None:
        """As bot.timers does."""
        async with self.engine.connect() as connection:
            due = await people.due_timers(connection, self.clock.now, 100)
            await connection.rollback()
        for timer in due:
            event = TimerFired(timer.kind, timer.subject, timer.turn)
            key = f"timer-{timer.id}-{timer.due_at.timestamp()}"
            await handle(self.engine, self.world, [Update(timer.channel, key, timer.chat_id, event)])
            async with self.engine.begin() as connection:
                done = delete(timers).where(timers.c.id == timer.id, timers.c.due_at == timer.due_at)
                await connection.execute(done)

    # what came back

    async def _replies(self) -> list[str]:
        async with self.engine.begin() as connection:
            statement = (
                select(outbox.c.id, outbox.c.body, conversations.c.chat_id)
                .join(conversations)
                .where(outbox.c.status == "waiting")
                .order_by(outbox.c.id)
            )
            rows = (await connection.execute(statement)).all()
            await connection.execute(update(outbox).where(outbox.c.status == "waiting").values(status="sent"))
            states = (await connection.execute(select(conversations.c.state))).scalars()
            self.met |= {str(state["at"]).partition("/")[0].partition(".")[0] for state in states}
        return [line for row in rows for line in self._shown(row.chat_id, row.body)]

    def _shown(self, who: str, body: dict[str, Any]) -> list[str]:
        self.seen.setdefault(who, []).append(body)
        if found := re.search(r"i-([\w-]{24})", body["text"]):
            self.invitation = found[1]
        sign = "<" if who == "producer" else f"{who}<"
        lines = [f"{sign} {line}".rstrip() for line in _TOKEN.sub("…", body["text"]).split("\n")]
        if labels := [f"[{label}]" for _, label in body.get("buttons", [])]:
            lines.append(f"{sign} {' '.join(labels)}")
        if body.get("ask_contact"):
            lines.append(f"{sign} (☎ {body['ask_contact']})")
        if body.get("ask_location"):
            lines.append(f"{sign} (📍 {body['ask_location']})")
        lines += [f"{sign} 📎 {file['name']} ({len(file['pages'])})" for file in body.get("attachments", [])]
        return lines


# ---------------------------------------------------------------- behind the scenes


async def hire(run: Play, who: str, role: Role, territory: str) -> None:
    """An officer who has joined by an invitation, in silence."""
    await _invite(run, role, territory)
    event = TextReceived(f"/start i-{run.invitation}")
    await handle(run.engine, run.world, [Update("telegram", f"hire-{who}", who, event, "vi")])
    async with run.engine.begin() as connection:
        await connection.execute(update(outbox).values(status="sent"))


async def _invite(run: Play, role: Role, territory: str) -> None:
    async with run.engine.begin() as connection:
        run.invitation = await people.invite(connection, role, territory, run.clock.now)


async def publish(run: Play) -> None:
    """A rating as the province would publish it for the newest case."""
    async with run.engine.begin() as connection:
        newest = select(case_table.c.id).order_by(case_table.c.id.desc()).limit(1)
        case_id = (await connection.execute(newest)).scalar_one()
        row = {
            "case_id": case_id,
            "points_a": 27,
            "points_b": 15,
            "points_c": 21,
            "stars": 3,
            "decision": "812/QĐ-UBND",
            "certificate_until": datetime(2029, 10, 20, tzinfo=UTC).date(),
            "published_at": run.clock.now,
        }
        await connection.execute(insert(results).values(row))
        rated = (
            update(case_table)
            .where(case_table.c.id == case_id)
            .values(status="rated", due_on=None, since=run.clock.now.date())
        )
        await connection.execute(rated)


def _quietly(*lines: str) -> Callable[[Play], Awaitable[None]]:
    """What other transcripts show at length."""

    async def stage(run: Play) -> None:
        for line in lines:
            await run.line(line)

    return stage


def _by(who: str, *said: str) -> tuple[str, ...]:
    return tuple(f"{who}> {words}" for words in said)


_HELLO = ("/start c-04336", "đồng ý", "không cần nhắc", "đúng rồi")
_IDEA = (
    "đăng ký", "Chuối sấy dẻo", "Thực phẩm", "7", "Đang bán", "sấy than củi", "chuối tây nhà trồng",
    "3 người trong nhà", "200 kg một tháng", "Chợ", "Nhãn và bao bì", "Hộ gia đình", "Lý Thị Mẩy", "Mẩy",
    "0912345678", "bỏ qua ||", "bản Nà Hẩu", "gửi cho xã", "menu",
)  # fmt: skip
_PLAN = (
    "nộp giấy tờ", "Kế hoạch làm ăn", "(file ke-hoach.pdf)", "xong", "Giấy đăng ký hộ kinh doanh", "(album 2)", "xong",
    "gửi cho xã", "gửi luôn", "menu",
)  # fmt: skip
_COMMUNE = f"15/{OFFICERS_COMMUNE}"
_STAGE: dict[str, Callable[[Play], Awaitable[None]]] = {
    "producer is known": _quietly(*_by("producer", *_HELLO)),
    "producer has sent an idea": _quietly(*_by("producer", *_HELLO, *_IDEA)),
    "producer2 has sent an idea": _quietly(*_by("producer2", *_HELLO, *_IDEA)),
    "the idea is accepted": _quietly("officer> TL12-26-0001", "officer> nhận", "officer> nhận luôn", "officer> menu"),
    "the plan is accepted": _quietly("officer> TL12-26-0001", "officer> nhận", "officer> nhận luôn", "officer> menu"),
    "the plan is sent": _quietly(*_by("producer", *_PLAN)),
    "officer joins": lambda run: hire(run, "officer", Role.COMMUNE_OFFICER, _COMMUNE),
    "colleague joins": lambda run: hire(run, "colleague", Role.COMMUNE_OFFICER, _COMMUNE),
    "province joins": lambda run: hire(run, "province", Role.PROVINCE_OFFICER, "15"),
    "stranger joins": lambda run: hire(run, "stranger", Role.COMMUNE_OFFICER, "11/03253"),
    "administrator joins": lambda run: hire(run, "administrator", Role.ADMINISTRATOR, ""),
    "the officer is invited": lambda run: _invite(run, Role.COMMUNE_OFFICER, _COMMUNE),
    "the result is published": publish,
}
"""Lines like "! officer joins"."""


def inputs(transcript: str) -> list[str]:
    """The lines a transcript was played from: without what came back."""
    return [line for line in transcript.splitlines() if not re.match(r"\w*<", line)]


async def play(run: Play, lines: list[str]) -> str:
    written: list[str] = []
    for line in lines:
        written.append(line)
        if line.startswith("!"):
            await _STAGE[line[1:].strip()](run)
        elif line.strip() and not line.startswith("#"):
            written += await run.line(line)
    return "\n".join(written).rstrip() + "\n"


def transcripts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.txt"))

"""Plays a conversation, written down as text, through the real `handle` and a real database.

A line of a transcript is one of
    # a remark, kept as it is
    > words                 the producer types           officer> words     another person does
    > [Label]               presses the newest button of that label; where choices are typed back, types its number
    >> [Label]              a finger that hits twice: two updates      >= words      one update, delivered twice
    > (photo) || others     on a messenger that does not carry it `others` instead ("" = nothing)
    > mã (digits) TL12-26-0001     with the newest code of six digits
    > (photo) (photo blurred) (album 4 blurred 1) (file locked.pdf) (contact 0912…) (stranger 0912…) (location)
    > (album household_reg text picture)       photos on which words were read, or none
    > (voice) (voice too_long)
    > (sticker) (edited) (invited) (seated)    the last: follow the newest invitation, and the newest to a council
    ~ 3 days                time passes, timers fire, offices open and close     ~ 5 seconds
    ! officer joins         something behind the scenes, see `_stage`
    < words                 what the bot says to the producer; officer< to the other person
Everything after "<" lines is what came back; `play` writes it anew, and the test compares. Everybody is on the same
messenger. A file that it does not carry goes through the page that the bot gave a link to, as far as it gave one.
"""

import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.channels import email, push, web, zalo, zalo_bot
from bot.channels.base import Capabilities, Proof, Update, pressed
from bot.desk.day import OfficeDay
from bot.handle import handle
from bot.imports import Imports, surveyed, written
from bot.merge import merge
from bot.render import types_back
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
from dialogs.rules.rating import months_after
from dialogs.rules.scoring import choices, gates
from dialogs.rules.sheet import sheet
from dialogs.rules.working_days import at_minute
from storage import imports as imports_of
from storage import notices, people
from storage import outbox as outbox_of
from storage.database import sqlite_path, upsert
from storage.files import FileStore
from storage.models import (
    Moment,
    ballots,
    case_events,
    confirmations,
    conversations,
    council_seats,
    digests,
    files,
    memberships,
    outbox,
    papers,
    results,
    timers,
    upload_links,
)
from storage.models import cases as case_table
from storage.models import people as people_table
from storage.records import VIETNAM
from tests.certificate_lists import GOOD, book

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""Monday, 9:00 in Viet Nam."""

TELEGRAM = Capabilities(4096, 100, 40, 64, True, True, True, True)
ZALO = zalo.capabilities(buttons=False, asks_contact=True)
CHANNELS = {"telegram": TELEGRAM, "zalo": ZALO, "zalo_bot": zalo_bot.CAPABILITIES}
BESIDE = {"web": web.CAPABILITIES, "push": push.CAPABILITIES, "email": email.CAPABILITIES}
"""Further channels: "web> ..." is somebody on the web page, whatever channel the others are on."""
WHILE_TYPING, WHILE_PRESSING = timedelta(seconds=3), timedelta(milliseconds=1)
"""How long a line of input takes; no two people write at the same instant."""
NAMES = {
    "officer": "Hùng",
    "colleague": "Hạnh",
    "approver": "Thảo",
    "province": "Lan",
    "stranger": "Dũng",
    "neighbour": "Sơn",
    "administrator": "Minh",
}
"""What officers who join behind the scenes are called."""
_MEMBERS = ("", "", "", "Bùi Thị Hoa", "Đỗ Văn Khánh", "Vũ Thị Lan", "Ngô Văn Minh", "Trần Thị Nga")
"""Of a council, by number; the first two are invited in the transcript."""
OFFICERS_COMMUNE = "04336"  # Tân Lĩnh, Lào Cai
PUBLIC_URL = "https://ocop.example"

LOOKS = {"household_reg", "business_plan", "food_safety", "text", "picture"}
"""What a photo may be like (dialogs.producer.sorting), and how it may be spoilt."""
SPOILT = {"blurred", "dark", "tiny"}
_LINE = re.compile(r"(?P<who>\w*)(?P<sign>>>|>=|>)(?: (?P<words>.*))?$")
_TOKEN = re.compile(r"(?<=/u/)[\w-]{24}|(?<=[ih]-)[\w-]{24}|(?<=“mã )\d{6}|(?<=[:in] )\d{3} \d{3}$", re.MULTILINE)
"""Secrets of links, and codes: new at each run, so a transcript shows "…"."""
_SIX_DIGITS = re.compile(r": (\d{3} \d{3})$", re.MULTILINE)
_CARRIED: dict[str, Callable[[Capabilities], bool]] = {
    "photo": lambda can: can.receives_photos,
    "album": lambda can: can.receives_photos,
    "file": lambda can: can.receives_files,
    "voice": lambda can: can.receives_photos,
    "contact": lambda can: can.asks_contact,
    "stranger": lambda can: can.asks_contact,
    "location": lambda can: can.receives_files,  # Zalo Bot has events for neither
}
"""What not every messenger carries."""


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


_NOW = bindparam("now", type_=Moment)
_WAITING = (
    select(outbox, conversations.c.chat_id, conversations.c.channel)
    .join(conversations)
    .where(outbox.c.status == "waiting", outbox.c.due_at <= _NOW)
    .order_by(outbox.c.due_at, outbox.c.id)
)
_STATES = select(conversations.c.state)
_NEXT_TIMER = select(timers.c.due_at).order_by(timers.c.due_at).limit(1)
_PUT_OFF = select(digests.c.due_at).where(digests.c.sent_at.is_(None), digests.c.due_at > _NOW)


@dataclass
class Play:
    """One run of a transcript, with everybody on the same channel.

    `met` collects the dialogs that were stood in, `moves` what happened to the cases, `seen` what each person was sent.
    """

    engine: AsyncEngine
    world: World
    clock: Clock
    channel: str
    locale: str = "vi"
    seen: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)
    moves: set[tuple[str, str, str]] = field(default_factory=set)
    count: int = 0
    sent: int = 0
    invitation: str = ""
    seat: str = ""
    digits: str = ""
    typed: dict[str, str] = field(default_factory=dict)
    """The number each person typed last."""

    def remembered(self) -> tuple[datetime, dict[str, Any]]:
        """The moment, and what it has learned by then: for another Play of the same channel to go on from."""
        learned = ("seen", "met", "moves", "count", "sent", "invitation", "seat", "digits", "typed")
        return self.clock.now, deepcopy({name: getattr(self, name) for name in learned})

    def remember(self, now: datetime, learned: Mapping[str, Any]) -> None:
        self.clock.now = now
        for name, value in deepcopy(learned).items():
            setattr(self, name, value)

    async def line(self, line: str) -> list[str]:
        """What came back for one line of input."""
        if line.startswith("~"):
            return await self._wait(line[1:].strip())
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"not a line of a transcript: {line!r}")
        who = match["who"] or "producer"
        words, given, others = map(str.strip, (match["words"] or "").partition("||"))
        if given and not self._carried(words):
            words = others
            if not words:
                return []
        await self._say(who, words, match["sign"])
        return await self._replies()

    async def _say(self, who: str, words: str, sign: str) -> None:
        words = words.replace("(digits)", self.digits)
        if not self._carried(words):
            await self._uncarried(who, words)
            return
        self.clock.now += WHILE_TYPING if types_back(CHANNELS[self.channel]) else WHILE_PRESSING
        for event in list(self._events(who, words)):
            await self._do(who, event)
            if sign != ">":
                await self._do(who, event, again=sign == ">=")

    async def _do(self, who: str, event: Event, *, again: bool = False) -> None:
        """`again`: the platform delivers the update before once more."""
        self.count += not again
        source = "somewhere" if isinstance(event, FileReceived) else ""
        update_ = Update(who if who in BESIDE else self.channel, f"u{self.count}", who, event, self.locale, source)
        await handle(self.engine, self.world, [update_])
        if isinstance(event, FileReceived):
            await self._fetched(event.file.id, event.file.name)

    def _carried(self, words: str) -> bool:
        kind = re.match(r"\((\w+)", words)
        carries = _CARRIED.get(kind[1]) if kind is not None else None
        return carries is None or carries(CHANNELS[self.channel])

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
            if f"“{(typed := label[:1].lower() + label[1:])}”" in body["text"]:
                return TextReceived(typed)
        raise LookupError(f"{who} sees no button {label!r}")

    def _numbered(self, who: str, body: dict[str, Any], number: str, label: str) -> Event:
        """The number of a line; where it is typed, the words of an older list's line, and for the same number again."""
        for data, shown in body.get("buttons", []):
            if shown == number:
                return pressed(data)
        newest = next(b for b in reversed(self.seen[who]) if "listed" in b)
        before = self.typed.get(who)
        self.typed[who] = number
        return TextReceived(number if newest is body and number != before else label)

    def _special(self, kind: str, rest: str) -> Iterator[Event]:
        match kind:
            case "photo" | "album" | "file":
                yield from self._files(kind, rest)
            case "voice":
                yield self._file(f"{rest or 'good'}.ogg", is_photo=False, is_voice=True)
            case "contact":
                yield ContactShared(rest, own=True)
            case "stranger":
                yield ContactShared(rest, own=False)
            case "location":
                yield LocationShared(22.1, 104.7)
            case "invited":
                yield TextReceived(f"/start i-{self.invitation}")
            case "seated":
                yield TextReceived(f"/start h-{self.seat}")
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

    def _file(self, name: str, *, is_photo: bool, is_voice: bool = False) -> Event:
        self.sent += 1
        return FileReceived(FileRef(f"f{self.sent}", name, 1000, is_photo, is_voice))

    async def _uncarried(self, who: str, words: str) -> None:
        """As bot.web.app does with a one-time upload link; without one the messenger drops what it can't carry."""
        files_ = [event for event in self._events(who, words) if isinstance(event, FileReceived)]
        shown = self.seen[who][-1]["text"]
        if not files_ or "/u/" not in shown:
            await self._do(who, UnsupportedReceived("hidden"))
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
        """What the fetching worker would have found; the name says it: "blurred.jpg", "empty.pdf", "text.jpg"."""
        finding = name.partition(".")[0]
        refused = finding in ("empty", "locked", "broken", "scripted", "unknown_kind", "too_long")
        values = {
            "status": "refused" if refused else "stored",
            "findings": f"like:{finding}" if finding in LOOKS else finding if refused or finding in SPOILT else "",
            "pages": 3 if name.endswith(".pdf") else 1,
            "kind": "ogg" if name.endswith(".ogg") else "jpeg",
            "due_at": None,
        }
        async with self.engine.begin() as connection:
            await connection.execute(update(files).where(files.c.id == file_id).values(values))

    # time

    async def _wait(self, words: str) -> list[str]:
        amount, unit = words.split()
        target = self.clock.now + timedelta(**{unit if unit.endswith("s") else f"{unit}s": int(amount)})
        while (moment := min(filter(None, (await self._next_timer(), await self._next_hour())))) <= target:
            self.clock.now = max(self.clock.now, moment)
            await self._fire()
            await OfficeDay(self.engine, self.world).look()
        self.clock.now = target
        return await self._replies()

    async def _next_timer(self) -> datetime | None:
        async with self.engine.connect() as connection:
            moment = (await connection.execute(_NEXT_TIMER)).scalar()
            await connection.rollback()
        return moment

    async def _next_hour(self) -> datetime:
        """When overviews are made, an office opens or closes, people are reminded, or an overview was put off to."""
        day = self.clock.now.astimezone(VIETNAM).date()
        hours = (at_minute(day + timedelta(days=n), minute) for n in range(2) for minute in (420, 450, 1020, 1170))
        async with self.engine.connect() as connection:
            put_off: list[datetime] = list((await connection.execute(_PUT_OFF, {"now": self.clock.now})).scalars())
            await connection.rollback()
        return min(hour for hour in (*hours, *put_off) if hour > self.clock.now)

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
            rows = (await connection.execute(_WAITING, {"now": self.clock.now})).all()
            await notices.note_sent(connection, [_gone(row, self.clock.now) for row in rows], self.clock.now)
            await outbox_of.mark_sent(connection, [row.id for row in rows], self.clock.now)
            states = (await connection.execute(_STATES)).scalars()
            self.met |= {str(state["at"]).partition("/")[0].partition(".")[0] for state in states}
        return [line for row in rows for line in self._shown(row.chat_id, row.body)]

    def _shown(self, who: str, body: dict[str, Any]) -> list[str]:
        self.seen.setdefault(who, []).append(body)
        if found := re.search(r"([ih])-([\w-]{24})", body["text"]):
            setattr(self, "seat" if found[1] == "h" else "invitation", found[2])
        if found := re.search(r"“mã (\d{6}) ", body["text"]) or _SIX_DIGITS.search(body["text"]):
            self.digits = found[1].replace(" ", "")
        sign = "<" if who == "producer" else f"{who}<"
        lines = [f"{sign} {line}".rstrip() for line in _TOKEN.sub("…", body["text"]).split("\n")]
        if labels := [f"[{label}]" for _, label in body.get("buttons", [])]:
            lines.append(f"{sign} {' '.join(labels)}")
        if body.get("ask_contact"):
            lines.append(f"{sign} (☎ {body['ask_contact']})")
        if body.get("ask_location"):
            lines.append(f"{sign} (📍 {body['ask_location']})")
        lines += [f"{sign} 📎 {_attached(spec)}" for spec in body.get("attachments", [])]
        return lines


def _gone(row: Any, now: datetime) -> notices.Gone:
    """As bot.deliver notes what a platform has taken."""
    can = (CHANNELS | BESIDE)[row.channel]
    ids = (row.delivery_id,) if row.delivery_id is not None else tuple(row.body.get("deliveries", ()))
    proven = can.proof is Proof.TAKEN or row.delivery_id is None
    return notices.Gone(row.id, row.conversation_id, row.channel, now, ids, (), None if proven else can.patience)


def _attached(spec: dict[str, Any]) -> str:
    """A spec of bot/showing.py in words."""
    if "file" in spec:
        return f"{spec.get('name', '')} {spec['file']}".strip()
    if spec.get("as") == "sheet":
        return " · ".join(f"{n} {_attached(paper)}" for n, paper in enumerate(spec["papers"], 1))
    as_pictures = ", từng trang" if spec.get("as") == "pages" else ""
    return f"{spec['name']} ({len(spec.get('pages', '1'))}{as_pictures})"


# ---------------------------------------------------------------- behind the scenes


async def hire(run: Play, who: str, role: Role, territory: str) -> None:
    """An officer who has joined by an invitation, in silence."""
    await _invite(run, role, territory)
    event = TextReceived(f"/start i-{run.invitation}")
    await handle(run.engine, run.world, [Update(run.channel, f"hire-{who}", who, event, "vi")])
    async with run.engine.begin() as connection:
        await connection.execute(update(outbox).values(status="sent"))
        person = select(conversations.c.person_id).where(conversations.c.chat_id == who).scalar_subquery()
        named = update(people_table).where(people_table.c.id == person, people_table.c.name == "")
        await connection.execute(named.values(name=NAMES.get(who, "")))


async def _invite(run: Play, role: Role, territory: str) -> None:
    async with run.engine.begin() as connection:
        run.invitation = await people.invite(connection, role, territory, run.clock.now)


async def merge_communes(run: Play) -> None:
    """Tân Lĩnh becomes part of Lục Yên, as `python -m bot merge 04336 --into 04303` does it."""
    await merge(run.engine, run.world, [OFFICERS_COMMUNE], "04303")


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


async def expire_code(run: Play) -> None:
    """As if 14 days had gone by without a digest."""
    async with run.engine.begin() as connection:
        await connection.execute(update(confirmations).values(expires_at=run.clock.now))


async def _of_2023(run: Play) -> None:
    """The newest case follows the rules that still had a district, as if it had been filed then."""
    async with run.engine.begin() as connection:
        newest = select(case_table.c.id).order_by(case_table.c.id.desc()).limit(1).scalar_subquery()
        await connection.execute(update(case_table).where(case_table.c.id == newest).values(ruleset="ocop-2023"))


async def _last_day(run: Play) -> None:
    """Three years have passed since the decision, as far as certificates know."""
    async with run.engine.begin() as connection:
        await connection.execute(update(results).values(certificate_until=run.clock.now.astimezone(VIETNAM).date()))


async def _score(run: Play, *who: str) -> None:
    """The rest of these members' sheets, as they would have marked it; all hand theirs in but the first.

    What three stars ask for at least, and in the middle elsewhere. The last one likes neither box nor taste.
    """
    form = sheet("ocop-2026", 7)
    three = {gate.code: gate.option for _, gate in gates(form) if gate.stars == 3}
    middle = {c.code: three.get(c.code, choices(c)[len(choices(c)) // 2]) for c in form.criteria}
    async with run.engine.begin() as connection:
        people_of = select(conversations.c.chat_id, council_seats.c.id.label("seat_id")).join(
            conversations, conversations.c.person_id == council_seats.c.person_id
        )
        seats = {row.chat_id: row.seat_id for row in await connection.execute(people_of)}
        case_id = (await connection.execute(select(case_table.c.id))).scalar_one()
        for name in who:
            marks = middle | ({"2.2": 1, "6.5": 1} if name == who[-1] else {})
            submitted = None if name == who[0] else run.clock.now
            row = {"marks": marks, "standing": "free", "product_set": 7, "submitted_at": submitted}
            made = upsert(connection, ballots).values(seat_id=seats[name], case_id=case_id, **row)
            await connection.execute(made.on_conflict_do_update(index_elements=["seat_id", "case_id"], set_=row))


async def _renewable(run: Play) -> None:
    """As many years have passed as it takes: today the certificate may be renewed, and a paper has run out."""
    today = run.clock.now.astimezone(VIETNAM).date()
    soon = {"certificate_until": today + timedelta(days=179), "look_on": today - timedelta(days=30)}
    async with run.engine.begin() as connection:
        await connection.execute(update(results).values(soon))
        old = update(papers).where(papers.c.paper == "food_safety")
        await connection.execute(old.values(valid_until=today - timedelta(days=30)))


async def _without_a_chat(run: Play) -> None:
    """As if the certified product's producer had never had one, on the last day on which nobody is told of its end."""
    until = months_after(run.clock.now.astimezone(VIETNAM).date() + timedelta(days=2), 6)
    async with run.engine.begin() as connection:
        somebody = insert(people_table).values(name="Mẩy", created_at=run.clock.now).returning(people_table.c.id)
        number = (await connection.execute(somebody)).scalar_one()
        await connection.execute(update(case_table).values(person_id=number))
        await connection.execute(update(results).values(certificate_until=until, look_on=until))


async def _list_from_elsewhere(connection: AsyncConnection, run: Play) -> None:
    """Where the messenger takes no files, from another chat of the same person's."""
    member = (await connection.execute(select(memberships).where(memberships.c.role == "province_officer"))).one()
    chat = select(conversations.c.id).where(conversations.c.person_id == member.person_id)
    run.sent += 1
    row = {"id": f"f{run.sent}", "person_id": member.person_id, "channel": "web", "source": ""}
    row |= {"conversation_id": (await connection.execute(chat)).scalars().first(), "received_at": run.clock.now}
    await connection.execute(insert(files).values(row))
    await imports_of.ask(connection, "15", row["id"], member.person_id, run.clock.now)


async def _list_comes(run: Play) -> None:
    """The list that the officer has sent is here: five lines, of which one is here twice and two are not right."""
    lines = (
        GOOD,
        {**GOOD, "product": "Mật ong bạc hà", "maker": "Hộ Lý Thị Mẩy", "kind": "Hộ gia đình", "set": 4},
        {**GOOD, "product": "Miến đao", "commune": "Xã Không Có"},
        {**GOOD, "product": "Trà dây", "set": 11, "decided_on": run.clock.now.date() + timedelta(days=30)},
        GOOD,
    )
    with TemporaryDirectory() as folder:
        store = FileStore(folder)
        here = {"sha256": await store.put(book(*lines)), "status": "stored", "due_at": None}
        async with run.engine.begin() as connection:
            if not await imports_of.to_do(connection, run.clock.now):
                await _list_from_elsewhere(connection, run)
            await connection.execute(update(files).where(files.c.id.like("f%")).values(here))
        await Imports(run.engine, store, run.world).look()


def _taken_over(*makers: str) -> Callable[["Play"], Awaitable[None]]:
    """Certificates of an older list, with the producer's number for each of these makers."""

    async def stage(run: Play) -> None:
        data = book(*({**GOOD, "maker": maker} for maker in makers))
        found = await surveyed(run.engine, data, "15", run.clock.now.astimezone(VIETNAM).date())
        async for _ in written(run.engine, "15", found.new, None, "cli", run.clock.now):
            pass

    return stage


async def _march(run: Play) -> None:
    """The next first of March, before seven in the morning: a new cycle begins."""
    today = run.clock.now.astimezone(VIETNAM).date()
    run.clock.now = datetime(today.year + (today.month > 2), 3, 1, 6, 50, tzinfo=VIETNAM).astimezone(UTC)


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
    "0912345678", "bỏ qua", "bản Nà Hẩu", "gửi cho xã", "menu",
)  # fmt: skip
_PLAN = (
    "nộp giấy tờ", "Kế hoạch làm ăn", "(file ke-hoach.pdf)", "xong", "Giấy đăng ký hộ kinh doanh", "(album 2)", "xong",
    "gửi cho xã", "gửi luôn", "menu",
)  # fmt: skip
_DOSSIER = (
    "nộp giấy tờ", "Phiếu đăng ký (mẫu 01)", "(file mau-01.pdf)", "xong", "Báo cáo tự đánh giá", "(file mau-02.pdf)",
    "xong", "Giấy an toàn thực phẩm", "(photo)", "xong", "gửi cho xã", "gửi luôn", "menu",
)  # fmt: skip
_DOSSIER_OF_2023 = (
    "nộp giấy tờ", "Phiếu đăng ký", "(file phieu.pdf)", "xong", "Phương án", "(file phuong-an.pdf)", "xong",
    "Giới thiệu cơ sở", "(photo)", "xong", "gửi cho xã", "gửi luôn", "menu",
)  # fmt: skip
_ASSESSED = ("TL12-26-0001", "chấm phần của xã", "3", "2", "3", "2", "xong", "menu")
_ACCEPTED = ("chấp nhận", "nhận luôn", "menu")
_SECOND = (
    *_by("producer2", *_HELLO, *_IDEA), *_by("officer", "TL12-26-0002", *_ACCEPTED),
    *_by("producer2", *_PLAN), *_by("officer", "TL12-26-0002", *_ACCEPTED), *_by("producer2", *_DOSSIER),
    *_by("officer", "TL12-26-0002", *_ASSESSED[1:], "TL12-26-0002", "trình lãnh đạo", "gửi", "menu"),
)  # fmt: skip
_COMMUNE = f"15/{OFFICERS_COMMUNE}"
_STAGE: dict[str, Callable[[Play], Awaitable[None]]] = {
    "producer is known": _quietly(*_by("producer", *_HELLO)),
    "producer has sent an idea": _quietly(*_by("producer", *_HELLO, *_IDEA)),
    "producer2 has sent an idea": _quietly(*_by("producer2", *_HELLO, *_IDEA)),
    "producer2's dossier is checked": _quietly(*_SECOND),
    "the idea is accepted": _quietly(*_by("officer", "TL12-26-0001", "chấp nhận", "nhận luôn", "menu")),
    "the plan is accepted": _quietly(*_by("officer", "TL12-26-0001", "chấp nhận", "nhận luôn", "menu")),
    "the plan is sent": _quietly(*_by("producer", *_PLAN)),
    "the dossier is sent": _quietly(*_by("producer", *_DOSSIER)),
    "the dossier of 2023 is sent": _quietly(*_by("producer", *_DOSSIER_OF_2023)),
    "the commune has assessed": _quietly(*_by("officer", *_ASSESSED)),
    "the dossier is checked": _quietly(*_by("officer", "TL12-26-0001", "trình lãnh đạo", "gửi", "menu")),
    "the dossier is sent up": _quietly(*_by("approver", "TL12-26-0001", "chuyển lên", "gửi", "menu")),
    "the dossier is taken up": _quietly(*_by("province", "TL12-26-0001", "nhận hồ sơ", "gửi", "menu")),
    "five more members come in": _quietly(
        *(
            line
            for n in range(3, 8)
            for line in (
                *_by("province", "mời thêm", f"{_MEMBERS[n]}, Sở Công Thương", "ủy viên"),
                f"member{n}> (seated)",
            )
        )
    ),
    "member1 marks the rest, and four others all": lambda run: _score(run, *(f"member{n}" for n in (1, 3, 4, 5, 6))),
    "others guess the code": _quietly(
        *(line for n in range(4) for line in _by("producer", f"mã 00000{n} TL12-26-0001", "xác nhận"))
    ),
    "the code runs out": lambda run: expire_code(run),
    "officer joins": lambda run: hire(run, "officer", Role.COMMUNE_OFFICER, _COMMUNE),
    "colleague joins": lambda run: hire(run, "colleague", Role.COMMUNE_OFFICER, _COMMUNE),
    "approver joins": lambda run: hire(run, "approver", Role.COMMUNE_APPROVER, _COMMUNE),
    "province joins": lambda run: hire(run, "province", Role.PROVINCE_OFFICER, "15"),
    "stranger joins": lambda run: hire(run, "stranger", Role.COMMUNE_OFFICER, "11/03253"),
    "administrator joins": lambda run: hire(run, "administrator", Role.ADMINISTRATOR, ""),
    "neighbour joins": lambda run: hire(run, "neighbour", Role.COMMUNE_OFFICER, "15/04303"),
    "the communes merge": merge_communes,
    "the officer is invited": lambda run: _invite(run, Role.COMMUNE_OFFICER, _COMMUNE),
    "the product is certified": _quietly(
        *_by("province", "TL12-26-0001", "nhập kết quả", "27", "15", "21", "812/QĐ-UBND", "hôm nay"),
        *_by("province", "công bố", "công bố luôn", "menu"),
    ),
    "the case is of 2023": _of_2023,
    "the certificate is in its last day": _last_day,
    "the certificate may be renewed": _renewable,
    "March comes": _march,
    "the list is read": _list_comes,
    "a list has one maker with this number": _taken_over("Hợp tác xã Tân Lĩnh"),
    "a list has two makers with this number": _taken_over("Hợp tác xã Tân Lĩnh", "Hộ Lý Thị Mẩy"),
    "the producer has no chat, and in two days six months are left": _without_a_chat,
    "the next file goes up to the province": _quietly(
        *_by("officer", "TL12-26-0002", *_ASSESSED[1:], "TL12-26-0002", "trình lãnh đạo", "gửi", "menu"),
        *_by("approver", "TL12-26-0002", "chuyển lên", "gửi", "menu"),
        *_by("province", "TL12-26-0002", "nhận hồ sơ", "gửi", "menu"),
    ),
    "the result is published": publish,
}
"""Lines like "! officer joins"."""


def inputs(transcript: str) -> list[str]:
    """The lines a transcript was played from: without what came back."""
    return [line for line in transcript.splitlines() if not re.match(r"[\w.@]*<", line)]


@dataclass
class Beginnings:
    """Where the first "!" lines of transcripts lead: many begin alike, and each beginning is played only once.

    Kept are the SQLite database and what the Play knows, by channel, language and those lines.
    """

    _kept: dict[tuple[str, ...], tuple[bytes, tuple[datetime, dict[str, Any]]]] = field(default_factory=dict)

    async def reach(self, run: Play, stages: list[str]) -> None:
        """From the longest beginning that is known; the engine of `run` has not been used yet."""
        keys = [(run.channel, run.locale, *stages[:n]) for n in range(1, len(stages) + 1)]
        known = sum(key in self._kept for key in keys)
        if known:
            database, remembered = self._kept[keys[known - 1]]
            _file_of(run.engine).write_bytes(database)
            run.remember(*remembered)
        for key in keys[known:]:
            await _STAGE[key[-1]](run)
            with closing(sqlite3.connect(_file_of(run.engine))) as beside:
                self._kept[key] = beside.serialize(), run.remembered()


def _file_of(engine: AsyncEngine) -> Path:
    path = sqlite_path(engine.url.render_as_string())
    assert path is not None
    return path


async def play(run: Play, lines: list[str], beginnings: Beginnings | None = None) -> str:
    written = [*takewhile(lambda line: not line.strip() or line[0] in "#!", lines)]
    stages = [line[1:].strip() for line in written if line.startswith("!")]
    if beginnings is not None:
        await beginnings.reach(run, stages)
    else:
        for name in stages:
            await _STAGE[name](run)
    for line in lines[len(written) :]:
        written.append(line)
        if line.startswith("!"):
            await _STAGE[line[1:].strip()](run)
        elif line.strip() and not line.startswith("#"):
            written += await run.line(line)
    run.moves |= await _moves(run.engine)
    return "\n".join(written).rstrip() + "\n"


async def _moves(engine: AsyncEngine) -> set[tuple[str, str, str]]:
    """What happened to the cases: (action, from, to)."""
    async with engine.connect() as connection:
        lines = select(case_events.c.action, case_events.c.from_status, case_events.c.to_status).distinct()
        found = {tuple(row) for row in await connection.execute(lines)}
        await connection.rollback()
    return found


def transcripts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.txt"))

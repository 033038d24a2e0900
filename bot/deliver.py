"""Delivers what the outbox holds: in order for each chat, again after a failure, never lost."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot import attachments
from bot.channels.base import (
    Attachment,
    Button,
    Capabilities,
    Channel,
    ChannelError,
    FileUnavailable,
    Moved,
    Outgoing,
    Proof,
    Rejected,
    SendsTemplates,
    Sent,
    Suspended,
    Throttled,
    Unreachable,
    WindowClosed,
)
from bot.desk import documents
from bot.handle import Written, is_outage, where
from bot.hands import Hands
from bot.links import Linking
from bot.world import World
from storage import notices, outbox
from storage.database import reading, writing
from storage.files import FileStore
from storage.models import conversations, files

log = logging.getLogger(__name__)

IN_HAND = 96
"""Messages being sent at the same time, below the 100 connections to Telegram: at 50 ms each that is 1,900 a second."""
NOTICES_IN_HAND = 24
"""The other places stay free for replies: an announcement to hundreds must not keep waiting who has just written."""
SEND_WITHIN_S = 75.0
"""One message, its attachments made and sent; below outbox.LEASE, so that a slow message isn't in two hands."""
MAKING = 2
"""Messages whose attachments are made at the same time: a decoded picture takes up to about 330 MB (papers.py)."""
WAIT_FOR_FILES = timedelta(minutes=2)
"""A note goes without its photo when that has not arrived by then, and says that there was one."""
FILE_PAUSE_S = 2.0
TRIES_OF_A_BUG = 3
"""A message that we can't make must not hold up its chat for a day, as one does that the platform doesn't take."""
SUSPENDED_PAUSE_S = 20.0
"""How often a channel that takes nothing until somebody acts is tried: once that was done, nobody waits longer."""
SENT = Counter("ocop_messages_total", "Messages by channel and outcome", ["channel", "outcome"])
ANSWERED = Histogram(
    "ocop_reply_seconds",
    "From the turn that gave a reply until the platform took it",
    ["channel"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
sent_of, answered_of = cache(SENT.labels), cache(ANSWERED.labels)
SUSPENDED = Gauge("ocop_channel_suspended", "1 while a channel takes nothing until somebody acts", ["channel"])


class NotHereYetError(Exception):
    """A file of the message is still being fetched."""


@dataclass
class Delivery:
    """The worker of the outbox. `wake` is set by whoever has just committed something."""

    engine: AsyncEngine
    channels: Mapping[str, Channel]
    store: FileStore
    world: World
    wake: asyncio.Event
    _sent: list[notices.Gone] = field(default_factory=list)
    _gone: set[int] = field(default_factory=set)
    """Ids of messages that were sent, until that is noted."""
    _notices: set[int] = field(default_factory=set)
    """Ids of the notices in hand."""
    _paused: dict[str, datetime] = field(default_factory=dict)
    """Channels that have had too many messages, and until when: theirs would only take up places meanwhile."""
    _suspended: dict[str, str] = field(default_factory=dict)
    """Channels that are not in order, and why."""
    _released: bool = field(init=False)
    """Whether what a process before this one had in hand is free again; on PostgreSQL its lease has to end."""

    def __post_init__(self) -> None:
        self._released = self.engine.dialect.name != "sqlite"
        self._making = asyncio.Semaphore(MAKING)
        self._linking = Linking(self.engine, self.store, self.world)
        self._hands = Hands(self._claim, self._deliver, IN_HAND, self.wake)

    async def run(self) -> None:
        await self._hands.run()
        await self._note_sent()

    def close(self) -> None:
        self._hands.close()

    @property
    def hand(self) -> outbox.Hand:
        """What can be taken from the transaction that writes it (bot.handle.Outlet)."""
        return outbox.Hand(self._hands.free if self._released else 0, self._gone, self._away(self.world.clock()))

    def take(self, written: Written) -> None:
        self._hands.take(written.in_hand)
        if written.others:
            self.wake.set()

    async def _claim(self, free: int) -> list[outbox.Due]:
        """Note what has been sent and take what is due, in one transaction; none if there is neither."""
        if not self._sent and not (free and await self._waits()):
            return []
        sent, self._sent = self._sent, []
        try:
            async with writing(self.engine) as connection:
                if not self._released:
                    await outbox.release(connection)
                await self._note(connection, sent)
                due = await self._due(connection, free) if free else []
            self._released = True
            self._gone.difference_update(gone.id for gone in sent)
            self._notices |= {message.id for message in due if message.kind == "notice"}
            return due
        except BaseException:
            self._sent = sent + self._sent
            raise

    async def _waits(self) -> bool:
        async with reading(self.engine) as connection:
            now = self.world.clock()
            return not self._released or await outbox.waits(connection, now, self._for_notices, self._away(now))

    async def _due(self, connection: AsyncConnection, free: int) -> list[outbox.Due]:
        now = self.world.clock()
        away = self._away(now)
        if not await outbox.waits(connection, now, self._for_notices, away):  # mostly, after replies were noted
            return []
        return await outbox.claim(connection, now, free, self._for_notices, away)

    @property
    def _for_notices(self) -> int:
        return NOTICES_IN_HAND - len(self._notices)

    def _away(self, now: datetime) -> list[str]:
        return [channel for channel, until in self._paused.items() if until > now]

    async def _note_sent(self) -> None:
        if self._sent:
            async with writing(self.engine) as connection:
                await self._note(connection, self._sent)
            self._sent = []

    async def _note(self, connection: AsyncConnection, sent: Sequence[notices.Gone]) -> None:
        now = self.world.clock()
        if sent:
            await notices.note_sent(connection, sent, now)
            listed = [gone.id for gone in sent if gone.listed]
            await outbox.mark_sent(connection, [gone.id for gone in sent], now, listed)

    async def _deliver(self, due: outbox.Due) -> None:
        try:
            await self._send(due)
        finally:
            self._notices.discard(due.id)

    async def _send(self, due: outbox.Due) -> None:
        if self.world.clock() >= due.claimed_until:  # this process stood still since: another one has it
            return
        channel = self.channels.get(due.channel)
        if channel is None:  # switched off: keep it for when the channel is back
            await self._again(due, "channel off", 300.0)
            return
        try:
            if await self._over(due):
                return
            cost = self._cost(due, channel.capabilities)
            await self._spaced(due, channel.capabilities)
            async with asyncio.timeout(SEND_WITHIN_S):
                sent = await self._handed_over(due, channel, cost)
        except NotHereYetError:
            await self._again(due, "file on its way", FILE_PAUSE_S)
        except ChannelError as error:
            sent_of(due.channel, type(error).__name__).inc()
            await self._failed(due, error)
        except Exception as error:  # a bug in making this one message must not stop the others
            log.error("message %d of %s: %s", due.id, due.channel, where(error))
            sent_of(due.channel, type(error).__name__).inc()
            await self._broken(due, error)
        else:
            sent_of(due.channel, "sent").inc()
            if due.kind == "reply":
                answered_of(due.channel).observe((self.world.clock() - due.created_at).total_seconds())
            self._works(due.channel)
            self._sent.append(self._of(due, channel.capabilities, sent, cost))
            self._gone.add(due.id)
            self._linking.done(due)

    async def _handed_over(self, due: outbox.Due, channel: Channel, cost: str) -> Sent:
        template = due.body.get("template")
        if template is None:
            if due.closed:
                raise Unreachable("the chat was closed")
            return await channel.send(due.chat_id, await self._outgoing(due, channel, cost))
        if not isinstance(channel, SendsTemplates):
            raise Rejected("no templates here")
        return await channel.send_template(template["phone"], template["id"], template["data"], str(due.id))

    async def _over(self, due: outbox.Due) -> bool:
        """Whether it is not true any more, and so was dropped (bot.turn.About.until)."""
        until = due.body.get("until")
        if not until:
            return False
        async with writing(self.engine) as connection:
            await notices.lock(connection, due.delivery_ids)
            if not await notices.have_come(connection, {until}):
                return False
            if await outbox.drop(connection, due):
                await notices.drop(connection, due.delivery_ids, self.world.clock())
            return True

    async def _spaced(self, due: outbox.Due, can: Capabilities) -> None:
        """Keep notices in one chat apart whichever worker sent the last; a clock that was set back delays none."""
        if due.kind == "notice" and due.told is not None and can.spacing:
            rest = due.told + can.spacing - self.world.clock()
            await asyncio.sleep(max(timedelta(0), min(rest, can.spacing)).total_seconds())

    def _cost(self, due: outbox.Due, can: Capabilities) -> str:
        """What it costs to write first at this moment; raises WindowClosed where nobody may.

        Without a word to the platform: each refusal counts against the account.
        """
        if "template" in due.body:
            return "paid"
        if can.window is None or due.kind != "notice":
            return ""
        cost = can.window.cost(self.world.clock() - due.heard, due.quota_left, pays=self.world.pays)
        if cost is None:
            raise WindowClosed("the person has not written for too long, or was told as much as is free")
        return cost

    def _of(self, due: outbox.Due, can: Capabilities, sent: Sent, cost: str) -> notices.Gone:
        """Whoever has just written gets with the reply what waited for that, and needs no proof."""
        proven = can.proof is Proof.TAKEN or due.delivery_id is None or "template" in due.body
        return notices.Gone(
            due.id,
            due.conversation_id,
            due.channel,
            self.world.clock(),
            due.delivery_ids,
            sent.ids,
            None if proven else can.patience,
            "paid" if sent.paid else cost,
            sent.quota_left,
            due.heard,
            due.kind == "notice" and "listed" in due.body,
        )

    def _works(self, channel: str) -> None:
        if self._suspended.pop(channel, None) is not None:
            SUSPENDED.labels(channel).set(0)
            log.warning("%s takes messages again", channel)

    def _suspend(self, channel: str, why: str) -> None:
        """The alarm, once for each cause. Its messages wait; those that nobody asked for climb (bot.ladder)."""
        if self._suspended.get(channel) != why:
            SUSPENDED.labels(channel).set(1)
            log.error("%s takes nothing until somebody acts: %s", channel, why)
        self._suspended[channel] = why
        self._paused[channel] = self.world.clock() + timedelta(seconds=SUSPENDED_PAUSE_S)

    async def _failed(self, due: outbox.Due, error: ChannelError) -> None:
        """The class of the error decides what happens next. What a platform said of a message may quote it."""
        match error:
            case Throttled(retry_after_s=pause, alone=alone):
                if not alone:
                    self._paused[due.channel] = self.world.clock() + timedelta(seconds=pause)
                await self._again(due, "Throttled", pause)
            case Suspended(why=why):
                self._suspend(due.channel, why)
                await self._again(due, "Suspended", SUSPENDED_PAUSE_S, patient=True)
            case WindowClosed() if due.body.get("fleeting"):
                await self._give_up(due, "WindowClosed")
            case WindowClosed():
                await self._hold(due, "WindowClosed")
            case Unreachable() if due.delivery_ids and self.world.can(due.channel).converses:
                await self._hold(due, "Unreachable")
            case Moved(chat_id=chat_id):
                await self._moved(due, chat_id)
            case Unreachable() | Rejected() | FileUnavailable():
                if isinstance(error, Rejected):
                    log.error("message %d of %s was rejected", due.id, due.channel)
                await self._give_up(due, type(error).__name__)
            case _:
                await self._again(due, type(error).__name__, None)

    async def _broken(self, due: outbox.Due, error: Exception) -> None:
        """A store or database that is away comes back; a bug stays one."""
        if is_outage(error) or due.attempts + 1 < TRIES_OF_A_BUG:
            await self._again(due, type(error).__name__, None)
        else:
            await self._give_up(due, type(error).__name__)

    async def _again(self, due: outbox.Due, error: str, pause_s: float | None, *, patient: bool = False) -> None:
        async with writing(self.engine) as connection:
            now = self.world.clock()
            await notices.lock(connection, due.delivery_ids)
            if await outbox.retry_later(connection, due, now, error, pause_s, patient=patient):
                await notices.note_failed(connection, due.delivery_ids, error, now)

    async def _hold(self, due: outbox.Due, error: str) -> None:
        """It waits until the person writes (bot.handle joins it into the reply) and meanwhile climbs, if it can.

        That the window is closed, or that they have left this chat: in both they may come back to it.
        """
        async with writing(self.engine) as connection:
            now = self.world.clock()
            await notices.lock(connection, due.delivery_ids)
            if await outbox.heard_since(connection, due):  # what was said meanwhile has opened the chat again
                await outbox.retry_later(connection, due, now, error, None)
            elif await outbox.mark_held(connection, due, error):
                await notices.note_held(connection, due.conversation_id, due.delivery_ids, error, now)
                if error == "Unreachable":
                    await self._block(connection, due)

    async def _give_up(self, due: outbox.Due, error: str) -> None:
        async with writing(self.engine) as connection:
            mine = await self._mark_failed(connection, due, error)
            if mine and error == "Unreachable":
                await self._block(connection, due)

    async def _block(self, connection: AsyncConnection, due: outbox.Due) -> None:
        blocked = update(conversations).where(conversations.c.id == due.conversation_id)
        await connection.execute(blocked.values(status="blocked"))

    async def _mark_failed(self, connection: AsyncConnection, due: outbox.Due, error: str) -> bool:
        """Whether it was still this worker's."""
        await notices.lock(connection, due.delivery_ids)
        if mine := await outbox.mark_failed(connection, due, error):
            await notices.note_failed(connection, due.delivery_ids, error, self.world.clock())
        return mine

    async def _moved(self, due: outbox.Due, chat_id: str) -> None:
        """A chat that is known under its new id already has a conversation of its own, which goes on."""
        other = conversations.alias()
        known = exists().where(other.c.channel == due.channel, other.c.chat_id == chat_id)
        moved = update(conversations).where(conversations.c.id == due.conversation_id, ~known).values(chat_id=chat_id)
        async with writing(self.engine) as connection:
            if (await connection.execute(moved)).rowcount:
                await outbox.retry_later(connection, due, self.world.clock(), "Moved", 0)
            else:
                await self._mark_failed(connection, due, "Moved")

    # making the message

    async def _outgoing(self, due: outbox.Due, channel: Channel, cost: str) -> Outgoing:
        body = due.body
        text, carried = await self._linking.fitting(due, channel, await self._attachments(due))
        return Outgoing(
            key=str(due.id),
            text=text,
            buttons=tuple(Button(data, label) for data, label in body.get("buttons", ())),
            attachments=carried,
            ask_contact=body.get("ask_contact", ""),
            ask_location=body.get("ask_location", ""),
            takes_voice=body.get("takes_voice", False),
            unprompted=due.kind == "notice",
            paid=cost == "paid",
        )

    async def _attachments(self, due: outbox.Due) -> list[Attachment]:
        """Of all specs of a message, one message at a time: pictures of 20 MB are decoded for it."""
        specs = due.body.get("attachments", ())
        if not specs:
            return []
        known = await self._files(due, [file_id for spec in specs for file_id in attachments.ids_of(spec)])
        async with self._making:
            return [a for spec in specs for a in await self._made(spec, known)]

    async def _made(self, spec: dict[str, Any], known: dict[str, Any]) -> list[Attachment]:
        if "made" in spec:
            return [await documents.made(self.engine, self.store, self.world, spec)]
        return await attachments.made(self.store, spec, known)

    async def _files(self, due: outbox.Due, ids: Sequence[str]) -> dict[str, Any]:
        """Stored files by id. One that is passed on may still be on its way here: its message waits a little."""
        async with reading(self.engine) as connection:
            rows = list(await connection.execute(select(files).where(files.c.id.in_(ids))))
        passed_on = {str(spec["file"]) for spec in due.body["attachments"] if "file" in spec}
        awaited = any(row.id in passed_on and row.status == "pending" for row in rows)
        if awaited and self.world.clock() < due.created_at + WAIT_FOR_FILES:
            raise NotHereYetError
        return {row.id: row for row in rows if row.status == "stored"}

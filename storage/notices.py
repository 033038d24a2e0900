"""The ladder of what one person is to be told: the rungs on which it was tried, and what came of each.

A notice stands on a rung until the message has come, has failed, or has brought no proof in time; then `bot.ladder`
makes the next one. Whoever changes a notice locks its conversations first and then the notice, each in the order of
their ids; a turn locks conversations, so the two never wait for one another in a circle.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import and_, bindparam, case, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialogs.model import Rung, Told
from dialogs.officer.told import TEMPLATE
from dialogs.rules.lifecycle import AUTHORITIES, Side
from storage.database import upsert
from storage.models import TELLING, cases, conversations, deliveries, notices, outbox, people, sent_messages

STUCK_AFTER = timedelta(minutes=15)
"""A notice that could not even be sent until then (no network, a channel out of order) is tried another way, too."""
KEPT_OF_OPEN_CASES = timedelta(days=60)
"""How much longer the ledger goes back for a case that is still going on: over the longest
of its deadlines, so that whoever says "nobody told me" can be shown what was tried. What a person has not come back
for in that time is forgotten with it.
"""
MOST_TOLD = 10
"""Notices of one case that its officer is shown."""
WAITING, HELD, SENT, DELIVERED, SEEN = "waiting", "held", "sent", "delivered", "seen"
FAILED, DROPPED = "failed", "dropped"
CAME = (DELIVERED, SEEN)
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_MESSAGE_ID_CHARS = 80

Row = Any


class Receipt(Protocol):
    """As bot.channels.base has it."""

    @property
    def channel(self) -> str: ...
    @property
    def chat_id(self) -> str: ...
    @property
    def ids(self) -> tuple[str, ...]: ...
    @property
    def seen(self) -> bool: ...


# ---------------------------------------------------------------- a new notice


async def begin(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Write down notices with their first rung; the ids of the rungs, in order.

    `rows` of the outbox, each with a `ladder`: person_id, channel, case_code, territory, alert, words, bodies.
    """
    told = [
        {
            **{
                name: row["ladder"][name]
                for name in ("person_id", "case_code", "territory", "alert", "words", "bodies")
            },
            "status": WAITING,
            "created_at": row["created_at"],
        }
        for row in rows
    ]
    made = await connection.execute(insert(notices).returning(notices.c.id, sort_by_parameter_order=True), told)
    rungs = [
        _rung(notice_id, 0, row["conversation_id"], row["ladder"]["channel"], row["due_at"])
        for notice_id, row in zip(made.scalars(), rows, strict=True)
    ]
    begun = await connection.execute(insert(deliveries).returning(deliveries.c.notice_id, deliveries.c.id), rungs)
    ids = {row.notice_id: row.id for row in begun}
    return [ids[rung["notice_id"]] for rung in rungs]


def _rung(notice_id: int, rung: int, conversation_id: int, channel: str, due_at: datetime) -> dict[str, Any]:
    return {
        "notice_id": notice_id,
        "rung": rung,
        "conversation_id": conversation_id,
        "channel": channel,
        "status": WAITING,
        "at": due_at,
        "check_at": due_at + STUCK_AFTER,
    }


async def lock(
    connection: AsyncConnection, delivery_ids: Collection[int], conversation_ids: Collection[int] = ()
) -> list[int]:
    """Hold the notices of these rungs until the transaction ends, and these chats with theirs; the notices' ids."""
    if not delivery_ids and not conversation_ids:
        return []
    which = select(deliveries.c.notice_id).where(deliveries.c.id.in_(delivery_ids)).distinct()
    notice_ids = sorted((await connection.execute(which)).scalars())
    await _lock(connection, notices.c.id.in_(notice_ids), conversation_ids)
    return notice_ids


async def _lock(connection: AsyncConnection, which: Any, conversation_ids: Collection[int] = ()) -> None:
    if connection.dialect.name != "postgresql":  # SQLite has one writer
        return
    theirs = select(deliveries.c.conversation_id).join(notices).where(which)
    these = or_(conversations.c.id.in_(theirs), conversations.c.id.in_(conversation_ids))
    chats = select(conversations.c.id).where(these).order_by(conversations.c.id)
    await connection.execute(chats.with_for_update(key_share=True))
    await connection.execute(select(notices.c.id).where(which).order_by(notices.c.id).with_for_update(key_share=True))


# ---------------------------------------------------------------- what came of a rung


@dataclass(frozen=True, slots=True)
class Gone:
    """A message (its id in the outbox) that a platform has taken at a moment.

    `patience`: how long its proof may take; None: it needs none. `cost` as in `deliveries`.
    """

    id: int
    conversation_id: int
    channel: str
    at: datetime
    delivery_ids: tuple[int, ...] = ()
    ids: tuple[str, ...] = ()
    patience: timedelta | None = None
    cost: str = ""
    quota_left: int | None = None
    heard: datetime | None = None
    """When its person had last written; their next word begins the quota anew."""
    listed: bool = False
    """Nobody asked for it, and its choices are a list that numbers answer."""


async def note_sent(connection: AsyncConnection, gone: Sequence[Gone], now: datetime) -> None:
    """Before anything else of the transaction, for the sake of the locks."""
    told = {delivery_id: one for one in gone for delivery_id in one.delivery_ids}
    quotas = {one.conversation_id: one for one in gone if one.quota_left is not None}
    await lock(connection, told, quotas)
    if quotas:
        left = [{"row_id": i, "left": one.quota_left, "heard": one.heard} for i, one in sorted(quotas.items())]
        await connection.execute(_QUOTA, left)
    if not told:
        return
    await connection.execute(_TAKEN, [_taken(delivery_id, one) for delivery_id, one in told.items()])
    came = {delivery_id: False for delivery_id, one in told.items() if one.patience is None}
    await _came(connection, came | await _early(connection, told), now)


_QUOTA = (
    update(conversations)
    .where(conversations.c.id == bindparam("row_id"), conversations.c.updated_at == bindparam("heard"))
    .values(quota_left=bindparam("left"))
)
_TAKEN = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("row_id"), deliveries.c.status != DELIVERED, deliveries.c.status != SEEN)
    .values(
        status=SENT,
        outcome="",
        cost=bindparam("price"),
        sent_at=bindparam("moment"),
        at=bindparam("moment"),
        check_at=bindparam("later"),
    )
)


def _taken(delivery_id: int, one: Gone) -> dict[str, Any]:
    later = one.at + one.patience if one.patience is not None else None
    return {"row_id": delivery_id, "price": one.cost, "moment": one.at, "later": later}


async def _early(connection: AsyncConnection, told: Mapping[int, Gone]) -> dict[int, bool]:
    """Keep the platform's ids of these messages; receipts that came before, by delivery: whether it was seen."""
    rows = [
        {"channel": one.channel, "message_id": i, "delivery_id": delivery_id, "sent_at": one.at}
        for delivery_id, one in told.items()
        if one.patience is not None
        for i in _short(one.ids)
    ]
    if not rows:
        return {}
    statement = upsert(connection, sent_messages)
    statement = statement.on_conflict_do_update(
        index_elements=["channel", "message_id"], set_={"delivery_id": statement.excluded.delivery_id}
    )
    await connection.execute(statement, rows)
    mine = and_(sent_messages.c.delivery_id.in_(told), sent_messages.c.receipt != "")
    others = sent_messages.c.message_id.not_in([row["message_id"] for row in rows])
    await connection.execute(delete(sent_messages).where(mine, others))  # of other messages in the same chat
    found = await connection.execute(select(sent_messages.c.delivery_id, sent_messages.c.receipt).where(mine))
    return {row.delivery_id: row.receipt == SEEN for row in found}


async def concerns(connection: AsyncConnection, receipt: Receipt) -> bool:
    """Whether a receipt is of a notice, or may be of one that is just being sent."""
    return await _in_hand(connection, receipt) is not None or bool(await _known(connection, receipt))


async def note_receipt(connection: AsyncConnection, receipt: Receipt, now: datetime) -> None:
    """The platform says that messages came or were seen.

    It may say so before we have noted that we sent it: then that is kept with the message that is just being sent
    there. This is looked at first, as noting takes a message out of hand and keeps its ids in one transaction.
    """
    sending = await _in_hand(connection, receipt)
    if sending is not None and receipt.ids:
        await _keep_early(connection, receipt, sending, now)
    if known := await _known(connection, receipt):
        await lock(connection, known)
        await _came(connection, dict.fromkeys(known, receipt.seen), now)


async def _in_hand(connection: AsyncConnection, receipt: Receipt) -> int | None:
    """The rung whose message is just being sent in this chat; there is one at most."""
    statement = (
        select(outbox.c.delivery_id)
        .join(conversations)
        .where(
            *(conversations.c.channel == receipt.channel, conversations.c.chat_id == receipt.chat_id),
            *(outbox.c.status == WAITING, outbox.c.claimed_until.is_not(None), outbox.c.delivery_id.is_not(None)),
        )
    )
    return (await connection.execute(statement.limit(1))).scalar_one_or_none()


async def _known(connection: AsyncConnection, receipt: Receipt) -> set[int]:
    """The rungs whose messages these are, as far as there is more to learn of them."""
    these = sent_messages.c.channel == receipt.channel, sent_messages.c.message_id.in_(_short(receipt.ids))
    statement = select(deliveries.c.id).join(sent_messages).where(*these, deliveries.c.status.in_((SENT, DELIVERED)))
    return set((await connection.execute(statement)).scalars())


def _short(ids: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(i[:_MESSAGE_ID_CHARS] for i in ids))


async def _keep_early(connection: AsyncConnection, receipt: Receipt, delivery_id: int, now: datetime) -> None:
    said = {"delivery_id": delivery_id, "receipt": SEEN if receipt.seen else DELIVERED, "sent_at": now}
    statement = upsert(connection, sent_messages)
    statement = statement.on_conflict_do_update(
        index_elements=["channel", "message_id"],
        set_={"receipt": statement.excluded.receipt},
        where=sent_messages.c.receipt != SEEN,
    )
    rows = [{"channel": receipt.channel, "message_id": i, **said} for i in _short(receipt.ids)]
    await connection.execute(statement, rows)


async def unseen(connection: AsyncConnection, chat_id: str, after: int) -> tuple[list[int], bool]:
    """Rungs in a web chat that whoever sees its messages up to this id has seen; whether others are on their way."""
    statement = (
        select(deliveries.c.id, deliveries.c.status, sent_messages.c.message_id)
        .join(conversations)
        .join(sent_messages, isouter=True)
        .where(conversations.c.channel == "web", conversations.c.chat_id == chat_id)
        .where(deliveries.c.status.in_((WAITING, SENT)))
    )
    rows = (await connection.execute(statement)).all()
    seen = [row.id for row in rows if row.status == SENT and row.message_id and int(row.message_id) <= after]
    return seen, any(row.status == WAITING for row in rows)


async def note_seen(connection: AsyncConnection, delivery_ids: Collection[int], now: datetime) -> None:
    await lock(connection, delivery_ids)
    await _came(connection, dict.fromkeys(delivery_ids, True), now)


async def _came(connection: AsyncConnection, came: Mapping[int, bool], now: datetime) -> None:
    """Rungs that were sent and have arrived (True: were seen), which settles their notices; those are locked."""
    if not came:
        return
    which = deliveries.c.id.in_(came), deliveries.c.status.in_((SENT, DELIVERED))
    columns = deliveries.c.id, deliveries.c.notice_id, deliveries.c.conversation_id, deliveries.c.channel
    found = (await connection.execute(select(*columns, deliveries.c.status).where(*which))).all()
    rows = [row for row in found if came[row.id] or row.status == SENT]  # of the others that was known already
    if not rows:
        return
    for status, before in ((DELIVERED, (SENT,)), (SEEN, (SENT, DELIVERED))):
        these = [row for row in rows if came[row.id] == (status == SEEN)]
        if not these:
            continue
        mine = deliveries.c.id.in_([row.id for row in these]), deliveries.c.status.in_(before)
        await connection.execute(update(deliveries).where(*mine).values(status=status, at=now, check_at=None))
        better = SEEN if status == SEEN else case((notices.c.status == SEEN, SEEN), else_=DELIVERED)
        settled = {"settled_at": func.coalesce(notices.c.settled_at, now), "words": "", "bodies": []}
        told = update(notices).where(notices.c.id.in_([row.notice_id for row in these]))
        await connection.execute(told.values(status=better, **settled))
    chats = sorted({row.conversation_id for row in rows})
    await connection.execute(update(conversations).where(conversations.c.id.in_(chats)).values(worked_at=now))
    # what only tells says no more than that there is news: the message itself is still to come
    await _drop_twins(connection, {row.notice_id for row in rows if row.channel not in (*TELLING, TEMPLATE)}, now)


async def _drop_twins(connection: AsyncConnection, notice_ids: Collection[int], now: datetime) -> None:
    """What of notices that have come waits or is held elsewhere and is in nobody's hand need not go out any more."""
    which = deliveries.c.notice_id.in_(notice_ids), deliveries.c.status.in_((WAITING, HELD))
    twins = list((await connection.execute(select(deliveries.c.id).where(*which))).scalars())
    if twins:
        gone = await _take_out(connection, outbox.c.delivery_id.in_(twins))
        dropped = update(deliveries).where(deliveries.c.id.in_(gone))
        await connection.execute(dropped.values(status=DROPPED, at=now, check_at=None))


async def have_come(connection: AsyncConnection, notice_ids: Collection[int]) -> set[int]:
    """Which of these notices have arrived; who has written in a chat since has seen what was sent there."""
    if not any(notice_ids):
        return set()
    seen = and_(deliveries.c.status == SENT, conversations.c.updated_at > deliveries.c.sent_at)
    ways = notices.outerjoin(deliveries).outerjoin(conversations, conversations.c.id == deliveries.c.conversation_id)
    come = notices.c.id.in_(notice_ids), or_(notices.c.status.in_(CAME), seen)
    return set((await connection.execute(select(notices.c.id).select_from(ways).where(*come))).scalars())


async def drop(connection: AsyncConnection, delivery_ids: Collection[int], now: datetime) -> None:
    """What need not be said any more: these rungs, and what they are rungs of. Their chats are locked."""
    if not delivery_ids:
        return
    these = deliveries.c.id.in_(delivery_ids)
    whole = notices.c.id.in_(select(deliveries.c.notice_id).where(these)), notices.c.status.not_in(CAME)
    await connection.execute(update(deliveries).where(these).values(status=DROPPED, at=now, check_at=None))
    await connection.execute(update(notices).where(*whole).values(status=DROPPED, settled_at=now, words="", bodies=[]))


async def _take_out(connection: AsyncConnection, which: Any) -> list[int]:
    """Messages of the outbox that nobody has in hand; ids of their rungs. Their conversations are locked."""
    still = outbox.c.status.in_((WAITING, HELD)), outbox.c.claimed_until.is_(None)
    columns = outbox.c.delivery_id, outbox.c.conversation_id, outbox.c.status
    gone = (await connection.execute(delete(outbox).where(which, *still).returning(*columns))).all()
    held = Counter(row.conversation_id for row in gone if row.status == HELD)
    if held:
        await connection.execute(_LESS_HELD, [{"row_id": i, "fewer": n} for i, n in sorted(held.items())])
    return [row.delivery_id for row in gone if row.delivery_id is not None]


_LEFT = conversations.c.held - bindparam("fewer")
_LESS_HELD = (
    update(conversations)
    .where(conversations.c.id == bindparam("row_id"))
    .values(held=case((_LEFT > 0, _LEFT), else_=0))
)


async def note_failed(connection: AsyncConnection, delivery_ids: Collection[int], outcome: str, now: datetime) -> None:
    """These rungs lead nowhere: time to climb."""
    which = deliveries.c.id.in_(delivery_ids), deliveries.c.status.not_in(CAME)
    failed = update(deliveries).where(*which)
    await connection.execute(failed.values(status=FAILED, outcome=outcome[:40], at=now, check_at=now))


# ---------------------------------------------------------------- what waits for its person to write


async def note_held(
    connection: AsyncConnection, conversation_id: int, delivery_ids: Collection[int], outcome: str, now: datetime
) -> None:
    """A message that the outbox holds now, with the rungs it stands for: time to climb. Their notices are locked.

    `outcome`: WindowClosed, or Unreachable where they have left the chat.
    """
    more = update(conversations).where(conversations.c.id == conversation_id).values(held=conversations.c.held + 1)
    await connection.execute(more)
    if not delivery_ids:
        return
    which = deliveries.c.id.in_(delivery_ids), deliveries.c.status.not_in(CAME)
    held = update(deliveries).where(*which).returning(deliveries.c.notice_id)
    values = {"status": HELD, "outcome": outcome, "at": now, "check_at": now}
    notice_ids = set((await connection.execute(held.values(values))).scalars())
    come = select(notices.c.id).where(notices.c.id.in_(notice_ids), notices.c.status.in_(CAME))
    if there := list((await connection.execute(come)).scalars()):
        await _drop_twins(connection, there, now)


@dataclass(frozen=True, slots=True)
class Held:
    """A message that has waited, with the rungs that it stands for."""

    body: dict[str, Any]
    delivery_ids: tuple[int, ...]


async def take_held(
    connection: AsyncConnection, conversation_ids: Collection[int], now: datetime
) -> dict[int, list[Held]]:
    """What waits in these chats, oldest first. From now on it is the caller's to bring; the chats are locked.

    What is not true any more (bot.turn.About.until) is dropped.
    """
    columns = outbox.c.id, outbox.c.conversation_id, outbox.c.delivery_id, outbox.c.body
    held = outbox.c.conversation_id.in_(conversation_ids), outbox.c.status == HELD
    rows = sorted((await connection.execute(delete(outbox).where(*held).returning(*columns))).all())
    over = await have_come(connection, {row.body.get("until", 0) for row in rows})
    await drop(connection, [row.delivery_id for row in rows if row.body.get("until") in over], now)
    found: dict[int, list[Held]] = {}
    for row in rows:
        if row.body.get("until") in over:
            continue
        ids = (row.delivery_id,) if row.delivery_id is not None else tuple(row.body.get("deliveries", ()))
        found.setdefault(row.conversation_id, []).append(Held(row.body, ids))
    taken = [i for messages in found.values() for message in messages for i in message.delivery_ids]
    await connection.execute(
        update(deliveries).where(deliveries.c.id.in_(taken), deliveries.c.status == HELD).values(status=WAITING)
    )
    await connection.execute(update(conversations).where(conversations.c.id.in_(conversation_ids)).values(held=0))
    return found


# ---------------------------------------------------------------- climbing


@dataclass(frozen=True, slots=True)
class Standing:
    """A notice that has not come, locked: its row, the rungs tried so far and the chats of its ladder still open."""

    notice: Row
    tried: tuple[Row, ...]
    chats: Mapping[int, Row]
    """By conversation id: channel, locale, reach (of the person)."""

    @property
    def pending(self) -> list[Row]:
        """Rungs that may still bring it."""
        return [rung for rung in self.tried if rung.status in (WAITING, SENT)]

    @property
    def next_rung(self) -> int | None:
        """The lowest rung above those that were tried whose chat still takes messages."""
        above = range(max(rung.rung for rung in self.tried) + 1, len(self.notice.bodies))
        return next((n for n in above if self._leads_on(*self.notice.bodies[n])), None)

    def _leads_on(self, conversation_id: int, body: Mapping[str, Any]) -> bool:
        """A paid template only where the window of its chat is closed."""
        held = any(rung.status == HELD and rung.conversation_id == conversation_id for rung in self.tried)
        return conversation_id in self.chats and (held or "template" not in body)


async def due(connection: AsyncConnection, now: datetime, limit: int, *, stuck: bool) -> list[int]:
    """Ids of notices of which it is time to climb; with `stuck` also of those that wait to be sent for too long."""
    which = [deliveries.c.check_at <= now, *([] if stuck else [deliveries.c.status != WAITING])]
    statement = select(deliveries.c.notice_id).where(*which).group_by(deliveries.c.notice_id)
    found = await connection.execute(statement.order_by(func.min(deliveries.c.check_at)).limit(limit))
    return list(found.scalars())


async def standing(connection: AsyncConnection, notice_id: int, now: datetime) -> Standing | None:
    """A notice as it stands, locked with all who were told the same; None where there is nothing to climb for.

    That is so when another process was here first, and when it has come: a person who was heard in a chat after it
    was sent there has seen it.
    """
    alert = (await connection.execute(select(notices.c.alert).where(notices.c.id == notice_id))).scalar_one_or_none()
    if alert is None:
        return None
    this = notices.c.id == notice_id
    await _lock(connection, or_(this, notices.c.alert == alert) if alert else this)
    notice = (await connection.execute(select(notices).where(this))).one_or_none()
    rungs = select(deliveries, conversations.c.updated_at.label("heard")).join(conversations)
    tried = (
        await connection.execute(rungs.where(deliveries.c.notice_id == notice_id).order_by(deliveries.c.rung))
    ).all()
    ripe = [rung.id for rung in tried if rung.check_at is not None and rung.check_at <= now]
    if notice is None or not ripe:
        return None
    seen = [rung.id for rung in tried if rung.status == SENT and rung.heard > rung.sent_at]
    await _came(connection, dict.fromkeys(seen, True), now)
    if seen or notice.status in (*CAME, DROPPED):
        await wait(connection, ripe, None)
        return None
    return Standing(notice, tuple(tried), await _open_chats(connection, notice))


async def _open_chats(connection: AsyncConnection, notice: Row) -> dict[int, Row]:
    """Without a chat that was split off since: it is somebody else's."""
    columns = conversations.c.id, conversations.c.channel, conversations.c.locale, people.c.reach
    ids = [chat for chat, _ in notice.bodies]
    theirs = conversations.c.person_id == notice.person_id
    which = conversations.c.id.in_(ids), conversations.c.status == "open", theirs
    return {row.id: row for row in await connection.execute(select(*columns).join(people).where(*which))}


async def wait(connection: AsyncConnection, delivery_ids: Collection[int], until: datetime | None) -> None:
    """Look after these rungs again then; None: never."""
    await connection.execute(update(deliveries).where(deliveries.c.id.in_(delivery_ids)).values(check_at=until))


async def wait_for_last(connection: AsyncConnection, standing: Standing, until: datetime, now: datetime) -> None:
    """No rung is left: what may still come is given time until then."""
    ripe = [rung.id for rung in standing.tried if rung.check_at is not None and rung.check_at <= now]
    await wait(connection, ripe, None)
    later = any(rung.check_at is not None and rung.check_at > now for rung in standing.tried)
    if not later:
        await wait(connection, [rung.id for rung in standing.pending], until)


async def climb(connection: AsyncConnection, standing: Standing, rung: int, due_at: datetime) -> None:
    """Put the notice on a higher rung, on which it goes out at `due_at`; those below may still bring it."""
    conversation_id, body = standing.notice.bodies[rung]
    channel = TEMPLATE if "template" in body else standing.chats[conversation_id].channel
    row = _rung(standing.notice.id, rung, conversation_id, channel, due_at)
    made = await connection.execute(insert(deliveries).values(row).returning(deliveries.c.id))
    await connection.execute(
        insert(outbox).values(
            conversation_id=conversation_id,
            kind="notice",
            delivery_id=made.scalar_one(),
            body=body,
            due_at=due_at,
            created_at=due_at,
        )
    )
    await wait(connection, [one.id for one in standing.tried], None)


async def give_up(connection: AsyncConnection, standing: Standing, now: datetime) -> str:
    """Nothing is left to try: "held" where it waits for the person to write, else "failed". It may still come."""
    status = HELD if any(rung.status == HELD for rung in standing.tried) else FAILED
    ended = update(notices).where(notices.c.id == standing.notice.id)
    await connection.execute(ended.values(status=status, settled_at=now, passed_on=True, words="", bodies=[]))
    await wait(connection, [rung.id for rung in standing.tried], None)
    return status


async def of_alert(connection: AsyncConnection, alert: str) -> list[Row]:
    """Whoever was told the same: person_id, status."""
    if not alert:
        return []
    statement = select(notices.c.person_id, notices.c.status).where(notices.c.alert == alert)
    return list(await connection.execute(statement.order_by(notices.c.id)))


# ---------------------------------------------------------------- shown on the case


async def told_of(connection: AsyncConnection, code: str) -> tuple[Told, ...]:
    """What the producer of a case was told of it without having asked, the newest first, in Vietnamese time."""
    found: dict[int, list[Row]] = {}
    for row in await connection.execute(_TOLD, {"named": code}):
        found.setdefault(row.notice_id, []).append(row)
    return tuple(
        Told(rows[0].created_at.astimezone(_VIETNAM), rows[0].outcome_of_all, tuple(map(_shown, rows)))
        for rows in found.values()
    )


_NEWEST = (
    select(notices.c.id)
    .join(cases, and_(cases.c.code == notices.c.case_code, cases.c.person_id == notices.c.person_id))
    .where(notices.c.case_code == bindparam("named"), notices.c.territory == "")
    .order_by(notices.c.id.desc())
    .limit(MOST_TOLD)
)
_TOLD = (
    select(deliveries, notices.c.status.label("outcome_of_all"), notices.c.created_at, conversations.c.updated_at)
    .join(notices)
    .join(conversations, conversations.c.id == deliveries.c.conversation_id)
    .where(notices.c.id.in_(_NEWEST))
    .order_by(notices.c.id.desc(), deliveries.c.rung)
)


def _shown(row: Row) -> Rung:
    """A person who has written in a chat since has seen what stood there."""
    heard = row.sent_at is not None and row.updated_at > row.sent_at and row.status in (SENT, DELIVERED)
    sent_at = row.sent_at.astimezone(_VIETNAM) if row.sent_at is not None else None
    seen_at = row.at.astimezone(_VIETNAM) if row.status == SEEN else None
    return Rung(row.channel, SEEN if heard else row.status, sent_at, seen_at, row.cost, row.outcome)


# ---------------------------------------------------------------- taking back and forgetting


async def withdraw(connection: AsyncConnection, decision: int, conversation_ids: Collection[int]) -> set[int]:
    """Take back the notices of a decision, told first in these chats; the people who may have read one.

    What nobody has begun to send goes; where a rung was sent, or tried and perhaps sent, no higher one follows.
    """
    same = conversations.alias()
    chats = (
        select(conversations.c.id)
        .join(same, same.c.person_id == conversations.c.person_id)
        .where(same.c.id.in_(conversation_ids))
    )
    of_it = outbox.c.conversation_id.in_(chats), outbox.c.body["decision"].as_integer() == decision
    rungs = set((await connection.execute(select(outbox.c.delivery_id).where(*of_it))).scalars()) - {None}
    notice_ids = await lock(connection, rungs)
    untried = or_(outbox.c.status == HELD, outbox.c.attempts == 0)
    gone = await _take_out(connection, and_(*of_it, untried))
    await connection.execute(delete(deliveries).where(deliveries.c.id.in_(gone)))
    still = deliveries.c.notice_id == notices.c.id, deliveries.c.status.in_((WAITING, SENT, *CAME))
    unread = and_(notices.c.id.in_(notice_ids), ~exists().where(*still))
    await connection.execute(delete(deliveries).where(deliveries.c.notice_id.in_(select(notices.c.id).where(unread))))
    await connection.execute(delete(notices).where(unread))
    await connection.execute(update(deliveries).where(deliveries.c.notice_id.in_(notice_ids)).values(check_at=None))
    read = update(notices).where(notices.c.id.in_(notice_ids)).values(bodies=[], words="")
    return set((await connection.execute(read.returning(notices.c.person_id))).scalars())


async def forget(connection: AsyncConnection, person_id: int) -> None:
    """What a person was told and how; what waits for them anywhere goes with it. Their chats are locked."""
    theirs = select(notices.c.id).where(notices.c.person_id == person_id)
    rungs = select(deliveries.c.id).where(deliveries.c.notice_id.in_(theirs))
    await connection.execute(delete(outbox).where(outbox.c.delivery_id.in_(rungs)))
    await connection.execute(update(conversations).where(conversations.c.person_id == person_id).values(held=0))
    await connection.execute(delete(deliveries).where(deliveries.c.notice_id.in_(theirs)))
    await connection.execute(delete(notices).where(notices.c.person_id == person_id))


async def prune(connection: AsyncConnection, before: datetime) -> int:
    """Forget what is older, of cases that go on what is older by KEPT_OF_OPEN_CASES. How many notices that was."""
    long_before = before - KEPT_OF_OPEN_CASES
    await _take_out(connection, and_(outbox.c.status == HELD, outbox.c.created_at < long_before))
    going_on = exists().where(cases.c.code == notices.c.case_code, cases.c.owner.in_([*AUTHORITIES, Side.PRODUCER]))
    over = and_(notices.c.created_at < before, notices.c.status.not_in((WAITING, HELD)), ~going_on)
    old = select(notices.c.id).where(or_(over, notices.c.created_at < long_before))
    await connection.execute(delete(deliveries).where(deliveries.c.notice_id.in_(old)))
    return (await connection.execute(delete(notices).where(notices.c.id.in_(old)))).rowcount

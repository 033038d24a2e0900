"""Messages on their way: order, leases, pauses."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.turn import outbox_row
from storage import outbox as box
from storage.models import conversations, outbox
from storage.people import forget
from tests.heart import beside, chat, count, rows
from tests.transcripts import Clock


async def put(engine: AsyncEngine, clock: Clock, who: str, *texts: str) -> int:
    """Messages to a chat, in order; returns the conversation's id."""
    conversation = await chat(engine, clock, who)
    async with engine.begin() as connection:
        await box.post(connection, [outbox_row(conversation.id, "reply", {"text": t}, clock()) for t in texts])
    return conversation.id


async def claim(engine: AsyncEngine, clock: Clock, limit: int = 32) -> list[box.Due]:
    async with engine.begin() as connection:
        return await box.claim(connection, clock(), limit)


async def sent(engine: AsyncEngine, clock: Clock, *due: box.Due) -> None:
    async with engine.begin() as connection:
        await box.mark_sent(connection, [d.id for d in due], clock())


async def again(engine: AsyncEngine, clock: Clock, due: box.Due, pause_s: float | None = None) -> None:
    async with engine.begin() as connection:
        await box.retry_later(connection, due, clock(), "Unavailable", pause_s)


def texts(due: list[box.Due]) -> list[str]:
    return [d.body["text"] for d in due]


async def test_one_message_a_chat_and_the_oldest(engine: AsyncEngine) -> None:
    clock = Clock()
    await put(engine, clock, "anna", "a1", "a2")
    await put(engine, clock, "bert", "b1")
    first = await claim(engine, clock)
    assert texts(first) == ["a1", "b1"]
    assert await claim(engine, clock) == []  # a2 waits until a1 is marked
    await sent(engine, clock, first[0])
    assert texts(await claim(engine, clock)) == ["a2"]


async def test_an_answer_does_not_wait_for_a_notice_that_is_tried_again_at_six(engine: AsyncEngine) -> None:
    clock = Clock()
    conversation = await chat(engine, clock, "anna")
    async with engine.begin() as connection:
        await box.post(connection, [outbox_row(conversation.id, "notice", {"text": "n1"}, clock())])
    (notice,) = await claim(engine, clock)
    await again(engine, clock, notice, 8 * 3600)
    await put(engine, clock, "anna", "a1")
    (answer,) = await claim(engine, clock)
    assert answer.body["text"] == "a1"
    await sent(engine, clock, answer)
    clock.now += timedelta(hours=8)
    assert texts(await claim(engine, clock)) == ["n1"]


async def test_who_left_is_known_when_a_message_is_claimed(engine: AsyncEngine) -> None:
    clock = Clock()
    row_id = await put(engine, clock, "anna", "a1")
    async with engine.begin() as connection:
        await connection.execute(update(conversations).where(conversations.c.id == row_id).values(status="blocked"))
    (due,) = await claim(engine, clock)
    assert due.closed


async def test_a_message_to_be_tried_again_holds_the_next_one_back(engine: AsyncEngine) -> None:
    clock = Clock()
    await put(engine, clock, "anna", "a1", "a2")
    (first,) = await claim(engine, clock)
    await again(engine, clock, first)
    assert await claim(engine, clock) == []
    clock.now += timedelta(seconds=2)
    assert texts(await claim(engine, clock)) == ["a1"]


async def test_pauses_double_up_to_a_quarter_of_an_hour(engine: AsyncEngine) -> None:
    clock = Clock()
    await put(engine, clock, "anna", "a1")
    pauses = []
    for _ in range(12):
        (due,) = await claim(engine, clock)
        await again(engine, clock, due)
        (row,) = await rows(engine, outbox)
        pauses.append((row.due_at - clock.now).total_seconds())
        clock.now = row.due_at
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


async def test_a_pause_that_was_asked_for_is_kept_to(engine: AsyncEngine) -> None:
    clock = Clock()
    await put(engine, clock, "anna", "a1")
    (due,) = await claim(engine, clock)
    await again(engine, clock, due, 17.5)
    clock.now += timedelta(seconds=17.4)
    assert await claim(engine, clock) == []
    clock.now += timedelta(seconds=0.1)
    assert texts(await claim(engine, clock)) == ["a1"]


async def test_after_a_day_it_has_failed_and_the_next_one_goes_on(engine: AsyncEngine) -> None:
    clock = Clock()
    await put(engine, clock, "anna", "a1")
    clock.now += timedelta(days=1, seconds=1)
    await put(engine, clock, "anna", "a2")
    (due,) = await claim(engine, clock)
    await again(engine, clock, due)
    first, _ = await rows(engine, outbox)
    assert (first.status, first.error) == ("failed", "Unavailable")
    assert texts(await claim(engine, clock)) == ["a2"]


async def test_a_worker_that_hangs_loses_its_message_and_its_say(engine: AsyncEngine) -> None:
    clock = Clock()
    await put(engine, clock, "anna", "a1", "a2")
    (slow,) = await claim(engine, clock)
    clock.now += box.LEASE
    assert await claim(engine, clock) == []
    clock.now += timedelta(milliseconds=1)
    (quick,) = await claim(engine, clock)
    assert quick.id == slow.id
    await again(engine, clock, slow)
    async with engine.begin() as connection:
        await box.mark_failed(connection, slow, "Rejected")
    assert (await rows(engine, outbox))[0].status == "waiting"
    assert await claim(engine, clock) == []  # still in the quick one's hands
    await sent(engine, clock, quick)
    await again(engine, clock, quick)
    assert (await rows(engine, outbox))[0].status == "sent"
    assert texts(await claim(engine, clock)) == ["a2"]


async def test_two_workers_that_claim_at_once_share_the_chats(engine: AsyncEngine) -> None:
    clock = Clock()
    for n in range(20):
        await put(engine, clock, f"p{n}", f"{n}-1", f"{n}-2")
    async with beside(engine) as other:
        taken: list[str] = []
        for _ in range(8):
            found = await asyncio.gather(claim(engine, clock, 7), claim(other, clock, 7))
            both = [*found[0], *found[1]]
            assert len({d.conversation_id for d in both}) == len(both)
            taken += texts(both)
            await sent(engine, clock, *both)
    assert len(taken) == len(set(taken)) == 40
    assert all(taken.index(f"{n}-1") < taken.index(f"{n}-2") for n in range(20))


@pytest.mark.postgresql
async def test_while_one_claims_the_other_takes_nothing_later_of_that_chat(engine: AsyncEngine) -> None:
    """SKIP LOCKED leaves out the first message; the second must not go out instead of it."""
    if engine.dialect.name == "sqlite":
        return  # one writer at a time
    clock = Clock()
    await put(engine, clock, "anna", "a1", "a2", "a3")
    async with beside(engine) as other:
        async with engine.begin() as connection:
            assert texts(await box.claim(connection, clock(), 32)) == ["a1"]
            assert await claim(other, clock) == []
        assert await claim(other, clock) == []
        async with engine.begin() as connection:
            first = await rows(other, outbox)
            await box.mark_sent(connection, [first[0].id], clock())
            assert await claim(other, clock) == []  # not committed yet
            assert texts(await box.claim(connection, clock(), 32)) == ["a2"]
            assert await claim(other, clock) == []
        assert await claim(other, clock) == []


async def test_marking_what_was_forgotten_meanwhile_is_fine(engine: AsyncEngine) -> None:
    clock = Clock()
    await put(engine, clock, "anna", "a1", "a2")
    (due,) = await claim(engine, clock)
    conversation = await chat(engine, clock, "anna")
    async with engine.begin() as connection:
        await forget(connection, conversation, ())
    assert await count(engine, outbox) == 0
    await sent(engine, clock, due, replace(due, id=due.id + 1))
    await again(engine, clock, due)


async def test_release_frees_what_a_dead_process_had(engine: AsyncEngine) -> None:
    clock = Clock()
    await put(engine, clock, "anna", "a1")
    await claim(engine, clock)
    async with engine.begin() as connection:
        await box.release(connection)
    assert texts(await claim(engine, clock)) == ["a1"]


async def test_prune_keeps_what_waits_and_what_has_just_failed(engine: AsyncEngine) -> None:
    clock = Clock()
    await put(engine, clock, "anna", "a1", "a2", "a3")
    (due,) = await claim(engine, clock)
    await sent(engine, clock, due)
    (due,) = await claim(engine, clock)
    async with engine.begin() as connection:
        await box.mark_failed(connection, due, "Rejected")
        await box.prune(connection, clock())
    assert [row.status for row in await rows(engine, outbox)] == ["sent", "failed", "waiting"]
    async with engine.begin() as connection:
        await box.prune(connection, clock() + timedelta(seconds=1))
    assert [row.status for row in await rows(engine, outbox)] == ["waiting"]


async def test_replies_go_before_the_notices_and_notices_have_places_of_their_own(engine: AsyncEngine) -> None:
    clock = Clock()
    for n in range(4):
        conversation = await chat(engine, clock, f"p{n}")
        async with engine.begin() as connection:
            await box.post(connection, [outbox_row(conversation.id, "notice", {"text": f"n{n}"}, clock())])
    await put(engine, clock, "anna", "a1")
    async with engine.begin() as connection:
        assert texts(await box.claim(connection, clock(), 3, 1)) == ["a1", "n0"]
        assert await box.claim(connection, clock(), 3, 0) == []
        assert not await box.waits(connection, clock(), 0)
        assert await box.waits(connection, clock())
        assert not await box.waits(connection, clock(), but=["telegram"])
        assert await box.claim(connection, clock(), 3, but=["telegram"]) == []
        assert texts(await box.claim(connection, clock(), 3)) == ["n1", "n2", "n3"]


async def test_what_was_sent_is_not_read_through_for_what_waits(sqlite_engine: AsyncEngine) -> None:
    """Thirty days of it are kept, and it is asked for many times a second."""
    async with sqlite_engine.begin() as connection:
        ready = box._ready().params(now=Clock()())
        asked = str(ready.compile(connection.sync_connection, compile_kwargs={"literal_binds": True}))
        plan = [row.detail for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")]
    assert "SCAN outbox USING INDEX ix_outbox_waiting" in plan


async def test_a_reply_is_in_hand_from_the_start_unless_something_else_waits_in_its_chat(engine: AsyncEngine) -> None:
    clock = Clock()
    known = [await chat(engine, clock, who) for who in ("anna", "bert", "carl", "dora", "emil")]
    chats = {one.id: (one.channel, one.chat_id) for one in known[:4]}  # emil has not written
    anna, bert, carl, dora, emil = (one.id for one in known)

    async def written(*to: int, kind: str = "reply", hand: box.Hand) -> list[box.Due]:
        made = [outbox_row(one, kind, {"text": f"{one}"}, clock()) for one in to]
        async with engine.begin() as connection:
            return await box.hand_out(connection, made, chats, clock(), hand)

    await put(engine, clock, "bert", "earlier")
    taken = await written(anna, bert, carl, carl, dora, emil, hand=box.Hand(room=9))
    assert [(due.conversation_id, due.chat_id, due.body) for due in taken] == [
        (anna, "anna", {"text": f"{anna}"}), (dora, "dora", {"text": f"{dora}"})
    ]  # fmt: skip
    others = await claim(engine, clock)
    assert texts(others) == ["earlier", f"{carl}", f"{emil}"]  # and none that is in hand
    assert [row.id for row in await rows(engine, outbox) if row.claimed_until] == sorted(d.id for d in taken + others)

    async with engine.begin() as connection:
        assert await box.mark_failed(connection, taken[1], "Rejected")  # its lease is the row's
    assert not await written(anna, hand=box.Hand(room=9))  # her first reply is still on its way
    assert await written(dora, hand=box.Hand(room=9))
    clock.now += box.LEASE + timedelta(seconds=1)
    assert f"{anna}" in texts(await claim(engine, clock))  # its worker has died


async def test_only_so_much_is_in_hand_as_there_is_room_for(engine: AsyncEngine) -> None:
    clock = Clock()
    known = [await chat(engine, clock, who) for who in ("anna", "bert")]
    chats = {one.id: (one.channel, one.chat_id) for one in known}

    async def written(hand: box.Hand, *kinds: str) -> int:
        made = [outbox_row(one.id, kind, {"text": "x"}, clock()) for one, kind in zip(known, kinds, strict=True)]
        async with engine.begin() as connection:
            return len(await box.hand_out(connection, made, chats, clock(), hand))

    assert await written(box.Hand(room=1), "reply", "reply") == 1
    gone = {row.id for row in await rows(engine, outbox)}
    assert await written(box.Hand(room=2), "reply", "reply") == 0
    assert await written(box.Hand(room=2, gone=gone, away=["telegram"]), "reply", "reply") == 0
    gone = {row.id for row in await rows(engine, outbox)}
    assert await written(box.Hand(room=2, gone=gone), "notice", "reply") == 1

"""Numbers typed twice, on a messenger whose numbers answer the newest list."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Update
from bot.handle import handle
from bot.turn import outbox_row
from bot.twice import ONCE_MORE, SOMETHING_ELSE
from bot.world import World
from dialogs.model import OptionChosen, TextReceived
from storage import outbox as box
from storage.models import conversations
from storage.records import Conversation
from tests.heart import chat, taking
from tests.transcripts import CHANNELS, Clock, Play, play

AT_THE_LIST = (
    "! officer joins", "! producer has sent an idea", "! the idea is accepted", "> nộp giấy tờ", "> Kế hoạch làm ăn",
    "> (photo)", "~ 3 seconds", "> xong",
)  # fmt: skip
"""The last answer ends with "1. Gửi cho xã", and what it leads to with "1. Gửi luôn"."""


@pytest.fixture(scope="module")
def world() -> World:
    return World.load(CHANNELS)


async def at_the_list(engine: AsyncEngine, world: World, channel: str = "zalo") -> Play:
    clock = Clock()
    run = Play(engine, replace(world, clock=clock), clock, channel)
    await play(run, list(AT_THE_LIST))
    return run


async def said(engine: AsyncEngine, world: World, *lines: str) -> str:
    """What comes back for these lines, typed where the papers are listed."""
    return await play(await at_the_list(engine, world), list(lines))


async def typed_while_the_answer_is_on_its_way(run: Play, seconds: int) -> None:
    """A number, and nothing goes out for so long."""
    run.count += 1
    one = Update("zalo", f"u{run.count}", "producer", TextReceived("1"), "vi")
    await handle(run.engine, run.world, [one])
    run.clock.now += timedelta(seconds=seconds)


def once_more(world: World) -> str:
    return world.catalog("vi").say(ONCE_MORE.texts[0])


async def test_the_number_that_led_here_does_not_send_too(sqlite_engine: AsyncEngine, world: World) -> None:
    """The network is slow: the list that the second is typed for is still the one before."""
    run = await at_the_list(sqlite_engine, world)
    await typed_while_the_answer_is_on_its_way(run, seconds=10)
    played = await play(run, ["> 1"])
    assert "1. Gửi luôn" in played
    assert once_more(world) in played
    assert "Đã gửi cho xã" not in played


async def test_typed_again_after_it_was_read_it_counts(sqlite_engine: AsyncEngine, world: World) -> None:
    run = await at_the_list(sqlite_engine, world)
    await typed_while_the_answer_is_on_its_way(run, seconds=10)
    assert "Đã gửi cho xã" in await play(run, ["> 1", "> 1"])


async def test_a_yes_to_a_question_that_came_later_sends_nothing(sqlite_engine: AsyncEngine, world: World) -> None:
    """The officer writes while the question stands: "được" is for the officer, "gửi luôn" never is."""
    run = await at_the_list(sqlite_engine, world)
    await play(run, ["> gửi cho xã"])
    asks = ("TL12-26-0001", "nhắn bà con", "Chiều nay bác lên xã được không?", "gửi đi")
    await play(run, [f"officer> {words}" for words in asks])
    played = await play(run, ["> được ạ"])
    assert world.catalog("vi").say(SOMETHING_ELSE.texts[0]) in played
    assert "Đã gửi cho xã" not in played
    assert "Đã gửi cho xã" in await play(run, ["> được ạ"])


async def test_two_answers_to_two_lists_that_were_shown_are_two(sqlite_engine: AsyncEngine, world: World) -> None:
    """Three seconds after the list is out: 1 for whom, 1 for yes."""
    played = await said(sqlite_engine, world, "> 1", "> 1")
    assert "Đã gửi cho xã" in played
    assert once_more(world) not in played


async def test_words_and_later_numbers_count_at_once(sqlite_engine: AsyncEngine, world: World) -> None:
    assert "Đã gửi cho xã" in await said(sqlite_engine, world, "> 1", "> gui luon")


async def test_after_a_while_a_number_is_meant_for_what_is_shown(sqlite_engine: AsyncEngine, world: World) -> None:
    played = await said(sqlite_engine, world, "> 1", "~ 2 minutes", "> 1")
    assert "Đã gửi cho xã" in played
    assert once_more(world) not in played


async def test_the_same_words_within_a_moment_are_one(sqlite_engine: AsyncEngine, world: World) -> None:
    """Nothing is done and nothing said: the answer to the first is on its way."""
    twice = await said(sqlite_engine, world, ">> 1")
    assert twice.count("Em sẽ gửi cho xã:") == 1
    assert once_more(world) not in twice


@pytest.mark.parametrize("channel", ["telegram", "zalo"])
async def test_words_said_again_for_want_of_an_answer_are_not_the_next_answer_too(
    sqlite_engine: AsyncEngine, world: World, channel: str
) -> None:
    """The bot was away for forty seconds; both come in when it is back. Later the same words are an answer again."""
    clock = Clock()
    run = Play(sqlite_engine, replace(world, clock=clock), clock, channel)
    await play(run, ["! producer is known", "> dang ky", "> Măng khô", "> thuc pham", "> 7", "> dang ban"])
    old = OptionChosen("menu/choice", "learn")  # a button from before, pressed once more: no answer to anything
    for key, event in (("words", TextReceived("măng rừng phơi nắng")), ("press", old)):
        await handle(run.engine, run.world, [Update(channel, key, "producer", event, "vi")])
    clock.now += timedelta(seconds=40)
    played = await play(run, ["> măng rừng phơi nắng"])
    assert "Câu 6/" in played
    assert "Câu 7/" not in played
    clock.now += timedelta(seconds=5)
    assert "Câu 7/" in await play(run, ["> măng rừng phơi nắng"])


@pytest.mark.parametrize("channel", ["telegram", "zalo"])
async def test_the_word_that_led_to_a_decision_does_not_confirm_it_unread(
    sqlite_engine: AsyncEngine, world: World, channel: str
) -> None:
    """ "Chấp nhận" is the button, and a yes: said again for want of an answer it is asked for once more."""
    clock = Clock()
    run = Play(sqlite_engine, replace(world, clock=clock), clock, channel)
    await play(run, ["! officer joins", "! producer has sent an idea", "officer> TL12-26-0001"])
    await handle(run.engine, run.world, [Update(channel, "first", "officer", TextReceived("chấp nhận"), "vi")])
    clock.now += timedelta(seconds=40)
    assert once_more(world) in await play(run, ["officer> chấp nhận"])
    clock.now += timedelta(seconds=5)
    assert "Tin vui" in await play(run, ["officer> chấp nhận"])


@pytest.mark.parametrize("channel", ["telegram", "zalo"])
async def test_a_yes_that_was_here_before_the_question_is_none(
    sqlite_engine: AsyncEngine, world: World, channel: str
) -> None:
    """Two messages right behind each other; under load the second waits for its turn, and its answer is long out."""
    run = await at_the_list(sqlite_engine, world, channel)
    here = Update(channel, "yes", "producer", TextReceived("ok em"), "vi", arrived_at=run.clock.now)
    await play(run, ["> gửi cho xã", "~ 30 seconds"])
    await handle(run.engine, run.world, [here])
    played = await play(run, ["~ 5 seconds"])
    assert once_more(world) in played
    assert "Đã gửi cho xã" not in played
    assert "Đã gửi cho xã" in await play(run, ["> ok em"])


async def test_a_yes_that_came_while_the_question_was_made_is_none(sqlite_engine: AsyncEngine, world: World) -> None:
    """It comes when the message before it has its turn already, and that turn has not said anything yet."""
    run = await at_the_list(sqlite_engine, world)
    later = asyncio.Event()

    def ticking() -> datetime:
        """Asked when something comes, and when its turn begins."""
        run.clock.now += timedelta(milliseconds=5)
        if run.clock.now - begun_at == timedelta(milliseconds=10):
            later.set()
        return run.clock.now

    async def says(words: str) -> None:
        await intake.submit(Update("zalo", words, "producer", TextReceived(words), "vi"))

    async def says_later(words: str) -> None:
        await later.wait()
        await says(words)

    begun_at = run.clock.now
    async with taking(sqlite_engine, replace(run.world, clock=ticking)) as intake:
        await asyncio.gather(says("gửi cho xã"), says_later("vâng"))
    played = await play(run, ["~ 1 second"])
    assert once_more(world) in played
    assert "Đã gửi cho xã" not in played


# ---------------------------------------------------------------- which list is the newest


async def known(engine: AsyncEngine, clock: Clock) -> Conversation:
    return await chat(engine, clock, "anna", "zalo")


async def tell(engine: AsyncEngine, clock: Clock, conversation: Conversation, kind: str, label: str) -> None:
    """A message with a list of one line, delivered."""
    body = {"text": f"1. {label}", "listed": [[1, f"l:case.{label}", label]]}
    async with engine.begin() as connection:
        await box.post(connection, [outbox_row(conversation.id, kind, body, clock())])
        due = await box.claim(connection, clock(), 10)
        await box.mark_sent(connection, [one.id for one in due], clock())


async def test_the_list_of_a_notice_is_the_newest_once_it_is_out(engine: AsyncEngine) -> None:
    clock = Clock()
    conversation = await known(engine, clock)
    clock.now = clock.now.replace(minute=1)
    await tell(engine, clock, conversation, "notice", "A-26-0001")
    await tell(engine, clock, conversation, "notice", "A-26-0002")
    assert (await known(engine, clock)).listed == ((1, "l:case.A-26-0002", "A-26-0002"),)


async def test_who_was_answered_meanwhile_has_the_list_of_the_answer(engine: AsyncEngine) -> None:
    """The answer comes behind a notice that was on its way already."""
    clock = Clock()
    conversation = await known(engine, clock)
    async with engine.begin() as connection:
        await connection.execute(update(conversations).values(listed=[[1, "l:menu", "Menu"]]))
    await tell(engine, clock, conversation, "notice", "A-26-0001")
    assert (await known(engine, clock)).listed == ((1, "l:menu", "Menu"),)

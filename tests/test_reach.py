"""How a person is told: what comes first, an officer's hours, and an e-mail address that is proved by a code."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.world import World
from dialogs.model import InvalidAnswer, OptionChosen, Person, TellFirst, TextReceived
from dialogs.producer.reach import MAX_ADDRESS_CHARS, email_address, part_of_day, reach_command, six_digits
from storage import joining, models, people, reach
from storage.database import writing
from storage.reach import Proof
from storage.records import Conversation, conversations_of
from tests.facts import Chat, facts
from tests.heart import chat, officer, rows, world_at
from tests.transcripts import BESIDE, CHANNELS, Clock, Play

SECRET = "a key of this installation, which nobody knows"


def play(
    engine: AsyncEngine, clock: Clock, channels: tuple[str, ...] = (*CHANNELS, *BESIDE), *, count: int = 0
) -> Play:
    known = {**CHANNELS, **BESIDE}
    world: World = replace(world_at(clock), channels={name: known[name] for name in channels}, secret_key=SECRET)
    return Play(engine, world, clock, "telegram", count=count)


async def lines(run: Play, *said: str) -> str:
    """What came back for the last line."""
    back: list[str] = []
    for line in said:
        back = await run.line(line)
    return "\n".join(back)


async def with_page(engine: AsyncEngine, clock: Clock) -> tuple[Conversation, Conversation]:
    """A person on Telegram and on the web page."""
    mine, page = await chat(engine, clock, "producer"), await chat(engine, clock, "web", "web")
    async with writing(engine) as connection:
        await conversations_of(connection, {("telegram", "producer"): "vi", ("web", "web"): "vi"}, clock())
        await joining.join(connection, mine.person_id, page.person_id, clock())
    return mine, page


async def ladder(engine: AsyncEngine, who: Conversation) -> list[str]:
    async with engine.begin() as connection:
        (first,) = await people.chats_of(connection, [who.person_id])
        return [first.channel, *(other.channel for other in first.others)]


# ---------------------------------------------------------------- what comes first


async def test_the_ladder_and_the_list_shown_are_one(engine: AsyncEngine) -> None:
    clock = Clock()
    mine, page = await with_page(engine, clock)
    run = play(engine, clock)
    async with writing(engine) as connection:
        await reach.add_address(connection, mine.person_id, "email", "may@example.vn", "vi", clock())
        later = clock() + timedelta(minutes=1)
        heard = update(models.conversations).where(models.conversations.c.id == page.id)
        await connection.execute(heard.values(updated_at=later))
    assert await ladder(engine, mine) == ["web", "telegram", "email"]
    clock.now += timedelta(minutes=2)
    shown = await lines(run, "> cach bao tin")
    assert shown.index("Telegram") < shown.index("trang web") < shown.index("may@example.vn")
    assert await ladder(engine, mine) == ["telegram", "web", "email"]  # heard there last
    assert "báo ở e-mail trước" in await lines(run, "> [Báo ở đâu trước]", "> [e-mail trước]")
    assert await ladder(engine, mine) == ["email", "telegram", "web"]
    assert "báo ở trang web trước" in await lines(run, "> bao tin qua trang web")
    assert await ladder(engine, mine) == ["web", "email", "telegram"]


async def test_a_channel_on_which_one_is_not_known_can_not_come_first(engine: AsyncEngine) -> None:
    clock = Clock()
    mine = await chat(engine, clock, "producer")
    assert "chưa biết anh/chị ở Zalo." in await lines(play(engine, clock), "> bao tin qua zalo")
    assert await ladder(engine, mine) == ["telegram"]
    assert (await rows(engine, models.people))[0].reach is None


async def test_a_blocked_chat_is_shown_and_not_used(engine: AsyncEngine) -> None:
    clock = Clock()
    mine, page = await with_page(engine, clock)
    async with writing(engine) as connection:
        await people.close_chat(connection, "web", "web", clock())
    shown = await lines(play(engine, clock), "> cach bao tin")
    assert "• trang web: đang bị chặn" in shown
    assert "Báo ở đâu trước" not in shown
    assert await ladder(engine, mine) == ["telegram"]
    assert page.channel == "web"


async def test_push_is_spoken_of_where_the_page_is_used_and_it_is_on(engine: AsyncEngine) -> None:
    clock = Clock()
    mine, _ = await with_page(engine, clock)
    words, run = "Muốn điện thoại báo", play(engine, clock)
    assert words in await lines(run, "> cach bao tin")
    run.world = replace(run.world, channels={name: CHANNELS[name] for name in CHANNELS})
    assert words not in await lines(run, "> cach bao tin")
    run = play(engine, clock, count=run.count)
    async with writing(engine) as connection:
        for browser in ("one", "two"):
            await reach.add_address(connection, mine.person_id, "push", browser, "vi", clock())
    shown = await lines(run, "> cach bao tin")
    assert words not in shown
    assert shown.count("thông báo trên điện thoại") == 1


def test_a_channel_is_named_as_people_type_it() -> None:
    known = facts()
    for typed, channel in (("Zalo", "zalo"), ("trang web", "web"), ("dien thoai", "push"), ("E-mail", "email")):
        assert reach_command(typed, known).effects == (TellFirst(channel),)
    assert reach_command("", known).effects == reach_command("bồ câu", known).effects == ()


# ---------------------------------------------------------------- an officer's hours


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Chỉ báo từ 7 giờ đến 17 giờ", "420-1020"),
        ("7h30 - 16h", "450-960"),
        ("sang 7h den 11h, chieu 1h30 den 5h", "420-1020"),
        ("from 8 am to 5 pm", "480-1020"),
    ],
)
def test_hours_as_people_type_them(typed: str, kept: str) -> None:
    assert part_of_day().read(TextReceived(typed), {}, facts(), "").value == kept


@pytest.mark.parametrize("typed", ["buổi sáng", "17 giờ đến 7 giờ", "7 giờ", "8h đến 8h15", "25 giờ đến 26 giờ", ""])
def test_what_is_no_part_of_a_day(typed: str) -> None:
    with pytest.raises(InvalidAnswer):
        part_of_day().read(TextReceived(typed), {}, facts(), "")


async def test_an_officer_sets_hours_and_a_producer_has_none(engine: AsyncEngine) -> None:
    clock = Clock()
    boss, mine = await officer(engine, clock, "officer"), await chat(engine, clock, "producer")
    run = play(engine, clock)
    assert "từ 7:00 đến 17:00" in await lines(run, "officer> chi bao tu 7 gio den 17 gio")
    async with engine.begin() as connection:
        (told,) = await people.chats_of(connection, [boss.person_id])
        assert told.hours == (420, 1020)
    assert "từ 6:30 đến 21:00" in await lines(run, "officer> [Giờ báo tin]", "officer> nhu thuong le")
    kept = {row.id: row.reach for row in await rows(engine, models.people)}
    assert kept[boss.person_id] is None
    assert "Giờ báo tin" not in await lines(run, "> chi bao tu 7 gio den 17 gio")
    assert kept[mine.person_id] is None


# ---------------------------------------------------------------- e-mail


async def sent(engine: AsyncEngine, clock: Clock, who: Conversation, address: str) -> str:
    async with writing(engine) as connection:
        return await reach.address_code(connection, who.id, address, SECRET, clock())


async def proved(engine: AsyncEngine, clock: Clock, who: Conversation, digits: str) -> Proof:
    async with writing(engine) as connection:
        return (await reach.prove(connection, who.id, digits, SECRET, clock()))[0]


async def test_an_address_is_told_only_after_its_code(engine: AsyncEngine) -> None:
    clock = Clock()
    mine = await chat(engine, clock, "producer")
    run = play(engine, clock)
    shown = await lines(run, "> thêm email", "> may@example.vn")
    letter = next(body["text"] for body in run.seen["may@example.vn"])
    assert f"{run.digits[:3]} {run.digits[3:]}" in letter
    assert "Em đã gửi mã" in shown
    assert await ladder(engine, mine) == ["telegram"]
    assert "đúng" in (await lines(run, f"> {run.digits[:3]} {run.digits[3:]}")).lower()
    assert await ladder(engine, mine) == ["telegram", "email"]
    assert run.digits not in str(await rows(engine, models.address_codes))
    await lines(run, "> bo email", "> [Bỏ e-mail]")
    assert await ladder(engine, mine) == ["telegram"]
    assert not await rows(engine, models.conversations, models.conversations.c.chat_id.contains("@"))


async def test_who_proves_an_address_of_somebody_else_gets_none_of_their_news(engine: AsyncEngine) -> None:
    clock = Clock()
    first, second = await chat(engine, clock, "producer"), await chat(engine, clock, "second")
    run = play(engine, clock)
    await lines(run, "> thêm email", "> chung@example.vn", "> (digits)")
    await lines(run, "second> thêm email", "second> chung@example.vn")
    assert await ladder(engine, first) == ["telegram", "email"]  # until it is proved
    await lines(run, "second> (digits)")
    assert await ladder(engine, first) == ["telegram"]
    assert await ladder(engine, second) == ["telegram", "email"]


async def test_where_no_mail_can_be_sent_there_is_none_to_add(engine: AsyncEngine) -> None:
    clock = Clock()
    await chat(engine, clock, "producer")
    run = play(engine, clock, ("telegram", "web"))
    assert "e-mail" not in await lines(run, "> cách báo tin")
    assert "e-mail" not in await lines(run, "> thêm email")


async def test_a_code_for_an_address_has_five_tries_and_ten_minutes(engine: AsyncEngine) -> None:
    clock = Clock()
    mine = await chat(engine, clock, "producer")
    digits = await sent(engine, clock, mine, "may@example.vn")
    wrong = f"{(int(digits) + 1) % 1_000_000:06}"
    outcomes = [await proved(engine, clock, mine, wrong) for _ in range(reach.CODE_TRIES)]
    assert outcomes == [*[Proof.WRONG] * (reach.CODE_TRIES - 1), Proof.OVER]
    assert await proved(engine, clock, mine, digits) is Proof.OVER
    again = await sent(engine, clock, mine, "may@example.vn")
    clock.now += timedelta(minutes=reach.CODE_MINUTES)
    assert await proved(engine, clock, mine, again) is Proof.OVER
    third = await sent(engine, clock, mine, "may@example.vn")
    assert await proved(engine, clock, mine, third) is Proof.RIGHT
    assert await proved(engine, clock, mine, third) is Proof.OVER  # once


async def test_nobody_sends_mail_to_the_world_through_us(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    chats = [await chat(engine, clock, f"chat-{n}") for n in range(6)]
    one = [bool(await sent(engine, clock, chats[0], f"{n}@example.vn")) for n in range(4)]
    assert one == [True, True, True, False]  # from one chat
    there = [bool(await sent(engine, clock, who, "May@example.vn")) for who in chats[1:5]]
    assert there == [True, True, True, False]  # to one address
    assert not await sent(engine, clock, chats[4], "may@EXAMPLE.vn")
    assert await sent(engine, clock, chats[4], "another@example.vn")
    monkeypatch.setattr(reach, "MAILS_PER_HOUR", 7)
    assert not await sent(engine, clock, chats[5], "seventh@example.vn")
    clock.now += timedelta(hours=1)
    assert await sent(engine, clock, chats[5], "seventh@example.vn")
    async with engine.begin() as connection:
        counted = select(func.count()).select_from(models.address_codes)
        assert (await connection.execute(counted)).scalar_one() == 1  # of older ones nothing is kept


@pytest.mark.parametrize("typed", ["Lan@Example.VN", " lan@example.vn ", "hop.tac@thưđiệntử.vn"])
def test_addresses(typed: str) -> None:
    value = email_address().read(TextReceived(typed), {}, facts(), "").value
    assert "@" in value
    assert value.isascii()  # as every mail server takes it


@pytest.mark.parametrize(
    "typed",
    [
        "lan",
        "lan@",
        "lần@example.vn",
        "lan at example.vn",
        "lan@example",
        "a@b.vn, c@d.vn",
        f"{'a' * 60}@{'b' * 60}.vn",
    ],
)
def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(InvalidAnswer):
        email_address().read(TextReceived(typed), {}, facts(), "")
    assert MAX_ADDRESS_CHARS == reach.MAX_ADDRESS_CHARS


@pytest.mark.parametrize("typed", ["482913", "482 913", "482-913", "mã 482.913", " 482 913. "])
def test_six_digits(typed: str) -> None:
    assert six_digits(()).read(TextReceived(typed), {}, facts(), "").value == "482913"


@pytest.mark.parametrize("typed", ["48291", "4829130", "48  2913 1", "0912345678", ""])
def test_what_are_not_six_digits(typed: str) -> None:
    with pytest.raises(InvalidAnswer):
        six_digits(()).read(TextReceived(typed), {}, facts(), "")


# ---------------------------------------------------------------- wherever it is typed


def test_the_words_work_outside_a_form_and_a_code_everywhere() -> None:
    somebody = Chat(facts())
    assert somebody.does("cach bao tin").at == "reach/choice"
    assert somebody.does("noi tai khoan").at == "join/what"
    assert somebody.does("lui").at == "reach/choice"
    assert somebody.does("link account", "menu").at == "menu/choice"
    somebody.does("đăng ký", "Mật ong", "nối 482 913")
    assert somebody.at == "join_code/code"
    assert somebody.does("nối 482 913 giúp em").at == "join_code/code"
    somebody.does("menu", "đăng ký", "mới", "cách báo tin")
    assert somebody.answers["product"] == "cách báo tin"  # in a form it may be an answer


def test_consent_comes_first() -> None:
    newcomer = Chat(facts(Person("vi")))
    assert newcomer.does("nối 482 913").at == "consent/agree"
    assert newcomer.does("không").at == "menu/choice"


def test_a_press_of_what_is_not_offered() -> None:
    with pytest.raises(InvalidAnswer):
        part_of_day().read(OptionChosen("", "sometimes"), {}, facts(), "")

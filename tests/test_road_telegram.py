"""The whole road on Telegram: the real program in a process of its own, people with phones, and what goes wrong.

The program is started few times, for it takes four seconds; each start serves one long story.
"""

import asyncio
import re
import signal
import sqlite3
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.papers import Kind, inspect
from tests.doubles.bot_api import TOKEN, BotApi, Failure, Seen
from tests.doubles.people import ANSWER_S, IDEA, Person, buttons, photo
from tests.program import COLD, Program, begin, finished, free_port, running

PACE = 0.2
"""Redelivery of webhooks, five times as fast as Telegram's own."""
ALERT_S = 5.0
STOP_S = 5.0
COLD_START_S = 20.0
"""Four seconds on an idle machine."""

REASON = "Ghi ro mang loai nao giup xa"
LEFT_OVERS = ("Traceback", "was destroyed", "never retrieved", "never awaited", "Unclosed", "CRITICAL")
"""What the log shows when a task or a connection was left behind."""

CODE = re.compile(r"TL12-\d\d-\d{4}")


def environment(api: BotApi, **more: str) -> dict[str, str]:
    return {"TELEGRAM_BOT_TOKEN": api.token, "TELEGRAM_API_URL": api.url, "DAYS_OFF": "", **more}


async def invitation(folder: Path, api: BotApi | None = None) -> str:
    """The payload of the deep link that the command line prints for an officer of Tân Lĩnh.

    Without `api` it is read from the web link, which is the same and is there three seconds sooner.
    """
    code, said, logged = await finished(
        folder, "invite", "--commune", "04336", **(environment(api) if api is not None else {})
    )
    assert code == 0, logged
    found = re.search(rf"https://t\.me/{api.username}\?start=(\S+)" if api is not None else r"/start/(\S+)", said)
    assert found is not None, said
    return found[1]


def rows(folder: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(f"file:{folder / 'var' / 'ocop.db'}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


async def noted(folder: Path, query: str) -> None:
    """Wait until the other process has committed a row like this."""
    async with asyncio.timeout(ANSWER_S):
        while True:
            if rows(folder, query):
                return
            await asyncio.sleep(0.1)


# ---------------------------------------------------------------- the road


async def walk(api: BotApi, officer: Person, producer: Person, payload: str, trouble: Failure | None = None) -> str:
    """From the invitation and the poster to the papers on the officer's phone; the code of the case.

    `trouble` meets the first try of both alerts.
    """
    assert "Tân Lĩnh" in (await officer.opens(payload)).text
    await producer.consents()
    await register(producer)
    alerts = [trouble] if trouble is not None else []
    for failure in alerts:
        api.fail("sendMessage", failure)
    code = await submit(officer, producer)
    await send_back(officer, producer, code)
    await correct(officer, producer, code)
    for failure in alerts:
        api.fail("sendMessage", failure)
    await hand_in_plan(officer, producer, code)
    await read_papers(officer, code)
    status = await producer.says("ho so cua toi dau")
    assert code in status.text
    await api.until(lambda: not producer.spins and not officer.spins)
    return code


async def register(producer: Person) -> None:
    """As people type, without diacritics; somebody else's card is not taken for one's own number."""
    await producer.says("dang ky sp")
    for words in IDEA:
        asked = await producer.says(words)
    assert asked.keys
    producer.shares_contact("84987654321", own=False)
    refused = await producer.answered()
    assert refused.keys == asked.keys
    producer.presses(refused.keys[0][0])
    await producer.answered()
    await four_photos(producer)
    await producer.chooses("done")
    review = await producer.says("bo qua")
    for shown in ("Măng khô Tân Lĩnh", "0912 345 678", "300 kg"):
        assert shown in review.text
    assert "987" not in review.text


async def four_photos(producer: Person) -> None:
    """Counted back in one message, the blurred one by its number."""
    before = len(producer.sees())
    producer.sends_album([photo(), photo(6), photo(), photo()])
    counted = await producer.answered()
    assert "4" in counted.text.splitlines()[1]
    assert "Ảnh 2 " in counted.text
    assert "Ảnh 1 " not in counted.text
    assert len(producer.sees()) == before + 1


async def submit(officer: Person, producer: Person) -> str:
    """A finger that hits twice makes one case; the officer knows within five seconds."""
    producer.picks("send")
    producer.picks("send")
    submitted_at = time.monotonic()
    receipt = await producer.waits_for("TL12-", ANSWER_S)
    code = CODE.findall(receipt.text)[0]
    alert = await officer.waits_for(code, ALERT_S)
    assert alert.at - submitted_at < ALERT_S
    assert IDEA[0] in alert.text
    await producer.answered()  # the second press: nothing has changed
    assert alerts_about(officer, code) == 1
    return str(code)


def alerts_about(officer: Person, code: str) -> int:
    return sum(any(key["callback_data"] == f"l:review.{code}" for key in buttons(seen)) for seen in officer.sees())


async def send_back(officer: Person, producer: Person, code: str) -> None:
    card = await officer.chooses(f"review.{code}")
    assert code in card.text
    assert "0912" not in card.text  # a number is shown only when asked for
    await officer.chooses("return")
    await officer.says("Diem dac biet")
    await officer.says(REASON)
    await officer.chooses("send")
    told = await producer.waits_for(code, ANSWER_S)
    assert REASON in told.text


async def correct(officer: Person, producer: Person, code: str) -> None:
    """The producer changes what was returned and nothing else; the case comes back and is accepted."""
    await producer.chooses(f"case.{code}")
    await producer.chooses("fix:1")
    review = await producer.says("mang cu gia, phoi ba nang")
    assert "mang cu gia" in review.text
    await producer.chooses("send")
    await officer.waits_for(code, ANSWER_S)
    await officer.chooses(f"review.{code}")
    await officer.chooses("accept")
    await officer.chooses("accept")
    await producer.waits_for(code, ANSWER_S)


async def hand_in_plan(officer: Person, producer: Person, code: str) -> None:
    """Pages in two albums; what is too large is refused where it is expected and where it is not."""
    assert "20 MB" in (await too_large(producer)).text
    await producer.says("nop giay to")
    await producer.says("1")
    for pages in (2, 1):
        producer.sends_album([photo()] * pages)
        await producer.answered()
    assert "20 MB" in (await too_large(producer)).text
    listed = await producer.chooses("done")
    assert "3 trang" in listed.text
    await producer.chooses("send")
    producer.picks("send")
    await producer.answered()
    await officer.waits_for(code, ANSWER_S)


async def too_large(producer: Person) -> Seen:
    producer.sends_document("ke hoach.pdf", b"%PDF", size_bytes=25 << 20)
    return await producer.answered()


async def read_papers(officer: Person, code: str) -> None:
    """A look at all papers is one picture; as files, the pages that were photos come as one PDF."""
    await officer.chooses(f"review.{code}")
    await officer.chooses("papers")
    await officer.waits_for("Giấy tờ.jpg", ANSWER_S)
    await officer.chooses("other")
    await officer.chooses("pdf")
    for name, pages in (("Ảnh sản phẩm", 4), ("Kế hoạch làm ăn", 3)):
        paper = await officer.waits_for(f"{code} {name}.pdf", ANSWER_S)
        assert pages_of(paper.data) == pages
    assert (await officer.waits_for("Anh/chị muốn làm gì", ANSWER_S)).buttons


def pages_of(pdf: bytes) -> int:
    inspected = inspect(pdf)
    assert inspected.kind is Kind.PDF
    return inspected.pages


# ---------------------------------------------------------------- the road, both ways


@pytest.mark.timed
async def test_the_road_by_polling(tmp_path: Path) -> None:
    """With everything logged that the program ever logs: nobody's words, name, number or token are there."""
    async with BotApi() as api:
        async with running(tmp_path, **environment(api, LOG_LEVEL="DEBUG")) as program:
            officer, producer = Person(api, 7001, "Lan"), Person(api)
            await walk(api, officer, producer, await invitation(tmp_path, api))
            await unreadable_things(api)
            await in_english(api)
            asked_at = time.monotonic()
            assert await program.stop() == 0
            assert time.monotonic() - asked_at < STOP_S
        keeps_quiet(program)


def keeps_quiet(program: Program) -> None:
    told = program.logged + program.said
    planted = (TOKEN.split(":")[1], *IDEA[4:7], "Măng", "Páo", "912345678", "912 345", REASON, "ke hoach.pdf")
    assert [word for word in planted if word in told] == []
    assert [line for line in told.splitlines() if any(bad in line for bad in LEFT_OVERS)] == []


async def unreadable_things(api: BotApi) -> None:
    """Each gets one answer; groups and other bots get none."""
    person, bot = Person(api, 5002), Person(api, 5003)
    bot.user["is_bot"] = True
    await person.consents()
    for send in (person.sends_sticker, person.sends_voice, person.sends_poll, lambda: person.edits("mat ong")):
        send()
        assert (await person.answered()).text
    person.talks_in_group("dang ky")
    bot.types("/start")
    await person.says("/help")
    assert person.reads_all() == bot.sees() == []
    assert -person.user_id not in {call.params.get("chat_id") for call in api.calls}


async def in_english(api: BotApi) -> None:
    person = Person(api, 5004, "Ann", language_code="en-GB")
    for seen in (await person.consents(), await person.says("register a product"), await person.says("Wild honey")):
        assert re.search(r"[ăâđêôơưạảấầ]", seen.text.replace("Tân Lĩnh, Lào Cai", "")) is None, seen.text
    assert person.sees()[-1].text.startswith("Question 2/")


async def test_the_road_by_webhook_with_everything_going_wrong(tmp_path: Path) -> None:
    port = free_port()
    public = {"PUBLIC_URL": f"http://localhost:{port}", "PORT": str(port)}
    async with BotApi(pace=PACE) as api:
        async with running(tmp_path, **environment(api, **public)) as program:
            officer, producer = Person(api, 7001, "Lan"), Person(api)
            await api.until(lambda: bool(api.webhook.get("url")))
            assert api.webhook["url"] == f"http://localhost:{port}/telegram"
            assert api.webhook["secret_token"]
            payload = await invitation(tmp_path)
            trouble = Failure(status=429, retry_after=1, chat_id=officer.user_id)
            code = await walk(api, officer, producer, payload, trouble)
            assert api.sent("getUpdates") == []
            await answers_lost_on_the_way(api)
            await redelivered(api, producer)
            await blocked(tmp_path, officer, producer, code)
            assert await program.stop() == 0
        keeps_quiet(program)


async def answers_lost_on_the_way(api: BotApi) -> None:
    """Every kind of failure, each to somebody else, all at once."""
    failures = (
        Failure(status=429, retry_after=1),
        Failure(status=500),
        Failure(drop=True),
        Failure(garbage=True),
        Failure(drop=True, after=True),
    )
    people = [Person(api, 5010 + number) for number in range(len(failures))]
    await asyncio.gather(*(person.consents() for person in people))
    for person, failure in zip(people, failures, strict=True):
        api.fail("sendMessage", replace(failure, chat_id=person.user_id))
        person.types("/help")
    sent_at = time.monotonic()
    found = await asyncio.gather(*(person.answered() for person in people))
    assert found[0].at - sent_at > 1
    assert len({seen.text for seen in found}) == 1
    repeated = await people[-1].answered()  # its first answer arrived, and nobody could know
    assert repeated.text == found[-1].text
    assert all(person.reads_all() == [] for person in people)


async def redelivered(api: BotApi, producer: Person) -> None:
    """Three times more, as if each 200 had been lost: one answer in all."""
    number = producer.types("/help")
    answer = await producer.answered()
    posted = len(api.deliveries)
    for _ in range(3):
        api.again(number)
    await api.until(lambda: len(api.deliveries) == posted + 3)
    assert [status for _, status, _ in api.deliveries[posted:]] == [200] * 3
    await producer.says("/menu")
    assert [seen.text for seen in producer.sees()].count(answer.text) == 1


async def blocked(folder: Path, officer: Person, producer: Person, code: str) -> None:
    """The decision stands, nobody insists, and who comes back is told what waited, with the answer."""
    producer.blocks()
    await officer.chooses("accept")
    await officer.chooses("accept")
    await noted(folder, "SELECT 1 FROM outbox WHERE status = 'held' AND error = 'Unreachable'")
    producer.reads_all()
    producer.unblocks()
    back = (await producer.says("ho so cua toi dau")).text
    assert back.startswith("1 tin cho anh/chị trong lúc vắng:")
    assert code in back


# ---------------------------------------------------------------- killed, and stopped


async def test_killed_and_stopped_in_the_middle(tmp_path: Path) -> None:
    """Nothing is lost and nothing is submitted twice; what the kill left half sent may come twice."""
    async with BotApi() as api:
        people = [Person(api, 6000 + number) for number in range(12)]
        officer, sellers = Person(api, 7001, "Lan"), [Person(api, 5001 + number) for number in range(3)]
        everybody = [*people, *sellers]
        people[0].types("/start")
        async with asyncio.timeout(COLD_START_S):
            program = begin(tmp_path, **COLD, **environment(api))
            first = await people[0].answered(COLD_START_S)
        sys.stdout.write(f"cold start to the first reply: {first.at - program.started_at:.1f} s\n")
        try:
            await officer.opens(await invitation(tmp_path))
            await asyncio.gather(*(ready_to_send(seller) for seller in sellers))
            await killed_in_a_burst(api, program, people, sellers)
        finally:
            program.kill()
        async with running(tmp_path, **environment(api)) as program:
            await asyncio.gather(*(person.answered() for person in everybody))
            codes = {row[0] for row in rows(tmp_path, "SELECT code FROM cases")}
            assert len(codes) == len(sellers)
            await api.until(lambda: all(alerts_about(officer, code) for code in codes), ANSWER_S)
            await api.until(lambda: not any(seller.spins for seller in sellers))
            await button_from_before(tmp_path, sellers[0])
            await asyncio.sleep(0.5)
            for person in everybody:
                person.reads_all()
                person.types("/help")
            await api.until(lambda: sum(len(person.chat.seen) > person.read for person in everybody) > 2)
            assert await program.stop(signal.SIGINT) == 0
        async with running(tmp_path, **environment(api)):
            await asyncio.gather(*(person.answered() for person in everybody))
            await asyncio.gather(*(person.says("/menu") for person in everybody))
            assert [person.reads_all() for person in everybody] == [[]] * len(everybody)


async def ready_to_send(seller: Person) -> None:
    await seller.consents()
    await seller.fills_in()


async def killed_in_a_burst(api: BotApi, program: Program, people: list[Person], sellers: list[Person]) -> None:
    before = len(api.sent("sendMessage"))
    api.fail("sendMessage", Failure(delay_s=0.05), times=30)
    for person in people:
        person.types("/help")
    for seller in sellers:
        seller.picks("send")
        seller.picks("send")
    await api.until(lambda: len(api.sent("sendMessage")) >= before + 4)
    program.kill()
    api.forget_failures()


async def button_from_before(folder: Path, seller: Person) -> None:
    """The review's own button, pressed once more after the restart, submits nothing."""
    seller.reads_all()
    cases = rows(folder, "SELECT count(*) FROM cases")
    seller.press_data(next(key["callback_data"] for seen in seller.sees() for key in buttons(seen) if is_send(key)))
    assert (await seller.answered()).text
    assert rows(folder, "SELECT count(*) FROM cases") == cases


def is_send(key: dict[str, Any]) -> bool:
    return bool(re.fullmatch(r"o:register_idea\.\d+/review(#[0-9a-f]+)?:send", key["callback_data"]))

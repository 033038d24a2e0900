"""Bad input, over every way it can come in: a clear sentence, and nothing lost.

Each item is brought as its platform brings it, to a question that somebody stands at. What they read stands in
docs/bad-input.md, which this file makes (`--update`) and is compared with.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.channels.base import Update
from bot.doctor import SAMPLE_ANSWERS
from bot.papers import safe_name
from dialogs.model import Draft, LinkFollowed, Role, State
from dialogs.producer.register_idea import IDEA_ASKS, REGISTER_IDEA
from dialogs.state import dump, load
from storage import people
from storage.models import conversations, outbox, updates
from storage.models import files as file_table
from storage.models import invitations as invitation_table
from storage.models import papers as paper_table
from tests.heart import ANSWERS, TERRITORY, chat, once, rows, submit
from tests.test_papers import DOCX_PARTS, encoded, locked_pdf, one_page, png_header, zipped
from tests.ways_in import (
    SECRET,
    WAYS,
    ByUploadPage,
    Doors,
    Thing,
    Way,
    open_doors,
    packed,
    telegram_update,
    zalo_bot_event,
    zalo_event,
    zalo_signature,
)  # fmt: skip

DOCUMENT = Path(__file__).parent.parent / "docs" / "bad-input.md"
LONG, FORM = 10_000, "register_idea.1"
GIVEN = {**SAMPLE_ANSWERS, "product_group": "food"}
GROUPED = ANSWERS | {"product_group": "food", "producer_kind": "household"}
ACTION = b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>"


@dataclass(frozen=True, slots=True)
class Item:
    """`at`: the question of the form it comes to. `leads`: somewhere else, from where the form goes on."""

    title: str
    at: str
    thing: Thing
    leads: bool = False


def typed(title: str, at: str, words: str) -> Item:
    return Item(title, at, Thing("text", words))


ITEMS = (
    typed("10,000 characters", "special", "măng " * (LONG // 5)),
    typed("10,000 characters without a blank", "product", "x" * LONG),
    typed("an empty message", "product", ""),
    typed("only blanks", "product", " \n\t "),
    typed("only emoji", "product", "🍌👍🏽❤️"),
    typed("only control characters", "product", "\x07\x1b\x7f\x00"),
    typed("only characters without a width", "product", "\u200b\u200d\u2060\ufeff"),
    typed("only marks that turn the direction", "product", "\u202e\u2067\u200f"),
    typed("a number for a name", "product", "0912345678"),
    typed("a telephone number that lacks digits", "phone", "0912 345"),
    typed("one with too many", "phone", "0912 345 678 99"),
    typed("one that does not exist", "phone", "+84 12 34"),
    typed("no number at all", "phone", "hỏi bà ngoại"),
    Item("somebody else's card", "phone", Thing("contact", "0987654321")),
    typed("less than nothing", "quantity", "-3 tạ"),
    typed("nothing", "quantity", "0 kg"),
    typed("a power", "quantity", "10^12 kg"),
    typed("more than there can be", "quantity", "999999999999 tấn"),
    typed("two amounts at once", "quantity", "2-3 tạ"),
    typed("an amount without a number", "quantity", "nhiều lắm"),
    typed("a number that is not in the list", "product_state", "99"),
    typed("words that are not in the list", "product_state", "máy bay"),
    Item("a button of last month", "phone", Thing("press", "o:register_idea.1/product_group:food")),
    Item("a button nobody made", "phone", Thing("press", "l:review.TL12-26-0001"), leads=True),
    Item("a sticker", "product", Thing("sticker")),
    Item("a voice note", "product", Thing("voice")),
    Item("a film", "product", Thing("video")),
    Item("a poll", "product", Thing("poll")),
    Item("a place", "product", Thing("location")),
    Item("an older message, changed", "product", Thing("edited", "Măng khô và mật ong")),
    Item("a forwarded message that is no answer", "phone", Thing("forwarded", "hỏi bà ngoại")),
    typed("a command that is none", "product", "/xyz"),
    typed("somebody else's case, or none", "product", "TL12-26-9999"),
    Item("a link that names no commune", "phone", Thing("start", "c-99999"), leads=True),
    Item("a link to nothing", "phone", Thing("start", "i-"), leads=True),
    Item("a forged invitation", "phone", Thing("start", f"i-{'A' * 24}"), leads=True),
    Item("a forged invitation to a council", "phone", Thing("start", f"h-{'A' * 24}"), leads=True),
    Item("an invitation that was used", "phone", Thing("start", "i-(used)"), leads=True),
    Item("an invitation of last month", "phone", Thing("start", "i-(expired)"), leads=True),
    Item("a message in a group", "product", Thing("group", "Măng khô")),
    Item("a message of another bot", "product", Thing("bot", "Măng khô")),
    Item("a post in a channel", "product", Thing("post", "Măng khô")),
)
RIGHT = {
    "product": "Măng khô", "special": "Măng rừng phơi nắng", "phone": "0912 345 678", "quantity": "2 tạ một tháng",
    "product_state": "Đang bán",
}  # fmt: skip


@pytest.fixture
async def doors(hurried: AsyncEngine) -> AsyncIterator[Doors]:
    async with open_doors(hurried) as opened:
        yield opened


async def stand_at(doors: Doors, way: Way, who: str, question: str) -> State:
    """Somebody in the middle of the form, at this question."""
    done = IDEA_ASKS[: [ask.name for ask in IDEA_ASKS].index(question)]
    given = {ask.name: GIVEN[ask.name] for ask in done if ask.name in GIVEN}
    state = State(f"{FORM}/{question}", {FORM: Draft(given, REGISTER_IDEA.version)}, serial=1)
    begun = await chat(doors.engine, doors.clock, who, way.channel)
    async with doors.engine.begin() as connection:
        here = conversations.c.id == begun.id
        await connection.execute(update(conversations).where(here).values(state=dump(state)))
    return state


async def stands(doors: Doors, way: Way, who: str) -> State:
    here = (conversations.c.channel == way.channel, conversations.c.chat_id == who)
    (row,) = await rows(doors.engine, conversations, *here)
    return load(row.state)


def answers(state: State) -> tuple[Mapping[str, str], str]:
    draft = state.drafts[FORM]
    return {name: value for name, value in draft.answers.items() if value}, draft.partial


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.title)
async def test_it_is_answered_and_nothing_is_lost(
    way: Way, doors: Doors, subtests: pytest.Subtests, caplog: pytest.LogCaptureFixture
) -> None:
    invited = await invitations(doors)
    for number, item in enumerate(ITEMS):
        if way.carries(item.thing):
            with subtests.test(item=item.title):
                note(item.title, way, await answered(doors, way, way.chat(number), item, invited))
    assert await rows(doors.engine, updates, updates.c.error != "") == []
    assert not re.search("măng|Măng|0912|bà ngoại", caplog.text)


async def invitations(doors: Doors) -> Mapping[str, str]:
    """The secrets of one that somebody used, and of one that is too old."""
    last_month = doors.clock() - timedelta(days=30)
    async with doors.engine.begin() as connection:
        used = await people.invite(connection, Role.COMMUNE_OFFICER, TERRITORY, doors.clock())
        old = await people.invite(connection, Role.COMMUNE_OFFICER, TERRITORY, last_month)
        spent = update(invitation_table).where(invitation_table.c.token_sha256 == people.digest(used))
        await connection.execute(spent.values(used_at=doors.clock()))
    return {"(used)": used, "(expired)": old}


async def answered(doors: Doors, way: Way, who: str, item: Item, secrets: Mapping[str, str]) -> str:
    """The first paragraph of what came back; a right answer afterwards is one."""
    before, thing = await stand_at(doors, way, who, item.at), item.thing
    for name, secret in secrets.items():
        thing = replace(thing, words=thing.words.replace(name, secret))
    status = await way.bring(doors, who, thing)
    said = await doors.said(way.channel, who)
    after = await stands(doors, way, who)
    assert answers(after) == answers(before)
    assert after.at == before.at or item.leads
    if after.at != before.at:
        await way.bring(doors, who, Thing("text", "làm tiếp"))
        assert (await stands(doors, way, who)).at == before.at
    await way.bring(doors, who, Thing("text", RIGHT[item.at]))
    after = await stands(doors, way, who)
    assert after.at != before.at
    assert after.drafts[FORM].answers[item.at]
    assert len(await doors.said(way.channel, who)) > len(said)
    return said[0].partition("\n\n")[0] if said else REFUSED if status == 400 else NOTHING


# ---------------------------------------------------------------- files

PHOTO = encoded(Image.effect_noise((640, 800), 80))
FILES = (
    Item("a program called .pdf", "", Thing("file", name="ke-hoach.pdf", data=b"MZ\x90\0" + b"\0" * 500)),
    Item("a PDF that does not open", "", Thing("file", name="ke-hoach.pdf", data=b"%PDF-1.7\nnothing")),
    Item("a PDF with a password", "", Thing("file", name="ke-hoach.pdf", data=locked_pdf("secret"))),
    Item("a PDF with JavaScript", "", Thing("file", name="ke-hoach.pdf", data=one_page(ACTION))),
    Item("a bomb", "", Thing("file", name="ke-hoach.docx", data=zipped(DOCX_PARTS | {"word/x": b"\0" * 20_000_000}))),
    Item("a file of 30 MB", "", Thing("file", name="ke-hoach.pdf", data=b"%PDF-1.7" + b" " * 30_000_000)),
    Item("a file of 0 bytes", "", Thing("file", name="ke-hoach.pdf")),
    Item("a picture of 50,000 pixels a side", "", Thing("photo", data=png_header(50_000, 50_000))),
    Item("a photo that was cut off", "", Thing("photo", data=PHOTO[:2000])),
)
STRANGE_NAME = f"../../etc/{'x' * 500}\u202efdp.exe\0.pdf"


FILE_WAYS = (WAYS[0], WAYS[2], WAYS[3], WAYS[5], ByUploadPage())


@pytest.mark.parametrize("way", FILE_WAYS, ids=lambda way: way.title)
async def test_a_file_is_taken_or_refused_with_a_reason(way: Way, doors: Doors, subtests: pytest.Subtests) -> None:
    """Two ways that fetch alike are tried once. Afterwards a good page is taken, and is all there is."""
    for number, item in enumerate(FILES):
        if way.carries(item.thing):
            with subtests.test(item=item.title):
                note(item.title, way, await refused(doors, way, way.chat(100 + number), item.thing))
    assert await rows(doors.engine, updates, updates.c.error != "") == []


async def refused(doors: Doors, way: Way, who: str, thing: Thing) -> str:
    """What is said of this file."""
    await ask_for_pages(doors, way, who)
    before = len(await doors.said(way.channel, who))
    status = await send_file(doors, way, who, thing)
    said = (await doors.said(way.channel, who))[before:]
    good = Thing("file", data=one_page(), name=STRANGE_NAME)
    good = good if way.carries(good) else Thing("photo", data=PHOTO)
    assert await send_file(doors, way, who, good) in (0, 200)
    await way.beside.bring(doors, who, Thing("text", "xong"))
    (person,) = {row.person_id for row in await rows(doors.engine, conversations, conversations.c.chat_id == who)}
    kept = [
        row for row in await rows(doors.engine, file_table, file_table.c.person_id == person) if row.status == "stored"
    ]
    assert len(kept) == 1
    assert safe_name(kept[0].name) == kept[0].name
    pages = [row.pages for row in await rows(doors.engine, paper_table)]
    assert [[kept[0].id, 0]] in pages
    assert (status == 413) == (not said)
    words = said[-1].splitlines() if said else [page_says("fileTooBig")]
    return next(line for line in words if line.startswith(("Tệp ", "Ảnh ")))


def page_says(name: str) -> str:
    """Words that the page has itself."""
    texts = (DOCUMENT.parent.parent / "bot/web/static/texts.js").read_text(encoding="utf-8")
    found = re.search(rf'{name}: "([^"]+)"', texts)
    assert found is not None
    return found[1]


async def send_file(doors: Doors, way: Way, who: str, thing: Thing) -> int:
    doors.given = thing.data
    status = await way.bring(doors, who, thing)
    await doors.fetched()
    return status


async def ask_for_pages(doors: Doors, way: Way, who: str) -> None:
    """Somebody whose idea was handed in, where the pages of its plan are asked for."""
    producer = await chat(doors.engine, doors.clock, who, way.channel)
    code = await submit(doors.engine, producer, doors.clock(), GROUPED)
    target = LinkFollowed(f"upload.{code}/pages", {"_paper": "business_plan"})
    await doors.intake.submit(Update(way.channel, f"pages-{who[-6:]}", who, target))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.title)
async def test_an_album_of_ten_out_of_order_with_a_duplicate(way: Way, doors: Doors) -> None:
    who = way.chat(200)
    await ask_for_pages(doors, way, who)
    doors.given = PHOTO
    doors.numbers = iter([3, 1, 2, 7, 5, 3, 9, 4, 10, 8, 6])
    await way.bring(doors, who, *[Thing("photo", data=PHOTO)] * 11)
    await doors.fetched()
    doors.numbers = iter([11, 12])
    assert "Em nhận đủ 10 rồi" in (await doors.said(way.channel, who))[-1]
    await way.bring(doors, who, Thing("text", "xong"))
    (paper,) = await rows(doors.engine, paper_table)
    assert len({page[0] for page in paper.pages}) == len(paper.pages) == 10


# ---------------------------------------------------------------- many at once

WEBHOOKS = (WAYS[0], WAYS[2], WAYS[3], WAYS[5])


@pytest.mark.parametrize("way", WEBHOOKS, ids=lambda way: way.title)
async def test_fifty_messages_in_a_second_are_all_answered(way: Way, doors: Doors) -> None:
    who = way.chat(300)
    before = await stand_at(doors, way, who, "quantity")
    sent = [Thing("text", f"-{number} tạ") for number in range(1, 51)]
    await asyncio.gather(*(way.bring(doors, who, thing) for thing in sent))

    async def all_answered() -> bool:
        """Zalo is told to come again after 1.8 s; what it had brought goes on meanwhile."""
        return len(await doors.said(way.channel, who)) == 50

    await once(all_answered, within_s=50)
    assert answers(await stands(doors, way, who)) == answers(before)
    await way.bring(doors, who, Thing("text", "2 tạ"))
    assert (await stands(doors, way, who)).drafts[FORM].answers["quantity"] == "200"


@pytest.mark.parametrize("way", WEBHOOKS, ids=lambda way: way.title)
async def test_two_phones_of_one_person_answer_at_once(way: Way, doors: Doors) -> None:
    """The first is the answer, the second is told that it is none to what is asked then."""
    who = way.chat(301)
    await stand_at(doors, way, who, "product")
    both = (Thing("text", "Măng khô"), Thing("text", "Măng tươi"))
    await asyncio.gather(*(way.bring(doors, who, thing) for thing in both))
    state = await stands(doors, way, who)
    assert state.at == f"{FORM}/product_group"
    assert state.drafts[FORM].answers["product"] in ("Măng khô", "Măng tươi")
    assert len(await doors.said(way.channel, who)) == 2


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.title)
async def test_who_was_deleted_begins_anew(way: Way, doors: Doors) -> None:
    """A chat, a cookie or a button from before opens nothing of what was there."""
    who = way.chat(302)
    await stand_at(doors, way, who, "phone")
    lines = ("xoá dữ liệu", "xoá dữ liệu của tôi", "xoá hết")
    for words in lines:
        doors.clock.now += timedelta(minutes=1)
        await way.bring(doors, who, Thing("text", words))
    before = len(await doors.said(way.channel, who))
    for thing in (Thing("press", f"l:{FORM}/phone"), Thing("text", "0912 345 678"), Thing("photo", data=PHOTO)):
        if way.carries(thing):
            await way.bring(doors, who, thing)
            await doors.fetched()
    state = await stands(doors, way, who)
    assert not any(draft.answers for draft in state.drafts.values()), state
    assert len(await doors.said(way.channel, who)) > before
    assert await rows(doors.engine, file_table, file_table.c.status == "stored") == []
    assert await rows(doors.engine, updates, updates.c.error != "") == []


# ---------------------------------------------------------------- what is no update

NOT_UPDATES = (
    b"", b"nothing", b"\xff\xfe", b"[]", b"{}", b"null", b'"text"', b'{"hello": 1}', b'{"update_id": 1, "message": {}}',
    b'{"event_name": "user_send_text"}', b'{"event_name": "message.text.received", "message": {"text": "a"}}',
    b'{"a": ' * 1000 + b"1" + b"}" * 1000, b"[" * 1000 + b"]" * 1000, b"[" * 100_000,
    b'{"update_id": 1, "message": "' + b"a" * 2_000_000 + b'"}',
)  # fmt: skip


async def test_what_is_no_update_begins_nothing(doors: Doors) -> None:
    """Right secrets, and nothing behind them. Zalo and Telegram are answered 200, or they would send it for a day."""
    for body in NOT_UPDATES:
        long = len(body) > 2**20
        told = await doors.post("/telegram", body, **{"X-Telegram-Bot-Api-Secret-Token": SECRET})
        assert told == (413 if long else 200), body[:60]
        assert await doors.post("/zalo", body, **zalo_signature(body)) == 200
        assert await doors.post("/zalo-bot", body, **{"X-Bot-Api-Secret-Token": SECRET}) == 200
    assert await rows(doors.engine, conversations) == await rows(doors.engine, updates) == []


@pytest.mark.parametrize("wrong", [None, "", "wrong", SECRET[:-1], f"{SECRET}x"])
async def test_who_does_not_know_the_secret_begins_nothing(doors: Doors, wrong: str | None) -> None:
    hello, names = (
        Thing("text", "xin chào"),
        ("X-Telegram-Bot-Api-Secret-Token", "X-ZEvent-Signature", "X-Bot-Api-Secret-Token"),
    )
    bodies = (
        telegram_update(1, "5000", hello),
        zalo_event(1, "246", hello, doors.clock()),
        zalo_bot_event(1, "6e", hello),
    )
    paths = ("/telegram", "/zalo", "/zalo-bot")
    for path, name, body, status in zip(paths, names, bodies, (401, 200, 200), strict=True):
        headers = {} if wrong is None else {name: wrong}
        assert await doors.post(path, packed(body), **headers) == status
    assert await rows(doors.engine, conversations) == await rows(doors.engine, updates) == []


# ---------------------------------------------------------------- names

LABEL_CHARS = 25
"""Of a name, where it stands on a button; the rest is cut off."""
CODE_LIKE = (
    "<script>alert(1)</script> <b>Măng</b> &amp;", "*Măng* _khô_ `a` [b](http://c)",
    "{{7*7}} ${7*7} %(product)s %s {0}", "Măng'; DROP TABLE cases; --", "=HYPERLINK(\"http://e\")",
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.title)
async def test_a_name_is_shown_as_it_was_written(way: Way, doors: Doors) -> None:
    """In the chat, where nothing is markup; elsewhere see the tests of lists, letters, notices and pages."""
    for number, name in enumerate(CODE_LIKE):
        who = way.chat(400 + number)
        await stand_at(doors, way, who, "product")
        await way.bring(doors, who, Thing("text", name))
        assert (await stands(doors, way, who)).drafts[FORM].answers["product"] == name
        await way.bring(doors, who, Thing("text", "menu"))
        assert any(name[:LABEL_CHARS] in words for words in await shown(doors, way, who))


async def shown(doors: Doors, way: Way, who: str) -> list[str]:
    """The words of the newest message and of its buttons."""
    here = (conversations.c.channel == way.channel, conversations.c.chat_id == who)
    (begun,) = await rows(doors.engine, conversations, *here)
    bodies = [row.body for row in await rows(doors.engine, outbox, outbox.c.conversation_id == begun.id)]
    return [bodies[-1]["text"], *(label for _, label in bodies[-1].get("buttons", []))]


# ---------------------------------------------------------------- what they read, written down

NOTHING, REFUSED = "(nothing: it is not for the assistant)", "(nothing: the page does not send it)"
_read: dict[str, dict[str, list[str]]] = {}


def note(title: str, way: Way, words: str) -> None:
    _read.setdefault(title, {}).setdefault(" ".join(words.split()), []).append(way.title)


def test_what_people_read_is_written_down(request: pytest.FixtureRequest) -> None:
    """The tests above have noted it; the reviewer reads the difference."""
    tried = {title for found in _read.values() for titles in found.values() for title in titles}
    if not {way.title for way in (*WAYS, *FILE_WAYS)} <= tried:
        pytest.skip("only some of the ways were tried")
    written = "\n".join([HEAD, *table(), ""])
    if request.config.getoption("--update"):
        DOCUMENT.write_text(written, encoding="utf-8")
    assert written == DOCUMENT.read_text(encoding="utf-8")


HEAD = """# What bad input gets

Made by tests/test_bad_input.py (`pytest --update`), which brings each of these over each way it can come in to somebody
in the middle of a form, and each file to somebody who is asked for the pages of a plan. What they had answered stays,
the question stands again below these words, and a right answer or a good page goes on.

| What comes | What is read | Over |
|---|---|---|"""


def table() -> list[str]:
    return [
        f"| {title} | {words} | {', '.join(ways)} |" for title, found in _read.items() for words, ways in found.items()
    ]

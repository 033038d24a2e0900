"""Bad input, over every way it can come in: a clear sentence, and nothing lost.

Each item is brought as its platform brings it, to a question that somebody stands at. What they read stands in
docs/bad-input.md, which this file makes (`--update`) and is compared with.
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.doctor import SAMPLE_ANSWERS
from dialogs.model import Draft, Role, State
from dialogs.producer.register_idea import IDEA_ASKS, REGISTER_IDEA
from dialogs.state import dump, load
from storage import people
from storage.models import conversations, updates
from storage.models import invitations as invitation_table
from tests.heart import TERRITORY, chat, rows
from tests.ways_in import WAYS, Doors, Thing, Way, open_doors

DOCUMENT = Path(__file__).parent.parent / "docs" / "bad-input.md"
LONG, FORM = 10_000, "register_idea.1"
GIVEN = {**SAMPLE_ANSWERS, "product_group": "food"}


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


# ---------------------------------------------------------------- what they read, written down

NOTHING, REFUSED = "(nothing: it is not for the assistant)", "(nothing: the page does not send it)"
_read: dict[str, dict[str, list[str]]] = {}


def note(title: str, way: Way, words: str) -> None:
    _read.setdefault(title, {}).setdefault(" ".join(words.split()), []).append(way.title)


def test_what_people_read_is_written_down(request: pytest.FixtureRequest) -> None:
    """The tests above have noted it; the reviewer reads the difference."""
    if {way for found in _read.values() for ways in found.values() for way in ways} < {way.title for way in WAYS}:
        pytest.skip("only some of the ways were tried")
    written = "\n".join([HEAD, *table(), ""])
    if request.config.getoption("--update"):
        DOCUMENT.write_text(written, encoding="utf-8")
    assert written == DOCUMENT.read_text(encoding="utf-8")


HEAD = """# What bad input gets

Made by tests/test_bad_input.py (`pytest --update`), which brings each of these over each way it can come in to somebody
in the middle of a form. What they had answered stays, the question stands again below these words, and a right answer
goes on.

| What comes | What is read | Over |
|---|---|---|"""


def table() -> list[str]:
    return [
        f"| {title} | {words} | {', '.join(ways)} |" for title, found in _read.items() for words, ways in found.items()
    ]

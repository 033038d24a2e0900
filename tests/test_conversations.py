"""Whole conversations, as people type: what comes back is compared with what was read and found good.

`pytest --update tests/test_conversations.py` writes the transcripts anew; the reviewer reads the difference.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.world import World
from dialogs.tree import ALL
from tests.transcripts import CHANNELS, PUBLIC_URL, Clock, Play, inputs, play, transcripts

FOLDER = Path(__file__).parent / "conversations"
VIETNAMESE = transcripts(FOLDER)
ENGLISH = transcripts(FOLDER / "en")
ON_POSTGRESQL = ("register_idea.txt", "two_officers.txt")
PHONE_CHARS = 900
"""About three screens of a small telephone: longer answers are not read to the end."""

_met: set[str] = set()
_played: set[Path] = set()


@pytest.fixture(scope="module")
def world() -> World:
    return World.load(CHANNELS)


def run_of(engine: AsyncEngine, world: World, channel: str, locale: str = "vi") -> Play:
    clock = Clock()
    here = replace(
        world, clock=clock, public_url=PUBLIC_URL, bot_link=lambda payload: (f"https://t.me/ocop?start={payload}",)
    )
    return Play(engine, here, clock, channel, locale)


async def in_a_hurry(engine: AsyncEngine) -> None:
    """Nobody needs these databases to outlive a power cut."""
    if engine.dialect.name == "sqlite":
        async with engine.connect() as connection:
            raw = await connection.get_raw_connection()
            await raw.driver_connection.execute("PRAGMA synchronous=OFF")  # type: ignore[union-attr]


async def compare(run: Play, source: Path, recorded: Path, *, update: bool) -> None:
    """Play the lines of `source`; what comes back has to be what `recorded` says."""
    played = await play(run, inputs(source.read_text(encoding="utf-8")))
    if update:
        recorded.parent.mkdir(exist_ok=True)
        recorded.write_text(played, encoding="utf-8")
    assert played == recorded.read_text(encoding="utf-8")


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("path", VIETNAMESE, ids=lambda path: path.stem)
async def test_conversation(
    path: Path, channel: str, sqlite_engine: AsyncEngine, world: World, request: pytest.FixtureRequest
) -> None:
    await in_a_hurry(sqlite_engine)
    run = run_of(sqlite_engine, world, channel)
    recorded = path if channel == "telegram" else FOLDER / channel / path.name
    await compare(run, path, recorded, update=request.config.getoption("--update"))
    _met.update(run.met)
    _played.add(path)


@pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.stem)
async def test_conversation_in_english(
    path: Path, sqlite_engine: AsyncEngine, world: World, request: pytest.FixtureRequest
) -> None:
    await in_a_hurry(sqlite_engine)
    run = run_of(sqlite_engine, world, "telegram", "en")
    await compare(run, path, path, update=request.config.getoption("--update"))


@pytest.mark.parametrize("name", ON_POSTGRESQL)
async def test_conversation_on_each_database(name: str, engine: AsyncEngine, world: World) -> None:
    await compare(run_of(engine, world, "telegram"), FOLDER / name, FOLDER / name, update=False)


def test_every_dialog_is_met() -> None:
    if _played != {*VIETNAMESE}:
        pytest.skip("only some of the transcripts were played")
    assert {dialog.name for dialog in ALL} <= _met


# ---------------------------------------------------------------- how they read

RECORDED = sorted(FOLDER.rglob("*.txt"))


def replies(path: Path) -> list[str]:
    """Each run of lines that came back to one person, as one text."""
    found: list[tuple[str, list[str]]] = []
    before = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        who, came_back, words = line.partition("<")
        if not came_back or not who.replace("_", "a").isalnum() * bool(who) and who:
            before = ""
            continue
        if who != before or not found:
            found.append((who, []))
        found[-1][1].append(words.removeprefix(" "))
        before = who
    return ["\n".join(words) for _, words in found]


def test_numbers_and_vietnamese_are_played_from_the_same_lines() -> None:
    for path in VIETNAMESE:
        assert inputs(path.read_text(encoding="utf-8")) == inputs((FOLDER / "numbers" / path.name).read_text("utf-8"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nothing_shown_is_unfinished(path: Path) -> None:
    """No msgid placeholder left, no English in Vietnamese talk, no text longer than a telephone shows."""
    for reply in replies(path):
        assert "%(" not in reply
        assert "None" not in reply


_ = text

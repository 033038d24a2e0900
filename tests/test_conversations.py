"""Whole conversations, as people type: what comes back is compared with what was read and found good.

`pytest --update tests/test_conversations.py` writes the transcripts anew; the reviewer reads the difference.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.world import World
from dialogs.rules.lifecycle import MOVES
from dialogs.tree import ALL
from tests.transcripts import BESIDE, CHANNELS, PUBLIC_URL, Beginnings, Clock, Play, inputs, play, transcripts

FOLDER = Path(__file__).parent / "conversations"
VIETNAMESE = transcripts(FOLDER)
ENGLISH = transcripts(FOLDER / "en")
RECORDED = sorted(FOLDER.rglob("*.txt"))
LONGEST_CHARS = 1100
"""An article and the question after it; three screens of a small telephone, and nobody reads a fourth."""
ON_POSTGRESQL = ("review", "two_officers")

_met: set[str] = set()
_moves: set[tuple[str, str, str]] = set()
_played: set[Path] = set()


@pytest.fixture(scope="module")
def world() -> World:
    return World.load({**CHANNELS, **BESIDE})


@pytest.fixture(scope="module")
def beginnings() -> Beginnings:
    return Beginnings()


def run_of(engine: AsyncEngine, world: World, channel: str, locale: str = "vi") -> Play:
    clock = Clock()
    here = replace(world, clock=clock, public_url=PUBLIC_URL, bot_link=bot_link)
    return Play(engine, here, clock, channel, locale)


def bot_link(payload: str) -> tuple[str, ...]:
    return (f"https://t.me/ocop?start={payload}",)


async def compare(
    run: Play, source: Path, recorded: Path, *, update: bool, beginnings: Beginnings | None = None
) -> None:
    """Play the lines of `source`; what comes back has to be what `recorded` says."""
    played = await play(run, inputs(read(source)), beginnings)
    if update:
        write(recorded, played)
    assert played == read(recorded)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def write(path: Path, played: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(played, encoding="utf-8")


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("path", VIETNAMESE, ids=lambda path: path.stem)
async def test_conversation(
    path: Path,
    channel: str,
    hurried: AsyncEngine,
    world: World,
    beginnings: Beginnings,
    request: pytest.FixtureRequest,
) -> None:
    run = run_of(hurried, world, channel)
    recorded = path if channel == "telegram" else FOLDER / channel / path.name
    await compare(run, path, recorded, update=request.config.getoption("--update"), beginnings=beginnings)
    _met.update(run.met)
    _moves.update(run.moves)
    _played.add(path)


@pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.stem)
async def test_conversation_in_english(
    path: Path, hurried: AsyncEngine, world: World, beginnings: Beginnings, request: pytest.FixtureRequest
) -> None:
    run = run_of(hurried, world, "telegram", "en")
    await compare(run, path, path, update=request.config.getoption("--update"), beginnings=beginnings)


@pytest.mark.parametrize("name", ON_POSTGRESQL)
async def test_conversation_on_each_database(name: str, engine: AsyncEngine, world: World) -> None:
    path = FOLDER / f"{name}.txt"
    await compare(run_of(engine, world, "telegram"), path, path, update=False)


def test_every_dialog_is_met() -> None:
    if _played != {*VIETNAMESE}:
        pytest.skip("only some of the transcripts were played")
    assert not {dialog.name for dialog in ALL} - _met


def test_every_move_of_a_case_is_shown() -> None:
    if _played != {*VIETNAMESE}:
        pytest.skip("only some of the transcripts were played")
    assert not {(m.action, m.from_status, m.to_status) for m in MOVES} - _moves


# ---------------------------------------------------------------- how they read


def replies(path: Path) -> Iterator[str]:
    """What came back after each line, to each person apart."""
    said: dict[str, list[str]] = {}
    for line in read(path).splitlines():
        who, came_back, words = line.partition("<")
        if came_back and (not who or who.isalnum()):
            said.setdefault(who, []).append(words.removeprefix(" "))
            continue
        yield from ("\n".join(lines) for lines in said.values())
        said = {}
    yield from ("\n".join(lines) for lines in said.values())


@pytest.mark.parametrize("channel", [name for name in CHANNELS if name != "telegram"])
def test_each_is_recorded_for_every_channel_from_the_same_lines(channel: str) -> None:
    for path in VIETNAMESE:
        assert inputs(read(FOLDER / channel / path.name)) == inputs(read(path))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_is_shown_is_whole(path: Path) -> None:
    said = [*replies(path)]
    assert said
    assert max(map(len, said)) <= LONGEST_CHARS
    python_none = re.compile(r"(?<!\d\. )None(?! of these)")  # "1. None" is a choice
    assert not [words for words in said if "%(" in words or python_none.search(words) or "\n\n\n" in words]


def test_two_cases_that_one_may_not_see_are_answered_alike() -> None:
    """Byte for byte: whether a code exists is nobody else's business."""
    lines = read(FOLDER / "other_commune.txt")
    _, theirs, no_ones, *_ = lines.split("stranger> ")
    assert theirs.partition("\n")[2] == no_ones.partition("\n")[2] != ""

"""What provinces have paid for stars, as data (`rewards.toml`): dated and with its source, never a promise."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast, get_args

from dialogs.rules.tables import Document, Label, Table, read

Kind = Literal["bonus", "support", "packaging"]
_FILE = Path(__file__).parent / "rewards.toml"
_STARS = ("3", "4", "5")
_YEARS = range(2018, 2100)
_MILLIONS = range(1, 1000)


@dataclass(frozen=True, slots=True)
class Reward:
    """`millions` of đồng for a product, by stars; `place` as it was called then, in the province of today's code."""

    province: str
    place: Label
    year: int
    kind: Kind
    millions: Mapping[int, int]
    source: Label


def rewards_of(province: str, stars: int) -> tuple[Reward, ...]:
    """What is known for so many stars in a province, the newest first; () where nothing is."""
    known = [one for one in _rewards() if one.province == province and stars in one.millions]
    return tuple(sorted(known, key=lambda one: -one.year))


@cache
def _rewards() -> tuple[Reward, ...]:
    file = read(_FILE)
    top = Table(Document(file, {}), (), file.values)
    top.only("reward")
    return tuple(map(_reward, top.tables("reward")))


def _reward(table: Table) -> Reward:
    table.only("province", "place", "year", "kind", "millions", "source")
    millions = table.table("millions")
    millions.only(*_STARS)
    by_stars = {int(stars): millions.number(stars, _MILLIONS) for stars in _STARS if millions.maybe(stars, int)}
    paid = [by_stars[stars] for stars in sorted(by_stars)]
    if not paid or paid != sorted(paid):
        raise table.wrong("more stars are never paid less", "millions")
    return Reward(
        table.text("province"),
        table.label("place"),
        table.number("year", _YEARS),
        cast("Kind", table.choice("kind", get_args(Kind))),
        MappingProxyType(by_stars),
        table.label("source"),
    )

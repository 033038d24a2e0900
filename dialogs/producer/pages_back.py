"""A paper of several photos that came back: the page that is sent again takes the place of the old one.

The unfinished answer is "back<how many old pages>[.<place>…][!]|<old pages>,<new pages>": the places are those that
the officer's words or the producer have named, "!" stands once the question has spoken of the new ones.
"""

import re
from dataclasses import dataclass, replace

from dialogs.answers import answer_of, pages_of

Page = tuple[str, int]

_STORED = re.compile(r"back(?P<old>\d+)(?P<places>(?:\.\d+)*)(?P<told>!?)\|")
_NUMBERS = r"\d{1,3}(?:\s*(?:,|;|-|–|đến|to|và|va|and|&)\s*\d{1,3})*"
_NAMED = re.compile(rf"\b(?:trang|tr\.|pages?)\s*(?P<numbers>{_NUMBERS})", re.I)
_TO = re.compile(r"(\d+)\s*(?:-|–|đến|to)\s*(\d+)", re.I)


@dataclass(frozen=True, slots=True)
class Back:
    """`places` count from 0, into `old`. `told`: the question has spoken of the `new` pages."""

    old: tuple[Page, ...]
    new: tuple[Page, ...] = ()
    places: tuple[int, ...] = ()
    told: bool = False

    def __str__(self) -> str:
        places = "".join(f".{place}" for place in self.places)
        return f"back{len(self.old)}{places}{'!' if self.told else ''}|{answer_of((*self.old, *self.new))}"

    @property
    def pages(self) -> tuple[Page, ...] | None:
        """The paper as it is to be; None while nothing new is here, or nobody can say what one photo replaces.

        As many photos as pages were named take their places, in order. Several others are the whole paper anew.
        """
        if self.new and len(self.new) == len(self.places):
            there = dict(zip(self.places, self.new, strict=True))
            return tuple(there.get(place, page) for place, page in enumerate(self.old))
        return self.new if len(self.new) > 1 else None

    @property
    def keeps_some(self) -> bool:
        return self.pages is not None and len(self.new) == len(self.places)

    def at(self, place: int) -> "Back":
        return replace(self, places=(place,))

    def followed(self, page: Page) -> "Back":
        """With one more photo: what comes once the question has spoken of those before takes their place."""
        new = () if self.told else tuple(one for one in self.new if one[0] != page[0])
        return replace(self, new=(*new, page), told=False)


def read(partial: str) -> Back | None:
    """None for what is no such answer, or one that can't be."""
    found = _STORED.match(partial)
    if found is None:
        return None
    pages, old = pages_of(partial), int(found["old"])
    places = tuple(int(place) for place in found["places"].split(".") if place)
    if not 0 < old <= len(pages) or any(place >= old for place in places):
        return None
    return Back(pages[:old], pages[old:], places, bool(found["told"]))


def named_pages(reason: str, count: int) -> tuple[int, ...]:
    """Places of the pages that an officer's words name: "trang 2 thiếu dấu", "pages 1-3"; only those there are."""
    numbers: set[int] = set()
    for spoken in _NAMED.findall(reason):
        for first, last in _TO.findall(spoken):
            numbers |= {*range(int(first), min(int(last), count) + 1)}
        numbers |= {int(number) for number in re.findall(r"\d+", spoken)}
    return tuple(sorted(number - 1 for number in numbers if 0 < number <= count))

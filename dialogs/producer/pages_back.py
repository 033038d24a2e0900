"""A paper of several photos that came back: the page that is sent again takes the place of the old one.

The unfinished answer is "back<how many old pages>[.<place>…][?][!]|<old pages>,<new pages>": the places are those that
the officer's words have named, or with "?" the producer; "!" stands once the question has spoken of the new ones.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import zip_longest

from dialogs.answers import answer_of, pages_of
from dialogs.engine import OLD_PAGES

Page = tuple[str, int]

_STORED = re.compile(rf"{OLD_PAGES}(?P<old>\d+)(?P<places>(?:\.\d+)*)(?P<asked>\??)(?P<told>!?)\|")
_NUMBERS = r"\d{1,3}(?:\s*(?:,|;|-|–|đến|to|và|va|and|&)\s*\d{1,3})*"
_LACKING = "".join(rf"(?<!\b{word}\s)" for word in ("thiếu", "thieu", "thêm", "them", "missing", "lacks", "lacking"))
"""A page that is not there yet takes no other's place."""
_NAMED = re.compile(rf"{_LACKING}\b(?:trang|tr\.|pages?)\s*(?P<numbers>{_NUMBERS})", re.I)
_TO = re.compile(r"(\d+)\s*(?:-|–|đến|to)\s*(\d+)", re.I)


@dataclass(frozen=True, slots=True)
class Back:
    """`places` count from 0, into `old`: those of the `new` pages, in order.

    `asked`: the producer has named them, one after the other. `told`: the question has spoken of the `new` pages.
    `whole`: one of these is a file of several pages, so they are no single ones (not stored: a file tells it).
    """

    old: tuple[Page, ...]
    new: tuple[Page, ...] = ()
    places: tuple[int, ...] = ()
    asked: bool = False
    told: bool = False
    whole: bool = False

    def __str__(self) -> str:
        places = "".join(f".{place}" for place in self.places)
        doing = f"{OLD_PAGES}{len(self.old)}{places}{'?' if self.asked else ''}{'!' if self.told else ''}"
        return f"{doing}|{answer_of((*self.old, *self.new))}"

    @property
    def pages(self) -> tuple[Page, ...] | None:
        """The paper as it is to be; None while nothing new is here, or nobody has said what the new pages replace.

        As many photos as pages were named take their places, in order. As many as the paper has are all of it anew.
        """
        if self.keeps_some:
            return self._with_new()
        anew = self.whole or (not self.asked and len(self.new) >= max(len(self.old), 2))
        return self.new if anew else None

    @property
    def keeps_some(self) -> bool:
        return bool(self.new) and not self.whole and len(self.new) == len(self.places)

    @property
    def unplaced(self) -> tuple[Page, ...]:
        """The new pages of which nobody has said yet which they are."""
        return self.new[len(self.places) :] if self.asked else self.new

    @property
    def with_more(self) -> tuple[Page, ...]:
        """The paper with these pages behind the old ones: they were missing."""
        return (*(self._with_new() if self.asked else self.old), *self.unplaced)

    def _with_new(self) -> tuple[Page, ...]:
        there = dict(zip(self.places, self.new, strict=False))
        return tuple(there.get(place, page) for place, page in enumerate(self.old))

    def at(self, place: int) -> "Back":
        """The producer has named a page: that of the next new one, or, before there is one, of what is to come."""
        places = (*self.places, place) if self.asked and self.new else (place,)
        return replace(self, places=places, asked=True, told=bool(self.new))

    def followed(self, page: Page, bad: Collection[str] = ()) -> "Back":
        """With one more photo. It takes the place of a `bad` one that the question has spoken of, else it is further.

        What a further one is has to be said where the pages that were named are here.
        """
        others = tuple(one for one in self.new if one[0] != page[0])
        poor = [one for one in others if one[0] in bad] if self.told else []
        if len(poor) == 1:
            return replace(self, new=tuple(page if one == poor[0] else one for one in others), told=False)
        asked = self.asked or (self.told and self.keeps_some)
        return replace(self, new=(*others, page), asked=asked, told=False)

    def only(self, good: Collection[Page]) -> "Back":
        """Without the new pages that could not be used; while there is no other, what they were sent for is asked."""
        named = [pair for pair in zip_longest(self.new, self.places) if pair[0] in good]
        if not named or not self.asked:
            return replace(self, new=tuple(page for page in self.new if page in good))
        places = tuple(place for _, place in named if place is not None)
        return replace(self, new=tuple(page for page, _ in named), places=places)


def read(partial: str) -> Back | None:
    """None for what is no such answer, or one that can't be."""
    found = _STORED.match(partial)
    if found is None:
        return None
    pages, old = pages_of(partial), int(found["old"])
    places = tuple(int(place) for place in found["places"].split(".") if place)
    if not 0 < old <= len(pages) or any(place >= old for place in places):
        return None
    return Back(pages[:old], pages[old:], places, bool(found["asked"]), bool(found["told"]))


def named_pages(reason: str, count: int) -> tuple[int, ...]:
    """Places of the pages that an officer's words name: "trang 2 thiếu dấu", "pages 1-3"; only those there are."""
    numbers: set[int] = set()
    for spoken in _NAMED.findall(reason):
        for first, last in _TO.findall(spoken):
            numbers |= {*range(int(first), min(int(last), count) + 1)}
        numbers |= {int(number) for number in re.findall(r"\d+", spoken)}
    return tuple(sorted(number - 1 for number in numbers if 0 < number <= count))

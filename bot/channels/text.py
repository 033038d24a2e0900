"""Cuts a long text into messages where a reader pauses; a numbered list, whose numbers are answers, stays whole."""

import re
from collections.abc import Iterator

NUMBERED = r"(?<!^\d[.)])(?<!^\d\d[.)])"
PAUSES = (r"\n\s*\n", r"\n", rf"[.!?…][”\"')]?{NUMBERED}\s", rf"{NUMBERED}\s")
"""After a paragraph, a line, a sentence, a word; but not after the number that begins a line."""
LINE = r"[^\n]*(?:\n|\Z)"
LIST = re.compile(
    rf"(?P<lead>^(?!\d{{1,2}}[.)] )(?=[^\n]*\S){LINE})?"  # the question right above it
    rf"(?P<items>(?:^\d{{1,2}}[.)] {LINE}(?:^[ \t]+(?=\S){LINE})*){{2,}})",  # an item goes on in indented lines
    re.MULTILINE,
)


def split_text(text: str, limit: int) -> list[str]:
    """Pieces of at most `limit` characters, cut after a paragraph, a line, a sentence or a word, in this order.

    Lists of numbered lines that fit into a message stay in one piece, if possible with the line above them. Counted
    in UTF-16 units, the stricter of the two ways a platform might count.
    """
    rest, pieces = text.strip(), []
    while units(rest) > limit:
        cut = _cut(rest, limit)
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _cut(text: str, limit: int) -> int:
    """Where to end a piece: the last good place in the second half of what fits, so that no piece is a crumb.

    Where a list reaches beyond that, the piece ends before it, however short it is.
    """
    window = text.encode("utf-16-le")[: 2 * limit].decode("utf-16-le", "ignore")
    whole = list(_lists(text, limit, len(window)))
    for pause in PAUSES:
        ends = (found.end() for found in re.finditer(pause, window, re.MULTILINE))
        places = [
            end for end in ends if end > len(window) // 2 and not any(start < end < stop for start, stop in whole)
        ]
        if places:
            return places[-1]
    return next((start for start, stop in whole if 0 < start < len(window) < stop), len(window))


def _lists(text: str, limit: int, reach: int) -> Iterator[tuple[int, int]]:
    """Start and end of the lists that begin within `reach` and fit into a message, with the line above if that fits."""
    for found in LIST.finditer(text):
        if found.start() >= reach:
            return
        for start in (found.start(), found.start("items")):
            if units(text[start : found.end()].strip()) <= limit:
                yield start, found.end()
                break

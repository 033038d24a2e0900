"""Case codes as people type them from memory or from paper."""

import re

from dialogs.matching import fold
from dialogs.places import commune_by_prefix

CODE = re.compile(r"[A-Z]{1,5}\d{0,3}-\d\d-\d{4,6}")
"""A case code as the receipt has it: the commune's prefix, the year, the serial."""
_APART = re.compile(r"([a-z]{1,5} ?\d{0,3}) (\d{2}) (\d{1,6})")
_CLOSE = tuple(re.compile(rf"([a-z]{{1,5}}\d{{0,3}})(\d{{2}})(\d{{{figures}}})") for figures in (4, 5, 6))
"""The likeliest first: few communes have more than 9,999 cases a year."""


def read_code(text: str) -> str:
    """The case code that a text is and nothing else ("tl12260001", "TL12 26 1"); "" where it is none.

    It has to begin like a commune's codes; and figures that are fewer than a code's only count behind a prefix with
    figures, or with dashes: "KG 12 5" is an amount.
    """
    folded = fold(text)
    if found := _APART.fullmatch(folded):
        prefix, year, serial = found[1].replace(" ", ""), found[2], found[3]
        sure = len(serial) >= 4 or prefix[-1].isdigit() or "-" in text
        return _written(prefix, year, serial) if sure else ""
    close = folded.replace(" ", "")
    read = (_written(*found.groups()) for one in _CLOSE if (found := one.fullmatch(close)))
    return next(filter(None, read), "")


def _written(prefix: str, year: str, serial: str) -> str:
    """As it stands on the receipt; "" where no commune has this prefix."""
    commune = commune_by_prefix(prefix)
    return f"{commune.prefix}-{year}-{int(serial):04}" if commune is not None else ""

"""Case codes as people type them from memory or from paper."""

import re

from dialogs.matching import fold
from dialogs.places import commune_by_prefix

CODE = re.compile(r"[A-Z]{1,5}\d{0,3}-\d\d-\d{4,6}")
"""A case code as the receipt has it: the commune's prefix, the year, the serial."""
_YEAR = r"(?=[oil]?\d)[\doil]{2}"
_APART = re.compile(rf"([a-z]{{1,5}} ?\d{{0,3}}) ({_YEAR}) ((?=[oil]*\d)[\doil]{{1,6}})")
_CLOSE = tuple(
    re.compile(rf"([a-z]{{1,5}}\d{{0,3}})({_YEAR})((?=[oil]*\d)[\doil]{{{figures}}})") for figures in (4, 5, 6)
)
"""The likeliest first: few communes have more than 9,999 cases a year."""
_LAST = re.compile(r"(?=[oil]*\d)[\doil]{4,6}", re.ASCII)
_FOR_FIGURES = str.maketrans("oil", "011")
"""Letters that people take for figures, copying a code from paper."""


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


def read_serial(text: str) -> str:
    """The last figures of a code, where a text is nothing else ("0002", "OOO2"); "" where it is none."""
    typed = text.strip().lower()
    return typed.translate(_FOR_FIGURES) if _LAST.fullmatch(typed) else ""


def _written(prefix: str, year: str, serial: str) -> str:
    """As it stands on the receipt; "" where no commune has this prefix."""
    year, serial = year.translate(_FOR_FIGURES), serial.translate(_FOR_FIGURES)
    commune = commune_by_prefix(prefix)
    return f"{commune.prefix}-{year}-{int(serial):04}" if commune is not None else ""

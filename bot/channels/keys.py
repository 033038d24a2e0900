"""Short names and texts of what a platform sends, as our tables keep them: the same each time it is delivered."""

import base64
import hashlib

MAX_CHARS = 80
SUFFIX_CHARS = 4
"""For what tells the parts of one event apart."""


def short_key(words: str) -> str:
    """With room for a suffix; a long one by its hash."""
    return words if len(words) <= MAX_CHARS - SUFFIX_CHARS else hashlib.sha256(words.encode()).hexdigest()


def storable(words: str) -> str:
    """A text as a database can keep it: without NUL and half characters."""
    return words.replace("\0", "").encode("utf-8", "ignore").decode()


def file_code(seed: str) -> str:
    """11 of [a-z2-7], short enough for button data."""
    return f"z{base64.b32encode(hashlib.sha256(seed.encode()).digest()).decode()[:10].lower()}"

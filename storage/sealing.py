"""Fields at rest: telephone numbers, names and messages are sealed as they are bound and opened as they are read.

AES-SIV (RFC 5297) with a random nonce, from the cryptography package: quick enough for the path of an update, and a
nonce that came twice would not give anything away but that two texts are the same. A sealed text names the key that
opens it, so several keys work side by side while they are changed (storage.resealing). It opens only as what it is:
a number put in the place of a name does not.

Whether an engine seals is decided once, by `seal`; without keys it passes texts on as they stand, either way.
"""

import base64
import os
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import JSON, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.types import TypeEngine

MARK = "\x02"
"""What a sealed text begins with. No person can: control characters are taken out of what they write."""
_KEY_BYTES = 64  # of AES-256-SIV: half of it signs, half encrypts
_ID_BYTES = 4
_NONCE_BYTES = 12

Change = Callable[[str, str], str]
"""Of a field's name and its text."""


class NoKey(Exception):
    """A text, or a database, that none of the keys opens; the message is fit to be shown."""


class Ring:
    """Keys that open, of which the first seals. Made from passphrases of any length: HKDF with SHA-256, RFC 5869."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises ValueError without keys."""
        if not keys:
            raise ValueError("no keys")
        self._keys = {_derived(key, "id", _ID_BYTES).hex(): AESSIV(_derived(key, "seal", _KEY_BYTES)) for key in keys}
        self.newest = next(iter(self._keys))

    @property
    def ids(self) -> tuple[str, ...]:
        """What the keys are called where something is sealed with them; nothing can be opened with that."""
        return tuple(self._keys)

    def sealed(self, field: str, text: str) -> str:
        """An empty text stays empty: that there is nothing may be seen."""
        if not text:
            return text
        nonce = os.urandom(_NONCE_BYTES)
        secret = self._keys[self.newest].encrypt(text.encode(), [field.encode(), nonce])
        return f"{MARK}{self.newest}{base64.b64encode(nonce + secret).decode()}"

    def opened(self, field: str, text: str) -> str:
        """What was never sealed comes back as it is. Raises NoKey, also when somebody has changed it."""
        if not text.startswith(MARK):
            return text
        id_, secret = text[1 : 1 + 2 * _ID_BYTES], base64.b64decode(text[1 + 2 * _ID_BYTES :])
        try:
            with_nonce = [field.encode(), secret[:_NONCE_BYTES]]
            return self._keys[id_].decrypt(secret[_NONCE_BYTES:], with_nonce).decode()
        except (KeyError, InvalidTag):
            raise NoKey(f"no key opens a “{field}” that was sealed with the key {id_}") from None

    def resealed(self, field: str, text: str) -> str:
        """The same under the first key; unchanged if it is so already. Raises NoKey."""
        if not text or text.startswith(f"{MARK}{self.newest}"):
            return text
        return self.sealed(field, self.opened(field, text))


def _derived(key: str, purpose: str, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=f"ocop fields {purpose}".encode()).derive(key.encode())


_RINGS: WeakKeyDictionary[Dialect, Ring] = WeakKeyDictionary()
"""Of the engines that seal, by what a column's type is given of its engine."""


def seal(engine: AsyncEngine, ring: Ring) -> None:
    """From now on this engine seals and opens."""
    _RINGS[engine.sync_engine.dialect] = ring


def ring_of(engine: AsyncEngine) -> Ring | None:
    return _RINGS.get(engine.sync_engine.dialect)


class SealedText(TypeDecorator[str]):
    """A text that is sealed as a whole. `field` is what it is, and opens only as that."""

    impl = Text
    cache_ok = True

    def __init__(self, field: str) -> None:
        super().__init__()
        self.field = field

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        ring = _RINGS.get(dialect)
        return ring.sealed(self.field, value) if ring is not None and value is not None else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        ring = _RINGS.get(dialect)
        return ring.opened(self.field, value) if ring is not None and value is not None else value

    def changed(self, value: Any, change: Change) -> Any:
        return change(self.field, value)


class SealedIn(TypeDecorator[Any]):
    """A document in which each text under one of these names is sealed, however deep; the rest can be asked for."""

    impl = JSON
    cache_ok = True

    def __init__(self, *fields: str) -> None:
        super().__init__()
        self.fields = fields

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else JSON())

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return self.impl_instance.coerce_compared_value(op, value)  # of what is inside, not of the document

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        ring = _RINGS.get(dialect)
        return self.changed(value, ring.sealed) if ring is not None else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        ring = _RINGS.get(dialect)
        return self.changed(value, ring.opened) if ring is not None else value

    def changed(self, value: Any, change: Change) -> Any:
        if isinstance(value, dict):
            return {
                name: change(name, inside)
                if isinstance(inside, str) and name in self.fields
                else self.changed(inside, change)
                for name, inside in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.changed(inside, change) for inside in value]
        return value

"""Kinds of columns, alike on both databases, and what a Document keeps."""

import json
from datetime import UTC, date, datetime

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB


class Moment(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps none of its own, so naive values are refused on the way in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


Identity = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in an INTEGER key
Document = JSON().with_variant(JSONB, "postgresql")


dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON as the database keeps it: UTF-8 as it is, so that a person's words stay readable."""


def iso(moment: date | datetime | None) -> str | None:
    """A day or a moment as a Document keeps it."""
    return moment.isoformat() if moment is not None else None

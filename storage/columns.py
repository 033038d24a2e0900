"""Kinds of columns that the tables share, and the metadata they belong to."""

import json
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


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


def folded(length: int) -> Any:
    """Text without diacritics, compared byte by byte on both databases: names that begin alike stand together."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON as the database keeps it: UTF-8 as it is, so that a person's words stay readable."""


def iso(moment: date | datetime | None) -> str | None:
    """A day or a moment as a Document keeps it."""
    return moment.isoformat() if moment is not None else None


def id_column() -> Column[int]:
    return Column("id", Identity, primary_key=True, autoincrement=True)


def person_column(name: str = "person_id", *, nullable: bool = False) -> Column[int]:
    return Column(name, Identity, ForeignKey("people.id"), nullable=nullable, index=True)


def case_column() -> Column[int]:
    return Column("case_id", Identity, ForeignKey("cases.id"), nullable=False, index=True)


def look_on_column() -> Column[date]:
    """When to look next whether somebody is to be reminded of an end; storage.endings."""
    return Column("look_on", Date, comment="NULL: there is nothing to be reminded of any more")


def look_on_index(table: str) -> Index:
    to_look = text("look_on IS NOT NULL")
    return Index(f"ix_{table}_look_on", "look_on", sqlite_where=to_look, postgresql_where=to_look)

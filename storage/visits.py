"""SQLite statements, each in one visit to the thread that has its connection.

A visit costs more than most of our statements. SQLAlchemy's adapter makes four of them for one statement: for a cursor,
for the statement, for its rows and to close the cursor. Here aiosqlite is given all of that at once; docs/benchmarks.md
has the ratio. What streams its rows (`AsyncConnection.stream`) keeps SQLAlchemy's own cursor.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection, AsyncAdapt_aiosqlite_cursor
from sqlalchemy.engine import Dialect


def connect(dialect: Dialect, _record: Any, positional: Any, named: Any) -> AsyncAdapt_aiosqlite_connection:
    """For SQLAlchemy's event `do_connect`."""
    made = dialect.connect(*positional, **named)
    return _Connection(dialect.loaded_dbapi, made.driver_connection)


class _Visit:
    """A cursor of aiosqlite, as far as SQLAlchemy's adapter uses it; nothing stays open between two statements."""

    __slots__ = ("_connection", "_rows", "arraysize", "description", "lastrowid", "rowcount")

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.arraysize = 1
        self.description: Any = None
        self.rowcount, self.lastrowid = -1, 0

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        await self._connection._execute(self._executed, operation, parameters)  # type: ignore[no-untyped-call]

    async def executemany(self, operation: str, parameters: Iterable[Sequence[Any]]) -> None:
        await self._connection._execute(self._executed_many, operation, parameters)  # type: ignore[no-untyped-call]

    async def fetchall(self) -> list[Any]:
        return self._rows

    def close(self) -> None:
        """Nothing to close."""

    def _executed(self, operation: str, parameters: Sequence[Any]) -> None:
        self._keep(self._connection._conn.execute(operation, parameters))

    def _executed_many(self, operation: str, parameters: Iterable[Sequence[Any]]) -> None:
        self._keep(self._connection._conn.executemany(operation, parameters))

    def _keep(self, cursor: sqlite3.Cursor) -> None:
        self.description = cursor.description
        self._rows = cursor.fetchall() if cursor.description else []
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid or 0  # after the rows: RETURNING counts them
        cursor.close()


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    __slots__ = ()
    _awaitable_cursor_close = False

    def _make_new_cursor(self, connection: Any) -> Any:
        return _Visit(connection)

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor


class _Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()
    _cursor_cls = _Cursor

    def rollback(self) -> None:
        """The pool rolls back whatever comes home to it; mostly that is over already."""
        if self._connection._connection and self._connection.in_transaction:
            super().rollback()

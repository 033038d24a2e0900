"""SQLite statements: of a transaction that writes, in the event loop's own thread; else in one visit to another.

A visit to the thread that aiosqlite keeps for a connection costs more than most of our statements. SQLAlchemy's adapter
makes four of them for one statement: for a cursor, for the statement, for its rows and to close the cursor. Here
aiosqlite is given all of that at once. A transaction that writes has the lock of the database after its BEGIN, so its
statements wait for nobody: between BEGIN and COMMIT, which wait for other processes and for the disk, they need no
thread at all. docs/benchmarks.md has the ratios. What streams its rows (`AsyncConnection.stream`) keeps SQLAlchemy's
own cursor.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection, AsyncAdapt_aiosqlite_cursor
from sqlalchemy.engine import Dialect


def connect(dialect: Dialect, _record: Any, positional: Any, named: Any) -> AsyncAdapt_aiosqlite_connection:
    """For SQLAlchemy's event `do_connect`."""
    made = dialect.connect(*positional, **named)
    return _Connection(dialect.loaded_dbapi, made.driver_connection)


class _Visit:
    """A cursor of aiosqlite, as far as SQLAlchemy's adapter uses it; nothing stays open between two statements."""

    __slots__ = ("_adapted", "arraysize", "description", "lastrowid", "rowcount", "rows")

    def __init__(self, adapted: Any) -> None:
        self._adapted = adapted
        self.rows: list[Any] = []
        self.arraysize = 1
        self.description: Any = None
        self.rowcount, self.lastrowid = -1, 0

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        await self._adapted.done(self.executed, operation, parameters)

    async def executemany(self, operation: str, parameters: Iterable[Sequence[Any]]) -> None:
        await self._adapted.done(self.executed_many, operation, parameters)

    async def fetchall(self) -> list[Any]:
        return self.rows

    def close(self) -> None:
        """Nothing to close."""

    def executed(self, connection: sqlite3.Connection, operation: str, parameters: Sequence[Any]) -> None:
        self._keep(connection.execute(operation, parameters))

    def executed_many(
        self, connection: sqlite3.Connection, operation: str, parameters: Iterable[Sequence[Any]]
    ) -> None:
        self._keep(connection.executemany(operation, parameters))

    def _keep(self, cursor: sqlite3.Cursor) -> None:
        self.description = cursor.description
        self.rows = cursor.fetchall() if cursor.description else []
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid or 0  # after the rows: RETURNING counts them
        cursor.close()


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    __slots__ = ()
    _awaitable_cursor_close = False

    def _make_new_cursor(self, connection: Any) -> Any:
        return _Visit(self._adapt_connection)

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor


class _Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ("here",)
    _cursor_cls = _Cursor

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.here = False
        """Whether statements are run in the thread they are made in: while the write lock is held."""

    async def done(self, work: Callable[..., None], operation: str, parameters: Any) -> None:
        """`work` of a cursor, given sqlite3's own connection."""
        aio, made = self._connection, self._connection._conn
        if self.here:
            work(made, operation, parameters)
        else:
            await aio._execute(work, made, operation, parameters)

    def commit(self) -> None:
        self.here = False
        super().commit()

    def rollback(self) -> None:
        """The pool rolls back whatever comes home to it; mostly that is over already."""
        self.here = False
        if self._connection._connection and self._connection.in_transaction:
            super().rollback()

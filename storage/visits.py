"""SQLite statements: of a transaction that writes, in the event loop's own thread; else in one visit to another.

A visit to the thread that aiosqlite keeps for a connection costs more than most of our statements. SQLAlchemy's adapter
makes four of them for one statement: for a cursor, for the statement, for its rows and to close the cursor. Here
aiosqlite is given all of that at once. A transaction that writes has the lock of the database after its BEGIN, so its
statements wait for nobody: between BEGIN and COMMIT, which wait for other processes and for the disk, they need no
thread at all, nor the greenlet in which SQLAlchemy would wait for one, which costs as much again as the statement.
docs/benchmarks.md has the ratios. What streams its rows (`AsyncConnection.stream`) keeps SQLAlchemy's own cursor.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.engine.characteristics import ConnectionCharacteristic
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_only


class Begin(Enum):
    """How a connection's transactions begin, as its execution option `sqlite_begin`.

    All but those that only read take the write lock at once, so simultaneous ones wait, not fail. `LONG`: a statement
    may take more than some milliseconds, so that it must not run in the event loop's own thread.
    """

    WRITING = auto()
    LONG = auto()
    READING = auto()

    @property
    def sql(self) -> str:
        return "BEGIN DEFERRED" if self is Begin.READING else "BEGIN IMMEDIATE"


def make_engine(url: str, **named: Any) -> AsyncEngine:
    """An engine for `sqlite+aiosqlite://…`; the rest as for create_async_engine."""
    registry.register("sqlite.visits", __name__, "_Dialect")
    plain = create_async_engine(make_url(url).set(drivername="sqlite+visits"), **named)
    return _Engine(plain.sync_engine)


class _Connection(AsyncConnection):
    """Without a greenlet where nothing has to be waited for; `scalar` and `scalars` execute as well."""

    async def execute(self, statement: Any, parameters: Any = None, *, execution_options: Any = None) -> Any:
        if self._here:
            return self._proxied.execute(statement, parameters, execution_options=execution_options)
        return await super().execute(statement, parameters, execution_options=execution_options)

    async def exec_driver_sql(self, statement: str, parameters: Any = None, execution_options: Any = None) -> Any:
        if self._here:
            return self._proxied.exec_driver_sql(statement, parameters, execution_options)
        return await super().exec_driver_sql(statement, parameters, execution_options)

    @property
    def _here(self) -> bool:
        adapted: Any = self._proxied.connection.dbapi_connection
        return bool(adapted.here)


class _Engine(AsyncEngine):
    _connection_cls = _Connection


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
        await self._adapted.visit(self.executed, operation, parameters)

    async def executemany(self, operation: str, parameters: Iterable[Sequence[Any]]) -> None:
        await self._adapted.visit(self.executed_many, operation, parameters)

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

    def execute(self, operation: Any, parameters: Any = None) -> None:
        adapted: Any = self._adapt_connection
        visit: Any = self._cursor
        if adapted.here:
            visit.executed(adapted.driver, operation, parameters or ())
            self._rows = deque(visit.rows)
        else:
            super().execute(operation, parameters)

    def executemany(self, operation: Any, seq_of_parameters: Any) -> None:
        adapted: Any = self._adapt_connection
        visit: Any = self._cursor
        if adapted.here:
            visit.executed_many(adapted.driver, operation, seq_of_parameters)
        else:
            super().executemany(operation, seq_of_parameters)


class Adapted(AsyncAdapt_aiosqlite_connection):
    __slots__ = ("begins", "here")
    _cursor_cls = _Cursor

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.begins = Begin.WRITING
        self.here = False
        """Whether statements are run in the thread they are made in: while the write lock is held."""

    @property
    def driver(self) -> Any:
        """sqlite3's own connection."""
        return self._connection._conn

    async def visit(self, work: Callable[..., object], *given: Any) -> None:
        """`work`, given the driver's connection, in the thread of this connection."""
        await self._connection._execute(work, self.driver, *given)

    def begin(self) -> None:
        await_only(self.visit(sqlite3.Connection.execute, self.begins.sql))
        self.here = self.begins is Begin.WRITING

    def commit(self) -> None:
        self.here = False
        super().commit()

    def rollback(self) -> None:
        """The pool rolls back whatever comes home to it; mostly that is over already."""
        self.here = False
        if self._connection._connection and self._connection.in_transaction:
            super().rollback()


class _Begins(ConnectionCharacteristic):
    """Of one use of a connection: what comes home to the pool has forgotten it."""

    transactional = True

    def set_characteristic(self, dialect: Any, dbapi_conn: Any, value: Begin) -> None:
        dbapi_conn.begins = value

    def get_characteristic(self, dialect: Any, dbapi_conn: Any) -> Any:
        return dbapi_conn.begins

    def reset_characteristic(self, dialect: Any, dbapi_conn: Any) -> None:
        dbapi_conn.begins = Begin.WRITING


class _Dialect(SQLiteDialect_aiosqlite):
    """A dialect and no listeners: where an engine has any, SQLAlchemy asks for six more at each statement."""

    supports_statement_cache = True
    connection_characteristics = SQLiteDialect_aiosqlite.connection_characteristics | {"sqlite_begin": _Begins()}

    def connect(self, *positional: Any, **named: Any) -> Any:
        return Adapted(self.loaded_dbapi, super().connect(*positional, **named).driver_connection)

    def do_begin(self, dbapi_connection: Any) -> None:
        dbapi_connection.dbapi_connection.begin()

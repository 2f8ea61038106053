"""The database as two kinds of transaction: one that reads, and one, short, that writes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    and_,
    create_engine,
    event,
    false,
    literal_column,
    make_url,
    or_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from aftercare_sdk.errors import ConfigurationError, StorageUnavailable

P = ParamSpec("P")
R = TypeVar("R")

BUSY_SECONDS = 30
"""How long a write waits for another process that is writing to the same SQLite file."""
_A_LITTLE = 0.01
_READ_ONLY = "25006"
"""PostgreSQL's SQLSTATE for a write in a transaction that may only read."""
_CONTENDED = frozenset({"40001", "40P01"})
"""Those for a transaction that gave way to another: a serialization failure, and a deadlock."""

Insert = postgresql.Insert | sqlite.Insert


class Database:
    """One brand's database: SQLite in a file, or PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database in {None, "", ":memory:"}:
            message = "SQLite in memory cannot be shared by the processes that need it; name a file"
            raise ConfigurationError(message)
        if self.path is not None and not self.path.absolute().parent.is_dir():
            message = f"there is no folder for the database {self.where}; make it, or name another one"
            raise ConfigurationError(message)
        self.engine = _sqlite(url) if self.is_sqlite else _postgresql(url)

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(self.url.database or "") if self.is_sqlite else None

    @property
    def where(self) -> str:
        """The address of the database, without its password."""
        return self.url.render_as_string(hide_password=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the database and changes nothing."""
        with (
            self._storage_errors(),
            self.engine.connect().execution_options(reads=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that writes; on SQLite it takes the write lock at once. Keep it short."""
        with (
            self._storage_errors(),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Give up all connections."""
        self.engine.dispose()

    @contextmanager
    def _storage_errors(self) -> Iterator[None]:
        """Turn a database that cannot answer into the SDK's error, without the driver's parameters."""
        try:
            yield
        except (OperationalError, InterfaceError) as error:
            contended = getattr(error.orig, "sqlstate", "") in _CONTENDED
            raise StorageUnavailable(self._explain(error), contended=contended) from None
        except InternalError as error:
            # PostgreSQL in a read-only mode, as a standby or after a full disk: it may be lifted at any time.
            if getattr(error.orig, "sqlstate", "") != _READ_ONLY:
                raise
            what = type(error.orig).__name__
            raise StorageUnavailable(f"the database {self.where} cannot be written now: {what}") from None
        except DatabaseError as error:
            if type(error) is not DatabaseError:
                raise
            # What SQLite says of a file that is no database, or a damaged one: no retry mends it.
            message = f"{self.where} cannot be used: {error.orig}; name another file, or restore this one"
            raise ConfigurationError(message) from None

    def _explain(self, error: DBAPIError) -> str:
        what = type(error.orig).__name__
        if self.is_sqlite and error.orig is not None:
            what = str(error.orig)  # SQLite's messages name tables and files, never values
        return f"the database {self.where} cannot be used now: {what}"


def gives_way(work: Callable[P, R]) -> Callable[P, R]:
    """Do a piece of work again that has only given way to another transaction, three times in all.

    It must be one transaction: nothing of it is left then.
    """

    @wraps(work)
    def tried(*args: P.args, **kwargs: P.kwargs) -> R:
        for left in (2, 1, 0):
            try:
                return work(*args, **kwargs)
            except StorageUnavailable as error:
                if not (error.contended and left):
                    raise
        raise AssertionError("one of the tries has returned or raised")

    return tried


def literal_text(value: str) -> ColumnElement[str]:
    """Return a word of our own as it stands in SQL.

    SQLite uses a partial index only if the statement shows, without parameters, that it may.
    """
    return literal_column(f"'{value}'")


def among(columns: Sequence[ColumnElement[Any]], keys: Iterable[tuple[Any, ...]]) -> ColumnElement[bool]:
    """Return the condition that a row has one of these keys, in values of `columns`.

    Written as `a = ? AND b IN (…)`: for `(a, b) IN (VALUES …)` SQLite reads the whole table.
    """
    groups: dict[tuple[Any, ...], set[Any]] = {}
    for key in keys:
        groups.setdefault(key[:-1], set()).add(key[-1])
    *first, last = columns
    return or_(
        false(),
        *(
            and_(
                *(column == value for column, value in zip(first, group, strict=True)),
                last.in_(sorted(values)),
            )
            for group, values in sorted(groups.items())
        ),
    )


def insert_into(connection: Connection, table: Table) -> Insert:
    """Return an INSERT that knows ON CONFLICT, in the dialect of the connection."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def _postgresql(url: str) -> Engine:
    try:
        engine = create_engine(url, pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError as error:
        message = (
            f'PostgreSQL needs {error.name}, which is not installed: pip install "aftercare-sdk[postgres]"'
        )
        raise ConfigurationError(message) from None

    from psycopg import IsolationLevel

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # The driver puts both into its BEGIN, so they cost nothing; None is what the server is set to.
        driver = connection.connection.driver_connection
        reads = True if connection.get_execution_options().get("reads") else None
        if driver is not None and driver.read_only is not reads:
            driver.read_only = reads
            driver.isolation_level = IsolationLevel.REPEATABLE_READ if reads else None

    return engine


def _keep_a_log(cursor: DBAPICursor) -> None:
    """Switch a database to write-ahead logging, so that readers do not wait for a writer.

    Of several processes that open a new file at once all but one are refused, and for this statement alone
    SQLite does not wait by itself while another one is writing.
    """
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_A_LITTLE)
        else:
            return


def _sqlite(url: str) -> Engine:
    engine = create_engine(
        url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        del entry
        connection.isolation_level = None  # the driver opens no transactions of its own
        cursor = connection.cursor()
        _keep_a_log(cursor)
        cursor.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine

"""One decider per brand: a file lock beside a SQLite file, an advisory lock in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from filelock import FileLock, Timeout
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError

from aftercare_sdk.errors import DeciderBusy, StorageUnavailable
from aftercare_sdk.store import control
from aftercare_sdk.store.database import Database

_ADVISORY_KEY = 0x61667465  # "afte", so that a person who looks into pg_locks can guess


@contextmanager
def decider_lock(database: Database) -> Iterator[int]:
    """Hold the right to decide; yields a fencing token that outdates every earlier holder's.

    Raises DeciderBusy at once when another process holds it.
    """
    with _in_file(database) if database.is_sqlite else _in_server(database):
        with database.write() as connection:
            token = control.take_token(connection)
        yield token


def _busy(database: Database) -> DeciderBusy:
    return DeciderBusy(
        f"another process decides on {database.where}: `aftercare serve`, `work`, or an application"
    )


@contextmanager
def _in_file(database: Database) -> Iterator[None]:
    # Not reentrant on purpose: two deciders in one process would be two deciders.
    lock = FileLock(f"{database.path}.decider", timeout=0, thread_local=False, is_singleton=False)
    try:
        lock.acquire()
    except Timeout:
        raise _busy(database) from None
    except OSError as error:
        message = f"the lock {lock.lock_file} cannot be taken: {error.strerror}"
        raise StorageUnavailable(message) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _in_server(database: Database) -> Iterator[None]:
    key = {"key": _ADVISORY_KEY}
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(database.engine.connect())
            held = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar_one()
            connection.commit()  # the lock is the session's, an open transaction would only block vacuum
        except (OperationalError, InterfaceError) as error:
            message = f"the database {database.where} cannot be used now: {type(error.orig).__name__}"
            raise StorageUnavailable(message) from None
        if not held:
            raise _busy(database)
        try:
            yield
        finally:
            with suppress(OperationalError, InterfaceError):  # the session is lost, and the lock with it
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
                connection.commit()

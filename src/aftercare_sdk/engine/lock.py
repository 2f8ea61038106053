"""One decider per brand: a file lock beside a SQLite file, an advisory lock in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout
from sqlalchemy import text

from aftercare_sdk.errors import DeciderBusy
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
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _in_server(database: Database) -> Iterator[None]:
    key = {"key": _ADVISORY_KEY}
    with database.engine.connect() as connection:
        held = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar_one()
        connection.commit()  # the lock belongs to the session, an open transaction would only block vacuum
        if not held:
            raise _busy(database)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
            connection.commit()

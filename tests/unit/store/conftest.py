from __future__ import annotations

import pytest

from aftercare_sdk.store import messages, sending
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.sending import Change, Submission
from tests.support.databases import migrate
from tests.support.histories import DAWN, HOUR
from tests.unit.store.letters import LEASE, copy_of


@pytest.fixture
def empty(database_url):
    """A database without any table."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def postgres(postgres_databases):
    """A migrated database of PostgreSQL, for what only a server can do."""
    url = postgres_databases.copy_of(migrate)
    database = Database(url)
    yield database
    database.close()
    postgres_databases.drop(url)


@pytest.fixture
def store(database):
    """A function that calls another one in a transaction of its own."""

    def call(function, *args, **said):
        with database.write() as connection:
            return function(connection, *args, **said)

    return call


@pytest.fixture
def plan(store):
    """A function that plans messages and returns the keys that were new."""
    return lambda *planned: store(messages.plan, planned)


@pytest.fixture
def claim(store):
    """A function that claims messages that are due, an hour after dawn if not said otherwise."""

    def take(lease="worker-1", now=DAWN + HOUR, **said):
        given = {"before": None, "limit": 10, "until": now + LEASE, **said}
        return store(sending.claim, now=now, lease=lease, **given)

    return take


@pytest.fixture
def get(store):
    """A function that returns a message as it is now."""
    return lambda key="m-1": store(messages.get_many, [key])[0]


@pytest.fixture
def submit(store):
    """A function that submits a claimed message."""

    def leave(claimed, now=DAWN + HOUR, recipient=9):
        one = Submission(message=claimed, recipient=recipient, copy=copy_of(claimed))
        return claimed.key in store(sending.submit, [one], now=now, until=now + LEASE)

    return leave


@pytest.fixture
def change(store):
    """A function that brings a message into another state, and returns whether it was as it was seen."""

    def become(seen, state, now=DAWN + HOUR, **said):
        return bool(store(sending.change, [Change(message=seen, state=state, **said)], now=now))

    return become

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.exc import StatementError

from aftercare_sdk.store.tables import customers, metadata
from tests.support.histories import DAWN

TOKYO = timezone(timedelta(hours=9))


@pytest.fixture
def kept(database):
    """A function that stores an instant and returns it as it is loaded."""

    def keep(instant):
        with database.write() as connection:
            stored = insert(customers).values(created_at=instant).returning(customers.c.id)
            number = connection.execute(stored).scalar_one()
        with database.read() as connection:
            return connection.execute(
                select(customers.c.created_at).where(customers.c.id == number)
            ).scalar_one()

    return keep


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 3, 1, 9, 30, 15, 123_456, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 3, 1, 18, 30, 0, 1, tzinfo=TOKYO),
    ],
)
def test_round_trip(kept, instant):
    """An instant comes back exact to the microsecond, in UTC, whatever zone it was given in."""
    loaded = kept(instant)
    assert (instant, UTC) == (loaded, loaded.tzinfo)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(instant=st.datetimes(timezones=st.just(UTC)))
def test_every_microsecond(kept, instant):
    """No instant that Python knows loses anything."""
    assert instant == kept(instant)


def test_naive_is_refused(kept):
    """A datetime without a zone is a bug of the caller, and never stored as if it were UTC."""
    with pytest.raises(StatementError, match="offset-naive"):
        kept(DAWN.replace(tzinfo=None))


def test_naive_is_refused_in_a_condition(database):
    """Nor is it compared with what is stored."""
    with database.read() as connection, pytest.raises(StatementError, match="offset-naive"):
        connection.execute(select(customers).where(customers.c.created_at < DAWN.replace(tzinfo=None)))


def test_order(database):
    """The database sorts instants as Python does, across the epoch and within a second."""
    instants = [
        DAWN,
        DAWN + timedelta(microseconds=1),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        DAWN - timedelta(microseconds=1),
    ]
    with database.write() as connection:
        connection.execute(insert(customers), [{"created_at": instant} for instant in instants])
        loaded = connection.execute(select(customers.c.created_at).order_by(customers.c.created_at))
        assert sorted(instants) == list(loaded.scalars())


def test_names_fit_both_databases():
    """No name of a table, column or index is longer than PostgreSQL takes."""
    names = [
        name
        for table in metadata.tables.values()
        for name in (table.name, *table.columns.keys(), *(index.name for index in table.indexes))
    ]
    assert [] == [name for name in names if len(str(name)) > 63]

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from aftercare_sdk.store import counters
from aftercare_sdk.store.tables import counters as table

SECOND = timedelta(seconds=1)


def rows(connection):
    """Return how many rows there are."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_counts_are_the_same_before_and_after_they_are_added_up(store):
    """However many rows are taken at once."""
    for _ in range(5):
        store(counters.add, {("planned", ""): 2, ("skipped", "no_address"): 1, ("accepted", ""): 0})
    expected = {("planned", ""): 10, ("skipped", "no_address"): 5}
    assert expected == store(counters.totals)
    assert 3 == store(counters.add_up, 3)
    assert expected == store(counters.totals)
    assert 9 == store(counters.add_up, 100)
    assert (expected, 2) == (store(counters.totals), store(rows))


def test_lengths_of_time_are_sorted_into_buckets(store):
    """With their sum; a clock that was set back makes no negative one."""
    several = [SECOND / 20, SECOND / 10, 2 * SECOND, timedelta(days=1), -SECOND]
    store(counters.observe, counters.PLAN_LAG, several)
    assert {
        ("plan_lag", "0.1"): 3,
        ("plan_lag", "5"): 1,
        ("plan_lag", "+Inf"): 1,
        ("plan_lag", "sum"): 86_402_150_000,
    } == store(counters.totals)

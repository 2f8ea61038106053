"""How much is written at once follows what writing costs, and nothing else."""

from __future__ import annotations

import pytest

from aftercare_sdk.engine.pace import FEWEST, Pace

MOST = 200


class Stopwatch:
    """A pace, and a clock that moves when something is written or waited for."""

    def __init__(self, per_row=0.0003, most=MOST):
        self.seconds = 0.0
        self.per_row = per_row
        self.pace = Pace(most, lambda: self.seconds)

    def write(self, rows=None, *, waits=0.0, extra=0.0):
        """Wait for the lock, write rows (as many as the pace allows), commit."""
        rows = self.pace.size if rows is None else rows
        self.seconds += waits
        with self.pace.writing(rows):
            self.seconds += rows * self.per_row + extra
        self.seconds += waits
        return rows


@pytest.mark.parametrize("waits", [0.0, 0.026, 0.051, 1.0])
def test_what_a_commit_costs_does_not_matter(waits):
    """A slow disk or another writer makes no transaction smaller: fewer rows would not be faster."""
    watch = Stopwatch()
    sizes = [watch.write(waits=waits) for _ in range(20)]
    assert sizes[0] < sizes[-1] == 100


@pytest.mark.parametrize(("per_row", "size"), [(0.0001, MOST), (0.0012, 25), (0.006, FEWEST), (0.1, FEWEST)])
def test_a_transaction_is_short(per_row, size):
    """As many rows as fit into one, but a few at least."""
    watch = Stopwatch(per_row)
    for _ in range(20):
        watch.write()
    assert size == watch.pace.size


def test_a_hiccup_halves_it_and_it_recovers():
    """One slow transaction is no reason to write row by row from then on."""
    watch = Stopwatch(0.0001)
    for _ in range(5):
        watch.write()
    watch.write(extra=0.06)
    assert MOST // 2 == watch.pace.size
    watch.write()
    assert MOST == watch.pace.size


def test_a_few_rows_say_nothing_about_many():
    """A transaction of one row, slow or quick, changes nothing."""
    watch = Stopwatch()
    before = watch.pace.size
    watch.write(1, extra=0.06)
    watch.write(1)
    assert before == watch.pace.size


def test_it_grows_although_nothing_fits_exactly():
    """Rows that tell of seven objects each never fill a transaction to the last place."""
    watch = Stopwatch(0.0001)
    for _ in range(10):
        watch.write(watch.pace.size // 7 * 7)
    assert MOST == watch.pace.size


def test_one_row_that_weighs_more_than_is_wanted():
    """It goes alone anyway; the others still go together."""
    watch = Stopwatch(0.0003)
    for _ in range(10):
        watch.write(240)
    assert MOST // 4 == watch.pace.size


def test_what_failed_is_not_measured():
    """A transaction that was rolled back says nothing."""
    watch = Stopwatch()
    with pytest.raises(ZeroDivisionError), watch.pace.writing(watch.pace.size):
        watch.seconds += 1 / 0
    assert MOST // 4 == watch.pace.size


def test_never_more_than_the_most():
    """Also where that is less than the usual fewest."""
    assert 3 == Stopwatch(most=3).pace.size

from __future__ import annotations

from datetime import timedelta

import pytest

from aftercare_sdk.store import reads
from aftercare_sdk.store.reads import Read
from tests.support.histories import DAWN, DAY, HOUR, SECOND

DEBOUNCE = 5 * SECOND
PATIENCE = timedelta(minutes=10)


def wanted(id_="1042", at=DAWN, **said):
    """Return the wish to read an order."""
    return Read(
        **{
            "shop": "main",
            "kind": "order",
            "id": id_,
            "reason": "blurred",
            "requested_at": at,
            "due_at": at + DEBOUNCE,
            **said,
        }
    )


KEY = ("main", "order", "1042")
OTHER = ("main", "order", "1043")


@pytest.fixture
def store(database):
    """A function that calls another one in a transaction of its own."""

    def call(function, *args, **said):
        with database.write() as connection:
            return function(connection, *args, **said)

    return call


@pytest.fixture
def request_(store):
    """A function that asks for reads."""
    return lambda *several: store(reads.request, several)


@pytest.fixture
def claim(store):
    """A function that takes the reads that are due at a moment, and returns the ids."""

    def take(now, lease="worker-1", limit=10):
        found = store(reads.claim, now=now, lease=lease, until=now + PATIENCE, limit=limit)
        return [one.id for one in found]

    return take


@pytest.fixture
def pending(store):
    """A function that returns the read that an order waits for."""
    return lambda id_="1042": store(reads.pending, [("main", "order", id_)]).get(("main", "order", id_))


class TestDebounce:
    def test_not_at_once(self, request_, claim, store):
        """A read waits a few seconds for more of the same."""
        request_(wanted())
        assert DAWN + DEBOUNCE == store(reads.next_due, DAWN)
        assert [] == claim(DAWN + DEBOUNCE - timedelta(microseconds=1))
        assert ["1042"] == claim(DAWN + DEBOUNCE)

    def test_one_read_serves_all(self, request_, claim, pending, store):
        """Asked for again while it waits, a read is made once, no later, and for the latest reason."""
        request_(wanted(), wanted(at=DAWN + SECOND), wanted(at=DAWN + 2 * SECOND, reason="unclear"))
        assert ("unclear", DAWN + 2 * SECOND, DAWN + DEBOUNCE) == (
            pending().reason,
            pending().requested_at,
            pending().due_at,
        )
        assert 1 == len(store(reads.listing))
        assert (["1042"], []) == (claim(DAWN + DEBOUNCE), claim(DAWN + DEBOUNCE))

    def test_objects_apart(self, request_, store):
        """The same id of another kind or in another shop is another object."""
        request_(wanted(), wanted(kind="customer"), wanted(shop="other"))
        assert 3 == len(store(reads.listing))
        keys = [("main", "order", "1042"), ("other", "order", "1042"), ("other", "customer", "1042")]
        assert set(keys[:2]) == store(reads.pending, keys).keys()


class TestAnswer:
    def test_settled(self, request_, claim, pending, store):
        """A read whose answer was processed is done."""
        request_(wanted())
        claim(DAWN + DEBOUNCE)
        assert [KEY] == store(reads.settle, [(KEY, DAWN + DEBOUNCE), (OTHER, DAWN + DEBOUNCE)])
        assert None is pending()
        assert [] == store(reads.settle, [(KEY, DAWN + DEBOUNCE)])
        assert [] == store(reads.settle, [])

    def test_requested_again_while_under_way(self, request_, claim, pending, store):
        """An object that becomes ambiguous while it is read is read again: the answer may be older."""
        request_(wanted())
        asked_at = DAWN + DEBOUNCE
        claim(asked_at)
        request_(wanted(at=asked_at + SECOND))
        assert [] == store(reads.settle, [(KEY, asked_at)])
        again_at = asked_at + SECOND + DEBOUNCE
        assert (asked_at + SECOND, again_at) == (pending().requested_at, pending().due_at)
        assert ([], ["1042"]) == (claim(again_at - SECOND), claim(again_at))
        assert [KEY] == store(reads.settle, [(KEY, again_at), (KEY, asked_at)])

    def test_older_answer(self, request_, pending, store):
        """The answer to a question that was asked before the doubt settles nothing."""
        request_(wanted())
        assert [] == store(reads.settle, [(KEY, DAWN - SECOND)])
        assert [KEY] == store(reads.settle, [(KEY, DAWN)])


class TestWorkers:
    def test_claimed(self, request_, claim):
        """A read that a worker has taken is not taken by another, until patience is at its end."""
        request_(wanted())
        at = DAWN + DEBOUNCE
        assert ["1042"] == claim(at)
        assert [] == claim(at + PATIENCE - SECOND, "worker-2")
        assert ["1042"] == claim(at + PATIENCE, "worker-2")

    def test_oldest_first(self, request_, claim):
        """As many as are wanted are taken, those that wait longest first."""
        request_(wanted("3", DAWN + SECOND), wanted("2", DAWN), wanted("1", DAWN + HOUR))
        assert [["2"], ["3"], []] == [claim(DAWN + HOUR, limit=1) for _ in range(3)]

    def test_patience_grows(self, request_, claim, pending):
        """A read that nobody answers is taken up again later each time."""
        request_(wanted())
        now = DAWN + DEBOUNCE
        for waits in (PATIENCE, 2 * PATIENCE, 4 * PATIENCE):
            assert ["1042"] == claim(now)
            assert now + waits == pending().due_at
            now += waits

    def test_failed(self, request_, pending, store):
        """A failed read is tried again at its time, with the error for a person to see."""
        request_(wanted())
        now = DAWN + DEBOUNCE
        for attempt in (1, 2):
            (taken,) = store(reads.claim, now=now, lease="worker-1", until=now + PATIENCE, limit=1)
            now = DAWN + attempt * HOUR
            store(reads.fail, taken, "PlatformUnavailable: down", now)
            assert (attempt, "PlatformUnavailable: down", now, "") == (
                pending().attempts,
                pending().error,
                pending().due_at,
                pending().lease,
            )

    def test_failed_too_late(self, request_, pending, store):
        """A worker that is out of its time, or whose read was asked for anew, puts nothing off."""
        request_(wanted())
        now = DAWN + DEBOUNCE
        (taken,) = store(reads.claim, now=now, lease="worker-1", until=now + PATIENCE, limit=1)
        request_(wanted(at=now))
        before = pending()
        store(reads.fail, taken, "down", DAWN + DAY)
        assert before == pending()
        (again,) = store(reads.claim, now=now + DEBOUNCE, lease="worker-2", until=now + HOUR, limit=1)
        store(reads.fail, taken, "down", DAWN + DAY)
        assert again.lease == pending().lease

    def test_asked_for_again_after_a_failure(self, request_, pending, store):
        """A new doubt does not hurry a read whose shop is down."""
        request_(wanted())
        store(reads.fail, pending(), "down", DAWN + DAY)
        request_(wanted(at=DAWN + HOUR))
        assert (DAWN + DAY, DAWN + HOUR) == (pending().due_at, pending().requested_at)

    def test_hurry(self, request_, store, claim):
        """A person can have everything read now."""
        request_(wanted("1", DAWN + DAY), wanted("2", DAWN - DAY))
        assert 1 == store(reads.hurry, DAWN)
        assert ["2", "1"] == claim(DAWN)

    @pytest.mark.postgres
    def test_passed_over(self, postgres):
        """A worker passes over what another one is taking just now; SQLite lets one write at a time."""
        with postgres.write() as connection:
            reads.request(connection, [wanted("1"), wanted("2", DAWN + SECOND)])
        said = {"now": DAWN + HOUR, "until": DAWN + 2 * HOUR, "limit": 1}
        with postgres.write() as one, postgres.write() as two:
            first = reads.claim(one, lease="worker-1", **said)
            second = reads.claim(two, lease="worker-2", **said)
        assert [["1"], ["2"]] == [[each.id for each in got] for got in (first, second)]

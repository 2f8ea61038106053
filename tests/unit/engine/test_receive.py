"""The inbox for event loops; that for threads is tested in tests/acceptance/test_door.py."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from aftercare_sdk.engine import receive
from aftercare_sdk.engine.receive import Inbox
from aftercare_sdk.errors import StorageUnavailable
from aftercare_sdk.store import journal
from aftercare_sdk.store.journal import Arrival, Kind

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)


@pytest.fixture
def inbox(database):
    """An inbox that is closed at the end."""
    inbox = Inbox(database)
    yield inbox
    inbox.close()


@pytest.fixture
def commits(database):
    """How many commits there were, as a list."""
    counted = []
    event.listen(database.engine, "commit", counted.append)
    return counted


def arrival(number, dedupe=None):
    """Return a webhook to be stored."""
    return Arrival(
        kind=Kind.WEBHOOK, shop="main", topic="t", received_at=NOW, body=b"%d" % number, dedupe=dedupe
    )


def stored(database):
    """Return the bodies in the journal, in their order."""
    with database.read() as connection:
        return [entry.body for entry in reversed(journal.listing(connection, limit=1_000))]


def test_what_a_loop_takes_in_during_one_turn_shares_a_commit(inbox, database, commits):
    """64 requests that are read in one turn are one commit and one awakening, in their order."""

    async def take_in():
        return await asyncio.gather(*[inbox.put_in_loop(arrival(number)) for number in range(64)])

    assert [True] * 64 == asyncio.run(take_in())
    assert 1 == len(commits)
    assert [b"%d" % number for number in range(64)] == stored(database)


def test_many_more_than_a_commit_takes(inbox, database, commits):
    """No commit holds more than 128, so that none of them is long."""

    async def take_in():
        return await asyncio.gather(*[inbox.put_in_loop(arrival(number)) for number in range(300)])

    assert [True] * 300 == asyncio.run(take_in())
    assert 3 == len(commits)
    assert 300 == len(stored(database))


def test_a_copy_in_the_same_turn_is_seen_before(inbox, database):
    """The first of two copies is new; both are answered after the commit that holds the original."""

    async def take_in():
        return await asyncio.gather(*[inbox.put_in_loop(arrival(number, "same")) for number in range(2)])

    assert [True, False] == asyncio.run(take_in())
    assert [b"0"] == stored(database)


def test_nobody_is_answered_before_the_commit(inbox, database):
    """While the commit is held up, the loop goes on and its futures wait."""
    reached, go = threading.Event(), threading.Event()

    def hold(connection):
        reached.set()
        assert go.wait(60)

    event.listen(database.engine, "commit", hold)

    async def take_in():
        future = inbox.put_in_loop(arrival(1))
        await asyncio.to_thread(reached.wait)
        waited = not future.done()
        go.set()
        return waited, await future

    assert (True, True) == asyncio.run(take_in())


def test_a_request_that_is_given_up_is_stored_and_takes_nobody_along(inbox, database):
    """Its client has hung up; the others of its commit are answered."""

    async def take_in():
        futures = [inbox.put_in_loop(arrival(number)) for number in range(3)]
        futures[1].cancel()
        return await asyncio.gather(*futures, return_exceptions=True)

    first, given_up, last = asyncio.run(take_in())
    assert (True, True) == (first, last)
    assert isinstance(given_up, asyncio.CancelledError)
    assert [b"0", b"1", b"2"] == stored(database)


def test_a_row_that_cannot_be_stored_takes_nobody_along(inbox, database):
    """Those who shared its commit are stored without it."""

    async def take_in():
        arrivals = [arrival(0), replace(arrival(1), body=object()), arrival(2)]
        futures = [inbox.put_in_loop(each) for each in arrivals]
        return await asyncio.gather(*futures, return_exceptions=True)

    first, refused, last = asyncio.run(take_in())
    assert (True, True) == (first, last)
    assert isinstance(refused, StorageUnavailable)
    assert [b"0", b"2"] == stored(database)


def test_a_loop_that_has_ended_stops_nothing(inbox, database):
    """Its server was stopped while it waited: the rows are stored, and the next loop is served."""
    reached, go = threading.Event(), threading.Event()

    def hold(connection):
        reached.set()
        assert go.wait(60)

    event.listen(database.engine, "commit", hold)

    async def leave():
        inbox.put_in_loop(arrival(0))
        await asyncio.to_thread(reached.wait)

    async def take_in():
        return await inbox.put_in_loop(arrival(1))

    asyncio.run(leave())
    go.set()
    assert asyncio.run(take_in())
    assert [b"0", b"1"] == stored(database)


def test_two_loops_at_once(inbox, database):
    """Each thread with a loop of its own hears of its own requests."""
    told = {}

    async def take_in(first):
        numbers = range(first, first + 50)
        told[first] = await asyncio.gather(*[inbox.put_in_loop(arrival(number)) for number in numbers])

    threads = [threading.Thread(target=lambda first=first: asyncio.run(take_in(first))) for first in (0, 50)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {0: [True] * 50, 50: [True] * 50} == told
    assert {b"%d" % number for number in range(100)} == set(stored(database))


def test_what_waits_is_stored_when_the_inbox_closes(database):
    """The writer ends after the last commit, and whoever waits is told."""
    inbox = Inbox(database)

    async def take_in():
        futures = [inbox.put_in_loop(arrival(number)) for number in range(200)]
        await asyncio.sleep(0)  # so many are handed over at the end of the turn
        await asyncio.to_thread(inbox.close)
        return await asyncio.gather(*futures)

    assert [True] * 200 == asyncio.run(take_in())


def test_a_loop_hands_over_when_a_turn_brings_nothing_more(inbox, commits):
    """What comes in turn by turn is gathered, but never more than a commit takes."""

    async def come_in(turns):
        futures = []
        for number in range(turns):
            futures.append(inbox.put_in_loop(arrival(number)))
            await asyncio.sleep(0)
        return await asyncio.gather(*futures)

    assert [True] * 20 == asyncio.run(come_in(20))
    assert 1 == len(commits)
    assert [True] * 130 == asyncio.run(come_in(130))
    assert 3 == len(commits)


@pytest.mark.parametrize("error", [MemoryError(), SystemExit()])
def test_whatever_breaks_the_writer_those_who_wait_are_told(inbox, database, monkeypatch, error):
    """And the next ones are stored."""
    tell = receive._tell

    def breaks(told):
        monkeypatch.setattr(receive, "_tell", tell)
        raise error

    monkeypatch.setattr(receive, "_tell", breaks)

    async def take_in(number):
        return await asyncio.wait_for(inbox.put_in_loop(arrival(number)), 60)

    with pytest.raises(StorageUnavailable, match=f"could not go on: {type(error).__name__}"):
        inbox.put(arrival(0)).result(60)
    assert asyncio.run(take_in(1))
    assert [b"0", b"1"] == stored(database)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_died_is_replaced(inbox, database, monkeypatch):
    """What was handed over to it meanwhile is stored as well."""
    give_up, tell = Inbox._give_up, receive._tell

    def dies(*_):
        raise MemoryError

    monkeypatch.setattr(receive, "_tell", dies)
    monkeypatch.setattr(Inbox, "_give_up", dies)
    inbox.put(arrival(0))
    inbox._thread.join(60)
    monkeypatch.setattr(receive, "_tell", tell)
    monkeypatch.setattr(Inbox, "_give_up", give_up)
    assert inbox.put(arrival(1)).result(60)
    assert [b"0", b"1"] == stored(database)


def test_whoever_finds_no_writer_is_told(inbox, database, monkeypatch):
    """A process that may have no more threads for the moment stores nothing for that moment."""

    def full(self):
        raise RuntimeError("can't start new thread")

    async def take_in(number):
        return await asyncio.wait_for(inbox.put_in_loop(arrival(number)), 60)

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", full)
        with pytest.raises(StorageUnavailable, match="could not go on"):
            asyncio.run(take_in(0))
    assert asyncio.run(take_in(1))
    assert [b"1"] == stored(database)


@pytest.mark.parametrize(
    ("meetings", "expected"),
    [(1, [True, True, True]), (2, [True, True, True]), (3, [None, True, True])],
    ids=["once", "twice", "thrice"],
)
def test_who_meets_another_process_that_stores_the_same_tries_again(
    inbox, database, monkeypatch, meetings, expected
):
    """Shops send a webhook once: so all together again, then one by one, and only then it is refused."""
    append = journal.append
    batches = []

    def gives_way(connection, arrivals):
        batches.append(len(arrivals))
        if len(batches) <= meetings:
            raise StorageUnavailable("another was first", contended=True)
        return append(connection, arrivals)

    monkeypatch.setattr(journal, "append", gives_way)

    async def take_in():
        futures = [inbox.put_in_loop(arrival(number)) for number in range(3)]
        return await asyncio.gather(*futures, return_exceptions=True)

    told = [None if isinstance(one, StorageUnavailable) else one for one in asyncio.run(take_in())]
    assert expected == told
    assert [3, 3, 1, 1, 1][: meetings + 1] == batches[: meetings + 1]
    assert sum(one is True for one in expected) == len(stored(database))

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from aftercare_sdk.store import journal
from aftercare_sdk.store.database import Database
from aftercare_sdk.store.journal import Arrival, Kind, State
from tests.support.histories import DAWN, DAY


def arrival(body="{}", dedupe=None, **said):
    """Return a webhook that is about to become a row."""
    return Arrival(
        **{
            "kind": Kind.WEBHOOK,
            "shop": "main",
            "topic": "order.updated",
            "received_at": DAWN,
            "body": body.encode(),
            "dedupe": dedupe,
            **said,
        }
    )


def append(database, *arrivals):
    """Append in a transaction of its own."""
    with database.write() as connection:
        return journal.append(connection, arrivals)


def rows(database):
    """Return all rows, the oldest first."""
    with database.read() as connection:
        return journal.listing(connection, limit=10_000)[::-1]


def copies(database):
    """Return body and number of copies of every row, the oldest first."""
    return [(row.body.decode(), row.copies) for row in rows(database)]


class TestAppend:
    def test_every_field(self, database):
        """A row holds what arrived, exactly."""
        body = bytes(range(256))
        given_ = replace(
            arrival(dedupe="a" * 64),
            body=body,
            delivery="d-1",
            hints={"topic": "注文", "nothing": ""},
            received_at=DAWN,
        )
        append(database, given_)
        (row,) = rows(database)
        expected = (
            Kind.WEBHOOK,
            "main",
            "order.updated",
            "d-1",
            given_.hints,
            body,
            DAWN,
            State.NEW,
            "",
            None,
            0,
        )
        assert expected == (
            row.kind,
            row.shop,
            row.topic,
            row.delivery,
            row.hints,
            row.body,
            row.received_at,
            row.state,
            row.outcome,
            row.processed_at,
            row.copies,
        )

    def test_nothing(self, database):
        """To append nothing is allowed."""
        assert [] == append(database)

    def test_within_a_batch(self, database):
        """Copies in one batch are dropped and counted, and the rows keep their order."""
        fresh = append(database, arrival("1", "a"), arrival("2"), arrival("1", "a"), arrival("3", "b"))
        assert [True, True, False, True] == fresh
        assert [("1", 1), ("2", 0), ("3", 0)] == copies(database)

    def test_between_batches(self, database):
        """Copies of earlier rows are dropped and counted, whatever became of those."""
        append(database, arrival("1", "a"), arrival("3", "c"))
        with database.write() as connection:
            journal.finish(connection, [(rows(database)[0].seq, State.DONE, "told")], DAWN)
        fresh = append(database, arrival("1", "a"), arrival("2", "b"), arrival("1", "a"), arrival("2", "b"))
        assert [False, True, False, False] == fresh
        assert [("1", 2), ("3", 0), ("2", 1)] == copies(database)
        assert State.DONE == rows(database)[0].state

    def test_without_a_key(self, database):
        """What may tell something new although it looks the same is never a copy."""
        assert [True, True] == append(database, arrival("1"), arrival("1"))
        assert [True] == append(database, arrival("1"))
        assert 3 == len(rows(database))

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(batches=st.lists(st.lists(st.sampled_from([None, "a", "b", "c"]), max_size=6), max_size=4))
    def test_every_arrival_is_a_row_or_a_copy(self, database, batches):
        """Whatever comes in whatever batches: each arrival is one row or is counted once."""
        before = sum(1 + row.copies for row in rows(database))
        known = {row.body.decode() for row in rows(database) if row.body != b"None"}
        for batch in batches:
            expected = [
                key is None or (key not in known and key not in batch[:place])
                for place, key in enumerate(batch)
            ]
            assert expected == append(database, *(arrival(str(key), key) for key in batch))
            known |= {key for key in batch if key}
        assert before + sum(map(len, batches)) == sum(1 + row.copies for row in rows(database))

    def test_two_connections_at_once(self, database):
        """Of processes that store the same deliveries at the same moment one has each as new, all count."""
        url = database.url.render_as_string(hide_password=False)
        gate = threading.Barrier(4)
        answers: list[list[bool]] = []

        def store():
            other = Database(url)
            mine = [append(other)]
            gate.wait()
            mine = [append(other, arrival(str(n), f"key-{n}"))[0] for n in range(20)]
            answers.append(mine)
            other.close()

        threads = [threading.Thread(target=store) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [1] * 20 == [sum(answer) for answer in zip(*answers, strict=True)]
        assert [(str(n), 3) for n in range(20)] == sorted(copies(database), key=lambda one: int(one[0]))

    @pytest.mark.postgres
    def test_two_with_the_same_deliveries_do_not_wait_for_each_other(self, postgres):
        """In whatever order each has them: one has each as new, the other counts it, and none gives way."""
        url = postgres.url.render_as_string(hide_password=False)
        told = [arrival(f"{n:03}" + "x" * 8_000, f"key-{n:03}") for n in range(128)]
        gate = threading.Barrier(2)
        answers: list[bool] = []

        def store(several):
            other = Database(url)
            append(other)
            gate.wait(60)
            answers.extend(append(other, *several))
            other.close()

        for _ in range(10):
            answers.clear()
            with postgres.write() as connection:
                connection.execute(text("DELETE FROM journal"))
            threads = [threading.Thread(target=store, args=[several]) for several in (told, told[::-1])]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert [128, 128] == [answers.count(True), answers.count(False)]
            first = [row.body[:3] for row in rows(postgres)]
            assert first in (sorted(first), sorted(first, reverse=True)), "each keeps the order of arrival"

    def test_waiting_for_the_other(self, database):
        """A delivery that another connection holds, not committed yet, is a copy once it is."""
        url = database.url.render_as_string(hide_password=False)
        other = Database(url)
        answers: list[bool] = []
        with database.write() as connection:
            journal.append(connection, [arrival("1", "a")])
            thread = threading.Thread(target=lambda: answers.extend(append(other, arrival("1", "a"))))
            thread.start()
            thread.join(0.2)
            assert [] == answers
        thread.join()
        other.close()
        assert ([False], [("1", 1)]) == (answers, copies(database))

    def test_rolled_back(self, database):
        """What was not committed was never seen, so that the shop's next try is new."""
        with database.write() as connection:
            journal.append(connection, [arrival("1", "a")])
            connection.rollback()
        assert [True] == append(database, arrival("1", "a"))

    def test_long_headers(self, database):
        """Headers are not signed: one that is absurdly long does not keep the delivery from being stored."""
        fresh = append(database, arrival("1", topic="t" * 5_000, delivery="d" * 5_000), arrival("2"))
        assert ([True, True], ["1", "2"]) == (fresh, [row.body.decode() for row in rows(database)])


class TestQueue:
    def test_oldest_first(self, database):
        """Rows are taken in the order in which they came, as many as are wanted."""
        append(database, *(arrival(str(n)) for n in range(5)))
        with database.read() as connection:
            taken = journal.take_new(connection, 3)
        assert [b"0", b"1", b"2"] == [row.body for row in taken]

    def test_finished_rows_are_not_taken(self, database):
        """What is done, ignored or parked is not taken again, and is no longer the oldest one that waits."""
        append(database, *(arrival(str(n), received_at=DAWN + n * DAY) for n in range(4)))
        seqs = [row.seq for row in rows(database)]
        with database.write() as connection:
            results = zip(seqs, (State.DONE, State.IGNORED, State.PARKED), ("a", "b", "c"), strict=False)
            journal.finish(connection, results, DAWN + 9 * DAY)
        with database.read() as connection:
            assert [b"3"] == [row.body for row in journal.take_new(connection, 10)]
            assert DAWN + 3 * DAY == journal.oldest_new(connection)
            assert {"done": 1, "ignored": 1, "parked": 1, "new": 1, "copies": 0} == journal.counts(connection)
            assert ("b", DAWN + 9 * DAY) == (
                journal.find(connection, seqs[1]).outcome,
                journal.find(connection, seqs[1]).processed_at,
            )

    def test_a_shop_that_rests(self, database):
        """Its webhooks are left; what it was asked for, and other shops' rows, are taken in their order."""
        hooks = [arrival("1", shop="other"), arrival("2"), arrival("3", shop="third"), arrival("4")]
        append(database, *hooks, arrival("5", kind=Kind.SYNC, weight=3), arrival("6", shop="other"))
        with database.read() as connection:
            taken = [
                [row.body for row in journal.take_new(connection, limit, {"main"})] for limit in (9, 5, 1)
            ]
            assert 6 == len(journal.take_new(connection, 9))
        assert [[b"1", b"3", b"5", b"6"], [b"1", b"3", b"5"], [b"1"]] == taken

    def test_retry(self, database):
        """Parked rows are put back, all or those named, and nothing else is."""
        append(database, *(arrival(str(n)) for n in range(4)))
        seqs = [row.seq for row in rows(database)]
        states = (State.PARKED, State.PARKED, State.DONE, State.IGNORED)
        with database.write() as connection:
            journal.finish(
                connection, [(seq, state, "why") for seq, state in zip(seqs, states, strict=True)], DAWN
            )
            assert 1 == journal.retry(connection, [seqs[0], seqs[2]])
        with database.write() as connection:
            assert [seqs[0]] == [row.seq for row in journal.take_new(connection, 10)]
            assert 1 == journal.retry(connection)
            assert 0 == journal.retry(connection)

    def test_born_finished(self, database):
        """What only is to be kept, such as an outcome, is not processed."""
        append(database, arrival(kind=Kind.OUTCOME, state=State.DONE, outcome="accepted"))
        with database.read() as connection:
            assert [] == journal.take_new(connection, 10)
            assert None is journal.oldest_new(connection)
        assert DAWN == rows(database)[0].processed_at


def test_repr_tells_no_person():
    """What is logged of a row or an arrival holds nothing of the body."""
    assert "ann@" not in repr(arrival("ann@customer.example"))


class TestFound:
    def found(self, database, **asked):
        """Return which rows have found what, the newest first."""
        with database.read() as connection:
            return [(one.seq, one.topic, one.found) for one in journal.discoveries(connection, **asked)]

    def test_newest_first_behind_a_row_and_since_a_moment(self, database):
        """Rows that found nothing are not told."""
        pages = [arrival(kind=Kind.SYNC, topic=f"p{n}", received_at=DAWN + n * DAY) for n in range(5)]
        append(database, *pages)
        with database.write() as connection:
            journal.note_found(connection, {2: "two", 4: "four", 5: "five"})
            journal.note_found(connection, {})
        assert [(5, "p4", "five"), (4, "p3", "four"), (2, "p1", "two")] == self.found(database)
        assert [(5, "p4", "five")] == self.found(database, after=4)
        assert [(5, "p4", "five"), (4, "p3", "four")] == self.found(database, since=DAWN + 2 * DAY)
        with database.read() as connection:
            assert 5 == journal.newest(connection)

    def test_it_is_forgotten_with_the_bodies(self, database):
        """So that what listings find does not grow for ever."""
        append(database, arrival(state=State.DONE), arrival(state=State.DONE, received_at=DAWN + DAY))
        with database.write() as connection:
            journal.note_found(connection, {1: "one", 2: "two"})
            journal.forget_bodies(connection, after=0, received_before=DAWN + DAY, limit=10)
        assert [(2, "order.updated", "two")] == self.found(database)

    def test_an_empty_journal(self, database):
        """Nothing was found, and no row is the newest."""
        assert [] == self.found(database)
        with database.read() as connection:
            assert 0 == journal.newest(connection)

    def test_what_waits_is_told_by_kind_and_shop(self, database):
        """A webhook of another shop keeps nobody waiting who waits for a listing."""
        append(database, arrival(shop="other"), arrival(kind=Kind.SYNC, state=State.DONE))
        with database.read() as connection:
            assert not journal.is_waiting(connection, (Kind.SYNC, Kind.READ), {"main"})
            assert not journal.is_waiting(connection, (Kind.SYNC, Kind.READ), {"other"})
            assert journal.is_waiting(connection, (Kind.WEBHOOK,), {"main", "other"})

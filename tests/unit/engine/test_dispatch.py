from __future__ import annotations

import re
import threading
import time

import pytest
from sqlalchemy import event

from aftercare_sdk.actions import CancelMessages, NotSentWithin, OrderStands
from aftercare_sdk.engine import dispatch
from aftercare_sdk.model.messages import Accepted
from aftercare_sdk.store import sending
from tests.support.databases import migrate
from tests.support.shop import DAY, MINUTE, START, Bench, always, customer, in_threads, note, order, program

ANN, BOB = "ann@customer.example", "bob@customer.example"
ORDER_OF_LOCKS = ("objects", "customers", "messages")
LOCKING = re.compile(
    r"INSERT INTO (objects) .*ON CONFLICT|UPDATE (\w+) SET|FROM (\w+) .*FOR (?:SHARE|UPDATE)$", re.DOTALL
)


@pytest.mark.postgres
def test_senders_and_the_decider_lock_in_one_order(postgres_databases):
    """Objects, then customers, then messages; else each could wait for the other, and one would be ended."""
    transactions: list[list[str]] = []

    def begins(connection) -> None:
        transactions.append([])

    def executes(*called) -> None:
        found = LOCKING.search(called[2])
        table = next(filter(None, found.groups()), "") if found else ""
        if table in ORDER_OF_LOCKS and table not in transactions[-1]:
            transactions[-1].append(table)

    premises = (OrderStands(order="main/order/2"), NotSentWithin(label="note", period=DAY))
    plugin = program(
        on_purchase=always(note(premises=premises), note("later", delay=DAY)),
        on_shipment=always(CancelMessages(reason="x")),
    )
    with Bench(postgres_databases.copy_of(migrate), {"plugin": plugin}) as bench:
        engine = bench.aftercare.brand.database.engine
        event.listen(engine, "begin", begins)
        event.listen(engine, "before_cursor_execute", executes)
        bench.tell(order("1", email=ANN), order("2", email=BOB))
        bench.run_due()
        at = START + MINUTE
        bench.tell(
            order("1", email=ANN, customer="7", modified=at, delivered={"a": START}),
            customer("7", email=BOB, modified=at),
            order("2", email=BOB, modified=at, shipped={"a": START}),
        )
        bench.run(START + 2 * DAY)
    together = {tuple(tables) for tables in transactions if len(tables) > 1}
    assert {ORDER_OF_LOCKS, ("objects", "messages")} <= together
    assert {
        tables for tables in together if list(tables) != sorted(tables, key=ORDER_OF_LOCKS.index)
    } == set()


def test_a_channel_is_used_by_one_thread_at_a_time(migrated_database_url, monkeypatch):
    """Also if several threads of an application send with the same engine."""
    monkeypatch.setattr(dispatch, "CLAIMED_AT_ONCE", 1)
    busy, overlaps = threading.Lock(), []
    messages = [note(str(number)) for number in range(12)]
    with Bench(migrated_database_url, {"plugin": program(on_purchase=always(*messages))}) as bench:
        send = bench.probe.send

        def alone(message):
            if not busy.acquire(blocking=False):
                overlaps.append(message.id)
                return send(message)
            time.sleep(0.01)  # time for another thread
            busy.release()
            return send(message)

        bench.probe.send = alone
        bench.tell(order("1"))
        bench.process()

        def until_done():
            while bench.aftercare.read_and_send():
                pass

        assert [None] * 4 == in_threads([until_done] * 4)
        assert ([], 12) == (overlaps, len(bench.sent))


def test_one_message_that_breaks_the_sender_does_not_stop_the_others(migrated_database_url, monkeypatch):
    """It is looked at again later, and says what kind of error it was."""
    with Bench(migrated_database_url, {"p": program(on_purchase=always(note("a"), note("b")))}) as bench:
        compose = dispatch.Dispatcher.compose

        def breaks(self, message, look):
            if message.label == "a":
                raise KeyError("Ann Archer")
            return compose(self, message, look)

        monkeypatch.setattr(dispatch.Dispatcher, "compose", breaks)
        bench.tell(order("1"))
        bench.run_due()
        told = {one.label: (one.state.value, one.code, dict(one.detail)) for one in bench.messages()}
        assert {
            "a": ("deferred", "try_again", {"reason": "KeyError"}),
            "b": ("accepted", "accepted", {}),
        } == told
        monkeypatch.setattr(dispatch.Dispatcher, "compose", compose)
        bench.run(START + DAY)
        assert {"accepted"} == {one.state.value for one in bench.messages()}


def test_messages_of_many_persons_share_a_transaction(migrated_database_url, monkeypatch):
    """As soon as the channel is known to be quick; what was submitted together leaves together."""
    together: list[int] = []
    submit = sending.submit

    def counted(connection, several, **said):
        together.append(len(several))
        return submit(connection, several, **said)

    monkeypatch.setattr(sending, "submit", counted)
    with Bench(migrated_database_url, {"p": program(on_purchase=always(note()))}) as bench:
        bench.tell(*(order(str(n), email=f"c{n}@customer.example") for n in range(40)))
        bench.run_due()
        assert 40 == len(bench.sent) == len({one.id for one in bench.sent})
    assert (1, 40) == (together[0], sum(together))
    assert max(together) > 3


def test_messages_to_one_person_see_each_other(migrated_database_url, monkeypatch):
    """Two that would pass together are submitted one after the other, so that the second is refused."""
    monkeypatch.setattr(dispatch.Dispatcher, "_learn", lambda *_: None)
    once = note(premises=(NotSentWithin(label="note", period=DAY),))
    with Bench(migrated_database_url, {"p": program(on_purchase=always(once))}) as bench:
        bench.aftercare._dispatcher._together = 10
        bench.tell(order("1", email=ANN), order("2", email=ANN), order("3", email=BOB))
        bench.run_due()
        assert ["accepted", "accepted", "sent_recently"] == sorted(code for _, _, code in bench.outcomes())


def test_what_a_slow_channel_keeps_waiting_is_checked_again(migrated_database_url, monkeypatch):
    """Its premises were asked a while ago: it goes back, and leaves only if they still hold."""
    monkeypatch.setattr(dispatch.Dispatcher, "_learn", lambda *_: None)
    plugin = program(on_purchase=lambda event, _: [note(premises=(OrderStands(order=event.order_ref),))])
    with Bench(migrated_database_url, {"p": plugin}) as bench:
        bench.aftercare._dispatcher._together = 10
        twin = bench.twin()
        bench.tell(order("1", email=ANN), order("2", email=BOB))
        bench.process()

        def slow(message):
            other, email = ("1", ANN) if message.recipient == BOB else ("2", BOB)
            bench.tell(order(other, email=email, modified=START + MINUTE, cancelled=True))
            twin.process()
            bench.clock.seconds += 2 * dispatch.TOO_LONG
            return Accepted("late")

        bench.probe.answers.append(slow)
        bench.run_due()
        twin.aftercare.close()
        told = {(one.state.value, one.code, one.attempts) for one in bench.messages()}
        assert {("accepted", "accepted", 1), ("skipped", "order_cancelled", 0)} == told
        assert 1 == len(bench.sent)
        verdicts = [(one.verdict, one.code) for one in bench.decisions() if one.verdict == "deferred"]
        assert [("deferred", "channel_busy")] == verdicts


def test_the_group_shrinks_with_a_slow_channel(migrated_database_url):
    """No more messages are submitted together than the channel takes in a moment."""
    with Bench(migrated_database_url, {}) as bench:
        dispatcher = bench.aftercare._dispatcher
        sizes = []
        for sent, seconds in [(1, 0.0), (2, 0.001), (4, 0.01), (8, 0.4), (1, 2.0), (1, 0.001)]:
            dispatcher._learn(sent, seconds)
            sizes.append(dispatcher._together)
        assert [2, 4, 8, 1, 1, 2] == sizes


def test_a_sender_that_is_to_stop_leaves_the_rest_to_others(migrated_database_url):
    """What it had claimed goes back at once: nobody waits for the end of its lease."""
    with Bench(migrated_database_url, {"p": program(on_purchase=always(note()))}) as bench:
        bench.tell(*(order(str(n), email=f"c{n}@customer.example") for n in range(20)))
        bench.process()
        asked = iter([False, True])
        bench.aftercare._dispatcher._together = 4
        assert 4 == bench.aftercare.send(lambda: next(asked))
        assert ["accepted"] * 4 + ["planned"] * 16 == sorted(one.state.value for one in bench.messages())
        bench.run_due()
        assert 20 == len(bench.sent) == len({one.id for one in bench.sent})

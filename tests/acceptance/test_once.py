"""Promises 4 and 5: effects happen once, and decisions follow the journal, whoever runs, and when."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from aftercare_sdk.actions import ClearTimer, OrderStands, Remember, Scope, SetTimer
from aftercare_sdk.engine.lock import decider_lock
from aftercare_sdk.errors import DeciderBusy, Fenced
from aftercare_sdk.store import control, journal
from tests.support.shop import (
    DAY,
    HOUR,
    MINUTE,
    START,
    Bench,
    always,
    customer,
    in_threads,
    needs_read,
    note,
    order,
    program,
)

ANN, BOB = "ann@customer.example", "bob@customer.example"
ORDERS = 6


def counting(event, ctx):
    """Count the events of a customer in memory, plan a message and set a timer for each."""
    seen = int(ctx.memory.get("seen", "0")) + 1
    return [
        Remember(key="seen", value=str(seen), reason="to count"),
        note(f"thanks-{event.order}"),
        SetTimer(name="again", delay=MINUTE, reason="to come back"),
    ]


def once_more(event, ctx):
    """Do the same at the timer."""
    return [
        note(f"again-{event.order}"),
        Remember(key="timers", value=str(int(ctx.memory.get("timers", "0")) + 1), reason="to count"),
    ]


def counters() -> dict[str, object]:
    """Make the program."""
    return {"counter": program(on_purchase=counting, on_timer=once_more)}


def tell_orders(bench: Bench) -> None:
    """Let three people order, twice each."""
    for number in range(ORDERS):
        bench.tell(order(str(number), email=f"{number % 3}@customer.example"))


def check_counts(bench: Bench) -> None:
    """Count every effect in the database, and every message that left."""
    assert ORDERS == len([known for known in bench.events() if known.event.kind == "Purchase"])
    assert ORDERS == len([known for known in bench.events() if known.event.kind == "TimerDue"])
    assert [("counter", "seen", "2")] * 3 + [("counter", "timers", "2")] * 3 == bench.memory()
    labels = {f"{what}-{number}" for number in range(ORDERS) for what in ("thanks", "again")}
    assert labels == {one.label for one in bench.messages()}
    assert {"accepted"} == {one.state.value for one in bench.messages()}
    assert {1} == {one.attempts for one in bench.messages()}
    assert 2 * ORDERS == len(bench.sent) == len({one.id for one in bench.sent})
    planned = Counter(one.message for one in bench.decisions() if one.verdict == "planned")
    assert {1} == set(planned.values())
    outcomes = Counter(one.delivery for one in bench.journal() if one.kind is journal.Kind.OUTCOME)
    assert Counter({one.id: 1 for one in bench.messages()}) == outcomes
    assert {("done", 1)} == {(unit["state"], unit["attempts"]) for unit in bench.units("counter")}


def test_repeated_runs_add_nothing(migrated_database_url):
    """Everything that is there to be done is done by the first."""
    with Bench(migrated_database_url, counters()) as bench:
        tell_orders(bench)
        for _ in range(3):
            bench.process()
            bench.run_due()
        bench.clock.move(START + MINUTE)
        for _ in range(3):
            bench.process()
            bench.run_due()
        check_counts(bench)
        assert (0, 0) == (bench.process(), bench.run_due())


def until_done(bench: Bench) -> None:
    """Process and send until nothing is left, stepping back whenever somebody else decides."""
    busy = 0
    while busy < 1_000:
        try:
            if not bench.process() + bench.run_due():
                return
        except DeciderBusy:
            busy += 1
            bench.aftercare.read_and_send()


def test_threads_with_engines_of_their_own_share_the_work(migrated_database_url):
    """Three deciders and three senders at once, on one database: every effect is counted once."""
    with Bench(migrated_database_url, counters()) as bench:
        tell_orders(bench)
        twins = [bench.twin() for _ in range(2)]
        for moment in (START, START + MINUTE):
            bench.clock.move(moment)
            results = in_threads([lambda one=one: until_done(one) for one in (bench, *twins)])
            assert [None] * 3 == results
            until_done(bench)
        for twin in twins:
            twin.aftercare.close()
        check_counts(bench)


def test_threads_may_share_one_engine(migrated_database_url):
    """An application calls it from wherever a request is handled."""
    with Bench(migrated_database_url, counters()) as bench:
        tell_orders(bench)
        for moment in (START, START + MINUTE):
            bench.clock.move(moment)
            assert [None] * 3 == in_threads([lambda: until_done(bench)] * 3)
            until_done(bench)
        check_counts(bench)


PROCESS = """
import sys
from tests.acceptance.test_once import counters, until_done
from tests.support.shop import MINUTE, START, Bench

url = sys.stdin.readline().strip()
with Bench(url, counters(), start=START + MINUTE) as bench:
    print("ready", flush=True)
    sys.stdin.readline()
    until_done(bench)
    print(*(one.id for one in bench.sent))
"""


def test_processes_share_the_work(migrated_database_url):
    """As they do when somebody starts `work` twice."""
    with (
        Bench(migrated_database_url, counters()) as bench,
        subprocess.Popen(
            [sys.executable, "-c", PROCESS],
            cwd=Path(__file__).parents[2],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as other,
    ):
        tell_orders(bench)
        url = make_url(bench.url).render_as_string(hide_password=False)
        other.stdin.write(f"{url}\n")
        other.stdin.flush()
        assert "ready\n" == other.stdout.readline()
        bench.clock.move(START + MINUTE)
        other.stdin.write("go\n")
        other.stdin.flush()
        until_done(bench)
        output, _ = other.communicate()
        assert 0 == other.returncode
        until_done(bench)
        sent = [*output.split(), *(one.id for one in bench.sent)]
        assert Counter({one.id: 1 for one in bench.messages()}) == Counter(sent)
        assert 2 * ORDERS == len(sent)
        assert {1} == {one.attempts for one in bench.messages()}
        assert [("counter", "seen", "2")] * 3 + [("counter", "timers", "2")] * 3 == bench.memory()


def test_a_second_decider_is_told_that_it_is_one(migrated_database_url):
    """At once, and the first one is not disturbed."""
    inside, go = threading.Event(), threading.Event()

    def waits(event, ctx):
        inside.set()
        go.wait()
        return [note()]

    with Bench(migrated_database_url, {"slow": program(on_purchase=waits)}) as bench:
        bench.tell(order("1"))
        first = threading.Thread(target=bench.process)
        first.start()
        inside.wait()
        twin = bench.twin()
        for engine in (bench, twin):
            with pytest.raises(DeciderBusy, match="another process decides"):
                engine.process()
            with pytest.raises(DeciderBusy):
                engine.run_due()
        go.set()
        first.join()
        twin.process()
        twin.aftercare.close()
        assert [("1", "planned", "")] == bench.outcomes()


def test_a_lock_outlives_no_error(migrated_database_url):
    """Whoever fails while deciding lets go."""
    with Bench(migrated_database_url) as bench:
        with pytest.raises(ZeroDivisionError), decider_lock(bench.aftercare.brand.database):
            _ = 1 / 0
        assert 0 == bench.process()


def test_the_work_of_a_replaced_decider_is_discarded_whole(migrated_database_url):
    """Facts, units and timers: whatever it still tries to write."""
    with Bench(migrated_database_url, counters()) as bench:
        bench.tell(order("1"))
        database, decider = bench.aftercare.brand.database, bench.aftercare.decider
        with decider_lock(database) as old:
            with database.write() as connection:
                control.take_token(connection)
            with pytest.raises(Fenced):
                decider.process(old)
            assert [] == bench.events()
        bench.process()
        bench.clock.move(START + MINUTE)
        with decider_lock(database) as old:
            with database.write() as connection:
                control.take_token(connection)
            with pytest.raises(Fenced):
                decider.fire(old)
            assert ["main/order/1/purchase"] == bench.event_ids()
            assert 1 == len(bench.timers())


def test_a_cancellation_that_waits_beats_a_message_that_is_due(migrated_database_url):
    """Nothing leaves while something received before its moment has not been looked at."""
    premise = (OrderStands(order="main/order/1"),)
    plugin = program(on_purchase=always(note(delay=HOUR, premises=premise)))
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.tell(order("1"))
        bench.process()
        bench.clock.move(START + HOUR - MINUTE)
        bench.tell(order("1", modified=START + HOUR - MINUTE, cancelled=True))
        bench.clock.move(START + HOUR)
        assert 0 == bench.aftercare.read_and_send()
        assert [("1", "planned", "")] == bench.outcomes()
        bench.run_due()
        assert ([], [("1", "skipped", "order_cancelled")]) == (bench.sent, bench.outcomes())


def test_no_timer_fires_before_what_was_received_earlier(migrated_database_url):
    """The event that clears it comes first, though both wait."""
    plugin = program(
        on_purchase=always(SetTimer(name="t", delay=HOUR, reason="x")),
        on_shipment=always(ClearTimer(name="t", reason="x")),
        on_timer=always(note("timer")),
    )
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.tell(order("1"))
        bench.process()
        bench.tell(order("1", modified=START + MINUTE, shipped={"a": START}), at=START + MINUTE)
        bench.clock.move(START + 2 * HOUR)
        with decider_lock(bench.aftercare.brand.database) as token:
            decider = bench.aftercare.decider
            assert 0 == decider.fire(token)
            decider.process(token)
            assert 0 == decider.fire(token)
        assert ([], []) == (bench.timers(), bench.messages())


def test_a_parked_row_holds_up_nothing(migrated_database_url):
    """It counts as processed; so does an object that awaits a read, for all but its own messages."""
    plugin = program(on_purchase=always(note(delay=HOUR)))
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.shelf.close()
        bench.tell(order("1", email=ANN), order("2", email=BOB))
        bench.post(b"no json")
        bench.tell(needs_read("1"))
        bench.run(START + 2 * HOUR)
        assert [("1", "held", "awaiting_read"), ("2", "accepted", "accepted")] == bench.outcomes()
        assert {"object": "order 1"} == dict(bench.message(order="1").detail)
        bench.shelf.closed = None
        bench.shelf.objects[needs_read("1").ref] = order("1", email=ANN)
        bench.run(START + DAY)
        assert [("1", "accepted", "accepted"), ("2", "accepted", "accepted")] == bench.outcomes()


def test_a_message_moves_with_its_fact(migrated_database_url):
    """The delivery turns out to have been earlier than was told first."""
    plugin = program(on_delivery=always(note(delay=2 * DAY)))
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.tell(order("1", delivered={"a": START + 10 * HOUR}))
        bench.process()
        assert START + 10 * HOUR + 2 * DAY == bench.message().due_at
        bench.tell(order("1", modified=START + HOUR, delivered={"a": START + 4 * HOUR}))
        bench.process()
        moved = bench.message()
        assert START + 4 * HOUR + 2 * DAY == moved.due_at == moved.next_at
        assert START + 4 * HOUR + 9 * DAY == moved.expires_at
        bench.run(START + 5 * DAY)
        assert START + 4 * HOUR + 2 * DAY == bench.message().submitted_at


def test_a_timer_moves_with_its_fact(migrated_database_url):
    """The event comes at the moment counted from the fact as it is known now."""
    plugin = program(
        on_delivery=always(SetTimer(name="t", delay=2 * DAY, reason="x")), on_timer=always(note("timer"))
    )
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.tell(order("1", delivered={"a": START + 10 * HOUR}))
        bench.process()
        bench.tell(order("1", modified=START + HOUR, delivered={"a": START + 4 * HOUR}))
        bench.run(START + 5 * DAY)
        (fired,) = [known.event for known in bench.events() if known.event.kind == "TimerDue"]
        assert START + 4 * HOUR + 2 * DAY == fired.occurred_at


def test_what_counts_from_a_fact_that_is_not_known_waits_for_it(migrated_database_url):
    """A message and a timer anchored to the delivery, planned at the purchase."""
    delivery = "main/order/1/delivery/a"
    plugin = program(
        on_purchase=always(
            note(anchor=delivery, delay=DAY),
            SetTimer(name="t", anchor=delivery, delay=HOUR, reason="x"),
        ),
        on_timer=always(note("timer")),
    )
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.tell(order("1"))
        bench.run(START + 30 * DAY)
        assert [("note", None, None)] == [(one.label, one.due_at, one.expires_at) for one in bench.messages()]
        assert [None] == [one.due_at for one in bench.timers()]
        at = START + 30 * DAY
        bench.tell(order("1", modified=at, delivered={"a": at}), at=at)
        bench.run(at + 2 * DAY)
        sent = {one.label: one.submitted_at for one in bench.messages()}
        assert {"note": at + DAY, "timer": at + HOUR} == sent


def test_too_late_is_not_at_all(migrated_database_url):
    """What became known after its window had closed is skipped, and says so."""
    plugin = program(on_purchase=always(note("own", window=HOUR), note("usual")))
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.tell(order("1"), at=START + HOUR)
        bench.run_due()
        bench.tell(order("2", placed=START + MINUTE), at=START + 7 * DAY + MINUTE)
        bench.run_due()
        assert [
            ("own", "1", "window_closed"),
            ("usual", "1", "accepted"),
            ("own", "2", "window_closed"),
            ("usual", "2", "window_closed"),
        ] == [(one.label, one.object, one.code) for one in bench.messages()]


def test_history_sends_nothing(migrated_database_url):
    """Facts from before the plugin started are known and decide nothing, unless they are asked to."""
    greets = program(on_purchase=always(note(delay=HOUR)))
    plugins = {"forward": greets, "backward": program(on_purchase=always(note(delay=HOUR)))}
    config = {"plugins": {"backward": {"backfill": True}}}
    with Bench(migrated_database_url, plugins, config=config) as bench:
        for number in range(3):
            bench.tell(order(str(number), placed=START - (number + 1) * 300 * DAY))
        bench.tell(order("3", placed=START - timedelta(microseconds=1)), order("4", placed=START))
        bench.run(START + 2 * HOUR)
        assert 5 == len(bench.events())
        assert {"4"} == {one.object for one in bench.messages() if one.plugin == "forward"}
        told = {one.object: one.code for one in bench.messages() if one.plugin == "backward"}
        assert {"0": "window_closed", "3": "accepted", "4": "accepted"}.items() <= told.items()
        assert 3 == len(bench.sent)


def test_a_timer_tells_only_its_plugin_at_its_own_time(migrated_database_url):
    """However late the decider comes."""
    heard = []

    def hears(name):
        return lambda event, _: heard.append((name, event.name, event.occurred_at, dict(event.data)))

    plugins = {
        "sets": program(
            on_purchase=always(SetTimer(name="t", delay=HOUR, data={"word": "now"}, reason="x")),
            on_timer=hears("sets"),
        ),
        "others": program(on_timer=hears("others")),
    }
    with Bench(migrated_database_url, plugins) as bench:
        bench.tell(order("1"))
        bench.process()
        bench.clock.move(START + 5 * DAY)
        bench.run_due()
    assert [("sets", "t", START + HOUR, {"word": "now"})] == heard


def test_a_timer_that_is_set_again_moves_and_one_that_is_cleared_is_gone(migrated_database_url):
    """A timer is one per plugin, subject and name; two orders have two."""
    heard = []
    plugin = program(
        on_purchase=always(
            SetTimer(name="moved", delay=HOUR, reason="x"), SetTimer(name="cleared", delay=HOUR, reason="x")
        ),
        on_shipment=always(
            SetTimer(name="moved", delay=DAY, reason="x"), ClearTimer(name="cleared", reason="x")
        ),
        on_timer=lambda event, _: heard.append((event.order, event.name, event.occurred_at)),
    )
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.tell(order("1", shipped={"a": START}), order("2"))
        bench.run(START + 2 * DAY)
    assert [
        ("1", "moved", START + DAY),
        ("2", "cleared", START + HOUR),
        ("2", "moved", START + HOUR),
    ] == sorted(heard)


def test_a_timer_may_clear_the_next_one_however_late_the_decider_is(migrated_database_url):
    """Timers of one customer fire one moment after the other, so that being late changes nothing."""

    def on_timer(event, ctx):
        if event.name == "first":
            return [ClearTimer(name="second", reason="x"), note("first")]
        return [note(event.name)]

    plugin = program(
        on_purchase=always(
            SetTimer(name="first", delay=HOUR, reason="x"),
            SetTimer(name="second", delay=2 * HOUR, reason="x"),
        ),
        on_timer=on_timer,
    )
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.tell(order("1"))
        bench.process()
        bench.clock.move(START + DAY)
        bench.run_due()
        assert ["first"] == [one.label for one in bench.messages()]


def test_memory_follows_a_person_through_joined_identities(migrated_database_url):
    """What a plugin knows of a guest it knows of their account once that is found; the latest counts."""
    seen = {}

    def remembers(event, ctx):
        seen[event.order] = dict(ctx.memory)
        return [
            Remember(key="last", value=event.order, reason="x"),
            Remember(key=f"order-{event.order}", value="seen", reason="x"),
        ]

    with Bench(migrated_database_url, {"plugin": program(on_purchase=remembers)}) as bench:
        bench.tell(order("1", email="new@customer.example", customer="7"))
        bench.process()
        bench.tell(order("2", email=ANN))
        bench.process()
        bench.tell(order("3", email=ANN))
        bench.process()
        assert {"1": {}, "2": {}, "3": {"last": "2", "order-2": "seen"}} == seen
        bench.tell(order("4", email="new@customer.example", customer="7"))
        bench.process()
        bench.tell(customer("7", email=ANN, modified=START + MINUTE))
        bench.tell(order("5", email=ANN, placed=START + MINUTE), at=START + MINUTE)
        bench.process()
        every = {f"order-{number}": "seen" for number in "1234"}
        assert {**every, "last": "4"} == seen["5"]
        bench.tell(order("6", email="new@customer.example", customer="7", placed=START + MINUTE))
        bench.process()
        assert {**every, "order-5": "seen", "last": "5"} == seen["6"]
        assert [("plugin", "last", "6")] == [row for row in bench.memory() if row[1] == "last"]


def test_what_is_forgotten_is_forgotten_for_all_identities(migrated_database_url):
    """Whichever of them it was learnt with."""
    plugin = program(
        on_purchase=always(Remember(key="k", value="v", reason="x")),
        on_shipment=always(Remember(key="k", value=None, reason="x")),
    )
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.tell(order("1", email="new@customer.example", customer="7"), order("2", email=ANN))
        bench.process()
        assert 2 == len(bench.memory())
        bench.tell(customer("7", email=ANN), order("2", email=ANN, modified=START, shipped={"a": START}))
        bench.process()
        assert [] == bench.memory()


def test_an_order_that_finds_its_account_late_is_decided_with_all_of_it(migrated_database_url):
    """Also by a plugin that failed when the order was still a guest's, and by a timer from that time."""
    tries, seen = [], {}

    def fails_first(event, ctx):
        tries.append(event.order)
        if event.order == "2" and tries.count("2") < 2:
            raise RuntimeError("not yet")
        seen[event.order] = [one.id for one in ctx.customer.orders], ctx.order is not None
        return [SetTimer(name="t", scope=Scope.ORDER, delay=HOUR, reason="x")]

    def on_timer(event, ctx):
        seen[f"timer-{event.order}"] = [one.id for one in ctx.customer.orders], ctx.order is not None

    plugin = program(on_purchase=fails_first, on_timer=on_timer)
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.tell(order("1", email="old@customer.example", customer="7"))
        bench.tell(order("2", email=ANN, placed=START), order("3", email=BOB, placed=START))
        bench.process()
        bench.tell(order("2", email=ANN, customer="7", modified=START + MINUTE / 2))
        bench.tell(order("3", email=BOB, customer="7", modified=START + MINUTE / 2))
        bench.run(START + 2 * HOUR)
    assert (["1", "2", "3"], True) == seen["2"]
    assert (["1", "2", "3"], True) == seen["timer-3"]

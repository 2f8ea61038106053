from __future__ import annotations

from dataclasses import fields, replace

import pytest

from aftercare_sdk.store import people, timers, units
from aftercare_sdk.store.timers import Timer
from aftercare_sdk.store.units import Audience
from tests.support.histories import DAWN, DAY, HOUR, SECOND
from tests.unit.store.test_people import account, make


def timer(name="ask", **said):
    """Return a timer of an order, due an hour after its purchase."""
    return Timer(
        **{
            "plugin": "late",
            "subject": "main/order/1042",
            "name": name,
            "shop": "main",
            "object": "1042",
            "identity": 1,
            "due_at": DAWN + HOUR,
            "event": "main/order/1042/purchase",
            "anchor": "main/order/1042/purchase",
            "delay": HOUR,
            "depth": 1,
            "data": {"word": "言葉"},
            **said,
        }
    )


def untold(event, customer, plugin="late"):
    """Return an event that a plugin is still to be told of."""
    return Audience(event=event, plugins=[plugin], seq=1, customer=customer, known_at=DAWN)


@pytest.fixture
def store(database):
    """A function that calls another one in a transaction of its own."""
    make(database, account(1), account(2))

    def call(function, *args, **said):
        with database.write() as connection:
            return function(connection, *args, **said)

    return call


@pytest.fixture
def due(store):
    """A function that returns the timers that are due at a moment."""
    return lambda now=DAWN + 1_000 * DAY, before=None, limit=10: store(
        timers.due, before=before, plugins={"late", "flows", "x"}, now=now, limit=limit
    )


def test_timers_of_a_plugin_that_is_not_there_wait(store):
    """They are due again as soon as it is."""
    store(timers.put, [timer()])
    late = {"before": None, "now": DAWN + 1_000 * DAY, "limit": 10}
    assert [] == store(timers.due, plugins={"flows"}, **late)
    assert [timer()] == store(timers.due, plugins={"late"}, **late)


def test_every_field(store, due):
    """A timer comes back as it was set."""
    assert [] == [entry.name for entry in fields(Timer) if not getattr(timer(), entry.name)]
    store(timers.put, [timer()])
    assert [timer()] == due()


def test_set_by_the_latest_fact(store, due):
    """A timer is named by plugin, subject and name: setting it anew replaces it whole."""
    anew = timer(due_at=DAWN + DAY, event="other", data={}, depth=0, identity=2)
    store(timers.put, [timer(), timer(plugin="x"), timer(subject="y"), timer("z"), anew])
    assert [anew] == [
        one for one in due() if (one.plugin, one.subject, one.name) == ("late", anew.subject, "ask")
    ]
    assert 4 == len(due())


def test_cleared(store, due):
    """Cleared timers are gone, and no others; to clear one that is not set changes nothing."""
    store(timers.put, [timer(), timer("stays"), timer(subject="main/order/1043"), timer(plugin="flows")])
    store(timers.clear, [("late", "main/order/1042", name) for name in ("other", "ask", "ask")])
    assert [("flows", "main/order/1042", "ask"), ("late", "main/order/1042", "stays")] == sorted(
        (one.plugin, one.subject, one.name)
        for one in due()
        if one.object == "1042" and one.subject[-1] == "2"
    )
    assert 3 == len(due())


def test_moves_with_its_anchor(store, due):
    """A timer moves with the fact that it counts from; one whose fact was not known gets its moment."""
    store(timers.put, [timer()])
    store(timers.put, [timer("waits", due_at=None)])
    store(timers.put, [timer("other", anchor="main/order/1042/delivery/p1")])
    assert ["ask", "other"] == sorted(one.name for one in due())
    store(timers.move, {"main/order/1042/purchase": DAWN + DAY})
    assert {"ask": DAWN + DAY + HOUR, "waits": DAWN + DAY + HOUR, "other": DAWN + HOUR} == {
        one.name: one.due_at for one in due()
    }


def test_due(store, due):
    """Due timers come oldest first, up to now and before the barrier, as many as are wanted."""
    for number in (3, 1, 2):
        store(timers.put, [timer(str(number), due_at=DAWN + number * HOUR)])
    assert ["1", "2"] == [one.name for one in due(DAWN + 2 * HOUR)]
    assert ["1"] == [one.name for one in due(before=DAWN + 2 * HOUR)]
    assert ["1", "2"] == [one.name for one in due(limit=2)]
    assert [DAWN + HOUR, DAWN + 2 * HOUR, None] == [
        store(timers.next_due, after) for after in (DAWN, DAWN + HOUR, DAWN + 3 * HOUR)
    ]


def test_waits_for_its_plugin(store, due):
    """A timer waits while its plugin is not through with what it is told of that customer."""
    store(timers.put, [timer()])
    owner = store(people.customers_of, [1])[1]
    other = store(people.customers_of, [2])[2]
    store(units.add, [untold("elsewhere", other), untold("another plugin", owner, plugin="flows")])
    assert [timer()] == due()
    store(units.add, [untold("untold", owner)])
    assert [] == due()
    unit = units.Unit(event="untold", plugin="late", seq=1, customer=owner, attempts=0)
    store(units.finish, [unit], DAWN + SECOND)
    assert [timer()] == due()


def test_parked_units_do_not_hold_timers(store, due):
    """What waits for a person does not hold the timers of its plugin for ever."""
    store(timers.put, [timer()])
    owner = store(people.customers_of, [1])[1]
    store(units.add, [untold("untold", owner)])
    store(units.park, "untold", "late", "mend me")
    assert [timer()] == due()


def test_repr_tells_no_person():
    """What is logged of a timer does not show what the plugin keeps in it."""
    assert "言葉" not in repr(replace(timer(), event="x"))

from __future__ import annotations

import pytest

from aftercare_sdk.model.events import Purchase
from aftercare_sdk.store import control, events, rests, units
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.rests import Resting
from aftercare_sdk.store.units import Audience, Listener, Unheard
from tests.support.histories import DAWN, DAY, HOUR, SECOND

PLUGINS = ["flows", "late"]


@pytest.fixture
def store(database):
    """A function that calls another one in a transaction of its own."""

    def call(function, *args, **said):
        with database.write() as connection:
            return function(connection, *args, **said)

    return call


@pytest.fixture
def add(store):
    """A function that makes the units of an event."""

    def make(event, seq, customer=1, plugins=PLUGINS, now=DAWN):
        one = Audience(event=event, plugins=plugins, seq=seq, customer=customer, known_at=now)
        store(units.add, [one])

    return make


@pytest.fixture
def ready(store):
    """A function that returns event and plugin of the units that may run now."""

    def look(now=DAWN, plugins=PLUGINS, limit=100):
        return [(one.event, one.plugin) for one in units_of(now, plugins, limit)]

    def units_of(now=DAWN, plugins=PLUGINS, limit=100):
        return store(units.ready, plugins, now, limit)

    look.units = units_of
    return look


class TestOrder:
    def test_first_of_each_customer(self, add, ready, store):
        """All plugins of a customer's first event run together; the next event waits for the next round."""
        add("a", 1)
        add("b", 2)
        add("c", 3, customer=2)
        assert [("a", "flows"), ("a", "late"), ("c", "flows"), ("c", "late")] == sorted(ready())
        store(units.finish, ready.units(), DAWN)
        assert [("b", "flows"), ("b", "late")] == sorted(ready())

    def test_a_failed_plugin_blocks_only_itself(self, add, ready, store):
        """A plugin that waits for a retry blocks its own later events of that customer, and nothing else."""
        add("a", 1)
        add("b", 2)
        add("c", 3, customer=2)
        failed, fine = sorted(ready.units(), key=lambda unit: (unit.event, unit.plugin))[:2]
        store(units.fail, failed, "it raised", DAWN + HOUR)
        store(units.finish, [fine], DAWN)
        assert [("b", "late"), ("c", "flows"), ("c", "late")] == sorted(ready())
        assert DAWN + HOUR == store(units.next_due, PLUGINS, DAWN)
        assert [("a", "flows")] == [one for one in ready(DAWN + HOUR) if one[1] == "flows"][:1]

    def test_parked_blocks_nothing(self, add, ready, store):
        """What waits for a person holds nothing up."""
        add("a", 1)
        add("b", 2)
        for plugin in PLUGINS:
            assert store(units.park, "a", plugin, "mend me")
            assert not store(units.park, "a", plugin, "mend me")
        assert [("b", "flows"), ("b", "late")] == sorted(ready())

    def test_only_those_that_listen(self, add, ready):
        """Units of a plugin that is switched off wait."""
        add("a", 1)
        assert [("a", "late")] == ready(plugins=["late"])
        assert [] == ready(plugins=[])

    def test_another_owner(self, add, ready, store):
        """What is still to be told follows its event to another customer, and keeps its place there."""
        add("a", 1, customer=1)
        add("b", 2, customer=2, plugins=["late"])
        done = min(ready.units(), key=lambda unit: unit.plugin)
        store(units.finish, [done], DAWN)
        store(units.park, "a", "late", "mend me")
        store(units.follow, {"a": 2})
        assert [("b", "late")] == ready()
        store(units.retry, DAWN)
        assert [("a", "late")] == ready()
        assert [2] == [unit.customer for unit in ready.units()]

    def test_limit(self, add, ready):
        """As many as are wanted are returned, the oldest first."""
        for seq in range(1, 6):
            add(str(seq), seq, customer=seq, plugins=["late"])
        assert [("1", "late"), ("2", "late")] == ready(limit=2)


class TestOnce:
    def test_made_once(self, add, ready, store):
        """A unit that exists stays as it is, so that a fact that is derived again is not told again."""
        add("a", 1)
        store(units.finish, ready.units(), DAWN)
        add("a", 9)
        assert [] == ready()
        add("b", 2, plugins=[])
        assert [] == ready()

    def test_finished_once(self, add, ready, store):
        """Of two that finish the same unit one is told that it was first."""
        add("a", 1, plugins=["late"])
        (unit,) = ready.units()
        assert {("a", "late")} == store(units.finish, [unit], DAWN)
        assert set() == store(units.finish, [unit], DAWN)
        assert set() == store(units.finish, [], DAWN)

    def test_a_late_failure_changes_nothing(self, add, ready, store):
        """What is done cannot fail or be parked any more."""
        add("a", 1, plugins=["late"])
        (unit,) = ready.units()
        store(units.finish, [unit], DAWN)
        store(units.fail, unit, "too late", None)
        assert not store(units.park, "a", "late", "too late")
        assert ([], []) == (store(units.troubled), ready(DAWN + 10 * DAY))


class TestTrouble:
    def test_retried_and_parked(self, add, ready, store):
        """A failure is counted and told, until the unit is done; without a next try a person must look."""
        add("a", 1, plugins=["late"])
        for attempt in (1, 2):
            (unit,) = ready.units(DAWN + DAY)
            assert attempt - 1 == unit.attempts
            store(units.fail, unit, "it raised", DAWN + attempt * HOUR)
        (unit,) = ready.units(DAWN + DAY)
        store(units.fail, unit, "it raised again", None)
        (trouble,) = store(units.troubled)
        assert ("a", "late", "parked", 3, "it raised again") == (
            trouble.event,
            trouble.plugin,
            trouble.state,
            trouble.attempts,
            trouble.error,
        )
        assert [trouble] == store(units.troubled_by, ["a", "b"])
        assert [] == store(units.troubled_by, ["b"])

    def test_retry(self, add, ready, store):
        """A person puts parked units back, all or those of an event, as if they had never been tried."""
        for seq, event in enumerate("ab", 1):
            add(event, seq, customer=seq, plugins=["late"])
            store(units.park, event, "late", "mend me")
        later = DAWN + DAY
        assert [0, 1, 1] == [
            store(units.retry, later, event="c"),
            store(units.retry, later, event="b"),
            store(units.retry, later),
        ]
        assert ([], [0, 0]) == (store(units.troubled), [unit.attempts for unit in ready.units(later)])
        assert later == store(units.oldest_fresh, PLUGINS, later)


def test_oldest_fresh(add, ready, store):
    """The barrier is the oldest event that could run and was never tried: a retry holds nobody else up."""
    assert None is store(units.oldest_fresh, PLUGINS, DAWN)
    add("a", 1, plugins=["late"], now=DAWN)
    add("b", 2, customer=2, plugins=["late"], now=DAWN + SECOND)
    assert DAWN == store(units.oldest_fresh, PLUGINS, DAWN + SECOND)
    first = ready.units(DAWN + SECOND)[0]
    store(units.fail, first, "it raised", DAWN + DAY)
    assert DAWN + SECOND == store(units.oldest_fresh, PLUGINS, DAWN + SECOND)


def test_oldest_of_several_plugins(add, store):
    """Whichever of those that are asked for it is."""
    add("a", 1, plugins=["rests"], now=DAWN)
    add("b", 2, plugins=["late"], now=DAWN + SECOND)
    add("c", 3, plugins=["flows"], now=DAWN + HOUR)
    assert DAWN + SECOND == store(units.oldest_fresh, PLUGINS, DAWN + DAY)
    assert None is store(units.oldest_fresh, [], DAWN + DAY)


def test_the_end_of_a_rest_is_a_moment_to_look(add, store):
    """What waits for somebody who rests may run then."""
    add("a", 1, plugins=["late"])
    assert None is store(units.next_due, PLUGINS, DAWN)
    store(rests.put, Resting.PLUGIN, {"late": DAWN + HOUR})
    assert DAWN + HOUR == store(units.next_due, PLUGINS, DAWN)
    assert DAWN + HOUR == store(units.next_due, [], DAWN)


class TestUnheard:
    @pytest.fixture
    def known(self, database):
        """Two orders of Ann, whose events are stored, and one of somebody else."""
        facts = [
            Known(event=purchase(number), seq=seq, object=number, identity=identity, known_at=DAWN)
            for seq, (number, identity) in enumerate([("1", 10), ("2", 10), ("3", 20)], 1)
        ]
        with database.write() as connection:
            events.save_many(connection, facts)
        return [one.event.id for one in facts]

    def listener(self, number="1", plugin="flows", identity=10, customer=1):
        """Return a plugin that is about to write about an order."""
        return Listener(plugin=plugin, shop="main", object=number, identity=identity, customer=customer)

    def test_what_waits_for_a_retry(self, add, ready, store, known):
        """Whatever of that customer its plugin is to be told of again, the first of it; and nobody else's."""
        for seq, event in enumerate(known[:2], 1):
            add(event, seq)
        mine, other = self.listener("2"), self.listener("3", identity=20, customer=2)
        assert {} == store(units.unheard, [mine, other], DAWN)
        for unit in ready.units():
            store(units.fail, unit, "it raised", DAWN + HOUR)
        both = [mine, self.listener("2", plugin="late"), other]
        told = Unheard(event=known[0], at=DAWN + HOUR)
        assert {mine: told, both[1]: told} == store(units.unheard, both, DAWN)
        assert {} == store(units.unheard, [], DAWN)

    def test_what_is_parked(self, add, store, known):
        """Only for messages about the same object, until a person says so."""
        add(known[0], 1)
        store(units.park, known[0], "flows", "mend me")
        same, elsewhere = self.listener("1"), self.listener("2")
        another = self.listener("1", plugin="late")
        assert {same: Unheard(event=known[0], at=None)} == store(
            units.unheard, [same, elsewhere, another], DAWN
        )

    def test_a_plugin_that_rests(self, add, store, known):
        """What it has not heard waits until its rest is over."""
        add(known[0], 1)
        store(rests.put, Resting.PLUGIN, {"flows": DAWN + HOUR})
        mine = self.listener("2")
        assert {mine: Unheard(event=known[0], at=DAWN + HOUR)} == store(units.unheard, [mine], DAWN)
        assert {} == store(units.unheard, [mine], DAWN + HOUR)

    def test_a_plugin_that_is_off(self, add, store, known):
        """What it has not heard waits until a person switches it on."""
        add(known[0], 1)
        store(control.note_plugin, "flows", "aftercare-sdk", "1", DAWN)
        store(control.switch_plugin, "flows", "it hung")
        mine = self.listener("2")
        assert {mine: Unheard(event=known[0], at=None)} == store(units.unheard, [mine], DAWN)


def purchase(number):
    """Return the purchase of an order."""
    return Purchase(id=f"main/order/{number}/purchase", shop="main", occurred_at=DAWN, order=number)


def test_states_of_events(add, ready, store):
    """How it stands with each event, for each plugin that has to hear of it."""
    add("a", 1)
    add("b", 2, plugins=["flows"])
    store(units.finish, ready.units(plugins=["late"]), DAWN)
    store(units.park, "b", "flows", "broken")
    expected = {("a", "flows"): "pending", ("a", "late"): "done", ("b", "flows"): "parked"}
    assert expected == store(units.states_of, ["a", "b", "c"])

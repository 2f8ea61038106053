from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import timedelta
from types import MappingProxyType

from marshmallow import Schema, fields
from sqlalchemy import event

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.actions import Remember
from aftercare_sdk.engine.lock import decider_lock
from tests.support.databases import migrate
from tests.support.shop import DAY, HOUR, MINUTE, START, Bench, always, customer, note, order, program

ANN = "ann@customer.example"


class Watcher:
    """A program that keeps what it was shown, by event."""

    def __init__(self, *actions) -> None:
        self.seen = {}
        self.events = {}
        self._actions = actions
        hooks = ("on_purchase", "on_shipment", "on_delivery", "on_refund", "on_cancellation")
        self.plugin = program(**dict.fromkeys(hooks, self._see))

    def _see(self, event, ctx):
        self.events[event.id] = event
        self.seen[event.id.removeprefix("main/order/")] = ctx
        return self._actions


def test_a_hook_sees_the_facts_up_to_its_event(migrated_database_url):
    """Later ones of the same order are not there yet, although all of them came in one picture."""
    watcher = Watcher()
    with Bench(migrated_database_url, {"watcher": watcher.plugin}) as bench:
        at = [START + number * HOUR for number in range(6)]
        bench.tell(
            order(
                "1",
                placed=at[0],
                shipped={"a": at[1]},
                delivered={"a": at[2]},
                refunds={"r": (400, at[3]), "s": (600, at[4])},
            ),
            order("2", placed=at[1] + MINUTE),
            at=at[5],
        )
        bench.tell(
            order(
                "1",
                placed=at[0],
                modified=at[5],
                shipped={"a": at[1]},
                delivered={"a": at[2]},
                refunds={"r": (400, at[3]), "s": (600, at[4])},
                cancelled=True,
            )
        )
        bench.process()
    told = {
        name: (
            [one.id for one in ctx.customer.orders],
            len(ctx.order.shipments),
            len(ctx.order.deliveries),
            [refund.id for refund in ctx.order.refunds],
            ctx.order.fully_refunded,
            ctx.order.cancelled,
        )
        for name, ctx in watcher.seen.items()
    }
    assert {
        "1/purchase": (["1"], 0, 0, [], False, False),
        "1/shipment/a": (["1"], 1, 0, [], False, False),
        "2/purchase": (["1", "2"], 0, 0, [], False, False),
        "1/delivery/a": (["1", "2"], 1, 1, [], False, False),
        "1/refund/r": (["1", "2"], 1, 1, ["r"], False, False),
        "1/refund/s": (["1", "2"], 1, 1, ["r", "s"], True, False),
        "1/cancellation": (["1", "2"], 1, 1, ["r", "s"], True, True),
    } == told
    assert not watcher.seen["2/purchase"].customer.orders[0].refunds


def test_a_hook_that_is_called_late_sees_what_it_would_have_seen(migrated_database_url):
    """Its own retry after a day shows neither later orders nor what has become of messages since."""
    tries, seen = [], []

    def fails(event, ctx):
        tries.append(event.id)
        if len(tries) < 6:
            raise RuntimeError("not yet")
        seen.append(ctx)

    plugins = {
        "early": program(on_purchase=always(note("first"), note("second", delay=DAY))),
        "late": program(on_shipment=fails),
    }
    with Bench(migrated_database_url, plugins) as bench:
        bench.tell(order("1"))
        bench.run(START + MINUTE)
        bench.tell(order("1", modified=START + MINUTE, shipped={"a": START + MINUTE}))
        bench.run(START + HOUR)
        bench.tell(order("2", placed=START + HOUR))
        bench.run(START + 2 * DAY)
        told = {(one.label, one.object): one.state.value for one in bench.messages()}
    assert 4 == len([state for state in told.values() if state == "accepted"])
    (ctx,) = seen
    assert ["1"] == [one.id for one in ctx.customer.orders]
    assert [("first", "accepted", START), ("second", "planned", START + DAY)] == sorted(
        (one.label, one.state, one.at) for one in ctx.customer.messages
    )


def test_nobody_elses_orders_messages_or_memory_are_shown(migrated_database_url):
    """Neither other customers' nor other plugins' memory; messages of all plugins are."""
    watcher = Watcher(Remember(key="k", value="v", reason="x"), note("seen"))
    plugins = {"other": program(on_purchase=always(note("other"))), "watcher": watcher.plugin}
    with Bench(migrated_database_url, plugins) as bench:
        bench.tell(order("1", email="bob@customer.example"))
        bench.run_due()
        bench.tell(order("2", email=ANN))
        bench.run_due()
        bench.tell(order("3", email=ANN, placed=START + MINUTE), at=START + MINUTE)
        bench.run_due()
    assert ({}, ()) == (watcher.seen["2/purchase"].memory, watcher.seen["2/purchase"].customer.messages)
    third = watcher.seen["3/purchase"]
    assert {"k": "v"} == third.memory
    assert {("other", "other"), ("watcher", "seen")} == {
        (one.plugin, one.label) for one in third.customer.messages
    }


def test_nothing_that_a_hook_is_given_can_be_changed(migrated_database_url):
    """Not even what it digs for; the next plugin is shown the same."""
    failures = []
    config = {"plugins": {"first": {"list": [1, 2], "table": {"a": {"b": 1}}}}}

    def tampers(event, ctx):
        for attempt in (
            lambda: ctx.memory.update(k="x"),
            lambda: ctx.config["table"].update(c=1),
            lambda: ctx.config["table"]["a"].__setitem__("b", 2),
            lambda: ctx.config["list"].append(3),
            lambda: setattr(ctx, "order", None),
            lambda: setattr(ctx.order, "number", "9"),
            lambda: setattr(event, "order", "9"),
            lambda: ctx.customer.orders.append(ctx.order),
        ):
            try:
                attempt()
            except (AttributeError, TypeError, FrozenInstanceError):
                continue
            failures.append(attempt)

    class First(AftercareHooks):
        config_schema = Schema.from_dict(
            {"list": fields.List(fields.Integer()), "table": fields.Dict()}, name="FirstSchema"
        )

        @hookimpl
        def on_purchase(self, event, ctx):
            return tampers(event, ctx)

    watcher = Watcher(Remember(key="k", value="v", reason="x"))
    plugins = {"first": First(), "watcher": watcher.plugin}
    with Bench(migrated_database_url, plugins, config=config) as bench:
        bench.tell(order("1"))
        bench.process()
        bench.tell(order("2", placed=START + MINUTE), at=START + MINUTE)
        bench.process()
    assert [] == failures
    assert isinstance(watcher.seen["2/purchase"].memory, MappingProxyType)
    assert {"k": "v"} == watcher.seen["2/purchase"].memory
    assert ("main/order/2/purchase", "main/order/2") == (
        watcher.events["main/order/2/purchase"].id,
        watcher.seen["2/purchase"].order.ref,
    )


class WordSchema(Schema):
    word = fields.String(load_default="none")


class Speaker(AftercareHooks):
    """A plugin with a section."""

    config_schema = WordSchema

    def __init__(self, said) -> None:
        self._said = said

    @hookimpl
    def on_purchase(self, event, ctx):
        self._said[event.order] = ctx.config["word"]


def test_a_hook_sees_the_configuration_that_was_in_force(migrated_database_url):
    """A fact that becomes known late is decided by the version of its time."""
    said = {}

    def bench(at, word):
        config = {"plugins": {"speaker": {"word": word}}}
        return Bench(migrated_database_url, {"speaker": Speaker(said)}, start=at, config=config)

    with bench(START, "first") as first:
        first.tell(order("1"))
        first.process()
    with bench(START + DAY, "second") as second:
        second.tell(order("2", placed=START + HOUR), order("3", placed=START + DAY))
        second.process()
    with bench(START + 2 * DAY, "first") as third:
        third.tell(
            order("4", placed=START + DAY + HOUR),
            order("5", placed=START + 2 * DAY),
            order("6", placed=START + DAY - timedelta(microseconds=1)),
        )
        third.process()
    assert {"1": "first", "2": "first", "3": "second", "4": "second", "5": "first", "6": "first"} == said


def test_the_account_tells_language_and_zone(migrated_database_url):
    """What the shop says of the customer, and where the last order went."""
    watcher = Watcher()
    with Bench(migrated_database_url, {"watcher": watcher.plugin}) as bench:
        bench.tell(customer("7", locale="ja", zone="Asia/Tokyo"), order("1", customer="7"))
        bench.process()
    shown = watcher.seen["1/purchase"].customer
    assert ("ja", "Asia/Tokyo", "GB") == (shown.locale, shown.zone, shown.country)


def test_a_hook_is_shown_no_personal_data(migrated_database_url):
    """Whatever it prints or raises with, it cannot name anybody."""
    watcher = Watcher()
    with Bench(migrated_database_url, {"watcher": watcher.plugin}) as bench:
        bench.tell(customer("7"), order("1", customer="7", refunds={"r": (1, START)}))
        bench.process()
    shown = [*watcher.seen.values(), *watcher.events.values()]
    assert 4 == len(shown)
    for personal in ("ann@", "customer.example", "Archer"):
        assert personal not in repr(shown)


def test_a_round_asks_the_database_as_often_for_many_as_for_one(databases):
    """However many customers, plugins and events there are."""

    def questions(people: int) -> int:
        plugins = {f"p{number}": program(on_purchase=always()) for number in range(3)}
        with Bench(databases.copy_of(migrate), plugins) as bench:
            for number in range(people):
                bench.tell(order(str(number), email=f"{number}@customer.example"))
            asked = []
            database = bench.aftercare.brand.database
            with decider_lock(database) as token:
                bench.aftercare.decider.step(token)
                event.listen(database.engine, "before_cursor_execute", lambda *it: asked.append(it[2]))
                bench.aftercare.decider.step(token)
            return sum(statement.startswith("SELECT") for statement in asked)

    assert questions(1) == questions(10)

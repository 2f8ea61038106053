"""Promise 7: one plugin's error, slowness or nonsense does not change another's effects."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from aftercare_sdk import Context
from aftercare_sdk.actions import CancelMessages, OrderStands, Remember, Scope, SendMessage, SetTimer
from aftercare_sdk.engine import receive
from aftercare_sdk.events import Purchase, TimerDue
from aftercare_sdk.store.codec import load
from aftercare_sdk.store.journal import State
from tests.support.shop import _KINDS as KINDS
from tests.support.shop import (
    DAY,
    HOUR,
    MINUTE,
    START,
    Bench,
    always,
    body_of,
    note,
    order,
    program,
    request,
)

PEOPLE = ("ann", "bob")


def about(event: Purchase, ctx: Context) -> list[object]:
    """Decide something of every kind, all of it different for each order."""
    return [
        note(f"thanks-{event.order}", delay=HOUR),
        note("later", delay=DAY),
        SetTimer(name=f"look-{event.order}", delay=2 * HOUR, reason="to look again"),
        Remember(key=f"seen-{event.order}", value=ctx.order.number, reason="to know it"),
    ]


def timer_due(event: TimerDue, ctx: Context) -> list[object]:
    """Decide something at a timer that undoes what was planned at the purchase."""
    return [note(f"timer-{event.name}"), CancelMessages(label="later", reason="time has passed")]


def good_programs() -> dict[str, object]:
    """Make two programs that do their work: one decides at the purchase, one at its timer as well."""
    return {
        "alpha": program(on_purchase=about),
        "zeta": program(
            on_purchase=about,
            on_timer=timer_due,
        ),
    }


def tell_orders(bench: Bench) -> None:
    """Let two people order, one of them twice."""
    for number in range(3):
        at, email = START + number * MINUTE, f"{PEOPLE[number % 2]}@customer.example"
        bench.tell(order(str(number), placed=at, email=email), at=at)


def wholly(bench: Bench) -> dict[str, object]:
    """Return all effects of the good programs."""
    effects = bench.effects()
    for kind in ("messages", "timers", "memory"):
        effects[kind] = [row for row in effects[kind] if row[0] in {"alpha", "zeta"}]
    return effects


@pytest.fixture
def let_go():
    """An event that is set after the test, so that whoever waits for it may end."""
    event = threading.Event()
    yield event
    event.set()


def bad_programs(whom: list[Bench], let_go: threading.Event) -> dict[str, object]:
    """Make a program for each way in which one can go wrong."""

    def hangs(event, ctx):
        whom[0].clock.overrun()
        while True:
            pass

    def waits_for_a_lock(event, ctx):
        whom[0].clock.overrun()
        let_go.wait()

    def raises(event, ctx):
        raise ValueError("cannot be")

    def exits(event, ctx):
        raise SystemExit(3)

    return {
        "exits": program(on_purchase=exits),
        "hangs": program(on_purchase=hangs),
        "nonsense": program(on_purchase=lambda *_: 42),
        "raises": program(on_purchase=raises),
        "waits": program(on_purchase=waits_for_a_lock),
    }


@pytest.fixture(scope="module")
def without_trouble(tmp_path_factory):
    """What the good programs do when they are alone."""
    with Bench(f"sqlite:///{tmp_path_factory.mktemp('alone')}/aftercare.db", good_programs()) as bench:
        tell_orders(bench)
        bench.run(3 * DAY)
        return wholly(bench)


def test_what_the_others_do_is_exact_whatever_one_does(migrated_database_url, without_trouble, let_go):
    """Five programs raise, exit, hang, wait for ever and talk nonsense; two others do all that they would."""
    assert 6 == len([row for row in without_trouble["messages"] if row[1].startswith("thanks-")])
    whom: list[Bench] = []
    with Bench(migrated_database_url, {**bad_programs(whom, let_go), **good_programs()}) as bench:
        whom.append(bench)
        tell_orders(bench)
        bench.run(3 * DAY)
        actual = wholly(bench)
        states = {(unit["plugin"], unit["state"]) for unit in bench.units() if unit["plugin"] != "flows"}
    assert without_trouble == actual
    bad = ("exits", "hangs", "nonsense", "raises", "waits")
    assert {("alpha", "done"), ("zeta", "done"), *((name, "parked") for name in bad)} == states


def test_one_programs_trouble_does_not_delay_anothers(migrated_database_url, let_go):
    """The others decide in the same call of `process` in which one of them failed."""
    whom: list[Bench] = []
    with Bench(migrated_database_url, {**bad_programs(whom, let_go), **good_programs()}) as bench:
        whom.append(bench)
        tell_orders(bench)
        bench.process()
        done = [unit["event"] for unit in bench.units("zeta") if unit["state"] == "done"]
    assert 3 == len(done)


def test_the_endpoint_answers_while_a_hook_hangs(migrated_database_url, let_go):
    """A webhook that comes in meanwhile is stored and acknowledged."""
    inside = threading.Event()

    def waits(event, ctx):
        inside.set()
        let_go.wait()

    with Bench(migrated_database_url, {"waits": program(on_purchase=waits)}) as bench:
        bench.tell(order("1"))
        deciding = threading.Thread(target=bench.process)
        deciding.start()
        inside.wait()
        assert receive.STORED == bench.tell(order("2", email="bob@customer.example"))
        assert deciding.is_alive()
        let_go.set()
        deciding.join()


def test_a_hook_that_hangs_costs_its_time_once(migrated_database_url):
    """However many events wait for it, `process` waits for one of them."""
    calls = []

    def hangs(event, ctx):
        calls.append(event.order)
        bench.clock.overrun()
        while True:
            pass

    with Bench(migrated_database_url, {"hangs": program(on_purchase=hangs)}) as bench:
        for number in range(20):
            bench.tell(order(str(number), email=f"{number}@customer.example"))
        bench.process()
        assert 1 == len(calls)
        bench.run(START + 10 * MINUTE)
        # Five failures open the breaker; after its rest one call is let through.
        assert 6 >= len(calls)


def hanging_adapter(bench):
    """Let the adapter hang at bodies that hold nothing; return those that it was asked about."""

    def translate(webhook):
        if webhook.body == b"[]":
            bench.clock.overrun()
            asked.append(webhook.body)
        return [load(KINDS[item["kind"]], json.dumps(item["is"])) for item in json.loads(webhook.body)]

    asked = []
    bench.shelf.translator = translate
    return asked


def test_an_adapter_that_hangs_costs_its_time_once(migrated_database_url):
    """However many of its rows wait, hooks wait for one of them; the others are parked one by one, later."""
    heard = []
    plugin = program(on_purchase=lambda *_: heard.append(bench.clock.seconds))
    with Bench(migrated_database_url, {"p": plugin}) as bench:
        asked = hanging_adapter(bench)
        bench.tell(order("1"))
        for _ in range(10):
            bench.post(b"[]")
        bench.process()
        assert ([1_000], 1) == (heard, len(asked))
        assert 9 == len([row for row in bench.journal() if row.state is State.NEW])
        bench.run(HOUR)
        assert {State.PARKED} == {row.state for row in bench.journal() if row.body == b"[]"}


def test_a_shop_that_rests_is_not_asked(migrated_database_url):
    """Not before its rest is over, whoever decides; then it is heard of everything that came meanwhile."""
    with Bench(migrated_database_url, good_programs()) as bench:
        asked = hanging_adapter(bench)
        bench.post(b"[]")
        bench.process()
        bench.tell(order("1"))
        bench.process()
        twin = bench.twin()
        twin.process()
        twin.aftercare.close()
        assert ([], 1) == (bench.events(), len(asked))
        bench.run(MINUTE)
        assert ["main/order/1/purchase"] == bench.event_ids()


def test_another_shop_goes_on_while_one_rests(migrated_database_url):
    """Its rows are processed, and what follows from them is decided."""
    shops = {"other": {"adapter": "test", "secrets": [{"env": "SHOP_SECRET"}], "currency": "GBP"}}
    with Bench(migrated_database_url, good_programs(), config={"shops": shops}) as bench:
        hanging_adapter(bench)
        bench.post(b"[]")
        bench.process()
        bench.tell(order("1"))
        bench.aftercare.receive("other", request(body_of(replace(order("2"), shop="other"))))
        bench.process()
        assert ["other/order/2/purchase"] == bench.event_ids()


def test_nothing_leaves_before_what_a_resting_shop_has_told(migrated_database_url):
    """Its rows are received and not processed: one of them may call off what is due."""
    plugin = program(
        on_purchase=always(note(delay=MINUTE / 2, premises=(OrderStands(order="main/order/1"),)))
    )
    with Bench(migrated_database_url, {"p": plugin}) as bench:
        bench.tell(order("1"))
        bench.process()
        hanging_adapter(bench)
        bench.post(b"[]")
        bench.tell(order("1", modified=START + MINUTE / 6, cancelled=True), at=START + MINUTE / 6)
        bench.run(START + MINUTE - timedelta(seconds=1))
        assert [("1", "planned", "")] == bench.outcomes()
        bench.run(START + HOUR)
        assert ([], [("1", "skipped", "order_cancelled")]) == (bench.sent, bench.outcomes())


def test_messages_of_other_shops_leave_while_one_rests(migrated_database_url):
    """What waits is not about them; a timer of theirs fires as well."""
    shops = {"other": {"adapter": "test", "secrets": [{"env": "SHOP_SECRET"}], "currency": "GBP"}}
    wake = SetTimer(name="wake", delay=MINUTE / 3, reason="a test wants it")
    plugin = program(on_purchase=always(note(delay=MINUTE / 2), wake), on_timer=always(note("woken")))
    with Bench(migrated_database_url, {"p": plugin}, config={"shops": shops}) as bench:
        bench.tell(order("1"))
        other = replace(order("2", email="bob@customer.example"), shop="other")
        bench.aftercare.receive("other", request(body_of(other)))
        bench.process()
        hanging_adapter(bench)
        for _ in range(5):
            bench.post(b"[]")
        bench.run(START + MINUTE - timedelta(seconds=1))
        assert {"bob@customer.example"} == {message.recipient for message in bench.sent}
        assert 2 == len(bench.sent)
        bench.run(START + DAY)
        assert 4 == len(bench.sent)


class Unwell:
    """A program that fails until it is mended, and keeps when it was called for which order."""

    def __init__(self) -> None:
        self.calls: list[tuple[timedelta, str]] = []
        self.mended = False
        self.bench: Bench | None = None

    def on_purchase(self, event, ctx):
        self.calls.append((self.bench.clock.now() - START, event.order))
        if not self.mended:
            raise RuntimeError("not today")
        return [note(label=f"from-{event.order}")]

    def on(self, url: str, **others: object) -> Bench:
        self.bench = Bench(url, {"unwell": program(on_purchase=self.on_purchase), **others})
        return self.bench


def test_a_failed_event_is_tried_again_and_then_parked(migrated_database_url):
    """After 1 min, 5 min, 30 min, 2 h and 12 h; then a person is needed, and enough."""
    unwell = Unwell()
    with unwell.on(migrated_database_url) as bench:
        bench.tell(order("1"))
        bench.run(3 * DAY)
        pauses = [1 * MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 12 * HOUR]
        assert [sum(pauses[:tried], timedelta(0)) for tried in range(6)] == [at for at, _ in unwell.calls]
        (unit,) = bench.units("unwell")
        assert ("parked", 6) == (unit["state"], unit["attempts"])
        assert unit["error"].startswith("raised: RuntimeError")
        unwell.mended = True
        assert 0 == bench.process()
        assert 1 == bench.retry_parked_units()
        bench.process()
        assert [("1", "planned", "")] == bench.outcomes()


def test_the_breaker_opens_after_five_failures_and_tries_again_after_five_minutes(migrated_database_url):
    """While it is open the plugin is not called; then one call decides."""
    unwell = Unwell()
    with unwell.on(migrated_database_url) as bench:
        for number in range(5):
            bench.tell(order(str(number), email=f"{number}@customer.example"))
            bench.process()
        assert 5 == len(unwell.calls)
        for number in range(5, 9):
            bench.tell(order(str(number), email=f"{number}@customer.example"))
            bench.process()
        bench.run(START + 5 * MINUTE - timedelta(seconds=1))
        assert 5 == len(unwell.calls)
        bench.run(START + 5 * MINUTE)
        assert [5 * MINUTE] == [at for at, _ in unwell.calls[5:]]
        unwell.mended = True
        bench.run(START + 10 * MINUTE)
        assert [10 * MINUTE] == [at for at, _ in unwell.calls[6:]]
        bench.run(START + HOUR)
        assert {f"from-{number}" for number in range(9)} == {one.label for one in bench.messages()}


def test_an_answer_that_cannot_be_carried_out_ends_no_rest(migrated_database_url):
    """The one call after a rest has failed if nothing of its answer counts: the plugin rests again."""
    calls = []

    def answers(event, ctx):
        calls.append(event.order)
        return [note(channel="pigeon")]

    with Bench(migrated_database_url, {"bad": program(on_purchase=answers)}) as bench:
        for number in range(5):
            bench.tell(order(str(number), email=f"{number}@customer.example"))
            bench.process()
        bench.clock.move(START + 5 * MINUTE)
        bench.process()
        assert 6 == len(calls)
        bench.tell(order("9", email="9@customer.example"))
        bench.clock.move(START + 10 * MINUTE - timedelta(seconds=1))
        bench.process()
        assert 6 == len(calls)


def test_a_rest_survives_the_process(migrated_database_url):
    """A decider that is started anew leaves alone what rests, and so do senders."""
    unwell = Unwell()
    with unwell.on(migrated_database_url) as bench:
        for number in range(5):
            bench.tell(order(str(number), email=f"{number}@customer.example"))
            bench.process()
        twin = bench.twin()
        twin.tell(order("5", email="5@customer.example"))
        twin.process()
        assert 5 == len(unwell.calls)
        unwell.mended = True
        twin.run(START + 10 * MINUTE)
        assert {f"from-{number}" for number in range(6)} == {one.label for one in twin.messages()}
        twin.aftercare.close()


def test_the_breaker_of_one_plugin_is_not_anothers(migrated_database_url):
    """A plugin that rests keeps nobody else waiting, neither decisions nor messages nor timers."""
    unwell = Unwell()
    with unwell.on(migrated_database_url, well=program(on_purchase=about)) as bench:
        for number in range(6):
            bench.tell(order(str(number), email=f"{number}@customer.example"))
            bench.process()
        bench.run(START + 3 * HOUR)
        assert 6 == len([one for one in bench.messages() if one.plugin == "well" and one.label == "later"])
        thanked = [one for one in bench.messages() if one.label.startswith("thanks")]
        assert {START + HOUR} == {one.submitted_at for one in thanked}
        assert [] == bench.timers()


def test_a_failed_plugin_blocks_only_its_own_later_events_of_that_customer(migrated_database_url):
    """Other customers go on, other plugins go on; the blocked events come in their order."""
    unwell, seen = Unwell(), []

    def sees(event, ctx):
        seen.append(event.order)

    with unwell.on(migrated_database_url, well=program(on_purchase=sees)) as bench:
        bench.tell(order("1", placed=START))
        bench.process()
        unwell.mended = True
        bench.tell(order("2", placed=START + MINUTE / 4))
        bench.tell(order("3", placed=START + MINUTE / 4, email="bob@customer.example"))
        bench.process()
        assert ["1", "2", "3"] == sorted(seen)
        assert ["1", "3"] == [number for _, number in unwell.calls]
        bench.run(START + 2 * MINUTE)
        assert ["1", "3", "1", "2"] == [number for _, number in unwell.calls]


def test_a_blocked_plugin_does_not_hold_up_what_others_send(migrated_database_url):
    """What is due for somebody else fires at its time, although one plugin's events still wait."""
    unwell = Unwell()
    with unwell.on(migrated_database_url, well=program(on_purchase=about)) as bench:
        bench.tell(order("1", placed=START))
        bench.process()
        bench.tell(order("2", placed=START + MINUTE), at=START + MINUTE)
        bench.tell(order("3", placed=START + MINUTE, email="bob@customer.example"))
        bench.run(START + 3 * HOUR)
        pending = {unit["event"] for unit in bench.units("unwell") if unit["state"] == "pending"}
        assert "main/order/2/purchase" in pending
        sent = {one.label: one.submitted_at for one in bench.messages() if one.label.startswith("thanks")}
        due = {"1": START + HOUR, "2": START + HOUR + MINUTE, "3": START + HOUR + MINUTE}
        assert {f"thanks-{number}": at for number, at in due.items()} == sent
        assert [] == bench.timers()


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        (always(note(), note(label="other", channel="pigeon")), "no channel 'pigeon'"),
        (always(note(), note()), "two messages labelled 'note'"),
    ],
)
def test_an_answer_that_cannot_be_carried_out_fails_alone_and_whole(migrated_database_url, hook, told):
    """Nothing of it counts; the other units of the same batch are applied."""
    with Bench(migrated_database_url, {"bad": program(on_purchase=hook), **good_programs()}) as bench:
        bench.tell(order("1"), order("2", email="bob@customer.example"))
        bench.process()
        assert {"alpha", "zeta"} == {one.plugin for one in bench.messages()}
        assert 8 == len(bench.messages())
        units = bench.units("bad")
        assert [("pending", 1)] * 2 == [(unit["state"], unit["attempts"]) for unit in units]
        assert told in units[0]["error"]


def test_an_action_about_an_order_needs_one(migrated_database_url):
    """A timer of the customer has no order; what is about one says which scope to use."""
    asks = program(
        on_purchase=always(SetTimer(name="t", scope=Scope.CUSTOMER, delay=HOUR, reason="x")),
        on_timer=always(note(), note(label="order", scope=Scope.ORDER)),
    )
    with Bench(migrated_database_url, {"asks": asks, **good_programs()}) as bench:
        bench.tell(order("1"))
        bench.run(START + HOUR)
        failed = bench.units("asks")[-1]
        assert "use scope CUSTOMER" in failed["error"]
        assert {"alpha", "zeta"} == {one.plugin for one in bench.messages()}


def test_errors_and_logs_hold_neither_addresses_nor_names(migrated_database_url, caplog):
    """Also when a plugin raises with somebody's in its message."""

    def raises(event, ctx):
        raise ValueError("cannot greet Ann Archer <ann@customer.example>, +44 20 7946 0958")

    def nonsense(event, ctx):
        return [SendMessage(template="note", purpose="ann@customer.example", label="Ann Archer", reason="x")]

    caplog.set_level(logging.DEBUG, "aftercare_sdk")
    plugins = {"nonsense": program(on_purchase=nonsense), "raises": program(on_purchase=raises)}
    with Bench(migrated_database_url, plugins) as bench:
        bench.tell(order("1"))
        bench.process()
        for unit in (*bench.units("raises"), *bench.units("nonsense")):
            assert "" != unit["error"]
            for personal in ("ann@", "customer.example", "Archer", "7946"):
                assert personal not in unit["error"] + caplog.text

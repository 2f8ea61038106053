"""A plugin that failed on an event and works later has, in the end, the effects of one that never failed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aftercare_sdk.actions import CancelMessages, ClearTimer, Remember, Scope, SetTimer
from aftercare_sdk.errors import Fenced
from aftercare_sdk.store import control
from tests.support.shop import DAY, HOUR, MINUTE, START, Bench, always, note, order, program

ANN, BOB = "ann@customer.example", "bob@customer.example"


class Story:
    """A program that uses everything it may, with a failure where the test wants it."""

    def __init__(self) -> None:
        self.failures: dict[str, int] = {}

    def _fails(self, event) -> bool:
        left = self.failures.get(event.id, 0)
        self.failures[event.id] = left - 1
        return left > 0

    def _decide(self, event, ctx, actions):
        if self._fails(event):
            raise RuntimeError("not this time")
        seen = int(ctx.memory.get("seen", "0")) + 1
        return [*actions, Remember(key="seen", value=str(seen), reason="to count")]

    def on_purchase(self, event, ctx):
        return self._decide(
            event,
            ctx,
            [
                note(f"thanks-{len(ctx.customer.orders)}", delay=HOUR),
                note("care", delay=20 * HOUR),
                SetTimer(name="ask", delay=6 * HOUR, reason="to ask"),
            ],
        )

    def on_shipment(self, event, ctx):
        return self._decide(event, ctx, [note("shipped"), SetTimer(name="ask", delay=DAY, reason="not yet")])

    def on_cancellation(self, event, ctx):
        actions = [
            CancelMessages(reason="cancelled", scope=Scope.CUSTOMER),
            ClearTimer(name="ask", reason="cancelled"),
        ]
        return self._decide(event, ctx, actions)

    def on_timer(self, event, ctx):
        return self._decide(event, ctx, [note(f"asked-{event.name}", delay=HOUR)])

    @property
    def plugin(self) -> object:
        hooks = ("on_purchase", "on_shipment", "on_cancellation", "on_timer")
        return program(**{name: getattr(self, name) for name in hooks})


def tell(bench: Bench) -> None:
    """Two people order; one order is shipped, one is cancelled shortly before its first message is due."""
    bench.tell(order("1", email=ANN), order("2", email=BOB))
    bench.run(START + 30 * MINUTE)
    bench.tell(order("1", email=ANN, modified=START + 30 * MINUTE, shipped={"a": START + 20 * MINUTE}))
    bench.run(START + 50 * MINUTE)
    bench.tell(order("2", email=BOB, modified=START + 50 * MINUTE, cancelled=True))
    bench.run(START + 4 * HOUR)
    bench.tell(order("3", placed=START + 4 * HOUR, email=ANN))
    bench.run(START + 2 * DAY)


def end(url: str, failures: dict[str, int] | None = None) -> tuple[dict[str, object], set[tuple[str, str]]]:
    """Return what the story ends with, and the states of its units."""
    story = Story()
    story.failures = dict(failures or {})
    with Bench(url, {"story": story.plugin}) as bench:
        tell(bench)
        return bench.effects(), {(unit["event"], unit["state"]) for unit in bench.units("story")}


@pytest.fixture(scope="module")
def without_failure(tmp_path_factory):
    """What the story ends with if nothing ever fails."""
    expected, _ = end(f"sqlite:///{tmp_path_factory.mktemp('whole')}/aftercare.db")
    return expected


@pytest.mark.parametrize(
    "failures",
    [
        {"main/order/1/purchase": 4, "main/order/2/cancellation": 4, "main/order/3/purchase": 1},
        {"main/order/1/shipment/a": 3, "main/order/2/purchase": 4, "main/order/3/purchase": 4},
    ],
)
def test_failures_leave_no_trace_in_the_effects(migrated_database_url, without_failure, failures):
    """Messages, timers and memory are as if they had not been, though not always as early."""
    actual, units = end(migrated_database_url, failures)
    assert {"done"} == {state for _, state in units}
    assert without_failure == actual


def test_what_was_cancelled_late_by_a_retry_was_not_sent_before(migrated_database_url):
    """What a plugin planned for a customer waits while it has still to hear something of that customer.

    Nobody else waits: the messages of other plugins, and those to other customers, leave on time.
    """
    story = Story()
    story.failures = {"main/order/2/cancellation": 4}
    other = program(on_purchase=always(note("other", delay=HOUR)))
    with Bench(migrated_database_url, {"other": other, "story": story.plugin}) as bench:
        tell(bench)
        gone = {(one.label, one.object): one.state.value for one in bench.messages() if not one.attempts}
        assert {("care", "2"): "cancelled", ("thanks-1", "2"): "cancelled"} == gone
        left = {(one.label, one.object): one.submitted_at for one in bench.messages()}
        assert START + HOUR == left["other", "2"] == left["thanks-1", "1"]


def test_a_parked_event_holds_only_what_is_about_its_object(migrated_database_url):
    """The plugin's other messages leave; those about the order wait for a person, and lapse in the end."""

    def fails(event, ctx):
        raise RuntimeError("never")

    plans = always(note("thanks", delay=DAY))
    both = {
        "plans": program(on_purchase=plans, on_shipment=fails),
        "other": program(on_purchase=plans),
    }
    with Bench(migrated_database_url, both) as bench:
        shipped = {"a": START}
        bench.tell(order("1", email=ANN, shipped=shipped), order("2", email=ANN))
        bench.run(START + 2 * DAY)
        states = {(one.plugin, one.object): one.state.value for one in bench.messages()}
        assert {
            ("other", "1"): "accepted",
            ("other", "2"): "accepted",
            ("plans", "1"): "held",
            ("plans", "2"): "accepted",
        } == states
        assert "awaiting_plugin" in {one.code for one in bench.messages()}
        bench.run(START + 9 * DAY)
        (late,) = [one for one in bench.messages() if (one.plugin, one.object) == ("plans", "1")]
        assert ("skipped", "window_closed") == (late.state.value, late.code)


def test_a_plugin_that_is_off_hears_everything_when_it_is_on_again(migrated_database_url):
    """What it may call off waits meanwhile, and so do its timers; those of others do not."""
    plans = always(note("thanks", delay=HOUR), SetTimer(name="t", delay=HOUR, reason="x"))
    calls_off = always(CancelMessages(reason="x"), ClearTimer(name="t", reason="x"))
    heard = []
    plugins = {
        "off": program(on_purchase=plans, on_shipment=calls_off, on_timer=lambda *_: heard.append("off")),
        "on": program(on_purchase=plans, on_timer=lambda *_: heard.append("on")),
    }

    def switch(reason: str) -> None:
        with bench.aftercare.brand.database.write() as connection:
            control.switch_plugin(connection, "off", reason)
        bench.aftercare.brand.reload()

    with Bench(migrated_database_url, plugins) as bench:
        bench.tell(order("1"))
        bench.process()
        switch("it holds the interpreter")
        bench.tell(order("1", modified=START + MINUTE, shipped={"a": START}))
        bench.run(START + 3 * HOUR)
        told = {one.plugin: (one.state.value, one.code) for one in bench.messages()}
        assert {"on": ("accepted", "accepted"), "off": ("held", "awaiting_plugin")} == told
        switch("")
        bench.run(2 * HOUR)
        told = {one.plugin: (one.state.value, one.code) for one in bench.messages()}
        assert ("cancelled", "cancelled_by_plugin") == told["off"]
        assert (["on"], []) == (heard, bench.timers())


def test_a_mended_plugin_sends_what_was_parked(migrated_database_url):
    """If a person puts it back while its window is open."""
    mended = []

    def ships(event, ctx):
        if not mended:
            raise RuntimeError("not yet")

    plugin = program(on_purchase=always(note("thanks", delay=DAY)), on_shipment=ships)
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.tell(order("1", shipped={"a": START}))
        bench.run(START + 2 * DAY)
        mended.append(True)
        bench.retry_parked_units()
        bench.run(START + 2 * DAY + HOUR)
        assert [("1", "accepted", "accepted")] == bench.outcomes()


def test_of_two_different_answers_one_counts_wholly(migrated_database_url):
    """What an answer planned that could not be carried out is not there; the later answer is."""
    tries = []

    def changes_its_mind(event, ctx):
        tries.append(event.id)
        first = len(tries) == 1
        return [
            note("first" if first else "second"),
            SetTimer(name="first" if first else "second", delay=DAY, reason="x"),
            Remember(key="which", value=str(len(tries)), reason="x"),
            note("last", channel="pigeon" if first else "email"),
        ]

    with Bench(migrated_database_url, {"fickle": program(on_purchase=changes_its_mind)}) as bench:
        bench.tell(order("1"))
        bench.run(START + HOUR)
        assert 2 == len(tries)
        assert {"second", "last"} == {one.label for one in bench.messages()}
        assert ["second"] == [one.name for one in bench.timers()]
        assert [("fickle", "which", "2")] == bench.memory()
        assert 2 == len(bench.sent)


def test_an_answer_counts_once_although_the_process_died_before_it_was_written(migrated_database_url):
    """A decider that was replaced while a hook ran discards everything; the next one asks again."""
    answers = []

    def overtaken(event, ctx):
        answers.append(event.id)
        if len(answers) == 1:
            with bench.aftercare.brand.database.write() as connection:
                control.take_token(connection)
        return [note(f"answer-{len(answers)}"), Remember(key="n", value=str(len(answers)), reason="x")]

    with Bench(migrated_database_url, {"overtaken": program(on_purchase=overtaken)}) as bench:
        bench.tell(order("1"), order("2", email=BOB))
        with pytest.raises(Fenced):
            bench.process()
        assert ([], []) == (bench.messages(), bench.memory())
        assert {("pending", 0)} == {(unit["state"], unit["attempts"]) for unit in bench.units("overtaken")}
        bench.process()
        assert {"answer-3", "answer-4"} == {one.label for one in bench.messages()}


def test_a_timer_that_was_moved_in_a_retry_fires_once_at_its_new_time(migrated_database_url):
    """It waits while the event that moves it is still to be heard."""
    story = Story()
    story.failures = {"main/order/1/shipment/a": 5}
    fired = []

    def on_timer(event, ctx):
        fired.append(event.occurred_at)

    plugin = program(
        on_purchase=always(SetTimer(name="ask", delay=2 * HOUR, reason="x")),
        on_shipment=lambda event, ctx: story._decide(
            event, ctx, [SetTimer(name="ask", delay=30 * HOUR, reason="x")]
        ),
        on_timer=on_timer,
    )
    with Bench(migrated_database_url, {"plugin": plugin}) as bench:
        bench.tell(order("1", shipped={"a": START}))
        bench.run(START + 3 * DAY)
    assert [START + 30 * HOUR] == fired


def wake(**changes) -> SetTimer:
    """Set the one timer again."""
    return SetTimer(name="again", reason="round and round", **changes)


def test_a_cascade_ends_with_an_error(migrated_database_url):
    """Eight events may raise one another at one moment; the ninth is refused, and everybody else goes on."""
    again = {
        "at-once": wake(),
        "in-no-time": wake(delay=timedelta(microseconds=1)),
        "since-long-ago": wake(anchor="main/order/1/purchase", delay=HOUR),
    }
    starts = always(wake(delay=HOUR))
    loops = {name: program(on_purchase=starts, on_timer=always(timer)) for name, timer in again.items()}
    other = program(on_purchase=always(note("other", delay=DAY)))
    with Bench(migrated_database_url, {**loops, "other": other}) as bench:
        bench.tell(order("1"))
        bench.run(START + 2 * DAY)
        for name in loops:
            timers = [unit for unit in bench.units(name) if "/timer/" in unit["event"]]
            assert [*["done"] * 8, "parked"] == [unit["state"] for unit in timers]
            assert "timers deep" in timers[8]["error"]
        assert [("1", "accepted", "accepted")] == bench.outcomes()


def test_time_that_passes_ends_no_program(migrated_database_url):
    """A timer that sets itself again every hour may do so for ever, also when the decider comes late."""
    fired = []

    def every_hour(event, ctx):
        fired.append(event.occurred_at)
        return [wake(delay=HOUR)]

    plugin = program(on_purchase=always(wake(delay=HOUR)), on_timer=every_hour)
    with Bench(migrated_database_url, {"hourly": plugin}) as bench:
        bench.tell(order("1"))
        bench.process()
        bench.clock.move(START + DAY)
        bench.run_due()
    assert [START + hours * HOUR for hours in range(1, 25)] == fired

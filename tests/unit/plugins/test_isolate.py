from __future__ import annotations

import contextlib
import decimal
import gc
import subprocess
import sys
import textwrap
import threading
import time
import typing
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from datetime import timedelta
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aftercare_sdk import Context
from aftercare_sdk.actions import Purpose, SendMessage
from aftercare_sdk.events import TimerDue
from aftercare_sdk.model.context import CountedOrder, PointsAward
from aftercare_sdk.model.events import EVENT_TYPES
from aftercare_sdk.plugins import FailureKind, HookCall, HookRunner, read_only

THANKS = SendMessage(template="thanks", purpose=Purpose.SERVICE, label="thanks", reason="first order")
CARE = SendMessage(template="care", purpose=Purpose.SERVICE, label="care", reason="bought a kettle")


def thankful(event, ctx):
    """Answer as a list."""
    return [THANKS]


def careful(event, ctx):
    """Answer as a generator."""
    yield CARE


def silent(event, ctx):
    """Answer nothing."""


def raising(event, ctx):
    """Fail, and name a person in the message."""
    raise LookupError("no such order of ogawa@example.jp, 090-1234-5678")


def nonsensical(event, ctx):
    """Answer what is no answer."""
    return "thank you"


def answering(answer):
    """Make a hook that gives this answer."""

    def hook(event, ctx):
        return answer

    return hook


def noting(seen, look):
    """Make a hook that notes what it finds when it looks at its event and context."""

    def hook(event, ctx):
        seen.append(look(event, ctx))

    return hook


def outcome(results):
    """Return what counts of results: plugin, actions, and how the call failed."""
    return [
        (result.call.plugin, result.actions, result.failure and result.failure.kind.value)
        for result in results
    ]


def wait_until(condition):
    """Wait for something that another thread is about to do; pytest's own patience is the limit."""
    while not condition():
        time.sleep(0.001)


class Observed:
    """Writes down who is said to hold the interpreter, and who says so."""

    def __init__(self):
        self.seen = []
        self.threads = set()

    def entering(self, plugin, event_id):
        self.seen.append((plugin, event_id))
        self.threads.add(threading.current_thread().name)

    def left(self):
        self.seen.append("left")


def test_each_call_gets_its_own_result(runner, call):
    """Results come in the order of the calls, with the caller's handles untouched."""
    handle = object()
    calls = [call(thankful, handle=handle), call(silent), call(careful)]
    results = runner.run(calls)
    assert [("thankful", (THANKS,), None), ("silent", (), None), ("careful", (CARE,), None)] == outcome(
        results
    )
    assert calls == [result.call for result in results]
    assert handle is results[0].call.handle


def test_an_empty_batch_has_no_results(runner):
    """Nothing to call is nothing to do."""
    assert [] == runner.run([])


def test_a_hook_gets_the_event_and_the_context(runner, call, purchase, ctx):
    """What a hook sees equals what the caller passed, but for lists, which become tuples."""
    seen = []
    runner.run([call(noting(seen, lambda *both: both))])
    config = {"greeting": "hello", "steps": ({"days": 3},)}
    assert [(purchase, replace(ctx, config=config))] == seen


def test_a_batch_runs_on_one_other_thread(runner, call):
    """The hand-over to the watched thread happens once per batch, and the thread stays for the next one."""
    threads = []

    def note(event, ctx):
        threads.append(threading.get_ident())

    runner.run([call(note)] * 3)
    runner.run([call(note)] * 3)
    assert 6 == len(threads)
    assert 1 == len(set(threads))
    assert threading.get_ident() not in threads


# --- errors and nonsense ---------------------------------------------------------------------------------


def test_a_hook_that_raises_fails_alone(runner, call):
    """The others' actions are exact."""
    results = runner.run([call(thankful), call(raising), call(careful)])
    assert [
        ("thankful", (THANKS,), None),
        ("raising", None, "raised"),
        ("careful", (CARE,), None),
    ] == outcome(results)


def test_a_failure_names_type_and_place_but_no_person(runner, call):
    """Whoever mends it learns where it happened; the message is redacted."""
    failure = runner.run([call(raising)])[0].failure
    line = raising.__code__.co_firstlineno + 2
    assert "LookupError" == failure.error
    assert f"tests/unit/plugins/test_isolate.py:{line}" == failure.where
    assert f"LookupError in {failure.where}: no such order of [e-mail], [number]" == failure.summary


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), MemoryError(), StopIteration()]
)
def test_no_exception_of_a_plugin_ends_anything(runner, call, error):
    """Also what usually ends a program is that plugin's failure only."""

    def ending(event, ctx):
        raise error

    results = runner.run([call(ending), call(thankful)])
    assert [("ending", None, "raised"), ("thankful", (THANKS,), None)] == outcome(results)
    assert type(error).__name__ == results[0].failure.error


def test_a_generator_may_raise_half_way(runner, call):
    """Actions from before the error do not count: an answer is whole or none."""

    def half(event, ctx):
        yield THANKS
        raise LookupError

    assert [("half", None, "raised")] == outcome(runner.run([call(half)]))


def test_an_error_that_cannot_be_printed_is_still_reported(runner, call):
    """An exception whose own text fails is named by its type."""

    class Unspeakable(Exception):
        def __str__(self):
            raise SystemExit

    def unspeakable(event, ctx):
        raise Unspeakable

    failure = runner.run([call(unspeakable)])[0].failure
    assert ("Unspeakable", f"Unspeakable in {failure.where}") == (failure.error, failure.summary)


def test_endless_recursion_is_an_error_like_others(runner, call):
    """A stack that overflows fails that plugin only."""

    def deep(event, ctx):
        return deep(event, ctx)

    results = runner.run([call(deep), call(thankful)])
    assert [("deep", None, "raised"), ("thankful", (THANKS,), None)] == outcome(results)


def test_an_error_before_the_plugin_is_reached_has_no_place(runner, call):
    """A function with the wrong parameters never ran, so no line of it is to blame."""
    failure = runner.run([call(lambda: None, plugin="none")])[0].failure
    assert ("TypeError", "") == (failure.error, failure.where)


@pytest.mark.parametrize(
    "answer",
    [
        "send",
        b"x",
        {"template": "thanks"},
        1,
        object(),
        THANKS,
        [THANKS, None],
        {"a"},
        [replace(THANKS, delay=3)],
    ],
)
def test_nonsense_fails_alone(runner, call, answer):
    """A wrong answer concerns that plugin only, and is told from an error."""
    results = runner.run([call(thankful), call(answering(answer), plugin="odd"), call(careful)])
    assert [
        ("thankful", (THANKS,), None),
        ("odd", None, "nonsense"),
        ("careful", (CARE,), None),
    ] == outcome(results)


def test_an_answer_that_was_to_be_awaited_is_nonsense(runner, call):
    """A coroutine is refused and closed; no warning is left behind."""

    async def late(event, ctx):
        return [THANKS]

    results = runner.run([call(late)])
    gc.collect()
    assert [("late", None, "nonsense")] == outcome(results)
    assert "write `def` without `async`" in results[0].failure.summary


def test_a_generator_that_never_ends_is_nonsense(runner, call):
    """An endless answer is cut off at the limit."""

    def endless(event, ctx):
        while True:
            yield THANKS

    results = runner.run([call(endless), call(careful)])
    assert [("endless", None, "nonsense"), ("careful", (CARE,), None)] == outcome(results)
    assert 0 == runner.abandoned


# --- slowness --------------------------------------------------------------------------------------------


def test_a_hook_that_spins_is_fenced_out_and_ended(runner, call, seconds):
    """A loop without end fails alone, and does not burn the processor afterwards."""

    def spinning(event, ctx):
        seconds.overrun()
        while True:
            pass

    results = runner.run([call(thankful), call(spinning), call(careful)])
    assert [
        ("thankful", (THANKS,), None),
        ("spinning", None, "overrun"),
        ("careful", (CARE,), None),
    ] == outcome(results)
    wait_until(lambda: runner.abandoned == 0)


def test_an_overrun_says_where_it_was(runner, call, seconds, open_at_end):
    """The line in which the hook hung is part of its failure."""

    def waiting(event, ctx):
        seconds.now += 20
        open_at_end.wait()

    failure = runner.run([call(waiting)])[0].failure
    line = waiting.__code__.co_firstlineno + 2
    # The clock may be looked at between the two lines.
    assert failure.where in {f"tests/unit/plugins/test_isolate.py:{number}" for number in (line - 1, line)}
    assert f"took longer than 2 s and was in {failure.where}; its answer does not count" == failure.summary


def test_a_hook_that_waits_on_a_lock_for_ever_fails_alone(runner, call, seconds):
    """A thread that cannot be ended is left behind, counted, and what it answers later is dropped."""
    lock = threading.Lock()
    lock.acquire()

    def waiting(event, ctx):
        seconds.overrun()
        with lock:
            return [THANKS]

    results = runner.run([call(waiting), call(careful)])
    expected = [("waiting", None, "overrun"), ("careful", (CARE,), None)]
    assert expected == outcome(results)
    assert 1 == runner.abandoned
    lock.release()
    wait_until(lambda: runner.abandoned == 0)
    assert expected == outcome(results)
    assert [("careful", (CARE,), None)] == outcome(runner.run([call(careful)]))


def test_a_late_answer_does_not_count(runner, call, seconds):
    """A call that took too long but ended by itself is an overrun all the same, and costs no thread."""

    def late(event, ctx):
        seconds.overrun()
        return [THANKS]

    results = runner.run([call(late), call(careful)])
    assert [("late", None, "overrun"), ("careful", (CARE,), None)] == outcome(results)
    assert 20.0 == results[0].seconds


def test_a_generator_is_watched_while_it_is_consumed(runner, call, seconds):
    """A hook that hangs between two actions has overrun, and none of its actions counts."""

    def hanging(event, ctx):
        yield THANKS
        seconds.overrun()
        while True:
            pass

    assert [("hanging", None, "overrun")] == outcome(runner.run([call(hanging)]))


def test_a_plugin_that_hung_is_not_called_again_in_the_batch(runner, call, seconds):
    """It costs its budget once; its other calls are reported as skipped, and others go on."""
    called = []

    def spinning(event, ctx):
        called.append("spinning")
        seconds.overrun()
        while True:
            pass

    def later(event, ctx):
        called.append("later")
        return [THANKS]

    calls = [call(spinning, "bad"), call(later, "bad"), call(thankful), call(later, "bad")]
    expected = [
        ("bad", None, "overrun"),
        ("bad", None, "skipped"),
        ("thankful", (THANKS,), None),
        ("bad", None, "skipped"),
    ]
    assert expected == outcome(runner.run(calls))
    assert ["spinning"] == called
    assert [("bad", (THANKS,), None)] == outcome(runner.run([call(later, "bad")]))


def test_several_plugins_may_hang_in_one_batch(runner, call, seconds):
    """Each is fenced out in its turn."""

    def spinning(event, ctx):
        seconds.overrun()
        while True:
            pass

    calls = [call(spinning, "a"), call(thankful), call(spinning, "b"), call(careful), call(spinning, "c")]
    assert [
        ("a", None, "overrun"),
        ("thankful", (THANKS,), None),
        ("b", None, "overrun"),
        ("careful", (CARE,), None),
        ("c", None, "overrun"),
    ] == outcome(runner.run(calls))
    wait_until(lambda: runner.abandoned == 0)


def test_a_hook_that_will_not_be_ended_is_counted(runner, call, seconds, open_at_end):
    """A plugin that swallows every interruption keeps its thread, and the number of such threads is known."""

    def stubborn(event, ctx):
        seconds.overrun()
        while not open_at_end.is_set():
            with contextlib.suppress(BaseException):
                open_at_end.wait(0.001)

    assert [("stubborn", None, "overrun")] == outcome(runner.run([call(stubborn)]))
    seconds.overrun()
    assert [("thankful", (THANKS,), None)] == outcome(runner.run([call(thankful)]))
    assert 1 == runner.abandoned


def test_a_hook_that_swallowed_one_interruption_is_interrupted_again(runner, call, seconds):
    """An interruption may get lost, in a destructor for instance; so it is repeated."""
    swallowed = threading.Event()

    def swallowing(event, ctx):
        seconds.overrun()
        with contextlib.suppress(BaseException):
            while True:
                pass
        swallowed.set()
        while True:
            pass

    runner.run([call(swallowing)])
    assert swallowed.wait()
    seconds.overrun()
    runner.run([call(thankful)])
    wait_until(lambda: runner.abandoned == 0)


def test_the_real_clock_is_the_default(call):
    """Without a clock of the caller's, seconds are real ones."""
    runner = HookRunner(budget_seconds=0.2)

    def spinning(event, ctx):
        while True:
            pass

    assert [("spinning", None, "overrun")] == outcome(runner.run([call(spinning)]))


def test_a_budget_must_be_above_zero():
    """A hook that has no time at all could never answer."""
    with pytest.raises(ValueError, match="above zero"):
        HookRunner(budget_seconds=0)


def test_a_hanging_hook_does_not_keep_the_process_alive():
    """The process ends although a hook still waits."""
    script = """
        import threading
        from datetime import UTC, datetime
        from aftercare_sdk.events import Purchase
        from aftercare_sdk.model.context import Context, CustomerView, ShopView
        from aftercare_sdk.plugins import HookCall, HookRunner

        def waiting(event, ctx):
            threading.Event().wait()

        runner = HookRunner(budget_seconds=0.05)
        where = {"locale": "", "country": "", "zone": ""}
        ctx = Context(shop=ShopView(name="tea", **where), customer=CustomerView(**where))
        event = Purchase(id="p", shop="tea", order="1", occurred_at=datetime(2026, 5, 1, tzinfo=UTC))
        (result,) = runner.run([HookCall(plugin="waiting", function=waiting, event=event, ctx=ctx)])
        print(result.failure.kind, runner.abandoned)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert (0, "overrun 1\n", "") == (done.returncode, done.stdout, done.stderr)


def test_a_wait_that_is_broken_off_leaves_nothing_that_counts(call, seconds, open_at_end):
    """Ctrl-C during a batch reaches the caller; the runner can be used again."""

    def impatient():
        if threading.current_thread() is threading.main_thread() and started.is_set():
            raise KeyboardInterrupt
        return seconds()

    started = threading.Event()

    def waiting(event, ctx):
        started.set()
        open_at_end.wait()

    observer = Observed()
    runner = HookRunner(observer=observer, monotonic=impatient)
    with pytest.raises(KeyboardInterrupt):
        runner.run([call(waiting)])
    assert 1 == runner.abandoned
    assert ["left"] == observer.seen[-1:]
    started.clear()
    assert [("thankful", (THANKS,), None)] == outcome(runner.run([call(thankful)]))


# --- mutation --------------------------------------------------------------------------------------------


def test_a_hook_cannot_change_what_another_one_sees(runner, call, ctx):
    """Events, contexts and what lies inside are read-only for everybody."""
    refused = []

    def vandal(event, ctx):
        attempts = [
            lambda: setattr(event, "order", "1"),
            lambda: setattr(ctx, "memory", {}),
            lambda: ctx.memory.update(visits="9"),
            lambda: ctx.memory.__setitem__("visits", "9"),
            lambda: ctx.config.update(greeting="bye"),
            lambda: ctx.config["steps"].append({}),
            lambda: ctx.config["steps"][0].__setitem__("days", 9),
        ]
        for attempt in attempts:
            try:
                attempt()
            except (AttributeError, TypeError, FrozenInstanceError) as error:
                refused.append(type(error))

    seen = []
    runner.run([call(vandal), call(noting(seen, lambda _, ctx: ctx))])
    assert 7 == len(refused)
    assert {"visits": "1"} == seen[0].memory == ctx.memory
    assert {"greeting": "hello", "steps": ({"days": 3},)} == seen[0].config
    assert {"greeting": "hello", "steps": [{"days": 3}]} == ctx.config


def test_data_of_timers_are_read_only_too(runner, ctx, purchase):
    """Also the mapping inside an event cannot be changed."""
    event = TimerDue(
        id="t",
        shop="tea",
        occurred_at=purchase.occurred_at,
        plugin="p",
        name="ask",
        subject="c",
        data={"step": "1"},
    )
    seen = []
    runner.run([HookCall(plugin="p", function=noting(seen, lambda event, _: event), event=event, ctx=ctx)])
    assert isinstance(seen[0].data, MappingProxyType)
    assert event == seen[0]


def test_what_is_read_only_already_is_not_copied(runner, call, ctx):
    """Whoever makes many calls with one configuration freezes it once."""
    config, memory = read_only({"steps": [{"days": 3}]}), MappingProxyType({"visits": "1"})
    frozen = replace(ctx, config=config, memory=memory)
    seen = []
    runner.run([replace(call(noting(seen, lambda _, ctx: ctx)), ctx=frozen)])
    assert frozen is seen[0]


def test_everything_that_a_hook_sees_is_immutable():
    """Only mappings directly in events and contexts are wrapped, so nothing mutable may lie deeper."""
    seen = set()

    def walk(kind, path):
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if is_dataclass(kind) and isinstance(kind, type):
            assert kind.__dataclass_params__.frozen, path
            if kind not in seen:
                seen.add(kind)
                hints = typing.get_type_hints(kind)
                for field in fields(kind):
                    # The views freeze what is in those of points: tests/acceptance/test_loyalty.py.
                    outermost = kind in {Context, PointsAward, CountedOrder, *EVENT_TYPES}
                    is_mapping = typing.get_origin(hints[field.name]) is Mapping
                    if not (outermost and is_mapping):
                        walk(hints[field.name], f"{path}.{field.name}")
        else:
            assert origin not in {list, dict, set, Mapping}, path
            assert kind not in {list, dict, set}, path
            for argument in arguments:
                walk(argument, path)

    for kind in (Context, *EVENT_TYPES):
        walk(kind, kind.__name__)


def test_one_plugins_arithmetic_is_not_anothers(runner, call):
    """Settings that belong to a context of execution, such as the precision of decimals, do not leak."""
    precisions = []

    def rounding(event, ctx):
        decimal.getcontext().prec = 1

    runner.run([call(rounding), call(noting(precisions, lambda *_: decimal.getcontext().prec))])
    assert [decimal.DefaultContext.prec] == precisions


# --- who holds the interpreter ---------------------------------------------------------------------------


def test_a_supervisor_knows_which_plugin_is_being_called(call, purchase):
    """Each call is announced before and ended after, on the thread that makes it."""
    observer = Observed()
    runner = HookRunner(observer=observer)
    runner.run([call(thankful), call(raising), call(nonsensical)])
    assert [
        ("thankful", purchase.id),
        "left",
        ("raising", purchase.id),
        "left",
        ("nonsensical", purchase.id),
        "left",
    ] == observer.seen
    assert {"aftercare-hooks"} == observer.threads
    runner.close()


def test_a_call_that_was_fenced_out_is_left_once(call, seconds, purchase):
    """The abandoned thread says nothing any more, so that nobody else is blamed in its stead."""
    observer = Observed()
    gate = threading.Event()

    def waiting(event, ctx):
        seconds.overrun()
        gate.wait()

    runner = HookRunner(observer=observer, monotonic=seconds)
    runner.run([call(waiting), call(thankful), call(waiting)])
    gate.set()
    wait_until(lambda: runner.abandoned == 0)
    assert [("waiting", purchase.id), "left", ("thankful", purchase.id), "left"] == observer.seen


def test_a_failing_observer_is_not_blamed_on_a_plugin(call):
    """An error of the caller's own observer reaches the caller, and the runner can be used again."""

    class Failing(Observed):
        def entering(self, plugin, event_id):
            raise OSError("the supervisor has gone")

    runner = HookRunner(observer=Failing())
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no plugin's fault") as caught:
            runner.run([call(thankful)])
        assert isinstance(caught.value.__cause__, OSError)


# --- life of the threads ---------------------------------------------------------------------------------


def test_a_closed_runner_gives_its_thread_back_and_can_be_used_again(runner, call):
    """Closing ends the idle thread; a later batch gets a new one."""
    threads = []

    def note(event, ctx):
        threads.append(threading.current_thread())

    runner.run([call(note)])
    runner.close()
    threads[0].join()
    runner.run([call(note)])
    assert threads[0] is not threads[1]


def test_a_forgotten_runner_gives_its_thread_back(call):
    """Without a call of close, the thread ends with its runner."""
    threads = []
    HookRunner().run([call(noting(threads, lambda *_: threading.current_thread()))])
    gc.collect()
    threads[0].join()


def test_batches_of_several_threads_take_turns(call):
    """A runner that is shared makes one batch after the other, and mixes nothing up."""
    runner = HookRunner()
    answers = {}

    def ask(number):
        answer = [replace(THANKS, delay=timedelta(days=number))]
        answers[number] = runner.run([call(answering(answer), plugin=str(number))] * 20)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(5):
        expected = [(str(number), (replace(THANKS, delay=timedelta(days=number)),), None)] * 20
        assert expected == outcome(answers[number])
    runner.close()


behaviours = st.lists(
    st.sampled_from(["thankful", "silent", "careful", "raising", "nonsense", "late"]), max_size=30
)


@given(behaviours)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_any_mixture_leaves_the_sound_answers_exact(runner, call, seconds, plan):
    """Whatever stands beside it in the batch, a sound answer is what it would have been alone."""

    def late(event, ctx):
        seconds.overrun()
        return [THANKS]

    hooks = {
        "thankful": (thankful, (THANKS,), None),
        "silent": (silent, (), None),
        "careful": (careful, (CARE,), None),
        "raising": (raising, None, "raised"),
        "nonsense": (nonsensical, None, "nonsense"),
        "late": (late, None, "overrun"),
    }
    expected = [(name, *hooks[name][1:]) for name in plan]
    first_late = plan.index("late") if "late" in plan else len(plan)
    for position, name in enumerate(plan):
        if name == "late" and position > first_late:
            expected[position] = ("late", None, "skipped")
    results = runner.run([call(hooks[name][0], plugin=name) for name in plan])
    assert expected == outcome(results)
    assert {FailureKind(kind) for _, _, kind in expected if kind} == {
        result.failure.kind for result in results if result.failure
    }

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.plugins import Breaker, BreakerState, admit, failed, reopens_at, state_of, succeeded

START = datetime(2026, 5, 1, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """Return a moment, counted from the start."""
    return START + timedelta(minutes=minutes)


def failing(*minutes: float) -> Breaker:
    """Return a breaker after failures at these times."""
    breaker = Breaker()
    for minute in minutes:
        breaker = failed(breaker, at(minute))
    return breaker


def test_five_failures_within_ten_minutes_open_the_breaker():
    """The fifth failure stops the calls."""
    assert BreakerState.CLOSED is state_of(failing(0, 1, 2, 3), at(3))
    assert BreakerState.OPEN is state_of(failing(0, 1, 2, 3, 10), at(10))


def test_failures_far_apart_do_not_open_it():
    """A plugin that fails now and then is retried, event by event, and stays on."""
    assert BreakerState.CLOSED is state_of(failing(0, 1, 2, 3, 10.1), at(10.1))
    assert BreakerState.CLOSED is state_of(failing(*range(0, 300, 3)), at(297))


def test_an_open_breaker_lets_nothing_through():
    """While the plugin rests, it is not called, and it is known until when."""
    breaker = failing(0, 0, 0, 0, 0)
    assert (False, breaker) == admit(breaker, at(4.9))
    assert at(5) == reopens_at(breaker)
    assert reopens_at(Breaker()) is None


def test_one_call_is_tried_after_five_minutes():
    """Half open, one call goes through and the next one does not."""
    breaker = failing(0, 0, 0, 0, 0)
    assert BreakerState.HALF_OPEN is state_of(breaker, at(5))
    admitted, breaker = admit(breaker, at(5))
    assert admitted
    assert (False, breaker) == admit(breaker, at(5))


def test_success_of_the_trial_closes_it():
    """After a trial that succeeds nothing is held against the plugin."""
    _, breaker = admit(failing(0, 0, 0, 0, 0), at(5))
    assert Breaker() == succeeded(breaker)


def test_failure_of_the_trial_opens_it_again():
    """After a trial that fails the plugin rests for another five minutes."""
    _, breaker = admit(failing(0, 0, 0, 0, 0), at(5))
    breaker = failed(breaker, at(6))
    assert BreakerState.OPEN is state_of(breaker, at(10.9))
    assert BreakerState.HALF_OPEN is state_of(breaker, at(11))


def test_a_trial_that_is_never_heard_of_is_repeated():
    """If the process ends during the trial, another one follows."""
    _, breaker = admit(failing(0, 0, 0, 0, 0), at(5))
    assert BreakerState.OPEN is state_of(breaker, at(9.9))
    assert admit(breaker, at(10))[0]


def test_calls_that_had_begun_before_do_not_count_while_it_rests():
    """Neither their failures lengthen the rest, nor do their successes end it."""
    breaker = failing(0, 0, 0, 0, 0)
    assert breaker == failed(breaker, at(1))
    assert breaker == succeeded(breaker)


def test_success_does_not_hide_failures():
    """A plugin that fails for some customers only is not well either."""
    breaker = failing(0, 1, 2, 3)
    assert BreakerState.OPEN is state_of(failed(succeeded(breaker), at(4)), at(4))


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 20)), max_size=60))
def test_whatever_happens_it_is_tried_again(history):
    """No history of calls keeps a plugin off for longer than its rest."""
    breaker, minute = Breaker(), 0.0
    for success, pause in history:
        minute += pause
        admitted, breaker = admit(breaker, at(minute))
        if admitted:
            breaker = succeeded(breaker) if success else failed(breaker, at(minute))
    assert BreakerState.OPEN is not state_of(breaker, at(minute + 5))
    assert len(breaker.failures) < 5

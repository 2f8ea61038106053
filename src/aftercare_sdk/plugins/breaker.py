"""Leave a plugin alone that keeps failing, and try it again later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

FAILURES_TO_OPEN = 5
FAILURE_PERIOD = timedelta(minutes=10)
REST = timedelta(minutes=5)


class BreakerState(StrEnum):
    """Whether a plugin is called: always, not now, or once to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """What is remembered of one plugin: recent failures, and since when it rests.

    `trial_at` is when the one call was let through that decides whether the rest is over.
    """

    failures: tuple[datetime, ...] = ()
    opened_at: datetime | None = None
    trial_at: datetime | None = None


def state_of(breaker: Breaker, now: datetime) -> BreakerState:
    """Return whether the plugin may be called at `now`."""
    if breaker.opened_at is None:
        return BreakerState.CLOSED
    return BreakerState.OPEN if now < _rests_until(breaker, breaker.opened_at) else BreakerState.HALF_OPEN


def reopens_at(breaker: Breaker) -> datetime | None:
    """Return when a plugin that rests will be tried again; None when it does not rest."""
    return None if breaker.opened_at is None else _rests_until(breaker, breaker.opened_at)


def admit(breaker: Breaker, now: datetime) -> tuple[bool, Breaker]:
    """Ask for one call: whether it may be made, and the breaker that counts it.

    While the breaker is half open, one call is let through. If nothing is heard of it, another one is,
    after a further rest.
    """
    state = state_of(breaker, now)
    if state is BreakerState.HALF_OPEN:
        return True, replace(breaker, trial_at=now)
    return state is BreakerState.CLOSED, breaker


def failed(breaker: Breaker, now: datetime) -> Breaker:
    """Count a call that failed at `now`."""
    if breaker.trial_at is not None:
        return Breaker(opened_at=now)
    if breaker.opened_at is not None:
        return breaker
    recent = (*(moment for moment in breaker.failures if now - moment <= FAILURE_PERIOD), now)
    if len(recent) < FAILURES_TO_OPEN:
        return Breaker(failures=recent)
    return Breaker(opened_at=now)


def succeeded(breaker: Breaker) -> Breaker:
    """Count a call that succeeded; it closes the breaker if it was the trial.

    Other successes change nothing: a plugin that fails for every tenth customer is not well, and one that
    rests may still finish calls that had begun before.
    """
    return breaker if breaker.trial_at is None else Breaker()


def _rests_until(breaker: Breaker, opened_at: datetime) -> datetime:
    return (breaker.trial_at or opened_at) + REST

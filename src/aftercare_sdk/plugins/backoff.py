"""When a plugin that failed on an event gets that event again."""

from __future__ import annotations

from datetime import timedelta

RETRY_DELAYS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
)


def retry_delay(attempts: int) -> timedelta | None:
    """Return how long to wait after the `attempts`-th failed attempt; None: the event is parked.

    Raises ValueError for less than one attempt.
    """
    if attempts < 1:
        raise ValueError("a retry follows at least one attempt")
    return RETRY_DELAYS[attempts - 1] if attempts <= len(RETRY_DELAYS) else None

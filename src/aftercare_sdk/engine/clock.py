"""The only place that reads the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; everything else takes times as arguments."""

    def now(self) -> datetime:
        """Return the present instant, aware, UTC."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow, to measure how long something takes."""


class SystemClock:
    """The time of the machine."""

    def now(self) -> datetime:
        """Return the present instant, aware, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()


class VirtualClock:
    """A clock that stands still until it is moved: for demos, replays and tests."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant at which the clock stands."""
        return self._now

    def monotonic(self) -> float:
        """Return real seconds: how long a hook takes is not virtual."""
        return time.monotonic()

    def move(self, to: datetime) -> None:
        """Move forward to an instant; a clock that is already there or later stays."""
        self._now = max(self._now, to.astimezone(UTC))

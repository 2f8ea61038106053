"""How much may be asked: a leaky bucket of points, by the shop's clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Bucket:
    """Points that requests take and time gives back. `limit` and `rate` (points a second) are the plan's."""

    clock: Callable[[], datetime] = field(repr=False)
    limit: float = 2000.0
    rate: float = 100.0
    _left: float = 2000.0
    _since: datetime | None = None

    @property
    def left(self) -> float:
        """The points that are left now."""
        now = self.clock()
        if self._since is not None:
            self._left += (now - self._since).total_seconds() * self.rate
        self._left = min(self.limit, self._left)
        self._since = now
        return self._left

    def set(self, *, limit: float, rate: float) -> None:
        """Give the shop another plan, with a full bucket."""
        self.limit, self.rate, self._left, self._since = limit, rate, limit, None

    def drain(self, left: float = 0.0) -> None:
        """Leave only so much in the bucket, as other users of the same app do."""
        self._left, self._since = left, self.clock()

    def take(self, cost: float) -> bool:
        """Take points, if there are so many."""
        if cost > self.left:
            return False
        self._left -= cost
        return True

    def give_back(self, points: float) -> None:
        """Give points back that a request did not need."""
        self._left = min(self.limit, self._left + points)

    def status(self) -> dict[str, float]:
        """Return what answers tell."""
        return {
            "maximumAvailable": self.limit,
            "currentlyAvailable": int(self.left),
            "restoreRate": self.rate,
        }

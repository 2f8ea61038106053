"""Which tier somebody is in: a walk through what was earned, with periods for which a tier is kept."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from aftercare_sdk.model.months import months_from
from aftercare_sdk.programs.loyalty.rules import Downgrade, Tier, Tiers


@dataclass(slots=True)
class Climb:
    """Somebody's way through the tiers. Its moments only go forward."""

    tiers: Tiers
    level: int = 0
    kept_until: datetime | None = None
    _earned: deque[tuple[datetime, int]] = field(default_factory=deque)
    _sum: int = 0

    def at(self, moment: datetime) -> Tier | None:
        """Return the tier at a moment, after whatever has run out by then."""
        while self.kept_until is not None and self.kept_until <= moment:
            self._run_out(self.kept_until)
        return self.tiers.steps[self.level - 1] if self.level else None

    def earn(self, moment: datetime, amount: int) -> None:
        """Count what was earned at a moment: money, points or one order."""
        self.at(moment)
        self._earned.append((moment, amount))
        self._sum += amount
        reached = self._reached(moment)
        if reached and reached >= self.level:
            self.level = reached
            self.kept_until = months_from(moment, self.tiers.keep_months)

    def _run_out(self, moment: datetime) -> None:
        reached = self._reached(moment)
        if reached < self.level:
            one_step = self.tiers.downgrade is Downgrade.ONE_STEP
            self.level = max(reached, self.level - 1) if one_step else reached
        self.kept_until = months_from(moment, self.tiers.keep_months) if self.level else None

    def _reached(self, moment: datetime) -> int:
        """Return how many steps were reached by what was earned in the months before a moment."""
        start = months_from(moment, -self.tiers.months)
        while self._earned and self._earned[0][0] <= start:
            self._sum -= self._earned.popleft()[1]
        return sum(self._sum >= step.at for step in self.tiers.steps)

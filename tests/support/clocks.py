"""The clocks of the tz database, and when they are changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
ZONES = sorted(available_timezones())
STEP = timedelta(days=5)
"""Shorter than the shortest season of any zone."""


@dataclass(frozen=True, slots=True)
class Change:
    """A clock that is changed: at `at` it shows `after` what it showed before, forward or back."""

    zone: str
    at: datetime
    before: timedelta
    after: timedelta

    def __str__(self) -> str:
        return f"{self.zone} {self.at:%Y-%m-%d %H:%M}"

    @property
    def wall(self) -> datetime:
        """What the clock would have shown at that moment."""
        return (self.at + self.before).replace(tzinfo=None)


def changes(zone: str, first: datetime = FIRST, last: datetime = LAST) -> list[Change]:
    """Return all changes of one clock."""
    clock = ZoneInfo(zone)
    found = []
    at, offset = first, first.astimezone(clock).utcoffset()
    while at < last:
        then = at + STEP
        new = then.astimezone(clock).utcoffset()
        if new != offset:
            low, high = at, then
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                low, high = (
                    (middle, high) if middle.astimezone(clock).utcoffset() == offset else (low, middle)
                )
            found.append(Change(zone, high, offset, new))
        at, offset = then, new
    return found


@cache
def every_change() -> tuple[Change, ...]:
    """Return the changes of 2024 to 2028 of all zones; of zones that agree throughout, those of one."""
    clocks = {}
    for zone in ZONES:
        mine = changes(zone)
        key = (FIRST.astimezone(ZoneInfo(zone)).utcoffset(), *((one.at, one.after) for one in mine))
        clocks.setdefault(key, mine)
    return tuple(change for mine in clocks.values() for change in mine)

"""When a person may be written to: opening hours by their own clock, in every zone in which they may be.

An hour that the clock leaves out, or shows twice, needs no case of its own: what is asked is only ever what
the clock on the wall shows at a moment, never at which moment it shows something.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HORIZON = timedelta(days=366)
"""How far ahead an opening is looked for. Hours that do not meet in a year never do."""

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """From when until before when, each day, by the clock on the wall.

    `closes` at 00:00 is the end of the day, so that 00:00 to 00:00 is the whole day. Hours over midnight are
    not possible: they would be those of a night.
    """

    opens: time
    closes: time

    def __post_init__(self) -> None:
        for name, value in (("opens", self.opens), ("closes", self.closes)):
            if value.tzinfo is not None:
                raise ValueError(f"{name} must be a time of a clock on the wall, without a zone: {value!r}")
        if self.opens >= self.closes and self.closes != time():
            raise ValueError(
                f"hours must open before they close, not from {self.opens} to {self.closes}; "
                "00:00 closes at the end of the day"
            )

    def within(self, other: Hours) -> Hours | None:
        """Return the part of these hours that lies in the other ones; None if they do not meet."""
        opens = max(self.opens, other.opens)
        closes = min(self.closes, other.closes, key=_as_end)
        return None if opens >= closes and closes != time() else Hours(opens, closes)


WHOLE_DAY = Hours(time(), time())


def _as_end(closes: time) -> tuple[bool, time]:
    return (closes == time(), closes)


def never(day: date) -> bool:  # noqa: ARG001 - it takes what every calendar takes
    """Say that no day is closed."""
    return False


def next_open(
    moment: datetime,
    hours: Hours,
    zones: Collection[ZoneInfo],
    closed: Callable[[date], bool] = never,
) -> datetime | None:
    """Return the first moment from `moment` on that lies in the hours in every zone, in UTC (LAW-18, LAW-22).

    `moment` itself, if it does; None if none does within `HORIZON`. A day that is `closed` in one of the
    zones is closed for all. That makes a message leave once whose planned hour does not exist or exists
    twice: asked again at the moment that was answered, the answer is the same, and no later moment has an
    earlier answer.

    Raises ValueError for a moment without a zone, and if there are no zones.
    """
    if moment.tzinfo is None or not zones:
        raise ValueError(f"needs a moment in UTC and a zone at least, not {moment!r} and {len(zones)} zones")
    at = moment.astimezone(UTC)
    last = at + HORIZON
    while at <= last:
        pieces = [_piece(at, zone, hours, closed) for zone in zones]
        shut = [until for is_open, until in pieces if not is_open]
        if not shut:
            return at
        at = max(shut)
    return None


def _piece(
    moment: datetime, zone: ZoneInfo, hours: Hours, closed: Callable[[date], bool]
) -> tuple[bool, datetime]:
    """Say whether it is open in one zone, and until when that is sure; that moment is after `moment`."""
    there = moment.astimezone(zone)
    wall = there.replace(tzinfo=None)
    tomorrow = datetime.combine(wall, time()) + _DAY
    opens = datetime.combine(wall, hours.opens)
    closes = datetime.combine(wall, hours.closes) if hours.closes != time() else tomorrow
    if closed(wall.date()):
        is_open, until = False, tomorrow
    elif wall < opens:
        is_open, until = False, opens
    elif wall < closes:
        is_open, until = True, closes
    else:
        is_open, until = False, tomorrow
    end = moment + (until - wall)
    if end.astimezone(zone).utcoffset() != there.utcoffset():
        end = _change(moment, end, zone)
    return is_open, end


def _change(moment: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """Return when a clock is changed that is known to be so after `moment` and until `end`, a day at most.

    Clocks are changed at full seconds, and since 1970 none was ever changed twice within a day.
    """
    offset = moment.astimezone(zone).utcoffset()
    start = moment.replace(microsecond=0)
    seconds = -((start - end) // _SECOND)
    return start + _SECOND * bisect_left(
        range(seconds),
        True,  # noqa: FBT003 - what is looked for among the answers
        key=lambda second: (start + _SECOND * second).astimezone(zone).utcoffset() != offset,
    )

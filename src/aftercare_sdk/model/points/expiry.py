"""Until when points can be used."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from aftercare_sdk.model.months import months_after

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
"""When points expire that do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """When points expire: exactly one of the three, and always at the end of a day in the shop's zone.

    `months` after they became available; on a fixed `day` of the year (month, day), the first that is at
    least one day ahead; or after `idle_months` in which the account has neither earned nor spent.
    """

    months: int | None = None
    day: tuple[int, int] | None = None
    idle_months: int | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for anything but one of the three."""
        if sum(each is not None for each in (self.months, self.day, self.idle_months)) != 1:
            raise ValueError("points expire after months, on a day, or after a rest: give exactly one")
        months = 1 if self.day is not None else self._period
        if not 0 < months <= _MOST_MONTHS:
            raise ValueError(f"months lie between 1 and {_MOST_MONTHS}")
        if self.day is not None:
            date(_LEAP_YEAR, *self.day)  # ValueError: there is no such day

    @property
    def _period(self) -> int:
        return (self.idle_months if self.months is None else self.months) or 0

    def after(self, moment: datetime, zone: tzinfo) -> datetime:
        """Return when points expire that became available (or whose account was last active) at a moment."""
        local = moment.astimezone(zone).date()
        if self.day is None:
            return _end_of(months_after(local, self._period), zone)
        last = _on(local.year, *self.day)
        return _end_of(last if last > local else _on(local.year + 1, *self.day), zone)


def _on(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def _end_of(day: date, zone: tzinfo) -> datetime:
    """Return the first instant after a day, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


_MOST_MONTHS = 600
_LEAP_YEAR = 2024

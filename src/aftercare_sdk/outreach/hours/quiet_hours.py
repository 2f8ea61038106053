"""In which hours each kind of channel may reach a person, and when a message of the night leaves instead."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.outreach.hours.calendar import Hours, never, next_open

DAYTIME = Hours(time(9), time(21))
"""For whatever rings or buzzes, and for kinds of channels that are not known here (LAW-22)."""

DEFAULTS: Mapping[str, Hours] = MappingProxyType(
    {
        "email": Hours(time(8), time(22)),
        "line": DAYTIME,
        "push": DAYTIME,
        "sms": DAYTIME,
    }
)
"""By kind of channel (LAW-22)."""

NORTH_AMERICA = Hours(time(8), time(21))
"""What the law of the US leaves for calls and texts to numbers that begin with +1 (LAW-18)."""

# The number itself does not tell one of them from the other, so that the law of the US is kept for all.
_WITH_THE_US = ("US", "AS", "GU", "MP", "PR", "VI")
_ANTILLES = ("AG", "AI", "BB", "DM", "DO", "GD", "JM", "KN", "LC", "MS", "SX", "TT", "VC", "VG")
_ATLANTIC = ("BM", "BS", "KY", "TC")
PLUS_ONE = frozenset({"CA", *_WITH_THE_US, *_ANTILLES, *_ATLANTIC})
"""The countries and territories whose numbers begin with +1."""


def hours_for(channel_kind: str, purpose: Purpose, country: str, configured: Hours | None) -> Hours | None:
    """Return the hours for a message, by the person's clock; None if it may leave at any hour.

    `configured` are the hours that the shop has set for the channel; None: those of its kind. What is
    transactional is exempt, but not as SMS (LAW-22); an SMS to a number with +1 keeps to the hours of the law
    whatever was set (LAW-18). `country` is the code of the country whose number it is.

    Raises ValueError if the hours that were set lie outside those of the law.
    """
    if purpose is Purpose.TRANSACTIONAL and channel_kind != "sms":
        return None
    hours = configured or DEFAULTS.get(channel_kind, DAYTIME)
    if channel_kind != "sms" or country.strip().upper() not in PLUS_ONE:
        return hours
    lawful = hours.within(NORTH_AMERICA)
    if lawful is None:
        raise ValueError(
            f"SMS to numbers with +1 may leave from {NORTH_AMERICA.opens} to {NORTH_AMERICA.closes} "
            f"(LAW-18); the hours that were set, from {hours.opens} to {hours.closes}, never meet that"
        )
    return lawful


JITTER = timedelta(minutes=15)
"""Within so long after the hours begin a mailbox opens: not everything leaves at eight sharp (LAW-22)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenHours:
    """When one mailbox may be written to: hours in every zone in which the person may be, less closed days.

    Each mailbox has a moment of its own at which it opens, by `key`. All that waits for it leaves then, what
    was due first before the rest, and nothing that is due in between comes first.
    """

    key: str = field(repr=False)
    hours: Hours
    zones: tuple[ZoneInfo, ...]
    closed: Callable[[date], bool] = never

    def next(self, now: datetime) -> datetime | None:
        """Return `now` if a message may leave, else when it will; None: never."""
        opening = next_open(now, self.hours, self.zones, self.closed)
        own = next_open(now, self._own_hours, self.zones, self.closed)
        # Hours that are shorter than that leave no room for it.
        return own if opening is not None and own is not None and own - opening < JITTER else opening

    @property
    def _own_hours(self) -> Hours:
        if self.hours.opens == time():  # they are open all night
            return self.hours
        chosen = int.from_bytes(hashlib.sha256(self.key.encode()).digest()) % int(JITTER.total_seconds())
        later = (datetime.combine(date.min, self.hours.opens) + timedelta(seconds=chosen)).time()
        too_late = later < self.hours.opens or (later >= self.hours.closes and self.hours.closes != time())
        return self.hours if too_late else Hours(later, self.hours.closes)

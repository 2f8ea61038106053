"""Lengths of time as people write them in aftercare.toml: "90 minutes", "1h", "3 days", "2 weeks"."""

from __future__ import annotations

import re
from datetime import timedelta

ACCEPTED = 'write a whole number and a unit, such as "30 s", "90 minutes", "1h", "3 days" or "2 weeks"'
LONGEST = timedelta(days=36_500)

_UNITS = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), timedelta(milliseconds=1)),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
}
_FORM = re.compile(r"([0-9]{1,9}) ?([a-z]+)", re.ASCII | re.IGNORECASE)
_NO_FIXED_LENGTH = frozenset({"mo", "month", "months", "y", "yr", "year", "years"})


def parse_duration(text: str) -> timedelta:
    """Read one number with one unit: milliseconds to weeks, in any of their short forms.

    Raises ValueError, with the accepted forms, for anything else: months and years have no fixed length,
    fractions have a smaller unit. The text itself is never repeated in the error.
    """
    match = _FORM.fullmatch(text.strip())
    unit = match[2].lower() if match else ""
    if unit in _NO_FIXED_LENGTH:
        raise ValueError(f"months and years have no fixed length; {ACCEPTED}")
    if match is None or unit not in _UNITS:
        raise ValueError(f"not a length of time; {ACCEPTED}")
    number = int(match[1])
    if number > LONGEST // _UNITS[unit]:
        raise ValueError(f"longer than {LONGEST.days} days; {ACCEPTED}")
    return number * _UNITS[unit]

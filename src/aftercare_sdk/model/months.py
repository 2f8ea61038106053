"""Calendar months: the same day of another month, or its last one."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime


def months_after(day: date, months: int) -> date:
    """Return the same day `months` later, or the last one of that month if it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def months_from(moment: datetime, months: int) -> datetime:
    """Return the same time of day, months later or (negative) earlier."""
    return datetime.combine(months_after(moment.date(), months), moment.timetz())

"""Public holidays, as the package `holidays` knows them; it comes with the extra of that name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.outreach.hours.calendar import never
from aftercare_sdk.outreach.hours.states import folded

_CODE = 2  # letters


def holidays_of(country: str, region: str) -> Callable[[date], bool]:
    """Return the calendar of a country and one of its regions: whether a day is a public holiday there.

    A day on which a holiday is observed that falls on a weekend counts too; weekends do not. `region` is a
    code or a name. Of one that is not known there, what holds in the whole country counts; in a country that
    is not known, no day is a holiday.

    Raises ConfigurationError if the package is not installed.
    """
    code = country.strip().upper()
    regions = _regions(code)
    if regions is None:
        return never
    known = regions.get(folded(region.strip().upper().removeprefix(f"{code}-")))
    return lambda day: day in _days(code, known, day.year)


@cache
def _regions(country: str) -> Mapping[str, str] | None:
    """Return the codes of a country's regions by their spellings; None if the country is not known."""
    try:
        from holidays import country_holidays
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"public holidays need {error.name}, which is not installed: "
            'pip install "aftercare-sdk[holidays]"; or switch holidays off'
        ) from None

    if len(country) != _CODE:
        return None
    try:
        kind = type(country_holidays(country))
    except NotImplementedError:
        return None
    spellings = {code: code for code in kind.subdivisions} | kind.subdivisions_aliases
    return {folded(spelling): code for spelling, code in spellings.items()}


@cache
def _days(country: str, region: str | None, year: int) -> frozenset[date]:
    """Return the holidays of one year. The package's own calendars grow as they are asked, in any thread."""
    from holidays import country_holidays

    return frozenset(country_holidays(country, subdiv=region, years=year, expand=False))

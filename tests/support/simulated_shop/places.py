"""What the checker believes of places: which law counts there, and what the clocks show."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

EEA = frozenset(
    {
        *(
            "AT",
            "BE",
            "BG",
            "CY",
            "CZ",
            "DE",
            "DK",
            "EE",
            "ES",
            "FI",
            "FR",
            "GR",
            "HR",
            "HU",
            "IE",
            "IS",
            "IT",
        ),
        *("LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"),
    }
)

BASES = {
    "JP": frozenset({"express"}),  # LAW-03: no exception for customers
    "EU": frozenset({"express", "soft_opt_in"}),  # LAW-13
    "UK": frozenset({"express", "soft_opt_in"}),  # LAW-13
    "CA": frozenset({"express", "implied"}),  # LAW-17
    "US": frozenset({"none"}),  # LAW-16
    "other": frozenset({"express"}),  # LAW-14
}
"""What allows an advertisement by mail, by jurisdiction."""

_ZONES = {
    "JP": "Asia/Tokyo",
    "DE": "Europe/Berlin",
    "FR": "Europe/Paris",
    "NO": "Europe/Oslo",
    "PL": "Europe/Warsaw",
    "GB": "Europe/London",
    "SG": "Asia/Singapore",
    "ES": "Europe/Madrid Atlantic/Canary",
    "BR": "America/Sao_Paulo America/Manaus America/Rio_Branco",
    "US": "America/New_York America/Chicago America/Denver America/Phoenix America/Los_Angeles "
    "America/Anchorage Pacific/Honolulu",
    "CA": "America/St_Johns America/Halifax America/Toronto America/Winnipeg America/Regina America/Edmonton "
    "America/Vancouver",
    "AU": "Australia/Sydney Australia/Brisbane Australia/Adelaide Australia/Darwin Australia/Perth",
    "US NY": "America/New_York",
    "US CA": "America/Los_Angeles",
    "US HI": "Pacific/Honolulu",
    "US AZ": "America/Phoenix",
    "US TN": "America/Chicago America/New_York",
    "CA MB": "America/Winnipeg",
    "CA QC": "America/Toronto",
    "CA NL": "America/St_Johns America/Goose_Bay",
    "AU NSW": "Australia/Sydney",
    "AU QLD": "Australia/Brisbane",
}

EVENING, MORNING = 22, 8
"""The night of mails (LAW-22): from ten until before eight."""


def jurisdiction(country: str) -> str:
    """Return whose law counts in a country."""
    if country in EEA:
        return "EU"
    return {"GB": "UK", "JP": "JP", "US": "US", "CA": "CA"}.get(country, "other")


def zones(country: str, region: str) -> tuple[str, ...]:
    """Return the names of the zones in which somebody there may live; none if no country is known."""
    return tuple((_ZONES.get(f"{country} {region}") or _ZONES.get(country) or "").split())


def sleeping(at: datetime, names: Iterable[str]) -> str:
    """Return a zone in which it is night; empty: it is day in all."""
    return next((name for name in names if not MORNING <= at.astimezone(ZoneInfo(name)).hour < EVENING), "")

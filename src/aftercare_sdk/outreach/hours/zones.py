"""In which zones a person may be, and in which one times are told to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global

from aftercare_sdk.outreach.hours.states import STATES, zones_of_state, zones_of_states

# Often enough to see every season of every zone: the shortest, Ramadan in Morocco, lasts a month.
_COMPARED = tuple(datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=5 * step) for step in range(10 * 73))


def zones_of(customer: str, country: str, region: str, shop: str) -> tuple[ZoneInfo, ...]:
    """Return the zones in which a person may be, at least one; none of them may have quiet hours.

    The one that was told; else those of the country, or of the state in the US, Canada and Australia; else
    the shop's. A state that lies in several zones gives all of them, a state that is not known those of the
    whole country (LAW-18). Zones whose clocks agree from 2025 on count as one: that of Berlin is Germany's.

    `customer` (a zone), `country` and `region` (a code or a name) come from outside and may be anything;
    `shop` is a zone that must exist.
    """
    return _own(customer, country, region) or (ZoneInfo(shop),)


def zone_for(customer: str, country: str, region: str, shop: str) -> ZoneInfo:
    """Return the one zone in which times are told to a person. The arguments are those of `zones_of`.

    In a state with several zones it is that of most of its people; of a whole country with several none is,
    so that the shop's counts.
    """
    zones = _own(customer, country, region)
    if len(zones) == 1 or (zones and zones_of_state(_code(country), region)):
        return zones[0]
    return ZoneInfo(shop)


def _own(customer: str, country: str, region: str) -> tuple[ZoneInfo, ...]:
    """Return the zones of a person without those of the shop; () if nothing is known."""
    told = _zone(customer)
    if told is not None:
        return (told,)
    code = _code(country)
    if code in STATES:
        return _clocks(zones_of_state(code, region) or zones_of_states(code))
    return _clocks(tuple(get_global("territory_zones").get(code, ())))


def _code(country: str) -> str:
    return country.strip().upper()


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@cache
def _clocks(names: tuple[str, ...]) -> tuple[ZoneInfo, ...]:
    """Return the first zone of each clock, in their order. A database of zones may not know every name."""
    clocks: dict[tuple[timedelta | None, ...], ZoneInfo] = {}
    for name in names:
        zone = _zone(name)
        if zone is not None:
            clocks.setdefault(tuple(moment.astimezone(zone).utcoffset() for moment in _COMPARED), zone)
    return tuple(clocks.values())

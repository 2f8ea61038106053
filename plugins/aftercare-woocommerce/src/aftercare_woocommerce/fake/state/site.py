"""The site of a shop: what every answer depends on, and how moments and links are told there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What every answer of a shop depends on."""

    url: str
    zone: ZoneInfo
    decimals: int
    release: str

    @property
    def api(self) -> str:
        """Where its REST API is."""
        return f"{self.url}/wp-json/wc/v3"


def moments(site: Site, what: str, at: datetime | None) -> dict[str, str | None]:
    """Return both fields of a moment: on the site's clock, and in UTC; neither says which it is."""
    if at is None:
        return {f"date_{what}": None, f"date_{what}_gmt": None}
    zones = ((f"date_{what}", site.zone), (f"date_{what}_gmt", UTC))
    return {name: f"{at.astimezone(zone):%Y-%m-%dT%H:%M:%S}" for name, zone in zones}


def links(site: Site, collection: str, number: int) -> dict[str, Any]:
    """Return what every object links to."""
    place = f"{site.api}/{collection}"
    allowed = {"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]}
    return {
        "self": [{"href": f"{place}/{number}", "targetHints": allowed}],
        "collection": [{"href": place}],
    }

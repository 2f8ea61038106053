"""What the site tells of itself: the index of its APIs, and `data/currencies/current`."""

from __future__ import annotations

from typing import Any

from aftercare_woocommerce.fake.rest.calls import Answer, Call, Routes
from aftercare_woocommerce.fake.rest.collection import Collection


class Index(Collection):
    """Answers about the site."""

    def _routes(self) -> Routes:
        return {
            **super()._routes(),
            ("GET", "data/currencies/current"): self._currency,
        }

    def _currency(self, call: Call) -> Answer:
        place = f"{self.shop.site.api}/data/currencies"
        code = self.shop.currency
        links = {
            "self": [{"href": f"{place}/{code}", "targetHints": {"allow": ["GET"]}}],
            "collection": [{"href": place}],
        }
        return 200, {"code": code, "name": code, "symbol": code, "_links": links}

    def _index(self) -> dict[str, Any]:
        site = self.shop.site
        offset = self.shop.now.astimezone(site.zone).utcoffset()
        return {
            "name": "A fake shop",
            "description": "",
            "url": site.url,
            "home": site.url,
            "gmt_offset": (offset.total_seconds() if offset else 0) / 3600,
            "timezone_string": site.zone.key,
            "namespaces": ["wc/v3", "wc/store/v1", "wc/v2", "wp/v2"],
        }

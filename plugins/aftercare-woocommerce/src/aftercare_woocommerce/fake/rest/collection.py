"""What every collection stands on: the shop, its routes, and how meta data are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_woocommerce.fake.rest.calls import Routes
from aftercare_woocommerce.fake.shop import FakeWooCommerce
from aftercare_woocommerce.fake.state.things import Meta


class Collection:
    """What answers about one kind of thing in a shop."""

    def __init__(self, shop: FakeWooCommerce) -> None:
        self.shop = shop

    def _routes(self) -> Routes:
        """Return what answers; each collection adds its own."""
        return {}

    def _write_meta(self, entries: list[Meta], data: Mapping[str, Any]) -> None:
        """Write `meta_data`: an entry with an id is set or, by null, deleted; else its key counts."""
        for told in data.get("meta_data", ()):
            key, value, number = told.get("key"), told.get("value"), told.get("id")
            same = [each for each in entries if each.id == number] if number else []
            same = same or [each for each in entries if each.key == key][:1]
            if value is None:
                entries[:] = [each for each in entries if each not in same]
            elif same:
                same[0].value = value
            else:
                entries.extend(self.shop._meta({key: value}))  # noqa: SLF001 - one fake in two folders

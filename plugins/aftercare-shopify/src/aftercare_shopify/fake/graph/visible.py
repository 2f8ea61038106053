"""Which orders an app sees."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from aftercare_shopify.fake.state.orders import Order

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records

WINDOW = timedelta(days=60)


def seen_orders(shop: Records, orders: Iterable[Order] | None = None) -> list[Order]:
    """Return orders without those that are too old for an app that may not read all of them."""
    there = list(shop.orders.values() if orders is None else orders)
    if "read_all_orders" in shop.access.scopes:
        return there
    return [each for each in there if each.created > shop.now - WINDOW]

from __future__ import annotations

import json

from aftercare_sdk.engine import imported
from tests.support.shop import order


def test_orders_come_back_as_they_were():
    """Out of fewer bytes, and readable for a person."""
    orders = tuple(order(str(number), refunds={"7": (100, order().placed_at)}) for number in range(100))
    body = imported.encode(orders)
    assert orders == imported.decode(body)
    assert [one.id for one in orders] == [one["id"] for one in json.loads(imported.text(body))]
    assert len(body) < len(imported.text(body)) / 8

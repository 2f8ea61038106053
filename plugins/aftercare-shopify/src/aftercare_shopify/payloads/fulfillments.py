"""What fulfilments, and the events of parcels, say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_sdk.model.orders import OrderSnapshot, Parcel
from aftercare_shopify.orders import Fulfilment, shipments
from aftercare_shopify.payloads.bags import identity
from aftercare_shopify.versions import UNDATED, dated

DELIVERED = "delivered"


def fulfilment(told: Mapping[str, Any]) -> Fulfilment:
    """Return a fulfilment. That it has been delivered is told without the moment, and so not taken over."""
    lines = told["line_items"]
    return Fulfilment(
        id=identity(told),
        status=told["status"],
        at=told["created_at"],
        # Gift cards and downloads are fulfilled too. Where a line does not say, it is taken for a thing.
        ships=not lines or any(line["requires_shipping"] is not False for line in lines),
    )


def shipped(told: Mapping[str, Any], *, shop: str) -> OrderSnapshot | None:
    """Return the notice that a parcel of an order has left, or None while it has not."""
    parcels = shipments([fulfilment(told)])
    if not parcels:
        return None
    notice = OrderSnapshot(
        shop=shop, id=str(told["order_id"]), version=UNDATED, shipments=parcels, partial=True
    )
    return dated(notice, told["updated_at"])


def delivered(event: Mapping[str, Any], *, shop: str) -> OrderSnapshot | None:
    """Return the notice that a parcel of an order has arrived, or None if that is not the event."""
    if event["status"].lower() != DELIVERED:
        return None
    parcel = Parcel(id=str(event["fulfillment_id"]), at=event["happened_at"])
    notice = OrderSnapshot(
        shop=shop, id=str(event["order_id"]), version=UNDATED, deliveries=(parcel,), partial=True
    )
    return dated(notice, event["updated_at"])

"""The bodies of `fulfillments/…` and `fulfillment_events/create`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.lines import short_line_body
from aftercare_shopify.fake.bodies.parts import address, at, gid
from aftercare_shopify.fake.state.orders import Order
from aftercare_shopify.fake.state.parcels import Fulfillment, ParcelEvent

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def fulfillment_body(shop: Records, order: Order, parcel: Fulfillment) -> dict[str, Any]:
    """Return a parcel as its own webhooks tell it."""
    return {
        "id": parcel.id,
        "order_id": order.id,
        "status": parcel.status,
        "created_at": at(shop, parcel.created),
        "service": "manual",
        "updated_at": at(shop, parcel.updated),
        "tracking_company": parcel.company,
        "shipment_status": parcel.shipment_status,
        "location_id": shop.location_id,
        "origin_address": None,
        "email": order.email,
        "destination": address(order.destination),
        "line_items": _lines(shop, order, parcel),
        "tracking_number": parcel.number,
        "tracking_numbers": [parcel.number] if parcel.number else [],
        "tracking_url": parcel.url,
        "tracking_urls": [parcel.url] if parcel.url else [],
        "receipt": {},
        "name": parcel.name,
        "admin_graphql_api_id": gid("Fulfillment", parcel.id),
    }


def embedded(shop: Records, order: Order, parcel: Fulfillment) -> dict[str, Any]:
    """Return a parcel as orders tell it: without who gets it."""
    body = fulfillment_body(shop, order, parcel)
    # An empty object here, null in the parcel's own body.
    return {name: value for name, value in body.items() if name not in ("email", "destination")} | {
        "origin_address": {}
    }


def event_body(shop: Records, order: Order, parcel: Fulfillment, event: ParcelEvent) -> dict[str, Any]:
    """Return what happened to a parcel."""
    return {
        "id": event.id,
        "fulfillment_id": parcel.id,
        "status": event.status,
        "message": event.message,
        "happened_at": at(shop, event.happened),
        "city": None,
        "province": None,
        "country": order.destination.country_code if order.destination else None,
        "zip": None,
        "address1": None,
        "latitude": None,
        "longitude": None,
        "shop_id": shop.shop_id,
        "created_at": at(shop, event.created),
        "updated_at": at(shop, event.created),
        "estimated_delivery_at": at(shop, event.estimated),
        "order_id": order.id,
        "admin_graphql_api_id": gid("FulfillmentEvent", event.id),
    }


def _lines(shop: Records, order: Order, parcel: Fulfillment) -> list[dict[str, Any]]:
    return [
        short_line_body(shop, order, order.line(line), quantity) for line, quantity in parcel.lines.items()
    ]

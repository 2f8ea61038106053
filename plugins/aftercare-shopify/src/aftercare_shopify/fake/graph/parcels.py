"""Parcels as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.graph.connections import connection, nothing
from aftercare_shopify.fake.graph.parts import Node, both, ids, moment, plain, some
from aftercare_shopify.fake.state.orders import Order
from aftercare_shopify.fake.state.parcels import Fulfillment, ParcelEvent

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def parcel_node(shop: Records, order: Order, parcel: Fulfillment) -> Node:
    """Return a parcel."""
    from aftercare_shopify.fake.graph.orders import order_node

    estimated = max((each.estimated for each in parcel.events if each.estimated), default=None)
    tracked = parcel.company or parcel.number or parcel.url
    return {
        **ids("Fulfillment", parcel.id),
        "name": parcel.name,
        "status": parcel.status.upper(),
        "displayStatus": _display(parcel),
        "createdAt": moment(parcel.created),
        "updatedAt": moment(parcel.updated),
        "inTransitAt": moment(parcel.first("in_transit")),
        "deliveredAt": moment(parcel.first("delivered")),
        "estimatedDeliveryAt": moment(estimated),
        "requiresShipping": any(order.line(each).requires_shipping for each in parcel.lines),
        "totalQuantity": sum(parcel.lines.values()),
        "trackingInfo": some(
            [{"company": parcel.company, "number": parcel.number, "url": parcel.url}] if tracked else []
        ),
        "order": lambda **_: order_node(shop, order),
        "fulfillmentLineItems": lambda **told: connection(
            parcel.lines.items(),
            told,
            lambda each: _line(shop, order, parcel, *each),
            lambda each: (parcel.line_ids[each[0]], parcel.line_ids[each[0]]),
        ),
        "events": lambda sortKey="HAPPENED_AT", **told: connection(  # noqa: N803 - as GraphQL calls it
            parcel.events,
            told,
            lambda each: event_node(order, each),
            # The newest comes first unless told otherwise.
            lambda each: (-each.happened.timestamp() if sortKey == "HAPPENED_AT" else each.id, each.id),
        ),
        "fulfillmentOrders": nothing,
    }


def event_node(order: Order, event: ParcelEvent) -> Node:
    """Return what a carrier told."""
    return {
        **ids("FulfillmentEvent", event.id),
        "status": event.status.upper(),
        "message": event.message,
        "happenedAt": moment(event.happened),
        "createdAt": moment(event.created),
        "estimatedDeliveryAt": moment(event.estimated),
        "country": order.destination.country_code if order.destination else None,
    }


def _line(shop: Records, order: Order, parcel: Fulfillment, line: int, quantity: int) -> dict[str, Any]:
    from aftercare_shopify.fake.graph.lines import line_node

    found = order.line(line)
    price = found.price.times(quantity)
    return {
        "__typename": "FulfillmentLineItem",
        "id": gid("FulfillmentLineItem", parcel.line_ids[line]),
        "quantity": quantity,
        "lineItem": lambda **_: line_node(shop, order, found),
        "originalTotal": plain(price.shop, order.exchange.shop),
        "originalTotalSet": both(price, order.exchange),
        "discountedTotal": plain(found.net.portion(quantity, found.quantity).shop, order.exchange.shop),
        "discountedTotalSet": both(found.net.portion(quantity, found.quantity), order.exchange),
    }


def _display(parcel: Fulfillment) -> str:
    if parcel.status == "cancelled":
        return "CANCELED"
    if parcel.shipment_status is not None:
        return parcel.shipment_status.upper()
    return "FULFILLED"

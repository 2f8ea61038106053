"""What `aftercare trigger` sends: messages in the documented wire format, of an order that nobody made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aftercare_customshop.signing import signed
from aftercare_sdk.model.orders import OrderLine
from aftercare_sdk.model.shops import RawRequest, Sample, SampleOrder, Shop

_PARCEL = "1"


def purchase(shop: Shop, order: SampleOrder) -> RawRequest:
    """Return `order.created` of an order that is paid."""
    return _signed(shop, order, "order.created", _told(shop, order))


def shipment(shop: Shop, order: SampleOrder) -> RawRequest:
    """Return `shipment.created`: the only parcel has left."""
    data = {"order": order.id, "id": _PARCEL, "shipped_at": _moment(order.happened_at)}
    return _signed(shop, order, "shipment.created", data)


def delivery(shop: Shop, order: SampleOrder) -> RawRequest:
    """Return `delivery.reported`: the only parcel has arrived."""
    data = {"order": order.id, "id": _PARCEL, "delivered_at": _moment(order.happened_at)}
    return _signed(shop, order, "delivery.reported", data)


def refund(shop: Shop, order: SampleOrder) -> RawRequest:
    """Return `refund.created`: everything was given back, shipping included."""
    data = {
        "order": order.id,
        "id": f"R-{order.id}",
        "currency": order.currency,
        "amount": str(order.total.amount),
        "refunded_at": _moment(order.happened_at),
        "lines": [
            {"line": line.id, "quantity": line.quantity, "amount": str(line.paid.amount)}
            for line in order.lines
        ],
    }
    return _signed(shop, order, "refund.created", data)


def cancellation(shop: Shop, order: SampleOrder) -> RawRequest:
    """Return `order.updated` of an order that was cancelled."""
    data = {**_told(shop, order), "cancelled": True, "status": "cancelled"}
    return _signed(shop, order, "order.updated", data)


SAMPLES: Mapping[str, Sample] = {
    "purchase": purchase,
    "shipment": shipment,
    "delivery": delivery,
    "refund": refund,
    "cancellation": cancellation,
}


def _told(shop: Shop, order: SampleOrder) -> dict[str, Any]:
    """Return the whole order; what it does not name (parcels, refunds) stays as it is known."""
    contact = order.contact
    return {
        "id": order.id,
        "number": order.number,
        "placed_at": _moment(order.placed_at),
        "updated_at": _moment(order.happened_at),
        "paid_at": _moment(order.placed_at),
        "currency": order.currency,
        "total": str(order.total.amount),
        "shipping": str(order.shipping.amount),
        "lines": [_line(line) for line in order.lines],
        "contact": {
            "email": contact.email,
            "family_name": contact.family_name,
            "given_name": contact.given_name,
        },
        "country": shop.country or None,
        "locale": shop.locale,
        "gateway": "card",
        "status": "paid",
        "cancelled": False,
        "needs_shipping": True,
    }


def _line(line: OrderLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "title": line.title,
        "quantity": line.quantity,
        "paid": str(line.paid.amount),
        "tax": str(line.tax.amount),
        "product": line.product,
        "sku": line.sku,
    }


def _moment(at: datetime) -> str:
    return at.isoformat()


def _signed(shop: Shop, order: SampleOrder, kind: str, data: Mapping[str, Any]) -> RawRequest:
    message = {"type": kind, "timestamp": _moment(order.happened_at), "data": data}
    return signed(shop.secrets[0], message, at=order.sent_at)

"""What `aftercare trigger` sends: recorded webhooks of a real store, told anew of an order that nobody made.

Everything that the adapter does not read stays as the store wrote it, so that the shape is the real one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import OrderLine
from aftercare_sdk.model.shops import RawRequest, Sample, SampleOrder, Shop
from aftercare_woocommerce.options import Rules
from aftercare_woocommerce.samples import RECORDINGS
from aftercare_woocommerce.signature import HEADER, sign

_RECORDED = "022-order-updated-pending-to-processing.json"
"""An order that was just paid, with a tax, a shipping line and an account."""
_CREATED, _UPDATED = "order.created", "order.updated"
_WEBHOOK_IDS = {_CREATED: "1", _UPDATED: "2"}
_REFUND_AFTER = 500_000_000
"""Orders and refunds share one sequence of ids; this keeps the two apart."""


def purchase(shop: Shop, order: SampleOrder) -> RawRequest:
    """Return `order.created` of an order that is paid, as a shop sends it after a checkout."""
    return _request(shop, order, _CREATED, _told(shop, order, status="processing"))


def shipment(shop: Shop, order: SampleOrder) -> RawRequest:
    """Return `order.updated` of an order with a status that means that the parcel has left."""
    statuses = Rules.of(shop.options).shipped_statuses
    if not statuses:
        raise ConfigurationError(
            f"shops.{shop.name}: no status means that a parcel has left, so this shop never tells of a "
            'shipment; write shipped_statuses = ["completed"]'
        )
    # `completed` is the one that WooCommerce itself has, and dates.
    status = "completed" if "completed" in statuses else min(statuses)
    completed = order.happened_at if status == "completed" else None
    return _request(shop, order, _UPDATED, _told(shop, order, status=status, completed=completed))


def refund(shop: Shop, order: SampleOrder) -> RawRequest:
    """Return `order.updated` of an order of which everything was given back."""
    told = _told(shop, order, status="refunded", completed=order.shipped_at)
    tax = sum((line.tax for line in order.lines), start=Money(0, order.currency))
    told["refunds"] = [
        {
            "id": int(order.id) + _REFUND_AFTER,
            "reason": "",
            "total": f"-{order.total.amount}",
            "total_tax": f"-{tax.amount}",
        }
    ]
    return _request(shop, order, _UPDATED, told)


def cancellation(shop: Shop, order: SampleOrder) -> RawRequest:
    """Return `order.updated` of an order that was cancelled."""
    told = _told(shop, order, status="cancelled", completed=order.shipped_at)
    return _request(shop, order, _UPDATED, told)


SAMPLES: Mapping[str, Sample] = {
    "purchase": purchase,
    "shipment": shipment,
    "delivery": (
        "WooCommerce does not know when a parcel arrives. A delivery is assumed, by default three days after "
        "the shipment (assume_delivered): trigger a shipment instead, with --at four days ago"
    ),
    "refund": refund,
    "cancellation": cancellation,
}


@cache
def _recorded() -> Mapping[str, Any]:
    recorded: dict[str, Any] = json.loads((RECORDINGS / "webhooks" / _RECORDED).read_text(encoding="utf-8"))
    return recorded


def _told(
    shop: Shop, order: SampleOrder, *, status: str, completed: datetime | None = None
) -> dict[str, Any]:
    """Return the whole order, as WooCommerce tells it after every change."""
    told: dict[str, Any] = json.loads(_recorded()["body"])
    site = str(shop.options.get("url") or "https://shop.example").rstrip("/")
    place = f"{site}/wp-json/wc/v3/orders/{order.id}"
    tax = sum((line.tax for line in order.lines), start=Money(0, order.currency))
    told |= {
        "id": int(order.id),
        "number": order.number,
        "status": status,
        "currency": order.currency,
        "currency_symbol": order.currency,
        "order_key": f"wc_order_{order.number}",
        "customer_id": 0,
        "transaction_id": "",
        "shipping_total": _amount(order.shipping),
        "shipping_tax": _amount(Money(0, order.currency)),
        "discount_total": _amount(Money(0, order.currency)),
        "discount_tax": _amount(Money(0, order.currency)),
        "cart_tax": _amount(tax),
        "total_tax": _amount(tax),
        "total": _amount(order.total),
        "billing": _address(told["billing"], order),
        "line_items": [_line(told["line_items"][0], line, order) for line in order.lines],
        "tax_lines": [{**told["tax_lines"][0], "tax_total": _amount(tax)}],
        "shipping_lines": [
            {
                **told["shipping_lines"][0],
                "total": _amount(order.shipping),
                "total_tax": _amount(Money(0, order.currency)),
                "taxes": [],
            }
        ],
        "refunds": [],
        "meta_data": [],
        "payment_url": f"{site}/checkout/order-pay/{order.id}/?pay_for_order=true",
        "_links": {"self": [{"href": place}], "collection": [{"href": place.rpartition("/")[0]}]},
        **_moments(shop, "created", order.placed_at),
        **_moments(shop, "paid", order.placed_at),
        **_moments(shop, "modified", order.happened_at),
        **_moments(shop, "completed", completed),
    }
    told["shipping"] = {key: value for key, value in told["billing"].items() if key != "email"}
    return told


def _line(recorded: Mapping[str, Any], line: OrderLine, order: SampleOrder) -> dict[str, Any]:
    net = _amount(line.paid - line.tax)
    tax = _amount(line.tax)
    return {
        **recorded,
        "id": int(order.id) * 10 + int(line.id),
        "name": line.title,
        "product_id": int(line.product or 0),
        "quantity": line.quantity,
        "sku": line.sku or "",
        "subtotal": net,
        "subtotal_tax": tax,
        "total": net,
        "total_tax": tax,
        "taxes": [{"id": 1, "total": tax, "subtotal": tax}],
        "meta_data": [],
    }


def _address(recorded: Mapping[str, Any], order: SampleOrder) -> dict[str, Any]:
    contact = order.contact
    return {
        **dict.fromkeys(recorded, ""),
        "first_name": contact.given_name,
        "last_name": contact.family_name,
        "country": contact.country,
        "email": contact.email,
    }


def _amount(money: Money) -> str:
    return str(money.amount)


def _moments(shop: Shop, what: str, at: datetime | None) -> dict[str, str | None]:
    """Return both of WooCommerce's fields for a moment: on the shop's clock, and in UTC."""
    if at is None:
        return {f"date_{what}": None, f"date_{what}_gmt": None}
    zones = ((f"date_{what}", ZoneInfo(shop.zone)), (f"date_{what}_gmt", UTC))
    return {name: f"{at.astimezone(zone):%Y-%m-%dT%H:%M:%S}" for name, zone in zones}


def _request(shop: Shop, order: SampleOrder, topic: str, told: Mapping[str, Any]) -> RawRequest:
    # As PHP writes JSON: ASCII, with every slash escaped.
    body = json.dumps(told, separators=(",", ":")).replace("/", "\\/").encode()
    resource, _, event = topic.partition(".")
    recorded = _recorded()["headers"]
    kept = {name: recorded[name] for name in ("User-Agent", "Accept", "Content-Type")}
    headers = {
        **kept,
        "X-WC-Webhook-Source": str(shop.options.get("url") or "https://shop.example/"),
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": event,
        HEADER: sign(shop.secrets[0], body).decode(),
        "X-WC-Webhook-ID": _WEBHOOK_IDS[topic],
        # WooCommerce makes it of the webhook and the second.
        "X-WC-Webhook-Delivery-ID": hashlib.md5(
            f"{_WEBHOOK_IDS[topic]}{int(order.sent_at.timestamp())}".encode(), usedforsecurity=False
        ).hexdigest(),
    }
    return RawRequest(headers, body, received_at=order.sent_at)

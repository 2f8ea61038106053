"""What `aftercare trigger` sends: Shopify's examples of webhooks, told anew of an order that nobody made.

Everything that the adapter does not read stays as Shopify wrote it, so that the shape is the real one. None
of them needs a read: the shop does not have this order.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import OrderLine
from aftercare_sdk.model.shops import RawRequest, Sample, SampleOrder, Shop
from aftercare_shopify.headers import Header
from aftercare_shopify.operations import API_VERSION
from aftercare_shopify.samples import example
from aftercare_shopify.signature import sign

_ANY_SHOP = "shop-of-nobody.myshopify.com"
_GATEWAY = "shopify_payments"


def purchase(shop: Shop, order: SampleOrder) -> RawRequest:
    """Return `orders/create` of an order that is paid, as a shop sends it after a checkout."""
    return _request(shop, order, "orders/create", _order(shop, order))


def shipment(shop: Shop, order: SampleOrder) -> RawRequest:
    """Return `fulfillments/create` of a parcel that has left."""
    told = example("fulfillments/create")
    told |= {
        "id": _parcel(order),
        "admin_graphql_api_id": _gid("Fulfillment", _parcel(order)),
        "order_id": int(order.id),
        "status": "success",
        "name": f"{order.number}.1",
        "created_at": _moment(shop, order.happened_at),
        "updated_at": _moment(shop, order.happened_at),
        "email": order.contact.email,
        "destination": _address(told["destination"], order),
        "tracking_number": None,
        "tracking_numbers": [],
        "tracking_url": None,
        "tracking_urls": [],
        "line_items": [_line(told["line_items"][0], line, order) for line in order.lines],
    }
    return _request(shop, order, "fulfillments/create", told)


def delivery(shop: Shop, order: SampleOrder) -> RawRequest:
    """Return `fulfillment_events/create` of a parcel that has arrived."""
    told = example("fulfillment_events/create")
    event = _parcel(order)
    told |= {
        "id": event,
        "admin_graphql_api_id": _gid("FulfillmentEvent", event),
        "fulfillment_id": _parcel(order),
        "order_id": int(order.id),
        "status": "delivered",
        "message": "Delivered",
        "country": order.contact.country,
    }
    told |= dict.fromkeys(("happened_at", "created_at", "updated_at"), _moment(shop, order.happened_at))
    return _request(shop, order, "fulfillment_events/create", told)


def refund(shop: Shop, order: SampleOrder) -> RawRequest:
    """Return `refunds/create` of everything that was paid, as an amount: lines would need the order."""
    told = example("refunds/create")
    number = int(order.id)
    transaction = {
        **told["transactions"][0],
        "id": number,
        "admin_graphql_api_id": _gid("OrderTransaction", number),
        "order_id": number,
        "amount": str(order.total.amount),
        "currency": order.currency,
        "gateway": _GATEWAY,
        "payment_id": f"{order.number}.1",
        "created_at": _moment(shop, order.happened_at),
    }
    told |= {
        "id": number,
        "admin_graphql_api_id": _gid("Refund", number),
        "order_id": number,
        "note": None,
        "created_at": _moment(shop, order.happened_at),
        "processed_at": _moment(shop, order.happened_at),
        "total_duties_set": _bag(Money(0, order.currency)),
        "refund_line_items": [],
        "transactions": [transaction],
    }
    return _request(shop, order, "refunds/create", told)


def cancellation(shop: Shop, order: SampleOrder) -> RawRequest:
    """Return `orders/cancelled` of an order whose payment was called off with it."""
    told = _order(shop, order)
    told |= {
        "cancel_reason": "customer",
        "cancelled_at": _moment(shop, order.happened_at),
        "financial_status": "voided",
    }
    return _request(shop, order, "orders/cancelled", told)


SAMPLES: Mapping[str, Sample] = {
    "purchase": purchase,
    "shipment": shipment,
    "delivery": delivery,
    "refund": refund,
    "cancellation": cancellation,
}


def _order(shop: Shop, order: SampleOrder) -> dict[str, Any]:
    """Return the whole order, as Shopify tells it after every change."""
    told = example("orders/create")
    nothing = Money(0, order.currency)
    bought = sum((line.paid for line in order.lines), start=nothing)
    tax = sum((line.tax for line in order.lines), start=nothing)
    amounts = {
        "subtotal_price": bought,
        "total_line_items_price": bought,
        "total_price": order.total,
        "total_tax": tax,
        "total_discounts": nothing,
        "current_subtotal_price": bought,
        "current_total_price": order.total,
        "current_total_tax": tax,
        "current_total_discounts": nothing,
    }
    told |= {name: str(money.amount) for name, money in amounts.items()}
    told |= {f"{name}_set": _bag(money) for name, money in amounts.items()}
    told |= {
        "id": int(order.id),
        "admin_graphql_api_id": _gid("Order", int(order.id)),
        "name": order.number,
        "token": _uuid(order, "token").hex,
        "order_status_url": f"https://{_domain(shop)}/orders/{_uuid(order, 'token').hex}",
        "currency": order.currency,
        "presentment_currency": order.currency,
        "customer": None,
        "email": order.contact.email,
        "contact_email": order.contact.email,
        "buyer_accepts_marketing": False,
        "customer_locale": shop.locale,
        "billing_address": _address(told["billing_address"], order),
        "shipping_address": _address(told["shipping_address"], order),
        "payment_gateway_names": [_GATEWAY],
        "financial_status": "paid",
        "confirmed": True,
        "test": False,
        "tags": "",
        "cancel_reason": None,
        "cancelled_at": None,
        "taxes_included": True,
        "total_outstanding": str(nothing.amount),
        "total_shipping_price_set": _bag(order.shipping),
        "current_shipping_price_set": _bag(order.shipping),
        "total_tip_received": str(nothing.amount),
        "total_cash_rounding_payment_adjustment_set": _bag(nothing),
        "total_cash_rounding_refund_adjustment_set": _bag(nothing),
        "line_items": [_line(told["line_items"][0], line, order) for line in order.lines],
        "shipping_lines": [_shipping(told["shipping_lines"][0], order)],
        "created_at": _moment(shop, order.placed_at),
        "processed_at": _moment(shop, order.placed_at),
        "updated_at": _moment(shop, order.happened_at),
    }
    return told


def _line(example_line: Mapping[str, Any], line: OrderLine, order: SampleOrder) -> dict[str, Any]:
    # A price is told by the piece; what it is too high by is told as a discount.
    price = Money(-(-line.paid.minor // line.quantity), order.currency)
    off = Money(price.minor * line.quantity - line.paid.minor, order.currency)
    number = int(order.id) * 10 + int(line.id)
    told: dict[str, Any] = {
        "id": number,
        "admin_graphql_api_id": _gid("LineItem", number),
        "attributed_staffs": [],
        "title": line.title,
        "name": line.title,
        "quantity": line.quantity,
        "current_quantity": line.quantity,
        "fulfillable_quantity": line.quantity,
        "price": str(price.amount),
        "price_set": _bag(price),
        "product_id": int(line.product) if line.product else None,
        "variant_id": None,
        "sku": line.sku,
        "total_discount": str(off.amount),
        "total_discount_set": _bag(off),
        "tax_lines": [
            {
                "channel_liable": False,
                "price": str(line.tax.amount),
                "price_set": _bag(line.tax),
                "rate": 0.1,
                "title": "Tax",
            }
        ],
        "discount_allocations": [
            {"amount": str(off.amount), "amount_set": _bag(off), "discount_application_index": 0}
        ]
        if off.minor
        else [],
    }
    # A fulfilment tells less of a line than an order.
    return {**example_line, **{name: value for name, value in told.items() if name in example_line}}


def _shipping(example_line: Mapping[str, Any], order: SampleOrder) -> dict[str, Any]:
    amount, bag = str(order.shipping.amount), _bag(order.shipping)
    return {
        **example_line,
        "price": amount,
        "price_set": bag,
        "discounted_price": amount,
        "discounted_price_set": bag,
        "current_discounted_price_set": bag,
    }


def _address(example_address: Mapping[str, Any], order: SampleOrder) -> dict[str, Any]:
    contact = order.contact
    return {
        **dict.fromkeys(example_address),
        "first_name": contact.given_name,
        "last_name": contact.family_name,
        "name": f"{contact.given_name} {contact.family_name}",
        "country_code": contact.country,
    }


def _bag(money: Money) -> dict[str, Any]:
    told = {"amount": str(money.amount), "currency_code": money.currency}
    return {"shop_money": told, "presentment_money": told}


def _moment(shop: Shop, at: datetime) -> str:
    return at.astimezone(ZoneInfo(shop.zone)).isoformat(timespec="seconds")


def _parcel(order: SampleOrder) -> int:
    return int(order.id) + 1


def _gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def _domain(shop: Shop) -> str:
    return str(shop.options.get("domain") or _ANY_SHOP)


def _uuid(order: SampleOrder, *what: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, "/".join((order.id, *what)))


def _request(shop: Shop, order: SampleOrder, topic: str, told: Mapping[str, Any]) -> RawRequest:
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    sent = order.sent_at.isoformat()
    said = {
        Header.TOPIC: topic,
        Header.SIGNATURE: sign(shop.secrets[0], body),
        Header.SHOP: _domain(shop),
        Header.VERSION: API_VERSION,
        Header.DELIVERY: str(_uuid(order, topic, sent)),
        Header.EVENT: str(_uuid(order, sent)),
        Header.TRIGGERED: sent,
    }
    headers = {f"X-{name}": text for name, text in said.items()}
    return RawRequest({"Content-Type": "application/json", **headers}, body, received_at=order.sent_at)

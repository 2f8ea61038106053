"""The body of `refunds/create`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.lines import short_line_body
from aftercare_shopify.fake.bodies.parts import at, both, gid
from aftercare_shopify.fake.bodies.transactions import transaction_body
from aftercare_shopify.fake.state.money import ZERO, major, written
from aftercare_shopify.fake.state.orders import Order
from aftercare_shopify.fake.state.refunds import Refund, RefundLine

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def refund_body(shop: Records, order: Order, refund: Refund) -> dict[str, Any]:
    """Return a refund, as its own webhook and orders tell it."""
    return {
        "id": refund.id,
        "order_id": order.id,
        "created_at": at(shop, refund.created),
        "note": refund.note,
        "user_id": None,
        "processed_at": at(shop, refund.created),
        "duties": [],
        "total_duties_set": both(ZERO, order.exchange),
        "return": None,
        "refund_shipping_lines": _shipping(order, refund),
        "restock": refund.restocks,
        "admin_graphql_api_id": gid("Refund", refund.id),
        "order_adjustments": _adjustments(order, refund),
        "refund_line_items": [_line(shop, order, each) for each in refund.lines],
        "transactions": [
            transaction_body(shop, order, each, alone=False)
            for each in order.transactions
            if each.id in refund.transactions
        ],
    }


def _line(shop: Records, order: Order, told: RefundLine) -> dict[str, Any]:
    return {
        "id": told.id,
        "quantity": told.quantity,
        "line_item_id": told.line,
        "location_id": shop.location_id if told.restock != "no_restock" else None,
        "restock_type": told.restock,
        # The two amounts that are JSON numbers.
        "subtotal": _number(told.subtotal.shop, order.exchange.shop),
        "total_tax": _number(told.tax.shop, order.exchange.shop),
        "subtotal_set": both(told.subtotal, order.exchange),
        "total_tax_set": both(told.tax, order.exchange),
        "line_item": short_line_body(shop, order, order.line(told.line)),
    }


def _number(amount: int, currency: str) -> int | float:
    value = major(amount, currency)
    return int(value) if value == value.to_integral_value() else float(Decimal(value))


def _shipping(order: Order, refund: Refund) -> list[dict[str, Any]]:
    if refund.shipping == ZERO:
        return []
    return [
        {
            "id": refund.shipping_id,
            "shipping_line_id": order.shipping[0].id,
            "subtotal_amount_set": both(refund.shipping, order.exchange),
            "tax_amount_set": both(refund.shipping_tax, order.exchange),
        }
    ]


def _adjustments(order: Order, refund: Refund) -> list[dict[str, Any]]:
    if refund.beyond == ZERO:
        return []
    return [
        {
            "id": refund.adjustment_id,
            "order_id": order.id,
            "refund_id": refund.id,
            "amount": written(-refund.beyond.shop, order.exchange.shop),
            "tax_amount": written(0, order.exchange.shop),
            "kind": "refund_discrepancy",
            "reason": "Refund discrepancy",
            "amount_set": both(-refund.beyond, order.exchange),
            "tax_amount_set": both(ZERO, order.exchange),
        }
    ]

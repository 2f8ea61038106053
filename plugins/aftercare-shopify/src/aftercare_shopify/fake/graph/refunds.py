"""Refunds as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.graph.connections import connection, field
from aftercare_shopify.fake.graph.parts import Node, both, ids, moment, money, plain
from aftercare_shopify.fake.graph.transactions import transaction_node
from aftercare_shopify.fake.state.money import ZERO, total
from aftercare_shopify.fake.state.orders import Order
from aftercare_shopify.fake.state.refunds import Refund, RefundLine

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def refund_node(shop: Records, order: Order, refund: Refund) -> Node:
    """Return a refund."""
    from aftercare_shopify.fake.graph.orders import order_node

    moved = [each for each in order.transactions if each.id in refund.transactions]
    given = total(each.amount for each in moved if each.status == "success")
    exchange = order.exchange
    adjustment = {
        "__typename": "OrderAdjustment",
        "id": gid("OrderAdjustment", refund.adjustment_id),
        "amountSet": both(-refund.beyond, exchange),
        "taxAmountSet": both(ZERO, exchange),
        "reason": "REFUND_DISCREPANCY",
    }
    shipping = {
        "__typename": "RefundShippingLine",
        "id": gid("RefundShippingLine", refund.shipping_id),
        "shippingLine": _shipping(order),
        "subtotalAmountSet": both(refund.shipping, exchange),
        "taxAmountSet": both(refund.shipping_tax, exchange),
    }
    return {
        **ids("Refund", refund.id),
        "createdAt": moment(refund.created),
        "processedAt": moment(refund.created),
        "updatedAt": moment(refund.created),
        "note": refund.note,
        "return": None,
        "duties": [],
        "order": lambda **_: order_node(shop, order),
        "totalRefunded": money(given.shop, exchange.shop),
        "totalRefundedSet": both(given, exchange),
        "refundLineItems": field(refund.lines, lambda each: _line(shop, order, each)),
        "refundShippingLines": lambda **told: connection(
            [] if refund.shipping == ZERO else [shipping],
            told,
            lambda each: each,
            lambda _: (refund.shipping_id,) * 2,
        ),
        "orderAdjustments": lambda **told: connection(
            [] if refund.beyond == ZERO else [adjustment],
            told,
            lambda each: each,
            lambda _: (refund.adjustment_id,) * 2,
        ),
        "transactions": field(moved, lambda each: transaction_node(shop, order, each)),
    }


def _line(shop: Records, order: Order, told: RefundLine) -> Node:
    from aftercare_shopify.fake.graph.lines import line_node

    exchange, line = order.exchange, order.line(told.line)
    return {
        "__typename": "RefundLineItem",
        "id": gid("RefundLineItem", told.id),
        "quantity": told.quantity,
        "restockType": told.restock.upper(),
        "restocked": told.restock != "no_restock",
        "price": plain(line.price.shop, exchange.shop),
        "priceSet": both(line.price, exchange),
        "subtotal": plain(told.subtotal.shop, exchange.shop),
        "subtotalSet": both(told.subtotal, exchange),
        "totalTax": plain(told.tax.shop, exchange.shop),
        "totalTaxSet": both(told.tax, exchange),
        "lineItem": lambda **_: line_node(shop, order, line),
    }


def _shipping(order: Order) -> Node:
    from aftercare_shopify.fake.graph.lines import shipping_node

    return shipping_node(order, order.shipping[0]) if order.shipping else {}

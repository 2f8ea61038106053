"""Movements of money as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aftercare_shopify.fake.graph.parts import Node, both, ids, moment, money, plain
from aftercare_shopify.fake.state.money import ZERO
from aftercare_shopify.fake.state.orders import Order, Transaction

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def transaction_node(shop: Records, order: Order, told: Transaction) -> Node:
    """Return a movement of money."""
    from aftercare_shopify.fake.graph.orders import order_node

    parent = next((each for each in order.transactions if each.id == told.parent), None)
    exchange = order.exchange
    back = sum(
        each.amount.presentment
        for each in order.transactions
        if each.parent == told.id and each.kind == "refund" and each.status == "success"
    )
    paid = told.kind in ("sale", "capture") and told.status == "success"
    open_ = told.kind == "authorization" and order.capturable != ZERO
    return {
        **ids("OrderTransaction", told.id),
        "kind": told.kind.upper(),
        "status": told.status.upper(),
        "gateway": told.gateway,
        "formattedGateway": told.gateway.replace("_", " ").title() if "_" in told.gateway else told.gateway,
        "amount": plain(told.amount.shop, exchange.shop),
        "amountV2": money(told.amount.shop, exchange.shop),
        "amountSet": both(told.amount, exchange),
        "createdAt": moment(told.created),
        "processedAt": moment(told.processed),
        "test": told.test,
        "manualPaymentGateway": told.manual,
        "manuallyCapturable": open_,
        "multiCapturable": False,
        "maximumRefundableV2": money(told.amount.presentment - back, exchange.presentment) if paid else None,
        "paymentId": told.payment,
        "receiptJson": "{}",
        "fees": [],
        "totalUnsettledSet": both(told.amount if told.status == "pending" or open_ else ZERO, exchange),
        "settlementCurrency": exchange.shop,
        "parentTransaction": lambda **_: None if parent is None else transaction_node(shop, order, parent),
        "order": lambda **_: order_node(shop, order),
    }

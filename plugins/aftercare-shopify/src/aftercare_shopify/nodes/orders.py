"""What an order, and what a refund of it, says in GraphQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from aftercare_sdk.model.orders import OrderSnapshot, RefundSnapshot
from aftercare_shopify.amounts import (
    PAID,
    GivenBack,
    Line,
    Payment,
    ShippingLine,
    order_amounts,
    paid_at,
    refund_snapshot,
)
from aftercare_shopify.nodes.people import erased, order_contact
from aftercare_shopify.options import PRESENTMENT, Rules
from aftercare_shopify.orders import Fulfilment, OrderTold, order_snapshot

DELIVERED = "DELIVERED"


def snapshot(
    order: Mapping[str, Any],
    *,
    refunds: Iterable[Mapping[str, Any]],
    events: Iterable[Mapping[str, Any]],
    shop: str,
    rules: Rules,
) -> OrderSnapshot:
    """Return what an order says, with all of its lines, and with all of its refunds.

    `events` are the fulfilments of which only their events say when they arrived.
    """
    currency = currency_of(order, rules)
    delivered = {each["id"]: delivered_at(each) for each in events}
    payments = [_payment(each) for each in order["transactions"]]
    given_back = (_refund(each, currency, taxes_included=order["taxes_included"]) for each in refunds)
    told = OrderTold(
        id=order["id"],
        name=order["name"],
        placed_at=order["processed_at"],
        updated_at=order["updated_at"],
        financial_status=order["financial_status"],
        cancelled_at=order["cancelled_at"],
        test=order["test"],
        gateways=order["gateways"],
        codes=order["codes"],
        amounts=order_amounts(
            currency=currency,
            total=order["total"],
            taxes_included=order["taxes_included"],
            lines=[_line(each) for each in order["lines"]["nodes"]],
            shipping=[_way(each) for each in order["ways"]["nodes"]],
        ),
        customer=order["customer"]["id"] if order["customer"] else None,
        contact=order_contact(order),
        country=_country(order),
        locale=order["locale"],
        needs_shipping=_needs_shipping(order),
        fulfilments=[_fulfilment(each, delivered) for each in order["fulfillments"]],
        refunds=[each for each in given_back if each is not None],
        refunds_complete=True,
        paid_at=paid_at(
            placed_at=order["processed_at"],
            payments=payments,
            total=order["placed_total"],
            paid=order["financial_status"].lower() in PAID,
        ),
        selling_plans={
            each["id"]: each["selling_plan"]["name"]
            for each in order["lines"]["nodes"]
            if each["selling_plan"]
        },
        erased=erased(order),
    )
    return order_snapshot(told, shop=shop, rules=rules)


def currency_of(order: Mapping[str, Any], rules: Rules) -> str:
    """Return the currency in which an order is told."""
    currency: str = order["currency" if rules.money == PRESENTMENT else "shop_currency"]
    return currency


def undated(order: Mapping[str, Any]) -> list[str]:
    """Return the ids of the fulfilments that have arrived and do not say when."""
    return [
        each["id"]
        for each in order["fulfillments"]
        if each["display_status"] == DELIVERED and each["delivered_at"] is None
    ]


def delivered_at(fulfillment: Mapping[str, Any]) -> datetime | None:
    """Return when a fulfilment arrived, by its events; None: they do not say so either."""
    events = fulfillment["events"]["nodes"]
    return min((each["happened_at"] for each in events if each["status"] == DELIVERED), default=None)


def _line(line: Mapping[str, Any]) -> Line:
    # A line that says nothing of what it sold leaves standing what a webhook has told of it.
    hidden = line["product"] == ""
    return Line(
        id=line["id"],
        title=line["title"],
        quantity=line["quantity"],
        price=line["price"],
        discounts=[each["amount"] for each in line["discounts"]],
        taxes=[each["price"] for each in line["taxes"]],
        product=line["product"] or None,
        variant=line["variant"],
        sku=None if hidden else line["sku"],
        gift_card=line["gift_card"],
    )


def _way(line: Mapping[str, Any]) -> ShippingLine:
    return ShippingLine(
        price=line["price"],
        discounts=[each["amount"] for each in line["discounts"]],
        taxes=[each["price"] for each in line["taxes"]],
    )


def _payment(transaction: Mapping[str, Any]) -> Payment:
    return Payment(
        kind=transaction["kind"],
        status=transaction["status"],
        amount=transaction["amount"],
        at=transaction["processed_at"] or transaction["created_at"],
    )


def _fulfilment(fulfillment: Mapping[str, Any], delivered: Mapping[str, datetime | None]) -> Fulfilment:
    return Fulfilment(
        id=fulfillment["id"],
        status=fulfillment["status"],
        at=fulfillment["created_at"],
        ships=fulfillment["ships"],
        delivered_at=fulfillment["delivered_at"] or delivered.get(fulfillment["id"]),
    )


def _refund(refund: Mapping[str, Any], currency: str, *, taxes_included: bool) -> RefundSnapshot | None:
    return refund_snapshot(
        id=refund["id"],
        at=refund["created_at"],
        currency=currency,
        payments=[_payment(each) for each in refund["transactions"]["nodes"]],
        lines=[
            GivenBack(
                line=each["line"], quantity=each["quantity"], subtotal=each["subtotal"], tax=each["tax"]
            )
            for each in refund["lines"]["nodes"]
        ],
        taxes_included=taxes_included,
    )


def _needs_shipping(order: Mapping[str, Any]) -> bool | None:
    lines = order["lines"]["nodes"]
    return any(each["ships"] for each in lines) if lines else None


def _country(order: Mapping[str, Any]) -> str:
    addresses = (order["shipping"], order["billing"])
    return next((each["country_code"] for each in addresses if each and each["country_code"]), "")

"""What the body of an order says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_shopify import amounts, orders
from aftercare_shopify.amounts import Line, ShippingLine
from aftercare_shopify.options import Rules
from aftercare_shopify.orders import OrderTold
from aftercare_shopify.payloads import refunds
from aftercare_shopify.payloads.bags import Purse, identity
from aftercare_shopify.payloads.fulfillments import DELIVERED, fulfilment
from aftercare_shopify.payloads.people import is_redacted, order_contact

_PARTLY = "partially_paid"


def order_snapshot(
    order: Mapping[str, Any], *, shop: str, rules: Rules
) -> tuple[OrderSnapshot, tuple[str, ...]]:
    """Return what the order says, and in words what it leaves open."""
    purse = Purse.of(rules.money, order["total_price_set"])
    placed_at = order["processed_at"] or order["created_at"]
    doubts = []
    try:
        listed = refunds.of_order(
            order["refunds"],
            purse=purse,
            single=_single(order),
            taxes_included=bool(order["taxes_included"]),
        )
    except refunds.Untold:
        listed = None
        doubts.append("how much was given back is not told in the currency that counts")
    paid = order["financial_status"].lower() in amounts.PAID
    told = OrderTold(
        id=identity(order),
        name=order["name"],
        placed_at=placed_at,
        updated_at=order["updated_at"],
        financial_status=order["financial_status"],
        cancelled_at=order["cancelled_at"],
        test=bool(order["test"]),
        gateways=order["payment_gateway_names"],
        codes=[code["code"] for code in order["discount_codes"]],
        amounts=amounts.order_amounts(
            currency=purse.currency,
            total=purse.take(order["total_price_set"]),
            taxes_included=bool(order["taxes_included"]),
            lines=[_line(line, purse) for line in order["line_items"]],
            shipping=[_shipping(line, purse) for line in order["shipping_lines"] if not line["is_removed"]],
        ),
        customer=identity(order["customer"]) if order["customer"] else None,
        contact=order_contact(order),
        country=_country(order),
        locale=order["customer_locale"],
        needs_shipping=_needs_shipping(order),
        fulfilments=[fulfilment(each) for each in order["fulfillments"]],
        refunds=listed,
        # A webhook may be older than it looks; only what is read can take a refund back.
        refunds_complete=False,
        paid_at=amounts.paid_by(placed_at=placed_at, told_at=order["updated_at"], paid=paid),
        erased=is_redacted(order["customer"]),
    )
    snapshot = orders.order_snapshot(told, shop=shop, rules=rules)
    if told.paid and snapshot.purchased_at is None:
        doubts.append("the order is paid, and not told since when")
    elif order["financial_status"].lower() == _PARTLY and snapshot.purchased_at is None:
        # It may have been paid in full before something was added to it: that is a purchase all the same.
        doubts.append("the order is paid in part, and not told whether it was paid in full before")
    if any(each["shipment_status"].lower() == DELIVERED for each in order["fulfillments"]):
        doubts.append("a parcel has arrived, and not told when")
    return snapshot, tuple(doubts)


def _single(order: Mapping[str, Any]) -> bool:
    total = order["total_price_set"]
    same: bool = total["shop_money"]["currency_code"] == total["presentment_money"]["currency_code"]
    return same


def _line(line: Mapping[str, Any], purse: Purse) -> Line:
    return Line(
        id=identity(line),
        title=line["title"],
        quantity=line["quantity"],
        price=purse.take(line["price_set"]),
        discounts=purse.each(line["discount_allocations"], "amount_set"),
        taxes=purse.each(line["tax_lines"], "price_set"),
        product=str(line["product_id"]) if line["product_id"] else None,
        variant=str(line["variant_id"]) if line["variant_id"] else None,
        sku=line["sku"] or None,
        gift_card=bool(line["gift_card"]),
    )


def _shipping(line: Mapping[str, Any], purse: Purse) -> ShippingLine:
    return ShippingLine(
        price=purse.take(line["price_set"]),
        discounts=purse.each(line["discount_allocations"], "amount_set"),
        taxes=purse.each(line["tax_lines"], "price_set"),
    )


def _country(order: Mapping[str, Any]) -> str:
    addresses = (order["shipping_address"], order["billing_address"])
    return next((each["country_code"] for each in addresses if each and each["country_code"]), "")


def _needs_shipping(order: Mapping[str, Any]) -> bool | None:
    told = [line["requires_shipping"] for line in order["line_items"]]
    if any(told):
        return True
    return None if None in told else False

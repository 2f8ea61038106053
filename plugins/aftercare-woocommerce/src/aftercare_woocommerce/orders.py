"""What an order, and what a refund of it, says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from aftercare_sdk.model.money import Money, decimals
from aftercare_sdk.model.orders import (
    Amounts,
    OrderLine,
    OrderSnapshot,
    Parcel,
    RefundLine,
    RefundSnapshot,
)
from aftercare_sdk.shops.purchases import purchased_at
from aftercare_woocommerce.options import Rules
from aftercare_woocommerce.people import address_contact, placeholder
from aftercare_woocommerce.versions import UNDATED, dated

DRAFTS = ("checkout-draft", "auto-draft")
"""Statuses of what is not an order yet: an open checkout, with the shopper's name already in it."""

_CANCELLED = frozenset({"cancelled", "failed", "trash"})
_RELEASED = frozenset({"processing", "completed"})
_CHECKOUTS = frozenset({"checkout", "store-api"})

# A status tells of the order as a whole. One name, whichever status told it, so that an order that
# becomes `shipped` and then `completed` has left once.
_PARCEL = "whole"

_ZERO = Decimal(0)


def order_snapshot(order: Mapping[str, Any], *, shop: str, rules: Rules) -> OrderSnapshot:
    """Return what the order says of itself: its refunds without lines and without dates."""
    told = _amounts(order)
    ships = _needs_shipping(order)
    erased = order["meta_data"].get("_anonymized") == "yes" or placeholder(order["billing"]["email"])
    snapshot = OrderSnapshot(
        shop=shop,
        id=str(order["id"]),
        version=UNDATED,
        number=order["number"] or None,
        placed_at=order["date_created_gmt"],
        status=order["status"],
        # 0 is a guest, or an account that has been deleted since.
        customer=str(order["customer_id"]) if order["customer_id"] else None,
        contact=None if erased else address_contact(order["billing"]),
        amounts=told,
        gateway=order["payment_method"] or None,
        codes=tuple(coupon["code"] for coupon in order["coupon_lines"]),
        country=order["shipping"]["country"] or order["billing"]["country"] or None,
        needs_shipping=ships,
        purchased_at=purchased_at(
            placed_at=order["date_created_gmt"],
            paid_at=order["date_paid_gmt"],
            released=order["status"] in _RELEASED | rules.shipped_statuses,
            completed_at=order["date_completed_gmt"],
            gateway=order["payment_method"],
            total=told.total,
            pay_on_delivery=rules.pay_on_delivery,
        ),
        cancelled=order["status"] in _CANCELLED,
        shipments=() if ships is False else _shipments(order, rules),
        # A refund cannot be marked as rounded, so the refunds of a rounded order wait for the read.
        refunds=None if told.rounded else tuple(_listed(refund, told) for refund in order["refunds"]),
        erased=erased,
    )
    return dated(snapshot, order["date_modified_gmt"])


def with_refunds(snapshot: OrderSnapshot, refunds: tuple[RefundSnapshot, ...]) -> OrderSnapshot:
    """Put the complete list of refunds in place of what the order itself listed."""
    complete = replace(snapshot, refunds=refunds, refunds_complete=True)
    return dated(complete, snapshot.version.modified_at)


def rounded_total(
    snapshot: OrderSnapshot, order: Mapping[str, Any], plain: Mapping[str, Any]
) -> OrderSnapshot:
    """Mark the amounts of an order that was read with more decimals than its store is set to.

    WooCommerce then tells the lines exactly, but still a rounded `total`: the sum of its parts in so many
    decimals as the `plain` answer has.
    """
    exact = _sum_of_parts(order)
    rounded = _round(exact, _told_decimals(plain["total"]))
    if snapshot.amounts is None or rounded == exact or rounded != order["total"]:
        return snapshot
    marked = replace(snapshot, amounts=replace(snapshot.amounts, rounded=True))
    return dated(marked, snapshot.version.modified_at)


def refund_snapshot(refund: Mapping[str, Any], currency: str) -> RefundSnapshot:
    """Return a refund with its lines, which are told with negative quantities and amounts."""
    lines = (_refund_line(item, currency) for item in refund["line_items"])
    return RefundSnapshot(
        id=str(refund["id"]),
        amount=_money(abs(refund["amount"]), currency),
        lines=tuple(line for line in lines if line is not None),
        refunded_at=refund["date_created_gmt"],
    )


def _refund_line(item: Mapping[str, Any], currency: str) -> RefundLine | None:
    # The one place that says which order line this was; without it there is an amount and no line.
    line = item["meta_data"].get("_refunded_item_id")
    amount = _money(abs(item["total"] + _tax(item)), currency)
    if line is None or not (item["quantity"] or amount.minor):
        return None
    return RefundLine(line=line, quantity=abs(item["quantity"]), amount=amount)


def _listed(refund: Mapping[str, Any], amounts: Amounts) -> RefundSnapshot:
    return RefundSnapshot(id=str(refund["id"]), amount=_money(abs(refund["total"]), amounts.total.currency))


def _amounts(order: Mapping[str, Any]) -> Amounts:
    # Fees (gift wrapping, a discount as a negative fee) are in the total, but no line: nothing was bought.
    currency = order["currency"]
    shipping = order["shipping_total"] + order["shipping_tax"]
    taxed = [(item, _tax(item)) for item in order["line_items"]]
    lines = tuple(_line(item, tax, currency) for item, tax in taxed)
    told = [order["total"], order["shipping_total"], order["shipping_tax"]]
    told += [amount for item, tax in taxed for amount in (item["total"], tax)]
    return Amounts(
        total=_money(order["total"], currency),
        shipping=_money(shipping, currency),
        lines=lines,
        # The store writes every amount with the decimals it is set to, whatever the currency has.
        rounded=_told_decimals(order["total"]) < decimals(currency) or _too_fine(told, currency),
    )


def _line(item: Mapping[str, Any], tax: Decimal, currency: str) -> OrderLine:
    return OrderLine(
        id=str(item["id"]),
        title=item["name"],
        quantity=item["quantity"],
        paid=_money(item["total"] + tax, currency),
        tax=_money(tax, currency),
        # 0 and null: the product has been deleted, or there never was one.
        product=str(item["product_id"]) if item["product_id"] else None,
        variant=str(item["variation_id"]) if item["variation_id"] else None,
        sku=item["sku"] or None,
    )


def _tax(item: Mapping[str, Any]) -> Decimal:
    # `total_tax` stays rounded to the store's decimals where more were asked for; the single taxes do not.
    # It stands in for orders from elsewhere, whose lines do not list them.
    taxes = [tax["total"] for tax in item["taxes"] if tax["total"] is not None]
    total: Decimal = sum(taxes, _ZERO) if taxes else item["total_tax"]
    return total


def _sum_of_parts(order: Mapping[str, Any]) -> Decimal:
    bought = sum((part["total"] for part in (*order["line_items"], *order["fee_lines"])), Decimal(0))
    charged: Decimal = order["shipping_total"] + order["cart_tax"] + order["shipping_tax"]
    return bought + charged


def _told_decimals(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _too_fine(amounts: Iterable[Decimal], currency: str) -> bool:
    places = decimals(currency)
    return any(amount != _round(amount, places) for amount in amounts)


def _money(amount: Decimal, currency: str) -> Money:
    return Money.parse(_round(amount, decimals(currency)), currency)


def _round(amount: Decimal, places: int) -> Decimal:
    return amount.quantize(_unit(places), ROUND_HALF_UP)


@cache
def _unit(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


def _needs_shipping(order: Mapping[str, Any]) -> bool | None:
    if order["shipping_lines"]:
        return True
    # A checkout adds a shipping line whenever anything in the cart is to be shipped.
    if order["created_via"] in _CHECKOUTS:
        return False
    # Entered by staff or by a program. `needs_processing` is false when all is virtual and downloadable,
    # but a deleted product counts for nothing in it.
    known = all(item["product_id"] for item in order["line_items"])
    return False if order["needs_processing"] is False and known else None


def _shipments(order: Mapping[str, Any], rules: Rules) -> tuple[Parcel, ...]:
    moment = _shipped_at(order, rules)
    return () if moment is None else (Parcel(id=_PARCEL, at=moment),)


def _shipped_at(order: Mapping[str, Any], rules: Rules) -> datetime | None:
    # Kept by WooCommerce when the order is refunded or cancelled later: it had left all the same.
    completed: datetime | None = order["date_completed_gmt"]
    if completed is not None and "completed" in rules.shipped_statuses:
        return completed
    # WooCommerce dates no other status; the change to it is the best that is known.
    modified: datetime | None = order["date_modified_gmt"]
    return modified if order["status"] in rules.shipped_statuses else None

"""What a refund says, alone or in the body of its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aftercare_sdk.model.orders import OrderSnapshot, RefundSnapshot
from aftercare_shopify import amounts
from aftercare_shopify.amounts import GivenBack, Payment
from aftercare_shopify.options import Rules
from aftercare_shopify.payloads.bags import Purse, identity, number_in
from aftercare_shopify.versions import UNDATED, dated


class Untold(Exception):
    """The body does not say how much was given back in the currency that counts."""


def of_order(
    refunds: Sequence[Mapping[str, Any]], *, purse: Purse, single: bool, taxes_included: bool
) -> tuple[RefundSnapshot, ...]:
    """Return the refunds that an order lists. `single`: the order has one currency. Raises Untold."""
    made = [_refund(each, purse, single=single, taxes_included=taxes_included) for each in refunds]
    return tuple(each for each in made if each is not None)


def alone(refund: Mapping[str, Any], *, shop: str, rules: Rules) -> OrderSnapshot | None:
    """Return the notice of a refund, or None if no money was given back. Raises Untold.

    Its lines are told if they are without taxes: only the order knows whether taxes are in its prices.
    """
    lines = refund["refund_line_items"] or []
    bags = [refund["total_duties_set"], *(line["subtotal_set"] for line in lines)]
    bag = next((each for each in bags if each is not None), None)
    if bag is None:
        raise Untold
    purse = Purse.of(rules.money, bag)
    single = bag["shop_money"]["currency_code"] == bag["presentment_money"]["currency_code"]
    taxed = any(purse.take(line["total_tax_set"]) for line in lines)
    made = _refund(refund, purse, single=single, taxes_included=None if taxed else False)
    if made is None:
        return None
    notice = OrderSnapshot(
        shop=shop, id=str(refund["order_id"]), version=UNDATED, refunds=(made,), partial=True
    )
    return dated(notice, refund["created_at"])


def _refund(
    refund: Mapping[str, Any], purse: Purse, *, single: bool, taxes_included: bool | None
) -> RefundSnapshot | None:
    transactions, lines = refund["transactions"], refund["refund_line_items"]
    if transactions is None:
        raise Untold
    payments = [
        Payment(kind=each["kind"], status=each["status"], amount=each["amount"]) for each in transactions
    ]
    # Told in one currency, mostly the customer's. Where none is named, there must be no choice.
    certain = (
        each["currency"] == purse.currency or (single and not each["currency"]) for each in transactions
    )
    if not all(certain):
        raise Untold
    given = None
    if lines is not None and taxes_included is not None:
        given = [
            GivenBack(
                line=_line(each),
                quantity=each["quantity"],
                subtotal=purse.take(each["subtotal_set"]),
                tax=purse.take(each["total_tax_set"]),
            )
            for each in lines
        ]
    return amounts.refund_snapshot(
        id=identity(refund),
        at=refund["created_at"],
        currency=purse.currency,
        payments=payments,
        lines=given,
        taxes_included=bool(taxes_included),
    )


def _line(told: Mapping[str, Any]) -> str:
    named = told["line_item"]
    gid = number_in(named["admin_graphql_api_id"]) if named else ""
    return gid or str(told["line_item_id"])

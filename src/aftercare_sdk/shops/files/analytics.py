"""What WooCommerce itself downloads under Analytics, Orders: one row for every order, and for every refund.

It lacks the customer's e-mail address and account, the currency, the amount of each line, tax, shipping and
every id but the number of the order. So its orders belong to nobody until the shop tells more, and their
amounts are marked as not exact: net sales, without tax and shipping.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Amounts, OrderLine, OrderSnapshot
from aftercare_sdk.shops.files.pictures import (
    UNDATED,
    Reading,
    identifier,
    line_id,
    unnamed_refund,
    words,
)
from aftercare_sdk.shops.files.rows import Refused, Row, Told, of
from aftercare_sdk.shops.files.values import fold, quantity

NAME = "woocommerce-analytics"
SIGNS = ("Date", "Order #", "Status", "Customer type", "Product(s)", "Items sold")
REQUIRED = SIGNS
NET = ("Net Sales", "N. Revenue")
"""The amount, by its present name and its former one."""
OPTIONAL = (*NET, "Coupon(s)")
_PRODUCT = re.compile(r"(?:^|, )(\d+)× ")
_CANCELLED = frozenset({"cancelled", "failed", "trash"})


class Analytics:
    """Reads orders out of the download of WooCommerce's Analytics."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def key(self, row: Row) -> str:
        """Return which order a row is of."""
        return row["Order #"].strip()

    def told(self, rows: Sequence[Row]) -> Told:
        """Return the order that rows make: one of its own, and one for every refund. Raises Refused."""
        reading = self._reading
        currency = reading.currency_of("")
        amounts = [(row, self._net(row, currency)) for row in rows]
        sales = [(row, net) for row, net in amounts if net.minor >= 0]
        refunds = [(row, -net) for row, net in amounts if net.minor < 0]
        if len(sales) != 1:
            problem = "a refund, but not the order itself" if not sales else "the order more than once"
            raise Refused(f"the file has {problem}")
        [(row, net)] = sales
        placed_at = reading.moments.moment(row["Date"], "Date")
        meaning = reading.statuses.meaning(row["Status"])
        status = fold(row["Status"]).replace(" ", "-")
        given_back = sum((amount for _, amount in refunds), Money(0, currency))
        dates = [reading.moments.moment(each["Date"], "Date") for each, _ in refunds]
        order = identifier(row["Order #"].strip().removeprefix("#"), "Order #")
        snapshot = OrderSnapshot(
            shop=reading.shop,
            id=order,
            version=UNDATED,
            number=order,
            placed_at=placed_at,
            status=status,
            amounts=Amounts(total=net, shipping=Money(0, currency), lines=_lines(row, net), rounded=True),
            codes=tuple(code for code in words(row["Coupon(s)"]).split(", ") if code),
            purchased_at=placed_at if meaning.bought and (net.minor or status == "completed") else None,
            cancelled=status in _CANCELLED,
            refunds=unnamed_refund(given_back, min(dates)) if refunds else None,
        )
        return Told(snapshots=(reading.pictured(snapshot),))

    def _net(self, row: Row, currency: str) -> Money:
        told = next((row[name] for name in NET if row[name].strip()), "")
        with of(row):
            return self._reading.numbers.money(told, currency, NET[0])


def _lines(row: Row, net: Money) -> tuple[OrderLine, ...]:
    """Return the one line of an order of one product; the amounts of several are not told."""
    _, *parts = _PRODUCT.split(row["Product(s)"].strip())
    if len(parts) != 2 or quantity(parts[0]) != quantity(row["Items sold"] or "0"):  # noqa: PLR2004 - a pair
        return ()
    line = OrderLine(
        id=line_id(1),
        title=words(parts[1]),
        quantity=quantity(parts[0]),
        paid=net,
        tax=Money(0, net.currency),
    )
    return (line,)

"""Files with columns of one's own: a line for every line of an order, mapped to the canonical columns."""

from __future__ import annotations

from collections.abc import Sequence

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Amounts, OrderLine, OrderSnapshot
from aftercare_sdk.model.people import Contact
from aftercare_sdk.shops.files.pictures import (
    UNDATED,
    Reading,
    email,
    identifier,
    line_id,
    same,
    unnamed_refund,
    words,
)
from aftercare_sdk.shops.files.rows import Refused, Row, Told, of
from aftercare_sdk.shops.files.values import Meaning, quantity
from aftercare_sdk.shops.purchases import purchased_at

NAME = "canonical"
REQUIRED = ("order_id", "placed_at", "product", "quantity", "line_paid")
OPTIONAL = ("customer", "currency", "status")


class Canonical:
    """Reads orders by the canonical columns."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def key(self, row: Row) -> str:
        """Return which order a row is of."""
        return row["order_id"].strip()

    def told(self, rows: Sequence[Row]) -> Told:
        """Return the order that rows make. Raises Refused."""
        reading, first = self._reading, rows[0]
        placed_at = reading.moments.moment(same(rows, "placed_at", "placed_at"), "placed_at")
        currency = reading.currency_of(same(rows, "currency", "the currency"))
        told_status = same(rows, "status", "the status")
        meaning = reading.statuses.meaning(told_status) if told_status.strip() else Meaning.PAID
        lines = tuple(self._line(row, place, currency) for place, row in enumerate(rows, 1))
        total = sum((line.paid for line in lines), Money(0, currency))
        account, contact = customer(same(rows, "customer", "the customer"))
        done = meaning in {Meaning.COMPLETED, Meaning.REFUNDED}
        snapshot = OrderSnapshot(
            shop=reading.shop,
            id=identifier(first["order_id"], "order_id"),
            version=UNDATED,
            number=first["order_id"].strip(),
            placed_at=placed_at,
            status=meaning.value,
            customer=account,
            contact=contact,
            amounts=Amounts(total=total, shipping=Money(0, currency), lines=lines),
            purchased_at=purchased_at(
                placed_at=placed_at,
                paid_at=placed_at if meaning.bought else None,
                released=meaning.bought,
                completed_at=placed_at if done else None,
                gateway="",
                total=total,
                pay_on_delivery=(),
            ),
            cancelled=meaning is Meaning.CANCELLED,
            refunds=unnamed_refund(total) if meaning is Meaning.REFUNDED and total.minor else None,
        )
        return Told(snapshots=(reading.pictured(snapshot),))

    def _line(self, row: Row, place: int, currency: str) -> OrderLine:
        with of(row):
            product = identifier(row["product"], "the product")
            count = quantity(row["quantity"])
            if count <= 0:
                raise Refused("the quantity is not above zero; what was given back is told by the status")
            paid = self._reading.numbers.money(row["line_paid"], currency, "line_paid")
            if paid.minor < 0:
                raise Refused("line_paid is below zero; what was given back is told by the status")
        return OrderLine(
            id=line_id(place),
            title=words(product),
            quantity=count,
            paid=paid,
            tax=Money(0, currency),
            product=product,
        )


def customer(text: str) -> tuple[str | None, Contact | None]:
    """Return who bought: an e-mail address is one, anything else is the number of an account."""
    told = text.strip()
    if not told:
        return None, None
    if "@" in told:
        return None, Contact(email=email(told))
    return identifier(told, "the customer"), None

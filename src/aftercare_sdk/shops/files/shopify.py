"""Shopify's own export of orders: a row for every line, and what is of the order in its first row only.

Columns as Shopify's admin writes them since 2023, found by their names in any order. What the export does not
have is said in the documentation: no ids of lines and of refunds, no products, no account of the customer,
discounts of the order not divided among its lines, no parcels.
"""

from __future__ import annotations

from collections.abc import Sequence

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Amounts, OrderLine, OrderSnapshot
from aftercare_sdk.model.people import Contact
from aftercare_sdk.shops.files.pictures import (
    UNDATED,
    Reading,
    divide,
    email,
    identifier,
    line_id,
    unnamed_refund,
    words,
)
from aftercare_sdk.shops.files.rows import Refused, Row, Told, of
from aftercare_sdk.shops.files.values import quantity

NAME = "shopify"
SIGNS = ("Name", "Financial Status", "Lineitem quantity", "Lineitem name", "Lineitem price", "Created at")
REQUIRED = (
    *SIGNS,
    "Id",
    "Email",
    "Currency",
    "Subtotal",
    "Shipping",
    "Taxes",
    "Total",
)
OPTIONAL = (
    "Paid at",
    "Cancelled at",
    "Canceled at",
    "Refunded Amount",
    "Discount Code",
    "Payment Method",
    "Lineitem sku",
    "Lineitem discount",
    "Lineitem requires shipping",
    "Phone",
    "Billing Name",
    "Billing Company",
    "Billing Street",
    "Billing City",
    "Billing Zip",
    "Billing Province",
    "Billing Country",
    "Billing Phone",
    "Shipping Country",
)
_COUNTRY = 2


class Shopify:
    """Reads orders out of Shopify's export."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def key(self, row: Row) -> str:
        """Return which order a row is of."""
        return row["Name"].strip()

    def told(self, rows: Sequence[Row]) -> Told:
        """Return the order that rows make, and its cancellation, which has a date. Raises Refused."""
        reading, first = self._reading, rows[0]
        placed_at = reading.moments.moment(first["Created at"], "Created at")
        paid_at = reading.moments.moment_or_none(first["Paid at"], "Paid at")
        cancelled_at = reading.moments.moment_or_none(
            first["Cancelled at"] or first["Canceled at"], "Cancelled at"
        )
        meaning = reading.statuses.meaning(first["Financial Status"])
        amounts = self._amounts(first, rows)
        refunded = reading.numbers.money_or_zero(
            first["Refunded Amount"], amounts.total.currency, "Refunded Amount"
        )
        ships = {row["Lineitem requires shipping"].strip().casefold() for row in rows} - {""}
        country = (first["Shipping Country"] or first["Billing Country"]).strip()
        snapshot = OrderSnapshot(
            shop=reading.shop,
            id=identifier(first["Id"], "Id"),
            version=UNDATED,
            number=identifier(first["Name"], "Name").removeprefix("#"),
            placed_at=placed_at,
            status=meaning.value,
            contact=_contact(first),
            amounts=amounts,
            gateway=words(first["Payment Method"]) or None,
            codes=tuple(code for code in words(first["Discount Code"]).split(", ") if code),
            country=country.upper() if len(country) == _COUNTRY else None,
            needs_shipping="true" in ships if ships else None,
            purchased_at=(paid_at or placed_at) if meaning.bought else paid_at,
            cancelled=cancelled_at is not None,
            refunds=unnamed_refund(refunded) if refunded.minor else None,
        )
        told = [reading.pictured(snapshot)]
        if cancelled_at is not None:
            notice = OrderSnapshot(
                shop=reading.shop, id=snapshot.id, version=UNDATED, cancelled=True, partial=True
            )
            told.append(reading.dated(notice, cancelled_at))
        return Told(snapshots=tuple(told))

    def _amounts(self, first: Row, rows: Sequence[Row]) -> Amounts:
        numbers = self._reading.numbers
        currency = self._reading.currency_of(first["Currency"])
        subtotal, shipping, taxes, total = (
            numbers.money(first[column], currency, column)
            for column in ("Subtotal", "Shipping", "Taxes", "Total")
        )
        sold = [row for row in rows if row["Lineitem name"].strip() or row["Lineitem quantity"].strip()]
        prices = [self._price(row, currency) for row in sold]
        # A shop's prices include the tax or do not; the total tells which.
        taxed = taxes.minor > 0 and total == subtotal + shipping + taxes
        paid = divide(subtotal + taxes if taxed else subtotal, prices) if sold else []
        tax = divide(taxes if taxed or total == subtotal + shipping else Money(0, currency), prices)
        lines = tuple(
            OrderLine(
                id=line_id(place),
                title=words(row["Lineitem name"]),
                quantity=quantity(row["Lineitem quantity"], "Lineitem quantity"),
                paid=paid[place - 1],
                tax=tax[place - 1],
                sku=words(row["Lineitem sku"]) or None,
            )
            for place, row in enumerate(sold, 1)
        )
        guessed = len(lines) > 1 and (taxes.minor > 0 or sum(prices) != subtotal.minor)
        return Amounts(total=total, shipping=shipping, lines=lines, rounded=guessed)

    def _price(self, row: Row, currency: str) -> int:
        """Return what a line costs before anything of the order is taken off, in minor units."""
        numbers = self._reading.numbers
        with of(row):
            count = quantity(row["Lineitem quantity"], "Lineitem quantity")
            price = numbers.money(row["Lineitem price"], currency, "Lineitem price").minor * count
            price -= numbers.money_or_zero(row["Lineitem discount"], currency, "Lineitem discount").minor
            if count < 0 or price < 0:
                raise Refused("the line has a quantity or a price below zero")
        return price


def _contact(row: Row) -> Contact | None:
    made = Contact(
        email=email(row["Email"]),
        phone=words(row["Phone"] or row["Billing Phone"]).lstrip("'"),
        full_name=words(row["Billing Name"]),
        company=words(row["Billing Company"]),
        # Shopify writes an apostrophe before postal codes, so that spreadsheets keep their zeros.
        postal_code=words(row["Billing Zip"]).lstrip("'"),
        region=words(row["Billing Province"]),
        city=words(row["Billing City"]),
        street=words(row["Billing Street"]),
        country=words(row["Billing Country"]),
    )
    return None if made == Contact() else made

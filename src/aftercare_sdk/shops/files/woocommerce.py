"""The CSV of WooCommerce's own extension "Customer / Order / Coupon Export", in both of its default formats.

One row for every line (`item_…` columns), or one row for every order, whose lines stand in `line_items`.
WooCommerce itself exports no orders with their lines; what its Analytics download holds: see `analytics`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from aftercare_sdk.model.money import Money, decimals
from aftercare_sdk.model.orders import Amounts, OrderLine, OrderSnapshot, RefundSnapshot
from aftercare_sdk.model.people import Contact
from aftercare_sdk.shops.files.pictures import (
    LONGEST_REFUND,
    UNDATED,
    Reading,
    email,
    identifier,
    same,
    unnamed_refund,
    words,
)
from aftercare_sdk.shops.files.rows import Refused, Row, Told, of
from aftercare_sdk.shops.files.values import fold, quantity
from aftercare_sdk.shops.parsing import parse

NAME = "woocommerce"
SIGNS = ("order_id", "order_date", "status", "order_total", "order_currency", "billing_email")
REQUIRED = (*SIGNS, "shipping_total")
LINES = ("item_name", "item_quantity", "item_total")
ALL_LINES = "line_items"
OPTIONAL = (
    *LINES,
    ALL_LINES,
    "order_number",
    "order_number_formatted",
    "shipping_tax_total",
    "refunded_total",
    "payment_method",
    "customer_id",
    "billing_first_name",
    "billing_last_name",
    "billing_company",
    "billing_phone",
    "billing_address_1",
    "billing_address_2",
    "billing_postcode",
    "billing_city",
    "billing_state",
    "billing_country",
    "shipping_country",
    "item_id",
    "item_product_id",
    "item_sku",
    "item_total_tax",
    "refunds",
)
_ITEM = re.compile(r"(?<!\\);")
_FIELD = re.compile(r"(?<!\\)\|")
_NAME = re.compile(r"(?<!\\):")
_ESCAPED = re.compile(r"\\([:|;])")
_CANCELLED = frozenset({"cancelled", "failed", "trash"})
_DECIMALS = 2
"""With so many the extension writes amounts, whatever the currency has."""
_FORMULAS = ("'=", "'+", "'-", "'@")
_COUNTRY = 2


class WooCommerce:
    """Reads orders out of the extension's CSV."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def key(self, row: Row) -> str:
        """Return which order a row is of."""
        return row["order_id"].strip()

    def told(self, rows: Sequence[Row]) -> Told:
        """Return the order that rows make. Raises Refused."""
        rows = [_plain(row) for row in rows]
        reading, first = self._reading, rows[0]
        currency = reading.currency_of(same(rows, "order_currency", "order_currency"))
        meaning = reading.statuses.meaning(same(rows, "status", "the status"))
        placed_at = reading.moments.moment(same(rows, "order_date", "order_date"), "order_date")
        status = fold(first["status"]).replace(" ", "-")
        account = first["customer_id"].strip()
        country = (first["shipping_country"] or first["billing_country"]).strip()
        amounts = self._amounts(first, rows, currency)
        snapshot = OrderSnapshot(
            shop=reading.shop,
            id=identifier(first["order_id"], "order_id"),
            version=UNDATED,
            number=words(first["order_number_formatted"] or first["order_number"])
            or first["order_id"].strip(),
            placed_at=placed_at,
            status=status,
            # 0 is a guest.
            customer=identifier(account, "customer_id") if account.strip("0") else None,
            contact=_contact(first),
            amounts=amounts,
            gateway=words(first["payment_method"]) or None,
            country=country.upper() if len(country) == _COUNTRY else None,
            purchased_at=placed_at
            if meaning.bought and (amounts.total.minor or status == "completed")
            else None,
            cancelled=status in _CANCELLED,
            refunds=self._refunds(first, currency),
        )
        return Told(snapshots=(reading.pictured(snapshot),))

    def _amounts(self, first: Row, rows: Sequence[Row], currency: str) -> Amounts:
        numbers = self._reading.numbers
        shipping = numbers.money_or_zero(first["shipping_total"], currency, "shipping_total")
        shipping += numbers.money_or_zero(first["shipping_tax_total"], currency, "shipping_tax_total")
        items: list[tuple[Row, Mapping[str, str]]]
        if first[ALL_LINES].strip():
            items = [(first, item) for item in _items(first[ALL_LINES], ALL_LINES)]
        else:
            items = [(row, _item(row)) for row in rows if row["item_name"].strip()]
        return Amounts(
            total=numbers.money(first["order_total"], currency, "order_total"),
            shipping=shipping,
            lines=tuple(self._line(row, item, place, currency) for place, (row, item) in enumerate(items, 1)),
            rounded=decimals(currency) > _DECIMALS,
        )

    def _line(self, row: Row, item: Mapping[str, str], place: int, currency: str) -> OrderLine:
        numbers = self._reading.numbers
        with of(row):
            tax = numbers.money_or_zero(item.get("total_tax", ""), currency, "item_total_tax")
            count = quantity(item.get("quantity", ""), "item_quantity")
            paid = numbers.money(item.get("total", ""), currency, "item_total") + tax
            if count < 0 or paid.minor < 0:
                raise Refused("the line has a quantity or an amount below zero")
        product = item.get("product_id", "").strip()
        return OrderLine(
            id=item.get("id", "").strip() or f"row-{place}",
            title=words(item.get("name", "")),
            quantity=count,
            paid=paid,
            tax=tax,
            product=product if product.strip("0") else None,
            sku=words(item.get("sku", "")) or None,
        )

    def _refunds(self, row: Row, currency: str) -> tuple[RefundSnapshot, ...] | None:
        numbers, moments = self._reading.numbers, self._reading.moments
        if row["refunds"].strip():
            return tuple(
                RefundSnapshot(
                    id=identifier(item.get("id", ""), "the id of a refund", LONGEST_REFUND),
                    amount=_positive(numbers.money(item.get("amount", ""), currency, "a refund")),
                    refunded_at=_moment(item.get("date", ""), moments.moment_or_none),
                )
                for item in _items(row["refunds"], "refunds")
            )
        given_back = numbers.money_or_zero(row["refunded_total"], currency, "refunded_total")
        return unnamed_refund(_positive(given_back)) if given_back.minor else None


def _moment(text: str, read: Any) -> datetime | None:
    found: datetime | None = read(text, "the date of a refund")
    return found


def _positive(amount: Money) -> Money:
    return Money(abs(amount.minor), amount.currency)


def _plain(row: Row) -> Row:
    """Return a row without the apostrophes that keep spreadsheets from seeing a formula."""
    if not any(cell.startswith(_FORMULAS) for cell in row.cells.values()):
        return row
    cells = {name: cell[1:] if cell.startswith(_FORMULAS) else cell for name, cell in row.cells.items()}
    return replace(row, cells=cells)


def _item(row: Row) -> dict[str, str]:
    return {
        name: row[f"item_{name}"]
        for name in ("id", "product_id", "name", "sku", "quantity", "total", "total_tax")
    }


def _items(text: str, what: str) -> Iterator[dict[str, str]]:
    r"""Read what the extension puts into one cell: `id:7|name:Tea;id:8|name:Mug\: blue`, or JSON."""
    if text.lstrip().startswith("["):
        try:
            found = parse(text.encode())
        except ValueError:
            raise Refused(f"{what} is no JSON") from None
        for each in found:
            if not isinstance(each, dict):
                raise Refused(f"{what} holds something that is no object")
            yield {name: "" if value is None else str(value) for name, value in each.items()}
        return
    for each in _ITEM.split(text):
        if not each.strip():
            continue
        pairs = [_NAME.split(part, maxsplit=1) for part in _FIELD.split(each)]
        if any(len(pair) != 2 for pair in pairs):  # noqa: PLR2004 - a name and a value
            raise Refused(f"{what} is not written as the extension writes it")
        yield {name.strip(): _ESCAPED.sub(r"\1", value) for name, value in pairs}


def _contact(row: Row) -> Contact | None:
    made = Contact(
        email=email(row["billing_email"]),
        phone=words(row["billing_phone"]),
        given_name=words(row["billing_first_name"]),
        family_name=words(row["billing_last_name"]),
        company=words(row["billing_company"]),
        postal_code=words(row["billing_postcode"]),
        region=words(row["billing_state"]),
        city=words(row["billing_city"]),
        street=words(f"{row['billing_address_1']} {row['billing_address_2']}"),
        country=words(row["billing_country"]),
    )
    return None if made == Contact() else made

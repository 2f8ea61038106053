"""The "Online Retail" data set (UCI Machine Learning Repository), as CSV: a British shop's invoices.

An invoice whose number begins with C takes back what was sold before, without saying on which invoice. Its
lines become refunds of the latest earlier sales of the same article to the same customer; what the file has
not sold to this customer cannot be taken back, and is refused. Sales are remembered on disk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Amounts, OrderLine, OrderSnapshot, RefundLine, RefundSnapshot
from aftercare_sdk.shops.files.grouping import scratch
from aftercare_sdk.shops.files.pictures import LONGEST_REFUND, UNDATED, Reading, identifier, line_id, words
from aftercare_sdk.shops.files.rows import Refused, Row, Told, of
from aftercare_sdk.shops.files.values import Moments, money, quantity

NAME = "online-retail"
SIGNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID")
REQUIRED = SIGNS
OPTIONAL = ("Country",)
DATES = ("%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%y %H:%M")
"""As the different copies of the file have them."""
CURRENCY = "GBP"
_POSTAGE = "POST"
_TAKEN_BACK = "C"
_ADJUSTMENT = "A"
_ABROAD = {
    "EIRE": "IE",
    "USA": "US",
    "RSA": "ZA",
    "Czech Republic": "CZ",
    "Hong Kong": "HK",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """A line of an invoice."""

    row: Row
    stock: str
    quantity: int
    amount: Money


class OnlineRetail:
    """Reads invoices; it remembers what was sold, so it must see them in the order of the file."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._moments: Moments = reading.moments
        self._open = ExitStack()
        self._sold = self._open.enter_context(scratch())
        self._sold.execute(
            "CREATE TABLE sold (customer TEXT, stock TEXT, number INTEGER PRIMARY KEY, price TEXT, "
            "invoice TEXT, line TEXT, rest INTEGER)"
        )
        self._sold.execute("CREATE INDEX whose ON sold (customer, stock)")

    def close(self) -> None:
        """Forget what was sold."""
        self._open.close()

    def key(self, row: Row) -> str:
        """Return which invoice a row is of."""
        return row["InvoiceNo"].strip()

    def told(self, rows: Sequence[Row]) -> Told:
        """Return the order that the rows make, or the refunds. Raises Refused."""
        invoice = identifier(rows[0]["InvoiceNo"], "InvoiceNo", LONGEST_REFUND)
        customer = rows[0]["CustomerID"].strip().removesuffix(".0")
        if any(row["CustomerID"].strip().removesuffix(".0") != customer for row in rows):
            raise Refused("CustomerID is not the same in all lines of its invoice")
        if invoice.startswith(_ADJUSTMENT):
            raise Refused("the invoice adjusts a debt and is no sale")
        # Seven invoices of the file were written over two minutes.
        at = min(self._moments.moment(row["InvoiceDate"], "InvoiceDate") for row in rows)
        items = [self._item(row) for row in rows]
        if invoice.startswith(_TAKEN_BACK):
            return self._taken_back(invoice, customer, at, items)
        return self._order(invoice, customer, at, items)

    def _item(self, row: Row) -> _Item:
        with of(row):
            count = quantity(row["Quantity"], "Quantity")
            price = self._reading.numbers.decimal(row["UnitPrice"], "UnitPrice")
            # Exact: the price may be finer than the currency, what was paid may not.
            paid = money(price * count, CURRENCY, "quantity times price")
            return _Item(
                row=row, stock=identifier(row["StockCode"], "StockCode"), quantity=count, amount=paid
            )

    def _order(self, invoice: str, customer: str, at: datetime, items: Sequence[_Item]) -> Told:
        for item in items:
            if item.quantity <= 0 or item.amount.minor < 0:
                raise Refused("the line corrects the stock and is no sale", item.row)
        lines = tuple(
            OrderLine(
                id=line_id(place),
                title=words(item.row["Description"]) or item.stock,
                quantity=item.quantity,
                paid=item.amount,
                tax=Money(0, CURRENCY),
                product=item.stock,
            )
            for place, item in enumerate(items, 1)
            if item.stock != _POSTAGE
        )
        nothing = Money(0, CURRENCY)
        snapshot = OrderSnapshot(
            shop=self._reading.shop,
            id=invoice,
            version=UNDATED,
            number=invoice,
            placed_at=at,
            status="completed",
            customer=identifier(customer, "CustomerID") if customer else None,
            amounts=Amounts(
                total=sum((item.amount for item in items), nothing),
                shipping=sum((item.amount for item in items if item.stock == _POSTAGE), nothing),
                lines=lines,
            ),
            country=country_code(items[0].row["Country"].strip()) or None,
            purchased_at=at,
            cancelled=False,
        )
        if customer:
            self._remember(invoice, customer, items)
        return Told(snapshots=(self._reading.pictured(snapshot),))

    def _remember(self, invoice: str, customer: str, items: Sequence[_Item]) -> None:
        self._sold.executemany(
            "INSERT INTO sold (customer, stock, price, invoice, line, rest) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    customer,
                    item.stock,
                    item.row["UnitPrice"],
                    invoice,
                    "" if item.stock == _POSTAGE else line_id(place),
                    item.quantity,
                )
                for place, item in enumerate(items, 1)
            ],
        )

    def _taken_back(self, invoice: str, customer: str, at: datetime, items: Sequence[_Item]) -> Told:
        refused: list[tuple[Row, str]] = []
        parts: dict[str, list[tuple[RefundLine | None, Money]]] = defaultdict(list)
        for item in items:
            found = self._find(customer, item)
            if not found:
                refused.append((item.row, "the file has not sold to this customer what is taken back here"))
            for order, part, amount in found:
                parts[order].append((part, amount))
        told = []
        for order, several in parts.items():
            refund = RefundSnapshot(
                id=invoice,
                amount=sum((amount for _, amount in several), Money(0, CURRENCY)),
                lines=_joined([part for part, _ in several if part is not None]),
                refunded_at=at,
            )
            notice = OrderSnapshot(
                shop=self._reading.shop, id=order, version=UNDATED, refunds=(refund,), partial=True
            )
            told.append(self._reading.pictured(notice))
        return Told(snapshots=tuple(told), refused=tuple(refused))

    def _find(self, customer: str, item: _Item) -> list[tuple[str, RefundLine | None, Money]]:
        """Return what a line takes back: invoice, line and amount; nothing if it is more than was sold."""
        wanted = -item.quantity
        if wanted <= 0 or not customer:
            return []
        rows = self._sold.execute(
            "SELECT number, invoice, line, rest FROM sold WHERE customer = ? AND stock = ? AND rest > 0 "
            "ORDER BY price <> ?, number DESC",
            (customer, item.stock, item.row["UnitPrice"]),
        ).fetchall()
        taken: list[tuple[int, str, str, int]] = []
        for number, invoice, line, rest in rows:
            part = min(rest, wanted)
            taken.append((number, invoice, line, part))
            wanted -= part
            if not wanted:
                break
        if wanted:
            return []
        found: list[tuple[str, RefundLine | None, Money]] = []
        left, pieces = -item.amount.minor, -item.quantity
        for number, invoice, line, part in taken:
            self._sold.execute("UPDATE sold SET rest = rest - ? WHERE number = ?", (part, number))
            share = left * part // pieces
            left, pieces = left - share, pieces - part
            amount = Money(share, CURRENCY)
            found.append(
                (invoice, RefundLine(line=line, quantity=part, amount=amount) if line else None, amount)
            )
        return found


def _joined(parts: Sequence[RefundLine]) -> tuple[RefundLine, ...]:
    """Return the parts of a refund, each line of the order once."""
    joined: dict[str, RefundLine] = {}
    for part in parts:
        known = joined.get(part.line)
        joined[part.line] = (
            part
            if known is None
            else replace(known, quantity=known.quantity + part.quantity, amount=known.amount + part.amount)
        )
    return tuple(joined.values())


@cache
def country_code(name: str) -> str:
    """Return the two letters of a country by its English name, or nothing."""
    from babel import Locale

    if name in _ABROAD:
        return _ABROAD[name]
    codes: dict[str, str] = {
        known: code for code, known in Locale("en").territories.items() if code.isalpha()
    }
    return codes.get(name, "")

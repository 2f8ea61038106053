"""Lines of orders and refunds, and the taxes in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aftercare_woocommerce.fake.state.amounts import ZERO, money, number, tax_class, tax_id
from aftercare_woocommerce.fake.state.things import Meta


@dataclass(slots=True, kw_only=True)
class Line:
    """A line of an order, or what a refund gives back of one (then everything is negative)."""

    id: int
    product_id: int
    variation_id: int = 0
    name: str = ""
    sku: str | None = ""
    quantity: int = 1
    rate: Decimal = ZERO
    """Per cent of tax."""
    subtotal: Decimal = ZERO
    subtotal_tax: Decimal = ZERO
    total: Decimal = ZERO
    total_tax: Decimal = ZERO
    meta: list[Meta] = field(default_factory=list)

    @property
    def gross(self) -> Decimal:
        """What it costs, with tax."""
        return self.total + self.total_tax

    def told(self, places: int) -> dict[str, Any]:
        """Return the line in so many decimals; the single taxes too, as WooCommerce does."""
        return {
            "id": self.id,
            "name": self.name,
            "product_id": self.product_id,
            "variation_id": self.variation_id,
            "quantity": self.quantity,
            "tax_class": tax_class(self.rate),
            "subtotal": money(self.subtotal, places),
            "subtotal_tax": money(self.subtotal_tax, places),
            "total": money(self.total, places),
            "total_tax": money(self.total_tax, places),
            "taxes": [
                {
                    "id": tax_id(self.rate),
                    "total": money(self.total_tax, places),
                    "subtotal": money(self.subtotal_tax, places),
                }
            ],
            "meta_data": [each.told(shown=True) for each in self.meta],
            "sku": self.sku,
            "global_unique_id": "",
            "price": number(self.total / self.quantity if self.quantity else abs(self.total)),
            "image": {"id": "", "src": ""},
            "parent_name": None,
        }


def gross(lines: Iterable[Line]) -> Decimal:
    """Return what lines cost together, with tax."""
    return sum((line.gross for line in lines), ZERO)


def tax(lines: Iterable[Line]) -> Decimal:
    """Return the tax of lines."""
    return sum((line.total_tax for line in lines), ZERO)


def tax_lines(lines: Iterable[Line], places: int) -> list[dict[str, Any]]:
    """Return the taxes of lines, by rate. Nothing is put on shipping."""
    taxes: dict[Decimal, Decimal] = {}
    for line in lines:
        if line.total_tax:
            taxes[line.rate] = taxes.get(line.rate, ZERO) + line.total_tax
    return [
        {
            "id": 900_000 + place,
            "rate_code": f"JP-TAX-{rate.normalize()}",
            "rate_id": tax_id(rate),
            "label": "消費税",
            "compound": False,
            "tax_total": money(amount, places),
            "shipping_tax_total": money(ZERO, places),
            "rate_percent": number(rate),
            "meta_data": [],
        }
        for place, (rate, amount) in enumerate(taxes.items())
    ]

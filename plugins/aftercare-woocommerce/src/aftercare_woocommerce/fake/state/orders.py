"""Orders, and how they are told."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from aftercare_woocommerce.fake.state.amounts import ZERO, money, number
from aftercare_woocommerce.fake.state.lines import Line, tax, tax_lines
from aftercare_woocommerce.fake.state.people import order_address
from aftercare_woocommerce.fake.state.refunds import Refund
from aftercare_woocommerce.fake.state.site import Site, links, moments
from aftercare_woocommerce.fake.state.things import Meta


@dataclass(slots=True, kw_only=True)
class Order:
    """An order, with amounts as exact as it was calculated; `total` is rounded to the shop's decimals."""

    id: int
    created: datetime
    modified: datetime
    status: str = "pending"
    currency: str = "JPY"
    customer: int = 0
    billing: dict[str, str] = field(default_factory=dict)
    shipping: dict[str, str] = field(default_factory=dict)
    gateway: str = "bacs"
    gateway_title: str = "銀行振込"
    via: str = "store-api"
    note: str = ""
    paid: datetime | None = None
    completed: datetime | None = None
    lines: list[Line] = field(default_factory=list)
    shipping_total: Decimal = ZERO
    shipping_line: int = 0
    """The id of its shipping line; 0: nothing is to be shipped."""
    coupon: tuple[int, str, str, Decimal] | None = None
    """The line's id, the code, its kind and its nominal amount."""
    total: Decimal = ZERO
    virtual: bool = False
    refunds: list[int] = field(default_factory=list)
    meta: list[Meta] = field(default_factory=list)
    before_trash: str = ""

    @property
    def discount(self) -> Decimal:
        """What was taken off, without tax."""
        return sum((line.subtotal - line.total for line in self.lines), ZERO)

    @property
    def discount_tax(self) -> Decimal:
        """The tax of what was taken off."""
        return sum((line.subtotal_tax - line.total_tax for line in self.lines), ZERO)

    @property
    def tax(self) -> Decimal:
        """The tax of its lines."""
        return tax(self.lines)

    def told(self, site: Site, refunds: Iterable[Refund], places: int) -> dict[str, Any]:
        """Return the order with so many decimals; `total` has no more than it was kept with."""
        key = "wc_order_" + hashlib.sha256(str(self.id).encode()).hexdigest()[:13]
        local = {
            name: told
            for what in ("created", "modified", "completed", "paid")
            for name, told in moments(site, what, getattr(self, what)).items()
        }
        return {
            "id": self.id,
            "parent_id": 0,
            "status": self.status,
            "currency": self.currency,
            "version": site.release,
            "prices_include_tax": True,
            "date_created": local["date_created"],
            "date_modified": local["date_modified"],
            "discount_total": money(self.discount, places),
            "discount_tax": money(self.discount_tax, places),
            "shipping_total": money(self.shipping_total, places),
            "shipping_tax": money(ZERO, places),
            "cart_tax": money(self.tax, places),
            "total": money(self.total, places),
            "total_tax": money(self.tax, places),
            "customer_id": self.customer,
            "order_key": key,
            "billing": order_address(self.billing, email=True),
            "shipping": order_address(self.shipping),
            "payment_method": self.gateway,
            "payment_method_title": self.gateway_title,
            "transaction_id": "",
            "customer_ip_address": "",
            "customer_user_agent": "",
            "created_via": self.via,
            "customer_note": self.note,
            "date_completed": local["date_completed"],
            "date_paid": local["date_paid"],
            "cart_hash": "",
            "number": str(self.id),
            "meta_data": [each.told() for each in self.meta],
            "line_items": [line.told(places) for line in self.lines],
            "tax_lines": tax_lines(self.lines, places),
            "shipping_lines": self._shipping_lines(places),
            "fee_lines": [],
            "coupon_lines": self._coupon_lines(places),
            # The newest first.
            "refunds": [
                {
                    "id": each.id,
                    "reason": each.reason,
                    "total": money(-each.amount, places),
                    "total_tax": money(each.tax, places),
                }
                for each in sorted(refunds, key=lambda each: -each.id)
            ],
            "payment_url": f"{site.url}/checkout/order-pay/{self.id}/?pay_for_order=true&key={key}",
            "is_editable": self.status in ("pending", "on-hold", "auto-draft"),
            "needs_payment": self.status in ("pending", "failed") and self.total > 0,
            "needs_processing": not self.virtual,
            **{name: told for name, told in local.items() if name.endswith("_gmt")},
            "currency_symbol": {"JPY": "¥", "USD": "$"}.get(self.currency, self.currency),
            "_links": links(site, "orders", self.id),
        }

    def _shipping_lines(self, places: int) -> list[dict[str, Any]]:
        if not self.shipping_line:
            return []
        return [
            {
                "id": self.shipping_line,
                "method_title": "宅急便",
                "method_id": "flat_rate",
                "instance_id": "1",
                "total": money(self.shipping_total, places),
                "total_tax": money(ZERO, places),
                "taxes": [],
                "tax_status": "taxable",
                "meta_data": [],
            }
        ]

    def _coupon_lines(self, places: int) -> list[dict[str, Any]]:
        if self.coupon is None:
            return []
        line, code, kind, nominal = self.coupon
        return [
            {
                "id": line,
                "code": code,
                "discount": money(self.discount, places),
                "discount_tax": money(self.discount_tax, places),
                "meta_data": [],
                "discount_type": kind,
                "nominal_amount": number(nominal),
                "free_shipping": False,
            }
        ]

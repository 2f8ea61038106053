"""Discounts by code."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Use:
    """An order that a code was used for."""

    order: int
    customer: int
    email: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class Discount:
    """A discount with one code. `percentage` is from 0 to 1; neither it nor `amount` means free shipping."""

    id: int
    code_id: int
    code: str
    title: str
    created: datetime
    updated: datetime
    starts: datetime
    ends: datetime | None = None
    free_shipping: bool = False
    percentage: Decimal | None = None
    amount: Decimal | None = None
    on_each_item: bool = False
    maximum_shipping: Decimal | None = None
    products: list[int] | None = None
    variants: list[int] = field(default_factory=list)
    customers: list[int] | None = None
    usage_limit: int | None = None
    once_per_customer: bool = False
    minimum_subtotal: Decimal | None = None
    minimum_quantity: int | None = None
    combines: dict[str, bool] = field(default_factory=dict)
    on_subscription: bool = False
    on_one_time: bool = True
    recurring: int | None = None
    tags: list[str] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    def status(self, now: datetime) -> str:
        """Return whether it holds: SCHEDULED, ACTIVE or EXPIRED."""
        if self.ends is not None and self.ends <= now:
            return "EXPIRED"
        return "SCHEDULED" if now < self.starts else "ACTIVE"

    def covers(self, product: int, variant: int) -> bool:
        """Return whether something in a cart is cheaper by it."""
        return self.products is None or product in self.products or variant in self.variants

"""Subscription contracts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractLine:
    """One product of a contract, by its variant."""

    id: str
    product: int
    variant: int
    title: str
    quantity: int
    price: Decimal
    sku: str | None
    plan: str


@dataclass(slots=True, kw_only=True)
class Contract:
    """A subscription. `status` and `interval` as in GraphQL; `orders` are those it was billed with."""

    id: int
    customer: int
    created: datetime
    updated: datetime
    lines: list[ContractLine]
    interval: str = "MONTH"
    count: int = 1
    status: str = "ACTIVE"
    next_billing: datetime | None = None
    origin: int | None = None
    orders: list[int] = field(default_factory=list)
    revision: int = 1
    last_payment: str | None = None
    own: bool = True
    """Whether this app made it; nobody sees the contracts of other apps."""

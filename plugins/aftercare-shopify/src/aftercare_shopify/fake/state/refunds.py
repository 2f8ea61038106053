"""Refunds, and removals by an edit, which Shopify keeps as refunds without money."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from aftercare_shopify.fake.state.money import ZERO, Bag


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLine:
    """Pieces of a line that came back. `restock` is `no_restock`, `cancel` or `return`.

    `unsent` are those of them that had not left the shop, and so are not to be sent any more.
    """

    id: int
    line: int
    quantity: int
    subtotal: Bag
    tax: Bag
    restock: str = "no_restock"
    unsent: int = 0


@dataclass(slots=True, kw_only=True)
class Refund:
    """A refund. `beyond` is what was given back beyond lines and shipping, or less than them if negative."""

    id: int
    created: datetime
    lines: list[RefundLine] = field(default_factory=list)
    shipping: Bag = ZERO
    shipping_tax: Bag = ZERO
    shipping_id: int = 0
    beyond: Bag = ZERO
    adjustment_id: int = 0
    transactions: list[int] = field(default_factory=list)
    note: str | None = None

    @property
    def restocks(self) -> bool:
        """Whether something went back on the shelf."""
        return any(each.restock != "no_restock" for each in self.lines)

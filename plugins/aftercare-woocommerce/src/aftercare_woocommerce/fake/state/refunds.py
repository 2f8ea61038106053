"""Refunds of orders, and how they are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from aftercare_woocommerce.fake.state.amounts import money
from aftercare_woocommerce.fake.state.lines import Line, tax, tax_lines
from aftercare_woocommerce.fake.state.site import Site, moments
from aftercare_woocommerce.fake.state.things import Meta


@dataclass(slots=True, kw_only=True)
class Refund:
    """A refund. `amount` is positive, the lines are negative."""

    id: int
    order: int
    created: datetime
    amount: Decimal
    reason: str = ""
    lines: list[Line] = field(default_factory=list)
    meta: list[Meta] = field(default_factory=list)

    @property
    def tax(self) -> Decimal:
        """The tax in it; an amount without lines has none."""
        return tax(self.lines)

    def told(self, site: Site, places: int, *, parent: bool = False) -> dict[str, Any]:
        """Return the refund; `parent`: as the list of all refunds tells it, with the order."""
        place = f"{site.api}/orders/{self.order}"
        return {
            "id": self.id,
            **({"parent_id": self.order} if parent else {}),
            **moments(site, "created", self.created),
            "amount": money(self.amount, places),
            "reason": self.reason,
            "refunded_by": 1,
            "refunded_payment": False,
            "meta_data": [each.told() for each in self.meta],
            "line_items": [line.told(places) for line in self.lines],
            "shipping_lines": [],
            "tax_lines": tax_lines(self.lines, places),
            "fee_lines": [],
            "_links": {
                "self": [{"href": f"{place}/refunds/{self.id}", "targetHints": {"allow": ["GET", "DELETE"]}}],
                "collection": [{"href": f"{place}/refunds"}],
                "up": [{"href": place}],
            },
        }

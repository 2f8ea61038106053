"""What products, accounts, coupons, reviews and webhooks have in common: fields, dates and meta data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aftercare_woocommerce.fake.state.site import Site, moments


@dataclass(slots=True, kw_only=True)
class Meta:
    """One entry of `meta_data`."""

    id: int
    key: str
    value: Any

    def told(self, *, shown: bool = False) -> dict[str, Any]:
        """Return the entry; those of lines are told with what is shown of them."""
        plain = {"id": self.id, "key": self.key, "value": self.value}
        return {**plain, "display_key": self.key, "display_value": self.value} if shown else plain


@dataclass(slots=True, kw_only=True)
class Thing:
    """A product, account, coupon, review or webhook: its own fields as they are told, and its dates."""

    id: int
    created: datetime
    modified: datetime | None
    fields: dict[str, Any]
    meta: list[Meta] = field(default_factory=list)

    def dates(self, site: Site) -> dict[str, str | None]:
        """Return when it was made and modified."""
        return {**moments(site, "created", self.created), **moments(site, "modified", self.modified)}

"""Subscriptions: what a customer gets again and again without ordering it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aftercare_sdk.model.versions import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionLine:
    """What comes each time."""

    product: str
    quantity: int
    variant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionSnapshot:
    """A subscription as it now seems. None means "not told"; it never overwrites what is known.

    `active`: parcels come. One that is paused, failed or ended is not. `status` is the shop's own word.
    `next_at` is when the next order is due, if the shop says so.
    """

    shop: str
    id: str
    version: Version
    customer: str | None = None
    active: bool | None = None
    status: str | None = None
    lines: tuple[SubscriptionLine, ...] | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What is known of a subscription. This is what plugins see."""

    shop: str
    id: str
    active: bool
    status: str = ""
    lines: tuple[SubscriptionLine, ...] = ()
    next_at: datetime | None = None

    def covers(self, product: str, variant: str | None = None) -> bool:
        """Whether a product comes by itself, so that nobody needs to be reminded of it."""
        return self.active and any(
            line.product == product and (variant is None or line.variant in {None, variant})
            for line in self.lines
        )

"""When an order counts as a purchase: one rule for every kind of shop."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime

from aftercare_sdk.model.money import Money


def purchased_at(
    *,
    placed_at: datetime | None,
    paid_at: datetime | None,
    released: bool,
    completed_at: datetime | None,
    gateway: str,
    total: Money | None,
    pay_on_delivery: Container[str],
) -> datetime | None:
    """Return since when the order is a purchase, or None while it is not.

    - Free: since it was completed.
    - Through a gateway that collects on delivery: once the shop has `released` it to be prepared, since it
      was placed. No platform tells the moment of the release, the moment at which it was noticed would
      differ between a webhook and a later read, and the payment at the door comes after the purchase.
    - Otherwise: since it was paid.
    """
    if total is not None and total.minor == 0:
        return completed_at
    if gateway in pay_on_delivery:
        return placed_at if released or paid_at is not None else None
    return paid_at

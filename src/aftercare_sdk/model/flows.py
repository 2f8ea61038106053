"""Flows: messages anchored to facts of an order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from aftercare_sdk.model.actions import Purpose


class Anchor(StrEnum):
    """The fact that a flow counts from."""

    PURCHASE = "purchase"
    SHIPMENT = "shipment"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One message, `delay` after its anchor, at most once per person in `once_per` (None: every time)."""

    name: str
    anchor: Anchor
    template: str
    purpose: Purpose
    reason: str
    delay: timedelta = timedelta(0)
    window: timedelta | None = None
    once_per: timedelta | None = None
    channel: str = "email"

"""Flows: messages anchored to facts of an order."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
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

    @property
    def version(self) -> str:
        """What tells this flow from what it was before somebody changed it."""
        # What has its default is left out, so that a setting of a later release changes no version.
        told = {
            one.name: str(value) for one in fields(self) if (value := getattr(self, one.name)) != one.default
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

"""The facts that hooks receive."""

from __future__ import annotations

from aftercare_sdk.model.events import (
    Cancellation,
    Delivery,
    Event,
    FeedbackReceived,
    OrderEvent,
    Purchase,
    ReferralCompleted,
    ReferralRole,
    Refund,
    ReviewReceived,
    RewardChanged,
    Shipment,
    TierChanged,
    TimerDue,
)

__all__ = [
    "Cancellation",
    "Delivery",
    "Event",
    "FeedbackReceived",
    "OrderEvent",
    "Purchase",
    "ReferralCompleted",
    "ReferralRole",
    "Refund",
    "ReviewReceived",
    "RewardChanged",
    "Shipment",
    "TierChanged",
    "TimerDue",
]

"""The facts that hooks receive."""

from __future__ import annotations

from aftercare_sdk.model.events import (
    Cancellation,
    CustomerErased,
    Delivery,
    Event,
    FeedbackReceived,
    MessageOutcome,
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
from aftercare_sdk.model.outcomes import OutcomeKind, RejectReason

__all__ = [
    "Cancellation",
    "CustomerErased",
    "Delivery",
    "Event",
    "FeedbackReceived",
    "MessageOutcome",
    "OrderEvent",
    "OutcomeKind",
    "Purchase",
    "ReferralCompleted",
    "ReferralRole",
    "Refund",
    "RejectReason",
    "ReviewReceived",
    "RewardChanged",
    "Shipment",
    "TierChanged",
    "TimerDue",
]

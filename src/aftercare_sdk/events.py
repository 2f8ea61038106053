"""The facts that hooks receive."""

from __future__ import annotations

from aftercare_sdk.model.consent_ledger import Basis
from aftercare_sdk.model.events import (
    Cancellation,
    ConsentChanged,
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
    "Basis",
    "Cancellation",
    "ConsentChanged",
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

"""What hooks return, and the premises that messages carry."""

from __future__ import annotations

from aftercare_sdk.model.actions import (
    Action,
    AwardPoints,
    CancelMessages,
    ChangeTier,
    ClearTimer,
    Decline,
    GrantReward,
    Purpose,
    Remember,
    Scope,
    SendMessage,
    SetTimer,
    TagCustomer,
)
from aftercare_sdk.model.commands import Discount
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.premises import NoRefund, NotSentWithin, OrderStands, Premise

__all__ = [
    "Action",
    "AwardPoints",
    "CancelMessages",
    "ChangeTier",
    "ClearTimer",
    "Decline",
    "Discount",
    "GrantReward",
    "Money",
    "NoRefund",
    "NotSentWithin",
    "OrderStands",
    "Premise",
    "Purpose",
    "Remember",
    "Scope",
    "SendMessage",
    "SetTimer",
    "TagCustomer",
]

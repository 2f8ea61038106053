"""What hooks return, and the premises that messages carry."""

from __future__ import annotations

from aftercare_sdk.model.actions import (
    Action,
    CancelMessages,
    ClearTimer,
    Purpose,
    Remember,
    Scope,
    SendMessage,
    SetTimer,
)
from aftercare_sdk.model.premises import NoRefund, NotSentWithin, OrderStands, Premise

__all__ = [
    "Action",
    "CancelMessages",
    "ClearTimer",
    "NoRefund",
    "NotSentWithin",
    "OrderStands",
    "Premise",
    "Purpose",
    "Remember",
    "Scope",
    "SendMessage",
    "SetTimer",
]

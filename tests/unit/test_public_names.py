from __future__ import annotations

import importlib

import pytest

PUBLIC = {
    "aftercare_sdk": [
        "Aftercare",
        "AftercareHooks",
        "Context",
        "RawRequest",
        "__version__",
        "hookimpl",
    ],
    "aftercare_sdk.events": [
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
    ],
    "aftercare_sdk.actions": [
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
    ],
    "aftercare_sdk.points": [
        "SHIPPING",
        "CountedOrder",
        "Expiry",
        "OffersRewards",
        "PointsAward",
        "PointsView",
        "Reward",
        "RewardState",
        "Rounding",
        "given_back",
        "paid_for",
        "spread",
        "standing",
    ],
}


@pytest.mark.parametrize("module", PUBLIC)
def test_the_public_names_are_these(module):
    """What authors import is a promise: a name is added here on purpose, and never lost by accident."""
    assert PUBLIC[module] == importlib.import_module(module).__all__


@pytest.mark.parametrize(("module", "name"), [(module, name) for module in PUBLIC for name in PUBLIC[module]])
def test_every_public_name_can_be_imported(module, name):
    """A name in `__all__` that is not there would break `import *`."""
    assert hasattr(importlib.import_module(module), name)


def test_a_name_that_is_not_public_is_missed_as_usual():
    """The lazy import of the engine answers for its own name only."""
    with pytest.raises(AttributeError, match="module 'aftercare_sdk' has no attribute 'Aftermath'"):
        importlib.import_module("aftercare_sdk").Aftermath  # noqa: B018 - looking it up is the test

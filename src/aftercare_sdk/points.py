"""What a program needs that lets orders earn points, and one that offers rewards for them."""

from __future__ import annotations

from aftercare_sdk.model.context import CountedOrder, PointsAward, PointsView
from aftercare_sdk.model.points.allocation import Rounding, spread
from aftercare_sdk.model.points.expiry import Expiry
from aftercare_sdk.model.points.standing import SHIPPING, given_back, paid_for, standing
from aftercare_sdk.model.rewards import OffersRewards, Reward, RewardState

__all__ = [
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
]

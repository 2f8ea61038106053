"""What points can be exchanged for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from aftercare_sdk.model.commands import Discount
from aftercare_sdk.model.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """What a customer gets for `cost` points: a discount code, or a `tag` on the account. Exactly one.

    The code is good for `valid_for` (None: without end), for orders from `minimum` on, and only for
    `products` if there are any. Its points come back if it expires unused (`returns_unused`), and if the
    order that used it is cancelled or given back in full (`returns_refunded`).
    """

    name: str
    cost: int
    discount: Discount | None = None
    tag: str | None = None
    valid_for: timedelta | None = None
    minimum: Money | None = None
    products: tuple[str, ...] = ()
    returns_unused: bool = False
    returns_refunded: bool = True

    def __post_init__(self) -> None:
        """Raise ValueError for a reward that is none, or that costs nothing."""
        if (self.discount is None) == (self.tag is None):
            raise ValueError("a reward is a discount or a tag: give exactly one")
        if self.cost <= 0:
            raise ValueError("a reward costs one point or more")


class RewardState(StrEnum):
    """Where a redeemed reward stands."""

    ORDERED = "ordered"
    ISSUED = "issued"
    USED = "used"
    RETURNED = "returned"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a redeemed reward stands, and whether its points are spent."""

    state: RewardState
    spent: bool


def standing_of(
    reward: Reward,
    told: RewardState,
    *,
    uses: tuple[bool, ...],
    expires_at: datetime,
    ends_at: datetime,
    now: datetime,
) -> Standing:
    """Return where a reward stands: a function of what is known of it, in whatever order it became known.

    `told` is what became of the command, or that a person has called it off: ordered, issued, failed or
    cancelled. `uses` has an item for each purchase with the code: whether that order stands. `ends_at` lies
    before `expires_at` if the platform lets the code end before its time.
    """
    if any(uses):
        return Standing(state=RewardState.USED, spent=True)
    if uses:
        returned = reward.returns_refunded
        return Standing(state=RewardState.RETURNED if returned else RewardState.USED, spent=not returned)
    if told in {RewardState.FAILED, RewardState.CANCELLED}:
        return Standing(state=told, spent=False)
    if reward.tag is not None and told is RewardState.ISSUED:
        return Standing(state=RewardState.USED, spent=True)
    if ends_at <= now and ends_at < expires_at:
        return Standing(state=RewardState.CANCELLED, spent=False)
    if expires_at <= now:
        # One that the platform never made nobody could use.
        usable = told is RewardState.ISSUED
        return Standing(state=RewardState.EXPIRED, spent=usable and not reward.returns_unused)
    return Standing(state=told, spent=True)


@runtime_checkable
class OffersRewards(Protocol):
    """A plugin whose section of the configuration names rewards."""

    def offered_rewards(self, config: Mapping[str, Any]) -> Mapping[str, Reward]:
        """Return the rewards of a section as the plugin's schema has read it, by name."""

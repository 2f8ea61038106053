"""The rules of a loyalty program, as `[plugins.loyalty]` told them at some time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction
from zoneinfo import ZoneInfo

from aftercare_sdk.model.orders import OrderLine
from aftercare_sdk.model.points.allocation import Rounding
from aftercare_sdk.model.points.expiry import Expiry
from aftercare_sdk.model.rewards import Reward

ONCE = Fraction(1)


class Excluded(StrEnum):
    """What earns no points."""

    SHIPPING = "shipping"
    GIFT_CARDS = "gift_cards"
    SALE_ITEMS = "sale_items"


class TierBy(StrEnum):
    """What tiers are reached by, within the months of `Tiers`."""

    SPEND = "spend"
    POINTS = "points"
    ORDERS = "orders"


class Downgrade(StrEnum):
    """Where somebody comes to who has not reached the tier again: to what was earned, or one step down."""

    EARNED = "earned"
    ONE_STEP = "one_step"


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiplier:
    """Lines of a product, a tag or a category earn `times` as much. Exactly one of the three is set."""

    times: Fraction
    product: str | None = None
    tag: str | None = None
    category: str | None = None

    def fits(self, line: OrderLine) -> bool:
        """Tell whether a line earns by it."""
        if self.product is not None:
            return self.product in {line.product, line.variant, line.sku}
        if self.tag is not None:
            return self.tag in line.tags
        return self.category in line.categories


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Orders placed from `start` on and before `end` earn `times` as much, and `bonus` points each.

    A bare date, or a time without an offset, is meant in the zone of the shop.
    """

    name: str
    start: date | datetime
    end: date | datetime
    times: Fraction = ONCE
    bonus: int = 0

    def runs(self, at: datetime, zone: str) -> bool:
        """Tell whether an order placed at a moment belongs to it."""
        return _moment(self.start, zone) <= at < _moment(self.end, zone)


def _moment(told: date | datetime, zone: str) -> datetime:
    if not isinstance(told, datetime):
        told = datetime.combine(told, time())
    return told if told.tzinfo is not None else told.replace(tzinfo=ZoneInfo(zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A tier: reached `at` so many points, orders or minor units, and there one earns `times` as much."""

    name: str
    at: int
    times: Fraction = ONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers:
    """The tiers, the lowest first. A tier is kept for `keep_months` since it was last reached."""

    by: TierBy
    steps: tuple[Tier, ...]
    currency: str = ""
    months: int = 12
    keep_months: int = 12
    downgrade: Downgrade = Downgrade.EARNED
    show_as: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is earned, and how. `rates` are points for one minor unit of each currency."""

    rates: Mapping[str, Fraction]
    with_tax: bool = True
    rounding: Rounding = Rounding.DOWN
    return_period: timedelta = timedelta(days=14)
    longest_wait: timedelta = timedelta(days=90)
    exclude: frozenset[Excluded] = frozenset({Excluded.GIFT_CARDS, Excluded.SHIPPING})
    minimum_order: Mapping[str, int] = field(default_factory=dict)
    cap_per_order: int | None = None
    cap_per_month: int | None = None
    multipliers: tuple[Multiplier, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    first_order: int = 0
    birthday: int = 0
    review: int = 0
    unverified_reviews: bool = False
    survey: int = 0
    referral: int = 0
    friend: int = 0
    expiry: Expiry | None = None
    write_off: int = 0
    tiers: Tiers | None = None
    rewards: Mapping[str, Reward] = field(default_factory=dict)

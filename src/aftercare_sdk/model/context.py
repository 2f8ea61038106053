"""What a hook implementation may look at: read-only, and only what was known by the event's time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from aftercare_sdk.model.flows import Flow
from aftercare_sdk.model.orders import Order
from aftercare_sdk.model.reviews import Review
from aftercare_sdk.model.subscriptions import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopView:
    """The shop that the event comes from."""

    name: str
    country: str
    locale: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A message of this brand to the customer, as it stood at the time of the event."""

    label: str
    plugin: str
    purpose: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerView:
    """The customer of the event. Orders are purchases; the oldest come first, as with reviews.

    `subscriptions` are those that are known now, also such as have ended: shops do not date their changes.
    `tier` is that of the loyalty program, by now. `erased`: the person has been erased by now, so nothing but
    points comes of an answer.
    """

    locale: str
    country: str
    zone: str
    orders: tuple[Order, ...] = ()
    messages: tuple[SentMessage, ...] = ()
    reviews: tuple[Review, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    birthday: date | None = field(default=None, repr=False)
    tier: str | None = None
    erased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsAward:
    """A lot of points that this plugin has awarded: `lines` as it said, `left` what they are worth now."""

    label: str
    order: str | None
    lines: Mapping[str, int]
    left: int
    settled: bool
    awarded_at: datetime
    terms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedOrder:
    """A purchase as it is known now, and what this plugin's section said when it was placed.

    `counts`: it was made since the plugin has started, or the plugin has `backfill`. `zone` is the shop's.
    """

    order: Order
    config: Mapping[str, Any]
    counts: bool
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsView:
    """What a plugin that counts points sees of the customer, in all shops: as it is known now.

    Other than the rest of the context it is not cut off at the time of the event: points follow the facts,
    and are told anew when these change. `available` and `pending` are of all plugins, less `debt`.
    """

    available: int = 0
    pending: int = 0
    debt: int = 0
    awards: tuple[PointsAward, ...] = ()
    orders: tuple[CountedOrder, ...] = ()
    reviews: tuple[Review, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything a hook gets besides the event. New fields are added here, never to the signatures."""

    shop: ShopView
    customer: CustomerView
    order: Order | None = None
    review: Review | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    memory: Mapping[str, str] = field(default_factory=dict)
    flows: tuple[Flow, ...] = ()
    points: PointsView | None = None

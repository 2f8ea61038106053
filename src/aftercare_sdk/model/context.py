"""What a hook implementation may look at: read-only, and only what was known by the event's time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
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
    """

    locale: str
    country: str
    zone: str
    orders: tuple[Order, ...] = ()
    messages: tuple[SentMessage, ...] = ()
    reviews: tuple[Review, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()


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

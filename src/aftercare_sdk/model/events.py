"""Facts that plugins react to. Every event has a deterministic id; the same fact never comes twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.consent_ledger import Basis
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import RefundLine, order_ref
from aftercare_sdk.model.outcomes import OutcomeKind, RejectReason
from aftercare_sdk.model.reviews import ReviewStatus, review_ref
from aftercare_sdk.model.rewards import RewardState


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events have. `occurred_at` is when the fact happened, not when it became known."""

    kind: ClassVar[str]
    hook: ClassVar[str]

    id: str
    shop: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent(Event):
    """An event about one order."""

    order: str

    @property
    def order_ref(self) -> str:
        """The name of the order in scopes and premises: `shop/order/1042`."""
        return order_ref(self.shop, self.order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase(OrderEvent):
    """An order is known to be paid, or was released by the shop although it is paid on delivery."""

    kind: ClassVar[str] = "Purchase"
    hook: ClassVar[str] = "on_purchase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment(OrderEvent):
    """A parcel of an order left the shop."""

    kind: ClassVar[str] = "Shipment"
    hook: ClassVar[str] = "on_shipment"

    shipment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(OrderEvent):
    """A parcel reached the customer; `assumed` where the shop reports no deliveries."""

    kind: ClassVar[str] = "Delivery"
    hook: ClassVar[str] = "on_delivery"

    shipment: str
    assumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(OrderEvent):
    """Money was given back. `lines` None: the shop has not told them yet."""

    kind: ClassVar[str] = "Refund"
    hook: ClassVar[str] = "on_refund"

    refund: str
    amount: Money
    lines: tuple[RefundLine, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation(OrderEvent):
    """A purchase was called off."""

    kind: ClassVar[str] = "Cancellation"
    hook: ClassVar[str] = "on_cancellation"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewReceived(Event):
    """Somebody has written a review of a product; raised once, also for one that waits for approval.

    `status` is what the shop's moderation says by now. What the person wrote is in `ctx.review`.
    """

    kind: ClassVar[str] = "ReviewReceived"
    hook: ClassVar[str] = "on_review"

    review: str
    product: str
    status: ReviewStatus
    order: str | None = None

    @property
    def review_ref(self) -> str:
        """The name of the review: `shop/review/715`."""
        return review_ref(self.shop, self.review)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackReceived(Event):
    """A customer has answered a survey. `order` is what was asked about; None: nothing in particular.

    What was answered is not in it: a reward is for answering, whatever the answer is.
    """

    kind: ClassVar[str] = "FeedbackReceived"
    hook: ClassVar[str] = "on_feedback"

    survey: str
    answer: str
    order: str | None = None


class ReferralRole(StrEnum):
    """Who somebody is in a referral."""

    REFERRER = "referrer"
    """Has recommended the shop."""
    FRIEND = "friend"
    """Has come by that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralCompleted(Event):
    """A friend whom a customer has sent has bought; raised for each of both, with the `role`.

    `order` is what the friend has bought; the referrer is not told of it: None.
    """

    kind: ClassVar[str] = "ReferralCompleted"
    hook: ClassVar[str] = "on_referral"

    referral: str
    role: ReferralRole
    order: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChanged(Event):
    """The customer has agreed to be written to, or refused: then `basis` is None.

    `channel` is a medium such as `email`, `*` means all; `purpose` None: everything that is not part of a
    purchase. `source` is where it was said. Without `by_person` somebody else has noted it, and it does not
    beat a refusal.
    """

    kind: ClassVar[str] = "ConsentChanged"
    hook: ClassVar[str] = "on_consent_changed"

    channel: str
    purpose: Purpose | None
    basis: Basis | None
    source: str
    by_person: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageOutcome(Event):
    """Somebody has told what became of a message that had left. `order`: the one that it is about, if any.

    `plugin` has sent it, under `label`. `permanent`: nothing will ever arrive at that address.
    """

    kind: ClassVar[str] = "MessageOutcome"
    hook: ClassVar[str] = "on_message_outcome"

    message: str
    plugin: str
    label: str
    channel: str
    outcome: OutcomeKind
    reason: RejectReason | None = None
    permanent: bool = False
    order: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TierChanged(Event):
    """The customer has another tier of the loyalty program than before; None: none."""

    kind: ClassVar[str] = "TierChanged"
    hook: ClassVar[str] = "on_tier_changed"

    tier: str | None
    before: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardChanged(Event):
    """A reward that was redeemed for points stands otherwise than before, or is new.

    `points` is what it cost; they are gone while it is `spent`, and have come back else. `code` is empty for
    a tag.
    """

    kind: ClassVar[str] = "RewardChanged"
    hook: ClassVar[str] = "on_reward_changed"

    redemption: str
    reward: str
    state: RewardState
    points: int
    spent: bool
    code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerErased(Event):
    """The customer has been erased; raised for each shop in which they were known.

    `orders` and `reviews` are theirs in that shop: by these a plugin finds what it keeps elsewhere.
    """

    kind: ClassVar[str] = "CustomerErased"
    hook: ClassVar[str] = "on_customer_erased"

    orders: tuple[str, ...] = ()
    reviews: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerDue(Event):
    """A timer has come due; only the plugin that set it hears of it."""

    kind: ClassVar[str] = "TimerDue"
    hook: ClassVar[str] = "on_timer"

    plugin: str
    name: str
    subject: str
    order: str | None = None
    data: Mapping[str, str] = field(default_factory=dict)


# In the order in which several facts of one order are emitted.
EVENT_TYPES: tuple[type[Event], ...] = (
    Purchase,
    Shipment,
    Delivery,
    Refund,
    Cancellation,
    ReviewReceived,
    FeedbackReceived,
    ReferralCompleted,
    ConsentChanged,
    MessageOutcome,
    TierChanged,
    RewardChanged,
    CustomerErased,
    TimerDue,
)
EVENT_BY_KIND: Mapping[str, type[Event]] = {event.kind: event for event in EVENT_TYPES}

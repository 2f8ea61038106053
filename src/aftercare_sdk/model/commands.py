"""What programs want done on a shop's platform, as data; an adapter turns each command into calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from aftercare_sdk.model.consents import SETTABLE, ConsentState, OptIn
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.reviews import check_rating


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """What a code takes off: an `amount`, a `percent` (0 < percent <= 100) or the shipping. Exactly one."""

    amount: Money | None = None
    percent: Decimal | None = None
    free_shipping: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for anything but one of the three."""
        given = (self.amount is not None) + (self.percent is not None) + self.free_shipping
        if given != 1:
            raise ValueError("a discount is an amount, a percent or free shipping: give exactly one")
        if self.percent is not None and not 0 < self.percent <= 100:  # noqa: PLR2004 - a hundred per cent
            raise ValueError("a percent lies above 0 and goes up to 100")
        if self.amount is not None and self.amount.minor <= 0:
            raise ValueError("an amount that is taken off lies above zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueCode:
    """Make a discount code that one person can use once.

    `code` is made from the reward before the first try, so a retry finds its own. `email` may use it;
    `expires_at` is aware. `minimum` is what the order must come to, `products` those that it is good for;
    empty: all.
    """

    key: str
    code: str
    discount: Discount
    email: str = field(repr=False)
    expires_at: datetime | None = None
    minimum: Money | None = None
    products: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeCode:
    """Make a discount code of ours unusable. One that is used already, or not there, is done."""

    key: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCustomer:
    """Set a value that the platform shows with a customer account, such as the tier; None takes it away."""

    key: str
    customer: str
    name: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteReview:
    """Write what a customer has said of a product into the shop, as that customer's review.

    `rating` is 1 to 5 stars, None for none; `text` is plain. `name` is what stands beside it, `email` the
    writer's, which no shop shows. `verified`: the person has bought the product. Only with `publish` is it
    shown at once; else it waits until somebody of the shop approves it. A review of this person with this
    text is that review, however it came there, also if the shop has thrown it away since.
    """

    key: str
    product: str
    text: str = field(repr=False)
    name: str = field(repr=False)
    email: str = field(repr=False)
    rating: int | None = None
    verified: bool = False
    publish: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for a rating that is none."""
        check_rating(self.rating)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConsent:
    """Tell the platform what a customer has said about marketing by a channel, since `at` (aware).

    `state` is SUBSCRIBED, PENDING or UNSUBSCRIBED: what else a platform tells of a consent is its own to say.
    What the platform knows from later than `at` stays.
    """

    key: str
    customer: str
    state: ConsentState
    at: datetime
    channel: str = "email"
    opt_in: OptIn = OptIn.UNKNOWN

    def __post_init__(self) -> None:
        """Raise ValueError for a state that nobody but the platform can tell."""
        if self.state not in SETTABLE:
            raise ValueError(f"a consent cannot be set to {self.state}: {', '.join(sorted(SETTABLE))}")


ShopCommand = IssueCode | RevokeCode | TagCustomer | WriteReview | SetConsent


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A command that was carried out. `reference` is the platform's own name for what came of it."""

    reference: str = ""

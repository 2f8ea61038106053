"""What programs want done on a shop's platform, as data; an adapter turns each command into calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from aftercare_sdk.model.money import Money


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


ShopCommand = IssueCode | RevokeCode | TagCustomer


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A command that was carried out. `reference` is the platform's own name for what came of it."""

    reference: str = ""

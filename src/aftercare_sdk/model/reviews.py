"""Reviews of products: the picture an adapter draws (`ReviewSnapshot`) and what plugins see (`Review`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.versions import Version

FEWEST_STARS, MOST_STARS = 1, 5


class ReviewStatus(StrEnum):
    """What the shop's moderation says of a review."""

    APPROVED = "approved"
    HOLD = "hold"
    """It waits for somebody of the shop."""
    SPAM = "spam"
    TRASH = "trash"

    @property
    def heard(self) -> bool:
        """Whether it counts as the word of a customer: what is approved, or waits to be."""
        return self in {ReviewStatus.APPROVED, ReviewStatus.HOLD}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSnapshot:
    """A review as it now seems. None means "not told"; it never overwrites what is known.

    `contact` is the person who wrote it, `customer` that person's account and `order` what was bought, as far
    as the shop tells. `rating` is 1 to 5 stars; a review without stars has None. `text` is plain, without
    markup. `verified`: the shop says that the person has bought the product. `created_at` is when it was
    written. `erased` says that the shop has removed the person from this review, the account included.
    `deleted`: the shop no longer has it, and what it said goes with it.
    """

    shop: str
    id: str
    version: Version
    product: str | None = None
    contact: Contact | None = field(default=None, repr=False)
    rating: int | None = None
    text: str | None = field(default=None, repr=False)
    verified: bool | None = None
    status: ReviewStatus | None = None
    created_at: datetime | None = None
    customer: str | None = None
    order: str | None = None
    erased: bool = False
    deleted: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for a rating that is none."""
        check_rating(self.rating)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What is known of a review, without who wrote it. This is what plugins see.

    The `text` is what the person wrote, and may name people: it belongs into no reason, label or log.
    `deleted`: the shop no longer has it.
    """

    shop: str
    id: str
    product: str
    created_at: datetime
    rating: int | None = None
    text: str = field(default="", repr=False)
    verified: bool = False
    status: ReviewStatus = ReviewStatus.HOLD
    order: str | None = None
    deleted: bool = False

    @property
    def ref(self) -> str:
        """The name of the review in event ids: `shop/review/715`."""
        return review_ref(self.shop, self.id)


def review_ref(shop: str, review: str) -> str:
    """Return the name of a review in event ids."""
    return f"{shop}/review/{review}"


def check_rating(rating: int | None) -> None:
    """Raise ValueError for what is no number of stars."""
    if rating is not None and not FEWEST_STARS <= rating <= MOST_STARS:
        raise ValueError(f"a rating is {FEWEST_STARS} to {MOST_STARS} stars, or None")

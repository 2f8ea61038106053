"""What a review of a product says.

WooCommerce keeps reviews as WordPress keeps comments: of their dates there is only that of writing, they send
no webhooks, and whoever wrote one while logged in is named by a link alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.reviews import MOST_STARS, ReviewSnapshot, ReviewStatus
from aftercare_woocommerce.versions import UNDATED, dated

PATH = "products/reviews"
STATUSES = ("all", "spam", "trash")
"""What lists are asked for so that they hold every review: `all` is what is approved or waits for it."""

_STATUSES = {
    "approved": ReviewStatus.APPROVED,
    "hold": ReviewStatus.HOLD,
    "spam": ReviewStatus.SPAM,
    "trash": ReviewStatus.TRASH,
    # The product is in the trash, and its reviews with it.
    "post-trashed": ReviewStatus.TRASH,
}


def review_snapshot(review: Mapping[str, Any], *, shop: str) -> ReviewSnapshot:
    """Return what the review says.

    Nought stars are none given. Without an address nobody is named: a privacy erasure leaves it so.
    """
    email, stars, account = review["reviewer_email"], review["rating"], review["account"]
    snapshot = ReviewSnapshot(
        shop=shop,
        id=str(review["id"]),
        version=UNDATED,
        product=str(review["product_id"]) if review["product_id"] else None,
        contact=Contact(email=email, full_name=review["reviewer"]) if email else None,
        rating=min(stars, MOST_STARS) if stars > 0 else None,
        text=review["review"],
        verified=review["verified"] is True,
        # A plugin's own status is no word of approval.
        status=_STATUSES.get(review["status"], ReviewStatus.HOLD),
        created_at=review["date_created_gmt"],
        customer=str(account) if account else None,
        erased=not email,
    )
    return dated(snapshot, None)

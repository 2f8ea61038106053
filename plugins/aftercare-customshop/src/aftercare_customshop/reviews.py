"""What a message says of a review of a product."""

from __future__ import annotations

from aftercare_customshop.options import Rules
from aftercare_customshop.people import contact
from aftercare_customshop.schemas import Data
from aftercare_customshop.versions import UNDATED, dated
from aftercare_sdk.model.reviews import ReviewSnapshot, ReviewStatus
from aftercare_sdk.model.shops import NeedsRead, Ref, Translation


def review(data: Data, rules: Rules) -> tuple[Translation, ...]:
    """Return the picture of a review."""
    if data["updated_at"] is None:
        doubt = "the review does not say when it was last changed (updated_at)"
        return (NeedsRead(Ref("review", data["id"]), doubt),)
    return (picture(data, rules),)


def picture(data: Data, rules: Rules) -> ReviewSnapshot:
    """Return all that is said of a review. A shop that says nothing of moderation has none."""
    erased = bool(data["erased"])
    drawn = ReviewSnapshot(
        shop=rules.shop,
        id=data["id"],
        version=UNDATED,
        product=data["product"],
        contact=None if erased else contact(data["contact"]),
        rating=data["rating"],
        text=data["text"],
        verified=data["verified"],
        status=ReviewStatus(data["status"] or ReviewStatus.APPROVED),
        created_at=data["created_at"],
        customer=None if erased else data["customer"],
        order=data["order"],
        erased=erased,
    )
    return dated(drawn, data["updated_at"])


def deleted_review(data: Data, rules: Rules) -> tuple[Translation, ...]:
    """Return a review that the shop has deleted."""
    if data["deleted_at"] is None:
        doubt = "the notice does not say when the review was deleted (deleted_at)"
        return (NeedsRead(Ref("review", data["id"]), doubt),)
    gone = ReviewSnapshot(shop=rules.shop, id=data["id"], version=UNDATED, deleted=True)
    return (dated(gone, data["deleted_at"]),)

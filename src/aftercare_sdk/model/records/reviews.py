"""Reviews, as everything that was told of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.records.registers import merge_registers, told, told_null
from aftercare_sdk.model.reviews import ReviewSnapshot, ReviewStatus
from aftercare_sdk.model.versions import Register, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRecord:
    """Everything told of one review. What is not repr'd is personal data and is stored apart.

    `heard`: it was seen approved, or waiting for that. Spam never was anybody's word; what is moved to the
    trash later still was.
    """

    shop: str
    id: str
    latest: Version
    product: Register[str] | None = None
    contact: Register[Contact | None] | None = field(default=None, repr=False)
    text: Register[str | None] | None = field(default=None, repr=False)
    rating: Register[int] | None = None
    verified: Register[bool] | None = None
    status: Register[ReviewStatus] | None = None
    created_at: Register[datetime] | None = None
    customer: Register[str | None] | None = None
    order: Register[str] | None = None
    heard: bool = False
    deleted: Register[bool] | None = None

    def merge(self, other: ReviewRecord) -> ReviewRecord:
        """Return both in one."""
        return merge_registers(self, other, heard=self.heard or other.heard)


def review_record(snapshot: ReviewSnapshot) -> ReviewRecord:
    """Return one picture of a review as a record."""
    version = snapshot.version
    return ReviewRecord(
        shop=snapshot.shop,
        id=snapshot.id,
        latest=version,
        product=told(snapshot.product, version),
        contact=Register(None, version) if snapshot.erased else told_null(snapshot.contact, version),
        text=Register(None, version) if snapshot.deleted else told_null(snapshot.text, version),
        rating=told(snapshot.rating, version),
        verified=told(snapshot.verified, version),
        status=told(snapshot.status, version),
        created_at=told(snapshot.created_at, version),
        customer=Register(None, version) if snapshot.erased else told_null(snapshot.customer, version),
        order=told(snapshot.order, version),
        heard=snapshot.status is not None and snapshot.status.heard,
        # Whoever tells of it has it: one that was deleted came back, as from a backup.
        deleted=Register(value=snapshot.deleted, version=version),
    )


def gone_review(shop: str, review: str, version: Version) -> ReviewRecord:
    """Return the record of a review that the shop no longer has; what it said goes with it."""
    return ReviewRecord(
        shop=shop,
        id=review,
        latest=version,
        text=Register(None, version),
        deleted=Register(value=True, version=version),
    )

"""Somebody who is erased in a real engine: nothing that the program has written about them stays."""

from __future__ import annotations

import pytest

from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.reviews import ReviewSnapshot, ReviewStatus
from aftercare_sdk.model.versions import Version
from aftercare_sdk.testing import private
from aftercare_sdk.testing.given import failed
from aftercare_sdk.testing.programs.stage import picture
from aftercare_sdk.testing.programs.stories import BEGIN, End, Stories, ended
from aftercare_sdk.testing.programs.world import DAY, HOUR

_ERASED = BEGIN + 12 * DAY
_REFUNDED = BEGIN + 20 * DAY
_END = BEGIN + 100 * DAY


class Forgotten(Stories):
    """A purchase, its parcels and a review; then the erasure, and a refund after it."""

    def test_nothing_of_a_person_is_left_after_an_erasure(self) -> None:
        """If it fails, words of somebody who was erased stay in the database for good."""
        order = self._ordered(self.currencies[0], "erased", BEGIN)
        email = private.CONTACT.email
        with self._stage(BEGIN, hears=True) as stage:
            stage.tell(picture(order, email, BEGIN + 7 * DAY))
            stage.tell(_review(order.shop, order.id, email))
            stage.run(_ERASED)
            if stage.troubles():
                pytest.skip(
                    f"plugin {self._program.name!r} fails before the end: "
                    "see test_nothing_fails_in_a_real_engine"
                )
            stage.erase(order)
            stage.run(_ERASED + HOUR)
            stage.tell(picture(ended(order, End.LINES, _REFUNDED), email, _REFUNDED))
            stage.run(_END)
            for trouble in stage.troubles():
                failed(f"after the erasure of a customer: told of {trouble.event}, it {trouble.error}")
            left = stage.places([word.lower() for word in private.PRIVATE])
        if left:
            failed(
                f"after the erasure of a customer, what the person is called or has written stands in "
                f"{', '.join(sorted(left))}; what ctx.review says belongs into no label, name, key, reason "
                "or terms: keep what follows from it, with Remember"
            )


def _review(shop: str, order: str, email: str) -> ReviewSnapshot:
    at = BEGIN + 10 * DAY
    return ReviewSnapshot(
        shop=shop,
        id=f"r-{order}",
        version=Version(modified_at=at),
        product="tea",
        contact=Contact(email=email, full_name=private.CONTACT.full_name),
        rating=4,
        text=private.REVIEW,
        verified=True,
        status=ReviewStatus.APPROVED,
        created_at=at,
        order=order,
    )

"""Purchases that are called off or given back: in the end it is as if they had never been made."""

from __future__ import annotations

import pytest

from aftercare_sdk.testing.given import failed
from aftercare_sdk.testing.programs.stories import Stories


class Undone(Stories):
    """A purchase and its refund net to nothing, whichever is told first."""

    def test_a_full_refund_takes_all_points_back(self) -> None:
        """If it fails, whoever buys and gives back keeps points, or owes some that never were."""
        told = self._told_to_the_end
        if not told.awarded:
            pytest.skip(f"plugin {self._program.name!r} awards no points for the orders of this test")
        for one in told.left:
            held = one.balance
            failed(
                f"{one.story}: {one.after} {held.available + held.pending} points are left and "
                f"{held.debt} are owed, where nothing must be; award points with `lines`, so that they "
                "follow their order, or say them anew in on_refund and on_cancellation"
            )

    def test_a_full_refund_takes_the_tier_back(self) -> None:
        """If it fails, whoever buys and gives back keeps the privileges of a good customer."""
        told = self._told_to_the_end
        if not told.tiers:
            pytest.skip(f"plugin {self._program.name!r} gives nobody a tier for the orders of this test")
        for one in told.kept_tiers:
            failed(
                f"{one.story}: {one.after} the customer, who has no other order, is in tier "
                f"{one.tier!r} still; return ChangeTier in on_refund and on_cancellation as well"
            )

    def test_nothing_is_sent_about_an_order_that_was_given_back(self) -> None:
        """If it fails, somebody who gave everything back is asked how it tastes."""
        told = self._told_to_the_end
        if not told.sent:
            pytest.skip(f"plugin {self._program.name!r} sends nothing about the orders of this test")
        for story, message in told.sent_afterwards:
            failed(
                f"{story}: the message {message.label!r} leaves although nothing of the order is left; give "
                "it the premise OrderStands(order=ctx.order.ref), or name its label in `about_refunds` if it "
                "is meant to"
            )

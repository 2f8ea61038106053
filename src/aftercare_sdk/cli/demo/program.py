"""The demo's own program: whoever buys a second time gets a discount code for another time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from aftercare_sdk.actions import Action, Discount, GrantReward, Scope
from aftercare_sdk.events import Purchase
from aftercare_sdk.hookspecs import AftercareHooks, hookimpl
from aftercare_sdk.model.context import Context

SECOND = 2
TEN_PERCENT = Discount(percent=Decimal(10))


class Regulars(AftercareHooks):
    """Makes regulars of those who come back."""

    name = "regulars"

    @hookimpl
    def on_purchase(self, event: Purchase, ctx: Context) -> Iterable[Action] | None:
        """Grant the code once per customer, with the second purchase."""
        del event
        if len(ctx.customer.orders) != SECOND:
            return None
        return [
            GrantReward(
                label="welcome-back",
                discount=TEN_PERCENT,
                valid_for=timedelta(days=30),
                scope=Scope.CUSTOMER,
                reason="the second purchase of this customer",
            )
        ]

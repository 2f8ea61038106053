"""A point for each pound of an order; of somebody who was erased the points are taken back."""

from __future__ import annotations

from collections.abc import Iterable

from marshmallow import Schema, fields

from aftercare_sdk import AftercareHooks, Context, hookimpl
from aftercare_sdk.actions import Action, AwardPoints
from aftercare_sdk.events import CustomerErased, Purchase

__all__ = ["PointsForPounds", "plugin"]

LABEL = "purchase"


class Settings(Schema):
    """The section `[plugins.points-for-pounds]`."""

    shops = fields.List(fields.String(), load_default=list)


class PointsForPounds(AftercareHooks):
    """Customers of the configured shops have a point for each whole pound, dollar or euro that they paid."""

    config_schema = Settings
    counts_points = True

    @hookimpl
    def on_purchase(self, event: Purchase, ctx: Context) -> Iterable[Action] | None:
        """Say what the lines of an order are worth; asked again whenever something else is told of it."""
        if event.shop not in ctx.config["shops"] or ctx.order is None:
            return None
        # An order of somebody who was erased may still be refunded, and is counted anew then.
        worth = 0 if ctx.customer.erased else 1
        lines = {line.id: worth * (line.paid.minor // 100) for line in ctx.order.lines}
        return [AwardPoints(reason="a point for each pound", label=LABEL, lines=lines)]

    @hookimpl
    def on_customer_erased(self, event: CustomerErased, ctx: Context) -> Iterable[Action] | None:
        """Take back what nobody can spend any more, so that it is no liability."""
        if event.shop not in ctx.config["shops"] or ctx.points is None:
            return None
        mine = {f"{event.shop}/order/{order}" for order in event.orders}
        return [
            AwardPoints(
                reason="the customer was erased",
                label=award.label,
                order=award.order,
                lines=dict.fromkeys(award.lines, 0),
            )
            for award in ctx.points.awards
            if award.order in mine
        ]


plugin = PointsForPounds()

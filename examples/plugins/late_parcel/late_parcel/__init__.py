"""Tell a customer that their parcel seems late, before they have to ask.

A shipment sets a timer; the reported delivery of that parcel clears it. If the timer comes due, the parcel
has been on its way for too long and the customer gets one service message.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from importlib.resources import files

from marshmallow import Schema, fields, validate

from aftercare_sdk import AftercareHooks, Context, hookimpl
from aftercare_sdk.actions import (
    Action,
    CancelMessages,
    ClearTimer,
    NotSentWithin,
    OrderStands,
    Purpose,
    SendMessage,
    SetTimer,
)
from aftercare_sdk.events import Delivery, Shipment, TimerDue
from aftercare_sdk.model.messages import Template
from aftercare_sdk.model.orders import Order

__all__ = ["LateParcel", "plugin"]

MESSAGE = "late-parcel"
"""The name of the template, and the label of the messages."""


class Settings(Schema):
    """The section `[plugins.late-parcel]`."""

    shops = fields.List(fields.String(), load_default=list)
    days = fields.Integer(strict=True, load_default=7, validate=validate.Range(min=1, max=90))


class LateParcel(AftercareHooks):
    """Watches the parcels of the configured shops."""

    config_schema = Settings

    @hookimpl
    def register_templates(self) -> Iterable[Template]:
        """Offer the message in Japanese and English; a shop may replace the words by its own."""
        return [_template(locale) for locale in ("ja", "en")]

    @hookimpl
    def on_shipment(self, event: Shipment, ctx: Context) -> Iterable[Action] | None:
        """Set the parcel's own timer; the timers of an order's other parcels stay as they are."""
        if event.shop not in ctx.config["shops"]:
            return None
        return [
            SetTimer(
                reason=f"parcel {event.shipment} should arrive within {ctx.config['days']} days",
                name=_timer(event.shipment),
                delay=timedelta(days=ctx.config["days"]),
                data={"shipment": event.shipment},
            )
        ]

    @hookimpl
    def on_delivery(self, event: Delivery, ctx: Context) -> Iterable[Action] | None:
        """Clear the timer of a parcel that has arrived. That it should have arrived proves nothing."""
        if event.assumed:
            return None
        reason = f"parcel {event.shipment} has arrived"
        actions: list[Action] = [ClearTimer(reason=reason, name=_timer(event.shipment))]
        if ctx.order is not None and not _on_their_way(ctx.order):
            actions.append(CancelMessages(reason=reason, label=MESSAGE))
        return actions

    @hookimpl
    def on_timer(self, event: TimerDue, ctx: Context) -> Iterable[Action] | None:
        """Write to the customer, unless the parcel has arrived after all."""
        shipment = event.data["shipment"]
        # Asked again, because a delivery that was assumed first and reported later raises no second event.
        if ctx.order is None or shipment not in _on_their_way(ctx.order):
            return None
        return [
            SendMessage(
                reason=f"parcel {shipment} is late",
                template=MESSAGE,
                purpose=Purpose.SERVICE,
                label=MESSAGE,
                window=timedelta(days=2),
                premises=(
                    OrderStands(order=ctx.order.ref),
                    # Two late parcels of one person are one message.
                    NotSentWithin(label=MESSAGE, period=timedelta(days=3)),
                ),
            )
        ]


def _timer(shipment: str) -> str:
    return f"late {shipment}"


def _on_their_way(order: Order) -> set[str]:
    """Return the parcels that have left the shop and of which no arrival was reported."""
    arrived = {parcel.id for parcel in order.deliveries if not parcel.assumed}
    return {parcel.id for parcel in order.shipments} - arrived


def _template(locale: str) -> Template:
    folder = files(__name__) / "templates" / locale
    subject, text, html = (
        (folder / f"{MESSAGE}.{part}.liquid").read_text(encoding="utf-8")
        for part in ("subject", "txt", "html")
    )
    return Template(name=MESSAGE, locale=locale, subject=subject, text=text, html=html)


plugin = LateParcel()

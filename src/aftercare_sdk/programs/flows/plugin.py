"""The program `flows`, on the public hooks only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from aftercare_sdk.hookspecs import AftercareHooks, hookimpl
from aftercare_sdk.model.actions import Action, CancelMessages, Decline, Purpose, Scope, SendMessage
from aftercare_sdk.model.context import Context
from aftercare_sdk.model.events import Cancellation, Delivery, OrderEvent, Purchase, Refund, Shipment
from aftercare_sdk.model.flows import Anchor, Flow
from aftercare_sdk.model.orders import Order
from aftercare_sdk.model.premises import NotSentWithin, OrderStands, Premise
from aftercare_sdk.programs.flows.configuration import FlowsSchema, FlowTable, Parts, configured, problems

PRESETS = (
    Flow(
        name="thank-you",
        anchor=Anchor.PURCHASE,
        template="thank-you",
        purpose=Purpose.SERVICE,
        reason="thank the customer for the purchase",
        delay=timedelta(hours=1),
        once_per=timedelta(days=7),
    ),
    Flow(
        name="how-to-use",
        anchor=Anchor.DELIVERY,
        template="how-to-use",
        purpose=Purpose.SERVICE,
        reason="help the customer with what arrived",
        delay=timedelta(days=1),
        once_per=timedelta(days=7),
    ),
)


class Flows(AftercareHooks):
    """Sends the messages of the configured flows, and calls them off with the order."""

    name = "flows"
    config_schema = FlowsSchema

    @hookimpl
    def register_flows(self) -> Iterable[Flow]:
        """Offer the presets of the SDK."""
        return PRESETS

    @hookimpl
    def on_purchase(self, event: Purchase, ctx: Context) -> Iterable[Action] | None:
        """Plan the flows that count from the purchase."""
        return _planned(Anchor.PURCHASE, event, ctx)

    @hookimpl
    def on_shipment(self, event: Shipment, ctx: Context) -> Iterable[Action] | None:
        """Plan the flows that count from the first shipment."""
        return _planned(Anchor.SHIPMENT, event, ctx)

    @hookimpl
    def on_delivery(self, event: Delivery, ctx: Context) -> Iterable[Action] | None:
        """Plan the flows that count from the first delivery."""
        return _planned(Anchor.DELIVERY, event, ctx)

    @hookimpl
    def on_cancellation(self, event: Cancellation, ctx: Context) -> Iterable[Action] | None:
        """Call off what was planned for the order, unless it has been revived since."""
        if ctx.order is not None and not ctx.order.cancelled:
            return None
        return [CancelMessages(reason="the order was cancelled")]

    @hookimpl
    def on_refund(self, event: Refund, ctx: Context) -> Iterable[Action] | None:
        """Call off what was planned for the order, once nothing of it is left."""
        if ctx.order is None or not ctx.order.fully_refunded:
            return None
        return [CancelMessages(reason="the order was refunded in full")]

    def check_config(self, config: Mapping[str, FlowTable], parts: Parts) -> Iterable[str]:
        """Return what is wrong with the section, given the templates, channels and presets there are."""
        return tuple(problems(config, parts))


def _planned(anchor: Anchor, event: OrderEvent, ctx: Context) -> list[Action]:
    flows = [flow for flow in configured(ctx.flows, ctx.config) if flow.anchor is anchor]
    return [_declined(flow, ctx.order) or _message(flow, event) for flow in flows]


def _declined(flow: Flow, order: Order | None) -> Decline | None:
    """Say why a flow has nothing to send for an order; None: it has."""
    if order is None:
        return None
    if order.fully_refunded:
        reason, code = "the order was refunded in full", "order_refunded"
        at = max(refund.at for refund in order.refunds)
    elif order.cancelled and order.cancelled_at is not None:
        reason, code, at = "the order was cancelled", "order_cancelled", order.cancelled_at
    else:
        return None
    return Decline(
        label=flow.name,
        reason=reason,
        code=code,
        values={"order": order.number, "at": at.isoformat()},
    )


def _message(flow: Flow, event: OrderEvent) -> SendMessage:
    premises: list[Premise] = [OrderStands(order=event.order_ref)]
    if flow.once_per is not None:
        premises.append(NotSentWithin(label=flow.name, period=flow.once_per))
    return SendMessage(
        reason=flow.reason,
        # An order of several parcels has several deliveries; the first of them is what counts.
        scope=Scope.ORDER,
        discriminator=flow.name,
        template=flow.template,
        purpose=flow.purpose,
        label=flow.name,
        channel=flow.channel,
        delay=flow.delay,
        window=flow.window,
        premises=tuple(premises),
        version=flow.version,
    )

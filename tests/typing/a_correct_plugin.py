"""Read by mypy and never run: what a program author writes is accepted, with everything typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from typing_extensions import assert_type, override

from aftercare_sdk import AftercareHooks, Context, hookimpl
from aftercare_sdk.actions import (
    Action,
    CancelMessages,
    ClearTimer,
    NotSentWithin,
    OrderStands,
    Purpose,
    Remember,
    Scope,
    SendMessage,
    SetTimer,
)
from aftercare_sdk.events import Cancellation, Delivery, Purchase, Refund, Shipment, TimerDue
from aftercare_sdk.model.messages import Template


class Care(AftercareHooks):
    """A list, a tuple, a generator or None: every answer that a hook may give."""

    @override
    @hookimpl
    def on_purchase(self, event: Purchase, ctx: Context) -> Iterable[Action] | None:
        if ctx.order is None or len(ctx.customer.orders) > 1:
            return None
        assert_type(event.order_ref, str)
        return [
            SendMessage(
                template="welcome",
                purpose=Purpose.SERVICE,
                label="welcome",
                reason="first order",
                delay=timedelta(days=1),
                premises=(
                    OrderStands(order=ctx.order.ref),
                    NotSentWithin(label="welcome", period=timedelta(days=7)),
                ),
                data={"number": ctx.order.number},
            )
        ]

    @override
    @hookimpl
    def on_shipment(self, event: Shipment, ctx: Context) -> list[Action]:
        return [Remember(reason="it is on its way", key=event.shipment, value="shipped")]

    @override
    @hookimpl
    def on_delivery(self, event: Delivery, ctx: Context) -> Iterator[Action]:
        if not event.assumed:
            yield SetTimer(reason="it has been used for a month", name="care", delay=timedelta(days=30))

    @override
    @hookimpl
    def on_refund(self, event: Refund, ctx: Context) -> tuple[CancelMessages, ClearTimer]:
        return CancelMessages(reason="given back", scope=Scope.ORDER), ClearTimer(
            reason="given back", name="care"
        )

    @override
    @hookimpl
    def on_cancellation(self, event: Cancellation, ctx: Context) -> None:
        return None

    @override
    @hookimpl
    def on_timer(self, event: TimerDue, ctx: Context) -> list[SendMessage]:
        assert_type(ctx.memory.get(event.name), str | None)
        return [
            SendMessage(
                template=event.name, purpose=Purpose.SERVICE, label=event.name, reason="time for care"
            )
        ]

    @override
    @hookimpl
    def register_templates(self) -> list[Template]:
        return [Template(name="care", locale="ja", subject="お手入れ", text="…", html="<p>…</p>")]


plugin = Care()

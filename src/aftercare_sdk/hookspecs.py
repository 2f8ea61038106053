"""The hooks: what the engine calls, and what a plugin may answer.

Subclass `AftercareHooks`, implement some of these methods, and mark each with `@hookimpl`:

    from collections.abc import Iterable

    from aftercare_sdk import AftercareHooks, Context, hookimpl
    from aftercare_sdk.actions import Action, Purpose, SendMessage
    from aftercare_sdk.events import Purchase


    class Welcome(AftercareHooks):
        @hookimpl
        def on_purchase(self, event: Purchase, ctx: Context) -> Iterable[Action] | None:
            if len(ctx.customer.orders) > 1:
                return None
            return [
                SendMessage(
                    template="welcome", label="welcome", purpose=Purpose.SERVICE, reason="first order"
                )
            ]
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import pluggy

from aftercare_sdk.model.actions import Action
from aftercare_sdk.model.console import CommandGroup
from aftercare_sdk.model.context import Context
from aftercare_sdk.model.events import (
    Cancellation,
    ConsentChanged,
    CustomerErased,
    Delivery,
    FeedbackReceived,
    MessageOutcome,
    Purchase,
    ReferralCompleted,
    Refund,
    ReviewReceived,
    RewardChanged,
    Shipment,
    TierChanged,
    TimerDue,
)
from aftercare_sdk.model.flows import Flow
from aftercare_sdk.model.messages import ChannelType, Template
from aftercare_sdk.model.shops import AdapterType

PROJECT = "aftercare"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class AftercareHooks:
    """The specification of every hook; also the class that plugins subclass.

    Event hooks are pure functions of `(event, ctx)`: they perform nothing and read no clock. Each
    implementation is called alone; an error, an overrun or a nonsensical answer concerns that plugin only.

    `config_schema` is the marshmallow schema class of the section `[plugins.<name>]`, if there is one. Lists
    in it reach the hooks as tuples, tables as read-only mappings.

    A plugin that `counts_points` gets `ctx.points`, and its `on_purchase` and `on_review` are called again
    whenever something becomes known of the order or the review, so that it can tell anew what that is worth.
    One that `needs_section` hears of nothing until there is a section for it, and of everything since.
    """

    config_schema: ClassVar[type[Any] | None] = None
    counts_points: ClassVar[bool] = False
    needs_section: ClassVar[bool] = False

    @hookspec
    def on_purchase(self, event: Purchase, ctx: Context) -> Iterable[Action] | None:
        """React to an order that is first known as paid or released."""

    @hookspec
    def on_shipment(self, event: Shipment, ctx: Context) -> Iterable[Action] | None:
        """React to a parcel that left the shop."""

    @hookspec
    def on_delivery(self, event: Delivery, ctx: Context) -> Iterable[Action] | None:
        """React to a parcel that reached the customer, reported or assumed."""

    @hookspec
    def on_refund(self, event: Refund, ctx: Context) -> Iterable[Action] | None:
        """React to money given back."""

    @hookspec
    def on_cancellation(self, event: Cancellation, ctx: Context) -> Iterable[Action] | None:
        """React to a purchase that was called off."""

    @hookspec
    def on_review(self, event: ReviewReceived, ctx: Context) -> Iterable[Action] | None:
        """React to a review that a customer wrote. A reward is for writing one, whatever the stars say."""

    @hookspec
    def on_feedback(self, event: FeedbackReceived, ctx: Context) -> Iterable[Action] | None:
        """React to an answer to a survey. A reward is for answering, whatever the answer is."""

    @hookspec
    def on_referral(self, event: ReferralCompleted, ctx: Context) -> Iterable[Action] | None:
        """React to a friend who was sent and has bought: called for the sender, and for the friend."""

    @hookspec
    def on_consent_changed(self, event: ConsentChanged, ctx: Context) -> Iterable[Action] | None:
        """React to a customer who has agreed to be written to, or refused, in whatever way it was told."""

    @hookspec
    def on_message_outcome(self, event: MessageOutcome, ctx: Context) -> Iterable[Action] | None:
        """React to what became of a message: delivered, bounced, complained of and so on."""

    @hookspec
    def on_tier_changed(self, event: TierChanged, ctx: Context) -> Iterable[Action] | None:
        """React to a customer who has come into another tier of the loyalty program."""

    @hookspec
    def on_reward_changed(self, event: RewardChanged, ctx: Context) -> Iterable[Action] | None:
        """React to what became of a reward: ordered, issued, used, returned, expired, cancelled or failed."""

    @hookspec
    def on_customer_erased(self, event: CustomerErased, ctx: Context) -> Iterable[Action] | None:
        """React to a customer who has been erased. Of the actions only points count: nobody is left."""

    @hookspec
    def on_timer(self, event: TimerDue, ctx: Context) -> Iterable[Action] | None:
        """React to a timer that this plugin set."""

    @hookspec
    def register_adapters(self) -> Iterable[AdapterType]:
        """Offer kinds of shop. Collected once at start; two of the same name are an error."""
        return ()

    @hookspec
    def register_channels(self) -> Iterable[ChannelType]:
        """Offer kinds of channel. Collected once at start; two of the same name are an error."""
        return ()

    @hookspec
    def register_templates(self) -> Iterable[Template]:
        """Offer message templates. Collected once at start; same name and locale twice is an error."""
        return ()

    @hookspec
    def register_commands(self) -> Iterable[CommandGroup]:
        """Offer groups of commands for `aftercare`. Two of the same name are an error."""
        return ()

    @hookspec
    def register_flows(self) -> Iterable[Flow]:
        """Offer flow presets. Collected once at start; two of the same name are an error."""
        return ()

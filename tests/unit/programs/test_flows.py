from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aftercare_sdk.model.actions import CancelMessages, Decline, Purpose, Scope, SendMessage
from aftercare_sdk.model.context import Context, CustomerView, ShopView
from aftercare_sdk.model.events import Cancellation, Delivery, Purchase, Refund, Shipment
from aftercare_sdk.model.flows import Anchor, Flow
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import Order, OrderRefund
from aftercare_sdk.model.premises import NotSentWithin, OrderStands
from aftercare_sdk.programs.flows import PRESETS, Flows, FlowsSchema

AT = datetime(2026, 11, 21, tzinfo=UTC)
FACT = {"id": "chaho/order/1042/x", "shop": "chaho", "occurred_at": AT, "order": "1042"}
REF = "chaho/order/1042"
ORDER = Order(shop="chaho", id="1042", number="1042", placed_at=AT, total=Money(1_000, "JPY"))


def context(section, *, flows=PRESETS, order=ORDER) -> Context:
    """Return what the hook sees with this configuration."""
    return Context(
        shop=ShopView(name="chaho", country="JP", locale="ja", zone="Asia/Tokyo"),
        customer=CustomerView(locale="ja", country="JP", zone="Asia/Tokyo"),
        order=order,
        config=FlowsSchema().load(section),
        flows=flows,
    )


def refunded(*amounts: int) -> Order:
    """Return the order after these refunds."""
    refunds = (OrderRefund(id=str(a), amount=Money(a, "JPY"), lines=(), at=AT) for a in amounts)
    return replace(ORDER, refunds=tuple(refunds))


def on_purchase(ctx):
    """Return what a purchase plans."""
    return Flows().on_purchase(Purchase(**FACT), ctx)


def on_delivery(ctx):
    """Return what a delivery plans."""
    return Flows().on_delivery(Delivery(**FACT, shipment="a"), ctx)


@pytest.mark.parametrize(
    ("preset", "call", "delay", "reason"),
    [
        ("thank-you", on_purchase, timedelta(hours=1), "thank the customer for the purchase"),
        ("how-to-use", on_delivery, timedelta(days=1), "help the customer with what arrived"),
    ],
)
def test_each_preset_is_planned_by_its_fact(preset, call, delay, reason):
    """With everything that must still be true when it leaves, and nothing from the other preset."""
    assert [
        SendMessage(
            reason=reason,
            scope=Scope.ORDER,
            discriminator=preset,
            template=preset,
            purpose=Purpose.SERVICE,
            label=preset,
            channel="email",
            delay=delay,
            premises=(OrderStands(order=REF), NotSentWithin(label=preset, period=timedelta(days=7))),
            version=next(one.version for one in PRESETS if one.name == preset),
        )
    ] == call(context({each.name: {} for each in PRESETS}))


@pytest.mark.parametrize(("preset", "call"), [("thank-you", on_purchase), ("how-to-use", on_delivery)])
def test_nothing_is_planned_that_is_not_configured(preset, call):
    """The preset alone does nothing."""
    for section in ({}, {preset: {"enabled": False}}):
        assert [] == call(context(section))


@pytest.mark.parametrize(
    ("anchor", "call"),
    [
        (Anchor.PURCHASE, on_purchase),
        (Anchor.SHIPMENT, lambda ctx: Flows().on_shipment(Shipment(**FACT, shipment="a"), ctx)),
        (Anchor.DELIVERY, on_delivery),
    ],
)
def test_each_fact_plans_the_flows_that_count_from_it(anchor, call):
    """And no others."""
    section = {
        f"after-{each}": {"anchor": each.value, "template": "x", "purpose": "service", "window": "2 days"}
        for each in Anchor
    }
    messages = call(context(section))
    assert [f"after-{anchor}"] == [message.label for message in messages]
    assert [timedelta(days=2)] == [message.window for message in messages]


def test_only_the_first_parcel_of_an_order_counts():
    """Two deliveries of one order are one action, because they have the same key."""
    section = {"how": {"anchor": "delivery", "template": "how", "purpose": "service"}}
    first, second = (
        Flows().on_delivery(
            Delivery(**{**FACT, "id": f"{REF}/delivery/{it}"}, shipment=it), context(section)
        )[0]
        for it in "ab"
    )
    assert (Scope.ORDER, "how") == (first.scope, first.discriminator)
    assert (first.scope, first.discriminator) == (second.scope, second.discriminator)


def test_two_flows_of_one_order_are_two_actions():
    """The name of the flow tells them apart."""
    section = {"thank-you": {}, "note": {"anchor": "purchase", "template": "n", "purpose": "transactional"}}
    messages = Flows().on_purchase(Purchase(**FACT), context(section))
    assert ["note", "thank-you"] == [message.discriminator for message in messages]
    assert 2 == len({(message.scope, message.discriminator) for message in messages})


def test_every_time_means_no_limit():
    """Without a period there is nothing to check."""
    messages = Flows().on_purchase(Purchase(**FACT), context({"thank-you": {"once_per": "0 days"}}))
    assert (OrderStands(order=REF),) == messages[0].premises


def test_presets_of_other_plugins_run_as_well():
    """`ctx.flows` holds the presets of all of them."""
    preset = Flow(
        name="care",
        anchor=Anchor.PURCHASE,
        template="care",
        purpose=Purpose.TRANSACTIONAL,
        reason="tell how to care for it",
    )
    messages = Flows().on_purchase(Purchase(**FACT), context({"care": {}}, flows=(*PRESETS, preset)))
    assert ["tell how to care for it"] == [message.reason for message in messages]


def test_a_cancellation_calls_off_what_was_planned_for_the_order():
    """Every message of this program about it; premises would stop them too, but later and less visibly."""
    assert [CancelMessages(reason="the order was cancelled")] == Flows().on_cancellation(
        Cancellation(**FACT), context({}, order=replace(ORDER, cancelled=True))
    )


def test_a_revived_order_keeps_what_was_planned_for_it():
    """A late bank transfer revives an order: the cancellation is history by the time it is told."""
    assert None is Flows().on_cancellation(Cancellation(**FACT), context({}))


@pytest.mark.parametrize(
    ("order", "called_off"),
    [
        (refunded(1_000), True),
        (refunded(400, 600), True),
        (refunded(400), False),
        (replace(refunded(400), total=None), False),
        (None, False),
    ],
)
def test_only_a_full_refund_calls_them_off(order, called_off):
    """Somebody who keeps part of an order may still be thanked for it."""
    event = Refund(**FACT, refund="77", amount=Money(400, "JPY"))
    expected = [CancelMessages(reason="the order was refunded in full")] if called_off else None
    assert expected == Flows().on_refund(event, context({"thank-you": {}}, order=order))


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (refunded(400, 600), "order_refunded"),
        (replace(ORDER, cancelled=True, cancelled_at=AT), "order_cancelled"),
    ],
)
def test_nothing_is_planned_for_an_order_that_is_over(order, code):
    """It says so, for each flow of that fact, with what the sentence speaks of."""
    [told] = on_delivery(context({"thank-you": {}, "how-to-use": {}}, order=order))
    assert isinstance(told, Decline)
    assert ("how-to-use", code) == (told.label, told.code)
    assert {"order": "1042", "at": AT.isoformat()} == told.values


def test_what_was_given_back_in_part_is_still_an_order():
    """The customer has kept something."""
    [told] = on_delivery(context({"how-to-use": {}}, order=refunded(400)))
    assert isinstance(told, SendMessage)

"""The same history, lived through by shops of three platforms, leads to the same facts and messages."""

from __future__ import annotations

from collections import Counter

from aftercare_sdk.model.money import Money
from tests.support.one_history.customshop import CustomShop
from tests.support.one_history.script import (
    ORDERS,
    PEOPLE,
    AmountRefunded,
    Cancelled,
    LinesRefunded,
    Placed,
    Revived,
    history,
)
from tests.support.one_history.shopify import ShopifyShop
from tests.support.one_history.telling import live_through
from tests.support.one_history.woocommerce import WooCommerceShop


def test_the_history_has_everything_in_it():
    """A hundred orders in two currencies, guests, refunds by line and amount, cancelled and revived ones."""
    acts = history()
    kinds = Counter(type(act.what) for act in acts)
    placed = [act.what for act in acts if isinstance(act.what, Placed)]
    assert ORDERS == len(placed)
    assert {"JPY", "USD"} == {one.currency for one in placed}
    assert {True, False} == {PEOPLE[one.person].account for one in placed}
    assert all(kinds[kind] >= 10 for kind in (LinesRefunded, AmountRefunded, Cancelled, Revived))


def test_the_same_orders_events_and_messages(tmp_path):
    """Order by order to the last yen and cent, at the same moments, sent or not for the same reasons.

    What everybody agrees on is what was meant: it is written down here, so that all cannot be wrong alike.
    """
    acts = history()
    told = {}
    for kind in (CustomShop, WooCommerceShop, ShopifyShop):
        folder = tmp_path / kind.__name__
        folder.mkdir()
        told[kind] = live_through(acts, kind(), folder)
    one = told[CustomShop]
    for kind in (WooCommerceShop, ShopifyShop):
        for number in range(ORDERS):
            assert one.orders[number] == told[kind].orders[number], (kind.__name__, number)
        assert one.events == told[kind].events, kind.__name__
        assert one.messages == told[kind].messages, kind.__name__
    _check_the_golden_numbers(one)


def _check_the_golden_numbers(one):
    assert {"Purchase": 90, "Shipment": 80, "Delivery": 80, "Refund": 50, "Cancellation": 20} == Counter(
        event[2] for event in one.events
    )
    assert {
        ("thank-you", "accepted", "accepted"): 42,
        ("thank-you", "skipped", "sent_recently"): 38,
        ("thank-you", "cancelled", "cancelled_by_plugin"): 10,
        ("how-to-use", "accepted", "accepted"): 44,
        ("how-to-use", "skipped", "sent_recently"): 36,
    } == Counter((label, state, code) for _, label, _, _, state, code in one.messages)
    for total, refunded in (
        (Money(745_960, "JPY"), Money(104_016, "JPY")),
        (Money(282_850, "USD"), Money(52_852, "USD")),
    ):
        orders = [order for order in one.orders.values() if order["total"].currency == total.currency]
        nothing = Money(0, total.currency)
        assert total == sum((order["total"] for order in orders), nothing)
        assert refunded == sum((order["refunded"] for order in orders), nothing)

"""The same history, lived through by shops of three platforms, leads to the same facts and messages."""

from __future__ import annotations

from collections import Counter

import pytest

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


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What came of the history at each platform."""
    acts = history()
    return {
        kind.__name__: live_through(acts, kind(), tmp_path_factory.mktemp(kind.__name__))
        for kind in (CustomShop, WooCommerceShop, ShopifyShop)
    }


def test_the_history_has_everything_in_it():
    """A hundred orders in two currencies, guests, refunds by line and amount, cancelled and revived ones."""
    acts = history()
    kinds = Counter(type(act.what) for act in acts)
    placed = [act.what for act in acts if isinstance(act.what, Placed)]
    assert ORDERS == len(placed)
    assert {"JPY", "USD"} == {one.currency for one in placed}
    assert {True, False} == {PEOPLE[one.person].account for one in placed}
    assert all(kinds[kind] >= 10 for kind in (LinesRefunded, AmountRefunded, Cancelled, Revived))


@pytest.mark.parametrize("platform", ["WooCommerceShop", "ShopifyShop"])
def test_the_same_orders_and_amounts(told, platform):
    """To the last yen and cent, line by line."""
    for number in range(ORDERS):
        assert told["CustomShop"].orders[number] == told[platform].orders[number], number


@pytest.mark.parametrize("platform", ["WooCommerceShop", "ShopifyShop"])
def test_the_same_events(told, platform):
    """At the same moments, with the same amounts and lines."""
    assert told["CustomShop"].events == told[platform].events


@pytest.mark.parametrize("platform", ["WooCommerceShop", "ShopifyShop"])
def test_the_same_messages(told, platform):
    """Planned for the same moments, sent or not for the same reasons."""
    assert told["CustomShop"].messages == told[platform].messages


def test_the_golden_numbers(told):
    """What everybody agrees on is what was meant: written down once, so that all cannot be wrong alike."""
    one = told["CustomShop"]
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

"""What WooCommerce's webhooks lose is found by listing the shop: the whole engine against the fake shop."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import responses

import aftercare_woocommerce
from aftercare_sdk import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.model.shops import RawRequest
from aftercare_sdk.store import journal, reads
from aftercare_sdk.store.journal import State
from aftercare_sdk.testing.projection import project
from aftercare_woocommerce import sync
from aftercare_woocommerce.client import RestClient
from aftercare_woocommerce.fake import KEY, SECRET, Api, FakeWooCommerce, answer_in
from aftercare_woocommerce.webhooks import install

DAY = timedelta(days=1)
ENVIRON = {"WOO_SECRET": "s3cret", "WOO_KEY": KEY, "WOO_KEY_SECRET": SECRET}


@pytest.fixture(autouse=True)
def seldom(monkeypatch):
    """List twice a day, so that a month takes seconds."""
    often = [replace(each, every=max(each.every, DAY / 2)) for each in sync.STREAMS]
    monkeypatch.setattr(sync, "STREAMS", tuple(often))


@contextmanager
def world(folder, *, listing):
    """Run a shop and an engine that is connected to it."""
    shop = FakeWooCommerce()
    url = shop.site.url
    config = {
        "brand": {"name": "Tea", "locale": "ja", "zone": "Asia/Tokyo", "country": "JP"},
        "database": {"url": f"sqlite:///{folder}/aftercare.db"},
        "shops": {
            "tea": {
                "adapter": "woocommerce",
                "secret": {"env": "WOO_SECRET"},
                "currency": "JPY",
                "url": url,
                "consumer_key": {"env": "WOO_KEY"},
                "consumer_secret": {"env": "WOO_KEY_SECRET"},
                "sync": listing,
            }
        },
    }
    folder.mkdir()
    with (
        responses.RequestsMock(assert_all_requests_are_fired=False) as mock,
        Aftercare(
            config,
            clock=VirtualClock(shop.now),
            plugins={"woocommerce": aftercare_woocommerce.plugin},
            environ=ENVIRON,
        ) as aftercare,
    ):
        answer_in(mock, Api(shop))
        shop.queue.transport = lambda sent: (
            aftercare.receive("tea", RawRequest(sent.headers, sent.body)).status
        )
        client = RestClient(shop="tea", url=url, consumer_key=KEY, consumer_secret=SECRET)
        install(client, shop="tea", url="https://aftercare.example/webhooks/tea", secret="s3cret")
        yield shop, aftercare


def a_month(shop, seed, meanwhile):
    """Let a shop do business; `meanwhile` is called after everything that happens."""
    chance = random.Random(seed)  # noqa: S311
    products = [shop.product(name, price, tax=8) for name, price in (("茶", "880"), ("珈琲", "1620"))]
    accounts = [shop.customer(f"a{number}@example.jp", first_name=f"花{number}") for number in range(3)]
    acts = [
        shop.pay,
        shop.pay,
        shop.complete,
        lambda order: shop.refund(order, lines={0: 1}) if shop.refundable(order) >= 1620 else None,
        lambda order: shop.refund(order, amount="100") if shop.refundable(order) > 100 else None,
        lambda order: shop.set_status(order, "cancelled"),
        shop.trash,
        lambda order: shop.edit(order, billing={"email": f"new{order}@example.jp"}),
    ]
    for _ in range(40):
        shop.wait(hours=chance.randint(1, 12), seconds=chance.randint(0, 59))
        # A cancelled order that lives on, and is cancelled again, has forgotten the first time: if nobody was
        # told of it, nobody can find it.
        over = ("trash", "cancelled")
        live = [number for number, order in shop.orders.items() if order.status not in over]
        if not live or chance.random() < 0.4:
            account = chance.choice([0, *accounts])
            email = "" if account else f"guest{chance.randint(1, 5)}@example.jp"
            shop.checkout({chance.choice(products): chance.randint(1, 3)}, email=email, account=account)
        else:
            chance.choice(acts)(chance.choice(live))
        meanwhile()


def known(aftercare):
    """Return what the engine knows, once nothing waits and nothing is parked."""
    with aftercare.brand.database.read() as connection:
        assert [] == reads.listing(connection)
        assert [] == journal.listing(connection, states=[State.NEW, State.PARKED])
    return project(aftercare.brand.database)


def run(folder, seed, *, listing, after=lambda _: None, **network):
    """Live through a month over a network, and return what is known some days later."""
    dice = random.Random(seed)  # noqa: S311
    with world(folder, listing=listing) as (shop, aftercare):

        def meanwhile():
            aftercare.advance(shop.now)
            shop.deliver(chance=dice, **network)

        a_month(shop, seed, meanwhile)
        after(shop)
        # Two days for the listings of everything, and some for parcels to arrive.
        for _ in range(5):
            shop.wait(days=1)
            aftercare.advance(shop.now)
        return known(aftercare)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_fifth_is_lost(tmp_path, seed):
    """With 20 % of the webhooks lost and the rest repeated and shuffled, the same is known in the end."""
    expected = run(tmp_path / "good", seed, listing=False)
    lossy = {"lose": 0.2, "repeat": 0.5, "shuffle": True}
    assert expected == run(tmp_path / "bad", seed, listing=True, **lossy)
    assert expected.events


def test_without_webhooks(tmp_path):
    """A shop whose webhooks are all lost is known all the same."""
    assert run(tmp_path / "good", 4, listing=False).events.keys() == (
        run(tmp_path / "bad", 4, listing=True, lose=1.0).events.keys()
    )


def test_without_a_trace(tmp_path):
    """A deleted refund, an edit in the database and an order deleted for good are found within a day."""

    def after(shop):
        refund = next(iter(shop.refunds.values()))
        shop.delete_refund(refund.id)
        untouched = [number for number in shop.orders if number != refund.order]
        shop.edit_silently(untouched[0], billing={"email": "silent@example.jp"})
        shop.delete_order(untouched[1])
        after.done = (refund.order, refund.id, untouched[0], untouched[1])

    told = run(tmp_path / "a", 5, listing=True, after=after)
    order, refund, edited, deleted = after.done
    assert [str(refund)] == told.objects["order", str(order)]["withdrawn"]
    assert "silent@example.jp" in str(told.objects["order", str(edited)]["mailbox"])
    assert (
        told.objects["order", str(deleted)]["cancellations"]
        or told.events[f"tea/order/{deleted}/cancellation"]
    )

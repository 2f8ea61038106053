"""What Shopify's webhooks lose is found by listing the shop: the whole engine against the fake shop."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
import responses

import aftercare_shopify
from aftercare_sdk import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.engine.recovered import Fate, recovered
from aftercare_sdk.model.shops import RawRequest
from aftercare_sdk.store import journal, reads
from aftercare_sdk.store.journal import State
from aftercare_sdk.testing.projection import project
from aftercare_shopify import sync
from aftercare_shopify.fake import SECRET, TOKEN, Api, FakeShopify, answer_in
from aftercare_shopify.fake.state.people import Address

DAY = timedelta(days=1)
URL = "https://aftercare.example/webhooks/tea"
TOPICS = (
    "orders/create",
    "orders/updated",
    "orders/cancelled",
    "orders/paid",
    "orders/delete",
    "refunds/create",
    "fulfillments/create",
    "fulfillments/update",
    "fulfillment_events/create",
    "customers/create",
    "customers/update",
    "customers/delete",
    "customer.tags_added",
    "customers_email_marketing_consent/update",
    "products/create",
    "products/update",
    "products/delete",
    "subscription_contracts/create",
    "subscription_contracts/update",
)


@pytest.fixture(autouse=True, scope="module")
def seldom():
    """List once a day, so that a month takes seconds."""
    often = [replace(each, every=max(each.every, DAY)) for each in sync.STREAMS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sync, "STREAMS", tuple(often))
        yield


@pytest.fixture(scope="module")
def lossless(tmp_path_factory):
    """What is known after a month of which nothing was lost, by its seed; lived through once."""
    return cache(lambda seed: run(tmp_path_factory.mktemp("good") / str(seed), seed)[0])


@contextmanager
def world(folder, *, listing=True, shop=None):
    """Run a shop, or let one go on, and an engine that is connected to it."""
    shop = shop or FakeShopify(rates={"USD": "0.0067"})
    # The shop's clock stands still while the engine asks, so that no points would come back.
    shop.bucket.set(limit=1e9, rate=1e9)
    config = {
        "brand": {"name": "Tea", "locale": "ja", "zone": "Asia/Tokyo", "country": "JP"},
        "database": {"url": f"sqlite:///{folder}/aftercare.db"},
        "shops": {
            "tea": {
                "adapter": "shopify",
                "secret": {"env": "SHOPIFY_SECRET"},
                "currency": "JPY",
                "domain": shop.domain,
                "access_token": {"env": "SHOPIFY_TOKEN"},
                "sync": listing,
            }
        },
    }
    folder.mkdir(exist_ok=True)
    with (
        responses.RequestsMock(assert_all_requests_are_fired=False) as mock,
        Aftercare(
            config,
            clock=VirtualClock(shop.now),
            plugins={"shopify": aftercare_shopify.plugin},
            environ={"SHOPIFY_SECRET": SECRET, "SHOPIFY_TOKEN": TOKEN},
        ) as aftercare,
    ):
        answer_in(mock, Api(shop))
        shop.queue.transport = lambda sent: (
            aftercare.receive("tea", RawRequest(sent.headers, sent.body)).status
        )
        for topic in TOPICS if not shop.subscriptions else ():
            shop.queue.subscribe(topic, URL)
        yield shop, aftercare


class Month:
    """A month of a shop: `act` lets something happen, whatever it is."""

    def __init__(self, shop, seed):
        self.shop = shop
        self.chance = random.Random(seed)  # noqa: S311
        self.products = [
            shop.add_product(name, price, tax=8) for name, price in (("茶", "880"), ("珈琲", "1620"))
        ]
        self.accounts = [
            shop.add_customer(f"a{number}@example.jp", first_name=f"花{number}", last_name="小川")
            for number in range(3)
        ]
        self.home = Address(
            first_name="花",
            last_name="小川",
            address1="1-2-3",
            city="千代田区",
            zip="100-0001",
            country_code="JP",
        )

    def act(self):
        """Let some time pass, and something happen."""
        shop, chance = self.shop, self.chance
        shop.wait(hours=chance.randint(1, 12), seconds=chance.randint(0, 59))
        live = [number for number, order in shop.orders.items() if order.cancelled is None]
        dice = chance.random()
        if not live or dice < 0.4:
            self.buy()
        elif dice < 0.42:
            shop.tag(chance.choice(self.accounts), f"t{chance.randint(1, 9)}")
        elif dice < 0.45:
            shop.change_consent(chance.choice(self.accounts), chance.choice(["SUBSCRIBED", "UNSUBSCRIBED"]))
        elif dice < 0.47:
            self.subscribe()
        elif dice < 0.5:
            shop.edit_customer(chance.choice(self.accounts), last_name=f"小川{chance.randint(1, 9)}")
        elif dice < 0.55:
            shop.edit_product(chance.choice(self.products), tags=[f"t{chance.randint(1, 9)}"])
        else:
            acts = (self.pay, self.pay, self.send, self.send, self.arrive, self.give_back, self.call_off)
            chance.choice((*acts, self.edit, self.change))(chance.choice(live))

    def buy(self):
        chance = self.chance
        account = chance.choice([None, *self.accounts])
        more = {self.products[0]: 1} if chance.random() < 0.3 else {}
        self.shop.order(
            {chance.choice(self.products): chance.randint(1, 3), **more},
            customer=account,
            email=None if account else f"guest{chance.randint(1, 5)}@example.jp",
            paid=chance.random() < 0.6,
            gateway=chance.choice(["shopify_payments", "shopify_payments", "Cash on Delivery (COD)"]),
            currency=chance.choice(["JPY", "JPY", "USD"]),
            address=self.home,
        )

    def subscribe(self):
        contracts = list(self.shop.contracts)
        if contracts and self.chance.random() < 0.5:
            self.shop.set_contract(self.chance.choice(contracts), "PAUSED")
        else:
            self.shop.subscribe_customer(self.chance.choice(self.accounts), {self.products[0]: 1})

    def pay(self, order):
        if self.shop.orders[order].outstanding.presentment > 0:
            self.shop.pay(order)

    def send(self, order):
        found = self.shop.orders[order]
        if any(found.to_send(line) for line in found.lines):
            self.shop.fulfil(order)

    def arrive(self, order):
        there = [each for each in self.shop.orders[order].fulfillments if not each.events]
        if there:
            self.shop.wait(hours=self.chance.randint(20, 60))
            self.shop.deliver_parcel(order, parcel=there[0].id)

    def give_back(self, order):
        found = self.shop.orders[order]
        if found.received.presentment <= found.refunded.presentment:
            return
        line = next((line for line in found.lines if found.current(line)), None)
        if line is not None and self.chance.random() < 0.6:
            self.shop.refund(order, {line.id: 1}, amount=None if found.refunded.presentment == 0 else "1")
        else:
            self.shop.refund(order, amount="1")

    def call_off(self, order):
        if not self.shop.orders[order].fulfillments:
            self.shop.cancel(order)

    def edit(self, order):
        # One more, paid at once; and one less, for which no money goes back.
        found = self.shop.orders[order]
        if found.outstanding.presentment == 0 and self.chance.random() < 0.5:
            self.shop.edit(order, add={self.products[0]: 1})
            self.shop.pay(order)
        elif found.to_send(found.lines[0]) > 1:
            self.shop.edit(order, remove={0: 1})

    def change(self, order):
        self.shop.change(order, email=f"new{order}@example.jp")


def known(aftercare):
    """Return what the engine knows, once nothing waits and nothing is parked."""
    with aftercare.brand.database.read() as connection:
        assert [] == reads.listing(connection)
        assert [] == journal.listing(connection, states=[State.NEW, State.PARKED])
    facts = project(aftercare.brand.database)
    return replace(facts, objects={key: without_listing(told) for key, told in facts.objects.items()})


def without_listing(told):
    """Leave out when refunds were first listed: Shopify dates them, so that nothing follows from it."""
    refunds = told.get("refunds", {})
    assert all(each["dated"] for each in refunds.values())
    kept = {number: {**each, "told_at": None} for number, each in refunds.items()}
    return {**told, "refunds": kept} if refunds else told


def found_in(aftercare):
    """Return what the report of the listings names: objects that no webhook had told of, or not all of it."""
    with aftercare.brand.database.read() as connection:
        return recovered(connection, journal.discoveries(connection))


def run(folder, seed, *, listing=True, after=lambda _: None, **network):
    """Live through a month over a network, and return what is known some days later."""
    dice = random.Random(seed)  # noqa: S311
    with world(folder, listing=listing) as (shop, aftercare):
        month = Month(shop, seed)
        for _ in range(40):
            month.act()
            aftercare.advance(shop.now)
            shop.deliver(chance=dice, **network)
        after(shop)
        # Two days for the listings of everything, and some for parcels to arrive.
        for _ in range(5):
            shop.wait(days=1)
            aftercare.advance(shop.now)
        return known(aftercare), found_in(aftercare)


LOSSY = {"lose": 0.2, "repeat": 0.5, "shuffle": True}


def kinds(facts):
    """Return the kinds of the events of orders that are known."""
    return {name.split("/")[3] for name in facts.events if "/order/" in name}


def test_a_fifth_is_lost(tmp_path, lossless):
    """With 20 % of the webhooks lost and the rest repeated and shuffled, the same is known in the end."""
    expected = lossless(1)
    told, found = run(tmp_path / "bad", 1, **LOSSY)
    assert [] == list(expected.differences(told))
    assert expected == told
    assert {"purchase", "shipment", "delivery", "refund", "cancellation"} == kinds(expected)
    # What was recovered is named, by the number that operators know.
    recovered_ones = [one for one in found if one.kind == "order"]
    assert recovered_ones
    assert all(one.name.startswith("#") for one in recovered_ones)


def test_without_webhooks(tmp_path, lossless):
    """A shop whose webhooks are all lost is known all the same, and all of it was recovered."""
    told, found = run(tmp_path / "bad", 1, lose=1.0)
    assert [] == list(lossless(1).differences(told))
    later = [one for one in found if one.kind == "order" and one.fate is Fate.NEW]
    # The first listing tells of what was there before; it recovers nothing.
    assert len(later) > 10


def test_webhooks_alone(tmp_path, lossless):
    """Webhooks tell what listings tell, but for tags, languages, and consents that nobody has changed."""
    told, _ = run(tmp_path / "alone", 1, listing=False)
    for difference in lossless(1).differences(told):
        what, _, how = difference.partition(": ")
        assert (what.partition(" ")[0], how) in {
            ("customer", "differs in locale, tags"),
            ("consent", "known only the first time"),
        }


def test_without_a_trace(tmp_path):
    """What no webhook told is found within a day: what was deleted, made, or edited."""

    def after(shop):
        shop.queue.subscriptions.clear()
        gone = next(number for number, order in shop.orders.items() if not order.received.presentment)
        shop.delete_order(gone)
        contract = shop.subscribe_customer(next(iter(shop.customers)), {next(iter(shop.products)): 1})
        shop.edit_product(next(iter(shop.products)), title="玉露")
        after.gone, after.contract = str(gone), str(contract)
        after.new = str(shop.add_customer("new@example.jp"))

    told, found = run(tmp_path / "a", 5, after=after)
    named = {(one.kind, one.id): one.fate for one in found}
    assert Fate.DELETED is named["order", after.gone]
    # The account itself is read as soon as its consent has been found.
    assert Fate.NEW is named["consent", f"{after.new}/email"]
    assert ("customer", after.new) in told.objects
    assert told.objects["order", after.gone]["cancelled"]
    assert told.objects["subscription", after.contract]["active"]
    assert "玉露" in {each.get("title") for each in told.objects.values()}


def test_sixty_days(tmp_path, monkeypatch):
    """An order that Shopify does not show any more, because the app lacks a scope, is no cancelled order."""
    monkeypatch.setattr(sync, "STREAMS", tuple(replace(each, every=31 * DAY) for each in sync.STREAMS))
    with world(tmp_path / "a", listing=False) as (shop, aftercare):
        shop.access.scopes.remove("read_all_orders")
        order = shop.order({shop.add_product("茶", "880"): 1}, email="a@example.jp", paid=True)
        shop.deliver()
        aftercare.advance(shop.now)
    with world(tmp_path / "a", listing=True, shop=shop) as (_, aftercare):
        aftercare.advance(shop.wait(days=61))
        aftercare.advance(shop.wait(days=2))
        told = known(aftercare)
        assert [str(order)] == [one.id for one in found_in(aftercare) if one.kind == "order"]
    assert {f"tea/order/{order}/purchase"} == told.events.keys()
    assert False is told.objects["order", str(order)]["cancelled"]

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import responses
from sqlalchemy import select

from aftercare_sdk import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.model.shops import RawRequest
from aftercare_sdk.store import connections, privacy, reads
from aftercare_sdk.store.reads import Read
from aftercare_sdk.store.tables import objects
from aftercare_sdk.testing.projection import project
from aftercare_shopify import fake, plugin
from aftercare_shopify.fake import Address, Api, FakeShopify, answer_in

TOPICS = (
    "orders/create",
    "orders/updated",
    "orders/cancelled",
    "refunds/create",
    "fulfillments/create",
    "fulfillments/update",
    "fulfillment_events/create",
    "customers/create",
    "customers/update",
    "customers/data_request",
    "customers/redact",
    "products/create",
    "app/uninstalled",
    "shop/redact",
)


class Connected:
    """A shop, and a brand that hears of it and may ask it."""

    def __init__(self, mock, folder, **options):
        self.sent = []
        self.shop = FakeShopify(
            now=datetime(2026, 8, 3, tzinfo=UTC), deliver=lambda each: self.sent.append(each) or 200
        )
        self.shop.configure("https://aftercare.example/webhooks/main", TOPICS)
        self.api = Api(self.shop)
        answer_in(mock, self.api)
        main = {
            "adapter": "shopify",
            "domain": self.shop.domain,
            "secret": {"env": "SECRET"},
            "access_token": {"env": "TOKEN"},
            # Else it is listed every quarter of an hour, for days.
            "sync": False,
        }
        self.aftercare = Aftercare(
            {
                "brand": {"name": "Hibi Coffee", "country": "JP", "locale": "ja"},
                "database": {"url": f"sqlite:///{folder / 'a.db'}"},
                "shops": {"main": {**main, **options}},
            },
            clock=VirtualClock(self.shop.now),
            plugins={"shopify": plugin},
            environ={"SECRET": fake.SECRET, "TOKEN": fake.TOKEN},
        )

    def then(self, **length):
        """Let the webhooks arrive and be processed, and time pass."""
        self.shop.deliver()
        for each in self.sent:
            assert 202 == self.aftercare.receive("main", RawRequest(dict(each.headers), each.body)).status
        self.sent.clear()
        self.aftercare.process()
        self.aftercare.advance(self.shop.wait(**length))

    @property
    def events(self):
        """What is known to have happened, without the name of the order."""
        told = project(self.aftercare.brand.database).events.values()
        return {dict(event)["id"].split("/")[3]: dict(event)["occurred_at"] for _, (event, _) in told}


@pytest.fixture
def connected(tmp_path):
    """A connected shop."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        made = Connected(mock, tmp_path)
        yield made
        made.aftercare.close()


def test_a_story(connected):
    """An order is bought, sent, brought to the door and in part given back, each at its moment."""
    shop = connected.shop
    tea = shop.add_product("茶", "1080")
    hana = shop.add_customer("hana@customer.example", first_name="花")
    order = shop.order({tea: 2}, customer=hana, paid=True)
    began = shop.now
    connected.then(days=1)
    shop.fulfil(order)
    left = shop.now
    connected.then(days=2)
    shop.deliver_parcel(order)
    arrived = shop.now
    connected.then(days=1)
    shop.refund(order, {0: 1})
    given_back = shop.now
    connected.then(days=1)
    expected = {"purchase": began, "shipment": left, "delivery": arrived, "refund": given_back}
    assert expected == connected.events


def test_a_late_payment(connected):
    """A bank transfer is a purchase since the money came, which only a read tells."""
    shop = connected.shop
    tea = shop.add_product("茶", "1080")
    order = shop.order({tea: 2}, email="guest@customer.example", gateway="bank transfer")
    connected.then(days=3)
    assert {} == connected.events
    shop.pay(order)
    paid = shop.now
    connected.then(hours=1)
    assert {"purchase": paid} == connected.events


def test_privacy(connected):
    """What the law asks of a shop is on the list, and an app that was removed is left alone."""
    shop = connected.shop
    hana = shop.add_customer("hana@customer.example")
    shop.order({shop.add_product("茶", "1080"): 1}, customer=hana, paid=True)
    shop.request_data(hana)
    shop.redact_customer(hana)
    connected.then(days=1)
    shop.uninstall()
    connected.then(days=2)
    shop.redact_shop()
    connected.then(hours=1)
    with connected.aftercare.brand.database.read() as connection:
        asked = {(one.kind, one.customer) for one in privacy.still_open(connection)}
        done = {(one.kind, one.customer) for one in privacy.settled(connection)}
        ended = connections.all_ended(connection)
    assert {("export", str(hana))} == asked
    assert {("erase", str(hana)), ("erase_shop", "")} == done
    assert ["main"] == list(ended)


def test_erased_in_the_shop(connected):
    """When the shop has erased a customer, its account and its orders lead to nobody any more."""
    shop = connected.shop
    tea = shop.add_product("茶", "1080")
    home = Address(first_name="花", last_name="小川", address1="1-2-3", city="千代田区", country_code="JP")
    hana = shop.add_customer("hana@customer.example", first_name="花", consent="SUBSCRIBED", address=home)
    other = shop.order({tea: 1}, email="jon@customer.example", paid=True)
    for _ in range(2):
        shop.order({tea: 1}, customer=hana, paid=True)
    connected.then(days=1)
    database = connected.aftercare.brand.database

    def reached():
        with database.read() as connection:
            rows = connection.execute(select(objects.c.kind, objects.c.id, objects.c.person)).all()
        told = {(row.kind, row.id): json.loads(row.person)["contact"] for row in rows if row.person}
        return {name for name, contact in told.items() if contact and contact["value"]}

    everybody = {("customer", str(hana)), *(("order", str(number)) for number in shop.orders)}
    assert everybody == reached()
    shop.redact_customer(hana)
    # The webhooks about it are lost.
    shop.deliver()
    connected.sent.clear()
    with database.write() as connection:
        reads.request(
            connection,
            [
                Read(
                    shop="main",
                    kind=kind,
                    id=number,
                    reason="test",
                    requested_at=shop.now,
                    due_at=shop.now,
                )
                for kind, number in everybody
            ],
        )
    connected.then(hours=1)
    connected.then(hours=1)
    assert {("order", str(other))} == reached()


class TestTend:
    """What is looked after now and then."""

    @pytest.fixture
    def adapter(self, connected):
        return connected.aftercare.brand.shops["main"].adapter

    def test_nothing_amiss(self, adapter):
        """A shop that shows all its orders has nothing to say."""
        assert () == adapter.tend()

    def test_sixty_days(self, connected, adapter):
        """That older orders are not shown is said, and said once."""
        connected.shop.access.scopes -= {"read_all_orders"}
        (sentence,) = adapter.tend()
        assert "60 days" in sentence
        assert () == adapter.tend()

    def test_another_release(self, connected, adapter):
        """That Shopify answers with another release of its API is said."""
        connected.shop.versions = ("2026-10",)
        told = adapter.tend()
        assert any("2026-10" in sentence for sentence in told)


def test_lost_subscriptions(tmp_path):
    """Subscriptions that Shopify has deleted are made again, if it is known where they go."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        made = Connected(mock, tmp_path, webhooks_url="https://aftercare.example/webhooks/main")
        adapter = made.aftercare.brand.shops["main"].adapter
        first = adapter.tend()
        assert any("orders/create" in sentence for sentence in first)
        topics = {each.topic for each in made.shop.subscriptions.values() if not each.configured}
        assert {"orders/create", "orders/updated", "refunds/create"} <= topics
        assert () == adapter.tend()
        made.aftercare.close()

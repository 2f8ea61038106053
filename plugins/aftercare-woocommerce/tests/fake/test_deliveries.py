from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random

import pytest

from aftercare_sdk.model.shops import Ping, RawRequest
from aftercare_woocommerce.fake import Api, FakeWooCommerce


class TestWebhooks:
    @pytest.fixture
    def received(self):
        return []

    @pytest.fixture
    def shop(self, received, ask):
        answers = iter(())

        def deliver(delivery):
            received.append(delivery)
            return next(shop.answers, 200)

        shop = FakeWooCommerce(deliver=deliver)
        shop.answers = answers
        shop.tea = shop.product("茶", "880")
        for topic in ("order.created", "order.updated"):
            data = {"topic": topic, "delivery_url": "https://me.example/webhooks/tea", "secret": "ひみつ&<"}
            ask(Api(shop), "POST", "webhooks", data)
        return shop

    def request(self, delivery):
        return RawRequest(delivery.headers, delivery.body)

    def test_ping(self, shop, received, adapter_of):
        """A new webhook says that it is there: unsigned."""
        assert 2 == len(received)
        assert b"webhook_id=1" == received[0].body
        assert Ping() == adapter_of("ひみつ&<").verify(self.request(received[0]))

    def test_signed_and_understood(self, shop, received, adapter_of, recorded, sample):
        """The adapter takes the fake's webhooks for real ones; their headers are the recorded ones."""
        order = shop.checkout({shop.tea: 1}, email="a@example.jp", paid=True)
        shop.deliver()
        delivery = received[-1]
        adapter = adapter_of("ひみつ&<")
        [told] = adapter.translate(adapter.verify(self.request(delivery)))
        assert (str(order), shop.now) == (told.id, told.purchased_at)
        real = {name for name in sample(20).request.headers if name not in ("Host", "Content-Length")}
        assert real == set(delivery.headers)
        wanted = base64.b64encode(hmac.new("ひみつ&<".encode(), delivery.body, hashlib.sha256).digest())
        assert wanted.decode() == delivery.headers["X-WC-Webhook-Signature"]
        assert b"\\/" in delivery.body
        assert delivery.body.isascii()

    def test_order_of_arrival(self, shop, received):
        """The block checkout announces the change before the order, the classic one behind it."""
        shop.checkout({shop.tea: 1}, email="a@example.jp")
        shop.checkout({shop.tea: 1}, email="a@example.jp", via="checkout")
        topics = [topic for topic, _ in shop.queue.waiting]
        assert ["order.updated", "order.created", "order.created", "order.updated"] == topics

    def test_merged_and_late(self, shop):
        """What waits is sent once, as it is when it is sent."""
        order = shop.checkout({shop.tea: 1}, email="a@example.jp", paid=True)
        shop.complete(order)
        shop.wait(hours=3)
        sent = shop.deliver()
        assert ["completed", "completed"] == [json.loads(each.body)["status"] for each in sent]
        assert () == shop.deliver()

    def test_a_bad_network(self, shop, received):
        """Deliveries are lost, repeated and shuffled, the same way in each run."""
        for _ in range(50):
            shop.checkout({shop.tea: 1}, email="a@example.jp")
        sent = shop.deliver(lose=0.2, repeat=0.5, shuffle=True, chance=random.Random(1))  # noqa: S311
        ids = [json.loads(each.body)["id"] for each in sent]
        assert sorted(ids) != ids
        assert len({(each.topic, each.body) for each in sent}) < 100 < len(sent)
        assert () == shop.queue.waiting

    def test_one_delivery_id_for_two_orders(self, shop):
        """The id is made of webhook and second: it does not tell two orders apart."""
        for _ in range(2):
            shop.checkout({shop.tea: 1}, email="a@example.jp", via="checkout")
        first, _, second, _ = shop.deliver()
        assert first.headers["X-WC-Webhook-Delivery-ID"] == second.headers["X-WC-Webhook-Delivery-ID"]
        assert first.body != second.body

    def test_deleted_before_delivery(self, shop, recorded):
        """The payload is then an error, signed like any other."""
        shop.delete_order(shop.checkout({shop.tea: 1}, email="a@example.jp"))
        assert recorded("error-404-order")["body"] == json.loads(shop.deliver()[0].body)

    def test_disabled_after_seven_failures(self, shop, recorded, ask):
        """Nobody is told; switched on again, one more failure disables it."""

        def fail(times, status=500):
            shop.answers = iter([status] * times)
            for _ in range(times):
                shop.edit(order)
                shop.deliver()
            return shop.webhooks[2].fields["status"]

        order = shop.checkout({shop.tea: 1}, email="a@example.jp")
        shop.deliver()
        assert ["active", "disabled"] == [fail(6), fail(1)]
        shop.edit(order)
        assert () == shop.queue.waiting
        _, told, _ = ask(Api(shop), "PUT", "webhooks/2", {"status": "active"})
        assert "active" == told["status"]
        assert "disabled" == fail(1)
        ask(Api(shop), "PUT", "webhooks/2", {"status": "active"})
        assert ["active", "active", "active"] == [fail(1, status) for status in (302, 500, 500)]

    def test_a_switch_off_in_the_middle(self, shop, received):
        """What still waits when a webhook is disabled is not sent."""
        for _ in range(9):
            shop.checkout({shop.tea: 1}, email="a@example.jp")
        received.clear()
        shop.answers = iter([500] * 18)
        shop.deliver()
        assert 14 == len(received)

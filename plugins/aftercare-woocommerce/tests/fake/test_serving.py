from __future__ import annotations

import json
import threading

import pytest
import requests
import responses
from woocommerce import API

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_woocommerce.client import RestClient
from aftercare_woocommerce.fake import KEY, SECRET, Api, FakeWooCommerce, answer_in, serve


class TestServing:
    def test_through_the_library(self, api, shop):
        """In one process, through the very library that shops are asked with."""
        order = shop.checkout({shop.tea: 1}, email="a@example.jp")
        with responses.RequestsMock() as mock:
            answer_in(mock, api)
            told = API(shop.site.url, KEY, SECRET, version="wc/v3").get(f"orders/{order}").json()
            assert order == told["id"]
            mock.reset()

    def test_over_http(self, api, shop):
        """Over real HTTP, signed; with a wrong secret nothing is told."""
        shop.checkout({shop.tea: 1}, email="茶@example.jp")
        with serve(api) as url:
            client = RestClient(shop="tea", url=url, consumer_key=KEY, consumer_secret=SECRET)
            answer = client.get("orders", {"search": "茶@example.jp", "per_page": 5})
            assert ("1", 1) == (answer.header("X-WP-Total"), len(json.loads(answer.body)))
            other = RestClient(shop="tea", url=url, consumer_key=KEY, consumer_secret="cs_no")
            with pytest.raises(ConfigurationError, match="authentication_error"):
                other.get("orders", {})
            assert "Asia/Tokyo" == requests.get(f"{url}/wp-json/", timeout=5).json()["timezone_string"]
            assert 404 == requests.get(f"{url}/", timeout=5).status_code

    def test_many_threads(self, api, shop, ask):
        """The shop goes on while many programs ask: no answer is torn."""
        wrong, done = [], threading.Event()

        def ask_on():
            while not done.is_set():
                status, told, headers = ask(api, "GET", "orders", per_page=100)
                if status != 200 or min(100, int(headers["X-WP-Total"])) != len(told):
                    wrong.append(status)

        threads = [threading.Thread(target=ask_on) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(60):
            order = shop.checkout({shop.tea: 1}, email="a@example.jp", paid=True)
            shop.refund(order, amount="1")
            shop.deliver()
            if order % 3 == 0:
                shop.delete_order(order)
        done.set()
        for thread in threads:
            thread.join()
        assert [] == wrong

    def test_webhooks_over_http(self, api, shop):
        """Webhooks reach a real receiver; one that is not there counts as a failure."""
        got = []
        other = FakeWooCommerce()
        receiver = Api(other)
        receiver.before = got.append
        with serve(receiver) as url:
            data = {"topic": "order.created", "delivery_url": f"{url}/wp-json/", "secret": "s"}
            other.new_webhook({**data, "status": "active", "name": "x"})
        assert ["POST"] == [each.method for each in got]
        other.queue.happened("order.created", 1)
        [delivery] = other.queue.collect()
        assert other.queue.send(delivery) is None

    def test_failures(self, api, basic):
        """A shop can be made to fail, at once or after a while."""
        api.fail(times=2, status=503, after=1)
        statuses = [
            api.answer("GET", "https://shop.example/wp-json/wc/v3/orders", basic).status for _ in range(4)
        ]
        assert [200, 503, 503, 200] == statuses

    def test_down(self, api, shop):
        """A client gives up on a shop that stays down."""
        api.fail(times=9)
        with serve(api) as url:
            client = RestClient(
                shop="tea", url=url, consumer_key=KEY, consumer_secret=SECRET, sleep=lambda _: None
            )
            with pytest.raises(PlatformUnavailable, match="503"):
                client.get("orders", {})

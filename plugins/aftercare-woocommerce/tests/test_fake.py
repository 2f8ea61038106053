from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import threading
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlencode, urlsplit

import pytest
import requests
import responses
from woocommerce import API

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.shops import Ping, RawRequest
from aftercare_woocommerce.client import RestClient
from aftercare_woocommerce.fake import KEY, SECRET, Api, FakeWooCommerce, Refusal, answer_in, serve
from aftercare_woocommerce.fake import params as parameters
from aftercare_woocommerce.fake.access import Keys, signature

ROOT = "https://shop.example/wp-json/wc/v3/"
BASIC = {"Authorization": "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()}


@pytest.fixture
def shop():
    """A shop with tea, coffee and dog food in two sizes; its webhooks go nowhere."""
    shop = FakeWooCommerce(deliver=lambda _: 200)
    shop.tea = shop.product(
        "有機ほうじ茶", "880", sku="TEA", tax=8, categories=["茶"], tags=["b"], meta={"supply_days": "14"}
    )
    shop.coffee = shop.product("コーヒー", "1620", sku="COF", tax=8)
    shop.food = shop.product("Dog food", "1980")
    shop.small = shop.product("3kg", "4980", parent=shop.food)
    return shop


@pytest.fixture
def api(shop):
    """The API of that shop."""
    return Api(shop)


def ask(api, method, path, data=None, *, headers=BASIC, **told):
    """Ask as a program with the key would; return the status, what was said, and the headers."""
    query = f"?{urlencode(told)}" if told else ""
    body = b"" if data is None else json.dumps(data).encode()
    reply = api.answer(method, f"{ROOT}{path}{query}", headers, body)
    return reply.status, json.loads(reply.body) if reply.body else None, reply.headers


def shape(value, path=""):
    """Return the places in a JSON value with the types there; numbers and null are kinds of their own."""
    if isinstance(value, dict):
        return {place for key, below in value.items() for place in shape(below, f"{path}.{key}")}
    if isinstance(value, list):
        below = {place for below in value for place in shape(below, f"{path}[]")}
        return {(path, "list")} | (below or {(path, "empty")})
    if value is None:
        return {(path, "null")}
    return {(path, "number" if type(value) in (int, float) else type(value).__name__)}


FREE = (".meta_data", ".shipping_lines", ".coupon_lines[].meta_data", "._links", ".attributes", ".fee_lines")


def names(told):
    """Return the places that a value has, without what differs from shop to shop."""
    found = {}
    for place, kind in shape(told):
        if not any(place.startswith(free) or ".meta_data" in place for free in FREE):
            found.setdefault(place, set()).add(kind)
    return found


def assert_same_shape(recorded, told):
    """Assert that both have the same places, with the same type wherever both have one."""
    expected, actual = names(recorded), names(told)
    loose = {place for told in (expected, actual) for place in told if told[place] & {"empty", "null"}}
    below = tuple(f"{place}[]" for place in loose) + tuple(f"{place}." for place in loose)

    def counted(places):
        return {place for place in places if not place.startswith(below)}

    assert counted(expected) == counted(actual)
    exact = counted(expected) - loose
    assert {place: expected[place] for place in exact} == {place: actual[place] for place in exact}


def test_an_order_looks_like_the_recorded_one(shop, api, recorded):
    """Same keys, same order, same types: adapters and programs see no difference."""
    shop.coupon("off500", amount=Decimal(500))
    order = shop.checkout({shop.coffee: 1, shop.tea: 3}, email="Megumi.Saito@Example.jp", coupon="OFF500")
    _, told, _ = ask(api, "GET", f"orders/{order}")
    real = recorded("orders-get-one-coupon")["body"]
    assert list(real) == list(told)
    assert list(real["line_items"][0]) == list(told["line_items"][0])
    assert list(real["coupon_lines"][0]) == list(told["coupon_lines"][0])
    assert list(real["shipping_lines"][0]) == list(told["shipping_lines"][0])
    assert list(real["tax_lines"][0]) == list(told["tax_lines"][0])
    assert_same_shape(real, told)


def test_amounts_are_those_of_the_recorded_order(shop, api, recorded):
    """Prices with tax are taken apart as WooCommerce does it."""
    order = shop.checkout({shop.coffee: 1, shop.tea: 3}, email="a@example.jp")
    _, told, _ = ask(api, "GET", f"orders/{order}")
    real = recorded("orders-get-one-coupon")["body"]
    for line, recorded_line in zip(told["line_items"], real["line_items"], strict=True):
        for name in ("subtotal", "subtotal_tax"):
            assert recorded_line[name] == line[name]
    assert ("4860", "600", "316") == (told["total"], told["shipping_total"], told["total_tax"])


def test_a_refund_looks_like_the_recorded_one(shop, api, recorded):
    """Quantities and amounts of lines are negative, and each names the order line that it gives back."""
    order = shop.checkout({shop.coffee: 2}, email="a@example.jp", paid=True)
    status, told, _ = ask(
        api,
        "POST",
        f"orders/{order}/refunds",
        {
            "api_refund": False,
            "reason": "line",
            "line_items": [{"id": shop.orders[order].lines[0].id, "quantity": 1, "refund_total": 1500}],
        },
    )
    real = recorded("orders-refunds-post-line-item")["body"]
    assert 201 == status
    assert list(real) == list(told)
    assert_same_shape(real, told)
    assert (-1, "-1500", "1620") == (
        told["line_items"][0]["quantity"],
        told["line_items"][0]["total"],
        told["amount"],
    )
    [meta] = told["line_items"][0]["meta_data"]
    assert ("_refunded_item_id", str(shop.orders[order].lines[0].id)) == (meta["key"], meta["value"])
    _, [listed], _ = ask(api, "GET", "refunds", include=str(told["id"]))
    [everywhere] = recorded("refunds")["body"][:1]
    assert list(everywhere) == list(listed)


def test_other_objects_look_like_the_recorded_ones(shop, api, recorded):
    """Accounts, products, variations, coupons, webhooks and reviews have the recorded keys and types."""
    account = shop.customer("mei@example.jp", first_name="メイ", last_name="林", meta={"opt_in": "no"})
    assert_same_shape(recorded("customers-get-one")["body"], ask(api, "GET", f"customers/{account}")[1])
    assert_same_shape(recorded("products-page-1")["body"][0], ask(api, "GET", f"products/{shop.tea}")[1])
    real = recorded("products-get-one-by-variation-id")["body"]
    assert set(real) == set(ask(api, "GET", f"products/{shop.small}")[1])
    _, [variation], _ = ask(api, "GET", f"products/{shop.food}/variations")
    assert recorded("products-variations")["body"][0]["name"] == "10kg"
    assert "3kg" == variation["name"]
    _, coupon, _ = ask(api, "POST", "coupons", recorded("coupons-post")["request"]["json"])
    assert list(recorded("coupons-post")["body"]) == list(coupon)
    assert_same_shape(recorded("coupons-post")["body"], coupon)
    _, webhook, _ = ask(api, "POST", "webhooks", recorded("webhooks-post-order-created")["request"]["json"])
    assert list(recorded("webhooks-post-order-created")["body"]) == list(webhook)
    assert recorded("webhooks-post-order-created")["body"]["hooks"] == webhook["hooks"]
    review = {**recorded("products-reviews-post")["request"]["json"], "product_id": shop.tea}
    _, told, _ = ask(api, "POST", "products/reviews", review)
    assert list(recorded("products-reviews-post")["body"]) == list(told)
    assert_same_shape(recorded("products-reviews-post")["body"], told)


@pytest.mark.parametrize(
    "name",
    [
        "error-404-order",
        "error-404-customer",
        "error-404-product",
        "error-404-route",
        "error-404-wrong-method",
        "error-400-per-page-101",
        "error-400-bad-after",
        "error-400-bad-status",
        "error-400-bad-orderby",
        "error-400-missing-code",
        "error-400-order-bad-email",
        "webhooks-post-bad-url-400",
        "webhooks-post-invalid-topic-400",
        "error-401-no-auth",
        "error-401-unknown-key",
        "error-401-wrong-secret",
    ],
)
def test_refusals_are_the_recorded_ones(api, recorded, name):
    """Letter by letter, status and body."""
    real = recorded(name)
    request = real["request"]
    headers = {
        "error-401-no-auth": {},
        "error-401-unknown-key": {"Authorization": "Basic " + base64.b64encode(b"ck_x:cs_x").decode()},
        "error-401-wrong-secret": {
            "Authorization": "Basic " + base64.b64encode(f"{KEY}:x".encode()).decode()
        },
    }.get(name, BASIC)
    path = request["path"].removeprefix("/wp-json/wc/v3/")
    status, told, _ = ask(
        api, request["method"], path, request["json"], headers=headers, **(request["params"] or {})
    )
    assert (real["status"], real["body"]) == (status, told)


def test_more_refusals(shop, api, recorded):
    """What needs something to be there first."""
    ask(api, "POST", "coupons", {"code": "COMEBACK10"})
    real = recorded("coupons-post-duplicate-400")
    assert (real["status"], real["body"]) == ask(api, "POST", "coupons", {"code": "comeback10"})[:2]
    shop.customer("hayashi.mei@example.jp")
    real = recorded("customers-post-duplicate-400")
    assert (real["status"], real["body"]) == ask(api, "POST", "customers", real["request"]["json"])[:2]
    real = recorded("customers-delete-no-force-501")
    assert (real["status"], real["body"]) == ask(api, "DELETE", "customers/2")[:2]
    real = recorded("error-400-malformed-json")
    reply = api.answer("POST", f"{ROOT}coupons", BASIC, b"{no")
    assert (real["status"], real["body"]) == (reply.status, json.loads(reply.body))
    order = shop.checkout({shop.tea: 1}, email="a@example.jp")
    real = recorded("orders-refunds-post-too-much-500")
    refund = {"amount": "999999", "api_refund": False}
    assert (real["status"], real["body"]) == ask(api, "POST", f"orders/{order}/refunds", refund)[:2]


def test_keys_may_do_what_they_may(shop, api, recorded):
    """A key for reading writes nothing, and the other way round."""
    for permission, method, name in (
        ("read", "PUT", "error-401-write-with-read-key"),
        ("write", "GET", "error-401-read-with-write-key"),
    ):
        shop.keys.known[KEY] = (SECRET, permission)
        status, told, _ = ask(api, method, "orders/1", {})
        expected = recorded("error-401-write-with-read-key")["body"]
        assert (401, expected["code"]) == (status, told["code"])
        assert ("write" if permission == "read" else "read") in told["message"], name


class TestOAuth:
    @pytest.fixture
    def real(self, recorded):
        return recorded("orders-oauth-http")["request"]["url_sent"]

    def test_recorded_signature(self, real):
        """The signature of the recorded request is the one that is expected."""
        told = parameters.read(urlsplit(real).query)
        secret = "cs_8456e13fb33bba485faaaf61f65211cb7cf405a4"
        assert told["oauth_signature"] == signature("GET", real, told, secret)

    @pytest.mark.parametrize(
        ("name", "change"),
        [
            (None, {}),
            ("error-401-oauth-wrong-secret", {"page": "3"}),
            ("error-401-oauth-old-timestamp", {"now": 3600}),
            ("error-401-oauth-nonce-reused", {"again": True}),
        ],
    )
    def test_refusals(self, real, recorded, name, change):
        """A changed request, a clock that is off and a request sent twice are refused as recorded."""
        told = parameters.read(urlsplit(real).query)
        keys = Keys(clock=lambda: int(told["oauth_timestamp"]) + change.get("now", 60))
        keys.known[told["oauth_consumer_key"]] = ("cs_8456e13fb33bba485faaaf61f65211cb7cf405a4", "read")
        if "page" in change:
            told["page"] = change["page"]
        if change.get("again"):
            keys.check("GET", real, {}, told)
        if name is None:
            keys.check("GET", real, {}, told)
            return
        with pytest.raises(Refusal) as caught:
            keys.check("GET", real, {}, told)
        assert recorded(name)["body"] == caught.value.body

    def test_basic_over_http_is_not_looked_at(self, api, recorded):
        """A password over plain HTTP is as good as none."""
        reply = api.answer("GET", "http://shop.example/wp-json/wc/v3/orders", BASIC)
        assert recorded("error-401-basic-over-http")["body"] == json.loads(reply.body)


class TestLists:
    @pytest.fixture
    def orders(self, shop):
        made = []
        for _ in range(5):
            made.append(shop.checkout({shop.tea: 1}, email="a@example.jp"))
            shop.wait(minutes=1)
        return made

    def test_pages(self, api, orders, recorded):
        """Totals and links are in the headers; behind the end, orders count none and others all."""
        _, told, headers = ask(api, "GET", "orders", per_page=2, page=2, orderby="id", order="asc")
        assert orders[2:4] == [each["id"] for each in told]
        assert ("5", "3") == (headers["X-WP-Total"], headers["X-WP-TotalPages"])
        assert {'rel="prev"', 'rel="next"'} == {part.split("; ")[1] for part in headers["Link"].split(", ")}
        for path, name in (
            ("orders", "orders-page-5-past-end"),
            ("products", "error-products-page-past-end"),
        ):
            real = recorded(name)["headers"]["X-WP-Total"]
            _, told, headers = ask(api, "GET", path, page=99)
            assert ([], real == "0") == (told, headers["X-WP-Total"] == "0")

    def test_head(self, api, orders):
        """HEAD counts without telling."""
        reply = api.answer("HEAD", f"{ROOT}orders", BASIC)
        assert (b"", "5") == (reply.body, reply.headers["X-WP-Total"])

    @pytest.mark.parametrize(
        ("told", "expected"),
        [
            ({"modified_after": "2026-04-01T00:01:00", "dates_are_gmt": "true"}, 3),
            ({"modified_after": "2026-04-01T09:01:00"}, 3),
            ({"modified_after": "2026-04-01T00:01:00Z"}, 3),
            ({"modified_after": "2026-04-01T00:00:59Z", "modified_before": "2026-04-01T00:03:00Z"}, 2),
            ({"after": "2026-04-01T09:03:00"}, 1),
            ({"before": "2026-04-01T09:03:00"}, 3),
            ({"status": "trash"}, 0),
            ({"status": "pending,completed"}, 5),
            ({"search": "A@EXAMPLE"}, 5),
            ({"search": "nobody"}, 0),
            ({"offset": 4}, 1),
            ({"nonsense": 1}, 5),
        ],
    )
    def test_filters(self, api, orders, told, expected):
        """Dates leave out both ends; without a zone they are the site's; the unknown does nothing."""
        assert expected == len(ask(api, "GET", "orders", **told)[1])

    def test_customers_have_no_date_filter(self, shop, api):
        """The parameter is ignored without a word."""
        shop.customer("a@example.jp")
        assert 1 == len(ask(api, "GET", "customers", modified_after="2030-01-01T00:00:00")[1])

    def test_orders_as_arrays(self, api, orders):
        """An array may be told with brackets."""
        reply = api.answer("GET", f"{ROOT}orders?include[]={orders[0]}&include[]={orders[3]}", BASIC)
        assert {orders[0], orders[3]} == {each["id"] for each in json.loads(reply.body)}


class TestMoney:
    def test_rounded_to_the_shop(self, api, shop):
        """A shop of whole yen tells dollars in whole dollars; more decimals bring back the lines only."""
        cap = shop.product("Cap", "10.65")
        order = shop.checkout({cap: 1}, email="a@example.com", currency="USD", shipping="0")
        plain, exact = (ask(api, "GET", f"orders/{order}", **told)[1] for told in ({}, {"dp": 2}))
        assert ("11", "11.00") == (plain["total"], exact["total"])
        assert "9.68" == exact["line_items"][0]["total"]
        assert "10" == plain["line_items"][0]["total"]

    def test_coupons_take_off(self, api, shop):
        """Per cent and amounts come off the lines, and the coupon remembers who used it."""
        shop.coupon("ten", discount_type="percent", amount=Decimal(10))
        order = shop.checkout({shop.tea: 1}, email="a@example.jp", coupon="TEN", shipping="0")
        assert "792" == ask(api, "GET", f"orders/{order}")[1]["total"]
        _, [coupon], _ = ask(api, "GET", "coupons", code="Ten")
        assert (1, ["a@example.jp"], "10.00") == (coupon["usage_count"], coupon["used_by"], coupon["amount"])

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"usage_limit": 0, "date_expires": datetime(2026, 3, 31, tzinfo=UTC)}, "expired"),
            ({"usage_limit": 1, "usage_count": 1}, "limit"),
            ({"email_restrictions": ["b@example.jp"]}, "e-mail"),
            ({"minimum_amount": Decimal(5000)}, "minimum"),
            ({"product_ids": [9999]}, "contents"),
        ],
    )
    def test_coupons_that_do_not_hold(self, shop, fields, why):
        """What a coupon is bound to is checked when it is used."""
        shop.coupon("ten", amount=Decimal(10), **fields)
        with pytest.raises(Refusal) as caught:
            shop.checkout({shop.tea: 1}, email="a@example.jp", coupon="ten")
        assert "woocommerce_rest_invalid_coupon" == caught.value.body["code"]
        assert why in caught.value.body["message"]


class TestOperations:
    """For each operation: does the date move, what is sent; as recorded on three stores."""

    TOPICS = ("order.created", "order.updated", "order.deleted", "order.restored", "customer.created")
    MORE = ("customer.updated", "customer.deleted", "product.deleted", "coupon.deleted", "product.updated")

    @pytest.fixture
    def watched(self, shop, api):
        for topic in self.TOPICS + self.MORE + ("action.woocommerce_order_refunded",):
            ask(
                api, "POST", "webhooks", {"topic": topic, "delivery_url": "https://x.example/", "secret": "s"}
            )
        return shop

    @pytest.mark.parametrize(
        ("act", "moved", "sent"),
        [
            (lambda s, o: s.complete(o), True, ["order.updated"]),
            (lambda s, o: s.edit(o, meta={"a": "b"}), True, ["order.updated"]),
            (lambda s, o: s.set_quantity(o, 0, 3), True, ["order.updated"]),
            (
                lambda s, o: s.refund(o, amount="1"),
                True,
                ["order.updated", "action.woocommerce_order_refunded"],
            ),
            (lambda s, o: s.trash(o), True, ["order.deleted"]),
            (lambda s, o: s.edit_silently(o, note="x", meta={"a": "b"}), False, []),
            (lambda s, o: s.delete_order(o), None, []),
        ],
    )
    def test_of_an_order(self, watched, act, moved, sent):
        """An order in a new shop, whose orders have tables of their own."""
        order = watched.checkout({watched.tea: 1}, email="a@example.jp", paid=True)
        watched.queue.collect()
        watched.wait(minutes=1)
        act(watched, order)
        assert [(topic, order) for topic in sent] == list(watched.queue.waiting)
        if moved is not None:
            assert moved == (watched.orders[order].modified == watched.now)

    def test_posts_storage(self, api):
        """In an older shop edits of lines and meta data move no date, and the trash speaks of all kinds."""
        shop = FakeWooCommerce(hpos=False, deliver=lambda _: 200)
        tea = shop.product("Tea", "880")
        order = shop.checkout({tea: 1}, email="a@example.jp")
        before = shop.now
        shop.wait(minutes=1)
        shop.edit(order, meta={"a": "b"})
        shop.set_quantity(order, 0, 2)
        assert before == shop.orders[order].modified
        for topic in ("coupon.deleted", "product.deleted", "order.deleted"):
            ask(Api(shop), "POST", "webhooks", {"topic": topic, "delivery_url": "https://x.example/"})
        shop.trash(order)
        assert {("coupon.deleted", order), ("product.deleted", order)} <= set(shop.queue.waiting)

    def test_refunds(self, watched, api):
        """Refunds never change the total; all of it sets the status; a deleted one leaves no trace."""
        order = watched.checkout({watched.tea: 2}, email="a@example.jp", paid=True)
        part = watched.refund(order, lines={0: 1}, reason="広い")
        assert "processing" == watched.orders[order].status
        modified = watched.orders[order].modified
        watched.wait(minutes=1)
        watched.delete_refund(part)
        _, told, _ = ask(api, "GET", f"orders/{order}")
        assert ([], "2360", modified) == (told["refunds"], told["total"], watched.orders[order].modified)
        whole = watched.refund(order)
        _, told, _ = ask(api, "GET", f"orders/{order}")
        assert ("refunded", [(whole, "-2360")]) == (
            told["status"],
            [(each["id"], each["total"]) for each in told["refunds"]],
        )

    def test_trash(self, watched, api):
        """The trash is left out of lists, but answers; what is deleted does not."""
        order = watched.checkout({watched.tea: 1}, email="a@example.jp", paid=True)
        _, told, _ = ask(api, "DELETE", f"orders/{order}")
        assert "processing" == told["status"]
        assert [] == ask(api, "GET", "orders")[1]
        assert [order] == [each["id"] for each in ask(api, "GET", "orders", status="trash")[1]]
        assert "trash" == ask(api, "GET", f"orders/{order}")[1]["status"]
        assert 410 == ask(api, "DELETE", f"orders/{order}")[0]
        watched.restore(order)
        assert "processing" == ask(api, "GET", f"orders/{order}")[1]["status"]
        ask(api, "DELETE", f"orders/{order}", force="true")
        assert 404 == ask(api, "GET", f"orders/{order}")[0]

    def test_erasure(self, watched, api):
        """Orders stay with nobody in them; the account keeps its e-mail."""
        account = watched.customer("sho@example.jp", first_name="翔")
        orders = [
            watched.checkout({watched.tea: 1}, account=account),
            watched.checkout({watched.tea: 1}, email="Sho@Example.jp"),
        ]
        assert orders == watched.anonymise("sho@example.jp")
        _, told, _ = ask(api, "GET", f"orders/{orders[0]}")
        assert ("deleted@site.invalid", 0) == (told["billing"]["email"], told["customer_id"])
        assert "_anonymized" in [each["key"] for each in told["meta_data"]]
        assert "sho@example.jp" == ask(api, "GET", f"customers/{account}")[1]["email"]

    def test_deleted_product(self, watched, api):
        """Old orders keep the name only."""
        order = watched.checkout({watched.tea: 1}, email="a@example.jp")
        watched.delete_product(watched.tea)
        [line] = ask(api, "GET", f"orders/{order}")[1]["line_items"]
        assert (0, None, "有機ほうじ茶") == (line["product_id"], line["sku"], line["name"])

    def test_coupon_expiry_is_in_the_sites_time(self, api, recorded):
        """`date_expires_gmt` does nothing, and `date_expires` means the site's clock."""
        _, told, _ = ask(api, "POST", "coupons", {"code": "a", "date_expires_gmt": "2026-12-31T14:59:59"})
        assert recorded("coupons-post")["body"]["date_expires_gmt"] is told["date_expires_gmt"] is None
        real = recorded("coupons-put")
        _, told, _ = ask(api, "PUT", f"coupons/{told['id']}", real["request"]["json"])
        for name in ("date_expires", "date_expires_gmt", "amount"):
            assert real["body"][name] == told[name]


class TestWebhooks:
    @pytest.fixture
    def received(self):
        return []

    @pytest.fixture
    def shop(self, received):
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

    def test_disabled_after_seven_failures(self, shop, recorded):
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

    def test_many_threads(self, api, shop):
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

    def test_failures(self, api):
        """A shop can be made to fail, at once or after a while."""
        api.fail(times=2, status=503, after=1)
        assert [200, 503, 503, 200] == [ask_status(api) for _ in range(4)]

    def test_down(self, api, shop):
        """A client gives up on a shop that stays down."""
        api.fail(times=9)
        with serve(api) as url:
            client = RestClient(
                shop="tea", url=url, consumer_key=KEY, consumer_secret=SECRET, sleep=lambda _: None
            )
            with pytest.raises(PlatformUnavailable, match="503"):
                client.get("orders", {})


def ask_status(api):
    """Ask for orders and return the status."""
    return api.answer("GET", f"{ROOT}orders", BASIC).status

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from aftercare_sdk.model.shops import RawRequest, Ref, Shop
from aftercare_sdk.testing import AdapterContract
from aftercare_sdk.testing.private import CONTACT
from aftercare_shopify import fake, sync
from aftercare_shopify.adapter import ShopifyAdapter
from aftercare_shopify.fake import Api, FakeShopify
from aftercare_shopify.headers import Header
from aftercare_shopify.signature import sign
from aftercare_shopify.triggers import SAMPLES

DOMAIN = "torii.myshopify.com"
SECRET = "shpss_0a1b2c3d4e5f"
ORDER = b"820982911946154508"
STORY = ("live", "partially-refunded", "cancelled", "stub", "include-fields", "delivered")

ERRORS = (
    b'{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}',
    b'{"errors":{"order":"Required parameter missing or invalid"}}',
    b'{"id":null,"admin_graphql_api_id":null}',
)


def request(topic, body):
    """Return a webhook as Shopify sends it, not yet signed."""
    headers = {"Content-Type": "application/json", f"X-{Header.TOPIC}": topic, f"X-{Header.SHOP}": DOMAIN}
    return RawRequest(headers, body)


class Shopify(AdapterContract):
    """What is the same for bodies from elsewhere and for those of the fake shop."""

    next_secret = "the secret that follows"
    unknown_topic = request("parades/held", b'{"id": 1, "admin_graphql_api_id": "gid://shopify/Parade/1"}')
    secret_options = ("access_token", "client_secret", "refresh_token")
    error_bodies = (*AdapterContract.error_bodies, *ERRORS)

    def adapter(self, shop):
        return ShopifyAdapter(shop)

    def sign(self, request, secret):
        return replace(
            request, headers={**request.headers, f"X-{Header.SIGNATURE}": sign(secret, request.body)}
        )

    def purchase(self, order):
        return SAMPLES["purchase"](self.shop, order)


class Told(Shopify):
    """Bodies that nobody can be asked about."""

    shop = Shop(name="main", country="US", zone="America/New_York", currency="USD", secrets=(SECRET,))


class TestExamples(Told):
    """Shopify's own example of each of 210 topics."""

    samples = {}  # noqa: RUF012 - given below
    facts = {  # noqa: RUF012 - read only
        "orders/create": [],  # cancelled, voided and a test
        "refunds/create": [],  # of an order that is not known yet
    }

    @pytest.fixture(autouse=True)
    def _given(self, examples):
        self.samples = {topic: request(topic, body) for topic, body in examples.items()}


class TestEdited(Told):
    """The same, edited: live orders in several currencies, of guests and accounts, with refunds, trimmed."""

    samples = {}  # noqa: RUF012 - given below
    facts = {  # noqa: RUF012 - read only
        "orders-create.live": ["order/820982911946154508/purchase"],
        "orders-cancelled.live": [],  # since when it was paid, must be read
        "orders-create.test-order": [],
        "orders-create.id-only-stub": [],  # must be read
        "orders-updated.include-fields": [],  # must be read
        "fulfillment_events-create.delivered": [],  # of an order that is not known yet
    }

    @pytest.fixture(autouse=True)
    def _given(self, edited, named):
        self.samples = {
            name: request(named(name), body if _is_of_the_story(name) else _renumbered(body, number))
            for number, (name, body) in enumerate(sorted(edited.items()))
        }


def _is_of_the_story(name):
    return any(word in name for word in STORY)


def _renumbered(body, number):
    """Return a body about an order of its own: no order is a test now and live then, or in two currencies."""
    return body.replace(ORDER, b"%d" % (7000 + number))


class TestRealShapes(Told):
    """Payloads of real shape, with values put in place of their masks."""

    samples = {}  # noqa: RUF012 - given below

    @pytest.fixture(autouse=True)
    def _given(self, shapes, named):
        self.samples = {name: request(named(name), body) for name, body in shapes.items()}
        orders = {name: json.loads(body) for name, body in shapes.items() if name.startswith("orders.")}
        self.facts = {name: sorted(_facts_of(order)) for name, order in orders.items()}


def _facts_of(order):
    """Give what an order of real shape leads to: they are all paid, some with a parcel."""
    yield f"order/{order['id']}/purchase"
    for parcel in order["fulfillments"]:
        yield f"order/{order['id']}/shipment/{parcel['id']}"


TOPICS = (
    "orders/create",
    "orders/updated",
    "orders/cancelled",
    "orders/edited",
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
)


class Story:
    """What happens in a fake shop, and the webhooks that tell of it.

    What is cancelled or refunded stays as it is: a read tells one moment of an order, its last change.
    """

    def __init__(self):
        self.requests = {}
        self.shop = FakeShopify(domain=DOMAIN, rates={"USD": "0.0067"}, deliver=self._take)
        self.shop.configure("https://aftercare.example/webhooks/main", TOPICS)
        self.bought = {}
        self.tagged = self._happen()
        self.api = Api(self.shop)

    def _take(self, delivery):
        name = f"{len(self.requests):03}-{delivery.topic}"
        told = json.loads(delivery.body)
        if delivery.topic == "orders/create" and told["financial_status"] == "paid" and not told["test"]:
            self.bought[name] = told["id"]
        self.requests[name] = RawRequest(dict(delivery.headers), delivery.body, received_at=self.shop.now)
        return 202

    def _then(self, **length):
        self.shop.deliver()
        self.shop.wait(**length)

    def _happen(self):
        shop = self.shop
        tea = shop.add_product("有機煎茶 100g", "1080", sku="TEA", tax=8, product_type="茶", tags=["新茶"])
        pot = shop.add_product("急須", "3300", sku="POT")
        # Codes are for accounts, and the contract's are for this one.
        hana = shop.add_customer(CONTACT.email, first_name="花", last_name="小川", tags=["vip"])
        self._then(hours=1)
        guest = shop.order({tea: 2}, email="guest@customer.example", gateway="bank transfer")
        hers = shop.order({tea: 1, pot: 1}, customer=hana, paid=True)
        cod = shop.order({pot: 1}, email="cod@customer.example", gateway="Cash on Delivery (COD)")
        edited = shop.order({pot: 2}, customer=hana, paid=True)
        abroad = shop.order({pot: 3}, email="usa@customer.example", currency="USD", paid=True)
        shop.order({tea: 1}, email="test@customer.example", paid=True, test=True)
        unpaid = shop.order({pot: 2}, email="unpaid@customer.example", gateway="bank transfer")
        self._then(hours=5)
        shop.pay(guest)
        shop.fulfil(cod)
        self._then(days=1)
        shop.fulfil(guest)
        shop.fulfil(hers, {0: 1})
        shop.cancel(unpaid)
        self._then(days=2)
        shop.deliver_parcel(guest)
        shop.refund(hers, {1: 1})
        self._then(days=1)
        shop.refund(guest, amount="300")
        shop.refund(abroad, {0: 2})
        shop.edit(edited, add={tea: 1}, remove={0: 1})
        gone = shop.order({tea: 5}, email="gone@customer.example", gateway="bank transfer")
        self._then(hours=1)
        shop.cancel(gone)
        self._then(hours=1)
        shop.delete_order(gone)
        revived = shop.order({tea: 1}, email="back@customer.example", paid=True)
        self._then(hours=1)
        shop.edit_product(tea, title="有機煎茶 100g（新茶）")
        shop.edit_customer(hana, last_name="大川")
        shop.tag(hana, "gold")
        shop.change_consent(hana, "SUBSCRIBED", level="CONFIRMED_OPT_IN")
        shop.fulfil(revived)
        self._then(hours=1)
        return hana


class TestFakeShop(Shopify):
    """A shop that can be asked: what its webhooks tell, reads and listings tell as well."""

    shop = Shop(
        name="main",
        country="JP",
        locale="ja",
        zone="Asia/Tokyo",
        currency="JPY",
        secrets=(fake.SECRET,),
        options={"domain": DOMAIN, "access_token": fake.TOKEN},
    )
    hosts = (DOMAIN,)
    samples = {}  # noqa: RUF012 - given below

    @pytest.fixture(autouse=True)
    def _given(self, monkeypatch):
        # The same shop again in each test, because commands change it.
        self.story = Story()
        self.samples = self.story.requests
        self.facts = {name: [f"order/{order}/purchase"] for name, order in self.story.bought.items()}
        # Webhooks have not told tags and languages of customers since 2025-01; only a read does.
        self.unannounced = [Ref("customer", str(self.story.tagged))]
        # Pages of two, so that a few orders have a middle.
        monkeypatch.setattr(sync, "_SIZE", 2)

    def answer(self, asked):
        # Time for the points to come back: the shop itself stands still.
        self.story.shop.wait(seconds=20)
        reply = self.story.api.answer(asked.method, asked.url, asked.headers, asked.body)
        return reply.status, reply.headers, reply.body

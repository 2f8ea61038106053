from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from aftercare_sdk.model.shops import RawRequest, Ref, Shop
from aftercare_sdk.testing import AdapterContract
from aftercare_woocommerce import samples, sync
from aftercare_woocommerce.adapter import WooCommerceAdapter
from aftercare_woocommerce.client import RestClient
from aftercare_woocommerce.fake import KEY, SECRET, Api, FakeWooCommerce
from aftercare_woocommerce.recorded import RecordedClient
from aftercare_woocommerce.signature import HEADER, sign
from aftercare_woocommerce.triggers import SAMPLES

URL = "https://shop.example"
OPTIONS = {
    "url": URL,
    "consumer_key": KEY,
    "consumer_secret": SECRET,
    "shipped_statuses": ["completed", "shipped"],
}
ERRORS = (  # as they were recorded under good signatures (053, 211, 214)
    b'{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.","data":{"status":404}}',
    b'{"code":"rest_no_route","message":"No route was found matching the URL.","data":{"status":404}}',
    b'{"code":"woocommerce_rest_cannot_view","message":"Sorry, you cannot view this.","data":{"status":403}}',
)


class WooCommerce(AdapterContract):
    """What is the same for recorded webhooks and for those of the fake shop."""

    next_secret = "the secret that follows"
    unknown_topic = RawRequest(
        {"Content-Type": "application/json", "X-WC-Webhook-Topic": "parade.held"}, b'{"parade":1}'
    )
    hosts = ("shop.example",)
    secret_options = ("consumer_key", "consumer_secret")
    error_bodies = (*AdapterContract.error_bodies, *ERRORS)

    def adapter(self, shop):
        return WooCommerceAdapter(shop, self.client(shop))

    def client(self, shop):
        """Return the real client, which here does not sleep between its tries."""
        return RestClient(
            shop=shop.name, url=URL, consumer_key=KEY, consumer_secret=SECRET, sleep=lambda _: None
        )

    def sign(self, request, secret):
        headers = {**request.headers, HEADER: sign(secret, request.body).decode()}
        return replace(request, headers=headers)

    def purchase(self, order):
        return SAMPLES["purchase"](self.shop, order)


class ReadsOnly(WooCommerceAdapter):
    """Lists nothing, because nobody recorded listings."""

    streams = ()


PING = "-ping"
RECORDED = {sample.name: sample for sample in samples.webhooks()}


class TestRecordings(WooCommerce):
    """Every webhook of a real store, as it came in, and the store's answers to reads."""

    shop = Shop(
        name="tea",
        country="JP",
        locale="ja",
        zone="Asia/Tokyo",
        currency="JPY",
        secrets=samples.secrets(),
        options=OPTIONS,
    )
    samples = {  # noqa: RUF012 - read only
        name: replace(sample.request, received_at=sample.received_at)
        for name, sample in RECORDED.items()
        if PING not in name
    }
    facts = {  # noqa: RUF012 - read only
        "020-order-created-pending": [],
        "022-order-updated-pending-to-processing": ["order/337/purchase"],
        "024-order-updated-processing-to-completed": ["order/337/purchase", "order/337/shipment/whole"],
        "026-order-updated-refund-partial": [
            "order/337/purchase",
            "order/337/shipment/whole",
            "order/337/refund/338",
        ],
        "043-order-updated-cancelled": [],
        "051-order-deleted-trashed": [],  # must be read
    }
    ping = next(
        replace(sample.request, received_at=sample.received_at)
        for name, sample in RECORDED.items()
        if PING in name
    )

    # A refund and an account that were deleted, and a product: WooCommerce sends nothing, or no date.
    unannounced = [Ref("order", number) for number in ("337", "358", "368", "392")]  # noqa: RUF012

    def adapter(self, shop):
        return ReadsOnly(shop, self.client(shop))

    def answer(self, asked):
        url = urlsplit(asked.url)
        told = RecordedClient().get(url.path.removeprefix("/wp-json/wc/v3/"), dict(parse_qsl(url.query)))
        # The store answered reads at another address than the one in its webhooks.
        return (
            told.status,
            told.headers,
            told.body.replace(b"https://127.0.0.1:8443", b"http://127.0.0.1:8090"),
        )


TOPICS = [
    f"{resource}.{event}"
    for resource in ("order", "customer", "product")
    for event in ("created", "updated", "deleted", "restored")
    if (resource, event) != ("customer", "restored")
]
HOOK_SECRET = "the secret of the webhooks"


class Story:
    """What happens in a fake shop, and the webhooks that tell of it.

    No order that is paid at the door is cancelled: once it is, nothing says any more that it was a purchase.
    """

    def __init__(self):
        self.requests = {}
        self.shop = FakeWooCommerce(url=URL, deliver=self._take)
        for topic in TOPICS:
            resource, event = topic.split(".")
            self.shop.new_webhook(
                {
                    "topic": topic,
                    "resource": resource,
                    "event": event,
                    "hooks": [],
                    "name": topic,
                    "status": "active",
                    "delivery_url": "https://aftercare.example/webhooks/tea",
                    "secret": HOOK_SECRET,
                }
            )
        self.pings = dict(self.requests)
        self.requests.clear()
        self._happen()
        self.api = Api(self.shop)

    def _take(self, delivery):
        name = f"{len(self.requests):03}-{delivery.topic}"
        self.requests[name] = RawRequest(dict(delivery.headers), delivery.body, received_at=self.shop.now)
        return 202

    def _then(self, **length):
        self.shop.deliver()
        self.shop.wait(**length)

    def _happen(self):
        shop = self.shop
        tea, pot = shop.product("有機煎茶 100g", "1080", sku="TEA", tax=8), shop.product("急須", "3300")
        hana = shop.customer("Hana@customer.example", first_name="花", last_name="小川")
        self._then(hours=1)
        guest = shop.checkout({tea: 2}, email="guest@customer.example", last_name="林")
        self._then(minutes=3)
        shop.pay(guest)
        hers = shop.checkout({tea: 1, pot: 1}, account=hana, paid=True, via="checkout")
        cod = shop.checkout({pot: 1}, email="cod@customer.example", gateway="cod")
        unpaid = shop.checkout({pot: 2}, email="unpaid@customer.example")
        self._then(days=1)
        shop.complete(guest)
        shop.complete(cod)
        shop.set_status(unpaid, "cancelled")
        self._then(days=2)
        shop.refund(hers, lines={1: 1})
        self._then(days=1)
        shop.refund(guest, amount="300")
        gone = shop.checkout({tea: 5}, email="gone@customer.example", paid=True)
        self._then(hours=1)
        shop.trash(gone)
        trashed = shop.checkout({tea: 1}, email="back@customer.example", paid=True)
        self._then(hours=1)
        shop.trash(trashed)
        self._then(hours=1)
        shop.restore(trashed)
        for number, stars in enumerate((5, 1, 3)):
            shop.review(tea, f"星{stars}", rating=stars, name="林", email=f"r{number}@customer.example")
        shop.review(pot, "割れていた", rating=1, account=hana, status="hold")
        shop.edit_product(tea, name="有機煎茶 100g（新茶）")
        shop.edit_customer(hana, last_name="大川")
        self._then(hours=1)


STORY = Story()


class TestFakeShop(WooCommerce):
    """A shop that can be listed: what its webhooks tell, reads and listings tell as well."""

    shop = Shop(
        name="tea",
        country="JP",
        locale="ja",
        zone="Asia/Tokyo",
        currency="JPY",
        secrets=(HOOK_SECRET,),
        options=OPTIONS,
    )
    samples = STORY.requests
    ping = next(iter(STORY.pings.values()))

    @pytest.fixture(autouse=True)
    def _fresh(self):
        """The same shop again in each test, because commands change it."""
        self.api = Story().api

    @pytest.fixture(autouse=True)
    def _small_pages(self, monkeypatch):
        """Pages of two, so that a few orders have a middle."""
        monkeypatch.setattr(sync, "_LARGEST_PAGE", 2)
        monkeypatch.setattr(sync, "_PRODUCTS", 2)

    def answer(self, asked):
        reply = self.api.answer(asked.method, asked.url, asked.headers, asked.body)
        return reply.status, reply.headers, reply.body

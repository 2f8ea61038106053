from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from aftercare_customshop import outgoing, samples
from aftercare_customshop.adapter import CustomShopAdapter
from aftercare_customshop.signing import signed
from aftercare_customshop.triggers import SAMPLES
from aftercare_sdk.model.shops import RawRequest, Shop
from aftercare_sdk.testing import AdapterContract

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def sent(message):
    """Return a documented message as its shop sends it, at its own time."""
    return signed(SECRET, message, datetime.fromisoformat(message["timestamp"]))


MESSAGES = {name: sent(message) for name, message in samples.messages()}


class TestMessages(AdapterContract):
    """A shop that only sends: the messages of the documented wire format. Nothing can be read of it."""

    shop = Shop(name="main", currency="JPY", secrets=(SECRET,))
    next_secret = "YW5vdGhlciBzZWNyZXQgb2YgdGhlIHNhbWUgc2hvcCE="
    samples = {name: request for name, request in MESSAGES.items() if name != "ping"}  # noqa: RUF012
    facts = {  # noqa: RUF012 - read only
        "order.created": ["order/1041/purchase"],
        "order.updated": [
            "order/1042/purchase",
            "order/1042/shipment/1",
            "order/1042/delivery/1",
            "order/1042/refund/R-7",
        ],
        # These wait for the order that they are about.
        "shipment.created": [],
        "delivery.reported": [],
        "refund.created": [],
        "order.deleted": [],
        "review.updated": ["review/R-31"],
    }
    unknown_topic = sent({"type": "parade.held", "timestamp": "2026-04-01T09:00:00Z", "data": {"id": "1"}})
    ping = MESSAGES["ping"]
    own_keys = ("attributes",)

    def adapter(self, shop):
        return CustomShopAdapter(shop)

    def sign(self, request, secret):
        return signed(secret, request.body, request.received_at)

    def purchase(self, order):
        return SAMPLES["purchase"](self.shop, order)


NOW = {
    "order": [samples.message(name)["data"] for name in ("order.created", "order.updated")],
    "customer": [samples.message("customer.updated")["data"]],
    "product": [samples.message("product.updated")["data"]],
    "review": [samples.message("review.updated")["data"]],
}


def moment(told):
    """Read a time of the wire format."""
    return datetime.fromisoformat(told)


class TestReadableShop(TestMessages):
    """A shop that answers as well, one object at a time. Its order was not deleted in the end."""

    shop = Shop(
        name="main",
        currency="JPY",
        secrets=(SECRET,),
        options={
            "read_url": "https://shop.example/aftercare?door=a-word-that-opens-it",
            "effects_url": "https://shop.example/effects?door=another-word",
            "page_size": 1,
            "lists": ["orders", "customers", "products", "reviews"],
        },
    )
    samples = {  # noqa: RUF012 - read only
        name: request for name, request in TestMessages.samples.items() if name != "order.deleted"
    }
    facts = {  # noqa: RUF012 - read only
        name: events for name, events in TestMessages.facts.items() if name != "order.deleted"
    }
    hosts = ("shop.example",)
    secret_options = ("read_url", "effects_url")

    @pytest.fixture(autouse=True)
    def _fresh(self):
        self.done = {}

    def answer(self, asked):
        at = datetime.fromtimestamp(int(asked.headers["webhook-timestamp"]), UTC)
        self.adapter(self.shop).verify(RawRequest(asked.headers, asked.body, received_at=at))
        question = json.loads(asked.body)
        told, (kind, what) = question["data"], question["type"].split(".")
        if question["type"] in outgoing.EFFECTS:
            # A message of a known id, or a value that is so already, changes nothing.
            known = asked.headers["webhook-id"] if kind != "customer" else (told["customer"], told["name"])
            reference = self.done.setdefault((question["type"], known), f"E-{len(self.done) + 1}")
            return 200, {}, json.dumps({"reference": reference}).encode()
        if what == "get":
            found = [each for each in NOW[kind] if str(each["id"]) == told["id"]]
            return (200, {}, json.dumps(found[0]).encode()) if found else (404, {}, b'{"gone": true}')
        since = moment(told["updated_since"] or "2000-01-01T00:00:00Z")
        listed = [each for each in NOW[kind.removesuffix("s")] if moment(each["updated_at"]) >= since]
        start = int(told["cursor"] or 0)
        end = start + told["limit"]
        page = {
            "items": listed[start:end],
            "next": str(end) if end < len(listed) else None,
            "total": len(listed),
        }
        return 200, {}, json.dumps(page).encode()

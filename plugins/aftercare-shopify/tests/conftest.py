from __future__ import annotations

import copy
import gzip
import json
from functools import cache
from pathlib import Path

import pytest

from aftercare_sdk.model.shops import Shop, Webhook
from aftercare_shopify.adapter import ShopifyAdapter

FIXTURES = Path(__file__).parent / "fixtures" / "webhooks"
SECRET = "hush-test-client-secret"
"""The one with which the vectors are signed."""

# What the values of exemplars are masked with: text, address and number of every kind.
_UNMASKED = {
    "amount": "10.00",
    "price": "10.00",
    "currency_code": "EUR",
    "currency": "EUR",
    "financial_status": "paid",
    "status": "success",
    "kind": "sale",
}


@cache
def topics():
    """Return Shopify's own example of each topic, as bytes."""
    told = json.loads(gzip.decompress((FIXTURES / "samples-2026-07.json.gz").read_bytes()))
    return {topic: json.dumps(body, ensure_ascii=False).encode() for topic, body in told.items()}


@cache
def derived_bodies():
    """Return those that were edited, by the name of their file: `orders-create.live`."""
    return {file.name.removesuffix(".json"): file.read_bytes() for file in (FIXTURES / "derived").iterdir()}


@cache
def older_bodies():
    """Return examples of older releases, by the name of their file: `orders-create.2024-10`."""
    return {file.name.removesuffix(".json"): file.read_bytes() for file in (FIXTURES / "older").iterdir()}


@cache
def exemplars():
    """Return bodies of real shape, by the name of their file: `orders.2024-01.1`; see `unmasked`."""
    files = sorted((FIXTURES / "exemplars").iterdir())
    return {
        file.name.removesuffix(".json"): json.dumps(unmasked(json.loads(file.read_bytes()), number)).encode()
        for number, file in enumerate(files, 1000)
    }


def unmasked(value, number, key=""):
    """Return an exemplar with values that can be read: amounts, currencies, statuses, an id of its own."""
    if isinstance(value, dict):
        return {name: unmasked(below, number, name) for name, below in value.items()}
    if isinstance(value, list):
        return [unmasked(below, number * 100 + place, key) for place, below in enumerate(value)]
    if value == "example string":
        return _UNMASKED.get(key, value)
    if value == 123 and key == "quantity":
        return 2
    return number if value == 123 and key in {"id", "order_id", "product_id", "variant_id"} else value


def topic_of(name):
    """Return the topic that the name of a file begins with."""
    resource, _, rest = name.partition("-")
    return f"{resource}/{rest.partition('.')[0]}" if rest else f"{resource.partition('.')[0]}/update"


@pytest.fixture(scope="session")
def examples():
    """Shopify's own example of each topic, as bytes, by topic."""
    return topics()


@pytest.fixture(scope="session")
def edited():
    """Those that were edited by us, and those of older releases, by the name of their file."""
    return {**derived_bodies(), **older_bodies()}


@pytest.fixture(scope="session")
def shapes():
    """Bodies of real shape, with values in place of their masks, by the name of their file."""
    return exemplars()


@pytest.fixture(scope="session")
def named():
    """The topic that the name of a file begins with."""
    return topic_of


@pytest.fixture(scope="session")
def shop():
    """A shop without a way to ask it."""
    return Shop(
        name="main", country="US", zone="America/New_York", currency="USD", secrets=(SECRET,), options={}
    )


@pytest.fixture(scope="session")
def adapter(shop):
    """The adapter of that shop."""
    return ShopifyAdapter(shop)


@pytest.fixture(scope="session")
def body():
    """The parsed body of an example (`orders/create`) or an edited one (`orders-create.live`), a new copy."""

    def body(name):
        raw = (
            topics().get(name) or derived_bodies().get(name) or older_bodies().get(name) or exemplars()[name]
        )
        return json.loads(raw)

    return body


@pytest.fixture(scope="session")
def told(adapter, body):
    """What the adapter makes of a body, given as a name or as JSON, under a topic."""

    def told(what, topic=None, *, by=adapter, **changes):
        named = what if isinstance(what, str) else "orders/updated"
        given = copy.deepcopy(body(what) if isinstance(what, str) else what) | changes
        if topic is None:
            topic = named if "/" in named else topic_of(named)
        return by.translate(Webhook(topic=topic, body=json.dumps(given).encode()))

    return told


@pytest.fixture(scope="session")
def adapter_with():
    """Make an adapter of a shop with these options."""
    return lambda **options: ShopifyAdapter(Shop(name="main", secrets=(SECRET,), options=options))

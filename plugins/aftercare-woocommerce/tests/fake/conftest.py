from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import pytest

from aftercare_woocommerce.fake import KEY, SECRET, Api, FakeWooCommerce

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


@pytest.fixture(scope="session")
def basic():
    """The header of a program with the key."""
    return BASIC


@pytest.fixture(scope="session")
def ask():
    """Ask as a program with the key would; return the status, what was said, and the headers."""

    def ask(api, method, path, data=None, *, headers=BASIC, **told):
        query = f"?{urlencode(told)}" if told else ""
        body = b"" if data is None else json.dumps(data).encode()
        reply = api.answer(method, f"https://shop.example/wp-json/wc/v3/{path}{query}", headers, body)
        return reply.status, json.loads(reply.body) if reply.body else None, reply.headers

    return ask

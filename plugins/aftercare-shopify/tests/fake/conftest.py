from __future__ import annotations

import json

import pytest

from aftercare_shopify.fake import TOKEN, Address, Api, FakeShopify

HANA = Address(
    first_name="花",
    last_name="山田",
    address1="神宮前1-1",
    city="渋谷区",
    province="東京都",
    province_code="JP-13",
    zip="150-0001",
    phone="+81312345678",
)


@pytest.fixture
def shop():
    """A shop with tea, dog food in two sizes and one customer; its webhooks go nowhere."""
    shop = FakeShopify(deliver=lambda _: 200, rates={"USD": "0.0067"})
    shop.tea = shop.add_product("ほうじ茶", "880", sku="TEA", tax=8, tags=["茶"])
    shop.food = shop.add_product("Dog food", variants={"1 kg": "1980", "3 kg": "4980"}, sku="DOG")
    shop.hana = shop.add_customer(
        "hana@example.jp", first_name="花", last_name="山田", phone="+819012345678", address=HANA
    )
    return shop


@pytest.fixture
def api(shop):
    """The API of that shop."""
    return Api(shop)


@pytest.fixture
def post(api):
    """Send one request; return the answer as it is."""

    def post(query, variables=None, *, token=TOKEN, version="2026-07", url=""):
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        headers = {"X-Shopify-Access-Token": token, "Content-Type": "application/json"}
        place = url or f"https://{api.shop.domain}"
        return api.answer("POST", f"{place}/admin/api/{version}/graphql.json", headers, body)

    return post


@pytest.fixture
def ask(post):
    """Ask as an app does; return what is in the body."""

    def ask(query, /, **variables):
        return json.loads(post(query, variables).body)

    return ask


@pytest.fixture
def told(ask):
    """Ask what must not fail; return the data."""

    def told(query, /, **variables):
        body = ask(query, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    return told


@pytest.fixture(scope="session")
def gid():
    """Return the global id of something."""
    return lambda kind, number: f"gid://shopify/{kind}/{number}"

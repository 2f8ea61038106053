from __future__ import annotations

import sys
from subprocess import run

import pytest

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.shops import RawRequest, Ref, Shop, ShopAdapter
from aftercare_sdk.model.sync import Cursor
from aftercare_shopify import plugin
from aftercare_shopify.adapter import ShopifyAdapter
from aftercare_shopify.options import OptionsSchema
from aftercare_shopify.signature import sign

BODY = b'{"id": 7}'
SIGNED = {
    "X-Shopify-Hmac-Sha256": sign("s", BODY),
    "X-Shopify-Topic": "orders/delete",
    "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
    "X-Shopify-Shop-Domain": "torii.myshopify.com",
    "X-Shopify-API-Version": "2026-07",
    "X-Shopify-Triggered-At": "2026-11-22T07:00:00Z",
}


def test_adapter():
    """The plugin offers one kind of shop, named shopify."""
    (offered,) = plugin.register_adapters()
    assert ("shopify", ShopifyAdapter, OptionsSchema) == (offered.name, offered.build, offered.options)
    assert isinstance(offered.build(Shop(name="main")), ShopAdapter)


class TestVerify:
    @pytest.fixture
    def adapter(self):
        return ShopifyAdapter(Shop(name="main", secrets=("s",)))

    def test_a_webhook(self, adapter):
        """A webhook keeps its body, its topic, its id, and which shop it says it is from and of when."""
        webhook = adapter.verify(RawRequest(SIGNED, BODY))
        assert ("orders/delete", BODY, False) == (webhook.topic, webhook.body, webhook.dated)
        assert "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043" == webhook.delivery
        assert {"shop": "torii.myshopify.com", "triggered": "2026-11-22T07:00:00Z"} == webhook.hints

    def test_an_event(self, adapter):
        """The headers of Shopify's events, without `X-`, say the same."""
        short = {name.removeprefix("X-"): text for name, text in SIGNED.items()}
        assert adapter.verify(RawRequest(SIGNED, BODY)) == adapter.verify(RawRequest(short, BODY))

    def test_odd_headers(self, adapter):
        """What no database takes is left out of what is kept."""
        odd = {**SIGNED, "X-Shopify-Topic": "orders/\x00delete\udcff", "X-Shopify-Shop-Domain": "\x00"}
        del odd["X-Shopify-Triggered-At"]
        webhook = adapter.verify(RawRequest(odd, BODY))
        assert ("orders/delete", {}) == (webhook.topic, webhook.hints)

    def test_an_id_alone(self, adapter):
        """What arrives as an id is read."""
        (doubt,) = adapter.translate(adapter.verify(RawRequest(SIGNED, BODY)))
        assert Ref("order", "7") == doubt.ref


class TestWithoutAToken:
    @pytest.fixture
    def adapter(self):
        return ShopifyAdapter(Shop(name="main", secrets=("s",)))

    def test_nothing_is_listed(self, adapter):
        """A shop that cannot be asked offers nothing to list, and there is nothing to tend."""
        assert () == adapter.streams == adapter.tend()

    def test_the_cure(self, adapter):
        """Whoever reads or lists it is told what to set."""
        with pytest.raises(ConfigurationError, match="access_token"):
            list(adapter.read([Ref("order", "7")]))
        with pytest.raises(ConfigurationError, match="access_token"):
            list(adapter.changes(Cursor(stream="orders")))


@pytest.mark.parametrize("ways", [{"access_token": "t"}, {"client_id": "i", "client_secret": "s"}])
def test_with_a_token(ways):
    """With a way to a token, a shop can be listed."""
    adapter = ShopifyAdapter(Shop(name="main", options={"domain": "torii.myshopify.com", **ways}))
    assert {"order", "customer", "product"} <= {stream.kind for stream in adapter.streams}


def test_a_light_start():
    """To make an adapter loads neither Shopify's library nor anything else that speaks HTTP."""
    script = (
        "import sys; from aftercare_shopify import plugin; from aftercare_sdk.model.shops import Shop;"
        "(o,) = plugin.register_adapters();"
        "o.build(Shop(name='main', options={'domain': 'a.myshopify.com', 'access_token': 't'}));"
        "print([m for m in ('shopify', 'requests', 'graphql', 'responses') if m in sys.modules])"
    )
    told = run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert "[]" == told.stdout.strip()

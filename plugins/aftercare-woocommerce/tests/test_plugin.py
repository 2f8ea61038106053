from __future__ import annotations

import pytest
from marshmallow import ValidationError

from aftercare_sdk.model.shops import Shop, ShopAdapter
from aftercare_woocommerce import plugin
from aftercare_woocommerce.adapter import WooCommerceAdapter
from aftercare_woocommerce.options import OptionsSchema, Rules


def test_adapter():
    """The plugin offers one kind of shop, named woocommerce."""
    (offered,) = plugin.register_adapters()
    assert ("woocommerce", WooCommerceAdapter, OptionsSchema) == (
        offered.name,
        offered.build,
        offered.options,
    )
    assert isinstance(offered.build(Shop(name="tea")), ShopAdapter)


class TestOptions:
    def test_defaults(self):
        """A shop works without a single option."""
        expected = {
            "url": None,
            "consumer_key": None,
            "consumer_secret": None,
            "webhooks_url": None,
            "read_from": None,
            "pay_on_delivery": ["cod"],
            "shipped_statuses": ["completed"],
            "customer_roles": ["customer", "subscriber"],
        }
        assert expected == OptionsSchema().load({})
        assert Rules.of({}) == Rules.of(OptionsSchema().load({}))

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("url", "shop.example"),
            ("url", "ftp://shop.example"),
            ("webhooks_url", "aftercare.example/webhooks/main"),
            ("webhooks_url", "http://aftercare.example/webhooks/main"),
            ("webhooks_url", "https://a:b@aftercare.example/webhooks/main"),
            ("webhooks_url", "https://aftercare.example/webhooks/main?key=1"),
            ("read_from", "recording"),
            ("pay_on_delivery", "cod"),
            ("shipped_statuses", [1]),
            ("shiped_statuses", ["completed"]),
        ],
    )
    def test_mistakes(self, option, value):
        """A mistake is found, a misspelt option too."""
        with pytest.raises(ValidationError) as caught:
            OptionsSchema().load({option: value})
        assert [option] == list(caught.value.messages)

    def test_loopback(self):
        """A shop under test may be anywhere."""
        url = "http://127.0.0.1:8090"
        told = OptionsSchema().load({"url": url, "webhooks_url": url})
        assert (url, url) == (told["url"], told["webhooks_url"])

    def test_described(self):
        """Every option says what it is for, and that recordings are for trying out."""
        described = {name: f.metadata["description"] for name, f in OptionsSchema().fields.items()}
        assert described["read_from"].startswith("For trying out only")
        assert all(described.values())

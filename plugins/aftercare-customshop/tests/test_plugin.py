from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from marshmallow import ValidationError

from aftercare_customshop import plugin
from aftercare_customshop.adapter import CustomShopAdapter
from aftercare_customshop.options import OptionsSchema
from aftercare_sdk.errors import ConfigurationError, SettingsError
from aftercare_sdk.model.commands import RevokeCode
from aftercare_sdk.model.shops import Ref, Shop, ShopAdapter
from aftercare_sdk.model.sync import Cursor

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_register_adapters():
    """The plugin offers one kind of shop, named customshop."""
    (offered,) = plugin.register_adapters()
    assert ("customshop", CustomShopAdapter, OptionsSchema) == (offered.name, offered.build, offered.options)
    assert isinstance(offered.build(Shop(name="main")), ShopAdapter)


@pytest.mark.parametrize(
    ("ask", "option"),
    [
        (lambda adapter: adapter.read([Ref("order", "1")]), "read_url"),
        (lambda adapter: adapter.changes(Cursor(stream="orders")), "read_url"),
        (lambda adapter: adapter.perform(RevokeCode(key="k", code="AC-1")), "effects_url"),
    ],
    ids=["read", "changes", "perform"],
)
def test_nobody_to_ask(ask, option):
    """It is said at once, and which setting mends it, not only when the answer is looped over."""
    adapter = CustomShopAdapter(Shop(name="main"))
    assert () == adapter.streams
    with pytest.raises(ConfigurationError, match=rf"'main'.*`{option}` under \[shops\.main\]"):
        ask(adapter)
    unsigned = CustomShopAdapter(Shop(name="main", options={option: "https://shop.example/a"}))
    with pytest.raises(ConfigurationError, match=rf"nothing can be signed for `{option}`: set `secret`"):
        ask(unsigned)


class TestOptions:
    def test_defaults(self):
        """A shop works without a single option."""
        assert {
            "url": None,
            "pay_on_delivery": ["cod"],
            "read_url": None,
            "effects_url": None,
            "lists": ["orders", "customers", "products"],
            "every": timedelta(minutes=15),
            "page_size": 100,
        } == OptionsSchema().load({})

    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("url", "shop.example"),
            ("pay_on_delivery", "cod"),
            ("pay_on_delivry", ["cod"]),
            ("read_url", "http://shop.example/aftercare"),
            ("effects_url", "http://shop.example/aftercare"),
            ("lists", ["refunds"]),
            ("every", 15),
            ("every", "15"),
            ("every", "30 seconds"),
            ("page_size", 0),
            ("page_size", 501),
            ("page_size", "100"),
        ],
    )
    def test_mistakes(self, option, value):
        """A mistake is found, a misspelt option too."""
        with pytest.raises(ValidationError) as caught:
            OptionsSchema().load({option: value})
        assert [option] == list(caught.value.messages)

    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("https://shop.example/aftercare", None),
            ("https://shop.example/index.php?route=aftercare", None),
            ("HTTPS://shop.example", None),
            ("http://127.0.0.1:8080/aftercare", None),
            ("http://[::1]/aftercare", None),
            ("http://localhost/aftercare", None),
            ("http://shop.example", "https://"),
            ("http://192.168.0.9", "https://"),
            ("http://127.0.0.1.evil.example", "https://"),
            ("ftp://shop.example", "no address"),
            ("https://", "no address"),
            ("https://[::1", "no address"),
            ("https://shop.example:port", "no address"),
            ("https://shop.example/a b", "no address"),
            ("https://shop.example\\@evil.example", "no address"),
            ("https://shop.example/\n", "no address"),
            ("https://me:hunter2@shop.example", "signed"),
            ("https://shop.example/#top", "behind a #"),
        ],
    )
    def test_addresses(self, url, told):
        """Customers and orders are sent only where nobody reads along; a mistake is not repeated."""
        if told is None:
            assert url == OptionsSchema().load({"read_url": url})["read_url"]
            return
        with pytest.raises(ValidationError, match=told) as caught:
            OptionsSchema().load({"read_url": url})
        assert not re.search("evil|hunter2|192|ftp:|top", str(caught.value))

    def test_streams(self):
        """What the shop has is listed often, and whole once a day."""
        options = {"read_url": "https://shop.example", "lists": ["customers", "orders"], "every": "1 hour"}
        streams = CustomShopAdapter(Shop(name="main", options=options)).streams
        hour, day = timedelta(hours=1), timedelta(days=1)
        assert [
            ("orders", "order", hour, False),
            ("orders-all", "order", day, True),
            ("customers", "customer", hour, False),
            ("customers-all", "customer", day, True),
        ] == [(each.name, each.kind, each.every, each.whole) for each in streams]

    def test_described(self):
        """Every option says what it is for, in the README too."""
        fields = OptionsSchema().fields
        assert all(field.metadata["description"] for field in fields.values())
        _, _, below = README.partition("\n## Settings\n")
        assert set(fields) == set(re.findall(r"^\| `(\w+)`", below.partition("\n## ")[0], re.MULTILINE))


class TestSecrets:
    @pytest.mark.parametrize("empty", ["", " ", "whsec_", "whsec_====", "\n"])
    def test_empty(self, empty):
        """Anybody can sign with an empty secret: it is refused before anything starts, with the cure."""
        with pytest.raises(SettingsError, match=r"shops\.main: secret 1 of 1 is empty; make one: python3"):
            CustomShopAdapter(Shop(name="main", secrets=(empty,)))

    @pytest.mark.parametrize(
        ("wrong", "problem"),
        [
            ("correct horse battery staple", "no base64"),
            ("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE-", "no base64"),
            ("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5M", "no base64"),
            ("秘密", "no base64"),
            ("\udcff\udcfe", "no base64"),
            ("aHVudGVyMg==", "shorter than 24 bytes"),
            ("password", "shorter than 24 bytes"),
        ],
    )
    def test_no_secret(self, secret, wrong, problem):
        """What cannot be a secret is refused by its place in the list, and never shown."""
        with pytest.raises(SettingsError, match=f"secret 2 of 2 is {problem}; make one") as caught:
            CustomShopAdapter(Shop(name="main", secrets=(secret, wrong)))
        assert wrong not in f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"

    def test_all_at_once(self):
        """Every bad secret has its line."""
        with pytest.raises(SettingsError) as caught:
            CustomShopAdapter(Shop(name="main", secrets=("", "x")))
        assert ["1 of 2", "2 of 2"] == re.findall(r"\d of \d", "\n".join(caught.value.problems))

    def test_none(self):
        """A shop without webhooks needs no secret."""
        assert CustomShopAdapter(Shop(name="main", secrets=()))

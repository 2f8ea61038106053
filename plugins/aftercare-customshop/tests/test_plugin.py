from __future__ import annotations

import re
from pathlib import Path

import pytest
from marshmallow import ValidationError

from aftercare_customshop import plugin
from aftercare_customshop.adapter import CustomShopAdapter
from aftercare_customshop.options import OptionsSchema
from aftercare_sdk.errors import ConfigurationError, SettingsError
from aftercare_sdk.model.shops import Ref, Shop, ShopAdapter

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_register_adapters():
    """The plugin offers one kind of shop, named customshop."""
    (offered,) = plugin.register_adapters()
    assert ("customshop", CustomShopAdapter, OptionsSchema) == (offered.name, offered.build, offered.options)
    assert isinstance(offered.build(Shop(name="main")), ShopAdapter)


def test_no_reading():
    """A read says at once that there is nothing to read from, not only when it is looped over."""
    with pytest.raises(ConfigurationError, match=r"'main'.*updated_at"):
        CustomShopAdapter(Shop(name="main")).read([Ref("order", "1")])


class TestOptions:
    def test_defaults(self):
        """A shop works without a single option."""
        assert {"url": None, "pay_on_delivery": ["cod"]} == OptionsSchema().load({})

    @pytest.mark.parametrize(
        ("option", "value"),
        [("url", "shop.example"), ("pay_on_delivery", "cod"), ("pay_on_delivry", ["cod"])],
    )
    def test_mistakes(self, option, value):
        """A mistake is found, a misspelt option too."""
        with pytest.raises(ValidationError) as caught:
            OptionsSchema().load({option: value})
        assert [option] == list(caught.value.messages)

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

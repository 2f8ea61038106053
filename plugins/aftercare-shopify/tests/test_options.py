from __future__ import annotations

import json
from pathlib import Path

import pytest
from marshmallow import ValidationError

from aftercare_shopify.options import OptionsSchema, Rules

DOMAIN = "torii.myshopify.com"


def mistakes(**options):
    """Return what is wrong with options, by option."""
    with pytest.raises(ValidationError) as caught:
        OptionsSchema().load(options)
    return caught.value.messages


def test_defaults():
    """A shop works without a single option: then only webhooks tell of it."""
    expected = {
        "domain": None,
        "access_token": None,
        "client_id": None,
        "client_secret": None,
        "refresh_token": None,
        "token_file": None,
        "money": "presentment",
        "pay_on_delivery": ["Cash on Delivery (COD)"],
        "customer_tags": False,
        "webhooks_url": None,
        "url": None,
    }
    assert expected == OptionsSchema().load({})
    assert Rules.of({}) == Rules.of(OptionsSchema().load({}))


@pytest.mark.parametrize(
    "ways",
    [
        {"access_token": "shpat_1"},
        {"client_id": "id", "client_secret": "s"},
        {"client_id": "id", "client_secret": "s", "token_file": "/var/lib/aftercare/main.json"},
        {"client_id": "id", "client_secret": "s", "refresh_token": "r", "token_file": "main.json"},
    ],
)
def test_ways_to_a_token(ways):
    """Each of the ways to a token is complete with the shop's domain, and not without."""
    assert ways.items() <= OptionsSchema().load({**ways, "domain": DOMAIN}).items()
    assert ["domain"] == list(mistakes(**ways))


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"client_id": "id"}, ["client_secret"]),
        ({"client_secret": "s"}, ["client_id"]),
        ({"refresh_token": "r"}, ["client_id", "client_secret", "token_file"]),
        ({"client_id": "id", "client_secret": "s", "refresh_token": "r"}, ["token_file"]),
        ({"access_token": "t", "client_id": "id"}, ["access_token"]),
        ({"access_token": "t", "refresh_token": "r"}, ["access_token"]),
    ],
)
def test_half_a_way(given, missing):
    """What is missing to get a token, or too much, is said by name."""
    assert missing == sorted(mistakes(domain=DOMAIN, **given))


@pytest.mark.parametrize(
    "domain",
    [
        "torii",
        "Torii.myshopify.com",
        "https://torii.myshopify.com",
        "torii.myshopify.com/admin",
        "torii.example",
        "torii.myshopify.com.evil.example",
        "evil.example/torii.myshopify.com",
        "",
    ],
)
def test_a_domain_is_never_put_right(domain):
    """What is no domain of a Shopify shop is refused, or, if empty, counts as not given."""
    if not domain:
        assert "" == OptionsSchema().load({"domain": domain})["domain"]
        return
    assert ["domain"] == list(mistakes(domain=domain))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("money", "EUR"),
        ("pay_on_delivery", "COD"),
        ("customer_tags", "often"),
        ("webhooks_url", "http://aftercare.example/webhooks/main"),
        ("url", "http://torii.example"),
        ("shop_domain", DOMAIN),
    ],
)
def test_mistakes(option, value):
    """A mistake is found, a misspelt option too; a token is never sent anywhere but to Shopify."""
    assert [option] == list(mistakes(**{option: value}))


def test_a_fake_shop():
    """A shop for tests may answer on this computer."""
    assert "http://127.0.0.1:8090" == OptionsSchema().load({"url": "http://127.0.0.1:8090"})["url"]


def test_rules():
    """Names of payment methods are compared without their capitals."""
    rules = Rules.of({"pay_on_delivery": ["Nachnahme"], "money": "shop", "domain": DOMAIN})
    assert frozenset({"nachnahme"}) == rules.pay_on_delivery
    assert ("shop", DOMAIN, False) == (rules.money, rules.domain, rules.customer_tags)


def test_described():
    """Every option says what it is for."""
    described = {name: field.metadata["description"] for name, field in OptionsSchema().fields.items()}
    assert all(described.values())


def test_the_readme():
    """The README names every option with its default."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    for name, field in OptionsSchema().fields.items():
        (row,) = [each for each in rows if f"`{name}`" in each.split("|")[1]]
        default = field.load_default() if callable(field.load_default) else field.load_default
        if default is not None:
            assert f"`{json.dumps(default)}`" == row.split("|")[2].strip()

from __future__ import annotations

import pytest

from aftercare_sdk.errors import ConfigurationError
from aftercare_shopify import domain


@pytest.mark.parametrize("name", ["torii.myshopify.com", "a.myshopify.com", "t-0-rii.myshopify.com"])
def test_domains(name):
    """A shop is asked at its own domain, over HTTPS."""
    assert f"https://{name}" == domain.origin(name, shop="torii")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "torii",
        "Torii.myshopify.com",
        "https://torii.myshopify.com",
        "torii.myshopify.com/",
        "torii.myshopify.com:443",
        "torii.myshopify.com\n",
        " torii.myshopify.com",
        "torii.evil.example",
        "torii.myshopify.com.evil.example",
        "evil.example#.myshopify.com",
        "evil.example/.myshopify.com",
        "me@torii.myshopify.com",
        "a.b.myshopify.com",
        "-torii.myshopify.com",
        "torii-.myshopify.com",
        ".myshopify.com",
        "xmyshopify.com",
        "とり.myshopify.com",
        "toriı.myshopify.com",
        f"{'a' * 64}.myshopify.com",
    ],
)
def test_what_is_none(name):
    """What is not exactly a shop's domain is refused, never put right: the token would go to some shop."""
    with pytest.raises(ConfigurationError, match=r"^shops\.torii\.domain: .*torii\.myshopify\.com"):
        domain.origin(name, shop="torii")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost/", "http://[::1]:80"])
def test_a_shop_on_this_computer(url):
    """A fake shop is asked where it is served."""
    assert url.rstrip("/") == domain.origin("torii.myshopify.com", url, shop="torii")


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example",
        "http://127.0.0.1.evil.example",
        "http://192.168.0.9",
        "http://me:pass@127.0.0.1",
        "http://127.0.0.1/elsewhere",
        "http://127.0.0.1?x=1",
        "127.0.0.1:8080",
        "http://[::1",
    ],
)
def test_no_other_place(url):
    """No option sends a token to another machine than Shopify's."""
    with pytest.raises(ConfigurationError, match=r"^shops\.torii\.url: .*leave it out"):
        domain.origin("torii.myshopify.com", url, shop="torii")


@pytest.mark.parametrize("url", ["https://shop.example", "https://shop.example/ja", "https://127.0.0.1"])
def test_what_customers_know_a_shop_by(url):
    """Is for templates: it is never asked, and so gets no token."""
    assert "https://torii.myshopify.com" == domain.origin("torii.myshopify.com", url, shop="torii")


def test_a_place_needs_a_domain():
    """A fake shop has a domain as well."""
    with pytest.raises(ConfigurationError, match=r"^shops\.torii\.domain: "):
        domain.origin("", "http://127.0.0.1:8080", shop="torii")

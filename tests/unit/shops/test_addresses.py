from __future__ import annotations

import pytest

from aftercare_sdk.shops.addresses import Fault, fault


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "HTTPS://Shop.Example:8443/wp?key=1",
        "https://店.example/道",
        "http://localhost:8080",
        "http://127.9.9.9",
        "http://[::1]:8080/",
    ],
)
def test_good(url):
    """HTTPS to anywhere, plain HTTP to this computer."""
    assert fault(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "//shop.example",
        "ftp://shop.example",
        "https://",
        "https://shop.example:port",
        "https://shop.example:99999",
        "http://[::1",
        "https://shop.example/a b",
        "https://shop.example\r\nX: y",
        "https:\\\\shop.example",
    ],
)
def test_no_address(url):
    """What a library might read in another way than people do is taken for none."""
    assert Fault.NO_ADDRESS is fault(url)


@pytest.mark.parametrize(
    "url", ["https://me:pw@shop.example", "https://me@shop.example", "http://@127.0.0.1"]
)
def test_holds_password(url):
    """It would end up in logs."""
    assert Fault.HOLDS_PASSWORD is fault(url)


@pytest.mark.parametrize(
    "url",
    ["http://shop.example", "http://localhost.example", "http://10.0.0.1", "http://0.0.0.0", "http://[::2]"],
)
def test_plain_http(url):
    """Everybody on the way could read along."""
    assert Fault.PLAIN_HTTP is fault(url)

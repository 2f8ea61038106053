from __future__ import annotations

import pytest

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable
from aftercare_shopify.tokens import ClientCredentials


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        ((500, {}, ""), (PlatformUnavailable, "answered 500", 4)),
        ((429, {"Retry-After": "2"}, ""), (PlatformUnavailable, "answered 429", 4)),
        ((200, {}, "<html>"), (PlatformUnavailable, "answered no token", 1)),
        ((200, {}, '{"access_token": "no\\nheader"}'), (PlatformUnavailable, "answered no token", 1)),
        (
            (200, {}, '{"access_token": "shpat_1234", "refresh_token": 3}'),
            (PlatformUnavailable, "no token", 1),
        ),
        ((404, {}, "<html>"), (ConfigurationError, r"check shops\.torii\.domain", 1)),
        ((301, {"Location": "https://x.example"}, ""), (ConfigurationError, r"^shops\.torii\.domain: ", 1)),
        ((401, {}, "<html>"), (ConfigurationError, r"shops\.torii\.client_id", 1)),
        ((400, {}, '{"error": "not a code: hana@example.jp"}'), (ConfigurationError, "answered 400", 1)),
    ],
)
def test_trouble_with_the_endpoint(shopify, clock, trouble, expected, endpoint):
    """What may be better later is tried some times; what a person must mend says so."""
    shopify.trouble = trouble
    error, told, asked = expected
    with pytest.raises(error, match=told) as caught:
        ClientCredentials(endpoint(), now=clock).token()
    assert "hana" not in str(caught.value)
    assert asked == len(shopify.asked)

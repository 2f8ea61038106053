from __future__ import annotations

import pytest

from aftercare_sdk.errors import ConfigurationError
from aftercare_shopify.tokens import StaticToken


def test_a_token_that_stays():
    """A token that stays is given as it is, and there is no other."""
    provider = StaticToken("shpat_0123", shop="torii")
    assert ("shpat_0123", False) == (provider.token(), provider.renew("shpat_0123"))
    assert "shops.torii.access_token" in provider.cure


@pytest.mark.parametrize("token", ["", "short", "shpat_0123\n", "shpat 0123", "shpat_клю"])
def test_no_token(token):
    """What cannot be a token is refused before it is sent, and not repeated."""
    with pytest.raises(ConfigurationError, match=r"^shops\.torii\.access_token: ") as caught:
        StaticToken(token, shop="torii")
    assert not token or token not in str(caught.value)

from __future__ import annotations

import pytest

from aftercare_sdk.errors import PlatformUnavailable
from aftercare_shopify.tokens import ClientCredentials, Reconnect

APP, SECRET = "0123456789abcdef0123456789abcdef", "shpss_fedcba9876543210"


def test_client_credentials(shopify, clock, endpoint):
    """A token is asked for when there is none, kept, and replaced before it ends."""
    provider = ClientCredentials(endpoint(), now=clock)
    assert ["shpat_access1"] * 2 == [provider.token(), provider.token()]
    clock.wait(minutes=54)
    assert "shpat_access1" == provider.token()
    clock.wait(minutes=1)
    assert "shpat_access2" == provider.token()
    assert {"client_id": APP, "client_secret": SECRET, "grant_type": "client_credentials"} == shopify.asked[0]


def test_client_credentials_that_are_refused(shopify, clock, endpoint):
    """Refused credentials are not asked again for an hour: the message says who must do what."""
    shopify.secret = "shpss_new"
    provider = ClientCredentials(endpoint(), now=clock)
    for _ in range(3):
        with pytest.raises(
            Reconnect, match=r"'torii': Shopify gives no token \(invalid_client\): .*client_id"
        ):
            provider.token()
    assert 1 == len(shopify.asked)
    clock.wait(hours=1)
    shopify.secret = SECRET
    assert "shpat_access1" == provider.token()


def test_client_credentials_after_a_refused_token(shopify, clock, endpoint):
    """A token that the shop refuses is forgotten; one that is asked for meanwhile is taken."""
    provider = ClientCredentials(endpoint(), now=clock)
    assert provider.renew(provider.token())
    assert "shpat_access2" == provider.token()
    assert provider.renew("shpat_access1")
    assert 2 == len(shopify.asked)


def test_client_credentials_when_shopify_is_down(shopify, clock, endpoint):
    """A token that still holds is used while no other is to be had."""
    provider = ClientCredentials(endpoint(), now=clock)
    provider.token()
    shopify.trouble = (503, {}, "")
    clock.wait(minutes=57)
    assert "shpat_access1" == provider.token()
    clock.wait(minutes=3)
    with pytest.raises(PlatformUnavailable, match="'torii': Shopify answered 503 to the request for a token"):
        provider.token()


def test_a_token_without_an_end(shopify, clock, endpoint):
    """A token that does not say when it ends is kept."""
    shopify.trouble = (200, {}, '{"access_token": "shpat_forever"}')
    provider = ClientCredentials(endpoint(), now=clock)
    provider.token()
    clock.wait(days=999)
    assert ("shpat_forever", 1) == (provider.token(), len(shopify.asked))

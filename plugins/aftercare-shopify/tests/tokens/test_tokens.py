from __future__ import annotations

from types import SimpleNamespace

import pytest
import responses

from aftercare_sdk.model.shops import Shop
from aftercare_shopify.client import client_of
from aftercare_shopify.fake import CLIENT_ID, Api, FakeShopify, answer_in
from aftercare_shopify.fake import SECRET as FAKE_SECRET
from aftercare_shopify.tokens import (
    ClientCredentials,
    OfflineTokens,
    Reconnect,
    StaticToken,
    provider_of,
)

DOMAIN = "torii.myshopify.com"
APP, SECRET = "0123456789abcdef0123456789abcdef", "shpss_fedcba9876543210"
SEED = "shprt_seed0000"


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"access_token": "shpat_0123"}, StaticToken),
        ({"client_id": APP, "client_secret": SECRET}, ClientCredentials),
        (
            {"client_id": APP, "client_secret": SECRET, "refresh_token": SEED, "token_file": "t.json"},
            OfflineTokens,
        ),
        # Once seeded, the file is enough.
        ({"client_id": APP, "client_secret": SECRET, "token_file": "t.json"}, OfflineTokens),
        ({"access_token": "shpat_0123", "client_id": APP, "client_secret": SECRET}, StaticToken),
    ],
)
def test_kinds(options, kind):
    """The options of a shop say where its tokens come from."""
    assert isinstance(provider_of(Shop(name="torii", options={"domain": DOMAIN, **options})), kind)


class TestWithTheFakeShop:
    """Clients of the fake shop, whose tokens live for an hour by its own clock."""

    @pytest.fixture
    def torii(self):
        """A shop, and a way to connect to it."""
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            shop = FakeShopify(deliver=lambda _: 200)
            api = Api(shop)
            answer_in(mock, api)
            yield SimpleNamespace(shop=shop, api=api)

    def connected(self, torii, **options):
        """Return a client as it is configured."""
        told = {"domain": torii.shop.domain, "client_id": CLIENT_ID, "client_secret": FAKE_SECRET, **options}
        return client_of(Shop(name="torii", options=told), now=lambda: torii.shop.now)

    def test_offline(self, torii, tmp_path):
        """A year passes, refresh by refresh; nobody needs to do anything."""
        _, refresh = torii.shop.access.connect()
        file = str(tmp_path / "tokens.json")
        client = self.connected(torii, refresh_token=refresh, token_file=file)
        for _ in range(12):
            assert [] == list(client.query("list_webhooks").data["webhookSubscriptions"]["nodes"])
            torii.shop.wait(days=30)
        assert ["refresh_token", ""] * 12 == [each.grant for each in torii.api.asked]

    def test_away_for_too_long(self, torii, tmp_path):
        """After ninety days the refresh token is dead, and the merchant must come back."""
        _, refresh = torii.shop.access.connect()
        file = str(tmp_path / "tokens.json")
        client = self.connected(torii, refresh_token=refresh, token_file=file)
        client.query("list_webhooks")
        torii.shop.wait(days=91)
        asked = len(torii.api.asked)
        for _ in range(3):
            with pytest.raises(Reconnect, match="invalid_grant"):
                client.query("list_webhooks")
        assert asked + 1 == len(torii.api.asked)
        _, again = torii.shop.access.connect()
        self.connected(torii, refresh_token=again, token_file=file).query("list_webhooks")

    def test_taken_back(self, torii, tmp_path):
        """A token that the shop takes back in the middle is replaced, and nobody notices."""
        client = self.connected(torii)
        client.query("list_webhooks")
        torii.shop.access.tokens.clear()
        client.query("list_webhooks")
        assert ["client_credentials", "", "", "client_credentials", ""] == [
            each.grant for each in torii.api.asked
        ]

    def test_uninstalled(self, torii):
        """After the app was removed the error says so, and is not asked for again and again."""
        client = self.connected(torii)
        client.query("list_webhooks")
        torii.shop.uninstall()
        for _ in range(3):
            with pytest.raises(Reconnect, match=r"shop_not_permitted.*is installed in torii\.myshopify\.com"):
                client.query("list_webhooks")
        assert 4 == len(torii.api.asked)

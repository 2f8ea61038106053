from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from aftercare_shopify.fake import CLIENT_ID, SECRET, TOKEN, Api, FakeShopify

SHOP = "{ shop { name } }"


class TestRequests:
    @pytest.mark.parametrize("token", ["", "shpat_other", TOKEN.upper()])
    def test_a_token_that_the_shop_does_not_know(self, post, token):
        """No token, a wrong one: 401, with Shopify's words."""
        reply = post(SHOP, token=token)
        words = "[API] Invalid API key or access token (unrecognized login or wrong password)"
        assert (401, {"errors": words}) == (reply.status, json.loads(reply.body))

    def test_an_uninstalled_app(self, shop, post):
        """Once the app is removed its token is worth nothing."""
        shop.uninstall()
        assert 401 == post(SHOP).status

    def test_a_token_of_its_own(self):
        """Two shops have two tokens, if they are told to, and neither takes the other's."""
        shops = [
            FakeShopify(domain=f"{name}.myshopify.com", token=f"shpat_{name}") for name in ("one", "two")
        ]
        body = json.dumps({"query": SHOP}).encode()
        statuses = [
            Api(shop)
            .answer(
                "POST", f"{shop.url}/admin/api/2026-07/graphql.json", {"X-Shopify-Access-Token": token}, body
            )
            .status
            for shop in shops
            for token in ("shpat_one", "shpat_two", TOKEN)
        ]
        assert [200, 401, 401, 401, 200, 401] == statuses

    @pytest.mark.parametrize("url", ["https://other.myshopify.com", "http://torii.myshopify.com"])
    def test_another_shop(self, post, url):
        """At another address there is no shop."""
        assert (404, b'{"errors": "Not Found"}') == ((reply := post(SHOP, url=url)).status, reply.body)

    @pytest.mark.parametrize(
        ("asked", "served"),
        [
            *(("2026-07", "2026-07"), ("2026-10", "2026-10"), ("unstable", "unstable")),
            *(("2025-01", "2026-01"), ("2019-04", "2026-01")),
        ],
    )
    def test_releases(self, post, asked, served):
        """A release that is gone is served by the oldest that is left, and a header says so."""
        reply = post(SHOP, version=asked)
        assert (200, served) == (reply.status, reply.headers["X-Shopify-API-Version"])

    @pytest.mark.parametrize("version", ["2027-01", "2026-05", "latest", "2026"])
    def test_releases_that_there_are_not(self, post, version):
        """There are four releases a year, and none of the future."""
        assert 404 == post(SHOP, version=version).status

    def test_releases_grow_old(self, shop, post):
        """A test can let the pinned release die."""
        shop.versions = ("2026-10", "2027-01")
        assert "2026-10" == post(SHOP).headers["X-Shopify-API-Version"]

    @pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"{}", b'{"query": 1}'])
    def test_no_request(self, api, body):
        """What is no GraphQL request gets status 400."""
        url = "https://torii.myshopify.com/admin/api/2026-07/graphql.json"
        assert 400 == api.answer("POST", url, {"X-Shopify-Access-Token": TOKEN}, body).status

    def test_nothing_else_is_there(self, api):
        """REST and pages are not part of the fake."""
        url = "https://torii.myshopify.com/admin/api/2026-07/orders.json"
        assert 404 == api.answer("GET", url, {"X-Shopify-Access-Token": TOKEN}).status


class TestScopes:
    def test_a_missing_scope(self, shop, ask):
        """A field without its scope is an error that names it; what cannot be null takes all with it."""
        shop.access.scopes -= {"read_products", "write_products"}
        order = shop.order({shop.tea: 1}, paid=True)
        body = ask("{ shop { name } products(first: 1) { nodes { id } } }")
        assert None is body["data"]
        [error] = body["errors"]
        assert (
            "Access denied for products field. Required access: `read_products` access scope."
            == error["message"]
        )
        assert ("ACCESS_DENIED", "`read_products` access scope.") == (
            error["extensions"]["code"],
            error["extensions"]["requiredAccess"],
        )
        query = (
            'query { order(id: "gid://shopify/Order/%d") { name lineItems(first: 1) { nodes {'
            " title product { id } } } } }"
        )
        body = ask(query % order)
        assert [{"title": "ほうじ茶", "product": None}] == body["data"]["order"]["lineItems"]["nodes"]
        assert ["order", "lineItems", "nodes", 0, "product"] == body["errors"][0]["path"]

    def test_nodes_are_no_way_round(self, shop, ask, gid):
        """A thing by its global id needs the same scope."""
        shop.access.scopes -= {"read_customers", "write_customers"}
        body = ask("query ($id: ID!) { node(id: $id) { id } }", id=gid("Customer", shop.hana))
        assert ({"node": None}, "ACCESS_DENIED") == (body["data"], body["errors"][0]["extensions"]["code"])
        body = ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[gid("Customer", shop.hana)])
        assert "ACCESS_DENIED" == body["errors"][0]["extensions"]["code"]

    def test_who_may_write_may_read(self, shop, told):
        """A scope to write is one to read."""
        shop.access.scopes -= {"read_customers"}
        assert 1 == len(told("{ customers(first: 1) { nodes { id } } }")["customers"]["nodes"])

    @pytest.mark.parametrize(
        ("scope", "mutation"),
        [
            (
                "write_customers",
                'tagsAdd(id: "gid://shopify/Customer/%d", tags: ["a"]) { userErrors { message } }',
            ),
            (
                "write_customers",
                (
                    'metafieldsSet(metafields: [{ownerId: "gid://shopify/Customer/%d", key: "tier",'
                    ' value: "a", type:'
                    ' "single_line_text_field"}]) { userErrors { message } }'
                ),
            ),
            (
                "write_customers",
                (
                    'customerEmailMarketingConsentUpdate(input: {customerId: "gid://shopify/Customer/%d",'
                    " emailMarketingConsent: {marketingState: SUBSCRIBED}}) { userErrors { message } }"
                ),
            ),
            (
                "write_discounts",
                'discountCodeDeactivate(id: "gid://shopify/DiscountCodeNode/%d") { userErrors { message } }',
            ),
        ],
    )
    def test_writing(self, shop, ask, scope, mutation):
        """Who may only read changes nothing."""
        shop.access.scopes -= {scope}
        body = ask("mutation { " + mutation % shop.hana + " }")
        assert "ACCESS_DENIED" == body["errors"][0]["extensions"]["code"]
        assert f"`{scope}` access scope." in body["errors"][0]["message"]

    def test_old_orders(self, shop, told, gid):
        """Without `read_all_orders` those of the last sixty days are all there are."""
        old = shop.order({shop.tea: 1}, customer=shop.hana, paid=True)
        shop.wait(days=61)
        new = shop.order({shop.tea: 1}, customer=shop.hana, paid=True)
        query = "query ($id: ID!) { orders(first: 9) { nodes { id } } order(id: $id) { id } }"
        assert 2 == len(told(query, id=gid("Order", old))["orders"]["nodes"])
        shop.access.scopes -= {"read_all_orders"}
        body = told(query, id=gid("Order", old))
        assert ([{"id": gid("Order", new)}], None) == (body["orders"]["nodes"], body["order"])


class TestPersonalData:
    QUERY = (
        "{ customers(first: 1) { nodes { id tags firstName defaultEmailAddress { emailAddress"
        " } defaultAddress { city countryCodeV2 } } } }"
    )

    def test_not_approved(self, shop, ask):
        """What the app may not see is null, with an error for each; the rest is there."""
        shop.access.approved = frozenset({"name"})
        body = ask(self.QUERY)
        [person] = body["data"]["customers"]["nodes"]
        assert ("花", None, {"city": None, "countryCodeV2": "JP"}) == (
            person["firstName"],
            person["defaultEmailAddress"],
            person["defaultAddress"],
        )
        assert [["defaultEmailAddress"], ["defaultAddress", "city"]] == [
            each["path"][3:] for each in body["errors"]
        ]
        assert body["errors"][0]["message"].startswith(
            "This app is not approved to access the Customer object. See https://"
        )
        assert "extensions" not in body["errors"][0]

    def test_no_customers_at_all(self, shop, ask, gid):
        """Without any approval there are orders, and nobody who placed them."""
        order = shop.order({shop.tea: 1}, customer=shop.hana, paid=True)
        shop.access.approved = None
        body = ask(
            "query ($id: ID!) { order(id: $id) { name email customer { id } } }", id=gid("Order", order)
        )
        assert {"name": "#1001", "email": None, "customer": None} == body["data"]["order"]


class TestTokens:
    @pytest.fixture
    def token(self, api):
        """Ask the place where tokens are given out."""

        def token(*, as_json=False, **told):
            told = {"client_id": CLIENT_ID, "client_secret": SECRET, **told}
            body = (json.dumps(told) if as_json else urlencode(told)).encode()
            kind = "application/json" if as_json else "application/x-www-form-urlencoded"
            reply = api.answer(
                "POST", "https://torii.myshopify.com/admin/oauth/access_token", {"Content-Type": kind}, body
            )
            return reply.status, json.loads(reply.body)

        return token

    @pytest.mark.parametrize("as_json", [True, False])
    def test_client_credentials(self, shop, post, token, as_json):
        """An app of the shop's own organisation gets a token for a day."""
        status, told = token(grant_type="client_credentials", as_json=as_json)
        assert (200, 86399, ",".join(sorted(shop.access.scopes))) == (
            status,
            told["expires_in"],
            told["scope"],
        )
        assert 200 == post(SHOP, token=told["access_token"]).status
        shop.wait(days=1)
        assert 401 == post(SHOP, token=told["access_token"]).status

    def test_another_organisation(self, shop, token):
        """Others do not."""
        shop.access.same_organisation = False
        assert (400, "shop_not_permitted") == (
            (answer := token(grant_type="client_credentials"))[0],
            answer[1]["error"],
        )

    def test_refreshing(self, shop, post, token):
        """A token lives for an hour by the shop's clock, and its refresh token gives another pair."""
        access, refresh = shop.access.connect()
        assert 200 == post(SHOP, token=access).status
        shop.wait(timedelta(hours=1))
        assert 401 == post(SHOP, token=access).status
        status, told = token(grant_type="refresh_token", refresh_token=refresh)
        assert (200, 3600, 90 * 86400) == (status, told["expires_in"], told["refresh_token_expires_in"])
        assert 200 == post(SHOP, token=told["access_token"]).status
        assert refresh != told["refresh_token"]

    def test_rotation(self, shop, token):
        """An old refresh token may be used until the new one is: an answer that was lost can be had again."""
        _, refresh = shop.access.connect()
        lost = token(grant_type="refresh_token", refresh_token=refresh)[1]["refresh_token"]
        kept = token(grant_type="refresh_token", refresh_token=refresh)[1]["refresh_token"]
        assert 400 == token(grant_type="refresh_token", refresh_token=lost)[0]
        assert 200 == token(grant_type="refresh_token", refresh_token=kept)[0]
        status, told = token(grant_type="refresh_token", refresh_token=refresh)
        assert (400, "invalid_grant") == (status, told["error"])

    def test_dead_refresh_tokens(self, shop, token):
        """After ninety days, or without the app, a merchant has to come back."""
        _, refresh = shop.access.connect()
        shop.wait(days=90)
        assert "invalid_grant" == token(grant_type="refresh_token", refresh_token=refresh)[1]["error"]
        _, refresh = shop.access.connect()
        shop.uninstall()
        assert "invalid_grant" == token(grant_type="refresh_token", refresh_token=refresh)[1]["error"]

    def test_refused(self, token):
        """A wrong secret, a wrong client and an unknown grant are refused."""
        answers = [
            token(grant_type="client_credentials", client_secret="x"),
            token(grant_type="client_credentials", client_id="x"),
            token(grant_type="password"),
        ]
        assert [(401, "invalid_client"), (401, "invalid_client"), (400, "unsupported_grant_type")] == [
            (status, told["error"]) for status, told in answers
        ]

    def test_nothing_secret_is_kept(self, api, post, token):
        """What a test can look at of requests has no token and no secret."""
        post(SHOP)
        token(grant_type="client_credentials")
        assert ["", "client_credentials"] == [each.grant for each in api.asked]
        assert not any(word in repr(api.asked) + repr(api.shop.access) for word in (TOKEN, SECRET))
        assert TOKEN not in str([(each.query, each.variables) for each in api.asked])

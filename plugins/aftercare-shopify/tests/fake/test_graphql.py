from __future__ import annotations

import pytest

ORDERS = (
    "query ($first: Int, $after: String, $last: Int, $before: String, $query: String, $reverse: Boolean,"
    " $sort: OrderSortKeys) { orders(first: $first, after: $after, last: $last, before:"
    " $before, query: $query,"
    " reverse: $reverse, sortKey: $sort) { pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    " nodes { name } edges { cursor node { name } } } }"
)


@pytest.fixture
def five(shop):
    """A shop with five orders, an hour apart."""
    numbers = []
    for _ in range(5):
        numbers.append(shop.order({shop.tea: 1}, email="g@example.jp", paid=True))
        shop.wait(hours=1)
    return numbers


class TestConnections:
    def names(self, told, **variables):
        """The names on a page."""
        return [each["name"] for each in told(ORDERS, **variables)["orders"]["nodes"]]

    def test_pages(self, five, told):
        """A page ends with a cursor from which the next goes on, to the last."""
        seen, after = [], None
        while True:
            page = told(ORDERS, first=2, after=after, sort="ID")["orders"]
            seen += [each["node"]["name"] for each in page["edges"]]
            after = page["pageInfo"]["endCursor"]
            assert page["edges"][-1]["cursor"] == after
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert ["#1001", "#1002", "#1003", "#1004", "#1005"] == seen
        assert page["pageInfo"]["hasPreviousPage"]

    def test_backwards(self, five, told):
        """The last ones can be asked for, those before a cursor, and all in reverse."""
        assert ["#1004", "#1005"] == self.names(told, last=2, sort="ID")
        cursor = told(ORDERS, first=4, sort="ID")["orders"]["edges"][3]["cursor"]
        assert ["#1002", "#1003"] == self.names(told, last=2, before=cursor, sort="ID")
        assert ["#1005", "#1004"] == self.names(told, first=2, reverse=True, sort="ID")
        cursor = told(ORDERS, first=2, reverse=True, sort="ID")["orders"]["pageInfo"]["endCursor"]
        assert ["#1003"] == self.names(told, first=1, after=cursor, reverse=True, sort="ID")

    def test_a_change_between_pages_loses_nothing(self, shop, five, told):
        """By `updated_at`, an order that changes meanwhile comes again at the end, and none is skipped."""
        page = told(ORDERS, first=2, sort="UPDATED_AT")["orders"]
        shop.change(five[0], note="meanwhile")
        shop.change(five[1], note="meanwhile")
        rest = self.names(told, first=10, after=page["pageInfo"]["endCursor"], sort="UPDATED_AT")
        assert ["#1003", "#1004", "#1005", "#1001", "#1002"] == rest

    @pytest.mark.parametrize(
        ("variables", "message"),
        [
            ({}, "you must provide one of first or last"),
            ({"first": 251}, "first cannot exceed 250"),
            ({"first": -1}, "first cannot be negative"),
            ({"first": 1, "last": 1}, "providing both first and last is not supported"),
            ({"first": 1, "after": "nonsense"}, "Invalid cursor for current pagination sort."),
            ({"first": 1, "sort": "DESTINATION"}, "The fake shop does not sort orders by DESTINATION"),
        ],
    )
    def test_pages_that_cannot_be(self, five, ask, variables, message):
        """Too much, too little and other people's cursors are refused."""
        body = ask(ORDERS, **variables)
        assert (None, [message]) == (body["data"], [each["message"] for each in body["errors"]])

    def test_a_cursor_of_another_order_of_things(self, five, told, ask):
        """A cursor belongs to what the list was sorted by."""
        cursor = told(ORDERS, first=1, sort="UPDATED_AT")["orders"]["pageInfo"]["endCursor"]
        assert "Invalid cursor" in ask(ORDERS, first=1, after=cursor, sort="ID")["errors"][0]["message"]

    def test_searching(self, shop, five, ask):
        """Lists are searched; a field that there is not is ignored, and a warning says so."""
        since = "updated_at:>='2026-08-03T02:00:00Z' colour:red"
        body = ask(ORDERS, first=10, query=since, sort="UPDATED_AT")
        assert ["#1003", "#1004", "#1005"] == [each["name"] for each in body["data"]["orders"]["nodes"]]
        [warning] = body["extensions"]["search"]
        assert [{"field": "colour", "message": "Invalid search field for this query."}] == warning["warnings"]

    def test_counts(self, shop, five, told):
        """What a search finds is counted."""
        assert 2 == told(f'{{ ordersCount(query: "id:<={five[1]}") {{ count }} }}')["ordersCount"]["count"]


class TestRequests:
    def test_true_types(self, shop, told, gid):
        """Amounts and large numbers are strings, times are in UTC, enums are Shopify's."""
        order = shop.order({shop.tea: 1}, customer=shop.hana, currency="USD", paid=True)
        query = (
            "query ($id: ID!) { order(id: $id) { legacyResourceId createdAt displayFinancialStatus"
            " totalPriceSet { shopMoney { amount } presentmentMoney { amount currencyCode } }"
            " lineItems(first: 1) { nodes { variant { price } } } customer { numberOfOrders } } }"
        )
        assert {
            "legacyResourceId": str(order),
            "createdAt": "2026-08-03T00:00:00Z",
            "displayFinancialStatus": "PAID",
            "totalPriceSet": {
                "shopMoney": {"amount": "1480.0"},
                "presentmentMoney": {"amount": "9.92", "currencyCode": "USD"},
            },
            "lineItems": {"nodes": [{"variant": {"price": "880"}}]},
            "customer": {"numberOfOrders": "1"},
        } == told(query, id=gid("Order", order))["order"]

    def test_what_is_not_kept(self, ask, told):
        """A field that may be null is null; one that may not is refused by its name."""
        assert {"description": None} == told("{ shop { description } }")["shop"]
        body = ask("{ shop { name resourceLimits { maxProductVariants } } }")
        assert "The fake Shopify does not keep Shop.resourceLimits" in body["errors"][0]["message"]
        assert (
            "does not keep QueryRoot.bulkOperations"
            in ask("{ bulkOperations(first: 1) { nodes { id } } }")["errors"][0]["message"]
        )

    def test_what_the_schema_does_not_know(self, ask):
        """Unknown fields, wrong enums and two members of a choice are refused by Shopify's own schema."""
        assert "'colour'" in ask("{ shop { colour } }")["errors"][0]["message"]
        assert "Syntax Error" in ask("{ shop {")["errors"][0]["message"]
        assert (
            "FOO"
            in ask(
                "mutation { webhookSubscriptionCreate(topic: FOO, webhookSubscription: {uri:"
                ' "https://a.example"}) { userErrors { message } } }'
            )["errors"][0]["message"]
        )
        two = ask(
            "query ($it: CustomerIdentifierInput!) { customerByIdentifier(identifier: $it) { id } }",
            it={"id": "gid://shopify/Customer/1", "emailAddress": "a@b.jp"},
        )
        assert "exactly one field" in two["errors"][0]["message"]

    def test_by_global_id(self, shop, told, gid):
        """Anything is found by its global id, what is gone is null, and what is none is refused."""
        order = shop.order({shop.tea: 1}, customer=shop.hana, paid=True)
        parcel = shop.fulfil(order)
        refund = shop.refund(order, amount="1")
        ids = [
            *(gid("Order", order), gid("Customer", shop.hana), gid("Product", shop.tea)),
            *(
                gid("Fulfillment", parcel),
                gid("Refund", refund),
                gid("LineItem", shop.orders[order].lines[0].id),
            ),
            *(gid("OrderTransaction", shop.orders[order].transactions[0].id), gid("Shop", shop.shop_id)),
            gid("ProductVariant", shop.products[shop.tea].variants[0].id),
        ]
        query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
        assert ids == [each["id"] for each in told(query, ids=ids)["nodes"]]
        assert [None, None] == told(query, ids=[gid("Order", 1), gid("Video", 1)])["nodes"]

    def test_no_global_id(self, ask):
        """What is no global id is an error and not nothing."""
        body = ask("query ($id: ID!) { order(id: $id) { id } }", id="1001")
        assert "Invalid global id '1001'" == body["errors"][0]["message"]

    def test_too_many_at_once(self, ask, gid):
        """No list in a request is longer than 250."""
        body = ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[gid("Order", 1)] * 251)
        assert "greater than the maximum allowed of 250" in body["errors"][0]["message"]

    def test_customers_by_what_is_known_of_them(self, shop, told, gid):
        """A customer is found by e-mail address, telephone number or id."""
        query = "query ($it: CustomerIdentifierInput!) { customerByIdentifier(identifier: $it) { id } }"
        for it in (
            {"emailAddress": "HANA@example.jp"},
            {"phoneNumber": "+819012345678"},
            {"id": gid("Customer", shop.hana)},
        ):
            assert gid("Customer", shop.hana) == told(query, it=it)["customerByIdentifier"]["id"]
        assert None is told(query, it={"emailAddress": "nobody@example.jp"})["customerByIdentifier"]

    def test_a_subscriber(self, shop, told, gid):
        """Selling plans and the contracts of this app are seen; those of other apps are not."""
        mine = shop.subscribe_customer(shop.hana, {shop.tea: 1}, plan="毎月")
        shop.subscribe_customer(shop.hana, {shop.tea: 1}, own=False)
        order = shop.order({shop.tea: 1}, customer=shop.hana, plan="毎月", contract=mine, paid=True)
        query = (
            "query ($order: ID!, $who: ID!) { order(id: $order) { lineItems(first: 1) { nodes {"
            " sellingPlan { name }"
            " contract { id } } } } customer(id: $who) { productSubscriberStatus"
            " subscriptionContracts(first: 9) { nodes"
            " { id status nextBillingDate originOrder { id } lines(first: 1) { nodes { title"
            " quantity productId } } } } } }"
        )
        body = told(query, order=gid("Order", order), who=gid("Customer", shop.hana))
        [line] = body["order"]["lineItems"]["nodes"]
        assert ({"name": "毎月"}, {"id": gid("SubscriptionContract", mine)}) == (
            line["sellingPlan"],
            line["contract"],
        )
        assert "ACTIVE" == body["customer"]["productSubscriberStatus"]
        [contract] = body["customer"]["subscriptionContracts"]["nodes"]
        assert ("ACTIVE", "2026-09-02T00:00:00Z", gid("Order", order)) == (
            contract["status"],
            contract["nextBillingDate"],
            contract["originOrder"]["id"],
        )
        assert [{"title": "ほうじ茶", "quantity": 1, "productId": gid("Product", shop.tea)}] == contract[
            "lines"
        ]["nodes"]

    def test_the_shop_and_the_app(self, shop, told):
        """The shop says what it is, and the app what it may do."""
        body = told(
            "{ shop { myshopifyDomain currencyCode ianaTimezone timezoneOffsetMinutes }"
            " currentAppInstallation { accessScopes { handle } } publicApiVersions { handle"
            " supported } }"
        )
        assert {
            "myshopifyDomain": "torii.myshopify.com",
            "currencyCode": "JPY",
            "ianaTimezone": "Asia/Tokyo",
            "timezoneOffsetMinutes": 540,
        } == body["shop"]
        assert sorted(shop.access.scopes) == [
            each["handle"] for each in body["currentAppInstallation"]["accessScopes"]
        ]
        assert ["2026-01", "2026-04", "2026-07", "2026-10"] == [
            each["handle"] for each in body["publicApiVersions"]
        ]

    def test_several_operations_in_one_text(self, post, api):
        """The name of an operation picks one of several."""
        import json

        body = json.dumps(
            {"query": "query A { shop { name } } query B { shop { email } }", "operationName": "B"}
        ).encode()
        reply = api.answer(
            "POST",
            "https://torii.myshopify.com/admin/api/2026-07/graphql.json",
            {"X-Shopify-Access-Token": "shpat_fake_token_of_a_fake_shop"},
            body,
        )
        assert {"shop": {"email": "owner@torii.myshopify.com"}} == json.loads(reply.body)["data"]

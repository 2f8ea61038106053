from __future__ import annotations

import pytest
from graphql import get_operation_ast, parse

from aftercare_shopify.fake.graph.cost import requested, sized
from aftercare_shopify.fake.graph.schema import schema

MONEY = "{ presentmentMoney { amount } shopMoney { amount } }"
TAXES = "taxLines { title priceSet " + MONEY + " }"


class TestWeights:
    @pytest.mark.parametrize(
        ("cost", "query"),
        [
            (
                12,
                (
                    "{ customers(first: 200) { pageInfo { hasNextPage } edges { cursor node { id"
                    " updatedAt } } } }"
                ),
            ),
            (3, "{ customers(first: 1) { edges { node { id defaultPhoneNumber { phoneNumber } } } } }"),
            (
                3,
                '{ order(id: "gid://shopify/Order/1") { transactions { kind amountSet '
                + MONEY
                + " paymentDetails { ... on CardPaymentDetails { company } } } } }",
            ),
            (
                15,
                '{ order(id: "gid://shopify/Order/1") { fulfillments { location { id } trackingInfo {'
                " number }"
                " service { serviceName } fulfillmentLineItems(first: 10) { pageInfo { endCursor } nodes { id"
                " originalTotalSet " + MONEY + " lineItem { id } } } } } }",
            ),
            (
                43,
                '{ order(id: "gid://shopify/Order/1") { lineItems(first: 10) { pageInfo { endCursor }'
                " nodes { id"
                " product { id } variant { id } customAttributes { key } duties { price "
                + MONEY
                + TAXES
                + " }"
                " fulfillmentService { location { id } serviceName } discountAllocations {"
                " allocatedAmountSet " + MONEY + " } discountedTotalSet " + MONEY + TAXES + " } } } }",
            ),
            (
                68,
                (
                    "{ orders(first: 25) { pageInfo { hasNextPage } edges { cursor node { channel { name }"
                    " totalPriceSet { shopMoney { amount } } customAttributes { key } risk { assessments"
                    " { riskLevel } }"
                    " displayAddress { zip } shippingAddress { zip } billingAddress { zip } taxLines {"
                    " channelLiable }"
                    " purchasingEntity { ... on PurchasingCompany { company { id } } } } } } }"
                ),
            ),
            (
                48,
                (
                    '{ location(id: "gid://shopify/Location/1") { inventoryLevels(first: 100) { pageInfo'
                    " { hasNextPage }"
                    ' edges { cursor node { id quantities(names: "available") { quantity } item { id'
                    " variant { id product"
                    " { id } } } } } } } }"
                ),
            ),
            (
                31,
                (
                    '{ catalog(id: "gid://shopify/AppCatalog/1") { priceList { id prices(first: 100) {'
                    " edges { node"
                    " { variant { id product { id } } price { amount } } } pageInfo { hasNextPage } } } } }"
                ),
            ),
            (
                23,
                (
                    "{ shopifyPaymentsAccount { balanceTransactions(first: 200) { nodes { id"
                    " associatedPayout { id } } } } }"
                ),
            ),
        ],
    )
    def test_published_costs(self, cost, query):
        """Requests cost what Shopify's API charged for them; the audit in microsoft/BCApps published it."""
        document = parse(query)
        assert cost == requested(schema(), document, get_operation_ast(document), {})

    def test_pages(self):
        """Large pages are cheap."""
        assert [0, 1, 1, 2, 3, 4, 6, 7, 9, 10, 11] == [
            sized(many) for many in (0, 1, 2, 3, 5, 10, 25, 50, 100, 200, 250)
        ]

    def test_a_mutation(self, shop, ask, gid):
        """A mutation costs ten, and what is asked of its result; user errors are free."""
        query = (
            "mutation ($it: CustomerEmailMarketingConsentUpdateInput!) {"
            " customerEmailMarketingConsentUpdate(input: $it)"
            " { customer { id emailMarketingConsent { marketingState } } userErrors { message } } }"
        )
        it = {
            "customerId": gid("Customer", shop.hana),
            "emailMarketingConsent": {"marketingState": "SUBSCRIBED"},
        }
        cost = ask(query, it=it)["extensions"]["cost"]
        assert (11, 11) == (cost["requestedQueryCost"], cost["actualQueryCost"])

    def test_what_is_left_out_costs_nothing(self, shop, ask):
        """Variables decide sizes and what is included; fragments count where they are used."""
        query = (
            "query ($first: Int = 3, $more: Boolean!) { orders(first: $first) { nodes { ...It } } }"
            " fragment It on Order { id customer @include(if: $more) { id } shippingAddress"
            " @skip(if: $more) { zip }"
            " billingAddress @include(if: $more) { zip } }"
        )
        costs = [
            ask(query, **told)["extensions"]["cost"]["requestedQueryCost"]
            for told in ({"more": False}, {"more": True}, {"more": True, "first": 100})
        ]
        assert [2 + 2 * 2, 2 + 2 * 3, 2 + 9 * 3] == costs


class TestThrottling:
    QUERY = "{ orders(first: 50) { nodes { id lineItems(first: 50) { nodes { id } } } } }"
    COST = 2 + 7 * (1 + 2 + 7)

    def test_what_is_not_used_is_given_back(self, shop, ask):
        """A request takes what it may cost, and gets back what it did not."""
        cost = ask(self.QUERY)["extensions"]["cost"]
        assert {
            "requestedQueryCost": self.COST,
            "actualQueryCost": 2,
            "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 1998, "restoreRate": 100.0},
        } == cost

    def test_throttled(self, shop, post, ask):
        """An empty bucket answers with status 200 and an error; time fills it, by the shop's clock."""
        shop.bucket.drain(10)
        assert 200 == post(self.QUERY).status
        body = ask(self.QUERY)
        assert [
            {
                "message": "Throttled",
                "extensions": {
                    "code": "THROTTLED",
                    "documentation": "https://shopify.dev/api/usage/rate-limits",
                },
            }
        ] == body["errors"]
        assert "data" not in body
        assert (self.COST, None, 10) == (
            body["extensions"]["cost"]["requestedQueryCost"],
            body["extensions"]["cost"]["actualQueryCost"],
            body["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"],
        )
        shop.wait(seconds=1)
        assert "errors" not in ask(self.QUERY)

    def test_never_more_than_the_bucket_holds(self, shop, ask):
        """A day later there is one bucketful, and another plan has another bucket."""
        shop.wait(days=1)
        assert 2000 == shop.bucket.left
        shop.bucket.set(limit=100, rate=5)
        assert 100.0 == ask("{ shop { name } }")["extensions"]["cost"]["throttleStatus"]["maximumAvailable"]

    def test_too_much_at_once(self, shop, ask):
        """What may cost more than a thousand is refused at once, and takes nothing."""
        body = ask(
            "{ orders(first: 250) { nodes { lineItems(first: 250) { nodes { product {"
            " variants(first: 250) { nodes { id } } } } } } } }"
        )
        assert "MAX_COST_EXCEEDED" == body["errors"][0]["extensions"]["code"]
        assert "exceeds the single query max cost limit (1000)" in body["errors"][0]["message"]
        assert 2000 == shop.bucket.left

from __future__ import annotations

import pytest

from aftercare_shopify.fake import Refusal

MAKE = (
    "mutation ($it: DiscountCodeBasicInput!) { discountCodeBasicCreate(basicCodeDiscount: $it) {"
    " codeDiscountNode { id } userErrors { field message code } } }"
)
CHANGE = (
    "mutation ($id: ID!, $it: DiscountCodeBasicInput!) { discountCodeBasicUpdate(id: $id,"
    " basicCodeDiscount: $it) {"
    " codeDiscountNode { id } userErrors { field message code } } }"
)
READ = (
    "query ($code: String!) { codeDiscountNodeByCode(code: $code) { id codeDiscount {"
    " __typename ... on DiscountCodeBasic"
    " { title status startsAt endsAt usageLimit asyncUsageCount appliesOncePerCustomer"
    " codes(first: 1) { nodes { code } }"
    " context { __typename ... on DiscountCustomers { customers { id } } } customerGets { value { ... on"
    " DiscountPercentage { percentage } ... on DiscountAmount { amount { amount"
    " currencyCode } appliesOnEachItem } } items"
    " { __typename ... on DiscountProducts { products(first: 9) { nodes { id } } } } }"
    " minimumRequirement { ... on"
    " DiscountMinimumSubtotal { greaterThanOrEqualToSubtotal { amount } } } } ... on"
    " DiscountCodeFreeShipping { title"
    " status maximumShippingPrice { amount } } } } }"
)


@pytest.fixture
def thanks(shop, gid):
    """A code for one customer, once, ten per cent off everything."""

    def thanks(**told):
        return {
            "title": "Thanks",
            "code": "THX-7",
            "startsAt": "2026-08-01T00:00:00Z",
            "endsAt": "2026-09-01T00:00:00Z",
            "usageLimit": 1,
            "appliesOncePerCustomer": True,
            "context": {"customers": {"add": [gid("Customer", shop.hana)]}},
            "customerGets": {"value": {"percentage": 0.1}, "items": {"all": True}},
            **told,
        }

    return thanks


@pytest.fixture
def make(told, thanks):
    """Make a code; return its id and what was refused."""

    def make(**changes):
        answer = told(MAKE, it=thanks(**changes))["discountCodeBasicCreate"]
        node = answer["codeDiscountNode"]
        return node["id"] if node else None, answer["userErrors"]

    return make


class TestMaking:
    def test_made_and_read(self, shop, make, told, gid):
        """A code is found by its text, in whatever case, with all that was told."""
        made, errors = make()
        found = told(READ, code="thx-7")["codeDiscountNodeByCode"]
        assert ([], made) == (errors, found["id"])
        assert {
            "__typename": "DiscountCodeBasic",
            "title": "Thanks",
            "status": "ACTIVE",
            "startsAt": "2026-08-01T00:00:00Z",
            "endsAt": "2026-09-01T00:00:00Z",
            "usageLimit": 1,
            "asyncUsageCount": 0,
            "appliesOncePerCustomer": True,
            "codes": {"nodes": [{"code": "THX-7"}]},
            "context": {"__typename": "DiscountCustomers", "customers": [{"id": gid("Customer", shop.hana)}]},
            "customerGets": {"value": {"percentage": 0.1}, "items": {"__typename": "AllDiscountItems"}},
            "minimumRequirement": None,
        } == found["codeDiscount"]
        assert None is told(READ, code="other")["codeDiscountNodeByCode"]

    def test_an_amount_off_some_products(self, shop, make, told, gid):
        """Amounts, products and minimums are kept as they are told."""
        make(
            customerGets={
                "value": {"discountAmount": {"amount": "500", "appliesOnEachItem": False}},
                "items": {"products": {"productsToAdd": [gid("Product", shop.tea)]}},
            },
            minimumRequirement={"subtotal": {"greaterThanOrEqualToSubtotal": "3000"}},
        )
        found = told(READ, code="THX-7")["codeDiscountNodeByCode"]["codeDiscount"]
        assert {"amount": {"amount": "500.0", "currencyCode": "JPY"}, "appliesOnEachItem": False} == found[
            "customerGets"
        ]["value"]
        assert {
            "__typename": "DiscountProducts",
            "products": {"nodes": [{"id": gid("Product", shop.tea)}]},
        } == found["customerGets"]["items"]
        assert {"greaterThanOrEqualToSubtotal": {"amount": "3000.0"}} == found["minimumRequirement"]

    def test_taken(self, make):
        """A code that is there is not made again: TAKEN."""
        make()
        assert (
            None,
            [
                {
                    "field": ["basicCodeDiscount", "code"],
                    "message": "Code must be unique. Please try a different code.",
                    "code": "TAKEN",
                }
            ],
        ) == make(code="thx-7")

    @pytest.mark.parametrize(
        ("changes", "field", "code"),
        [
            ({"title": ""}, ["title"], "BLANK"),
            ({"code": " "}, ["code"], "BLANK"),
            ({"code": "x" * 256}, ["code"], "TOO_LONG"),
            ({"startsAt": None}, ["startsAt"], "BLANK"),
            ({"endsAt": "2026-08-01T00:00:00Z"}, ["endsAt"], "END_DATE_BEFORE_START_DATE"),
            ({"usageLimit": 0}, ["usageLimit"], "GREATER_THAN"),
            (
                {"context": {"customers": {"add": ["gid://shopify/Customer/1"]}}},
                ["context", "customers", "add"],
                "INVALID",
            ),
            ({"context": {"customers": {"add": []}}}, ["context", "customers"], "BLANK"),
            ({"customerSelection": {"all": True}}, ["context"], "CONFLICT"),
            (
                {"customerGets": {"value": {"percentage": 10}, "items": {"all": True}}},
                ["customerGets", "value", "percentage"],
                "VALUE_OUTSIDE_RANGE",
            ),
            (
                {"customerGets": {"value": {"discountAmount": {"amount": "0"}}, "items": {"all": True}}},
                ["customerGets", "value", "discountAmount", "amount"],
                "GREATER_THAN",
            ),
            ({"customerGets": {"items": {"all": True}}}, ["customerGets", "value"], "BLANK"),
            ({"customerGets": {"value": {"percentage": 0.5}}}, ["customerGets", "items"], "BLANK"),
            (
                {
                    "customerGets": {
                        "value": {"percentage": 0.5},
                        "items": {"products": {"productsToAdd": ["gid://shopify/Product/1"]}},
                    }
                },
                ["customerGets", "items", "products", "productsToAdd"],
                "INVALID",
            ),
            (
                {
                    "minimumRequirement": {
                        "subtotal": {"greaterThanOrEqualToSubtotal": "1"},
                        "quantity": {"greaterThanOrEqualToQuantity": "1"},
                    }
                },
                ["minimumRequirement"],
                "MINIMUM_SUBTOTAL_AND_QUANTITY_RANGE_BOTH_PRESENT",
            ),
        ],
    )
    def test_refused(self, shop, make, changes, field, code):
        """What cannot be is refused with the field and Shopify's code, and nothing is made."""
        made, [error] = make(**changes)
        assert (None, ["basicCodeDiscount", *field], code, {}) == (
            made,
            error["field"],
            error["code"],
            shop.discounts,
        )

    def test_free_shipping(self, told, thanks):
        """Free shipping is another kind of discount."""
        it = {
            name: value
            for name, value in thanks(maximumShippingPrice="900").items()
            if name != "customerGets"
        }
        query = (
            "mutation ($it: DiscountCodeFreeShippingInput!) {"
            " discountCodeFreeShippingCreate(freeShippingCodeDiscount: $it) { userErrors { code }"
            " } }"
        )
        assert [] == told(query, it=it)["discountCodeFreeShippingCreate"]["userErrors"]
        found = told(READ, code="THX-7")["codeDiscountNodeByCode"]["codeDiscount"]
        assert {
            "__typename": "DiscountCodeFreeShipping",
            "title": "Thanks",
            "status": "ACTIVE",
            "maximumShippingPrice": {"amount": "900.0"},
        } == found


class TestChanging:
    def test_changed(self, make, told):
        """What is told changes, the rest stays; a change that is refused changes nothing."""
        made, _ = make()
        answer = told(CHANGE, id=made, it={"title": "Sorry", "usageLimit": 0})["discountCodeBasicUpdate"]
        assert ["GREATER_THAN"] == [each["code"] for each in answer["userErrors"]]
        assert "Thanks" == told(READ, code="THX-7")["codeDiscountNodeByCode"]["codeDiscount"]["title"]
        assert (
            []
            == told(CHANGE, id=made, it={"title": "Sorry", "endsAt": None})["discountCodeBasicUpdate"][
                "userErrors"
            ]
        )
        found = told(READ, code="THX-7")["codeDiscountNodeByCode"]["codeDiscount"]
        assert ("Sorry", None, 1) == (found["title"], found["endsAt"], found["usageLimit"])

    def test_who_and_what_for(self, shop, make, told, gid):
        """People and products are added and removed one by one; older apps call it customerSelection."""
        taro = shop.add_customer("taro@example.jp")
        made, _ = make(
            context=None,
            customerSelection={"customers": {"add": [gid("Customer", shop.hana), gid("Customer", taro)]}},
        )
        changes = {
            "context": {"customers": {"remove": [gid("Customer", taro)]}},
            "customerGets": {"items": {"products": {"productsToAdd": [gid("Product", shop.tea)]}}},
            "combinesWith": {"shippingDiscounts": True},
            "minimumRequirement": {"quantity": {"greaterThanOrEqualToQuantity": "2"}},
        }
        assert [] == told(CHANGE, id=made, it=changes)["discountCodeBasicUpdate"]["userErrors"]
        [discount] = shop.discounts.values()
        assert ([shop.hana], [shop.tea], 2) == (
            discount.customers,
            discount.products,
            discount.minimum_quantity,
        )
        both = {"customerGets": {"items": {"all": True, "products": {"productsToAdd": []}}}}
        none = {"customerGets": {"items": {"products": {"productsToRemove": [gid("Product", shop.tea)]}}}}
        codes = [told(CHANGE, id=made, it=it)["discountCodeBasicUpdate"]["userErrors"] for it in (none, both)]
        assert [["BLANK"], ["CONFLICT"]] == [[each["code"] for each in errors] for errors in codes]
        everybody = {"context": {"all": "ALL"}, "customerGets": {"items": {"all": True}}}
        assert [] == told(CHANGE, id=made, it=everybody)["discountCodeBasicUpdate"]["userErrors"]
        assert (None, None) == (discount.customers, discount.products)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"context": {"customerSegments": {"add": []}}}, "no segments"),
            ({"customerGets": {"items": {"collections": {"add": []}}}}, "no collections"),
            (
                {"customerGets": {"value": {"discountOnQuantity": {"quantity": "1"}}}},
                "no discounts on quantities",
            ),
        ],
    )
    def test_what_the_fake_does_not_have(self, make, ask, changes, message):
        """What there is not is refused, and not forgotten."""
        made, _ = make()
        assert message in ask(CHANGE, id=made, it=changes)["errors"][0]["message"]

    def test_the_other_kind(self, make, told):
        """A discount keeps its kind."""
        made, _ = make()
        query = (
            "mutation ($id: ID!, $it: DiscountCodeFreeShippingInput!) {"
            " discountCodeFreeShippingUpdate(id: $id, freeShippingCodeDiscount: $it) {"
            " userErrors { code } } }"
        )
        answer = told(query, id=made, it={"title": "x"})["discountCodeFreeShippingUpdate"]
        assert [{"code": "INVALID"}] == answer["userErrors"]

    def test_listed(self, make, told):
        """Codes are listed and searched, too."""
        make()
        make(code="OTHER")
        query = (
            "query ($it: String) { codeDiscountNodes(first: 9, query: $it, sortKey: TITLE) { nodes { id } } }"
        )
        searches = (None, "code:other", "times_used:>0")
        found = [len(told(query, it=it)["codeDiscountNodes"]["nodes"]) for it in searches]
        assert [2, 1, 0] == found

    def test_ended_and_begun_again(self, shop, make, told):
        """A discount that is ended is expired from now on, and can be begun again."""
        made, _ = make()
        end = (
            "mutation ($id: ID!) { discountCodeDeactivate(id: $id) { codeDiscountNode { id }"
            " userErrors { code } } }"
        )
        told(end, id=made)
        found = told(READ, code="THX-7")["codeDiscountNodeByCode"]["codeDiscount"]
        assert ("EXPIRED", "2026-08-03T00:00:00Z") == (found["status"], found["endsAt"])
        told(end.replace("Deactivate", "Activate"), id=made)
        found = told(READ, code="THX-7")["codeDiscountNodeByCode"]["codeDiscount"]
        assert ("ACTIVE", None) == (found["status"], found["endsAt"])

    def test_deleted(self, make, told):
        """A code that is deleted is free."""
        made, _ = make()
        delete = (
            "mutation ($id: ID!) { discountCodeDelete(id: $id) { deletedCodeDiscountId userErrors"
            " { field code } } }"
        )
        assert {"deletedCodeDiscountId": made, "userErrors": []} == told(delete, id=made)[
            "discountCodeDelete"
        ]
        assert {"deletedCodeDiscountId": None, "userErrors": [{"field": ["id"], "code": "INVALID"}]} == told(
            delete, id=made
        )["discountCodeDelete"]
        assert None is not make()[0]

    def test_by_time(self, shop, make, told):
        """A discount begins and ends by the shop's clock."""
        make(startsAt="2026-08-04T00:00:00Z")
        states = []
        for _ in range(3):
            states.append(told(READ, code="THX-7")["codeDiscountNodeByCode"]["codeDiscount"]["status"])
            shop.wait(days=20)
        assert ["SCHEDULED", "ACTIVE", "EXPIRED"] == states


class TestUsing:
    def test_used(self, shop, make, told):
        """An order with a code is cheaper, and the use is counted; in a real shop the count lags."""
        make()
        from datetime import timedelta

        shop.usage_lag = timedelta(minutes=5)
        order = shop.orders[shop.order({shop.tea: 1}, customer=shop.hana, code="thx-7")]
        assert (88, "THX-7") == (order.discounts.shop, order.applications[0].title)
        count = lambda: told(READ, code="THX-7")["codeDiscountNodeByCode"]["codeDiscount"]["asyncUsageCount"]  # noqa: E731 - asked twice
        assert 0 == count()
        shop.wait(minutes=5)
        assert 1 == count()

    @pytest.mark.parametrize(
        ("changes", "buy"),
        [
            ({"endsAt": "2026-08-02T00:00:00Z"}, {}),
            ({"startsAt": "2026-08-20T00:00:00Z"}, {}),
            ({}, {"customer": None, "email": "hana@example.jp"}),
            ({}, {"plan": "毎月"}),
            ({"minimumRequirement": {"subtotal": {"greaterThanOrEqualToSubtotal": "1000"}}}, {}),
            ({"minimumRequirement": {"quantity": {"greaterThanOrEqualToQuantity": "2"}}}, {}),
            ({}, {"code": "OTHER"}),
        ],
    )
    def test_refused(self, shop, make, changes, buy):
        """Too late, too early, for somebody else, with a subscription, for too little: it does not hold."""
        assert [] == make(**changes)[1]
        with pytest.raises(Refusal, match="discount code"):
            shop.order({shop.tea: 1}, **{"customer": shop.hana, "code": "THX-7", **buy})
        assert {} == shop.orders

    def test_used_up(self, shop, make):
        """Once is once; and once for each is once for each."""
        make()
        shop.order({shop.tea: 1}, customer=shop.hana, code="THX-7")
        with pytest.raises(Refusal, match="usage limit"):
            shop.order({shop.tea: 1}, customer=shop.hana, code="THX-7")
        make(code="EACH", usageLimit=None, context={"all": "ALL"})
        for buyer in ({"customer": shop.hana}, {"email": "a@example.jp"}, {"email": "b@example.jp"}):
            shop.order({shop.tea: 1}, code="EACH", **buyer)
            with pytest.raises(Refusal, match="already used"):
                shop.order({shop.tea: 1}, code="EACH", **buyer)

    def test_only_for_some_products(self, shop, make, gid):
        """A code for tea does nothing for dog food."""
        make(
            customerGets={
                "value": {"percentage": 0.5},
                "items": {"products": {"productsToAdd": [gid("Product", shop.tea)]}},
            }
        )
        with pytest.raises(Refusal, match="isn't valid for the items"):
            shop.order({shop.food: 1}, customer=shop.hana, code="THX-7")
        order = shop.orders[shop.order({shop.tea: 1, shop.food: 1}, customer=shop.hana, code="THX-7")]
        assert [440, 0] == [line.discount.shop for line in order.lines]

    def test_what_lines_tell_of_it(self, shop, make, told, gid):
        """A discount on the whole order is in the allocations only, not in a line's discounted total."""
        make()
        order = shop.order({shop.tea: 2}, customer=shop.hana, code="THX-7")
        query = (
            "query ($id: ID!) { order(id: $id) { discountCodes lineItems(first: 1) { nodes {"
            " discountedTotalSet { shopMoney"
            " { amount } } withCodes: discountedTotalSet(withCodeDiscounts: true) { shopMoney {"
            " amount } } totalDiscountSet"
            " { shopMoney { amount } } discountAllocations { allocatedAmountSet { shopMoney {"
            " amount } } discountApplication"
            " { index targetSelection value { ... on PricingPercentageValue { percentage } } ... on"
            " DiscountCodeApplication { code } } } } } } }"
        )
        found = told(query, id=gid("Order", order))["order"]
        assert ["THX-7"] == found["discountCodes"]
        assert {
            "discountedTotalSet": {"shopMoney": {"amount": "1760.0"}},
            "withCodes": {"shopMoney": {"amount": "1760.0"}},
            "totalDiscountSet": {"shopMoney": {"amount": "0.0"}},
            "discountAllocations": [
                {
                    "allocatedAmountSet": {"shopMoney": {"amount": "176.0"}},
                    "discountApplication": {
                        "index": 0,
                        "targetSelection": "ALL",
                        "value": {"percentage": 10.0},
                        "code": "THX-7",
                    },
                }
            ],
        } == found["lineItems"]["nodes"][0]

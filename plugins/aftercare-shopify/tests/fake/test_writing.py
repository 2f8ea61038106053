from __future__ import annotations

import pytest

SET = (
    "mutation ($it: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $it) { metafields"
    " { namespace key value"
    " compareDigest } userErrors { field code message } } }"
)
READ = (
    'query ($id: ID!) { customer(id: $id) { tags metafield(namespace: "$app:aftercare", key: "tier") { value'
    " compareDigest type } metafields(first: 9) { nodes { namespace key value } } } }"
)
CONSENT = (
    "mutation ($it: CustomerEmailMarketingConsentUpdateInput!) {"
    " customerEmailMarketingConsentUpdate(input: $it) {"
    " customer { defaultEmailAddress { marketingState marketingOptInLevel"
    " marketingUpdatedAt } } userErrors { field"
    " code } } }"
)


@pytest.fixture
def hana(shop, gid):
    """The global id of the customer."""
    return gid("Customer", shop.hana)


@pytest.fixture
def keep(told, hana):
    """Write a tier; return what was kept and what was refused."""

    def keep(value="gold", **changes):
        it = {
            "ownerId": hana,
            "namespace": "$app:aftercare",
            "key": "tier",
            "type": "single_line_text_field",
            "value": value,
            **changes,
        }
        answer = told(SET, it=[{name: each for name, each in it.items() if each is not ...}])["metafieldsSet"]
        return answer["metafields"], answer["userErrors"]

    return keep


class TestMetafields:
    def test_kept_and_read(self, shop, keep, told, hana):
        """A value of the app's own namespace is read by the same short name."""
        [kept], _ = keep()
        assert (f"app--{shop.app_id}--aftercare", "gold") == (kept["namespace"], kept["value"])
        found = told(READ, id=hana)["customer"]
        assert {
            "value": "gold",
            "compareDigest": kept["compareDigest"],
            "type": "single_line_text_field",
        } == found["metafield"]
        assert [{"namespace": f"app--{shop.app_id}--aftercare", "key": "tier", "value": "gold"}] == found[
            "metafields"
        ]["nodes"]

    def test_compare_and_set(self, keep):
        """Only who has seen the value as it is may change it; null says that there is none."""
        [first], _ = keep(compareDigest=None)
        assert ["STALE_OBJECT"] == [each["code"] for each in keep("silver", compareDigest=None)[1]]
        [second], errors = keep("silver", compareDigest=first["compareDigest"])
        assert ("silver", []) == (second["value"], errors)
        nothing, [error] = keep("bronze", compareDigest=first["compareDigest"])
        assert ([], ["metafields", "0", "compareDigest"], "STALE_OBJECT") == (
            nothing,
            error["field"],
            error["code"],
        )
        assert "bronze" == keep("bronze")[0][0]["value"]

    @pytest.mark.parametrize(
        ("changes", "field", "code"),
        [
            ({"ownerId": "gid://shopify/Customer/1"}, "ownerId", "INVALID"),
            ({"ownerId": "gid://shopify/Video/1"}, "ownerId", "INVALID"),
            ({"type": ...}, "type", "BLANK"),
            ({"type": "colour"}, "type", "INVALID_TYPE"),
            ({"value": ""}, "value", "BLANK"),
            ({"value": "a\nb"}, "value", "INVALID_VALUE"),
            ({"type": "number_integer"}, "value", "INVALID_VALUE"),
            ({"type": "json", "value": "{"}, "value", "INVALID_VALUE"),
            ({"key": "t"}, "key", "TOO_SHORT"),
            ({"key": "t" * 65}, "key", "TOO_LONG"),
            ({"namespace": "a b c"}, "namespace", "INVALID"),
            ({"namespace": "app--1--other"}, "namespace", "APP_NOT_AUTHORIZED"),
            ({"compareDigest": "x"}, "compareDigest", "INVALID_COMPARE_DIGEST"),
        ],
    )
    def test_refused(self, shop, keep, changes, field, code):
        """What cannot be kept is refused with the field and Shopify's code."""
        kept, [error] = keep(**changes)
        assert ([], ["metafields", "0", field], code, {}) == (
            kept,
            error["field"],
            error["code"],
            shop.metafields,
        )

    def test_all_or_none(self, shop, told, hana):
        """If one of several cannot be kept none is; and there are at most twenty-five."""
        good = {"ownerId": hana, "key": "tier", "type": "single_line_text_field", "value": "gold"}
        answer = told(SET, it=[good, {**good, "key": "x"}])["metafieldsSet"]
        assert ([], [["metafields", "1", "key"]], {}) == (
            answer["metafields"],
            [each["field"] for each in answer["userErrors"]],
            shop.metafields,
        )
        many = [{**good, "key": f"key_{number}"} for number in range(26)]
        assert ["LESS_THAN_OR_EQUAL_TO"] == [
            each["code"] for each in told(SET, it=many)["metafieldsSet"]["userErrors"]
        ]
        assert 25 == len(told(SET, it=many[:25])["metafieldsSet"]["metafields"])

    def test_deleted(self, shop, keep, told, hana):
        """What is deleted is named, what was not there is null."""
        keep()
        query = (
            "mutation ($it: [MetafieldIdentifierInput!]!) { metafieldsDelete(metafields: $it) {"
            " deletedMetafields { key } userErrors { message } } }"
        )
        it = [{"ownerId": hana, "namespace": "$app:aftercare", "key": key} for key in ("tier", "none")]
        assert {"deletedMetafields": [{"key": "tier"}, None], "userErrors": []} == told(query, it=it)[
            "metafieldsDelete"
        ]
        assert {} == shop.metafields

    def test_by_staff(self, shop, told, hana):
        """Staff keeps values in other namespaces; they are found by namespace, key or both in one."""
        shop.set_metafield(hana, "custom.supply", "14")
        shop.set_metafield(hana, "custom.supply", "15", "number_integer")
        query = (
            'query ($id: ID!) { customer(id: $id) { one: metafield(key: "custom.supply") { value jsonValue }'
            ' two: metafields(first: 9, namespace: "custom") { nodes { value owner { __typename } } }'
            ' three: metafields(first: 9, keys: ["custom.supply", "custom.none"]) { nodes { value } } } }'
        )
        assert {
            "one": {"value": "15", "jsonValue": 15},
            "two": {"nodes": [{"value": "15", "owner": {"__typename": "Customer"}}]},
            "three": {"nodes": [{"value": "15"}]},
        } == told(query, id=hana)["customer"]

    def test_without_a_namespace(self, shop, keep):
        """Without a namespace a value belongs to the app."""
        assert f"app--{shop.app_id}" == keep(namespace=...)[0][0]["namespace"]


class TestTags:
    def change(self, told, what, of, *tags):
        query = (
            "mutation ($id: ID!, $tags: [String!]!) { %s(id: $id, tags: $tags) { node { id }"
            " userErrors { field message } } }"
        )
        return told(query % what, id=of, tags=list(tags))[what]

    def test_added_and_removed(self, shop, told, hana):
        """Tags are one whatever their case; a comma makes two of one."""
        assert {"node": {"id": hana}, "userErrors": []} == self.change(
            told, "tagsAdd", hana, "vip, gold", "VIP"
        )
        assert ["gold", "vip"] == told(READ, id=hana)["customer"]["tags"]
        self.change(told, "tagsRemove", hana, "GOLD", "none")
        assert ["vip"] == shop.customers[shop.hana].tags

    def test_of_orders_and_products(self, shop, told, gid):
        """Orders and products have tags, too."""
        order = shop.order({shop.tea: 1}, tags=["b"])
        self.change(told, "tagsAdd", gid("Order", order), "a")
        self.change(told, "tagsRemove", gid("Product", shop.tea), "茶")
        assert (["a", "b"], []) == (shop.orders[order].tags, shop.products[shop.tea].tags)

    def test_refused(self, told, hana):
        """What is not there, what is too long and what is too much is refused."""
        assert [{"field": ["id"], "message": "Customer does not exist"}] == self.change(
            told, "tagsAdd", "gid://shopify/Customer/1", "a"
        )["userErrors"]
        assert ["tags"] == self.change(told, "tagsAdd", hana, "x" * 256)["userErrors"][0]["field"]
        assert ["tags"] == self.change(told, "tagsAdd", hana, *map(str, range(251)))["userErrors"][0]["field"]


class TestConsent:
    def test_set(self, shop, told, hana):
        """The three states that can be set are set, with a level and a time."""
        it = {
            "customerId": hana,
            "emailMarketingConsent": {
                "marketingState": "SUBSCRIBED",
                "marketingOptInLevel": "CONFIRMED_OPT_IN",
                "consentUpdatedAt": "2026-08-02T10:00:00Z",
            },
        }
        answer = told(CONSENT, it=it)["customerEmailMarketingConsentUpdate"]
        assert {
            "marketingState": "SUBSCRIBED",
            "marketingOptInLevel": "CONFIRMED_OPT_IN",
            "marketingUpdatedAt": "2026-08-02T10:00:00Z",
        } == answer["customer"]["defaultEmailAddress"]

    def test_the_newest_wins(self, shop, told, hana):
        """What is older than what is known changes nothing, and is no error."""
        shop.change_consent(shop.hana, "UNSUBSCRIBED")
        it = {
            "customerId": hana,
            "emailMarketingConsent": {
                "marketingState": "SUBSCRIBED",
                "consentUpdatedAt": "2026-08-01T00:00:00Z",
            },
        }
        answer = told(CONSENT, it=it)["customerEmailMarketingConsentUpdate"]
        assert ("UNSUBSCRIBED", []) == (
            answer["customer"]["defaultEmailAddress"]["marketingState"],
            answer["userErrors"],
        )

    @pytest.mark.parametrize(
        ("consent", "field"),
        [
            *(
                ({"marketingState": state}, "marketingState")
                for state in ("NOT_SUBSCRIBED", "REDACTED", "INVALID")
            ),
            (
                {"marketingState": "SUBSCRIBED", "consentUpdatedAt": "2026-08-03T00:00:01Z"},
                "consentUpdatedAt",
            ),
        ],
    )
    def test_refused(self, told, hana, consent, field):
        """States that cannot be set, and the future, are refused."""
        answer = told(CONSENT, it={"customerId": hana, "emailMarketingConsent": consent})[
            "customerEmailMarketingConsentUpdate"
        ]
        assert [{"field": ["input", "emailMarketingConsent", field], "code": "INVALID"}] == answer[
            "userErrors"
        ]

    def test_nobody_to_ask(self, shop, told, gid):
        """Who has no e-mail address consents to nothing, and who is not there, too."""
        silent = shop.add_customer(phone="+811")
        it = {"emailMarketingConsent": {"marketingState": "SUBSCRIBED"}}
        codes = [
            told(CONSENT, it={**it, "customerId": gid("Customer", number)})[
                "customerEmailMarketingConsentUpdate"
            ]["userErrors"][0]["code"]
            for number in (silent, 1)
        ]
        assert ["MISSING_ARGUMENT", "INVALID"] == codes

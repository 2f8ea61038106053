from __future__ import annotations

from collections.abc import Mapping

import pytest
from graphql import get_named_type, is_abstract_type, is_leaf_type

from aftercare_shopify.fake.graph.nodes import node
from aftercare_shopify.fake.graph.schema import schema, scopes

DEEPEST = 3
NOT_IN_THE_SCHEMA = {"__typename", "legacyResourceId"}
"""Told with every thing, whether its type has it or not."""


@pytest.fixture
def everything(shop, gid, told):
    """A shop in which all has happened, with the ids of its things."""
    shop.bucket.set(limit=1_000_000, rate=1)
    shop.access.scopes |= {each for needed, _ in scopes().values() for each in needed}
    shop.set_metafield(gid("Customer", shop.hana), "custom.supply", "14", "number_integer")
    shop.edit_product(shop.tea, description="<b>ほうじ</b>茶")
    make = (
        "mutation ($it: DiscountCodeBasicInput!) { discountCodeBasicCreate(basicCodeDiscount: $it)"
        " { userErrors { message } } }"
    )
    for code, value, items, least in (
        ("SHARE", {"percentage": 0.1}, {"all": True}, {"quantity": {"greaterThanOrEqualToQuantity": "1"}}),
        (
            "AMOUNT",
            {"discountAmount": {"amount": "5", "appliesOnEachItem": True}},
            {
                "products": {
                    "productsToAdd": [gid("Product", shop.tea)],
                    "productVariantsToAdd": [gid("ProductVariant", shop.products[shop.food].variants[0].id)],
                }
            },
            {"subtotal": {"greaterThanOrEqualToSubtotal": "1"}},
        ),
    ):
        it = {
            "title": code,
            "code": code,
            "startsAt": "2026-08-01T00:00:00Z",
            "context": {"all": "ALL"},
            "customerGets": {"value": value, "items": items},
            "minimumRequirement": least,
        }
        assert [] == told(make, it=it)["discountCodeBasicCreate"]["userErrors"]
    told(
        'mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: {uri: "https://a.example"})'
        " { webhookSubscription { id } } }"
    )
    contract = shop.subscribe_customer(shop.hana, {shop.tea: 1}, plan="毎月")
    bought = {"customer": shop.hana, "currency": "USD", "paid": True, "attributes": {"gift": "yes"}}
    order = shop.order({shop.tea: 3}, code="SHARE", **bought)
    shop.order({shop.tea: 3}, code="AMOUNT", customer=shop.hana)
    shop.order({shop.tea: 1}, plan="毎月", contract=contract, **bought)
    shop.fulfil(order, {0: 1}, number="1", url="https://t.example/1")
    shop.carrier_tells(order, "in_transit")
    shop.deliver_parcel(order)
    shop.refund(order, {0: 1}, amount="1", shipping=True)
    shop.authorize(shop.order({shop.tea: 1}))
    shop.cancel_parcel(order)
    return shop


def ids(shop, gid):
    """The global ids of all things of a shop."""
    for kind, there in (
        *(("Order", shop.orders), ("Customer", shop.customers), ("Product", shop.products)),
        *(("DiscountCodeNode", shop.discounts), ("SubscriptionContract", shop.contracts)),
        ("WebhookSubscription", shop.subscriptions),
    ):
        yield from (gid(kind, number) for number in there)
    yield from (gid("Metafield", each.id) for each in shop.metafields.values())
    for order in shop.orders.values():
        yield from (gid("LineItem", each.id) for each in order.lines)
        yield from (gid("Fulfillment", each.id) for each in order.fulfillments)
        yield from (gid("Refund", each.id) for each in order.refunds)
        yield from (gid("OrderTransaction", each.id) for each in order.transactions)
    yield from (gid("ProductVariant", each.id) for one in shop.products.values() for each in one.variants)
    yield from (gid("Shop", shop.shop_id), gid("AppInstallation", shop.app_id + 1))


def given(value, field):
    """What a field gives, with as many arguments as it needs."""
    if not callable(value):
        return value, ""
    if "first" in field.args:
        return value(first=9), "(first: 9)"
    return value(), ""


def selected(told, kind, depth=0):
    """Everything that is kept of a thing, as it is asked for."""
    unknown = set(told) - set(kind.fields) - NOT_IN_THE_SCHEMA
    # A discount tells of itself as whichever of its kinds it is.
    assert set() == unknown or kind.name.startswith(("DiscountCode", "ManualDiscount")), (kind.name, unknown)
    asked = []
    for name, value in told.items():
        field = kind.fields.get(name)
        if field is None or name == "metafield":
            continue
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            asked.append(name)
            continue
        if depth == DEEPEST:
            continue
        found, arguments = given(value, field)
        inside = within(found, inner, depth + 1)
        if inside:
            asked.append(f"{name}{arguments} {{ {inside} }}")
    return " ".join(asked)


def within(found, kind, depth):
    """What is asked of what a field gives: of the first of a list, of the nodes of a page."""
    if isinstance(found, list):
        found = next((each for each in found if each is not None), None)
    if not isinstance(found, Mapping):
        return ""
    if kind.name.endswith("Connection"):
        inside = within(found["nodes"], get_named_type(kind.fields["nodes"].type), depth)
        return f"nodes {{ {inside} }} edges {{ cursor }} pageInfo {{ hasNextPage }}" if inside else ""
    if is_abstract_type(kind):
        concrete = schema().type_map[found["__typename"]]
        inside = selected(found, concrete, depth)
        return f"__typename ... on {concrete.name} {{ {inside} }}" if inside else "__typename"
    return selected(found, kind, depth)


class TestFields:
    def test_all_that_is_kept_is_told_in_shopifys_types(self, everything, gid, told, monkeypatch):
        """Whatever the fake keeps of anything is a field of Shopify's schema, and has a value of its type."""
        monkeypatch.setattr("aftercare_shopify.fake.graph.cost.LARGEST", 1_000_000)
        kinds = set()
        for it in ids(everything, gid):
            there = node(everything, it)
            kind = schema().type_map[there["__typename"]]
            query = (
                f"query ($id: ID!) {{ node(id: $id) {{ ... on {kind.name} {{ {selected(there, kind)} }} }} }}"
            )
            assert told(query, id=it)["node"]["id"] == it
            kinds.add(kind.name)
        assert 14 == len(kinds)

    def test_roots(self, everything):
        """Every root that the fake answers is one of Shopify's."""
        from aftercare_shopify.fake.graph import mutations
        from aftercare_shopify.fake.graph.executing import Asking
        from aftercare_shopify.fake.graph.queries import root

        assert set(root(everything, Asking(everything))) <= set(schema().query_type.fields)
        assert set(mutations.root(everything)) <= set(schema().mutation_type.fields)

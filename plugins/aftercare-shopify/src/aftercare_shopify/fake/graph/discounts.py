"""Discount codes as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.bodies.parts import gid
from aftercare_shopify.fake.graph import metafields
from aftercare_shopify.fake.graph.connections import connection, field
from aftercare_shopify.fake.graph.parts import Node, count, moment, money
from aftercare_shopify.fake.search import Field
from aftercare_shopify.fake.state.discounts import Discount
from aftercare_shopify.fake.state.money import minor

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records

SORTS: dict[str, Any] = {
    "ID": lambda each: each.id,
    "CREATED_AT": lambda each: each.created,
    "UPDATED_AT": lambda each: each.updated,
    "STARTS_AT": lambda each: each.starts,
    "ENDS_AT": lambda each: each.ends,
    "TITLE": lambda each: each.title.casefold(),
    "RELEVANCE": lambda each: each.id,
}


def searched(shop: Records) -> dict[str, Field]:
    """Return what discounts are searched by."""
    return {
        "id": Field("number", lambda each: each.id),
        "code": Field("text", lambda each: each.code),
        "title": Field("text", lambda each: each.title),
        "status": Field("text", lambda each: each.status(shop.now)),
        "times_used": Field("number", lambda each: len(each.uses)),
        "starts_at": Field("time", lambda each: each.starts),
        "ends_at": Field("time", lambda each: each.ends),
        "created_at": Field("time", lambda each: each.created),
        "updated_at": Field("time", lambda each: each.updated),
    }


def discount_node(shop: Records, discount: Discount) -> Node:
    """Return a discount by code."""
    return {
        "__typename": "DiscountCodeNode",
        "id": gid("DiscountCodeNode", discount.id),
        **metafields.fields(shop, gid("DiscountCodeNode", discount.id)),
        "codeDiscount": lambda **_: _discount(shop, discount),
    }


def _discount(shop: Records, discount: Discount) -> Node:
    # The count of uses lags in a real shop, as long as the shop's `usage_lag`.
    used = sum(each.at + shop.usage_lag <= shop.now for each in discount.uses)
    code = {
        "id": gid("DiscountRedeemCode", discount.code_id),
        "code": discount.code,
        "asyncUsageCount": used,
    }
    return {
        "__typename": "DiscountCodeFreeShipping" if discount.free_shipping else "DiscountCodeBasic",
        "title": discount.title,
        "status": discount.status(shop.now),
        "startsAt": moment(discount.starts),
        "endsAt": moment(discount.ends),
        "createdAt": moment(discount.created),
        "updatedAt": moment(discount.updated),
        "usageLimit": discount.usage_limit,
        "asyncUsageCount": used,
        "appliesOncePerCustomer": discount.once_per_customer,
        "appliesOnOneTimePurchase": discount.on_one_time,
        "appliesOnSubscription": discount.on_subscription,
        "recurringCycleLimit": discount.recurring,
        "hasTimelineComment": False,
        "shareableUrls": [],
        "tags": discount.tags,
        "codes": lambda **told: connection(
            [code], told, lambda each: each, lambda _: (discount.code_id,) * 2
        ),
        "codesCount": count(1),
        "combinesWith": {
            "orderDiscounts": discount.combines.get("orderDiscounts", False),
            "productDiscounts": discount.combines.get("productDiscounts", False),
            "shippingDiscounts": discount.combines.get("shippingDiscounts", False),
        },
        "context": _context(shop, discount),
        "customerSelection": _selection(shop, discount),
        "customerGets": {
            "appliesOnOneTimePurchase": discount.on_one_time,
            "appliesOnSubscription": discount.on_subscription,
            "items": _items(shop, discount),
            "value": _value(shop, discount),
        },
        "destinationSelection": {"__typename": "DiscountCountryAll", "allCountries": True},
        "maximumShippingPrice": _money(shop, discount.maximum_shipping),
        "minimumRequirement": _minimum(shop, discount),
        "discountClass": "SHIPPING" if discount.free_shipping else _class(discount),
        "discountClasses": ["SHIPPING" if discount.free_shipping else _class(discount)],
        "summary": discount.title,
        "shortSummary": discount.title,
        "totalSales": money(0, shop.currency),
    }


def _class(discount: Discount) -> str:
    return "ORDER" if discount.products is None else "PRODUCT"


def _money(shop: Records, amount: Any) -> Node | None:
    return None if amount is None else money(minor(amount, shop.currency), shop.currency)


def _minimum(shop: Records, discount: Discount) -> Node | None:
    if discount.minimum_subtotal is not None:
        return {
            "__typename": "DiscountMinimumSubtotal",
            "greaterThanOrEqualToSubtotal": _money(shop, discount.minimum_subtotal),
        }
    if discount.minimum_quantity is not None:
        return {
            "__typename": "DiscountMinimumQuantity",
            "greaterThanOrEqualToQuantity": str(discount.minimum_quantity),
        }
    return None


def _people(shop: Records, discount: Discount) -> Node:
    from aftercare_shopify.fake.graph.customers import customer_node

    there = [shop.customers[each] for each in discount.customers or () if each in shop.customers]
    return {
        "__typename": "DiscountCustomers",
        "customers": lambda **_: [customer_node(shop, each) for each in there],
    }


def _context(shop: Records, discount: Discount) -> Node:
    if discount.customers is None:
        return {"__typename": "DiscountBuyerSelectionAll", "all": "ALL"}
    return _people(shop, discount)


def _selection(shop: Records, discount: Discount) -> Node:
    if discount.customers is None:
        return {"__typename": "DiscountCustomerAll", "allCustomers": True}
    return _people(shop, discount)


def _items(shop: Records, discount: Discount) -> Node:
    from aftercare_shopify.fake.graph.products import product_node, variant_node

    if discount.products is None:
        return {"__typename": "AllDiscountItems", "allItems": True}
    products = [shop.products[each] for each in discount.products if each in shop.products]
    pairs = [
        (product, each)
        for product in shop.products.values()
        for each in product.variants
        if each.id in discount.variants
    ]
    return {
        "__typename": "DiscountProducts",
        "products": field(products, lambda each: product_node(shop, each)),
        "productVariants": field(
            pairs, lambda pair: variant_node(shop, *pair), lambda pair: (pair[1].id, pair[1].id)
        ),
    }


def _value(shop: Records, discount: Discount) -> Node:
    if discount.percentage is not None:
        return {"__typename": "DiscountPercentage", "percentage": float(discount.percentage)}
    return {
        "__typename": "DiscountAmount",
        "amount": _money(shop, discount.amount),
        "appliesOnEachItem": discount.on_each_item,
    }

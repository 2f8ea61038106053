"""Anything by its global id."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aftercare_shopify.fake.graph.contracts import contract_node, visible
from aftercare_shopify.fake.graph.customers import customer_node
from aftercare_shopify.fake.graph.discounts import discount_node
from aftercare_shopify.fake.graph.lines import line_node
from aftercare_shopify.fake.graph.metafields import metafield_node
from aftercare_shopify.fake.graph.orders import order_node
from aftercare_shopify.fake.graph.parcels import parcel_node
from aftercare_shopify.fake.graph.parts import Node, parsed
from aftercare_shopify.fake.graph.products import product_node, variant_node
from aftercare_shopify.fake.graph.refunds import refund_node
from aftercare_shopify.fake.graph.settings import installation_node, shop_node
from aftercare_shopify.fake.graph.subscriptions import listed, subscription_node
from aftercare_shopify.fake.graph.transactions import transaction_node
from aftercare_shopify.fake.graph.visible import seen_orders

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records


def node(shop: Records, told: str) -> Node | None:
    """Return a thing by its global id; None if it is not there. Raises GraphQLError for what is no id."""
    kind, number = parsed(told)
    if kind in ("LineItem", "Fulfillment", "Refund", "OrderTransaction"):
        return _of_orders(shop, kind, number)
    find = _FOUND.get(kind)
    return None if find is None else find(shop, number)


def _order(shop: Records, number: int) -> Node | None:
    found = shop.orders.get(number)
    return order_node(shop, found) if found is not None and seen_orders(shop, [found]) else None


def _customer(shop: Records, number: int) -> Node | None:
    found = shop.customers.get(number)
    return None if found is None else customer_node(shop, found)


def _product(shop: Records, number: int) -> Node | None:
    found = shop.products.get(number)
    return None if found is None else product_node(shop, found)


def _variant(shop: Records, number: int) -> Node | None:
    pairs = ((product, each) for product in shop.products.values() for each in product.variants)
    return next((variant_node(shop, *pair) for pair in pairs if pair[1].id == number), None)


def _discount(shop: Records, number: int) -> Node | None:
    found = shop.discounts.get(number)
    return None if found is None else discount_node(shop, found)


def _contract(shop: Records, number: int) -> Node | None:
    return next((contract_node(shop, each) for each in visible(shop) if each.id == number), None)


def _subscription(shop: Records, number: int) -> Node | None:
    return next((subscription_node(shop, each) for each in listed(shop) if each.id == number), None)


def _metafield(shop: Records, number: int) -> Node | None:
    kept = shop.metafields.values()
    return next((metafield_node(shop, each) for each in kept if each.id == number), None)


_FOUND: dict[str, Callable[[Records, int], Node | None]] = {
    "AppInstallation": lambda shop, _: installation_node(shop),
    "Customer": _customer,
    "DiscountCodeNode": _discount,
    "Metafield": _metafield,
    "Order": _order,
    "Product": _product,
    "ProductVariant": _variant,
    "Shop": lambda shop, _: shop_node(shop),
    "SubscriptionContract": _contract,
    "WebhookSubscription": _subscription,
}


def _of_orders(shop: Records, kind: str, number: int) -> Node | None:
    for order in seen_orders(shop):
        for line in order.lines if kind == "LineItem" else ():
            if line.id == number:
                return line_node(shop, order, line)
        for parcel in order.fulfillments if kind == "Fulfillment" else ():
            if parcel.id == number:
                return parcel_node(shop, order, parcel)
        for refund in order.refunds if kind == "Refund" else ():
            if refund.id == number:
                return refund_node(shop, order, refund)
        for moved in order.transactions if kind == "OrderTransaction" else ():
            if moved.id == number:
                return transaction_node(shop, order, moved)
    return None

"""What can be asked for: the fields of QueryRoot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from aftercare_shopify.fake import search
from aftercare_shopify.fake.graph import contracts, customers, discounts, orders, products, subscriptions
from aftercare_shopify.fake.graph.connections import connection, placed
from aftercare_shopify.fake.graph.nodes import node
from aftercare_shopify.fake.graph.parts import Node, count, number_of, one_of
from aftercare_shopify.fake.graph.settings import app_node, installation_node, shop_node, versions
from aftercare_shopify.fake.graph.visible import seen_orders

if TYPE_CHECKING:
    from aftercare_shopify.fake.graph.executing import Asking
    from aftercare_shopify.fake.records import Records
    from aftercare_shopify.fake.state.orders import Order


@dataclass(frozen=True, slots=True)
class _Kind:
    """Things that are listed: how they are searched, sorted and told."""

    name: str
    fields: Mapping[str, search.Field]
    sorts: Mapping[str, Callable[[Any], Any]]
    node: Callable[[Any, Any], Node]


def root(shop: Records, asking: Asking) -> dict[str, Any]:
    """Return the fields of QueryRoot for one request."""
    return {**_single(shop), **_lists(shop, asking), **_settings(shop)}


def _single(shop: Records) -> dict[str, Any]:
    def one(kind: str) -> Any:
        return lambda id, **_: node(shop, id) if number_of(id, kind) is not None else None  # noqa: A006 - as GraphQL calls it

    return {
        "order": one("Order"),
        "customer": one("Customer"),
        "product": one("Product"),
        "productVariant": one("ProductVariant"),
        "fulfillment": one("Fulfillment"),
        "refund": one("Refund"),
        "subscriptionContract": one("SubscriptionContract"),
        "webhookSubscription": one("WebhookSubscription"),
        "codeDiscountNode": one("DiscountCodeNode"),
        "node": lambda id, **_: node(shop, id),  # noqa: A006 - as GraphQL calls it
        "nodes": lambda ids, **_: _nodes(shop, ids),
        "customerByIdentifier": lambda identifier, **_: _customer(shop, identifier),
        "codeDiscountNodeByCode": lambda code, **_: _by_code(shop, code),
    }


def _settings(shop: Records) -> dict[str, Any]:
    return {
        "shop": lambda **_: shop_node(shop),
        "currentAppInstallation": lambda **_: installation_node(shop),
        "app": lambda **_: app_node(shop),
        "publicApiVersions": lambda **_: versions(shop),
    }


def _lists(shop: Records, asking: Asking) -> dict[str, Any]:
    people = _Kind("customers", customers.searched(shop), customers.SORTS, customers.customer_node)
    goods = _Kind("products", products.searched(), products.SORTS, products.product_node)
    codes = _Kind("codeDiscountNodes", discounts.searched(shop), discounts.SORTS, discounts.discount_node)
    agreed = _Kind("subscriptionContracts", contracts.SEARCHED, contracts.SORTS, contracts.contract_node)

    def page(kind: _Kind, things: Callable[[], Iterable[Any]]) -> Any:
        return lambda **told: _page(shop, kind, things(), told, asking)

    def counted(kind: _Kind, things: Callable[[], Iterable[Any]]) -> Any:
        return lambda query=None, **_: count(len(_matching(shop, kind, things(), query, asking)))

    return {
        "orders": page(_ORDERS, lambda: seen_orders(shop)),
        "ordersCount": counted(_ORDERS, lambda: seen_orders(shop)),
        "customers": page(people, shop.customers.values),
        "customersCount": counted(people, shop.customers.values),
        "products": page(goods, shop.products.values),
        "productsCount": counted(goods, shop.products.values),
        "subscriptionContracts": page(agreed, lambda: contracts.visible(shop)),
        "codeDiscountNodes": page(codes, shop.discounts.values),
        "webhookSubscriptions": lambda **told: _subscriptions(shop, told),
        "webhookSubscriptionsCount": lambda **_: count(len(subscriptions.listed(shop))),
    }


_ORDERS = _Kind("orders", orders.SEARCHED, orders.SORTS, orders.order_node)


def orders_of(shop: Records, of: Iterable[Order], told: Mapping[str, Any]) -> Node:
    """Return a page of the orders of a customer."""
    return _page(shop, _ORDERS, seen_orders(shop, of), told, None)


def _page(
    shop: Records, kind: _Kind, things: Iterable[Any], told: Mapping[str, Any], asking: Asking | None
) -> Node:
    if told.get("savedSearchId") is not None:
        raise GraphQLError("The fake shop has no saved searches")
    wanted = told.get("sortKey", "ID")
    if wanted not in kind.sorts:
        raise GraphQLError(f"The fake shop does not sort {kind.name} by {wanted}")
    by = kind.sorts[wanted]
    matching = _matching(shop, kind, things, told.get("query"), asking)
    return connection(
        matching, told, lambda each: kind.node(shop, each), lambda each: (placed(by(each)), each.id)
    )


def _matching(
    shop: Records, kind: _Kind, things: Iterable[Any], query: str | None, asking: Asking | None
) -> list[Any]:
    found = search.read(query, kind.fields, shop.now, _texts)
    if asking is not None and found.unknown:
        asking.warn(kind.name, query or "", found.unknown)
    return [each for each in things if found.match(each)]


def _texts(each: Any) -> list[str | None]:
    names = ("name", "email", "phone", "first_name", "last_name", "title", "vendor", "code")
    return [getattr(each, name, None) for name in names]


def _nodes(shop: Records, told: list[str]) -> list[Node | None]:
    if len(told) > 250:  # noqa: PLR2004 - Shopify's limit of every list
        raise GraphQLError(f"The input array size of {len(told)} is greater than the maximum allowed of 250.")
    return [node(shop, each) for each in told]


def _customer(shop: Records, identifier: Mapping[str, Any]) -> Node | None:
    name = one_of(identifier, "CustomerIdentifierInput")
    if name == "id":
        number = number_of(identifier["id"], "Customer")
        found = shop.customers.get(number or 0)
    elif name == "emailAddress":
        found = shop.by_email(identifier["emailAddress"])
    elif name == "phoneNumber":
        wanted = identifier["phoneNumber"]
        found = next((each for each in shop.customers.values() if each.phone == wanted), None)
    else:
        raise GraphQLError("The fake shop does not find customers by a metafield")
    return None if found is None else customers.customer_node(shop, found)


def _by_code(shop: Records, code: str) -> Node | None:
    found = shop.by_code(code)
    return None if found is None else discounts.discount_node(shop, found)


def _subscriptions(shop: Records, told: Mapping[str, Any]) -> Node:
    topics = told.get("topics")
    address = told.get("uri") or told.get("callbackUrl")
    found = [
        each
        for each in subscriptions.listed(shop)
        if (topics is None or subscriptions.enum_of(each.topic) in topics)
        and (address is None or each.uri == address)
    ]
    by = subscriptions.SORTS[told.get("sortKey", "ID")]
    return connection(
        found,
        told,
        lambda each: subscriptions.subscription_node(shop, each),
        lambda each: (placed(by(each)), each.id),
    )

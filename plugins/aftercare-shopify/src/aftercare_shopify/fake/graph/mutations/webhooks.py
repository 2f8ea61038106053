"""Subscribing to webhooks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aftercare_shopify.fake.graph.mutations.errors import UserError
from aftercare_shopify.fake.graph.parts import Node, number_of
from aftercare_shopify.fake.graph.subscriptions import enum_of, listed, subscription_node
from aftercare_shopify.fake.state.webhooks import Subscription

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records

_LONGEST_NAME = 50
_TOPICS = {
    **dict.fromkeys(
        (
            *("orders/create", "orders/updated", "orders/paid", "orders/cancelled", "orders/edited"),
            *("orders/fulfilled", "orders/partially_fulfilled", "orders/delete", "refunds/create"),
            "order_transactions/create",
        ),
        "read_orders",
    ),
    **dict.fromkeys(
        ("fulfillments/create", "fulfillments/update", "fulfillment_events/create"), "read_fulfillments"
    ),
    **dict.fromkeys(
        (
            *("customers/create", "customers/update", "customers/delete"),
            *("customers_email_marketing_consent/update", "customer.tags_added", "customer.tags_removed"),
        ),
        "read_customers",
    ),
    **dict.fromkeys(("products/create", "products/update", "products/delete"), "read_products"),
    **dict.fromkeys(("discounts/create", "discounts/update", "discounts/delete"), "read_discounts"),
    **dict.fromkeys(
        ("subscription_contracts/create", "subscription_contracts/update"), "read_own_subscription_contracts"
    ),
    "app/uninstalled": "",
}
"""The topics that the fake shop sends, with the scope that each needs."""
_PERSONAL = frozenset({"read_orders", "read_fulfillments", "read_customers"})
"""The scopes whose topics tell of people."""
_BY_ENUM = {enum_of(topic): topic for topic in _TOPICS}


def fields(shop: Records) -> dict[str, Callable[..., Node]]:
    """Return the fields of Mutation for webhook subscriptions."""
    return {
        "webhookSubscriptionCreate": lambda topic, webhookSubscription, **_: _tried(  # noqa: N803 - as GraphQL calls it
            shop, lambda: _made(shop, topic, webhookSubscription)
        ),
        "webhookSubscriptionUpdate": lambda id, webhookSubscription, **_: _tried(  # noqa: A006, N803 - as GraphQL calls it
            shop, lambda: _changed(shop, id, webhookSubscription)
        ),
        "webhookSubscriptionDelete": lambda id, **_: _deleted(shop, id),  # noqa: A006 - as GraphQL calls it
    }


def _tried(shop: Records, act: Callable[[], Subscription]) -> Node:
    try:
        found = act()
    except UserError as error:
        return {"webhookSubscription": None, "userErrors": [error.node]}
    return {"webhookSubscription": subscription_node(shop, found), "userErrors": []}


def _made(shop: Records, enum: str, told: Mapping[str, Any]) -> Subscription:
    # A topic that the fake never sends can be subscribed to all the same.
    topic = _BY_ENUM.get(enum) or enum.lower().replace("_", "/", 1)
    scope = _TOPICS.get(topic, "")
    if scope and not shop.access.may(frozenset({scope})):
        raise UserError(
            f"You do not have permission to create or update webhooks with {topic} topic. This topic requires"
            f" one of the following scopes: {scope}",
            "webhookSubscription",
            "topic",
        )
    if shop.access.approved is None and scope in _PERSONAL:
        raise UserError(
            "This app is not approved to subscribe to webhook topics containing protected customer data. See"
            " https://shopify.dev/docs/apps/launch/protected-customer-data for more details.",
            "webhookSubscription",
            "topic",
        )
    uri = told.get("uri") or told.get("callbackUrl")
    if not uri:
        raise UserError("Address can't be blank", "webhookSubscription", "uri")
    _address(shop, uri)
    _named(told)
    _unique(shop, topic, uri, told.get("filter"), None)
    return shop.queue.subscribe(
        topic,
        uri,
        filter=told.get("filter") or None,
        include=list(told.get("includeFields") or ()),
        namespaces=list(told.get("metafieldNamespaces") or ()),
        name=told.get("name"),
        format=told.get("format") or "JSON",
    )


def _changed(shop: Records, told_id: str, told: Mapping[str, Any]) -> Subscription:
    found = _found(shop, told_id)
    uri = told.get("uri") or told.get("callbackUrl") or found.uri
    kept = told.get("filter", found.filter)
    _address(shop, uri)
    _named(told)
    _unique(shop, found.topic, uri, kept, found)
    found.uri, found.filter = uri, kept or None
    if "includeFields" in told:
        found.include = list(told["includeFields"] or ())
    if "metafieldNamespaces" in told:
        found.namespaces = list(told["metafieldNamespaces"] or ())
    if "name" in told:
        found.name = told["name"]
    found.format = told.get("format") or found.format
    found.updated = shop.now
    return found


def _deleted(shop: Records, told: str) -> Node:
    try:
        found = _found(shop, told)
    except UserError as error:
        return {"deletedWebhookSubscriptionId": None, "userErrors": [error.node]}
    del shop.queue.subscriptions[found.id]
    return {"deletedWebhookSubscriptionId": told, "userErrors": []}


def _found(shop: Records, told: str) -> Subscription:
    number = number_of(told, "WebhookSubscription")
    found = next((each for each in listed(shop) if each.id == number), None)
    if found is None:
        raise UserError("Webhook subscription does not exist", "id")
    return found


def _address(shop: Records, uri: str) -> None:
    place = ("webhookSubscription", "uri")
    parts = urlsplit(uri)
    if parts.scheme in ("pubsub", "arn"):
        return
    if parts.scheme == "http" and shop.allow_loopback and parts.hostname in ("127.0.0.1", "localhost"):
        return
    if parts.scheme != "https":
        raise UserError(f"Address protocol {parts.scheme}:// is not supported", *place)
    host = parts.hostname or ""
    if (
        "." not in host
        or host in ("127.0.0.1", "localhost")
        or host.endswith((".myshopify.com", ".shopify.com"))
    ):
        raise UserError("Address is not allowed", *place)


def _named(told: Mapping[str, Any]) -> None:
    name = told.get("name")
    if name and (len(name) > _LONGEST_NAME or not re.fullmatch(r"[A-Za-z0-9_-]+", name)):
        raise UserError(
            "Name must be at most 50 letters, digits, underscores and hyphens", "webhookSubscription", "name"
        )


def _unique(shop: Records, topic: str, uri: str, kept: str | None, but: Subscription | None) -> None:
    for each in listed(shop):
        if each is not but and (each.topic, each.uri, each.filter) == (topic, uri, kept or None):
            raise UserError("Address for this topic has already been taken", "webhookSubscription", "uri")

"""Webhook subscriptions as nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aftercare_shopify.fake.graph.parts import Node, ids, moment
from aftercare_shopify.fake.graph.settings import version
from aftercare_shopify.fake.state.webhooks import Subscription

if TYPE_CHECKING:
    from aftercare_shopify.fake.records import Records

SORTS: dict[str, Any] = {"ID": lambda each: each.id, "CREATED_AT": lambda each: each.created}


def enum_of(topic: str) -> str:
    """Return a topic, such as `orders/create`, as GraphQL calls it."""
    return topic.replace("/", "_").replace(".", "_").upper()


def listed(shop: Records) -> list[Subscription]:
    """Return the subscriptions that the API knows of."""
    return [each for each in shop.queue.subscriptions.values() if not each.configured]


def subscription_node(shop: Records, told: Subscription) -> Node:
    """Return a subscription."""
    return {
        **ids("WebhookSubscription", told.id),
        "topic": enum_of(told.topic),
        "uri": told.uri,
        "callbackUrl": told.uri,
        "endpoint": {"__typename": "WebhookHttpEndpoint", "callbackUrl": told.uri},
        "format": told.format,
        "filter": told.filter,
        "includeFields": told.include,
        "metafieldNamespaces": told.namespaces,
        "metafields": [],
        "name": told.name,
        "apiVersion": version(shop, shop.version),
        "createdAt": moment(told.created),
        "updatedAt": moment(told.updated),
    }

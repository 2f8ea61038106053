"""What can be changed: the fields of Mutation, a module for each kind of thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aftercare_shopify.fake.shop import FakeShopify


def root(shop: FakeShopify) -> dict[str, Any]:
    """Return the fields of Mutation."""
    from aftercare_shopify.fake.graph.mutations import consent, discounts, metafields, tags, webhooks

    return {
        **discounts.fields(shop),
        **metafields.fields(shop),
        **tags.fields(shop),
        **consent.fields(shop),
        **webhooks.fields(shop),
    }

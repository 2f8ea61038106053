"""What a product says in GraphQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_sdk.model.products import ProductSnapshot
from aftercare_shopify.options import Rules
from aftercare_shopify.products import product_snapshot


def product(told: Mapping[str, Any], *, shop: str, rules: Rules) -> ProductSnapshot:
    """Return what a product says."""
    return product_snapshot(
        shop=shop,
        rules=rules,
        id=told["id"],
        updated_at=told["updated_at"],
        title=told["title"],
        handle=told["handle"],
        status=told["status"],
        tags=told["tags"],
        product_type=told["product_type"],
        category=told["category"]["name"] if told["category"] else "",
    )

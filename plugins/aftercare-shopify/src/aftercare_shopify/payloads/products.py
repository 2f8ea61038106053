"""What the body of a product says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_sdk.model.products import ProductSnapshot
from aftercare_shopify import products
from aftercare_shopify.options import Rules
from aftercare_shopify.payloads.bags import identity
from aftercare_shopify.payloads.people import split


def product_snapshot(product: Mapping[str, Any], *, shop: str, rules: Rules) -> ProductSnapshot:
    """Return what a product says."""
    category = product["category"]
    return products.product_snapshot(
        shop=shop,
        rules=rules,
        id=identity(product),
        updated_at=product["updated_at"],
        title=product["title"],
        handle=product["handle"],
        status=product["status"],
        tags=split(product["tags"]),
        product_type=product["product_type"],
        category=category["name"] if category else "",
    )

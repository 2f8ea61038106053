"""What a product or a variation says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_sdk.model.products import ProductSnapshot
from aftercare_woocommerce.versions import UNDATED, dated


def product_snapshot(product: Mapping[str, Any], *, shop: str) -> ProductSnapshot:
    """Return what the product says; attributes are its plain custom meta, such as `supply_days`."""
    # A variation lists no categories and tags: they are those of its product.
    own = product["type"] != "variation"
    ships = product["shipping_required"]
    snapshot = ProductSnapshot(
        shop=shop,
        id=str(product["id"]),
        version=UNDATED,
        parent=str(product["parent_id"]) if product["parent_id"] else None,
        sku=product["sku"] or None,
        title=product["name"] or None,
        url=product["permalink"] or None,
        categories=tuple(term["name"] for term in product["categories"]) if own else None,
        tags=tuple(term["name"] for term in product["tags"]) if own else None,
        # WordPress hides meta whose name begins with an underscore: it belongs to plugins.
        attributes={key: value for key, value in product["meta_data"].items() if not key.startswith("_")},
        needs_shipping=ships if isinstance(ships, bool) else None,
        deleted=product["status"] == "trash",
    )
    return dated(snapshot, product["date_modified_gmt"])
